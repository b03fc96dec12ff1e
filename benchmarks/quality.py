"""Our estimators at their defaults beside their peers at theirs, on whole tables: ``make quality``.

With ``--ablations`` ours beside ours with one part less each; with ``--baseline`` beside ours before.

Every method sees the same training rows (80 %, classes in proportion) of every table for every seed, and is
measured on the other rows: classes by the share of wrong predictions and by log-loss (probabilities of at
least 1e-6), numbers by the root of the mean squared error in deviations of the training targets. Seconds are
those of fitting and predicting, each in a process of its own. ``--results`` keeps a line for each table,
seed, method and code (a hash of src/deepstep for ours, the version of a peer), which is not run twice.
"""

import argparse
import datetime
import json
import os
import sys
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
SOURCE = Path(os.environ.get("DEEPSTEP_SOURCE") or HERE.parent / "src")
SOURCES = HERE.parent / "runs" / "sources"
"""Where files of baselines are kept, with what was compiled of them."""
sys.path[:0] = [str(HERE), str(SOURCE)]

from machine import machine  # noqa: E402
from tables import ledger, records  # noqa: E402
from tables.judgement import Judgement, judge, report  # noqa: E402
from tables.methods import METHODS, PACKAGES  # noqa: E402
from tables.records import Key, Record  # noqa: E402
from tables.sets import ALL, DEVELOPMENT, HELD_BACK, TABLES  # noqa: E402

BEFORE = "before"
"""The name of ours at the baseline."""

RUN = f"{datetime.datetime.now(datetime.UTC).isoformat(timespec='seconds')} {os.getpid()}"
"""In the records: seconds are compared within one run."""


def main(arguments: Sequence[str] | None = None) -> int:
    asked = _arguments(arguments)
    methods = asked.methods or list(_ablations() if asked.ablations else METHODS)
    if asked.one:
        method, table, seed = asked.one
        print(json.dumps(records.fit(_known_methods([method]), method, table, int(seed), asked.limit)))
        return 0
    tables = asked.tables or list(
        HELD_BACK if asked.held_back else DEVELOPMENT if asked.development else TABLES
    )
    if asked.baseline and not asked.methods:
        methods = ["ours"]
    codes = {method: records.code_of(method, SOURCE) for method in methods}
    chosen, failed = _collect(asked, codes, tables, lambda: SOURCE)
    if asked.baseline:
        before, failed_before = _before(asked, tables)
        chosen, failed, methods = chosen + before, failed + failed_before, [methods[0], BEFORE, *methods[1:]]
    _write(asked, judge(chosen, methods, tables), methods, failed)
    return 1 if any("failed" in record for record in failed) else 0


def _write(
    asked: argparse.Namespace, judgement: Judgement, methods: Sequence[str], failed: Sequence[Record]
) -> None:
    print(report(judgement, methods))
    for record in failed:
        print(f"left out: {record['method']} on {record['table']}, seed {record['seed']}: {_reason(record)}")
    if asked.json:
        whole = {
            **judgement.to_dict(),
            "failed": failed,
            **machine(["numpy", *PACKAGES.values()], asked.threads),
        }
        asked.json.write_text(json.dumps(whole, indent=1) + "\n", encoding="utf-8")
    if asked.ledger:
        text = ledger.line(asked.ledger, judgement.duels[0], judgement.means[methods[0]].seeds)
        ledger.append(ledger.LEDGER, text)
        print(f"\n{text}")


def _collect(
    asked: argparse.Namespace, codes: Mapping[str, str], tables: Sequence[str], source: Callable[[], Path]
) -> tuple[list[Record], list[Record]]:
    """Records of all methods, tables and seeds, and of the fits that did not come to their end."""
    jobs = [
        (method, table, seed, code)
        for seed in range(asked.seeds)
        for table in tables
        for method, code in codes.items()
    ]
    kept = {} if asked.again else records.kept(asked.results)
    found = {job: kept[job] for job in jobs if job in kept}
    missing = [job for job in jobs if job not in found]
    for record in _run(asked, missing, source()) if missing else ():
        print(json.dumps(record), file=sys.stderr, flush=True)
        found[records.key(record)] = record
        if "failed" not in record:
            records.keep(asked.results, record)
    ended = [found[job] for job in jobs if "error" in found[job]]
    return ended, [found[job] for job in jobs if "error" not in found[job]]


def _run(asked: argparse.Namespace, jobs: Sequence[Key], source: Path) -> Iterator[Record]:
    """The records as they come."""
    notes = {"jobs": asked.jobs, "run": RUN}
    too_slow: set[tuple[str, str, str]] = set()

    def one(job: Key) -> Record:
        method, table, seed, code = job
        if (method, table, code) in too_slow:
            return {"method": method, "table": table, "seed": seed, "code": code, "over": asked.limit}
        record = records.fit_in_a_process(job, Path(__file__), source, asked.threads, asked.limit, notes)
        if "over" in record:
            too_slow.add((method, table, code))
        return record

    if asked.jobs == 1:
        _compile({job for job in jobs if job[0] not in PACKAGES}, asked.threads, source)
    pool = ThreadPoolExecutor(asked.jobs)
    try:
        for future in as_completed([pool.submit(one, job) for job in jobs]):
            yield future.result()
    finally:
        pool.shutdown(cancel_futures=True)  # after Ctrl-C, too


def _compile(jobs: Collection[Key], threads: int, source: Path) -> None:
    """Let ours compile what it keeps beside its source, by a table of either kind, before the clock runs."""
    if jobs:
        method, _, _, code = min(jobs)
        for table in ("iris", "diabetes"):
            records.fit_in_a_process((method, table, 0, code), Path(__file__), source, threads, None, {})


def _before(asked: argparse.Namespace, tables: Sequence[str]) -> tuple[list[Record], list[Record]]:
    """Ours at the baseline: the last records of a file, or those of a commit, fitted where there are none."""
    path = Path(asked.baseline)
    if path.is_file():
        last = {(r["table"], r["seed"]): r for r in records.kept(path).values() if r["method"] == "ours"}
        found = [r for (table, seed), r in last.items() if table in tables and seed < asked.seeds]
        ended, failed = records.losses(found), [record for record in found if "error" not in record]
    else:
        code = records.code_of_commit(asked.baseline)
        ended, failed = _collect(
            asked, {"ours": code}, tables, lambda: records.source_of_commit(asked.baseline, SOURCES / code)
        )
    return [{**record, "method": BEFORE} for record in ended], [{**r, "method": BEFORE} for r in failed]


def _reason(record: Record) -> str:
    if "over" in record:
        return f"more than {record['over']} s of the processor"
    return (record["failed"].strip().splitlines() or ["no output"])[-1]


def _ablations() -> dict[str, Callable[..., Any]]:
    """Read when they are asked for: they need the presets as they are now."""
    from tables.ablations import ABLATIONS

    return ABLATIONS


def _known_methods(names: Sequence[str]) -> Mapping[str, Callable[..., Any]]:
    return METHODS if set(names) <= set(METHODS) else METHODS | _ablations()


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--methods", nargs="+", metavar="METHOD", help=f"of {', '.join(METHODS)}, or ablations"
    )
    parser.add_argument("--ablations", action="store_true", help="ours, and ours with one part less each")
    parser.add_argument("--baseline", metavar="COMMIT_OR_FILE", help="beside ours before")
    parser.add_argument(
        "--tables", nargs="+", choices=list(ALL), metavar="TABLE", help=f"of {', '.join(ALL)}"
    )
    parser.add_argument("--development", "--more", action="store_true", help=f"the {len(DEVELOPMENT)} tables")
    parser.add_argument(
        "--held-back", action="store_true", help=f"the other {len(HELD_BACK)}, at the end alone"
    )
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument(
        "--jobs", type=int, default=1, help="fits side by side; more than 1: errors alone count"
    )
    parser.add_argument("--threads", type=int, help="of each fit; without: 2 of a single job, 1 of several")
    parser.add_argument(
        "--limit", type=int, metavar="SECONDS", help="of the processor: what needs more is left out"
    )
    parser.add_argument(
        "--again", action="store_true", help="run what is in the results, too: to compare seconds"
    )
    parser.add_argument("--results", type=Path, default=HERE / "quality.jsonl")
    parser.add_argument("--json", type=Path, help="write what is printed as JSON, too")
    parser.add_argument("--ledger", metavar="IDEA", help="append a line to ledger.md: the first duel")
    parser.add_argument("--one", nargs=3, metavar=("METHOD", "TABLE", "SEED"), help=argparse.SUPPRESS)
    asked = parser.parse_args(arguments)
    asked.threads = asked.threads or (2 if asked.jobs == 1 else 1)
    if asked.methods and (unknown := set(asked.methods) - set(_known_methods(asked.methods))):
        parser.error(f"--methods must be of {', '.join(_known_methods(asked.methods))}, got {unknown}.")
    if asked.ledger and (asked.held_back or set(asked.tables or ()) & set(HELD_BACK)):
        parser.error("--ledger is for ideas, which the held-back tables must not decide.")
    if asked.ledger and not asked.baseline and len(asked.methods or METHODS) < 2:
        parser.error("--ledger needs something to compare with: --baseline, or a second method.")
    return asked


if __name__ == "__main__":
    sys.exit(main())
