"""How an ensemble is fitted: rows are split into folds, members trained side by side, presets weighted."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import cache, partial
from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from sklearn.base import is_classifier

from deepstep.equations import get_head
from deepstep.errors import ConfigurationError, DataError
from deepstep.estimators.ensemble import (
    PROBABILITIES,
    Ensemble,
    Fold,
    FoldPreprocessor,
    Member,
    Table,
    fit_ensemble_weights,
)
from deepstep.estimators.inputs import Dataset, FitContext
from deepstep.estimators.members import Link, Prepared, Task, limited_threads, member_executor, train_member
from deepstep.estimators.options import DEFAULTS
from deepstep.estimators.presets import (
    ALONE,
    MANY,
    MLP,
    EnsembleSize,
    Preset,
    default_ensemble_size,
    default_n_bins,
    hyperparameters,
)
from deepstep.estimators.solvers import warn_the_caller
from deepstep.estimators.splits import splits_at_random, structured_folds
from deepstep.preparation.batches import Examples
from deepstep.preparation.encoding import Encoding
from deepstep.training.progress import Meter
from deepstep.types import AnyArray, Array

if TYPE_CHECKING:
    from deepstep.estimators.base import DeepEstimator


class Trained(NamedTuple):
    """The members, with the task of each and its outputs for the rows held out; ``ended`` is by Ctrl-C."""

    tasks: list[Task]
    members: list[Member]
    outputs: list[Array]
    ended: bool


def fit_ensemble(
    estimator: "DeepEstimator", rows: Dataset, validation: Dataset | None, context: FitContext
) -> Ensemble:
    """Train an ensemble, or one network, for an estimator of which the targets are known."""
    seed = 0 if context.seed is None else context.seed
    if estimator.preset in ALONE:
        preset = ALONE[estimator.preset]
        (fold,) = _split(estimator, rows, validation, 1, seed, context.where)
        prepared = _prepared(estimator, rows, validation, fold, (preset,), context)
        return fit_alone(estimator, prepared, Task(preset, 0, seed), context)
    clock = TimeBudget(estimator.time_budget)
    kept = rows if rows.weight is None else rows.take(np.flatnonzero(rows.weight > 0))
    size = default_ensemble_size(
        len(kept), estimator.n_estimators, estimator.preset, validated=validation is not None
    )
    parts = _split(estimator, kept, validation, size.n_folds, seed, context.where)
    tasks = _tasks(size, len(parts), seed)
    try:
        preprocessors, trained = _train_all(estimator, kept, validation, parts, size, tasks, clock, context)
    except DataError:
        Table.fit(
            rows.X, estimator.keep_columns or (), context.categorical
        )  # what cannot be a number is refused under the number of its own row
        raise
    scored = kept if validation is None else validation
    outputs = _by_preset(trained, parts, scored.Y.shape, own=validation is not None)
    output, _ = estimator._head(context.where)
    weight = estimator._class_weighted(kept, scored, context.where)
    found = fit_ensemble_weights(outputs, scored.Y, output, _loss(estimator, context.where), weight)
    together = None if validation is not None else found.together
    estimator._interrupted = trained.ended
    if trained.ended:
        part = "validation" if validation is not None else "out-of-fold"
        score = _score(estimator, found.together, scored.Y, weight, context.where)
        warn_the_caller(
            f"{context.where} was interrupted: {len(trained.members)} of {len(tasks)} networks are trained "
            f"and kept, {'without rows that tell how good they are' if score is None else f'{part} {score}'}."
        )
    return Ensemble(
        tuple(preprocessors), tuple(trained.members), found.weights, found.temperatures, output, together
    )


def fit_alone(
    estimator: "DeepEstimator",
    prepared: Prepared,
    task: Task,
    context: FitContext,
    seconds: float | None = None,
) -> Ensemble:
    """Train one network, which is then an ensemble of one, in this thread."""
    with limited_threads(estimator.n_jobs):
        member = train_member(estimator, task, prepared, context, seconds=seconds)
    return Ensemble.of_one(member, prepared.preprocessor, estimator._head(context.where)[0])


def folds(m: int, n: int, strata: AnyArray | None, fraction: float, seed: int) -> list[Fold]:
    """n folds of m rows, or for n = 1 one with a fraction held out, each with the ``strata`` in proportion.

    A stratum of one row is always learned from. Each row is held out at most once.
    """
    rng = np.random.default_rng(seed)
    shuffled = rng.permutation(m)
    kinds = np.zeros(m, np.intp) if strata is None else np.unique(strata, return_inverse=True)[1].ravel()
    by_kind = shuffled[np.argsort(kinds[shuffled], kind="stable")]
    sizes = np.bincount(kinds)
    place = np.empty(m, np.intp)
    place[by_kind] = np.arange(m)
    if n > 1:
        part = place % n  # neighbours in the order of the groups go to different parts
    else:
        # evenly spread over the groups: every (1 / fraction)-th row in their order
        steps = np.floor((np.arange(m) + 1) * fraction) - np.floor(np.arange(m) * fraction)
        part = np.where(steps[place] > 0, 0, 1)
    part = np.where((sizes[kinds] > 1) | (strata is None), part, -1)
    found = [Fold(np.flatnonzero(part != k), np.flatnonzero(part == k)) for k in range(n)]
    return [fold if fold.learned.size else Fold(np.arange(m), np.arange(0)) for fold in found]


def _split(
    estimator: "DeepEstimator", rows: Dataset, validation: Dataset | None, n_folds: int, seed: int, where: str
) -> list[Fold]:
    """The folds, or one that holds nothing out; 'mlp' parts its examples itself where that is at random."""
    at_random = splits_at_random(estimator, rows)
    m, fraction, alone = len(rows), estimator.validation_fraction, estimator.preset in ALONE
    whole = validation is not None or m < (4 if alone else 2 * n_folds)
    if alone:
        whole |= not estimator.early_stopping or (estimator.preset == MLP.name and at_random)
    elif fraction is not None and (whole or n_folds > 1):
        instead = "validation data of its own" if validation is not None else f"{n_folds} folds"
        raise ConfigurationError(
            where,
            "validation_fraction left out, where it has no effect",
            f"got {fraction} with {instead}",
            "Pass n_estimators=1 for one network and one part held out.",
        )
    if whole:
        return [Fold(np.arange(m), np.arange(0))]
    fraction = DEFAULTS["mlp"]["validation_fraction"] if fraction is None else fraction
    strata = estimator._strata(rows.Y)
    if at_random:
        return folds(m, n_folds, strata, fraction, seed)
    return structured_folds(rows, strata, n_folds, fraction, seed, where)


def _tasks(size: EnsembleSize, n_parts: int, seed: int) -> list[Task]:
    """Members in the order in which they are trained: fold by fold."""
    whole = size.of_a_fold
    seeds = np.random.SeedSequence(seed).generate_state(n_parts * len(whole))
    places = [(fold, preset) for fold in range(n_parts) for preset in whole]
    return [Task(preset, fold, int(one)) for (fold, preset), one in zip(places, seeds, strict=True)]


def _prepared(
    estimator: "DeepEstimator",
    rows: Dataset,
    validation: Dataset | None,
    fold: Fold,
    presets: tuple[Preset, ...],
    context: FitContext,
) -> Prepared:
    """Fit the preprocessor of a fold, and encode its rows."""
    whole = not fold.held_out.size
    learned = rows if whole else rows.take(fold.learned)
    held_out = validation if validation is not None or whole else rows.take(fold.held_out)
    if presets == (MLP,):
        preprocessor = FoldPreprocessor.of_numbers()
        return Prepared(
            preprocessor,
            {False: learned.examples},
            None if held_out is None else {False: held_out.examples},
        )
    table = Table.fit(learned.X, estimator.keep_columns or (), context.categorical)
    features = table.features(learned.X)
    encoded = isinstance(features, np.ndarray) and presets[0].name not in ALONE
    encodings = {
        pieces: Encoding.fit(features, default_n_bins(len(features)) if pieces else 0) if encoded else None
        for pieces in {preset.cuts for preset in presets}
    }
    center, scale = estimator._target_scale(learned.Y, learned.weight)
    preprocessor = FoldPreprocessor(fold, table, encodings, center, scale)
    dtype = estimator._precision
    return Prepared(
        preprocessor,
        as_examples(preprocessor, features, learned, dtype),
        None
        if held_out is None
        else as_examples(preprocessor, preprocessor.features(held_out.X), held_out, dtype),
    )


def as_examples(
    preprocessor: FoldPreprocessor, features: Any, rows: Dataset, dtype: Any
) -> dict[bool, Examples]:
    """The examples of each encoding, of rows that are features already."""
    Y = preprocessor.scaled(rows.Y).astype(dtype)
    return {
        pieces: Examples(inputs.astype(dtype, copy=False), Y, rows.weight)
        for pieces, inputs in preprocessor.encoded(features).items()
    }


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


def _train_all(
    estimator: "DeepEstimator",
    rows: Dataset,
    validation: Dataset | None,
    parts: list[Fold],
    size: EnsembleSize,
    tasks: list[Task],
    clock: TimeBudget,
    context: FitContext,
) -> tuple[list[FoldPreprocessor], Trained]:
    """The preprocessor of each fold, and the members, of which Ctrl-C keeps those that are done.

    Members of all folds wait in one queue, while the next fold is prepared; with a budget of time, or a large
    table, of so many folds at once that all workers have something to do, as long as there is time.
    """
    preprocessors: dict[int, FoldPreprocessor] = {}
    one_queue, ended = estimator.time_budget is None and len(rows) < MANY, False
    done: dict[int, tuple[Member, Array]] = {}
    each = len(tasks) // len(parts)

    @cache
    def prepared(number: int) -> Prepared:
        return _prepared(estimator, rows, validation, parts[number], size.presets, context)

    with (
        member_executor(estimator.n_jobs) as workers,
        _progress(estimator, tasks, parts, context) as progress,
    ):
        at_once = len(parts) if one_queue else max(1, workers.n // each)
        turns = -(-each * at_once // workers.n)  # of members, that each worker has
        workers.interruption.waits = False
        try:
            for first in range(0, len(parts), at_once):
                if not clock.begins_another(first):
                    break
                prepared.cache_clear()
                folds_now = range(first, min(first + at_once, len(parts)))
                if not one_queue:
                    with clock.preparing():
                        for number in folds_now:
                            prepared(number)
                seconds = clock.seconds_of_a_member(-(-(len(parts) - first) // at_once), turns)
                works = (
                    (number, partial(_train_one, estimator, task, prepared(task.fold), context, seconds))
                    for number, task in enumerate(tasks)
                    if task.fold in folds_now
                )
                for number, result in workers.results(works, progress):
                    done[number], fold = result, tasks[number].fold
                    preprocessors[fold] = prepared(fold).preprocessor
                    workers.interruption.waits = True
                    progress(number, DONE)
        except KeyboardInterrupt:
            if not done or workers.interruption.again:
                raise
            ended = True
    numbers, folds = sorted(done), sorted(preprocessors)  # of folds without a member nothing is kept
    members = [replace(done[number][0], fold=folds.index(tasks[number].fold)) for number in numbers]
    trained = Trained([tasks[number] for number in numbers], members, [done[n][1] for n in numbers], ended)
    return [preprocessors[fold] for fold in folds], trained


def _train_one(
    estimator: "DeepEstimator",
    task: Task,
    prepared: Prepared,
    context: FitContext,
    seconds: float | None,
    link: Link,
) -> tuple[Member, Array]:
    """A member, and its outputs for the rows held out."""
    validation, preprocessor = prepared.validation(task.preset), prepared.preprocessor
    member = train_member(estimator, task, prepared, context, link=link, seconds=seconds)
    if validation is None or member.fit is None or link.given_up.is_set():
        return member, np.empty(0)
    outputs = member.outputs({task.preset.cuts: validation.X}, preprocessor)
    score = estimator._score_of(outputs, preprocessor.unscaled(validation.Y), validation.weight)
    return replace(member, fit=replace(member.fit, held_out_score=score)), outputs


DONE = 2.0
"""The share of a finished member, for `_progress`."""


@contextmanager
def _progress(
    estimator: "DeepEstimator", tasks: list[Task], parts: list[Fold], context: FitContext
) -> Iterator[Callable[[int, float], None]]:
    """The function that shows which share of a member is done, as one bar of the epochs of all."""
    if not estimator.verbose:
        yield lambda number, share: None
        return
    planned = [
        int(hyperparameters(estimator, task.preset, parts[task.fold].learned.size).max_iter) for task in tasks
    ]
    done, n, total = [0.0] * len(tasks), len(tasks), sum(planned)
    meter, whole = Meter(estimator._label, unit="epochs"), [0]

    def show(number: int, share: float) -> None:
        whole[0] += share == DONE
        done[number] = planned[number] * min(share, 1.0)
        meter.move(sum(done), f"{whole[0]}/{n} networks")

    meter.begin(total, text=f"0/{n} networks")
    try:
        yield show
    finally:
        meter.end()


def _by_preset(
    trained: Trained, parts: list[Fold], shape: tuple[int, ...], *, own: bool
) -> Mapping[str, list[Array]]:
    """Outputs of each preset for all rows, NaN where there are none: one array for each of its seeds."""
    found: dict[str, list[Array]] = {}
    counts: dict[tuple[str, int], int] = {}
    for task, output in zip(trained.tasks, trained.outputs, strict=True):
        name = task.preset.name
        repeat = counts[name, task.fold] = counts.get((name, task.fold), -1) + 1
        whole = found.setdefault(name, [])
        if repeat == len(whole):
            whole.append(np.full(shape, np.nan))
        if output.size:
            whole[repeat][slice(None) if own else parts[task.fold].held_out] = output
    return found


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
