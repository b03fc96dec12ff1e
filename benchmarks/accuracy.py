"""What training in bfloat16 does to the answers: the same trainings in float32 and in bfloat16, seed by seed.

A difference is within noise where it is less than twice its own standard error over the seeds, or less than a
tenth of the deviation that other seeds make of the float32 result.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from deepstep import NetworkClassifier, NetworkRegressor

CALIFORNIA = Path(__file__).resolve().parents[2] / "shared" / "data" / "tables" / "california_housing.csv"
SHARE = 0.1
SETTINGS: dict[str, Any] = {
    "hidden_layer_sizes": (256, 256),
    "engine": "torch:cpu",
    "learning_rate_init": 1e-3,
    "schedule": "cosine",
}


def accuracy(n_seeds: int, *, quick: bool) -> dict[str, Any]:
    """Of each table the errors of each precision on held-out rows, by seed."""
    sets: Mapping[str, Callable[[int, str, int], float]] = {
        "digits": _digits,
        "california": _california,
    }
    found: dict[str, Any] = {}
    for name, train in sets.items():
        if name == "california" and (quick or not CALIFORNIA.exists()):
            continue
        epochs = 1 if quick else 40
        errors = {
            precision: [train(seed, precision, epochs) for seed in range(n_seeds)]
            for precision in ("float32", "bfloat16")
        }
        found[name] = {"errors": errors, **_compared(**errors)}
    return found


def _compared(float32: list[float], bfloat16: list[float]) -> dict[str, Any]:
    exact, half = np.array(float32), np.array(bfloat16)
    differences, n = half - exact, len(exact)
    deviation = float(exact.std(ddof=1)) if n > 1 else 0.0
    standard_error = float(differences.std(ddof=1) / np.sqrt(n)) if n > 1 else 0.0
    difference = float(differences.mean())
    return {
        "float32": float(exact.mean()),
        "bfloat16": float(half.mean()),
        "deviation of seeds": deviation,
        "difference": difference,
        "standard error": standard_error,
        "within noise": bool(abs(difference) <= max(2 * standard_error, SHARE * deviation)),
    }


def _digits(seed: int, precision: str, epochs: int) -> float:
    """The share of wrong answers."""
    from sklearn.datasets import load_digits

    X, y = load_digits(return_X_y=True)
    (X, y), (X_test, y_test) = _split(X / 16, y, seed)
    model = NetworkClassifier(**SETTINGS, max_iter=epochs, batch_size=64, random_state=seed, dtype=precision)
    return float(1 - model.fit(X, y).score(X_test, y_test))


def _california(seed: int, precision: str, epochs: int) -> float:
    """The root mean squared error in deviations of the training targets."""
    import polars

    numbers = polars.read_csv(CALIFORNIA).select(polars.selectors.numeric()).drop_nulls()
    y = numbers["median_house_value"].to_numpy()
    (X, y), (X_test, y_test) = _split(numbers.drop("median_house_value").to_numpy(), y, seed)
    X, X_test = ((part - X.mean(axis=0)) / X.std(axis=0) for part in (X, X_test))
    y, y_test = ((part - y.mean()) / y.std() for part in (y, y_test))
    model = NetworkRegressor(**SETTINGS, max_iter=epochs, batch_size=256, random_state=seed, dtype=precision)
    return float(np.sqrt(np.mean((model.fit(X, y).predict(X_test) - y_test) ** 2)))


def _split(X: np.ndarray, y: np.ndarray, seed: int) -> tuple[tuple[np.ndarray, ...], tuple[np.ndarray, ...]]:
    order = np.random.default_rng(seed).permutation(len(X))
    learned, held_out = order[len(X) // 5 :], order[: len(X) // 5]
    return (X[learned], y[learned]), (X[held_out], y[held_out])


def told(found: Mapping[str, Any]) -> str:
    """The table, as text."""
    lines = ["| table | float32 | bfloat16 | difference (standard error) | seeds deviate by | within noise |"]
    lines.append("|---|---|---|---|---|---|")
    for name, of in found.items():
        difference = f"{of['difference']:+.4f} ({of['standard error']:.4f})"
        noise = "yes" if of["within noise"] else "no"
        exact, half = f"{of['float32']:.4f}", f"{of['bfloat16']:.4f}"
        lines.append(
            f"| {name} | {exact} | {half} | {difference} | {of['deviation of seeds']:.4f} | {noise} |"
        )
    return "\n".join(lines)
