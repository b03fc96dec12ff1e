"""Many workers on one training: the share of the examples that each works on, and what they exchange."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from deepstep.preparation.batches import Examples
from deepstep.types import AnyArray, Array


class Share(NamedTuple):
    """Which of the workers one is."""

    rank: int
    of: int

    def part(self, m: int, start: int = 0) -> slice:
        """This worker's rows of m that all have, from ``start`` on: as many as the others work on, or
        one more; none where there are too few.
        """
        return slice(start + m * self.rank // self.of, start + m * (self.rank + 1) // self.of)


@dataclass(frozen=True)
class Shard(Examples):
    """One worker's share of some examples; X, Y and weight are of these alone.

    ``positions`` are where they stand among all, increasing; ``of`` is how many all workers have together,
    which is the length, too.
    """

    positions: AnyArray = field(default_factory=lambda: np.empty(0, np.int64))
    of: int = 0

    def __len__(self) -> int:
        return self.of

    def among(self, rows: slice) -> tuple[slice, AnyArray]:
        """The examples of this shard in a batch, and their places in it."""
        first, stop = (int(at) for at in np.searchsorted(self.positions, (rows.start, rows.stop)))
        return slice(first, stop), self.positions[first:stop] - rows.start


class Communicator:
    """The workers of one training, as one of them sees them; this one is alone, and gets what it gives.

    Every worker calls the same methods in the same order.
    """

    share = Share(0, 1)

    def sums(self, values: Sequence[float] | Array) -> Array:
        """The sums of some numbers over all workers, in each of them the same."""
        return np.asarray(values, float)

    def of_the_first(self, *values: float) -> Sequence[float]:
        """Numbers as the first worker has them."""
        return values


ALONE = Communicator()
"""One worker without others."""
