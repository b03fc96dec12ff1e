"""Callbacks: what a user may do between the epochs of training."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from deepstep.engines import Session
from deepstep.errors import ConfigurationError
from deepstep.network import Parameters
from deepstep.training.history import History, Record


class StopTraining(Exception):  # noqa: N818  (a request like StopIteration, not an error)
    """Raise it in a callback to end training in order; the message becomes ``history.stopped``."""


class Training:
    """Training as a callback sees it.

    Attributes
    ----------
    history : History
        The records so far.
    epochs : int
        The epochs asked for.
    """

    def __init__(self, session: Session, history: History, epochs: int) -> None:
        self._session = session
        self.history = history
        self.epochs = epochs

    @property
    def parameters(self) -> Parameters:
        """The parameters now; later steps do not change them."""
        return self._session.parameters


class Callback:
    """Base of callbacks: override what you need.

    Examples
    --------
    >>> class Enough(Callback):
    ...     def on_epoch_end(self, training, record):
    ...         if record["cost"] < 0.1:
    ...             raise StopTraining("cost below 0.1")
    """

    def on_train_begin(self, training: Training) -> None:
        """Before the first epoch."""

    def on_epoch_end(self, training: Training, record: Record) -> None:
        """After each epoch, with its record; new entries in the record go into the history."""

    def on_train_end(self, training: Training) -> None:
        """After the last epoch, however training ended and whatever another callback raised."""


def tell_the_end(callbacks: Sequence[Callback], training: Training) -> None:
    """Tell every callback of the end, in their order, even if one raises; what it raised comes after."""
    if callbacks:
        try:
            callbacks[0].on_train_end(training)
        finally:
            tell_the_end(callbacks[1:], training)


class _OnEpochEnd(Callback):
    def __init__(self, function: Callable[[Record], Any]) -> None:
        self._function = function

    def on_epoch_end(self, training: Training, record: Record) -> None:
        self._function(record)


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
