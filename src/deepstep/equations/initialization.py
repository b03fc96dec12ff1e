"""Initial parameters: standard normal draws, scaled; biases are zero."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from math import sqrt

import numpy as np

from deepstep.equations.registry import equation
from deepstep.errors import ConfigurationError, unknown_name
from deepstep.network.architecture import layer_sizes
from deepstep.network.parameters import Parameters, parameter_count

INITIALIZATIONS: dict[str, Callable[[int, int], float]] = {
    "he": lambda n_prev, n: sqrt(2 / n_prev),
    "glorot": lambda n_prev, n: sqrt(2 / (n_prev + n)),
    "lecun": lambda n_prev, n: 1 / sqrt(n_prev),
    "small": lambda n_prev, n: 0.01,
    "large": lambda n_prev, n: 10.0,
    "zeros": lambda n_prev, n: 0.0,
}
"""The scale of the weights of a layer by method, from n_{l-1} and n_l."""


@equation("W[1] = s·N(0, 1), W[2] = s·N(0, 1), b = 0", source="lecture 2.1")
def initialize_two_layer(
    n_x: int,
    n_h: int,
    n_y: int,
    *,
    rng: np.random.Generator | np.random.RandomState,
    scale: float = 0.01,
) -> Parameters:
    """Parameters of a network with one hidden layer.

    Parameters
    ----------
    n_x, n_h, n_y : int
        Sizes of the input, hidden and output layer.
    rng : numpy.random.Generator or numpy.random.RandomState
        Where the draws come from: W1 first, then W2.
    scale : float
        Factor on the draws.

    Returns
    -------
    Parameters
        W1 (n_h, n_x), b1 (n_h, 1), W2 (n_y, n_h), b2 (n_y, 1), float64.

    Raises
    ------
    ConfigurationError
        If a size is not a positive whole number, or ``rng`` is no NumPy generator.

    Examples
    --------
    >>> initialize_two_layer(3, 2, 1, rng=np.random.RandomState(1))["W2"]
    array([[ 0.01744812, -0.00761207]])
    """
    return _scaled_normal([n_x, n_h, n_y], lambda n_prev, n: scale, rng, "initialize_two_layer")


@equation(
    "W[l] = s·N(0, 1), b[l] = 0;  he: s = √(2/n_{l-1}), glorot: √(2/(n_{l-1} + n_l)), lecun: 1/√n_{l-1}, "
    "small: 0.01, large: 10, zeros: 0",
    source="lecture 2.2; he: arXiv 1502.01852; glorot: Glorot & Bengio 2010; lecun: LeCun et al. 1998",
)
def initialize_parameters(
    layer_dims: Sequence[int],
    *,
    method: str = "he",
    rng: np.random.Generator | np.random.RandomState,
) -> Parameters:
    """Parameters of a network of any depth.

    Parameters
    ----------
    layer_dims : sequence of int
        n_0 (inputs), n_1, …, n_L (outputs).
    method : {"he", "glorot", "lecun", "small", "large", "zeros"}
        Scale of the weights. One number for every layer ("small", the lecture's 0.01) starves deep networks.
    rng : numpy.random.Generator or numpy.random.RandomState
        Where the draws come from, in the order W1, W2, …

    Returns
    -------
    Parameters
        W[l] (n_l, n_{l-1}), b[l] (n_l, 1), float64.

    Raises
    ------
    ConfigurationError
        If a size, the method or ``rng`` is not usable.

    Examples
    --------
    >>> initialize_parameters([2, 3, 1], rng=np.random.default_rng(0))["W2"].round(3)
    array([[ 1.065,  0.773, -0.575]])
    """
    if not isinstance(method, str) or method not in INITIALIZATIONS:
        raise unknown_name("initialize_parameters", "method", method, INITIALIZATIONS)
    return _scaled_normal(layer_dims, INITIALIZATIONS[method], rng, "initialize_parameters")


def _scaled_normal(
    layer_dims: Sequence[int],
    scale: Callable[[int, int], float],
    rng: np.random.Generator | np.random.RandomState,
    where: str,
) -> Parameters:
    sizes = layer_sizes(layer_dims, where)
    if not isinstance(rng, np.random.Generator | np.random.RandomState):
        raise ConfigurationError(
            where,
            "rng is a NumPy Generator or RandomState",
            f"got {rng!r}",
            "Pass for example numpy.random.default_rng(1).",
        )
    parameters = Parameters(np.zeros(parameter_count(sizes)), sizes)
    for layer, (n_prev, n) in enumerate(pairwise(sizes), start=1):
        factor = scale(n_prev, n)
        if factor:
            parameters[f"W{layer}"][:] = rng.standard_normal((n, n_prev)) * factor
    return parameters
