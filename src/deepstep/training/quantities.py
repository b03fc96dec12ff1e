"""The quantities of one step in the order in which they arise, each with what it was made from."""

from collections.abc import Iterator, Mapping
from math import inf
from typing import NamedTuple

import numpy as np

from deepstep.engines import OpenedStep, ReferenceSession
from deepstep.equations import (
    AnyLayerCache,
    ExtendedCache,
    NormalizedCache,
    activated,
    backward_layers,
    dropout_forward,
    get_activation,
    get_head,
)
from deepstep.equations.own_activations import BUILT_IN as OUR_ACTIVATIONS
from deepstep.equations.own_heads import BUILT_IN as OUR_HEADS
from deepstep.types import AnyArray, Array


class Quantity(NamedTuple):
    """One quantity of a step.

    Attributes
    ----------
    name : str
        ``"Z"``, ``"dW"``, …
    layer : int
        0 for the inputs, and for J.
    value : array of one or two axes
    made_by : str
        The operation that gives it, in words.
    sources : mapping
        What it was made from, by name.
    columns : bool
        Whether a column is an example.
    own : bool
        Whether the user's own function gives it.
    limit : float
        Entries of this size do not count as finite any more.
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
    names = session.architecture.activations
    for layer, (cache, name) in enumerate(zip(opened.caches, names, strict=True), start=1):
        yield from _linear(layer, cache)
        A, own = get_activation(name).forward(cache.Z), name not in OUR_ACTIVATIONS
        yield Quantity("A", layer, A, f"the activation {name!r}", {f"Z{layer}": cache.Z}, True, own)
        if isinstance(cache, ExtendedCache) and cache.alpha is not None:
            sources = {f"alpha{layer}": cache.alpha, f"Z{layer}": cache.Z, f"g(Z{layer})": A}
            A = activated(cache, name)
            yield Quantity("A", layer, A, "the parametric activation", sources, columns=True)
        if layer in opened.masks:
            dropped = dropout_forward(A, opened.masks[layer])
            yield Quantity("A", layer, dropped, "the dropout", {f"A{layer}": A}, columns=True)


def _linear(layer: int, cache: AnyLayerCache) -> Iterator[Quantity]:
    linear, Z = cache.linear, cache.Z
    A_prev, W, b = linear[:3]
    weights = f"W{layer}"
    if isinstance(cache, ExtendedCache) and cache.s is not None:
        weights = "W_s1"
        yield Quantity("W_s", layer, W, "the scale of the inputs", {"W1": cache.W, "s1": cache.s})
    factors, product = {weights: W, f"A{layer - 1}": A_prev}, f"the product {weights}·A{layer - 1}"
    if not isinstance(linear, NormalizedCache):
        yield Quantity("Z", layer, Z, product, {**factors, f"b{layer}": b}, columns=True)
        return
    U = W @ A_prev
    yield Quantity("U", layer, U, product, factors, columns=True)
    for name, value in (("mean", linear.mean), ("variance", linear.variance)):
        of_U = {f"U{layer}": U}
        yield Quantity(name, layer, value, f"the {name} of U{layer}", of_U, columns=linear.kind == "layer")
    yield Quantity("U_hat", layer, linear.U_hat, "the normalization", {f"U{layer}": U}, columns=True)
    scaled = {f"gamma{layer}": linear.gamma, f"U_hat{layer}": linear.U_hat, f"b{layer}": b}
    yield Quantity("Z", layer, Z, "the scaling gamma ∘ U_hat + b", scaled, columns=True)


def _cost(session: ReferenceSession, opened: OpenedStep) -> Iterator[Quantity]:
    head, L = get_head(session.architecture), session.architecture.n_layers
    sources, function = {f"Z{L}": opened.caches[-1].Z, "Y": opened.Y}, f"the loss of the output {head.name!r}"
    own, loss = head.name not in OUR_HEADS, head.loss(*sources.values())
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
    names, L = session.architecture.activations, session.architecture.n_layers
    handed: dict[str, Array] = {}  # dA of the layer at hand
    for found in backward_layers(opened.dZL, opened.caches, names, masks=opened.masks, input_gradient=False):
        layer, dZ, dA_prev = found.layer, found.dZ, found.dA_prev
        cache, name, below = opened.caches[layer - 1], names[layer - 1], layer - 1
        linear, Z = cache.linear, cache.Z
        if layer < L:
            derivative, own = f"the derivative of the activation {name!r}", name not in OUR_ACTIVATIONS
            yield Quantity("dZ", layer, dZ, derivative, {**handed, f"Z{layer}": Z}, True, own)
            if found.dalpha is not None:
                sources = {**handed, f"Z{layer}": Z}
                made_by = f"the sum of dA{layer} ∘ (g(Z{layer}) - Z{layer})"
                yield Quantity("dalpha", layer, found.dalpha, made_by, sources)
        of_dZ = {f"dZ{layer}": dZ}
        factors = {**of_dZ, f"A{below}": linear.A_prev}
        if dA_prev is not None:
            handed = {f"dA{below}": dA_prev}
            product, made_from = f"the product W{layer}ᵀ·dZ{layer}", {f"W{layer}ᵀ": linear.W.T, **of_dZ}
            yield Quantity("dA", below, dA_prev, product, made_from, columns=True)
        product = f"the product dZ{layer}·A{below}ᵀ"
        if isinstance(cache, ExtendedCache) and found.dW_s is not None and found.ds is not None:
            yield Quantity("dW_s", layer, found.dW_s, product, factors)
            product, factors = "the scale of the inputs", {"dW_s1": found.dW_s, "W1": cache.W}
            yield Quantity("ds", layer, found.ds, "the sum of W1 ∘ dW_s1", factors)
        yield Quantity("dW", layer, found.dW, product, factors)
        yield Quantity("db", layer, found.db, f"the sum of dZ{layer}", of_dZ)
        if found.dr is not None:
            yield Quantity("dr", layer, found.dr, f"the sum of W{layer} ∘ (dZ{layer}·A{below}ᵀ)", factors)
        if found.dgamma is not None:
            yield Quantity("dgamma", layer, found.dgamma, f"the sum of dZ{layer} ∘ U_hat{layer}", of_dZ)


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
            kind = name.rstrip("0123456789")
            yield Quantity(words.format(kind), int(name[len(kind) :]), value, made_by, sources)
    for name, value in after.statistics.items():
        kind = name.rstrip("0123456789")
        yield Quantity(
            f"running {kind}", int(name[len(kind) :]), value, "the moving average", before.statistics
        )
