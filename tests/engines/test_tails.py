"""Values far out and near the least numbers of a precision: as mpmath and NumPy have them, not 0."""

import mpmath
import numpy as np
import pytest

pytest.importorskip("numba")
pytest.importorskip("torch")

import torch

from deepstep.engines import Settings, open_session
from deepstep.engines.compiled.forward import outputs_of_rows
from deepstep.engines.torch.arrays import on_tensors
from deepstep.engines.torch.passes import losses_on_tensors
from deepstep.equations import ACTIVATIONS, HEADS, example_targets, get_head
from deepstep.network import Architecture
from deepstep.preparation.batches import Examples

DTYPES = ("float32", "float64")
LEAST = {"float32": -105, "float64": -747}
"""e to this power is 0."""
RATE = 2.0**-10
"""Steps of Lion by this are exact."""

OUTPUTS = {
    "sigmoid": (Architecture((1, 1), ("sigmoid",)), lambda x: 1 / (1 + mpmath.exp(-x))),
    "softmax": (Architecture((1, 2), ("softmax",), "softmax"), lambda x: 1 / (1 + mpmath.exp(-x))),
    "exponential": (Architecture((1, 1), ("exponential",), "poisson"), mpmath.exp),
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("engine", ["compiled", "torch"])
def test_small_outputs(engine, output, dtype):
    """To some units in the last place, of subnormal numbers too."""
    architecture, exact = OUTPUTS[output]
    theta = np.zeros(architecture.n_parameters, dtype)
    theta[0] = 1
    parameters = architecture.lay_out(theta)
    X = np.linspace(LEAST[dtype], 80, 1501, dtype=dtype)
    got = [open_session(engine, architecture, parameters, Settings()).forward(X[np.newaxis])[0]]
    if engine == "compiled":
        got.append(outputs_of_rows(architecture, parameters, {}, X[:, np.newaxis])[:, 0])
    with mpmath.workprec(200):
        expected = [exact(mpmath.mpf(float(x))) for x in X]
        units = np.spacing(np.array([float(value) for value in expected], dtype))
        for found in got:
            pairs = zip(found, expected, units, strict=True)
            assert max(abs(mpmath.mpf(float(a)) - b) / float(unit) for a, b, unit in pairs) <= 4


LOGITS = {"float32": (-20.0, -60.0, -95.0, -101.0), "float64": (-30.0, -300.0, -720.0, -740.0)}


def after_lion(engine, architecture, theta, y):
    """θ after three steps of Lion on one example, whose input is 1."""
    session = open_session(engine, architecture, architecture.lay_out(theta), Settings("lion"))
    X, Y = np.ones((1, 1), theta.dtype), np.array([y], theta.dtype)
    session.steps(Examples(X, Y), numbers=range(3), learning_rate=RATE)
    return session.state().theta


SLOPES = {
    "sigmoid": 1, "elu": 1, "selu": 1, "softplus": 1, "silu": -1, "mish": -1, "exponential": 1, "tanh": 1,
}  # fmt: skip
"""Activations whose slope far below 0 is of the size e^Z, with its sign; that of tanh is e^2Z."""


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("activation", SLOPES)
@pytest.mark.parametrize("engine", ["compiled", "torch"])
def test_lion_follows_the_smallest_slope(engine, activation, dtype):
    architecture = Architecture((1, 1, 1), (activation, "identity"), "identity")
    for logit in LOGITS[dtype][:3]:
        theta = np.array([logit / 2 if activation == "tanh" else logit, 0, 1, 0], dtype)
        found = after_lion(engine, architecture, theta, [5.0])  # the output is to grow
        np.testing.assert_array_equal(found, after_lion("reference", architecture, theta, [5.0]))
        np.testing.assert_array_equal(found[:2] - theta[:2], SLOPES[activation] * 3 * RATE)


def assert_same(function, form, given, rtol=1e-12, atol=1e-300):
    """The form for tensors gives a tensor with the numbers that the function gives on arrays."""
    got = form(*(torch.from_numpy(array.copy()) for array in given))
    assert isinstance(got, torch.Tensor)
    np.testing.assert_allclose(got.numpy(), function(*given), rtol=rtol, atol=atol)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_far_out(name):
    """Where float64 is subnormal, at 0, and where a product with σ(-40) is not lost beside 1."""
    rng = np.random.default_rng(1)
    ends = [-1e300, -1e20, -744.0, 0.0, -1e-12, 1e-12, 709.0, 1e4, 1e20, 1e37, 1e300]
    Z = np.concatenate([np.linspace(-700, 700, 29), rng.standard_normal(8), ends]).reshape(6, 8)
    forward, backward, *_ = ACTIVATIONS[name]
    assert_same(forward, on_tensors(forward), (Z,), atol=1e-323)
    given = rng.standard_normal(Z.shape), Z
    assert_same(backward, on_tensors(backward), given, rtol=1e-11, atol=1e-320)


@pytest.mark.parametrize("name", HEADS)
def test_losses_far_out(name):
    shape = Architecture((2, 4, 3), ("relu", HEADS[name].activation), name)
    Y = example_targets(shape, 3, 50, rng=np.random.default_rng(2)).astype(float)
    ZL = np.random.default_rng(3).standard_normal((3, 50)) * np.geomspace(0.1, 300, 50)
    head = get_head(shape)
    loss, loss_backward = losses_on_tensors(head, torch.zeros(0, dtype=torch.float64))
    assert_same(head.loss, loss, (ZL, Y))
    assert_same(head.loss_backward, loss_backward, (ZL, Y), rtol=1e-10)
