"""Initial parameters: order of the draws, scales, and whose generator draws."""

from itertools import pairwise
from math import sqrt
from typing import Any

import numpy as np
import pytest
from scipy.stats import kstest, uniform

from deepstep.equations import INITIALIZATIONS, initialize_parameters, initialize_two_layer
from deepstep.errors import ConfigurationError

SIZES = [300, 200, 100, 50]
SCALES = {  # of the normal draws, by the papers and the lecture, for n_{l-1} inputs and n_l units
    "he": lambda n_prev, n: sqrt(2 / n_prev),
    "glorot": lambda n_prev, n: sqrt(2 / (n_prev + n)),
    "lecun": lambda n_prev, n: sqrt(1 / n_prev),
    "small": lambda n_prev, n: 0.01,
    "large": lambda n_prev, n: 10,
    "zeros": lambda n_prev, n: 0,
}
LIMITS = {  # of the uniform draws, by the same papers
    "he_uniform": lambda n_prev, n: sqrt(6 / n_prev),
    "glorot_uniform": lambda n_prev, n: sqrt(6 / (n_prev + n)),
    "lecun_uniform": lambda n_prev, n: sqrt(3 / n_prev),
}
GENERATORS = [np.random.RandomState, np.random.default_rng]


def test_every_method_is_here() -> None:
    assert {*SCALES, *LIMITS, "orthogonal"} == set(INITIALIZATIONS)


@pytest.mark.parametrize("method", [*SCALES, *LIMITS])
def test_the_scale_of_each_layer(method: str) -> None:
    parameters = initialize_parameters(SIZES, method=method, rng=np.random.default_rng(1))
    scale_of = SCALES[method.removesuffix("_uniform")]
    for layer, (n_prev, n) in enumerate(pairwise(SIZES), start=1):
        W, scale = parameters[f"W{layer}"], scale_of(n_prev, n)
        # Of k draws the standard deviation is known to 1/√(2k), the mean to 1/√k; five of these are allowed.
        assert W.std() == pytest.approx(scale, rel=5 / sqrt(2 * W.size))
        assert abs(W.mean()) <= 5 * scale / sqrt(W.size)
        assert not parameters[f"b{layer}"].any()
    assert parameters.dtype == np.float64


@pytest.mark.parametrize("method", [name for name in SCALES if name != "zeros"])
@pytest.mark.parametrize("generator", GENERATORS)
def test_draws_are_standard_normals_layer_by_layer(method: str, generator: Any) -> None:
    sizes, rng = [4, 3, 2, 1], generator(7)
    parameters = initialize_parameters(sizes, method=method, rng=generator(7))
    for layer, (n_prev, n) in enumerate(pairwise(sizes), start=1):
        expected = rng.standard_normal((n, n_prev)) * SCALES[method](n_prev, n)
        np.testing.assert_allclose(parameters[f"W{layer}"], expected, rtol=1e-15)


@pytest.mark.parametrize("method", LIMITS)
@pytest.mark.parametrize("generator", GENERATORS)
def test_uniform_draws_fill_their_interval_evenly(method: str, generator: Any) -> None:
    parameters = initialize_parameters(SIZES, method=method, rng=generator(7))
    for layer, (n_prev, n) in enumerate(pairwise(SIZES), start=1):
        shares = parameters[f"W{layer}"].ravel() / LIMITS[method](n_prev, n)
        assert -1 <= shares.min() < -0.99 < 0.99 < shares.max() <= 1
        # Kolmogorov and Smirnov: an honest draw is further off once in 10^6 times (2·e^(-2·2.7²)).
        assert kstest(shares, uniform(-1, 2).cdf).statistic < 2.7 / sqrt(shares.size)


@pytest.mark.parametrize("generator", GENERATORS)
@pytest.mark.parametrize("sizes", [[4, 4, 4], [7, 3, 1], [1, 3, 7], [1, 1, 1], [50, 80, 20]])
def test_orthogonal_weights_keep_lengths(sizes: list[int], generator: Any) -> None:
    parameters = initialize_parameters(sizes, method="orthogonal", rng=generator(7))
    for layer, (n_prev, n) in enumerate(pairwise(sizes), start=1):
        W = parameters[f"W{layer}"]
        product = W @ W.T if n <= n_prev else W.T @ W
        np.testing.assert_allclose(product, np.eye(min(n, n_prev)), atol=1e-14)


def test_orthogonal_weights_have_no_favourite_sign_or_direction() -> None:
    rng = np.random.default_rng(1)
    draws = np.array([initialize_parameters([3, 3], method="orthogonal", rng=rng)["W1"] for _ in range(3000)])
    # an entry of a uniform rotation has mean 0 and variance 1/3; five standard errors are allowed
    assert np.abs(draws.mean(axis=0)).max() < 5 * sqrt(1 / 3 / 3000)
    assert np.abs((draws**2).mean(axis=0) - 1 / 3).max() < 5 * sqrt(4 / 45 / 3000)
    assert np.linalg.det(draws).mean() == pytest.approx(0, abs=5 / sqrt(3000))


def test_a_generator_goes_on_where_it_was() -> None:
    rng = np.random.RandomState(3)
    first, second = (initialize_parameters([3, 2, 1], rng=rng) for _ in range(2))
    assert first != second
    assert first == initialize_parameters([3, 2, 1], rng=np.random.RandomState(3))


def test_two_layers_are_scaled_by_one_number() -> None:
    small, unit = (initialize_two_layer(3, 4, 2, rng=np.random.RandomState(1), scale=s) for s in (0.01, 1.0))
    np.testing.assert_allclose(100 * small.flat, unit.flat, rtol=1e-15)
    assert small == initialize_parameters([3, 4, 2], method="small", rng=np.random.RandomState(1))


def test_numpy_s_global_generator_is_left_alone() -> None:
    np.random.seed(5)
    expected = np.random.rand(3)
    np.random.seed(5)
    initialize_parameters([3, 2, 1], rng=np.random.RandomState(1))
    initialize_two_layer(3, 2, 1, rng=np.random.default_rng(1))
    np.testing.assert_array_equal(np.random.rand(3), expected)


@pytest.mark.parametrize("rng", [None, 1, "1", np.random, np.random.RandomState])
@pytest.mark.parametrize(
    ("where", "initialize"),
    [
        ("initialize_parameters", lambda rng: initialize_parameters([2, 1], rng=rng)),
        ("initialize_two_layer", lambda rng: initialize_two_layer(2, 1, 1, rng=rng)),
    ],
)
def test_what_is_no_generator_is_refused(where: str, initialize: Any, rng: Any) -> None:
    with pytest.raises(ConfigurationError, match=rf"^{where}: rng is a NumPy Generator .*; got .*\. Pass"):
        initialize(rng)


def test_an_unknown_method_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(
        ConfigurationError, match=r"method must be one of 'he', .*, got 'He'\. Did you mean 'he'\?"
    ):
        initialize_parameters([2, 1], method="He", rng=np.random.RandomState(1))
    with pytest.raises(ConfigurationError, match=r"got \['he'\]"):
        initialize_parameters([2, 1], method=["he"], rng=np.random.RandomState(1))  # type: ignore[arg-type]


@pytest.mark.parametrize("sizes", [(0, 2, 1), (3, -1, 1), (3, 2, 1.5)])
def test_sizes_that_cannot_be_are_refused_before_anything_is_drawn(sizes: Any) -> None:
    rng = np.random.RandomState(1)
    with pytest.raises(ConfigurationError, match=r"^initialize_two_layer: .*whole number of at least 1"):
        initialize_two_layer(*sizes, rng=rng)
    with pytest.raises(ConfigurationError, match=r"^initialize_parameters: "):
        initialize_parameters(sizes, rng=rng)
    assert rng.standard_normal() == np.random.RandomState(1).standard_normal()
