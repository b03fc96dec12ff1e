"""From the graph of a network to tables of numbers, by `layout.KERNELS`, and the room that steps work in."""

from collections.abc import Iterator, Mapping
from inspect import signature
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from deepstep.engines.compiled.layout import (
    BATCH,
    COSINES,
    HEADS,
    INPUT,
    KERNELS,
    KINDS,
    LAYERS,
    LINEAR,
    MAPS,
    PARAMETERS,
    PLAN,
    RELU,
    RELU_WITH_SLOPE,
    RULE_CODES,
    STAGE_CODES,
    STAGES,
    SUMS,
    Embedded,
)
from deepstep.engines.settings import Settings
from deepstep.equations import OPTIMIZERS, Graph, Head, get_optimizer
from deepstep.equations.ops import symbol_and_layer
from deepstep.equations.updates import EPSILON_AT
from deepstep.network import Architecture
from deepstep.types import AnyArray, Array


def why_no_kernel(architecture: Architecture, settings: Settings) -> str:
    """The parts of a network and its settings without a kernel; empty if all have one."""
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
    if architecture.output not in HEADS:
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
    embedded: Embedded


def tables_of(architecture: Architecture, settings: Settings, dtype: Any) -> Tables:
    """The tables of a network that is trained with these settings."""
    graph = architecture.graph
    layers = np.zeros(architecture.n_layers + 1, LAYERS)
    parameters = np.zeros(len(graph.layout), PARAMETERS)
    layers["size"] = graph.layers[0].n_in, *(layer.n for layer in graph.layers)
    layers["unit"][1:] = np.cumsum([0, *layers["size"][1:-1]])
    layers["drop"][1:-1] = settings.dropout_of(architecture)
    for kind in KINDS:
        layers[kind] = -1
    for node in graph.to_logits:
        for column, number in KERNELS[node.op.forward_equation.function].columns.items():
            layers[column][node.layer] = number
    rates, decays = (settings.factors_by_name(kind, dict(graph.layout)) for kind in ("rate", "decay"))
    offset = 0
    starts = {}
    for row, (name, (rows, columns)) in enumerate(graph.layout):
        symbol, l = symbol_and_layer(name)
        starts[name] = offset
        parameters[row] = offset, rows * columns, rates[name], settings.decay * decays[name]
        if symbol in KINDS:
            layers[symbol][l], layers["rows"][l, KINDS.index(symbol)] = offset, row
        offset += rows * columns
    hides = (layers["activation"] == RELU) & (layers["drop"] > 0)
    layers["activation"][hides] = RELU_WITH_SLOPE
    return Tables(layers, parameters, stages_of(graph, starts, dtype))


def stages_of(graph: Graph, starts: Mapping[str, int], dtype: type) -> Embedded:
    """The stages of a graph whose parameters begin where ``starts`` says."""
    nodes = [node for node in graph.to_logits if node.op.forward_equation.function in STAGE_CODES]
    if not nodes:
        return Embedded(np.zeros(0, STAGES), np.zeros(0, np.int64), 0, np.zeros(0, dtype))
    shapes, options = dict(graph.layout), graph.layers[0].options
    stages, picks, sizes = list[dict[str, int]](), list[int](), {"A0": graph.layers[0].n_prev}
    for node in nodes:
        kind, n = STAGE_CODES[node.op.forward_equation.function], sizes[node.reads[0]]
        learned = [name for name in node.reads if name in shapes]
        (rows, each), chosen, d = shapes[learned[0]], [], 0
        if kind == COSINES:
            value = options["periodic_embedding"]
            inputs = value.get("inputs") if isinstance(value, Mapping) else None
            chosen = list(range(n)) if inputs is None else list(map(int, inputs))
            count, written = rows, 2 * rows * each  # the sines follow
        else:
            count = sizes[node.reads[1]] // (2 * each)
            d, written = rows // count, n + rows
        stage = {"kind": kind, "n": n, "picks": len(picks), "count": count, "each": each, "d": d}
        stages.append(stage | {"first": starts[learned[0]], "second": starts[learned[-1]]})
        picks += chosen
        sizes[node.writes[0]] = written
    last = nodes[-1].writes[0]
    order = [last, *(name for name in sizes if name != last)]
    row = dict(zip(order, np.cumsum([0, *(sizes[name] for name in order)]).tolist(), strict=False))
    for stage, node in zip(stages, nodes, strict=True):
        stage |= {"reads": row[node.reads[0]], "writes": row[node.writes[0]]}
        stage["cosines"] = row[node.reads[1]] if stage["kind"] == MAPS else 0
    names = STAGES.names or ()
    table = np.array([tuple(stage[name] for name in names) for stage in stages], STAGES)
    return Embedded(table, np.array(picks, np.int64), sum(sizes.values()), np.zeros(0, dtype))


def plan_of(settings: Settings, head: Head, tables: Tables) -> AnyArray:
    """The settings of a session as a row of `PLAN`."""
    optimizer = get_optimizer(settings.optimizer)
    defaults = signature(optimizer.update).parameters
    values: dict[str, Any] = {name: entry.default for name, entry in defaults.items()}
    values |= optimizer.settings(settings.optimizer_params)
    plan = np.zeros(1, PLAN)
    plan["rule"] = RULE_CODES[optimizer.update]
    plan["head_setting"] = head.settings.get("smoothing", head.settings.get("delta", 0))
    plan["beta1"] = values.get("beta1", values.get("beta", 0))
    for name in ("beta2", "epsilon"):
        plan[name] = values.get(name, 0)
    plan["epsilon_at"] = list(EPSILON_AT).index(values.get("epsilon_at", "outside"))
    for name in ("l1", "l2", "clip_value", "clip_norm"):
        plan[name] = getattr(settings, name) or 0
    plan["seed"] = np.uint64(settings.seed).astype(np.int64)  # its bits: kernels take it as it was
    plan["n_x"] = tables.layers["size"][0]
    if tables.embedded.rows:
        first = tables.embedded.stages[0]
        plan["n_x"], plan["inputs"] = first["n"], first["reads"]
    return plan


def running_statistics(layers: AnyArray, statistics: Mapping[str, Array], dtype: Any) -> Array:
    """Mean and variance of all units (2, units), from "mean1", …; empty where no layer is normalized."""
    if not layers["normalization"].any():
        return np.zeros((2, 0), dtype)
    running = np.zeros((2, int(layers["size"][1:].sum())), dtype)
    for name, row, units in _normalized_by_batch(layers):
        running[row, units] = statistics[name][:, 0]
    return running


def statistics_of(layers: AnyArray, running: Array) -> dict[str, Array]:
    """Copies of the statistics "mean1", … that are in those of all units."""
    return {name: running[row, units, np.newaxis].copy() for name, row, units in _normalized_by_batch(layers)}


def _normalized_by_batch(layers: AnyArray) -> Iterator[tuple[str, int, slice]]:
    """Each statistic's name with its row and units among those of all units."""
    for l in np.flatnonzero(layers["normalization"] == BATCH):
        first = int(layers["unit"][l])
        for row, kind in enumerate(("mean", "variance")):
            yield f"{kind}{l}", row, slice(first, first + int(layers["size"][l]))


TILE = 2**17
"""Numbers of a part of the gradient: BLAS packs the inputs again for each part, so parts are large, and yet
stay in the cache until the update has used them. (Measured: 2^15 took 9 % longer at 784-512-512-10, 5 % at
50-512-512-512-2; more than 2^17 changed nothing.)
"""

LEAST_ROWS = 16
"""Units at once where rows of weights are long: each part reads all inputs of the batch once more."""


def tile_of(layers: AnyArray, n_parameters: int) -> int:
    """How many numbers of the gradient one thread makes at once: some rows of weights at least."""
    return min(max(TILE, LEAST_ROWS * int(layers["size"].max())), n_parameters)


class Work(NamedTuple):
    """Room of the network's dtype, kept from step to step; units have a row of ``stride`` numbers each."""

    inputs: Array  # the gathered batch, flat: rows of examples, or of inputs where they are turned
    A: Array  # activations
    D: Array  # dZ; before that g′(Z)
    U: Array  # normalized inputs U_hat; empty without normalization
    S: Array  # dA of a layer on its way to dZ; empty where relu alone is used
    targets: Array  # a row for each output, flat
    rows: Array  # (4 + layers, stride), see WEIGHT, …
    gradient: Array  # a part of ∂J/∂θ for each thread, or all of it, flat
    shared: Array  # float64 (n_threads, k): sums that threads tell each other
    moments: Array  # float64 (2, units): mean and variance of the batch, where layers are normalized
    scaled: Array  # W_s1 in the forward pass, then W1 ∘ dW_s1, where inputs have factors


class Room(NamedTuple):
    """The arrays of a step; what few routines take is no part of the record that each call copies."""

    work: Work
    embedded: Embedded


def stride_for(m: int) -> int:
    """Numbers from unit to unit: whole vectors, and an odd number of them, as after a power of two units push
    each other out of the cache.

    >>> stride_for(60), stride_for(64), stride_for(256), stride_for(1000)
    (64, 64, 272, 1008)
    """
    vectors = -(-m // 16)
    return 16 * (vectors | 1 if m > 64 else vectors)


def room_for(tables: Tables, m: int, n_threads: int, *, n_gradient: int, n_inputs: int, dtype: Any) -> Room:
    """Room for batches of m examples; so many numbers of the gradient, and of inputs that are copied."""
    layers, _, embedded = tables
    sizes, stride = layers["size"], stride_for(m)
    units, widest = int(sizes[1:].sum()), int(sizes[1:].max())
    normalized = bool(layers["normalization"].any())

    def room(rows: int, needed: Any = True) -> Array:
        return np.zeros(rows * stride if needed else 0, dtype)

    work = Work(
        inputs=np.zeros(n_inputs, dtype),
        A=room(units),
        D=room(units),
        U=room(units, normalized),
        S=room(widest, (layers["activation"][1:-1] != RELU).any()),
        targets=room(int(sizes[-1])),
        rows=room(4 + len(sizes)).reshape(-1, stride),
        gradient=np.zeros(n_gradient, dtype),
        shared=np.zeros((n_threads, SUMS + 4 * units * normalized)),
        moments=np.zeros((2, units * normalized)),
        scaled=np.zeros(int(sizes[0] * sizes[1]) * int(layers["s"][1] >= 0), dtype),
    )
    return Room(work, embedded._replace(room=room(embedded.rows)))
