"""Norms of each example's own gradient, against the gradients written out one by one, and torch's."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from random_models import Model, models

from deepstep import Network
from deepstep.equations import (
    backpropagate,
    gradient_norms,
    linear_gradient_norms,
    model_forward,
    output_gradient,
)
from deepstep.errors import ConfigurationError, ShapeError

NEAR: dict[str, Any] = {"rtol": 1e-9, "atol": 1e-12}


def of_one(model: Model, i: int) -> float:
    """The gradient of example i's loss, written out."""
    _, caches = model_forward(model.X[:, [i]], model.parameters, activations=model.activations)
    dZL = output_gradient(caches[-1].Z, model.Y[:, [i]], output=model.head)
    found = backpropagate(dZL, caches, model.activations, input_gradient=False)
    own = [value.ravel() for name, value in found.items() if not name.startswith("dA")]
    return float(np.linalg.norm(np.concatenate(own)))


@settings(max_examples=100, deadline=None)
@given(models())
def test_the_norms_are_those_of_gradients_written_out(model: Model) -> None:
    """With input scales and parametric activations, for all heads."""
    _, caches = model_forward(model.X, model.parameters, activations=model.activations)
    dZL = output_gradient(caches[-1].Z, model.Y, output=model.head)
    graph = caches.graph
    norms = gradient_norms(graph.nodes, caches.tape, {graph.logits: dZL}, model.X.shape[1])
    explicit = [of_one(model, i) for i in range(model.X.shape[1])]
    np.testing.assert_allclose(norms, [explicit], **NEAR)


@pytest.mark.parametrize("normalization", ["none", "layer", ["layer", "none"]])
@pytest.mark.parametrize("own", [{}, {"input_scale": True, "parametric": True}])
def test_the_norms_of_a_network_are_those_of_its_examples_alone(normalization: Any, own: Any) -> None:
    net = Network([3, 5, 4, 2], activation="tanh", normalization=normalization, seed=1, **own)
    rng = np.random.default_rng(1)
    net.parameters.flat[:] += 0.3 * rng.standard_normal(net.parameters.flat.size)
    X, Y = rng.standard_normal((3, 6)), rng.integers(0, 2, (2, 6))
    norms = net.gradient_norms(X, Y)
    for i in range(6):
        one = net.gradients(X[:, [i]], Y[:, [i]])
        alone = np.sqrt(sum((value**2).sum() for name, value in one.items() if name[1] != "A"))
        np.testing.assert_allclose(norms[0, i], alone, **NEAR)


def test_torch_finds_the_same_norms() -> None:
    torch = pytest.importorskip("torch")
    net = Network([3, 6, 4], activation="gelu", output="softmax", seed=2)
    rng = np.random.default_rng(2)
    X, labels = rng.standard_normal((3, 5)), np.array([0, 3, 1, 1, 2])
    theta = {name: torch.tensor(value, requires_grad=True) for name, value in net.parameters.items()}
    norms = []
    for i, label in enumerate(labels):
        A = torch.nn.functional.gelu(theta["W1"] @ torch.tensor(X[:, [i]]) + theta["b1"])
        Z = theta["W2"] @ A + theta["b2"]
        loss = torch.nn.functional.cross_entropy(Z.T, torch.tensor([label]))
        found = torch.autograd.grad(loss, list(theta.values()))
        norms.append(sum(float((value**2).sum()) for value in found) ** 0.5)
    np.testing.assert_allclose(net.gradient_norms(X, np.eye(4)[:, labels]), [norms], rtol=1e-10)


def test_one_layer_s_norms_are_those_of_outer_products() -> None:
    rng = np.random.default_rng(3)
    dZ, A_prev = rng.standard_normal((2, 4)), rng.standard_normal((3, 4))
    norm_W, norm_b = linear_gradient_norms(dZ, A_prev)
    for i in range(4):
        assert norm_W[0, i] == pytest.approx(np.linalg.norm(np.outer(dZ[:, i], A_prev[:, i])))
        assert norm_b[0, i] == pytest.approx(np.linalg.norm(dZ[:, i]))
    with pytest.raises(ShapeError, match="a column for each of the 4 examples"):
        linear_gradient_norms(dZ, A_prev[:, :3])


def test_examples_that_interact_have_no_norms_of_their_own() -> None:
    net = Network([2, 3, 1], normalization="batch", seed=1)
    X, Y = np.eye(2), np.array([[0.0, 1.0]])
    with pytest.raises(ConfigurationError, match="without batch normalization"):
        net.gradient_norms(X, Y)
    shape = net.architecture
    AL, caches = model_forward(
        X, net.parameters, activations=shape.activations, normalization=shape.normalization
    )
    with pytest.raises(ConfigurationError, match="without batch normalization"):
        gradient_norms(caches.graph.nodes, caches.tape, {"Z2": AL - Y}, 2)
