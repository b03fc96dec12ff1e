"""Everything that `deepstep train` trains with: options reach the network, the run and the summary."""

import io
import json
import re
from itertools import count
from pathlib import Path

import numpy as np
import polars
import pytest
from click.testing import CliRunner
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import load_diabetes
from sklearn.metrics import balanced_accuracy_score

from deepstep.cli.train import train_command as command
from deepstep.data import holdout
from deepstep.estimators import DeepClassifier, DeepRegressor
from deepstep.inspection.metrics import score
from deepstep.run import MOST_EXAMPLES, Run

EVERYTHING = {
    "--hidden-layers": "5,4",
    "--activation": "gelu,tanh",
    "--normalization": "batch,layer",
    "--initialization": "data",
    "--loss": "cross_entropy",
    "--optimizer": "adamw",
    "--optimizer-param": "beta1=0.8",
    "--learning-rate": "0.01",
    "--iterations": "6",
    "--batch-size": "10",
    "--schedule": "cosine",
    "--warmup-fraction": "0.2",
    "--clip-norm": "0.5",
    "--clip-value": "0.4",
    "--lr-multiplier": "b*=0.5",
    "--weight-decay-multiplier": "W1=2.0",
    "--weight-decay-schedule": "linear",
    "--dropout-schedule": "linear",
    "--seed": "3",
    "--l1": "0.1",
    "--l2": "0.2",
    "--weight-decay": "0.3",
    "--dropout": "0.1,0.2",
    "--label-smoothing": "0.1",
    "--time-budget": "600",
    "--class-weight": "balanced",
    "--validation-fraction": "0.25",
    "--patience": "6",
    "--scoring": "balanced_accuracy",
    "--engine": "reference",
    "--precision": "float32",
}
RECORDED = {
    "--optimizer-param": {"beta1": 0.8},
    "--lr-multiplier": {"b*": 0.5},
    "--weight-decay-multiplier": {"W1": 2.0},
}
"""Settings that are typed in another form."""
KIND = "--target kind --hidden-layers 4 --epochs 6 --out r"


@pytest.fixture(scope="module")
def weighted(flowers, tmp_path_factory):
    """The flowers, with weights from 0 to 3."""
    frame = polars.read_csv(flowers)
    weight = np.random.default_rng(5).integers(0, 7, len(frame)) / 2
    path = tmp_path_factory.mktemp("weighted") / "t.csv"
    frame.with_columns(w=polars.Series(weight)).write_csv(path)
    return path


def theta(run="r"):
    return Run.load(run).network.parameters.flat


def test_everything_at_once_is_the_estimator(deepstep, weighted):
    """The same bits as those of the estimator on the rows that are learned from and validated on."""
    typed = [f"{name} {value}" for name, value in EVERYTHING.items() if name != "--time-budget"]  # no clock
    words = ["train", weighted, "--target kind --sample-weight w --out r", *typed, "--json"]
    record = json.loads(deepstep(*words).out)
    frame = polars.read_csv(weighted)
    X, y, w = frame.drop("kind", "w"), frame["kind"].to_numpy(), frame["w"].to_numpy()
    rows, _ = holdout(y, fraction=0.2, seed=3, stratify=True)
    kept, held = holdout(y[rows], fraction=0.25, seed=3, stratify=True)
    learn, validation = rows[kept], rows[held]
    same = {"l1": 0.1, "weight_decay": 0.3, "clip_norm": 0.5}
    schedules = {"weight_decay_schedule": "linear", "dropout_schedule": "linear"}
    model = DeepClassifier(
        (5, 4),
        ["gelu", "tanh"],
        preset="single",
        normalization=["batch", "layer"],
        initialization="data",
        solver="adamw",
        optimizer_params={"beta1": 0.8},
        learning_rate_init=0.01,
        max_iter=6,
        batch_size=10,
        schedule={"name": "cosine", "warm_up": 0.2},
        clip_value=0.4,
        lr_multipliers={"b*": 0.5},
        weight_decay_multipliers={"W1": 2.0},
        random_state=3,
        alpha=0.2,
        dropout=(0.1, 0.2),
        label_smoothing=0.1,
        class_weight="balanced",
        early_stopping=True,
        n_iter_no_change=6,
        scoring="balanced_accuracy",
        engine="reference",
        dtype="float32",
        **same,
        **schedules,
    )
    of_validation = {"X_val": X[validation], "y_val": y[validation], "sample_weight_val": w[validation]}
    model.fit(X[learn], y[learn], w[learn], **of_validation)
    run = Run.load("r")
    assert_array_equal(run.network.parameters.flat, model.network_.parameters.flat)
    for quantity in ("cost", "learning_rate", "validation_cost", "validation_score"):
        assert_array_equal(run.history.column(quantity), model.history_.column(quantity))
    assert_array_equal(run.predict(frame).probabilities, model.predict_proba(X))
    assert_array_equal(DeepClassifier.load("r").predict(X), model.predict(X))
    assert record["validation"]["rows"] == len(validation)
    assert (record["output"], record["epochs"]) == ("sigmoid", 6)


DIABETES, Y = load_diabetes(return_X_y=True, as_frame=True)
TABLE = polars.from_pandas(DIABETES).with_columns(
    sex=polars.when(polars.col("sex") > 0).then(polars.lit("a")).otherwise(polars.lit("b")),
    bmi=polars.when(polars.int_range(len(Y)) % 9 > 0).then("bmi"),
)
ILL = polars.Series("y", ["ill" if y > 140 else "well" for y in Y])


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(
    ("model", "y", "options"),
    [
        (DeepClassifier(preset="single", class_weight={"ill": 3}), ILL, "--class-weight ill=3,well=1"),
        (DeepRegressor(preset="single"), polars.Series("y", Y), ""),
        (DeepRegressor(preset="single", solver="lbfgs"), polars.Series("y", Y), "--optimizer lbfgs"),
    ],
)
def test_what_is_not_asked_for_is_as_of_the_estimator(deepstep, model, y, options):
    TABLE.with_columns(y).write_parquet("t.parquet")
    typed = "--target y --preset single --test-fraction 0 --epochs 9 --seed 3 --out run"
    assert deepstep("train", "t.parquet", typed, *([options] if options else [])).code == 0
    run = Run.load("run")
    model.set_params(max_iter=9, random_state=3).fit(TABLE, y.to_numpy())
    assert_array_equal(model.network_.parameters.flat, run.network.parameters.flat)
    assert_array_equal(model.history_.costs, run.history.costs)
    values = model.predict_proba(TABLE) if y is ILL else model.predict(TABLE)
    predicted = run.predict(TABLE)
    assert_allclose(values, predicted.probabilities if y is ILL else predicted.values, rtol=1e-9)


def test_everything_is_recorded_and_shown(deepstep, flowers):
    deepstep("train", flowers, "--target kind --out r", *(" ".join(pair) for pair in EVERYTHING.items()))
    settings = Run.load("r").config["settings"]
    summary = deepstep("summary", "r").out
    assert json.loads(deepstep("summary", "r", "--json").out)["settings"] == settings
    names = {"--hidden-layers": "hidden", "--warmup-fraction": "warm_up"}
    for option, value in EVERYTHING.items():
        name = names.get(option, option[2:].replace("-", "_"))
        if option in RECORDED:
            assert settings[f"{name}s"] == RECORDED[option]
        elif option != "--validation-fraction":  # which is no setting of training: the scores show it
            given = settings[name]
            shown = ",".join(map(str, given)) if isinstance(given, list) else str(given)
            assert shown in (value, f"{value}.0")
            assert re.search(rf"^{name} +\S", summary, re.MULTILINE)
    assert re.search(r"train +validation +test", summary)


def test_what_is_not_asked_for_is_not_recorded(deepstep, flowers):
    deepstep("train", flowers, "--target kind --out r --iterations 1")
    names = "hidden activation initialization optimizer learning_rate iterations batch_size seed"
    assert set(Run.load("r").config["settings"]) == set(names.split())


def test_the_run_knows_its_weights_and_its_commands_take_them(deepstep, weighted, flowers):
    typed = f"{KIND} --sample-weight w --class-weight balanced --batch-size 10"
    assert deepstep("train", weighted, typed).code == 0
    run, frame = Run.load("r"), polars.read_csv(weighted)
    target, of_classes = run.preparation.target, np.array(run.config["class_weights"])
    X, Y = run.kept_examples()
    weights = np.array(run.config["example_weights"]) * of_classes[target.values(target.decode(Y))]
    first = frame[:MOST_EXAMPLES]
    other_weights = first["w"].to_numpy() * of_classes[target.values(first["kind"])]
    other = run.inputs(first), target.encode(first["kind"]), other_weights
    for data, (rows, answers, w) in {(): (X, Y, weights), ("--data", weighted): other}.items():
        trace = json.loads(deepstep("trace", "r", *data, "--json").out)
        cost = next(entry["value"] for entry in trace["entries"] if entry["name"] == "J")
        assert cost == pytest.approx(run.network.cost(rows.T, answers.T, sample_weight=w))
    assert deepstep("check-gradients", "r").code == 0
    # rows without weights can be answered and judged
    for command_ in ("predict", "evaluate"):
        assert deepstep(command_, "r", flowers).code == 0
    assert f"Error: {flowers}, the weights: column is one of" in deepstep("trace", "r", "--data", flowers).err
    held, recorded = run.held_out, run.config["results"]["test"]
    again = score(target, held.answers, held.outputs, held.weight, run.calibrated).values
    assert again["accuracy"] == pytest.approx(recorded["accuracy"])
    assert again["log_loss"] == pytest.approx(recorded["log_loss"])


@pytest.mark.parametrize(
    ("values", "typed", "weights"),
    [
        ((0, 1), "1=2", [1.0, 2.0]),
        (("false", "true"), "true=2", [1.0, 2.0]),
        ((0.0, 1.0), "1=2", [1.0, 2.0]),
        (('"a,b"', '"c=d"'), "a,b=2,c=d=5", [2.0, 5.0]),
    ],
)
def test_names_of_classes_are_those_of_the_file(deepstep, values, typed, weights):
    Path("t.csv").write_text("x,y\n" + "".join(f"{x},{values[x % 2]}\n" for x in range(40)))
    assert deepstep("train", "t.csv", f"--target y --epochs 1 --out r --class-weight {typed}").code == 0
    assert Run.load("r").config["class_weights"] == weights


def test_balanced_weights_raise_balanced_accuracy(deepstep):
    rng, scores = np.random.default_rng(0), []
    rare = rng.random(800) < 0.05
    frame = polars.DataFrame(
        rng.standard_normal((800, 3)) + 1.5 * rare[:, np.newaxis], schema=["a", "b", "c"]
    )
    frame = frame.with_columns(kind=polars.Series(np.where(rare, "rare", "usual")))
    frame.write_csv("t.csv")
    for options in ([], ["--class-weight", "balanced"]):
        deepstep("train", "t.csv", "--target kind --epochs 20 --out r --overwrite", *options)
        answers = polars.read_csv(io.StringIO(deepstep("predict", "r", "t.csv").out))
        scores.append(balanced_accuracy_score(frame["kind"], answers["prediction"]))
        printed = deepstep("evaluate", "r", "t.csv").out
        assert re.search(rf"balanced accuracy +{100 * scores[-1]:.2f} %", printed)
        assert "recall of rare" in printed
        assert "recall of rare" in deepstep("summary", "r").out
    assert scores[1] > scores[0] + 0.05


def test_patience_and_refit(deepstep, flowers):
    typed = "--target kind --epochs 300 --patience 4 --learning-rate 0.03 --batch-size 8 --dropout 0.2"
    typed += " --schedule cosine"
    result = deepstep("train", flowers, typed, "--out", "first")
    assert "43 to learn from, 5 to validate on, 12 held out." in result.err
    first = Run.load("first")
    assert first.history.stopped.startswith("validation_cost did not improve")
    epochs = int(np.argmin(first.history.column("validation_cost"))) + 1
    assert 1 < epochs == len(first.history) - 4
    assert deepstep("train", flowers, typed, "--refit", "--out", "r").code == 0
    run = Run.load("r")
    assert (run.history.stopped, len(run.history)) == (f"refitted for {epochs} epochs", epochs)
    assert (run.config["results"]["train"]["rows"], "validation" in run.config["results"]) == (48, False)
    assert run.config["settings"]["refit"] is True


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
    later, Y = judged.inputs(frame[40:]), judged.preparation.target.encode(frame["kind"][40:])
    cost = judged.network.cost(later.T, Y.T, sample_weight=frame["w"][40:].to_numpy())
    assert judged.history[-1]["validation_cost"] == pytest.approx(cost)


@pytest.mark.parametrize("validated", [False, True])
def test_without_rows_held_out(deepstep, flowers, validated):
    typed = "--target kind --epochs 2 --test-fraction 0 --out r" + " --patience 2" * validated
    result = deepstep("train", flowers, typed)
    results = Run.load("r").config["results"]
    if validated:
        assert "54 to learn from, 6 to validate on, none held out." in result.err
        assert list(results) == ["train", "validation"]
        return
    assert "60 to learn from, none held out." in result.err
    assert "No test set: these scores are on training data" in result.out
    assert (list(results), results["train"]["rows"]) == (["train"], 60)
    assert "test" not in json.loads(deepstep("train", flowers, typed, "--overwrite", "--json").out)
    for words in (["summary", "r"], ["predict", "r", flowers], ["evaluate", "r", flowers]):
        assert deepstep(*words).code == 0


@pytest.mark.parametrize(
    ("rows", "typed", "says", "silent"),
    [
        (3, "--n-estimators 2", ["The test set has 1 row:", "No fold holds rows out"], ["No test set"]),
        (3, "--epochs 1", ["The test set has 1 row:"], ["No fold", "No test set"]),
        (
            3,
            "--n-estimators 2 --test-fraction 0",
            ["scores are on training data", "No fold holds"],
            ["The test set"],
        ),
        (20, "--epochs 1", ["The test set has 4 rows:"], ["No test set"]),
        (21, "--n-estimators 2", [], ["The test set", "No fold", "No test set"]),
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


@pytest.fixture
def clock(monkeypatch):
    """It goes on by a hundredth of a second each time somebody looks."""
    ticks = count()
    monkeypatch.setattr("deepstep.training.loop.perf_counter", lambda: next(ticks) / 100)


def test_with_a_time_budget_the_clock_decides(deepstep, flowers, clock):
    typed = "--target kind --hidden-layers 2 --out r --time-budget"
    result = deepstep("train", flowers, f"{typed} 10 --schedule linear")
    run = Run.load("r")
    assert run.history.stopped == "time budget of 10 s used up"
    assert len(run.history) > 80
    assert "iterations" not in run.config["settings"]
    assert run.history.column("learning_rate")[-1] < 0.01e-3  # of 0.001: the schedule came to its end
    assert f"flowers: {len(run.history)}, cost" in result.err
    deepstep("train", flowers, f"{typed} 1000 --epochs 3 --overwrite")
    assert len(Run.load("r").history) == 3


def test_lbfgs_ends_by_itself(deepstep, flowers):
    typed = "--target height --exclude kind --hidden-layers 8 --optimizer lbfgs --out r"
    trained = deepstep("train", flowers, typed, "--optimizer-param tolerance=1e-5 --json")
    run = Run.load("r")
    assert len(run.history) > 40
    assert "CONVERGENCE" in run.history.stopped
    assert (run.config["settings"]["iterations"], "batch_size" in run.config["settings"]) == (2500, False)
    assert json.loads(trained.out)["test"]["r2"] > 0.8


@pytest.mark.parametrize(
    "typed",
    [
        "--class-weight balanced --sample-weight w",
        "--initialization data --optimizer gd --deterministic",
        "--patience 2 --validation-fraction 0.2 --refit --scoring accuracy",
    ],
)
def test_a_rate_that_is_searched_for(deepstep, weighted, typed):
    """There is one search, and a refit has its rate, too."""
    typed = f"{KIND} --batch-size 16 --dropout 0.1 {typed} --overwrite --learning-rate"
    result = deepstep("train", weighted, f"{typed} auto")
    assert result.code == 0, result.err
    run = Run.load("r")
    rate = run.config["settings"]["learning_rate"]
    assert set(run.history.column("learning_rate")) == {rate}
    assert run.config["found"] == ["learning_rate"]
    assert f"Learning rate: {rate:.3g}, found by --learning-rate auto." in result.err
    assert "(found by a search)" in deepstep("summary", "r").out
    assert deepstep("train", weighted, typed, repr(rate)).code == 0
    assert_array_equal(theta(), run.network.parameters.flat)
    assert "found" not in Run.load("r").config


def test_where_no_rate_lowers_the_cost(deepstep, flowers):
    frozen = "--initialization zeros --lr-multiplier *=0 --learning-rate auto"
    result = deepstep("train", flowers, KIND, frozen)
    assert "Learning rate: 0.001, as --learning-rate auto found no rate from 1e-06 on that" in result.err
    assert Run.load("r").config["settings"]["learning_rate"] == 0.001


RATES = {
    "step:drop=0.5,every=0.2": lambda at: 0.5 ** (at // 2),
    "linear:last=0.5 --warmup-fraction 0.5": lambda at: np.where(at < 5, at / 5, 1 - 0.5 * (at - 5) / 5),
}


@pytest.mark.parametrize("schedule", RATES)
def test_settings_of_a_schedule(deepstep, flowers, schedule):
    typed = f"--epochs 10 --learning-rate 0.1 --batch-size 48 --schedule {schedule}"
    assert deepstep("train", flowers, "--target kind --out r", typed).code == 0
    run = Run.load("r")
    assert_allclose(run.history.column("learning_rate"), 0.1 * RATES[schedule](np.arange(10)))
    assert run.config["settings"]["schedule"]["name"] == schedule.partition(":")[0]


@pytest.mark.parametrize("quantity", ["cost", "validation_cost", "validation_score"])
def test_settings_of_a_plateau(deepstep, flowers, quantity):
    """Where next to nothing counts as better the rate falls after each epoch that did not double the best."""
    larger = ",larger_is_better=true" if "score" in quantity else ""
    schedule = f"plateau:patience=0,drop=0.5,threshold=0.99,quantity={quantity}{larger}"
    typed = f"--epochs 10 --learning-rate 0.1 --scoring accuracy --schedule {schedule}"
    assert deepstep("train", flowers, "--target kind --hidden-layers 4 --out r", typed).code == 0
    history = Run.load("r").history
    best, expected = None, [0.1]
    for value in history.column(quantity):
        better = best is None or (value > 1.99 * best if larger else value < 0.01 * best)
        best = value if better else best
        expected.append(expected[-1] * (1 if better else 0.5))
    assert_allclose(history.column("learning_rate"), expected[:-1])
    assert expected[-1] < 0.01


def test_hyperparameters_reach_each_optimizer(deepstep, flowers):
    for optimizer, given in {"momentum": "beta=0.5", "lbfgs": "evaluations=2"}.items():
        deepstep("train", flowers, KIND, "--overwrite --optimizer", optimizer)
        plain = theta()
        assert deepstep(
            "train", flowers, KIND, f"--optimizer {optimizer} --optimizer-param {given} --overwrite"
        )
        name, _, value = given.partition("=")
        assert str(Run.load("r").config["settings"]["optimizer_params"][name]) == value
        assert not np.array_equal(theta(), plain)
        assert (deepstep("trace", "r").code, deepstep("check-gradients", "r").code) == (0, 0)


def test_deterministic(deepstep, flowers, monkeypatch):
    """One BLAS thread is asked for."""
    from deepstep.training import fit

    asked, given = [], fit.blas_threads
    monkeypatch.setattr(fit, "blas_threads", lambda wanted: asked.append(wanted) or given(wanted))
    deepstep("train", flowers, KIND)
    assert deepstep("train", flowers, KIND, "--deterministic --overwrite").code == 0
    assert asked == [False, True]
    assert Run.load("r").config["settings"]["deterministic"] is True


@pytest.mark.parametrize("precision", ["float64", "float32", "bfloat16"])
def test_the_torch_engine_in_each_precision(deepstep, flowers, precision):
    pytest.importorskip("torch")
    engine = [] if precision == "bfloat16" else ["--engine", "torch:cpu"]
    told = json.loads(deepstep("train", flowers, KIND, *engine, "--precision", precision, "--json").out)
    run = Run.load("r")
    assert told["engine"] == run.history.engine == (engine[-1] if engine else "torch")
    assert run.network.dtype == np.dtype(precision.replace("bfloat16", "float32"))
    assert run.config["settings"]["precision"] == precision
    assert told["engine"] in deepstep("summary", "r").out
    assert deepstep("predict", "r", flowers).code == 0


def test_an_ensemble_has_an_engine_and_keeps_it(deepstep, flowers):
    pytest.importorskip("torch")
    assert deepstep("train", flowers, "--target kind --n-estimators 1 --engine torch --out r").code == 0
    run = Run.load("r")
    assert {member.engine for member in run.ensemble.members} == {"torch"}
    assert run.config["settings"]["engine"] == "torch"


@pytest.mark.parametrize("typed", ["--engine torch", "--precision bfloat16"])
def test_without_pytorch_the_command_that_installs_it_is_told(deepstep, flowers, monkeypatch, typed):
    monkeypatch.setattr("deepstep.engines.choice.find_spec", lambda name: None)
    told = deepstep("train", flowers, KIND, typed)
    assert told.code == 2
    assert "--engine: the package 'torch' is needed; it is not installed. " in told.err
    assert "pip install torch" in told.err


def test_help_has_sections():
    short, whole = (CliRunner().invoke(command, [option]).output for option in ("--help", "--help-all"))
    titles = "Data Network Optimization Regularization Stopping Engine".split()  # noqa: SIM905
    for text in (short, whole):
        assert re.findall(r"^(\S.*):$", text, re.MULTILINE) == [*titles, "Run folder", "Other options"]
    for parameter in command.params:
        names = [name for name in parameter.opts if name.startswith("--")]
        assert all(name in whole for name in names)
        assert all(name in short for name in names) or not getattr(parameter, "common", True)
    assert len(re.findall(r"^  -", short, re.MULTILINE)) < 32 < len(re.findall(r"^  -", whole, re.MULTILINE))


def test_options_of_a_file(deepstep, flowers):
    """Those that are typed go before them; the file that a run keeps gives the same run."""
    Path("c.toml").write_text(
        'target = "kind"\nhidden = [5]\nepochs = 3\nbatch-size = 8\ndropout = 0.1\n'
        'class_weight = {tall = 2}\nschedule = {name = "step", drop = 0.5}\nlr_multiplier = {"b*" = 0.5}\n'
    )
    typed = "--target kind --hidden-layers 4 --epochs 3 --batch-size 8 --dropout 0.1 --out b"
    more = "--class-weight tall=2 --schedule step:drop=0.5 --lr-multiplier b*=0.5"
    assert deepstep("train", flowers, "--config c.toml --hidden-layers 4 --out a").code == 0
    assert deepstep("train", flowers, typed, more).code == 0
    assert deepstep("train", flowers, "--config a/config.toml --out c").code == 0
    a, *others = (Run.load(name) for name in "abc")
    for other in others:
        assert_array_equal(a.network.parameters.flat, other.network.parameters.flat)
        assert a.config["settings"] == other.config["settings"]
