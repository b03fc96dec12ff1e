"""Losses of one example, from the logits for training and from the probabilities as in the textbook.

A loss takes the logits ZL (or, in the textbook form, the output AL) and the target Y, all of shape (n_L, m),
and gives a row of shape (1, m): one number for each example, summed over the outputs. Its backward gives the
derivative of the summed loss m·J.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from deepstep.equations.activations import sigmoid, softmax
from deepstep.equations.registry import equation
from deepstep.errors import unknown_name
from deepstep.types import Array


@equation("loss = Σ (log(1 + e^ZL) - Y ∘ ZL)", source="lecture 4, from the logits")
def sigmoid_cross_entropy(ZL: Array, Y: Array) -> Array:
    """Cross-entropy of independent yes/no outputs, from the logits: finite for every finite ZL.

    Examples
    --------
    >>> sigmoid_cross_entropy(np.array([[0.0, -1e4]]), np.array([[1, 1]]))
    array([[6.93147181e-01, 1.00000000e+04]])
    """
    linear = np.maximum(ZL, 0) - Y * ZL  # first, so that a sure and right answer keeps its small loss
    return np.sum(linear + np.log1p(np.exp(-np.abs(ZL))), axis=0, keepdims=True)


@equation("dZL = AL - Y,  AL = sigmoid(ZL)", source="lecture 5.3, both factors joined")
def sigmoid_cross_entropy_backward(ZL: Array, Y: Array) -> Array:
    """Derivative by the logits: never a division, so never 0/0.

    Examples
    --------
    >>> sigmoid_cross_entropy_backward(np.array([[0.0, 1e4]]), np.array([[1, 1]]))
    array([[-0.5,  0. ]])
    """
    return sigmoid(ZL) - Y


@equation("loss = log Σⱼ e^ZLⱼ - Σⱼ Yⱼ ZLⱼ", source="lecture, course 2 week 3, from the logits")
def softmax_cross_entropy(ZL: Array, Y: Array) -> Array:
    """Cross-entropy of one choice among n_L classes, from the logits; the columns of Y sum to 1.

    Examples
    --------
    >>> softmax_cross_entropy(np.array([[0.0], [0.0]]), np.array([[1.0], [0.0]]))
    array([[0.69314718]])
    """
    shifted = ZL - np.max(ZL, axis=0, keepdims=True)
    return np.log(np.exp(shifted).sum(axis=0, keepdims=True)) - np.sum(Y * shifted, axis=0, keepdims=True)


@equation("dZL = AL - Y,  AL = softmax(ZL)", source="lecture, course 2 week 3")
def softmax_cross_entropy_backward(ZL: Array, Y: Array) -> Array:
    """Derivative by the logits.

    Examples
    --------
    >>> softmax_cross_entropy_backward(np.array([[0.0], [0.0]]), np.array([[1.0], [0.0]]))
    array([[-0.5],
           [ 0.5]])
    """
    return softmax(ZL) - Y


@equation("loss = ½ Σ (ZL - Y)²", source="Bishop 2006, section 5.2")
def squared_error(ZL: Array, Y: Array) -> Array:
    """Half the squared distance of the output from the target.

    Examples
    --------
    >>> squared_error(np.array([[1.0, 3.0]]), np.array([[0.0, 0.0]]))
    array([[0.5, 4.5]])
    """
    return np.sum((ZL - Y) ** 2, axis=0, keepdims=True) / 2


@equation("dZL = ZL - Y", source="Bishop 2006, section 5.2")
def squared_error_backward(ZL: Array, Y: Array) -> Array:
    """Derivative of half the squared distance.

    Examples
    --------
    >>> squared_error_backward(np.array([[1.0, 3.0]]), np.array([[0.0, 0.0]]))
    array([[1., 3.]])
    """
    return ZL - Y


@equation("loss = -Σ (Y ∘ log AL + (1 - Y) ∘ log(1 - AL))", source="lecture 4")
def cross_entropy(AL: Array, Y: Array) -> Array:
    """The textbook's yes/no cross-entropy, from the probabilities.

    At saturation: a term whose weight (Y or 1 - Y) is 0 counts as 0, so a sure and right answer (AL = 1,
    Y = 1) has loss 0 and not NaN; a sure and wrong one (AL = 0, Y = 1) has loss inf, though the loss from the
    logits is a finite number there. Train with `sigmoid_cross_entropy`.

    Examples
    --------
    >>> cross_entropy(np.array([[0.5, 1.0, 0.0]]), np.array([[1, 1, 1]]))
    array([[0.69314718, 0.        ,        inf]])
    """
    return np.sum(_surprise(Y, AL) + _surprise(1 - Y, 1 - AL), axis=0, keepdims=True)


@equation("dAL = -(Y / AL - (1 - Y) / (1 - AL))", source="lecture 5.3")
def cross_entropy_backward(AL: Array, Y: Array) -> Array:
    """The textbook's derivative by the probabilities.

    At saturation: a term whose weight is 0 counts as 0 (AL = 1, Y = 1 gives -1, not NaN); a sure and wrong
    answer gives ±inf, and times σ'(Z) = 0 that has no value. `model_backward` therefore joins both factors
    into AL - Y wherever AL is the sigmoid of its own Z.

    Examples
    --------
    >>> cross_entropy_backward(np.array([[0.5, 1.0, 0.0]]), np.array([[1, 1, 1]]))
    array([[ -2.,  -1., -inf]])
    """
    return _weighted_quotient(1 - Y, 1 - AL) - _weighted_quotient(Y, AL)


@equation("loss = -Σⱼ Yⱼ log ALⱼ", source="lecture, course 2 week 3")
def categorical_cross_entropy(AL: Array, Y: Array) -> Array:
    """The textbook's cross-entropy of one choice among classes; at saturation as `cross_entropy`.

    Examples
    --------
    >>> categorical_cross_entropy(np.array([[0.5], [0.5]]), np.array([[1.0], [0.0]]))
    array([[0.69314718]])
    """
    return np.sum(_surprise(Y, AL), axis=0, keepdims=True)


@equation("dALⱼ = -Yⱼ / ALⱼ", source="lecture, course 2 week 3")
def categorical_cross_entropy_backward(AL: Array, Y: Array) -> Array:
    """The textbook's derivative by the probabilities; at saturation as `cross_entropy_backward`.

    Examples
    --------
    >>> categorical_cross_entropy_backward(np.array([[0.5], [0.5]]), np.array([[1.0], [0.0]]))
    array([[-2.],
           [-0.]])
    """
    return -_weighted_quotient(Y, AL)


class Head(NamedTuple):
    """The loss that belongs to an output activation.

    ``loss`` and ``loss_backward`` start from the logits and are what trains; ``textbook`` and
    ``textbook_backward`` start from the output.
    """

    loss: Callable[[Array, Array], Array]
    loss_backward: Callable[[Array, Array], Array]
    textbook: Callable[[Array, Array], Array]
    textbook_backward: Callable[[Array, Array], Array]


HEADS: dict[str, Head] = {
    "sigmoid": Head(
        sigmoid_cross_entropy, sigmoid_cross_entropy_backward, cross_entropy, cross_entropy_backward
    ),
    "softmax": Head(
        softmax_cross_entropy,
        softmax_cross_entropy_backward,
        categorical_cross_entropy,
        categorical_cross_entropy_backward,
    ),
    "identity": Head(squared_error, squared_error_backward, squared_error, squared_error_backward),
}
"""The losses by the name of the output activation."""


def get_head(output: str, where: str = "output") -> Head:
    """Look the loss of an output activation up.

    Raises
    ------
    ConfigurationError
        If no loss belongs to an output of that name; the message has the nearest one.
    """
    output = getattr(output, "output", output)
    if not isinstance(output, str) or output not in HEADS:
        raise unknown_name(where, "output", output, HEADS)
    return HEADS[output]


def _surprise(weight: Array, probability: Array) -> Array:
    """-weight · log(probability), 0 where the weight is 0."""
    with np.errstate(divide="ignore"):
        return weight * (0 - np.log(np.where(weight == 0, 1, probability)))


def _weighted_quotient(weight: Array, probability: Array) -> Array:
    """weight / probability, 0 where the weight is 0."""
    with np.errstate(divide="ignore"):
        return weight / np.where(weight == 0, 1, probability)
