"""How one member of an ensemble is trained."""

from dataclasses import dataclass, replace
from math import ceil, inf
from threading import Event
from typing import TYPE_CHECKING, Any

import numpy as np

from deepstep.engines import Settings
from deepstep.errors import DivergenceError
from deepstep.estimators.calls import FitCall
from deepstep.estimators.ensemble import Ensemble, Member, Preparer
from deepstep.estimators.presets import Preset, shared_start, start
from deepstep.estimators.training import settings_of
from deepstep.preparation.batches import Examples
from deepstep.preparation.streams import StreamedExamples
from deepstep.training import Callback, StopTraining, Training
from deepstep.training.history import Record

if TYPE_CHECKING:
    from deepstep.estimators.base import DeepEstimator


class _Halt(Callback):
    """Ends a member's training when the whole fit is given up."""

    looks_at_the_network = False

    def __init__(self, given_up: Event) -> None:
        self._given_up = given_up

    def on_epoch_end(self, training: Training, record: Record) -> None:
        if self._given_up.is_set():
            raise StopTraining("given up")


class _Overfitted(Callback):
    """Ends a member's training after the third of the four cycles of its learning rate, where that cycle was
    worse than those before it. The last one is half of the epochs, and hardly ever better then.
    """

    looks_at_the_network = False

    def __init__(self, epochs: int) -> None:
        self._second, self._third = (ceil(epochs * end) + 1 for end in (3 / 15, 7 / 15))

    def on_epoch_end(self, training: Training, record: Record) -> None:
        if len(training.history) == self._third:
            costs = training.history.column("validation_cost")
            before, now = (
                np.min(cycle, initial=inf, where=np.isfinite(cycle))
                for cycle in (costs[: self._second], costs[self._second :])
            )
            if now > before + WORSE * abs(before):
                raise StopTraining("the third cycle of the learning rate was worse than those before")


WORSE = 0.01
"""Share of the smallest validation cost by which a cycle is worse."""

LEAST_EPOCHS = 32
"""Epochs from which on cycles are compared."""


@dataclass(frozen=True)
class Task:
    """One member to train."""

    preset: Preset
    fold: int
    seed: int


def train_member(
    estimator: "DeepEstimator",
    task: Task,
    preparer: Preparer,
    learned: Any,
    judged: Any,
    given_up: Event,
    call: FitCall,
    seconds: float | None,
) -> Member:
    dtype = estimator._precision

    def examples(part: Any) -> Examples:
        inputs, Y, weight = part
        return Examples(inputs[task.preset.cuts].astype(dtype, copy=False), Y.astype(dtype), weight)

    streamed = isinstance(learned, StreamedExamples)
    rows = learned if streamed else examples(learned)
    sample = learned.sample if streamed else rows
    member: DeepEstimator = estimator._as_member(task.preset, preparer, len(rows), seconds)
    factors: dict[str, float]
    dims = (sample.X.shape[1], *_hidden(member), sample.Y.shape[1])
    rng, members = np.random.default_rng(task.seed), member._setting("shared_members")
    if members:
        encoding = preparer.encodings[task.preset.cuts]
        origins = np.arange(dims[0]) if encoding is None else encoding.origins
        values, factors = shared_start(dims, members, origins, dtype, rng), {}
    else:
        values, factors = start(dims, dtype, rng)
    for name, layer, factor in _ones(member, len(dims) - 2):
        values[name], factors[name] = np.ones((dims[layer], 1), dtype), factor
    epochs, in_cycles = member._setting("max_iter"), member.schedule == "coslog4"
    compares = in_cycles and judged is not None and seconds is None and epochs >= LEAST_EPOCHS
    cycles = [_Overfitted(epochs)] if compares else []
    member.set_params(
        initialization=values,
        lr_multipliers=factors,
        random_state=task.seed % 2**31,
        callbacks=[_Halt(given_up), *cycles],
        early_stopping=judged is not None,
        scoring="loss" if judged is not None else None,
    )
    member.n_features_in_ = sample.X.shape[1]
    try:
        of_a_member = replace(call, going_on=False, of_a_member=True)
        member._train(rows, None if judged is None else examples(judged), of_a_member)
    except DivergenceError as error:
        error.where += f", {task.preset.name} on fold {task.fold}"
        error.ensemble = _alone(member, task, preparer, sample, error, call)
        raise
    member.initialization, member.callbacks = "lecun", None  # nobody needs the start any more
    score = member.best_validation_score_
    return Member(
        task.preset,
        task.fold,
        member.network_,
        member.engine_,
        member.n_iter_,
        None if score is None else -score,
        None if score is None else int(np.nanargmax(np.array(member.validation_scores_))) + 1,
        _settings(member, call),
        member,
    )


def _alone(
    member: "DeepEstimator",
    task: Task,
    preparer: Preparer,
    rows: Examples,
    error: DivergenceError,
    call: FitCall,
) -> Ensemble | None:
    """An ensemble of a member that diverged, as it was before."""
    if error.history is None or error.parameters is None:
        return None
    network = member._network(rows, call)
    network.parameters, network.statistics = error.parameters, dict(error.statistics)
    network.history = error.history
    member.network_, name = network, task.preset.name
    one = Member(
        task.preset,
        0,
        network,
        error.history.engine,
        len(error.history),
        None,
        None,
        _settings(member, call),
    )
    output, _ = member._output(call.where)
    return Ensemble((preparer,), (one,), {name: 1.0}, {name: 1.0}, output, None)


def _ones(member: "DeepEstimator", n_hidden: int) -> list[tuple[str, int, float]]:
    """Parameters that begin with ones: their names, the layers whose units they have, factors of the rate."""
    kinds, bent = member.normalization, member._setting("parametric")
    kinds = [kinds] * n_hidden if isinstance(kinds, str) else kinds
    bent = [bent] * n_hidden if isinstance(bent, bool) else bent
    found = [("s1", 0, 6.0)] if member._setting("input_scale") else []
    found += [(f"gamma{layer}", layer, 1.0) for layer, kind in enumerate(kinds, 1) if kind != "none"]
    return found + [(f"alpha{layer}", layer, 0.1) for layer, yes in enumerate(bent, 1) if yes]


def _settings(member: "DeepEstimator", call: FitCall) -> dict[str, Any]:
    """Settings of its steps that differ from the defaults, and the rate."""
    settings = settings_of(member, member.network_.seed, call.where)
    plain = vars(Settings())
    given = {name: value for name, value in vars(settings).items() if value != plain[name]}
    return {"learning_rate": float(member.learning_rate_), **given}


def _hidden(member: "DeepEstimator") -> tuple[int, ...]:
    sizes = member._setting("hidden_layer_sizes")
    return (int(sizes),) if np.ndim(sizes) == 0 else tuple(int(size) for size in sizes)
