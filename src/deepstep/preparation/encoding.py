"""Features of a table → inputs of a network: scaling, and piecewise-linear encoding.

The robust scaling and smooth clipping of RealMLP (Holzmüller et al., arXiv 2407.04491), the same clipping of
standardized features, normal scores of the ranks, and the piecewise-linear encoding of numbers (Gorishniy et
al., arXiv 2203.05556).
"""

from dataclasses import dataclass, fields, replace
from functools import cached_property
from itertools import chain, pairwise
from math import isfinite
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from deepstep.environment import package
from deepstep.preparation.statistics import Quantiles
from deepstep.types import AnyArray, Array

LIMIT = 3.0
"""Limit of the smooth clipping."""

FAR = 1e100
"""Quartile distances from the median beyond which a number counts as lying there: no infinity."""

REACH = 1.0
"""How far the outer pieces of a number go on beyond the training rows, in their widths."""


SCALINGS = ("quartiles", "deviations", "ranks")
"""How features are scaled, see `Encoding`."""

MOST_SCORE = 3.0
"""Normal score of the least and the greatest rank, in size."""

MOST_MARKS = 129
"""Quantiles of a feature whose ranks are scored, at most."""

ROUNDING = 1e-12
"""Deviations below this share of the mean, and differences below this share of the distance of the quartiles,
are those of rounding.
"""

ROWS_AT_ONCE = 256
"""Rows that are encoded at once."""

QUARTERS = np.array([0, 0.25, 0.5, 0.75, 1])
"""Ranks that tell where a feature lies and how wide it is."""

PARTS = (slice(None, -1), slice(1, None))
"""Where the pieces of a feature begin and end, among its edges."""


class _Rules(NamedTuple):
    """Statistics of the features (n,), those of the features that are cut, and those of all their pieces.

    ``cut`` are the numbers of the features in pieces, ``counts`` how many pieces each has, and ``starts``
    which of all pieces is its first. A piece is full from ``ends`` on; the last one of a feature never is.
    """

    center: Array
    factor: Array
    cut: NDArray[np.intp]
    counts: NDArray[np.intp]
    starts: NDArray[np.intp]
    begins: Array
    widths: Array
    ends: Array
    low: Array
    high: Array


@dataclass(frozen=True)
class Encoding:
    """Statistics of each feature of the training rows.

    ======== =========================================================================================
    input    from a feature x
    ======== =========================================================================================
    scaled   u / √(1 + (u/3)²), which stays between -3 and 3. With "quartiles" u = (x - median) / (q₇₅ - q₂₅);
             where the quartiles agree, (max - min) / 2 divides. With "deviations" u = (x - mean) / deviation.
             A constant feature becomes 0. With "ranks" the normal score of the rank of x among the training
             rows, linear between quantiles; a feature of two values is scaled by its deviation.
    pieces   for each of some intervals between quantiles of x: how much of it lies below x, from 0 to 1, less
             ½. Beyond the training rows the outer two go on by one more width. Features with two values, or
             without three different quantiles, have none.
    ======== =========================================================================================

    ``center`` has the medians or means, ``factor`` what differences from them are multiplied with, ``edges``
    where the pieces of each feature begin and end, ``marks`` the quantiles of each feature that has ranks,
    and ``scores`` their normal scores.
    """

    kind: ClassVar[str] = "encoding"
    center: tuple[float, ...]
    factor: tuple[float, ...]
    edges: tuple[tuple[float, ...], ...]
    marks: tuple[tuple[float, ...], ...] = ()
    scores: tuple[tuple[float, ...], ...] = ()

    @classmethod
    def fit(cls, features: AnyArray, pieces: int, scaling: str = "quartiles") -> Self:
        """Learn from the training rows (m, n), finite numbers; a feature has ``pieces`` at most, or none."""
        quantiles = Quantiles(features.shape[1])
        quantiles.update(features)
        encoding = cls.of(quantiles, pieces)
        if scaling == "quartiles":
            return encoding
        with np.errstate(over="ignore", invalid="ignore"):
            center, deviation = features.mean(axis=0), features.std(axis=0)
        usable = np.isfinite(deviation) & (deviation > ROUNDING * np.abs(center))
        factor = np.divide(1, deviation, out=np.array(encoding.factor), where=usable)
        factor[np.isfinite(center) & (deviation <= ROUNDING * np.abs(center))] = 0
        center = np.where(np.isfinite(center), center, encoding.center)
        encoding = replace(encoding, center=tuple(center.tolist()), factor=tuple(factor.tolist()))
        if scaling == "deviations":
            return encoding
        ranks = np.linspace(0, 1, min(MOST_MARKS, max(2, len(features))))
        first, third, *values = quantiles.at(np.concatenate([[0.25, 0.75], ranks]))
        distinct = _different(np.array(values), first, third, quantiles.more_than_two)
        marks = tuple(marks for marks, _ in distinct)
        scores = tuple(_normal_scores(place, ranks) for _, place in distinct)
        return replace(encoding, marks=marks, scores=scores)

    @classmethod
    def of(cls, quantiles: Quantiles, pieces: int) -> Self:
        """The encoding of features with these quantiles."""
        ranks = np.linspace(0, 1, pieces + 1) if pieces > 1 else np.empty(0)
        values = quantiles.at(np.concatenate([QUARTERS, ranks]))  # in one pass over the rows
        low, first, center, third, high = values[: len(QUARTERS)]
        between = third - first
        least = np.finfo(between.dtype).tiny  # of smaller numbers the inverse is infinite
        width = np.where(between >= least, between, (high - low) / 2)
        factor = np.divide(1, width, out=np.zeros_like(width), where=width >= least)
        edges: tuple[tuple[float, ...], ...] = ((),) * len(center)
        if len(ranks):
            distinct = _different(values[len(QUARTERS) :], first, third, quantiles.more_than_two)
            edges = tuple(marks if len(marks) > 2 else () for marks, _ in distinct)
        return cls(tuple(center.tolist()), tuple(factor.tolist()), edges)

    @property
    def fault(self) -> str:
        """The condition that a stored encoding does not meet; empty for a valid one."""
        if not len(self.center) == len(self.factor) == len(self.edges):
            return "center, factor and edges of each feature"
        if not all(map(isfinite, (*self.center, *self.factor))) or min(self.factor, default=0) < 0:
            return "finite centers, and factors of at least 0"
        if any(len(edges) in (1, 2) or not _increase(edges) for edges in self.edges):
            return "edges that increase, three or more or none"
        lengths = [[*map(len, curves)] for curves in (self.marks, self.scores)]
        if lengths[0] != lengths[1] or len(self.marks) not in (0, len(self.center)):
            return "marks and scores of each feature"
        if not all(map(isfinite, chain(*self.scores))):
            return "finite scores"
        return "" if all(map(_increase, self.marks)) else "marks that increase"

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
        n = len(self.center)
        rules = self.rules
        dtype = np.dtype(dtype).type
        inputs = np.empty((len(features), self.n_inputs), dtype)
        for start in range(0, len(features), ROWS_AT_ONCE):  # few enough to stay in the cache
            rows, into = features[start : start + ROWS_AT_ONCE], inputs[start : start + ROWS_AT_ONCE]
            with np.errstate(over="ignore"):
                u = (rows - rules.center) * rules.factor
            u = np.clip(u, -FAR, FAR)  # an infinite u would give inf / inf
            into[:, :n] = LIMIT * u / np.hypot(LIMIT, u)
            for index, marks in enumerate(self.marks):
                if marks:
                    into[:, index] = np.interp(rows[:, index], marks, self.scores[index])
            if len(rules.cut):
                into[:, n:] = _pieces(rows[:, rules.cut], rules, dtype)
        return inputs

    def part(self, block: slice) -> Self:
        """The encoding of some of the features alone: the inputs whose `origins` they are, in their order."""
        return type(self)(*(getattr(self, field.name)[block] for field in fields(self)))

    @cached_property
    def rules(self) -> "_Rules":
        """The statistics as arrays, of all pieces side by side."""
        cut = [np.array(edges) for edges in self.edges if edges]
        begins, ends = (np.concatenate([np.empty(0), *(edges[part] for edges in cut)]) for part in PARTS)
        counts = np.array([len(edges) - 1 for edges in cut], np.intp)
        starts = np.cumsum(counts) - counts
        low, high = np.zeros(len(begins)), np.ones(len(begins))
        low[starts] = -REACH
        high[starts + counts - 1] = 1 + REACH
        widths = ends - begins
        ends[starts + counts - 1] = np.nan  # which nothing reaches
        features = np.array([feature for feature, edges in enumerate(self.edges) if edges], np.intp)
        center, factor = np.array(self.center), np.array(self.factor)
        return _Rules(center, factor, features, counts, starts, begins, widths, ends, low, high)

    def __getstate__(self) -> dict[str, Any]:
        return {field.name: getattr(self, field.name) for field in fields(self)}


def _pieces(rows: Array, rules: _Rules, dtype: Any) -> Array:
    """The pieces of features that are cut (m, n), side by side.

    All but one of a feature are full or empty, so that one alone is computed: the first that is not full.
    """
    full = np.repeat(rows, rules.counts, axis=1) >= rules.ends
    inputs = np.where(full, dtype(0.5), dtype(-0.5))
    partial = rules.starts + np.add.reduceat(full.view(np.int8), rules.starts, axis=1, dtype=np.int16)
    with np.errstate(over="ignore"):
        share = (rows - rules.begins[partial]) / rules.widths[partial]
    share = np.clip(share, rules.low[partial], rules.high[partial]) - 0.5
    np.put_along_axis(inputs, partial, share.astype(dtype), axis=1)
    return inputs


def _increase(numbers: tuple[float, ...]) -> bool:
    """Whether numbers are finite, and each is larger than the one before."""
    return all(map(isfinite, numbers)) and all(before < after for before, after in pairwise(numbers))


def _normal_scores(place: NDArray[np.intp], ranks: Array) -> tuple[float, ...]:
    """The normal scores of the mean ranks of equal values."""
    if place[-1] < 0:
        return ()
    special = package("scipy.special")
    edge = special.ndtr(-MOST_SCORE)
    mean_ranks = np.bincount(place, ranks) / np.bincount(place)
    return tuple(special.ndtri(np.clip(mean_ranks, edge, 1 - edge)).tolist())


def _different(
    values: Array, first: Array, third: Array, more_than_two: NDArray[np.bool_]
) -> list[tuple[tuple[float, ...], NDArray[np.intp]]]:
    """Quantiles of each feature that differ beyond rounding, and each rank's place; none of two values.

    ``values`` (k, n) are the quantiles, ``first`` and ``third`` the quartiles of each feature.
    """
    between = third / 2 - first / 2  # halves: a difference may be infinite
    new = np.diff(values / 2, axis=0, prepend=-np.inf) > ROUNDING * between
    new &= more_than_two
    return [
        (tuple(column[there].tolist()), np.cumsum(there) - 1)
        for column, there in zip(values.T, new.T, strict=True)
    ]
