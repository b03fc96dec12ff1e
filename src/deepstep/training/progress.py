"""Progress of training, on stderr: a bar in a terminal, one line in a notebook, plain lines elsewhere."""

import sys
from time import monotonic
from typing import Any, TextIO

from deepstep.training.callbacks import Callback, Training
from deepstep.training.history import Record
from deepstep.training.plan import UNTIL_TIME_IS_UP

SECONDS_IN_A_NOTEBOOK = 0.2
"""Seconds between two states of the line: each is a message to the browser."""


class Progress(Callback):
    """Show how far training is and its cost.

    What shows it follows from the stream: a terminal gets a bar, a notebook's cell one line that is written
    over, and a file or a pipe a line now and then, and the last one.

    Parameters
    ----------
    label : str
        What is being trained.
    stream : text stream, optional
        Where to write; stderr by default.
    seconds_between_lines : float
        Where the stream is neither terminal nor notebook: seconds between two lines.

    Examples
    --------
    >>> from deepstep import Network
    >>> net = Network([1, 1], initialization="zeros", seed=1)
    >>> history = net.train([[0.0]], [[1]], iterations=3, callbacks=[Progress("mine", stream=sys.stdout)])
    mine: 3/3, cost 0.6...
    """

    looks_at_the_network = False
    adds_to_records = ()

    def __init__(
        self, label: str = "train", *, stream: TextIO | None = None, seconds_between_lines: float = 5.0
    ) -> None:
        self._label = label
        self._stream = stream if stream is not None else sys.stderr
        self._renews = _is_notebook(self._stream)
        self._pause = SECONDS_IN_A_NOTEBOOK if self._renews else seconds_between_lines
        self._bar: Any = None
        self._last_line, self._done, self._width = 0.0, 0, 0

    def on_train_begin(self, training: Training) -> None:
        """Open the bar."""
        self._last_line, self._done, self._width = monotonic(), 0, 0
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
        done = len(training.history)  # of a training that goes on
        total = training.epochs if training.epochs < UNTIL_TIME_IS_UP else None
        self._task = self._bar.add_task(self._label, total=total, completed=done, cost="…")

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
        if self._width:
            self._stream.write("\n")
            self._width = 0

    def _write(self, training: Training, record: Record) -> None:
        self._done = len(training.history)
        of = f"/{training.epochs}" if training.epochs < UNTIL_TIME_IS_UP else ""
        line = f"{self._label}: {self._done}{of}, cost {record['cost']:.6f}"
        if self._renews:  # spaces cover what is left of a longer line
            self._stream.write(f"\r{line:{self._width}}")
            self._width = len(line)
        else:
            self._stream.write(f"{line}\n")
        self._stream.flush()


def _is_notebook(stream: TextIO) -> bool:
    """Whether it ends up below a notebook's cell, where a carriage return begins the line anew."""
    return type(stream).__module__.startswith("ipykernel.")
