"""Callbacks: what a user may do while training runs."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from deepstep.engines import Session, SessionState
from deepstep.errors import ConfigurationError, naming
from deepstep.network import Architecture, Parameters
from deepstep.preparation.batches import Examples
from deepstep.preparation.streams import StreamedExamples
from deepstep.training.history import History, HistoryView, OpenRecord, Record
from deepstep.training.identity import identity
from deepstep.training.plan import Plan
from deepstep.training.position import Position
from deepstep.types import Array


class StopTraining(Exception):  # noqa: N818  (a request like StopIteration, not an error)
    """Raise it in a callback to end training in order; the message becomes ``history.stopped``.

    Examples
    --------
    >>> from deepstep import Network
    >>> def enough(record):
    ...     if record["cost"] < 0.6:
    ...         raise StopTraining("cost below 0.6")
    >>> net = Network([1, 1], initialization="zeros", seed=1)
    >>> net.train([[-1.0, 1.0]], [[0, 1]], learning_rate=1.0, iterations=9, callbacks=[enough]).stopped
    'cost below 0.6'
    """


class Update(NamedTuple):
    """One update, with the batch and the state that it began from, as views that cannot be written.

    Attributes
    ----------
    number : int
        Number of the update, from 1.
    epoch : int
        Number of the epoch, from 0.
    cost : float
        J of the batch before the update, with regularization.
    X, Y : arrays of shape (n_x, k) and (n_L, k)
        The batch.
    before : SessionState
        The state before the update.
    learning_rate : float
        α of the update.
    sample_weight : array of shape (k,) or None
        Weight of each example of the batch.
    weight_decay, dropout : float
        Factors of the settings of these names, of a schedule.
    masks : mapping or None
        Dropout masks by layer where they were given; else the seed gives them.

    Examples
    --------
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
        callbacks: Sequence["Callback"],
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

        Returns
        -------
        SessionState
            θ, the optimizer's vectors, statistics and counts, now.
        """
        return locked(self._session.state())

    def gradient(self, X: Array, Y: Array) -> Parameters:
        """∂J/∂θ of some examples at the parameters now.

        Parameters
        ----------
        X, Y : arrays of shape (n_x, k) and (n_L, k)
            Columns are examples.

        Returns
        -------
        Parameters
            The derivatives under the parameters' names.
        """
        _, flat = self._session.cost_and_gradient(X, Y)
        return self._session.parameters.like(flat)

    @cached_property
    def identity(self) -> dict[str, Any]:
        """What a training that goes on from this one must have the same; hashes the data, once.

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

        Returns
        -------
        list of pairs
            Name of the class, and what `Callback.state` gave.
        """
        return [(type(callback).__name__, callback.state()) for callback in with_state(self._callbacks)]


def no_steps_to_go_on_from(where: str) -> ConfigurationError:
    """The error where checkpoints of L-BFGS are asked for."""
    return ConfigurationError(
        where,
        "an update rule that goes step by step, where there are checkpoints",
        "got L-BFGS, whose state lies inside SciPy",
        "Use another optimizer, or save the network when it is done.",
    )


class Callback:
    """Base of callbacks: override what you need.

    Examples
    --------
    >>> class Enough(Callback):
    ...     def on_epoch_end(self, training, record):
    ...         if record["cost"] < 0.1:
    ...             raise StopTraining("cost below 0.1")
    """

    adds_to_records: Collection[str] | None = None
    """The entries that it adds to records; None where it does not say. What others watch can then be found
    missing before training begins."""

    looks_at_the_network: bool = True
    """Whether it wants the network as it is after each epoch, or ends training by an epoch. Where no callback
    does, epochs of a single update are done many at a time, and it hears of their records afterwards.
    """

    in_every_worker: bool = False
    """Of a training by many workers (`deepstep.distributed`): whether it is called in all of them, as it
    changes the training or adds to records, everywhere alike; one that keeps a state is, too. Else the first
    worker alone calls it.
    """

    def on_train_begin(self, training: Training) -> None:
        """Before the first epoch.

        Parameters
        ----------
        training : Training
            The training, to look at.
        """

    def on_step_end(self, training: Training, update: Update) -> None:
        """After each update. Where no callback overrides this, nothing is called per step.

        Parameters
        ----------
        training : Training
            The training, to look at.
        update : Update
            What was done.
        """

    def on_pause(self, training: Training) -> None:
        """Between two updates, when the engine gives control back: after each epoch and, within long ones,
        some times a second. ``training.position`` and ``training.state()`` belong together here.

        Parameters
        ----------
        training : Training
            The training, to look at.
        """

    def on_epoch_end(self, training: Training, record: Record) -> None:
        """After each epoch.

        Parameters
        ----------
        training : Training
            The training, to look at.
        record : dict
            The epoch's record: new entries go into the history, those that are there stay.
        """

    def on_train_end(self, training: Training) -> None:
        """After the last epoch, however training ended and whatever another callback raised.

        Parameters
        ----------
        training : Training
            The training, to look at.
        """

    def settings(self) -> Mapping[str, Any]:
        """What must be the same where a training goes on from `state`.

        Returns
        -------
        mapping
            JSON values by name.
        """
        return {}

    def state(self) -> Mapping[str, Any]:
        """What a resumed training needs.

        Returns
        -------
        mapping
            JSON values and arrays by name, of any depth.
        """
        return {}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state` gave.

        Parameters
        ----------
        state : mapping
            As it was.
        """


def watches_steps(callback: Callback) -> bool:
    """Whether it asks to be called per step."""
    return type(callback).on_step_end is not Callback.on_step_end


def with_state(callbacks: Iterable[Callback]) -> list[Callback]:
    """Those that keep a state, which a resumed training finds again."""
    return [callback for callback in callbacks if type(callback).state is not Callback.state]


def naming_callback(callback: Callback) -> AbstractContextManager[None]:
    """Let an error in a callback say in which."""
    called: Any = callback.function if isinstance(callback, _OnEpochEnd) else type(callback)
    return naming(f"the callback {getattr(called, '__qualname__', type(called).__qualname__)}")


def tell_of_the_epoch(callbacks: Sequence[Callback], training: Training, record: Record) -> None:
    """Tell every callback of an epoch, in their order, even if one wants to end with it: that comes after."""
    shown = OpenRecord(record)
    stop: StopTraining | None = None
    for callback in callbacks:
        try:
            with naming_callback(callback):
                callback.on_epoch_end(training, shown)
        except StopTraining as wish:
            stop = stop or wish
    if stop is not None:
        raise stop


def tell_the_end(callbacks: Sequence[Callback], training: Training) -> None:
    """Tell every callback of the end, in their order, even if one raises; what it raised comes after."""
    if callbacks:
        try:
            with naming_callback(callbacks[0]):
                callbacks[0].on_train_end(training)
        finally:
            tell_the_end(callbacks[1:], training)


class _OnEpochEnd(Callback):
    def __init__(self, function: Callable[[Record], Any]) -> None:
        self.function = function

    def on_epoch_end(self, training: Training, record: Record) -> None:
        self.function(record)


def as_callbacks(callbacks: Iterable[Any], where: str) -> list[Callback]:
    """`Callback` objects as they are; a plain function is called with the record after each epoch."""
    if callable(callbacks) or isinstance(callbacks, Callback):
        callbacks = [callbacks]
    if not isinstance(callbacks, Iterable):
        raise ConfigurationError(
            where, "callbacks are a list of Callback objects or functions", f"got {callbacks!r}"
        )
    result: list[Callback] = []
    for callback in callbacks:
        if isinstance(callback, Callback):
            result.append(callback)
        elif callable(callback) and not isinstance(callback, type):
            result.append(_OnEpochEnd(callback))
        else:
            raise ConfigurationError(
                where, "callbacks are Callback objects or functions of a record", f"got {callback!r}"
            )
    return result


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
