"""Reduce on plateau: a factor that falls when a quantity stops improving."""

from collections.abc import Collection, Mapping
from math import isfinite
from typing import Any

from deepstep.errors import ConfigurationError, unknown_name
from deepstep.training.callbacks import Callback, Training
from deepstep.training.history import Record
from deepstep.training.schedules import Range, check_range

_RANGES: dict[str, Range] = {
    **dict.fromkeys(("drop", "threshold"), ("a number from 0 to below 1", lambda x: 0 <= x < 1)),
    "patience": ("a whole number of at least 0", lambda x: x >= 0 and x == int(x)),
    "least": ("a number from 0 to 1", lambda x: 0 <= x <= 1),
}


class Watcher(Callback):
    """Base of callbacks that compare a quantity of the records from epoch to epoch."""

    adds_to_records = ()
    in_every_worker = True
    quantity: str

    def expect(self, names: Collection[str]) -> None:
        """Refuse with a ConfigurationError to watch what is not among the entries of records.

        Parameters
        ----------
        names : collection of str
            The entries.
        """
        if self.quantity not in names:
            raise unknown_name(type(self).__name__, "quantity of the records", self.quantity, names)

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state` gave; a ConfigurationError says that something is no such state."""
        try:
            self._restore(state)
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            name = type(self).__name__
            raise ConfigurationError(
                f"{name}.restore", f"a state of {name}", f"got {state!r:.200}"
            ) from error

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

    quantity: Entry of the records: ``"cost"``, ``"validation_cost"`` or one that an earlier callback wrote.
    drop: What is left of the factor at each fall, from 0 to below 1.
    patience: Epochs in a row without improvement that leave the factor as it is.
    threshold: What counts as better, as a share of the best value's size.
    least: The factor does not fall below this.
    larger_is_better: For scores.
    ConfigurationError: If a setting is out of range; before the first step, or where an own callback might
        have written it at the end of an epoch, if there is no such quantity.

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
            check_range("ReduceLROnPlateau", name, value, _RANGES[name])
        self.quantity, self._larger_is_better = quantity, larger_is_better
        self._settings: dict[str, Any] = {**ranged, "larger_is_better": larger_is_better}
        self._restored = False
        self._begin()

    def _begin(self) -> None:
        self.factor, self.stalled = 1.0, 0
        self.best: float | None = None

    def on_train_begin(self, training: Training) -> None:
        """Reset the state, unless the training resumes from a checkpoint."""
        if not self._restored:
            self._begin()
        self._restored = False

    def __call__(self, t: float) -> float:
        return self.factor

    def on_epoch_end(self, training: Training, record: Record) -> None:
        """Count, and lower the factor after too many epochs without improvement."""
        self.expect(record)
        value, settings = float(record[self.quantity]), self._settings
        if self._is_better(value):
            self.best, self.stalled = value, 0
        else:
            self.stalled += 1
        if self.stalled > settings["patience"]:
            self.factor, self.stalled = max(settings["drop"] * self.factor, settings["least"]), 0

    def settings(self) -> dict[str, Any]:
        """The parameters."""
        return {"quantity": self.quantity, **self._settings}

    def state(self) -> dict[str, Any]:
        """The factor, the best value and the count, as JSON has them, for `restore`."""
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
