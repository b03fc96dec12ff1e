"""How an ensemble is fitted: presets are trained side by side on folds of the rows, selected and weighed."""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cache, cached_property, partial
from math import inf
from time import perf_counter
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from scipy.sparse import issparse
from sklearn.base import is_classifier

from deepstep.equations import get_head
from deepstep.errors import DataError, DivergenceError
from deepstep.estimators.calibration import fit_temperature, with_temperature
from deepstep.estimators.ensemble import (
    PROBABILITIES,
    Ensemble,
    FoldPreprocessor,
    Member,
    Table,
    fit_ensemble_weights,
)
from deepstep.estimators.inputs import Dataset, FitContext
from deepstep.estimators.members import (
    Link,
    Prepared,
    Task,
    Trained,
    has_pooled_epochs,
    limited_threads,
    member_executor,
    snapshot_epochs,
    train_member,
)
from deepstep.estimators.population import ensemble_size
from deepstep.estimators.preparing import prepare_fold
from deepstep.estimators.presets import (
    ALONE,
    Preset,
    hyperparameters,
)
from deepstep.estimators.solvers import warn_the_caller
from deepstep.estimators.splits import split
from deepstep.training.progress import Meter
from deepstep.types import Array

if TYPE_CHECKING:
    from deepstep.estimators.base import DeepEstimator

MANY = 12_000
"""Rows from which on folds are prepared a few at a time."""

WITHOUT_ROWS = 5
"""Presets where no rows tell which are good."""

OF_A_ROUND = 5
"""Presets that are trained at a time within a budget of seconds."""

AROUND = 2
"""Snapshots before and after the best one of the first folds that the other folds have."""


class Choice(NamedTuple):
    """A preset after the number of epochs that is best for all of its folds together, by their held-out rows.

    ``members`` are by fold; ``outputs`` (m, n_L) are for the rows held out, else NaN; ``loss`` is their mean.
    """

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
    except DataError:
        Table.fit(
            rows.X, estimator.keep_columns or (), context.categorical
        )  # what cannot be a number is refused under the number of its own row
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
    return Ensemble.of_one(member, prepared.preprocessor, estimator._head(context.where)[0])


class TimeBudget:
    """The time, ``budget`` seconds or unlimited, of an ensemble; preparing its folds counts."""

    def __init__(self, budget: float | None) -> None:
        self._end = None if budget is None else perf_counter() + budget
        self._preparation = 0.0

    @contextmanager
    def preparing(self) -> Iterator[None]:
        """While a fold is prepared: the next ones are expected to take as long."""
        begin = perf_counter()
        yield
        self._preparation = perf_counter() - begin

    @property
    def left(self) -> float:
        """Seconds that are left."""
        return inf if self._end is None else self._end - perf_counter()

    def begins_another(self, done: int) -> bool:
        """Whether after so many folds there is time to prepare another one and to train as long as that."""
        return self._end is None or not done or self._end - perf_counter() > 2 * self._preparation

    def seconds_of_a_member(self, folds: int, turns: int) -> float | None:
        """The time of each member, of which a thread trains ``turns`` one after another.

        Of the folds left as many count as can be prepared in half of the time.
        """
        if self._end is None:
            return None
        left = self._end - perf_counter()
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
        self._ended = False
        self._diverged: DivergenceError | None = None
        self._size = size = ensemble_size(
            len(rows),
            estimator.n_estimators,
            estimator.preset,
            estimator.effort,
            n_features=inf if issparse(rows.X) else rows.X.shape[1],
            validated=validation is not None,
            seed=seed,
        )
        self._parts = split(estimator, rows, validation, size.n_folds, seed, context.where)
        blind = validation is None and not self._parts[0].held_out.size
        self._presets = size.presets[:WITHOUT_ROWS] if blind and not estimator.n_estimators else size.presets
        self._seeds = np.random.SeedSequence(seed).generate_state(len(self._parts) * len(self._presets))

    def fit(self) -> Ensemble:
        """Train, and weigh what was trained."""
        numbers, folds = range(len(self._presets)), range(len(self._parts))
        first = folds[: self._size.first_folds]
        by_the_clock = self._estimator.time_budget is not None
        further = 0 if by_the_clock else self._size.kept * (len(folds) - len(first))
        self._planned = len(numbers) * len(folds if by_the_clock else first) + further
        with (
            member_executor(self._estimator.n_jobs) as self._workers,
            _progress(self._estimator, self._planned, self._epochs) as self._move,
        ):
            self._workers.interruption.waits = False
            try:
                if by_the_clock:
                    self._in_rounds(numbers)
                else:
                    self._train(numbers, first)
                    if len(first) < len(folds):
                        self._train(self._best(numbers, first), folds[len(first) :])
            except KeyboardInterrupt:
                if not self._trained or self._workers.interruption.again:
                    raise
                self._ended = True
        return self._ensemble()

    def _params(self, number: int) -> SimpleNamespace:
        """The parameters of a preset."""
        return hyperparameters(self._estimator, self._presets[number], self._parts[0].learned.size)

    def _epochs(self, number: int) -> int:
        """The epochs of a preset."""
        return int(self._params(number).max_iter)

    def _in_rounds(self, numbers: range) -> None:
        """Train a few presets on all folds, then the next ones as long as there is time for as many again."""
        folds, begin, asked = range(len(self._parts)), 0, self._estimator.n_estimators is not None
        each = len(numbers) if asked else min(OF_A_ROUND, self._size.kept)
        while begin < len(numbers):
            started = self._clock.left
            self._train(numbers[begin : begin + each], folds)
            begin += each
            if started - self._clock.left >= self._clock.left:
                break

    def _best(self, numbers: Sequence[int], folds: range) -> list[int]:
        """The presets that are best on some folds, which also say when training on the others may end."""
        numbers = [number for number in numbers if all((number, fold) in self._trained for fold in folds)]
        choices = {number: self._choice(number) for number in numbers}
        best = sorted(numbers, key=lambda number: _or_last(choices[number].loss))[: self._size.kept]
        self._trained = {place: one for place, one in self._trained.items() if place[0] in best}
        for number in best:
            marks, epochs = snapshot_epochs(self._epochs(number)), choices[number].epochs
            if epochs is not None:
                at = marks.index(epochs)
                self._window[number] = tuple(marks[max(0, at - AROUND) : at + AROUND + 1])
        return sorted(best)

    def _train(self, numbers: Sequence[int], folds: range) -> None:
        """Train presets on folds; with a budget, or a large table, so many folds at once that all workers
        have something to do, as long as there is time.
        """
        estimator, clock, workers = self._estimator, self._clock, self._workers
        presets = tuple(self._presets[number] for number in numbers)

        @cache
        def prepared(fold: int) -> Prepared:
            return prepare_fold(
                estimator, self._rows, self._validation, self._parts[fold], presets, self._context
            )

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
                (self._place(number, fold), self._work(number, fold, prepared(fold), seconds))
                for fold in folds_now
                for number in numbers
            )
            for place, result in workers.results(works, self._move):
                number, fold = divmod(place, len(self._parts))
                if isinstance(result, DivergenceError):
                    if estimator.n_estimators is not None:
                        raise result
                    self._diverged = self._diverged or result
                    continue
                self._trained[number, fold] = result
                self._preprocessors[fold] = self._with_earlier(prepared(fold).preprocessor, fold)
                workers.interruption.waits = True
                self._move(place, DONE)

        if not self._trained and self._diverged is not None:
            raise self._diverged

    def _with_earlier(self, preprocessor: FoldPreprocessor, fold: int) -> FoldPreprocessor:
        """The preprocessor of a fold with the encodings of the presets before, too."""
        earlier = self._preprocessors.get(fold, preprocessor)
        return replace(preprocessor, encodings={**earlier.encodings, **preprocessor.encodings})

    def _place(self, number: int, fold: int) -> int:
        return number * len(self._parts) + fold

    def _work(
        self, number: int, fold: int, prepared: Prepared, seconds: float | None
    ) -> Callable[[Link], Trained | DivergenceError]:
        seed = int(self._seeds[self._place(number, fold)])
        task = Task(self._presets[number], fold, seed, self._window.get(number, ()))
        return partial(_train_one, self._estimator, task, prepared, self._context, seconds)

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
        return _loss(self._estimator, self._context.where)

    @cached_property
    def _output(self) -> str:
        return self._estimator._head(self._context.where)[0]

    def _choice(self, number: int) -> Choice:
        """The number of epochs of a preset that is best for all folds that it has learned."""
        trained = {fold: self._trained[one, fold] for one, fold in sorted(self._trained) if one == number}
        preset = self._presets[number]
        marks = {one.epochs for each in trained.values() for one in each.snapshots}
        pooled, found = has_pooled_epochs(self._params(number), self._estimator.time_budget), []
        for epochs in sorted(marks) if pooled else ():
            after = {fold: one.after(epochs) for fold, one in trained.items()}
            known = {
                fold: (one[0], self._preprocessors[fold].unscaled(one[1]))
                for fold, one in after.items()
                if one is not None
            }
            if len(known) == len(trained):
                found.append(Choice(preset, epochs, *self._gathered(known)))
        if not found:  # each ended by the clock, or by a patience of its own, and has its best epoch
            own = self._gathered({fold: (one.member, one.outputs) for fold, one in trained.items()})
            return Choice(preset, None, *own)
        return min(found, key=lambda one: _or_last(one.loss))

    def _gathered(self, known: dict[int, tuple[Member, Array]]) -> tuple[dict[int, Member], Array, float]:
        """Members, their outputs for all rows, and the mean loss of these at the best temperature."""
        outputs = np.full(self._scored.Y.shape, np.nan, next(iter(known.values()))[1].dtype)
        for fold, (_, A) in known.items():
            if A.size:
                outputs[self._held_out(fold)] = A
        return {fold: member for fold, (member, _) in known.items()}, outputs, self._mean_loss(outputs, known)

    def _mean_loss(self, A: Array, known: dict[int, tuple[Member, Array]]) -> float:
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

    def _ensemble(self) -> Ensemble:
        """The presets that were trained, weighed."""
        estimator = self._estimator
        numbers, folds = _largest_whole(self._trained)
        self._trained = {(number, fold): self._trained[number, fold] for number in numbers for fold in folds}
        choices = [self._choice(number) for number in numbers]
        outputs: dict[str, list[Array]] = {}
        for one in choices:
            outputs.setdefault(one.preset.name, []).append(one.outputs)
        found = fit_ensemble_weights(outputs, self._scored.Y, self._output, self._losses, self._weight)
        weights = found.weights
        if estimator.n_estimators is None:
            weights = {name: weight for name, weight in weights.items() if weight > 0}
        members = [
            self._as_member(one, fold, folds.index(fold))
            for fold in folds
            for one in choices
            if one.preset.name in weights and fold in one.members
        ]
        self._report(found.together, len(members))
        used = {member.preset.inputs for member in members}
        return Ensemble(
            tuple(_with_inputs(self._preprocessors[fold], used) for fold in folds),
            tuple(members),
            weights,
            {name: found.temperatures[name] for name in weights},
            self._output,
            None if self._validation is not None else found.together,
        )

    def _as_member(self, choice: Choice, fold: int, at: int) -> Member:
        """A member with its score on the rows that its fold, the one in this place, holds out."""
        member, of_fold = choice.members[fold], self._held_out(fold)
        A, fit = choice.outputs[of_fold], member.fit
        if len(A) and fit is not None and np.isfinite(A).all():
            weight = self._scored.weight
            score = self._estimator._score_of(
                A, self._scored.Y[of_fold], None if weight is None else weight[of_fold]
            )
            member = replace(member, fit=replace(fit, held_out_score=score))
        return replace(member, fold=at)

    def _report(self, together: Array | None, n: int) -> None:
        """Warn where Ctrl-C ended the fit."""
        estimator, where = self._estimator, self._context.where
        estimator._interrupted = self._ended
        if self._ended:
            part = "validation" if self._validation is not None else "out-of-fold"
            score = _score(estimator, together, self._scored.Y, self._weight, where)
            found = "without rows that tell how good they are" if score is None else f"{part} {score}"
            warn_the_caller(
                f"{where} was interrupted: {n} of {self._planned} networks are trained and kept, {found}."
            )


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


def _with_inputs(preprocessor: FoldPreprocessor, used: Collection[str]) -> FoldPreprocessor:
    """A preprocessor with those inputs alone that a network takes."""
    kept = {name: encoding for name, encoding in preprocessor.encodings.items() if name in used}
    return replace(preprocessor, encodings=kept)


def _or_last(loss: float) -> float:
    return loss if np.isfinite(loss) else np.inf


def _train_one(
    estimator: "DeepEstimator",
    task: Task,
    prepared: Prepared,
    context: FitContext,
    seconds: float | None,
    link: Link,
) -> Trained | DivergenceError:
    """A member, with its outputs for the rows held out; the error where it diverged."""
    validation, preprocessor = prepared.validation(task.preset), prepared.preprocessor
    try:
        trained = train_member(estimator, task, prepared, context, link=link, seconds=seconds)
    except DivergenceError as error:
        return error
    if validation is None or link.given_up.is_set():
        return trained
    outputs = trained.member.outputs({task.preset.inputs: validation.X}, preprocessor)
    return trained._replace(outputs=outputs)


DONE = 2.0
"""The share of a finished member, for `_progress`."""


@contextmanager
def _progress(
    estimator: "DeepEstimator", planned: int, epochs: Callable[[int], int]
) -> Iterator[Callable[[int, float], None]]:
    """The function that shows which share of a member is done, as one bar of the epochs of all."""
    if not estimator.verbose:
        yield lambda number, share: None
        return
    done, each, whole = dict[int, float](), epochs(0), [0]
    meter = Meter(estimator._label, unit="epochs")

    def show(number: int, share: float) -> None:
        whole[0] += share == DONE
        done[number] = each * min(share, 1.0)
        meter.move(min(sum(done.values()), each * planned), f"{whole[0]}/{planned} networks")

    meter.begin(each * planned, text=f"0/{planned} networks")
    try:
        yield show
    finally:
        meter.end()


def _score(
    estimator: "DeepEstimator", A: Array | None, Y: Array, weight: Array | None, where: str
) -> str | None:
    """How good outputs are, in words: accuracy, R², or of quantiles D²; None without rows to compare."""
    if A is None:
        return None
    known = np.isfinite(A).all(axis=1)
    score = estimator._score_of(A[known], Y[known], None if weight is None else weight[known])
    of_numbers = "D²" if estimator._head(where)[0] == "quantile" else "R²"
    return None if score is None else f"{'accuracy' if is_classifier(estimator) else of_numbers} {score:.4f}"


def _loss(estimator: "DeepEstimator", where: str) -> Any:
    """(A, Y) → loss of each example, from outputs; None where the head has no such form."""
    name, settings = estimator._head(where)
    head = get_head(name).with_settings(where, **{k: v for k, v in settings.items() if k != "smoothing"})
    textbook = head.textbook
    if textbook is None:
        return None
    tiny = 1e-6
    probabilities = name in (*PROBABILITIES, "ordinal")

    def loss(A: Array, Y: Array) -> Array:
        A = np.clip(A, tiny, 1 - tiny) if probabilities else A
        return np.asarray(textbook(A.T, Y.T)).ravel()

    return loss
