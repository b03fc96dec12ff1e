"""Regularization by the size of the weights: terms of the cost with their derivatives, and a limit."""

from collections.abc import Iterable

import numpy as np

from deepstep.equations.registry import equation
from deepstep.types import Array

__all__ = ["l1_backward", "l1_cost", "l2_backward", "l2_cost", "limit_norms"]


@equation("J_L2 = λ / 2m · Σₗ ‖Wₗ‖²", source="lecture, course 2 week 1")
def l2_cost(weights: Iterable[Array], l2: float, m: float) -> float:
    """What L2 regularization adds to the cost; biases are left alone.

    l2: λ, scikit-learn's ``alpha``.
    m: Number of examples, or the sum of their weights.
    J_L2: The term of J.

    >>> l2_cost([np.array([[3.0, 4.0]])], l2=0.1, m=5)
    0.25
    """
    return l2 / (2 * m) * sum(float(np.vdot(W, W)) for W in weights)


@equation("dW_L2 = λ / m · W", source="lecture, course 2 week 1")
def l2_backward(W: Array, l2: float, m: float) -> Array:
    """What L2 regularization adds to dW.

    dW_L2 (n_l, n_{l-1}): Derivative of the term of J by W.

    >>> l2_backward(np.array([[3.0, 4.0]]), l2=0.5, m=5)
    array([[0.3, 0.4]])
    """
    return float(l2 / m) * W


@equation("J_L1 = λ / m · Σₗ Σ |Wₗ|", source="lecture, course 2 week 1; Tibshirani 1996")
def l1_cost(weights: Iterable[Array], l1: float, m: float) -> float:
    """What L1 regularization adds to the cost; biases are left alone.

    l1: λ.
    J_L1: The term of J.

    >>> l1_cost([np.array([[3.0, -4.0]])], l1=0.5, m=2)
    1.75
    """
    return l1 / m * sum(float(np.abs(W).sum()) for W in weights)


@equation("dW_L1 = λ / m · sign(W)", source="lecture, course 2 week 1; Tibshirani 1996")
def l1_backward(W: Array, l1: float, m: float) -> Array:
    """What L1 regularization adds to dW; 0 at a weight of 0, where |W| has a corner.

    dW_L1 (n_l, n_{l-1}): Derivative of the term of J by W.

    >>> l1_backward(np.array([[3.0, -4.0, 0.0]]), l1=0.5, m=5)
    array([[ 0.1, -0.1,  0. ]])
    """
    return float(l1 / m) * np.sign(W)


@equation("Wⱼ := Wⱼ·min(1, c / ‖Wⱼ‖)", source="Srivastava et al. 2014, section 5.1 (max-norm)")
def limit_norms(W: Array, *, most: float) -> Array:
    """Shorten the incoming weights of each unit to length c where they are longer, after an update.

    W (n_l, n_{l-1}): A row has the incoming weights of one unit. A row that is not finite stays so.

    >>> limit_norms(np.array([[3.0, 4.0], [0.3, 0.4]]), most=1.0)
    array([[0.6, 0.8],
           [0.3, 0.4]])
    """
    largest = np.max(np.abs(W), axis=1, keepdims=True, initial=0)
    # Parts of the row's largest entry, whose squares neither overflow nor vanish, as in `clip_by_norm`.
    unit = np.where((largest > 0) & (largest < np.inf), largest, 1)
    parts = W / unit
    length = np.maximum(np.linalg.norm(parts, axis=1, keepdims=True), 1)  # below 1 in rows of zeros alone
    with np.errstate(over="ignore", invalid="ignore"):  # a limit that float32 cannot hold; a row with inf
        limit = float(most) / length
        return np.where(unit > limit, parts * limit, W)
