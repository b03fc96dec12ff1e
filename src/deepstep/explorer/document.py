"""A lesson: the document of a page about a network, as plain JSON, with the first steps of its training.

The page checks its own arithmetic with these steps.
"""

from base64 import b64encode
from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass, field, fields
from functools import partial
from itertools import islice
from typing import Any, TypeAlias

import numpy as np

from deepstep.engines import Settings
from deepstep.engines.draws import dropout_masks
from deepstep.equations import get_optimizer
from deepstep.errors import ConfigurationError, DivergenceError
from deepstep.explorer.page import number, packed
from deepstep.explorer.reproduction import reproduce_code
from deepstep.explorer.shown import (
    About,
    Shown,
    equations_of_a_page,
    formulas_of,
    shown,
    sources_of,
    unsupported_features,
)
from deepstep.inspection import Trace, TraceEntry
from deepstep.inspection.trace_step import Step
from deepstep.model import Network
from deepstep.network import Parameters
from deepstep.plots import TrainingCurveDisplay
from deepstep.preparation.batches import as_they_are, batch, evenly_spread, n_batches, shuffled
from deepstep.training import History
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
    for step in range(1 if is_same else total):
        epoch, index = divmod(step, per_epoch)
        visit = order(epoch, m)
        rows = np.arange(m)[batch(None if visit is None else np.asarray(visit), m, size, index)]
        indices, numbers = indices - len(rows), numbers - units * len(rows)
        if step and min(indices, numbers) < 0:
            break
        recording.batches.append(rows)
        if recording.masks is not None:
            draw = partial(dropout_masks, seed=int(settings.seed), step=step + 1, dtype=network.dtype)
            recording.masks.append(draw(network.architecture, rates, len(rows)))
    return total if is_same or apart else len(recording.batches)


Document: TypeAlias = dict[str, Any]
"""A lesson: JSON types, and finite numbers only."""

FORMAT, VERSION = "deepstep-lesson", 1
ENTRY = ("name", "layer", "phase", "formula", "equation", "source")
MOST_POINTS = 500  # of a curve
KINDS = {"sigmoid": "binary", "softmax": "classes", "ordinal": "classes"}  # of targets; others: numbers


def lesson(
    network: Network,
    X: Any,
    Y: Any,
    *,
    about: About | None = None,
    learning_rate: float = 0.0075,
    iterations: int = 200,
    opened: tuple[int, ...] = (),
    **options: Any,
) -> Document:
    """The document of a page: a network with its examples and the first steps of its training.

    Numbers are exact: arrays are float64 in base64. Some steps have every quantity (``golden``), some only
    their parameters (``recorded``). At most 500 examples are shown, fewer if they are large; they are drawn
    from the seed. A network with more than 50,000 parameters is shown with 16 examples, and with their
    coordinates as inputs, which does not change Z, A, dA and dZ.

    Parameters
    ----------
    network : Network
        The network, which is not changed.
    X, Y : array of shape (n_x, m) and (n_L, m)
        Examples, as in `Network.train`.
    about : About, optional
        Names, title and notes.
    learning_rate : float, optional
        The learning rate of the training that the page shows.
    iterations : int, optional
        Epochs of that training.
    opened : tuple of int, optional
        Numbers of the updates with every quantity. By default the first, the second and the last one.
    **options
        Other arguments of `Network.steps`.

    Returns
    -------
    dict
        JSON types; see docs/explorer.md.

    Raises
    ------
    ShapeError, DataError, ConfigurationError
        If an argument does not fit, or the network is too large for a page.
    DivergenceError
        If the first step has values that are not finite.

    Examples
    --------
    >>> net = Network([2, 3, 1], activation="tanh", seed=1)
    >>> document = lesson(net, [[0, 0, 1, 1], [0, 1, 0, 1]], [[0, 1, 1, 0]], iterations=3)
    >>> document["title"], document["network"]["layer_dims"], len(document["golden"])
    ('2-3-1 on data', [2, 3, 1], 3)
    """
    iterations = options.pop("epochs", iterations)
    options = {"learning_rate": learning_rate, "iterations": iterations, **options}
    return document_of(shown(network, X, Y, about or About(), options), opened)


def document_of(what: Shown, opened: tuple[int, ...] = ()) -> Document:
    """The lesson with these contents, and every quantity of the updates that are opened."""
    network, X, Y, options, about = what.network, what.X, what.Y, what.options, what.about
    notes = list(about.notes)
    recording = record(network, X, Y, options, opened)
    if recording.stopped:
        notes.append(recording.stopped)
    return {
        "format": FORMAT,
        "version": VERSION,
        "title": about.title,
        "notes": notes,
        **_described(network, recording, options),
        "parameters": _arrays(recording.recorded[0]),
        "data": _data(what),
        **_recorded(recording),
        "history": _history(about.history, recording),
        **_equations(recording),
        "code": reproduce_code(network, recording.recorded[0], X, Y, about.code, options),
        "origin": "export",
        "wide": what.wide,
    }


def _described(network: Network, recording: Recording, options: Mapping[str, Any]) -> Document:
    shape, settings, size = network.architecture, recording.settings, options.get("batch_size")
    rates = settings.dropout_of(shape)
    return {
        "network": {
            "layer_dims": list(shape.layer_dims),
            "activations": list(shape.activations),
            "output": shape.output,
            "output_settings": dict(shape.output_settings),
            "normalization": list(shape.normalization),
            "input_scale": shape.input_scale,
            "seed": network.seed,
        },
        "training": {
            "optimizer": settings.optimizer if isinstance(settings.optimizer, str) else "own",
            "optimizer_params": _optimizer_params(settings),
            "learning_rate": float(options["learning_rate"]),
            "l2": float(settings.l2),
            "weight_decay": settings.decay,
            **_multipliers(settings, recording.recorded[0]),
            "batch_size": None if size is None else int(size),
            "dropout": list(rates) if len(set(rates)) > 1 else max(rates, default=0.0),
            "seed": int(settings.seed),
            "beyond": unsupported_features(network, options),
        },
    }


def _multipliers(settings: Settings, parameters: Parameters) -> dict[str, dict[str, float]]:
    """Multipliers of learning rate and weight decay by names of parameters, if any are given."""
    kinds = {"lr_multipliers": "rate", "weight_decay_multipliers": "decay"}
    return {
        name: settings.factors_by_name(kind, parameters)
        for name, kind in kinds.items()
        if getattr(settings, name)
    }


def _optimizer_params(settings: Settings) -> dict[str, Any]:
    """The parameters of the optimizer, with its defaults."""
    rule = get_optimizer(settings.optimizer)
    arguments = rule.arguments.items()
    defaults = {
        name: argument.default for name, argument in arguments if argument.default is not argument.empty
    }
    return {**defaults, **rule.settings(settings.optimizer_params)}


def _data(what: Shown) -> Document:
    about = what.about
    numbered = [f"x{k}" for k in range(1, what.X.shape[0] + 1)]
    names = about.feature_names if len(about.feature_names) else numbered
    return {
        "X": packed(what.X),
        "Y": packed(what.Y),
        "names": list(map(str, names)),
        "classes": list(map(str, about.class_names)) or None,
        "kind": KINDS.get(what.network.architecture.output, "numbers"),
        "name": about.name,
        **_images(what),
    }


def _images(what: Shown) -> Document:
    """The shape of inputs that are pixels, or the pictures of wide inputs as bytes."""
    if what.pictures is not None:
        pixels = b64encode(what.pictures.tobytes()).decode("ascii")
        return {"pictures": {"shape": list(what.pictures.shape), "u8": pixels}}
    return {"image_shape": list(what.about.image_shape)} if what.about.image_shape and not what.wide else {}


def _arrays(parameters: Mapping[str, Array]) -> Document:
    return {name: packed(value) for name, value in parameters.items()}


def _recorded(recording: Recording) -> Document:
    masks = recording.masks
    snapshots = sorted(recording.recorded.items())
    return {
        "batches": [rows.tolist() for rows in recording.batches],
        "masks": masks and [{f"A{layer}": packed(mask) for layer, mask in step.items()} for step in masks],
        "golden": [_golden(step, trace) for step, trace in recording.golden],
        "recorded": [{"step": number, "parameters": _arrays(theta)} for number, theta in snapshots],
    }


def _golden(step: Step, trace: Trace) -> Document:
    slots = {
        f"{slot}_d{name}": packed(value)
        for slot, vector in step.state.slots.items()
        for name, value in step.after.like(vector).items()
    }
    return {
        "step": step.number,
        "epoch": step.epoch,
        "learning_rate": step.learning_rate,
        "parameters": _arrays(step.before),
        "slots": slots,
        "quantities": {
            entry.name: packed(entry.value) if entry.shape else number(entry.value)
            for entry in trace
            if _is_quantity(entry, step.after)
        },
        "after": _arrays(step.after),
    }


def _is_quantity(entry: TraceEntry, parameters: Parameters) -> bool:
    """Whether it is no parameter before or after the update, which have entries of their own."""
    return entry.name.removesuffix("′") not in parameters


def _history(before: History | None, recording: Recording) -> Document:
    """The training curve: of the training so far if there was one, else of the recorded steps."""
    if not before:
        costs = recording.costs
        rows = evenly_spread(len(costs), MOST_POINTS)
        return {"unit": "step", "at": rows.tolist(), "cost": [number(costs[row]) for row in rows]}
    curves = TrainingCurveDisplay.from_history(before)
    rows = evenly_spread(len(before), MOST_POINTS)
    columns = {"cost": curves.costs, "validation_cost": curves.validation_costs, **curves.metrics}
    return {
        "unit": "epoch",
        "at": curves.epochs[rows].astype(int).tolist(),
        "text": curves.describe(),
        **{
            name: [number(values[row]) if name in before[row] else None for row in rows]
            for name, values in columns.items()
            if values is not None
        },
    }


def _equations(recording: Recording) -> Document:
    """The equation of each quantity of a step; source and formula of these and of the page's equations."""
    _, trace = recording.golden[0]
    entries = list(trace)
    used = (entry.equation for entry in entries if entry.equation)
    names = dict.fromkeys([*used, *equations_of_a_page()])
    return {
        "entries": [{name: getattr(entry, name) for name in ENTRY} for entry in entries],
        "sources": sources_of(names),
        "formulas": formulas_of(names),
    }
