"""How an ensemble is fitted: presets are trained side by side on folds of the rows, selected and weighed."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from math import inf
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from deepstep.ensembles.ensemble import Ensemble, Member, Outcome, TriedPreset, TriedPresets
from deepstep.ensembles.finished import FinishedMembers
from deepstep.ensembles.member_fit import (
    REST,
    Checkpoints,
    Link,
    Options,
    Task,
    Trained,
    compares_cycles,
    fit_member,
    snapshot_epochs,
)
from deepstep.ensembles.metric import FEW, Metric
from deepstep.ensembles.preprocessor import Preprocessor, table_preparation
from deepstep.ensembles.presets import Preset, Width, named_presets, population, size_of
from deepstep.ensembles.split import Fold, Rows, folds_of_splitter, is_splitter, split
from deepstep.ensembles.weights import Choice, Judge, or_last, weigh
from deepstep.ensembles.workers import ShowProgress, TimeBudget, Workers, member_executor, member_progress
from deepstep.errors import ConfigurationError, DataError, DivergenceError, warn_the_caller
from deepstep.preparation.batches import Examples, evenly_spread
from deepstep.targets import Targets
from deepstep.training.interruption import deferred
from deepstep.training.progress import phase
from deepstep.types import Array

MANY = 12_000
"""Rows from which on folds are prepared a few at a time."""

WITHOUT_ROWS = 5
"""Presets where no rows tell which are good."""

EACH_ROUND = 5
"""Presets that are trained at a time within a budget of seconds."""

COUNTED = 2_000
"""Rows on which the inputs of categories are counted."""

REMEMBERED = 4
"""Presets whose members are kept within a budget, as a multiple of those that learn all folds without one."""

AROUND = 2
"""Snapshots before and after the best one of the first folds that the other folds have."""


@dataclass(frozen=True)
class Request:
    """The settings of a fit, under the names of the estimators; ``identity`` is the same in a resumed fit."""

    effort: str = "balanced"
    n_estimators: int | None = None
    presets: Any = None
    network_params: Mapping[str, Any] | None = None
    class_weight: Any = None
    scoring: Any = None
    validation: Any = None
    keep: tuple[str, ...] = ()
    categorical: tuple[str, ...] = ()
    time_budget: float | None = None
    n_jobs: int | None = None
    label: str = ""
    folder: Path | str | None = None
    resume: bool = False
    identity: Mapping[str, Any] | None = None
    options: Options = field(default_factory=Options)


class Prepared(NamedTuple):
    """The rows of a fold as examples of each encoding: those to learn from, and those that are held out."""

    preprocessor: Preprocessor
    learned: Mapping[str, Examples]
    held_out: Mapping[str, Examples] | None


class Outcomes(NamedTuple):
    """A fitted ensemble, how many rows each fold learned from, and whether Ctrl-C ended the fit."""

    ensemble: Ensemble
    n_learned: tuple[int, ...]
    interrupted: bool


def fit_ensemble(rows: Rows, targets: Targets, request: Request, validation: Rows | None = None) -> Outcomes:
    """Train an ensemble on rows, of which those with a weight above 0 count.

    Ctrl-C ends the fit with the networks that are done and a warning.
    """
    if validation is None and is_splitter(request.validation):
        folds = folds_of_splitter(rows, targets, request.validation)
        request = replace(request, validation=folds)
    try:
        return _Fit(rows.weighing, targets, request, validation).run()
    except DataError:  # what cannot be a number is refused under the number of its own row
        table_preparation(rows.X, request.keep, request.categorical)
        raise


def prepare_fold(
    rows: Rows,
    targets: Targets,
    validation: Rows | None,
    fold: Fold,
    presets: Iterable[Preset],
    request: Request,
) -> Prepared:
    """Fit the preprocessor of a fold for the inputs of some presets, and encode its rows."""
    learns_all = not fold.held_out.size
    learned = rows if learns_all else rows.take(fold.learned)
    held_out = validation if validation is not None or learns_all else rows.take(fold.held_out)
    dtype = request.options.dtype
    preprocessor, features = Preprocessor.fit(learned, targets, presets, request.keep, request.categorical)
    weight = weight_with_classes(learned, learned, targets, request)
    examples = preprocessor.examples(learned, weight, dtype, features)
    if held_out is None:
        return Prepared(preprocessor, examples, None)
    weight = weight_with_classes(learned, held_out, targets, request)
    return Prepared(preprocessor, examples, preprocessor.examples(held_out, weight, dtype))


def weight_with_classes(learned: Rows, rows: Rows, targets: Targets, request: Request) -> Array | None:
    """The weight of each row, with that of its class, which the rows that are learned from decide."""
    if request.class_weight is None:
        return rows.weight
    positions = targets.class_columns(learned.Y)
    class_weights = targets.weights_of_classes(request.class_weight, positions, learned.weight)
    return targets.row_weights(class_weights, rows.Y, rows.weight)


class _Fit:
    """The fit of an ensemble: presets are trained on folds, the best of them on the other folds, too."""

    def __init__(self, rows: Rows, targets: Targets, request: Request, validation: Rows | None) -> None:
        self._rows, self._targets, self._request, self._validation = rows, targets, request, validation
        options = request.options
        self._clock = TimeBudget(request.time_budget)
        self._width = _width(rows.X, request)
        validated = validation is not None
        n_folds = len(request.validation) if is_splitter(request.validation) and not validated else None
        self._size = size = size_of(
            len(rows), request.n_estimators, request.effort, validated=validated, n_folds=n_folds
        )
        self._folds = split(
            rows, targets, size.n_folds, options.seed, validated=validated, validation=request.validation
        )
        blind = not validated and not self._folds[0].held_out.size
        self._preset_list_ends = blind or request.n_estimators is not None or request.presets is not None
        self._take(self._first_presets(blind=blind))
        weight = weight_with_classes(rows, rows if validation is None else validation, targets, request)
        metric = Metric(targets, request.scoring)
        answers = rows.Y if validation is None else validation.Y
        metric.try_out(answers, weight)
        held_out = np.concatenate([fold.held_out for fold in self._folds])
        trusted = metric.trusted(answers if validated else answers[np.unique(held_out)])
        if trusted is not metric:
            warn_the_caller(f"{request.options.where}: the loss is used in place of scoring: {FEW}.")
        self._judge = Judge(trusted, self._folds, rows, validation, weight)
        self._preprocessors: dict[int, Preprocessor] = {}
        self._prepared: dict[int, Prepared] = {}  # of the folds that are in memory
        self._trained: dict[tuple[int, int], Trained] = {}
        self._windows: dict[int, tuple[int, ...]] = {}
        self._seconds: dict[tuple[int, int], float] = {}  # of all trainings, also of what is dropped
        self._best: dict[int, tuple[int | None, float, float]] = {}  # of a preset: epochs, metric, loss
        self._outcomes: dict[int, Outcome] = {}
        # whether presets rest: those that are behind on the only first fold then end there
        compared = all(map(compares_cycles, self._presets, (marks[-1] for marks in self._marks)))
        first_alone = size.first_folds == 1 < len(self._folds) and request.time_budget is None
        self._rests = compared and first_alone and len(self._presets) > size.on_all_folds + 1
        self._interrupted = False
        self._n_cut = 0  # networks whose time was shorter than an epoch
        self._diverged: DivergenceError | None = None
        one_network = len(self._presets) * len(self._folds) == 1 and request.time_budget is None
        self._checkpoints = None
        if one_network and request.folder is not None:
            self._checkpoints = Checkpoints(request.folder, request.resume)
        self._files = _open_files(request, one_network=one_network)

    def run(self) -> Outcomes:
        """Train, and weigh what was trained."""
        request = self._request
        numbers: Sequence[int] = range(len(self._presets))
        folds = range(len(self._folds))
        first = folds[: self._size.first_folds]
        by_the_clock = request.time_budget is not None
        further = 0 if by_the_clock else self._size.on_all_folds * (len(folds) - len(first))
        self._planned = len(numbers) * len(folds if by_the_clock else first) + further
        epochs = self._marks[0][-1]
        with (
            member_executor(request.n_jobs) as workers,
            member_progress(request.label, self._planned, epochs, request.time_budget) as move,
        ):
            if request.options.callbacks and not workers.are_threads:
                requirement = "None where members are trained in processes of joblib, which do not share them"
                value = f"{len(request.options.callbacks)} callback(s)"
                raise ConfigurationError.must_be("callbacks", requirement, value)
            try:
                if by_the_clock:
                    self._train_in_rounds(workers, move, numbers)
                else:
                    self._train(workers, move, numbers, first)
                    if self._rests:
                        numbers = [*self._best_of(numbers, first, self._size.on_all_folds + 1, at_rest=True)]
                        resting = [number for number in numbers if self._trained[number, 0].checkpoint]
                        self._train(workers, move, resting, first)
                    if len(first) < len(folds):
                        self._train(workers, move, self._keep_best(numbers, first), folds[len(first) :])
                if self._files is not None:
                    self._files.end()
            except KeyboardInterrupt:
                if not self._trained or workers.interruption.again:
                    raise
                if self._files is not None:
                    self._files.flush()
                self._interrupted = True
        self._prepared.clear()
        # what is trained is worth a second
        with deferred() as interruption, phase("weighing the networks", label=request.label):
            ensemble, together = self._ensemble()
        self._interrupted = self._interrupted or interruption.pressed
        self._warn(len(ensemble.members), together)
        return Outcomes(ensemble, self._n_learned, self._interrupted)

    # the presets

    def _first_presets(self, *, blind: bool) -> tuple[Preset, ...]:
        """The presets that a fit begins with; few where no rows tell which are good."""
        request, size = self._request, self._size
        if request.presets is not None:
            return named_presets(request.presets, None if request.n_estimators is None else size.presets)
        presets = population(size.presets, len(self._rows), self._width)
        return presets[:WITHOUT_ROWS] if blind and request.n_estimators is None else presets

    def _take(self, presets: tuple[Preset, ...]) -> None:
        """Take presets with the parameters for all members; their seeds begin with those of fewer ones."""
        params = self._request.network_params or {}
        shape = len(presets), len(self._folds)
        self._presets = tuple(preset.with_params(self._targets, params) for preset in presets)
        m = self._folds[0].learned.size
        self._marks = [snapshot_epochs(preset.epochs_of(m)) for preset in self._presets]
        seeds = np.random.SeedSequence(self._request.options.seed).generate_state(shape[0] * shape[1])
        self._seeds = seeds.reshape(shape)

    def _train_in_rounds(self, workers: Workers, move: ShowProgress, numbers: Sequence[int]) -> None:
        """Train a few presets on all folds, then as many of the next ones as there is time for."""
        folds = range(len(self._folds))
        begin = 0
        fixed_number = self._request.n_estimators is not None
        each = most = len(numbers) if fixed_number else min(EACH_ROUND, self._size.on_all_folds)
        while each and begin < len(self._presets):
            started = self._clock.left
            self._train(workers, move, range(begin, min(begin + each, len(self._presets))), folds)
            self._prepared.clear()  # the next presets may have other inputs
            begin += each
            used = max(started - self._clock.left, 1e-9)
            each = max(0, min(most, int(each * self._clock.left / used)))
            self._forget()
            if begin + each > len(self._presets) and not self._preset_list_ends:
                # twice as many presets of the same table begin with these
                self._take(population(2 * len(self._presets), len(self._rows), self._width))
                self._planned = max(self._planned, len(self._presets) * len(folds))

    def _forget(self) -> None:
        """Drop the members of presets that are too far behind to be selected, so that memory has a bound."""
        numbers = sorted({number for number, _ in self._trained})
        if self._preset_list_ends or len(numbers) <= REMEMBERED * self._size.on_all_folds:
            return
        for number in numbers:
            if number not in self._best:
                self._choice(number)
        best = sorted(numbers, key=lambda number: or_last(self._best[number][2]))
        self._drop_others(best[: REMEMBERED * self._size.on_all_folds], Outcome.NOT_SELECTED)

    def _keep_best(self, numbers: Sequence[int], folds: range) -> list[int]:
        """The presets that are best on some folds, which also say when training on the others may end."""
        best = self._best_of(numbers, folds, self._size.on_all_folds)
        for number, choice in best.items():
            if choice.epochs is not None:
                marks = self._marks[number]
                index = marks.index(choice.epochs)
                self._windows[number] = tuple(marks[max(0, index - AROUND) : index + AROUND + 1])
        return [*best]

    def _best_of(
        self, numbers: Sequence[int], folds: range, n: int, *, at_rest: bool = False
    ) -> dict[int, Choice]:
        """The n best presets of those trained on some folds; the members of the others are dropped."""
        numbers = [number for number in numbers if all((number, fold) in self._trained for fold in folds)]
        choices = {number: self._choice(number, at_rest=at_rest) for number in numbers}
        best = sorted(numbers, key=lambda number: or_last(choices[number].cost))[:n]
        self._drop_others(best, Outcome.DROPPED)
        return {number: choices[number] for number in sorted(best)}

    def _drop_others(self, best: Collection[int], outcome: Outcome) -> None:
        """Keep the members of these presets alone."""
        others = {number for number, _ in self._trained if number not in best}
        self._outcomes = {**dict.fromkeys(others, outcome), **self._outcomes}
        self._trained = {place: fit for place, fit in self._trained.items() if place[0] in best}

    # training

    def _train(self, workers: Workers, move: ShowProgress, numbers: Sequence[int], folds: range) -> None:
        """Train presets on folds; with a budget, or a large table, on as few at once as all workers need."""
        request, clock = self._request, self._clock
        presets = [self._presets[number] for number in numbers]
        prepare = partial(self._prepare, presets=presets)
        one_queue = request.time_budget is None and len(self._rows) < MANY
        at_once = len(folds) if one_queue else max(1, workers.n // len(numbers))
        turns = -(-len(numbers) * at_once // workers.n)  # of members, that each worker has
        for first in range(0, len(folds), at_once):
            if not clock.begins_another(first):
                break
            next_folds = folds[first : first + at_once]
            self._prepared = {fold: self._prepared[fold] for fold in next_folds if fold in self._prepared}
            if not one_queue:
                with clock.preparing():
                    for fold in next_folds:
                        prepare(fold)
            seconds = clock.seconds_of_a_member(-(-(len(folds) - first) // at_once), turns)
            works = (
                (number * len(self._folds) + fold, self._work(number, fold, prepare(fold), seconds))
                for fold in next_folds
                for number in numbers
            )
            for place, result in workers.results(works, move):
                number, fold = divmod(place, len(self._folds))
                if isinstance(result, DivergenceError):
                    self._give_up(number, fold, result)
                    continue
                workers.interruption.waits = True  # before there is a network without its preprocessor
                self._add(number, fold, prepare(fold).preprocessor, result, seconds)
                move(place, result.member.epochs, None)
        if not self._trained and self._diverged is not None:
            raise self._diverged

    def _prepare(self, fold: int, presets: Sequence[Preset]) -> Prepared:
        """The rows of a fold for the inputs of presets, encoded once as long as they are in memory."""
        if fold not in self._prepared:
            data = self._rows, self._targets, self._validation, self._folds[fold]
            self._prepared[fold] = prepare_fold(*data, presets, self._request)
        return self._prepared[fold]

    def _work(
        self, number: int, fold: int, prepared: Prepared, seconds: float | None
    ) -> Callable[[Link], Trained | DivergenceError]:
        task = self._task(number, fold)
        inputs = task.preset.inputs
        learned = prepared.learned[inputs]
        held_out = None if prepared.held_out is None else prepared.held_out[inputs]
        finished = None
        if self._files is not None:
            finished = self._files.read(number, task, prepared.preprocessor, learned, held_out)
        if finished is not None:
            return lambda link: finished
        data = self._targets, prepared.preprocessor, learned, held_out
        return partial(_train_one, task, *data, self._request.options, seconds, self._checkpoints)

    def _task(self, number: int, fold: int) -> Task:
        window, earlier = self._windows.get(number, ()), self._trained.get((number, fold))
        rests = self._rests and fold == 0 and earlier is None
        checkpoint = None if earlier is None else earlier.checkpoint
        return Task(self._presets[number], fold, int(self._seeds[number, fold]), window, rests, checkpoint)

    def _give_up(self, number: int, fold: int, error: DivergenceError) -> None:
        """Leave a preset out that diverged, unless the number of networks is given."""
        if self._request.n_estimators is not None:
            raise error
        self._diverged = self._diverged or error
        self._outcomes[number] = Outcome.DIVERGED
        self._trained.pop((number, fold), None)  # as it rested

    def _add(
        self, number: int, fold: int, preprocessor: Preprocessor, trained: Trained, seconds: float | None
    ) -> None:
        """Add a trained member, with the encodings of its fold beside those of the presets before."""
        duration = trained.member.seconds or 0.0
        if seconds is not None:
            trained = replace(trained, snapshots=())  # each member ends by the clock
            self._n_cut += trained.member.epochs == 1 and duration > seconds
        self._trained[number, fold], self._seconds[number, fold] = trained, duration
        if self._files is not None and trained.checkpoint is None:
            self._files.add(number, self._task(number, fold), trained)
        earlier = self._preprocessors.get(fold, preprocessor).encodings
        encodings = {**earlier, **preprocessor.encodings}
        self._preprocessors[fold] = replace(preprocessor, encodings=encodings)

    # the result

    def _choice(self, number: int, *, at_rest: bool = False) -> Choice:
        """A preset after the number of epochs that is best for all folds that it has learned.

        ``at_rest`` leaves later snapshots out than those at which presets rest.
        """
        trained = {
            fold: self._trained[place, fold] for place, fold in sorted(self._trained) if place == number
        }
        if at_rest:
            rest = self._marks[number][REST]
            early = [snapshot for snapshot in trained[0].snapshots if snapshot.epochs <= rest]
            trained = {0: replace(trained[0], snapshots=tuple(early))}
        choice = self._judge.choice(self._presets[number], trained, self._preprocessors)
        self._best[number] = choice.epochs, choice.loss, choice.cost
        return choice

    def _ensemble(self) -> tuple[Ensemble, Array | None]:
        """The presets that were trained, weighed, and their outputs together for rows held out."""
        judge = self._judge
        numbers, folds = _largest_whole(self._trained)
        self._n_learned = tuple(int(self._folds[fold].learned.size) for fold in folds)
        self._trained = {(number, fold): self._trained[number, fold] for number in numbers for fold in folds}
        choices = {number: self._choice(number) for number in numbers}
        outputs = {choice.preset.name: choice.outputs for choice in choices.values()}
        if not judge.metric.is_loss and all(choice.loss == np.inf for choice in choices.values()):
            where, scoring = self._request.options.where, self._request.scoring
            warn_the_caller(
                f"{where}: scoring={scoring!r:.60} has no value for the rows that were held out: nothing was "
                "chosen by it."
            )
        weighed = weigh(outputs, judge.rows.Y, judge.metric, judge.weight)
        all_count = self._request.n_estimators is not None
        weights = {name: share for name, share in weighed.weights.items() if share > 0 or all_count}
        selected = [choice for choice in choices.values() if choice.preset.name in weights]
        inputs = {choice.preset.inputs for choice in selected}
        preprocessors = []
        for fold in folds:
            preprocessor = self._preprocessors[fold]
            encodings = {name: each for name, each in preprocessor.encodings.items() if name in inputs}
            preprocessors.append(replace(preprocessor, encodings=encodings))
        members = [
            self._scored(choice.members[fold], choice.outputs, fold, number)
            for number, fold in enumerate(folds)
            for choice in selected
        ]
        shares = {number: weighed.weights[choice.preset.name] for number, choice in choices.items()}
        ensemble = Ensemble(
            tuple(preprocessors),
            tuple(members),
            weights,
            {name: weighed.temperatures[name] for name in weights},
            self._targets.head,
            tuple(self._folds[fold].held_out for fold in folds),
            None if judge.is_validated else weighed.together,
            {choice.preset.name: choice.preset for choice in selected},
            tuple(self._tried(shares)),
        )
        return ensemble, weighed.together

    def _tried(self, shares: Mapping[int, float]) -> TriedPresets:
        """All presets that were trained, with the shares of those that were weighed."""
        tried = []
        for number in sorted({number for number, _ in self._seconds} | self._outcomes.keys()):
            preset, share = self._presets[number], shares.get(number, 0.0)
            seconds = [duration for (place, _), duration in self._seconds.items() if place == number]
            epochs, loss, _ = self._best.get(number, (None, np.nan, np.nan))
            outcome = self._outcomes.get(number, Outcome.UNFINISHED)
            if number in shares:
                outcome = Outcome.SELECTED if share else Outcome.NOT_SELECTED
            tried.append(
                TriedPreset(
                    preset.name,
                    preset.why,
                    preset.own_settings(),
                    len(seconds),
                    epochs,
                    loss if np.isfinite(loss) else None,
                    sum(seconds),
                    share,
                    outcome.value,
                )
            )
        return TriedPresets.sorted(tried)

    def _scored(self, member: Member, outputs: Array, fold: int, number: int) -> Member:
        """A member under the number that its fold has, with its score on the rows that the fold holds out."""
        rows = self._judge.held_out(fold)
        weight = self._judge.rows.weight
        weight = None if weight is None else weight[rows]
        score = self._score(outputs[rows], self._judge.rows.Y[rows], weight)
        return replace(member, fold=number, score=score)

    def _score(self, A: Array, Y: Array, weight: Array | None) -> float | None:
        """The score of outputs for encoded targets; None where there are too few rows, or where it fails."""
        weight = None if weight is None or not weight.any() else weight
        if len(Y) < 2 or not np.isfinite(A).all():
            return None
        try:
            return self._targets.score(self._targets.decode(Y), self._targets.predictions(A), weight)
        except Exception as error:  # what is trained is not lost for a figure about it
            name = type(error).__name__
            warn_the_caller(f"{self._request.options.where}: a network has no score ({name}: {error}).")
            return None

    def _warn(self, n: int, together: Array | None) -> None:
        """Warn that Ctrl-C ended the fit, with the score, or that the time was too short."""
        where, budget = self._request.options.where, self._request.time_budget
        if self._interrupted:
            score, words = None, "without rows that tell how good they are"
            if together is not None:
                known = np.isfinite(together).all(axis=1)
                weight = None if self._judge.weight is None else self._judge.weight[known]
                score = self._score(together[known], self._judge.rows.Y[known], weight)
            if score is not None:
                part = "validation" if self._judge.is_validated else "out-of-fold"
                name = {"r2": "R²", "d2": "D²"}.get(self._targets.metric, self._targets.metric)
                words = f"{part} {name} {score:.4f}"
            planned = f" of {self._planned}" if budget is None else ""
            warn_the_caller(f"{where} was interrupted: {n}{planned} networks are trained and kept, {words}.")
        if self._n_cut:
            used = self._clock.used_by_preparation
            warn_the_caller(
                f"{where}: a time budget of {budget:g} s is too short. Preparing the rows took "
                f"{used:.3g} s, and {self._n_cut} of {len(self._seconds)} networks had one epoch."
            )


def _open_files(request: Request, *, one_network: bool) -> FinishedMembers | None:
    """The folder of the finished members of a fit, checked; None without."""
    if request.folder is None:
        if request.resume:
            raise ConfigurationError.must_be("checkpoint_dir", "a folder where resume=True", "None")
        return None
    if request.time_budget is not None:
        hint = "The clock decides how long each member is trained, so no fit is resumed to the same bits."
        requirement = "None where checkpoint_dir is given"
        raise ConfigurationError.must_be("time_budget", requirement, str(request.time_budget), hint)
    identity = {**(request.identity or {}), "random_state": request.options.seed}
    return FinishedMembers(request.folder, identity, resume=request.resume, one_network=one_network)


def _train_one(
    task: Task,
    targets: Targets,
    preprocessor: Preprocessor,
    learned: Examples,
    held_out: Examples | None,
    options: Options,
    seconds: float | None,
    checkpoints: Checkpoints | None,
    link: Link,
) -> Trained | DivergenceError:
    """A member, with its outputs for the rows held out; the error where it diverged."""
    try:
        return fit_member(
            task, targets, preprocessor, learned, held_out, options, link, seconds, checkpoints=checkpoints
        )
    except DivergenceError as error:
        return error


def _largest_whole(trained: Collection[tuple[int, int]]) -> tuple[list[int], list[int]]:
    """Presets and folds of which every pair is trained, as many pairs as there are."""
    by_fold: dict[int, set[int]] = {}
    for number, fold in sorted(trained):
        by_fold.setdefault(fold, set()).add(number)
    folds = sorted(by_fold, key=lambda fold: (-len(by_fold[fold]), fold))
    complete = [
        (set.intersection(*(by_fold[fold] for fold in folds[:n])), folds[:n])
        for n in range(1, len(folds) + 1)
    ]
    numbers, learned = max(complete, key=lambda pair: len(pair[0]) * len(pair[1]))
    return sorted(numbers), sorted(learned)


def _width(X: Any, request: Request) -> Width:
    """How wide a table is; categories are counted on a part of the rows."""
    if not hasattr(X, "columns"):  # sparse rows
        return Width(inf, inf)
    columns = float(X.shape[1])
    if not request.categorical and all(dtype.is_numeric() for dtype in X.dtypes):
        return Width(columns, columns)
    some = X[evenly_spread(X.shape[0], COUNTED)]
    preparation = table_preparation(some, request.keep, request.categorical)
    return Width(columns, columns if preparation is None else float(preparation.n_features))
