"""Losses of numbers: squared, absolute and Huber's error, Poisson's deviance, quantiles.

Shapes as in `deepstep.equations.losses`: ZL (or AL) and Y of shape (n_L, m), the loss of shape (1, m), summed
over the outputs; the backward is the derivative of m·J. Where the output is the pre-activation, AL = ZL.
"""

from collections.abc import Sequence

import numpy as np

from deepstep.equations.activations import exponential
from deepstep.equations.ordered_activations import increasing, increasing_backward
from deepstep.equations.registry import equation
from deepstep.errors import ShapeError
from deepstep.types import Array

__all__ = [
    "absolute_error",
    "absolute_error_backward",
    "huber",
    "huber_backward",
    "mean_deviance",
    "mean_deviance_backward",
    "pinball",
    "pinball_backward",
    "poisson_deviance",
    "poisson_deviance_backward",
    "quantile_loss",
    "quantile_loss_backward",
    "squared_error",
    "squared_error_backward",
]

LEVELS = (0.1, 0.5, 0.9)
"""The quantiles that are learned where none are named: the median and a range that holds 80 %."""


@equation("loss = ½ Σ (ZL - Y)²", source="Bishop 2006, section 5.2")
def squared_error(ZL: Array, Y: Array) -> Array:
    """Half the squared distance of the output from the target.

    >>> squared_error(np.array([[1.0, 3.0]]), np.array([[0.0, 0.0]]))
    array([[0.5, 4.5]])
    """
    return np.sum((ZL - Y) ** 2, axis=0, keepdims=True) / 2


@equation("dZL = ZL - Y", source="Bishop 2006, section 5.2")
def squared_error_backward(ZL: Array, Y: Array) -> Array:
    """Derivative of half the squared distance.

    >>> squared_error_backward(np.array([[1.0, 3.0]]), np.array([[0.0, 0.0]]))
    array([[1., 3.]])
    """
    return ZL - Y


@equation("loss = Σ |ZL - Y|", source="Bishop 2006, section 1.5.5 (L1: the median)")
def absolute_error(ZL: Array, Y: Array) -> Array:
    """The distance of the output from the target: what is learned is the median.

    >>> absolute_error(np.array([[1.0, -3.0]]), np.array([[0.0, 0.0]]))
    array([[1., 3.]])
    """
    return np.sum(np.abs(ZL - Y), axis=0, keepdims=True)


@equation("dZL = sign(ZL - Y)", source="Bishop 2006, section 1.5.5 (L1: the median)")
def absolute_error_backward(ZL: Array, Y: Array) -> Array:
    """Derivative of the distance; 0 where the output is the target, and the distance has none.

    >>> absolute_error_backward(np.array([[1.0, -3.0, 0.0]]), np.array([[0.0, 0.0, 0.0]]))
    array([[ 1., -1.,  0.]])
    """
    return np.sign(ZL - Y)


@equation("loss = Σ c ∘ (|ZL - Y| - c / 2),  c = min(|ZL - Y|, δ)", source="Huber 1964")
def huber(ZL: Array, Y: Array, *, delta: float = 1.0) -> Array:
    """Half the squared distance up to a distance of δ, a straight line beyond: outliers pull no harder.

    >>> huber(np.array([[0.5, 3.0]]), np.array([[0.0, 0.0]]), delta=1.0)
    array([[0.125, 2.5  ]])
    """
    distance = np.abs(ZL - Y)
    c = np.minimum(distance, delta)
    return np.sum(c * (distance - c / 2), axis=0, keepdims=True)


@equation("dZL = min(max(ZL - Y, -δ), δ)", source="Huber 1964")
def huber_backward(ZL: Array, Y: Array, *, delta: float = 1.0) -> Array:
    """Derivative of Huber's loss.

    >>> huber_backward(np.array([[0.5, 3.0]]), np.array([[0.0, 0.0]]), delta=1.0)
    array([[0.5, 1. ]])
    """
    return np.clip(ZL - Y, -delta, delta)


@equation("loss = Σ (e^ZL - Y - Y ∘ (ZL - log Y))", source="McCullagh & Nelder 1989, chapter 6")
def poisson_deviance(ZL: Array, Y: Array) -> Array:
    """Half the deviance of counts with mean e^ZL, from the logits: 0 where the mean is the count.

    >>> poisson_deviance(np.array([[0.0, 0.0, -1e4]]), np.array([[1.0, 0.0, 2.0]])).round(4)
    array([[0.00000000e+00, 1.00000000e+00, 1.99993863e+04]])
    """
    with np.errstate(over="ignore"):  # a mean too large for the dtype has the loss inf
        loss = exponential(ZL) - Y - Y * (ZL - np.log(np.where(Y == 0, 1, Y)))
    return np.sum(loss, axis=0, keepdims=True)


@equation("dZL = AL - Y,  AL = e^ZL", source="McCullagh & Nelder 1989, chapter 6")
def poisson_deviance_backward(ZL: Array, Y: Array) -> Array:
    """Derivative by the logits.

    >>> poisson_deviance_backward(np.array([[0.0, -1e4]]), np.array([[1.0, 2.0]]))
    array([[ 0., -2.]])
    """
    return exponential(ZL) - Y


@equation("loss = Σ (Y ∘ log(Y / AL) - Y + AL)", source="McCullagh & Nelder 1989, chapter 6")
def mean_deviance(AL: Array, Y: Array) -> Array:
    """The textbook's half deviance of counts, from their means; inf where the mean 0 meets a count.

    >>> mean_deviance(np.array([[1.0, 3.0, 0.0]]), np.array([[1.0, 0.0, 2.0]]))
    array([[ 0.,  3., inf]])
    """
    with np.errstate(divide="ignore"):
        logarithm = np.log(np.where(Y == 0, 1, Y)) - np.log(np.where(Y == 0, 1, AL))
    return np.sum(Y * logarithm - Y + AL, axis=0, keepdims=True)


@equation("dAL = 1 - Y / AL", source="McCullagh & Nelder 1989, chapter 6")
def mean_deviance_backward(AL: Array, Y: Array) -> Array:
    """The textbook's derivative by the means.

    >>> mean_deviance_backward(np.array([[1.0, 4.0, 0.0]]), np.array([[1.0, 2.0, 0.0]]))
    array([[0. , 0.5, 1. ]])
    """
    with np.errstate(divide="ignore"):
        return 1 - Y / np.where(Y == 0, 1, AL)


@equation("loss = Σₖ max(τₖ·(Yₖ - ALₖ), (τₖ - 1)·(Yₖ - ALₖ))", source="Koenker & Bassett 1978")
def pinball(AL: Array, Y: Array, *, levels: Sequence[float] = LEVELS) -> Array:
    """Loss of the quantiles τ₁ … τₙ of one number, which stands in each row of Y.

    ShapeError: If there is not one output for each level.

    >>> pinball(np.array([[1.0], [2.0]]), np.array([[3.0], [3.0]]), levels=(0.25, 0.75))
    array([[1.25]])
    """
    missing, level = Y - AL, _column(levels, AL)
    return np.sum(np.maximum(level * missing, (level - 1) * missing), axis=0, keepdims=True)


@equation("dALₖ = -τₖ where Yₖ > ALₖ, 1 - τₖ where Yₖ < ALₖ", source="Koenker & Bassett 1978")
def pinball_backward(AL: Array, Y: Array, *, levels: Sequence[float] = LEVELS) -> Array:
    """Derivative by the quantiles; 0 where one is the number, and the loss has none.

    ShapeError: If there is not one output for each level.

    >>> pinball_backward(np.array([[1.0], [4.0]]), np.array([[3.0], [3.0]]), levels=(0.25, 0.75))
    array([[-0.25],
           [ 0.25]])
    """
    side, level = np.sign(AL - Y), _column(levels, AL)
    return np.where(side < 0, -level, (1 - level) * side)


@equation("loss = pinball(AL, Y),  AL = increasing(ZL)", source="Koenker & Bassett 1978")
def quantile_loss(ZL: Array, Y: Array, *, levels: Sequence[float] = LEVELS) -> Array:
    """`pinball` of quantiles that never cross, from the numbers that `increasing` adds up.

    ShapeError: If there is not one output for each level.

    >>> quantile_loss(np.array([[1.0], [-1e4]]), np.array([[3.0], [3.0]]), levels=(0.25, 0.75))
    array([[2.]])
    """
    return pinball(increasing(ZL), Y, levels=levels)


@equation(
    "dZL = increasing_backward(dAL, ZL),  dAL = pinball_backward(AL, Y)", source="Koenker & Bassett 1978"
)
def quantile_loss_backward(ZL: Array, Y: Array, *, levels: Sequence[float] = LEVELS) -> Array:
    """Derivative by the numbers that `increasing` adds up.

    ShapeError: If there is not one output for each level.

    >>> quantile_loss_backward(np.array([[1.0], [0.0]]), np.array([[3.0], [3.0]]), levels=(0.25, 0.75))
    array([[-1.   ],
           [-0.375]])
    """
    return increasing_backward(pinball_backward(increasing(ZL), Y, levels=levels), ZL)


def residual(ZL: Array, Y: Array) -> Array:
    """What is 0 where the absolute error has no derivative."""
    return ZL - Y


def quantile_residual(ZL: Array, Y: Array, *, levels: Sequence[float] = LEVELS) -> Array:
    """What is 0 where the loss of quantiles has no derivative."""
    return increasing(ZL) - Y


def _column(levels: Sequence[float], AL: Array) -> Array:
    """The levels τ as a column of the precision of AL."""
    if len(levels) != len(AL):
        raise ShapeError(
            "quantile",
            f"an output for each of the levels {list(levels)}",
            f"got {len(AL)} output{'s' if len(AL) > 1 else ''}",
            "Give the network as many outputs as there are levels.",
        )
    return np.array(levels, dtype=np.result_type(AL, np.float32))[:, np.newaxis]
