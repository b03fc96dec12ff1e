"""Progress on stderr: a bar in a terminal and in a notebook, elsewhere a line now and then.

The logger ``deepstep`` has the same at the level INFO, whether it is shown or not.
"""

import logging
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from io import StringIO
from math import inf
from threading import Lock
from time import monotonic
from typing import Any, TextIO

from deepstep.environment import has_threads
from deepstep.preparation.batches import n_batches
from deepstep.training.callbacks import Callback, Training
from deepstep.training.history import Record
from deepstep.training.plan import UNTIL_TIME_IS_UP

BETWEEN_MOVES = 0.5  # seconds between two states of a bar; in a notebook each is a message to the browser
LONGER = 0.05  # share of the time so far that passes before the next line is written
SPEED_PERIOD = 120.0  # seconds whose speed gives the time left
WIDTH = 100  # characters of a bar in a notebook

LOG = logging.getLogger("deepstep")
is_logged = partial(LOG.isEnabledFor, logging.INFO)


class Meter:
    """Shows how much of some work is done; `Progress` says what each kind of stream gets.

    Without a label and a stream it is for the log alone.
    """

    def __init__(
        self, label: str, stream: TextIO | None = None, seconds_between_lines: float = 5.0, *, unit: str = ""
    ) -> None:
        self._label, self._stream = label or "training", stream or (sys.stderr if label else StringIO())
        self._unit = f" {unit}" if unit else ""
        # below a notebook's cell a carriage return restarts the line
        self._in_notebook = type(self._stream).__module__.startswith("ipykernel.")
        self._in_terminal = self._stream.isatty() and not self._in_notebook
        self._drawn = self._in_terminal or self._in_notebook
        self._between = seconds_between_lines
        self._bar: Any = None
        self._lock = Lock()  # members of an ensemble move one bar from their threads

    def begin(self, total: float | None, *, text: str = "") -> None:
        """Open the bar of so many parts, None where their number is not known."""
        self._state: tuple[float, str] | None = None
        self._total, self._width, self._line = total, 0, self._label
        self._begun = monotonic()
        self._next_record = self._begun + self._between
        self._next = self._begun + BETWEEN_MOVES if self._drawn else self._next_record
        LOG.info("%s: begins", self._label)
        self._bar = self._new_bar(total, text)
        if self._in_terminal:
            self._bar.start()
        elif self._in_notebook:
            self.move(0, text)
            self._show()

    def move(self, done: float, text: str, total: float | None = None) -> None:
        """Show that so many parts are done, perhaps of another number, if the last state is old enough."""
        self._state = done, text
        self._total = self._total if total is None else total
        if monotonic() >= self._next and self._lock.acquire(blocking=False):
            try:
                self._show()
            finally:
                self._lock.release()

    def end(self) -> None:
        """Show the last state, and close the bar."""
        if self._bar is None:
            return
        with self._lock:
            self._next_record = inf
            self._show()
            LOG.info("%s, ended after %.1f s", self._line, monotonic() - self._begun)
            if self._in_terminal:
                self._bar.stop()
            elif self._width:
                self._stream.write("\n")
            self._bar = None

    def _new_bar(self, total: float | None, text: str) -> Any:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        bar = Bar(
            TextColumn("{task.description}", markup=False),
            BarColumn(20 if self._in_notebook else 40),
            MofNCompleteColumn(),
            *([TextColumn(self._unit.strip(), markup=False)] if self._unit else []),
            TextColumn("{task.fields[text]}", markup=False),
            TimeRemainingColumn(),
            console=Console(
                file=self._stream,
                force_jupyter=False,
                color_system="auto" if self._in_terminal else None,
                width=None if self._in_terminal else WIDTH,
            ),
            refresh_per_second=2,
            auto_refresh=self._in_terminal and has_threads(),
            speed_estimate_period=SPEED_PERIOD,
        )
        bar.add_task(self._label, total=total, text=text)
        return bar

    def _show(self) -> None:
        """Show the state, if there is one that was not shown."""
        now = monotonic()
        rarer = now + max(self._between, LONGER * (now - self._begun))
        self._next = now + BETWEEN_MOVES if self._drawn else rarer
        if self._state is None or self._bar is None:
            return
        (done, text), total, self._state = self._state, self._total, None
        (task,) = self._bar.tasks
        self._bar.update(task.id, completed=done, total=total, text=text, refresh=self._in_terminal)
        left = f", {_duration(task.time_remaining)} left" if task.time_remaining else ""
        parts = "" if total is None else f"/{total:.12g}"
        self._line = f"{self._label}: {done:.0f}{parts}{self._unit}, {text}{left}"
        if now >= self._next_record:
            self._next_record = rarer
            LOG.info("%s", self._line)
        if self._in_notebook:  # spaces cover what is left of a longer line
            with self._bar.console.capture() as drawn:
                self._bar.console.print(self._bar.get_renderable())
            line = drawn.get().strip()
            self._stream.write(f"\r{line:{self._width}}")
            self._width = len(line)
        elif not self._in_terminal:
            self._stream.write(f"{self._line}\n")
        self._stream.flush()


@contextmanager
def phase(text: str, stream: TextIO | None = None, *, label: str | None = None) -> Iterator[None]:
    """Show in a terminal what is done while the block runs, where no bar can tell how far it is.

    With an empty label it is for the log alone.

    >>> with phase("reading table.csv", sys.stdout):  # no terminal: nothing
    ...     pass
    """
    stream, begun, text = stream or sys.stderr, monotonic(), f"{label}: {text}" if label else text
    LOG.info("%s: begins", text)
    with ExitStack() as shown:
        shown.callback(lambda: LOG.info("%s: ended after %.1f s", text, monotonic() - begun))
        if label != "" and stream.isatty() and has_threads():
            from rich.console import Console
            from rich.text import Text

            console, line = Console(file=stream), Text(text)
            line.truncate(console.width - 4, overflow="ellipsis")  # a wrapped line may begin with anything
            shown.enter_context(console.status(line))
        yield


def _duration(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"


class Progress(Callback):
    """Show how far training is, its cost and the time left.

    The form follows from the stream: a terminal and a notebook's cell get a bar, a file or a pipe a line now
    and then, and the last one.

    Parameters
    ----------
    label : str, optional
        What is being trained.
    stream : text stream, optional
        Where to write; stderr by default.
    seconds_between_lines : float, optional
        Where the stream is neither terminal nor notebook: the least number of seconds between two lines,
        which become rarer the longer it takes.

    Examples
    --------
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
        """Open the bar.

        Parameters
        ----------
        training : Training
            The training, to look at.
        """
        self._text = "cost …"
        self._meter.begin(training.epochs if training.epochs < UNTIL_TIME_IS_UP else None, text=self._text)
        if training.history:  # of a resumed training
            self.on_epoch_end(training, training.history[-1])

    def on_pause(self, training: Training) -> None:
        """Move the bar within an epoch.

        Parameters
        ----------
        training : Training
            The training, to look at.
        """
        if training.position.batch:
            self._meter.move(epochs_done(training), self._text)

    def on_epoch_end(self, training: Training, record: Record) -> None:
        """Move the bar, or write a line if the last one is old enough.

        Parameters
        ----------
        training : Training
            The training, to look at.
        record : dict
            The record of the epoch.
        """
        cost = record["cost"]
        self._text = f"cost {cost:.6f}" if abs(cost) < 1e9 else f"cost {cost:.6g}"
        self._meter.move(len(training.history), self._text)

    def on_train_end(self, training: Training) -> None:
        """Close the bar, or write the last line.

        Parameters
        ----------
        training : Training
            The training, to look at.
        """
        self._meter.end()


def epochs_done(training: Training) -> float:
    """The epochs of a training that are done, with the part of the one that is under way."""
    position, plan = training.position, training.plan
    if plan is None or not position.batch:
        return len(training.history)
    return len(training.history) + position.batch / n_batches(training.n_examples, plan.batch_size)
