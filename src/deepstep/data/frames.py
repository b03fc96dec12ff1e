"""Tables from memory: pandas, polars, pyarrow, arrays, lists of rows, as polars frames that keep the types.

No library is imported for a table that is not its own: a pandas frame is there only where pandas is.
"""

import datetime
import os
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np

from deepstep.environment import narwhals as nw
from deepstep.environment import polars
from deepstep.errors import CellError, ConfigurationError, DataError, ShapeError
from deepstep.types import AnyArray

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


_TABLES = "a table (pandas, polars, pyarrow), an array (rows, columns) or a list of rows"
_RESHAPE = "Reshape your data: X.reshape(-1, 1) where it is one column, X.reshape(1, -1) where it is one row."
_UNITS = {"Y": "D", "M": "D", "W": "D", "h": "ms", "m": "ms", "s": "ms", "ps": "ns", "fs": "ns", "as": "ns"}
"""Units of NumPy's dates that polars does not know, and those that take their place."""


def as_frame(X: Any) -> "polars.DataFrame":
    """A table from memory as a polars frame; rows are examples.

    ====================== ============================================================================
    input                  columns
    ====================== ============================================================================
    pandas, polars,        the same columns: names as texts, categories as categories, nullable types
    pyarrow, and what      with their missing values; moments with a time zone in UTC, decimals as
    narwhals knows         floats
    NumPy (m, n)           columns x0, x1, … of its type; masked values are missing
    NumPy, structured      a column for each field
    objects, lists of rows each column the one type that all its values have, else texts
    lists of dictionaries  a column for each key; what a row lacks is missing
    ====================== ============================================================================

    None, NaN, NaT and pandas' NA are missing. An index is no column.

    Parameters
    ----------
    X : table or array or list of rows
        A row is an example.

    Returns
    -------
    polars.DataFrame
        Of m rows, with columns of numbers, truth values, texts, categories, dates and times alone; no NaN.
        Rows may be none.

    Raises
    ------
    CellError
        A DataError and a TypeError: when cells hold lists, dictionaries, bytes or other objects.
    DataError
        When two columns have the same name, there is no column, numbers are complex, or `X` is no table.
    ShapeError
        When an array does not have two dimensions, or rows have different lengths.

    Examples
    --------
    >>> as_frame([[1, "a"], [None, "b"]]).to_dict(as_series=False)
    {'x0': [1, None], 'x1': ['a', 'b']}
    >>> as_frame(np.array([[0.5, np.nan]])).to_dict(as_series=False)
    {'x0': [0.5], 'x1': [None]}
    """
    begin_work()
    if nw.dependencies.is_pandas_dataframe(X):
        names = _names(X.columns)
        columns = [
            _from_pandas(name, column).alias(name) for name, (_, column) in zip(names, X.items(), strict=True)
        ]
    elif nw.dependencies.is_pyarrow_table(X) or type(X).__name__ == "RecordBatch":
        names = _names(X.schema.names)
        columns = [
            _from_arrow(name, column).alias(name) for name, column in zip(names, X.columns, strict=True)
        ]
    elif isinstance(X, polars.DataFrame):
        columns = X.get_columns()
    elif isinstance(X, polars.LazyFrame):
        columns = X.collect().get_columns()
    elif nw.dependencies.is_into_dataframe(X):
        columns = nw.from_native(X, eager_only=True).to_polars().get_columns()
    elif nw.dependencies.is_into_series(X):
        hint = "Use X.to_frame() for a table of one column, X.to_frame().T for one row."
        raise ShapeError.must_be("X", _TABLES, "a single column", hint)
    else:
        columns = _from_rows(X)
    if not columns:
        raise _no_columns(getattr(X, "shape", (0, 0)))
    # By a dictionary: in a list polars takes a column without a name for one that wants a name.
    return polars.DataFrame({column.name: _settled(without_pattern(column)) for column in columns})


def _from_rows(X: Any) -> "list[polars.Series]":
    """The columns of an array, of what can be made one, or of a list of rows."""
    if isinstance(X, list | tuple):
        return _from_list(X)
    if hasattr(X, "toarray"):
        raise DataError.must_be("X", _TABLES, f"a sparse {type(X).__name__}", "Use X.toarray().")
    if not hasattr(X, "__array__"):
        hint = "Use polars.DataFrame(X)." if isinstance(X, dict) else ""
        raise DataError.must_be("X", _TABLES, type(X).__name__, hint)
    array = X if isinstance(X, np.ma.MaskedArray) else np.asarray(X)
    if array.dtype.names:
        names = _names(array.dtype.names)
        return [_from_array(name, array[name].ravel()).alias(name) for name in names]
    if array.ndim != 2:
        raise ShapeError.must_be("X", "an array (rows, columns)", f"shape {array.shape}", _RESHAPE)
    if array.shape[1] == 0:
        raise _no_columns(array.shape)
    return [_from_array(f"x{index}", column).alias(f"x{index}") for index, column in enumerate(array.T)]


def are_records(X: Any) -> bool:
    """Whether X is a list of rows that are dictionaries, which have the names of columns.

    >>> are_records([{"age": 31, "town": "Rome"}]), are_records([[31, "Rome"]])
    (True, False)
    """
    return isinstance(X, list | tuple) and len(X) > 0 and all(isinstance(row, dict) for row in X)


def has_names(X: Any) -> bool:
    """Whether the columns of a table have names."""
    return hasattr(X, "columns") or hasattr(X, "column_names") or are_records(X)


def _from_list(rows: Sequence[Any]) -> "list[polars.Series]":
    if not rows:
        raise DataError("X is an empty list, without rows")
    if are_records(rows):
        names = list(dict.fromkeys(name for row in rows for name in row))
        return [
            objects_as_series(name, tuple(row.get(key) for row in rows))
            for key, name in zip(names, _names(names), strict=True)
        ]
    for number, row in enumerate(rows, 1):
        if not isinstance(row, list | tuple | np.ndarray) or (isinstance(row, np.ndarray) and row.ndim != 1):
            raise ShapeError(f"Entry {number} of X is no row, but a {type(row).__name__}", _RESHAPE)
        if len(row) != len(rows[0]):
            raise ShapeError(f"Row {number} of X has {len(row)} values, but the first row has {len(rows[0])}")
    return [objects_as_series(f"x{index}", column) for index, column in enumerate(zip(*rows, strict=True))]


def _from_array(name: str, values: AnyArray) -> "polars.Series":
    """One column of an array."""
    mask = np.ma.getmaskarray(values) if isinstance(values, np.ma.MaskedArray) else None
    values = np.asarray(values)
    kind = values.dtype.kind
    if kind == "c":
        # scikit-learn's checks of estimators look for "Complex data not supported"
        raise DataError(
            f"Column {name!r} has complex numbers", "Complex data not supported: use real numbers."
        )
    if kind in "OT":
        series = objects_as_series(name, values.tolist()).alias("")
    elif kind == "V":
        raise no_value(f"Column {name!r} has fields of its own")
    else:
        series = polars.Series(_known_to_polars(name, values), nan_to_null=True)
    return series if mask is None else series.zip_with(polars.Series(~mask), series.clear(len(series)))


def _known_to_polars(name: str, values: AnyArray) -> AnyArray:
    """The values in a type, unit and order of bytes that polars takes."""
    kind, dtype = values.dtype.kind, values.dtype
    if kind == "S":
        try:
            return np.char.decode(values, "utf-8")
        except UnicodeDecodeError as error:
            raise no_value(f"Column {name!r} has bytes that are no text ({error})") from error
    if kind == "f" and dtype.itemsize not in (4, 8):
        dtype = np.dtype(np.float64)
    elif kind in "mM":
        unit, step = np.datetime_data(dtype)
        if kind == "m" and unit in ("W", "D"):  # no units of spans in polars
            unit = "ms"
        unit = _UNITS.get(unit, unit)
        if unit == "generic" or (kind == "m" and unit == "D"):
            raise no_value(f"Column {name!r} has values of type {dtype}, of no fixed length")
        dtype = np.dtype(f"{kind}8[{unit}]") if (unit, step) != np.datetime_data(dtype) else dtype
    return np.ascontiguousarray(values, dtype=dtype.newbyteorder("="))


def _from_pandas(name: str, column: Any) -> "polars.Series":
    """One column of a pandas frame; pandas' own types are known by name."""
    dtype = column.dtype
    if isinstance(dtype, np.dtype):
        return _from_array(name, column.to_numpy())
    kind = type(dtype).__name__
    if kind == "CategoricalDtype":
        return _from_categories(column)
    if kind == "SparseDtype":
        return _from_pandas(name, column.sparse.to_dense())
    if kind == "PeriodDtype":
        return _from_pandas(name, column.dt.to_timestamp())
    if kind == "ArrowDtype":
        return _from_arrow(name, column.array.__arrow_array__())
    if kind == "DatetimeTZDtype":
        moments = column.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy()
        return _from_array(name, moments).dt.replace_time_zone("UTC")
    present = column.notna().to_numpy()
    if isinstance(getattr(dtype, "numpy_dtype", None), np.dtype) and dtype.numpy_dtype.kind in "biuf":
        values = column.array.to_numpy(dtype=dtype.numpy_dtype, na_value=dtype.numpy_dtype.type(0))
        series = polars.Series(values, nan_to_null=True)
        return series.zip_with(polars.Series(present), series.clear(len(series)))
    values = column.astype(object).to_numpy(copy=True)
    values[~present] = None
    return objects_as_series(name, values.tolist())


def _from_categories(column: Any) -> "polars.Series":
    labels = polars.Series(list(map(as_text, column.cat.categories)), dtype=polars.String)
    codes = polars.Series(column.cat.codes.to_numpy()).cast(polars.Int64).replace(-1, None)
    series = labels.gather(codes) if len(labels) else polars.Series([None] * len(codes), dtype=polars.String)
    # Categories that are the same text, as 1 and "1", are one.
    return series.cast(polars.Enum(labels.unique(maintain_order=True)))


def _from_arrow(name: str, column: Any) -> "polars.Series":
    kind = str(column.type)
    if kind.startswith("decimal"):
        column = column.cast("float64")  # polars has none beyond 38 digits
    try:
        series = polars.Series(polars.from_arrow(column))
    except (polars.exceptions.PolarsError, TypeError, ValueError) as error:
        raise no_value(f"Column {name!r} has values of type {kind}") from error
    if kind.startswith("dictionary") and not series.dtype.is_nested():  # of numbers, too, it is of categories
        return as_categories(series).cast(polars.Categorical)
    return series


def _settled(series: "polars.Series") -> "polars.Series":
    """A column of one of the types that `as_frame` returns."""
    dtype = series.dtype
    if dtype == polars.Object:
        return _settled(objects_as_series(series.name, series.to_list()))
    if dtype.is_nested() or dtype in (polars.Binary, polars.Unknown):
        raise no_value(f"Column {series.name!r} has values of type {dtype}")
    if isinstance(dtype, polars.Datetime) and dtype.time_zone is not None:
        return series.dt.convert_time_zone("UTC")
    if dtype.is_decimal() or (dtype.is_numeric() and str(dtype) in {"Int128", "UInt128", "Float16"}):
        series = series.cast(polars.Float64)
    if series.dtype.is_float() and np.isnan(series.to_numpy()).any():
        return series.fill_nan(None)  # a query of its own: of thousands of columns it takes seconds
    return series


def _names(names: Iterable[Any]) -> list[str]:
    """Names as texts, each of them once."""
    texts = list(map(str, names))
    twice = [name for name, count in Counter(texts).items() if count > 1]
    if twice:
        shown = ", ".join(map(repr, twice[:5])) + (" …" if len(twice) > 5 else "")
        raise DataError(f"Columns have the same name: {shown}", "Rename them.")
    return texts


def _no_columns(shape: tuple[int, ...]) -> DataError:
    # in the words that scikit-learn's checks of estimators look for
    return DataError(f"X has 0 feature(s) (shape={tuple(shape)}) while a minimum of 1 is required")


def as_categories(series: "polars.Series") -> "polars.Series":
    """The values of a column that was declared to be one of categories, as texts."""
    texts = series.cast(polars.String)
    if not series.dtype.is_float():
        return texts
    is_integer = ((series == series.floor()) & (series.abs() < EXACT)).fill_null(False)
    integers = series.cast(polars.Int64, strict=False).cast(polars.String)  # 1 in place of 1.0
    others = texts.zip_with(series.is_not_nan().fill_null(False), integers.clear(len(texts)))
    return integers.zip_with(is_integer, others)


def without_pattern(series: "polars.Series") -> "polars.Series":
    """The column, with a space before a name that polars would take for a pattern."""
    name = series.name
    is_pattern = name == "*" or (name.startswith("^") and name.endswith("$"))
    return series.alias(f" {name}") if is_pattern else series


# polars in a process that was forked: its threads stay behind, and it would wait for them for ever. joblib's
# backend "multiprocessing" forks; "loky", its default, does not.
class _Process:
    """State of this process."""

    worked = False
    left_behind = False


def begin_work() -> None:
    """Say that polars is about to work."""
    if _Process.left_behind:
        raise ConfigurationError(
            "This process was forked from one in which tables were read or fitted, and polars would wait for "
            "ever for threads that stayed behind",
            "Use joblib's backend 'loky', or the start method 'spawn' of multiprocessing.",
        )
    _Process.worked = True


def _after_fork() -> None:
    _Process.left_behind = _Process.worked or _Process.left_behind


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
