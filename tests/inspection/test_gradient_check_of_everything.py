"""The gradient check with weights, regularization, dropout and normalization, and their own faults.

The faulty gradients are changed by hand from right ones, or written with NumPy alone. That right ones pass
for every combination, `test_combinations` asks.
"""

import numpy as np
import pytest

from deepstep import Network
from deepstep.engines import ReferenceSession, Settings

RNG = np.random.RandomState(5)
X, Y = RNG.standard_normal((3, 7)), RNG.randint(2, size=(2, 7))
WEIGHT = RNG.uniform(0.2, 2, size=7)


def network(sizes=(3, 4, 4, 2), **options):
    return Network(sizes, **{"activation": "tanh", "initialization": "glorot", "seed": 3, **options})


def right(net, sample_weight=None, **settings):
    """The gradients that train, by name, and the masks of the first step."""
    session = ReferenceSession(net.architecture, net.parameters, Settings(seed=net.seed, **settings))
    masks = session.drawn_masks(X.shape[1], number=1)
    _, flat = session.cost_and_gradient(X, Y.astype(float), sample_weight=sample_weight, masks=masks)
    return {f"d{name}": value.copy() for name, value in net.parameters.like(flat).items()}, masks


@pytest.fixture
def no_pairs(monkeypatch):
    """Where the name of a mistake is not asked for, pairs of mistakes are not tried."""
    monkeypatch.setattr("deepstep.inspection.faults.MOST_MULTIPLICATIONS", 0)


@pytest.mark.usefixtures("no_pairs")
@pytest.mark.parametrize(
    ("normalization", "options"),
    [
        ("none", {}),
        ("none", {"l1": 0.4}),
        ("batch", {"l2": 0.4}),
        ("layer", {"dropout": 0.4}),
        ("batch", {"sample_weight": WEIGHT}),
        ("layer", {"sample_weight": WEIGHT}),
    ],
    ids=str,
)
def test_wrong_entries_are_found_and_the_absence_of_a_part_is_seen(normalization, options):
    net = network(normalization=normalization)
    gradients, _ = right(net, **options)
    assert net.check_gradients(X, Y, gradients=gradients, **options).passed
    plain, _ = right(net)
    assert net.check_gradients(X, Y, gradients=plain, **options).passed == (not options)
    spoilt = [name for name in ("dW1", "dgamma1", "db2") if name in gradients]
    for name in spoilt:
        gradients[name][1, 0] += 1e-5
    report = net.check_gradients(X, Y, gradients=gradients, **options)
    assert [f"d{check.name}" for check in report.checks if check.verdict == "wrong"] == spoilt


@pytest.mark.parametrize("settings", [{"l1": 0.3}, {"l1": 0.3, "l2": 0.2, "dropout": 0.3}], ids=str)
def test_a_missing_regularization_is_named(settings):
    net = network()
    gradients, _ = right(net, **settings)
    without, _ = right(net, **{**settings, "l1": 0.0, "l2": 0.0})
    for wrong, where in ((without, "every layer"), ({**gradients, "dW2": without["dW2"]}, "layer 2")):
        report = net.check_gradients(X, Y, gradients=wrong, **settings)
        assert report.diagnosis == f"{where}: the derivative of the regularization is missing in dW"


def test_a_missing_mask_is_named():
    """The last hidden layer's mask is left out on the way back, written with NumPy alone."""
    net = network((3, 4, 2))
    gradients, masks = right(net, dropout=0.5)
    W1, b1, W2, b2 = net.parameters.values()
    A1 = np.tanh(W1 @ X + b1)
    dZ2 = 1 / (1 + np.exp(-(W2 @ (A1 * masks[1]) + b2))) - Y
    np.testing.assert_allclose(gradients["dW2"], dZ2 @ (A1 * masks[1]).T / 7)
    dZ1 = (W2.T @ dZ2) * (1 - A1**2)
    wrong = {**gradients, "dW1": dZ1 @ X.T / 7, "db1": dZ1.mean(axis=1, keepdims=True)}
    report = net.check_gradients(X, Y, gradients=wrong, dropout=0.5)
    assert report.diagnosis == "layer 1: the dropout mask is missing in the backward pass"


@pytest.mark.parametrize(("kind", "axis"), [("batch", 1), ("layer", 0)])
def test_statistics_taken_as_given_are_named(kind, axis):
    net = network((3, 4, 2), normalization=kind)
    gradients, _ = right(net)
    W1, b1, gamma, W2, b2 = net.parameters.values()
    U = W1 @ X
    deviation = np.sqrt(U.var(axis=axis, keepdims=True) + 1e-5)
    A1 = np.tanh(gamma * (U - U.mean(axis=axis, keepdims=True)) / deviation + b1)
    dZ1 = (W2.T @ (1 / (1 + np.exp(-(W2 @ A1 + b2))) - Y)) * (1 - A1**2)
    wrong = {**gradients, "dW1": (gamma * dZ1 / deviation) @ X.T / 7}
    report = net.check_gradients(X, Y, gradients=wrong)
    assert report.diagnosis == "layer 1: the derivative of mean and variance is missing in dU"


def test_a_weight_of_zero_is_a_kink_of_l1():
    net = network()
    net.parameters["W1"][2, 1] = 0
    report = net.check_gradients(X, Y, l1=0.3)
    assert report.passed
    at_kinks = {check.name: check.at_kink for check in report.checks}
    assert at_kinks == {**dict.fromkeys(net.parameters, 0), "W1": 1}
    assert all(check.at_kink == 0 for check in net.check_gradients(X, Y, l2=0.3).checks)


@pytest.mark.usefixtures("no_pairs")
@pytest.mark.parametrize("size", [1e3, 1e7])
@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "softplus", "gelu"])
@pytest.mark.parametrize("others", [[], [1.0, -1.0]])
def test_units_that_saturate_on_both_sides_of_a_step(activation, size, others):
    """Alone the numeric derivative would be 0; beside other examples it would be theirs."""
    parameters = {"W1": [[0.5 / size]], "b1": [[0.0]], "W2": [[1.0]], "b2": [[0.0]]}
    net = Network(parameters=parameters, activation=activation, output="identity")
    inputs = np.array([[size, *others]])
    targets = np.linspace(-1, 1, inputs.size)[np.newaxis]
    report = net.check_gradients(inputs, targets)
    assert report.passed, str(report)
    assert report.checks[0].verdict == "good"
    gradients = net.gradients(inputs, targets)
    gradients["dW1"] = gradients["dW1"] * 1.01
    assert not net.check_gradients(inputs, targets, gradients=gradients).passed
