"""The kernel: all updates of some batches in one call, by threads that are slices of the batch.

Each thread takes its examples through the whole forward and backward pass. Then, after a wait, each thread makes
the gradient of its units from all examples, part by part, and updates them while that part is in its cache. A
second wait, and the next batch begins.

Kernels have no annotations: their arguments are arrays and rows of tables that `layout` describes.
"""
# mypy: disable-error-code="no-untyped-def"

import numpy as np

from deepstep.engines.compiled.activations import RELU, activate
from deepstep.engines.compiled.draws import drop
from deepstep.engines.compiled.heads import loss_and_gradient
from deepstep.engines.compiled.jit import kernel, part
from deepstep.engines.compiled.layout import BATCH, DEVIATION, LOSS, NONE, ROOM, WEIGHT
from deepstep.engines.compiled.machine import N, T, product, wait_for_all
from deepstep.engines.compiled.normalization import (
    MOMENTUM,
    by_batch,
    by_batch_backward,
    by_layer,
    by_layer_backward,
    running,
)
from deepstep.engines.compiled.updates import average, cut, limit_norms, regularize, update

COST, SIZES, SQUARES, LARGEST, NORM, SUMS = range(6)
"""What a thread tells the others, in `Work.shared`; then the sums of normalized layers."""

DROPOUT = 1
"""`deepstep.engines.draws.Purpose.DROPOUT`."""

WEIGHTS, BIAS, SCALE = range(3)
"""Kinds of parameters, in the tables of factors."""

THETA, FIRST, SECOND = range(3)
"""Rows of the state; the moving average is the last one."""


@kernel
def train(
    thread, barrier, plans, layers, levels, X, Y, weight, order, state, statistics, inputs, A, D, U, S, targets, rows,
    gradient, shared, moments, rates, costs, sizes,
):  # fmt: skip
    """Do the updates.

    A batch whose cost is not finite is the last one and is not updated with: the state is that before it. A batch
    without weight is left out.

    Parameters
    ----------
    thread : int
    barrier : array of int64 (16,)
        Zeros.
    plans, layers : arrays of PLAN (1,) and LAYERS (L + 1,)
    levels : array of float64
        Of quantiles.
    X, Y, weight, order : arrays
        The examples, flat, rows one after another; weight and order may be empty.
    state : array of shape (k, n_parameters)
        θ, the vectors of the update rule, the moving average.
    statistics : array of shape (2, units)
        Running mean and variance.
    inputs … moments
        `Work`.
    rates : array of float64 (3, steps)
        α, and the factors of weight decay and dropout.
    costs, sizes : arrays of float64 and int64 (steps,)
        Where J before each update goes, and the number of examples; they begin at NaN and 0.
    """
    plan = plans[0]
    step = plan.steps_done
    n_outputs = layers[layers.size - 1].size
    whole = plan.only_gradient != 0 or plan.clip_norm > 0
    for k in range(costs.size):
        start = (plan.first_batch + k) * plan.batch_size
        m = min(plan.batch_size, plan.m - start)
        total = _total(weight, order, start, m)
        if total == 0:
            continue
        step += 1
        low, high = _columns(thread, plan.n_threads, m)
        direct = order.size == 0 and plan.turned == 0
        if k == 0 or plan.batch_size < plan.m:
            _gather(plan, layers[0].size, n_outputs, X, Y, weight, order, inputs, targets, rows, low, high, start, m, total)
        source, first = (X, start) if direct else (inputs, 0)
        _forward(thread, barrier, plan, layers, state[THETA], source, first, A, D, U, rows, shared, moments, low, high, m, step, rates[2, k])
        _loss(thread, plan, levels, weight.size > 0, A, D, targets, rows, shared, low, high, m)
        _backward(thread, barrier, plan, layers, state[THETA], A, D, U, S, rows, shared, moments, low, high, m)
        wait_for_all(barrier, plan.n_threads)
        cost = 0.0
        for t in range(plan.n_threads):
            cost += shared[t, COST]
        if thread == 0:
            costs[k], sizes[k] = cost, m
        if not np.isfinite(cost):
            return
        _gradient(thread, plan, layers, state, source, first, A, D, gradient, shared, m, total, step, rates[0, k], rates[1, k], whole)
        if whole:
            share = _clipping(thread, barrier, plan, gradient, shared) if plan.clip_norm > 0 else 1.0
            if plan.only_gradient == 0:
                _update_whole(thread, plan, layers, state, gradient, step, rates[0, k], rates[1, k], share)
        if plan.only_gradient == 0 and thread == 0 and moments.size:
            _statistics(plan, layers, statistics, moments, m, step)
        wait_for_all(barrier, plan.n_threads)
        if thread == 0 and (plan.l1 > 0 or plan.l2 > 0):
            for t in range(plan.n_threads):
                costs[k] += plan.l1 / total * shared[t, SIZES] + plan.l2 / (2 * total) * shared[t, SQUARES]


@part
def _share(thread, n_threads, count):
    """The part of so many things that a thread has."""
    return count * thread // n_threads, count * (thread + 1) // n_threads


@part
def _columns(thread, n_threads, m):
    """The examples that a thread has: whole vectors of sixteen, so that no two threads write one cache line."""
    size = -(-m // (16 * n_threads)) * 16
    low = min(thread * size, m)
    return low, min(low + size, m)


@part
def _total(weight, order, start, m):
    """The number of examples of a batch, or the sum of their weights."""
    if weight.size == 0:
        return np.float64(m)
    total = 0.0
    for j in range(start, start + m):
        total += np.float64(weight[order[j] if order.size else j])
    return total


@part
def _gather(plan, n_x, n_y, X, Y, weight, order, inputs, targets, rows, low, high, start, m, total):
    """Inputs, targets and weights (scaled to mean 1) of the examples from low to high of a batch."""
    stride = targets.shape[1]
    for j in range(low, high):
        row = order[start + j] if order.size else start + j
        if plan.turned:
            for i in range(n_x):
                inputs[i * stride + j] = X[row * n_x + i]
        elif order.size:
            for i in range(n_x):
                inputs[j * n_x + i] = X[row * n_x + i]
        for i in range(n_y):
            targets[i, j] = Y[row * n_y + i]
        if weight.size:
            rows[WEIGHT, j] = np.float64(weight[row]) * m / total


@part
def _forward(thread, barrier, plan, layers, theta, source, first, A, D, U, rows, shared, moments, low, high, m, step, factor):
    """Activations of all layers and the logits, with g′(Z) where an activation does not show it."""
    stride, count, one, flat = A.shape[1], high - low, theta.dtype.type(1), A.reshape(A.size)
    for l in range(1, layers.size):
        layer, before = layers[l], layers[l - 1]
        n, n_prev, unit = layer.size, before.size, layer.unit
        if count > 0:
            at = unit * stride + low
            if l > 1:
                product(plan.blas, N, N, n, count, n_prev, one, theta, layer.W, n_prev,
                        flat, before.unit * stride + low, stride, flat, at, stride)  # fmt: skip
            elif plan.turned:
                product(plan.blas, N, N, n, count, n_prev, one, theta, layer.W, n_prev,
                        source, low, stride, flat, at, stride)  # fmt: skip
            else:
                product(plan.blas, N, T, n, count, n_prev, one, theta, layer.W, n_prev,
                        source, (first + low) * n_prev, n_prev, flat, at, stride)  # fmt: skip
        if layer.normalization == BATCH:
            sums = _sums(shared, layers, l, 0)
            by_batch(thread, barrier, sums, A, U, moments, unit, n, theta, layer.gamma, low, high, m)
        elif layer.normalization != NONE:
            by_layer(A, U, unit, n, rows[DEVIATION + l], rows[ROOM], theta, layer.gamma, low, high)
        if l < layers.size - 1:
            for i in range(n):
                activate(layer.activation, A[unit + i, low:high], theta[layer.b + i], D[unit + i, low:high])
            if layer.drop * factor > 0:
                drop(A, D, unit, n, low, high, 1 - layer.drop * factor, plan.seed, DROPOUT, step, l)
        else:
            for i in range(n):
                z, bias = A[unit + i], theta[layer.b + i]
                for j in range(low, high):
                    z[j] += bias


@part
def _loss(thread, plan, levels, weighted, A, D, targets, rows, shared, low, high, m):
    """dZL, and this thread's part of the cost."""
    n = targets.shape[0]
    unit = A.shape[0] - n
    loss = rows[LOSS]
    loss_and_gradient(plan.head, A, D, unit, targets, loss, rows[ROOM], plan.head_setting, levels, low, high)
    if weighted:
        w = rows[WEIGHT]
        for j in range(low, high):
            loss[j] *= w[j]
        for i in range(n):
            d = D[unit + i]
            for j in range(low, high):
                d[j] *= w[j]
    cost = 0.0
    for j in range(low, high):
        cost += np.float64(loss[j])
    shared[thread, COST] = cost / m


@part
def _backward(thread, barrier, plan, layers, theta, A, D, U, S, rows, shared, moments, low, high, m):
    """dZ of all hidden layers (dU of normalized ones) from dZL."""
    stride, count, one, zero, flat = A.shape[1], high - low, theta.dtype.type(1), theta.dtype.type(0), D.reshape(D.size)
    for l in range(layers.size - 1, 0, -1):
        layer, before = layers[l], layers[l - 1]
        n, n_prev = layer.size, before.size
        if layer.normalization == BATCH:
            sums = _sums(shared, layers, l, 1)
            by_batch_backward(thread, barrier, sums, D, U, moments, layer.unit, n, theta, layer.gamma, low, high, m)
        elif layer.normalization != NONE:
            sums = _sums(shared, layers, l, 1)
            by_layer_backward(sums[thread], D, U, layer.unit, n, rows[DEVIATION + l], rows[LOSS], rows[ROOM], theta,
                              layer.gamma, low, high)  # fmt: skip
        if l == 1 or count <= 0:
            continue
        shown = before.activation == RELU
        into, at = (flat, before.unit * stride) if shown else (S.reshape(S.size), 0)
        product(plan.blas, T, N, n_prev, count, n, one, theta, layer.W, n_prev,
                flat, layer.unit * stride + low, stride, into, at + low, stride)  # fmt: skip
        for i in range(n_prev):
            d = D[before.unit + i]
            if shown:
                a = A[before.unit + i]
                for j in range(low, high):
                    d[j] = d[j] if a[j] > zero else zero
            else:
                s = S[i]
                for j in range(low, high):
                    d[j] = s[j] * d[j] if s[j] != zero else zero


@part
def _sums(shared, layers, l, way):
    """What threads tell each other of a normalized layer, forward (0) or backward (1): (n_threads, 2 n)."""
    units = layers[layers.size - 1].unit
    first = SUMS + 2 * (layers[l].unit + way * units)
    return shared[:, first : first + 2 * layers[l].size]


@part
def _gradient(thread, plan, layers, state, source, first, A, D, gradient, shared, m, total, step, rate, decay, whole):
    """The gradient of this thread's units, layer by layer and part by part, and at once their update; the gradient
    alone where it is wanted whole.
    """
    theta, stride, per_example = state[THETA], A.shape[1], A.dtype.type(1 / m)
    flat_A, flat_D, own = A.reshape(A.size), D.reshape(D.size), thread * plan.tile
    sizes, squares = 0.0, 0.0
    for l in range(1, layers.size):
        layer, before = layers[l], layers[l - 1]
        n, n_prev = layer.size, before.size
        low, high = _share(thread, plan.n_threads, n)
        at_once = max(1, plan.tile // n_prev)
        for top in range(low, high, at_once):
            bottom = min(top + at_once, high)
            at, size = layer.W + top * n_prev, (bottom - top) * n_prev
            into, of_D = at if whole else own, (layer.unit + top) * stride
            if l > 1:
                product(plan.blas, N, T, bottom - top, n_prev, m, per_example, flat_D, of_D, stride,
                        flat_A, before.unit * stride, stride, gradient, into, n_prev)  # fmt: skip
            elif plan.turned:
                product(plan.blas, N, T, bottom - top, n_prev, m, per_example, flat_D, of_D, stride,
                        source, 0, stride, gradient, into, n_prev)  # fmt: skip
            else:
                product(plan.blas, N, N, bottom - top, n_prev, m, per_example, flat_D, of_D, stride,
                        source, first * n_prev, n_prev, gradient, into, n_prev)  # fmt: skip
            g = gradient[into : into + size]
            if plan.l1 > 0 or plan.l2 > 0:
                found = regularize(theta[at : at + size], g, plan.l1 / total, plan.l2 / total)
                sizes += found[0]
                squares += found[1]
            if plan.clip_value > 0:
                cut(g, plan.clip_value)
            if not whole:
                _move(plan, layer, state, at, g, n_prev, WEIGHTS, step, rate, decay)
        for kind in (BIAS, SCALE):
            begin = layer.b if kind == BIAS else layer.gamma
            if begin < 0 or high == low:
                continue
            into = begin + low if whole else own
            g = gradient[into : into + high - low]
            if layer.normalization == NONE:
                for i in range(low, high):
                    g[i - low] = _sum(D[layer.unit + i], m) * per_example
            else:
                sums = _sums(shared, layers, l, 1)
                for i in range(low, high):
                    found_sum = 0.0
                    for t in range(plan.n_threads):
                        found_sum += sums[t, i + (n if kind == SCALE else 0)]
                    g[i - low] = found_sum / m
            if plan.clip_value > 0:
                cut(g, plan.clip_value)
            if not whole:
                _move(plan, layer, state, begin + low, g, 1, kind, step, rate, decay)
    shared[thread, SIZES], shared[thread, SQUARES] = sizes, squares


@part
def _sum(values, m):
    total = values.dtype.type(0)
    for j in range(m):
        total += values[j]
    return total


@part
def _move(plan, layer, state, at, g, width, kind, step, rate, decay):
    """One run of θ, rows of so many numbers, after its update; with the limit of norms and the average."""
    alpha, end = rate * layer.rates[kind], at + g.size
    keep = 1 - alpha * (decay * layer.decays[kind])
    theta = state[THETA, at:end]
    first = state[FIRST, at:end] if state.shape[0] > FIRST else g
    second = state[SECOND, at:end] if state.shape[0] > SECOND else g
    update(plan.rule, theta, g, first, second, alpha, keep, step, plan.beta1, plan.beta2, plan.epsilon, plan.epsilon_at)
    if kind == WEIGHTS and plan.max_norm > 0:
        limit_norms(theta, width, plan.max_norm)
    if plan.average > 0:
        begins = plan.averaged == 0 and step == plan.steps_done + 1
        average(state[state.shape[0] - 1, at:end], theta, plan.average, begins)


@part
def _clipping(thread, barrier, plan, gradient, shared):
    """By what the whole gradient is to be multiplied, so that its norm is at most clip_norm.

    In parts of the largest entry, whose squares neither overflow nor vanish.
    """
    wait_for_all(barrier, plan.n_threads)
    low, high = _share(thread, plan.n_threads, gradient.size)
    largest = 0.0
    for i in range(low, high):
        largest = max(largest, abs(np.float64(gradient[i])))
    shared[thread, LARGEST] = largest
    wait_for_all(barrier, plan.n_threads)
    for t in range(plan.n_threads):
        largest = max(largest, shared[t, LARGEST])
    squares, measurable = 0.0, 0 < largest < np.inf
    if measurable:
        for i in range(low, high):
            squares += (np.float64(gradient[i]) / largest) ** 2
    shared[thread, NORM] = squares
    wait_for_all(barrier, plan.n_threads)
    squares = 0.0
    for t in range(plan.n_threads):
        squares += shared[t, NORM]
    return min(1.0, plan.clip_norm / largest / np.sqrt(squares)) if measurable else 1.0


@part
def _update_whole(thread, plan, layers, state, gradient, step, rate, decay, share):
    """The update of this thread's units from the whole gradient."""
    scale = gradient.dtype.type(share)
    for l in range(1, layers.size):
        layer = layers[l]
        low, high = _share(thread, plan.n_threads, layer.size)
        for kind in range(3):
            begin = layer.W if kind == WEIGHTS else layer.b if kind == BIAS else layer.gamma
            if begin < 0 or high == low:
                continue
            width = layers[l - 1].size if kind == WEIGHTS else 1
            at, size = begin + low * width, (high - low) * width
            g = gradient[at : at + size]
            for i in range(size):
                g[i] *= scale
            _move(plan, layer, state, at, g, width, kind, step, rate, decay)


@part
def _statistics(plan, layers, statistics, moments, m, step):
    """Running statistics after the batch; where θ is averaged, they are alike."""
    share = MOMENTUM
    if plan.average > 0:
        share = 1.0 if step == 1 else min(MOMENTUM, 1 - plan.average)
    for l in range(1, layers.size):
        if layers[l].normalization == BATCH:
            running(statistics, moments, layers[l].unit, layers[l].size, m, share)
