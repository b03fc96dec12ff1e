"""Normalized layers: U to U_hat and Z = gamma ∘ U_hat, and back; over the batch (threads add up) or the
units.

Arguments are those of `step`: ``work`` has A, D and U of all layers, ``layer`` is a row of LAYERS. gamma ∘
U_hat is not yet Z: the bias comes with the activation.
"""

import numpy as np

from deepstep.engines.compiled import calls
from deepstep.engines.compiled.calls import part
from deepstep.engines.compiled.layout import ALONG, BATCH, DEVIATION, LAYER, ROOM, SUMS
from deepstep.engines.compiled.machine import START, run, sum_of_threads, wait_for_all

FORTH, BACK = np.int64(0), np.int64(1)

EPSILON, MOMENTUM = 1e-5, 0.1
"""ε, and the share of a new batch in the running statistics: those of `deepstep.equations.normalization`."""


@part
def sums_of(work, layers, l, way):
    """Sums that threads exchange in a normalized layer, forward or backward: (n_threads, 2 n)."""
    first = SUMS + 2 * (layers[l].unit + way * layers[layers.size - 1].unit)
    return work.shared[:, first : first + 2 * layers[l].size]


@calls.routine("normalize")
def by_batch(thread, barrier, layers, l, work, theta, batch):
    """A has U and becomes gamma ∘ U_hat; U becomes U_hat; moments get the batch's mean and variance."""
    # In two passes, so that a large mean costs no digits. The rows of sums (n_threads, 2 n) are this layer's
    # alone: a thread that is ahead must not write what others still read.
    layer, sums = layers[l], sums_of(work, layers, l, FORTH)
    A, U, unit, n, stride, low, m = work.A, work.U, layer.unit, layer.size, batch.stride, batch.low, batch.m
    n_threads, number, k = sums.shape[0], A.dtype.type, batch.high - batch.low
    for i in range(n):
        a, total = run(A, (unit + i) * stride + low, k), 0.0
        for j in range(k):
            total += np.float64(a[j])
        sums[thread, i] = total
    wait_for_all(barrier, n_threads)
    for i in range(n):
        a, mean, squares = run(A, (unit + i) * stride + low, k), sum_of_threads(sums, i) / m, 0.0
        for j in range(k):
            squares += (np.float64(a[j]) - mean) * (np.float64(a[j]) - mean)
        sums[thread, n + i] = squares
    wait_for_all(barrier, n_threads)
    for i in range(n):
        a, u = run(A, (unit + i) * stride + low, k), run(U, (unit + i) * stride + low, k)
        mean, variance = sum_of_threads(sums, i) / m, sum_of_threads(sums, n + i) / m
        if thread == 0:
            work.moments[0, unit + i], work.moments[1, unit + i] = mean, variance
        center, inverse, scale = number(mean), number(1 / np.sqrt(variance + EPSILON)), theta[layer.gamma + i]
        for j in range(k):
            u[j] = (a[j] - center) * inverse
            a[j] = scale * u[j]


@calls.routine("normalize")
def by_batch_backward(thread, barrier, layers, l, work, theta, batch):
    """D has dZ and becomes dU; each thread's row of sums gets Σ dZ and Σ dZ ∘ U_hat, n and n of them."""
    layer, sums = layers[l], sums_of(work, layers, l, BACK)
    D, U, unit, n, stride, low, m = work.D, work.U, layer.unit, layer.size, batch.stride, batch.low, batch.m
    number, k = D.dtype.type, batch.high - batch.low
    _row_sums(thread, sums, D, U, unit * stride + low, n, stride, k)
    wait_for_all(barrier, sums.shape[0])
    for i in range(n):
        d, u = run(D, (unit + i) * stride + low, k), run(U, (unit + i) * stride + low, k)
        center, way = number(sum_of_threads(sums, i) / m), number(sum_of_threads(sums, n + i) / m)
        scale = theta[layer.gamma + i] * number(1 / np.sqrt(work.moments[1, unit + i] + EPSILON))
        for j in range(k):
            d[j] = scale * (d[j] - center - u[j] * way)


@calls.routine("normalize")
def by_layer(thread, barrier, layers, l, work, theta, batch):
    """As `by_batch`; the deviation of each example is kept."""
    layer, row, deviation = layers[l], work.rows[ROOM], work.rows[DEVIATION + l]
    offset, form = layer.unit * batch.stride, (layer.size, batch.stride)
    _by_layer(
        work.A, work.U, offset, offset, *form, deviation, row, theta, layer.gamma, batch.low, batch.high
    )


@part
def _by_layer(A, U, offset, offset_u, n, stride, deviation, total, theta, gamma, low, high):
    """A has U and becomes gamma ∘ U_hat; U becomes U_hat; the deviation of each example is kept."""
    number, k = A.dtype.type, high - low
    share, epsilon = number(1 / n), number(EPSILON)
    total, deviation = run(total, low, k), run(deviation, low, k)
    for j in range(k):
        total[j], deviation[j] = number(0), number(0)
    for i in range(n):
        a = run(A, offset + i * stride + low, k)
        for j in range(k):
            total[j] += a[j]
    for j in range(k):
        total[j] *= share
    for i in range(n):
        a, u = run(A, offset + i * stride + low, k), run(U, offset_u + i * stride + low, k)
        for j in range(k):
            u[j] = a[j] - total[j]
            deviation[j] += u[j] * u[j]
    for j in range(k):
        deviation[j] = np.sqrt(deviation[j] * share + epsilon)
    for i in range(n):
        a, u = run(A, offset + i * stride + low, k), run(U, offset_u + i * stride + low, k)
        scale = theta[gamma + i]
        for j in range(k):
            u[j] /= deviation[j]
            a[j] = scale * u[j]


@calls.routine("normalize")
def by_layer_backward(thread, barrier, layers, l, work, theta, batch):
    """D has dZ and becomes dU; sums as in `by_batch_backward`, of this thread's examples."""
    layer, sums = layers[l], sums_of(work, layers, l, BACK)
    D, U, n, stride, low = work.D, work.U, layer.size, batch.stride, batch.low
    number, k, offset, gamma = D.dtype.type, batch.high - batch.low, layer.unit * stride, layer.gamma
    deviation, mean, along = work.rows[DEVIATION + l], work.rows[ROOM], work.rows[ALONG]
    _row_sums(thread, sums, D, U, offset + low, n, stride, k)
    share = number(1 / n)
    deviation, mean, along = run(deviation, low, k), run(mean, low, k), run(along, low, k)
    for j in range(k):
        mean[j], along[j] = number(0), number(0)
    for i in range(n):
        d, u = run(D, offset + i * stride + low, k), run(U, offset + i * stride + low, k)
        scale = theta[gamma + i]
        for j in range(k):
            d[j] *= scale
            mean[j] += d[j]
            along[j] += d[j] * u[j]
    for j in range(k):
        mean[j] *= share
        along[j] *= share
    for i in range(n):
        d, u = run(D, offset + i * stride + low, k), run(U, offset + i * stride + low, k)
        for j in range(k):
            d[j] = (d[j] - mean[j] - u[j] * along[j]) / deviation[j]


@calls.routine("standardize")
def by_statistics(z, offset, layers, l, widest, stride, theta, statistics, n_examples):
    """A layer of prediction that was normalized by batch."""
    layer = layers[l]
    for i in range(layer.size):
        a, unit = run(z, offset + i * stride, n_examples), layer.unit + i
        factor = theta[layer.gamma + i] / np.sqrt(statistics[1, unit] + theta.dtype.type(EPSILON))
        for j in range(n_examples):
            a[j] = factor * (a[j] - statistics[0, unit])


@calls.routine("standardize")
def by_layer_of_prediction(z, offset, layers, l, widest, stride, theta, statistics, n_examples):
    """The room has U_hat after two layers, then two rows."""
    layer, u = layers[l], 2 * widest * stride
    deviation, total = run(z, 3 * widest * stride, stride), run(z, (3 * widest + 1) * stride, stride)
    form = layer.size, stride
    _by_layer(z, z, offset, u, *form, deviation, total, theta, layer.gamma, START, n_examples)


@calls.routine("run_along")
def run_along(layers, statistics, moments, m):
    """Move the statistics (2, units) that predict towards a batch's."""
    if m == 1:
        return
    share, unbiased = MOMENTUM, m / (m - 1)
    for l in range(1, layers.size):
        if layers[l].normalization == BATCH:
            for i in range(layers[l].unit, layers[l].unit + layers[l].size):
                statistics[0, i] = (1 - share) * statistics[0, i] + share * moments[0, i]
                statistics[1, i] = (1 - share) * statistics[1, i] + share * unbiased * moments[1, i]


@part
def _row_sums(thread, sums, D, U, offset, n, stride, k):
    for i in range(n):
        d, u, total, along = run(D, offset + i * stride, k), run(U, offset + i * stride, k), 0.0, 0.0
        for j in range(k):
            total += np.float64(d[j])
            along += np.float64(d[j]) * np.float64(u[j])
        sums[thread, i], sums[thread, n + i] = total, along


ROUTINES = {
    BATCH: {"forth": by_batch, "back": by_batch_backward, "standardize": by_statistics},
    LAYER: {"forth": by_layer, "back": by_layer_backward, "standardize": by_layer_of_prediction},
}
