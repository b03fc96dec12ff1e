"""Seconds and errors of the default fit, an ensemble, on three generated tables: ``make ensemble``.

``DeepRegressor().fit`` on 7,500 × 14, ``DeepClassifier().fit`` on 3,700 × 11 (three classes) and on 750 × 20
(two). Each fit is a process of its own, whose kernels are loaded before the clocks run; the source trees of
``--sources`` take turns in each round, so that their ratios stand in spite of other programs. Errors are
those on 2,000 further rows: the share of wrong answers, or the root mean squared error in deviations of the
target.

Shares are of the processor's time of one more fit, on one thread: preparation of the folds, steps (in
kernels), validation after each epoch, answers to the held-out rows, weights of the presets, and what is left:
records, callbacks, opening of sessions.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from machine import machine  # noqa: E402

TABLES = {"large": (7_500, 14, 3), "middle": (3_700, 11, 2), "small": (750, 20, 0)}
"""Rows that are learned from, columns, and how many of these are categories."""

TEST_ROWS = 2_000

MOST_ROWS = 7_000
"""Rows of a table of `tables.sets`, of which a fifth is for the test."""

PARTS = {
    "preparation": "deepstep.ensembles.fit:prepare_fold",
    "steps": "deepstep.training.loop:Loop._steps",
    "validation": "deepstep.training.fit:scores",
    "answers": "deepstep.ensembles.ensemble:Member.outputs",
    "weights": "deepstep.ensembles.fit:weigh",
}
"""The function whose time is a part's."""


def main(arguments: Sequence[str] | None = None) -> int:
    asked = _arguments(arguments)
    if asked.one:
        print(json.dumps(fit(asked.one[0], seed=int(asked.one[1]), parts=asked.parts)))
        return 0
    print(machine(("numpy", "numba", "scikit-learn"), os.cpu_count() or 1))
    heads = "".join(f"{head:>11}" for head in ("seconds", "÷ first", "processor", "÷ first", "error"))
    print(f"{'table':<8}{'source':<12}{heads}   shares on one thread")
    for table in asked.tables:
        runs: dict[Path, list[dict[str, Any]]] = {source: [] for source in asked.sources}
        for seed in range(asked.rounds):
            for source in asked.sources:
                runs[source].append(_in_a_process(source, table, seed))
        first = runs[asked.sources[0]]
        for source, found in runs.items():
            shares = _in_a_process(source, table, 0, parts=True)["shares"]
            told = ", ".join(f"{name} {share:.0%}" for name, share in shares.items())
            numbers = [statistics.mean(run["error"] for run in found)]
            for at, kind in ((0, "seconds"), (2, "processor_seconds")):
                ratios = [mine[kind] / theirs[kind] for mine, theirs in zip(found, first, strict=True)]
                numbers[at:at] = [statistics.median(run[kind] for run in found), statistics.median(ratios)]
            name = source.parent.name if source.name == "src" else source.name
            columns = "".join(f"{number:11.4f}" for number in numbers)
            print(f"{table:<8}{name:<12}{columns}   {told}", flush=True)
    return 0


def table(name: str, seed: int) -> tuple[Any, Any, int, bool]:
    """A frame, its target, how many rows are learned from (the first), and whether the target is classes."""
    import polars

    if name not in TABLES:
        return _of_a_set(name, seed)
    m, n, categories = TABLES[name]
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((m + TEST_ROWS, n - categories))
    y = 2 * np.sin(2 * X[:, 0]) + 2 * (X[:, 1] > 0.3) * X[:, 2] + X[:, 3] * X[:, 4] + 0.5 * abs(X[:, 5])
    columns: dict[str, Any] = {f"x{i}": X[:, i] for i in range(n - categories)}
    for number in range(categories):
        codes = rng.integers(4 + 3 * number, size=len(y))
        y += rng.standard_normal(codes.max() + 1)[codes]
        columns[f"c{number}"] = np.array(list("abcdefghij"))[codes]
    y += 0.5 * rng.standard_normal(len(y))
    if name != "large":
        y = np.digitize(y, [-1.0, 1.5] if name == "middle" else [0.6])
    return polars.DataFrame(columns), y, m, name != "large"


def _of_a_set(name: str, seed: int) -> tuple[Any, Any, int, bool]:
    """The same of a table of `tables.sets`, another split for each seed."""
    from sklearn.model_selection import train_test_split

    from tables.sets import load

    _, classes, X, y = load(name)
    rows = np.arange(len(y))
    if len(y) > 9_000:
        rows = np.random.default_rng(seed).permutation(rows)[:MOST_ROWS]
    strata = y[rows] if classes else None
    learned, held_out = train_test_split(rows, test_size=0.2, random_state=seed, stratify=strata)
    order = np.concatenate([learned, held_out])
    return X.iloc[order].reset_index(drop=True), y[order], len(learned), classes


def fit(name: str, *, seed: int, parts: bool) -> dict[str, Any]:
    """One fit: its seconds, its error, and the shares of the parts where they are asked for."""
    from deepstep import DeepClassifier, DeepRegressor

    X, y, m, classes = table(name, seed)
    kind = DeepClassifier if classes else DeepRegressor
    kind(network_params={"epochs": 1}, random_state=0).fit(X[:200], y[:200])  # loads the kernels
    spent: Counter[str] = Counter()
    if parts:
        import joblib

        with joblib.parallel_config("threading", n_jobs=1):
            _timed_parts(spent)
            begun = time.process_time()
            kind(random_state=seed).fit(X[:m], y[:m])
            whole = time.process_time() - begun
        shares = {part: spent[part] / whole for part in PARTS}
        return {"shares": {**shares, "rest": 1 - sum(shares.values())}}
    begun, at_work = time.perf_counter(), time.process_time()
    model = kind(random_state=seed).fit(X[:m], y[:m])
    seconds, at_work = time.perf_counter() - begun, time.process_time() - at_work
    answers = model.predict(X[m:])
    wrong = answers != y[m:] if classes else (answers - y[m:]) ** 2
    error = wrong.mean() if classes else np.sqrt(wrong.mean()) / y[:m].std()
    return {"seconds": seconds, "processor_seconds": at_work, "error": float(error)}


def _timed_parts(spent: Counter[str]) -> None:
    """Let each function of `PARTS` add its processor's time to ``spent``."""
    from importlib import import_module

    for part, place in PARTS.items():
        module, _, path = place.partition(":")
        *owners, name = path.split(".")
        owner: Any = import_module(module)
        for each in owners:
            owner = getattr(owner, each)
        if hasattr(owner, name):  # else it is another version's, and in the rest
            setattr(owner, name, _timed(getattr(owner, name), part, spent))


def _timed(function: Callable[..., Any], part: str, spent: Counter[str]) -> Callable[..., Any]:
    def timed(*given: Any, **named: Any) -> Any:
        begun = time.thread_time()
        try:
            return function(*given, **named)
        finally:
            spent[part] += time.thread_time() - begun

    return timed


def _in_a_process(source: Path, table: str, seed: int, *, parts: bool = False) -> dict[str, Any]:
    command = [sys.executable, str(Path(__file__)), "--one", table, str(seed)]
    command += ["--parts"] if parts else []
    environment = {**os.environ, "PYTHONPATH": str(source)}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    record: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return record


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tables", nargs="+", default=[*TABLES], help="these, or names in tables/sets.py")
    parser.add_argument("--rounds", type=int, default=3, help="fits of each, with seeds of their own")
    parser.add_argument(
        "--sources",
        nargs="+",
        type=lambda path: Path(path).resolve(),
        default=[HERE.parent / "src"],
        help="folders that have the package deepstep, the one that others are compared with first",
    )
    parser.add_argument("--one", nargs=2, metavar=("TABLE", "SEED"), help=argparse.SUPPRESS)
    parser.add_argument("--parts", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
