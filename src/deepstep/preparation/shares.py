"""What one of many workers has of the examples that all of them train on."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from deepstep.preparation.batches import Examples
from deepstep.types import AnyArray


class Share(NamedTuple):
    """Which of the workers one is.

    Attributes
    ----------
    rank : int
        Its number, from 0.
    of : int
        How many there are.

    Examples
    --------
    >>> Share(0, 2).part(5), Share(1, 2).part(5, start=10)
    (slice(0, 2, None), slice(12, 15, None))
    """

    rank: int
    of: int

    def part(self, m: int, start: int = 0) -> slice:
        """Of m rows that all have, from ``start`` on, those of this worker: as many as the others work on, or
        one more; none where there are too few.
        """
        return slice(start + m * self.rank // self.of, start + m * (self.rank + 1) // self.of)


@dataclass(frozen=True)
class Shard(Examples):
    """Those of some examples that one worker has; X, Y and weight are of these alone.

    Attributes
    ----------
    positions : array of int
        Where they stand among all, in the order in which they are visited, increasing.
    of : int
        How many there are of all workers together, which is the length, too.

    Examples
    --------
    >>> shard = Shard(np.ones((2, 1)), np.ones((2, 1)), positions=np.array([1, 4]), of=5)
    >>> len(shard), shard.among(slice(3, 5))
    (5, (slice(1, 2, None), array([1])))
    """

    positions: AnyArray = field(default_factory=lambda: np.empty(0, np.int64))
    of: int = 0

    def __len__(self) -> int:
        return self.of

    def among(self, rows: slice) -> tuple[slice, AnyArray]:
        """Of the rows of a batch: which of those here they are, and where these stand in the batch."""
        first, stop = (int(at) for at in np.searchsorted(self.positions, (rows.start, rows.stop)))
        return slice(first, stop), self.positions[first:stop] - rows.start


class Workers(NamedTuple):
    """All workers, as one of them sees them.

    Attributes
    ----------
    share : Share
        Which of them this one is.
    exchange : callable
        ``exchange(own)`` gives one object of each, in their order; all call it, with their own.

    Examples
    --------
    >>> list(ALONE.exchange("mine"))
    ['mine']
    """

    share: Share
    exchange: Callable[[Any], Iterator[Any]]


def _own(own: Any) -> Iterator[Any]:
    yield own


ALONE = Workers(Share(0, 1), _own)
"""One worker without others."""
