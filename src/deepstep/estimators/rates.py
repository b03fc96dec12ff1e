"""scikit-learn's learning rates that change from epoch to epoch; the lecture's belong to training."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from deepstep.training import Callback


@dataclass(frozen=True)
class InverseScaling:
    """α / (t + 1)^power with t the examples seen so far: "invscaling".

    Attributes
    ----------
    initial : float
        α, the rate of the first epoch.
    power : float
    examples : int
        Examples an epoch.
    first_epoch, seen : int
        Number of the first epoch and the examples seen before it, for a training that goes on.
    restart : bool
        Run the first epoch at α whatever was seen before, as scikit-learn's warm start does.

    Examples
    --------
    >>> rate = InverseScaling(0.5, power=0.5, examples=99)
    >>> rate(0), rate(1)
    (0.5, 0.05)
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
    """A rate that stays as it is until it is lowered: "adaptive".

    Among the callbacks, so that a training that is resumed finds it where it stood.

    Parameters
    ----------
    rate : float
        α.
    factor : float
        What `lower` divides by.
    least : float
        A rate that is not above this is not lowered any more.

    Attributes
    ----------
    rate : float
        The rate now.

    Examples
    --------
    >>> rate = AdaptiveRate(0.5)
    >>> rate.lower(), rate(7)
    (True, 0.1)
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
