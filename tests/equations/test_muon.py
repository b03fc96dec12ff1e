"""Muon against torch.optim.Muon, which works in bfloat16, and against the singular values themselves."""

from typing import Any

import numpy as np
import pytest

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
