"""Heads: the loss of each example and dZL, from the logits, for a range of examples."""

import numpy as np

from deepstep.engines.compiled.activations import logistic, softplus
from deepstep.engines.compiled.jit import ORDERED, part
from deepstep.engines.compiled.layout import (
    ABSOLUTE,
    HUBER,
    IDENTITY,
    ORDINAL,
    QUANTILE,
    SIGMOID,
    SOFTMAX,
)
from deepstep.engines.compiled.machine import run
from deepstep.engines.compiled.mathematics import exp, log1p


@part(order=ORDERED)
def loss_and_gradient(plan, levels, work, loss, row, at, n, batch):
    """The loss of each of this thread's examples, and dZL in the place of D where the logits lie in A."""
    code, setting, low, stride = plan.head, plan.head_setting, batch.low, batch.stride
    Z, D, T, k = work.A, work.D, work.targets, batch.high - batch.low
    number = Z.dtype.type
    zero, one, half = number(0), number(1), number(0.5)
    loss, row = run(loss, low, k), run(row, low, k)
    for j in range(k):
        loss[j] = zero
    if code == SOFTMAX:
        certain, spread = number(1 - setting), number(setting / n)
        z = run(Z, at + low, k)
        for j in range(k):
            row[j] = z[j]
        for i in range(1, n):
            z = run(Z, at + i * stride + low, k)
            for j in range(k):
                row[j] = z[j] if z[j] > row[j] else row[j]
        for i in range(n):
            z, t = run(Z, at + i * stride + low, k), run(T, i * stride + low, k)
            d = run(D, at + i * stride + low, k)
            for j in range(k):
                shifted = z[j] - row[j]
                loss[j] -= (certain * t[j] + spread) * shifted
                d[j] = exp(shifted)
        for j in range(k):
            row[j] = zero
        for i in range(n):
            d = run(D, at + i * stride + low, k)
            for j in range(k):
                row[j] += d[j]
        for j in range(k):
            loss[j] += np.log(row[j])
            row[j] = one / row[j]
        for i in range(n):
            z, t = run(Z, at + i * stride + low, k), run(T, i * stride + low, k)
            d = run(D, at + i * stride + low, k)
            for j in range(k):
                d[j] = d[j] * row[j] - (certain * t[j] + spread)
    elif code == QUANTILE or code == ORDINAL:
        _ordered(code, Z, D, at, stride, T, n, loss, row, levels, low, k)
    else:
        certain, spread, delta = number(1 - setting), number(setting / 2), number(setting)
        for i in range(n):
            z, t = run(Z, at + i * stride + low, k), run(T, i * stride + low, k)
            d = run(D, at + i * stride + low, k)
            if code == SIGMOID:
                for j in range(k):
                    v, target = z[j], certain * t[j] + spread
                    e = exp(-abs(v))
                    loss[j] += (v if v > zero else zero) - target * v + log1p(e)
                    d[j] = (one if v >= zero else e) / (one + e) - target
            elif code == IDENTITY:
                for j in range(k):
                    far = z[j] - t[j]
                    loss[j] += half * far * far
                    d[j] = far
            elif code == ABSOLUTE:
                for j in range(k):
                    far = z[j] - t[j]
                    loss[j] += abs(far)
                    d[j] = one if far > zero else -one if far < zero else far
            elif code == HUBER:
                for j in range(k):
                    far = z[j] - t[j]
                    c = delta if abs(far) > delta else abs(far)
                    loss[j] += c * (abs(far) - half * c)
                    d[j] = delta if far > delta else -delta if far < -delta else far
            else:
                for j in range(k):
                    v, count = z[j], t[j]
                    mean = exp(v)
                    loss[j] += mean - count - count * v + (count * np.log(count) if count > zero else zero)
                    d[j] = mean - count


@part(order=ORDERED)
def _ordered(
    code,
    Z,
    D,
    at,
    stride,
    T,
    n,
    loss,
    row,
    levels,
    low,
    k,
):
    """Quantiles and ordered classes: running sums of the first logit and steps from unit to unit."""
    number = Z.dtype.type
    zero, one = number(0), number(1)
    sign = one if code == QUANTILE else -one
    for i in range(n):
        z, t = run(Z, at + i * stride + low, k), run(T, i * stride + low, k)
        d = run(D, at + i * stride + low, k)
        for j in range(k):
            u = z[j] if i == 0 else row[j] + sign * softplus(z[j])
            row[j] = u
            if code == QUANTILE:
                level, missing = number(levels[i]), t[j] - u
                loss[j] += level * missing if missing > zero else (level - one) * missing
                d[j] = -level if missing > zero else one - level if missing < zero else missing
            else:
                e = exp(-abs(u))
                loss[j] += (u if u > zero else zero) - t[j] * u + log1p(e)
                d[j] = (one if u >= zero else e) / (one + e) - t[j]
    for j in range(k):
        row[j] = zero
    for i in range(n - 1, -1, -1):
        z, d = run(Z, at + i * stride + low, k), run(D, at + i * stride + low, k)
        for j in range(k):
            row[j] += d[j]
            d[j] = row[j] if i == 0 else sign * row[j] * logistic(z[j])
