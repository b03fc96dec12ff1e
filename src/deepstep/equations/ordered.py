"""Outputs in order from unit to unit, with their losses: quantiles that increase, probabilities that fall.

Like the softmax the activations go across the units of a column. Shapes, dtypes and the care for the tails
are those of `deepstep.equations.activations` and `deepstep.equations.losses`.
"""

from collections.abc import Sequence
from typing import Any

from deepstep.equations import arrays as np
from deepstep.equations.activations import activation, sigmoid, sigmoid_backward, softplus, softplus_backward
from deepstep.equations.heads import Setting, head
from deepstep.equations.losses import (
    cross_entropy,
    cross_entropy_backward,
    no_infinity,
    sigmoid_cross_entropy,
)
from deepstep.equations.registry import Constraint, equation
from deepstep.errors import ShapeError
from deepstep.types import Array, is_number

LEVELS = (0.1, 0.5, 0.9)
"""The quantiles that are learned where none are named: the median and a range that holds 80 %."""


@equation("Aₖ = Z₁ + Σ_{1 < j ≤ k} softplus(Zⱼ)", source="arXiv 2111.06581 (quantiles by increments)")
def increasing(Z: Array) -> Array:
    """Numbers that never fall from unit to unit, such as quantiles that must not cross.

    Parameters
    ----------
    Z : array of shape (n_l, m)
        Pre-activation, float32 or float64; a column is an example.

    Returns
    -------
    A : array of shape (n_l, m)
        Activation, a new array of the dtype of Z.

    Notes
    -----
        Aₖ = Z₁ + Σ_{1 < j ≤ k} softplus(Zⱼ)

    Source: arXiv 2111.06581 (quantiles by increments).

    Examples
    --------
    >>> increasing(np.array([[3.0, 0.0], [-1e4, 2.0], [1e4, 2.0]]))
    array([[3.00000000e+00, 0.00000000e+00],
           [3.00000000e+00, 2.12692801e+00],
           [1.00030000e+04, 4.25385602e+00]])
    >>> increasing_backward(np.array([[1.0], [2.0], [3.0]]), np.array([[7.0], [0.0], [0.0]]))
    array([[6. ],
           [2.5],
           [1.5]])
    """
    return np.cumsum(_first_and_steps(Z, 1), axis=0)


@activation(increasing, across_units=True)
@equation("dZₖ = Σ_{j ≥ k} dAⱼ ∘ σ(Zₖ), for k = 1 without σ")
def increasing_backward(dA: Array, Z: Array) -> Array:
    """Derivative of the increasing numbers: a step moves every number from its own on.

    Parameters
    ----------
    dA : array of shape (n_l, m)
        Derivative of m·J by A.
    Z : array of shape (n_l, m)
        Pre-activation, float32 or float64; a column is an example.

    Returns
    -------
    dZ : array of shape (n_l, m)
        Derivative of m·J by Z.

    Notes
    -----
        dZₖ = Σ_{j ≥ k} dAⱼ ∘ σ(Zₖ), for k = 1 without σ

    Source: arXiv 2111.06581 (quantiles by increments).

    Examples
    --------
    >>> increasing(np.array([[3.0, 0.0], [-1e4, 2.0], [1e4, 2.0]]))
    array([[3.00000000e+00, 0.00000000e+00],
           [3.00000000e+00, 2.12692801e+00],
           [1.00030000e+04, 4.25385602e+00]])
    >>> increasing_backward(np.array([[1.0], [2.0], [3.0]]), np.array([[7.0], [0.0], [0.0]]))
    array([[6. ],
           [2.5],
           [1.5]])
    """
    return _first_and_steps_backward(np.asarray(dA), Z, 1)


@equation("Aₖ = σ(Uₖ),  Uₖ = Z₁ - Σ_{1 < j ≤ k} softplus(Zⱼ)", source="McCullagh 1980 (cumulative logits)")
def ordinal(Z: Array) -> Array:
    """Probabilities P(y > k) of ordered classes, which never rise from unit to unit.

    Parameters
    ----------
    Z : array of shape (n_l, m)
        Pre-activation, float32 or float64; a column is an example.

    Returns
    -------
    A : array of shape (n_l, m)
        Activation, a new array of the dtype of Z.

    Notes
    -----
        Aₖ = σ(Uₖ)
        Uₖ = Z₁ - Σ_{1 < j ≤ k} softplus(Zⱼ)

    Source: McCullagh 1980 (cumulative logits).

    Examples
    --------
    >>> ordinal(np.array([[0.0, 1e4], [-1e4, -1e4], [1e4, 0.0]]))
    array([[0.5, 1. ],
           [0.5, 1. ],
           [0. , 1. ]])
    >>> ordinal_backward(np.array([[4.0], [4.0]]), np.array([[0.0], [-1e4]]))
    array([[ 2.],
           [-0.]])
    """
    return sigmoid(_falling(Z))


@activation(ordinal, across_units=True)
@equation("dZₖ = -Σ_{j ≥ k} dUⱼ ∘ σ(Zₖ), for k = 1 without -σ,  dU = dA ∘ σ′(U)")
def ordinal_backward(dA: Array, Z: Array) -> Array:
    """Derivative of the falling probabilities.

    Parameters
    ----------
    dA : array of shape (n_l, m)
        Derivative of m·J by A.
    Z : array of shape (n_l, m)
        Pre-activation, float32 or float64; a column is an example.

    Returns
    -------
    dZ : array of shape (n_l, m)
        Derivative of m·J by Z.

    Notes
    -----
        dZₖ = -Σ_{j ≥ k} dUⱼ ∘ σ(Zₖ), for k = 1 without -σ
        dU = dA ∘ σ′(U)

    Source: McCullagh 1980 (cumulative logits).

    Examples
    --------
    >>> ordinal(np.array([[0.0, 1e4], [-1e4, -1e4], [1e4, 0.0]]))
    array([[0.5, 1. ],
           [0.5, 1. ],
           [0. , 1. ]])
    >>> ordinal_backward(np.array([[4.0], [4.0]]), np.array([[0.0], [-1e4]]))
    array([[ 2.],
           [-0.]])
    """
    return _first_and_steps_backward(sigmoid_backward(dA, _falling(Z)), Z, -1)


def _are_levels(value: Any) -> bool:
    numbers = isinstance(value, tuple) and len(value) > 0 and all(map(is_number, value))
    return numbers and all(low < high for low, high in zip((0, *value), (*value, 1), strict=True))


@equation("loss = Σₖ max(τₖ·(Yₖ - ALₖ), (τₖ - 1)·(Yₖ - ALₖ))", source="Koenker & Bassett 1978")
def pinball(AL: Array, Y: Array, *, levels: Sequence[float] = LEVELS) -> Array:
    """Loss of the quantiles τ₁ … τₙ of one number, which is in each row of Y.

    Parameters
    ----------
    AL : array of shape (n_L, m)
        Output of the network, float32 or float64.
    Y : array of shape (n_L, m)
        Target.
    levels : sequence of float, optional
        τ₁ … τₙ, between 0 and 1 and increasing: one for each output.

    Returns
    -------
    loss : array of shape (1, m)
        Loss of each example, summed over the outputs.

    Raises
    ------
    ShapeError
        If there is not one output for each level.

    Notes
    -----
        loss = Σₖ max(τₖ·(Yₖ - ALₖ), (τₖ - 1)·(Yₖ - ALₖ))

    Source: Koenker & Bassett 1978.

    Examples
    --------
    >>> pinball(np.array([[1.0], [2.0]]), np.array([[3.0], [3.0]]), levels=(0.25, 0.75))
    array([[1.25]])
    """
    missing, level = Y - AL, _column(levels, AL)
    return np.sum(np.maximum(level * missing, (level - 1) * missing), axis=0, keepdims=True)


@equation("dALₖ = -τₖ where Yₖ > ALₖ, 1 - τₖ where Yₖ < ALₖ")
def pinball_backward(AL: Array, Y: Array, *, levels: Sequence[float] = LEVELS) -> Array:
    """Derivative by the quantiles; 0 where one is the number, and the loss has none.

    Parameters
    ----------
    AL : array of shape (n_L, m)
        Output of the network, float32 or float64.
    Y : array of shape (n_L, m)
        Target.
    levels : sequence of float, optional
        τ₁ … τₙ, between 0 and 1 and increasing: one for each output.

    Returns
    -------
    dAL : array of shape (n_L, m)
        Derivative of m·J by AL.

    Raises
    ------
    ShapeError
        If there is not one output for each level.

    Notes
    -----
        dALₖ = -τₖ where Yₖ > ALₖ, 1 - τₖ where Yₖ < ALₖ

    Source: Koenker & Bassett 1978.

    Examples
    --------
    >>> pinball_backward(np.array([[1.0], [4.0]]), np.array([[3.0], [3.0]]), levels=(0.25, 0.75))
    array([[-0.25],
           [ 0.25]])
    """
    side, level = np.sign(AL - Y), _column(levels, AL)
    return np.where(side < 0, -level, (1 - level) * side)


@equation("loss = pinball(AL, Y),  AL = increasing(ZL)", source="Koenker & Bassett 1978")
def quantile_loss(ZL: Array, Y: Array, *, levels: Sequence[float] = LEVELS) -> Array:
    """`pinball` of quantiles that never cross, from the numbers that `increasing` adds up.

    Parameters
    ----------
    ZL : array of shape (n_L, m)
        Pre-activation of the output layer, float32 or float64.
    Y : array of shape (n_L, m)
        Target.
    levels : sequence of float, optional
        τ₁ … τₙ, between 0 and 1 and increasing: one for each output.

    Returns
    -------
    loss : array of shape (1, m)
        Loss of each example, summed over the outputs.

    Raises
    ------
    ShapeError
        If there is not one output for each level.

    Notes
    -----
        loss = pinball(AL, Y)
        AL = increasing(ZL)

    Source: Koenker & Bassett 1978.

    Examples
    --------
    >>> quantile_loss(np.array([[1.0], [-1e4]]), np.array([[3.0], [3.0]]), levels=(0.25, 0.75))
    array([[2.]])
    """
    return pinball(increasing(ZL), Y, levels=levels)


def quantile_residual(ZL: Array, Y: Array, *, levels: Sequence[float] = LEVELS) -> Array:
    """A quantity that is 0 where the loss of quantiles has no derivative."""
    return increasing(ZL) - Y


@head(
    "quantile",
    quantile_loss,
    activation="increasing",
    targets="one number",
    textbook=(pinball, pinball_backward),
    kinks=quantile_residual,
    levels=Setting(Constraint("numbers between 0 and 1 that increase, such as [0.1, 0.5, 0.9]", _are_levels)),
)
@equation("dZL = increasing_backward(dAL, ZL),  dAL = pinball_backward(AL, Y)")
def quantile_loss_backward(ZL: Array, Y: Array, *, levels: Sequence[float] = LEVELS) -> Array:
    """Derivative by the numbers that `increasing` adds up.

    Parameters
    ----------
    ZL : array of shape (n_L, m)
        Pre-activation of the output layer, float32 or float64.
    Y : array of shape (n_L, m)
        Target.
    levels : sequence of float, optional
        τ₁ … τₙ, between 0 and 1 and increasing: one for each output.

    Returns
    -------
    dZL : array of shape (n_L, m)
        Derivative of m·J by ZL.

    Raises
    ------
    ShapeError
        If there is not one output for each level.

    Notes
    -----
        dZL = increasing_backward(dAL, ZL)
        dAL = pinball_backward(AL, Y)

    Source: Koenker & Bassett 1978.

    Examples
    --------
    >>> quantile_loss_backward(np.array([[1.0], [0.0]]), np.array([[3.0], [3.0]]), levels=(0.25, 0.75))
    array([[-1.   ],
           [-0.375]])
    """
    return increasing_backward(pinball_backward(increasing(ZL), Y, levels=levels), ZL)


@equation("loss = -Σₖ (Yₖ log ALₖ + (1 - Yₖ) log(1 - ALₖ)),  AL = ordinal(ZL)", source="McCullagh 1980")
def ordinal_cross_entropy(ZL: Array, Y: Array) -> Array:
    """Cross-entropy of ordered classes: of the yes/no questions y > k, whose probabilities never rise in k.

    Computed from U, the logits of AL, so that it is finite; Y is that of `deepstep.preparation.ordinal_code`.

    Parameters
    ----------
    ZL : array of shape (n_L, m)
        Pre-activation of the output layer, float32 or float64.
    Y : array of shape (n_L, m)
        Target.

    Returns
    -------
    loss : array of shape (1, m)
        Loss of each example, summed over the outputs.

    Notes
    -----
        loss = -Σₖ (Yₖ log ALₖ + (1 - Yₖ) log(1 - ALₖ))
        AL = ordinal(ZL)

    Source: McCullagh 1980.

    Examples
    --------
    >>> ordinal_cross_entropy(np.array([[0.0], [0.0]]), np.array([[1.0], [0.0]])).round(8)
    array([[1.09861229]])
    >>> ordinal_cross_entropy_backward(np.array([[0.0], [0.0]]), np.array([[1.0], [0.0]])).round(8)
    array([[-0.16666667],
           [-0.16666667]])
    """
    return sigmoid_cross_entropy(no_infinity(_falling(ZL)), Y)


@head(
    "ordinal",
    ordinal_cross_entropy,
    activation="ordinal",
    targets="cumulative",
    textbook=(cross_entropy, cross_entropy_backward),
)
@equation("dZLₖ = -Σ_{j ≥ k} (ALⱼ - Yⱼ) σ(ZLₖ), for k = 1 without -σ,  AL = ordinal(ZL)")
def ordinal_cross_entropy_backward(ZL: Array, Y: Array) -> Array:
    """Derivative by the logits.

    Parameters
    ----------
    ZL : array of shape (n_L, m)
        Pre-activation of the output layer, float32 or float64.
    Y : array of shape (n_L, m)
        Target.

    Returns
    -------
    dZL : array of shape (n_L, m)
        Derivative of m·J by ZL.

    Notes
    -----
        dZLₖ = -Σ_{j ≥ k} (ALⱼ - Yⱼ) σ(ZLₖ), for k = 1 without -σ
        AL = ordinal(ZL)

    Source: McCullagh 1980.

    Examples
    --------
    >>> ordinal_cross_entropy(np.array([[0.0], [0.0]]), np.array([[1.0], [0.0]])).round(8)
    array([[1.09861229]])
    >>> ordinal_cross_entropy_backward(np.array([[0.0], [0.0]]), np.array([[1.0], [0.0]])).round(8)
    array([[-0.16666667],
           [-0.16666667]])
    """
    return -_first_and_steps_backward(Y - sigmoid(_falling(ZL)), ZL, -1)


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
    from_here_on = np.flip(np.cumsum(np.flip(dU, axis=0), axis=0), axis=0)
    return np.concatenate([from_here_on[:1], sign * softplus_backward(from_here_on[1:], np.asarray(Z)[1:])])


def _column(levels: Sequence[float], AL: Array) -> Array:
    """The levels τ as a column of the precision of AL."""
    if len(levels) != len(AL):
        requirement = f"have a row for each of the levels {list(levels)}"
        hint = "Give the network as many outputs as there are levels."
        raise ShapeError.must_be("The output", requirement, f"shape {tuple(AL.shape)}", hint)
    return np.array(levels, dtype=np.result_type(AL, np.float32))[:, np.newaxis]
