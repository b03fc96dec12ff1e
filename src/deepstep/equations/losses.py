"""Losses of classes: cross-entropies, from the probabilities as taught and from the logits for training.

A loss takes the logits ZL (in the textbook's form the output AL) and the target Y, all of shape (n_L, m), and
gives a row of shape (1, m): one number for each example, summed over the outputs. Its backward gives the
derivative of the summed loss m·J, and registers both as a head.
"""

import numpy as np

from deepstep.equations.activations import sigmoid, softmax
from deepstep.equations.heads import Setting, head
from deepstep.equations.registry import SHARE, equation
from deepstep.types import Array

__all__ = [
    "categorical_cross_entropy",
    "categorical_cross_entropy_backward",
    "cross_entropy",
    "cross_entropy_backward",
    "sigmoid_cross_entropy",
    "sigmoid_cross_entropy_backward",
    "smooth_labels",
    "softmax_cross_entropy",
    "softmax_cross_entropy_backward",
]


@equation("T = (1 - ε)·Y + ε / n", source="Szegedy et al. 2016, section 7 (arXiv 1512.00567)")
def smooth_labels(Y: Array, smoothing: float, n: int) -> Array:
    """Targets of label smoothing: a share ε of the certainty is spread evenly over the n possible answers.

    n: Number of possible answers: 2 for each yes/no output, n_L for one choice among classes.
    T (n_L, m): Target in place of Y.

    >>> smooth_labels(np.array([[0.0], [1.0]]), 0.1, 2)
    array([[0.05],
           [0.95]])
    """
    return (1 - smoothing) * Y + smoothing / n


@equation("loss = -Σ (Y ∘ log AL + (1 - Y) ∘ log(1 - AL))", source="lecture 4")
def cross_entropy(AL: Array, Y: Array, *, smoothing: float = 0.0) -> Array:
    """The textbook's yes/no cross-entropy, from the probabilities.

    At saturation: a term whose weight (Y or 1 - Y) is 0 counts as 0, so a sure and right answer (AL = 1,
    Y = 1) has loss 0 and not NaN; a sure and wrong one (AL = 0, Y = 1) has loss inf, though the loss from the
    logits is a finite number there. Train with `sigmoid_cross_entropy`.

    >>> cross_entropy(np.array([[0.5, 1.0, 0.0]]), np.array([[1, 1, 1]]))
    array([[0.69314718, 0.        ,        inf]])
    """
    T = _yes_no(Y, smoothing)
    return np.sum(_surprise(T, AL) + _surprise(1 - T, 1 - AL), axis=0, keepdims=True)


@equation("dAL = -(Y / AL - (1 - Y) / (1 - AL))", source="lecture 5.3")
def cross_entropy_backward(AL: Array, Y: Array, *, smoothing: float = 0.0) -> Array:
    """The textbook's derivative by the probabilities.

    At saturation: a term whose weight is 0 counts as 0 (AL = 1, Y = 1 gives -1, not NaN); a sure and wrong
    answer gives ±inf, and times σ'(Z) = 0 that has no value. `model_backward` therefore joins both factors
    into AL - Y wherever AL is the sigmoid of its own Z.

    >>> cross_entropy_backward(np.array([[0.5, 1.0, 0.0]]), np.array([[1, 1, 1]]))
    array([[ -2.,  -1., -inf]])
    """
    T = _yes_no(Y, smoothing)
    return _weighted_quotient(1 - T, 1 - AL) - _weighted_quotient(T, AL)


@equation("loss = -Σⱼ Yⱼ log ALⱼ", source="lecture, course 2 week 3")
def categorical_cross_entropy(AL: Array, Y: Array, *, smoothing: float = 0.0) -> Array:
    """The textbook's cross-entropy of one choice among classes; at saturation as `cross_entropy`.

    >>> categorical_cross_entropy(np.array([[0.5], [0.5]]), np.array([[1.0], [0.0]]))
    array([[0.69314718]])
    >>> categorical_cross_entropy_backward(np.array([[0.5], [0.5]]), np.array([[1.0], [0.0]]))
    array([[-2.],
           [-0.]])
    """
    return np.sum(_surprise(_one_of_many(Y, smoothing), AL), axis=0, keepdims=True)


@equation("dALⱼ = -Yⱼ / ALⱼ")
def categorical_cross_entropy_backward(AL: Array, Y: Array, *, smoothing: float = 0.0) -> Array:
    """The textbook's derivative by the probabilities; at saturation as `cross_entropy_backward`."""
    return -_weighted_quotient(_one_of_many(Y, smoothing), AL)


def _smoothed(smoothing: float, n: int) -> dict[str, str]:
    """The text that stands for Y in formulas."""
    return {"Y": f"({1 - smoothing:g}·Y + {smoothing / n:g})"} if smoothing else {}


@equation("loss = Σ (log(1 + e^ZL) - Y ∘ ZL)", source="lecture 4, from the logits")
def sigmoid_cross_entropy(ZL: Array, Y: Array, *, smoothing: float = 0.0) -> Array:
    """Cross-entropy of independent yes/no outputs, from the logits: finite for every finite ZL.

    >>> sigmoid_cross_entropy(np.array([[0.0, -1e4]]), np.array([[1, 1]]))
    array([[6.93147181e-01, 1.00000000e+04]])
    >>> sigmoid_cross_entropy_backward(np.array([[0.0, 1e4]]), np.array([[1, 1]]))
    array([[-0.5,  0. ]])
    """
    T = _yes_no(Y, smoothing)
    linear = np.maximum(ZL, 0) - T * ZL  # first, so that a sure and right answer keeps its small loss
    return np.sum(linear + np.log1p(np.exp(-np.abs(ZL))), axis=0, keepdims=True)


@head(
    "sigmoid",
    sigmoid_cross_entropy,
    activation="sigmoid",
    targets="probabilities",
    textbook=(cross_entropy, cross_entropy_backward),
    smoothing=Setting(SHARE, lambda smoothing, n: _smoothed(smoothing, 2)),
)
@equation("dZL = AL - Y,  AL = sigmoid(ZL)", source="lecture 5.3, both factors joined")
def sigmoid_cross_entropy_backward(ZL: Array, Y: Array, *, smoothing: float = 0.0) -> Array:
    """Derivative by the logits: never a division, so never 0/0."""
    return sigmoid(ZL) - _yes_no(Y, smoothing)


@equation("loss = log Σⱼ e^ZLⱼ - Σⱼ Yⱼ ZLⱼ", source="lecture, course 2 week 3, from the logits")
def softmax_cross_entropy(ZL: Array, Y: Array, *, smoothing: float = 0.0) -> Array:
    """Cross-entropy of one choice among n_L classes, from the logits; the columns of Y sum to 1.

    >>> softmax_cross_entropy(np.array([[0.0], [0.0]]), np.array([[1.0], [0.0]]))
    array([[0.69314718]])
    >>> softmax_cross_entropy_backward(np.array([[0.0], [0.0]]), np.array([[1.0], [0.0]]))
    array([[-0.5],
           [ 0.5]])
    """
    with np.errstate(over="ignore"):
        shifted = ZL - np.max(ZL, axis=0, keepdims=True)
    shifted = no_infinity(shifted)
    T = _one_of_many(Y, smoothing)
    return np.log(np.exp(shifted).sum(axis=0, keepdims=True)) - np.sum(T * shifted, axis=0, keepdims=True)


@head(
    "softmax",
    softmax_cross_entropy,
    activation="softmax",
    targets="classes",
    textbook=(categorical_cross_entropy, categorical_cross_entropy_backward),
    smoothing=Setting(SHARE, _smoothed),
)
@equation("dZL = AL - Y,  AL = softmax(ZL)", source="lecture, course 2 week 3")
def softmax_cross_entropy_backward(ZL: Array, Y: Array, *, smoothing: float = 0.0) -> Array:
    """Derivative by the logits."""
    return softmax(ZL) - _one_of_many(Y, smoothing)


def _yes_no(Y: Array, smoothing: float) -> Array:
    """T of independent yes/no outputs: two answers each."""
    return smooth_labels(Y, smoothing, 2) if smoothing else Y


def _one_of_many(Y: Array, smoothing: float) -> Array:
    """T of one choice among the rows."""
    return smooth_labels(Y, smoothing, len(Y)) if smoothing else Y


def _surprise(weight: Array, probability: Array) -> Array:
    """-weight · log(probability), 0 where the weight is 0."""
    with np.errstate(divide="ignore"):
        return weight * (0 - np.log(np.where(weight == 0, 1, probability)))


def _weighted_quotient(weight: Array, probability: Array) -> Array:
    """weight / probability, 0 where the weight is 0."""
    with np.errstate(divide="ignore"):
        return weight / np.where(weight == 0, 1, probability)


def no_infinity(logits: Array) -> Array:
    """Logits below all numbers of their dtype as the lowest one, so that 0 · logit stays 0."""
    return np.maximum(logits, np.finfo(np.result_type(logits, np.float32)).min)
