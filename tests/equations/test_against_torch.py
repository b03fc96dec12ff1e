"""Independent oracle: torch's autograd, activations and losses, in float64."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_models import cost_and_gradients, head_of, models, target

from deepstep.equations import (
    ACTIVATIONS,
    HEADS,
    compute_cost,
    get_head,
    l2_backward,
    l2_cost,
    model_backward,
    model_forward,
)

torch = pytest.importorskip("torch")
functional = torch.nn.functional


def summed(Z, sign):
    """Z₁, then the steps softplus(Zₖ) up (or with sign -1 down)."""
    return torch.cumsum(torch.cat([Z[:1], sign * functional.softplus(Z[1:], threshold=40)]), dim=0)


def sigmoid(Z, Y, smoothing=0.0):
    T = Y * (1 - smoothing) + smoothing / 2
    return functional.binary_cross_entropy_with_logits(Z, T, reduction="none").sum(dim=0)


def softmax(Z, Y, smoothing=0.0):
    return functional.cross_entropy(Z.T, Y.T, reduction="none", label_smoothing=smoothing)


def identity(Z, Y):
    return functional.mse_loss(Z, Y, reduction="none").sum(dim=0) / 2


def absolute_error(Z, Y):
    return functional.l1_loss(Z, Y, reduction="none").sum(dim=0)


def huber(Z, Y, delta=1.0):
    return functional.huber_loss(Z, Y, reduction="none", delta=delta).sum(dim=0)


def poisson(Z, Y):
    """torch leaves away what does not depend on Z."""
    of_Z = functional.poisson_nll_loss(Z, Y, log_input=True, full=False, reduction="none")
    return (of_Z + torch.xlogy(Y, Y) - Y).sum(dim=0)


def quantile(Z, Y, levels):
    missing, level = Y - summed(Z, 1), torch.tensor(levels, dtype=Z.dtype)[:, None]
    return torch.maximum(level * missing, (level - 1) * missing).sum(dim=0)


def ordinal(Z, Y):
    return functional.binary_cross_entropy_with_logits(summed(Z, -1), Y, reduction="none").sum(dim=0)


TORCH_LOSSES = {
    loss.__name__: loss
    for loss in (sigmoid, softmax, identity, absolute_error, huber, poisson, quantile, ordinal)
}
"""By the names of the heads, with the heads' settings."""

ONE_BY_ONE = ("relu", "elu", "selu", "gelu", "silu", "mish", "tanh", "sigmoid", "leaky_relu")
TORCH_ACTIVATIONS = {name: getattr(functional, name) for name in ONE_BY_ONE} | {
    "identity": lambda Z: Z,
    "gelu_tanh": lambda Z: functional.gelu(Z, approximate="tanh"),
    "softplus": lambda Z: functional.softplus(Z, threshold=40),  # torch's own threshold is wrong by e^-20
    "exponential": torch.exp,
    "softmax": lambda Z: torch.softmax(Z, dim=0),
    "increasing": lambda Z: summed(Z, 1),
    "ordinal": lambda Z: torch.sigmoid(summed(Z, -1)),
}
EXTREME = np.array([-1e4, -745.2, -709.9, -100.0, -36.8, -1.0, -1e-300, 1e-300, 0.5, 36.8, 709.9, 1e4])


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activation(name):
    rng = np.random.default_rng(1)
    Z = np.concatenate([EXTREME, np.linspace(-50, 50, 100), 3 * rng.standard_normal(24)]).reshape(4, 34)
    dA = rng.standard_normal(Z.shape)
    logits = torch.tensor(Z, requires_grad=True)
    A = TORCH_ACTIVATIONS[name](logits)
    A.backward(torch.tensor(dA))
    forward, backward, *_ = ACTIVATIONS[name]
    np.testing.assert_allclose(forward(Z), A.detach().numpy(), rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(backward(dA, Z), logits.grad.numpy(), rtol=1e-12, atol=1e-12)


@settings(max_examples=60, deadline=None)
@given(models(), st.sampled_from([0.0, 0.3]))
def test_gradients_of_the_whole_model(model, l2):
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
def test_the_lecture_s_way_is_the_same(model):
    model = model._replace(weight=None)
    AL, caches = model_forward(model.X, model.parameters, activations=model.activations)
    lecture = model_backward(AL, model.Y, caches, activations=model.activations, output=model.head)
    _, gradients = cost_and_gradients(model)
    assert list(lecture) == list(gradients)
    for name, value in lecture.items():
        np.testing.assert_allclose(value, gradients[name], rtol=1e-12, atol=1e-15, err_msg=name)


SETTINGS = {
    "sigmoid": [{"smoothing": 0.1}, {"smoothing": 0.9}],
    "softmax": [{"smoothing": 0.1}, {"smoothing": 0.9}],
    "huber": [{"delta": 0.1}, {"delta": 30.0}],
    "quantile": [{"levels": [0.01, 0.02, 0.5, 0.999]}],
}
"""Other settings than the default ones, for every head that has any."""

CASES = [(name, {}) for name in HEADS] + [(name, row) for name, rows in SETTINGS.items() for row in rows]


@pytest.mark.parametrize(("name", "settings"), CASES)
def test_loss_from_the_logits(name, settings):
    Z = np.concatenate([EXTREME, 3 * np.random.default_rng(2).standard_normal(24)]).reshape(4, -1)
    Y, head = target(name, Z.shape, np.random.default_rng(3)), head_of(name, 4).with_settings(**settings)
    given = torch.tensor(Z, requires_grad=True)
    loss = TORCH_LOSSES[name](given, torch.tensor(Y), **head.settings)
    loss.sum().backward()
    np.testing.assert_allclose(head.loss(Z, Y)[0], loss.detach().numpy(), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(head.loss_backward(Z, Y), given.grad.numpy(), rtol=1e-12, atol=1e-12)


TORCH_TEXTBOOK = {
    "sigmoid": lambda A, Y, smoothing=0.0: functional.binary_cross_entropy(
        A, Y * (1 - smoothing) + smoothing / 2, reduction="none"
    ).sum(dim=0),
    "softmax": lambda A, Y, smoothing=0.0: -((Y * (1 - smoothing) + smoothing / 4) * torch.log(A)).sum(dim=0),
    "identity": TORCH_LOSSES["identity"],
    "absolute_error": TORCH_LOSSES["absolute_error"],
    "huber": TORCH_LOSSES["huber"],
    "poisson": lambda A, Y: (
        functional.poisson_nll_loss(A, Y, log_input=False, eps=0, reduction="none") + torch.xlogy(Y, Y) - Y
    ).sum(dim=0),
    "quantile": lambda A, Y, levels: torch.stack(
        [
            torch.where(y > a, level * (y - a), (1 - level) * (a - y))
            for level, a, y in zip(levels, A, Y, strict=True)
        ]
    ).sum(dim=0),
    "ordinal": lambda A, Y: functional.binary_cross_entropy(A, Y, reduction="none").sum(dim=0),
}
"""From the output, away from saturation: torch clamps logarithms."""


def test_every_part_has_a_counterpart_and_every_setting_is_tried():
    assert set(TORCH_ACTIVATIONS) == set(ACTIVATIONS)
    assert set(TORCH_LOSSES) == set(HEADS)
    assert set(TORCH_TEXTBOOK) == {name for name, head in HEADS.items() if head.textbook is not None}
    assert all((head.textbook is None) == (head.textbook_backward is None) for head in HEADS.values())
    assert set(SETTINGS) == {name for name, head in HEADS.items() if head.settings}


@pytest.mark.parametrize(("name", "settings"), CASES)
def test_loss_from_the_output(name, settings):
    head = head_of(name, 4).with_settings(**settings)
    AL = ACTIVATIONS[head.activation].forward(np.random.default_rng(4).uniform(-2, 2, size=(4, 9)))
    Y = target(name, (4, 9), np.random.default_rng(5))
    given = torch.tensor(AL, requires_grad=True)
    loss = TORCH_TEXTBOOK[name](given, torch.tensor(Y), **head.settings)
    loss.sum().backward()

    np.testing.assert_allclose(head.textbook(AL, Y)[0], loss.detach().numpy(), rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(head.textbook_backward(AL, Y), given.grad.numpy(), rtol=1e-12, atol=1e-12)
    assert compute_cost(AL, Y, output=head) == pytest.approx(loss.mean().item(), rel=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", HEADS)
def test_extreme_logits_are_finite_without_a_warning(name, dtype):
    """Up to what a float holds, where the loss itself is one; warnings are errors here."""
    head, most = get_head(name), np.finfo(dtype).max
    edge = {"poisson": np.log(most) - 3, "identity": np.sqrt(most) / 8}.get(name, most / 8)
    ends = np.array([-edge, -1, 0, 1, edge], dtype)
    Z = np.stack(np.meshgrid(ends, ends, ends)).reshape(3, -1).astype(dtype)
    Y = target(name, Z.shape, np.random.default_rng(7)).astype(dtype)
    loss, dZ = head.loss(Z, Y), head.loss_backward(Z, Y)
    assert loss.dtype == dZ.dtype == dtype
    assert np.isfinite(loss).all()
    assert np.isfinite(dZ).all()
    assert (loss >= -1e-6 * np.abs(Y).max()).all()
