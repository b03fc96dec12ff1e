"""Scores of predictions by `sklearn.metrics`, beside those of a baseline that needs no network."""

from collections.abc import Callable, Mapping, Sequence
from math import isfinite
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from deepstep.cli.screen import percent
from deepstep.preparation import ClassificationTarget, RegressionTarget, Target
from deepstep.types import AnyArray, Array

Row = tuple[str, str]

UNEVEN = 1.5
"""Sizes of the largest and the smallest class, from which on recall is shown by class."""
MOST_RECALLS = 12
"""Most classes that have a recall of their own."""


def shown_r2(r2: float) -> str:
    """Four digits behind the point; far below 0, where a training has diverged, four in all.

    >>> shown_r2(0.98765), shown_r2(-1.5e271)
    ('0.9877', '-1.5e+271')
    """
    return f"{r2:.4f}" if r2 > -1e4 else f"{r2:.4g}"


def _share(share: float) -> str:
    return percent(share) if isfinite(share) else "–"


SHOWN: Mapping[str, tuple[str, Callable[[Any], str]]] = {
    "all_right": ("all targets correct", percent),
    "accuracy": ("accuracy", percent),
    "majority_accuracy": ("baseline accuracy (majority class)", percent),
    "balanced_accuracy": ("balanced accuracy", percent),
    "recall": ("recall", _share),
    "distance": ("mean distance in classes", "{:.3f}".format),
    "within_one": ("within one class", percent),
    "rmse": ("RMSE", "{:.6g}".format),
    "mean_rmse": ("baseline RMSE (mean)", "{:.6g}".format),
    "r2": ("R²", shown_r2),
    "coverage": ("within the outer quantiles", percent),
    "deviance": ("Poisson deviance", "{:.6g}".format),
    "mean_deviance": ("baseline deviance (mean)", "{:.6g}".format),
    "mean_r2": ("mean R²", shown_r2),
    "rows": ("rows", "{:,}".format),
}
"""Scores in the order in which they are shown, with their names for people and formats."""

BY_CLASS = ("balanced_accuracy", "recall")
"""Scores that are shown where they are asked for, or classes have uneven sizes."""


class Scores(NamedTuple):
    """Scores by name, as JSON has them; of several targets each is a mapping by column.

    Baselines answer the majority class, or the mean, of these rows. ``recall`` is NaN for a class without
    rows. ``coverage`` is the share of the rows between the outer quantiles, ``levels``, of several.
    ``distance`` and ``within_one`` are those of ordered classes.
    """

    values: Mapping[str, Any]
    uneven: bool = False

    def lines(self, *, by_class: bool = False) -> list[Row]:
        """Name and value of each score, for a table; of several targets column by column."""
        rows: list[Row] = []
        several = self.values.get("rmse", self.values.get("accuracy"))
        shown = [name for name in SHOWN if name in self.values and (by_class or name not in BY_CLASS)]
        if isinstance(several, Mapping):
            of_columns = [name for name in shown if isinstance(self.values[name], Mapping)]
            for column in several:
                of_column = [name for name in of_columns if column in self.values[name]]
                rows += [self._row(name, self.values[name][column], f" of {column}") for name in of_column]
            shown = [name for name in shown if name not in of_columns]
        for name in shown:
            value = self.values[name]
            if isinstance(value, Mapping):
                rows += [self._row(name, one, f" of {key}") for key, one in value.items()]
            else:
                rows.append(self._row(name, value))
        return rows

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types."""
        return dict(self.values)

    @staticmethod
    def _row(name: str, value: Any, of: str = "") -> Row:
        text, shown = SHOWN[name]
        return f"{text}{of}", shown(value)


def score(target: Target, answers: AnyArray, outputs: Array) -> Scores:
    """Compare outputs (m, n_outputs) with the right classes' positions or numbers, (m,) or (m, n_targets)."""
    if target.is_classification:
        given = target.decide(outputs)
        if not target.several:
            return _of_classes(target, answers, given)
        labels = [_of_classes(one, answers[:, at], given[:, at]) for at, one in enumerate(target.each)]
        names: Sequence[str] = ("accuracy", "majority_accuracy", "balanced_accuracy")
        right = {"rows": len(answers), "all_right": float((given == answers).all(axis=1).mean())}
        return Scores({**right, **_by_column(target.names, labels, names)}, any(one.uneven for one in labels))
    if not target.several:
        return _of_numbers(target, answers, outputs)
    each = enumerate(target.each)
    numbers = [_of_numbers(one, answers[:, at], outputs[:, at : at + 1]) for at, one in each]
    names = ("rmse", "mean_rmse", "r2", "deviance", "mean_deviance")
    found = _by_column(target.names, numbers, names)
    return Scores({"rows": len(answers), "mean_r2": float(np.mean(list(found["r2"].values()))), **found})


def _by_column(columns: Sequence[str], each: Sequence[Scores], names: Sequence[str]) -> dict[str, Any]:
    """Scores of several targets: for each name those that there are, by column."""
    found = {
        name: {
            column: one.values[name] for column, one in zip(columns, each, strict=True) if name in one.values
        }
        for name in names
    }
    return {name: values for name, values in found.items() if values}


def _of_classes(target: ClassificationTarget, answers: AnyArray, given: NDArray[np.intp]) -> Scores:
    from sklearn.metrics import accuracy_score, recall_score

    sizes, names = np.bincount(answers), list(map(str, target.classes[0]))
    recall = recall_score(answers, given, labels=range(len(names)), average=None, zero_division=np.nan)
    values: dict[str, Any] = {
        "rows": len(answers),
        "accuracy": float(accuracy_score(answers, given)),
        "majority_accuracy": float(sizes.max() / len(answers)),
        "balanced_accuracy": float(np.nanmean(recall)),
    }
    if len(names) <= MOST_RECALLS:
        values["recall"] = dict(zip(names, recall.tolist(), strict=True))
    if target.ordered:
        off = np.abs(given - answers)
        values |= {"distance": float(off.mean()), "within_one": float((off <= 1).mean())}
    return Scores(values, bool(sizes.max() > UNEVEN * sizes[sizes > 0].min()))


def _of_numbers(target: RegressionTarget, answers: AnyArray, outputs: Array) -> Scores:
    from sklearn.metrics import mean_poisson_deviance, root_mean_squared_error

    predicted, mean_rmse = target.decode(outputs), float(answers.std())
    rmse = float(root_mean_squared_error(answers, predicted))
    r2 = 1 - (rmse / mean_rmse) ** 2 if mean_rmse else float("nan")
    values: dict[str, Any] = {"rows": len(answers), "rmse": rmse, "mean_rmse": mean_rmse, "r2": r2}
    if target.output == "poisson":
        mean = np.full_like(predicted, answers.mean())
        # a mean that is rounded to 0 is that of an event which is almost never seen
        deviance, of_mean = (
            float(mean_poisson_deviance(answers, np.maximum(counts, np.finfo(float).tiny)))
            for counts in (predicted, mean)
        )
        values |= {"deviance": deviance, "mean_deviance": of_mean}
    elif len(target.levels) > 1:
        quantiles = target.quantiles(outputs)
        inside = (quantiles[:, 0] <= answers) & (answers <= quantiles[:, -1])
        values |= {"coverage": float(inside.mean()), "levels": (target.levels[0], target.levels[-1])}
    return Scores(values)


def confusion(answers: AnyArray, given: AnyArray, n_classes: int) -> NDArray[np.int64]:
    """How many rows of each class (row) got each answer (column)."""
    from sklearn.metrics import confusion_matrix

    return np.asarray(confusion_matrix(answers, given, labels=range(n_classes)))
