"""Kinks of activations, a user's own among them, are left out of checks; the trace has plain formulas."""

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


def test_the_trace_writes_a_plain_formula():
    net, rng = Network([3, 8, 4, 1], activation="bent", output="sigmoid", seed=1), np.random.RandomState(2)
    trace = net.trace(2 * rng.standard_normal((3, 20)), rng.randint(2, size=(1, 20)))
    assert (trace["A2"].formula, trace["A2"].equation) == ("A2 = bent(Z2)", "bent")
    assert trace["dZ2"].formula == f"dZ2 = {trace['dZ2'].equation}(dA2, Z2)" == "dZ2 = bent_backward(dA2, Z2)"
    assert trace["A2"].source == trace["dZ2"].source == ""
    np.testing.assert_array_equal(trace["A1"].value, np.clip(trace["Z1"].value, -1, 1))
    assert trace.check().passed


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
