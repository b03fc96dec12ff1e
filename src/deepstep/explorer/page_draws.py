"""The random numbers of the page, drawn in Python: the page's own batches and masks to the last bit.

The page keeps one word of 32 bits. A draw adds 0x9E3779B9 to it and mixes the sum, so that draw n of a stream
is a function of where the stream begins and of n alone; see web/README.md.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from deepstep.network import Architecture
from deepstep.types import Array

STEP, WORD = 0x9E3779B9, 0xFFFFFFFF
ORDER, MASK = 2, 3
"""Purposes of streams."""


def _mixed(z: NDArray[np.uint64]) -> NDArray[np.uint64]:
    word = np.uint64(WORD)
    z = (z ^ z >> np.uint64(16)) * np.uint64(0x21F0AAAD) & word
    z = (z ^ z >> np.uint64(15)) * np.uint64(0x735A2D97) & word
    return z ^ z >> np.uint64(15)


def uniform(n: int, seed: int, *counters: int) -> NDArray[np.float64]:
    """The first n numbers, from 0 to below 1, of the stream of a seed and its counters."""
    state = _mixed(np.array([seed & WORD], dtype=np.uint64))
    for counter in counters:
        state = _mixed(state + np.uint64(counter & WORD) & np.uint64(WORD))
    places = np.arange(1, n + 1, dtype=np.uint64) * np.uint64(STEP)
    return _mixed(state + places & np.uint64(WORD)) / 2.0**32


def order(seed: int, epoch: int, m: int) -> list[int]:
    """The numbers 0 … m - 1 as the page visits them in an epoch (Fisher and Yates, from the last down)."""
    found = list(range(m))
    for i, draw in zip(range(m - 1, 0, -1), uniform(max(0, m - 1), seed, ORDER, epoch), strict=True):
        j = int(draw * (i + 1))
        found[i], found[j] = found[j], found[i]
    return found


def masks(shape: Architecture, dropout: Sequence[float], m: int, *, seed: int, step: int) -> dict[int, Array]:
    """The masks (n_l, m) of the hidden layers that drop units, for one step."""
    found = {}
    for layer, rate in enumerate(dropout, start=1):
        keep = 1 - rate
        if keep < 1:
            draws = uniform(shape.layer_dims[layer] * m, seed, MASK, step, layer)
            found[layer] = np.where(draws < keep, 1 / keep, 0.0).reshape(shape.layer_dims[layer], m)
    return found
