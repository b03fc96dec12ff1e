"""A training that leaves the finite numbers: the run that it leaves, and what doctor and report say of it."""

import json
import shutil

import numpy as np
import pytest

from deepstep.estimators import members
from deepstep.run import Run
from report_page import check

FAR_TOO_HIGH = ["--optimizer", "gd", "--learning-rate", "1e200", "--hidden-layers", "4", "--iterations", "50"]
LATER = [
    "--optimizer",
    "gd",
    "--learning-rate",
    "9",
    "--hidden-layers",
    "4",
    "--warmup-fraction",
    "0.9",
    "--batch-size",
    "4",
]


def one_sentence(deepstep, folder):
    """The finding, the same in the sentence and in JSON; `--strict` fails."""
    found = json.loads(deepstep("doctor", folder, "--strict", "--json").out)["findings"]
    result = deepstep("doctor", folder, "--strict")
    assert result.code == 1
    (finding,) = [one for one in found if one["kind"] == "divergence"]
    assert finding == found[0]
    assert finding["severity"] == "serious"
    assert result.out.splitlines()[0] == f"serious, divergence: {finding['sentence']}"
    return finding


@pytest.mark.parametrize("out", [[], ["--out", "new"], ["--out", "a/b/new"]])
def test_a_divergence_in_the_first_epoch_leaves_a_run(deepstep, flowers, tmp_path, out):
    result = deepstep("train", flowers, "--target", "height", *out, *FAR_TOO_HIGH, "--json")
    assert result.code == 1
    error = json.loads(result.out)["error"]
    assert error["kind"] == "DivergenceError"
    folder = out[-1] if out else "runs/flowers"
    assert f"doctor {folder}" in result.err
    run = Run.load(folder)
    assert (run.history.stopped, run.history.costs.tolist()) == ("diverged", [])
    assert np.isfinite(run.network.parameters.flat).all()
    assert run.config["settings"]["learning_rate"] == 1e200
    finding = one_sentence(deepstep, folder)
    assert (finding["layer"], finding["step"]) == (error["layer"], error["step"])
    assert f"layer {finding['layer']}, " in finding["says"]
    assert f"step {finding['step']}, at learning rate 1e+200" in finding["says"]
    assert "lower the learning rate to about" in finding["hint"]
    assert [path.name for path in tmp_path.iterdir()] == [folder.split("/")[0]]


def test_the_epochs_before_are_kept_and_the_next_training_takes_the_place(deepstep, flowers):
    assert deepstep("train", flowers, "--target", "height", "--out", "run", *LATER).code == 1
    run = Run.load("run")
    epochs, step = len(run.history), run.config["diverged"]["step"]
    assert epochs > 1
    assert run.config["diverged"]["costs"] == run.history.costs.tolist()
    of_batches = run.history[0]["step"]
    assert epochs * of_batches < step <= (epochs + 1) * of_batches
    assert "results" not in run.config
    lower = [word if word != "9" else "0.01" for word in LATER]
    assert deepstep("train", flowers, "--target", "height", "--out", "run", *lower).code == 0  # replaces it
    assert Run.load("run").history.stopped == "all epochs done"


def test_the_report_tells_the_same(deepstep, flowers, tmp_path):
    deepstep("train", flowers, "--target", "height", "--out", "run", *LATER, "--log", "health")
    finding = one_sentence(deepstep, "run")
    result = deepstep("report", "run")
    assert (result.code, result.err) == (0, "")
    page = check(tmp_path / "report.html")
    assert finding["sentence"] in page.text
    assert "diverged: " in page.text
    assert "values above 1e+100 are drawn there" in page.text
    for command in (["summary", "run"], ["trace", "run", "--layer", "1"]):
        assert deepstep(*command).code == 0
    told = deepstep("predict", "run", flowers)
    assert "diverged; predictions use the last finite parameters" in told.err


@pytest.mark.parametrize(
    "options",
    [
        ["--target", "kind", *FAR_TOO_HIGH, "--activation", "identity"],
        ["--target", "height", *FAR_TOO_HIGH],
        ["--target", "height", *FAR_TOO_HIGH, "--patience", "3"],
        ["--target", "height", *FAR_TOO_HIGH, "--l2", "0.1", "--normalization", "batch"],
    ],
)
def test_every_page_of_a_diverged_run_is_whole(deepstep, flowers, tmp_path, options):
    result = deepstep("train", flowers, "--out", "run", *options)
    if result.code == 1:
        assert one_sentence(deepstep, "run")
        assert deepstep("report", "run").code == 0
        assert "divergence" in check(tmp_path / "report.html").text
    else:  # a bounded gradient overflows nothing
        assert Run.load("run").history.stopped == "all epochs done"


def test_a_good_run_is_not_replaced_by_one_that_diverged(deepstep, flowers, flower_run, tmp_path):
    shutil.copytree(flower_run, tmp_path / "run")
    kept = (tmp_path / "run" / "config.toml").read_bytes()
    for _ in range(2):  # the second one replaces the first's
        result = deepstep(
            "train", flowers, "--target", "height", "--out", "run", "--overwrite", *FAR_TOO_HIGH
        )
        assert result.code == 1
        assert "doctor run.diverged" in result.err
        assert (tmp_path / "run" / "config.toml").read_bytes() == kept
        one_sentence(deepstep, "run.diverged")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run", "run.diverged"]


def test_what_cannot_be_kept_is_said(deepstep, flowers, flower_run, tmp_path):
    shutil.copytree(flower_run, tmp_path / "run")
    (tmp_path / "run.diverged").write_text("mine")
    result = deepstep("train", flowers, "--target", "height", "--out", "run", "--overwrite", *FAR_TOO_HIGH)
    assert result.code == 1
    assert "What was reached could not be kept: run.diverged: " in result.err
    assert (tmp_path / "run.diverged").read_text() == "mine"
    assert Run.load("run").history.stopped == "all epochs done"


@pytest.mark.parametrize("target", ["kind", "height"])
def test_a_member_of_an_ensemble_that_diverges_is_kept(deepstep, flowers, tmp_path, monkeypatch, target):
    start = members.realmlp_init

    def huge(dims, dtype, rng):
        """Weights from which the first products overflow."""
        values, factors = start(dims, dtype, rng)
        return {name: array * np.float32(1e30) for name, array in values.items()}, factors

    monkeypatch.setattr(members, "realmlp_init", huge)
    typed = ["train", flowers, "--target", target, "--n-estimators", "2", "--out", "run"]
    result = deepstep(*typed)
    assert result.code == 1
    assert "doctor run" in result.err
    run = Run.load("run")
    (member,) = run.ensemble.members
    assert member.preset.name in result.err
    assert member.network.history.costs.tolist() == run.config["diverged"]["costs"]
    assert np.isfinite(member.network.parameters.flat).all()
    finding = one_sentence(deepstep, "run")
    assert finding["layer"] >= 1
    assert deepstep("report", "run").code == 0
    page = check(tmp_path / "report.html")
    assert finding["sentence"] in page.text
    assert "diverged" in page.text
    monkeypatch.setattr(members, "realmlp_init", start)
    assert deepstep(*typed).code == 0
    assert "diverged" not in Run.load("run").config


def test_a_config_with_something_else_there_is_refused(deepstep, flower_run, tmp_path):
    run = Run.load(flower_run)
    run.config["diverged"] = "yes"
    run.save(tmp_path / "odd")
    assert "[diverged] is a table" in deepstep("doctor", "odd").err


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


def test_where_no_epoch_was_done_no_health_is_advised_that_was_asked_for(deepstep, flowers, tmp_path):
    """And a gradient that is not finite is said in words, where a plot of it would be empty."""
    typed = ["--target", "height", *FAR_TOO_HIGH, "--log", "health"]
    assert deepstep("train", flowers, "--out", "run", *typed).code == 1
    result = deepstep("doctor", "run")
    assert "diverged before the end of its first epoch" in result.err
    assert "--log health" not in result.err
    assert deepstep("report", "run").code == 0
    text = check(tmp_path / "report.html").text
    assert "--log health" not in text
    assert "it is not finite in any layer, so there is nothing to draw" in text
    assert "nan in layer" not in text
