"""Targets and losses of `deepstep train`: numbers, quantiles, classes in an order, several columns."""

import io
import json

import numpy as np
import polars
import pytest
from numpy.testing import assert_allclose
from sklearn import metrics

from deepstep.run import Run

NETWORK = "--model network --learning-rate 0.02 --epochs"


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
    for words in (["check-gradients", "r"], ["trace", "r"], ["summary", "r"]):
        assert deepstep(*words).code == 0
    return json.loads(result.out)


def answers(deepstep, table):
    return polars.read_csv(io.StringIO(deepstep("predict", "r", table).out))


def judged(deepstep, table):
    return json.loads(deepstep("evaluate", "r", table, "--json").out)


@pytest.mark.parametrize(
    ("lines", "typed", "task"),
    [
        ([f"{x % 5}" for x in range(60)], "--target y", "multiclass"),
        ([f"{x % 5}" for x in range(60)], "--target y --task regression", "regression"),
        ([f"{x % 5}" for x in range(60)], "--target y --loss poisson", "regression"),
        ([f"{x % 30}" for x in range(60)], "--target y --loss ordinal", "multiclass"),
        ([f"{x % 3},{x / 7}" for x in range(60)], "--target y --target z", "multioutput"),
        (["0" if x < 20 else "18446744073709551615" for x in range(60)], "--target y", "binary"),
    ],
)
def test_the_task_is_that_of_the_values_the_loss_or_the_flag(deepstep, tmp_path, lines, typed, task):
    header = "x,y,z" if "," in lines[0] else "x,y"
    rows = [f"{x},{line}" for x, line in enumerate(lines)]
    (tmp_path / "t.csv").write_text("\n".join([header, *rows]))
    record = json.loads(deepstep("train", "t.csv", typed, "--model network --epochs 1 --out r --json").out)
    assert record["task"] == task
    for command in (["evaluate", "r", "t.csv"], ["predict", "r", "t.csv"], ["summary", "r"]):
        assert json.loads(deepstep(*command, "--json").out)


def test_quantiles(deepstep, table):
    typed = (
        "--target height --loss quantile --set quantiles=[0.2,0.55,0.8] --model network --epochs 60 --out r"
    )
    assert "within the outer quantiles" in deepstep("train", table, typed).out
    told = answers(deepstep, table)
    assert told.columns == ["prediction", "quantile_0.2", "quantile_0.55", "quantile_0.8"]
    assert told["prediction"].to_list() == told["quantile_0.55"].to_list()
    low, _, high = (told[name].to_numpy() for name in told.columns[1:])
    assert (low <= high).all()
    height = polars.read_csv(table)["height"].to_numpy()
    assert judged(deepstep, table)["coverage"] == pytest.approx(((low <= height) & (height <= high)).mean())
    record = json.loads(deepstep("predict", "r", table, "--json").out)
    assert record["levels"] == [0.2, 0.55, 0.8]
    assert_allclose(np.array(record["quantiles"])[:, 0], low)


@pytest.mark.slow
def test_ordered_classes(deepstep, table):
    typed = f"--target grade --exclude kind --exclude height --loss ordinal {NETWORK} 100"
    trained(deepstep, table, typed, "--classes", "small, medium,large")
    run, grade = Run.load("r"), polars.read_csv(table)["grade"]
    assert run.targets.labels == (("small", "medium", "large"),)
    assert run.network.architecture.output == "ordinal"
    told = answers(deepstep, table)
    assert told.columns[1:] == ["probability_small", "probability_medium", "probability_large"]
    assert_allclose(told[:, 1:].to_numpy().sum(axis=1), 1)
    assert (told["prediction"] == grade).mean() > 0.9
    evaluated = judged(deepstep, table)
    assert evaluated["accuracy"] == pytest.approx(metrics.accuracy_score(grade, told["prediction"]))
    expected = metrics.confusion_matrix(grade, told["prediction"], labels=evaluated["classes"])
    assert evaluated["confusion"] == expected.tolist()


def test_labels(deepstep, table):
    typed = f"--target kind --target warm --exclude height --exclude width --hidden-layers 6 {NETWORK} 60"
    record = trained(deepstep, table, typed, "--batch-size 12 --class-weight balanced")
    assert (record["task"], record["test"]["accuracy"]["kind"] > 0.8) == ("multilabel", True)
    frame, told = polars.read_csv(table), answers(deepstep, table)
    shares = told.select("probability_kind_tall", "probability_warm_True").to_numpy()
    assert told.columns == ["prediction_kind", "prediction_warm", *told.columns[2:]]
    labels = np.column_stack([told["prediction_kind"] == "tall", told["prediction_warm"]])
    assert ((shares > 0.5) == labels).all()
    right = np.column_stack([frame["kind"] == "tall", frame["warm"]])
    evaluated = judged(deepstep, table)
    assert evaluated["all_right"] == pytest.approx((labels == right).all(axis=1).mean())
    for name in ("kind", "warm"):
        assert told[f"prediction_{name}"].dtype == frame[name].dtype
        expected = metrics.balanced_accuracy_score(frame[name], told[f"prediction_{name}"])
        assert evaluated["balanced_accuracy"][name] == pytest.approx(expected)
        assert np.sum(evaluated["confusion"][name]) == 60
    record = json.loads(deepstep("predict", "r", table, "--json").out)
    assert record["predictions"]["kind"] == told["prediction_kind"].to_list()
    assert_allclose(np.array(record["probabilities"]["warm"])[:, 1], shares[:, 1])
    assert record["classes"] == {"kind": ["short", "tall"], "warm": [False, True]}
    for command in (["evaluate", "r", table], ["summary", "r"]):
        assert "accuracy of warm" in deepstep(*command).out


@pytest.mark.slow
def test_several_numbers(deepstep, table):
    typed = f"--target height --target width --exclude kind --exclude warm --loss poisson {NETWORK} 150"
    record = trained(deepstep, table, typed)
    assert (record["task"], min(record["test"]["r2"].values()) > 0.8) == ("multioutput", True)
    assert {"deviance", "rmse"} <= record["test"].keys()
    frame, told, evaluated = polars.read_csv(table), answers(deepstep, table), judged(deepstep, table)
    assert told.columns == ["prediction_height", "prediction_width"]
    for name in ("height", "width"):
        expected = metrics.r2_score(frame[name], told[f"prediction_{name}"])
        assert evaluated["r2"][name] == pytest.approx(expected)
        rmse = metrics.root_mean_squared_error(frame[name], told[f"prediction_{name}"])
        assert evaluated["rmse"][name] == pytest.approx(rmse)
        assert told[f"prediction_{name}"].min() >= 0
    assert "R² of width" in deepstep("evaluate", "r", table).out


@pytest.mark.parametrize("model", ["--model network --epochs 2", "--set n_estimators=1 --epochs 2"])
def test_labels_of_several_columns_keep_their_kinds(deepstep, tmp_path, model):
    """Whole numbers beside halves and truth values; the table to validate on has one label of each."""
    rows = [f"{x},{1 + x % 2},{x % 3 // 2 + 0.5},{str(x % 5 > 2).lower()}" for x in range(60)]
    (tmp_path / "t.csv").write_text("\n".join(["x,whole,half,true", *rows]))
    (tmp_path / "v.csv").write_text("\n".join(["x,whole,half,true", *rows[:1] * 5]))
    typed = "--target whole --target half --target true --task classification --validation v.csv --out r"
    result = deepstep("train", "t.csv", typed, model)
    assert result.code == 0, result.err
    assert Run.load("r").targets.labels == ((1, 2), (0.5, 1.5), (False, True))
    told = json.loads(deepstep("predict", "r", "t.csv", "--json").out)["predictions"]
    assert {type(told[name][0]) for name in ("whole", "half", "true")} == {int, float, bool}


def test_a_count_below_0_is_refused_in_whatever_part_it_is(deepstep, tmp_path):
    rows = [f"{x},{-1 if x == 59 else x % 5}" for x in range(60)]
    (tmp_path / "t.csv").write_text("\n".join(["x,y", *rows]))
    for seed in (1, 2, 3):
        result = deepstep("train", "t.csv", f"--target y --loss poisson --seed {seed} --out r")
        assert (result.code, "ow 60 " in result.err) == (2, True)
