"""`Network.steps` with a fault: the training of `Network.train` with it, and traces with its gradients."""

import numpy as np
import pytest

from deepstep import Network
from deepstep.errors import ConfigurationError

RNG = np.random.default_rng(7)
X = RNG.standard_normal((3, 6))
Y = (X[:1] > 0).astype(float)
NAMES = [
    "lost 1/m",
    "1/m twice in dW",
    "sign of dZ",
    "no derivative",
    "no regularization",
    "no mask",
]
SETTINGS = {"learning_rate": 0.1, "iterations": 3, "l2": 0.5, "dropout": 0.2}


def network():
    return Network([3, 3, 3, 1], activation="tanh", seed=1)


@pytest.mark.parametrize("fault", NAMES)
def test_steps_train_as_train_does(fault):
    trained, stepped = network(), network()
    trained.train(X, Y, fault=fault, **SETTINGS)
    steps = list(stepped.steps(X, Y, fault=fault, **SETTINGS))
    np.testing.assert_array_equal(stepped.parameters.flat, trained.parameters.flat)
    for step in steps:
        trace = step.trace()
        for name in step.after:
            moved = step.before[name] - 0.1 * trace[f"d{name}"].value
            np.testing.assert_allclose(step.after[name], moved, rtol=1e-12, atol=1e-15)


def test_formulas_stay_those_of_the_right_step():
    right, wrong = (next(network().steps(X, Y, fault=fault)).trace() for fault in (None, "lost 1/m"))
    assert [entry.formula for entry in wrong] == [entry.formula for entry in right]
    np.testing.assert_allclose(wrong["dW2"].value, 6 * right["dW2"].value)
    np.testing.assert_array_equal(wrong["dA1"].value, right["dA1"].value)


@pytest.mark.parametrize("fault", ["lost 1/n", 3])
def test_an_unknown_fault_is_refused_at_once(fault):
    with pytest.raises(ConfigurationError, match="fault must be one of"):
        network().steps(X, Y, fault=fault)


def test_a_fault_needs_the_reference_engine():
    net = Network([3, 1], seed=1, engine="compiled")
    with pytest.raises(ConfigurationError, match=r"^fault and engine='compiled' cannot"):
        net.steps(X, Y, fault="lost 1/m")
