"""How many wrong programs the tests notice: ``make mutate MUTANTS=200 SEED=0``.

cosmic-ray changes one operator, number or condition of a source file at a time: a mutant. The tests that
``pyproject.toml`` names for this file (``[tool.mutation]``) are then run. A mutant that fails a test, or does
not end in time, is killed; one that passes them all survives, and is printed with its change.

All of this happens in a copy below ``.mutation/``. A run that was interrupted goes on where it was when it is
started again; after any change of sources, tests or settings it begins anew.
"""

import argparse
import hashlib
import os
import random
import shutil
import sys
import time
import tomllib
from collections import Counter
from fnmatch import fnmatch
from pathlib import Path
from shlex import join
from subprocess import run

from cosmic_ray.commands import init
from cosmic_ray.mutating import mutate_and_test, mutate_code
from cosmic_ray.plugins import get_operator
from cosmic_ray.work_db import WorkDB, use_db
from cosmic_ray.work_item import WorkItem
from scipy.stats import binomtest

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / ".mutation"
PACKAGE = Path("src/deepstep")
COPIED = ("src", "tests", "docs", "pyproject.toml")


def place(item: WorkItem) -> tuple[str, tuple[int, int], str, int]:
    """Where a mutant is and what it changes: what items are sorted by."""
    mutation = item.mutations[0]
    return str(mutation.module_path), mutation.start_pos, mutation.operator_name, mutation.occurrence


def means_something(item: WorkItem) -> bool:
    """Whether the mutant is a program: not of a * or / between parameters, nor of the ** before a mapping."""
    mutation = item.mutations[0]
    source = mutation.module_path.read_text(encoding="utf-8")
    row, column = mutation.start_pos
    if source.split("\n")[row - 1][column:].startswith(("*,", "/,")):
        return False
    if not mutation.operator_name.endswith("Pow_Mul"):
        return True
    code = mutate_code(source, get_operator(mutation.operator_name)(), mutation.occurrence)
    try:
        compile(code, str(mutation.module_path), "exec")
    except SyntaxError:
        return False
    return True


def sample(files: list[Path], operators: list[str], mutants: int, seed: int) -> tuple[list[WorkItem], int]:
    """The mutants that are tried, and how many there are of which they were drawn."""
    with use_db(":memory:") as every:
        init(files, every, {})
        items = sorted(every.work_items, key=place)
    kept = [
        item
        for item in items
        if item.mutations[0].operator_name.removeprefix("core/") in operators and means_something(item)
    ]
    drawn = random.Random(seed).sample(kept, min(mutants, len(kept)))
    return sorted(drawn, key=place), len(kept)


def stages(source: Path, tests: dict[str, list[str]]) -> list[str]:
    """The lines that judge the mutants of a file: its own tests, then those of many files."""
    file = source.relative_to(PACKAGE).as_posix()
    of_file, of_many = [], []
    for pattern, named in tests.items():
        if fnmatch(file, pattern):
            (of_many if pattern.endswith("/*.py") else of_file).extend(named)
    groups = [group for group in (of_file, of_many) if group]
    groups[0] = [str(source), *groups[0]]  # its doctests; with tests beside them, tests/conftest.py is read
    options = ["-x", "-q", "-p", "no:cacheprovider", "--hypothesis-profile=mutation"]
    return [join([sys.executable, "-m", "pytest", *options, *group]) for group in groups]


def unchanged(line: str) -> float:
    """Seconds that tests take where nothing is changed."""
    start = time.monotonic()
    tried = run(line, shell=True, capture_output=True, text=True, check=False)
    if tried.returncode:
        sys.exit(
            f"these tests fail without any mutant:\n{line}\n{tried.stdout[-3000:]}{tried.stderr[-2000:]}"
        )
    return time.monotonic() - start


def copied() -> str:
    """Renew the copy, and give the digest of what is in it."""
    copy, digest = FOLDER / "copy", hashlib.sha256()
    for name in COPIED:
        target = copy / name
        shutil.rmtree(target, ignore_errors=True)
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(ROOT / name, target)
        for path in sorted(target.rglob("*.py")) if target.is_dir() else [target]:
            digest.update(path.relative_to(copy).as_posix().encode() + b"\0" + path.read_bytes())
    shared = FOLDER / "shared"
    if (ROOT.parent / "shared").is_dir() and not shared.exists():
        shared.symlink_to(ROOT.parent / "shared")
    os.chdir(copy)
    os.environ |= {
        "PYTHONPATH": str(copy / "src"),
        "OMP_NUM_THREADS": "1",
        "NUMBA_CACHE_DIR": str(FOLDER / "kernels"),
        "DEEPSTEP_SEED": "0",
    }
    return digest.hexdigest()


def judge(session: WorkDB, tests: dict[str, list[str]]) -> None:
    """Try every mutant that was not tried yet."""
    seconds: dict[str, float] = {}
    pending = sorted(session.pending_work_items, key=place)
    for number, item in enumerate(pending, 1):
        source = item.mutations[0].module_path
        lines = stages(source, tests)
        for line in lines:
            if line not in seconds:
                seconds[line] = unchanged(line)
        limit = 60 + 4 * sum(seconds[line] for line in lines)
        start = time.monotonic()
        result = mutate_and_test(item.mutations, join(["sh", "-c", " && ".join(lines)]), limit)
        session.set_result(item.job_id, result)
        took = f"{time.monotonic() - start:.0f} s"
        print(f"{number}/{len(pending)} {result.test_outcome.value:11} {took:>6} {told(item)}", flush=True)


def told(item: WorkItem) -> str:
    """A mutant in one line."""
    path, (row, column), operator, _ = place(item)
    return f"{Path(path).relative_to(PACKAGE)}:{row}:{column + 1} {operator.removeprefix('core/')}"


def report(session: WorkDB, total: int | None) -> None:
    """The survivors with their changes, the score of each file, and of all where the mutants were drawn."""
    tried, killed, late = Counter[str](), Counter[str](), 0
    for item, result in sorted(session.completed_work_items, key=lambda pair: place(pair[0])):
        if result.worker_outcome.value != "normal":
            sys.exit(f"cosmic-ray could not try {told(item)}:\n{result.output}")
        file = Path(place(item)[0]).relative_to(PACKAGE).as_posix()
        tried[file] += 1
        killed[file] += result.is_killed
        late += result.output == "timeout"
        if not result.is_killed:
            changed = [
                line
                for line in result.diff.split("\n")
                if line[:1] in "+-" and line[:3] not in {"+++", "---"}
            ]
            print(f"\nsurvived: {told(item)}", *changed, sep="\n")
    print()
    for file, of_file in tried.items():
        print(f"{file:45} {killed[file]:4} of {of_file:4} killed")
    n, k = tried.total(), killed.total()
    print(f"\n{k} of {n} mutants killed ({late} of them by time)")
    if total is not None:
        of_all = binomtest(k, n).proportion_ci(method="wilson")
        print(f"drawn from {total}: score {k / n:.1%}, 95 % interval {of_all.low:.1%} to {of_all.high:.1%}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--mutants", type=int, default=200, help="how many are drawn (default: 200)")
    parser.add_argument("--seed", type=int, default=0, help="of the draw (default: 0)")
    parser.add_argument("--files", default="*", help="below src/deepstep, such as 'equations/l*.py'")
    parser.add_argument(
        "--only",
        nargs="+",
        metavar="MUTANT",
        help="of those that are drawn, as they are printed: 'equations/heads.py:12:8 AddNot'",
    )
    given = parser.parse_args()

    digest = copied()
    settings = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["tool"]["mutation"]
    files = [
        path
        for path in sorted(PACKAGE.rglob("*.py"))
        if any(fnmatch(path.relative_to(PACKAGE).as_posix(), pattern) for pattern in settings["tests"])
        and fnmatch(path.relative_to(PACKAGE).as_posix(), given.files)
    ]
    if not files:
        parser.error(f"--files {given.files}: no file of [tool.mutation] has such a name")
    items, total = sample(files, settings["operators"], given.mutants, given.seed)
    if given.only and (unknown := set(given.only) - {told(item) for item in items}):
        parser.error(f"--only: these mutants are not drawn: {sorted(unknown)}")
    items = [item for item in items if not given.only or told(item) in given.only]
    asked = f"{given.mutants}-{given.seed}-{given.files}-{given.only}".encode()
    with use_db(FOLDER / f"{hashlib.sha256(digest.encode() + asked).hexdigest()[:16]}.sqlite") as session:
        if not session.num_work_items:
            session.add_work_items(items)
        judge(session, settings["tests"])
        report(session, None if given.only else total)


if __name__ == "__main__":
    main()
