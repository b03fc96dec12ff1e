"""Random networks with data, for the laws and the oracles."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from hypothesis import strategies as st

from deepstep.equations import (
    ACTIVATIONS,
    HEADS,
    Head,
    backpropagate,
    cost_from_logits,
    get_head,
    initialize_parameters,
    model_forward,
    output_gradient,
)
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
def models(draw: st.DrawFn, *, outputs: tuple[str, ...] = tuple(HEADS), hidden_layers: int = 0) -> Model:
    """Depth, widths, activations, head, factors, number of examples and weights, all at random."""
    sizes = st.integers(1, 6)
    layer_dims = draw(st.lists(sizes, min_size=2 + hidden_layers, max_size=5))
    hidden = [draw(st.sampled_from(HIDDEN)) for _ in layer_dims[2:]]
    output = draw(st.sampled_from(outputs))
    m = draw(st.integers(1, 7))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    factors = {"s1": np.ones((layer_dims[0], 1))} if draw(st.booleans()) else {}
    drawn = initialize_parameters(layer_dims, method="glorot", rng=rng)
    parameters = Parameters.from_dict({**drawn, **factors})
    parameters.flat[:] += 0.1 * rng.standard_normal(parameters.flat.size)  # biases too
    head = head_of(output, layer_dims[-1])
    return Model(
        parameters,
        [*hidden, head.activation],
        head,
        rng.standard_normal((layer_dims[0], m)),
        target(output, (layer_dims[-1], m), rng),
        rng.uniform(0.1, 2, size=m) if draw(st.booleans()) else None,
    )


def head_of(output: str, n_outputs: int) -> Head:
    """The head for so many outputs."""
    return get_head(output).with_settings(**head_settings(output, n_outputs))


SOFT: dict[str, Callable[[np.random.Generator, int, int], Any]] = {
    "probabilities": lambda rng, n, m: rng.choice([0.0, 0.25, 1.0], size=(n, m)),
    "classes": lambda rng, n, m: rng.dirichlet(np.ones(n), size=m).T,
}
"""Targets that are no hard yes or no."""


def target(output: str, shape: tuple[int, int], rng: np.random.Generator) -> Any:
    """A target that the head allows: soft labels as well as hard ones."""
    return {**TARGETS, **SOFT}[HEADS[output].targets](rng, *shape)


def cost_and_gradients(model: Model) -> tuple[float, dict[str, Any]]:
    """J and all gradients by the equations that train."""
    _, caches = model_forward(model.X, model.parameters, activations=model.activations)
    head = {"output": model.head, "sample_weight": model.weight}
    cost = cost_from_logits(caches[-1].Z, model.Y, **head)
    return cost, backpropagate(output_gradient(caches[-1].Z, model.Y, **head), caches, model.activations)
