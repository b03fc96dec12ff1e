"""Texts, JSON and TOML from files that anybody may have written: every defect is one kind of error.

JSON and TOML as Python reads them have more failures than a syntax error: nests beyond the recursion limit,
numbers of thousands of digits, NaN, names that stand twice, halves of characters.
"""

import json
import re
import tomllib
from collections import Counter
from collections.abc import Sequence
from html import escape
from math import floor, isinf, log10
from pathlib import Path
from typing import Any, NoReturn

from deepstep.data.files import check_file, reading
from deepstep.errors import FileError

MOST_ROWS = 200
"""Rows of an HTML table, so that a cell of a notebook stays short."""

MOST_BYTES = 2**30
"""Most bytes of a text file; a history of a million epochs has a fifth of it."""

MOST_LEVELS = 100
"""Most levels of values within values; DeepStep's own files have about ten."""

MOST_DIGITS = 300
"""Most digits of a whole number in JSON: each of them fits into a float."""

MOST_DECIMALS = 6
"""Most decimals of written numbers that others beside them are given."""

MOST_PARTS = 64
"""Most parts of a dotted key in TOML: the time that `tomllib` takes grows with the square of their number."""

_HALF = re.compile(r"\\u[dD]")
_STRING = re.compile(r""""(?:[^"\\\n]+|\\.)*"?|'[^'\n]*'?""")
_PART = re.compile(r'[\w-]+|""')


def read_text(path: Path, *, most: int = MOST_BYTES) -> str:
    """The text of a UTF-8 file of at most ``most`` bytes; folders, pipes and devices are refused."""
    check_file(path, "a file of UTF-8 text")
    with reading(path, "UTF-8 text", ValueError, MemoryError, hint=""):
        size = path.stat().st_size
        if size > most:
            raise FileError(f"{path} has {size:,} bytes, more than {most:,}")
        return path.read_text(encoding="utf-8")


def json_values(text: str | bytes, *, finite: bool = True, surrogates: bool = False) -> Any:
    """The values of a JSON text."""
    text = text.decode("utf-8") if isinstance(text, bytes) else text
    hooks: dict[str, Any] = {"parse_float": _finite, "parse_constant": _refused} if finite else {}
    try:
        values = json.loads(text, object_pairs_hook=_once, parse_int=_whole, **hooks)
    except (RecursionError, MemoryError) as error:
        raise ValueError(_too_much(error)) from None
    _check_levels(values)
    if not surrogates and not (text.isascii() and _HALF.search(text) is None):
        json.dumps(values, ensure_ascii=False).encode()  # UnicodeEncodeError is a ValueError
    return values


def toml_values(text: str) -> dict[str, Any]:
    """The values of a TOML text: tables, arrays, texts, numbers, and true and false."""
    _check_keys(text)
    try:
        values = tomllib.loads(text)
    except (RecursionError, MemoryError) as error:
        raise ValueError(_too_much(error)) from None
    except ValueError as error:
        if "set_int_max_str_digits" not in str(error):  # advice for programmers
            raise
        raise ValueError("a whole number has thousands of digits") from None
    _check_levels(values)
    _check_leaves(values)
    return values


def _too_much(error: BaseException) -> str:
    deep = isinstance(error, RecursionError)
    return "its values are nested too deep" if deep else "it does not fit into memory"


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    entries = dict(pairs)
    if len(entries) < len(pairs):
        twice = next(name for name, times in Counter(name for name, _ in pairs).items() if times > 1)
        raise ValueError(f"an entry stands twice: {twice!r:.60}")
    return entries


def _whole(digits: str) -> int:
    if len(digits) > MOST_DIGITS:
        raise ValueError(f"a whole number has {len(digits):,} digits")
    return int(digits)


def _finite(digits: str) -> float:
    number = float(digits)
    if isinf(number):
        raise ValueError(f"the number {digits:.60} is beyond the floats")
    return number


def _refused(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")


def _check_keys(text: str) -> None:
    """Refuse dotted keys of many parts, before they are read."""
    parts = 0
    for part in _STRING.sub('""', text).split("."):
        parts = parts + 1 if _PART.fullmatch(part.strip(" \t")) else 0
        if parts >= MOST_PARTS:
            raise ValueError(f"a key has more than {MOST_PARTS} parts")


def _check_levels(values: Any) -> None:
    level = [values]
    for _ in range(MOST_LEVELS):
        level = [entry for holder in level for entry in _entries(holder) if isinstance(entry, dict | list)]
        if not level:
            return
    raise ValueError("its values are nested too deep")


def _check_leaves(values: Any) -> None:
    for entry in _entries(values):
        if isinstance(entry, dict | list):
            _check_leaves(entry)
        elif not isinstance(entry, str | int | float):
            raise ValueError(f"a {type(entry).__name__} is none of its values")
        elif isinstance(entry, int) and not -(2**64) < entry < 2**64:
            raise ValueError("a whole number is beyond 64 bits")


def _entries(holder: Any) -> Any:
    if isinstance(holder, dict):
        return holder.values()
    return holder if isinstance(holder, list) else ()


def html_table(header: Sequence[str], rows: Sequence[Sequence[str]], *, caption: str) -> str:
    """An HTML table; all text is escaped. Of many rows the first and the last stand there."""
    if len(rows) > MOST_ROWS:
        left_out = [f"… {len(rows) - MOST_ROWS + 1} more", *[""] * (len(header) - 1)]
        rows = [*rows[: MOST_ROWS - 2], left_out, rows[-1]]
    head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in header)
    body = "".join(
        "<tr>" + "".join(f"<td><pre>{escape(cell)}</pre></td>" for cell in row) + "</tr>" for row in rows
    )
    top = f"<table><caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead>"
    return f"{top}<tbody>{body}</tbody></table>"


def number_text(value: float, digits: int = 6, decimal: str = ".") -> str:
    """A number with so many significant digits; without an exponent where it has at most 15 digits.

    >>> number_text(2696304.23), number_text(458140.35, 7, ","), number_text(1.5e-7), number_text(1e300)
    ('2696304', '458140,3', '1.5e-07', '1e+300')
    """
    text = f"{value:.{digits}g}"
    return (f"{value:.0f}" if "e+" in text and abs(value) < 1e15 else text).replace(".", decimal)


def column_texts(
    columns: Sequence[Sequence[float]], digits: int, decimal: str = ".", written: Sequence[str] = ()
) -> list[list[str]]:
    """Columns of one quantity with the same number of decimals.

    The largest number has at least so many significant digits, and all have the decimals of ``written``,
    cells of the same quantity.

    >>> column_texts([[458140.3, 21.0], [269630.41, 20.5]], 5, ",", ["458140,3", "21"])
    [['458140,3', '21,0'], ['269630,4', '20,5']]
    """
    largest = max((abs(value) for column in columns for value in column), default=0.0)
    if not 1e-6 <= largest < 1e15:  # of no scale, or not finite
        return [[number_text(value, digits, decimal) for value in column] for column in columns]
    decimals = [
        len(cell.rpartition(decimal)[2]) for cell in written if re.search(rf"{re.escape(decimal)}\d+$", cell)
    ]
    decimals = [count for count in decimals if count <= MOST_DECIMALS]
    places = max(0, digits - 1 - floor(log10(largest)), *decimals)
    return [[f"{value:.{places}f}".replace(".", decimal) for value in column] for column in columns]
