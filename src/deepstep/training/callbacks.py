"""Callbacks: what a user may do while training runs."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from deepstep.errors import ConfigurationError, naming
from deepstep.training.history import OpenRecord, Record

if TYPE_CHECKING:
    from deepstep.training.shown import Training, Update


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


class Callback:
    """Base of callbacks: override what you need.

    >>> class Enough(Callback):
    ...     def on_epoch_end(self, training, record):
    ...         if record["cost"] < 0.1:
    ...             raise StopTraining("cost below 0.1")
    """

    adds_to_records: Collection[str] | None = None
    """The entries that it adds to records; None where it does not say. Names that others watch can
    then be found missing before training begins."""

    looks_at_the_network: bool = True
    """Whether it looks at ``training`` after each epoch, or changes it. Where no callback does, and nothing
    is validated, several short epochs are done in one call of the engine, and callbacks are told of their
    records afterwards. Where one ends training by such an epoch, the network is that of the epoch.
    """

    in_every_worker: bool = False
    """Whether each of many workers (`deepstep.distributed`) calls it, as it changes the training or adds to
    records, everywhere alike; one that keeps a state is called by all, too. Else only the first worker calls
    it.
    """

    def on_train_begin(self, training: "Training") -> None:
        """Before the first epoch.

        training: The training, to look at.
        """

    def on_step_end(self, training: "Training", update: "Update") -> None:
        """After each update. Where no callback overrides this, nothing is called per step.

        training: The training, to look at.
        update: The update that was done.
        """

    def on_pause(self, training: "Training") -> None:
        """Between two updates, when the engine gives control back: after each epoch and, within long ones,
        some times a second. ``training.position`` and ``training.state()`` belong together here.

        training: The training, to look at.
        """

    def on_epoch_end(self, training: "Training", record: Record) -> None:
        """After each epoch.

        training: The training, to look at.
        record: The epoch's record: new entries go into the history, those that are there stay.
        """

    def on_train_end(self, training: "Training") -> None:
        """After the last epoch, however training ended and whatever another callback raised.

        training: The training, to look at.
        """

    def settings(self) -> Mapping[str, Any]:
        """Settings that must be the same where a training goes on from `state`.

        returns: JSON values by name.
        """
        return {}

    def state(self) -> Mapping[str, Any]:
        """The state that a resumed training needs.

        returns: JSON values and arrays by name, of any depth.
        """
        return {}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state` gave.

        state: As it was.
        """


def overrides(callback: Callback, method: str) -> bool:
    """Whether it does something there."""
    return getattr(getattr(callback, method), "__func__", None) is not getattr(Callback, method)


def with_state(callbacks: Iterable[Callback]) -> list[Callback]:
    """Callbacks that keep a state, which a resumed training finds again."""
    return [callback for callback in callbacks if overrides(callback, "state")]


def naming_callback(callback: Callback) -> AbstractContextManager[None]:
    """Let an error in a callback say in which."""
    called: Any = callback.function if isinstance(callback, _OnEpochEnd) else type(callback)
    return naming(f"the callback {getattr(called, '__qualname__', type(called).__qualname__)}")


def tell_of_the_epoch(callbacks: Sequence[Callback], training: "Training", record: Record) -> None:
    """Tell every callback of an epoch, in their order, even if one wants to end with it: that comes after."""
    shown = OpenRecord(record)
    stop: StopTraining | None = None
    for callback in callbacks:
        try:
            callback.on_epoch_end(training, shown)
        except StopTraining as wish:
            stop = stop or wish
        except Exception:
            with naming_callback(callback):
                raise
    if stop is not None:
        raise stop


def tell_the_end(callbacks: Sequence[Callback], training: "Training") -> None:
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

    def on_epoch_end(self, training: "Training", record: Record) -> None:
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
