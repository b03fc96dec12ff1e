"""The gradient check and the trace over every head: right ones pass, kinks are told, faults are named."""

import numpy as np
import pytest

from deepstep import Network
from deepstep.equations import HEADS, get_head
from head_examples import head_settings, head_target


def network(output, layer_dims=(3, 4, 3), seed=1, **options):
    options = {**head_settings(output, layer_dims[-1]), **options}
    return Network(
        list(layer_dims), activation="tanh", output=output, output_settings=options, seed=seed,
        initialization="glorot",
    )  # fmt: skip


def data(output, n_x, n_y, m, seed=0):
    return np.random.RandomState(seed).standard_normal((n_x, m)), head_target(output, n_y, m, seed)


@pytest.mark.parametrize("output", sorted(name for name, head in HEADS.items() if head.kinks))
def test_a_target_that_is_met_is_at_a_kink_and_not_wrong(output):
    """An output that is Y exactly: there is no derivative there, by the weights or by Z."""
    layers = {"W1": np.zeros((2, 3)), "b1": np.zeros((2, 1))}
    net = Network(parameters=layers, output=output, output_settings=head_settings(output, 2))
    X = np.random.RandomState(0).standard_normal((3, 4))
    Y = net.predict(X)
    Y = np.tile(Y[:1], (2, 1)) if output == "quantile" else Y
    report, check = net.check_gradients(X, Y), net.trace(X, Y).check()
    assert report.passed
    assert any(check.at_kink for check in report.checks)
    assert check.passed
    assert {quantity.name: quantity.at_kink for quantity in check.checks}["dZ1"] > 0


@pytest.mark.parametrize("output", sorted(HEADS))
def test_a_wrong_sign_is_named(output):
    net = network(output)
    X, Y = data(output, 3, 3, 7)
    wrong = {name: -value for name, value in net.gradients(X, Y).items()}
    report = net.check_gradients(X, Y, gradients=wrong)
    assert report.diagnosis == "layer 2: the sign of dZ is wrong"


@pytest.mark.parametrize("output", ["sigmoid", "softmax", "poisson", "quantile", "ordinal"])
def test_a_missing_derivative_of_the_output_activation_is_named(output):
    """dZ[L] = dA[L], by the textbook's two factors; where AL = ZL nothing would be missing."""
    net = network(output)
    X, Y = data(output, 3, 3, 7)
    dZ2 = get_head(net.architecture).textbook_backward(net.forward(X), Y)
    trace = net.trace(X, Y)
    dZ1 = (net.parameters["W2"].T @ dZ2) * (1 - trace["A1"].value ** 2)
    wrong = {
        "dW2": dZ2 @ trace["A1"].value.T / 7, "db2": dZ2.mean(axis=1, keepdims=True),
        "dW1": dZ1 @ X.T / 7, "db1": dZ1.mean(axis=1, keepdims=True),
    }  # fmt: skip
    report = net.check_gradients(X, Y, gradients=wrong)
    assert report.diagnosis == "layer 2: the derivative of the activation is missing"


LOSS_AND_DERIVATIVE = {
    "huber": ("loss = Σ c ∘ (|Z2 - Y| - c / 2)", "dZ2 = min(max(Z2 - Y, -0.5), 0.5)"),
    "ordinal": (
        "loss = -Σₖ (Yₖ log A2ₖ + (1 - Yₖ) log(1 - A2ₖ))",
        "dZ2ₖ = -Σ_{j ≥ k} (A2ⱼ - Yⱼ) σ(Z2ₖ), for k = 1 without -σ",
    ),
    "quantile": ("loss = pinball(A2, Y)", "dZ2 = increasing_backward(dA2, Z2)"),
    "softmax": ("loss = log Σⱼ e^Z2ⱼ - Σⱼ (0.7·Y + 0.1)ⱼ Z2ⱼ", "dZ2 = A2 - (0.7·Y + 0.1)"),
}


@pytest.mark.parametrize("output", LOSS_AND_DERIVATIVE)
def test_the_formulas_of_the_trace_have_the_settings(output):
    options = {"softmax": {"smoothing": 0.3}, "huber": {"delta": 0.5}}.get(output, {})
    trace = network(output, **options).trace(*data(output, 3, 3, 4))
    assert (trace["loss"].formula, trace["dZ2"].formula) == LOSS_AND_DERIVATIVE[output]
    assert trace["loss"].equation == get_head(output).loss.__name__
    assert trace["dZ2"].source
