"""Rows in files: X, y and weights, which are named or with ``X.npy`` arrays, stay there or are read."""

from collections.abc import Iterator, Sequence
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from deepstep.data import ArrayRows, StoredRows
from deepstep.data.arrays import INPUTS, NUMPY, beside_it, mapped
from deepstep.data.rows import check_room
from deepstep.data.tables import (
    BY_CONTENT,
    STREAMED_FROM,
    ReadOptions,
    column,
    pieces_in,
    rows_to_stream,
    silent,
    table_in,
    told_missing_words,
)
from deepstep.ensembles.streamed import labels_in
from deepstep.environment import polars
from deepstep.errors import ConfigurationError, DataError, ShapeError, unknown_name
from deepstep.estimators.inputs import FitContext, RawData, with_named_columns
from deepstep.preparation.survey import Survey
from deepstep.preparation.table import with_columns
from deepstep.types import AnyArray

IN_ROWS = "Pass stream=True, which leaves the rows in the file."
Y, WEIGHT = "y", "weight"
"""Names of columns that came as arrays."""


class NamedRows(NamedTuple):
    """Rows in files, also those that a survey has seen, and the columns of y and of the weights."""

    rows: StoredRows | Survey
    target: str
    weighing: str | None


def as_row_source(data: RawData, stream: bool | None, context: FitContext) -> NamedRows | None:
    """The arguments of fit as rows that stay in their files; None where they go into memory."""
    where = context.where
    if isinstance(data.X, Survey):
        return NamedRows(data.X, data.y, data.sample_weight)
    if context.incremental or context.going_on:
        requirement = "in memory where training is continued"
        raise ConfigurationError.must_be("X", requirement, f"{data.X!r:.60}")
    arrays = _as_arrays(data)
    if arrays is not None:
        is_path = isinstance(data.X, str | PathLike)
        if is_path and not (arrays.X.nbytes >= STREAMED_FROM if stream is None else stream):
            return None
        return _as_rows(arrays, where)
    _check_names(data)
    rows = rows_to_stream(data.X, stream, _beside(data))
    return None if rows is None else NamedRows(rows, data.y, data.sample_weight)


def reading(verbose: Any) -> ReadOptions:
    """How text tables are read: what is found about them is logged where an estimator is verbose."""
    return BY_CONTENT if verbose else BY_CONTENT._replace(tell=silent)


def in_memory(data: RawData, how: ReadOptions) -> RawData:
    """Rows of files as frames and arrays."""
    arrays = _as_arrays(data)
    if arrays is not None:
        for array in arrays:
            if array is not None:
                check_room(array.nbytes, f"An array of shape {tuple(array.shape)}", IN_ROWS)
        inputs, *others = (None if array is None else np.array(array) for array in arrays)
        if inputs is not None and inputs.ndim > 2:
            inputs = inputs.reshape(len(inputs), -1)
        return RawData(inputs, *others)
    _check_names(data)
    frame, _, named = table_in(data.X, _beside(data), how)
    names = [data.y, data.sample_weight]
    for name in names:
        if name is not None and name not in frame.columns:
            near = unknown_name("column", name, frame.columns).hint
            problem = f"{data.X} has no column {name!r}, only {', '.join(frame.columns)}"
            raise DataError(problem, near)
    words = told_missing_words(Path(data.X), frame, data.y) if isinstance(data.X, str | PathLike) else ""
    if words:
        hint = "If it is a class, pass a frame that has it as a text; else leave these rows out."
        raise DataError(f"{data.X}, target {data.y!r}: {words}", hint)
    rest = [column for column in frame.get_columns() if column.name not in names]
    weight = None if data.sample_weight is None else frame.get_column(data.sample_weight).to_numpy()
    X = frame.select(rest) if named else frame.select(rest).to_numpy()
    return RawData(X, labels_in(frame.get_column(data.y)), weight)


def _as_arrays(data: RawData) -> RawData | None:
    """X, y and weights as arrays, mapped where they are in files; None where columns of X are named."""
    X, others = data.X, (data.y, data.sample_weight)
    if isinstance(X, StoredRows):
        return None
    if not isinstance(X, str | PathLike):
        for name, other in zip((Y, "sample_weight"), others, strict=True):
            if isinstance(other, str) and not _is_numpy(other):
                hint = "Names are for columns of files that X names."
                raise DataError.must_be(name, "an array where X is an array", f"the name {other!r}", hint)
        return RawData(X, *map(_array_of, others))
    path = Path(X)
    named = all(other is None or (isinstance(other, str) and not _is_numpy(other)) for other in others)
    if path.suffix.lower() not in NUMPY or named:
        return None
    beside = (
        beside_it(path, other) if isinstance(other, str) and not _is_numpy(other) else other
        for other in others
    )
    inputs = mapped(path)
    if inputs.ndim < 2:
        raise ShapeError(f"{path} has an array of shape {inputs.shape}, not (m, n)")
    return RawData(inputs, *map(_array_of, beside))


def _array_of(values: Any) -> Any:
    """An array as it is, a NumPy file mapped."""
    if isinstance(values, str | PathLike):
        return mapped(Path(values))
    return values if values is None or hasattr(values, "shape") else np.asarray(values)


def _is_numpy(name: str | PathLike[str]) -> bool:
    return Path(name).suffix.lower() in NUMPY


def _as_rows(arrays: RawData, where: str) -> NamedRows:
    """Arrays as rows, with names for y and the weights."""
    X, y, weight = arrays
    if y is None:
        raise DataError("y is missing")
    if len(X.shape) < 2:
        raise ShapeError.must_be("X", "an array (m, n) of inputs", f"shape {tuple(X.shape)}")
    for name, array in ((Y, y), ("sample_weight", weight)):
        if array is not None and tuple(array.shape[1:]) not in ((), (1,)):
            value = f"shape {tuple(array.shape)}"
            hint = "Fit one estimator for each, or pass arrays in memory."
            raise ShapeError.must_be(name, "one column where rows are streamed", value, hint)
    parts = {INPUTS: X, Y: y, WEIGHT: weight}
    rows = ArrayRows({name: part for name, part in parts.items() if part is not None}, f"{where}, X and y")
    return NamedRows(rows, Y, None if weight is None else WEIGHT)


def _check_names(data: RawData) -> None:
    if isinstance(data.y, str) and isinstance(data.sample_weight, str | None):
        return
    y, weight = (name if isinstance(name, str | None) else type(name).__name__ for name in data[1:])
    hint = "" if isinstance(data.y, str | None) else "Arrays go with X.npy alone."
    requirement, value = "names of columns where X is in files", f"y={y} and sample_weight={weight}"
    raise ConfigurationError.must_be("y and sample_weight", requirement, value, hint)


def _beside(data: RawData) -> list[str]:
    return [name for name in (data.y, data.sample_weight) if name is not None]


def is_stored(X: Any, stream: bool | None = None) -> bool:
    """Whether X names files, or is rows in them; a memory-mapped array is with ``stream=True``.

    >>> is_stored("rows.parquet"), is_stored([[1.0]])
    (True, False)
    """
    return isinstance(X, str | PathLike | StoredRows | Survey) or (bool(stream) and isinstance(X, np.memmap))


def inputs_in(X: Any, names: Sequence[str], how: ReadOptions) -> "Iterator[polars.DataFrame]":
    """These columns of X, a piece at a time; all of them where there are no names."""
    source = ArrayRows({INPUTS: X}, "X") if hasattr(X, "dtype") else X
    for frame in pieces_in(source, how=how, columns=names):
        complete = with_columns(frame, names)
        yield complete.select([complete.get_column(name) for name in names or complete.columns])


def score_of(X: Any, y: Any, sample_weight: Any) -> RawData:
    """The arguments of `score`: columns that are named are taken out of a frame, and read from files."""
    if not is_stored(X):
        return with_named_columns(RawData(X, y, sample_weight))
    if isinstance(y, str):
        y = _column_of(X, y, "y")
    if isinstance(sample_weight, str):
        sample_weight = _column_of(X, sample_weight, "sample_weight")
    return RawData(X, y, sample_weight)


def _column_of(X: Any, name: str, where: str) -> AnyArray:
    """The values of a column of files, or of the array beside ``X.npy``."""
    if isinstance(X, str | PathLike) and _is_numpy(X):
        return np.array(mapped(Path(name) if _is_numpy(name) else beside_it(Path(X), name)))
    pieces = pieces_in(X, [name], reading(False), [name])
    return np.concatenate([labels_in(column(piece, name, where)) for piece in pieces])
