"""Activations whose outputs are in order from unit to unit: increasing numbers, falling probabilities.

Like the softmax they go across the units of a column. Shapes, dtypes and the care for the tails are those of
`deepstep.equations.activations`.
"""

import numpy as np

from deepstep.equations.activations import activation, sigmoid, sigmoid_backward
from deepstep.equations.registry import equation
from deepstep.equations.relu_variants import softplus, softplus_backward
from deepstep.types import Array

__all__ = ["increasing", "increasing_backward", "ordinal", "ordinal_backward"]


@equation("Aₖ = Z₁ + Σ_{1 < j ≤ k} softplus(Zⱼ)", source="arXiv 2111.06581 (quantiles by increments)")
def increasing(Z: Array) -> Array:
    """Numbers that never fall from unit to unit, such as quantiles that must not cross.

    >>> increasing(np.array([[3.0, 0.0], [-1e4, 2.0], [1e4, 2.0]]))
    array([[3.00000000e+00, 0.00000000e+00],
           [3.00000000e+00, 2.12692801e+00],
           [1.00030000e+04, 4.25385602e+00]])
    """
    return np.cumsum(_first_and_steps(Z, 1), axis=0)


@activation(increasing, across_units=True)
@equation(
    "dZₖ = Σ_{j ≥ k} dAⱼ ∘ σ(Zₖ), for k = 1 without σ", source="arXiv 2111.06581 (quantiles by increments)"
)
def increasing_backward(dA: Array, Z: Array) -> Array:
    """Derivative of the increasing numbers: a step moves every number from its own on.

    >>> increasing_backward(np.array([[1.0], [2.0], [3.0]]), np.array([[7.0], [0.0], [0.0]]))
    array([[6. ],
           [2.5],
           [1.5]])
    """
    return _first_and_steps_backward(np.asarray(dA), Z, 1)


@equation("Aₖ = σ(Uₖ),  Uₖ = Z₁ - Σ_{1 < j ≤ k} softplus(Zⱼ)", source="McCullagh 1980 (cumulative logits)")
def ordinal(Z: Array) -> Array:
    """Probabilities P(y > k) of ordered classes, which never rise from unit to unit.

    >>> ordinal(np.array([[0.0, 1e4], [-1e4, -1e4], [1e4, 0.0]]))
    array([[0.5, 1. ],
           [0.5, 1. ],
           [0. , 1. ]])
    """
    return sigmoid(_falling(Z))


@activation(ordinal, across_units=True)
@equation(
    "dZₖ = -Σ_{j ≥ k} dUⱼ ∘ σ(Zₖ), for k = 1 without -σ,  dU = dA ∘ σ′(U)",
    source="McCullagh 1980 (cumulative logits)",
)
def ordinal_backward(dA: Array, Z: Array) -> Array:
    """Derivative of the falling probabilities.

    >>> ordinal_backward(np.array([[4.0], [4.0]]), np.array([[0.0], [-1e4]]))
    array([[ 2.],
           [-0.]])
    """
    return _first_and_steps_backward(sigmoid_backward(dA, _falling(Z)), Z, -1)


def _falling(Z: Array) -> Array:
    """U, the logits of the falling probabilities."""
    with np.errstate(over="ignore"):  # further below than the dtype reaches U is -inf, and σ(U) is 0
        return np.cumsum(_first_and_steps(Z, -1), axis=0)


def _first_and_steps(Z: Array, sign: int) -> Array:
    """The first number, then the way from each to the next."""
    Z = np.asarray(Z)
    return np.concatenate([Z[:1], sign * softplus(Z[1:])])


def _first_and_steps_backward(dU: Array, Z: Array, sign: int) -> Array:
    """dZ from the derivative by the sums of the first number and the steps."""
    from_here_on = np.cumsum(dU[::-1], axis=0)[::-1]
    return np.concatenate([from_here_on[:1], sign * softplus_backward(from_here_on[1:], np.asarray(Z)[1:])])
