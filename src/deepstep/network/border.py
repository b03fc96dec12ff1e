"""Checks of a network's inputs: columns as examples, finite numbers, the right shapes; weights of classes."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from deepstep.equations import Head, answers, get_head, probabilities
from deepstep.equations.targets import TARGETS, TargetKind, value_range
from deepstep.errors import ConfigurationError, DataError, ShapeError
from deepstep.network.architecture import Architecture
from deepstep.preparation.batches import Examples
from deepstep.preparation.target_values import class_weights, example_weights
from deepstep.types import AnyArray, Array


def check_inputs(X: Any, n_inputs: int, where: str, *, dtype: Any = np.float64) -> Array:
    """X as an array of shape (n_x, m) and this dtype, with m ≥ 1 and finite values."""
    array = _numeric(X, "X", where)
    if array.size == 0:
        raise DataError(where, "at least one example", f"got X of shape {array.shape}")
    if array.ndim != 2:
        raise ShapeError(
            where,
            f"X has shape ({n_inputs}, m), a column for each example",
            f"got shape {array.shape}",
            f"Pass X.reshape({n_inputs}, -1)." if array.ndim < 2 else "Flatten each example to a column.",
        )
    if array.shape[0] != n_inputs:
        raise ShapeError(
            where,
            f"X needs {n_inputs} rows, a column for each example",
            f"got X {array.shape}",
            "If your rows are examples, pass X.T." if array.shape[1] == n_inputs else "",
        )
    return _finite(array, "X", where, dtype)


def check_targets(
    Y: Any, n_outputs: int, m: int, head: Head, where: str, *, dtype: Any = np.float64
) -> Array:
    """Y as an array of shape (n_L, m) and this dtype that the loss of this head can take."""
    array, kind = _numeric(Y, "Y", where), TARGETS[head.targets]
    if kind.repeats and array.shape == (1, m):
        array = np.repeat(array, n_outputs, axis=0)
    if array.shape != (n_outputs, m):
        one_row = f" or (1, {m})" if kind.repeats and n_outputs > 1 else ""
        raise ShapeError(
            where,
            f"Y has shape ({n_outputs}, {m}){one_row}, a column for each example",
            f"got shape {array.shape}",
            _target_hint(array, n_outputs, m, kind),
        )
    result = _finite(array, "Y", where, dtype)
    for rule in kind.rules:
        if not rule.holds(result):
            raise DataError(where, rule.expected.format(name=head.name), rule.got(result), rule.hint)
    return result


def check_weights(sample_weight: Any, m: int, where: str, *, dtype: Any = np.float64) -> Array:
    """Weights of the examples as an array of shape (m,) and this dtype."""
    array = _numeric(sample_weight, "sample_weight", where)
    if array.shape != (m,):
        raise ShapeError(where, f"sample_weight has shape ({m},), one for each example", f"got {array.shape}")
    weight = _finite(array[np.newaxis], "sample_weight", where, dtype)[0]
    if weight.min() < 0 or not array.any():
        raise DataError(
            where, "sample_weight has numbers of at least 0, one of them above 0", value_range(weight)
        )
    return weights_in(dtype, array, where)


def weights_in(dtype: Any, weight: AnyArray, where: str) -> Array:
    """Weights of at least 0 in this precision; what is small beside the others may become 0."""
    if not weight.any():
        raise DataError(where, "a weight above 0", "got weights that are all 0")
    limits, most = np.finfo(dtype), weight.max()
    if limits.tiny <= most <= limits.max:
        return weight.astype(dtype, copy=False)
    expected = f"a weight of at least {limits.tiny:.2g}, below which {limits.dtype} loses digits"
    if most > limits.max:
        expected = f"weights of at most {limits.max:.2g}, as {limits.dtype} holds no larger ones"
    hint = "Multiply the sample weights by one number so that their mean is 1 (the loss does not change)."
    raise DataError(where, expected, f"the largest is {most:g}", hint)


def check_several_classes(Y: AnyArray, head: Head, where: str) -> None:
    """Refuse a training set of several examples that all have the same class."""
    n_outputs, m = Y.shape
    if m >= 2 and TARGETS[head.targets].has_one_class(n_outputs) and (Y[:, :1] == Y).all():
        raise DataError(
            where,
            "examples of at least two classes",
            f"all {m} columns of Y are {Y[:, 0].tolist()}",
            "Add examples of another class.",
        )


class Classes(NamedTuple):
    """The class of each example in each column, (n_columns, m), from 0; and how many classes a column has."""

    columns: AnyArray
    number: int

    @property
    def alone(self) -> AnyArray | None:
        """The only column, (m,); None where there are several, or none."""
        return self.columns[0] if len(self.columns) == 1 else None


def classes_in(architecture: Architecture, Y: Array) -> Classes:
    """The classes in targets (n_L, m): no columns of numbers, one of 0 and 1 for each yes/no output."""
    found = probabilities(architecture, Y)
    if found is None:
        return Classes(np.empty((0, Y.shape[1]), int), 0)
    yes_or_no = get_head(architecture).targets == "probabilities"
    return Classes(answers(architecture, Y), 2 if yes_or_no else len(found))


def weights_of_classes(
    class_weight: Any, architecture: Architecture, learned: Examples, where: str
) -> list[Array] | None:
    """For each column the weights of its classes, counted in what is learned; None if none are asked for."""
    if class_weight is None:
        return None
    columns, number = classes_in(architecture, learned.Y.T)
    if not number:
        got = f"this network's output is {architecture.output!r}"
        expected = "an output that learns classes, for class_weight"
        raise ConfigurationError(where, expected, got, "Use sample_weight.")
    labels = [range(number)] * len(columns)
    return class_weights(class_weight, columns, labels, learned.weight, where)


def weighed(
    of_classes: Sequence[Array] | None, architecture: Architecture, examples: Examples, where: str
) -> Examples:
    """The examples, the weight of each multiplied by that of its class."""
    if of_classes is None:
        return examples
    product = example_weights(of_classes, classes_in(architecture, examples.Y.T).columns)
    product = product if examples.weight is None else examples.weight * product
    return replace(examples, weight=check_weights(product, len(examples), where, dtype=examples.Y.dtype))


def _target_hint(array: AnyArray, n_outputs: int, m: int, kind: TargetKind) -> str:
    if kind.from_labels and n_outputs > 1 and array.size == m:
        return f"Use deepstep.preparation.{kind.from_labels.format(n=n_outputs, more=n_outputs + 1)}."
    if array.shape == (m,):
        return "Pass Y.reshape(1, -1)."
    if array.shape == (m, n_outputs):
        return "Columns are examples here; pass Y.T."
    return ""


def _numeric(value: Any, name: str, where: str) -> AnyArray:
    if hasattr(value, "toarray"):
        raise DataError(where, f"{name} is dense", f"got {type(value).__name__}", f"Pass {name}.toarray().")
    if value is None:
        raise DataError(where, f"{name} is an array of numbers", "got None")
    if np.ma.is_masked(value):
        raise DataError(where, f"{name} has no masked value", "got some", f"Pass {name}.filled(…).")
    try:
        array = np.asarray(value)
        if array.dtype == object:
            array = array.astype(float)
    except (TypeError, ValueError, OverflowError):
        raise DataError(where, f"{name} is an array of numbers", f"got {type(value).__name__}") from None
    if array.dtype.kind not in "fiub":
        raise DataError(where, f"{name} is an array of real numbers", f"got dtype {array.dtype}")
    return array


def _finite(array: AnyArray, name: str, where: str, dtype: Any) -> Array:
    """The array in this dtype, in which every value must be finite: 1e300 is too large for float32."""
    with np.errstate(over="ignore"):
        result: Array = array.astype(dtype, copy=False)
    finite = np.isfinite(result)
    if not finite.all():
        row, column = np.argwhere(~finite)[0]
        raise DataError(
            where,
            f"{name} has finite values of {result.dtype} only",
            f"{name}[{row}, {column}] is {array[row, column]} and "
            f"{(~finite).sum()} of {array.size} values are not finite",
            "Fill or drop these examples, or scale the values.",
        )
    return result
