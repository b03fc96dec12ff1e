"""A user's own activation is traced and checked as those of DeepStep are."""

from collections.abc import Iterator

import numpy as np
import pytest

from deepstep import Network
from deepstep.equations import Activation, register_activation, unregister_activation


def hard_tanh(Z):
    return np.clip(Z, -1, 1)


def hard_tanh_backward(dA, Z):
    return np.where(np.abs(Z) < 1, dA, np.zeros_like(dA))


@pytest.fixture
def bent() -> Iterator[Activation]:
    yield register_activation("bent", hard_tanh, hard_tanh_backward, kinks=(-1, 1))
    unregister_activation("bent")


@pytest.mark.usefixtures("bent")
class TestOwnActivation:
    def network(self, **settings):
        return Network([3, 8, 4, 1], activation="bent", output="sigmoid", seed=1, **settings)

    def data(self):
        rng = np.random.RandomState(2)
        return 2 * rng.standard_normal((3, 20)), rng.randint(2, size=(1, 20))

    def test_the_trace_writes_a_plain_formula(self):
        trace = self.network().trace(*self.data())
        assert (trace["A2"].formula, trace["A2"].equation) == ("A2 = bent(Z2)", "bent")
        assert (trace["dZ2"].formula, trace["dZ2"].equation) == (
            "dZ2 = bent_backward(dA2, Z2)",
            "bent_backward",
        )
        assert trace["A2"].source == trace["dZ2"].source == ""
        np.testing.assert_array_equal(trace["A1"].value, hard_tanh(trace["Z1"].value))
        assert "A1 = bent(Z1)" in str(trace)
        assert trace.check().passed

    def test_units_at_its_kinks_are_left_out_and_counted(self):
        parameters = {
            "W1": [[1.0], [1.0], [1.0]],
            "b1": [[0.0], [-2.0], [0.5]],  # at X = 1: Z1 = 1, -1 and 1.5
            "W2": [[1.0, -1.0, 2.0]],
            "b2": [[0.1]],
        }
        net = Network(parameters=parameters, activation="bent")
        report = net.check_gradients([[1.0]], [[1]])
        assert report.passed
        assert [(check.checked, check.at_kink) for check in report.checks] == [(1, 2), (1, 2), (3, 0), (1, 0)]
        check = net.trace([[1.0]], [[1]]).check()
        assert check.passed
        assert {quantity.name: quantity.at_kink for quantity in check.checks}["dZ1"] == 2


@pytest.mark.parametrize("activation", ["leaky_relu", "selu"])
def test_a_kink_of_the_other_rectifiers_is_not_called_wrong(activation):
    """At Z = 0 both slopes are there: a difference over it would lie between."""
    parameters = {"W1": [[0.0], [1.0]], "b1": [[0.0], [0.5]], "W2": [[1.0, -1.0]], "b2": [[0.1]]}
    report = Network(parameters=parameters, activation=activation).check_gradients([[1.0, 2.0]], [[0, 1]])
    assert report.passed
    assert [check.at_kink for check in report.checks] == [1, 1, 0, 0]
