"""How the trace of one step is made: the equations that train, walked through once."""

from collections.abc import Callable, Iterator
from inspect import unwrap

import numpy as np

from deepstep.engines import SessionState, Settings
from deepstep.equations import (
    EQUATIONS,
    Equation,
    Head,
    LayerCache,
    LayerGradients,
    backward_layers,
    cost_from_logits,
    equation_of,
    flatten_gradients,
    formula_symbols,
    get_activation,
    get_head,
    get_optimizer,
    layer_symbols,
    model_forward,
    output_gradient,
)
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
        The update rule; gradient descent by default. Regularization is left out.
    state : SessionState, optional
        The rule's state before the step; by default that of the first step.
    """
    theta = parameters.copy()
    AL, caches = model_forward(X.copy(order="K"), theta, activations=architecture.activations)
    dZL = output_gradient(caches[-1].Z, Y, output=architecture)
    layers = list(backward_layers(dZL, caches, architecture.activations))
    update = _update(theta, layers, learning_rate, settings or Settings(), state)
    given = (
        TraceEntry("A0", 0, "input", "A0 = X", "", caches[0].linear.A_prev, columns=True),
        TraceEntry("Y", architecture.n_layers, "input", "Y, the target", "", Y.copy(order="K"), columns=True),
    )
    forward, cost = _forward(architecture, AL, caches), _cost(architecture, caches[-1].Z, Y)
    return Trace(architecture, [*given, *forward, *cost, *_backward(architecture, layers), *update])


def _forward(architecture: Architecture, AL: Array, caches: list[LayerCache]) -> Iterator[TraceEntry]:
    L = architecture.n_layers
    outputs = [*(cache.linear.A_prev for cache in caches[1:]), AL]
    for layer, (cache, A, name) in enumerate(zip(caches, outputs, architecture.activations, strict=True), 1):
        W, b, Z = cache.linear.W, cache.linear.b, cache.Z
        symbols = layer_symbols(layer, L)
        z, g = EQUATIONS["linear_forward"].written("Z", symbols), _forward_equation(name)
        yield TraceEntry(f"W{layer}", layer, "forward", f"W{layer}, the weights", "", W)
        yield TraceEntry(f"b{layer}", layer, "forward", f"b{layer}, the bias", "", b)
        yield TraceEntry(f"Z{layer}", layer, "forward", z, "linear_forward", Z, columns=True)
        yield TraceEntry(f"A{layer}", layer, "forward", g.written("A", symbols), g.name, A, columns=True)


def _cost(architecture: Architecture, ZL: Array, Y: Array) -> Iterator[TraceEntry]:
    L, head = architecture.n_layers, get_head(architecture)
    equation, symbols = _of_the_head(head, head.loss, "loss"), _head_symbols(architecture)
    formula, J = equation.written("loss", symbols), cost_from_logits(ZL, Y, output=head)
    yield TraceEntry("loss", L, "cost", formula, equation.name, head.loss(ZL, Y), columns=True)
    yield TraceEntry(
        "J", L, "cost", f"{EQUATIONS['cost_from_logits'].formula}, all wᵢ = 1", "cost_from_logits", J
    )


def _backward(architecture: Architecture, layers: list[LayerGradients]) -> Iterator[TraceEntry]:
    L = architecture.n_layers
    for layer, dZ, dW, db, _, dA_prev in layers:
        symbols, below = layer_symbols(layer, L), layer - 1
        linear, rule = EQUATIONS["linear_backward"], _backward_equation(architecture.activations[below])
        if layer == L:
            head = get_head(architecture)
            rule, symbols = _of_the_head(head, head.loss_backward, "dZL"), _head_symbols(architecture)
        quantities = (
            (f"dZ{layer}", layer, "dZ", rule, dZ),
            (f"dW{layer}", layer, "dW", linear, dW),
            (f"db{layer}", layer, "db", linear, db),
            (f"dA{below}", below, "dA_prev", linear, dA_prev),
        )
        for name, at, left, equation, value in quantities:
            formula, columns = equation.written(left, symbols), left in ("dZ", "dA_prev")
            yield TraceEntry(name, at, "backward", formula, equation.name, value, columns=columns)


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
    return layer_symbols(L, L) | formula_symbols(head, architecture.n_outputs)


def _update(
    theta: Parameters,
    layers: list[LayerGradients],
    learning_rate: float,
    settings: Settings,
    state: SessionState | None,
) -> Iterator[TraceEntry]:
    """The update as the engines do it, over flat vectors, shown for each parameter."""
    optimizer = get_optimizer(settings.optimizer)
    gradients = {
        f"d{kind}{at}": value for at, _, dW, db, _, _ in layers for kind, value in (("W", dW), ("b", db))
    }
    slots = [np.zeros_like(theta.flat) if state is None else state.slots[name] for name in optimizer.state]
    count = {"t": 1 if state is None else state.step + 1} if optimizer.counts_steps else {}
    new_theta, *new_slots = optimizer.update(
        theta.flat,
        flatten_gradients(gradients, theta, "trace"),
        *slots,
        learning_rate=learning_rate,
        **count,
        **optimizer.settings(settings.hyperparameters),
    )
    equation = optimizer.update.__name__
    after = theta.like(new_theta)
    states = {slot: theta.like(vector) for slot, vector in zip(optimizer.state, new_slots, strict=True)}
    for name in theta:
        layer, symbols = int(name[1:]), {"θ": name, "g": f"d{name}", "α": f"{learning_rate:g}"}
        symbols |= {slot: f"{slot}_d{name}" for slot in states}
        for slot, vector in states.items():
            formula = EQUATIONS[equation].written(slot, symbols)
            yield TraceEntry(f"{slot}_d{name}", layer, "update", formula, equation, vector[name])
        formula = EQUATIONS[equation].written("θ", symbols).replace(name, f"{name}′", 1)
        yield TraceEntry(f"{name}′", layer, "update", formula, equation, after[name])
