"""The quantities of one step in the order in which they arise, each with what it was made from."""

from collections.abc import Iterator, Mapping
from math import inf
from typing import NamedTuple

import numpy as np

from deepstep.engines import OpenedStep, ReferenceSession
from deepstep.equations import EQUATIONS, HEADS, Equation, get_head
from deepstep.equations.ops import backward, symbol_and_layer
from deepstep.types import AnyArray, Array


class Quantity(NamedTuple):
    """One quantity of a step, such as ``"Z"`` or ``"dW"``; inputs and J have layer 0.

    ``made_by`` is a formula or the name of an operation, ``sources`` its operands by name. In ``columns``
    each column is an example. ``own`` marks a result of the user's own function. An entry of the size
    ``limit`` does not count as finite.
    """

    name: str
    layer: int
    value: Array
    made_by: str
    sources: Mapping[str, Array]
    columns: bool = False
    own: bool = False
    limit: float = inf

    @property
    def updated(self) -> bool:
        """Whether it comes after the gradient."""
        return "the gradient" in self.sources

    @property
    def broken(self) -> AnyArray:
        """Which entries are not finite, or not below the limit; of the value's shape."""
        return ~(np.abs(self.value) < self.limit)

    @property
    def finite(self) -> bool:
        """Whether all of it is."""
        return not self.broken.any()


def quantities(session: ReferenceSession, opened: OpenedStep) -> Iterator[Quantity]:
    """All quantities of an opened step of this session, each computed when it is asked for."""
    yield Quantity("A0", 0, opened.A0, "the noise on the inputs", {"X": opened.X}, columns=True)
    yield from _forward(session, opened)
    yield from _cost(session, opened)
    yield from _backward(session, opened)
    yield from _update(session, opened)


def _forward(session: ReferenceSession, opened: OpenedStep) -> Iterator[Quantity]:
    for node in opened.graph.nodes:
        equation = node.op.forward_equation
        sources = {name: opened.tape[name] for name in node.reads}
        for symbol, name in node.made:
            columns = symbol not in node.op.per_layer
            yield _quantity(
                name, opened.tape[name], equation, equation.written(symbol, node.symbols), sources, columns
            )


def _quantity(
    name: str, value: Array, equation: Equation, formula: str, sources: Mapping[str, Array], columns: bool
) -> Quantity:
    """The result of an operation; the name of a function that a user registered stands for its formula."""
    symbol, layer = symbol_and_layer(name)
    own = EQUATIONS.get(equation.name) is not equation
    made_by = equation.name if own else formula
    return Quantity(symbol + ")" * name.endswith(")"), layer, value, made_by, sources, columns, own)


def _cost(session: ReferenceSession, opened: OpenedStep) -> Iterator[Quantity]:
    head, L = get_head(session.architecture), session.architecture.n_layers
    sources, function = {f"Z{L}": opened.ZL, "Y": opened.Y}, f"the loss of the output {head.name!r}"
    own, loss = head.name not in HEADS.built_in, head.loss(*sources.values())
    yield Quantity("loss", L, loss, function, sources, True, own)
    costs, weights = opened.costs, {"the weights": session.parameters.flat}
    for value, made_by, made_from in (
        (costs.data, "the mean of the losses", {"loss": loss}),
        (costs.l1, "the L1 term", weights),
        (costs.l2, "the L2 term", weights),
        (costs.total, "the sum with its regularization", weights),
    ):
        yield Quantity("J", 0, np.array([value]), made_by, made_from)
    yield Quantity("dZ", L, opened.dZL, f"the derivative of {function}", sources, True, own)


def _backward(session: ReferenceSession, opened: OpenedStep) -> Iterator[Quantity]:
    graph, tape = opened.graph, opened.tape
    derivatives = {graph.logits: opened.dZL}
    for node, found in backward(graph.nodes, tape, dict(derivatives), input_gradient=False):
        equation, written = node.op.backward_equation, node.writes[0]
        sources = {f"d{written}": derivatives[written]} | {name: tape[name] for name in node.needs}
        symbols = dict(zip(node.gives, node.op.gives, strict=True))
        for name, value in found.items():
            columns = name not in graph.learned and tape[name].shape == value.shape and name[0] != "W"
            formula = equation.written(f"d{symbols[name]}", node.symbols)
            yield _quantity(f"d{name}", value, equation, formula, sources, columns)
        derivatives |= found


def _update(session: ReferenceSession, opened: OpenedStep) -> Iterator[Quantity]:
    before, after, g = opened.before, opened.after, {"the gradient": opened.clipped}
    theta = {"θ": before.theta}
    steps = [
        ("d{}", opened.gradient, "the derivative of the regularization", theta),
        ("d{}", opened.cut, "the clipping by value", g),
        ("d{}", opened.clipped, "the clipping by norm", g),
        ("{}", opened.decayed, "the weight decay", theta),
        *(
            ("{}, the optimizer's " + slot, vector, "the update rule", g)
            for slot, vector in after.slots.items()
        ),
        ("{}", opened.moved, "the update", {**theta, **g}),
        ("{}", after.theta, "the limit of norms", {"θ": opened.moved}),
    ]
    if after.average is not None:
        steps.append(("{}, averaged", after.average, "the moving average", {"θ": after.theta}))
    for words, vector, made_by, sources in steps:
        for name, value in session.parameters.like(vector).items():
            symbol, layer = symbol_and_layer(name)
            yield Quantity(words.format(symbol), layer, value, made_by, sources)
    for name, value in after.statistics.items():
        symbol, layer = symbol_and_layer(name)
        yield Quantity(f"running {symbol}", layer, value, "the moving average", before.statistics)
