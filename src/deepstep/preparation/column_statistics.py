"""Statistics of one column, updated chunk by chunk; `finish` chooses the kind of the column.

Counts, least and greatest values, categories and dates do not depend on the chunks; means and deviations of
several chunks are those of one up to rounding. Two rules bound the memory of several chunks:

- The first `MOST_TEXTS` different texts are counted; rows with others count as all different.
- The first `MOST_NUMBERS` whole numbers, or a few more, decide whether a column is an identifier.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from deepstep.data.frames import as_categories, without_pattern
from deepstep.environment import polars
from deepstep.preparation.categories import (
    FEWEST_ROWS_TO_TELL,
    CategoryColumn,
    column_of_texts,
    count_texts,
)
from deepstep.preparation.columns import Column, ConstantColumn, EmptyColumn, IdentifierColumn
from deepstep.preparation.dates import CIRCLES, DateColumn, as_moments, parts_by, positions_on_circles
from deepstep.preparation.numbers import BooleanColumn, NumberColumn
from deepstep.preparation.parsing import (
    days,
    infer_date_format,
    infer_number_format,
    is_missing,
    numbers,
    stripped,
    truths,
    why_not_numbers,
    words_among_numbers,
    wrong_kind,
)
from deepstep.preparation.statistics import Moments

MOST_TEXTS, MOST_BYTES = 200_000, 2**25
"""Most different texts of a column that are counted, and their bytes."""
MOST_NUMBERS = 1_000_000
"""Numbers that are compared to recognize an identifier, in columns whose name says so."""
FEWEST_ROWS_THAT_COUNT = 10
"""Rows from which on whole numbers that grow from row to row are an identifier: chance hardly orders them."""
# Also user_id and PassengerId, but not paid; Unnamed: 0 and __index_level_0__ are the index that pandas
# writes. A name is asked for because ranks and numbers of days count the rows, too, and mean something.
_NAMES_OF_IDENTIFIERS = re.compile(
    r"(?i:^(?:unnamed: \d+(?:\.\d+)*|__index_level_\d+__|#|pk|"
    r"(?:row|record|obs|observation|seq|sequence)[ _]?(?:id|index|idx|nr|no|num|number|names?)?\.?)?$"
    r"|(?:^|[_\W])(?:id|uuid|guid|key|index|idx|nr|no|number)\.?$)"
    r"|[a-z0-9]I[dD]$"
)


class ColumnStatistics(ABC):
    """Statistics of a column."""

    def __init__(self, name: str) -> None:
        self.name = name

    @abstractmethod
    def update(self, series: "polars.Series") -> None:
        """Add rows."""

    @abstractmethod
    def finish(self, *, identifiers: bool) -> Column:
        """The learned column; ``identifiers``: whether identifiers are left out."""


class _Measured(ColumnStatistics):
    """Values that are read as floats."""

    read: Callable[["polars.Series"], NDArray[np.float64]]

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._moments = Moments()

    def update(self, series: "polars.Series") -> None:
        values = self.read(series)
        self._moments.update(values)
        self._look(series, values)

    def _look(self, series: "polars.Series", values: NDArray[np.float64]) -> None:
        """Keep what else tells the kind of the column."""


class _Numbers(_Measured):
    """Numbers; whole ones may be an identifier."""

    read = staticmethod(numbers)

    def __init__(self, name: str, *, may_identify: bool) -> None:
        super().__init__(name)
        self._first = [np.empty(0)] if may_identify else []

    def _look(self, series: "polars.Series", values: NDArray[np.float64]) -> None:
        if self._first and sum(map(len, self._first)) < MOST_NUMBERS:
            self._first.append(values)

    def finish(self, *, identifiers: bool) -> Column:
        first = np.concatenate(self._first) if self._first and identifiers else None
        return _of_numbers(self.name, self._moments, first, "")


class _Truths(_Measured):
    """Truth values."""

    read = staticmethod(truths)

    def finish(self, *, identifiers: bool) -> Column:
        seen = self._moments
        constant = ""
        if seen.is_constant:
            constant = "true" if seen.low else "false"
        unvaried = _without_differences(self.name, seen, constant)
        return unvaried or BooleanColumn(self.name, seen.mean, seen.missing > 0)


class _Times(_Measured):
    """Dates, times of day."""

    read = staticmethod(days)

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._first: polars.Series | None = None
        self._differ = False  # in the column's own type: two moments may be the same day as floats
        self._positions: dict[str, set[float]] = {part: set() for part in CIRCLES}

    def _look(self, series: "polars.Series", values: NDArray[np.float64]) -> None:
        present = series.drop_nulls()
        if self._first is None and len(present):
            self._first = present[:1]
        if self._first is not None:
            self._differ |= bool((present != self._first).any())
        for part, positions in positions_on_circles(np.unique(values[~np.isnan(values)])).items():
            self._positions[part] |= positions

    def finish(self, *, identifiers: bool) -> Column:
        seen, first = self._moments, self._first
        if first is None:
            return EmptyColumn(self.name)
        # by polars: Python needs a database of time zones to write moments
        constant = "" if self._differ else first.cast(polars.String)[0]
        parts = parts_by(seen.high - seen.low, self._positions, is_time=str(first.dtype) == "Time")
        unvaried = _without_differences(self.name, seen, constant)
        return unvaried or DateColumn(self.name, *seen.moments(self.name), parts=parts)


class _Texts(ColumnStatistics):
    """Texts: categories, words, or numbers and dates as people write them."""

    def __init__(self, name: str, *, typed: bool, declared: bool = False) -> None:
        super().__init__(name)
        self._typed = typed or declared
        self._declared = declared
        self._m = self._others = 0
        self._only: polars.Series | None = None
        self._counts: polars.DataFrame | None = None

    def update(self, series: "polars.Series") -> None:
        if self._declared:
            if series.dtype.is_temporal() or series.dtype.is_nested():
                raise wrong_kind(series, "numbers, texts or truth values as categories")
            if series.dtype.is_float():
                numbers(series)  # an infinite one is named
            series = as_categories(series)
        self._only = None if self._m or self._typed else series
        self._m += len(series)
        new = count_texts(series)
        if self._counts is None:
            self._counts = new
            return
        if self._counts.height >= MOST_TEXTS or self._counts.estimated_size() >= MOST_BYTES:
            known = new.join(self._counts, on="value", how="semi")
            self._others += int(new["rows"].sum()) - int(known["rows"].sum())
            new = known  # the rows of other texts are counted, the texts are not
        both = polars.concat([self._counts, new])
        self._counts = both.group_by("value").agg(polars.col("rows").sum())

    def finish(self, *, identifiers: bool) -> Column:
        counts = self._counts
        if counts is None or not counts.height:
            return EmptyColumn(self.name)
        counts = counts.sort("value")
        if self._typed:
            return self._categories(counts, identifiers)
        text = stripped(counts["value"])
        if text.count():
            written = infer_number_format(text)
            if written is not None:
                values, seen = self._numbers(counts, written)
                different = identifiers and not self._others and counts["rows"].max() == 1
                return _of_numbers(self.name, seen, values if different else None, written)
            written = infer_date_format(text)
            if written is not None:
                return self._dates(counts, text.drop_nulls(), written)
        among = words_among_numbers(counts)
        if among is not None:
            _, seen = self._numbers(counts, among.written)
            return NumberColumn(self.name, *seen.moments(self.name), *among)
        return _cautioned(self._categories(counts, identifiers), counts)

    def _categories(self, counts: "polars.DataFrame", identifiers: bool) -> Column:
        return column_of_texts(
            self.name,
            counts,
            self._m,
            identifiers=identifiers,
            others=self._others,
            declared=self._declared,
        )

    def _cells(self, counts: "polars.DataFrame") -> "polars.Series":
        cells = counts["value"] if self._only is None else self._only
        return without_pattern(cells.alias(self.name))

    def _numbers(self, counts: "polars.DataFrame", written: str) -> tuple[NDArray[np.float64], Moments]:
        values = numbers(self._cells(counts), written)
        return values, self._seen(values, counts)

    def _dates(self, counts: "polars.DataFrame", texts: "polars.Series", written: str) -> Column:
        values = days(as_moments(stripped(self._cells(counts)), written))
        seen = self._seen(values, counts)
        unvaried = _without_differences(self.name, seen, texts[0] if texts.n_unique() == 1 else "")
        present = np.unique(values[~np.isnan(values)])
        parts = parts_by(seen.high - seen.low, positions_on_circles(present), is_time=False)
        return unvaried or DateColumn(
            self.name, *seen.moments(self.name), parts=parts, from_texts=True, written=written
        )

    def _seen(self, values: NDArray[np.float64], counts: "polars.DataFrame") -> Moments:
        seen = Moments()
        seen.update(values, counts["rows"].to_numpy().astype(np.float64) if self._only is None else None)
        seen.missing = self._m - seen.count - self._others
        return seen


class _Empty(ColumnStatistics):
    """A column of a type that no kind has: it may have no values."""

    def update(self, series: "polars.Series") -> None:
        if not is_missing(series).all():
            raise wrong_kind(series, "numbers, texts, truth values or dates")

    def finish(self, *, identifiers: bool) -> Column:
        return EmptyColumn(self.name)


def column_statistics(name: str, dtype: "polars.DataType", *, categorical: bool = False) -> ColumnStatistics:
    """The statistics of a column of a type, or of one that was declared to be ``categorical``."""
    if categorical:
        return _Texts(name, typed=True, declared=True)
    if dtype == polars.Boolean:
        return _Truths(name)
    if dtype.is_numeric() or isinstance(dtype, polars.Duration):
        return _Numbers(name, may_identify=dtype.is_integer() and _says_identifier(name))
    if dtype.is_temporal():
        return _Times(name)
    if dtype in (polars.String, polars.Categorical, polars.Enum):
        return _Texts(name, typed=dtype != polars.String)
    return _Empty(name)


def _of_numbers(name: str, seen: Moments, first: NDArray[np.float64] | None, written: str) -> Column:
    """The kind of a column of numbers; of those that may name the rows with the first of them."""
    unvaried = _without_differences(name, seen, f"{seen.low:.15g}" if seen.is_constant else "")
    if unvaried is not None:
        return unvaried
    if first is not None and not seen.missing:
        reason = why_identifier(name, first, in_order=not written)
        if reason:
            return IdentifierColumn(name, reason)
    return NumberColumn(name, *seen.moments(name), written=written)


def _without_differences(name: str, seen: Moments, constant: str) -> Column | None:
    """The column of no value, or of one, whose text is ``constant``; None where there are several."""
    if not seen.count:
        return EmptyColumn(name)
    return ConstantColumn(name, constant[:60], seen.missing > 0, from_texts=False) if constant else None


def why_identifier(name: str, values: NDArray[np.float64], *, in_order: bool) -> str:
    """Why these numbers are an identifier, or nothing; ``in_order``: they are in the order of the table."""
    m = len(values)
    if not _says_identifier(name) or m < FEWEST_ROWS_THAT_COUNT or not (values == np.floor(values)).all():
        return ""
    if m < FEWEST_ROWS_TO_TELL and not (in_order and (np.diff(values) > 0).all()):
        return ""
    if len(np.unique(values)) < m:
        return ""
    return "it is another whole number in every row, and its name says that it identifies them"


def _says_identifier(name: str) -> bool:
    """Whether the name of a column is that of an identifier."""
    return _NAMES_OF_IDENTIFIERS.search(name) is not None


def _cautioned(column: Column, counts: "polars.DataFrame") -> Column:
    """A column of texts with what a person should know, where numbers are lost in it."""
    each_has_a_feature = isinstance(column, CategoryColumn) and not column.left_out
    if each_has_a_feature or not isinstance(column, IdentifierColumn | CategoryColumn):
        return column
    caution = why_not_numbers(counts)
    return replace(column, caution=caution) if caution else column
