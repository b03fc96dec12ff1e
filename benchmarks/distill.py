"""Distillation: a default ensemble, a CatBoost model and both into one network of two hidden layers.

For each table and teacher: the loss on held-out rows (log-loss, or the root of the mean squared error in
deviations of the training targets) of the teacher, of the student, and of the student's network trained on
the targets themselves; the size of the saved model; and milliseconds for 10,000 rows.
"""

import argparse
import sys
import tempfile
import time
import warnings
from functools import partial
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "src")]

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
from sklearn.metrics import log_loss  # noqa: E402
from sklearn.model_selection import train_test_split  # noqa: E402

import deepstep  # noqa: E402
from deepstep import DeepClassifier, DeepRegressor, NetworkClassifier, NetworkRegressor, distill  # noqa: E402
from deepstep.estimators.distillation import STUDENT  # noqa: E402
from deepstep.estimators.table_encoder import table_network  # noqa: E402
from tables.methods import THREADS, _filled, _kinds  # noqa: E402
from tables.sets import Table, load  # noqa: E402

SMALL = {**STUDENT, "hidden_layer_sizes": (128, 64)}
ROWS = 10_000


class CatBoost:
    """CatBoost as it comes, for rows with missing texts."""

    def __init__(self, classes: bool, seed: int) -> None:
        from catboost import CatBoostClassifier, CatBoostRegressor

        kind = CatBoostClassifier if classes else CatBoostRegressor
        self._model = kind(random_seed=seed, thread_count=THREADS, verbose=False, allow_writing_files=False)
        if classes:
            self.predict_proba = lambda X: self._model.predict_proba(self._rows(X))

    def _rows(self, X: pd.DataFrame) -> pd.DataFrame:
        return _filled(X, self._texts)

    def fit(self, X: pd.DataFrame, y: Any) -> "CatBoost":
        _, self._texts = _kinds(X)
        self._model.fit(self._rows(X), y, cat_features=self._texts)
        self.classes_ = self._model.classes_  # empty for numbers
        return self

    def predict(self, X: pd.DataFrame) -> Any:
        return np.ravel(self._model.predict(self._rows(X)))

    def save(self, path: Path) -> None:
        self._model.save_model(str(path))


def ours(classes: bool, seed: int) -> Any:
    return (DeepClassifier if classes else DeepRegressor)(random_state=seed, n_jobs=THREADS)


class Both:
    """The mean of what the ensemble and CatBoost predict: two teachers."""

    def __init__(self, classes: bool, seed: int) -> None:
        self._models = [ours(classes, seed), CatBoost(classes, seed)]
        if classes:
            self.predict_proba = partial(self._mean, "predict_proba")

    def _mean(self, method: str, X: pd.DataFrame) -> Any:
        return np.mean([getattr(model, method)(X) for model in self._models], axis=0)

    def fit(self, X: pd.DataFrame, y: Any) -> "Both":
        for model in self._models:
            model.fit(X, y)
        self.classes_ = getattr(self._models[0], "classes_", ())
        return self

    def predict(self, X: pd.DataFrame) -> Any:
        if len(self.classes_) == 0:
            return self._mean("predict", X)
        return np.asarray(self.classes_)[self.predict_proba(X).argmax(axis=1)]

    def save(self, folder: Path) -> None:
        folder.mkdir()
        deepstep.save(self._models[0], folder / "ensemble")
        self._models[1].save(folder / "catboost")


TEACHERS = {"ensemble": ours, "catboost": CatBoost, "both": Both}


def loss(model: Any, data: Table, X: pd.DataFrame, y: Any, scale: float) -> float:
    if data.classes:
        return float(log_loss(y, model.predict_proba(X), labels=list(model.classes_)))
    return float(np.sqrt(np.mean((model.predict(X) - y) ** 2)) / scale)


def size(model: Any) -> int:
    """Bytes of the saved model."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model"
        (model.save if isinstance(model, CatBoost | Both) else partial(deepstep.save, model))(path)
        files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
        return sum(file.stat().st_size for file in files)


def milliseconds(model: Any, X: pd.DataFrame) -> float:
    """The best of three predictions."""
    rows = X.iloc[np.arange(ROWS) % len(X)].reset_index(drop=True)
    found = []
    for _ in range(3):
        begun = time.perf_counter()
        model.predict(rows)
        found.append(time.perf_counter() - begun)
    return 1000 * min(found)


def run(table: str, teacher: str, seed: int) -> list[float]:
    data = load(table)
    X, X_test, y, y_test = train_test_split(
        data.X, data.y, test_size=0.2, random_state=seed, stratify=data.y if data.classes else None
    )
    X, X_test = X.reset_index(drop=True), X_test.reset_index(drop=True)
    scale = 1.0 if data.classes else float(np.std(y))
    model = TEACHERS[teacher](data.classes, seed).fit(X, y)
    begun = time.perf_counter()
    student = distill(model, X, random_state=seed)
    seconds = time.perf_counter() - begun
    kind = NetworkClassifier if data.classes else NetworkRegressor
    plain = table_network(kind, rows=len(X), random_state=seed, **SMALL).fit(X, y)
    losses = [loss(one, data, X_test, y_test, scale) for one in (model, student, plain)]
    pair = (model, student)
    return [
        *losses,
        seconds,
        *(size(one) / 1000 for one in pair),
        *(milliseconds(one, X_test) for one in pair),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--tables", nargs="+", default=["titanic", "breast_cancer", "mpg", "diabetes", "wine"]
    )
    parser.add_argument("--teachers", nargs="+", default=[*TEACHERS], choices=[*TEACHERS])
    parser.add_argument("--seeds", type=int, default=2)
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    print("| table | teacher | its loss | student | network on targets | s | kB | ms |")
    print("|---|---|---|---|---|---|---|---|")
    for table in asked.tables:
        for teacher in asked.teachers:
            found = np.mean([run(table, teacher, seed) for seed in range(asked.seeds)], axis=0)
            its, student, plain, seconds, large, small, slow, fast = found
            print(
                f"| {table} | {teacher} | {its:.4f} | {student:.4f} | {plain:.4f} | {seconds:.1f} "
                f"| {large:,.0f} → {small:,.0f} | {slow:,.0f} → {fast:,.0f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
