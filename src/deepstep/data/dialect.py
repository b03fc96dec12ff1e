"""How a text table is written: its encoding, separator and decimal sign, and the lines before its header.

- Separators are commas, semicolons, tabs and vertical bars, decimals are written with a point or a comma, and
  the text is UTF-8, UTF-16 with or without a mark at its beginning, or windows-1252 (latin-1 and more).
- Lines that begin with ``#`` may stand before the header.
"""

import codecs
import csv
import logging
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from io import StringIO

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
