"""Independent oracles over random networks: torch in float64, and the gradients of each example by itself."""

from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepstep.equations import (
    ACTIVATIONS,
    HEADS,
    Head,
    backpropagate,
    compute_cost,
    cost_from_logits,
    get_head,
    gradient_norms,
    initialize_parameters,
    l2_backward,
    l2_cost,
    model_backward,
    model_forward,
    output_gradient,
)
from deepstep.equations.example_gradients import PerExample, euclidean_norm
from deepstep.network import Parameters
from head_examples import TARGETS, head_settings

HIDDEN = sorted(ACTIVATIONS.keys() - {"exponential"})
"""Activations of hidden layers: e to the power of e^Z, layer over layer, is soon no number."""


class Model(NamedTuple):
    """A network, its data, and weights of the examples."""

    parameters: Parameters
    activations: list[str]
    head: Head
    X: Any
    Y: Any
    weight: Any


@st.composite
def models(draw):
    """Depth, widths, activations, head, factors, number of examples and weights, all at random."""
    layer_dims = draw(st.lists(st.integers(1, 6), min_size=2, max_size=5))
    hidden = [draw(st.sampled_from(HIDDEN)) for _ in layer_dims[2:]]
    output, m = draw(st.sampled_from(sorted(HEADS))), draw(st.integers(1, 7))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    factors = {"s1": np.ones((layer_dims[0], 1))} if draw(st.booleans()) else {}
    drawn = initialize_parameters(layer_dims, method="glorot", rng=rng)
    parameters = Parameters.from_dict({**drawn, **factors})
    parameters.flat[:] += 0.1 * rng.standard_normal(parameters.flat.size)  # biases too
    head, X = head_of(output, layer_dims[-1]), rng.standard_normal((layer_dims[0], m))
    weight = rng.uniform(0.1, 2, size=m) if draw(st.booleans()) else None
    return Model(
        parameters, [*hidden, head.activation], head, X, target(output, (layer_dims[-1], m), rng), weight
    )


def head_of(output, n_outputs):
    """The head for so many outputs."""
    return get_head(output).with_settings(**head_settings(output, n_outputs))


def target(output, shape, rng):
    """A target that the head allows: soft labels as well as hard ones."""
    n, m = shape
    kind = HEADS[output].targets
    if kind == "probabilities":
        return rng.choice([0.0, 0.25, 1.0], size=(n, m))
    return rng.dirichlet(np.ones(n), size=m).T if kind == "classes" else TARGETS[kind](rng, n, m)


def cost_and_gradients(model):
    """J and all gradients by the equations that train."""
    _, caches = model_forward(model.X, model.parameters, activations=model.activations)
    head = {"output": model.head, "sample_weight": model.weight}
    cost = cost_from_logits(caches[-1].Z, model.Y, **head)
    return cost, backpropagate(output_gradient(caches[-1].Z, model.Y, **head), caches, model.activations)


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


NEAR = {"rtol": 1e-9, "atol": 1e-12}


def of_one(model, i):
    """The gradient of example i's loss, written out."""
    _, caches = model_forward(model.X[:, [i]], model.parameters, activations=model.activations)
    dZL = output_gradient(caches[-1].Z, model.Y[:, [i]], output=model.head)
    found = backpropagate(dZL, caches, model.activations, input_gradient=False)
    own = [value.ravel() for name, value in found.items() if not name.startswith("dA")]
    return float(np.linalg.norm(np.concatenate(own)))


@settings(max_examples=40, deadline=None)
@given(models())
def test_the_norms_are_those_of_gradients_written_out(model):
    """With input scales, for all heads."""
    _, caches = model_forward(model.X, model.parameters, activations=model.activations)
    dZL = output_gradient(caches[-1].Z, model.Y, output=model.head)
    graph = caches.graph
    norms = gradient_norms(graph.nodes, caches.tape, {graph.logits: dZL}, model.X.shape[1])
    explicit = [of_one(model, i) for i in range(model.X.shape[1])]
    np.testing.assert_allclose(norms, [explicit], **NEAR)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("vectors", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_power_of_2_in_the_gradient_is_one_in_the_norm(dtype, vectors):
    """Also where the square of a norm overflows or vanishes."""
    rng, m = np.random.default_rng(1), 4
    left, right = (rng.standard_normal((n, m)).astype(dtype) for n in (2, 3))
    usual = PerExample(left, None if vectors else right).norms()
    every = left[:, np.newaxis] if vectors else np.einsum("nm,pm->npm", left, right)
    np.testing.assert_allclose(usual[0], np.sqrt(np.sum(every**2, axis=(0, 1))), rtol=1e-5)
    for exponent in (-100, 100) if dtype == "float32" else (-900, 900):
        size = np.ldexp(np.ones(m, dtype), [0, exponent, exponent, 0])  # of each example
        found = PerExample(left * size, None if vectors else right).norms()
        np.testing.assert_array_equal(found, usual * size, strict=True)
        assert euclidean_norm(left * size[1]) == float(np.linalg.norm(left)) * float(size[1])
