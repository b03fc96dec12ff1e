"""Dates written as texts in other ways than ISO 8601's: with dots, or with strokes.

3/4/2020 is in March to one reader and in April to another. So a column is taken for dates only where all its
texts fit one way of writing, and one of them at least fits no other.
"""

from typing import TYPE_CHECKING, NamedTuple

from deepstep.preparation.values import are_iso_moments, iso_moments

if TYPE_CHECKING:
    import polars

_TIME = r"((?:[Tt ] ?\d.*)?)$"
_LATE = r"(?:1[3-9]|[23]\d)"  # that is the day
_DAY, _MONTH = r"(0?[1-9]|[12]\d|3[01])", r"(0?[1-9]|1[0-2])"


class Writing(NamedTuple):
    """A way to write dates.

    ``pattern`` has a group for each part, ``iso`` puts the groups in order, and one text at least matches
    ``proof``, so that there is no other way to read the column.
    """

    pattern: str
    iso: str
    proof: str = ""


WRITINGS = {
    "2020-12-31": Writing(rf"^(\d{{4}})-(\d{{2}})-(\d{{2}}){_TIME}", "${1}-${2}-${3}${4}"),
    "31.12.2020": Writing(rf"^{_DAY}\.{_MONTH}\.(\d{{4}}){_TIME}", "${3}-${2}-${1}${4}"),
    "2020/12/31": Writing(rf"^(\d{{4}})/{_MONTH}/{_DAY}{_TIME}", "${1}-${2}-${3}${4}"),
    "31/12/2020": Writing(
        rf"^{_DAY}/{_MONTH}/(\d{{4}}){_TIME}", "${3}-${2}-${1}${4}", r"^(?:1[3-9]|[23]\d)/"
    ),
    "12/31/2020": Writing(
        rf"^{_MONTH}/{_DAY}/(\d{{4}}){_TIME}", "${3}-${1}-${2}${4}", r"^\d{1,2}/(?:1[3-9]|[23]\d)/"
    ),
}
"""Ways to write dates, by an example of each; a time may follow. The first one is ISO's."""
ISO = next(iter(WRITINGS))


def date_writing_of(texts: "polars.Series") -> str | None:
    """The way in which all these texts are dates, with or without a time, or None.

    The texts have no spaces around them, and one at least is no null.

    >>> import polars
    >>> date_writing_of(polars.Series(["1.2.2020", "31.12.2020 14:30", None]))
    '31.12.2020'
    >>> [date_writing_of(polars.Series(texts)) for texts in (["1/2/2020", "1/31/2020"], ["1/2/2020"])]
    ['12/31/2020', None]
    """
    if are_iso_moments(texts):
        return ISO
    present = texts.drop_nulls()
    for name, writing in WRITINGS.items():
        if (
            name != ISO
            and all(part.str.contains(writing.pattern).all() for part in (present.head(100), present))
            and (not writing.proof or present.str.contains(writing.proof).any())
            and not iso_moments(as_iso(present, name)).null_count()
        ):
            return name
    return None


def as_iso(texts: "polars.Series", written: str) -> "polars.Series":
    """Texts of a way of writing as ISO 8601 has them; others as they are.

    >>> import polars
    >>> as_iso(polars.Series(["31.12.2020 14:30", "soon"]), "31.12.2020").to_list()
    ['2020-12-31 14:30', 'soon']
    """
    writing = WRITINGS[written]
    return texts.str.replace(writing.pattern, writing.iso)
