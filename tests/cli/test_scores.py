"""Scores against scikit-learn's metrics."""

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    confusion_matrix,
    d2_tweedie_score,
    mean_absolute_error,
    mean_poisson_deviance,
    r2_score,
    recall_score,
    root_mean_squared_error,
)

from deepstep.cli.scores import confusion, score
from deepstep.preparation import ClassificationTarget, RegressionTarget

RNG = np.random.default_rng(0)


def test_classes():
    target = ClassificationTarget((("a", "b", "c"),))
    answers, outputs = RNG.integers(0, 3, 50), RNG.dirichlet([1, 1, 1], 50)
    scores = score(target, answers, outputs)
    given = outputs.argmax(axis=1)
    assert scores.values["accuracy"] == accuracy_score(answers, given)
    dummy = DummyClassifier(strategy="most_frequent").fit(np.zeros((50, 1)), answers)
    assert scores.values["majority_accuracy"] == dummy.score(np.zeros((50, 1)), answers)
    assert scores.values["balanced_accuracy"] == pytest.approx(balanced_accuracy_score(answers, given))
    assert list(scores.values["recall"].values()) == pytest.approx(recall_score(answers, given, average=None))
    counts = confusion(answers, target.decide(outputs), 3)
    assert counts.tolist() == confusion_matrix(answers, given).tolist()


def test_two_classes_are_decided_at_one_half():
    target = ClassificationTarget(((False, True),))
    assert target.decide(np.array([[0.2], [0.5], [0.6]])).tolist() == [0, 0, 1]


@pytest.mark.parametrize(("sizes", "uneven"), [([20, 20], False), ([10, 30], True), ([1, 39], True)])
def test_uneven_classes_have_figures_of_their_own(sizes, uneven):
    answers = np.repeat([0, 1], sizes)
    scores = score(ClassificationTarget((("no", "yes"),)), answers, np.full((40, 1), 0.9))
    assert scores.uneven is uneven
    assert scores.values["balanced_accuracy"] == 0.5
    lines = dict(scores.lines(by_class=True))
    assert (lines["balanced accuracy"], lines["recall of no"], lines["recall of yes"]) == (
        "50.00 %", "0.00 %", "100.00 %",
    )  # fmt: skip
    assert "balanced accuracy" not in dict(scores.lines())


def test_a_class_that_is_not_there():
    scores = score(ClassificationTarget((("a", "b", "c"),)), np.array([0, 0, 1]), np.eye(3)[[0, 2, 1]])
    assert scores.values["recall"] == pytest.approx({"a": 0.5, "b": 1.0, "c": np.nan}, nan_ok=True)
    assert scores.values["balanced_accuracy"] == 0.75
    assert dict(scores.lines(by_class=True))["recall of c"] == "–"


def test_classes_in_an_order():
    answers, outputs = RNG.integers(0, 4, 60), np.sort(RNG.random((60, 3)))[:, ::-1]
    scores = score(ClassificationTarget((tuple("abcd"),), ordered=True), answers, outputs)
    above = np.hstack([np.ones((60, 1)), outputs, np.zeros((60, 1))])
    given = (above[:, :-1] - above[:, 1:]).argmax(axis=1)
    assert scores.values["distance"] == pytest.approx(mean_absolute_error(answers, given))
    assert scores.values["within_one"] == np.mean(np.abs(answers - given) < 2)
    assert "mean distance in classes" in dict(scores.lines())


def test_counts():
    target = RegressionTarget((0.0,), (2.0,), output="poisson")
    answers, outputs = RNG.poisson(2, 40).astype(float), RNG.random((40, 1))
    scores = score(target, answers, outputs)
    assert scores.values["deviance"] == pytest.approx(mean_poisson_deviance(answers, 2 * outputs[:, 0]))
    d2 = d2_tweedie_score(answers, 2 * outputs[:, 0], power=1)
    assert 1 - scores.values["deviance"] / scores.values["mean_deviance"] == pytest.approx(d2)
    assert score(target, np.zeros(3), np.zeros((3, 1))).values["deviance"] == pytest.approx(0)


def test_numbers():
    target = RegressionTarget((10.0,), (2.0,))
    answers, outputs = RNG.normal(10, 2, 40), RNG.normal(size=(40, 1))
    scores = score(target, answers, outputs)
    given = 10 + 2 * outputs[:, 0]
    assert scores.values["rmse"] == pytest.approx(root_mean_squared_error(answers, given))
    assert scores.values["r2"] == pytest.approx(r2_score(answers, given))


def test_numbers_that_do_not_vary_have_no_r2():
    assert np.isnan(
        score(RegressionTarget((0.0,), (1.0,)), np.array([3.0, 3.0]), np.zeros((2, 1))).values["r2"]
    )
