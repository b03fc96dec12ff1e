"""The equations on tensors are the equations, far out, too; `test_generated` compares whole steps."""

from functools import partial

import numpy as np
import pytest

from deepstep import equations
from deepstep.equations import ACTIVATIONS, HEADS, example_targets, get_head
from deepstep.network import Architecture

torch = pytest.importorskip("torch")

from deepstep.engines.torch.arrays import KERNELS, on_tensors  # noqa: E402
from deepstep.engines.torch.passes import losses_on_tensors  # noqa: E402


def tensors(values):
    """Arrays as tensors, whatever holds them."""
    if isinstance(values, np.ndarray):
        return torch.from_numpy(np.array(values))
    return type(values)(map(tensors, values)) if isinstance(values, tuple | list) else values


def assert_same(function, given, rtol=1e-12, atol=1e-300, form=None):
    """The function on tensors gives tensors with the numbers that it gives on arrays."""
    expected = function(*given)
    got = (form or on_tensors(function))(*tensors(given))
    several = isinstance(expected, tuple)
    for values, array in zip(got, expected, strict=True) if several else [(got, expected)]:
        assert isinstance(values, torch.Tensor), f"{function} on tensors gives {type(values).__name__}"
        np.testing.assert_allclose(values.numpy(), array, rtol=rtol, atol=atol)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_far_out(name):
    """In the tails, where float64 is subnormal, and at 0."""
    rng = np.random.default_rng(1)
    ends = [-744.0, 0.0, -1e-12, 1e-12, 709.0]
    Z = np.concatenate([np.linspace(-700, 700, 29), rng.standard_normal(8), ends]).reshape(6, 7)
    assert_same(ACTIVATIONS[name].forward, (Z,), atol=1e-323)
    assert_same(ACTIVATIONS[name].backward, (rng.standard_normal(Z.shape), Z), rtol=1e-11, atol=1e-320)


@pytest.mark.parametrize("name", HEADS)
def test_losses_far_out(name):
    shape = Architecture((2, 4, 3), ("relu", HEADS[name].activation), name)
    Y = example_targets(shape, 3, 50, rng=np.random.default_rng(2)).astype(float)
    ZL = np.random.default_rng(3).standard_normal((3, 50)) * np.geomspace(0.1, 300, 50)
    head = get_head(shape)
    loss, loss_backward = losses_on_tensors(head, torch.zeros(0, dtype=torch.float64))
    assert_same(head.loss, (ZL, Y), form=loss)
    assert_same(head.loss_backward, (ZL, Y), rtol=1e-10, form=loss_backward)


@pytest.mark.parametrize("scale", [0.0, 1.0, 1e-200, 1e200, np.inf])
def test_limits(scale):
    W = np.random.default_rng(5).standard_normal((3, 4))
    W[1] *= scale if np.isfinite(scale) else 1
    W[2, 1] = scale
    for most in (0.5, 1e300):
        with np.errstate(invalid="ignore", over="ignore"):
            assert_same(partial(equations.clip_by_value, most=most), (W,))
            assert_same(partial(equations.clip_by_norm, most=most), (W.ravel(),))


def test_functions_without_a_kernel_are_the_equations():
    for function in (len, np.exp, equations.softplus):
        assert on_tensors(function) is function
    assert set(KERNELS) <= {equation.function for equation in equations.EQUATIONS.values()}
