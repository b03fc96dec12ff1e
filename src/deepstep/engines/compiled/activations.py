"""Activations of units over a run of examples, bias, function and derivative in a single pass; dropout."""

from collections.abc import Callable
from math import erfc, pi, sqrt
from typing import Any

import numpy as np

from deepstep.engines.compiled import calls
from deepstep.engines.compiled.calls import ORDERED, part
from deepstep.engines.compiled.layout import ACTIVATION_CODES, RELU_WITH_SLOPE
from deepstep.engines.compiled.machine import product_of_words, run
from deepstep.engines.compiled.mathematics import exp, exp_and_expm1, log1p
from deepstep.engines.draws import DROPOUT
from deepstep.equations.activations import SELU_ALPHA, SELU_SCALE, SETTLED

_SLOPE, _CUBIC = 0.01, 2 * sqrt(2 / pi)


@part(order=ORDERED)
def logistic(z):
    """σ(z), e to a negative power alone."""
    unity = type(z)(1)
    t = exp(-abs(z))
    return (unity if z >= 0 else t) / (unity + t)


@part(order=ORDERED)
def softplus(z):
    """log(1 + e^z)."""
    return (z if z > 0 else type(z)(0)) + log1p(exp(-abs(z)))


def _activation(function: Callable[..., Any], name: str) -> Any:
    """The routine of an activation, of which a function gives the value and the derivative at v."""
    value = part(function, order=ORDERED, once=True)

    def activation(z, offset, stride, n, low, high, theta, b, slope):
        zero, unity = z.dtype.type(0), z.dtype.type(1)
        for i in range(n):
            begin, bias = offset + i * stride + low, theta[b + i]
            a = run(z, begin, high - low)
            if slope.size:
                s = run(slope, begin, high - low)
                for j in range(a.size):
                    a[j], s[j] = value(a[j] + bias, zero, unity)
            else:
                for j in range(a.size):
                    a[j] = value(a[j] + bias, zero, unity)[0]

    return calls.routine("activate", name, order=ORDERED)(activation)


def _identity(v, zero, unity):
    return v, unity


def _relu_with_slope(v, zero, unity):
    return (zero if v < zero else v), (unity if v > zero else zero)


def _leaky_relu(v, zero, unity):
    below = type(v)(_SLOPE)
    return (v if v > zero else below * v), (unity if v > zero else below)


def _of_elu(scale: float, alpha: float) -> Callable[..., Any]:
    def elu(v, zero, unity):
        s, a = type(v)(scale), type(v)(alpha)
        root, grown = exp_and_expm1(type(v)(0.5) * (v if v < zero else zero))
        value = s * (v if v > zero else a * (grown * (root + unity)) if v == v else v)
        return value, s * (unity if v > zero else a * (root * root))

    return elu


def _gelu(v, zero, unity):
    number = type(v)
    half, settled = number(0.5), number(SETTLED)
    near = settled if v > settled else -settled if v < -settled else v
    probability = half * number(erfc(-near * number(sqrt(0.5))))
    return v * probability, probability + near * number(1 / sqrt(2 * pi)) * exp(-half * near * near)


def _gelu_tanh(v, zero, unity):
    number = type(v)
    settled, steep, cube = number(SETTLED), number(_CUBIC), number(0.044715)
    near = settled if v > settled else -settled if v < -settled else v
    u = steep * (near + cube * near * near * near)
    t = exp(-abs(u))
    share = (unity if u >= zero else t) / (unity + t)
    grown = near * steep * (unity + number(3) * cube * near * near)
    return v * share, share + grown * t / ((unity + t) * (unity + t))


def _silu(v, zero, unity):
    t = exp(-abs(v))
    larger = unity / (unity + t)  # σ(|v|)
    share, rest = (larger, t * larger) if v >= zero else (t * larger, larger)
    return v * share, share * (unity + (v * rest if rest > zero else zero))


def _mish(v, zero, unity):
    # with t = e^-|v| both tanh(softplus(v)) and its slope are fractions of polynomials in t
    two, t = unity + unity, exp(-abs(v))
    up, square = v >= zero, t * t
    share = unity / ((unity + two * t + two * square) if up else (two + two * t + square))
    bent = ((unity + two * t) if up else (two * t + square)) * share
    rest = two * two * (unity + t) * (square if up else t) * share * share
    return v * bent, bent + (v * rest if rest != zero else zero)


def _softplus(v, zero, unity):
    t = exp(-abs(v))
    value = (v if v > zero else zero) + log1p(t) + (zero if v == v else v)
    return value, (unity if v >= zero else t) / (unity + t)


def _tanh(v, zero, unity):
    t, grown = exp_and_expm1(-abs(v))
    share = unity / (unity + t * t)
    value, root = -grown * (t + unity) * share, (unity + unity) * t * share
    return (value if v >= zero else -value), root * root


def _sigmoid(v, zero, unity):
    t = exp(-abs(v))
    larger = unity / (unity + t)  # σ(|v|)
    return (unity if v >= zero else t) * larger, t * larger * larger


def _exponential(v, zero, unity):
    grown = exp(v)
    return grown, grown


@calls.routine("activate", order=ORDERED)
def relu(z, offset, stride, n, low, high, theta, b, slope):
    """Its output shows the slope."""
    for i in range(n):
        a, bias = run(z, offset + i * stride + low, high - low), theta[b + i]
        zero = z.dtype.type(0)
        for j in range(a.size):
            v = a[j] + bias
            a[j] = zero if v < zero else v


_NAMED = {
    "identity": _identity,
    "leaky_relu": _leaky_relu,
    "elu": _of_elu(1.0, 1.0),
    "selu": _of_elu(SELU_SCALE, SELU_ALPHA),
    "gelu": _gelu,
    "gelu_tanh": _gelu_tanh,
    "silu": _silu,
    "mish": _mish,
    "softplus": _softplus,
    "tanh": _tanh,
    "sigmoid": _sigmoid,
    "exponential": _exponential,
}
ACTIVATIONS = {ACTIVATION_CODES[name]: _activation(function, name) for name, function in _NAMED.items()}
ACTIVATIONS |= {
    ACTIVATION_CODES["relu"]: relu,
    RELU_WITH_SLOPE: _activation(_relu_with_slope, "relu_with_slope"),
}
"""By code."""


KEY = np.uint64(DROPOUT)

_M0, _M1 = np.uint64(0xD2E7470EE14C6C93), np.uint64(0xCA5A826395121157)
_W0, _W1 = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBB67AE8584CAA73B)


@part(order=ORDERED)
def _kept(block, layer, step, seed, limit):
    """Which of the eight draws of a block of Philox 4×64, ten rounds, are below the limit, as bits."""
    c0, c1, c2, c3 = np.uint64(block + 1), np.uint64(0), np.uint64(layer), np.uint64(step)
    key0, key1 = np.uint64(seed), KEY
    for _ in range(10):
        high0, low0 = product_of_words(_M0, c0)
        high1, low1 = product_of_words(_M1, c2)
        c0, c1, c2, c3 = high1 ^ c1 ^ key0, low1, high0 ^ c3 ^ key1, low0
        key0 += _W0
        key1 += _W1
    bits = np.int32(0)
    for n, word in enumerate((c0, c1, c2, c3)):
        for k in range(4):  # the lowest part of a word first
            draw = word >> np.uint64(16 * k) & np.uint64(0xFFFF)
            bits |= np.int32(draw < limit) << np.int32(4 * n + k)
    return bits


@calls.routine("drop", order=ORDERED)
def drop(A, D, first, stride, n, low, high, keep, seed, step, layer, row):
    """A := A ∘ mask, D := D ∘ mask, of n units; ``row`` is room."""
    # The draws of `deepstep.engines.draws` lie example by example. Those of 16 units are made for all
    # examples, as the bits of a number in the row, so that masks are applied along the examples.
    number, k = A.dtype.type, high - low
    raised, zero, bit = number(1) / number(keep), number(0), np.int32(1)
    # a draw u = bits / 2^16 is below keep, in float32, where its 16 bits are below this
    limit = np.uint64(np.ceil(np.float64(np.float32(keep)) * 65536.0))
    bits = run(row, low, k)
    for unit in range(0, n, 16):
        for j in range(k):
            block, shift = divmod((low + j) * n + unit, 16)
            units = _kept(block, layer, step, seed, limit)
            if shift > 0:  # the 16 units lie in two blocks
                units = units >> shift | _kept(block + 1, layer, step, seed, limit) << (16 - shift) & 0xFFFF
            bits[j] = units
        for u in range(min(16, n - unit)):
            start = first + (unit + u) * stride + low
            a, d = run(A, start, k), run(D, start, k)
            for j in range(k):
                mask = raised if np.int32(bits[j]) >> np.int32(u) & bit != 0 else zero
                a[j] *= mask
                d[j] *= mask
