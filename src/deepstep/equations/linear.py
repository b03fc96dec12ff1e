"""The linear part of a layer, forward and backward."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from deepstep.equations import arrays as np
from deepstep.equations.registry import equation
from deepstep.errors import DataError, ShapeError
from deepstep.types import Array

__all__ = ["LinearCache", "linear_backward", "linear_forward"]


class LinearCache(NamedTuple):
    """Quantities that the linear step keeps for its backward step: ``(A_prev, W, b)``.

    Attributes
    ----------
    A_prev : array of shape (n_{l-1}, m)
        Activations of the layer before; a column is an example.
    W : array of shape (n_l, n_{l-1})
        Weights.
    b : array of shape (n_l, 1)
        Bias.

    Examples
    --------
    >>> A_prev, W, b = linear_forward(np.ones((2, 3)), np.ones((1, 2)), np.zeros((1, 1)))[1]
    >>> A_prev.shape, W.shape
    ((2, 3), (1, 2))
    """

    A_prev: Array
    W: Array
    b: Array


@equation("Z = W·A_prev + b", source="lecture 3.1")
def linear_forward(A_prev: Array, W: Array, b: Array) -> tuple[Array, LinearCache]:
    """Weigh the activations of the layer before and add the bias.

    Parameters
    ----------
    A_prev : array of shape (n_{l-1}, m)
        Activations of the layer before; a column is an example.
    W : array of shape (n_l, n_{l-1})
        Weights.
    b : array of shape (n_l, 1)
        Bias.

    Returns
    -------
    Z : array of shape (n_l, m)
        Pre-activation, float32 or float64; a column is an example.
    cache : LinearCache
        ``(A_prev, W, b)``.

    Raises
    ------
    ShapeError
        If the shapes do not fit.

    Notes
    -----
        Z = W·A_prev + b

    Source: lecture 3.1.

    Examples
    --------
    >>> import numpy as np
    >>> Z, cache = linear_forward(np.array([[1.0, 2.0]]), np.array([[3.0], [4.0]]), np.array([[0.5], [0.0]]))
    >>> Z
    array([[3.5, 6.5],
           [4. , 8. ]])
    """
    check_forward("linear_forward", A_prev, W, b=b)
    return W @ A_prev + b, LinearCache(A_prev, W, b)


@equation("dA_prev = Wᵀ·dZ,  dW = dZ·A_prevᵀ / m,  db = Σᵢ dZ⁽ⁱ⁾ / m", source="lecture 5.1")
def linear_backward(dZ: Array, cache: LinearCache) -> tuple[Array, Array, Array]:
    """Carry the derivative from Z to the layer before, the weights and the bias.

    Parameters
    ----------
    dZ : array of shape (n_l, m)
        Derivative of m·J by Z.
    cache : LinearCache
        ``(A_prev, W, b)`` of the forward step.

    Returns
    -------
    dA_prev : array of shape (n_{l-1}, m)
        Derivative of m·J by A_prev.
    dW : array of shape (n_l, n_{l-1})
        Derivative of the cost J by W: 1/m is applied here.
    db : array of shape (n_l, 1)
        Derivative of the cost J by b: 1/m is applied here.

    Raises
    ------
    ShapeError
        If dZ does not have the shape of Z.

    Notes
    -----
        dA_prev = Wᵀ·dZ
        dW = dZ·A_prevᵀ / m
        db = Σᵢ dZ⁽ⁱ⁾ / m

    Source: lecture 5.1.

    Examples
    --------
    >>> import numpy as np
    >>> dZ = np.array([[1.0, 3.0]])
    >>> cache = LinearCache(np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([[2.0, 5.0]]), np.array([[0.0]]))
    >>> dA_prev, dW, db = linear_backward(dZ, cache)
    >>> dW, db
    (array([[0.5, 1.5]]), array([[2.]]))
    """
    where, dZ = "linear_backward", np.asarray(dZ)
    try:
        A_prev, W, _ = cache
    except (TypeError, ValueError):
        expected = "cache is the LinearCache (A_prev, W, b) of the forward step"
        hint = "From a LayerCache pass cache.linear."
        raise DataError(where, expected, f"got {type(cache).__name__}", hint) from None
    check_shape(where, "dZ has the shape of Z,", dZ, (len(W), A_prev.shape[1]))
    if dZ.shape[1] == 0:
        raise DataError(where, "at least one example", "got m = 0")
    return W.T @ dZ, product_gradient(dZ, A_prev), sum_gradient(dZ)


def product_gradient(dZ: Array, A_prev: Array) -> Array:
    """dW of a product W·A_prev."""
    return dZ @ A_prev.T / dZ.shape[1]


def sum_gradient(dZ: Array) -> Array:
    """db of a bias."""
    return dZ.sum(axis=1, keepdims=True) / dZ.shape[1]


def rows_in_place(rows: Array, at: Sequence[int], like: Array) -> Array:
    """Rows at their places in an array like another one, and 0 in the others."""
    numbers = {row: number for number, row in enumerate(at)}
    places = [numbers.get(row, len(rows)) for row in range(len(like))]
    return np.take(np.concatenate([rows, np.zeros_like(like[:1])]), places, axis=0)


def check_shape(where: str, expected: str, value: Any, shape: tuple[int, ...], hint: str = "") -> None:
    """Refuse an array of another shape; ``expected`` are the words before the shape."""
    if np.shape(value) != shape:
        raise ShapeError(where, f"{expected} {shape}", f"got {np.shape(value)}", hint)


def check_forward(where: str, A_prev: Array, W: Array, **columns: Array) -> None:
    """Refuse what is no array or does not fit: A_prev and W to multiply, the others one number per unit."""
    for name, value in {"A_prev": A_prev, "W": W, **columns}.items():
        if not isinstance(value, np.ndarray):
            raise DataError(
                where, f"{name} is a NumPy array", f"got {type(value).__name__}", "Use np.asarray."
            )
        if value.ndim != 2:
            raise ShapeError(where, f"{name} has two axes", f"got shape {value.shape}")
    if W.shape[1] != A_prev.shape[0]:
        raise ShapeError(
            where,
            f"W has {W.shape[1]} columns, so A_prev needs {W.shape[1]} rows",
            f"got A_prev {A_prev.shape}",
            "Columns are examples here. If your rows are examples, pass A_prev.T.",
        )
    for name, value in columns.items():
        check_shape(where, f"{name} has shape", value, (len(W), 1), f"Pass {name}.reshape(-1, 1).")
