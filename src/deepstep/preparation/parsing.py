"""Parsing of one column as floats: NaN where missing, and an error that names the row where impossible.

3/4/2020 is in March to one reader and in April to another. So a column of texts is taken for dates only where
all its texts fit one format, and one of them at least fits no other.
"""

import re
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from deepstep.data.dialect import all_fit
from deepstep.environment import polars
from deepstep.errors import DataError
from deepstep.preparation.number_formats import fitting, parse_numbers, stripped

_PER_SECOND = {"ms": 10**3, "us": 10**6, "ns": 10**9}
"""Units of time of polars in a second."""


def numbers(series: "polars.Series", written: str = "") -> NDArray[np.float64]:
    """Floats with NaN for missing; texts are parsed, and durations are seconds."""
    dtype = series.dtype
    if dtype == polars.Float64:  # the usual case, of which a single row is to be fast
        values = series.to_numpy()
        refuse_infinite(series.name, values, values)
        return values
    if dtype in (polars.String, polars.Categorical, polars.Enum):
        if written:
            series = parse_numbers(stripped(series), written)
        else:
            series = _parsed(series, lambda text: text.cast(polars.Float64, strict=False), "a number")
    elif isinstance(dtype, polars.Duration):
        series = series.to_physical() / _PER_SECOND[dtype.time_unit]
    elif not (dtype.is_numeric() or dtype in (polars.Boolean, polars.Null)):
        raise wrong_kind(series, "numbers")
    values = series.cast(polars.Float64).to_numpy()
    refuse_infinite(series.name, values, values)
    return values


def refuse_infinite(name: str, values: NDArray[np.float64], raw: NDArray[np.float64]) -> None:
    """Name the first row whose value is infinite, and the raw value there."""
    is_infinite = np.isinf(values)
    if is_infinite.any():
        row = int(is_infinite.argmax())
        fault = "not finite" if np.isinf(raw[row]) else "too large beside the numbers of training"
        raise _wrong_value(name, row, f"{raw[row]:g}", fault)


def days(series: "polars.Series") -> NDArray[np.float64]:
    """Days since the epoch (times of day: since midnight) with NaN for missing; ISO texts are parsed."""
    if series.dtype == polars.String:
        series = _parsed(series, iso_moments, "an ISO date")
    if series.dtype == polars.Null:
        return np.full(len(series), np.nan)
    if not series.dtype.is_temporal():
        raise wrong_kind(series, "dates")
    per_day = {"Date": 1, "Time": 86_400 * 10**9}.get(str(series.dtype))
    if per_day is None:
        per_day = 86_400 * _PER_SECOND[series.dtype.time_unit]  # type: ignore[attr-defined]
    return series.to_physical().cast(polars.Float64).to_numpy() / per_day


def iso_moments(text: "polars.Series") -> "polars.Series":
    """Moments in UTC, without a zone, from ISO 8601: a date alone, with a time, with a time and a zone."""
    plain = text.str.replace("[Tt]", " ").str.replace(r" ?[Zz]$", "+00:00")
    parsed = plain.str.to_date("%Y-%m-%d", strict=False).cast(polars.Datetime("us"))
    for pattern in ("%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M"):
        if parsed.null_count() > text.null_count():
            zoned = plain.str.to_datetime(f"{pattern}%#z", time_unit="us", strict=False)
            for moments in (plain.str.to_datetime(pattern, time_unit="us", strict=False), zoned):
                parsed = parsed.zip_with(parsed.is_not_null(), moments.dt.replace_time_zone(None))
    return parsed


def are_iso_moments(text: "polars.Series") -> bool:
    """Whether all texts are ISO dates, with or without a time."""
    present = text.drop_nulls()
    return all_fit(present, r"^\d{4}-\d{2}-\d{2}(?:$|[Tt ]\d)") and not iso_moments(present).null_count()


def truths(series: "polars.Series") -> NDArray[np.float64]:
    """0 and 1 with NaN for missing; the numbers 0 and 1 and the texts true and false are truth values too."""
    if series.dtype == polars.String:
        series = _parsed(series, _truth_in, "true or false")
    values = numbers(series)
    wrong = np.flatnonzero(~np.isnan(values) & (values != 0) & (values != 1))
    if wrong.size:
        raise _wrong_value(series.name, wrong[0], f"{values[wrong[0]]:g}", "not true or false")
    return values


def _truth_in(text: "polars.Series") -> "polars.Series":
    words = {"true": 1.0, "false": 0.0, "1": 1.0, "0": 0.0}
    return text.str.to_lowercase().replace_strict(words, default=None, return_dtype=polars.Float64)


def _parsed(
    series: "polars.Series", parse: "Callable[[polars.Series], polars.Series]", wanted: str
) -> "polars.Series":
    """Texts as `parse` reads them."""
    text = stripped(series)
    parsed = parse(text)
    wrong = (parsed.is_null() & text.is_not_null()).arg_true()
    if len(wrong):
        raise _wrong_value(series.name, wrong[0], repr(text[wrong[0]]), f"not {wanted} as in training")
    return parsed


def _wrong_value(name: str, row: int, value: str, fault: str) -> DataError:
    """The error for a value of a column."""
    hint = "Correct the value or leave the field empty."
    return DataError(f"Row {row + 1} of column {name!r} is {value}, {fault}", hint)


def is_missing(series: "polars.Series", *, blanks: bool = False) -> NDArray[np.bool_]:
    """Where a column has no value: (m,). With ``blanks`` what stands for a missing value in a text, too."""
    if blanks and series.dtype in (polars.String, polars.Categorical, polars.Enum):
        series = stripped(series)
    if series.dtype.is_float():
        return np.isnan(series.to_numpy())
    return series.is_null().to_numpy() if series.null_count() else np.zeros(len(series), np.bool_)


def wrong_kind(series: "polars.Series", wanted: str) -> DataError:
    """The error for a column whose type cannot become what is wanted."""
    problem = f"Column {series.name!r} has values of type {series.dtype}, not {wanted}"
    return DataError(problem, "Convert or drop the column.")


_TIME = r"((?:[Tt ] ?\d.*)?)$"
_DAY, _MONTH = r"(0?[1-9]|[12]\d|3[01])", r"(0?[1-9]|1[0-2])"


class DateFormat(NamedTuple):
    """A format of dates: the pattern of its texts, and what it is in ISO's, the name of a month in <>."""

    pattern: str
    iso: str
    proof: str = ""


_NAME = r"([A-Za-z]{3,9}\.?)"
_REST = {"jan": "uary", "feb": "ruary", "mar": "ch", "apr": "il", "may": "", "jun": "e", "jul": "y",
    "aug": "ust", "sep": "tember", "oct": "ober", "nov": "ember", "dec": "ember"}  # fmt: skip
MONTHS = {
    f"<{name}>": f"{number:02}"
    for number, (short, rest) in enumerate(_REST.items(), 1)
    for name in dict.fromkeys((short, f"{short}.", short + rest, *(["sept", "sept."] * (short == "sep"))))
}
"""English names of months as formats leave them, and their numbers."""
SHORT_YEARS = (("^~([0-5][0-9]|6[0-8])-", "20${1}-"), ("^~([0-9]{2})-", "19${1}-"))
"""Years of two digits as formats leave them, and whole ones, by the rule of POSIX: 68 is 2068, 69 is 1969."""

DATE_FORMATS = {
    "2020-12-31": DateFormat(rf"^(\d{{4}})-(\d{{2}})-(\d{{2}}){_TIME}", "${1}-${2}-${3}${4}"),
    "31.12.2020": DateFormat(rf"^{_DAY}\.{_MONTH}\.(\d{{4}}){_TIME}", "${3}-${2}-${1}${4}"),
    "2020/12/31": DateFormat(rf"^(\d{{4}})/{_MONTH}/{_DAY}{_TIME}", "${1}-${2}-${3}${4}"),
    "31/12/2020": DateFormat(
        rf"^{_DAY}/{_MONTH}/(\d{{4}}){_TIME}", "${3}-${2}-${1}${4}", r"^(?:1[3-9]|[23]\d)/"
    ),
    "12/31/2020": DateFormat(
        rf"^{_MONTH}/{_DAY}/(\d{{4}}){_TIME}", "${3}-${1}-${2}${4}", r"^\d{1,2}/(?:1[3-9]|[23]\d)/"
    ),
    "31 Dec 2020": DateFormat(rf"^{_DAY} {_NAME},? (\d{{4}}){_TIME}", "${3}-<${2}>-${1}${4}"),
    "31-Dec-2020": DateFormat(rf"^{_DAY}-{_NAME}-(\d{{4}}){_TIME}", "${3}-<${2}>-${1}${4}"),
    "31-Dec-20": DateFormat(rf"^{_DAY}-{_NAME}-([0-9]{{2}}){_TIME}", "~${3}-<${2}>-${1}${4}"),
    "Dec 31, 2020": DateFormat(rf"^{_NAME} {_DAY},? (\d{{4}}){_TIME}", "${3}-<${1}>-${2}${4}"),
}
"""Formats of dates, by an example of each; a time may follow. The first one is ISO's. Names of months are
English, abbreviated or not.
"""
ISO = next(iter(DATE_FORMATS))


def infer_date_format(texts: "polars.Series") -> str | None:
    """The format in which all these texts are dates, with or without a time, or None."""
    if are_iso_moments(texts):
        return ISO
    present = texts.drop_nulls()
    named = (name for name in fitting(present, DATE_FORMATS) if name != ISO)
    return next((name for name in named if not iso_moments(as_iso(present, name)).null_count()), None)


def as_iso(texts: "polars.Series", written: str) -> "polars.Series":
    """Texts of a format as ISO 8601 has them; null where the year does not have four digits."""
    form = DATE_FORMATS[written]
    texts = texts.str.replace(form.pattern, form.iso)
    if "<" in form.iso:
        texts = texts.str.replace_many(MONTHS, ascii_case_insensitive=True)
    for pattern, years in SHORT_YEARS if form.iso.startswith("~") else ():
        texts = texts.str.replace(pattern, years)
    return texts.str.extract(r"(?s)^(\d{4}-.*)$")  # polars takes 20-01-05 for a day of the year 20


def iso_substitutions(written: str) -> tuple[tuple[str, str], ...]:
    """`as_iso` as patterns of Python's ``re``, one after another, for programs without polars."""
    form = DATE_FORMATS[written]
    pairs = [(form.pattern, form.iso)]
    if "<" in form.iso:
        pairs += [(_in_any_case(name), number) for name, number in MONTHS.items()]
    if form.iso.startswith("~"):
        pairs += SHORT_YEARS
    return tuple((pattern, re.sub(r"\$\{(\d)\}", r"\\\1", iso)) for pattern, iso in pairs)


def _in_any_case(text: str) -> str:
    """A pattern of the text in small and capital letters: JavaScript has no flag within patterns."""
    return "".join(f"[{sign.upper()}{sign}]" if sign.isalpha() else re.escape(sign) for sign in text)
