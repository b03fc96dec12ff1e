"""From a training step to its trace: the nodes of the graph and the quantities on the tape, with formulas."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from inspect import unwrap
from typing import Any

import numpy as np

from deepstep.data.text_formats import html_table
from deepstep.engines import Mistake, OpenedStep, ReferenceSession, SessionState, Settings, total_weight
from deepstep.equations import (
    EQUATIONS,
    Equation,
    equation_of,
    formula_symbols,
    get_activation,
    get_head,
    get_optimizer,
)
from deepstep.equations.activations import activation_op
from deepstep.equations.costs import relative_weights
from deepstep.equations.example_gradients import euclidean_norm as norm
from deepstep.equations.ops import backward, is_weights, symbol_and_layer
from deepstep.equations.regularization import penalties
from deepstep.inspection.trace import Trace, TraceEntry
from deepstep.network import Architecture, Parameters
from deepstep.training import Update
from deepstep.types import Array


def trace_step(
    architecture: Architecture,
    parameters: Parameters,
    X: Array,
    Y: Array,
    *,
    settings: Settings | None = None,
    state: SessionState | None = None,
    statistics: Mapping[str, Array] | None = None,
    with_update: bool = True,
    mistake: Mistake | None = None,
    **step: Any,
) -> Trace:
    """Make one step, from ``state`` or the first one, by `ReferenceSession.open_step`; keep copies of all."""
    settings = settings or Settings()
    session = ReferenceSession(architecture, parameters.copy(), settings, statistics)
    if state is not None:
        session.load(replace(state, theta=parameters.flat))
    session.mistake = mistake
    opened = session.open_step(X.copy(order="K"), Y.copy(order="K"), **step)
    entries = _Walk(architecture, settings, session.parameters, opened).entries(with_update)
    return Trace(architecture, list(entries), settings=settings, graph=opened.graph)


@dataclass(frozen=True)
class Step:
    """One update of `Network.steps`.

    Attributes
    ----------
    update : Update
        The record of the training loop.
    after : Parameters
        θ after the update.
    architecture : Architecture
    settings : Settings
        Optimizer and regularization.
    mistake : Mistake, optional
        Mistake of the backward pass that the training is made with, for teaching.

    Examples
    --------
    >>> from deepstep import Network
    >>> net = Network([1, 1], initialization="zeros", seed=1)
    >>> for step in net.steps([[-1.0, 1.0]], [[0, 1]], learning_rate=1.0, iterations=2):
    ...     print(step.number, step.trace()["dW1"].value, step.after["W1"])
    1 [[-0.5]] [[0.5]]
    2 [[-0.37754067]] [[0.87754067]]
    """

    update: Update
    after: Parameters
    architecture: Architecture
    settings: Settings
    mistake: Mistake | None = None

    @property
    def number(self) -> int:
        """Number of the update, from 1."""
        return self.update.number

    @property
    def epoch(self) -> int:
        """Number of the epoch, from 0."""
        return self.update.epoch

    @property
    def cost(self) -> float:
        """J of the batch before the update."""
        return self.update.cost

    @property
    def X(self) -> Array:
        """Inputs of the batch, (n_x, k)."""
        return self.update.X

    @property
    def Y(self) -> Array:
        """Targets of the batch, (n_L, k)."""
        return self.update.Y

    @property
    def learning_rate(self) -> float:
        """α."""
        return self.update.learning_rate

    @property
    def state(self) -> SessionState:
        """θ and the optimizer's state before the update."""
        return self.update.before

    @property
    def before(self) -> Parameters:
        """θ before the update."""
        return self.after.like(self.update.before.theta)

    def _repr_html_(self) -> str:
        rows = [
            (name, "×".join(map(str, old.shape)), f"{norm(old):.4g}", f"{norm(self.after[name] - old):.4g}")
            for name, old in self.before.items()
        ]
        update = f"Update {self.number}, epoch {self.epoch}"
        caption = f"{update}: cost {self.cost:.6g}, learning rate {self.learning_rate:g}"
        return html_table(("parameter", "shape", "norm before", "norm of the change"), rows, caption=caption)

    def trace(self) -> Trace:
        """The trace of the step, with the optimizer's update.

        Returns
        -------
        Trace
            Every quantity of the step.
        """
        update = self.update
        names = ("learning_rate", "sample_weight", "weight_decay", "dropout", "masks")
        options: dict[str, Any] = {name: getattr(update, name) for name in names}
        options |= {"settings": self.settings, "state": update.before, "mistake": self.mistake}
        return trace_step(self.architecture, self.before, update.X, update.Y, **options)


class _Walk:
    """The entries of an opened step, phase by phase."""

    def __init__(
        self, architecture: Architecture, settings: Settings, theta: Parameters, opened: OpenedStep
    ) -> None:
        self.settings, self.theta, self.opened = settings, theta, opened
        self.head, self.L = get_head(architecture), architecture.n_layers
        self.m = total_weight(opened.Y, opened.sample_weight)
        self.by_output = self.head.activation != "identity"
        self.symbols = {
            **{f"{name}L": f"{name}{self.L}" for name in ("Z", "A", "dZ", "dA")},
            **{name: f"{name}{self.L}" for name in ("Z", "A", "dZ")},
            **formula_symbols(self.head, architecture.n_outputs),
        }

    def entries(self, with_update: bool) -> Iterator[TraceEntry]:
        yield from self.inputs()
        yield from self.forward()
        yield from self.cost()
        yield from self.output()
        yield from self.backward()
        if with_update:
            yield from self.update()

    def inputs(self) -> Iterator[TraceEntry]:
        opened = self.opened
        yield TraceEntry("A0", 0, "input", "A0 = X", "", opened.X, columns=True)
        yield TraceEntry("Y", self.L, "input", "Y, the target", "", opened.Y, columns=True)
        if opened.sample_weight is not None:
            row = np.array(opened.sample_weight)[np.newaxis]
            yield TraceEntry("w", self.L, "input", "w, the weights of the examples", "", row, columns=True)

    def forward(self) -> Iterator[TraceEntry]:
        """The quantities that nodes read first, and those that they write."""
        graph, tape = self.opened.graph, self.opened.tape
        known = {"A0", *(name for node in graph.nodes for name in node.writes)}
        for node in graph.nodes:
            equation, layer = node.op.forward_equation, node.layer
            new = [pair for pair in zip(node.op.reads, node.reads, strict=True) if pair[1] not in known]
            known.update(node.reads)
            for symbol, name in (*new, *node.made):
                if name in graph.learned:
                    formula = f"{name}, {graph.learned[name][1].meaning}"
                    yield TraceEntry(name, layer, "forward", formula, "", tape[name])
                    continue
                formula, columns = equation.written(symbol, node.symbols), symbol not in node.op.per_layer
                yield TraceEntry(name, layer, "forward", formula, equation.name, tape[name], columns)

    def cost(self) -> Iterator[TraceEntry]:
        head, L, settings, opened = self.head, self.L, self.settings, self.opened
        ZL, Y, costs = opened.ZL, opened.Y, opened.costs
        equation = _equation_of(head.loss, head.name, "loss")
        formula = equation.written("loss", self.symbols)
        yield TraceEntry("loss", L, "cost", formula, equation.name, head.loss(ZL, Y), columns=True)
        if self.by_output and head.textbook is not None:
            equation = _equation_of(head.textbook, head.name, "loss")
            formula = equation.written("loss", self.symbols).replace("loss", f"loss_A{L}", 1)
            loss = head.textbook(opened.AL, Y)
            yield TraceEntry(f"loss_A{L}", L, "cost", formula, equation.name, loss, columns=True)
        added = [
            (f"{term.name}_cost", f"J_{term.name.upper()}", term.strength, getattr(costs, term.name))
            for term in penalties(settings.l1, settings.l2)
        ]
        data, formula = "J_data" if added else "J", EQUATIONS["cost_from_logits"].written("J", {})
        formula = formula.replace("J", data, 1) + (", all wᵢ = 1" if opened.sample_weight is None else "")
        yield TraceEntry(data, L, "cost", formula, "cost_from_logits", costs.data)
        for name, term, strength, value in added:
            formula = EQUATIONS[name].written(term, {"λ": f"{strength:g}"})
            yield TraceEntry(term, L, "cost", formula, name, value)
        if added:
            formula = f"J = {' + '.join([data, *(term for _, term, _, _ in added)])}"
            yield TraceEntry("J", L, "cost", formula, "", costs.total)

    def output(self) -> Iterator[TraceEntry]:
        """dZ[L], after dA[L]; with sample weights, after the derivative of the loss of each example."""
        head, L, opened = self.head, self.L, self.opened
        yield from self.textbook()
        rule = _equation_of(head.loss_backward, head.name, "dZL")
        formula = rule.written("dZL", self.symbols)
        if opened.sample_weight is not None:
            name, value = f"∂loss/∂Z{L}", head.loss_backward(opened.ZL, opened.Y)
            formula = formula.replace(f"dZ{L}", name, 1)
            yield TraceEntry(name, L, "backward", formula, rule.name, value, columns=True)
            rule = EQUATIONS["output_gradient"]
            formula = f"{rule.written('dZL', self.symbols)}, w scaled to mean 1"
        yield TraceEntry(f"dZ{L}", L, "backward", formula, rule.name, opened.dZL, columns=True)

    def textbook(self) -> Iterator[TraceEntry]:
        """dA[L] and dZ[L] of the chain rule by the output: not finite where a sure answer is wrong."""
        head, L, opened, backward = self.head, self.L, self.opened, self.head.textbook_backward
        if backward is None:
            return
        rule = _equation_of(backward, head.name, "dAL")
        formula, dAL = rule.written("dAL", self.symbols), backward(opened.AL, opened.Y)
        if not formula.startswith(f"dA{L}"):  # AL = ZL: the derivative by the logits
            formula = rule.written("dZL", {**self.symbols, "ZL": f"A{L}", "dZL": f"dA{L}"})
        if opened.sample_weight is not None:
            weights = relative_weights(opened.sample_weight, dAL.dtype)
            formula, dAL = formula.replace(" = ", " = w ∘ ", 1) + ", w scaled to mean 1", dAL * weights
        yield TraceEntry(f"dA{L}", L, "backward", formula, rule.name, dAL, columns=True)
        if not self.by_output:
            return
        activation = get_activation(head.activation)
        rule = activation_op(head.activation).backward_equation
        symbols = {"dA": f"dA{L}", "A": f"A{L}", "Z": f"Z{L}"}
        formula = rule.written("dZ", symbols).replace("dZ", f"dZ{L}_chain", 1)
        if "dU" in formula:
            formula += f",  {rule.written('dU', symbols)}"
        with np.errstate(over="ignore", invalid="ignore"):  # inf · 0 has no value
            dZL = activation.backward(dAL, opened.ZL)
        yield TraceEntry(f"dZ{L}_chain", L, "backward", formula, rule.name, dZL, columns=True)

    def backward(self) -> Iterator[TraceEntry]:
        """The derivatives in the order in which they are complete; several nodes may add to one."""
        graph, terms = self.opened.graph, dict[str, list[str]]()
        per_layer = {*graph.learned}.union(*(node.written(node.op.per_layer) for node in graph.nodes))
        start = {graph.logits: self.opened.dZL}
        for node, derivatives in backward(graph.nodes, self.opened.tape, start):
            equation, op = node.op.backward_equation, node.op
            for symbol, name in zip(op.gives, node.gives, strict=True):
                terms.setdefault(name, []).append(equation.written(f"d{symbol}", node.symbols))
            for name in (*node.completes[1:], *node.completes[:1]):
                entry = TraceEntry(
                    f"d{name}",
                    symbol_and_layer(name)[1],
                    "backward",
                    _sum(terms[name]),
                    equation.name,
                    derivatives[name],
                    columns=name not in per_layer,
                )
                weights = name in graph.learned and is_weights(name)
                yield from self.regularized(name, entry) if weights else [entry]

    def regularized(self, name: str, entry: TraceEntry) -> Iterator[TraceEntry]:
        """dW, with its terms if the weights are regularized."""
        terms, left = [], entry.name
        for penalty in penalties(self.settings.l1, self.settings.l2):
            rule = EQUATIONS[f"{penalty.name}_backward"]
            kind, strength = penalty.name.upper(), penalty.strength
            term, value = f"{left}_{kind}", penalty.backward(self.theta[name], strength, self.m)
            formula = rule.written("dW", {"W": name, f"dW_{kind}": term, "λ": f"{strength:g}"})
            terms.append(replace(entry, name=term, formula=formula, equation=rule.name, value=value))
        if not terms:
            yield entry
            return
        data = f"{left}_data"
        terms.insert(0, replace(entry, name=data, formula=entry.formula.replace(left, data, 1)))
        yield from terms
        formula = f"{left} = {' + '.join(term.name for term in terms)}"
        total = self.theta.like(self.opened.gradient)[name]
        yield replace(entry, formula=formula, equation="", value=total)

    def update(self) -> Iterator[TraceEntry]:
        """From the gradient to θ′, for each parameter."""
        settings, after = self.settings, self.opened.after
        rule, t = get_optimizer(settings.optimizer), after.step
        if rule.counts_steps:
            yield TraceEntry("t", self.L, "update", "t, the number of the step", "", float(t))
        corrected = rule.corrected(after.slots, t=t, optimizer_params=settings.optimizer_params)
        for name in self.theta:
            yield from self.moved(name, {**after.slots, **corrected})
        for name, value in after.statistics.items():
            kind, layer = symbol_and_layer(name)
            before, equation = f"running {name}", EQUATIONS["running_statistics"]
            formula = equation.written(kind, {kind: before, f"{kind}_batch": name})
            yield _becomes(f"{before}′", before, layer, formula, equation, value)

    def moved(self, name: str, averages: Mapping[str, Array]) -> Iterator[TraceEntry]:
        """One parameter, from its gradient to its new value."""
        settings, opened, (_, layer) = self.settings, self.opened, symbol_and_layer(name)
        g, now = f"d{name}", name

        def part(vector: Array) -> Array:
            return self.theta.like(vector)[name]

        def number(factors: float | Array) -> str:
            """A rate or a decay, which is the same for all entries of a parameter."""
            return f"{factors if isinstance(factors, float) else part(factors)[0, 0]:g}"

        def step(to: str, before: str, rule: str, left: str, vector: Array, **symbols: Any) -> TraceEntry:
            formula = EQUATIONS[rule].written(left, symbols)
            return _becomes(to, before, layer, formula, EQUATIONS[rule], part(vector))

        for rule, most, vector, suffix in (
            ("clip_by_value", settings.clip_value, opened.cut, "cut"),
            ("clip_by_norm", settings.clip_norm, opened.clipped, "clipped"),
        ):
            if most is not None:
                # ‖g‖ is the norm of the whole gradient
                symbols = {"‖g‖": "‖g‖", "g": g, "c": f"{most:g}"}
                yield step(f"d{name}_{suffix}", g, rule, "g", vector, **symbols)
                g = f"d{name}_{suffix}"
        alpha, decay = number(opened.rates), number(opened.decays)
        if decay != "0":
            symbols = {"θ": now, "α": alpha, "λ": decay}
            yield step(f"{name}_decayed", now, "decoupled_decay", "θ", opened.decayed, **symbols)
            now = f"{name}_decayed"
        optimizer = get_optimizer(settings.optimizer)
        rule = getattr(optimizer.update, "__name__", "rule")
        calls = ",  ".join(f"{left} := {rule}(θ, g, α)" for left in ("θ", *averages))
        equation = equation_of(optimizer.update, rule, calls)
        equation = equation.with_settings(optimizer.settings(settings.optimizer_params))
        symbols = {"θ": now, "g": g, "α": alpha, **{symbol: f"{symbol}_d{name}" for symbol in averages}}
        for symbol, vector in averages.items():
            formula = equation.written(f"{symbol} ", symbols)
            yield TraceEntry(f"{symbol}_d{name}", layer, "update", formula, equation.name, part(vector))
        theta = part(opened.after.theta)
        yield _becomes(f"{name}′", now, layer, equation.written("θ", symbols), equation, theta)


def _sum(statements: list[str]) -> str:
    """The sum of statements about one derivative, with conditional terms in brackets."""
    if len(statements) == 1:
        return statements[0]
    left = statements[0].partition(" = ")[0]
    terms = [text.partition(" = ")[2] for text in statements]
    return f"{left} = {' + '.join(f'({term})' if ', ' in term else term for term in terms)}"


def _equation_of(function: Callable[..., Array], head: str, left: str) -> Equation:
    """The equation of a head's function, without the wrapper of its settings; a call for a user's own."""
    name = getattr(function, "__name__", head)
    return equation_of(unwrap(function), name, f"{left} = {name}(ZL, Y)")


def _becomes(
    name: str, before: str, layer: int, formula: str, equation: Equation, value: Array
) -> TraceEntry:
    """A quantity after a change, with its new name on the left side of the formula."""
    return TraceEntry(name, layer, "update", formula.replace(before, name, 1), equation.name, value)
