"""The result of a fit of one network. It is read with a saved network, so scikit-learn is not imported."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import nan

from deepstep.engines import SessionState
from deepstep.training import History
from deepstep.training.rate_finder import RateSearch


@dataclass(frozen=True)
class Progress:
    """The result of a fit, from which the next one continues; the network has the history.

    ``epochs`` are those of the last fit, ``examples_seen`` those of all. ``stopping_history`` is that of the
    training that early stopping ended, before a refit. ``best`` has the best value of each quantity that was
    watched, and ``stalled`` counts epochs without improvement. ``learning_rate`` is None for L-BFGS,
    ``search`` where no rate was searched for, and ``adapted_rate`` where the rate is not 'adaptive'.
    """

    loss: float = nan
    epochs: int = 0
    examples_seen: int = 0
    stopping_history: History | None = None
    best_loss: float | None = None
    best_validation_score: float | None = None
    learning_rate: float | None = None
    search: RateSearch | None = None
    best: Mapping[str, float] = field(default_factory=dict)
    stalled: int = 0
    adapted_rate: float | None = None
    optimizer: SessionState | None = None
