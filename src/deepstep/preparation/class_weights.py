"""Weights of classes, and of the examples that belong to them."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from deepstep.errors import ConfigurationError
from deepstep.types import AnyArray, Array


def class_weights(
    class_weight: Any,
    columns: AnyArray,
    classes: Sequence[Any],
    weight: Array | None,
    where: str,
) -> list[Array]:
    """The weight of each class."""
    if isinstance(class_weight, str) and class_weight == "balanced":
        return [_balanced(column, len(classes), weight) for column in columns]
    given = class_weight if isinstance(class_weight, list) else [class_weight] * len(columns)
    if not all(isinstance(weights, Mapping) for weights in given):
        raise ConfigurationError(
            where, "class_weight is 'balanced' or a mapping of classes to weights", f"got {class_weight!r}"
        )
    if len(given) != len(columns):
        raise ConfigurationError(
            where, f"class_weight has a mapping for each of {len(columns)} columns", f"got {len(given)}"
        )
    return [_given(weights, classes, where) for weights in given]


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
