"""deepstep doctor: the findings about a run, and trainings that leave the finite numbers."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import polars
import pytest

from deepstep import Network
from deepstep.run import Run
from report_page import check


def findings(deepstep, *words):
    """The findings by their kinds, in order; `--strict` fails where there are some."""
    plain, strict = (deepstep("doctor", *words, "--json", *more) for more in ([], ["--strict"]))
    by_kind: dict[str, dict] = {}
    for finding in json.loads(plain.out)["findings"]:
        by_kind.setdefault(finding["kind"], finding)
    assert (plain.code, strict.code, strict.out) == (0, bool(by_kind), plain.out)
    return by_kind


def reported(deepstep, folder):
    """The text of the report of a run."""
    assert deepstep("report", folder, "--overwrite").code == 0
    return check(Path("report.html")).text


def test_units_are_looked_at_on_a_table(deepstep, flowers, flower_run):
    assert "train with --log FILE.csv" in deepstep("doctor", flower_run).err
    run = Run.load(flower_run)
    run.ensemble.network.parameters["b1"][:] = -100
    run.save("dead")
    finding = findings(deepstep, "dead", "--data", flowers)["dead units"]
    assert (finding["layer"], finding["evidence"]) == (1, pytest.approx(1))


def test_what_cannot_be_learned_is_told_and_reported(deepstep, ensemble_run):
    assert deepstep("doctor", ensemble_run, "--strict") == (0, "Nothing was found.\n", "")
    rng = np.random.default_rng(0)
    frame = polars.DataFrame(rng.standard_normal((120, 10)), schema=list("abcdefghij"))
    frame.with_columns(t=rng.permutation(["no", "yes"] * 60)).write_csv("noise.csv")
    assert deepstep("train", "noise.csv", "--target t --set n_estimators=5 --out run").code == 0
    by_kind = findings(deepstep, "run")
    assert {"overfitting", "no better than a guess"} & by_kind.keys()
    text = reported(deepstep, "run")
    assert all(finding["sentence"] in text for finding in by_kind.values())
    assert "Nothing was found." not in text


# Trainings that diverge

GD = "--model network --set solver=gd --hidden-layers 4 --learning-rate"
FAR_TOO_HIGH = f"{GD} 1e200 --epochs 50"
LATER = f"{GD} 9 --set schedule.name=constant --set schedule.warm_up=0.9 --batch-size 4"


def divergence(deepstep, folder):
    """The finding, the first one, the same in the sentence and in JSON."""
    kind, finding = next(iter(findings(deepstep, folder).items()))
    assert (kind, finding["severity"]) == ("divergence", "serious")
    line = deepstep("doctor", folder).out.splitlines()[0]
    assert line == f"serious, divergence: {finding['sentence']}"
    return finding


def test_a_divergence_in_the_first_epoch_leaves_a_run(deepstep, flowers, tmp_path):
    result = deepstep("train", flowers, f"--target height {FAR_TOO_HIGH} --log log.csv --json")
    error, folder = json.loads(result.out)["error"], "runs/flowers"
    assert (result.code, error["kind"]) == (1, "DivergenceError")
    assert f"doctor {folder}" in result.err
    run, finding = Run.load(folder), divergence(deepstep, folder)
    assert (run.ensemble.history.stopped, run.ensemble.history.costs.tolist()) == ("diverged", [])
    assert np.isfinite(run.ensemble.network.parameters.flat).all()
    assert run.config["settings"]["learning_rate_init"] == 1e200
    assert (finding["layer"], finding["step"]) == (error["layer"], error["step"])
    assert f"layer {finding['layer']}, " in finding["says"]
    assert "lower the learning rate to about" in finding["hint"]
    assert {path.name for path in tmp_path.iterdir()} == {"runs", "log.csv"}
    # health that was asked for is not advised, and a gradient that is not finite is said in words
    advice, text = deepstep("doctor", folder).err, reported(deepstep, folder)
    assert "diverged before the end of its first epoch" in advice
    assert "it is not finite in any layer, so there is nothing to draw" in text
    assert ("train with --log" in advice + text, "nan in layer" in text) == (False, False)


@pytest.mark.slow
def test_the_epochs_before_and_the_last_good_checkpoint_are_kept(deepstep, flowers, monkeypatch):
    monkeypatch.setattr("deepstep.training.checkpoints.SECONDS", 0.0)
    typed = f"--target height --out run {LATER}"
    result = deepstep("train", flowers, typed, "--log", "one.csv")
    assert (result.code, "To start again, add --overwrite." in result.err) == (1, True)
    checkpoint = re.search(r"is kept; in Python it is Network.from_checkpoint\('(.*)'\)", result.err)[1]
    assert np.isfinite(Network.from_checkpoint(checkpoint).parameters.flat).all()
    run = Run.load("run")
    history, step = run.ensemble.history, run.config["diverged"]["step"]
    epochs, batches = len(history), history[0]["step"]
    assert epochs > 1
    assert run.config["diverged"]["costs"] == run.ensemble.history.costs.tolist()
    assert epochs * batches < step <= (epochs + 1) * batches
    assert "results" not in run.config
    text = reported(deepstep, "run")
    for part in (divergence(deepstep, "run")["sentence"], "values above 1e+100 are drawn there"):
        assert part in text
    for command in (["summary", "run"], ["trace", "run", "--layer", "1"]):
        assert deepstep(*command).code == 0
    assert "use the last finite parameters" in deepstep("predict", "run", flowers).err
    run = deepstep.run("train", flowers, typed.replace(" 9 ", " 0.01 "), "--overwrite")
    assert run.ensemble.history.stopped == "all epochs done"


def test_a_good_run_is_not_replaced_by_one_that_diverged(deepstep, flowers, flower_run, tmp_path):
    shutil.copytree(flower_run, "run")
    before, typed = Path("run/run.json").read_bytes(), "--target height --out run --overwrite"
    for _ in range(2):  # the second one replaces the first's
        result = deepstep("train", flowers, typed, FAR_TOO_HIGH)
        assert (result.code, "doctor run.diverged" in result.err) == (1, True)
        assert divergence(deepstep, "run.diverged")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run", "run.diverged"]
    shutil.rmtree("run.diverged")
    Path("run.diverged").write_text("mine")
    result = deepstep("train", flowers, typed, FAR_TOO_HIGH)
    assert result.code == 1
    assert "What was reached could not be kept: run.diverged " in result.err
    assert (Path("run.diverged").read_text(), Path("run/run.json").read_bytes()) == ("mine", before)


@pytest.mark.slow
def test_a_member_of_an_ensemble_that_diverges_is_kept(deepstep, flowers):
    typed = "--target height --set n_estimators=2 --epochs 5 --out run --learning-rate"
    result = deepstep("train", flowers, typed, "1e30")
    assert (result.code, "doctor run" in result.err) == (1, True)
    run = Run.load("run")
    (member,) = run.ensemble.members
    assert member.preset in result.err
    assert member.network.history.costs.tolist() == run.config["diverged"]["costs"]
    assert np.isfinite(member.network.parameters.flat).all()
    assert divergence(deepstep, "run")["sentence"] in reported(deepstep, "run")
    assert "diverged" not in deepstep.run("train", flowers, typed, "0.01").config
