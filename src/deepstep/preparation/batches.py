"""Examples as rows: the order in which they are visited, the batches cut from it, the share of each worker,
and the part that is held out to validate on.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from math import ceil
from typing import Any, ClassVar, Literal, NamedTuple, TypeAlias

import numpy as np

from deepstep.data.splits import stratification_obstacle
from deepstep.environment import package, polars
from deepstep.errors import ConfigurationError, DataError
from deepstep.types import AnyArray, Array

Order: TypeAlias = Callable[[int, int], "AnyArray | None"]
"""``order(epoch, m)`` gives the order of the m examples in that epoch, or None for the order as it is."""


MOST_SHOWN = 4096
"""Examples that are shown of those which are not held in memory."""


class Window(NamedTuple):
    """Some batches of an epoch, in memory."""

    examples: "Examples"
    order: AnyArray | None
    first: int
    stop: int


@dataclass(frozen=True)
class Examples:
    """Inputs and targets, rows as examples."""

    X: Any
    Y: Array
    weight: Array | None = None

    streamed: ClassVar[Literal[False]] = False
    """Whether they stay in their files, as `StreamedExamples` do; what is asked of both has one name."""

    @property
    def sample(self) -> "Examples":
        """Some of them to look at: all; of inputs that are made when they are taken, some."""
        if isinstance(self.X, np.ndarray) or hasattr(self.X, "toarray"):
            return self
        return self.part(evenly_spread(len(self), MOST_SHOWN))

    def in_memory(self) -> "Examples":
        """The examples as arrays; those of files are refused."""
        return self

    def close(self) -> None:
        """Nothing is open."""

    def window(self, epoch: int, number: int, batch_size: int | None, order: Order, **ignored: Any) -> Window:
        """The window that holds a batch: the whole epoch; ignored is what concerns files alone."""
        return Window(self, visited(order, epoch, len(self)), 0, n_batches(len(self), batch_size))

    def __len__(self) -> int:
        return int(self.Y.shape[0])

    def take(self, rows: AnyArray | slice) -> tuple[Array, Array, Array | None]:
        """X (n_x, k), Y (n_L, k) and the weights (k,) of some rows."""
        X = self.X[rows]
        if not isinstance(X, np.ndarray):
            X = X.toarray()
        return X.T, self.Y[rows].T, None if self.weight is None else self.weight[rows]

    def part(self, rows: AnyArray | slice) -> "Examples":
        """Some of the examples, as they are."""
        return Examples(self.X[rows], self.Y[rows], None if self.weight is None else self.weight[rows])


def visited(order: Order, epoch: int, m: int) -> AnyArray | None:
    """The order of m examples in an epoch, (m,); None for the order as it is."""
    returned = order(epoch, m)
    if returned is None:
        return None
    indices = np.asarray(returned)
    are_integers = indices.dtype.kind in "iu"
    if not (are_integers and indices.shape == (m,) and 0 <= indices.min() <= indices.max() < m):
        reach = f" from {indices.min()} to {indices.max()}" if are_integers and indices.size else ""
        raise ConfigurationError.must_be(
            f"order({epoch}, {m})",
            f"{m} whole numbers from 0 to {m - 1}",
            f"shape {indices.shape} of {indices.dtype}{reach}",
            "For example numpy.random.default_rng(epoch).permutation(m).",
        )
    return indices


def as_they_are(epoch: int, m: int) -> None:
    """The order of the examples as they are given.

    Parameters
    ----------
    epoch, m : int
    """


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
    """The numbers of at most so many of m rows, the first and the last among them."""
    return np.unique(np.linspace(0, m - 1, min(m, most)).round().astype(int))


def few(frame: "polars.DataFrame", most: int) -> "polars.DataFrame":
    """At most so many rows, evenly spread."""
    return frame if frame.height <= most else frame[evenly_spread(frame.height, most)]


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
    """Where a batch lies in the order of the m examples, by its number from 0."""
    size = m if batch_size is None else batch_size
    epoch, index = divmod(number, n_batches(m, batch_size))
    begin = 0 if order is None else epoch * m
    return slice(begin + index * size, begin + min((index + 1) * size, m))


class Share(NamedTuple):
    """The place of a worker: its rank ``of`` how many."""

    rank: int
    of: int

    def part(self, m: int, start: int = 0) -> slice:
        """This worker's rows of m that all have, from ``start`` on: as many as the others work on, or
        one more; none where there are too few.
        """
        return slice(start + m * self.rank // self.of, start + m * (self.rank + 1) // self.of)


@dataclass(frozen=True)
class Shard(Examples):
    """One worker's share of some examples; X, Y and weight are of these alone."""

    positions: AnyArray = field(default_factory=lambda: np.empty(0, np.int64))
    of: int = 0

    def __len__(self) -> int:
        return self.of

    def among(self, rows: slice) -> tuple[slice, AnyArray]:
        """The examples of this shard in a batch, and their places in it."""
        first, stop = np.searchsorted(self.positions, (rows.start, rows.stop)).tolist()
        return slice(first, stop), self.positions[first:stop] - rows.start


class Communicator:
    """The workers of one training, as one of them sees them; this one is alone, and gets what it gives."""

    share = Share(0, 1)

    def sums(self, values: Sequence[float] | Array) -> Array:
        """The sums of some numbers over all workers, in each of them the same."""
        return np.asarray(values, float)

    def of_the_first(self, *values: float) -> Sequence[float]:
        """Numbers as the first worker has them."""
        return values


ALONE = Communicator()
"""One worker without others."""


LEAST = 4
"""Least examples that can be split: two of them validate, as a score of one alone says little."""


def hold_out(
    examples: Examples, classes: AnyArray | None, *, fraction: float, seed: int
) -> tuple[Examples, Examples]:
    """The examples to learn from, and those to validate on, drawn from the seed as scikit-learn's estimators
    draw them, order and all.

    ``classes`` (m,) are held in proportion where there are enough of each; the validation part has
    two examples at least, and not all.
    """
    train_test_split = package("sklearn.model_selection").train_test_split
    m = len(examples)
    if m < LEAST:
        problem = f"n_samples={m} is too few to hold some out, which needs at least {LEAST}"
        raise DataError(problem, "The validation set is too small otherwise.")
    size = min(max(2, ceil(fraction * m)), m - 1)
    obstacle = classes is None or stratification_obstacle(classes, fraction=(size - 0.5) / m)
    groups = None if obstacle else classes
    parts = train_test_split(np.arange(m), test_size=size, random_state=seed, stratify=groups)
    learn, held = map(examples.part, parts)
    for name, part in (("learn from", learn), ("validate on", held)):
        if part.weight is not None and not part.weight.any():
            problem = f"All weights are 0 in the {len(part)} of {m} examples to {name}"
            raise DataError(problem, "Use another seed or validation_fraction.")
    return learn, held


def together(first: Examples, second: Examples) -> Examples:
    """The examples of both."""
    dense = isinstance(first.X, np.ndarray) and isinstance(second.X, np.ndarray)
    weight = None
    if first.weight is not None or second.weight is not None:
        weights = [
            np.ones(len(part), part.Y.dtype) if part.weight is None else part.weight
            for part in (first, second)
        ]
        weight = np.concatenate(weights)
    if dense:
        X = np.concatenate([first.X, second.X])
    else:
        vstack = package("scipy.sparse").vstack
        X = vstack([first.X, second.X], format="csr")
    return Examples(X, np.concatenate([first.Y, second.Y]), weight)


NUMBERS_AT_ONCE = 2**20
"""Numbers of a chunk that is hashed."""


def digest(examples: Examples) -> str:
    """The SHA-256 of all numbers, their shapes and precision; the order of rows in memory does not matter."""
    parts = (examples.X, examples.Y, examples.weight)
    kinds = [part if part is None else (part.shape, part.dtype.str) for part in parts]
    result = hashlib.sha256(repr(kinds).encode())
    size = max(1, NUMBERS_AT_ONCE // (examples.X.shape[1] + examples.Y.shape[1]))
    for start in range(0, len(examples), size):
        X, Y, weight = examples.take(slice(start, start + size))
        for rows in (X.T, Y.T, weight):
            if rows is not None:
                result.update(np.ascontiguousarray(rows).data)
    return result.hexdigest()
