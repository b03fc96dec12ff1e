"""L1, L2 and max-norm: torch's autograd and norms, and the corners."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from deepstep.equations import l1_backward, l1_cost, l2_backward, l2_cost, limit_norms

torch = pytest.importorskip("torch")

WEIGHTS = [np.random.default_rng(1).standard_normal(shape) for shape in ((4, 3), (2, 4))]


@pytest.mark.parametrize(
    ("cost", "backward", "norm"),
    [
        (l1_cost, l1_backward, lambda W: W.abs().sum()),
        (l2_cost, l2_backward, lambda W: (W**2).sum() / 2),
    ],
)
def test_cost_and_derivative_are_torch_s(cost: Any, backward: Any, norm: Any) -> None:
    tensors = [torch.tensor(W, requires_grad=True) for W in WEIGHTS]
    expected = 0.3 / 7.5 * sum(norm(W) for W in tensors)
    expected.backward()
    assert cost(WEIGHTS, 0.3, 7.5) == pytest.approx(expected.item(), rel=1e-14)
    for W, tensor in zip(WEIGHTS, tensors, strict=True):
        np.testing.assert_allclose(backward(W, 0.3, 7.5), tensor.grad.numpy(), rtol=1e-14)


@pytest.mark.parametrize("backward", [l1_backward, l2_backward])
def test_numpy_s_numbers_leave_float32(backward: Any) -> None:
    W = WEIGHTS[0].astype(np.float32)
    assert backward(W, np.float64(0.3), np.int64(5)).dtype == np.float32


def test_at_a_weight_of_zero_the_derivative_of_l1_is_zero() -> None:
    """The middle of the subgradients, as torch has it: a weight at 0 is not pushed anywhere."""
    assert l1_backward(np.array([[0.0, -0.0]]), 1.0, 1).tolist() == [[0, 0]]


@given(arrays(np.float64, (3, 4), elements=st.floats(-1e3, 1e3, allow_subnormal=False)), st.floats(1e-3, 1e3))
def test_limit_norms_is_torch_s_renorm(W: Any, most: float) -> None:
    expected = torch.renorm(torch.tensor(W), p=2, dim=0, maxnorm=most).numpy()  # divides by ‖W‖ + 1e-7
    limited = limit_norms(W, most=most)
    np.testing.assert_allclose(limited, expected, rtol=1e-6 + 1e-7 / most, atol=1e-300)
    norms = np.linalg.norm(W, axis=1)
    np.testing.assert_array_equal(limited[norms < most * (1 - 1e-14)], W[norms < most * (1 - 1e-14)])
    assert (np.linalg.norm(limited, axis=1) <= most * (1 + 1e-14)).all()


def test_limit_norms_row_by_row() -> None:
    W = np.array([[3e38, 3e38], [0, 0], [0.3, 0.4], [np.nan, 1], [np.inf, 1], [1e-45, 0]], np.float32)
    limited = limit_norms(W, most=1.0)
    assert limited.dtype == np.float32
    np.testing.assert_allclose(limited[0], np.sqrt(0.5), rtol=1e-6)
    np.testing.assert_array_equal(limited[[1, 2, 5]], W[[1, 2, 5]])
    assert not np.isfinite(limited[3:5]).all(axis=1).any()
    np.testing.assert_array_equal(limit_norms(W[:3], most=1e300), W[:3])
    assert not np.shares_memory(limit_norms(W[1:3], most=1.0), W)
    assert limit_norms(np.zeros((2, 0)), most=1.0).shape == (2, 0)
