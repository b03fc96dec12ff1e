"""Features of a table → inputs of a network: robust scaling and piecewise-linear encoding.

Two published methods, both affine except for the clipping, so that features of the training rows keep their
information: the robust scaling and smooth clipping of RealMLP (Holzmüller et al., arXiv 2407.04491) and the
piecewise-linear encoding of numbers (Gorishniy et al., arXiv 2203.05556).
"""

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from deepstep.preparation.columns import damaged, from_record, to_record
from deepstep.preparation.statistics import Quantiles
from deepstep.types import AnyArray, Array

LIMIT = 3.0
"""Limit of the smooth clipping."""

FAR = 1e100
"""Quartile distances from the median beyond which a number counts as lying there: no infinity."""

REACH = 1.0
"""How far the outer pieces of a number go on beyond the training rows, in their widths."""


ROWS_AT_ONCE = 1024
"""Rows that are encoded at once."""

PARTS = (slice(None, -1), slice(1, None))
"""Where the pieces of a feature begin and end, among its edges."""


class _Rules(NamedTuple):
    """Statistics of the features (n,), and beginnings, widths and limits of all pieces (n_pieces,)."""

    center: Array
    factor: Array
    begins: Array
    widths: Array
    low: Array
    high: Array


@dataclass(frozen=True)
class Encoding:
    """Statistics of each feature of the training rows.

    ======== =========================================================================================
    input    from a feature x
    ======== =========================================================================================
    scaled   u = (x - median) / (q₇₅ - q₂₅), then u / √(1 + (u/3)²), which stays between -3 and 3. Where the
             quartiles agree, (max - min) / 2 divides; a constant feature becomes 0.
    pieces   for each of some intervals between quantiles of x: how much of it lies below x, from 0 to 1, less
             ½. Beyond the training rows the outer two go on by one more width. Features with two values, or
             without three different quantiles, have none.
    ======== =========================================================================================

    ``center`` has the medians, ``factor`` what differences from them are multiplied with, ``edges`` where the
    pieces of each feature begin and end.
    """

    kind: ClassVar[str] = "encoding"
    center: tuple[float, ...]
    factor: tuple[float, ...]
    edges: tuple[tuple[float, ...], ...]

    @classmethod
    def fit(cls, features: AnyArray, pieces: int) -> Self:
        """Learn from the training rows (m, n), finite numbers; a feature has ``pieces`` at most, or none."""
        quantiles = Quantiles(features.shape[1])
        quantiles.update(features)
        return cls.of(quantiles, pieces)

    @classmethod
    def of(cls, quantiles: Quantiles, pieces: int) -> Self:
        """The encoding of features with these quantiles."""
        low, first, center, third, high = quantiles.at(np.array([0, 0.25, 0.5, 0.75, 1]))
        between = third - first
        least = np.finfo(between.dtype).tiny  # of smaller numbers the inverse is infinite
        width = np.where(between >= least, between, (high - low) / 2)
        factor = np.divide(1, width, out=np.zeros_like(width), where=width >= least)
        edges = tuple(_edges(quantiles, feature, pieces) for feature in range(len(center)))
        return cls(tuple(center.tolist()), tuple(factor.tolist()), edges)

    @property
    def n_inputs(self) -> int:
        """How many inputs the network has."""
        return len(self.center) + sum(len(edges) - 1 for edges in self.edges if edges)

    @cached_property
    def origins(self) -> NDArray[np.intp]:
        """The number of the feature that each input is made of."""
        pieces = [max(len(edges) - 1, 0) for edges in self.edges]
        return np.concatenate([np.arange(len(pieces)), np.repeat(np.arange(len(pieces)), pieces)])

    def transform(self, features: AnyArray, dtype: Any = np.float32) -> Array:
        """The inputs of m rows, C-ordered: scaled features, then the pieces of the first that has some, …"""
        n, rules = len(self.center), self._rules
        inputs = np.empty((len(features), self.n_inputs), dtype)
        for start in range(0, len(features), ROWS_AT_ONCE):  # few enough to stay in the cache
            rows, into = features[start : start + ROWS_AT_ONCE], inputs[start : start + ROWS_AT_ONCE]
            with np.errstate(over="ignore"):
                u = (rows - rules.center) * rules.factor
                share = (rows[:, self.origins[n:]] - rules.begins) / rules.widths
            u = np.clip(u, -FAR, FAR)
            into[:, :n] = LIMIT * u / np.hypot(LIMIT, u)
            into[:, n:] = np.clip(share, rules.low, rules.high) - 0.5
        return inputs

    @cached_property
    def _rules(self) -> "_Rules":
        """The statistics as arrays, of all pieces side by side."""
        cut = [np.array(edges) for edges in self.edges if edges]
        begins, ends = (np.concatenate([np.empty(0), *(edges[part] for edges in cut)]) for part in PARTS)
        low, high, last = np.zeros(len(begins)), np.ones(len(begins)), -1
        for edges in cut:
            first, last = last + 1, last + len(edges) - 1
            low[first], high[last] = -REACH, 1 + REACH
        return _Rules(np.array(self.center), np.array(self.factor), begins, ends - begins, low, high)

    def __getstate__(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in ("center", "factor", "edges")}

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types."""
        return to_record(self, self.kind)

    @classmethod
    def from_dict(cls, record: object) -> "Encoding":
        """The encoding that `to_dict` wrote."""
        encoding = from_record(record, {cls.kind: cls})
        if not len(encoding.center) == len(encoding.factor) == len(encoding.edges):
            raise damaged("center, factor and edges of each feature", "their numbers differ")
        if min(encoding.factor, default=0) < 0:
            raise damaged("factors of at least 0", f"got {min(encoding.factor)}")
        for edges in encoding.edges:
            if len(edges) in (1, 2) or any(after <= before for before, after in pairwise(edges)):
                raise damaged("edges that increase, three or more or none", f"got {edges!r:.60}")
        return encoding


def _edges(quantiles: Quantiles, feature: int, pieces: int) -> tuple[float, ...]:
    """Quantiles between which a feature is cut, each once; none where there is nothing to cut."""
    if pieces < 2 or not quantiles.has_more_than_two(feature):
        return ()
    edges = np.unique(quantiles.of_feature(feature, np.linspace(0, 1, pieces + 1)))
    return tuple(edges.tolist()) if len(edges) > 2 else ()
