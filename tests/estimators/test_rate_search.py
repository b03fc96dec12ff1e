"""`learning_rate_init="auto"`: the rate finder on what is learned from, before the fit."""

from functools import partial

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.preprocessing import StandardScaler

from deepstep import Network, estimators
from deepstep.errors import ConfigurationError
from deepstep.preparation import one_hot

DeepClassifier = partial(estimators.DeepClassifier, preset="mlp")
DeepRegressor = partial(estimators.DeepRegressor, preset="mlp")

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, Y = load_iris(return_X_y=True)
X = StandardScaler().fit_transform(X)
FAST = {"hidden_layer_sizes": (8,), "random_state": 1, "max_iter": 4, "batch_size": 20}
AUTO = {**FAST, "learning_rate_init": "auto"}


def theta(estimator):
    return estimator.network_.parameters.flat


@pytest.mark.parametrize(("solver", "batch_size"), [("gd", 150), ("adamw", 20)])
def test_it_is_the_networks_own_search(solver, batch_size):
    """From the same start, in the same batches, with the same updates."""
    settings = {**AUTO, "batch_size": batch_size, "solver": solver, "dtype": "float64", "alpha": 0.5}
    model = DeepClassifier(activation="tanh", **settings).fit(X, Y)
    net = Network([4, 8, 3], activation="tanh", output="softmax", initialization="glorot", seed=1)
    batches = {"batch_size": batch_size} if batch_size < 150 else {}
    search = net.find_learning_rate(X.T, one_hot(Y, 3), optimizer=solver, l2=0.5, **batches)
    assert model.learning_rate_ == model.rate_search_.suggestion == search.suggestion
    np.testing.assert_allclose(model.rate_search_.costs, search.costs, rtol=1e-9)


@pytest.mark.parametrize(
    "settings",
    [
        {"solver": "sgd", "learning_rate": "adaptive", "n_iter_no_change": 1},
        {"solver": "sgd", "learning_rate": "invscaling"},
        {"solver": "lion", "schedule": "cosine", "dropout": 0.1, "initialization": "data"},
        {"early_stopping": True, "refit": True},
    ],
)
def test_the_fit_is_the_one_at_that_rate(settings):
    found = DeepRegressor(**{**AUTO, **settings}).fit(X, Y)
    assert found.learning_rate_ not in (0.001, "auto")
    given = clone(found).set_params(learning_rate_init=found.learning_rate_).fit(X, Y)
    assert_array_equal(theta(found), theta(given))
    assert given.learning_rate_ == found.learning_rate_
    assert given.rate_search_ is None
    assert_array_equal(theta(clone(found).fit(X, Y)), theta(found))  # the same random_state, the same bits


def test_weights_count_in_it():
    weight = np.where(Y == 2, 0.0, 1.0)
    weighed = DeepClassifier(**{**AUTO, "batch_size": 150}).fit(X, Y, weight)
    by_class = DeepClassifier(class_weight={2: 0.0}, **{**AUTO, "batch_size": 150}).fit(X, Y)
    changed = X + np.where(Y == 2, 5.0, 0.0)[:, np.newaxis]
    again = DeepClassifier(**{**AUTO, "batch_size": 150}).fit(changed, Y, weight)
    for other in (by_class, again):
        np.testing.assert_allclose(other.rate_search_.costs, weighed.rate_search_.costs, rtol=1e-4)


def test_partial_fit_searches_once():
    model = DeepClassifier(**AUTO).partial_fit(X[::2], Y[::2], classes=[0, 1, 2])
    search, rate = model.rate_search_, model.learning_rate_
    model.partial_fit(X[1::2], Y[1::2])
    assert (model.rate_search_, model.learning_rate_) == (search, rate)
    assert model.history_.column("learning_rate").tolist() == [rate, rate]
    given = DeepClassifier(**FAST).partial_fit(X, Y, classes=[0, 1, 2])
    assert given.set_params(learning_rate_init="auto").partial_fit(X, Y).rate_search_ is not None


def test_a_warm_start_keeps_what_was_found():
    model = DeepClassifier(warm_start=True, **AUTO).fit(X, Y)
    search, rate = model.rate_search_, model.learning_rate_
    model.fit(X[::2], Y[::2])
    assert (model.rate_search_, model.learning_rate_) == (search, rate)
    assert set(model.history_.column("learning_rate")) == {rate}
    anew = model.set_params(warm_start=False).fit(X[::2], Y[::2])
    assert not np.array_equal(anew.rate_search_.costs, search.costs)


def test_where_no_rate_lowers_the_cost():
    start = {"W1": np.zeros((8, 4)), "b1": np.zeros((8, 1)), "W2": np.zeros((1, 8)), "b2": np.zeros((1, 1))}
    model = DeepRegressor(initialization=start, **AUTO)
    with pytest.warns(UserWarning, match=r"found no rate that lowers the cost; 0\.001 is taken") as found:
        model.fit(X, np.zeros(150))
    assert found[0].filename == __file__
    assert model.learning_rate_ == 0.001
    assert model.rate_search_.suggestion is None


def test_what_does_not_fit():
    with pytest.raises(ConfigurationError, match=r"solver='lbfgs', .*; got learning_rate_init='auto'\. Use"):
        DeepClassifier(solver="lbfgs", learning_rate_init="auto").fit(X, Y)
    with pytest.raises(ValueError, match="'learning_rate_init' parameter of DeepClassifier must be"):
        DeepClassifier(learning_rate_init="aut").fit(X, Y)
    model = DeepClassifier(**AUTO).fit(X, Y).set_params(solver="lbfgs", learning_rate_init=0.1).fit(X, Y)
    assert not hasattr(model, "learning_rate_")
