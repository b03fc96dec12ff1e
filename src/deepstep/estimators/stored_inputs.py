"""X as estimators take it where its rows stand in files: a path, or `StoredRows`."""

from collections.abc import Iterator, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from deepstep.data import ArrayRows, StoredRows
from deepstep.data.arrays import INPUTS
from deepstep.data.tables import pieces_in
from deepstep.preparation.table import with_columns

if TYPE_CHECKING:
    import polars


def is_stored(X: Any, stream: bool | None = None) -> bool:
    """Whether X names files, or is rows in them; a memory-mapped array is with ``stream=True``.

    >>> is_stored("rows.parquet"), is_stored([[1.0]])
    (True, False)
    """
    return isinstance(X, str | PathLike | StoredRows) or (bool(stream) and isinstance(X, np.memmap))


def inputs_in(X: Any, names: Sequence[str]) -> "Iterator[polars.DataFrame]":
    """These columns of X, a piece at a time; all of them where there are no names."""
    if not isinstance(X, str | PathLike | StoredRows):
        X = ArrayRows({INPUTS: X}, "X")
    if isinstance(X, StoredRows):
        columns = list(names or X.schema)
        groups = range(len(X.sizes))
        most = X.piece_rows(columns)
        pieces: Iterator[polars.DataFrame] = (
            piece for group in groups for piece in X.pieces(group, columns, most)
        )
    else:
        pieces = pieces_in(Path(X))
    for frame in pieces:
        found = with_columns(frame, names)
        yield found.select([found.get_column(name) for name in names or found.columns])
