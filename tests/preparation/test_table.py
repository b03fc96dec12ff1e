"""Tables → features, against scikit-learn's encoders, and laws that hold for any table."""

import datetime
import json

import numpy as np
import polars
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from deepstep.data import read_table
from deepstep.errors import ConfigurationError, DataError, FileError
from deepstep.preparation import TablePreparation

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
            encoder = OneHotEncoder(sparse_output=False, handle_unknown="ignore")
            present = series.drop_nulls().to_numpy()[:, None].astype(object)
            counts = series.drop_nulls().value_counts(sort=True).filter(polars.col("count") > 0)
            if counts.height > 50:
                assert sum(key.startswith(f"{series.name}=") for key in features) == 50
                continue
            expected = encoder.fit(present).transform(series.to_numpy()[:, None].astype(object))
            ours = np.column_stack([features[f"{series.name}={value}"] for value in encoder.categories_[0]])
            np.testing.assert_array_equal(ours, expected)
        else:
            assert series.dtype == polars.Boolean
            np.testing.assert_array_equal(features[series.name], series.to_numpy().astype(float))


def test_missing_numbers_are_the_mean_and_marked():
    preparation, frame = fitted([1.0, None, 3.0, float("nan")])
    assert preparation.feature_names == ("x", "x missing")
    np.testing.assert_array_equal(preparation.transform(frame), [[-1, 0], [0, 1], [1, 0], [0, 1]])


def test_missing_values_that_training_did_not_have_are_the_mean_without_a_mark():
    preparation, _ = fitted([1.0, 3.0])
    np.testing.assert_array_equal(one(preparation, [None, 3.0]), [[0.0], [1.0]])
    np.testing.assert_array_equal(one(preparation, [None, None], polars.Null), [[0.0], [0.0]])


@pytest.mark.parametrize("value", [0.1, 7, 1e300, -1e-300])
def test_constant_columns_are_zeros(value):
    preparation, frame = fitted([value] * 10)
    np.testing.assert_array_equal(preparation.transform(frame), np.zeros((10, 1)))


@pytest.mark.parametrize("dtype", [polars.Float64, polars.String, polars.Boolean, polars.Null, polars.Int64])
def test_columns_without_any_value_give_no_feature_and_are_not_needed_later(dtype):
    frame = polars.DataFrame({"x": polars.Series([None, None], dtype=dtype), "y": [1.0, 2.0]})
    preparation = TablePreparation.fit(frame)
    assert preparation.feature_names == ("y",)
    assert preparation.describe()[0][:2] == ("x", "empty")
    assert preparation.transform(frame.drop("x")).tolist() == [[-1.0], [1.0]]


def test_a_column_of_nan_alone_is_empty():
    with pytest.raises(DataError, match="at least one column with values"):
        fitted([float("nan")] * 3)


def test_truth_values():
    preparation, frame = fitted([True, False, None, True])
    np.testing.assert_array_equal(preparation.transform(frame), [[1, 0], [0, 0], [2 / 3, 1], [1, 0]])
    np.testing.assert_array_equal(one(preparation, ["TRUE", " 0 ", ""]), [[1, 0], [0, 0], [2 / 3, 1]])
    np.testing.assert_array_equal(one(preparation, [1, 0]), [[1, 0], [0, 0]])
    with pytest.raises(DataError, match="row 2 is 2"):
        one(preparation, [1, 2])
    with pytest.raises(DataError, match="row 1 is 'maybe'"):
        one(preparation, ["maybe"])


def test_categories_missing_and_unseen_are_zeros():
    preparation, frame = fitted(["b", "a", None, "b"])
    assert preparation.feature_names == ("x=a", "x=b")
    np.testing.assert_array_equal(preparation.transform(frame), [[0, 1], [1, 0], [0, 0], [0, 1]])
    np.testing.assert_array_equal(one(preparation, ["c", "a"]), [[0, 0], [1, 0]])


@pytest.mark.parametrize("dtype", [polars.Categorical, polars.Enum(["b", "a", "unused"])])
def test_categorical_columns_are_categories(dtype):
    preparation, frame = fitted(["b", "a", None], dtype)
    assert preparation.feature_names == ("x=a", "x=b")
    np.testing.assert_array_equal(preparation.transform(frame), [[0, 1], [1, 0], [0, 0]])
    np.testing.assert_array_equal(one(preparation, ["a"]), [[1, 0]])


def test_digits_among_categories_may_come_as_numbers():
    preparation, _ = fitted(["1", "2", "x"])
    np.testing.assert_array_equal(one(preparation, [2, 1]), [[0, 1, 0], [1, 0, 0]])


@pytest.mark.parametrize("name", ["x", "rows", "value"])
def test_of_many_categories_the_most_frequent_are_kept(name):
    words = [f"w{i:03}" for i in range(60)]
    preparation, frame = fitted([*words, *words[20:]], name=name)
    kept = {
        f"{name}={word}" for word in [*words[:10], *words[20:]]
    }  # of the equally frequent the first names
    assert set(preparation.feature_names) == kept
    assert list(preparation.feature_names) == sorted(kept)
    assert preparation.transform(frame)[10].sum() == 0
    assert "only the 50 most frequent are kept, 10 are left out" in preparation.describe()[0].done


@pytest.mark.parametrize(
    ("values", "days"),
    [
        ([datetime.date(1970, 1, 1), datetime.date(1970, 1, 3)], [0, 2]),
        ([datetime.datetime(1970, 1, 1, 12), datetime.datetime(1970, 1, 2)], [0.5, 1]),
        ([datetime.time(6), datetime.time(12)], [0.25, 0.5]),
        ([datetime.timedelta(days=-1), datetime.timedelta(hours=36)], [-1, 1.5]),
    ],
)
def test_dates_and_times_are_days(values, days):
    preparation, _ = fitted(values)
    (column,) = preparation.columns
    assert column.mean == pytest.approx(np.mean(days), rel=1e-15)
    assert column.std == pytest.approx(np.std(days), rel=1e-15)


def test_time_units_and_zones_do_not_matter():
    moments = [datetime.datetime(2020, 1, 1), datetime.datetime(2020, 1, 2, 6)]
    preparation, frame = fitted(moments)
    for dtype in (polars.Datetime("ms"), polars.Datetime("ns"), polars.Datetime("us", "UTC")):
        np.testing.assert_allclose(one(preparation, moments, dtype), preparation.transform(frame), rtol=1e-14)


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


def test_numbers_beyond_floats_are_refused():
    with pytest.raises(DataError, match="Divide the column by a constant"):
        fitted([1e308, -1e308])
    preparation, _ = fitted([1e-5, 2e-5])
    with pytest.raises(DataError, match=r"row 1 is 1e\+308"):
        one(preparation, [1e308])


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
    with pytest.raises(DataError, match="besides the target"):
        TablePreparation.fit(frame, exclude=["age", "sex"])
    with pytest.raises(ConfigurationError, match="Did you mean 'age'"):
        TablePreparation.fit(frame, exclude=["agee"])
    with pytest.raises(DataError, match=r"'age' missing\. Did you mean 'Age'"):
        preparation.transform(frame.rename({"age": "Age"}))
    with pytest.raises(DataError, match="'age', 'sex' missing"):
        preparation.transform(polars.DataFrame({"z": [1]}))


SERIES = st.one_of(
    st.lists(st.none() | st.floats(-1e6, 1e6), min_size=6, max_size=6).map(
        lambda values: polars.Series(values, dtype=polars.Float64)
    ),
    st.lists(st.none() | st.text(max_size=3), min_size=6, max_size=6).map(
        lambda values: polars.Series(values, dtype=polars.String)
    ),
    st.lists(st.none() | st.booleans(), min_size=6, max_size=6).map(
        lambda values: polars.Series(values, dtype=polars.Boolean)
    ),
    st.lists(st.none() | st.dates(), min_size=6, max_size=6).map(
        lambda values: polars.Series(values, dtype=polars.Date)
    ),
)
FRAMES = st.lists(SERIES, min_size=1, max_size=4).map(
    lambda columns: polars.DataFrame(
        {"always": [1, 2, 3, 4, 5, 6]} | {f"c{i}": s for i, s in enumerate(columns)}
    )
)


@given(frame=FRAMES)
def test_json_keeps_everything(frame):
    preparation = TablePreparation.fit(frame)
    again = TablePreparation.from_dict(json.loads(json.dumps(preparation.to_dict(), allow_nan=False)))
    assert again == preparation
    np.testing.assert_array_equal(again.transform(frame), preparation.transform(frame))


@given(frame=FRAMES, rng=st.randoms())
def test_column_order_further_columns_and_other_rows_do_not_matter(frame, rng):
    preparation = TablePreparation.fit(frame)
    X = preparation.transform(frame)
    assert np.isfinite(X).all()
    order = frame.columns
    rng.shuffle(order)
    shuffled = frame.select(order).with_columns(further=polars.lit("x"))
    np.testing.assert_array_equal(preparation.transform(shuffled), X)
    np.testing.assert_array_equal(preparation.transform(frame[2:4]), X[2:4])


@pytest.mark.parametrize(
    "damage",
    [
        lambda record: record.pop("columns"),
        lambda record: record.update(columns={}),
        lambda record: record.update(columns=[3]),
        lambda record: record["columns"].append(record["columns"][0]),
        lambda record: record["columns"][0].update(kind="numbers"),
        lambda record: record["columns"][0].update(kind=["number"]),
        lambda record: record["columns"][0].update(mean="1"),
        lambda record: record["columns"][0].update(mean=True),
        lambda record: record["columns"][0].update(mean=float("nan")),
        lambda record: record["columns"][0].update(std=0.0),
        lambda record: record["columns"][0].update(std=-1),
        lambda record: record["columns"][0].update(name=3),
        lambda record: record["columns"][0].update(marks_missing=1),
        lambda record: record["columns"][0].pop("std"),
        lambda record: record["columns"][0].update(more=1),
        lambda record: record["columns"][1].update(categories="ab"),
        lambda record: record["columns"][1].update(categories=["a", 1]),
        lambda record: record["columns"][1].update(categories=["a", "a"]),
        lambda record: record["columns"][1].update(left_out=1.5),
    ],
)
def test_altered_records_are_refused(damage):
    record = TablePreparation.fit(polars.DataFrame({"n": [1.0, 2.0], "c": ["a", "b"]})).to_dict()
    assert TablePreparation.from_dict(record).to_dict() == record
    damage(record)
    with pytest.raises(FileError, match="train again"):
        TablePreparation.from_dict(record)
