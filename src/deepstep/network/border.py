"""What a network takes in: columns as examples, finite numbers, the right shapes."""

from typing import Any

import numpy as np

from deepstep.errors import DataError, ShapeError
from deepstep.types import AnyArray, Array


def check_inputs(X: Any, n_inputs: int, where: str, *, dtype: Any = np.float64) -> Array:
    """X as an array of shape (n_x, m) and this dtype, with m ≥ 1 and finite values.

    Raises
    ------
    ShapeError
        If the rows do not fit; with the hint to transpose where that would.
    DataError
        If X is empty, not numeric or not finite.

    Examples
    --------
    >>> check_inputs([[1, 2, 3]], 1, "Network.predict").shape
    (1, 3)
    """
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
    Y: Any, n_outputs: int, m: int, output: str, where: str, *, dtype: Any = np.float64
) -> Array:
    """Y as an array of shape (n_L, m) and this dtype that the loss of this output can take.

    Raises
    ------
    ShapeError
        If the shape is not (n_L, m): an (m, 1) target would otherwise broadcast silently.
    DataError
        If Y is not numeric, not finite, or no probability where the output gives one.

    Examples
    --------
    >>> check_targets([[0, 1, 1]], 1, 3, "sigmoid", "Network.cost").shape
    (1, 3)
    """
    array = _numeric(Y, "Y", where)
    if array.shape != (n_outputs, m):
        raise ShapeError(
            where,
            f"Y has shape ({n_outputs}, {m}), a column for each example",
            f"got shape {array.shape}",
            _target_hint(array, n_outputs, m, output),
        )
    array = _finite(array, "Y", where, dtype)
    if output != "identity" and not (array.min() >= 0 and array.max() <= 1):
        raise DataError(
            where,
            f"a {output} output learns targets from 0 to 1",
            f"got values from {array.min():g} to {array.max():g}",
            "Code the classes as 0 and 1, or use output='identity' for numbers.",
        )
    if output == "softmax" and not np.allclose(array.sum(axis=0), 1):
        raise DataError(
            where,
            "each column of Y sums to 1, a 1 for the class",
            f"the first sums are {array.sum(axis=0)[:4].tolist()}",
            "Use deepstep.preparation.one_hot(labels, n_classes).",
        )
    return array


def check_several_classes(Y: AnyArray, output: str, where: str) -> None:
    """Refuse a training set of several examples that all have the same class.

    Raises
    ------
    DataError
        If a sigmoid of one unit or a softmax would see one class only.
    """
    if output == "identity" or Y.shape[1] < 2 or (output == "sigmoid" and Y.shape[0] > 1):
        return
    if (Y[:, :1] == Y).all():
        raise DataError(
            where,
            "examples of at least two classes",
            f"all {Y.shape[1]} columns of Y are {Y[:, 0].tolist()}",
            "Add examples of another class.",
        )


def _target_hint(array: AnyArray, n_outputs: int, m: int, output: str) -> str:
    if output == "softmax" and n_outputs > 1 and array.size == m:
        return f"Use deepstep.preparation.one_hot(labels, {n_outputs})."
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
