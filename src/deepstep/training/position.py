"""Where training stands."""

from dataclasses import dataclass, field

import numpy as np

from deepstep.types import AnyArray, Array


def _none(dtype: type) -> AnyArray:
    return np.empty(0, dtype)


@dataclass(frozen=True)
class Position:
    """Where training stands: with the session's state, all that is needed to go on.

    Attributes
    ----------
    epoch : int
        Whole epochs done.
    batch : int
        Batches done of the epoch that runs.
    seconds : float
        Time spent so far, in earlier runs too.
    costs, sizes : arrays of shape (batch,)
        J before each update of the epoch that runs, and the examples of its batch.
    """

    epoch: int = 0
    batch: int = 0
    seconds: float = 0.0
    costs: Array = field(default_factory=lambda: _none(float))
    sizes: AnyArray = field(default_factory=lambda: _none(int))
