"""The forward pass of prediction: tiles of examples that stay in the cache from layer to layer."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from deepstep.engines.compiled.activations import activate_only, logistic, softplus
from deepstep.engines.compiled.jit import ORDERED, kernel, part
from deepstep.engines.compiled.layout import BATCH, LAYER, layers_of, members_of, running_statistics
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
from deepstep.engines.compiled.threads import run_together, threads_for
from deepstep.engines.session import writable
from deepstep.engines.settings import Settings
from deepstep.equations import members_mean
from deepstep.network import Architecture, Parameters
from deepstep.types import AnyArray, Array

ALONE = np.zeros(BARRIER_SIZE, np.int64)

AT_ONCE = 256
"""Examples of a tile."""

OUTPUT_CODES = {
    name: code
    for code, name in enumerate(("identity", "sigmoid", "softmax", "exponential", "increasing", "ordinal"))
}
"""Numbers of the activations of outputs; identity gives the logits."""

(IDENTITY, SIGMOID, SOFTMAX, EXPONENTIAL, INCREASING, ORDINAL) = range(6)


def outputs_of_rows(
    architecture: Architecture, parameters: Parameters, statistics: Mapping[str, Array], X: Array
) -> Array:
    """Outputs of a network for rows, without a session: what a service asks for row by row.

    Parameters
    ----------
    architecture : Architecture
        With activations and a head that the compiled engine has.
    parameters : Parameters
    statistics : mapping
        Running statistics of batch normalization, as in a `Network`.
    X : array of shape (m, n_x)
        Of any floating dtype; as it is where it is C-ordered and of the dtype of the parameters.

    Returns
    -------
    array of shape (m, n_L)

    Examples
    --------
    >>> from deepstep import Network
    >>> net = Network([3, 4, 2], output="softmax", seed=1)
    >>> X = np.ones((5, 3))
    >>> found = outputs_of_rows(net.architecture, net.parameters, net.statistics, X)
    >>> np.allclose(found, net.forward(X.T).T)
    True
    """
    layers = _layers(architecture)
    rows = writable(np.ascontiguousarray(X, parameters.dtype))
    running = running_statistics(layers, statistics, parameters.dtype)
    return outputs(layers, parameters.flat, running, rows, output=architecture.activations[-1]).T


@lru_cache(maxsize=16)
def _layers(architecture: Architecture) -> AnyArray:
    """The table of a network that is not trained."""
    nothing = architecture.lay_out(np.zeros(architecture.n_parameters))
    return layers_of(architecture, Settings(), nothing)


def outputs(layers: AnyArray, theta: Array, statistics: Array | None, X: Array, *, output: str) -> Array:
    """Outputs of rows; of members that share the network the mean of theirs.

    Parameters
    ----------
    layers : array of LAYERS
    theta : array of shape (n_parameters,)
    statistics : array of shape (2, units), or None
        Running mean and variance; None where no layer is normalized.
    X : array of shape (m, n_x)
        Rows, in one piece, of the dtype of theta.
    output : str
        Of `OUTPUT_CODES`.

    Returns
    -------
    array of shape (n_L, m)
    """
    found = outputs_of_each(layers, theta, statistics, X, output=output)
    return members_mean(found, members_of(layers)) if members_of(layers) > 1 else found


def outputs_of_each(
    layers: AnyArray, theta: Array, statistics: Array | None, X: Array, *, output: str
) -> Array:
    """Outputs of rows: of the first member, then of the second, …

    Parameters
    ----------
    layers, theta, statistics, X, output
        As in `outputs`.

    Returns
    -------
    array of shape (n_L, K·m)
    """
    n, n_x, at, members = (
        int(layers["size"][-1]),
        int(layers["size"][0]),
        int(layers["s"][1]),
        members_of(layers),
    )
    if at < 0:
        return _outputs_of_one(layers, theta, statistics, X, output=output)
    found = []
    for k in range(members):
        own, begin = layers.copy(), at + k * n_x
        own["W"][-1] += k * n * int(layers["size"][-2])
        own["b"][-1] += k * n
        # of few rows, as a service asks for them, this is less than to multiply the weights
        rows = X * theta[begin : begin + n_x]
        found.append(_outputs_of_one(own, theta, statistics, rows, output=output))
    return found[0] if members == 1 else np.concatenate(found, axis=1)


def _outputs_of_one(
    layers: AnyArray, theta: Array, statistics: Array | None, X: Array, *, output: str
) -> Array:
    """Outputs (n_L, m) of rows whose inputs are scaled already, by the output layer that the table names."""
    sizes, m = layers["size"], len(X)
    found = np.empty((int(sizes[-1]), m), theta.dtype)
    tile = max(1, min(AT_ONCE, m))
    many = m > AT_ONCE
    n_threads = threads_for(int((sizes[1:] * sizes[:-1]).sum()) * m, -(-m // AT_ONCE), m) if many else 1
    rooms = np.empty((n_threads, 3 * int(sizes[1:].max()) + 2, tile), theta.dtype)
    code, blas, flat = OUTPUT_CODES[output], blas_address(theta.dtype), X.reshape(-1)

    def work(thread: int, barrier: AnyArray) -> None:
        predict(
            thread, barrier, n_threads, blas, layers, theta, statistics, flat, m, rooms[thread], found, code
        )

    if many:
        run_together(work, n_threads)
    else:
        work(0, ALONE)  # a single tile: nothing to wait for, and little for BLAS to share
    return found


@kernel
def predict(thread, barrier, n_threads, blas, layers, theta, statistics, X, m, room, found, code):
    """Outputs of tiles of examples, every n_threads-th one.

    Parameters
    ----------
    thread, n_threads, blas, m, code : int
    barrier
        As in `step.train`.
    layers, theta, statistics
        As in `outputs`.
    X : array
        Rows, flat.
    room : array of shape (3 · widest + 2, tile)
        Two layers, and U_hat where a layer is normalized by layer.
    found : array of shape (n_L, m)
        Where the outputs go.
    """
    if not assemble(barrier, n_threads):
        return
    control = without_denormals()
    one, tile, widest = theta.dtype.type(1), room.shape[1], (room.shape[0] - 2) // 3
    out, flat = found.reshape(found.size), room.reshape(room.size)
    for low in range(thread * tile, m, n_threads * tile):
        count = min(tile, m - low)
        for l in range(1, layers.size):
            layer, n_prev, last = layers[l], layers[l - 1].size, l == layers.size - 1
            n, here, before = layer.size, (l % 2) * widest, ((l + 1) % 2) * widest
            into, at, stride = (out, low, m) if last else (flat, here * tile, tile)
            B, begin, ldb, turn = (X, low * n_prev, n_prev, T) if l == 1 else (flat, before * tile, tile, N)
            W, shape = (theta, layer.W, n_prev), (n, count, n_prev)
            product(blas, one, shape, N, W, turn, (B, begin, ldb), (into, at, stride))
            if layer.normalization == LAYER:
                by_layer(
                    flat,
                    flat,
                    here * tile,
                    2 * widest * tile,
                    n,
                    tile,
                    room[3 * widest],
                    room[3 * widest + 1],
                    theta,
                    layer.gamma,
                    START,
                    count,
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
                    activate_only(layer.activation, flat, begin_, begin_ + count, bias)
                    if layer.alpha >= 0:
                        alpha = theta[layer.alpha + i]
                        for j in range(count):
                            flat[begin_ + j] = (one - alpha) * room[3 * widest, j] + alpha * flat[begin_ + j]
    as_before(control)
    wait_for_all(barrier, n_threads)


@part(order=ORDERED)
def _finish(code: int, Z: Any, row: Any) -> None:
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
