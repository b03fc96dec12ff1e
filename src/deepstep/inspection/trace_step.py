"""The trace of one step: the nodes of its graph and what they left on the tape, with their formulas."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from inspect import unwrap

import numpy as np

from deepstep.engines import OpenedStep, ReferenceSession, SessionState, Settings, total_weight
from deepstep.equations import (
    EQUATIONS,
    Equation,
    Head,
    Optimizer,
    equation_of,
    formula_symbols,
    get_head,
    get_optimizer,
    l1_backward,
    l2_backward,
    members_mean_backward,
)
from deepstep.equations.ops import backward, symbol_and_layer
from deepstep.inspection.trace import Trace, TraceEntry
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
        *_forward(opened),
        *_cost(architecture, settings, opened),
        *_output(architecture, opened),
        *_backward(settings, session.parameters, opened),
        *_update(settings, session.parameters, opened),
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


def _cost(architecture: Architecture, settings: Settings, opened: OpenedStep) -> Iterator[TraceEntry]:
    L, head, costs = architecture.n_layers, get_head(architecture), opened.costs
    equation, ZL = _equation_of_the_head(head, (head.each or head).loss, "loss"), opened.ZL
    formula, loss = equation.written("loss", _head_symbols(architecture)), head.loss(ZL, opened.Y)
    if head.each is not None:
        losses = head.each.loss(ZL, members_mean_backward(opened.Y, head.members))
        formula = formula.replace("loss", "losses", 1) + ", with Y for each member"
        yield TraceEntry("losses", L, "cost", formula, equation.name, losses, columns=True)
        equation = EQUATIONS["members_mean"]
        formula = equation.written("A", {"A": "loss", "G": "losses"})
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


def _forward(opened: OpenedStep) -> Iterator[TraceEntry]:
    """What nodes read for the first time, and what they write."""
    graph, tape = opened.graph, opened.tape
    known = {"A0", *(name for node in graph.nodes for name in node.writes)}
    for node in graph.nodes:
        equation, symbols = node.op.forward_equation, node.symbols
        for symbol, name in zip(node.op.reads, node.reads, strict=True):
            if name in known:
                continue
            known.add(name)
            if name in graph.learned:
                formula = f"{name}, {graph.learned[name][1].meaning}"
                yield TraceEntry(name, node.layer, "forward", formula, "", tape[name])
            else:
                formula = equation.written(symbol, symbols)
                yield TraceEntry(
                    name, node.layer, "forward", formula, equation.name, tape[name], columns=True
                )
        for symbol, name in node.made:
            columns = symbol not in node.op.per_layer
            formula = equation.written(symbol, symbols)
            yield TraceEntry(name, node.layer, "forward", formula, equation.name, tape[name], columns=columns)


def _backward(settings: Settings, theta: Parameters, opened: OpenedStep) -> Iterator[TraceEntry]:
    """The derivatives in the order in which they become whole; what several nodes give is their sum."""
    graph, terms = opened.graph, dict[str, list[str]]()
    m, gradient = total_weight(opened.Y, opened.sample_weight), theta.like(opened.gradient)
    of_layers = {name for node in graph.nodes for symbol, name in node.made if symbol in node.op.per_layer}
    for node, found in backward(graph.nodes, opened.tape, {graph.logits: opened.dZL}):
        equation, symbols, op = node.op.backward_equation, node.symbols, node.op
        for symbol, name in zip(op.gives, node.gives, strict=True):
            terms.setdefault(name, []).append(equation.written(f"d{symbol}", symbols))
        for name in (*node.completes[1:], *node.completes[:1]):
            formula, layer = _sum(terms[name]), symbol_and_layer(name)[1]
            if name[0] == "W" and name in graph.learned:
                yield from _with_regularization(
                    settings, theta[name], name, layer, formula, equation, found[name], gradient[name], m
                )
                continue
            columns = name not in graph.learned and name not in of_layers
            yield TraceEntry(
                f"d{name}", layer, "backward", formula, equation.name, found[name], columns=columns
            )


def _sum(statements: list[str]) -> str:
    """Statements about one derivative as one; a term that has a condition in brackets."""
    if len(statements) == 1:
        return statements[0]
    left, *_ = statements[0].partition(" = ")
    terms = [text.partition(" = ")[2] for text in statements]
    return f"{left} = {' + '.join(f'({term})' if ', ' in term else term for term in terms)}"


def _with_regularization(
    settings: Settings,
    W: Array,
    name: str,
    layer: int,
    formula: str,
    equation: Equation,
    value: Array,
    whole: Array,
    m: float,
) -> Iterator[TraceEntry]:
    """dW, with its terms where the weights are regularized."""
    left = f"d{name}"
    terms = [(left, formula, equation.name, value)]
    for kind, strength, function in (("L1", settings.l1, l1_backward), ("L2", settings.l2, l2_backward)):
        if strength:
            rule, term = EQUATIONS[function.__name__], f"{left}_{kind}"
            written = rule.written("dW", {"W": name, f"dW_{kind}": term, "λ": f"{strength:g}"})
            terms.append((term, written, rule.name, function(W, strength, m)))
    if len(terms) > 1:
        terms[0] = (f"{left}_data", formula.replace(left, f"{left}_data", 1), equation.name, value)
        terms.append((left, f"{left} = {' + '.join(term[0] for term in terms)}", "", whole))
    for term, written, by, of in terms:
        yield TraceEntry(term, layer, "backward", written, by, of)


def _output(architecture: Architecture, opened: OpenedStep) -> Iterator[TraceEntry]:
    """dZ[L]; with weights the derivative of each example's own loss before."""
    L, head, symbols = architecture.n_layers, get_head(architecture), _head_symbols(architecture)
    rule = _equation_of_the_head(head, (head.each or head).loss_backward, "dZL")
    formula, name = rule.written("dZL", symbols), rule.name
    formula += ", with Y for each member" if head.members else ""
    if opened.sample_weight is not None:
        own, joined = f"∂loss/∂Z{L}", EQUATIONS["output_gradient"]
        value = head.loss_backward(opened.ZL, opened.Y)
        yield TraceEntry(
            own, L, "backward", formula.replace(f"dZ{L}", own, 1), rule.name, value, columns=True
        )
        formula, name = f"{joined.written('dZL', symbols)}, w scaled to mean 1", joined.name
    yield TraceEntry(f"dZ{L}", L, "backward", formula, name, opened.dZL, columns=True)


def _equation_of_the_head(head: Head, function: Callable[..., Array], left: str) -> Equation:
    """The equation of a head's function, which with settings is a wrapper; of a user's own one a call."""
    name = getattr(function, "__name__", head.name)
    return equation_of(unwrap(function), name, f"{left} = {name}(ZL, Y)")


def _head_symbols(architecture: Architecture) -> dict[str, str]:
    """The symbols of the output layer, with the head's settings as numbers."""
    head, L = get_head(architecture), architecture.n_layers
    symbols = {f"{name}L": f"{name}{L}" for name in ("Z", "A", "dZ", "dA")} | {
        "Z": f"Z{L}",
        "A": f"A{L}",
        "dZ": f"dZ{L}",
    }
    symbols |= formula_symbols(head, architecture.n_outputs)
    return symbols | dict.fromkeys(("A", "AL"), f"g(Z{L})") if head.members else symbols


def _update(settings: Settings, theta: Parameters, opened: OpenedStep) -> Iterator[TraceEntry]:
    """From the gradient to θ′, parameter by parameter."""
    L, rule, t = theta.n_layers, get_optimizer(settings.optimizer), opened.after.step
    if rule.counts_steps or settings.average:
        yield TraceEntry("t", L, "update", "t, the number of the step", "", float(t))
    corrected = rule.corrected(opened.after.slots, t=t, hyperparameters=settings.hyperparameters)
    averages = {**opened.after.slots, **corrected}
    for name in theta:
        yield from _of_parameter(name, settings, theta, opened, averages)
    for name, value in opened.after.statistics.items():
        kind, layer = symbol_and_layer(name)
        before, equation = f"running {name}", EQUATIONS["running_statistics"]
        formula = equation.written(kind, {kind: before, f"{kind}_batch": name})
        yield _after(before, layer, formula, equation.name, value, name=f"{before}′")


def _of_parameter(
    name: str, settings: Settings, theta: Parameters, opened: OpenedStep, averages: Mapping[str, Array]
) -> Iterator[TraceEntry]:
    """One parameter's way from its gradient to what it becomes."""
    kind, layer = symbol_and_layer(name)
    g, now = f"d{name}", name

    def part(vector: Array) -> Array:
        return theta.like(vector)[name]

    def number(factors: float | Array) -> str:
        """A rate or a decay, which is one for all entries of a parameter."""
        return f"{factors if isinstance(factors, float) else part(factors)[0, 0]:g}"

    for function, most, vector, suffix in (
        ("clip_by_value", settings.clip_value, opened.cut, "cut"),
        ("clip_by_norm", settings.clip_norm, opened.clipped, "clipped"),
    ):
        if most is not None:
            # ‖g‖ is the norm of the whole gradient
            formula = EQUATIONS[function].written("g", {"‖g‖": "‖g‖", "g": g, "c": f"{most:g}"})
            entry = _after(g, layer, formula, function, part(vector), name=f"d{name}_{suffix}")
            yield entry
            g = entry.name
    alpha = number(opened.rates)
    decay = number(opened.decays)
    if decay != "0":
        formula = EQUATIONS["decoupled_decay"].written("θ", {"θ": now, "α": alpha, "λ": decay})
        entry = _after(now, layer, formula, "decoupled_decay", part(opened.decayed), name=f"{name}_decayed")
        yield entry
        now = entry.name
    rule: Optimizer = get_optimizer(settings.optimizer)
    update = rule.of_vectors if rule.of_vectors is not None and kind != "W" else rule.update
    equation = EQUATIONS[update.__name__].with_settings(rule.settings(settings.hyperparameters))
    symbols = {"θ": now, "g": g, "α": alpha, **{symbol: f"{symbol}_d{name}" for symbol in averages}}
    for symbol, vector in averages.items():
        formula = equation.written(f"{symbol} ", symbols)
        yield TraceEntry(f"{symbol}_d{name}", layer, "update", formula, equation.name, part(vector))
    limited = settings.max_norm is not None and kind == "W"
    moved = f"{name}_moved" if limited else f"{name}′"
    yield _after(now, layer, equation.written("θ", symbols), equation.name, part(opened.moved), name=moved)
    if limited:
        formula = EQUATIONS["limit_norms"].written("W", {"W": moved, "c": f"{settings.max_norm:g}"})
        yield _after(moved, layer, formula, "limit_norms", part(opened.after.theta), name=f"{name}′")
    if opened.after.average is not None:
        name_of, equation = f"{name}_average", EQUATIONS["average_update"]
        symbols = {"θ̄": name_of, "θ": f"{name}′", "β": f"{settings.average:g}"}
        first, _, later = equation.written("θ̄", symbols).partition(" for t = 1, then ")
        formula = first if opened.before.average is None else later
        yield TraceEntry(name_of, layer, "update", formula, equation.name, part(opened.after.average))


def _after(before: str, layer: int, formula: str, equation: str, value: Array, *, name: str) -> TraceEntry:
    """What a quantity becomes: on the left side of its formula stands its new name."""
    return TraceEntry(name, layer, "update", formula.replace(before, name, 1), equation, value)
