"""Which classic mistake explains gradients that came wrong."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain, combinations, islice
from typing import NamedTuple, TypeAlias

import numpy as np

from deepstep.engines import total_weight
from deepstep.equations import output_gradient
from deepstep.equations.ops import Node, backward
from deepstep.equations.regularization import penalties
from deepstep.inspection.faults import A_PREV, Call, Fault, activates, known_faults
from deepstep.inspection.finite_differences import Objective
from deepstep.types import Array

UNKNOWN = "none of the known faults explains it"
MOST_MULTIPLICATIONS = 2e9  # after so many the search for two mistakes at once ends

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


def _multiplies(node: Node) -> bool:
    return "W" in node.op.needs and "A_prev" in node.op.needs


Place: TypeAlias = tuple[Fault, list[int]]
"""A mistake in some layers."""


class Search(NamedTuple):
    """A gradient that came wrong, and the pass that it should be of."""

    gradients: Mapping[str, Array]
    objective: Objective

    @property
    def n_layers(self) -> int:
        return len(self.objective.graph.layers)

    def with_faults(self, places: Sequence[Place]) -> Iterator[tuple[str, Array]]:
        """The gradients of the pass with these mistakes, by parameter in the order of the backward pass."""
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
        """Each layer alone, then all hidden ones, then all, as a mistake in a shared function is."""
        graph, last, found = self.objective.graph, self.n_layers, set[int]()
        for node in graph.nodes:
            W = self.objective.tape[f"W{node.layer}"]
            possible = fault.name in node.op.faults or fault.spoilt_symbols(node, graph)
            square = fault.symbols != A_PREV or W.shape[0] == W.shape[1]
            if possible and square and not (node.layer == last and activates(node)):
                found.add(node.layer)
        if fault.output:
            found.add(last)
        layers = sorted(found)
        hidden = [layer for layer in layers if layer < last]
        yield from ((fault, [layer]) for layer in layers)
        yield from ((fault, group) for group in (hidden, layers) if len(group) > 1)

    def described(self, layers: Sequence[int]) -> str:
        if len(layers) == self.n_layers > 1:
            return "every layer"
        return ("layer " if len(layers) == 1 else "layers ") + ", ".join(map(str, layers))


def name_fault(gradients: Mapping[str, Array], objective: Objective) -> str:
    """Name the mistake that explains these gradients, or two of them, or say where they begin to differ.

    ``gradients`` are dW1, db1, … as they came; the result is such as ``"layer 2: the sign of dW is wrong"``.
    """
    search = Search(gradients, objective)
    if found := _not_finite(search) or _misshapen(search):
        return found
    begins = search.fails_in([])
    if not begins:
        return "the gradients are those of the equations; the finite differences are not good enough"
    candidates = [place for fault in known_faults(objective.graph) for place in search.places(fault)]
    # the sign of dZ in two layers is that of dW and db in one, which is likelier
    candidates.sort(key=lambda place: bool(place[0].output) and len(place[1]) > 1)
    here = [(fault, layers) for fault, layers in candidates if begins in layers]
    partial: list[Place] = []  # those that explain the first wrong layer of the backward pass
    tries: Iterator[tuple[Place, ...]] = chain(
        ((one,) for one in candidates),
        ((one,) for one in _updated_first(search)),
        ((one, other) for one in partial for other in candidates),
        combinations(here[::-1], 2),  # factors come first in the table, and are put on what others gave
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
    """Which number is not finite, in the order of the backward pass."""
    for name, (layer, _) in reversed(list(search.objective.graph.learned.items())):
        value = np.asarray(search.gradients[f"d{name}"])
        places = np.argwhere(~np.isfinite(value)).tolist()
        if places:
            others = f" ({len(places)} of {value.size} entries are not finite)" if len(places) > 1 else ""
            return f"layer {layer}: d{name}{places[0]} is {value[tuple(places[0])]}{others}"
    return ""


def _misshapen(search: Search) -> str:
    """The mistake that the shape of db betrays."""
    tape, layers = search.objective.tape, range(1, search.n_layers + 1)
    shapes = {layer: np.shape(search.gradients[f"db{layer}"]) for layer in layers}
    sizes = {layer: (len(tape[f"b{layer}"]), tape[f"Z{layer}"].shape[1]) for layer in layers}
    wrong = [layer for layer in layers if shapes[layer] != tape[f"b{layer}"].shape]
    for name, betrays in SHAPE_FAULTS if wrong else ():
        if all(betrays(shapes[layer], *sizes[layer]) for layer in wrong):
            return f"{search.described(wrong)}: {name}"
    return ""


def _updated_first(search: Search) -> Iterator[Place]:
    """Gradients that were taken after the update of a later layer: dA_prev = (W - α·dW)ᵀ·dZ, of one α."""

    def after(rate: float, text: str = "") -> Place:
        def moved(v: Array, call: Call) -> Array:
            return v - rate * (call.given @ call.needs["A_prev"].T / call.m).T @ call.given

        return Fault(text, A_PREV, moved, _multiplies), list(range(2, search.n_layers + 1))

    if search.n_layers < 2:
        return
    # dW of the layer before the last is linear in α: two points give α
    name = f"W{search.n_layers - 1}"
    at_0, at_1 = (dict(search.with_faults([after(rate)]))[name] for rate in (0.0, 1.0))
    slope, got = (at_1 - at_0).ravel(), np.asarray(search.gradients[f"d{name}"])
    if got.shape != at_0.shape or not slope.any():
        return
    if rate := float(slope @ (got - at_0).ravel() / (slope @ slope)):
        yield after(
            rate,
            f"dA_prev is taken with weights that were updated already, at learning rate {rate:.3g}: take all "
            "gradients before the first update",
        )


def _beginning(search: Search, layer: int) -> str:
    """Where the gradients begin to differ, going backward: in this layer."""
    right = dict(search.with_faults([]))
    names = [name for name, (own, _) in search.objective.graph.learned.items() if own == layer]
    wrong = [f"d{name}" for name in names if not _equal(search.gradients[f"d{name}"], right[name])]
    look = f"dZ{layer}" if len(wrong) == len(names) > 1 else " and ".join(wrong)
    above = "" if layer == search.n_layers else f", all of layer {layer + 1} and above are right"
    return f"{UNKNOWN}; look at {look} next: it is the first that differs{above}"


def _equal(got: Array, wrong: Array) -> bool:
    scale = float(np.abs(wrong).max(initial=0))
    return np.shape(got) == wrong.shape and np.allclose(got, wrong, rtol=1e-6, atol=1e-9 * scale)
