"""Heads: the loss of each example and dZL, from the logits, for a range of examples; and the outputs."""

from collections.abc import Callable
from typing import Any

import numpy as np

from deepstep.engines.compiled import calls
from deepstep.engines.compiled.activations import logistic, softplus
from deepstep.engines.compiled.calls import ORDERED, part
from deepstep.engines.compiled.layout import LOSS, ROOM
from deepstep.engines.compiled.machine import run
from deepstep.engines.compiled.mathematics import exp, log1p


def _softmax(plan, levels, work, offset, n, batch):
    # row has the largest logit of each example, which is taken off so that nothing overflows, then the sum of
    # the exponentials; D has the exponentials until that sum is known.
    setting, low, stride, k = plan.head_setting, batch.low, batch.stride, batch.high - batch.low
    Z, D, T, number = work.A, work.D, work.targets, work.A.dtype.type
    loss, row = run(work.rows[LOSS], low, k), run(work.rows[ROOM], low, k)
    certain, spread, zero, unity = number(1 - setting), number(setting / n), number(0), number(1)
    z = run(Z, offset + low, k)
    for j in range(k):
        loss[j], row[j] = zero, z[j]
    for i in range(1, n):
        z = run(Z, offset + i * stride + low, k)
        for j in range(k):
            row[j] = z[j] if z[j] > row[j] else row[j]
    for i in range(n):
        z, t = run(Z, offset + i * stride + low, k), run(T, i * stride + low, k)
        d = run(D, offset + i * stride + low, k)
        for j in range(k):
            shifted = z[j] - row[j]
            loss[j] -= (certain * t[j] + spread) * shifted
            d[j] = exp(shifted)
    for j in range(k):
        row[j] = zero
    for i in range(n):
        d = run(D, offset + i * stride + low, k)
        for j in range(k):
            row[j] += d[j]
    for j in range(k):
        loss[j] += np.log(row[j])
        row[j] = unity / row[j]
    for i in range(n):
        z, t = run(Z, offset + i * stride + low, k), run(T, i * stride + low, k)
        d = run(D, offset + i * stride + low, k)
        for j in range(k):
            d[j] = d[j] * row[j] - (certain * t[j] + spread)


def _each(function: Callable[..., Any]) -> Callable[..., Any]:
    """The loss of outputs that are independent, of which a function gives each one's and its derivative."""
    value = part(function, order=ORDERED, once=True)

    def loss(plan, levels, work, offset, n, batch):
        low, stride, k, number = batch.low, batch.stride, batch.high - batch.low, work.A.dtype.type
        loss, zero, unity = run(work.rows[LOSS], low, k), number(0), number(1)
        rest, setting = number(1 - plan.head_setting), number(plan.head_setting)
        for j in range(k):
            loss[j] = zero
        for i in range(n):
            z, t = run(work.A, offset + i * stride + low, k), run(work.targets, i * stride + low, k)
            d = run(work.D, offset + i * stride + low, k)
            for j in range(k):
                cost, d[j] = value(z[j], t[j], setting, rest, zero, unity)
                loss[j] += cost

    return loss


def _binary(v, t, smoothing, rest, zero, unity):
    target, e = rest * t + smoothing * type(v)(0.5), exp(-abs(v))
    return (v if v > zero else zero) - target * v + log1p(e), (unity if v >= zero else e) / (
        unity + e
    ) - target


def _squared(v, t, setting, rest, zero, unity):
    far = v - t
    return type(v)(0.5) * far * far, far


def _absolute(v, t, setting, rest, zero, unity):
    far = v - t
    return abs(far), unity if far > zero else -unity if far < zero else far


def _huber(v, t, delta, rest, zero, unity):
    far = v - t
    c = delta if abs(far) > delta else abs(far)
    return c * (abs(far) - type(v)(0.5) * c), delta if far > delta else -delta if far < -delta else far


def _poisson(v, t, setting, rest, zero, unity):
    mean = exp(v)
    return mean - t - t * v + (t * np.log(t) if t > zero else zero), mean - t


def _ordered(*, ordinal: bool) -> Callable[..., Any]:
    """Quantiles and ordered classes: running sums of the first logit and steps from unit to unit."""

    def loss(plan, levels, work, offset, n, batch):
        low, stride, k, number = batch.low, batch.stride, batch.high - batch.low, work.A.dtype.type
        Z, D, T = work.A, work.D, work.targets
        loss, row = run(work.rows[LOSS], low, k), run(work.rows[ROOM], low, k)
        zero, unity = number(0), number(1)
        sign = -unity if ordinal else unity
        for j in range(k):
            loss[j] = zero
        for i in range(n):
            z, t = run(Z, offset + i * stride + low, k), run(T, i * stride + low, k)
            d = run(D, offset + i * stride + low, k)
            for j in range(k):
                u = z[j] if i == 0 else row[j] + sign * softplus(z[j])
                row[j] = u
                if ordinal:
                    e = exp(-abs(u))
                    loss[j] += (u if u > zero else zero) - t[j] * u + log1p(e)
                    d[j] = (unity if u >= zero else e) / (unity + e) - t[j]
                else:
                    level, missing = number(levels[i]), t[j] - u
                    loss[j] += level * missing if missing > zero else (level - unity) * missing
                    d[j] = -level if missing > zero else unity - level if missing < zero else missing
        for j in range(k):
            row[j] = zero
        for i in range(n - 1, -1, -1):
            z, d = run(Z, offset + i * stride + low, k), run(D, offset + i * stride + low, k)
            for j in range(k):
                row[j] += d[j]
                d[j] = row[j] if i == 0 else sign * row[j] * logistic(z[j])

    return loss


LOSSES = {
    name: calls.routine("loss", f"{name}_loss", order=ORDERED)(loss)
    for name, loss in {
        "softmax": _softmax,
        "sigmoid": _each(_binary),
        "identity": _each(_squared),
        "absolute_error": _each(_absolute),
        "huber": _each(_huber),
        "poisson": _each(_poisson),
        "quantile": _ordered(ordinal=False),
        "ordinal": _ordered(ordinal=True),
    }.items()
}
"""By head: the loss of each of a thread's examples, and dZL in the place of D where the logits lie in A."""


def _each_output(function: Any) -> Callable[..., Any]:
    """Outputs from logits, in place, by a function of one of them."""

    def finish(z, offset, stride, n, k, room, row_offset):
        for i in range(n):
            output = run(z, offset + i * stride, k)
            for j in range(k):
                output[j] = function(output[j])

    return finish


def _softmax_output(z, offset, stride, n, k, room, row_offset):
    Z, row, number = z, run(room, row_offset, k), z.dtype.type
    for j in range(k):
        row[j] = Z[offset + j]
    for i in range(1, n):
        z = run(Z, offset + i * stride, k)
        for j in range(k):
            row[j] = z[j] if z[j] > row[j] else row[j]
    for i in range(n):
        z = run(Z, offset + i * stride, k)
        for j in range(k):
            z[j] = exp(z[j] - row[j])
    for j in range(k):
        row[j] = number(0)
    for i in range(n):
        z = run(Z, offset + i * stride, k)
        for j in range(k):
            row[j] += z[j]
    for i in range(n):
        z = run(Z, offset + i * stride, k)
        for j in range(k):
            z[j] /= row[j]


def _ordered_output(*, ordinal: bool) -> Callable[..., Any]:
    def finish(z, offset, stride, n, k, room, row_offset):
        sign = z.dtype.type(-1 if ordinal else 1)
        for i in range(1, n):
            above, output = run(z, offset + (i - 1) * stride, k), run(z, offset + i * stride, k)
            for j in range(k):
                output[j] = above[j] + sign * softplus(output[j])
        for i in range(n if ordinal else 0):
            output = run(z, offset + i * stride, k)
            for j in range(k):
                output[j] = logistic(output[j])

    return finish


OUTPUTS = {
    name: calls.routine("finish", f"{name}_output", order=ORDERED)(finish)
    for name, finish in {
        "softmax": _softmax_output,
        "sigmoid": _each_output(logistic),
        "exponential": _each_output(exp),
        "increasing": _ordered_output(ordinal=False),
        "ordinal": _ordered_output(ordinal=True),
    }.items()
}
"""By the output, where that is not the logits."""
