"""Tables at their worst: each is learned from and predicted for, or refused in one clear sentence."""

import datetime
import pickle
import warnings
from zoneinfo import ZoneInfo

import numpy as np
import pandas
import polars
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from deepstep.errors import DataError
from deepstep.estimators import DeepClassifier, DeepRegressor, NetworkClassifier, TableEncoder
from deepstep.preparation import TablePreparation

FAST = {"n_estimators": 2, "network_params": {"epochs": 3}, "random_state": 0}
M = 60
RNG = np.random.default_rng(0)
NUMBERS = RNG.standard_normal(M)
WORDS = np.array(["no", "yes"])[(NUMBERS > 0).astype(int)]
START = datetime.datetime(2020, 3, 28, 12)
BERLIN, DENVER = ZoneInfo("Europe/Berlin"), ZoneInfo("America/Denver")


def moments(zone):
    return [(START + datetime.timedelta(hours=7 * i)).replace(tzinfo=zone) for i in range(M)]


LEARNED = {
    "mixed types": {"x": [1, "a", None, 2.5, True] * (M // 5), "z": NUMBERS},
    "an empty column": {"x": NUMBERS, "none": [None] * M, "nan": [np.nan] * M},
    "4,000 categories": {"c": [f"k{number}" for number in range(4_000)] * 2, "z": [0.0, 1.0] * 4_000},
    "400 columns": {f"c{number}": RNG.standard_normal(M) for number in range(400)},
    "moments of two zones": {"d": [*moments(BERLIN)[: M // 2], *moments(DENVER)[M // 2 :]]},
    "truth values with holes": {"x": [True, None, False] * (M // 3)},
    "names of columns": {"": NUMBERS, "<b>;DROP": NUMBERS**2, "\u00e4\U0001f600": NUMBERS**3},
}


@pytest.mark.parametrize("name", LEARNED)
def test_it_is_learned_from_and_predicted_for(name):
    Estimator = (DeepClassifier, DeepRegressor)[[*LEARNED].index(name) % 2]
    X = pandas.DataFrame(LEARNED[name])
    y = np.resize(WORDS if Estimator is DeepClassifier else NUMBERS, len(X))
    if name == "mixed types":
        y = np.where(np.arange(M) == 7, "rare", y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", message=".*1 of 3 classes have fewer than 10 rows")
        model = Estimator(**FAST).fit(X, y)
        predicted = model.predict(X)
    assert predicted.shape == (len(X),)
    assert name != "mixed types" or "rare" in model.classes_
    assert set(predicted) <= set(y) if Estimator is DeepClassifier else np.isfinite(predicted).all()
    again = pickle.loads(pickle.dumps(model)).predict(X)
    np.testing.assert_array_equal(again, predicted)


REFUSED = {
    "only empty columns": (DeepClassifier, {"x": [None] * M}, WORDS, "one column with different values"),
    "one row of numbers": (DeepRegressor, {"x": [1.0]}, [1.0], "one row, so that nothing can differ"),
    "no rows": (DeepClassifier, {"x": []}, [], "at least one row"),
    "no columns": (DeepRegressor, {}, NUMBERS, "at least one column"),
    "infinite": (DeepRegressor, {"x": [*NUMBERS[1:], np.inf]}, NUMBERS, "column 'x': .* row 60"),
    "targets beyond the floats": (DeepRegressor, {"x": NUMBERS}, NUMBERS * 1e160, "squares are floats"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_in_one_clear_sentence(name):
    Estimator, columns, y, message = REFUSED[name]
    X = pandas.DataFrame(columns, index=range(len(y)))
    with pytest.raises(ValueError, match=message) as caught:
        Estimator(**FAST).fit(X, y)
    assert len(str(caught.value)) < 400


@pytest.mark.filterwarnings("ignore:X does not have valid feature names")
@pytest.mark.filterwarnings("ignore:X has feature names")
def test_without_names_columns_are_told_by_their_order():
    """scikit-learn warns, and goes on."""
    rows = np.array([[1.0, "u"], [None, "v"], [-1.0, None]], dtype=object)
    frame = pandas.DataFrame(rows, columns=["a", "b"]).astype({"a": float})
    table = pandas.DataFrame({"a": NUMBERS, "b": ["u", "v"] * (M // 2)})
    trained = DeepClassifier(**FAST).fit(table, WORDS)
    np.testing.assert_array_equal(trained.predict_proba(rows), trained.predict_proba(frame))
    X = np.column_stack([NUMBERS, NUMBERS**2])
    model = DeepRegressor(**FAST).fit(X, NUMBERS)
    np.testing.assert_array_equal(model.predict(pandas.DataFrame(X, columns=["b", "a"])), model.predict(X))
    of_frame = DeepRegressor(**FAST).fit(pandas.DataFrame(X, columns=["b", "a"]), NUMBERS)
    np.testing.assert_array_equal(of_frame.predict(X), model.predict(X))


# TableEncoder


TABLE = polars.DataFrame(
    {
        "age": np.where(RNG.random(M) < 0.2, np.nan, RNG.normal(40, 10, M)),
        "town": RNG.choice(["Rome", "Oslo", "Bonn"], M),
        "born": polars.Series(RNG.integers(0, 9000, M)).cast(polars.Date),
        "member": RNG.random(M) < 0.5,
    }
)
IN_ROME = (TABLE["town"] == "Rome").to_numpy()


CONVERSIONS = {
    "polars": lambda frame: frame,
    "pandas": lambda frame: frame.to_pandas(),
    "pyarrow": lambda frame: frame.to_arrow(),
}


@pytest.mark.parametrize("convert", CONVERSIONS.values(), ids=CONVERSIONS)
def test_the_features_are_those_of_the_preparation(convert):
    encoder, preparation = TableEncoder(), TablePreparation.fit(TABLE)
    assert_array_equal(encoder.fit_transform(convert(TABLE)), preparation.transform(TABLE))
    assert encoder.get_feature_names_out().tolist() == list(preparation.feature_names)
    assert encoder.feature_names_in_.tolist() == TABLE.columns
    assert encoder.n_features_in_ == 4
    shuffled = TABLE.select("member", "age", polars.lit(1).alias("more"), "born", "town")
    assert_array_equal(encoder.transform(convert(shuffled)), preparation.transform(TABLE))
    with pytest.raises(DataError, match="'town' missing"):
        encoder.transform(convert(TABLE.drop("town")))


def test_arrays_are_taken_by_the_order_of_columns():
    values = TABLE.drop("born").to_numpy()
    encoder = TableEncoder().fit(values)
    assert_array_equal(encoder.transform(values.tolist()), encoder.transform(values))
    assert not hasattr(encoder, "feature_names_in_")
    with pytest.raises(ValueError, match="2 features"):
        encoder.transform(values[:, :2])


def test_pipelines():
    """scikit-learn's use of the encoder, before its own models and before one network."""
    network = make_pipeline(TableEncoder(), NetworkClassifier(4, solver="lbfgs", random_state=1)).fit(
        TABLE, IN_ROME
    )
    alone = NetworkClassifier(4, solver="lbfgs", random_state=1).fit(
        TableEncoder().fit_transform(TABLE), IN_ROME
    )
    assert_array_equal(network.predict_proba(TABLE), alone.predict_proba(TableEncoder().fit_transform(TABLE)))
    search = GridSearchCV(
        make_pipeline(TableEncoder(), LogisticRegression()), {"logisticregression__C": [0.1, 10.0]}, cv=3
    ).fit(TABLE.to_pandas(), IN_ROME)
    assert search.best_score_ > 0.9
    copied = pickle.loads(pickle.dumps(search.best_estimator_))
    assert_array_equal(copied.predict(TABLE.to_pandas()), search.predict(TABLE.to_pandas()))
    assert clone(search.best_estimator_)[0].get_params() == {
        "categorical_features": None,
        "keep_columns": None,
    }


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_frames_come_out_where_they_are_asked_for(library):
    encoder = TableEncoder().set_output(transform=library)
    frame = encoder.fit_transform(TABLE.to_pandas())
    assert type(frame).__module__.partition(".")[0] == library
    assert list(frame.columns) == encoder.get_feature_names_out().tolist()
    columns = make_column_transformer((TableEncoder(), ["town", "age"]), remainder="drop")
    assert columns.fit_transform(TABLE.to_pandas()).shape == (M, 5)
