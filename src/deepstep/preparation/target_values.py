"""Values of one target as they come, checked: labels of classes, and finite numbers."""

import math
from collections.abc import Iterable, Sequence
from decimal import Decimal
from numbers import Real
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from deepstep.errors import DataError, ShapeError

Label: TypeAlias = str | int | float | bool


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


def _present(values: Iterable[Any]) -> list[Any]:
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


def labels_in(values: Iterable[Any]) -> list[Label]:
    """Classes: values that a JSON file can hold."""
    labels = _present(values)
    for label in labels:
        if not isinstance(label, (str, int, float)) or label in (math.inf, -math.inf):
            raise DataError(
                "target", "classes are texts, finite numbers or truth values", f"got {label!r:.60}"
            )
    return labels


def finite_in(values: Iterable[Any]) -> NDArray[np.float64]:
    """Numbers that are finite."""
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


def classes_of(values: Iterable[Any], order: Sequence[str] | None) -> tuple[Label, ...]:
    """The different values of a column, sorted, or as their texts are in ``order``."""
    different = set(labels_in(values))
    if len(different) < 2:
        raise DataError(
            "target",
            "at least two classes are needed",
            f"got only {different.pop()!r}",
            "Check the column, and that the rows are not filtered to one class.",
        )
    classes = sorted(different, key=lambda value: (isinstance(value, str), value))
    if order is None:
        return tuple(classes)
    by_text = {str(label): label for label in classes}
    if sorted(order) != sorted(by_text):
        raise DataError("target", f"an order of the classes {', '.join(by_text)}", f"got {', '.join(order)}")
    return tuple(by_text[text] for text in order)


def places_in(classes: tuple[Label, ...], values: Iterable[Any]) -> NDArray[np.intp]:
    """The position of each value among the classes."""
    table = {label: position for position, label in enumerate(classes)}
    labels = labels_in(values)
    if all(isinstance(label, str) for label in classes):
        # A file whose rows happen to hold digits alone comes with numbers for the same classes.
        labels = [label if isinstance(label, str) else str(label) for label in labels]
    unseen = next((label for label in labels if label not in table), None)
    if unseen is not None:
        known = ", ".join(map(repr, classes[:10])) + (", …" if len(classes) > 10 else "")
        raise DataError(
            "target", f"the classes of training are expected ({known})", f"got {unseen!r} as well"
        )
    return np.array([table[label] for label in labels], dtype=np.intp)
