"""The backward pass in a trace: from dZL to dW1 and dA0, layer by layer."""

from collections.abc import Iterator

from deepstep.engines import OpenedStep, Settings, total_weight
from deepstep.equations import (
    EQUATIONS,
    NORMALIZATIONS,
    AnyLayerCache,
    Equation,
    LayerGradients,
    MembersCache,
    MembersOutputCache,
    NormalizedCache,
    backward_layers,
    dropout_backward,
    equation_of,
    get_activation,
    get_head,
    l1_backward,
    l2_backward,
    layer_symbols,
)
from deepstep.inspection.trace import TraceEntry
from deepstep.inspection.trace_formulas import OF_THE_SCALED, equation_of_the_head, head_symbols, renamed
from deepstep.inspection.trace_forward import learned_alpha, learned_weights
from deepstep.network import Architecture, Parameters
from deepstep.types import Array


def trace_backward(
    architecture: Architecture, settings: Settings, theta: Parameters, opened: OpenedStep
) -> Iterator[TraceEntry]:
    """The entries of all layers, the last one first."""
    L, names, masks = architecture.n_layers, architecture.activations, opened.masks
    gradient, handed = theta.like(opened.gradient), opened.dZL
    for found in backward_layers(opened.dZL, opened.caches, names, masks=masks):
        layer, below, symbols = found.layer, found.layer - 1, layer_symbols(found.layer, L)
        if layer == L:
            yield from _output(architecture, opened)
        else:
            cache, mask = opened.caches[below], masks.get(layer)
            yield from _activation_backward(cache, names[below], mask, found, handed, symbols)
        yield from _linear_backward(settings, opened, found, gradient[f"W{layer}"], symbols)
        if found.dA_prev is not None:
            handed = found.dA_prev


def _activation_backward(
    cache: AnyLayerCache,
    name: str,
    mask: Array | None,
    found: LayerGradients,
    dA: Array,
    symbols: dict[str, str],
) -> Iterator[TraceEntry]:
    """From dA to dZ, the way of `_activation` back."""
    layer, rule, left = found.layer, _backward_equation(name), f"dA{found.layer}"
    alpha, whole = learned_alpha(cache), EQUATIONS["parametric_backward"]

    def entry(left: str, formula: str, equation: str, value: Array) -> TraceEntry:
        return TraceEntry(left, layer, "backward", formula, equation, value, columns=True)

    if mask is not None:
        drop, after = EQUATIONS["dropout_backward"], f"dg(Z{layer})" if alpha is None else f"dp(Z{layer})"
        dA = dropout_backward(dA, mask)
        yield entry(after, renamed(drop, "dA", symbols, left, after), drop.name, dA)
        left = after
    if alpha is None or found.dalpha is None:
        yield entry(f"dZ{layer}", rule.written("dZ", symbols | {"dA": left}), rule.name, found.dZ)
        return
    symbols = symbols | {"dA": left, "dg": f"dg(Z{layer})"}
    yield entry(f"dg(Z{layer})", whole.written("dg", symbols), whole.name, alpha * dA)
    yield entry(f"dZ{layer}", whole.written("dZ", symbols), whole.name, found.dZ)
    formula = whole.written("dalpha", symbols)
    yield TraceEntry(f"dalpha{layer}", layer, "backward", formula, whole.name, found.dalpha)


def _output(architecture: Architecture, opened: OpenedStep) -> Iterator[TraceEntry]:
    """dZ[L]; with weights the derivative of each example's own loss before."""
    L, head, symbols = architecture.n_layers, get_head(architecture), head_symbols(architecture)
    rule = equation_of_the_head(head, (head.each or head).loss_backward, "dZL")
    formula, name = rule.written("dZ", symbols), rule.name
    formula += ", with Y for each member" if head.members else ""
    if opened.sample_weight is not None:
        own, joined = f"∂loss/∂Z{L}", EQUATIONS["output_gradient"]
        value = head.loss_backward(opened.caches[-1].Z, opened.Y)
        formula = renamed(rule, "dZ", symbols, f"dZ{L}", own)
        yield TraceEntry(own, L, "backward", formula, rule.name, value, columns=True)
        formula, name = f"{joined.written('dZ', symbols)}, w scaled to mean 1", joined.name
    yield TraceEntry(f"dZ{L}", L, "backward", formula, name, opened.dZL, columns=True)


def _linear_backward(
    settings: Settings, opened: OpenedStep, found: LayerGradients, dW: Array, symbols: dict[str, str]
) -> Iterator[TraceEntry]:
    """The derivatives of a layer's linear part; ``dW`` is the whole one, with its regularization."""
    layer, below = found.layer, found.layer - 1
    cache, rule, own = opened.caches[below], EQUATIONS["linear_backward"], symbols
    linear = cache.linear
    if isinstance(linear, MembersCache):
        rule = EQUATIONS["members_linear_backward"]
    if isinstance(linear, MembersOutputCache):
        rule = EQUATIONS["members_output_backward"]
    if found.dW_s is not None:
        symbols = symbols | OF_THE_SCALED
    if isinstance(linear, NormalizedCache):
        rule, backward = EQUATIONS["normalized_linear_backward"], NORMALIZATIONS[linear.kind].backward
        through, dU_hat = EQUATIONS[backward.__name__], linear.gamma * found.dZ
        formula, name = rule.written("dU_hat", symbols), f"dU_hat{layer}"
        yield TraceEntry(name, layer, "backward", formula, rule.name, dU_hat, columns=True)
        dU, formula = backward(dU_hat, linear.U_hat, linear.deviation), through.written("dU ", symbols)
        yield TraceEntry(f"dU{layer}", layer, "backward", formula, through.name, dU, columns=True)
    whole, W, m = f"dW{layer}", learned_weights(cache), total_weight(opened.Y, opened.sample_weight)
    way = rule
    if found.dW_s is not None:
        yield TraceEntry("dW_s1", layer, "backward", rule.written("dW", symbols), rule.name, found.dW_s)
        way = EQUATIONS["scaled_weights_backward"]
    terms = [(whole, way.written("dW", own), way.name, found.dW)]
    for kind, strength, backward_of in (("L1", settings.l1, l1_backward), ("L2", settings.l2, l2_backward)):
        if strength:
            equation, term = EQUATIONS[backward_of.__name__], f"{whole}_{kind}"
            formula = equation.written("dW", own | {f"dW_{kind}": term, "λ": f"{strength:g}"})
            terms.append((term, formula, equation.name, backward_of(W, strength, m)))
    if len(terms) > 1:
        data = f"{whole}_data"
        terms[0] = (data, renamed(way, "dW", own, whole, data), way.name, found.dW)
        terms.append((whole, f"{whole} = {' + '.join(term[0] for term in terms)}", "", dW))
    for name, formula, equation_name, value in terms:
        yield TraceEntry(name, layer, "backward", formula, equation_name, value)
    if found.dr is not None:
        yield TraceEntry("dr1", layer, "backward", rule.written("dr", own), rule.name, found.dr)
    if found.ds is not None:
        yield TraceEntry("ds1", layer, "backward", way.written("ds", own), way.name, found.ds)
    yield TraceEntry(f"db{layer}", layer, "backward", rule.written("db", symbols), rule.name, found.db)
    if found.dgamma is not None:
        formula = rule.written("dgamma", symbols)
        yield TraceEntry(f"dgamma{layer}", layer, "backward", formula, rule.name, found.dgamma)
    formula = rule.written("dA_prev", symbols)
    yield TraceEntry(f"dA{below}", below, "backward", formula, rule.name, found.dA_prev, columns=True)


def _backward_equation(activation: str) -> Equation:
    name = f"{activation}_backward"
    return equation_of(get_activation(activation).backward, name, f"dZ = {name}(dA, Z)")
