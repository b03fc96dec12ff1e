"""The first finding about a training names its cause: `deepstep.diagnose(network)` and no other hint."""

import pickle

import numpy as np
import pytest

import deepstep
from deepstep import Network
from deepstep.data import load
from deepstep.errors import DeepStepError, DivergenceError
from deepstep.training import Health, ModelCheckpoint


def of_moons(seed=1):
    data = load("moons", seed=seed)
    held = data.X_test.T, data.y_test[np.newaxis].astype(float)
    return data.X_train.T, data.y_train[np.newaxis].astype(float), held


def of_digits():
    data = load("digits", seed=1)
    X, held = (part.reshape(len(part), -1).T * data.scale for part in (data.X_train, data.X_test))
    return X, np.eye(10)[data.y_train].T, (held, np.eye(10)[data.y_test].T)


def of_a_line():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((3, 200))
    return X, X.sum(axis=0, keepdims=True) + 0.1 * rng.standard_normal((1, 200)), None


def shuffled(X, Y, held):
    rng = np.random.default_rng(0)
    return X, rng.permutation(Y, axis=1), (held[0], rng.permutation(held[1], axis=1))


def few_among_noise():
    rng = np.random.default_rng(5)
    X, Y, (held, held_Y) = of_moons(3)
    X, held = (np.vstack([part, rng.standard_normal((20, part.shape[1]))]) for part in (X[:, :40], held))
    return X, Y[:, :40], (held, held_Y)


MOONS, DIGITS, LINE, FEW = of_moons(), of_digits(), of_a_line(), few_among_noise()
PIXELS = 255 * DIGITS[0], *DIGITS[1:]
UNRELATED = "target unrelated to the inputs"


def gd(rate, iterations):
    return {"learning_rate": rate, "iterations": iterations}


def adam(rate, iterations, **more):
    return {**gd(rate, iterations), "optimizer": "adam", "batch_size": 32, **more}


def trained(data, hidden, training, *, seed=1, validated=False, b1=0.0, **network):
    X, Y, held = data
    if len(Y) == 10:
        network["output"] = "softmax"
    learner = Network([len(X), *hidden, len(Y)], seed=seed, **network)
    learner.parameters["b1"][:] += b1
    try:
        learner.train(X, Y, validation=held if validated else None, **training)
    except DivergenceError:
        assert training["learning_rate"] >= 1
    return learner


SIGMOIDS = {"activation": "sigmoid", "initialization": "glorot"}
TANH = {"activation": "tanh"}
ZEROS, LARGE = {"initialization": "zeros"}, {"initialization": "large"}
ILL = {
    "zeros": ("symmetric units", MOONS, (8,), gd(0.5, 300), ZEROS),
    "zeros, tanh": ("symmetric units", MOONS, (8,), gd(0.5, 300), ZEROS | TANH),
    "zeros, digits, adam": ("symmetric units", DIGITS, (16,), adam(0.01, 10), ZEROS),
    "5 sigmoid layers": ("vanishing gradient", MOONS, (10,) * 4, gd(0.1, 200), SIGMOIDS),
    "20 sigmoid layers": ("vanishing gradient", DIGITS, (10,) * 19, gd(0.1, 60), SIGMOIDS),
    "relus that a bias has killed": ("dead units", MOONS, (16, 8), gd(0.1, 300), {"b1": -100}),
    "relus that a rate has killed": ("dead units", DIGITS, (16, 16), adam(0.3, 40), {}),
    "a cost that explodes": ("divergence", LINE, (8,), gd(3.0, 100), {"output": "identity"}),
    "a cost that ends higher": ("divergence", MOONS, (16, 8), gd(100, 200), TANH),
    "large weights": ("large initial weights", MOONS, (32,) * 8, gd(1.0, 50), LARGE),
    "pixels from 0 to 255": ("inputs not scaled", PIXELS, (32,), gd(0.1, 100), {}),
    "pixels, tanh, adam": ("inputs not scaled", PIXELS, (32,), adam(0.003, 10), TANH),
    "pixels, sigmoid": ("inputs not scaled", PIXELS, (32,), gd(0.1, 100), {"activation": "sigmoid"}),
    "shuffled labels": (UNRELATED, shuffled(*MOONS), (16, 8), gd(0.1, 500), {}),
    "shuffled digits": (UNRELATED, shuffled(*DIGITS), (16,), gd(0.1, 300), {}),
    "shuffled, validated": (UNRELATED, shuffled(*DIGITS), (64,), adam(0.01, 40), {"validated": True}),
    "overfitting": ("overfitting", FEW, (64, 32), adam(0.01, 200, batch_size=None), {"validated": True}),
    "a rate of 1e-5": ("learning rate too low", MOONS, (16,), gd(1e-5, 200), TANH),
    "a rate of 1e-6, adam": ("learning rate too low", MOONS, (16, 8), adam(1e-6, 60), {}),
    "a rate of 3, adam": ("learning rate too high", MOONS, (16,), adam(3.0, 40), {}),
    "a rate of 10, digits": ("learning rate too high", DIGITS, (16,), adam(10.0, 40), {}),
}


@pytest.mark.parametrize("illness", ILL)
def test_the_cause_comes_first(illness):
    """In a copy from a file, too: it has the record of the layers, and none of the beginning."""
    kind, data, hidden, training, network = ILL[illness]
    learner = trained(data, hidden, training, **network)
    assert deepstep.diagnose(learner)[0].kind == kind
    if illness.startswith(("20", "relus")):
        after = pickle.loads(pickle.dumps(learner))
        assert after.beginning is None
        assert [len(look) for look in after.history[-1]["layers"]] == 2 * [len(hidden) + 1]
        assert deepstep.diagnose(after)[0].kind == kind


def test_layers_are_not_recorded_where_that_would_cost_as_much_as_the_training():
    large = Network([2, 400, 400, 1], seed=1)
    assert "layers" not in large.train(*MOONS[:2], epochs=1)[-1]
    assert "layers" in large.train(*MOONS[:2], epochs=20)[-1]


def test_shuffled_labels_that_were_learned_by_heart_are_doubted():
    (first, *_) = deepstep.diagnose(trained(shuffled(*DIGITS), (64,), adam(0.01, 40)))
    assert first.severity == "note"
    assert "shuffled labels" in first.hint


GOOD = {
    "moons": (MOONS, (16, 8), adam(0.005, 300), {}),
    "sigmoid": (MOONS, (16,), adam(0.05, 200), {"activation": "sigmoid"}),
    "digits": (DIGITS, (32, 16), adam(0.003, 40, schedule="cosine"), {}),
    "line": (LINE, (8,), gd(0.05, 1000), {"output": "identity"}),
    "pixels": (PIXELS, (32, 16), adam(0.003, 40, schedule="cosine"), {"normalization": "batch"}),
}


@pytest.mark.parametrize("name", GOOD)
def test_nothing_is_found_in_good_trainings(name):
    data, hidden, training, network = GOOD[name]
    assert deepstep.diagnose(trained(data, hidden, training, seed=2, **network)) == []


def test_health_and_a_cost_with_regularization_say_the_same():
    health = trained(MOONS, (16,), adam(3.0, 40, callbacks=[Health()]))
    assert deepstep.diagnose(health)[0].kind == "learning rate too high"
    regularized = trained(MOONS, (16,), adam(0.005, 100, l2=100.0))  # it is most of the cost
    assert "learning rate too high" not in [finding.kind for finding in deepstep.diagnose(regularized)]


def test_a_network_keeps_few_examples_of_the_training_that_began(tmp_path):
    """A call that trains nothing, or fails, leaves those before; a resumed training has none."""
    X = np.random.default_rng(0).standard_normal((50_000, 40))
    net = Network([50_000, 1], seed=1)
    Y = np.arange(40)[np.newaxis] % 2
    assert len(net.train(X, Y, epochs=0)) == 0
    assert deepstep.diagnose(net) == []
    net.train(X, Y, iterations=1, learning_rate=1e-9)
    kept = net.beginning
    assert kept.X.shape == (50_000, 20)
    with pytest.raises(DeepStepError):
        net.train(2 * X, Y, patience=2, monitor="nothing")
    assert net.beginning is kept
    given = {"learning_rate": 1e-6, "checkpoint": ModelCheckpoint(tmp_path, every_epochs=5)}
    first, again = Network([2, 4, 1]), Network([2, 4, 1])
    first.train(*MOONS[:2], epochs=20, **given)
    assert first.beginning is not None
    again.train(*MOONS[:2], epochs=30, resume=True, **given)
    assert again.beginning is None
    deepstep.diagnose(again)  # of the costs and the layers alone
