"""The probability above which the second of two classes is predicted."""

import numpy as np
import polars
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from sklearn.datasets import make_classification
from sklearn.metrics import balanced_accuracy_score, confusion_matrix, f1_score

import deepstep
from deepstep import DeepClassifier, Run
from deepstep.ensembles.calibration import CRITERIA, best_threshold
from deepstep.export import export

COSTS = (1.0, 7.0)
X, NUMBERS = make_classification(260, 4, n_informative=3, n_redundant=0, weights=[0.85], random_state=1)
TABLE, Y = polars.DataFrame(X, schema=list("abcd")), np.where(NUMBERS, "yes", "no")


def value(by, true, predicted, weight):
    """What a threshold is chosen by, as scikit-learn has it; larger is better."""
    if by == COSTS:
        counts = confusion_matrix(true, predicted, sample_weight=weight)
        return -counts[0, 1] * COSTS[0] - counts[1, 0] * COSTS[1]
    measured = {"f1": f1_score, "balanced_accuracy": balanced_accuracy_score}[by]
    return measured(true, predicted, sample_weight=weight)


@given(
    st.lists(st.tuples(st.integers(0, 20), st.booleans(), st.integers(1, 3)), min_size=2, max_size=30),
    st.sampled_from([*CRITERIA, COSTS]),
)
def test_no_threshold_is_better(rows, by):
    shares, true, weight = (
        np.array(column) for column in zip((0, True, 1), (20, False, 1), *rows, strict=True)
    )
    shares = shares / 20
    threshold = best_threshold(shares, true, weight, by)
    assert 0 < threshold < 1
    best = value(by, true, shares > threshold, weight)
    for other in [1e-9, *((np.unique(shares)[:-1] + np.unique(shares)[1:]) / 2), 1 - 1e-9]:
        assert value(by, true, shares > other, weight) <= best + 1e-9


FEW = {"n_estimators": 3, "network_params": {"epochs": 8}, "random_state": 1}


def fitted(by):
    return DeepClassifier(decision_threshold=by, **FEW).fit(TABLE, Y)


@pytest.fixture(scope="module")
def by_f1():
    return fitted("f1")


def test_it_is_the_best_one_out_of_fold(by_f1):
    usual = fitted(0.5)
    assert usual.decision_threshold_ == 0.5
    assert_array_equal(by_f1.predict_proba(TABLE), usual.predict_proba(TABLE))
    held_out = by_f1.predictor_.out_of_fold()
    shares = by_f1.targets_.probabilities(held_out)[:, 1]
    threshold = best_threshold(shares, Y == "yes", None, "f1")
    assert (by_f1.targets_.threshold, usual.targets_.threshold) == (threshold, 0.5)
    assert f1_score(NUMBERS, shares > threshold) > f1_score(NUMBERS, shares > 0.5)


@pytest.mark.parametrize("by", [0.2, (1, 9)])
def test_labels_go_by_the_reported_probability(by):
    model = fitted(by)
    model.calibrate(TABLE[::2], Y[::2])
    if by == 0.2:
        assert model.decision_threshold_ == pytest.approx(0.2)
    shares = model.predict_proba(TABLE)[:, 1]
    clear, predicted = np.abs(shares - model.decision_threshold_) > 1e-6, model.predict(TABLE)
    assert_array_equal(predicted[clear], np.where(shares > model.decision_threshold_, "yes", "no")[clear])
    assert (predicted == "yes").sum() > (shares > 0.5).sum()


def test_rows_of_validation_choose_it_where_there_are_some():
    model = DeepClassifier(decision_threshold="balanced_accuracy", **FEW)
    model.fit(TABLE[:150], Y[:150], X_val=TABLE[150:], y_val=Y[150:])
    shares = model.targets_.probabilities(model.ensemble_.outputs(TABLE[150:]))[:, 1]
    assert model.targets_.threshold == best_threshold(shares, Y[150:] == "yes", None, "balanced_accuracy")


def test_it_is_saved_scored_and_exported(by_f1, tmp_path):
    deepstep.save(by_f1, tmp_path / "model")
    again = deepstep.load(tmp_path / "model")
    assert again.decision_threshold_ == by_f1.decision_threshold_ != 0.5
    assert_array_equal(Run.load(tmp_path / "model").predict(TABLE).values, by_f1.predict(TABLE))
    for ending in ("py", "onnx"):  # the certificate compares labels, too
        export(by_f1, tmp_path / f"m.{ending}")
    sentence = f"'yes' is predicted above a probability of {by_f1.decision_threshold_:.4g}"
    assert sentence in (tmp_path / "m.py").read_text()


def test_what_fails_in_the_choice_leaves_the_calibration(by_f1, monkeypatch):
    monkeypatch.setattr("deepstep.estimators.deep.best_threshold", lambda *_: [][0])
    with pytest.warns(
        UserWarning, match=r"no threshold was chosen \(IndexError.*decision_threshold_ is 0\.5"
    ):
        model = fitted("f1")
    assert_array_equal(model.predict_proba(TABLE), by_f1.predict_proba(TABLE))
    assert model.decision_threshold_ == 0.5


def test_rows_of_one_class_choose_none():
    learned, held_out = np.flatnonzero(NUMBERS < 2)[:150], np.flatnonzero(NUMBERS == 0)[-40:]
    model = DeepClassifier(n_estimators=1, network_params={"epochs": 1}, decision_threshold="f1")
    with pytest.warns(UserWarning, match=r"decision_threshold stays 0\.5: no rows of both classes"):
        model.fit(X[learned], Y[learned], X_val=X[held_out], y_val=Y[held_out])
    assert model.decision_threshold_ == 0.5
