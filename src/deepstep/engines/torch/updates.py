"""The update rules of `deepstep.equations` on flat tensors: the new state is written beside the old one.

A number of a step (α, 1 - βᵗ) is a Python number, or a tensor where a captured step reads it anew each
time; α may be a tensor like θ.
"""

from collections.abc import Callable, Sequence
from inspect import signature
from math import sqrt
from typing import Any, NamedTuple, TypeAlias

import torch
from torch import Tensor
from torch.optim.adam import adam as adam_in_place

from deepstep.equations import Optimizer
from deepstep.equations.updates import (
    adam_update,
    gradient_descent_update,
    heavy_ball_update,
    lion_update,
    momentum_update,
    nesterov_update,
    rmsprop_update,
)

Number: TypeAlias = float | Tensor

WORTH_FUSING = 100_000
"""Parameters from which on the call of a fused kernel costs less than it saves."""


class Step(NamedTuple):
    """The numbers of one step.

    Attributes
    ----------
    alpha : float or tensor
        α; a tensor like θ where groups have rates of their own.
    left1, left2 : float or tensor
        1 - β₁ᵗ and 1 - β₂ᵗ, of rules that correct for their start.
    t : int
        The number of the step; 0 where it is captured, to be done again as other steps.
    """

    alpha: Number
    left1: Number = 1.0
    left2: Number = 1.0
    t: int = 1


class Vectors(NamedTuple):
    """What an update reads, and where it writes.

    Attributes
    ----------
    theta, gradient, out : tensors of shape (n_parameters,)
        θ before, ∂J/∂θ, and θ after; ``out`` may be ``theta``.
    slots, slots_out : sequences of tensors
        The rule's state before and after; not the same.
    scratch : tensor of shape (n_parameters,)
    """

    theta: Tensor
    gradient: Tensor
    out: Tensor
    slots: Sequence[Tensor]
    slots_out: Sequence[Tensor]
    scratch: Tensor


def gradient_descent(at: Vectors, by: Step) -> None:
    _minus(at.theta, by.alpha, at.gradient, at)


def momentum(at: Vectors, by: Step, *, beta: float) -> None:
    v = _average(at, 0, beta)
    _minus(at.theta, by.alpha, v, at)


def heavy_ball(at: Vectors, by: Step, *, beta: float) -> None:
    v = _velocity(at, by, beta)
    torch.add(at.theta, v, out=at.out)


def nesterov(at: Vectors, by: Step, *, beta: float) -> None:
    v = _velocity(at, by, beta)
    torch.add(at.theta, v, alpha=beta, out=at.out)
    _minus(at.out, by.alpha, at.gradient, at)


def rmsprop(at: Vectors, by: Step, *, beta: float, epsilon: float) -> None:
    s = _average_of_squares(at, 0, beta)
    root = torch.sqrt(s, out=at.scratch).add_(epsilon)
    _minus_quotient(at, by.alpha, at.gradient, root)


def adam(at: Vectors, by: Step, *, beta1: float, beta2: float, epsilon: float, epsilon_at: str) -> None:
    if epsilon_at == "outside" and at.theta.numel() >= WORTH_FUSING and _is_plain(by):
        return _fused_adam(at, by, beta1, beta2, epsilon)
    v, s = _average(at, 0, beta1), _average_of_squares(at, 1, beta2)
    left = _root(by.left2)  # √ŝ = √s / left: it stands where it costs no pass over θ
    if epsilon_at == "inside":
        root = torch.div(s, by.left2, out=at.scratch).add_(epsilon).sqrt_()
        return _minus_quotient(at, by.alpha / by.left1, v, root)
    root = torch.sqrt(s, out=at.scratch).add_(epsilon if epsilon_at == "hat" else epsilon * left)
    return _minus_quotient(at, by.alpha * (left / by.left1), v, root)


def _fused_adam(at: Vectors, by: Step, beta1: float, beta2: float, epsilon: float) -> None:
    """The same by PyTorch's kernel, which works in place: on copies, in the places of the new state."""
    for old, new in zip((at.theta, *at.slots), (at.out, *at.slots_out), strict=True):
        if old is not new:
            new.copy_(old)
    done = torch.full((), float(by.t - 1), device=at.out.device)  # where the kernel looks for it
    adam_in_place(
        [at.out], [at.gradient], [at.slots_out[0]], [at.slots_out[1]], [], [done],
        fused=True, amsgrad=False, beta1=beta1, beta2=beta2, lr=float(by.alpha), weight_decay=0.0,
        eps=epsilon, maximize=False,
    )  # fmt: skip


def _is_plain(by: Step) -> bool:
    """Whether all numbers of the step are Python's."""
    return not any(isinstance(number, Tensor) for number in by)


def lion(at: Vectors, by: Step, *, beta1: float, beta2: float) -> None:
    (v,), g = at.slots, at.gradient
    _average(at, 0, beta2)
    direction = torch.mul(v, beta1, out=at.scratch).add_(g, alpha=1 - beta1).sign_()
    _minus(at.theta, by.alpha, direction, at)


RULES: dict[Callable[..., Any], Callable[..., None]] = {
    gradient_descent_update: gradient_descent,
    momentum_update: momentum,
    heavy_ball_update: heavy_ball,
    nesterov_update: nesterov,
    rmsprop_update: rmsprop,
    adam_update: adam,
    lion_update: lion,
}
"""Each equation with the function that does the same here."""


def hyperparameters_of(rule: Optimizer, given: Any) -> dict[str, Any]:
    """All hyperparameters in force, with the equation's own defaults."""
    own = signature(RULES[rule.update]).parameters
    defaults = {name: p.default for name, p in signature(rule.update).parameters.items() if name in own}
    return {**defaults, **rule.settings(given)}


def left_of(beta: float, t: int) -> float:
    """1 - βᵗ."""
    return 1 - float(beta) ** int(t)


def _average(at: Vectors, slot: int, beta: float) -> Tensor:
    """v := β·v + (1 - β)·g."""
    return torch.lerp(at.slots[slot], at.gradient, 1 - beta, out=at.slots_out[slot])


def _average_of_squares(at: Vectors, slot: int, beta: float) -> Tensor:
    """s := β·s + (1 - β)·g²."""
    g = at.gradient
    return torch.mul(at.slots[slot], beta, out=at.slots_out[slot]).addcmul_(g, g, value=1 - beta)


def _velocity(at: Vectors, by: Step, beta: float) -> Tensor:
    """v := β·v - α·g."""
    v = torch.mul(at.slots[0], beta, out=at.slots_out[0])
    if isinstance(by.alpha, Tensor):
        return v.sub_(torch.mul(at.gradient, by.alpha, out=at.scratch))
    return v.sub_(at.gradient, alpha=by.alpha)


def _minus(theta: Tensor, alpha: Number, direction: Tensor, at: Vectors) -> None:
    """θ := θ - α·direction."""
    if isinstance(alpha, Tensor):
        torch.sub(theta, torch.mul(direction, alpha, out=at.scratch), out=at.out)
    else:
        torch.sub(theta, direction, alpha=alpha, out=at.out)


def _minus_quotient(at: Vectors, alpha: Number, above: Tensor, below: Tensor) -> None:
    """θ := θ - α·(above / below); ``below`` is written over."""
    if isinstance(alpha, Tensor):
        torch.sub(at.theta, torch.div(above, below, out=below).mul_(alpha), out=at.out)
    else:
        torch.addcdiv(at.theta, above, below, value=-alpha, out=at.out)


def _root(number: Number) -> Number:
    return number.sqrt() if isinstance(number, Tensor) else sqrt(number)
