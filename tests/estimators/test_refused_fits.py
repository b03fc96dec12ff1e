"""What `fit` of one network refuses: parameters, losses of other targets, and targets that are none."""

import numpy as np
import pytest
from sklearn.datasets import load_iris

from deepstep import Network, NetworkClassifier, NetworkRegressor

X, Y = load_iris(return_X_y=True)
TWO_LAYERS, KINDS = {"hidden_layer_sizes": (5, 4)}, np.array(["a", 1, "b"] * 50, dtype=object)
TOO_LARGE = np.where(np.arange(150) == 7, 1e300, Y)
P = np.random.default_rng(0).dirichlet([1.0, 1.0, 1.0], 150)

PARAMETERS = [
    ({"hidden_layer_sizes": (5, 0)}, "whole number"),
    ({**TWO_LAYERS, "activation": ["tanh", "rellu"]}, "Did you mean 'relu'"),
    ({"solver": "adamm"}, "solver must be one of .* Did you mean 'adam'"),
    ({"solver": "sgd", "optimizer_params": {"beta": 0.5}}, "have parameters of their own: momentum"),
    ({"solver": "adamw", "optimizer_params": {"betta1": 0.5}}, "Did you mean 'beta1'"),
    ({"solver": "adamw", "beta_1": 0.8, "epsilon": 1e-6}, "beta_1, epsilon cannot be used with"),
    ({"normalization": "bach"}, "Did you mean 'batch'"),
    ({"initialization": Network([4, 6, 3], seed=1).parameters}, "layer sizes"),
    ({"schedule": "cosin"}, "^schedule must .* Did you mean 'cosine'"),
    ({"schedule": {"dropout_schedule": "linear"}}, "dropout_schedule must be used with .*, got none"),
    ({"dropout": [0.1, 0.1]}, "dropout must be one number for all hidden layers or a list of 1"),
    ({"dropout": np.array(["a"])}, "dropout must be a finite number of at least 0 and below 1"),
    ({"lr_multipliers": {"W7": 2.0}}, "lr_multipliers must have names among"),
    ({"callbacks": [3]}, "callbacks must be a list of Callback objects"),
    ({"engine": "numba"}, r"engine must be one of .*'torch:cuda'"),
    ({"learning_rate_init": "aut"}, "'learning_rate_init' parameter of NetworkClassifier must be"),
    ({"loss": "huber"}, "loss must be one of 'cross_entropy', 'ordinal', got"),
    ({"loss_params": {"smooth": 0.1}}, "Did you mean 'smoothing'"),
    *(
        ({"solver": "lbfgs", **setting}, "cannot be used with solver='lbfgs'")
        for setting in (
            {"dropout": 0.1, "weight_decay": 0.1, "clip_norm": 1.0, "lr_multipliers": {"b*": 0.1}},
            {"dtype": "bfloat16"},
            {"schedule": "cosine"},
            {"time_budget": 1.0},
            {"normalization": "batch"},
            {"learning_rate_init": "auto"},
        )
    ),
]
OF_CLASSES = [
    ({}, KINDS, "y has labels of several kinds"),
    ({}, np.c_[Y, Y], "Column 1 of the 2 columns of y has 3 classes"),
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
