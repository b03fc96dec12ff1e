"""Random draws of training: functions of (seed, step, layer), so that any step can be done again."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from deepstep.equations import dropout_mask
from deepstep.errors import ConfigurationError
from deepstep.network import Architecture
from deepstep.types import AnyArray, Array

OF_A_COUNT = 8
"""Draws of float32 that Philox gives for one count."""
A_JUMP = 500
"""To go on with the counter takes about as long as so many draws."""


DROPOUT = 1
"""The second word of the key of dropout masks, beside the seed; the order of examples has 0 there."""


def generator(seed: int, step: int, layer: int) -> np.random.Generator:
    """The generator of the masks of a layer in a step (Salmon et al. 2011, Philox)."""
    key = np.array([seed, DROPOUT], dtype=np.uint64)
    return np.random.Generator(np.random.Philox(key=key, counter=[0, 0, layer, step]))


def check_dropout(dropout: Sequence[float], factors: Sequence[float] | Array, step: int) -> None:
    """Refuse factors, of this step and the next ones, that raise the probability of a layer to 1."""
    highest = max(dropout, default=0.0)
    for at, factor in enumerate(factors if highest else ()):
        if highest * factor >= 1:
            raise ConfigurationError(
                "dropout_schedule",
                f"factors with which the dropout of {highest:g} stays below 1",
                f"got the factor {factor:g} in step {step + at}",
            )


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
    """The masks D / keep_prob of hidden layers (n_l, m), for one step; or the columns of some examples."""
    # The uniform draws lie row by row for the examples, in float32 whatever the dtype is: engines and
    # precisions drop the same units.
    masks = {}
    for layer, rate in enumerate(dropout, start=1):
        if rate > 0:
            drawn = generator(seed, step, layer)
            shape = (m, architecture.layer_dims[layer])
            uniform = (
                drawn.random(shape, dtype=np.float32) if rows is None else _uniform_of(rows, drawn, shape)
            )
            masks[layer] = dropout_mask(uniform.T, 1 - rate, dtype=dtype)
    return masks


def _uniform_of(rows: slice | AnyArray, drawn: np.random.Generator, shape: tuple[int, int]) -> AnyArray:
    """Some rows of uniform draws: the counter skips to each run of rows, where that is less work."""
    (m, width), numbers = shape, np.arange(shape[0])[rows]
    starts = np.flatnonzero(np.diff(numbers, prepend=-2) != 1)
    if len(starts) * A_JUMP >= (m - len(numbers)) * width:
        return np.asarray(drawn.random(shape, dtype=np.float32)[rows])
    found, at = np.empty((len(numbers), width), np.float32), 0
    for start, stop in pairwise([*starts.tolist(), len(numbers)]):
        block, before = divmod(int(numbers[start]) * width, OF_A_COUNT)
        drawn.bit_generator.advance(block - at)  # type: ignore[attr-defined]  # Philox has it
        n = before + (stop - start) * width
        found[start:stop] = drawn.random(n, dtype=np.float32)[before:].reshape(-1, width)
        at = block - (-n // OF_A_COUNT)
    return found
