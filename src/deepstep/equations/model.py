"""The whole network, forward and backward, and the update of the parameters."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from deepstep.equations.activation_table import get_activation
from deepstep.equations.costs import check_target
from deepstep.equations.dropout import dropout_backward, dropout_forward
from deepstep.equations.heads import Head, get_head
from deepstep.equations.linear import LinearCache, linear_backward, linear_forward, weight_gradients
from deepstep.equations.normalized_linear import (
    NormalizedCache,
    normalized_linear_backward,
    normalized_linear_forward,
    normalized_weight_gradients,
)
from deepstep.equations.registry import equation
from deepstep.equations.updates import finite_rate, gradient_descent_update
from deepstep.errors import ConfigurationError, DataError, ShapeError
from deepstep.network.architecture import Architecture
from deepstep.network.parameters import Parameters, as_parameters
from deepstep.types import Array


class LayerCache(NamedTuple):
    """What a layer keeps for its backward step: ``((A_prev, W, b), Z)``."""

    linear: LinearCache | NormalizedCache
    Z: Array


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
    >>> A, cache = linear_activation_forward(np.array([[1.0]]), np.array([[-2.0]]), np.array([[0.5]]), "relu")
    >>> A, cache.Z
    (array([[0.]]), array([[-1.5]]))
    """
    forward = get_activation(activation, "linear_activation_forward").forward
    Z, linear = linear_forward(A_prev, W, b)
    return forward(Z), LayerCache(linear, Z)


@equation("A[0] = X,  A[l] = g(W[l]·A[l-1] + b[l]),  l = 1 … L", source="lecture 3.3")
def model_forward(
    X: Array,
    parameters: Mapping[str, Array],
    *,
    activations: Sequence[str] | None = None,
    normalization: Sequence[str] | None = None,
    statistics: Mapping[str, Array] | None = None,
    masks: Mapping[int, Array] | None = None,
) -> tuple[Array, list[LayerCache]]:
    """All layers forward.

    Parameters
    ----------
    X : array of shape (n_0, m)
        Inputs; a column is an example.
    parameters : mapping
        W1, b1, …, WL, bL: `Parameters` or a plain dictionary; gamma[l] for a normalized layer.
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
        One per layer.

    Raises
    ------
    ShapeError, DataError, ConfigurationError
        If X, the parameters or the activations do not fit together.

    Examples
    --------
    >>> AL, caches = model_forward(np.ones((2, 3)), {"W1": np.ones((1, 2)), "b1": [[-2.0]]})
    >>> AL, len(caches)
    (array([[0.5, 0.5, 0.5]]), 1)
    """
    theta = as_parameters(parameters, "model_forward")
    names = layer_activations(activations, theta.n_layers, "model_forward")
    kinds = _normalized_layers(normalization, theta)
    A, caches = X, []
    for layer, activation in enumerate(names, start=1):
        W, b = theta[f"W{layer}"], theta[f"b{layer}"]
        if layer in kinds:
            kind, gamma = kinds[layer], theta[f"gamma{layer}"]
            given = (
                statistics if kind == "batch" else None
            )  # a layer's own statistics are no others in prediction
            used = (given[f"mean{layer}"], given[f"variance{layer}"]) if given else None
            Z, linear = normalized_linear_forward(A, W, b, gamma, kind=kind, statistics=used)
            A, cache = get_activation(activation, "model_forward").forward(Z), LayerCache(linear, Z)
        else:
            A, cache = linear_activation_forward(A, W, b, activation)
        if masks and layer in masks:
            A = dropout_forward(A, masks[layer])
        caches.append(cache)
    return A, caches


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
    return linear_backward(backward(dA, Z), linear)


@equation("dZ[L] from the cost, then l = L … 1: dW[l], db[l], dA[l-1], dZ[l-1]", source="lecture 5.3")
def model_backward(
    AL: Array,
    Y: Array,
    caches: Sequence[LayerCache],
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
        One per layer, of the forward step.
    activations : sequence of str, optional
        As in `model_forward`.
    output : str, Head or Architecture, optional
        The head, which decides the loss; by default that of the last activation's name.
    masks : mapping, optional
        The dropout masks of the forward pass.

    Returns
    -------
    gradients : dict
        ``"dA0"``, ``"dW1"``, ``"db1"``, ``"dA1"``, …: dW, db and dgamma are derivatives of J, dA of m·J.

    Raises
    ------
    ShapeError, DataError, ConfigurationError
        If the target, the caches or the activations do not fit.

    Examples
    --------
    >>> AL, caches = model_forward(np.ones((2, 1)), {"W1": np.zeros((1, 2)), "b1": [[0.0]]})
    >>> model_backward(AL, np.array([[1.0]]), caches)["dW1"]
    array([[-0.5, -0.5]])
    """
    AL, Y = np.asarray(AL), np.asarray(Y)
    if not caches:
        raise DataError("model_backward", "one cache per layer", "got none", "Pass those of model_forward.")
    names = layer_activations(activations, len(caches), "model_backward")
    check_target(AL, Y, "model_backward")
    head = get_head(names[-1] if output is None else output, "model_backward")
    activation = get_activation(names[-1])
    ZL = caches[-1][1]
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


class LayerGradients(NamedTuple):
    """What the backward pass finds at one layer."""

    layer: int
    dZ: Array
    dW: Array
    db: Array
    dgamma: Array | None
    dA_prev: Array | None

    @property
    def of_parameters(self) -> dict[str, Array]:
        """dW, db and, of a normalized layer, dgamma under their names."""
        found = {f"dW{self.layer}": self.dW, f"db{self.layer}": self.db}
        return found if self.dgamma is None else {**found, f"dgamma{self.layer}": self.dgamma}


def backward_layers(
    dZL: Array,
    caches: Sequence[LayerCache],
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
    """
    dZ = dZL
    for layer in range(len(caches), 0, -1):
        linear = caches[layer - 1][0]
        wanted = layer > 1 or input_gradient
        dgamma: Array | None = None
        dA_prev: Array | None = None
        if isinstance(linear, NormalizedCache) and wanted:
            dA_prev, dW, db, dgamma = normalized_linear_backward(dZ, linear)
        elif isinstance(linear, NormalizedCache):
            dW, db, dgamma = normalized_weight_gradients(dZ, linear)
        elif wanted:
            dA_prev, dW, db = linear_backward(dZ, linear)
        else:
            dW, db = weight_gradients(dZ, linear)
        yield LayerGradients(layer, dZ, dW, db, dgamma, dA_prev)
        if layer > 1 and dA_prev is not None:
            below = layer - 1
            dA = dropout_backward(dA_prev, masks[below]) if masks and below in masks else dA_prev
            dZ = get_activation(activations[below - 1]).backward(dA, caches[below - 1][1])


def backpropagate(
    dZL: Array,
    caches: Sequence[LayerCache],
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
    """
    gradients: dict[str, Array] = {}
    for found in backward_layers(dZL, caches, activations, masks=masks, input_gradient=input_gradient):
        gradients |= found.of_parameters
        if found.dA_prev is not None:
            gradients[f"dA{found.layer - 1}"] = found.dA_prev
    return gradients


@equation("W[l] := W[l] - α·dW[l],  b[l] := b[l] - α·db[l]", source="lecture 6")
def update_parameters(
    parameters: Mapping[str, Array], gradients: Mapping[str, Array], learning_rate: float
) -> Parameters:
    """One step of gradient descent; nothing given is changed.

    Parameters
    ----------
    parameters : mapping
        W1, b1, …
    gradients : mapping
        dW1, db1, … of the same shapes; other keys (dA0, …) are left alone.
    learning_rate : float
        α.

    Returns
    -------
    Parameters
        New parameters, of the dtype of those given.

    Raises
    ------
    ShapeError
        If a gradient is missing or has another shape than its parameter: a squeezed db would broadcast.
    ConfigurationError
        If the learning rate is not a finite number.

    Examples
    --------
    >>> before = {"W1": [[1.0]], "b1": [[0.0]]}
    >>> update_parameters(before, {"dW1": np.array([[2.0]]), "db1": np.array([[1.0]])}, 0.1)["W1"]
    array([[0.8]])
    """
    # an update goes entry by entry, and the lecture's own exercise has shapes that make no network
    theta = as_parameters(parameters, "update_parameters", chained=False)
    gradient = flatten_gradients(gradients, theta, "update_parameters")
    rate = finite_rate(learning_rate, "update_parameters")
    (flat,) = gradient_descent_update(theta.flat, gradient, learning_rate=rate)
    return theta.like(flat.astype(theta.dtype, copy=False))


def flatten_gradients(gradients: Mapping[str, Any], parameters: Parameters, where: str) -> Array:
    """dW1, db1, … as one vector in the order of the parameters.

    Raises
    ------
    DataError
        If the gradients are no mapping of arrays of real numbers.
    ShapeError
        If one is missing or has another shape than its parameter.
    """
    if not isinstance(gradients, Mapping):
        raise DataError(where, "gradients are a mapping with dW1, db1, …", f"got {type(gradients).__name__}")
    found = []
    for name, value in parameters.items():
        gradient = gradients.get(f"d{name}")
        if gradient is None or np.shape(gradient) != value.shape:
            raise ShapeError(
                where,
                f"d{name} has the shape of {name}, {value.shape}",
                "it is missing" if gradient is None else f"got {np.shape(gradient)}",
                "Sum over the examples with keepdims=True." if name.startswith("b") else "",
            )
        array = np.asarray(gradient)
        if array.dtype.kind not in "fiub":
            raise DataError(where, f"d{name} holds real numbers", f"got dtype {array.dtype}")
        found.append(array.ravel())
    return np.concatenate(found)


def layer_activations(activations: Sequence[str] | None, n_layers: int, where: str) -> Sequence[str]:
    """One activation per layer; None means relu, …, relu, sigmoid."""
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
