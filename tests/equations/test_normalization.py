"""Batch and layer normalization: torch, finite differences, and numbers that are hard to square."""

from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepstep.equations import (
    NORMALIZATIONS,
    graph_of,
    layers_of,
    model_forward,
    normalize_batch,
    normalize_fixed,
    running_statistics,
)
from deepstep.equations.ops import backward, forward
from deepstep.errors import ConfigurationError, DataError, ShapeError

torch = pytest.importorskip("torch")
functional = torch.nn.functional

WAYS = ["batch", "layer", "given"]
"""The batch's own statistics, each example's own, and statistics that are given."""

shapes = st.tuples(st.integers(1, 6), st.integers(1, 5), st.integers(1, 7))
seeds = st.integers(0, 2**32 - 1)


class Case(NamedTuple):
    """A normalized layer with its inputs, the statistics that are given, and a derivative of m·J by Z."""

    kind: str
    values: dict[str, Any]
    statistics: dict[str, Any]
    dZ: Any

    def graph(self, epsilon=1e-5):
        """The operations of the layer."""

        def with_epsilon(node):
            if node.op.reads[0] != "U":
                return node.op
            return replace(node.op, forward=partial(node.op.forward, epsilon=epsilon))

        parameters = {f"{name}1": value for name, value in self.values.items() if name != "A_prev"}
        graph = graph_of(layers_of(parameters, ["identity"], {"normalization": {1: self.kind}}))
        return (graph.predicting if self.statistics else graph).with_ops(with_epsilon)

    def run(self, epsilon=1e-5):
        """The tape of a forward pass."""
        names = {"A_prev": "A0", **{name: f"{name}1" for name in ("W", "b", "gamma", "mean", "variance")}}
        given = {names[name]: value for name, value in {**self.values, **self.statistics}.items()}
        return forward(self.graph(epsilon).nodes, given)

    def gradients(self, epsilon=1e-5):
        """The derivatives by what goes in: of m·J by A_prev, of J by the parameters."""
        passed = backward(self.graph(epsilon).nodes, self.run(epsilon), {"Z1": self.dZ})
        found = {name: value for _, whole in passed for name, value in whole.items()}
        names = {"A0": "A_prev", "W1": "W", "b1": "b", "gamma1": "gamma"}
        return {names[name]: value for name, value in found.items() if name in names}


def layer(shape, seed, way):
    """A case at random; n_{l-1}, n_l and m are the shape."""
    n_before, n, m = shape
    rng = np.random.default_rng(seed)
    values = {
        "A_prev": rng.standard_normal((n_before, m)),
        "W": rng.standard_normal((n, n_before)),
        "b": rng.standard_normal((n, 1)),
        "gamma": rng.uniform(0.5, 2, (n, 1)),
    }
    statistics = {}
    if way == "given":
        statistics = {"mean": rng.standard_normal((n, 1)), "variance": rng.uniform(0.1, 2, (n, 1))}
    return Case("layer" if way == "layer" else "batch", values, statistics, rng.standard_normal((n, m)))


def by_torch(case, epsilon):
    """Z by torch's own normalizations, and the tensors that went in. Rows are examples there."""
    tensors = {name: torch.tensor(value, requires_grad=True) for name, value in case.values.items()}
    U = (tensors["W"] @ tensors["A_prev"]).T
    scale, shift = tensors["gamma"][:, 0], tensors["b"][:, 0]
    if case.kind == "layer":
        return functional.layer_norm(U, scale.shape, scale, shift, epsilon).T, tensors
    if case.statistics:
        mean, variance = (torch.tensor(value[:, 0]) for value in case.statistics.values())
        return functional.batch_norm(U, mean, variance, scale, shift, False, 0.1, epsilon).T, tensors
    if len(U) == 1:  # torch refuses one example: what it computes for more, written out
        return (scale * (U - U.mean(0)) / torch.sqrt(U.var(0, correction=0) + epsilon) + shift).T, tensors
    return functional.batch_norm(U, None, None, scale, shift, True, 0.1, epsilon).T, tensors


@pytest.mark.parametrize("epsilon", [1e-5, 0.1])
@pytest.mark.parametrize("way", WAYS)
@given(shape=shapes, seed=seeds)
def test_forward_and_backward_are_torch_s(way, epsilon, shape, seed):
    case = layer(shape, seed, way)
    expected, tensors = by_torch(case, epsilon)
    expected.backward(torch.tensor(case.dZ))
    near = {"rtol": 1e-10, "atol": 1e-10}
    np.testing.assert_allclose(case.run(epsilon)["Z1"], expected.detach().numpy(), **near)
    got = case.gradients(epsilon)
    for name, tensor in tensors.items():
        share = 1 if name == "A_prev" else shape[2]  # dW, db and dgamma are derivatives of J, dA_prev of m·J
        scale = max(1.0, float(np.abs(tensor.grad.numpy()).max()))
        np.testing.assert_allclose(
            got[name] / scale, tensor.grad.numpy() / share / scale, err_msg=name, **near
        )


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
    case = layer((3, 4, 5), 1, "given")
    given = {f"{symbol}1": array for symbol, array in {**case.values, **case.statistics}.items()}
    for name, value, message in (
        ("b1", [[1.0]] * 3, r"b1 must have shape \(4, 1\), got shape \(3, 1\)"),
        ("A_prev1", np.ones((4, 5)), "X must have 3 rows, one for each column of W1"),
        ("variance1", np.ones(4), r"variance1 must have shape \(4, 1\), got shape \(4,\)"),
        ("mean1", None, r"mean1 must have shape \(4, 1\), got shape \(\)"),
    ):
        theta = {**given, name: value}
        X, statistics = theta.pop("A_prev1"), {name: theta.pop(name) for name in ("mean1", "variance1")}
        with pytest.raises(ShapeError, match=f"^{message}"):
            model_forward(X, theta, activations=["identity"], normalization=["batch"], statistics=statistics)
    empty = case._replace(values={**case.values, "A_prev": np.ones((3, 0))}, statistics={})
    with pytest.raises(DataError, match=r"U must have at least one example, got shape \(4, 0\)"):
        empty.run()
    theta = {name: given[name] for name in ("W1", "b1", "gamma1")} | {"W2": np.ones((1, 4)), "b2": [[1.0]]}
    for normalization, message in (
        (["bach", "none"], "Did you mean 'batch'"),
        ([["batch"], "none"], "normalization must be one of"),
        (["none", "batch"], r"the layers with a gamma alone, \[1\]"),
        (None, r"the layers with a gamma alone, \[1\]"),
    ):
        with pytest.raises(ConfigurationError, match=message):
            model_forward(given["A_prev1"], theta, normalization=normalization)
