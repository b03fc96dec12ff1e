"""Losses of numbers: squared, absolute and Huber's error, and Poisson's deviance.

Shapes as in `deepstep.equations.losses`. Where the output is the pre-activation, AL = ZL, the loss from the
logits is the textbook's.
"""

import numpy as np

from deepstep.equations.activations import exponential
from deepstep.equations.heads import Setting, head
from deepstep.equations.registry import POSITIVE, equation
from deepstep.types import Array

__all__ = [
    "absolute_error",
    "absolute_error_backward",
    "huber",
    "huber_backward",
    "mean_deviance",
    "mean_deviance_backward",
    "poisson_deviance",
    "poisson_deviance_backward",
    "squared_error",
    "squared_error_backward",
]


@equation("loss = ½ Σ (ZL - Y)²", source="Bishop 2006, section 5.2")
def squared_error(ZL: Array, Y: Array) -> Array:
    """Half the squared distance of the output from the target.

    >>> squared_error(np.array([[1.0, 3.0]]), np.array([[0.0, 0.0]]))
    array([[0.5, 4.5]])
    >>> squared_error_backward(np.array([[1.0, 3.0]]), np.array([[0.0, 0.0]]))
    array([[1., 3.]])
    """
    return np.sum((ZL - Y) ** 2, axis=0, keepdims=True) / 2


@head("identity", squared_error)
@equation("dZL = ZL - Y")
def squared_error_backward(ZL: Array, Y: Array) -> Array:
    """Derivative of half the squared distance."""
    return ZL - Y


def residual(ZL: Array, Y: Array) -> Array:
    """A quantity that is 0 where the absolute error has no derivative."""
    return ZL - Y


@equation("loss = Σ |ZL - Y|", source="Bishop 2006, section 1.5.5 (L1: the median)")
def absolute_error(ZL: Array, Y: Array) -> Array:
    """The distance of the output from the target: what is learned is the median.

    >>> absolute_error(np.array([[1.0, -3.0]]), np.array([[0.0, 0.0]]))
    array([[1., 3.]])
    >>> absolute_error_backward(np.array([[1.0, -3.0, 0.0]]), np.array([[0.0, 0.0, 0.0]]))
    array([[ 1., -1.,  0.]])
    """
    return np.sum(np.abs(ZL - Y), axis=0, keepdims=True)


@head("absolute_error", absolute_error, kinks=residual)
@equation("dZL = sign(ZL - Y)")
def absolute_error_backward(ZL: Array, Y: Array) -> Array:
    """Derivative of the distance; 0 where the output is the target, and the distance has none."""
    return np.sign(ZL - Y)


@equation("loss = Σ c ∘ (|ZL - Y| - c / 2),  c = min(|ZL - Y|, δ)", source="Huber 1964")
def huber(ZL: Array, Y: Array, *, delta: float = 1.0) -> Array:
    """Half the squared distance up to a distance of δ, a straight line beyond: outliers pull no harder.

    >>> huber(np.array([[0.5, 3.0]]), np.array([[0.0, 0.0]]), delta=1.0)
    array([[0.125, 2.5  ]])
    >>> huber_backward(np.array([[0.5, 3.0]]), np.array([[0.0, 0.0]]), delta=1.0)
    array([[0.5, 1. ]])
    """
    distance = np.abs(ZL - Y)
    c = np.minimum(distance, delta)
    return np.sum(c * (distance - c / 2), axis=0, keepdims=True)


@head("huber", huber, delta=Setting(POSITIVE, lambda delta, n: {"δ": f"{delta:g}"}))
@equation("dZL = min(max(ZL - Y, -δ), δ)")
def huber_backward(ZL: Array, Y: Array, *, delta: float = 1.0) -> Array:
    """Derivative of Huber's loss."""
    return np.clip(ZL - Y, -delta, delta)


@equation("loss = Σ (Y ∘ log(Y / AL) - Y + AL)", source="McCullagh & Nelder 1989, chapter 6")
def mean_deviance(AL: Array, Y: Array) -> Array:
    """The textbook's half deviance of counts, from their means; inf where the mean 0 meets a count.

    >>> mean_deviance(np.array([[1.0, 3.0, 0.0]]), np.array([[1.0, 0.0, 2.0]]))
    array([[ 0.,  3., inf]])
    >>> mean_deviance_backward(np.array([[1.0, 4.0, 0.0]]), np.array([[1.0, 2.0, 0.0]]))
    array([[0. , 0.5, 1. ]])
    """
    with np.errstate(divide="ignore"):
        logarithm = np.log(np.where(Y == 0, 1, Y)) - np.log(np.where(Y == 0, 1, AL))
    return np.sum(Y * logarithm - Y + AL, axis=0, keepdims=True)


@equation("dAL = 1 - Y / AL")
def mean_deviance_backward(AL: Array, Y: Array) -> Array:
    """The textbook's derivative by the means."""
    with np.errstate(divide="ignore"):
        return 1 - Y / np.where(Y == 0, 1, AL)


@equation("loss = Σ (e^ZL - Y - Y ∘ (ZL - log Y))", source="McCullagh & Nelder 1989, chapter 6")
def poisson_deviance(ZL: Array, Y: Array) -> Array:
    """Half the deviance of counts with mean e^ZL, from the logits: 0 where the mean is the count.

    >>> poisson_deviance(np.array([[0.0, 0.0, -1e4]]), np.array([[1.0, 0.0, 2.0]])).round(4)
    array([[0.00000000e+00, 1.00000000e+00, 1.99993863e+04]])
    >>> poisson_deviance_backward(np.array([[0.0, -1e4]]), np.array([[1.0, 2.0]]))
    array([[ 0., -2.]])
    """
    with np.errstate(over="ignore"):  # a mean too large for the dtype has the loss inf
        loss = exponential(ZL) - Y - Y * (ZL - np.log(np.where(Y == 0, 1, Y)))
    return np.sum(loss, axis=0, keepdims=True)


@head(
    "poisson",
    poisson_deviance,
    activation="exponential",
    targets="counts",
    textbook=(mean_deviance, mean_deviance_backward),
)
@equation("dZL = AL - Y,  AL = e^ZL")
def poisson_deviance_backward(ZL: Array, Y: Array) -> Array:
    """Derivative by the logits."""
    return exponential(ZL) - Y
