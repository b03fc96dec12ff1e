"""Losses and their derivatives against torch's values and autograd: every head, with its settings."""

from typing import Any

import numpy as np
import pytest
from random_models import head_of, target
from torch_losses import TORCH_LOSSES, functional, torch

from deepstep.equations import ACTIVATIONS, HEADS, Head, compute_cost, get_head

EXTREME = np.array([-1e4, -745.2, -709.9, -100.0, -36.8, -1.0, -1e-300, 1e-300, 0.5, 36.8, 709.9, 1e4])

SETTINGS: dict[str, list[dict[str, Any]]] = {
    "sigmoid": [{"smoothing": 0.1}, {"smoothing": 0.9}],
    "softmax": [{"smoothing": 0.1}, {"smoothing": 0.9}],
    "huber": [{"delta": 0.1}, {"delta": 30.0}],
    "quantile": [{"levels": [0.01, 0.02, 0.5, 0.999]}],
}
"""Other settings than the default ones, for every head that has any."""

CASES = [(name, {}) for name in HEADS] + [(name, row) for name, rows in SETTINGS.items() for row in rows]


def test_every_head_has_a_counterpart_and_every_setting_is_tried() -> None:
    assert set(TORCH_LOSSES) == set(HEADS)
    assert set(SETTINGS) == {name for name, head in HEADS.items() if head.settings}


def logits(n: int = 4) -> Any:
    rng = np.random.default_rng(2)
    return np.concatenate([EXTREME, 3 * rng.standard_normal(24)]).reshape(n, -1)


@pytest.mark.parametrize(("name", "settings"), CASES)
def test_loss_from_the_logits(name: str, settings: dict[str, Any]) -> None:
    Z = logits()
    Y, head = target(name, Z.shape, np.random.default_rng(3)), head_of(name, 4).with_settings(**settings)
    given = torch.tensor(Z, requires_grad=True)
    loss = TORCH_LOSSES[name](given, torch.tensor(Y), **head.settings)
    loss.sum().backward()
    np.testing.assert_allclose(head.loss(Z, Y)[0], loss.detach().numpy(), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(head.loss_backward(Z, Y), given.grad.numpy(), rtol=1e-12, atol=1e-12)


TORCH_TEXTBOOK = {
    "sigmoid": lambda A, Y, smoothing=0.0: functional.binary_cross_entropy(
        A, Y * (1 - smoothing) + smoothing / 2, reduction="none"
    ).sum(dim=0),
    "softmax": lambda A, Y, smoothing=0.0: -((Y * (1 - smoothing) + smoothing / 4) * torch.log(A)).sum(dim=0),
    "identity": TORCH_LOSSES["identity"],
    "absolute_error": TORCH_LOSSES["absolute_error"],
    "huber": TORCH_LOSSES["huber"],
    "poisson": lambda A, Y: (
        functional.poisson_nll_loss(A, Y, log_input=False, eps=0, reduction="none") + torch.xlogy(Y, Y) - Y
    ).sum(dim=0),
    "quantile": lambda A, Y, levels: torch.stack(
        [
            torch.where(y > a, level * (y - a), (1 - level) * (a - y))
            for level, a, y in zip(levels, A, Y, strict=True)
        ]
    ).sum(dim=0),
    "ordinal": lambda A, Y: functional.binary_cross_entropy(A, Y, reduction="none").sum(dim=0),
}
"""From the output, away from saturation: torch clamps logarithms."""


def test_every_textbook_form_has_a_counterpart() -> None:
    assert set(TORCH_TEXTBOOK) == {name for name, head in HEADS.items() if head.textbook is not None}
    assert all((head.textbook is None) == (head.textbook_backward is None) for head in HEADS.values())


def output_of(head: Head) -> Any:
    """Outputs as the head gives them: of a softmax its columns sum to 1, and so on."""
    return ACTIVATIONS[head.activation].forward(np.random.default_rng(4).uniform(-2, 2, size=(4, 9)))


@pytest.mark.parametrize(("name", "settings"), CASES)
def test_loss_from_the_output(name: str, settings: dict[str, Any]) -> None:
    head = head_of(name, 4).with_settings(**settings)
    AL, Y = output_of(head), target(name, (4, 9), np.random.default_rng(5))
    given = torch.tensor(AL, requires_grad=True)
    loss = TORCH_TEXTBOOK[name](given, torch.tensor(Y), **head.settings)
    loss.sum().backward()
    assert head.textbook is not None
    assert head.textbook_backward is not None
    np.testing.assert_allclose(head.textbook(AL, Y)[0], loss.detach().numpy(), rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(head.textbook_backward(AL, Y), given.grad.numpy(), rtol=1e-12, atol=1e-12)
    assert compute_cost(AL, Y, output=head) == pytest.approx(loss.mean().item(), rel=1e-12)


def test_a_poisson_network_is_scikit_learn_s() -> None:
    """Its MLPRegressor(loss='poisson') with copied weights: the cost and a step of gradient descent."""
    neural_network = pytest.importorskip("sklearn.neural_network")
    from deepstep.equations import cost_from_logits, model_forward, output_gradient

    rng = np.random.default_rng(6)
    X, y = rng.standard_normal((30, 3)), rng.poisson(2, size=30).astype(float)
    peer = neural_network.MLPRegressor(
        hidden_layer_sizes=(4,), loss="poisson", activation="tanh", solver="sgd", momentum=0, alpha=0,
        batch_size=30, learning_rate_init=0.1, max_iter=1, shuffle=False, random_state=0, warm_start=True,
    )  # fmt: skip
    with pytest.warns(UserWarning, match="Maximum iterations"):
        peer.fit(X, y)
    before = {f"W{n}": W.T.copy() for n, W in enumerate(peer.coefs_, 1)}
    before |= {f"b{n}": b[:, np.newaxis].copy() for n, b in enumerate(peer.intercepts_, 1)}
    with pytest.warns(UserWarning, match="Maximum iterations"):
        peer.fit(X, y)
    AL, caches = model_forward(X.T, before, activations=["tanh", "exponential"])
    assert cost_from_logits(caches[-1].Z, y[np.newaxis], output="poisson") == pytest.approx(
        peer.loss_curve_[-1], rel=1e-12
    )
    assert compute_cost(AL, y[np.newaxis], output="poisson") == pytest.approx(peer.loss_curve_[-1], rel=1e-12)
    dZ = output_gradient(caches[-1].Z, y[np.newaxis], output="poisson")
    dW2 = dZ @ caches[-1].linear.A_prev.T / 30
    np.testing.assert_allclose(peer.coefs_[1].T, before["W2"] - 0.1 * dW2, rtol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", HEADS)
def test_extreme_logits_are_finite_without_a_warning(name: str, dtype: Any) -> None:
    """Up to what a float holds, where the loss itself is one; warnings are errors here."""
    head, most = get_head(name), np.finfo(dtype).max
    edge = {"poisson": np.log(most) - 3, "identity": np.sqrt(most) / 8}.get(name, most / 8)
    ends = np.array([-edge, -1, 0, 1, edge], dtype)
    Z = np.stack(np.meshgrid(ends, ends, ends)).reshape(3, -1).astype(dtype)
    Y = target(name, Z.shape, np.random.default_rng(7)).astype(dtype)
    loss, dZ = head.loss(Z, Y), head.loss_backward(Z, Y)
    assert loss.dtype == dZ.dtype == dtype
    assert np.isfinite(loss).all()
    assert np.isfinite(dZ).all()
    assert (loss >= -1e-6 * np.abs(Y).max()).all()
