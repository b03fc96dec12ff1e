"""The gradient of one thread's units from all examples, and the update with it."""

import numpy as np

from deepstep.engines.compiled import calls
from deepstep.engines.compiled.calls import part
from deepstep.engines.compiled.layout import (
    BIAS,
    INPUTS,
    LARGEST,
    NONE,
    NORM,
    SCALE,
    SIZES,
    SQUARES,
    WEIGHTS,
)
from deepstep.engines.compiled.machine import (
    START,
    N,
    T,
    largest_of_threads,
    product,
    run,
    sum_of_threads,
    wait_for_all,
)
from deepstep.engines.compiled.normalization import BACK, sums_of
from deepstep.engines.compiled.updates import cut, move

AT_ONCE = 1024
"""Numbers that are added up in their own precision."""
LEAST_FACTOR = 1e-30  # in float32 smaller ones vanish


@calls.routine("gradient")
def gradient_and_update(thread, plan, layers, parameters, state, source, first, work, batch):
    """The gradient of this thread's units, by tiles of W, then b, gamma; and at once their update."""
    theta, per_example, gradient = state[0], state.dtype.type(1 / batch.m), work.gradient
    m, stride, step, shared, scaled = batch.m, batch.stride, batch.step, work.shared, work.scaled
    shared[thread, SIZES], shared[thread, SQUARES] = 0.0, 0.0
    for l in range(1, layers.size):
        layer, n_prev = layers[l], layers[l - 1].size
        low = layer.size * thread // plan.n_threads
        high = layer.size * (thread + 1) // plan.n_threads
        at_once = plan.tile // n_prev
        at_once = at_once if at_once > 1 else 1
        n_tiles = -(-(high - low) // at_once)
        for number in range(n_tiles + 2 if high > low else 0):
            after = number - n_tiles
            kind = WEIGHTS if after < 0 else (BIAS, SCALE)[after]
            begins = layer.b if kind == BIAS else layer.gamma
            if kind != WEIGHTS and begins < 0:
                continue
            if kind == WEIGHTS:
                top = low + number * at_once
                bottom = top + at_once if top + at_once < high else high
                offset, count = layer.W + top * n_prev, (bottom - top) * n_prev
            else:
                offset, count = begins + low, high - low
            # a thread has room for a tile of the gradient, unless all of it is kept, where it lies as θ does
            into = offset if plan.complete else thread * plan.tile
            if kind == WEIGHTS:
                begin = (layer.unit + top) * stride
                if l > 1:
                    B, start, ldb, turn = work.A, layers[l - 1].unit * stride, stride, T
                elif plan.turned:
                    B, start, ldb, turn = source, START, stride, T
                else:
                    B, start, ldb, turn = source, first * n_prev, n_prev, N
                shape, dZ, A_prev = (bottom - top, n_prev, m), (work.D, begin, stride), (B, start, ldb)
                dW = gradient, into, n_prev
                if scaled.size and l == 1:
                    dW = scaled, top * n_prev, n_prev
                product(plan.blas, per_example, shape, N, dZ, turn, A_prev, dW)
                if scaled.size and l == 1:
                    weights = theta, offset, layers, n_prev, gradient, into, count, scaled
                    calls.through_the_scale(plan.through_the_scale, weights)
                if plan.l1 > 0 or plan.l2 > 0:
                    terms = thread, plan, theta, offset, gradient, into, count, batch.total, shared
                    calls.regularize(plan.regularize, terms)
            elif layer.normalization != NONE:
                # the sums for gamma follow those for b
                sums, column = sums_of(work, layers, l, BACK), layer.size if kind == SCALE else START
                for i in range(low, high):
                    gradient[into + i - low] = sum_of_threads(sums, i + column) / m
            else:
                for i in range(low, high):
                    gradient[into + i - low] = sum_of(work.D, (layer.unit + i) * stride, m) * per_example
            cut(plan, gradient, into, count)
            if not plan.complete:
                parameter = parameters[layer.rows[kind]]
                move(plan, parameter, state, offset, gradient, into, count, step, batch.rate, batch.decay)


@calls.routine("scale_weights")
def scale_weights(thread, plan, layers, theta, scaled):
    """W_s1 := W1 ∘ s1ᵀ, of this thread's units."""
    layer, n_x = layers[1], layers[0].size
    low, high = layer.size * thread // plan.n_threads, layer.size * (thread + 1) // plan.n_threads
    s = run(theta, layer.s, n_x)
    for i in range(low, high):
        w, product_ = run(theta, layer.W + i * n_x, n_x), run(scaled, i * n_x, n_x)
        for j in range(n_x):
            product_[j] = w[j] * s[j]


@calls.routine("through_the_scale")
def through_the_scale(theta, offset, layers, n_x, gradient, into, count, scaled):
    """For some rows: from dW_s1, in ``scaled``, to dW1; and there W1 ∘ dW_s1. W1 begins θ."""
    s = run(theta, layers[1].s, n_x)
    for begin in range(0, count, n_x):
        w, g = run(theta, offset + begin, n_x), run(gradient, into + begin, n_x)
        dW_s = run(scaled, offset + begin, n_x)
        for j in range(n_x):
            g[j] = dW_s[j] * s[j]
            dW_s[j] *= w[j]


@calls.routine("gradient_of_the_scale")
def gradient_of_the_scale(thread, plan, layers, parameters, state, work, batch):
    """ds1 of this thread's inputs, from all units in order; and the update with it."""
    n, n_x, gradient = layers[1].size, layers[0].size, work.gradient
    low, high = n_x * thread // plan.n_threads, n_x * (thread + 1) // plan.n_threads
    offset, count = layers[1].s + low, high - low
    into = offset if plan.complete else thread * plan.tile
    g = run(gradient, into, count)
    for j in range(count):
        g[j] = 0
    for i in range(n):
        product_ = run(work.scaled, i * n_x + low, count)
        for j in range(count):
            g[j] += product_[j]
    cut(plan, gradient, into, count)
    if not plan.complete:
        parameter, step = parameters[layers[1].rows[INPUTS]], batch.step
        move(plan, parameter, state, offset, gradient, into, count, step, batch.rate, batch.decay)


@part
def sum_of(values, begin, count):
    """The sum of a run, short sums of it in float64: a million numbers in float32 would lose digits."""
    total = 0.0
    for first in range(0, count, AT_ONCE):
        piece, subtotal = run(values, begin + first, min(AT_ONCE, count - first)), values.dtype.type(0)
        for j in range(piece.size):
            subtotal += piece[j]
        total += np.float64(subtotal)
    return total


@part
def _clipping(thread, barrier, plan, work):
    """A factor that brings the gradient's norm to clip_norm, and how often: its root, where it would be 0."""
    n_threads, gradient, shared = plan.n_threads, work.gradient, work.shared
    if plan.clip_norm == 0:
        return 1.0, 0
    low, high = gradient.size * thread // n_threads, gradient.size * (thread + 1) // n_threads
    largest, squares = 0.0, 0.0
    for i in range(low, high):
        size = abs(np.float64(gradient[i]))
        largest = size if size > largest else largest
    shared[thread, LARGEST] = largest
    wait_for_all(barrier, n_threads)
    largest = largest_of_threads(shared, LARGEST)
    if not 0 < largest < np.inf:
        return 1.0, 0
    for i in range(low, high):
        squares += (np.float64(gradient[i]) / largest) ** 2
    shared[thread, NORM] = squares
    wait_for_all(barrier, n_threads)
    limit = plan.clip_norm / np.sqrt(sum_of_threads(shared, NORM))  # of the largest entry
    if limit < LEAST_FACTOR * largest:
        return np.sqrt(limit) / np.sqrt(largest), 2
    return limit / largest, 1 if limit < largest else 0


@calls.routine("update_whole")
def update_whole(thread, barrier, plan, parameters, state, work, batch):
    """The update of this thread's part of each parameter."""
    wait_for_all(barrier, plan.n_threads)
    gradient = work.gradient
    factor, times = _clipping(thread, barrier, plan, work)
    scale = gradient.dtype.type(factor)
    for parameter in parameters:
        low, high = parameter.size * thread // plan.n_threads, parameter.size * (thread + 1) // plan.n_threads
        offset, count = parameter.offset + low, high - low
        for _ in range(times):
            for i in range(offset, offset + count):
                gradient[i] *= scale
        move(plan, parameter, state, offset, gradient, offset, count, batch.step, batch.rate, batch.decay)
