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
        require(is_whole(self.epochs, 0), "epochs", "a whole number of at least 0", self.epochs)
        size = self.batch_size
        require(size is None or is_whole(size, 1), "batch_size", "a whole number of at least 1", size)
        if not callable(self.learning_rate):
            check_learning_rate(self.learning_rate)
        require(isinstance(self.deterministic, bool), "deterministic", "True or False", self.deterministic)
        require(callable(self.order), "order", "a function order(epoch, m)", self.order)
        budget = self.time_budget
        limited = budget is None or (is_number(budget) and budget > 0)
        require(limited, "time_budget", "a positive number of seconds", budget)

    @property
    def schedules(self) -> dict[str, Any]:
        """The schedules that are given, by name."""
        schedules = {name: getattr(self, name) for name in SCHEDULED}
        return {name: schedule for name, schedule in schedules.items() if schedule is not None}

    @property
    def listeners(self) -> list[Any]:
        """The schedules that are callbacks, as a plateau is; one that was given for two settings once."""
        callbacks = [schedule for schedule in self.schedules.values() if hasattr(schedule, "on_epoch_end")]
        return list({id(callback): callback for callback in callbacks}.values())

    @property
    def by_fraction(self) -> list[str]:
        """The names of the schedules that need the number of epochs: functions of the fraction done."""
        return [name for name, schedule in self.schedules.items() if not hasattr(schedule, "on_epoch_end")]

    @property
    def has_own_schedule(self) -> bool:
        """Whether a function of the user's is among the schedules."""
        schedules = self.schedules.values()
        return any(getattr(schedule, "function", schedule) is not None for schedule in schedules)

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
        self, epoch: int, numbers: range, of: int, *, elapsed: float = 0.0, seconds_a_step: float = 0.0
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
        steps = np.array(numbers)
        first, last = numbers[0] // of, numbers[-1] // of
        if not callable(self.learning_rate):  # the same in all epochs
            last = first
        rate_by_epoch = np.array([self.rate(epoch + k) for k in range(first, last + 1)])
        rate = rate_by_epoch[np.minimum(steps // of, last) - first]
        if not (self.schedule or self.weight_decay_schedule or self.dropout_schedule):
            constant = np.ones(len(steps))
            return Rates(rate, constant, constant)
        done = ((epoch - self.first_epoch) * of + steps) / (self.epochs * of)
        if self.time_budget is not None:
            clock = (elapsed + seconds_a_step * np.arange(len(steps))) / self.time_budget
            epochs_done = ((epoch - self.first_epoch) * of + steps) / of  # the first one is done in any case
            done = np.minimum(1.0, np.maximum(done, np.minimum(clock, epochs_done)))
        return Rates(
            rate * _factors("schedule", self.schedule, done),
            _factors("weight_decay_schedule", self.weight_decay_schedule, done),
            _factors("dropout_schedule", self.dropout_schedule, done),
        )


def _factors(setting: str, schedule: Schedule | None, done: Array) -> Array:
    """The factors of a schedule at these fractions of training."""
    if schedule is None:
        return np.ones(len(done))
    function = getattr(schedule, "function", schedule)  # the user's own, called here to name the setting
    # members of an ensemble ask for the same epochs again
    if function is None and len(done) <= MOST_CACHED:
        return _cached_factors(schedule, done.tobytes())
    factor_at = schedule if function is None else function
    factors = [factor_at(t) for t in done.tolist()]
    for t, factor in zip(done.tolist(), factors, strict=True):
        check_factor(setting, factor, t)
    return np.array(factors, dtype=float)


def check_factor(setting: str, factor: Any, t: float) -> None:
    """Refuse what a schedule gave at the fraction t of training, unless it is a factor."""
    if not (is_number(factor) and factor >= 0):
        expected = "a function of t, from 0 to 1, that gives finite numbers of at least 0"
        raise ConfigurationError.must_be(setting, expected, f"{factor!r} at t = {t:g}")


MOST_CACHED = 512  # most factors of one entry of the cache, which so has at most 16 MB


@lru_cache(maxsize=2048)
def _cached_factors(schedule: Schedule, fractions: bytes) -> Array:
    """The factors of a schedule that has a name, which are finite and at least 0."""
    factors = np.array([schedule(t) for t in np.frombuffer(fractions).tolist()])
    factors.flags.writeable = False
    return factors


def check_learning_rate(learning_rate: Any) -> float:
    """Refuse a learning rate that is not a positive finite number."""
    hint = "The lecture uses 0.0075; Adam usually 0.001."
    accepted = is_number(learning_rate) and learning_rate > 0
    require(accepted, "learning_rate", "a positive number", learning_rate, hint)
    return float(learning_rate)


def require(accepted: bool, setting: str, expected: str, value: Any, hint: str = "") -> None:
    """Refuse a value of a setting or an argument that is not accepted."""
    if not accepted:
        raise ConfigurationError.must_be(setting, expected, f"{value!r:.200}", hint)
