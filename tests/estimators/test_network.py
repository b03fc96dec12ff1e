"""NetworkClassifier and NetworkRegressor beyond scikit-learn: scaled targets, tables, orders of classes."""

import numpy as np
import pandas as pd
import pytest
import sklearn
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_diabetes, load_iris
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from deepstep import NetworkClassifier, NetworkRegressor, TableEncoder
from deepstep.errors import ConfigurationError, DataError

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, Y = load_diabetes(return_X_y=True)
FAST = {"hidden_layer_sizes": 8, "max_iter": 5, "random_state": 1, "learning_rate_init": 0.01}
IRIS, KINDS = load_iris(return_X_y=True)


def test_scaled_targets_are_those_of_a_standard_scaler():
    model = NetworkRegressor(scale_targets=True, **FAST).fit(X, Y)
    by_hand = TransformedTargetRegressor(NetworkRegressor(**FAST), transformer=StandardScaler()).fit(X, Y)
    assert_allclose(model.predict(X), by_hand.predict(X), rtol=1e-9)
    assert_allclose(model.loss_curve_, by_hand.regressor_.loss_curve_, rtol=1e-9)
    assert model.score(X, Y) == pytest.approx(by_hand.score(X, Y))


@pytest.mark.parametrize("settings", [{}, {"loss": "huber", "loss_params": {"delta": 30.0}}])
def test_the_scale_is_of_the_rows_that_are_learned_from(settings):
    """What early stopping holds out has no say; its scores are in the units of the target."""
    val = np.arange(len(Y)) % 3 == 0
    far = np.where(val, Y + 1e4, Y)
    model = NetworkRegressor(scale_targets=True, **FAST, **settings)
    plain = model.fit(X[~val], Y[~val]).predict(X)
    model.fit(X[~val], far[~val], X_val=X[val], y_val=far[val])
    assert_array_equal(model.predict(X), plain)
    assert model.validation_scores_[-1] == pytest.approx(model.score(X[val], far[val]))


@pytest.mark.parametrize("loss", ["poisson", "quantile", "absolute_error"])
def test_scaled_targets_of_other_losses(loss):
    model = NetworkRegressor(loss=loss, scale_targets=True, **{**FAST, "max_iter": 100}).fit(X, Y)
    assert 0.5 < np.median(model.predict(X)) / np.median(Y) < 1.5
    assert model.network_.cost(X[:3].T, np.zeros((model.n_outputs_, 3))) < 10
    if loss == "poisson":
        assert (model.predict(X) > 0).all()


def test_a_fit_that_goes_on_keeps_its_scale():
    model = NetworkRegressor(scale_targets=True, **FAST).partial_fit(X, Y)
    before = model._scaling
    model.partial_fit(X[:9], Y[:9] + 1e3)
    assert model._scaling is before
    assert model.set_params(scale_targets=False).fit(X, Y)._scaling is None


def tables():
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"age": rng.normal(size=120), "town": rng.choice(["Rome", "Oslo"], 120)})
    table.loc[::9, "age"] = np.nan
    return table, np.where(table["town"] == "Rome", "south", "north")


def test_a_table_goes_through_the_encoder_and_so_do_validation_data():
    table, y = tables()
    network = NetworkClassifier(8, max_iter=40, early_stopping=True, scoring="loss", random_state=1)
    with sklearn.config_context(enable_metadata_routing=True):
        network.set_fit_request(X_val=True, y_val=True)
        steps = [("encoder", TableEncoder()), ("network", network)]
        model = Pipeline(steps, transform_input=["X_val"])
        model.fit(table[:80], y[:80], X_val=table[80:], y_val=y[80:])
    encoder = TableEncoder().fit(table[:80])
    by_hand = NetworkClassifier(8, max_iter=40, early_stopping=True, scoring="loss", random_state=1).fit(
        encoder.transform(table[:80]), y[:80], X_val=encoder.transform(table[80:]), y_val=y[80:]
    )
    assert model[-1].validation_costs_ == by_hand.validation_costs_
    assert_array_equal(model.predict_proba(table), by_hand.predict_proba(encoder.transform(table)))


def test_classes_have_the_order_that_is_given_and_may_be_missing_in_y():
    y = np.where(Y > 200, "high", np.where(Y > 100, "middle", "low"))
    order = ["low", "middle", "high", "huge"]
    settings = {"classes": order, "max_iter": 200, "random_state": 1, "learning_rate_init": 0.01}
    model = NetworkClassifier(8, loss="ordinal", **settings).fit(StandardScaler().fit_transform(X), y)
    assert model.classes_.tolist() == order
    assert model.predict_proba(X).shape == (len(Y), 4)
    with pytest.raises(DataError, match="got the classes"):
        NetworkClassifier(classes=order[:2]).fit(X, y)
    with pytest.raises(ConfigurationError, match="classes with at least two different labels"):
        NetworkClassifier(classes=["low", "low"]).fit(X, y)


def test_attributes_are_there_after_the_fit_alone():
    model = NetworkClassifier(**FAST)
    names = ["coefs_", "loss_", "n_iter_", "t_", "history_", "classes_", "engine_", "learning_rate_"]
    assert not any(hasattr(model, name) for name in names)
    assert not model.interrupted_
    model.fit(IRIS, KINDS)
    assert all(hasattr(model, name) for name in names)
    assert model.loss_ == model.loss_curve_[-1] == model.history_[-1]["cost"]
    assert model.history_ is model.network_.history
