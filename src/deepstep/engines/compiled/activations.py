"""Activations of one unit over a run of examples: bias, function and derivative in a single pass."""

from math import erfc, pi, sqrt

from deepstep.engines.compiled.jit import ORDERED, part
from deepstep.engines.compiled.layout import (
    ELU,
    GELU,
    GELU_TANH,
    IDENTITY,
    LEAKY_RELU,
    MISH,
    RELU,
    RELU_WITH_SLOPE,
    SELU,
    SIGMOID,
    SILU,
    SOFTPLUS,
    TANH,
)
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


@part(order=ORDERED)
def activate(code, z, low, high, bias, slope):
    """z := g(z + bias), and slope := g′(z + bias) if it is not None; relu leaves the slope alone."""
    wanted, number = slope is not None, z.dtype.type
    s = run(z if slope is None else slope, low, high - low)
    z = run(z, low, high - low)
    zero, one, two, half = number(0), number(1), number(2), number(0.5)
    if code == RELU:
        for j in range(z.size):
            v = z[j] + bias
            z[j] = zero if v < zero else v
    elif code == RELU_WITH_SLOPE:
        for j in range(z.size):
            v = z[j] + bias
            z[j] = zero if v < zero else v
            if wanted:
                s[j] = one if v > zero else zero
    elif code == IDENTITY:
        for j in range(z.size):
            z[j] += bias
            if wanted:
                s[j] = one
    elif code == LEAKY_RELU:
        below = number(_SLOPE)
        for j in range(z.size):
            v = z[j] + bias
            z[j] = v if v > zero else below * v
            if wanted:
                s[j] = one if v > zero else below
    elif code == ELU or code == SELU:
        scale, alpha = (number(SELU_SCALE), number(SELU_ALPHA)) if code == SELU else (one, one)
        for j in range(z.size):
            v = z[j] + bias
            root, grown = exp_and_expm1(half * (v if v < zero else zero))
            z[j] = scale * (v if v > zero else alpha * (grown * (root + one)) if v == v else v)
            if wanted:
                s[j] = scale * (one if v > zero else alpha * (root * root))
    elif code == GELU:
        root, density = number(sqrt(0.5)), number(1 / sqrt(2 * pi))
        settled = number(SETTLED)
        for j in range(z.size):
            v = z[j] + bias
            near = settled if v > settled else -settled if v < -settled else v
            probability = half * number(erfc(-near * root))
            z[j] = v * probability
            if wanted:
                s[j] = probability + near * density * exp(-half * near * near)
    elif code == GELU_TANH:
        settled, steep, cube = number(SETTLED), number(_CUBIC), number(0.044715)
        for j in range(z.size):
            v = z[j] + bias
            near = settled if v > settled else -settled if v < -settled else v
            u = steep * (near + cube * near * near * near)
            t = exp(-abs(u))
            share = (one if u >= zero else t) / (one + t)
            z[j] = v * share
            if wanted:
                s[j] = share + near * steep * (one + number(3) * cube * near * near) * t / (
                    (one + t) * (one + t)
                )
    elif code == SILU:
        for j in range(z.size):
            v = z[j] + bias
            t = exp(-abs(v))
            whole = one / (one + t)
            share, rest = (whole, t * whole) if v >= zero else (t * whole, whole)
            z[j] = v * share
            if wanted:
                s[j] = share * (one + (v * rest if rest > zero else zero))
    elif code == MISH:
        # with t = e^-|v| both tanh(softplus(v)) and its slope are fractions of polynomials in t
        for j in range(z.size):
            v = z[j] + bias
            t = exp(-abs(v))
            up, square = v >= zero, t * t
            share = one / ((one + two * t + two * square) if up else (two + two * t + square))
            bent = ((one + two * t) if up else (two * t + square)) * share
            z[j] = v * bent
            rest = two * two * (one + t) * (square if up else t) * share * share
            if wanted:
                s[j] = bent + (v * rest if rest != zero else zero)
    elif code == SOFTPLUS:
        for j in range(z.size):
            v = z[j] + bias
            t = exp(-abs(v))
            z[j] = (v if v > zero else zero) + log1p(t) + (zero if v == v else v)
            if wanted:
                s[j] = (one if v >= zero else t) / (one + t)
    elif code == TANH:
        for j in range(z.size):
            v = z[j] + bias
            t, grown = exp_and_expm1(-abs(v))
            share = one / (one + t * t)
            value = -grown * (t + one) * share
            root = two * t * share
            z[j] = value if v >= zero else -value
            if wanted:
                s[j] = root * root
    elif code == SIGMOID:
        for j in range(z.size):
            v = z[j] + bias
            t = exp(-abs(v))
            whole = one / (one + t)
            z[j] = (one if v >= zero else t) * whole
            if wanted:
                s[j] = t * whole * whole
    else:
        for j in range(z.size):
            grown = exp(z[j] + bias)
            z[j] = grown
            if wanted:
                s[j] = grown


@part(order=ORDERED)
def bend(code, z, low, high, bias, alpha, slope, bent):
    """z := (1 - α)·v + α·g(v) with v = z + bias, slope := its derivative, bent := g(v) - v."""
    k = high - low
    a, s, e = run(z, low, k), run(slope, low, k), run(bent, low, k)
    rest = z.dtype.type(1) - alpha
    for j in range(k):
        e[j] = a[j] + bias
    activate(code, z, low, high, bias, slope)
    for j in range(k):
        g, v = a[j], e[j]
        e[j] = g - v
        a[j] = rest * v + alpha * g
        s[j] = rest + alpha * s[j]
