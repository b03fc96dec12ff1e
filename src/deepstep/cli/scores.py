"""How good answers are, beside the answer that needs no network."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from math import isfinite
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from deepstep.cli.scores_of_several import LabelScores, SeveralNumberScores, shown_r2
from deepstep.cli.screen import percent
from deepstep.preparation import ClassificationTarget, RegressionTarget, Target
from deepstep.types import AnyArray, Array

Row = tuple[str, str]

UNEVEN = 1.5
"""Where the largest class is so many times the smallest one, accuracy is not the whole story."""

MOST_RECALLS = 12
"""So many classes have figures of their own; more of them no screen holds."""


@dataclass(frozen=True)
class ClassScores:
    """Classes: the share of right answers.

    ``majority_accuracy`` is that of the best answer without a network: always the largest class of these
    rows. ``recall`` is NaN for a class without rows, and empty for more than `MOST_RECALLS` classes;
    ``balanced_accuracy`` is its mean. ``uneven`` sizes of the classes make accuracy alone say little. For
    ordered classes, answers are off by ``distance`` classes on average, and the share ``within_one`` by at
    most one.
    """

    rows: int
    accuracy: float
    majority_accuracy: float
    balanced_accuracy: float
    recall: Mapping[str, float] = field(default_factory=dict)
    uneven: bool = False
    distance: float | None = None
    within_one: float | None = None

    def lines(self, *, by_class: bool = False) -> list[Row]:
        """Name and value of each figure, for a table; those of each class where asked for."""
        recalls = [
            (f"recall of {name}", percent(share) if isfinite(share) else "–")
            for name, share in self.recall.items()
        ]
        return [
            ("accuracy", percent(self.accuracy)),
            ("always the largest class", percent(self.majority_accuracy)),
            *([("balanced accuracy", percent(self.balanced_accuracy)), *recalls] if by_class else []),
            *([] if self.distance is None else [("classes off on average", f"{self.distance:.3f}")]),
            *([] if self.within_one is None else [("at most one class off", percent(self.within_one))]),
            ("rows", f"{self.rows:,}"),
        ]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types; nothing about what there is not."""
        values = {name: value for name, value in asdict(self).items() if value not in (None, {})}
        del values["uneven"]
        return values


@dataclass(frozen=True)
class NumberScores:
    """Numbers: the typical error, in the target's units.

    ``mean_rmse`` and ``mean_deviance`` are those of the best answer without a network: always the mean of
    these rows. ``r2`` is NaN where the rows do not vary. ``coverage`` is the share of the rows between the
    outer quantiles, ``levels``, where several are predicted; the other figures are then of the one next to
    the median. ``deviance`` is the mean Poisson deviance of counts.
    """

    rows: int
    rmse: float
    mean_rmse: float
    r2: float
    coverage: float | None = None
    levels: tuple[float, ...] = ()
    deviance: float | None = None
    mean_deviance: float | None = None
    uneven: ClassVar[bool] = False

    def lines(self, *, by_class: bool = False) -> list[Row]:
        """Name and value of each figure, for a table."""
        return [
            ("RMSE", f"{self.rmse:.6g}"),
            ("RMSE of always the mean", f"{self.mean_rmse:.6g}"),
            ("R²", shown_r2(self.r2)),
            *self._coverage(),
            *([] if self.deviance is None else [("Poisson deviance", f"{self.deviance:.6g}")]),
            *([] if self.mean_deviance is None else [("of always the mean", f"{self.mean_deviance:.6g}")]),
            ("rows", f"{self.rows:,}"),
        ]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types; nothing about what there is not."""
        return {name: value for name, value in asdict(self).items() if value not in (None, ())}

    def _coverage(self) -> list[Row]:
        if self.coverage is None:
            return []
        low, high = (f"{100 * level:g}" for level in self.levels)
        return [(f"within the {low} % and {high} % quantiles", percent(self.coverage))]


Scores = ClassScores | NumberScores | LabelScores | SeveralNumberScores


def score(target: Target, answers: AnyArray, outputs: Array) -> Scores:
    """Compare outputs (m, n_outputs) with the right classes' positions or numbers, (m,) or (m, n_targets)."""
    if target.is_classification:
        given, columns = target.decide(outputs), zip(target.names, target.each, strict=True)
        if not target.several:
            return _of_classes(target, answers, given)
        labels = {
            name: _of_classes(one, answers[:, at], given[:, at]) for at, (name, one) in enumerate(columns)
        }
        return LabelScores.of(labels, given == answers)
    if target.several:
        numbers = {
            name: _of_numbers(one, answers[:, at], outputs[:, at : at + 1])
            for at, (name, one) in enumerate(zip(target.names, target.each, strict=True))
        }
        return SeveralNumberScores.of(numbers)
    return _of_numbers(target, answers, outputs)


def _of_classes(target: ClassificationTarget, answers: AnyArray, given: NDArray[np.intp]) -> ClassScores:
    from sklearn.metrics import recall_score

    sizes = np.bincount(answers)
    names = list(map(str, target.classes[0]))
    labels = range(len(names))
    recalls = recall_score(answers, given, labels=labels, average=None, zero_division=np.nan)
    few, off = len(names) <= MOST_RECALLS, np.abs(given - answers)
    return ClassScores(
        len(answers),
        float((given == answers).mean()),
        float(sizes.max() / len(answers)),
        float(np.nanmean(recalls)),
        dict(zip(names, recalls.tolist(), strict=True)) if few else {},
        bool(sizes.max() > UNEVEN * sizes[sizes > 0].min()),
        float(off.mean()) if target.ordered else None,
        float((off <= 1).mean()) if target.ordered else None,
    )


def _of_numbers(target: RegressionTarget, answers: AnyArray, outputs: Array) -> NumberScores:
    predicted = target.decode(outputs)
    rmse = float(np.sqrt(np.square(predicted - answers).mean()))
    mean_rmse = float(answers.std())
    r2 = 1 - (rmse / mean_rmse) ** 2 if mean_rmse else float("nan")
    scores = NumberScores(len(answers), rmse, mean_rmse, r2)
    if target.output == "poisson":
        mean = np.full_like(predicted, answers.mean())
        deviance, of_mean = (_poisson_deviance(answers, values) for values in (predicted, mean))
        return replace(scores, deviance=deviance, mean_deviance=of_mean)
    if len(target.levels) < 2:
        return scores
    quantiles = target.quantiles(outputs)
    inside = (quantiles[:, 0] <= answers) & (answers <= quantiles[:, -1])
    levels = (target.levels[0], target.levels[-1])
    return replace(scores, coverage=float(inside.mean()), levels=levels)


def _poisson_deviance(answers: AnyArray, predicted: Array) -> float:
    from sklearn.metrics import mean_poisson_deviance

    # a mean that is rounded to 0 is that of an event which is almost never seen
    return float(mean_poisson_deviance(answers, np.maximum(predicted, np.finfo(float).tiny)))


def confusion(answers: AnyArray, given: AnyArray, n_classes: int) -> NDArray[np.int64]:
    """How many rows of each class (row) got each answer (column)."""
    counts = np.zeros((n_classes, n_classes), dtype=np.int64)
    np.add.at(counts, (answers, given), 1)
    return counts
