"""What ``scoring=`` does for the metric that it names: ``python benchmarks/scoring.py``.

Of each table at most 4,000 rows are drawn; half of them are learned from, the others are the test. For each
seed the default fit and one by each metric have the same split, folds and initial values, and score the test
by the metric. A network that several fits have is trained once. A gain is the difference as a share of the
default's error, 1 − score or the mean error; better and worse is what exceeds the standard error over seeds.
"""

import argparse
import json
import os
import sys
import warnings
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import get_scorer
from sklearn.model_selection import train_test_split

from deepstep import DeepClassifier, DeepRegressor
from deepstep.ensembles import fit as fit_module
from machine import machine
from tables.sets import load

TWO = ["titanic", "attrition", "credit", "churn", "cells", "oj", "hmda", "german", "email", "stackoverflow"]
MORE = ["chile", "contraceptive", "hpc"]
NUMBERS = ["california", "diamonds", "concrete", "ames", "wage", "saratoga", "airfare"]
OF_TWO = ("roc_auc", "average_precision", "f1", "balanced_accuracy")
METRICS: dict[str, tuple[str, ...]] = {
    **{name: OF_TWO[turn % 4 :] + OF_TWO[: turn % 4] for turn, name in enumerate(TWO)},
    **dict.fromkeys(MORE, ("balanced_accuracy", "accuracy")),
    **dict.fromkeys(NUMBERS, ("neg_mean_absolute_error", "neg_median_absolute_error")),
}
"""The 20 tables of development, and the metrics of each; the first is that chosen for it, in turns."""

MOST_ROWS = 4_000


def main(arguments: Sequence[str] | None = None) -> int:
    asked = _arguments(arguments)
    told: dict[str, Any] = {"machine": machine(("numpy", "numba", "scikit-learn"), os.cpu_count() or 1)}
    print(told["machine"])
    print(
        "| table | metric | rows | default | by the metric | difference | gain |", "|---" * 7 + "|", sep="\n"
    )
    told["rows"] = rows = []
    for name in asked.tables:
        found = defaultdict(list)
        for seed in range(asked.first_seed, asked.first_seed + asked.seeds):
            n, scores = compared(name, seed, asked.effort)
            for metric, pair in scores.items():
                found[metric].append(pair)
        for metric, pairs in found.items():
            rows.append(row(name, metric, n, np.array(pairs)))
            print(
                "| {table} | {metric} | {rows} | {default:.4f} | {by_metric:.4f} | {difference:+.4f} "
                "± {error:.4f} | {gain:+.1%} |".format(**rows[-1]),
                flush=True,
            )
    for metric in [*dict.fromkeys(each["metric"] for each in rows), ""]:
        print(summary(metric, [each for each in rows if metric in ("", each["metric"])]))
    chosen = [each for each in rows if each["metric"] == METRICS[each["table"]][0]]
    print(summary("the one chosen for each table", chosen))
    if asked.json:
        asked.json.write_text(json.dumps(told, indent=1), encoding="utf-8")
    return 0


def compared(name: str, seed: int, effort: str) -> tuple[int, dict[str, tuple[float, float]]]:
    """How many rows are learned from, and of each metric the scores of the default and of the fit by it."""
    _, classes, X, y = load(name)
    if classes:  # positions by their frequency: of two classes the rarer one is 1
        labels, counts = np.unique(y, return_counts=True)
        y = np.argsort(np.argsort(-counts, kind="stable"))[np.searchsorted(labels, y)]
    rows = np.random.default_rng(seed).permutation(len(y))[:MOST_ROWS]
    learned, test = train_test_split(
        rows, test_size=0.5, random_state=seed, stratify=y[rows] if classes else None
    )
    fits, once = {}, trained_once(fit_module._train_one)
    kind = DeepClassifier if classes else DeepRegressor
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for scoring in (None, *METRICS[name]):
            before, fit_module._train_one = fit_module._train_one, once
            try:
                model = kind(scoring=scoring, effort=effort, random_state=seed)
                fits[scoring] = model.fit(X.iloc[learned], y[learned])
            finally:
                fit_module._train_one = before

    def score(scoring: str | None, metric: str) -> float:
        return float(get_scorer(metric)(fits[scoring], X.iloc[test], y[test]))

    return len(learned), {metric: (score(None, metric), score(metric, metric)) for metric in METRICS[name]}


def trained_once(train: Callable[..., Any]) -> Callable[..., Any]:
    """The training of a member, which gives what it gave for the same preset, fold and epochs."""
    kept: dict[Any, Any] = {}

    def trained(task: Any, *rest: Any) -> Any:
        key = task.preset.name, task.fold, task.seed, task.window
        if key not in kept:
            kept[key] = train(task, *rest)
        return kept[key]

    return trained


def row(name: str, metric: str, n: int, pairs: Any) -> dict[str, Any]:
    """Means over the seeds, and the difference with its standard error."""
    default, by_metric = pairs.mean(axis=0)
    differences = pairs[:, 1] - pairs[:, 0]
    error = differences.std(ddof=1) / np.sqrt(len(pairs)) if len(pairs) > 1 else np.inf
    wrong = -default if metric.startswith("neg_") else 1 - default
    return {
        "table": name,
        "metric": metric,
        "rows": n,
        "default": default,
        "by_metric": by_metric,
        "difference": differences.mean(),
        "error": error,
        "gain": differences.mean() / wrong,
    }


def summary(metric: str, rows: list[dict[str, Any]]) -> str:
    """The mean gain, and how often the difference exceeds its standard error."""
    better = sum(each["difference"] > each["error"] for each in rows)
    worse = sum(each["difference"] < -each["error"] for each in rows)
    gain = np.mean([each["gain"] for each in rows])
    return f"{metric or 'all'}: mean gain {gain:+.2%}, better {better}, worse {worse} of {len(rows)}"


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tables", nargs="+", choices=[*METRICS], default=[*METRICS], metavar="TABLE")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--effort", default="balanced")
    parser.add_argument("--json", type=Path, help="write what is printed as JSON, too")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
