"""The forward and the backward pass of one thread's examples, and their losses between the two."""

from deepstep.engines.compiled import calls
from deepstep.engines.compiled.jit import part
from deepstep.engines.compiled.layout import LOSS, NONE, RELU, ROOM, WEIGHT
from deepstep.engines.compiled.machine import START, N, T, product, run


@calls.routine("forward")
def forward_pass(
    thread, barrier, plan, layers, theta, source, first, work, moments, scaled, bent, batch
):  # fmt: skip
    """Activations of all layers and the logits, with g′(Z) where an activation does not show it."""
    one, A, stride = theta.dtype.type(1), work.A, batch.stride
    low, high = batch.low, batch.high
    for l in range(1, layers.size):
        layer, n_prev = layers[l], layers[l - 1].size
        n, at = layer.size, layer.unit * stride
        each = batch.m // layer.blocks
        for k in range(layer.blocks):
            left, right = max(low, k * each), min(high, (k + 1) * each)
            if left >= right:
                continue
            if l > 1:
                B, begin, ldb, turn = A, layers[l - 1].unit * stride + left, stride, N
            elif plan.turned:
                B, begin, ldb, turn = source, left - k * each, stride, N
            else:
                B, begin, ldb, turn = source, (first + left - k * each) * n_prev, n_prev, T
            shape, Z = (n, right - left, n_prev), (A, at + left, stride)
            W, at_W = theta, layer.W + k * n * n_prev
            if scaled.size and l == 1:
                W, at_W = scaled, k * n * n_prev
            product(plan.blas, one, shape, N, (W, at_W, n_prev), turn, (B, begin, ldb), Z)
        if layer.normalization != NONE:
            calls.normalize(layer.forth, (thread, barrier, layers, l, work, moments, theta, batch))
        if l == layers.size - 1:
            for i in range(n):
                for k in range(layer.blocks):
                    left, right = max(low, k * each), min(high, (k + 1) * each)
                    a, bias = (
                        run(A, at + i * stride + left, max(right - left, START)),
                        theta[layer.b + k * n + i],
                    )
                    for j in range(a.size):
                        a[j] += bias
            continue
        if layer.alpha >= 0:
            units = A, at, stride, n, low, high, theta, layer.b, layer.alpha, work.D, bent
            calls.bend(plan.bend, (layer.activate, *units))
        else:
            calls.activate(layer.activate, (A, at, stride, n, low, high, theta, layer.b, work.D))
        if layer.drop * batch.dropout > 0:
            keep = 1 - layer.drop * batch.dropout
            units = A, work.D, bent, at, stride, n, low, high, keep, plan.seed, batch.step, l
            calls.drop(plan.drop, (*units, work.rows[ROOM]))


@part
def losses(plan, layers, levels, weighted, work, batch):
    """dZL, and the loss of each example with its weight."""
    layer, rows, stride = layers[layers.size - 1], work.rows, batch.stride
    n, at = layer.size, layer.unit * stride
    calls.loss(plan.loss, (plan, levels, work, at, n, batch))
    if weighted:
        for j in range(batch.low, batch.high):
            rows[LOSS, j] *= rows[WEIGHT, j]
        for i in range(n):
            begin = at + i * stride
            for j in range(batch.low, batch.high):
                work.D[begin + j] *= rows[WEIGHT, j]


@part
def through_the_weights(plan, weights, at_W, layer, n_prev, D, into, begin, batch):
    """dA of the layer before = Wᵀ·dZ, of this thread's columns: of each member by its own W."""
    each, stride, one = batch.m // layer.blocks, batch.stride, weights.dtype.type(1)
    for k in range(layer.blocks):
        left, right = max(batch.low, k * each), min(batch.high, (k + 1) * each)
        if left < right:
            shape, dZ = (n_prev, right - left, layer.size), (D, layer.unit * stride + left, stride)
            W = weights, at_W + k * layer.size * n_prev, n_prev
            product(plan.blas, one, shape, T, W, N, dZ, (into, begin + left, stride))


@calls.routine("backward")
def backward_pass(thread, barrier, plan, layers, theta, work, moments, scaled, bent, embedded, batch):
    """dZ of all hidden layers (dU of normalized ones) from dZL; and dA ∘ (g(Z) - Z) where α is learned."""
    zero = theta.dtype.type(0)
    A, D, S, stride, low, high = work.A, work.D, work.S, batch.stride, batch.low, batch.high
    for l in range(layers.size - 1, 0, -1):
        layer, n_prev = layers[l], layers[l - 1].size
        if layer.normalization != NONE:
            calls.normalize(layer.back, (thread, barrier, layers, l, work, moments, theta, batch))
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
                if bent.size:
                    e = run(bent, before + i * stride + low, high - low)
                    for j in range(s.size):
                        e[j] = s[j] * e[j] if s[j] != zero else zero
                for j in range(s.size):
                    d[j] = s[j] * d[j] if s[j] != zero else zero
