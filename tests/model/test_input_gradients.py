"""Derivatives of an output by the inputs, against finite differences and torch."""

from typing import Any

import numpy as np
import pytest

from deepstep import Network
from deepstep.errors import ConfigurationError

SHAPES: dict[str, dict[str, Any]] = {
    "classes": {"output": "softmax"},
    "yes or no": {"output": "sigmoid", "input_scale": True},
    "numbers": {"output": "identity"},
    "in order": {"output": "ordinal"},
    "layers normalized": {"normalization": "layer"},
    "batches normalized": {"normalization": "batch", "output": "softmax"},
}


def network(**own: Any) -> tuple[Network, Any]:
    """One that has moved away from its start, with running statistics of its own."""
    net, rng = Network([4, 6, 5, 3], activation="gelu", seed=1, **own), np.random.default_rng(1)
    net.parameters.flat[:] += 0.2 * rng.standard_normal(net.parameters.flat.size)
    net.statistics = {name: rng.uniform(0.5, 1.5, value.shape) for name, value in net.statistics.items()}
    return net, rng.standard_normal((4, 7))


@pytest.mark.parametrize("output", [0, 2])
@pytest.mark.parametrize("own", SHAPES.values(), ids=[*SHAPES])
def test_finite_differences_find_the_same(own: Any, output: int) -> None:
    net, X = network(**own)
    found, step = net.input_gradients(X, output=output), 1e-6
    assert found.shape == X.shape
    for j in range(len(X)):
        moved = np.zeros_like(X)
        moved[j] = step
        difference = (net.forward(X + moved) - net.forward(X - moved))[output] / (2 * step)
        np.testing.assert_allclose(found[j], difference, rtol=1e-6, atol=1e-8)


def test_many_columns_go_part_by_part(monkeypatch: pytest.MonkeyPatch) -> None:
    net, X = network()
    whole, norms = net.input_gradients(X), net.gradient_norms(X, np.ones((3, 7)))
    monkeypatch.setattr("deepstep.training.rows.NUMBERS_AT_ONCE", 40)  # two columns at a time
    np.testing.assert_allclose(net.input_gradients(X), whole, rtol=1e-12)
    np.testing.assert_allclose(net.gradient_norms(X, np.ones((3, 7))), norms, rtol=1e-12)


def test_an_output_that_is_none_is_refused() -> None:
    net, X = network()
    for output in (3, -1, True):
        with pytest.raises(ConfigurationError, match="output must be one of"):
            net.input_gradients(X, output=output)
