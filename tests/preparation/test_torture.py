"""Tables that are hard: each becomes finite features of the right values, or is refused in one sentence."""

import datetime as dt
import json

import numpy as np
import pandas
import polars
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deepstep.data import as_frame, read_table
from deepstep.errors import DataError, DeepStepError
from deepstep.preparation import TablePreparation

BERLIN, TOKYO = "Europe/Berlin", "Asia/Tokyo"


def prepared(table):
    """Features by name, of a table from memory, finite ones."""
    frame = as_frame(table, where="X")
    preparation = TablePreparation.fit(frame)
    X = preparation.transform(frame)
    assert X.shape == (frame.height, preparation.n_features)
    assert np.isfinite(X).all()
    return preparation, dict(zip(preparation.feature_names, X.T, strict=True))


def refusal(table):
    with pytest.raises(DeepStepError) as caught:
        prepared(table)
    sentence = str(caught.value)
    assert "\n" not in sentence
    return sentence


def test_all_missing_columns_of_every_type():
    table = pandas.DataFrame(
        {
            "none": [None, None],
            "nan": [np.nan, np.nan],
            "nat": pandas.to_datetime([None, None]),
            "na": pandas.array([pandas.NA, pandas.NA], dtype="Int64"),
            "text": pandas.array([None, None], dtype="string"),
            "category": pandas.Categorical([None, None]),
            "mixed": [pandas.NA, None],
            "y": [1.0, 2.0],
        }
    )
    preparation, features = prepared(table)
    assert {line.kind for line in preparation.describe()[:-1]} == {"empty"}
    assert list(features) == ["y"]
    assert "every column is empty or constant" in refusal(table.drop(columns="y"))


def test_one_row_one_column_no_rows_no_columns():
    assert "there is 1 sample" in refusal(pandas.DataFrame({"a": [1], "b": ["x"]}))
    assert prepared(np.array([[1.0], [3.0]]))[1]["x0"].tolist() == [-1, 1]
    assert "at least one row" in refusal(pandas.DataFrame({"a": []}))
    assert "at least one row" in refusal(polars.DataFrame({"a": [], "b": []}))
    assert "at least one column" in refusal(pandas.DataFrame())
    assert "at least one column" in refusal(pandas.DataFrame(index=range(3)))


def test_duplicated_names():
    assert "'a' stands more than once" in refusal(pandas.DataFrame([[1, 2]], columns=["a", "a"]))


def test_mixed_types_are_texts():
    _, features = prepared(pandas.DataFrame({"x": [1, "a", None, 2.5, True, "a"]}))
    assert list(features) == ["x=1", "x=2.5", "x=a", "x=true", "x missing"]
    assert features["x=a"].tolist() == [0, 1, 0, 0, 0, 1]


def test_a_category_that_training_never_saw():
    preparation, _ = prepared(pandas.DataFrame({"x": pandas.Categorical(["a", "b", "c"])}))
    new = pandas.DataFrame({"x": pandas.Categorical(["d", "a", None])})
    np.testing.assert_array_equal(
        preparation.transform(as_frame(new, where="X")), [[0, 0, 0], [1, 0, 0], [0, 0, 0]]
    )


def test_ten_thousand_categories():
    values = np.array([f"c{number}" for number in range(10_000)])
    rows = np.concatenate([np.repeat(values[:100], 100), np.tile(values, 3)])
    _, features = prepared(pandas.DataFrame({"text": rows, "declared": pandas.Categorical(rows)}))
    assert len(features) == 2 * 51
    for name in ("text", "declared"):
        assert features[f"{name}=c0"].sum() == 103
        assert features[f"{name} other"].sum() == len(rows) - 50 * 103


def test_five_thousand_columns():
    rng = np.random.default_rng(1)
    preparation, features = prepared(rng.normal(size=(30, 5000)))
    assert len(features) == preparation.n_features == 5000
    np.testing.assert_allclose(np.std(list(features.values()), axis=1), 1)


def test_moments_of_several_time_zones_in_one_column():
    noon = pandas.Timestamp("2020-07-01 12:00", tz="UTC")
    table = pandas.DataFrame(
        {"x": [noon.tz_convert(BERLIN), noon.tz_convert(TOKYO), noon + pandas.Timedelta("1D")]}
    )
    _, features = prepared(table.astype(object))
    assert features["x"][0] == features["x"][1] < features["x"][2]
    hours = {
        zone: prepared(
            pandas.DataFrame({"x": pandas.date_range("2020-03-28", periods=40, freq="1h", tz=zone)})
        )[1]
        for zone in (BERLIN, "UTC")
    }
    # Midnight in UTC is one o'clock in Berlin.
    assert hours[BERLIN]["x hour sine"][1] == pytest.approx(hours["UTC"]["x hour sine"][0])


def test_numbers_as_text():
    _, features = prepared(pandas.DataFrame({"x": ["1,200.50", None, "800.50"], "y": [" 3", "1", "2"]}))
    assert features["x"].tolist() == [1, 0, -1]
    assert features["x missing"].tolist() == [0, 1, 0]
    np.testing.assert_allclose(features["y"], np.array([1, -1, 0]) * 1.5**0.5)


def test_zones_and_separators_in_text_tables(tmp_path):
    lines = [
        "moment;cost;share",
        "2020-07-01T12:00:00Z;1,200.50;5 %",
        "2020-07-01T12:00:00+02:00;800.5;7 %",
        ";;",
    ]
    (tmp_path / "t.tsv").write_text("\n".join(lines).replace(";", "\t"))
    _, features = prepared(read_table(tmp_path / "t.tsv"))
    for name in ("moment", "cost"):
        assert features[name].tolist() == pytest.approx([1, -1, 0])
        assert features[f"{name} missing"].tolist() == [0, 0, 1]
    assert features["share"].tolist() == [-1, 1, 0]


@pytest.mark.parametrize(
    "dtype",
    [polars.Int128, polars.UInt64, polars.Decimal(20, 3), polars.Float32, polars.Float16, polars.Int8],
)
def test_types_of_numbers_that_files_bring(dtype):
    frame = polars.DataFrame({"x": polars.Series([1, 3, None], dtype=dtype)})
    for table in (frame, as_frame(frame, where="X")):
        preparation = TablePreparation.fit(table)
        np.testing.assert_array_equal(preparation.transform(table), [[-1, 0], [1, 0], [0, 1]])


@pytest.mark.parametrize("value", [np.inf, -np.inf])
def test_infinite_numbers_are_refused_with_their_column(value):
    for table in (
        pandas.DataFrame({"fine": [1.0, 2.0, 3.0], "bad one": [1.0, value, 2.0]}),
        pandas.DataFrame({"bad one": pandas.array([1.0, value, None], dtype="Float64")}),
        polars.DataFrame({"bad one": [1.0, value, 2.0]}),
        pandas.DataFrame({"bad one": [1, value, None]}, dtype=object),
    ):
        assert "column 'bad one'" in (sentence := refusal(table))
        assert "row 2 is" in sentence
    assert "column 'x1'" in refusal(np.array([[0.0, value], [1.0, 1.0]]))


@pytest.mark.parametrize(
    "numbers",
    [
        [1e300, 2e300],
        [-1e-300, 1e-300],
        [5e-324, 0.0],
        [1e-300, 1e300],
        [2.0**53, 2.0**53 + 2],
        [1e15, 1e15 + 1],
        [-(2**63), 2**63 - 1],
        [0, 2**64 - 1],
        [10**30, 10**31],
        [0.1, 0.1 + 1e-16],
    ],
)
def test_numbers_at_the_ends_of_the_floats(numbers):
    table = pandas.DataFrame({"x": numbers})
    if numbers[1] >= 1e155 and numbers[1] < np.inf:
        # Their squares are beyond the floats.
        assert "column 'x'" in (sentence := refusal(table))
        assert "Divide the column by a constant" in sentence
        return
    _, features = prepared(table)
    order = np.argsort(np.array(numbers, float))
    smaller, larger = features["x"][order]
    assert -2 < smaller <= 0 < larger < 2  # exactly -1 and 1 where the floats between the two are many


def test_unicode_and_empty_texts_are_categories():
    values = ["", " ", "ä", "a\u0308", "東京", "🦆", "a\nb", "[bold]", "\x00"]
    preparation, features = prepared(pandas.DataFrame({"größe": values}))
    assert preparation.columns[0].kind == "category"
    assert list(features) == [f"größe={value}" for value in sorted(values)]
    np.testing.assert_array_equal(
        np.array([features[f"größe={value}"] for value in values]), np.eye(len(values))
    )
    again = TablePreparation.from_dict(json.loads(json.dumps(preparation.to_dict(), ensure_ascii=False)))
    assert again == preparation


def test_half_characters_are_refused():
    assert "column 'x'" in refusal(pandas.DataFrame({"x": ["a", "\ud800"]}, dtype=object))


def test_a_column_may_be_called_anything():
    table = polars.DataFrame(
        {name: ["a", "b", None, "c"] for name in ("", "value", "rows", "row", "word", "a=b", "*", "^x$")}
    )
    _, features = prepared(table)
    assert len(features) == 4 * table.width
    text = polars.DataFrame(
        {
            name: [f"{letter} often" for letter in "abcdefghijklmnopqrstuvwxyz"] + ["z"]
            for name in table.columns
        }
    )
    _, features = prepared(text)
    assert sorted(features) == sorted(f"{name} has often" for name in table.columns)


TEXTS = st.sampled_from(
    ["", "a", "b c", "1", "2,5", "1,000", "12%", "2020-01-01", "NA", "é", "x y", "007", "inf", "true"]
)
CELLS = {
    # Not between 0 and 1e-50: of such a column 1e100 would be beyond the floats, and refused.
    polars.Float64: st.floats(-1e100, 1e100).map(lambda value: 0.0 if abs(value) < 1e-50 else value)
    | st.just(float("nan")),
    polars.Int64: st.integers(-(2**63), 2**63 - 1) | st.integers(0, 5),
    polars.UInt8: st.integers(0, 255),
    polars.Boolean: st.booleans(),
    polars.String: TEXTS | st.text(st.characters(exclude_categories=["Cs"]), max_size=4),
    polars.Categorical: TEXTS,
    polars.Date: st.dates(),
    polars.Datetime("us"): st.datetimes(),
    polars.Duration("us"): st.timedeltas(dt.timedelta(days=-9999), dt.timedelta(days=9999)),
    polars.Time: st.times(),
}


@st.composite
def frames(draw, columns):
    """Rows of the given columns; missing ones now and then."""
    m = draw(st.integers(1, 30))
    return polars.DataFrame(
        {
            f"c{index}": polars.Series(
                draw(st.lists(st.none() | CELLS[dtype], min_size=m, max_size=m)), dtype=dtype
            )
            for index, dtype in enumerate(columns)
        }
    )


@settings(max_examples=50, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), columns=st.lists(st.sampled_from(list(CELLS)), min_size=1, max_size=4))
def test_laws_of_any_table(data, columns):
    """Finite; the same after JSON; the same for columns in another order; other rows are finite, too."""
    trained, other = data.draw(frames(columns)), data.draw(frames(columns))
    try:
        preparation = TablePreparation.fit(trained)
    except DataError as error:
        assert "different values" in str(error)  # noqa: PT017 (most tables are not refused)
        return
    X = preparation.transform(trained)
    assert np.isfinite(X).all()
    assert np.isfinite(preparation.transform(other)).all()
    again = TablePreparation.from_dict(json.loads(json.dumps(preparation.to_dict(), allow_nan=False)))
    np.testing.assert_array_equal(again.transform(trained), X)
    np.testing.assert_array_equal(again.transform(other), preparation.transform(other))

    order = data.draw(st.permutations(trained.columns))
    np.testing.assert_array_equal(preparation.transform(trained.select(order)), X)
    shuffled = TablePreparation.fit(trained.select(order))
    features = dict(zip(shuffled.feature_names, shuffled.transform(trained).T, strict=True))
    for name, values in zip(preparation.feature_names, X.T, strict=True):
        np.testing.assert_array_equal(features[name], values)
