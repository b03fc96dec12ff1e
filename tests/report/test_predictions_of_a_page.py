"""Predictions and explanations of a page, for every kind of target: charts, tables, and their numbers."""

import re
from functools import cache

import numpy as np
import polars
import pytest
from sklearn import metrics
from sklearn.calibration import calibration_curve

from deepstep import DeepClassifier, DeepRegressor
from deepstep.held_out import HeldOut
from deepstep.report import report
from deepstep.run import Run
from report_page import check

RNG = np.random.default_rng(4)
SIZE, M = RNG.normal(size=(2, 240)).round(3), 120
X = polars.DataFrame({"$si\x01ze$": SIZE[0], "重さ": SIZE[1], "colour": ["red", "blue", "green"] * 80})
NUMBER = (3 * SIZE[0] + (X["colour"] == "red").to_numpy() + RNG.normal(0, 1, 240)).round(2)
Y = {
    "two classes": np.where(NUMBER > 2.5, "yes <b>", "no"),
    "three classes": np.array(["low", "mid", "top"])[(NUMBER > -1).astype(int) + (NUMBER > 1)],
    "two columns of classes": polars.DataFrame({"a": NUMBER > 0, "b": SIZE[1] + NUMBER > 1}),
    "numbers": NUMBER,
    "two columns of numbers": polars.DataFrame({"a": NUMBER, "b": SIZE[1] - NUMBER}),
    "quantiles": NUMBER,
    "counts": np.exp(NUMBER / 3).round().astype(int),
}
OPTIONS = {
    "two classes": {"decision_threshold": 0.3},
    "quantiles": {"loss": "quantile", "quantiles": (0.1, 0.5, 0.9)},
    "counts": {"loss": "poisson"},
}
OF_CLASSES = {"two classes": 3, "three classes": 1, "two columns of classes": 6}  # their charts


@cache
def run_of(kind):
    learner, y = (DeepClassifier if kind in OF_CLASSES else DeepRegressor), Y[kind]
    options = {"n_estimators": 2, "network_params": {"epochs": 15}, "random_state": 1} | OPTIONS.get(kind, {})
    target = y.columns if isinstance(y, polars.DataFrame) else "answer"
    return Run.of(learner(**options).fit(X[:M], y[:M]), {"target": target})


def rows_of(kind, rows=slice(M, None), part="test", **options):
    return HeldOut.of(run_of(kind), X[rows], Y[kind][rows], part=part, source="t.csv", **options)


def page_of(kind, tmp_path, rows=None, **options):
    path = tmp_path / "page.html"
    path.write_text(report(run_of(kind), rows=rows or rows_of(kind), **options))
    return check(path)


def rows_below(page, first):  # the rows of tables by the name of their first column
    return [rows for header, *rows in page.tables if header[0] == first]


@pytest.mark.parametrize("kind", Y)
def test_every_target_has_its_charts_tables_and_explanations(kind, tmp_path):
    page = page_of(kind, tmp_path)
    targets = len(run_of(kind).target_names)
    assert sum(", true " in word for word in page.words) == 3 * targets
    charts = OF_CLASSES.get(kind, targets)
    assert len(page.named("svg")) == 1 + charts + 4 * targets  # and the curves
    assert page.text.count("importance of the columns") == targets
    assert targets == 1 or all(f"contributions to output {name}" in page.text for name in "ab")
    assert len(rows_below(page, "coverage")) == (targets if "numbers" in kind or kind == "counts" else 0)
    assert len(rows_below(page, "threshold")) == (0 if charts % 3 or kind not in OF_CLASSES else targets)


@pytest.mark.parametrize("weighted", [False, True])
def test_thresholds_and_reliability_are_those_of_scikit_learn(weighted, tmp_path):
    weight = RNG.integers(0, 3, M).astype(float) if weighted else None
    run, rows = run_of("two classes"), rows_of("two classes", weight=weight)
    P, true = run.predictor.probabilities(rows.outputs)[:, 1].astype(float), rows.answers
    page = page_of("two classes", tmp_path, rows)
    (thresholds,) = rows_below(page, "threshold")
    assert len(thresholds) == 10
    for name, predicted, *shares, lift in thresholds:
        flagged = float(name.split()[0]) < P
        ours = [float(text.rstrip(" %")) / 100 for text in (predicted, *shares) if text != "–"]
        expected = [np.average(flagged, weights=weight)]
        if expected[0]:
            scores = metrics.precision_score, metrics.recall_score
            expected += [score(true, flagged, sample_weight=weight) for score in scores]
            share = np.average(true, weights=weight)
            assert float(lift) == pytest.approx(expected[1] / share, abs=6e-3)
        assert ours[: len(expected)] == pytest.approx(expected, abs=6e-5)
    assert [row[0] for row in thresholds if "the model" in row[0]] == ["0.3 (the model)"]
    x, y, _ = metrics.roc_curve(true, P, sample_weight=weight)
    alarms = 100 * np.average(P[true == 0] > 0.3, weights=weight if weight is None else weight[true == 0])
    assert f"predicted as yes <b> {alarms:.2f} %" in page.text
    assert f"area {metrics.auc(x, y):.3f}" in page.text
    if not weighted:
        observed, predicted = calibration_curve(true, P, n_bins=10, strategy="quantile")
        line = r"yes <b> ([\d.]+): share of yes <b> ([\d.]+), (\d+) rows"
        shown = np.array(re.findall(line, page.text), float)
        np.testing.assert_allclose(shown[:, :2], np.column_stack([predicted, observed]), atol=6e-4)
        assert shown[:, 2].sum() == M


@pytest.mark.parametrize("kind", ["numbers", "two columns of numbers", "counts"])
def test_intervals_have_the_coverage_of_those_of_the_estimator(kind, tmp_path):
    run, rows = run_of(kind), rows_of(kind)
    levels = 0.5, 0.8, 0.9, 0.95
    ends = [run.estimator.predict_interval(X[M:], coverage=level).reshape(M, -1, 2) for level in levels]
    true = rows.answers.reshape(M, -1, 1)
    inside = [((end[..., :1] <= true) & (true <= end[..., 1:])).mean(axis=0).ravel() for end in ends]
    for k, shown in enumerate(rows_below(page_of(kind, tmp_path), "coverage")):
        assert [row[1] for row in shown] == [f"{100 * shares[k]:.2f} %" for shares in inside]


def test_rows_that_are_not_kept_as_a_whole_are_explained_with_their_table(tmp_path):
    cut = rows_of("numbers", cells=X[M:].with_columns(colour=polars.lit("red, blue or green?")))
    assert "deepstep report RUN --data FILE" in page_of("numbers", tmp_path, cut).text
    assert not rows_below(page_of("numbers", tmp_path, rows_of("numbers", part="out_of_fold")), "coverage")
    page = page_of("numbers", tmp_path, rows_of("numbers", part="data"), raw=X[M:])
    assert rows_below(page, "coverage")


@pytest.mark.slow
def test_few_rows_and_rows_of_one_class_leave_out_what_has_no_meaning(tmp_path):
    for kind in Y:
        page = page_of(kind, tmp_path, rows_of(kind, slice(M, M + 1)))
        assert not rows_below(page, "threshold")
        assert "importance of the columns" in page.text
    assert "keeps no rows" in page_of("numbers", tmp_path, HeldOut.kept_by(run_of("numbers"))).text
