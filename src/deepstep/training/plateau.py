"""Reduce on plateau: a factor that falls when a quantity does not get better any more."""

from collections.abc import Callable, Collection, Mapping
from inspect import signature
from math import isfinite
from typing import Any

from deepstep.errors import ConfigurationError, unknown_name
from deepstep.training.callbacks import Callback
from deepstep.training.history import Record
from deepstep.training.shown import Training
from deepstep.types import is_number

_SETTINGS: dict[str, tuple[str, Callable[[float], bool]]] = {
    **dict.fromkeys(("drop", "threshold"), ("a number from 0 to below 1", lambda x: 0 <= x < 1)),
    "patience": ("a whole number of at least 0", lambda x: x >= 0 and x == int(x)),
    "least": ("a number from 0 to 1", lambda x: 0 <= x <= 1),
}
"""The range of each setting, in words and as a test of a finite number."""


class Plateau(Callback):
    """Lower a factor each time that a quantity of the records has stopped improving.

    The rule of torch's ``ReduceLROnPlateau``: an epoch counts as better if it beats the best one by a share,
    and after more than ``patience`` epochs in a row that are not, the factor falls and the count begins anew.

    Parameters
    ----------
    quantity : str
        Entry of the records: ``"cost"``, ``"validation_cost"`` or one that an earlier callback wrote.
    drop : float
        What is left of the factor at each fall, from 0 to below 1.
    patience : int
        Epochs in a row that are borne.
    threshold : float
        What counts as better, as a share of the best value's size.
    least : float
        The factor does not fall below this.
    larger_is_better : bool
        For scores.

    Attributes
    ----------
    factor : float
        The factor now; 1 at first.
    best : float or None
        The best value; None before the first epoch.
    stalled : int
        Epochs in a row without improvement.

    Raises
    ------
    ConfigurationError
        If a setting is out of range; before the first step, or where an own callback might have written it at
        the end of an epoch, if there is no such quantity.

    Examples
    --------
    >>> plateau = Plateau(drop=0.5, patience=1)
    >>> for cost in (3.0, 2.0, 2.5, 2.0, 1.0):
    ...     plateau.on_epoch_end(None, {"cost": cost})
    ...     print(plateau.factor, end=" ")
    1.0 1.0 1.0 0.5 0.5
    """

    adds_to_records = ()
    in_every_worker = True

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
        given = {"drop": drop, "patience": patience, "threshold": threshold, "least": least}
        for name, value in given.items():
            expected, accepts = _SETTINGS[name]
            if not (is_number(value) and accepts(value)):
                raise ConfigurationError("Plateau", f"{name} is {expected}", f"got {value!r}")
        self._quantity, self._drop, self._patience = quantity, drop, patience
        self._threshold, self._least, self._larger_is_better = threshold, least, larger_is_better
        self.factor = 1.0
        self.best: float | None = None
        self.stalled = 0
        self._goes_on = False

    def on_train_begin(self, training: Training) -> None:
        """Begin anew with each training that does not go on from a checkpoint."""
        if not self._goes_on:
            self.factor, self.best, self.stalled = 1.0, None, 0
        self._goes_on = False

    def __call__(self, t: float) -> float:
        """The factor now, whatever the fraction of training done: a plateau stands where a schedule does."""
        return self.factor

    def on_epoch_end(self, training: Training, record: Record) -> None:
        """Count, and lower the factor where patience is at its end."""
        self.expect(record)
        value = float(record[self._quantity])
        if self._is_better(value):
            self.best, self.stalled = value, 0
        else:
            self.stalled += 1
        if self.stalled > self._patience:
            self.factor, self.stalled = max(self._drop * self.factor, self._least), 0

    @property
    def quantity(self) -> str:
        """The entry of the records that it watches."""
        return self._quantity

    def expect(self, names: Collection[str]) -> None:
        """Refuse to watch a quantity that is not among these.

        names (collection of str): The entries of the records.
        ConfigurationError: If the quantity is not among them.
        """
        if self._quantity not in names:
            raise unknown_name("plateau", "quantity of the records", self._quantity, names)

    def settings(self) -> dict[str, Any]:
        """The parameters."""
        names = signature(Plateau).parameters
        return {name: getattr(self, f"_{name}") for name in names}

    def state(self) -> dict[str, Any]:
        """Where it stands, as JSON has it, for `restore`."""
        return {"factor": self.factor, "best": self.best, "stalled": self.stalled}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from where `state` was asked.

        ConfigurationError: If it is no such state.
        """
        try:
            factor, best, stalled = (state[name] for name in ("factor", "best", "stalled"))
            best = None if best is None else float(best)
            self.factor, self.best, self.stalled = float(factor), best, int(stalled)
            self._goes_on = True
        except (KeyError, TypeError, ValueError) as error:
            raise ConfigurationError(
                "Plateau.restore", "the numbers factor, best and stalled", f"got {state!r}"
            ) from error

    def _is_better(self, value: float) -> bool:
        """NaN is never better, and unlike in torch a best value below 0 is not beaten by a worse one."""
        if self.best is None:
            return isfinite(value)
        margin = self._threshold * abs(self.best)
        return value > self.best + margin if self._larger_is_better else value < self.best - margin
