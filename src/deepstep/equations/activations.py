"""The lecture's activation functions and their plain kin, each with its backward next to it.

Every forward takes Z of shape (n, m) and gives A of the same shape; every backward takes dA and Z and gives
dZ of that shape, dA ∘ g′(Z) where the units do not depend on each other. What comes out is a new array of the
dtype of Z; nothing overflows for a finite Z unless the value itself is too large for the dtype, and small
values in the tails keep their digits.
"""

import numpy as np

from deepstep.equations.registry import equation
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
    """Derivative of the hyperbolic tangent, 1 / cosh²(Z) with t = e^(-|Z|), exact in both tails.

    Examples
    --------
    >>> tanh_backward(np.array([[2.0]]), np.array([[0.0]]))
    array([[2.]])
    """
    t = np.exp(-np.abs(Z))
    slope = 2 * t / (1 + t * t)
    return dA * slope * slope


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


@equation("A = e^Z", source="McCullagh & Nelder 1989, chapter 6 (log link)")
def exponential(Z: Array) -> Array:
    """A mean that is positive, as of counts; inf where e^Z is too large for the dtype.

    Examples
    --------
    >>> exponential(np.array([[0.0, 1e4, -1e4]]))
    array([[ 1., inf,  0.]])
    """
    with np.errstate(over="ignore"):
        return np.exp(Z)


@equation("dZ = dA ∘ e^Z", source="McCullagh & Nelder 1989, chapter 6 (log link)")
def exponential_backward(dA: Array, Z: Array) -> Array:
    """Derivative of the exponential; 0 where dA is 0, however large Z.

    Examples
    --------
    >>> exponential_backward(np.array([[3.0, 0.0]]), np.array([[0.0, 1e4]]))
    array([[3., 0.]])
    """
    dA = np.asarray(dA)
    with np.errstate(over="ignore"):
        return dA * np.exp(np.where(dA == 0, 0, Z))


@equation("Aⱼ = e^Zⱼ / Σₖ e^Zₖ", source="lecture, course 2 week 3")
def softmax(Z: Array) -> Array:
    """Probabilities that sum to 1 in every column; the largest logit is taken off first.

    Examples
    --------
    >>> softmax(np.array([[1e4], [1e4]]))
    array([[0.5],
           [0.5]])
    """
    with np.errstate(over="ignore"):  # a logit that is further below than the dtype reaches has e^-inf = 0
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
