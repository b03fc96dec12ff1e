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
from sklearn.metrics import balanced_accuracy_score, f1_score, log_loss, mean_absolute_error

from deepstep.cli.train import train_command as command
from deepstep.data import holdout
from deepstep.estimators import DeepClassifier
from deepstep.run import Run

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
    "--ema-decay": "0.5",
    "--seed": "3",
    "--l1": "0.1",
    "--l2": "0.2",
    "--weight-decay": "0.3",
    "--dropout": "0.1,0.2",
    "--input-noise": "0.05",
    "--label-smoothing": "0.1",
    "--max-norm": "3.0",
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


def typed(options):
    return [word for option in options.items() for word in option]


@pytest.fixture(scope="module")
def imbalanced(tmp_path_factory):
    """Two overlapping classes, one in twenty of the rare one."""
    rng = np.random.default_rng(0)
    rare = rng.random(800) < 0.05
    x = rng.standard_normal((800, 3)) + 1.5 * rare[:, np.newaxis]
    frame = polars.DataFrame(x, schema=["a", "b", "c"]).with_columns(
        kind=polars.Series(np.where(rare, "rare", "usual"))
    )
    path = tmp_path_factory.mktemp("tables") / "imbalanced.csv"
    frame.write_csv(path)
    return path


def test_everything_at_once_is_the_estimator(deepstep, flowers):
    """The same bits as those of the estimator on the rows that are learned from and validated on."""
    options = {name: value for name, value in EVERYTHING.items() if name != "--time-budget"}  # no clock here
    record = json.loads(
        deepstep("train", flowers, "--target", "kind", "--out", "r", *typed(options), "--json").out
    )
    frame = polars.read_csv(flowers)
    X, y = frame.drop("kind"), frame["kind"].to_numpy()
    rows, _ = holdout(y, fraction=0.2, seed=3, stratify=True)
    kept, held = holdout(y[rows], fraction=0.25, seed=3, stratify=True)
    learn, validation = rows[kept], rows[held]
    same = {"l1": 0.1, "weight_decay": 0.3, "input_noise": 0.05, "max_norm": 3.0, "clip_norm": 0.5}
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
        ema_decay=0.5,
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
    model.fit(X[learn], y[learn], X_val=X[validation], y_val=y[validation])
    run = Run.load("r")
    np.testing.assert_array_equal(run.network.parameters.flat, model.network_.parameters.flat)
    for quantity in ("cost", "learning_rate", "validation_cost", "validation_score"):
        np.testing.assert_array_equal(run.history.column(quantity), model.history_.column(quantity))
    np.testing.assert_array_equal(run.predict(frame).probabilities, model.predict_proba(X))
    np.testing.assert_array_equal(DeepClassifier.load("r").predict(X), model.predict(X))
    assert record["validation"]["rows"] == len(validation)
    assert (record["output"], record["epochs"]) == ("sigmoid", 6)


def test_everything_is_recorded_and_shown(deepstep, flowers):
    deepstep("train", flowers, "--target", "kind", "--out", "r", *typed(EVERYTHING))
    settings = Run.load("r").config["settings"]
    summary = deepstep("summary", "r").out
    as_json = json.loads(deepstep("summary", "r", "--json").out)["settings"]
    assert as_json == settings
    for option, value in EVERYTHING.items():
        if option != "--validation-fraction":  # which is no setting of training: the scores show it
            name = {"--hidden-layers": "hidden", "--warmup-fraction": "warm_up"}.get(
                option, option[2:].replace("-", "_")
            )
            if option in RECORDED:
                assert settings[f"{name}s"] == RECORDED[option]
                continue
            given = settings[name]
            shown = ",".join(map(str, given)) if isinstance(given, list) else str(given)
            assert shown in (value, f"{value}.0")
            assert re.search(rf"^{name} +\S", summary, re.MULTILINE)
    assert re.search(r"train +validation +test", summary)


def test_what_is_not_asked_for_is_not_recorded(deepstep, flowers):
    deepstep("train", flowers, "--target", "kind", "--out", "r", "--iterations", "1")
    assert set(Run.load("r").config["settings"]) == {
        "hidden",
        "activation",
        "initialization",
        "optimizer",
        "learning_rate",
        "iterations",
        "batch_size",
        "seed",
    }


def test_patience_holds_rows_out_and_keeps_the_best(deepstep, flowers):
    result = deepstep(
        "train", flowers, "--target", "kind", "--out", "r", "--epochs", "400", "--patience", "3",
        "--learning-rate", "0.05",
    )  # fmt: skip
    assert "43 to learn from, 5 to validate on, 12 held out." in result.err
    history = Run.load("r").history
    assert history.stopped.startswith("validation_cost did not improve")
    assert int(np.argmin(history.column("validation_cost"))) == len(history) - 4


REFITTED = (
    "--target", "kind", "--epochs", "300", "--patience", "4", "--learning-rate", "0.03", "--batch-size", "8",
    "--dropout", "0.2", "--schedule", "cosine",
)  # fmt: skip


def test_refit_is_a_training_on_all_rows_for_the_best_number_of_epochs(deepstep, flowers):
    deepstep("train", flowers, *REFITTED, "--out", "first")
    first = Run.load("first")
    epochs = int(np.argmin(first.history.column("validation_cost"))) + 1
    assert 1 < epochs < len(first.history)
    assert deepstep("train", flowers, *REFITTED, "--refit", "--out", "r").code == 0
    run = Run.load("r")
    assert sorted(path.name for path in Path("r").iterdir()) == sorted(
        p.name for p in Path("first").iterdir()
    )
    assert (run.history.stopped, len(run.history)) == (f"refitted for {epochs} epochs", epochs)
    assert (run.config["results"]["train"]["rows"], "validation" in run.config["results"]) == (48, False)
    assert run.config["settings"]["refit"] is True


@pytest.mark.parametrize("epoch", [1, 3])
def test_a_refit_that_is_killed_goes_on(deepstep, process, flowers, tmp_path, epoch):
    """In either of the two trainings: the end of epoch 3 comes in the first, then in the refit."""
    deepstep("train", flowers, *REFITTED, "--refit", "--out", "whole")
    kill = (
        "import os, signal\n"
        "from deepstep.training import Progress\n"
        "go_on = Progress.on_epoch_end\n"
        "def killed(self, training, record):\n"
        "    go_on(self, training, record)\n"
        f"    if record['epoch'] == {epoch} and ('all rows' in self._meter._label) is {epoch == 3}:\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "Progress.on_epoch_end = killed"
    )
    result = process(
        "train", flowers, *REFITTED, "--refit", "--out", "r", "--checkpoint-every", "0", before=kill
    )
    assert result.returncode == -9
    assert (tmp_path / "r.unfinished" / "refit").exists() is (epoch == 3)
    assert deepstep("train", "--resume", "r").code == 0
    resumed, whole = Run.load("r"), Run.load("whole")
    np.testing.assert_array_equal(resumed.network.parameters.flat, whole.network.parameters.flat)
    assert not list(tmp_path.glob("*.unfinished"))
    assert not list(tmp_path.glob("r/refit"))


def test_validation_rows_of_a_file_teach_nothing(deepstep, flowers, tmp_path):
    frame = polars.read_csv(flowers)
    frame[40:].write_csv(tmp_path / "later.csv")
    deepstep("train", flowers, "--target", "kind", "--out", "plain", "--epochs", "5")
    deepstep(
        "train", flowers, "--target", "kind", "--out", "judged", "--epochs", "5", "--validation", "later.csv"
    )
    plain, judged = Run.load("plain"), Run.load("judged")
    np.testing.assert_array_equal(plain.network.parameters.flat, judged.network.parameters.flat)
    assert "validation" not in plain.config["results"]
    assert judged.config["results"]["validation"]["rows"] == 20
    later = judged.inputs(frame[40:])
    Y = judged.preparation.target.encode(frame["kind"][40:])
    assert judged.history[-1]["validation_cost"] == pytest.approx(judged.network.cost(later.T, Y.T))


def test_balanced_weights_raise_balanced_accuracy(deepstep, imbalanced):
    scores = []
    for options in ([], ["--class-weight", "balanced"]):
        deepstep("train", imbalanced, "--target", "kind", "--out", "r", "--overwrite", *options)
        frame = polars.read_csv(imbalanced)
        answers = polars.read_csv(io.StringIO(deepstep("predict", "r", imbalanced).out))
        scores.append(balanced_accuracy_score(frame["kind"], answers["prediction"]))
        printed = deepstep("evaluate", "r", imbalanced).out
        assert re.search(rf"balanced accuracy +{100 * scores[-1]:.2f} %", printed)
        assert "recall of rare" in printed
        assert "recall of rare" in deepstep("summary", "r").out
    assert scores[1] > scores[0] + 0.05


LOSSES = {
    "absolute_error": "absolute_error",
    "huber": "huber",
    "poisson": "poisson",
    "quantile": "quantile",
    "squared_error": "identity",
}


@pytest.mark.parametrize("loss", LOSSES)
def test_losses_of_numbers(deepstep, flowers, tmp_path, loss):
    frame = polars.read_csv(flowers).with_columns(polars.col("height") - polars.col("height").min())
    frame.write_csv(tmp_path / "t.csv")
    options = ["--target", "height", "--exclude", "kind", "--loss", loss, "--epochs", "150"]
    trained = json.loads(deepstep("train", "t.csv", *options, "--out", "r", "--json").out)
    assert trained["output"] == LOSSES[loss]
    assert trained["test"]["r2"] > 0.8
    answers = polars.read_csv(io.StringIO(deepstep("predict", "r", "t.csv").out))
    evaluated = json.loads(deepstep("evaluate", "r", "t.csv", "--json").out)
    errors = (answers["prediction"] - frame["height"]).to_numpy()
    assert evaluated["rmse"] == pytest.approx(np.sqrt(np.square(errors).mean()))
    if loss == "poisson":
        assert answers["prediction"].min() >= 0
    for typed_next in (["check-gradients", "r"], ["trace", "r"], ["summary", "r"]):
        assert deepstep(*typed_next).code == 0


def test_delta_of_huber(deepstep, flowers):
    """With a large one it is half the squared error, with a small one the absolute error."""
    typed_before = ["train", flowers, "--target", "height", "--epochs", "3", "--loss"]
    deepstep(*typed_before, "huber", "--huber-delta", "1000", "--out", "wide")
    deepstep(*typed_before, "squared_error", "--out", "squared")
    wide, squared = Run.load("wide"), Run.load("squared")
    assert dict(wide.network.architecture.output_settings) == {"delta": 1000.0}
    np.testing.assert_allclose(wide.history.costs, squared.history.costs, rtol=1e-12)


def test_a_loss_of_numbers_sets_the_task(deepstep, tmp_path):
    """Few whole numbers would be taken for classes."""
    rows = "".join(f"{x},{x % 5}\n" for x in range(60))
    (tmp_path / "t.csv").write_text("x,y\n" + rows)
    result = deepstep("train", "t.csv", "--target", "y", "--loss", "poisson", "--epochs", "1", "--out", "r")
    assert "Task: regression, because --loss poisson is one of numbers." in result.err
    assert Run.load("r").network.architecture.output == "poisson"


@pytest.mark.parametrize(
    ("target", "scoring"), [("kind", "f1"), ("kind", "neg_log_loss"), ("height", "neg_mean_absolute_error")]
)
def test_scoring_is_that_of_scikit_learn(deepstep, flowers, target, scoring):
    """Of the last epoch it equals the metric of the answers of `predict` for the validation file."""
    options = ["--target", target, "--validation", flowers, "--scoring", scoring, "--epochs", "5"]
    assert deepstep("train", flowers, *options, "--out", "r").code == 0
    answers = polars.read_csv(io.StringIO(deepstep("predict", "r", flowers).out))
    right = polars.read_csv(flowers)[target]
    if target == "height":
        expected = -mean_absolute_error(right, answers["prediction"])
    elif scoring == "f1":
        expected = f1_score(right == "tall", answers["prediction"] == "tall")
    else:
        expected = -log_loss(right == "tall", answers["probability_tall"])
    assert Run.load("r").history[-1]["validation_score"] == pytest.approx(expected, rel=1e-12)


def test_quantiles(deepstep, flowers):
    options = ["--target", "height", "--loss", "quantile", "--quantiles", "0.2,0.55,0.8", "--epochs", "60"]
    result = deepstep("train", flowers, *options, "--out", "r")
    assert "within the outer quantiles" in result.out
    answers = polars.read_csv(io.StringIO(deepstep("predict", "r", flowers).out))
    assert answers.columns == ["prediction", "quantile_0.2", "quantile_0.55", "quantile_0.8"]
    assert answers["prediction"].to_list() == answers["quantile_0.55"].to_list()
    low, _, high = (answers[name].to_numpy() for name in answers.columns[1:])
    assert (low <= high).all()
    height = polars.read_csv(flowers)["height"].to_numpy()
    evaluated = json.loads(deepstep("evaluate", "r", flowers, "--json").out)
    assert evaluated["coverage"] == pytest.approx(((low <= height) & (height <= high)).mean())
    record = json.loads(deepstep("predict", "r", flowers, "--json").out)
    assert record["levels"] == [0.2, 0.55, 0.8]
    np.testing.assert_allclose(np.array(record["quantiles"])[:, 0], low)


def test_ordered_classes(deepstep, flowers, tmp_path):
    frame = polars.read_csv(flowers)
    size = np.array(["small", "medium", "large"])[np.digitize(frame["x"], [-0.7, 0.7])]
    frame.drop("kind", "height").with_columns(grade=polars.Series(size)).write_csv(tmp_path / "t.csv")
    options = ["--target", "grade", "--loss", "ordinal", "--out", "r", "--epochs", "150"]
    deepstep("train", "t.csv", *options, "--classes", "small, medium,large")
    run = Run.load("r")
    assert run.preparation.target.classes == (("small", "medium", "large"),)
    assert run.network.architecture.output == "ordinal"
    answers = polars.read_csv(io.StringIO(deepstep("predict", "r", "t.csv").out))
    assert answers.columns[1:] == ["probability_small", "probability_medium", "probability_large"]
    np.testing.assert_allclose(answers[:, 1:].to_numpy().sum(axis=1), 1)
    assert (answers["prediction"].to_numpy() == size).mean() > 0.9
    evaluated = json.loads(deepstep("evaluate", "r", "t.csv", "--json").out)
    assert np.sum(evaluated["confusion"]) == 60
    assert deepstep("check-gradients", "r").code == 0


def test_numbers_of_many_values_are_classes_where_the_loss_says_so(deepstep, tmp_path):
    rows = "".join(f"{x},{x % 30}\n" for x in range(60))
    (tmp_path / "t.csv").write_text("x,y\n" + rows)
    result = deepstep("train", "t.csv", "--target", "y", "--loss", "ordinal", "--epochs", "1")
    assert "Task: multiclass, because --loss ordinal is one of classes." in result.err


@pytest.mark.parametrize("loss", ["squared_error", "poisson"])
def test_lbfgs(deepstep, flowers, tmp_path, loss):
    frame = polars.read_csv(flowers).with_columns(polars.col("height") - polars.col("height").min())
    frame.write_csv(tmp_path / "t.csv")
    options = ["--target", "height", "--optimizer", "lbfgs", "--loss", loss, "--patience", "50", "--json"]
    trained = json.loads(deepstep("train", "t.csv", "--out", "r", *options).out)
    assert trained["settings"]["optimizer"] == "lbfgs"
    assert "batch_size" not in trained["settings"]
    assert trained["test"]["r2"] > 0.8  # of twelve rows: it varies by the seed


def test_plateau_goes_by_the_validation_cost(deepstep, flowers):
    options = [
        "--schedule",
        "plateau",
        "--validation-fraction",
        "0.2",
        "--epochs",
        "80",
        "--learning-rate",
        "0.3",
    ]
    deepstep("train", flowers, "--target", "kind", "--out", "r", *options)
    rates = Run.load("r").history.column("learning_rate")
    assert rates[-1] < rates[0] == 0.3


def test_time_budget(deepstep, flowers, monkeypatch):
    """On a clock that goes on by a hundredth of a second each time somebody looks."""
    ticks = count()
    monkeypatch.setattr("deepstep.training.loop.perf_counter", lambda: next(ticks) / 100)
    options = ["--time-budget", "30", "--epochs", "1000000", "--schedule", "linear"]
    deepstep("train", flowers, "--target", "kind", "--out", "r", *options)
    history = Run.load("r").history
    assert history.stopped == "time budget of 30 s used up"
    assert history.column("learning_rate")[-1] < 0.01e-3  # of 0.001: the schedule came to its end


def test_help_has_sections():
    short, whole = (CliRunner().invoke(command, [option]).output for option in ("--help", "--help-all"))
    titles = [
        "Data",
        "Network",
        "Optimization",
        "Regularization",
        "Stopping",
        "Engine",
        "Run folder",
        "Other options",
    ]
    for text in (short, whole):
        assert re.findall(r"^(\S.*):$", text, re.MULTILINE) == titles
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
    typed = [
        "--target",
        "kind",
        "--hidden-layers",
        "4",
        "--epochs",
        "3",
        "--batch-size",
        "8",
        "--dropout",
        "0.1",
    ]
    typed += ["--class-weight", "tall=2", "--schedule", "step:drop=0.5", "--lr-multiplier", "b*=0.5"]
    assert deepstep("train", flowers, "--config", "c.toml", "--hidden-layers", "4", "--out", "a").code == 0
    assert deepstep("train", flowers, *typed, "--out", "b").code == 0
    assert deepstep("train", flowers, "--config", "a/config.toml", "--out", "c").code == 0
    a, *others = (Run.load(name) for name in "abc")
    for other in others:
        np.testing.assert_array_equal(a.network.parameters.flat, other.network.parameters.flat)
        assert a.config["settings"] == other.config["settings"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("epocs = 3", "; got 'epocs'. Did you mean 'epochs'?"),
        ("epochs =", "c.toml must be a TOML file, got one that cannot be read"),
        ("epochs = 0", "--epochs must be a whole number of at least 1, got 0"),
        ('hidden = "a"', "--hidden-layers: whole numbers with ','"),
    ],
)
def test_a_file_of_options_that_cannot_be_used(deepstep, flowers, text, sentence):
    Path("c.toml").write_text(text)
    result = deepstep("train", flowers, "--target", "kind", "--config", "c.toml")
    assert (result.code, result.out) == (2, "")
    assert sentence in result.err


def test_a_changed_validation_file_is_no_way_to_go_on(process, flowers, tmp_path):
    """Killed after the first checkpoint; then the second table changes."""
    validation = tmp_path / "v.csv"
    validation.write_bytes(flowers.read_bytes())
    options = [
        "--target",
        "kind",
        "--out",
        "r",
        "--validation",
        "v.csv",
        "--activation",
        "relu,tanh",
        "--dropout",
        "0.1",
    ]
    killed = process(
        "train", flowers, *options, "--checkpoint-every", "0",
        before="import os, threading\n"
        "def kill():\n"
        "    import glob, time\n"
        "    while not glob.glob('r.unfinished/checkpoint-*'): time.sleep(0.001)\n"
        "    os.kill(os.getpid(), 9)\n"
        "threading.Thread(target=kill, daemon=True).start()",
    )  # fmt: skip
    assert killed.returncode == -9
    whole = validation.read_bytes()
    validation.write_bytes(whole + whole[-20:])
    refused = process("train", "--resume", "r")
    assert refused.returncode == 2
    assert "v.csv: the table that this training began with, byte for byte" in refused.stderr
    validation.write_bytes(whole)
    assert process("train", "--resume", "r").returncode == 0
    options[options.index("--out") + 1] = "whole"
    again = process("train", flowers, *options)
    assert again.returncode == 0
    resumed, whole_run = Run.load(tmp_path / "r"), Run.load(tmp_path / "whole")
    np.testing.assert_array_equal(resumed.network.parameters.flat, whole_run.network.parameters.flat)
    assert (
        resumed.history.column("validation_cost").tolist()
        == whole_run.history.column("validation_cost").tolist()
    )


def test_hyperparameters_reach_each_optimizer(deepstep, flowers):
    typed = ["train", flowers, "--target", "kind", "--epochs", "3", "--out"]
    of = {"momentum": "beta=0.5", "adam": "epsilon_at=hat", "lbfgs": "evaluations=2"}
    for optimizer, given in of.items():
        deepstep(*typed, "plain", "--optimizer", optimizer, "--overwrite")
        assert (
            deepstep(*typed, "r", "--optimizer", optimizer, "--optimizer-param", given, "--overwrite").code
            == 0
        )
        plain, run = Run.load("plain"), Run.load("r")
        name, _, value = given.partition("=")
        assert str(run.config["settings"]["optimizer_params"][name]) == value
        assert not np.array_equal(run.network.parameters.flat, plain.network.parameters.flat)
        assert deepstep("trace", "r").code == 0
        assert deepstep("check-gradients", "r").code == 0


def test_deterministic(deepstep, flowers, monkeypatch):
    """One BLAS thread is asked for."""
    asked = []
    from deepstep.training import fit

    given = fit.blas_threads
    monkeypatch.setattr(fit, "blas_threads", lambda wanted: asked.append(wanted) or given(wanted))
    typed = ["train", flowers, "--target", "kind", "--epochs", "1", "--out"]
    deepstep(*typed, "plain")
    assert deepstep(*typed, "r", "--deterministic").code == 0
    assert asked == [False, True]
    assert Run.load("r").config["settings"]["deterministic"] is True


def test_so_many_checkpoints_are_kept(process, flowers, tmp_path):
    """Interrupted after many that were written."""
    before = (
        "import signal\n"
        "from deepstep.training import checkpoints\n"
        "checkpoints.SHARE = 1.0\n"  # all the time may go into writing
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from deepstep.training import Progress\n"
        "def interrupt(self, training, record):\n"
        "    if record['epoch'] == 6: signal.raise_signal(signal.SIGINT)\n"
        "Progress.on_epoch_end = interrupt"
    )
    for number, typed in [(3, []), (1, ["--keep-checkpoints", "1"]), (5, ["--keep-checkpoints", "5"])]:
        options = ["--target", "kind", "--checkpoint-every", "0", "--out", f"r{number}", *typed]
        assert process("train", flowers, *options, before=before).returncode == 130
        assert len(list(tmp_path.glob(f"r{number}.unfinished/checkpoint-*"))) == number
