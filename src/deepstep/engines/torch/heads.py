"""The losses of `deepstep.equations` from the logits, on tensors whose rows are examples."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor

from deepstep.engines.torch.activations import falling, increasing, increasing_backward, sigmoid


class Loss(NamedTuple):
    """A loss with its backward; both take the settings of the head.

    Attributes
    ----------
    forward : callable
        (ZL, Y) → the loss of each example (m,).
    backward : callable
        (ZL, Y) → the derivative of their sum (m, n_L), a new tensor.
    """

    forward: Callable[..., Tensor]
    backward: Callable[..., Tensor]


def sigmoid_cross_entropy(ZL: Tensor, Y: Tensor, smoothing: float = 0.0) -> Tensor:
    linear = ZL.clamp(min=0) - _smooth(Y, smoothing, 2) * ZL  # first: a sure, right answer keeps its loss
    return (linear + torch.log1p(torch.exp(-ZL.abs()))).sum(dim=1)


def sigmoid_cross_entropy_backward(ZL: Tensor, Y: Tensor, smoothing: float = 0.0) -> Tensor:
    return sigmoid(ZL) - _smooth(Y, smoothing, 2)


def softmax_cross_entropy(ZL: Tensor, Y: Tensor, smoothing: float = 0.0) -> Tensor:
    shifted = _no_infinity(ZL - ZL.amax(dim=1, keepdim=True))
    right = (_smooth(Y, smoothing, Y.shape[1]) * shifted).sum(dim=1)
    # log Σ e^shifted, as the largest is 0: this kernel is some times faster than exp where much is near 0
    return -torch.log_softmax(shifted, dim=1).amax(dim=1) - right


def softmax_cross_entropy_backward(ZL: Tensor, Y: Tensor, smoothing: float = 0.0) -> Tensor:
    return torch.softmax(ZL, dim=1).sub_(_smooth(Y, smoothing, Y.shape[1]))


def ordinal_cross_entropy(ZL: Tensor, Y: Tensor) -> Tensor:
    return sigmoid_cross_entropy(_no_infinity(falling(ZL)), Y)


def ordinal_cross_entropy_backward(ZL: Tensor, Y: Tensor) -> Tensor:
    turned = _first_negated(ZL)
    return _first_negated(increasing_backward(Y - sigmoid(_no_infinity(falling(ZL))), turned))


def squared_error(ZL: Tensor, Y: Tensor) -> Tensor:
    difference = ZL - Y
    return (difference * difference).sum(dim=1) / 2


def squared_error_backward(ZL: Tensor, Y: Tensor) -> Tensor:
    return ZL - Y


def absolute_error(ZL: Tensor, Y: Tensor) -> Tensor:
    return (ZL - Y).abs().sum(dim=1)


def absolute_error_backward(ZL: Tensor, Y: Tensor) -> Tensor:
    return torch.sign(ZL - Y)


def huber(ZL: Tensor, Y: Tensor, delta: float = 1.0) -> Tensor:
    distance = (ZL - Y).abs()
    c = distance.clamp(max=delta)
    return (c * (distance - c / 2)).sum(dim=1)


def huber_backward(ZL: Tensor, Y: Tensor, delta: float = 1.0) -> Tensor:
    return (ZL - Y).clamp(-delta, delta)


def poisson_deviance(ZL: Tensor, Y: Tensor) -> Tensor:
    return (torch.exp(ZL) - Y - Y * (ZL - torch.log(Y.masked_fill(Y == 0, 1)))).sum(dim=1)


def poisson_deviance_backward(ZL: Tensor, Y: Tensor) -> Tensor:
    return torch.exp(ZL) - Y


def quantile_loss(ZL: Tensor, Y: Tensor, levels: Tensor) -> Tensor:
    missing = Y - increasing(ZL)
    return torch.maximum(levels * missing, (levels - 1) * missing).sum(dim=1)


def quantile_loss_backward(ZL: Tensor, Y: Tensor, levels: Tensor) -> Tensor:
    side = torch.sign(increasing(ZL) - Y)
    return increasing_backward(torch.where(side < 0, -levels, (1 - levels) * side), ZL)


LOSSES: dict[str, Loss] = {
    "sigmoid": Loss(sigmoid_cross_entropy, sigmoid_cross_entropy_backward),
    "softmax": Loss(softmax_cross_entropy, softmax_cross_entropy_backward),
    "identity": Loss(squared_error, squared_error_backward),
    "absolute_error": Loss(absolute_error, absolute_error_backward),
    "huber": Loss(huber, huber_backward),
    "poisson": Loss(poisson_deviance, poisson_deviance_backward),
    "quantile": Loss(quantile_loss, quantile_loss_backward),
    "ordinal": Loss(ordinal_cross_entropy, ordinal_cross_entropy_backward),
}
"""The losses of all heads by the head's name."""


def settings_on(settings: Mapping[str, Any], like: Tensor) -> dict[str, Any]:
    """The settings of a head as the losses take them: sequences as tensors beside ``like``."""
    return {
        name: torch.tensor(value, dtype=like.dtype, device=like.device) if isinstance(value, tuple) else value
        for name, value in settings.items()
    }


def _smooth(Y: Tensor, smoothing: float, n: int) -> Tensor:
    return (1 - smoothing) * Y + smoothing / n if smoothing else Y


def _no_infinity(logits: Tensor) -> Tensor:
    """Logits below all numbers of their dtype as the lowest one, so that 0 · logit stays 0."""
    return logits.clamp(min=torch.finfo(logits.dtype).min)


def _first_negated(rows: Tensor) -> Tensor:
    return torch.cat([-rows[:, :1], rows[:, 1:]], dim=1)
