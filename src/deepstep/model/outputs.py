"""The outputs of a trained network for rows as examples, by the engine that trained it."""

from collections.abc import Callable
from typing import Any

import numpy as np

from deepstep.engines import missing_numba
from deepstep.environment import WORTH_SHARING, executor, may_share, single_blas, thread_limit
from deepstep.model.network import Network
from deepstep.training.rows import forward_rows, largest_product
from deepstep.types import Array

LEAST_ROWS = 64
"""Rows of a block that a thread predicts."""


def outputs_of_rows(network: Network, engine: str, X: Any) -> Array:
    """The outputs of a network for rows of floats, by the engine that trained it, (m, n_L)."""
    architecture = network.architecture
    if engine == "compiled" and not missing_numba():
        from deepstep.engines.compiled import forward

        def kernel(A: Array) -> Array:
            rows = forward.outputs_of_rows(architecture, network.parameters, network.statistics, A.T)
            return rows.T

        is_dense = isinstance(X, np.ndarray)  # of sparse rows a part at a time is made dense
        A = kernel(X.T).T if is_dense else forward_rows(kernel, X, architecture.layer_dims)
        if np.isfinite(A).all():
            return A
    # the network's own forward pass names what is not finite
    if network.engine.partition(":")[0] == "torch":  # it has threads of its own
        return forward_rows(network.forward, X, architecture.layer_dims)
    rows = WORTH_SHARING // largest_product(architecture.layer_dims)
    return in_blocks(lambda block: forward_rows(network.forward, block, architecture.layer_dims), X, rows)


def in_blocks(outputs: Callable[[Any], Array], X: Any, rows: int) -> Array:
    """Outputs of blocks of rows, by several threads: the same bits for any number of them."""
    size = max(LEAST_ROWS, rows)
    blocks = [X[first : first + size] for first in range(0, max(1, X.shape[0]), size)]
    n = min(thread_limit(), len(blocks)) if may_share() else 1
    if n == 1:
        with single_blas(shares=True):
            return np.concatenate([outputs(block) for block in blocks])
    with single_blas(), executor(n, "deepstep rows") as workers:
        return np.concatenate(list(workers.map(outputs, blocks)))
