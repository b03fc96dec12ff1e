"""Tables as text: how they are written is found or given, and each column gets its type.

- Separators are commas, semicolons, tabs and vertical bars, decimals are written with a point or a comma, and
  the text is UTF-8, UTF-16 with or without a mark at its beginning, or windows-1252 (latin-1 and more).
- Lines that begin with ``#`` may stand before the header.
- Findings about how a table is written that differ from what the file's name says are logged in
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

import codecs
import csv
import logging
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from io import BytesIO, StringIO, TextIOWrapper
from typing import Any

from deepstep.data.files import DAMAGED
from deepstep.data.frames import without_pattern
from deepstep.environment import polars
from deepstep.errors import ConfigurationError, FileError

MISSING = ("", "NA", "N/A", "NaN", "nan", "null", "NULL", "?")
"""Words for a missing value in a text table, apart from spaces around it."""

SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}
DECIMALS = (".", ",")
UTF_8, WINDOWS = "utf-8", "windows-1252"
_MARKS = {
    codecs.BOM_UTF8: UTF_8,
    codecs.BOM_UTF32_LE: "utf-32-le",  # begins with that of UTF-16
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
"""Marks at the beginning of a text, and its encoding then."""

_SAMPLE, _SAMPLE_ROWS, SAMPLE_CELLS = 2**16, 100, 100
"""Characters, rows, and cells of a column that are looked at first."""

_SEP_LINE = re.compile(r"\"?sep=(.)\"?\r?\n")
"""A first line by which Excel knows the separator."""

GROUPS = ".'’ \u00a0\u2009\u202f"
WITH_COMMA = rf"^[+-]?(?:(?:\d{{1,3}}(?:[{GROUPS}]\d{{3}})+|\d+)(?:,\d*)?|,\d+)(?:[eE][+-]?\d+)?$"
"""A number with a decimal comma, perhaps with groups of thousands."""
_WITH_POINT = r"^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$"
_THOUSANDS = {
    ",": r"^[+-]?[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?$",
    ".": r"^[+-]?[1-9]\d{0,2}(?:\.\d{3})+(?:,\d+)?$",
}
"""Numbers whose commas, or points, may separate thousands."""

Tell = Callable[[str], None]
"""Takes a line about what was found in a file."""


def log(line: str) -> None:
    """A line on the log of the library, which Python writes to stderr."""
    logging.getLogger("deepstep").warning("%s", line)


@dataclass(frozen=True)
class TextFormat:
    """How a text table is written; None for what is to be found."""

    sep: str | None = None
    decimal: str | None = None
    encoding: str | None = None
    header: bool = True

    def checked(self) -> "TextFormat":
        """This format with its separator as one character; settings that no table can have are refused."""
        sep = {"tab": "\t", "\\t": "\t"}.get(self.sep or "", self.sep)
        if sep is not None and (len(sep) != 1 or not sep.isascii() or sep in '"\r\n'):
            raise ConfigurationError.must_be(
                "sep", "one ASCII character, such as ';', or tab", repr(self.sep)
            )
        if self.decimal is not None and self.decimal not in DECIMALS:
            raise ConfigurationError.must_be("decimal", "'.' or ','", repr(self.decimal))
        if self.encoding is not None:
            try:
                codec = codecs.lookup(self.encoding)
            except (LookupError, ValueError):
                codec = None
            if codec is None or not getattr(codec, "_is_text_encoding", True):
                requirement = "an encoding that Python knows, such as utf-8, latin-1 or shift_jis"
                raise ConfigurationError.must_be("encoding", requirement, repr(self.encoding))
        return replace(self, sep=sep)


def as_utf_8(content: bytes, explicit: str | None, usual: str | None, where: str) -> tuple[bytes, str]:
    """The text in UTF-8 without a mark, with lines that end in line feeds, and its encoding."""
    encoding = explicit or encoding_by_bytes(content)
    try:
        if codecs.lookup(encoding).name == UTF_8:
            text = content.removeprefix(codecs.BOM_UTF8)
            if not text.isascii():
                text.decode()
        else:
            text = content.decode(encoding).removeprefix("\ufeff").encode()
    except UnicodeDecodeError as error:
        if explicit or encoding != UTF_8:
            raise _undecodable(where, encoding, error) from error
        encoding = usual if usual not in (None, UTF_8) else WINDOWS
        try:
            text = content.decode(encoding).encode()
        except UnicodeDecodeError:
            raise _undecodable(where, UTF_8, error) from error
    if b"\r" in text:  # alone it ends a line for Python's csv, and not for polars
        text = re.sub(rb"\r(?!\n)", b"\n", text)
    return text, encoding


def encoding_by_bytes(content: bytes) -> str:
    """UTF-16 where the first bytes are its mark, or nearly every second one is zero; else UTF-8."""
    mark = next((mark for mark in _MARKS if content.startswith(mark)), b"")
    if mark:
        return _MARKS[mark]
    begin = content[:1024]
    odd, even = (begin[parity::2].count(0) for parity in (1, 0))
    most = 0.7 * (len(begin) // 2)
    if len(begin) < 4 or bool(odd) == bool(even):
        return UTF_8
    if odd > most:
        return "utf-16-le"
    return "utf-16-be" if even > most else UTF_8


def _undecodable(where: str, encoding: str, error: UnicodeDecodeError) -> FileError:
    wanted = "UTF-8" if encoding == UTF_8 else encoding
    return FileError(
        f"{where} is no {wanted} text: byte {error.start + 1:,} is {error.object[error.start]:#04x}",
        "Save the file as UTF-8, or name its encoding: --read encoding=NAME (encoding=), as windows-1251, "
        "shift_jis or gb18030.",
    )


def first_lines(text: bytes) -> str:
    """The first lines of a text, whole ones where there are more."""
    sample = text[:_SAMPLE].decode(errors="ignore")
    return sample if len(text) <= _SAMPLE else sample[: sample.rfind("\n") + 1] or sample


def lines_before(sample: str, explicit: str | None) -> tuple[list[str], str]:
    """Blank lines at the beginning, and a line ``sep=;`` with the separator that it names."""
    skipped = []
    for line in StringIO(sample, newline=""):
        if line.strip("\r\n"):
            break
        skipped.append(line)
    rest = sample[len("".join(skipped)) :]
    sep_line = _SEP_LINE.match(rest)
    if sep_line and not explicit:
        return [*skipped, sep_line[0]], sep_line[1]
    return skipped, ""


def find_separator(sample: str, default: str, expected: str) -> str:
    """The separator that gives every line the same number of fields, and fields without other separators."""
    lines = "".join(line for line in StringIO(sample, newline="") if not line.startswith("#")) or sample
    best, most = expected, 0.0
    for sep in dict.fromkeys((expected, default, *SEPARATORS)):
        header, *rows = _records(lines, sep)
        if len(header) < 2:
            continue
        fit = sum(len(row) == len(header) for row in rows) / len(rows) if rows else 1.0
        if sep not in (expected, default) and fit <= 0.5:
            continue
        cells = [cell for row in (header, *rows) for cell in row]
        clean = sum(_is_clean(cell, sep) for cell in cells) / len(cells)
        if fit * clean > most:
            best, most = sep, fit * clean
    return best if most else default


def _is_clean(cell: str, sep: str) -> bool:
    if not any(other in cell for other in SEPARATORS if other != sep):
        return True
    return re.match(WITH_COMMA, cell.strip()) is not None


def _records(lines: str, sep: str) -> list[list[str]]:
    """The fields of the first lines; `_check_lines` refuses what is wrong with them."""
    records: list[list[str]] = []
    try:
        for fields in csv.reader(StringIO(lines, newline=""), delimiter=sep):
            if fields:
                records.append(fields)
            if len(records) > _SAMPLE_ROWS:
                break
    except csv.Error:
        pass
    return records or [[]]


def find_comments(sample: str, sep: str) -> list[str]:
    """The lines before the header that begin with #, and blank ones among them."""
    lines = []
    for line in StringIO(sample, newline=""):
        if line.strip("\r\n") and not line.startswith("#"):
            break
        lines.append(line)
    comments = [index for index, line in enumerate(lines) if line.startswith("#")]
    rest = sample[len("".join(lines)) :]
    if not comments or not rest:
        return []
    (last, *_), (row, *_) = (_records(text, sep) for text in (lines[comments[-1]], rest))
    if len(last) == len(row) > 1 and any(not cell.strip() or is_number(cell) for cell in row):
        return lines[: comments[-1]]
    return lines


def is_number(text: str) -> bool:
    return any(re.match(number, text.strip()) for number in (_WITH_POINT, WITH_COMMA))


def all_fit(texts: "polars.Series", pattern: str) -> bool:
    """Whether all these texts fit a pattern; the first ones are looked at first."""
    return all(part.str.contains(pattern).all() for part in (texts.head(SAMPLE_CELLS), texts))


def find_decimal(cells: "polars.DataFrame", sep: str, usual: str | None, where: str, tell: Tell) -> str:
    """Whether decimals are written with a comma."""
    if sep == ",":
        return "."
    sure = {sign: list(_with_decimals(cells, sign, sure=True)) for sign in DECIMALS}
    commas, points = sure[","], sure["."]
    if commas and points:
        tell(
            f"{where}: column {commas[0]!r} has decimal commas and column {points[0]!r} has decimal points; "
            "numbers with commas are read as texts. --read decimal=, or . (decimal=) says which it is."
        )
        return "."
    if commas or (usual == "," and not points):
        return ","
    unsure = [] if points else list(_with_decimals(cells, ",", sure=False))
    if unsure and sep != ";":
        tell(
            f"{where}: the commas in column {unsure[0]!r} may be decimal commas or separate thousands; it is "
            "read as texts. --read decimal=, or . (decimal=) says which it is."
        )
    if unsure and sep == ";":
        return ","
    doubtful = next(_with_decimals(cells, ".", sure=False), None) if sep == ";" and not points else None
    if doubtful is not None and usual is None:
        tell(
            f"{where}: the points in column {doubtful!r} may separate thousands; they are read as decimal "
            "points. --read decimal=, or . (decimal=) says which it is."
        )
    return "."


def _with_decimals(cells: "polars.DataFrame", sign: str, *, sure: bool) -> "Iterator[str]":
    """Columns of numbers with this sign, where ``sure`` with one at least in which it is a decimal sign."""
    pattern = WITH_COMMA if sign == "," else _WITH_POINT
    for series in cells:
        text = without_pattern(series).str.strip_chars().replace(list(MISSING), None).drop_nulls()
        signs = text.filter(text.str.contains(sign, literal=True))
        thousands = sure and signs.str.contains(_THOUSANDS[sign]).all()
        if len(signs) and not thousands and all_fit(text, pattern):
            yield series.name


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
