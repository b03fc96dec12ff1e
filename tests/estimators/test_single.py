"""``preset="single"``: one network on a prepared table."""

import numpy as np
import pytest
from sklearn.datasets import load_diabetes

from deepstep.errors import ConfigurationError, DataError
from deepstep.estimators import DeepClassifier, DeepRegressor

X, Y = load_diabetes(return_X_y=True, as_frame=True)
X["sex"] = np.where(X["sex"] > 0, "a", "b")
X.loc[::9, "bmi"] = np.nan


def test_its_fitted_attributes_are_those_of_the_only_member():
    model = DeepRegressor(8, preset="single", max_iter=3, random_state=1).fit(X, Y)
    (member,) = model.ensemble_.members
    assert model.network_ is member.network
    n_inputs = X.shape[1] + 1  # one tells where bmi is missing
    assert [coef.shape for coef in model.coefs_] == [(n_inputs, 8), (8, 1)]
    assert (model.n_iter_, model.network_.dtype) == (3, np.float64)
    assert model.predict(X).std() > 0


def test_early_stopping_goes_by_rows_that_the_preprocessing_has_not_seen():
    given = {"preset": "single", "early_stopping": True, "max_iter": 30, "random_state": 1}
    model = DeepRegressor(**given, n_iter_no_change=np.inf, refit=True).fit(X, Y)
    fold = model.ensemble_.preprocessors[0].fold
    assert len(fold.held_out) == len(Y) // 10
    assert len(model.validation_scores_) >= model.n_iter_ == np.argmax(model.validation_scores_) + 1


def test_it_does_not_go_on():
    with pytest.raises(ConfigurationError, match="warm_start=False with preset='single'"):
        DeepRegressor(preset="single", warm_start=True).fit(X, Y)
    with pytest.raises(AttributeError, match="preset='mlp' alone has it"):
        _ = DeepRegressor(preset="single").partial_fit


def test_classes_have_the_order_that_is_given_and_may_be_missing_in_y():
    y = np.where(Y > 200, "high", np.where(Y > 100, "middle", "low"))
    order = ["low", "middle", "high", "huge"]
    given = {"preset": "single", "max_iter": 20, "random_state": 1, "classes": order}
    model = DeepClassifier(loss="ordinal", **given).fit(X, y)
    assert model.classes_.tolist() == order
    assert model.predict_proba(X).shape == (len(Y), 4)
    assert model.score(X, y) > 0.5
    with pytest.raises(DataError, match="got the classes"):
        DeepClassifier(**{**given, "classes": order[:2]}).fit(X, y)
    with pytest.raises(ConfigurationError, match="classes with at least two different labels"):
        DeepClassifier(**{**given, "classes": ["low", "low"]}).fit(X, y)


def test_columns_that_look_like_row_numbers_are_features_where_they_are_kept():
    numbered = X.assign(row=np.arange(len(Y)))
    plain, kept = (
        DeepRegressor(8, preset="single", max_iter=1, keep_columns=names).fit(numbered, Y)
        for names in (None, ["row"])
    )
    assert kept.network_.architecture.n_inputs == plain.network_.architecture.n_inputs + 1


def test_early_stopping_counts_epochs_and_scores_texts():
    y = np.where(Y > 140, "ill", "well")
    stops = {"early_stopping": True, "n_iter_no_change": 3, "max_iter": 200, "learning_rate_init": 0.05}
    model = DeepClassifier(8, preset="single", random_state=1, scoring="f1", **stops).fit(X, y)
    assert model.n_iter_ == int(np.argmax(model.validation_scores_)) + 4
    assert not model.interrupted_
    by_cost = model.set_params(scoring="loss").fit(X, y)
    assert by_cost.history_.stopped == "validation_cost did not improve for 3 epochs in a row"
    assert by_cost.validation_scores_ == [-cost for cost in by_cost.validation_costs_]
