"""Tables that are read into memory, and those whose rows stay in their files: which of both a file is."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from deepstep.data.files import kind_at
from deepstep.data.parquet_parts import ParquetRows
from deepstep.data.stored_rows import StoredRows, piece_rows
from deepstep.data.tables import read_table
from deepstep.errors import ConfigurationError

if TYPE_CHECKING:
    import polars

STREAMED_FROM = 2**28
"""Bytes of Parquet from which on rows are streamed: in memory they take some times as much."""


def stored(file: Path, stream: bool | None, where: str = "--stream") -> StoredRows | None:
    """The rows of a file or folder, where they are streamed; None where the table goes into memory.

    Parameters
    ----------
    file : Path
    stream : bool or None
        As --stream or --no-stream says; None for the rule: Parquet of `STREAMED_FROM` bytes or more.
    where : str
        Name for error messages.

    Raises
    ------
    ConfigurationError
        If rows of such a file cannot be streamed.
    FileError
        If there is no such file, or its parts do not fit together.
    """
    kind = kind_at(file)
    if kind != "folder" and file.suffix.lower() != ".parquet":
        if stream:
            raise ConfigurationError(
                where,
                "a Parquet file, or a folder of such parts",
                f"got {file}",
                "Write the table as Parquet, or let it be read into memory.",
            )
        return None
    if kind == "nothing" or stream is False:
        return None
    if kind == "file" and not stream and file.stat().st_size < STREAMED_FROM:
        return None
    rows = ParquetRows(file)
    return rows if stream or rows.bytes >= STREAMED_FROM else None


def table_in(file: Path) -> "polars.DataFrame":
    """A table in memory: of a file, or of all Parquet parts of a folder.

    Raises
    ------
    FileError, DataError
        If it cannot be read.
    """
    import polars

    if kind_at(file) != "folder":
        return read_table(file)
    rows = ParquetRows(file)
    groups = range(len(rows.sizes))
    return polars.concat(
        [piece for group in groups for piece in rows.pieces(group, list(rows.schema), most=rows.sizes[group])]
    )


def pieces_in(file: Path) -> "Iterator[polars.DataFrame]":
    """A table a piece at a time, where its rows are streamed; else as one.

    Raises
    ------
    FileError, DataError
        If it cannot be read.
    """
    folder = kind_at(file) == "folder"
    rows = stored(file, True if folder else None)
    if rows is None:
        yield read_table(file)
        return
    columns = list(rows.schema)
    most = piece_rows(len(columns))
    for group in range(len(rows.sizes)):
        yield from rows.pieces(group, columns, most)
