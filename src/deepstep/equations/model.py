"""The whole network, as the lecture has it: forward, backward, update."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from deepstep.equations.activations import activation_op, get_activation
from deepstep.equations.costs import check_target
from deepstep.equations.graph import graph_of, layer_activations, layers_of
from deepstep.equations.heads import Output, get_head
from deepstep.equations.linear import LinearCache, check_product, check_shape, linear_backward, linear_forward
from deepstep.equations.ops import Graph, Tape, backward, forward
from deepstep.equations.parameters import Parameters, as_parameters
from deepstep.equations.registry import equation
from deepstep.equations.updates import gradient_descent_update, shown
from deepstep.errors import ConfigurationError, DataError, ShapeError
from deepstep.types import Array, is_number

__all__ = [
    "Caches",
    "LayerCache",
    "backpropagate",
    "flatten_gradients",
    "linear_activation_backward",
    "linear_activation_forward",
    "model_backward",
    "model_forward",
    "update_parameters",
]


class LayerCache(NamedTuple):
    """Quantities that a layer keeps for its backward step: ``((A_prev, W, b), Z)``.

    Attributes
    ----------
    linear : LinearCache
        ``(A_prev, W, b)``.
    Z : array of shape (n_l, m)
        Pre-activation, float32 or float64; a column is an example.

    Examples
    --------
    >>> cache = linear_activation_forward(np.ones((1, 1)), np.ones((1, 1)), np.zeros((1, 1)), "relu")[1]
    >>> (A_prev, W, b), Z = cache
    >>> Z
    array([[1.]])
    """

    linear: LinearCache
    Z: Array


class Caches(tuple[LayerCache, ...]):
    """The caches of all layers, with the graph and the tape that they are views of.

    Parameters
    ----------
    graph : Graph
        The network of the pass.
    tape : dict
        Quantities of a forward pass by name.

    Examples
    --------
    >>> _, caches = model_forward(np.ones((2, 1)), {"W1": np.zeros((1, 2)), "b1": [[0.0]]})
    >>> sorted(caches.tape)
    ['A0', 'A1', 'W1', 'Z1', 'b1']
    """

    graph: Graph
    tape: Tape

    def __new__(cls, graph: Graph, tape: Tape) -> "Caches":
        layers = range(1, len(graph.layers) + 1)
        linear = [LinearCache(tape[f"A{l - 1}"], tape[f"W{l}"], tape[f"b{l}"]) for l in layers]
        caches = super().__new__(cls, (LayerCache(linear[l - 1], tape[f"Z{l}"]) for l in layers))
        caches.graph, caches.tape = graph, tape
        return caches

    def __getnewargs__(self) -> tuple[Graph, Tape]:
        return self.graph, self.tape


@equation("Z = W·A_prev + b,  A = g(Z)", source="lecture 3.2")
def linear_activation_forward(A_prev: Array, W: Array, b: Array, activation: str) -> tuple[Array, LayerCache]:
    """One layer forward.

    Parameters
    ----------
    A_prev : array of shape (n_{l-1}, m)
        Activations of the layer before; a column is an example.
    W : array of shape (n_l, n_{l-1})
        Weights.
    b : array of shape (n_l, 1)
        Bias.
    activation : str
        A name in ``ACTIVATIONS``.

    Returns
    -------
    A : array of shape (n_l, m)
        Activation, a new array of the dtype of Z.
    cache : LayerCache
        ``(LinearCache(A_prev, W, b), Z)``.

    Raises
    ------
    ConfigurationError
        If the activation is unknown.
    ShapeError
        If the shapes do not fit.

    Notes
    -----
        Z = W·A_prev + b
        A = g(Z)

    Source: lecture 3.2.

    Examples
    --------
    >>> import numpy as np
    >>> A, cache = linear_activation_forward(np.array([[1.0]]), np.array([[-2.0]]), np.array([[0.5]]), "relu")
    >>> A, cache.Z
    (array([[0.]]), array([[-1.5]]))
    """
    forward = get_activation(activation).forward
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
) -> tuple[Array, Caches]:
    """All layers forward.

    Parameters
    ----------
    X : array of shape (n_0, m)
        Inputs; a column is an example.
    parameters : mapping
        W1, b1, …, WL, bL: `Parameters` or a plain dictionary; the parameters of a feature turn it on.
    activations : sequence of str, optional
        One name per layer, of ``ACTIVATIONS``; by default relu, …, relu, sigmoid.
    normalization : sequence of str, optional
        "none", "batch" or "layer" for each hidden layer, see `normalize_batch`.
    statistics : mapping, optional
        "mean1", "variance1", … (n_l, 1) that batch normalization uses, as in prediction; by default the
        batch's own, as in training.
    masks : mapping, optional
        By layer the dropout mask D / keep_prob (n_l, m); A[l] is what is handed on, g(Z[l]) ∘ mask.

    Returns
    -------
    AL : array of shape (n_L, m)
        Output of the network.
    caches : Caches
        One `LayerCache` per layer, with the graph and the tape of the pass.

    Raises
    ------
    ShapeError, DataError, ConfigurationError
        If X, the parameters or the activations do not fit together.

    Notes
    -----
        A[0] = X
        A[l] = g(W[l]·A[l-1] + b[l])
        l = 1 … L

    Source: lecture 3.3.

    Examples
    --------
    >>> import numpy as np
    >>> AL, caches = model_forward(np.ones((2, 3)), {"W1": np.ones((1, 2)), "b1": [[-2.0]]})
    >>> AL, len(caches)
    (array([[0.5, 0.5, 0.5]]), 1)
    """
    theta = as_parameters(parameters)
    names = layer_activations(activations, theta.n_layers)
    graph = _graph(theta, names, normalization, masks or {})
    check_product({"X": X, "W1": theta["W1"]})
    if statistics:
        for name, (node, _) in graph.running.items():
            check_shape(name, statistics.get(name), (graph.layers[node.layer - 1].n, 1))
        graph = graph.predicting
    tape = {
        "A0": X,
        **theta,
        **(statistics or {}),
        **{f"mask{layer}": mask for layer, mask in (masks or {}).items()},
    }
    forward(graph.nodes, tape)
    return tape[graph.output], Caches(graph, tape)


def _graph(
    theta: Parameters, names: Sequence[str], normalization: Sequence[str] | None, masked: Iterable[int]
) -> Graph:
    """The graph of these parameters, with masks in some layers."""
    kinds = {layer: kind for layer, kind in enumerate(normalization or (), start=1) if kind != "none"}
    scaled = [layer for layer in range(1, len(names) + 1) if f"gamma{layer}" in theta]
    if list(kinds) != scaled:
        requirement = f"'batch' or 'layer' for the layers with a gamma alone, {scaled}"
        hint = "Pass one of 'none', 'batch', 'layer' for each hidden layer."
        raise ConfigurationError.must_be("normalization", requirement, repr(normalization), hint)
    layers = layers_of(theta, names, {"normalization": kinds, "dropout": dict.fromkeys(masked, True)})
    graph = graph_of(layers)
    unread = [name for name in theta if name not in graph.learned]
    if unread:
        hint = "Take Architecture.run or a Network, which know their features."
        raise ConfigurationError(f"{', '.join(unread)} do not say which features are on", hint)
    return graph


@equation("dZ = dA ∘ g′(Z),  then dA_prev, dW, db", source="lecture 5.2")
def linear_activation_backward(dA: Array, cache: Any, activation: str) -> tuple[Array, Array, Array]:
    """One layer backward.

    Parameters
    ----------
    dA : array of shape (n_l, m)
        Derivative of m·J by A.
    cache : LayerCache
        ``((A_prev, W, b), Z)`` of the forward step.
    activation : str
        A name in ``ACTIVATIONS``.

    Returns
    -------
    dA_prev : array of shape (n_{l-1}, m)
        Derivative of m·J by A_prev.
    dW : array of shape (n_l, n_{l-1})
        Derivative of the cost J by W: 1/m is applied here.
    db : array of shape (n_l, 1)
        Derivative of the cost J by b: 1/m is applied here.

    Raises
    ------
    ConfigurationError, ShapeError, DataError
        If the activation is unknown, or dA or the cache does not fit.

    Notes
    -----
        dZ = dA ∘ g′(Z)
        then dA_prev, dW, db

    Source: lecture 5.2.

    Examples
    --------
    >>> from deepstep.equations import linear_activation_forward
    >>> _, cache = linear_activation_forward(np.array([[1.0]]), np.array([[2.0]]), np.array([[0.0]]), "relu")
    >>> linear_activation_backward(np.array([[3.0]]), cache, "relu")
    (array([[6.]]), array([[3.]]), array([[3.]]))
    """
    dA = np.asarray(dA)
    backward = get_activation(activation).backward
    try:
        linear, Z = cache
    except (TypeError, ValueError):
        kind = f"{type(cache).__name__} of another form"
        raise DataError.must_be("cache", "the LayerCache ((A_prev, W, b), Z)", kind) from None
    check_shape("dA", dA, Z.shape, of="Z")
    return linear_backward(backward(dA, Z), linear)


@equation("dZ[L] from the cost, then l = L … 1: dW[l], db[l], dA[l-1], dZ[l-1]", source="lecture 5.3")
def model_backward(
    AL: Array,
    Y: Array,
    caches: Sequence[LayerCache],
    *,
    activations: Sequence[str] | None = None,
    output: Output | None = None,
    masks: Mapping[int, Array] | None = None,
) -> dict[str, Array]:
    """All layers backward, from the output and the target.

    Where AL is the output of these caches, as after `model_forward`, dZ[L] is AL - Y, which never divides. An
    AL from elsewhere goes the textbook's way: dAL from `cross_entropy_backward`, times g′(Z[L]).

    Parameters
    ----------
    AL : array of shape (n_L, m)
        Output of the network.
    Y : array of shape (n_L, m)
        Target.
    caches : sequence of LayerCache
        One per layer: those of `model_forward`, or a list of ``((A_prev, W, b), Z)``.
    activations : sequence of str, optional
        One name per layer, of ``ACTIVATIONS``; by default those of the caches, for a list of one's own relu,
        …, relu, sigmoid.
    output : str or Head or Architecture, optional
        The head, which decides the loss; by default that of the last activation's name.
    masks : mapping, optional
        The dropout masks of the forward pass, where the caches are a list of one's own.

    Returns
    -------
    gradients : dict
        ``"dA0"``, ``"dW1"``, ``"db1"``, ``"dA1"``, …: dW, db, dgamma and ds are derivatives of J, dA of m·J.

    Raises
    ------
    ShapeError, DataError, ConfigurationError
        If the target, the caches or the activations do not fit.

    Notes
    -----
        dZ[L] from the cost, then l = L … 1: dW[l], db[l], dA[l-1], dZ[l-1]

    Source: lecture 5.3.

    Examples
    --------
    >>> from deepstep.equations import model_forward
    >>> AL, caches = model_forward(np.ones((2, 1)), {"W1": np.zeros((1, 2)), "b1": [[0.0]]})
    >>> model_backward(AL, np.array([[1.0]]), caches)["dW1"]
    array([[-0.5, -0.5]])
    """
    AL, Y = np.asarray(AL), np.asarray(Y)
    if not len(caches):
        raise DataError.must_be("caches", "have one cache per layer", "none", "Pass those of model_forward.")
    graph, tape = graph_and_tape(caches, activations, masks)
    activation, ZL = graph.layers[-1].activation, tape[graph.logits]
    check_target(AL, Y)
    head = get_head(activation if output is None else output)
    cached_AL = forward(graph.after(graph.logits), dict(tape))[graph.output]
    check_shape("AL", AL, cached_AL.shape, of="the caches' output")
    rounding = 64 * float(np.finfo(cached_AL.dtype).eps)
    if head.textbook_backward is None or np.allclose(AL, cached_AL, rtol=rounding, atol=0):
        dZL = head.loss_backward(ZL, Y)
    else:
        dZL = get_activation(activation).backward(head.textbook_backward(AL, Y), ZL)
    return gradients_of(graph, tape, dZL)


def graph_and_tape(
    caches: Sequence[LayerCache],
    activations: Sequence[str] | None,
    masks: Mapping[int, Array] | None,
) -> tuple[Graph, Tape]:
    """The graph and tape of a forward pass; of a list of ``((A_prev, W, b), Z)`` those of a plain network."""
    graph: Graph | None = getattr(caches, "graph", None)
    masks = masks or {}
    if graph is not None:
        cached = [layer.activation for layer in graph.layers]
        names = layer_activations(activations or cached, len(cached))
        dropped = [layer.number for layer in graph.layers if layer.options.get("dropout")]
        if masks and sorted(masks) != dropped:
            requirement = f"those of the layers that were masked in the forward pass, {dropped}"
            raise DataError.must_be("masks", requirement, f"masks of {sorted(masks)}")
        return _with_activations(graph, names), caches.tape  # type: ignore[attr-defined]  # they come together
    names = layer_activations(activations, len(caches))
    tape: Tape = {f"mask{layer}": mask for layer, mask in masks.items()}
    for l, cache in enumerate(caches, start=1):
        tape |= _tape_of_layer(l, cache, tape.get(f"Z{l - 1}"))
    return graph_of(layers_of(tape, names, {"dropout": dict.fromkeys(masks, True)})), tape


def _tape_of_layer(l: int, cache: Any, Z_prev: Array | None) -> Tape:
    """Quantities in the cache of a layer; refuse one of another form, or whose shapes do not fit."""
    try:
        (A_prev, W, b), Z = cache
        A_prev, W, Z = np.asarray(A_prev), np.asarray(W), np.asarray(Z)
    except (TypeError, ValueError):
        kind = f"{type(cache).__name__} of another form"
        raise DataError.must_be(f"The cache of layer {l}", "((A_prev, W, b), Z)", kind) from None
    check_product({f"A{l - 1}": A_prev, f"W{l}": W})
    check_shape(f"Z{l}", Z, (len(W), A_prev.shape[1]), of=f"W{l}·A{l - 1}")
    if Z_prev is not None:
        hint = "Pass the caches in the order of the layers, the first layer's first."
        check_shape(f"A{l - 1}", A_prev, Z_prev.shape, hint, of=f"Z{l - 1}")
    return {f"A{l - 1}": A_prev, f"W{l}": W, f"b{l}": np.asarray(b), f"Z{l}": Z}


def _with_activations(graph: Graph, names: Sequence[str]) -> Graph:
    """The graph with these activations."""
    other = {
        (layer.number, activation_op(layer.activation)): activation_op(name)
        for layer, name in zip(graph.layers, names, strict=True)
        if layer.activation != name
    }
    if not other:
        return graph
    layers = (layer._replace(activation=name) for layer, name in zip(graph.layers, names, strict=True))
    changed = graph.with_ops(lambda node: other.get((node.layer, node.op), node.op))
    return replace(changed, layers=tuple(layers))


def gradients_of(graph: Graph, tape: Tape, dZL: Array, *, input_gradient: bool = True) -> dict[str, Array]:
    """The derivatives by the parameters and by what each layer hands on, as `model_backward` gives them."""
    wanted = {*graph.learned, *(f"A{layer}" for layer in range(len(graph.layers)))}
    return {
        f"d{name}": value
        for _, derivatives in backward(graph.nodes, tape, {graph.logits: dZL}, input_gradient=input_gradient)
        for name, value in derivatives.items()
        if name in wanted
    }


def backpropagate(
    dZL: Array,
    caches: Sequence[LayerCache],
    activations: Sequence[str] | None = None,
    *,
    masks: Mapping[int, Array] | None = None,
    input_gradient: bool = True,
) -> dict[str, Array]:
    """All layers backward, from the derivative by the logits.

    Parameters
    ----------
    dZL : array of shape (n_L, m)
        Derivative of m·J by ZL.
    caches : sequence of LayerCache
        One per layer, as `model_forward` gives them.
    activations : sequence of str, optional
        One name per layer, of ``ACTIVATIONS``; by default those of the caches, for a list of one's own relu,
        …, relu, sigmoid.
    masks : mapping, optional
        Dropout masks by layer, (n_l, m).
    input_gradient : bool, optional
        Whether dA0 is wanted: training does not need it, and it is as large a product as layer 1's others.

    Returns
    -------
    gradients : dict
        As `model_backward` gives them.

    Examples
    --------
    >>> from deepstep.equations import model_forward
    >>> AL, caches = model_forward(np.ones((2, 1)), {"W1": np.zeros((1, 2)), "b1": [[0.0]]})
    >>> backpropagate(AL - 1, caches, ["sigmoid"])["dW1"]
    array([[-0.5, -0.5]])
    """
    graph, tape = graph_and_tape(caches, activations, masks)
    check_shape("dZL", dZL, tape[graph.logits].shape, of="ZL")
    return gradients_of(graph, tape, dZL, input_gradient=input_gradient)


@equation("W[l] := W[l] - α·dW[l],  b[l] := b[l] - α·db[l]", source="lecture 6")
def update_parameters(
    parameters: Mapping[str, Array], gradients: Mapping[str, Array], learning_rate: float
) -> Parameters:
    """One step of gradient descent; nothing given is changed.

    Parameters
    ----------
    parameters : mapping
        ``"W1"``, ``"b1"``, …: `Parameters` or a plain dictionary.
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

    Notes
    -----
        W[l] := W[l] - α·dW[l]
        b[l] := b[l] - α·db[l]

    Source: lecture 6.

    Examples
    --------
    >>> before = {"W1": [[1.0]], "b1": [[0.0]]}
    >>> update_parameters(before, {"dW1": np.array([[2.0]]), "db1": np.array([[1.0]])}, 0.1)["W1"]
    array([[0.8]])
    """
    # an update goes entry by entry, and the lecture's own exercise has shapes that make no network
    theta = as_parameters(parameters, chained=False)
    gradient = flatten_gradients(gradients, theta)
    if not is_number(learning_rate):
        raise ConfigurationError.must_be("learning_rate", "a finite number", shown(learning_rate))
    (flat,) = gradient_descent_update(theta.flat, gradient, learning_rate=float(learning_rate))
    return theta.like(flat.astype(theta.dtype, copy=False))


def flatten_gradients(gradients: Mapping[str, Any], parameters: Parameters) -> Array:
    """dW1, db1, … as one vector in the order of the parameters.

    Parameters
    ----------
    gradients : mapping
        dW1, db1, … by name; others are left alone.
    parameters : Parameters
        ``"W1"``, ``"b1"``, …: `Parameters` or a plain dictionary.

    Returns
    -------
    gradient : array of shape (n_parameters,)
        g = ∂J/∂θ.

    Raises
    ------
    DataError
        If the gradients are no mapping of arrays of real numbers.
    ShapeError
        If one is missing or has another shape than its parameter.

    Examples
    --------
    >>> theta = Parameters(np.zeros(3), [2, 1])
    >>> flatten_gradients({"db1": [[3.0]], "dW1": [[1.0, 2.0]]}, theta)
    array([1., 2., 3.])
    """
    if not isinstance(gradients, Mapping):
        raise DataError.must_be("gradients", "a mapping with dW1, db1, …", type(gradients).__name__)
    vectors = []
    for name, value in parameters.items():
        gradient = gradients.get(f"d{name}")
        if gradient is None:
            raise ShapeError(f"The gradients have no d{name}")
        hint = "Sum over the examples with keepdims=True." if name.startswith("b") else ""
        check_shape(f"d{name}", gradient, value.shape, hint, of=name)
        array = np.asarray(gradient)
        if array.dtype.kind not in "fiub":
            raise DataError.must_be(f"d{name}", "hold real numbers", f"dtype {array.dtype}")
        vectors.append(array.ravel())
    return np.concatenate(vectors)
