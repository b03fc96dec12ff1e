"""What comes in: labels, frames, sparse rows, precision; and what is refused."""

import re
import tracemalloc
import warnings

import numpy as np
import pandas
import polars
import pytest
import scipy.sparse
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import load_iris, make_multilabel_classification
from sklearn.exceptions import DataConversionWarning
from sklearn.metrics import average_precision_score, get_scorer, roc_auc_score

from deepstep import DeepClassifier, DeepRegressor, NetworkClassifier, NetworkRegressor
from deepstep.errors import ConfigurationError, DataError, DataWarning
from deepstep.training import rows
from short_fits import short

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, Y = load_iris(return_X_y=True)
FAST = {"hidden_layer_sizes": (8, 6), "random_state": 1, "max_iter": 20, "learning_rate_init": 0.01}


@pytest.mark.parametrize(
    "names",
    [
        np.array(["virginica", "setosa", "versicolor"]),
        np.array(["virginica", "setosa", "versicolor"], dtype=object),
        np.array([30, -1, 7]),
        np.array([0.5, 1.5, 2.5]) * 2,
    ],
)
def test_labels_of_any_type(names):
    y = names[Y]
    model = NetworkClassifier(solver="lbfgs", random_state=0).fit(X, y)
    assert_array_equal(model.classes_, np.unique(names))
    assert np.isin(model.predict(X), names).all()
    assert model.score(X, y) > 0.95
    assert_allclose(model.predict_proba(X).sum(axis=1), 1)
    assert_array_equal(model.predict(X), model.classes_[model.predict_proba(X).argmax(axis=1)])


@pytest.mark.parametrize("Classifier", [NetworkClassifier, DeepClassifier])
@pytest.mark.filterwarnings("ignore:The y_prob values do not sum to one")
def test_metrics_of_probabilities_see_two_columns_as_two(Classifier):
    """Under the numbers 0 and 1 they passed for one column of two classes."""
    inputs, columns = make_multilabel_classification(80, 6, n_classes=2, random_state=0)
    model = Classifier(random_state=0, **short(Classifier, 20)).fit(inputs, columns)
    assert [classes.tolist() for classes in model.classes_] == [[0, 1], [0, 1]]
    for scoring, metric in {"roc_auc": roc_auc_score, "average_precision": average_precision_score}.items():
        expected = metric(columns, model.predict_proba(inputs))
        assert get_scorer(scoring)(model, inputs, columns) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("Estimator", "frame"), [(NetworkClassifier, pandas.DataFrame), (NetworkRegressor, polars.DataFrame)]
)
def test_frames_have_names(frame, Estimator):
    names = ["a", "b", "c", "d"]
    table = frame(dict(zip(names, X.T, strict=True)))
    model = Estimator(**FAST).fit(table, Y)
    assert_array_equal(model.feature_names_in_, names)
    assert_array_equal(model.predict(table), Estimator(**FAST).fit(X, Y).predict(X))
    with pytest.raises(ValueError, match="feature names"):
        model.predict(pandas.DataFrame(X, columns=["d", "c", "b", "a"]))


@pytest.mark.parametrize(
    ("Estimator", "solver", "form", "early_stopping"),
    [
        (NetworkClassifier, "adam", "csr_array", True),
        (NetworkClassifier, "lbfgs", "csr_matrix", False),
        (NetworkRegressor, "adam", "coo_array", False),
        (NetworkRegressor, "lbfgs", "csc_array", False),
    ],
)
def test_sparse_equals_dense(Estimator, solver, form, early_stopping):
    dense = np.where(np.random.RandomState(0).rand(*X.shape) < 0.5, X, 0)
    sparse = getattr(scipy.sparse, form)(dense)
    settings = {**FAST, "solver": solver, "early_stopping": early_stopping}
    left, right = (
        Estimator(**settings).fit(dense, Y),
        Estimator(**settings).fit(sparse, Y),
    )
    assert_array_equal(left.network_.parameters.flat, right.network_.parameters.flat)
    assert_array_equal(left.predict(dense), right.predict(sparse))


@pytest.mark.parametrize("Regressor", [NetworkRegressor, DeepRegressor])
@pytest.mark.parametrize("fitted", ["sparse", "dense"])
def test_rows_to_predict_may_be_sparse_where_those_of_the_fit_were_dense_and_the_reverse(
    Regressor, fitted, tmp_path, monkeypatch
):
    rng = np.random.default_rng(1)
    dense = rng.random((60, 4)) * (rng.random((60, 4)) < 0.5)
    forms = {"sparse": scipy.sparse.csr_array(dense), "dense": dense}
    other = forms["dense" if fitted == "sparse" else "sparse"]
    few = {"n_estimators": 2} if Regressor is DeepRegressor else {}
    model = Regressor(random_state=1, **few, **short(Regressor, 3)).fit(forms[fitted], dense[:, 0])
    expected = model.predict(forms[fitted])
    assert_array_equal(model.predict(other), expected)
    assert model.score(other, dense[:, 0]) == pytest.approx(model.score(forms[fitted], dense[:, 0]))
    model.save(tmp_path / "model")
    assert_array_equal(Regressor.load(tmp_path / "model").predict(other), expected)
    monkeypatch.setattr(rows, "NUMBERS_AT_ONCE", 50)  # a few rows at once
    np.testing.assert_allclose(model.predict(other), expected, rtol=1e-5, atol=1e-6)
    with pytest.raises(ValueError, match="features"):
        model.predict(other[:, :3])


def test_validation_data_may_be_dense_where_rows_are_sparse():
    dense = np.eye(6)[np.arange(60) % 6]
    y = np.arange(60) % 6 > 2
    for X, other in ((scipy.sparse.csr_array(dense), dense), (dense, scipy.sparse.csr_matrix(dense))):
        model = NetworkClassifier(max_iter=3, random_state=1).fit(X, y, X_val=other, y_val=y)
        assert model.validation_costs_ is not None


def test_memory_of_sparse_rows_is_bounded():
    """As a dense array the inputs would have 800 MB."""
    sparse = scipy.sparse.random_array(
        (20_000, 5_000), density=1e-3, format="csr", rng=np.random.default_rng(0)
    )
    y = np.arange(20_000) % 3
    model = NetworkClassifier(5, max_iter=1, early_stopping=True, random_state=0)
    tracemalloc.start()
    try:
        model.fit(sparse, y).predict_proba(sparse)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 100e6


def test_prediction_in_pieces(monkeypatch):
    # The compiled engine has pieces of its own.
    model = NetworkClassifier(**FAST, dtype="float64", engine="reference").fit(X, Y)
    whole = model.predict_proba(X)
    monkeypatch.setattr(rows, "NUMBERS_AT_ONCE", 7 * (4 + 8 + 6 + 3))
    pieces = []
    forward = model.network_.forward
    monkeypatch.setattr(model.network_, "forward", lambda A: pieces.append(A.shape[1]) or forward(A))
    assert_allclose(model.predict_proba(X), whole, rtol=1e-12)
    assert pieces == [7] * 21 + [3]


@pytest.mark.parametrize(
    ("Estimator", "solver", "dtype", "kept"),
    [
        (NetworkClassifier, "adam", "auto", None),
        (NetworkRegressor, "sgd", "auto", None),
        (NetworkClassifier, "lbfgs", "auto", "float64"),
        (NetworkRegressor, "adam", "float64", "float64"),
        (NetworkClassifier, "lbfgs", "float32", "float32"),
    ],
)
def test_precision(Estimator, solver, dtype, kept):
    for given in ("float32", "float64", "int32"):
        of_network = kept or ("float32" if given == "float32" else "float64")
        model = Estimator(**{**FAST, "solver": solver, "dtype": dtype}).fit(X.astype(given), Y, np.ones(150))
        assert {array.dtype for array in model.coefs_ + model.intercepts_} == {np.dtype(of_network)}
        if Estimator is NetworkClassifier:
            assert model.predict_proba(X).dtype == of_network
        else:
            assert model.predict(X).dtype == "float64"
            assert model.predict(X.astype(np.float32)).dtype == of_network


def test_start_that_does_not_fit():
    start = NetworkClassifier((5,), max_iter=1).fit(X, Y).network_.parameters
    with pytest.raises(ConfigurationError, match="layer sizes"):
        NetworkClassifier((6,), initialization=start).fit(X, Y)
    again = NetworkClassifier((5,), initialization=start, max_iter=1, learning_rate_init=1e-12).fit(X, Y)
    assert_allclose(again.network_.parameters.flat, start.flat, atol=1e-9)
    assert again.network_.parameters is not start


@pytest.mark.parametrize("answer", ["predict", "predict_proba"])
def test_rows_that_leave_the_finite_numbers(answer):
    model = NetworkClassifier(dtype="float64", **FAST).fit(X, Y)
    model.coefs_[0][:] = model.coefs_[1][:] = 10.0  # views
    with pytest.raises(DataError, match=r"outputs are finite numbers of float64; got nan"):
        getattr(model, answer)([[0] * 4, [1e308] * 4, [0] * 4])


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


def mixed(stranger):
    return np.array(["a", stranger, "b"] * 50, dtype=object)


OF_CLASSES = [
    ({"loss": "ordinal", "classes": [0, 1]}, np.zeros(150), "at least two classes; got one class"),
    ({}, mixed(1), "NetworkClassifier.fit: texts or numbers of one kind as labels"),
    ({}, mixed(b"c"), "NetworkClassifier.fit: texts or numbers of one kind as labels"),
    ({}, np.c_[Y, Y], "several columns of two classes each"),
    ({"hidden_layer_sizes": (5, 0)}, Y, "whole number"),
    ({"hidden_layer_sizes": (2.5,)}, Y, "whole number"),
    ({"hidden_layer_sizes": [[3]]}, Y, "whole number|hidden_layer_sizes"),
    ({"hidden_layer_sizes": "5"}, Y, "hidden_layer_sizes"),
    ({"hidden_layer_sizes": (5, 4), "activation": ["tanh", "rellu"]}, Y, "Did you mean 'relu'"),
    ({"hidden_layer_sizes": (5, 4), "activation": ["tanh"]}, Y, "list of 2"),
]
TOO_LARGE = np.where(np.arange(150) == 7, 1e300, Y)
IN_WORDS = r"row 8 of y is 1e\+300\. Scale y, or train in dtype='float64'\.$"
OF_NUMBERS = [
    ({"loss": "hubber"}, Y, r"NetworkRegressor\.fit: loss is one of 'squared_error', .* Did you"),
    ({"dtype": "float32"}, TOO_LARGE, IN_WORDS),
    ({"dtype": "float32", "solver": "lbfgs"}, np.c_[Y, TOO_LARGE], IN_WORDS),
]


@pytest.mark.parametrize(
    ("Estimator", "settings", "y", "message"),
    [
        (kind, *one)
        for kind, all_ in ((NetworkClassifier, OF_CLASSES), (NetworkRegressor, OF_NUMBERS))
        for one in all_
    ],
)
def test_what_cannot_be_is_refused(Estimator, settings, y, message):
    model = Estimator(**settings)
    with pytest.raises(ValueError, match=message):
        model.fit(X, y)
    assert not hasattr(model, "network_")


def test_few_rows_and_large_batches():
    with pytest.raises(DataError, match="at least 4 examples"):
        NetworkRegressor(early_stopping=True).fit(X[:3], Y[:3])
    with pytest.raises(DataError, match="weight above 0 in both"):
        NetworkRegressor(early_stopping=True).fit(X, Y, np.arange(150) == 3)
    rare = np.where(np.arange(150) == 0, 2, Y // 2)  # a class of one example cannot be split in proportion
    assert NetworkClassifier(early_stopping=True, **FAST).fit(X, rare).n_outputs_ == 3
    with pytest.warns(UserWarning, match="batch_size 151 is larger than the 150 examples"):
        NetworkClassifier(batch_size=151, **FAST).fit(
            X, np.full(150, "one")
        )  # as scikit-learn's network learns it


def test_memory_of_many_rows_is_bounded():
    """As a whole the activations would have 400 MB."""
    many = np.random.default_rng(0).standard_normal((100_000, 8))
    y = np.arange(100_000) % 2
    model = NetworkRegressor((512,), max_iter=1, random_state=0, engine="reference")
    tracemalloc.start()
    try:
        model.fit(many[:200], y[:200], X_val=many, y_val=y).score(many, y)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 100e6


DEFECTS = {
    "classes": (lambda X, y: (X, y.where(X["x"] > 0, y.str.title())), "classes .* differ in case or blanks"),
    "header": (lambda X, y: (X.rename(columns={"x": "1.5", "z": "0.25"}), y), "2 of 3 names .*header=false"),
    "target twice": (lambda X, y: (X.assign(**{"kind.1": X["z"]}), y), "more than once: 'kind.1'"),
    "far value": (lambda X, y: (X.assign(x=X["x"].where(X["x"] > -1, -999.0)), y), r"'x' \(-999 in"),
    "no names": (lambda X, y: (X.set_axis([7, 3], axis=1), y), None),  # integers are no cells of a header
    "few rows": (lambda X, y: (X[:15], y[:15]), "15 rows are learned from, fewer than 20"),
    "few of a class": (lambda X, y: (X, y.where(X.index != 7, "rare")), r"1 of 3 classes .*: 'rare' \(1\)"),
    "none": (lambda X, y: (X, y), None),
}


@pytest.mark.parametrize("Classifier", [DeepClassifier, NetworkClassifier])
@pytest.mark.parametrize("defect", DEFECTS)
def test_a_defect_of_a_frame_is_one_warning(defect, Classifier):
    """Of a table: one network takes numbers that are prepared."""
    rng = np.random.default_rng(2)
    frame = pandas.DataFrame({"x": rng.normal(0, 1, 80), "z": rng.normal(0, 1, 80)})
    change, message = DEFECTS[defect]
    frame, y = change(frame, pandas.Series(rng.choice(["yes", "no"], 80), name="kind"))
    few = {"n_estimators": 1} if Classifier is DeepClassifier else {}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        Classifier(random_state=0, **few, **short(Classifier, 1)).fit(frame, y)
    told = [str(one.message) for one in caught if issubclass(one.category, DataWarning)]
    assert len(told) == (message is not None and Classifier is DeepClassifier), told
    assert all(re.search(rf"^DeepClassifier.fit: .*{message}", one) for one in told)
