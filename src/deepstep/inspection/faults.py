"""Classic faults of a backward pass, so that a failed gradient check can name one.

A fault is the graph with one operation spoilt: its backward pass gives the gradients that the fault gives.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np

from deepstep.engines import total_weight
from deepstep.equations import (
    Graph,
    Node,
    Op,
    Tape,
    get_activation,
    l1_backward,
    l2_backward,
    output_gradient,
)
from deepstep.equations.ops import backward
from deepstep.inspection.problem import Problem
from deepstep.types import Array


class Call(NamedTuple):
    """A call of an operation's backward."""

    op: Op
    given: Array
    needs: Mapping[str, Array]

    @property
    def m(self) -> int:
        """Number of columns."""
        return int(self.given.shape[1])


Spoil = Callable[[Any, Call], Any]
"""The right derivative and the call → the wrong one."""


@dataclass(frozen=True)
class Fault:
    """A fault.

    Attributes
    ----------
    name : str
        What a person reads.
    spoils : mapping
        Symbol of a derivative → how it goes wrong.
    fits : callable
        Node → whether its operation can have the fault, if it gives one of the symbols.
    at_output : str
        How dZ[L] goes wrong: "" where it does not, "sign", or "textbook" where it is dA[L] times a derivative
        that goes wrong as in a hidden layer.
    regularized : bool
        Whether the derivative of the regularization is there.
    """

    name: str
    spoils: Mapping[str, Spoil] = field(default_factory=dict)
    fits: Callable[[Node], bool] = lambda node: True
    at_output: str = ""
    regularized: bool = True


def _activates(node: Node) -> bool:
    return node.op.gives == ("Z",)


def _at_A(dZ: Array, call: Call) -> Any:
    return call.op.backward(call.given, call.op.forward(call.needs["Z"]))


def _square(node: Node) -> bool:
    return "W" in node.op.needs and node.layer > 1


FAULTS = (
    Fault("the 1/m is lost in dW and db", {"W": lambda v, call: v * call.m, "b": lambda v, call: v * call.m}),
    Fault("the 1/m is lost in dW", {"W": lambda v, call: v * call.m}),
    Fault("the 1/m is lost in db", {"b": lambda v, call: v * call.m}),
    Fault(
        "the 1/m stands twice, in dZ and again in dW and db",
        {"W": lambda v, call: v / call.m, "b": lambda v, call: v / call.m},
    ),
    Fault("the sign of dZ is wrong", {"Z": lambda v, call: -v}, at_output="sign"),
    Fault("the sign of dW is wrong", {"W": lambda v, call: -v}),
    Fault("the sign of db is wrong", {"b": lambda v, call: -v}),
    Fault(
        "the derivative of the activation is taken at A instead of Z", {"Z": _at_A}, _activates, "textbook"
    ),
    Fault(
        "the derivative of the activation is missing",
        {"Z": lambda v, call: call.given},
        _activates,
        "textbook",
    ),
    Fault(
        "W is transposed in dA_prev = Wᵀ·dZ",
        {"A_prev": lambda v, call: call.needs["W"] @ call.given},
        _square,
    ),
    Fault("dW is transposed", {"W": lambda v, call: v.T}),
    Fault("db is summed over the units as well", {"b": lambda v, call: np.full_like(v, v.sum())}),
    Fault(
        "the derivative of the regularization is missing in dW", {"W": lambda v, call: v}, regularized=False
    ),
)
"""Faults of every network; operations have more of their own, see ``Op.faults``."""

SHAPE_FAULTS: tuple[tuple[str, Callable[[tuple[int, ...], int, int], bool]], ...] = (
    (
        "db is squeezed; it needs the shape (n, 1) of b",
        lambda shape, n, m: shape == (n,) or (n == 1 and shape == ()),
    ),
    ("db is summed over the units as well", lambda shape, n, m: shape in {(), (1,), (1, 1)}),
    ("db is summed over the units instead of the examples", lambda shape, n, m: shape in {(m,), (1, m)}),
)
"""Faults that the shape of db betrays, given the n units of the layer and the m examples."""


def name_fault(gradients: Mapping[str, Array], problem: Problem) -> str:
    """Name the fault that explains these gradients, or say that none of the known ones does.

    Parameters
    ----------
    gradients : mapping
        dW1, db1, … as they came, wrong.
    problem : Problem

    Returns
    -------
    str
        For example ``"layer 2: the sign of dW is wrong"``.
    """
    graph, tape = problem.graph, problem.forward()
    n_layers = len(graph.layers)
    sizes = {layer: problem.theta[f"b{layer}"].shape[0] for layer in range(1, n_layers + 1)}
    shapes = {layer: np.shape(gradients[f"db{layer}"]) for layer in sizes}
    misshapen = [layer for layer, n in sizes.items() if shapes[layer] != (n, 1)]
    for name, betrays in SHAPE_FAULTS:
        columns = {layer: tape[f"Z{layer}"].shape[1] for layer in misshapen}
        if misshapen and all(betrays(shapes[layer], sizes[layer], columns[layer]) for layer in misshapen):
            return f"{_layers(misshapen, n_layers)}: {name}"
    right = _gradients(graph, tape, problem, Fault("none"), ())
    if all(_equal(gradients[name], value) for name, value in right.items()):
        return "the gradients are those of the equations; the finite differences are not good enough"
    for fault in (*FAULTS, *_own_faults(graph)):
        for layers in _places(fault, graph, problem):
            wrong = _gradients(graph, tape, problem, fault, layers)
            if all(_equal(gradients[name], value) for name, value in wrong.items()):
                return f"{_layers(layers, n_layers)}: {fault.name}"
    return "none of the known faults explains it"


def _own_faults(graph: Graph) -> list[Fault]:
    """The faults that operations declare, each once."""
    names = dict.fromkeys(name for node in graph.nodes for name in node.op.faults)
    return [Fault(name) for name in names]


def _spoilt_symbols(fault: Fault, node: Node, graph: Graph) -> list[str]:
    """Which derivatives that a node gives are wrong; W and b are parameters, not what is made of them."""
    if not fault.fits(node):
        return []
    return [
        symbol
        for symbol in fault.spoils
        if symbol in node.op.gives and (symbol not in "Wb" or node.names[symbol] in graph.learned)
    ]


def _spoilt(fault: Fault, node: Node, graph: Graph) -> Op:
    """The operation with the fault."""
    op, symbols = node.op, _spoilt_symbols(fault, node, graph)
    if fault.name in op.faults:
        return replace(op, backward=op.faults[fault.name], without_input=None)
    if not symbols:
        return op

    def backward_with_fault(given: Array, *needs: Array) -> Any:
        values = op.backward(given, *needs)
        found = dict(zip(op.gives, values if len(op.gives) > 1 else (values,), strict=True))
        call = Call(op, given, dict(zip(op.needs, needs, strict=True)))
        found |= {symbol: fault.spoils[symbol](found[symbol], call) for symbol in symbols}
        return tuple(found.values()) if len(op.gives) > 1 else found[op.gives[0]]

    return replace(op, backward=backward_with_fault, without_input=None)


def _gradients(
    graph: Graph, tape: Tape, problem: Problem, fault: Fault, layers: Sequence[int]
) -> dict[str, Array]:
    """The whole backward pass with one fault in some layers, or with none."""
    wrong = graph.with_ops(lambda node: _spoilt(fault, node, graph) if node.layer in layers else node.op)
    settings, m = problem.settings, total_weight(problem.Y, problem.sample_weight)
    at_output = fault.at_output if len(graph.layers) in layers else ""
    gradients: dict[str, Array] = {}
    start = {graph.logits: _output_gradient(at_output, fault, problem, tape[graph.logits])}
    for _, found in backward(wrong.nodes, tape, start, input_gradient=False):
        gradients |= {f"d{name}": value for name, value in found.items() if name in graph.learned}
    for layer in range(1, len(graph.layers) + 1):
        W, name = problem.theta[f"W{layer}"], f"dW{layer}"
        if (fault.regularized or layer not in layers) and gradients[name].shape == W.shape:
            gradients[name] = gradients[name] + (
                l1_backward(W, settings.l1, m) + l2_backward(W, settings.l2, m)
            )
    return gradients


def _output_gradient(at_output: str, fault: Fault, problem: Problem, ZL: Array) -> Array:
    """dZ[L], by the textbook's two factors where the fault is in one of them."""
    head, weight = problem.head, problem.sample_weight
    if at_output == "textbook" and head.textbook_backward is not None:
        activation = get_activation(head.activation)
        AL = activation.forward(ZL)
        with np.errstate(all="ignore"):  # the textbook's way has no value at saturation
            dAL = head.textbook_backward(AL, problem.Y)
            dAL = dAL if weight is None else dAL * (weight / weight.mean())
            op = Op(*activation[:2], ("Z",), ("A",), ("Z",), ("Z",))
            return fault.spoils["Z"](None, Call(op, dAL, {"Z": ZL}))
    dZL = output_gradient(ZL, problem.Y, output=head, sample_weight=weight)
    return -dZL if at_output == "sign" else dZL


def _places(fault: Fault, graph: Graph, problem: Problem) -> Iterator[list[int]]:
    """Each layer alone, then all hidden ones, then all, as a fault in a shared function is."""
    last, found = len(graph.layers), set()
    for node in graph.nodes:
        square = "A_prev" not in fault.spoils or len(set(problem.theta[f"W{node.layer}"].shape)) == 1
        output = node.layer == last and (fault.at_output or _activates(node))
        if not output and square and (fault.name in node.op.faults or _spoilt_symbols(fault, node, graph)):
            found.add(node.layer)
    textbook = problem.head.textbook_backward is not None and not problem.head.members
    if fault.at_output == "sign" or (fault.at_output == "textbook" and textbook):
        found.add(last)
    layers = sorted(found)
    hidden = [layer for layer in layers if layer < last]
    yield from ([layer] for layer in layers)
    yield from (place for place in (hidden, layers) if len(place) > 1)


def _layers(layers: Sequence[int], n_layers: int) -> str:
    if len(layers) == n_layers and n_layers > 1:
        return "every layer"
    return ("layer " if len(layers) == 1 else "layers ") + ", ".join(map(str, layers))


def _equal(came: Array, wrong: Array) -> bool:
    scale = float(np.abs(wrong).max(initial=0))
    return np.shape(came) == wrong.shape and np.allclose(came, wrong, rtol=1e-6, atol=1e-9 * scale)
