"""Initial parameters: weights drawn by a method of `INITIALIZATIONS`; biases are zero."""

from collections.abc import Callable, Sequence
from math import sqrt
from typing import TypeAlias

import numpy as np

from deepstep.equations.graph import graph_of, layers_in
from deepstep.equations.ops import Graph
from deepstep.equations.parameters import Parameters, layer_sizes
from deepstep.equations.registry import equation
from deepstep.errors import ConfigurationError, unknown_name
from deepstep.types import Array

__all__ = ["INITIALIZATIONS", "initialize_parameters", "initialize_two_layer"]

Rng: TypeAlias = np.random.Generator | np.random.RandomState
"""Whose draws the parameters are."""

Draw: TypeAlias = Callable[[Rng, int, int], Array]
"""Draws a W of shape (n_l, n_{l-1}), from a generator, n_{l-1} and n_l."""

Scale: TypeAlias = Callable[[int, int], float]
"""The standard deviation of the weights, from n_{l-1} and n_l."""


def _he(n_prev: int, n: int) -> float:
    return sqrt(2 / n_prev)


def _glorot(n_prev: int, n: int) -> float:
    return sqrt(2 / (n_prev + n))


def _lecun(n_prev: int, n: int) -> float:
    return 1 / sqrt(n_prev)


def _normal(scale: Scale) -> Draw:
    return lambda rng, n_prev, n: rng.standard_normal((n, n_prev)) * scale(n_prev, n)


def _uniform(scale: Scale) -> Draw:
    """Of the same standard deviation: that of U(-√3, √3) is 1."""
    return lambda rng, n_prev, n: rng.uniform(-sqrt(3), sqrt(3), (n, n_prev)) * scale(n_prev, n)


def _orthogonal(rng: Rng, n_prev: int, n: int) -> Array:
    """Rows or columns, whichever are fewer, of length 1 and at right angles: Q of normal draws."""
    draws = rng.standard_normal((n, n_prev))
    Q, R = np.linalg.qr(draws if n >= n_prev else draws.T)
    Q *= np.copysign(1, np.diag(R))  # without this the signs depend on LAPACK, and Q is not uniform
    return Q if n >= n_prev else Q.T


INITIALIZATIONS: dict[str, Draw] = {
    "he": _normal(_he),
    "he_uniform": _uniform(_he),
    "glorot": _normal(_glorot),
    "glorot_uniform": _uniform(_glorot),
    "lecun": _normal(_lecun),
    "lecun_uniform": _uniform(_lecun),
    "orthogonal": _orthogonal,
    "small": _normal(lambda n_prev, n: 0.01),
    "large": _normal(lambda n_prev, n: 10.0),
    "zeros": lambda rng, n_prev, n: np.zeros((n, n_prev)),
}
"""How the weights of a layer are drawn, by method."""


@equation("W[1] = s·N(0, 1), W[2] = s·N(0, 1), b = 0", source="lecture 2.1")
def initialize_two_layer(
    n_x: int,
    n_h: int,
    n_y: int,
    *,
    rng: Rng,
    scale: float = 0.01,
) -> Parameters:
    """Parameters of a network with one hidden layer.

    n_x, n_h, n_y: Sizes of the input, hidden and output layer.
    scale: Factor on the draws.
    returns: W1 (n_h, n_x), b1 (n_h, 1), W2 (n_y, n_h), b2 (n_y, 1), float64.
    ConfigurationError: If a size is not a positive whole number, or ``rng`` is no NumPy generator.

    >>> initialize_two_layer(3, 2, 1, rng=np.random.RandomState(1))["W2"]
    array([[ 0.01744812, -0.00761207]])
    """
    return _drawn([n_x, n_h, n_y], _normal(lambda n_prev, n: scale), rng, "initialize_two_layer")


@equation(
    "W[l] = s·N(0, 1), b[l] = 0;  he: s = √(2/n_{l-1}), glorot: √(2/(n_{l-1} + n_l)), lecun: 1/√n_{l-1}, "
    "small: 0.01, large: 10, zeros: 0;  *_uniform: W[l] = s·U(-√3, √3);  orthogonal: W[l] = Q, Q·R = N(0, 1)",
    source="lecture 2.2; he: arXiv 1502.01852; glorot: Glorot & Bengio 2010; lecun: LeCun et al. 1998; "
    "orthogonal: arXiv 1312.6120",
)
def initialize_parameters(
    layer_dims: Sequence[int],
    *,
    method: str = "he",
    rng: Rng,
) -> Parameters:
    """Parameters of a network of any depth.

    method: A name in ``INITIALIZATIONS``: "he", "glorot", "lecun" (normal draws; "he_uniform", … for uniform
        ones of the same variance), "orthogonal", "small", "large" or "zeros". One scale for every layer
        ("small", the lecture's 0.01) starves deep networks.
    returns: W[l] (n_l, n_{l-1}), b[l] (n_l, 1), float64.
    ConfigurationError: If a size, the method or ``rng`` is not usable.

    >>> initialize_parameters([2, 3, 1], rng=np.random.default_rng(0))["W2"].round(3)
    array([[ 1.065,  0.773, -0.575]])
    """
    if not isinstance(method, str) or method not in INITIALIZATIONS:
        raise unknown_name("initialize_parameters", "method", method, INITIALIZATIONS)
    return _drawn(layer_dims, INITIALIZATIONS[method], rng, "initialize_parameters")


def check_rng(rng: Rng, where: str) -> None:
    """Refuse what is no generator of NumPy."""
    if not isinstance(rng, np.random.Generator | np.random.RandomState):
        raise ConfigurationError(
            where,
            "rng is a NumPy Generator or RandomState",
            f"got {rng!r}",
            "Pass for example numpy.random.default_rng(1).",
        )


def _drawn(layer_dims: Sequence[int], draw: Draw, rng: Rng, where: str) -> Parameters:
    sizes = layer_sizes(layer_dims, where)
    check_rng(rng, where)
    layers = layers_in(sizes, ["identity"] * (len(sizes) - 1))
    return Parameters(drawn(graph_of(layers), draw, rng), sizes)


def drawn(graph: Graph, draw: Draw, rng: Rng) -> Array:
    """Initial values θ of all parameters: weights in the order of the layers, then what features draw."""
    values: dict[str, Array] = {}
    for (name, (rows, columns)), (layer, learned) in zip(graph.layout, graph.learned.values(), strict=True):
        n = graph.layers[layer - 1].n
        if learned.start is None:  # a W of each network where several share the others
            values[name] = np.concatenate([draw(rng, columns, n) for _ in range(rows // n)])
    for (name, shape), (_, learned) in zip(graph.layout, graph.learned.values(), strict=True):
        if callable(learned.start):
            values[name] = learned.start(rng, *shape)
        elif learned.start is not None:
            values[name] = np.full(shape, learned.start)
    return np.concatenate([values[name].ravel() for name, _ in graph.layout])
