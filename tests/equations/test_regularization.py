"""L1, L2, clipping and dropout: torch, their laws, and entries that no square can hold."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from deepstep.equations import (
    clip_by_norm,
    clip_by_value,
    dropout_backward,
    dropout_forward,
    dropout_mask,
    l1_backward,
    l1_cost,
    l2_backward,
    l2_cost,
)
from deepstep.errors import ConfigurationError, ShapeError

torch = pytest.importorskip("torch")

WEIGHTS = [np.random.default_rng(1).standard_normal(shape) for shape in ((4, 3), (2, 4))]


@pytest.mark.parametrize(
    ("cost", "backward", "norm"),
    [(l1_cost, l1_backward, lambda W: W.abs().sum()), (l2_cost, l2_backward, lambda W: (W**2).sum() / 2)],
)
def test_cost_and_derivative_are_torch_s(cost, backward, norm):
    tensors = [torch.tensor(W, requires_grad=True) for W in WEIGHTS]
    expected = 0.3 / 7.5 * sum(norm(W) for W in tensors)
    expected.backward()
    assert cost(WEIGHTS, 0.3, 7.5) == pytest.approx(expected.item(), rel=1e-14)
    for W, tensor in zip(WEIGHTS, tensors, strict=True):
        np.testing.assert_allclose(backward(W, 0.3, 7.5), tensor.grad.numpy(), rtol=1e-14)


gradients = arrays(np.float64, st.integers(1, 8), elements=st.floats(-1e3, 1e3, allow_subnormal=False))
limits = st.floats(1e-3, 1e3)


@given(gradients, limits)
def test_clipping_is_torch_s(gradient, most):
    """Of the norm, torch divides by ‖g‖ + 1e-6."""
    clip_grad = torch.nn.utils
    for function, torch_s, near in (
        (clip_by_norm, clip_grad.clip_grad_norm_, {"rtol": 1e-5 + 1e-6 / most}),
        (clip_by_value, clip_grad.clip_grad_value_, {"rtol": 0}),
    ):
        other = torch.nn.Parameter(torch.zeros(gradient.size, dtype=torch.float64))
        other.grad = torch.tensor(gradient)
        torch_s([other], most)
        np.testing.assert_allclose(function(gradient, most=most), other.grad.numpy(), **near)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n", [1, 4, 100])
def test_the_largest_and_the_smallest_numbers(dtype, n):
    """n equal entries have the norm √n·x, whether or not it is a float."""
    info = np.finfo(dtype)
    for size in (info.max, info.max / 4, info.tiny * 8, info.smallest_subnormal):
        gradient = np.full(n, size, dtype)
        for most in (1.0, float(size) / 2):
            expected = min(float(size), most / np.sqrt(n))
            clipped = clip_by_norm(gradient, most=most)
            assert clipped.dtype == dtype
            tolerance = {"rtol": 1e-5, "atol": float(info.smallest_subnormal)}
            np.testing.assert_allclose(clipped.astype(np.float64), expected, **tolerance)


@pytest.mark.parametrize("function", [clip_by_norm, clip_by_value])
def test_odd_gradients_and_limits(function):
    gradient = np.array([3e38, -1, 0], np.float32)
    np.testing.assert_array_equal(function(gradient, most=1e300), gradient)
    assert function(np.zeros(0), most=1.0).shape == (0,)
    assert function(np.ones(3, np.float32), most=np.float64(0.5)).dtype == np.float32
    for values in (np.ones(3), np.zeros(3), np.array([np.nan, 1, 2])):
        clipped = function(values, most=100.0)
        assert not np.shares_memory(clipped, values)
        np.testing.assert_array_equal(np.isnan(clipped[:1]), np.isnan(values[:1]))  # for training to find
    np.testing.assert_array_equal(function(np.zeros(3), most=1.0), np.zeros(3))


@pytest.mark.parametrize("keep_prob", [0.1, 0.5, 0.8, 1.0])
def test_dropout_keeps_the_mean(keep_prob):
    uniform = (np.arange(1000) + 0.5).reshape(10, 100) / 1000  # every thousandth of [0, 1) once
    mask = dropout_mask(uniform, keep_prob)
    assert set(np.unique(mask)) <= {0.0, 1 / keep_prob}
    assert dropout_forward(np.full((10, 100), 3.0), mask).mean() == pytest.approx(3, rel=1e-12)


def test_masks_that_do_not_fit_are_refused():
    for keep_prob in (0, -0.1, 1.1, float("nan")):
        with pytest.raises(ConfigurationError, match="keep_prob must be above 0 and at most 1, got"):
            dropout_mask(np.zeros((2, 2)), keep_prob)
    for function in (dropout_forward, dropout_backward):
        for shape in ((2, 1), (1, 3), (3, 2), (3,)):  # they would broadcast
            with pytest.raises(ShapeError, match=r"mask must have the shape of (G|dA), \(2, 3\), got"):
                function(np.ones((2, 3)), np.ones(shape))
