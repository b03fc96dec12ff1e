"""One step on tensors: the cost and ∂J/∂θ of a batch, then the new state, written beside the old one."""

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple, TypeAlias

import torch
from torch import Tensor

from deepstep.engines.settings import Settings
from deepstep.engines.torch.arrays import on_tensors
from deepstep.engines.torch.graph import block_size, graph_on_tensors, parameters_in
from deepstep.equations import (
    Graph,
    Head,
    clip_by_norm,
    clip_by_value,
    decoupled_decay,
    get_head,
    get_optimizer,
    l1_backward,
    l1_cost,
    l2_backward,
    l2_cost,
    limit_norms,
)
from deepstep.equations.ops import Node, backward, forward
from deepstep.network import Architecture, Parameters
from deepstep.network.model_file import statistics_shapes

Number: TypeAlias = float | Tensor
"""A number of a step: Python's, or a tensor that a recorded step reads anew each time."""

ROOMS = 3
"""Numbers of examples for which the memory of a step is kept."""


class Place(NamedTuple):
    """A state on the device. There are two: a step reads one and writes the other, which then is the state.

    So an interruption finds the state before a step or the one after it.

    Attributes
    ----------
    vectors : tuple of tensors of shape (n_parameters,)
        θ, the vectors of the update rule and, where one is kept, the average.
    running : mapping
        ``"mean1"``, ``"variance1"``, … (n_l, 1).
    parameters, predicting : mappings
        Those that are trained and those that predict: views of the first and the last vector.
    """

    vectors: tuple[Tensor, ...]
    running: dict[str, Tensor]
    parameters: dict[str, Tensor]
    predicting: dict[str, Tensor]


def place_of(architecture: Architecture, vectors: tuple[Tensor, ...], running: dict[str, Tensor]) -> Place:
    """The place that tensors are."""
    first, last = (parameters_in(vector, architecture.graph) for vector in (vectors[0], vectors[-1]))
    return Place(vectors, running, first, last)


def place_for(architecture: Architecture, n_vectors: int, like: Tensor) -> Place:
    """A new place, of the precision and on the device of a tensor."""
    vectors = tuple(like.new_zeros(architecture.n_parameters) for _ in range(n_vectors))
    running = {name: like.new_zeros(shape) for name, shape in statistics_shapes(architecture).items()}
    return place_of(architecture, vectors, running)


class Batch(NamedTuple):
    """Examples on the device, as columns.

    Attributes
    ----------
    X, Y : tensors of shape (n_x, m) and (n_L, m)
    weight : tensor of shape (m,) or None
        Weights of mean 1.
    masks : mapping
        Dropout masks (n_l, m) by layer.
    """

    X: Tensor
    Y: Tensor
    weight: Tensor | None
    masks: dict[int, Tensor]


class Numbers(NamedTuple):
    """The numbers of a step that are other ones in the next.

    Attributes
    ----------
    rate, decay : float or tensor
        α, and λ of the decoupled decay.
    total : float or tensor
        The sum of the weights of the examples.
    t : int or tensor
        The number of the step, from 1.
    share, momentum : float or tensor
        The share of the new θ in the average, and of the batch in the running statistics.
    """

    rate: Number
    decay: Number
    total: Number
    t: Number = 1
    share: Number = 1.0
    momentum: Number = 0.1


class Room(NamedTuple):
    """The graph of a pass with the memory that it works in, and its nodes up to the logits."""

    graph: Graph
    nodes: tuple[Node, ...]


class Machine:
    """What does the steps of a network with its settings; has memory to work in, but no state.

    Attributes
    ----------
    gradient : tensor of shape (n_parameters,)
        ∂J/∂θ of the last batch.
    """

    def __init__(
        self, architecture: Architecture, settings: Settings, parameters: Parameters, like: Tensor
    ) -> None:
        self.architecture, self._settings = architecture, settings
        self._rule = get_optimizer(settings.optimizer)
        self._hyperparameters = self._rule.settings(settings.hyperparameters)
        self._rule_on_tensors = on_tensors(self._rule.update)
        self._members = max(1, architecture.shared_members)
        self._loss, self._loss_backward = _losses(get_head(architecture), like)
        self._weights = [f"W{l}" for l in range(1, architecture.n_layers + 1)]
        self._factors: dict[str, Tensor] = {}
        for kind in ("rate", "decay"):
            factors = settings.factors(kind, parameters)
            if factors is not None:
                self._factors[kind] = torch.as_tensor(factors).to(like)
        self._wide = torch.float32 if like.device.type == "mps" else torch.float64
        self._work_in(like.new_zeros(architecture.n_parameters), keeps=True)

    def _work_in(self, gradient: Tensor, *, keeps: bool) -> None:
        self.gradient, self._parts = gradient, parameters_in(gradient, self.architecture.graph)
        self._keeps = keeps
        self._rooms: dict[tuple[Any, ...], Room] = {}

    def traceable(self, gradient: Tensor) -> "Machine":
        """The same machine without memory of its own, with another gradient."""
        machine = copy(self)
        machine._work_in(gradient, keeps=False)
        return machine

    def cost_and_gradient(
        self, at: Place, batch: Batch, total: Number, *, exact: bool = False
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """J with L1 and L2, and ∂J/∂θ in ``gradient``; otherwise as `of_the_data`."""
        J, statistics = self.of_the_data(at, batch, exact=exact)
        return self.regularize(at, J, total), statistics

    def of_the_data(
        self, at: Place, batch: Batch, *, exact: bool = False
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """The mean loss of a batch, and its derivative in ``gradient``.

        Parameters
        ----------
        at : Place
        batch : Batch
        exact : bool
            Whether products are of θ's own precision in any case.

        Returns
        -------
        J : tensor
        statistics : dict
            Mean and variance of the batch, by the names of the running statistics.
        """
        graph, nodes = self.room(batch, exact=exact)
        tape: dict[str, Any] = {"A0": batch.X, **at.parameters}
        tape |= {f"mask{layer}": mask for layer, mask in batch.masks.items()}
        forward(nodes, tape)
        ZL = tape[graph.logits]
        loss, dZL = self._loss(ZL, batch.Y), self._loss_backward(ZL, batch.Y)
        if batch.weight is not None:
            loss, dZL = loss * batch.weight, dZL * batch.weight.repeat(self._members)
        d: dict[str, Any] = {graph.logits: dZL}
        for _, found in backward(nodes, tape, d, input_gradient=False):
            for name, value in found.items():
                part: Any = self._parts.get(name, value)
                if part is not value:
                    part.copy_(value)
        return loss.mean(dtype=self._wide), {name: tape[name] for name in at.running}

    def regularize(self, at: Place, J: Tensor, total: Number) -> Tensor:
        """J with L1 and L2, whose derivatives are added to ``gradient``."""
        weights = [at.parameters[name] for name in self._weights]
        for strength, cost, derivative in (
            (self._settings.l1, l1_cost, l1_backward),
            (self._settings.l2, l2_cost, l2_backward),
        ):
            if strength:
                J = J + on_tensors(cost)(weights, strength, total)
                for name, W in zip(self._weights, weights, strict=True):
                    self._parts[name].add_(on_tensors(derivative)(W, strength, total))
        return J

    def update(
        self, old: Place, new: Place, batch: Batch, statistics: Mapping[str, Tensor], by: Numbers
    ) -> None:
        """The state after the step, from ``gradient``, into ``new``."""
        settings, g = self._settings, self.gradient
        if settings.clip_value is not None:
            g.copy_(on_tensors(clip_by_value)(g, most=float(settings.clip_value)))
        if settings.clip_norm is not None:
            g.copy_(on_tensors(clip_by_norm)(g, most=float(settings.clip_norm)))
        n, factors = 1 + len(self._rule.state), self._factors
        given = (g, *old.vectors[:n], *new.vectors[:n], *factors.values())
        size = block_size(g) if self._keeps else g.numel()
        for gradient, *rest in zip(*(vector.split(size) for vector in given), strict=True):
            of_these = dict(zip(factors, rest[2 * n :], strict=True))
            for value, out in zip(self._updated(gradient, rest[:n], of_these, by), rest[n:], strict=False):
                out.copy_(value)
        if settings.max_norm is not None:
            for name in self._weights:
                W = new.parameters[name]
                W.copy_(on_tensors(limit_norms)(W, most=float(settings.max_norm)))
        if settings.average:
            torch.lerp(old.vectors[-1], new.vectors[0], by.share, out=new.vectors[-1])
        self.run_on(old, new, batch, statistics, by.momentum)

    def _updated(
        self, gradient: Tensor, vectors: Sequence[Tensor], factors: Mapping[str, Tensor], by: Numbers
    ) -> Sequence[Tensor]:
        """θ and the vectors of the rule after the step, or a part of each."""
        theta, *slots = vectors
        rate = factors["rate"] * by.rate if "rate" in factors else by.rate
        if self._settings.decay:
            decay = factors["decay"] * by.decay if "decay" in factors else by.decay
            theta = on_tensors(decoupled_decay)(theta, learning_rate=rate, weight_decay=decay)
        count = {"t": by.t} if self._rule.counts_steps else {}
        found: Sequence[Tensor] = self._rule_on_tensors(
            theta, gradient, *slots, learning_rate=rate, **count, **self._hyperparameters
        )
        return found

    def run_on(
        self, old: Place, new: Place, batch: Batch, statistics: Mapping[str, Tensor], momentum: Number
    ) -> None:
        """The running statistics after a batch."""
        m = batch.Y.shape[1]
        for node in self.architecture.graph.nodes if statistics else ():
            if node.op.running is not None:
                names = node.written(node.op.running.start)
                before, seen = ([given[name] for name in names] for given in (old.running, statistics))
                after = on_tensors(node.op.running.update)(*before, *seen, m, momentum=momentum)
                for name, value in zip(names, after, strict=True):
                    new.running[name].copy_(value)

    def room(self, batch: Batch, *, exact: bool = False) -> Room:
        """The graph for such a batch, with the memory that it works in; that of the last few is kept."""
        half = self._settings.precision == "bfloat16" and not exact
        key = batch.Y.shape[1], tuple(batch.masks), half
        found = self._rooms.get(key)
        if found is None:
            parts = self._parts if self._keeps else None
            graph = self.architecture.graph_with_dropout(frozenset(batch.masks))
            graph = graph_on_tensors(graph, parts, half=half)
            end = next(at for at, node in enumerate(graph.nodes, start=1) if graph.logits in node.writes)
            found = Room(graph, graph.nodes[:end])
            self._rooms = {**dict(list(self._rooms.items())[1 - ROOMS :]), key: found}
        return found


def _losses(head: Head, like: Tensor) -> tuple[Callable[..., Tensor], Callable[..., Tensor]]:
    """The loss and its backward on tensors; settings that are sequences as tensors beside ``like``."""
    each = head.each or head
    settings = {
        name: torch.tensor(value, dtype=like.dtype, device=like.device)
        for name, value in each.settings.items()
        if isinstance(value, tuple)
    }
    loss, loss_backward = (partial(function, **settings) for function in (each.loss, each.loss_backward))
    bound = replace(each, loss=loss, loss_backward=loss_backward).of_members(head.members)
    return on_tensors(bound.loss), on_tensors(bound.loss_backward)
