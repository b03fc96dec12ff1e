"""Seconds of a training until the error on held-out rows is a stated one, ours beside its peers': a part of
``make bench``, or ``python benchmarks/time_to_quality.py --help``.

All train the same network from the same first parameters, in float32, with the same batch size and Adam's
usual settings, each in its usual loop and in a process of its own; they take turns, seed by seed. After each
epoch the error is measured in NumPy while the clock stands. Seeds draw first parameters and the orders of
the examples; a training that does not reach the error within the workload's epochs counts as endless in the
median, and is shown. Beside the seconds by the clock stand those of processors, which others at work on the
machine change less. What compiling costs stands beside it: seconds of a new process from its imports to the
end of its first epoch, with nothing compiled, and with what an earlier process left on disk.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from importlib.util import find_spec
from math import inf
from pathlib import Path
from statistics import median
from time import sleep
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "src")]

from machine import load, machine  # noqa: E402
from race.entrants import LIBRARIES, REACHING  # noqa: E402
from race.rounds import PAUSE, Runner, WorkerError, first_call  # noqa: E402
from race.table import markdown  # noqa: E402
from race.workloads import CATS, TO_QUALITY, Workload  # noqa: E402
from speed import PACKAGES, headline, keep  # noqa: E402


def main(arguments: Sequence[str] | None = None) -> int:
    asked = _arguments(arguments)
    installed = [name for name in REACHING if find_spec(LIBRARIES[name])]
    engines = [name for name in installed if name in {"ours"} | set(asked.engines)]
    result: dict[str, Any] = {
        **machine(PACKAGES, asked.threads),
        "seeds": asked.seeds,
        "missing": [name for name in REACHING if name not in installed],
        "failed": {},
        "rows": {},
    }
    print(headline(result), flush=True)
    if "held-out-cats" in asked.workloads and not CATS.is_dir():
        asked.workloads.remove("held-out-cats")
        print(f"held-out-cats is left out: there is no folder {CATS}")
    with ExitStack() as stack:
        runners = [stack.enter_context(Runner(name, asked.threads)) for name in engines]
        for name in asked.workloads:
            result["rows"][name] = _row(TO_QUALITY[name], runners, asked.seeds, result["failed"])
            keep(result, asked.output)
            print(f"{name}: done", file=sys.stderr, flush=True)
    if not asked.no_first_calls:
        for name, row in result["rows"].items():
            for engine, told in row.items():
                told["first_call"] = asdict(first_call(engine, TO_QUALITY[name], asked.threads))
    result["load_after"] = load()
    print("\n" + _table(result["rows"]))
    for name, why in result["failed"].items():
        print(f"{name} failed: {why}")
    keep(result, asked.output)
    return 0


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--threads", type=int, default=2, help="processors of each engine")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--workloads", nargs="+", choices=list(TO_QUALITY), default=list(TO_QUALITY))
    parser.add_argument("--engines", nargs="*", choices=list(REACHING), default=list(REACHING))
    parser.add_argument("--no-first-calls", action="store_true", help="leave out new processes")
    parser.add_argument("--output", help="where results go as JSON")
    return parser.parse_args(arguments)


def _row(
    workload: Workload, runners: Sequence[Runner], n_seeds: int, failed: dict[str, str]
) -> dict[str, dict[str, Any]]:
    """By engine the trainings of all seeds; an engine that fails is left out and told."""
    found: dict[str, list[dict[str, Any]]] = {runner.name: [] for runner in runners}
    at_work = list(runners)
    for seed in range(-1, n_seeds):  # the first one compiles
        first = seed % max(1, len(at_work))
        for runner in [*at_work[first:], *at_work[:first]]:
            sleep(PAUSE)
            try:
                runner.ask("open", workload=workload.name, seed=max(seed, 0))
                if seed < 0:
                    runner.ask("work", units=2)
                else:
                    found[runner.name].append(runner.ask("reach"))
            except WorkerError as error:
                failed[f"{runner.name} at {workload.name}"] = str(error)
                at_work.remove(runner)
                del found[runner.name]
    return {engine: {"trainings": trainings, **_summary(trainings)} for engine, trainings in found.items()}


def _summary(trainings: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Medians in which a training that failed is endless: None where that is the median."""
    medians = {
        name: median(one[name] if one["reached"] else inf for one in trainings)
        for name in ("seconds", "cpu_seconds", "units")
    }
    return {
        **{name: None if value == inf else value for name, value in medians.items()},
        "reached": sum(one["reached"] for one in trainings),
    }


COLUMNS = (
    "workload, held-out error",
    "engine",
    "seconds",
    "÷ ours",
    "of processors",
    "÷ ours",
    "epochs",
    "seeds that reached it",
    "new process, nothing compiled, s",
    "compiled before, s",
)


def _table(rows: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> str:
    """A line for each workload and engine."""
    lines = [COLUMNS]
    for name, row in rows.items():
        aim = TO_QUALITY[name].aim
        assert aim is not None
        for engine, told in row.items():
            times = [
                cell
                for clock in ("seconds", "cpu_seconds")
                for cell in _times(told, row.get("ours", {}).get(clock), clock)
            ]
            first = told.get("first_call")
            calls = (
                [f"{first['imported'] + first[kind]:.2f}" for kind in ("cold", "warm")]
                if first
                else ["–"] * 2
            )
            title, units = f"{TO_QUALITY[name].title}, ≤ {100 * aim.error:g} %", told["units"]
            reached = f"{told['reached']} of {len(told['trainings'])}"
            lines.append((title, engine, *times, "–" if units is None else f"{units:g}", reached, *calls))
    return markdown(lines)


def _times(told: Mapping[str, Any], ours: float | None, clock: str) -> tuple[str, str]:
    """The median with the least and the most of those that reached it, and the ratio to ours."""
    own, each = told[clock], [one[clock] for one in told["trainings"] if one["reached"]]
    if own is None:
        return "–", "–"
    return f"{own:.3g} ({min(each):.3g}–{max(each):.3g})", "–" if ours is None else f"{own / ours:.2f}"


if __name__ == "__main__":
    sys.exit(main())
