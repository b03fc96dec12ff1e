"""How the trace of one step is made: the step that trains, opened, with its formulas from the registry."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from deepstep.engines import OpenedStep, ReferenceSession, SessionState, Settings
from deepstep.equations import EQUATIONS, get_head, members_mean_backward
from deepstep.inspection.trace import Trace, TraceEntry
from deepstep.inspection.trace_backward import trace_backward
from deepstep.inspection.trace_formulas import equation_of_the_head, head_symbols
from deepstep.inspection.trace_forward import trace_forward
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
        *trace_forward(architecture, opened),
        *_cost(architecture, settings, opened),
        *trace_backward(architecture, settings, session.parameters, opened),
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


def _cost(architecture: Architecture, settings: Settings, opened: OpenedStep) -> Iterator[TraceEntry]:
    L, head, costs = architecture.n_layers, get_head(architecture), opened.costs
    equation, ZL = equation_of_the_head(head, (head.each or head).loss, "loss"), opened.caches[-1].Z
    formula, loss = equation.written("loss", head_symbols(architecture)), head.loss(ZL, opened.Y)
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
