"""Elementary functions that a compiler turns to vector instructions, to the last digit or two.

Each is a polynomial between two operations on bits, without a branch: sixteen numbers are done at once where
the processor can. Series are Taylor's; the coefficients are fractions that can be checked by hand.
"""

from math import factorial

import numpy as np
from numba import types
from numba.extending import overload

from deepstep.engines.compiled.calls import ORDERED, part
from deepstep.engines.compiled.machine import float_of_bits


def _of_precisions(make, single_arguments, double_arguments):
    """A stand-in that becomes one of two plain functions, for float32 or float64, where it is compiled."""
    single, double = make(np.float32, *single_arguments), make(np.float64, *double_arguments)

    def function(x):
        raise TypeError("for kernels alone")

    @overload(function, inline="never", jit_options={"fastmath": ORDERED})
    def chosen(x):  # Numba holds its signature against theirs, to the letter
        if isinstance(x, types.Float):
            return single if x.bitwidth == 32 else double
        return None

    return function


def _reduced(number, integer, high, low, bits, bias):
    """Parts of e^x for one precision: e^r - 1 with |r| ≤ ln 2 / 2 and 2^n as two factors, x = n·ln 2 + r."""
    log2e, half, ln2_high, ln2_low = number(1.4426950408889634), number(0.5), number(high), number(low)
    zero = number(0)
    degree_13 = number is np.float64
    c2, c3, c4, c5, c6, c7, c8, c9, c10, c11, c12, c13 = (number(1 / factorial(d)) for d in range(2, 14))

    @part(order=ORDERED)
    def remainder(x):
        n = np.int32(x * log2e + (half if x >= zero else -half))
        # ln 2 in two parts: n times the upper one is exact, and r keeps its digits
        r = (x - number(n) * ln2_high) - number(n) * ln2_low
        p = c7
        if degree_13:
            p = c8 + r * (c9 + r * (c10 + r * (c11 + r * (c12 + r * c13))))
            p = c7 + r * p
        p = r + r * r * (c2 + r * (c3 + r * (c4 + r * (c5 + r * (c6 + r * p)))))
        return n, p

    @part(order=ORDERED)
    def power_of_two(n):
        return float_of_bits(integer((integer(n) + integer(bias)) << integer(bits)))

    return remainder, power_of_two


_REDUCED = {
    np.float32: _reduced(np.float32, np.int32, 0.693359375, -2.12194440e-4, 23, 127),
    np.float64: _reduced(
        np.float64, np.int64, 6.93147180369123816490e-01, 1.90821492927058770002e-10, 52, 1023
    ),
}


def _exponential(number, least, most):
    remainder, power = _REDUCED[number]
    low, high, unity, infinite = number(least), number(most), number(1), number(np.inf)

    def exponential(x):
        inside = low if x < low else x  # a NaN is neither below nor above, and stays
        inside = high if inside > high else inside
        n, p = remainder(inside)
        half = n >> 1
        value = ((unity + p) * power(half)) * power(n - half)
        return infinite if x > high else value

    return exponential


def _both(number, least):
    remainder, power = _REDUCED[number]
    low, unity = number(least), number(1)

    def both(x):
        n, p = remainder(low if x < low else x)
        scale = power(n)
        grown = scale * p
        return scale + grown, grown + (scale - unity)

    return both


exp = _of_precisions(_exponential, (-104.0, 88.72283935546875), (-746.0, 709.782712893384))
"""e^x; 0 and inf where the value is too small or too large for the dtype. A subnormal value is rounded once,
in a thread that has such numbers (see `machine.without_denormals`).
"""

exp_and_expm1 = _of_precisions(_both, (-87.0,), (-708.0,))
"""e^x and e^x - 1, each with all its digits, for x up to 0; below -87 (-708) their values there."""


def _log1p(number, terms):
    unity, half, two = number(1), number(0.5), number(2)
    root, ln2 = number(0.41421356), number(0.6931471805599453)
    t3, t5, t7, t9, t11, t13, t15, t17, t19, t21 = (number(2 / d) for d in range(3, 22, 2))
    long = terms > 5

    def log1p(x):
        above = x > root
        f = (x - unity) * half if above else x
        s = f / (two + f)
        q = s * s
        p = t11
        if long:
            p = t11 + q * (t13 + q * (t15 + q * (t17 + q * (t19 + q * t21))))
        value = s * (two + q * (t3 + q * (t5 + q * (t7 + q * (t9 + q * p)))))
        return value + ln2 if above else value

    return log1p


log1p = _of_precisions(_log1p, (5,), (10,))
"""log(1 + x) for x from 0 to 1, by 2·artanh(s) with s = x / (2 + x)."""


def _cosine_and_sine(number, parts: tuple[float, float, float], last):
    high, middle, low = (number(part) for part in parts)
    quarter, unity = number(2 / np.pi), number(1)
    d2, d3, d4, d5, d6, d7, d8, d9 = (number((-1) ** (d // 2) / factorial(d)) for d in range(2, 10))
    d10, d11, d12, d13, d14, d15, d16, d17 = (
        number((-1) ** (d // 2) / factorial(d)) if d <= last else number(0) for d in range(10, 18)
    )
    long = last > 11

    def cosine_and_sine(x):
        n = np.rint(x * quarter)
        r = ((x - n * high) - n * middle) - n * low
        q = r * r
        c, s = d10, d11
        if long:
            c = d10 + q * (d12 + q * (d14 + q * d16))
            s = d11 + q * (d13 + q * (d15 + q * d17))
        c = unity + q * (d2 + q * (d4 + q * (d6 + q * (d8 + q * c))))
        s = r + r * q * (d3 + q * (d5 + q * (d7 + q * (d9 + q * s))))
        turns = np.int32(n)
        odd, back = turns & 1 != 0, turns & 2 != 0
        cosine, sine = (s, c) if odd else (c, s)
        return (-cosine if odd != back else cosine), (-sine if back else sine)

    return cosine_and_sine


cosine_and_sine = _of_precisions(
    _cosine_and_sine,
    ((1.5703125, 4.837512969970703125e-4, 7.54978995489188216e-8), 11),
    ((1.57079625129699707031, 7.54978941586159635335e-8, 5.39030285815811905290e-15), 17),
)
"""cos(x) and sin(x) to the last digits, for |x| up to some thousands: multiples of π/2 in three parts."""
