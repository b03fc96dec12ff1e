"""Models that can be exported: estimators, runs and networks, as programs and with their own outputs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from deepstep.equations import get_head
from deepstep.errors import ConfigurationError
from deepstep.estimators.ensemble import PROBABILITIES, Ensemble, FoldPreprocessor
from deepstep.estimators.presets import ALONE
from deepstep.export.columns import Inputs, encoded_value, features_value
from deepstep.export.network_steps import network_value
from deepstep.export.program import RAW, Builder, Input, Program, Result, Step
from deepstep.export.rows import TYPES
from deepstep.model import Network
from deepstep.network.model_file import Model
from deepstep.preparation import ImagePreparation, TablePreparation, Target
from deepstep.run import Run
from deepstep.types import Array


@dataclass(frozen=True)
class Exported:
    """A model as a program, with the outputs that it gives itself.

    predicted: Rows by column → outputs (m, n) of the model as it is.
    exact: The same with its equations in float64.
    own_precision: That of its networks.
    """

    program: Program
    predicted: Callable[[Mapping[str, Any]], Array]
    exact: Callable[[Mapping[str, Any]], Array]
    own_precision: str


def exported(model: Any, where: str = "export") -> Exported:
    """A network, a fitted estimator or a run, ready for a format.

    ConfigurationError: If it is none of these, or has an operation that cannot be exported.
    """
    if isinstance(model, Network):
        return _of_network(model, where)
    if isinstance(model, Run):
        return _of_run(model, where)
    if hasattr(model, "ensemble_"):
        run = Run.of(model)
        if any(one.preparation is not None for one in model.ensemble_.preprocessors):
            return _of_run(run, where, model._column_names)
        return _of_numbers(run, run.preparation.inputs.feature_names, where)
    expected = "a fitted DeepClassifier or DeepRegressor, a Network or a Run"
    raise ConfigurationError(where, expected, f"got {type(model).__name__}", setting="model")


def _of_network(network: Network, where: str) -> Exported:
    """A network takes numbers; rows are examples here."""
    shape, builder = network.architecture, Builder(network.architecture.n_inputs)
    A = network_value(builder, network, RAW, where)
    head = get_head(shape)
    n = shape.n_outputs
    kind = {"probabilities": "labels", "classes": "classes", "cumulative": "classes"}.get(
        head.targets, "numbers"
    )
    if head.targets == "cumulative":
        A, n = builder.add("ordinal_probabilities", A), n + 1
    classes = tuple(range(n)) if kind == "classes" else ()
    result = Result(kind, tuple(f"y{at}" for at in range(n)), classes)
    columns = tuple(f"x{at}" for at in range(shape.n_inputs))
    program = _program(builder, columns, _numbers(columns), A, result, needs_all=True, title=repr(network))

    def outputs(network: Network) -> Callable[[Mapping[str, Any]], Array]:
        def of_rows(rows: Mapping[str, Any]) -> Array:
            AL = network.forward(_matrix(rows, columns).T)
            return (AL if kind == "numbers" else network.predict_proba(_matrix(rows, columns).T)).T

        return of_rows

    return Exported(program, outputs(network), outputs(in_float64(network)), network.dtype.name)


def _of_run(run: Run, where: str, names: tuple[str, ...] = ()) -> Exported:
    ensemble, inputs = run.ensemble, run.preparation.inputs
    tables = [one.preparation for one in ensemble.preprocessors if one.preparation is not None]
    if not isinstance(inputs, TablePreparation):
        return _of_pictures(run, inputs, where)
    whole = not tables  # one network whose inputs the run itself prepares
    found = Inputs(tables or [inputs])
    builder = Builder(found.n_raw)
    features = [features_value(builder, one, found) for one in tables or [inputs]]
    A = _ensemble_value(builder, ensemble, features, where)
    output, result = _in_terms_of_the_target(builder, run, A)
    names = names or tuple(column.name for column in inputs.columns)
    title = f"{run.target_name}: {ensemble!r}"
    program = _program(builder, names, tuple(found.by_key.values()), output, result, title=title)
    return _exported(program, run, lambda rows: _frame(program, rows), whole=whole)


def _of_numbers(run: Run, names: tuple[str, ...], where: str) -> Exported:
    """One network of an estimator on numbers as they are, none of which may be missing."""
    builder = Builder(len(names))
    A = _ensemble_value(builder, run.ensemble, [RAW], where)
    output, result = _in_terms_of_the_target(builder, run, A)
    program = _program(
        builder, names, _numbers(names), output, result, needs_all=True, title=repr(run.ensemble)
    )
    return _exported(program, run, lambda rows: _matrix(rows, names))


def _of_pictures(run: Run, inputs: ImagePreparation, where: str) -> Exported:
    """A column for each pixel."""
    names = inputs.feature_names
    builder = Builder(len(names))
    n = len(names)
    pixels = builder.add("affine", RAW, scale=np.full(n, inputs.scale), shift=np.zeros(n))
    A = _ensemble_value(builder, run.ensemble, [pixels], where)
    output, result = _in_terms_of_the_target(builder, run, A)
    program = _program(builder, names, _numbers(names), output, result, needs_all=True, title=repr(run))
    return _exported(program, run, lambda rows: inputs.transform(_matrix(rows, names)))


def _exported(program: Program, run: Run, given: Callable[[Any], Any], *, whole: bool = False) -> Exported:
    def outputs(ensemble: Ensemble) -> Callable[[Mapping[str, Any]], Array]:
        def of_rows(rows: Mapping[str, Any]) -> Array:
            made = given(rows)
            inputs = run.preparation.inputs
            A = ensemble.outputs(inputs.transform(made) if whole else made)
            target = run.preparation.target
            if not target.is_classification:
                return target.quantiles(A)
            return run.calibrated(target.probabilities(A))

        return of_rows

    precise = replace(
        run.ensemble,
        members=tuple(
            replace(one, network=in_float64(one.network), engine="reference") for one in run.ensemble.members
        ),
    )
    own = ", ".join(dict.fromkeys(one.network.dtype.name for one in run.ensemble.members))
    return Exported(program, outputs(run.ensemble), outputs(precise), own)


def _ensemble_value(builder: Builder, ensemble: Ensemble, features: list[str], where: str) -> str:
    """The weighted mean of the members' outputs."""
    parts, shares = [], []
    for member, share in zip(ensemble.members, ensemble.shares, strict=True):
        if share > 0:
            preprocessor: FoldPreprocessor = ensemble.preprocessors[member.fold]
            encoding = preprocessor.encodings[member.preset.inputs]
            inputs = encoded_value(builder, features[min(member.fold, len(features) - 1)], encoding)
            A = network_value(builder, member.network, inputs, where)
            if preprocessor.center.size:
                A = builder.add("affine", A, scale=preprocessor.scale, shift=preprocessor.center)
            T = ensemble.temperatures[member.preset.name]
            if T != 1 and ensemble.output in PROBABILITIES:
                op = "temperature_each" if ensemble.output == "sigmoid" else "temperature"
                A = builder.add(op, A, settings={"T": T})
            parts.append(A)
            shares.append(share)
    if len(parts) == 1:
        return parts[0]
    return builder.add("weighted_sum", *parts, weights=np.array(shares))


def _in_terms_of_the_target(builder: Builder, run: Run, A: str) -> tuple[str, Result]:
    target: Target = run.preparation.target
    if not target.is_classification:
        means, stds = np.array(target.means), np.array(target.stds)
        if (means != 0).any() or (stds != 1).any():
            n = builder.widths[A]
            A = builder.add("affine", A, scale=np.resize(stds, n), shift=np.resize(means, n))
        names = [f"quantile {level:g}" for level in target.levels] or [*map(str, run.target_names)]
        return A, Result("numbers", tuple(names))
    several = target.several
    if not several and target.code != "classes":
        A = builder.add("ordinal_probabilities", A)
    if not several and run.ensemble.members[0].preset.name not in ALONE:
        A = builder.add("normalize", A)
    if run.temperature != 1:
        A = builder.add("temperature_each" if several else "temperature", A, settings={"T": run.temperature})
    if several:
        return A, Result("labels", tuple(map(str, run.target_names)))
    (classes,) = target.classes
    return A, Result("classes", tuple(map(str, classes)), tuple(classes))


def _program(
    builder: Builder,
    columns: tuple[str, ...],
    inputs: tuple[Input, ...],
    output: str,
    result: Result,
    *,
    needs_all: bool = False,
    title: str = "",
) -> Program:
    """The program, without steps that nothing reads."""
    needed, steps = {output}, list[Step]()
    for step in reversed(builder.steps):
        if step.out in needed:
            needed.update(step.reads)
            steps.insert(0, step)
    used = {name for step in steps for name in step.constants.values()}
    constants = {name: value for name, value in builder.constants.items() if name in used}
    return Program(columns, inputs, tuple(steps), constants, output, result, needs_all, title)


def _numbers(names: tuple[str, ...]) -> tuple[Input, ...]:
    return tuple(Input(name, "number", at) for at, name in enumerate(names))


def in_float64(network: Network) -> Network:
    """The same network with its numbers, and its arithmetic, in float64."""
    found = Network._of(
        Model(network.architecture, network.parameters.astype(np.float64), network.statistics)
    )
    found.engine = "reference"
    return found


def _matrix(rows: Mapping[str, Any], names: tuple[str, ...]) -> Array:
    return np.array([[np.nan if value is None else value for value in rows[name]] for name in names]).T


def _frame(program: Program, rows: Mapping[str, Any]) -> Any:
    """Rows as a table whose columns have the types of training."""
    import polars

    kinds = {one.column: one.kind for one in program.inputs[::-1]}
    columns = {}
    for name, values in rows.items():
        if kinds[name] == "duration":
            seconds = polars.Series(name, values, polars.Float64)
            columns[name] = (seconds * 1e6).round().cast(polars.Int64).cast(polars.Duration("us"))
        else:
            columns[name] = polars.Series(name, values, getattr(polars, TYPES.get(kinds[name], "String")))
    return polars.DataFrame(columns)
