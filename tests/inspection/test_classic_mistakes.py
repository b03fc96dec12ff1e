"""Mistakes that `check_gradients` names, planted in a backward pass written from the lecture alone."""

from typing import Any

import numpy as np
import pytest

from deepstep import Network
from deepstep.equations import ACTIVATIONS
from deepstep.errors import ConfigurationError
from deepstep.inspection import FAULTS

SLOPES = {
    "tanh": lambda Z, A: 1 - A**2,
    "sigmoid": lambda Z, A: A * (1 - A),
    "relu": lambda Z, A: (Z > 0).astype(float),
}
FUNCTIONS = {
    "tanh": np.tanh,
    "sigmoid": lambda Z: 1 / (1 + np.exp(-Z)),
    "relu": lambda Z: np.maximum(Z, 0),
}


def problem(dims: Any = (4, 3, 3, 2), activation: str = "tanh", m: int = 7) -> tuple[Network, Any, Any]:
    rng = np.random.default_rng(5)
    net = Network(dims, activation=activation, initialization="glorot", seed=3)
    for name, value in net.parameters.items():
        if name[0] == "b":
            value += 0.3 * rng.standard_normal(value.shape)
    return net, rng.standard_normal((dims[0], m)), rng.integers(2, size=(dims[-1], m)).astype(float)


def learner(net: Network, X: Any, Y: Any, mistakes: dict[int, set[str]]) -> dict[str, Any]:
    """A learner's own backward pass; the mistakes by layer."""
    names, theta, m = net.architecture.activations, net.parameters, X.shape[1]
    L, A, Z = len(names), {0: X}, {}
    for l in range(1, L + 1):
        Z[l] = theta[f"W{l}"] @ A[l - 1] + theta[f"b{l}"]
        A[l] = FUNCTIONS[names[l - 1]](Z[l])
    found: dict[str, Any] = {}
    dZ = A[L] - Y
    if "derivative twice" in mistakes.get(L, ()):
        dZ = (A[L] - Y) * A[L] * (1 - A[L])
    if "factor 2" in mistakes.get(L, ()):
        dZ = 2 * dZ
    dA = dZ
    for l in range(L, 0, -1):
        here = mistakes.get(l, set())
        if l < L:
            slope = SLOPES[names[l - 1]](Z[l], A[l])
            if "1 - Z²" in here:
                slope = 1 - Z[l] ** 2
            for other in ("sigmoid", "relu", "tanh"):
                if f"derivative of {other}" in here:
                    slope = SLOPES[other](Z[l], FUNCTIONS[other](Z[l]))
            dZ = dA * slope
            if "sign of dZ" in here:
                dZ = -dZ
        n = len(dZ)
        source = A[l] if "A[l]" in here else A[l - 1]
        dW = dZ @ source.T / (n if "1/n" in here else 1 if "lost 1/m" in here else m)
        db = np.sum(dZ, axis=1, keepdims=True) / (n if "1/n" in here else 1 if "lost 1/m" in here else m)
        if "factor 2 in a layer" in here:
            dW, db = 2 * dW, 2 * db
        if "sign of db" in here:
            db = -db
        if "unsummed" in here:
            db = dZ / m
        if "nan" in here:
            dW = dW.copy()
            dW[0, 1] = np.nan
        found[f"dW{l}"], found[f"db{l}"] = dW, db
        W = theta[f"W{l}"]
        if "updated" in here:
            W = W - 0.3 * dW
        dA = W.T @ dZ
    return found


def named(net: Network, X: Any, Y: Any, mistakes: dict[int, set[str]]) -> str:
    report = net.check_gradients(X, Y, gradients=learner(net, X, Y, mistakes))
    assert report.passed == (not mistakes)
    return report.diagnosis


def test_the_learner_s_pass_is_right_without_a_mistake() -> None:
    for activation in SLOPES:
        net, X, Y = problem(activation=activation)
        assert named(net, X, Y, {}) == ""


@pytest.mark.parametrize(
    ("mistakes", "expected"),
    [
        (
            {3: {"derivative twice"}},
            "layer 3: dZ of the output is (AL - Y)·g′(Z), with the derivative of the activation twice",
        ),
        ({2: {"1 - Z²"}}, "layer 2: the derivative of tanh is 1 - Z² instead of 1 - A²"),
        ({1: {"1 - Z²"}, 2: {"1 - Z²"}}, "layers 1, 2: the derivative of tanh is 1 - Z² instead of 1 - A²"),
        (
            {l: {"1/n"} for l in (1, 2, 3)},
            "every layer: dW and db are divided by the number of units n instead of the number of examples m",
        ),
        (
            {1: {"1/n"}},
            "layer 1: dW and db are divided by the number of units n instead of the number of examples m",
        ),
        (
            {2: {"derivative of sigmoid"}},
            "layer 2: the derivative of sigmoid is taken instead of that of the layer's own activation",
        ),
        (
            {1: {"derivative of relu"}, 2: {"derivative of relu"}},
            "layers 1, 2: the derivative of relu is taken instead of that of the layer's own activation",
        ),
        ({2: {"A[l]"}}, "layer 2: dW is dZ·A[l]ᵀ / m instead of dZ·A[l-1]ᵀ / m"),
        ({1: {"A[l]"}}, "layer 1: dW is dZ·A[l]ᵀ / m instead of dZ·A[l-1]ᵀ / m"),  # of another shape
        ({3: {"factor 2"}}, "layer 3: dZ of the output has a factor of 2 too much"),
        ({2: {"factor 2 in a layer"}}, "layer 2: dW and db have a factor of 2 too much"),
        ({2: {"unsummed"}}, "layer 2: db is not summed over the examples"),
        ({l: {"unsummed"} for l in (1, 2, 3)}, "every layer: db is not summed over the examples"),
        (
            {l: {"updated"} for l in (1, 2, 3)},
            "layers 2, 3: dA_prev is taken with weights that were updated already, at learning rate 0.3: "
            "take all gradients before the first update",
        ),
        ({2: {"nan"}}, "layer 2: dW2[0, 1] is nan"),
    ],
)
def test_one_mistake(mistakes: dict[int, set[str]], expected: str) -> None:
    net, X, Y = problem()
    assert named(net, X, Y, mistakes) == expected


@pytest.mark.parametrize(
    ("mistakes", "expected"),
    [
        (
            {2: {"lost 1/m"}, 1: {"sign of db"}},
            ["layer 2: the 1/m is lost in dW and db", "layer 1: the sign of db is wrong"],
        ),
        (
            {2: {"1 - Z²", "lost 1/m"}},
            [
                "layer 2: the derivative of tanh is 1 - Z² instead of 1 - A²",
                "layer 2: the 1/m is lost in dW and db",
            ],
        ),
        (
            {3: {"sign of db"}, 1: {"derivative of sigmoid"}},
            [
                "layer 3: the sign of db is wrong",
                "layer 1: the derivative of sigmoid is taken instead of that of the layer's own activation",
            ],
        ),
        (
            {3: {"derivative twice"}, 2: {"A[l]"}},
            [
                "layer 3: dZ of the output is (AL - Y)·g′(Z), with the derivative of the activation twice",
                "layer 2: dW is dZ·A[l]ᵀ / m instead of dZ·A[l-1]ᵀ / m",
            ],
        ),
    ],
)
def test_two_mistakes_at_once(mistakes: dict[int, set[str]], expected: list[str]) -> None:
    net, X, Y = problem()
    assert sorted(named(net, X, Y, mistakes).split("; and ")) == sorted(expected)


def test_where_nothing_explains_the_difference_its_beginning_is_named() -> None:
    net, X, Y = problem()
    gradients = learner(net, X, Y, {})
    noise = np.random.default_rng(1)
    for name in ("dW1", "dW2", "db2"):
        gradients[name] = gradients[name] + noise.standard_normal(gradients[name].shape)
    report = net.check_gradients(X, Y, gradients=gradients)
    assert report.diagnosis == (
        "none of the known faults explains it; look at dZ2 next: it is the first that differs, "
        "all of layer 3 and above are right"
    )


def test_several_numbers_that_are_not_finite_are_counted_from_the_output_on() -> None:
    net, X, Y = problem()
    gradients = learner(net, X, Y, {})
    gradients["dW1"] = np.full_like(gradients["dW1"], np.inf)
    gradients["db3"] = np.array([[0.0], [-np.inf]])
    report = net.check_gradients(X, Y, gradients=gradients)
    assert report.diagnosis == "layer 3: db3[1, 0] is -inf"
    del gradients["db3"]
    gradients["db3"] = learner(net, X, Y, {})["db3"]
    report = net.check_gradients(X, Y, gradients=gradients)
    assert report.diagnosis == "layer 1: dW1[0, 0] is inf (12 of 12 entries are not finite)"


@pytest.mark.parametrize("fault", [*FAULTS, "derivative of relu"])
def test_a_class_sees_what_a_mistake_does(fault: str) -> None:
    """The first step of a training with a mistake is a step by the gradients that the mistake gives."""
    net, X, Y = problem((3, 3, 3, 3))
    start = net.parameters.copy()
    options = {"l2": 0.5} if fault == "no regularization" else {}
    if fault == "no mask":
        options = {"dropout": 0.3}
    history = net.train(X, Y, iterations=1, learning_rate=0.1, fault=fault, **options)
    assert history.engine == "reference"
    moved = (start.flat - net.parameters.flat) / 0.1
    right = Network([3, 3, 3, 3], activation="tanh", parameters=start, seed=3)
    right.train(X, Y, iterations=1, learning_rate=0.1, **options)
    expected = (start.flat - right.parameters.flat) / 0.1
    different = not np.allclose(moved, expected, rtol=1e-6, atol=1e-12)
    assert different == (fault not in ("Z(1 - Z) for A(1 - A)",))  # no hidden layer has that activation
    if fault == "lost 1/m":
        np.testing.assert_allclose(moved, expected * X.shape[1], rtol=1e-9)
    again = Network([3, 3, 3, 3], activation="tanh", parameters=start, seed=3)
    found = again.check_gradients(X, Y, gradients={f"d{n}": v for n, v in start.like(moved).items()})
    if not options and different:
        assert not found.passed
        assert "none of the known" not in found.diagnosis


def test_a_training_with_a_mistake_is_for_teaching_alone(tmp_path: Any) -> None:
    net, X, Y = problem()
    with pytest.raises(ConfigurationError, match="Did you mean 'sign of dW'"):
        net.train(X, Y, fault="sign of DW")
    for besides in ({"checkpoint": tmp_path}, {"optimizer": "lbfgs"}, {"refit": True, "patience": 1}):
        with pytest.raises(ConfigurationError, match="it is for teaching"):
            net.train(X, Y, fault="sign of dW", **besides)
    slow = Network([4, 3, 2], engine="compiled")
    with pytest.raises(ConfigurationError, match="engine='compiled'"):
        slow.train(X, Y, fault="sign of dW")


def test_activations_without_a_rival_are_all_known() -> None:
    """A fault is named by each activation whose units do not depend on each other."""
    from deepstep.inspection.faults import get_fault

    for name, activation in ACTIVATIONS.items():
        if not activation.across_units:
            assert name in get_fault(f"derivative of {name}", "here").name
