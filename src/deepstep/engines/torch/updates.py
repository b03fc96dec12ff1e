"""Update rules that write into memory that is there: for numbers of Python on a CPU, several times faster.

Each does what the equation of that name does to θ and the vectors of the rule: ``(old, g, new, α, t)``.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from inspect import signature
from typing import Any, TypeAlias

import torch
from torch import Tensor

from deepstep import equations
from deepstep.equations import Optimizer

Vectors: TypeAlias = Sequence[Tensor]


def gradient_descent(old: Vectors, g: Tensor, new: Vectors, rate: float, t: int) -> None:
    torch.sub(old[0], g, alpha=rate, out=new[0])


def momentum(old: Vectors, g: Tensor, new: Vectors, rate: float, t: int, *, beta: float) -> None:
    torch.lerp(old[1], g, 1 - beta, out=new[1])
    torch.sub(old[0], new[1], alpha=rate, out=new[0])


def heavy_ball(old: Vectors, g: Tensor, new: Vectors, rate: float, t: int, *, beta: float) -> None:
    torch.mul(old[1], beta, out=new[1]).sub_(g, alpha=rate)
    torch.add(old[0], new[1], out=new[0])


def nesterov(old: Vectors, g: Tensor, new: Vectors, rate: float, t: int, *, beta: float) -> None:
    torch.mul(old[1], beta, out=new[1]).sub_(g, alpha=rate)
    torch.add(old[0], new[1], alpha=beta, out=new[0]).sub_(g, alpha=rate)


def rmsprop(
    old: Vectors, g: Tensor, new: Vectors, rate: float, t: int, *, beta: float, epsilon: float
) -> None:
    torch.mul(old[1], beta, out=new[1]).addcmul_(g, g, value=1 - beta)
    torch.addcdiv(old[0], g, new[1].sqrt().add_(epsilon), value=-rate, out=new[0])


def lion(old: Vectors, g: Tensor, new: Vectors, rate: float, t: int, *, beta1: float, beta2: float) -> None:
    direction = torch.mul(old[1], beta1).add_(g, alpha=1 - beta1).sign_()
    torch.lerp(old[1], g, 1 - beta2, out=new[1])
    torch.sub(old[0], direction, alpha=rate, out=new[0])


def adam(old: Vectors, g: Tensor, new: Vectors, rate: float, t: int, **optimizer_params: float) -> None:
    for before, after in zip(old, new, strict=False):
        after.copy_(before)
    adam_([new[0]], [g], [new[1]], [new[2]], rate, t, **optimizer_params)


def adam_(
    theta: list[Tensor], g: list[Tensor], v: list[Tensor], s: list[Tensor], rate: float, t: int, **by: float
) -> None:
    """Update several vectors in one call of a kernel, in place."""
    betas: dict[str, Any] = {"beta1": by["beta1"], "beta2": by["beta2"], "eps": by["epsilon"]}
    steps, no = [torch.tensor(float(t))] * len(theta), False
    torch._fused_adam_(theta, g, v, s, [], steps, lr=rate, weight_decay=0.0, amsgrad=no, maximize=no, **betas)


RULES: dict[Callable[..., Any], Callable[..., None]] = {
    equations.gradient_descent_update: gradient_descent,
    equations.momentum_update: momentum,
    equations.heavy_ball_update: heavy_ball,
    equations.nesterov_update: nesterov,
    equations.rmsprop_update: rmsprop,
    equations.lion_update: lion,
    equations.adam_update: adam,
}


def decay(theta: Tensor, factors: Tensor | float, by: Any, out: Tensor) -> Tensor:
    """(1 - α·λ)·θ."""
    if isinstance(factors, Tensor):
        return torch.addcmul(theta, theta, factors, value=-by, out=out)
    return torch.mul(theta, 1 - by * factors, out=out)


def in_memory(rule: Optimizer, given: Mapping[str, Any]) -> partial[None] | None:
    """The rule with its optimizer_params; None where there is none of that form."""
    if rule.update not in RULES:
        return None
    settings = {**_defaults(rule.update), **given}
    if settings.pop("epsilon_at", "outside") != "outside":
        return None
    return partial(RULES[rule.update], **settings)


def _defaults(function: Callable[..., Any]) -> dict[str, Any]:
    own = signature(function).parameters.values()
    return {one.name: one.default for one in own if one.default is not one.empty}
