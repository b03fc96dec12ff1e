"""The activations of `deepstep.equations` on tensors whose rows are examples, each with its backward."""

from collections.abc import Callable
from functools import partial
from math import pi, sqrt
from typing import NamedTuple

import torch
from torch import Tensor

from deepstep.equations.relu_variants import SELU_ALPHA, SELU_SCALE, SETTLED

SLOPE = 0.01
"""Of the leaky relu."""

FAR = -40.0
"""Below it 1 + e^Z is 1 to the last bit of float64."""


class Activation(NamedTuple):
    """A forward with its backward.

    Attributes
    ----------
    forward : callable
        Z (m, n) → A.
    backward : callable
        (dA, Z) → dZ; it may write over dA.
    in_place : bool
        Whether A may stand where Z stood, as the backward asks for the sign alone.
    """

    forward: Callable[[Tensor], Tensor]
    backward: Callable[[Tensor, Tensor], Tensor]
    in_place: bool = False


def sigmoid(Z: Tensor) -> Tensor:
    """1 / (1 + e^-Z), with the subnormal values that torch.sigmoid gives as 0."""
    return torch.where(Z < FAR, torch.exp(Z), torch.sigmoid(Z))


def relu_backward(dA: Tensor, Z: Tensor) -> Tensor:
    return _where_positive(Z, dA, dA, 0)


def leaky_relu(Z: Tensor) -> Tensor:
    return torch.where(Z > 0, Z, SLOPE * Z)


def leaky_relu_backward(dA: Tensor, Z: Tensor) -> Tensor:
    return torch.where(Z > 0, dA, SLOPE * dA)


def elu(Z: Tensor, alpha: float = 1.0) -> Tensor:
    return torch.where(Z > 0, Z, alpha * torch.expm1(Z.clamp(max=0)))


def elu_backward(dA: Tensor, Z: Tensor, alpha: float = 1.0) -> Tensor:
    return dA.mul_(torch.exp(Z.clamp(max=0)).mul_(alpha).masked_fill_(Z > 0, 1))


def selu(Z: Tensor) -> Tensor:
    return SELU_SCALE * elu(Z, SELU_ALPHA)


def selu_backward(dA: Tensor, Z: Tensor) -> Tensor:
    return elu_backward(dA, Z, SELU_ALPHA).mul_(SELU_SCALE)


def softplus(Z: Tensor) -> Tensor:
    return Z.abs().neg_().exp_().log1p_().add_(Z.clamp(min=0))


def softplus_backward(dA: Tensor, Z: Tensor) -> Tensor:
    return dA * sigmoid(Z)


def gelu(Z: Tensor) -> Tensor:
    return _normal_probability(Z).mul_(Z)


def gelu_backward(dA: Tensor, Z: Tensor) -> Tensor:
    near = Z.clamp(-SETTLED, SETTLED)
    density = torch.exp(-near * near / 2).div_(sqrt(2 * pi))
    return dA.mul_(density.mul_(near).add_(_normal_probability(Z)))


def gelu_tanh(Z: Tensor) -> Tensor:
    return sigmoid(_cubic(Z.clamp(-SETTLED, SETTLED))).mul_(Z)


def gelu_tanh_backward(dA: Tensor, Z: Tensor) -> Tensor:
    near = Z.clamp(-SETTLED, SETTLED)
    cubic, steepness = _cubic(near), 2 * sqrt(2 / pi) * (1 + 3 * 0.044715 * near * near)
    return dA.mul_(sigmoid(cubic).add_(sigmoid_backward(near * steepness, cubic)))


def silu(Z: Tensor) -> Tensor:
    return sigmoid(Z).mul_(Z)


def silu_backward(dA: Tensor, Z: Tensor) -> Tensor:
    slope = sigmoid(-Z).mul_(Z).add_(1).mul_(sigmoid(Z))
    return dA.mul_(slope)


def mish(Z: Tensor) -> Tensor:
    return softplus(Z).tanh_().mul_(Z)


def mish_backward(dA: Tensor, Z: Tensor) -> Tensor:
    T = softplus(Z).tanh_()
    return dA.mul_(T + Z * (1 - T * T) * sigmoid(Z))


def tanh_backward(dA: Tensor, Z: Tensor) -> Tensor:
    """1 / cosh²(Z) with t = e^(-|Z|), exact in both tails."""
    t = Z.abs().neg_().exp_()
    slope = 2 * t / (1 + t * t)
    return dA.mul_(slope).mul_(slope)


def sigmoid_backward(dA: Tensor, Z: Tensor) -> Tensor:
    """t / (1 + t)² with t = e^(-|Z|), exact in both tails."""
    t = Z.abs().neg_().exp_()
    return dA * t / ((1 + t) * (1 + t))


def exponential_backward(dA: Tensor, Z: Tensor) -> Tensor:
    """0 where dA is 0, however large Z."""
    return dA * Z.masked_fill(dA == 0, 0).exp_()


def softmax(Z: Tensor) -> Tensor:
    return torch.softmax(Z, dim=1)


def softmax_backward(dA: Tensor, Z: Tensor) -> Tensor:
    A = softmax(Z)
    return A * (dA - (dA * A).sum(dim=1, keepdim=True))


def increasing(Z: Tensor) -> Tensor:
    return torch.cumsum(_first_and_steps(Z, 1), dim=1)


def increasing_backward(dA: Tensor, Z: Tensor) -> Tensor:
    return _first_and_steps_backward(dA, Z, 1)


def falling(Z: Tensor) -> Tensor:
    """U, the logits of the probabilities that never rise from unit to unit."""
    return torch.cumsum(_first_and_steps(Z, -1), dim=1)


def ordinal(Z: Tensor) -> Tensor:
    return sigmoid(falling(Z))


def ordinal_backward(dA: Tensor, Z: Tensor) -> Tensor:
    return _first_and_steps_backward(sigmoid_backward(dA, falling(Z)), Z, -1)


ACTIVATIONS: dict[str, Activation] = {
    "identity": Activation(lambda Z: Z, lambda dA, Z: dA, in_place=True),
    "relu": Activation(torch.relu_, relu_backward, in_place=True),
    "leaky_relu": Activation(leaky_relu, leaky_relu_backward),
    "elu": Activation(elu, elu_backward),
    "selu": Activation(selu, selu_backward),
    "gelu": Activation(gelu, gelu_backward),
    "gelu_tanh": Activation(gelu_tanh, gelu_tanh_backward),
    "silu": Activation(silu, silu_backward),
    "mish": Activation(mish, mish_backward),
    "softplus": Activation(softplus, softplus_backward),
    "tanh": Activation(torch.tanh, tanh_backward),
    "sigmoid": Activation(sigmoid, sigmoid_backward),
    "exponential": Activation(torch.exp, exponential_backward),
    "softmax": Activation(softmax, softmax_backward),
    "increasing": Activation(increasing, increasing_backward),
    "ordinal": Activation(ordinal, ordinal_backward),
}
"""All activations by name. A test holds this table and the one of the choice of engines together."""


def _where_positive(Z: Tensor, dA: Tensor, out: Tensor, threshold: float) -> Tensor:
    """dA where Z > threshold, else 0, written into ``out``: the kernel that PyTorch's own relu uses."""
    found: Tensor = _threshold_backward(dA, Z, threshold, grad_input=out)
    return found


_threshold_backward = partial(torch.ops.aten.threshold_backward.grad_input)


def _normal_probability(Z: Tensor) -> Tensor:
    """Φ(Z), exact in both tails."""
    return torch.special.erfc(Z * -sqrt(0.5)).div_(2)


def _cubic(near: Tensor) -> Tensor:
    """2u of the approximation of gelu."""
    return 2 * sqrt(2 / pi) * (near + 0.044715 * near * near * near)


def _first_and_steps(Z: Tensor, sign: int) -> Tensor:
    """The first number, then the way from each to the next."""
    return torch.cat([Z[:, :1], sign * softplus(Z[:, 1:])], dim=1)


def _first_and_steps_backward(dU: Tensor, Z: Tensor, sign: int) -> Tensor:
    """dZ from the derivative by the sums of the first number and the steps."""
    from_here_on = torch.cumsum(dU.flip(1), dim=1).flip(1)
    return torch.cat([from_here_on[:, :1], sign * softplus_backward(from_here_on[:, 1:], Z[:, 1:])], dim=1)
