"""Steps one after another: batches in, costs out, and the state behind them."""

from collections.abc import Iterable
from math import isfinite
from typing import NamedTuple, TypeAlias

import numpy as np
from torch import Tensor

from deepstep.engines.draws import check_dropout, dropout_masks, input_noise
from deepstep.engines.session import StepCosts
from deepstep.engines.settings import Settings
from deepstep.engines.torch.at_once import AtOnce, can_be_at_once
from deepstep.engines.torch.feed import Feed
from deepstep.engines.torch.passes import Cache
from deepstep.engines.torch.place import Place, place_for
from deepstep.engines.torch.step import Batch, Machine, Numbers
from deepstep.engines.torch.updates import left_of
from deepstep.equations import get_optimizer
from deepstep.equations.updates import corrected_share
from deepstep.network import Architecture, Parameters
from deepstep.types import AnyArray, Array

Rows: TypeAlias = slice | AnyArray
"""Which rows of a batch, as one takes them from an array."""


class Now(NamedTuple):
    """Which of the two places is the state, how many steps it is old, and whether it has an average."""

    place: int
    step: int
    averaged: bool


class Task(NamedTuple):
    """One batch, as rows on the device, with its rate and its factors of decay and dropout.

    X, Y and ``weight`` (of mean 1 over the batch) are of the rows that are worked on here, which are
    ``part`` of the m in the batch; ``total`` is the sum of all weights as they were given.
    """

    at: int
    m: int
    part: Rows
    X: Tensor
    Y: Tensor
    weight: Array | None
    total: float
    rate: float
    decay: float
    dropout: float


class Stepper:
    """The state of a session, and what moves it. The other place is written, then it is the state; where one
    call of a kernel does the whole update, it writes over the state.
    """

    _owed: Now | None

    def __init__(
        self,
        architecture: Architecture,
        settings: Settings,
        parameters: Parameters,
        like: Tensor,
        feed: Feed,
    ) -> None:
        self._shape, self._settings, self._feed = architecture, settings, feed
        self._dtype = parameters.dtype
        self._dropout = settings.dropout_of(architecture)
        self.machine = Machine(architecture, settings, parameters, like)
        n_vectors = 1 + len(get_optimizer(settings.optimizer).state) + bool(settings.average)
        self.places = tuple(place_for(architecture, n_vectors, like) for _ in range(2))
        self._now, self._owed = Now(0, 0, averaged=False), None
        hyperparameters, whole = self.machine.hyperparameters, not self.here.running
        self._at_once = None
        if whole and can_be_at_once(settings, hyperparameters, like):
            self._at_once = AtOnce(hyperparameters, like)

    @property
    def now(self) -> Now:
        """Where the state stands. After an interruption the kernel that works in place says whether it was
        done.
        """
        if self._owed is not None and self._at_once is not None and self._at_once.done:
            self.now = self._owed
        return self._now

    @now.setter
    def now(self, now: Now) -> None:
        self._now, self._owed = now, None

    @property
    def here(self) -> Place:
        """Where the state stands."""
        return self.places[self.now.place]

    @property
    def there(self) -> Place:
        """The other place."""
        return self.places[1 - self.now.place]

    def run(self, k: int, tasks: Iterable[Task]) -> StepCosts:
        """Steps until a cost is not finite, whose update is not done any more; of k numbers, by ``at``."""
        costs, sizes = np.full(k, np.nan), np.zeros(k, dtype=int)
        for task in tasks:
            now, number = self.now, self.now.step + 1
            examples, total = self._examples(task, number)
            J, caches = self._cost_and_gradient(task, examples, total)
            cost = costs[task.at] = float(J)
            sizes[task.at] = task.m
            if not isfinite(cost):
                break
            if self._at_once is not None:
                self._in_place(self._at_once, Now(now.place, number, averaged=False), task.rate)
                continue
            numbers = self._numbers(task, number, total)
            self.machine.update(self.here, self.there, caches, numbers)
            self.now = Now(1 - now.place, number, bool(self._settings.average))
        return StepCosts(costs, sizes)

    def _in_place(self, kernel: AtOnce, after: Now, rate: float) -> None:
        """An update that writes over the state, in one call."""
        here = self.here
        self.machine.clip()
        kernel.begin()
        self._owed = after
        kernel.update(here, self.machine.gradient, rate, after.step)
        self.now = after

    def _cost_and_gradient(self, task: Task, examples: Batch, total: float) -> tuple[Tensor, list[Cache]]:
        """J, and ∂J/∂θ in the machine."""
        return self.machine.cost_and_gradient(self.here, examples, total)

    def _examples(self, task: Task, number: int) -> tuple[Batch, float]:
        """The batch with the noise, the masks and the weights of its step; the sum of the weights."""
        weight = None if task.weight is None else self._feed.tensor(task.weight)
        return Batch(self._noisy(task, number), task.Y, weight, self._masks(task, number)), task.total

    def _numbers(self, task: Task, number: int, total: float) -> Numbers:
        settings, hyper = self._settings, self.machine.hyperparameters
        count = number if self.now.averaged else 1  # begun later, it counts its first θ for those before
        return Numbers(
            task.rate,
            settings.decay * task.decay,
            total,
            left_of(hyper.get("beta1", 0.0), number),
            left_of(hyper.get("beta2", 0.0), number),
            corrected_share(settings.average, count) if settings.average else 1.0,
            settings.share_of_a_batch(number),
            number,
        )

    def _noisy(self, task: Task, number: int) -> Tensor:
        settings = self._settings
        if not settings.input_noise:
            return task.X
        shape = (task.X.shape[1], task.m)
        noise = input_noise(shape, settings.input_noise, seed=settings.seed, step=number, dtype=self._dtype)
        return task.X + self._feed.tensor(noise.T[task.part])

    def _masks(self, task: Task, number: int) -> dict[int, Tensor]:
        check_dropout(self._dropout, [task.dropout], number)
        rates, seed = tuple(task.dropout * rate for rate in self._dropout), self._settings.seed
        masks = dropout_masks(
            self._shape, rates, task.m, seed=seed, step=number, dtype=self._dtype, rows=task.part
        )
        return {layer: self._feed.tensor(mask.T) for layer, mask in masks.items()}
