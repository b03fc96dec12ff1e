"""Some steps of a training, recorded: what a page shows, and checks its own arithmetic by."""

from collections.abc import Iterator, Mapping
from copy import copy
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from deepstep.engines import Settings
from deepstep.engines.draws import dropout_masks
from deepstep.errors import ConfigurationError, DivergenceError
from deepstep.inspection import Trace
from deepstep.model import Network
from deepstep.model.options import as_plan
from deepstep.model.step import Step
from deepstep.network import Parameters
from deepstep.preparation.batches import batch, evenly_spread, n_batches
from deepstep.types import AnyArray, Array

MOST_GOLDEN = 60_000
"""Numbers in all golden steps together; the first step is always there."""

MOST_RECORDED = 20_000
"""Numbers in all recorded parameters together; the first and the last are always there."""

MOST_SNAPSHOTS = 40
MOST_INDICES = 20_000
"""Examples in all batches that are listed."""

MOST_MASKS = 40_000
"""Numbers in all masks that are kept."""


@dataclass(frozen=True)
class Opened:
    """A step with every quantity; ``number`` counts the updates before it."""

    number: int
    step: Step
    trace: Trace


@dataclass
class Recording:
    """What was recorded.

    Attributes
    ----------
    settings : Settings
        The update rule and what regularizes.
    golden : list of Opened
    recorded : dict
        θ after so many updates.
    batches : list of arrays of int
        The examples of the first steps.
    masks : list of dict or None
        Dropout masks by layer of those steps; None without dropout.
    costs : list of float
        J before each update.
    rates : list of float
        α of each update.
    stopped : str
        Why it ended before its last step; else empty.
    """

    settings: Settings
    golden: list[Opened] = field(default_factory=list)
    recorded: dict[int, Parameters] = field(default_factory=dict)
    batches: list[AnyArray] = field(default_factory=list)
    masks: list[dict[int, Array]] | None = None
    costs: list[float] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)
    stopped: str = ""


def record(network: Network, X: Array, Y: Array, options: Mapping[str, Any]) -> Recording:
    """Train a copy of a network with the equations and keep what a page needs.

    Parameters
    ----------
    network : Network
        It is not changed.
    X, Y : arrays of shape (n_x, m) and (n_L, m)
    options : mapping
        Of `Network.steps`.

    Raises
    ------
    ShapeError, DataError, ConfigurationError
        If an option does not fit.
    DivergenceError
        If not even the first step stays finite.
    """
    learner = copy(network)
    learner.engine = "reference"
    m, epochs = X.shape[1], int(options["iterations"])
    steps = learner.steps(X, Y, **options)  # what does not fit is refused here
    total = epochs * n_batches(m, options.get("batch_size"))
    wanted = _snapshots(total, network.parameters.flat.size)
    kept: Recording | None = None
    first_two: list[Step] = []
    last: Step | None = None
    try:
        for number, step in enumerate(steps):
            if kept is None:
                kept = Recording(step.settings)
            if number in wanted:
                kept.recorded[number] = step.before
            if number < 2:
                first_two.append(step)
            kept.costs.append(step.cost)
            kept.rates.append(step.learning_rate)
            last = step
    except DivergenceError as error:
        if kept is None:
            raise
        kept.stopped = str(error)
    if kept is None or last is None:
        raise ConfigurationError("explore", "a training of one step or more", "it had none")
    done = len(kept.costs)
    kept.recorded[done] = last.after
    for number, step in dict([(0, first_two[0]), (done - 1, last), *enumerate(first_two)]).items():
        _open(kept, number, step)  # the first, then the last, then the second as far as there is room
    kept.golden.sort(key=lambda opened: opened.number)
    kept.batches = list(_batches(network, m, options, done))
    _keep_masks(kept, network, options)
    return kept


def _snapshots(total: int, size: int) -> set[int]:
    most = max(2, min(MOST_SNAPSHOTS, MOST_RECORDED // size))
    return set(evenly_spread(total + 1, most).tolist())


def _open(kept: Recording, number: int, step: Step) -> None:
    """Keep a step whole, if there is room for it."""
    trace = step.trace()
    sizes = [sum(int(np.size(entry.value)) for entry in one.trace) for one in kept.golden]
    size = sum(int(np.size(entry.value)) for entry in trace)
    if not sizes or sum(sizes) + size <= MOST_GOLDEN:
        kept.golden.append(Opened(number, step, trace))


def _batches(network: Network, m: int, options: Mapping[str, Any], steps: int) -> Iterator[AnyArray]:
    """The examples of the first steps; of full batches in the order as it is, those of one step."""
    plan = as_plan(dict(options), options.get("seed", network.seed), "explore")
    size, room = plan.batch_size, MOST_INDICES
    of = n_batches(m, size)
    for number in range(steps):
        order = plan.visit(number // of, m)
        rows = np.arange(m)[batch(order, m, size, number % of)]
        room -= len(rows)
        if number and (room < 0 or (size is None and order is None)):
            return
        yield rows


def _keep_masks(kept: Recording, network: Network, options: Mapping[str, Any]) -> None:
    """The masks of the first steps; as many batches are kept as there are masks."""
    shape, settings = network.architecture, kept.settings
    rates = settings.dropout_of(shape)
    if not any(rates) or options.get("dropout_schedule") is not None:
        return
    units = sum(n for n, rate in zip(shape.layer_dims[1:-1], rates, strict=True) if rate)
    rows, room = kept.batches, MOST_MASKS
    if len(rows) == 1:  # full batches: each step has all examples
        rows = rows * len(kept.costs)
    kept.batches, kept.masks = [], []
    for number, examples in enumerate(rows):
        room -= units * len(examples)
        if number and room < 0:
            return
        kept.batches.append(examples)
        kept.masks.append(
            dropout_masks(
                shape, rates, len(examples), seed=settings.seed, step=number + 1, dtype=network.dtype
            )
        )
