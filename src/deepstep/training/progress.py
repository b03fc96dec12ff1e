"""Progress of training, on stderr: a bar in a terminal, one plain line now and then elsewhere."""

import sys
from time import monotonic
from typing import Any, TextIO

from deepstep.training.callbacks import Callback, Training
from deepstep.training.history import Record


class Progress(Callback):
    """Show how far training is and its cost.

    Parameters
    ----------
    label : str
        What is being trained.
    stream : text stream, optional
        Where to write; stderr by default.
    seconds_between_lines : float
        Where the stream is no terminal: seconds between two lines.
    """

    def __init__(
        self, label: str = "train", *, stream: TextIO | None = None, seconds_between_lines: float = 5.0
    ) -> None:
        self._label = label
        self._stream = stream if stream is not None else sys.stderr
        self._pause = seconds_between_lines
        self._bar: Any = None
        self._last_line, self._done = 0.0, 0

    def on_train_begin(self, training: Training) -> None:
        """Open the bar."""
        self._last_line, self._done = monotonic(), 0
        if not self._stream.isatty():
            return
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        self._bar = Bar(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("cost {task.fields[cost]}"),
            TimeRemainingColumn(),
            console=Console(file=self._stream),
        )
        self._bar.start()
        self._task = self._bar.add_task(self._label, total=training.epochs, cost="…")

    def on_epoch_end(self, training: Training, record: Record) -> None:
        """Move the bar, or write a line if the last one is old enough."""
        if self._bar is not None:
            self._bar.update(self._task, advance=1, cost=f"{record['cost']:.6f}")
        elif monotonic() - self._last_line >= self._pause:
            self._last_line = monotonic()
            self._write(training, record)

    def on_train_end(self, training: Training) -> None:
        """Close the bar, or write the last line."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None
        elif len(training.history) > self._done:
            self._write(training, training.history[-1])

    def _write(self, training: Training, record: Record) -> None:
        self._done = len(training.history)
        self._stream.write(f"{self._label}: {self._done}/{training.epochs}, cost {record['cost']:.6f}\n")
        self._stream.flush()
