"""Steps one after another: batches in, costs out, and the state behind them."""

from collections.abc import Iterable
from math import isfinite
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import torch
from torch import Tensor

from deepstep.engines.draws import check_dropout, dropout_masks, input_noise
from deepstep.engines.session import StepCosts
from deepstep.engines.settings import Settings
from deepstep.engines.torch.step import Batch, Machine, Numbers, Place, place_for
from deepstep.engines.unlocked import writable
from deepstep.equations import get_optimizer
from deepstep.equations.updates import corrected_share
from deepstep.network import Architecture, Parameters
from deepstep.preparation.batches import Examples
from deepstep.types import AnyArray, Array

Rows: TypeAlias = slice | AnyArray
"""Which rows of a batch, as one takes them from an array."""

SHARE = 0.5
"""Most of the free memory of a GPU that examples may take."""


class Feed:
    """Takes examples to a device, in a precision: as a whole where that fits, else batch by batch."""

    def __init__(self, like: Tensor, dtype: "np.dtype[Any]") -> None:
        self._device, self._dtype = like.device, dtype
        self._kept: tuple[Examples, Tensor, Tensor] | None = None

    def tensor(self, values: Array, dtype: Any = None) -> Tensor:
        """An array as a tensor; on a CPU it is the same memory where nothing has to be converted."""
        found = torch.from_numpy(writable(np.ascontiguousarray(values, dtype or self._dtype)))
        return found.to(self._device)

    def order(self, order: AnyArray | None) -> Tensor | None:
        """The order of the examples, as the device takes rows by it."""
        return None if order is None else self.tensor(order, np.int64)

    def take(
        self, examples: Examples, order: AnyArray | None, order_there: Tensor | None, rows: slice
    ) -> tuple[Tensor, Tensor]:
        """X and Y of some of the examples, by their places in the order; columns as examples."""
        if not self._keeps(examples):
            X, Y, _ = examples.take(rows if order is None else order[rows])
            return self.tensor(X.T).T, self.tensor(Y.T).T
        if self._kept is None or self._kept[0] is not examples:
            self._kept = None  # the others go first
            self._kept = examples, self.tensor(examples.X), self.tensor(examples.Y)
        _, *both = self._kept
        if order_there is None:
            X, Y = (one[rows] for one in both)
        else:
            X, Y = (one.index_select(0, order_there[rows]) for one in both)
        return X.T, Y.T

    def _keeps(self, examples: Examples) -> bool:
        if not isinstance(examples.X, np.ndarray):
            return False  # of sparse rows a batch is made dense
        if self._device.type != "cuda" or (self._kept is not None and self._kept[0] is examples):
            return True
        numbers = examples.X.size + examples.Y.size
        return numbers * self._dtype.itemsize < SHARE * torch.cuda.mem_get_info(self._device)[0]


class Now(NamedTuple):
    """Which of the two places is the state, how many steps it is old, and whether it has an average."""

    place: int
    step: int
    averaged: bool


class Task(NamedTuple):
    """One batch on the device, with its rate and its factors of decay and dropout.

    X, Y and ``weight`` (of mean 1 over the batch) are of the examples that are worked on here, which are ``part`` of the
    m in the batch; ``total`` is the sum of all weights as they were given.
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
    """The state of a session, and what moves it: the other place is written, then it is the state."""

    def __init__(
        self, architecture: Architecture, settings: Settings, parameters: Parameters, like: Tensor, feed: Feed
    ) -> None:
        self._shape, self._settings, self._feed = architecture, settings, feed
        self._dtype = parameters.dtype
        self._dropout = settings.dropout_of(architecture)
        self.machine = Machine(architecture, settings, parameters, like)
        n_vectors = 1 + len(get_optimizer(settings.optimizer).state) + bool(settings.average)
        self.places = tuple(place_for(architecture, n_vectors, like) for _ in range(2))
        self.now = Now(0, 0, averaged=False)

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
            batch = self._batch(task, number)
            J, statistics = self._cost_and_gradient(task, batch)
            cost = costs[task.at] = float(J)
            sizes[task.at] = task.m
            if not isfinite(cost):
                break
            self.machine.update(self.here, self.there, batch, statistics, self._numbers(task, number))
            self.now = Now(1 - now.place, number, bool(self._settings.average))
        return StepCosts(costs, sizes)

    def _cost_and_gradient(self, task: Task, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        """J and the statistics of the batch, and ∂J/∂θ in the machine."""
        return self.machine.cost_and_gradient(self.here, batch, task.total)

    def _batch(self, task: Task, number: int) -> Batch:
        """The batch with the noise, the masks and the weights of its step."""
        weight = None if task.weight is None else self._feed.tensor(task.weight)
        return Batch(self._noisy(task, number), task.Y, weight, self._masks(task, number))

    def _numbers(self, task: Task, number: int) -> Numbers:
        settings = self._settings
        count = number if self.now.averaged else 1  # begun later, it counts its first θ for those before
        return Numbers(
            task.rate,
            settings.decay * task.decay,
            task.total,
            number,
            corrected_share(settings.average, count) if settings.average else 1.0,
            settings.share_of_a_batch(number),
        )

    def _noisy(self, task: Task, number: int) -> Tensor:
        settings = self._settings
        if not settings.input_noise:
            return task.X
        shape = (len(task.X), task.m)
        noise = input_noise(shape, settings.input_noise, seed=settings.seed, step=number, dtype=self._dtype)
        return task.X + self._feed.tensor(noise.T[task.part]).T

    def _masks(self, task: Task, number: int) -> dict[int, Tensor]:
        check_dropout(self._dropout, [task.dropout], number)
        rates, seed = tuple(task.dropout * rate for rate in self._dropout), self._settings.seed
        if not any(rates):
            return {}
        columns = np.arange(max(1, self._shape.shared_members) * task.m).reshape(-1, task.m)
        rows = None if task.X.shape[1] == task.m else columns[:, task.part].ravel()
        masks = dropout_masks(
            self._shape, rates, task.m, seed=seed, step=number, dtype=self._dtype, rows=rows
        )
        return {layer: self._feed.tensor(mask.T).T.contiguous() for layer, mask in masks.items()}
