"""How good the answers for several targets are, each beside the answer that needs no network."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from deepstep.cli.screen import percent
from deepstep.types import AnyArray

if TYPE_CHECKING:
    from deepstep.cli.scores import ClassScores, NumberScores, Row


def shown_r2(r2: float) -> str:
    """Four digits behind the point; far below 0, where a training has diverged, four in all.

    >>> shown_r2(0.98765), shown_r2(-1.5e271)
    ('0.9877', '-1.5e+271')
    """
    return f"{r2:.4f}" if r2 > -1e4 else f"{r2:.4g}"


@dataclass(frozen=True)
class LabelScores:
    """Several columns of two classes: the scores of `ClassScores` by column.

    ``all_right`` is the share of the rows of which every answer is right.
    """

    rows: int
    all_right: float
    accuracy: Mapping[str, float]
    majority_accuracy: Mapping[str, float]
    balanced_accuracy: Mapping[str, float]
    uneven: bool

    @classmethod
    def of(cls, each: "Mapping[str, ClassScores]", right: AnyArray) -> "LabelScores":
        """From the scores of each column, and which answers (m, n_targets) are right."""
        return cls(
            len(right),
            float(right.all(axis=1).mean()),
            {name: scores.accuracy for name, scores in each.items()},
            {name: scores.majority_accuracy for name, scores in each.items()},
            {name: scores.balanced_accuracy for name, scores in each.items()},
            any(scores.uneven for scores in each.values()),
        )

    def lines(self, *, by_class: bool = False) -> "list[Row]":
        """Name and value of each figure, for a table; the balanced accuracy where asked for."""
        lines = [("every answer right", percent(self.all_right))]
        for name, accuracy in self.accuracy.items():
            lines += [
                (f"accuracy of {name}", percent(accuracy)),
                ("always its larger class", percent(self.majority_accuracy[name])),
                *([("balanced accuracy", percent(self.balanced_accuracy[name]))] if by_class else []),
            ]
        return [*lines, ("rows", f"{self.rows:,}")]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types."""
        values = asdict(self)
        del values["uneven"]
        return values


@dataclass(frozen=True)
class SeveralNumberScores:
    """Several columns of numbers: the scores of `NumberScores` by column.

    Deviances are empty where no counts are learned. ``mean_r2`` is the mean of the columns' R².
    """

    rows: int
    mean_r2: float
    rmse: Mapping[str, float]
    mean_rmse: Mapping[str, float]
    r2: Mapping[str, float]
    deviance: Mapping[str, float]
    mean_deviance: Mapping[str, float]
    uneven: ClassVar[bool] = False

    @classmethod
    def of(cls, each: "Mapping[str, NumberScores]") -> "SeveralNumberScores":
        """From the scores of each column."""
        found = {
            figure: {name: getattr(scores, figure) for name, scores in each.items()}
            for figure in ("rmse", "mean_rmse", "r2", "deviance", "mean_deviance")
        }
        for figure in ("deviance", "mean_deviance"):
            found[figure] = {name: value for name, value in found[figure].items() if value is not None}
        rows = next(iter(each.values())).rows
        return cls(rows, float(np.mean(list(found["r2"].values()))), **found)

    def lines(self, *, by_class: bool = False) -> "list[Row]":
        """Name and value of each figure, for a table."""
        lines = []
        for name, rmse in self.rmse.items():
            lines += [
                (f"RMSE of {name}", f"{rmse:.6g}"),
                ("RMSE of always its mean", f"{self.mean_rmse[name]:.6g}"),
                (f"R² of {name}", shown_r2(self.r2[name])),
            ]
            if name in self.deviance:
                lines += [
                    (f"Poisson deviance of {name}", f"{self.deviance[name]:.6g}"),
                    ("of always its mean", f"{self.mean_deviance[name]:.6g}"),
                ]
        return [*lines, ("R² on average", shown_r2(self.mean_r2)), ("rows", f"{self.rows:,}")]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types; nothing about what there is not."""
        return {name: value for name, value in asdict(self).items() if value != {}}
