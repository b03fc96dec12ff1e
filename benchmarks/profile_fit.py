"""Where the seconds of a default fit go: ``python benchmarks/profile_fit.py [TABLE …]``.

One worker of one thread fits made tables of the sizes that follow, or tables of development by name: seconds
in all; the shares of preparing folds, of training on the first fold, which all presets learn, of training on
the others, and of weighing; and the epochs of both parts of the training.
"""

import os

for limit in ("OMP", "OPENBLAS", "MKL"):  # before NumPy is loaded
    os.environ[f"{limit}_NUM_THREADS"] = "1"

import sys  # noqa: E402
from collections import Counter  # noqa: E402
from collections.abc import Callable  # noqa: E402
from pathlib import Path  # noqa: E402
from time import perf_counter  # noqa: E402
from typing import Any  # noqa: E402

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), os.environ.get("DEEPSTEP_SOURCE") or str(HERE.parent / "src")]

from sklearn.datasets import make_classification  # noqa: E402

from deepstep import DeepClassifier, DeepRegressor  # noqa: E402
from deepstep.ensembles import fit as fits  # noqa: E402
from machine import machine  # noqa: E402
from tables.sets import load  # noqa: E402

MADE = ((750, 20), (3_132, 8), (3_673, 11), (7_500, 14), (40_000, 50))
"""Rows and columns."""


def profile(X: Any, y: Any, *, classes: bool) -> dict[str, float]:
    """Seconds of a fit, those of its parts, and its epochs."""
    seconds: Counter[str] = Counter()

    def timed(function: Callable[..., Any], part: Callable[..., str]) -> Callable[..., Any]:
        def run(*arguments: Any, **named: Any) -> Any:
            begun = perf_counter()
            result = function(*arguments, **named)
            name = part(*arguments)
            seconds[name] += perf_counter() - begun
            if hasattr(result, "member"):
                seconds[f"epochs of {name}"] += result.member.epochs
                seconds["networks"] += 1
            return result

        return run

    original = fits.prepare_fold, fits._train_one, fits._Fit._ensemble
    fits.prepare_fold = timed(original[0], lambda *_: "preparing")  # type: ignore[assignment]
    fits._train_one = timed(original[1], lambda task, *_: "others" if task.window else "first")  # type: ignore[assignment]
    fits._Fit._ensemble = timed(original[2], lambda *_: "weighing")  # type: ignore[method-assign]
    begun = perf_counter()
    try:
        (DeepClassifier if classes else DeepRegressor)(random_state=0, n_jobs=1).fit(X, y)
    finally:
        fits.prepare_fold, fits._train_one, fits._Fit._ensemble = original  # type: ignore[method-assign]
    return {**seconds, "all": perf_counter() - begun}


def main(names: list[str]) -> None:
    """Print a line for each table."""
    print(machine(["numpy"], 1))
    tables = [(name, table.X, table.y, table.classes) for name in names for table in [load(name)]]
    for m, n in () if names else MADE:
        X, y = make_classification(m, n, n_informative=n // 2, n_redundant=2, flip_y=0.1, random_state=0)
        tables.append((f"{m:,} × {n}", X, y, True))
    warm_up = DeepClassifier(random_state=0, network_params={"epochs": 1})
    warm_up.fit(*make_classification(200, 5, random_state=0))
    parts = ("preparing", "first", "others", "weighing")
    header = [f"{part:>10}" for part in parts]
    print(f"{'table':18}{'seconds':>9}", *header, "  networks, epochs: first, others")
    for name, X, y, classes in tables:
        spent = profile(X, y, classes=classes)
        shares = (f"{spent.get(part, 0) / spent['all']:>9.0%} " for part in parts)
        epochs = (f"{spent.get(f'epochs of {part}', 0):.0f}" for part in ("first", "others"))
        print(f"{name:18}{spent['all']:>9.2f}", *shares, f"  {spent['networks']:.0f},", ", ".join(epochs))


if __name__ == "__main__":
    main(sys.argv[1:])
