"""The losses of all heads once more, in torch: from the logits, one number for each example."""

from collections.abc import Callable
from typing import Any

import pytest

torch = pytest.importorskip("torch")
functional = torch.nn.functional


def summed(Z: Any, sign: int) -> Any:
    """Z₁, then the steps softplus(Zₖ) up (or with sign -1 down)."""
    return torch.cumsum(torch.cat([Z[:1], sign * functional.softplus(Z[1:], threshold=40)]), dim=0)


def sigmoid(Z: Any, Y: Any, smoothing: float = 0.0) -> Any:
    T = Y * (1 - smoothing) + smoothing / 2
    return functional.binary_cross_entropy_with_logits(Z, T, reduction="none").sum(dim=0)


def softmax(Z: Any, Y: Any, smoothing: float = 0.0) -> Any:
    return functional.cross_entropy(Z.T, Y.T, reduction="none", label_smoothing=smoothing)


def identity(Z: Any, Y: Any) -> Any:
    return functional.mse_loss(Z, Y, reduction="none").sum(dim=0) / 2


def absolute_error(Z: Any, Y: Any) -> Any:
    return functional.l1_loss(Z, Y, reduction="none").sum(dim=0)


def huber(Z: Any, Y: Any, delta: float = 1.0) -> Any:
    return functional.huber_loss(Z, Y, reduction="none", delta=delta).sum(dim=0)


def poisson(Z: Any, Y: Any) -> Any:
    """torch leaves away what does not depend on Z."""
    of_Z = functional.poisson_nll_loss(Z, Y, log_input=True, full=False, reduction="none")
    return (of_Z + torch.xlogy(Y, Y) - Y).sum(dim=0)


def quantile(Z: Any, Y: Any, levels: tuple[float, ...]) -> Any:
    missing, level = Y - summed(Z, 1), torch.tensor(levels, dtype=Z.dtype)[:, None]
    return torch.maximum(level * missing, (level - 1) * missing).sum(dim=0)


def ordinal(Z: Any, Y: Any) -> Any:
    return functional.binary_cross_entropy_with_logits(summed(Z, -1), Y, reduction="none").sum(dim=0)


TORCH_LOSSES: dict[str, Callable[..., Any]] = {
    loss.__name__: loss
    for loss in (sigmoid, softmax, identity, absolute_error, huber, poisson, quantile, ordinal)
}
"""By the names of the heads, with the heads' settings."""
