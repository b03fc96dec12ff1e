"""Warnings, and lines of the log from WARNING on, of workers other than the first.

The first worker writes them to stderr as ever. Messages of the others follow there with the worker's number,
except those that the first has written as well. So they are written when workers meet: before training
begins, and at its end, or when an error ends it.
"""

import hashlib
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

import click

from deepstep.cli.output import harmless, say

_LISTENING: "list[Said]" = []
"""Receivers of this process's messages; the last one alone gets them."""


class Said(logging.Handler):
    """Messages of one worker; `tell` writes those that the first worker has not written.

    >>> import sys
    >>> said = Said(1, sys.stdout)
    >>> said.hear("the disk is slow")
    >>> said.tell()
    Worker 1: the disk is slow
    >>> said.tell()
    """

    def __init__(self, number: int, stderr: TextIO) -> None:
        super().__init__(logging.WARNING)
        self._number, self._stderr = number, stderr
        self._texts: dict[str, None] = {}
        self._known: set[int] = set()

    def emit(self, record: logging.LogRecord) -> None:
        """Hear a line of the log; the first worker says it as Python does where nobody else handles it."""
        self.hear(record.getMessage())
        if self._number == 0 and not self._is_handled(record.name):
            say(record.getMessage(), err=True, lines=True)

    def hear(self, text: str) -> None:
        """Take in what was said."""
        self._texts[" ".join(text.split())] = None

    def meet(self) -> None:
        """Learn what the first has said, and tell what it has not; all workers come here."""
        from deepstep.distributed import all_workers

        own = [_digest(text) for text in self._texts] if self._number == 0 else []
        of_the_first, *_ = all_workers().exchange(own)
        self._known.update(of_the_first)
        self.tell()

    def tell(self) -> None:
        """Say what the first has not said, as far as that is known, once."""
        if self._number == 0:
            return
        for text in self._texts:
            if _digest(text) not in self._known:
                click.echo(harmless(f"Worker {self._number}: {text}"), file=self._stderr)
                self._known.add(_digest(text))

    def _is_handled(self, name: str) -> bool:
        """Whether somebody else prints lines of a logger."""
        logger: logging.Logger | None = logging.getLogger(name)
        while logger is not None:
            if any(handler is not self for handler in logger.handlers):
                return True
            logger = logger.parent if logger.propagate else None
        return False


@contextmanager
def listening(number: int, stderr: TextIO) -> Iterator[Said]:
    """Hear what this worker says while the block runs, and tell the rest of it when it ends."""
    said, shown = Said(number, stderr), warnings.showwarning

    def show(message: Warning | str, *rest: object, **named: object) -> None:
        said.hear(f"Warning: {message}")
        shown(message, *rest, **named)  # type: ignore[arg-type]  # passed on as it came

    logging.getLogger().addHandler(said)
    _LISTENING.append(said)
    with warnings.catch_warnings():
        warnings.showwarning = show
        try:
            yield said
        finally:
            _LISTENING.remove(said)
            logging.getLogger().removeHandler(said)
            said.tell()


def hear(text: str) -> None:
    """Take up a message to the user that is no warning of Python's."""
    for said in _LISTENING[-1:]:
        said.hear(text)


def meet() -> None:
    """Let all workers learn what the first has said."""
    for said in _LISTENING[-1:]:
        said.meet()


def _digest(text: str) -> int:
    """A number that float64 holds exactly."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:6])
