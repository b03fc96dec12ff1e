"""Initial parameters from data: variance 1 in every layer, a bend among the examples, and odd data."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from deepstep.equations import ACTIVATIONS, initialize_from_data, linear_activation_forward
from deepstep.errors import ConfigurationError, DataError, ShapeError

SIZES = [6, 30, 20, 3]
NAMES = ["selu", "mish", "identity"]


def data(m: int = 200, seed: int = 1) -> Any:
    """Columns of very different location and scale."""
    rng = np.random.default_rng(seed)
    scales = np.array([[1e-4], [0.1], [1.0], [10.0], [1e3], [1e6]])
    return scales * (rng.standard_normal((6, m)) + rng.standard_normal((6, 1)))


def initialized(X: Any, sizes: Any = SIZES, activations: Any = NAMES, seed: int = 2) -> Any:
    return initialize_from_data(X, sizes, activations=activations, rng=np.random.default_rng(seed))


@pytest.mark.parametrize("m", [2, 3, 200])
@pytest.mark.parametrize("hidden", sorted(ACTIVATIONS))
def test_each_pre_activation_has_variance_one_and_its_zero_among_the_examples(hidden: str, m: int) -> None:
    X = data(m)
    parameters = initialized(X, activations=[hidden, hidden, "identity"])
    A = X
    for layer, activation in enumerate([hidden, hidden, "identity"], start=1):
        W, b = parameters[f"W{layer}"], parameters[f"b{layer}"]
        before = W @ A
        spread = before.std(axis=1)
        if (A.std(axis=1) > 1e-6 * np.abs(A).max()).any():  # else saturated: there is nothing to scale
            np.testing.assert_allclose(spread, 1, rtol=1e-6)
        rounding = 1e-9 * np.abs(before).max(axis=1)
        assert (-b[:, 0] >= before.min(axis=1) - rounding).all()
        assert (-b[:, 0] <= before.max(axis=1) + rounding).all()
        A, _ = linear_activation_forward(A, W, b, activation)


def test_the_bias_is_minus_a_mean_over_five_examples() -> None:
    """Of k shares of Dirichlet(1), the mean's variance is Σ E[p²] = 2/(k + 1) of one example's: 1/3 for 5."""
    b = initialized(np.random.default_rng(3).standard_normal((1, 1000)), [1, 4000], ["identity"])["b1"]
    assert abs(b.mean()) < 5 * np.sqrt(1 / 3 / 4000)
    assert b.var() == pytest.approx(1 / 3, rel=0.12)


def test_directions_of_the_weights_are_those_of_standard_normals() -> None:
    X = np.random.default_rng(3).standard_normal((3, 500))
    W = initialized(X, [3, 5000], ["identity"])["W1"]
    directions = W / np.linalg.norm(W, axis=1, keepdims=True)
    np.testing.assert_allclose(directions.T @ directions / 5000, np.eye(3) / 3, atol=0.02)
    assert np.abs(directions.mean(axis=0)).max() < 0.05


@pytest.mark.parametrize(
    "X",
    [
        np.zeros((6, 5)),
        np.full((6, 5), 3.7),
        np.full((6, 5), -1e300),
        np.full((6, 5), 1e-310),
        data(1),
        1e300 * data(4) / 1e7,
        1e-300 * data(4),
        np.vstack([np.zeros((5, 9)), np.arange(9.0)]),
        np.vstack([np.full((5, 9), 1e12), np.arange(9.0)]),
        np.vstack([1.7e308 * np.ones((1, 2)), -1.7e308 * np.ones((4, 2)), [[0.0, 1.0]]]),
        np.eye(6, 5) > 0,
        np.arange(30).reshape(6, 5),
    ],
)
@pytest.mark.parametrize("hidden", ["relu", "selu", "tanh", "exponential", "softmax", "ordinal"])
def test_odd_data_give_finite_parameters(X: Any, hidden: str) -> None:
    parameters = initialized(X, [6, 4, 3, 1], [hidden, hidden, "identity"])
    assert np.isfinite(parameters.flat).all()
    assert parameters.dtype == np.float64
    assert all(parameters[f"W{layer}"].any() for layer in (1, 2, 3))


@pytest.mark.parametrize("value", [0.1, 3.7, -1e300])
def test_rounding_of_constant_inputs_is_not_taken_for_variance(value: float) -> None:
    X = np.full((6, 7), value) * (1 + 1e-15 * np.arange(7))
    parameters = initialized(X)
    assert np.abs(parameters["W1"] @ X).max() < 10
    assert np.abs(parameters["b1"]).max() < 10


def test_a_column_of_zeros_among_others_changes_nothing_of_the_scale() -> None:
    X = data()
    X[2] = 0
    np.testing.assert_allclose((initialized(X)["W1"] @ X).std(axis=1), 1, rtol=1e-9)


@pytest.mark.parametrize("factor", [1e-20, 1e200])
def test_the_unit_of_the_data_does_not_matter(factor: float) -> None:
    X = data()
    one, other = initialized(X), initialized(X * factor)
    np.testing.assert_allclose(other["W1"] * factor, one["W1"], rtol=1e-8)
    for name in ("b1", "W2", "b2", "W3", "b3"):
        np.testing.assert_allclose(other[name], one[name], rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("generator", [np.random.default_rng, np.random.RandomState])
def test_the_same_generator_gives_the_same_and_X_stays(generator: Any) -> None:
    X = data()
    before = X.tobytes()
    first, second, other = (
        initialize_from_data(X, SIZES, activations=NAMES, rng=generator(seed)) for seed in (7, 7, 8)
    )
    assert first == second != other
    assert X.tobytes() == before
    assert [value.shape for value in first.values()] == [
        shape for n_prev, n in pairwise(SIZES) for shape in ((n, n_prev), (n, 1))
    ]


@pytest.mark.parametrize(
    ("X", "error", "message"),
    [
        (
            np.ones((5, 6)),
            ShapeError,
            "X has 6 rows, one for each input; got shape (5, 6). Columns are examples",
        ),
        (np.ones(6), ShapeError, "got shape (6,)"),
        (np.ones((6, 0)), DataError, "at least one example; got m = 0"),
        (np.full((6, 2), np.nan), DataError, "X holds finite numbers"),
        (np.full((6, 2), -np.inf), DataError, "X holds finite numbers"),
        (np.full((6, 2), "a"), DataError, "got dtype <U1"),
        (np.full((6, 2), 1j), DataError, "got dtype complex128"),
    ],
)
def test_data_that_cannot_be_used_are_refused(X: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=r"^initialize_from_data: ") as caught:
        initialized(X)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sizes": [6]}, "initialize_from_data: at least two sizes"),
        ({"activations": ["relu", "relu"]}, "3 activations, one per layer"),
        ({"activations": "relu"}, "3 activations, one per layer"),
        ({"activations": ["rellu", "relu", "identity"]}, "initialize_from_data: activation must be one of"),
    ],
)
def test_settings_that_do_not_fit_are_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        initialized(data(), **change)
    assert message in str(caught.value)


def test_what_is_no_generator_is_refused() -> None:
    with pytest.raises(
        ConfigurationError, match=r"^initialize_from_data: rng is a NumPy Generator .*; got 3"
    ):
        initialize_from_data(data(), SIZES, activations=NAMES, rng=3)  # type: ignore[arg-type]
