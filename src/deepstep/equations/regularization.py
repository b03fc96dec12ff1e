"""Limits of sizes: costs of large weights with their derivatives, and clipping of gradients."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from deepstep.equations import arrays as np
from deepstep.equations.registry import equation
from deepstep.types import Array


@equation("J_L2 = λ / 2m · Σₗ ‖Wₗ‖²", source="lecture, course 2 week 1")
def l2_cost(weights: Iterable[Array], l2: float, m: float) -> float:
    """Term of L2 regularization in the cost; biases are left alone.

    Parameters
    ----------
    weights : iterable of array
        W1, W2, …
    l2 : float
        λ, scikit-learn's ``alpha``.
    m : float
        Number of examples, or the sum of their weights.

    Returns
    -------
    J_L2 : float
        The term of J.

    Notes
    -----
        J_L2 = λ / 2m · Σₗ ‖Wₗ‖²

    Source: lecture, course 2 week 1.

    Examples
    --------
    >>> l2_cost([np.array([[3.0, 4.0]])], l2=0.1, m=5)
    0.25
    """
    return l2 / (2 * m) * sum(float(np.vdot(W, W)) for W in weights)


@equation("dW_L2 = λ / m · W")
def l2_backward(W: Array, l2: float, m: float) -> Array:
    """Term of L2 regularization in dW.

    Parameters
    ----------
    W : array of shape (n_l, n_{l-1})
        Weights.
    l2 : float
        λ, scikit-learn's ``alpha``.
    m : float
        Number of examples, or the sum of their weights.

    Returns
    -------
    dW_L2 : array of shape (n_l, n_{l-1})
        Derivative of the term of J by W.

    Notes
    -----
        dW_L2 = λ / m · W

    Source: lecture, course 2 week 1.

    Examples
    --------
    >>> l2_backward(np.array([[3.0, 4.0]]), l2=0.5, m=5)
    array([[0.3, 0.4]])
    """
    return float(l2 / m) * W


@equation("J_L1 = λ / m · Σₗ Σ |Wₗ|", source="lecture, course 2 week 1; Tibshirani 1996")
def l1_cost(weights: Iterable[Array], l1: float, m: float) -> float:
    """Term of L1 regularization in the cost; biases are left alone.

    Parameters
    ----------
    weights : iterable of array
        W1, W2, …
    l1 : float
        λ.
    m : float
        Number of examples, or the sum of their weights.

    Returns
    -------
    J_L1 : float
        The term of J.

    Notes
    -----
        J_L1 = λ / m · Σₗ Σ |Wₗ|

    Source: lecture, course 2 week 1; Tibshirani 1996.

    Examples
    --------
    >>> l1_cost([np.array([[3.0, -4.0]])], l1=0.5, m=2)
    1.75
    """
    return l1 / m * sum(float(np.abs(W).sum()) for W in weights)


@equation("dW_L1 = λ / m · sign(W)")
def l1_backward(W: Array, l1: float, m: float) -> Array:
    """Term of L1 regularization in dW; 0 at a weight of 0, where |W| has a corner.

    Parameters
    ----------
    W : array of shape (n_l, n_{l-1})
        Weights.
    l1 : float
        λ.
    m : float
        Number of examples, or the sum of their weights.

    Returns
    -------
    dW_L1 : array of shape (n_l, n_{l-1})
        Derivative of the term of J by W.

    Notes
    -----
        dW_L1 = λ / m · sign(W)

    Source: lecture, course 2 week 1; Tibshirani 1996.

    Examples
    --------
    >>> l1_backward(np.array([[3.0, -4.0, 0.0]]), l1=0.5, m=5)
    array([[ 0.1, -0.1,  0. ]])
    """
    return float(l1 / m) * np.sign(W)


class Penalty(NamedTuple):
    """Terms of regularization in J: its name, λ, and its value and derivative, as functions of (…, λ, m)."""

    name: str
    strength: float
    cost: Callable[[Iterable[Array], float, float], float]
    backward: Callable[[Array, float, float], Array]


def penalties(l1: float, l2: float) -> list[Penalty]:
    """L1 and L2, those whose λ is not 0, in the order in which they are added."""
    terms = Penalty("l1", l1, l1_cost, l1_backward), Penalty("l2", l2, l2_cost, l2_backward)
    return [term for term in terms if term.strength]


@equation("g := g·min(1, c / ‖g‖)", source="Pascanu et al., arXiv 1211.5063, algorithm 1")
def clip_by_norm(gradient: Array, *, most: float) -> Array:
    """Shorten the gradient to length c where it is longer; its direction stays.

    Parameters
    ----------
    gradient : array of shape (n_parameters,)
        All derivatives together: the flat vector. One that is not finite is returned as it is, for the
        training to find.
    most : float
        c, above 0.

    Returns
    -------
    gradient : array of shape (n_parameters,)
        After this step.

    Notes
    -----
        g := g·min(1, c / ‖g‖)

    Source: Pascanu et al., arXiv 1211.5063, algorithm 1.

    Examples
    --------
    >>> clip_by_norm(np.array([3.0, 4.0]), most=1.0)
    array([0.6, 0.8])
    """
    largest = float(np.max(np.abs(gradient), initial=0))
    if not 0 < largest < np.inf:
        return gradient.copy()
    # Parts of the largest entry, whose squares neither overflow nor vanish; the norm itself may overflow.
    parts = gradient / largest
    length = float(np.linalg.norm(parts))
    share = float(most) / length
    return parts * share if largest > share else gradient.copy()


@equation("g := min(max(g, -c), c)", source="Pascanu et al., arXiv 1211.5063")
def clip_by_value(gradient: Array, *, most: float) -> Array:
    """Cut every derivative to the range from -c to c.

    Parameters
    ----------
    gradient : array of shape (n_parameters,)
        g = ∂J/∂θ.
    most : float
        c, above 0.

    Returns
    -------
    gradient : array of shape (n_parameters,)
        After this step.

    Notes
    -----
        g := min(max(g, -c), c)

    Source: Pascanu et al., arXiv 1211.5063.

    Examples
    --------
    >>> clip_by_value(np.array([3.0, -4.0, 0.5]), most=1.0)
    array([ 1. , -1. ,  0.5])
    """
    limit = min(float(most), float(np.finfo(gradient.dtype).max))
    return np.clip(gradient, -limit, limit)
