"""Tables → features, against scikit-learn's encoders, and laws that hold for any table."""

import datetime

import numpy as np
import pandas
import polars
import pytest
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from deepstep.data import as_frame, read_table
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


def fitted(values, dtype=None):
    frame = polars.DataFrame({"x": polars.Series(values, dtype=dtype, strict=False)})
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


@pytest.mark.parametrize("value", [0.1, 7, 1e300, "word", "7", True, datetime.date(2020, 1, 1), None])
def test_columns_of_one_value_or_none_are_left_out_and_marked_where_missing(value):
    frame = polars.DataFrame({"x": [value] * 3, "half": [value, None, value], "y": [1.0, 2.0, 3.0]})
    preparation = TablePreparation.fit(frame)
    kind, names = ("empty", ("y",)) if value is None else ("constant", ("half missing", "y"))
    assert [column.kind for column in preparation.columns] == [kind, kind, "number"]
    assert preparation.feature_names == names
    X = preparation.transform(frame.drop("x"))  # it is not needed later
    assert X[:, :-1].T.tolist() == [[0, 1, 0]] * (len(names) - 1)
    assert value is None or str(value).lower() in preparation.describe()[0].done.lower()


def test_truth_values():
    preparation, frame = fitted([True, False, None, True])
    np.testing.assert_array_equal(preparation.transform(frame), [[1, 0], [0, 0], [2 / 3, 1], [1, 0]])
    np.testing.assert_array_equal(one(preparation, ["TRUE", " 0 ", ""]), [[1, 0], [0, 0], [2 / 3, 1]])
    np.testing.assert_array_equal(one(preparation, [1, 0]), [[1, 0], [0, 0]])
    with pytest.raises(DataError, match="Row 2 of column 'x' is 2, not true or false"):
        one(preparation, [1, 2])
    with pytest.raises(DataError, match="Row 1 of column 'x' is 'maybe'"):
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


def test_of_many_categories_the_most_frequent_are_kept():
    words = [f"w{i:03}" for i in range(60)]
    preparation, frame = fitted([*words, *words[20:], *words[20:]])
    kept = {f"x={word}" for word in [*words[:10], *words[20:]]}  # of the equally frequent the first names
    assert list(preparation.feature_names) == [*sorted(kept), "x other"]
    X = preparation.transform(frame)
    assert (X.sum(axis=1) == 1).all()
    assert X[10:20, -1].all()
    assert X[:, -1].sum() == 10
    later = preparation.transform(polars.DataFrame({"x": ["unseen", None]}))
    assert later.sum(axis=1).tolist() == [1, 0]
    assert later[0, -1] == 1
    assert "the 50 most frequent values, and one feature for all others" in preparation.describe()[0].done


def test_durations_are_seconds():
    preparation, frame = fitted([datetime.timedelta(seconds=-1), datetime.timedelta(minutes=1), None])
    np.testing.assert_array_equal(preparation.transform(frame), [[-1, 0], [1, 0], [0, 1]])
    np.testing.assert_array_equal(one(preparation, [60]), [[1, 0]])


def test_dates_may_come_as_iso_text_alone():
    preparation, frame = fitted([datetime.date(2020, 1, 1), datetime.date(2020, 1, 3)])
    text = ["2020-01-01", "2020-01-03T00:00:00"]
    np.testing.assert_array_equal(one(preparation, text), preparation.transform(frame))
    with pytest.raises(DataError, match="Row 2 of column 'x' is '01/02/2020'"):
        one(preparation, ["2020-01-01", "01/02/2020"])
    with pytest.raises(DataError, match="Column 'x' has values of type Int64, not dates"):
        one(preparation, [1, 2])


def test_numbers_may_come_as_text():
    preparation, _ = fitted([1.0, 3.0, None])
    np.testing.assert_array_equal(one(preparation, [" 3 ", "", "1e0"]), [[1, 0], [0, 1], [-1, 0]])
    with pytest.raises(DataError, match="Row 2 of column 'x' is 'old', not a number as in training"):
        one(preparation, ["1", "old", "older"])
    with pytest.raises(DataError, match="Column 'x' has values of type Date, not numbers"):
        one(preparation, [datetime.date(2020, 1, 1)])


@pytest.mark.parametrize("values", [[[1, 2], [3]], [{"a": 1}], [b"x"], [float("inf")]])
def test_values_that_no_column_holds_are_refused_by_name(values):
    with pytest.raises(DataError, match=r"[cC]olumn 'x'"):
        fitted(values)
    with pytest.raises(DataError, match=r"[cC]olumn 'x'"):
        one(fitted(["a", "b"] if values[0] != np.inf else [1.0, 2.0])[0], values)


def test_infinities_and_dates_are_refused_with_the_row():
    for values in ([1.0, float("-inf")], ["1", "inf"]):
        with pytest.raises(DataError, match=r"Row 2 of column 'x' is -?inf, not finite"):
            one(fitted([1.0, 3.0])[0], values)
    for values, sentence in (
        ([datetime.date(2020, 1, 1)], "not numbers, texts or truth values as categories"),
        ([1.0, float("inf")], "Row 2 of column 'x' is inf"),
    ):
        with pytest.raises(DataError, match=sentence):
            TablePreparation.fit(polars.DataFrame({"x": values}), categorical=["x"])


@pytest.mark.parametrize(
    "dtype",
    [polars.Int128, polars.UInt64, polars.Decimal(20, 3), polars.Float16, polars.Float64, polars.Int8],
)
def test_missing_numbers_are_the_mean_and_marked_in_every_type_that_files_bring(dtype):
    values = [1.0, 3.0, float("nan")] if dtype == polars.Float64 else [1, 3, None]
    frame = polars.DataFrame({"x": polars.Series(values, dtype=dtype)})
    for table in (frame, as_frame(frame)):
        preparation = TablePreparation.fit(table)
        assert preparation.feature_names == ("x", "x missing")
        np.testing.assert_array_equal(preparation.transform(table), [[-1, 0], [1, 0], [0, 1]])


@pytest.mark.parametrize(
    "numbers",
    [
        [-1e-300, 1e-300],
        [5e-324, 0.0],
        [2.0**53, 2.0**53 + 2],
        [-(2**63), 2**63 - 1],
        [0, 2**64 - 1],
        [10**30, 10**31],
        [0.1, 0.1 + 1e-16],
    ],
)
def test_numbers_at_the_ends_of_the_floats(numbers):
    frame = as_frame(pandas.DataFrame({"x": numbers}))
    X = TablePreparation.fit(frame).transform(frame)[:, 0]
    smaller, larger = X[np.argsort(np.array(numbers, float))]
    assert -2 < smaller <= 0 < larger < 2  # exactly -1 and 1 where the floats between the two are many
    beyond = polars.DataFrame({"x": [1e300, 2e300]})  # whose squares are no floats
    with pytest.raises(DataError, match=r"Column 'x' cannot be standardized, .* Divide the column"):
        TablePreparation.fit(beyond)


def test_a_column_may_be_called_anything():
    names = ("", "value", "rows", "row", "word", "a=b", "*", "^x$")
    table = polars.DataFrame({name: ["a", "b", None, "c"] for name in names})
    preparation = TablePreparation.fit(table)
    assert len({*preparation.feature_names}) == 4 * table.width
    np.testing.assert_array_equal(preparation.transform(table).sum(axis=1), table.width)
    text = polars.DataFrame(
        {name: [*(f"{letter} often" for letter in "abcdefghijklmnopqrstuvwxyz"), "z"] for name in names}
    )
    expected = sorted(f"{name} has often" for name in names)
    assert sorted(TablePreparation.fit(text).feature_names) == expected


def test_no_rows_no_columns_unknown_columns():
    frame = polars.DataFrame({"age": [1.0, 2.0], "sex": ["f", "m"]})
    preparation = TablePreparation.fit(frame)
    for empty in (frame.clear(), polars.DataFrame()):
        with pytest.raises(DataError, match="The table has no rows"):
            TablePreparation.fit(empty)
        with pytest.raises(DataError, match="The table has no rows"):
            preparation.transform(empty)
    with pytest.raises(DataError, match="There is no column besides the target"):
        TablePreparation.fit(frame, exclude=["age", "sex"])
    with pytest.raises(DataError, match="All columns besides the target are empty or constant"):
        TablePreparation.fit(polars.DataFrame({"x": [1, 1], "y": [None, None]}))
    with pytest.raises(ConfigurationError, match="Did you mean 'age'"):
        TablePreparation.fit(frame, exclude=["agee"])
    with pytest.raises(ConfigurationError, match="categorical must have names among 'age', 'sex', got 'y'"):
        TablePreparation.fit(frame, categorical=["y"])
    with pytest.raises(DataError, match=r"lacks 1 of the 2 columns of training: 'age'\. Did you mean 'Age'"):
        preparation.transform(frame.rename({"age": "Age"}))
    with pytest.raises(DataError, match="lacks 2 of the 2 columns of training: 'age', 'sex'"):
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
    assert chunks.finish().with_averages(frame) == preparation
    (column,) = preparation.columns
    assert column.kind == ("two values" if dtype == polars.Boolean else "category")
    X = preparation.transform(frame)
    assert X.shape[1] == (2 if dtype == polars.Boolean else 52)
    if dtype != polars.Boolean:
        assert "7" in column.categories
        assert not any("." in category for category in column.categories)
        for other in (polars.Int64, polars.Float64):
            np.testing.assert_array_equal(preparation.transform(frame.cast(other)), X)
