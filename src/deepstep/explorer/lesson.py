"""A lesson: everything that a page needs to show a network, as plain JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from inspect import signature
from typing import Any, TypeAlias

import numpy as np

from deepstep.engines import Settings
from deepstep.equations import HEADS, get_head, get_optimizer
from deepstep.errors import ConfigurationError
from deepstep.explorer.examples import choose, few_enough
from deepstep.explorer.packing import number, packed, quantity
from deepstep.explorer.recording import Opened, Recording, record
from deepstep.explorer.reproduction import program, rows_code
from deepstep.explorer.sources import formulas_of, sources_of
from deepstep.explorer.wide import EXAMPLES, check_rest, is_wide, linear_options, narrowed, with_parameters
from deepstep.inspection import TraceEntry
from deepstep.model import Network
from deepstep.model.options import LBFGS, SCHEDULED
from deepstep.network import Parameters
from deepstep.network.border import check_inputs, check_targets
from deepstep.preparation.batches import evenly_spread
from deepstep.training import History
from deepstep.types import AnyArray, Array

Document: TypeAlias = dict[str, Any]
"""A lesson: JSON's types, and no number that is not finite."""

FORMAT, VERSION = "deepstep-lesson", 1
MOST_POINTS = 500
"""Of a curve."""

KINDS = {"sigmoid": "binary", "softmax": "classes", "ordinal": "classes"}
"""What the targets of a head are; numbers else."""

SHOWN = ("optimizer", "hyperparameters", "l2", "weight_decay", "dropout", "seed")
"""Settings that a page knows by itself; of others it shows the recorded steps alone."""


@dataclass(frozen=True)
class About:
    """What the examples are, in words.

    Parameters
    ----------
    name : str
        Of the data.
    title : str
        Of the page; by default it is made of the network and the name.
    feature_names, class_names : sequence of str
        Of the rows of X, and of the classes in their order.
    code : str
        Python that makes X and Y.
    notes : sequence of str
        What a reader should know.
    history : History, optional
        Of the training that came before.

    Examples
    --------
    >>> About("flowers", class_names=("setosa", "virginica")).name
    'flowers'
    """

    name: str = "data"
    title: str = ""
    feature_names: Sequence[str] = ()
    class_names: Sequence[str] = ()
    code: str = ""
    notes: Sequence[str] = ()
    history: History | None = None


def lesson(
    network: Network,
    X: Any,
    Y: Any,
    *,
    about: About | None = None,
    learning_rate: float = 0.0075,
    iterations: int = 200,
    **options: Any,
) -> Document:
    """A network with its examples and the first steps of its training, as a page takes it.

    The numbers are Python's own, to the last bit: arrays are float64 in base64. Some steps are there with
    every quantity (``golden``), some with their parameters alone (``recorded``). Where there are more than
    500 examples, or more than fit, some are drawn. A network with more than 50,000 parameters is shown with
    16 examples, and with their coordinates for inputs, which leaves every Z, A, dA and dZ as it is.

    Parameters
    ----------
    network : Network
        It is not changed.
    X, Y : arrays of shape (n_x, m) and (n_L, m)
        Examples, as in `Network.train`.
    about : About, optional
        Names, title and notes.
    learning_rate, iterations, **options
        Of the training that the page shows, as in `Network.steps`.

    Returns
    -------
    dict
        JSON's types; see docs/explorer.md.

    Raises
    ------
    ShapeError, DataError, ConfigurationError
        If an argument does not fit, or the network is too large for a page.
    DivergenceError
        If not even the first step stays finite.

    Examples
    --------
    >>> net = Network([2, 3, 1], activation="tanh", seed=1)
    >>> document = lesson(net, [[0, 0, 1, 1], [0, 1, 0, 1]], [[0, 1, 1, 0]], iterations=3)
    >>> document["title"], document["network"]["layer_dims"], len(document["golden"])
    ('2-3-1 on data', [2, 3, 1], 3)
    """
    about = about or About()
    options = {"learning_rate": learning_rate, "iterations": iterations, **options}
    if options.get("optimizer") == LBFGS:
        raise ConfigurationError("explore", "an optimizer that makes steps", f"got {LBFGS!r}")
    for name in ("sample_weight", "class_weight"):
        if options.get(name) is not None:
            raise ConfigurationError("explore", "examples that all count alike", f"got {name}")
    X, Y = _checked(network, X, Y)
    notes = list(about.notes)
    sizes, wide = "-".join(map(str, network.architecture.layer_dims)), is_wide(network)
    if network.dtype != np.float64:
        network = with_parameters(network, network.parameters, n_inputs=X.shape[0])
        notes.append("The network is float32; this page computes in float64.")
    full = options.get("batch_size") is None
    most = EXAMPLES if wide else few_enough(network, X, Y, full_batches=full)
    chosen = choose(X, Y, most, network.seed)
    if chosen.rows is not None:
        notes.append(f"{len(chosen.rows)} of {X.shape[1]} examples, drawn from the seed.")
        about = _of_chosen(about, chosen.rows)
    X, Y = np.ascontiguousarray(chosen.X), np.ascontiguousarray(chosen.Y)
    if wide:
        network, X, options, about = _narrow(network, X, options, about, notes)
    found = record(network, X, Y, options)
    if found.stopped:
        notes.append(found.stopped)
    title = about.title or f"{sizes} on {about.name}"
    return {
        "format": FORMAT,
        "version": VERSION,
        "title": f"{title}, {X.shape[1]} examples and their span" if wide else title,
        "notes": notes,
        **_described(network, found, options),
        "parameters": _arrays(found.recorded[0]),
        "data": _data(network, X, Y, about),
        **_recorded(found),
        "history": _history(about.history, found),
        **_equations(found, options),
        "code": program(network, found.recorded[0], X, Y, about.code, options),
        "origin": "export",
        "wide": wide,
    }


def _checked(network: Network, X: Any, Y: Any) -> tuple[Array, Array]:
    shape = network.architecture
    X = check_inputs(X, shape.n_inputs, "explore", dtype=np.dtype(float))
    head = get_head(shape)
    return X, check_targets(Y, shape.n_outputs, X.shape[1], head, "explore", dtype=np.dtype(float))


def _of_chosen(about: About, rows: AnyArray) -> About:
    code = f"{about.code}\n{rows_code(rows)}" if about.code else ""
    return replace(about, code=code)


def _narrow(
    network: Network, X: Array, options: dict[str, Any], about: About, notes: list[str]
) -> tuple[Network, Array, dict[str, Any], About]:
    """The network on coordinates of its inputs, with what a reader has to know about them."""
    n_x, m = X.shape
    network, C = narrowed(network, X)
    check_rest(network)
    options, left_out = linear_options(options)
    notes.append(
        f"Wide: the {n_x:,} inputs of {m} examples stand as {len(C)} coordinates in the span of these "
        "examples, and W1 as its product with that basis. Z, A, dA, dZ and db are those of the whole network."
    )
    if left_out:
        notes.append(f"Without {', '.join(left_out)}, which would go another way in coordinates.")
    names = tuple(f"direction {index}" for index in range(1, len(C) + 1))
    return network, C, options, replace(about, feature_names=names, code="")


def _described(network: Network, found: Recording, options: Mapping[str, Any]) -> Document:
    shape, settings = network.architecture, found.settings
    beyond = _beyond(network, settings, options)
    return {
        "network": {
            "layer_dims": list(shape.layer_dims),
            "activations": list(shape.activations),
            "output": shape.output,
            "output_settings": dict(shape.output_settings),
            "normalization": list(shape.normalization),
            "input_scale": shape.input_scale,
            "parametric": list(shape.parametric),
        },
        "training": {
            "optimizer": settings.optimizer if isinstance(settings.optimizer, str) else "own",
            "hyperparameters": _hyperparameters(settings),
            "learning_rate": found.rates[0],
            "l2": settings.l2,
            "weight_decay": settings.decay,
            "batch_size": options.get("batch_size"),
            "dropout": list(settings.dropout) if isinstance(settings.dropout, tuple) else settings.dropout,
            "seed": settings.seed,
            "beyond": beyond,
        },
    }


def _hyperparameters(settings: Settings) -> dict[str, Any]:
    """Those of the update rule, its defaults among them."""
    rule = get_optimizer(settings.optimizer)
    given = {"theta", "gradient", "learning_rate", "t", *rule.state}
    defaults = {
        name: parameter.default
        for name, parameter in signature(rule.update).parameters.items()
        if name not in given
    }
    return {**defaults, **rule.settings(settings.hyperparameters)}


def _beyond(network: Network, settings: Settings, options: Mapping[str, Any]) -> list[str]:
    """What takes part in the recorded steps and has no place among the page's own settings."""
    shape, plain = network.architecture, Settings()
    others = [entry.name for entry in fields(Settings) if entry.name not in SHOWN]
    found = [name for name in others if getattr(settings, name) != getattr(plain, name)]
    found += [name for name in SCHEDULED if options.get(name) is not None]
    found += [name for name in ("order", "time_budget") if options.get(name) is not None]
    parts = {
        "normalization": any(kind != "none" for kind in shape.normalization),
        "input_scale": shape.input_scale,
        "parametric": any(shape.parametric),
        "output": shape.output not in HEADS,
        "optimizer": not isinstance(settings.optimizer, str),
    }
    return [*found, *(name for name, present in parts.items() if present)]


def _data(network: Network, X: Array, Y: Array, about: About) -> Document:
    names = list(about.feature_names) or [f"x{index}" for index in range(1, X.shape[0] + 1)]
    return {
        "X": packed(X),
        "Y": packed(Y),
        "names": names,
        "classes": list(about.class_names) or None,
        "kind": KINDS.get(network.architecture.output, "numbers"),
        "name": about.name,
    }


def _arrays(parameters: Mapping[str, Array]) -> Document:
    return {name: packed(value) for name, value in parameters.items()}


def _recorded(found: Recording) -> Document:
    masks = found.masks
    return {
        "batches": [rows.tolist() for rows in found.batches],
        "masks": masks and [{f"mask{layer}": packed(mask) for layer, mask in one.items()} for one in masks],
        "golden": [_golden(opened) for opened in found.golden],
        "recorded": [
            {"step": number, "parameters": _arrays(theta)} for number, theta in sorted(found.recorded.items())
        ],
    }


def _golden(opened: Opened) -> Document:
    step = opened.step
    state = {name: _arrays(step.after.like(slot)) for name, slot in step.state.slots.items()}
    return {
        "step": opened.number,
        "epoch": step.epoch,
        "learning_rate": step.learning_rate,
        "parameters": _arrays(step.before),
        "state": state,
        "quantities": {
            entry.name: quantity(entry.value) for entry in opened.trace if _is_quantity(entry, step.after)
        },
        "after": _arrays(step.after),
    }


def _is_quantity(entry: TraceEntry, parameters: Parameters) -> bool:
    """Whether it is not a parameter before or after the update, which stand beside the quantities."""
    return entry.name.removesuffix("′") not in parameters


def _history(before: History | None, found: Recording) -> Document:
    """The course of the cost, of the training before if there was one, else of the recorded steps."""
    if before is None:
        rows = evenly_spread(len(found.costs), MOST_POINTS)
        return {"unit": "step", "at": rows.tolist(), "cost": [number(found.costs[row]) for row in rows]}
    rows = evenly_spread(len(before), MOST_POINTS)
    columns = ("cost", *(name for name in ("validation_cost",) if len(before) and name in before[0]))
    return {
        "unit": "epoch",
        "at": rows.tolist(),
        **{name: [number(before.column(name)[row]) for row in rows] for name in columns},
    }


def _equations(found: Recording, options: Mapping[str, Any]) -> Document:
    """Where each quantity of a step comes from, with source and formula of every equation in it."""
    entries = list(found.golden[0].trace)
    names = dict.fromkeys(entry.equation for entry in entries if entry.equation)
    return {
        "entries": [
            {
                "name": entry.name,
                "layer": entry.layer,
                "phase": entry.phase,
                "formula": entry.formula,
                "equation": entry.equation,
                "source": entry.source,
            }
            for entry in entries
        ],
        "sources": sources_of(names),
        "formulas": formulas_of(names),
    }
