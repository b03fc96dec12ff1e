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
    code: int, A: Any, G: Any, unit: int, targets: Any, loss: Any, row: Any, setting: float, levels: Any, low: int,
    high: int,
) -> None:  # fmt: skip
    """The loss of each example, and the derivative of their sum by the logits.

    Parameters
    ----------
    code : int
        Of `HEAD_CODES`.
    A, G : arrays of shape (units, stride)
        Activations of all layers, where the logits begin at a unit; and where dZL goes.
    unit : int
    targets : array of shape (n_L, stride)
    loss, row : arrays of shape (stride,)
        Where the losses go, and room.
    setting : float
        ``smoothing`` or ``delta``.
    levels : array
        Of the quantiles.
    low, high : int
        This thread's examples.
    """
    n, number, k = targets.shape[0], A.dtype.type, high - low
    Z, T, D = A[unit:, low:high], targets[:, low:high], G[unit:, low:high]
    loss, row = loss[low:high], row[low:high]
    zero, one, half = number(0), number(1), number(0.5)
    for j in range(k):
        loss[j] = zero
    if code == SIGMOID:
        certain, spread = number(1 - setting), number(setting / 2)
        for i in range(n):
            z, t, d = Z[i], T[i], D[i]
            for j in range(k):
                target = certain * t[j] + spread
                e = exp(-abs(z[j]))
                loss[j] += (z[j] if z[j] > zero else zero) - target * z[j] + log1p(e)
                d[j] = (one if z[j] >= zero else e) / (one + e) - target
    elif code == SOFTMAX:
        certain, spread = number(1 - setting), number(setting / n)
        for j in range(k):
            row[j] = Z[0, j]
        for i in range(1, n):
            z = Z[i]
            for j in range(k):
                row[j] = z[j] if z[j] > row[j] else row[j]
        for i in range(n):
            z, t, d = Z[i], T[i], D[i]
            for j in range(k):
                shifted = z[j] - row[j]
                loss[j] -= (certain * t[j] + spread) * shifted
                d[j] = exp(shifted)
        for j in range(k):
            row[j] = zero
        for i in range(n):
            d = D[i]
            for j in range(k):
                row[j] += d[j]
        for j in range(k):
            loss[j] += np.log(row[j])
            row[j] = one / row[j]
        for i in range(n):
            t, d = T[i], D[i]
            for j in range(k):
                d[j] = d[j] * row[j] - (certain * t[j] + spread)
    elif code == IDENTITY:
        for i in range(n):
            z, t, d = Z[i], T[i], D[i]
            for j in range(k):
                d[j] = z[j] - t[j]
                loss[j] += half * d[j] * d[j]
    elif code == ABSOLUTE:
        for i in range(n):
            z, t, d = Z[i], T[i], D[i]
            for j in range(k):
                far = z[j] - t[j]
                loss[j] += abs(far)
                d[j] = one if far > zero else -one if far < zero else far
    elif code == HUBER:
        delta = number(setting)
        for i in range(n):
            z, t, d = Z[i], T[i], D[i]
            for j in range(k):
                far = z[j] - t[j]
                c = min(abs(far), delta)
                loss[j] += c * (abs(far) - half * c)
                d[j] = delta if far > delta else -delta if far < -delta else far
    elif code == POISSON:
        for i in range(n):
            z, t, d = Z[i], T[i], D[i]
            for j in range(k):
                mean = exp(z[j])
                count = t[j] * np.log(t[j]) if t[j] > zero else zero
                loss[j] += mean - t[j] - t[j] * z[j] + count
                d[j] = mean - t[j]
    else:
        _ordered(code, Z, T, D, loss, row, levels)


@part(order=ORDERED)
def _ordered(code: int, Z: Any, T: Any, D: Any, loss: Any, row: Any, levels: Any) -> None:
    """Quantiles and ordered classes: running sums of the first logit and steps from unit to unit."""
    n, k = T.shape
    number = Z.dtype.type
    zero, one = number(0), number(1)
    sign = one if code == QUANTILE else -one
    for i in range(n):
        z, d = Z[i], D[i]
        for j in range(k):
            row[j] = z[j] if i == 0 else row[j] + sign * softplus(z[j])
            d[j] = row[j]
    for i in range(n):
        t, d = T[i], D[i]
        level = number(levels[i]) if code == QUANTILE else zero
        for j in range(k):
            if code == QUANTILE:
                missing = t[j] - d[j]
                loss[j] += max(level * missing, (level - one) * missing)
                d[j] = -level if missing > zero else one - level if missing < zero else missing
            else:
                u = d[j]
                e = exp(-abs(u))
                loss[j] += (u if u > zero else zero) - t[j] * u + log1p(e)
                d[j] = (one if u >= zero else e) / (one + e) - t[j]
    for j in range(k):
        row[j] = zero
    for i in range(n - 1, -1, -1):
        z, d = Z[i], D[i]
        for j in range(k):
            row[j] += d[j]
            d[j] = row[j] if i == 0 else sign * row[j] * logistic(z[j])
