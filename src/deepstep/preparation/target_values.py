"""Targets as they come, checked: labels, finite numbers, rows of outputs."""

import math
from collections.abc import Iterable
from decimal import Decimal
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from deepstep.errors import DataError, ShapeError
from deepstep.types import AnyArray, Array

if TYPE_CHECKING:
    import polars

Label = str | int | float | bool


def _present(values: "Iterable[Any] | AnyArray | polars.Series") -> list[Any]:
    """Targets as plain Python values, none of them missing."""
    if isinstance(values, np.ndarray) and values.ndim != 1:
        raise ShapeError("target", "(m,) is expected", f"got {values.shape}", "Pass y.ravel().")
    labels = [label.item() if isinstance(label, np.generic) else label for label in values]
    if not labels:
        raise DataError("target", "at least one row is expected", "got none")
    # NaN is the one value that does not equal itself.
    missing = sum(label is None or label != label for label in labels)
    if missing:
        raise DataError(
            "target",
            "every row has a target",
            f"{missing} of {len(labels)} have none",
            "Drop these rows; deepstep train does with --drop-missing-target.",
        )
    return labels


def as_labels(values: "Iterable[Label] | AnyArray | polars.Series") -> list[Label]:
    """Classes: values that a JSON file can hold."""
    labels = _present(values)
    for label in labels:
        if not isinstance(label, (str, int, float)) or label in (math.inf, -math.inf):
            raise DataError(
                "target", "classes are texts, finite numbers or truth values", f"got {label!r:.60}"
            )
    return labels


def as_finite(values: "Iterable[float] | AnyArray | polars.Series") -> NDArray[np.float64]:
    labels = _present(values)
    wrong = [label for label in labels if not isinstance(label, (Real, Decimal))]
    if wrong:
        # one word such as "unknown" makes texts of all numbers of a column
        first = next((label for label in wrong if not reads_as_number(label)), wrong[0])
        raise DataError("target", "numbers are expected", f"got {first!r:.60}")
    numbers = np.array(labels, dtype=np.float64)
    infinite = np.flatnonzero(np.isinf(numbers))
    if infinite.size:
        raise DataError(
            "target", "finite numbers are expected", f"row {infinite[0] + 1} is {numbers[infinite[0]]}"
        )
    return numbers


def reads_as_number(value: Any) -> bool:
    """Whether it is a number, or a text that is one.

    >>> [reads_as_number(value) for value in (1, "1.5", "unknown", None)]
    [True, True, False, False]
    """
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return True


def check_outputs(outputs: Array, n_outputs: int) -> None:
    """Refuse outputs that are not rows (m, n_outputs)."""
    if outputs.ndim != 2 or outputs.shape[1] != n_outputs:
        raise ShapeError(
            "target",
            f"output rows (m, {n_outputs}) are expected",
            f"got {outputs.shape}",
            "Pass A.T." if outputs.ndim == 2 and outputs.shape[0] == n_outputs else "",
        )
