"""The first finding about a training names its cause: `deepstep.diagnose(network)` and no other hint."""

import pickle
from typing import Any

import numpy as np
import pytest

import deepstep
from deepstep import Network
from deepstep.data import load
from deepstep.errors import DeepStepError, DivergenceError
from deepstep.training import Health, ModelCheckpoint


def of_moons(seed: int = 1) -> Any:
    data = load("moons", seed=seed)
    (X, Y), held = (
        (data.X_train.T, data.y_train[np.newaxis].astype(float)),
        (data.X_test.T, data.y_test[np.newaxis].astype(float)),
    )
    return X, Y, held


def of_digits() -> Any:
    data = load("digits", seed=1)
    X, held = (part.reshape(len(part), -1).T * data.scale for part in (data.X_train, data.X_test))
    return X, np.eye(10)[data.y_train].T, (held, np.eye(10)[data.y_test].T)


def of_a_line() -> Any:
    rng = np.random.default_rng(0)
    X = rng.standard_normal((3, 200))
    return X, X.sum(axis=0, keepdims=True) + 0.1 * rng.standard_normal((1, 200)), None


def shuffled(X: Any, Y: Any, held: Any) -> Any:
    rng = np.random.default_rng(0)
    return X, rng.permutation(Y, axis=1), (held[0], rng.permutation(held[1], axis=1))


def as_pixels(X: Any, Y: Any, held: Any) -> Any:
    return 255 * X, Y, held


def few_among_noise() -> Any:
    rng = np.random.default_rng(5)
    X, Y, (held, held_Y) = of_moons(3)
    X, held = (np.vstack([part, rng.standard_normal((20, part.shape[1]))]) for part in (X[:, :40], held))
    return X, Y[:, :40], (held, held_Y)


MOONS, DIGITS, LINE = of_moons(), of_digits(), of_a_line()
FEW, PIXELS = few_among_noise(), as_pixels(*DIGITS)
UNRELATED = "target unrelated to the inputs"


def gd(rate: float, iterations: int) -> dict[str, Any]:
    return {"learning_rate": rate, "iterations": iterations}


def adam(rate: float, iterations: int, **more: Any) -> dict[str, Any]:
    return {**gd(rate, iterations), "optimizer": "adam", "batch_size": 32, **more}


def trained(data, hidden, training, *, seed, validated=False, b1=0.0, **network):
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


def first_findings(*learned: Any, **network: Any) -> list[Any]:
    return deepstep.diagnose(trained(*learned, **network))


SIGMOIDS = {"activation": "sigmoid", "initialization": "glorot"}
ILL: dict[str, tuple[str, Any, Any, Any, Any]] = {
    **{
        f"zeros, {g}": (
            "symmetric units",
            MOONS,
            (8,),
            gd(0.5, 300),
            {"activation": g, "initialization": "zeros"},
        )
        for g in ("relu", "tanh", "sigmoid")
    },
    "zeros, digits, adam": ("symmetric units", DIGITS, (16,), adam(0.01, 10), {"initialization": "zeros"}),
    **{
        f"{depth} sigmoid layers, {name}": (
            "vanishing gradient",
            data,
            (10,) * (depth - 1),
            gd(0.1, 200),
            SIGMOIDS,
        )
        for depth in (5, 20)
        for name, data in (("moons", MOONS), ("digits", DIGITS))
    },
    "relus that a bias has killed": ("dead units", MOONS, (16, 8), gd(0.1, 300), {"b1": -100}),
    "relus that a rate has killed": ("dead units", DIGITS, (16, 16), adam(0.3, 40), {}),
    "a cost that explodes": ("divergence", LINE, (8,), gd(3.0, 100), {"output": "identity"}),
    "a cost that ends higher": ("divergence", MOONS, (16, 8), gd(100, 200), {"activation": "tanh"}),
    "large weights": ("large initial weights", MOONS, (32,) * 8, gd(1.0, 50), {"initialization": "large"}),
    **{
        f"pixels from 0 to 255, {g}, {name}": (
            "inputs not scaled",
            PIXELS,
            (32,),
            training,
            {"activation": g},
        )
        for g in ("relu", "tanh", "sigmoid")
        for name, training in (("gd", gd(0.1, 100)), ("adam", adam(0.003, 10)))
    },
    "shuffled labels": (UNRELATED, shuffled(*MOONS), (16, 8), gd(0.1, 500), {}),
    "shuffled digits": (UNRELATED, shuffled(*DIGITS), (16,), gd(0.1, 300), {}),
    "shuffled digits, validated": (UNRELATED, shuffled(*DIGITS), (64,), adam(0.01, 40), {"validated": True}),
    "overfitting": ("overfitting", FEW, (64, 32), adam(0.01, 200, batch_size=None), {"validated": True}),
    **{
        f"a rate of {rate:g}": ("learning rate too low", MOONS, (16,), gd(rate, 200), {"activation": "tanh"})
        for rate in (1e-6, 1e-5)
    },
    "a rate of 1e-6, adam": ("learning rate too low", MOONS, (16, 8), adam(1e-6, 60), {}),
    **{
        f"adam at rate {rate}, {name}": ("learning rate too high", data, (16,), adam(rate, 40), {})
        for rate in (3.0, 10.0)
        for name, data in (("moons", MOONS), ("digits", DIGITS))
    },
}


@pytest.mark.parametrize("illness", ILL)
def test_the_cause_comes_first(illness: str) -> None:
    kind, data, hidden, training, network = ILL[illness]
    assert first_findings(data, hidden, training, seed=1, **network)[0].kind == kind


@pytest.mark.parametrize(
    "illness", ["20 sigmoid layers, digits", "relus that a bias has killed", "relus that a rate has killed"]
)
def test_a_network_that_comes_from_a_file_has_the_record_of_its_layers(illness: str) -> None:
    kind, data, hidden, training, network = ILL[illness]
    before = trained(data, hidden, training, seed=1, **network)
    after = pickle.loads(pickle.dumps(before))
    assert [len(look) for look in after.history[-1]["layers"]] == 2 * [len(hidden) + 1]
    assert deepstep.diagnose(after)[0].kind == deepstep.diagnose(before)[0].kind == kind


def test_layers_are_not_recorded_where_that_would_cost_as_much_as_the_training() -> None:
    large = Network([2, 400, 400, 1], seed=1)
    assert "layers" not in large.train(*MOONS[:2], epochs=1)[-1]
    assert "layers" in large.train(*MOONS[:2], epochs=20)[-1]


def test_shuffled_labels_that_were_learned_by_heart_are_doubted() -> None:
    (first, *_) = first_findings(shuffled(*DIGITS), (64,), adam(0.01, 40), seed=1)
    assert first.severity == "note"
    assert "shuffled labels" in first.hint


@pytest.mark.parametrize(
    ("data", "hidden", "training", "network"),
    [
        (MOONS, (16, 8), adam(0.005, 300), {}),
        (MOONS, (16,), adam(0.05, 200), {"activation": "sigmoid"}),
        (DIGITS, (32, 16), adam(0.003, 40, schedule="cosine"), {}),
        (LINE, (8,), gd(0.05, 1000), {"output": "identity"}),
        (PIXELS, (32, 16), adam(0.003, 40, schedule="cosine"), {"normalization": "batch"}),
    ],
    ids=["moons", "sigmoid", "digits", "line", "pixels, normalized"],
)
def test_nothing_is_found_in_good_trainings(data: Any, hidden: Any, training: Any, network: Any) -> None:
    assert first_findings(data, hidden, training, seed=2, **network) == []


def test_health_and_a_cost_with_regularization_say_the_same() -> None:
    X, Y, _ = MOONS
    net = Network([2, 16, 1], seed=1)
    net.train(X, Y, callbacks=[Health()], **adam(3.0, 40))
    assert deepstep.diagnose(net)[0].kind == "learning rate too high"
    net = Network([2, 16, 1], seed=1)
    net.train(X, Y, l2=100.0, **adam(0.005, 100))  # it is most of the cost
    assert "learning rate too high" not in [finding.kind for finding in deepstep.diagnose(net)]


def test_a_network_keeps_few_examples_and_takes_none_into_files() -> None:
    X = np.random.default_rng(0).standard_normal((50_000, 40))
    net = Network([50_000, 1], seed=1)
    assert deepstep.diagnose(net) == []
    net.train(X, np.arange(40)[np.newaxis] % 2, iterations=1, learning_rate=1e-9)
    assert net.beginning.X.shape == (50_000, 20)
    assert pickle.loads(pickle.dumps(net)).beginning is None


def test_a_call_that_trains_nothing_leaves_the_beginning_of_the_training_before() -> None:
    X, Y, _ = MOONS
    net = Network([2, 16, 1], seed=1)
    assert len(net.train(X, Y, epochs=0)) == 0
    assert deepstep.diagnose(net) == []
    net.train(X, Y, epochs=3)
    kept = net.beginning
    with pytest.raises(DeepStepError):
        net.train(2 * X, Y, patience=2, monitor="nothing")
    assert net.beginning is kept


def test_a_network_whose_start_was_drawn_anew_tells_nothing_of_the_start_that_it_resumed(tmp_path):
    X = np.random.default_rng(1).standard_normal((2, 60))
    given = {"learning_rate": 1e-6, "checkpoint": ModelCheckpoint(tmp_path, every_epochs=5)}
    first = Network([2, 4, 1])
    first.train(X, X[:1] > 0, epochs=20, **given)
    assert first.beginning is not None
    again = Network([2, 4, 1])
    again.train(X, X[:1] > 0, epochs=30, resume=True, **given)
    assert again.beginning is None
    deepstep.diagnose(again)  # of the costs and the layers alone
