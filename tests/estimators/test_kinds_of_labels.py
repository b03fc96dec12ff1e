"""Labels of any kind: of several columns, truth values, and dates, which are none."""

import numpy as np
import polars
import pytest

from deepstep import DeepClassifier, NetworkClassifier
from deepstep.errors import DataError

RNG = np.random.default_rng(0)
X = RNG.normal(size=(120, 3))
WET, WARM = X[:, 0] > 0, X[:, 1] > 0
POSITIONS = np.column_stack([WET, WARM]).astype(int)
LABELS = polars.DataFrame({"wet": np.where(WET, "yes", "no"), "warm": np.where(WARM, 7, 5)})
MODELS = {
    "ensemble": lambda **others: DeepClassifier(
        n_estimators=2, network_params={"epochs": 15}, random_state=1, **others
    ),
    "network": lambda **others: NetworkClassifier(8, max_iter=15, tol=0, random_state=1, **others),
}
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.mark.parametrize("name", MODELS)
def test_labels_are_learned_as_their_positions_are(name):
    """The oracle is the fit on columns of 0 and 1."""
    make = MODELS[name]
    model = make(class_weight=[{"yes": 2.0}, {5: 3.0}]).fit(X, LABELS, X_val=X[:20], y_val=LABELS[:20])
    oracle = make(class_weight=[{1: 2.0}, {0: 3.0}]).fit(X, POSITIONS, X_val=X[:20], y_val=POSITIONS[:20])
    assert [labels.tolist() for labels in model.classes_] == [["no", "yes"], [5, 7]]
    np.testing.assert_array_equal(model.predict_proba(X), oracle.predict_proba(X))
    positions = oracle.predict(X)
    assert model.predict(X)[:, 0].tolist() == np.where(positions[:, 0], "yes", "no").tolist()
    assert model.predict(X)[:, 1].tolist() == np.where(positions[:, 1], 7, 5).tolist()
    assert model.score(X, LABELS) == oracle.score(X, POSITIONS)
    assert model.targets_.names == ("wet", "warm")


def test_labels_keep_their_kinds():
    make = MODELS["network"]
    truth = make(early_stopping=True, scoring="f1_macro").fit(X, POSITIONS.astype(bool)).predict(X)
    assert truth.dtype == bool
    labels = np.array([[int(wet) + 1, warm + 0.5] for wet, warm in zip(WET, WARM, strict=True)], object)
    predicted = make().fit(X, labels).predict(X)
    assert [{type(label) for label in column} for column in predicted.T] == [{int}, {float}]
    model = make().fit(X, POSITIONS + 1, X_val=X[:9], y_val=np.ones((9, 2), int))  # one of the labels
    assert [labels.tolist() for labels in model.classes_] == [[1, 2], [1, 2]]


DAYS = np.array(["2024-01-01", "2024-01-02"], "datetime64[D]")[WET.astype(int)]
NO_LABELS = r"y has dates or durations as labels\. Make texts of them"


@pytest.mark.parametrize("name", MODELS)
def test_what_is_refused(name):
    """No file could hold dates: they are refused before the training, not at save."""
    three = LABELS.with_columns(wind=polars.Series(["n", "s", "w"] * 40))
    thirds = "Column 3 of the 3 columns of y has 3 classes, not two"
    for labels, says in ((DAYS, NO_LABELS), (DAYS.astype(object), NO_LABELS), (three, thirds)):
        with pytest.raises(DataError, match=says):
            MODELS[name]().fit(X, labels)
    with pytest.raises(DataError, match="y has the classes"):
        MODELS[name]().fit(X, LABELS).calibrate(
            X, LABELS.with_columns(wet=polars.Series(["no", "maybe"] * 60))
        )


def test_partial_fit_takes_batches_that_lack_a_label():
    labels = LABELS.to_numpy()
    rest = np.flatnonzero(WET & WARM)
    model = NetworkClassifier(4, random_state=1)
    model.partial_fit(X, labels, classes=[0, 1]).partial_fit(X[rest], labels[rest])
    announced = NetworkClassifier(4, random_state=1)
    announced.partial_fit(X[rest], labels[rest], classes=[["no", "yes"], [5, 7]]).partial_fit(X, labels)
    for fitted in (model, announced):
        assert [labels.tolist() for labels in fitted.classes_] == [["no", "yes"], [5, 7]]
