"""Models that can be exported: estimators, runs and networks, as programs and with their own outputs.

A network becomes steps: each operation of its graph, by the name of its equation.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from deepstep.ensembles.ensemble import Ensemble
from deepstep.environment import polars
from deepstep.equations import ACTIVATIONS, get_head
from deepstep.equations.ops import Node
from deepstep.errors import ConfigurationError
from deepstep.export.columns import Inputs, encoded_value, features_value
from deepstep.export.program import RAW, RUNTIME, Builder, Input, Program, Result, Written
from deepstep.export.rows import stored_rows
from deepstep.model import Network
from deepstep.network.architecture import Model
from deepstep.preparation import ImagePreparation, TablePreparation
from deepstep.run import Run
from deepstep.targets import PROBABILITIES, Targets
from deepstep.types import AnyArray, Array

Quantity: TypeAlias = Any
"""On the tape: a constant, the name of a value, or weights with factors of the inputs, (W, s)."""


def network_value(builder: Builder, network: Network, inputs: str) -> str:
    """Add the steps of a network; the name of its output AL (m, n_L)."""
    graph = network.architecture.graph.predicting
    tape: dict[str, Quantity] = {"A0": inputs, **network.parameters, **network.statistics}
    for node in graph.nodes:
        write = _writer(node)
        tape[node.writes[0]] = write(builder, node, *[tape[name] for name in node.reads])
    output: str = tape[graph.output]
    return output


def _writer(node: Node) -> Callable[..., Quantity]:
    """The function that writes the steps of a node."""
    name = node.op.forward_equation.name
    is_registered = ACTIVATIONS.get(name) is not None and name not in ACTIVATIONS.built_in
    if name in STEPS and not is_registered:  # a user's activation may have the name of a step
        return STEPS[name]
    if name in ACTIVATIONS.built_in and name in RUNTIME.OPERATIONS:
        return lambda builder, node, Z: builder.add(name, Z)
    known = dict.fromkeys([*STEPS, *sorted(ACTIVATIONS.built_in)])
    requirement = f"made of operations that can be exported, {', '.join(known)}"
    hint = "Register no operation of your own, or export with deepstep itself: Network.save."
    raise ConfigurationError.must_be("network", requirement, f"{name!r} in layer {node.layer}", hint)


def _cumulative(builder: Builder, Z: str, sign: float) -> str:
    """Sums of Z₁, ±softplus(Z₂), ±softplus(Z₃), … from the left."""
    n = builder.widths[Z]
    if n == 1:
        return Z
    rest = builder.affine(builder.add("softplus", builder.take(Z, range(1, n))), sign)
    return builder.add("cumulative_sum", builder.concat(builder.take(Z, [0]), rest))


def _ordinal(builder: Builder, node: Node, Z: str) -> str:
    return builder.add("sigmoid", _cumulative(builder, Z, -1.0))


def _linear(builder: Builder, node: Node, A: str, W: Any, b: AnyArray | None = None) -> str:
    if isinstance(W, tuple):  # weights with factors of the inputs
        W, s = W
        A = builder.affine(A, s[:, 0])
    bias = np.zeros(len(W), W.dtype) if b is None else b[:, 0]
    return builder.add("linear", A, W=W, b=bias)


def _normalize_fixed(builder: Builder, node: Node, U: str, mean: AnyArray, variance: AnyArray) -> str:
    deviation = np.sqrt(np.float64(variance[:, 0]) + _settings(node)["epsilon"])
    return builder.affine(U, 1 / deviation, -mean[:, 0] / deviation)


def _cosines(builder: Builder, node: Node, X: str, omega: AnyArray, phi: AnyArray) -> str:
    inputs = _settings(node)["inputs"]
    index = np.arange(len(omega)) if inputs is None else np.array(inputs)
    x = builder.take(X, np.repeat(index, omega.shape[1]))
    return builder.add("cosine", builder.affine(x, 2 * np.pi * np.float64(omega.ravel()), phi.ravel()))


def _input_maps(builder: Builder, node: Node, X: str, C: str, V: AnyArray, a: AnyArray) -> str:
    K = V.shape[1]
    maps = V.reshape(builder.widths[C] // K, -1, K)
    return builder.concat(X, builder.add("grouped_linear", C, V=maps, a=a[:, 0]))


def _settings(node: Node) -> Mapping[str, Any]:
    """The settings of an operation, those by default among them."""
    forward: Any = node.op.forward
    usual = getattr(forward, "func", forward).__kwdefaults__ or {}
    return {**usual, **getattr(forward, "keywords", {})}


STEPS: dict[str, Callable[..., Quantity]] = {
    "identity": lambda builder, node, Z: Z,
    "increasing": lambda builder, node, Z: _cumulative(builder, Z, 1.0),
    "ordinal": _ordinal,
    "linear_forward": _linear,
    "product_forward": _linear,
    "scaled_weights": lambda builder, node, W, s: (W, s),
    "normalize_fixed": _normalize_fixed,
    "normalize_layer": lambda builder, node, U: builder.add("normalize_layer", U, settings=_settings(node)),
    "scale_shift_forward": lambda builder, node, U, gamma, b: builder.affine(U, gamma[:, 0], b[:, 0]),
    "cosine_features": _cosines,
    "input_maps_forward": _input_maps,
}
"""Operations of a graph by the name of their equation, beside the activations: how each becomes steps."""


Outputs: TypeAlias = Callable[[Mapping[str, Any]], Array]
"""Rows by column → outputs (m, n)."""


@dataclass(frozen=True)
class Exported:
    """A model as a program, with the outputs that it gives itself.

    predicted: Rows by column → outputs (m, n) of the model as it is.
    exact: Rows by column → outputs (m, n) of its equations in float64.
    precision: The precision of its networks, as names of types.
    decided: Rows by column → what the equations in float64 decide, (m, n): a class, 0 and 1 for several
        labels, or numbers.
    stored: Rows that the model has kept, by column; none where it has kept none.
    """

    program: Program
    predicted: Outputs
    exact: Outputs
    decided: Callable[[Mapping[str, Any]], AnyArray]
    precision: str
    stored: Mapping[str, list[Any]] = field(default_factory=dict)


def exported(model: Any) -> Exported:
    """A network, a fitted estimator or a run, ready for a format.

    ConfigurationError: If it is none of these, or has an operation that cannot be exported.
    """
    if isinstance(model, Network):
        return _of_network(model)
    if isinstance(model, Run):
        return _of_run(model)
    if hasattr(model, "predictor_") or hasattr(model, "steps"):
        return _of_run(Run.of(model))
    kinds = "a fitted estimator of DeepStep, a pipeline of a TableEncoder and one network, a Network or a Run"
    raise ConfigurationError.must_be("model", kinds, type(model).__name__)


KINDS = {"probabilities": "labels", "classes": "classes", "cumulative": "classes"}
"""Kinds of results by the targets of a head, where they are no numbers."""


def _of_network(network: Network) -> Exported:
    """A network takes numbers; rows are examples here."""
    shape, builder = network.architecture, Builder(network.architecture.n_inputs)
    A = network_value(builder, network, RAW)
    targets = get_head(shape).targets
    if targets == "cumulative":
        A = builder.class_probabilities(A)
    kind, n = KINDS.get(targets, "numbers"), builder.widths[A]
    names = tuple(f"y{index}" for index in range(n))
    several = n > 1 and kind != "classes"
    header = [f"prediction_{name}" for name in names] if several else ["prediction"]
    header += [f"probability_{name}" for name in names] if kind != "numbers" else []
    result = Result(kind, names, tuple(range(n * (kind == "classes"))), header=tuple(header))
    columns = tuple(f"x{index}" for index in range(shape.n_inputs))
    parts = builder.steps_of(A)
    program = Program(columns, _numbers(columns), *parts, A, result, needs_all=True, title=repr(network))
    precise = in_float64(network)

    def outputs(network: Network) -> Outputs:
        compute = network.forward if kind == "numbers" else network.predict_proba
        return lambda rows: compute(_matrix(rows, columns).T).T

    return Exported(
        program,
        outputs(network),
        outputs(precise),
        lambda rows: precise.predict(_matrix(rows, columns).T).T,
        network.dtype.name,
    )


def _of_run(run: Run) -> Exported:
    """A run; an ensemble without preparations takes the columns of a table as they are, none missing."""
    inputs, ensemble = run.predictor.preparation, run.ensemble
    preparations = [preprocessor.preparation for preprocessor in ensemble.preprocessors]
    tables = [table for table in preparations if isinstance(table, TablePreparation)]
    needs_all = not tables
    builder, read, features = _features(inputs, tables)
    names = inputs.feature_names if needs_all else run.predictor.columns.names
    mean = _ensemble_value(builder, ensemble, features)
    output, result = _in_terms_of_the_target(builder, run, mean)
    result = result._replace(header=tuple(run.targets.prediction_columns))
    usual, parts = run.reading().usual, builder.steps_of(output)
    source = Path(str(run.config.get("source", "")))
    written = Written.of(source, usual, () if usual.header else run.columns_by_number())
    title = repr(ensemble)
    if result.factors:
        title += f"; {result.names[1]!r} is predicted above a probability of {result.factors[0]:.4g}"
    program = Program(names, read, *parts, output, result, needs_all, title, written)

    def outputs(ensemble: Ensemble, rows: Mapping[str, Any]) -> Array:
        return ensemble.outputs(_matrix(rows, names) if needs_all else _frame(program, rows))

    members = (
        replace(member, network=in_float64(member.network), engine="reference") for member in ensemble.members
    )
    precise = replace(ensemble, members=tuple(members))
    cells = {} if run.held_out is None else run.held_out.cells
    return Exported(
        program,
        lambda rows: _reported(run, outputs(ensemble, rows)),
        lambda rows: _reported(run, outputs(precise, rows)),
        lambda rows: _decided(run, outputs(precise, rows)),
        ", ".join(dict.fromkeys(member.network.dtype.name for member in ensemble.members)),
        stored_rows(program, cells, decimal_comma=written.decimal == ","),
    )


def _features(
    inputs: TablePreparation | ImagePreparation, tables: list[TablePreparation]
) -> tuple[Builder, tuple[Input, ...], list[str]]:
    """The inputs of a program, and the features that the preparation of each fold makes of them."""
    if not tables:
        builder = Builder(len(inputs.feature_names))
        value = builder.affine(RAW, inputs.scale) if isinstance(inputs, ImagePreparation) else RAW
        return builder, _numbers(inputs.feature_names), [value]
    sources = Inputs(tables)
    builder = Builder(sources.n_raw)
    features = [features_value(builder, table, sources) for table in tables]
    return builder, tuple(sources.by_key.values()), features


def _decided(run: Run, A: Array) -> AnyArray:
    """Classes, of several targets their positions; numbers."""
    target = run.targets
    if not target.is_classes:
        return A
    return (target.decide if target.several else target.decode)(A).reshape(len(A), -1)


def _reported(run: Run, A: Array) -> Array:
    target = run.targets
    return run.predictor.probabilities(A) if target.is_classes else A


def _ensemble_value(builder: Builder, ensemble: Ensemble, features: list[str]) -> str:
    """The weighted mean of the members' outputs."""
    parts, shares = [], []
    for member, share in zip(ensemble.members, ensemble.shares, strict=True):
        if share > 0:
            preprocessor = ensemble.preprocessors[member.fold]
            encoding = preprocessor.encodings[member.inputs]
            inputs = encoded_value(builder, features[min(member.fold, len(features) - 1)], encoding)
            A = network_value(builder, member.network, inputs)
            if preprocessor.center.size:  # targets that are numbers were standardized
                A = builder.affine(A, preprocessor.scale, preprocessor.center)
            T = ensemble.temperatures[member.preset]
            if T != 1 and ensemble.head in PROBABILITIES:
                A = builder.warmed(A, T, each=ensemble.head == "sigmoid")
            parts.append(A)
            shares.append(share)
    if len(parts) == 1:
        return parts[0]
    return builder.weighted_mean(parts, shares)


def _in_terms_of_the_target(builder: Builder, run: Run, A: str) -> tuple[str, Result]:
    target: Targets = run.targets
    if not target.is_classes:
        names = [f"quantile_{level:g}" for level in target.levels] or [*map(str, run.target_names)]
        point = target.predicted_output(np.zeros((1, 1))).tolist() if target.levels else ()
        return A, Result("numbers", tuple(names), point=tuple(point))
    several = target.several
    if not several and target.kind != "classes":
        A = builder.class_probabilities(A)
    if not several:
        A = builder.add("normalize", A)
    if run.predictor.calibration.temperature != 1:
        A = builder.warmed(A, run.predictor.calibration.temperature, each=several)
    if several:
        return A, Result("labels", tuple(map(str, run.target_names)))
    (classes,) = target.labels
    threshold = run.predictor.threshold
    factors = () if threshold in (None, 0.5) else (threshold, 1 - threshold)
    return A, Result("classes", tuple(map(str, classes)), tuple(classes), factors)


def _numbers(names: tuple[str, ...]) -> tuple[Input, ...]:
    return tuple(Input(name, "number", index) for index, name in enumerate(names))


def in_float64(network: Network) -> Network:
    """A copy of the network whose numbers and arithmetic are float64."""
    model = Model(network.architecture, network.parameters.astype(np.float64), network.statistics)
    precise = Network._of(model)
    precise.engine = "reference"
    return precise


def _matrix(rows: Mapping[str, Any], names: tuple[str, ...]) -> Array:
    return np.array([[np.nan if value is None else value for value in rows[name]] for name in names]).T


def _frame(program: Program, rows: Mapping[str, Any]) -> Any:
    """Rows as a table whose columns have the types of training."""
    usual = {"number": float, "boolean": bool}
    empty = {source.column: usual.get(source.kind, str) for source in program.inputs}
    kinds = {str: polars.String, bool: polars.Boolean, float: polars.Float64}
    columns = {}
    for name, values in rows.items():
        kind = next((type(value) for value in values if value is not None), empty.get(name, float))
        columns[name] = polars.Series(name, values, kinds[kind])
    return polars.DataFrame(columns)
