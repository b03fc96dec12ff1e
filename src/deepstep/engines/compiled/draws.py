"""Dropout masks inside a kernel: NumPy's Philox, so that every engine drops the same units."""

import numpy as np

from deepstep.engines.compiled.jit import ORDERED, part
from deepstep.engines.compiled.machine import product_of_words, run
from deepstep.engines.draws import Purpose

DROPOUT = np.uint64(Purpose.DROPOUT)

_M0, _M1 = np.uint64(0xD2E7470EE14C6C93), np.uint64(0xCA5A826395121157)
_W0, _W1 = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBB67AE8584CAA73B)


@part(once=True, order=ORDERED)
def _block(index, layer, step, key0, key1):
    """The four uint64 of one block of Philox 4×64 with ten rounds (Salmon et al. 2011)."""
    c0, c1, c2, c3 = np.uint64(index), np.uint64(0), np.uint64(layer), np.uint64(step)
    for _ in range(10):
        high0, low0 = product_of_words(_M0, c0)
        high1, low1 = product_of_words(_M1, c2)
        c0, c1, c2, c3 = high1 ^ c1 ^ key0, low1, high0 ^ c3 ^ key1, low0
        key0 += _W0
        key1 += _W1
    return c0, c1, c2, c3


@part(order=ORDERED)
def drop(A, D, bent, first, stride, n, low, high, keep, seed, step, layer):
    """A := A ∘ mask, D := D ∘ mask, and so bent if it is not empty, of n units."""
    # The draws of `deepstep.engines.draws` lie example by example, two in each uint64, eight in a block.
    # Those of eight units are made for all examples and turned: masks are applied along the examples.
    number, k = A.dtype.type, high - low
    raised, zero = number(1) / number(keep), number(0)
    # a draw, 24 bits / 2^24, is below keep in float32
    limit = np.int32(np.ceil(np.float64(np.float32(keep)) * 16777216.0))
    draws = np.empty(24 * k, np.uint32)  # of eight units, with room for the draws before and after them
    for unit in range(0, n, 8):
        for j in range(k):
            draw = (low + j) * n + unit
            for at in range(draw // 8, (draw + 15) // 8):
                words = _block(at + 1, layer, step, np.uint64(seed), DROPOUT)
                into = run(draws, (8 + at * 8 - draw) * k + j, 8 * k)
                for w in range(4):
                    into[2 * w * k] = np.uint32(words[w] & np.uint64(0xFFFFFFFF))
                    into[(2 * w + 1) * k] = np.uint32(words[w] >> np.uint64(32))
        for u in range(min(8, n - unit)):
            at = first + (unit + u) * stride + low
            a, d, bits = run(A, at, k), run(D, at, k), run(draws, (8 + u) * k, k)
            for j in range(k):
                mask = raised if np.int32(bits[j] >> np.uint32(8)) < limit else zero
                a[j] *= mask
                d[j] *= mask
            if bent.size:
                e = run(bent, at, k)
                for j in range(k):
                    e[j] *= raised if np.int32(bits[j] >> np.uint32(8)) < limit else zero
