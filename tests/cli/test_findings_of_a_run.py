"""deepstep doctor: the findings about a run, and trainings that leave the finite numbers."""

import json
import re
import shutil
from dataclasses import replace

import numpy as np
import polars
import pytest

from deepstep import archive
from deepstep.ensembles import member_fit
from deepstep.run import Run
from report_page import check


def findings(deepstep, *words):
    """The findings by their kinds, in order; `--strict` fails where there are some."""
    plain, strict = (deepstep("doctor", *words, "--json", *more) for more in ([], ["--strict"]))
    found: dict[str, dict] = {}
    for one in json.loads(plain.out)["findings"]:
        found.setdefault(one["kind"], one)
    assert (plain.code, strict.code) == (0, bool(found))
    assert strict.out == plain.out
    return found


def reported(deepstep, folder, tmp_path):
    """The text of the report of a run."""
    assert deepstep("report", folder, "--overwrite").code == 0
    return check(tmp_path / "report.html").text


def test_a_rate_that_is_too_low(deepstep, flowers, tmp_path):
    typed = "--target kind --model network --epochs 15 --learning-rate 1e-7 --log log.csv --out sick"
    assert deepstep("train", flowers, typed).code == 0
    result = deepstep("doctor", "sick")
    assert (result.code, result.err) == (0, "")
    assert "warning, learning rate too low: the cost fell steadily, and by no more than" in result.out
    found = findings(deepstep, "sick")["learning rate too low"]
    costs = Run.load("sick").history.costs
    assert found["evidence"] == pytest.approx((costs[0] - costs.min()) / costs[0])
    assert found["sentence"].endswith(".")
    assert json.loads(deepstep("doctor", "sick", "--json").out)["health"] is True


def test_a_rate_that_is_too_high_is_told_before_what_came_of_it(deepstep, flowers):
    typed = "--target kind --out high --model network --learning-rate 3 --epochs 40 --batch-size 16"
    assert deepstep("train", flowers, typed).code == 0
    assert next(iter(findings(deepstep, "high"))) == "learning rate too high"


def test_units_are_looked_at_on_a_table(deepstep, flowers, flower_run):
    assert "train with --log FILE.csv" in deepstep("doctor", flower_run).err
    run = Run.load(flower_run)
    run.network.parameters["b1"][:] = -100
    run.save("dead")
    found = findings(deepstep, "dead", "--data", flowers)["dead units"]
    assert (found["layer"], found["evidence"]) == (1, pytest.approx(1))


@pytest.mark.parametrize(
    "preset", ["--model network --epochs 150 --learning-rate 0.01 --log log.csv", "--set n_estimators=5"]
)
def test_what_cannot_be_learned_is_found(deepstep, tmp_path, preset):
    rng = np.random.default_rng(0)
    frame = polars.DataFrame(rng.standard_normal((120, 10)), schema=list("abcdefghij"))
    frame.with_columns(t=rng.permutation(["no", "yes"] * 60)).write_csv("noise.csv")
    assert deepstep("train", "noise.csv", "--target t --test-fraction 0.3 --out run", preset).code == 0
    found = findings(deepstep, "run")
    assert {"overfitting", "no better than a guess"} & found.keys()
    text = reported(deepstep, "run", tmp_path)
    assert all(finding["sentence"] in text for finding in found.values())
    assert "Nothing was found." not in text


def test_a_network_that_cannot_tell_cats_is_called_so(deepstep, shared):
    """Its answers to training rows are better than always the largest class by a hair, to test rows worse."""
    deepstep("demo", "cats", "--data", shared / "data" / "cats", "--out cats --iterations 40")
    for name in ("cats-2-layer", "cats-4-layer"):
        found = findings(deepstep, name)
        assert found["no better than a guess"]["severity"] == "serious"
        assert "'cat' is never predicted" in found["class never predicted"]["says"]


def test_nothing_is_found_of_a_healthy_run(deepstep):
    """A table of mixed columns with gaps, whose target is partly luck."""
    rng, m = np.random.default_rng(0), 400
    female, grade = rng.random(m) < 0.35, rng.choice([1, 2, 3], m, p=[0.25, 0.2, 0.55])
    age = rng.normal(30, 14, m).clip(1, 80).round()
    logit = -1.2 + 2.5 * female + 0.9 * (2 - grade) - 0.02 * (age - 30) + 0.8 * (age < 10)
    columns = {
        "class": grade,
        "sex": np.where(female, "female", "male"),
        "age": [None if gap else one for gap, one in zip(rng.random(m) < 0.2, age, strict=True)],
        "fare": np.exp(rng.normal(4.2 - 0.6 * grade, 0.6)).round(2),
        "survived": np.where(rng.random(m) < 1 / (1 + np.exp(-logit)), "yes", "no"),
    }
    polars.DataFrame(columns).write_csv("t.csv")
    assert deepstep("train", "t.csv", "--target survived --set n_estimators=5 --out run").code == 0
    assert deepstep("doctor", "run", "--strict") == (0, "Nothing was found.\n", "")


@pytest.fixture
def change(ensemble_run, tmp_path):
    """Write the ensemble's run again with other results, or best epochs of the members."""

    def changed(results=(), best_epoch=None):
        folder = tmp_path / "changed"
        shutil.copytree(ensemble_run, folder)
        record = archive.read(folder)
        if best_epoch is not None:
            predictor = record["model"]
            members = [replace(one, best_epoch=best_epoch) for one in predictor.ensemble.members]
            ensemble = replace(predictor.ensemble, members=tuple(members))
            archive.write_files(folder, {**record, "model": replace(predictor, ensemble=ensemble)})
        run = Run.load(folder)
        for part, figures in dict(results).items():
            run.config["results"][part] |= figures
        run.write_results(folder)
        return folder

    return changed


def test_findings_of_an_ensemble(deepstep, change, tmp_path):
    folder = change({"out_of_fold": {"accuracy": 0.52, "balanced_accuracy": 0.52}})
    assert "warning, overfitting: on the training set, " in deepstep("doctor", folder).out
    found = findings(deepstep, folder)
    assert 0.5 < found["overfitting"]["evidence"] <= 1
    assert deepstep("report", folder).out.endswith(f"{len(found)} findings)\n")
    assert found["overfitting"]["sentence"] in check(tmp_path / "report.html").text


def test_members_that_were_best_at_the_end(deepstep, change, ensemble_run):
    epochs = Run.load(ensemble_run).ensemble.members[0].epochs
    assert "note, not converged: 2 of 2 members (gated)" in deepstep("doctor", change((), epochs)).out


def test_a_class_of_which_no_row_is_recognized(deepstep):
    rng, m = np.random.default_rng(3), 240
    rare = np.arange(m) % 10 == 0  # nothing tells these rows from those of b
    kinds = np.where(rare, "rare", rng.choice(["a", "b"], m))
    frame = polars.DataFrame({"x": np.where(kinds == "a", 0.0, 3.0) + rng.normal(0, 0.5, m), "kind": kinds})
    frame.write_csv("t.csv")
    assert (
        deepstep(
            "train", "t.csv", "--target kind --out run --model network --epochs 20 --test-fraction 0.4"
        ).code
        == 0
    )
    recall = Run.load("run").config["results"]["test"]["recall"]
    assert recall["rare"] == 0
    assert min(recall["a"], recall["b"]) > 0
    printed = deepstep("doctor", "run").out
    assert re.search(r"class never (predicted|recognized): .*class 'rare'", printed)
    assert printed.count("'rare'") == 1
    run = Run.load("run")
    run.config["results"]["train"]["recall"]["rare"] = 0.1
    run.save("learned")
    found = findings(deepstep, "learned")["class never recognized"]
    assert found["severity"] == "warning"
    assert (
        found["says"] == "on the test set, no row of class 'rare' (10 rows) is predicted as such (recall 0)"
    )


# Trainings that diverge

GD = "--model network --set solver=gd --hidden-layers 4 --learning-rate "
FAR_TOO_HIGH = f"{GD} 1e200 --epochs 50"
LATER = f"{GD} 9 --set schedule.name=constant --set schedule.warm_up=0.9 --batch-size 4"


def divergence(deepstep, folder):
    """The finding, the first one, the same in the sentence and in JSON."""
    kind, finding = next(iter(findings(deepstep, folder).items()))
    assert (kind, finding["severity"]) == ("divergence", "serious")
    said = deepstep("doctor", folder).out.splitlines()[0]
    assert said == f"serious, divergence: {finding['sentence']}"
    return finding


@pytest.mark.parametrize("out", ["", "a/b/new"])
def test_a_divergence_in_the_first_epoch_leaves_a_run(deepstep, flowers, tmp_path, out):
    typed = ["--out", out] if out else []
    result = deepstep("train", flowers, f"--target height {FAR_TOO_HIGH} --log log.csv --json", *typed)
    error, folder = json.loads(result.out)["error"], out or "runs/flowers"
    assert (result.code, error["kind"]) == (1, "DivergenceError")
    assert f"doctor {folder}" in result.err
    run, finding = Run.load(folder), divergence(deepstep, folder)
    assert (run.history.stopped, run.history.costs.tolist()) == ("diverged", [])
    assert np.isfinite(run.network.parameters.flat).all()
    assert run.config["settings"]["learning_rate_init"] == 1e200
    assert (finding["layer"], finding["step"]) == (error["layer"], error["step"])
    assert f"layer {finding['layer']}, " in finding["says"]
    assert f"step {finding['step']}, at learning rate 1e+200" in finding["says"]
    assert "lower the learning rate to about" in finding["hint"]
    assert {path.name for path in tmp_path.iterdir()} == {folder.split("/")[0], "log.csv"}
    # health that was asked for is not advised, and a gradient that is not finite is said in words
    told = deepstep("doctor", folder)
    assert "diverged before the end of its first epoch" in told.err
    text = reported(deepstep, folder, tmp_path)
    assert "train with --log" not in told.err + text
    assert "it is not finite in any layer, so there is nothing to draw" in text
    assert "nan in layer" not in text


def test_the_epochs_before_are_kept_and_reported_and_the_next_training_takes_the_place(
    deepstep, flowers, tmp_path
):
    typed = f"--target height --out run {LATER}"
    assert deepstep("train", flowers, typed, "--log", "one.csv").code == 1
    run = Run.load("run")
    epochs, step, of_batches = len(run.history), run.config["diverged"]["step"], run.history[0]["step"]
    assert epochs > 1
    assert run.config["diverged"]["costs"] == run.history.costs.tolist()
    assert epochs * of_batches < step <= (epochs + 1) * of_batches
    assert "results" not in run.config
    text = reported(deepstep, "run", tmp_path)
    for part in (
        divergence(deepstep, "run")["sentence"],
        "diverged: ",
        "values above 1e+100 are drawn there",
    ):
        assert part in text
    for command in (["summary", "run"], ["trace", "run", "--layer", "1"]):
        assert deepstep(*command).code == 0
    told = deepstep("predict", "run", flowers)
    assert "diverged; predictions use the last finite parameters" in told.err
    assert deepstep("train", flowers, typed.replace(" 9 ", " 0.01 ")).code == 0  # replaces it
    assert Run.load("run").history.stopped == "all epochs done"


@pytest.mark.parametrize(
    "more",
    ["--set early_stopping=true", "--set alpha=0.1 --set normalization=batch", "--set activation=identity"],
)
def test_every_page_of_a_diverged_run_is_whole(deepstep, flowers, tmp_path, more):
    target = "kind" if "identity" in more else "height"
    result = deepstep("train", flowers, f"--target {target} --out run {FAR_TOO_HIGH} {more}")
    if result.code == 1:
        assert divergence(deepstep, "run")
        assert "divergence" in reported(deepstep, "run", tmp_path)
    else:  # a bounded gradient overflows nothing
        assert Run.load("run").history.stopped == "all epochs done"


def test_a_good_run_is_not_replaced_by_one_that_diverged(deepstep, flowers, flower_run, tmp_path):
    shutil.copytree(flower_run, "run")
    kept, typed = (tmp_path / "run" / "run.json").read_bytes(), "--target height --out run --overwrite "
    for _ in range(2):  # the second one replaces the first's
        result = deepstep("train", flowers, typed + FAR_TOO_HIGH)
        assert result.code == 1
        assert "doctor run.diverged" in result.err
        assert (tmp_path / "run" / "run.json").read_bytes() == kept
        assert divergence(deepstep, "run.diverged")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run", "run.diverged"]
    shutil.rmtree("run.diverged")
    (tmp_path / "run.diverged").write_text("mine")
    result = deepstep("train", flowers, typed + FAR_TOO_HIGH)
    assert result.code == 1
    assert "What was reached could not be kept: run.diverged: " in result.err
    assert (tmp_path / "run.diverged").read_text() == "mine"
    assert Run.load("run").history.stopped == "all epochs done"


@pytest.mark.parametrize("target", ["kind", "height"])
def test_a_member_of_an_ensemble_that_diverges_is_kept(deepstep, flowers, tmp_path, monkeypatch, target):
    start = member_fit.realmlp_init

    def huge(shape, dtype, rng):
        """Weights from which the first products overflow."""
        values, factors = start(shape, dtype, rng)
        return values.like(values.flat * np.float32(1e30)), factors

    monkeypatch.setattr(member_fit, "realmlp_init", huge)
    typed = ["train", flowers, f"--target {target} --set n_estimators=2 --out run"]
    result = deepstep(*typed)
    assert result.code == 1
    assert "doctor run" in result.err
    run = Run.load("run")
    (member,) = run.ensemble.members
    assert member.preset in result.err
    assert member.network.history.costs.tolist() == run.config["diverged"]["costs"]
    assert np.isfinite(member.network.parameters.flat).all()
    finding = divergence(deepstep, "run")
    assert finding["sentence"] in reported(deepstep, "run", tmp_path)
    monkeypatch.setattr(member_fit, "realmlp_init", start)
    assert deepstep(*typed).code == 0
    assert "diverged" not in Run.load("run").config


def test_figures_of_huge_costs_are_drawn():
    from deepstep import History
    from deepstep.plots import TrainingCurveDisplay
    from deepstep.report.figures import figure

    costs = [1.0, 1e40, 1e160, 1.7e308]
    history = History({"epoch": at, "cost": cost, "learning_rate": 10.0**at} for at, cost in enumerate(costs))
    display = TrainingCurveDisplay.from_history(history)
    assert "1.7e+308" in display.describe()
    assert "<svg" in figure(display, "curve", "Costs")
    assert display.lines_["cost"].get_ydata().max() == 1e100
