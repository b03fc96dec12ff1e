"""The race runs and tells everything about itself. How fast anything is, no test asks."""

import importlib
import itertools
import json
import tomllib
from contextlib import nullcontext
from dataclasses import replace
from fnmatch import fnmatch
from functools import cache, partial
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import wilcoxon

pytestmark = pytest.mark.slow

pytest.importorskip("numba")

BENCHMARKS = Path(__file__).resolve().parents[1] / "benchmarks"


@pytest.fixture(scope="module")
def beside():
    """Imports a module of the benchmarks."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCHMARKS))
        yield importlib.import_module


@pytest.fixture
def measured(beside, tmp_path, capsys):
    """The record that a measurement writes, and what it prints."""

    def measure(program, options):
        path = tmp_path / "measured.json"
        typed = ["--threads", "1", *options.split(), "--output", str(path)]
        assert beside(program).main(typed) == 0
        return json.loads(path.read_text(encoding="utf-8")), capsys.readouterr().out

    return measure


@pytest.fixture
def without_processes(beside, monkeypatch):
    """Lets the engines of a program work in this process; those of the race have processes of their own."""

    class Within(beside("race.worker").Worker):
        def __init__(self, name, n_threads):
            super().__init__(name)
            self.name = name

        def ask(self, do, **request):
            return getattr(self, do)(**request)

    within = lambda name, n_threads: nullcontext(Within(name, n_threads))  # noqa: E731
    return lambda program: monkeypatch.setattr(beside(program), "Runner", within)


def test_the_race_is_whole_and_everybody_did_the_same_work(measured):
    options = "--quick --no-first-calls --workloads planar row --engines scikit-learn reference"
    told, printed = measured("speed", options)
    assert all((told["threads"] == 1, told["date"], told["processor"], told["versions"]["numpy"]))
    assert told["failed"] == {}
    for row in told["rows"].values():
        assert set(row["times"]) >= {"ours", "scikit-learn"}
        assert all(len(each["rounds"]) == told["rounds"] for each in row["times"].values())
        assert set(row["ratios"]) == set(row["times"]) - {"ours"}
        assert row["limit"] < 1e-3 * row["right"]
        assert not any(row["refused"].values()), row["costs"]
    names = "planar 2-4-1|scikit-learn|reference|share of the floor|share of the engine|≥ 8"
    assert [name for name in names.split("|") if name not in printed] == []


def test_a_wrong_cost_gets_no_ratio_and_scikit_learn_begins_where_the_others_do(beside):
    workloads = beside("race.workloads")
    work = workloads.WORKLOADS["digits"]
    outside = beside("race.judgement").judge_of(work).right["outside"]
    costs = {"ours": outside, "torch": 1.001 * outside, "jax": float("nan")}
    costs = {name: {"cost": cost, "epsilon_at": "outside"} for name, cost in costs.items()}
    assert beside("speed")._judged(work, costs)["refused"] == {"ours": False, "torch": True, "jax": True}
    work = replace(workloads.TO_QUALITY["held-out-digits"], rate=1e-30, seed=3)
    model = beside("race.entrants.partial_fit").Entrant(work)
    model.work(1)
    for layer, drawn in zip(model.layers(), workloads.first_layers(work), strict=True):
        assert all((values == others).all() for values, others in zip(layer, drawn, strict=True))


def test_time_to_quality_tells_of_every_training(measured, without_processes):
    without_processes("time_to_quality")
    options = "--seeds 2 --no-first-calls --workloads held-out-digits --engines scikit-learn"
    told, printed = measured("time_to_quality", options)
    row = told["rows"]["held-out-digits"]
    for way in (row["ours"], row["scikit-learn"]):
        trainings = way["trainings"]
        assert all(one["reached"] and one["wrong"] <= 0.03 and one["units"] > 5 for one in trainings)
        assert way["cpu_seconds"] > 0
    assert printed.count("2 of 2") == 2


@pytest.fixture(scope="module")
def quality(beside):
    return beside("quality")


def made_up(method, table, errors, **given):
    return [
        {"method": method, "table": table, "seed": seed, "error": error, "log_loss": None, "seconds": 1.0}
        | {"jobs": 1, "threads": 1, "run": "a", "code": f"{method} 1"}
        | given
        for seed, error in enumerate(errors)
    ]


def test_quality_compares_shared_seeds_alone(quality):
    errors = {"a": (0.1, 0.2), "b": (0.3, 0.2), "c": (0.4, 0.8)}
    records = [
        record
        for table, (ours, theirs) in errors.items()
        for record in (*made_up("ours", table, [ours]), *made_up("theirs", table, [theirs, 9.0], seconds=2.0))
    ]
    found = quality.judge(records, ["ours", "theirs"], ["a", "b", "c"])
    (duel,) = found.duels
    logarithms = [np.log((ours + 0.01) / (theirs + 0.01)) for ours, theirs in errors.values()]
    assert duel.error == pytest.approx(np.exp(np.mean(logarithms)), rel=1e-12)
    assert found.means["ours"].error / found.means["theirs"].error != duel.error  # the shift is taken off
    ratio = (found.means["ours"].error + 0.01) / (found.means["theirs"].error + 0.01)
    assert ratio == pytest.approx(duel.error, rel=1e-12)
    assert duel.p == wilcoxon(logarithms).pvalue
    assert (duel.tables, duel.better, duel.worse, duel.seconds, duel.log_loss) == (3, 2, 1, 0.5, None)
    assert (duel.wins, duel.losses) == (0, 0)  # of a single seed nobody knows the standard error
    assert found.worst is None
    assert found.behind[0].table == "b"
    assert found.behind[0].ratio == pytest.approx(0.31 / 0.21)
    assert found.cells["a"]["theirs"].seeds == 2
    printed = quality.report(found, ["ours", "theirs"])
    assert "+47.6 %  theirs  (not beyond its standard error)" in printed
    json.dumps(found.to_dict(), allow_nan=False)


def test_wins_and_losses_exceed_the_standard_error_of_paired_differences(quality):
    records = [
        *(record for table in "xyz" for record in made_up("theirs", table, [0.12, 0.3, 0.22])),
        *made_up("ours", "x", [0.11, 0.29, 0.21]),  # each difference is -0.01
        *made_up("ours", "y", [0.1, 0.33, 0.2]),  # -0.02, 0.03, -0.02: the mean is -0.003 ± 0.017
        *made_up("ours", "z", [0.2, 0.4, 0.31]),
        *(record for table in "xyz" for record in made_up("third", table, [0.5, 0.5, 0.5])),
    ]
    found = quality.judge(records, ["ours", "theirs", "third"], list("xyz"))
    duel, other = found.duels
    assert (duel.better, duel.worse, duel.wins, duel.losses) == (2, 1, 1, 1)
    assert (other.wins, other.losses) == (3, 0)
    assert (found.worst.table, found.worst.best, found.worst.beyond) == ("z", "theirs", True)
    assert [each.table for each in found.behind] == ["z", "y", "x"]


def test_probabilities_become_an_error_and_a_log_loss(quality):
    known, seen = np.array(["10", "2", "x"]), np.array(["2", "x", "10", "2"])
    table = quality.records.Table("t", True, None, None)
    predicted = np.array([[0.1, 0.6, 0.3], [0.5, 0.1, 0.4], [1.0, 0.0, 0.0], [1.0, 0.0, 0.0]])
    found = quality.records._losses(table, predicted, known, seen)
    assert found["error"] == 0.5
    assert found["log_loss"] == pytest.approx(-np.log([0.6, 0.4, 1.0, 1e-6]).mean())
    numbers = quality.records._losses(
        table._replace(classes=False), np.ones(2), np.array([0, 4]), np.zeros(2)
    )
    assert numbers == {"error": 0.5, "log_loss": None}


def test_the_tables_that_are_held_back_stay_so(quality, capsys):
    assert (
        *("phoneme", "sonar", "breast", "crx", "heart", "led7digit", "monk-2", "penbased", "ring", "vehicle"),
        *("chem_yield", "epa", "metabolism", "mlb", "quakes"),
    ) == quality.HELD_BACK
    assert not set(quality.HELD_BACK) & set(quality.DEVELOPMENT)
    assert set(quality.HELD_BACK) | set(quality.DEVELOPMENT) == set(quality.ALL)
    with pytest.raises(SystemExit):
        quality.main(["--tables", "sonar", "--ledger", "wider"])
    assert "must not decide" in capsys.readouterr().err


def test_records_are_kept_by_the_code_that_computed_them(quality, tmp_path):
    pytest.importorskip("pandas")
    results = tmp_path / "results.jsonl"
    typed = ["--methods", "scikit-learn", "--tables", "iris", "wine", "--results", str(results)]
    typed += ["--seeds", "1"]
    assert quality.main([*typed, "--jobs", "2"]) == 0
    first = results.read_text(encoding="utf-8")
    records = [json.loads(line) for line in first.splitlines()]
    assert {(record["table"], record["seed"]) for record in records} == {("iris", 0), ("wine", 0)}
    for record in records:
        assert (record["jobs"], record["threads"]) == (2, 1)
        assert record["code"].startswith("scikit-learn ")
        assert 0 <= record["error"] < 0.2
        assert 0 < record["log_loss"] < 1
    assert quality.main(typed) == 0
    assert results.read_text(encoding="utf-8") == first
    results.write_text(first.replace(records[0]["code"], "scikit-learn 0.1", 1), encoding="utf-8")
    assert quality.main(typed) == 0
    again = [json.loads(line) for line in results.read_text(encoding="utf-8").splitlines()[2:]]
    assert [record["table"] for record in again] == [records[0]["table"]]
    assert quality.main([*typed[:3], "digits", *typed[5:], "--limit", "1"]) == 0
    *_, last = results.read_text(encoding="utf-8").splitlines()
    assert (json.loads(last)["table"], json.loads(last)["over"]) == ("digits", 1)


def test_a_commit_has_the_hash_of_its_files(quality, tmp_path):
    if not (BENCHMARKS.parent / ".git").exists():
        pytest.skip("needs the repository")
    records, program = quality.records, tmp_path / "program.py"
    source = records.source_of_commit("HEAD", tmp_path)
    code = records.code_of("ours", source)
    assert code == records.code_of_commit("HEAD")
    program.write_text("print('{\"error\": 0.5}')", encoding="utf-8")
    fit = ("ours", "iris", 0, code), program, source, 1, None, {"jobs": 1}
    record = records.fit_in_a_process(*fit)
    assert (record["error"], record["code"], record["jobs"], record["threads"]) == (0.5, code, 1, 1)
    (source / "deepstep" / "more.py").write_text("", encoding="utf-8")
    assert records.code_of("ours", source) != code
    assert "was changed" in records.fit_in_a_process(*fit)["failed"]


def test_scale_runs_and_tells_what_it_ran_on(measured, beside, without_processes, monkeypatch):
    """Torchrun starts two workers, whose times are those of one here as well."""
    pytest.importorskip("torch")
    without_processes("scale")
    of_two = cache(partial(beside("scale")._by_torchrun, 2))
    monkeypatch.setattr(beside("scale"), "_by_torchrun", lambda n, *work: of_two(*work))
    told, printed = measured("scale", "--quick --rows images workers --accuracy")
    assert told["processor"] in printed
    assert isinstance(told["matrix_instructions"], list)
    images, workers = told["rows"]["images"], told["workers"]
    assert [ratio["goal"] for ratio in (*images["ratios"], workers["ratio"])] == [1.3, None, 1.7]
    for times in (*(each["rounds"] for each in images["times"].values()), *workers["seconds"].values()):
        assert len(times) == told["rounds"]
        assert min(times) > 0
    sizes = (50, 512, 512, 512, 2)
    n_parameters = sum((before + 1) * after for before, after in itertools.pairwise(sizes))
    assert workers["all_reduce"]["bytes"] == 4 * n_parameters  # of the gradient, in float32
    digits = told["accuracy"]["digits"]["errors"]
    assert all(0 <= error < 0.6 for error in (*digits["float32"], *digits["bfloat16"]))


@pytest.fixture(scope="module")
def plan(beside):
    return beside("plan")


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
    assert plan.step(n, 100, 1e-6, size, network) == pytest.approx(1e-4 + seconds)


def test_mutation_runs_name_files_and_tests_that_are_there():
    root = BENCHMARKS.parent
    tests = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["tool"]["mutation"]["tests"]
    package = root / "src/deepstep"
    files = [path.relative_to(package).as_posix() for path in package.rglob("*.py")]
    assert [pattern for pattern in tests if not any(fnmatch(file, pattern) for file in files)] == []
    named = {name for of_file in tests.values() for name in of_file}
    for path, _, test in (name.partition("::") for name in sorted(named)):
        assert f"def {test}" in (root / path).read_text("utf-8")
