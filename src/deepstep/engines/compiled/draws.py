"""Dropout masks inside a kernel: NumPy's Philox, so that every engine drops the same units."""

import numpy as np

from deepstep.engines.compiled import calls
from deepstep.engines.compiled.jit import ORDERED, part
from deepstep.engines.compiled.machine import product_of_words, run
from deepstep.engines.draws import Purpose

DROPOUT = np.uint64(Purpose.DROPOUT)

_M0, _M1 = np.uint64(0xD2E7470EE14C6C93), np.uint64(0xCA5A826395121157)
_W0, _W1 = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBB67AE8584CAA73B)


@part(order=ORDERED)
def _kept(block, layer, step, seed, limit):
    """Which of the eight draws of one block are below the limit, as bits.

    A block is that of Philox 4×64 with ten rounds (Salmon et al. 2011); a draw is 24 bits of it.
    """
    c0, c1, c2, c3 = np.uint64(block + 1), np.uint64(0), np.uint64(layer), np.uint64(step)
    key0, key1 = np.uint64(seed), DROPOUT
    for _ in range(10):
        high0, low0 = product_of_words(_M0, c0)
        high1, low1 = product_of_words(_M1, c2)
        c0, c1, c2, c3 = high1 ^ c1 ^ key0, low1, high0 ^ c3 ^ key1, low0
        key0 += _W0
        key1 += _W1
    return _below(c0, limit) | _below(c1, limit) << 2 | _below(c2, limit) << 4 | _below(c3, limit) << 6


@part(order=ORDERED)
def _below(word, limit):
    """The same of the two draws of a word, the lower half first."""
    first, second = (word & np.uint64(0xFFFFFFFF)) < limit, (word >> np.uint64(32)) < limit
    return np.int32(first) | np.int32(second) << 1


@calls.routine("drop", order=ORDERED)
def drop(A, D, bent, first, stride, n, low, high, keep, seed, step, layer, row):
    """A := A ∘ mask, D := D ∘ mask, and so bent if it is not empty, of n units; ``row`` is room."""
    # The draws of `deepstep.engines.draws` lie example by example. Those of eight units are made for all
    # examples, as the bits of a number in the row, so that masks are applied along the examples.
    number, k = A.dtype.type, high - low
    raised, zero, one = number(1) / number(keep), number(0), np.int32(1)
    # a draw u = bits / 2^24 is below keep, in float32, where its 32 bits are below this
    limit = np.uint64(np.ceil(np.float64(np.float32(keep)) * 16777216.0)) << np.uint64(8)
    bits = run(row, low, k)
    for unit in range(0, n, 8):
        for j in range(k):
            block, shift = divmod((low + j) * n + unit, 8)
            found = _kept(block, layer, step, seed, limit)
            if shift > 0:
                found = found >> shift | _kept(block + 1, layer, step, seed, limit) << (8 - shift)
            bits[j] = found
        for u in range(min(8, n - unit)):
            at = first + (unit + u) * stride + low
            a, d = run(A, at, k), run(D, at, k)
            for j in range(k):
                mask = raised if np.int32(bits[j]) >> np.int32(u) & one != 0 else zero
                a[j] *= mask
                d[j] *= mask
            if bent.size:
                e = run(bent, at, k)
                for j in range(k):
                    e[j] *= raised if np.int32(bits[j]) >> np.int32(u) & one != 0 else zero
