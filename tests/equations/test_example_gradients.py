"""Norms of each example's own gradient, against the gradients written out one by one, and torch's."""

import numpy as np
import pytest
from hypothesis import given, settings
from random_models import models

from deepstep.equations import backpropagate, gradient_norms, model_forward, output_gradient
from deepstep.equations.example_gradients import PerExample, euclidean_norm

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
