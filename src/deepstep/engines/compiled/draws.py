"""Dropout masks inside a kernel: NumPy's Philox, so that every engine drops the same units."""

import numpy as np

from deepstep.engines.compiled import calls
from deepstep.engines.compiled.jit import ORDERED, part
from deepstep.engines.compiled.machine import high_product
from deepstep.engines.draws import Purpose

DROPOUT = np.uint64(Purpose.DROPOUT)

_M0, _M1 = np.uint64(0xD2E7470EE14C6C93), np.uint64(0xCA5A826395121157)
_W0, _W1 = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBB67AE8584CAA73B)


@part(order=ORDERED)
def _block(index, layer, step, key0, key1):
    """The four uint64 of one block of Philox 4×64 with ten rounds (Salmon et al. 2011)."""
    c0, c1, c2, c3 = index, np.uint64(0), layer, step
    for _ in range(10):
        high0, low0 = high_product(_M0, c0), _M0 * c0
        high1, low1 = high_product(_M1, c2), _M1 * c2
        c0, c1, c2, c3 = high1 ^ c1 ^ key0, low1, high0 ^ c3 ^ key1, low0
        key0 += _W0
        key1 += _W1
    return c0, c1, c2, c3


@calls.routine(calls.drop, order=ORDERED)
def drop(A, D, bent, first, stride, n, low, high, keep, seed, step, l):
    """A := A ∘ mask, D := D ∘ mask, and so bent if it is not None, of n units."""
    # the draws of `deepstep.engines.draws` lie example by example, two in each uint64
    number = A.dtype.type
    raised, zero, limit = number(1) / number(keep), number(0), np.float32(keep)
    at, end = low * n, high * n
    block = at // 8
    while block * 8 < end:
        words = _block(np.uint64(block + 1), np.uint64(l), np.uint64(step), np.uint64(seed), DROPOUT)
        for w in range(4):
            for half in range(2):
                draw = block * 8 + 2 * w + half
                if at <= draw < end:
                    bits = np.uint32(words[w] >> np.uint64(32 * half))
                    uniform = np.float32(bits >> np.uint32(8)) * np.float32(1 / 16777216)
                    mask = raised if uniform < limit else zero
                    entry = first + (draw % n) * stride + draw // n
                    A[entry] *= mask
                    D[entry] *= mask
                    if bent.size:
                        bent[entry] *= mask
        block += 1
