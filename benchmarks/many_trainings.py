"""Default trainings of generated tables through the command line: each must end with exit code 0 and a run.

    python benchmarks/many_trainings.py --tables 200 --seed 0 --jobs 2

The tables have 20 to 600 rows, 2 to 6 classes, and columns of numbers and texts with missing cells.
Prints a line for each failure and the number of runs saved; ends with status 1 where
one is missing.
"""

import argparse
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import polars

from deepstep import Run

WORDS = ["red", "blue", "green", "a b c", "it's", "ärmel"]


def generated_table(seed: int) -> polars.DataFrame:
    """A table whose columns tell more or less of its classes; each class has two rows at least."""
    rng = np.random.default_rng(seed)
    m, n_classes = int(rng.integers(20, 601)), int(rng.integers(2, 7))
    hidden = rng.normal(size=m)
    noisy = hidden + rng.choice([0, 0.3, 1]) * rng.normal(size=m)
    classes = np.digitize(noisy, np.quantile(noisy, np.arange(1, n_classes) / n_classes))
    columns: dict[str, list[object]] = {}
    for j in range(rng.integers(1, 5)):
        columns[f"number {j}"] = (rng.normal() * hidden + rng.normal(size=m)).tolist()
    for j in range(rng.integers(0, 3)):
        places = classes + (rng.random(m) < 0.3)
        columns[f"text {j}"] = [WORDS[place % len(WORDS)] for place in places]
    for values in columns.values():
        if rng.random() < 0.5:
            for row in np.flatnonzero(rng.random(m) < 0.1):
                values[row] = None
    as_texts = rng.random() < 0.5
    columns["kind"] = [f"class {label}" if as_texts else int(label) for label in classes]
    return polars.DataFrame(columns, strict=False)


def failure(seed: int, folder: Path) -> str:
    """Train on a table and read the run; the reason where that fails."""
    file, run = folder / f"{seed}.csv", folder / f"run {seed}"
    generated_table(seed).write_csv(file)
    options = ["--target", "kind", "--task", "classification", "--out", str(run)]
    command = [sys.executable, "-m", "deepstep", "train", str(file), *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        return f"table {seed}: train ended with {done.returncode}: {done.stderr[-500:]}"
    try:
        Run.load(run)
    except (OSError, ValueError) as error:
        return f"table {seed}: {error}"
    return ""


def main() -> int:
    """Print the failures and their number."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tables", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0, help="Seed of the first table.")
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, ThreadPoolExecutor(options.jobs) as pool:
        seeds = range(options.seed, options.seed + options.tables)
        failures = [text for text in pool.map(lambda seed: failure(seed, Path(name)), seeds) if text]
    print(*failures, f"{options.tables - len(failures)} of {options.tables} runs saved", sep="\n")
    return int(bool(failures))


if __name__ == "__main__":
    sys.exit(main())
