"""Parsing of one column as floats: NaN where missing, and an error that names the row where impossible.

Numbers in texts have separators of thousands, a decimal comma, a sign such as %, a unit. 1,234 is a thousand
to one reader and a bit more than one to another, 3/4/2020 is in March to one and in April to another. So a
column of texts is taken for numbers or dates only where all its texts fit one format, and one of them at
least fits no other; for numbers, nearly all are enough, where a few words stand for missing ones.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from deepstep.data.text_tables import MISSING, SAMPLE_CELLS, all_fit
from deepstep.environment import polars
from deepstep.errors import DataError

SIGNS = ("%", "€", "$", "£", "¥")
"""Signs of which all texts of a column have the same one, in front of the number or behind it."""
CODES = (
    "USD", "EUR", "GBP", "JPY", "CHF", "CNY", "INR", "CAD", "AUD", "NZD", "SEK", "NOK", "DKK", "PLN", "CZK",
    "HUF", "BRL", "MXN", "ZAR", "SGD", "HKD", "KRW", "TRY", "ILS", "US$", "A$", "C$", "R$", "Rs.", "Rs",
)  # fmt: skip
"""Codes that may precede all numbers of a column: with other texts, a number is part of a name (A12)."""
UNIT = r"[\p{L}%°″′\"][^\d\n]{0,23}|\p{L}{1,3}\^?[23]"
"""Units that may stand behind all numbers of a column: the same behind each, or with an s for several."""
FEWEST_ROWS, LEAST_SHARE = 20, 0.9
"""Among so many rows with a value this share has to be numbers, for words beside them to be missing ones."""
FEWEST_NUMBERS, MOST_WORDS = 11, 5
"""Least different numbers, as fewer may be codes, and most different words beside them."""
MOST_UNITS = 5
"""Most different units of a column; with more, they are no units (12 Main Street)."""

_MARKED = r"\p{L}|[<>≤≥≈~+*?]"
"""Marks that make another text of a number: <0.5, 10+, 3*, see note 2."""
_SPACES = " \u00a0\u2009\u202f'’"


class NumberFormat(NamedTuple):
    """A format of numbers."""

    pattern: str
    proof: str
    thousands: str
    decimal: str


def _grouped(separator: str, decimal: str) -> str:
    return rf"^-?(?:0|[1-9]\d{{0,2}}(?:[{separator}]\d{{3}})+|[1-9]\d*)(?:[{decimal}]\d+)?$"


def _decimals(sign: str) -> str:
    """Decimals that cannot be a group of thousands."""
    return rf"[{sign}]\d{{1,2}}$|[{sign}]\d{{4,}}$|^-?0[{sign}]\d"


NUMBER_FORMATS = {
    "1234.5": NumberFormat(r"^-?(?:(?:0|[1-9]\d*)(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$", "", "", "."),
    "1,234.5": NumberFormat(_grouped(",", "."), rf",\d{{3}}[,.]|{_decimals('.')}", ",", "."),
    "1.234,5": NumberFormat(_grouped(".", ","), rf"\.\d{{3}}[.,]|{_decimals(',')}", ".", ","),
    "1 234.5": NumberFormat(_grouped(_SPACES, "."), rf"\d[{_SPACES}]\d{{3}}", _SPACES, "."),
    "1 234,5": NumberFormat(_grouped(_SPACES, ","), rf"\d[{_SPACES}]\d{{3}}", _SPACES, ","),
}
"""Formats of numbers, by an example of each; the first that fits is taken. A sign follows the example, a unit
follows or a code precedes it after a space: "1,234.5%", "1234.5 kg", "USD 1234.5"."""
NUMBER = "|".join(form.pattern[1:-1] for form in NUMBER_FORMATS.values())
"""A number in any of these formats."""
_NAME = re.compile(
    rf"(?:(?P<code>{'|'.join(map(re.escape, CODES))}) )?(?P<plain>{'|'.join(map(re.escape, NUMBER_FORMATS))})"
    rf"(?P<sign>[{''.join(SIGNS)}])?(?: (?P<unit>\D.*))?",
    re.DOTALL,
)
_INFINITE = ("inf", "infinity")
_SIGN = f"[{''.join(SIGNS)}]"
_WITH_UNIT = rf"^(?<sign>{_SIGN})? *(?<number>{NUMBER})\s*(?<unit>{UNIT}|{_SIGN})?$"


def infer_number_format(texts: "polars.Series") -> str | None:
    """The format in which all these texts, stripped and one at least no null, are numbers, or None.

    Texts with leading zeros, as 007, are names and no numbers.
    """
    present = texts.drop_nulls()
    sign = next((sign for sign in SIGNS if present.str.contains(_signed(sign)).all()), "")
    present = _bare(present, sign=sign)
    plain = next(fitting(present, NUMBER_FORMATS), None)
    code = unit = ""
    if plain is None:
        code, unit = _code_or_unit_of(present)
        bare = _bare(present, code=code, unit=unit)
        plain = next(fitting(bare, NUMBER_FORMATS), None) if code or unit else None
    return plain and f"{code} {plain}{sign} {unit}".strip()


def fitting(
    texts: "polars.Series", formats: "Mapping[str, NumberFormat] | Mapping[str, DateFormat]"
) -> Iterator[str]:
    """The names of the formats that all these texts fit, with a proof where others could be meant."""
    for name, form in formats.items():
        if all_fit(texts, form.pattern) and (not form.proof or texts.str.contains(form.proof).any()):
            yield name


def parse_numbers(texts: "polars.Series", written: str) -> "polars.Series":
    """Floats; null where a text does not fit the format, or is null."""
    form, parts = _parts_of(written)
    plain = _bare(texts, **parts)
    plain = _where(plain.str.contains(form.pattern), plain)
    if form.thousands:
        plain = plain.str.replace_all(f"[{form.thousands}]", "")
    return plain.str.replace(form.decimal, ".", literal=True).cast(polars.Float64, strict=False)


def number_patterns(written: str) -> dict[str, str]:
    """A format as patterns of Python's ``re``, for programs without polars; empty where there is no part."""
    form, parts = _parts_of(written)
    sign, code, unit = (parts[name] for name in ("sign", "code", "unit"))
    behind = f"{re.escape(unit)}{'s?' * bool(unit)}"
    around = rf"(?s)^{re.escape(code)}[{_SPACES}]*(.*?)[{_SPACES}]*{behind}$" if code or unit else ""
    return {
        "signed": _signed(sign) if sign else "",
        "sign": f" *[{sign}] *" if sign else "",
        "around": around,
        "number": form.pattern,
        "thousands": f"[{form.thousands}]" if form.thousands else "",
        "decimal": form.decimal,
    }


def _parts_of(written: str) -> tuple[NumberFormat, dict[str, str]]:
    """A format without what stands around its numbers, and that: sign, code, unit."""
    match = cast("re.Match[str]", _NAME.fullmatch(written))
    parts = {name: part or "" for name, part in match.groupdict().items()}
    return NUMBER_FORMATS[parts.pop("plain")], parts


def is_number_format(written: str) -> bool:
    """Whether this is the name of a format of numbers."""
    match = _NAME.fullmatch(written)
    return match is not None and not (match["code"] and match["unit"])


def _code_or_unit_of(present: "polars.Series") -> tuple[str, str]:
    """The code in front of all texts, or the unit behind them; nothing where there is none."""
    for code in CODES:
        if present[0].startswith(code) and present.str.starts_with(code).all():
            return code, ""
    behind = rf"^(?:{NUMBER})[{_SPACES}]*({UNIT})$"
    if not present.head(SAMPLE_CELLS).str.contains(behind).all():
        return "", ""
    units = present.str.extract(behind).unique().to_list()
    if None in units or len(units) > 2:
        return "", ""
    unit, *others = sorted(units, key=len)
    return "", unit if not others or others == [f"{unit}s"] else ""  # kg, or day and days


def _bare(texts: "polars.Series", *, sign: str = "", code: str = "", unit: str = "") -> "polars.Series":
    """Numbers without sign, code and unit (or the plural of it); null where a text lacks one."""
    if sign:
        texts = _where(texts.str.contains(_signed(sign)), texts).str.replace(rf" *[{sign}] *", "")
    if code or unit:
        front, behind = polars.escape_regex(code), polars.escape_regex(unit) + "s?" * bool(unit)
        texts = texts.str.extract(rf"(?s)^{front}[{_SPACES}]*(.*?)[{_SPACES}]*{behind}$")
    return texts


def _where(wanted: "polars.Series", texts: "polars.Series") -> "polars.Series":
    """The texts that are wanted, null for the others."""
    return texts.zip_with(wanted.fill_null(False), texts.clear(len(texts)))


def _signed(sign: str) -> str:
    """The pattern of a text with the sign: once, at either end; a minus may come before it."""
    return rf"^(?:-? *[{sign}][^{sign}]*|[^{sign}]*[{sign}])$"


def stripped(series: "polars.Series") -> "polars.Series":
    """Texts without spaces around them; what stands for a missing value in a text table is null."""
    return series.cast(polars.String).str.strip_chars().replace(list(MISSING), None)


class AmongNumbers(NamedTuple):
    """How the numbers of a column are written, the words beside them, and in how many rows these stand."""

    written: str
    words: tuple[str, ...]
    rows: int


def words_among_numbers(counts: "polars.DataFrame") -> AmongNumbers | None:
    """Numbers with a few words, or None."""
    texts = _present(counts)
    has_digits = texts["value"].str.contains(r"\d")
    numbers, words = texts.filter(has_digits), texts.filter(~has_digits)
    m, n_words = int(texts["rows"].sum()), int(words["rows"].sum())
    if m < FEWEST_ROWS or m - n_words < LEAST_SHARE * m or numbers.height < FEWEST_NUMBERS:
        return None
    if not 0 < words.height <= MOST_WORDS:
        return None
    if words["value"].str.to_lowercase().str.strip_chars("+-").is_in(_INFINITE).any():
        return None
    written = infer_number_format(numbers["value"])
    return None if written is None else AmongNumbers(written, tuple(words["value"].sort()), n_words)


def why_not_numbers(counts: "polars.DataFrame") -> str:
    """Why a column of numbers, most of which have a unit or stand beside words, is none; else nothing."""
    texts = _present(counts)
    value, rows = polars.col("value"), polars.col("rows").sum()
    texts = texts.with_columns(value.str.extract_groups(_WITH_UNIT).struct.unnest())
    unit = polars.concat_str("sign", "unit", ignore_nulls=True)
    numbers = texts.filter(polars.col("number").is_not_null()).with_columns(unit=unit)
    others = texts.filter(polars.col("number").is_null())
    m, n = int(texts["rows"].sum()), int(numbers["rows"].sum())
    units = numbers.group_by("unit").agg(rows).sort(["rows", "unit"], descending=[True, False])
    if m < FEWEST_ROWS or 2 * n < m or units.height > MOST_UNITS:
        return ""
    digits = others.filter(polars.col("value").str.contains(r"\d"))
    if digits.height and (n < LEAST_SHARE * m or not digits["value"].str.contains(_MARKED).all()):
        return ""  # codes, such as 0123 or A 5/1234
    reasons = []
    if units.height > 1:
        named = ", ".join(f"{name!r} ({k:,})" if name else f"none ({k:,})" for name, k in units.rows())
        reasons.append(f"they have different units, {named}; convert them to one")
    if others.height:
        first = others.sort(["rows", "value"], descending=[True, False])["value"][0][:40]
        more = f" and {others.height - 1:,} more" * (others.height > 1)
        kind, hint = "a word", "leave them empty where no number is known"
        if digits.height:
            kind, hint = "no number", "make numbers of them, or leave them empty"
        plural = f"{kind.removeprefix('a ')}s"
        count = f"1 is {kind}" if m - n == 1 else f"{m - n:,} are {plural}"
        reasons.append(f"{count}, {first!r}{more}; {hint}")
    if not reasons and numbers["number"].str.contains(r"\d[^\d]\d{3}$").any():
        number = numbers["number"].max()
        reasons.append(f"{number!r} can be read in two ways; write it without a sign between thousands")
    if not reasons:
        return ""
    return f"{n:,} of its {m:,} values are numbers, but it is read as texts: {'; '.join(reasons)}"


def _present(counts: "polars.DataFrame") -> "polars.DataFrame":
    """The different texts without spaces around them, and without those that stand for a missing value."""
    texts = polars.DataFrame({"value": stripped(counts["value"]), "rows": counts["rows"]}).drop_nulls()
    return texts.group_by("value").agg(polars.col("rows").sum()).sort("value")


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
        raise wrong_kind(series, "dates or ISO texts of them, such as 2024-05-31")
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


_MONTH_NAME = r"([A-Za-z]{3,9}\.?)"
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
    "31 Dec 2020": DateFormat(rf"^{_DAY} {_MONTH_NAME},? (\d{{4}}){_TIME}", "${3}-<${2}>-${1}${4}"),
    "31-Dec-2020": DateFormat(rf"^{_DAY}-{_MONTH_NAME}-(\d{{4}}){_TIME}", "${3}-<${2}>-${1}${4}"),
    "31-Dec-20": DateFormat(rf"^{_DAY}-{_MONTH_NAME}-([0-9]{{2}}){_TIME}", "~${3}-<${2}>-${1}${4}"),
    "Dec 31, 2020": DateFormat(rf"^{_MONTH_NAME} {_DAY},? (\d{{4}}){_TIME}", "${3}-<${1}>-${2}${4}"),
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
