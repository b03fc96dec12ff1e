"""Flags, --set and --config of `deepstep train` reach the estimator, the run and the summary."""

import json
import re
from itertools import count
from pathlib import Path

import numpy as np
import polars
import pytest
from numpy.testing import assert_array_equal
from sklearn.pipeline import make_pipeline

from deepstep.cli.train import train_command
from deepstep.data import holdout
from deepstep.estimators import NetworkClassifier, TableEncoder
from deepstep.inspection.metrics import score
from deepstep.run import MOST_EXAMPLES, Run

MOST_FLAGS = 36

EVERYTHING = (
    "--hidden-layers 5,4 --set activation=['gelu','tanh'] --set normalization=['batch','layer'] "
    "--set initialization=data --set solver=adamw --set optimizer_params.beta1=0.8 --learning-rate 0.01 "
    "--epochs 6 --batch-size 10 --set schedule.schedule.name=cosine --set schedule.schedule.warm_up=0.2 "
    "--set schedule.dropout_schedule=linear --set clip_norm=0.5 --set lr_multipliers={'b*'=0.5} --seed 3 "
    "--set alpha=0.2 --set weight_decay=0.3 --dropout 0.1,0.2 --set loss_params.smoothing=0.1 "
    "--class-weight balanced --set early_stopping=true --set validation_fraction=0.25 "
    "--set n_iter_no_change=6 --scoring balanced_accuracy --engine reference --set dtype=float32"
)
KIND = "--target kind --model network --hidden-layers 4 --epochs 6 --out r"


@pytest.fixture(scope="module")
def weighted(flowers, tmp_path_factory):
    """The flowers, with weights from 0 to 3."""
    frame = polars.read_csv(flowers)
    weight = np.random.default_rng(5).integers(0, 7, len(frame)) / 2
    path = tmp_path_factory.mktemp("weighted") / "t.csv"
    frame.with_columns(w=polars.Series(weight)).write_csv(path)
    return path


def test_there_are_few_flags_and_each_has_a_sentence(deepstep):
    said = deepstep("train", "--help").out
    flags = [parameter for parameter in train_command.params if parameter.opts[0].startswith("--")]
    assert len(flags) == MOST_FLAGS
    assert all(parameter.help for parameter in flags)
    for part in ("--batch-size auto|INTEGER", "--effort balanced|best|fast", "--set NAME=VALUE"):
        assert part in said


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_everything_at_once_is_the_estimator(deepstep, weighted):
    """The same bits as those of the estimator on the rows that are learned from and validated on."""
    result = deepstep(
        "train", weighted, "--target kind --model network --sample-weight w --out r", EVERYTHING
    )
    assert result.code == 0, result.err
    frame = polars.read_csv(weighted)
    X, y, w = frame.drop("kind", "w"), frame["kind"].to_numpy(), frame["w"].to_numpy()
    rows, _ = holdout(y, fraction=0.2, seed=3, stratify=True)
    kept, held = holdout(y[rows], fraction=0.25, seed=3, stratify=True)
    learn, validation = rows[kept], rows[held]
    encoder, model = TableEncoder(), NetworkClassifier(
        (5, 4),
        ["gelu", "tanh"],
        normalization=["batch", "layer"],
        initialization="data",
        solver="adamw",
        optimizer_params={"beta1": 0.8},
        learning_rate_init=0.01,
        max_iter=6,
        batch_size=10,
        schedule={"schedule": {"name": "cosine", "warm_up": 0.2}, "dropout_schedule": "linear"},
        clip_norm=0.5,
        lr_multipliers={"b*": 0.5},
        random_state=3,
        alpha=0.2,
        weight_decay=0.3,
        dropout=[0.1, 0.2],
        loss_params={"smoothing": 0.1},
        class_weight="balanced",
        early_stopping=True,
        n_iter_no_change=6,
        tol=0.0,
        scoring="balanced_accuracy",
        engine="reference",
        dtype="float32",
    )  # fmt: skip
    learned = encoder.fit_transform(X[learn])
    of_validation = {"y_val": y[validation], "sample_weight_val": w[validation]}
    model.fit(learned, y[learn], w[learn], X_val=encoder.transform(X[validation]), **of_validation)
    run = Run.load("r")
    assert_array_equal(run.network.parameters.flat, model.network_.parameters.flat)
    for quantity in ("cost", "learning_rate", "validation_cost", "validation_score"):
        assert_array_equal(run.history.column(quantity), model.history_.column(quantity))
    pipeline = make_pipeline(encoder, model)
    assert_array_equal(run.predict(frame).probabilities, pipeline.predict_proba(X))
    assert_array_equal(run.estimator.predict(X), pipeline.predict(X))
    settings, summary = run.config["settings"], deepstep("summary", "r").out
    assert settings["optimizer_params"] == {"beta1": 0.8}
    assert json.loads(deepstep("summary", "r", "--json").out)["settings"]["solver"] == "adamw"
    for name in ("solver", "hidden_layer_sizes", "learning_rate_init", "class_weight"):
        assert re.search(rf"^{name} +\S", summary, re.MULTILINE)
    assert re.search(r"train +validation +test", summary)


def test_parameters_of_an_ensemble(deepstep, flowers):
    typed = (
        "--target kind --effort fast --epochs 3 --dropout 0.1 --set network_params.hidden_layers=[8] --out r"
    )
    assert deepstep("train", flowers, typed).code == 0
    run = Run.load("r")
    params = {"epochs": 3, "dropout": 0.1, "hidden_layers": [8]}
    assert run.estimator.get_params()["network_params"] == params
    assert {member.layer_dims[1:] for member in run.ensemble.members} == {(8, 1)}
    assert run.estimator.effort == "fast"


def test_a_file_has_flags_and_parameters(deepstep, flowers, tmp_path):
    (tmp_path / "c.toml").write_text(
        'target = "kind"\nmodel = "network"\nhidden-layers = [3]\nepochs = 9\nactivation = "tanh"\n'
        'exclude = ["size"]\n[read]\nsep = ","\n[optimizer_params]\nbeta1 = 0.8\n'
    )
    typed = "--config c.toml --epochs 2 --set optimizer_params.beta2=0.9 --out r"
    assert deepstep("train", flowers, typed).code == 0
    run = Run.load("r")
    settings = run.config["settings"]
    assert (run.network.architecture.layer_dims[1:], len(run.history)) == ((3, 1), 2)
    assert (settings["activation"], run.config["exclude"]) == ("tanh", ["size"])
    assert settings["optimizer_params"] == {"epsilon_at": "outside", "beta1": 0.8, "beta2": 0.9}


def test_the_command_that_a_run_keeps_trains_it_again(deepstep, flowers):
    typed = "--target kind --model network --epochs 3 --set activation=tanh --exclude size"
    assert deepstep("train", flowers, typed, "--out first --json").code == 0
    first = Run.load("first")
    assert first.config["command"] == f"deepstep train {flowers} {typed}"
    assert deepstep(*first.config["command"].split()[1:], "--out", "again").code == 0
    assert_array_equal(Run.load("again").network.parameters.flat, first.network.parameters.flat)


def test_no_rows_of_the_table_are_kept_where_that_is_asked_for(deepstep, flowers):
    assert deepstep("train", flowers, KIND, "--no-rows").code == 0
    run = Run.load("r")
    assert (run.examples, run.held_out) == (None, None)
    assert run.config["results"]["test"]["rows"] == 12
    assert not Path("r/rows.safetensors").exists()
    for command in (["report", "r", "-o", "r.html"], ["doctor", "r"], ["predict", "r", flowers]):
        assert deepstep(*command).code == 0
    assert "--data" in deepstep("trace", "r").err


def test_prediction_needs_no_scikit_learn(fresh_process, flowers, flower_run, ensemble_run):
    report = "import atexit, sys\natexit.register(lambda: print('sklearn' in sys.modules))"
    for run in (flower_run, ensemble_run):
        result = fresh_process("predict", run, flowers, before=report)
        assert result.stdout.splitlines()[-1] == "False", result.stderr


def test_the_run_knows_its_weights_and_its_commands_take_them(deepstep, weighted, flowers):
    assert deepstep("train", weighted, f"{KIND} --sample-weight w --class-weight balanced").code == 0
    run, frame = Run.load("r"), polars.read_csv(weighted)
    targets, of_classes = run.targets, np.array(run.config["class_weights"])
    X, Y = run.kept_examples()
    weights = np.array(run.config["example_weights"]) * of_classes[targets.values(targets.decode(Y))]
    first = frame[:MOST_EXAMPLES]
    other_weights = first["w"].to_numpy() * of_classes[targets.values(first["kind"])]
    other = run.inputs(first), targets.encode(first["kind"]), other_weights
    for data, (rows, answers, w) in {(): (X, Y, weights), ("--data", weighted): other}.items():
        trace = json.loads(deepstep("trace", "r", *data, "--json").out)
        cost = next(entry["value"] for entry in trace["entries"] if entry["name"] == "J")
        assert cost == pytest.approx(run.network.cost(rows.T, answers.T, sample_weight=w))
    assert deepstep("check-gradients", "r").code == 0
    for command in ("predict", "evaluate"):  # rows without weights can be answered and judged
        assert deepstep(command, "r", flowers).code == 0
    assert f"Error: {flowers}, the weights: column is one of" in deepstep("trace", "r", "--data", flowers).err
    held, recorded = run.held_out, run.config["results"]["test"]
    again = score(targets, held.answers, held.outputs, held.weight, run.predictor.tempered).values
    assert again["log_loss"] == pytest.approx(recorded["log_loss"])


@pytest.mark.parametrize(
    ("values", "typed", "weights"),
    [
        (("false", "true"), "true=2", [1.0, 2.0]),
        ((0.0, 1.0), "1=2", [1.0, 2.0]),
        (('"a,b"', '"c=d"'), "a,b=2,c=d=5", [2.0, 5.0]),
    ],
)
def test_names_of_classes_are_those_of_the_file(deepstep, values, typed, weights):
    Path("t.csv").write_text("x,y\n" + "".join(f"{x},{values[x % 2]}\n" for x in range(40)))
    few = "--target y --model network --epochs 1 --out r --class-weight"
    assert deepstep("train", "t.csv", f"{few} {typed}").code == 0
    assert Run.load("r").config["class_weights"] == weights


def test_early_stopping_and_refit(deepstep, flowers):
    typed = "--target kind --model network --epochs 300 --learning-rate 0.03 --batch-size 8 --dropout 0.2"
    typed += " --set schedule=cosine --set early_stopping=true --set n_iter_no_change=3"
    result = deepstep("train", flowers, typed, "--out", "first")
    assert "43 to learn from, 5 to validate on, 12 held out." in result.err
    first = Run.load("first")
    epochs = int(np.argmin(first.history.column("validation_cost"))) + 1
    assert 1 < epochs == len(first.history) - 4
    assert deepstep("train", flowers, typed, "--set refit=true --out r").code == 0
    run = Run.load("r")
    assert (run.history.stopped, len(run.history)) == (f"refitted for {epochs} epochs", epochs)
    assert (run.config["results"]["train"]["rows"], "validation" in run.config["results"]) == (48, False)


def test_validation_rows_of_a_file_teach_nothing(deepstep, weighted):
    frame = polars.read_csv(weighted)
    frame[40:].write_csv("later.csv")
    deepstep("train", weighted, KIND, "--sample-weight w")
    plain = Run.load("r")
    deepstep("train", weighted, KIND, "--sample-weight w --validation later.csv --overwrite")
    judged = Run.load("r")
    assert_array_equal(plain.network.parameters.flat, judged.network.parameters.flat)
    assert "validation" not in plain.config["results"]
    assert judged.config["results"]["validation"]["rows"] == 20
    later, Y = judged.inputs(frame[40:]), judged.targets.encode(frame["kind"][40:])
    cost = judged.network.cost(later.T, Y.T, sample_weight=frame["w"][40:].to_numpy())
    assert judged.history[-1]["validation_cost"] == pytest.approx(cost)


def test_a_table_to_validate_on_takes_the_place_of_folds(deepstep, flowers):
    result = deepstep(
        "train", flowers, "--target kind --effort fast --epochs 2 --out r --validation", flowers
    )
    assert result.code == 0, result.err
    run = Run.load("r")
    assert list(run.config["results"]) == ["train", "validation", "test"]
    assert all(member.validation_cost is not None for member in run.ensemble.members)


@pytest.mark.parametrize(
    ("rows", "typed", "says", "silent"),
    [
        (3, "--set n_estimators=2", ["The test set has 1 row:", "No fold holds rows out"], ["No test set"]),
        (20, "--model network --epochs 1", ["The test set has 4 rows:"], ["No fold", "No test set"]),
        (3, "--set n_estimators=2 --test-fraction 0", ["scores are on training data"], ["The test set"]),
        (21, "--set n_estimators=2", [], ["The test set", "No fold", "No test set"]),
    ],
)
def test_scores_of_a_few_rows_come_with_a_caution(deepstep, tmp_path, rows, typed, says, silent):
    numbers = polars.Series(np.arange(rows) * 1.5)
    polars.DataFrame({"a": numbers.sin(), "b": numbers.cos(), "y": numbers}).write_csv(tmp_path / "few.csv")
    result = deepstep("train", tmp_path / "few.csv", f"--target y --out r {typed}")
    assert result.code == 0
    printed = " ".join(result.out.split())
    assert all(text in printed for text in says)
    assert not any(text in printed for text in silent)


def test_with_a_time_budget_the_clock_decides(deepstep, flowers, monkeypatch):
    ticks = count()  # a hundredth of a second each time somebody looks
    monkeypatch.setattr("deepstep.training.loop.perf_counter", lambda: next(ticks) / 100)
    typed = "--target kind --model network --hidden-layers 2 --out r --time-budget 10 --set schedule=linear"
    assert deepstep("train", flowers, typed).code == 0
    run = Run.load("r")
    assert run.history.stopped == "time budget of 10 s used up"
    assert len(run.history) > 80
