"""Tables → features, against scikit-learn's encoders, and laws that hold for any table."""

import datetime

import numpy as np
import polars
import pytest
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from deepstep.data import read_table
from deepstep.errors import ConfigurationError, DataError
from deepstep.preparation import TablePreparation
from deepstep.preparation.table import TableStatistics

REAL = {
    "titanic": ["survived", "alive"],
    "penguins": ["species"],
    "mpg": ["mpg"],
    "california_housing": ["median_house_value"],
    "diamonds": ["price"],
}


def fitted(values, dtype=None, name="x"):
    frame = polars.DataFrame({name: polars.Series(values, dtype=dtype, strict=False)})
    return TablePreparation.fit(frame), frame


def one(preparation, values, dtype=None):
    return preparation.transform(polars.DataFrame({"x": polars.Series(values, dtype=dtype, strict=False)}))


@pytest.mark.parametrize("name", REAL)
def test_real_tables_equal_scikit_learn_s_encoders(shared, name):
    frame = read_table(shared / f"data/tables/{name}.csv")
    preparation = TablePreparation.fit(frame, exclude=REAL[name])
    X = preparation.transform(frame)
    assert X.shape == (frame.height, preparation.n_features)
    assert X.dtype == np.float64
    assert X.flags.c_contiguous
    assert np.isfinite(X).all()
    features = dict(zip(preparation.feature_names, X.T, strict=True))
    inputs = frame.drop(REAL[name])
    assert [line.column for line in preparation.describe()] == inputs.columns
    for series in inputs:
        if series.dtype.is_numeric():
            values = series.cast(polars.Float64).to_numpy()[:, None]
            expected = np.nan_to_num(StandardScaler().fit_transform(values)[:, 0])
            np.testing.assert_allclose(features[series.name], expected, atol=1e-12)
            assert (f"{series.name} missing" in features) == (series.null_count() > 0)
        elif series.dtype == polars.String:
            values = series.drop_nulls().unique()
            if len(values) > 50:
                continue
            encoder = OneHotEncoder(sparse_output=False, handle_unknown="ignore", drop="if_binary")
            present = values.to_numpy()[:, None].astype(object)
            expected = encoder.fit(present).transform(series.drop_nulls().to_numpy()[:, None].astype(object))
            kept = encoder.categories_[0][-1:] if len(values) == 2 else encoder.categories_[0]
            ours = np.column_stack([features[f"{series.name}={value}"] for value in kept])
            np.testing.assert_array_equal(ours[series.is_not_null().to_numpy()], expected)
            if series.null_count():
                np.testing.assert_array_equal(features[f"{series.name} missing"], series.is_null().to_numpy())
        else:
            assert series.dtype == polars.Boolean
            np.testing.assert_array_equal(features[series.name], series.to_numpy().astype(float))


def test_missing_numbers_are_the_mean_and_marked():
    preparation, frame = fitted([1.0, None, 3.0, float("nan")])
    assert preparation.feature_names == ("x", "x missing")
    np.testing.assert_array_equal(preparation.transform(frame), [[-1, 0], [0, 1], [1, 0], [0, 1]])


@pytest.mark.parametrize("value", [0.1, 7, 1e300, "word", "7", "2020-01-01", True, datetime.date(2020, 1, 1)])
def test_constant_columns_are_left_out_and_marked_where_missing(value):
    frame = polars.DataFrame({"x": [value] * 3, "half": [value, None, value], "y": [1.0, 2.0, 3.0]})
    preparation = TablePreparation.fit(frame)
    assert [column.kind for column in preparation.columns] == ["constant", "constant", "number"]
    assert preparation.feature_names == ("half missing", "y")
    assert preparation.transform(frame.drop("x"))[:, 0].tolist() == [0, 1, 0]
    assert str(value).lower() in preparation.describe()[0].done.lower()


@pytest.mark.parametrize("dtype", [polars.Float64, polars.String, polars.Boolean, polars.Null, polars.Int64])
def test_columns_without_any_value_give_no_feature_and_are_not_needed_later(dtype):
    frame = polars.DataFrame({"x": polars.Series([None, None], dtype=dtype), "y": [1.0, 2.0]})
    preparation = TablePreparation.fit(frame)
    assert preparation.feature_names == ("y",)
    assert preparation.describe()[0][:2] == ("x", "empty")
    assert preparation.transform(frame.drop("x")).tolist() == [[-1.0], [1.0]]


def test_truth_values():
    preparation, frame = fitted([True, False, None, True])
    np.testing.assert_array_equal(preparation.transform(frame), [[1, 0], [0, 0], [2 / 3, 1], [1, 0]])
    np.testing.assert_array_equal(one(preparation, ["TRUE", " 0 ", ""]), [[1, 0], [0, 0], [2 / 3, 1]])
    np.testing.assert_array_equal(one(preparation, [1, 0]), [[1, 0], [0, 0]])
    with pytest.raises(DataError, match="row 2 is 2"):
        one(preparation, [1, 2])
    with pytest.raises(DataError, match="row 1 is 'maybe'"):
        one(preparation, ["maybe"])


def test_categories_missing_ones_and_unseen_ones():
    preparation, frame = fitted(["b", "a", None, "c"])
    assert preparation.feature_names == ("x=a", "x=b", "x=c", "x missing")
    np.testing.assert_array_equal(
        preparation.transform(frame), [[0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0]]
    )
    np.testing.assert_array_equal(one(preparation, ["d", None]), [[0, 0, 0, 0], [0, 0, 0, 1]])
    preparation, _ = fitted(["b", "a", "c"])
    np.testing.assert_array_equal(one(preparation, ["d", None]), np.zeros((2, 3)))


def test_two_values_are_one_feature_and_what_is_neither_is_the_mean():
    preparation, frame = fitted(["yes", "no", "yes"])
    assert preparation.feature_names == ("x=yes",)
    np.testing.assert_array_equal(preparation.transform(frame), [[1], [0], [1]])
    np.testing.assert_array_equal(one(preparation, ["maybe", None, "no"]), [[2 / 3], [2 / 3], [0]])
    preparation, frame = fitted(["yes", "no", None, "yes"])
    assert preparation.feature_names == ("x=yes", "x missing")
    np.testing.assert_array_equal(preparation.transform(frame), [[1, 0], [0, 0], [2 / 3, 1], [1, 0]])


@pytest.mark.parametrize("name", ["x", "rows", "value"])
def test_of_many_categories_the_most_frequent_are_kept(name):
    words = [f"w{i:03}" for i in range(60)]
    preparation, frame = fitted([*words, *words[20:], *words[20:]], name=name)
    kept = {
        f"{name}={word}" for word in [*words[:10], *words[20:]]
    }  # of the equally frequent the first names
    assert list(preparation.feature_names) == [*sorted(kept), f"{name} other"]
    X = preparation.transform(frame)
    assert (X.sum(axis=1) == 1).all()
    assert X[10:20, -1].all()
    assert X[:, -1].sum() == 10
    later = preparation.transform(polars.DataFrame({name: ["unseen", None]}))
    assert later.sum(axis=1).tolist() == [1, 0]
    assert later[0, -1] == 1
    assert "the 50 most frequent values, and one feature for all others" in preparation.describe()[0].done


@pytest.mark.parametrize(
    ("values", "days"),
    [
        ([datetime.date(1970, 1, 1), datetime.date(1970, 1, 3)], [0, 2]),
        ([datetime.datetime(1970, 1, 1, 12), datetime.datetime(1970, 1, 2)], [0.5, 1]),
        ([datetime.time(6), datetime.time(12)], [0.25, 0.5]),
    ],
)
def test_dates_and_times_are_days(values, days):
    preparation, _ = fitted(values)
    (column,) = preparation.columns
    assert column.mean == pytest.approx(np.mean(days), rel=1e-15)
    assert column.std == pytest.approx(np.std(days), rel=1e-15)


def test_durations_are_seconds():
    preparation, frame = fitted([datetime.timedelta(seconds=-1), datetime.timedelta(minutes=1), None])
    (column,) = preparation.columns
    assert (column.kind, column.mean, column.std) == ("number", 29.5, 30.5)
    np.testing.assert_array_equal(preparation.transform(frame), [[-1, 0], [1, 0], [0, 1]])
    np.testing.assert_array_equal(one(preparation, [60]), [[1, 0]])


def test_dates_may_come_as_iso_text_alone():
    preparation, frame = fitted([datetime.date(2020, 1, 1), datetime.date(2020, 1, 3)])
    text = ["2020-01-01", "2020-01-03T00:00:00"]
    np.testing.assert_array_equal(one(preparation, text), preparation.transform(frame))
    with pytest.raises(DataError, match="row 2 is '01/02/2020'"):
        one(preparation, ["2020-01-01", "01/02/2020"])
    with pytest.raises(DataError, match="dates are expected; the column holds Int64"):
        one(preparation, [1, 2])


def test_numbers_may_come_as_text():
    preparation, _ = fitted([1.0, 3.0, None])
    np.testing.assert_array_equal(one(preparation, [" 3 ", "", "1e0"]), [[1, 0], [0, 1], [-1, 0]])
    with pytest.raises(DataError, match="column 'x': a number is expected, as in training; row 2 is 'old'"):
        one(preparation, ["1", "old", "older"])
    with pytest.raises(DataError, match="numbers are expected; the column holds Date"):
        one(preparation, [datetime.date(2020, 1, 1)])


@pytest.mark.parametrize("value", [float("inf"), float("-inf"), "inf"])
def test_infinities_are_refused_with_column_and_row(value):
    preparation, _ = fitted([1.0, 3.0])
    with pytest.raises(DataError, match=r"column 'x': finite numbers .*; row 2 is -?inf"):
        one(preparation, [1.0, value] if isinstance(value, float) else ["1", value])
    if isinstance(value, float):
        with pytest.raises(DataError, match=r"row 1 is -?inf"):
            fitted([value, 1.0])


@pytest.mark.parametrize("values", [[[1, 2], [3]], [{"a": 1}], [b"x"]])
def test_lists_structures_and_bytes_are_refused_by_name(values):
    with pytest.raises(DataError, match="column 'x'"):
        fitted(values)
    preparation, _ = fitted(["a", "b"])
    with pytest.raises(DataError, match="column 'x': texts are expected"):
        one(preparation, values)


def test_no_rows_no_columns_unknown_columns():
    frame = polars.DataFrame({"age": [1.0, 2.0], "sex": ["f", "m"]})
    preparation = TablePreparation.fit(frame)
    for empty in (frame.clear(), polars.DataFrame()):
        with pytest.raises(DataError, match="at least one row"):
            TablePreparation.fit(empty)
        with pytest.raises(DataError, match="at least one row"):
            preparation.transform(empty)
    with pytest.raises(DataError, match="besides the target; there is none"):
        TablePreparation.fit(frame, exclude=["age", "sex"])
    with pytest.raises(DataError, match="besides the target; every column is empty or constant"):
        TablePreparation.fit(polars.DataFrame({"x": [1, 1], "y": [None, None]}))
    with pytest.raises(ConfigurationError, match="Did you mean 'age'"):
        TablePreparation.fit(frame, exclude=["agee"])
    with pytest.raises(DataError, match=r"'age' missing\. Did you mean 'Age'"):
        preparation.transform(frame.rename({"age": "Age"}))
    with pytest.raises(DataError, match="'age', 'sex' missing"):
        preparation.transform(polars.DataFrame({"z": [1]}))


@pytest.mark.parametrize("dtype", [polars.Int64, polars.Float64, polars.String, polars.Boolean])
def test_declared_categories_are_categories_in_memory_and_in_chunks(dtype):
    """Also where every row has another number, which would name the rows, and where training had floats."""
    values = [True, False, None] * 20 if dtype == polars.Boolean else [*range(55), *[7] * 4, None]
    frame = polars.DataFrame({"row id": polars.Series(values, strict=False).cast(dtype)})
    preparation = TablePreparation.fit(frame, categorical=["row id"])
    chunks = TableStatistics(frame.schema, categorical=["row id"])
    for start in range(0, frame.height, 7):
        chunks.update(frame[start : start + 7])
    assert chunks.finish() == preparation
    (column,) = preparation.columns
    assert column.kind == ("two values" if dtype == polars.Boolean else "category")
    X = preparation.transform(frame)
    assert X.shape[1] == (2 if dtype == polars.Boolean else 52)
    if dtype != polars.Boolean:
        assert "7" in column.categories
        assert not any("." in category for category in column.categories)
        for other in (polars.Int64, polars.Float64):
            np.testing.assert_array_equal(preparation.transform(frame.cast(other)), X)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [([datetime.date(2020, 1, 1)], "as categories are expected"), ([1.0, float("inf")], "row 2 is inf")],
)
def test_what_cannot_be_declared_a_category(values, sentence):
    with pytest.raises(DataError, match=sentence):
        TablePreparation.fit(polars.DataFrame({"x": values}), categorical=["x"])
    with pytest.raises(ConfigurationError, match="column of categories"):
        TablePreparation.fit(polars.DataFrame({"x": values}), categorical=["y"])
