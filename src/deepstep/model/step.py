"""One update of a training that is walked step by step."""

from dataclasses import dataclass

from deepstep.engines import SessionState, Settings
from deepstep.inspection import Trace
from deepstep.inspection.trace_step import trace_step
from deepstep.network import Architecture, Parameters
from deepstep.training import Update
from deepstep.types import Array


@dataclass(frozen=True)
class Step:
    """One update, as `Network.steps` gives it.

    Attributes
    ----------
    update : Update
        What the loop did.
    after : Parameters
        θ after the update.
    architecture : Architecture
    settings : Settings
        The update rule and what regularizes.

    Examples
    --------
    >>> from deepstep import Network
    >>> net = Network([1, 1], initialization="zeros", seed=1)
    >>> for step in net.steps([[-1.0, 1.0]], [[0, 1]], learning_rate=1.0, iterations=2):
    ...     print(step.number, step.trace()["dW1"].value, step.after["W1"])
    1 [[-0.5]] [[0.5]]
    2 [[-0.37754067]] [[0.87754067]]
    """

    update: Update
    after: Parameters
    architecture: Architecture
    settings: Settings

    @property
    def number(self) -> int:
        """Updates done, from 1."""
        return self.update.number

    @property
    def epoch(self) -> int:
        """From 0."""
        return self.update.epoch

    @property
    def cost(self) -> float:
        """J of the batch before the update."""
        return self.update.cost

    @property
    def X(self) -> Array:
        """Inputs of the batch, (n_x, k)."""
        return self.update.X

    @property
    def Y(self) -> Array:
        """Targets of the batch, (n_L, k)."""
        return self.update.Y

    @property
    def learning_rate(self) -> float:
        """α."""
        return self.update.learning_rate

    @property
    def state(self) -> SessionState:
        """θ and the optimizer's state before the update."""
        return self.update.before

    @property
    def before(self) -> Parameters:
        """θ before the update."""
        return self.after.like(self.update.before.theta)

    def trace(self) -> Trace:
        """The step opened, with the update that the optimizer made.

        returns: Of its θ, its batch and its optimizer's state.
        """
        update = self.update
        return trace_step(
            self.architecture,
            self.before,
            update.X,
            update.Y,
            learning_rate=update.learning_rate,
            settings=self.settings,
            state=update.before,
            sample_weight=update.sample_weight,
            weight_decay=update.weight_decay,
            dropout=update.dropout,
            masks=update.masks,
        )
