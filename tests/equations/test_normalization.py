"""Batch and layer normalization: torch, finite differences, and numbers that are hard to square."""

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
)
from deepstep.equations.normalization import (
    normalize_fixed_backward,
    product_backward,
    product_forward,
    scale_shift_backward,
    scale_shift_forward,
)
from deepstep.errors import ConfigurationError, DataError, ShapeError

torch = pytest.importorskip("torch")
functional = torch.nn.functional

shapes = st.tuples(st.integers(1, 6), st.integers(1, 5), st.integers(1, 7))
seeds = st.integers(0, 2**32 - 1)


def by_torch(way, A_prev, W, b, gamma, statistics, epsilon):
    """Z by torch's own normalizations. Rows are examples there."""
    U, b, gamma = (W @ A_prev).T, b[:, 0], gamma[:, 0]
    if way == "layer":
        return functional.layer_norm(U, gamma.shape, gamma, b, epsilon).T
    if way == "batch" and len(U) == 1:  # torch refuses one example: what it computes for more, written out
        return (gamma * (U - U.mean(0)) / torch.sqrt(U.var(0, correction=0) + epsilon) + b).T
    mean, variance = (None if way == "batch" else torch.tensor(part[:, 0]) for part in statistics)
    return functional.batch_norm(U, mean, variance, gamma, b, way == "batch", 0.1, epsilon).T


@pytest.mark.parametrize("epsilon", [1e-5, 0.1])
@pytest.mark.parametrize("way", ["batch", "layer", "fixed"])
@given(shape=shapes, seed=seeds)
def test_a_normalized_layer_is_torch_s(way, epsilon, shape, seed):
    """By the batch's statistics, by each example's, and by statistics that are given."""
    (n_before, n, m), rng = shape, np.random.default_rng(seed)
    A_prev, W, b, dZ = (rng.standard_normal(size) for size in ((n_before, m), (n, n_before), (n, 1), (n, m)))
    gamma = rng.uniform(0.5, 2, (n, 1))
    statistics = rng.standard_normal((n, 1)), rng.uniform(0.1, 2, (n, 1))
    tensors = [torch.tensor(value, requires_grad=True) for value in (A_prev, W, b, gamma)]
    expected = by_torch(way, *tensors, statistics, epsilon)
    expected.backward(torch.tensor(dZ))

    U = product_forward(A_prev, W)
    if way == "fixed":
        U_hat, *_, deviation = normalize_fixed(U, *statistics, epsilon=epsilon)
    else:
        U_hat, *_, deviation = NORMALIZATIONS[way].forward(U, epsilon=epsilon)
    Z = scale_shift_forward(U_hat, gamma, b)
    dU_hat, dgamma, db = scale_shift_backward(dZ, U_hat, gamma)
    if way == "fixed":
        dU = normalize_fixed_backward(dU_hat, deviation)
    else:
        dU = NORMALIZATIONS[way].backward(dU_hat, U_hat, deviation)
    dA_prev, dW = product_backward(dU, A_prev, W)

    near = {"rtol": 1e-10, "atol": 1e-10}
    np.testing.assert_allclose(Z, expected.detach().numpy(), **near)
    for got, tensor in zip((dA_prev, m * dW, m * db, m * dgamma), tensors, strict=True):  # of m·J
        scale = max(1.0, float(np.abs(tensor.grad.numpy()).max()))
        np.testing.assert_allclose(got / scale, tensor.grad.numpy() / scale, **near)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
class TestNumbersThatAreHardToSquare:
    def test_one_alone_is_zero(self, dtype):
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
    def test_as_large_as_floats_are(self, dtype, share):
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

    def test_a_mean_far_from_zero_costs_no_digits(self, dtype):
        """One pass, E[U²] - E[U]², would leave nothing of the variance here."""
        far = 2.0**20 if dtype == np.float32 else 2.0**50
        U = np.array([[far, far + 1, far + 2]], dtype)
        np.testing.assert_allclose(normalize_batch(U, epsilon=1e-12).variance, 2 / 3, rtol=1e-6)

    def test_the_smallest_numbers(self, dtype):
        tiny = np.finfo(dtype).smallest_subnormal
        U_hat = normalize_batch(np.array([[0, tiny, -tiny]], dtype)).U_hat
        assert np.abs(U_hat).max() < 1e-30


@settings(max_examples=25)
@given(seeds, st.integers(2, 9))
def test_running_statistics_are_torch_s(seed, m):
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
        normalize_fixed(U, mean, variance).U_hat.T,
        norm(torch.tensor(U.T)).detach().numpy(),
        rtol=1e-12,
        atol=1e-14,  # the mean is subtracted: a difference near 0 has few digits
    )


def test_running_statistics_of_one_example_stay():
    """It has no variance, and nothing to say about the mean of many."""
    one = np.ones((2, 1), np.float32)
    mean, variance = running_statistics(one, one, 3 * one, 0 * one, np.int64(1), momentum=np.float64(0.25))
    assert mean.tolist() == variance.tolist() == [[1.0], [1.0]]
    more = running_statistics(one, one, one, one, np.int64(5), momentum=np.float64(0.25))
    assert {array.dtype for array in more} == {np.dtype(np.float32)}


def test_what_does_not_fit_is_refused_where_it_comes_in():
    X, W, one = np.ones((3, 5)), np.ones((4, 3)), np.ones((4, 1))
    theta, statistics = {"W1": W, "b1": one, "gamma1": one}, {"mean1": one, "variance1": one}
    for name, value, message in (
        ("b1", [[1.0]] * 3, r"b1 must have shape \(4, 1\), got shape \(3, 1\)"),
        ("X", np.ones((4, 5)), "X must have 3 rows, one for each column of W1"),
        ("variance1", np.ones(4), r"variance1 must have shape \(4, 1\), got shape \(4,\)"),
        ("mean1", None, r"mean1 must have shape \(4, 1\), got shape \(\)"),
    ):
        values = {"X": X, **theta, **statistics, name: value}
        given = {name: values.pop(name) for name in statistics}
        with pytest.raises(ShapeError, match=f"^{message}"):
            model_forward(
                values.pop("X"), values, activations=["identity"], normalization=["batch"], statistics=given
            )
    with pytest.raises(DataError, match=r"U must have at least one example, got shape \(4, 0\)"):
        normalize_batch(np.ones((4, 0)))
    theta |= {"W2": one.T, "b2": [[1.0]]}
    for normalization, message in (
        (["bach", "none"], "Did you mean 'batch'"),
        ([["batch"], "none"], "normalization must be one of"),
        (["none", "batch"], r"the layers with a gamma alone, \[1\]"),
        (None, r"the layers with a gamma alone, \[1\]"),
    ):
        with pytest.raises(ConfigurationError, match=message):
            model_forward(X, theta, normalization=normalization)
