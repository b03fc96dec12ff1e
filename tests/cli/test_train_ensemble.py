"""train, predict, evaluate, summary of ensembles: which preset there is, and what the estimator says."""

import io
import json
import os
import signal
import sys
import time
from pathlib import Path

import numpy as np
import polars
import pytest
from numpy.testing import assert_array_equal
from sklearn.metrics import accuracy_score, root_mean_squared_error

from deepstep import Run
from deepstep.cli.screen import OutputError
from deepstep.data import holdout
from deepstep.ensembles import presets as catalogue
from deepstep.estimators import DeepClassifier, DeepRegressor
from deepstep.training.loop import Loop

KIND = ("--target", "kind", "--set", "n_estimators=2")
HEIGHT = ("--target height --exclude kind --set n_estimators=2",)


def parts(flowers, target, without, *, stratify, seed=1):
    """Training and test rows as the command splits them, inputs and targets."""
    frame = polars.read_csv(flowers)
    learned, tested = holdout(frame[target].to_numpy(), fraction=0.2, seed=seed, stratify=stratify)
    X = frame.drop(target, *without)
    return X[learned], frame[target][learned].to_numpy(), X[tested], frame[target][tested].to_numpy()


def test_classes_are_those_of_the_estimator_bit_for_bit(deepstep, flowers, ensemble_run):
    X, y, X_test, y_test = parts(flowers, "kind", [], stratify=True)
    model = DeepClassifier(n_estimators=2, random_state=1).fit(X, y)
    answers = polars.read_csv(io.StringIO(deepstep("predict", ensemble_run, flowers).out))
    expected = model.predict_proba(polars.read_csv(flowers).drop("kind"))
    assert_array_equal(answers.select("probability_short", "probability_tall").to_numpy(), expected)
    run = Run.load(ensemble_run)
    results = run.config["results"]
    assert list(results) == ["train", "out_of_fold", "test"]
    assert results["test"]["accuracy"] == accuracy_score(y_test, model.predict(X_test))
    assert results["train"]["accuracy"] == accuracy_score(y, model.predict(X))
    A = model.ensemble_.out_of_fold
    known = np.isfinite(A).all(axis=1)
    held_out = model.targets_.decode(A[known])
    assert results["out_of_fold"]["accuracy"] == accuracy_score(y[known], held_out)
    assert results["out_of_fold"]["rows"] == known.sum()


def test_numbers_are_those_of_the_estimator_bit_for_bit(deepstep, flowers):
    typed = [*HEIGHT, "--seed", "4", "--loss", "huber", "--out", "r"]
    assert deepstep("train", flowers, *typed).code == 0
    X, y, X_test, y_test = parts(flowers, "height", ["kind"], stratify=False, seed=4)
    delta = {"delta": y.std()}
    model = DeepRegressor(n_estimators=2, random_state=4, loss="huber", loss_params=delta).fit(X, y)
    answers = polars.read_csv(io.StringIO(deepstep("predict", "r", flowers).out))["prediction"]
    assert_array_equal(answers.to_numpy(), model.predict(polars.read_csv(flowers).drop("height", "kind")))
    rmse = Run.load("r").config["results"]["test"]["rmse"]
    assert rmse == pytest.approx(root_mean_squared_error(y_test, model.predict(X_test)), rel=1e-12)


def test_weights_of_classes_and_of_rows_that_are_not_there_where_it_is_0(deepstep, flowers):
    frame = polars.read_csv(flowers).with_columns(w=polars.Series([0, 1, 2] * 20))
    frame.write_csv("t.csv")
    typed = [*KIND, "--sample-weight w --class-weight tall=3 --out r"]
    trained = json.loads(deepstep("train", "t.csv", *typed, "--json").out)
    learned, _ = holdout(frame["kind"].to_numpy(), fraction=0.2, seed=1, stratify=True)
    assert trained["out_of_fold"]["rows"] == np.count_nonzero(frame["w"].to_numpy()[learned])
    X = frame.drop("kind", "w")[learned]
    model = DeepClassifier(n_estimators=2, random_state=1, class_weight={"tall": 3.0})
    model.fit(X, frame["kind"][learned].to_numpy(), frame["w"][learned].to_numpy())
    assert_array_equal(Run.load("r").predict(X).probabilities, model.predict_proba(X))


def test_a_class_that_is_in_the_test_part_alone_is_no_obstacle(deepstep, tmp_path):
    rows = "".join(f"{x},{'ab'[x % 2]}\n" for x in range(20)) + "99,rare\n"
    (tmp_path / "t.csv").write_text("x,y\n" + rows)
    lonely = set()
    for seed in range(3):
        typed = ["--target", "y", "--set", "n_estimators=2", "--seed", seed, "--out", f"r{seed}"]
        assert deepstep("train", "t.csv", *typed).code == 0
        lonely.add(Run.load(f"r{seed}").config["results"]["test"]["recall"]["rare"])
        assert "probability_rare" in deepstep("predict", f"r{seed}", "t.csv").out
    assert len(lonely) > 1  # it was in the test part, and it was not


def test_names_that_look_like_patterns(deepstep, tmp_path):
    """polars takes ^…$ for many columns where it can."""
    rows = "".join(f"{x},{x % 3},{'ab'[x % 2]}\n" for x in range(40))
    (tmp_path / "t.csv").write_text("^a.*$,ab,^.*$\n" + rows)
    assert deepstep("train", "t.csv", "--target", "^.*$", "--set", "n_estimators=2", "--out", "r").code == 0
    assert deepstep("evaluate", "r", "t.csv").code == 0


def test_what_train_says(deepstep, flowers):
    result = deepstep("train", flowers, *KIND, "--out", "r")
    *lines, progress = result.err.splitlines()
    assert lines == [
        f"{flowers}: 60 rows; 48 to learn from, 12 held out.",
        "Task: binary, because kind has 2 different values: short, tall.",
        "Model: ensemble, an ensemble of networks.",
    ]
    assert progress.startswith("flowers: ")
    assert "2/2 networks" in progress
    for part in ("gated", "train   out of fold", "baseline accuracy (majority class)", "Saved in r. Next:"):
        assert part in result.out
    record = json.loads(deepstep("train", flowers, *KIND, "--out", "s", "--json").out)
    assert record["settings"] == {"n_estimators": 2, "random_state": 1}
    members = [(one["preset"], one["fold"], one["weight"]) for one in record["members"]]
    assert members == [("gated", 0, 0.5), ("gated", 1, 0.5)]
    assert record["test"]["rows"] + record["train"]["rows"] == 60
    summary = json.loads(deepstep("summary", "s", "--json").out)
    assert summary["members"] == record["members"]
    assert summary["results"]["test"] == record["test"]
    shown = deepstep("summary", "s").out
    for part in ("gated", "out of fold", "member", "n_estimators   2", "engine", "colour"):
        assert part in shown


def test_without_rows_held_out_the_folds_say_how_good_it_is(deepstep, flowers):
    result = deepstep("train", flowers, *KIND, "--test-fraction", "0", "--out", "r")
    assert "60 to learn from, none held out." in result.err
    assert "the out-of-fold scores estimate" in " ".join(result.out.split())
    assert list(Run.load("r").config["results"]) == ["train", "out_of_fold"]


def test_columns_are_refused_or_ignored_by_name(deepstep, flowers, ensemble_run):
    frame = polars.read_csv(flowers)
    frame.drop("x", "kind").write_csv("less.csv")
    frame.drop("kind").with_columns(more=polars.lit("?")).write_csv("more.csv")
    refused = deepstep("predict", ensemble_run, "less.csv")
    assert (refused.code, refused.out) == (2, "")
    assert "'x' missing" in refused.err
    whole, more = (deepstep("predict", ensemble_run, file).out for file in (flowers, "more.csv"))
    assert whole == more


def test_one_network_where_it_is_asked_for(deepstep, flowers):
    result = deepstep("train", flowers, "--target kind --model network --epochs 1 --out r")
    assert "Model: network, one network." in result.err
    assert Run.load("r").network.architecture.layer_dims[1:] == (64, 32, 1)


TARGETS = {
    "classes": "--target kind --class-weight tall=3",
    "numbers": "--target height --exclude kind --target x",
}


@pytest.mark.parametrize("typed", TARGETS.values(), ids=TARGETS)
def test_members_are_opened_as_networks_of_their_fold(deepstep, flowers, typed):
    """The trace is that of the network that the file holds, on what its fold makes of the rows."""
    frame = polars.read_csv(flowers).with_columns(w=polars.Series([0.0, 1.0, 2.0] * 20))
    frame.write_csv("t.csv")
    words = [typed, "--sample-weight w --set n_estimators=6 --out r"]
    assert deepstep("train", "t.csv", *words).code == 0
    run, first = Run.load("r"), frame[:16]
    labels = first[list(run.target_names)] if len(run.target_names) > 1 else first[run.target_names[0]]
    member = run.ensemble.members[1]
    preparer, opened = run.ensemble.preprocessors[member.fold], ("r", "--member", 1)
    traced = json.loads(deepstep("trace", *opened, "--data", "t.csv", "--json").out)
    value = {entry["name"]: np.array(entry["value"]) for entry in traced["entries"]}
    assert_array_equal(value["A0"], preparer.inputs(preparer.features(first))[member.inputs].T)
    Y = (run.targets.encode(labels) - preparer.center) / preparer.scale
    np.testing.assert_allclose(value["Y"], Y.T, rtol=1e-6)
    assert traced["learning_rate"] == member.learning_rate
    assert traced["settings"]["lr_multipliers"]["b*"] == 0.1
    kept = json.loads(deepstep("trace", *opened, "--json").out)
    assert [entry["name"] for entry in kept["entries"]] == list(value)
    assert "w" in value
    checked = deepstep("check-gradients", *opened)
    assert checked.code == 0, checked.out


def test_the_only_member_need_not_be_named(deepstep, flower_run):
    for name in ("trace", "check-gradients"):
        assert deepstep(name, flower_run, "--member", "0").out == deepstep(name, flower_run).out


def test_overwrite_replaces_either_kind_of_run(deepstep, flowers, tmp_path):
    for typed in ("--model network --epochs 1", "--set n_estimators=2", "--model network --epochs 1"):
        assert deepstep("train", flowers, "--target kind --out r --overwrite", typed).code == 0
        assert deepstep("predict", "r", flowers).code == 0
    assert [entry.name for entry in tmp_path.iterdir()] == ["r"]


def test_a_training_that_is_not_done_is_not_trampled_on(deepstep, process, flowers, killed_at, tmp_path):
    typed = ["--target kind --model network --epochs 9 --out r"]
    assert process("train", flowers, *typed, before=killed_at(3)).returncode == -9
    refused = deepstep("train", flowers, *KIND, "--out", "r")
    assert (refused.code, "r.unfinished is one" in refused.err) == (2, True)
    assert deepstep("train", flowers, *KIND, "--out", "r", "--overwrite").code == 0
    assert [entry.name for entry in tmp_path.iterdir()] == ["r"]


INTERRUPTED = f"""
import os
from deepstep.training.progress import Meter
def interrupted(self, *state):
    os.kill(os.getpid(), {int(signal.SIGINT)})
Meter.move = interrupted
"""
IN_A_MEMBER = f"""
import os
from deepstep.ensembles import fit
train = fit.fit_member
def interrupted(*args, **options):
    os.kill(os.getpid(), {int(signal.SIGINT)})
    return train(*args, **options)
fit.fit_member = interrupted
"""


WHILE_SCORING = f"""
import os
from deepstep.cli import table
score = table._scores
def interrupted(*args):
    os.kill(os.getpid(), {int(signal.SIGINT)})
    return score(*args)
table._scores = interrupted
"""


@pytest.mark.parametrize("typed", ["--set n_estimators=2", "--model network --epochs 2"])
def test_ctrl_c_after_the_last_network_waits_until_the_run_is_saved(process, flowers, typed, deepstep):
    typed = ["--target", "kind", typed, "--out", "r"]
    assert process("train", flowers, *typed, before=WHILE_SCORING).returncode == 130
    assert deepstep("predict", "r", flowers).code == 0


AFTER_TRAINING = {
    "deepstep.cli.table.score": "its scores are missing",
    "deepstep.cli.table.held_out_of": "the rows that were held out are not in it",
    "deepstep.run.Run.write_results": "its scores are not in it",
    "deepstep.cli.results.print_columns": "it cannot be shown",
    "deepstep.cli.results.print_scores": "it cannot be shown",
}


@pytest.mark.parametrize(
    "typed", ["--set n_estimators=2", "--model network --set solver=lbfgs --epochs 2 --json"]
)
@pytest.mark.parametrize("name", AFTER_TRAINING)
def test_a_failure_after_the_training_does_not_lose_it(deepstep, flowers, monkeypatch, name, typed, tmp_path):
    """Whatever fails there: the run is saved before it is scored, and a warning says where it is."""

    def fails(*arguments, **options):
        raise ValueError("probabilities add to\n1.0000000000000002")

    with monkeypatch.context() as patched:
        patched.setattr(name, fails)
        result = deepstep("train", flowers, *KIND[:2], typed, "--out", "r")
    fails_there = not ("--json" in typed and ".print_" in name)
    said = f"Warning: The run is saved in r, but {AFTER_TRAINING[name]} (ValueError: probabilities add to"
    assert (result.code, said in result.err) == (0, fails_there), result.err
    assert [entry.name for entry in tmp_path.iterdir()] == ["r"]
    assert deepstep("predict", "r", flowers).code == 0
    assert ("results" in Run.load("r").config) == ("its scores" not in AFTER_TRAINING[name])
    if "--json" in typed:
        assert json.loads(result.out)["run"] == "r"


def test_a_full_disk_below_the_output_is_told_with_the_place_of_the_run(deepstep, flowers, monkeypatch):
    def full(*arguments, **options):
        raise OutputError(sys.stdout, OSError(28, "No space left on device"))

    monkeypatch.setattr("deepstep.cli.results.print_scores", full)
    monkeypatch.setattr("deepstep.cli.main.forget", lambda stream: None)
    result = deepstep("train", flowers, *KIND, "--out", "r")
    assert (result.code, "The run is saved in r" in result.err) == (2, True)
    assert Run.load("r").config["results"]


@pytest.mark.parametrize(("before", "overwrite"), [(INTERRUPTED, True), (IN_A_MEMBER, False)])
def test_ctrl_c_leaves_no_half_written_run(deepstep, process, flowers, tmp_path, before, overwrite):
    typed = ["--target", "kind", "--out", "r"]
    if overwrite:
        assert deepstep("train", flowers, *KIND, "--out", "r").code == 0
    old = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    result = process("train", flowers, *typed, *["--overwrite"] * overwrite, "--json", before=before)
    assert "Interrupted before a network was saved, and nothing is kept.\n" in result.stderr
    assert result.returncode == 130
    assert json.loads(result.stdout)["exit_code"] == 130
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == old
    assert [entry.name for entry in tmp_path.iterdir()] == ["r"] * overwrite


AFTER_SOME = """
import os, time
from deepstep.ensembles import finished
from deepstep.training import interruption
finished.SECONDS = finished.LONG = 0.0
interruption.ONE_PRESS = 0.0
keep, seen = finished.FinishedMembers.add, []
def killed(self, *arguments):
    keep(self, *arguments)
    seen.append(1)
    if len(seen) == {}:
        for number in {}:
            os.kill(os.getpid(), number)
            time.sleep(0.1)
finished.FinishedMembers.add = killed
"""
"""Python that sends signals to its own process when so many networks are saved."""


def test_killed_it_goes_on_from_the_networks_that_were_done(process, deepstep, flowers, tmp_path):
    """Killed twice, the second time while the run is written."""
    typed = ["--target", "kind", "--set", "n_estimators=5", "--class-weight", "tall=2"]
    assert deepstep("train", flowers, *typed, "--out", "whole").code == 0
    killed = process("train", flowers, *typed, "--out", "run", before=AFTER_SOME.format(3, [9]))
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    files = (tmp_path / "run.unfinished").glob("member-*/model.json")
    saved = {path: path.read_bytes() for path in files}
    assert len(saved) == 3
    dies = "import os\nfrom deepstep.run import Run\nRun.write = lambda *_: os.kill(os.getpid(), 9)"
    assert process("train", "--resume", "run", before=dies).returncode == -signal.SIGKILL
    assert {path: path.read_bytes() for path in saved} == saved
    assert deepstep("train", "--resume", "run").code == 0
    runs = run, whole = Run.load("run"), Run.load("whole")
    for name in ("settings", "command", "results", "class_weights"):
        assert run.config.get(name) == whole.config.get(name), name
    networks = ([one.network.parameters.flat for one in each.ensemble.members] for each in runs)
    for first, second in zip(*networks, strict=True):
        assert_array_equal(first, second)
    assert deepstep("predict", "run", flowers).out == deepstep("predict", "whole", flowers).out
    names = [
        sorted(path.relative_to(one).as_posix() for path in one.rglob("*"))
        for one in map(Path, ("run", "whole"))
    ]
    assert names[0] == names[1]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run", "whole"]


def test_a_second_ctrl_c_keeps_the_networks_that_are_saved(process, deepstep, flowers, tmp_path):
    typed = ["--target", "kind", "--set", "n_estimators=5", "--out", "run"]
    ended = process("train", flowers, *typed, before=AFTER_SOME.format(2, [int(signal.SIGINT)] * 2))
    last = ended.stderr.splitlines()[-1]
    assert (ended.returncode, "Traceback" in ended.stderr) == (130, False)
    assert last.startswith(f"Interrupted. 2 networks are kept in {tmp_path / 'run.unfinished'}. Resume it: ")
    assert last.endswith(" train --resume run")
    assert deepstep("train", "--resume", "run").code == 0
    assert len(Run.load("run").ensemble.members) == 5


@pytest.mark.usefixtures("pythons_own_handler")
def test_the_only_network_of_an_ensemble_goes_on_from_its_checkpoint(deepstep, flowers, monkeypatch):
    """As that of a table above 100,000 rows, with the options by default."""
    monkeypatch.setattr(catalogue, "SIZES", {"balanced": {np.inf: catalogue.Size(1, 1, 1, 1)}})
    typed = ("train", flowers, "--target", "kind", "--out")
    pause = Loop._pause

    def pressed(self):
        if self._training.position.epoch >= 5:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.5)
        pause(self)

    with monkeypatch.context() as patched:
        patched.setattr(Loop, "_pause", pressed)
        ended = deepstep(*typed, "run")
    last = ended.err.splitlines()[-1]
    assert (ended.code, last.startswith("Interrupted. What was reached by update ")) == (130, True)
    assert last.endswith("Resume it: deepstep train --resume run")
    assert deepstep("train", "--resume", "run").code == deepstep(*typed, "whole").code == 0
    runs = [Run.load(name) for name in ("run", "whole")]
    assert_array_equal(*(run.network.parameters.flat for run in runs))
    assert runs[0].config["results"] == runs[1].config["results"]
    assert sorted(os.listdir("run")) == sorted(os.listdir("whole"))


def test_an_ensemble_with_a_time_budget_cannot_be_resumed(process, flowers, tmp_path):
    typed = ["--target", "kind", "--time-budget", "30", "--out", "run"]
    ended = process("train", flowers, *typed, before=IN_A_MEMBER)
    assert ended.returncode == 130
    assert (
        "Interrupted: a training with --time-budget cannot be resumed, and nothing is kept." in ended.stderr
    )
    assert [*tmp_path.iterdir()] == []
