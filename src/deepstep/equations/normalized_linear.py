"""A normalized layer's linear part: Z = gamma ∘ U_hat + b, where U_hat is the normalized U = W·A_prev.

Its b is the shift that the lecture calls β: a bias inside U would be taken off with the mean.
"""

from typing import NamedTuple

import numpy as np

from deepstep.equations.linear import check_forward
from deepstep.equations.normalization import NORMALIZATIONS, normalize_fixed, normalize_fixed_backward
from deepstep.equations.registry import equation
from deepstep.errors import ConfigurationError, DataError, ShapeError, unknown_name
from deepstep.types import Array


class NormalizedCache(NamedTuple):
    """What a normalized linear step keeps for its backward step.

    Attributes
    ----------
    A_prev : array of shape (n_{l-1}, m)
    W : array of shape (n_l, n_{l-1})
    b, gamma : arrays of shape (n_l, 1)
        Shift and scale.
    U_hat : array of shape (n_l, m)
        Normalized U.
    deviation, mean, variance : arrays
        Those used: of shape (n_l, 1) for ``"batch"``, (1, m) for ``"layer"``; deviation is √(variance + ε).
    kind : {"batch", "layer"}
    own_statistics : bool
        Whether mean and variance came from this batch or were given.

    Examples
    --------
    >>> one = np.ones((1, 1))
    >>> cache = normalized_linear_forward(np.array([[1.0, 3.0]]), one, one, one, kind="batch")[1]
    >>> cache.mean, cache.own_statistics
    (array([[2.]]), True)
    """

    A_prev: Array
    W: Array
    b: Array
    gamma: Array
    U_hat: Array
    deviation: Array
    kind: str
    mean: Array
    variance: Array
    own_statistics: bool


@equation(
    "U = W·A_prev,  U_hat = (U - mean) / √(variance + ε),  Z = gamma ∘ U_hat + b",
    source="lecture, course 2 week 3; Ioffe & Szegedy, arXiv 1502.03167; Ba et al., arXiv 1607.06450",
)
def normalized_linear_forward(
    A_prev: Array,
    W: Array,
    b: Array,
    gamma: Array,
    *,
    kind: str,
    statistics: tuple[Array, Array] | None = None,
    epsilon: float = 1e-5,
) -> tuple[Array, NormalizedCache]:
    """Weigh the activations of the layer before, normalize, scale and shift.

    Parameters
    ----------
    A_prev : array of shape (n_{l-1}, m)
        Activations of the layer before; a column is an example.
    W : array of shape (n_l, n_{l-1})
        Weights.
    b, gamma : arrays of shape (n_l, 1)
        Shift and scale.
    kind : {"batch", "layer"}
        Whether mean and variance are taken over the examples or over the units.
    statistics : pair of arrays of shape (n_l, 1), optional
        Mean and variance to use, in prediction; by default the batch's own. ``"layer"`` has no others.
    epsilon : float
        ε, above 0.

    Returns
    -------
    Z : array of shape (n_l, m)
        Pre-activation.
    cache : NormalizedCache

    Raises
    ------
    ShapeError, DataError, ConfigurationError
        If the shapes do not fit, there is no example, the kind is unknown or takes no statistics.

    Examples
    --------
    >>> A_prev, W = np.array([[1.0, 3.0]]), np.array([[5.0]])
    >>> b, gamma = np.array([[0.5]]), np.array([[2.0]])
    >>> normalized_linear_forward(A_prev, W, b, gamma, kind="batch", epsilon=1e-12)[0]
    array([[-1.5,  2.5]])
    """
    check_forward("normalized_linear_forward", A_prev, W, b=b, gamma=gamma)
    if not isinstance(kind, str) or kind not in NORMALIZATIONS:
        raise unknown_name("normalized_linear_forward", "kind", kind, NORMALIZATIONS)
    if statistics is None:
        normalized = NORMALIZATIONS[kind].forward(W @ A_prev, epsilon=epsilon)
    elif kind == "batch":
        normalized = normalize_fixed(W @ A_prev, *statistics, epsilon=epsilon)
    else:
        raise ConfigurationError(
            "normalized_linear_forward", "statistics are for kind 'batch'", f"got kind {kind!r}"
        )
    U_hat, mean, variance, deviation = normalized
    cache = NormalizedCache(
        A_prev, W, b, gamma, U_hat, deviation, kind, mean, variance, own_statistics=statistics is None
    )
    return gamma * U_hat + b, cache


@equation(
    "dU_hat = gamma ∘ dZ,  dA_prev = Wᵀ·dU,  dW = dU·A_prevᵀ / m,  db = Σᵢ dZ⁽ⁱ⁾ / m,  "
    "dgamma = Σᵢ (dZ ∘ U_hat)⁽ⁱ⁾ / m",
    source="lecture, course 2 week 3; Ioffe & Szegedy, arXiv 1502.03167, section 3",
)
def normalized_linear_backward(dZ: Array, cache: NormalizedCache) -> tuple[Array, Array, Array, Array]:
    """Carry the derivative from Z to the layer before, the weights, the shift and the scale.

    Parameters
    ----------
    dZ : array of shape (n_l, m)
        Derivative of m·J by Z.
    cache : NormalizedCache
        Of the forward step.

    Returns
    -------
    dA_prev : array of shape (n_{l-1}, m)
        Derivative of m·J by A_prev. With the batch's own statistics a column moves the loss of all examples.
    dW : array of shape (n_l, n_{l-1})
        Derivative of the cost J by W; 1/m stands here and in db and dgamma, nowhere else.
    db, dgamma : arrays of shape (n_l, 1)
        Derivatives of the cost J.

    Raises
    ------
    ShapeError, DataError
        If dZ does not have the shape of Z, or there is no example.

    Examples
    --------
    >>> one = np.ones((1, 1))
    >>> _, cache = normalized_linear_forward(np.array([[1.0, 3.0]]), one, one, one, kind="batch")
    >>> dA_prev, dW, db, dgamma = normalized_linear_backward(np.array([[1.0, 2.0]]), cache)
    >>> db, dgamma.round(5)
    (array([[1.5]]), array([[0.5]]))
    """
    dU, db, dgamma = _scaled_backward(dZ, cache)
    return cache.W.T @ dU, dU @ cache.A_prev.T / dU.shape[1], db, dgamma


def normalized_weight_gradients(dZ: Array, cache: NormalizedCache) -> tuple[Array, Array, Array]:
    """dW, db and dgamma alone: for layer 1 in training, where nobody needs dA0.

    Parameters
    ----------
    dZ, cache
        As in `normalized_linear_backward`.

    Returns
    -------
    dW, db, dgamma : arrays
        As of `normalized_linear_backward`.

    Raises
    ------
    ShapeError, DataError
        As in `normalized_linear_backward`.

    Examples
    --------
    >>> one = np.ones((1, 1))
    >>> _, cache = normalized_linear_forward(np.array([[1.0, 3.0]]), one, one, one, kind="batch")
    >>> normalized_weight_gradients(np.array([[1.0, 2.0]]), cache)[1]
    array([[1.5]])
    """
    dU, db, dgamma = _scaled_backward(dZ, cache)
    return dU @ cache.A_prev.T / dU.shape[1], db, dgamma


def _scaled_backward(dZ: Array, cache: NormalizedCache) -> tuple[Array, Array, Array]:
    """dU, db and dgamma."""
    dZ = np.asarray(dZ)
    if dZ.shape != cache.U_hat.shape:
        raise ShapeError(
            "normalized_linear_backward", f"dZ has the shape of Z, {cache.U_hat.shape}", f"got {dZ.shape}"
        )
    m = dZ.shape[1]
    if m == 0:
        raise DataError("normalized_linear_backward", "at least one example", "got m = 0")
    db = dZ.sum(axis=1, keepdims=True) / m
    dgamma = np.sum(dZ * cache.U_hat, axis=1, keepdims=True) / m
    dU_hat = cache.gamma * dZ
    if cache.own_statistics:
        dU = NORMALIZATIONS[cache.kind].backward(dU_hat, cache.U_hat, cache.deviation)
    else:
        dU = normalize_fixed_backward(dU_hat, cache.deviation)
    return dU, db, dgamma
