"""Every setting of a training, by name: the same numbers as `Network.train` with it."""

from copy import deepcopy
from functools import partial

import numpy as np
import pytest
from iris import X, Y, theta
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

from deepstep import Network, estimators
from deepstep.equations import INITIALIZATIONS, OPTIMIZERS
from deepstep.training import Callback, ReduceLROnPlateau

# to the last digits of Network.train, which is float64 by default
NetworkClassifier = partial(estimators.NetworkClassifier, dtype="float64")
NetworkRegressor = partial(estimators.NetworkRegressor, dtype="float64")

ONE_HOT = np.eye(3)[:, Y]

BETA = {"adamw": "beta1", "lion": "beta1"}
SETTINGS = [
    {"weight_decay": 0.3, "dropout": 0.4, "clip_norm": 0.01},
    {"dropout": [0.1, 0.6], "schedule": {"dropout_schedule": {"name": "step", "every": 0.5}}},
    {"lr_multipliers": {"W2": 0.0, "b*": 6.0}, "normalization": "batch"},
    {"schedule": {"name": "one_cycle", "warm_up": 0.2}},
    {"schedule": ReduceLROnPlateau(patience=0, threshold=0.9)},
    {"normalization": ["none", "layer"], "schedule": "cosine"},
    *({"initialization": name} for name in INITIALIZATIONS if name != "glorot"),  # the default
    *(
        {"solver": name, "optimizer_params": {BETA.get(name, "beta"): 0.7} if name != "gd" else {}}
        for name in OPTIMIZERS
        if name != "adam"  # it is scikit-learn's, with ε before the correction
    ),
]


@pytest.mark.parametrize("settings", SETTINGS, ids="-".join)
def test_settings_are_those_of_the_network(settings):
    model = NetworkClassifier(
        (6, 5), solver="adamw", max_iter=4, batch_size=40, alpha=0.2, random_state=3, learning_rate_init=0.01
    )
    plain = clone(model).fit(X, Y)
    model.set_params(**settings).fit(X, Y)
    settings = deepcopy(settings)
    names = {"initialization": "glorot", "normalization": "none", "solver": "adamw", "schedule": None}
    start, kinds, optimizer, schedule = (settings.pop(name, value) for name, value in names.items())
    network = Network([4, 6, 5, 3], output="softmax", initialization=start, seed=3, normalization=kinds)
    by_name = schedule if isinstance(schedule, dict) and "name" not in schedule else {"schedule": schedule}
    own = {"iterations": 4, "batch_size": 40, "l2": 0.2, "learning_rate": 0.01, **settings, **by_name}
    network.train(X.T, ONE_HOT, optimizer=optimizer, **own)
    assert_array_equal(model.network_.parameters.flat, network.parameters.flat)
    assert not np.array_equal(model.network_.parameters.flat, plain.network_.parameters.flat)


def test_a_time_budget_of_nothing_trains_one_epoch_with_its_schedule():
    """The clock moves the schedule no further than the share of the first epoch that is done."""
    rates = []

    class Rates(Callback):
        def on_step_end(self, training, update):
            rates.append(update.learning_rate)

    settings = {"batch_size": 10, "schedule": "linear", "learning_rate_init": 0.1, "callbacks": [Rates()]}
    model = NetworkClassifier((6,), time_budget=1e-9, random_state=0, **settings)
    with pytest.warns(UserWarning, match="time budget of 1e-09 s is too short for one epoch, which took"):
        model.fit(X, Y)
    assert (model.n_iter_, model.t_, model.history_[-1]["step"]) == (1, 150, 15)
    assert "examples" not in model.history_[-1]
    assert model.history_.stopped == "time budget of 1e-09 s used up"
    assert_allclose(rates, 0.1 * (1 - np.arange(15) / 15), rtol=1e-12)


FAST = {"hidden_layer_sizes": (8,), "random_state": 1, "max_iter": 4, "batch_size": 20}
AUTO = {**FAST, "learning_rate_init": "auto"}


@pytest.mark.parametrize(("solver", "batch_size"), [("gd", 150), ("adamw", 20)])
def test_it_is_the_networks_own_search(solver, batch_size):
    """From the same start, in the same batches, with the same updates."""
    settings = {**AUTO, "batch_size": batch_size, "solver": solver, "dtype": "float64", "alpha": 0.5}
    model = NetworkClassifier(activation="tanh", **settings).fit(X, Y)
    net = Network([4, 8, 3], activation="tanh", output="softmax", initialization="glorot", seed=1)
    batches = {"batch_size": batch_size} if batch_size < 150 else {}
    search = net.find_learning_rate(X.T, ONE_HOT, optimizer=solver, l2=0.5, **batches)
    assert model.learning_rate_ == model.rate_search_.suggestion == search.suggestion
    assert_allclose(model.rate_search_.costs, search.costs, rtol=1e-9)


@pytest.mark.parametrize(
    "settings",
    [
        {"solver": "sgd", "learning_rate": "adaptive", "n_iter_no_change": 1},
        {"solver": "lion", "schedule": "cosine", "dropout": 0.1, "initialization": "data"},
        {"early_stopping": True, "refit": True},
    ],
)
def test_the_fit_is_the_one_at_that_rate(settings):
    found = NetworkRegressor(**{**AUTO, **settings}).fit(X, Y)
    assert found.learning_rate_ not in (0.001, "auto")
    given = clone(found).set_params(learning_rate_init=found.learning_rate_).fit(X, Y)
    assert_array_equal(theta(found), theta(given))
    assert given.learning_rate_ == found.learning_rate_
    assert given.rate_search_ is None
    assert_array_equal(theta(clone(found).fit(X, Y)), theta(found))  # the same random_state, the same bits


def test_where_no_rate_lowers_the_cost():
    start = {"W1": np.zeros((8, 4)), "b1": np.zeros((8, 1)), "W2": np.zeros((1, 8)), "b2": np.zeros((1, 1))}
    model = NetworkRegressor(initialization=start, **AUTO)
    with pytest.warns(UserWarning, match=r"found no rate that lowers the cost; 0\.001 is taken") as found:
        model.fit(X, np.zeros(150))
    assert found[0].filename == __file__
    assert model.learning_rate_ == 0.001
    assert model.rate_search_.suggestion is None


# What is refused: parameters, losses of other targets, and targets that are none

KINDS = np.array(["a", 1, "b"] * 50, dtype=object)
TOO_LARGE = np.where(np.arange(150) == 7, 1e300, Y)
P = np.random.default_rng(0).dirichlet([1.0, 1.0, 1.0], 150)

PARAMETERS = [
    ({"hidden_layer_sizes": (5, 0)}, "whole number"),
    ({"resume": True}, "checkpoint_dir must be a folder where resume=True"),
    ({"solver": "adamm"}, "solver must be one of .* Did you mean 'adam'"),
    ({"solver": "sgd", "optimizer_params": {"beta": 0.5}}, "have parameters of their own: momentum"),
    ({"solver": "adamw", "beta_1": 0.8, "epsilon": 1e-6}, "beta_1, epsilon cannot be used with"),
    ({"initialization": Network([4, 6, 3], seed=1).parameters}, "layer sizes"),
    ({"schedule": {"dropout_schedule": "linear"}}, "dropout_schedule must be used with .*, got none"),
    ({"dropout": [0.1, 0.1]}, "dropout must be one number for all hidden layers or a list of 1"),
    ({"engine": "numba"}, r"engine must be one of .*'torch:cuda'"),
    ({"learning_rate_init": "aut"}, "learning_rate_init must be 'auto' or a number above 0, got 'aut'"),
    ({"alpha": -1}, "alpha must be a number of at least 0, got -1"),
    ({"momentum": 1.5}, "momentum must be a number of at least 0 and of at most 1, got 1.5"),
    ({"checkpoint_dir": 3}, "checkpoint_dir must be a text, a Path, a ModelCheckpoint or None, got 3"),
    ({"activation": np.tanh}, "Register it by deepstep.equations.register_activation, and pass its name"),
    ({"loss": "huber"}, "loss must be one of 'cross_entropy', 'ordinal', got"),
    ({"loss_params": {"smooth": 0.1}}, "Did you mean 'smoothing'"),
    *(
        ({"solver": "lbfgs", **setting}, "cannot be used with solver='lbfgs'")
        for setting in (
            {"dropout": 0.1, "weight_decay": 0.1, "clip_norm": 1.0, "lr_multipliers": {"b*": 0.1}},
            {"dtype": "bfloat16"},
            {"checkpoint_dir": "kept"},
            {"schedule": "cosine"},
            {"time_budget": 1.0},
            {"normalization": "batch"},
            {"learning_rate_init": "auto"},
        )
    ),
]
OF_CLASSES = [
    ({}, KINDS, "y has labels of several kinds"),
    ({"loss": "ordinal", "classes": [0, 1]}, np.zeros(150), "y has one class, "),
    ({"loss": "ordinal"}, np.eye(3)[Y], "'ordinal' cannot learn 3 columns"),
    ({"soft_targets": True}, Y, r"with soft_targets=True, got shape \(150,\). For l"),
    ({"soft_targets": True}, 2 * P, "with a sum of 1 in every row, got .* in row 1"),
    ({"soft_targets": True}, P.astype(str), "got values such as"),
    ({"soft_targets": True, "classes": ["a", "b"]}, P, "classes must be 3 different labels"),
    ({"soft_targets": True, "loss": "ordinal"}, P, "loss must be another with soft_targets=True"),
]
LEVELS = {"loss": "quantile", "quantiles": 0.1, "loss_params": {"levels": [0.2]}}
OF_NUMBERS = [
    ({"loss": "hubber"}, Y, r"^loss must be one of 'squared_error', .* Did you"),
    ({"loss": "quantile"}, np.c_[Y, Y], "loss='quantile' learns one target, but y has 2 columns"),
    ({"quantiles": 0.5}, Y, "quantiles must be None for loss='squared_error', got"),
    ({"loss": "quantile", "quantiles": [0.9, 0.1]}, Y, "numbers between 0 and 1"),
    ({"loss": "poisson"}, Y - 1.6, r"y must hold counts of at least 0 .*, got values from -1\.6"),
    ({"scale_targets": True}, Y * 1e160, "too large to be standardized"),
    (LEVELS, Y, "are the same setting, and both are set"),
    ({"dtype": "float32"}, TOO_LARGE, r"Row 8 of y is 1e\+300, .* Scale y, or train in dtype='float64'"),
    ({"dtype": "float32", "solver": "lbfgs"}, np.c_[Y, TOO_LARGE], r"Row 8 of y is 1e\+300, .* Scale y"),
]
CASES = [
    *((NetworkClassifier, settings, Y, message) for settings, message in PARAMETERS),
    *((NetworkClassifier, *case) for case in OF_CLASSES),
    *((NetworkRegressor, *case) for case in OF_NUMBERS),
]


@pytest.mark.parametrize(("Estimator", "settings", "y", "message"), CASES, ids=range(len(CASES)))
def test_what_is_refused(Estimator, settings, y, message):
    model = Estimator(**settings)
    with pytest.raises(ValueError, match=message):
        model.fit(X, y)
    assert not hasattr(model, "network_")
