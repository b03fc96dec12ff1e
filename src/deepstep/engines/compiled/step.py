"""The kernel: all updates of some batches in one call, by threads that are slices of the batch.

Each thread takes its examples through the whole forward and backward pass (`passes`). Then, after a wait,
each thread makes the gradient of its units from all examples, part by part, and updates them while that part
is in its cache (`gradient`). A second wait, and the next batch begins.

Kernels have no annotations: their arguments are arrays, tuples of arrays and rows of tables that `layout`
describes.
"""

import numpy as np

from deepstep.engines.compiled import calls
from deepstep.engines.compiled.jit import kernel, part
from deepstep.engines.compiled.layout import LOSS, SIZES, SQUARES, WEIGHT, Batch
from deepstep.engines.compiled.machine import as_before, assemble, run, wait_for_all, without_denormals
from deepstep.engines.compiled.passes import losses
from deepstep.engines.compiled.updates import steps_show_denormals


@kernel
def train(
    thread, barrier, plans, layers, parameters, levels, data, state, statistics, progress, work, moments,
    matrices, scaled, bent, embedded, rates, costs, sizes,
):  # fmt: skip
    """Do the updates of some batches; costs get J before each, sizes the number of examples.

    A batch whose cost is not finite is the last one and is not updated with: the state is that before it. A
    batch without weight is left out. The rows of state are θ, the vectors of the update rule and the moving
    average; those of rates are α and the factors of weight decay and dropout.
    """
    # progress, the number of updates done and whether there is a moving average, changes here with the state:
    # no interruption of Python can find the one without the other.
    plan, theta = plans[0], state[0]
    if not assemble(barrier, plan.n_threads):
        return
    control = without_denormals(not steps_show_denormals(plan))
    n_threads, step, stride = plan.n_threads, plan.steps_done, work.rows.shape[1]
    members = layers[layers.size - 1].blocks
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
        columns = members * m
        size = -(-columns // (16 * n_threads)) * 16  # whole vectors: no two threads write one cache line
        low = thread * size if thread * size < columns else columns
        high = low + size if low + size < columns else columns
        batch = Batch(columns, m, total, low, high, stride, step, rates[0, k], rates[1, k], rates[2, k])
        as_it_is = data.order.size == 0 and plan.turned == 0
        source, first = (data.X, start) if as_it_is else (work.inputs, 0)
        if k == 0 or plan.batch_size < plan.m or data.order.size > plan.m:
            _gather(plan, layers, data, work, batch, start)
        last = high if high < m else m  # the columns of the first member are embedded, for all
        if plan.embed != 0 and low < last:
            calls.embed(plan.embed, (embedded, theta, work.inputs, stride, low, last))
        if scaled.size:
            calls.scale_weights(plan.scale_weights, (thread, plan, layers, theta, scaled))
            wait_for_all(barrier, n_threads)
        net = thread, barrier, plan, layers
        calls.forward(plan.forward, (*net, theta, source, first, work, moments, scaled, bent, batch))
        losses(plan, layers, levels, data.weight.size > 0, work, batch)
        calls.backward(plan.backward, (*net, theta, work, moments, scaled, bent, embedded, batch))
        wait_for_all(barrier, n_threads)
        cost = _sum_exactly(work.rows[LOSS], columns) / columns
        if thread == 0:
            costs[k], sizes[k] = cost, m
        if not np.isfinite(cost):
            break
        net = thread, plan, layers, parameters
        calls.gradient(plan.gradient, (*net, state, source, first, work, moments, scaled, bent, batch))
        if scaled.size:
            wait_for_all(barrier, n_threads)  # every thread has read s
            of = thread, plan, layers, parameters, state, work, scaled, batch
            calls.gradient_of_the_scale(plan.gradient_of_the_scale, of)
        if plan.embed != 0:
            if low < last:
                through = embedded, theta, work.inputs, members, m, stride, low, last
                calls.through_the_stages(plan.through_the_stages, through)
            wait_for_all(barrier, n_threads)
            found = thread, plan, embedded, work.inputs, work.gradient, batch
            calls.gradients_of_stages(plan.gradients_of_stages, found)
        if plan.whole != 0 and plan.only_gradient == 0:
            whole = thread, barrier, plan, parameters, state, work, matrices, batch
            calls.update_whole(plan.update_whole, whole)
        if plan.run_along != 0 and thread == 0 and plan.only_gradient == 0:
            calls.run_along(plan.run_along, (plan, layers, statistics, moments, m, step))
        wait_for_all(barrier, n_threads)
        if thread == 0 and plan.only_gradient == 0:
            progress[0] = step
            progress[1] = 1 if plan.ema_decay > 0 else 0
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
    """Inputs, targets and weights (scaled to mean 1) of this thread's columns of a batch; inputs once for all
    members, which then wait for each other.
    """
    n_x, n_y, stride = plan.n_x, layers[layers.size - 1].size, batch.stride
    for j in range(batch.low, batch.high):
        example = j % batch.examples
        row = data.order[start + example] if data.order.size else start + example
        if j >= batch.examples:
            pass
        elif plan.turned:
            for i in range(n_x):
                work.inputs[(plan.inputs + i) * stride + j] = data.X[row * n_x + i]
        elif data.order.size:
            into, of = run(work.inputs, j * n_x, n_x), run(data.X, row * n_x, n_x)
            for i in range(n_x):
                into[i] = of[i]
        for i in range(n_y):
            work.targets[i * stride + j] = data.Y[row * n_y + i]
        if data.weight.size:
            work.rows[WEIGHT, j] = np.float64(data.weight[row]) * batch.examples / batch.total


@part
def _sum_exactly(loss, m):
    """The sum of the losses in float64, in one order whatever the number of threads is."""
    total = 0.0
    for j in range(m):
        total += np.float64(loss[j])
    return total
