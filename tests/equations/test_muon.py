"""Muon against torch.optim.Muon, which works in bfloat16, and against the singular values themselves."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepstep import Network
from deepstep.equations import adam_update, muon_update, orthogonalized

torch = pytest.importorskip("torch")

SHAPES = [(4, 4), (3, 7), (7, 3), (1, 5), (5, 1)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("scale", [1e-200, 1.0, 1e200])
def test_singular_vectors_stay_and_singular_values_become_about_1(shape: Any, scale: float) -> None:
    V = scale * np.random.default_rng(1).standard_normal(shape)
    U, values, Vt = np.linalg.svd(V, full_matrices=False)
    O = orthogonalized(V)
    got = U.T @ O @ Vt.T
    np.testing.assert_allclose(got, np.diag(np.diag(got)), atol=1e-12)
    well = values > 0.02 * values.max()  # five steps do not lift what is much smaller
    assert (np.abs(np.diag(got)[well] - 1) < 0.35).all()


def test_zero_stays_zero_and_what_is_not_finite_stays() -> None:
    assert not orthogonalized(np.zeros((2, 3))).any()
    assert np.isnan(orthogonalized(np.array([[np.nan, 1.0]]))).any()


@pytest.mark.parametrize("shape", SHAPES)
def test_a_weight_moves_as_by_torch(shape: Any) -> None:
    if not hasattr(torch.optim, "Muon"):  # pragma: no cover  # older than 2.9
        pytest.fail("torch.optim.Muon is the oracle")
    rng = np.random.default_rng(2)
    W, layout = rng.standard_normal(shape), (("W1", shape),)
    peer = torch.tensor(W, requires_grad=True)
    optimizer = torch.optim.Muon([peer], lr=0.1, weight_decay=0.0, adjust_lr_fn="match_rms_adamw")
    theta, v, s = W.ravel(), np.zeros(W.size), np.zeros(W.size)
    for t in range(1, 6):
        gradient = rng.standard_normal(shape)
        peer.grad = torch.tensor(gradient)
        optimizer.step()
        theta, v, s = muon_update(theta, gradient.ravel(), v, s, learning_rate=0.1, t=t, layout=layout)
        step = 0.1 * 0.2 * np.sqrt(max(shape))
        # its products are of bfloat16, with 8 bits
        np.testing.assert_allclose(theta.reshape(shape), peer.detach().numpy(), atol=0.05 * t * step)
    assert not s.any()


def test_what_is_no_weight_moves_as_by_adam() -> None:
    layout = (("W1", (2, 2)), ("b1", (2, 1)), ("gamma1", (2, 1)))
    rng = np.random.default_rng(3)
    vectors = [rng.uniform(0.1, 1, 8) for _ in range(4)]
    got = muon_update(*vectors, learning_rate=0.1, t=3, layout=layout)
    adam = adam_update(*vectors, learning_rate=0.1, t=3)
    for one, other in zip(got, adam, strict=True):
        np.testing.assert_array_equal(one[4:], other[4:])
        assert (one[:4] != other[:4]).any()


@given(st.floats(1e-3, 1e3), st.integers(0, 2**32 - 1))
def test_the_step_does_not_depend_on_the_size_of_the_gradient(scale: float, seed: int) -> None:
    g, layout, zero = np.random.default_rng(seed).standard_normal(6), (("W1", (2, 3)),), np.zeros(6)
    one, other = (
        muon_update(zero, size * g, zero, zero, learning_rate=0.1, t=1, layout=layout)[0]
        for size in (1.0, scale)
    )
    np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)


def test_it_trains_a_network_with_its_trace_and_factors_of_the_rate() -> None:
    rng = np.random.default_rng(4)
    X = rng.standard_normal((2, 60))
    Y = (X[:1] * X[1:] > 0).astype(float)
    net = Network([2, 8, 8, 1], activation="tanh", seed=1)
    before = net.cost(X, Y)
    trace = net.trace(X, Y, optimizer="muon", learning_rate=0.05)
    net.train(X, Y, optimizer="muon", learning_rate=0.05, iterations=60, batch_size=20)
    assert net.cost(X, Y) < 0.3 * before
    assert "NS(" in trace["W1′"].formula
    assert "√ŝ" in trace["b1′"].formula
    frozen = Network([2, 8, 1], seed=1)
    start = frozen.parameters["W1"].copy()
    frozen.train(X, Y, optimizer="muon", iterations=3, lr_multipliers={"W1": 0.0}, weight_decay=0.0)
    np.testing.assert_array_equal(frozen.parameters["W1"], start)
