"""Scores against scikit-learn's metrics."""

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.metrics import accuracy_score, confusion_matrix, r2_score, root_mean_squared_error

from deepstep.cli.scores import answered, confusion, score
from deepstep.preparation import ClassTarget, NumberTarget

RNG = np.random.default_rng(0)


def test_classes():
    target = ClassTarget(("a", "b", "c"))
    answers, outputs = RNG.integers(0, 3, 50), RNG.dirichlet([1, 1, 1], 50)
    scores = score(target, answers, outputs)
    given = outputs.argmax(axis=1)
    assert scores.accuracy == accuracy_score(answers, given)
    dummy = DummyClassifier(strategy="most_frequent").fit(np.zeros((50, 1)), answers)
    assert scores.majority_accuracy == dummy.score(np.zeros((50, 1)), answers)
    counts = confusion(answers, answered(target, outputs), 3)
    assert counts.tolist() == confusion_matrix(answers, given).tolist()


def test_two_classes_are_decided_at_one_half():
    target = ClassTarget((False, True))
    assert answered(target, np.array([[0.2], [0.5], [0.6]])).tolist() == [0, 0, 1]


def test_numbers():
    target = NumberTarget(mean=10.0, std=2.0)
    answers, outputs = RNG.normal(10, 2, 40), RNG.normal(size=(40, 1))
    scores = score(target, answers, outputs)
    given = 10 + 2 * outputs[:, 0]
    assert scores.rmse == pytest.approx(root_mean_squared_error(answers, given))
    assert scores.r2 == pytest.approx(r2_score(answers, given))


def test_numbers_that_do_not_vary_have_no_r2():
    assert np.isnan(score(NumberTarget(0.0, 1.0), np.array([3.0, 3.0]), np.zeros((2, 1))).r2)
