"""Which examples a page takes along: few enough that it opens at once."""

from typing import NamedTuple

import numpy as np

from deepstep.model import Network
from deepstep.preparation.batches import shuffled
from deepstep.types import AnyArray, Array

MOST_EXAMPLES = 500
MOST_NUMBERS = 40_000
"""In the inputs, and in all quantities of a step on all examples."""

FEWEST = 16


class Chosen(NamedTuple):
    """The examples of a page.

    ``rows`` are their numbers, None for all.
    """

    X: Array
    Y: Array
    rows: AnyArray | None


def few_enough(network: Network, *, full_batches: bool) -> int:
    """How many examples a page of this network may hold."""
    by_inputs = MOST_NUMBERS // network.architecture.n_inputs
    by_step = MOST_NUMBERS // _numbers_of_an_example(network) if full_batches else MOST_EXAMPLES
    return max(FEWEST, min(MOST_EXAMPLES, by_inputs, by_step))


def choose(X: Array, Y: Array, most: int, seed: int) -> Chosen:
    """At most so many examples, drawn from the seed, in the order that they have.

    They are drawn and not evenly spread: examples may come in a pattern.
    """
    m = X.shape[1]
    if m <= most:
        return Chosen(X, Y, None)
    drawn = np.asarray(shuffled(seed)(0, m))
    _, first = np.unique(Y[:, drawn], axis=1, return_index=True)
    if len(first) <= most:  # classes: each is there, however rare it is
        drawn = np.concatenate([drawn[first], np.delete(drawn, first)])
    rows = np.sort(drawn[:most])
    return Chosen(X[:, rows], Y[:, rows], rows)


def _numbers_of_an_example(network: Network) -> int:
    """How many numbers of a trace belong to one example."""
    n_x, *units = network.architecture.layer_dims
    return 2 * n_x + 4 * sum(units) + 2 * units[-1]
