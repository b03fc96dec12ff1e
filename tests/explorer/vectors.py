"""Numbers of the library that its twin in the explorer's page is held against, as JSON.

Each case is a training: where it starts, its batches and masks, what the first step computes, where it ends.
Cases come from the library's registries, so that what the page lacks is missed there.
"""

import json
import re
from dataclasses import dataclass, field
from inspect import signature
from pathlib import Path
from typing import Any

import numpy as np

from deepstep import Architecture, Network, Parameters
from deepstep.engines import ReferenceSession, Settings
from deepstep.equations import OPTIMIZERS, get_activation, get_head, initialize_parameters, model_forward
from deepstep.explorer.page import packed
from deepstep.explorer.shown import ACTIVATIONS
from deepstep.explorer.shown import OUTPUTS as HEADS
from deepstep.inspection import Trace
from deepstep.inspection.trace_step import trace_step
from deepstep.training.health import FLAT, layer_health
from head_examples import head_target

NOT_OFFERED = {"exponential", "softmax", "increasing", "ordinal", "heavy_ball"}
"""What the page leaves out among activations of hidden layers and update rules."""

STEPS, MANY = 50, 500
"""Updates of a case, and of one of each update rule and head."""

RATES = {"rmsprop": 2e-4}
"""Where 500 steps at the usual rate reach the minimum: RMSprop then steps by the sign of rounding."""

EDGES = (
    *(0.0, -0.0, 1e-300, -1e-8, 1e-3, -0.7, 1.3, 2.9, -2.9, 5.0, -5.0, 9.0, -9.0),
    *(39.9, -38.0, 745.0, -745.0, 1e4, -1e4),
)


@dataclass(frozen=True)
class Case:
    """One training."""

    name: str
    dims: tuple[int, ...]
    activations: tuple[str, ...]
    output: str
    optimizer: str = "gd"
    learning_rate: float = 0.05
    settings: dict[str, Any] = field(default_factory=dict)
    parts: dict[str, Any] = field(default_factory=dict)
    batch_size: int | None = None
    steps: int = STEPS


FACTORS = {
    "lr_multipliers": {"s1": 6, "b*": 0.1, "W2": 0.3},
    "weight_decay_multipliers": {"W1": 0.5, "b2": 0.25, "s1": 0.1},
}
"""Of the learning rate and of the weight decay, as members of ensembles have them."""


def cases() -> list[Case]:
    """Every update rule, every activation with a factor for each input, what regularizes, short batches."""
    rules = [rule for rule in OPTIMIZERS if rule not in NOT_OFFERED]
    scaled, smooth = {"input_scale": True}, {"output_settings": {"smoothing": 0.1}}
    found = [Case("one unit, one example", (1, 1), ("sigmoid",), "sigmoid", batch_size=1)]

    def add(
        name: str, output: str, hidden: tuple[str, ...], rule: str = "gd", rate: float = 0.05, **more: Any
    ) -> None:
        dims = (3, *(6, 4)[-len(hidden) :], 3 if output == "softmax" else 2)
        found.append(Case(f"{name}, {output}", dims, (*hidden, output), output, rule, rate, **more))

    for at, rule in enumerate(rules):
        output = HEADS[at % len(HEADS)]
        add(rule, output, ("tanh", "silu"), rule, RATES.get(rule, 0.002), steps=MANY)
    for at, g in enumerate(ACTIVATIONS):
        output, rule = HEADS[at % len(HEADS)], rules[at % 7]
        settings = {**FACTORS, "weight_decay": 0.02}
        name = f"scaled {g}, {rule}"
        add(name, output, (g, g), rule, RATES.get(rule, 0.002), settings=settings, parts=scaled)
    for output in HEADS:
        adam = (output, ("tanh", "gelu"), "adam", 0.002)
        add("l2", output, ("tanh",), settings={"l2": 0.3})
        add("dropout", *adam, settings={"dropout": 0.25}, steps=40)
        add("batches", output, ("mish",), "adamw", 0.002, batch_size=5)
        strong = {"lr_multipliers": {"s1": 6}, "l2": 0.3, "dropout": 0.25}
        add("scaled, l2, dropout", *adam, settings=strong, parts=scaled, steps=40)
        if "smoothing" in get_head(output).settings:
            add("smoothed", *adam, parts=smooth)
            add("smoothed, batches", *adam, parts={**smooth, **scaled}, batch_size=5)
    for place in ("hat", "inside"):
        hyper = {"optimizer_params": {"epsilon_at": place, "epsilon": 1e-3, "beta1": 0.8}}
        add(f"adam {place}", "sigmoid", ("tanh",), "adam", 0.01, settings=hyper)
    return found


def _arrays(values: Any) -> dict[str, Any]:
    return {name: packed(value) for name, value in values.items()}


def vector(case: Case, seed: int) -> dict[str, Any]:
    """The training of a case, walked by the reference engine."""
    rng = np.random.RandomState(seed)
    m = 1 if case.batch_size == 1 else 12
    X, Y = rng.randn(case.dims[0], m), head_target(case.output, case.dims[-1], m, seed)
    shape = Architecture(case.dims, case.activations, output=case.output, **case.parts)
    theta = initialize_parameters(case.dims, method="he", rng=rng)
    if case.parts:
        theta = Network(case.dims, **shape.network_arguments(), initialization="he", seed=seed).parameters
    theta = theta.like(theta.flat + 0.1 * rng.randn(theta.flat.size))
    settings = Settings(optimizer=case.optimizer, seed=seed, **case.settings)
    session = ReferenceSession(shape, theta.copy(), settings)
    size = case.batch_size or m
    batches, masks, first, after_first = [], [], {}, {}
    for number in range(1, case.steps + 1):
        k = (number - 1) % -(-m // size)
        batch = np.arange(m)[k * size : (k + 1) * size]
        batches.append(batch.tolist())
        masks.append(
            _arrays({f"A{layer}": mask for layer, mask in session.drawn_masks(len(batch), number).items()})
        )
        if number == 1:
            trace = trace_step(
                shape, theta, X[:, batch], Y[:, batch], learning_rate=case.learning_rate, settings=settings
            )
            first = {entry.name: packed(np.atleast_2d(entry.value)) for entry in trace}
        session.step(X[:, batch], Y[:, batch], learning_rate=case.learning_rate)
        if number == 1:
            after_first = _arrays(session.parameters)
            looked_at = looks(trace, theta, session.parameters)
    defaults = {
        name: parameter.default
        for name, parameter in signature(OPTIMIZERS[case.optimizer].update).parameters.items()
        if isinstance(parameter.default, (float, str))
    }
    network = {"layer_dims": case.dims, "activations": case.activations, "output": case.output, **case.parts}
    return {
        "name": case.name,
        "network": network,
        "training": {
            "optimizer": case.optimizer,
            "optimizer_params": {**defaults, **case.settings.get("optimizer_params", {})},
            "learning_rate": case.learning_rate,
            **{name: case.settings.get(name, 0) for name in ("l2", "dropout")},
            "weight_decay": settings.decay,
            **{
                name: settings.factors_by_name(kind, theta)
                for name, kind in (("lr_multipliers", "rate"), ("weight_decay_multipliers", "decay"))
                if case.settings.get(name)
            },
            "batch_size": case.batch_size,
            "seed": seed,
        },
        "parameters": _arrays(theta),
        "data": {"X": packed(X), "Y": packed(Y)},
        "batches": batches,
        "masks": masks if case.settings.get("dropout") else None,
        "first": {"quantities": first, "after": after_first, "health": looked_at},
        "steps": case.steps,
        "last": _arrays(session.parameters),
    }


def looks(trace: Trace, before: Parameters, after: Parameters) -> list[dict[str, float]]:
    """The sizes that the page shows of each layer, by NumPy."""
    found = []
    for layer in range(1, trace.architecture.n_layers + 1):
        names = [name for name in before if re.sub(r"\D", "", name) == str(layer)]
        gradient = np.concatenate([np.ravel(trace[f"d{name}"].value) for name in names])
        W, moved = before[f"W{layer}"], after[f"W{layer}"]
        ratio = np.linalg.norm(moved - W) / np.linalg.norm(W)
        found.append({"gradient_norm": float(np.linalg.norm(gradient)), "update_ratio": float(ratio)})
    return found


def edges() -> dict[str, Any]:
    """Every activation, forward and backward, where numbers are small, large or at a bend."""
    Z = np.array([EDGES])
    dA = np.full_like(Z, 0.75)
    with np.errstate(over="ignore"):
        values = {
            name: {
                "A": packed(get_activation(name).forward(Z)),
                "dZ": packed(get_activation(name).backward(dA, Z)),
            }
            for name in ACTIVATIONS
        }
    return {"Z": packed(Z), "dA": packed(dA), "activations": values}


def health() -> dict[str, Any]:
    """Layers with units that are dead, saturated, both on some examples alone, and alive."""
    X = np.linspace(-1.0, 1.0, 9)[np.newaxis]
    b = np.array([-800.0, -100.0, -30.0, -6.0, -5.0, -3.5, 0.0, 3.5, 5.0, 6.0, 30.0, 100.0])[:, np.newaxis]
    layers = []
    for name in (*ACTIVATIONS, "softmax"):
        theta = Parameters.from_dict(
            {"W1": np.ones((12, 1)), "b1": b, "W2": np.zeros((1, 12)), "b2": [[0.0]]}
        )
        shape = Architecture((1, 12, 1), (name, "sigmoid"))
        found = layer_health(shape, theta, X)
        AL, caches = model_forward(X, theta, activations=shape.activations)
        A = [get_activation(name).forward(caches[0].Z), AL]
        layers += [
            {
                "name": shape.activations[layer],
                "Z": packed(caches[layer].Z),
                "A": packed(A[layer]),
                "hidden": not layer,
                "dead": found[layer]["dead"],
                "saturated": found[layer]["saturated"],
            }
            for layer in range(2)
        ]
    return {"flat": FLAT, "layers": layers}


def write(path: Path) -> None:
    """All vectors into one file."""
    vectors = [vector(case, seed) for seed, case in enumerate(cases(), start=1)]
    whole = {"cases": vectors, "edges": edges(), "health": health()}
    path.write_text(json.dumps(whole, allow_nan=False), encoding="utf-8")
