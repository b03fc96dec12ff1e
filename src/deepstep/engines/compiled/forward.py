"""The forward pass of prediction: tiles of examples that stay in the cache from layer to layer."""

from collections.abc import Mapping
from contextlib import nullcontext
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np

from deepstep import environment  # its numbers are in no kernel
from deepstep.engines.compiled import calls
from deepstep.engines.compiled.calls import kernel, warning_while_compiling
from deepstep.engines.compiled.layout import NONE
from deepstep.engines.compiled.linking import link_prediction, outputs_address
from deepstep.engines.compiled.lowering import Tables, running_statistics, tables_of
from deepstep.engines.compiled.machine import (
    BARRIER_SIZE,
    START,
    N,
    T,
    as_before,
    assemble,
    blas_address,
    product,
    run,
    wait_for_all,
    without_denormals,
)
from deepstep.engines.compiled.threads import run_together, threads_for
from deepstep.engines.session import writable
from deepstep.engines.settings import Settings
from deepstep.network import Architecture, Parameters
from deepstep.types import AnyArray, Array

ALONE = np.zeros(BARRIER_SIZE, np.int64)

AT_ONCE, LEAST_AT_ONCE = 256, 64
"""Examples of a tile; where all are one tile of much work, it is divided into tiles of this many or more."""

WORTH_A_THREAD = 2**24
"""Multiplications of a thread: with fewer, two threads take up to twice the time of one (measured)."""


def outputs_of_rows(
    architecture: Architecture, parameters: Parameters, statistics: Mapping[str, Array], X: Array
) -> Array:
    """Outputs (m, n_L) of a network for rows (m, n_x), without a session."""
    tables = _tables(architecture, parameters.dtype)
    rows = writable(np.ascontiguousarray(X, parameters.dtype))
    running = running_statistics(tables.layers, statistics, parameters.dtype)
    theta = writable(parameters.flat)  # Numba compiles again for read-only arrays
    return outputs(tables, theta, running, rows, output=architecture.activations[-1]).T


@lru_cache(maxsize=16)
def _tables(architecture: Architecture, dtype: Any) -> Tables:
    """The tables of a network that is not trained."""
    tables = tables_of(architecture, Settings(), dtype)
    prepare_prediction(tables, dtype)
    return tables


def prepare_prediction(tables: Tables, dtype: Any) -> None:
    """Load what predictions need, or compile it, by making none."""
    with warning_while_compiling():
        link_prediction(tables, dtype)
        statistics, no_rows = np.zeros((2, 0), dtype), np.zeros((0, 1), dtype)
        outputs(tables, statistics[0], statistics, no_rows, output="identity")


def outputs(tables: Tables, theta: Array, statistics: Array, X: Array, *, output: str) -> Array:
    """Outputs (n_L, m) of rows."""
    layers, embedded, m = tables.layers, tables.embedded, len(X)
    # plain numbers: for one row NumPy would take as long for their products as the kernel for the outputs
    sizes: list[int] = layers["size"].tolist()
    n_in, factors = sizes[0], int(layers["s"][1])
    if factors >= 0 and not embedded.rows:
        # of few rows, as a service asks for them, this is less than to multiply the weights
        X = X * theta[factors : factors + n_in]
    AL = np.empty((sizes[-1], m), theta.dtype)
    products = [n * n_prev for n_prev, n in pairwise(sizes)]
    widest, tile = max(products), max(1, min(AT_ONCE, m))
    if m <= AT_ONCE:  # tiles depend on the sizes alone: for any number of threads outputs have the same bits
        tile = min(tile, max(LEAST_AT_ONCE, environment.WORTH_SHARING // widest))
    many = m > tile
    n_threads = threads_for(sum(products) * m, -(-m // tile), m, least=WORTH_A_THREAD) if many else 1
    rooms = np.empty((n_threads, 3 * max(sizes[1:]) + 2, tile), theta.dtype)
    finish, blas, flat = outputs_address(output, theta.dtype), blas_address(theta.dtype), X.reshape(-1)

    def work(thread: int, barrier: AnyArray) -> None:
        stages = embedded
        if embedded.rows:  # each thread writes what its stages give into a room of its own
            stages = embedded._replace(room=np.empty(embedded.rows * tile, theta.dtype))
        network = blas, layers, stages, theta, statistics
        predict(thread, barrier, n_threads, *network, flat, m, rooms[thread], AL, finish)

    with environment.single_blas(shares=True) if widest * tile > environment.NEVER_SHARED else nullcontext():
        if many:
            run_together(work, n_threads)
        else:
            work(0, ALONE)  # a single tile: nothing to wait for
    return AL


@kernel
def predict(
    thread, barrier, n_threads, blas, layers, embedded, theta, statistics, X, m, room, AL, finish
):  # fmt: skip
    """Outputs (n_L, m) of tiles of rows, every n_threads-th one."""
    # the room has two layers, U_hat of a layer that is normalized by layer, and two rows
    if not assemble(barrier, n_threads):
        return
    control = without_denormals()
    unity, tile, widest = theta.dtype.type(1), room.shape[1], (room.shape[0] - 2) // 3
    out, flat = run(AL, START, AL.size), run(room, START, room.size)
    embed, none = layers[0].activate, run(flat, START, START)
    for low in range(thread * tile, m, n_threads * tile):
        count = min(tile, m - low)
        if embed != 0:
            calls.embed_rows(embed, (layers, embedded, theta, X, low, count, tile))
        for l in range(1, layers.size):
            layer, n_prev, last = layers[l], layers[l - 1].size, l == layers.size - 1
            n, here, before = layer.size, (l % 2) * widest, ((l + 1) % 2) * widest
            into, offset, stride = (out, low, m) if last else (flat, here * tile, tile)
            B, begin, ldb, turn = flat, before * tile, tile, N
            if l == 1:
                B, begin, ldb, turn = X, low * n_prev, n_prev, T
                if embed != 0:
                    B, begin, ldb, turn = embedded.room, START, tile, N
            W, shape = (theta, layer.W, n_prev), (n, count, n_prev)
            product(blas, unity, shape, N, W, turn, (B, begin, ldb), (into, offset, stride))
            if layer.normalization != NONE:
                normalized = flat, here * tile, layers, l, widest, tile, theta, statistics, count
                calls.standardize(layer.standardize, normalized)
            if last:
                for i in range(n):
                    z, bias = AL[i], theta[layer.b + i]
                    for j in range(low, low + count):
                        z[j] += bias
                as_before(control)  # a small probability is no 0, whose logarithm would be -inf
                if finish != 0:
                    calls.finish(finish, (out, low, m, n, count, flat, 3 * widest * tile))
                without_denormals()
            else:
                units = flat, offset, tile, n, START, count, theta, layer.b, none
                calls.activate(layer.activate, units)
    as_before(control)
    wait_for_all(barrier, n_threads)
