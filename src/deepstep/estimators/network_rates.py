"""The learning rates of scikit-learn's solvers: the first one, 'invscaling' and 'adaptive'."""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from deepstep.engines import Session
from deepstep.errors import warn_the_caller
from deepstep.estimators.network_parameters import NetworkParameters
from deepstep.estimators.network_settings import fit_to_resume
from deepstep.preparation.batches import Examples, as_they_are, shuffled
from deepstep.training import Callback
from deepstep.training.rate_finder import AUTO, RateSearch, find_rate

DEFAULT_BATCH_SIZE = 200
"""Examples of an update where batch_size is 'auto', as in scikit-learn."""


@dataclass(frozen=True)
class InverseScaling:
    """α / (t + 1)^power with t the examples seen so far; ``restart`` begins at α, as a warm start does."""

    initial: float
    power: float
    examples: int
    first_epoch: int = 0
    seen: int = 0
    restart: bool = False

    def __call__(self, epoch: int) -> float:
        """The rate of an epoch."""
        if self.restart and epoch == self.first_epoch:
            return self.initial
        return self.initial / (self.seen + (epoch - self.first_epoch) * self.examples + 1) ** self.power


class AdaptiveRate(Callback):
    """A rate that `lower` divides as long as it is above ``least``; a callback, so that it can be resumed."""

    adds_to_records = ()

    def __init__(self, rate: float, *, factor: float = 5.0, least: float = 1e-6) -> None:
        self.rate = self._initial = rate
        self._factor = factor
        self._least = least

    def __call__(self, epoch: int) -> float:
        """The rate now, whatever the epoch."""
        return self.rate

    def lower(self) -> bool:
        """Lower the rate; False where it is too small for that."""
        if self.rate <= self._least:
            return False
        self.rate /= self._factor
        return True

    def settings(self) -> Mapping[str, Any]:
        """Where it began, and how it falls."""
        return {"rate": self._initial, "factor": self._factor, "least": self._least}

    def state(self) -> Mapping[str, Any]:
        """The rate now."""
        return {"rate": self.rate}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state` gave."""
        self.rate = float(state["rate"])


def first_rate(
    params: NetworkParameters,
    learned: Examples,
    session: Callable[[], Session],
    seed: int,
    where: str,
) -> tuple[float, RateSearch | None]:
    """The learning rate that a new fit begins with, and the search that found it, in the order of the fit.

    A fit that is resumed has the rate of its checkpoint.
    """
    if params.learning_rate_init != AUTO:
        return float(params.learning_rate_init), None
    with warnings.catch_warnings(action="ignore"):  # of damaged checkpoints: the training warns of them
        checkpoint = fit_to_resume(params, where)
    if checkpoint is not None:
        return float(checkpoint.identity["learning_rate"]), None
    size = DEFAULT_BATCH_SIZE if isinstance(params.batch_size, str) else int(params.batch_size)
    whole = size >= len(learned)
    search = find_rate(
        session(),
        learned,
        batch_size=None if whole else size,
        order=as_they_are if whole or not params.shuffle else shuffled(seed),
        where=f"{where}, learning_rate_init='auto'",
    )
    if search.suggestion is not None:
        return search.suggestion, search
    instead = float(NetworkParameters.learning_rate_init)
    warn_the_caller(f"learning_rate_init='auto' found no rate that lowers the cost; {instead:g} is taken.")
    return instead, search
