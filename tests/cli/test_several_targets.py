"""--target, given again: columns of two classes each, or of numbers, from the table to the answers."""

import io
import json

import numpy as np
import polars
import pytest
from sklearn.metrics import accuracy_score, balanced_accuracy_score, f1_score, r2_score, roc_auc_score

from deepstep import Network
from deepstep.data import holdout
from deepstep.preparation import ClassificationTarget, RegressionTarget
from deepstep.run import Run

LABELS = ("--target", "kind", "--target", "warm")
NUMBERS = ("--target", "height", "--target", "width")
OPTIONS = ("--hidden-layers", "6", "--epochs", "60", "--learning-rate", "0.02", "--batch-size", "12")


@pytest.fixture(scope="module")
def table(flowers, tmp_path_factory):
    """The flowers, with a second column of two classes (told apart by size) and a second number."""
    frame = polars.read_csv(flowers)
    size = frame["size"].fill_null(10).to_numpy()
    path = tmp_path_factory.mktemp("several") / "t.csv"
    frame.with_columns(
        warm=polars.Series(size > np.quantile(size, 0.7)), width=polars.Series(100 + 20 * size)
    ).write_csv(path)
    return path


def answers(deepstep, table):
    return polars.read_csv(io.StringIO(deepstep("predict", "r", table).out))


def test_labels_are_those_of_network_train(deepstep, table):
    typed = [*LABELS, "--exclude", "height", "--exclude", "width", *OPTIONS]
    assert deepstep("train", table, *typed, "--class-weight", "balanced", "--out", "r").code == 0
    run, frame = Run.load("r"), polars.read_csv(table)
    together = (frame["kind"] + ", " + frame["warm"].cast(polars.String)).to_numpy()
    rows, _ = holdout(together, fraction=0.2, seed=1, stratify=True)
    X = run.inputs(frame)
    Y = np.vstack([frame["kind"] == "tall", frame["warm"]]).astype(float)
    network = Network([X.shape[1], 6, 2], seed=1)
    network.train(
        X[rows].T,
        Y[:, rows],
        optimizer="adam",
        learning_rate=0.02,
        iterations=60,
        batch_size=12,
        class_weight="balanced",
    )
    np.testing.assert_allclose(run.network.parameters.flat, network.parameters.flat, rtol=1e-9)
    assert run.config["target"] == ["kind", "warm"]
    assert run.config["task"] == "multilabel"
    assert len(run.config["class_weights"]) == 2


def test_answers_for_labels(deepstep, table):
    typed = [*LABELS, "--exclude", "height", "--exclude", "width", *OPTIONS]
    trained = json.loads(deepstep("train", table, *typed, "--out", "r", "--json").out)
    assert trained["test"]["accuracy"]["kind"] > 0.8
    frame, given = polars.read_csv(table), answers(deepstep, table)
    assert given.columns == [
        "prediction_kind", "prediction_warm", "probability_kind_tall", "probability_warm_True"
    ]  # fmt: skip
    for name in ("kind", "warm"):
        assert given[f"prediction_{name}"].dtype == frame[name].dtype
    shares = given.select("probability_kind_tall", "probability_warm_True").to_numpy()
    tall = np.column_stack([given["prediction_kind"] == "tall", given["prediction_warm"]])
    np.testing.assert_array_equal(shares > 0.5, tall)

    evaluated = json.loads(deepstep("evaluate", "r", table, "--json").out)
    right = np.column_stack([(given[f"prediction_{name}"] == frame[name]) for name in ("kind", "warm")])
    assert evaluated["all_right"] == pytest.approx(right.all(axis=1).mean())
    for name in ("kind", "warm"):
        of = (frame[name], given[f"prediction_{name}"])
        assert evaluated["accuracy"][name] == pytest.approx(accuracy_score(*of))
        assert evaluated["balanced_accuracy"][name] == pytest.approx(balanced_accuracy_score(*of))
        assert np.sum(evaluated["confusion"][name]) == 60
    record = json.loads(deepstep("predict", "r", table, "--json").out)
    assert record["predictions"]["kind"] == given["prediction_kind"].to_list()
    np.testing.assert_allclose(np.array(record["probabilities"]["warm"])[:, 1], shares[:, 1])
    assert record["classes"] == {"kind": ["short", "tall"], "warm": [False, True]}
    assert "accuracy of warm" in deepstep("evaluate", "r", table).out
    assert "accuracy of warm" in deepstep("summary", "r").out
    for command in (["check-gradients", "r"], ["trace", "r"], ["trace", "r", "--data", table]):
        assert deepstep(*command).code == 0


@pytest.mark.parametrize("loss", ["squared_error", "poisson", "huber"])
def test_answers_for_numbers(deepstep, table, tmp_path, loss):
    frame = polars.read_csv(table).with_columns(polars.col("height") + 10)
    frame.write_csv(tmp_path / "n.csv")
    typed = [
        *NUMBERS,
        "--exclude",
        "kind",
        "--exclude",
        "warm",
        "--loss",
        loss,
        "--epochs",
        "150",
        "--learning-rate",
        "0.02",
    ]
    trained = json.loads(deepstep("train", "n.csv", *typed, "--out", "r", "--json").out)
    assert trained["task"] == "multioutput"
    assert min(trained["test"]["r2"].values()) > 0.8
    assert ("deviance" in trained["test"]) is (loss == "poisson")
    given = answers(deepstep, "n.csv")
    assert given.columns == ["prediction_height", "prediction_width"]
    evaluated = json.loads(deepstep("evaluate", "r", "n.csv", "--json").out)
    for name in ("height", "width"):
        expected = r2_score(frame[name], given[f"prediction_{name}"])
        assert evaluated["r2"][name] == pytest.approx(expected)
    assert "R² of width" in deepstep("evaluate", "r", "n.csv").out
    assert deepstep("check-gradients", "r").code == 0


@pytest.mark.parametrize(
    ("targets", "scoring", "metric"),
    [
        (LABELS, "f1_macro", lambda right, given, _: f1_score(right, given, average="macro")),
        (LABELS, "accuracy", lambda right, given, _: accuracy_score(right, given)),
        (LABELS, "roc_auc", lambda right, _, shares: roc_auc_score(right, shares)),
        (NUMBERS, "r2", lambda right, given, _: r2_score(right, given)),
    ],
)
def test_scoring_is_that_of_scikit_learn(deepstep, table, targets, scoring, metric):
    typed = [*targets, "--validation", table, "--scoring", scoring, "--epochs", "30", "--out", "r"]
    assert deepstep("train", table, *typed).code == 0
    given, names = answers(deepstep, table), targets[1::2]
    right = polars.read_csv(table).select(names).to_dict(as_series=False)
    predicted, shares = np.column_stack([given[f"prediction_{name}"] for name in names]), None
    right = np.column_stack([right[name] for name in names])
    if targets is LABELS:
        right, predicted = (
            np.column_stack([part[:, 0] == "tall", np.isin(part[:, 1], (True, "True"))])
            for part in (right, predicted)
        )
        shares = given[:, 2:].to_numpy()
    value = Run.load("r").history[-1]["validation_score"]
    assert value == pytest.approx(metric(right, predicted, shares), rel=1e-9)


def test_it_goes_on_to_the_same_bits(deepstep, process, table, killed_at):
    typed = ["train", table, *LABELS, *OPTIONS, "--class-weight", "warm:True=3", "--out"]
    assert deepstep(*typed, "whole").code == 0
    assert process(*typed, "r", "--checkpoint-every", "0", before=killed_at(7)).returncode == -9
    assert deepstep("train", "--resume", "r").code == 0
    resumed, whole = Run.load("r"), Run.load("whole")
    np.testing.assert_array_equal(resumed.network.parameters.flat, whole.network.parameters.flat)
    assert resumed.config["results"] == whole.config["results"]


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        (["kind", "kind"], "--target: each column once"),
        (["kind", "wam"], "Did you mean 'warm'?"),
        (["kind", "height"], "kind holds classes, and height has more than two values"),
        (["kind", "colour", "--task", "classification"], "target 'colour': two classes, as one of several"),
        (["kind", "warm", "--task", "regression"], "target 'kind': numbers are expected"),
        (["height", "width", "--loss", "quantile"], "--loss: a loss of several targets; got 'quantile'"),
        (["kind", "warm", "--loss", "ordinal"], "--loss: a loss of several targets; got 'ordinal'"),
        (["kind", "warm", "--classes", "a,b"], "--classes: one target"),
        (["kind", "warm", "--exclude", "warm"], "--exclude must be a column other than the target"),
        (["kind", "warm", "--class-weight", "tall=2"], "class is one of 'kind:short', 'kind:tall', 'warm:"),
        (["kind", "warm", "--scoring", "r2"], "--scoring: a metric of classes"),
        (["height", "width", "--scoring", "accuracy"], "--scoring: a metric of numbers"),
        (["height", "width", "--class-weight", "balanced"], "--class-weight: a target of classes"),
    ],
)
def test_wrong_input(deepstep, table, tmp_path, typed, sentence):
    first, second, *more = typed
    result = deepstep("train", table, "--target", first, "--target", second, *more, "--out", "r")
    assert (result.code, result.out) == (2, "")
    assert sentence in result.err
    assert list(tmp_path.iterdir()) == []


def test_numbers_of_few_values_beside_others_are_numbers(deepstep, tmp_path):
    rows = "".join(f"{x},{x % 3},{x / 7}\n" for x in range(60))
    (tmp_path / "t.csv").write_text("x,a,b\n" + rows)
    result = deepstep("train", "t.csv", "--target", "a", "--target", "b", "--epochs", "1", "--out", "r")
    assert "Task: multioutput, because a, b hold numbers." in result.err


@pytest.mark.parametrize(
    "damage",
    [
        {"names": ["kind", "kind"]},
        {"names": ["kind"]},
        {"classes": ["a", "b", "c"]},
        {"classes": ["a", "a", 0, 1]},
    ],
)
def test_damaged_records_of_labels(damage):
    record = ClassificationTarget((("a", "b"), (0, 1)), names=("kind", "warm")).to_dict()
    assert ClassificationTarget.from_dict(record).to_dict() == record
    with pytest.raises(OSError, match="preparation: "):
        ClassificationTarget.from_dict({**record, **damage})


@pytest.mark.parametrize("damage", [{"means": [1.0]}, {"stds": [1.0, 0.0]}, {"names": ["a", "a"]}])
def test_damaged_records_of_numbers(damage):
    record = RegressionTarget((1.0, 2.0), (1.0, 3.0), "poisson", names=("a", "b")).to_dict()
    assert RegressionTarget.from_dict(record).to_dict() == record
    with pytest.raises(OSError, match="preparation: "):
        RegressionTarget.from_dict({**record, **damage})
