"""How far work is, on stderr: a bar in a terminal, one line in a notebook, plain lines elsewhere."""

import sys
from time import monotonic
from typing import Any, TextIO

SECONDS_IN_A_NOTEBOOK = 0.2
"""Seconds between two states of the line: each is a message to the browser."""


class Meter:
    """Shows how much of some work is done.

    A terminal gets a bar, a notebook's cell one line that is written over, and a file or a pipe a line every
    ``seconds_between_lines``, and the last one.

    >>> meter = Meter("mine", stream=sys.stdout)
    >>> meter.begin(3, told="cost …")
    >>> for done in (1, 2, 3):
    ...     meter.move(done, f"cost {1 / done:.2f}")
    >>> meter.end()
    mine: 3/3, cost 0.33
    """

    def __init__(
        self, label: str, *, stream: TextIO | None = None, seconds_between_lines: float = 5.0
    ) -> None:
        self._label = label
        self._stream = stream if stream is not None else sys.stderr
        self._renews = _is_notebook(self._stream)
        self._pause = SECONDS_IN_A_NOTEBOOK if self._renews else seconds_between_lines
        self._bar: Any = None
        self._of, self._line, self._last_line, self._width = "", "", 0.0, 0

    def begin(self, total: int | None, *, told: str = "") -> None:
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
            TextColumn("{task.fields[told]}", markup=False),
            TimeRemainingColumn(),
            console=Console(file=self._stream),
        )
        self._bar.start()
        self._task = self._bar.add_task(self._label, total=total, told=told)

    def move(self, done: int, told: str) -> None:
        """Move the bar, or write a line if the last one is old enough."""
        if self._bar is not None:
            self._bar.update(self._task, completed=done, told=told)
            return
        self._line = f"{self._label}: {done}{self._of}, {told}"
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


def _is_notebook(stream: TextIO) -> bool:
    """Whether it ends up below a notebook's cell, where a carriage return begins the line anew."""
    return type(stream).__module__.startswith("ipykernel.")
