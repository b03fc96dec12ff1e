"""What a default fit takes by rows and columns: ``python benchmarks/sizes.py``.

``DeepClassifier().fit``, and one network on the same table, ``make_pipeline(TableEncoder(),
NetworkClassifier(early_stopping=True))``, on generated tables of two classes: a fifth of the columns are
texts of ten values, a tenth of the numbers is missing. Each fit is a process of its own, whose kernels are on
the disk. Seconds are those of the clock and of the processor; memory is the largest of the process, less what
it had before the fit, so that the table itself is left out.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "src")]

from machine import machine  # noqa: E402

SMALL = ((300, 10), (1_000, 10), (1_000, 100), (3_000, 20), (10_000, 20), (10_000, 100))
SIZES = (*SMALL, (50_000, 20), (99_000, 20), (100_000, 20), (1_000_000, 20))
ROWS_PREDICTED = 10_000


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--most-rows", type=int, default=SIZES[-1][0], help="leave out larger tables")
    parser.add_argument("--fit", nargs=3, metavar=("ROWS", "COLUMNS", "MODEL"), help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.fit:
        rows, columns, model = options.fit
        print(json.dumps(fit(int(rows), int(columns), model)))
        return 0
    print(machine(("numpy", "numba", "scikit-learn"), os.cpu_count() or 1))
    heads = (
        "rows × columns",
        "model",
        "trainings",
        "networks kept",
        "seconds",
        "of the processor",
        "memory, MB",
    )
    print(f"| {' | '.join(heads)} | ms for {ROWS_PREDICTED:,} rows |\n{'|---' * 8}|")
    for rows, columns in SIZES:
        for model in ("ensemble", "network"):
            if rows <= options.most_rows:
                command = [sys.executable, __file__, "--fit", str(rows), str(columns), model]
                process = subprocess.run(command, capture_output=True, check=True, text=True)
                record = json.loads(process.stdout.splitlines()[-1])
                cells = " | ".join(f"{value:,}" if value else "–" for value in record.values())
                print(f"| {rows:,} × {columns} | {model} | {cells} |", flush=True)
    return 0


def table(rows: int, columns: int, seed: int = 0) -> tuple[Any, Any]:
    """A frame, and labels that depend on a third of its columns."""
    import polars

    rng = np.random.default_rng(seed)
    numbers = rng.standard_normal((rows, columns), np.float32)
    score = np.tanh(numbers[:, : columns // 3]).sum(axis=1) + numbers[:, 0] * numbers[:, 1]
    numbers[rng.random(numbers.shape, np.float32) < 0.1] = np.nan
    frame = polars.DataFrame({f"x{n}": numbers[:, n] for n in range(columns)}).fill_nan(None)
    texts = rng.integers(0, 10, (rows, columns)).astype(str)
    words = [polars.Series(f"x{n}", texts[:, n]) for n in range(0, columns, 5)]
    return frame.with_columns(words), np.where(score + rng.standard_normal(rows) > 0, "yes", "no")


def fit(rows: int, columns: int, name: str) -> dict[str, Any]:
    """Trainings, networks, seconds, those of the processor, megabytes, and milliseconds of a prediction."""
    from sklearn.pipeline import make_pipeline

    from deepstep import DeepClassifier, NetworkClassifier, TableEncoder

    X, y = table(rows, columns)
    trainings = networks = 1
    model: Any = DeepClassifier(random_state=0)
    if name == "network":
        model = make_pipeline(TableEncoder(), NetworkClassifier(early_stopping=True, random_state=0))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    clock, processor = time.perf_counter(), time.process_time()
    model.fit(X, y)
    clock, processor = time.perf_counter() - clock, time.process_time() - processor
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    if name == "ensemble":
        trainings = sum(preset.folds for preset in model.tried_)
        networks = len(model.ensemble_.members)
    sample, _ = table(ROWS_PREDICTED, columns, seed=1)
    model.predict(sample)
    start = time.perf_counter()
    model.predict(sample)
    predicted = 1000 * (time.perf_counter() - start)
    return {
        "trainings": trainings,
        "networks": networks,
        "seconds": round(clock, 1),
        "processor": round(processor, 1),
        "memory": round(memory / 1024),
        "predicted": round(predicted),
    }


if __name__ == "__main__":
    sys.exit(main())
