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
        each, chosen = stage.each, run(picks, stage.picks, 2 * stage.count)
        if stage.kind == COSINES:
            sines = stage.writes + stage.count * each
            for i in range(stage.count):
                x = run(room, (stage.reads + chosen[i]) * stride + low, k)
                for e in range(i * each, (i + 1) * each):
                    c, s = (
                        run(room, (stage.writes + e) * stride + low, k),
                        run(room, (sines + e) * stride + low, k),
                    )
                    omega, phi = theta[stage.first + e], theta[stage.second + e]
                    for j in range(k):
                        turns = omega * x[j]
                        c[j], s[j] = cosine_and_sine(turn * (turns - np.rint(turns)) + phi)
        elif stage.kind == MAPS:
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
        else:
            into = _copy_others(room, stage, chosen, stage.reads, stage.writes, stride, low, k)
            start = stage.first
            for i in range(stage.count):
                x, limit = run(room, (stage.reads + chosen[i]) * stride + low, k), chosen[stage.count + i]
                for j in range(k):
                    at = start + _code(x[j], limit) * each
                    for e in range(each):
                        room[(into + e) * stride + low + j] = theta[at + e]
                into += each
                start += limit * each


@calls.routine("embed_rows", order=ORDERED)
def embed_rows(layers, embedded, theta, X, low, count, stride):
    """Inputs of layer 1 for some rows, at the beginning of the room; with factors of the inputs."""
    stages, room = embedded.stages, embedded.room
    n_x, at = stages[0].n, stages[0].reads
    for i in range(n_x):
        for j in range(count):
            room[(at + i) * stride + j] = X[(low + j) * n_x + i]
    embed(embedded, theta, room, stride, START, count)
    for i in range(layers[0].size if layers[1].s >= 0 else 0):
        factor = theta[layers[1].s + i]
        for j in range(count):
            room[i * stride + j] *= factor


@calls.routine("through_the_stages", order=ORDERED)
def through_the_stages(embedded, theta, room, members, examples, stride, low, high):
    """From the derivatives by what layer 1 reads to those by what the stages read, and by angles."""
    stages, picks, d = embedded.stages, embedded.picks, embedded.room
    k, turn = high - low, theta.dtype.type(2 * pi)
    last = stages[stages.size - 1]
    for r in range(last.n + last.count * (last.d if last.kind == MAPS else last.each - 1)):
        for member in range(1, members):
            total, of = run(d, r * stride + low, k), run(d, r * stride + member * examples + low, k)
            for j in range(k):
                total[j] += of[j]
    for number in range(stages.size - 1, -1, -1):
        stage = stages[number]
        each, chosen = stage.each, run(picks, stage.picks, 2 * stage.count)
        asked = stage.reads != stages[0].reads
        if stage.kind == MAPS:
            if asked:
                _copy(d, stage.writes, stage.reads, stage.n, stride, low, k)
            for e in range(stage.count * each):
                dc = run(d, (stage.cosines + e) * stride + low, k)
                for j in range(k):
                    dc[j] = 0
                for r in range(e // each * stage.d, (e // each + 1) * stage.d):
                    out = run(d, (stage.writes + stage.n + r) * stride + low, k)
                    v = theta[stage.first + r * each + e % each]
                    for j in range(k):
                        dc[j] += v * out[j]
        elif stage.kind == COSINES:
            for e in range(stage.count * each):
                dp = run(d, (stage.writes + e) * stride + low, k)
                s = run(room, (stage.writes + stage.count * each + e) * stride + low, k)
                for j in range(k):
                    dp[j] *= -s[j]
                if asked:
                    dx = run(d, (stage.reads + chosen[e // each]) * stride + low, k)
                    omega = turn * theta[stage.first + e]
                    for j in range(k):
                        dx[j] += omega * dp[j]
        elif asked:
            for i in range(stage.count):
                dx = run(d, (stage.reads + chosen[i]) * stride + low, k)
                for j in range(k):
                    dx[j] = 0
            _copy_others(d, stage, chosen, stage.writes, stage.reads, stride, low, k)


@calls.routine("gradients_of_stages")
def gradients_of_stages(thread, plan, embedded, room, gradient, batch):
    """The whole gradient at the parameters of this thread's inputs, from all examples."""
    stages, picks, d = embedded.stages, embedded.picks, embedded.room
    stride, m = batch.stride, batch.examples
    per_example = gradient.dtype.type(1 / batch.m)
    for stage in stages:
        each, chosen = stage.each, run(picks, stage.picks, 2 * stage.count)
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
        elif stage.kind == MAPS:
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
        else:
            start, into = stage.first, stage.writes + stage.n - stage.count
            for i in range(high):
                limit = chosen[stage.count + i]
                if i >= low:
                    for at in range(start, start + limit * each):
                        gradient[at] = 0
                    for e in range(each):
                        x, dt = (stage.reads + chosen[i]) * stride, (into + i * each + e) * stride
                        for j in range(m):
                            gradient[start + _code(room[x + j], limit) * each + e] += d[dt + j] * per_example
                    cut(plan, gradient, start, limit * each)
                start += limit * each


@part(order=ORDERED)
def _code(x, limit):
    """The number of a category; 0 for what is none."""
    code = np.rint(x)
    return np.int64(code) if code >= 0 and code < limit else np.int64(0)


@part
def _copy(room, source, target, n, stride, low, k):
    for r in range(n):
        a, b = run(room, (source + r) * stride + low, k), run(room, (target + r) * stride + low, k)
        for j in range(k):
            b[j] = a[j]


@part
def _copy_others(room, stage, chosen, reads, writes, stride, low, k):
    """Copy rows of what is no code between both sides of a stage; gives the next row that it writes."""
    others = 0
    for r in range(stage.n):
        is_code = False
        for i in range(stage.count):
            is_code = is_code or chosen[i] == r
        if not is_code:
            forth = reads == stage.reads
            a = run(room, (reads + (r if forth else others)) * stride + low, k)
            b = run(room, (writes + (others if forth else r)) * stride + low, k)
            for j in range(k):
                b[j] = a[j]
            others += 1
    return writes + others
