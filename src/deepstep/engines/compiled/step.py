"""The kernel: all updates of some batches in one call, by threads that are slices of the batch.

Each thread takes its examples through the whole forward and backward pass. Then, after a wait, each thread
makes the gradient of its units from all examples, part by part, and updates them while that part is in its
cache. A second wait, and the next batch begins.

Kernels have no annotations: their arguments are arrays and rows of tables that `layout` describes.
"""

import numpy as np

from deepstep.engines.compiled.activations import RELU, activate
from deepstep.engines.compiled.draws import drop
from deepstep.engines.compiled.gram import first_logits, gradient_by_coordinates
from deepstep.engines.compiled.heads import loss_and_gradient
from deepstep.engines.compiled.jit import kernel, part
from deepstep.engines.compiled.layout import ALONG, BATCH, DEVIATION, LOSS, NONE, ROOM, WEIGHT
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
from deepstep.engines.compiled.normalization import (
    MOMENTUM,
    by_batch,
    by_batch_backward,
    by_layer,
    by_layer_backward,
    running,
)
from deepstep.engines.compiled.updates import average, corrected_share, cut, limit_norms, regularize, update

SIZES, SQUARES, LARGEST, NORM, SUMS = range(5)
"""What a thread tells the others, in `Work.shared`; then the sums of normalized layers."""

WEIGHTS, BIAS, SCALE = range(3)
"""Kinds of parameters, in the tables of factors."""

FORTH, BACK = np.int64(0), np.int64(1)


@kernel
def train(
    thread,
    barrier,
    plans,
    layers,
    levels,
    X,
    Y,
    weight,
    order,
    state,
    statistics,
    progress,
    inputs,
    A,
    D,
    U,
    S,
    targets,
    rows,
    gradient,
    shared,
    moments,
    seldom,
    rates,
    costs,
    sizes,
):
    """Do the updates.

    A batch whose cost is not finite is the last one and is not updated with: the state is that before it. A
    batch without weight is left out.

    Parameters
    ----------
    thread : int
    barrier : array of int64 (BARRIER_SIZE,)
        Zeros.
    plans, layers : arrays of PLAN (1,) and LAYERS (L + 1,)
    levels : array of float64
        Of quantiles.
    X, Y, weight, order : arrays
        The examples, flat, rows one after another; weight and order may be empty.
    state : array of shape (k, n_parameters)
        θ, the vectors of the update rule, the moving average.
    statistics : array of shape (2, units), or None
        Running mean and variance; None where no layer is normalized, and those parts are then not compiled.
    progress : array of int64 (2,)
        Updates done until now, and whether there is a moving average. It changes here with the state, so that
        no interruption of Python can find the one without the other.
    inputs … moments, seldom
        `Work`.
    rates : array of float64 (3, steps)
        α, and the factors of weight decay and dropout.
    costs, sizes : arrays of float64 and int64 (steps,)
        Where J before each update goes, and the number of examples; they begin at NaN and 0.
    """
    plan, theta = plans[0], state[0]
    if not assemble(barrier, plan.n_threads):
        return
    control = without_denormals()
    n_threads, step, stride = plan.n_threads, plan.steps_done, rows.shape[1]
    n_outputs = layers[layers.size - 1].size
    whole = plan.only_gradient != 0 or plan.clip_norm > 0
    for k in range(costs.size):
        start = (plan.first_batch + k) * plan.batch_size if plan.batch_size < plan.m else 0
        m = plan.batch_size if start + plan.batch_size <= plan.m else plan.m - start
        total = _total(weight, order, start, m)
        if total == 0:
            continue
        step += 1
        size = -(-m // (16 * n_threads)) * 16  # whole vectors: no two threads write one cache line
        low = thread * size if thread * size < m else m
        high = low + size if low + size < m else m
        source, first = (X, start) if order.size == 0 and plan.turned == 0 else (inputs, 0)
        if k == 0 or plan.batch_size < plan.m:
            _gather(
                plan,
                layers[0].size,
                n_outputs,
                X,
                Y,
                weight,
                order,
                inputs,
                targets,
                rows,
                stride,
                low,
                high,
                start,
                m,
                total,
            )
        squares = _forward(
            thread,
            barrier,
            plan,
            layers,
            theta,
            source,
            first,
            A,
            D,
            U,
            rows,
            shared,
            moments,
            seldom,
            stride,
            low,
            high,
            m,
            step,
            rates[2, k],
        )
        _loss(
            plan,
            seldom,
            levels,
            layers[layers.size - 1].unit * stride,
            weight.size > 0,
            A,
            D,
            targets,
            n_outputs,
            rows,
            stride,
            low,
            high,
        )
        _backward(
            thread, barrier, plan, layers, theta, A, D, U, S, rows, shared, moments, stride, low, high, m
        )
        wait_for_all(barrier, n_threads)
        cost = _sum_exactly(rows[LOSS], m) / m
        if thread == 0:
            costs[k], sizes[k] = cost, m
        if not np.isfinite(cost):
            break
        _gradient(
            thread,
            plan,
            layers,
            state,
            source,
            first,
            A,
            D,
            gradient,
            shared,
            moments,
            seldom,
            stride,
            m,
            total,
            step,
            rates[0, k],
            rates[1, k],
            whole,
            squares,
        )
        if seldom is not None and plan.clip_norm > 0:
            share = _clipping(thread, barrier, plan, gradient, shared)
            if plan.only_gradient == 0:
                _update_whole(
                    thread, plan, layers, state, gradient, seldom, step, rates[0, k], rates[1, k], share
                )
        if moments is not None and thread == 0 and plan.only_gradient == 0:
            _statistics(plan, layers, statistics, moments, m, step)
        wait_for_all(barrier, n_threads)
        if thread == 0 and plan.only_gradient == 0:
            progress[0] = step
            progress[1] = 1 if plan.average > 0 else 0
        if thread == 0 and (plan.l1 > 0 or plan.l2 > 0):
            for t in range(n_threads):
                costs[k] += plan.l1 / total * shared[t, SIZES] + plan.l2 / (2 * total) * shared[t, SQUARES]
    as_before(control)


@part(once=True)
def _total(weight, order, start, m):
    """The number of examples of a batch, or the sum of their weights."""
    total = np.float64(m)
    if weight.size:
        total = 0.0
        for j in range(start, start + m):
            total += np.float64(weight[order[j] if order.size else j])
    return total


@part(once=True)
def _gather(plan, n_x, n_y, X, Y, weight, order, inputs, targets, rows, stride, low, high, start, m, total):
    """Inputs, targets and weights (scaled to mean 1) of the examples from low to high of a batch."""
    for j in range(low, high):
        row = order[start + j] if order.size else start + j
        if plan.turned:
            for i in range(n_x):
                inputs[i * stride + j] = X[row * n_x + i]
        elif order.size:
            into, of = run(inputs, j * n_x, n_x), run(X, row * n_x, n_x)
            for i in range(n_x):
                into[i] = of[i]
        for i in range(n_y):
            targets[i * stride + j] = Y[row * n_y + i]
        if weight.size:
            rows[WEIGHT, j] = np.float64(weight[row]) * m / total


@part(once=True)
def _forward(
    thread,
    barrier,
    plan,
    layers,
    theta,
    source,
    first,
    A,
    D,
    U,
    rows,
    shared,
    moments,
    seldom,
    stride,
    low,
    high,
    m,
    step,
    factor,
):
    """Activations of all layers and the logits, with g′(Z) where an activation does not show it; gives this
    thread's share of ‖W1‖² where W1 is known by its coordinates, else 0.
    """
    one, squares = theta.dtype.type(1), 0.0
    for l in range(1, layers.size):
        n, n_prev, W, at = layers[l].size, layers[l - 1].size, layers[l].W, layers[l].unit * stride
        n_bases = plan.n_bases if l == 1 else START
        inner = n_prev - n_bases
        if low < high:
            if l > 1:
                B, begin, ldb, turn = A, layers[l - 1].unit * stride + low, stride, N
            elif plan.turned:
                B, begin, ldb, turn = source, low, stride, N
            else:
                B, begin, ldb, turn = source, (first + low) * inner, inner, T
            product(
                plan.blas,
                N,
                turn,
                n,
                high - low,
                inner,
                one,
                theta,
                W,
                n_prev,
                B,
                begin,
                ldb,
                A,
                at + low,
                stride,
            )
            if n_bases > 0:
                squares = first_logits(theta, n, inner, n_bases, source, A, at, stride, low, high)
        if moments is not None:
            if layers[l].normalization == BATCH:
                sums = _sums(shared, layers, l, FORTH)
                by_batch(
                    thread,
                    barrier,
                    sums,
                    A,
                    U,
                    moments,
                    layers[l].unit,
                    n,
                    stride,
                    theta,
                    layers[l].gamma,
                    low,
                    high,
                    m,
                )
            elif layers[l].normalization != NONE:
                by_layer(
                    A,
                    U,
                    at,
                    at,
                    n,
                    stride,
                    rows[DEVIATION + l],
                    rows[ROOM],
                    theta,
                    layers[l].gamma,
                    low,
                    high,
                )
        code, last = layers[l].activation, l == layers.size - 1
        for i in range(n):
            begin, bias = at + i * stride, theta[layers[l].b + i]
            if last:
                a = run(A, begin + low, high - low)
                for j in range(a.size):
                    a[j] += bias
            else:
                activate(code, A, begin + low, begin + high, bias, D)
        if seldom is not None and not last and layers[l].drop * factor > 0:
            drop(A, D, at, stride, n, low, high, 1 - layers[l].drop * factor, plan.seed, step, l)
    return squares


@part(once=True)
def _loss(plan, seldom, levels, at, weighted, A, D, targets, n, rows, stride, low, high):
    """dZL, and the loss of each example with its weight."""
    loss = rows[LOSS]
    loss_and_gradient(
        plan.head,
        seldom,
        A,
        D,
        at,
        stride,
        targets,
        n,
        loss,
        rows[ROOM],
        plan.head_setting,
        levels,
        low,
        high,
    )
    if weighted:
        for j in range(low, high):
            loss[j] *= rows[WEIGHT, j]
        for i in range(n):
            begin = at + i * stride
            for j in range(low, high):
                D[begin + j] *= rows[WEIGHT, j]


@part
def _sum_exactly(loss, m):
    """The sum of the losses in float64, in one order whatever the number of threads is."""
    total = 0.0
    for j in range(m):
        total += np.float64(loss[j])
    return total


@part(once=True)
def _backward(thread, barrier, plan, layers, theta, A, D, U, S, rows, shared, moments, stride, low, high, m):
    """dZ of all hidden layers (dU of normalized ones) from dZL."""
    one, zero = theta.dtype.type(1), theta.dtype.type(0)
    for l in range(layers.size - 1, 0, -1):
        n, n_prev, at = layers[l].size, layers[l - 1].size, layers[l].unit * stride
        if moments is not None:
            if layers[l].normalization == BATCH:
                sums = _sums(shared, layers, l, BACK)
                by_batch_backward(
                    thread,
                    barrier,
                    sums,
                    D,
                    U,
                    moments,
                    layers[l].unit,
                    n,
                    stride,
                    theta,
                    layers[l].gamma,
                    low,
                    high,
                    m,
                )
            elif layers[l].normalization != NONE:
                sums = _sums(shared, layers, l, BACK)
                by_layer_backward(
                    thread,
                    sums,
                    D,
                    U,
                    at,
                    n,
                    stride,
                    rows[DEVIATION + l],
                    rows[ALONG],
                    rows[ROOM],
                    theta,
                    layers[l].gamma,
                    low,
                    high,
                )
        if l == 1 or low >= high:
            continue
        before = layers[l - 1].unit * stride
        shown = layers[l - 1].activation == RELU
        into, begin = (D, before) if shown else (S, START)
        product(
            plan.blas,
            T,
            N,
            n_prev,
            high - low,
            n,
            one,
            theta,
            layers[l].W,
            n_prev,
            D,
            at + low,
            stride,
            into,
            begin + low,
            stride,
        )
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


@part
def _sums(shared, layers, l, way):
    """What threads tell each other of a normalized layer, forth or back: (n_threads, 2 n)."""
    first = SUMS + 2 * (layers[l].unit + way * layers[layers.size - 1].unit)
    return shared[:, first : first + 2 * layers[l].size]


@part(once=True)
def _gradient(
    thread,
    plan,
    layers,
    state,
    source,
    first,
    A,
    D,
    gradient,
    shared,
    moments,
    seldom,
    stride,
    m,
    total,
    step,
    rate,
    decay,
    whole,
    squares,
):
    """The gradient of this thread's units, layer by layer and part by part, and at once their update; the
    gradient alone where it is wanted whole. Parts are tiles of W, then b, then gamma.
    ``squares`` is the share of ‖W1‖² that coordinates have.
    """
    theta, per_example, n_threads = state[0], state.dtype.type(1 / m), plan.n_threads
    sizes = 0.0
    for l in range(1, layers.size):
        n_bases = plan.n_bases if l == 1 else START
        n, n_prev, W, unit = layers[l].size, layers[l - 1].size, layers[l].W, layers[l].unit
        low, high = n * thread // n_threads, n * (thread + 1) // n_threads
        at_once = plan.tile // n_prev
        at_once = at_once if at_once > 1 else 1
        n_tiles = -(-(high - low) // at_once)
        for number in range(n_tiles + 2 if high > low else 0):
            kind = WEIGHTS if number < n_tiles else BIAS if number == n_tiles else SCALE
            if kind == SCALE and layers[l].gamma < 0:
                continue
            if kind == WEIGHTS:
                top = low + number * at_once
                bottom = top + at_once if top + at_once < high else high
                at, count = W + top * n_prev, (bottom - top) * n_prev
            else:
                at, count = (layers[l].b if kind == BIAS else layers[l].gamma) + low, high - low
            into = at if whole else thread * plan.tile
            if kind == WEIGHTS:
                if l > 1:
                    B, begin, ldb, turn = A, layers[l - 1].unit * stride, stride, T
                elif plan.turned:
                    B, begin, ldb, turn = source, START, stride, T
                else:
                    B, begin, ldb, turn = source, first * n_prev, n_prev, N
                if n_bases > 0:
                    gradient_by_coordinates(
                        D,
                        (unit + top) * stride,
                        stride,
                        bottom - top,
                        m,
                        n_bases,
                        per_example,
                        gradient,
                        into,
                    )
                else:
                    product(
                        plan.blas,
                        N,
                        turn,
                        bottom - top,
                        n_prev,
                        m,
                        per_example,
                        D,
                        (unit + top) * stride,
                        stride,
                        B,
                        begin,
                        ldb,
                        gradient,
                        into,
                        n_prev,
                    )
                if plan.l1 > 0 or plan.l2 > 0:
                    found = regularize(theta, at, gradient, into, count, plan.l1 / total, plan.l2 / total)
                    sizes += found[0]
                    squares += found[1] if n_bases == 0 else 0.0
            else:
                for i in range(low, high):
                    if moments is not None and layers[l].normalization != NONE:
                        found_sum = 0.0
                        sums = _sums(shared, layers, l, BACK)
                        for t in range(n_threads):
                            found_sum += sums[t, i + (n if kind == SCALE else 0)]
                        gradient[into + i - low] = found_sum / m
                    else:
                        gradient[into + i - low] = _sum(D, (unit + i) * stride, m) * per_example
            if plan.clip_value > 0:
                cut(gradient, into, count, plan.clip_value)
            if not whole:
                _move(plan, layers, l, state, at, gradient, into, seldom, count, kind, step, rate, decay)
    shared[thread, SIZES], shared[thread, SQUARES] = sizes, squares


@part
def _sum(values, begin, count):
    total, values = values.dtype.type(0), run(values, begin, count)
    for j in range(count):
        total += values[j]
    return total


@part
def _move(plan, layers, l, state, at, gradient, into, seldom, count, kind, step, rate, decay):
    """One run of θ after its update; with the limit of norms and the average."""
    alpha = rate * layers[l].rates[kind]
    keep = 1 - alpha * (decay * layers[l].decays[kind])
    update(
        plan.rule,
        state,
        at,
        gradient,
        into,
        count,
        alpha,
        keep,
        step,
        plan.beta1,
        plan.beta2,
        plan.epsilon,
        plan.epsilon_at,
    )
    if seldom is not None:
        if kind == WEIGHTS and plan.max_norm > 0:
            limit_norms(state[0], at, count, layers[l - 1].size, plan.max_norm)
        if plan.average > 0:
            begins = plan.averaged == 0 and step == plan.steps_done + 1
            average(state, at, count, plan.average, 1 if begins else step)


@part
def _clipping(thread, barrier, plan, gradient, shared):
    """By what the whole gradient is to be multiplied, so that its norm is at most clip_norm.

    In parts of the largest entry, whose squares neither overflow nor vanish.
    """
    n_threads = plan.n_threads
    wait_for_all(barrier, n_threads)
    low, high = gradient.size * thread // n_threads, gradient.size * (thread + 1) // n_threads
    largest, squares = 0.0, 0.0
    for i in range(low, high):
        size = abs(np.float64(gradient[i]))
        largest = size if size > largest else largest
    shared[thread, LARGEST] = largest
    wait_for_all(barrier, n_threads)
    for t in range(n_threads):
        largest = shared[t, LARGEST] if shared[t, LARGEST] > largest else largest
    if not 0 < largest < np.inf:
        return 1.0
    for i in range(low, high):
        squares += (np.float64(gradient[i]) / largest) ** 2
    shared[thread, NORM] = squares
    wait_for_all(barrier, n_threads)
    squares = 0.0
    for t in range(n_threads):
        squares += shared[t, NORM]
    share = plan.clip_norm / largest / np.sqrt(squares)
    return share if share < 1 else 1.0


@part
def _update_whole(thread, plan, layers, state, gradient, seldom, step, rate, decay, share):
    """The update of this thread's units from the whole gradient."""
    scale = gradient.dtype.type(share)
    for l in range(1, layers.size):
        n = layers[l].size
        low, high = n * thread // plan.n_threads, n * (thread + 1) // plan.n_threads
        for kind in range(3):
            begin = layers[l].W if kind == WEIGHTS else layers[l].b if kind == BIAS else layers[l].gamma
            width = layers[l - 1].size if kind == WEIGHTS else 1
            at, count = begin + low * width, (high - low) * width
            if begin < 0:
                continue
            for i in range(at, at + count):
                gradient[i] *= scale
            _move(plan, layers, l, state, at, gradient, at, seldom, count, kind, step, rate, decay)


@part
def _statistics(plan, layers, statistics, moments, m, step):
    """Running statistics after the batch; where θ is averaged, they are alike."""
    share = MOMENTUM
    if plan.average > 0:
        share = corrected_share(max(1 - MOMENTUM, plan.average), step)
    for l in range(1, layers.size):
        if layers[l].normalization == BATCH:
            running(statistics, moments, layers[l].unit, layers[l].size, m, share)
