"""Tables from memory keep values and types, whatever library they come from; what is no table is refused."""

import datetime as dt
import decimal
import re
import subprocess
import sys
import uuid
from fractions import Fraction

import numpy as np
import pandas
import polars
import pyarrow
import pytest
import scipy.sparse
from polars.testing import assert_frame_equal

from deepstep.data import as_frame, read_table
from deepstep.errors import CellError, DataError, DeepStepError, ShapeError

UTC = dt.UTC
BERLIN = "Europe/Berlin"
DAY = dt.date(2020, 1, 2)
NOON, HOUR = dt.datetime(2020, 7, 1, 12), dt.timedelta(hours=1)


def column(values, **options):
    """A column of a pandas frame as it arrives."""
    return as_frame(pandas.DataFrame({"x": pandas.Series(values, **options)}))["x"]


ORDERED = pandas.CategoricalDtype(["b", "a", "never"], ordered=True)
COLUMNS = [
    ("int64", [1, 2], [1, 2], polars.Int64),
    ("float32", [1.5, None], [1.5, None], polars.Float32),
    ("float64", [1.5, None], [1.5, None], polars.Float64),
    ("Int64", [2**62 + 1, None], [2**62 + 1, None], polars.Int64),
    ("UInt8", [255, None], [255, None], polars.UInt8),
    ("Sparse[float64]", [0.0, 1.0, None], [0.0, 1.0, None], polars.Float64),
    ("int64[pyarrow]", [2**62 + 1, None], [2**62 + 1, None], polars.Int64),
    ("datetime64[ns]", [NOON, None], [NOON, None], polars.Datetime("ns")),
    ("timedelta64[ns]", [HOUR, None], [HOUR, None], polars.Duration("ns")),
    (
        None,
        pandas.period_range("2020-01", freq="D", periods=2),
        [dt.datetime(2020, 1, 1), dt.datetime(2020, 1, 2)],
        None,
    ),
    (None, pandas.cut([1, 5], [0, 2, 6]), ["(0, 2]", "(2, 6]"], None),
    (ORDERED, ["b", "a", None, "b"], ["b", "a", None, "b"], polars.Enum(["b", "a", "never"])),
    # a column of whole numbers is one of floats where a cell is missing: the categories stay the same
    ("category", [2, 1, None, 2], ["2", "1", None, "2"], None),
    ("category", [2.0, 1, np.nan, 2.5], ["2", "1", None, "2.5"], None),
    ("category", [True, False], ["true", "false"], None),
    ("category", [1, "1", 2], ["1", "1", "2"], None),
    ("category", [None, None], [None, None], None),
    (object, [1, None, 3.5], [1, None, 3.5], polars.Float64),
    (object, ["a", None, np.nan, pandas.NA, pandas.NaT], ["a", None, None, None, None], polars.String),
    (object, [NOON, pandas.NaT, None], [NOON, None, None], None),
    (object, [1, "a", None, 2.5, True, DAY], ["1", "a", None, "2.5", "true", "2020-01-02"], None),
    (object, [uuid.UUID(int=5), None], [str(uuid.UUID(int=5)), None], None),
    (object, [decimal.Decimal("1.5"), None, decimal.Decimal("NaN")], [1.5, None, None], None),
    (object, [Fraction(1, 4), 1], [0.25, 1.0], None),
    (object, [10**30, 1], [1e30, 1.0], None),
    (object, [DAY, NOON], [dt.datetime(2020, 1, 2), NOON], None),
    (object, [pandas.Timedelta(hours=1), np.timedelta64(1, "s")], [HOUR, HOUR / 3600], None),
]
ARRAYS = [
    (np.array([[1.5], [np.nan]], ">f4"), [1.5, None], polars.Float32),
    (np.array([[1.5], [np.nan]], np.longdouble), [1.5, None], polars.Float64),
    (np.array([[True], [False]]), [True, False], polars.Boolean),
    (np.array([[b"a"], ["ä".encode()]]), ["a", "ä"], polars.String),
    (np.array([[1], ["a"]], object), ["1", "a"], polars.String),
    (np.array([["2020-01-02"], ["NaT"]], "M8[D]"), [dt.date(2020, 1, 2), None], polars.Date),
    (np.array([[NOON]], "M8[s]"), [NOON], polars.Datetime("ms")),
    (np.array([[3], ["NaT"]], "m8[h]"), [dt.timedelta(hours=3), None], polars.Duration("ms")),
    (np.ma.array([[1], [2]], mask=[[True], [False]]), [None, 2], polars.Int64),
]
CASES = [
    *((pandas.DataFrame({"x0": pandas.Series(cells, dtype=kind)}), *case) for kind, cells, *case in COLUMNS),
    *ARRAYS,
]


@pytest.mark.parametrize(("table", "values", "dtype"), CASES, ids=range(len(CASES)))
def test_columns_of_pandas_and_of_arrays(table, values, dtype):
    series = as_frame(table)["x0"]
    assert series.to_list() == values
    assert dtype is None or series.dtype == dtype


def test_moments_of_all_time_zones_are_in_utc():
    there = pandas.Timestamp("2020-07-01 14:00", tz=BERLIN)
    instants = polars.Series([NOON.replace(tzinfo=UTC), None])
    for series in (
        column([there, None]),
        column([there, None], dtype=object),
        column([there.to_pydatetime(), None], dtype=object),
        as_frame(polars.DataFrame({"x": instants.dt.convert_time_zone(BERLIN)}))["x"],
        as_frame(pyarrow.table({"x": pyarrow.array([NOON, None], pyarrow.timestamp("ms", BERLIN))}))["x"],
    ):
        assert series.dtype.time_zone == "UTC"
        assert series.to_list() == [NOON.replace(tzinfo=UTC), None]


def test_names_are_texts_and_stand_once():
    assert as_frame(pandas.DataFrame([[1, 2]])).columns == ["0", "1"]
    assert as_frame(pandas.DataFrame([[1, 2]], columns=["a", 1])).columns == ["a", "1"]
    for names in (["a", "b", "a"], ["1", "b", 1]):
        with pytest.raises(DataError, match=r"Columns have the same name: '[a1]'\. Rename"):
            as_frame(pandas.DataFrame([[1, 2, 3]], columns=names))
    with pytest.raises(DataError, match="same name: 'a', 'b'"):
        as_frame(pyarrow.table([[1], [2], [3], [4]], names=["a", "b", "b", "a"]))
    with pytest.raises(DataError, match="same name"):
        as_frame([{1: 0, "1": 0}])


@pytest.mark.parametrize(
    ("column", "values"),
    [
        (pyarrow.array([3, None, 7]).dictionary_encode(), ["3", None, "7"]),
        (pyarrow.array([decimal.Decimal("1.5")] * 3, pyarrow.decimal256(50, 2)), [1.5] * 3),
        (pyarrow.array([np.float16(0.5), None, np.float16(1)], pyarrow.float16()), [0.5, None, 1.0]),
        (pyarrow.array([HOUR, None, dt.timedelta(0)]), [HOUR, None, dt.timedelta(0)]),
        (pyarrow.chunked_array([["a"], [None, "c"]], pyarrow.large_string()), ["a", None, "c"]),
        (pyarrow.nulls(3), [None] * 3),
        ([1.0, float("nan"), None], [1.0, None, None]),
    ],
)
def test_pyarrow_tables(column, values):
    table = pyarrow.table({"x": column})
    for form in (table, table.combine_chunks().to_batches()[0]):
        assert as_frame(form)["x"].to_list() == values
    assert (as_frame(table)["x"].dtype == polars.Categorical) == (values == ["3", None, "7"])


def test_polars_frames():
    enum, categories = polars.Series("e", ["a", None], polars.Enum(["b", "a"])), polars.Categorical
    frame = polars.DataFrame([enum, polars.Series("c", ["x", "y"], categories)])
    for form in (frame, frame.lazy()):
        assert_frame_equal(as_frame(form), frame)
    assert as_frame(polars.DataFrame({"x": [decimal.Decimal("0.1")]}))["x"].to_list() == [0.1]
    mixed = polars.DataFrame({"x": polars.Series([1, "a"], dtype=polars.Object)})
    assert as_frame(mixed)["x"].to_list() == ["1", "a"]


def test_names_and_lists_of_rows():
    assert as_frame(np.zeros((2, 11))).columns == [f"x{index}" for index in range(11)]
    people = np.array([("Ada", 36), ("Emmy", 53)], dtype=[("name", "U9"), ("age", int)])
    assert as_frame(people).to_dict(as_series=False) == {"name": ["Ada", "Emmy"], "age": [36, 53]}
    rows = [[1, "a", None, 2.5], (2, None, None, 3)]
    expected = {"x0": [1, 2], "x1": ["a", None], "x2": [None, None], "x3": [2.5, 3.0]}
    assert as_frame(rows).to_dict(as_series=False) == expected
    assert as_frame([np.array([1.0, 2.0])]).to_dict(as_series=False) == {"x0": [1.0], "x1": [2.0]}
    rows = [{"a": 1, "b": "x"}, {"b": None, "c": True}, {}]
    expected = {"a": [1, None, None], "b": ["x", None, None], "c": [None, True, None]}
    assert as_frame(rows).to_dict(as_series=False) == expected


CELLS = np.array([[1.0, {"foo": "bar"}], [2.0, 3.0]], dtype=object)


@pytest.mark.parametrize(
    "table",
    [
        CELLS,
        pandas.DataFrame(CELLS),
        pandas.DataFrame({"x": [b"x", None]}),
        pandas.DataFrame({"x": [1j, None]}, dtype=object),
        polars.DataFrame({"x": [[1, 2], [3]]}),
        pyarrow.table({"x": pyarrow.array([(1, 2, 3)], pyarrow.month_day_nano_interval())}),
        np.array([[1]], "m8[M]"),
        np.array([[b"\xff"]]),
    ],
)
def test_cells_that_are_no_single_values(table):
    """Also scikit-learn's common check: a TypeError of these words."""
    with pytest.raises(TypeError, match=r"argument must be .* string.* number") as caught:
        as_frame(table)
    assert isinstance(caught.value, CellError)
    assert isinstance(caught.value, DataError)
    assert re.match(r"(Row \d of c|C)olumn '", str(caught.value))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("table", "kind", "sentence"),
    [
        (np.zeros(3), ShapeError, "Reshape your data"),
        (np.zeros((2, 2, 2)), ShapeError, r"got shape \(2, 2, 2\)"),
        ([1, 2], ShapeError, "Entry 1 of X is no row, but a int"),
        ([[1, 2], [3]], ShapeError, "Row 2 of X has 1 values, but the first row has 2"),
        (pandas.Series([1]), ShapeError, r"X\.to_frame"),
        ([], DataError, "X is an empty list, without rows"),
        ({"a": [1]}, DataError, r"Use polars\.DataFrame"),
        ("table.csv", DataError, "got str"),
        (np.zeros((2, 2), complex), DataError, "Complex data not supported"),
        (np.zeros((12, 0)), DataError, r"0 feature\(s\) \(shape=\(12, 0\)\) while a minimum of 1 is"),
        (scipy.sparse.csr_array(np.eye(2)), DataError, r"X\.toarray\(\)"),
        (
            pandas.DataFrame({"x": [1, 10**400]}),
            DataError,
            "Row 2 of column 'x' cannot .* Use numbers that a",
        ),
        (pandas.DataFrame(index=[1, 2]), DataError, r"0 feature\(s\) \(shape=\(2, 0\)\)"),
    ],
)
def test_what_is_no_table(table, kind, sentence):
    with pytest.raises(kind, match=sentence) as caught:
        as_frame(table)
    assert isinstance(caught.value, DeepStepError)


def test_no_library_is_needed_for_another_s_table():
    code = (
        "import sys; sys.modules['pyarrow'] = None\n"
        "import numpy, polars\n"
        "from deepstep.data import as_frame\n"
        "as_frame(polars.DataFrame({'a': [1]})); as_frame(numpy.zeros((2, 2)))\n"
        "print([name for name in ('pandas', 'sklearn') if name in sys.modules])\n"
        "import pandas\n"
        "table = pandas.DataFrame({'a': ['x', None], 'b': pandas.array([1, None], 'Int64'),"
        " 'c': pandas.Categorical(['u', None]), 'd': pandas.to_datetime(['2020-01-01', None], utc=True)})\n"
        "print(as_frame(table).null_count().row(0))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:2] == ["[]", "(1, 1, 1, 1)"]


@pytest.mark.parametrize("name", ["", "*", "^x$"])
def test_names_that_mean_something_to_polars(name, tmp_path):
    for values in (["a", None], [1.5, None], [NOON.replace(tzinfo=UTC), None], [1, "a"], [HOUR, None]):
        for table in (pandas.DataFrame({name: values}), pandas.DataFrame({name: pandas.Categorical(values)})):
            assert as_frame(table).columns == [name]
    (tmp_path / "t.csv").write_text(f"{name or 'x'},y\n1,\n2,z\n")
    assert read_table(tmp_path / "t.csv")[name or "x"].to_list() == [1, 2]
