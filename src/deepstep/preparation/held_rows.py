"""Which rows of a file are held out: a draw for each row by its number alone."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

DRAWS = 4
"""Numbers that Philox gives for one count."""
STREAM = 2**62
"""The last word of the counter: far from the epochs, whose orders come from the same key."""


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
