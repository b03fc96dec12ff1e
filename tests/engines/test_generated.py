"""Every engine does what the reference does: networks, settings and batches are drawn by the seed.

The reference itself is held to a plain loop over the equations, which knows no flat vectors and no sessions.
Update rules and normalizations are those of `deepstep.equations`, which tests/equations compares with torch,
and masks are of `deepstep.engines.draws`.
"""

import os
import random
from fnmatch import fnmatchcase
from functools import lru_cache
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
import pytest

pytest.importorskip("numba")

from deepstep import Network
from deepstep.engines import ENGINES, Settings, open_session
from deepstep.engines.choice import why_not
from deepstep.engines.draws import dropout_masks
from deepstep.equations import (
    ACTIVATIONS,
    FEATURES,
    HEADS,
    NORMALIZATIONS,
    OPTIMIZERS,
    cost_from_logits,
    example_targets,
    output_gradient,
    running_statistics,
)
from deepstep.network import Architecture
from deepstep.preparation.batches import Examples, shuffled

CASES = 40 if "DEEPSTEP_FUZZ" in os.environ else 26
OTHERS = sorted(set(ENGINES) - {"reference"})
LEAST = {"float64": 1e-12, "float32": 1e-6}
"""Distances that are always accepted, as a share of the largest number."""
TIMES = 50
"""So many times may an engine be as far from float64 as the reference of its precision, or as float64 from
parameters that differ in the last digit.
"""

WORST = {"float64": 1e-6, "float32": 0.5}
"""Where even this would be accepted, a case is no test."""
RATES = (0.003, 0.0003, 0.00003)
OF_LARGE, STAYS = (0.1, 0.01, 0.001, 0.0001), 1e-5
LARGE = sorted({*range(35)} - {4, 7, 21, 25, 34} - {6, 20})
"""Seeds of large cases that at one of these rates move θ and are not chaotic; 6 and 20 are always tried."""

RULES = [
    *((name, {}) for name in OPTIMIZERS),
    *(("adam", {"epsilon": 0.05, "epsilon_at": at}) for at in ("outside", "inside", "hat")),
    ("rmsprop", {"epsilon": 0.05, "beta": 0.8}),
    ("heavy_ball", {"beta": 0.5}),
]
REGULARIZES = {
    "l1": 0.1,
    "l2": 0.2,
    "weight_decay": 0.2,
    "dropout": 0.3,
    "clip_norm": 0.1,
    "clip_value": 0.02,
    "lr_multipliers": {"b*": 0.1, "W1": 3.0},
    "weight_decay_multipliers": {"b*": 1.0},
}
DECAYS = ("l2", "weight_decay", "dropout", "clip_norm", "clip_value")
PARTS = [
    {},
    {"normalization": "batch"},
    {"normalization": "layer"},
    {"input_scale": True},
    {"features": {name: one.example for name, one in FEATURES.items() if one.example is not None}},
    {"features": {"periodic_embedding": True}, "normalization": "layer"},
    {
        "features": {"periodic_embedding": {"frequencies": 3, "outputs": 5, "inputs": [2, 0]}},
        "input_scale": True,
    },
]
BATCHES = [(23, 8), (11, 4), (17, None), (5, 1)]
"""Examples and batch sizes; of batch normalization no batch may be of one or two."""


GROW = {"exponential", "increasing"}
"""Activations whose outputs are soon too large."""


class Case(NamedTuple):
    network: dict[str, Any]
    sizes: list[int]
    settings: dict[str, Any]
    m: int
    batch_size: int | None
    weighted: bool
    n_threads: int
    pieces: bool
    seed: int
    large: bool = False
    epochs: int = 3
    scale: float = 0.5
    offset: float = 0.0
    of_targets: float = 1.0


@lru_cache(maxsize=1)
def drawn(seed):
    """The cases of a run: every activation, head, rule and part of a network is among them."""
    rng = np.random.default_rng(seed)

    def turns(values):
        while True:
            yield from (values[at] for at in rng.permutation(len(values)))

    activations, heads, rules, parts = map(turns, (list(ACTIVATIONS), list(HEADS), RULES, PARTS))
    batches, found = turns(BATCHES), []
    for number in range(CASES):
        (rule, params), part, head = next(rules), next(parts), next(heads)
        if rule == "lion" and head in ("quantile", "absolute_error"):
            head = "softmax"  # their derivatives may cancel, and Lion takes the sign of what rounding leaves
        m, batch_size = next(batches)
        if "normalization" in part and batch_size == 1:
            m, batch_size = BATCHES[0]
        hidden = rng.integers(4, 12, rng.integers(1, 4)).tolist()
        if part.get("normalization") == "batch":  # a bias before another one has noise for its derivative
            part = {"normalization": ["batch", "layer", "none"]}
        names = [next(activations) for _ in hidden]
        if GROW & {*names}:  # one layer of it, and no e to the power of what comes out
            activations = chain(sorted({*names} - GROW), activations)  # whose turn comes again
            hidden, names, head = hidden[:1], [*GROW & {*names}][:1], "softmax" if head == "poisson" else head
        if isinstance(part.get("normalization"), list):
            part = {"normalization": part["normalization"][: len(hidden)]}
        chosen = {name: value for name, value in REGULARIZES.items() if rng.random() < 0.2}
        seed = number if number % 2 else 2**64 - 1 - number
        found.append(
            Case(
                {"activation": names, "output": head, **part},
                [int(rng.choice([3, 20])), *hidden, 3],
                {"optimizer": rule, "optimizer_params": params, **chosen, "seed": seed},
                m,
                batch_size,
                bool(rng.integers(2)),
                int(rng.integers(1, 4)),
                bool(rng.integers(2)),
                int(rng.integers(2**31)),
            )
        )
    return found


DRAWN = random.Random(os.environ["DEEPSTEP_SEED"]).sample(LARGE, 6 if "DEEPSTEP_FUZZ" in os.environ else 3)
SMOOTH = ("tanh", "sigmoid", "gelu", "gelu_tanh", "silu", "softplus", "elu", "mish")
"""Without a kink: at one, a pre-activation within rounding of 0 decides, and processors differ there."""
SHAPES = (
    "wide inputs",
    "wide layer",
    "deep",
    "many examples",
    "single examples",
    "far below 0",
    "far from 0",
)


def large(seed):
    """A case of the widths, depths and scales of real data: a shape for the seed, everything else drawn."""
    rng = np.random.default_rng(seed)
    shape, few, wide = SHAPES[seed % len(SHAPES)], int(rng.integers(2, 9)), int(rng.integers(1000, 6001))
    sizes, m, batch_size, epochs = {
        "wide inputs": ([wide, few, 3], int(rng.integers(20, 61)), None, 200),
        "wide layer": ([few, wide, 2], 40, int(rng.integers(1, 9)), 10),
        "deep": ([few, *rng.integers(4, 13, 29).tolist(), 2], 64, 32, 50),
        "many examples": ([few, 24, 16, 2], 1000, int(rng.choice([250, 1000])), 100),
        "single examples": ([10 * few, 30, 2], 300, 1, 1),
        "far below 0": ([few, 12, 2], 200, 50, 75),  # where slopes are small, and rules divide by their size
        "far from 0": ([600, 20, 7, 5, 1], 60, None, 200),  # fewer examples than inputs
    }[shape]
    rules = {"far below 0": ("rmsprop", "adam"), "far from 0": ("gd", "heavy_ball")}
    normalization = "none" if batch_size == 1 else str(rng.choice(["none", "none", "batch", "layer"]))
    scale, offset = float(10 ** rng.uniform(-3, 3)), float(rng.choice([0, 0.5, rng.uniform(-10, 10)]))
    scales = {"far below 0": (0.3, 0.0), "far from 0": (1.0, offset or 5.0)}
    scale, offset = scales.get(shape, (scale, offset))
    return Case(
        {
            "activation": rng.choice(SMOOTH, len(sizes) - 2).tolist(),
            "output": str(rng.choice(("sigmoid", "softmax", "identity", "huber", "poisson", "ordinal"))),
            "normalization": "none" if shape == "far from 0" else normalization,
            "input_scale": bool(rng.uniform() < 0.2),
        },
        sizes,
        {
            "optimizer": str(rng.choice(rules.get(shape, [name for name in OPTIMIZERS if name != "lion"]))),
            **{name: REGULARIZES[name] for name in DECAYS if rng.uniform() < 0.15},
        },
        m,
        batch_size,
        weighted=bool(rng.uniform() < 0.2),
        n_threads=2,
        pieces=False,
        seed=seed,
        large=True,
        epochs=epochs,
        scale=scale,
        offset=offset,
        of_targets=float(10 ** rng.uniform(-3, 3)),
    )


def made(case, dtype, nudge=0.0):
    """The architecture of a case, its parameters and its examples; the numbers are those of float32."""
    rng = np.random.default_rng(case.seed)
    network = Network(case.sizes, seed=1, initialization="glorot", **case.network)
    theta = network.parameters.flat
    theta += 0.1 * rng.standard_normal(theta.size)
    if case.large and SHAPES[case.seed % len(SHAPES)] == "far below 0":
        network.parameters["b1"][:] = rng.uniform(-16, -8, network.parameters["b1"].shape)
    parameters = network.parameters.astype("float32").astype(dtype)
    parameters.flat[:] *= 1 + nudge * rng.standard_normal(theta.size)
    X = case.scale * (case.offset + rng.standard_normal((case.m, case.sizes[0])))
    Y = example_targets(network.architecture, case.sizes[-1], case.m, rng=rng).T
    if HEADS[network.architecture.output].targets == "numbers":
        Y = case.of_targets * Y
    weight = rng.uniform(0.5, 2, case.m) * (np.arange(case.m) > 0) if case.weighted else None
    single = (part if part is None else part.astype("float32").astype(dtype) for part in (X, Y, weight))
    return network.architecture, parameters, Examples(*single)


def done(case, engine, dtype, rate, nudge=0.0):
    """Costs, states, outputs and gradients of the epochs; of three the reference does the second one."""
    *network, examples = made(case, dtype, nudge)
    found = []
    sessions = [open_session(name, *network, Settings(**case.settings)) for name in (engine, "reference")]
    for epoch in range(case.epochs):
        session = sessions[epoch == 1 and not case.large]
        if epoch and not case.large:
            session.load(found[-1])
        changes = {"weight_decay": 1 - epoch / 4, "dropout": epoch / 2, "learning_rate": rate * (1 + epoch)}
        steps = session.steps(
            examples,
            order=shuffled(1)(epoch, case.m) if case.batch_size or (epoch and not case.large) else None,
            batch_size=case.batch_size,
            **({"learning_rate": rate} if case.large else changes),
        )
        found += [steps.sizes, steps.costs[steps.sizes > 0]]
        if epoch == case.epochs - 1 or not case.large:
            found.append(session.state())
    X, Y, weight = examples.take(slice(None))
    of = {"sample_weight": weight}
    found += [session.forward(X), session.cost(X, Y, **of), *session.cost_and_gradient(X, Y, **of)]
    return [array for one in found for array in arrays(one)]


def arrays(value):
    if not hasattr(value, "theta"):
        return [np.asarray(value, float)]
    vectors = (value.theta, *value.slots.values(), *value.statistics.values(), np.array(value.step))
    return [np.asarray(vector, float) for vector in vectors]


def far(found, exact):
    """How far each array is, as a share of its largest number."""
    pairs = zip(found, exact, strict=True)
    return np.array([np.abs(a - b).max(initial=0) / max(np.abs(b).max(initial=0), 1e-3) for a, b in pairs])


@lru_cache(maxsize=1)
def expected(case_of, dtype):
    """What float64 makes of a case, how far an engine may be from it, and at which learning rate.

    A case that diverges says nothing about an engine: it is trained at a lower rate. Neither does a large one
    that is chaotic, where float64 from parameters that differ in the seventh digit leaves float64.
    """
    seed, number = case_of
    case = large(seed) if number is None else drawn(seed)[number]
    for rate in OF_LARGE if case.large else RATES:
        with np.errstate(over="ignore", invalid="ignore"):
            exact = done(case, "reference", "float64", rate)
        if not all(np.isfinite(array).all() for array in exact):
            continue
        near = far(done(case, "reference", "float64", rate, float(np.finfo(dtype).eps)), exact)
        own = far(done(case, "reference", dtype, rate), exact)
        least, times = (1e-5, 20) if case.large else (LEAST[dtype], TIMES)
        limit = np.maximum(least, times * np.maximum(near, own))
        if (limit < WORST[dtype]).all() and (near.max() < STAYS or not case.large):
            return exact, limit, rate
    pytest.fail(f"{case} diverges at every rate")


@pytest.mark.parametrize(("dtype", "most"), [("float32", 36), ("float64", 306)])
@pytest.mark.parametrize("engine", OTHERS)
def test_gradients_of_any_size_are_clipped_to_their_norm(engine, dtype, most, fresh_seed):
    """A factor that makes 1e-12 of 1e36 is no float32: as one number it was 0, and nothing was learned."""
    rng, shape = np.random.default_rng(fresh_seed), Architecture((3, 2), ("identity",), "absolute_error")
    for size, limit in [(most, -12), (most, most), (-30, -30), *rng.uniform((-30, -12), (most, 2), (5, 2))]:
        X, clip_norm = 10.0**size * (1 + rng.random((3, 5))).astype(dtype), float(10.0**limit)
        zero = shape.lay_out(np.zeros(shape.n_parameters, dtype))
        session = open_session(engine, shape, zero, Settings("gd", clip_norm=clip_norm))
        session.step(X.astype(dtype), np.ones((2, 5), dtype), learning_rate=1.0)  # dW = -X·1ᵀ / m, db = -1
        gradient = np.append(np.tile(X.mean(axis=1, dtype=float), 2), [1.0, 1.0])
        length = np.linalg.norm(gradient / gradient.max())
        expected = gradient / gradient.max() * min(gradient.max(), clip_norm / length)
        moved = np.concatenate([value.ravel() for value in session.parameters.to_dict().values()])
        np.testing.assert_allclose(moved, expected, rtol=1e-5, atol=1e-37)


@pytest.mark.parametrize("number", range(CASES))
@pytest.mark.parametrize("dtype", LEAST)
@pytest.mark.parametrize("engine", OTHERS)
def test_an_engine_does_as_the_reference(engine, dtype, number, fresh_seed, monkeypatch):
    case = drawn(fresh_seed)[number]
    settings = Settings(**case.settings)
    network = Network(case.sizes, seed=1, **case.network)
    if why_not(engine, network.architecture, settings):
        engine = "torch"  # activations across units have no kernel
    compiled = "deepstep.engines.compiled"
    monkeypatch.setattr(f"{compiled}.session.threads_for", lambda *of: case.n_threads)
    if case.pieces:  # a gradient in many parts, products of few examples
        monkeypatch.setattr(f"{compiled}.lowering.TILE", 16)
        monkeypatch.setattr(f"{compiled}.lowering.LEAST_ROWS", 2)
        if engine == "torch":
            monkeypatch.setattr("deepstep.engines.torch.arrays.EXAMPLES_AT_ONCE", 4)
            monkeypatch.setattr("deepstep.engines.torch.session.EXAMPLES_AT_ONCE", 4)
    exact, limit, rate = expected((fresh_seed, number), dtype)
    found = far(done(case, engine, dtype, rate), exact)
    assert (found <= limit).all(), (case, found, limit)


@pytest.mark.slow
@pytest.mark.draws
@pytest.mark.parametrize("engine", OTHERS)
@pytest.mark.parametrize("seed", [*DRAWN, 6, 20])
def test_float32_stays_beside_the_equations(seed, engine):
    exact, limit, rate = expected((seed, None), "float32")
    found = far(done(large(seed), engine, "float32", rate), exact)
    assert (found <= limit).all(), (large(seed), found, limit)


@pytest.mark.parametrize("engine", OTHERS)
def test_gradients_of_very_many_rows(engine):
    """Rows that are alike have the gradient of one of them."""
    architecture = Architecture((2, 1), ("identity",))
    parameters = architecture.lay_out(np.full(3, 0.3, np.float32))
    X, Y = np.full((2, 500_003), 0.1, np.float32), np.full((1, 500_003), -1, np.float32)
    session = open_session(engine, architecture, parameters, Settings())
    one, many = (session.cost_and_gradient(X[:, :m], Y[:, :m])[1] for m in (1, 500_003))
    np.testing.assert_allclose(many, one, rtol=1e-5)


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


def plain_step(architecture, theta, memory, batch, settings, t, rate, factors):
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
    update, new, count = OPTIMIZERS[settings.optimizer], {}, dict(settings.optimizer_params)
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


def test_the_reference_does_as_the_plain_loop(fresh_seed):
    for number, case in enumerate(drawn(fresh_seed)):
        if "features" in case.network:
            continue
        architecture, parameters, examples = made(case, "float64")
        settings, size = Settings(**case.settings), case.batch_size or case.m
        session = open_session("reference", architecture, parameters, settings)
        first = {
            layer: [np.zeros((n, 1)), np.ones((n, 1))] for layer, n in enumerate(architecture.layer_dims)
        }
        theta, memory, t = dict(parameters), {"rule": {}, "running": first}, 0
        close = {"rtol": 1e-9, "atol": 1e-7, "err_msg": f"{number}: {case}"}
        for start in [*range(0, case.m, size)] * 3:
            X, Y, weight = batch = examples.take(slice(start, start + size))
            if weight is not None and not weight.any():
                continue
            t += 1
            by = 1 - t / 40, 1.0 if t < 3 else 0.5  # schedules of decay and dropout
            options = {"sample_weight": weight, "weight_decay": by[0], "dropout": by[1]}
            cost = session.step(X, Y, learning_rate=RATES[0], **options)
            J, theta = plain_step(architecture, theta, memory, batch, settings, t, RATES[0], by)
            np.testing.assert_allclose(cost, J, **close)
            flat = np.concatenate([theta[name].ravel() for name in parameters])
            np.testing.assert_allclose(session.parameters.flat, flat, **close)
        for name, value in session.state().statistics.items():
            expected = memory["running"][int(name[-1])][name.startswith("variance")]
            np.testing.assert_allclose(value, expected, **close)
