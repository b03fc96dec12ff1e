"""Common parts of targets of several columns: their names, and errors that say which column is meant."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from deepstep.errors import DataError
from deepstep.preparation.records import damaged


def check_names(names: tuple[str, ...]) -> None:
    """Refuse stored names that are not several different ones."""
    if len(names) < 2 or len(set(names)) != len(names):
        raise damaged("at least two different names", f"got {names!r:.60}")


def of_each(names: Iterable[str], found: Callable[[str], Any]) -> list[Any]:
    """Results for each column."""
    results = []
    for name in names:
        with _named(name):
            results.append(found(name))
    return results


@contextmanager
def _named(name: str) -> Iterator[None]:
    """Let an error about a target say which."""
    try:
        yield
    except DataError as error:
        raise DataError(f"target {name!r}", error.expected, error.got, error.hint) from None
