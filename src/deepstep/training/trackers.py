"""The records of training for TensorBoard; the package that writes them is loaded when training begins."""

from pathlib import Path
from typing import Any

import numpy as np

from deepstep.errors import missing_package
from deepstep.training.callbacks import Callback, Training
from deepstep.training.history import Record
from deepstep.training.writers import spread


class TensorBoard(Callback):
    """Write every number of the records for TensorBoard, over the epochs.

    Needs the package tensorboardX, which writes the files without TensorFlow, torch or TensorBoard itself.
    A training that goes on hides what was written for later epochs than the last one of its history.

    folder: Where the event files go, for ``tensorboard --logdir``; each training writes one more.
    MissingPackageError: When training begins: if tensorboardX is not installed.

    >>> import tempfile
    >>> from deepstep import Network
    >>> folder = Path(tempfile.mkdtemp())
    >>> history = Network([1, 1], seed=1).train([[0.0]], [[1]], iterations=3, callbacks=[TensorBoard(folder)])
    >>> [path.name.split(".")[0] for path in folder.iterdir()]  # for: tensorboard --logdir FOLDER
    ['events']
    """

    adds_to_records = ()

    def __init__(self, folder: Path | str) -> None:
        self._folder = Path(folder)
        self._writer: Any = None

    def on_train_begin(self, training: Training) -> None:
        """Open a file of events."""
        try:
            from tensorboardX import SummaryWriter
        except ImportError as error:
            raise missing_package("TensorBoard", "tensorboardX", "tensorboard") from error
        # tensorboardX names a file by the second: another training in the same one would write over it
        number = len(list(self._folder.glob("events.out.tfevents.*")))
        self._writer = SummaryWriter(
            str(self._folder), purge_step=self._first_epoch(training), filename_suffix=f".{number:04}"
        )

    def _first_epoch(self, training: Training) -> int | None:
        """The epoch from which on earlier events are hidden; None hides nothing."""
        history = training.history
        return int(history[-1]["epoch"]) + 1 if len(history) else None

    def on_epoch_end(self, training: Training, record: Record) -> None:
        """Write the numbers, and bring them to the file."""
        for name, value in _numbers(record).items():
            self._writer.add_scalar(name, value, record["epoch"])
        self._writer.flush()

    def on_train_end(self, training: Training) -> None:
        """Close the file."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None


def _numbers(record: Record) -> dict[str, float]:
    """The numbers of a record, without its epoch, over which they are drawn."""
    return {
        name: float(value)
        for name, value in spread(record).items()
        if isinstance(value, int | float | np.number) and not isinstance(value, bool) and name != "epoch"
    }
