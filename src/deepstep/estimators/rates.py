"""scikit-learn's learning rates that change from epoch to epoch; the lecture's belong to training."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from deepstep.training import Callback


@dataclass(frozen=True)
class InverseScaling:
    """α / (t + 1)^power with t the examples seen so far: "invscaling".

    ``examples`` are those of an epoch; ``first_epoch`` and ``seen`` those of a training that continues.
    ``restart`` runs the first epoch at α whatever was seen before, as scikit-learn's warm start does.
    """

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
    """A rate that `lower` divides by ``factor`` as long as it is above ``least``: "adaptive".

    It is among the callbacks, so that a training that is resumed finds it as it was.
    """

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
