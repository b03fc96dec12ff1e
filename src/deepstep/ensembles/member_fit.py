"""How a member is trained: a task becomes a `Fit`, whose snapshots tell after which epochs it was good."""

from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass, field, replace
from math import inf
from pathlib import Path
from threading import Event, RLock
from time import monotonic
from typing import Any

import numpy as np

from deepstep.engines import open_session
from deepstep.ensembles.ensemble import Ensemble, Member
from deepstep.ensembles.predictor import Columns, Predictor
from deepstep.ensembles.preprocessor import Preprocessor
from deepstep.ensembles.presets import Preset, realmlp_init
from deepstep.equations import get_optimizer
from deepstep.errors import DivergenceError
from deepstep.model import Network
from deepstep.network.architecture import check_memory_to_train
from deepstep.preparation.batches import Examples
from deepstep.preparation.streams import StreamedExamples
from deepstep.targets import Targets
from deepstep.training import Callback, ModelCheckpoint, Progress, StopTraining, Training, latest_checkpoint
from deepstep.training.callbacks import Update, overrides
from deepstep.training.checkpoint import Checkpoint
from deepstep.training.fit import INTERRUPTED, Fit
from deepstep.training.history import Record
from deepstep.training.progress import epochs_done, is_logged
from deepstep.training.stopping import EarlyStopping
from deepstep.types import Array

WORSE = 0.01
"""Share of the smallest validation cost by which a cycle is worse."""

LEAST_EPOCHS = 32
"""Epochs from which on cycles are compared."""

REST = 2
"""Place in ``SNAPSHOTS`` of the end of the second cycle, where presets are compared for the first time."""

AT_REST = "resting, until the other presets are compared"
"""Why a history ended that continues where its preset is among the best."""

SEED_OF_THE_FIT = "seed of the fit"
"""Its key in the identity of a checkpoint."""

CYCLES = 1 / 15, 3 / 15, 7 / 15
"""Shares of the epochs after which the first three cycles of the learning rate end."""

SNAPSHOTS = 1 / 15, 0.13, 3 / 15, 0.3, 0.38, 7 / 15, 0.55, 0.64, 0.73, 0.82, 0.91, 1.0
"""Shares of the epochs after which a member may be the best."""

BETWEEN_MOVES = 0.1
"""Seconds between two moves of a member's share of the progress."""


@dataclass(frozen=True)
class Task:
    """One member to train; ``window`` has the numbers of epochs that were good for the other folds.

    ``rests`` says that it stops after the second cycle of its learning rate, from where a later task with
    that ``checkpoint`` continues.
    """

    preset: Preset
    fold: int
    seed: int
    window: tuple[int, ...] = ()
    rests: bool = False
    checkpoint: Checkpoint | None = None


@dataclass(frozen=True)
class Options:
    """The settings of all members of a fit; ``seed`` is that of the fit."""

    dtype: Any = np.float32
    engine: str = "auto"
    callbacks: tuple[Callback, ...] = ()
    seed: int = 0
    where: str = "fit"


@dataclass(frozen=True)
class Link:
    """Shared by a piece of work and the fit: whether the fit is given up, and the epochs done of how many."""

    given_up: Event = field(default_factory=Event)
    move: Callable[[float, int], None] = lambda done, epochs: None


class _Linked(Callback):
    """Ends a member's training when the fit is given up, and tells how far it is."""

    looks_at_the_network = False
    adds_to_records = ()

    def __init__(self, link: Link) -> None:
        self._link = link
        self._next = 0.0

    def on_pause(self, training: Training) -> None:
        if self._link.given_up.is_set():
            training.interrupted = True  # a checkpoint of the only network is written now
            raise StopTraining("given up")
        if (now := monotonic()) < self._next:
            return
        self._next = now + BETWEEN_MOVES
        self._link.move(epochs_done(training), training.epochs)


_one_at_a_time = RLock()
"""Callbacks of the user are called by one thread at a time."""


class _Locked(Callback):
    """A callback of the user, which the threads of several members share."""

    def __init__(self, callback: Callback) -> None:
        self._callback = callback
        self.adds_to_records = callback.adds_to_records
        self.looks_at_the_network = callback.looks_at_the_network

    def _call(self, method: str, training: Training, *event: Any) -> None:
        with _one_at_a_time:
            getattr(self._callback, method)(training, *event)

    def on_train_begin(self, training: Training) -> None:
        self._call("on_train_begin", training)

    def on_pause(self, training: Training) -> None:
        self._call("on_pause", training)

    def on_epoch_end(self, training: Training, record: Record) -> None:
        self._call("on_epoch_end", training, record)

    def on_train_end(self, training: Training) -> None:
        self._call("on_train_end", training)


class _LockedAtSteps(_Locked):
    """A callback that looks at each update; where there is none, nothing is called per step."""

    def on_step_end(self, training: Training, update: Update) -> None:
        self._call("on_step_end", training, update)


def _locked(callback: Callback) -> Callback:
    return _LockedAtSteps(callback) if overrides(callback, "on_step_end") else _Locked(callback)


@dataclass(frozen=True, eq=False)
class Snapshot:
    """A member after some epochs: what it predicts with, and its outputs for the rows held out."""

    epochs: int
    cost: float
    theta: Array
    statistics: Mapping[str, Array]
    outputs: Array


class _Snapshots(Callback):
    """Keeps a member after some epochs; ends with their window, or after a cycle that was worse."""

    adds_to_records = ()
    looks_at_the_network = False  # but after those epochs, where training pauses to validate

    def __init__(
        self, epochs: int, window: tuple[int, ...], seed: int, *, compares: bool, rests: bool
    ) -> None:
        self._seed = seed
        self._last = window[-1] if window else None
        self._ends = [min(epochs, max(1, round(epochs * end))) for end in CYCLES]
        self._rest = snapshot_epochs(epochs)[REST] if rests else None
        self.marks = window or tuple(snapshot_epochs(epochs))
        self._compares = compares
        self.snapshots: list[Snapshot] = []

    def settings(self) -> Mapping[str, Any]:
        """The epochs, and the seed of the fit, which the network's is drawn from."""
        return {"snapshots": [*self.marks], SEED_OF_THE_FIT: self._seed}

    def state(self) -> Mapping[str, Any]:
        """The snapshots so far."""
        return {"snapshots": [vars(snapshot) for snapshot in self.snapshots]}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on with them."""
        self.snapshots = [Snapshot(**snapshot) for snapshot in state["snapshots"]]

    def on_epoch_end(self, training: Training, record: Record) -> None:
        done, cost = len(training.history), record.get("validation_cost", np.nan)
        if done in self.marks and np.isfinite(cost):
            statistics = {name: value.copy() for name, value in training.state().statistics.items()}
            theta = training.parameters.flat.copy()  # views of it cannot be written
            outputs = training.validation_outputs()
            self.snapshots.append(Snapshot(done, float(cost), theta, statistics, outputs))
        if done == self._last:
            raise StopTraining(f"the folds before were best after {done} epochs or earlier")
        if self._compares and done in self._ends[1:]:
            begin = self._ends[self._ends.index(done) - 1]
            costs = training.history.column("validation_cost")
            before = np.fmin.reduce(costs[:begin], initial=inf)
            now = np.fmin.reduce(costs[begin:], initial=inf)
            if now > before + WORSE * abs(before):
                raise StopTraining("a cycle of the learning rate was worse than those before")
        if done == self._rest:
            raise StopTraining(AT_REST)


def compares_cycles(preset: Preset, epochs: int) -> bool:
    """Whether the rate of a preset has cycles that are long enough to be compared."""
    return preset.schedule == "coslog4" and preset.patience is None and epochs >= LEAST_EPOCHS


def snapshot_epochs(epochs: int) -> list[int]:
    """After which epochs a member is looked at: the ends of the cycles of its rate, and some between them."""
    return sorted({min(epochs, max(1, round(share * epochs))) for share in SNAPSHOTS})


@dataclass(frozen=True, eq=False)
class Trained:
    """A member as its own rows held out have it best, its outputs for them, its snapshots, and their last.

    One that rests has a ``checkpoint``.
    """

    member: Member
    snapshots: tuple[Snapshot, ...] = ()
    outputs: Array = field(default_factory=lambda: np.empty(0))
    last: float = inf
    checkpoint: Checkpoint | None = None

    def after(self, epochs: int, preprocessor: Preprocessor) -> tuple[Member, Array] | None:
        """The member after some epochs, or as it was last, and its outputs; None without a snapshot."""
        snapshots = [snapshot for snapshot in self.snapshots if snapshot.epochs == epochs]
        snapshots += [snapshot for snapshot in self.snapshots[-1:] if snapshot.epochs < epochs <= self.last]
        if not snapshots:
            return None
        snapshot, network = snapshots[0], copy(self.member.network)
        network.parameters = network.parameters.like(snapshot.theta)
        network.statistics = dict(snapshot.statistics)
        member = replace(
            self.member, network=network, best_epoch=snapshot.epochs, validation_cost=snapshot.cost
        )
        return member, preprocessor.unscaled(snapshot.outputs)


@dataclass(frozen=True)
class Checkpoints:
    """Where the only network of a fit writes checkpoints, and whether it is resumed from the newest one."""

    folder: Path | str
    resume: bool


def fit_member(
    task: Task,
    targets: Targets,
    preprocessor: Preprocessor,
    learned: Examples | StreamedExamples,
    held_out: Examples | None,
    options: Options,
    link: Link | None = None,
    seconds: float | None = None,
    *,
    checkpoints: Checkpoints | None = None,
    alone: bool = False,
    label: str = "",
) -> Trained:
    """Train one member.

    It keeps its own best epoch where it is ``alone``, or where it ends after some seconds or by its patience;
    else its snapshots tell the fit after which epochs the preset was best on all folds. Progress is shown
    under a label. A `DivergenceError` says which member it was, and has it as it was before.
    """
    preset = task.preset
    network, factors = _started(task, targets, preprocessor, learned.sample, options)
    settings = replace(
        preset.settings, seed=network.seed, lr_multipliers={**factors, **preset.settings.lr_multipliers}
    )
    state_vectors = len(get_optimizer(settings.optimizer).state)
    check_memory_to_train(network.architecture, network.dtype, state_vectors)
    session = open_session(options.engine, network.architecture, network.parameters, settings)
    plan = preset.plan(len(learned), network.seed, seconds=seconds)
    pooled = seconds is None and preset.patience is None  # all folds of a preset have one number of epochs
    snapshots, validated = None, None
    if task.window if held_out is None else pooled:
        compares = compares_cycles(preset, plan.epochs) and not task.window
        snapshots = _Snapshots(plan.epochs, task.window, options.seed, compares=compares, rests=task.rests)
        if held_out is None:  # in the second training on all rows the loop pauses there, and goes no further
            validated = frozenset(task.window)
        elif not alone:
            validated = frozenset([1, *snapshots.marks])
    stopping = None if validated is not None else _stopping(preset, validated=held_out is not None)
    watchers = [
        None if link is None else _Linked(link),
        snapshots,
        *(options.callbacks if alone else map(_locked, options.callbacks)),
        stopping,
        Progress(label) if label or (alone and is_logged()) else None,
        None if checkpoints is None else ModelCheckpoint(checkpoints.folder),
    ]
    training = Fit(
        session,
        learned,
        plan,
        validation=held_out,
        validation_epochs=validated,
        callbacks=[watcher for watcher in watchers if watcher is not None],
        patience=stopping,
        resume=latest_checkpoint(checkpoints.folder)
        if checkpoints and checkpoints.resume
        else task.checkpoint,
    )
    training.training.member = (preset.name, -1 if task.window and held_out is None else task.fold)
    try:
        training.run()
    except DivergenceError as error:
        error.also(f"The network was {preset.name} on fold {task.fold}.")
        _keep_before(error, task, network, training, preprocessor, targets)
        raise
    if link is not None and training.history.stopped == INTERRUPTED:
        raise KeyboardInterrupt  # in the thread of the fit: it keeps finished networks alone
    trained = _finished(task, network, training, snapshots)
    if held_out is None or alone:
        return trained
    outputs = trained.member.outputs({preset.inputs: held_out.X}, preprocessor)
    return replace(trained, outputs=outputs)


def _started(
    task: Task, targets: Targets, preprocessor: Preprocessor, sample: Examples, options: Options
) -> tuple[Network, dict[str, float]]:
    """The network of a task with its initial values, and factors of the learning rate by parameter."""
    network = task.preset.network(
        sample.X.shape[1], targets, preprocessor.scale, task.seed % 2**31, options.dtype, options.engine
    )
    rng = np.random.default_rng(task.seed)
    network.parameters, factors = realmlp_init(network.architecture, network.dtype, rng)
    return network, factors


def _stopping(preset: Preset, *, validated: bool) -> EarlyStopping | None:
    """The rule that ends a training by itself: by patience, with the best epoch where rows are held out."""
    epochs = inf if preset.patience is None else preset.patience - 1
    if validated:
        return EarlyStopping("validation_cost", tolerance=0.0, epochs=epochs, keep_best=True)
    return None if preset.patience is None else EarlyStopping("cost", tolerance=0.0, epochs=epochs)


def _finished(task: Task, network: Network, training: Fit, snapshots: _Snapshots | None) -> Trained:
    """The member at its best epoch, or after the last one where it kept none."""
    stopping, best, cost = training.patience, None, None
    network.parameters = training.session.parameters
    network.statistics = dict(training.session.state().statistics)
    network.history = training.history
    if stopping is not None and stopping.best_parameters is not None:
        network.parameters, network.statistics = stopping.best_parameters, dict(stopping.best_statistics)
        best, cost = training.best_epochs, stopping.best
    member = _member(task, network, training, best, cost)
    taken = () if snapshots is None else tuple(snapshots.snapshots)
    checkpoint = Checkpoint.of(training.training) if training.history.stopped == AT_REST else None
    return Trained(member, taken, last=task.window[-1] if task.window else inf, checkpoint=checkpoint)


def _member(
    task: Task, network: Network, training: Fit, best_epoch: int | None, validation_cost: float | None
) -> Member:
    return Member(
        task.preset.name,
        task.preset.inputs,
        task.fold,
        network,
        training.history.engine,
        training.session.settings,
        task.preset.learning_rate,
        len(training.history),
        best_epoch,
        validation_cost,
    )


def _keep_before(
    error: DivergenceError,
    task: Task,
    network: Network,
    training: Fit,
    preprocessor: Preprocessor,
    targets: Targets,
) -> None:
    """Give an error the member as it was before it diverged, as a predictor of one network."""
    if error.history is None or error.parameters is None:
        return
    network.parameters, network.statistics = error.parameters, dict(error.statistics)
    network.history = error.history
    member = _member(replace(task, fold=0), network, training, None, None)
    ensemble = Ensemble.of_one(member, preprocessor, targets.head)
    error.predictor = Predictor(Columns(), targets, ensemble)
