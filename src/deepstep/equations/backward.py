"""The linear operation of the graph: Z = W·A_prev + b with its backward."""

from deepstep.equations.example_gradients import PerExample
from deepstep.equations.linear import (
    LinearCache,
    linear_backward,
    linear_forward,
    product_gradient,
    sum_gradient,
)
from deepstep.equations.ops import Layer, Learned, Op
from deepstep.equations.registry import EQUATIONS


def one_per_unit(layer: Layer) -> tuple[int, int]:
    """Shape of b and of whatever a layer has once for each unit."""
    return layer.n, 1


WEIGHTS = {"W": Learned(lambda layer: (layer.n, layer.n_in), None, "the weights")}

LINEAR = Op(
    lambda A_prev, W, b: linear_forward(A_prev, W, b)[0],
    lambda dZ, A_prev, W, b: linear_backward(dZ, LinearCache(A_prev, W, b)),
    reads=("A_prev", "W", "b"),
    writes=("Z",),
    needs=("A_prev", "W", "b"),
    gives=("A_prev", "W", "b"),
    learned={**WEIGHTS, "b": Learned(one_per_unit, 0.0, "the bias")},
    equations=(EQUATIONS["linear_forward"], EQUATIONS["linear_backward"]),
    without_input=lambda dZ, A_prev, W, b: (product_gradient(dZ, A_prev), sum_gradient(dZ)),
    per_example=lambda dZ, A_prev, W, b: {"W": PerExample(dZ, A_prev), "b": PerExample(dZ)},
)
"""Z = W·A_prev + b."""
