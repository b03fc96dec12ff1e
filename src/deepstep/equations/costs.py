"""The cost J: the mean of the losses over the examples, with weights."""

import warnings
from typing import Any

import numpy as np

from deepstep.equations.heads import Head, Output, get_head, probabilities
from deepstep.equations.linear import check_shape
from deepstep.equations.registry import equation
from deepstep.equations.targets import TARGETS, value_range
from deepstep.errors import ConfigurationError, DataError, ShapeError
from deepstep.types import Array

__all__ = ["compute_cost", "cost_from_logits", "output_gradient"]


@equation("J = -1/m Σᵢ (y⁽ⁱ⁾ log a⁽ⁱ⁾ + (1 - y⁽ⁱ⁾) log(1 - a⁽ⁱ⁾))", source="lecture 4")
def compute_cost(AL: Array, Y: Array, *, output: Output = "sigmoid") -> float:
    """The lecture's cost, from the probabilities.

    Parameters
    ----------
    AL, Y : array of shape (n_L, m)
        Output of the network and target. Losses are summed over the n_L outputs. For a cross-entropy the
        values of Y lie from 0 to 1 (of softmax each column sums to 1), for a loss of counts they are at least
        0; values between 0 and 1 are soft labels. For yes/no outputs a Y of decimals alone, without any 0 or
        1, is taken as it is, as an exercise of the lecture has one: beyond 0 … 1 J then has no meaning.
    output : str or Head or Architecture, optional
        Which loss belongs to AL: a name in ``HEADS`` such as "sigmoid" (cross-entropy of yes/no outputs),
        "softmax" (of one choice among n_L classes) or "identity" (half the squared error); or the head of an
        architecture, with its settings.

    Returns
    -------
    J : float
        0 where every answer is sure and right, inf where one is sure and wrong; never NaN for Y from 0 to 1.
        `cost_from_logits` is finite there too and is what trains.

    Raises
    ------
    ShapeError
        If Y does not have the shape of AL: a (m, 1) target would otherwise broadcast silently.
    DataError
        If there is no example, a probability lies outside 0 … 1, or Y is no target of this loss.
    ConfigurationError
        If the head is unknown or has no loss of AL.

    Warns
    -----
    RuntimeWarning
        If J is inf, AL holds whole numbers alone and Y others: AL and Y were probably swapped.

    Notes
    -----
        J = -1/m Σᵢ (y⁽ⁱ⁾ log a⁽ⁱ⁾ + (1 - y⁽ⁱ⁾) log(1 - a⁽ⁱ⁾))

    Source: lecture 4.

    Examples
    --------
    >>> compute_cost(np.array([[0.8, 0.9, 0.4]]), np.array([[1, 1, 0]]))
    0.2797765635793423
    """
    AL, Y = np.asarray(AL), np.asarray(Y)
    check_target(AL, Y)
    head = get_head(output)
    if head.textbook is None:
        raise ConfigurationError(f"The loss of {head.name!r} is of the logits", "Use cost_from_logits.")
    if probabilities(head, AL) is not None and not (AL.min() >= 0 and AL.max() <= 1):
        hint = "From logits use cost_from_logits; for numbers pass output='identity'."
        raise DataError.must_be("AL", "hold probabilities from 0 to 1", value_range(AL), hint)
    # an ordinal Y may hold soft labels here, any numbers from 0 to 1; training requires the code of 0 and 1
    kind = "probabilities" if head.targets == "cumulative" else head.targets
    for rule in TARGETS[kind].rules:
        if not (rule.holds(Y) or (head.targets == "probabilities" and _has_no_whole_number(Y))):
            raise DataError.must_be("Y", rule.expected.format(name=head.name), rule.got(Y), rule.hint)
    cost = _mean(head.textbook(AL, Y)[0])
    if cost == np.inf and TARGETS[kind].rules and _is_whole(AL) and not _is_whole(Y):
        warnings.warn(
            "The cost is infinite, AL holds whole numbers alone and Y others. "
            "AL comes first, compute_cost(AL, Y): were the arguments swapped?",
            RuntimeWarning,
            stacklevel=2,
        )
    return cost


def _is_whole(values: Array) -> bool:
    return bool((values == np.floor(values)).all())


def _has_no_whole_number(Y: Array) -> bool:
    """Whether Y holds finite fractions alone: an exercise of the lecture has such a random Y, any range."""
    return bool(np.isfinite(Y).all() and (np.floor(Y) != Y).all())


@equation("J = Σᵢ wᵢ lossᵢ / Σᵢ wᵢ", source="lecture 4, from the logits")
def cost_from_logits(
    ZL: Array, Y: Array, *, output: Output = "sigmoid", sample_weight: Array | None = None
) -> float:
    """The cost that trains: from the logits, finite unless a loss itself overflows.

    Parameters
    ----------
    ZL, Y : array of shape (n_L, m)
        Pre-activation of the output layer and target.
    output : str or Head or Architecture, optional
        A name in ``HEADS``, or an architecture with its settings.
    sample_weight : array of shape (m,), optional
        Weight of each example, at least 0; a weight of 2 equals the row twice.

    Returns
    -------
    J : float
        The cost, the mean of the losses.

    Raises
    ------
    ShapeError
        If Y does not have the shape of ZL, or there is not one weight for each example.
    DataError
        If there is no example, a weight is negative or not finite, or all are 0.
    ConfigurationError
        If there is no such head, or it does not fit.

    Notes
    -----
        J = Σᵢ wᵢ lossᵢ / Σᵢ wᵢ

    Source: lecture 4, from the logits.

    Examples
    --------
    >>> cost_from_logits(np.array([[-1e4, 0.0]]), np.array([[0, 1]]))
    0.34657359027997264
    """
    ZL, Y, head = _checked(ZL, Y, output, sample_weight)
    with np.errstate(over="ignore"):  # a loss too large for the dtype is inf
        loss = head.loss(ZL, Y)
    return _mean(loss[0], sample_weight)


@equation("dZL = w ∘ ∂loss/∂ZL,  w scaled to mean 1", source="lecture 5.3, both factors joined")
def output_gradient(
    ZL: Array, Y: Array, *, output: Output = "sigmoid", sample_weight: Array | None = None
) -> Array:
    """Derivative of m·J by the logits, where the backward pass begins.

    Parameters
    ----------
    ZL : array of shape (n_L, m)
        Pre-activation of the output layer, float32 or float64.
    Y : array of shape (n_L, m)
        Target.
    output : str or Head or Architecture, optional
        A name in ``HEADS``, or an architecture with its settings.
    sample_weight : array of shape (m,), optional
        Weight of each example, at least 0; scaled to mean 1.

    Returns
    -------
    dZL : array of shape (n_L, m)
        Derivative of m·J by ZL.

    Raises
    ------
    ShapeError, DataError, ConfigurationError
        As in `cost_from_logits`.

    Notes
    -----
        dZL = w ∘ ∂loss/∂ZL
        w scaled to mean 1

    Source: lecture 5.3, both factors joined.

    Examples
    --------
    >>> output_gradient(np.array([[0.0, 0.0]]), np.array([[0, 1]]), sample_weight=np.array([3.0, 1.0]))
    array([[ 0.75, -0.25]])
    """
    ZL, Y, head = _checked(ZL, Y, output, sample_weight)
    with np.errstate(over="ignore"):
        dZL = head.loss_backward(ZL, Y)
    if sample_weight is None:
        return dZL
    return dZL * relative_weights(sample_weight, dZL.dtype)


def relative_weights(sample_weight: Array, dtype: "np.dtype[Any]") -> Array:
    """Weights scaled to mean 1."""
    weight = _scaled(np.asarray(sample_weight, dtype=np.float64))[0]
    # scale in float64, then cast: weights that overflow float32 may have ratios that do not
    return (weight / weight.mean()).astype(dtype)


def _mean(loss: Array, sample_weight: Array | None = None) -> float:
    """The mean of the losses (m,), also where their sum would overflow."""
    loss, exponent = _scaled(loss)
    if sample_weight is not None:
        sample_weight = _scaled(np.asarray(sample_weight, dtype=np.float64))[0]
    return float(np.ldexp(np.average(loss, weights=sample_weight), exponent))


def _scaled(values: Array) -> tuple[Array, int]:
    """The values over 2^exponent, the largest below 1 and no digit changed; and the exponent."""
    exponent = int(np.frexp(np.abs(values).max())[1])
    return np.ldexp(values, -exponent), exponent


def _checked(ZL: Array, Y: Array, output: Output, sample_weight: Array | None) -> tuple[Array, Array, Head]:
    ZL, Y, head = np.asarray(ZL), np.asarray(Y), get_head(output)
    check_target(ZL, Y, sample_weight)
    return ZL, Y, head


def check_target(output: Array, Y: Array, sample_weight: Array | None = None) -> None:
    """Refuse a target or weights that do not belong to an output: AL or ZL."""
    if output.shape != Y.shape or output.ndim != 2:
        hint = f"Pass Y.reshape{output.shape}." if Y.size == output.size else "Columns are examples here."
        requirement = f"have the shape of the output, {output.shape}"
        raise ShapeError.must_be("Y", requirement, f"shape {Y.shape}", hint)
    m = Y.shape[1]
    if m == 0:
        raise DataError.must_be("Y", "have at least one example", f"shape {Y.shape}")
    if sample_weight is None:
        return
    weight = np.asarray(sample_weight)
    check_shape("sample_weight", weight, (m,))
    if weight.dtype.kind not in "fiub":
        raise DataError.must_be("sample_weight", "hold real numbers", f"dtype {weight.dtype}")
    if not (np.isfinite(weight).all() and weight.min() >= 0 and weight.any()):
        requirement = "hold finite numbers of at least 0, one of them above 0"
        raise DataError.must_be("sample_weight", requirement, value_range(weight))
