"""Targets at random, of each kind that heads learn: to try a loss or a fresh network on."""

from collections.abc import Callable

import numpy as np

from deepstep.equations.heads import Head, get_head
from deepstep.network.architecture import Architecture
from deepstep.types import Array

_EXAMPLES: dict[str, Callable[[np.random.Generator, int, int], Array]] = {
    "probabilities": lambda rng, n, m: rng.integers(2, size=(n, m)).astype(float),
    "classes": lambda rng, n, m: np.eye(n)[:, rng.integers(n, size=m)],
    "cumulative": lambda rng, n, m: (rng.integers(n + 1, size=m) > np.arange(n)[:, np.newaxis]).astype(float),
    "numbers": lambda rng, n, m: rng.standard_normal((n, m)),
    "counts": lambda rng, n, m: rng.integers(10, size=(n, m)).astype(float),
    "one number": lambda rng, n, m: np.repeat(rng.standard_normal((1, m)), n, axis=0),
}


def example_targets(
    output: str | Head | Architecture, n_outputs: int, m: int, *, rng: np.random.Generator
) -> Array:
    """A target that the head can learn.

    Parameters
    ----------
    output : str, Head or Architecture
        Which head.
    n_outputs, m : int
        Numbers of outputs and of examples.
    rng : numpy.random.Generator
        Where the numbers are drawn.

    Returns
    -------
    Y : array of shape (n_outputs, m)
        Float64, of the kind that the head learns.

    Raises
    ------
    ConfigurationError
        If the head is unknown, or an architecture does not fit its head.

    Examples
    --------
    >>> Y = example_targets("softmax", 3, 5, rng=np.random.default_rng(1))
    >>> Y.shape, Y.sum(axis=0).tolist()
    ((3, 5), [1.0, 1.0, 1.0, 1.0, 1.0])
    """
    return _EXAMPLES[get_head(output, "example_targets").targets](rng, n_outputs, m)
