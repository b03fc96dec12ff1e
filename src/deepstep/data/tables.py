"""Tables from files, in memory or a piece at a time: CSV, TSV, Parquet, Arrow (Feather) and JSON lines.

The suffix names the format, and the content has to agree with it. The rules of text tables are those of
`deepstep.data.text_tables`.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from deepstep.data.arrays import NUMPY, open_arrays
from deepstep.data.files import kind_at, refuse_pipe
from deepstep.data.frames import begin_work
from deepstep.data.parquet import SUFFIX as PARQUET
from deepstep.data.parquet import ParquetRows
from deepstep.data.room import check_room
from deepstep.data.rows import StoredRows
from deepstep.data.text_tables import damaged, first_line, read_cells_of_text, read_text_table
from deepstep.errors import ConfigurationError, DataError, FileError, unknown_name

if TYPE_CHECKING:
    import polars

STREAMED_FROM = 2**28
"""Bytes of files from which on rows are streamed: in memory they take some times as much."""
_PARQUET, _ARROW1 = b"PAR1", b"ARROW1"
_SIGNATURES = {
    _PARQUET: "a Parquet file",
    _ARROW1: "an Arrow file",
    b"FEA1": "a Feather file of version 1",
    b"\x89PNG": "a PNG picture",
    b"\xff\xd8\xff": "a JPEG picture",
    b"GIF8": "a GIF picture",
    b"%PDF": "a PDF document",
    b"PK\x03\x04": "a ZIP archive (Excel workbooks are such)",
    b"\x1f\x8b": "a gzip archive",
    b"\x89HDF": "an HDF5 file",
    b"SQLite format 3": "an SQLite database",
    b"<!DOCTYPE": "a web page",
    b"<html": "a web page",
    b'{"': "JSON",
}


class _Format(NamedTuple):
    name: str
    signature: bytes
    read: "Callable[..., polars.DataFrame]"
    cells: "Callable[[Path], polars.DataFrame] | None" = None
    """Reads the cells as they are written, where that is another thing than their values."""


def read_table(
    path: Path | str, *, values: Mapping[str, Collection[Any]] | None = None
) -> "polars.DataFrame":
    r"""Read a table; the suffix of the file says how.

    path: A file that ends in .csv, .tsv, .parquet, .arrow, .feather, .jsonl or .ndjson.
    values: The words that are values in columns of a text table, though they stand for a missing value
        elsewhere: ``{"region": ["NA"]}``. Others may be among them.
    returns: At least one row and one column.
    FileError: When the file is missing, a folder, of an unknown kind, not what its name says, not UTF-8,
        empty, damaged, a pipe or a device, or when its lines or column names do not fit together.
    DataError: When the table has no rows, or would not fit into memory.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "people.csv"
    >>> _ = path.write_text("age,name\n31,Ada\nNA,Grace\n4.5,Emmy\n")
    >>> read_table(path).to_dict(as_series=False)
    {'age': [31.0, None, 4.5], 'name': ['Ada', 'Grace', 'Emmy']}
    """
    return _read(Path(path), as_written=False, values=values)


def read_cells(path: Path | str) -> "polars.DataFrame":
    r"""Read a table to show it: of text tables the cells as they are written, of others their values.

    path: As of `read_table`.
    returns: The rows and columns of `read_table`.
    FileError, DataError: As `read_table`.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "people.csv"
    >>> _ = path.write_text("age,post code\n31.0,00715\nNA,0150\n")
    >>> read_cells(path).to_dict(as_series=False)
    {'age': ['31.0', 'NA'], 'post code': ['00715', '0150']}
    """
    return _read(Path(path), as_written=True)


def told_missing_words(path: Path, frame: "polars.DataFrame", name: str) -> str:
    r"""How many rows of a column of texts have no value, by which words; nothing where no word says so.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "sales.csv"
    >>> _ = path.write_text("sales,region\n3,EU\n5,NA\n4,\n")
    >>> told_missing_words(path, read_table(path), "region")
    "2 of 3 rows have none, 1 of them by the word 'NA', which text tables have for missing values"
    """
    import polars

    kind = _FORMATS.get(path.suffix.lower())
    if kind is None or kind.cells is None or name not in frame.columns:
        return ""
    column = frame.get_column(name)
    if column.dtype not in (polars.String, polars.Boolean) or not column.null_count():
        return ""
    cells = read_cells(path).get_column(name).str.strip_chars().filter(column.is_null())
    words = cells.drop_nulls().value_counts(sort=True).filter(polars.col(name) != "").rows()
    if not words:
        return ""
    counted = ", ".join(f"{count:,} of them by the word {word!r}" for word, count in words)
    n = column.null_count()
    return f"{n:,} of {frame.height:,} rows have none, {counted}, which text tables have for missing values"


def _read(
    path: Path, *, as_written: bool, values: Mapping[str, Collection[Any]] | None = None
) -> "polars.DataFrame":
    import polars

    begin_work(str(path))
    head = _head(path)
    kind = _FORMATS.get(path.suffix.lower())
    if kind is None:
        raise FileError(
            str(path),
            f"a table ends in {', '.join(_FORMATS)}",
            f"this ends in {path.suffix!r}" if path.suffix else "this has no suffix",
            "Give the file the suffix of its format, or export it as CSV.",
        )
    _check_content(path, kind, head)
    try:
        if kind.cells is None:
            frame = kind.read(path)
        else:
            frame = kind.cells(path) if as_written else kind.read(path, values=values)
    except FileError:
        raise
    except (polars.exceptions.PolarsError, polars.exceptions.PanicException, OSError) as error:
        raise damaged(path, kind.name, first_line(error)) from error
    if kind.signature:  # of text repeated in few bytes there may be much
        _check_room(path, int(frame.estimated_size()))
    if frame.height == 0 or frame.width == 0:
        raise DataError(str(path), "a table with at least one row of values is expected", "it has none")
    return frame


def column(frame: "polars.DataFrame", name: str, where: str) -> "polars.Series":
    """One column of a table.

    frame: The table.
    name: The column's name.
    returns: The column.
    ConfigurationError: When there is no such column, with the nearest name.

    >>> import polars
    >>> column(polars.DataFrame({"survived": [1]}), "Survived", "--target")
    Traceback (most recent call last):
    deepstep.errors.ConfigurationError: --target: column is one of 'survived'; got 'Survived'. Did you mean
    'survived'?
    """
    if name not in frame.columns:
        raise unknown_name(where, "column", name, frame.columns)
    return frame.get_column(name)


def _head(path: Path) -> bytes:
    """The first bytes of a file."""
    refuse_pipe(path, "a table file is expected")
    try:
        with path.open("rb") as file:
            return file.read(4096).removeprefix(b"\xef\xbb\xbf")
    except IsADirectoryError as error:
        raise FileError(str(path), "a table file is expected", "this is a folder") from error
    except OSError as error:
        got = "there is no such file" if isinstance(error, FileNotFoundError) else error.strerror
        raise FileError(str(path), "a table file is expected", str(got)) from error


def _check_content(path: Path, kind: _Format, head: bytes) -> None:
    """Refuse what is empty or begins like another format."""
    if not head.strip():
        raise FileError(str(path), f"{kind.name} is expected", "the file is empty")
    if kind.signature and head.startswith(kind.signature):
        return
    looks = next((name for start, name in _SIGNATURES.items() if head.startswith(start)), "")
    if not looks and b"\0" in head:
        looks = "a file with zero bytes, binary or UTF-16"
    if kind.signature or looks:
        raise FileError(
            str(path),
            f"{kind.name} is expected, as the name says",
            f"the content is {looks or 'something else'}",
            "Give the file its right suffix, or export it again.",
        )


def _check_room(path: Path, n_bytes: int) -> None:
    """Refuse a table that does not fit into memory, however small its file is."""
    streamed = "Training can leave its rows in the file: --stream (stream=True)."
    hint = streamed if path.suffix.lower() == ".parquet" else ""
    check_room(n_bytes, str(path), "a table", "its rows", hint)


# The readers get open files: polars takes * and [ in a path for patterns.
def _read_parquet(path: Path) -> "polars.DataFrame":
    import polars

    footer = polars.scan_parquet(path, glob=False)
    texts = (polars.String, polars.Binary)
    row = sum(16 if dtype in texts else 8 for dtype in footer.collect_schema().values())
    _check_room(path, row * int(footer.select(polars.len()).collect().item()))
    with path.open("rb") as file:
        return polars.read_parquet(file)


def _read_arrow(path: Path) -> "polars.DataFrame":
    import polars

    with path.open("rb") as file:
        return polars.read_ipc(file)


def _read_json_lines(path: Path) -> "polars.DataFrame":
    import polars

    with path.open("rb") as file:
        return polars.read_ndjson(file, infer_schema_length=None)


def _separated(name: str, separator: str) -> _Format:
    read, cells = (partial(read, separator=separator) for read in (read_text_table, read_cells_of_text))
    return _Format(name, b"", read, cells)


_CSV = _separated("a CSV table", ",")
_ARROW = _Format("an Arrow file", _ARROW1, _read_arrow)
_JSON_LINES = _Format("a file of JSON lines", b"{", _read_json_lines)
_FORMATS = {
    ".csv": _CSV,
    ".tsv": _separated("a TSV table", "\t"),
    ".parquet": _Format("a Parquet file", _PARQUET, _read_parquet),
    ".arrow": _ARROW,
    ".feather": _ARROW,
    ".jsonl": _JSON_LINES,
    ".ndjson": _JSON_LINES,
}
TABLE_SUFFIXES = tuple(_FORMATS)
"""The suffixes that `read_table` knows."""


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
