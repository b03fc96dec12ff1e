"""One pass over rows that stay in their files: everything that training has to know before it begins."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepstep.data.rows import Place, StoredRows, naming_rows, rows_within
from deepstep.environment import polars
from deepstep.errors import DataError
from deepstep.preparation.batches import Examples, few
from deepstep.preparation.parsing import is_missing
from deepstep.preparation.parsing import numbers as as_floats
from deepstep.preparation.statistics import Moments, ValueCounts
from deepstep.preparation.streams import StreamedExamples
from deepstep.preparation.table import TablePreparation, TableStatistics
from deepstep.types import AnyArray

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


def rows_in_memory(n_columns: int, row_bytes: float = 0.0) -> int:
    """How many rows of so many columns, with texts of so many bytes, are held in memory."""
    return rows_within((IN_MEMORY_ROWS, IN_MEMORY_NUMBERS, IN_MEMORY_BYTES), n_columns, row_bytes)


@dataclass(frozen=True)
class Survey:
    """Results of the pass.

    ``shares`` are those of the rows that test, that validate, and that are the sample; ``learned_rows`` is
    how many rows of each group are learned from. ``different`` has the values of the target with the sum of
    their weights and their rows; it has no rows where there are more than `statistics.MOST_CLASSES`.
    """

    rows: StoredRows
    columns: tuple[str, ...]
    target: str
    seed: int
    shares: tuple[float, float, float]
    drop_missing_target: bool
    inputs: TablePreparation
    learned_rows: tuple[int, ...]
    sample: "polars.DataFrame"
    test: "polars.DataFrame"
    validation: "polars.DataFrame"
    different: "polars.DataFrame"
    moments: Moments
    without_target: int

    @property
    def in_memory(self) -> bool:
        """Whether the sample is everything."""
        return self.sample.height == sum(self.learned_rows)

    def kept_in(self, frame: "polars.DataFrame", first: int) -> "polars.DataFrame":
        """The rows of a piece that are learned from."""
        return frame.filter(self.keep(frame, first))

    def keep(self, frame: "polars.DataFrame", first: int) -> AnyArray:
        """Whether each row of a piece is learned from, (k,) of bool, by the number of its first row."""
        part = parts_of_rows(self.seed, first, first + frame.height, self.shares)
        mask = np.isin(part, LEARNED)
        if self.drop_missing_target:
            mask &= ~is_missing(frame.get_column(self.target))
        return mask

    def answers(self) -> "polars.Series":
        """Values of the target that tell of what kind it is: those of the sample, and one of each; where the
        sample is all that is learned from, one of each that is held out alone.
        """
        answers, different = self.sample.get_column(self.target), self.different
        if self.in_memory:
            different = different.filter(different["rows"] == 0)
        values = different.get_column("value").alias(self.target).cast(answers.dtype)
        return polars.concat([answers, values])

    def stream(
        self,
        encode: "Callable[[polars.DataFrame], Examples]",
        identity: dict[str, Any],
        *,
        buffer_rows: int | None,
    ) -> StreamedExamples:
        """The rows that are learned from, as examples."""
        return StreamedExamples(
            self.rows,
            self.columns,
            self.learned_rows,
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


class PreparedRows(StoredRows):
    """The rows of a survey that are learned from: features in place of columns, the target and others beside.

    ``beside`` are the columns that stay as they are.
    """

    named = False

    def __init__(self, surveyed: Survey, beside: Sequence[str]) -> None:
        self.where = surveyed.rows.where
        self._survey, self._beside = surveyed, list(beside)
        mark = "x"
        while any(name.startswith(mark) for name in beside):
            mark += "x"
        self._features = [f"{mark}{number}" for number in range(surveyed.inputs.n_features)]
        columns = surveyed.rows.schema
        self.schema = {
            **dict.fromkeys(self._features, polars.Float64()),
            **{name: columns[name] for name in beside},
        }
        self._groups = [group for group, rows in enumerate(surveyed.learned_rows) if rows]
        self.sizes = tuple(surveyed.learned_rows[group] for group in self._groups)
        self._starts = np.concatenate([[0], np.cumsum(surveyed.rows.sizes)])

    @property
    def bytes(self) -> int:
        return self._survey.rows.bytes

    def prepared(self, frame: "polars.DataFrame") -> "polars.DataFrame":
        """Rows of the table as rows of this kind."""
        features = polars.DataFrame(self._survey.inputs.transform(frame), self._features)
        return features.hstack(frame.select(self._beside))

    def pieces(self, group: int, columns: Sequence[str], most: int) -> "Iterator[polars.DataFrame]":
        surveyed = self._survey
        number = self._groups[group]
        first = int(self._starts[number])
        for frame in surveyed.rows.pieces(number, surveyed.columns, most):
            learned = surveyed.kept_in(frame, first)
            first += frame.height
            if learned.height:
                yield self.prepared(learned).select(columns)

    def place(self, group: int) -> Place:
        return self._survey.rows.place(self._groups[group])

    def identity(self) -> dict[str, Any]:
        surveyed = self._survey
        return {
            **surveyed.rows.identity(),
            "seed of the parts": surveyed.seed,
            "shares": list(surveyed.shares),
            "without target": surveyed.drop_missing_target,
            "inputs": repr(surveyed.inputs.columns),
        }


def prepared(surveyed: Survey, beside: Sequence[str]) -> Survey:
    """The survey of the rows that are learned from, once they are `PreparedRows`; none is held out."""
    rows = PreparedRows(surveyed, beside)
    sample = rows.prepared(surveyed.sample)
    return replace(
        surveyed,
        rows=rows,
        columns=tuple(rows.schema),
        shares=(0.0, 0.0, 2.0),  # all are learned from
        drop_missing_target=False,
        learned_rows=rows.sizes,
        sample=sample,
        test=sample.clear(),
        validation=sample.clear(),
    )


@dataclass
class _RowStatistics:
    """Statistics of the rows; ``held`` has those in memory by the number of their part."""

    inputs: TableStatistics
    target: str
    weights: "Callable[[polars.DataFrame], AnyArray] | None"
    check: "Callable[[polars.DataFrame], None] | None"
    held: "dict[int, list[polars.DataFrame]]" = field(default_factory=lambda: {1: [], 2: [], 3: []})
    different: ValueCounts = field(default_factory=ValueCounts)
    moments: Moments = field(default_factory=Moments)
    missing: int = 0

    def update(self, frame: "polars.DataFrame", part: AnyArray, place: Place, first: int) -> int:
        """Add a chunk, ``first`` its first row in the group; gives how many rows are learned from."""
        numbers = np.arange(frame.height) + first
        missing = is_missing(frame.get_column(self.target))
        if missing.any():
            self.missing += int(missing.sum())
            frame, part, numbers = frame.filter(~missing), part[~missing], numbers[~missing]
        for number, pieces in self.held.items():
            pieces.append(frame.filter(part == number))
        is_learned = np.isin(part, LEARNED)
        learned = frame.filter(is_learned)
        if learned.height:
            with naming_rows(place, numbers[is_learned]):
                self.inputs.update(learned)
        if learned.height < frame.height:
            with naming_rows(place, numbers[~is_learned]):
                self.inputs.check(frame.filter(~is_learned))
        answers = frame.get_column(self.target)
        if answers.dtype.is_numeric() and learned.height:
            self.moments.update(learned.get_column(self.target).to_numpy().astype(np.float64))
        with naming_rows(place, numbers):
            if answers.dtype.is_numeric():
                as_floats(answers)  # an infinite one is named
            if self.check is not None:
                self.check(frame)
            weight = np.ones(frame.height) if self.weights is None else self.weights(frame)
            self.different.update(answers, weight, is_learned)
        return learned.height


def parts_of_rows(seed: int, start: int, stop: int, shares: Sequence[float]) -> NDArray[np.int8]:
    """The part of each row: 0 for what is learned from, then one for each share."""
    first = start // DRAWS  # Philox counts in blocks of numbers: begin with the block of the first row
    source = np.random.Philox(key=seed, counter=[first, 0, 0, STREAM])
    draws = source.random_raw(DRAWS * (-(-stop // DRAWS) - first))[start - first * DRAWS :][: stop - start]
    bounds = np.cumsum(shares)
    part = np.zeros(len(draws), np.int8)
    fractions = draws / 2.0**64
    for number in range(len(shares), 0, -1):  # the last ones first: smaller bounds overwrite larger ones
        part[fractions < bounds[number - 1]] = number
    return part


def _read_all(
    rows: StoredRows, columns: Sequence[str], statistics: _RowStatistics, seed: int, shares: Sequence[float]
) -> list[int]:
    """Update the statistics with all rows; gives how many rows of each group are learned from."""
    piece_rows = rows.piece_rows(columns)
    learned_rows = []
    first = 0
    for group in range(len(rows.sizes)):
        learned = 0
        begin = first
        for frame in rows.pieces(group, columns, piece_rows):
            part = parts_of_rows(seed, first, first + frame.height, shares)
            learned += statistics.update(frame, part, rows.place(group), first - begin)
            first += frame.height
        learned_rows.append(learned)
    return learned_rows


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
    ``check`` raises a `DataError` for a frame that cannot be used; where it begins with "Row 1 ", the row of
    the file takes the place of that number. At most `rows_in_memory` of each part are held out.
    """
    names = {"exclude": exclude, "drop": drop, "keep": keep, "categorical": categorical}
    for setting, columns_of_setting in {"target": [target], **names}.items():
        rows.check_columns([*columns_of_setting], setting)
    columns = tuple(name for name in rows.schema if name not in drop)
    n = rows.n_rows
    most = rows_in_memory(len(columns), rows.row_bytes(columns))
    tested, validated = (min(share, most / n) for share in (test_fraction, validation_fraction))
    # beyond 1 the sample is all that is left
    shares = (tested, validated, 2.0 if n <= most else most / n)
    schema = {name: rows.schema[name] for name in columns}
    no_inputs = [name for name in columns if name in (target, *exclude)]
    categories = [name for name in columns if name in categorical]
    seen = _RowStatistics(TableStatistics(schema, no_inputs, categories), target, weights, check)
    learned_rows = _read_all(rows, columns, seen, seed, shares)
    if not sum(learned_rows):
        raise DataError(f"{rows.where} has no row to learn from")
    if seen.missing and not drop_missing_target:
        raise DataError(
            f"{rows.where}: {seen.missing} of {rows.n_rows} rows have no target {target!r}",
            "Drop these rows: --drop-missing-target of deepstep train.",
        )
    empty = polars.DataFrame(schema=schema)
    test, validation, sample = (polars.concat([empty, *seen.held[part]]) for part in (1, 2, 3))
    sample_is_all = sample.height == sum(learned_rows)
    if sample_is_all:  # in one chunk, with the bits of a table in memory
        inputs = TablePreparation.fit(sample, exclude=no_inputs, keep=keep, categorical=categories)
    else:
        inputs = seen.inputs.finish(keep=keep).with_sample(sample)
    most = rows_in_memory(inputs.n_features)  # of few columns there may be many features
    return Survey(
        rows,
        columns,
        target,
        seed,
        shares,
        drop_missing_target,
        inputs,
        tuple(learned_rows),
        sample if sample_is_all else few(sample, most),
        few(test, most),
        few(validation, most),
        seen.different.finish(),
        seen.moments,
        seen.missing,
    )
