"""The graph of a network: which operations each layer has.

A layer begins as linear part and activation; every feature that is on changes that list. A feature is
registered in the file of its equations, and named nowhere else in the equations.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from deepstep.equations.activations import activation_op
from deepstep.equations.backward import LINEAR
from deepstep.equations.ops import Graph, Layer, Learned, Node, Op, completed_nodes, place
from deepstep.types import Array

__all__ = ["FEATURES", "Feature", "feature", "graph_of", "layers_of"]

OUTPUT_OF_A_LAYER, ACTIVATION_SO_FAR = "A", "G"

Operations: TypeAlias = tuple[Op, ...]


class Feature(NamedTuple):
    """A feature of layers that a network may have.

    Attributes
    ----------
    apply : callable
        The operations of a layer so far, and the layer → those with the feature.
    symbol : str
        A parameter that only this feature has; empty where it has none.
    value : callable
        That parameter → the value of the option that it stands for.
    whole_network : bool
        Whether the parameter in layer 1 stands for all layers.
    resize : callable
        A layer as the shape of its W says, and the option's value → the layer as the network has it.

    Examples
    --------
    >>> [(name, option.symbol) for name, option in FEATURES.items() if option.symbol]
    [('normalization', 'gamma'), ('input_scale', 's'), ('shared_members', 'r'), ('parametric', 'alpha')]
    """

    apply: Callable[[Operations, Layer], Operations]
    symbol: str
    value: Callable[[Array], Any]
    whole_network: bool
    resize: Callable[[Layer, Any], Layer]


FEATURES: dict[str, Feature] = {}
"""Features by the argument of `Architecture` that turns them on, in the order of θ."""


def feature(
    name: str,
    *,
    symbol: str = "",
    value: Callable[[Array], Any] = lambda _: True,
    whole_network: bool = False,
    resize: Callable[[Layer, Any], Layer] = lambda layer, _: layer,
) -> Callable[[Callable[[Operations, Layer], Operations]], Callable[[Operations, Layer], Operations]]:
    """Register a feature; decorates a function from the operations of a layer to those with the feature.

    Parameters
    ----------
    name : str
        The argument of `Architecture` that turns it on.
    symbol, value, whole_network, resize
        As in `Feature`.

    Returns
    -------
    callable
        The decorator.

    Examples
    --------
    >>> @feature("twice")
    ... def _twice(ops, layer):
    ...     return (*ops, ops[-1])
    >>> FEATURES.pop("twice").apply((1, 2), None)
    (1, 2, 2)
    """

    def register(
        apply: Callable[[Operations, Layer], Operations],
    ) -> Callable[[Operations, Layer], Operations]:
        FEATURES[name] = Feature(apply, symbol, value, whole_network, resize)
        return apply

    return register


def replaced(ops: Operations, old: Op, *new: Op) -> Operations:
    """The operations with others in the place of one."""
    return tuple(op for at in ops for op in (new if at is old else (at,)))


def graph_of(layers: Sequence[Layer]) -> Graph:
    """The graph of a network.

    Parameters
    ----------
    layers : sequence of Layer

    Returns
    -------
    Graph

    Examples
    --------
    >>> layers = Layer(1, 2, 3, "relu", False, {"parametric": True}), Layer(2, 3, 1, "sigmoid", True, {})
    >>> [node.writes for node in graph_of(layers).nodes]
    [('Z1',), ('g(Z1)',), ('A1',), ('Z2',), ('A2',)]
    """
    nodes: list[Node] = []
    learned: dict[str, tuple[int, Learned]] = {}
    for layer in layers:
        ops, declared = _operations(layer)
        nodes += _nodes(ops, layer.number)
        learned |= {f"{symbol}{layer.number}": (layer.number, found) for symbol, found in declared.items()}
    return Graph(completed_nodes(nodes), tuple(layers), learned)


def _operations(layer: Layer) -> tuple[Operations, dict[str, Learned]]:
    """The operations of a layer, and its parameters: W, b, then those of each feature."""
    ops: Operations = (LINEAR, activation_op(layer.activation))
    declared = dict(LINEAR.learned)
    for name, option in FEATURES.items():
        if layer.options.get(name):
            ops = option.apply(ops, layer)
            for op in ops:
                declared |= op.learned  # a name that is known keeps its place
    return ops, declared


def _nodes(ops: Operations, l: int) -> Iterator[Node]:
    last = max(at for at, op in enumerate(ops) if OUTPUT_OF_A_LAYER in op.writes)
    names = {"A_prev": f"A{l - 1}"}
    for at, op in enumerate(ops):
        own = names | {symbol: f"{symbol}{l}" for symbol in op.writes}
        if OUTPUT_OF_A_LAYER in op.writes:
            if at != last:
                own[OUTPUT_OF_A_LAYER] = op.intermediate.format(l)
            names[ACTIVATION_SO_FAR] = own[OUTPUT_OF_A_LAYER]
        yield place(op, l, own)
        names |= {symbol: own[written] for symbol, written in op.replaces.items()}


def layers_of(
    parameters: Mapping[str, Array],
    activations: Sequence[str],
    options: Mapping[str, Mapping[int, Any]] | None = None,
) -> tuple[Layer, ...]:
    """The layers that parameters belong to, by their names and shapes.

    Parameters
    ----------
    parameters : mapping
        W1, b1, …; the parameters of a feature turn it on.
    activations : sequence of str
        One name per layer.
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
    found = []
    for l, activation in enumerate(activations, start=1):
        n, n_prev = parameters[f"W{l}"].shape
        layer = Layer(l, n_prev, n, activation, l == len(activations), {})
        for name, option in FEATURES.items():
            given = parameters.get(f"{option.symbol}{1 if option.whole_network else l}")
            value = (options or {}).get(name, {}).get(l) or (None if given is None else option.value(given))
            if value:
                layer = option.resize(layer._replace(options={**layer.options, name: value}), value)
        found.append(layer)
    return tuple(found)
