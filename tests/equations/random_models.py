"""Random networks with data, for the laws and the oracles."""

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
