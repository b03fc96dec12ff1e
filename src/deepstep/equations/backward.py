"""The whole network backward."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from deepstep.equations.activation_table import get_activation
from deepstep.equations.costs import check_target
from deepstep.equations.dropout import dropout_backward
from deepstep.equations.forward import AnyLayerCache, ExtendedCache, LayerCache, layer_activations
from deepstep.equations.heads import Head, get_head
from deepstep.equations.input_scale import scaled_weights_backward
from deepstep.equations.linear import LinearCache, check_forward, linear_backward, weight_gradients
from deepstep.equations.normalized_linear import (
    NormalizedCache,
    normalized_linear_backward,
    normalized_weight_gradients,
)
from deepstep.equations.parametric_activation import parametric_backward
from deepstep.equations.registry import equation
from deepstep.equations.shared_members import (
    MembersCache,
    MembersOutputCache,
    members_linear_backward,
    members_mean,
    members_output_backward,
    members_weight_gradients,
)
from deepstep.errors import DataError, ShapeError
from deepstep.network.architecture import Architecture
from deepstep.types import Array


@equation("dZ = dA ∘ g′(Z),  then dA_prev, dW, db", source="lecture 5.2")
def linear_activation_backward(dA: Array, cache: LayerCache, activation: str) -> tuple[Array, Array, Array]:
    """One layer backward.

    Parameters
    ----------
    dA : array of shape (n_l, m)
        Derivative of m·J by A.
    cache : LayerCache
        Of the forward step.
    activation : str
        The layer's activation.

    Returns
    -------
    dA_prev : array of shape (n_{l-1}, m)
        Derivative of m·J.
    dW : array of shape (n_l, n_{l-1})
        Derivative of J.
    db : array of shape (n_l, 1)
        Derivative of J.

    Raises
    ------
    ConfigurationError, ShapeError, DataError
        If the activation is unknown, or dA or the cache does not fit.

    Examples
    --------
    >>> from deepstep.equations import linear_activation_forward
    >>> _, cache = linear_activation_forward(np.array([[1.0]]), np.array([[2.0]]), np.array([[0.0]]), "relu")
    >>> linear_activation_backward(np.array([[3.0]]), cache, "relu")
    (array([[6.]]), array([[3.]]), array([[3.]]))
    """
    backward = get_activation(activation, "linear_activation_backward").backward
    try:
        linear, Z = cache
    except (TypeError, ValueError):
        raise DataError(
            "linear_activation_backward",
            "cache is the LayerCache ((A_prev, W, b), Z) of the forward step",
            f"got {type(cache).__name__} of another form",
        ) from None
    dA = np.asarray(dA)
    if dA.shape != Z.shape:
        raise ShapeError("linear_activation_backward", f"dA has the shape of Z, {Z.shape}", f"got {dA.shape}")
    if isinstance(linear, NormalizedCache):
        return normalized_linear_backward(backward(dA, Z), linear)[:3]
    if isinstance(linear, MembersCache):
        return members_linear_backward(backward(dA, Z), linear)[:3]
    if isinstance(linear, MembersOutputCache):
        return members_output_backward(backward(dA, Z), linear)
    return linear_backward(backward(dA, Z), linear)


@equation("dZ[L] from the cost, then l = L … 1: dW[l], db[l], dA[l-1], dZ[l-1]", source="lecture 5.3")
def model_backward(
    AL: Array,
    Y: Array,
    caches: Sequence[AnyLayerCache],
    *,
    activations: Sequence[str] | None = None,
    output: str | Head | Architecture | None = None,
    masks: Mapping[int, Array] | None = None,
) -> dict[str, Array]:
    """All layers backward, from the output and the target.

    Where AL is the output of these caches, as after `model_forward`, dZ[L] is AL - Y, which never divides. An
    AL from elsewhere goes the textbook's way: dAL from `cross_entropy_backward`, times g′(Z[L]).

    Parameters
    ----------
    AL, Y : arrays of shape (n_L, m)
        Output and target.
    caches : sequence of LayerCache
        One per layer, of the forward step; or plain tuples ``((A_prev, W, b), Z)``, as a forward pass of
        one's own builds them.
    activations : sequence of str, optional
        As in `model_forward`.
    output : str, Head or Architecture, optional
        The head, which decides the loss; by default that of the last activation's name.
    masks : mapping, optional
        The dropout masks of the forward pass.

    Returns
    -------
    gradients : dict
        ``"dA0"``, ``"dW1"``, ``"db1"``, ``"dA1"``, …: dW, db, dgamma, ds, dr and dalpha are derivatives of J,
        dA of J times its number of columns, which is m, or K·m in the hidden layers of K members.

    Raises
    ------
    ShapeError, DataError, ConfigurationError
        If the target, the caches or the activations do not fit.

    Examples
    --------
    >>> from deepstep.equations import model_forward
    >>> AL, caches = model_forward(np.ones((2, 1)), {"W1": np.zeros((1, 2)), "b1": [[0.0]]})
    >>> model_backward(AL, np.array([[1.0]]), caches)["dW1"]
    array([[-0.5, -0.5]])
    """
    AL, Y = np.asarray(AL), np.asarray(Y)
    if not caches:
        raise DataError("model_backward", "one cache per layer", "got none", "Pass those of model_forward.")
    names = layer_activations(activations, len(caches), "model_backward")
    caches = _as_caches(caches)
    check_target(AL, Y, "model_backward")
    head = get_head(names[-1] if output is None else output, "model_backward")
    activation = get_activation(names[-1])
    linear, ZL = caches[-1][:2]
    if isinstance(linear, MembersOutputCache):
        own_output = members_mean(activation.forward(ZL), linear.members)
        if AL.shape != own_output.shape or not np.allclose(AL, own_output, rtol=1e-3):
            expected = "AL is the mean answer of the members in these caches"
            raise DataError("model_backward", expected, "got another", "Pass both from one model_forward.")
        return backpropagate(head.of_members(linear.members).loss_backward(ZL, Y), caches, names, masks=masks)
    if ZL.shape != AL.shape:
        raise ShapeError(
            "model_backward", f"AL has the shape of the last cache's Z, {ZL.shape}", f"got AL {AL.shape}"
        )
    own_output = activation.forward(ZL)
    rounding = 64 * float(np.finfo(own_output.dtype).eps)
    if head.textbook_backward is None or np.allclose(AL, own_output, rtol=rounding, atol=0):
        dZL = head.loss_backward(ZL, Y)
    else:
        dZL = activation.backward(head.textbook_backward(AL, Y), ZL)
    return backpropagate(dZL, caches, names, masks=masks)


def _as_caches(caches: Sequence[Any]) -> list[AnyLayerCache]:
    """Plain tuples as a LayerCache each; refuse those of another form, or whose shapes do not fit."""
    found: list[AnyLayerCache] = []
    for layer, cache in enumerate(caches, start=1):
        if not isinstance(cache, LayerCache | ExtendedCache):
            cache = _as_cache(cache, f"model_backward, layer {layer}")
            below = cache.linear.A_prev.shape
            if found and below != found[-1].Z.shape:
                raise ShapeError(
                    f"model_backward, layer {layer}",
                    f"A_prev has the shape of Z of layer {layer - 1}, {found[-1].Z.shape}",
                    f"got {below}",
                    "Pass the caches in the order of the layers, the first layer's first.",
                )
        found.append(cache)
    return found


def _as_cache(cache: Any, where: str) -> LayerCache:
    try:
        (A_prev, W, b), Z = cache
        A_prev, W, Z = np.asarray(A_prev), np.asarray(W), np.asarray(Z)
    except (TypeError, ValueError):
        came = f"got {type(cache).__name__} of another form"
        raise DataError(where, "the cache is ((A_prev, W, b), Z) of the forward step", came) from None
    check_forward(where, A_prev, W)
    expected = (W.shape[0], A_prev.shape[1])
    if Z.shape != expected:
        raise ShapeError(where, f"Z has the shape of W·A_prev, {expected}", f"got {Z.shape}")
    return LayerCache(LinearCache(A_prev, W, b), Z)


class LayerGradients(NamedTuple):
    """What the backward pass finds at one layer.

    Attributes
    ----------
    layer : int
        l.
    dZ : array of shape (n_l, m)
        Derivative of m·J by Z.
    dW, db : arrays of shape (n_l, n_{l-1}) and (n_l, 1)
        Derivatives of J.
    dgamma : array of shape (n_l, 1) or None
        Derivative of J, of a normalized layer.
    dA_prev : array of shape (n_{l-1}, m) or None
        Derivative of m·J by what the layer before handed on; None where it is not wanted.
    dalpha : array of shape (n_l, 1) or None
        Derivative of J, where the activation is parametric.
    ds : array of shape (n_0, 1) or None
        Derivative of J, of layer 1 where inputs are scaled.
    dW_s : array of shape (n_1, n_0) or None
        Derivative of J by the scaled weights, likewise.
    dr : array of shape (K, n_0) or None
        Derivative of J, of layer 1 where members share the network.

    Examples
    --------
    >>> found = LayerGradients(2, np.ones((1, 4)), np.ones((1, 3)), np.ones((1, 1)), None, None)
    >>> list(found.of_parameters)
    ['dW2', 'db2']
    """

    layer: int
    dZ: Array
    dW: Array
    db: Array
    dgamma: Array | None
    dA_prev: Array | None
    dalpha: Array | None = None
    ds: Array | None = None
    dW_s: Array | None = None
    dr: Array | None = None

    @property
    def of_parameters(self) -> dict[str, Array]:
        """dW and db under their names; of dgamma, ds, dr and dalpha those that there are."""
        found = {f"dW{self.layer}": self.dW, f"db{self.layer}": self.db}
        others = (("dgamma", self.dgamma), ("ds", self.ds), ("dr", self.dr), ("dalpha", self.dalpha))
        for name, value in others:
            if value is not None:
                found[f"{name}{self.layer}"] = value
        return found


def activated_backward(dA: Array, cache: AnyLayerCache, activation: str) -> tuple[Array, Array | None]:
    """From the derivative by A, before its dropout, to that by Z.

    Parameters
    ----------
    dA : array of shape (n_l, m)
        Derivative of m·J by A.
    cache : LayerCache or ExtendedCache
        Of the forward step.
    activation : str
        A name in ``ACTIVATIONS``.

    Returns
    -------
    dZ : array of shape (n_l, m)
        Derivative of m·J by Z.
    dalpha : array of shape (n_l, 1) or None
        Derivative of J, where the layer has an α.

    Examples
    --------
    >>> from deepstep.equations import linear_activation_forward
    >>> one = np.ones((1, 1))
    >>> activated_backward(one, linear_activation_forward(one, one, one, "relu")[1], "relu")
    (array([[1.]]), None)
    """
    if isinstance(cache, ExtendedCache) and cache.alpha is not None:
        return parametric_backward(dA, cache.Z, cache.alpha, activation)
    return get_activation(activation).backward(dA, cache[1]), None  # a plain tuple has no names


def backward_layers(
    dZL: Array,
    caches: Sequence[AnyLayerCache],
    activations: Sequence[str],
    *,
    masks: Mapping[int, Array] | None = None,
    input_gradient: bool = True,
) -> Iterator[LayerGradients]:
    """The backward pass, layer by layer from L to 1: training and the trace walk through this.

    Parameters
    ----------
    dZL : array of shape (n_L, m)
        Derivative of m·J by Z[L], see `output_gradient`.
    caches, activations
        As in `model_backward`.
    masks : mapping, optional
        The dropout masks of the forward pass.
    input_gradient : bool
        Whether dA0 is wanted: training does not need it, and it is as large a product as layer 1's others.

    Yields
    ------
    LayerGradients
        ``dA_prev`` is the derivative by what the layer before handed on, after its dropout.

    Examples
    --------
    >>> from deepstep.equations import model_forward
    >>> AL, caches = model_forward(np.ones((2, 1)), {"W1": np.zeros((1, 2)), "b1": [[0.0]]})
    >>> [found.layer for found in backward_layers(AL - 1, caches, ["sigmoid"])]
    [1]
    """
    dZ = dZL
    dalpha: Array | None = None
    for layer in range(len(caches), 0, -1):
        cache = caches[layer - 1]
        linear = cache[0]
        wanted = layer > 1 or input_gradient
        dgamma: Array | None = None
        dr: Array | None = None
        dA_prev: Array | None = None
        if isinstance(linear, MembersOutputCache):
            dA_prev, dW, db = members_output_backward(dZ, linear)
        elif isinstance(linear, MembersCache) and wanted:
            dA_prev, dW, db, dr = members_linear_backward(dZ, linear)
        elif isinstance(linear, MembersCache):
            dW, db, dr = members_weight_gradients(dZ, linear)
        elif isinstance(linear, NormalizedCache) and wanted:
            dA_prev, dW, db, dgamma = normalized_linear_backward(dZ, linear)
        elif isinstance(linear, NormalizedCache):
            dW, db, dgamma = normalized_weight_gradients(dZ, linear)
        elif wanted:
            dA_prev, dW, db = linear_backward(dZ, linear)
        else:
            dW, db = weight_gradients(dZ, linear)
        ds: Array | None = None
        dW_s: Array | None = None
        if isinstance(cache, ExtendedCache) and cache.s is not None:
            dW_s = dW
            dW, ds = scaled_weights_backward(dW_s, cache.W, cache.s)
        yield LayerGradients(layer, dZ, dW, db, dgamma, dA_prev, dalpha, ds, dW_s, dr)
        if layer > 1 and dA_prev is not None:
            below = layer - 1
            dA = dropout_backward(dA_prev, masks[below]) if masks and below in masks else dA_prev
            dZ, dalpha = activated_backward(dA, caches[below - 1], activations[below - 1])


def backpropagate(
    dZL: Array,
    caches: Sequence[AnyLayerCache],
    activations: Sequence[str],
    *,
    masks: Mapping[int, Array] | None = None,
    input_gradient: bool = True,
) -> dict[str, Array]:
    """All layers backward, from the derivative by the logits: `backward_layers` as a dictionary.

    Parameters
    ----------
    dZL, caches, activations, masks, input_gradient
        As in `backward_layers`.

    Returns
    -------
    gradients : dict
        As in `model_backward`.

    Examples
    --------
    >>> from deepstep.equations import model_forward
    >>> AL, caches = model_forward(np.ones((2, 1)), {"W1": np.zeros((1, 2)), "b1": [[0.0]]})
    >>> backpropagate(AL - 1, caches, ["sigmoid"])["dW1"]
    array([[-0.5, -0.5]])
    """
    gradients: dict[str, Array] = {}
    for found in backward_layers(dZL, caches, activations, masks=masks, input_gradient=input_gradient):
        gradients |= found.of_parameters
        if found.dA_prev is not None:
            gradients[f"dA{found.layer - 1}"] = found.dA_prev
    return gradients
