"""One training, of any caller: callbacks, records and results around the steps of a solver."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import isnan, nan
from typing import Any

from deepstep.distributed import refuse_another_training
from deepstep.engines import Session
from deepstep.errors import ConfigurationError, DivergenceError
from deepstep.preparation.batches import Examples
from deepstep.preparation.streams import StreamedExamples
from deepstep.training.callbacks import (
    Callback,
    StopTraining,
    Training,
    Update,
    tell,
    tell_the_end,
    with_state,
)
from deepstep.training.checkpoint import Checkpoint, plain
from deepstep.training.checkpoints import ModelCheckpoint
from deepstep.training.diagnosis import keep
from deepstep.training.history import History, Record
from deepstep.training.interruption import blas_threads
from deepstep.training.lbfgs import Limits, Minimizer
from deepstep.training.loop import Loop
from deepstep.training.plan import Plan
from deepstep.training.scoring import Metric, check_metrics, score_names, scores
from deepstep.training.stopping import EarlyStopping, ReduceLROnPlateau, check_watched

REFIT = "refit"  # the folder, within that for checkpoints, of the second training
INTERRUPTED = "interrupted"  # why a history ended that Ctrl-C cut short


@dataclass
class Fit:
    """A training of one network, asked for and then done."""

    session: Session
    examples: Examples | StreamedExamples
    plan: Plan
    validation: Examples | None = None
    validation_epochs: frozenset[int] | None = None  # after which `validation` is evaluated; None: after all
    metrics: Mapping[str, Metric] = field(default_factory=dict)
    callbacks: Sequence[Callback] = ()
    patience: EarlyStopping | None = None  # the one of the callbacks that keeps the best parameters
    limits: Limits | None = None  # if given, L-BFGS minimizes; it takes only the epochs from the plan
    resume: Checkpoint | None = None
    history: History = field(default_factory=History)
    cost: float = nan  # that of the last record, afterwards
    converged: bool = True  # False where a limit ended L-BFGS

    def __post_init__(self) -> None:
        check_metrics(self.metrics, self.validation)
        self.callbacks = [*self.callbacks, *self.plan.listeners]
        self._solver: type[Loop | Minimizer] = Loop if self.limits is None else Minimizer
        entries = [*self._solver.ENTRIES, *score_names(self.validation, self.metrics)]
        check_watched(self.callbacks, entries)
        if self.session.workers.share.rank:  # not the first: callbacks that only observe are dropped
            stateful = with_state(self.callbacks)
            self.callbacks = [each for each in self.callbacks if each.in_every_worker or each in stateful]
        self.training = Training(
            self.session,
            self.history,
            self.plan.epochs,
            self.examples,
            self.callbacks,
            plan=self.plan if self.limits is None else None,
            validation=self.validation,
        )

    def run(self) -> None:
        """Train; what was reached stays after an error and after Ctrl-C, too."""
        session, history = self.session, self.history
        history.engine, history.why_engine = session.name, session.why
        try:
            with blas_threads(self.plan.deterministic):
                self._run()
        finally:
            # again: the engine may have changed during the steps
            history.engine, history.why_engine = session.name, session.why
            self.examples.close()
            if len(history) and isnan(self.cost):
                self.cost = history[-1]["cost"]

    def _run(self) -> None:
        refuse_another_training(
            self.session.workers,
            plain([self.session.settings, self.plan, self.limits]),
            self.session.state().theta,
            self.examples,
            self.validation,
        )
        solver = self._solver(self)
        if self.resume is not None or any(isinstance(each, ModelCheckpoint) for each in self.callbacks):
            # the same bits wherever a training is resumed, see `Session.spans`
            self.session.spans = False
        if self.resume is not None:
            self._take_up(self.resume)
        try:
            self.tell("on_train_begin")
            solver.run()
        except StopTraining as stop:
            self.history.stopped = str(stop) or "stopped by a callback"
        except DivergenceError as error:
            keep(error, self.session, self.history)
            raise
        except KeyboardInterrupt:
            self.history.stopped = INTERRUPTED
            raise
        finally:
            tell_the_end(self.callbacks, self.training)

    def _take_up(self, checkpoint: Checkpoint) -> None:
        """Stand where an earlier training stood."""
        checkpoint.check(self.training)
        self.session.load(checkpoint.state)
        self.history.records[:] = checkpoint.records
        for callback, (_, state) in zip(with_state(self.callbacks), checkpoint.callbacks, strict=True):
            callback.restore(state)
        self.training.position = checkpoint.position

    def tell(self, method: str, what: Any = None, callbacks: Sequence[Callback] | None = None) -> None:
        """Call a method of all callbacks; all workers wait here, and end where one raises `StopTraining`."""
        callbacks = self.callbacks if callbacks is None else callbacks
        stop = None
        try:
            tell(callbacks, method, self.training, what)
        except StopTraining as request:
            stop = request
        try:
            if self.session.workers.sums([stop is not None])[0]:
                raise stop or StopTraining("stopped by a callback")
        finally:
            # else stop, its traceback and this frame are a cycle, which keeps the examples in memory
            del stop

    def end_epoch(self, record: Record) -> None:
        """Write the record of an epoch, with the scores, and tell the callbacks of it."""
        if self.validation is not None and self.is_validated(len(self.history) + 1):
            record |= scores(self.session, self.validation, self.metrics)
        self.history.records.append(record)
        self.tell("on_epoch_end", record)

    def is_validated(self, epochs: int) -> bool:
        """Whether the cost of validation data is recorded after so many epochs."""
        return self.validation_epochs is None or epochs in self.validation_epochs

    @property
    def best_epochs(self) -> int:
        """The epochs up to the best one, which patience kept; 0 where it kept none."""
        if self.patience is None or self.patience.best_parameters is None:
            return 0
        values = self.history.column(self.patience.quantity).tolist()
        return int(values.index(self.patience.best)) + 1


def refuse_unrepeatable_rates(plan: Plan) -> None:
    """Refuse a refit whose rates depend on the run (plateau, time budget), not on the epoch alone."""
    unrepeatable = ["time_budget"] if plan.time_budget is not None else []
    unrepeatable += [name for name, rule in plan.schedules.items() if isinstance(rule, ReduceLROnPlateau)]
    if unrepeatable:
        raise ConfigurationError(
            f"refit=True cannot repeat the rates of {' and '.join(unrepeatable)}, which are not functions of "
            "the epoch",
            "Limit the epochs instead, and use another schedule.",
        )


def train(
    session: Session,
    examples: Examples | StreamedExamples,
    plan: Plan,
    *,
    validation: Examples | None = None,
    metrics: Mapping[str, Metric] | None = None,
    callbacks: Iterable[Callback] = (),
    history: History | None = None,
    resume: Checkpoint | None = None,
) -> History:
    """Train a session.

    Parameters
    ----------
    session : Session
        Where the updates are done; holds the parameters afterwards.
    examples : Examples or StreamedExamples
        Training data, in memory or in files.
    plan : Plan
        Epochs, learning rate, batches, schedules.
    validation : Examples, optional
        Data whose cost is recorded after each epoch.
    metrics : mapping, optional
        Functions ``(Y, AL) -> float`` of columns by name: ``validation_<name>`` is recorded, too.
    callbacks : iterable of Callback, optional
    history : History, optional
        Where the records go; a new one by default.
    resume : Checkpoint, optional
        State of an earlier training, which this one continues, with its history.

    Returns
    -------
    History

    Raises
    ------
    DivergenceError
        If the cost or a parameter is not finite any more; the session holds the last finite state.
    ConfigurationError
        If the checkpoint is of another network, of other settings, data or callbacks.
    KeyboardInterrupt
        After Ctrl-C, once the step is done.

    Examples
    --------
    >>> import numpy as np
    >>> from deepstep import Architecture, Parameters
    >>> from deepstep.engines import open_session
    >>> line = Architecture((1, 1), ("identity",))
    >>> session = open_session("reference", line, Parameters(np.zeros(2), [1, 1]))
    >>> x = np.array([[-1.0], [1.0]])
    >>> history = train(session, Examples(x, 3 * x), Plan(epochs=2, learning_rate=0.5))
    >>> history.costs, session.parameters["W1"]
    (array([4.5  , 1.125]), array([[2.25]]))
    """
    history = History() if history is None else history
    Fit(
        session,
        examples,
        plan,
        validation=validation,
        metrics=metrics or {},
        callbacks=[*callbacks],
        history=history,
        resume=resume,
    ).run()
    return history


def updates(session: Session, examples: Examples, plan: Plan) -> Iterator[Update]:
    """The training of `train`, one update at a time.

    Parameters
    ----------
    session, examples, plan
        As in `train`.

    Yields
    ------
    Update
        Done when it comes; the next one is done when it is asked for.

    Raises
    ------
    ConfigurationError
        If a schedule waits for the end of epochs; at once, before the first update.
    DivergenceError
        If the cost or a parameter is not finite any more; the session holds the state before.

    Examples
    --------
    >>> import numpy as np
    >>> from deepstep import Architecture, Parameters
    >>> from deepstep.engines import open_session
    >>> line = Architecture((1, 1), ("identity",))
    >>> session = open_session("reference", line, Parameters(np.zeros(2), [1, 1]))
    >>> x = np.array([[-1.0], [1.0]])
    >>> walk = updates(session, Examples(x, 3 * x), Plan(epochs=2, learning_rate=0.5))
    >>> [update.cost for update in walk]
    [4.5, 1.125]
    """
    if plan.listeners:
        raise ConfigurationError("A plateau needs the end of epochs, which single updates lack", "Use train.")
    return Loop(Fit(session, examples, plan)).walked()
