"""Tables as text: how they are written is found or given, and each column gets its type.

- Separators are commas, semicolons, tabs and vertical bars, decimals are written with a point or a comma, and
  the text is UTF-8, UTF-16 with or without a mark at its beginning, or windows-1252 (latin-1 and more).
  Findings that differ from what the file's name says are told in one line; what is given is taken as it is.
- One header line, and the same number of fields in every line. Lines that begin with ``#`` may stand before
  the header. A column without a name, as the index that pandas writes, is called "Unnamed: 0" as pandas calls
  it, by its place; one whose name stands there already gets a number, "x.1", as in pandas.
- A field is missing when it is empty or one of `MISSING`. "None" is not among them: it is a category in
  well-known tables.
- A column has the first type of `_TYPES` that all its values have, over the whole file: a decimal in the last
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
from typing import TYPE_CHECKING, Any, NamedTuple

from deepstep.data.frames import without_pattern
from deepstep.errors import ConfigurationError, FileError

if TYPE_CHECKING:
    import polars

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

_SAMPLE, _SAMPLE_ROWS, _SAMPLE_CELLS = 2**16, 100, 100
"""Characters, rows, and cells of a column that are looked at first."""

_SEP_LINE = re.compile(r"\"?sep=(.)\"?\r?\n")
"""A first line by which Excel knows the separator."""

_GROUPS = ".'’ \u00a0\u2009\u202f"
_WITH_COMMA = rf"^[+-]?(?:(?:\d{{1,3}}(?:[{_GROUPS}]\d{{3}})+|\d+)(?:,\d*)?|,\d+)(?:[eE][+-]?\d+)?$"
"""A number with a decimal comma, perhaps with groups of thousands."""
_WITH_POINT = r"^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$"
_THOUSANDS = {",": r"^[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?$", ".": r"^[+-]?\d{1,3}(?:\.\d{3})+(?:,\d+)?$"}
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
        """The same, or an error about a setting that no table can have."""
        sep = {"tab": "\t", "\\t": "\t"}.get(self.sep or "", self.sep)
        if sep is not None and (len(sep) != 1 or not sep.isascii() or sep in '"\r\n'):
            raise ConfigurationError(
                "read_table", "one ASCII character, such as ';', or tab", f"got {self.sep!r}", setting="sep"
            )
        if self.decimal is not None and self.decimal not in DECIMALS:
            raise ConfigurationError("read_table", "'.' or ','", f"got {self.decimal!r}", setting="decimal")
        if self.encoding is not None:
            try:
                found = codecs.lookup(self.encoding)
            except (LookupError, ValueError):
                found = None
            if found is None or not getattr(found, "_is_text_encoding", True):
                raise ConfigurationError(
                    "read_table",
                    "an encoding that Python knows",
                    f"got {self.encoding!r}",
                    "Such as utf-8, latin-1, windows-1252, utf-16 or shift_jis.",
                    setting="encoding",
                )
        return replace(self, sep=sep)


class TextTable(NamedTuple):
    """Cells as they are written, all of them texts (empty ones are null), and how they are written."""

    cells: "polars.DataFrame"
    written: TextFormat


def read_text_table(
    content: bytes,
    where: str,
    sep: str,
    *,
    given: TextFormat,
    usual: TextFormat,
    tell: Tell,
) -> TextTable:
    """A table from the bytes of a file.

    ``sep`` is the separator that the file's name says. ``usual`` is how such tables were written before,
    which is taken where the content does not say otherwise.
    """
    given = given.checked()
    found: list[str] = []
    text, encoding = _as_utf_8(content, given.encoding, usual.encoding, where)
    if encoding != UTF_8 and encoding not in (given.encoding, usual.encoding):
        found.append(f"encoding {encoding}")
    sample = _sample(text)
    skipped, header_sep = _lines_before(sample, given.sep)
    sample = sample[len("".join(skipped)) :]
    expected = usual.sep or sep
    separator = given.sep or header_sep or _separator(sample, sep, expected)
    skipped += _comments(sample, separator)
    start, n_skipped = len("".join(skipped).encode()), len(skipped)
    if separator not in (given.sep, expected):
        found.insert(0, f"separator {separator!r}")
    comments = sum(line.startswith("#") for line in skipped)
    if comments:
        lines = "1 line that begins" if comments == 1 else f"{comments} lines that begin"
        tell(f"{where}: {lines} with # before the header {'is' if comments == 1 else 'are'} left out.")
    header = given.header and usual.header
    names, blank = _check_lines(text[start:], where, separator, header, n_skipped)
    cells = _cells(text[start:], separator, _different(names, where, tell), blank, header)
    if header and all(_is_number(name) for name in names):
        tell(
            f"{where}: the first line holds numbers alone and is taken for the names of the columns; "
            "--no-header (header=False) reads it as a row."
        )
    decimal = given.decimal or _decimal(cells, separator, usual.decimal, where, tell)
    if decimal not in (given.decimal, usual.decimal or "."):
        found.append("decimal comma" if decimal == "," else "decimal point")
    if found:
        *others, last = found
        named = f"{', '.join(others)} and {last}" if others else last
        tell(f"{named[0].upper()}{named[1:]} found in {where}.")
    return TextTable(cells, TextFormat(separator, decimal, encoding, header))


def typed(table: TextTable, values: Mapping[str, Collection[Any]] | None = None) -> "polars.DataFrame":
    """The columns with the types that their values have; ``values`` as of `deepstep.data.read_table`."""
    import polars

    kept = values or {}
    comma = table.written.decimal == ","
    return polars.DataFrame(
        [typed_column(series, kept.get(series.name, ()), decimal_comma=comma) for series in table.cells]
    )


def _as_utf_8(content: bytes, given: str | None, usual: str | None, where: str) -> tuple[bytes, str]:
    """The text in UTF-8 without a mark, with lines that end in line feeds, and its encoding."""
    encoding = given or encoding_by_bytes(content)
    try:
        if codecs.lookup(encoding).name == UTF_8:
            text = content.removeprefix(codecs.BOM_UTF8)
            if not text.isascii():
                text.decode()
        else:
            text = content.decode(encoding).removeprefix("\ufeff").encode()
    except UnicodeDecodeError as error:
        if given or encoding != UTF_8:
            raise _undecodable(where, encoding, error) from error
        encoding = usual if usual not in (None, UTF_8) else WINDOWS
        try:
            text = content.decode(encoding).encode()
        except UnicodeDecodeError:
            raise _undecodable(where, UTF_8, error) from error
    if b"\n" not in text and b"\r" in text:
        text = text.replace(b"\r", b"\n")
    return text, encoding


def encoding_by_bytes(content: bytes) -> str:
    """UTF-16 where the first bytes are its mark, or nearly every second one is zero; else UTF-8."""
    mark = next((mark for mark in _MARKS if content.startswith(mark)), b"")
    if mark:
        return _MARKS[mark]
    begin = content[:1024]
    odd, even = (begin[at::2].count(0) for at in (1, 0))
    most = 0.7 * (len(begin) // 2)
    if len(begin) < 4 or bool(odd) == bool(even):
        return UTF_8
    return "utf-16-le" if odd > most else "utf-16-be" if even > most else UTF_8


def _undecodable(where: str, encoding: str, error: UnicodeDecodeError) -> FileError:
    wanted = "UTF-8" if encoding == UTF_8 else encoding
    return FileError(
        where,
        f"{wanted} text is expected",
        f"{error.object[error.start]:#04x} at byte {error.start + 1:,} is no {wanted}",
        "Save the file as UTF-8, or name its encoding: --encoding (encoding=), such as windows-1251, "
        "shift_jis or gb18030.",
    )


def _sample(text: bytes) -> str:
    """The first lines of a text, whole ones where there are more."""
    sample = text[:_SAMPLE].decode(errors="ignore")
    return sample if len(text) <= _SAMPLE else sample[: sample.rfind("\n") + 1] or sample


def _lines_before(sample: str, given: str | None) -> tuple[list[str], str]:
    """Blank lines at the beginning, and a line ``sep=;`` with the separator that it names."""
    skipped = []
    for line in StringIO(sample, newline=""):
        if line.strip("\r\n"):
            break
        skipped.append(line)
    rest = sample[len("".join(skipped)) :]
    found = _SEP_LINE.match(rest)
    if found and not given:
        return [*skipped, found[0]], found[1]
    return skipped, ""


def _separator(sample: str, default: str, expected: str) -> str:
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
    return re.match(_WITH_COMMA, cell.strip()) is not None


def _records(lines: str, sep: str) -> list[list[str]]:
    """The fields of the first lines; what is wrong with them is told by `_check_lines`."""
    found: list[list[str]] = []
    try:
        for fields in csv.reader(StringIO(lines, newline=""), delimiter=sep):
            if fields:
                found.append(fields)
            if len(found) > _SAMPLE_ROWS:
                break
    except csv.Error:
        pass
    return found or [[]]


def _comments(sample: str, sep: str) -> list[str]:
    """The lines before the header that begin with #, and blank ones among them.

    The last one is the header itself where it has as many fields as the next line, in which a number stands.
    """
    lines = []
    for line in StringIO(sample, newline=""):
        if line.strip("\r\n") and not line.startswith("#"):
            break
        lines.append(line)
    comments = [at for at, line in enumerate(lines) if line.startswith("#")]
    rest = sample[len("".join(lines)) :]
    if not comments or not rest:
        return []
    (last, *_), (row, *_) = (_records(text, sep) for text in (lines[comments[-1]], rest))
    if len(last) == len(row) > 1 and any(not cell.strip() or _is_number(cell) for cell in row):
        return lines[: comments[-1]]
    return lines


def _is_number(text: str) -> bool:
    return any(re.match(number, text.strip()) for number in (_WITH_POINT, _WITH_COMMA))


def _check_lines(
    text: bytes, where: str, sep: str, header: bool, skipped: int
) -> tuple[list[str], list[int]]:
    """Read every line once with Python's csv: polars fills short lines silently.

    Gives the names of the columns, and the positions of the blank lines among the rows.
    """
    blank = []
    try:
        with TextIOWrapper(BytesIO(text), encoding=UTF_8, newline="") as file:
            lines = csv.reader(file, delimiter=sep, strict=True)
            first = next((fields for fields in lines if fields), [])
            _check_first(where, first, sep, header)
            for row, fields in enumerate(lines, start=0 if header else 1):
                if not fields:
                    blank.append(row)
                elif len(fields) != len(first):
                    at = lines.line_num + skipped
                    comment = fields[0].startswith("#")
                    raise FileError(
                        where,
                        f"every line has {len(first)} fields, as the {'header' if header else 'first'}",
                        f"line {at} has {len(fields)}{', and begins with #' if comment else ''}",
                        "Remove comments below the header."
                        if comment
                        else "Put quotes around fields that contain the separator.",
                    )
    except csv.Error as error:
        raise damaged(where, "a text table", f"line {lines.line_num + skipped}: {error}") from error
    names = _named(first) if header else [f"column_{at}" for at in range(1, len(first) + 1)]
    return names, blank


def _check_first(where: str, first: list[str], sep: str, header: bool) -> None:
    others = {sign: name for sign, name in SEPARATORS.items() if sign != sep and sign in "".join(first)}
    if len(first) == 1 and others:
        sign, name = next(iter(others.items()))
        raise FileError(
            where,
            f"columns separated by {SEPARATORS.get(sep, repr(sep))} are expected",
            f"the {'header' if header else 'first line'} has {name}: {first[0][:200]!r}",
            f"If they separate the columns: --sep {'tab' if sign == chr(9) else repr(sign)} (sep={sign!r}).",
        )


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


def _different(names: Sequence[str], where: str, tell: Tell) -> list[str]:
    """The names, with numbers behind those that stand there already."""
    given, found, renamed = set(names), dict[str, None](), []
    for name in names:
        new, number = name, 0
        while new in found or (number and new in given):
            number += 1
            new = f"{name}.{number}"
        if new != name:
            renamed.append(f"{name!r} is called {new!r}")
        found[new] = None
    if renamed:
        more = f", and {len(renamed) - 3} more" if len(renamed) > 3 else ""
        tell(f"{where}: names of columns stand more than once: another {', '.join(renamed[:3])}{more}.")
    return list(found)


def _cells(text: bytes, sep: str, names: Sequence[str], blank: list[int], header: bool) -> "polars.DataFrame":
    import polars

    # As text: the types are ours to infer, many times faster than by polars over the whole file.
    frame = polars.read_csv(BytesIO(text), separator=sep, infer_schema=False, has_header=header)
    if blank and frame.width > 1:  # polars makes a row of a blank line
        frame = frame.filter(~polars.int_range(polars.len()).is_in(blank))
    return polars.DataFrame([series.alias(name) for name, series in zip(names, frame, strict=True)])


def _decimal(cells: "polars.DataFrame", sep: str, usual: str | None, where: str, tell: Tell) -> str:
    """Whether decimals are written with a comma.

    It is so where columns are numbers with commas that separate no thousands, and none has such points; with
    semicolons between fields commas that may separate thousands are enough.
    """
    if sep == ",":
        return "."
    sure = {sign: list(_with_decimals(cells, sign, sure=True)) for sign in DECIMALS}
    commas, points = sure[","], sure["."]
    if commas and points:
        tell(
            f"{where}: column {commas[0]!r} has decimal commas and column {points[0]!r} has decimal points; "
            "numbers with commas are read as texts. --decimal (decimal=) says which it is."
        )
        return "."
    if commas or (usual == "," and not points):
        return ","
    unsure = [] if points else list(_with_decimals(cells, ",", sure=False))
    if unsure and sep != ";":
        tell(
            f"{where}: the commas in column {unsure[0]!r} may be decimal commas or separate thousands; it is "
            "read as texts. --decimal (decimal=) says which it is."
        )
    return "," if unsure and sep == ";" else "."


def _with_decimals(cells: "polars.DataFrame", sign: str, *, sure: bool) -> "Iterator[str]":
    """Columns of numbers with this sign, where ``sure`` with one at least in which it is a decimal sign."""
    pattern = _WITH_COMMA if sign == "," else _WITH_POINT
    for series in cells:
        text = without_pattern(series).str.strip_chars().replace(list(MISSING), None).drop_nulls()
        signs = text.filter(text.str.contains(sign, literal=True))
        fits = all(part.str.contains(pattern).all() for part in (text.head(_SAMPLE_CELLS), text))
        if len(signs) and fits and not (sure and signs.str.contains(_THOUSANDS[sign]).all()):
            yield series.name


def typed_column(
    series: "polars.Series", values: Collection[Any] = (), *, decimal_comma: bool = False
) -> "polars.Series":
    """A column of texts as the first type of `_TYPES` that all its values have, else as texts."""
    missing = [word for word in MISSING if not word or word not in values]
    text = without_pattern(series).str.strip_chars().replace(missing, None)
    types = (_with_decimal_commas, *_TYPES) if decimal_comma else _TYPES
    tried = (parse(text) for parse in types) if text.count() else ()
    found = next((values for values in tried if values.count() == text.count()), text)
    return found.alias(series.name)


def _with_decimal_commas(text: "polars.Series") -> "polars.Series":
    import polars

    if not all(part.str.contains(_WITH_COMMA).all() for part in (text.head(_SAMPLE_CELLS), text)):
        return text.clear(len(text))
    plain = text.str.replace_all(f"[{_GROUPS}]", "")
    whole = _integers(plain)
    if whole.count() == text.count():
        return whole
    return plain.str.replace(",", ".", literal=True).cast(polars.Float64, strict=False)


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


def damaged(where: str, kind: str, detail: str) -> FileError:
    """The error for a file that is none of its kind."""
    return FileError(
        where,
        f"{kind} is expected",
        f"it cannot be read ({detail})",
        "The file is damaged: get it again.",
    )


def first_line(error: BaseException) -> str:
    """The message of an error of another library, without the lines of its details."""
    return str(error).strip().partition("\n")[0].rstrip(". ")
