"""Split-conformal prediction: how wrong answers were, and so how far the next one reaches."""

from math import ceil, inf
from typing import Any

import numpy as np

from deepstep.errors import ConfigurationError
from deepstep.types import Array, is_number


def reach(scores: Array, alpha: float) -> Array:
    """The score that a further row exceeds with a probability of at most alpha: the ⌈(n + 1)(1 - α)⌉-th.

    Parameters
    ----------
    scores : array of shape (n,) or (n, k)
        How wrong the answers to n rows were; each column for itself.
    alpha : float
        Share of the rows that may be missed, between 0 and 1.

    Returns
    -------
    array of shape () or (k,)
        Infinite where n rows are too few to say so much: fewer than 1/α - 1.

    Notes
    -----
    For rows that are exchangeable (as in a shuffled sample) with the further one, whose answers come from a
    model that has seen none of them: Vovk, Gammerman & Shafer, Algorithmic Learning in a Random World, 2005;
    Lei et al., Journal of the American Statistical Association 113, 2018.

    Examples
    --------
    >>> scores = np.arange(1.0, 10.0)  # nine of them
    >>> float(reach(scores, 0.2)), float(reach(scores, 0.1)), float(reach(scores, 0.05))
    (8.0, 9.0, inf)
    """
    n = len(scores)
    place = ceil((n + 1) * (1 - alpha) - 1e-9 * n)  # 10·(1 - 0.1) is 9 in numbers, and a bit more in floats
    if place > n:
        return np.full(scores.shape[1:], inf)
    return np.asarray(np.partition(scores, place - 1, axis=0)[place - 1])


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
