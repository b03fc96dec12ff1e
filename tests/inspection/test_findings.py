"""Findings: planted faults are found, and healthy trainings raise no alarm."""

import json

import numpy as np
import pytest

from deepstep import Network
from deepstep.data import load
from deepstep.inspection import Finding, diagnose
from deepstep.training import Health, History

MOONS = load("moons", seed=1)
X, Y = MOONS.X_train.T, MOONS.y_train[np.newaxis].astype(float)


def found_in(network, X=X, Y=Y, *, kept_best=False, every=1, **options):
    """The findings about a training that Health watches, by kind."""
    options = {"iterations": 60, "batch_size": 32, "optimizer": "adam", "learning_rate": 0.005} | options
    history = network.train(X, Y, callbacks=[Health(every=every)], **options)
    found = diagnose(
        history, architecture=network.architecture, parameters=network.parameters, kept_best=kept_best
    )
    assert all(isinstance(finding, Finding) for finding in found)
    return {finding.kind: finding for finding in reversed(found)}


def begun_with(dims=(2, 16, 8, 1), *, changes, **options):
    """A network that begins with some parameters changed."""
    parameters = {name: np.array(value) for name, value in Network(dims, seed=1).parameters.items()}
    return Network(parameters=parameters | changes(parameters), **options)


def test_dead_units_by_a_bias_of_minus_100():
    network = begun_with(changes=lambda theta: {"b1": np.full((16, 1), -100.0)})
    found = found_in(network, optimizer="gd")
    dead = found["dead units"]
    assert (dead.layer, dead.evidence, dead.severity) == (1, 1.0, "serious")
    assert str(dead).startswith("layer 1: 100 % of the units are dead since step ")
    assert str(dead).endswith("; lower the learning rate or use leaky_relu.")
    assert "vanishing gradient" not in found  # it has this reason


def test_since_when_units_are_dead():
    shares = [0.0, 0.5, 0.1, 0.5, 0.75]
    records = [
        {"epoch": epoch, "step": 10 * epoch + 10, "cost": 1.0 / (epoch + 1), "health": [look(share), look(0)]}
        for epoch, share in enumerate(shares)
    ]
    (finding,) = diagnose(History(records))
    assert (finding.step, finding.evidence) == (40, 0.75)
    assert "75 % of the units are dead since step 40" in finding.says


def look(dead=0.0, gradient=1.0, ratio=0.01):
    return {"dead": dead, "saturated": 0.0, "gradient_norm": gradient, "update_ratio": ratio}


def test_saturated_units_of_weights_that_are_too_large():
    network = begun_with(changes=lambda theta: {"b1": np.full((16, 1), 30.0)}, activation="tanh")
    saturated = found_in(network, learning_rate=0.001)["saturated units"]
    assert (saturated.layer, saturated.severity) == (1, "serious")
    assert saturated.evidence >= 0.9
    assert "or use relu" in saturated.hint


def test_a_gradient_that_grows_from_layer_to_layer():
    changes = lambda theta: {  # noqa: E731
        name: value * (1e-5 if name == "W1" else 3) for name, value in theta.items() if name[0] == "W"
    }
    network = begun_with((2, *[32] * 10, 1), changes=changes, activation="leaky_relu")
    finding = found_in(network, learning_rate=1e-5, iterations=20)["exploding gradient"]
    assert finding.layer == 1
    assert finding.evidence > 1e3


def test_overfitting_of_noise():
    rng = np.random.default_rng(0)
    X, X_new = rng.standard_normal((2, 20, 60))
    Y, Y_new = (rng.random((2, 1, 60)) < 0.5).astype(float)
    options = {"iterations": 200, "batch_size": None, "learning_rate": 0.01, "validation": (X_new, Y_new)}
    network = Network([20, 64, 1], seed=1)
    finding = found_in(network, X, Y, **options)["overfitting"]
    costs = network.history.column("validation_cost")
    assert f"since epoch {costs.argmin()}" in finding.says
    assert finding.step == costs.argmin() + 1
    assert "overfitting" not in found_in(Network([20, 64, 1], seed=1), X, Y, kept_best=True, **options)


def test_overfitting_after_a_first_epoch_that_was_far_worse():
    costs = [(9.0, 8.0), *[(1 / epoch, 0.1 + 0.5 * abs(epoch - 8) / 30) for epoch in range(1, 40)]]
    records = [
        {"epoch": epoch, "step": epoch + 1, "cost": cost, "validation_cost": of_validation}
        for epoch, (cost, of_validation) in enumerate(costs)
    ]
    (finding,) = diagnose(History(records))
    assert finding.kind == "overfitting"
    assert "since epoch 8, from 0.1 to 0.6167" in finding.says


def test_costs_that_are_not_finite():
    records = [{"epoch": 0, "step": 4, "cost": 1.0}, {"epoch": 1, "step": 8, "cost": float("inf")}]
    (finding,) = diagnose(History(records))
    assert (finding.kind, finding.severity, finding.step) == ("not finite", "serious", 8)
    records[1] |= {"cost": 0.5, "validation_cost": None}
    (finding,) = diagnose(History(records))
    assert "validation cost is not finite in epoch 1" in finding.says
    assert finding.to_dict()["evidence"] is None


def test_classes_that_are_never_answered():
    scores = {"accuracy": 0.9, "majority_accuracy": 0.9, "recall": {"usual": 1.0, "rare": 0.0, "other": 0.5}}
    (finding,) = diagnose(History(), scores=scores)
    assert finding.says == "class 'rare' is never predicted, though there are rows of it"
    assert "class_weight='balanced'" in finding.hint
    alone = {"usual": 1.0, "rare": 0.0}
    (finding,) = diagnose(History(), scores={**scores, "recall": alone})
    assert finding.severity == "serious"
    (finding,) = diagnose(History(), scores={"accuracy": 0.4, "majority_accuracy": 0.5})
    assert finding.kind == "worse than the largest class"


def test_the_most_serious_comes_first_and_all_is_json():
    network = begun_with(changes=lambda theta: {"b1": np.full((16, 1), -100.0)})
    history = network.train(X, Y, callbacks=[Health()], learning_rate=0.1, iterations=20)
    found = diagnose(history, architecture=network.architecture)
    severities = [finding.severity for finding in found]
    assert severities == sorted(severities, key=("serious", "warning", "note").index)
    json.dumps([finding.to_dict() for finding in found], allow_nan=False)


@pytest.mark.slow
def test_the_lecture_s_planar_network_raises_no_alarm():
    data = load("planar", seed=1)
    network = Network([2, 4, 1], activation="tanh", seed=1)
    options = {"optimizer": "gd", "batch_size": None, "learning_rate": 1.2, "iterations": 5000}
    assert found_in(network, data.X_train.T, data.y_train[np.newaxis], every=100, **options) == {}
