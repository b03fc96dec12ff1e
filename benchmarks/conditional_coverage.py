"""Coverage of intervals and sets on the tables, before and after their conditional forms.

python benchmarks/conditional_coverage.py [--classes | --numbers] [--alpha 0.1] [--seed 0] [TABLE …]

Half of the rows, at most 1,000, are fitted by the default ensemble, and others, at most 3,000, tested.
Intervals: of constant width by the same predictions out of fold, and those of ``predict_interval``. The worst
fifth is the lowest coverage of five groups by prediction and five by the spread of the members; the score is
the mean interval score (Winkler) as a ratio to that of the constant width. Sets: those of all rows together,
which may be empty, and the default. The worst class is among those with at least 10 rows in the test. The
error of calibration (ECE, ten bins of equal counts) and the log-loss are those of ``predict_proba`` and of
temperature 1.
"""

import argparse
import warnings
from typing import Any

import numpy as np
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split

from deepstep import DeepClassifier, DeepRegressor
from deepstep.ensembles.calibration import interval_half_width, with_temperature
from tables.sets import MORE, TABLES, load

HEADERS = {
    False: "| table | rows | coverage | after | worst fifth | after | score |",
    True: "| table | rows | classes | coverage | after | worst class | after | size | after | empty | T "
    "| log-loss, T = 1 | log-loss | ECE, T = 1 | ECE |",
}


def fitted(name: str, seed: int) -> Any:
    """A model, and the rows of its test."""
    _, classes, X, y = load(name)
    strata = y if classes and np.unique(y, return_counts=True)[1].min() > 1 else None
    sizes = {"train_size": min(1_000, len(y) // 2), "test_size": min(3_000, len(y) - len(y) // 2)}
    X, X_test, y, y_test = train_test_split(X, y, random_state=seed, stratify=strata, **sizes)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = (DeepClassifier if classes else DeepRegressor)(random_state=seed).fit(X, y)
    return model, y, X_test, y_test


def of_intervals(model: DeepRegressor, y: Any, X: Any, y_test: Any, alpha: float) -> list[float]:
    """Coverage, that of the worst fifth, both before and after, and the ratio of interval scores."""
    predicted = model.predict(X)
    residuals = np.abs(y - model.oof_predictions_)
    half = interval_half_width(residuals[np.isfinite(residuals)], alpha)
    _, spread = model.ensemble_.mean_and_spread(model.predictor_.columns.frame(X))
    found = []
    for ends in (
        np.stack([predicted - half, predicted + half], axis=1),
        model.predict_interval(X, 1 - alpha),
    ):
        lower, upper = ends.T
        inside = (lower <= y_test) & (y_test <= upper)
        outside = np.maximum(lower - y_test, 0) + np.maximum(y_test - upper, 0)
        groups = [part for by in (predicted, spread[:, 0]) for part in np.array_split(np.argsort(by), 5)]
        worst = min(inside[part].mean() for part in groups)
        found.append((inside.mean(), worst, np.mean(upper - lower + 2 / alpha * outside)))
    (coverage, worst, score), (coverage_after, worst_after, score_after) = found
    return [coverage, coverage_after, worst, worst_after, score_after / score]


def of_sets(model: DeepClassifier, y: Any, X: Any, y_test: Any, alpha: float) -> list[float]:
    """Coverage, that of the worst class, sizes, the share of empty sets, and the calibration."""
    known = np.isin(y_test, model.classes_)
    X, right = X[known], np.searchsorted(model.classes_, y_test[known])
    found = []
    for options in ({"per_class": False, "allow_empty": True}, {}):
        sets = model.predict_set(X, 1 - alpha, **options)
        inside = sets[np.arange(len(right)), right]
        worst = min(inside[right == one].mean() for one in np.unique(right) if np.sum(right == one) >= 10)
        found.append((inside.mean(), worst, sets.sum(axis=1).mean(), 1 - sets.any(axis=1).mean()))
    pairs = [value for pair in list(zip(*found, strict=True))[:3] for value in pair]
    P = model.predict_proba(X).astype(np.float64)
    raw = with_temperature(P, 1 / model.temperature_)
    both = [one / one.sum(axis=1, keepdims=True) for one in (raw, P)]
    losses = [log_loss(right, one, labels=np.arange(len(model.classes_))) for one in both]
    errors = [calibration_error(one, right) for one in both]
    return [len(model.classes_), *pairs, found[0][3], model.temperature_, *losses, *errors]


def calibration_error(P: Any, right: Any, bins: int = 10) -> float:
    """The mean distance of the largest probability from the share of right answers, in equal bins."""
    top, correct = P.max(axis=1), P.argmax(axis=1) == right
    parts = np.array_split(np.argsort(top), bins)
    return float(sum(len(part) * abs(top[part].mean() - correct[part].mean()) for part in parts) / len(top))


def line(name: str, values: Any) -> str:
    """A line of a table."""
    return f"| {name} | " + " | ".join(f"{one:.3g}" if one < 1000 else f"{one:.0f}" for one in values) + " |"


def main() -> None:
    """Print a table for numbers and one for classes, each with means."""
    parser = argparse.ArgumentParser()
    parser.add_argument("tables", nargs="*")
    parser.add_argument("--classes", action="store_true")
    parser.add_argument("--numbers", action="store_true")
    parser.add_argument("--alpha", type=float, default=0.1)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    for classes, measure in ((False, of_intervals), (True, of_sets)):
        if asked.numbers if classes else asked.classes:
            continue
        print(HEADERS[classes], "|---" * (HEADERS[classes].count("|") - 1) + "|", sep="\n")
        rows = []
        for name, source in (TABLES | MORE).items():
            if source.classes == classes and (not asked.tables or name in asked.tables):
                model, y, X, y_test = fitted(name, asked.seed)
                rows.append([len(y), *measure(model, y, X, y_test, asked.alpha)])
                print(line(name, rows[-1]), flush=True)
        if rows:
            means = np.mean(rows, axis=0)
            if not classes:
                means[-1] = np.exp(np.mean(np.log(np.array(rows)[:, -1])))
            print(line(f"mean of {len(rows)}", means))


if __name__ == "__main__":
    main()
