"""`deepstep train`: its flags reach the estimator and the run, and what it shows is what there is."""

import io
import json
import re
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.metrics import accuracy_score, root_mean_squared_error
from sklearn.pipeline import make_pipeline

from deepstep.cli.train import train_command
from deepstep.estimators import DeepClassifier, DeepRegressor, NetworkClassifier, TableEncoder
from deepstep.run import Run

MOST_FLAGS = 36
TWO = "--set n_estimators=2 --out r"
KIND = "--target kind --model network --hidden-layers 4 --epochs 6 --out r"


@pytest.fixture(scope="module")
def table(flowers, tmp_path_factory):
    """The flowers with weights from 0 to 3, fifteen patients, and days in no order."""
    frame, rng = polars.read_csv(flowers), np.random.default_rng(5)
    step = rng.permutation(60)
    path = tmp_path_factory.mktemp("weighted") / "t.csv"
    frame.with_columns(
        w=polars.Series(rng.integers(0, 7, 60) / 2),
        patient=polars.Series([f"p{number}" for number in rng.permutation(np.arange(60) % 15)]),
        step=polars.Series(step),
        day=polars.Series([(date(2020, 1, 1) + timedelta(int(days))).strftime("%d.%m.%Y") for days in step]),
    ).write_csv(path)
    return path


def split(run, rows):
    """The rows of a file, from 0, that a run learned from and those that it holds out."""
    held = run.held_out.numbers - 1
    return np.setdiff1d(np.arange(rows), held), held


def test_the_log_has_the_phases_of_a_command(deepstep, flowers, caplog):
    caplog.set_level("INFO", "deepstep")
    typed = f"--target kind --set network_params.epochs=4 {TWO}"
    for options, training in ((KIND, "6/6, cost 0"), (typed, "8/8 epochs, 2/2 networks")):
        caplog.clear()
        assert deepstep("train", flowers, f"{options} --overwrite").code == 0
        ends = [message for message in caplog.messages if "ended after" in message]
        for phase in ("reading", f"flowers: {training}", "scoring r"):
            assert len([message for message in ends if message.startswith(phase)]) == 1
        assert len(ends) == sum(message.endswith(": begins") for message in caplog.messages)


# A model of the command line is that of the estimator


def test_numbers_in_an_order_of_time_are_those_of_the_estimator_bit_for_bit(deepstep, table):
    typed = "--target height --exclude kind --loss huber --time-column step"
    run, frame = deepstep.run("train", table, typed, TWO), polars.read_csv(table)
    learned, tested = split(run, 60)
    rows, X, y = frame[learned].sort("step"), frame.drop("height", "kind"), frame["height"].to_numpy()
    # where it begins is a share of the deviation
    settings = {"loss": "huber", "loss_params": {"delta": y[learned].std()}, "validation": "time"}
    model = DeepRegressor(n_estimators=2, random_state=1, **settings)
    model.fit(rows.select(X.columns), rows["height"].to_numpy())
    answers = polars.read_csv(io.StringIO(deepstep("predict", "r", table).out))
    assert_array_equal(answers["prediction"].to_numpy(), model.predict(X))
    expected = root_mean_squared_error(y[tested], model.predict(X[tested]))
    assert run.config["results"]["test"]["rmse"] == pytest.approx(expected)


def test_classes_with_weights_and_groups_are_those_of_the_estimator_bit_for_bit(deepstep, table):
    typed = "--target kind --sample-weight w --class-weight tall=3 --groups patient "
    typed += "--effort fast --epochs 30 --dropout 0.1 --set network_params.hidden_layers=[8]"
    run, frame = deepstep.run("train", table, typed, TWO), polars.read_csv(table)
    learned, tested = split(run, 60)
    X, y, w = frame.drop("kind", "w", "patient"), frame["kind"].to_numpy(), frame["w"].to_numpy()
    params = {"epochs": 30, "dropout": 0.1, "hidden_layers": [8]}
    settings = {"effort": "fast", "network_params": params, "class_weight": {"tall": 3.0}}
    model = DeepClassifier(n_estimators=2, random_state=1, **settings)
    groups = frame["patient"].to_numpy()[learned]
    model.fit(X[learned], y[learned], sample_weight=w[learned], groups=groups)
    answers = polars.read_csv(io.StringIO(deepstep("predict", "r", table).out))
    assert_array_equal(answers.select("probability_short", "probability_tall"), model.predict_proba(X))
    results = run.config["results"]
    assert list(results) == ["train", "out_of_fold", "test"]
    for part, rows in {"train": learned, "test": tested}.items():
        expected = accuracy_score(y[rows], model.predict(X[rows]), sample_weight=w[rows])
        assert results[part]["accuracy"] == pytest.approx(expected)
    known = np.isfinite(model.oof_predictions_).all(axis=1) & (w[learned] > 0)
    assert results["out_of_fold"]["rows"] == known.sum()


EVERYTHING = (
    "--hidden-layers 5,4 --set activation=['gelu','tanh'] --set solver=adamw --set alpha=0.2 "
    "--set initialization=data --set weight_decay=0.3 "
    "--set optimizer_params.beta1=0.8 --learning-rate 0.01 --epochs 6 --batch-size 10 --seed 3 "
    "--set schedule.schedule.name=cosine --set schedule.schedule.warm_up=0.2 "
    "--set schedule.dropout_schedule=linear --dropout 0.1,0.2 --set loss_params.smoothing=0.1 "
    "--class-weight balanced --set early_stopping=true --set n_iter_no_change=6 "
    "--scoring balanced_accuracy --engine reference --set dtype=float32"
)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_everything_at_once_is_the_estimator(deepstep, table):
    """The same bits as those of the estimator on the rows that are learned from and validated on."""
    frame = polars.read_csv(table).drop("patient", "step", "day")
    frame.write_csv("t.csv")
    frame[20:40].write_csv("later.csv")
    typed = "--target kind --model network --sample-weight w --validation later.csv --out r"
    run = deepstep.run("train", "t.csv", typed, EVERYTHING)
    X, y, w = frame.drop("kind", "w"), frame["kind"].to_numpy(), frame["w"].to_numpy()
    learn, _ = split(run, frame.height)
    later = X[20:40], y[20:40], w[20:40]
    regularized = {
        "alpha": 0.2,
        "weight_decay": 0.3,
        "dropout": [0.1, 0.2],
        "loss_params": {"smoothing": 0.1},
    }
    updates = {"solver": "adamw", "optimizer_params": {"beta1": 0.8}, "learning_rate_init": 0.01}
    course = {"schedule": {"name": "cosine", "warm_up": 0.2}, "dropout_schedule": "linear"}
    stopping = {"early_stopping": True, "n_iter_no_change": 6, "tol": 0.0, "scoring": "balanced_accuracy"}
    others = {"class_weight": "balanced", "initialization": "data", "engine": "reference", "dtype": "float32"}
    settings = regularized | updates | stopping | others | {"schedule": course, "random_state": 3}
    encoder = TableEncoder()
    model = NetworkClassifier((5, 4), ["gelu", "tanh"], max_iter=6, batch_size=10, **settings)
    learned = encoder.fit_transform(X[learn])
    validated = {"X_val": encoder.transform(later[0]), "y_val": later[1], "sample_weight_val": later[2]}
    model.fit(learned, y[learn], w[learn], **validated)
    assert_array_equal(run.ensemble.network.parameters.flat, model.network_.parameters.flat)
    for quantity in ("cost", "learning_rate", "validation_cost", "validation_score"):
        assert_array_equal(run.ensemble.history.column(quantity), model.history_.column(quantity))
    pipeline = make_pipeline(encoder, model)
    assert_array_equal(run.predict(frame).probabilities, pipeline.predict_proba(X))
    assert_array_equal(run.estimator.predict(X), pipeline.predict(X))
    assert run.config["results"]["validation"]["rows"] == 20
    assert run.config["settings"]["optimizer_params"] == {"beta1": 0.8}
    assert deepstep.json("summary", "r")["settings"]["solver"] == "adamw"
    summary = deepstep("summary", "r").out
    for name in ("solver", "hidden_layer_sizes", "learning_rate_init", "class_weight"):
        assert re.search(rf"^{name} +\S", summary, re.MULTILINE)
    assert re.search(r"train +validation +test", summary)


# Flags one by one


def test_there_are_few_flags_and_each_has_a_sentence(deepstep):
    flags = [parameter for parameter in train_command.params if parameter.opts[0].startswith("--")]
    assert len(flags) <= MOST_FLAGS
    assert all(parameter.help for parameter in flags)
    help_text = deepstep("train", "--help").out
    assert all(part in help_text for part in ("--batch-size auto|INTEGER", "--set NAME=VALUE"))


def test_a_file_has_flags_and_parameters(deepstep, flowers):
    Path("c.toml").write_text(
        '\ufefftarget = "kind"\nmodel = "network"\nhidden-layers = [3]\nepochs = 9\nactivation = "tanh"\n'
        'exclude = ["size"]\n[read]\nsep = ","\n[optimizer_params]\nbeta1 = 0.8\n',
        encoding="utf-8",
    )
    typed = "--config c.toml --epochs 2 --set optimizer_params.beta2=0.9 --out r"
    shown = deepstep("train", flowers, typed).out
    for part in ("colour", "one-hot encoded: 3 values", "Cost J of each epoch", "baseline accuracy", "Next:"):
        assert part in shown
    run = Run.load("r")
    settings = run.config["settings"]
    assert (run.ensemble.network.architecture.layer_dims[1:], len(run.ensemble.history)) == ((3, 1), 2)
    assert (settings["activation"], run.config["exclude"]) == ("tanh", ["size"])
    assert settings["optimizer_params"] == {"epsilon_at": "outside", "beta1": 0.8, "beta2": 0.9}


def test_with_a_time_budget_the_clock_decides(deepstep, flowers):
    typed = "--target kind --model network --hidden-layers 2 --epochs 100000000 --out r --time-budget 0.05"
    assert deepstep.run("train", flowers, typed).ensemble.history.stopped == "time budget of 0.05 s used up"


def test_names_of_weighted_classes_are_those_of_the_file(deepstep):
    for values, typed, weights in (
        (("false", "true"), "true=2", [1.0, 2.0]),
        (("0.0", "1.0"), "1=2", [1.0, 2.0]),
        (('"a,b"', '"c=d"'), "a,b=2,c=d=5", [2.0, 5.0]),
    ):
        Path("t.csv").write_text("x,y\n" + "".join(f"{x},{values[x % 2]}\n" for x in range(40)))
        few = "--target y --model network --epochs 1 --out r --overwrite --class-weight"
        assert deepstep.run("train", "t.csv", f"{few} {typed}").config["class_weights"] == weights


def test_rows_without_weights_can_be_answered_and_judged_but_not_traced(deepstep, table):
    deepstep("train", table, f"{KIND} --sample-weight w").done()
    polars.read_csv(table).drop("w").write_csv("plain.csv")
    for command in ("predict", "evaluate"):
        assert deepstep(command, "r", "plain.csv").code == 0
    assert "the weights must be one of" in deepstep("trace", "r", "--data", "plain.csv").err
    assert deepstep("trace", "r", "--data", table).code == 0


def test_no_rows_of_the_table_are_kept_where_that_is_asked_for(deepstep, flowers):
    run = deepstep.run("train", flowers, KIND, "--no-rows")
    assert (run.examples, run.held_out, Path("r/rows.safetensors").exists()) == (None, None, False)
    assert run.config["results"]["test"]["rows"] == 12
    for command in (["report", "r", "-o", "r.html"], ["doctor", "r"], ["predict", "r", flowers]):
        assert deepstep(*command).code == 0
    assert "--data" in deepstep("trace", "r").err


# Which rows are held out


@pytest.mark.slow
@pytest.mark.parametrize(
    ("typed", "sentence", "unused"),
    [
        ("--time-column day", "the newest rows by 'day'", set()),
        ("--groups patient", "whole groups of 'patient'", {"patient"}),
        ("--groups patient --keep patient", "whole groups of 'patient'", set()),
        ("--time-order", "", set()),
    ],
)
def test_the_newest_rows_or_whole_groups_are_held_out_and_said(deepstep, table, typed, sentence, unused):
    result = deepstep("train", table, KIND, typed).done()
    run, frame = Run.load("r"), polars.read_csv(table)
    learned, tested = split(run, 60)
    said = run.config["split"]
    assert sentence in said
    assert f"Held out: {said}." in result.err
    evaluated = deepstep("evaluate", "r", table, "--json")
    assert (json.loads(evaluated.out)["split"], said in evaluated.err) == (said, True)
    assert said in deepstep("summary", "r").out
    assert deepstep("report", "r", "-o", "r.html").code == 0
    assert typed in Path("r.html").read_text(encoding="utf-8")  # the command that reproduces the run
    if typed == "--time-order":
        assert_array_equal(tested, np.arange(48, 60))
    elif "time" in typed:
        assert frame["step"][tested].min() > frame["step"][learned].max()
    else:
        assert not {*frame["patient"][tested]} & {*frame["patient"][learned]}
    assert {"day", "patient"} - {column.name for column in run.predictor.preparation.columns} == unused


def test_a_class_that_is_in_the_test_part_alone_is_no_obstacle(deepstep):
    rows = "".join(f"{x},{'ab'[x % 2]}\n" for x in range(20)) + "99,rare\n"
    Path("t.csv").write_text("x,y\n" + rows)
    recalls = set()
    for seed in range(3):
        run = deepstep.run("train", "t.csv", f"--target y {TWO} --epochs 2 --overwrite --seed", seed)
        recalls.add(run.config["results"]["test"]["recall"]["rare"])
        assert "probability_rare" in deepstep("predict", "r", "t.csv").out
    assert len(recalls) > 1  # it was in the test part, and it was not


# What is shown


def test_what_train_says_of_an_ensemble(deepstep, flowers):
    result = deepstep("train", flowers, f"--target kind {TWO}")
    for part in ("60 rows; 48 to learn from, 12 held out.", "Task: binary", "ensemble", "2/2 networks"):
        assert part in result.err
    for part in ("gated", "train   out of fold", "baseline accuracy (majority class)", "Saved in r. Next:"):
        assert part in result.out
    record = deepstep.json("summary", "r")
    assert record["settings"] == {"n_estimators": 2, "random_state": 1}
    members = [(member["preset"], member["fold"], member["weight"]) for member in record["members"]]
    assert members == [("gated", 0, 0.5), ("gated", 1, 0.5)]
    shown = deepstep("summary", "r").out
    for part in ("gated", "out of fold", "member", "n_estimators   2", "engine", "colour"):
        assert part in shown


@pytest.mark.parametrize(
    ("rows", "fraction", "sentences", "silent"),
    [
        (3, 0.2, ["The test set has 1 row:", "No fold holds rows out"], "No test set"),
        (3, 0, ["scores are on training data"], "The test set"),
        (30, 0, ["the out-of-fold scores estimate"], "No fold"),
        (21, 0.2, [], "The test set"),
    ],
)
def test_scores_of_a_few_rows_come_with_a_caution(deepstep, rows, fraction, sentences, silent):
    Path("few.csv").write_text("\n".join(["a,y", *(f"{x * x},{x * 1.5}" for x in range(rows))]))
    result = deepstep("train", "few.csv", f"--target y {TWO} --test-fraction", fraction)
    printed = " ".join(result.out.split())
    assert result.code == 0
    assert all(text in printed for text in sentences)
    assert silent not in printed


def test_predictions_to_a_file_and_as_json(deepstep, flowers, flower_run):
    printed = deepstep("predict", flower_run, flowers).out
    result = deepstep("predict", flower_run, flowers, "--output", "answers.csv")
    assert result == (0, "", "60 predictions written to answers.csv\n")
    assert Path("answers.csv").read_text() == printed
    record = deepstep.json("predict", flower_run, flowers)
    answers = polars.read_csv("answers.csv")
    assert record["predictions"] == answers["prediction"].to_list()
    assert record["classes"] == ["short", "tall"]
    assert_allclose(record["probabilities"], answers[:, 1:].to_numpy())
    Path("rows.csv").write_bytes(flowers.read_bytes())
    Path("Rows.csv").hardlink_to("rows.csv")  # as a name in other letters where a file system ignores case
    for name in ("rows.csv", "Rows.csv", flower_run / "new.csv"):
        words = ("predict", flower_run, "rows.csv", "-o", name, "--overwrite")
        deepstep(*words).refused("is read by this command")
