"""Rows in files: X, y and weights, which are named or with ``X.npy`` arrays, stay there or are read."""

from collections.abc import Iterator, Sequence
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from deepstep.data import ArrayRows, StoredRows
from deepstep.data.arrays import INPUTS, NUMPY, beside_it, mapped
from deepstep.data.formats import BY_CONTENT, ReadOptions
from deepstep.data.rows import check_room
from deepstep.data.tables import (
    STREAMED_FROM,
    column,
    pieces_in,
    silent,
    stored,
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


def as_row_source(given: RawData, stream: bool | None, context: FitContext) -> NamedRows | None:
    """The arguments of fit as rows that stay in their files; None where they go into memory."""
    where = context.where
    if isinstance(given.X, Survey):
        return NamedRows(given.X, given.y, given.sample_weight)
    if context.incremental or context.going_on:
        raise ConfigurationError(where, "rows in memory to go on with", f"got {given.X!r:.60}")
    arrays = _as_arrays(given, where)
    if arrays is not None:
        of_path = isinstance(given.X, str | PathLike)
        if of_path and not (arrays.X.nbytes >= STREAMED_FROM if stream is None else stream):
            return None
        return _as_rows(arrays, where)
    _check_names(given, where)
    rows = stored(given.X, stream, where, _beside(given))
    return None if rows is None else NamedRows(rows, given.y, given.sample_weight)


def reading(verbose: Any) -> ReadOptions:
    """How text tables are read: what is found about them is logged where an estimator is verbose."""
    return BY_CONTENT if verbose else BY_CONTENT._replace(tell=silent)


def in_memory(given: RawData, where: str, how: ReadOptions) -> RawData:
    """Rows of files as frames and arrays."""
    arrays = _as_arrays(given, where)
    if arrays is not None:
        for array in arrays:
            if array is not None:
                check_room(array.nbytes, f"An array of shape {tuple(array.shape)}", IN_ROWS)
        inputs, *others = (None if array is None else np.array(array) for array in arrays)
        if inputs is not None and inputs.ndim > 2:
            inputs = inputs.reshape(len(inputs), -1)
        return RawData(inputs, *others)
    _check_names(given, where)
    frame, _, named = table_in(given.X, _beside(given), how)
    names = [given.y, given.sample_weight]
    for name in names:
        if name is not None and name not in frame.columns:
            near = unknown_name("", "", name, frame.columns).hint
            got = f"it has {', '.join(frame.columns)}"
            raise DataError(where, f"the column {name!r} in {given.X}", got, near)
    words = told_missing_words(Path(given.X), frame, given.y) if isinstance(given.X, str | PathLike) else ""
    if words:
        hint = "If it is a class, pass a frame that has it as a text; else leave these rows out."
        raise DataError(f"{where}, target {given.y!r}", "every row has a target", words, hint)
    rest = [column for column in frame.get_columns() if column.name not in names]
    weight = None if given.sample_weight is None else frame.get_column(given.sample_weight).to_numpy()
    X = frame.select(rest) if named else frame.select(rest).to_numpy()
    return RawData(X, labels_in(frame.get_column(given.y)), weight)


def _as_arrays(given: RawData, where: str) -> RawData | None:
    """X, y and weights as arrays, mapped where they are in files; None where columns of X are named."""
    X, others = given.X, (given.y, given.sample_weight)
    if isinstance(X, StoredRows):
        return None
    if not isinstance(X, str | PathLike):
        for name, other in zip((Y, "sample_weight"), others, strict=True):
            if isinstance(other, str) and not _is_numpy(other):
                expected = f"{name} with a value for each row, where X is an array"
                hint = "Pass an array; names are for columns of files that X names."
                raise DataError(where, expected, f"got the name {other!r}", hint)
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
        raise ShapeError(str(path), "an array (m, n) of inputs", f"got shape {inputs.shape}")
    return RawData(inputs, *map(_array_of, beside))


def _array_of(given: Any) -> Any:
    """An array as it is, a NumPy file mapped."""
    if isinstance(given, str | PathLike):
        return mapped(Path(given))
    return given if given is None or hasattr(given, "shape") else np.asarray(given)


def _is_numpy(name: str | PathLike[str]) -> bool:
    return Path(name).suffix.lower() in NUMPY


def _as_rows(arrays: RawData, where: str) -> NamedRows:
    """Arrays as rows, with names for y and the weights."""
    X, y, weight = arrays
    if y is None:
        raise DataError(where, "y", "got none")
    if len(X.shape) < 2:
        raise ShapeError(f"{where}, X", "an array (m, n) of inputs", f"got shape {tuple(X.shape)}")
    for name, array in ((Y, y), ("sample_weight", weight)):
        if array is not None and tuple(array.shape[1:]) not in ((), (1,)):
            got = f"got shape {tuple(array.shape)}"
            hint = "Fit one estimator for each, or pass arrays in memory."
            raise ShapeError(f"{where}, {name}", "one column, where rows are streamed", got, hint)
    parts = {INPUTS: X, Y: y, WEIGHT: weight}
    rows = ArrayRows({name: part for name, part in parts.items() if part is not None}, f"{where}, X and y")
    return NamedRows(rows, Y, None if weight is None else WEIGHT)


def _check_names(given: RawData, where: str) -> None:
    if isinstance(given.y, str) and isinstance(given.sample_weight, str | None):
        return
    y, weight = (one if isinstance(one, str | None) else type(one).__name__ for one in given[1:])
    expected = "the names of the columns of y and sample_weight, where X is in files"
    hint = "" if isinstance(given.y, str | None) else "Arrays go with X.npy alone."
    raise ConfigurationError(where, expected, f"got y={y} and sample_weight={weight}", hint)


def _beside(given: RawData) -> list[str]:
    return [name for name in (given.y, given.sample_weight) if name is not None]


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
        found = with_columns(frame, names)
        yield found.select([found.get_column(name) for name in names or found.columns])


def score_of(X: Any, y: Any, sample_weight: Any, where: str) -> RawData:
    """The arguments of `score`: columns that are named are taken out of a frame, and read from files."""
    if not is_stored(X):
        return with_named_columns(RawData(X, y, sample_weight), where)
    if isinstance(y, str):
        y = _column_of(X, y, f"{where}, y")
    if isinstance(sample_weight, str):
        sample_weight = _column_of(X, sample_weight, f"{where}, sample_weight")
    return RawData(X, y, sample_weight)


def _column_of(X: Any, name: str, where: str) -> AnyArray:
    """The values of a column of files, or of the array beside ``X.npy``."""
    if isinstance(X, str | PathLike) and _is_numpy(X):
        return np.array(mapped(Path(name) if _is_numpy(name) else beside_it(Path(X), name)))
    pieces = pieces_in(X, [name], reading(False), [name])
    return np.concatenate([labels_in(column(piece, name, where)) for piece in pieces])
