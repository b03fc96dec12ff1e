"""Random draws of training: functions of (seed, step, layer), so that any step can be done again."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from deepstep.equations import dropout_mask
from deepstep.errors import ConfigurationError
from deepstep.network import Architecture
from deepstep.types import AnyArray, Array

DRAWS_PER_COUNT = 16
"""Draws of 16 bits that Philox gives for one count."""
DRAWS_PER_JUMP = 500
"""To move the counter takes about as long as so many draws."""


DROPOUT = 1
"""The second word of the key of dropout masks, beside the seed; the order of examples has 0 there."""


def generator(seed: int, step: int, layer: int) -> np.random.Generator:
    """The generator of the masks of a layer in a step (Salmon et al. 2011, Philox)."""
    key = np.array([seed, DROPOUT], dtype=np.uint64)
    return np.random.Generator(np.random.Philox(key=key, counter=[0, 0, layer, step]))


def check_dropout(dropout: Sequence[float], factors: Sequence[float] | Array, step: int) -> None:
    """Refuse factors, of this step and the next ones, that raise the probability of a layer to 1."""
    highest = max(dropout, default=0.0)
    for number, factor in enumerate(factors if highest else (), start=step):
        if highest * factor >= 1:
            requirement = f"have factors with which the dropout of {highest:g} stays below 1"
            value = f"the factor {factor:g} in step {number}"
            raise ConfigurationError.must_be("dropout_schedule", requirement, value)


def dropout_masks(
    architecture: Architecture,
    dropout: tuple[float, ...],
    m: int,
    *,
    seed: int,
    step: int,
    dtype: np.dtype,
    rows: slice | AnyArray | None = None,
) -> dict[int, Array]:
    """The masks D / keep_prob of hidden layers (n_l, m), for one step; or the columns of some examples.

    The probability that a unit stays is rounded up to a multiple of 2^-16.
    """
    # The uniform draws lie row by row for the examples, of 16 bits whatever the dtype is: engines and
    # precisions drop the same units.
    masks = {}
    for layer, rate in enumerate(dropout, start=1):
        if rate > 0:
            rng, shape = generator(seed, step, layer), (m, architecture.layer_dims[layer])
            uniform = _uniform_rows(slice(None) if rows is None else rows, rng, shape)
            masks[layer] = dropout_mask(uniform.T, 1 - rate, dtype=dtype)
    return masks


def _uniform(rng: np.random.Generator, n: int) -> AnyArray:
    """Draws (n,) from 0 to below 1, float32, of 16 bits each: more bits would take twice the time."""
    return np.asarray(rng.bit_generator.random_raw(-(-n // 4)).view(np.uint16)[:n] / np.float32(65536))


def _uniform_rows(rows: slice | AnyArray, rng: np.random.Generator, shape: tuple[int, int]) -> AnyArray:
    """Some rows of uniform draws: the counter skips to each run of rows, where that is less work."""
    m, width = shape
    numbers = np.arange(m)[rows]
    starts = np.flatnonzero(np.diff(numbers, prepend=-2) != 1)
    if len(starts) * DRAWS_PER_JUMP >= (m - len(numbers)) * width:
        return _uniform(rng, m * width).reshape(shape)[rows]
    draws = np.empty((len(numbers), width), np.float32)
    count = 0  # where Philox's counter stands: one count gives DRAWS_PER_COUNT draws
    for start, stop in pairwise([*starts.tolist(), len(numbers)]):
        block, before = divmod(int(numbers[start]) * width, DRAWS_PER_COUNT)
        rng.bit_generator.advance(block - count)  # type: ignore[attr-defined]  # Philox has it
        n = before + (stop - start) * width  # a block begins with draws of the row before
        draws[start:stop] = _uniform(rng, n)[before:].reshape(-1, width)
        count = block - (-n // DRAWS_PER_COUNT)
    return draws
