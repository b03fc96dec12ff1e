"""Tables from files, in memory or a piece at a time: text, Parquet, Arrow (Feather), JSON lines, Excel.

The suffix names the format, and the content has to agree with it. The rules of text tables are those of
`deepstep.data.text_tables`.
"""

from codecs import BOM_UTF8
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from io import BytesIO
from os import PathLike
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple
from zipfile import BadZipFile, ZipFile

from deepstep.data import sources
from deepstep.data.arrays import NUMPY, open_arrays
from deepstep.data.files import kind_at, reading
from deepstep.data.frames import as_categories, begin_work
from deepstep.data.images import IMAGE_SUFFIXES, no_table
from deepstep.data.parquet import SUFFIX as PARQUET
from deepstep.data.parquet import ParquetRows
from deepstep.data.rows import StoredRows, check_room
from deepstep.data.sources import (
    STDIN,
    check_inflated,
    content_by,
    content_of,
    head_of,
    local,
    shown,
    unpacked_suffixes,
)
from deepstep.data.text_tables import (
    UTF_8,
    Tell,
    TextFormat,
    encoding_by_bytes,
    log,
    read_text_table,
    typed,
    typed_column,
)
from deepstep.environment import polars
from deepstep.errors import ConfigurationError, DataError, FileError, missing_package, unknown_name


class ReadOptions(NamedTuple):
    """How tables are read: ``explicit`` settings hold, ``usual`` ones are tried first."""

    explicit: TextFormat = TextFormat()
    usual: TextFormat = TextFormat()
    values: Mapping[str, Collection[Any]] | None = None
    tell: Tell = log


BY_CONTENT = ReadOptions()
"""Whatever the file says."""


class Format(NamedTuple):
    name: str
    signature: bytes
    read: "Callable[[BinaryIO, str, ReadOptions], polars.DataFrame] | None" = None
    """None of text tables."""
    sep: str = ""


def format_of(path: Path, explicit: TextFormat) -> Format | None:
    """The format of a file by its name; with an explicit separator any other name is that of a text."""
    suffix, compression = unpacked_suffixes(local(path))
    kind = FORMATS.get(suffix)
    if kind is not None and compression and kind.read is not None and kind is not _JSON_LINES:
        return None  # they are compressed already
    return _CSV if kind is None and explicit.sep is not None else kind


def check_content(where: str, kind: Format, head: bytes, encoding: str | None) -> None:
    """Refuse what is empty or begins like another format."""
    is_text = kind.read is None
    if not head.removeprefix(BOM_UTF8).strip():
        raise FileError(f"{where} is empty, not {kind.name}")
    if kind.signature and head.startswith(kind.signature):
        return
    looks = content_by(head)[0]
    if not looks and b"\0" in head and not (is_text and (encoding or encoding_by_bytes(head) != UTF_8)):
        looks = "a file with NUL characters, binary or in an encoding that was not found"
    if kind.signature or looks:
        problem = f"{where} is {looks or 'something else'} by its content, not {kind.name} as its name says"
        raise FileError(problem, "Give the file its right suffix, or export it again.")


def check_table_room(where: str, n_bytes: int, *, hint: bool = False) -> None:
    """Refuse a table that does not fit into memory, however small its file is."""
    streamed = "Training can leave its rows in the file: --stream (stream=True)."
    check_room(n_bytes, f"{where}: the table", streamed if hint else "")


def _read_parquet(file: BinaryIO, where: str, how: ReadOptions) -> "polars.DataFrame":
    footer = polars.scan_parquet(file.name, glob=False)
    texts = (polars.String, polars.Binary)
    # estimated bytes in polars: 16 for the view of a text (without its characters), 8 for others
    row = sum(16 if dtype in texts else 8 for dtype in footer.collect_schema().values())
    check_table_room(where, row * int(footer.select(polars.len()).collect().item()), hint=True)
    return polars.read_parquet(file)


def _read_excel(file: BinaryIO, where: str, how: ReadOptions) -> "polars.DataFrame":
    """The first sheet of a workbook; columns of texts are typed as those of text tables."""
    try:
        import fastexcel
    except ImportError as error:
        raise missing_package("An Excel workbook", "fastexcel", extra="excel") from error
    content = file.read()
    with reading(where, "an Excel workbook", BadZipFile, fastexcel.FastExcelError):
        with ZipFile(BytesIO(content)) as parts:
            check_inflated(sum(part.file_size for part in parts.infolist()), len(content), where)
        sheets = fastexcel.read_excel(content).sheet_names
        header = how.explicit.header and how.usual.header
        frame = polars.read_excel(content, has_header=header, infer_schema_length=None, raise_if_empty=False)
    if len(sheets) > 1:
        how.tell(f"{where}: {len(sheets)} sheets; the first, {sheets[0]!r}, is read.")
    values = how.values or {}
    return polars.DataFrame(
        [
            typed_column(series, values.get(series.name, ())) if series.dtype == polars.String else series
            for series in frame
        ]
    )


_CSV = Format("a CSV table", b"", sep=",")
_ARROW = Format("an Arrow file", sources.ARROW_BEGINS, lambda file, where, how: polars.read_ipc(file))
PARQUET_FILE = Format("a Parquet file", sources.PARQUET_BEGINS, _read_parquet)
_JSON_LINES = Format(
    "a file of JSON lines",
    sources.JSON_BEGINS,
    lambda file, where, how: polars.read_ndjson(file, infer_schema_length=None),
)
FORMATS = {
    ".csv": _CSV,
    ".tsv": Format("a TSV table", b"", sep="\t"),
    ".txt": Format("a text table", b"", sep=","),
    ".parquet": PARQUET_FILE,
    ".arrow": _ARROW,
    ".feather": _ARROW,
    ".jsonl": _JSON_LINES,
    ".ndjson": _JSON_LINES,
    ".xlsx": Format("an Excel workbook", sources.ZIP_BEGINS, _read_excel),
}
TABLE_SUFFIXES = tuple(FORMATS)
"""The suffixes that `read_table` knows."""


def usual_separator(path: Path) -> str:
    """The separator of text tables of this name."""
    kind = FORMATS.get(unpacked_suffixes(path)[0])
    return "," if kind is None else kind.sep


STREAMED_FROM = 2**28
"""Bytes of files from which on rows are streamed: in memory they take some times as much."""


class Loaded(NamedTuple):
    """A table, and how it is written where it is one of texts."""

    frame: "polars.DataFrame"
    written: TextFormat = TextFormat()
    named: bool = True
    """Whether the columns have names of their own; else they are those of an array."""


def read_table(
    path: Path | str,
    *,
    sep: str | None = None,
    decimal: str | None = None,
    encoding: str | None = None,
    header: bool = True,
    categorical: Collection[str] = (),
    values: Mapping[str, Collection[Any]] | None = None,
) -> "polars.DataFrame":
    r"""Read a table; the suffix of the file says how.

    Parameters
    ----------
    path : Path or str
        A file that ends in .csv, .tsv, .txt, .parquet, .arrow, .feather, .jsonl, .ndjson or .xlsx; texts and
        JSON lines also with .gz, .bz2, .xz or .zst behind it. ``"-"`` is standard input. With `sep` any file
        is a text table. Nothing is fetched from URLs.
    sep : str, optional
        The separator of a text table: one character, or ``"tab"``. By default ``,``, ``;``, tab or ``|``, as
        the first lines show.
    decimal : str, optional
        The decimal sign of a text table, ``"."`` or ``","``. By default a comma where columns of numbers have
        commas that separate no thousands.
    encoding : str, optional
        The encoding of a text table. By default UTF-8, or UTF-16 where the first bytes say so, else
        windows-1252, which has all characters of latin-1.
    header : bool, optional
        Whether the first line has the names of the columns; else they are column_1, column_2, …
    categorical : Collection, optional
        Columns whose values are categories, also where they are numbers, such as postcodes.
    values : mapping, optional
        The words that are values in columns of a text table, though they stand for a missing value elsewhere:
        ``{"region": ["NA"]}``. Others may be among them.

    Returns
    -------
    polars.DataFrame
        At least one row and one column. What was found about a text table, and names of columns that stood
        more than once, are logged by ``deepstep``.

    Raises
    ------
    FileError
        When the file is missing, a folder, a URL, of an unknown kind, not what its name says, in another
        encoding, empty, damaged, a pipe or a device, or when its lines do not fit together.
    DataError
        When the table has no rows, or would not fit into memory.
    ConfigurationError
        When an option is out of range, or there is no such column.
    MissingPackageError
        When fastexcel, which reads .xlsx, is not installed.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "people.csv"
    >>> _ = path.write_text("age,name\n31,Ada\nNA,Grace\n4.5,Emmy\n")
    >>> read_table(path).to_dict(as_series=False)
    {'age': [31.0, None, 4.5], 'name': ['Ada', 'Grace', 'Emmy']}
    >>> _ = path.write_text("price;town\n1.234,56;Köln\n0,5;Graz\n")
    >>> read_table(path, sep=";", decimal=",").to_dict(as_series=False)
    {'price': [1234.56, 0.5], 'town': ['Köln', 'Graz']}
    """
    explicit = TextFormat(sep, decimal, encoding, header)
    frame = load_table(path, ReadOptions(explicit, values=values)).frame
    return with_categories(frame, categorical, "categorical")


def with_categories(frame: "polars.DataFrame", names: Collection[str], where: str) -> "polars.DataFrame":
    """The table, in which these columns hold categories."""
    columns = [column(frame, name, where) for name in names]
    return frame.with_columns(
        [as_categories(series).cast(polars.Categorical).alias(series.name) for series in columns]
    )


def read_cells(path: Path | str, how: ReadOptions = BY_CONTENT) -> "polars.DataFrame":
    r"""Read a table to show it: of text tables the cells as they are written, of others their values.

    Parameters
    ----------
    path : Path or str
        As of `read_table`.
    how : ReadOptions, optional
        How text tables are written, and where findings are logged.

    Returns
    -------
    polars.DataFrame
        The rows and columns of `read_table`.

    Raises
    ------
    FileError, DataError
        As `read_table`.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "people.csv"
    >>> _ = path.write_text("age,post code\n31.0,00715\nNA,0150\n")
    >>> read_cells(path).to_dict(as_series=False)
    {'age': ['31.0', 'NA'], 'post code': ['00715', '0150']}
    """
    return load_table(path, how, as_written=True).frame


def told_missing_words(
    path: Path, frame: "polars.DataFrame", name: str, how: ReadOptions = BY_CONTENT
) -> str:
    """Part of a message: how many rows of a text column are missing, by which words; empty where by none."""
    if name not in frame.columns:
        return ""
    column = frame.get_column(name)
    if column.dtype not in (polars.String, polars.Boolean) or not column.null_count():
        return ""
    kind = format_of(path, how.explicit)
    if kind is None or kind.read is not None:
        return ""
    cells = read_cells(path, how._replace(tell=silent)).get_column(name)
    cells = cells.str.strip_chars().filter(column.is_null())
    words = cells.drop_nulls().value_counts(sort=True).filter(polars.col(name) != "").rows()
    if not words:
        return ""
    counted = ", ".join(f"{count:,} of them by the word {word!r}" for word, count in words)
    n = column.null_count()
    return f"{n:,} of {frame.height:,} rows have none, {counted}, which text tables have for missing values"


def silent(line: str) -> None:
    """Tell nothing."""


def load_table(path: Path | str, how: ReadOptions = BY_CONTENT, *, as_written: bool = False) -> Loaded:
    """A table, and how it is written; with ``as_written`` the cells of a text table."""
    begin_work()
    file = local(path)
    where = shown(Path(path))
    head = head_of(file, where)
    kind = format_of(file, how.explicit)
    if kind is None:
        raise _unknown_format(where, file)
    compression = unpacked_suffixes(file)[1]
    if not compression:
        check_content(where, kind, head, how.explicit.encoding)
    errors = polars.exceptions.PolarsError, polars.exceptions.PanicException
    with reading(where, kind.name, *errors):
        written = how.usual
        if kind.read is None or compression:
            content = content_of(file, where, compression)
            if compression:
                check_content(where, kind, content[:4096], how.explicit.encoding)
            source: BinaryIO = BytesIO(content)
        else:
            # readers get open files: polars takes * and [ in a path for patterns
            source = file.open("rb")
        with source:
            if kind.read is None:
                frame, written = read_text_table(
                    content, where, kind.sep, explicit=how.explicit, usual=how.usual, tell=how.tell
                )
                frame = frame if as_written else typed(frame, written, how.values)
            else:
                frame = kind.read(source, where, how)
    if kind.read is not None:  # no text table: a small file may hold a large one, by repeated values
        check_table_room(where, int(frame.estimated_size()), hint=kind is PARQUET_FILE)
    if frame.height == 0 or frame.width == 0:
        raise DataError(f"{where} has no rows of values")
    return Loaded(frame, written)


def _unknown_format(where: str, file: Path) -> FileError:
    if file.suffix.lower() in IMAGE_SUFFIXES:
        return no_table(where, file)
    return FileError(
        f"{where} {f'ends in {file.suffix!r}' if file.suffix else 'has no suffix'}; a table ends in "
        f"{', '.join(FORMATS)}",
        "Give the file the suffix of its format, or name the separator of the text: --read 'sep=;'.",
    )


def is_table(path: Path) -> bool:
    """Whether the name is that of a table."""
    return str(path) == STDIN or unpacked_suffixes(path)[0] in FORMATS


def column(frame: "polars.DataFrame", name: str, where: str) -> "polars.Series":
    """One column of a table.

    Parameters
    ----------
    frame : polars.DataFrame
        The table.
    name : str
        The column's name.
    where : str
        The setting or argument that has the name.

    Returns
    -------
    polars.Series
        The column.

    Raises
    ------
    ConfigurationError
        When there is no such column, with the nearest name.

    Examples
    --------
    >>> import polars
    >>> column(polars.DataFrame({"survived": [1]}), "Survived", "--target")
    Traceback (most recent call last):
    deepstep.errors.ConfigurationError: --target must be one of 'survived', got 'Survived'. Did you mean
    'survived'?
    """
    if name not in frame.columns:
        raise unknown_name("column", name, frame.columns, setting=where)
    return frame.get_column(name)


def open_rows(file: Path, beside: Sequence[str] = ()) -> StoredRows | None:
    """The rows of a file or folder that can be read a piece at a time, of any size; None of other tables."""
    file = local(file)
    suffix = file.suffix.lower()
    if suffix in NUMPY:
        return open_arrays(file, beside)
    if suffix == PARQUET or kind_at(file) == "folder":
        return ParquetRows(file)
    return None


def rows_to_stream(
    file: "str | PathLike[str] | StoredRows",
    stream: bool | None,
    beside: Sequence[str] = (),
) -> StoredRows | None:
    """Rows to stream from a file or folder; None where the table is small, or cannot be streamed."""
    if not isinstance(file, str | PathLike):
        return file  # rows already
    file = local(Path(file))
    kind, suffix = kind_at(file), file.suffix.lower()
    can_be = kind == "folder" or (kind != "nothing" and suffix in (PARQUET, *NUMPY))
    if stream and kind == "nothing":
        raise FileError(f"{file} does not exist")
    if stream and not can_be:
        raise ConfigurationError(
            f"{file} cannot be streamed: it is no Parquet file, no folder of such parts and no NumPy file",
            "Write the table as Parquet, or let it be read into memory.",
        )
    if stream is False or not can_be:
        return None
    if suffix == PARQUET and kind == "file" and not stream and file.stat().st_size < STREAMED_FROM:
        return None  # before it is opened: that needs pyarrow
    rows = open_rows(file, beside)
    return rows if rows is not None and (stream or rows.bytes >= STREAMED_FROM) else None


def table_in(
    file: "str | PathLike[str] | StoredRows", beside: Sequence[str] = (), how: ReadOptions = BY_CONTENT
) -> Loaded:
    """A table in memory: of a file, of all Parquet parts of a folder, or of rows that stay in theirs."""
    if not isinstance(file, str | PathLike):
        return Loaded(rows_in_memory(file), how.usual, file.named)
    path = local(Path(file))
    if kind_at(path) == "folder" or path.suffix.lower() in NUMPY:
        rows = open_rows(path, beside)
        if rows is not None:
            return table_in(rows, how=how)
    return load_table(Path(file), how)


def rows_in_memory(rows: StoredRows) -> "polars.DataFrame":
    """All rows as one table."""
    columns = list(rows.schema)
    check_room(
        int(rows.n_rows * (8 * len(columns) + rows.row_bytes(columns))),
        f"{rows.where}: {rows.n_rows:,} rows of {len(columns):,} columns",
        "Training can leave them where they are: --stream (stream=True).",
    )
    return polars.concat(rows.all_pieces(columns, max(rows.sizes)))


def pieces_in(
    file: "str | PathLike[str] | StoredRows",
    beside: Sequence[str] = (),
    how: ReadOptions = BY_CONTENT,
    columns: Sequence[str] = (),
) -> "Iterator[polars.DataFrame]":
    """A table a piece at a time, where its rows are streamed, of some ``columns`` where they are named; else
    as one.
    """
    is_folder = isinstance(file, str | PathLike) and kind_at(local(Path(file))) == "folder"
    rows = rows_to_stream(file, True if is_folder else None, beside=beside)
    if rows is None:
        yield table_in(file, beside, how).frame
        return
    columns = [name for name in columns if name in rows.schema] or list(rows.schema)
    yield from rows.all_pieces(columns, rows.piece_rows(columns))
