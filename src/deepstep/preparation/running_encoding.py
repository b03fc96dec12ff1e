"""`Encoding` from features that come a piece at a time: quantiles by a mergeable sketch, Apache's t-digest.

A quantile is one of a rank that is off by a few thousandths of the rows at most (t-digests have no bound that
is proven; the tests hold it to 0.005); the least and the greatest value are exact, and so is everything of a
feature with few different values. The KLL sketch of the same library has a proven bound, but compacts by coin
tosses of its own: the same rows would not give the same bits.
"""

from typing import Any, Self

import numpy as np

from deepstep.errors import missing_package
from deepstep.preparation.encoding import Encoding, edges_between, factor_of
from deepstep.types import AnyArray, Array

COMPRESSION = 1000
"""Size of the t-digests: their centroids are twice as many at most, 32 kB for each feature."""
FEW = 256
"""So many different values of a feature are counted one by one."""


class RunningEncoding:
    """Running statistics of features."""

    def __init__(self, n_features: int) -> None:
        self._features = [_Feature() for _ in range(n_features)]

    def update(self, features: AnyArray) -> None:
        """Take rows in, (k, n_features) of finite numbers."""
        for feature, column in zip(self._features, features.T, strict=True):
            feature.update(np.ascontiguousarray(column, np.float64))

    def merge(self, other: Self) -> None:
        """Take in what another has seen."""
        for feature, its in zip(self._features, other._features, strict=True):
            feature.merge(its)

    def quantiles(self, ranks: AnyArray) -> Array:
        """Values of each feature at these ranks, (len(ranks), n_features)."""
        found = [feature.quantiles(ranks) for feature in self._features]
        return np.array(found).reshape(len(found), len(ranks)).T

    def finish(self, pieces: int) -> Encoding:
        """The learned encoding; ``pieces`` as of `Encoding.fit`."""
        low, first, center, third, high = self.quantiles(np.array([0, 0.25, 0.5, 0.75, 1]))
        edges: list[tuple[float, ...]] = [()] * len(self._features)
        if pieces > 1:
            between = self.quantiles(np.linspace(0, 1, pieces + 1))
            edges = [
                edges_between(column) if len(feature.values) > 2 else ()
                for column, feature in zip(between.T, self._features, strict=True)
            ]
        return Encoding(
            tuple(center.tolist()), tuple(factor_of(low, first, third, high).tolist()), tuple(edges)
        )


class _Feature:
    """Statistics of one feature: its values and how often each comes, where they are few, and a t-digest."""

    def __init__(self) -> None:
        try:
            from datasketches import tdigest_double
        except ImportError as error:
            raise missing_package("quantiles of streams", "datasketches", "streaming") from error
        self.digest: Any = tdigest_double(COMPRESSION)
        self.values, self.counts, self.few = np.empty(0), np.empty(0, np.int64), True

    def update(self, column: Array) -> None:
        self.digest.update(column)
        if self.few:
            self._count(*np.unique(column, return_counts=True))

    def merge(self, other: "_Feature") -> None:
        self.digest.merge(other.digest)
        self.few = self.few and other.few
        self._count(other.values, other.counts)

    def _count(self, values: Array, counts: AnyArray) -> None:
        both, place = np.unique(np.concatenate([self.values, values]), return_inverse=True)
        total = np.zeros(len(both), np.int64)
        np.add.at(total, place, np.concatenate([self.counts, counts]))
        self.few = self.few and len(both) <= FEW
        self.values, self.counts = both[: FEW + 1], total[: FEW + 1]

    def quantiles(self, ranks: AnyArray) -> Array:
        if not self.few:
            return np.array([self.digest.get_quantile(float(rank)) for rank in ranks])
        # numpy.quantile's own, of the values repeated
        last = np.cumsum(self.counts) - 1
        places = np.asarray(ranks) * last[-1]
        below, above = (self.values[np.searchsorted(last, at(places))] for at in (np.floor, np.ceil))
        return np.asarray(below + (above - below) * (places - np.floor(places)))
