"""The members of an ensemble: how one is trained, and the workers, each of one thread for the same bits."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import AbstractContextManager, contextmanager
from copy import copy
from dataclasses import dataclass, field, replace
from functools import partial
from math import inf
from threading import Event
from time import monotonic
from traceback import format_exc
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, TypeVar

import numpy as np

from deepstep.engines import Settings, missing_numba
from deepstep.environment import executor, has_threads, single_blas
from deepstep.errors import DivergenceError, spelled, warn_the_caller
from deepstep.estimators.ensemble import Ensemble, FoldPreprocessor, Member
from deepstep.estimators.inputs import FitContext
from deepstep.estimators.options import parameter_of
from deepstep.estimators.presets import ALONE, MLP, Factors, Preset, hyperparameters, realmlp_init, tabm_init
from deepstep.estimators.solvers import settings_of
from deepstep.estimators.training import FitResult, NetworkFit
from deepstep.model import Network
from deepstep.network import Parameters
from deepstep.preparation.batches import Examples
from deepstep.preparation.streams import StreamedExamples
from deepstep.training import Callback, StopTraining, Training
from deepstep.training.callbacks import as_callbacks
from deepstep.training.fit import INTERRUPTED
from deepstep.training.history import Record
from deepstep.training.interruption import Interruption, deferred
from deepstep.training.progress import epochs_done
from deepstep.training.rate_finder import AUTO
from deepstep.types import Array

if TYPE_CHECKING:
    from deepstep.estimators.base import DeepEstimator

T = TypeVar("T")

WORSE = 0.01
"""Share of the smallest validation cost by which a cycle is worse."""

LEAST_EPOCHS = 32
"""Epochs from which on cycles are compared."""

SEED_OF_THE_FIT = "seed of the fit"
"""Its key in the identity of a checkpoint."""

CYCLES = 3 / 15, 7 / 15
"""Shares of the epochs after which the second and the third cycle of the learning rate end."""

SNAPSHOTS = 1 / 15, 0.13, 3 / 15, 0.3, 0.38, 7 / 15, 0.55, 0.64, 0.73, 0.82, 0.91, 1.0
"""Shares of the epochs after which a member may be the best."""

BETWEEN_MOVES = 0.1
"""Seconds between two moves of a member's share of the progress."""


@dataclass(frozen=True)
class Link:
    """Shared by a piece of work and the fit: whether the fit is given up, and the epochs done of how many."""

    given_up: Event = field(default_factory=Event)
    move: Callable[[float, int], None] = lambda done, of: None


class _Linked(Callback):
    """Ends a member's training when the whole fit is given up, and tells how far it is."""

    looks_at_the_network = False
    adds_to_records = ()

    def __init__(self, link: Link) -> None:
        self._link, self._next = link, 0.0

    def on_pause(self, training: Training) -> None:
        if self._link.given_up.is_set():
            training.interrupted = True  # a checkpoint of the only network is written now
            raise StopTraining("given up")
        if (now := monotonic()) < self._next:
            return
        self._next = now + BETWEEN_MOVES
        self._link.move(epochs_done(training), training.epochs)


class Snapshot(NamedTuple):
    """A member after some epochs: what it predicts with, and its outputs for the rows held out."""

    epochs: int
    parameters: Parameters
    statistics: Mapping[str, Array]
    outputs: Array


class _Snapshots(Callback):
    """Keeps a member after some epochs; ends with their window, or where the third cycle was worse."""

    adds_to_records = ()
    looks_at_the_network = False  # but after those epochs, where training pauses to validate

    def __init__(self, epochs: int, window: tuple[int, ...], seed: int | None, *, compares: bool) -> None:
        self._seed, self._restored = seed, list[Mapping[str, Any]]()
        self._last = window[-1] if window else None
        self._second, self._third = (min(epochs, max(1, round(epochs * end))) for end in CYCLES)
        self.marks, self._compares = window or snapshot_epochs(epochs), compares
        self.kept: list[Snapshot] = []

    def settings(self) -> Mapping[str, Any]:
        """The epochs, and the seed of the fit, which the network's is drawn from."""
        return {"snapshots": [*self.marks], SEED_OF_THE_FIT: self._seed}

    def state(self) -> Mapping[str, Any]:
        """The snapshots so far."""
        return {"kept": [{**one._asdict(), "parameters": one.parameters.flat} for one in self.kept]}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on with them."""
        self._restored = state["kept"]

    def on_train_begin(self, training: Training) -> None:
        like = training.parameters.like
        self.kept = [Snapshot(**{**one, "parameters": like(one["parameters"])}) for one in self._restored]

    def on_epoch_end(self, training: Training, record: Record) -> None:
        done = len(training.history)
        if done in self.marks and np.isfinite(record.get("validation_cost", np.nan)):
            statistics = {name: value.copy() for name, value in training.state().statistics.items()}
            parameters = training.parameters.copy()  # views of it cannot be written
            self.kept.append(Snapshot(done, parameters, statistics, training.validation_outputs()))
        if done == self._last:
            raise StopTraining(f"the folds before were best after {done} epochs or earlier")
        if self._compares and done == self._third:
            costs = training.history.column("validation_cost")
            before, now = (
                np.min(cycle, initial=inf, where=np.isfinite(cycle))
                for cycle in (costs[: self._second], costs[self._second :])
            )
            if now > before + WORSE * abs(before):
                raise StopTraining("the third cycle of the learning rate was worse than those before")


def snapshot_epochs(epochs: int) -> list[int]:
    """After which epochs a member is looked at: the ends of the cycles of its rate, and some between them."""
    return sorted({min(epochs, max(1, round(share * epochs))) for share in SNAPSHOTS})


@dataclass(frozen=True)
class Task:
    """One member to train; ``window`` has the numbers of epochs that were good for the other folds."""

    preset: Preset
    fold: int
    seed: int
    window: tuple[int, ...] = ()


class Prepared(NamedTuple):
    """The rows of a fold as examples of each encoding: those to learn from, and those that are held out."""

    preprocessor: FoldPreprocessor
    learned: Mapping[str, Examples | StreamedExamples]
    held_out: Mapping[str, Examples] | None

    def validation(self, preset: Preset) -> Examples | None:
        """The examples that are held out as a preset takes them."""
        return None if self.held_out is None else self.held_out[preset.inputs]


class Trained(NamedTuple):
    """A member as its own rows held out have it best, its outputs for them, its snapshots, and their last."""

    member: Member
    snapshots: tuple[Snapshot, ...] = ()
    outputs: Array = np.empty(0)
    last: float = inf

    def after(self, epochs: int) -> "tuple[Member, Array] | None":
        """The member after some epochs, or as it was last, and its outputs; None without a snapshot."""
        found = [one for one in self.snapshots if one.epochs == epochs]
        found = found or [one for one in self.snapshots[-1:] if one.epochs < epochs <= self.last]
        if not found:
            return None
        network, (snapshot,) = copy(self.member.network), found
        network.parameters, network.statistics = snapshot.parameters, dict(snapshot.statistics)
        cost = network.history[snapshot.epochs - 1]["validation_cost"]  # type: ignore[index]  # it was trained
        fit = self.member.fit and replace(self.member.fit, best_validation_score=-cost)
        member = replace(
            self.member, network=network, validation_cost=cost, best_epoch=snapshot.epochs, fit=fit
        )
        return member, snapshot.outputs


def train_member(
    estimator: "DeepEstimator",
    task: Task,
    prepared: Prepared,
    context: FitContext,
    link: Link | None = None,
    seconds: float | None = None,
    *,
    only: bool = False,
) -> Trained:
    """Train the network of a task; ``link`` is there where it is one of an ensemble, or its ``only`` one."""
    preset, preprocessor, learned = task.preset, prepared.preprocessor, prepared.learned[task.preset.inputs]
    sample, validation = learned.sample, prepared.validation(preset)
    params = hyperparameters(estimator, preset, len(learned), seconds)
    before, seed, snapshots, validated = None, task.seed, None, None
    of_ensemble, cost = preset.name not in ALONE, None
    if of_ensemble:
        seed = task.seed % 2**31
        if validation is not None:
            pooled = has_pooled_epochs(params, seconds)
            cycles = pooled and params.schedule == "coslog4" and not task.window
            cycles &= params.max_iter >= LEAST_EPOCHS
            snapshots = _Snapshots(params.max_iter, task.window, context.seed, compares=cycles)
            if pooled and link is not None:  # alone, it keeps its own best epoch
                validated = frozenset([1, *snapshots.marks])
        elif task.window:  # of the second training on all rows
            snapshots = _Snapshots(params.max_iter, task.window, context.seed, compares=False)
            validated = frozenset(task.window)  # the loop pauses there, and does no epoch past it
        watchers = [None if link is None else _Linked(link), snapshots]
        asked = as_callbacks(params.callbacks or [], context.where)  # of rows in files
        params.callbacks = [*(one for one in watchers if one is not None), *asked]
        if link is not None and not only:  # finished members are kept as wholes, see `MemberFiles`
            params.checkpoint_dir, params.resume = None, False
        params.early_stopping = validation is not None and validated is None
        params.scoring = None if validation is None else "loss"
        params.verbose = params.verbose and link is None  # else one bar is of all members
    elif context.going_on:
        (before,) = estimator.ensemble_.members
    earlier = FitResult() if before is None or before.fit is None else before.fit
    fit = NetworkFit(
        estimator, params, preprocessor, context, earlier, loads_kernels=of_ensemble, validated=validated
    )
    try:
        with spelled(parameter_of):
            again = None if before is None else fit.fitted_network(before.network, sample)
            network = again or fit.new_network(sample, seed)
            if of_ensemble:
                start = _start(network, preset, preprocessor, task.seed)
                network.parameters, params.lr_multipliers = start
            result = fit.run(network, learned, validation)
        if link is not None and result.history.stopped == INTERRUPTED:
            raise KeyboardInterrupt  # in the thread of the fit: it keeps finished networks alone
    except DivergenceError as error:
        if of_ensemble:
            error.where += f", {preset.name} on fold {task.fold}"
        error.ensemble = _diverged(fit, task, network, error)
        raise
    budget = params.time_budget
    if link is None and budget is not None and result.epochs == 1 and result.history[-1]["seconds"] > budget:
        warn_the_caller(
            f"{context.where}: a time budget of {budget:g} s is too short for one epoch, which took "
            f"{result.history[-1]['seconds']:.3g} s and was done whole."
        )
    if preset is not MLP:  # no other fit continues it
        result = replace(result, state=replace(result.state, state=None))
    best = result.best_epoch
    if best is not None:
        cost = result.validated[best - 1]["validation_cost"]
    settings = _settings(params, seed, result.learning_rate, context.where)
    course = result.history.engine, result.epochs, cost, best, settings
    member = Member(preset, task.fold, network, *course, result)
    kept = () if snapshots is None else tuple(snapshots.kept)
    return Trained(member, kept, last=task.window[-1] if task.window else inf)


def has_pooled_epochs(params: SimpleNamespace, seconds: float | None) -> bool:
    """Whether all folds of a preset have one number of epochs: else a clock or a patience ends each."""
    return seconds is None and bool(params.n_iter_no_change == inf)


def _start(
    network: Network, preset: Preset, preprocessor: FoldPreprocessor, seed: int
) -> tuple[Parameters, Factors]:
    """Values of all parameters before training, and factors of their learning rates."""
    shape, rng = network.architecture, np.random.default_rng(seed)
    if not shape.shared_members:
        return realmlp_init(shape, network.dtype, rng)
    encoding = preprocessor.encodings[preset.inputs]
    origins = np.arange(shape.n_inputs) if encoding is None else encoding.origins
    return tabm_init(shape, origins, network.dtype, rng)


def _diverged(fit: NetworkFit, task: Task, network: Network, error: DivergenceError) -> Ensemble | None:
    """An ensemble of a member that diverged, as it was before."""
    if error.history is None or error.parameters is None:
        return None
    network.parameters, network.statistics = error.parameters, dict(error.statistics)
    network.history = error.history
    rate = error.history[-1]["learning_rate"] if len(error.history) else fit.params.learning_rate_init
    settings = _settings(fit.params, network.seed, None if rate == AUTO else float(rate), fit.context.where)
    engine, epochs = error.history.engine, len(error.history)
    one = Member(task.preset, 0, network, engine, epochs, None, None, settings)
    return Ensemble.of_one(one, fit.preprocessor, network.architecture.output)


def _settings(params: SimpleNamespace, seed: int, rate: float | None, where: str) -> dict[str, Any]:
    """Settings of the steps that differ from the defaults, and the rate."""
    plain = vars(Settings())
    given = vars(settings_of(params, seed, where)).items()
    of_steps = {name: value for name, value in given if value != plain[name]}
    return {**({} if rate is None else {"learning_rate": rate}), **of_steps}


Move: TypeAlias = Callable[[int, float, int | None], None]
"""Shows how many epochs of the member of a number are done, and of how many; of None where it is finished."""

Work: TypeAlias = tuple[int, Callable[[Link], T]]
"""A piece of work with its number."""


class Workers(NamedTuple):
    """Runs pieces of work, ``n`` at once; ``results`` gives pairs of their number and result, as they end."""

    n: int
    results: Callable[[Iterable[Work[T]], Move], Iterator[tuple[int, T]]]
    interruption: Interruption


def member_executor(asked: int | None = None) -> AbstractContextManager[Workers]:
    """The workers, ``asked`` as joblib's ``n_jobs``: threads, or processes of a configured backend."""
    import joblib
    from joblib.parallel import get_active_backend

    backend, configured = get_active_backend()
    n_jobs = configured if asked is None else asked
    threads, _ = get_active_backend(prefer="threads")
    is_given = type(threads) is type(backend)  # else it is joblib's own default, which gives way to threads
    outermost = (backend.nesting_level or 0) == 0
    n = joblib.effective_n_jobs(n_jobs) if (outermost or asked) and n_jobs is not None else None
    if outermost and is_given and not getattr(backend, "uses_threads", False):
        generates = getattr(backend, "supports_return_generator", False)
        return _of_joblib(joblib.effective_n_jobs(n_jobs), generates=generates)
    return _threads(n)


@contextmanager
def limited_threads(n_jobs: int | None) -> Iterator[None]:
    """At most so many threads, as joblib counts them, for the products of matrices and the kernels."""
    if n_jobs is None:
        yield
        return
    import joblib
    from threadpoolctl import threadpool_limits

    with threadpool_limits(joblib.effective_n_jobs(n_jobs), user_api="blas"):
        yield


@contextmanager
def _of_joblib(n: int, *, generates: bool) -> Iterator[Workers]:
    import joblib

    with joblib.Parallel(return_as="generator_unordered" if generates else "list") as parallel:

        def results(works: Iterable[Work[T]], move: Move) -> Iterator[tuple[int, T]]:
            for at, found, error in parallel(joblib.delayed(_elsewhere)(at, work) for at, work in [*works]):
                if error is not None:
                    raise error
                yield at, found

        yield Workers(n, results, Interruption())


def _elsewhere(at: int, work: Callable[[Link], T]) -> tuple[int, T | None, Exception | None]:
    """Some work in a process that has nothing else to do: its result, or its error."""
    try:
        with single_blas():
            return at, work(Link()), None
    except Exception as error:  # raised, it makes "multiprocessing" end its pool amid work, and wait for ever
        error.add_note(format_exc())
        return at, None, error


@contextmanager
def _threads(asked: int | None) -> Iterator[Workers]:
    n = asked if asked and has_threads() else 1
    if not missing_numba():
        from deepstep.engines.compiled.threads import limit

        n = asked or limit()  # looked at before BLAS is limited
    with (
        single_blas(),
        executor(n, "deepstep member") as pool,
        deferred(waits=False) as interruption,
    ):

        def results(works: Iterable[Work[T]], move: Move) -> Iterator[tuple[int, T]]:
            given_up, numbers, waiting = Event(), dict[Future[T], int](), set[Future[T]]()

            def ended(seconds: float) -> Iterator[tuple[int, T]]:
                nonlocal waiting
                done, waiting = wait(waiting, timeout=seconds, return_when=FIRST_COMPLETED)
                yield from ((numbers[future], future.result()) for future in done)

            try:
                for at, work in works:
                    if interruption.asked:
                        raise KeyboardInterrupt
                    future = pool.submit(work, Link(given_up, partial(move, at)))
                    numbers[future] = at
                    waiting.add(future)
                    yield from ended(0)
                # They are looked for ten times a second: where polars has been at work, Ctrl-C does not end a
                # wait for a thread, and takes effect only after it.
                while waiting:
                    if interruption.asked:
                        raise KeyboardInterrupt
                    yield from ended(0.1)
            finally:
                given_up.set()
                for future in waiting:
                    future.cancel()

        yield Workers(n, results, interruption)
