"""Batch and layer normalization: numbers that are hard to square, torch's running statistics, refusals.

The derivatives are held to a plain loop in tests/engines/test_reference.py, and to differences in inspection.
"""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepstep.equations import (
    NORMALIZATIONS,
    model_forward,
    normalize_batch,
    normalize_fixed,
    running_statistics,
    scale_shift_backward,
    scale_shift_forward,
)
from deepstep.errors import ConfigurationError, DataError, ShapeError

torch = pytest.importorskip("torch")

seeds = st.integers(0, 2**32 - 1)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
class TestNumbersThatAreHardToSquare:
    def test_one_alone_is_zero(self, dtype: Any) -> None:
        row = np.array([[3.7, 1e30]], dtype)
        for kind, U in (("batch", row.T), ("layer", row)):
            U_hat, mean, variance, deviation = NORMALIZATIONS[kind].forward(U)
            assert not U_hat.any()
            assert not variance.any()
            np.testing.assert_array_equal(mean, U)
            np.testing.assert_allclose(deviation, np.sqrt(1e-5), rtol=1e-6)
            dU = NORMALIZATIONS[kind].backward(np.ones_like(U), U_hat, deviation)
            assert not dU.any()

    @pytest.mark.parametrize("share", [1.0, 0.5, 1e-10, 1e-19])
    def test_as_large_as_floats_are(self, dtype: Any, share: float) -> None:
        """The pattern -1, 0, 1 has the deviation √(2/3), whatever it is multiplied with."""
        size = share * np.finfo(dtype).max
        pattern = np.array([[-1.0, 0.0, 1.0]])
        for kind, turn in (("batch", False), ("layer", True)):
            U = (pattern * size).astype(dtype)
            U_hat, _, variance, deviation = NORMALIZATIONS[kind].forward(U.T if turn else U)
            expected = pattern.T if turn else pattern
            np.testing.assert_allclose(U_hat, expected * np.sqrt(1.5), rtol=1e-6)
            np.testing.assert_allclose(deviation, size * np.sqrt(2 / 3), rtol=1e-6)
            square = float(size) ** 2 * 2 / 3 if float(size) < 1e154 else np.inf
            if square < float(np.finfo(dtype).max):
                np.testing.assert_allclose(variance, square, rtol=1e-6)
            else:
                assert np.isposinf(variance).all()
            dU = NORMALIZATIONS[kind].backward(np.ones_like(U_hat), U_hat, deviation)
            np.testing.assert_allclose(dU, 0, atol=1e-6)

    def test_a_mean_far_from_zero_costs_no_digits(self, dtype: Any) -> None:
        """One pass, E[U²] - E[U]², would leave nothing of the variance here."""
        far = 2.0**20 if dtype == np.float32 else 2.0**50
        U = np.array([[far, far + 1, far + 2]], dtype)
        np.testing.assert_allclose(normalize_batch(U, epsilon=1e-12).variance, 2 / 3, rtol=1e-6)


@settings(max_examples=25)
@given(seeds, st.integers(2, 9))
def test_running_statistics_are_torch_s(seed: int, m: int) -> None:
    rng = np.random.default_rng(seed)
    norm = torch.nn.BatchNorm1d(4, dtype=torch.float64)
    mean, variance = np.zeros((4, 1)), np.ones((4, 1))
    for _ in range(5):
        U = rng.standard_normal((4, m)) * 3 + 1
        norm(torch.tensor(U.T))
        _, batch_mean, batch_variance, _ = normalize_batch(U)
        mean, variance = running_statistics(mean, variance, batch_mean, batch_variance, m)
        np.testing.assert_allclose(mean[:, 0], norm.running_mean.numpy(), rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(variance[:, 0], norm.running_var.numpy(), rtol=1e-12)
    norm.eval()
    U = rng.standard_normal((4, 3))
    np.testing.assert_allclose(
        normalize_fixed(U, mean, variance).U_hat.T, norm(torch.tensor(U.T)).detach().numpy(), rtol=1e-12
    )


def test_running_statistics_of_one_example() -> None:
    """It has no variance, and nothing to say about the mean of many."""
    one = np.ones((2, 1), np.float32)
    mean, variance = running_statistics(one, one, 3 * one, 0 * one, np.int64(1), momentum=np.float64(0.25))  # type: ignore[arg-type]
    assert mean.tolist() == variance.tolist() == [[1.0], [1.0]]
    assert mean.dtype == variance.dtype == np.float32
    more = running_statistics(one, one, one, one, np.int64(5))  # type: ignore[arg-type]
    assert {array.dtype for array in more} == {np.dtype(np.float32)}


U, COLUMN = np.ones((4, 5)), np.ones((4, 1))


@pytest.mark.parametrize(
    ("function", "given", "error", "message"),
    [
        (scale_shift_forward, (U, np.ones(4), COLUMN), ShapeError, r"gamma has shape \(4, 1\); got \(4,\)"),
        (scale_shift_forward, (U, COLUMN, COLUMN[1:]), ShapeError, r"b has shape \(4, 1\); got \(3, 1\)"),
        (scale_shift_backward, (COLUMN, U, COLUMN), ShapeError, r"dZ has the shape of Z, \(4, 5\); got"),
        (scale_shift_backward, (U[:, :0], U[:, :0], COLUMN), DataError, "at least one example; got m = 0"),
        (normalize_batch, (U[:, :0],), DataError, "at least one example; got m = 0"),
        (normalize_fixed, (U, COLUMN, np.ones(4)), ShapeError, r"variance has shape \(4, 1\)"),
        (normalize_fixed, (U, np.ones((1, 5)), COLUMN), ShapeError, r"mean has shape \(4, 1\)"),
    ],
)
def test_what_does_not_fit_is_refused(function: Any, given: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        function(*given)


@pytest.mark.parametrize(
    ("normalization", "message"),
    [
        (["bach", "none"], "Did you mean 'batch'"),
        ([["batch"], "none"], "normalization must be one of"),
        (["none", "batch"], r"the layers with a gamma, \[1\]"),
        ("batch", r"the layers with a gamma, \[1\]"),
        (None, r"the layers with a gamma, \[1\]"),
    ],
)
def test_a_normalization_that_does_not_fit_the_parameters_is_refused(
    normalization: Any, message: str
) -> None:
    theta = {"W1": np.ones((4, 3)), "b1": COLUMN, "gamma1": COLUMN}
    theta |= {"W2": np.ones((1, 4)), "b2": np.ones((1, 1))}
    with pytest.raises(ConfigurationError, match=message):
        model_forward(np.ones((3, 5)), theta, normalization=normalization)
