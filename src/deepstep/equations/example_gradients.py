"""How far each example alone would move the parameters: the norm of its gradient, without a pass for each.

The gradient of one example's loss by W is an outer product, dZ⁽ⁱ⁾·A_prev⁽ⁱ⁾ᵀ, and the norm of an outer
product is the product of the norms: no gradient of a single example is ever formed.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from deepstep.equations.activation_table import get_activation
from deepstep.equations.backward import LayerGradients, backward_layers
from deepstep.equations.forward import AnyLayerCache, ExtendedCache
from deepstep.equations.normalization import NORMALIZATIONS
from deepstep.equations.normalized_linear import NormalizedCache
from deepstep.equations.registry import equation
from deepstep.equations.shared_members import MembersCache, MembersOutputCache
from deepstep.errors import ConfigurationError, ShapeError
from deepstep.types import Array

SOURCE = "Goodfellow, arXiv 1510.01799"


@equation("norm_W = ‖dZ⁽ⁱ⁾‖·‖A_prev⁽ⁱ⁾‖,  norm_b = ‖dZ⁽ⁱ⁾‖", source=SOURCE)
def linear_gradient_norms(dZ: Array, A_prev: Array) -> tuple[Array, Array]:
    """Norms of each example's own gradient at one layer.

    Parameters
    ----------
    dZ : array of shape (n_l, m)
        Derivative of m·J by Z: column i is that of example i's loss.
    A_prev : array of shape (n_{l-1}, m)
        Activations of the layer before.

    Returns
    -------
    norm_W : array of shape (1, m)
        Frobenius norm of the derivative of each example's loss by W.
    norm_b : array of shape (1, m)
        Norm of that by b.

    Raises
    ------
    ShapeError
        If there are not as many columns of both.

    Examples
    --------
    >>> linear_gradient_norms(np.array([[3.0], [4.0]]), np.array([[2.0]]))
    (array([[10.]]), array([[5.]]))
    """
    if dZ.shape[1] != A_prev.shape[1]:
        raise ShapeError(
            "linear_gradient_norms",
            f"A_prev has a column for each of the {dZ.shape[1]} examples of dZ",
            f"got A_prev {A_prev.shape}",
        )
    norm_b = np.sqrt(_squares(dZ))
    return norm_b * np.sqrt(_squares(A_prev)), norm_b


def gradient_norms(dZL: Array, caches: Sequence[AnyLayerCache], activations: Sequence[str]) -> Array:
    """Norm of each example's own gradient by all parameters, from one backward pass.

    All of them: W and b, and where there are such, gamma of layer normalization, s, r and alpha. With members
    that share a network it is the norm of the mean of their gradients, by products of their columns:
    ‖Σₖ dZₖ·A_prevₖᵀ‖² = Σₖₗ (dZₖ·dZₗ)(A_prevₖ·A_prevₗ).

    Parameters
    ----------
    dZL : array of shape (n_L, m)
        Derivative of m·J by Z[L], see `output_gradient`.
    caches : sequence of LayerCache
        One per layer, of the forward step, without dropout.
    activations : sequence of str
        One name per layer.

    Returns
    -------
    array of shape (1, m)
        ‖∂loss⁽ⁱ⁾/∂θ‖.

    Raises
    ------
    ConfigurationError
        With the statistics of the batch: an example has no loss of its own there.

    Examples
    --------
    >>> from deepstep.equations import model_forward
    >>> AL, caches = model_forward(np.array([[0.0, 1.0]]), {"W1": np.zeros((1, 1)), "b1": [[0.0]]})
    >>> gradient_norms(AL - 1, caches, ["sigmoid"]).round(4)
    array([[0.5   , 0.7071]])
    """
    members = members_in(caches)
    total = np.zeros((1, dZL.shape[1] // max(1, members)), dZL.dtype)
    for found in backward_layers(dZL, caches, activations, input_gradient=False):
        if members:
            parts = _of_members(found, caches, activations, members)
        else:
            parts = _of_layer(found, caches, activations)
        for squares in parts:
            total += squares
    return np.sqrt(total)


def members_in(caches: Sequence[AnyLayerCache]) -> int:
    """K of members that share the network of these caches; 0 of an ordinary one."""
    last = caches[-1].linear
    return last.members if isinstance(last, MembersOutputCache) else 0


def _of_members(
    found: LayerGradients, caches: Sequence[AnyLayerCache], activations: Sequence[str], members: int
) -> Iterator[Array]:
    """The same of members, whose columns of an example are its own: (1, m)."""
    cache = caches[found.layer - 1]
    linear, dZ = cache.linear, _columns(found.dZ, members)
    if isinstance(linear, MembersOutputCache):
        for_each = _squares(found.dZ) * (_squares(linear.A_prev) + 1)
        yield for_each.reshape(members, -1).sum(axis=0, keepdims=True) / members**2
    elif isinstance(linear, MembersCache):
        W, r = linear.W, linear.r[:, :, np.newaxis]
        A_prev = linear.A_prev[np.newaxis]
        yield _squares_of_the_mean(dZ, r * A_prev)
        dr = A_prev * np.einsum("ni,knm->kim", W, dZ) / members
        yield (dr * dr).sum(axis=(0, 1))[np.newaxis]
    else:
        yield _squares_of_the_mean(dZ, _columns(linear.A_prev, members))
    if not isinstance(linear, MembersOutputCache):
        yield _squares(dZ.mean(axis=0))
    before = caches[found.layer - 2] if found.layer > 1 else None
    if isinstance(before, ExtendedCache) and before.alpha is not None and found.dA_prev is not None:
        g = get_activation(activations[found.layer - 2]).forward
        bends = found.dA_prev * (g(before.Z) - before.Z)
        yield _squares(_columns(bends, members).mean(axis=0))


def _columns(A: Array, members: int) -> Array:
    """(n, K·m) as (K, n, m)."""
    return A.reshape(len(A), members, -1).swapaxes(0, 1)


def _squares_of_the_mean(dZ: Array, A_prev: Array) -> Array:
    """‖Σₖ dZₖ·A_prevₖᵀ / K‖² of each example, (1, m)."""
    products = np.einsum("knm,lnm->klm", dZ, dZ) * np.einsum("kim,lim->klm", A_prev, A_prev)
    return np.maximum(products.sum(axis=(0, 1)), 0)[np.newaxis] / len(dZ) ** 2  # rounding may go below 0


def _of_layer(
    found: LayerGradients, caches: Sequence[AnyLayerCache], activations: Sequence[str]
) -> Iterator[Array]:
    """Squared norms by the parameters of a layer; by those of the layer before, where it has an α."""
    cache = caches[found.layer - 1]
    linear, dU = cache.linear, found.dZ
    if isinstance(linear, NormalizedCache):
        dU = _before_normalization(found.dZ, linear)
        yield _squares(found.dZ)
        yield _squares(found.dZ * linear.U_hat)
    A_prev = linear.A_prev
    if isinstance(cache, ExtendedCache) and cache.s is not None:
        yield _squares(A_prev * (cache.W.T @ dU))
        A_prev = cache.s * A_prev
    norm_W, norm_b = linear_gradient_norms(dU, A_prev)
    yield norm_W**2
    if not isinstance(linear, NormalizedCache):
        yield norm_b**2
    before = caches[found.layer - 2] if found.layer > 1 else None
    if isinstance(before, ExtendedCache) and before.alpha is not None and found.dA_prev is not None:
        g = get_activation(activations[found.layer - 2]).forward
        yield _squares(found.dA_prev * (g(before.Z) - before.Z))


def _before_normalization(dZ: Array, cache: NormalizedCache) -> Array:
    """The derivative by U = W·A_prev."""
    if cache.kind == "batch":
        raise ConfigurationError(
            "gradient_norms",
            "a network without batch normalization",
            "got one in which each example moves the mean and variance of all, so none has a loss of its own",
            "Use normalization='layer'.",
        )
    return NORMALIZATIONS[cache.kind].backward(cache.gamma * dZ, cache.U_hat, cache.deviation)


def _squares(columns: Array) -> Array:
    """Sum of squares of each column, (1, m)."""
    return np.sum(columns * columns, axis=0, keepdims=True)
