"""The terminal: standard streams, JSON, tables, curves, exit codes.

Exit codes: 0 good; 1 a check failed, or training diverged; 2 wrong usage or wrong input; 130 interrupted; 141
the reader of the output went away (``| head``).
"""

import errno
import json
import os
import re
import shlex
import shutil
import sys
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click

from deepstep.errors import FileError

if TYPE_CHECKING:
    from rich.console import Console

    from deepstep.inspection.metrics import Scores
    from deepstep.types import Array

LAST_STANDARD_STREAM = 2

CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""Characters that a terminal obeys instead of showing them: controls, and marks of the text's direction."""


class OutputError(FileError):
    """A standard stream cannot be written; with ``reader_gone`` (``| head``) that is no failure."""

    def __init__(self, stream: TextIO, error: OSError) -> None:
        super().__init__(f"The output cannot be written ({error.strerror or error})")
        self.stream = stream
        # Windows calls a pipe that nobody reads an invalid argument
        self.reader_gone = error.errno in (errno.EPIPE, os.name == "nt" and errno.EINVAL)


class Output:
    """A text stream that raises `OutputError` where the stream itself raises OSError."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        try:
            return self._stream.write(text)
        except OSError as error:
            raise OutputError(self._stream, error) from error

    def flush(self) -> None:
        try:
            self._stream.flush()
        except OSError as error:
            raise OutputError(self._stream, error) from error


def harmless(text: str, *, lines: bool = False) -> str:
    """Text from a file as a terminal can show it: control characters are written as escapes.

    With ``lines`` line breaks are meant as such.
    """
    return CONTROLS.sub(lambda match: match[0] if lines and match[0] == "\n" else ascii(match[0])[1:-1], text)


def say(text: str, *, err: bool = False, lines: bool = False) -> None:
    """A line on stdout, or on stderr; with ``lines`` a text of several."""
    click.echo(harmless(text, lines=lines), err=err)


def fill_closed() -> None:
    """Let what was closed before the start (``>&-``) be the null device, as git does.

    Else Python has no such stream, and the next file that is opened would take its place.
    """
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= LAST_STANDARD_STREAM:
        pass
    os.close(descriptor)
    for number, name in ((1, "stdout"), (LAST_STANDARD_STREAM, "stderr")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, "w", encoding="utf-8", closefd=False))  # noqa: SIM115


def forget(stream: TextIO) -> None:
    """Give a failed stream somewhere to go: Python flushes it once more at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


GOOD, FAILED, WRONG_INPUT, INTERRUPTED, READER_GONE = 0, 1, 2, 130, 141


WIDTH = 80
"""Columns of the output where there is no terminal that has a width."""


json_option = click.option("--json", "json_wanted", is_flag=True, help="Print one JSON object.")
"""The option that every command has."""


def as_json(record: dict[str, Any]) -> str:
    """One JSON object; NumPy values become plain ones, numbers that are not finite become texts.

    >>> as_json({"cost": float("nan")})
    '{"cost": "nan"}'
    """
    text = json.dumps(_plain(record), ensure_ascii=False, allow_nan=False)
    return CONTROLS.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def console() -> "Console":
    """A rich console on stdout: colours in a terminal, plain text elsewhere.

    Texts are printed as they are, without markup, and `harmless`.
    """
    from rich.console import Console

    class Plain(Console):
        def print(self, *objects: Any, **options: Any) -> None:
            shown = (harmless(part, lines=True) if isinstance(part, str) else part for part in objects)
            super().print(*shown, **options)

    width = None if sys.stdout.isatty() else WIDTH
    return Plain(file=sys.stdout, highlight=False, markup=False, emoji=False, width=width)


def note(text: str) -> None:
    """One line about the work on stderr."""
    say(text, err=True)


@contextmanager
def harmless_warnings() -> Iterator[None]:
    """Let warnings that Python prints in the block be `harmless`."""
    plain = warnings.formatwarning

    def formatted(message: Warning | str, *rest: Any, **named: Any) -> str:
        return plain(harmless(str(message)), *rest, **named)

    warnings.formatwarning = formatted
    try:
        yield
    finally:
        warnings.formatwarning = plain


@contextmanager
def warnings_as_notes() -> Iterator[None]:
    """Let warnings of the block be notes."""
    with warnings.catch_warnings():

        def show(message: Warning | str, *_: object, **__: object) -> None:
            note(f"Warning: {' '.join(str(message).split())}")

        warnings.showwarning = show
        yield


def print_table(
    screen: "Console",
    header: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    left: int = 1,
    title: str = "",
    whole_names: bool = False,
) -> None:
    """A table: so many columns on the left are texts, the others are numbers.

    With ``whole_names`` the first column is never broken over lines.
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for index, name in enumerate(header):
        # Text: names from a user's file may look like rich's markup.
        table.add_column(
            Text(harmless(name)),
            justify="left" if index < left else "right",
            overflow="fold",
            no_wrap=whole_names and index == 0,
        )
    for row in rows:
        table.add_row(*(Text(harmless(cell)) for cell in row))
    if title:
        screen.print(title, markup=False)
    screen.print(table)
    screen.print()


def print_curve(
    screen: "Console", costs: "Array", *, height: int, title: str = "Cost J of each epoch"
) -> None:
    """The course of the cost, as wide as 76 columns where the screen has them."""
    from deepstep.cli.drawing import curve

    screen.print(f"\n{title}", markup=False)
    width = max(20, min(76, screen.width))
    screen.print(curve(costs, width=width, height=height, x_name="epoch"), markup=False)
    screen.print()


@contextmanager
def as_warning(sentence: str) -> Iterator[None]:
    """Make a warning of what fails after the training, which is not lost by it."""
    try:
        yield
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"Interrupted. {sentence}.") from None
    except Exception as error:
        if not (isinstance(error, OutputError) and error.reader_gone):
            note(f"Warning: {sentence} ({type(error).__name__}: {error}).")
        if isinstance(error, OutputError):  # the exit code tells it
            raise


def print_scores(
    screen: "Console",
    parts: "Mapping[str, Scores]",
    *,
    by_class: bool = False,
    title: str = "",
    decimal: str = ".",
) -> None:
    """The figures of each part of the rows side by side; those of each class where asked for or uneven."""
    from deepstep.inspection.metrics import figures

    by_class = by_class or any(scores.uneven for scores in parts.values())
    rows, notes = figures(parts, by_class=by_class, decimal=decimal)
    print_table(screen, (title, *("out of fold" if part == "out_of_fold" else part for part in parts)), rows)
    for note in notes:
        screen.print(harmless(note), soft_wrap=True)
    if notes:
        screen.print()


def print_next(screen: "Console", run: Path, commands: Sequence[tuple[str, str]]) -> None:
    """Where the run is and what can be typed next; ``RUN`` in a command stands for the run."""
    folder = shlex.quote(run.as_posix())
    screen.print(harmless(f"Saved in {run}. Next:"), soft_wrap=True)
    typed = [harmless(f"{program()} {command.replace('RUN', folder)}") for command, _ in commands]
    width = max(map(len, typed))
    longest = max(width + 2 + len(meaning) for _, meaning in commands)
    for line, (_, meaning) in zip(typed, commands, strict=True):
        side_by_side = f"  {line:{width}}  {meaning}"
        text = side_by_side if longest + 2 <= screen.width else f"  # {meaning}\n  {line}"
        screen.print(text, markup=False, soft_wrap=True)


def program() -> str:
    """The name by which a person reaches this program again."""
    called = Path(sys.argv[0])
    installed = shutil.which("deepstep")
    if called.name == "__main__.py":
        return f"{Path(sys.executable).name} -m deepstep"
    if not called.is_file() or (installed is not None and called.samefile(installed)):
        return "deepstep"
    return shlex.quote(os.path.relpath(called))  # an environment that is not activated


def printable(path: Path) -> str:
    """A path as text that can be written: bytes of its name that are no UTF-8 become question marks."""
    return str(path).encode(errors="replace").decode()


def _plain(value: Any) -> Any:
    import numpy as np

    if isinstance(value, dict):
        return {str(name): _plain(entry) for name, entry in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return _plain(value.tolist())
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    is_text = isinstance(value, Path) or (isinstance(value, float) and not np.isfinite(value))
    return str(value) if is_text else value
