"""How a committee comes about: rows are folded, members trained side by side, recipes weighed."""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import count
from threading import Event
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from deepstep.engines import Settings, missing_numba
from deepstep.equations import get_head
from deepstep.estimators.calls import FitCall
from deepstep.estimators.committee import Committee, Member, Preparer, weighed
from deepstep.estimators.course import settings_of
from deepstep.estimators.folds import Fold, folds
from deepstep.estimators.recipes import Recipe, start
from deepstep.estimators.rules_of_size import Choice, choose, n_pieces
from deepstep.estimators.tables import Table, TableRows, dense, n_rows, take
from deepstep.preparation.batches import Examples
from deepstep.preparation.encoding import Encoding
from deepstep.training import Callback, StopTraining, Training
from deepstep.training.history import Record
from deepstep.training.meter import Meter
from deepstep.types import Array

if TYPE_CHECKING:
    from deepstep.estimators.base import DeepEstimator


class Rows(NamedTuple):
    """Examples before they are prepared: a table, targets as rows, weights."""

    table: TableRows
    Y: Array
    weight: Array | None

    def take(self, numbers: Any) -> "Rows":
        """Those of these numbers."""
        weight = None if self.weight is None else self.weight[numbers]
        return Rows(take(self.table, numbers), self.Y[numbers], weight)


class _Halt(Callback):
    """Ends a member's training when the whole fit is given up."""

    def __init__(self, given_up: Event) -> None:
        self._given_up = given_up

    def on_epoch_end(self, training: Training, record: Record) -> None:
        if self._given_up.is_set():
            raise StopTraining("given up")


@dataclass(frozen=True)
class Task:
    """One member to train."""

    recipe: Recipe
    fold: int
    seed: int


def convene(estimator: "DeepEstimator", rows: Rows, validation: Rows | None, call: FitCall) -> Committee:
    """Train a committee for an estimator of which the targets are known.

    Parameters
    ----------
    estimator : DeepClassifier or DeepRegressor
        Its parameters, where they are not those that it has by default, hold for all members.
    rows : Rows
        What is learned from.
    validation : Rows or None
        What members are judged by; else each is by the rows of its fold.
    call : FitCall
    """
    Table.fit(rows.table)  # what cannot be a number is refused under the number of its own row
    kept = rows if rows.weight is None else rows.take(np.flatnonzero(rows.weight > 0))
    choice = choose(n_rows(kept.table), estimator.n_members)
    seed = estimator._seed(call)
    parts = _parts(estimator, kept, validation, choice, seed)
    tasks = _tasks(choice, len(parts), seed)
    preparers = [_preparer(estimator, kept, fold, choice) for fold in parts]
    members, held_out = _train_all(estimator, kept, validation, preparers, tasks, call)
    judged = kept if validation is None else validation
    answers = _by_recipe(tasks, parts, held_out, judged.Y.shape, own=validation is not None)
    output, _ = estimator._output(call.where)
    worth = weighed(answers, judged.Y, output, _loss(estimator, call), judged.weight)
    together = None if validation is not None else worth.together
    return Committee(tuple(preparers), tuple(members), worth.weights, worth.temperatures, output, together)


def _parts(
    estimator: "DeepEstimator", rows: Rows, validation: Rows | None, choice: Choice, seed: int
) -> list[Fold]:
    m = n_rows(rows.table)
    if validation is not None or m < 2 * choice.n_folds:
        return [Fold(np.arange(m), np.arange(0))]
    return folds(m, choice.n_folds, estimator._strata(rows.Y), estimator.validation_fraction, seed)


def _tasks(choice: Choice, n_parts: int, seed: int) -> list[Task]:
    """Members in the order in which they are trained: fold by fold."""
    whole = [recipe for recipe in choice.recipes for _ in range(choice.repeats)]
    seeds = np.random.SeedSequence(seed).generate_state(n_parts * len(whole))
    places = [(fold, recipe) for fold in range(n_parts) for recipe in whole]
    return [Task(recipe, fold, int(one)) for (fold, recipe), one in zip(places, seeds, strict=True)]


def _preparer(estimator: "DeepEstimator", rows: Rows, fold: Fold, choice: Choice) -> Preparer:
    learned = rows.take(fold.learned)
    table = Table.fit(learned.table)
    features = table.features(learned.table)
    encodings = {
        cuts: Encoding.fit(features, n_pieces(len(features)) if cuts else 0) if dense(features) else None
        for cuts in {recipe.cuts for recipe in choice.recipes}
    }
    center, scale = estimator._target_scale(learned.Y, learned.weight)
    return Preparer(fold, table, encodings, center, scale)


def _train_all(
    estimator: "DeepEstimator",
    rows: Rows,
    validation: Rows | None,
    preparers: list[Preparer],
    tasks: list[Task],
    call: FitCall,
) -> tuple[list[Member], list[Array]]:
    """The members, and what each answers to the rows held out; as many at once as threads may work."""
    given_up = Event()
    inputs: dict[int, tuple[Any, Any]] = {}

    def work(task: Task, learned: Any, judged: Any) -> tuple[Member, Array]:
        preparer = preparers[task.fold]
        member = _member(estimator, task, preparer, learned, judged, given_up, call, 1 / turns)
        inputs_of = {task.recipe.cuts: judged[0][task.recipe.cuts]} if judged is not None else {}
        return member, member.outputs(inputs_of, preparer) if judged is not None else np.empty(0)

    done: list[tuple[Member, Array]] = []
    with _threads() as (pool, n_threads), _shown(estimator, len(tasks), call) as show:
        each = len(tasks) // len(preparers)
        turns = len(preparers) * -(-each // n_threads)  # one after another, that each thread has
        try:
            for number, preparer in enumerate(preparers):
                inputs[number] = _inputs(rows, validation, preparer)
                futures = [pool.submit(work, task, *inputs[number]) for task in tasks if task.fold == number]
                for future in _as_they_end(futures):
                    show(future.result()[0])
                done += [future.result() for future in futures]
                del inputs[number]
        except BaseException:
            given_up.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return [member for member, _ in done], [answer for _, answer in done]


def _as_they_end(futures: "list[Future[Any]]") -> "Iterator[Future[Any]]":
    """Each when it is done. They are looked for ten times a second: where polars has been at work, Ctrl-C
    does not end a wait for a thread, and is heeded only after it.
    """
    waiting = set(futures)
    while waiting:
        done, waiting = wait(waiting, timeout=0.1, return_when=FIRST_COMPLETED)
        yield from done


@contextmanager
def _shown(estimator: "DeepEstimator", n: int, call: FitCall) -> Iterator[Callable[[Member], None]]:
    """What shows that one more of n members is done, if that is asked for."""
    if not estimator.verbose:
        yield lambda member: None
        return
    meter, done = Meter(f"{call.label or type(estimator).__name__}, members"), count(1)
    meter.begin(n, told="…")
    try:
        yield lambda member: meter.move(next(done), str(member))
    finally:
        meter.end()


@contextmanager
def _threads() -> Iterator[tuple[ThreadPoolExecutor, int]]:
    """As many threads as may work, each with BLAS for itself, and how many they are."""
    if missing_numba():
        with ThreadPoolExecutor(1, thread_name_prefix="deepstep member") as pool:
            yield pool, 1
        return
    from deepstep.engines.compiled.threads import limit, single_blas

    n = limit()  # asked before BLAS is limited
    with single_blas(), ThreadPoolExecutor(n, thread_name_prefix="deepstep member") as pool:
        yield pool, n


def _inputs(rows: Rows, validation: Rows | None, preparer: Preparer) -> tuple[Any, Any]:
    """(inputs, Y, weight) of the rows learned from, and of those that judge; None where there are none."""
    fold = preparer.fold
    learned = rows.take(fold.learned)
    judging = validation
    if validation is None and fold.held_out.size:
        judging = rows.take(fold.held_out)
    return _prepared(learned, preparer), None if judging is None else _prepared(judging, preparer)


def _prepared(part: Rows, preparer: Preparer) -> tuple[Any, Array, Array | None]:
    return preparer.inputs(part.table), _scaled(part.Y, preparer), part.weight


def _scaled(Y: Array, preparer: Preparer) -> Array:
    return (Y - preparer.center) / preparer.scale


def _member(
    estimator: "DeepEstimator",
    task: Task,
    preparer: Preparer,
    learned: Any,
    judged: Any,
    given_up: Event,
    call: FitCall,
    share: float,
) -> Member:
    dtype = estimator._precision

    def examples(part: Any) -> Examples:
        inputs, Y, weight = part
        return Examples(inputs[task.recipe.cuts].astype(dtype, copy=False), Y.astype(dtype), weight)

    rows = examples(learned)
    member: DeepEstimator = estimator._as_member(task.recipe, preparer, len(rows), share)
    dims = (rows.X.shape[1], *_hidden(member), rows.Y.shape[1])
    values, factors = start(dims, dtype, np.random.default_rng(task.seed))
    for name, layer, factor in _ones(member, len(dims) - 2):
        values[name], factors[name] = np.ones((dims[layer], 1), dtype), factor
    member.set_params(
        initialization=values,
        rate_factors=factors,
        random_state=task.seed % 2**31,
        callbacks=[_Halt(given_up)],
        early_stopping=judged is not None,
        scoring="loss" if judged is not None else None,
    )
    member.n_features_in_ = rows.X.shape[1]
    member._train(rows, None if judged is None else examples(judged), replace(call, going_on=False))
    member.initialization, member.callbacks = "lecun", None  # nobody needs the start any more
    score = member.best_validation_score_
    return Member(
        task.recipe,
        task.fold,
        member.network_,
        member.engine_,
        member.n_iter_,
        None if score is None else -score,
        None if score is None else int(np.nanargmax(np.array(member.validation_scores_))) + 1,
        _settings(member, call),
        member,
    )


def _ones(member: "DeepEstimator", n_hidden: int) -> list[tuple[str, int, float]]:
    """Parameters that begin with ones: their names, the layers whose units they have, factors of the rate."""
    kinds, bent = member.normalization, member.parametric
    kinds = [kinds] * n_hidden if isinstance(kinds, str) else kinds
    bent = [bent] * n_hidden if isinstance(bent, bool) else bent
    found = [("s1", 0, 6.0)] if member.input_scale else []
    found += [(f"gamma{layer}", layer, 1.0) for layer, kind in enumerate(kinds, 1) if kind != "none"]
    return found + [(f"alpha{layer}", layer, 0.1) for layer, yes in enumerate(bent, 1) if yes]


def _settings(member: "DeepEstimator", call: FitCall) -> dict[str, Any]:
    """What is not as it is by default among what its steps were made with, and the rate."""
    settings = settings_of(member, member.network_.seed, call.where)
    plain = vars(Settings())
    given = {name: value for name, value in vars(settings).items() if value != plain[name]}
    return {"learning_rate": float(member.learning_rate_), **given}


def _hidden(member: "DeepEstimator") -> tuple[int, ...]:
    sizes = member.hidden_layer_sizes
    return (int(sizes),) if np.ndim(sizes) == 0 else tuple(int(size) for size in sizes)


def _by_recipe(
    tasks: list[Task], parts: list[Fold], answers: list[Array], shape: tuple[int, ...], *, own: bool
) -> Mapping[str, list[Array]]:
    """Of each recipe the answers to all rows, NaN where there are none: one array for each of its seeds."""
    found: dict[str, list[Array]] = {}
    counts: dict[tuple[str, int], int] = {}
    for task, answer in zip(tasks, answers, strict=True):
        name = task.recipe.name
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
