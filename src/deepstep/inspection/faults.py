"""Classic mistakes of a backward pass, so that a failed gradient check can name one.

A fault is the graph with one operation spoilt: its backward pass gives the gradients that the mistake gives,
and a network can be trained with it (`Network.train(fault=...)`, for teaching).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from deepstep.engines import total_weight
from deepstep.equations import (
    ACTIVATIONS,
    Graph,
    Head,
    Node,
    Op,
    Tape,
    get_activation,
    l1_backward,
    l2_backward,
    output_gradient,
)
from deepstep.equations.ops import backward
from deepstep.errors import unknown_name
from deepstep.inspection.problem import Problem
from deepstep.types import Array

UNKNOWN = "none of the known faults explains it"

MOST_MULTIPLICATIONS = 2e9
"""Of the search for two mistakes at once, after which it ends."""


class Call(NamedTuple):
    """A call of an operation's backward: the derivative given, what it needs by symbol, and the tape."""

    node: Node
    given: Array
    needs: Mapping[str, Array]
    tape: Tape

    @property
    def m(self) -> int:
        """Number of columns."""
        return int(self.given.shape[1])


class Output(NamedTuple):
    """The derivative by the logits, and what it is made of."""

    dZL: Array
    ZL: Array
    Y: Array
    sample_weight: Array | None
    head: Head

    def by_the_textbook(self, derivative: Callable[[Array, Array], Array]) -> Array:
        """dZL from dAL by a derivative (dAL, ZL) → dZL; as it is where no such form exists."""
        if self.head.textbook_backward is None or self.head.members:
            return self.dZL
        with np.errstate(all="ignore"):  # the textbook's form has no value at saturation
            dAL = self.head.textbook_backward(get_activation(self.head.activation).forward(self.ZL), self.Y)
            if self.sample_weight is not None:
                dAL = dAL * (self.sample_weight / self.sample_weight.mean())
            return derivative(dAL, self.ZL)


Spoil = Callable[[Any, Call], Any]
"""The right derivative and the call → the wrong one."""


@dataclass(frozen=True)
class Fault:
    """A mistake.

    Attributes
    ----------
    name : str
        What a person reads.
    spoils : mapping
        Symbol of a derivative → how it goes wrong.
    fits : callable
        Node → whether its operation can have the mistake, if it gives one of the symbols.
    output : callable or None
        How dZ[L] goes wrong.
    own : str
        A mistake that operations declare, by its name in ``Op.faults``.
    regularized : bool
        Whether the derivative of the regularization is there.
    """

    name: str
    spoils: Mapping[str, Spoil] = field(default_factory=dict)
    fits: Callable[[Node], bool] = lambda node: True
    output: Callable[[Output], Array] | None = None
    own: str = ""
    regularized: bool = True

    def in_graph(self, graph: Graph, layers: Sequence[int], tape: Tape) -> Graph:
        """The graph with the mistake in some layers; ``tape`` is of the forward pass."""
        return graph.with_ops(
            lambda node: self._spoilt(node, graph, tape) if node.layer in layers else node.op
        )

    def everywhere(
        self, graph: Graph, tape: Tape, dZL: Array, Y: Array, sample_weight: Array | None, head: Head
    ) -> tuple[Graph, Array]:
        """The graph and dZL with the mistake in every layer, for a training with it."""
        if self.output is not None:
            dZL = self.output(Output(dZL, tape[graph.logits], Y, sample_weight, head))
        return self.in_graph(graph, range(1, len(graph.layers) + 1), tape), dZL

    def spoilt_symbols(self, node: Node, graph: Graph) -> list[str]:
        """Which derivatives of a node go wrong; W and b are the parameters, not what is made of them."""
        if not self.fits(node):
            return []
        given = [symbol for symbol in self.spoils if symbol in node.op.gives]
        return [symbol for symbol in given if symbol not in "Wb" or node.names[symbol] in graph.learned]

    def _spoilt(self, node: Node, graph: Graph, tape: Tape) -> Op:
        op, symbols = node.op, self.spoilt_symbols(node, graph)
        if self.own in op.faults:
            return replace(op, backward=op.faults[self.own], without_input=None)
        if not symbols:
            return op

        def wrong(given: Array, *needs: Array) -> Any:
            values = op.backward(given, *needs)
            found = dict(zip(op.gives, values if len(op.gives) > 1 else (values,), strict=True))
            call = Call(node, given, dict(zip(op.needs, needs, strict=True)), tape)
            found |= {symbol: self.spoils[symbol](found[symbol], call) for symbol in symbols}
            return tuple(found.values()) if len(op.gives) > 1 else found[op.gives[0]]

        return replace(op, backward=wrong, without_input=None)


def _activates(node: Node) -> bool:
    return node.op.gives == ("Z",)


def _activates_by(name: str) -> Callable[[Node], bool]:
    return lambda node: _activates(node) and node.op.forward_equation.name == name


def _at_A(dA: Array, call: Call) -> Any:
    return call.node.op.backward(call.given, call.node.op.forward(call.needs["Z"]))


def _at_A_of_the_output(output: Output) -> Array:
    forward, backward, *_ = get_activation(output.head.activation)
    return output.by_the_textbook(lambda dAL, ZL: backward(dAL, forward(ZL)))


def _twice_differentiated(output: Output) -> Array:
    return get_activation(output.head.activation).backward(output.dZL, output.ZL)


def _by_A_of_its_own_layer(dW: Array, call: Call) -> Array:
    A = call.tape[f"A{call.node.layer}"]
    return call.given @ A.T / call.m if A.shape[1] == call.m else dW


def _parameters(change: Callable[[Array, Call], Array]) -> dict[str, Spoil]:
    return {"W": change, "b": change}


def _of_another(name: str) -> Fault:
    """The derivative of another activation."""
    other = ACTIVATIONS[name].backward
    return Fault(
        f"the derivative of {name} is taken instead of that of the layer's own activation",
        {"Z": lambda v, call: other(call.given, call.needs["Z"])},
        lambda node: _activates(node) and node.op.forward_equation.name != name,
    )


FAULTS: dict[str, Fault] = {
    "lost 1/m": Fault("the 1/m is lost in dW and db", _parameters(lambda v, call: v * call.m)),
    "lost 1/m in dW": Fault("the 1/m is lost in dW", {"W": lambda v, call: v * call.m}),
    "lost 1/m in db": Fault("the 1/m is lost in db", {"b": lambda v, call: v * call.m}),
    "1/m twice": Fault(
        "the 1/m stands twice, in dZ and again in dW and db", _parameters(lambda v, call: v / call.m)
    ),
    "1/n": Fault(
        "dW and db are divided by the number of units n instead of the number of examples m",
        _parameters(lambda v, call: v * call.m / len(call.given)),
    ),
    "factor 2": Fault("dZ of the output has a factor of 2 too much", output=lambda output: 2 * output.dZL),
    "factor 1/2": Fault(
        "dZ of the output has a factor of 1/2 too much", output=lambda output: output.dZL / 2
    ),
    "factor 2 in a layer": Fault("dW and db have a factor of 2 too much", _parameters(lambda v, call: 2 * v)),
    "sign of dZ": Fault(
        "the sign of dZ is wrong", {"Z": lambda v, call: -v}, output=lambda output: -output.dZL
    ),
    "sign of dW": Fault("the sign of dW is wrong", {"W": lambda v, call: -v}),
    "sign of db": Fault("the sign of db is wrong", {"b": lambda v, call: -v}),
    "derivative at A": Fault(
        "the derivative of the activation is taken at A instead of Z",
        {"Z": _at_A},
        _activates,
        _at_A_of_the_output,
    ),
    "no derivative": Fault(
        "the derivative of the activation is missing",
        {"Z": lambda v, call: call.given},
        _activates,
        lambda output: output.by_the_textbook(lambda dAL, ZL: dAL),
    ),
    "derivative twice": Fault(
        "dZ of the output is (AL - Y)·g′(Z), with the derivative of the activation twice",
        output=_twice_differentiated,
    ),
    "1 - Z² for 1 - A²": Fault(
        "the derivative of tanh is 1 - Z² instead of 1 - A²",
        {"Z": lambda v, call: call.given * (1 - call.needs["Z"] ** 2)},
        _activates_by("tanh"),
    ),
    "Z(1 - Z) for A(1 - A)": Fault(
        "the derivative of sigmoid is Z·(1 - Z) instead of A·(1 - A)",
        {"Z": lambda v, call: call.given * call.needs["Z"] * (1 - call.needs["Z"])},
        _activates_by("sigmoid"),
    ),
    "W for Wᵀ": Fault(
        "W is transposed in dA_prev = Wᵀ·dZ",
        {"A_prev": lambda v, call: call.needs["W"] @ call.given},
        lambda node: "W" in node.op.needs and node.layer > 1,
    ),
    "dW transposed": Fault("dW is transposed", {"W": lambda v, call: v.T}),
    "A[l] for A[l-1]": Fault(
        "dW is dZ·A[l]ᵀ / m instead of dZ·A[l-1]ᵀ / m",
        {"W": _by_A_of_its_own_layer},
        lambda node: "A_prev" in node.op.gives,
    ),
    "db over units": Fault(
        "db is summed over the units as well", {"b": lambda v, call: np.full_like(v, v.sum())}
    ),
    "no regularization": Fault(
        "the derivative of the regularization is missing in dW", {"W": lambda v, call: v}, regularized=False
    ),
    "no mask": Fault(
        "the dropout mask is missing in the backward pass",
        own="the dropout mask is missing in the backward pass",
    ),
}
"""Mistakes of every network by a short name; operations declare more of their own, see ``Op.faults``."""

SHAPE_FAULTS: tuple[tuple[str, Callable[[tuple[int, ...], int, int], bool]], ...] = (
    (
        "db is squeezed; it needs the shape (n, 1) of b",
        lambda shape, n, m: shape == (n,) or (n == 1 and shape == ()),
    ),
    ("db is summed over the units as well", lambda shape, n, m: shape in {(), (1,), (1, 1)}),
    ("db is summed over the units instead of the examples", lambda shape, n, m: shape in {(m,), (1, m)}),
    ("db is not summed over the examples", lambda shape, n, m: shape == (n, m)),
)
"""Mistakes that the shape of db betrays, given the n units of the layer and the m columns."""


def get_fault(name: str, where: str) -> Fault:
    """A mistake by its short name.

    Raises
    ------
    ConfigurationError
        If there is none of that name; the message has the nearest one.
    """
    others = {f"derivative of {other}" for other in ACTIVATIONS}
    if name in FAULTS:
        return FAULTS[name]
    if name in others:
        return _of_another(name.removeprefix("derivative of "))
    raise unknown_name(where, "fault", name, [*FAULTS, *sorted(others)])


class Search(NamedTuple):
    """A gradient that came wrong, and the pass that it should be of."""

    gradients: Mapping[str, Array]
    problem: Problem
    graph: Graph
    tape: Tape

    def with_faults(self, faults: Sequence[tuple[Fault, Sequence[int]]]) -> dict[str, Array]:
        """The gradients of the pass with some mistakes, each in some layers."""
        graph, problem, settings = self.graph, self.problem, self.problem.settings
        ZL, weight = self.tape[graph.logits], problem.sample_weight
        dZL = output_gradient(ZL, problem.Y, output=problem.head, sample_weight=weight)
        last, regularized = len(graph.layers), set(range(1, len(graph.layers) + 1))
        for fault, layers in faults:
            graph = fault.in_graph(graph, layers, self.tape)
            if last in layers and fault.output is not None:
                dZL = fault.output(Output(dZL, ZL, problem.Y, weight, problem.head))
            regularized -= set() if fault.regularized else set(layers)
        found: dict[str, Array] = {}
        for _, derivatives in backward(graph.nodes, self.tape, {graph.logits: dZL}, input_gradient=False):
            found |= {f"d{name}": value for name, value in derivatives.items() if name in graph.learned}
        m = total_weight(problem.Y, weight)
        for layer in regularized:
            W, name = problem.theta[f"W{layer}"], f"dW{layer}"
            if found[name].shape == W.shape:
                found[name] = found[name] + (l1_backward(W, settings.l1, m) + l2_backward(W, settings.l2, m))
        return found

    def explains(self, wrong: Mapping[str, Array], least: int = 1) -> bool:
        """Whether these are the gradients that came, in the layers from ``least`` on."""
        return all(
            _equal(self.gradients[f"d{name}"], wrong[f"d{name}"])
            for name, (layer, _) in self.graph.learned.items()
            if layer >= least
        )

    def places(self, fault: Fault) -> Iterator[list[int]]:
        """Each layer alone, then all hidden ones, then all, as a mistake in a shared function is."""
        last, found = len(self.graph.layers), set()
        for node in self.graph.nodes:
            square = "A_prev" not in fault.spoils or len(set(self.problem.theta[f"W{node.layer}"].shape)) == 1
            output = node.layer == last and _activates(node)
            if (
                not output
                and square
                and (fault.own in node.op.faults or fault.spoilt_symbols(node, self.graph))
            ):
                found.add(node.layer)
        if fault.output is not None:
            found.add(last)
        layers = sorted(found)
        hidden = [layer for layer in layers if layer < last]
        yield from ([layer] for layer in layers)
        yield from (place for place in (hidden, layers) if len(place) > 1)


def name_fault(gradients: Mapping[str, Array], problem: Problem) -> str:
    """Name the mistake that explains these gradients, or say where they begin to differ.

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
    search = Search(gradients, problem, problem.graph, problem.forward())
    n_layers = len(search.graph.layers)
    if lost := _not_finite(search):
        return lost
    sizes = {layer: problem.theta[f"b{layer}"].shape[0] for layer in range(1, n_layers + 1)}
    shapes = {layer: np.shape(gradients[f"db{layer}"]) for layer in sizes}
    misshapen = [layer for layer, n in sizes.items() if shapes[layer] != (n, 1)]
    for name, betrays in SHAPE_FAULTS:
        columns = {layer: search.tape[f"Z{layer}"].shape[1] for layer in misshapen}
        if misshapen and all(betrays(shapes[layer], sizes[layer], columns[layer]) for layer in misshapen):
            return f"{_layers(misshapen, n_layers)}: {name}"
    right = search.with_faults([])
    if search.explains(right):
        return "the gradients are those of the equations; the finite differences are not good enough"
    known = [*FAULTS.values(), *map(_of_another, _others()), *_declared(search.graph)]
    candidates = [(fault, layers) for fault in known for layers in search.places(fault)]
    begins = next(
        (layer for layer in range(n_layers, 0, -1) if not search.explains(right, layer)), 1
    )  # the first wrong layer of the backward pass
    partial = []
    for fault, layers in candidates:
        wrong = search.with_faults([(fault, layers)])
        if search.explains(wrong):
            return f"{_layers(layers, n_layers)}: {fault.name}"
        if search.explains(wrong, begins):
            partial.append((fault, layers))
    return (
        _updated_first(search)
        or _two_at_once(search, candidates, partial, begins)
        or _beginning(search, right)
    )


def _others() -> list[str]:
    return [name for name, activation in ACTIVATIONS.items() if not activation.across_units]


def _declared(graph: Graph) -> list[Fault]:
    """The mistakes that operations of a graph declare."""
    known = {fault.own for fault in FAULTS.values()}
    names = dict.fromkeys(name for node in graph.nodes for name in node.op.faults)
    return [Fault(name, own=name) for name in names if name not in known]


def _not_finite(search: Search) -> str:
    """Which number is not finite, in the order of the backward pass."""
    for name, (layer, _) in reversed(list(search.graph.learned.items())):
        value = np.asarray(search.gradients[f"d{name}"])
        broken = ~np.isfinite(value)
        if broken.any():
            place = tuple(int(i) for i in np.argwhere(broken)[0])
            others = (
                f" ({int(broken.sum())} of {value.size} entries are not finite)" if broken.sum() > 1 else ""
            )
            return f"layer {layer}: d{name}{list(place)} is {value[place]}{others}"
    return ""


def _updated_first(search: Search) -> str:
    """Gradients that were taken after the update of a later layer: dA_prev = (W - α·dW)ᵀ·dZ, of one α."""

    def after(rate: float) -> Fault:
        return Fault("", {"A_prev": lambda v, call: v - rate * _own_dW(call).T @ call.given}, _multiplies)

    n_layers = len(search.graph.layers)
    layers = list(range(2, n_layers + 1))
    if not layers or not search.explains(search.with_faults([]), n_layers):
        return ""
    # dW of the layer before the last is linear in α: two points give α
    name = f"dW{n_layers - 1}"
    at_0, at_1 = (search.with_faults([(after(rate), layers)])[name] for rate in (0.0, 1.0))
    slope, difference = (at_1 - at_0).ravel(), np.asarray(search.gradients[name])
    if difference.shape != at_0.shape or not slope.any():
        return ""
    rate = float(slope @ (difference - at_0).ravel() / (slope @ slope))
    if not rate or not search.explains(search.with_faults([(after(rate), layers)])):
        return ""
    return (
        f"dA_prev is taken with weights that were updated already, at learning rate {rate:.3g}: "
        "take all gradients before the first update"
    )


def _multiplies(node: Node) -> bool:
    return "W" in node.op.needs and "A_prev" in node.op.needs


def _own_dW(call: Call) -> Array:
    return call.given @ call.needs["A_prev"].T / call.m


def _two_at_once(
    search: Search,
    candidates: Sequence[tuple[Fault, list[int]]],
    partial: Sequence[tuple[Fault, list[int]]],
    begins: int,
) -> str:
    """Two mistakes: one that explains the first wrong layer with any other, or two in that layer."""
    n_layers = len(search.graph.layers)
    columns = search.tape[search.graph.logits].shape[1]
    left = MOST_MULTIPLICATIONS / (6 * search.problem.theta.flat.size * columns)
    here = [(fault, layers) for fault, layers in candidates if begins in layers]
    for one, other in (*product(partial, candidates), *product(here, here)):
        if left < 0:
            return ""
        left -= 1
        if one[0] is not other[0] and search.explains(search.with_faults([one, other])):
            both = (f"{_layers(layers, n_layers)}: {fault.name}" for fault, layers in (one, other))
            return "; and ".join(both)
    return ""


def _beginning(search: Search, right: Mapping[str, Array]) -> str:
    """Where the gradients begin to differ, going backward."""
    for layer in range(len(search.graph.layers), 0, -1):
        names = [f"d{name}" for name, (own, _) in search.graph.learned.items() if own == layer]
        wrong = [name for name in names if not _equal(search.gradients[name], right[name])]
        if wrong:
            look = f"dZ{layer}" if len(wrong) == len(names) > 1 else " and ".join(wrong)
            above = (
                "" if layer == len(search.graph.layers) else f", all of layer {layer + 1} and above are right"
            )
            return f"{UNKNOWN}; look at {look} next: it is the first that differs{above}"
    return UNKNOWN


def _layers(layers: Sequence[int], n_layers: int) -> str:
    if len(layers) == n_layers and n_layers > 1:
        return "every layer"
    return ("layer " if len(layers) == 1 else "layers ") + ", ".join(map(str, layers))


def _equal(came: Array, wrong: Array) -> bool:
    scale = float(np.abs(wrong).max(initial=0))
    return np.shape(came) == wrong.shape and np.allclose(came, wrong, rtol=1e-6, atol=1e-9 * scale)
