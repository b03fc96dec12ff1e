"""Numbers written as texts: with separators of thousands, a decimal comma, a sign such as %, a unit.

1,234 is a thousand to one reader and a bit more than one to another. So a column is taken for numbers only
where all its texts fit one way of writing, and one of them at least fits no other.
"""

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import polars

SIGNS = ("%", "€", "$", "£", "¥")
"""Signs of which all texts of a column have the same one, in front of the number or behind it."""
CODES = (
    "USD", "EUR", "GBP", "JPY", "CHF", "CNY", "INR", "CAD", "AUD", "NZD", "SEK", "NOK", "DKK", "PLN", "CZK",
    "HUF", "BRL", "MXN", "ZAR", "SGD", "HKD", "KRW", "TRY", "ILS", "US$", "A$", "C$", "R$", "Rs.", "Rs",
)  # fmt: skip
"""Signs that may stand in front of all numbers of a column: other texts make names of them, as in A12."""
UNIT = r"[\p{L}%°″′\"][^\d\n]{0,23}|\p{L}{1,3}\^?[23]"
"""Units that may stand behind all numbers of a column: the same behind each, or with an s for several."""
_SAMPLE = 100
_SPACES = " \u00a0\u2009\u202f'’"


class Writing(NamedTuple):
    """A way to write numbers.

    One text at least matches ``proof``, so that there is no other way to read the column; ``thousands`` are
    signs to drop.
    """

    pattern: str
    proof: str
    thousands: str
    decimal: str


def _grouped(separator: str, decimal: str) -> str:
    return rf"^-?(?:0|[1-9]\d{{0,2}}(?:[{separator}]\d{{3}})+|[1-9]\d*)(?:[{decimal}]\d+)?$"


def _decimals(sign: str) -> str:
    """Decimals that cannot be a group of thousands."""
    return rf"[{sign}]\d{{1,2}}$|[{sign}]\d{{4,}}$|^-?0[{sign}]\d"


WRITINGS = {
    "1234.5": Writing(r"^-?(?:(?:0|[1-9]\d*)(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$", "", "", "."),
    "1,234.5": Writing(_grouped(",", "."), rf",\d{{3}}[,.]|{_decimals('.')}", ",", "."),
    "1.234,5": Writing(_grouped(".", ","), rf"\.\d{{3}}[.,]|{_decimals(',')}", ".", ","),
    "1 234.5": Writing(_grouped(_SPACES, "."), rf"\d[{_SPACES}]\d{{3}}", _SPACES, "."),
    "1 234,5": Writing(_grouped(_SPACES, ","), rf"\d[{_SPACES}]\d{{3}}", _SPACES, ","),
}
PLAIN = tuple(WRITINGS)
WRITINGS |= {f"{name}{sign}": writing for name, writing in WRITINGS.items() for sign in SIGNS}
"""Ways to write numbers, by an example of each; the first that fits is taken. One with a unit is called by an
example, too: "1234.5 kg", "USD 1234.5"."""
NUMBER = "|".join(WRITINGS[name].pattern[1:-1] for name in PLAIN)
"""A number in any of these ways."""


def writing_of(texts: "polars.Series") -> str | None:
    """The way in which all these texts are numbers, or None.

    Texts with leading zeros, as 007, are names and no numbers.

    The texts have no spaces around them, and one at least is no null.
    """
    present = texts.drop_nulls()
    sign = next((sign for sign in SIGNS if present.str.contains(_signed(sign)).all()), "")
    if sign:
        present = _without(sign, present)
    found = _plain_writing_of(present, sign)
    if found is None:
        unit, in_front = _unit_of(present)
        found = _plain_writing_of(_without_unit(unit, in_front, present), sign) if unit else None
        found = found and (f"{unit} {found}" if in_front else f"{found} {unit}")
    return found


def _plain_writing_of(present: "polars.Series", sign: str) -> str | None:
    """The way in which numbers are written that had the sign."""
    for name, writing in WRITINGS.items():
        if _sign_of(name) != sign:
            continue
        if not all(part.str.contains(writing.pattern).all() for part in (present.head(_SAMPLE), present)):
            continue
        if not writing.proof or present.str.contains(writing.proof).any():
            return name
    return None


def read_numbers(texts: "polars.Series", written: str) -> "polars.Series":
    """Floats; null where a text does not fit the way of writing, or is null."""
    import polars

    written, unit, in_front = _taken_apart(written)
    writing = WRITINGS[written]
    sign = _sign_of(written)
    if sign:
        texts = _without(sign, _where(texts.str.contains(_signed(sign)), texts))
    if unit:
        texts = _without_unit(unit, in_front, texts)
    plain = _where(texts.str.contains(writing.pattern), texts)
    if writing.thousands:
        plain = plain.str.replace_all(f"[{writing.thousands}]", "")
    return plain.str.replace(writing.decimal, ".", literal=True).cast(polars.Float64, strict=False)


def is_writing(written: str) -> bool:
    """Whether this is the name of a way to write numbers.

    >>> is_writing("1,234.5 kg"), is_writing("1.2.3"), is_writing("1234.5 12")
    (True, False, False)
    """
    plain, unit, _ = _taken_apart(written)
    return plain in WRITINGS and not any(letter.isdecimal() for letter in unit[:1])


def _taken_apart(written: str) -> tuple[str, str, bool]:
    """The plain way of writing, the unit if there is one, and whether it stands in front."""
    for plain in WRITINGS:
        if written.startswith(f"{plain} "):
            return plain, written.removeprefix(f"{plain} "), False
        if written.endswith(f" {plain}") and written.removesuffix(f" {plain}") in CODES:
            return plain, written.removesuffix(f" {plain}"), True
    return written, "", False


def _unit_of(present: "polars.Series") -> tuple[str, bool]:
    """The unit that all texts have, and whether it stands in front of them; "" where there is none."""
    for code in CODES:
        if present[0].startswith(code) and present.str.starts_with(code).all():
            return code, True
    behind = rf"^(?:{NUMBER})[{_SPACES}]*({UNIT})$"
    if not present.head(_SAMPLE).str.contains(behind).all():
        return "", False
    units = present.str.extract(behind).unique().to_list()
    if None in units or len(units) > 2:
        return "", False
    one, *several = sorted(units, key=len)
    return (one, False) if not several or several == [f"{one}s"] else ("", False)


def _without_unit(unit: str, in_front: bool, texts: "polars.Series") -> "polars.Series":
    """Numbers without their unit; null where a text has none."""
    if in_front:
        return _where(texts.str.starts_with(unit), texts).str.strip_prefix(unit).str.strip_chars(_SPACES)
    several = texts.str.ends_with(f"{unit}s")
    plain = _where(several | texts.str.ends_with(unit), texts)
    plain = plain.str.strip_suffix(f"{unit}s").zip_with(
        several.fill_null(False), plain.str.strip_suffix(unit)
    )
    return plain.str.strip_chars(_SPACES)


def _where(wanted: "polars.Series", texts: "polars.Series") -> "polars.Series":
    """The texts that are wanted, null for the others."""
    return texts.zip_with(wanted.fill_null(False), texts.clear(len(texts)))


def _sign_of(written: str) -> str:
    return written[-1] if written[-1] in SIGNS else ""


def _signed(sign: str) -> str:
    """The pattern of a text with the sign: once, at either end; a minus may come before it."""
    return rf"^(?:-? *[{sign}][^{sign}]*|[^{sign}]*[{sign}])$"


def _without(sign: str, texts: "polars.Series") -> "polars.Series":
    return texts.str.replace(rf" *[{sign}] *", "")
