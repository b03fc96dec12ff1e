"""A network's outputs and cost for rows, in bounded memory."""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from deepstep.preparation.batches import Examples
from deepstep.types import Array

if TYPE_CHECKING:
    from deepstep.model.network import Network

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
    parts = []
    for chunk in chunks(X.shape[0], layer_dims):
        rows = X[chunk]
        parts.append(forward((rows if isinstance(rows, np.ndarray) else rows.toarray()).T).T)
    return np.concatenate(parts)


def chunks(m: int, layer_dims: Sequence[int]) -> Iterator[slice]:
    """Slices of m rows that a forward pass can take at once."""
    size = max(1, NUMBERS_AT_ONCE // sum(layer_dims))
    for start in range(0, m, size):
        yield slice(start, start + size)


def cost_of_rows(network: "Network", examples: Examples) -> float:
    """The cost J of rows without regularization, a chunk of them at a time.

    Parameters
    ----------
    network : Network
    examples : Examples
        Rows with their targets and weights.

    Returns
    -------
    float
        Inf or NaN where the outputs leave the finite numbers.

    Examples
    --------
    >>> from deepstep import Network
    >>> net = Network(parameters={"W1": [[2.0]], "b1": [[1.0]]}, output="identity")
    >>> cost_of_rows(net, Examples(np.array([[0.0], [1.0]]), np.array([[1.0], [1.0]])))
    1.0
    """
    cost, total = 0.0, 0.0
    for rows in chunks(len(examples), network.architecture.layer_dims):
        X, Y, weight = examples.take(rows)
        size = Y.shape[1] if weight is None else float(weight.sum())
        if size:
            cost += size * network.cost(X, Y, sample_weight=weight)
            total += size
    return cost / total
