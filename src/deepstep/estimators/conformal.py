"""Conformal prediction: how wrong answers were, and so which labels, and how far from it, the next may be.

Scores say how wrong answers to rows were from which those who answer have not learned.
"""

from collections.abc import Sequence
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepstep.errors import ConfigurationError
from deepstep.types import Array, is_number


def place(n: int, alpha: float) -> int:
    """The place, from the smallest of n scores, that a further one exceeds with at most the probability α.

    It is ⌈(n + 1)(1 - α)⌉, or n + 1, so that there is none, where n rows are too few: fewer than 1/α - 1. The
    rows are exchangeable with the further one, as in a shuffled sample: Vovk, Gammerman & Shafer, Algorithmic
    Learning in a Random World, 2005; Lei et al., Journal of the American Statistical Association 113, 2018.
    """
    return max(1, ceil((n + 1) * (1 - alpha) - 1e-9 * n))  # 10·(1 - 0.1) is 9, and a bit more in floats


def conforming(scores: Sequence[Array], strangeness: Sequence[Array], alpha: float) -> NDArray[np.bool_]:
    """Which labels are no stranger than the right ones of all but a share alpha of other rows were.

    Each model has scores (n_k,) of rows that it did not learn from, and a strangeness (m, n_classes) of each
    label.
    """
    n = sum(map(len, scores))
    as_strange = np.zeros(strangeness[0].shape, np.intp)
    for known, new in zip(scores, strangeness, strict=True):
        as_strange += len(known) - np.searchsorted(np.sort(known), new)
    return np.asarray(as_strange >= n + 1 - place(n, alpha))


def reach(scores: Array, alpha: float) -> Array:
    """The distance of a number from its answer that a share alpha of other rows exceeded.

    Each column of scores (n, k), distances in rows that were not learned from, counts by itself. Infinite for
    too few rows.
    """
    last = place(len(scores), alpha)
    if last > len(scores):
        return np.full(scores.shape[1:], np.inf)
    return np.asarray(np.partition(scores, last - 1, axis=0)[last - 1])


def check_alpha(alpha: Any, where: str) -> float:
    """Alpha as a float, between 0 and 1."""
    if not (is_number(alpha) and 0 < alpha < 1):
        raise ConfigurationError(where, "alpha is a number above 0 and below 1", f"got {alpha!r}")
    return float(alpha)
