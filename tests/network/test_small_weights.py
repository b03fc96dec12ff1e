"""Weights of examples that a precision cannot hold, and those beside which others vanish."""

import numpy as np
import pytest

from deepstep import Network, NetworkClassifier, NetworkRegressor
from deepstep.errors import DataError
from deepstep.network.border import weights_in

X, Y = np.array([[0.0, 1.0, 2.0, 3.0]]), np.array([[0, 1, 1, 0]])
ONES = np.ones(4)


@pytest.mark.parametrize(("dtype", "least"), [("float32", 2.0**-126), ("float64", 2.0**-1022)])
def test_the_smallest_that_has_all_digits(dtype, least):
    weight = weights_in(dtype, least * np.array([1.0, 0.5]))
    assert weight.dtype == dtype
    assert weight[0] == least
    with pytest.raises(DataError, match=f"^sample_weight must hold .*, below which {dtype} loses digits"):
        weights_in(dtype, 0.5 * least * ONES)


def test_none_and_too_large():
    with pytest.raises(DataError, match=r"^All sample weights are 0"):
        weights_in("float32", 0 * ONES)
    with pytest.raises(DataError, match=r"weights of at most 3\.4e\+38, .*, got 1e\+300 as the largest"):
        weights_in("float32", np.array([1.0, 1e300]))


def fits(dtype):
    yield lambda weight: Network([1, 2, 1], seed=1, dtype=dtype).train(X, Y, sample_weight=weight)
    yield lambda weight: Network([1, 2, 1], seed=1, dtype=dtype).train(
        X, Y, validation=(X, Y, weight), iterations=1
    )
    for settings in ({}, {"class_weight": "balanced"}, {"solver": "lbfgs"}):
        model = NetworkClassifier(2, dtype=dtype, max_iter=1, **settings)
        yield lambda weight, model=model: model.fit(X.T, Y[0], weight)
    for Estimator in (NetworkClassifier, NetworkRegressor):
        model = Estimator(2, dtype=dtype, max_iter=1)
        yield lambda weight, model=model: model.fit(
            X.T, Y[0], X_val=X.T, y_val=Y[0], sample_weight_val=weight
        )


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_training_that_cannot_hold_them_says_so(dtype):
    for fit in fits(dtype):
        with pytest.raises(DataError, match=r"below which .* loses digits, .* so that their mean is 1"):
            fit(1e-310 * ONES)
