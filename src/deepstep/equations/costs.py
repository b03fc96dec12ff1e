"""The cost J: the mean of the losses over the examples, with weights."""

import numpy as np

from deepstep.equations.losses import get_head
from deepstep.equations.registry import equation
from deepstep.errors import DataError, ShapeError
from deepstep.types import Array


@equation("J = -1/m Σᵢ (y⁽ⁱ⁾ log a⁽ⁱ⁾ + (1 - y⁽ⁱ⁾) log(1 - a⁽ⁱ⁾))", source="lecture 4")
def compute_cost(AL: Array, Y: Array, *, output: str = "sigmoid") -> float:
    """The lecture's cost, from the probabilities.

    Parameters
    ----------
    AL, Y : arrays of shape (n_L, m)
        Output of the network and target. Losses are summed over the n_L outputs. Y is taken as it is: for a
        cross-entropy its values should lie from 0 to 1, outside of which J is a number without meaning and
        may be negative (`Network` refuses them).
    output : {"sigmoid", "softmax", "identity"}
        Which loss belongs to AL: cross-entropy of yes/no outputs, cross-entropy of one choice among n_L
        classes, half the squared error.

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
        If there is no example, or a probability lies outside 0 … 1.

    Examples
    --------
    >>> compute_cost(np.array([[0.8, 0.9, 0.4]]), np.array([[1, 1, 0]]))
    0.2797765635793423
    """
    AL, Y = np.asarray(AL), np.asarray(Y)
    check_target(AL, Y, "compute_cost")
    if output != "identity" and not (AL.min() >= 0 and AL.max() <= 1):
        raise DataError(
            "compute_cost",
            "AL holds probabilities from 0 to 1",
            f"got values from {AL.min():g} to {AL.max():g}",
            "From logits use cost_from_logits; for numbers pass output='identity'.",
        )
    return float(get_head(output, "compute_cost").textbook(AL, Y).mean())


@equation("J = Σᵢ wᵢ lossᵢ / Σᵢ wᵢ", source="lecture 4, from the logits")
def cost_from_logits(
    ZL: Array, Y: Array, *, output: str = "sigmoid", sample_weight: Array | None = None
) -> float:
    """The cost that trains: from the logits, finite for every finite ZL.

    Parameters
    ----------
    ZL, Y : arrays of shape (n_L, m)
        Pre-activation of the output layer and target.
    output : {"sigmoid", "softmax", "identity"}
        Output activation, which decides the loss.
    sample_weight : array of shape (m,), optional
        Weight of each example, at least 0; scaled to mean 1, so that a weight of 2 equals the row twice.

    Returns
    -------
    J : float

    Raises
    ------
    ShapeError
        If Y does not have the shape of ZL, or there is not one weight for each example.
    DataError
        If there is no example, a weight is negative or not finite, or all are 0.

    Examples
    --------
    >>> cost_from_logits(np.array([[-1e4, 0.0]]), np.array([[0, 1]]))
    0.34657359027997264
    """
    ZL, Y = np.asarray(ZL), np.asarray(Y)
    check_target(ZL, Y, "cost_from_logits", sample_weight)
    loss = get_head(output, "cost_from_logits").loss(ZL, Y)
    return float(np.average(loss[0], weights=sample_weight))


@equation("dZL = w ∘ ∂loss/∂ZL,  w scaled to mean 1", source="lecture 5.3, both factors joined")
def output_gradient(
    ZL: Array, Y: Array, *, output: str = "sigmoid", sample_weight: Array | None = None
) -> Array:
    """Derivative of m·J by the logits, where the backward pass begins.

    Parameters
    ----------
    ZL, Y, output, sample_weight
        As in `cost_from_logits`.

    Returns
    -------
    dZL : array of shape (n_L, m)

    Raises
    ------
    ShapeError, DataError
        As in `cost_from_logits`.

    Examples
    --------
    >>> output_gradient(np.array([[0.0, 0.0]]), np.array([[0, 1]]), sample_weight=np.array([3.0, 1.0]))
    array([[ 0.75, -0.25]])
    """
    ZL, Y = np.asarray(ZL), np.asarray(Y)
    check_target(ZL, Y, "output_gradient", sample_weight)
    dZL = get_head(output, "output_gradient").loss_backward(ZL, Y)
    if sample_weight is None:
        return dZL
    weight = np.asarray(sample_weight, dtype=np.float64)
    # normalized first and cast then: weights that float32 cannot hold have ratios that it can
    return dZL * (weight / weight.mean()).astype(dZL.dtype)


def check_target(output: Array, Y: Array, where: str, sample_weight: Array | None = None) -> None:
    """Refuse a target or weights that do not have the shape of the output (AL or ZL), empty ones, and weights
    that are negative, not finite, or all 0.
    """
    if output.shape != Y.shape or output.ndim != 2:
        raise ShapeError(
            where,
            f"Y has the shape of the output, {output.shape}",
            f"got Y {Y.shape}",
            f"Pass Y.reshape{output.shape}." if Y.size == output.size else "Columns are examples here.",
        )
    m = output.shape[1]
    if m == 0:
        raise DataError(where, "at least one example", "got m = 0")
    if sample_weight is None:
        return
    weight = np.asarray(sample_weight)
    if weight.shape != (m,):
        raise ShapeError(where, f"sample_weight has shape ({m},)", f"got {weight.shape}")
    if weight.dtype.kind not in "fiub":
        raise DataError(where, "sample_weight holds real numbers", f"got dtype {weight.dtype}")
    if not (np.isfinite(weight).all() and weight.min() >= 0 and weight.any()):
        raise DataError(
            where,
            "sample_weight has finite numbers of at least 0, one of them above 0",
            f"got values from {float(weight.min()):g} to {float(weight.max()):g}",
        )
