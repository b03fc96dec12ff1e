"""Initial parameters that fit the data: every unit starts with variance 1, and bends among the examples."""

from collections.abc import Sequence
from itertools import pairwise
from math import sqrt

import numpy as np

from deepstep.equations.activations import get_activation
from deepstep.equations.initialization import Rng, check_rng
from deepstep.equations.model import layer_activations
from deepstep.equations.parameters import Parameters, layer_sizes, plain_layout
from deepstep.equations.registry import equation
from deepstep.errors import DataError, ShapeError
from deepstep.types import Array

__all__ = ["initialize_from_data"]

EXAMPLES_PER_BIAS = 5
"""The 5 of "he+5"."""

CONSTANT = 1e-10
"""A unit whose values differ by a smaller share of their size is constant up to rounding."""

NEGLIGIBLE = 1e-30
"""Inputs of a layer that are all smaller count as zeros: float32 could not hold the weights to lift them."""


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

    X (n_x, m): The training inputs, or a few thousand examples of them: Z and A of one layer at a time are
        held in float64.
    rng: Where the draws come from; for each layer the weights, the examples, their shares.
    returns: W[l] (n_l, n_{l-1}), b[l] (n_l, 1), float64 and finite.
    ShapeError: If X does not have n_0 rows.
    DataError: If X has no example, or values that are no finite numbers.
    ConfigurationError: If the sizes, the activations or ``rng`` are not usable.

    >>> rng = np.random.default_rng(2)
    >>> X = rng.standard_normal((3, 200)) * [[1e-3], [1.0], [1e3]]
    >>> theta = initialize_from_data(X, [3, 4, 1], activations=["relu", "identity"], rng=rng)
    >>> (theta["W1"] @ X).std(axis=1).round(12)
    array([1., 1., 1., 1.])
    """
    where = "initialize_from_data"
    sizes = layer_sizes(layer_dims, where)
    names = [get_activation(name, where) for name in layer_activations(activations, len(sizes) - 1, where)]
    check_rng(rng, where)
    A = _checked(X, sizes[0], where)
    size = sum(n * columns for _, (n, columns) in plain_layout(sizes))
    parameters = Parameters(np.zeros(size), sizes)
    for layer, (n_prev, n) in enumerate(pairwise(sizes), start=1):
        W, Z = _weights(A, n_prev, n, rng)
        examples = rng.choice(A.shape[1], size=(n, EXAMPLES_PER_BIAS))
        shares = rng.dirichlet(np.ones(EXAMPLES_PER_BIAS), size=n)
        b = -(shares * np.take_along_axis(Z, examples, axis=1)).sum(axis=1, keepdims=True)
        parameters[f"W{layer}"][:], parameters[f"b{layer}"][:] = W, b
        A = names[layer - 1].forward(Z + b)
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


def _checked(X: Array, n_inputs: int, where: str) -> Array:
    X = np.asarray(X)
    if X.ndim != 2 or X.shape[0] != n_inputs:
        raise ShapeError(
            where,
            f"X has {n_inputs} rows, one for each input",
            f"got shape {X.shape}",
            "Columns are examples here: pass X.T." if X.ndim == 2 and X.shape[1] == n_inputs else "",
        )
    if X.shape[1] == 0:
        raise DataError(where, "at least one example", "got m = 0")
    if X.dtype.kind not in "fiub" or not np.isfinite(X).all():
        raise DataError(where, "X holds finite numbers", f"got dtype {X.dtype}, or NaN or infinity in it")
    return X.astype(np.float64)
