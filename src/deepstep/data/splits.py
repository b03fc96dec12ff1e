"""Rows held out for the test."""

import math

import numpy as np
from numpy.typing import NDArray

from deepstep.environment import package
from deepstep.errors import ConfigurationError, DataError
from deepstep.types import AnyArray


def holdout(
    y: AnyArray, *, fraction: float, seed: int, stratify: bool
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Split rows into a training and a test part.

    Parameters
    ----------
    y : array-like (m,)
        The targets; without stratification only their number counts.
    fraction : float
        The share of the test part, above 0 and below 1; at least one row stays on each side.
    seed : int
        Draws the split.
    stratify : bool
        Keep each class's share. Where that is not possible the split is plainly random, and
        `stratification_obstacle` says why.

    Returns
    -------
    train : array of intp
        Row numbers, ascending: both parts keep the order of the file.
    test : array of intp
        Row numbers, ascending: both parts keep the order of the file.

    Raises
    ------
    ConfigurationError
        When the fraction is out of range.
    DataError
        When there are fewer than two rows.

    Examples
    --------
    >>> train, test = holdout(np.array([0, 0, 0, 0, 1, 1, 1, 1]), fraction=0.25, seed=1, stratify=True)
    >>> len(train), len(test)
    (6, 2)
    """
    train_test_split = package("sklearn.model_selection").train_test_split
    labels = _labels(y)
    n_test = _test_rows(len(labels), fraction)
    stratified = stratify and not stratification_obstacle(y, fraction=fraction)
    train, test = train_test_split(
        np.arange(len(labels)), test_size=n_test, random_state=seed, stratify=labels if stratified else None
    )
    return np.sort(train), np.sort(test)


def stratification_obstacle(y: AnyArray, *, fraction: float) -> str:
    """Why a split cannot keep the classes' shares, as a sentence; empty when it can.

    Parameters
    ----------
    y : array-like (m,)
        The classes.
    fraction : float
        The share of the test part.

    Returns
    -------
    str
        As it stands behind "because".

    Raises
    ------
    ConfigurationError, DataError
        As `holdout`.

    Examples
    --------
    >>> stratification_obstacle(np.array(["a", "a", "a", "b"]), fraction=0.5)
    "class 'b' has one row only"
    """
    labels = _labels(y)
    n_test = _test_rows(len(labels), fraction)
    classes, counts = np.unique(labels, return_counts=True)
    if counts.min() < 2:
        return f"class {classes[counts.argmin()].item()!r} has one row only"
    smaller = min(n_test, len(labels) - n_test)
    if smaller < len(classes):
        return f"the smaller part has {smaller} row{'s' * (smaller != 1)} for {len(classes)} classes"
    return ""


def _labels(y: AnyArray) -> AnyArray:
    labels = np.asarray(y)
    # Texts beside numbers or None have no order, and np.unique sorts: their text forms have one.
    return labels.astype(str) if labels.dtype == object else labels


def _test_rows(rows: int, fraction: float) -> int:
    if not 0 < fraction < 1:
        raise ConfigurationError.must_be("fraction", "above 0 and below 1", repr(fraction))
    if rows < 2:
        raise DataError(f"A split into two parts needs at least 2 rows, got {rows}")
    return min(math.ceil(fraction * rows), rows - 1)
