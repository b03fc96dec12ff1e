"""Laws that hold whatever the numbers are."""

import numpy as np
import pytest
from random_models import target

from deepstep.equations import (
    ACTIVATIONS,
    HEADS,
    cost_from_logits,
    model_backward,
    model_forward,
    output_gradient,
)


@pytest.mark.parametrize("output", HEADS)
def test_cost_and_gradient_are_finite_up_to_ten_thousand(output):
    most = 600 if output == "poisson" else 1e4  # a mean of e^710 is no float64
    rng, ends = np.random.default_rng(0), np.array([-1e4, -36.8, -1e-3, 0, 1, most])
    Z = np.stack(np.meshgrid(ends, ends, ends)).reshape(3, -1)
    m, activations = Z.shape[1], [HEADS[output].activation]
    hard = np.eye(3)[:, rng.integers(3, size=m)]
    for truth in (target(output, Z.shape, rng), hard, np.roll(hard, 1, axis=0)):
        dZ = output_gradient(Z, truth, output=output)
        assert np.isfinite(cost_from_logits(Z, truth, output=output))
        assert np.isfinite(dZ).all()
        AL, caches = model_forward(np.eye(m), {"W1": Z, "b1": np.zeros((3, 1))}, activations=activations)
        gradients = model_backward(AL, truth, caches, activations=activations, output=output)
        assert all(np.isfinite(value).all() for value in gradients.values())
        np.testing.assert_allclose(gradients["dW1"] * m, dZ, rtol=1e-15, atol=1e-300)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_what_depends_on_other_units_or_on_the_place_says_so(name):
    forward, Z = ACTIVATIONS[name].forward, np.random.default_rng(3).standard_normal((4, 5))
    order = [2, 0, 3, 1]
    alone = np.vstack([forward(row[np.newaxis]) for row in Z])
    depends = not (np.allclose(forward(Z), alone) and np.allclose(forward(Z[order]), forward(Z)[order]))
    assert ACTIVATIONS[name].across_units == depends
