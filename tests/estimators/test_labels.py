"""Labels of any kind in scores, and probabilities in place of labels."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_iris
from sklearn.metrics import accuracy_score
from sklearn.preprocessing import StandardScaler

from deepstep import DeepClassifier, NetworkClassifier
from deepstep.errors import DataError
from deepstep.types import AnyArray

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:invalid value encountered in cast"),  # scikit-learn looks at NaN
]

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


def test_columns_of_0_and_1_are_several_targets_unless_said_otherwise():
    Q = np.eye(3, dtype=int)[Y]
    model = NetworkClassifier(max_iter=2, random_state=0)
    assert model.fit(IRIS, Q).predict(IRIS).shape == (150, 3)
    assert model.set_params(soft_targets=True).fit(IRIS, Q).predict(IRIS).shape == (150,)
    with pytest.raises(ValueError, match="Unknown label type: continuous-multioutput"):
        model.set_params(soft_targets=False).fit(IRIS, P)


# The score is scikit-learn's accuracy, whatever labels training and scoring have


LABELS = {
    "int": np.array([0, 1, 2, 7]),
    "negative": np.array([-3, -1, 0, 5]),
    "float": np.array([0.0, 1.0, 2.0, 7.0]),
    "text": np.array(["a", "b", "c", "d"]),
    "object": np.array(["a", "b", "c", "d"], object),
    "bool": np.array([False, True]),
}
"""Labels of each kind, of which training and scoring have some."""


def _plain(**params: object) -> NetworkClassifier:
    return NetworkClassifier(4, max_iter=3, random_state=0, **params)


def _labels(kind: str, rng: np.random.Generator) -> AnyArray:
    """Labels of the rows of IRIS, of a random subset of at least two classes of a kind."""
    classes = LABELS[kind]
    chosen = rng.choice(classes, rng.integers(2, len(classes) + 1), replace=False)
    y = rng.choice(chosen, len(IRIS))
    y[: len(chosen)] = chosen
    return y


def _score_or_error(score: object, *arguments: AnyArray) -> object:
    try:
        return score(*arguments)  # type: ignore[operator]
    except ValueError as error:
        return str(error)


@pytest.mark.parametrize("kind", LABELS)
def test_score_is_the_accuracy_for_any_labels_of_training_and_scoring(kind: str, fresh_seed: int) -> None:
    rng = np.random.default_rng(fresh_seed)
    for _ in range(3):
        model = _plain().fit(IRIS, _labels(kind, rng))
        predicted = model.predict(IRIS)
        for other in LABELS:
            y, weight = _labels(other, rng), rng.random(len(IRIS))
            expected = _score_or_error(accuracy_score, y, predicted)
            assert _score_or_error(model.score, IRIS, y) == expected
            if isinstance(expected, float):
                assert model.score(IRIS, y, weight) == accuracy_score(y, predicted, sample_weight=weight)


def test_an_unknown_label_counts_as_wrong_where_targets_are_probabilities() -> None:
    model = _plain(soft_targets=True, classes=["a", "c"]).fit(IRIS, np.eye(2)[Y % 2])
    y = np.array(["a", "b", "c"])[Y]
    assert model.score(IRIS, y) == accuracy_score(y, model.predict(IRIS))
    P = np.random.default_rng(0).dirichlet([1, 1], len(IRIS))
    assert model.score(IRIS, P) == accuracy_score(np.array(["a", "c"])[P.argmax(axis=1)], model.predict(IRIS))


def test_several_columns_are_right_together() -> None:
    rng = np.random.default_rng(0)
    columns = rng.integers(0, 2, (len(IRIS), 2))
    model = _plain().fit(IRIS, columns)
    others = rng.integers(0, 2, (len(IRIS), 2))
    assert model.score(IRIS, others) == accuracy_score(others, model.predict(IRIS))
    for wrong in (Y, LABELS["text"][Y], np.hstack([columns, columns])):
        with pytest.raises(ValueError, match=r".+"):
            model.score(IRIS, wrong)
