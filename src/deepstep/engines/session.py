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
        """The costs and sizes of some of the steps, as views: what is written into them is written here.

        Parameters
        ----------
        steps : slice
            Which of the k steps.

        Returns
        -------
        StepCosts
        """
        return StepCosts(self.costs[steps], self.sizes[steps])

    @property
    def finite(self) -> bool:
        """Whether the cost of every batch that counts is finite.

        An engine may stop at a cost that is not: the batches after it keep the cost NaN and the size 0.
        """
        return bool(np.isfinite(self.costs[self.sizes > 0]).all())


class Batches(NamedTuple):
    """The k batches of a call of `Session.steps`, of one epoch or of several; its arguments, checked."""

    order: AnyArray | None  # (epochs·m,): the examples in the order of their epoch; None for as they are
    batch_size: int | None  # None for all examples
    numbers: range  # the k batches, counted from the first one of the first epoch that the order has
    rates: Array  # (3, k), by rows: α, factor of the weight decay, factor of the dropout

    def part(self, steps: slice) -> "Batches":
        """The batches at some of the k positions."""
        return self._replace(numbers=self.numbers[steps], rates=self.rates[:, steps])


class Session(ABC):
    """Training of one network on one engine.

    In X (n_0, m) and Y (n_L, m) a column is an example. `steps` alone takes `Examples`, with one example per
    row.

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
    """Why this engine was chosen, where another one could be expected, or what it does in another way than
    usual; else empty.
    """
    spans = False
    """Whether steps on all examples may be done in the span of the examples, which is faster where there are
    fewer examples than inputs (``compiled/span.py``). The results are equal up to rounding, and the rounding
    depends on the step at which the span is entered. A training that is resumed, or that writes checkpoints,
    switches it off, so that it continues to the same bits from wherever it was stopped.
    """
    workers: Communicator = ALONE
    """Workers that share the steps. Each method is called in all of them, and `steps` takes the `Shard` of
    examples that each worker holds, too.
    """

    def __init__(
        self,
        architecture: Architecture,
        parameters: Parameters,
        settings: Settings,
        statistics: Mapping[str, Array] | None = None,
    ) -> None:
        self.architecture, self.settings = architecture, settings
        self._dtype, self._parameters_like = parameters.dtype, parameters.like
        self._optimizer = get_optimizer(settings.optimizer)
        self._dropout = settings.dropout_of(architecture)
        self._make_ready(parameters)
        slots = {name: np.zeros_like(parameters.flat) for name in self._optimizer.state}
        statistics = first_statistics(architecture, self._dtype) if statistics is None else statistics
        self._take(SessionState(parameters.flat, slots, 0, dict(statistics)))

    @abstractmethod
    def _make_ready(self, parameters: Parameters) -> None:
        """Set up what the engine needs beside the state, from the architecture, the settings and the layout
        of the parameters, such as tables and factors of the rates. `__init__` calls it once, before the first
        `_take`.
        """

    @abstractmethod
    def _take(self, state: SessionState) -> None:
        """Make this state the session's own. Its names and shapes are checked, and its arrays may be the
        caller's: they must not be changed.
        """

    @cached_property
    def _head(self) -> Head:
        """The head with its settings, looked up once, when it is first needed."""
        return get_head(self.architecture)

    def prepare(self, steps: int = 1) -> None:
        """Load or compile what the steps need, so that the time for it is not counted as theirs.

        Parameters
        ----------
        steps : int, optional
            How many steps are to come.
        """
        return

    @property
    @abstractmethod
    def parameters(self) -> Parameters:
        """The current parameters; later steps do not change them."""

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
        """Do one update, on a batch whose columns are the examples.

        An exception, Ctrl-C among them, leaves the state as it was before the step or after it.

        Parameters
        ----------
        X : array of shape (n_0, m)
            Inputs of the batch; a column is an example.
        Y : array of shape (n_L, m)
            Targets.
        learning_rate : float
            α.
        sample_weight : array of shape (m,), optional
            Weight of each example, at least 0; scaled to mean 1.
        weight_decay, dropout : float, optional
            Factors of the settings of these names, as a schedule gives them.

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
        """Do one update for each of k batches, of one epoch or of several.

        Parameters
        ----------
        examples : Examples
            The m examples of an epoch, one per row: X (m, n_0) and Y (m, n_L). `step` has them as columns.
        learning_rate : float or array of shape (k,)
            As in `step`; one number for all batches, or one for each.
        order : array of shape (epochs·m,), optional
            Row numbers in the order in which the first epoch takes them, then those of the next epoch, ….
            None for the rows as they are, in each epoch.
        batch_size : int, optional
            Examples of a batch; None for all of them.
        numbers : range, optional
            Which batches, counted from 0 through the first epoch and on through the next ones. By default all
            of the first epoch.
        weight_decay, dropout : float or array of shape (k,), optional
            As in `step`; one number for all batches, or one for each.

        Returns
        -------
        StepCosts
            The cost and the size of each of the k batches.

        Raises
        ------
        ShapeError
            If the order is too short for its epochs.
        """
        m = len(examples)
        numbers = range(n_batches(m, batch_size)) if numbers is None else numbers
        needed = places(order, m, batch_size, numbers[-1]).stop if numbers else 0
        if order is not None and len(order) < needed:
            requirement = f"have {m} numbers for each epoch, one for each example"
            raise ShapeError.must_be("order", requirement, f"{len(order)} numbers")
        results = StepCosts(np.full(len(numbers), np.nan), np.zeros(len(numbers), np.int64))
        rates = np.empty((3, len(numbers)))
        rates[0], rates[1], rates[2] = learning_rate, weight_decay, dropout
        self._do(examples, Batches(order, batch_size, numbers, rates), results)
        return results

    @abstractmethod
    def _do(self, examples: Examples, batches: Batches, results: StepCosts) -> None:
        """Do the updates of these batches, and write their costs and sizes into ``results``."""

    @abstractmethod
    def cost(self, X: Array, Y: Array, *, sample_weight: Array | None = None) -> float:
        """The mean loss of the network as it predicts: running statistics, no dropout, without L1 and L2.

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
        """J and ∂J/∂θ of a batch, with L1 and L2; nothing is updated.

        Batch normalization takes the statistics of the batch, and no unit is dropped.

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
        """`cost_and_gradient` of examples that every worker holds; each worker gets the same result.

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
        """The output of the network as it predicts, in the session's dtype: running statistics, no dropout.

        Parameters
        ----------
        X : array of shape (n_0, m)
            Inputs; a column is an example.

        Returns
        -------
        AL : array of shape (n_L, m)
            The output; a column is an example.
        """

    @abstractmethod
    def settle(self, X: Array) -> None:
        """Set the running statistics of batch normalization to those of X at the current parameters.

        Without batch normalization nothing is done. It is for trainings that do not use `steps`, such as
        L-BFGS, which sets θ by `load`: running statistics are updated by steps alone.

        Parameters
        ----------
        X : array of shape (n_0, m)
            Inputs; a column is an example.
        """

    @abstractmethod
    def state(self) -> SessionState:
        """The current state, which `load` takes; later steps do not change it.

        Returns
        -------
        SessionState
        """

    def load(self, state: SessionState) -> None:
        """Continue from a state of this engine or of another one; it is copied, in this session's precision.

        Parameters
        ----------
        state : SessionState
            The state to continue from.

        Raises
        ------
        ConfigurationError, ShapeError
            If the state was made with another update rule or by another network.
        """
        self._check_state(state)
        self._take(state)

    def _check_state(self, state: SessionState) -> None:
        """Refuse a state whose slots or statistics have other names than here, or other shapes."""
        running = first_statistics(self.architecture, self._dtype)
        hint = "Open the session with the optimizer and the network that made the state."
        for kind, arrays, names in (
            ("slots", state.slots, self._optimizer.state),
            ("statistics", state.statistics, running),
        ):
            if set(arrays) != set(names):
                requirement = f"have the names of this session, {list(names)}"
                raise ConfigurationError.must_be(kind, requirement, f"{list(arrays)}", hint)
        per_parameter = (self.architecture.n_parameters,)  # the shape of θ and of every slot
        for name, array in {"theta": state.theta, **state.slots, **state.statistics}.items():
            check_shape(name, array, running[name].shape if name in running else per_parameter, hint)


def first_statistics(architecture: Architecture, dtype: "np.dtype[np.floating]") -> dict[str, Array]:
    """Running statistics before training: ``"mean1"``: 0, ``"variance1"``: 1, …, each (n_l, 1)."""
    return {
        name: np.full((architecture.layer_dims[node.layer], 1), start, dtype)
        for name, (node, start) in architecture.graph.running.items()
    }


def writable(array: Array) -> Array:
    """The array itself, or a view of the same memory that is not marked as read-only.

    For code that only reads: Numba compiles its kernels a second time for read-only arrays, and PyTorch warns
    of them. Who writes into the result changes an array that was protected.
    """
    return array if array.flags.writeable else np.asarray(_UnprotectedView(array))


class _UnprotectedView:
    """Offers the memory of a read-only array to NumPy as memory that may be written."""

    def __init__(self, array: Array) -> None:
        self.array = array  # the memory lives as long as this
        address, _ = array.__array_interface__["data"]
        self.__array_interface__ = {**array.__array_interface__, "data": (address, False)}  # not read-only
