"""Heads: the loss of each example and dZL, from the logits, for a range of examples."""

from typing import Any

import numpy as np

from deepstep.engines.compiled.activations import logistic, softplus
from deepstep.engines.compiled.jit import ORDERED, part
from deepstep.engines.compiled.mathematics import exp, log1p

HEAD_CODES = {
    name: code
    for code, name in enumerate(
        ("sigmoid", "softmax", "identity", "absolute_error", "huber", "poisson", "quantile", "ordinal")
    )
}
"""Numbers of the heads."""

(SIGMOID, SOFTMAX, IDENTITY, ABSOLUTE, HUBER, POISSON, QUANTILE, ORDINAL) = range(8)


@part(order=ORDERED)
def loss_and_gradient(
    code: int, Z: Any, D: Any, at: int, stride: int, T: Any, n: int, loss: Any, row: Any, setting: float, levels: Any,
    low: int, high: int,
) -> None:  # fmt: skip
    """The loss of each example, and the derivative of their sum by the logits.

    Parameters
    ----------
    code : int
        Of `HEAD_CODES`.
    Z, D : flat arrays
        Where the logits of n units begin at an entry, stride entries apart; and where dZL goes.
    at, stride, n : int
    T : flat array
        Targets, from its beginning.
    loss, row : arrays of shape (stride,)
        Where the losses go, and room.
    setting : float
        ``smoothing`` or ``delta``.
    levels : array
        Of the quantiles.
    low, high : int
        This thread's examples.
    """
    number = Z.dtype.type
    zero, one, half = number(0), number(1), number(0.5)
    for j in range(low, high):
        loss[j] = zero
    if code == SOFTMAX:
        certain, spread = number(1 - setting), number(setting / n)
        for j in range(low, high):
            row[j] = Z[at + j]
        for i in range(1, n):
            z = at + i * stride
            for j in range(low, high):
                row[j] = Z[z + j] if Z[z + j] > row[j] else row[j]
        for i in range(n):
            z, t = at + i * stride, i * stride
            for j in range(low, high):
                shifted = Z[z + j] - row[j]
                loss[j] -= (certain * T[t + j] + spread) * shifted
                D[z + j] = exp(shifted)
        for j in range(low, high):
            row[j] = zero
        for i in range(n):
            z = at + i * stride
            for j in range(low, high):
                row[j] += D[z + j]
        for j in range(low, high):
            loss[j] += np.log(row[j])
            row[j] = one / row[j]
        for i in range(n):
            z, t = at + i * stride, i * stride
            for j in range(low, high):
                D[z + j] = D[z + j] * row[j] - (certain * T[t + j] + spread)
    elif code == QUANTILE or code == ORDINAL:
        _ordered(code, Z, D, at, stride, T, n, loss, row, levels, low, high)
    else:
        certain, spread, delta = number(1 - setting), number(setting / 2), number(setting)
        for i in range(n):
            z, t = at + i * stride, i * stride
            if code == SIGMOID:
                for j in range(low, high):
                    v, target = Z[z + j], certain * T[t + j] + spread
                    e = exp(-abs(v))
                    loss[j] += (v if v > zero else zero) - target * v + log1p(e)
                    D[z + j] = (one if v >= zero else e) / (one + e) - target
            elif code == IDENTITY:
                for j in range(low, high):
                    far = Z[z + j] - T[t + j]
                    loss[j] += half * far * far
                    D[z + j] = far
            elif code == ABSOLUTE:
                for j in range(low, high):
                    far = Z[z + j] - T[t + j]
                    loss[j] += abs(far)
                    D[z + j] = one if far > zero else -one if far < zero else far
            elif code == HUBER:
                for j in range(low, high):
                    far = Z[z + j] - T[t + j]
                    c = delta if abs(far) > delta else abs(far)
                    loss[j] += c * (abs(far) - half * c)
                    D[z + j] = delta if far > delta else -delta if far < -delta else far
            else:
                for j in range(low, high):
                    v, count = Z[z + j], T[t + j]
                    mean = exp(v)
                    loss[j] += mean - count - count * v + (count * np.log(count) if count > zero else zero)
                    D[z + j] = mean - count


@part(order=ORDERED)
def _ordered(
    code: int, Z: Any, D: Any, at: int, stride: int, T: Any, n: int, loss: Any, row: Any, levels: Any, low: int,
    high: int,
) -> None:  # fmt: skip
    """Quantiles and ordered classes: running sums of the first logit and steps from unit to unit."""
    number = Z.dtype.type
    zero, one = number(0), number(1)
    sign = one if code == QUANTILE else -one
    for i in range(n):
        z, t = at + i * stride, i * stride
        for j in range(low, high):
            u = Z[z + j] if i == 0 else row[j] + sign * softplus(Z[z + j])
            row[j] = u
            if code == QUANTILE:
                level, missing = number(levels[i]), T[t + j] - u
                loss[j] += level * missing if missing > zero else (level - one) * missing
                D[z + j] = -level if missing > zero else one - level if missing < zero else missing
            else:
                e = exp(-abs(u))
                loss[j] += (u if u > zero else zero) - T[t + j] * u + log1p(e)
                D[z + j] = (one if u >= zero else e) / (one + e) - T[t + j]
    for j in range(low, high):
        row[j] = zero
    for i in range(n - 1, -1, -1):
        z = at + i * stride
        for j in range(low, high):
            row[j] += D[z + j]
            D[z + j] = row[j] if i == 0 else sign * row[j] * logistic(Z[z + j])
