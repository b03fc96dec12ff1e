"""Recorded steps of a training, which a page shows and checks its own arithmetic with."""

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass, field, fields
from functools import partial
from itertools import islice
from typing import Any

import numpy as np

from deepstep.engines import Settings
from deepstep.engines.draws import dropout_masks
from deepstep.errors import ConfigurationError, DivergenceError
from deepstep.explorer.abilities import unsupported_features
from deepstep.inspection import Trace
from deepstep.inspection.trace_step import Step
from deepstep.model import Network
from deepstep.network import Parameters
from deepstep.preparation.batches import as_they_are, batch, evenly_spread, n_batches, shuffled
from deepstep.types import AnyArray, Array

MOST_GOLDEN = 60_000  # numbers in all golden steps; the first step is always kept
GOLDEN_APART = 8  # golden steps of a training that the page cannot compute
MOST_RECORDED = 20_000  # numbers in all recorded parameters; the first and the last are always kept
MOST_SNAPSHOTS = 40
MOST_INDICES = 40_000  # examples in all listed batches
MOST_MASKS = 40_000  # numbers in all masks


@dataclass
class Recording:
    """Steps with every quantity, θ after some updates, the first batches and masks, and the costs."""

    settings: Settings
    golden: list[tuple[Step, Trace]] = field(default_factory=list)
    recorded: dict[int, Parameters] = field(default_factory=dict)
    batches: list[AnyArray] = field(default_factory=list)
    masks: list[dict[int, Array]] | None = None
    costs: list[float] = field(default_factory=list)
    stopped: str = ""


def record(
    network: Network, X: Array, Y: Array, options: Mapping[str, Any], opened: tuple[int, ...] = ()
) -> Recording:
    """Train a copy of a network with the equations and record what a page needs."""
    learner = copy(network)
    learner.engine = "reference"
    steps = learner.steps(X, Y, **options)  # arguments are checked here
    total = int(options["iterations"]) * n_batches(X.shape[1], options.get("batch_size"))
    recording = Recording(_settings(network, options))
    apart = bool(unsupported_features(network, options))
    known = _list_draws(recording, network, X.shape[1], options, total, apart=apart)
    if known < total:
        cut = f"The first {known} of {total} updates are recorded"
        recording.stopped = f"{cut}; draws after them are the page's own."
    golden = set(evenly_spread(known, GOLDEN_APART).tolist()) if apart else {0, 1}
    golden = {number - 1 for number in opened} or golden
    recorded = _snapshots(known, network.parameters.flat.size)
    held: list[Step] = []
    last: Step | None = None
    try:
        for number, step in enumerate(islice(steps, known)):
            if number in recorded:
                recording.recorded[number] = step.before
            if number in golden:
                held.append(step)
            recording.costs.append(step.cost)
            last = step
    except DivergenceError as error:
        if last is None:
            raise
        recording.stopped = str(error)
    if last is None:
        raise ConfigurationError("The training makes no step", "Pass iterations of at least 1.")
    recording.recorded[len(recording.costs)] = last.after
    if opened:
        to_open = held or [last]
    else:  # the first, then the last, then others as long as there is room
        to_open = list({step.number: step for step in (held[0], last, *held)}.values())
    for step in to_open:
        _open(recording, step)
    recording.golden.sort(key=lambda golden: golden[0].number)
    return recording


def _settings(network: Network, options: Mapping[str, Any]) -> Settings:
    names = {entry.name for entry in fields(Settings)}
    settings = {name: value for name, value in options.items() if name in names and value is not None}
    return Settings.of(**{"seed": network.seed, **settings})


def _snapshots(total: int, size: int) -> set[int]:
    most = max(1, min(MOST_SNAPSHOTS, MOST_RECORDED // size))
    return {0, *evenly_spread(total + 1, most).tolist()}


def _open(recording: Recording, step: Step) -> None:
    """Keep a step with its trace, if there is room."""
    trace = step.trace()
    size, before = _numbers(trace), sum(_numbers(other) for _, other in recording.golden)
    if not recording.golden or before + size <= MOST_GOLDEN:
        recording.golden.append((step, trace))


def _numbers(trace: Trace) -> int:
    return sum(int(np.size(entry.value)) for entry in trace)


def _list_draws(
    recording: Recording, network: Network, m: int, options: Mapping[str, Any], total: int, *, apart: bool
) -> int:
    """List the examples and masks of the first steps; returns the number of steps that can be recorded."""
    settings, size = recording.settings, options.get("batch_size")
    rates = settings.dropout_of(network.architecture)
    hidden = zip(network.architecture.layer_dims[1:-1], rates, strict=True)
    units = 0 if apart else sum(n for n, rate in hidden if rate)
    recording.masks = [] if units else None
    order = options.get("order") or (as_they_are if size is None else shuffled(network.seed))
    per_epoch = n_batches(m, size)
    is_same = size is None and order is as_they_are and not units  # one record stands for every step
    indices, numbers = MOST_INDICES, MOST_MASKS
    for number in range(1 if is_same else total):
        epoch, index = divmod(number, per_epoch)
        visit = order(epoch, m)
        rows = np.arange(m)[batch(None if visit is None else np.asarray(visit), m, size, index)]
        indices, numbers = indices - len(rows), numbers - units * len(rows)
        if number and min(indices, numbers) < 0:
            break
        recording.batches.append(rows)
        if recording.masks is not None:
            draw = partial(dropout_masks, seed=int(settings.seed), step=number + 1, dtype=network.dtype)
            recording.masks.append(draw(network.architecture, rates, len(rows)))
    return total if is_same or apart else len(recording.batches)
