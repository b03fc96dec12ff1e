"""The standard streams of the command line: what they refuse is told apart from every other error."""

import os
import re
import sys
from typing import Any, TextIO

import click

from deepstep.errors import FileError

LAST_STANDARD_STREAM = 2

CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""Characters that a terminal obeys instead of showing them: controls, and marks of the text's direction."""


class OutputError(FileError):
    """A standard stream cannot be written; with ``reader_gone`` (``| head``) that is no failure."""

    def __init__(self, stream: TextIO, error: OSError) -> None:
        super().__init__("the output", "it can be written", error.strerror or str(error))
        self.stream, self.reader_gone = stream, isinstance(error, BrokenPipeError)


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
    return CONTROLS.sub(lambda found: found[0] if lines and found[0] == "\n" else ascii(found[0])[1:-1], text)


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
