"""How an ensemble is fitted: presets are trained side by side on folds of the rows, selected and weighed."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cache, cached_property, partial
from math import inf
from time import monotonic, perf_counter
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from scipy.sparse import issparse
from sklearn.base import is_classifier

from deepstep.errors import DataError, DivergenceError, warn_the_caller
from deepstep.estimators.calibration import fit_temperature, with_temperature
from deepstep.estimators.ensemble import (
    Ensemble,
    FoldPreprocessor,
    Member,
    Table,
    fit_ensemble_weights,
)
from deepstep.estimators.inputs import Dataset, FitContext
from deepstep.estimators.members import (
    Link,
    Move,
    Prepared,
    Task,
    Trained,
    has_pooled_epochs,
    limited_threads,
    member_executor,
    snapshot_epochs,
    train_member,
)
from deepstep.estimators.population import Width, ensemble_size, more_presets
from deepstep.estimators.preparing import prepare_fold
from deepstep.estimators.presets import ALONE, TABM, Preset, hyperparameters
from deepstep.estimators.resuming import open_members
from deepstep.estimators.splits import split
from deepstep.estimators.tried import Outcome, TriedPreset, TriedPresets
from deepstep.preparation.batches import evenly_spread
from deepstep.targets import PROBABILITIES
from deepstep.training.interruption import deferred
from deepstep.training.progress import Meter
from deepstep.types import Array, plain

if TYPE_CHECKING:
    from deepstep.estimators.base import DeepEstimator

MANY = 12_000
"""Rows from which on folds are prepared a few at a time."""

WITHOUT_ROWS = 5
"""Presets where no rows tell which are good."""

OF_A_ROUND = 5
"""Presets that are trained at a time within a budget of seconds."""

COUNTED = 2_000
"""Rows on which the inputs of categories are counted."""

REMEMBERED = 4
"""Presets whose members are kept within a budget, as a multiple of those that learn all folds without one."""

AROUND = 2
"""Snapshots before and after the best one of the first folds that the other folds have."""


class Choice(NamedTuple):
    """A preset after the epochs that are best for all folds: members by fold, outputs, their mean loss."""

    preset: Preset
    epochs: int | None
    members: dict[int, Member]
    outputs: Array
    loss: float


def fit_ensemble(
    estimator: "DeepEstimator", rows: Dataset, validation: Dataset | None, context: FitContext
) -> Ensemble:
    """Train an ensemble, or one network, for an estimator of which the targets are known."""
    seed = 0 if context.seed is None else context.seed
    if estimator.preset in ALONE:
        preset = ALONE[estimator.preset]
        (fold,) = split(estimator, rows, validation, 1, seed, context.where)
        one = prepare_fold(estimator, rows, validation, fold, (preset,), context)
        return fit_alone(estimator, one, Task(preset, 0, seed), context)
    kept = rows if rows.weight is None else rows.take(np.flatnonzero(rows.weight > 0))
    try:
        return _Population(estimator, kept, validation, context, seed).fit()
    except DataError:  # what cannot be a number is refused under the number of its own row
        Table.fit(rows.X, estimator.keep_columns or (), context.categorical)
        raise


def fit_alone(
    estimator: "DeepEstimator",
    prepared: Prepared,
    task: Task,
    context: FitContext,
    seconds: float | None = None,
) -> Ensemble:
    """Train one network, which is then an ensemble of one, in this thread."""
    with limited_threads(estimator.n_jobs):
        member = train_member(estimator, task, prepared, context, seconds=seconds).member
    return Ensemble.of_one(member, prepared.preprocessor, estimator.targets_.head)


class TimeBudget:
    """The time, ``budget`` seconds or unlimited, of an ensemble; preparing its folds counts."""

    def __init__(self, budget: float | None) -> None:
        self._end, self._preparation = perf_counter() + (inf if budget is None else budget), 0.0
        self.used_by_preparation = 0.0

    @contextmanager
    def preparing(self) -> Iterator[None]:
        """While a fold is prepared: the next ones are expected to take as long."""
        begin = perf_counter()
        yield
        self._preparation = perf_counter() - begin
        self.used_by_preparation += self._preparation

    @property
    def left(self) -> float:
        """Seconds that are left."""
        return self._end - perf_counter()

    def begins_another(self, done: int) -> bool:
        """Whether after so many folds there is time to prepare another one and to train as long as that."""
        return not done or self.left > 2 * self._preparation

    def seconds_of_a_member(self, folds: int, turns: int) -> float | None:
        """The time of each member, of which a thread trains ``turns``, on the folds that can be prepared."""
        left = self.left
        if left == inf:
            return None
        fit = left / (2 * self._preparation) if self._preparation else folds
        n = max(1, int(min(fit, folds)))
        return max((left - (n - 1) * self._preparation) / (n * turns), 1e-3)


class _Population:
    """The fit of an ensemble: presets are trained on folds, the best of them on the other folds, too."""

    def __init__(
        self,
        estimator: "DeepEstimator",
        rows: Dataset,
        validation: Dataset | None,
        context: FitContext,
        seed: int,
    ) -> None:
        self._estimator, self._rows, self._validation, self._context = estimator, rows, validation, context
        self._clock = TimeBudget(estimator.time_budget)
        self._preprocessors: dict[int, FoldPreprocessor] = {}
        self._trained: dict[tuple[int, int], Trained] = {}
        self._window: dict[int, tuple[int, ...]] = {}
        self._seconds: dict[tuple[int, int], float] = {}  # of all trainings, also of what is dropped
        self._found: dict[int, tuple[int | None, float]] = {}  # epochs and loss of a preset
        self._outcomes: dict[int, Outcome] = {}
        self._ended, self._n_cut = False, 0  # networks whose time was shorter than an epoch
        self._diverged: DivergenceError | None = None
        self._seed, self._width = seed, _width(estimator, rows.X, context)
        asked, own = (estimator.n_estimators, estimator.preset, estimator.effort), validation is not None
        self._size = size = ensemble_size(len(rows), *asked, width=self._width, validated=own, seed=seed)
        self._parts = split(estimator, rows, validation, size.n_folds, seed, context.where)
        blind = validation is None and not self._parts[0].held_out.size
        few = blind and not estimator.n_estimators
        self._take(size.presets[:WITHOUT_ROWS] if few else size.presets)
        only = len(self._presets) * len(self._parts) == 1 and estimator.time_budget is None
        self._only, self._files = only, open_members(estimator, context, only=only)
        self._ends = blind or estimator.n_estimators is not None or estimator.preset == TABM.name

    def fit(self) -> Ensemble:
        """Train, and weigh what was trained."""
        numbers, folds = range(len(self._presets)), range(len(self._parts))
        first = folds[: self._size.first_folds]
        by_the_clock = self._estimator.time_budget is not None
        further = 0 if by_the_clock else self._size.kept * (len(folds) - len(first))
        self._planned = len(numbers) * len(folds if by_the_clock else first) + further
        with (
            member_executor(self._estimator.n_jobs) as self._workers,
            _progress(self._estimator, self._planned, self._params(0).max_iter) as self._move,
        ):
            try:
                if by_the_clock:
                    self._in_rounds(numbers)
                else:
                    self._train(numbers, first)
                    if len(first) < len(folds):
                        self._train(self._best(numbers, first), folds[len(first) :])
                if self._files is not None:
                    self._files.end()
            except KeyboardInterrupt:
                if not self._trained or self._workers.interruption.again:
                    raise
                if self._files is not None:
                    self._files.flush()
                self._ended = True
        with deferred() as interruption:  # what is trained is worth a second
            found, together = self._ensemble()
        self._estimator._interrupted = self._ended = self._ended or interruption.asked
        if self._ended:
            self._report(together, len(found.members))
        if self._n_cut:
            budget, used = self._estimator.time_budget, self._clock.used_by_preparation
            warn_the_caller(
                f"{self._context.where}: a time budget of {budget:g} s is too short. Preparing the rows took "
                f"{used:.3g} s, and {self._n_cut} of {len(self._seconds)} networks had one epoch."
            )
        return found

    def _params(self, number: int) -> SimpleNamespace:
        """The parameters of a preset."""
        return hyperparameters(self._estimator, self._presets[number], self._parts[0].learned.size)

    def _in_rounds(self, numbers: range) -> None:
        """Train a few presets on all folds, then as many of the next ones as there is time for."""
        folds, begin, asked = range(len(self._parts)), 0, self._estimator.n_estimators is not None
        each = most = len(numbers) if asked else min(OF_A_ROUND, self._size.kept)
        while each and begin < len(self._presets):
            started = self._clock.left
            self._train(range(begin, min(begin + each, len(self._presets))), folds)
            begin += each
            used = max(started - self._clock.left, 1e-9)
            each = max(0, min(most, int(each * self._clock.left / used)))
            self._forget()
            if begin + each > len(self._presets) and not self._ends:
                self._take(more_presets(self._presets, len(self._rows), self._width, self._seed))
                self._planned = max(self._planned, len(self._presets) * len(folds))

    def _forget(self) -> None:
        """Drop the members of presets that are too far behind to be selected, so that memory has a bound."""
        numbers = sorted({number for number, _ in self._trained})
        if self._ends or len(numbers) <= REMEMBERED * self._size.kept:
            return
        for number in numbers:
            if number not in self._found:
                self._choice(number)
        best = sorted(numbers, key=lambda number: _or_last(self._found[number][1]))
        self._drop(best[: REMEMBERED * self._size.kept], Outcome.NOT_SELECTED)

    def _best(self, numbers: Sequence[int], folds: range) -> list[int]:
        """The presets that are best on some folds, which also say when training on the others may end."""
        numbers = [number for number in numbers if all((number, fold) in self._trained for fold in folds)]
        choices = {number: self._choice(number) for number in numbers}
        best = sorted(numbers, key=lambda number: _or_last(choices[number].loss))[: self._size.kept]
        self._drop(best, Outcome.DROPPED)
        for number in best:
            marks, epochs = snapshot_epochs(self._params(number).max_iter), choices[number].epochs
            if epochs is not None:
                at = marks.index(epochs)
                self._window[number] = tuple(marks[max(0, at - AROUND) : at + AROUND + 1])
        return sorted(best)

    def _drop(self, best: Collection[int], outcome: Outcome) -> None:
        """Keep the members of these presets alone."""
        others = {number for number, _ in self._trained if number not in best}
        self._outcomes = {**dict.fromkeys(others, outcome), **self._outcomes}
        self._trained = {place: one for place, one in self._trained.items() if place[0] in best}

    def _train(self, numbers: Sequence[int], folds: range) -> None:
        """Train presets on folds; with a budget, or a large table, on as few at once as all workers need."""
        estimator, clock, workers = self._estimator, self._clock, self._workers
        prepared = self._preparing(estimator, [self._presets[number] for number in numbers])
        one_queue = estimator.time_budget is None and len(self._rows) < MANY
        at_once = len(folds) if one_queue else max(1, workers.n // len(numbers))
        turns = -(-len(numbers) * at_once // workers.n)  # of members, that each worker has
        for first in range(0, len(folds), at_once):
            if not clock.begins_another(first):
                break
            prepared.cache_clear()
            folds_now = folds[first : first + at_once]
            if not one_queue:
                with clock.preparing():
                    for fold in folds_now:
                        prepared(fold)
            seconds = clock.seconds_of_a_member(-(-(len(folds) - first) // at_once), turns)
            works = (
                (number * len(self._parts) + fold, self._work(number, fold, prepared(fold), seconds))
                for fold in folds_now
                for number in numbers
            )
            for place, result in workers.results(works, self._move):
                number, fold = divmod(place, len(self._parts))
                if isinstance(result, DivergenceError):
                    if estimator.n_estimators is not None:
                        raise result
                    self._diverged = self._diverged or result
                    self._outcomes[number] = Outcome.DIVERGED
                    continue
                if seconds is not None:
                    result = result._replace(snapshots=())  # each member ends by the clock
                    self._n_cut += result.member.epochs == 1 and (result.member.seconds or 0.0) > seconds
                workers.interruption.waits = True  # before there is a network without its preprocessor
                self._trained[number, fold] = result
                self._seconds[number, fold] = result.member.seconds or 0.0
                if self._files is not None:
                    self._files.keep(number, self._task(number, fold), prepared(fold), result)
                self._preprocessors[fold] = self._with_earlier(prepared(fold).preprocessor, fold)
                self._move(place, result.member.epochs, None)

        if not self._trained and self._diverged is not None:
            raise self._diverged

    def _preparing(self, estimator: "DeepEstimator", presets: Iterable[Preset]) -> Any:
        """The function that prepares a fold for some presets, once."""
        given = estimator, self._rows, self._validation
        return cache(lambda fold: prepare_fold(*given, self._parts[fold], tuple(presets), self._context))

    def _with_earlier(self, preprocessor: FoldPreprocessor, fold: int) -> FoldPreprocessor:
        """The preprocessor of a fold with the encodings of the presets before, too."""
        earlier = self._preprocessors.get(fold, preprocessor)
        return replace(preprocessor, encodings={**earlier.encodings, **preprocessor.encodings})

    def _task(self, number: int, fold: int) -> Task:
        window = self._window.get(number, ())
        return Task(self._presets[number], fold, int(self._seeds[number, fold]), window)

    def _take(self, presets: tuple[Preset, ...]) -> None:
        """Take presets, whose seeds begin with those of fewer ones."""
        self._presets, shape = presets, (len(presets), len(self._parts))
        self._seeds = np.random.SeedSequence(self._seed).generate_state(shape[0] * shape[1]).reshape(shape)

    def _work(
        self, number: int, fold: int, prepared: Prepared, seconds: float | None
    ) -> Callable[[Link], Trained | DivergenceError]:
        task = self._task(number, fold)
        kept = None if self._files is None else self._files.read(number, task, prepared)
        if kept is not None:
            return partial(_as_it_was, kept)
        return partial(_train_one, self._estimator, task, prepared, self._context, seconds, self._only)

    @cached_property
    def _scored(self) -> Dataset:
        """The rows that tell how good members are."""
        return self._rows if self._validation is None else self._validation

    def _held_out(self, fold: int) -> Any:
        """Which of these rows a fold has not learned from."""
        return slice(None) if self._validation is not None else self._parts[fold].held_out

    @cached_property
    def _weight(self) -> Array | None:
        return self._estimator._class_weighted(self._rows, self._scored, self._context.where)

    @cached_property
    def _losses(self) -> Any:
        return self._estimator.targets_.losses()

    @cached_property
    def _output(self) -> str:
        return self._estimator.targets_.head

    def _choice(self, number: int) -> Choice:
        """The number of epochs of a preset that is best for all folds that it has learned."""
        trained = {fold: self._trained[one, fold] for one, fold in sorted(self._trained) if one == number}
        preset = self._presets[number]
        marks = {one.epochs for each in trained.values() for one in each.snapshots}
        pooled, found = has_pooled_epochs(self._params(number), self._estimator.time_budget), []
        for epochs in sorted(marks) if pooled else ():
            after = {fold: one.after(epochs) for fold, one in trained.items()}
            there = [(fold, *one) for fold, one in after.items() if one is not None]
            known = {fold: (one, self._preprocessors[fold].unscaled(A)) for fold, one, A in there}
            if len(known) == len(trained):
                found.append(Choice(preset, epochs, *self._gathered(known)))
        if not found:  # each ended by the clock, or by a patience of its own, and has its best epoch
            own = self._gathered({fold: (one.member, one.outputs) for fold, one in trained.items()})
            found = [Choice(preset, None, *own)]
        best = min(found, key=lambda one: _or_last(one.loss))
        self._found[number] = best.epochs, best.loss
        return best

    def _gathered(self, known: Mapping[int, tuple[Member, Array]]) -> tuple[dict[int, Member], Array, float]:
        """Members, their outputs for all rows, and the mean loss of these at the best temperature."""
        outputs = np.full(self._scored.Y.shape, np.nan, next(iter(known.values()))[1].dtype)
        for fold, (_, A) in known.items():
            if A.size:
                outputs[self._held_out(fold)] = A
        return {fold: member for fold, (member, _) in known.items()}, outputs, self._mean_loss(outputs, known)

    def _mean_loss(self, A: Array, known: Mapping[int, tuple[Member, Array]]) -> float:
        there = np.isfinite(A).all(axis=1)
        if self._losses is None or not there.any():  # outputs alone do not tell the loss of this head
            costs = [one.validation_cost for one, _ in known.values() if one.validation_cost is not None]
            return float(np.mean(costs)) if costs else np.nan
        Y, weight = self._scored.Y[there], None if self._weight is None else self._weight[there]
        A = A[there]
        if self._output in PROBABILITIES:
            each = self._output == "sigmoid"
            A = with_temperature(A, fit_temperature(A, Y, weight, each=each), each=each)
        return float(np.average(self._losses(A, Y), weights=weight))

    def _ensemble(self) -> tuple[Ensemble, Array | None]:
        """The presets that were trained, weighed, and their outputs together for rows held out."""
        estimator = self._estimator
        numbers, folds = _largest_whole(self._trained)
        self._trained = {(number, fold): self._trained[number, fold] for number in numbers for fold in folds}
        choices = [self._choice(number) for number in numbers]
        outputs: dict[str, list[Array]] = {}
        for one in choices:
            outputs.setdefault(one.preset.name, []).append(one.outputs)
        found = fit_ensemble_weights(outputs, self._scored.Y, self._output, self._losses, self._weight)
        shares = {name: weight / len(outputs[name]) for name, weight in found.weights.items()}
        tried = self._tried({at: shares[one.preset.name] for at, one in zip(numbers, choices, strict=True)})
        kept = {one.preset.name for one in choices} if estimator.n_estimators is not None else set()
        weights = {name: weight for name, weight in found.weights.items() if weight > 0 or name in kept}
        if not any(one.preset.name in weights for one in choices):  # there is always a network to open
            weights = {min(choices, key=lambda one: _or_last(one.loss)).preset.name: 0.0, **weights}
        members = [
            self._as_member(one, fold, folds.index(fold))
            for fold in folds
            for one in choices
            if one.preset.name in weights and fold in one.members
        ]
        used = {one.preset.inputs for one in members}
        of_folds = [self._preprocessors[fold] for fold in folds]
        inputs = [{name: each for name, each in one.encodings.items() if name in used} for one in of_folds]
        ensemble = Ensemble(
            tuple(replace(one, encodings=each) for one, each in zip(of_folds, inputs, strict=True)),
            tuple(members),
            weights,
            {name: found.temperatures[name] for name in weights},
            self._output,
            None if self._validation is not None else found.together,
            tried,
        )
        return ensemble, found.together

    def _tried(self, shares: Mapping[int, float]) -> TriedPresets:
        """All presets that were trained, with the shares of those that were weighed."""
        found, classes = [], is_classifier(self._estimator)
        for number in sorted({number for number, _ in self._seconds} | self._outcomes.keys()):
            preset, params, share = self._presets[number], self._params(number), shares.get(number, 0.0)
            names = preset.own(classes=classes)
            settings = {"inputs": preset.inputs, **{name: getattr(params, name) for name in names}}
            seconds = [one for (of, _), one in self._seconds.items() if of == number]
            epochs, loss = self._found.get(number, (None, np.nan))
            outcome = self._outcomes.get(number, Outcome.UNFINISHED)
            if number in shares:
                outcome = Outcome.SELECTED if share else Outcome.NOT_SELECTED
            known = loss if np.isfinite(loss) else None
            one = (preset.name, preset.why, plain(settings), len(seconds), epochs, known, sum(seconds))
            found.append(TriedPreset(*one, share, outcome.value))
        return TriedPresets.sorted(found)

    def _as_member(self, choice: Choice, fold: int, at: int) -> Member:
        """A member with its score on the rows that its fold, the one in this place, holds out."""
        member, of_fold = choice.members[fold], self._held_out(fold)
        A, fit = choice.outputs[of_fold], member.fit
        if len(A) and fit is not None and np.isfinite(A).all():
            weight = self._scored.weight
            weight = None if weight is None else weight[of_fold]
            score = self._estimator._score_of(A, self._scored.Y[of_fold], weight)
            member = replace(member, fit=replace(fit, held_out_score=score))
        return replace(member, fold=at)

    def _report(self, together: Array | None, n: int) -> None:
        """Warn that Ctrl-C ended the fit, with the score: accuracy, R², or of quantiles D²."""
        known = np.zeros(0, bool) if together is None else np.isfinite(together).all(axis=1)
        score, found = None, "without rows that tell how good they are"
        if together is not None:
            weight = None if self._weight is None else self._weight[known]
            score = self._estimator._score_of(together[known], self._scored.Y[known], weight)
        if score is not None:
            part = "validation" if self._validation is not None else "out-of-fold"
            of_numbers = "D²" if self._output == "quantile" else "R²"
            metric = "accuracy" if is_classifier(self._estimator) else of_numbers
            found = f"{part} {metric} {score:.4f}"
        planned = f" of {self._planned}" if self._estimator.time_budget is None else ""
        networks = f"{n}{planned} networks are trained and kept"
        warn_the_caller(f"{self._context.where} was interrupted: {networks}, {found}.")


def _largest_whole(trained: Collection[tuple[int, int]]) -> tuple[list[int], list[int]]:
    """Presets and folds of which every pair is trained, as many pairs as there are."""
    by_fold: dict[int, set[int]] = {}
    for number, fold in sorted(trained):
        by_fold.setdefault(fold, set()).add(number)
    folds = sorted(by_fold, key=lambda fold: (-len(by_fold[fold]), fold))
    whole = [
        (set.intersection(*(by_fold[fold] for fold in folds[:n])), folds[:n])
        for n in range(1, len(folds) + 1)
    ]
    numbers, kept = max(whole, key=lambda pair: len(pair[0]) * len(pair[1]))
    return sorted(numbers), sorted(kept)


def _width(estimator: "DeepEstimator", X: Any, context: FitContext) -> Width:
    """How wide a table is; categories are counted on a part of the rows."""
    if issparse(X):
        return Width(inf, inf)
    columns = float(X.shape[1])
    if not context.categorical and all(dtype.is_numeric() for dtype in X.dtypes):
        return Width(columns, columns)
    some = X[evenly_spread(X.shape[0], COUNTED)]
    table = Table.fit(some, estimator.keep_columns or (), context.categorical)
    return Width(columns, columns if table.preparation is None else float(table.preparation.n_features))


def _or_last(loss: float) -> float:
    return loss if np.isfinite(loss) else np.inf


def _as_it_was(trained: Trained, link: Link) -> Trained:
    return trained


def _train_one(
    estimator: "DeepEstimator",
    task: Task,
    prepared: Prepared,
    context: FitContext,
    seconds: float | None,
    only: bool,
    link: Link,
) -> Trained | DivergenceError:
    """A member, with its outputs for the rows held out; the error where it diverged."""
    validation, preprocessor = prepared.validation(task.preset), prepared.preprocessor
    try:
        trained = train_member(estimator, task, prepared, context, link=link, seconds=seconds, only=only)
    except DivergenceError as error:
        return error
    if validation is None or link.given_up.is_set():
        return trained
    outputs = trained.member.outputs({task.preset.inputs: validation.X}, preprocessor)
    return trained._replace(outputs=outputs)


@contextmanager
def _progress(estimator: "DeepEstimator", planned: int, each: int) -> Iterator[Move]:
    """The function that shows the epochs of all members as one bar, or the seconds of a budget."""
    if not estimator.verbose:
        yield lambda number, done, of: None
        return
    begun, budget = monotonic(), estimator.time_budget
    done, ends, finished = dict[int, float](), dict[int, float](), set[int]()
    meter = Meter(estimator._label, unit="epochs" if budget is None else "s")

    def show(number: int, epochs: float, of: int | None) -> None:
        if of is None:  # it may have ended before all of its epochs
            finished.add(number)
        done[number], ends[number] = epochs, epochs if of is None else of
        if budget is None:
            total = sum(ends.values()) + each * max(0, planned - len(ends))
            meter.move(sum(done.values()), f"{len(finished)}/{planned} networks", total)
        else:
            text = f"{len(finished)} networks, {sum(done.values()):.0f} epochs"
            meter.move(min(monotonic() - begun, budget), text)

    meter.begin(each * planned if budget is None else budget, text=f"0/{planned} networks")
    try:
        yield show
    finally:
        meter.end()
