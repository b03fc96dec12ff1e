"""Folds: which rows a member learns from, and which it is judged by."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from deepstep.types import AnyArray


class Fold(NamedTuple):
    """Numbers of the rows that are learned from, and of those held out; these are empty where too few are."""

    learned: NDArray[np.intp]
    held_out: NDArray[np.intp]


def folds(m: int, n: int, strata: AnyArray | None, fraction: float, seed: int) -> list[Fold]:
    """Parts of m rows: n folds of equal size, or for n = 1 one with a fraction held out.

    All parts have the ``strata``, such as classes, in proportion; a stratum of one row is always learned
    from. Each row is held out at most once.
    """
    rng = np.random.default_rng(seed)
    shuffled = rng.permutation(m)
    kinds = np.zeros(m, np.intp) if strata is None else np.unique(strata, return_inverse=True)[1].ravel()
    by_kind = shuffled[np.argsort(kinds[shuffled], kind="stable")]
    sizes = np.bincount(kinds)
    place = np.empty(m, np.intp)
    place[by_kind] = np.arange(m)
    if n > 1:
        part = place % n  # neighbours in the order of the groups go to different parts
    else:
        # evenly spread over the groups: every (1 / fraction)-th row in their order
        steps = np.floor((np.arange(m) + 1) * fraction) - np.floor(np.arange(m) * fraction)
        part = np.where(steps[place] > 0, 0, 1)
    part = np.where((sizes[kinds] > 1) | (strata is None), part, -1)
    found = [Fold(np.flatnonzero(part != k), np.flatnonzero(part == k)) for k in range(n)]
    return [fold if fold.learned.size else Fold(np.arange(m), np.arange(0)) for fold in found]
