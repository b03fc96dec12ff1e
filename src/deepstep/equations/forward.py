"""The whole network forward."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeAlias

from deepstep.equations.activation_table import get_activation
from deepstep.equations.dropout import dropout_forward
from deepstep.equations.input_scale import scaled_weights
from deepstep.equations.linear import LinearCache, linear_forward
from deepstep.equations.normalized_linear import (
    NormalizedCache,
    normalized_linear_forward,
)
from deepstep.equations.parametric_activation import parametric_forward
from deepstep.equations.registry import equation
from deepstep.equations.shared_members import (
    MembersCache,
    MembersOutputCache,
    members_linear_forward,
    members_mean,
    members_output_forward,
)
from deepstep.errors import ConfigurationError
from deepstep.network.parameters import Parameters, as_parameters
from deepstep.types import Array

AnyLinearCache: TypeAlias = LinearCache | NormalizedCache | MembersCache | MembersOutputCache


class LayerCache(NamedTuple):
    """What a layer keeps for its backward step: ``((A_prev, W, b), Z)``.

    Attributes
    ----------
    linear : LinearCache, NormalizedCache, MembersCache or MembersOutputCache
    Z : array of shape (n_l, m)
        Pre-activation.

    Examples
    --------
    >>> import numpy as np
    >>> cache = linear_activation_forward(np.ones((1, 1)), np.ones((1, 1)), np.zeros((1, 1)), "relu")[1]
    >>> (A_prev, W, b), Z = cache
    >>> Z
    array([[1.]])
    """

    linear: AnyLinearCache
    Z: Array


class ExtendedCache(NamedTuple):
    """What a layer with an input scale or a parametric activation keeps for its backward step.

    Attributes
    ----------
    linear : LinearCache, NormalizedCache or MembersCache
        Its W is the one that multiplies: W_s where inputs are scaled.
    Z : array of shape (n_l, m)
        Pre-activation.
    W : array of shape (n_l, n_{l-1})
        The weights as they are learned.
    s : array of shape (n_0, 1) or None
        Factor of each input, of layer 1.
    alpha : array of shape (n_l, 1) or None
        α of each unit.

    Examples
    --------
    >>> import numpy as np
    >>> theta = {"W1": np.ones((1, 1)), "b1": np.zeros((1, 1)), "s1": np.array([[3.0]])}
    >>> cache = model_forward(np.ones((1, 1)), theta)[1][0]
    >>> cache.linear.W, cache.W
    (array([[3.]]), array([[1.]]))
    """

    linear: AnyLinearCache
    Z: Array
    W: Array
    s: Array | None
    alpha: Array | None


AnyLayerCache: TypeAlias = LayerCache | ExtendedCache


@equation("Z = W·A_prev + b,  A = g(Z)", source="lecture 3.2")
def linear_activation_forward(A_prev: Array, W: Array, b: Array, activation: str) -> tuple[Array, LayerCache]:
    """One layer forward.

    Parameters
    ----------
    A_prev : array of shape (n_{l-1}, m)
    W : array of shape (n_l, n_{l-1})
    b : array of shape (n_l, 1)
    activation : str
        A name in ``ACTIVATIONS``.

    Returns
    -------
    A : array of shape (n_l, m)
    cache : LayerCache
        ``(LinearCache(A_prev, W, b), Z)``.

    Raises
    ------
    ConfigurationError
        If the activation is unknown.
    ShapeError
        If the shapes do not fit.

    Examples
    --------
    >>> import numpy as np
    >>> A, cache = linear_activation_forward(np.array([[1.0]]), np.array([[-2.0]]), np.array([[0.5]]), "relu")
    >>> A, cache.Z
    (array([[0.]]), array([[-1.5]]))
    """
    forward = get_activation(activation, "linear_activation_forward").forward
    Z, linear = linear_forward(A_prev, W, b)
    return forward(Z), LayerCache(linear, Z)


def activated(cache: AnyLayerCache, activation: str) -> Array:
    """A of a layer, before its dropout: g(Z), or `parametric_forward` where the layer has an α.

    Parameters
    ----------
    cache : LayerCache or ExtendedCache
        Of the forward step.
    activation : str
        A name in ``ACTIVATIONS``.

    Returns
    -------
    A : array of shape (n_l, m)

    Examples
    --------
    >>> import numpy as np
    >>> cache = linear_activation_forward(np.ones((1, 1)), -np.ones((1, 1)), np.zeros((1, 1)), "relu")[1]
    >>> activated(cache, "relu")
    array([[0.]])
    """
    if isinstance(cache, ExtendedCache) and cache.alpha is not None:
        return parametric_forward(cache.Z, cache.alpha, activation)
    return get_activation(activation, "model_forward").forward(cache.Z)


@equation("A[0] = X,  A[l] = g(W[l]·A[l-1] + b[l]),  l = 1 … L", source="lecture 3.3")
def model_forward(
    X: Array,
    parameters: Mapping[str, Array],
    *,
    activations: Sequence[str] | None = None,
    normalization: Sequence[str] | None = None,
    statistics: Mapping[str, Array] | None = None,
    masks: Mapping[int, Array] | None = None,
) -> tuple[Array, list[AnyLayerCache]]:
    """All layers forward.

    Parameters
    ----------
    X : array of shape (n_0, m)
        Inputs; a column is an example.
    parameters : mapping
        W1, b1, …, WL, bL: `Parameters` or a plain dictionary; gamma[l] for a normalized layer, s1 where
        inputs are scaled (`scaled_weights`), r1 where members share the network (`members_linear_forward`),
        alpha[l] for a parametric activation (`parametric_forward`).
    activations : sequence of str, optional
        One name per layer; by default relu, …, relu, sigmoid.
    normalization : sequence of str, optional
        "none", "batch" or "layer" for each hidden layer, see `normalized_linear_forward`.
    statistics : mapping, optional
        "mean1", "variance1", … (n_l, 1) that batch normalization uses, as in prediction; by default the
        batch's own, as in training.
    masks : mapping, optional
        By layer the dropout mask D / keep_prob (n_l, m); A[l] is what is handed on, g(Z[l]) ∘ mask.

    Returns
    -------
    AL : array of shape (n_L, m)
    caches : list of LayerCache
        One per layer; an ExtendedCache for a layer with s or alpha.

    Raises
    ------
    ShapeError, DataError, ConfigurationError
        If X, the parameters or the activations do not fit together.

    Examples
    --------
    >>> import numpy as np
    >>> AL, caches = model_forward(np.ones((2, 3)), {"W1": np.ones((1, 2)), "b1": [[-2.0]]})
    >>> AL, len(caches)
    (array([[0.5, 0.5, 0.5]]), 1)
    """
    theta = as_parameters(parameters, "model_forward")
    names = layer_activations(activations, theta.n_layers, "model_forward")
    kinds = _normalized_layers(normalization, theta)
    A = X
    caches: list[AnyLayerCache] = []
    for layer, activation in enumerate(names, start=1):
        W, b = theta[f"W{layer}"], theta[f"b{layer}"]
        s = theta["s1"] if layer == 1 and theta.input_scale else None
        alpha = theta[f"alpha{layer}"] if layer in theta.bent else None
        used_W = W if s is None else scaled_weights(W, s)
        cache: AnyLayerCache
        if theta.members and layer in (1, theta.n_layers):
            Z, of_members = _of_members(A, theta, layer)
            cache = LayerCache(of_members, Z)
            cache = cache if alpha is None else ExtendedCache(*cache, W, None, alpha)
            A = activated(cache, activation)
        elif layer in kinds:
            kind, gamma = kinds[layer], theta[f"gamma{layer}"]
            given = (
                statistics if kind == "batch" else None
            )  # a layer's own statistics are no others in prediction
            used = (given[f"mean{layer}"], given[f"variance{layer}"]) if given else None
            Z, linear = normalized_linear_forward(A, used_W, b, gamma, kind=kind, statistics=used)
            cache = LayerCache(linear, Z)
            if s is not None or alpha is not None:
                cache = ExtendedCache(*cache, W, s, alpha)
            A = activated(cache, activation)
        elif s is not None or alpha is not None:
            Z, plain = linear_forward(A, used_W, b)
            cache = ExtendedCache(plain, Z, W, s, alpha)
            A = activated(cache, activation)
        else:
            A, cache = linear_activation_forward(A, W, b, activation)
        if masks and layer in masks:
            A = dropout_forward(A, masks[layer])
        caches.append(cache)
    return members_mean(A, theta.members) if theta.members else A, caches


def _of_members(A: Array, theta: Parameters, layer: int) -> tuple[Array, MembersCache | MembersOutputCache]:
    """The layer in which members part, or the one in which they answer."""
    W, b = theta[f"W{layer}"], theta[f"b{layer}"]
    if layer == 1:
        return members_linear_forward(A, W, b, theta["r1"])
    return members_output_forward(A, W, b, theta.members)


def _normalized_layers(normalization: Sequence[str] | None, theta: Parameters) -> dict[int, str]:
    """The kind of normalization by layer; refuse one that does not fit the parameters."""
    names = [] if normalization is None else list(normalization)
    kinds = {layer: kind for layer, kind in enumerate(names, start=1) if kind != "none"}
    if tuple(kinds) != theta.normalized:
        raise ConfigurationError(
            "model_forward",
            f"a normalization for the layers with a gamma, {list(theta.normalized)}",
            f"got {normalization!r}",
            "Pass one of 'none', 'batch', 'layer' for each hidden layer.",
        )
    return kinds


def layer_activations(activations: Sequence[str] | None, n_layers: int, where: str) -> Sequence[str]:
    """One activation per layer.

    Parameters
    ----------
    activations : sequence of str or None
        One name per layer; None means relu, …, relu, sigmoid.
    n_layers : int
        L.
    where : str
        Name for error messages.

    Returns
    -------
    sequence of str
        One name per layer.

    Raises
    ------
    ConfigurationError
        If there is not one for each layer.

    Examples
    --------
    >>> layer_activations(None, 3, "here")
    ['relu', 'relu', 'sigmoid']
    """
    if activations is None:
        return ["relu"] * (n_layers - 1) + ["sigmoid"]
    if isinstance(activations, str) or len(activations) != n_layers:
        raise ConfigurationError(
            where,
            f"{n_layers} activations, one per layer",
            f"got {activations!r}",
            "One name per layer, the output's last.",
        )
    return activations
