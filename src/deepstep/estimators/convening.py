"""How an ensemble comes about: rows are folded, members trained side by side, presets weighed."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache, partial
from itertools import count
from threading import Event
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from deepstep.equations import get_head
from deepstep.errors import ConfigurationError, DataError
from deepstep.estimators.calls import FitCall
from deepstep.estimators.ensemble import Ensemble, Member, Preparer, weighed
from deepstep.estimators.fold_clock import FoldClock
from deepstep.estimators.folds import Fold, folds
from deepstep.estimators.member_training import Task, train_member
from deepstep.estimators.rules_of_size import MANY, Choice, choose, n_pieces
from deepstep.estimators.side_by_side import side_by_side
from deepstep.estimators.tables import Table, TableRows, dense, n_rows, take
from deepstep.preparation.batches import Examples
from deepstep.preparation.encoding import Encoding
from deepstep.training.progress import Meter
from deepstep.types import Array

if TYPE_CHECKING:
    from deepstep.estimators.base import DeepEstimator


class Rows(NamedTuple):
    """Examples before they are prepared: a table, targets as rows, weights."""

    table: TableRows
    Y: Array
    weight: Array | None

    def take(self, numbers: Any) -> "Rows":
        """The rows of these numbers."""
        weight = None if self.weight is None else self.weight[numbers]
        return Rows(take(self.table, numbers), self.Y[numbers], weight)


def convene(estimator: "DeepEstimator", rows: Rows, validation: Rows | None, call: FitCall) -> Ensemble:
    """Train an ensemble for an estimator of which the targets are known.

    Parameters that are not the estimator's defaults hold for all members. Without ``validation`` each member
    is judged by the rows of its fold.
    """
    clock = FoldClock(estimator.time_budget)
    kept = rows if rows.weight is None else rows.take(np.flatnonzero(rows.weight > 0))
    choice = choose(n_rows(kept.table), estimator.n_estimators, estimator.preset)
    seed = estimator._seed(call)
    parts = _parts(estimator, kept, validation, choice, seed, call.where)
    tasks = _tasks(choice, len(parts), seed)
    try:
        done = _train_all(estimator, kept, validation, parts, choice, tasks, clock, call)
    except DataError:
        Table.fit(rows.table, call.keep)  # what cannot be a number is refused under the number of its own row
        raise
    preparers, members, held_out = done
    judged = kept if validation is None else validation
    answers = _by_preset(tasks[: len(members)], parts, held_out, judged.Y.shape, own=validation is not None)
    output, _ = estimator._output(call.where)
    counts = weight_with_classes(estimator, kept, judged, call.where)
    worth = weighed(answers, judged.Y, output, _loss(estimator, call), counts)
    together = None if validation is not None else worth.together
    return Ensemble(tuple(preparers), tuple(members), worth.weights, worth.temperatures, output, together)


def weight_with_classes(estimator: "DeepEstimator", learned: Rows, judged: Rows, where: str) -> Array | None:
    """The weight of each row that judges, with that of its class, by the rows that are learned from."""
    of_classes = estimator._weights_of_classes(Examples(learned.Y, learned.Y, learned.weight), where)
    return estimator._weighed(of_classes, Examples(judged.Y, judged.Y, judged.weight))


def _parts(
    estimator: "DeepEstimator", rows: Rows, validation: Rows | None, choice: Choice, seed: int, where: str
) -> list[Fold]:
    m = n_rows(rows.table)
    whole = validation is not None or m < 2 * choice.n_folds
    if estimator.validation_fraction is not None and (whole or choice.n_folds > 1):
        instead = "validation data of its own" if validation is not None else f"{choice.n_folds} folds"
        raise ConfigurationError(
            where,
            "validation_fraction left out, where it would not be heeded",
            f"got {estimator.validation_fraction} with {instead}",
            "Pass n_estimators=1 for one network and one part held out.",
        )
    if whole:
        return [Fold(np.arange(m), np.arange(0))]
    return folds(
        m, choice.n_folds, estimator._strata(rows.Y), estimator._setting("validation_fraction"), seed
    )


def _tasks(choice: Choice, n_parts: int, seed: int) -> list[Task]:
    """Members in the order in which they are trained: fold by fold."""
    whole = [preset for preset in choice.presets for _ in range(choice.repeats)]
    seeds = np.random.SeedSequence(seed).generate_state(n_parts * len(whole))
    places = [(fold, preset) for fold in range(n_parts) for preset in whole]
    return [Task(preset, fold, int(one)) for (fold, preset), one in zip(places, seeds, strict=True)]


def _prepared(
    estimator: "DeepEstimator",
    rows: Rows,
    validation: Rows | None,
    parts: list[Fold],
    choice: Choice,
    keep: tuple[str, ...],
    number: int,
) -> tuple[Preparer, Any, Any]:
    """The preparer of a fold, and (inputs, Y, weight) of the learned and the judging rows, or None."""
    fold = parts[number]
    learned = rows.take(fold.learned)
    table = Table.fit(learned.table, keep)
    features = table.features(learned.table)
    encodings = {
        cuts: Encoding.fit(features, n_pieces(len(features)) if cuts else 0) if dense(features) else None
        for cuts in {preset.cuts for preset in choice.presets}
    }
    center, scale = estimator._target_scale(learned.Y, learned.weight)
    preparer = Preparer(fold, table, encodings, center, scale)
    learn = preparer.encoded(features), _scaled(learned, preparer), learned.weight
    judging = rows.take(fold.held_out) if validation is None and fold.held_out.size else validation
    if judging is None:
        return preparer, learn, None
    return preparer, learn, (preparer.inputs(judging.table), _scaled(judging, preparer), judging.weight)


def _train_all(
    estimator: "DeepEstimator",
    rows: Rows,
    validation: Rows | None,
    parts: list[Fold],
    choice: Choice,
    tasks: list[Task],
    clock: FoldClock,
    call: FitCall,
) -> tuple[list[Preparer], list[Member], list[Array]]:
    """The preparer of each fold, the members, and the answers of each to the rows held out.

    Members of all folds wait in one queue, while the next fold is prepared. With a budget of time, or a
    large table, folds are trained one by one, or so many at once that all workers have something to do. When
    time is over no further fold is begun.
    """
    preparers: list[Preparer] = []
    one_queue = estimator.time_budget is None and n_rows(rows.table) < MANY
    done: list[tuple[Member, Array]] = []
    each = len(tasks) // len(parts)
    with side_by_side() as workers, _shown(estimator, len(tasks), call) as show:
        at_once = len(parts) if one_queue else max(1, workers.n // each)
        turns = -(-each * at_once // workers.n)  # of members, that each worker has
        for first in range(0, len(parts), at_once):
            if not clock.begins_another(len(preparers)):
                break
            folds_now = range(first, min(first + at_once, len(parts)))
            prepared = cache(partial(_prepared, estimator, rows, validation, parts, choice, call.keep))
            if not one_queue:
                with clock.preparing():
                    for number in folds_now:
                        prepared(number)
            seconds = clock.seconds_of_a_member(-(-(len(parts) - first) // at_once), turns)
            of_now = [task for task in tasks if task.fold in folds_now]
            works = (partial(_work, estimator, task, *prepared(task.fold), call, seconds) for task in of_now)
            found: list[tuple[Member, Array] | None] = [None] * len(of_now)
            for at, (member, answer) in workers.results(works):
                show(member)
                found[at] = member, answer
            done += [one for one in found if one is not None]
            preparers += [prepared(number)[0] for number in folds_now]
    return preparers, [member for member, _ in done], [answer for _, answer in done]


def _work(
    estimator: "DeepEstimator",
    task: Task,
    preparer: Preparer,
    learned: Any,
    judged: Any,
    call: FitCall,
    seconds: float | None,
    given_up: Event,
) -> tuple[Member, Array]:
    """A member, and what it answers to the rows held out."""
    member = train_member(estimator, task, preparer, learned, judged, given_up, call, seconds)
    inputs_of = {task.preset.cuts: judged[0][task.preset.cuts]} if judged is not None else {}
    return member, member.outputs(inputs_of, preparer) if judged is not None else np.empty(0)


@contextmanager
def _shown(estimator: "DeepEstimator", n: int, call: FitCall) -> Iterator[Callable[[Member], None]]:
    """The function that shows that one more of n members is done, if that is asked for."""
    if not estimator.verbose:
        yield lambda member: None
        return
    meter, done = Meter(f"{call.label or type(estimator).__name__}, members"), count(1)
    meter.begin(n, text="…")
    try:
        yield lambda member: meter.move(next(done), str(member))
    finally:
        meter.end()


def _scaled(part: Rows, preparer: Preparer) -> Array:
    return (part.Y - preparer.center) / preparer.scale


def _by_preset(
    tasks: list[Task], parts: list[Fold], answers: list[Array], shape: tuple[int, ...], *, own: bool
) -> Mapping[str, list[Array]]:
    """Answers of each preset to all rows, NaN where there are none: one array for each of its seeds."""
    found: dict[str, list[Array]] = {}
    counts: dict[tuple[str, int], int] = {}
    for task, answer in zip(tasks, answers, strict=True):
        name = task.preset.name
        repeat = counts[name, task.fold] = counts.get((name, task.fold), -1) + 1
        whole = found.setdefault(name, [])
        if repeat == len(whole):
            whole.append(np.full(shape, np.nan))
        if answer.size:
            whole[repeat][slice(None) if own else parts[task.fold].held_out] = answer
    return found


def _loss(estimator: "DeepEstimator", call: FitCall) -> Any:
    """(A, Y) → loss of each example, from outputs; None where the head has no such form."""
    name, settings = estimator._output(call.where)
    head = get_head(name).with_settings(call.where, **{k: v for k, v in settings.items() if k != "smoothing"})
    textbook = head.textbook
    if textbook is None:
        return None
    tiny = 1e-6
    probabilities = name in ("sigmoid", "softmax", "ordinal")

    def loss(A: Array, Y: Array) -> Array:
        A = np.clip(A, tiny, 1 - tiny) if probabilities else A
        return np.asarray(textbook(A.T, Y.T)).ravel()

    return loss
