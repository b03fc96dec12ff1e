"""Stopping: end training when a quantity does not get better any more, or after some epochs."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import KW_ONLY, dataclass
from math import inf, isfinite
from typing import Any

import numpy as np

from deepstep.errors import ConfigurationError, unknown_name
from deepstep.network import Parameters
from deepstep.training.callbacks import Callback, StopTraining, Training
from deepstep.training.history import History, Record
from deepstep.training.schedules import Range, check_range
from deepstep.types import Array

PLATEAU_RANGES: dict[str, Range] = {
    **dict.fromkeys(("drop", "threshold"), ("a number from 0 to below 1", lambda x: 0 <= x < 1)),
    "patience": ("a whole number of at least 0", lambda x: x >= 0 and x == int(x)),
    "least": ("a number from 0 to 1", lambda x: 0 <= x <= 1),
}


class Watcher(Callback):
    """Base of callbacks that compare a quantity of the records from epoch to epoch."""

    adds_to_records = ()
    in_every_worker = True
    quantity: str
    setting = "quantity"
    """The setting that says which quantity it is, in error messages."""

    def expect(self, names: Collection[str]) -> None:
        """Refuse with a ConfigurationError to watch what is not among the entries of records.

        Parameters
        ----------
        names : collection of str
            The entries.
        """
        if self.quantity in names:
            return
        validated = any(name.startswith("validation_") for name in names)
        if str(self.quantity).startswith("validation_") and not validated:
            problem = f"{self.setting}={self.quantity!r} needs validation data"
            raise ConfigurationError(problem, "Give some, or watch another entry of the records.")
        raise unknown_name("entry of the records", self.quantity, names, setting=self.setting)

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state` gave; a ConfigurationError says that something is no such state."""
        try:
            self._restore(state)
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            expected = f"a state of {type(self).__name__}"
            raise ConfigurationError.must_be("state", expected, f"{state!r:.200}") from error

    def _restore(self, state: Mapping[str, Any]) -> None:
        """Take over a state; errors of reading it may be raised as they are."""
        raise NotImplementedError


class ReduceLROnPlateau(Watcher):
    """Lower a factor each time that a quantity of the records has stopped improving.

    The rule of torch's ``ReduceLROnPlateau``: an epoch counts as better if it beats the best one by a share,
    and after more than ``patience`` epochs in a row that are not, the factor falls and the count restarts.
    A plateau stands where a schedule does: called with any fraction of training it gives the factor now.

    ``factor`` is 1 at first, ``best`` the best value (None before the first epoch) and ``stalled`` the epochs
    in a row without improvement.

    Parameters
    ----------
    quantity : str, optional
        Entry of the records: ``"cost"``, ``"validation_cost"`` or one that an earlier callback wrote.
    drop : float, optional
        What is left of the factor at each fall, from 0 to below 1.
    patience : int, optional
        Epochs in a row without improvement that leave the factor as it is.
    threshold : float, optional
        What counts as better, as a share of the best value's size.
    least : float, optional
        The factor does not fall below this.
    larger_is_better : bool, optional
        For scores.

    Raises
    ------
    ConfigurationError
        If a setting is out of range; before the first step, or where an own callback might have written it at
        the end of an epoch, if there is no such quantity.

    Examples
    --------
    >>> plateau = ReduceLROnPlateau(drop=0.5, patience=1)
    >>> for cost in (3.0, 2.0, 2.5, 2.0, 1.0):
    ...     plateau.on_epoch_end(None, {"cost": cost})
    ...     print(plateau.factor, end=" ")
    1.0 1.0 1.0 0.5 0.5
    """

    def __init__(
        self,
        quantity: str = "cost",
        *,
        drop: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        least: float = 0.0,
        larger_is_better: bool = False,
    ) -> None:
        ranged = {"drop": drop, "patience": patience, "threshold": threshold, "least": least}
        for name, value in ranged.items():
            check_range(name, value, PLATEAU_RANGES[name])
        self.quantity, self._larger_is_better = quantity, larger_is_better
        self._settings: dict[str, Any] = {**ranged, "larger_is_better": larger_is_better}
        self._restored = False
        self._begin()

    def _begin(self) -> None:
        self.factor, self.stalled = 1.0, 0
        self.best: float | None = None

    def on_train_begin(self, training: Training) -> None:
        """Reset the state, unless the training resumes from a checkpoint.

        Parameters
        ----------
        training : Training
            The training, to look at.
        """
        if not self._restored:
            self._begin()
        self._restored = False

    def __call__(self, t: float) -> float:
        return self.factor

    def on_epoch_end(self, training: Training, record: Record) -> None:
        """Count, and lower the factor after too many epochs without improvement.

        Parameters
        ----------
        training : Training
            The training, to look at.
        record : dict
            The record of the epoch.
        """
        self.expect(record)
        value, settings = float(record[self.quantity]), self._settings
        if self._is_better(value):
            self.best, self.stalled = value, 0
        else:
            self.stalled += 1
        if self.stalled > settings["patience"]:
            self.factor = max(settings["drop"] * self.factor, settings["least"])
            self.stalled = 0

    def settings(self) -> dict[str, Any]:
        """The parameters.

        Returns
        -------
        dict
        """
        return {"quantity": self.quantity, **self._settings}

    def state(self) -> dict[str, Any]:
        """The factor, the best value and the count, as JSON has them, for `restore`.

        Returns
        -------
        dict
        """
        return {"factor": self.factor, "best": self.best, "stalled": self.stalled}

    def _restore(self, state: Mapping[str, Any]) -> None:
        factor, best, stalled = (state[name] for name in ("factor", "best", "stalled"))
        best = None if best is None else float(best)
        self.factor, self.best, self.stalled = float(factor), best, int(stalled)
        self._restored = True

    def _is_better(self, value: float) -> bool:
        """NaN is never better, and unlike in torch a best value below 0 is not beaten by a worse one."""
        if self.best is None:
            return isfinite(value)
        margin = self._settings["threshold"] * abs(self.best)
        return value > self.best + margin if self._larger_is_better else value < self.best - margin


@dataclass(eq=False)
class EarlyStopping(Watcher):
    """End training, or do something about it, when a quantity of the records stops improving.

    scikit-learn's rule: an epoch that is not better than the best one by ``tolerance`` counts; training ends
    with the epoch in which more than ``epochs`` of them have come in a row. ``ties_count`` makes better by
    exactly ``tolerance`` an improvement. Before it gives up it calls ``instead``: where that returns True,
    training continues and the count restarts. ``best`` and ``stalled`` may be those of a resumed training.
    """

    quantity: str  # the entry of the records that it watches
    _: KW_ONLY
    tolerance: float
    epochs: float
    larger_is_better: bool = False
    keep_best: bool = False
    ties_count: bool = True
    instead: Callable[[], bool] | None = None
    best: float | None = None
    stalled: int = 0

    def __post_init__(self) -> None:
        self.setting = "monitor"
        self._sign = -1.0 if self.larger_is_better else 1.0
        self.looks_at_the_network = self.keep_best
        self.best_parameters: Parameters | None = None
        self.best_statistics: Mapping[str, Array] = {}
        self._restored: Mapping[str, Any] = {}
        self.over = False

    def on_train_begin(self, training: Training) -> None:
        """Restore the best parameters of a resumed training; a record must have the best value."""
        if "theta" in self._restored:
            if self.best not in training.history.column(self.quantity):
                raise ConfigurationError(f"The history lacks the best {self.quantity}, {self.best}")
            self.best_parameters = training.parameters.like(self._restored["theta"])

    def on_epoch_end(self, training: Training, record: Record) -> None:
        """Count, and end training where patience is at its end."""
        self.expect(record)
        value = self._sign * record[self.quantity]
        best = inf if self.best is None else self._sign * self.best
        least = best - self.tolerance
        better = value <= least if self.ties_count else value < least
        self.stalled = 0 if better else self.stalled + 1
        if value < best:
            self.best = record[self.quantity]
            if self.keep_best:
                self.best_parameters = training.parameters
                statistics = training.state().statistics
                self.best_statistics = {name: value.copy() for name, value in statistics.items()}
        if self.stalled > self.epochs:
            if self.instead is None or not self.instead():
                self.over = True
                by = f" by more than {self.tolerance:g}" if self.tolerance else ""
                epochs = "1 epoch" if self.stalled == 1 else f"{self.stalled} epochs in a row"
                raise StopTraining(f"{self.quantity} did not improve{by} for {epochs}")
            self.stalled = 0

    def blind(self, history: History) -> str:
        """The warning where the watched quantity was finite in no epoch, so that none was the best."""
        if not len(history) or np.isfinite(history.column(self.quantity)).any():
            return ""
        name, n = self.quantity, len(history)
        return f"{name} was finite in none of {n} epochs, {history[-1][name]} in the last"

    def settings(self) -> Mapping[str, Any]:
        """The watched quantity and the patience, in the words of `Network.train`."""
        return {
            "monitor": ("-" if self._sign < 0 else "") + self.quantity,
            "tolerance": self.tolerance,
            "patience": self.epochs + 1,
            "keep_best": self.keep_best,
            "ties_count": self.ties_count,
        }

    def state(self) -> Mapping[str, Any]:
        """The best value, its parameters, and the epochs without improvement."""
        state: dict[str, Any] = {"best": self.best, "stalled": self.stalled}
        if self.best_parameters is not None:
            state |= {"theta": self.best_parameters.flat, "statistics": dict(self.best_statistics)}
        return state

    def _restore(self, state: Mapping[str, Any]) -> None:
        self.best = None if state["best"] is None else float(state["best"])
        self.stalled = int(state["stalled"])
        self.best_statistics = dict(state.get("statistics", {}))
        self._restored = state


class Repeat(Callback):
    """End the second training after so many epochs; its schedules stay those of all epochs."""

    adds_to_records = ()
    in_every_worker = True
    looks_at_the_network = False

    def __init__(self, epochs: int) -> None:
        self._epochs = epochs

    def on_epoch_end(self, training: Training, record: Record) -> None:
        """Count."""
        if len(training.history) >= self._epochs:
            raise StopTraining(f"refitted for {self._epochs} epochs")


def check_watched(callbacks: Iterable[Callback], names: Collection[str]) -> None:
    """Refuse callbacks that watch what nothing writes before them."""
    known = list(names)
    for callback in callbacks:
        if isinstance(callback, Watcher):
            callback.expect(known)
        if callback.adds_to_records is None:  # anything may be there after it
            return
        known.extend(callback.adds_to_records)
