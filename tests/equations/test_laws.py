"""Laws that hold whatever the numbers are."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from random_models import target

from deepstep.equations import (
    ACTIVATIONS,
    HEADS,
    cost_from_logits,
    model_backward,
    model_forward,
    output_gradient,
)

seeds = st.integers(0, 2**32 - 1)
laws = settings(max_examples=20, deadline=None)


@pytest.mark.parametrize("output", HEADS)
@laws
@given(Z=arrays(np.float64, (3, 4), elements=st.floats(-1e4, 1e4)), seed=seeds)
def test_cost_and_gradient_are_finite_up_to_ten_thousand(output, Z, seed):
    if output == "poisson":
        Z = np.minimum(Z, 600)  # a mean of e^710 is no float64, and dA0 is 10⁴ times as large
    Y, activations = target(output, Z.shape, np.random.default_rng(seed)), [HEADS[output].activation]
    hard = np.eye(3)[:, np.random.default_rng(seed).integers(3, size=4)]
    for truth in (Y, hard, np.roll(hard, 1, axis=0)):
        cost, dZ = cost_from_logits(Z, truth, output=output), output_gradient(Z, truth, output=output)
        assert np.isfinite(cost)
        assert np.isfinite(dZ).all()
        layer = {"W1": Z, "b1": np.zeros((3, 1))}
        AL, caches = model_forward(np.eye(4), layer, activations=activations)
        gradients = model_backward(AL, truth, caches, activations=activations, output=output)
        assert all(np.isfinite(value).all() for value in gradients.values())
        np.testing.assert_allclose(gradients["dW1"] * 4, dZ, rtol=1e-15, atol=1e-300)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_what_depends_on_other_units_or_on_the_place_says_so(name):
    forward, Z = ACTIVATIONS[name].forward, np.random.default_rng(3).standard_normal((4, 5))
    order = [2, 0, 3, 1]
    alone = np.vstack([forward(row[np.newaxis]) for row in Z])
    depends = not (np.allclose(forward(Z), alone) and np.allclose(forward(Z[order]), forward(Z)[order]))
    assert ACTIVATIONS[name].across_units == depends
