"""By rows that were not learned from: the temperature, scores of conformal prediction, a threshold.

Guo, Pleiss, Sun & Weinberger, On calibration of modern neural networks, ICML 2017 (arXiv 1706.04599).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil, exp, inf
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from deepstep.errors import ConfigurationError
from deepstep.types import AnyArray, Array, is_number

if TYPE_CHECKING:
    from deepstep.ensembles.calibrate import WidthModel

DOUBT = 0.2
"""Mean of |log T| before any row is seen (T is log-Laplace then): few rows do not move T from 1."""

LEAST, MOST = 0.05, 20.0
"""Bounds of the search for T."""

SOFTER = 1.5
"""The temperature that the mean of several folds' answers is taken to have already."""

TINY = 1e-12
"""In place of a probability of 0, which has no logarithm."""

POOLED = 5
"""Weight, in rows, of all classes in the threshold of one class."""

CRITERIA = ("f1", "balanced_accuracy")
"""Names of what a threshold may maximize."""


@dataclass(frozen=True, eq=False)
class Calibration:
    """Temperature and scores from rows that were not learned from.

    ``scores`` (n,) or (n, n_outputs) tell how wrong the answers to these rows were; None without such rows.
    With ``by_fold`` each array is of the rows that a fold held out, by the members of that fold; else one
    array is by the whole model. ``classes`` are the positions of the right classes, one array for each of the
    scores. ``widths`` are those of intervals, one for each target: None is a constant width.
    """

    temperature: float = 1.0
    scores: tuple[Array, ...] | None = None
    by_fold: bool = False
    classes: tuple[AnyArray, ...] | None = None
    widths: "tuple[WidthModel | None, ...] | None" = None

    @property
    def fault(self) -> str:
        """The condition that a stored calibration does not meet; empty for a valid one."""
        if not 0 < self.temperature < inf:
            return "a finite temperature above 0"
        lengths = [None if rows is None else [*map(len, rows)] for rows in (self.scores, self.classes)]
        return "" if lengths[1] in (None, lengths[0]) else "classes of the rows of the scores"

    def tempered(self, P: Array, *, several: bool) -> Array:
        """Probabilities (m, n_classes) at the temperature; of ``several`` columns each of its second class.

        Those of one column sum to 1: a softmax of a thousand classes in float32 is off by 4e-6.
        """
        if not several:
            P = (P / P.sum(axis=1, keepdims=True, dtype=np.float64)).astype(P.dtype)
        return with_temperature(P, self.temperature, each=several)

    def before(self, probability: float) -> float:
        """The probability of the second of two classes that is this one at the temperature."""
        P = np.array([[1 - probability, probability]])
        before = float(with_temperature(P, 1 / self.temperature)[0, 1])
        return min(max(before, TINY), 1 - TINY)

    def parts(self, part: AnyArray, n: int) -> "Calibration":
        """The calibration of rows of n folds, ``part`` (m,) of which are the numbers."""

        def split(rows: tuple[AnyArray, ...] | None) -> tuple[AnyArray, ...] | None:
            return rows and tuple(rows[0][part == number] for number in range(n))

        return replace(self, scores=split(self.scores), classes=split(self.classes), by_fold=True)

    def whole(self) -> "Calibration":
        """The calibration of one model by the rows of all folds together."""
        if not self.by_fold:
            return self
        scores, classes = (parts and (np.concatenate(parts),) for parts in (self.scores, self.classes))
        return replace(self, scores=scores, classes=classes, by_fold=False)


def answered(answers: Array, weight: Array | None) -> NDArray[np.bool_]:
    """Whether each row (m, n) has an answer and a weight."""
    there = np.isfinite(answers).all(axis=1)
    return np.asarray(there if weight is None else there & (weight > 0))


def with_temperature(P: Array, temperature: float | Array, *, each: bool = False) -> Array:
    """Probabilities (…, n) at temperatures, p^(1/T) / Σ p^(1/T); with ``each`` columns are yes or no."""
    if np.ndim(temperature) == 0 and temperature == 1:
        return P
    if each:
        pairs = np.stack([1 - P, P], axis=-1)
        return with_temperature(pairs, np.expand_dims(temperature, -1))[..., 1]
    from scipy.special import softmax

    logits = np.log(np.maximum(P, TINY, dtype=np.float64))
    return softmax(logits / temperature, axis=-1).astype(P.dtype, copy=False)


def fit_temperature(P: Array, Y: Array, weight: Array | None = None, *, each: bool = False) -> float:
    """The temperature at which the log-loss of rows is smallest, held near 1 where they are few.

    The minimum is that of Σ loss + |log T| / 0.2, with weights that sum to the number of equally weighed rows
    that would say as much, (Σ w)² / Σ w². On these rows the log-loss is at most that of T = 1.
    """
    from scipy.optimize import minimize_scalar

    weights = np.ones(len(P)) if weight is None else np.asarray(weight, np.float64)
    # they sum to the number of equally weighed rows that would say as much
    weights = weights * weights.sum() / (weights**2).sum()
    if each:
        weights = np.repeat(weights, P.shape[1])
        P, Y = _pairs(P), _pairs(Y)

    def doubted_loss(log_T: float) -> float:
        logs = np.log(np.maximum(with_temperature(P, exp(log_T)), TINY))  # Y may be probabilities, too
        return float(-weights @ np.sum(logs * Y, axis=1) + abs(log_T) / DOUBT)

    best = minimize_scalar(doubted_loss, bounds=(np.log(LEAST), np.log(MOST)), method="bounded")
    return exp(best.x) if best.fun < doubted_loss(0.0) else 1.0


def ensemble_temperature(temperature: float) -> float:
    """The temperature of the mean of several models' answers, from the one that each of them alone asks for.

    Where models disagree, their mean is less sure than each of them (Ranjan & Gneiting, Journal of the Royal
    Statistical Society B 72, 2010), so it needs less of a temperature above 1. How much less is not known
    without rows that none of them has learned from: it is divided by 1.5, but not below 1. One below 1 stays:
    the mean would bear a lower one.

    >>> ensemble_temperature(3.0), ensemble_temperature(1.2), ensemble_temperature(0.8)
    (2.0, 1.0, 0.8)
    """
    return temperature if temperature <= 1 else max(1.0, temperature / SOFTER)


def _pairs(P: Array) -> Array:
    """Columns of their own as rows of two classes, no and yes."""
    return np.column_stack([1 - P.ravel(), P.ravel()])


def conformal_rank(n: int, alpha: float) -> int:
    """The place, from the smallest of n scores, that a further one exceeds with at most the probability α.

    ⌈(n + 1)(1 - α)⌉, which is n + 1 for too few rows: Vovk, Gammerman & Shafer, Algorithmic Learning, 2005.
    """
    return max(1, ceil((n + 1) * (1 - alpha) - 1e-9 * n))  # 10·(1 - 0.1) is 9, and a bit more in floats


def prediction_sets(
    scores: Sequence[Array],
    strangeness: Sequence[Array],
    alpha: float,
    classes: Sequence[AnyArray] | None = None,
) -> NDArray[np.bool_]:
    """Which labels are no stranger than the right ones of all but a share alpha of other rows were.

    Each model has scores (n_k,) of rows that it did not learn from, and a strangeness (m, n_classes) of each
    label. With ``classes``, the right ones of these rows, a label is compared with the rows of its own class
    (Vovk, Conditional validity of inductive conformal predictors, Machine Learning 92, 2013), and with all as
    if `POOLED` rows had it: its p-value is (s + 1 + 5 p) / (n + 1 + 5), where s of the n rows of the class
    are as strange, and p is the p-value by all rows, which alone decides for n = 0. The right label is missed
    with a probability of at most α·(1 + 5/(n + 1)) for n > 0.
    """
    n = sum(map(len, scores))
    as_strange = sum(map(_as_strange, scores, strangeness))
    if classes is None:
        return np.asarray(as_strange >= n + 1 - conformal_rank(n, alpha))
    rows_per_class = np.bincount(np.concatenate(classes), minlength=strangeness[0].shape[1])
    in_class = np.zeros(strangeness[0].shape, np.intp)
    for known, right, new in zip(scores, classes, strangeness, strict=True):
        for label in np.unique(right):
            in_class[:, label] += _as_strange(known[right == label], new[:, label])
    p = (as_strange + 1) / (n + 1)
    p_in_class = (in_class + 1 + POOLED * p) / (rows_per_class + 1 + POOLED)
    # a p-value that equals alpha up to rounding is not above it
    return np.asarray(np.where(rows_per_class > 0, p_in_class, p) > alpha + 1e-9)


def _as_strange(known: Array, new: Array) -> NDArray[np.intp]:
    """How many of the known scores are at least as large as each new one."""
    return np.asarray(len(known) - np.searchsorted(np.sort(known), new))


def interval_half_width(scores: Array, alpha: float) -> Array:
    """The distance of a number from its answer that a share alpha of other rows exceeded, for each column."""
    last = conformal_rank(len(scores), alpha)
    if last > len(scores):
        return np.full(scores.shape[1:], np.inf)
    return np.asarray(np.partition(scores, last - 1, axis=0)[last - 1])


def check_threshold(value: Any) -> None:
    """Refuse what is no threshold, and no way to choose one."""
    if isinstance(value, str):
        valid = value in CRITERIA
    elif is_number(value):
        valid = 0 < value < 1
    else:
        costs = value if isinstance(value, tuple | list) else ()
        valid = len(costs) == 2 and all(is_number(cost) and cost > 0 for cost in costs)
    if not valid:
        names = ", ".join(map(repr, CRITERIA))
        requirement = f"a number above 0 and below 1, {names}, or two costs above 0"
        hint = "The costs are those of a false alarm (the second class for the first) and of a miss."
        raise ConfigurationError.must_be("decision_threshold", requirement, repr(value), hint)


def best_threshold(P: Array, second: AnyArray, weight: Array | None, by: Any) -> float:
    """The threshold with the best F1 of the second class, balanced accuracy, or the lowest cost.

    All thresholds between two neighbouring probabilities are tried; of equal ones that nearest to 0.5 is
    taken.

    Parameters
    ----------
    P : array of shape (m,)
        Probabilities of the second class.
    second : array of shape (m,), bool
        Whether each row is of the second class. Both classes have rows.
    weight : array of shape (m,) or None
        Sample weights.
    by : str or pair of float
        A name in `CRITERIA`, or the costs of a false alarm and of a miss.

    Returns
    -------
    float
        Between 0 and 1.

    Examples
    --------
    >>> P, second = np.array([0.1, 0.2, 0.3, 0.9]), np.array([False, True, False, True])
    >>> round(best_threshold(P, second, None, "f1"), 2), best_threshold(P, second, None, (10.0, 1.0))
    (0.15, 0.6)
    """
    weight = np.ones(len(P)) if weight is None else weight
    order = np.argsort(-P, kind="stable")
    P, true, false = P[order], (weight * second)[order], (weight * ~second)[order]
    last = np.flatnonzero(np.diff(P, append=-1.0))  # rows above a threshold end where the probability changes
    hits = np.concatenate([[0.0], np.cumsum(true)[last]])
    alarms = np.concatenate([[0.0], np.cumsum(false)[last]])
    ends = np.concatenate([[1.0], P[last], [0.0]])
    thresholds = (ends[:-1] + ends[1:]) / 2
    if by == "f1":
        values = 2 * hits / (hits + alarms + true.sum())
    elif by == "balanced_accuracy":
        values = hits / true.sum() - alarms / false.sum()
    else:
        alarm, miss = by
        values = -alarm * alarms - miss * (true.sum() - hits)
    valid = (thresholds > 0) & (thresholds < 1)
    best = np.flatnonzero(valid & (values >= values[valid].max() - 1e-12 * np.abs(values).max()))
    return float(thresholds[best[np.argmin(np.abs(thresholds[best] - 0.5))]])
