"""Training anew on everything, validation data too, once it is known for how many epochs."""

from collections.abc import Iterable

from deepstep.errors import ConfigurationError
from deepstep.training.callbacks import Callback, StopTraining, Training
from deepstep.training.history import History, Record
from deepstep.training.plateau import Plateau
from deepstep.training.stopping import Patience

REFIT = "refit"
"""The folder, within that for checkpoints, of the second training."""


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


def epochs_to_the_best(history: History, patience: Patience) -> int:
    """The number of epochs up to the best one, which patience kept; 0 where it kept none.

    It keeps none where none was finite or beat an earlier training's.

    >>> patience = Patience("cost", tolerance=0.0, epochs=9, keep_best=True)
    >>> epochs_to_the_best(History([{"cost": 3.0}]), patience)
    0
    """
    if patience.best_parameters is None:
        return 0
    values = history.column(patience.quantity).tolist()
    return int(values.index(patience.best)) + 1


def refuse_rates_by_course(
    time_budget: float | None, schedules: Iterable[tuple[str, object]], where: str
) -> None:
    """Refuse a refit whose rates the same epochs would not bring again."""
    by_course = ["time_budget"] if time_budget is not None else []
    by_course += [name for name, schedule in schedules if isinstance(schedule, Plateau)]
    if by_course:
        raise ConfigurationError(
            where,
            "for refit=True rates that are functions of the epoch",
            f"got {' and '.join(by_course)}, which the same epochs on more data would not bring again",
            "Limit the epochs instead, and use another schedule.",
        )
