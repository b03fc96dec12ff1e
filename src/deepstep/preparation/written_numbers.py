"""Numbers written as texts: with separators of thousands, a decimal comma, a percent sign, a currency's.

1,234 is a thousand to one reader and a bit more than one to another. So a column is taken for numbers only
where all its texts fit one way of writing, and one of them at least fits no other.
"""

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import polars

SIGNS = ("%", "€", "$", "£", "¥")
"""Signs of which all texts of a column have the same one, in front of the number or behind it."""
_SAMPLE = 100
_SPACES = " \u00a0\u2009\u202f'’"


class Writing(NamedTuple):
    """A way to write numbers.

    Attributes
    ----------
    pattern : str
        What every text matches.
    proof : str
        What one text at least matches, so that there is no other way to read the column.
    thousands : str
        Signs to drop.
    decimal : str
        The sign before the decimals.
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
WRITINGS |= {f"{name}{sign}": writing for name, writing in WRITINGS.items() for sign in SIGNS}
"""Ways to write numbers, by an example of each; the first that fits is taken."""


def writing_of(texts: "polars.Series") -> str | None:
    """The way in which all these texts are numbers, or None.

    Texts with leading zeros, as 007, are names and no numbers.

    Parameters
    ----------
    texts : polars.Series of str (m,)
        Without spaces around them; at least one is no null.

    Examples
    --------
    >>> import polars
    >>> writing_of(polars.Series(["1,234.5", None, "12"]))
    '1,234.5'
    >>> writing_of(polars.Series(["12 %", "7.5 %"])), writing_of(polars.Series(["€ 1.234,50", "€ 3"]))
    ('1234.5%', '1.234,5€')
    >>> [writing_of(polars.Series(texts)) for texts in (["1,234"], ["007"], ["1", "one"])]
    [None, None, None]
    """
    present = texts.drop_nulls()
    sign = next((sign for sign in SIGNS if present.str.contains(_signed(sign)).all()), "")
    if sign:
        present = _without(sign, present)
    for name, writing in WRITINGS.items():
        if _sign_of(name) != sign:
            continue
        if not all(part.str.contains(writing.pattern).all() for part in (present.head(_SAMPLE), present)):
            continue
        if not writing.proof or present.str.contains(writing.proof).any():
            return name
    return None


def read_numbers(texts: "polars.Series", written: str) -> "polars.Series":
    """Floats; null where a text does not fit the way of writing, or is null.

    Examples
    --------
    >>> import polars
    >>> read_numbers(polars.Series(["1.234,5", "7", "7.5"]), "1.234,5").to_list()
    [1234.5, 7.0, None]
    """
    import polars

    writing = WRITINGS[written]
    sign = _sign_of(written)
    if sign:
        texts = _without(sign, _where(texts.str.contains(_signed(sign)), texts))
    plain = _where(texts.str.contains(writing.pattern), texts)
    if writing.thousands:
        plain = plain.str.replace_all(f"[{writing.thousands}]", "")
    return plain.str.replace(writing.decimal, ".", literal=True).cast(polars.Float64, strict=False)


def _where(wanted: "polars.Series", texts: "polars.Series") -> "polars.Series":
    """The texts that are wanted, null for the others."""
    return texts.zip_with(wanted.fill_null(False), texts.clear(len(texts)))


def _sign_of(written: str) -> str:
    return written[-1] if written[-1] in SIGNS else ""


def _signed(sign: str) -> str:
    """What a text with the sign matches: one of it, at either end; a minus may come before it."""
    return rf"^(?:-? *[{sign}][^{sign}]*|[^{sign}]*[{sign}])$"


def _without(sign: str, texts: "polars.Series") -> "polars.Series":
    return texts.str.replace(rf" *[{sign}] *", "")
