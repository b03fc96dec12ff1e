"""A network as a graph of operations, and the two passes over it.

An operation is a pair of equations, forward and backward. A graph is a list of operations at layers; a pass
fills a tape, a dictionary of named quantities: ``"A0"``, ``"W1"``, ``"Z1"``, ``"mask1"``, … `forward` and
`backward` are the only passes of the package: training, trace, gradient check and diagnosis read what they
leave on the tape.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, NamedTuple, TypeAlias

from deepstep.equations.registry import Equation, equation_of
from deepstep.errors import ConfigurationError
from deepstep.types import AnyArray, Array

__all__ = ["Graph", "Layer", "Learned", "Node", "Op", "Tape"]

Tape: TypeAlias = dict[str, Array]
"""Named quantities of a pass."""

Layout: TypeAlias = tuple[tuple[str, tuple[int, int]], ...]
"""Names and shapes of parameters, in the order in which they lie in the flat vector θ."""


class Layer(NamedTuple):
    """A layer before its operations are chosen.

    Attributes
    ----------
    number : int
        l, from 1.
    n_prev, n : int
        Rows of A[l-1] and of A[l].
    activation : str
        A name in ``ACTIVATIONS``.
    last : bool
        Whether it is the output layer.
    options : mapping
        The features that are on, by their name in ``FEATURES``.
    n_in : int
        Rows that the linear part reads: n_prev, unless an embedding comes before it.

    Examples
    --------
    >>> from deepstep import Architecture
    >>> Architecture((2, 3, 1), ("relu", "sigmoid"), input_scale=True).graph.layers[0].options
    {'input_scale': True}
    """

    number: int
    n_prev: int
    n: int
    activation: str
    last: bool
    options: Mapping[str, Any]
    n_in: int


class Learned(NamedTuple):
    """A parameter that an operation reads.

    Attributes
    ----------
    shape : callable
        Layer → (rows, columns).
    start : float or callable, optional
        The initial value; or (rng, rows, columns) → the drawn one; None for weights, which are drawn by the
        method that the network is given.
    meaning : str, optional
        Description in the trace.

    Examples
    --------
    >>> from deepstep import Architecture
    >>> layer, s = Architecture((2, 3, 1), ("relu", "sigmoid"), input_scale=True).graph.learned["s1"]
    >>> layer, s.start, s.meaning
    (1, 1.0, 'the factors of the inputs')
    """

    shape: Callable[[Layer], tuple[int, int]]
    start: float | Callable[[Any, int, int], Array] | None = 0.0
    meaning: str = ""


class Running(NamedTuple):
    """Statistics that training accumulates and prediction uses."""

    start: Mapping[str, float]
    update: Callable[..., tuple[Array, ...]]
    predicting: "Op"


@dataclass(frozen=True, eq=False)
class Op:
    """An operation of a layer: an equation with its backward, in the lecture's symbols.

    Attributes
    ----------
    forward : callable
        The quantities of ``reads`` → those of ``writes``: an array, or a tuple where there are several.
    backward : callable
        The derivative by the first of ``writes``, then the quantities of ``needs`` → the derivatives by those
        of ``gives``: an array, or a tuple where there are several.
    reads, writes, needs, gives : tuple of str
        Symbols without the index of the layer. The first of ``writes`` is the one that later operations read
        and whose derivative `backward` takes; the first of ``gives`` is what the layer before hands on.
    learned : mapping, optional
        The parameters among ``reads``.
    replaces : mapping, optional
        Symbol → one of ``writes`` that later operations of the layer read in its place.
    intermediate : str, optional
        Name of A where a later operation of the layer changes it, with ``{}`` for l; by default made of the
        name of `forward`.
    equations : tuple of Equation, optional
        Whose formulas the trace prints, where `forward` and `backward` are neither registered nor partials of
        registered functions.
    without_input : callable, optional
        `backward` without the first of ``gives``, for layer 1 in training.
    per_layer : tuple of str, optional
        The quantities among ``writes`` whose columns are no examples.
    per_example : callable, optional
        The arguments of `backward` → for each learned symbol of ``gives`` the gradients of the examples, see
        `deepstep.equations.PerExample`.
    kinks, bends : tuple of float, optional
        Values of the first of ``reads`` at which the first or the second derivative jumps.
    faults : mapping, optional
        Classic mistakes of this operation: their name → the wrong backward.
    running : Running, optional
        Statistics for prediction.
    in_loss : bool, optional
        Whether the loss of a head, which is computed from the logits, takes the operation into account.

    Raises
    ------
    ConfigurationError
        If a learned symbol ends with a digit, or begins with W.

    Examples
    --------
    >>> from deepstep.equations import relu, relu_backward
    >>> op = Op(relu, relu_backward, reads=("Z",), writes=("A",), needs=("Z",), gives=("Z",))
    >>> op.forward_equation.formula, op.backward_equation.formula
    ('A = max(0, Z)', 'dZ = dA where Z > 0, else 0')
    """

    forward: Callable[..., Any]
    backward: Callable[..., Any]
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    needs: tuple[str, ...]
    gives: tuple[str, ...]
    learned: Mapping[str, Learned] = field(default_factory=dict)
    replaces: Mapping[str, str] = field(default_factory=dict)
    intermediate: str = ""
    equations: tuple[Equation, Equation] | None = None
    without_input: Callable[..., Any] | None = None
    per_layer: tuple[str, ...] = ()
    per_example: Callable[..., Any] | None = None
    kinks: tuple[float, ...] = ()
    bends: tuple[float, ...] = ()
    faults: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    running: Running | None = None
    in_loss: bool = False

    def __post_init__(self) -> None:
        for symbol in self.learned:
            if symbol[-1].isdigit() or (symbol[0] == "W" and symbol != "W"):
                requirement = "symbols that do not end with a digit nor begin with W"
                hint = "A name such as W12 says that it is the weights of layer 12."
                raise ConfigurationError.must_be("learned", requirement, repr(symbol), hint)

    @property
    def forward_equation(self) -> Equation:
        """The equation that the trace prints for the forward step."""
        return self._equation(0, self.forward, self.writes[0], self.reads)

    @property
    def backward_equation(self) -> Equation:
        """The equation that the trace prints for the backward step."""
        return self._equation(1, self.backward, f"d{self.gives[0]}", (f"d{self.writes[0]}", *self.needs))

    def _equation(
        self, index: int, function: Callable[..., Any], left: str, taken: Iterable[str]
    ) -> Equation:
        if self.equations:
            return self.equations[index]
        function = getattr(function, "func", function)  # with settings it is the same equation
        name = function.__name__
        return equation_of(function, name, f"{left} = {name}({', '.join(taken)})")


class Node(NamedTuple):
    """An operation in a network: its symbols with the names that they have on the tape.

    Attributes
    ----------
    layer : int
        Number of the layer, from 1.
    op : Op
        The operation.
    names : mapping
        Symbol → name on the tape.
    reads, writes, needs, gives : tuple of str
        Names on the tape of the operation's symbols.
    completes : tuple of str, optional
        The quantities among ``gives`` whose derivative is whole here: no earlier node reads them.

    Examples
    --------
    >>> from deepstep import Architecture
    >>> node = Architecture((2, 1), ("sigmoid",)).graph.nodes[0]
    >>> node.reads, node.writes, node.op.forward_equation.written("Z", node.symbols)
    (('A0', 'W1', 'b1'), ('Z1',), 'Z1 = W1·A0 + b1')
    """

    layer: int
    op: Op
    names: Mapping[str, str]
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    needs: tuple[str, ...]
    gives: tuple[str, ...]
    completes: tuple[str, ...] = ()

    def written(self, symbols: Iterable[str]) -> tuple[str, ...]:
        """The names of some of the symbols.

        Parameters
        ----------
        symbols : iterable of str
            Of the operation, as in ``reads``.

        Returns
        -------
        tuple of str
        """
        return tuple(self.names[symbol] for symbol in symbols)

    @property
    def made(self) -> tuple[tuple[str, str], ...]:
        """Symbols and names of what it writes, in the order in which they are computed: the main one last."""
        main, *others = zip(self.op.writes, self.writes, strict=True)
        return *others, main

    @property
    def symbols(self) -> dict[str, str]:
        """Names for the symbols of the equations: those on the tape, and those of the derivatives."""
        return {**self.names, **{f"d{symbol}": f"d{name}" for symbol, name in self.names.items()}}

    def sides(self, tape: Tape, places: Iterable[float]) -> list[AnyArray]:
        """On which side of each of these values every entry of the first quantity read is.

        Parameters
        ----------
        tape : dict
            Quantities of a forward pass by name.
        places : iterable of float
            Kinks or bends of the operation.

        Returns
        -------
        list of array
            For each place: whether each entry lies above it.
        """
        return [tape[self.reads[0]].ravel() > place for place in places]


@dataclass(frozen=True, eq=False)
class Graph:
    """The nodes of a network in the order of the forward pass.

    Attributes
    ----------
    nodes : tuple of Node
        In the order of the forward pass.
    layers : tuple of Layer
        From layer 1 to the output.
    learned : mapping
        Parameters by name, in the order of θ: their layer and declaration.

    Examples
    --------
    >>> from deepstep import Architecture
    >>> graph = Architecture((2, 3, 1), ("relu", "sigmoid")).graph
    >>> [node.writes[0] for node in graph.nodes], graph.logits, graph.output
    (['Z1', 'A1', 'Z2', 'A2'], 'Z2', 'A2')
    >>> graph.layout[:2]
    (('W1', (3, 2)), ('b1', (3, 1)))
    >>> [node.writes[0] for node in graph.after("b1")]
    ['Z1', 'A1', 'Z2', 'A2']
    """

    nodes: tuple[Node, ...]
    layers: tuple[Layer, ...]
    learned: Mapping[str, tuple[int, Learned]]

    @property
    def output(self) -> str:
        """Name of AL."""
        return f"A{len(self.layers)}"

    @property
    def logits(self) -> str:
        """Name of ZL."""
        return f"Z{len(self.layers)}"

    @cached_property
    def to_logits(self) -> tuple[Node, ...]:
        """The nodes up to the one that writes the logits."""
        last = next(index for index, node in enumerate(self.nodes) if self.logits in node.writes)
        return self.nodes[: last + 1]

    @cached_property
    def layout(self) -> Layout:
        """Names and shapes of the parameters, in the order of θ."""
        return tuple(
            (name, declared.shape(self.layers[layer - 1])) for name, (layer, declared) in self.learned.items()
        )

    @cached_property
    def running(self) -> dict[str, tuple[Node, float]]:
        """Statistics for prediction by name: their node and initial value."""
        return {
            node.names[symbol]: (node, start)
            for node in self.nodes
            if node.op.running is not None
            for symbol, start in node.op.running.start.items()
        }

    @cached_property
    def predicting(self) -> "Graph":
        """The graph of prediction: normalization by running statistics."""
        return self.with_ops(lambda node: node.op.running.predicting if node.op.running else node.op)

    def with_ops(self, op_of: Callable[[Node], Op]) -> "Graph":
        """A graph of the same nodes with other operations.

        Parameters
        ----------
        op_of : callable
            Node → the operation that takes its place.

        Returns
        -------
        Graph
        """
        nodes = (place(op_of(node), node.layer, node.names) for node in self.nodes)
        return replace(self, nodes=completed_nodes(nodes))

    def after(self, name: str) -> tuple[Node, ...]:
        """The nodes whose outputs depend on a quantity, in their order.

        Parameters
        ----------
        name : str
            On the tape: a parameter or what a node writes.

        Returns
        -------
        tuple of Node
        """
        moved = {name}
        dependent = []
        for node in self.nodes:
            if moved.intersection(node.reads) and name not in node.writes:
                moved.update(node.writes)
                dependent.append(node)
        return tuple(dependent)


def forward(nodes: Sequence[Node], tape: Tape) -> Tape:
    """Run nodes in their order; what they write is added to the tape."""
    for node in nodes:
        values = node.op.forward(*[tape[name] for name in node.reads])
        if len(node.writes) == 1:
            tape[node.writes[0]] = values
        else:
            tape.update(zip(node.writes, values, strict=True))
    return tape


def backward(
    nodes: Sequence[Node], tape: Tape, d: dict[str, Array], *, input_gradient: bool = True
) -> Iterator[tuple[Node, dict[str, Array]]]:
    """Run nodes backward, from the derivatives that are given."""
    for node in reversed(nodes):
        op = node.op
        derivative = d.pop(node.writes[0], None)
        if derivative is None:
            continue
        needed, gives = [tape[name] for name in node.needs], node.gives
        if gives[0] == "A0" and not input_gradient and op.without_input is not None:
            values, gives = op.without_input(derivative, *needed), gives[1:]
        else:
            values = op.backward(derivative, *needed)
            values = values if len(gives) > 1 else (values,)
        for name, value in zip(gives, values, strict=True):
            d[name] = d[name] + value if name in d else value
        yield node, {name: d[name] for name in node.completes if name in d}


def place(op: Op, layer: int, names: Mapping[str, str]) -> Node:
    """A node whose symbols have these names, or their own with the number of the layer."""
    groups = (op.reads, op.writes, op.needs, op.gives)
    known = {symbol: names.get(symbol, f"{symbol}{layer}") for group in groups for symbol in group}
    return Node(layer, op, known, *(tuple(known[symbol] for symbol in group) for group in groups))


def completed_nodes(nodes: Iterable[Node]) -> tuple[Node, ...]:
    """The nodes, each with the quantities whose derivative no node before it adds to."""
    seen: set[str] = set()
    completed = []
    for node in nodes:
        completed.append(node._replace(completes=tuple(name for name in node.gives if name not in seen)))
        seen.update(node.gives)
    return tuple(completed)


def is_weights(name: str) -> bool:
    """Whether a parameter is the W of a layer, which regularization concerns: no other name begins so."""
    return name[0] == "W"


def symbol_and_layer(name: str) -> tuple[str, int]:
    """Symbol and layer of a name on the tape: ``"gamma12"`` → ("gamma", 12)."""
    match = re.fullmatch(r"(.*?)(\d+)\)?", name)
    if match is None:
        raise ValueError(f"{name!r} is no name of a quantity")
    return match[1], int(match[2])
