"""``--refit``: once the best number of epochs is known, train anew on the validation rows as well."""

import numpy as np

from deepstep.training import Callback, History, StopTraining, Training
from deepstep.training.history import Record


class Until(Callback):
    """Ends a training after so many epochs; its schedules stay those of all epochs."""

    def __init__(self, epochs: int) -> None:
        self._epochs = epochs

    def on_epoch_end(self, training: Training, record: Record) -> None:
        """Count."""
        if len(training.history) >= self._epochs:
            raise StopTraining(f"trained anew on all rows for {self._epochs} epochs, the best number")


def best_epochs(history: History, watch: str | None) -> int:
    """How many epochs it took to the best one, by what patience watched; all, where nothing was finite.

    Examples
    --------
    >>> history = History({"validation_cost": cost, "validation_r2": -cost} for cost in (3.0, 1.0, 2.0))
    >>> best_epochs(history, None), best_epochs(history, "-validation_r2")
    (2, 2)
    """
    name = watch or "validation_cost"
    values = history.column(name.removeprefix("-")) * (-1 if name.startswith("-") else 1)
    return len(history) if np.isnan(values).all() else int(np.nanargmin(values)) + 1
