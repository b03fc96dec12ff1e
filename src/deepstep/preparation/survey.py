"""One pass over rows that stay in their files: everything that training has to know before it begins."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from deepstep.data.rows import Place, StoredRows, naming_rows
from deepstep.errors import DataError
from deepstep.preparation.batches import Examples, evenly_spread
from deepstep.preparation.column_statistics import MOST_NUMBERS
from deepstep.preparation.parsing import is_missing
from deepstep.preparation.parsing import numbers as as_floats
from deepstep.preparation.statistics import Moments, ValueCounts
from deepstep.preparation.streams import StreamedExamples
from deepstep.preparation.table import TablePreparation, TableStatistics
from deepstep.types import AnyArray

if TYPE_CHECKING:
    import polars

IN_MEMORY_ROWS, IN_MEMORY_NUMBERS = 2**16, 2**22
"""Most rows and numbers in memory for each held-out part and for the sample."""
IN_MEMORY_BYTES = 2**25
"""Most bytes of texts there, on average."""
DRAWS = 4
"""Numbers that Philox gives for one count."""
STREAM = 2**62
"""The last word of the counter: far from the epochs, whose orders come from the same key."""
LEARNED = (0, 3)
"""Parts of the rows, see `parts_of_rows`: 0 and 3 are learned from, 3 is the sample; 1 tests, 2 validates."""
CHAPTER, CHAPTER_NUMBERS = 2**22, 2**28
"""Rows (or fewer, with so many numbers) of one chapter. Statistics of the chapters are merged in the order of
the rows."""


def rows_in_memory(n_columns: int, row_bytes: float = 0.0) -> int:
    """How many rows of so many columns, with texts of so many bytes, are held in memory."""
    by_bytes = int(IN_MEMORY_BYTES / max(1.0, row_bytes))
    return max(1, min(IN_MEMORY_ROWS, IN_MEMORY_NUMBERS // max(1, n_columns), by_bytes))


@dataclass(frozen=True)
class Survey:
    """Results of the pass.

    ``shares`` are those of the rows that test, that validate, and that are the sample; ``kept`` is how many
    rows of each group are learned from. ``different`` has the values of the target with the sum of their
    weights and their rows; it has no rows where there are more than `statistics.MOST_CLASSES`.
    """

    rows: StoredRows
    columns: tuple[str, ...]
    target: str
    seed: int
    shares: tuple[float, float, float]
    drop_missing_target: bool
    inputs: TablePreparation
    kept: tuple[int, ...]
    sample: "polars.DataFrame"
    test: "polars.DataFrame"
    validation: "polars.DataFrame"
    different: "polars.DataFrame"
    moments: Moments
    without_target: int

    @property
    def in_memory(self) -> bool:
        """Whether the sample is everything."""
        return self.sample.height == sum(self.kept)

    def kept_in(self, frame: "polars.DataFrame", first: int) -> "polars.DataFrame":
        """The rows of a piece that are learned from."""
        return frame.filter(self.keep(frame, first))

    def keep(self, frame: "polars.DataFrame", first: int) -> AnyArray:
        """Which rows of a piece are learned from, (k,) of bool, by the number of its first row."""
        part = parts_of_rows(self.seed, first, first + frame.height, self.shares)
        mask = np.isin(part, LEARNED)
        if self.drop_missing_target:
            mask &= ~is_missing(frame.get_column(self.target))
        return mask

    def answers(self) -> "polars.Series":
        """Values of the target that tell of what kind it is: those of the sample, and one of each; where the
        sample is all that is learned from, one of each that is held out alone.
        """
        import polars

        found, each = self.sample.get_column(self.target), self.different
        if self.in_memory:
            each = each.filter(each["rows"] == 0)
        return polars.concat([found, each.get_column("value").alias(self.target).cast(found.dtype)])

    def stream(
        self,
        encode: "Callable[[polars.DataFrame], Examples]",
        identity: dict[str, Any],
        *,
        buffer_rows: int | None,
    ) -> StreamedExamples:
        """The rows that are learned from, as examples.

        ``identity`` tells this preparation from others, in JSON's types; ``buffer_rows`` is as of
        `StreamedExamples`.
        """
        return StreamedExamples(
            self.rows,
            self.columns,
            self.kept,
            self.keep,
            encode,
            encode(self.sample),
            {
                **identity,
                "seed of the parts": self.seed,
                "shares": list(self.shares),
                "without target": self.drop_missing_target,
            },
            buffer_rows=buffer_rows,
        )


class Reading(NamedTuple):
    """How rows are read: the target's column, and ``weights`` and ``check`` as of `survey`."""

    target: str
    weights: "Callable[[polars.DataFrame], AnyArray] | None"
    check: "Callable[[polars.DataFrame], None] | None"


@dataclass
class RowStatistics:
    """Statistics of rows that follow each other.

    ``held`` has the rows in memory by the number of their part, ``kept`` how many rows of each group are
    learned from.
    """

    inputs: TableStatistics
    held: "dict[int, list[polars.DataFrame]]" = field(default_factory=lambda: {1: [], 2: [], 3: []})
    different: ValueCounts = field(default_factory=ValueCounts)
    moments: Moments = field(default_factory=Moments)
    missing: int = 0
    kept: list[int] = field(default_factory=list)

    def update(
        self, frame: "polars.DataFrame", part: AnyArray, how: Reading, place: Place, first: int
    ) -> int:
        """Add a chunk, ``first`` its first row in the group; gives how many rows are learned from."""
        numbers = np.arange(frame.height) + first
        missing = is_missing(frame.get_column(how.target))
        if missing.any():
            self.missing += int(missing.sum())
            frame, part, numbers = frame.filter(~missing), part[~missing], numbers[~missing]
        for number, found in self.held.items():
            found.append(frame.filter(part == number))
        is_learned = np.isin(part, LEARNED)
        learned = frame.filter(is_learned)
        if learned.height:
            with naming_rows(place, numbers[is_learned]):
                self.inputs.update(learned)
        if learned.height < frame.height:
            with naming_rows(place, numbers[~is_learned]):
                self.inputs.check(frame.filter(~is_learned))
        answers = frame.get_column(how.target)
        if answers.dtype.is_numeric() and learned.height:
            self.moments.update(learned.get_column(how.target).to_numpy().astype(np.float64))
        with naming_rows(place, numbers):
            if answers.dtype.is_numeric():
                as_floats(answers)  # an infinite one is named
            if how.check is not None:
                how.check(frame)
            weight = np.ones(frame.height) if how.weights is None else how.weights(frame)
            self.different.update(answers, weight, is_learned)
        return learned.height

    def merge(self, other: Self) -> None:
        """Add what another has seen of the rows after these."""
        self.inputs.merge(other.inputs)
        for part, held in self.held.items():
            held += other.held[part]
        self.different.merge(other.different)
        self.moments.merge(other.moments)
        self.missing += other.missing
        self.kept += other.kept


def parts_of_rows(seed: int, start: int, stop: int, shares: Sequence[float]) -> NDArray[np.int8]:
    """Which part each row belongs to: 0 for what is learned from, then one for each share.

    A function of (seed, number of the row) alone: the same in every epoch and every process, whatever is read
    first.

    ``shares`` are those of the parts held out, each from 0 to 1, together below 1.
    """
    first = start // DRAWS
    source = np.random.Philox(key=seed, counter=[first, 0, 0, STREAM])
    draws = source.random_raw(DRAWS * (-(-stop // DRAWS) - first))[start - first * DRAWS :][: stop - start]
    bounds = np.cumsum(shares)
    part = np.zeros(len(draws), np.int8)
    fractions = draws / 2.0**64
    for number in range(len(shares), 0, -1):
        part[fractions < bounds[number - 1]] = number
    return part


def survey(
    rows: StoredRows,
    target: str,
    *,
    exclude: Collection[str] = (),
    drop: Collection[str] = (),
    keep: Sequence[str] = (),
    categorical: Sequence[str] = (),
    weights: "Callable[[polars.DataFrame], AnyArray] | None" = None,
    check: "Callable[[polars.DataFrame], None] | None" = None,
    seed: int = 1,
    test_fraction: float = 0.0,
    validation_fraction: float = 0.0,
    drop_missing_target: bool = False,
) -> Survey:
    """Read all rows once.

    ``exclude`` are columns that are read and are no inputs, ``drop`` those that are not read, ``keep`` inputs
    even if they look as if they named the rows, ``categorical`` those whose values are categories.
    ``check`` raises a `DataError` for a frame that cannot be used, which begins with "row 1 " as ``got``. At
    most `rows_in_memory` of each part are held out.
    """
    rows.check_columns([target, *exclude, *drop, *keep, *categorical], "survey")
    columns = tuple(name for name in rows.schema if name not in drop)
    row_bytes = rows.row_bytes(columns)
    n, most = rows.n_rows, rows_in_memory(len(columns), row_bytes)
    tested, validated = (min(share, most / n) for share in (test_fraction, validation_fraction))
    # beyond 1 the sample is all that is left
    shares = (tested, validated, 2.0 if n <= most else most / n)
    chapters = _chapters(rows.sizes, len(columns) + row_bytes / 8)
    how = Reading(target, weights, check)
    looked = _Pass(rows, columns, how, (target, *exclude), categorical, seed, shares, chapters)
    return _learned(looked, looked.run(), keep, drop_missing_target=drop_missing_target)


@dataclass
class _Pass:
    rows: StoredRows
    columns: tuple[str, ...]
    how: Reading
    no_inputs: tuple[str, ...]
    categorical: Sequence[str]
    seed: int
    shares: tuple[float, float, float]
    chapters: Sequence[range]

    @property
    def schema(self) -> "dict[str, polars.DataType]":
        return {name: self.rows.schema[name] for name in self.columns}

    @cached_property
    def of_a_piece(self) -> int:
        """Rows that are looked at together; some are read to know it, once for all chapters."""
        return self.rows.piece_rows(self.columns)

    def run(self) -> RowStatistics:
        """Look at all rows, chapter by chapter."""
        seen = self._nothing()
        for chapter in self.chapters:
            seen.merge(self._seen(chapter))
        return seen

    def _nothing(self, *, first: bool = True) -> RowStatistics:
        return RowStatistics(TableStatistics(self.schema, self.no_inputs, self.categorical, first=first))

    def _seen(self, groups: range) -> RowStatistics:
        """Statistics of some groups."""
        rows, first = self.rows, sum(self.rows.sizes[: groups.start])
        seen = self._nothing(first=first < MOST_NUMBERS)
        for group in groups:
            learned, begin = 0, first
            for frame in rows.pieces(group, self.columns, self.of_a_piece):
                part = parts_of_rows(self.seed, first, first + frame.height, self.shares)
                learned += seen.update(frame, part, self.how, rows.place(group), first - begin)
                first += frame.height
            seen.kept.append(learned)
        return seen


def _chapters(sizes: Sequence[int], width: float) -> list[range]:
    """The groups, in runs of at least so many rows of so many numbers, but for the last."""
    most = min(CHAPTER, CHAPTER_NUMBERS / width)
    chapters, start, rows = [], 0, 0
    for group, size in enumerate(sizes):
        rows += size
        if rows >= most:
            chapters.append(range(start, group + 1))
            start, rows = group + 1, 0
    return [*chapters, range(start, len(sizes))] if start < len(sizes) or not chapters else chapters


def _learned(looked: _Pass, seen: RowStatistics, keep: Sequence[str], *, drop_missing_target: bool) -> Survey:
    """The survey from what was seen."""
    import polars

    rows, columns, target = looked.rows, looked.columns, looked.how.target
    if not sum(seen.kept):
        raise DataError(rows.where, "at least one row to learn from", "got none")
    if seen.missing and not drop_missing_target:
        raise DataError(
            f"{rows.where}, target {target!r}",
            "every row has a target",
            f"{seen.missing} of {rows.n_rows} have none",
            "Drop these rows; deepstep train does with --drop-missing-target.",
        )
    empty = polars.DataFrame(schema=looked.schema)
    test, validation, sample = (polars.concat([empty, *seen.held[at]]) for at in (1, 2, 3))
    whole = sample.height == sum(seen.kept)
    different = seen.different.finish()
    if different is None:
        different = empty.select(
            value=target, weight=polars.lit(0.0), rows=polars.lit(0, polars.Int64)
        ).clear()
    inputs = (
        TablePreparation.fit(
            sample,
            exclude=[name for name in columns if name in looked.no_inputs],
            keep=keep,
            categorical=[name for name in columns if name in looked.categorical],
        )
        if whole
        else seen.inputs.finish(keep=keep)
    )
    # of few columns there may be many features
    most = rows_in_memory(inputs.n_features)
    test, validation = few(test, most), few(validation, most)
    return Survey(
        rows,
        columns,
        target,
        looked.seed,
        looked.shares,
        drop_missing_target,
        inputs,
        tuple(seen.kept),
        sample if whole else few(sample, most),
        test,
        validation,
        different,
        seen.moments,
        seen.missing,
    )


def few(frame: "polars.DataFrame", most: int) -> "polars.DataFrame":
    """At most so many rows, evenly spread."""
    return frame if frame.height <= most else frame[evenly_spread(frame.height, most)]
