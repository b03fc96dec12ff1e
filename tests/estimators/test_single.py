"""``preset="single"``: one network on a prepared table."""

import numpy as np
import pytest
from sklearn.datasets import load_diabetes

from deepstep.errors import ConfigurationError
from deepstep.estimators import DeepRegressor

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
