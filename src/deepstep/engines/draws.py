"""Random draws of training: functions of (seed, step, layer), so that any step can be done again."""

from collections.abc import Sequence
from enum import IntEnum

import numpy as np

from deepstep.equations import dropout_mask
from deepstep.errors import ConfigurationError
from deepstep.network import Architecture
from deepstep.types import Array


class Purpose(IntEnum):
    """What a draw is for: the same counter gives different numbers for each. 0 is the order of examples."""

    DROPOUT = 1
    INPUT_NOISE = 2


def generator(seed: int, purpose: Purpose, step: int, layer: int = 0) -> np.random.Generator:
    """The generator of one draw (Salmon et al. 2011, Philox).

    Examples
    --------
    >>> first, again = (generator(1, Purpose.DROPOUT, step=7, layer=2).random() for _ in range(2))
    >>> first == again
    True
    """
    key = np.array([seed, purpose], dtype=np.uint64)
    return np.random.Generator(np.random.Philox(key=key, counter=[0, 0, layer, step]))


def check_dropout(dropout: Sequence[float], factors: Sequence[float] | Array, step: int) -> None:
    """Refuse factors, of this step and the next ones, that raise the probability of a layer to 1.

    Raises
    ------
    ConfigurationError
        If they do.
    """
    highest = max(dropout, default=0.0)
    for at, factor in enumerate(factors if highest else ()):
        if highest * factor >= 1:
            raise ConfigurationError(
                "dropout_schedule",
                f"factors with which the dropout of {highest:g} stays below 1",
                f"got the factor {factor:g} in step {step + at}",
            )


def dropout_masks(
    architecture: Architecture, dropout: tuple[float, ...], m: int, *, seed: int, step: int, dtype: np.dtype
) -> dict[int, Array]:
    """The masks D / keep_prob of the hidden layers that drop units, for one step: (n_l, m) or (n_l, K·m).

    The uniform draws lie row by row for the examples and have float32's precision whatever the dtype is, so
    that engines and precisions drop the same units.
    """
    masks = {}
    for layer, rate in enumerate(dropout, start=1):
        if rate > 0:
            uniform = generator(seed, Purpose.DROPOUT, step, layer).random(
                (max(1, architecture.shared_members) * m, architecture.layer_dims[layer]), dtype=np.float32
            )
            masks[layer] = dropout_mask(uniform.T, 1 - rate, dtype=dtype)
    return masks


def input_noise(shape: tuple[int, ...], deviation: float, *, seed: int, step: int, dtype: np.dtype) -> Array:
    """Normal noise for the inputs (n_x, m) of one step."""
    n_x, m = shape
    draws = generator(seed, Purpose.INPUT_NOISE, step).standard_normal((m, n_x), dtype=np.float32)
    return (deviation * draws.T).astype(dtype, copy=False)
