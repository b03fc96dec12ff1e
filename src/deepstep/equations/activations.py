"""Activation functions, each with its backward next to it.

Every forward takes Z of shape (n, m) and gives A of the same shape; every backward takes dA and Z and gives
dZ = dA ∘ g′(Z), all of that shape. What comes out is a new array, and nothing overflows for any finite Z.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from deepstep.equations.registry import equation
from deepstep.errors import unknown_name
from deepstep.types import Array


@equation("A = Z", source="lecture, course 2 (linear output)")
def identity(Z: Array) -> Array:
    """Pass the pre-activation through.

    Examples
    --------
    >>> identity(np.array([[-1.0, 2.0]]))
    array([[-1.,  2.]])
    """
    return np.array(Z)


@equation("dZ = dA", source="lecture, course 2 (linear output)")
def identity_backward(dA: Array, Z: Array) -> Array:
    """Derivative of the identity.

    Examples
    --------
    >>> identity_backward(np.array([[3.0]]), np.array([[-1.0]]))
    array([[3.]])
    """
    return np.array(dA)


@equation("A = max(0, Z)", source="lecture 3.2")
def relu(Z: Array) -> Array:
    """Rectified linear unit.

    Examples
    --------
    >>> relu(np.array([[-1.0, 0.0, 2.0]]))
    array([[0., 0., 2.]])
    """
    return np.maximum(Z, 0)


@equation("dZ = dA where Z > 0, else 0", source="lecture 5.2")
def relu_backward(dA: Array, Z: Array) -> Array:
    """Derivative of the rectified linear unit, 0 at Z = 0.

    Examples
    --------
    >>> relu_backward(np.array([[5.0, 5.0, 5.0]]), np.array([[-1.0, 0.0, 2.0]]))
    array([[0., 0., 5.]])
    """
    dA = np.asarray(dA)
    return np.where(np.asarray(Z) > 0, dA, dA.dtype.type(0))


@equation("A = tanh(Z)", source="lecture, course 1 week 3")
def tanh(Z: Array) -> Array:
    """Hyperbolic tangent.

    Examples
    --------
    >>> tanh(np.array([[0.0, 1e4]]))
    array([[0., 1.]])
    """
    return np.tanh(Z)


@equation("dZ = dA ∘ (1 - tanh²(Z))", source="lecture, course 1 week 3")
def tanh_backward(dA: Array, Z: Array) -> Array:
    """Derivative of the hyperbolic tangent.

    Examples
    --------
    >>> tanh_backward(np.array([[2.0]]), np.array([[0.0]]))
    array([[2.]])
    """
    A = np.tanh(Z)
    return dA * (1 - A * A)


@equation("A = 1 / (1 + e^-Z)", source="lecture 3.2")
def sigmoid(Z: Array) -> Array:
    """Logistic function; e to a negative power alone, so that nothing overflows.

    Examples
    --------
    >>> sigmoid(np.array([[0.0, 1e4, -1e4]]))
    array([[0.5, 1. , 0. ]])
    """
    t = np.exp(-np.abs(Z))
    return np.where(np.asarray(Z) >= 0, 1, t) / (1 + t)


@equation("dZ = dA ∘ A ∘ (1 - A),  A = sigmoid(Z)", source="lecture 5.2")
def sigmoid_backward(dA: Array, Z: Array) -> Array:
    """Derivative of the logistic function, t / (1 + t)² with t = e^(-|Z|), exact in both tails.

    Examples
    --------
    >>> sigmoid_backward(np.array([[4.0]]), np.array([[0.0]]))
    array([[1.]])
    """
    t = np.exp(-np.abs(Z))
    return dA * t / ((1 + t) * (1 + t))


@equation("Aⱼ = e^Zⱼ / Σₖ e^Zₖ", source="lecture, course 2 week 3")
def softmax(Z: Array) -> Array:
    """Probabilities that sum to 1 in every column; the largest logit is taken off first.

    Examples
    --------
    >>> softmax(np.array([[1e4], [1e4]]))
    array([[0.5],
           [0.5]])
    """
    E = np.exp(Z - np.max(Z, axis=0, keepdims=True))
    return E / E.sum(axis=0, keepdims=True)


@equation("dZ = A ∘ (dA - Σⱼ dAⱼ Aⱼ),  A = softmax(Z)", source="lecture, course 2 week 3")
def softmax_backward(dA: Array, Z: Array) -> Array:
    """Derivative of the softmax: the outputs of a column depend on all its logits.

    Examples
    --------
    >>> softmax_backward(np.array([[1.0], [0.0]]), np.array([[0.0], [0.0]]))
    array([[ 0.25],
           [-0.25]])
    """
    A = softmax(Z)
    return A * (dA - np.sum(dA * A, axis=0, keepdims=True))


class Activation(NamedTuple):
    """A forward with its backward."""

    forward: Callable[[Array], Array]
    backward: Callable[[Array, Array], Array]


ACTIVATIONS: dict[str, Activation] = {
    forward.__name__: Activation(forward, backward)
    for forward, backward in (
        (identity, identity_backward),
        (relu, relu_backward),
        (tanh, tanh_backward),
        (sigmoid, sigmoid_backward),
        (softmax, softmax_backward),
    )
}
"""All activations by name."""


def get_activation(name: str, where: str = "activation") -> Activation:
    """Look an activation up by name.

    Raises
    ------
    ConfigurationError
        If there is none of that name; the message has the nearest one.
    """
    if not isinstance(name, str) or name not in ACTIVATIONS:
        raise unknown_name(where, "activation", name, ACTIVATIONS)
    return ACTIVATIONS[name]
