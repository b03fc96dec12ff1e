"""Everything in `Settings`, in the reference engine, against a loop over dictionaries in float64.

The loop knows no flat vector and no session. It takes masks and noise from `deepstep.engines.draws`, as an
argument: what is drawn is decided there, what is done with it here.
"""

from dataclasses import replace

import numpy as np
import pytest

from deepstep.engines import ENGINES, Settings, open_session
from deepstep.engines.draws import dropout_masks, input_noise
from deepstep.equations import (
    ACTIVATIONS,
    OPTIMIZERS,
    cost_from_logits,
    initialize_parameters,
    output_gradient,
)
from deepstep.errors import ConfigurationError
from deepstep.network import Architecture, Parameters

RATE, BETA = 0.05, 0.9

CASES = {
    "l1": {"l1": 0.3},
    "l1 and l2": {"l1": 0.2, "l2": 0.4},
    "weight decay": {"weight_decay": 0.5},
    "weight decay of all": {"weight_decay": 0.5, "weight_decay_multipliers": {"*": 1.0}},
    "weight decay of W1 alone": {"weight_decay": 0.5, "weight_decay_multipliers": {"W*": 0.0, "W1": 2.0}},
    "dropout": {"dropout": 0.4},
    "dropout of one layer": {"dropout": [0.0, 0.5]},
    "input noise": {"input_noise": 0.2},
    "max norm": {"max_norm": 0.6},
    "clip norm": {"clip_norm": 0.1},
    "clip value": {"clip_value": 0.01},
    "both clips": {"clip_value": 0.02, "clip_norm": 0.03},
    "average": {"ema_decay": 0.8},
    "rates of groups": {"lr_multipliers": {"b*": 0.1, "W2": 3.0}},
    "all at once": {
        "l1": 0.1,
        "l2": 0.1,
        "weight_decay": 0.2,
        "dropout": 0.2,
        "input_noise": 0.1,
        "max_norm": 1.0,
        "clip_norm": 0.5,
        "clip_value": 0.2,
        "ema_decay": 0.9,
        "lr_multipliers": {"b*": 0.5},
    },
}


OF_FACTORS = {
    "lr_multipliers": {"s1": 6.0, "alpha*": 0.1},
    "weight_decay_multipliers": {"s1": 0.5, "alpha2": 2.0},
}
"""In networks that have them, where there are factors of groups anyway."""


def problem(normalization, dtype, *, factors=False):
    """With ``factors`` for the inputs and for the activation of the second layer."""
    rng = np.random.RandomState(5)
    dims = (3, 5, 4, 2)
    architecture = Architecture(
        dims,
        ("tanh", "silu", "softmax"),
        normalization=normalization,
        input_scale=factors,
        parametric=[False, factors],
    )
    values = dict(initialize_parameters(dims, method="glorot", rng=rng))
    for name, shape in architecture.layout:
        if name not in values:
            values[name] = rng.uniform(0.5, 1.5, shape)
    parameters = Parameters.from_dict(values)
    parameters.flat[:] += 0.1 * rng.standard_normal(parameters.flat.size)
    X, Y = rng.standard_normal((3, 11)), np.eye(2)[rng.randint(2, size=11)].T
    weight = rng.uniform(0.5, 2, 11)
    return architecture, parameters.astype(dtype), X.astype(dtype), Y.astype(dtype), weight.astype(dtype)


def normalized(U, kind, running, layer):
    """Z before gamma, and the way back from its derivative."""
    axis = 1 if kind == "batch" else 0
    deviation = np.sqrt(U.var(axis=axis, keepdims=True) + 1e-5)
    hat = (U - U.mean(axis=axis, keepdims=True)) / deviation
    if kind == "batch":
        m = U.shape[1]
        (mean, variance), decay = running[layer], running["decay"]
        running[layer] = (
            decay * mean + (1 - decay) * U.mean(axis=1, keepdims=True),
            decay * variance + (1 - decay) * U.var(axis=1, keepdims=True) * m / (m - 1),
        )

    def back(d):
        n = U.shape[axis]
        return (
            d - d.sum(axis=axis, keepdims=True) / n - hat * (d * hat).sum(axis=axis, keepdims=True) / n
        ) / deviation

    return hat, back


def plain_step(architecture, theta, memory, X, Y, weight, settings, t, decay_factor, dropout_factor):
    """One step of momentum; J before it, the new θ."""
    # where θ is averaged, the statistics are alike, and look back over ten batches at least
    memory["running"]["decay"] = max(0.9, settings.ema_decay)
    L, m, total = architecture.n_layers, X.shape[1], weight.sum()
    rates = tuple(dropout_factor * rate for rate in settings.dropout_of(architecture))
    draw = {"seed": settings.seed, "step": t, "dtype": np.dtype(float)}
    masks = dropout_masks(architecture, rates, m, **draw)
    A = X_given = X + (input_noise(X.shape, settings.input_noise, **draw) if settings.input_noise else 0)
    inputs, logits, hats, backs, bent = {}, {}, {}, {}, {}
    for layer in range(1, L + 1):
        s = theta.get("s1", 1) if layer == 1 else 1
        inputs[layer], Z = s * A, theta[f"W{layer}"] @ (s * A)
        kind = "none" if layer == L else architecture.normalization[layer - 1]
        if kind != "none":
            hats[layer], backs[layer] = normalized(Z, kind, memory["running"], layer)
            Z = theta[f"gamma{layer}"] * hats[layer]
        logits[layer] = Z = Z + theta[f"b{layer}"]
        bent[layer] = ACTIVATIONS[architecture.activations[layer - 1]].forward(Z) - Z
        A = (Z + theta.get(f"alpha{layer}", 1) * bent[layer]) * masks.get(layer, 1)
    J = cost_from_logits(Z, Y, output="softmax", sample_weight=weight)
    weights = [theta[f"W{layer}"] for layer in range(1, L + 1)]
    J += settings.l1 / total * sum(np.abs(W).sum() for W in weights)
    J += settings.l2 / (2 * total) * sum((W**2).sum() for W in weights)
    dZ, g = output_gradient(Z, Y, output="softmax", sample_weight=weight), {}
    for layer in range(L, 0, -1):
        W, dU = theta[f"W{layer}"], dZ
        g[f"b{layer}"] = dZ.sum(axis=1, keepdims=True) / m
        if layer in hats:
            g[f"gamma{layer}"] = (dZ * hats[layer]).sum(axis=1, keepdims=True) / m
            dU = backs[layer](dZ * theta[f"gamma{layer}"])
        g[f"W{layer}"] = dU @ inputs[layer].T / m + settings.l1 / total * np.sign(W) + settings.l2 / total * W
        if layer == 1 and "s1" in theta:
            g["s1"] = np.sum(W.T @ dU * X_given, axis=1, keepdims=True) / m
        if layer > 1:
            backward = ACTIVATIONS[architecture.activations[layer - 2]].backward
            dA, name = W.T @ dU * masks.get(layer - 1, 1), f"alpha{layer - 1}"
            if name in theta:
                g[name] = np.sum(dA * bent[layer - 1], axis=1, keepdims=True) / m
            alpha = theta.get(name, 1)
            dZ = dA + alpha * (backward(dA, logits[layer - 1]) - dA)
    if settings.clip_value:
        g = {name: np.clip(value, -settings.clip_value, settings.clip_value) for name, value in g.items()}
    if settings.clip_norm:
        norm = np.sqrt(sum((value**2).sum() for value in g.values()))
        g = {name: value * min(1.0, settings.clip_norm / norm) for name, value in g.items()}
    new = {}
    for name, value in theta.items():
        rate = RATE * next((f for p, f in reversed(settings.lr_multipliers.items()) if matches(name, p)), 1.0)
        default = 1.0 if name[0] == "W" else 0.0
        factor = next(
            (f for p, f in reversed(settings.weight_decay_multipliers.items()) if matches(name, p)), default
        )
        memory["v"][name] = BETA * memory["v"].get(name, 0.0) + (1 - BETA) * g[name]
        decayed = value * (1 - rate * settings.decay * decay_factor * factor)
        new[name] = decayed - rate * memory["v"][name]
        if settings.max_norm and name[0] == "W":
            norms = np.linalg.norm(new[name], axis=1, keepdims=True)
            new[name] = new[name] * np.minimum(1.0, settings.max_norm / norms)
    if settings.ema_decay:
        d, sums = settings.ema_decay, memory["sums"]
        for name, value in new.items():
            sums[name] = d * sums.get(name, 0.0) + (1 - d) * value
        memory["average"] = {name: value / (1 - d**t) for name, value in sums.items()}
    return J, new


def matches(name, pattern):
    return name == pattern or (pattern.endswith("*") and name.startswith(pattern[:-1]))


@pytest.mark.parametrize("normalization", ["none", "batch", "layer", ["layer", "batch"]])
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("factors", [False, True])
def test_the_reference_does_as_the_plain_loop(factors, case, normalization, fresh_seed):
    dtype = ["float64", "float32"][(fresh_seed + len(case)) % 2]
    architecture, parameters, X, Y, weight = problem(normalization, dtype, factors=factors)
    given = dict(CASES[case])
    if factors:
        for kind, own in OF_FACTORS.items():
            given |= {kind: {**own, **given[kind]}} if kind in given else {}
    settings = Settings("momentum", {"beta": BETA}, seed=7, **given)
    session = open_session("reference", architecture, parameters, settings)
    theta = {name: value.astype(float) for name, value in parameters.items()}
    begin = np.zeros if settings.ema_decay else np.ones  # what begins at 0 is divided by 1 - βᵗ
    first = {layer: (np.zeros((n, 1)), begin((n, 1))) for layer, n in enumerate(architecture.layer_dims)}
    memory = {"v": {}, "running": first, "sums": {}}
    tolerance = 1e-10 if dtype == "float64" else 2e-3
    wide = [part.astype(float) for part in (X, Y, weight)]
    for t in range(1, 21):
        factors = (1.0 - t / 40, 1.0 if t < 11 else 0.5)  # schedules of decay and dropout
        cost = session.step(
            X, Y, learning_rate=RATE, sample_weight=weight, weight_decay=factors[0], dropout=factors[1]
        )
        J, theta = plain_step(architecture, theta, memory, *wide, settings, t, *factors)
        if t in (1, 20):
            assert cost == pytest.approx(J, rel=tolerance)
            flat = np.concatenate([theta[name].ravel() for name in parameters])
            np.testing.assert_allclose(session.parameters.flat, flat, rtol=tolerance, atol=tolerance)
    assert session.parameters.dtype == np.dtype(dtype)
    predicts = memory.get("average", theta)
    flat = np.concatenate([predicts[name].ravel() for name in parameters])
    np.testing.assert_allclose(session.outcome.flat, flat, rtol=tolerance, atol=tolerance)
    for layer, kind in enumerate(architecture.normalization, start=1):
        if kind == "batch":
            whole = 1 - memory["running"]["decay"] ** 20 if settings.ema_decay else 1.0
            mean, variance = (value / whole for value in memory["running"][layer])
            statistics = session.state().statistics
            np.testing.assert_allclose(statistics[f"mean{layer}"], mean, rtol=tolerance, atol=tolerance)
            np.testing.assert_allclose(statistics[f"variance{layer}"], variance, rtol=tolerance)


@pytest.mark.parametrize("engine", ENGINES)
def test_an_average_that_begins_later_counts_its_first_theta_for_the_steps_before(engine):
    architecture, parameters, X, Y, _ = problem("none", "float64")
    session = open_session(engine, architecture, parameters, Settings(ema_decay=0.8))
    path = []
    for t in range(1, 7):
        session.step(X, Y, learning_rate=RATE)
        path.append(session.parameters.flat)
        if t == 3:
            session.load(replace(session.state(), average=None))
            path = []
    expected = np.average(path, axis=0, weights=[sum(0.8**k for k in range(2, 6)), 0.8, 1.0])
    np.testing.assert_allclose(session.outcome.flat, expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"dropout": 1.0}, "dropout must be a finite number of at least 0 and below 1, got 1.0"),
        ({"dropout": -0.1}, "got -0.1"),
        ({"dropout": "half"}, "got 'half'"),
        ({"ema_decay": 1}, "ema_decay must be a finite number of at least 0 and below 1"),
        ({"clip_norm": 0}, "clip_norm must be a finite number above 0, got 0"),
        ({"max_norm": float("inf")}, "got inf"),
        ({"weight_decay": -1}, "weight_decay must be a finite number of at least 0, got -1"),
        ({"l1": 10**400}, "l1 must be a finite number of at least 0"),
        ({"lr_multipliers": 3}, "lr_multipliers must be a mapping such as {'b*': 0.1}, got 3"),
        ({"weight_decay_multipliers": {"W1": -1}}, "weight_decay_multipliers['W1']"),
    ],
)
def test_what_is_out_of_range_is_refused(settings, message):
    with pytest.raises(ConfigurationError) as error:
        Settings(**settings)
    assert message in str(error.value)


def test_what_fits_no_network_is_refused():
    architecture, parameters, *_ = problem("none", "float64")
    with pytest.raises(ConfigurationError, match="a list of 2"):
        open_session("reference", architecture, parameters, Settings(dropout=[0.1]))
    with pytest.raises(ConfigurationError, match=r"lr_multipliers must have names among 'W1', .* got 'W9'"):
        open_session("reference", architecture, parameters, Settings(lr_multipliers={"W9": 2}))
    with pytest.raises(ConfigurationError, match=r"Network\.train: setting .* Did you mean 'dropout'\?"):
        Settings.of("Network.train", dropuot=0.1)


NO_NUMBERS = (10**400, -(10**400), 10**5000, np.longdouble("1e400"), "1", 1j, True)


@pytest.mark.parametrize(
    "name", ["l1", "l2", "weight_decay", "input_noise", "clip_norm", "clip_value", "max_norm", "ema_decay"]
)
def test_what_is_no_number_is_refused(name):
    for value in NO_NUMBERS:
        with pytest.raises(ConfigurationError, match=f"^{name} must be a finite number .*, got "):
            Settings(**{name: value})


def test_the_weight_decay_of_a_rule_has_the_range_and_the_words_of_the_setting():
    for value in (*NO_NUMBERS, -0.1, float("nan"), float("inf")):
        with pytest.raises(ConfigurationError) as own:
            replace(OPTIMIZERS["adamw"], weight_decay=value)
        with pytest.raises(ConfigurationError) as setting:
            Settings(weight_decay=value)
        assert str(own.value) == str(setting.value)
