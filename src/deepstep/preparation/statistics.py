"""Statistics that are updated chunk by chunk: moments, quantiles, counts of values."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepstep.environment import polars
from deepstep.errors import DataError, missing_package
from deepstep.types import AnyArray, Array

COMPRESSION = 1000
"""Size of the t-digests: their centroids are twice as many at most, 32 kB for each feature."""
FEW = 256
"""Most different values of a feature that are counted one by one."""
MOST_CLASSES = 10_000
"""Most classes of a target."""


class Moments:
    """Count, mean, deviation, least and greatest; NaN is missing.

    Chunks are joined by the update of Chan, Golub and LeVeque (1979), "Updating formulae and a pairwise
    algorithm for computing sample variances"; of a single chunk the values have NumPy's bits. ``squares`` is
    the sum of the squared differences from the mean.
    """

    def __init__(self) -> None:
        self.count, self.missing = 0, 0
        self.mean, self.squares, self.low, self.high = 0.0, 0.0, np.inf, -np.inf

    def update(self, values: NDArray[np.float64], times: NDArray[np.float64] | None = None) -> None:
        """Add values; ``times`` says of each how often it comes."""
        is_present = ~np.isnan(values)
        present = values[is_present]
        total = len(values) if times is None else int(times.sum())
        times = None if times is None else times[is_present]
        n = len(present) if times is None else int(times.sum())
        self.missing += total - n
        if not n:
            return
        self.low, self.high = min(self.low, float(present.min())), max(self.high, float(present.max()))
        with np.errstate(over="ignore", invalid="ignore", under="ignore"):
            mean = float(np.average(present, weights=times))
            apart = np.square(present - mean)
            squares = float(apart.sum() if times is None else np.dot(apart, times))
            if not self.count:  # the square of a huge mean is infinite
                self.count, self.mean, self.squares = n, mean, squares
                return
            total = self.count + n
            difference = mean - self.mean
            self.squares += squares + difference * difference * self.count * (n / total)
            self.mean += difference * (n / total)
            self.count = total

    @property
    def is_constant(self) -> bool:
        """Whether all values are equal."""
        return self.low == self.high

    def moments(self, name: str) -> tuple[float, float, bool]:
        """Mean, deviation (1 for a constant), and whether any value is missing."""
        if self.is_constant:
            # not by the computed deviation: rounding leaves a constant 0.1 with one of 1e-17
            return self.low, 1.0, self.missing > 0
        std = float(np.sqrt(self.squares / self.count))
        if not np.isfinite(std):
            problem = f"Column {name!r} cannot be standardized, it reaches from {self.low:g} to {self.high:g}"
            raise DataError(problem, "Divide the column by a constant.")
        return self.mean, std or 1.0, self.missing > 0


class Quantiles:
    """Quantiles of features: exact for a single chunk, by sketches (Apache's t-digest) for more.

    A sketched quantile is one of a rank that is off by a few thousandths of the rows at most (t-digests have
    no bound that is proven; the tests hold it to 0.005); the least and the greatest value are exact, and so
    is everything of a feature with few different values. The KLL sketch of the same library has a proven
    bound, but compacts by coin tosses of its own: the same rows would not give the same bits.
    """

    def __init__(self, n_features: int) -> None:
        self._n = n_features
        self._only = np.empty((0, n_features))  # the rows of the first chunk, until there is a second
        self._sketches: list[_Sketch] = []

    def update(self, features: AnyArray) -> None:
        """Add rows, (k, n_features) of finite numbers."""
        if not self._sketches and not len(self._only):
            self._only = features
            return
        chunks = [features]
        if not self._sketches:
            chunks = [self._only, features]
            self._sketches = [_Sketch() for _ in range(self._n)]
            self._only = self._only[:0]
        for chunk in chunks:
            for sketch, column in zip(self._sketches, chunk.T, strict=True):
                sketch.update(np.ascontiguousarray(column, np.float64))

    def at(self, ranks: AnyArray) -> Array:
        """Values of each feature at these ranks, (len(ranks), n_features)."""
        if not self._sketches:
            return np.asarray(np.quantile(self._only, ranks, axis=0))
        return np.array([sketch.quantiles(ranks) for sketch in self._sketches]).T

    @property
    def more_than_two(self) -> NDArray[np.bool_]:
        """Whether each feature has more than two different values."""
        if self._sketches:
            return np.array([len(sketch.values) > 2 for sketch in self._sketches])
        some = _is_varied(self._only[:1000])
        return some if some.all() else _is_varied(self._only)


def _is_varied(rows: AnyArray) -> NDArray[np.bool_]:
    """Whether each column has a value between the least and the greatest."""
    return np.asarray(((rows > rows.min(axis=0)) & (rows < rows.max(axis=0))).any(axis=0))


class _Sketch:
    """The values of one feature and how often each comes, where they are few, and a t-digest."""

    def __init__(self) -> None:
        try:
            from datasketches import tdigest_double
        except ImportError as error:
            raise missing_package("A quantile of a stream", "datasketches", extra="streaming") from error
        self.digest: Any = tdigest_double(COMPRESSION)
        self.values, self.counts = np.empty(0), np.empty(0, np.int64)
        self.few = True

    def update(self, column: Array) -> None:
        self.digest.update(column)
        if not self.few:
            return
        values, counts = np.unique(column, return_counts=True)
        both, place = np.unique(np.concatenate([self.values, values]), return_inverse=True)
        total = np.zeros(len(both), np.int64)
        np.add.at(total, place, np.concatenate([self.counts, counts]))
        self.few = len(both) <= FEW
        self.values, self.counts = both[: FEW + 1], total[: FEW + 1]

    def quantiles(self, ranks: AnyArray) -> Array:
        if not self.few:
            return np.array([self.digest.get_quantile(float(rank)) for rank in ranks])
        # numpy.quantile's own, of the values repeated
        last = np.cumsum(self.counts) - 1
        places = np.asarray(ranks) * last[-1]
        below, above = (self.values[np.searchsorted(last, end(places))] for end in (np.floor, np.ceil))
        return np.asarray(below + (above - below) * (places - np.floor(places)))


class ValueCounts:
    """The different values of a target, their rows and the sum of their weights.

    Weights are added up in the order of the rows, one by one: sums are the same bits however the rows are cut
    into chunks, and however many threads there are.
    """

    def __init__(self) -> None:
        self._values: polars.DataFrame | None = None
        self._weights, self._rows = np.zeros(0), np.zeros(0, np.int64)
        self._too_many = False

    def update(self, values: "polars.Series", weight: AnyArray, learned: AnyArray) -> None:
        """Add targets without missing ones; ``learned`` (k,) says whose weights count."""
        if self._too_many or not len(values):
            return
        frame = polars.DataFrame({"value": values})
        new = frame.unique(maintain_order=True)
        known = new if self._values is None else polars.concat([self._values, new])
        self._values = known.unique(keep="first", maintain_order=True)
        if self._values.height > MOST_CLASSES:
            self._values, self._weights, self._rows = known.clear(), np.zeros(0), np.zeros(0, np.int64)
            self._too_many = True
            return
        more = self._values.height - len(self._weights)
        self._weights = np.append(self._weights, np.zeros(more))
        self._rows = np.append(self._rows, np.zeros(more, np.int64))
        coded = self._values.with_row_index("code")
        codes = frame.join(coded, on="value", how="left", maintain_order="left")["code"].to_numpy()
        np.add.at(self._weights, codes[learned], weight[learned])
        np.add.at(self._rows, codes[learned], 1)

    def finish(self) -> "polars.DataFrame":
        """The values with their weights and rows, in order; no rows where there are too many."""
        sums = [polars.Series("weight", self._weights), polars.Series("rows", self._rows)]
        return polars.DataFrame(self._values).with_columns(sums).sort("value")
