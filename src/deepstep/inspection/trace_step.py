"""How the trace of one step is made: the step that trains, opened, with its formulas from the registry."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from inspect import unwrap

import numpy as np

from deepstep.engines import OpenedStep, ReferenceSession, SessionState, Settings, total_weight
from deepstep.equations import (
    EQUATIONS,
    NORMALIZATIONS,
    AnyLayerCache,
    Equation,
    ExtendedCache,
    Head,
    LayerGradients,
    MembersCache,
    MembersOutputCache,
    NormalizedCache,
    activated,
    backward_layers,
    dropout_backward,
    equation_of,
    formula_symbols,
    get_activation,
    get_head,
    l1_backward,
    l2_backward,
    layer_symbols,
    members_mean_backward,
)
from deepstep.inspection.trace import Trace, TraceEntry
from deepstep.inspection.trace_update import trace_update
from deepstep.network import Architecture, Parameters
from deepstep.types import Array


def trace_step(
    architecture: Architecture,
    parameters: Parameters,
    X: Array,
    Y: Array,
    *,
    learning_rate: float,
    settings: Settings | None = None,
    state: SessionState | None = None,
    sample_weight: Array | None = None,
    weight_decay: float = 1.0,
    dropout: float = 1.0,
    masks: Mapping[int, Array] | None = None,
) -> Trace:
    """Do one step of training with the equations and keep every quantity.

    The values are copies: what is done to the network or the data later does not reach them.

    Parameters
    ----------
    architecture, parameters
        The network; not changed.
    X, Y : arrays of shape (n_x, m) and (n_L, m)
        The batch.
    learning_rate : float
        α of the update.
    settings : Settings, optional
        The update rule and what regularizes; plain gradient descent by default.
    state : SessionState, optional
        The state before the step, but for θ, which is ``parameters``; by default that of the first step.
    sample_weight : array of shape (m,), optional
        Weight of each example.
    weight_decay, dropout : float
        Factors of the settings of these names, of a schedule.
    masks : mapping, optional
        Dropout masks by layer, in place of those that the seed gives.

    Returns
    -------
    Trace
        Its θ′ is that of `deepstep.engines.ReferenceSession.step`, bit for bit.

    Examples
    --------
    >>> line = Architecture((1, 1), ("sigmoid",))
    >>> theta = Parameters(np.zeros(2), [1, 1])
    >>> trace = trace_step(line, theta, np.array([[1.0]]), np.array([[1.0]]), learning_rate=1.0)
    >>> trace["W1′"].value
    array([[0.5]])
    """
    settings = settings or Settings()
    session = ReferenceSession(architecture, parameters.copy(), settings)
    if state is not None:
        session.load(replace(state, theta=parameters.flat))
    opened = session.open_step(
        X.copy(order="K"),
        Y.copy(order="K"),
        learning_rate=learning_rate,
        sample_weight=None if sample_weight is None else np.array(sample_weight),
        weight_decay=weight_decay,
        dropout=dropout,
        masks=masks,
    )
    entries = [
        *_given(architecture, settings, opened),
        *_forward(architecture, opened),
        *_cost(architecture, settings, opened),
        *_backward(architecture, settings, session.parameters, opened),
        *trace_update(settings, session.parameters, opened),
    ]
    return Trace(architecture, entries, settings=settings)


def _given(architecture: Architecture, settings: Settings, opened: OpenedStep) -> Iterator[TraceEntry]:
    L = architecture.n_layers
    inputs = "A0 = X"
    if settings.input_noise:
        inputs = f"A0 = X + noise of standard deviation {settings.input_noise:g}"
        yield TraceEntry("X", 0, "input", "X, the inputs", "", opened.X, columns=True)
    yield TraceEntry("A0", 0, "input", inputs, "", opened.A0, columns=True)
    yield TraceEntry("Y", L, "input", "Y, the target", "", opened.Y, columns=True)
    if opened.sample_weight is not None:
        row = opened.sample_weight[np.newaxis]
        yield TraceEntry("w", L, "input", "w, the weights of the examples", "", row, columns=True)


def _forward(architecture: Architecture, opened: OpenedStep) -> Iterator[TraceEntry]:
    L, caches = architecture.n_layers, opened.caches
    outputs = [*(cache.linear.A_prev for cache in caches[1:]), opened.AL]
    for layer, (cache, A, name) in enumerate(zip(caches, outputs, architecture.activations, strict=True), 1):
        symbols = layer_symbols(layer, L)
        yield TraceEntry(f"W{layer}", layer, "forward", f"W{layer}, the weights", "", _weights(cache))
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
    alpha = _alpha(cache)
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


def _weights(cache: AnyLayerCache) -> Array:
    """W as it is learned."""
    return cache.W if isinstance(cache, ExtendedCache) else cache.linear.W


def _scale(cache: AnyLayerCache) -> Array | None:
    return cache.s if isinstance(cache, ExtendedCache) else None


def _alpha(cache: AnyLayerCache) -> Array | None:
    return cache.alpha if isinstance(cache, ExtendedCache) else None


_OF_THE_SCALED = {"W": "W_s1", "dW": "dW_s1"}
"""Symbols of a layer whose weights carry the factors of the inputs."""


def _linear(layer: int, cache: AnyLayerCache, symbols: dict[str, str]) -> Iterator[TraceEntry]:
    linear, s = cache.linear, _scale(cache)
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
        symbols = symbols | _OF_THE_SCALED
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


def _cost(architecture: Architecture, settings: Settings, opened: OpenedStep) -> Iterator[TraceEntry]:
    L, head, costs = architecture.n_layers, get_head(architecture), opened.costs
    equation, ZL = _of_the_head(head, (head.each or head).loss, "loss"), opened.caches[-1].Z
    formula, loss = equation.written("loss", _head_symbols(architecture)), head.loss(ZL, opened.Y)
    if head.each is not None:
        losses = head.each.loss(ZL, members_mean_backward(opened.Y, head.members))
        formula = formula.replace("loss", "losses", 1) + ", with Y for each member"
        yield TraceEntry("losses", L, "cost", formula, equation.name, losses, columns=True)
        equation = EQUATIONS["members_mean"]
        formula = equation.written("mean", {"mean": "loss", "A": "losses", "K": str(head.members)})
    yield TraceEntry("loss", L, "cost", formula, equation.name, loss, columns=True)
    terms = [("cost_from_logits", "J", "", costs.data)]
    if settings.l1:
        terms.append(("l1_cost", "J_L1", f"{settings.l1:g}", costs.l1))
    if settings.l2:
        terms.append(("l2_cost", "J_L2", f"{settings.l2:g}", costs.l2))
    for name, left, strength, value in terms:
        term = "J_data" if left == "J" and len(terms) > 1 else left
        formula = EQUATIONS[name].written(left, {left: term, "λ": strength})
        if left == "J" and opened.sample_weight is None:
            formula += ", all wᵢ = 1"
        yield TraceEntry(term, L, "cost", formula, name, value)
    if len(terms) > 1:
        formula = f"J = {' + '.join(['J_data', *(left for _, left, _, _ in terms[1:])])}"
        yield TraceEntry("J", L, "cost", formula, "", costs.total)


def _backward(
    architecture: Architecture, settings: Settings, theta: Parameters, opened: OpenedStep
) -> Iterator[TraceEntry]:
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
    alpha, whole = _alpha(cache), EQUATIONS["parametric_backward"]

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
    L, head, symbols = architecture.n_layers, get_head(architecture), _head_symbols(architecture)
    rule = _of_the_head(head, (head.each or head).loss_backward, "dZL")
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
        symbols = symbols | _OF_THE_SCALED
    if isinstance(linear, NormalizedCache):
        rule, backward = EQUATIONS["normalized_linear_backward"], NORMALIZATIONS[linear.kind].backward
        through, dU_hat = EQUATIONS[backward.__name__], linear.gamma * found.dZ
        formula, name = rule.written("dU_hat", symbols), f"dU_hat{layer}"
        yield TraceEntry(name, layer, "backward", formula, rule.name, dU_hat, columns=True)
        dU, formula = backward(dU_hat, linear.U_hat, linear.deviation), through.written("dU ", symbols)
        yield TraceEntry(f"dU{layer}", layer, "backward", formula, through.name, dU, columns=True)
    whole, W, m = f"dW{layer}", _weights(cache), total_weight(opened.Y, opened.sample_weight)
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


def renamed(equation: Equation, left: str, symbols: dict[str, str], name: str, other: str) -> str:
    """The statement, in which the quantity on the left side has another name than on the right."""
    return equation.written(left, symbols).replace(name, other, 1)


def _forward_equation(activation: str) -> Equation:
    return equation_of(get_activation(activation).forward, activation, f"A = {activation}(Z)")


def _backward_equation(activation: str) -> Equation:
    name = f"{activation}_backward"
    return equation_of(get_activation(activation).backward, name, f"dZ = {name}(dA, Z)")


def _of_the_head(head: Head, function: Callable[..., Array], left: str) -> Equation:
    """The equation of a head's function, which with settings is a wrapper; of a user's own one a call."""
    name = getattr(function, "__name__", head.name)
    return equation_of(unwrap(function), name, f"{left} = {name}(ZL, Y)")


def _head_symbols(architecture: Architecture) -> dict[str, str]:
    """The symbols of the output layer, with the head's settings as numbers."""
    head, L = get_head(architecture), architecture.n_layers
    symbols = layer_symbols(L, L) | formula_symbols(head, architecture.n_outputs)
    return symbols | dict.fromkeys(("A", "AL"), f"g(Z{L})") if head.members else symbols
