"""Texts that are numbers but for some: words that stand for a missing number, units that differ.

A column is told by how often each of its texts occurs, so that one pass over rows in pieces tells the same.
"""

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from deepstep.preparation.categories import CategoryColumn
from deepstep.preparation.columns import Column, IdentifierColumn
from deepstep.preparation.values import stripped
from deepstep.preparation.written_numbers import NUMBER, SIGNS, UNIT, writing_of

if TYPE_CHECKING:
    import polars

FEWEST_ROWS, LEAST_SHARE = 20, 0.9
"""Among so many rows with a value this share has to be numbers, for words beside them to be missing ones."""
FEWEST_NUMBERS, MOST_WORDS = 11, 5
"""So many different numbers at least, as fewer may be codes; so many different words at most."""
MOST_UNITS = 5
"""Most different units; of more they are no units: 12 Main Street."""
_INFINITE = ("inf", "infinity")
_SIGN = f"[{''.join(SIGNS)}]"
_WITH_UNIT = rf"^(?<sign>{_SIGN})? *(?<number>{NUMBER})\s*(?<unit>{UNIT}|{_SIGN})?$"

_MARKED = r"\p{L}|[<>≤≥≈~+*?]"
"""Marks that make another text of a number: <0.5, 10+, 3*, see note 2."""


class AmongNumbers(NamedTuple):
    """How the numbers of a column are written, the words beside them, and in how many rows these stand."""

    written: str
    words: tuple[str, ...]
    rows: int


def words_among_numbers(counts: "polars.DataFrame") -> AmongNumbers | None:
    """Numbers with a few words, or None.

    ``counts`` has the different texts, "value", and their numbers of rows, "rows".

    >>> import polars
    >>> texts = [*map(str, range(30)), "unknown", "unknown"]
    >>> words_among_numbers(polars.Series("value", texts).value_counts(name="rows"))
    AmongNumbers(written='1234.5', words=('unknown',), rows=2)
    """
    texts = _present(counts)
    has_digits = texts["value"].str.contains(r"\d")
    numbers, words = texts.filter(has_digits), texts.filter(~has_digits)
    m, of_words = int(texts["rows"].sum()), int(words["rows"].sum())
    if m < FEWEST_ROWS or m - of_words < LEAST_SHARE * m or numbers.height < FEWEST_NUMBERS:
        return None
    if not 0 < words.height <= MOST_WORDS:
        return None
    if words["value"].str.to_lowercase().str.strip_chars("+-").is_in(_INFINITE).any():
        return None
    written = writing_of(numbers["value"])
    return None if written is None else AmongNumbers(written, tuple(words["value"].sort()), of_words)


def cautioned(column: Column, counts: "polars.DataFrame") -> Column:
    """A column of texts with what a person should know, where numbers are lost in it."""
    if not isinstance(column, IdentifierColumn | CategoryColumn):
        return column
    if isinstance(column, CategoryColumn) and not column.left_out:
        return column  # each of its values has a feature
    caution = _unread_numbers(counts)
    return replace(column, caution=caution) if caution else column


def _unread_numbers(counts: "polars.DataFrame") -> str:
    """Why a column of numbers, most of which have a unit or stand beside words, is none; else nothing."""
    import polars

    texts = _present(counts)
    value, rows = polars.col("value"), polars.col("rows").sum()
    texts = texts.with_columns(value.str.extract_groups(_WITH_UNIT).struct.unnest())
    unit = polars.concat_str("sign", "unit", ignore_nulls=True)
    found = texts.filter(polars.col("number").is_not_null()).with_columns(unit=unit)
    others = texts.filter(polars.col("number").is_null())
    m, n = int(texts["rows"].sum()), int(found["rows"].sum())
    units = found.group_by("unit").agg(rows).sort(["rows", "unit"], descending=[True, False])
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
        kind, hint = "words", "leave them empty where no number is known"
        if digits.height:
            kind, hint = "no numbers", "make numbers of them, or leave them empty"
        reasons.append(f"{m - n:,} are {kind}, {first!r}{more}; {hint}")
    if not reasons and found["number"].str.contains(r"\d[^\d]\d{3}$").any():
        number = found["number"].max()
        reasons.append(f"{number!r} can be read in two ways; write it without a sign between thousands")
    if not reasons:
        return ""
    return f"{n:,} of its {m:,} values are numbers, but it is read as texts: {'; '.join(reasons)}"


def _present(counts: "polars.DataFrame") -> "polars.DataFrame":
    """The different texts without spaces around them, and without those that stand for a missing value."""
    import polars

    texts = polars.DataFrame({"value": stripped(counts["value"]), "rows": counts["rows"]}).drop_nulls()
    return texts.group_by("value").agg(polars.col("rows").sum()).sort("value")
