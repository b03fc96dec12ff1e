"""Soft targets: probabilities of the classes as targets, for ``DeepClassifier(soft_targets=True)``."""

from typing import Any

import numpy as np

from deepstep.equations import get_head
from deepstep.errors import ConfigurationError, DataError
from deepstep.types import AnyArray, Array

TOLERANCE = 1e-6
"""How far from 1 the probabilities of a row may sum."""


def check_probabilities(y: AnyArray, where: str) -> None:
    """Refuse a target that is no table of probabilities, a column for each class."""
    kind, hint = "probabilities (n_samples, n_classes) with soft_targets=True", ""
    got = f"got shape {y.shape}"
    if y.ndim == 1:
        hint = "For labels leave soft_targets out."
    elif y.dtype.kind not in "fiub":
        got = f"got values such as {y.flat[0]!r:.60}"
    elif y.shape[1] > 1:
        sums = y.sum(axis=1)
        wrong = np.flatnonzero((y < 0).any(axis=1) | (np.abs(sums - 1) > TOLERANCE))
        if not wrong.size:
            return
        kind = "probabilities of at least 0 with a sum of 1 in every row"
        got = f"got row {wrong[0] + 1} with the smallest {y[wrong[0]].min():g} and the sum {sums[wrong[0]]:g}"
    raise DataError(where, kind, got, hint, setting="y")


def classes_of_columns(y: AnyArray, classes: Any, where: str) -> AnyArray:
    """The class of each column: ``classes`` in their order, else the numbers from 0."""
    found = np.arange(y.shape[1]) if classes is None else np.asarray(classes)
    if found.shape != (y.shape[1],) or len({*found.tolist()}) != len(found):
        expected = f"{y.shape[1]} different labels, one for each column of y"
        raise ConfigurationError(where, expected, f"got {classes!r:.60}", setting="classes")
    return found


def soft_code(P: AnyArray, output: str, where: str) -> Array:
    """Probabilities (m, n_classes) as targets of an output: of two classes that of the second."""
    if get_head(output).targets == "cumulative":
        hint = "Use loss='cross_entropy'."
        raise ConfigurationError(
            where, "another with soft_targets=True", "got 'ordinal'", hint, setting="loss"
        )
    return P[:, 1:] if get_head(output).targets == "probabilities" else P
