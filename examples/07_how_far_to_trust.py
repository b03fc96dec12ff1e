"""How far to trust an answer: coverage of sets and intervals, log-loss, wrong labels that are found.

python examples/07_how_far_to_trust.py [SEEDS]
"""

import sys

import numpy as np
from sklearn.datasets import (
    load_breast_cancer,
    load_diabetes,
    load_digits,
    load_iris,
    load_wine,
    make_friedman1,
    make_moons,
)
from sklearn.metrics import average_precision_score, log_loss
from sklearn.model_selection import train_test_split

from deepstep import DeepClassifier, DeepRegressor

SMALL = {"n_estimators": 5, "network_params": {"epochs": 30}, "random_state": 0}  # seconds, not minutes
COVERAGE, SEEDS = 0.9, range(int(sys.argv[1]) if len(sys.argv) > 1 else 3)


def covered(model, X, y):
    """Share of the rows whose set or interval holds what is true."""
    if isinstance(model, DeepClassifier):
        return model.predict_set(X, COVERAGE)[np.arange(len(y)), y].mean()
    lower, upper = model.predict_interval(X, COVERAGE).T
    return ((lower <= y) & (y <= upper)).mean()


def coverage(Estimator, X, y, seed):
    """By what the folds held out, and after calibrate; log-loss without and with the temperature."""
    X, X_rest, y, y_rest = train_test_split(X, y, test_size=0.5, random_state=seed)
    X_own, X_test, y_own, y_test = train_test_split(X_rest, y_rest, test_size=0.5, random_state=seed)
    model = Estimator(**SMALL).fit(X, y)
    losses = [np.nan, np.nan]
    if Estimator is DeepClassifier:
        P = model.predict_proba(X_test)
        raw = P**model.temperature_
        losses = [log_loss(y_test, p / p.sum(axis=1, keepdims=True)) for p in (raw, P)]
    return covered(model, X_test, y_test), covered(model.calibrate(X_own, y_own), X_test, y_test), *losses


def found(X, y, seed):
    """Average precision of finding 5 % wrong labels: 0.05 for a ranking that says nothing, 1 at best."""
    rng, n_classes = np.random.default_rng(seed), y.max() + 1
    wrong = rng.random(len(y)) < 0.05
    y = np.where(wrong, (y + rng.integers(1, n_classes, len(y))) % n_classes, y)
    issues = DeepClassifier(**SMALL).fit(X, y).label_issues(X, y)
    return average_precision_score(wrong[[issue.row for issue in issues]], -np.arange(len(y)))


print(f"coverage asked for: {COVERAGE:.2f}; means over {len(SEEDS)} splits")
print(f"{'':14}{'held out':>10}{'calibrate':>10}{'log-loss':>10}{'with T':>10}")
for name, Estimator, data in (
    ("breast_cancer", DeepClassifier, load_breast_cancer(return_X_y=True)),
    ("digits", DeepClassifier, load_digits(return_X_y=True)),
    ("moons", DeepClassifier, make_moons(1000, noise=0.4, random_state=0)),
    ("diabetes", DeepRegressor, load_diabetes(return_X_y=True)),
    ("friedman1", DeepRegressor, make_friedman1(1000, noise=1.0, random_state=0)),
):
    means = np.mean([coverage(Estimator, *data, seed) for seed in SEEDS], axis=0)
    print(f"{name:14}" + "".join(f"{mean:10.3f}" if np.isfinite(mean) else f"{'':10}" for mean in means))

print(f"\naverage precision of finding 5 % wrong labels, mean over {len(SEEDS)} draws")
for name, load in (
    ("breast_cancer", load_breast_cancer),
    ("digits", load_digits),
    ("iris", load_iris),
    ("wine", load_wine),
):
    print(f"{name:14}{np.mean([found(*load(return_X_y=True), seed) for seed in SEEDS]):10.3f}")
