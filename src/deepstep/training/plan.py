"""How long, how fast and in what order to train."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from deepstep.errors import ConfigurationError
from deepstep.preparation.batches import Order, as_they_are
from deepstep.types import Array, is_number, is_whole

Schedule: TypeAlias = Callable[[float], float]
"""From the fraction of training done, 0 to 1, to a factor."""

UNTIL_TIME_IS_UP = 2**40  # more epochs than any clock lets be done: a time budget alone ends such a training


SCHEDULED = ("schedule", "weight_decay_schedule", "dropout_schedule")
"""Settings that are functions of the fraction of training done."""


class Rates(NamedTuple):
    """The learning rates of some batches, and factors of weight decay and dropout: arrays of shape (k,)."""

    learning_rate: Array
    weight_decay: Array
    dropout: Array


@dataclass(frozen=True)
class Plan:
    """The settings of the training loop, checked.

    Attributes
    ----------
    epochs : int
        How often training passes over the examples.
    learning_rate : float or callable
        α, or a function of the epoch that gives it.
    batch_size : int or None, optional
        Examples an update; None for all of them.
    order : callable, optional
        Order of the examples in each epoch.
    first_epoch : int, optional
        Number of the first epoch: a resumed training keeps the order of the uninterrupted one.
    schedule, weight_decay_schedule, dropout_schedule : callable, optional
        Factors of the learning rate, the weight decay and the dropout, as functions of the fraction of
        training done (of the epochs or of the time, whichever is further).
    time_budget : float, optional
        Seconds after which training ends, but not before one epoch is done; the schedules run by the clock,
        so that they complete.
    deterministic : bool, optional
        Use one BLAS thread, so that the same bits come out on any number of cores.

    Raises
    ------
    ConfigurationError
        If a setting is out of range.

    Examples
    --------
    >>> Plan(epochs=2, learning_rate=0.1).rate(0)
    0.1
    >>> plan = Plan(epochs=2, learning_rate=0.1, schedule=lambda t: 1 - t)
    >>> plan.rates(epoch=1, numbers=range(2), of=2).learning_rate.round(3)
    array([0.05 , 0.025])
    """

    epochs: int
    learning_rate: float | Callable[[int], float]
    batch_size: int | None = None
    order: Order = as_they_are
    first_epoch: int = 0
    schedule: Schedule | None = None
    weight_decay_schedule: Schedule | None = None
    dropout_schedule: Schedule | None = None
    time_budget: float | None = None
    deterministic: bool = False

    def __post_init__(self) -> None:
        _require(is_whole(self.epochs, 0), "epochs", "a whole number of at least 0", self.epochs)
        size = self.batch_size
        _require(size is None or is_whole(size, 1), "batch_size", "a whole number of at least 1", size)
        if not callable(self.learning_rate):
            check_learning_rate(self.learning_rate)
        budget, whole = self.time_budget, isinstance(self.deterministic, bool)
        _require(whole, "deterministic", "True or False", self.deterministic)
        _require(callable(self.order), "order", "a function order(epoch, m)", self.order)
        limited = budget is None or (is_number(budget) and budget > 0)
        _require(limited, "time_budget", "a positive number of seconds", budget)

    @property
    def schedules(self) -> dict[str, Any]:
        """The schedules that are given, by name."""
        given = {name: getattr(self, name) for name in SCHEDULED}
        return {name: schedule for name, schedule in given.items() if schedule is not None}

    @property
    def listeners(self) -> dict[str, Any]:
        """The schedules that are callbacks, as a plateau is, by the settings that each was given for."""
        found = {id(one): one for one in self.schedules.values() if hasattr(one, "on_epoch_end")}
        return {
            " and ".join(name for name, given in self.schedules.items() if given is one): one
            for one in found.values()  # one for two of them is called once
        }

    @property
    def by_fraction(self) -> list[str]:
        """The names of the schedules that need the number of epochs: functions of the fraction done."""
        return [name for name, schedule in self.schedules.items() if not hasattr(schedule, "on_epoch_end")]

    @property
    def has_own_schedule(self) -> bool:
        """Whether a function of the user's is among the schedules."""
        return any(getattr(one, "function", one) is not None for one in self.schedules.values())

    @property
    def in_order(self) -> bool:
        """Whether each epoch visits the examples as they are."""
        return self.order is as_they_are

    @property
    def numbers(self) -> range:
        """The numbers of the epochs."""
        return range(self.first_epoch, self.first_epoch + self.epochs)

    def rate(self, epoch: int) -> float:
        """The learning rate of an epoch.

        Parameters
        ----------
        epoch : int
            Number of the epoch.

        Returns
        -------
        float
            α, without the schedule.
        """
        return float(self.learning_rate(epoch) if callable(self.learning_rate) else self.learning_rate)

    def rates(
        self,
        epoch: int,
        numbers: range,
        of: int,
        *,
        elapsed: float = 0.0,
        seconds_a_step: float = 0.0,
    ) -> Rates:
        """Rates and factors of some batches.

        Parameters
        ----------
        epoch : int
            Number of the epoch.
        numbers : range
            Which batches, from the first of the epoch on, those of the next epochs after its last.
        of : int
            Batches of an epoch.
        elapsed, seconds_a_step : float, optional
            Time since the start and that of a step: with a time budget they move the schedules.

        Returns
        -------
        Rates
            One of each for each batch.

        Raises
        ------
        ConfigurationError
            If a schedule gives no finite number of at least 0.
        """
        steps, (first, last) = np.array(numbers), (numbers[0] // of, numbers[-1] // of)
        last = last if callable(self.learning_rate) else first
        of_epochs = np.array([self.rate(epoch + k) for k in range(first, last + 1)])
        rate, ones = of_epochs[np.minimum(steps // of, last) - first], np.ones(len(steps))
        if not (self.schedule or self.weight_decay_schedule or self.dropout_schedule):
            return Rates(rate, ones, ones)
        done = ((epoch - self.first_epoch) * of + steps) / (self.epochs * of)
        if self.time_budget is not None:
            clock = (elapsed + seconds_a_step * np.arange(len(steps))) / self.time_budget
            of_one = ((epoch - self.first_epoch) * of + steps) / of  # the first epoch is done in any case
            done = np.minimum(1.0, np.maximum(done, np.minimum(clock, of_one)))
        return Rates(
            rate * _factors("schedule", self.schedule, done),
            _factors("weight_decay_schedule", self.weight_decay_schedule, done),
            _factors("dropout_schedule", self.dropout_schedule, done),
        )


def _factors(name: str, schedule: Schedule | None, done: Array) -> Array:
    if schedule is None:
        return np.ones(len(done))
    try:
        # members of an ensemble ask for the same epochs again
        if getattr(schedule, "function", schedule) is None and len(done) <= MOST_KEPT:
            return _kept_factors(schedule, done.tobytes())
        factors = np.array([schedule(float(t)) for t in done], dtype=float)
    except ConfigurationError as error:  # the schedule does not know which one it is
        raise ConfigurationError(name, error.expected, error.got, error.hint) from error
    if not (np.isfinite(factors).all() and (factors >= 0).all()):
        at = int(np.flatnonzero(~(np.isfinite(factors) & (factors >= 0)))[0])
        raise ConfigurationError(
            name, "a finite factor of at least 0", f"got {factors[at]} at the fraction {done[at]:g}"
        )
    return factors


MOST_KEPT = 512  # most factors of one entry of the cache, which so has at most 16 MB


@lru_cache(maxsize=2048)
def _kept_factors(schedule: Schedule, fractions: bytes) -> Array:
    """The factors of a schedule that has a name, which are finite and at least 0."""
    factors = np.array([schedule(t) for t in np.frombuffer(fractions).tolist()])
    factors.flags.writeable = False
    return factors


def check_learning_rate(learning_rate: Any) -> float:
    """Refuse a learning rate that is not a positive finite number."""
    hint = "The lecture uses 0.0075; Adam usually 0.001."
    accepted = is_number(learning_rate) and learning_rate > 0
    _require(accepted, "learning_rate", "a positive number", learning_rate, hint)
    return float(learning_rate)


def _require(accepted: bool, setting: str, expected: str, value: Any, hint: str = "") -> None:
    require(accepted, setting, expected, value, hint, setting=setting)


def require(
    accepted: bool, where: str, expected: str, value: Any, hint: str = "", *, setting: str = ""
) -> None:
    """Refuse a value that is not accepted."""
    if not accepted:
        raise ConfigurationError(where, expected, f"got {value!r:.200}", hint, setting=setting)
