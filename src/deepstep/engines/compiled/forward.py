"""The forward pass of prediction: tiles of examples that stay in the cache from layer to layer."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from deepstep.engines.compiled.activations import activate, logistic, softplus
from deepstep.engines.compiled.embeddings import embed
from deepstep.engines.compiled.jit import ORDERED, kernel, part
from deepstep.engines.compiled.layout import (
    BATCH,
    EXPONENTIAL,
    INCREASING,
    LAYER,
    ORDINAL,
    OUTPUT_CODES,
    SIGMOID,
    SOFTMAX,
)
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
    wait_for_all,
    without_denormals,
)
from deepstep.engines.compiled.mathematics import exp
from deepstep.engines.compiled.normalization import EPSILON, by_layer
from deepstep.engines.compiled.room import members_of
from deepstep.engines.compiled.threads import run_together, threads_for
from deepstep.engines.session import writable
from deepstep.engines.settings import Settings
from deepstep.equations import members_mean
from deepstep.network import Architecture, Parameters
from deepstep.types import AnyArray, Array

ALONE = np.zeros(BARRIER_SIZE, np.int64)

AT_ONCE = 256
"""Examples of a tile."""


def outputs_of_rows(
    architecture: Architecture, parameters: Parameters, statistics: Mapping[str, Array], X: Array
) -> Array:
    """Outputs (m, n_L) of a network for rows (m, n_x), without a session."""
    tables = _tables(architecture, parameters.dtype)
    rows = writable(np.ascontiguousarray(X, parameters.dtype))
    running = running_statistics(tables.layers, statistics, parameters.dtype)
    theta = writable(parameters.flat)  # Numba compiles anew for what is locked
    return outputs(tables, theta, running, rows, output=architecture.activations[-1]).T


@lru_cache(maxsize=16)
def _tables(architecture: Architecture, dtype: Any) -> Tables:
    """The tables of a network that is not trained."""
    return tables_of(architecture, Settings(), dtype)


def outputs(tables: Tables, theta: Array, statistics: Array | None, X: Array, *, output: str) -> Array:
    """Outputs (n_L, m) of rows; of members that share the network the mean of theirs."""
    found, members = outputs_of_each(tables, theta, statistics, X, output=output), members_of(tables.layers)
    return members_mean(found, members) if members > 1 else found


def outputs_of_each(
    tables: Tables, theta: Array, statistics: Array | None, X: Array, *, output: str
) -> Array:
    """Outputs (n_L, K·m) of rows, of the first member, then of the second, …"""
    layers = tables.layers
    n, n_in, at = int(layers["size"][-1]), int(layers["size"][0]), int(layers["s"][1])
    if at < 0:
        return _outputs_of_one(tables, theta, statistics, X, output)
    found = []
    for k in range(members_of(layers)):
        own, begin = layers.copy(), at + k * n_in
        own["W"][-1] += k * n * int(layers["size"][-2])
        own["b"][-1] += k * n
        own["s"][1] = begin
        # of few rows, as a service asks for them, this is less than to multiply the weights
        rows = X if tables.embedded is not None else X * theta[begin : begin + n_in]
        found.append(_outputs_of_one(tables._replace(layers=own), theta, statistics, rows, output))
    return np.concatenate(found, axis=1)


def _outputs_of_one(tables: Tables, theta: Array, statistics: Array | None, X: Array, output: str) -> Array:
    """Outputs (n_L, m) of rows whose inputs are scaled already, by the output layer that the table names."""
    layers, embedded, sizes, m = tables.layers, tables.embedded, tables.layers["size"], len(X)
    found = np.empty((int(sizes[-1]), m), theta.dtype)
    tile = max(1, min(AT_ONCE, m))
    many = m > AT_ONCE
    n_threads = threads_for(int((sizes[1:] * sizes[:-1]).sum()) * m, -(-m // AT_ONCE), m) if many else 1
    rooms = np.empty((n_threads, 3 * int(sizes[1:].max()) + 2, tile), theta.dtype)
    code, blas, flat = OUTPUT_CODES[output], blas_address(theta.dtype), X.reshape(-1)

    def work(thread: int, barrier: AnyArray) -> None:
        own = embedded
        if own is not None:
            own = own._replace(room=np.empty(own.rows * tile, theta.dtype))
        room = rooms[thread]
        predict(thread, barrier, n_threads, blas, layers, own, theta, statistics, flat, m, room, found, code)

    if many:
        run_together(work, n_threads)
    else:
        work(0, ALONE)  # a single tile: nothing to wait for, and little for BLAS to share
    return found


@kernel
def predict(
    thread, barrier, n_threads, blas, layers, embedded, theta, statistics, X, m, room, found, code
):  # fmt: skip
    """Outputs (n_L, m) of tiles of rows, every n_threads-th one."""
    # the room has two layers, U_hat of a layer that is normalized by layer, and two rows
    if not assemble(barrier, n_threads):
        return
    control = without_denormals()
    one, tile, widest = theta.dtype.type(1), room.shape[1], (room.shape[0] - 2) // 3
    out, flat = found.reshape(found.size), room.reshape(room.size)
    for low in range(thread * tile, m, n_threads * tile):
        count = min(tile, m - low)
        if embedded is not None:
            _embed_rows(layers, embedded, theta, X, low, count, tile)
        for l in range(1, layers.size):
            layer, n_prev, last = layers[l], layers[l - 1].size, l == layers.size - 1
            n, here, before = layer.size, (l % 2) * widest, ((l + 1) % 2) * widest
            into, at, stride = (out, low, m) if last else (flat, here * tile, tile)
            B, begin, ldb, turn = flat, before * tile, tile, N
            if l == 1:
                B, begin, ldb, turn = X, low * n_prev, n_prev, T
                if embedded is not None:
                    B, begin, ldb, turn = embedded.room, START, tile, N
            W, shape = (theta, layer.W, n_prev), (n, count, n_prev)
            product(blas, one, shape, N, W, turn, (B, begin, ldb), (into, at, stride))
            if layer.normalization == LAYER:
                u, deviation, row = 2 * widest * tile, room[3 * widest], room[3 * widest + 1]
                by_layer(
                    flat, flat, here * tile, u, n, tile, deviation, row, theta, layer.gamma, START, count
                )
            elif statistics is not None and layer.normalization == BATCH:
                for i in range(n):
                    a, unit = room[here + i], layer.unit + i
                    factor = theta[layer.gamma + i] / np.sqrt(statistics[1, unit] + theta.dtype.type(EPSILON))
                    for j in range(count):
                        a[j] = factor * (a[j] - statistics[0, unit])
            if last:
                for i in range(n):
                    z, bias = found[i], theta[layer.b + i]
                    for j in range(low, low + count):
                        z[j] += bias
                as_before(control)  # a small probability is no 0, whose logarithm would be -inf
                _finish(code, found[:, low : low + count], room[3 * widest])
                without_denormals()
            else:
                for i in range(n):
                    begin_, bias = (here + i) * tile, theta[layer.b + i]
                    if layer.alpha >= 0:
                        for j in range(count):
                            room[3 * widest, j] = flat[begin_ + j] + bias
                    activate(layer.activation, flat, begin_, begin_ + count, bias, None)
                    if layer.alpha >= 0:
                        alpha = theta[layer.alpha + i]
                        for j in range(count):
                            flat[begin_ + j] = (one - alpha) * room[3 * widest, j] + alpha * flat[begin_ + j]
    as_before(control)
    wait_for_all(barrier, n_threads)


@part
def _embed_rows(layers, embedded, theta, X, low, count, tile):
    """What layer 1 reads of some rows, at the beginning of the room; with factors of the inputs."""
    stages, room = embedded.stages, embedded.room
    n_x, at = stages[0].n, stages[0].reads
    for i in range(n_x):
        for j in range(count):
            room[(at + i) * tile + j] = X[(low + j) * n_x + i]
    embed(stages, embedded.picks, theta, room, tile, 0, count)
    for i in range(layers[0].size if layers[1].s >= 0 else 0):
        factor = theta[layers[1].s + i]
        for j in range(count):
            room[i * tile + j] *= factor


@part(order=ORDERED)
def _finish(code, Z, row):
    """Outputs from logits, (n_L, k), in place."""
    n, k = Z.shape
    number = Z.dtype.type
    if code == SIGMOID:
        for i in range(n):
            z = Z[i]
            for j in range(k):
                z[j] = logistic(z[j])
    elif code == SOFTMAX:
        for j in range(k):
            row[j] = Z[0, j]
        for i in range(1, n):
            z = Z[i]
            for j in range(k):
                row[j] = z[j] if z[j] > row[j] else row[j]
        for i in range(n):
            z = Z[i]
            for j in range(k):
                z[j] = exp(z[j] - row[j])
        for j in range(k):
            row[j] = number(0)
        for i in range(n):
            z = Z[i]
            for j in range(k):
                row[j] += z[j]
        for i in range(n):
            z = Z[i]
            for j in range(k):
                z[j] /= row[j]
    elif code == EXPONENTIAL:
        for i in range(n):
            z = Z[i]
            for j in range(k):
                z[j] = exp(z[j])
    elif code == INCREASING or code == ORDINAL:
        sign = number(1) if code == INCREASING else number(-1)
        for i in range(1, n):
            above, z = Z[i - 1], Z[i]
            for j in range(k):
                z[j] = above[j] + sign * softplus(z[j])
        if code == ORDINAL:
            for i in range(n):
                z = Z[i]
                for j in range(k):
                    z[j] = logistic(z[j])
