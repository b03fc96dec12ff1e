"""Normalization of a layer's weighted inputs U, over the batch or over the layer's units.

dU and dU_hat are derivatives of m·J, as dZ.
"""

from collections.abc import Callable
from math import sqrt
from typing import NamedTuple

import numpy as np

from deepstep.equations.registry import equation
from deepstep.errors import DataError, ShapeError
from deepstep.types import Array


class Normalized(NamedTuple):
    """Normalized inputs with the statistics used.

    Attributes
    ----------
    U_hat : array of shape (n_l, m)
        Of mean 0 and variance 1.
    mean, variance, deviation : arrays
        Of shape (n_l, 1) over the batch, (1, m) over the units; deviation is √(variance + ε).

    Examples
    --------
    >>> normalize_batch(np.array([[1.0, 3.0]])).mean
    array([[2.]])
    """

    U_hat: Array
    mean: Array
    variance: Array
    deviation: Array


@equation(
    "mean = Σᵢ U⁽ⁱ⁾ / m,  variance = Σᵢ (U⁽ⁱ⁾ - mean)² / m,  U_hat = (U - mean) / √(variance + ε)",
    source="lecture, course 2 week 3; Ioffe & Szegedy, arXiv 1502.03167, algorithm 1",
)
def normalize_batch(U: Array, *, epsilon: float = 1e-5) -> Normalized:
    """Each unit to mean 0 and variance 1 over the examples of the batch; one example alone gives 0.

    Parameters
    ----------
    U : array of shape (n_l, m)
    epsilon : float
        ε, above 0.

    Returns
    -------
    Normalized
        U_hat of shape (n_l, m); mean, variance (divided by m) and deviation √(variance + ε), of shape
        (n_l, 1). U may be as large as floats are: only a variance that no float can hold is inf.

    Raises
    ------
    DataError
        If there is no example.

    Examples
    --------
    >>> normalize_batch(np.array([[1.0, 3.0]]), epsilon=1e-12).U_hat
    array([[-1.,  1.]])
    """
    if U.shape[1] == 0:
        raise DataError("normalize_batch", "at least one example", "got m = 0")
    return _normalize(U, axis=1, epsilon=epsilon)


@equation(
    "dU = (dU_hat - Σᵢ dU_hat⁽ⁱ⁾ / m - U_hat ∘ Σᵢ (dU_hat ∘ U_hat)⁽ⁱ⁾ / m) / √(variance + ε)",
    source="Ioffe & Szegedy, arXiv 1502.03167, section 3, gathered",
)
def normalize_batch_backward(dU_hat: Array, U_hat: Array, deviation: Array) -> Array:
    """Through the batch's own mean and variance: every example moves both, and so every other example.

    Parameters
    ----------
    dU_hat, U_hat : arrays of shape (n_l, m)
    deviation : array of shape (n_l, 1)
        √(variance + ε).

    Examples
    --------
    >>> U_hat, _, _, deviation = normalize_batch(np.array([[0.0, 1.0, 2.0]]))
    >>> normalize_batch_backward(np.array([[1.0, 1.0, 1.0]]), U_hat, deviation)
    array([[0., 0., 0.]])
    """
    return _normalize_backward(dU_hat, U_hat, deviation, axis=1)


@equation(
    "mean = Σⱼ Uⱼ / n,  variance = Σⱼ (Uⱼ - mean)² / n,  U_hat = (U - mean) / √(variance + ε)",
    source="Ba et al., arXiv 1607.06450, equation 3",
)
def normalize_layer(U: Array, *, epsilon: float = 1e-5) -> Normalized:
    """Each example to mean 0 and variance 1 over the n units of the layer; one unit alone gives 0.

    Parameters
    ----------
    U : array of shape (n_l, m)
    epsilon : float
        ε, above 0.

    Returns
    -------
    Normalized
        As of `normalize_batch`, with mean, variance and deviation of shape (1, m).

    Examples
    --------
    >>> normalize_layer(np.array([[1.0], [3.0]]), epsilon=1e-12).U_hat
    array([[-1.],
           [ 1.]])
    """
    return _normalize(U, axis=0, epsilon=epsilon)


@equation(
    "dU = (dU_hat - Σⱼ dU_hatⱼ / n - U_hat ∘ Σⱼ dU_hatⱼ U_hatⱼ / n) / √(variance + ε)",
    source="Ba et al., arXiv 1607.06450, equation 3, differentiated",
)
def normalize_layer_backward(dU_hat: Array, U_hat: Array, deviation: Array) -> Array:
    """Through the mean and variance of each example: every unit moves both; examples do not interact.

    Parameters
    ----------
    dU_hat, U_hat : arrays of shape (n_l, m)
    deviation : array of shape (1, m)
        √(variance + ε).

    Examples
    --------
    >>> U_hat, _, _, deviation = normalize_layer(np.array([[0.0], [1.0], [2.0]]))
    >>> normalize_layer_backward(np.array([[1.0], [1.0], [1.0]]), U_hat, deviation)
    array([[0.],
           [0.],
           [0.]])
    """
    return _normalize_backward(dU_hat, U_hat, deviation, axis=0)


@equation(
    "U_hat = (U - mean) / √(variance + ε),  mean and variance given",
    source="Ioffe & Szegedy, arXiv 1502.03167, algorithm 2",
)
def normalize_fixed(U: Array, mean: Array, variance: Array, *, epsilon: float = 1e-5) -> Normalized:
    """Each unit by statistics that are given, as in prediction: an affine map of each example by itself.

    Parameters
    ----------
    U : array of shape (n_l, m)
    mean, variance : arrays of shape (n_l, 1)
        Such as those of `running_statistics`.
    epsilon : float
        ε, above 0.

    Returns
    -------
    Normalized
        As of `normalize_batch`, with the mean and the variance that were given.

    Raises
    ------
    ShapeError
        If the statistics are not one number per unit.

    Examples
    --------
    >>> normalize_fixed(np.array([[1.0, 5.0]]), np.array([[3.0]]), np.array([[4.0]]), epsilon=1e-12).U_hat
    array([[-1.,  1.]])
    """
    mean, variance = np.asarray(mean, U.dtype), np.asarray(variance, U.dtype)
    for name, value in (("mean", mean), ("variance", variance)):
        if value.shape != (U.shape[0], 1):
            raise ShapeError("normalize_fixed", f"{name} has shape ({U.shape[0]}, 1)", f"got {value.shape}")
    deviation = np.sqrt(variance + epsilon)
    return Normalized((U - mean) / deviation, mean, variance, deviation)


@equation("dU = dU_hat / √(variance + ε)", source="Ioffe & Szegedy, arXiv 1502.03167, algorithm 2")
def normalize_fixed_backward(dU_hat: Array, deviation: Array) -> Array:
    """Through statistics that are given: they do not move.

    Parameters
    ----------
    dU_hat : array of shape (n_l, m)
        Derivative of m·J by U_hat.
    deviation : array of shape (n_l, 1)
        √(variance + ε).

    Examples
    --------
    >>> normalize_fixed_backward(np.array([[1.0, 5.0]]), np.array([[2.0]]))
    array([[0.5, 2.5]])
    """
    return dU_hat / deviation


@equation(
    "mean := (1 - ρ)·mean + ρ·mean_batch,  variance := (1 - ρ)·variance + ρ·m / (m - 1)·variance_batch",
    source="Ioffe & Szegedy, arXiv 1502.03167, algorithm 2; torch.nn.BatchNorm1d",
)
def running_statistics(
    mean: Array,
    variance: Array,
    batch_mean: Array,
    batch_variance: Array,
    m: int,
    *,
    momentum: float = 0.1,
) -> tuple[Array, Array]:
    """Moving averages of a batch's mean and (unbiased) variance, for `normalize_fixed` in prediction.

    Parameters
    ----------
    mean, variance : arrays of shape (n_l, 1)
        The averages until now; training begins at 0 and 1.
    batch_mean, batch_variance : arrays of shape (n_l, 1)
        Of this batch, the variance divided by m, as in `Normalized`.
    m : int
        Number of examples; one alone has no variance, and leaves both averages as they are.
    momentum : float
        ρ, the share of the new batch.

    Returns
    -------
    mean, variance : arrays of shape (n_l, 1)

    Examples
    --------
    >>> zero, one = np.array([[0.0]]), np.array([[1.0]])
    >>> running_statistics(zero, one, np.array([[2.0]]), np.array([[2.0]]), 5)
    (array([[0.2]]), array([[1.15]]))
    """
    if m == 1:
        return mean, variance
    share, unbiased = float(momentum), float(m / (m - 1))
    return (
        (1 - share) * mean + share * batch_mean,
        (1 - share) * variance + share * unbiased * batch_variance,
    )


class Normalization(NamedTuple):
    """The two directions of one way to normalize by statistics of the batch itself.

    Attributes
    ----------
    forward : callable
        (U, epsilon) → `Normalized`.
    backward : callable
        (dU_hat, U_hat, deviation) → dU.

    Examples
    --------
    >>> NORMALIZATIONS["layer"].forward(np.array([[1.0], [3.0]])).mean
    array([[2.]])
    """

    forward: Callable[..., Normalized]
    backward: Callable[[Array, Array, Array], Array]


NORMALIZATIONS: dict[str, Normalization] = {
    "batch": Normalization(normalize_batch, normalize_batch_backward),
    "layer": Normalization(normalize_layer, normalize_layer_backward),
}
"""All normalizations by name."""


def _normalize(U: Array, axis: int, epsilon: float) -> Normalized:
    """In two passes, so that a large mean costs no digits, and in a unit that keeps every square finite."""
    largest = np.max(np.abs(U), axis=axis, keepdims=True)
    # a power of two, so that ordinary numbers keep every bit; 1 for small ones
    unit = np.ldexp(np.ones_like(largest), np.maximum(np.frexp(largest)[1] - 1, 0))
    scaled = U / unit
    mean = scaled.mean(axis=axis, keepdims=True)
    centered = scaled - mean
    variance = np.mean(centered * centered, axis=axis, keepdims=True)
    deviation = np.hypot(np.sqrt(variance), sqrt(epsilon) / unit)
    with np.errstate(over="ignore"):
        return Normalized(centered / deviation, unit * mean, unit * (unit * variance), unit * deviation)


def _normalize_backward(dU_hat: Array, U_hat: Array, deviation: Array, axis: int) -> Array:
    mean = dU_hat.mean(axis=axis, keepdims=True)
    along = np.mean(dU_hat * U_hat, axis=axis, keepdims=True)
    return (dU_hat - mean - U_hat * along) / deviation
