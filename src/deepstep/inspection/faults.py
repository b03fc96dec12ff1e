"""Classic mistakes of a backward pass, so that a failed gradient check can name one.

A mistake is the graph with one operation spoilt: its backward pass gives the gradients that the mistake
gives, and a network can be trained with it (`Network.train(fault=...)`, for teaching).
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import product
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np

from deepstep.equations import (
    ACTIVATIONS,
    Graph,
    Head,
    Node,
    Op,
    Tape,
)
from deepstep.equations.activations import activation_op
from deepstep.equations.ops import place, symbol_and_layer
from deepstep.errors import ShapeError, unknown_name
from deepstep.types import Array


class Call(NamedTuple):
    """A call of an operation's backward: the derivative given, what it needs by symbol, and the tape."""

    node: Node
    given: Array
    needs: Mapping[str, Array]
    tape: Tape

    @property
    def m(self) -> int:
        return int(self.given.shape[1])


Spoil: TypeAlias = Callable[[Any, Call], Any]
"""The right derivative and the call → the wrong one."""


@dataclass(frozen=True)
class Fault:
    """A mistake: the derivatives of an operation that go wrong, by symbol, and how.

    ``output`` says whether dZ[L] does, too, made from itself or from dA[L], which some heads do not have. A
    mistake without symbols is one that operations declare in `Op.faults`, or only of the output.
    """

    name: str
    symbols: tuple[str, ...] = ()
    spoil: Spoil = lambda v, call: v
    fits: Callable[[Node], bool] = lambda node: True
    output: Literal["", "dZ", "dA"] = ""
    regularized: bool = True

    def spoilt_symbols(self, node: Node, graph: Graph) -> list[str]:
        """The derivatives of a node that go wrong; W and b are parameters, not what is made of them."""
        given = [symbol for symbol in self.symbols if symbol in node.op.gives and self.fits(node)]
        return [s for s in given if s in (*Z, *A_PREV) or node.names[s] in graph.learned]

    def spoilt(self, node: Node, graph: Graph, tape: Tape) -> Op:
        """The operation of a node with the mistake."""
        op, symbols = node.op, self.spoilt_symbols(node, graph)
        if self.name in op.faults:
            return replace(op, backward=op.faults[self.name], without_input=None)
        if not symbols:
            return op

        def wrong(given: Array, *needs: Array) -> Any:
            values = op.backward(given, *needs)
            found = dict(zip(op.gives, values if len(op.gives) > 1 else (values,), strict=True))
            call = Call(node, given, dict(zip(op.needs, needs, strict=True)), tape)
            found |= {symbol: self.spoil(found[symbol], call) for symbol in symbols}
            return tuple(found.values()) if len(op.gives) > 1 else found[op.gives[0]]

        return replace(op, backward=wrong, without_input=None)

    def applied(
        self,
        graph: Graph,
        tape: Tape,
        dZL: Array,
        Y: Array,
        sample_weight: Array | None,
        head: Head,
        layers: Collection[int] | None = None,
    ) -> tuple[Graph, Array]:
        """The graph and dZ[L] with the mistake in some layers, by default in all."""
        last, ZL = len(graph.layers), tape[graph.logits]
        layers = range(1, last + 1) if layers is None else layers
        given = _dAL(ZL, Y, sample_weight, head) if self.output == "dA" else dZL
        if self.output and last in layers and given is not None:
            node = place(activation_op(head.activation), last, {})
            dZL = self.spoil(dZL, Call(node, given, {"Z": ZL}, tape))
        nodes = tuple(
            node._replace(op=self.spoilt(node, graph, tape)) if node.layer in layers else node
            for node in graph.nodes
        )
        return replace(graph, nodes=nodes), dZL


def _dAL(ZL: Array, Y: Array, sample_weight: Array | None, head: Head) -> Array | None:
    """The derivative by the output, as the textbook has it; None for a head without that form."""
    if head.textbook_backward is None or head.members:
        return None
    with np.errstate(all="ignore"):  # it has no value at saturation
        dAL = head.textbook_backward(activation_op(head.activation).forward(ZL), Y)
    return dAL if sample_weight is None else dAL * (sample_weight / sample_weight.mean())


def activates(node: Node) -> bool:
    return node.op.gives == ("Z",)


def _activates_by(name: str) -> Callable[[Node], bool]:
    return lambda node: activates(node) and node.op.forward_equation.name == name


def _at_A(v: Array, call: Call) -> Any:
    with np.errstate(all="ignore"):
        return call.node.op.backward(call.given, call.node.op.forward(call.needs["Z"]))


def _by_W_itself(_: Array, call: Call) -> Array:
    W, dZ = call.needs["W"], call.given
    if W.shape[1] != len(dZ):
        raise ShapeError(
            "W·dZ", "W must have as many columns as dZ rows", f"got W {W.shape} and dZ {dZ.shape}"
        )
    return W @ dZ


def _by_A_of_its_own_layer(dW: Array, call: Call) -> Array:
    A = call.tape[f"A{call.node.layer}"]
    return call.given @ A.T / call.m if A.shape[1] == call.m else dW


def _of_another(name: str) -> Fault:
    """The derivative of another activation."""
    other = ACTIVATIONS[name].backward
    return Fault(
        f"the derivative of {name} is taken instead of that of the layer's own activation",
        ("Z",),
        lambda v, call: other(call.given, call.needs["Z"]),
        lambda node: activates(node) and node.op.forward_equation.name != name,
    )


IN_PARAMETERS: dict[str, tuple[str, str, Spoil]] = {
    "lost 1/m": ("lost 1/m in {}", "the 1/m is lost in {}", lambda v, call: v * call.m),
    "1/m twice": (
        "1/m twice in {}",
        "the 1/m stands twice, in dZ and again in {}",
        lambda v, call: v / call.m,
    ),
    "1/n": (
        "1/n in {}",
        "{} {is} divided by the number of units n instead of the number of examples m",
        lambda v, call: v * call.m / len(call.given),
    ),
    "factor 2 in a layer": ("factor 2 in {}", "{} {has} a factor of 2 too much", lambda v, call: 2 * v),
    "factor 1/2 in a layer": ("factor 1/2 in {}", "{} {has} a factor of 1/2 too much", lambda v, call: v / 2),
    "sign of dW and db": ("sign of {}", "the sign of {} is wrong", lambda v, call: -v),
}
"""Name of a factor in dW and db → its name in one derivative, its sentence, and the wrong derivative."""


def _in_parameters(
    *names: str, among: Iterable[tuple[str, ...]] = (("W", "b"), ("W",), ("b",))
) -> dict[str, Fault]:
    """Factors of `IN_PARAMETERS` in the derivatives by these groups of parameters, by short name."""
    found = {}
    for name, symbols in product(names, among):
        alone, sentence, spoil = IN_PARAMETERS[name]
        wrong, several = " and ".join(f"d{symbol}" for symbol in symbols), len(symbols) > 1
        verbs = {"is": "are", "has": "have"} if several else {"is": "is", "has": "has"}
        found[name if several else alone.format(wrong)] = Fault(
            sentence.format(wrong, **verbs), symbols, spoil
        )
    return found


W, B, Z, A_PREV = ("W",), ("b",), ("Z",), ("A_prev",)

# Two mistakes may give the same numbers: with two examples the lost 1/m is a factor of 2. The first is named.
FAULTS: dict[str, Fault] = {
    **_in_parameters("lost 1/m", "1/m twice", "1/n"),
    "factor 2": Fault(
        "dZ of the output has a factor of 2 too much", spoil=lambda v, call: 2 * v, output="dZ"
    ),
    "factor 1/2": Fault(
        "dZ of the output has a factor of 1/2 too much", spoil=lambda v, call: v / 2, output="dZ"
    ),
    "sign of dZ": Fault("the sign of dZ is wrong", Z, lambda v, call: -v, output="dZ"),
    **_in_parameters("factor 2 in a layer", "factor 1/2 in a layer", "sign of dW and db"),
    "derivative at A": Fault(
        "the derivative of the activation is taken at A instead of Z", Z, _at_A, activates, output="dA"
    ),
    "no derivative": Fault(
        "the derivative of the activation is missing",
        Z,
        lambda v, call: call.given,
        activates,
        output="dA",
    ),
    "derivative twice": Fault(
        "dZ of the output is (AL - Y)·g′(Z), with the derivative of the activation twice",
        spoil=lambda v, call: call.node.op.backward(v, call.needs["Z"]),
        output="dZ",
    ),
    "1 - Z² for 1 - A²": Fault(
        "the derivative of tanh is 1 - Z² instead of 1 - A²",
        Z,
        lambda v, call: call.given * (1 - call.needs["Z"] ** 2),
        _activates_by("tanh"),
    ),
    "Z(1 - Z) for A(1 - A)": Fault(
        "the derivative of sigmoid is Z·(1 - Z) instead of A·(1 - A)",
        Z,
        lambda v, call: call.given * call.needs["Z"] * (1 - call.needs["Z"]),
        _activates_by("sigmoid"),
    ),
    "W for Wᵀ": Fault(
        "W is transposed in dA_prev = Wᵀ·dZ",
        A_PREV,
        _by_W_itself,
        lambda node: "W" in node.op.needs and node.layer > 1,
    ),
    "dW transposed": Fault("dW is transposed", W, lambda v, call: v.T),
    "A[l] for A[l-1]": Fault(
        "dW is dZ·A[l]ᵀ / m instead of dZ·A[l-1]ᵀ / m",
        W,
        _by_A_of_its_own_layer,
        lambda node: "A_prev" in node.op.gives,
    ),
    "db over units": Fault(
        "db is summed over the units as well", B, lambda v, call: np.full_like(v, v.sum())
    ),
    "no regularization": Fault("the derivative of the regularization is missing in dW", W, regularized=False),
    "no mask": Fault("the dropout mask is missing in the backward pass"),  # declared by its operation
}
"""Mistakes of every network by a short name; operations declare more of their own, see ``Op.faults``."""


def get_fault(name: str, where: str) -> Fault:
    """A mistake by its short name; the `ConfigurationError` for an unknown one has the nearest one."""
    others = {f"derivative of {other}" for other in ACTIVATIONS}
    if name in FAULTS:
        return FAULTS[name]
    if name in others:
        return _of_another(name.removeprefix("derivative of "))
    raise unknown_name(where, "fault", name, [*FAULTS, *sorted(others)])


def known_faults(graph: Graph) -> list[Fault]:
    """All mistakes that operations of this graph can have; an operation may declare some of its own."""
    activations = [name for name, activation in ACTIVATIONS.items() if not activation.across_units]
    faults = [*FAULTS.values(), *map(_of_another, activations)]
    described = {fault.name for fault in faults}
    declared = dict.fromkeys(name for node in graph.nodes for name in node.op.faults if name not in described)
    symbols = dict.fromkeys(symbol_and_layer(name)[0] for name in graph.learned)
    others = _in_parameters(*IN_PARAMETERS, among=[(s,) for s in symbols if s not in "Wb"])
    return [*faults, *map(Fault, declared), *others.values()]
