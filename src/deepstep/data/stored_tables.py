"""Tables that are read into memory, and those whose rows stay in their files: which of both a file is."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deepstep.data.array_rows import NUMPY, open_arrays
from deepstep.data.files import kind_at
from deepstep.data.parquet import SUFFIX as PARQUET
from deepstep.data.parquet import ParquetRows
from deepstep.data.room import check_room
from deepstep.data.stored_rows import StoredRows
from deepstep.data.tables import read_table
from deepstep.errors import ConfigurationError, FileError

if TYPE_CHECKING:
    import polars

STREAMED_FROM = 2**28
"""Bytes of files from which on rows are streamed: in memory they take some times as much."""


def opened(file: Path, beside: Sequence[str] = ()) -> StoredRows | None:
    """The rows of a file or folder that can be read a piece at a time; None of a table of another format.

    ``beside`` names columns that may stand in files beside a NumPy file.
    """
    suffix = file.suffix.lower()
    if suffix in NUMPY:
        return open_arrays(file, beside)
    if suffix == PARQUET or kind_at(file) == "folder":
        return ParquetRows(file)
    return None


def stored(
    file: Path, stream: bool | None, where: str = "--stream", beside: Sequence[str] = ()
) -> StoredRows | None:
    """The rows of a file or folder, where they are streamed; None where the table goes into memory.

    ``stream`` is --stream or --no-stream; None is the rule: files of `STREAMED_FROM` bytes or more.
    """
    kind, suffix = kind_at(file), file.suffix.lower()
    if kind == "nothing":
        if stream:
            raise FileError(str(file), "rows to stream", "there is no such file")
        return None
    if kind != "folder" and suffix not in (PARQUET, *NUMPY):
        if stream:
            raise ConfigurationError(
                where,
                "a Parquet file, a folder of such parts, or a NumPy file",
                f"got {file}",
                "Write the table as Parquet, or let it be read into memory.",
            )
        return None
    if stream is False:
        return None
    if suffix == PARQUET and kind == "file" and not stream and file.stat().st_size < STREAMED_FROM:
        return None  # so that pyarrow is needed for streams alone
    rows = opened(file, beside)
    return rows if rows is not None and (stream or rows.bytes >= STREAMED_FROM) else None


def table_in(
    file: Path, beside: Sequence[str] = (), values: Mapping[str, Collection[Any]] | None = None
) -> "polars.DataFrame":
    """A table in memory: of a file, or of all Parquet parts of a folder; ``values`` as of `read_table`."""
    of_one_read = kind_at(file) != "folder" and file.suffix.lower() not in NUMPY
    rows = None if of_one_read else opened(file, beside)
    return read_table(file, values=values) if rows is None else rows_in_memory(rows)


def rows_in_memory(rows: StoredRows) -> "polars.DataFrame":
    """All rows as one table."""
    import polars

    columns = list(rows.schema)
    groups = range(len(rows.sizes))
    check_room(
        int(rows.n_rows * (8 * len(columns) + rows.row_bytes(columns))),
        rows.where,
        "rows",
        f"{rows.n_rows:,} rows of {len(columns):,} columns",
        "Training can leave them where they are: --stream (stream=True).",
    )
    return polars.concat(
        [piece for group in groups for piece in rows.pieces(group, columns, most=rows.sizes[group])]
    )


def pieces_in(
    file: Path, beside: Sequence[str] = (), values: Mapping[str, Collection[Any]] | None = None
) -> "Iterator[polars.DataFrame]":
    """A table a piece at a time, where its rows are streamed; else as one. ``values`` as of `read_table`."""
    rows = stored(file, True if kind_at(file) == "folder" else None, beside=beside)
    if rows is None:
        yield table_in(file, beside, values)
        return
    columns = list(rows.schema)
    most = rows.piece_rows(columns)
    for group in range(len(rows.sizes)):
        yield from rows.pieces(group, columns, most)
