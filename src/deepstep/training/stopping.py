"""Stopping: end training when a quantity does not get better any more."""

from collections.abc import Callable, Collection, Mapping
from math import inf
from typing import Any

import numpy as np

from deepstep.errors import ConfigurationError, unknown_name
from deepstep.network import Parameters
from deepstep.training.callbacks import Callback, StopTraining
from deepstep.training.history import History, Record
from deepstep.training.shown import Training
from deepstep.types import Array


class Patience(Callback):
    """End training, or do something about it, when a quantity of the records stops improving.

    scikit-learn's rule: an epoch that is not better than the best one by ``tolerance`` counts; training ends
    with the epoch in which more than ``epochs`` of them have come in a row.

    Parameters
    ----------
    quantity : str
        Entry of the records: ``"cost"``, ``"validation_cost"`` or one that an earlier callback wrote.
    tolerance : float
        What counts as better.
    epochs : float
        Epochs in a row that are borne; ``inf`` never ends training.
    larger_is_better : bool
        For scores.
    keep_best : bool
        Keep the parameters of the best epoch in ``best_parameters``.
    ties_count : bool
        Whether a value that is better by exactly ``tolerance`` is an improvement, as in scikit-learn.
    instead : callable, optional
        What to do before giving up; where it returns True, training goes on and counts anew.
    best : float, optional
        The best value so far, for a training that goes on.
    stalled : int
        Epochs without improvement so far, for a training that goes on.

    Attributes
    ----------
    best : float or None
        The best value; None before the first epoch.
    stalled : int
        Epochs in a row without improvement.
    best_parameters : Parameters or None
        What predicts where ``best`` was seen, if asked for.
    best_statistics : mapping
        The running statistics of batch normalization there.
    over : bool
        Whether it ended training.

    Examples
    --------
    >>> patience = Patience("cost", tolerance=0.1, epochs=1)
    >>> for cost in (3.0, 2.0, 1.95, 1.99):
    ...     try:
    ...         patience.on_epoch_end(None, {"cost": cost})
    ...     except StopTraining as stop:
    ...         print(stop)
    cost did not improve by more than 0.1 for 2 epochs in a row
    """

    adds_to_records = ()
    in_every_worker = True

    def __init__(
        self,
        quantity: str,
        *,
        tolerance: float,
        epochs: float,
        larger_is_better: bool = False,
        keep_best: bool = False,
        ties_count: bool = True,
        instead: Callable[[], bool] | None = None,
        best: float | None = None,
        stalled: int = 0,
    ) -> None:
        self._quantity = quantity
        self._tolerance = tolerance
        self._epochs = epochs
        self._sign = -1.0 if larger_is_better else 1.0
        self._keep_best = self.looks_at_the_network = keep_best
        self._ties_count = ties_count
        self._instead = instead
        self.best = best
        self.stalled = stalled
        self.best_parameters: Parameters | None = None
        self.best_statistics: Mapping[str, Array] = {}
        self._kept: Mapping[str, Any] = {}
        self.over = False

    def on_train_begin(self, training: Training) -> None:
        """Take up the best parameters of a training that goes on.

        Raises
        ------
        ConfigurationError
            If the best value stands in no record: it is not of this training.
        """
        if "theta" in self._kept:
            if self.best not in training.history.column(self._quantity):
                raise ConfigurationError(
                    "Patience.restore", f"a best {self._quantity} that is in the history", f"got {self.best}"
                )
            self.best_parameters = training.parameters.like(self._kept["theta"])

    def on_epoch_end(self, training: Training, record: Record) -> None:
        """Count, and end training where patience is at its end."""
        self.expect(record)
        value = self._sign * record[self._quantity]
        best = inf if self.best is None else self._sign * self.best
        least = best - self._tolerance
        better = value <= least if self._ties_count else value < least
        self.stalled = 0 if better else self.stalled + 1
        if value < best:
            self.best = record[self._quantity]
            if self._keep_best:
                self.best_parameters = training.outcome
                statistics = training.state().statistics
                self.best_statistics = {name: value.copy() for name, value in statistics.items()}
        if self.stalled > self._epochs:
            if self._instead is None or not self._instead():
                self.over = True
                by = f" by more than {self._tolerance:g}" if self._tolerance else ""
                epochs = "1 epoch" if self.stalled == 1 else f"{self.stalled} epochs in a row"
                raise StopTraining(f"{self._quantity} did not improve{by} for {epochs}")
            self.stalled = 0

    def blind(self, history: History) -> str:
        """What to warn of where the watched quantity was finite in no epoch, so that none was the best."""
        if not len(history) or np.isfinite(history.column(self._quantity)).any():
            return ""
        name, n = self._quantity, len(history)
        return f"{name} was finite in none of {n} epochs, {history[-1][name]} in the last"

    @property
    def quantity(self) -> str:
        """What it watches."""
        return self._quantity

    def expect(self, names: Collection[str]) -> None:
        """Refuse to watch a quantity that is not among these.

        Raises
        ------
        ConfigurationError
        """
        if self._quantity not in names:
            raise unknown_name("patience", "quantity of the records", self._quantity, names)

    def settings(self) -> Mapping[str, Any]:
        """What is watched, and what is borne, in the words of `Network.train`."""
        return {
            "watch": ("-" if self._sign < 0 else "") + self._quantity,
            "tolerance": self._tolerance,
            "patience": self._epochs + 1,
            "keep_best": self._keep_best,
            "ties_count": self._ties_count,
        }

    def state(self) -> Mapping[str, Any]:
        """The best value, its parameters, and the epochs without improvement."""
        kept: dict[str, Any] = {"best": self.best, "stalled": self.stalled}
        if self.best_parameters is not None:
            kept |= {"theta": self.best_parameters.flat, "statistics": dict(self.best_statistics)}
        return kept

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state` gave.

        Raises
        ------
        ConfigurationError
            If it is no such state.
        """
        try:
            best, stalled, statistics = (
                state["best"],
                int(state["stalled"]),
                dict(state.get("statistics", {})),
            )
            self.best, self.stalled = None if best is None else float(best), stalled
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise ConfigurationError(
                "Patience.restore", "the numbers best and stalled, and statistics", f"got {state!r:.200}"
            ) from error
        self.best_statistics, self._kept = statistics, state
