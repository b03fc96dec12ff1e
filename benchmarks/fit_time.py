"""Seconds and errors of a default fit beside CatBoost's and LightGBM's: ``python benchmarks/fit_time.py``.

``DeepClassifier().fit`` and the peers' fits, each as it comes, on made tables of two classes with the sizes
of `profile_fit`. They take turns in one process with kernels loaded. Seconds are medians of three rounds, or
those of one round where our fit takes longer than 20 seconds. Errors are those on 2,000 further rows.
"""

import sys
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np
from sklearn.datasets import make_classification

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "src")]

import pandas as pd  # noqa: E402
from catboost import CatBoostClassifier  # noqa: E402
from lightgbm import LGBMClassifier  # noqa: E402

from deepstep import DeepClassifier  # noqa: E402
from machine import machine  # noqa: E402

SIZES = (750, 20), (3_132, 8), (3_673, 11), (7_500, 14), (40_000, 50)
"""Rows and columns."""

TEST_ROWS, ROUNDS, LONG = 2_000, 3, 20.0
MODELS = {
    "ours": lambda: DeepClassifier(random_state=0),
    "CatBoost": lambda: CatBoostClassifier(
        random_seed=0, verbose=False, allow_writing_files=False, thread_count=2
    ),
    "LightGBM": lambda: LGBMClassifier(random_state=0, verbosity=-1, n_jobs=2),
}


def main() -> None:
    """Print a line for each table."""
    print(machine(["numpy", "catboost", "lightgbm"], 2))
    print("| rows × columns |", *(f"{name}, s | error |" for name in MODELS), "ours ÷ CatBoost |")
    print("|---|" + "---|" * (2 * len(MODELS) + 1))
    MODELS["ours"]().fit(*make_classification(200, 5, random_state=0))
    for m, n in SIZES:
        X, y = make_classification(
            m + TEST_ROWS, n, n_informative=n // 2, n_redundant=2, flip_y=0.1, random_state=0
        )
        table = pd.DataFrame(X, columns=[f"x{j}" for j in range(n)])
        seconds: dict[str, list[float]] = {name: [] for name in MODELS}
        errors = {}
        for _ in range(ROUNDS):
            for name, make in MODELS.items():
                begun = perf_counter()
                model = make().fit(table[:m], y[:m])
                seconds[name].append(perf_counter() - begun)
                errors[name] = np.mean(np.ravel(model.predict(table[m:])) != y[m:])
            if seconds["ours"][0] > LONG:
                break
        cells = [f"{median(seconds[name]):.2f} | {errors[name]:.4f}" for name in MODELS]
        ratio = median(seconds["ours"]) / median(seconds["CatBoost"])
        print(f"| {m:,} × {n} |", " | ".join(cells), f"| {ratio:.2f} |", flush=True)


if __name__ == "__main__":
    main()
