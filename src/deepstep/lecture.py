"""The functions of the lecture under its own names, with its argument order and returned values.

The lecture "Building a deep neural network step by step" defines fourteen helper functions. Here each of them
calls `deepstep.equations`, so the other cells of the lecture run unchanged. Other than in the lecture,
weights are normal draws, ``db`` is a column, costs and gradients are finite where a probability rounds to 0
or 1, arguments are not changed, and NumPy's global generator is left alone.

Examples
--------
>>> import numpy as np
>>> params = init_params(2, 4, 1)
>>> X, Y = np.array([[0.0, 1.0, 0.0, 1.0], [0.0, 0.0, 1.0, 1.0]]), np.array([[0, 1, 1, 1]])
>>> for step in range(2000):
...     AL, caches = L_model_fp(X, params)
...     params = update_params(params, L_model_bp(AL, Y, caches), lr=1.0)
>>> (L_model_fp(X, params)[0] > 0.5).astype(int)
array([[0, 1, 1, 1]])
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from deepstep import equations
from deepstep.equations import LayerCache, LinearCache
from deepstep.types import Array

__all__ = [
    "L_model_bp",
    "L_model_fp",
    "compute_cost",
    "init_params",
    "init_params_L",
    "linear_activation_bp",
    "linear_activation_fp",
    "linear_bp",
    "linear_fp",
    "relu",
    "relu_bp",
    "sigmoid",
    "sigmoid_bp",
    "update_params",
]


def sigmoid(Z: Array) -> tuple[Array, Array]:
    """A = σ(Z), and Z for the backward step."""
    return equations.sigmoid(Z), Z


def relu(Z: Array) -> tuple[Array, Array]:
    """A = max(0, Z), and Z for the backward step."""
    return equations.relu(Z), Z


def relu_bp(dA: Array, Z: Array) -> Array:
    """dZ = dA where Z > 0, else 0."""
    return equations.relu_backward(dA, Z)


def sigmoid_bp(dA: Array, Z: Array) -> Array:
    """dZ = dA ∘ A ∘ (1 - A) with A = σ(Z)."""
    return equations.sigmoid_backward(dA, Z)


def init_params(nx: int, nh: int, ny: int) -> dict[str, Array]:
    """W1 (nh, nx), b1 (nh, 1), W2 (ny, nh), b2 (ny, 1): normal draws times 0.01, and biases of zeros.

    The draws are those of the lecture's seed, 1: each call returns the same parameters.
    """
    return equations.initialize_two_layer(nx, nh, ny, rng=np.random.RandomState(1)).to_dict()


def init_params_L(dims: Sequence[int]) -> dict[str, Array]:
    """W1, b1, …, WL, bL for the sizes n_0, …, n_L: normal draws times 0.01, and biases of zeros.

    The draws are those of the lecture's seed, 2: each call returns the same parameters.
    """
    return equations.initialize_parameters(dims, method="small", rng=np.random.RandomState(2)).to_dict()


def linear_fp(A: Array, W: Array, b: Array) -> tuple[Array, LinearCache]:
    """Z = W·A + b, and the cache (A, W, b)."""
    return equations.linear_forward(A, W, b)


def linear_activation_fp(
    activation: str, A_prev: Array, W: Array, b: Array
) -> tuple[Array, LinearCache, Array]:
    """A = g(W·A_prev + b), the linear cache (A_prev, W, b) and the activation cache Z.

    The caches are returned apart, as in the lecture; `linear_activation_bp` takes them as one pair.
    """
    A, (linear_cache, Z) = equations.linear_activation_forward(A_prev, W, b, activation)
    return A, linear_cache, Z


def L_model_fp(X: Array, params: Mapping[str, Array]) -> tuple[Array, list[LayerCache]]:
    """AL of layers with relu, …, relu, sigmoid, and the list of their caches ((A_prev, W, b), Z)."""
    AL, caches = equations.model_forward(X, params)
    return AL, list(caches)


def compute_cost(AL: Array, Y: Array) -> float:
    """The cross-entropy cost J."""
    return equations.compute_cost(AL, Y)


def linear_bp(dZ: Array, cache: Any) -> tuple[Array, Array, Array]:
    """dA_prev, dW and db of a linear step, from dZ and its cache (A_prev, W, b)."""
    return equations.linear_backward(dZ, cache)


def linear_activation_bp(activation: str, dA: Array, cache: Any) -> tuple[Array, Array, Array]:
    """dA_prev, dW and db of a layer, from dA and the pair of its caches, ((A_prev, W, b), Z)."""
    return equations.linear_activation_backward(dA, cache, activation)


def L_model_bp(AL: Array, Y: Array, caches: Sequence[Any]) -> dict[str, Array]:
    """The gradients of all layers by name: dW1, db1, … and dA0, dA1, …."""
    return equations.model_backward(AL, Y, caches)


def update_params(params: Mapping[str, Array], grads: Mapping[str, Array], lr: float) -> dict[str, Array]:
    """W := W - lr·dW and b := b - lr·db of every layer, as new parameters."""
    return equations.update_parameters(params, grads, lr).to_dict()
