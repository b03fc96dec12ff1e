"""Initial parameters of members that share a network: they differ in signs of inputs and in the outputs."""

from collections.abc import Sequence

import numpy as np

from deepstep.equations.initialization import INITIALIZATIONS, Rng, initialize_parameters
from deepstep.equations.registry import equation
from deepstep.equations.shared_members import SOURCE
from deepstep.network.layout import parameter_count
from deepstep.network.parameters import Parameters


@equation(
    "W[1], b[1], …, W[L-1], b[L-1] as by initialize_parameters,  r = ±1,  W[L] drawn for each member",
    source=SOURCE,
)
def initialize_members(
    layer_dims: Sequence[int], members: int, *, method: str = "he", rng: Rng
) -> Parameters:
    """Parameters of K networks in one: shared layers; signs of the inputs and an output layer for each.

    Parameters
    ----------
    layer_dims : sequence of int
        n_0 (inputs), n_1, …, n_L (outputs), with a hidden layer.
    members : int
        K.
    method : str
        As in `initialize_parameters`.
    rng : numpy.random.Generator or numpy.random.RandomState
        Where the draws come from: W1, W2, …, those of WL member after member, then r.

    Returns
    -------
    Parameters
        W[l] (n_l, n_{l-1}), b[l] (n_l, 1), the last ones with K·n_L rows, and r1 (K, n_0), float64.

    Raises
    ------
    ConfigurationError
        If a size, the method or ``rng`` is not usable.

    Examples
    --------
    >>> theta = initialize_members([2, 3, 1], 2, rng=np.random.default_rng(0))
    >>> theta["r1"], theta["W2"].shape
    (array([[ 1., -1.],
           [ 1., -1.]]), (2, 3))
    """
    first = initialize_parameters(layer_dims, method=method, rng=rng)
    sizes = first.layer_dims
    found = Parameters(np.zeros(parameter_count(sizes, members=members)), sizes, members=members)
    last = f"W{len(sizes) - 1}"
    for name, value in first.items():
        found[name][: len(value)] = value
    for start in range(sizes[-1], members * sizes[-1], sizes[-1]):
        found[last][start : start + sizes[-1]] = INITIALIZATIONS[method](rng, sizes[-2], sizes[-1])
    uniform = rng.random_sample if isinstance(rng, np.random.RandomState) else rng.random
    found["r1"][:] = np.where(uniform(found["r1"].shape) < 0.5, -1.0, 1.0)
    return found
