"""The reference engine against a plain loop over the equations, for everything in `Settings`.

The loop knows neither flat vectors nor sessions. Update rules and normalizations are those of
`deepstep.equations`, which tests/equations compares with torch's, and masks are of `deepstep.engines.draws`.
"""

from fnmatch import fnmatchcase
from itertools import product

import numpy as np
import pytest

from deepstep.engines import Settings, open_session
from deepstep.engines.draws import dropout_masks
from deepstep.equations import (
    ACTIVATIONS,
    HEADS,
    NORMALIZATIONS,
    OPTIMIZERS,
    cost_from_logits,
    initialize_parameters,
    output_gradient,
    running_statistics,
)
from deepstep.network import Architecture, Parameters
from deepstep.preparation.batches import Examples
from head_examples import head_settings, head_target

STEPS = 5
RATE, SLOW, SLOWER = 0.05, {"exponential": 0.001, "increasing": 0.0002}, {"poisson": 0.02}
"""Learning rates; by activation, where outputs are so large that the usual one diverges; factors by head."""

SHAPES = {
    "one layer": ((3, 2), 5, None),
    "one unit everywhere": ((1, 1, 1), 4, None),
    "one example": ((3, 4, 2), 1, None),
    "deep, short last batch": ((4, 5, 4, 2), 11, 4),
    "batches of one": ((2, 4, 2), 5, 1),
    "wide": ((3, 40, 3), 19, 8),
}
"""Layer sizes, examples, batch size."""

REGULARIZES = {
    "nothing": {},
    "l1": {"l1": 0.3},
    "l1 and l2": {"l1": 0.2, "l2": 0.4},
    "weight decay": {"weight_decay": 0.5},
    "weight decay of all": {"weight_decay": 0.5, "weight_decay_multipliers": {"*": 1.0}},
    "weight decay of W1 alone": {"weight_decay": 0.5, "weight_decay_multipliers": {"W*": 0.0, "W1": 2.0}},
    "dropout": {"dropout": 0.4},
    "clip norm": {"clip_norm": 0.1},
    "clip value": {"clip_value": 0.01},
    "both clips": {"clip_value": 0.02, "clip_norm": 0.03},
    "rates of groups": {"lr_multipliers": {"b*": 0.1, "W1": 3.0}},
    "all at once": {
        "l1": 0.1, "l2": 0.1, "weight_decay": 0.2, "dropout": 0.2,
        "clip_norm": 0.5, "clip_value": 0.2, "lr_multipliers": {"b*": 0.5},
    },
}  # fmt: skip


def problem(shape, activation, output, rng, **parts):
    """An architecture, its parameters and its examples; the numbers are those of float32."""
    sizes, m, _ = SHAPES[shape]
    names = (*[activation] * (len(sizes) - 2), HEADS[output].activation)
    architecture = Architecture(sizes, names, output, head_settings(output, sizes[-1]), **parts)
    values = initialize_parameters(sizes, method="glorot", rng=np.random.RandomState(0))
    ones = {name: np.ones(size) for name, size in architecture.layout}
    parameters = Parameters.from_dict({**ones, **values})
    parameters.flat[:] += 0.1 * rng.standard_normal(parameters.flat.size)  # biases too, and no relu at a kink
    parameters.flat[:] *= 0.3 if activation in SLOW else 1
    X, Y = rng.standard_normal((m, sizes[0])), head_target(output, sizes[-1], m).T
    drawn = (part.astype(np.float32).astype(float) for part in (X, Y, rng.uniform(0.5, 2, size=m)))
    return architecture, parameters.astype(np.float32).astype(float), Examples(*drawn)


def plain_gradients(architecture, theta, X, Y, weight, settings, masks, running):
    """J and its derivatives, layer by layer; a dictionary in, a dictionary out."""
    L, m, total = architecture.n_layers, X.shape[1], X.shape[1] if weight is None else weight.sum()
    A, inputs, logits, hats = X, {}, {}, {}
    for layer in range(1, L + 1):
        inputs[layer] = A = theta["s1"] * A if layer == 1 and "s1" in theta else A
        Z, kind = theta[f"W{layer}"] @ A, "none" if layer == L else architecture.normalization[layer - 1]
        if kind != "none":
            hats[layer] = NORMALIZATIONS[kind].forward(Z)
            if kind == "batch":
                running[layer] = running_statistics(*running[layer], *hats[layer][1:3], X.shape[1])
            Z = theta[f"gamma{layer}"] * hats[layer].U_hat
        logits[layer] = Z = Z + theta[f"b{layer}"]
        A = ACTIVATIONS[architecture.activations[layer - 1]].forward(Z) * masks.get(layer, 1)
    weights = [theta[f"W{layer}"] for layer in range(1, L + 1)]
    J = cost_from_logits(Z, Y, output=architecture, sample_weight=weight)
    J += settings.l1 / total * sum(np.abs(W).sum() for W in weights)
    J += settings.l2 / (2 * total) * sum((W**2).sum() for W in weights)
    dZ, g = output_gradient(Z, Y, output=architecture, sample_weight=weight), {}
    for layer in range(L, 0, -1):
        W, dU = theta[f"W{layer}"], dZ
        g[f"b{layer}"] = dZ.sum(axis=1, keepdims=True) / m
        if layer in hats:
            hat, _, _, deviation = hats[layer]
            g[f"gamma{layer}"] = (dZ * hat).sum(axis=1, keepdims=True) / m
            back = NORMALIZATIONS[architecture.normalization[layer - 1]].backward
            dU = back(dZ * theta[f"gamma{layer}"], hat, deviation)
        g[f"W{layer}"] = dU @ inputs[layer].T / m + settings.l1 / total * np.sign(W) + settings.l2 / total * W
        if layer == 1 and "s1" in theta:
            g["s1"] = np.sum(W.T @ dU * X, axis=1, keepdims=True) / m
        if layer > 1:
            backward = ACTIVATIONS[architecture.activations[layer - 2]].backward
            dZ = backward(W.T @ dU * masks.get(layer - 1, 1), logits[layer - 1])
    return J, g


def factor_of(name, factors, otherwise):
    return next((f for pattern, f in reversed(factors.items()) if fnmatchcase(name, pattern)), otherwise)


def plain_step(architecture, theta, memory, batch, rule, settings, t, rate, factors):
    """One step; J before it, the new θ."""
    X, Y, weight = batch
    decay_factor, dropout_factor = factors
    draw = {"seed": settings.seed, "step": t, "dtype": np.dtype(float)}
    rates = tuple(dropout_factor * one for one in settings.dropout_of(architecture))
    masks = dropout_masks(architecture, rates, X.shape[1], **draw)
    J, g = plain_gradients(architecture, theta, X, Y, weight, settings, masks, memory["running"])
    if settings.clip_value:
        g = {name: np.clip(value, -settings.clip_value, settings.clip_value) for name, value in g.items()}
    if settings.clip_norm:
        norm = np.sqrt(sum((value**2).sum() for value in g.values()))
        g = {name: value * min(1.0, settings.clip_norm / (norm or 1)) for name, value in g.items()}
    update, new, count = OPTIMIZERS[rule], {}, {}
    decay = update.weight_decay if settings.weight_decay is None else settings.weight_decay
    if update.counts_steps:
        count["t"] = t
    for name, value in theta.items():
        own = rate * factor_of(name, settings.lr_multipliers, 1.0)
        by = decay * decay_factor * factor_of(name, settings.weight_decay_multipliers, float(name[0] == "W"))
        slots = memory["rule"].get(name, [np.zeros_like(value) for _ in update.state])
        decayed = value * (1 - own * by)
        new[name], *slots = update.update(decayed, g[name], *slots, learning_rate=own, **count)
        memory["rule"][name] = slots
    return J, new


def flat(theta, parameters):
    return np.concatenate([theta[name].ravel() for name in parameters])


@pytest.mark.parametrize("shape", SHAPES)
def test_the_reference_does_as_the_plain_loop(shape, fresh_seed):
    """Every activation with every head; rule, regularization, normalization and factors are drawn."""
    rng = np.random.default_rng(fresh_seed)
    _, m, batch_size = SHAPES[shape]
    of_all, cases = batch_size or m, list(product(ACTIVATIONS, HEADS))
    for activation, output in cases[list(SHAPES).index(shape) :: len(SHAPES)]:
        if (activation, output) == ("increasing", "poisson"):
            continue  # the means begin at up to e^31 and no rate suits them
        rule, regularizes = str(rng.choice(list(OPTIMIZERS))), str(rng.choice(list(REGULARIZES)))
        # of one example, or of a bias before statistics over the batch, gradients are noise
        kinds = [("none", "none"), *([] if "one" in shape else [("batch", "layer"), ("layer", "none")])]
        normalization = kinds[rng.integers(len(kinds))][: len(SHAPES[shape][0]) - 2]
        factors, weighted = rng.integers(2, size=2).astype(bool).tolist()
        if activation in SLOW:  # what makes such outputs still larger would make them infinite
            regularizes, normalization, factors = "nothing", kinds[0][: len(normalization)], False
        if shape == "one unit everywhere":
            rule = "gd"  # a unit that is constant has noise for a gradient, and Adam divides it by noise
        parts = {"normalization": normalization, "input_scale": factors}
        architecture, parameters, examples = problem(shape, activation, output, rng, **parts)
        settings = Settings(rule, **REGULARIZES[regularizes], seed=7)
        session = open_session("reference", architecture, parameters, settings)
        rate = SLOW.get(activation, RATE) * SLOWER.get(output, 1)
        first = {
            layer: [np.zeros((n, 1)), np.ones((n, 1))] for layer, n in enumerate(architecture.layer_dims)
        }
        theta, memory = dict(parameters), {"rule": {}, "running": first}
        close = {"rtol": 1e-9, "atol": 1e-7, "err_msg": f"{activation, output, rule, regularizes, parts}"}
        for t in range(1, STEPS + 1):
            start = (t - 1) * of_all % m if batch_size else 0
            start -= start % of_all
            X, Y, weight = examples.take(slice(start, start + of_all))
            batch = X, Y, weight if weighted else None
            by = 1.0 - t / 40, 1.0 if t < 3 else 0.5  # schedules of decay and dropout
            cost = session.step(
                X, Y, learning_rate=rate, sample_weight=batch[2], weight_decay=by[0], dropout=by[1]
            )
            J, theta = plain_step(architecture, theta, memory, batch, rule, settings, t, rate, by)
            np.testing.assert_allclose(cost, J, **close)
            np.testing.assert_allclose(session.parameters.flat, flat(theta, parameters), **close)
        for name, value in session.state().statistics.items():
            kind, layer = name[:-1], int(name[-1])
            expected = memory["running"][layer][kind == "variance"]
            np.testing.assert_allclose(value, expected, **close)
