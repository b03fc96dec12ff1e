"""--sample-weight: a column of the table says how much each row counts."""

import json
from pathlib import Path

import numpy as np
import polars
import pytest
from sklearn.metrics import accuracy_score

from deepstep import Network
from deepstep.data import holdout
from deepstep.inspection.metrics import score
from deepstep.run import MOST_EXAMPLES, Run

OPTIONS = (
    "--target",
    "kind",
    "--hidden-layers",
    "4",
    "--epochs",
    "5",
    "--batch-size",
    "10",
    "--sample-weight",
    "w",
)


@pytest.fixture(scope="module")
def weighted(flowers, tmp_path_factory):
    """The flowers, with weights from 0 to 3."""
    frame = polars.read_csv(flowers)
    weight = np.random.default_rng(5).integers(0, 7, len(frame)) / 2
    path = tmp_path_factory.mktemp("weighted") / "t.csv"
    frame.with_columns(w=polars.Series(weight)).write_csv(path)
    return path


def parts(frame):
    """The rows to learn from, and those to validate on."""
    y = frame["kind"].to_numpy()
    rows, _ = holdout(y, fraction=0.2, seed=1, stratify=True)
    kept, held = holdout(y[rows], fraction=0.25, seed=1, stratify=True)
    return rows[kept], rows[held]


@pytest.mark.parametrize("balanced", [False, True])
def test_it_is_the_sample_weight_of_the_network(deepstep, weighted, balanced):
    more = ["--class-weight", "balanced"] if balanced else []
    result = deepstep(
        "train",
        weighted,
        *OPTIONS,
        *more,
        "--validation-fraction",
        "0.25",
        "--scoring",
        "accuracy",
        "--out",
        "r",
    )
    assert result.code == 0, result.err
    run, frame = Run.load("r"), polars.read_csv(weighted)
    assert "w" not in run.preparation.inputs.columns
    learn, held = parts(frame)
    X, weight = run.inputs(frame), frame["w"].to_numpy()
    tall = (frame["kind"] == "tall").to_numpy().astype(float)
    counting = weight[held]
    if balanced:
        of_classes = 1 / np.bincount(tall[learn].astype(int), weight[learn])
        counting = counting * of_classes[tall[held].astype(int)]
    network = Network([X.shape[1], 4, 1], seed=1)
    history = network.train(
        X[learn].T,
        tall[np.newaxis, learn],
        optimizer="adam",
        learning_rate=0.001,
        iterations=5,
        batch_size=10,
        sample_weight=weight[learn],
        class_weight="balanced" if balanced else None,
        validation=(X[held].T, tall[np.newaxis, held], weight[held]),
        metrics={"accuracy": lambda Y, AL: accuracy_score(Y[0], AL[0] > 0.5, sample_weight=counting)},
    )
    np.testing.assert_allclose(run.network.parameters.flat, network.parameters.flat, rtol=1e-12)
    for quantity in ("cost", "validation_cost"):
        np.testing.assert_allclose(run.history.column(quantity), history.column(quantity), rtol=1e-12)
    scores = history.column("validation_accuracy")
    np.testing.assert_allclose(run.history.column("validation_score"), scores, rtol=1e-12)


def test_the_run_knows_and_its_commands_work(deepstep, weighted, flowers):
    assert deepstep("train", weighted, *OPTIONS, "--class-weight", "balanced", "--out", "r").code == 0
    run, frame = Run.load("r"), polars.read_csv(weighted)
    assert run.config["sample_weight"] == "w"
    kept, target = run.kept_examples(), run.preparation.target
    of_classes = np.array(run.config["class_weights"])[target.probabilities(kept[1]).argmax(axis=1)]
    weights = np.array(run.config["example_weights"]) * of_classes
    trace = json.loads(deepstep("trace", "r", "--json").out)
    cost = next(entry["value"] for entry in trace["entries"] if entry["name"] == "J")
    assert cost == pytest.approx(run.network.cost(kept[0].T, kept[1].T, sample_weight=weights))
    assert deepstep("check-gradients", "r").code == 0
    # of other rows, their own weights
    trace = json.loads(deepstep("trace", "r", "--data", weighted, "--json").out)
    cost = next(entry["value"] for entry in trace["entries"] if entry["name"] == "J")
    first = frame[:MOST_EXAMPLES]
    Y = target.encode(first["kind"])
    weights = first["w"].to_numpy() * np.array(run.config["class_weights"])[target.answers(first["kind"])]
    assert cost == pytest.approx(run.network.cost(run.inputs(first).T, Y.T, sample_weight=weights))
    # rows without weights can be answered and judged
    for command in ("predict", "evaluate"):
        assert deepstep(command, "r", flowers).code == 0
    refused = deepstep("trace", "r", "--data", flowers)
    assert refused.code == 2
    assert f"Error: {flowers}, the weights: column is one of" in refused.err
    assert deepstep("summary", "r").code == 0
    held, recorded = run.held_out, run.config["results"]["test"]
    again = score(target, held.answers, held.outputs, held.weight, run.calibrated).values
    assert again["accuracy"] == pytest.approx(recorded["accuracy"])
    assert again["log_loss"] == pytest.approx(recorded["log_loss"])


def test_a_file_to_validate_on_has_its_own(deepstep, weighted, tmp_path):
    frame = polars.read_csv(weighted)
    frame[40:].write_csv("v.csv")
    typed = [*OPTIONS, "--validation", "v.csv", "--out", "r"]
    assert deepstep("train", weighted, *typed).code == 0
    run = Run.load("r")
    X, Y = run.inputs(frame[40:]), run.preparation.target.encode(frame["kind"][40:])
    cost = run.network.cost(X.T, Y.T, sample_weight=frame["w"][40:].to_numpy())
    assert run.history[-1]["validation_cost"] == pytest.approx(cost)
    frame[40:].drop("w").write_csv("v.csv")
    result = deepstep("train", weighted, *typed, "--overwrite")
    assert (result.code, result.out) == (2, "")
    assert "Error: --validation" in result.err


def test_refit_and_resume_have_the_weights(deepstep, process, weighted):
    typed = [*OPTIONS, "--patience", "2", "--refit", "--checkpoint-every", "0"]
    deepstep("train", weighted, *typed, "--out", "whole")
    kill = (
        "import os, signal\n"
        "from deepstep.training import Progress\n"
        "go_on = Progress.on_epoch_end\n"
        "def killed(self, training, record):\n"
        "    go_on(self, training, record)\n"
        "    if record['epoch'] == 2: os.kill(os.getpid(), signal.SIGKILL)\n"
        "Progress.on_epoch_end = killed"
    )
    assert process("train", weighted, *typed, "--out", "r", before=kill).returncode == -9
    assert deepstep("train", "--resume", "r").code == 0
    np.testing.assert_array_equal(
        Run.load("r").network.parameters.flat, Run.load("whole").network.parameters.flat
    )
    assert Run.load("r").config["example_weights"] == Run.load("whole").config["example_weights"]


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("-1", "--sample-weight: weights of at least 0 in the column 'w'; row 6 is -1"),
        ("", "--sample-weight: weights of at least 0 in the column 'w'; row 6 is missing"),
        ("nan", "--sample-weight: weights of at least 0 in the column 'w'; row 6 is "),
        ("much", "--sample-weight: weights of at least 0 in the column 'w'; row 6 is 'much'"),
        ("inf", "--sample-weight: weights of at least 0 in the column 'w'; row 6 is "),
    ],
)
def test_what_is_no_weight_is_named_by_its_row(deepstep, weighted, value, sentence):
    lines = weighted.read_text().splitlines()
    lines[6] = f"{lines[6].rpartition(',')[0]},{value}"
    Path("t.csv").write_text("\n".join(lines) + "\n")
    result = deepstep("train", "t.csv", *OPTIONS, "--out", "r")
    assert (result.code, result.out) == (2, "")
    assert sentence in result.err
    assert not Path("r").exists()


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("wt", "--sample-weight: column is one of"),
        ("kind", "--sample-weight must be a column other than the target, got 'kind'."),
        ("nothing", "--sample-weight: a weight above 0 among the rows to learn from; they are all 0."),
    ],
)
def test_other_columns_are_refused(deepstep, weighted, name, sentence):
    polars.read_csv(weighted).with_columns(nothing=polars.lit(0)).write_csv("t.csv")
    result = deepstep("train", "t.csv", *OPTIONS[:-1], name, "--out", "r")
    assert (result.code, result.out) == (2, "")
    assert sentence in result.err
