"""One worker's share of the examples that all workers train on."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from deepstep.preparation.batches import Examples
from deepstep.types import AnyArray


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
        """Which examples of this shard are in a batch, and where they stand in it."""
        first, stop = (int(at) for at in np.searchsorted(self.positions, (rows.start, rows.stop)))
        return slice(first, stop), self.positions[first:stop] - rows.start


class Workers(NamedTuple):
    """All workers, as one of them sees them.

    ``exchange(own)`` gives one object of each, in their order; all workers call it.
    """

    share: Share
    exchange: Callable[[Any], Iterator[Any]]


def _own(own: Any) -> Iterator[Any]:
    yield own


ALONE = Workers(Share(0, 1), _own)
"""One worker without others."""
