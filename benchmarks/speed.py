"""`Network.train` and `predict_proba` beside their peers at the same work: ``make bench``, or ``python
benchmarks/speed.py --help``.

Every entrant lives in a process of its own, kept from round to round; in a round each works once for some
tenths of a second while the others sleep. A time is that of a step, a ratio a peer's time ÷ ours in the
same round: its median and quartiles over all rounds. Ours is the public call; beside it stands the share of
its time that the engine alone takes for these steps, and the floor, the time of the step's own matrix
products. A ratio is not printed where the cost after training is not that of float64 within rounding; an
engine that is not installed is named.
"""

import argparse
import json
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "src")]

from machine import load, machine  # noqa: E402
from race.entrants import LIBRARIES, MODULES, PREDICTING  # noqa: E402
from race.judgement import judge_of  # noqa: E402
from race.rounds import Runner, Times, WorkerError, first_call, times  # noqa: E402
from race.table import costs, first_calls, ratios  # noqa: E402
from race.together import throughput  # noqa: E402
from race.workloads import WORKLOADS, Workload  # noqa: E402

PACKAGES = ("numpy", "scipy", "numba", "scikit-learn", "torch", "jax", "keras")
BUSY = 0.5
"""Processes at work before the race, above which nobody should believe it."""

PREDICTIONS_DIFFER = 1e-4
"""Least part of the cost by which two estimators' predictions are not those of the same network."""


def main(arguments: Sequence[str] | None = None) -> int:
    asked = _arguments(arguments)
    installed = [name for name in MODULES if find_spec(LIBRARIES[name])]
    engines = [name for name in installed if name in {"ours", "engine", "floor"} | set(asked.engines)]
    result: dict[str, Any] = {
        **machine(PACKAGES, asked.threads),
        "rounds": asked.rounds,
        "seconds": asked.seconds,
        "missing": [name for name in MODULES if name not in installed],
        "failed": {},
        "rows": {},
        "first_calls": {},
    }
    print(headline(result), flush=True)
    with ExitStack() as stack:
        runners = [stack.enter_context(Runner(name, asked.threads)) for name in engines]
        for name in asked.workloads:
            result["rows"][name] = _row(WORKLOADS[name], runners, asked, result["failed"])
            keep(result, asked.output)
            print(f"{name}: done", file=sys.stderr, flush=True)
    result["load_after"] = load()
    peers = [name for name in engines if name not in ("ours", "engine", "floor")]
    print("\n" + ratios(result["rows"], peers))
    print(
        "\nCosts after training, of which no ratio is printed beyond the limit:\n\n" + costs(result["rows"])
    )
    if not asked.no_first_calls:
        for name in engines:
            if name != "floor":
                found = first_call(name, WORKLOADS["digits"], asked.threads)
                result["first_calls"][name] = asdict(found)
        print("\nIn a new process, digits:\n\n" + first_calls(result["first_calls"]))
    if asked.joblib:
        result["joblib"] = throughput(asked.threads)
        told = result["joblib"]
        print(
            f"\n{told['fits']} fits: one after another {told['one_after_another']:.2f} s, "
            + ", ".join(f"at once in {kind} {seconds:.2f} s" for kind, seconds in told["at_once"].items())
        )
    for name, why in result["failed"].items():
        print(f"{name} failed: {why}")
    keep(result, asked.output)
    return 0


def keep(result: Mapping[str, Any], path: str | None) -> None:
    """Write what there is: an interrupted race leaves the rows that were done."""
    if path:
        text = json.dumps(result, indent=1, ensure_ascii=False)
        Path(path).write_text(text + "\n", encoding="utf-8")


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--threads", type=int, default=2, help="processors of each engine")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--seconds", type=float, default=0.4, help="work of each engine in a round")
    parser.add_argument("--workloads", nargs="+", choices=list(WORKLOADS), default=list(WORKLOADS))
    parser.add_argument("--engines", nargs="*", choices=list(MODULES), default=list(MODULES))
    parser.add_argument("--no-first-calls", action="store_true", help="leave out new processes")
    parser.add_argument(
        "--processor-time", action="store_true", help="where others are at work; with --threads 1"
    )
    parser.add_argument("--joblib", action="store_true", help="eight fits at once, too")
    parser.add_argument("--quick", action="store_true", help="tiny rounds: whether it works, not how fast")
    parser.add_argument("--output", help="where results go as JSON")
    asked = parser.parse_args(arguments)
    if asked.processor_time:
        os.environ["RACE_CLOCK"] = "processor"
    if asked.quick:
        asked.rounds, asked.seconds = 2, 0.01
    return asked


def _row(
    workload: Workload, runners: Sequence[Runner], asked: argparse.Namespace, failed: dict[str, str]
) -> dict[str, Any]:
    """Times, costs and ratios of a workload; engines that fail are left out and told."""
    able = [runner for runner in runners if not workload.rows or runner.name in PREDICTING]
    found, at_work = {}, []
    for runner in able:
        try:
            runner.ask("open", workload=workload.name)
            if workload.checked and not workload.rows:
                runner.ask("work", units=workload.checked)
            found[runner.name] = runner.ask("cost", workload=workload.name)
            at_work.append(runner)
        except WorkerError as error:
            failed[f"{runner.name} at {workload.name}"] = str(error)
    row = _judged(workload, {name: told for name, told in found.items() if name != "floor"})
    took = times(at_work, workload, n_rounds=asked.rounds, seconds=asked.seconds)
    row["times"] = {
        name: {"median": each.median, "quartiles": each.quartiles, "rounds": each.seconds}
        for name, each in took.items()
    }
    row["ratios"] = {name: _compared(workload, took, name) for name in took if name != "ours"}
    return row


def _judged(workload: Workload, found: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The costs, and whom a ratio is refused: an engine whose cost is wrong, or everybody if ours is."""
    if workload.rows:
        right, limit = found["ours"]["cost"], PREDICTIONS_DIFFER * found["ours"]["cost"]
        rights = dict.fromkeys(found, right)
    else:
        judge = judge_of(workload)
        limit, right = judge.limit, judge.right_for("outside")
        rights = {name: judge.right_for(told["epsilon_at"]) for name, told in found.items()}
    told = {
        name: {"cost": each["cost"], "distance": each["cost"] - rights[name]} for name, each in found.items()
    }
    wrong = {name: not abs(each["distance"]) <= limit for name, each in told.items()}
    refused = {name: wrong[name] or wrong["ours"] for name in told}
    return {"right": right, "limit": limit, "costs": told, "refused": refused}


def _compared(workload: Workload, took: Mapping[str, Times], name: str) -> dict[str, Any]:
    """The ratios of all rounds, which are each taken within one round, beside the target."""
    each = np.array(took[name].seconds) / np.array(took["ours"].seconds)
    target, median = workload.targets.get(name), float(np.median(each))
    return {
        "median": median,
        "quartiles": [float(value) for value in np.quantile(each, (0.25, 0.75))],
        "target": target,
        "of_fastest_rounds": min(took[name].seconds) / min(took["ours"].seconds),
        "reached": None if target is None else median >= target,
    }


def headline(result: Mapping[str, Any]) -> str:
    versions = ", ".join(f"{name} {number}" for name, number in result["versions"].items() if number)
    busy = (result["load_before"] or 0) > BUSY
    warning = "\nOthers are at work on this machine: these numbers say little." if busy else ""
    missing = f"\nnot installed: {', '.join(result['missing'])}" if result["missing"] else ""
    return (
        f"{result['date']}, {result['processor']}, {result['threads']} thread(s), float32, "
        f"load {result['load_before']}\n"
        f"Python {result['python']}, {versions}{missing}{warning}"
    )


if __name__ == "__main__":
    sys.exit(main())
