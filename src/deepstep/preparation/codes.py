"""Class numbers → Y: yes/no, one-hot, and the code of ordered classes; outputs → probabilities of classes."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from deepstep.data.room import check_room
from deepstep.errors import DataError, ShapeError
from deepstep.types import AnyArray, Array


def one_hot(labels: AnyArray, n_classes: int) -> NDArray[np.float64]:
    """Columns of the identity: Y for a softmax output, in the lecture's layout.

    labels (array of shape (m,), int): 0 to n_classes − 1.
    returns (array of shape (n_classes, m), float64):
    ShapeError: When `labels` is not (m,).
    DataError: When a label is no integer or out of range.

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

    labels (array of shape (m,), int): 0 to n_classes − 1, in order.
    returns (array of shape (n_classes − 1, m), float64): Row k is 1 where the label is above k, k = 0 …
        n_classes − 2.
    ShapeError, DataError: As `one_hot`.

    >>> ordinal_code(np.array([2, 0, 1]), 3)
    array([[1., 0., 1.],
           [1., 0., 0.]])
    """
    labels = _class_numbers(labels, n_classes, "ordinal_code")
    return (labels > np.arange(n_classes - 1)[:, None]).astype(np.float64)


def ordinal_probabilities(AL: Array) -> Array:
    """P(y = k) from P(y > k), the way back from `ordinal_code`: how far it falls from 1 over AL to 0.

    AL is (n_classes - 1, m), the answer (n_classes, m).

    >>> ordinal_probabilities(np.array([[0.75], [0.25]])).tolist()
    [[0.25], [0.5], [0.25]]
    """
    falling = np.concatenate([np.ones_like(AL[:1]), AL, np.zeros_like(AL[:1])])
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
