"""Probabilities in place of labels: the same fit where they are 0 and 1."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_iris
from sklearn.preprocessing import StandardScaler

from deepstep import DeepClassifier, NetworkClassifier
from deepstep.errors import ConfigurationError, DataError

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

RNG = np.random.default_rng(0)
IRIS, Y = load_iris(return_X_y=True)
NAMES = np.array(["red", "green", "blue"])
P = RNG.dirichlet([1.0, 1.0, 1.0], 150)
FITS = {
    "tabular": (DeepClassifier, {"n_estimators": 3, "network_params": {"epochs": 4}}),
    "tabm": (DeepClassifier, {"presets": "tabm", "n_estimators": 2, "network_params": {"epochs": 2}}),
    "network": (NetworkClassifier, {"early_stopping": True, "class_weight": "balanced", "max_iter": 5}),
    "smoothing": (NetworkClassifier, {"loss_params": {"smoothing": 0.1}, "max_iter": 5}),
    "lbfgs": (NetworkClassifier, {"solver": "lbfgs", "max_iter": 20}),
}


@pytest.mark.parametrize("name", FITS)
def test_one_hot_targets_are_the_labels(name):
    """Of three classes, or two."""
    (Classifier, settings), load = FITS[name], load_iris if [*FITS].index(name) % 2 else load_breast_cancer
    X, y = load(return_X_y=True)
    X, names = StandardScaler().fit_transform(X[::2]), np.sort(NAMES)[: y.max() + 1]
    y = y[::2]
    by_label = Classifier(random_state=1, **settings).fit(X, names[y])
    soft = Classifier(random_state=1, soft_targets=True, classes=names, **settings)
    soft.fit(X, np.eye(len(names))[y])
    assert_array_equal(soft.predict_proba(X), by_label.predict_proba(X))
    assert_array_equal(soft.predict(X), by_label.predict(X))
    assert soft.score(X, names[y]) == soft.score(X, np.eye(len(names))[y]) == by_label.score(X, names[y])
    assert getattr(soft, "temperature_", 1) == getattr(by_label, "temperature_", 1)


def test_a_label_twice_is_a_row_of_half_each():
    """A row that is "red" once and "blue" once teaches as much as 0.5 and 0.5 of twice the weight."""
    X = StandardScaler().fit_transform(IRIS)
    model = NetworkClassifier((5,), solver="lbfgs", alpha=0.5, max_iter=60, random_state=0)
    twice = np.concatenate([np.zeros(150, int), np.full(150, 2), [1]])
    by_label = clone(model).fit(X[[*range(150), *range(150), 0]], NAMES[twice])
    soft = clone(model).set_params(soft_targets=True, classes=["blue", "green", "red"])
    Q = np.concatenate([np.tile([0.5, 0.0, 0.5], (150, 1)), [[0.0, 1.0, 0.0]]])
    soft.fit(X[[*range(150), 0]], Q, [2.0] * 150 + [1.0])
    assert_allclose(soft.predict_proba(X), by_label.predict_proba(X), atol=1e-4)


def test_what_an_ensemble_does_with_held_out_rows(tmp_path):
    model = DeepClassifier(
        n_estimators=3, network_params={"epochs": 4}, soft_targets=True, classes=NAMES, random_state=0
    )
    model.fit(IRIS, P)
    assert model.oof_predictions_.shape == (150, 3)
    assert model.predict_set(IRIS[:4]).shape == (4, 3)
    issue = model.label_issues(IRIS, P, n=1)[0]
    assert issue.given == NAMES[P[issue.row].argmax()]
    assert len(model.label_issues(IRIS, NAMES[Y])) == 150
    model.save(tmp_path / "model")
    again = DeepClassifier.load(tmp_path / "model")
    assert again.soft_targets
    assert_array_equal(again.predict_proba(IRIS), model.predict_proba(IRIS))


def test_calibration_by_probabilities():
    sure = NetworkClassifier(max_iter=90, random_state=0).fit(IRIS, Y)
    unsure = sure.set_params(soft_targets=True).calibrate(IRIS, np.full((150, 3), 1 / 3))
    assert unsure.temperature_ > 5


def test_validation_partial_fit_and_warm_start():
    early = NetworkClassifier(max_iter=3, soft_targets=True, early_stopping=True, random_state=0)
    by_label = clone(early).fit(IRIS, P, X_val=IRIS, y_val=Y)
    assert by_label.validation_costs_ == early.fit(IRIS, P, X_val=IRIS, y_val=np.eye(3)[Y]).validation_costs_
    model = NetworkClassifier(soft_targets=True, random_state=0)
    model.partial_fit(IRIS, P, classes=["c", "a", "b"]).partial_fit(IRIS, P)
    assert model.classes_.tolist() == ["c", "a", "b"]
    with pytest.raises(
        DataError, match=r"classes as in the first call, \['c', 'a', 'b'\]; got \['a', 'b', 'c'\]"
    ):
        model.partial_fit(IRIS, P, classes=["a", "b", "c"])
    warm = NetworkClassifier(soft_targets=True, warm_start=True, max_iter=2, random_state=0)
    assert len(warm.fit(IRIS, P).fit(IRIS, P).loss_curve_) == 4


REFUSED = [
    (Y, {}, r"with soft_targets=True, got shape \(150,\). For l"),
    (2 * P, {}, r"of at least 0 with a sum of 1 in every row, got row 1 with the smallest"),
    (P - [0.5, 0, -0.5], {}, "with a sum of 1 in every row"),
    (P.astype(str), {}, "got values such as"),
    (P, {"classes": ["a", "b"]}, "classes must be 3 different labels, one for each column of y, got"),
    (P, {"loss": "ordinal"}, "loss must be another with soft_targets=True, got 'ordinal'"),
]


@pytest.mark.parametrize(("y", "settings", "message"), REFUSED, ids=range(len(REFUSED)))
def test_what_is_refused(y, settings, message):
    with pytest.raises((DataError, ConfigurationError), match=message):
        NetworkClassifier(max_iter=2, soft_targets=True, **settings).fit(IRIS, y)


def test_columns_of_0_and_1_are_several_targets_unless_said_otherwise():
    Q = np.eye(3, dtype=int)[Y]
    model = NetworkClassifier(max_iter=2, random_state=0)
    assert model.fit(IRIS, Q).predict(IRIS).shape == (150, 3)
    assert model.set_params(soft_targets=True).fit(IRIS, Q).predict(IRIS).shape == (150,)
    with pytest.raises(ValueError, match="Unknown label type: continuous-multioutput"):
        model.set_params(soft_targets=False).fit(IRIS, P)
