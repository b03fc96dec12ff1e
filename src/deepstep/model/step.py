"""One update of a training that is walked step by step."""

from dataclasses import dataclass

from deepstep.inspection import Trace, trace_step
from deepstep.network import Architecture, Parameters
from deepstep.types import Array


@dataclass(frozen=True)
class Step:
    """One update, as `Network.steps` gives it.

    Attributes
    ----------
    number : int
        Updates done, from 1.
    epoch : int
        Pass over the data, from 0.
    cost : float
        J of the batch before the update.
    X, Y : arrays of shape (n_x, k) and (n_L, k)
        The batch.
    before, after : Parameters
        θ before and after the update.
    learning_rate : float
        α.
    architecture : Architecture
    """

    number: int
    epoch: int
    cost: float
    X: Array
    Y: Array
    before: Parameters
    after: Parameters
    learning_rate: float
    architecture: Architecture

    def trace(self) -> Trace:
        """The step opened; its update is that of gradient descent."""
        return trace_step(self.architecture, self.before, self.X, self.Y, learning_rate=self.learning_rate)
