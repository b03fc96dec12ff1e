"""Preprocessing of a table in chunks of any size is that of the table in one chunk; surveys of rows."""

import re
from dataclasses import fields
from datetime import date, datetime, time, timedelta

import numpy as np
import polars
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deepstep.data import ParquetRows
from deepstep.data import rows as row_files
from deepstep.errors import DataError
from deepstep.preparation import TablePreparation, statistics
from deepstep.preparation import survey as surveys
from deepstep.preparation.statistics import Moments, ValueCounts
from deepstep.preparation.survey import survey
from deepstep.preparation.table import TableStatistics
from tables_in_parts import table, written


def in_chunks(frame, size):
    running = TableStatistics(frame.schema)
    for start in range(0, frame.height, size):
        running.update(frame[start : start + size])
    return running.finish()


def assert_same(found, expected):
    """Equal but for the rounding of means and deviations."""
    for one, other in zip(found.columns, expected.columns, strict=True):
        assert type(one) is type(other), one.name
        for field in fields(one):
            values = getattr(one, field.name), getattr(other, field.name)
            if isinstance(values[0], float):
                least = 1e-12 * getattr(other, "std", 1.0)  # means may cancel
                assert values[0] == pytest.approx(values[1], rel=1e-12, abs=least), (one.name, field.name)
            else:
                assert values[0] == values[1], (one.name, field.name)


TEXTS = st.sampled_from(
    ["", "a", "b c", "1", "2,5", "1,000", "12%", "2020-01-01", "NA", "é", "x y", "007", "inf", "true"]
)
CELLS = {
    # Not between 0 and 1e-50: of such a column 1e100 would be beyond the floats, and refused.
    "numbers": (
        polars.Float64,
        st.floats(-1e100, 1e100).map(lambda value: 0.0 if abs(value) < 1e-50 else value)
        | st.just(float("nan")),
    ),
    "whole": (polars.Int64, st.integers(-(2**63), 2**63 - 1) | st.integers(0, 5)),
    "id": (polars.Int64, st.integers(0, 2**40)),
    "bytes": (polars.UInt8, st.integers(0, 255)),
    "truths": (polars.Boolean, st.booleans()),
    "texts": (polars.String, TEXTS | st.text(st.characters(exclude_categories=["Cs"]), max_size=4)),
    "amounts": (polars.String, st.sampled_from(["1,234.5", "12", "0.25", "NA"])),
    "days as texts": (polars.String, st.dates(date(1990, 1, 1), date(2030, 1, 1)).map(str)),
    "categories": (polars.Categorical, TEXTS),
    "dates": (polars.Date, st.dates()),
    "moments": (polars.Datetime("us"), st.datetimes()),
    "spans": (polars.Duration("us"), st.timedeltas(timedelta(-9999), timedelta(9999))),
    "times": (polars.Time, st.times()),
}


@st.composite
def frames(draw, columns):
    """Rows of the given columns; missing ones now and then."""
    m = draw(st.integers(1, 30))
    kinds = {f"c{at} {name}": CELLS[name] for at, name in enumerate(columns)}
    values = {
        name: draw(st.lists(st.none() | one, min_size=m, max_size=m)) for name, (_, one) in kinds.items()
    }
    return polars.DataFrame(
        {name: polars.Series(values[name], dtype=dtype) for name, (dtype, _) in kinds.items()}
    )


@pytest.mark.slow
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), columns=st.lists(st.sampled_from(list(CELLS)), min_size=1, max_size=5))
def test_laws_of_any_table(data, columns):
    """Finite features; the same in chunks, after JSON, for columns in another order, for some of the rows."""
    trained, other = data.draw(frames(columns)), data.draw(frames(columns))
    size = data.draw(st.integers(1, trained.height))
    try:
        preparation = TablePreparation.fit(trained)
    except DataError as error:
        assert "different values" in str(error)  # noqa: PT017 (most tables are not refused)
        with pytest.raises(DataError, match=re.escape(str(error))):
            in_chunks(trained, size)
        return
    assert_same(in_chunks(trained, size), preparation)
    X = preparation.transform(trained)
    assert np.isfinite(X).all()
    assert np.isfinite(preparation.transform(other)).all()
    np.testing.assert_array_equal(preparation.transform(trained[-3:]), X[-3:])

    order = data.draw(st.permutations(trained.columns))
    np.testing.assert_array_equal(preparation.transform(trained.select(order)), X)
    shuffled = TablePreparation.fit(trained.select(order))
    features = dict(zip(shuffled.feature_names, shuffled.transform(trained).T, strict=True))
    for name, values in zip(preparation.feature_names, X.T, strict=True):
        np.testing.assert_array_equal(features[name], values)


def test_a_table_with_everything():
    frame = table(3000).with_columns(
        identifier=polars.Series([f"A-{number:07}" for number in range(3000)]),
        row_id=polars.int_range(3000),
        obs=polars.int_range(3000, 0, -1),
        comment=polars.Series([f"good {('red', 'wine')[n % 2]} number {n}" for n in range(3000)]),
        always=polars.lit(2.5),
        never=polars.lit(None, polars.Float64),
        noon=polars.lit(time(12)),
    )
    assert_same(in_chunks(frame, 411), TablePreparation.fit(frame))


def test_more_texts_than_are_counted(monkeypatch):
    monkeypatch.setattr("deepstep.preparation.column_statistics.MOST_TEXTS", 500)
    frequent = [f"often {n % 3}" for n in range(3000)]
    rare = [f"rare{n}" for n in range(3000)]
    texts = [text for pair in zip(frequent, rare, strict=True) for text in pair]
    (column,) = in_chunks(polars.DataFrame({"t": texts}), 100).columns
    (expected,) = TablePreparation.fit(polars.DataFrame({"t": texts})).columns
    assert column == expected
    assert "often" in column.words


@pytest.mark.parametrize("form", [None, "{:,.2f} kg", "2020-01-01 00:{:02.0f}:00"])
@settings(max_examples=30)
@given(missing=st.sets(st.integers(0, 59), max_size=3), rows=st.integers(1, 60), most=st.integers(2, 70))
def test_a_column_has_the_missing_values_of_all_its_chunks(form, missing, rows, most):
    """Also where its texts are too many to be counted: those that are not counted are not missing."""
    values = [None if n in missing else form.format(n) if form else n / 3 for n in range(60)]
    frame = polars.DataFrame({"x": values, "y": [0, 1] * 30})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("deepstep.preparation.column_statistics.MOST_TEXTS", most)
        column, _ = in_chunks(frame, rows).columns
    assert column.kind in ("number", "date", "constant")
    assert column.marks_missing == bool(missing)


def test_rows_that_are_held_in_memory_are_few_where_features_are_many(tmp_path, monkeypatch):
    monkeypatch.setattr("deepstep.preparation.survey.IN_MEMORY_ROWS", 400)
    monkeypatch.setattr("deepstep.preparation.survey.IN_MEMORY_NUMBERS", 4000)
    rng = np.random.default_rng(0)
    kinds = [f"c{number}" for number in rng.integers(0, 40, 3000)]
    frame = polars.DataFrame({"c": kinds, "y": rng.random(3000)})
    frame.write_parquet(tmp_path / "a.parquet")
    rows = ParquetRows(tmp_path / "a.parquet")
    found = survey(rows, "y", test_fraction=0.2, validation_fraction=0.2)
    assert found.inputs.n_features == 40
    assert {part.height for part in (found.test, found.validation, found.sample)} == {100}
    assert found.shares == pytest.approx((400 / 3000,) * 3)


@pytest.mark.slow
@given(seed=st.integers(0, 2**16), sizes=st.tuples(st.integers(1, 99), st.integers(1, 99)))
@settings(max_examples=20, deadline=None)
def test_what_classes_weigh_is_the_same_bits_however_rows_are_cut(seed, sizes):
    rng = np.random.default_rng(seed)
    values = polars.Series(rng.choice(["a", "b", "c"], 400), dtype=polars.Categorical)
    weight, learned = rng.lognormal(0, 5, 400), rng.random(400) < 0.8
    found = []
    for size in sizes:
        running = ValueCounts()
        for at in range(0, 400, size):
            part = slice(at, at + size)
            running.update(values[part], weight[part], learned[part])
        found.append(running.finish())
    assert found[0].rows() == found[1].rows()
    codes = np.unique(values.to_list(), return_inverse=True)[1]
    expected = np.bincount(codes[learned], weight[learned]).tolist()
    assert found[0]["weight"].to_list() == expected
    assert found[0]["rows"].to_list() == np.bincount(codes[learned]).tolist()


def test_a_target_of_too_many_values_is_not_counted(monkeypatch):
    monkeypatch.setattr(statistics, "MOST_CLASSES", 2)
    running = ValueCounts()
    for value in range(3):
        running.update(polars.Series([value]), np.ones(1), np.ones(1, bool))
    assert running.finish().is_empty()


@pytest.mark.parametrize("dtype", [polars.Categorical, polars.Enum(["10", "20", "30"])])
def test_categories_that_look_like_numbers_stay_categories(tmp_path, dtype):
    frame = polars.DataFrame({"c": ["10", "20", "30", "20"] * 25, "y": [0.0, 1.0] * 50})
    frame = frame.with_columns(polars.col("c").cast(dtype))
    rows = ParquetRows(written(tmp_path / "parts", frame, 3, 20))
    in_memory = TablePreparation.fit(frame, exclude=["y"])
    assert type(in_memory.columns[0]).__name__ == "CategoryColumn"
    pieces = [piece for group in range(len(rows.sizes)) for piece in rows.pieces(group, ["c"], 7)]
    for found in (survey(rows, "y").inputs, in_chunks(polars.concat(pieces), 7)):
        assert found.columns == in_memory.columns


def test_long_texts_make_pieces_and_held_out_rows_fewer(tmp_path, monkeypatch):
    """By their mean, as the footers tell, also where the first rows have short ones."""
    monkeypatch.setattr(row_files, "PIECE_BYTES", 20_000)
    monkeypatch.setattr(surveys, "IN_MEMORY_BYTES", 40_000)
    m = 2000
    frame = polars.DataFrame({"t": [f"{at:04} " * (1 + at // 25) for at in range(m)], "y": [0.5] * m})
    rows = ParquetRows(written(tmp_path / "long", frame, 1, m))
    found = survey(rows, "y", test_fraction=0.3, validation_fraction=0.1)
    for part in (found.sample, found.test, found.validation):
        assert part.height > 8
        assert part["t"].str.len_bytes().sum() < 1.5 * 40_000
    assert not found.in_memory
    assert sum(found.learned_rows) > m / 2
    assert rows.piece_rows(["t", "y"]) == pytest.approx(100, abs=5)  # of 200 bytes each
    assert rows.row_bytes(["y"]) == 0
    assert [piece.height for piece in rows.pieces(0, ["t"], 100)] == [100] * 20


def test_kinds_that_only_the_whole_column_shows():
    moments = [datetime(2020, 1, 1)] * 11 + [datetime(2020, 1, 1, 6)]
    frame = polars.DataFrame(
        {
            "^1*$": [f"{number}.5 kg" for number in range(12)],
            "one day": ["1.1.2020", "01.01.2020"] * 6,
            "one number": [f"1.{'0' * number}" for number in range(12)],
            "moments": moments,
            "always": polars.Series(moments[:1] * 12),
        }
    )
    whole = TablePreparation.fit(frame)
    assert_same(in_chunks(frame, 5), whole)
    assert [column.kind for column in whole.columns] == ["number", "date", "constant", "date", "constant"]


@pytest.mark.parametrize("size", [1e-3, 1.0, 1e9, 1e150])
def test_one_chunk_has_the_bits_of_numpy(size):
    values = np.random.default_rng(0).standard_normal(101) * size
    seen = Moments()
    seen.update(values)
    assert seen.moments("x") == (values.mean(), values.std(), False)
