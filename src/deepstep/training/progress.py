"""How far training or other work is, on stderr: a bar in a terminal, one line in a notebook, else lines."""

import sys
from time import monotonic
from typing import Any, TextIO

from deepstep.training.callbacks import Callback, Training
from deepstep.training.history import Record
from deepstep.training.plan import UNTIL_TIME_IS_UP

SECONDS_IN_A_NOTEBOOK = 0.2
"""Seconds between two states of the line: each is a message to the browser."""


class Meter:
    """Shows how much of some work is done; what each stream gets says `Progress`."""

    def __init__(self, label: str, stream: TextIO | None = None, seconds_between_lines: float = 5.0) -> None:
        self._label, self._stream = label, stream if stream is not None else sys.stderr
        # below a notebook's cell a carriage return restarts the line
        self._renews = type(self._stream).__module__.startswith("ipykernel.")
        self._pause = SECONDS_IN_A_NOTEBOOK if self._renews else seconds_between_lines
        self._bar: Any = None
        self._of, self._line, self._last_line, self._width = "", "", 0.0, 0

    def begin(self, total: int | None, *, text: str = "") -> None:
        """Open the bar of so many parts, None where their number is not known."""
        self._of = "" if total is None else f"/{total}"
        self._line, self._last_line, self._width = "", monotonic(), 0
        if not self._stream.isatty():
            return
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        self._bar = Bar(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[text]}", markup=False),
            TimeRemainingColumn(),
            console=Console(file=self._stream),
        )
        self._bar.start()
        self._task = self._bar.add_task(self._label, total=total, text=text)

    def move(self, done: int, text: str) -> None:
        """Move the bar, or write a line if the last one is old enough."""
        if self._bar is not None:
            self._bar.update(self._task, completed=done, text=text)
            return
        self._line = f"{self._label}: {done}{self._of}, {text}"
        if monotonic() - self._last_line >= self._pause:
            self._last_line = monotonic()
            self._write()

    def end(self) -> None:
        """Close the bar, or write the last line."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None
        elif self._line:
            self._write()
        if self._width:
            self._stream.write("\n")
            self._width = 0

    def _write(self) -> None:
        if self._renews:  # spaces cover what is left of a longer line
            self._stream.write(f"\r{self._line:{self._width}}")
            self._width = len(self._line)
        else:
            self._stream.write(f"{self._line}\n")
        self._stream.flush()
        self._line = ""


class Progress(Callback):
    """Show how far training is and its cost.

    The form follows from the stream: a terminal gets a bar, a notebook's cell one line that is written over,
    and a file or a pipe a line now and then, and the last one.

    label: What is being trained.
    stream (text stream): Where to write; stderr by default.
    seconds_between_lines: Where the stream is neither terminal nor notebook: seconds between two lines.

    >>> import sys
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
        self._meter = Meter(label, stream, seconds_between_lines)

    def on_train_begin(self, training: Training) -> None:
        """Open the bar."""
        self._meter.begin(training.epochs if training.epochs < UNTIL_TIME_IS_UP else None, text="cost …")
        if training.history:  # of a resumed training
            self.on_epoch_end(training, training.history[-1])

    def on_epoch_end(self, training: Training, record: Record) -> None:
        """Move the bar, or write a line if the last one is old enough."""
        cost = record["cost"]
        self._meter.move(len(training.history), f"cost {cost:.6f}" if abs(cost) < 1e9 else f"cost {cost:.6g}")

    def on_train_end(self, training: Training) -> None:
        """Close the bar, or write the last line."""
        self._meter.end()
