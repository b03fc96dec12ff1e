"""One pass over rows that stay in their files: everything that training has to know before it begins."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from deepstep.data.stored_rows import StoredRows, naming_rows, text_bytes
from deepstep.errors import DataError
from deepstep.preparation.batches import Examples, evenly_spread
from deepstep.preparation.held_rows import parts_of_rows
from deepstep.preparation.running_moments import RunningMoments
from deepstep.preparation.running_table import RunningTable
from deepstep.preparation.running_targets import RunningTargets
from deepstep.preparation.streams import StreamedExamples
from deepstep.preparation.table import TablePreparation
from deepstep.preparation.values import is_missing
from deepstep.types import AnyArray

if TYPE_CHECKING:
    import polars

IN_MEMORY_ROWS, IN_MEMORY_NUMBERS, IN_MEMORY_BYTES = 2**16, 2**22, 2**25
"""So many rows, numbers and bytes of texts are in memory of each part that is held out, and of a sample."""
LEARNED = (0, 3)
"""Parts of the rows, see `parts_of_rows`: 0 and 3 are learned from, 3 is the sample; 1 tests, 2 validates."""


def rows_in_memory(n_columns: int, row_bytes: float = 0.0) -> int:
    """How many rows of so many columns, with texts of so many bytes, are held in memory."""
    by_bytes = int(IN_MEMORY_BYTES / max(1.0, row_bytes))
    return max(1, min(IN_MEMORY_ROWS, IN_MEMORY_NUMBERS // max(1, n_columns), by_bytes))


class _Held:
    """Rows of one part that are in memory: every k-th, where there are more bytes of texts than may be."""

    def __init__(self) -> None:
        self._frames: list[polars.DataFrame] = []
        self._step, self._seen, self._bytes = 1, 0, 0

    def add(self, frame: "polars.DataFrame") -> None:
        """Take rows in."""
        taken = frame if self._step == 1 else frame[-self._seen % self._step :: self._step]
        self._seen += frame.height
        self._frames.append(taken)
        self._bytes += text_bytes(taken)
        # a quarter more is as chance has it; beyond it texts are longer than the first rows told
        while self._bytes > 1.25 * IN_MEMORY_BYTES and sum(found.height for found in self._frames) > 1:
            self._step *= 2
            self._frames = [self.whole(self._frames[0].clear())[::2]]
            self._bytes = text_bytes(self._frames[0])

    def whole(self, empty: "polars.DataFrame") -> "polars.DataFrame":
        """All that are held."""
        import polars

        return polars.concat([empty, *self._frames])


@dataclass(frozen=True)
class Survey:
    """What the pass taught.

    Attributes
    ----------
    rows : StoredRows
    columns : tuple of str
        Those that are read.
    target : str
    seed : int
    shares : tuple of float
        Of the rows that test, that validate, and that are the sample.
    drop_missing_target : bool
    inputs : TablePreparation
        How the columns are seen, from the rows that are learned from.
    kept : tuple of int
        How many of each group are learned from.
    sample, test, validation : polars.DataFrame
        Rows that are in memory; none where the share is 0.
    different : polars.DataFrame
        The values of the target, ``value``, with the sum of their weights, ``weight``, and rows, ``rows``;
        none where there are more than `running_targets.MOST_CLASSES`.
    moments : RunningMoments
        Those of a target of numbers.
    without_target : int
        Rows without one, which are left out.
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
    moments: RunningMoments
    without_target: int

    @property
    def in_memory(self) -> bool:
        """Whether the sample is everything."""
        return self.sample.height == sum(self.kept)

    def kept_in(self, frame: "polars.DataFrame", first: int) -> "polars.DataFrame":
        """Those rows of a piece that are learned from."""
        return frame.filter(self.keep(frame, first))

    def keep(self, frame: "polars.DataFrame", first: int) -> AnyArray:
        """Which rows of a piece are learned from, (k,) of bool, by the number of its first row."""
        part = parts_of_rows(self.seed, first, first + frame.height, self.shares)
        mask = np.isin(part, LEARNED)
        if self.drop_missing_target:
            mask &= ~is_missing(frame.get_column(self.target))
        return mask

    def answers(self) -> "polars.Series":
        """Values of the target that tell of what kind it is: those of the sample, and one of each."""
        import polars

        found = self.sample.get_column(self.target)
        if self.in_memory:
            return found
        each = self.different.get_column("value").alias(self.target).cast(found.dtype)
        return polars.concat([found, each])

    def stream(
        self,
        encode: "Callable[[polars.DataFrame], Examples]",
        identity: dict[str, Any],
        *,
        buffer_rows: int | None,
    ) -> StreamedExamples:
        """The rows that are learned from, as examples.

        Parameters
        ----------
        encode : callable
            From a frame to `Examples`.
        identity : dict
            What tells this preparation from others, in JSON's types.
        buffer_rows : int or None
            As of `StreamedExamples`.
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
    weights: "Callable[[polars.DataFrame], AnyArray] | None" = None,
    check: "Callable[[polars.DataFrame], None] | None" = None,
    seed: int = 1,
    test_fraction: float = 0.0,
    validation_fraction: float = 0.0,
    drop_missing_target: bool = False,
) -> Survey:
    """Read all rows once.

    Parameters
    ----------
    rows : StoredRows
    target : str
        The column to predict.
    exclude : collection of str
        Other columns that are no inputs, but are read, as that of weights.
    drop : collection of str
        Columns that are not read at all.
    weights : callable, optional
        From a frame to the weights of its rows.
    check : callable, optional
        Raises a `DataError` for a frame whose values cannot be used, which begins with "row 1 " as ``came``.
    seed : int
        Of the draw of the parts.
    test_fraction, validation_fraction : float
        Shares of the rows that are held out; at most `rows_in_memory` of each.
    drop_missing_target : bool
        Leave rows without a target out, instead of refusing them.

    Returns
    -------
    Survey

    Raises
    ------
    DataError
        When a row has no target, or none is left to learn from, or a value cannot be used.
    FileError
        When a part cannot be read.

    Examples
    --------
    >>> import polars, tempfile
    >>> from deepstep.data import ParquetRows
    >>> path = tempfile.mkdtemp() + "/x.parquet"
    >>> polars.DataFrame({"x": range(100), "y": [0, 1] * 50}).write_parquet(path)
    >>> found = survey(ParquetRows(path), "y", test_fraction=0.2)
    >>> found.kept, found.test.height, found.inputs.feature_names
    ((73,), 27, ('x',))
    """
    rows.check_columns([target, *exclude, *drop], "survey")
    return _Pass(rows, target, exclude, drop, weights, check, seed, drop_missing_target).run(
        test_fraction, validation_fraction
    )


@dataclass
class _Pass:
    rows: StoredRows
    target: str
    exclude: Collection[str]
    drop: Collection[str]
    weights: "Callable[[polars.DataFrame], AnyArray] | None"
    check: "Callable[[polars.DataFrame], None] | None"
    seed: int
    drop_missing_target: bool
    _parts: dict[int, _Held] = field(default_factory=lambda: {1: _Held(), 2: _Held(), 3: _Held()})
    _different: RunningTargets = field(default_factory=RunningTargets)
    _missing: int = 0

    def run(self, test_fraction: float, validation_fraction: float) -> Survey:
        import polars

        rows = self.rows
        columns = tuple(name for name in rows.schema if name not in self.drop)
        schema = {name: rows.schema[name] for name in columns}
        most, n = rows_in_memory(len(columns), rows.row_bytes(columns)), rows.n_rows
        of_a_piece = rows.piece_rows(columns)
        tested, validated = (min(share, most / n) for share in (test_fraction, validation_fraction))
        # beyond 1 the sample is all that is left
        shares = (tested, validated, 2.0 if n <= most else most / n)
        running = RunningTable(schema, {self.target, *self.exclude})
        moments, kept, first = RunningMoments(), [], 0
        for group in range(len(rows.sizes)):
            learned, begin = 0, first
            for frame in rows.pieces(group, columns, of_a_piece):
                part = parts_of_rows(self.seed, first, first + frame.height, shares)
                learned += self._take(frame, part, running, moments, group, first - begin)
                first += frame.height
            kept.append(learned)
        if not sum(kept):
            raise DataError(rows.where, "at least one row to learn from", "got none")
        if self._missing and not self.drop_missing_target:
            raise DataError(
                f"{rows.where}, target {self.target!r}",
                "every row has a target",
                f"{self._missing} of {n} have none",
                "Drop these rows; deepstep train does with --drop-missing-target.",
            )
        empty = polars.DataFrame(schema=schema)
        test, validation, sample = (self._parts[at].whole(empty) for at in (1, 2, 3))
        whole = sample.height == sum(kept)
        without = {self.target, *self.exclude}
        different = self._different.finish()
        if different is None:
            different = empty.select(
                value=self.target, weight=polars.lit(0.0), rows=polars.lit(0, polars.Int64)
            ).clear()
        inputs = (
            TablePreparation.fit(sample, exclude=[name for name in columns if name in without])
            if whole
            else running.finish()
        )
        # of few columns there may be many features
        most = rows_in_memory(inputs.n_features)
        test, validation = few(test, most), few(validation, most)
        return Survey(
            rows,
            columns,
            self.target,
            self.seed,
            shares,
            self.drop_missing_target,
            inputs,
            tuple(kept),
            sample if whole else few(sample, most),
            test,
            validation,
            different,
            moments,
            self._missing,
        )

    def _take(
        self,
        frame: "polars.DataFrame",
        part: AnyArray,
        running: RunningTable,
        moments: RunningMoments,
        group: int,
        first: int,
    ) -> int:
        """Take a piece in, ``first`` its first row in the group; gives how many rows are learned from."""
        numbers = np.arange(frame.height) + first
        missing = is_missing(frame.get_column(self.target))
        if missing.any():
            self._missing += int(missing.sum())
            frame, part, numbers = frame.filter(~missing), part[~missing], numbers[~missing]
        for number, found in self._parts.items():
            found.add(frame.filter(part == number))
        learned = frame.filter(np.isin(part, LEARNED))
        if learned.height:
            with naming_rows(self.rows.place(group), numbers[np.isin(part, LEARNED)]):
                running.update(learned)
        answers = frame.get_column(self.target)
        if answers.dtype.is_numeric() and learned.height:
            moments.update(learned.get_column(self.target).to_numpy().astype(np.float64))
        with naming_rows(self.rows.place(group), numbers):
            if self.check is not None:
                self.check(frame)
            self._count(frame, np.isin(part, LEARNED))
        return learned.height

    def _count(self, frame: "polars.DataFrame", learned: AnyArray) -> None:
        """The different targets of all rows, and what those that are learned from weigh."""
        weight = np.ones(frame.height) if self.weights is None else self.weights(frame)
        self._different.update(frame.get_column(self.target), weight, learned)


def few(frame: "polars.DataFrame", most: int) -> "polars.DataFrame":
    """At most so many rows, evenly spread."""
    return frame if frame.height <= most else frame[evenly_spread(frame.height, most)]
