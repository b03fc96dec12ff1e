"""Where training stands."""

from dataclasses import dataclass, field

import numpy as np

from deepstep.types import AnyArray, Array


def _none(dtype: type) -> AnyArray:
    return np.empty(0, dtype)


@dataclass(frozen=True)
class Position:
    """Where training stands: with the session's state, all that is needed to go on.

    ``epoch`` and ``batch`` count the whole epochs, and the batches of the running epoch, that are done;
    ``seconds`` includes earlier runs. ``costs`` and ``sizes`` have J before each update of the running epoch,
    and the examples of its batch.
    """

    epoch: int = 0
    batch: int = 0
    seconds: float = 0.0
    costs: Array = field(default_factory=lambda: _none(float))
    sizes: AnyArray = field(default_factory=lambda: _none(int))
