"""The kernel: all updates of some batches in one call, by threads that are slices of the batch.

Each thread takes its examples through the whole forward and backward pass. Then, after a wait,
each thread makes the gradient of its units from all examples, part by part, and updates them while that part
is in its cache (`gradient`). A second wait, and the next batch begins.

Kernels have no annotations: their arguments are arrays, tuples of arrays and rows of tables that `layout`
describes.
"""

import numpy as np

from deepstep.engines.compiled import calls
from deepstep.engines.compiled.calls import kernel, part
from deepstep.engines.compiled.layout import LOSS, NONE, RELU, ROOM, SIZES, SQUARES, WEIGHT, Batch
from deepstep.engines.compiled.machine import (
    START,
    N,
    T,
    as_before,
    assemble,
    product,
    run,
    wait_for_all,
    without_denormals,
)
from deepstep.engines.compiled.updates import steps_show_denormals


@calls.routine("forward")
def forward_pass(thread, barrier, plan, layers, theta, source, first, work, batch):
    """Activations of all layers and the logits, with g′(Z) where an activation does not show it."""
    # A has a row of ``stride`` numbers for each unit of all layers; this thread's columns are low to high
    unity, A, stride, scaled = theta.dtype.type(1), work.A, batch.stride, work.scaled
    low, high = batch.low, batch.high
    for l in range(1, layers.size):
        layer, n_prev = layers[l], layers[l - 1].size
        n, offset = layer.size, layer.unit * stride
        if low < high:
            if l > 1:
                B, begin, ldb, turn = A, layers[l - 1].unit * stride + low, stride, N
            elif plan.turned:
                B, begin, ldb, turn = source, low, stride, N
            else:
                B, begin, ldb, turn = source, (first + low) * n_prev, n_prev, T
            shape, Z = (n, high - low, n_prev), (A, offset + low, stride)
            W, at_W = (scaled, START) if scaled.size and l == 1 else (theta, layer.W)
            product(plan.blas, unity, shape, N, (W, at_W, n_prev), turn, (B, begin, ldb), Z)
        if layer.normalization != NONE:
            calls.normalize(layer.forth, (thread, barrier, layers, l, work, theta, batch))
        if l == layers.size - 1:
            for i in range(n):
                a, bias = run(A, offset + i * stride + low, high - low), theta[layer.b + i]
                for j in range(a.size):
                    a[j] += bias
            continue
        calls.activate(layer.activate, (A, offset, stride, n, low, high, theta, layer.b, work.D))
        if layer.drop * batch.dropout > 0:
            keep = 1 - layer.drop * batch.dropout
            units = A, work.D, offset, stride, n, low, high, keep, plan.seed, batch.step, l
            calls.drop(plan.drop, (*units, work.rows[ROOM]))


@part
def losses(plan, layers, levels, weighted, work, batch):
    """dZL, and the loss of each example with its weight."""
    layer, rows, stride = layers[layers.size - 1], work.rows, batch.stride
    n, offset = layer.size, layer.unit * stride
    calls.loss(plan.loss, (plan, levels, work, offset, n, batch))
    if weighted:
        for j in range(batch.low, batch.high):
            rows[LOSS, j] *= rows[WEIGHT, j]
        for i in range(n):
            begin = offset + i * stride
            for j in range(batch.low, batch.high):
                work.D[begin + j] *= rows[WEIGHT, j]


@part
def through_the_weights(plan, weights, at_W, layer, n_prev, D, into, begin, batch):
    """dA of the layer before = Wᵀ·dZ, of this thread's columns."""
    low, stride, unity = batch.low, batch.stride, weights.dtype.type(1)
    shape, dZ = (n_prev, batch.high - low, layer.size), (D, layer.unit * stride + low, stride)
    product(plan.blas, unity, shape, T, (weights, at_W, n_prev), N, dZ, (into, begin + low, stride))


@calls.routine("backward")
def backward_pass(thread, barrier, plan, layers, theta, work, embedded, batch):
    """dZ of all hidden layers (dU of normalized ones) from dZL."""
    zero, scaled = theta.dtype.type(0), work.scaled
    A, D, S, stride, low, high = work.A, work.D, work.S, batch.stride, batch.low, batch.high
    for l in range(layers.size - 1, 0, -1):
        layer, n_prev = layers[l], layers[l - 1].size
        if layer.normalization != NONE:
            calls.normalize(layer.back, (thread, barrier, layers, l, work, theta, batch))
        if low >= high:
            continue
        if l == 1:
            if plan.embed != 0:
                weights, at_W = (scaled, START) if scaled.size else (theta, layer.W)
                through_the_weights(plan, weights, at_W, layer, n_prev, D, embedded.room, START, batch)
            continue
        before = layers[l - 1].unit * stride
        shown = layers[l - 1].activation == RELU
        into, begin = (D, before) if shown else (S, START)
        through_the_weights(plan, theta, layer.W, layer, n_prev, D, into, begin, batch)
        for i in range(n_prev):
            d = run(D, before + i * stride + low, high - low)
            if shown:
                a = run(A, before + i * stride + low, high - low)
                for j in range(a.size):
                    d[j] = d[j] if a[j] > zero else zero
            else:
                s = run(S, i * stride + low, high - low)
                for j in range(s.size):
                    d[j] = s[j] * d[j] if s[j] != zero else zero


@kernel
def train(
    thread, barrier, plans, layers, parameters, levels, data, state, statistics, progress, work,
    embedded, rates, costs, sizes,
):  # fmt: skip
    """Do the updates of some batches; costs get J before each, sizes the number of examples.

    A batch whose cost is not finite is the last one and is not updated with: the state is that before it. A
    batch without weight is left out. The rows of state are θ and the vectors of the update rule; those of
    rates are α and the factors of weight decay and dropout.
    """
    # progress, the number of updates done, changes here with the state: no interruption of Python can find
    # the one without the other.
    plan, theta, scaled = plans[0], state[0], work.scaled
    if not assemble(barrier, plan.n_threads):
        return
    control = without_denormals(not steps_show_denormals(plan))
    n_threads, step, stride = plan.n_threads, plan.steps_done, work.rows.shape[1]
    for k in range(costs.size):
        epoch, number = divmod(plan.first_batch + k, -(-plan.m // plan.batch_size))
        start = number * plan.batch_size
        m = min(plan.batch_size, plan.m - start)
        if data.order.size:
            start += epoch * plan.m  # the orders of epochs follow each other
        total = _total(data, start, m)
        if total == 0:
            continue
        step += 1
        size = -(-m // (16 * n_threads)) * 16  # whole vectors: no two threads write one cache line
        low = thread * size if thread * size < m else m
        high = low + size if low + size < m else m
        batch = Batch(m, total, low, high, stride, step, rates[0, k], rates[1, k], rates[2, k])
        as_it_is = data.order.size == 0 and plan.turned == 0
        source, first = (data.X, start) if as_it_is else (work.inputs, 0)
        if k == 0 or plan.batch_size < plan.m or data.order.size > plan.m:
            _gather(plan, layers, data, work, batch, start)
        if plan.embed != 0 and low < high:
            calls.embed(plan.embed, (embedded, theta, work.inputs, stride, low, high))
        if scaled.size:
            calls.scale_weights(plan.scale_weights, (thread, plan, layers, theta, scaled))
            wait_for_all(barrier, n_threads)
        net = thread, barrier, plan, layers
        calls.forward(plan.forward, (*net, theta, source, first, work, batch))
        losses(plan, layers, levels, data.weight.size > 0, work, batch)
        calls.backward(plan.backward, (*net, theta, work, embedded, batch))
        wait_for_all(barrier, n_threads)
        cost = _sum_exactly(work.rows[LOSS], m) / m
        if thread == 0:
            costs[k], sizes[k] = cost, m
        if not np.isfinite(cost):
            break
        net = thread, plan, layers, parameters
        calls.gradient(plan.gradient, (*net, state, source, first, work, batch))
        if scaled.size:
            wait_for_all(barrier, n_threads)  # every thread has read s
            arguments = thread, plan, layers, parameters, state, work, batch
            calls.gradient_of_the_scale(plan.gradient_of_the_scale, arguments)
        if plan.embed != 0:
            if low < high:
                through = embedded, theta, work.inputs, stride, low, high
                calls.through_the_stages(plan.through_the_stages, through)
            wait_for_all(barrier, n_threads)
            room = thread, plan, embedded, work.inputs, work.gradient, batch
            calls.gradients_of_stages(plan.gradients_of_stages, room)
        if plan.complete != 0 and plan.only_gradient == 0:
            updated = thread, barrier, plan, parameters, state, work, batch
            calls.update_whole(plan.update_whole, updated)
        if plan.run_along != 0 and thread == 0 and plan.only_gradient == 0:
            calls.run_along(plan.run_along, (layers, statistics, work.moments, m))
        wait_for_all(barrier, n_threads)
        if thread == 0 and plan.only_gradient == 0:
            progress[0] = step
        if thread == 0 and (plan.l1 > 0 or plan.l2 > 0):
            for t in range(n_threads):
                by_size, by_square = work.shared[t, SIZES], work.shared[t, SQUARES]
                costs[k] += plan.l1 / total * by_size + plan.l2 / (2 * total) * by_square
    as_before(control)
    wait_for_all(barrier, n_threads)  # whoever comes back finds that nobody looks at the batch any more


@part
def _total(data, start, m):
    """The number of examples of a batch, or the sum of their weights."""
    total = np.float64(m)
    if data.weight.size:
        total = 0.0
        for j in range(start, start + m):
            total += np.float64(data.weight[data.order[j] if data.order.size else j])
    return total


@part
def _gather(plan, layers, data, work, batch, start):
    """Inputs, targets and weights of mean 1 of this thread's columns of a batch."""
    n_x, n_y, stride = plan.n_x, layers[layers.size - 1].size, batch.stride
    for j in range(batch.low, batch.high):
        row = data.order[start + j] if data.order.size else start + j
        if plan.turned:
            for i in range(n_x):
                work.inputs[(plan.inputs + i) * stride + j] = data.X[row * n_x + i]
        elif data.order.size:
            target, source = run(work.inputs, j * n_x, n_x), run(data.X, row * n_x, n_x)
            for i in range(n_x):
                target[i] = source[i]
        for i in range(n_y):
            work.targets[i * stride + j] = data.Y[row * n_y + i]
        if data.weight.size:
            work.rows[WEIGHT, j] = np.float64(data.weight[row]) * batch.m / batch.total


@part
def _sum_exactly(loss, m):
    """The sum of the losses in float64, in one order whatever the number of threads is."""
    total = 0.0
    for j in range(m):
        total += np.float64(loss[j])
    return total
