"""How good answers are, beside the answer that needs no network."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepstep.cli.screen import percent
from deepstep.preparation import ClassTarget, NumberTarget
from deepstep.types import AnyArray, Array

Row = tuple[str, str]


@dataclass(frozen=True)
class ClassScores:
    """Classes: the share of right answers.

    Attributes
    ----------
    rows : int
    accuracy : float
    majority_accuracy : float
        Of the best answer that needs no network: always the largest class of these rows.
    """

    rows: int
    accuracy: float
    majority_accuracy: float

    def lines(self) -> list[Row]:
        """Name and value of each figure, for a table."""
        return [
            ("accuracy", percent(self.accuracy)),
            ("always the largest class", percent(self.majority_accuracy)),
            ("rows", f"{self.rows:,}"),
        ]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types."""
        return asdict(self)


@dataclass(frozen=True)
class NumberScores:
    """Numbers: the typical error, in the target's units.

    Attributes
    ----------
    rows : int
    rmse : float
        Root of the mean squared error.
    mean_rmse : float
        Of the best answer that needs no network: always the mean of these rows.
    r2 : float
        1 - (rmse / mean_rmse)²; NaN where the rows do not vary.
    coverage : float or None
        Share of the rows between the outer quantiles, where several are predicted; the other figures are of
        the one next to the median.
    levels : tuple of float
        The outer quantiles.
    """

    rows: int
    rmse: float
    mean_rmse: float
    r2: float
    coverage: float | None = None
    levels: tuple[float, ...] = ()

    def lines(self) -> list[Row]:
        """Name and value of each figure, for a table."""
        return [
            ("RMSE", f"{self.rmse:.6g}"),
            ("RMSE of always the mean", f"{self.mean_rmse:.6g}"),
            ("R²", f"{self.r2:.4f}"),
            *self._coverage(),
            ("rows", f"{self.rows:,}"),
        ]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types; without quantiles nothing about them."""
        return {name: value for name, value in asdict(self).items() if value not in (None, ())}

    def _coverage(self) -> list[Row]:
        if self.coverage is None:
            return []
        low, high = (f"{100 * level:g}" for level in self.levels)
        return [(f"within the {low} % and {high} % quantiles", percent(self.coverage))]


Scores = ClassScores | NumberScores


def score(target: ClassTarget | NumberTarget, answers: AnyArray, outputs: Array) -> Scores:
    """Compare a network's outputs with the right answers.

    Parameters
    ----------
    target : ClassTarget or NumberTarget
    answers : ndarray (m,)
        Positions of the right classes, or the right numbers.
    outputs : ndarray (m, n_outputs)
    """
    m = len(answers)
    if isinstance(target, ClassTarget):
        right = answered(target, outputs) == answers
        return ClassScores(m, float(right.mean()), float(np.bincount(answers).max() / m))
    rmse = float(np.sqrt(np.square(target.decode(outputs) - answers).mean()))
    mean_rmse = float(answers.std())
    r2 = 1 - (rmse / mean_rmse) ** 2 if mean_rmse else float("nan")
    if len(target.levels) < 2:
        return NumberScores(m, rmse, mean_rmse, r2)
    quantiles = target.quantiles(outputs)
    inside = (quantiles[:, 0] <= answers) & (answers <= quantiles[:, -1])
    return NumberScores(m, rmse, mean_rmse, r2, float(inside.mean()), (target.levels[0], target.levels[-1]))


def answered(target: ClassTarget, outputs: Array) -> NDArray[np.intp]:
    """The position of the most probable class of each row: (m,)."""
    return target.probabilities(outputs).argmax(axis=1)


def confusion(answers: AnyArray, given: AnyArray, n_classes: int) -> NDArray[np.int64]:
    """How many rows of each class (row) got each answer (column).

    Examples
    --------
    >>> confusion(np.array([0, 0, 1]), np.array([0, 1, 1]), 2).tolist()
    [[1, 1], [0, 1]]
    """
    counts = np.zeros((n_classes, n_classes), dtype=np.int64)
    np.add.at(counts, (answers, given), 1)
    return counts
