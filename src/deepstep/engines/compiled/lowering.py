"""From the graph of a network to tables of numbers: each file of kernels declares what it lowers."""

from collections.abc import Callable, Mapping
from inspect import signature
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from deepstep.engines.compiled import activations, draws, embeddings, gradient, normalization
from deepstep.engines.compiled.activations import RELU, RELU_WITH_SLOPE
from deepstep.engines.compiled.embeddings import Embedded, stages_of
from deepstep.engines.compiled.heads import HEAD_CODES
from deepstep.engines.compiled.layout import (
    BATCH,
    INPUT,
    KINDS,
    LAYERS,
    LINEAR,
    PARAMETERS,
    PLAN,
    Lowers,
)
from deepstep.engines.compiled.updates import EPSILON_AT, RULE_CODES
from deepstep.engines.settings import Settings
from deepstep.equations import OPTIMIZERS, Head, get_optimizer
from deepstep.equations.ops import symbol_and_layer
from deepstep.network import Architecture
from deepstep.types import AnyArray, Array

KERNELS: dict[Callable[..., Any], Lowers] = {}
"""The equation of a forward pass → how it is lowered."""

for _kernels in (gradient, normalization, activations, draws, embeddings):
    KERNELS |= _kernels.LOWERS


def why_not(architecture: Architecture, settings: Settings) -> str:
    """What of a network and its settings has no kernel; empty where all has one."""
    nodes = architecture.graph.to_logits
    for node in nodes:
        equation = node.op.forward_equation
        if equation.function not in KERNELS:
            return f"the compiled engine has no kernel of {equation.name!r}"
    for number in range(1, architecture.n_layers + 1):
        places = [KERNELS[node.op.forward_equation.function].place for node in nodes if node.layer == number]
        ordered = all(a < b or a == b == INPUT for a, b in pairwise(places)) and LINEAR in places
        if not ordered or (number > 1 and min(places) < LINEAR):
            return f"the compiled engine has no kernel of operations in the order of layer {number}"
    if architecture.output not in HEAD_CODES:
        return f"the compiled engine has no kernel of the head {architecture.output!r}"
    rule = get_optimizer(settings.optimizer).update
    if rule not in RULE_CODES:
        names = [repr(name) for name, known in OPTIMIZERS.items() if known.update is rule]
        return f"the compiled engine has no kernel of {(*names, 'the update rule')[0]}"
    return ""


class Tables(NamedTuple):
    """A network as numbers: its layers, its parameters, and what comes before layer 1."""

    layers: AnyArray
    parameters: AnyArray
    embedded: Embedded | None


def tables_of(architecture: Architecture, settings: Settings, dtype: Any) -> Tables:
    """The tables of a network that is trained with these settings."""
    graph = architecture.graph
    layers = np.zeros(architecture.n_layers + 1, LAYERS)
    parameters = np.zeros(len(graph.layout), PARAMETERS)
    layers["size"] = graph.layers[0].n_in, *(layer.n for layer in graph.layers)
    layers["unit"][1:] = np.cumsum([0, *layers["size"][1:-1]])
    layers["drop"][1:-1] = settings.dropout_of(architecture)
    layers["blocks"] = 1
    for kind in KINDS:
        layers[kind] = -1
    for node in graph.to_logits:
        for column, number in KERNELS[node.op.forward_equation.function].columns.items():
            layers[column][node.layer] = number
    rates, decays = (settings.factors_by_name(kind, dict(graph.layout)) for kind in ("rate", "decay"))
    at, starts = 0, {}
    for row, (name, (rows, columns)) in enumerate(graph.layout):
        symbol, l = symbol_and_layer(name)
        kind = "s" if symbol == "r" else symbol
        starts[name] = at
        parameters[row] = at, rows, columns, symbol == "W", rates[name], settings.decay * decays[name]
        if kind in KINDS:
            layers[kind][l], layers["own"][l, KINDS.index(kind)] = at, row
        if symbol == "r":
            layers["blocks"][l] = rows
        if symbol == "W" and rows > layers["size"][l]:
            layers["blocks"][l] = rows // layers["size"][l]
        at += rows * columns
    hides = (layers["activation"] == RELU) & ((layers["drop"] > 0) | (layers["alpha"] >= 0))
    layers["activation"][hides] = RELU_WITH_SLOPE
    return Tables(layers, parameters, stages_of(graph, starts, dtype))


def plan_of(settings: Settings, head: Head, tables: Tables) -> AnyArray:
    """The settings of a session as a row of `PLAN`."""
    optimizer = get_optimizer(settings.optimizer)
    defaults = signature(optimizer.update).parameters
    values: dict[str, Any] = {name: entry.default for name, entry in defaults.items()}
    values |= optimizer.settings(settings.hyperparameters)
    plan = np.zeros(1, PLAN)
    plan["head"], plan["rule"] = HEAD_CODES[head.name], RULE_CODES[optimizer.update]
    plan["head_setting"] = head.settings.get("smoothing", head.settings.get("delta", 0))
    plan["beta1"] = values.get("beta1", values.get("beta", 0))
    for name in ("beta", "beta2", "epsilon"):
        plan[name] = values.get(name, 0)
    plan["epsilon_at"] = EPSILON_AT.index(values.get("epsilon_at", EPSILON_AT[0]))
    for name in ("l1", "l2", "clip_value", "clip_norm", "max_norm", "average"):
        plan[name] = getattr(settings, name) or 0
    plan["seed"] = np.uint64(settings.seed).astype(np.int64)  # its bits: kernels take it as it was
    plan["n_x"] = tables.layers["size"][0]
    if tables.embedded is not None:
        first = tables.embedded.stages[0]
        plan["n_x"], plan["inputs"] = first["n"], first["reads"]
    return plan


def levels_of(settings: Mapping[str, Any]) -> Array:
    """The levels of quantiles; empty for other heads."""
    return np.array(settings.get("levels", ()), np.float64)


def running_statistics(layers: AnyArray, statistics: Mapping[str, Array], dtype: Any) -> Array | None:
    """Mean and variance of all units (2, units), from "mean1", …; None where no layer is normalized."""
    if not layers["normalization"].any():
        return None
    running = np.zeros((2, int(layers["size"][1:].sum())), dtype)
    for l in np.flatnonzero(layers["normalization"] == BATCH):
        units = slice(layers["unit"][l], layers["unit"][l] + layers["size"][l])
        running[0, units], running[1, units] = statistics[f"mean{l}"][:, 0], statistics[f"variance{l}"][:, 0]
    return running
