"""Kinks of activations, a user's own among them, are left out of checks."""

import numpy as np
import pytest

from deepstep import Network
from deepstep.equations import register_activation, unregister_activation


@pytest.fixture(autouse=True)
def bent():
    def hard_tanh_backward(dA, Z):
        return np.where(np.abs(Z) < 1, dA, np.zeros_like(dA))

    register_activation("bent", lambda Z: np.clip(Z, -1, 1), hard_tanh_backward, kinks=(-1, 1))
    yield
    unregister_activation("bent")


@pytest.mark.parametrize("activation", ["bent", "relu", "leaky_relu", "selu"])
def test_units_at_kinks_are_left_out_and_counted(activation):
    """At X = 1 two of three units are at one; a difference over it would lie between both slopes."""
    b1 = [0.0, -2.0, 0.5] if activation == "bent" else [-1.0, -1.0, 0.5]
    parameters = {"W1": np.ones((3, 1)), "b1": np.array([b1]).T, "W2": [[1.0, -1.0, 2.0]], "b2": [[0.1]]}
    net = Network(parameters=parameters, activation=activation)
    report = net.check_gradients([[1.0]], [[1]])
    assert report.passed
    assert "1/3, 2 at a kink" in str(report)
    assert [(check.checked, check.at_kink) for check in report.checks] == [(1, 2), (1, 2), (3, 0), (1, 0)]
    check = net.trace([[1.0]], [[1]]).check()
    assert check.passed
    assert {quantity.name: quantity.at_kink for quantity in check.checks}["dZ1"] == 2
