"""The contract that every engine keeps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np

from deepstep.engines.settings import Settings
from deepstep.errors import ConfigurationError, ShapeError
from deepstep.network import Architecture, Parameters
from deepstep.preparation.batches import Examples
from deepstep.preparation.shares import Share
from deepstep.types import AnyArray, Array


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
    statistics : mapping
        Running statistics of batch normalization: ``"mean1"``, ``"variance1"``, … (n_l, 1).
    average : array of shape (n_parameters,) or None
        The moving average of θ, where one is kept.

    Examples
    --------
    >>> SessionState(np.zeros(3), {"v": np.zeros(3)}, step=0).slots
    {'v': array([0., 0., 0.])}
    """

    theta: Array
    slots: Mapping[str, Array]
    step: int
    statistics: Mapping[str, Array] = field(default_factory=dict)
    average: Array | None = None


class StepCosts(NamedTuple):
    """What some steps cost.

    Attributes
    ----------
    costs : array of float64 (k,)
        J before each update, with regularization; NaN for a batch whose weights are all 0, which is left out.
    sizes : array of int (k,)
        Examples of each batch; 0 for one that is left out.

    Examples
    --------
    >>> costs, sizes = StepCosts(np.array([0.7, 0.5]), np.array([32, 16]))
    >>> float(np.average(costs, weights=sizes).round(3))
    0.633
    """

    costs: Array
    sizes: AnyArray


class Session(Protocol):
    """Training of one network on one engine. X and Y have columns as examples.

    Parameters
    ----------
    architecture : Architecture
        The network's shape.
    parameters : Parameters
        Where training starts; not changed. Their dtype is the session's.
    settings : Settings
        The update rule and what regularizes.
    statistics : mapping, optional
        Running statistics of batch normalization; by default mean 0 and variance 1.

    Examples
    --------
    >>> from deepstep.engines import open_session
    >>> line = Architecture((1, 1), ("identity",))
    >>> session = open_session("auto", line, Parameters(np.zeros(2), [1, 1]))
    >>> x, y = np.array([[-1.0, 1.0]]), np.array([[-3.0, 3.0]])
    >>> session.step(x, y, learning_rate=0.5)
    4.5
    >>> session.cost(x, y), session.forward(x)
    (1.125, array([[-1.5,  1.5]]))
    """

    name: str
    why: str
    """Why this engine does the work, where another one could be expected, or what it does otherwise than
    usual; else empty.
    """
    spans: bool
    """Whether full-batch steps may go another way where that is faster. They are rounded otherwise there: a
    training that is to go on bit for bit from wherever it was stopped has it off.
    """
    architecture: Architecture
    settings: Settings

    def __init__(
        self,
        architecture: Architecture,
        parameters: Parameters,
        settings: Settings,
        statistics: Mapping[str, Array] | None = None,
    ) -> None: ...

    def prepare(self) -> None:
        """Get ready for steps, before any clock runs: kernels are loaded or compiled."""
        ...

    @property
    def parameters(self) -> Parameters:
        """The parameters that training moves, now; never changed by a later step."""
        ...

    @property
    def outcome(self) -> Parameters:
        """The parameters that predict: the moving average where one is kept, else `parameters`."""
        ...

    def step(
        self,
        X: Array,
        Y: Array,
        *,
        learning_rate: float,
        sample_weight: Array | None = None,
        weight_decay: float = 1.0,
        dropout: float = 1.0,
    ) -> float:
        """One update.

        An exception, Ctrl-C among them, leaves the state as it was before the step or after it.

        Parameters
        ----------
        X, Y : arrays of shape (n_x, m) and (n_L, m)
            The batch.
        learning_rate : float
            α.
        sample_weight : array of shape (m,), optional
            Weight of each example.
        weight_decay, dropout : float
            Factors of the settings of these names, of a schedule.

        Returns
        -------
        J : float
            The cost before the update, with regularization.
        """
        ...

    def steps(
        self,
        examples: Examples,
        *,
        order: AnyArray | None,
        batch_size: int | None,
        numbers: range,
        learning_rate: AnyArray,
        weight_decay: AnyArray,
        dropout: AnyArray,
    ) -> StepCosts:
        """One update for each of some batches, of one epoch or of several.

        Parameters
        ----------
        examples : Examples
        order : array of int (epochs·m,) or None
            Order of the examples in the epoch, then that in the next one, …; None for the order as it is.
        batch_size : int or None
            None for all examples in each update.
        numbers : range
            Which batches, from 0: those of the epoch, then those of the epochs that follow.
        learning_rate, weight_decay, dropout : arrays of shape (k,)
            For each of these batches, as in `step`.

        Returns
        -------
        StepCosts
            A number of each for each batch.
        """
        ...

    def cost(self, X: Array, Y: Array, *, sample_weight: Array | None = None) -> float:
        """J of the network that predicts (running statistics, no dropout), without L1 and L2.

        Parameters
        ----------
        X, Y, sample_weight
            As in `step`.

        Returns
        -------
        J : float
            The mean loss.
        """
        ...

    def cost_and_gradient(
        self, X: Array, Y: Array, *, sample_weight: Array | None = None
    ) -> tuple[float, Array]:
        """J and ∂J/∂θ with L1 and L2; the batch's own statistics, no dropout; no update.

        Parameters
        ----------
        X, Y, sample_weight
            As in `step`.

        Returns
        -------
        J : float
            The cost.
        gradient : array of shape (n_parameters,)
            ∂J/∂θ.
        """
        ...

    def forward(self, X: Array) -> Array:
        """The output of the network that predicts.

        Parameters
        ----------
        X : array of shape (n_x, m)
            Inputs.

        Returns
        -------
        AL : array of shape (n_L, m)
            Of the session's dtype.
        """
        ...

    def settle(self, X: Array) -> None:
        """Make the statistics of examples at the parameters now those that predict, where there are any.

        For training without steps of its own, such as L-BFGS, which moves θ through `load`.

        Parameters
        ----------
        X : array of shape (n_x, m)
            Their inputs.
        """
        ...

    def state(self) -> SessionState:
        """The state now; never changed by a later step.

        Returns
        -------
        SessionState
            What `load` takes.
        """
        ...

    def load(self, state: SessionState) -> None:
        """Go on from a state, of this engine or another; it is copied, in this session's precision.

        Parameters
        ----------
        state : SessionState
            Where to go on.

        Raises
        ------
        ConfigurationError, ShapeError
            If the state is that of another update rule or of another network.
        """
        ...


@runtime_checkable
class Sharing(Protocol):
    """A session among those of other workers; each method must be called in all of them.

    Its ``steps`` take a `Shard`, too: of each batch the rows that this worker has, without an order.
    """

    def share(self) -> Share:
        """Which of the workers this one is."""
        ...

    def cost_and_gradient_of_all(
        self, X: Array, Y: Array, *, sample_weight: Array | None = None
    ) -> tuple[float, Array]:
        """`Session.cost_and_gradient` of examples that all have, in each worker the same."""
        ...

    def summed(self, values: Array) -> Array:
        """The sums over all workers, in each of them the same."""
        ...


def check_state(
    state: SessionState,
    theta: tuple[int, ...],
    slots: Sequence[str],
    statistics: Mapping[str, tuple[int, ...]],
) -> None:
    """Refuse a state whose slots or statistics have other names, or whose vectors another shape."""
    for kind, came, own in (("slots", state.slots, slots), ("statistics", state.statistics, statistics)):
        if set(came) != set(own):
            raise ConfigurationError(
                "Session.load",
                f"the {kind} of this session, {list(own)}",
                f"got {list(came)}",
                "Open the session with the optimizer and the network that made the state.",
            )
    vectors = {"theta": state.theta, **state.slots}
    if state.average is not None:
        vectors["average"] = state.average
    expected = {**dict.fromkeys(vectors, theta), **statistics}
    for name, vector in {**vectors, **state.statistics}.items():
        if np.shape(vector) != expected[name]:
            raise ShapeError(
                "Session.load",
                f"{name} has shape {expected[name]}",
                f"got shape {np.shape(vector)}",
                "Open the session with the network that made the state.",
            )


def writable(array: Array) -> Array:
    """An array without its lock, the same memory, for compilers and libraries that take no other."""
    return array if array.flags.writeable else np.asarray(_Writable(array))


class _Writable:
    """The memory of an array that is locked."""

    def __init__(self, array: Array) -> None:
        self.array = array
        address, _ = array.__array_interface__["data"]
        self.__array_interface__ = {**array.__array_interface__, "data": (address, False)}
