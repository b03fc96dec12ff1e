"""train, predict, evaluate, summary of ensembles: which preset there is, and what the estimator says."""

import io
import json
import signal

import numpy as np
import polars
import pytest
from numpy.testing import assert_array_equal
from sklearn.metrics import accuracy_score, root_mean_squared_error

from deepstep import Run
from deepstep.cli.options import TYPED
from deepstep.data import holdout
from deepstep.estimators import DeepClassifier, DeepRegressor

KIND = ("--target", "kind", "--n-estimators", "2")
HEIGHT = ("--target", "height", "--exclude", "kind", "--n-estimators", "2")


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
    held_out = model._labels.decode(A[known])
    assert results["out_of_fold"]["accuracy"] == accuracy_score(y[known], held_out)
    assert results["out_of_fold"]["rows"] == known.sum()


def test_numbers_are_those_of_the_estimator_bit_for_bit(deepstep, flowers):
    typed = [*HEIGHT, "--seed", "4", "--loss", "huber", "--huber-delta", "0.5", "--out", "r"]
    assert deepstep("train", flowers, *typed).code == 0
    X, y, X_test, y_test = parts(flowers, "height", ["kind"], stratify=False, seed=4)
    delta = {"delta": 0.5 * y.std()}
    model = DeepRegressor(n_estimators=2, random_state=4, loss="huber", loss_params=delta).fit(X, y)
    answers = polars.read_csv(io.StringIO(deepstep("predict", "r", flowers).out))["prediction"]
    assert_array_equal(answers.to_numpy(), model.predict(polars.read_csv(flowers).drop("height", "kind")))
    rmse = Run.load("r").config["results"]["test"]["rmse"]
    assert rmse == pytest.approx(root_mean_squared_error(y_test, model.predict(X_test)), rel=1e-12)


@pytest.mark.parametrize(
    ("typed", "settings"),
    [
        (["--class-weight", "tall=3"], {"class_weight": {1: 3.0}}),
        (["--class-weight", "balanced"], {"class_weight": "balanced"}),
        (["--deterministic"], {"deterministic": True}),
    ],
)
def test_options_reach_the_estimator(deepstep, flowers, typed, settings):
    assert deepstep("train", flowers, *KIND, *typed, "--out", "r").code == 0
    X, y, X_test, _ = parts(flowers, "kind", [], stratify=True)
    model = DeepClassifier(n_estimators=2, random_state=1, **settings).fit(X, (y == "tall").astype(int))
    assert_array_equal(Run.load("r").predict(X_test).probabilities, model.predict_proba(X_test), strict=True)


def test_rows_of_weight_0_are_as_if_they_were_not_there(deepstep, flowers):
    frame = polars.read_csv(flowers).with_columns(w=polars.Series([0, 1, 2] * 20))
    frame.write_csv("t.csv")
    typed = [*KIND, "--sample-weight", "w", "--out", "r"]
    trained = json.loads(deepstep("train", "t.csv", *typed, "--json").out)
    learned, _ = holdout(frame["kind"].to_numpy(), fraction=0.2, seed=1, stratify=True)
    assert trained["out_of_fold"]["rows"] == np.count_nonzero(frame["w"].to_numpy()[learned])
    X = frame.drop("kind", "w")[learned]
    model = DeepClassifier(n_estimators=2, random_state=1)
    model.fit(X, frame["kind"][learned].to_numpy(), frame["w"][learned].to_numpy())
    assert_array_equal(Run.load("r").predict(X).probabilities, model.predict_proba(X))


def test_several_targets(deepstep, flowers):
    frame = polars.read_csv(flowers).with_columns(red=polars.col("colour") == "red")
    frame.write_csv("t.csv")
    typed = ["--target", "kind", "--target", "red", "--exclude", "colour", "--n-estimators", "2"]
    assert deepstep("train", "t.csv", *typed, "--out", "r").code == 0
    answers = polars.read_csv(io.StringIO(deepstep("predict", "r", "t.csv").out))
    assert answers.columns == [
        "prediction_kind", "prediction_red", "probability_kind_tall", "probability_red_True"
    ]  # fmt: skip
    assert "accuracy" in deepstep("evaluate", "r", "t.csv").out


def test_a_class_that_is_in_the_test_part_alone_is_no_obstacle(deepstep, tmp_path):
    rows = "".join(f"{x},{'ab'[x % 2]}\n" for x in range(20)) + "99,rare\n"
    (tmp_path / "t.csv").write_text("x,y\n" + rows)
    lonely = set()
    for seed in range(4):
        typed = ["--target", "y", "--n-estimators", "2", "--seed", seed, "--out", f"r{seed}"]
        assert deepstep("train", "t.csv", *typed).code == 0
        lonely.add(Run.load(f"r{seed}").config["results"]["test"]["recall"]["rare"])
        assert "probability_rare" in deepstep("predict", f"r{seed}", "t.csv").out
    assert len(lonely) > 1  # it was in the test part, and it was not


def test_names_that_look_like_patterns(deepstep, tmp_path):
    """polars takes ^…$ for many columns where it can."""
    rows = "".join(f"{x},{x % 3},{'ab'[x % 2]}\n" for x in range(40))
    (tmp_path / "t.csv").write_text("^a.*$,ab,^.*$\n" + rows)
    assert deepstep("train", "t.csv", "--target", "^.*$", "--n-estimators", "2", "--out", "r").code == 0
    assert deepstep("evaluate", "r", "t.csv").code == 0


def test_what_train_says(deepstep, flowers):
    result = deepstep("train", flowers, *KIND, "--out", "r")
    assert result.err.splitlines() == [
        f"{flowers}: 60 rows; 48 to learn from, 12 held out.",
        "Task: binary, because kind has 2 different values: short, tall.",
        "Preset: tabular, an ensemble of networks, the default, as no option of a single network is given.",
        result.err.splitlines()[-1],
    ]
    assert result.err.splitlines()[-1].startswith("flowers: ")
    assert "2/2 networks" in result.err
    for part in ("gated", "train   out of fold", "baseline accuracy (majority class)", "Saved in r. Next:"):
        assert part in result.out


def test_json_has_members_and_scores(deepstep, flowers):
    trained = json.loads(deepstep("train", flowers, *KIND, "--out", "r", "--json").out)
    assert trained["settings"] == {"preset": "tabular", "n_estimators": 2, "seed": 1}
    assert [(one["preset"], one["fold"], one["weight"]) for one in trained["members"]] == [
        ("gated", 0, 0.5),
        ("gated", 1, 0.5),
    ]
    assert trained["test"]["rows"] + trained["train"]["rows"] == 60
    summary = json.loads(deepstep("summary", "r", "--json").out)
    assert summary["members"] == trained["members"]
    assert summary["results"]["test"] == trained["test"]


def test_summary(deepstep, ensemble_run):
    shown = deepstep("summary", ensemble_run).out
    for part in ("gated", "out of fold", "member", "preset         tabular", "engine", "colour"):
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


OF_ONE = {
    name: typed.flag(name)
    for name, typed in TYPED.items()
    if typed.of in ("network", "streamed ensemble") and name != "validation"
}
VALUES = {
    "hidden": "4", "validation_fraction": "0.2", "iterations": "1", "optimizer_params": "beta1=0.8",
    "learning_rate": "0.01", "batch_size": "8", "warm_up": "0.1", "clip_norm": "1", "clip_value": "1",
    "ema_decay": "0.9", "l1": "0.1", "l2": "0.1", "weight_decay": "0.1", "dropout": "0.1",
    "input_noise": "0.1", "label_smoothing": "0.1", "max_norm": "1", "patience": "2", "logs": "csv",
    "checkpoint_every": "1", "keep_checkpoints": "1", "lr_multipliers": "b*=0.1",
    "weight_decay_multipliers": "b*=0",
    "refit": None,
    "activation": "relu", "normalization": "none", "initialization": "he", "optimizer": "adam",
    "precision": "float32",
}  # fmt: skip


@pytest.mark.parametrize("name", OF_ONE)
def test_an_option_of_a_single_training_is_refused_for_an_ensemble(deepstep, flowers, name):
    value = VALUES.get(name, "constant")
    typed = [OF_ONE[name], *([] if value is None else [value])]
    for beside in (["--preset", "tabular"], ["--n-estimators", "2"]):
        result = deepstep("train", flowers, "--target", "kind", *beside, *typed)
        assert (result.code, result.out) == (2, "")
        assert OF_ONE[name] in result.err
        assert "used with" in result.err


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        (["--epochs", "1"], "single, one network, because of --epochs."),
        (["--preset", "single"], "single, one network, as asked."),
        (["--hidden-layers", "64,32"], "single, one network, because of --hidden-layers."),
    ],
)
def test_one_network_where_it_is_asked_for(deepstep, flowers, typed, told):
    result = deepstep("train", flowers, "--target", "kind", *typed, "--out", "r")
    assert f"Preset: {told}" in result.err
    assert "layers" not in Run.load("r").config["settings"]
    assert Run.load("r").network.architecture.layer_dims[1:] == (64, 32, 1)


def test_members_of_one_network_are_refused(deepstep, flowers):
    result = deepstep("train", flowers, *KIND, "--preset", "single")
    assert (result.code, result.err.count("\n")) == (2, 1)
    assert "--n-estimators must be used with --preset tabular or tabm, got --preset single." in result.err


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        (["--class-weight", "talll=2"], "Did you mean 'tall'?"),
        (["--huber-delta", "2"], "--huber-delta"),
        (["--time-budget", "-1"], "--time-budget"),
        (["--test-fraction", "2"], "--test-fraction"),
    ],
)
def test_wrong_options_are_refused_before_training(deepstep, flowers, tmp_path, typed, told):
    result = deepstep("train", flowers, *KIND, *typed, "--out", "r")
    assert result.code == 2
    assert told in result.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        (["trace", "RUN"], "from 0 to 1, got none. Or train one network, with --preset single."),
        (["trace", "RUN", "--member", "2"], "from 0 to 1, got 2."),
        (["check-gradients", "RUN"], "from 0 to 1, got none. Or train one network, with --preset single."),
        (["check-gradients", "RUN", "--member", "-1"], "from 0 to 1, got -1."),
        (
            ["train", "--resume", "RUN"],
            "has no checkpoints. Train again with --overwrite, or with --preset",
        ),
        (["train", "FLOWERS", *KIND, "--out", "RUN"], "it exists already"),
    ],
)
def test_what_an_ensemble_cannot_do_is_refused_in_a_sentence(deepstep, flowers, ensemble_run, typed, told):
    words = [{"RUN": ensemble_run, "FLOWERS": flowers}.get(word, word) for word in typed]
    result = deepstep(*words)
    assert (result.code, result.out) == (2, "")
    assert told in result.err


TARGETS = {
    "classes": ["--target", "kind", "--class-weight", "tall=3"],
    "numbers": ["--target", "height", "--exclude", "kind", "--target", "x"],
    "quantiles": ["--target", "height", "--exclude", "kind", "--loss", "quantile"],
}


@pytest.mark.parametrize("typed", TARGETS.values(), ids=TARGETS)
def test_members_are_opened_as_networks_of_their_fold(deepstep, flowers, typed):
    """The trace is that of the network that the file holds, on what its fold makes of the rows."""
    frame = polars.read_csv(flowers).with_columns(w=polars.Series([0.0, 1.0, 2.0] * 20))
    frame.write_csv("t.csv")
    words = [*typed, "--sample-weight", "w", "--n-estimators", "6", "--out", "r"]
    assert deepstep("train", "t.csv", *words).code == 0
    run, first = Run.load("r"), frame[:16]
    labels = first[list(run.target_names)] if len(run.target_names) > 1 else first[run.target_names[0]]
    for number in (1, 2):
        member = run.ensemble.members[number]
        preparer = run.ensemble.preprocessors[member.fold]
        opened = ("r", "--member", number)
        traced = json.loads(deepstep("trace", *opened, "--data", "t.csv", "--json").out)
        value = {entry["name"]: np.array(entry["value"]) for entry in traced["entries"]}
        assert_array_equal(value["A0"], preparer.inputs(first)[member.preset.cuts].T)
        Y = (run.preparation.target.encode(labels) - preparer.center) / preparer.scale
        np.testing.assert_allclose(value["Y"], Y.T, rtol=1e-6)
        assert traced["learning_rate"] == member.settings["learning_rate"]
        assert traced["settings"]["lr_multipliers"]["b*"] == 0.1
        kept = json.loads(deepstep("trace", *opened, "--json").out)
        assert [entry["name"] for entry in kept["entries"]] == list(value)
        assert "w" in value
        checked = deepstep("check-gradients", *opened)
        assert checked.code == 0, checked.out


def test_the_only_member_need_not_be_named(deepstep, flower_run):
    for command_ in ("trace", "check-gradients"):
        assert deepstep(command_, flower_run, "--member", "0").out == deepstep(command_, flower_run).out
        assert (
            "--member must be the number of a member" in deepstep(command_, flower_run, "--member", "1").err
        )


def test_overwrite_replaces_either_kind_of_run(deepstep, flowers, tmp_path):
    for typed in (["--epochs", "1"], [], ["--epochs", "1"]):
        beside = [] if typed else ["--n-estimators", "2"]
        words = ["--target", "kind", *typed, *beside, "--out", "r", "--overwrite"]
        assert deepstep("train", flowers, *words).code == 0
        assert deepstep("predict", "r", flowers).code == 0
    assert [entry.name for entry in tmp_path.iterdir()] == ["r"]


def test_a_training_that_is_not_done_is_not_trampled_on(deepstep, process, flowers, killed_at, tmp_path):
    typed = ["--target", "kind", "--epochs", "9", "--checkpoint-every", "0", "--out", "r"]
    assert process("train", flowers, *typed, before=killed_at(3)).returncode == -9
    refused = deepstep("train", flowers, *KIND, "--out", "r")
    assert (refused.code, "r.unfinished is one" in refused.err) == (2, True)
    assert deepstep("train", flowers, *KIND, "--out", "r", "--overwrite").code == 0
    assert [entry.name for entry in tmp_path.iterdir()] == ["r"]


INTERRUPTED = f"""
import os
from deepstep.training.progress import Meter
def interrupted(self, done, told):
    os.kill(os.getpid(), {int(signal.SIGINT)})
Meter.move = interrupted
"""
IN_A_MEMBER = f"""
import os
from deepstep.estimators import ensemble_fit
train = ensemble_fit.train_member
def interrupted(*args, **options):
    os.kill(os.getpid(), {int(signal.SIGINT)})
    return train(*args, **options)
ensemble_fit.train_member = interrupted
"""


WHILE_SCORING = f"""
import os
from deepstep.cli import fitting
score = fitting.scores
def interrupted(*args):
    os.kill(os.getpid(), {int(signal.SIGINT)})
    return score(*args)
fitting.scores = interrupted
"""


@pytest.mark.parametrize("preset", ["tabular", "single"])
def test_ctrl_c_after_the_last_network_waits_until_the_run_is_saved(process, flowers, preset, deepstep):
    few = ["--n-estimators", "2"] if preset == "tabular" else ["--epochs", "2"]
    typed = ["--target", "kind", "--preset", preset, *few, "--out", "r"]
    assert process("train", flowers, *typed, before=WHILE_SCORING).returncode == 130
    assert deepstep("predict", "r", flowers).code == 0


@pytest.mark.parametrize("before", [INTERRUPTED, IN_A_MEMBER], ids=["between", "within"])
@pytest.mark.parametrize("overwrite", [False, True])
def test_ctrl_c_leaves_no_half_written_run(deepstep, process, flowers, tmp_path, before, overwrite):
    typed = ["--target", "kind", "--out", "r"]
    if overwrite:
        assert deepstep("train", flowers, *KIND, "--out", "r").code == 0
    old = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    result = process("train", flowers, *typed, *["--overwrite"] * overwrite, "--json", before=before)
    sentence = "Interrupted. Ensemble training cannot be resumed, so nothing was saved. "
    assert f"{sentence}Use --preset single for resumable training.\n" in result.stderr
    assert result.returncode == 130
    assert json.loads(result.stdout)["exit_code"] == 130
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == old
    assert [entry.name for entry in tmp_path.iterdir()] == ["r"] * overwrite
