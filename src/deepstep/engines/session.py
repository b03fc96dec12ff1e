"""The contract that every engine keeps."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from deepstep.equations import Optimizer, get_optimizer
from deepstep.errors import ConfigurationError
from deepstep.network import Architecture, Parameters
from deepstep.preparation.batches import Examples
from deepstep.types import AnyArray, Array


@dataclass(frozen=True)
class Settings:
    """What a session needs beside the network.

    Attributes
    ----------
    optimizer : str or Optimizer
        Update rule, a name in ``deepstep.equations.OPTIMIZERS``.
    hyperparameters : mapping
        Of the update rule: ``beta``, ``beta1``, …
    l2 : float
        λ of L2 regularization, at least 0.

    Raises
    ------
    ConfigurationError
        If the optimizer or one of its hyperparameters is unknown or out of range, or λ is negative.
    """

    optimizer: str | Optimizer = "gd"
    hyperparameters: Mapping[str, Any] = field(default_factory=dict)
    l2: float = 0.0

    def __post_init__(self) -> None:
        get_optimizer(self.optimizer).settings(self.hyperparameters)
        if not (isinstance(self.l2, int | float | np.number) and 0 <= self.l2 < np.inf):
            raise ConfigurationError("l2", "a number of at least 0", f"got {self.l2!r}")


@dataclass(frozen=True)
class SessionState:
    """Everything that training carries from step to step; moves between engines.

    Attributes
    ----------
    theta : array of shape (n_parameters,)
    slots : mapping
        The optimizer's vectors by name.
    step : int
        Number of updates done.
    """

    theta: Array
    slots: Mapping[str, Array]
    step: int


class Session(Protocol):
    """Training of one network on one engine. X and Y have columns as examples."""

    name: str

    def __init__(self, architecture: Architecture, parameters: Parameters, settings: Settings) -> None: ...

    @property
    def parameters(self) -> Parameters:
        """The parameters now; never changed by a later step."""
        ...

    def step(self, X: Array, Y: Array, *, learning_rate: float, sample_weight: Array | None = None) -> float:
        """One update; gives J before it (with regularization)."""
        ...

    def epoch(
        self, examples: Examples, *, order: AnyArray | None, batch_size: int | None, learning_rate: float
    ) -> float:
        """One update per batch; gives the mean over the examples of J before each update.

        A batch whose weights are all 0 is left out, of the updates and of the mean. An example of weight 0
        in another batch adds nothing to that batch's J, but counts in its size, as in scikit-learn.

        Raises
        ------
        DataError
            If all weights are 0.
        """
        ...

    def cost(self, X: Array, Y: Array, *, sample_weight: Array | None = None) -> float:
        """J, with regularization; nothing is updated."""
        ...

    def cost_and_gradient(
        self, X: Array, Y: Array, *, sample_weight: Array | None = None
    ) -> tuple[float, Array]:
        """J and ∂J/∂θ as one vector; nothing is updated."""
        ...

    def forward(self, X: Array) -> Array:
        """AL of shape (n_L, m)."""
        ...

    def state(self) -> SessionState:
        """The state now; never changed by a later step."""
        ...

    def load(self, state: SessionState) -> None:
        """Go on from a state, of this engine or another; it is copied, in this session's precision.

        Raises
        ------
        ConfigurationError, ShapeError
            If the state is that of another update rule or of another network.
        """
        ...
