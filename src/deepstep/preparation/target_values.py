"""Values of one target as they come: the task that they are guessed to be, labels and numbers, and their
codes in Y.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from numbers import Real
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from deepstep.data.frames import without_pattern
from deepstep.data.rows import check_room
from deepstep.environment import polars
from deepstep.errors import ConfigurationError, DataError, ShapeError
from deepstep.types import AnyArray, Array

Label: TypeAlias = str | int | float | bool


def reads_as_number(value: Any) -> bool:
    """Whether it is a number, or a text that is one."""
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
    labels, name = _present(values), getattr(values, "name", "")
    where = f"target {name!r}" if name else "target"
    wrong = [row for row, label in enumerate(labels) if not isinstance(label, (Real, Decimal))]
    if wrong:
        # one word such as "unknown" makes texts of all numbers of a column
        row = next((row for row in wrong if not reads_as_number(labels[row])), wrong[0])
        raise DataError(where, "numbers are expected", f"row {row + 1} is {labels[row]!r:.60}")
    numbers = np.array(labels, dtype=np.float64)
    infinite = np.flatnonzero(np.isinf(numbers))
    if infinite.size:
        raise DataError(
            where, "finite numbers are expected", f"row {infinite[0] + 1} is {numbers[infinite[0]]}"
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
    series: Any = values if hasattr(values, "replace_strict") else None  # of polars
    if series is not None and series.dtype == polars.String and not series.null_count():
        texts = series.unique(maintain_order=True)  # of many rows few are different
        places = series.replace_strict(texts, places_in(classes, texts.to_list()))
        return np.asarray(places.to_numpy(), np.intp)
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


Task = Literal["binary", "multiclass", "regression"]

MOST_NUMBER_CLASSES = 20
"""Most different whole numbers that are taken for classes."""


def guess_task(series: "polars.Series") -> tuple[Task, str]:
    """Guess from a target column what is to be learned. Missing values do not count.

    - Texts, categories and truth values are classes: two are "binary", more are "multiclass".
    - Whole numbers (also as floats: 1.0) are classes when there are two different ones, or at most 20 that
      make up at most half of the rows.
    - Other numbers are "regression".

    Parameters
    ----------
    series : polars.Series
        m values.

    Returns
    -------
    task : str
        One of these three.
    reason : str
        A sentence for people.

    Raises
    ------
    DataError
        When there is no value, only one different value, or the column holds dates, lists or structures.

    Examples
    --------
    >>> import polars
    >>> guess_task(polars.Series("survived", [0, 1, 1, 0]))
    ('binary', 'survived has 2 different values: 0, 1')
    >>> guess_task(polars.Series("mpg", [18.5, 15.0, 36.1]))
    ('regression', 'mpg has 3 different numbers')
    """
    where = f"target {series.name!r}"
    is_text = series.dtype in (polars.String, polars.Categorical, polars.Enum, polars.Boolean)
    if not is_text and not series.dtype.is_numeric():
        raise DataError(where, "classes or numbers are expected", f"the column holds {series.dtype}")
    plain = without_pattern(series)
    present = (plain.fill_nan(None) if series.dtype.is_float() else plain).drop_nulls()
    values = present.unique().sort()
    if len(values) < 2:
        got = f"it has only {values[0]!r}" if len(values) else "it has none"
        if len(present) < len(series) and len(values):
            got += f", and {len(series) - len(present):,} of {len(series):,} rows have none"
        raise DataError(where, "at least two different values are needed", got, "Choose another target.")
    is_whole = series.dtype.is_integer() or (
        series.dtype.is_float() and bool((values.floor() == values).all())
    )
    few = len(values) == 2 or (len(values) <= MOST_NUMBER_CLASSES and 2 * len(values) <= len(present))
    if not is_text and not (is_whole and few):
        return "regression", f"{series.name} has {len(values)} different numbers"
    shown = ", ".join(map(_shown, values if is_whole else values[:5]))
    dots = "" if is_whole or len(values) <= 5 else ", …"
    task: Task = "binary" if len(values) == 2 else "multiclass"
    return task, f"{series.name} has {len(values)} different values: {shown}{dots}"


def _shown(value: object) -> str:
    """A value as people write it: a whole number without .0, also beyond the 64-bit integers."""
    return f"{value:.15g}" if isinstance(value, float) else str(value)


def one_hot(labels: AnyArray, n_classes: int) -> NDArray[np.float64]:
    """Columns of the identity: Y for a softmax output, in the lecture's layout.

    Parameters
    ----------
    labels : array of shape (m,), int
        0 to n_classes − 1.
    n_classes : int

    Returns
    -------
    array of shape (n_classes, m), float64

    Raises
    ------
    ShapeError
        When `labels` is not (m,).
    DataError
        When a label is no integer or out of range.

    Examples
    --------
    >>> one_hot(np.array([2, 0]), 3)
    array([[0., 1.],
           [0., 0.],
           [1., 0.]])
    """
    labels = _class_numbers(labels, n_classes, "one_hot")
    Y = np.zeros((n_classes, len(labels)))
    Y[labels, np.arange(len(labels))] = 1.0
    return Y


def ordinal_code(labels: AnyArray, n_classes: int) -> NDArray[np.float64]:
    """Ordered classes as answers to the questions y > k: Y for an ordinal output, in the lecture's layout.

    Parameters
    ----------
    labels : array of shape (m,), int
        0 to n_classes − 1, in order.
    n_classes : int

    Returns
    -------
    array of shape (n_classes − 1, m), float64
        Row k is 1 where the label is above k, k = 0 … n_classes − 2.

    Raises
    ------
    ShapeError, DataError
        As `one_hot`.

    Examples
    --------
    >>> ordinal_code(np.array([2, 0, 1]), 3)
    array([[1., 0., 1.],
           [1., 0., 0.]])
    """
    labels = _class_numbers(labels, n_classes, "ordinal_code")
    return (labels > np.arange(n_classes - 1)[:, None]).astype(np.float64)


def ordinal_probabilities(AL: Array) -> Array:
    """P(y = k) from P(y > k), the way back from `ordinal_code`: how far it falls from 1 over AL to 0.

    AL may rise by the last digit, where the exponential of a neighbour is rounded the other way; that counts
    as equal.
    """
    falling = np.concatenate([np.ones_like(AL[:1]), AL, np.zeros_like(AL[:1])])
    falling = np.minimum.accumulate(falling, axis=0)
    return falling[:-1] - falling[1:]


class Code(NamedTuple):
    """How class numbers become Y, and outputs the probabilities of classes, both in the lecture's layout."""

    encode: Callable[[AnyArray, int], NDArray[np.float64]]
    probabilities: Callable[[Array], Array]


CODES = {
    "probabilities": Code(ordinal_code, ordinal_probabilities),  # of two classes: is it above the first?
    "classes": Code(one_hot, lambda AL: AL),
    "cumulative": Code(ordinal_code, ordinal_probabilities),
}
"""Codes of one column of classes, by the kinds of targets, ``deepstep.network.border.TARGETS``."""


def encode_classes(positions: AnyArray, n_classes: int, kind: str) -> NDArray[np.float64]:
    """Targets as rows (m, n_outputs) from positions (m,); ``kind`` is a name in `CODES`."""
    check_room(
        16 * len(positions) * n_classes,  # that of the lecture's layout, and its transpose
        "target",
        "targets of classes",
        f"{n_classes:,} classes of {len(positions):,} rows",
        "Learn a target of fewer classes; one of numbers is learned with --task regression (DeepRegressor).",
    )
    return np.ascontiguousarray(CODES[kind].encode(positions, n_classes).T)


def class_probabilities(outputs: Array, kind: str) -> Array:
    """Probabilities of classes (m, n_classes), from outputs or targets as rows; ``kind`` is of `CODES`."""
    return CODES[kind].probabilities(outputs.T).T


def _class_numbers(labels: AnyArray, n_classes: int, where: str) -> AnyArray:
    labels = np.asarray(labels)
    if labels.ndim != 1:
        raise ShapeError(where, "labels are (m,)", f"got {labels.shape}", "Pass labels.ravel().")
    if labels.dtype.kind not in "iu":
        raise DataError(where, "labels are integers", f"got {labels.dtype}")
    if labels.size and not 0 <= labels.min() <= labels.max() < n_classes:
        raise DataError(where, f"labels are 0 to {n_classes - 1}", f"got {labels.min()} to {labels.max()}")
    return labels


def class_weights(
    class_weight: Any,
    columns: AnyArray,
    classes: Sequence[Sequence[Any]],
    weight: Array | None,
    where: str,
) -> list[Array]:
    """The weight of each class of each column."""
    if isinstance(class_weight, str) and class_weight == "balanced":
        return [
            _balanced(column, len(labels), weight) for column, labels in zip(columns, classes, strict=True)
        ]
    given = class_weight if isinstance(class_weight, list) else [class_weight] * len(columns)
    if not all(isinstance(weights, Mapping) for weights in given):
        raise ConfigurationError(
            where, "class_weight is 'balanced' or a mapping of classes to weights", f"got {class_weight!r}"
        )
    if len(given) != len(columns):
        raise ConfigurationError(
            where, f"class_weight has a mapping for each of {len(columns)} columns", f"got {len(given)}"
        )
    return [_given(weights, labels, where) for weights, labels in zip(given, classes, strict=True)]


def example_weights(of_classes: Sequence[Array], columns: AnyArray) -> Array:
    """The weight of each example (m,) by its class; for several columns the product of theirs."""
    return np.prod([weights[column] for weights, column in zip(of_classes, columns, strict=True)], axis=0)


def _balanced(positions: AnyArray, n_classes: int, weight: Array | None) -> Array:
    counts = np.bincount(positions, weight, minlength=n_classes)
    there = counts > 0
    return np.where(there, counts.sum() / (max(1, there.sum()) * np.where(there, counts, 1)), 0.0)


def _given(class_weight: Mapping[Any, float], classes: Sequence[Any], where: str) -> Array:
    try:
        weights = np.array([class_weight.get(name, 1.0) for name in classes], dtype=float)
    except (TypeError, ValueError, OverflowError):
        weights = np.array([np.nan])
    if not (np.isfinite(weights).all() and (weights >= 0).all()):
        raise ConfigurationError(where, "class_weight has weights of at least 0", f"got {class_weight!r}")
    unknown = [name for name in class_weight if name not in classes]
    if unknown and any(name not in class_weight for name in classes):
        raise ConfigurationError(where, f"class_weight has labels among {list(classes)}", f"got {unknown}")
    return weights
