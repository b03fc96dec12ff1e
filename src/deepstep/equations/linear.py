"""The linear part of a layer, forward and backward."""

from collections.abc import Mapping, Sequence
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
    check_product({"A_prev": A_prev, "W": W, "b": b})
    check_shape("b", b, (len(W), 1), "Pass b.reshape(-1, 1).")
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
    dZ = np.asarray(dZ)
    try:
        A_prev, W, _ = cache
    except (TypeError, ValueError):
        hint = "From a LayerCache pass cache.linear."
        kind = type(cache).__name__
        raise DataError.must_be("cache", "the LinearCache (A_prev, W, b)", kind, hint) from None
    check_shape("dZ", dZ, (len(W), A_prev.shape[1]), of="Z")
    if dZ.shape[1] == 0:
        raise DataError.must_be("dZ", "have at least one example", f"shape {dZ.shape}")
    return W.T @ dZ, product_gradient(dZ, A_prev), sum_gradient(dZ)


def product_gradient(dZ: Array, A_prev: Array) -> Array:
    """dW of a product W·A_prev."""
    return dZ @ A_prev.T / dZ.shape[1]


def sum_gradient(dZ: Array) -> Array:
    """db of a bias."""
    return dZ.sum(axis=1, keepdims=True) / dZ.shape[1]


def rows_in_place(rows: Array, indices: Sequence[int], like: Array) -> Array:
    """Rows at these indices of an array like another one, and 0 in the others."""
    numbers = {row: number for number, row in enumerate(indices)}
    places = [numbers.get(row, len(rows)) for row in range(len(like))]
    return np.take(np.concatenate([rows, np.zeros_like(like[:1])]), places, axis=0)


def check_shape(name: str, value: Any, shape: tuple[int, ...], hint: str = "", *, of: str = "") -> None:
    """Refuse an array of another shape; ``of`` names the array whose shape it must have."""
    if np.shape(value) != shape:
        requirement = f"have the shape of {of}, {shape}" if of else f"have shape {shape}"
        raise ShapeError.must_be(name, requirement, f"shape {np.shape(value)}", hint)


def check_product(arrays: Mapping[str, Array]) -> None:
    """Refuse what is no matrix; the first two are A_prev and W by their names, which must fit together."""
    for name, value in arrays.items():
        if not isinstance(value, np.ndarray):
            raise DataError.must_be(name, "a NumPy array", type(value).__name__, "Use np.asarray.")
        if value.ndim != 2:
            raise ShapeError.must_be(name, "have two axes", f"shape {value.shape}")
    (name, A_prev), (weights, W), *_ = arrays.items()
    if W.shape[1] != A_prev.shape[0]:
        requirement = f"have {W.shape[1]} rows, one for each column of {weights}"
        hint = f"Columns are examples here. If your rows are examples, pass {name}.T."
        raise ShapeError.must_be(name, requirement, f"shape {A_prev.shape}", hint)
