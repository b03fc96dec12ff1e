"""Some steps of a training, recorded: what a page shows, and checks its own arithmetic by."""

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import numpy as np

from deepstep.engines import Settings
from deepstep.engines.draws import dropout_masks
from deepstep.errors import ConfigurationError, DivergenceError
from deepstep.explorer.abilities import SETTINGS
from deepstep.inspection import Trace
from deepstep.model import Network
from deepstep.model.step import Step
from deepstep.network import Parameters
from deepstep.preparation.batches import as_they_are, batch, evenly_spread, n_batches, shuffled
from deepstep.types import AnyArray, Array

MOST_GOLDEN = 60_000
"""Numbers in all golden steps together; the first step is always there."""

MOST_RECORDED = 20_000
"""Numbers in all recorded parameters together; the first and the last are always there."""

MOST_SNAPSHOTS = 40
MOST_INDICES = 40_000
"""Examples in all batches that are listed."""

MOST_MASKS = 40_000
"""Numbers in all masks that are kept."""


@dataclass(frozen=True)
class Opened:
    """A step with every quantity."""

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
    stopped : str
        Why it ended before its last step; else empty.
    """

    settings: Settings
    golden: list[Opened] = field(default_factory=list)
    recorded: dict[int, Parameters] = field(default_factory=dict)
    batches: list[AnyArray] = field(default_factory=list)
    masks: list[dict[int, Array]] | None = None
    costs: list[float] = field(default_factory=list)
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
    steps = learner.steps(X, Y, **options)  # what does not fit is refused here
    total = int(options["iterations"]) * n_batches(X.shape[1], options.get("batch_size"))
    kept = Recording(Settings.of("explore", **{"seed": network.seed, **_settings(options)}))
    _list_draws(kept, network, X.shape[1], options, total)
    known = total if kept.masks is None and options.get("batch_size") is None else len(kept.batches)
    if known < total:
        kept.stopped = (
            f"The first {known} of {total} updates are recorded; draws after them are the page's own."
        )
    wanted = _snapshots(known, network.parameters.flat.size)
    walked: list[Step] = []
    try:
        for number, step in enumerate(islice(steps, known)):
            if number in wanted:
                kept.recorded[number] = step.before
            walked = [*walked[:2], step]
            kept.costs.append(step.cost)
    except DivergenceError as error:
        if not walked:
            raise
        kept.stopped = str(error)
    if not walked:
        raise ConfigurationError("explore", "a training of one step or more", "it had none")
    kept.recorded[len(kept.costs)] = walked[-1].after
    for step in {step.number: step for step in (walked[0], walked[-1], *walked)}.values():
        _open(kept, step)  # the first, then the last, then the second, as far as there is room
    kept.golden.sort(key=lambda opened: opened.step.number)
    return kept


def _settings(options: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if name in SETTINGS and value is not None}


def _snapshots(total: int, size: int) -> set[int]:
    most = max(2, min(MOST_SNAPSHOTS, MOST_RECORDED // size))
    return set(evenly_spread(total + 1, most).tolist())


def _open(kept: Recording, step: Step) -> None:
    """Keep a step whole, if there is room for it."""
    trace = step.trace()
    size, before = _numbers(trace), sum(_numbers(opened.trace) for opened in kept.golden)
    if not kept.golden or before + size <= MOST_GOLDEN:
        kept.golden.append(Opened(step, trace))


def _numbers(trace: Trace) -> int:
    return sum(int(np.size(entry.value)) for entry in trace)


def _list_draws(kept: Recording, network: Network, m: int, options: Mapping[str, Any], total: int) -> None:
    """The examples and the masks of the first steps, as far as there is room.

    Full batches without dropout are the same in every step, which stands there once.
    """
    shape, settings, size = network.architecture, kept.settings, options.get("batch_size")
    rates, seed = settings.dropout_of(shape), int(settings.seed)
    masked = sum(n for n, rate in zip(shape.layer_dims[1:-1], rates, strict=True) if rate)
    kept.masks = [] if masked else None
    order, of = shuffled(network.seed) if size is not None else as_they_are, n_batches(m, size)
    indices, numbers = MOST_INDICES, MOST_MASKS
    for number in range(total if masked or size is not None else 1):
        rows = np.arange(m)[batch(order(number // of, m), m, size, number % of)]
        indices, numbers = indices - len(rows), numbers - masked * len(rows)
        if number and min(indices, numbers) < 0:
            return
        kept.batches.append(rows)
        if kept.masks is not None:
            step = number + 1
            masks = dropout_masks(shape, rates, len(rows), seed=seed, step=step, dtype=network.dtype)
            kept.masks.append(masks)
