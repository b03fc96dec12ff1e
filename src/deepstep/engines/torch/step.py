"""One step on tensors: the cost and ∂J/∂θ of a batch, then the new state, written beside the old one."""

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import replace
from functools import partial
from inspect import signature
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import torch
from torch import Tensor

from deepstep import equations
from deepstep.engines.session import first_statistics
from deepstep.engines.settings import Settings
from deepstep.engines.torch.arrays import on_tensors
from deepstep.engines.torch.graph import graph_on_tensors, parameters_in
from deepstep.equations import Graph, Head, Optimizer, get_head, get_optimizer
from deepstep.equations.ops import backward, forward, is_weights
from deepstep.equations.regularization import penalties
from deepstep.network import Architecture, Parameters

Number: TypeAlias = float | Tensor
"""A number of a step; a tensor where a recorded step reads it each time."""
Statistics: TypeAlias = dict[str, Tensor]

AT_ONCE = 2**15
"""Parameters that the equations of an update take at once in each thread of a CPU: its cache holds them."""
ROOMS = 3
"""Kinds of batches for which the memory of a pass is kept."""


class Place(NamedTuple):
    """A state, with views of its vectors; a step reads one and writes the other, which then is the state."""

    vectors: tuple[Tensor, ...]
    running: Statistics
    parameters: dict[str, Tensor]


def place_of(architecture: Architecture, vectors: tuple[Tensor, ...], running: Statistics) -> Place:
    """The place that tensors are."""
    return Place(vectors, running, parameters_in(vectors[0], architecture.graph))


def place_for(architecture: Architecture, n_vectors: int, like: Tensor) -> Place:
    """A new place, of the precision and on the device of a tensor."""
    vectors = tuple(like.new_zeros(architecture.n_parameters) for _ in range(n_vectors))
    statistics = first_statistics(architecture, np.dtype(np.float64))
    running = {name: torch.as_tensor(value).to(like) for name, value in statistics.items()}
    return place_of(architecture, vectors, running)


class Batch(NamedTuple):
    """Examples on the device, as columns; their weights (m,), of mean 1; dropout masks by layer."""

    X: Tensor
    Y: Tensor
    weight: Tensor | None
    masks: dict[int, Tensor]


class Numbers(NamedTuple):
    """The numbers of a step that are other ones in the next."""

    rate: Number
    decay: Number  # λ of the decoupled decay
    total: Number  # the sum of all weights
    t: Number  # counts steps from 1


# Update rules that write into memory that is there: several times faster for numbers of Python on a CPU.
# Each does what the equation of that name does: ``(old, g, new, α, t)``.
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


class Machine:
    """Does the steps of a network with its settings; has memory to work in, but no state."""

    def __init__(
        self, architecture: Architecture, settings: Settings, parameters: Parameters, like: Tensor
    ) -> None:
        self.architecture, self._settings = architecture, settings
        self._rule = get_optimizer(settings.optimizer)
        self._optimizer_params = self._rule.settings(settings.optimizer_params)
        self.in_memory = in_memory(self._rule, self._optimizer_params) if like.is_cpu else None
        self._members = max(1, architecture.shared_members)
        self._loss, self._loss_backward = _losses(get_head(architecture), like)
        self._weights = list(filter(is_weights, parameters))
        factors = (settings.factors(kind, parameters) for kind in ("rate", "decay"))
        self._factors = [1.0 if one is None else torch.as_tensor(one).to(like) for one in factors]
        self._wide = torch.float32 if like.device.type == "mps" else torch.float64
        self._work_in(like.new_zeros(architecture.n_parameters), keeps=True)

    def _work_in(self, gradient: Tensor, *, keeps: bool) -> None:
        self.gradient, self._parts = gradient, parameters_in(gradient, self.architecture.graph)
        self._keeps = keeps
        self._rooms: dict[tuple[Any, ...], Graph] = {}

    def traceable(self, gradient: Tensor) -> "Machine":
        """The same machine with another gradient, and without memory that is kept."""
        machine = copy(self)
        machine._work_in(gradient, keeps=False)
        return machine

    def room(self, batch: Batch, *, exact: bool = False) -> Graph:
        """The graph for such a batch, with the memory that it works in."""
        half = self._settings.precision == "bfloat16" and not exact
        key = batch.Y.shape[1], tuple(batch.masks), half
        if key not in self._rooms:
            graph = self.architecture.graph_with_dropout(frozenset(batch.masks))
            graph = graph_on_tensors(graph, self._parts if self._keeps else None, half=half)
            self._rooms = {**dict(list(self._rooms.items())[1 - ROOMS :]), key: graph}
        return self._rooms[key]

    def cost_and_gradient(
        self, at: Place, batch: Batch, total: Number, *, exact: bool = False
    ) -> tuple[Tensor, Statistics]:
        """J with L1 and L2, and ∂J/∂θ in ``gradient``; otherwise as `of_the_data`."""
        J, statistics = self.of_the_data(at, batch, exact=exact)
        return self.regularize(at, J, total), statistics

    def of_the_data(self, at: Place, batch: Batch, *, exact: bool = False) -> tuple[Tensor, Statistics]:
        """The mean loss of a batch and its statistics; ``exact``: with products of θ's own precision."""
        graph = self.room(batch, exact=exact)
        tape: dict[str, Any] = {"A0": batch.X, **at.parameters}
        tape |= {f"mask{layer}": mask for layer, mask in batch.masks.items()}
        forward(graph.to_logits, tape)
        ZL = tape[graph.logits]
        loss, dZL = self._loss(ZL, batch.Y), self._loss_backward(ZL, batch.Y)
        if batch.weight is not None:
            loss, dZL = loss * batch.weight, dZL * batch.weight.repeat(self._members)
        d: dict[str, Any] = {graph.logits: dZL}
        for _, found in backward(graph.to_logits, tape, d, input_gradient=False):
            value: Any
            for name, value in found.items():
                if name in self._parts and self._parts[name] is not value:
                    self._parts[name].copy_(value)
        return loss.mean(dtype=self._wide), {name: tape[name] for name in at.running}

    def regularize(self, at: Place, J: Tensor, total: Number) -> Tensor:
        """J with L1 and L2, whose derivatives are added to ``gradient``."""
        weights = {name: at.parameters[name] for name in self._weights}
        for term in penalties(self._settings.l1, self._settings.l2):
            J = J + on_tensors(term.cost)(weights.values(), term.strength, total)
            for name, W in weights.items():
                self._parts[name].add_(on_tensors(term.backward)(W, term.strength, total))
        return J

    def clip(self) -> None:
        """Clip the gradient, where that is asked for."""
        for most, clip in (
            (self._settings.clip_value, equations.clip_by_value),
            (self._settings.clip_norm, equations.clip_by_norm),
        ):
            if most is not None:
                self.gradient.copy_(on_tensors(clip)(self.gradient, most=float(most)))

    def update(self, old: Place, new: Place, batch: Batch, statistics: Statistics, by: Numbers) -> None:
        """The state after the step, from ``gradient``, into ``new``."""
        self.clip()
        settings, g, rates, decays = self._settings, self.gradient, *self._factors
        theta, *slots = old.vectors[: 1 + len(self._rule.state)]
        if self.in_memory is None or isinstance(by.rate, Tensor) or isinstance(rates, Tensor):
            size = AT_ONCE * torch.get_num_threads() if g.is_cpu else g.numel()
            for at in range(0, g.numel(), size):
                given = [_part(one, slice(at, at + size)) for one in (theta, g, *slots, rates, decays)]
                for value, out in zip(self._updated(by, *given), new.vectors, strict=False):
                    out[at : at + size].copy_(value)
        else:
            if settings.decay:
                theta = decay(theta, decays, by.rate * by.decay, new.vectors[0])
            self.in_memory([theta, *slots], g, new.vectors, by.rate, by.t)
        self.run_on(old, new, batch, statistics)

    def _updated(self, by: Numbers, *given: Any) -> Sequence[Tensor]:
        """θ and the vectors of the rule after the step, by the equations."""
        theta, *vectors, rates, decays = given
        rate = rates * by.rate
        if self._settings.decay:
            decayed = on_tensors(equations.decoupled_decay)
            theta = decayed(theta, learning_rate=rate, weight_decay=decays * by.decay)
        count: dict[str, Any] = {"t": by.t} if self._rule.counts_steps else {}
        update: Callable[..., Sequence[Tensor]] = on_tensors(self._rule.update)
        return update(theta, *vectors, learning_rate=rate, **count, **self._optimizer_params)

    def run_on(
        self, old: Place, new: Place, batch: Batch, statistics: Mapping[str, Tensor], **momentum: float
    ) -> None:
        """The running statistics after a batch."""
        for node in self.architecture.graph.nodes if statistics else ():
            if node.op.running is not None:
                names = node.written(node.op.running.start)
                given = (values[name] for values in (old.running, statistics) for name in names)
                after = on_tensors(node.op.running.update)(*given, batch.Y.shape[1], **momentum)
                for name, value in zip(names, after, strict=True):
                    new.running[name].copy_(value)


def _part(value: Number, part: slice) -> Number:
    return value[part] if isinstance(value, Tensor) else value


def _losses(head: Head, like: Tensor) -> tuple[Callable[..., Tensor], Callable[..., Tensor]]:
    """The loss and its backward on tensors; settings that are sequences as tensors beside ``like``."""
    each, members = head.each or head, head.members
    settings = {
        name: torch.tensor(value, dtype=like.dtype, device=like.device)
        for name, value in each.settings.items()
        if isinstance(value, tuple)
    }
    bound: dict[str, Any] = {
        name: partial(getattr(each, name), **settings) for name in ("loss", "loss_backward")
    }
    found = replace(each, **bound).of_members(members)
    return on_tensors(found.loss), on_tensors(found.loss_backward)
