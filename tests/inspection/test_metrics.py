"""Metrics of predictions against scikit-learn's, with weights, and where they are not defined."""

import numpy as np
import pytest
from sklearn import metrics as sklearn_metrics
from sklearn.dummy import DummyClassifier

from deepstep.inspection.metrics import METRICS, confusion, figures, metrics_of, score
from deepstep.targets import Targets, label_array

RNG = np.random.default_rng(0)


def classes(*labels):
    return Targets.of_classes([label_array(labels)])


TARGETS = {
    "two classes": classes("no", "yes"),
    "classes": classes("a", "b", "c"),
    "ordered": Targets.of_classes([label_array(tuple("abcd"))], loss="ordinal"),
    "columns of classes": Targets.of_classes(
        [label_array(["no", "yes"], several=True), label_array([0, 1], several=True)], names=("wet", "warm")
    ),
    "number": Targets.of_numbers(),
    "numbers": Targets.of_numbers(n_columns=2, names=("width", "height")),
    "counts": Targets.of_numbers(loss="poisson"),
    "quantiles": Targets.of_numbers(loss="quantile", quantiles=(0.1, 0.5, 0.9)),
}


def rows_of(target, m=60):
    """True values and outputs of m rows."""
    if target.is_classes:
        true = np.column_stack([RNG.integers(0, len(one), m) for one in target.classes])
        outputs = (
            RNG.dirichlet([1.0] * target.n_outputs, m)
            if target.head == "softmax"
            else RNG.random((m, target.n_outputs))
        )
        outputs = -np.sort(-outputs, axis=1) if target.is_ordered else outputs
    else:
        true, outputs = (
            RNG.poisson(3.0, (m, target.n_columns)).astype(float),
            RNG.random((m, target.n_outputs)),
        )
        outputs = np.sort(outputs, axis=1) if target.levels else outputs
    return true if target.several else true[:, 0], outputs


@pytest.mark.parametrize("name", TARGETS)
def test_a_weight_of_two_is_the_row_twice(name):
    target = TARGETS[name]
    true, outputs = rows_of(target)
    weight = RNG.integers(0, 3, len(true)).astype(float)
    twice = np.repeat(np.arange(len(true)), weight.astype(int))
    found, expected = score(target, true, outputs, weight), score(target, true[twice], outputs[twice])
    assert dict(found.lines(by_class=True)[:-1]) == dict(expected.lines(by_class=True)[:-1])  # but the rows
    assert "undefined" not in found.values


@pytest.mark.parametrize("name", TARGETS)
@pytest.mark.parametrize("m", [0, 1, 2])
def test_few_rows_have_all_lines_and_the_reasons(name, m):
    target = TARGETS[name]
    true, outputs = rows_of(target)
    whole, few = score(target, true, outputs), score(target, true[:m] * 0, outputs[:m])
    assert len(figures({"a": whole, "b": few})[0]) >= len(whole.lines(by_class=True))
    assert len(few.notes()) == len(few.values["undefined"]) > 0
    broken = score(target, true, outputs * np.nan)
    assert set(broken.values["undefined"].values()) == {"predictions are not finite"}


def test_every_metric_belongs_to_a_target():
    assert {metric for target in TARGETS.values() for metric in metrics_of(target.columns[0])} == set(METRICS)


@pytest.mark.parametrize("name", ["two classes", "classes"])
def test_classes(name):
    target = TARGETS[name]
    true, outputs = rows_of(target)
    values, P = score(target, true, outputs).values, target.probabilities(outputs)
    given, two = P.argmax(axis=1), P.shape[1] == 2
    dummy = DummyClassifier(strategy="most_frequent").fit(P, true)
    assert values["majority_accuracy"] == dummy.score(P, true)
    prior = DummyClassifier(strategy="prior").fit(P, true).predict_proba(P)
    average = {} if two else {"average": "macro"}
    for metric, expected in (
        ("accuracy", sklearn_metrics.accuracy_score(true, given)),
        ("balanced_accuracy", sklearn_metrics.balanced_accuracy_score(true, given)),
        ("f1", sklearn_metrics.f1_score(true, given, **average)),
        ("roc_auc", sklearn_metrics.roc_auc_score(true, P[:, 1] if two else P, multi_class="ovr")),
        ("log_loss", sklearn_metrics.log_loss(true, P)),
        ("prior_log_loss", sklearn_metrics.log_loss(true, prior)),
        ("brier_score", sklearn_metrics.brier_score_loss(true, P[:, 1] if two else P)),
    ):
        assert values[metric] == pytest.approx(expected), metric
    assert list(values["recall"].values()) == pytest.approx(
        sklearn_metrics.recall_score(true, given, average=None)
    )
    counts = confusion(true, target.decide(outputs), P.shape[1])
    assert counts.tolist() == sklearn_metrics.confusion_matrix(true, given).tolist()


@pytest.mark.parametrize(("sizes", "uneven"), [([20, 20], False), ([10, 30], True), ([1, 39], True)])
def test_uneven_classes_have_recalls(sizes, uneven):
    answers = np.repeat([0, 1], sizes)
    scores = score(classes("no", "yes"), answers, np.full((40, 1), 0.9))
    assert scores.uneven is uneven
    assert scores.values["balanced_accuracy"] == 0.5
    lines = dict(scores.lines(by_class=True))
    assert (lines["balanced accuracy"], lines["recall of no"], lines["recall of yes"]) == (
        "50.00 %", "0.00 %", "100.00 %",
    )  # fmt: skip
    assert "recall of no" not in dict(scores.lines())


def test_a_class_that_is_not_there():
    scores = score(classes("a", "b", "c"), np.array([0, 0, 1]), np.eye(3)[[0, 2, 1]])
    assert scores.values["recall"] == pytest.approx({"a": 0.5, "b": 1.0, "c": np.nan}, nan_ok=True)
    assert scores.values["balanced_accuracy"] == 0.75
    assert dict(scores.lines(by_class=True))["recall of c"] == "–"
    assert scores.values["undefined"] == dict.fromkeys(
        ("roc_auc", "average_precision"), "1 of 3 classes has no rows"
    )
    assert "ROC AUC: 1 of 3 classes has no rows" in scores.notes()


def test_classes_in_an_order():
    answers, outputs = rows_of(TARGETS["ordered"])
    scores = score(TARGETS["ordered"], answers, outputs)
    above = np.hstack([np.ones((60, 1)), outputs, np.zeros((60, 1))])
    given = (above[:, :-1] - above[:, 1:]).argmax(axis=1)
    assert scores.values["distance"] == pytest.approx(sklearn_metrics.mean_absolute_error(answers, given))
    assert scores.values["within_one"] == np.mean(np.abs(answers - given) < 2)
    assert "mean distance in classes" in dict(scores.lines())


def test_counts():
    target = TARGETS["counts"]
    answers, outputs = rows_of(target)
    scores = score(target, answers, outputs)
    assert scores.values["deviance"] == pytest.approx(
        sklearn_metrics.mean_poisson_deviance(answers, outputs[:, 0])
    )
    d2 = sklearn_metrics.d2_tweedie_score(answers, outputs[:, 0], power=1)
    assert 1 - scores.values["deviance"] / scores.values["mean_deviance"] == pytest.approx(d2)
    assert score(target, np.zeros(3), np.zeros((3, 1))).values["deviance"] == pytest.approx(0)
