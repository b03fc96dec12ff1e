"""The forward pass in a trace: from W1 and A0 to AL, layer by layer."""

from collections.abc import Iterator

from deepstep.engines import OpenedStep
from deepstep.equations import (
    EQUATIONS,
    NORMALIZATIONS,
    AnyLayerCache,
    Equation,
    ExtendedCache,
    MembersCache,
    MembersOutputCache,
    NormalizedCache,
    activated,
    equation_of,
    get_activation,
    layer_symbols,
)
from deepstep.inspection.trace import TraceEntry
from deepstep.inspection.trace_formulas import OF_THE_SCALED, renamed
from deepstep.network import Architecture
from deepstep.types import Array


def trace_forward(architecture: Architecture, opened: OpenedStep) -> Iterator[TraceEntry]:
    """The entries of all layers."""
    L, caches = architecture.n_layers, opened.caches
    outputs = [*(cache.linear.A_prev for cache in caches[1:]), opened.AL]
    for layer, (cache, A, name) in enumerate(zip(caches, outputs, architecture.activations, strict=True), 1):
        symbols = layer_symbols(layer, L)
        yield TraceEntry(f"W{layer}", layer, "forward", f"W{layer}, the weights", "", learned_weights(cache))
        yield TraceEntry(f"b{layer}", layer, "forward", f"b{layer}, the bias", "", cache.linear.b)
        yield from _linear(layer, cache, symbols)
        last = architecture.shared_members if layer == L else 0
        yield from _activation(layer, cache, name, opened.masks.get(layer), A, symbols, members=last)


def _activation(
    layer: int,
    cache: AnyLayerCache,
    name: str,
    mask: Array | None,
    A: Array,
    symbols: dict[str, str],
    *,
    members: int = 0,
) -> Iterator[TraceEntry]:
    """From Z to A: the activation, what α makes of it, the dropout; the mean of members' answers."""

    def entry(left: str, formula: str, equation: str, value: Array) -> TraceEntry:
        return TraceEntry(left, layer, "forward", formula, equation, value, columns=True)

    g, rule, handed, value = _forward_equation(name), EQUATIONS["parametric_forward"], f"A{layer}", A
    alpha = learned_alpha(cache)
    if members:
        left, mean = f"g(Z{layer})", EQUATIONS["members_mean"]
        yield entry(left, g.written("A", symbols | {"A": left}), g.name, activated(cache, name))
        formula = mean.written("mean", {"mean": f"A{layer}", "A": left, "K": str(members)})
        yield entry(f"A{layer}", formula, mean.name, A)
        return
    if mask is not None:
        handed, value = f"g(Z{layer})" if alpha is None else f"p(Z{layer})", activated(cache, name)
    if alpha is None:
        yield entry(handed, g.written("A", symbols | {"A": handed}), g.name, value)
    else:
        left, before = f"g(Z{layer})", get_activation(name).forward(cache.Z)
        yield TraceEntry(f"alpha{layer}", layer, "forward", f"alpha{layer}, how far it bends", "", alpha)
        yield entry(left, g.written("A", symbols | {"A": left}), g.name, before)
        yield entry(handed, rule.written("A", symbols | {"A": handed}), rule.name, value)
    if mask is not None:
        drop = EQUATIONS["dropout_forward"]
        yield entry(f"mask{layer}", drop.written("mask", symbols), drop.name, mask)
        formula = renamed(drop, "A", symbols | {"A": handed}, handed, f"A{layer}")
        yield entry(f"A{layer}", formula, drop.name, A)


def learned_weights(cache: AnyLayerCache) -> Array:
    """W as it is learned."""
    return cache.W if isinstance(cache, ExtendedCache) else cache.linear.W


def _learned_scale(cache: AnyLayerCache) -> Array | None:
    """The factors of the inputs."""
    return cache.s if isinstance(cache, ExtendedCache) else None


def learned_alpha(cache: AnyLayerCache) -> Array | None:
    """α of a parametric activation."""
    return cache.alpha if isinstance(cache, ExtendedCache) else None


def _linear(layer: int, cache: AnyLayerCache, symbols: dict[str, str]) -> Iterator[TraceEntry]:
    linear, s = cache.linear, _learned_scale(cache)
    if isinstance(linear, MembersCache | MembersOutputCache):
        first = isinstance(linear, MembersCache)
        if isinstance(linear, MembersCache):
            yield TraceEntry(
                "r1", layer, "forward", "r1, the factors of the inputs, member by member", "", linear.r
            )
        rule = EQUATIONS["members_linear_forward" if first else "members_output_forward"]
        formula = rule.written("Zₖ", symbols)
        yield TraceEntry(f"Z{layer}", layer, "forward", formula, rule.name, cache.Z, columns=True)
        return
    if s is not None:
        yield TraceEntry("s1", layer, "forward", "s1, the factors of the inputs", "", s)
        rule = EQUATIONS["scaled_weights"]
        yield TraceEntry("W_s1", layer, "forward", rule.written("W_s", symbols), rule.name, linear.W)
        symbols = symbols | OF_THE_SCALED
    if not isinstance(linear, NormalizedCache):
        formula = EQUATIONS["linear_forward"].written("Z", symbols)
        yield TraceEntry(f"Z{layer}", layer, "forward", formula, "linear_forward", cache.Z, columns=True)
        return
    whole = EQUATIONS["normalized_linear_forward"]
    part = EQUATIONS[NORMALIZATIONS[linear.kind].forward.__name__]
    over_units = linear.kind == "layer"
    yield TraceEntry(f"gamma{layer}", layer, "forward", f"gamma{layer}, the scale", "", linear.gamma)
    for name, equation, value, columns in (
        ("U", whole, linear.W @ linear.A_prev, True),
        ("mean", part, linear.mean, over_units),
        ("variance", part, linear.variance, over_units),
        ("U_hat", part, linear.U_hat, True),
        ("Z", whole, cache.Z, True),
    ):
        formula = equation.written(name, symbols)
        yield TraceEntry(f"{name}{layer}", layer, "forward", formula, equation.name, value, columns=columns)


def _forward_equation(activation: str) -> Equation:
    return equation_of(get_activation(activation).forward, activation, f"A = {activation}(Z)")
