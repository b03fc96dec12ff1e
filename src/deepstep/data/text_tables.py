"""Tables as text: how they are written is found or given, and each column gets its type.

- Findings about how a table is written (`dialect`) that differ from what the file's name says are logged in
  one line; what is given is taken as it is.
- One header line, and the same number of fields in every line. A column without a name, as the index that
  pandas writes, is called "Unnamed: 0" as pandas calls
  it, by its place; one whose name stands there already gets a number, "x.1", as in pandas.
- A field is missing when it is empty or one of `MISSING`. "None" is not among them: it is a category in
  well-known tables.
- A column has the first of `_types` that all its values have, over the whole file: a decimal in the last
  line makes the column decimal. Dates are ISO dates alone: 01/02/2020 means two days. Spaces around a field
  do not count.
- A blank line is dropped, where the table has more than one column; a line of empty fields is a row.
"""

import csv
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from io import BytesIO, TextIOWrapper
from typing import Any

from deepstep.data.dialect import (
    GROUPS,
    MISSING,
    SEPARATORS,
    UTF_8,
    WITH_COMMA,
    Tell,
    TextFormat,
    all_fit,
    as_utf_8,
    find_comments,
    find_decimal,
    find_separator,
    first_lines,
    lines_before,
)
from deepstep.data.files import DAMAGED
from deepstep.data.frames import without_pattern
from deepstep.environment import polars
from deepstep.errors import FileError


def read_text_table(
    content: bytes,
    where: str,
    sep: str,
    *,
    explicit: TextFormat,
    usual: TextFormat,
    tell: Tell,
) -> "tuple[polars.DataFrame, TextFormat]":
    """The cells of a file as they are written, all of them texts (empty ones are null), and how."""
    explicit = explicit.checked()
    findings: list[str] = []
    text, encoding = as_utf_8(content, explicit.encoding, usual.encoding, where)
    if encoding != UTF_8 and encoding not in (explicit.encoding, usual.encoding):
        findings.append(f"encoding {encoding}")
    sample = first_lines(text)
    skipped, header_sep = lines_before(sample, explicit.sep)
    sample = sample[len("".join(skipped)) :]
    usual_sep = usual.sep or sep
    separator = explicit.sep or header_sep or find_separator(sample, sep, usual_sep)
    skipped += find_comments(sample, separator)
    if separator not in (explicit.sep, usual_sep):
        findings.insert(0, f"separator {separator!r}")
    comments = sum(line.startswith("#") for line in skipped)
    if comments:
        lines = "1 line that begins" if comments == 1 else f"{comments} lines that begin"
        tell(f"{where}: {lines} with # before the header {'is' if comments == 1 else 'are'} left out.")
    header = explicit.header and usual.header
    text = text[len("".join(skipped).encode()) :]
    names, n_lines, blank = _check_lines(text, where, separator, header, len(skipped))
    rows = text.split(b"\n", n_lines)[n_lines:]
    cells = _cells(rows[0] if rows else b"", separator, _different(names, where, tell), blank)
    if len(names) == 1 and " " in names[0] and explicit.sep is None and where.lower().endswith(".txt"):
        tell(f"{where}: one column, {names[0]!r:.200}. If spaces separate columns: --read 'sep= '.")
    decimal = explicit.decimal or find_decimal(cells, separator, usual.decimal, where, tell)
    if decimal not in (explicit.decimal, usual.decimal or "."):
        findings.append("decimal comma" if decimal == "," else "decimal point")
    if findings:
        *others, last = findings
        named = f"{', '.join(others)} and {last}" if others else last
        tell(f"{named[0].upper()}{named[1:]} found in {where}.")
    return cells, TextFormat(separator, decimal, encoding, header)


def typed(
    cells: "polars.DataFrame", written: TextFormat, values: Mapping[str, Collection[Any]] | None = None
) -> "polars.DataFrame":
    """The columns with the types that their values have; ``values`` as of `deepstep.data.read_table`."""
    values = values or {}
    comma = written.decimal == ","
    return polars.DataFrame(
        [typed_column(series, values.get(series.name, ()), decimal_comma=comma) for series in cells]
    )


def _check_lines(
    text: bytes, where: str, sep: str, header: bool, skipped: int
) -> tuple[list[str], int, list[int]]:
    """Read every line once with Python's csv: polars fills short lines silently."""
    blank = []
    try:
        with TextIOWrapper(BytesIO(text), encoding=UTF_8, newline="") as file:
            lines = csv.reader(file, delimiter=sep, strict=True)
            first = next((fields for fields in lines if fields), [])
            _check_first(where, first, sep, header)
            n_lines = lines.line_num if header else 0
            for row, fields in enumerate(lines, start=0 if header else 1):
                if not fields:
                    blank.append(row)
                elif len(fields) != len(first):
                    line = f"line {lines.line_num + skipped}"
                    count = f"{len(fields)} field{'s' * (len(fields) != 1)}"
                    first_line = "header" if header else "first line"
                    problem = f"{where}: {line} has {count}, but the {first_line} has {len(first)}"
                    if fields[0].startswith("#"):
                        raise FileError(
                            f"{problem}; {line} begins with #", "Remove comments below the header."
                        )
                    raise FileError(problem, "Put quotes around fields that contain the separator.")
    except csv.Error as error:
        problem = f"{where}: line {lines.line_num + skipped} cannot be read ({error})"
        raise FileError(problem, DAMAGED) from error
    names = _named(first) if header else [f"column_{number}" for number in range(1, len(first) + 1)]
    return names, n_lines, blank


def _check_first(where: str, first: list[str], sep: str, header: bool) -> None:
    others = {sign: name for sign, name in SEPARATORS.items() if sign != sep and sign in "".join(first)}
    if len(first) == 1 and others:
        sign, name = next(iter(others.items()))
        typed = "tab" if sign == "\t" else sign
        line = "header" if header else "first line"
        raise FileError(
            f"{where}: the {line} has {name}, but no {SEPARATORS.get(sep, repr(sep))}: {first[0][:200]!r}",
            f"If they separate the columns: --read 'sep={typed}'.",
        )


def _named(header: list[str]) -> list[str]:
    """The names of all columns; polars gives a nameless one a name that does not say that it had none."""
    names = [name.strip() for name in header]
    for index, name in enumerate(names):
        if not name:
            names[index] = f"Unnamed: {index}"
            number = 0
            while names.count(names[index]) > 1:  # a table that was written with its index twice
                number += 1
                names[index] = f"Unnamed: {index}.{number}"
    return names


def _different(names: Sequence[str], where: str, tell: Tell) -> list[str]:
    """The names, with numbers behind those that stand there already."""
    header = set(names)
    different = dict[str, None]()
    renamed = []
    for name in names:
        new = name
        number = 0
        while new in different or (number and new in header):
            number += 1
            new = f"{name}.{number}"
        if new != name:
            renamed.append(f"{name!r} is called {new!r}")
        different[new] = None
    if renamed:
        more = f", and {len(renamed) - 3} more" if len(renamed) > 3 else ""
        tell(f"{where}: names of columns stand more than once: another {', '.join(renamed[:3])}{more}.")
    return list(different)


def _cells(text: bytes, sep: str, names: Sequence[str], blank: list[int]) -> "polars.DataFrame":
    # As text: the types are ours to infer, many times faster than by polars over the whole file.
    schema = {f"{index}": polars.String for index in range(len(names))}
    frame = polars.read_csv(
        BytesIO(text), separator=sep, schema=schema, has_header=False, raise_if_empty=False
    )
    if blank and frame.width > 1:  # polars makes a row of a blank line
        frame = frame.filter(~polars.int_range(polars.len()).is_in(blank))
    return polars.DataFrame([series.alias(name) for name, series in zip(names, frame, strict=True)])


def typed_column(
    series: "polars.Series", values: Collection[Any] = (), *, decimal_comma: bool = False
) -> "polars.Series":
    """A column of texts as the first of `_types` that all its values have, else as texts."""
    missing = [word for word in MISSING if not word or word not in values]
    text = without_pattern(series).str.strip_chars().replace(missing, None)
    candidates = (read(text) for read in _types(decimal_comma)) if text.count() else ()
    converted = next((values for values in candidates if values.count() == text.count()), text)
    return converted.alias(series.name)


def _types(decimal_comma: bool) -> "Iterator[Callable[[polars.Series], polars.Series]]":
    """The types of columns, in the order in which they are tried: null where a text is none of it."""
    if decimal_comma:
        yield _with_decimal_commas
    yield lambda text: text.cast(polars.Int64, strict=False)
    yield lambda text: text.cast(polars.Float64, strict=False)
    words = {"true": True, "false": False}
    yield lambda text: text.str.to_lowercase().replace_strict(
        words, default=None, return_dtype=polars.Boolean
    )
    yield lambda text: text.str.to_date("%Y-%m-%d", strict=False)
    # a letter T or a space between date and time, as ISO 8601 and RFC 3339 write it
    yield lambda text: text.str.replace("T", " ", literal=True).str.to_datetime(
        "%Y-%m-%d %H:%M:%S%.f", strict=False
    )
    yield lambda text: text.str.to_time("%H:%M:%S", strict=False)


def _with_decimal_commas(text: "polars.Series") -> "polars.Series":
    if not all_fit(text, WITH_COMMA):
        return text.clear(len(text))
    plain = text.str.replace_all(f"[{GROUPS}]", "")
    integers = plain.cast(polars.Int64, strict=False)
    if integers.count() == text.count():
        return integers
    return plain.str.replace(",", ".", literal=True).cast(polars.Float64, strict=False)
