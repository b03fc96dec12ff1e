"""One layer backward, as the lecture has it, and the linear operation of the graph."""

from typing import Any

import numpy as np

from deepstep.equations.activations import get_activation
from deepstep.equations.example_gradients import PerExample
from deepstep.equations.linear import (
    LinearCache,
    linear_backward,
    linear_forward,
    product_gradient,
    sum_gradient,
)
from deepstep.equations.ops import Layer, Learned, Op
from deepstep.equations.registry import EQUATIONS, equation
from deepstep.errors import DataError, ShapeError
from deepstep.types import Array

__all__ = ["linear_activation_backward"]


@equation("dZ = dA ∘ g′(Z),  then dA_prev, dW, db", source="lecture 5.2")
def linear_activation_backward(dA: Array, cache: Any, activation: str) -> tuple[Array, Array, Array]:
    """One layer backward.

    Parameters
    ----------
    dA : array of shape (n_l, m)
        Derivative of m·J by A.
    cache : LayerCache
        Of the forward step.
    activation : str
        The layer's activation.

    Returns
    -------
    dA_prev : array of shape (n_{l-1}, m)
        Derivative of m·J.
    dW : array of shape (n_l, n_{l-1})
        Derivative of J.
    db : array of shape (n_l, 1)
        Derivative of J.

    Raises
    ------
    ConfigurationError, ShapeError, DataError
        If the activation is unknown, or dA or the cache does not fit.

    Examples
    --------
    >>> from deepstep.equations import linear_activation_forward
    >>> _, cache = linear_activation_forward(np.array([[1.0]]), np.array([[2.0]]), np.array([[0.0]]), "relu")
    >>> linear_activation_backward(np.array([[3.0]]), cache, "relu")
    (array([[6.]]), array([[3.]]), array([[3.]]))
    """
    backward = get_activation(activation, "linear_activation_backward").backward
    try:
        linear, Z = cache
    except (TypeError, ValueError):
        raise DataError(
            "linear_activation_backward",
            "cache is the LayerCache ((A_prev, W, b), Z) of the forward step",
            f"got {type(cache).__name__} of another form",
        ) from None
    dA = np.asarray(dA)
    if dA.shape != Z.shape:
        raise ShapeError("linear_activation_backward", f"dA has the shape of Z, {Z.shape}", f"got {dA.shape}")
    return linear_backward(backward(dA, Z), linear)


def units_by_inputs(layer: Layer) -> tuple[int, int]:
    """Shape of W."""
    return layer.n, layer.n_in


def one_per_unit(layer: Layer) -> tuple[int, int]:
    """Shape of b and of whatever a layer has once for each unit."""
    return layer.n, 1


WEIGHTS = {"W": Learned(units_by_inputs, None, "the weights")}

LINEAR = Op(
    lambda A_prev, W, b: linear_forward(A_prev, W, b)[0],
    lambda dZ, A_prev, W, b: linear_backward(dZ, LinearCache(A_prev, W, b)),
    reads=("A_prev", "W", "b"),
    writes=("Z",),
    needs=("A_prev", "W", "b"),
    gives=("A_prev", "W", "b"),
    learned={**WEIGHTS, "b": Learned(one_per_unit, 0.0, "the bias")},
    equations=(EQUATIONS["linear_forward"], EQUATIONS["linear_backward"]),
    without_input=lambda dZ, A_prev, W, b: (product_gradient(dZ, A_prev), sum_gradient(dZ)),
    per_example=lambda dZ, A_prev, W, b: {"W": PerExample(dZ, A_prev), "b": PerExample(dZ)},
)
"""Z = W·A_prev + b."""
