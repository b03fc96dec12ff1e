"""The equations on tensors are the equations, far out, too; `test_generated` compares whole steps."""

from functools import partial

import numpy as np
import pytest

from deepstep import equations
from deepstep.equations import ACTIVATIONS, HEADS, example_targets, get_head
from deepstep.network import Architecture

torch = pytest.importorskip("torch")

from deepstep.engines.torch import arrays  # noqa: E402
from deepstep.engines.torch.arrays import FASTER, on_tensors  # noqa: E402


def tensors(values):
    """Arrays as tensors, whatever holds them."""
    if isinstance(values, np.ndarray):
        return torch.from_numpy(np.array(values))
    return type(values)(map(tensors, values)) if isinstance(values, tuple | list) else values


def assert_same(function, given, rtol=1e-12, atol=1e-300):
    """The function on tensors gives tensors with the numbers that it gives on arrays."""
    got, expected = on_tensors(function)(*tensors(given)), function(*given)
    several = isinstance(expected, tuple)
    pairs = zip(got, expected, strict=True) if several else [(got, expected)]
    for one, array in pairs:
        assert isinstance(one, torch.Tensor), f"{function} on tensors gives {type(one).__name__}"
        np.testing.assert_allclose(one.numpy(), array, rtol=rtol, atol=atol)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_far_out(name):
    """In the tails, where float64 is subnormal, and at 0."""
    rng = np.random.default_rng(1)
    ends = [-744.0, 0.0, -1e-12, 1e-12, 709.0]
    Z = np.concatenate([np.linspace(-700, 700, 29), rng.standard_normal(8), ends]).reshape(6, 7)
    assert_same(ACTIVATIONS[name].forward, (Z,), atol=1e-323)
    assert_same(ACTIVATIONS[name].backward, (rng.standard_normal(Z.shape), Z), rtol=1e-11, atol=1e-320)


@pytest.mark.parametrize("members", [0, 2])
@pytest.mark.parametrize("name", HEADS)
def test_losses_far_out(name, members):
    shape = Architecture((2, 4, 3), ("relu", HEADS[name].activation), name, shared_members=members)
    Y = example_targets(shape, 3, 50, rng=np.random.default_rng(2)).astype(float)
    columns = max(1, members) * 50
    ZL = np.random.default_rng(3).standard_normal((3, columns)) * np.geomspace(0.1, 300, columns)
    head = get_head(shape)
    assert_same(head.loss, (ZL, Y))
    assert_same(head.loss_backward, (ZL, Y), rtol=1e-10)


@pytest.mark.parametrize("scale", [0.0, 1.0, 1e-200, 1e200, np.inf])
def test_limits(scale):
    W = np.random.default_rng(5).standard_normal((3, 4))
    W[1] *= scale if np.isfinite(scale) else 1
    W[2, 1] = scale
    for most in (0.5, 1e300):
        with np.errstate(invalid="ignore", over="ignore"):
            assert_same(partial(equations.clip_by_value, most=most), (W,))
            assert_same(partial(equations.clip_by_norm, most=most), (W.ravel(),))


def test_what_has_no_form_on_tensors():
    with pytest.raises(AttributeError, match=r"np\.einsum has no form on tensors"):
        arrays.TORCH_AS_NUMPY.einsum  # noqa: B018
    for other in (len, np.exp, tensors):  # none of the equations
        assert on_tensors(other) is other
    assert set(FASTER) <= {equation.function for equation in equations.EQUATIONS.values()}
