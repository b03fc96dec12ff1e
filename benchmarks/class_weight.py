"""What ``class_weight="balanced"`` does where one class is rare: ``python benchmarks/class_weight.py``.

The data are generated and as imbalanced as the mammography set (11,183 rows, 6 features, 260 positives),
which is not shipped. For each seed new data, half of them for the test; both estimators start from the same
weights. Ends with exit code 1 if the balanced accuracy rises by less than five points in one of them.
"""

import sys
import warnings

import numpy as np
from sklearn.datasets import make_classification
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import accuracy_score, balanced_accuracy_score, recall_score
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from deepstep import NetworkClassifier

ROWS, POSITIVES, SEEDS, LEAST = 11_183, 260, 5, 0.05
METRICS = {
    "balanced accuracy": balanced_accuracy_score,
    "accuracy": accuracy_score,
    "recall of the rare class": recall_score,
}


def scores(seed: int, class_weight: str | None) -> list[float]:
    """Each metric on the test half."""
    X, y = make_classification(
        ROWS, 6, weights=[1 - POSITIVES / ROWS], flip_y=0.005, class_sep=0.8, random_state=seed
    )
    X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.5, stratify=y, random_state=seed)
    scaler = StandardScaler().fit(X_train)
    model = NetworkClassifier((32, 16), max_iter=40, class_weight=class_weight, random_state=seed)
    predicted = model.fit(scaler.transform(X_train), y_train).predict(scaler.transform(X_test))
    return [float(metric(y_test, predicted)) for metric in METRICS.values()]


def main() -> int:
    warnings.simplefilter("ignore", ConvergenceWarning)
    plain, balanced = (
        np.array([scores(seed, class_weight) for seed in range(SEEDS)]) for class_weight in (None, "balanced")
    )
    print(f"means of {SEEDS} seeds, {ROWS:,} rows, {POSITIVES / ROWS:.1%} of the rare class")
    print(f"{'':26}{'plain':>9}{'balanced':>10}")
    for name, left, right in zip(METRICS, plain.mean(axis=0), balanced.mean(axis=0), strict=True):
        print(f"{name:26}{left:9.3f}{right:10.3f}")
    rises = balanced[:, 0] - plain[:, 0]
    print(f"the balanced accuracy rises by {rises.min():.3f} to {rises.max():.3f}")
    return int(rises.min() < LEAST)


if __name__ == "__main__":
    sys.exit(main())
