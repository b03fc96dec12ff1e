"""Embeddings of the inputs: stages that write what layer 1 reads, and the gradients of their parameters.

Everything that stages read and write lies in a room of rows, one for each number of an example; the rows that
layer 1 reads come first. The derivatives lie in a room of the same form.
"""

from math import pi

import numpy as np

from deepstep.engines.compiled import calls
from deepstep.engines.compiled.calls import ORDERED, part
from deepstep.engines.compiled.gradient import sum_of
from deepstep.engines.compiled.layout import COSINES, MAPS
from deepstep.engines.compiled.machine import START, N, T, product, run
from deepstep.engines.compiled.mathematics import cosine_and_sine
from deepstep.engines.compiled.updates import cut


@calls.routine("embed", order=ORDERED)
def embed(embedded, theta, room, stride, low, high):
    """Everything that the stages write, for the examples from low to high."""
    stages, picks = embedded.stages, embedded.picks
    k, number = high - low, theta.dtype.type
    turn = number(2 * pi)
    for stage in stages:
        each, chosen = stage.each, run(picks, stage.picks, stage.count)
        if stage.kind == COSINES:
            sines = stage.writes + stage.count * each
            for i in range(stage.count):
                x = run(room, (stage.reads + chosen[i]) * stride + low, k)
                for e in range(i * each, (i + 1) * each):
                    c = run(room, (stage.writes + e) * stride + low, k)
                    s = run(room, (sines + e) * stride + low, k)
                    omega, phi = theta[stage.first + e], theta[stage.second + e]
                    for j in range(k):
                        turns = omega * x[j]
                        c[j], s[j] = cosine_and_sine(turn * (turns - np.rint(turns)) + phi)
        else:
            _copy(room, stage.reads, stage.writes, stage.n, stride, low, k)
            for r in range(stage.count * stage.d):
                out = run(room, (stage.writes + stage.n + r) * stride + low, k)
                for j in range(k):
                    out[j] = theta[stage.second + r]
                for e in range(each):
                    c = run(room, (stage.cosines + r // stage.d * each + e) * stride + low, k)
                    v = theta[stage.first + r * each + e]
                    for j in range(k):
                        out[j] += v * c[j]


@calls.routine("embed_rows", order=ORDERED)
def embed_rows(layers, embedded, theta, X, low, count, stride):
    """Inputs of layer 1 for some rows, at the beginning of the room; with factors of the inputs."""
    stages, room = embedded.stages, embedded.room
    n_x, first = stages[0].n, stages[0].reads
    for i in range(n_x):
        for j in range(count):
            room[(first + i) * stride + j] = X[(low + j) * n_x + i]
    embed(embedded, theta, room, stride, START, count)
    for i in range(layers[0].size if layers[1].s >= 0 else 0):
        factor = theta[layers[1].s + i]
        for j in range(count):
            room[i * stride + j] *= factor


@calls.routine("through_the_stages", order=ORDERED)
def through_the_stages(embedded, theta, room, stride, low, high):
    """From the derivatives by what layer 1 reads to those by cosines, and by angles."""
    stages, d, k = embedded.stages, embedded.room, high - low
    for number in range(stages.size - 1, -1, -1):
        stage = stages[number]
        each = stage.each
        if stage.kind == MAPS:
            for e in range(stage.count * each):
                dc = run(d, (stage.cosines + e) * stride + low, k)
                for j in range(k):
                    dc[j] = 0
                for r in range(e // each * stage.d, (e // each + 1) * stage.d):
                    out = run(d, (stage.writes + stage.n + r) * stride + low, k)
                    v = theta[stage.first + r * each + e % each]
                    for j in range(k):
                        dc[j] += v * out[j]
        else:
            for e in range(stage.count * each):
                dp = run(d, (stage.writes + e) * stride + low, k)
                s = run(room, (stage.writes + stage.count * each + e) * stride + low, k)
                for j in range(k):
                    dp[j] *= -s[j]


@calls.routine("gradients_of_stages")
def gradients_of_stages(thread, plan, embedded, room, gradient, batch):
    """The gradient by the parameters of this thread's inputs, from all examples."""
    stages, picks, d = embedded.stages, embedded.picks, embedded.room
    stride, m = batch.stride, batch.m
    per_example = gradient.dtype.type(1 / batch.m)
    for stage in stages:
        each, chosen = stage.each, run(picks, stage.picks, stage.count)
        low, high = stage.count * thread // plan.n_threads, stage.count * (thread + 1) // plan.n_threads
        if stage.kind == COSINES:
            turn = gradient.dtype.type(2 * pi) * per_example
            for e in range(low * each, high * each):
                x = (stage.reads + chosen[e // each]) * stride
                dp = (stage.writes + e) * stride
                gradient[stage.second + e] = sum_of(d, dp, m) * per_example
                for j in range(m):
                    d[dp + j] *= room[x + j]
                gradient[stage.first + e] = sum_of(d, dp, m) * turn
            cut(plan, gradient, stage.first + low * each, (high - low) * each)
            cut(plan, gradient, stage.second + low * each, (high - low) * each)
        else:
            for i in range(low, high):
                row, shape = stage.writes + stage.n + i * stage.d, (stage.d, each, m)
                C = room, (stage.cosines + i * each) * stride, stride
                into = gradient, stage.first + i * stage.d * each, each
                product(plan.blas, per_example, shape, N, (d, row * stride, stride), T, C, into)
                for r in range(stage.d):
                    gradient[stage.second + i * stage.d + r] = sum_of(d, (row + r) * stride, m) * per_example
            rows = (high - low) * stage.d
            cut(plan, gradient, stage.first + low * stage.d * each, rows * each)
            cut(plan, gradient, stage.second + low * stage.d, rows)


@part
def _copy(room, source, target, n, stride, low, k):
    for r in range(n):
        a, b = run(room, (source + r) * stride + low, k), run(room, (target + r) * stride + low, k)
        for j in range(k):
            b[j] = a[j]
