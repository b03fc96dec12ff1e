"""The groups of an epoch in the order in which they are read, and which worker reads which.

Every worker knows how many rows of each group are learned from, and the order of the groups, without reading
any. So all agree, without a message, on who reads what: each group goes to the worker that has the fewest
rows so far. Of groups of one size these are every k-th; of others, what two workers have differs by the
largest group at most, from the beginning to any place.
"""

from functools import cached_property
from heapq import heapify, heapreplace

import numpy as np

from deepstep.types import AnyArray

UNEVEN = 1.5
"""Where the busiest worker would have more than so many times its even share of a window, in the mean, every
worker reads all groups, and prepares its part of each batch.
"""
LOOKED_AT = 256
"""So many windows tell how uneven shares are."""
ENOUGH = 4
"""Groups of each worker in a window: of one size, the busiest has a quarter more than its share at most."""


class GroupSequence:
    """Some groups, one after another.

    ``groups`` are their numbers in the order in which they are read, ``kept`` how many rows of each are
    learned from, by its number.
    """

    def __init__(self, groups: AnyArray, kept: AnyArray, workers: int = 1) -> None:
        self.groups, self._workers = groups, workers
        self._sizes = kept[groups]
        self.starts = np.concatenate([[0], np.cumsum(self._sizes)])

    @cached_property
    def owners(self) -> AnyArray:
        """Which worker reads each group, by its place."""
        if self._workers == 1:
            return np.zeros(len(self.groups), np.int64)
        loads = [(0, rank) for rank in range(self._workers)]
        heapify(loads)
        owners = np.empty(len(self.groups), np.int64)
        for place, size in enumerate(self._sizes.tolist()):
            load, owners[place] = loads[0]
            heapreplace(loads, (load + size, loads[0][1]))
        return owners

    def owners_of_rows(self, start: int, stop: int) -> AnyArray:
        """Which worker reads each of the rows of the sequence from ``start`` to before ``stop``."""
        first, last = (self.place_of(row) for row in (start, stop - 1))
        bounds = np.clip(self.starts[first : last + 2], start, stop)
        return np.repeat(self.owners[first : last + 1], np.diff(bounds))

    def place_of(self, row: int) -> int:
        """The place of the group in which a row of the sequence lies."""
        return int(np.searchsorted(self.starts, row, side="right")) - 1

    def unevenness(self, window: int) -> float:
        """How many times its even share the busiest worker has of windows of so many rows, in the mean.

        >>> halves = GroupSequence(np.arange(4), np.full(4, 10), workers=2)
        >>> halves.unevenness(20), halves.unevenness(10)
        (1.0, 2.0)
        """
        stop = min(int(self.starts[-1]), LOOKED_AT * window)
        busiest = 0
        for begin in range(0, stop, window):
            rows = np.bincount(self.owners_of_rows(begin, min(begin + window, stop)))
            busiest += int(rows.max())
        return busiest * self._workers / stop


def why_together(kept: AnyArray, window: int, workers: int) -> str:
    """Why each of some workers reads all groups, and what mends it; empty where each reads its own."""
    uneven = GroupSequence(np.arange(len(kept)), kept, workers).unevenness(window)
    if uneven <= UNEVEN:
        return ""
    small = max(1, window // (ENOUGH * workers))
    larger = ENOUGH * workers * int(kept.max())
    # all rows in one window would be in the memory of each
    buffer = f", or buffer_rows (--buffer-rows) of {larger:,} or more" if larger < kept.sum() else ""
    return (
        f"each of {workers} workers reads all row groups: if each read its own, the busiest one would have "
        f"{uneven:.1f} times its part of a window of {window:,} rows. Mend: row groups of at most "
        f"{small:,} row{'s' if small > 1 else ''}{buffer}."
    )
