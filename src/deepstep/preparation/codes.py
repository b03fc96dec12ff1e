"""Class numbers → Y in the lecture's layout: one-hot, and the code of ordered classes."""

import numpy as np
from numpy.typing import NDArray

from deepstep.errors import DataError, ShapeError
from deepstep.types import AnyArray


def one_hot(labels: AnyArray, n_classes: int) -> NDArray[np.float64]:
    """Columns of the identity: Y for a softmax output, in the lecture's layout.

    Parameters
    ----------
    labels : ndarray of integers (m,)
        0 to n_classes − 1.
    n_classes : int

    Returns
    -------
    ndarray of float64 (n_classes, m)

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
    labels : ndarray of integers (m,)
        0 to n_classes − 1, in order.
    n_classes : int

    Returns
    -------
    ndarray of float64 (n_classes − 1, m)
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


def _class_numbers(labels: AnyArray, n_classes: int, where: str) -> AnyArray:
    labels = np.asarray(labels)
    if labels.ndim != 1:
        raise ShapeError(where, "labels are (m,)", f"got {labels.shape}", "Pass labels.ravel().")
    if labels.dtype.kind not in "iu":
        raise DataError(where, "labels are integers", f"got {labels.dtype}")
    if labels.size and not 0 <= labels.min() <= labels.max() < n_classes:
        raise DataError(where, f"labels are 0 to {n_classes - 1}", f"got {labels.min()} to {labels.max()}")
    return labels
