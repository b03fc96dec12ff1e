"""Features that a file of equations adds: engines that have them do what the equations do."""

import numpy as np
import pytest

from deepstep import Network
from deepstep.engines import ENGINES, Settings, choice, open_session
from deepstep.equations import FEATURES
from deepstep.preparation.batches import Examples, shuffled

M, BATCH = 41, 16
ADDED = {name: option.example for name, option in FEATURES.items() if option.example is not None}
MORE = {
    "periodic_embedding": {"frequencies": 3, "outputs": 5, "inputs": [3, 0]},
    "category_embedding": {"counts": {"4": 5, "1": 3}},
}
VALUES = {
    **{name: {name: value} for name, value in ADDED.items()},
    "all": ADDED,
    "all inputs": {**ADDED, "periodic_embedding": True},
    "others": MORE,
}
NETWORKS = {
    "alone": {},
    "normalized": {"normalization": ["layer", "batch"], "input_scale": True, "parametric": True},
    "ensemble": {"shared_members": 3},
}
SETTINGS = {
    "adam": Settings("adam", l2=0.1, dropout=0.2, seed=4),
    "clipped": Settings(
        "momentum", clip_value=0.01, clip_norm=0.1, ema_decay=0.9, lr_multipliers={"omega1": 3.0}
    ),
    "muon": Settings("muon", max_norm=2.0, weight_decay=0.1),
}


def epochs(session, examples, count):
    k, costs = -(-M // BATCH), []
    for epoch in range(count):
        found = session.steps(
            examples, order=shuffled(1)(epoch, M), batch_size=BATCH, numbers=range(k),
            learning_rate=np.full(k, 0.01), weight_decay=np.ones(k), dropout=np.ones(k),
        )  # fmt: skip
        costs += found.costs.tolist()
    return costs


@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize("parts", NETWORKS)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("engine", sorted(set(ENGINES) - {"reference"}))
def test_four_epochs_are_those_of_the_equations(engine, dtype, parts, settings, monkeypatch):
    """Costs, θ, answers and gradients, in three threads; with a state that moves to the equations."""
    monkeypatch.setattr("deepstep.engines.compiled.session.threads_for", lambda *of: 3)
    tolerance = {"rtol": 1e-9, "atol": 1e-10} if dtype == "float64" else {"rtol": 2e-3, "atol": 2e-3}
    for features in VALUES.values():
        rng = np.random.default_rng(3)
        net = Network(
            [5, 6, 4, 3], activation="tanh", output="softmax", features=features, seed=1, dtype=dtype,
            **NETWORKS[parts],
        )  # fmt: skip
        chosen = SETTINGS[settings]
        if chosen.lr_multipliers and "omega1" not in net.parameters:
            chosen = Settings("momentum", clip_value=0.01)
        if choice.why_not(engine, net.architecture, chosen):
            continue
        X, Y = rng.standard_normal((M, 5)), np.eye(3)[rng.integers(3, size=M)]
        X[:, [1, 4]] = rng.integers(-1, 6, (M, 2))  # codes, some of them unknown
        examples = Examples(X.astype(dtype), Y.astype(dtype), rng.uniform(0.5, 2, M).astype(dtype))
        equations, ours = (
            open_session(name, net.architecture, net.parameters, chosen) for name in ("reference", engine)
        )
        for _ in range(2):
            costs = [epochs(session, examples, 2) for session in (equations, ours)]
            np.testing.assert_allclose(costs[1], costs[0], **tolerance)
            np.testing.assert_allclose(ours.parameters.flat, equations.parameters.flat, **tolerance)
            X, Y, weight = examples.take(slice(None))
            np.testing.assert_allclose(ours.forward(X), equations.forward(X), **tolerance)
            found = [session.cost_and_gradient(X, Y, sample_weight=weight) for session in (equations, ours)]
            for got, expected in zip(*found, strict=True):
                np.testing.assert_allclose(got, expected, **tolerance)
            equations.load(ours.state())


def test_rows_are_predicted_in_tiles():
    rng = np.random.default_rng(5)
    for parts in NETWORKS.values():
        net = Network(
            [5, 6, 3], output="softmax", features=MORE, seed=1, **{**parts, "normalization": "none"}
        )
        X = rng.standard_normal((5, 1000))
        X[[1, 4]] = rng.integers(-1, 6, (2, 1000))
        session = open_session("compiled", net.architecture, net.parameters)
        np.testing.assert_allclose(session.forward(X), net.forward(X), rtol=1e-12)
