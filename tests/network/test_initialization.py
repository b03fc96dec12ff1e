"""Initial parameters: order of the draws, scales, and whose generator draws."""

from itertools import pairwise
from math import sqrt

import numpy as np
import pytest

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
GENERATORS = [np.random.RandomState, np.random.default_rng]


@pytest.mark.parametrize("method", sorted(set(INITIALIZATIONS) - {"orthogonal"}))
def test_the_scale_of_each_layer(method):
    parameters = initialize_parameters(SIZES, method=method, rng=np.random.default_rng(1))
    scale_of = SCALES[method.removesuffix("_uniform")]
    for layer, (n_prev, n) in enumerate(pairwise(SIZES), start=1):
        W, scale = parameters[f"W{layer}"], scale_of(n_prev, n)
        # Of k draws the standard deviation is known to 1/√(2k), the mean to 1/√k; five of these are allowed.
        assert W.std() == pytest.approx(scale, rel=5 / sqrt(2 * W.size))
        assert abs(W.mean()) <= 5 * scale / sqrt(W.size)
        assert not parameters[f"b{layer}"].any()
        if method.endswith("_uniform"):  # from -√3 to √3 times the deviation: he from -√(6/n) to √(6/n)
            assert 0.99 < np.abs(W).max() / (sqrt(3) * scale) <= 1
    assert parameters.dtype == np.float64


@pytest.mark.parametrize("method", [name for name in SCALES if name != "zeros"])
@pytest.mark.parametrize("generator", GENERATORS)
def test_draws_are_standard_normals_layer_by_layer(method, generator):
    sizes, rng = [4, 3, 2, 1], generator(7)
    parameters = initialize_parameters(sizes, method=method, rng=generator(7))
    for layer, (n_prev, n) in enumerate(pairwise(sizes), start=1):
        expected = rng.standard_normal((n, n_prev)) * SCALES[method](n_prev, n)
        np.testing.assert_allclose(parameters[f"W{layer}"], expected, rtol=1e-15)


@pytest.mark.parametrize("generator", GENERATORS)
@pytest.mark.parametrize("sizes", [[4, 4, 4], [7, 3, 1], [1, 3, 7], [1, 1, 1], [50, 80, 20]])
def test_orthogonal_weights_keep_lengths(sizes, generator):
    parameters = initialize_parameters(sizes, method="orthogonal", rng=generator(7))
    for layer, (n_prev, n) in enumerate(pairwise(sizes), start=1):
        W = parameters[f"W{layer}"]
        product = W @ W.T if n <= n_prev else W.T @ W
        np.testing.assert_allclose(product, np.eye(min(n, n_prev)), atol=1e-14)


def test_two_layers_are_scaled_by_one_number():
    small, unit = (initialize_two_layer(3, 4, 2, rng=np.random.RandomState(1), scale=s) for s in (0.01, 1.0))
    np.testing.assert_allclose(100 * small.flat, unit.flat, rtol=1e-15)
    assert small == initialize_parameters([3, 4, 2], method="small", rng=np.random.RandomState(1))


def test_what_is_no_generator_and_no_method_is_refused():
    for rng in (None, np.random, np.random.RandomState):
        for initialize, sizes in ((initialize_parameters, ([2, 1],)), (initialize_two_layer, (2, 1, 1))):
            with pytest.raises(ConfigurationError, match=r"^rng must be a NumPy Generator .*, got .*\. Pass"):
                initialize(*sizes, rng=rng)
    with pytest.raises(ConfigurationError, match=r"method must be one of 'he', .* Did you mean 'he'\?"):
        initialize_parameters([2, 1], method="He", rng=np.random.RandomState(1))
