"""Initial parameters from data: variance 1 in every layer, a bend among the examples, and odd data."""

import numpy as np
import pytest

from deepstep.equations import ACTIVATIONS, initialize_from_data, linear_activation_forward
from deepstep.errors import DataError, ShapeError

SIZES = [6, 30, 20, 3]
NAMES = ["selu", "mish", "identity"]


def data(m=200):
    """Columns of very different location and scale."""
    rng = np.random.default_rng(1)
    scales = np.array([[1e-4], [0.1], [1.0], [10.0], [1e3], [1e6]])
    return scales * (rng.standard_normal((6, m)) + rng.standard_normal((6, 1)))


def initialized(X, sizes=SIZES, activations=NAMES):
    return initialize_from_data(X, sizes, activations=activations, rng=np.random.default_rng(2))


@pytest.mark.parametrize("m", [2, 3, 200])
@pytest.mark.parametrize("hidden", sorted(ACTIVATIONS))
def test_each_pre_activation_has_variance_one_and_its_zero_among_the_examples(hidden, m):
    A = X = data(m)
    parameters = initialized(X, activations=[hidden, hidden, "identity"])
    for layer, activation in enumerate([hidden, hidden, "identity"], start=1):
        W, b = parameters[f"W{layer}"], parameters[f"b{layer}"]
        before = W @ A
        if (A.std(axis=1) > 1e-6 * np.abs(A).max()).any():  # else saturated: there is nothing to scale
            np.testing.assert_allclose(before.std(axis=1), 1, rtol=1e-6)
        rounding = 1e-9 * np.abs(before).max(axis=1)
        assert (-b[:, 0] >= before.min(axis=1) - rounding).all()
        assert (-b[:, 0] <= before.max(axis=1) + rounding).all()
        A, _ = linear_activation_forward(A, W, b, activation)


def test_the_bias_is_minus_a_mean_over_five_examples():
    """Of k shares of Dirichlet(1), the mean's variance is Σ E[p²] = 2/(k + 1) of one example's: 1/3 for 5."""
    b = initialized(np.random.default_rng(3).standard_normal((1, 1000)), [1, 4000], ["identity"])["b1"]
    assert abs(b.mean()) < 5 * np.sqrt(1 / 3 / 4000)
    assert b.var() == pytest.approx(1 / 3, rel=0.12)


@pytest.mark.parametrize(
    "X",
    [
        np.zeros((6, 5)),
        np.full((6, 5), -1e300),
        np.full((6, 5), 1e-310),
        data(1),
        1e300 * data(4) / 1e7,
        1e-300 * data(4),
        np.vstack([np.full((5, 9), 1e12), np.arange(9.0)]),
        np.vstack([1.7e308 * np.ones((1, 2)), -1.7e308 * np.ones((4, 2)), [[0.0, 1.0]]]),
        np.eye(6, 5) > 0,
        np.arange(30).reshape(6, 5),
    ],
)
@pytest.mark.parametrize("hidden", ["relu", "exponential", "softmax"])
def test_odd_data_give_finite_parameters(X, hidden):
    parameters = initialized(X, [6, 4, 3, 1], [hidden, hidden, "identity"])
    assert np.isfinite(parameters.flat).all()
    assert parameters.dtype == np.float64
    assert all(parameters[f"W{layer}"].any() for layer in (1, 2, 3))


@pytest.mark.parametrize("factor", [1e-20, 1e200])
def test_the_unit_of_the_data_does_not_matter(factor):
    X = data()
    one, other = initialized(X), initialized(X * factor)
    np.testing.assert_allclose(other["W1"] * factor, one["W1"], rtol=1e-8)
    for name in ("b1", "W2", "b2", "W3", "b3"):
        np.testing.assert_allclose(other[name], one[name], rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(
    ("X", "error", "message"),
    [
        (np.ones((5, 6)), ShapeError, r"X must have 6 rows, .* got shape \(5, 6\). Columns are examples"),
        (np.ones((6, 0)), DataError, r"X must have at least one example, got shape \(6, 0\)"),
        (np.full((6, 2), -np.inf), DataError, "X must hold finite numbers, got NaN or infinity"),
        (np.full((6, 2), "a"), DataError, "got dtype <U1"),
    ],
)
def test_data_that_cannot_be_used_are_refused(X, error, message):
    with pytest.raises(error, match=message):
        initialized(X)
