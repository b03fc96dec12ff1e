"""Steps one after another: batches in, costs out, and the state behind them."""

from collections.abc import Iterable
from math import isfinite
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from deepstep.engines.draws import check_dropout, dropout_masks
from deepstep.engines.session import StepCosts, writable
from deepstep.engines.settings import Settings
from deepstep.engines.torch.step import Batch, Machine, Numbers, Place, Statistics, adam, adam_, place_for
from deepstep.equations import get_optimizer
from deepstep.network import Architecture, Parameters
from deepstep.preparation.batches import Examples
from deepstep.types import AnyArray, Array

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

    def take(
        self, examples: Examples, order: AnyArray | None, order_there: Tensor | None, rows: slice
    ) -> tuple[Tensor, Tensor]:
        """X and Y of some of the examples, by their places in the order; columns as examples."""
        if not self._keeps(examples):
            given = examples.take(rows if order is None else order[rows])
            return self.tensor(given[0].T).T, self.tensor(given[1].T).T
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
    """Which of the two places is the state, and how many steps it is old."""

    place: int
    step: int


class Factors(NamedTuple):
    """The learning rate of a step, and its factors of the weight decay and of dropout."""

    rate: float
    decay: float
    dropout: float


class Task(NamedTuple):
    """One of k batches: its examples that are worked on here, ``part`` of m, and the sum of all weights."""

    at: int
    m: int
    part: slice | AnyArray
    batch: Batch
    total: float
    by: Factors


class Stepper:
    """The state of a session, and what moves it.

    The other place is written, then it is the state. Where a kernel does the whole update in one call, it
    writes over the state: an interruption comes before the call or after it, and a number that the same call
    moves says which.
    """

    _owed: Now | None

    def __init__(
        self, architecture: Architecture, settings: Settings, parameters: Parameters, like: Tensor, feed: Feed
    ) -> None:
        self._shape, self._settings, self._feed = architecture, settings, feed
        self._dtype = parameters.dtype
        self._dropout = settings.dropout_of(architecture)
        self.machine = Machine(architecture, settings, parameters, like)
        n_vectors = 1 + len(get_optimizer(settings.optimizer).state)
        self.places = tuple(place_for(architecture, n_vectors, like) for _ in range(2))
        self._now, self._owed = Now(0, 0), None
        more = settings.decay or settings.lr_multipliers
        rule = self.machine.in_memory
        alone = rule is not None and rule.func is adam and not more and not self.here.running
        self._in_place = rule.keywords if alone and rule is not None else None
        self._mark, self._one = like.new_zeros(3, 1).unbind(), like.new_ones(1)

    @property
    def now(self) -> Now:
        """Where the state stands."""
        if self._owed is not None and self._mark[1] != 0:  # the update in place was done, but not noted
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

    def run(self, tasks: Iterable[Task], found: StepCosts) -> None:
        """Steps until a cost is not finite, whose update is not done any more."""
        for task in tasks:
            number = self.now.step + 1
            batch = self._masked(task, number)
            J, statistics = self._cost_and_gradient(task, batch)
            cost = found.costs[task.at] = float(J)
            found.sizes[task.at] = task.m
            if not isfinite(cost):
                break
            self._update(batch, statistics, self._numbers(task, number), number)

    def _update(self, batch: Batch, statistics: Statistics, by: Numbers, number: int) -> None:
        now, here, g = self._now, self.here, self.machine.gradient
        if self._in_place is None:
            self.machine.update(here, self.there, batch, statistics, by)
            self.now = Now(1 - now.place, number)
            return
        self.machine.clip()
        theta, v, s = ([one, mark] for one, mark in zip(here.vectors, self._mark, strict=True))
        self._mark[1].zero_()
        self._owed = after = now._replace(step=number)
        adam_(theta, [g, self._one], v, s, float(by.rate), number, **self._in_place)
        self.now = after

    def _cost_and_gradient(self, task: Task, batch: Batch) -> tuple[Tensor, Statistics]:
        """J and the statistics of the batch, and ∂J/∂θ in the machine."""
        return self.machine.cost_and_gradient(self.here, batch, task.total)

    def _masked(self, task: Task, number: int) -> Batch:
        """The batch with the masks of its step."""
        m = task.m
        drawn: dict[str, Any] = {"seed": self._settings.seed, "step": number, "dtype": self._dtype}
        check_dropout(self._dropout, [task.by.dropout], number)
        rates, rows = tuple(task.by.dropout * rate for rate in self._dropout), None
        if task.batch.X.shape[1] < m:  # the part of each member
            columns = np.arange(max(1, self._shape.shared_members) * m).reshape(-1, m)
            rows = columns[:, task.part].ravel()
        masks = dropout_masks(self._shape, rates, m, rows=rows, **drawn)
        there = {layer: self._feed.tensor(mask.T).T.contiguous() for layer, mask in masks.items()}
        return task.batch._replace(masks=there)

    def _numbers(self, task: Task, number: int) -> Numbers:
        settings = self._settings
        return Numbers(task.by.rate, settings.decay * task.by.decay, task.total, number)
