"""What comes in: labels, frames, sparse rows, precision; and what is refused."""

import numpy as np
import pandas
import polars
import pytest
import scipy.sparse
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.exceptions import DataConversionWarning
from sklearn.metrics import get_scorer, roc_auc_score

from deepstep import DeepClassifier, DeepRegressor, NetworkClassifier, NetworkRegressor
from deepstep.errors import ConfigurationError, DataError, DataWarning, ShapeError
from deepstep.training import rows

X, Y = load_iris(return_X_y=True)
FAST = {"hidden_layer_sizes": (8, 6), "random_state": 1, "max_iter": 20, "learning_rate_init": 0.01}

RNG = np.random.default_rng(0)
ROWS = RNG.normal(size=(120, 3))
WET, WARM = ROWS[:, 0] > 0, ROWS[:, 1] > 0
POSITIONS = np.column_stack([WET, WARM]).astype(int)
LABELS = polars.DataFrame({"wet": np.where(WET, "yes", "no"), "warm": np.where(WARM, 7, 5)})
MODELS = {
    "ensemble": lambda **others: DeepClassifier(
        n_estimators=2, network_params={"epochs": 15}, random_state=1, **others
    ),
    "network": lambda **others: NetworkClassifier(8, max_iter=15, tol=0, random_state=1, **others),
}


@pytest.mark.filterwarnings("ignore:The y_prob values do not sum to one")
@pytest.mark.parametrize("name", MODELS)
def test_metrics_of_probabilities_see_two_columns_as_two(name):
    """Under the numbers 0 and 1 they passed for one column of two classes."""
    model = MODELS[name]().fit(ROWS, POSITIONS)
    assert [classes.tolist() for classes in model.classes_] == [[0, 1], [0, 1]]
    expected = roc_auc_score(POSITIONS, model.predict_proba(ROWS))
    assert get_scorer("roc_auc")(model, ROWS, POSITIONS) == pytest.approx(expected, rel=1e-12)


SPARSE = np.where(np.random.RandomState(0).rand(*X.shape) < 0.5, X, 0)


@pytest.mark.parametrize(
    ("model", "form"),
    [
        (NetworkClassifier(early_stopping=True, **FAST), "csr_array"),
        (NetworkClassifier(solver="lbfgs", **FAST), "csr_matrix"),
        (NetworkRegressor(**FAST), "coo_array"),
    ],
)
def test_sparse_equals_dense(model, form):
    sparse = getattr(scipy.sparse, form)(SPARSE)
    left, right = (clone(model).fit(rows, Y, X_val=SPARSE, y_val=Y) for rows in (SPARSE, sparse))
    assert_array_equal(left.network_.parameters.flat, right.network_.parameters.flat)
    assert_array_equal(left.predict(SPARSE), right.predict(sparse))
    assert left.validation_costs_ == right.validation_costs_


@pytest.mark.parametrize(
    "model", [NetworkRegressor(**FAST), DeepRegressor(n_estimators=2, network_params={"epochs": 3})]
)
@pytest.mark.parametrize("fitted", [0, 1])
def test_rows_to_predict_may_be_sparse_where_those_of_the_fit_were_dense_and_the_reverse(
    model, fitted, tmp_path, monkeypatch
):
    forms = (scipy.sparse.csr_array(SPARSE), SPARSE)
    model, own, other = clone(model).fit(forms[fitted], Y), forms[fitted], forms[1 - fitted]
    expected = model.predict(own)
    assert_array_equal(model.predict(other), expected)
    assert model.score(other, Y) == pytest.approx(model.score(own, Y))
    model.save(tmp_path / "model")
    assert_array_equal(type(model).load(tmp_path / "model").predict(other), expected)
    monkeypatch.setattr(rows, "NUMBERS_AT_ONCE", 50)  # a few rows at once
    np.testing.assert_allclose(model.predict(other), expected, rtol=1e-5, atol=1e-6)
    with pytest.raises(ValueError, match="features"):
        model.predict(other[:, :3])


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_precision(solver):
    """That of the rows; of L-BFGS float64."""
    for dtype in ("float32", "float64", "int32"):
        expected = "float32" if dtype == "float32" and solver == "adam" else "float64"
        settings, rows = {**FAST, "dtype": "auto", "solver": solver}, X.astype(dtype)
        model = NetworkClassifier(**settings).fit(rows, Y, np.ones(150))
        assert {array.dtype for array in model.coefs_ + model.intercepts_} == {np.dtype(expected)}
        assert model.predict_proba(X).dtype == expected
        numbers = NetworkRegressor(**settings).fit(rows, Y)
        assert numbers.predict(X).dtype == "float64"
        assert numbers.predict(X.astype(np.float32)).dtype == expected


def test_warnings_and_errors_of_fit_name_the_caller_and_its_parameter():
    frame = polars.DataFrame({"id": [1.5, 2.0, 3.0] * 10, "leak": [0.5, 0.5, 2.0] * 10})
    labels = np.array(["a", "a", "b"] * 10)
    model = DeepClassifier(n_estimators=2, network_params={"epochs": 1}, random_state=1)
    with pytest.warns((DataConversionWarning, DataWarning)) as caught:
        model.fit(frame, labels[:, np.newaxis])
    assert len(caught) == 2
    assert {one.filename for one in caught} == {__file__}
    assert (model.engine_, model.engine_reason_.count(";")) == (model.ensemble_.members[0].engine, 0)
    with pytest.raises(ConfigurationError, match=r"keep_columns must be one of .*Did you mean 'id'"):
        model.set_params(keep_columns=["idd"]).fit(frame, labels)


def test_few_rows_and_large_batches():
    with pytest.raises(DataError, match="needs at least 4"):
        NetworkRegressor(early_stopping=True).fit(X[:3], Y[:3])
    for row in range(20):  # the only row with a weight is in one part or the other
        parts = "the (15 of 150 examples to validate on|135 of 150 examples to learn from)"
        with pytest.raises(DataError, match=f"All weights are 0 in {parts}"):
            NetworkRegressor(early_stopping=True, random_state=1).fit(X, Y, np.arange(150) == row)
    rare = np.where(np.arange(150) == 0, 2, Y // 2)  # a class of one example cannot be split in proportion
    assert NetworkClassifier(early_stopping=True, **FAST).fit(X, rare).n_outputs_ == 3
    with pytest.warns(UserWarning, match="batch_size 151 is larger than the 150 examples"):
        NetworkClassifier(batch_size=151, **FAST).fit(X, Y)


@pytest.mark.parametrize("name", MODELS)
def test_labels_are_learned_as_their_positions_are(name):
    """The oracle is the fit on columns of 0 and 1."""
    make = MODELS[name]
    model = make(class_weight=[{"yes": 2.0}, {5: 3.0}]).fit(ROWS, LABELS, X_val=ROWS[:20], y_val=LABELS[:20])
    oracle = make(class_weight=[{1: 2.0}, {0: 3.0}]).fit(
        ROWS, POSITIONS, X_val=ROWS[:20], y_val=POSITIONS[:20]
    )
    assert [labels.tolist() for labels in model.classes_] == [["no", "yes"], [5, 7]]
    np.testing.assert_array_equal(model.predict_proba(ROWS), oracle.predict_proba(ROWS))
    positions = oracle.predict(ROWS)
    assert model.predict(ROWS)[:, 0].tolist() == np.where(positions[:, 0], "yes", "no").tolist()
    assert model.predict(ROWS)[:, 1].tolist() == np.where(positions[:, 1], 7, 5).tolist()
    assert model.score(ROWS, LABELS) == oracle.score(ROWS, POSITIONS)
    assert model.targets_.names == ("wet", "warm")


DAYS = np.array(["2024-01-01", "2024-01-02"], "datetime64[D]")[WET.astype(int)]
NO_LABELS = r"y has dates or durations as labels\. Make texts of them"


@pytest.mark.parametrize("name", MODELS)
def test_labels_that_are_none(name):
    """No file could hold dates: they are refused before the training, not at save."""
    three = LABELS.with_columns(wind=polars.Series(["n", "s", "w"] * 40))
    thirds = "Column 3 of the 3 columns of y has 3 classes, not two"
    for labels, says in ((DAYS, NO_LABELS), (DAYS.astype(object), NO_LABELS), (three, thirds)):
        with pytest.raises(DataError, match=says):
            MODELS[name]().fit(ROWS, labels)
    with pytest.raises(DataError, match="y has the classes"):
        MODELS[name]().fit(ROWS, LABELS).calibrate(ROWS, LABELS.with_columns(wet=LABELS["warm"]))


def test_partial_fit_takes_batches_that_lack_a_label():
    labels = LABELS.to_numpy()
    rest = np.flatnonzero(WET & WARM)
    model = NetworkClassifier(4, random_state=1)
    model.partial_fit(ROWS, labels, classes=[0, 1]).partial_fit(ROWS[rest], labels[rest])
    announced = NetworkClassifier(4, random_state=1)
    announced.partial_fit(ROWS[rest], labels[rest], classes=[["no", "yes"], [5, 7]]).partial_fit(ROWS, labels)
    for fitted in (model, announced):
        assert [labels.tolist() for labels in fitted.classes_] == [["no", "yes"], [5, 7]]


HOLES = pandas.DataFrame({"age": [0.5, np.nan, 1.5, np.nan], "town": ["Rome", "Oslo"] * 2})
ENCODER = r"TableEncoder takes them: make_pipeline\(TableEncoder\(\), NetworkClass"


@pytest.mark.filterwarnings("ignore:X has feature names")
@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (HOLES[["age"]], rf"^X has 2 missing values \(NaN\) in column 'age'\. {ENCODER}"),
        (HOLES[["town"]], rf"^X has values that are no numbers in column 'town', such as 'Rome'\. {ENCODER}"),
        (HOLES[["age"]].to_numpy(), r"^X has 2 missing values \(NaN\) in column 'x0'"),
    ],
)
def test_a_network_names_the_column_that_is_no_numbers_and_what_takes_it(rows, message):
    model = NetworkClassifier((2,), solver="lbfgs").fit(np.arange(4).reshape(4, 1), [0, 1, 0, 1])
    for use in (lambda: NetworkClassifier().fit(rows, [0, 1, 0, 1]), lambda: model.predict(rows)):
        with pytest.raises(DataError, match=message):
            use()


def test_a_row_of_a_frame_is_told_how_it_becomes_a_table():
    model = DeepRegressor(n_estimators=1, network_params={"epochs": 1}).fit(HOLES, np.arange(4))
    with pytest.raises(ShapeError, match=r"X\.to_frame\(\)\.T for one row"):
        model.predict(HOLES.iloc[0])
    assert model.predict(HOLES.iloc[0].to_frame().T).shape == (1,)
