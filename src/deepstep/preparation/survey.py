"""One pass over rows that stay in their files: everything that training has to know before it begins."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from deepstep.data.rows import StoredRows
from deepstep.errors import DataError
from deepstep.preparation import row_statistics
from deepstep.preparation.batches import Examples, evenly_spread
from deepstep.preparation.column_statistics import MOST_NUMBERS
from deepstep.preparation.parsing import is_missing
from deepstep.preparation.row_statistics import LEARNED, Reading, RowStatistics, parts_of_rows
from deepstep.preparation.statistics import Moments
from deepstep.preparation.streams import StreamedExamples
from deepstep.preparation.table import TablePreparation, TableStatistics
from deepstep.types import AnyArray

if TYPE_CHECKING:
    import polars

IN_MEMORY_ROWS, IN_MEMORY_NUMBERS = 2**16, 2**22
"""Most rows and numbers in memory for each held-out part and for the sample."""
CHAPTER, CHAPTER_NUMBERS = 2**22, 2**28
"""Rows (or fewer, with so many numbers) of one chapter. Statistics of the chapters are merged in the order of
the rows."""


def rows_in_memory(n_columns: int, row_bytes: float = 0.0) -> int:
    """How many rows of so many columns, with texts of so many bytes, are held in memory."""
    by_bytes = int(row_statistics.IN_MEMORY_BYTES / max(1.0, row_bytes))
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
    test, validation, sample = (seen.held[at].whole(empty) for at in (1, 2, 3))
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
