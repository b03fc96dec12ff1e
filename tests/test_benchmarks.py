"""The race runs and tells everything about itself. How fast anything is, no test asks."""

import itertools
import json
import os
import subprocess
import sys
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import wilcoxon

pytest.importorskip("numba")

BENCHMARKS = Path(__file__).resolve().parents[1] / "benchmarks"


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    path = tmp_path_factory.mktemp("race") / "speed.json"
    command = [sys.executable, str(BENCHMARKS / "speed.py"), "--quick", "--no-first-calls", "--threads", "1"]
    chosen = ["--workloads", "planar", "row", "--engines", "scikit-learn", "reference"]
    run = subprocess.run(
        [*command, *chosen, "--output", str(path)], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    return json.loads(path.read_text(encoding="utf-8")), run.stdout


def test_the_result_is_whole(result):
    told, _ = result
    assert told["threads"] == 1
    assert told["date"]
    assert told["processor"]
    assert told["versions"]["numpy"]
    assert told["failed"] == {}
    for row in told["rows"].values():
        assert set(row["times"]) >= {"ours", "scikit-learn", "floor"} - ({"floor"} & row["times"].keys())
        assert all(len(each["rounds"]) == told["rounds"] for each in row["times"].values())
        assert set(row["ratios"]) == set(row["times"]) - {"ours"}


def test_everybody_did_the_same_work(result):
    told, _ = result
    for row in told["rows"].values():
        assert row["limit"] < 1e-3 * row["right"]
        assert not any(row["refused"].values()), row["costs"]


def test_the_table_has_every_row_and_every_engine(result):
    _, printed = result
    names = "planar 2-4-1|scikit-learn|reference|share of the floor|share of the engine|≥ 8"
    for name in names.split("|"):
        assert name in printed


def run_beside_the_benchmarks(code):
    code = f"import sys; sys.path.insert(0, {str(BENCHMARKS)!r})\n{code}"
    subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ, "OMP_NUM_THREADS": "1"})


def test_a_wrong_cost_gets_no_ratio():
    run_beside_the_benchmarks(
        "from speed import _judged\n"
        "from race.workloads import WORKLOADS\n"
        "from race.judgement import judge_of\n"
        "work = WORKLOADS['digits']\n"
        "right = judge_of(work).right\n"
        "row = _judged(work, {'ours': {'cost': right['outside'], 'epsilon_at': 'outside'},\n"
        "    'torch': {'cost': 1.001 * right['outside'], 'epsilon_at': 'outside'},\n"
        "    'jax': {'cost': float('nan'), 'epsilon_at': 'outside'}})\n"
        "assert row['refused'] == {'ours': False, 'torch': True, 'jax': True}, row\n"
    )


def test_time_to_quality_tells_of_every_training(tmp_path):
    path = tmp_path / "time_to_quality.json"
    typed = (
        "--threads 1 --seeds 2 --no-first-calls --workloads held-out-digits --engines scikit-learn --output"
    )
    command = [sys.executable, str(BENCHMARKS / "time_to_quality.py"), *typed.split(), str(path)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    row = json.loads(path.read_text(encoding="utf-8"))["rows"]["held-out-digits"]
    for told in (row["ours"], row["scikit-learn"]):
        assert all(one["reached"] and one["wrong"] <= 0.03 and one["units"] > 5 for one in told["trainings"])
        assert told["cpu_seconds"] > 0
    assert run.stdout.count("2 of 2") == 2


def test_scikit_learn_draws_the_first_parameters_of_the_others():
    run_beside_the_benchmarks(
        "from dataclasses import replace\n"
        "from race.workloads import TO_QUALITY, first_layers\n"
        "from race.entrants.partial_fit import Entrant\n"
        "work = replace(TO_QUALITY['held-out-digits'], rate=1e-30, seed=3)\n"
        "model = Entrant(work)\n"
        "model.work(1)\n"
        "for found, drawn in zip(model.layers(), first_layers(work), strict=True):\n"
        "    assert all((one == other).all() for one, other in zip(found, drawn, strict=True))\n"
    )


# Quality


def judgement(records):
    sys.path.insert(0, str(BENCHMARKS))
    try:
        from tables.judgement import judge, report

        methods, tables = ["ours", "theirs"], ["a", "b", "c"]
        found = judge(records, methods, tables)
        return found, report(found, methods)
    finally:
        sys.path.remove(str(BENCHMARKS))


def test_quality_compares_shared_seeds_alone():
    errors = {"a": (0.1, 0.2), "b": (0.3, 0.2), "c": (0.4, 0.8)}
    records = [
        {"method": method, "table": table, "seed": seed, "error": error + seed, "seconds": 1.0 + at}
        for table, pair in errors.items()
        for at, (method, error) in enumerate(zip(("ours", "theirs"), pair, strict=True))
        for seed in range(1 + (method == "theirs"))
    ]
    found, printed = judgement(records)
    (duel,) = found.duels
    logarithms = [np.log((ours + 1e-3) / (theirs + 1e-3)) for ours, theirs in errors.values()]
    assert duel.error == pytest.approx(np.exp(np.mean(logarithms)), rel=1e-12)
    farther = [np.log((ours + 1e-2) / (theirs + 1e-2)) for ours, theirs in errors.values()]
    assert duel.shifted == pytest.approx(np.exp(np.mean(farther)), rel=1e-12)
    assert duel.p == wilcoxon(logarithms).pvalue
    assert (duel.tables, duel.better, duel.worse, duel.seconds) == (3, 2, 1, 0.5)
    assert found.worst == ("b", pytest.approx(0.301 / 0.201))
    assert found.cells["a"]["theirs"].seeds == 2
    assert "b, +49.8 %" in printed
    json.dumps(found.to_dict(), allow_nan=False)


def test_scale_runs_and_tells_what_it_ran_on(tmp_path):
    pytest.importorskip("torch")
    path = tmp_path / "scale.json"
    typed = ["--quick", "--threads", "1", "--rows", "wide", "workers", "--accuracy", "--output", str(path)]
    run = subprocess.run(
        [sys.executable, str(BENCHMARKS / "scale.py"), *typed],
        capture_output=True,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        check=False,
    )
    assert run.returncode == 0, run.stderr
    told = json.loads(path.read_text(encoding="utf-8"))
    assert told["processor"] in run.stdout
    assert isinstance(told["matrix_instructions"], list)
    wide, workers = told["rows"]["wide"], told["workers"]
    assert [ratio["goal"] for ratio in (*wide["ratios"], workers["ratio"])] == [1.2, 3.0, 1.7]
    for times in (*(each["rounds"] for each in wide["times"].values()), *workers["seconds"].values()):
        assert len(times) == told["rounds"]
        assert min(times) > 0
    sizes = (50, 512, 512, 512, 2)
    n_parameters = sum((before + 1) * after for before, after in itertools.pairwise(sizes))
    assert workers["all_reduce"]["bytes"] == 4 * n_parameters  # of the gradient, in float32
    digits = told["accuracy"]["digits"]["errors"]
    assert all(0 <= error < 0.6 for error in (*digits["float32"], *digits["bfloat16"]))


@pytest.fixture(scope="module")
def plan():
    sys.path.insert(0, str(BENCHMARKS))
    import plan as module

    yield module
    sys.path.remove(str(BENCHMARKS))


def test_the_page_on_scale_has_the_numbers_that_were_computed(plan):
    """Renewed by: python benchmarks/plan.py --write"""
    page = plan.PAGE.read_text(encoding="utf-8")
    computed = plan.tables(json.loads(plan.MEASURED.read_text(encoding="utf-8")))
    assert plan.page_with(page, computed) == page
    assert all(f"| {n:,} |" in computed for n in (8, 64, 1024))


@pytest.mark.parametrize("n", [1, 2, 8, 64, 1024])
def test_the_model_of_a_ring(plan, n):
    """The oracle is the ring itself: each of its 2 (n - 1) rounds sends a part of n from each worker."""
    size, network = 2e6, plan.Network("", bandwidth=1e9, latency=1e-5)
    sent = seconds = 0.0
    for _ in range(2 * (n - 1)):
        sent += size / n
        seconds += size / n / network.bandwidth + network.latency
    assert plan.traffic(n, size) == pytest.approx(sent)
    assert plan.all_reduce(n, size, network) == pytest.approx(seconds)
    if n > 1:
        rows = plan.break_even(n, 1e-6, size, network, 0.9)
        assert rows * 1e-6 / plan.step(n, rows, 1e-6, size, network) == pytest.approx(0.9)


def test_more_workers_than_the_fastest_are_slower(plan):
    network, row, size = plan.Network("", 1e9, 1e-5), 1e-5, 2e6
    best = plan.fastest(row, size, network, 4096)
    seconds = [plan.step(n, 4096 / n, row, size, network) for n in (best // 2, best, 2 * best)]
    assert 1 < best < 2**16
    assert seconds[1] == min(seconds)


def test_mutation_runs_name_files_and_tests_that_are_there():
    root = BENCHMARKS.parent
    tests = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["tool"]["mutation"]["tests"]
    package = root / "src/deepstep"
    files = [path.relative_to(package).as_posix() for path in package.rglob("*.py")]
    assert [pattern for pattern in tests if not any(fnmatch(file, pattern) for file in files)] == []
    named = {name for of_file in tests.values() for name in of_file}
    for path, _, test in (name.partition("::") for name in sorted(named)):
        assert f"def {test}" in (root / path).read_text("utf-8")
