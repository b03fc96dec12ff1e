"""The values of one target: check them as classes or as numbers, guess the task, and encode classes as Y.

Weights of classes are computed here, too. `deepstep.targets.Targets` does this for all targets of a table.
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
    """Whether a value is a number, or a text that ``float`` can read."""
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return True


def _present(values: Iterable[Any]) -> list[Any]:
    """The values as plain Python values; an error if there are none, or if some are missing."""
    if isinstance(values, np.ndarray) and values.ndim != 1:
        raise ShapeError.must_be("Targets", "have shape (m,)", str(values.shape), "Pass y.ravel().")
    labels = [label.item() if isinstance(label, np.generic) else label for label in values]
    if not labels:
        raise DataError("There are no rows, and so no targets")
    # NaN is the one value that does not equal itself.
    missing = sum(label is None or label != label for label in labels)
    if missing:
        raise DataError(f"{missing:,} of {len(labels):,} rows have no target", "Leave these rows out.")
    return labels


def labels_in(values: Iterable[Any]) -> list[Label]:
    """The values as classes, all of which a JSON file can hold; an error for others."""
    labels = _present(values)
    for label in labels:
        if not isinstance(label, (str, int, float)) or label in (math.inf, -math.inf):
            hint = "Classes are texts, finite numbers or truth values."
            raise DataError(f"The target {label!r:.60} cannot be a class", hint)
    return labels


def finite_numbers_in(values: Iterable[Any]) -> NDArray[np.float64]:
    """The values as finite numbers; an error names a row that has something else."""
    labels = _present(values)
    name = getattr(values, "name", "")
    target = f"target {name!r}" if name else "the target"
    wrong = [row for row, label in enumerate(labels) if not isinstance(label, (Real, Decimal))]
    if wrong:
        # A single word such as "unknown" makes a column of numbers one of texts: that word is to be named.
        row = next((row for row in wrong if not reads_as_number(labels[row])), wrong[0])
        raise DataError(f"Row {row + 1} of {target} is {labels[row]!r:.60}, not a number")
    numbers = np.array(labels, dtype=np.float64)
    infinite = np.flatnonzero(np.isinf(numbers))
    if infinite.size:
        raise DataError(f"Row {infinite[0] + 1} of {target} is {numbers[infinite[0]]}, not finite")
    return numbers


def classes_of(values: Iterable[Any], order: Sequence[str] | None) -> tuple[Label, ...]:
    """The different values of a column: numbers before texts, each sorted, or in the order of ``order``.

    ``order`` has the values as texts, as they come from a command line.
    """
    different = set(labels_in(values))
    if len(different) < 2:
        raise DataError(
            f"The target has one class only, {different.pop()!r}",
            "Check the column, and that the rows are not filtered to one class.",
        )
    classes = sorted(different, key=lambda value: (isinstance(value, str), value))
    if order is None:
        return tuple(classes)
    by_text = {str(label): label for label in classes}
    if sorted(order) != sorted(by_text):
        labels = ", ".join(by_text)
        raise DataError(f"The classes in order are {', '.join(order)}, but the target has {labels}")
    return tuple(by_text[text] for text in order)


def positions_in(classes: tuple[Label, ...], values: Iterable[Any]) -> NDArray[np.intp]:
    """The position of each value among the classes."""
    series: Any = values if hasattr(values, "replace_strict") else None  # of polars
    if series is not None and series.dtype == polars.String and not series.null_count():
        # Few of many rows are different: those are looked up here, and polars replaces them in all rows.
        texts = series.unique(maintain_order=True)
        positions = series.replace_strict(texts, positions_in(classes, texts.to_list()))
        return np.asarray(positions.to_numpy(), np.intp)
    position_of = {label: position for position, label in enumerate(classes)}
    labels = labels_in(values)
    if all(isinstance(label, str) for label in classes):
        # Classes that are texts may consist of digits. A file that has such texts alone is read as numbers.
        labels = [label if isinstance(label, str) else str(label) for label in labels]
    unseen = next((label for label in labels if label not in position_of), None)
    if unseen is not None:
        known = ", ".join(map(repr, classes[:10])) + (", …" if len(classes) > 10 else "")
        raise DataError(f"The target has a class {unseen!r} that training did not have ({known})")
    return np.array([position_of[label] for label in labels], dtype=np.intp)


Task = Literal["binary", "multiclass", "regression"]

MOST_NUMBER_CLASSES = 20
"""Most different whole numbers that are taken for classes."""

MOST_SHOWN_TEXTS = 5
"""Most classes that are texts in the reason of `guess_task`."""


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
    is_text = series.dtype in (polars.String, polars.Categorical, polars.Enum, polars.Boolean)
    if not is_text and not series.dtype.is_numeric():
        raise DataError(f"Target {series.name!r} has values of type {series.dtype}, not classes or numbers")
    plain = without_pattern(series)
    present = (plain.fill_nan(None) if series.dtype.is_float() else plain).drop_nulls()
    values = present.unique().sort()
    if len(values) < 2:
        content = f"one value only, {values[0]!r}" if len(values) else "no values"
        problem = f"Target {series.name!r} has {content}"
        if len(present) < len(series) and len(values):
            problem += f", and {len(series) - len(present):,} of {len(series):,} rows have none"
        raise DataError(problem, "Choose another target.")
    if series.dtype == polars.String and len(values) > MOST_NUMBER_CLASSES:
        words = present.filter(present.cast(polars.Float64, strict=False).is_null())
        if 0 < len(words) <= len(present) // 20:  # a mistake in a few rows, not as many classes
            problem = f"Target {series.name!r} has numbers in all but {len(words)} rows, such as {words[0]!r}"
            raise DataError(
                problem, "Correct these rows, or add --task classification: each value is a class."
            )
    is_whole = series.dtype.is_integer() or (
        series.dtype.is_float() and bool((values.floor() == values).all())
    )
    few = len(values) == 2 or (len(values) <= MOST_NUMBER_CLASSES and 2 * len(values) <= len(present))
    if not is_text and not (is_whole and few):
        return "regression", f"{series.name} has {len(values)} different numbers"
    n_shown = len(values) if is_whole else MOST_SHOWN_TEXTS  # whole numbers are few and short
    shown = ", ".join(map(_shown, values[:n_shown]))
    dots = ", …" if len(values) > n_shown else ""
    task: Task = "binary" if len(values) == 2 else "multiclass"
    return task, f"{series.name} has {len(values)} different values: {shown}{dots}"


def _shown(value: object) -> str:
    """A value as people write it: a whole number without ".0", even if no 64-bit integer can hold it."""
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
    labels = _class_numbers(labels, n_classes)
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
    labels = _class_numbers(labels, n_classes)
    return (labels > np.arange(n_classes - 1)[:, None]).astype(np.float64)


def ordinal_probabilities(AL: Array) -> Array:
    """P(y = k) from P(y > k), the inverse of `ordinal_code`: the drops between 1, P(y > 0), …, 0."""
    # Rounding may let a row of AL exceed the row above it by the last digit. The minimum makes them equal.
    falling = np.concatenate([np.ones_like(AL[:1]), AL, np.zeros_like(AL[:1])])
    falling = np.minimum.accumulate(falling, axis=0)
    return falling[:-1] - falling[1:]


class Code(NamedTuple):
    """How positions of classes become Y, and how outputs become probabilities of classes.

    Both functions use the lecture's layout, in which a column is an example.
    """

    encode: Callable[[AnyArray, int], NDArray[np.float64]]
    probabilities: Callable[[Array], Array]


CODES = {
    "probabilities": Code(ordinal_code, ordinal_probabilities),  # two classes: the one question is y > 0
    "classes": Code(one_hot, lambda AL: AL),
    "cumulative": Code(ordinal_code, ordinal_probabilities),
}
"""The code of one column of classes, by the kind of target (`deepstep.equations.targets.TARGETS`)."""


def encode_classes(positions: AnyArray, n_classes: int, kind: str) -> NDArray[np.float64]:
    """Targets as rows (m, n_outputs) from positions (m,); ``kind`` is a name in `CODES`."""
    check_room(
        16 * len(positions) * n_classes,  # bytes: Y in the lecture's layout and its transpose, of 8 each
        f"A target with {n_classes:,} classes and {len(positions):,} rows",
        "Learn a target of fewer classes; one of numbers is learned with --task regression (DeepRegressor).",
    )
    return np.ascontiguousarray(CODES[kind].encode(positions, n_classes).T)


def class_probabilities(outputs: Array, kind: str) -> Array:
    """Probabilities of classes (m, n_classes) from outputs or targets as rows; ``kind``: see `CODES`."""
    return CODES[kind].probabilities(outputs.T).T


def _class_numbers(labels: AnyArray, n_classes: int) -> AnyArray:
    """The labels as an array; an error if they are not the integers from 0 to n_classes - 1."""
    labels = np.asarray(labels)
    if labels.ndim != 1:
        raise ShapeError.must_be("labels", "have shape (m,)", str(labels.shape), "Pass labels.ravel().")
    if labels.dtype.kind not in "iu":
        raise DataError.must_be("labels", "integers", str(labels.dtype))
    if labels.size and not 0 <= labels.min() <= labels.max() < n_classes:
        raise DataError.must_be("labels", f"0 to {n_classes - 1}", f"{labels.min()} to {labels.max()}")
    return labels


def class_weights(
    class_weight: Any, columns: AnyArray, classes: Sequence[Sequence[Any]], weight: Array | None
) -> list[Array]:
    """For each column the weights of its classes.

    Parameters
    ----------
    class_weight : 'balanced', mapping, or list of mappings
        Weights by label; a list has a mapping for each column.
    columns : array of shape (n_columns, m), int
        The position of the class of each row.
    classes : sequence of sequences
        The labels of each column, in the order of the positions.
    weight : array of shape (m,) or None
        Weights of the rows, by which 'balanced' counts them.

    Returns
    -------
    list of arrays of shape (n_classes,)

    Raises
    ------
    ConfigurationError
        If ``class_weight`` cannot be used.
    """
    if isinstance(class_weight, str) and class_weight == "balanced":
        return [
            _balanced(column, len(labels), weight) for column, labels in zip(columns, classes, strict=True)
        ]
    mappings = class_weight if isinstance(class_weight, list) else [class_weight] * len(columns)
    if not all(isinstance(weights, Mapping) for weights in mappings):
        requirement = "'balanced' or a mapping of classes to weights"
        raise ConfigurationError.must_be("class_weight", requirement, repr(class_weight))
    if len(mappings) != len(columns):
        requirement = f"have a mapping for each of {len(columns)} columns"
        raise ConfigurationError.must_be("class_weight", requirement, str(len(mappings)))
    return [_weights_by_label(weights, labels) for weights, labels in zip(mappings, classes, strict=True)]


def example_weights(weights: Sequence[Array], columns: AnyArray) -> Array:
    """The weight of each example (m,) by its class; for several columns the product of theirs."""
    return np.prod([by_class[column] for by_class, column in zip(weights, columns, strict=True)], axis=0)


def _balanced(positions: AnyArray, n_classes: int, weight: Array | None) -> Array:
    """Weights with which all classes that occur count as much as each other; 0 for those that do not."""
    counts = np.bincount(positions, weight, minlength=n_classes)
    occurs = counts > 0
    weights = np.zeros(len(counts))
    weights[occurs] = counts.sum() / (occurs.sum() * counts[occurs])
    return weights


def _weights_by_label(class_weight: Mapping[Any, float], classes: Sequence[Any]) -> Array:
    """The weights of these classes; 1 for one that the mapping does not have."""
    try:
        weights = np.array([class_weight.get(name, 1.0) for name in classes], dtype=float)
    except (TypeError, ValueError, OverflowError):
        weights = np.array([np.nan])  # not numbers: NaN is refused below, as negative weights are
    if not (np.isfinite(weights).all() and (weights >= 0).all()):
        raise ConfigurationError.must_be("class_weight", "have weights of at least 0", repr(class_weight))
    # As in scikit-learn, a mapping may have labels that do not occur if all classes have a weight. Beside a
    # class without a weight, such a label is probably misspelled.
    unknown = [name for name in class_weight if name not in classes]
    if unknown and any(name not in class_weight for name in classes):
        raise ConfigurationError.must_be("class_weight", f"have labels among {list(classes)}", str(unknown))
    return weights
