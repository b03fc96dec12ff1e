"""Health: units and sizes known by hand, gradients by torch."""

import json

import numpy as np
import pytest
import torch

from deepstep import Network
from deepstep.engines import Settings, open_session
from deepstep.errors import ConfigurationError
from deepstep.network import Architecture, Parameters
from deepstep.plots import GradientFlowDisplay
from deepstep.preparation.batches import Examples
from deepstep.training import (
    Health,
    History,
    ModelCheckpoint,
    Plan,
    ReduceLROnPlateau,
    find_rate,
    train,
)
from deepstep.training.health import layer_health


def session_of(parameters, activations=("tanh", "sigmoid"), normalization="none"):
    parameters = Parameters.from_dict(parameters)
    architecture = Architecture(parameters.layer_dims, activations, normalization=normalization)
    return open_session("reference", architecture, parameters, Settings())


def look(network, *architecture, rate=0.1, epochs=1, batch_size=None, **how):
    """Train and give the records, and the parameters at the end."""
    parameters, X, Y = network
    session = session_of(parameters, *architecture)
    plan = Plan(epochs=epochs, learning_rate=rate, batch_size=batch_size)
    return train(session, Examples(X, Y), plan, callbacks=[Health(**how)]), session.parameters


@pytest.fixture
def network():
    """Units of layer 1, over x from -1 to 1: alive, dead, dead, alive."""
    X = np.linspace(-1, 1, 11)[:, np.newaxis]
    parameters = {
        "W1": [[1.0], [1.0], [0.0], [-2.0]],
        "b1": [[0.0], [-5.0], [0.0], [0.5]],
        "W2": [[0.1, 0.2, 0.3, 0.4]],
        "b2": [[0.0]],
    }
    return parameters, X, (X > 0).astype(float)


def test_dead_and_saturated_units_are_counted(network):
    """tanh at ±20: both ends are flat, though a mean of the activations would be near 0."""
    parameters, *_ = network
    history, _ = look(network, ("relu", "sigmoid"), rate=1e-12)
    hidden, output = history[0]["health"]
    assert (hidden["dead"], output["dead"]) == (0.5, 0)
    assert (hidden["saturated"], output["saturated"]) == (0, None)  # a dead unit is not counted twice
    parameters["W1"] = [[1.0], [1000.0], [0.0], [0.0]]
    parameters["b1"] = [[0.0], [10.0], [4.0], [3.0]]  # 1 - tanh²: 4 gives 0.0013, 3 gives 0.0099
    for activation, flat, expected in [("tanh", 0.005, 0.5), ("tanh", 0.02, 0.75), ("sigmoid", 0.005, 0.25)]:
        history, _ = look(network, (activation, "sigmoid"), rate=1e-12, flat=flat)
        assert history[0]["health"][0]["saturated"] == expected
    # examples are spread over all: here the unit is dead for the first half alone, where x is negative
    parameters["W1"], parameters["b1"] = [[1.0]] * 4, [[0.0]] * 4
    for examples, dead in ((3, 0), (1, 1)):
        history, _ = look(network, ("relu", "sigmoid"), rate=1e-12, examples=examples)
        assert history[0]["health"][0]["dead"] == dead


@pytest.mark.parametrize("normalization", ["none", "batch", "layer"])
def test_gradient_norms_are_torch_s(network, normalization):
    parameters, X, Y = network
    if normalization != "none":
        parameters["gamma1"] = [[1.0], [2.0], [0.5], [1.5]]
        parameters["W1"] = [[1.0], [1.1], [0.3], [-2.0]]
    history, after = look(network, ("tanh", "sigmoid"), normalization)
    theta = {name: torch.tensor(after[name], requires_grad=True) for name in after}
    U = theta["W1"] @ torch.tensor(X.T)
    if normalization != "none":
        axis = 1 if normalization == "batch" else 0
        variance = U.var(dim=axis, keepdim=True, unbiased=False)
        U = theta["gamma1"] * (U - U.mean(dim=axis, keepdim=True)) / (variance + 1e-5).sqrt()
    ZL = theta["W2"] @ torch.tanh(U + theta["b1"]) + theta["b2"]
    torch.nn.functional.binary_cross_entropy_with_logits(ZL, torch.tensor(Y.T)).backward()
    for layer, got in enumerate(history[0]["health"], start=1):
        names = [name for name in theta if name.endswith(str(layer))]
        expected = torch.cat([theta[name].grad.ravel() for name in names]).norm().item()
        assert got["gradient_norm"] == pytest.approx(expected, rel=1e-10)


def test_update_ratios_are_those_of_the_whole_epoch(network):
    """Four updates an epoch; every second epoch is looked at, and its own change is what counts."""
    _, before = look(network, epochs=1, batch_size=3)
    history, after = look(network, epochs=2, batch_size=3, every=2)
    assert "health" not in history[0]
    for layer, got in enumerate(history[1]["health"], start=1):
        one, two = before[f"W{layer}"], after[f"W{layer}"]
        expected = np.sqrt(((two - one) ** 2).sum()) / np.sqrt((one**2).sum())
        assert got["update_ratio"] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(("dtype", "size"), [("float32", 1e30), ("float64", 1e200)])
def test_sizes_whose_squares_overflow_are_numbers(dtype, size):
    architecture = Architecture((1, 1, 1), ("identity", "identity"), output="absolute_error")
    parameters = architecture.lay_out(np.array([size, 0, 1, 0], dtype))  # W1, b1, W2, b2
    moved = parameters.like(np.array([3 * size, 0, 1, 0], dtype))
    gradient = {f"d{name}": 3 * value for name, value in parameters.items()}
    first, _ = layer_health(architecture, moved, np.ones((1, 2), dtype), gradient, parameters)
    found = [first[name] for name in ("gradient_norm", "update_ratio", "weight_size")]
    assert found == pytest.approx([3 * size, 2, 3 * size], rel=1e-6)
    net = Network(parameters=parameters.to_dict(), activation="identity", output="absolute_error")
    norms = GradientFlowDisplay.from_network(net, np.ones((1, 2)), np.zeros((1, 2))).norms
    assert norms[0] == pytest.approx([np.sqrt(2), size], rel=1e-6)  # of dW1 and db1, and of dW2


def test_weights_of_zero_have_no_ratio_and_the_record_stays_json(network):
    parameters, X, Y = network
    zeros = {name: np.zeros_like(np.array(value)) for name, value in parameters.items()}
    history, _ = look((zeros, X, Y))
    assert [layer["update_ratio"] for layer in history[0]["health"]] == [None, None]
    again = History.from_jsonl(history.to_jsonl())
    assert again[0]["health"] == history[0]["health"]
    json.dumps(history[0]["health"], allow_nan=False)


SETTINGS = [
    (Health, {"every": 0}, "a whole number"),
    (Health, {"examples": True}, "a whole number"),
    (Health, {"flat": -1}, "a number"),
    (find_rate, {"least": "tiny"}, "a positive number, got 'tiny'"),
    (find_rate, {"most": 1e-6}, "a number above 1e-06"),
    (find_rate, {"steps": 1}, "a whole number of at least 2"),
    (find_rate, {"smoothing": 1.0}, "a number from 0 to below 1"),
    (find_rate, {"batch_size": 0}, "a whole number"),
    (find_rate, {"order": lambda epoch, m: [0, 0, 5]}, "."),
    *((ReduceLROnPlateau, {"patience": number}, "a whole number of at least 0, got") for number in (-1, 0.5)),
    (ReduceLROnPlateau, {"drop": 1.0}, "a number"),
    (ReduceLROnPlateau, {"threshold": np.nan}, "a number"),
    (ReduceLROnPlateau, {"least": 2}, "a number"),
    (ModelCheckpoint, {"every": -1}, "a number of seconds, got -1"),
    (ModelCheckpoint, {"every_steps": 0}, "a whole number of at least 1, got 0"),
    (ModelCheckpoint, {"keep": None}, "a whole number of at least 1, got None"),
]


@pytest.mark.parametrize(("make", "setting", "requirement"), SETTINGS)
def test_settings_out_of_range_are_refused(network, make, setting, requirement):
    arguments = {ModelCheckpoint: ["x"], find_rate: [session_of(network[0]), Examples(*network[1:])]}
    with pytest.raises(ConfigurationError, match=rf"^{next(iter(setting))}\b.* must be .*{requirement}"):
        make(*arguments.get(make, ()), **setting)
