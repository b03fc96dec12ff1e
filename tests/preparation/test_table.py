"""Tables and pictures → features, against scikit-learn, and laws that hold for any table."""

import datetime

import numpy as np
import pandas
import polars
import pytest
from sklearn.datasets import load_digits
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from deepstep.data import as_frame, read_table
from deepstep.errors import ConfigurationError, DataError, ShapeError
from deepstep.preparation import ImagePreparation, TablePreparation
from tables_in_parts import in_chunks

REAL = {
    "titanic": ["survived", "alive"],
    "penguins": ["species"],
    "mpg": ["mpg"],
    "california_housing": ["median_house_value"],
    "diamonds": ["price"],
}

DAY, SECOND = datetime.date(2020, 1, 1), datetime.timedelta(seconds=1)


def fitted(values):
    frame = polars.DataFrame({"x": polars.Series(values, strict=False)})
    return TablePreparation.fit(frame), frame


def one(preparation, values):
    return preparation.transform(polars.DataFrame({"x": polars.Series(values, strict=False)}))


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


FEATURES = {
    "truth values": ([True, False, None, True], [[1, 0], [0, 0], [2 / 3, 1], [1, 0]]),
    "categories": (["b", "a", None, "c"], [[0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0]]),
    "all are there": (["b", "a", "c"], [[0, 1, 0], [1, 0, 0], [0, 0, 1]]),
    "two values": (["yes", "no", "yes"], [[1], [0], [1]]),
    "two, or none": (["yes", "no", None, "yes"], [[1, 0], [0, 0], [2 / 3, 1], [1, 0]]),
    "durations": ([SECOND * -1, SECOND * 60, None], [[-1, 0], [1, 0], [0, 1]]),
    "dates": ([DAY, DAY + 2 * SECOND * 86400], [[-1], [1]]),
    "numbers": ([1.0, 3.0, None], [[-1, 0], [1, 0], [0, 1]]),
}
NAMES = {
    "truth values": ("x", "x missing"),
    "categories": ("x=a", "x=b", "x=c", "x missing"),
    "two values": ("x=yes",),
    "two, or none": ("x=yes", "x missing"),
}
LATER = [
    ("truth values", ["TRUE", " 0 ", ""], [[1, 0], [0, 0], [2 / 3, 1]]),
    ("truth values", [1, 0], [[1, 0], [0, 0]]),
    ("truth values", [1, 2], "Row 2 of column 'x' is 2, not true or false"),
    ("truth values", ["maybe"], "Row 1 of column 'x' is 'maybe'"),
    ("categories", ["d", None], [[0, 0, 0, 0], [0, 0, 0, 1]]),
    ("all are there", ["d", None], [[0, 0, 0]] * 2),
    ("two values", ["maybe", None, "no"], [[2 / 3], [2 / 3], [0]]),
    ("durations", [60], [[1, 0]]),
    ("dates", ["2020-01-01", "2020-01-03T00:00:00"], [[-1], [1]]),
    ("dates", ["2020-01-01", "01/02/2020"], "Row 2 of column 'x' is '01/02/2020'"),
    ("dates", [1, 2], "Column 'x' has values of type Int64, not dates or ISO texts"),
    ("numbers", [" 3 ", "", "1e0"], [[1, 0], [0, 1], [-1, 0]]),
    ("numbers", ["1", "old", "older"], "Row 2 of column 'x' is 'old', not a number as in training"),
    ("numbers", [DAY], "Column 'x' has values of type Date, not numbers"),
    ("numbers", [1.0, float("-inf")], "Row 2 of column 'x' is -inf, not finite"),
    ("numbers", ["1", "inf"], "Row 2 of column 'x' is inf, not finite"),
    *(("categories", values, "[cC]olumn 'x'") for values in ([[1, 2], [3]], [{"a": 1}], [b"x"])),
]


@pytest.mark.parametrize("kind", FEATURES)
def test_features_by_hand(kind):
    values, expected = FEATURES[kind]
    preparation, frame = fitted(values)
    np.testing.assert_allclose(preparation.transform(frame), expected, rtol=1e-15)
    assert preparation.feature_names == NAMES.get(kind, preparation.feature_names)


@pytest.mark.parametrize(("kind", "values", "expected"), LATER, ids=range(len(LATER)))
def test_later_rows_in_other_types(kind, values, expected):
    preparation, _ = fitted(FEATURES[kind][0])
    if isinstance(expected, str):
        with pytest.raises(DataError, match=expected):
            one(preparation, values)
    else:
        np.testing.assert_allclose(one(preparation, values), expected, rtol=1e-15)


def test_of_many_categories_the_most_frequent_are_kept():
    words = [f"w{i:03}" for i in range(60)]
    preparation, frame = fitted([*words, *words[20:], *words[20:]])
    kept = {f"x={word}" for word in [*words[:10], *words[20:]]}  # of the equally frequent the first names
    assert list(preparation.feature_names) == [*sorted(kept), "x other"]
    X = preparation.transform(frame)
    assert (X.sum(axis=1) == 1).all()
    assert X[10:20, -1].all()
    assert X[:, -1].sum() == 10
    assert one(preparation, ["unseen", None])[:, -1].tolist() == [1, 0]
    assert "the 50 most frequent values, and one feature for all others" in preparation.describe()[0].done


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


FRAME = polars.DataFrame({"age": [1.0, 2.0], "sex": ["f", "m"]})
CONSTANT = polars.DataFrame({"x": [1, 1], "y": [None, None]})
NO_TABLES = [
    (FRAME.clear(), {}, "The table has no rows"),
    (polars.DataFrame(), {}, "The table has no rows"),
    (FRAME, {"exclude": ["age", "sex"]}, "no column besides the target"),
    (CONSTANT, {}, "All columns besides the target are empty or constant"),
    (FRAME, {"exclude": ["agee"]}, "Did you mean 'age'"),
    (FRAME, {"categorical": ["y"]}, "must have names among 'age', 'sex', got 'y'"),
    *(
        (polars.DataFrame({"x": values}), {}, "[cC]olumn 'x'")
        for values in ([[1, 2], [3]], [{"a": 1}], [b"x"], [float("inf")])
    ),
    *(
        (polars.DataFrame({"x": values}), {"categorical": ["x"]}, "[cC]olumn 'x'")
        for values in ([1.0, float("inf")], [DAY])
    ),
]


@pytest.mark.parametrize(("frame", "options", "message"), NO_TABLES, ids=range(len(NO_TABLES)))
def test_tables_that_have_no_features_are_refused(frame, options, message):
    with pytest.raises((DataError, ConfigurationError), match=message):
        TablePreparation.fit(frame, **options)


def test_later_tables_without_rows_or_columns_of_training_are_refused():
    for rows, message in (
        (FRAME.clear(), "The table has no rows"),
        (FRAME.rename({"age": "Age"}), r"lacks 1 of the 2 columns of training: 'age'\. Did you mean 'Age'"),
    ):
        with pytest.raises(DataError, match=message):
            TablePreparation.fit(FRAME).transform(rows)


@pytest.mark.parametrize("dtype", [polars.Int64, polars.Float64, polars.String, polars.Boolean])
def test_declared_categories_are_categories_in_memory_and_in_chunks(dtype):
    """Also where every row has another number, which would name the rows, and where training had floats."""
    values = [True, False, None] * 20 if dtype == polars.Boolean else [*range(55), *[7] * 4, None]
    frame = polars.DataFrame({"row id": polars.Series(values, strict=False).cast(dtype)})
    preparation = TablePreparation.fit(frame, categorical=["row id"])
    assert in_chunks(frame, 7, categorical=["row id"]).with_sample(frame) == preparation
    (column,) = preparation.columns
    assert column.kind == ("two values" if dtype == polars.Boolean else "category")
    X = preparation.transform(frame)
    assert X.shape[1] == (2 if dtype == polars.Boolean else 52)
    if dtype != polars.Boolean:
        assert "7" in column.categories
        assert not any("." in category for category in column.categories)
        for other in (polars.Int64, polars.Float64):
            np.testing.assert_array_equal(preparation.transform(frame.cast(other)), X)


# Pictures

SMALL = ImagePreparation(2, 3, 3, scale=1 / 255)


def test_the_order_is_rows_columns_channels():
    images = np.arange(2 * 2 * 3 * 3, dtype=np.uint8).reshape(2, 2, 3, 3)
    X = SMALL.transform(images)
    assert X.shape == (2, SMALL.n_features) == (2, 18)
    assert X.flags.c_contiguous
    for position, name in enumerate(SMALL.feature_names):
        row, column, channel = map(int, name.split("_")[1:])
        np.testing.assert_allclose(X[:, position], images[:, row, column, channel] / 255, rtol=1e-15)


def test_the_digits_come_as_pictures_flat_or_as_a_table():
    bunch = load_digits(as_frame=True)
    preparation = ImagePreparation(8, 8, 1, scale=1 / 16)
    assert list(preparation.feature_names) == list(bunch.data.columns)
    expected = bunch.data.to_numpy() / 16
    np.testing.assert_array_equal(preparation.transform(bunch.images[..., None]), expected)
    np.testing.assert_array_equal(preparation.transform(bunch.data.to_numpy()), expected)
    table = polars.from_pandas(bunch.frame)[:, ::-1]
    np.testing.assert_array_equal(preparation.transform_table(table), expected)


@pytest.mark.parametrize(
    ("images", "sentence"),
    [
        (np.zeros((0, 2)), "There is no picture"),
        *((np.zeros(shape), r"\(m, 1, 2, 1\)") for shape in [(1, 2, 2), (1, 2, 2, 1), (2, 3), ()]),
        (np.full((2, 2), "a"), "Pixels are no numbers"),
        (np.array([[0.0, 0.0], [np.nan, 0.0]]), "Picture 2 has pixels that are not finite"),
        (polars.DataFrame({"pixel_0_0": [1]}), "training: 'pixel_0_1'"),
        (polars.DataFrame({"pixel_0_0": [1], "pixel_0_1": ["x"]}), "has no numbers, but String"),
        (polars.DataFrame({"pixel_0_0": [1, 2], "pixel_0_1": [None, 2]}), "lacks 1 of 2 values"),
    ],
)
def test_impossible_pixels(images, sentence):
    preparation = ImagePreparation(1, 2, 1, scale=1.0)
    prepare = preparation.transform if isinstance(images, np.ndarray) else preparation.transform_table
    with pytest.raises((DataError, ShapeError), match=sentence):
        prepare(images)
