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
    """Which of n scores, from the smallest, a further one exceeds with a probability of at most alpha.

    Returns
    -------
    int
        ⌈(n + 1)(1 - α)⌉; n + 1, so that there is none, where n rows are too few to say so much: fewer than
        1/α - 1.

    Notes
    -----
    For rows that are exchangeable (as in a shuffled sample) with the further one: Vovk, Gammerman & Shafer,
    Algorithmic Learning in a Random World, 2005; Lei et al., Journal of the American Statistical Association
    113, 2018.

    Examples
    --------
    >>> place(9, 0.2), place(9, 0.1), place(9, 0.05)
    (8, 9, 10)
    """
    return max(1, ceil((n + 1) * (1 - alpha) - 1e-9 * n))  # 10·(1 - 0.1) is 9, and a bit more in floats


def conforming(scores: Sequence[Array], strangeness: Sequence[Array], alpha: float) -> NDArray[np.bool_]:
    """Which labels are no stranger than the right ones of other rows were.

    Parameters
    ----------
    scores : sequence of arrays of shape (n_k,)
        Of each model, for rows that it did not learn from.
    strangeness : sequence of arrays of shape (m, n_classes)
        Of each model, how little each label would fit each further row.
    alpha : float
        Share of the rows whose label may be missed.

    Returns
    -------
    array of bool of shape (m, n_classes)

    Examples
    --------
    >>> conforming([np.array([0.1, 0.2, 0.3, 0.4])], [np.array([[0.3, 0.35, 0.5]])], 0.4)
    array([[ True, False, False]])
    """
    n = sum(map(len, scores))
    as_strange = np.zeros(strangeness[0].shape, np.intp)
    for known, new in zip(scores, strangeness, strict=True):
        as_strange += len(known) - np.searchsorted(np.sort(known), new)
    return np.asarray(as_strange >= n + 1 - place(n, alpha))


def reach(scores: Array, alpha: float) -> Array:
    """How far from an answer the number may be, as far as it was for other rows.

    Parameters
    ----------
    scores : array of shape (n,) or (n, k)
        Distances of answers to rows that were not learned from; each column for itself.
    alpha : float
        Share of the rows that may be missed.

    Returns
    -------
    array of shape () or (k,)
        Infinite where rows are too few.

    Examples
    --------
    >>> float(reach(np.array([1.0, 2.0, 3.0, 4.0]), 0.4))
    3.0
    """
    last = place(len(scores), alpha)
    if last > len(scores):
        return np.full(scores.shape[1:], np.inf)
    return np.asarray(np.partition(scores, last - 1, axis=0)[last - 1])


def check_alpha(alpha: Any, where: str) -> float:
    """Alpha as a float.

    Raises
    ------
    ConfigurationError
        If it is no number between 0 and 1.
    """
    if not (is_number(alpha) and 0 < alpha < 1):
        raise ConfigurationError(where, "alpha is a number above 0 and below 1", f"got {alpha!r}")
    return float(alpha)
