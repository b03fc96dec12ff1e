"""Errors of scikit-learn's checks, with the row at fault and a remedy."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from deepstep.errors import DataError
from deepstep.estimators.calls import Given
from deepstep.estimators.checked_target import refuse_texts, refuse_times

_OF_X = ("Input X contains NaN", "could not convert string")


@contextmanager
def told_by_row(given: Given, where: str, *, numbers: bool) -> Iterator[None]:
    """While rows are checked: a `DataError` with scikit-learn's words that names the rows without a target.

    For inputs that one network cannot take it names the preset that can. ``numbers`` is True for a regressor.
    """
    try:
        yield
    except ValueError as error:
        got = str(error).partition("\n")[0].rstrip(".")
        if numbers:
            refuse_texts(np.asarray(given.y, dtype=object), where)
        if got.startswith(_OF_X):
            hint = "Use preset='tabular', which takes missing values, texts and dates as they are."
            raise DataError(where, "X of numbers, none of them missing", got, hint) from error
        if "NaN" in got and rows_without_target(given.y):
            raise without_target(given.y, where, f"{got}: ") from error
        raise
    except TypeError:
        if numbers:
            refuse_times(np.asarray(given.y, dtype=object), where)
        raise


def without_target(y: Any, where: str, got: str = "") -> DataError:
    """The error for targets of which some are missing."""
    missing = rows_without_target(y)
    got += f"row {missing[0] + 1} has none, {len(missing)} row(s) in all"
    return DataError(where, "a target in every row", got, "Leave these rows out.")


def rows_without_target(y: Any) -> list[int]:
    """Numbers, from 0, of the rows in which a target is None, NaN, NaT or pandas' NA.

    >>> rows_without_target(["a", None, "b", float("nan")])
    [1, 3]
    """
    values = np.asarray(y, dtype=object)
    rows = values.reshape(len(values), -1) if values.size else values.reshape(0, 1)
    return [number for number, row in enumerate(rows) if any(map(_is_missing, row))]


def _is_missing(value: Any) -> bool:
    # pandas' NA is neither equal nor unequal to itself; it is known by name, as pandas need not be here.
    return value is None or type(value).__name__ == "NAType" or bool(value != value)
