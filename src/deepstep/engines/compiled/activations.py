"""Activations of units over a run of examples: bias, function and derivative in a single pass."""

from collections.abc import Callable
from math import erfc, pi, sqrt
from typing import Any

from deepstep.engines.compiled import calls
from deepstep.engines.compiled.jit import ORDERED, part
from deepstep.engines.compiled.layout import ACTIVATION_CODES, RELU_WITH_SLOPE
from deepstep.engines.compiled.machine import run
from deepstep.engines.compiled.mathematics import exp, exp_and_expm1, log1p
from deepstep.equations.relu_variants import SELU_ALPHA, SELU_SCALE, SETTLED

_SLOPE, _CUBIC = 0.01, 2 * sqrt(2 / pi)


@part(order=ORDERED)
def logistic(z):
    """σ(z), e to a negative power alone."""
    one = type(z)(1)
    t = exp(-abs(z))
    return (one if z >= 0 else t) / (one + t)


@part(order=ORDERED)
def softplus(z):
    """log(1 + e^z)."""
    return (z if z > 0 else type(z)(0)) + log1p(exp(-abs(z)))


def _activation(function: Callable[..., Any], name: str) -> Any:
    """The routine of an activation, of which a function gives the value and the derivative at v."""
    value = part(function, order=ORDERED, once=True)

    def activation(z, at, stride, n, low, high, theta, b, slope):
        zero, one = z.dtype.type(0), z.dtype.type(1)
        for i in range(n):
            begin, bias = at + i * stride + low, theta[b + i]
            a = run(z, begin, high - low)
            if slope.size:
                s = run(slope, begin, high - low)
                for j in range(a.size):
                    a[j], s[j] = value(a[j] + bias, zero, one)
            else:
                for j in range(a.size):
                    a[j] = value(a[j] + bias, zero, one)[0]

    return calls.routine("activate", name, order=ORDERED)(activation)


def _identity(v, zero, one):
    return v, one


def _relu_with_slope(v, zero, one):
    return (zero if v < zero else v), (one if v > zero else zero)


def _leaky_relu(v, zero, one):
    below = type(v)(_SLOPE)
    return (v if v > zero else below * v), (one if v > zero else below)


def _of_elu(scale: float, alpha: float) -> Callable[..., Any]:
    def elu(v, zero, one):
        s, a = type(v)(scale), type(v)(alpha)
        root, grown = exp_and_expm1(type(v)(0.5) * (v if v < zero else zero))
        value = s * (v if v > zero else a * (grown * (root + one)) if v == v else v)
        return value, s * (one if v > zero else a * (root * root))

    return elu


def _gelu(v, zero, one):
    number = type(v)
    half, settled = number(0.5), number(SETTLED)
    near = settled if v > settled else -settled if v < -settled else v
    probability = half * number(erfc(-near * number(sqrt(0.5))))
    return v * probability, probability + near * number(1 / sqrt(2 * pi)) * exp(-half * near * near)


def _gelu_tanh(v, zero, one):
    number = type(v)
    settled, steep, cube = number(SETTLED), number(_CUBIC), number(0.044715)
    near = settled if v > settled else -settled if v < -settled else v
    u = steep * (near + cube * near * near * near)
    t = exp(-abs(u))
    share = (one if u >= zero else t) / (one + t)
    grown = near * steep * (one + number(3) * cube * near * near)
    return v * share, share + grown * t / ((one + t) * (one + t))


def _silu(v, zero, one):
    t = exp(-abs(v))
    whole = one / (one + t)
    share, rest = (whole, t * whole) if v >= zero else (t * whole, whole)
    return v * share, share * (one + (v * rest if rest > zero else zero))


def _mish(v, zero, one):
    # with t = e^-|v| both tanh(softplus(v)) and its slope are fractions of polynomials in t
    two, t = one + one, exp(-abs(v))
    up, square = v >= zero, t * t
    share = one / ((one + two * t + two * square) if up else (two + two * t + square))
    bent = ((one + two * t) if up else (two * t + square)) * share
    rest = two * two * (one + t) * (square if up else t) * share * share
    return v * bent, bent + (v * rest if rest != zero else zero)


def _softplus(v, zero, one):
    t = exp(-abs(v))
    value = (v if v > zero else zero) + log1p(t) + (zero if v == v else v)
    return value, (one if v >= zero else t) / (one + t)


def _tanh(v, zero, one):
    t, grown = exp_and_expm1(-abs(v))
    share = one / (one + t * t)
    value, root = -grown * (t + one) * share, (one + one) * t * share
    return (value if v >= zero else -value), root * root


def _sigmoid(v, zero, one):
    t = exp(-abs(v))
    whole = one / (one + t)
    return (one if v >= zero else t) * whole, t * whole * whole


def _exponential(v, zero, one):
    grown = exp(v)
    return grown, grown


@calls.routine("activate", order=ORDERED)
def relu(z, at, stride, n, low, high, theta, b, slope):
    """Its output shows the slope."""
    for i in range(n):
        a, bias = run(z, at + i * stride + low, high - low), theta[b + i]
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


@calls.routine("bend", order=ORDERED)
def bend(activate_at, z, at, stride, n, low, high, theta, b, alpha, slope, bent):
    """z := (1 - α)·v + α·g(v) with v = z + bias, slope := its derivative, bent := g(v) - v."""
    one, k = z.dtype.type(1), high - low
    for i in range(n):
        begin, bias, share = at + i * stride, theta[b + i], theta[alpha + i]
        a, s, e = run(z, begin + low, k), run(slope, begin + low, k), run(bent, begin + low, k)
        rest = one - share
        for j in range(k):
            e[j] = a[j] + bias
        calls.activate(activate_at, (z, begin, stride, 1, low, high, theta, b + i, slope))
        for j in range(k):
            g, v = a[j], e[j]
            e[j] = g - v
            a[j] = rest * v + share * g
            s[j] = rest + share * s[j]
