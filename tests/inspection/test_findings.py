"""Findings from records and from trainings that Health watches; `test_first_finding` has whole trainings."""

import json

import numpy as np
import pytest

from deepstep import Network
from deepstep.data import load
from deepstep.inspection import diagnose
from deepstep.training import Health, History

MOONS = load("moons", seed=1)
X, Y = MOONS.X_train.T, MOONS.y_train[np.newaxis].astype(float)


def found_in(network, **options):
    """The findings about a training that Health watches, by kind."""
    options = {"iterations": 60, "batch_size": 32, "optimizer": "adam", "learning_rate": 0.005} | options
    history = network.train(X, Y, callbacks=[Health()], **options)
    found = diagnose(history, architecture=network.architecture, parameters=network.parameters)
    json.dumps([finding.to_dict() for finding in found], allow_nan=False)
    return {finding.kind: finding for finding in reversed(found)}


def begun_with(dims=(2, 16, 8, 1), *, changes, **options):
    """A network that begins with some parameters changed."""
    parameters = {name: np.array(value) for name, value in Network(dims, seed=1).parameters.items()}
    return Network(parameters=parameters | changes(parameters), **options)


def test_saturated_units():
    network = begun_with(changes=lambda theta: {"b1": np.full((16, 1), 30.0)}, activation="tanh")
    saturated = found_in(network, learning_rate=0.001)["saturated units"]
    assert (saturated.layer, saturated.severity) == (1, "serious")
    assert saturated.evidence >= 0.9
    assert "or use relu" in saturated.hint


def test_a_gradient_that_grows_from_layer_to_layer():
    def changes(theta):
        return {
            name: value * (1e-5 if name == "W1" else 3) for name, value in theta.items() if name[0] == "W"
        }

    network = begun_with((2, *[32] * 10, 1), changes=changes, activation="leaky_relu")
    finding = found_in(network, learning_rate=1e-5, iterations=20)["exploding gradient"]
    assert finding.layer == 1
    assert finding.evidence > 1e3


def layer(dead):
    return {"dead": dead, "saturated": 0.0, "gradient_norm": 1.0, "update_ratio": 0.01}


RISES = [(9.0, 8.0), *[(1 / epoch, 0.1 + 0.5 * abs(epoch - 8) / 30) for epoch in range(1, 40)]]
RECORDS = {
    "dead units": (
        [
            {"cost": 1 / (i + 1), "health": [layer(s), layer(0)]}
            for i, s in enumerate([0, 0.5, 0.1, 0.5, 0.75])
        ],
        ("warning", 4, 0.75),
        "75 % of the units are dead since step 4",
    ),
    "overfitting": (  # after a first epoch that was far worse
        [{"cost": cost, "validation_cost": validation} for cost, validation in RISES],
        ("warning", 9, pytest.approx(0.5, abs=0.05)),
        "since epoch 8, from 0.1 to 0.6167",
    ),
    "not finite": ([{"cost": 1.0}, {"cost": np.inf}], ("serious", 2, pytest.approx(np.nan, nan_ok=True)), ""),
}


@pytest.mark.parametrize("kind", RECORDS)
def test_of_records(kind):
    records, expected, words = RECORDS[kind]
    records = [{"epoch": epoch, "step": epoch + 1, **record} for epoch, record in enumerate(records)]
    (finding,) = diagnose(History(records))
    assert finding.kind == kind
    assert (diagnose(History(records), kept_best=True) == []) == (kind == "overfitting")
    assert (finding.severity, finding.step, finding.evidence) == expected
    assert words in finding.says
    assert kind != "dead units" or finding.hint == "lower the learning rate or use leaky_relu"


def test_a_validation_cost_that_is_not_finite():
    records = [{"epoch": 0, "cost": 1.0}, {"epoch": 1, "cost": 0.5, "validation_cost": None}]
    (finding,) = diagnose(History(records))
    assert "validation cost is not finite in epoch 1" in finding.says
    assert finding.to_dict()["evidence"] is None


def test_classes_that_are_never_answered():
    scores = {"accuracy": 0.9, "majority_accuracy": 0.9, "recall": {"usual": 1.0, "rare": 0.0, "other": 0.5}}
    (finding,) = diagnose(History(), scores=scores)
    assert finding.says == "class 'rare' is never predicted, though there are rows of it"
    assert "class_weight='balanced'" in finding.hint
    (finding,) = diagnose(History(), scores={**scores, "recall": {"usual": 1.0, "rare": 0.0}})
    assert finding.severity == "serious"
    (finding,) = diagnose(History(), scores={"accuracy": 0.4, "majority_accuracy": 0.5})
    assert finding.kind == "worse than the largest class"
