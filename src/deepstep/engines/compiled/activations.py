"""Activations of units over a run of examples: bias, function and derivative in a single pass."""

from collections.abc import Callable
from math import erfc, pi, sqrt
from typing import Any

from deepstep.engines.compiled import calls
from deepstep.engines.compiled.jit import ORDERED, part
from deepstep.engines.compiled.layout import ACTIVATION_CODES, RELU_WITH_SLOPE
from deepstep.engines.compiled.machine import run
from deepstep.engines.compiled.mathematics import exp, exp_and_expm1, expm1, log1p
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


@part(order=ORDERED)
def hyperbolic_tangent(z):
    """tanh(z), with all digits near 0."""
    one, two = type(z)(1), type(z)(2)
    grown = expm1(-two * abs(z))
    value = -grown / (grown + two)
    return value if z >= 0 else -value if z == z else one * z


def _activation(function: Callable[..., Any], name: str) -> Any:
    """The routine of an activation, of which a function gives the value and the derivative at v."""
    value = part(function, order=ORDERED, once=True)

    def activation(z, at, stride, n, low, high, theta, b, slope):
        for i in range(n):
            begin, bias = at + i * stride + low, theta[b + i]
            a = run(z, begin, high - low)
            if slope.size:
                s = run(slope, begin, high - low)
                for j in range(a.size):
                    a[j], s[j] = value(a[j] + bias)
            else:
                for j in range(a.size):
                    a[j] = value(a[j] + bias)[0]

    return calls.routine(calls.activate, name, order=ORDERED)(activation)


def _identity(v):
    return v, type(v)(1)


def _relu_with_slope(v):
    zero, one = type(v)(0), type(v)(1)
    return (zero if v < zero else v), (one if v > zero else zero)


def _leaky_relu(v):
    zero, one, below = type(v)(0), type(v)(1), type(v)(_SLOPE)
    return (v if v > zero else below * v), (one if v > zero else below)


def _of_elu(scale: float, alpha: float) -> Callable[..., Any]:
    def elu(v):
        number = type(v)
        zero, one, s, a = number(0), number(1), number(scale), number(alpha)
        root, grown = exp_and_expm1(number(0.5) * (v if v < zero else zero))
        value = s * (v if v > zero else a * (grown * (root + one)) if v == v else v)
        return value, s * (one if v > zero else a * (root * root))

    return elu


def _gelu(v):
    number = type(v)
    half, settled = number(0.5), number(SETTLED)
    near = settled if v > settled else -settled if v < -settled else v
    probability = half * number(erfc(-near * number(sqrt(0.5))))
    return v * probability, probability + near * number(1 / sqrt(2 * pi)) * exp(-half * near * near)


def _gelu_tanh(v):
    number = type(v)
    one, settled, steep, cube = number(1), number(SETTLED), number(_CUBIC), number(0.044715)
    near = settled if v > settled else -settled if v < -settled else v
    u = steep * (near + cube * near * near * near)
    t = exp(-abs(u))
    share = (one if u >= number(0) else t) / (one + t)
    bent = near * steep * (one + number(3) * cube * near * near) * t / ((one + t) * (one + t))
    return v * share, share + bent


def _silu(v):
    zero, one = type(v)(0), type(v)(1)
    t = exp(-abs(v))
    whole = one / (one + t)
    share, rest = (whole, t * whole) if v >= zero else (t * whole, whole)
    return v * share, share * (one + (v * rest if rest > zero else zero))


def _mish(v):
    zero, one = type(v)(0), type(v)(1)
    bent, share = hyperbolic_tangent(softplus(v)), logistic(v)
    rest = one - bent * bent
    return v * bent, bent + (v * rest * share if rest * share != zero else zero)


def _softplus(v):
    zero, one = type(v)(0), type(v)(1)
    t = exp(-abs(v))
    value = (v if v > zero else zero) + log1p(t) + (zero if v == v else v)
    return value, (one if v >= zero else t) / (one + t)


def _tanh(v):
    zero, one, two = type(v)(0), type(v)(1), type(v)(2)
    t, grown = exp_and_expm1(-abs(v))
    share = one / (one + t * t)
    value, root = -grown * (t + one) * share, two * t * share
    return (value if v >= zero else -value), root * root


def _sigmoid(v):
    zero, one = type(v)(0), type(v)(1)
    t = exp(-abs(v))
    whole = one / (one + t)
    return (one if v >= zero else t) * whole, t * whole * whole


def _exponential(v):
    grown = exp(v)
    return grown, grown


@calls.routine(calls.activate, order=ORDERED)
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


@calls.routine(calls.bend, order=ORDERED)
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
