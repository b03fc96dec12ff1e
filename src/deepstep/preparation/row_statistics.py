"""Statistics of rows in files, updated chunk by chunk, and the rows of each part that are held in memory."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from deepstep.data.rows import Place, naming_rows, text_bytes
from deepstep.preparation.parsing import is_missing
from deepstep.preparation.parsing import numbers as as_floats
from deepstep.preparation.statistics import Moments, ValueCounts
from deepstep.preparation.table import TableStatistics
from deepstep.types import AnyArray

if TYPE_CHECKING:
    import polars

IN_MEMORY_BYTES = 2**25
"""Most bytes of texts in memory for each held-out part and for the sample."""
DRAWS = 4
"""Numbers that Philox gives for one count."""
STREAM = 2**62
"""The last word of the counter: far from the epochs, whose orders come from the same key."""
LEARNED = (0, 3)
"""Parts of the rows, see `parts_of_rows`: 0 and 3 are learned from, 3 is the sample; 1 tests, 2 validates."""


class Held:
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
        self._fit()

    def merge(self, other: Self) -> None:
        """Take in those that another holds of the rows after these: every k-th of both then."""
        step = max(self._step, other._step)
        frames = []
        for held in (self, other):
            held._thin(step)
            frames += held._frames
        self._frames, self._bytes = frames, self._bytes + other._bytes
        self._seen += other._seen
        self._fit()

    def whole(self, empty: "polars.DataFrame") -> "polars.DataFrame":
        """All that are held."""
        import polars

        return polars.concat([empty, *self._frames])

    def _fit(self) -> None:
        # a quarter more may be chance; beyond it texts are longer than those of the first rows
        while self._bytes > 1.25 * IN_MEMORY_BYTES and sum(found.height for found in self._frames) > 1:
            self._thin(2 * self._step)

    def _thin(self, step: int) -> None:
        """Hold every ``step``-th alone, a multiple of what it is."""
        if step > self._step and self._frames:
            self._frames = [self.whole(self._frames[0].clear())[:: step // self._step]]
            self._bytes = text_bytes(self._frames[0])
        self._step = step


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
    held: Mapping[int, Held] = field(default_factory=lambda: {1: Held(), 2: Held(), 3: Held()})
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
            found.add(frame.filter(part == number))
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
            held.merge(other.held[part])
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
