"""A training and its updates as callbacks see them: views that cannot be written."""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from deepstep.engines import Session, SessionState
from deepstep.errors import ConfigurationError
from deepstep.network import Architecture, Parameters
from deepstep.preparation.batches import Examples
from deepstep.preparation.streams import StreamedExamples
from deepstep.training.callbacks import Callback, with_state
from deepstep.training.checkpoint import Position, identity
from deepstep.training.history import History, HistoryView
from deepstep.training.plan import Plan, Rates
from deepstep.types import Array


class Update(NamedTuple):
    """One update, with the batch and the state that it began from, as views that cannot be written.

    number: Number of the update, from 1.
    epoch: Number of the epoch, from 0.
    cost: J of the batch before the update, with regularization.
    X, Y (arrays of shape (n_x, k) and (n_L, k)): The batch.
    before: The state before the update.
    learning_rate: α of the update.
    sample_weight (array of shape (k,) or None): Weight of each example of the batch.
    weight_decay, dropout: Factors of the settings of these names, of a schedule.
    masks (mapping or None): Dropout masks by layer where they were given; else the seed gives them.

    >>> from deepstep import Network
    >>> steps = Network([1, 1], seed=1).steps([[0.0, 1.0, 2.0]], [[0, 1, 1]], iterations=1, batch_size=2)
    >>> [(step.update.number, step.update.X.shape) for step in steps]
    [(1, (1, 2)), (2, (1, 1))]
    """

    number: int
    epoch: int
    cost: float
    X: Array
    Y: Array
    before: SessionState
    learning_rate: float
    sample_weight: Array | None = None
    weight_decay: float = 1.0
    dropout: float = 1.0
    masks: Mapping[int, Array] | None = None


class Training:
    """Training as a callback sees it: read-only.

    Parameters
    ----------
    session : Session
        Where the updates are done.
    history : History
        Where the records go.
    epochs : int
        The epochs asked for.
    examples : Examples or StreamedExamples
        Training data.
    callbacks : sequence of Callback
        All of them, in their order.
    plan : Plan, optional
        How training runs.
    validation : Examples, optional
        Data whose cost is recorded after each epoch.

    Attributes
    ----------
    history : History
        The records so far, as a view that grows with them and cannot change them.
    epochs : int
        The epochs asked for.
    plan : Plan or None
        How training runs; None where it has no steps to go on from, as L-BFGS.
    position : Position
        Where training stands.
    interrupted : bool
        Whether Ctrl-C was pressed: this pause is the last one.

    Examples
    --------
    >>> from deepstep import Network
    >>> class Norms(Callback):
    ...     def on_epoch_end(self, training, record):
    ...         record["norm of W1"] = float(np.linalg.norm(training.parameters["W1"]))
    >>> net = Network([1, 1], initialization="zeros", seed=1)
    >>> history = net.train([[-1.0, 1.0]], [[0, 1]], learning_rate=1.0, iterations=2, callbacks=[Norms()])
    >>> history.column("norm of W1").round(3)
    array([0.5  , 0.878])
    """

    def __init__(
        self,
        session: Session,
        history: History,
        epochs: int,
        examples: Examples | StreamedExamples,
        callbacks: Sequence[Callback],
        *,
        plan: Plan | None = None,
        validation: Examples | None = None,
    ) -> None:
        self._session = session
        self._callbacks = callbacks
        self._examples = examples
        self._validation = validation
        self.history: History = HistoryView(history)
        self.epochs = epochs
        self.plan = plan
        self.position = Position()
        self.interrupted = False

    @property
    def architecture(self) -> Architecture:
        """The network's shape."""
        return self._session.architecture

    @property
    def examples(self) -> Examples:
        """The training data, as views that cannot be written; of those that stay in files a sample."""
        found = self._examples.sample if isinstance(self._examples, StreamedExamples) else self._examples
        X, Y, weight = found.X, found.Y, found.weight
        return Examples(read_only(X), read_only(Y), None if weight is None else read_only(weight))

    @property
    def n_examples(self) -> int:
        """How many there are, in memory or in files."""
        return len(self._examples)

    @property
    def parameters(self) -> Parameters:
        """The parameters that training moves, now; later steps do not change them."""
        return _locked_parameters(self._session.parameters)

    @property
    def outcome(self) -> Parameters:
        """The parameters that predict: the moving average where one is kept."""
        return _locked_parameters(self._session.outcome)

    def state(self) -> SessionState:
        """Everything that training carries, as views that cannot be written.

        returns: θ, the optimizer's vectors, statistics and counts, now.
        """
        return locked(self._session.state())

    def gradient(self, X: Array, Y: Array) -> Parameters:
        """∂J/∂θ of some examples at the parameters now.

        X, Y (arrays of shape (n_x, k) and (n_L, k)): Columns are examples.
        returns: The derivatives under the parameters' names.
        """
        _, flat = self._session.cost_and_gradient(X, Y)
        return self._session.parameters.like(flat)

    @cached_property
    def identity(self) -> dict[str, Any]:
        """The identity that a training must have to go on from this one; hashes the data, once.

        Raises
        ------
        ConfigurationError
            If this training has no steps to go on from.
        """
        if self.plan is None:
            raise no_steps_to_go_on_from("checkpoints")
        session, keepers = self._session, with_state(self._callbacks)
        own = identity(
            session.architecture,
            session.parameters.dtype,
            session.settings,
            self.plan,
            self._examples,
            self._validation,
        )
        own["callbacks"] = [type(callback).__name__ for callback in keepers]
        times = Counter([*own, *(name for callback in keepers for name in callback.settings())])
        for number, callback in enumerate(keepers, start=1):
            of = f"of {type(callback).__name__}, callback {number}"
            for name, value in callback.settings().items():
                own[name if times[name] == 1 else f"{name} {of}"] = value
        return own

    def states_of_callbacks(self) -> list[tuple[str, Mapping[str, Any]]]:
        """Names of the classes and states of those callbacks that keep one.

        returns (list of pairs): Name of the class, and what `Callback.state` gave.
        """
        return [(type(callback).__name__, callback.state()) for callback in with_state(self._callbacks)]


def update_done(
    before: SessionState, epoch: int, cost: float, X: Array, Y: Array, weight: Array | None, rates: Rates
) -> Update:
    """The update that began from a state, as callbacks and readers see it."""
    rate, decay, dropout = (float(values[0]) for values in rates)
    X, Y, weight = read_only(X), read_only(Y), None if weight is None else read_only(weight)
    return Update(before.step + 1, epoch, cost, X, Y, locked(before), rate, weight, decay, dropout)


def no_steps_to_go_on_from(where: str) -> ConfigurationError:
    """The error where checkpoints of L-BFGS are asked for."""
    return ConfigurationError(
        where,
        "an update rule that goes step by step, where there are checkpoints",
        "got L-BFGS, whose state lies inside SciPy",
        "Use another optimizer, or save the network when it is done.",
    )


def read_only(array: Any) -> Any:
    """A view that cannot be written."""
    if not isinstance(array, np.ndarray):
        return array  # sparse rows have no views
    view = array.view()
    view.flags.writeable = False
    return view


def _locked_parameters(parameters: Parameters) -> Parameters:
    return parameters.like(read_only(parameters.flat))


def locked(state: SessionState) -> SessionState:
    """A state of views that cannot be written."""
    return SessionState(
        read_only(state.theta),
        {name: read_only(slot) for name, slot in state.slots.items()},
        state.step,
        {name: read_only(value) for name, value in state.statistics.items()},
        None if state.average is None else read_only(state.average),
    )
