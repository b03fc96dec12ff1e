"""The reference engine: the equations as they stand; kernels may do the later steps of small work."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple, Protocol

import numpy as np

from deepstep.engines.choice import SMALL_WORK
from deepstep.engines.draws import check_dropout, dropout_masks
from deepstep.engines.session import Batches, Session, SessionState, StepCosts
from deepstep.engines.settings import Settings
from deepstep.equations import (
    Graph,
    Head,
    Tape,
    clip_by_norm,
    clip_by_value,
    cost_from_logits,
    decoupled_decay,
    flatten_gradients,
    output_gradient,
)
from deepstep.equations.ops import backward, is_weights
from deepstep.equations.regularization import penalties
from deepstep.network import Parameters
from deepstep.preparation.batches import Examples, batch
from deepstep.types import Array


class Costs(NamedTuple):
    """The terms of J: the mean loss, and what L1 and L2 add to it."""

    data: float
    l1: float = 0.0
    l2: float = 0.0

    @property
    def total(self) -> float:
        """J."""
        return self.data + self.l1 + self.l2


def flat_gradient(
    graph: Graph, tape: Tape, dZL: Array, parameters: Parameters, *, settings: Settings, m: float
) -> Array:
    """∂J/∂θ with L1 and L2, as one vector; m is the `total_weight`."""
    gradients: dict[str, Array] = {}
    terms = penalties(settings.l1, settings.l2)
    for _, derivatives in backward(graph.nodes, tape, {graph.logits: dZL}, input_gradient=False):
        for name, value in derivatives.items():
            if name not in graph.learned:
                continue
            for term in terms if is_weights(name) else ():
                value += term.backward(parameters[name], term.strength, m)
            gradients[f"d{name}"] = value
    return flatten_gradients(gradients, parameters)


def total_weight(Y: Array, sample_weight: Array | None) -> float:
    """The number of examples, or the sum of their weights."""
    return float(Y.shape[1] if sample_weight is None else sample_weight.sum())


class OpenedStep(NamedTuple):
    """The computations of one step of the reference engine, in order, before any is done."""

    before: SessionState
    X: Array
    Y: Array
    sample_weight: Array | None
    masks: Mapping[int, Array]  # D / keep_prob by layer
    graph: Graph
    tape: Tape
    costs: Costs
    dZL: Array
    gradient: Array  # ∂J/∂θ, then after `clip_by_value`, then after `clip_by_norm`
    cut: Array
    clipped: Array
    decayed: Array  # θ after the decoupled decay
    rates: float | Array  # α and λ, with the factors of the groups of parameters
    decays: float | Array
    after: SessionState

    @property
    def AL(self) -> Array:
        """Output of the network."""
        return self.tape[self.graph.output]

    @property
    def ZL(self) -> Array:
        """Logits."""
        return self.tape[self.graph.logits]


class Mistake(Protocol):
    """A mistake of the backward pass, with which a class may see a training go wrong."""

    @property
    def regularized(self) -> bool: ...

    def applied(
        self, graph: Graph, tape: Tape, dZL: Array, Y: Array, sample_weight: Array | None, head: Head
    ) -> tuple[Graph, Array]: ...


class ReferenceSession(Session):
    """Trains with the equations, on NumPy, in float64 or float32."""

    name = "reference"
    mistake: Mistake | None = None

    def _make_ready(self, parameters: Parameters) -> None:
        self._optimizer_params = self._optimizer.settings(self.settings.optimizer_params)
        self._rate_factors = self.settings.factors("rate", parameters)
        self._decay_factors = self.settings.factors("decay", parameters)
        self._parameters = parameters

    def _take(self, state: SessionState) -> None:
        # one object, replaced as a whole: an interruption finds the state before a step or the one after it
        self._state = state

    @property
    def parameters(self) -> Parameters:
        if self._parameters.flat is not self._state.theta:
            self._parameters = self._parameters_like(self._state.theta)
        return self._parameters

    def step(self, X: Array, Y: Array, **options: Any) -> float:
        opened = self.open_step(X, Y, **options)
        self._state = opened.after
        return opened.costs.total

    def open_step(
        self,
        X: Array,
        Y: Array,
        *,
        learning_rate: float,
        sample_weight: Array | None = None,
        weight_decay: float = 1.0,
        dropout: float = 1.0,
        masks: Mapping[int, Array] | None = None,
    ) -> OpenedStep:
        """The parts of `step`, without an update. With ``masks`` these units are dropped."""
        before, number, settings = self._state, self._state.step + 1, self.settings
        masks = self.drawn_masks(X.shape[1], number, dropout) if masks is None else dict(masks)
        graph, tape = self._forward(X, masks=masks)
        costs, graph, dZL, gradient = self._cost_and_gradient(graph, tape, Y, sample_weight)
        cut = clipped = gradient
        if settings.clip_value is not None:
            cut = clipped = clip_by_value(cut, most=float(settings.clip_value))
        if settings.clip_norm is not None:
            clipped = clip_by_norm(cut, most=float(settings.clip_norm))
        rates = _times(float(learning_rate), self._rate_factors)
        decays: float | Array
        decays, decayed = settings.decay * weight_decay, before.theta
        if decays:
            decays = _times(decays, self._decay_factors)
            decayed = decoupled_decay(decayed, learning_rate=rates, weight_decay=decays)
        theta, slots = self._moved(decayed, clipped, number, rates)
        after = SessionState(theta, slots, number, self._statistics_after(graph, tape))
        return OpenedStep(
            *(before, X, Y, sample_weight, masks, graph, tape, costs, dZL),
            *(gradient, cut, clipped, decayed, rates, decays, after),
        )

    def _do(self, examples: Examples, batches: Batches, results: StepCosts) -> None:
        for position, number in enumerate(batches.numbers):
            rows = batch(batches.order, len(examples), batches.batch_size, number)
            X, Y, weight = examples.take(rows)
            if weight is None or weight.any():  # a batch whose weights are all 0 teaches nothing
                rate, decay, dropout = batches.rates[:, position].tolist()
                results.costs[position] = self.step(
                    X, Y, learning_rate=rate, sample_weight=weight, weight_decay=decay, dropout=dropout
                )
                results.sizes[position] = Y.shape[1]

    def cost(self, X: Array, Y: Array, *, sample_weight: Array | None = None) -> float:
        graph, tape = self._predicting(X)
        return cost_from_logits(tape[graph.logits], Y, output=self._head, sample_weight=sample_weight)

    def cost_and_gradient(
        self,
        X: Array,
        Y: Array,
        *,
        sample_weight: Array | None = None,
        masks: Mapping[int, Array] | None = None,
    ) -> tuple[float, Array]:
        """J and ∂J/∂θ; nothing is updated. With ``masks`` units are dropped."""
        costs, _, _, gradient = self._cost_and_gradient(*self._forward(X, masks=masks), Y, sample_weight)
        return costs.total, gradient

    def forward(self, X: Array) -> Array:
        graph, tape = self._predicting(X)
        return tape[graph.output]

    def settle(self, X: Array) -> None:
        if self._state.statistics:
            settled = self._statistics_after(*self._forward(X), momentum=1.0)
            self._state = replace(self._state, statistics=settled)

    def drawn_masks(self, m: int, number: int, factor: float = 1.0) -> dict[int, Array]:
        """The dropout masks of a step by layer."""
        check_dropout(self._dropout, [factor], number)
        rates, seed = tuple(factor * rate for rate in self._dropout), self.settings.seed
        return dropout_masks(self.architecture, rates, m, seed=seed, step=number, dtype=self._dtype)

    def state(self) -> SessionState:
        return self._state

    def load(self, state: SessionState) -> None:
        """Go on from a state, in this session's precision: what `_take` keeps is a copy."""
        slots, statistics = (
            {name: np.array(value, self._dtype) for name, value in values.items()}
            for values in (state.slots, state.statistics)
        )
        theta = np.array(state.theta, self._dtype)
        super().load(SessionState(theta, slots, int(state.step), statistics))

    def _forward(self, X: Array, *, masks: Mapping[int, Array] | None = None) -> tuple[Graph, Tape]:
        """The forward pass of training: the batch's own statistics."""
        return self.architecture.run(X, self.parameters, masks=masks)

    def _predicting(self, X: Array) -> tuple[Graph, Tape]:
        """The forward pass of prediction: running statistics, no dropout."""
        return self.architecture.run(X, self.parameters, statistics=self._state.statistics)

    def _cost_and_gradient(
        self, graph: Graph, tape: Tape, Y: Array, sample_weight: Array | None
    ) -> tuple[Costs, Graph, Array, Array]:
        """The terms of J, the graph with the mistake if there is one, dZL, and ∂J/∂θ."""
        ZL, theta, head = tape[graph.logits], self.parameters, self._head
        m, settings = total_weight(Y, sample_weight), self.settings
        weights = [value for name, value in theta.items() if is_weights(name)]
        added = {
            term.name: term.cost(weights, term.strength, m) for term in penalties(settings.l1, settings.l2)
        }
        costs = Costs(cost_from_logits(ZL, Y, output=head, sample_weight=sample_weight), **added)
        dZL = output_gradient(ZL, Y, output=head, sample_weight=sample_weight)
        if self.mistake is not None:
            graph, dZL = self.mistake.applied(graph, tape, dZL, Y, sample_weight, head)
            settings = settings if self.mistake.regularized else replace(settings, l1=0.0, l2=0.0)
        gradient = flat_gradient(graph, tape, dZL, theta, settings=settings, m=m)
        return costs, graph, dZL, gradient

    def _moved(
        self, theta: Array, gradient: Array, number: int, rates: float | Array
    ) -> tuple[Array, dict[str, Array]]:
        """θ and the slots after the update rule."""
        rule = self._optimizer
        count: dict[str, Any] = {"t": number} if rule.counts_steps else {}
        if rule.of_matrices:
            count["layout"] = self.architecture.layout
        slots = [self._state.slots[name] for name in rule.state]
        theta, *slots = rule.update(
            theta, gradient, *slots, learning_rate=rates, **count, **self._optimizer_params
        )
        return theta, dict(zip(rule.state, slots, strict=True))

    def _statistics_after(self, graph: Graph, tape: Tape, **momentum: float) -> Mapping[str, Array]:
        """The running statistics with those of a batch."""
        statistics = dict(self._state.statistics)
        for node in graph.nodes:
            if node.op.running is not None:
                names = [node.names[symbol] for symbol in node.op.running.start]
                old, new = ([values[name] for name in names] for values in (statistics, tape))
                m = tape[node.reads[0]].shape[1]
                statistics |= zip(names, node.op.running.update(*old, *new, m, **momentum), strict=True)
        return statistics


def _times(number: float, factors: Array | None) -> float | Array:
    return number if factors is None else number * factors


FIRST_STEPS = 3000
"""Half a second of the equations: as long as kernels take to be loaded; to be compiled they take ten.

The number of the step alone decides, so that a training that is resumed, or lasts longer, has the bits
of an uninterrupted one.
"""


class SmallSession(ReferenceSession):
    """The equations for so many steps, then whatever ``engine="auto"`` takes for larger work."""

    why = SMALL_WORK
    _later: Session | None = None

    def prepare(self, steps: int = 1) -> None:
        """Load the kernels of the later steps, where there will be any."""
        if self._later is None and self._state.step + steps > FIRST_STEPS:
            self._later = self._open_later()

    def _do(self, examples: Examples, batches: Batches, results: StepCosts) -> None:
        done, n = 0, len(batches.numbers)
        while done < n and self._state.step < FIRST_STEPS:  # a batch without weight is no step
            part = slice(done, min(n, done + FIRST_STEPS - self._state.step))
            super()._do(examples, batches.part(part), results.part(part))
            if not results.part(part).finite:
                return
            done = part.stop
        if done == n:
            return
        if self._later is None:
            self._later = self._open_later()
        rest, later = slice(done, n), self._later
        later.load(self._state)
        later._do(examples, batches.part(rest), results.part(rest))
        self._take(later.state())
        self.name, self.why = later.name, later.why

    def _open_later(self) -> Session:
        from deepstep.engines import open_session

        statistics = self._state.statistics
        later = open_session("auto", self.architecture, self.parameters, self.settings, statistics=statistics)
        later.spans = self.spans
        later.prepare()
        return later
