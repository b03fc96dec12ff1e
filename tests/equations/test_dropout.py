"""Dropout: the lecture's masks, the expectation, torch's autograd, and what is refused."""

from typing import Any

import numpy as np
import pytest

from deepstep.equations import dropout_backward, dropout_forward, dropout_mask
from deepstep.errors import ConfigurationError, ShapeError

torch = pytest.importorskip("torch")


def test_the_lecture_s_masks() -> None:
    """Those behind the published A3 of course 2 week 1, drawn as the exercise draws them."""
    rng = np.random.RandomState(1)
    for D in ([[1, 0, 1, 1, 1], [1, 1, 1, 1, 1]], [[1, 1, 1, 0, 1], [1, 1, 1, 1, 1], [0, 0, 1, 1, 0]]):
        np.testing.assert_array_equal(dropout_mask(rng.rand(*np.shape(D)), 0.7), np.array(D) / 0.7)


@pytest.mark.parametrize("keep_prob", [0.1, 0.5, 0.8, 1.0])
def test_the_mean_stays(keep_prob: float) -> None:
    uniform = (np.arange(1000) + 0.5).reshape(10, 100) / 1000  # every thousandth of [0, 1) once
    mask = dropout_mask(uniform, keep_prob)
    assert mask.mean() == pytest.approx(1, rel=1e-12)
    assert set(np.unique(mask)) <= {0.0, 1 / keep_prob}
    assert dropout_forward(np.full((10, 100), 3.0), mask).mean() == pytest.approx(3, rel=1e-12)


def test_backward_is_torch_s() -> None:
    rng = np.random.default_rng(1)
    A, dA = rng.standard_normal((2, 3, 4))
    mask = dropout_mask(rng.random((3, 4)), 0.6)
    other = torch.tensor(A, requires_grad=True)
    handed_on = other * torch.tensor(mask)
    handed_on.backward(torch.tensor(dA))
    np.testing.assert_array_equal(dropout_forward(A, mask), handed_on.detach().numpy())
    np.testing.assert_array_equal(dropout_backward(dA, mask), other.grad.numpy())


@pytest.mark.parametrize("keep_prob", [0, -0.1, 1.1, float("nan")])
def test_a_keep_prob_that_is_none_is_refused(keep_prob: float) -> None:
    with pytest.raises(ConfigurationError, match="keep_prob is above 0 and at most 1; got"):
        dropout_mask(np.zeros((2, 2)), keep_prob)


@pytest.mark.parametrize("function", [dropout_forward, dropout_backward])
def test_a_mask_of_another_shape_does_not_broadcast(function: Any) -> None:
    for shape in ((2, 1), (1, 3), (3, 2), (3,)):
        with pytest.raises(ShapeError, match=r"mask has the shape of (G|dA), \(2, 3\); got"):
            function(np.ones((2, 3)), np.ones(shape))


def test_float32_stays() -> None:
    A = np.ones((2, 3), np.float32)
    assert dropout_mask(A / 2, np.float64(0.7)).dtype == np.float32  # type: ignore[arg-type]
    assert dropout_forward(A, np.ones((2, 3))).dtype == np.float32
    assert dropout_backward(A, np.ones((2, 3), dtype=bool)).dtype == np.float32
