"""Targets and losses: numbers, quantiles, classes in an order, and several columns."""

import io
import json

import numpy as np
import polars
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import metrics

from deepstep.data import holdout
from deepstep.estimators import NetworkClassifier, TableEncoder
from deepstep.run import Run

NETWORK = "--model network --epochs"
LABELS, NUMBERS = "--target kind --target warm", "--target height --target width"
OUTPUTS = {
    "absolute_error": "absolute_error",
    "huber": "huber",
    "poisson": "poisson",
    "quantile": "quantile",
    "squared_error": "identity",
}


@pytest.fixture(scope="module")
def table(flowers, tmp_path_factory):
    """The flowers, with numbers above 0, and further columns of classes, numbers and an order."""
    frame = polars.read_csv(flowers)
    size = frame["size"].fill_null(10).to_numpy()
    grades = np.array(["small", "medium", "large"])[np.digitize(frame["x"], [-0.7, 0.7])]
    path = tmp_path_factory.mktemp("several") / "t.csv"
    frame.with_columns(
        warm=polars.Series(size > np.quantile(size, 0.7)),
        width=polars.Series(100 + 20 * size),
        height=polars.col("height") - polars.col("height").min(),
        grade=polars.Series(grades),
    ).write_csv(path)
    return path


def trained(deepstep, table, *typed):
    result = deepstep("train", table, *typed, "--out r --json")
    assert result.code == 0, result.err
    return json.loads(result.out)


def answers(deepstep, table):
    return polars.read_csv(io.StringIO(deepstep("predict", "r", table).out))


def judged(deepstep, table):
    return json.loads(deepstep("evaluate", "r", table, "--json").out)


@pytest.mark.parametrize("loss", OUTPUTS)
def test_losses_of_numbers(deepstep, table, loss):
    typed = f"--target height --exclude kind --exclude grade --loss {loss} {NETWORK} 100 --learning-rate 0.01"
    record = trained(deepstep, table, typed)
    assert record["output"] == OUTPUTS[loss]
    assert record["test"]["r2"] > 0.8
    given, right = answers(deepstep, table), polars.read_csv(table)["height"]
    rmse = metrics.root_mean_squared_error(right, given["prediction"])
    assert judged(deepstep, table)["rmse"] == pytest.approx(rmse)
    if loss == "poisson":
        assert given["prediction"].min() >= 0
    for words in (["check-gradients", "r"], ["trace", "r"], ["summary", "r"]):
        assert deepstep(*words).code == 0


@pytest.mark.parametrize(
    ("values", "loss", "told"),
    [
        (5, "poisson", "regression, because --loss poisson is one of numbers."),
        (30, "ordinal", "multiclass, because --loss ordinal is one of classes."),
    ],
)
def test_a_loss_sets_the_task(deepstep, tmp_path, values, loss, told):
    (tmp_path / "t.csv").write_text("x,y\n" + "".join(f"{x},{x % values}\n" for x in range(60)))
    result = deepstep("train", "t.csv", f"--target y --loss {loss} --model network --epochs 1 --out r")
    assert f"Task: {told}" in result.err
    assert Run.load("r").network.architecture.output == loss


def test_quantiles(deepstep, table):
    typed = (
        "--target height --loss quantile --set quantiles=[0.2,0.55,0.8] --model network --epochs 60 --out r"
    )
    assert "within the outer quantiles" in deepstep("train", table, typed).out
    given = answers(deepstep, table)
    assert given.columns == ["prediction", "quantile_0.2", "quantile_0.55", "quantile_0.8"]
    assert given["prediction"].to_list() == given["quantile_0.55"].to_list()
    low, _, high = (given[name].to_numpy() for name in given.columns[1:])
    assert (low <= high).all()
    height = polars.read_csv(table)["height"].to_numpy()
    assert judged(deepstep, table)["coverage"] == pytest.approx(((low <= height) & (height <= high)).mean())
    record = json.loads(deepstep("predict", "r", table, "--json").out)
    assert record["levels"] == [0.2, 0.55, 0.8]
    assert_allclose(np.array(record["quantiles"])[:, 0], low)


def test_ordered_classes(deepstep, table):
    typed = (
        f"--target grade --exclude kind --exclude height --loss ordinal {NETWORK} 100 --learning-rate 0.01"
    )
    trained(deepstep, table, typed, "--classes", "small, medium,large")
    run, grade = Run.load("r"), polars.read_csv(table)["grade"]
    assert run.targets.labels == (("small", "medium", "large"),)
    assert run.network.architecture.output == "ordinal"
    given = answers(deepstep, table)
    assert given.columns[1:] == ["probability_small", "probability_medium", "probability_large"]
    assert_allclose(given[:, 1:].to_numpy().sum(axis=1), 1)
    assert (given["prediction"] == grade).mean() > 0.9
    assert np.sum(judged(deepstep, table)["confusion"]) == 60
    assert deepstep("check-gradients", "r").code == 0


@pytest.mark.filterwarnings("ignore:Training ended before it converged")
def test_labels(deepstep, table):
    typed = f"{LABELS} --exclude height --exclude width --hidden-layers 6 {NETWORK} 60 --learning-rate 0.02"
    record = trained(deepstep, table, typed, "--batch-size 12 --class-weight balanced")
    assert record["test"]["accuracy"]["kind"] > 0.8
    frame, given, run = polars.read_csv(table), answers(deepstep, table), Run.load("r")
    assert (run.config["target"], run.config["task"]) == (["kind", "warm"], "multilabel")
    assert len(run.config["class_weights"]) == 2
    Y = np.column_stack([frame["kind"] == "tall", frame["warm"]]).astype(int)
    together = (frame["kind"] + ", " + frame["warm"].cast(polars.String)).to_numpy()
    rows, _ = holdout(together, fraction=0.2, seed=1, stratify=True)
    X = frame.drop("kind", "warm", "height", "width")
    options = {"max_iter": 60, "learning_rate_init": 0.02, "batch_size": 12, "class_weight": "balanced"}
    options |= {"alpha": 0.0, "tol": 0.0, "n_iter_no_change": np.inf, "initialization": "he"}
    rule = {"optimizer_params": {"epsilon_at": "outside"}, "dtype": "float64"}
    model = NetworkClassifier((6,), random_state=1, **options, **rule)
    model.fit(TableEncoder().fit_transform(X[rows]), Y[rows])
    assert_array_equal(run.network.parameters.flat, model.network_.parameters.flat)

    shares = given.select("probability_kind_tall", "probability_warm_True").to_numpy()
    assert given.columns == ["prediction_kind", "prediction_warm", *given.columns[2:]]
    told = np.column_stack([given["prediction_kind"] == "tall", given["prediction_warm"]])
    assert_array_equal(shares > 0.5, told)
    evaluated = judged(deepstep, table)
    assert evaluated["all_right"] == pytest.approx((told == Y).all(axis=1).mean())
    for name in ("kind", "warm"):
        assert given[f"prediction_{name}"].dtype == frame[name].dtype
        of = (frame[name], given[f"prediction_{name}"])
        assert evaluated["accuracy"][name] == pytest.approx(metrics.accuracy_score(*of))
        assert evaluated["balanced_accuracy"][name] == pytest.approx(metrics.balanced_accuracy_score(*of))
        assert np.sum(evaluated["confusion"][name]) == 60
    record = json.loads(deepstep("predict", "r", table, "--json").out)
    assert record["predictions"]["kind"] == given["prediction_kind"].to_list()
    assert_allclose(np.array(record["probabilities"]["warm"])[:, 1], shares[:, 1])
    assert record["classes"] == {"kind": ["short", "tall"], "warm": [False, True]}
    assert "accuracy of warm" in deepstep("evaluate", "r", table).out
    assert "accuracy of warm" in deepstep("summary", "r").out
    for command in (["check-gradients", "r"], ["trace", "r"], ["trace", "r", "--data", table]):
        assert deepstep(*command).code == 0


@pytest.mark.parametrize("loss", ["squared_error", "poisson"])
def test_several_numbers(deepstep, table, loss):
    typed = f"{NUMBERS} --exclude kind --exclude warm --loss {loss} {NETWORK} 150 --learning-rate 0.02"
    record = trained(deepstep, table, typed)
    assert record["task"] == "multioutput"
    assert min(record["test"]["r2"].values()) > 0.8
    assert ("deviance" in record["test"]) is (loss == "poisson")
    frame, given, evaluated = polars.read_csv(table), answers(deepstep, table), judged(deepstep, table)
    assert given.columns == ["prediction_height", "prediction_width"]
    for name in ("height", "width"):
        expected = metrics.r2_score(frame[name], given[f"prediction_{name}"])
        assert evaluated["r2"][name] == pytest.approx(expected)
    assert "R² of width" in deepstep("evaluate", "r", table).out
    assert deepstep("check-gradients", "r").code == 0


SCORES = {
    ("--target kind", "f1"): lambda right, given, _: metrics.f1_score(right[:, 0], given[:, 0]),
    ("--target kind", "neg_log_loss"): lambda right, _, shares: -metrics.log_loss(right[:, 0], shares[:, -1]),
    ("--target height", "neg_mean_absolute_error"): lambda *given: -metrics.mean_absolute_error(*given[:2]),
    (LABELS, "f1_macro"): lambda right, given, _: metrics.f1_score(right, given, average="macro"),
    (LABELS, "accuracy"): lambda right, given, _: metrics.accuracy_score(right, given),
    (LABELS, "roc_auc"): lambda right, _, shares: metrics.roc_auc_score(right, shares),
    (NUMBERS, "r2"): lambda right, given, _: metrics.r2_score(right, given),
}


@pytest.mark.parametrize(("targets", "scoring"), SCORES)
def test_scoring_is_that_of_scikit_learn(deepstep, table, targets, scoring):
    """Of the last epoch it equals the metric of the answers of `predict` for the validation file."""
    trained(
        deepstep, table, targets, "--validation", table, f"--scoring {scoring} --model network --epochs 9"
    )
    names, given, frame = targets.split()[1::2], answers(deepstep, table), polars.read_csv(table)
    right = np.column_stack([frame[name] for name in names])
    predicted = np.column_stack([given[:, at] for at in range(len(names))])
    if "kind" in names:
        right, predicted = (np.isin(part, ("tall", True, "True")) for part in (right, predicted))
    value = Run.load("r").history[-1]["validation_score"]
    expected = SCORES[targets, scoring](right, predicted, given[:, len(names) :].to_numpy())
    assert value == pytest.approx(expected, rel=1e-9)


def test_numbers_of_few_values_beside_others_are_numbers(deepstep, tmp_path):
    (tmp_path / "t.csv").write_text("x,a,b\n" + "".join(f"{x},{x % 3},{x / 7}\n" for x in range(60)))
    result = deepstep("train", "t.csv", "--target a --target b --model network --epochs 1 --out r")
    assert "Task: multioutput, because a, b hold numbers." in result.err
