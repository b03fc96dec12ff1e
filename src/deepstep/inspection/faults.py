"""Classic mistakes of a backward pass, and the search for the one that explains wrong gradients.

A mistake is a graph with a wrong operation: its backward pass gives the gradients of the mistake, and a
network can be trained with it (`Network.train(fault=...)`, for teaching).
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, combinations, islice, product
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

import numpy as np

from deepstep.engines import total_weight
from deepstep.equations import ACTIVATIONS, Graph, Head, Node, Op, Tape, output_gradient
from deepstep.equations.activations import activation_op
from deepstep.equations.ops import backward, place, symbol_and_layer
from deepstep.equations.regularization import penalties
from deepstep.errors import ShapeError, unknown_name
from deepstep.types import Array

if TYPE_CHECKING:
    from deepstep.inspection.gradient_check import Objective


class Call(NamedTuple):
    """A call of an operation's backward: the derivative by its output, what it needs, and the tape."""

    node: Node
    upstream: Array
    needs: Mapping[str, Array]
    tape: Tape

    @property
    def m(self) -> int:
        return int(self.upstream.shape[1])


Spoil: TypeAlias = Callable[[Any, Call], Any]
"""The right derivative and the call → the wrong one."""


@dataclass(frozen=True)
class Fault:
    """A mistake: the symbols of derivatives that are wrong, and how; with ``output`` dZ[L] as well."""

    name: str
    symbols: tuple[str, ...] = ()
    spoil: Spoil = lambda v, call: v
    fits: Callable[[Node], bool] = lambda node: True
    output: Literal["", "dZ", "dA"] = ""
    regularized: bool = True

    def spoilt_symbols(self, node: Node, graph: Graph) -> list[str]:
        """The derivatives of a node that are wrong; W and b only where they are parameters."""
        symbols = [symbol for symbol in self.symbols if symbol in node.op.gives and self.fits(node)]
        return [s for s in symbols if s in (*Z, *A_PREV) or node.names[s] in graph.learned]

    def spoilt(self, node: Node, graph: Graph, tape: Tape) -> Op:
        """The operation of a node with the mistake."""
        op, symbols = node.op, self.spoilt_symbols(node, graph)
        equations = op.forward_equation, op.backward_equation  # formulas stay those of the right operation
        if self.name in op.faults:
            return replace(op, backward=op.faults[self.name], without_input=None, equations=equations)
        if not symbols:
            return op

        def wrong(upstream: Array, *needs: Array) -> Any:
            values = op.backward(upstream, *needs)
            results = dict(zip(op.gives, values if len(op.gives) > 1 else (values,), strict=True))
            call = Call(node, upstream, dict(zip(op.needs, needs, strict=True)), tape)
            results |= {symbol: self.spoil(results[symbol], call) for symbol in symbols}
            return tuple(results.values()) if len(op.gives) > 1 else results[op.gives[0]]

        return replace(op, backward=wrong, without_input=None, equations=equations)

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
        upstream = _dAL(ZL, Y, sample_weight, head) if self.output == "dA" else dZL
        if self.output and last in layers and upstream is not None:
            node = place(activation_op(head.activation), last, {})
            dZL = self.spoil(dZL, Call(node, upstream, {"Z": ZL}, tape))
        nodes = tuple(
            node._replace(op=self.spoilt(node, graph, tape)) if node.layer in layers else node
            for node in graph.nodes
        )
        return replace(graph, nodes=nodes), dZL


def _dAL(ZL: Array, Y: Array, sample_weight: Array | None, head: Head) -> Array | None:
    """The textbook's derivative by the output; None for a head without one."""
    if head.textbook_backward is None:
        return None
    with np.errstate(all="ignore"):  # not finite at saturation
        dAL = head.textbook_backward(activation_op(head.activation).forward(ZL), Y)
    return dAL if sample_weight is None else dAL * (sample_weight / sample_weight.mean())


def activates(node: Node) -> bool:
    return node.op.gives == ("Z",)


def _activates_by(name: str) -> Callable[[Node], bool]:
    return lambda node: activates(node) and node.op.forward_equation.name == name


def _at_A(v: Array, call: Call) -> Any:
    with np.errstate(all="ignore"):
        return call.node.op.backward(call.upstream, call.node.op.forward(call.needs["Z"]))


def _by_W_itself(_: Array, call: Call) -> Array:
    W, dZ = call.needs["W"], call.upstream
    if W.shape[1] != len(dZ):
        raise ShapeError.must_be("W", "have as many columns as dZ rows", f"{W.shape} for dZ {dZ.shape}")
    return W @ dZ


def _by_A_of_its_own_layer(dW: Array, call: Call) -> Array:
    A = call.tape[f"A{call.node.layer}"]
    return call.upstream @ A.T / call.m if A.shape[1] == call.m else dW


def _of_another(name: str) -> Fault:
    """The derivative of another activation."""
    other = ACTIVATIONS[name].backward
    return Fault(
        f"the derivative of {name} is taken instead of that of the layer's own activation",
        ("Z",),
        lambda v, call: other(call.upstream, call.needs["Z"]),
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
        lambda v, call: v * call.m / len(call.upstream),
    ),
    "factor 2 in a layer": ("factor 2 in {}", "{} {has} a factor of 2 too much", lambda v, call: 2 * v),
    "factor 1/2 in a layer": ("factor 1/2 in {}", "{} {has} a factor of 1/2 too much", lambda v, call: v / 2),
    "sign of dW and db": ("sign of {}", "the sign of {} is wrong", lambda v, call: -v),
}
"""Name of a factor in dW and db → its name in one derivative, its sentence, and the wrong derivative."""


def _in_parameters(
    *names: str, among: Iterable[tuple[str, ...]] = (("W", "b"), ("W",), ("b",))
) -> dict[str, Fault]:
    """The factors of `IN_PARAMETERS` in the derivatives by these groups of parameters, by short name."""
    faults = {}
    for name, symbols in product(names, among):
        alone, sentence, spoil = IN_PARAMETERS[name]
        wrong, several = " and ".join(f"d{symbol}" for symbol in symbols), len(symbols) > 1
        verbs = {"is": "are", "has": "have"} if several else {"is": "is", "has": "has"}
        faults[name if several else alone.format(wrong)] = Fault(
            sentence.format(wrong, **verbs), symbols, spoil
        )
    return faults


W, B, Z, A_PREV = ("W",), ("b",), ("Z",), ("A_prev",)

# Two mistakes may give the same numbers: with two examples the lost 1/m is a factor of 2. The first counts.
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
        lambda v, call: call.upstream,
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
        lambda v, call: call.upstream * (1 - call.needs["Z"] ** 2),
        _activates_by("tanh"),
    ),
    "Z(1 - Z) for A(1 - A)": Fault(
        "the derivative of sigmoid is Z·(1 - Z) instead of A·(1 - A)",
        Z,
        lambda v, call: call.upstream * call.needs["Z"] * (1 - call.needs["Z"]),
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
"""Mistakes of every network by short name; operations declare others in ``Op.faults``."""


def get_fault(name: str) -> Fault:
    """A mistake by its short name; a `ConfigurationError` with the nearest name for an unknown one."""
    others = {f"derivative of {other}" for other in ACTIVATIONS}
    if name in FAULTS:
        return FAULTS[name]
    if name in others:
        return _of_another(name.removeprefix("derivative of "))
    raise unknown_name("fault", name, [*FAULTS, *sorted(others)], setting="fault")


def known_faults(graph: Graph) -> list[Fault]:
    """All mistakes that operations of this graph can have."""
    activations = [name for name, activation in ACTIVATIONS.items() if not activation.across_units]
    faults = [*FAULTS.values(), *map(_of_another, activations)]
    listed = {fault.name for fault in faults}
    declared = dict.fromkeys(name for node in graph.nodes for name in node.op.faults if name not in listed)
    symbols = dict.fromkeys(symbol_and_layer(name)[0] for name in graph.learned)
    others = _in_parameters(*IN_PARAMETERS, among=[(s,) for s in symbols if s not in "Wb"])
    return [*faults, *map(Fault, declared), *others.values()]


UNKNOWN = "none of the known faults explains it"
MOST_MULTIPLICATIONS = 2e9  # limit of the search for two mistakes at once

SHAPE_FAULTS: tuple[tuple[str, Callable[[tuple[int, ...], int, int], bool]], ...] = (
    (
        "db is squeezed; it needs the shape (n, 1) of b",
        lambda shape, n, m: shape == (n,) or (n == 1 and shape == ()),
    ),
    ("db is summed over the units as well", lambda shape, n, m: shape in {(), (1,), (1, 1)}),
    ("db is summed over the units instead of the examples", lambda shape, n, m: shape in {(m,), (1, m)}),
    ("db is not summed over the examples", lambda shape, n, m: shape == (n, m)),
)
"""Mistakes that show in the shape of db, given the n units of the layer and the m columns."""


def _multiplies(node: Node) -> bool:
    return "W" in node.op.needs and "A_prev" in node.op.needs


Place: TypeAlias = tuple[Fault, list[int]]
"""A mistake, and the layers that have it."""


class Search(NamedTuple):
    """A wrong gradient, and the objective that it should belong to."""

    gradients: Mapping[str, Array]
    objective: "Objective"

    @property
    def n_layers(self) -> int:
        return len(self.objective.graph.layers)

    def with_faults(self, places: Sequence[Place]) -> Iterator[tuple[str, Array]]:
        """The gradients with these mistakes, by parameter in the order of the backward pass."""
        objective = self.objective
        graph, tape = objective.graph, objective.tape
        terms = penalties(objective.settings.l1, objective.settings.l2)
        Y, weight, head = objective.Y, objective.sample_weight, objective.head
        dZL = output_gradient(tape[graph.logits], Y, output=head, sample_weight=weight)
        m = total_weight(Y, weight)
        regularized = {f"W{layer}" for layer in range(1, self.n_layers + 1)}
        for fault, layers in places:
            graph, dZL = fault.applied(graph, tape, dZL, Y, weight, head, layers)
            regularized -= set() if fault.regularized else {f"W{layer}" for layer in layers}
        for _, derivatives in backward(graph.nodes, tape, {graph.logits: dZL}, input_gradient=False):
            for name, value in derivatives.items():
                if name in regularized and value.shape == tape[name].shape:
                    for term in terms:
                        value = value + term.backward(tape[name], term.strength, m)
                if name in graph.learned:
                    yield name, value

    def fails_in(self, places: Sequence[Place]) -> int:
        """The first layer of the backward pass whose gradients these mistakes do not explain; 0 for none."""
        for name, value in self.with_faults(places):
            if not _equal(self.gradients[f"d{name}"], value):
                return self.objective.graph.learned[name][0]
        return 0

    def places(self, fault: Fault) -> Iterator[Place]:
        """Each layer alone, then all hidden ones, then all, for a mistake in a shared function."""
        graph, last = self.objective.graph, self.n_layers
        possible_in = set[int]()
        for node in graph.nodes:
            W = self.objective.tape[f"W{node.layer}"]
            possible = fault.name in node.op.faults or fault.spoilt_symbols(node, graph)
            square = fault.symbols != A_PREV or W.shape[0] == W.shape[1]
            if possible and square and not (node.layer == last and activates(node)):
                possible_in.add(node.layer)
        if fault.output:
            possible_in.add(last)
        layers = sorted(possible_in)
        hidden = [layer for layer in layers if layer < last]
        yield from ((fault, [layer]) for layer in layers)
        yield from ((fault, group) for group in (hidden, layers) if len(group) > 1)

    def described(self, layers: Sequence[int]) -> str:
        if len(layers) == self.n_layers > 1:
            return "every layer"
        return ("layer " if len(layers) == 1 else "layers ") + ", ".join(map(str, layers))


@np.errstate(over="ignore", invalid="ignore")  # a mistake that is tried may leave the numbers
def name_fault(gradients: Mapping[str, Array], objective: "Objective") -> str:
    """Name one or two mistakes that explain these gradients, or where these begin to differ."""
    search = Search(gradients, objective)
    if diagnosis := _not_finite(search) or _misshapen(search):
        return diagnosis
    begins = search.fails_in([])
    if not begins:
        return "the gradients are those of the equations; the finite differences are not good enough"
    candidates = [place for fault in known_faults(objective.graph) for place in search.places(fault)]
    # the sign of dZ in two layers has the effect of that of dW and db in one, which is likelier
    candidates.sort(key=lambda place: bool(place[0].output) and len(place[1]) > 1)
    here = [(fault, layers) for fault, layers in candidates if begins in layers]
    partial: list[Place] = []  # they explain the first wrong layer of the backward pass
    tries: Iterator[tuple[Place, ...]] = chain(
        ((place,) for place in candidates),
        ((place,) for place in _updated_first(search)),
        ((place, other) for place in partial for other in candidates),
        combinations(here[::-1], 2),  # factors are first in the table, and apply to the results of others
    )
    columns = objective.tape[objective.graph.logits].shape[1]
    size = sum(objective.tape[name].size for name in objective.graph.learned)
    most = len(candidates) + 1 + int(MOST_MULTIPLICATIONS / (6 * size * columns))
    for tried in islice(tries, most):
        if len(tried) == 2 and tried[0][0] is tried[1][0]:
            continue
        fails = search.fails_in(tried)
        if not fails:
            return "; and ".join(f"{search.described(layers)}: {fault.name}" for fault, layers in tried)
        if len(tried) == 1 and fails < begins:
            partial += tried
    return _beginning(search, begins)


def _not_finite(search: Search) -> str:
    """The first number that is not finite, in the order of the backward pass."""
    for name, (layer, _) in reversed(list(search.objective.graph.learned.items())):
        value = np.asarray(search.gradients[f"d{name}"])
        places = np.argwhere(~np.isfinite(value)).tolist()
        if places:
            others = f" ({len(places)} of {value.size} entries are not finite)" if len(places) > 1 else ""
            return f"layer {layer}: d{name}{places[0]} is {value[tuple(places[0])]}{others}"
    return ""


def _misshapen(search: Search) -> str:
    """The mistake that shows in the shape of db."""
    tape, layers = search.objective.tape, range(1, search.n_layers + 1)
    shapes = {layer: np.shape(search.gradients[f"db{layer}"]) for layer in layers}
    sizes = {layer: (len(tape[f"b{layer}"]), tape[f"Z{layer}"].shape[1]) for layer in layers}
    wrong = [layer for layer in layers if shapes[layer] != tape[f"b{layer}"].shape]
    for name, betrays in SHAPE_FAULTS if wrong else ():
        if all(betrays(shapes[layer], *sizes[layer]) for layer in wrong):
            return f"{search.described(wrong)}: {name}"
    return ""


def _updated_first(search: Search) -> Iterator[Place]:
    """Gradients computed after the update of a later layer: dA_prev = (W - α·dW)ᵀ·dZ, with one α."""

    def after(rate: float, text: str = "") -> Place:
        def moved(v: Array, call: Call) -> Array:
            return v - rate * (call.upstream @ call.needs["A_prev"].T / call.m).T @ call.upstream

        return Fault(text, A_PREV, moved, _multiplies), list(range(2, search.n_layers + 1))

    if search.n_layers < 2:
        return
    # dW of the layer before the last is linear in α: two points give α
    name = f"W{search.n_layers - 1}"
    at_0, at_1 = (dict(search.with_faults([after(rate)]))[name] for rate in (0.0, 1.0))
    slope, dW = (at_1 - at_0).ravel(), np.asarray(search.gradients[f"d{name}"])
    if dW.shape != at_0.shape or not slope.any():
        return
    size = np.abs(slope).max()  # squares of parts of it neither overflow nor vanish
    if rate := float(slope / size @ ((dW - at_0).ravel() / size) / np.square(slope / size).sum()):
        yield after(
            rate,
            f"dA_prev is taken with weights that were updated already, at learning rate {rate:.3g}: take all "
            "gradients before the first update",
        )


def _beginning(search: Search, layer: int) -> str:
    """The first wrong gradient of this layer, where the backward pass becomes wrong."""
    right = dict(search.with_faults([]))
    learned = search.objective.graph.learned
    names = [name for name, (its_layer, _) in learned.items() if its_layer == layer]
    wrong = [f"d{name}" for name in names if not _equal(search.gradients[f"d{name}"], right[name])]
    look = f"dZ{layer}" if len(wrong) == len(names) > 1 else " and ".join(wrong)
    above = "" if layer == search.n_layers else f", all of layer {layer + 1} and above are right"
    return f"{UNKNOWN}; look at {look} next: it is the first that differs{above}"


def _equal(gradient: Array, wrong: Array) -> bool:
    scale = float(np.abs(wrong).max(initial=0))
    return np.shape(gradient) == wrong.shape and np.allclose(gradient, wrong, rtol=1e-6, atol=1e-9 * scale)
