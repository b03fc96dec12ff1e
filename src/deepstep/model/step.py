"""One update of a training that is walked step by step."""

from dataclasses import dataclass

from deepstep.engines import SessionState, Settings
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
        From 0.
    cost : float
        J of the batch before the update.
    X, Y : arrays of shape (n_x, k) and (n_L, k)
        The batch.
    state : SessionState
        θ and the optimizer's state before the update.
    after : Parameters
        θ after the update.
    learning_rate : float
        α.
    architecture : Architecture
    settings : Settings
        The update rule.
    """

    number: int
    epoch: int
    cost: float
    X: Array
    Y: Array
    state: SessionState
    after: Parameters
    learning_rate: float
    architecture: Architecture
    settings: Settings

    @property
    def before(self) -> Parameters:
        """θ before the update."""
        return Parameters(self.state.theta, self.architecture.layer_dims)

    def trace(self) -> Trace:
        """The step opened, with the update that the optimizer made."""
        return trace_step(
            self.architecture,
            self.before,
            self.X,
            self.Y,
            learning_rate=self.learning_rate,
            settings=self.settings,
            state=self.state,
        )
