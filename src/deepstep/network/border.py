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


def check_inputs(X: Any, n_inputs: int, *, dtype: Any = np.float64) -> Array:
    """X as an array of shape (n_x, m) and this dtype, with m ≥ 1 and finite values."""
    array = _numeric(X, "X")
    if array.size == 0:
        raise DataError.must_be("X", "have at least one example", f"shape {array.shape}")
    if array.ndim != 2:
        requirement = f"have shape ({n_inputs}, m), a column for each example"
        reshape = f"Pass X.reshape({n_inputs}, -1)."
        hint = reshape if array.ndim < 2 else "Flatten each example to a column."
        raise ShapeError.must_be("X", requirement, f"shape {array.shape}", hint)
    if array.shape[0] != n_inputs:
        requirement = f"have {n_inputs} rows, and a column for each example"
        hint = "If your rows are examples, pass X.T." if array.shape[1] == n_inputs else ""
        raise ShapeError.must_be("X", requirement, f"shape {array.shape}", hint)
    return _finite(array, "X", dtype)


def check_targets(Y: Any, n_outputs: int, m: int, head: Head, *, dtype: Any = np.float64) -> Array:
    """Y as an array of shape (n_L, m) and this dtype that the loss of this head can take."""
    array = _numeric(Y, "Y")
    kind = TARGETS[head.targets]
    if kind.repeats and array.shape == (1, m):
        array = np.repeat(array, n_outputs, axis=0)
    if array.shape != (n_outputs, m):
        one_row = f" or (1, {m})" if kind.repeats and n_outputs > 1 else ""
        requirement = f"have shape ({n_outputs}, {m}){one_row}, a column for each example"
        hint = _target_hint(array, n_outputs, m, kind)
        raise ShapeError.must_be("Y", requirement, f"shape {array.shape}", hint)
    targets = _finite(array, "Y", dtype)
    for rule in kind.rules:
        if not rule.holds(targets):
            raise DataError.must_be("Y", rule.expected.format(name=head.name), rule.got(targets), rule.hint)
    return targets


def check_weights(sample_weight: Any, m: int, *, dtype: Any = np.float64) -> Array:
    """Weights of the examples as an array of shape (m,) and this dtype."""
    array = _numeric(sample_weight, "sample_weight")
    if array.shape != (m,):
        requirement = f"have shape ({m},), a number for each example"
        raise ShapeError.must_be("sample_weight", requirement, f"shape {array.shape}")
    weight = _finite(array, "sample_weight", dtype)
    if weight.min() < 0 or not array.any():
        requirement = "hold numbers of at least 0, one of them above 0"
        raise DataError.must_be("sample_weight", requirement, value_range(weight))
    return weights_in(dtype, array)


def weights_in(dtype: Any, weight: AnyArray) -> Array:
    """Weights of at least 0 in this precision; what is small beside the others may become 0."""
    if not weight.any():
        raise DataError("All sample weights are 0")
    limits = np.finfo(dtype)
    most = weight.max()
    if limits.tiny <= most <= limits.max:
        return weight.astype(dtype, copy=False)
    requirement = f"hold a weight of at least {limits.tiny:.2g}, below which {limits.dtype} loses digits"
    if most > limits.max:
        requirement = f"hold weights of at most {limits.max:.2g}, as {limits.dtype} holds no larger ones"
    hint = "Multiply the sample weights by one number so that their mean is 1 (the loss does not change)."
    raise DataError.must_be("sample_weight", requirement, f"{most:g} as the largest", hint)


def check_several_classes(Y: AnyArray, head: Head) -> None:
    """Refuse a training set of several examples that all have the same class."""
    n_outputs, m = Y.shape
    if m >= 2 and TARGETS[head.targets].has_one_class(n_outputs) and (Y[:, :1] == Y).all():
        problem = f"All {m} columns of Y have the same class, {Y[:, 0].tolist()}"
        raise DataError(problem, "Add examples of another class.")


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
    shares = probabilities(architecture, Y)
    if shares is None:
        return Classes(np.empty((0, Y.shape[1]), int), 0)
    yes_or_no = get_head(architecture).targets == "probabilities"
    return Classes(answers(architecture, Y), 2 if yes_or_no else len(shares))


def weights_of_classes(
    class_weight: Any, architecture: Architecture, learned: Examples
) -> list[Array] | None:
    """For each column the weights of its classes, counted in the training set; None without class_weight."""
    if class_weight is None:
        return None
    columns, number = classes_in(architecture, learned.Y.T)
    if not number:
        problem = f"class_weight needs an output that learns classes, got {architecture.output!r}"
        raise ConfigurationError(problem, "Use sample_weight.")
    labels = [range(number)] * len(columns)
    return class_weights(class_weight, columns, labels, learned.weight)


def weighed(
    class_weights: Sequence[Array] | None, architecture: Architecture, examples: Examples
) -> Examples:
    """The examples, the weight of each multiplied by that of its class."""
    if class_weights is None:
        return examples
    product = example_weights(class_weights, classes_in(architecture, examples.Y.T).columns)
    product = product if examples.weight is None else examples.weight * product
    return replace(examples, weight=check_weights(product, len(examples), dtype=examples.Y.dtype))


def _target_hint(array: AnyArray, n_outputs: int, m: int, kind: TargetKind) -> str:
    if kind.from_labels and n_outputs > 1 and array.size == m:
        return f"Use deepstep.preparation.{kind.from_labels.format(n=n_outputs, more=n_outputs + 1)}."
    if array.shape == (m,):
        return "Pass Y.reshape(1, -1)."
    if array.shape == (m, n_outputs):
        return "Columns are examples here; pass Y.T."
    return ""


def _numeric(value: Any, name: str) -> AnyArray:
    kind = type(value).__name__
    if hasattr(value, "toarray"):
        raise DataError.must_be(name, "dense", kind, f"Pass {name}.toarray().")
    if value is None:
        raise DataError.must_be(name, "an array of numbers", "None")
    if np.ma.is_masked(value):
        raise DataError.must_be(name, "an array without masked values", kind, f"Pass {name}.filled(…).")
    try:
        array = np.asarray(value)
        if array.dtype == object:
            array = array.astype(float)
    except (TypeError, ValueError, OverflowError):
        ragged = kind == "list" and len({len(row) for row in value if isinstance(row, list | tuple)}) > 1
        values = "rows of different lengths" if ragged else kind
        raise DataError.must_be(name, "an array of numbers", values) from None
    if array.dtype.kind not in "fiub":
        raise DataError.must_be(name, "an array of real numbers", f"dtype {array.dtype}")
    return array


def _finite(array: AnyArray, name: str, dtype: Any) -> Array:
    """The array in this dtype, in which every value must be finite: 1e300 is too large for float32."""
    with np.errstate(over="ignore"):
        result: Array = array.astype(dtype, copy=False)
    finite = np.isfinite(result)
    if not finite.all():
        position = np.argwhere(~finite)[0].tolist()
        count = f"{(~finite).sum()} of {array.size} values are not finite"
        value = f"{array[tuple(position)]} at {name}{position}, {count}"
        hint = "Fill or drop these examples, or scale the values."
        raise DataError.must_be(name, f"have finite values of {result.dtype} only", value, hint)
    return result
