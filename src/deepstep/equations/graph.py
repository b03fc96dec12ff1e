"""The graph of a network: which operations each layer has.

A layer begins as linear part and activation; every feature that is on changes that list. A feature is
registered in the file of its equations, and named nowhere else in the equations.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple, TypeAlias

from deepstep.equations.activations import activation_op, get_activation
from deepstep.equations.backward import LINEAR
from deepstep.equations.ops import Graph, Layer, Learned, Node, Op, completed_nodes, place
from deepstep.errors import ConfigurationError
from deepstep.types import Array

__all__ = ["FEATURES", "Feature", "feature", "graph_of", "layers_of"]

OUTPUT_OF_A_LAYER, ACTIVATION_SO_FAR = "A", "G"

Operations: TypeAlias = tuple[Op, ...]
Apply: TypeAlias = Callable[[Operations, Layer], Operations]


class Feature(NamedTuple):
    """A feature of layers that a network may have.

    Attributes
    ----------
    apply : callable
        The operations of a layer so far, and the layer → those with the feature.
    symbol : str, optional
        A parameter that only this feature has; empty where it has none.
    value : callable, optional
        The parameter → the value of the option that it stands for.
    widen : callable, optional
        Rows of A[l-1] and the option's value → the rows that the linear part reads.
    check : callable, optional
        The option's value and n_0 → what it has to be, where it is not; else an empty text.
    example : object, optional
        A value for generated tests and the documentation, where the feature is no argument of `Architecture`.

    Examples
    --------
    >>> [(name, option.symbol) for name, option in FEATURES.items() if option.symbol]
    [('normalization', 'gamma'), ('input_scale', 's')]
    """

    apply: Apply
    symbol: str = ""
    value: Callable[[Array], Any] = lambda _: True
    widen: Callable[[int, Any], int] = lambda n_prev, value: n_prev
    check: Callable[[Any, int], str] = lambda value, n_0: ""
    example: Any = None


FEATURES: dict[str, Feature] = {}
"""Features by the argument of `Architecture` that turns them on, in the order of θ."""


def feature(name: str, **settings: Any) -> Callable[[Apply], Apply]:
    """Register a feature; decorates a function from the operations of a layer to those with the feature.

    Parameters
    ----------
    name : str
        The argument of `Architecture` that turns it on.
    **settings
        The fields of `Feature`.

    Returns
    -------
    callable
        The decorator.

    Raises
    ------
    ConfigurationError
        If there is a feature of that name in another module.

    Examples
    --------
    >>> @feature("twice")
    ... def _twice(ops, layer):
    ...     return (*ops, ops[-1])
    >>> FEATURES.pop("twice").apply((1, 2), None)
    (1, 2, 2)
    """

    def register(apply: Apply) -> Apply:
        home = FEATURES[name].apply.__module__ if name in FEATURES else apply.__module__
        if home != apply.__module__:
            hint = f"It is that of {home}: choose another name."
            raise ConfigurationError(f"There is a feature {name!r} already", hint)
        FEATURES[name] = Feature(apply, **settings)
        return apply

    return register


def replaced(ops: Operations, old: Op, *new: Op) -> Operations:
    """The operations with others in the place of ``old``."""
    return tuple(after for op in ops for after in (new if op is old else (op,)))


def layers_in(
    layer_dims: Sequence[int],
    activations: Sequence[str],
    options: Callable[[int], Mapping[str, Any]] = lambda l: {},
) -> tuple[Layer, ...]:
    """The layers of a network of these sizes."""
    layers = []
    for l, ((n_prev, n), name) in enumerate(zip(pairwise(layer_dims), activations, strict=True), start=1):
        on, n_in = options(l), n_prev
        for feature_name in reversed(FEATURES) if l == 1 else ():  # the last one stands before the others
            if feature_name in on:
                n_in = FEATURES[feature_name].widen(n_in, on[feature_name])
        layers.append(Layer(l, n_prev, n, name, l == len(activations), on, n_in))
    return tuple(layers)


def layer_activations(activations: Sequence[str] | None, n_layers: int) -> list[str]:
    """One activation per layer, by default relu, …, relu, sigmoid; refused where one is unknown."""
    if activations is None:
        return ["relu"] * (n_layers - 1) + ["sigmoid"]
    if isinstance(activations, str) or len(activations) != n_layers:
        requirement = f"a list of {n_layers} names, one per layer"
        raise ConfigurationError.must_be(
            "activations", requirement, repr(activations), "The output's stands last."
        )
    for name in activations:
        get_activation(name)
    return list(activations)


def graph_of(layers: Sequence[Layer]) -> Graph:
    """The graph of a network.

    Parameters
    ----------
    layers : sequence of Layer
        From layer 1 to the output.

    Returns
    -------
    Graph

    Raises
    ------
    ConfigurationError
        If an operation comes after the output activation: the loss would not depend on it.

    Examples
    --------
    >>> layers = layers_in([2, 3, 1], ["relu", "sigmoid"], lambda l: {"dropout": True} if l == 1 else {})
    >>> [node.writes for node in graph_of(layers).nodes]
    [('Z1',), ('g(Z1)',), ('A1',), ('Z2',), ('A2',)]
    """
    nodes: list[Node] = []
    learned: dict[str, tuple[int, Learned]] = {}
    for layer in layers:
        ops, declared = _operations(layer)
        nodes += _nodes(ops, layer.number)
        learned |= {f"{symbol}{layer.number}": (layer.number, entry) for symbol, entry in declared.items()}
    graph = Graph(completed_nodes(nodes), tuple(layers), learned)
    for node in nodes[len(graph.to_logits) :]:
        if not node.op.in_loss:
            operation = f"The operation {node.op.forward_equation.name!r} comes after {graph.logits}"
            hint = "Let the feature return ops where layer.last."
            raise ConfigurationError(f"{operation}, and the loss would not depend on it", hint)
    return graph


def _operations(layer: Layer) -> tuple[Operations, dict[str, Learned]]:
    """The operations of a layer, and its parameters: W, b, then those of each feature."""
    ops: Operations = (LINEAR, activation_op(layer.activation))
    declared = dict(LINEAR.learned)
    for name, option in FEATURES.items():
        if name in layer.options:
            ops = option.apply(ops, layer)
            for op in ops:
                declared |= op.learned  # a name that is known keeps its place
    return ops, declared


def _nodes(ops: Operations, l: int) -> Iterator[Node]:
    """The nodes of layer l; A is what its last operation writes, what others write of it is intermediate."""
    last = max(index for index, op in enumerate(ops) if OUTPUT_OF_A_LAYER in op.writes)
    names = {"A_prev": f"A{l - 1}"}
    for index, op in enumerate(ops):
        node_names = names | {symbol: f"{symbol}{l}" for symbol in op.writes}
        if OUTPUT_OF_A_LAYER in op.writes:
            if index != last:
                intermediate = op.intermediate.format(l) or f"{op.forward_equation.name}(Z{l})"
                node_names[OUTPUT_OF_A_LAYER] = intermediate
            names[ACTIVATION_SO_FAR] = node_names[OUTPUT_OF_A_LAYER]
        yield place(op, l, node_names)
        names |= {symbol: node_names[written] for symbol, written in op.replaces.items()}


def layers_of(
    parameters: Mapping[str, Array],
    activations: Sequence[str],
    options: Mapping[str, Mapping[int, Any]] | None = None,
) -> tuple[Layer, ...]:
    """The layers that parameters belong to, by their names and shapes.

    Parameters
    ----------
    parameters : mapping
        ``"W1"``, ``"b1"``, …: `Parameters` or a plain dictionary.
    activations : sequence of str
        One name per layer, of ``ACTIVATIONS``.
    options : mapping, optional
        Values of features that parameters do not tell, by layer.

    Returns
    -------
    tuple of Layer

    Examples
    --------
    >>> import numpy as np
    >>> layers_of({"W1": np.ones((3, 2)), "b1": np.ones((3, 1)), "s1": np.ones((2, 1))}, ["relu"])[0].options
    {'input_scale': True}
    """
    layers = []
    for l, activation in enumerate(activations, start=1):
        n, n_prev = parameters[f"W{l}"].shape
        layer = Layer(l, n_prev, n, activation, l == len(activations), {}, n_prev)
        for name, option in FEATURES.items():
            value = (options or {}).get(name, {}).get(l)
            parameter = parameters.get(f"{option.symbol}{l}") if option.symbol else None
            if not value and parameter is not None:
                value = option.value(parameter)
            if value:
                layer = layer._replace(options={**layer.options, name: value})
        layers.append(layer)
    return tuple(layers)
