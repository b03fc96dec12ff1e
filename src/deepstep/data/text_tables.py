"""Tables as text, separated by commas or tabs.

- UTF-8, one header line, a unique name for every column, the same number of fields in every line. A column
  without a name, as the index that pandas writes, is called "Unnamed: 0" as pandas calls it, by its place.
- A field is missing when it is empty or one of `MISSING`. "None" is not among them: it is a category in
  well-known tables.
- A column has the first type of `_TYPES` that all its values have, over the whole file: a decimal in the last
  line makes the column decimal. Dates are ISO dates alone: 01/02/2020 means two days. Spaces around a field
  do not count.
- A blank line is dropped, where the table has more than one column; a line of empty fields is a row.
"""

import csv
from collections import Counter
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deepstep.data.frames import without_pattern
from deepstep.errors import FileError

if TYPE_CHECKING:
    import polars

MISSING = ("", "NA", "N/A", "NaN", "nan", "null", "NULL", "?")
"""Words for a missing value in a text table, apart from spaces around it."""

_SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs"}


def read_text_table(
    path: Path, separator: str, values: Mapping[str, Collection[Any]] | None = None
) -> "polars.DataFrame":
    """A table with the types that its columns have; ``values`` as of `deepstep.data.read_table`."""
    import polars

    kept = values or {}
    cells = read_cells_of_text(path, separator)
    return polars.DataFrame([_typed(series, kept.get(series.name, ())) for series in cells])


def read_cells_of_text(path: Path, separator: str) -> "polars.DataFrame":
    """A table with its cells as they are written, all of them texts; empty ones are null."""
    import polars

    names, blank = _check_lines(path, separator)
    # As text: the types are ours to infer, many times faster than by polars over the whole file.
    with path.open("rb") as file:
        frame = polars.read_csv(file, separator=separator, infer_schema=False)
    if blank and frame.width > 1:  # polars makes a row of a blank line
        frame = frame.filter(~polars.int_range(polars.len()).is_in(blank))
    return polars.DataFrame([series.alias(name) for name, series in zip(names, frame, strict=True)])


def _check_lines(path: Path, separator: str) -> tuple[list[str], list[int]]:
    """Read every line once with Python's csv: polars fills short lines silently and renames equal names.

    Gives the names of the columns, and the positions of the blank lines among the rows.
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
        raise damaged(path, "a text table", f"line {lines.line_num}: {error}") from error
    return _named(header), blank


def _named(header: list[str]) -> list[str]:
    """The names of all columns; polars gives a nameless one a name that does not say that it had none."""
    names = [name.strip() for name in header]
    for at, name in enumerate(names):
        if not name:
            number, names[at] = 0, f"Unnamed: {at}"
            while names.count(names[at]) > 1:  # a table that was written with its index twice
                number += 1
                names[at] = f"Unnamed: {at}.{number}"
    return names


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


def _typed(series: "polars.Series", values: Collection[Any]) -> "polars.Series":
    """A column of texts as the first type of `_TYPES` that all its values have, else as texts."""
    missing = [word for word in MISSING if not word or word not in values]
    text = without_pattern(series).str.strip_chars().replace(missing, None)
    typed = (parse(text) for parse in _TYPES) if text.count() else ()
    found = next((values for values in typed if values.count() == text.count()), text)
    return found.alias(series.name)


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


def damaged(path: Path, kind: str, detail: str) -> FileError:
    """The error for a file that is none of its kind."""
    return FileError(
        str(path),
        f"{kind} is expected",
        f"it cannot be read ({detail})",
        "The file is damaged: get it again.",
    )


def first_line(error: BaseException) -> str:
    """The message of an error of another library, without the lines of its details."""
    return str(error).strip().partition("\n")[0].rstrip(". ")
