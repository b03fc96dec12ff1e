"""The training loop."""

from collections.abc import Iterator
from dataclasses import replace
from time import perf_counter
from typing import TYPE_CHECKING, cast

import numpy as np

from deepstep.engines import StepCosts
from deepstep.errors import ConfigurationError, DataError, DivergenceError, FileError, WorkerError
from deepstep.preparation.batches import Examples, Window, is_known, n_batches, visited
from deepstep.training.callbacks import StopTraining, Update, overrides, update_done
from deepstep.training.checkpoint import Position
from deepstep.training.diagnosis import Walk, all_finite, divergence
from deepstep.training.history import Record
from deepstep.training.interruption import blas_threads, deferred
from deepstep.types import AnyArray, Array

if TYPE_CHECKING:
    from deepstep.training.fit import Fit

SHORT, LONG = 0.05, 0.15
"""Seconds of work between two pauses: so long does Ctrl-C wait."""

MOST_AT_ONCE = 8.0  # by how much the steps between two pauses grow, at most
MOST_ORDERED = 2**20  # most examples whose order is drawn at once for several epochs


class Loop:
    """Training by batches: epochs, windows of examples, and pauses."""

    ENTRIES = ("epoch", "step", "cost", "learning_rate", "seconds")

    def __init__(self, fit: "Fit") -> None:
        self._fit, self._session, self._plan, self._examples = fit, fit.session, fit.plan, fit.examples
        self._training, self._workers = fit.training, fit.session.workers
        plan, callbacks, examples = fit.plan, fit.callbacks, fit.examples
        self._step_watchers = [callback for callback in callbacks if overrides(callback, "on_step_end")]
        self._pause_watchers = [callback for callback in callbacks if overrides(callback, "on_pause")]
        self._n_batches = n_batches(len(examples), plan.batch_size)  # of an epoch
        self._batch_size = None if self._n_batches == 1 else plan.batch_size
        self._chunk = 1  # steps between two pauses
        self._seconds_a_step = 0.0
        # without a time budget kernels that only late steps need may be loaded in the midst
        self._session.prepare(1 if plan.time_budget is None else plan.epochs * self._n_batches)
        self._begun: float | None = None  # the clock starts with the first step
        self._agreed = 0.0
        self._first = self._state = self._session.state()
        self._shared = self._workers.share.of > 1
        watched = any(callback.looks_at_the_network for callback in callbacks)
        # functions of the user's are called when their epoch begins: they may go by the records until then
        by_user = not is_known(plan.order) or (bool(callbacks) and plan.has_own_schedule)
        by_the_clock = plan.time_budget is not None and bool(plan.by_fraction)
        validated = fit.validation is not None and fit.validation_epochs is None
        looked_at = validated or watched or by_user or by_the_clock or examples.streamed
        # of many workers the first alone may have callbacks, and all go the same way
        by_step, by_epoch = self._workers.sums([bool(self._step_watchers), looked_at]) > 0
        self._one_by_one = bool(by_step)
        self._epochs_apart = bool(by_step or by_epoch)

    def run(self) -> None:
        """Train from where it stands to the end."""
        plan, training = self._plan, self._training
        if self._fit.resume is not None:  # which has loaded another state since
            self._state = self._session.state()
        self._agreed = training.position.seconds
        with deferred() as self._interruption:
            begun = training.position.epoch or training.position.batch or self._shared
            if self._interruption.pressed and not begun:  # a press whose exception Python dropped
                raise KeyboardInterrupt
            self._end_in_time()  # an earlier run may have used the time up
            while training.position.epoch < plan.epochs:
                if k := self._epochs_at_once():
                    self._epochs(k)
                else:
                    self._epoch(plan.first_epoch + training.position.epoch)
                self._end_in_time()
        self._fit.history.stopped = "all epochs done"

    @property
    def _elapsed(self) -> float:
        earlier = self._training.position.seconds
        return earlier if self._begun is None else perf_counter() - self._begun

    @property
    def _clock(self) -> float:
        """The seconds that decide: of many workers those of the first one, so that all decide the same."""
        return self._agreed if self._shared else self._elapsed

    @property
    def _time_is_up(self) -> bool:
        return self._plan.time_budget is not None and self._clock >= self._plan.time_budget

    def _end_in_time(self) -> None:
        """End training where its time is up and the last record says where it stands."""
        if self._time_is_up and len(self._fit.history):
            position = self._training.position
            recorded = self._fit.history[-1]["epoch"] - self._plan.first_epoch
            if recorded == position.epoch - (not position.batch):
                raise StopTraining(f"time budget of {self._plan.time_budget:g} s used up")

    def _epoch(self, epoch: int) -> None:
        """One epoch, or what is left of it, in chunks of batches; at least one, however late it is.

        The first one is done whole, so that no row is left out where the time is shorter than that.
        """
        position = self._training.position
        view = self._view(epoch, position.batch)
        # written once each: a position shows what is written so far, and later steps do not change that
        costs, sizes = np.empty(self._n_batches), np.empty(self._n_batches, dtype=int)
        costs[: position.batch], sizes[: position.batch] = position.costs, position.sizes
        rate = self._plan.rate(epoch)
        while position.batch < self._n_batches and not (
            position.epoch and position.batch and self._time_is_up
        ):
            if position.batch >= view.stop:
                view = self._view(epoch, position.batch)
            at_once = 1 if self._one_by_one else self._chunk
            done = slice(position.batch, min(position.batch + at_once, view.stop))
            walk = self._walk(epoch, view, range(done.start, done.stop))
            before = self._state
            chunk = self._steps(walk)
            if chunk is None:
                raise self._divergence(walk, done.start)
            rate = float(walk.rates.learning_rate[-1])
            costs[done], sizes[done] = chunk.costs, chunk.sizes
            self._training.position = position = Position(
                position.epoch, done.stop, self._elapsed, costs[: done.stop], sizes[: done.stop]
            )
            if self._one_by_one:
                cost, watchers = float(chunk.costs[0]), self._step_watchers
                update = update_done(before, epoch, cost, *walk.batch(0), walk.rates) if watchers else None
                self._fit.tell("on_step_end", update, watchers)
            if done.stop < self._n_batches and not (position.epoch and self._time_is_up):
                self._pause()
                position = self._training.position
        done = slice(None, position.batch)
        (cost,) = self._mean_costs(costs[None, done], sizes[None, done])
        short = int(sizes[done].sum()) if position.batch < self._n_batches else None
        if short is None:
            self._training.position = Position(position.epoch + 1, seconds=self._elapsed)
        values = (epoch, self._state.step, cost, rate, position.seconds)
        record: Record = dict(zip(self.ENTRIES, values, strict=True))
        self._fit.end_epoch(record if short is None else {**record, "examples": short})
        self._pause()

    def _epochs_at_once(self) -> int:
        """How many whole epochs nobody looks into and fit between two pauses; 0 where it is less than two."""
        position, plan = self._training.position, self._plan
        if self._epochs_apart or position.batch:
            return 0
        steps = self._chunk
        m = 1 if plan.in_order else len(self._examples)  # of the order that is drawn for each epoch
        if plan.time_budget is not None and self._seconds_a_step:
            steps = min(steps, int((plan.time_budget - self._clock) / self._seconds_a_step))
        ends = [epochs for epochs in self._fit.validation_epochs or () if epochs > position.epoch]
        left = min(ends, default=plan.epochs) - position.epoch
        k = min(steps // self._n_batches, left, MOST_ORDERED // m)
        return k if k > 1 else 0

    def _epochs(self, k: int) -> None:
        """Some epochs in one call, which nobody looks at but through their records."""
        plan, position = self._plan, self._training.position
        of, m = self._n_batches, len(self._examples)
        first = plan.first_epoch + position.epoch
        epochs = range(first, first + k)
        order = None
        if not plan.in_order:
            order = np.concatenate([cast(AnyArray, visited(plan.order, epoch, m)) for epoch in epochs])
        try:
            walk = self._walk(first, Window(cast(Examples, self._examples), order, 0, k * of), range(k * of))
        except ConfigurationError:  # of a schedule: the epochs before the one that it fails in are trained
            self._epochs_apart = True
            return
        begun, before = self._elapsed, self._state
        chunk = self._steps(walk)
        if chunk is None:
            self._epochs_apart = True  # so that the epochs before it have their records
            return
        seconds = (self._elapsed - begun) / k
        costs, sizes = chunk.costs.reshape(k, of), chunk.sizes.reshape(k, of)
        steps = (before.step + np.cumsum((sizes > 0).sum(axis=1))).tolist()
        rows = zip(
            epochs,
            steps,
            self._mean_costs(costs, sizes),
            walk.rates.learning_rate[of - 1 :: of].tolist(),
            (begun + seconds * np.arange(1, k + 1)).tolist(),
            strict=True,
        )
        records: list[Record] = [dict(zip(self.ENTRIES, values, strict=True)) for values in rows]
        done = 0
        if not (self._fit.callbacks or self._shared or self._fit.validation_epochs):
            self._fit.history.records.extend(records)
            records, done = [], k
        try:
            for record in records:
                done += 1
                self._fit.end_epoch(record)
        except BaseException as ended:
            # whoever ends training by an epoch is given the network of that epoch; of many workers all end by
            # StopTraining alone
            if done < k and (isinstance(ended, StopTraining) or not self._shared):
                self._session.load(before)
                self._state = before
                self._steps(walk.part(done * of))
            raise
        finally:
            self._training.position = Position(position.epoch + done, seconds=self._elapsed)
        (spent,) = self._workers.of_the_first(self._elapsed - begun)
        if spent > LONG:  # callbacks are slow: Ctrl-C and a time budget wait for them, too
            self._chunk = max(1, min(self._chunk, int(k * of * LONG / spent)))
        self._pause()

    def _view(self, epoch: int, number: int, *, all_rows: bool = False) -> Window:
        """The examples from a batch of an epoch on, as far as they are in memory, and their order."""
        plan, why = self._plan, None
        # who looks at the steps wants the rows of all workers
        share = self._workers.share if self._shared and not (all_rows or self._one_by_one) else None
        try:
            view = self._examples.window(
                epoch, number, plan.batch_size, plan.order, epochs=plan.numbers.stop, share=share
            )
        except (FileError, DataError) as error:
            why = error
        if not self._workers.sums([why is not None])[0]:
            return view
        if self._state.step:  # callbacks keep what was reached
            self._training.position = replace(self._training.position, seconds=self._elapsed)
            self._training.interrupted = True
            self._fit.tell("on_pause", None, self._pause_watchers)
        raise why or WorkerError(
            "Another worker has ended, as it cannot read its rows, and says why",
            "Correct that, and go on from the last checkpoint.",
        )

    def _walk(self, epoch: int, view: Window, numbers: range) -> Walk:
        """The steps of some batches, counted from the first of an epoch."""
        if self._begun is None:
            self._begun = perf_counter() - self._training.position.seconds
        rates = self._plan.rates(
            epoch, numbers, self._n_batches, elapsed=self._clock, seconds_a_step=self._seconds_a_step
        )
        within = range(numbers.start - view.first, numbers.stop - view.first)
        return Walk(view.examples, view.order, self._batch_size, within, rates, epoch, self._first)

    def _steps(self, walk: Walk) -> StepCosts | None:
        """Some updates, and how many fit between two pauses; None, and nothing done, where they diverge."""
        before, started, rates = self._state, perf_counter(), walk.rates
        with np.errstate(over="ignore", invalid="ignore"):
            chunk = self._session.steps(
                walk.examples,
                order=walk.order,
                batch_size=walk.batch_size,
                numbers=walk.numbers,
                learning_rate=rates.learning_rate,
                weight_decay=rates.weight_decay,
                dropout=rates.dropout,
            )
        seconds, self._agreed = self._workers.of_the_first(perf_counter() - started, self._elapsed)
        k = len(walk.numbers)
        self._seconds_a_step = seconds / k
        if seconds < SHORT:
            # callbacks take time of their own, and of many workers only some have any: all decide the same
            most = 2.0 if self._fit.callbacks or self._shared else MOST_AT_ONCE
            grown = min(most, max(2.0, LONG / max(seconds, 1e-9) / 2))
            self._chunk = max(self._chunk, int(grown * k))
        elif seconds > LONG:
            self._chunk = max(1, self._chunk // 2)
        self._state = self._session.state()
        if chunk.finite and all_finite(self._state):
            return chunk
        self._session.load(before)
        self._state = before
        return None

    def walked(self) -> Iterator[Update]:
        """Train one update at a time, without records and callbacks."""
        plan = self._plan
        for epoch in plan.numbers:
            view = self._view(epoch, 0)
            for number in range(self._n_batches):
                if epoch > plan.first_epoch and self._time_is_up:
                    return
                self._state = self._session.state()  # a caller may have loaded another one
                walk = self._walk(epoch, view, range(number, number + 1))
                before = self._state
                with blas_threads(plan.deterministic):
                    chunk = self._steps(walk)
                if chunk is None:
                    raise self._divergence(walk, number)
                if chunk.sizes[0]:  # a batch whose weights are all 0 teaches nothing
                    yield update_done(before, epoch, float(chunk.costs[0]), *walk.batch(0), walk.rates)

    def _divergence(self, walk: Walk, number: int) -> DivergenceError:
        """The error for updates from a batch on, which became NaN or infinite."""
        if self._shared and self._examples.streamed:
            view = self._view(walk.epoch, number, all_rows=True)
            start = number - view.first
            numbers = range(start, start + len(walk.numbers))
            walk = walk._replace(examples=view.examples, order=view.order, numbers=numbers)
        return divergence(self._session, walk)

    def _mean_costs(self, costs: Array, sizes: AnyArray) -> list[float]:
        """J of some epochs, the mean over their examples, from that of their batches: (epochs, batches)."""
        totals = sizes.sum(axis=1)
        if not totals.all():
            raise DataError("All sample weights are 0")
        if costs.shape[1] == 1 and sizes.all():
            return cast(list[float], costs[:, 0].tolist())
        if sizes.all() and (sizes == sizes[0]).all():
            share = sizes[0] / totals[0]
            return [float(np.dot(row, share)) for row in costs]
        means = []
        for row, row_sizes, total in zip(costs, sizes, totals, strict=True):
            used = row_sizes > 0  # the cost of a batch without weight is NaN
            means.append(float(np.dot(row[used], row_sizes[used] / total)))
        return means

    def _pause(self) -> None:
        """Between two updates: let callbacks look, and end at Ctrl-C."""
        self._training.position = replace(self._training.position, seconds=self._elapsed)
        # looked up once: who saves and who ends agree, and all workers
        self._training.interrupted = bool(self._workers.sums([self._interruption.pressed])[0])
        (self._agreed,) = self._workers.of_the_first(self._elapsed)
        if self._pause_watchers or self._shared:
            self._fit.tell("on_pause", None, self._pause_watchers)
        if self._training.interrupted:
            raise KeyboardInterrupt
