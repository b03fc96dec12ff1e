"""The protocol of all engines, with what they have in common."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from deepstep.engines.settings import Settings
from deepstep.equations import Head, get_head, get_optimizer
from deepstep.equations.linear import check_shape
from deepstep.errors import ConfigurationError, ShapeError
from deepstep.network import Architecture, Parameters
from deepstep.preparation.batches import ALONE, Communicator, Examples, n_batches, places
from deepstep.types import AnyArray, Array


@dataclass(frozen=True)
class SessionState:
    """Everything that training carries from step to step; moves between engines.

    Attributes
    ----------
    theta : array of shape (n_parameters,)
        θ.
    slots : mapping
        The optimizer's vectors by name.
    step : int
        Number of updates done.
    statistics : mapping, optional
        Running statistics of batch normalization: ``"mean1"``, ``"variance1"``, … (n_l, 1).

    Examples
    --------
    >>> SessionState(np.zeros(3), {"v": np.zeros(3)}, step=0).slots
    {'v': array([0., 0., 0.])}
    """

    theta: Array
    slots: Mapping[str, Array]
    step: int
    statistics: Mapping[str, Array] = field(default_factory=dict)


class StepCosts(NamedTuple):
    """Costs of some steps.

    Attributes
    ----------
    costs : array of shape (k,)
        J before each update, with regularization; NaN for a batch whose weights are all 0, which is left out.
    sizes : array of shape (k,)
        Examples of each batch; 0 for one that is left out.

    Examples
    --------
    >>> costs, sizes = StepCosts(np.array([0.7, 0.5]), np.array([32, 16]))
    >>> float(np.average(costs, weights=sizes).round(3))
    0.633
    """

    costs: Array
    sizes: AnyArray

    def part(self, steps: slice) -> "StepCosts":
        """Views of those of some of the steps.

        Parameters
        ----------
        steps : slice
            Which of them.

        Returns
        -------
        StepCosts
        """
        return StepCosts(self.costs[steps], self.sizes[steps])

    @property
    def finite(self) -> bool:
        """Whether all of these steps were done: an engine may stop at a cost that is not finite."""
        return bool(np.isfinite(self.costs[self.sizes > 0]).all())


class Batches(NamedTuple):
    """Batches of one epoch or of several, for `Session.steps`."""

    order: AnyArray | None
    batch_size: int | None
    numbers: range
    rates: Array  # (3, k): α and the factors of weight decay and dropout of each batch

    def part(self, steps: slice) -> "Batches":
        """Some of them."""
        return self._replace(numbers=self.numbers[steps], rates=self.rates[:, steps])


class Session(ABC):
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
    why = ""
    """Why this engine does the work, where another one could be expected, or what it does otherwise than
    usual; else empty.
    """
    spans = False
    """Whether full-batch steps may go another way where that is faster. They are rounded otherwise there: a
    training that is to go on bit for bit from wherever it was stopped has it off.
    """
    workers: Communicator = ALONE
    """Workers that share the steps: each method is called in all of them, and steps take a `Shard`, too."""

    def __init__(
        self,
        architecture: Architecture,
        parameters: Parameters,
        settings: Settings,
        statistics: Mapping[str, Array] | None = None,
    ) -> None:
        self.architecture, self.settings = architecture, settings
        self._dtype, self._like = parameters.dtype, parameters.like
        self._optimizer = get_optimizer(settings.optimizer)
        self._dropout = settings.dropout_of(architecture)
        self._make_ready(parameters)
        slots = {name: np.zeros_like(parameters.flat) for name in self._optimizer.state}
        if statistics is None:
            statistics = first_statistics(architecture, self._dtype)
        self._take(SessionState(parameters.flat, slots, 0, dict(statistics)))

    @abstractmethod
    def _make_ready(self, parameters: Parameters) -> None:
        """Inputs of an engine before its first state."""

    @abstractmethod
    def _take(self, state: SessionState) -> None:
        """Go on from a state whose shapes fit."""

    @cached_property
    def _head(self) -> Head:
        """The head with its settings, looked up once: a network that is only run forward needs none."""
        return get_head(self.architecture)

    def prepare(self, steps: int = 1) -> None:
        """Get ready for so many steps, before any clock runs: kernels are loaded or compiled.

        Parameters
        ----------
        steps : int, optional
            How many are to come.
        """
        return

    @property
    @abstractmethod
    def parameters(self) -> Parameters:
        """The parameters now; never changed by a later step."""

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
        X : array of shape (n_x, m)
            Inputs of the batch.
        Y : array of shape (n_L, m)
            Targets.
        learning_rate : float
            α.
        sample_weight : array of shape (m,), optional
            Weight of each example, at least 0; scaled to mean 1.
        weight_decay, dropout : float, optional
            Factors of the settings of these names, of a schedule.

        Returns
        -------
        J : float
            The cost before the update, with regularization.
        """
        weight = None if sample_weight is None else np.asarray(sample_weight)
        rates: dict[str, Any] = {"weight_decay": weight_decay, "dropout": dropout}
        return float(self.steps(Examples(X.T, Y.T, weight), learning_rate=learning_rate, **rates).costs[0])

    def steps(
        self,
        examples: Examples,
        *,
        learning_rate: float | AnyArray,
        order: AnyArray | None = None,
        batch_size: int | None = None,
        numbers: range | None = None,
        weight_decay: float | AnyArray = 1.0,
        dropout: float | AnyArray = 1.0,
    ) -> StepCosts:
        """One update for each of some batches, of one epoch or of several.

        Parameters
        ----------
        examples : Examples
            All of an epoch.
        learning_rate : float or array of shape (k,)
            As in `step`; one number for all batches, or one for each.
        order : array of shape (epochs·m,), optional
            Order of the examples in the epoch, then that in the next, …; None for as it is.
        batch_size : int, optional
            None for all examples in each update.
        numbers : range, optional
            Which batches, from 0: those of the epoch, then those of the epochs that follow. By default those
            of one epoch.
        weight_decay, dropout : float or array of shape (k,), optional
            As in `step`; one number for all batches, or one for each.

        Returns
        -------
        StepCosts
            A number of each for each batch.

        Raises
        ------
        ShapeError
            If the order is too short for its epochs.
        """
        m = len(examples)
        numbers = range(n_batches(m, batch_size)) if numbers is None else numbers
        if order is not None and numbers and places(order, m, batch_size, numbers[-1]).stop > len(order):
            requirement = f"have {m} numbers for each epoch, one for each example"
            raise ShapeError.must_be("order", requirement, f"{len(order)} numbers")
        results = StepCosts(np.full(len(numbers), np.nan), np.zeros(len(numbers), np.int64))
        rates = np.empty((3, len(numbers)))
        rates[0], rates[1], rates[2] = learning_rate, weight_decay, dropout
        self._do(examples, Batches(order, batch_size, numbers, rates), results)
        return results

    @abstractmethod
    def _do(self, examples: Examples, batches: Batches, results: StepCosts) -> None:
        """Do the updates of these batches; their costs and sizes are written into the results."""

    @abstractmethod
    def cost(self, X: Array, Y: Array, *, sample_weight: Array | None = None) -> float:
        """J of the network that predicts (running statistics, no dropout), without L1 and L2.

        Parameters
        ----------
        X : array of shape (n_0, m)
            Inputs; a column is an example.
        Y : array of shape (n_L, m)
            Target.
        sample_weight : array of shape (m,), optional
            Weight of each example, at least 0; scaled to mean 1.

        Returns
        -------
        J : float
            The mean loss.
        """

    @abstractmethod
    def cost_and_gradient(
        self, X: Array, Y: Array, *, sample_weight: Array | None = None
    ) -> tuple[float, Array]:
        """J and ∂J/∂θ with L1 and L2; the batch's own statistics, no dropout; no update.

        Parameters
        ----------
        X : array of shape (n_0, m)
            Inputs; a column is an example.
        Y : array of shape (n_L, m)
            Target.
        sample_weight : array of shape (m,), optional
            Weight of each example, at least 0; scaled to mean 1.

        Returns
        -------
        J : float
            The cost.
        gradient : array of shape (n_parameters,)
            ∂J/∂θ.
        """

    def cost_and_gradient_of_all(
        self, X: Array, Y: Array, *, sample_weight: Array | None = None
    ) -> tuple[float, Array]:
        """`cost_and_gradient` of examples that all workers have, in each of them the same.

        Parameters
        ----------
        X : array of shape (n_0, m)
            Inputs; a column is an example.
        Y : array of shape (n_L, m)
            Target.
        sample_weight : array of shape (m,), optional
            Weight of each example, at least 0; scaled to mean 1.

        Returns
        -------
        J : float
            The cost.
        gradient : array of shape (n_parameters,)
            ∂J/∂θ.
        """
        return self.cost_and_gradient(X, Y, sample_weight=sample_weight)

    @abstractmethod
    def forward(self, X: Array) -> Array:
        """The output of the network that predicts, of the session's dtype.

        Parameters
        ----------
        X : array of shape (n_0, m)
            Inputs; a column is an example.

        Returns
        -------
        AL : array of shape (n_L, m)
            A column is an example.
        """

    @abstractmethod
    def settle(self, X: Array) -> None:
        """Make the statistics of examples at the parameters now those that predict, where there are any.

        For training without steps of its own, such as L-BFGS, which moves θ through `load`.

        Parameters
        ----------
        X : array of shape (n_0, m)
            Inputs; a column is an example.
        """

    @abstractmethod
    def state(self) -> SessionState:
        """The state now, which `load` takes; never changed by a later step.

        Returns
        -------
        SessionState
        """

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
        self._check_state(state)
        self._take(state)

    def _check_state(self, state: SessionState) -> None:
        """Refuse a state whose slots or statistics have other names, or whose vectors another shape."""
        running = first_statistics(self.architecture, self._dtype)
        hint = "Open the session with the optimizer and the network that made the state."
        for kind, names, known in (
            ("slots", state.slots, self._optimizer.state),
            ("statistics", state.statistics, running),
        ):
            if set(names) != set(known):
                requirement = f"have the names of this session, {list(known)}"
                raise ConfigurationError.must_be(kind, requirement, f"{list(names)}", hint)
        vectors = {"theta": state.theta, **state.slots, **state.statistics}
        for name, vector in vectors.items():
            shape = running[name].shape if name in running else (self.architecture.n_parameters,)
            check_shape(name, vector, shape, hint)


def first_statistics(architecture: Architecture, dtype: "np.dtype[np.floating]") -> dict[str, Array]:
    """Running statistics before training: ``"mean1"``: 0, ``"variance1"``: 1, …, each (n_l, 1)."""
    return {
        name: np.full((architecture.layer_dims[node.layer], 1), start, dtype)
        for name, (node, start) in architecture.graph.running.items()
    }


def writable(array: Array) -> Array:
    """An array without its lock, the same memory, for compilers and libraries that take no other."""
    return array if array.flags.writeable else np.asarray(_Writable(array))


class _Writable:
    """The memory of an array that is locked."""

    def __init__(self, array: Array) -> None:
        self.array = array
        address, _ = array.__array_interface__["data"]
        self.__array_interface__ = {**array.__array_interface__, "data": (address, False)}
