"""Statistics of a column whose rows come a piece at a time: the rules of `column_choice`.

Counts, least and greatest values, categories and dates are those that the whole column would give, means and
deviations up to rounding. Two rules hold in place of looking at all rows at once:

- Of texts the first `MOST_TEXTS` different ones are counted; rows with others count as all different.
- Whether whole numbers name the rows is told by the first `MOST_NUMBERS` of them, or a few more.
"""

from abc import ABC, abstractmethod
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from deepstep.preparation.column_choice import (
    column_of_texts,
    counted,
    fit_column,
    says_identifier,
    why_identifier,
)
from deepstep.preparation.columns import AnyColumn
from deepstep.preparation.date_columns import CIRCLES, DateColumn, parts_by, positions_on_circles
from deepstep.preparation.left_out_columns import ConstantColumn, EmptyColumn, IdentifierColumn
from deepstep.preparation.number_columns import BooleanColumn, DurationColumn, NumberColumn, is_whole
from deepstep.preparation.running_moments import RunningMoments
from deepstep.preparation.values import days, iso_moments, numbers, seconds, stripped, truths, wrong_kind
from deepstep.preparation.words_among_numbers import cautioned, words_among_numbers
from deepstep.preparation.written_dates import as_iso, date_writing_of
from deepstep.preparation.written_numbers import writing_of

if TYPE_CHECKING:
    import polars

MOST_TEXTS, MOST_BYTES = 200_000, 2**25
"""So many different texts of a column are counted, and so many bytes of them."""
MOST_NUMBERS = 1_000_000
"""So many numbers are compared, to tell whether they name the rows; of columns that are called so alone."""


class RunningColumn(ABC):
    """Running statistics of a column."""

    def __init__(self, name: str) -> None:
        self.name = name

    @abstractmethod
    def update(self, series: "polars.Series") -> None:
        """Take rows in."""

    @abstractmethod
    def merge(self, other: Self) -> None:
        """Take in what another has seen of the rows after these."""

    @abstractmethod
    def finish(self, *, identifiers: bool) -> AnyColumn:
        """The learned column; ``identifiers`` says whether columns that name the rows are left out."""


class _Numbers(RunningColumn):
    """Numbers; of whole ones perhaps names of the rows."""

    def __init__(self, name: str, *, may_identify: bool) -> None:
        super().__init__(name)
        self._moments, self._first = RunningMoments(), [np.empty(0)] if may_identify else []

    def update(self, series: "polars.Series") -> None:
        values = numbers(series)
        self._moments.update(values)
        self._keep([values])

    def merge(self, other: Self) -> None:
        self._moments.merge(other._moments)
        self._keep(other._first)

    def _keep(self, values: list[NDArray[np.float64]]) -> None:
        if self._first and sum(map(len, self._first)) < MOST_NUMBERS:
            self._first += values

    def finish(self, *, identifiers: bool) -> AnyColumn:
        first = np.concatenate(self._first) if self._first and identifiers else None
        return _of_numbers(self.name, self._moments, first, "")


class _Truths(RunningColumn):
    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._moments = RunningMoments()

    def update(self, series: "polars.Series") -> None:
        self._moments.update(truths(series))

    def merge(self, other: Self) -> None:
        self._moments.merge(other._moments)

    def finish(self, *, identifiers: bool) -> AnyColumn:
        seen = self._moments
        if not seen.count:
            return EmptyColumn(self.name)
        if seen.is_constant:
            value = "true" if seen.low else "false"
            return ConstantColumn(self.name, value, seen.missing > 0, of_texts=False)
        return BooleanColumn(self.name, seen.mean, seen.missing > 0)


class _Times(RunningColumn):
    """Dates, times of day, spans of time."""

    def __init__(self, name: str, *, spans: bool) -> None:
        super().__init__(name)
        self._read = seconds if spans else days
        self._moments = RunningMoments()
        self._first: polars.Series | None = None
        self._positions: dict[str, set[float]] = {part: set() for part in CIRCLES}

    def update(self, series: "polars.Series") -> None:
        values = self._read(series)
        self._moments.update(values)
        if self._first is None and series.count():
            self._first = series.drop_nulls().head(1)
        if self._read is days:
            for part, found in positions_on_circles(np.unique(values[~np.isnan(values)])).items():
                self._positions[part] |= found

    def merge(self, other: Self) -> None:
        self._moments.merge(other._moments)
        self._first = other._first if self._first is None else self._first
        for part, found in other._positions.items():
            self._positions[part] |= found

    def finish(self, *, identifiers: bool) -> AnyColumn:
        seen, first = self._moments, self._first
        if first is None:
            return EmptyColumn(self.name)
        if seen.is_constant:
            constant: Any = fit_column(first.alias(self.name))
            return replace(constant, marks_missing=seen.missing > 0)
        mean, std, marks = seen.moments(self.name)
        if self._read is seconds:
            return DurationColumn(self.name, mean, std, marks)
        is_time = str(first.dtype) == "Time"
        parts = parts_by(seen.high - seen.low, self._positions, is_time=is_time)
        return DateColumn(self.name, mean, std, marks, parts=parts)


class _Texts(RunningColumn):
    """Texts: categories, words, or numbers and dates as people write them."""

    def __init__(self, name: str, *, typed: bool) -> None:
        super().__init__(name)
        self._typed, self._m, self._others = typed, 0, 0
        self._counts: polars.DataFrame | None = None

    def update(self, series: "polars.Series") -> None:
        self._m += len(series)
        self._add(counted(series))

    def merge(self, other: Self) -> None:
        self._m, self._others = self._m + other._m, self._others + other._others
        if other._counts is not None:
            self._add(other._counts)

    def _add(self, new: "polars.DataFrame") -> None:
        """Add counts up; of texts that are not known, where there are too many, their rows alone."""
        import polars

        if self._counts is None:
            self._counts = new
            return
        if self._counts.height >= MOST_TEXTS or self._counts.estimated_size() >= MOST_BYTES:
            there = new.join(self._counts, on="value", how="semi")
            self._others += int(new["rows"].sum()) - int(there["rows"].sum())
            new = there
        both = polars.concat([self._counts, new])
        self._counts = both.group_by("value").agg(polars.col("rows").sum())

    def finish(self, *, identifiers: bool) -> AnyColumn:
        counts = self._counts
        if counts is None or not counts.height:
            return EmptyColumn(self.name)
        counts = counts.sort("value")
        text = stripped(counts["value"])
        if not self._typed and text.count():
            written = writing_of(text)
            if written is not None:
                return self._numbers(counts, written, identifiers)
            written = date_writing_of(text)
            if written is not None:
                return self._dates(counts, written)
        among = None if self._typed else words_among_numbers(counts)
        if among is not None:
            found: Any = self._numbers(counts, among.written, identifiers)
            return replace(found, words=among.words, rows_of_words=among.rows)
        column = column_of_texts(self.name, counts, self._m, identifiers=identifiers, others=self._others)
        return column if self._typed else cautioned(column, counts)

    def _numbers(self, counts: "polars.DataFrame", written: str, identifiers: bool) -> AnyColumn:
        values = numbers(counts["value"].alias(self.name), written)
        seen = self._seen(values, counts)
        different = identifiers and not self._others and counts["rows"].max() == 1
        return _of_numbers(self.name, seen, values if different else None, written)

    def _dates(self, counts: "polars.DataFrame", written: str) -> AnyColumn:
        values = days(iso_moments(as_iso(stripped(counts["value"]), written)))
        seen = self._seen(values, counts)
        if seen.is_constant:
            first = stripped(counts["value"]).drop_nulls()[0]
            return ConstantColumn(self.name, first[:60], seen.missing > 0, of_texts=False)
        present = values[~np.isnan(values)]
        parts = parts_by(seen.high - seen.low, positions_on_circles(present), is_time=False)
        return DateColumn(self.name, *seen.moments(self.name), parts=parts, of_texts=True, written=written)

    def _seen(self, values: NDArray[np.float64], counts: "polars.DataFrame") -> RunningMoments:
        seen = RunningMoments()
        seen.update(values, counts["rows"].to_numpy().astype(np.float64))
        seen.missing = self._m - seen.count - self._others
        return seen


class _Nothing(RunningColumn):
    """A column of no type: without a value in any part."""

    def update(self, series: "polars.Series") -> None:
        """There is nothing to take in."""

    def merge(self, other: Self) -> None:
        """Nor here."""

    def finish(self, *, identifiers: bool) -> AnyColumn:
        return EmptyColumn(self.name)


def running_column(name: str, dtype: "polars.DataType", *, first: bool = True) -> RunningColumn:
    """The running column of a type; ``first``: its rows tell whether numbers name them."""
    import polars

    if dtype == polars.Null:
        return _Nothing(name)
    if dtype == polars.Boolean:
        return _Truths(name)
    if dtype.is_numeric():
        return _Numbers(name, may_identify=first and dtype.is_integer() and says_identifier(name))
    if dtype.is_temporal():
        return _Times(name, spans=isinstance(dtype, polars.Duration))
    if dtype in (polars.String, polars.Categorical, polars.Enum):
        return _Texts(name, typed=dtype != polars.String)
    raise wrong_kind(polars.Series(name, [], dtype), "numbers, texts, truth values or dates")


def _of_numbers(
    name: str, seen: RunningMoments, first: NDArray[np.float64] | None, written: str
) -> AnyColumn:
    """The kind of a column of numbers; of those that may name the rows with the first of them."""
    if not seen.count:
        return EmptyColumn(name)
    if seen.is_constant:
        return ConstantColumn(name, f"{seen.low:.15g}", seen.missing > 0, of_texts=False)
    if first is not None and not seen.missing and is_whole(first):
        reason = why_identifier(name, first, in_order=not written)
        if reason:
            return IdentifierColumn(name, reason)
    return NumberColumn(name, *seen.moments(name), written=written)
