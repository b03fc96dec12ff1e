"""Python objects of one column → a polars column of the one type that they share, else texts."""

import datetime
from collections.abc import Callable, Sequence
from contextlib import suppress
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np

from deepstep.environment import polars
from deepstep.errors import CellError, DataError

_WHOLE = (int, np.integer)
_NUMBERS = (*_WHOLE, float, np.floating, Decimal, Fraction)
EXACT = 2**53
"""Below it each whole number is a float."""
_TRUTHS = (bool, np.bool_)
_MOMENTS = (datetime.date, np.datetime64)  # a datetime is a date, pandas' Timestamp is a datetime
_SPANS = (datetime.timedelta, np.timedelta64)
_PLAIN = (str, *_NUMBERS, *_TRUTHS, *_MOMENTS, *_SPANS, datetime.time)
_UNEQUAL_TO_ITSELF = (float, np.floating, Decimal, np.datetime64, np.timedelta64)
_PANDAS_MISSING = {"NAType", "NaTType"}  # by name: pandas is not imported


def objects_as_series(name: str, values: Sequence[Any]) -> "polars.Series":
    """A column of Python objects."""
    kinds = set(map(type, values))
    for kind in kinds:
        if not _is_value(kind):
            row = next(row for row, value in enumerate(values) if type(value) is kind)
            raise no_value(f"Row {row + 1} of column {name!r} holds a {kind.__name__}")
    gone = {kind for kind in kinds if kind.__name__ in _PANDAS_MISSING}
    if gone:
        values = [None if type(value) in gone else value for value in values]
    if any(issubclass(kind, _UNEQUAL_TO_ITSELF) for kind in kinds):
        values = [None if value != value else value for value in values]
        kinds = set(map(type, values))
    kinds = kinds - gone - {type(None)}
    if not kinds:
        return polars.Series(name, [None] * len(values), dtype=polars.Null)
    return _typed(kinds, values, name).alias(name)  # at the end: polars takes names such as * for patterns


def as_text(value: Any) -> str:
    """A value as a text; truth values in small letters, as tables write them, and whole numbers without a
    fraction, as a column of them becomes one of floats where a value is missing.
    """
    if isinstance(value, (float, np.floating)) and float(value).is_integer() and abs(float(value)) < EXACT:
        value = int(value)
    return str(value).lower() if isinstance(value, _TRUTHS) else str(value)


def no_value(problem: str) -> CellError:
    """The error for a column whose cells are no single values."""
    return CellError(
        problem,
        # scikit-learn's checks of estimators look for the words before the comma
        "The argument must be a string or a number, a truth value or a date in every cell. Give each entry a "
        "column of its own, or leave the column out.",
    )


def _is_value(kind: type) -> bool:
    """Whether objects of this type are single values."""
    if issubclass(kind, (*_PLAIN, type(None))) or kind.__name__ in _PANDAS_MISSING:
        return True
    if (
        issubclass(kind, (complex, np.complexfloating))
        or hasattr(kind, "__len__")
        or hasattr(kind, "__iter__")
    ):
        return False
    return kind.__str__ is not object.__str__ or kind.__repr__ is not object.__repr__  # as UUID, Enum, Period


def _typed(kinds: set[type], values: Sequence[Any], name: str) -> "polars.Series":
    """The values as the one type that all of these kinds belong to, else as texts."""

    def are(*types: type) -> bool:
        return all(issubclass(kind, types) for kind in kinds)

    def series(convert: Callable[[Any], Any], dtype: Any, expected: str = "values") -> "polars.Series":
        return polars.Series(_converted(name, values, convert, expected), dtype=dtype)

    if are(*_TRUTHS):
        return series(bool, polars.Boolean)
    if are(*_NUMBERS) and not any(issubclass(kind, (*_TRUTHS, np.timedelta64)) for kind in kinds):
        if are(*_WHOLE):
            with suppress(OverflowError, TypeError):  # beyond 64 bits: as floats
                return series(int, polars.Int64)
        return series(float, polars.Float64, "numbers that a float can hold")
    if are(*_MOMENTS):
        if kinds == {datetime.date}:
            return polars.Series(values, dtype=polars.Date)
        moments = series(_moment, polars.Datetime("us"), "dates of the years 1 to 9999")
        zone = "UTC" if any(value is not None and _is_aware(value) for value in values) else None
        return moments.dt.replace_time_zone(zone)
    if are(*_SPANS):
        return series(_span, polars.Duration("us"), "spans of at most a hundred thousand years")
    if are(datetime.time):
        return polars.Series(values, dtype=polars.Time)
    try:
        return series(as_text, polars.String)
    except UnicodeEncodeError as error:
        raise DataError(f"Column {name!r} has a text with half a character ({error})") from error


def _converted(name: str, values: Sequence[Any], convert: Callable[[Any], Any], expected: str) -> list[Any]:
    """The values that are there, converted one after another; an error names the row."""
    converted: list[Any] = []
    try:
        for value in values:
            converted.append(None if value is None else convert(value))  # noqa: PERF401 (its length is the row)
    except (OverflowError, ValueError) as error:
        problem = f"Row {len(converted) + 1} of column {name!r} cannot be used ({error})"
        raise DataError(problem, f"Use {expected}.") from error
    return converted


def _moment(value: Any) -> datetime.datetime:
    """A date with a time, in UTC where it has a zone, and without its zone."""
    if isinstance(value, np.datetime64):
        value = value.astype("datetime64[us]").item()
    if hasattr(value, "to_pydatetime"):
        value = value.to_pydatetime(warn=False)
    if not isinstance(value, datetime.datetime):
        return datetime.datetime(value.year, value.month, value.day)
    return value.astimezone(datetime.UTC).replace(tzinfo=None) if _is_aware(value) else value


def _is_aware(value: Any) -> bool:
    return getattr(value, "tzinfo", None) is not None


def _span(value: Any) -> datetime.timedelta:
    if isinstance(value, np.timedelta64):
        value = value.astype("timedelta64[us]").item()
    return value.to_pytimedelta() if hasattr(value, "to_pytimedelta") else value
