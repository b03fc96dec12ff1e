"""Targets and losses of `deepstep train`: numbers, quantiles, classes in an order, several columns."""

import io
from pathlib import Path

import numpy as np
import polars
import pytest
from numpy.testing import assert_allclose
from sklearn import metrics

from deepstep.run import Run
from report_page import check

NETWORK = "--model network --hidden-layers 6 --learning-rate 0.02 --epochs"


@pytest.fixture
def answered(deepstep, flowers):
    """Train on the flowers with more columns: the table, predictions as CSV and as JSON, an evaluation."""

    def answer(*typed):
        frame = polars.read_csv(flowers)
        size = frame["size"].fill_null(10).to_numpy()
        frame = frame.with_columns(
            warm=polars.Series(size > np.quantile(size, 0.7)),
            width=polars.Series(100 + 20 * size),
            height=polars.col("height") - polars.col("height").min(),
            grade=polars.Series(np.array(["small", "medium", "large"])[np.digitize(frame["x"], [-0.7, 0.7])]),
        )
        frame.write_csv("t.csv")
        deepstep("train", "t.csv", *typed, "--out r --json").done()
        for command in ("check-gradients", "trace", "summary", "doctor", "report"):
            assert deepstep(command, "r").code == 0
        table = polars.read_csv(io.StringIO(deepstep("predict", "r", "t.csv").out))
        record, scores = (deepstep.json(command, "r", "t.csv") for command in ("predict", "evaluate"))
        return frame, table, record, scores

    return answer


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
def test_the_task_is_that_of_the_values_the_loss_or_the_flag(deepstep, lines, typed, task):
    rows = [f"{x},{line}" for x, line in enumerate(lines)]
    Path("t.csv").write_text("\n".join(["x,y,z" if "," in lines[0] else "x,y", *rows]))
    record = deepstep.json("train", "t.csv", typed, "--model network --epochs 1 --out r")
    assert record["task"] == task
    for command in (["evaluate", "r", "t.csv"], ["predict", "r", "t.csv"], ["summary", "r"]):
        assert deepstep.json(*command)


def test_quantiles(deepstep, answered):
    typed = f"--target height --loss quantile --set quantiles=[0.2,0.55,0.8] {NETWORK} 60"
    frame, table, record, scores = answered(typed)
    assert table.columns == ["prediction", "quantile_0.2", "quantile_0.55", "quantile_0.8"]
    assert table["prediction"].to_list() == table["quantile_0.55"].to_list()
    low, _, high = (table[name].to_numpy() for name in table.columns[1:])
    assert (low <= high).all()
    height = frame["height"].to_numpy()
    assert scores["coverage"] == pytest.approx(((low <= height) & (height <= high)).mean())
    assert record["levels"] == [0.2, 0.55, 0.8]
    assert_allclose(np.array(record["quantiles"])[:, 0], low)
    assert "within the outer quantiles" in deepstep("evaluate", "r", "t.csv").out


def test_ordered_classes(answered):
    typed = f"--target grade --exclude kind --exclude height --loss ordinal {NETWORK} 100"
    frame, table, record, scores = answered(typed, "--classes", "small, medium,large")
    assert Run.load("r").ensemble.network.architecture.output == "ordinal"
    assert table.columns[1:] == ["probability_small", "probability_medium", "probability_large"]
    assert_allclose(table[:, 1:].to_numpy().sum(axis=1), 1)
    assert (table["prediction"] == frame["grade"]).mean() > 0.9
    assert record["classes"] == scores["classes"] == ["small", "medium", "large"]
    expected = metrics.confusion_matrix(frame["grade"], table["prediction"], labels=scores["classes"])
    assert scores["confusion"] == expected.tolist()


def test_labels(deepstep, answered):
    typed = f"--target kind --target warm --exclude height --exclude width {NETWORK} 60 --batch-size 12"
    frame, table, record, scores = answered(typed, "--class-weight balanced")
    shares = table.select("probability_kind_tall", "probability_warm_True").to_numpy()
    assert table.columns == ["prediction_kind", "prediction_warm", *table.columns[2:]]
    labels = np.column_stack([table["prediction_kind"] == "tall", table["prediction_warm"]])
    assert ((shares > 0.5) == labels).all()
    right = np.column_stack([frame["kind"] == "tall", frame["warm"]])
    assert scores["all_right"] == pytest.approx((labels == right).all(axis=1).mean())
    for name in ("kind", "warm"):
        assert table[f"prediction_{name}"].dtype == frame[name].dtype
        expected = metrics.balanced_accuracy_score(frame[name], table[f"prediction_{name}"])
        assert scores["balanced_accuracy"][name] == pytest.approx(expected)
        assert np.sum(scores["confusion"][name]) == 60
    assert record["predictions"]["kind"] == table["prediction_kind"].to_list()
    assert_allclose(np.array(record["probabilities"]["warm"])[:, 1], shares[:, 1])
    assert record["classes"] == {"kind": ["short", "tall"], "warm": [False, True]}
    for command in (["evaluate", "r", "t.csv"], ["summary", "r"]):
        assert "accuracy of warm" in deepstep(*command).out
    assert "warm: rows by true class" in check(Path("report.html")).text


def test_several_numbers(deepstep, answered):
    typed = f"--target height --target width --exclude kind --exclude warm --loss poisson {NETWORK} 60"
    frame, table, _, scores = answered(typed)
    assert table.columns == ["prediction_height", "prediction_width"]
    assert "deviance" in scores
    for name in ("height", "width"):
        expected = metrics.r2_score(frame[name], table[f"prediction_{name}"])
        assert scores["r2"][name] == pytest.approx(expected)
        assert table[f"prediction_{name}"].min() >= 0
    assert "R² of width" in deepstep("evaluate", "r", "t.csv").out
    assert "baseline RMSE (mean) of width" in check(Path("report.html")).text


@pytest.mark.parametrize("model", ["--model network --epochs 2", "--set n_estimators=1 --epochs 2"])
def test_labels_of_several_columns_keep_their_kinds(deepstep, model):
    """Whole numbers beside halves and truth values; the table to validate on has one label of each."""
    rows = [f"{x},{1 + x % 2},{x % 3 // 2 + 0.5},{str(x % 5 > 2).lower()}" for x in range(60)]
    Path("t.csv").write_text("\n".join(["x,whole,half,true", *rows]))
    Path("v.csv").write_text("\n".join(["x,whole,half,true", *rows[:1] * 5]))
    typed = "--target whole --target half --target true --task classification --validation v.csv --out r"
    assert deepstep.run("train", "t.csv", typed, model).targets.labels == ((1, 2), (0.5, 1.5), (False, True))
    record = deepstep.json("predict", "r", "t.csv")["predictions"]
    assert [type(record[name][0]) for name in ("whole", "half", "true")] == [int, float, bool]


def test_a_count_below_0_is_refused_in_whatever_part_it_is(deepstep):
    rows = [f"{x},{-1 if x == 59 else x % 5}" for x in range(60)]
    Path("t.csv").write_text("\n".join(["x,y", *rows]))
    for seed in (1, 2, 3):
        deepstep("train", "t.csv", f"--target y --loss poisson --seed {seed} --out r").refused("ow 60 ")
