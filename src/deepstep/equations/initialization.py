"""Initial parameters: drawn by a method of `INITIALIZATIONS`, or so that they fit the data."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from math import sqrt
from typing import TypeAlias

import numpy as np

from deepstep.equations.activations import get_activation
from deepstep.equations.graph import graph_of, layer_activations, layers_in
from deepstep.equations.ops import Graph
from deepstep.equations.parameters import Parameters, layer_sizes, plain_layout
from deepstep.equations.registry import Registry, equation
from deepstep.errors import ConfigurationError, DataError, ShapeError
from deepstep.types import Array

__all__ = ["INITIALIZATIONS", "initialize_from_data", "initialize_parameters", "initialize_two_layer"]

EXAMPLES_PER_BIAS = 5
"""The 5 of "he+5"."""

CONSTANT = 1e-10
"""A unit whose values differ by a smaller share of their size is constant up to rounding."""

NEGLIGIBLE = 1e-30
"""Inputs of a layer that are all smaller count as zeros: float32 could not hold the weights to lift them."""

Rng: TypeAlias = np.random.Generator | np.random.RandomState
"""Whose draws the parameters are."""

Draw: TypeAlias = Callable[[Rng, int, int], Array]
"""Draws a W of shape (n_l, n_{l-1}), from a generator, n_{l-1} and n_l."""

Scale: TypeAlias = Callable[[int, int], float]
"""The standard deviation of the weights, from n_{l-1} and n_l."""


def _normal(scale: Scale) -> Draw:
    return lambda rng, n_prev, n: rng.standard_normal((n, n_prev)) * scale(n_prev, n)


def _uniform(scale: Scale) -> Draw:
    """A uniform distribution of the same standard deviation: that of U(-√3, √3) is 1."""
    return lambda rng, n_prev, n: rng.uniform(-sqrt(3), sqrt(3), (n, n_prev)) * scale(n_prev, n)


def _orthogonal(rng: Rng, n_prev: int, n: int) -> Array:
    """Rows or columns, whichever are fewer, of length 1 and at right angles: Q of normal draws."""
    draws = rng.standard_normal((n, n_prev))
    Q, R = np.linalg.qr(draws if n >= n_prev else draws.T)
    Q *= np.copysign(1, np.diag(R))  # without this the signs depend on LAPACK, and Q is not uniform
    return Q if n >= n_prev else Q.T


SCALES: dict[str, Scale] = {
    "he": lambda n_prev, n: sqrt(2 / n_prev),
    "glorot": lambda n_prev, n: sqrt(2 / (n_prev + n)),
    "lecun": lambda n_prev, n: 1 / sqrt(n_prev),
}
"""The standard deviations of the methods that draw normal numbers, or uniform ones."""

INITIALIZATIONS: Registry[Draw] = Registry("method")
"""How the weights of a layer are drawn, by method."""

for _name, _scale in SCALES.items():
    INITIALIZATIONS |= {_name: _normal(_scale), f"{_name}_uniform": _uniform(_scale)}
INITIALIZATIONS |= {
    "orthogonal": _orthogonal,
    "small": _normal(lambda n_prev, n: 0.01),
    "large": _normal(lambda n_prev, n: 10.0),
    "zeros": lambda rng, n_prev, n: np.zeros((n, n_prev)),
}


@equation("W[1] = s·N(0, 1), W[2] = s·N(0, 1), b = 0", source="lecture 2.1")
def initialize_two_layer(n_x: int, n_h: int, n_y: int, *, rng: Rng, scale: float = 0.01) -> Parameters:
    """Parameters of a network with one hidden layer.

    Parameters
    ----------
    n_x, n_h, n_y : int
        Sizes of the input, hidden and output layer.
    rng : Generator or RandomState
        Where the draws come from.
    scale : float, optional
        Factor on the draws.

    Returns
    -------
    Parameters
        W1 (n_h, n_x), b1 (n_h, 1), W2 (n_y, n_h), b2 (n_y, 1), float64.

    Raises
    ------
    ConfigurationError
        If a size is not a positive whole number, or ``rng`` is no NumPy generator.

    Notes
    -----
        W[1] = s·N(0, 1), W[2] = s·N(0, 1), b = 0

    Source: lecture 2.1.

    Examples
    --------
    >>> initialize_two_layer(3, 2, 1, rng=np.random.RandomState(1))["W2"]
    array([[ 0.01744812, -0.00761207]])
    """
    return _drawn([n_x, n_h, n_y], _normal(lambda n_prev, n: scale), rng)


@equation(
    "W[l] = s·N(0, 1), b[l] = 0;  he: s = √(2/n_{l-1}), glorot: √(2/(n_{l-1} + n_l)), lecun: 1/√n_{l-1}, "
    "small: 0.01, large: 10, zeros: 0;  *_uniform: W[l] = s·U(-√3, √3);  orthogonal: W[l] = Q, Q·R = N(0, 1)",
    source="lecture 2.2; he: arXiv 1502.01852; glorot: Glorot & Bengio 2010; lecun: LeCun et al. 1998; "
    "orthogonal: arXiv 1312.6120",
)
def initialize_parameters(layer_dims: Sequence[int], *, method: str = "he", rng: Rng) -> Parameters:
    """Parameters of a network of any depth.

    Parameters
    ----------
    layer_dims : sequence of int
        n_0 (inputs), n_1, …, n_L (outputs).
    method : str, optional
        A name in ``INITIALIZATIONS``: "he", "glorot", "lecun" (normal draws; "he_uniform", … for uniform ones
        of the same variance), "orthogonal", "small", "large" or "zeros". One scale for every layer ("small",
        the lecture's 0.01) starves deep networks.
    rng : Generator or RandomState
        Where the draws come from.

    Returns
    -------
    Parameters
        W[l] (n_l, n_{l-1}), b[l] (n_l, 1), float64.

    Raises
    ------
    ConfigurationError
        If a size, the method or ``rng`` is not usable.

    Notes
    -----
        W[l] = s·N(0, 1), b[l] = 0;
        he: s = √(2/n_{l-1}), glorot: √(2/(n_{l-1} + n_l)), lecun: 1/√n_{l-1}, small: 0.01,
        large: 10, zeros: 0;
        *_uniform: W[l] = s·U(-√3, √3);
        orthogonal: W[l] = Q, Q·R = N(0, 1)

    Source: lecture 2.2; he: arXiv 1502.01852; glorot: Glorot & Bengio 2010; lecun: LeCun et al. 1998;
    orthogonal: arXiv 1312.6120.

    Examples
    --------
    >>> initialize_parameters([2, 3, 1], rng=np.random.default_rng(0))["W2"].round(3)
    array([[ 1.065,  0.773, -0.575]])
    """
    return _drawn(layer_dims, INITIALIZATIONS.find(method), rng)


@equation(
    "W[l] = V / std(V·A[l-1]) row by row, V = N(0, 1);  b[l] = -Σⱼ pⱼ zⱼ, p of Dirichlet(1), z: W[l]·A[l-1] "
    "of the unit at 5 examples",
    source='arXiv 2407.04491 (RealMLP); bias "he+5": arXiv 1903.11482',
)
def initialize_from_data(
    X: Array, layer_dims: Sequence[int], *, activations: Sequence[str], rng: Rng
) -> Parameters:
    """Parameters with which every pre-activation has variance 1 over the data, layer by layer.

    The bias of a unit puts its zero at a random mean of 5 examples, drawn with replacement, so that relu and
    its kin bend where data is. A unit that sees no differences (one example, constant or zero inputs) gets
    weights as by "lecun" for inputs of size 1.

    Parameters
    ----------
    X : array of shape (n_x, m)
        The training inputs, or a few thousand examples of them: Z and A of one layer at a time are held in
        float64.
    layer_dims : sequence of int
        n_0 (inputs), n_1, …, n_L (outputs).
    activations : sequence of str
        One name per layer, of ``ACTIVATIONS``.
    rng : Generator or RandomState
        Generator that draws, layer by layer, the weights, the examples and their shares.

    Returns
    -------
    Parameters
        W[l] (n_l, n_{l-1}), b[l] (n_l, 1), float64 and finite.

    Raises
    ------
    ShapeError
        If X does not have n_0 rows.
    DataError
        If X has no example, or values that are no finite numbers.
    ConfigurationError
        If the sizes, the activations or ``rng`` are not usable.

    Notes
    -----
        W[l] = V / std(V·A[l-1]) row by row, V = N(0, 1);
        b[l] = -Σⱼ pⱼ zⱼ, p of Dirichlet(1), z: W[l]·A[l-1] of the unit at 5 examples

    Source: arXiv 2407.04491 (RealMLP); bias "he+5": arXiv 1903.11482.

    Examples
    --------
    >>> rng = np.random.default_rng(2)
    >>> X = rng.standard_normal((3, 200)) * [[1e-3], [1.0], [1e3]]
    >>> theta = initialize_from_data(X, [3, 4, 1], activations=["relu", "identity"], rng=rng)
    >>> (theta["W1"] @ X).std(axis=1).round(12)
    array([1., 1., 1., 1.])
    """
    sizes = layer_sizes(layer_dims)
    names = layer_activations(activations, len(sizes) - 1)
    _check_rng(rng)
    A = _checked(X, sizes[0])
    size = sum(n * columns for _, (n, columns) in plain_layout(sizes))
    parameters = Parameters(np.zeros(size), sizes)
    for layer, (n_prev, n) in enumerate(pairwise(sizes), start=1):
        W, Z = _weights(A, n_prev, n, rng)
        examples = rng.choice(A.shape[1], size=(n, EXAMPLES_PER_BIAS))
        shares = rng.dirichlet(np.ones(EXAMPLES_PER_BIAS), size=n)
        b = -(shares * np.take_along_axis(Z, examples, axis=1)).sum(axis=1, keepdims=True)
        parameters[f"W{layer}"][:], parameters[f"b{layer}"][:] = W, b
        A = get_activation(names[layer - 1]).forward(Z + b)
    return parameters


def _weights(A: Array, n_prev: int, n: int, rng: Rng) -> tuple[Array, Array]:
    """W and Z = W·A, of variance 1 in each row that varies; A is scaled first, so that nothing overflows."""
    largest = float(np.abs(A).max())
    size = largest if largest > NEGLIGIBLE else 1.0
    V = rng.standard_normal((n, n_prev))
    Z = V @ (A / size)
    spread = Z.std(axis=1, keepdims=True)
    constant = spread <= CONSTANT * np.maximum(np.abs(Z).max(axis=1, keepdims=True), CONSTANT)
    divisor = np.where(constant, sqrt(n_prev), spread)
    return V / divisor / size, Z / divisor


def _checked(X: Array, n_inputs: int) -> Array:
    X = np.asarray(X)
    if X.ndim != 2 or X.shape[0] != n_inputs:
        turned = X.ndim == 2 and X.shape[1] == n_inputs
        hint = "Columns are examples here: pass X.T." if turned else ""
        requirement = f"have {n_inputs} rows, one for each input"
        raise ShapeError.must_be("X", requirement, f"shape {X.shape}", hint)
    if X.shape[1] == 0:
        raise DataError.must_be("X", "have at least one example", f"shape {X.shape}")
    if X.dtype.kind not in "fiub":
        raise DataError.must_be("X", "hold real numbers", f"dtype {X.dtype}")
    if not np.isfinite(X).all():
        raise DataError.must_be("X", "hold finite numbers", "NaN or infinity")
    return X.astype(np.float64)


def _check_rng(rng: object) -> None:
    """Refuse what is no generator of NumPy."""
    if not isinstance(rng, np.random.Generator | np.random.RandomState):
        hint = "Pass for example numpy.random.default_rng(1)."
        raise ConfigurationError.must_be("rng", "a NumPy Generator or RandomState", repr(rng), hint)


def _drawn(layer_dims: Sequence[int], draw: Draw, rng: Rng) -> Parameters:
    sizes = layer_sizes(layer_dims)
    _check_rng(rng)
    layers = layers_in(sizes, ["identity"] * (len(sizes) - 1))
    return Parameters(drawn(graph_of(layers), draw, rng), sizes)


def drawn(graph: Graph, draw: Draw, rng: Rng) -> Array:
    """Initial values θ of all parameters: weights in the order of the layers, then what features draw."""
    values: dict[str, Array] = {}
    for (name, (rows, columns)), (_, learned) in zip(graph.layout, graph.learned.values(), strict=True):
        if learned.start is None:
            values[name] = draw(rng, columns, rows)
    for (name, shape), (_, learned) in zip(graph.layout, graph.learned.values(), strict=True):
        if callable(learned.start):
            values[name] = learned.start(rng, *shape)
        elif learned.start is not None:
            values[name] = np.full(shape, learned.start)
    return np.concatenate([values[name].ravel() for name, _ in graph.layout])
