"""Examples as rows, the order in which they are visited, and the batches cut from it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, NamedTuple, TypeAlias

import numpy as np

from deepstep.errors import ConfigurationError
from deepstep.types import AnyArray, Array

Order: TypeAlias = Callable[[int, int], "AnyArray | None"]
"""``order(epoch, m)`` gives the order of the m examples in that epoch, or None for the order as it is."""


class Window(NamedTuple):
    """Some batches of an epoch, in memory.

    ``order`` is that of these examples, and those of a `Shard` stand in it already; ``first`` and ``stop``
    are numbers of batches.
    """

    examples: "Examples"
    order: AnyArray | None
    first: int
    stop: int


@dataclass(frozen=True)
class Examples:
    """Inputs and targets, rows as examples.

    Rows lie together in memory, so a batch is gathered from rows; its transpose, a view, is what the
    equations take.

    ``X`` is (m, n_x), dense or a SciPy sparse array of which only the batch at hand is made dense, ``Y`` is
    (m, n_L) and ``weight`` (m,).
    """

    X: Any
    Y: Array
    weight: Array | None = None

    streamed: ClassVar = False
    """Whether they stay in their files, as `StreamedExamples` do; what is asked of both has one name."""

    @property
    def sample(self) -> "Examples":
        """Some of them to look at: all."""
        return self

    def close(self) -> None:
        """Nothing is open."""

    def window(
        self, epoch: int, number: int, batch_size: int | None, order: Order, **of_files: Any
    ) -> Window:
        """The window that holds a batch: the whole epoch."""
        return Window(self, visited(order, epoch, len(self)), 0, n_batches(len(self), batch_size))

    def __len__(self) -> int:
        return int(self.Y.shape[0])

    def take(self, rows: AnyArray | slice) -> tuple[Array, Array, Array | None]:
        """X (n_x, k), Y (n_L, k) and the weights (k,) of some rows."""
        X = self.X[rows]
        if not isinstance(X, np.ndarray):
            X = X.toarray()
        return X.T, self.Y[rows].T, None if self.weight is None else self.weight[rows]


def visited(order: Order, epoch: int, m: int) -> AnyArray | None:
    """The order of m examples in an epoch, (m,); None for the order as it is.

    Raises
    ------
    ConfigurationError
        If it is not m numbers of examples.
    """
    given = order(epoch, m)
    if given is None:
        return None
    found = np.asarray(given)
    whole = found.dtype.kind in "iu"
    if not (whole and found.shape == (m,) and 0 <= found.min() <= found.max() < m):
        reach = f" from {found.min()} to {found.max()}" if whole and found.size else ""
        raise ConfigurationError(
            "order",
            f"order({epoch}, {m}) gives {m} whole numbers from 0 to {m - 1}",
            f"got shape {found.shape} of {found.dtype}{reach}",
            "For example numpy.random.default_rng(epoch).permutation(m).",
        )
    return found


def as_they_are(epoch: int, m: int) -> None:
    """The order of the examples as they are given."""


def shuffled(seed: int) -> Order:
    """A new order in each epoch: a function of (seed, epoch) alone, so any epoch can be rebuilt."""
    return partial(_permutation, seed)


def is_known(order: Order) -> bool:
    """Whether it is one of the two above: when it is asked for an epoch makes no difference to it."""
    return order is as_they_are or (isinstance(order, partial) and order.func is _permutation)


def _permutation(seed: int, epoch: int, m: int) -> AnyArray:
    counter_based = np.random.Philox(key=seed, counter=[0, 0, 0, epoch])  # the second word of key is 0
    return np.random.Generator(counter_based).permutation(m)


def evenly_spread(m: int, most: int) -> AnyArray:
    """The numbers of at most so many of m rows, the first and the last among them.

    >>> evenly_spread(9, 3).tolist(), evenly_spread(2, 3).tolist()
    ([0, 4, 8], [0, 1])
    """
    return np.unique(np.linspace(0, m - 1, min(m, most)).round().astype(int))


def n_batches(m: int, batch_size: int | None) -> int:
    """How many batches m examples make; the last one may be short."""
    return 1 if batch_size is None else -(-m // batch_size)


def largest_batch(m: int, batch_size: int | None) -> int:
    """Examples of a whole batch."""
    return m if batch_size is None else min(m, batch_size)


def batch(order: AnyArray | None, m: int, batch_size: int | None, number: int) -> AnyArray | slice:
    """The rows of one batch of an epoch, by its number from 0; all of them where there is no batch size."""
    rows = places(order, m, batch_size, number)
    return rows if order is None else order[rows]


def places(order: AnyArray | None, m: int, batch_size: int | None, number: int) -> slice:
    """Where a batch lies in the order of the m examples, by its number from 0.

    Numbers beyond the batches of an epoch are those of the next epochs: their orders follow in ``order``.
    """
    size = m if batch_size is None else batch_size
    epoch, at = divmod(number, n_batches(m, batch_size))
    begin = 0 if order is None else epoch * m
    return slice(begin + at * size, begin + min((at + 1) * size, m))
