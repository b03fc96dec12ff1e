"""Tables from files: CSV, TSV, Parquet, Arrow (Feather) and JSON lines, read by polars.

The suffix names the format, and the content has to agree with it. Text tables follow these rules:

- UTF-8, one header line, a unique name for every column, the same number of fields in every line.
- A field is missing when it is empty or one of `MISSING`. "None" is not among them: it is a category in
  well-known tables.
- A column has the first type of `_TYPES` that all its values have, over the whole file: a decimal in the last
  line makes the column decimal. Dates are ISO dates alone: 01/02/2020 means two days. Spaces around a field
  do not count.
- A blank line is dropped, where the table has more than one column; a line of empty fields is a row.
"""

import csv
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from deepstep.data.column_names import without_pattern
from deepstep.errors import DataError, FileError, unknown_name

if TYPE_CHECKING:
    import polars

MISSING = ("", "NA", "N/A", "NaN", "nan", "null", "NULL", "?")
"""What stands for a missing value in a text table, apart from spaces around it."""

_SIGNATURES = {
    b"PAR1": "a Parquet file",
    b"ARROW1": "an Arrow file",
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
_SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs"}


class _Format(NamedTuple):
    name: str
    signature: bytes
    read: "Callable[[Path], polars.DataFrame]"


def read_table(path: Path | str) -> "polars.DataFrame":
    """Read a table; the suffix of the file says how.

    Parameters
    ----------
    path : Path or str
        A file that ends in .csv, .tsv, .parquet, .arrow, .feather, .jsonl or .ndjson.

    Returns
    -------
    polars.DataFrame
        At least one row and one column.

    Raises
    ------
    FileError
        When the file is missing, a folder, of an unknown kind, not what its name says, not UTF-8, empty,
        damaged, or when its lines or column names do not fit together.
    DataError
        When the table has no rows.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "people.csv"
    >>> _ = path.write_text("age,name\\n31,Ada\\nNA,Grace\\n4.5,Emmy\\n")
    >>> read_table(path).to_dict(as_series=False)
    {'age': [31.0, None, 4.5], 'name': ['Ada', 'Grace', 'Emmy']}
    """
    import polars

    path = Path(path)
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
        frame = kind.read(path)
    except FileError:
        raise
    except (polars.exceptions.PolarsError, polars.exceptions.PanicException, OSError) as error:
        raise _damaged(path, kind.name, _first_line(error)) from error
    if frame.height == 0 or frame.width == 0:
        raise DataError(str(path), "a table with at least one row of values is expected", "it has none")
    return frame


def column(frame: "polars.DataFrame", name: str, where: str) -> "polars.Series":
    """One column of a table.

    Parameters
    ----------
    frame : polars.DataFrame
        The table.
    name : str
        Of the column.
    where : str
        Name for error messages.

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
    deepstep.errors.ConfigurationError: --target: column is one of 'survived'; got 'Survived'. Did you mean
    'survived'?
    """
    if name not in frame.columns:
        raise unknown_name(where, "column", name, frame.columns)
    return frame.get_column(name)


def _head(path: Path) -> bytes:
    """The first bytes of a file."""
    try:
        with path.open("rb") as file:
            return file.read(4096).removeprefix(b"\xef\xbb\xbf")
    except IsADirectoryError as error:
        raise FileError(str(path), "a table file is expected", "this is a folder") from error
    except OSError as error:
        came = "there is no such file" if isinstance(error, FileNotFoundError) else error.strerror
        raise FileError(str(path), "a table file is expected", str(came)) from error


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


# The readers get open files: polars takes * and [ in a path for patterns.
def _read_parquet(path: Path) -> "polars.DataFrame":
    import polars

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


def _read_separated(separator: str) -> "Callable[[Path], polars.DataFrame]":
    def read(path: Path) -> "polars.DataFrame":
        import polars

        blank = _check_lines(path, separator)
        # As text: the types are ours to infer, many times faster than by polars over the whole file.
        with path.open("rb") as file:
            frame = polars.read_csv(file, separator=separator, infer_schema=False)
        if blank and frame.width > 1:  # polars makes a row of a blank line
            frame = frame.filter(~polars.int_range(polars.len()).is_in(blank))
        return polars.DataFrame([_typed(series) for series in frame])

    return read


def _check_lines(path: Path, separator: str) -> list[int]:
    """Read every line once with Python's csv: polars fills short lines silently and renames equal names.

    Gives the positions of the blank lines among the rows.
    """
    blank = []
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = csv.reader(file, delimiter=separator, strict=True)
            header = next((fields for fields in lines if fields), [])
            _check_header(path, header, separator)
            for row, fields in enumerate(lines):
                if not fields:
                    blank.append(row)
                elif len(fields) != len(header):
                    raise FileError(
                        str(path),
                        f"every line has {len(header)} fields, as the header",
                        f"line {lines.line_num} has {len(fields)}",
                        "Put quotes around fields that contain the separator.",
                    )
    except UnicodeDecodeError as error:
        raise FileError(
            str(path),
            "UTF-8 text is expected",
            f"{error.object[error.start]:#04x} is no UTF-8 here",
            "Save the file as UTF-8.",
        ) from error
    except csv.Error as error:
        raise _damaged(path, "a text table", f"line {lines.line_num}: {error}") from error
    return blank


def _check_header(path: Path, header: list[str], separator: str) -> None:
    others = [name for sign, name in _SEPARATORS.items() if sign != separator and sign in "".join(header)]
    if len(header) == 1 and others:
        raise FileError(
            str(path),
            f"columns separated by {_SEPARATORS[separator]} are expected",
            f"the header has {others[0]}: {header[0]!r}",
            "Save with commas as .csv or with tabs as .tsv.",
        )
    twice = [name for name, count in Counter(name.strip() for name in header).items() if count > 1]
    if twice:
        raise FileError(
            str(path), "every column has its own name", f"{twice[0]!r} stands more than once", "Rename one."
        )


def _typed(series: "polars.Series") -> "polars.Series":
    """A column of texts as the first type of `_TYPES` that all its values have, else as texts."""
    text = without_pattern(series).str.strip_chars().replace(list(MISSING), None)
    typed = (parse(text) for parse in _TYPES) if text.count() else ()
    found = next((values for values in typed if values.count() == text.count()), text)
    return found.alias(series.name.strip())


def _integers(text: "polars.Series") -> "polars.Series":
    import polars

    return text.cast(polars.Int64, strict=False)


def _decimals(text: "polars.Series") -> "polars.Series":
    import polars

    return text.cast(polars.Float64, strict=False)


def _truths(text: "polars.Series") -> "polars.Series":
    import polars

    words = {"true": True, "false": False}
    return text.str.to_lowercase().replace_strict(words, default=None, return_dtype=polars.Boolean)


def _dates(text: "polars.Series") -> "polars.Series":
    return text.str.to_date("%Y-%m-%d", strict=False)


def _moments(text: "polars.Series") -> "polars.Series":
    # A letter T or a space between date and time, as ISO 8601 and RFC 3339 write it.
    return text.str.replace("T", " ", literal=True).str.to_datetime("%Y-%m-%d %H:%M:%S%.f", strict=False)


def _times(text: "polars.Series") -> "polars.Series":
    return text.str.to_time("%H:%M:%S", strict=False)


_TYPES = (_integers, _decimals, _truths, _dates, _moments, _times)


def _damaged(path: Path, kind: str, detail: str) -> FileError:
    return FileError(
        str(path),
        f"{kind} is expected",
        f"it cannot be read ({detail})",
        "The file is damaged: get it again.",
    )


def _first_line(error: BaseException) -> str:
    return str(error).strip().partition("\n")[0].rstrip(". ")


_CSV = _Format("a CSV table", b"", _read_separated(","))
_ARROW = _Format("an Arrow file", b"ARROW1", _read_arrow)
_JSON_LINES = _Format("a file of JSON lines", b"{", _read_json_lines)
_FORMATS = {
    ".csv": _CSV,
    ".tsv": _Format("a TSV table", b"", _read_separated("\t")),
    ".parquet": _Format("a Parquet file", b"PAR1", _read_parquet),
    ".arrow": _ARROW,
    ".feather": _ARROW,
    ".jsonl": _JSON_LINES,
    ".ndjson": _JSON_LINES,
}
TABLE_SUFFIXES = tuple(_FORMATS)
"""The suffixes that `read_table` knows."""
