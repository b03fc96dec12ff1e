"""Independent oracle: torch's autograd and losses, in float64."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_models import Model, cost_and_gradients, models
from torch_losses import TORCH_LOSSES

from deepstep.equations import (
    ACTIVATIONS,
    l2_backward,
    l2_cost,
    model_backward,
    model_forward,
)

torch = pytest.importorskip("torch")
functional = torch.nn.functional


def first_and_steps(Z: Any, sign: int) -> Any:
    return torch.cat([Z[:1], sign * functional.softplus(Z[1:], threshold=40)])


TORCH_ACTIVATIONS: dict[str, Callable[[Any], Any]] = {
    "identity": lambda Z: Z,
    "relu": torch.relu,
    "leaky_relu": lambda Z: functional.leaky_relu(Z, negative_slope=0.01),
    "elu": functional.elu,
    "selu": functional.selu,
    "gelu": functional.gelu,
    "gelu_tanh": lambda Z: functional.gelu(Z, approximate="tanh"),
    "silu": functional.silu,
    "mish": functional.mish,
    "softplus": lambda Z: functional.softplus(Z, threshold=40),  # torch's own threshold is wrong by e^-20
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "exponential": torch.exp,
    "softmax": lambda Z: torch.softmax(Z, dim=0),
    "increasing": lambda Z: torch.cumsum(first_and_steps(Z, 1), dim=0),
    "ordinal": lambda Z: torch.sigmoid(torch.cumsum(first_and_steps(Z, -1), dim=0)),
}
EXTREME = np.array([-1e4, -745.2, -709.9, -100.0, -36.8, -1.0, -1e-300, 1e-300, 0.5, 36.8, 709.9, 1e4])


def test_every_activation_has_a_counterpart() -> None:
    assert set(TORCH_ACTIVATIONS) == set(ACTIVATIONS)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activation(name: str) -> None:
    rng = np.random.default_rng(1)
    Z = np.concatenate([EXTREME, np.linspace(-50, 50, 100), 3 * rng.standard_normal(24)]).reshape(4, 34)
    dA = rng.standard_normal(Z.shape)
    logits = torch.tensor(Z, requires_grad=True)
    A = TORCH_ACTIVATIONS[name](logits)
    A.backward(torch.tensor(dA))
    forward, backward, *_ = ACTIVATIONS[name]
    np.testing.assert_allclose(forward(Z), A.detach().numpy(), rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(backward(dA, Z), logits.grad.numpy(), rtol=1e-12, atol=1e-12)


@settings(max_examples=150, deadline=None)
@given(models(), st.sampled_from([0.0, 0.3]))
def test_gradients_of_the_whole_model(model: Model, l2: float) -> None:
    parameters, activations, head, X, Y, weight = model
    m = Y.shape[1] if weight is None else weight.sum()
    weights = [parameters[f"W{layer}"] for layer in range(1, parameters.n_layers + 1)]
    J, gradients = cost_and_gradients(model)
    J += l2_cost(weights, l2, m)
    for layer, W in enumerate(weights, start=1):
        gradients[f"dW{layer}"] = gradients[f"dW{layer}"] + l2_backward(W, l2, m)

    theta = {name: torch.tensor(value, requires_grad=True) for name, value in parameters.items()}
    A = A0 = torch.tensor(X, requires_grad=True)
    if "s1" in theta:
        A = theta["s1"] * A
    for layer, activation in enumerate(activations, start=1):
        Z = theta[f"W{layer}"] @ A + theta[f"b{layer}"]
        A = TORCH_ACTIVATIONS[activation](Z)
        if f"alpha{layer}" in theta:  # as the paper has it
            A = Z + theta[f"alpha{layer}"] * (A - Z)
    w = torch.tensor(np.ones(Y.shape[1]) if weight is None else weight)
    squares = sum((value**2).sum() for name, value in theta.items() if name.startswith("W"))
    loss = TORCH_LOSSES[head.name](Z, torch.tensor(Y), **head.settings)
    cost = (w * loss).sum() / w.sum() + l2 / (2 * w.sum()) * squares
    cost.backward()

    near = {"rtol": 1e-10, "atol": 1e-12}
    np.testing.assert_allclose(J, cost.item(), **near)
    for name, value in theta.items():
        np.testing.assert_allclose(gradients[f"d{name}"], value.grad.numpy(), err_msg=name, **near)
    np.testing.assert_allclose(gradients["dA0"], Y.shape[1] * A0.grad.numpy(), err_msg="dA0 of m·J", **near)


@settings(max_examples=50, deadline=None)
@given(models())
def test_the_lecture_s_way_is_the_same(model: Model) -> None:
    model = model._replace(weight=None)
    AL, caches = model_forward(model.X, model.parameters, activations=model.activations)
    lecture = model_backward(AL, model.Y, caches, activations=model.activations, output=model.head)
    _, gradients = cost_and_gradients(model)
    assert list(lecture) == list(gradients)
    for name, value in lecture.items():
        np.testing.assert_allclose(value, gradients[name], rtol=1e-12, atol=1e-15, err_msg=name)
