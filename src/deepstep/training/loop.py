"""The training loop."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from time import perf_counter
from typing import cast

import numpy as np

from deepstep.engines import Session, SessionState, Sharing, StepCosts
from deepstep.errors import DataError, DivergenceError, FileError, WorkerError
from deepstep.preparation.batches import Examples, batch, is_known, n_batches
from deepstep.preparation.streams import StreamedExamples, Window
from deepstep.training.callbacks import (
    Callback,
    StopTraining,
    naming_callback,
    overrides,
    tell_the_end,
    with_state,
)
from deepstep.training.checkpoint import Checkpoint
from deepstep.training.checkpoints import Checkpoints
from deepstep.training.determinism import blas_threads
from deepstep.training.diagnosis import Walk, all_finite, divergence, keep
from deepstep.training.history import History, Record
from deepstep.training.interruption import Interruption, deferred
from deepstep.training.plan import Plan, Rates
from deepstep.training.position import Position
from deepstep.training.scores import Metric, check_metrics, score_names, scores
from deepstep.training.shown import Training, update_done
from deepstep.training.together import ending_all, tell_all_of_the_epoch, total
from deepstep.training.watching import check_watched
from deepstep.types import AnyArray, Array

OF_EPOCHS = ("epoch", "step", "cost", "learning_rate", "seconds")
"""The entries of every record."""

SHORT, LONG = 0.05, 0.15
"""Seconds of work between two pauses: so long does Ctrl-C wait."""

MOST_ORDERED = 2**20
"""Most examples whose order is drawn at once for several epochs."""


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
    where: str = "train",
) -> History:
    """Train a session.

    session: Where the updates are done; holds the parameters afterwards.
    examples: Training data, in memory or in files.
    plan: Epochs, learning rate, batches, schedules.
    validation: Data whose cost is recorded after each epoch.
    metrics: Functions ``(Y, AL) -> float`` of columns by name: ``validation_<name>`` is recorded, too.
    history: Where the records go; a new one by default.
    resume: Where an earlier training stood; this one goes on from there, and its history with it.
    where: Name for error messages.
    DivergenceError: If the cost or a parameter is not finite any more; the session holds the last finite
        state.
    ConfigurationError: If the checkpoint is of another network, of other settings, data or callbacks.
    KeyboardInterrupt: After Ctrl-C, once the step is done.

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
    history.engine, history.why_engine = session.name, session.why
    metrics = metrics or {}
    check_metrics(metrics, validation, where)
    watchers = [*callbacks, *plan.listeners]
    called = {of: f"{where}, {name}" for of, name in plan.names_of_listeners.items()}
    check_watched(watchers, [*OF_EPOCHS, *score_names(validation, metrics)], called=called)
    loop = _Loop(session, examples, plan, watchers, history, validation, metrics, where)
    if resume is not None or any(isinstance(callback, Checkpoints) for callback in watchers):
        session.spans = False
    if resume is not None:
        loop.take_up(resume)
    try:
        with blas_threads(plan.deterministic):
            loop.run()
    finally:
        # steps found their way while they were done
        history.engine, history.why_engine = session.name, session.why
        if isinstance(examples, StreamedExamples):
            examples.close()
    return history


class _Loop:
    """One run of the loop; what its methods share."""

    def __init__(
        self,
        session: Session,
        examples: Examples | StreamedExamples,
        plan: Plan,
        callbacks: Sequence[Callback],
        history: History,
        validation: Examples | None,
        metrics: Mapping[str, Metric],
        where: str,
    ) -> None:
        self._session, self._examples, self._plan, self._metrics = session, examples, plan, metrics
        self._callbacks, self._history, self._validation, self._where = callbacks, history, validation, where
        self._training = Training(
            session, history, plan.epochs, examples, callbacks, plan=plan, validation=validation
        )
        self._step_watchers = [callback for callback in callbacks if overrides(callback, "on_step_end")]
        self._lookers = [callback for callback in callbacks if overrides(callback, "on_pause")]
        self._of = n_batches(len(examples), plan.batch_size)
        self._batch_size = None if self._of == 1 else plan.batch_size
        self._chunk, self._seconds_a_step = 1, 0.0
        # without a time budget kernels that only late steps need may be loaded in the midst
        session.prepare(1 if plan.time_budget is None else plan.epochs * self._of)
        self._begun, self._agreed = perf_counter(), 0.0
        self._first = self._state = session.state()
        watched = any(callback.looks_at_the_network for callback in callbacks)
        self._shared = isinstance(session, Sharing)
        in_memory = isinstance(examples, Examples)
        # functions of the user's are called when their epoch begins: they may go by the records until then
        own = not is_known(plan.order) or (bool(callbacks) and plan.has_own_schedule)
        by_the_clock = plan.time_budget is not None and bool(plan.by_fraction)
        looked_at = validation is not None or watched or own or by_the_clock or not in_memory
        # of many workers the first alone may have callbacks, and all go the same way
        by_step, by_epoch = total(session, bool(self._step_watchers), looked_at) > 0
        self._one_by_one, self._epochs_apart = by_step, by_step or by_epoch

    def take_up(self, checkpoint: Checkpoint) -> None:
        """Stand where an earlier training stood."""
        checkpoint.check(self._training, self._where)
        self._session.load(checkpoint.state)
        self._state = self._session.state()
        self._history.records[:] = checkpoint.records
        for callback, (_, state) in zip(with_state(self._callbacks), checkpoint.callbacks, strict=True):
            callback.restore(state)
        self._training.position = checkpoint.position

    def run(self) -> None:
        """Train from where it stands to the end."""
        history, plan, start = self._history, self._plan, self._training.position
        self._begun -= start.seconds
        self._agreed = start.seconds
        try:
            with ending_all(self._session):
                for callback in self._callbacks:
                    with naming_callback(callback):
                        callback.on_train_begin(self._training)
            with deferred() as interruption:
                self._heed_the_clock()  # an earlier run may have used the time up
                while self._training.position.epoch < plan.epochs:
                    if k := self._epochs_at_once():
                        self._epochs(k, interruption)
                    else:
                        self._epoch(plan.first_epoch + self._training.position.epoch, interruption)
                    self._heed_the_clock()
            history.stopped = "all epochs done"
        except StopTraining as stop:
            history.stopped = str(stop) or "stopped by a callback"
        except DivergenceError as error:
            keep(error, self._session, history)
            raise
        except KeyboardInterrupt:
            history.stopped = "interrupted"
            raise
        finally:
            tell_the_end(self._callbacks, self._training)

    @property
    def _elapsed(self) -> float:
        return perf_counter() - self._begun

    @property
    def _clock(self) -> float:
        """The seconds that decide.

        Many workers take those of the first one, sent after the last steps, so that all decide the same.
        """
        return self._agreed if self._shared else self._elapsed

    @property
    def _time_is_up(self) -> bool:
        return self._plan.time_budget is not None and self._clock >= self._plan.time_budget

    def _heed_the_clock(self) -> None:
        """End training where its time is up and the last record says where it stands."""
        if self._time_is_up and len(self._history):
            position = self._training.position
            recorded = self._history[-1]["epoch"] - self._plan.first_epoch
            if recorded == position.epoch - (not position.batch):
                raise StopTraining(f"time budget of {self._plan.time_budget:g} s used up")

    def _epoch(self, epoch: int, interruption: Interruption) -> None:
        """One epoch, or what is left of it, in chunks of batches; at least one, however late it is."""
        position = self._training.position
        view = self._view(epoch, position.batch)
        # written once each: a position shows what is written so far, and later steps do not change that
        costs, sizes = np.empty(self._of), np.empty(self._of, dtype=int)
        costs[: position.batch], sizes[: position.batch] = position.costs, position.sizes
        rate = self._plan.rate(epoch)
        while position.batch < self._of and not (position.batch and self._time_is_up):
            if position.batch >= view.stop:
                view = self._view(epoch, position.batch)
            numbers = range(position.batch, min(position.batch + self._at_once(), view.stop))
            rates = self._rates(epoch, numbers)
            rate = float(rates.learning_rate[-1])
            before = self._state
            chunk = self._steps(view, numbers, rates)
            if chunk is None:
                raise self._divergence(view, numbers, rates, epoch)
            done = slice(numbers.start, numbers.stop)
            costs[done], sizes[done] = chunk.costs, chunk.sizes
            self._training.position = position = Position(
                position.epoch, done.stop, self._elapsed, costs[: done.stop], sizes[: done.stop]
            )
            if self._one_by_one:
                self._tell_of_the_step(view, numbers[0], rates, chunk, before, epoch)
            if numbers.stop < self._of and not self._time_is_up:
                self._pause(interruption)
                position = self._training.position
        done = slice(None, position.batch)
        (cost,) = self._mean_costs(costs[None, done], sizes[None, done])
        short = int(sizes[done].sum()) if position.batch < self._of else None
        if short is None:
            self._training.position = Position(position.epoch + 1, seconds=self._elapsed)
        self._end_epoch(
            {
                "epoch": epoch,
                "step": self._state.step,
                "cost": cost,
                "learning_rate": rate,
                "seconds": position.seconds,
                **({} if short is None else {"examples": short}),
                **scores(self._session, self._validation, self._metrics),
            }
        )
        self._pause(interruption)

    def _epochs_at_once(self) -> int:
        """How many whole epochs nobody looks into and fit between two pauses; 0 where it is less than two."""
        position, plan = self._training.position, self._plan
        if self._epochs_apart or position.batch:
            return 0
        steps, m = self._chunk, 1 if plan.in_order else len(self._examples)
        if plan.time_budget is not None and self._seconds_a_step:
            steps = min(steps, int((plan.time_budget - self._clock) / self._seconds_a_step))
        k = min(steps // self._of, plan.epochs - position.epoch, MOST_ORDERED // m)
        return k if k > 1 else 0

    def _epochs(self, k: int, interruption: Interruption) -> None:
        """Some epochs in one call, which nobody looks at but through their records."""
        plan, of, m, position = self._plan, self._of, len(self._examples), self._training.position
        first = plan.first_epoch + position.epoch
        epochs = range(first, first + k)
        order = None
        if not plan.in_order:
            order = np.concatenate([cast(AnyArray, plan.visit(epoch, m)) for epoch in epochs])
        view = Window(cast(Examples, self._examples), order, 0, k * of)
        rates = plan.rates_of_epochs(epochs, of, elapsed=self._clock, seconds_a_step=self._seconds_a_step)
        begun, before = self._elapsed, self._state
        chunk = self._steps(view, range(k * of), rates)
        if chunk is None:
            self._epochs_apart = True  # so that the epochs before it have their records
            return
        seconds, done = (self._elapsed - begun) / k, 0
        costs, sizes = chunk.costs.reshape(k, of), chunk.sizes.reshape(k, of)
        steps = (before.step + np.cumsum((sizes > 0).sum(axis=1))).tolist()
        learned = rates.learning_rate[of - 1 :: of].tolist(), steps, self._mean_costs(costs, sizes)
        records: list[Record] = [
            {
                "epoch": epoch,
                "step": step,
                "cost": cost,
                "learning_rate": rate,
                "seconds": begun + n * seconds,
            }
            for n, epoch, rate, step, cost in zip(range(1, k + 1), epochs, *learned, strict=True)
        ]
        if not (self._callbacks or self._shared):
            self._history.records += records
            records, done = [], k
        try:
            for record in records:
                done += 1
                self._end_epoch(record)
        except BaseException as ended:
            # whoever ends training by an epoch is given the network of that epoch; of many workers all end by
            # StopTraining alone
            if done < k and (isinstance(ended, StopTraining) or not self._shared):
                self._session.load(before)
                self._state = before
                those = slice(done * of)
                self._steps(view, range(done * of), Rates(*(values[those] for values in rates)))
            raise
        finally:
            self._training.position = Position(position.epoch + done, seconds=self._elapsed)
        (spent,) = self._of_the_first(self._elapsed - begun)
        if spent > LONG:  # callbacks are slow: Ctrl-C and a time budget wait for them, too
            self._chunk = max(1, min(self._chunk, int(k * of * LONG / spent)))
        self._pause(interruption)

    def _view(self, epoch: int, number: int, *, whole: bool = False) -> Window:
        """The examples from a batch of an epoch on, as far as they are in memory, and their order."""
        examples, plan = self._examples, self._plan
        if isinstance(examples, StreamedExamples):
            size = plan.batch_size or len(examples)
            # who looks at the steps wants whole batches
            session, whole = self._session, whole or self._one_by_one
            share = session.share() if isinstance(session, Sharing) and not whole else None
            why: Exception | None = None
            try:
                view = examples.window(epoch, number, size, plan.order, epochs=plan.numbers.stop, share=share)
            except (FileError, DataError) as error:
                why = error
            if not self._of_all(why is not None):
                return view
            self._save_before_the_end()
            raise why or self._another_cannot_read()
        return Window(examples, plan.visit(epoch, len(examples)), 0, self._of)

    def _another_cannot_read(self) -> WorkerError:
        return WorkerError(
            self._where,
            "rows that all workers can read",
            f"{WorkerError.ENDED}, as it cannot, and says why",
            "Mend that, and go on from the last checkpoint.",
        )

    def _save_before_the_end(self) -> None:
        """Let callbacks keep what was reached, where rows cannot be read any more."""
        if self._state.step:
            self._training.position = replace(self._training.position, seconds=self._elapsed)
            self._training.interrupted = True
            self._let_look()

    def _let_look(self) -> None:
        if not (self._lookers or self._shared):
            return
        with ending_all(self._session):
            for callback in self._lookers:
                with naming_callback(callback):
                    callback.on_pause(self._training)

    def _tell_of_the_step(
        self,
        view: Window,
        number: int,
        rates: Rates,
        chunk: StepCosts,
        before: SessionState,
        epoch: int,
    ) -> None:
        with ending_all(self._session):
            if not self._step_watchers:
                return
            rows = batch(view.order, len(view.examples), self._batch_size, number - view.first)
            X, Y, weight = view.examples.take(rows)
            update = update_done(before, epoch, float(chunk.costs[0]), X, Y, weight, rates)
            for callback in self._step_watchers:
                with naming_callback(callback):
                    callback.on_step_end(self._training, update)

    def _at_once(self) -> int:
        return 1 if self._one_by_one else self._chunk

    def _rates(self, epoch: int, numbers: range) -> Rates:
        return self._plan.rates(
            epoch, numbers, self._of, elapsed=self._clock, seconds_a_step=self._seconds_a_step
        )

    def _steps(self, view: Window, numbers: range, rates: Rates) -> StepCosts | None:
        """Some updates; learns how many fit between two pauses. None, and the state before them, where the
        cost or the state leaves the finite numbers.
        """
        before, started = self._state, perf_counter()
        with np.errstate(over="ignore", invalid="ignore"):
            chunk = self._session.steps(
                view.examples,
                order=view.order,
                batch_size=self._batch_size,
                numbers=range(numbers.start - view.first, numbers.stop - view.first),
                learning_rate=rates.learning_rate,
                weight_decay=rates.weight_decay,
                dropout=rates.dropout,
            )
        seconds, self._agreed = self._of_the_first(perf_counter() - started, self._elapsed)
        self._seconds_a_step = seconds / len(numbers)
        if seconds < SHORT:
            self._chunk = max(self._chunk, 2 * len(numbers))
        elif seconds > LONG:
            self._chunk = max(1, self._chunk // 2)
        self._state = self._session.state()
        if chunk.finite and all_finite(self._state):
            return chunk
        self._session.load(before)
        self._state = before
        return None

    def _divergence(self, view: Window, numbers: range, rates: Rates, epoch: int) -> DivergenceError:
        """The error for updates that left the finite numbers."""
        if self._shared and isinstance(self._examples, StreamedExamples):
            view = self._view(epoch, numbers.start, whole=True)
        numbers = range(numbers.start - view.first, numbers.stop - view.first)
        walk = Walk(view.examples, view.order, self._batch_size, numbers, rates, epoch, self._first)
        return divergence(self._session, walk, self._where)

    def _of_the_first(self, *values: float) -> Iterable[float]:
        """Numbers as the first of many workers has them."""
        if not isinstance(self._session, Sharing):
            return values
        first = self._session.share().rank == 0
        found: list[float] = total(self._session, *(value if first else 0.0 for value in values)).tolist()
        return found

    def _of_all(self, value: float) -> float:
        """The sum over all workers, where there are several."""
        return float(total(self._session, value)[0]) if self._shared else value

    def _end_epoch(self, record: Record) -> None:
        """Keep the record and tell the callbacks; ``examples`` in it are those of an epoch cut short."""
        self._history.records.append(record)
        if self._callbacks or self._shared:
            tell_all_of_the_epoch(self._session, self._callbacks, self._training, record)

    def _mean_costs(self, costs: Array, sizes: AnyArray) -> list[float]:
        """J of some epochs, the mean over their examples, from that of their batches: (epochs, batches)."""
        totals = sizes.sum(axis=1)
        if not totals.all():
            raise DataError(self._where, "a weight above 0", "got weights that are all 0")
        if costs.shape[1] == 1 and sizes.all():
            return cast(list[float], costs[:, 0].tolist())
        if sizes.all() and (sizes == sizes[0]).all():
            share = sizes[0] / totals[0]
            return [float(np.dot(row, share)) for row in costs]
        found = zip(costs, sizes, totals, strict=True)
        return [float(np.dot(row[of > 0], of[of > 0] / sum_)) for row, of, sum_ in found]

    def _pause(self, interruption: Interruption) -> None:
        """Between two updates: let callbacks look, and heed Ctrl-C."""
        self._training.position = replace(self._training.position, seconds=self._elapsed)
        # asked once: who saves and who ends agree, and all workers
        self._training.interrupted = bool(self._of_all(interruption.asked))
        (self._agreed,) = self._of_the_first(self._elapsed)
        self._let_look()
        if self._training.interrupted:
            raise KeyboardInterrupt
