"""One step on tensors: the cost and ∂J/∂θ of a batch, then the new state, written beside the old one."""

from collections.abc import Mapping, Sequence
from copy import copy
from typing import NamedTuple

import torch
from torch import Tensor

from deepstep.engines.settings import Settings
from deepstep.engines.torch.heads import LOSSES, settings_on
from deepstep.engines.torch.layout import flat_of, layers_like, layers_of, weights_of
from deepstep.engines.torch.limits import clip_by_norm_, clip_by_value_, limit_norms_
from deepstep.engines.torch.passes import Cache, Room, backward, forward, room_for
from deepstep.engines.torch.place import Place
from deepstep.engines.torch.updates import RULES, Number, Step, Vectors, hyperparameters_of
from deepstep.equations import Head, get_head, get_optimizer
from deepstep.network import Architecture, Parameters


class Batch(NamedTuple):
    """Examples on the device, as rows.

    Attributes
    ----------
    X, Y : tensors of shape (m, n_x) and (m, n_L)
    weight : tensor of shape (m,) or None
        Weights of mean 1.
    masks : mapping
        Dropout masks (m, n_l) by layer.
    """

    X: Tensor
    Y: Tensor
    weight: Tensor | None
    masks: Mapping[int, Tensor]


class Numbers(NamedTuple):
    """The numbers of a step that are other ones in the next.

    Attributes
    ----------
    rate, decay : float or tensor
        α, and λ of the decoupled decay.
    total : float or tensor
        The sum of the weights of the examples.
    left1, left2 : float or tensor
        1 - β₁ᵗ and 1 - β₂ᵗ.
    share, momentum : float or tensor
        The share of the new θ in the average, and of the batch in the running statistics.
    t : int
        The number of the step, where it is not captured.
    """

    rate: Number
    decay: Number
    total: Number
    left1: Number = 1.0
    left2: Number = 1.0
    share: Number = 1.0
    momentum: Number = 0.1
    t: int = 1


class Machine:
    """What does the steps of a network with its settings; has rooms to work in, but no state.

    Attributes
    ----------
    gradient : tensor of shape (n_parameters,)
        ∂J/∂θ of the last batch.
    constants : mapping
        Tensors that steps read and never write: factors of the rate and of the decay, and those of the head.
    """

    def __init__(
        self, architecture: Architecture, settings: Settings, parameters: Parameters, like: Tensor
    ) -> None:
        self._shape, self._settings = architecture, settings
        self._rule = get_optimizer(settings.optimizer)
        self.hyperparameters = hyperparameters_of(self._rule, settings.hyperparameters)
        head: Head = get_head(architecture)
        self._loss, self._head = LOSSES[head.name], settings_on(head.settings, like)
        self.constants = {name: value for name, value in self._head.items() if isinstance(value, Tensor)}
        for kind in ("rate", "decay"):
            factors = settings.factors(kind, parameters)
            if factors is not None:
                self.constants[kind] = torch.as_tensor(factors).to(like)
        self._wide = torch.float32 if like.device.type == "mps" else torch.float64
        self._take_room(like)

    def _take_room(self, like: Tensor) -> None:
        self._like, n = like, self._shape.n_parameters
        self.gradient, self._scratch = like.new_zeros(n), like.new_empty(n)
        self._gradients = layers_of(self.gradient, self._shape)
        self._half = None
        if self._settings.precision == "bfloat16":
            self._half = torch.empty(n, dtype=torch.bfloat16, device=like.device)
            self._half_layers = layers_of(self._half, self._shape)
        self._rooms: dict[tuple[int, bool], Room] = {}
        self._in_parts = False

    def elsewhere(self, like: Tensor, constants: Mapping[str, Tensor]) -> "Machine":
        """The same machine with rooms made from a tensor, a gradient in parts, and these constants."""
        machine = copy(self)
        machine.constants = dict(constants)
        machine._head = self._head | {name: constants[name] for name in self._head if name in constants}
        machine._take_room(like)
        machine._gradients, machine._in_parts = layers_like(machine._gradients), True
        return machine

    def cost_and_gradient(
        self, at: Place, batch: Batch, total: Number, *, exact: bool = False
    ) -> tuple[Tensor, list[Cache]]:
        """J with L1 and L2, and ∂J/∂θ in ``gradient``; ``exact``: as of `of_the_data`."""
        J, caches = self.of_the_data(at, batch, exact=exact)
        J = self.regularize(at, J, total)
        if self._in_parts:
            self.gradient = flat_of(self._gradients, self._shape)
        return J, caches

    def of_the_data(self, at: Place, batch: Batch, *, exact: bool = False) -> tuple[Tensor, list[Cache]]:
        """The mean loss of a batch, and its derivative in ``gradient``.

        ``exact``: with products of θ's own precision in any case.
        """
        layers, half = at.layers, self._half is not None and not exact
        if half and self._half is not None:
            self._half.copy_(at.theta)
            layers = self._half_layers
        room = self._room(len(batch.Y), half=half)
        ZL, caches = forward(batch.X, layers, self._shape, room, batch.masks)
        loss = self._loss.forward(ZL, batch.Y, **self._head)
        dZL = self._loss.backward(ZL, batch.Y, **self._head)
        if batch.weight is not None:
            loss, dZL = loss * batch.weight, dZL * batch.weight[:, None]
        backward(dZL, caches, layers, self._gradients, self._shape, room, batch.masks)
        return loss.mean(dtype=self._wide), caches

    def regularize(self, at: Place, J: Tensor, total: Number) -> Tensor:
        """J with L1 and L2, whose derivatives are added to ``gradient``."""
        l1, l2, weights = self._settings.l1, self._settings.l2, weights_of(at.layers)
        if l1:
            J = J + l1 / total * sum(W.abs().sum(dtype=self._wide) for W in weights)
        if l2:
            J = J + l2 / (2 * total) * sum(W.square().sum(dtype=self._wide) for W in weights)
        for g, W in zip(weights_of(self._gradients), weights, strict=True):
            if l1:
                g.add_(torch.sign(W).mul_(l1 / total))
            if l2:
                g.add_(W * (l2 / total))
        return J

    def clip(self) -> None:
        """Clip the gradient, where that is asked for."""
        if self._settings.clip_value is not None:
            clip_by_value_(self.gradient, float(self._settings.clip_value))
        if self._settings.clip_norm is not None:
            clip_by_norm_(self.gradient, float(self._settings.clip_norm))

    def update(self, old: Place, new: Place, caches: Sequence[Cache], numbers: Numbers) -> None:
        """The state after the step, from ``gradient``, into ``new``."""
        settings, g = self._settings, self.gradient
        self.clip()
        rates = self.constants.get("rate")
        alpha = numbers.rate if rates is None else rates * numbers.rate
        theta = self._decayed(old, new, alpha, numbers.decay)
        n_slots = len(self._rule.state)
        slots, slots_out = (place.vectors[1 : 1 + n_slots] for place in (old, new))
        vectors = Vectors(theta, g, new.theta, slots, slots_out, self._scratch)
        by = Step(alpha, numbers.left1, numbers.left2, numbers.t)
        RULES[self._rule.update](vectors, by, **self.hyperparameters)
        if settings.max_norm is not None:
            for W in weights_of(new.layers):
                limit_norms_(W, float(settings.max_norm))
        if settings.average:
            torch.lerp(old.vectors[-1], new.theta, numbers.share, out=new.vectors[-1])
        self.run_on(old, new, caches, numbers.momentum)

    def run_on(self, old: Place, new: Place, caches: Sequence[Cache], momentum: Number) -> None:
        """The running statistics after a batch; one example alone has no variance and leaves them."""
        for l, cache in enumerate(caches, start=1):
            if f"mean{l}" not in old.running or cache.normalized is None:
                continue
            m, found = len(cache.A_prev), cache.normalized
            unbiased = m / (m - 1) if m > 1 else 1.0
            for name, batch in ((f"mean{l}", found.mean), (f"variance{l}", unbiased * found.variance)):
                if m == 1:
                    new.running[name].copy_(old.running[name])
                else:
                    torch.lerp(old.running[name], batch[0], momentum, out=new.running[name])

    def room_of(self, m: int) -> Room:
        """Where steps on m examples work."""
        return self._room(m, half=self._half is not None)

    def _room(self, m: int, *, half: bool) -> Room:
        """Where m examples are worked on; that of the last few sizes is kept."""
        room = self._rooms.get((m, half))
        if room is None:
            like = self._half if half and self._half is not None else self._like
            room = room_for(self._shape, m, like)
            self._rooms = {**dict(list(self._rooms.items())[-2:]), (m, half): room}
        return room

    def _decayed(self, old: Place, new: Place, alpha: Number, decay: Number) -> Tensor:
        """θ := (1 - α·λ)·θ, where there is decay."""
        if not self._settings.decay or (isinstance(decay, float) and not decay):
            return old.theta
        by = alpha * decay
        decays = self.constants.get("decay")
        if decays is not None:
            by = torch.mul(decays, by, out=self._scratch)
        return torch.mul(old.theta, 1 - by, out=new.theta)
