"""A network's outputs for rows, in bounded memory."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from deepstep.types import Array

NUMBERS_AT_ONCE = 2**21
"""Numbers of one chunk over all layers (16 MiB in float64); the forward pass holds about twice as many."""


def forward_rows(forward: Callable[[Array], Array], X: Any, layer_dims: Sequence[int]) -> Array:
    """Outputs of rows, a chunk of them at a time; of sparse rows only the chunk is made dense.

    Parameters
    ----------
    forward : callable
        Columns (n_x, k) to outputs (n_L, k).
    X : array or SciPy sparse array of shape (m, n_x)
    layer_dims : sequence of int
        Sizes of the layers, which say how many rows a chunk may have.

    Returns
    -------
    array of shape (m, n_L)

    Examples
    --------
    >>> forward_rows(lambda A: 2 * A, np.array([[1.0], [3.0]]), [1, 1]).tolist()
    [[2.0], [6.0]]
    """
    size = max(1, NUMBERS_AT_ONCE // sum(layer_dims))
    parts = []
    for start in range(0, X.shape[0], size):
        rows = X[start : start + size]
        parts.append(forward((rows if isinstance(rows, np.ndarray) else rows.toarray()).T).T)
    return np.concatenate(parts)
