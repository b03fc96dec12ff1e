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
from tables_in_parts import in_chunks, table, written


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
@settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow])
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


def test_a_table_with_everything(monkeypatch):
    m = 1500
    rare_and_frequent = [f"rare{n}" if n % 2 else f"often {n % 3}" for n in range(m)]
    moments = [datetime(2020, 1, 1)] * (m - 400) + [datetime(2020, 1, 1, 6)] * 400
    frame = table(m).with_columns(
        identifier=polars.Series([f"A-{number:07}" for number in range(m)]),
        row_id=polars.int_range(m),
        obs=polars.int_range(m, 0, -1),
        comment=polars.Series([f"good {('red', 'wine')[n % 2]} number {n}" for n in range(m)]),
        always=polars.lit(2.5),
        never=polars.lit(None, polars.Float64),
        noon=polars.lit(time(12)),
        **{
            "^1*$": polars.Series([f"{number}.5 kg" for number in range(m)]),
            "one day": polars.Series(["1.1.2020", "01.01.2020"] * (m // 2)),
            "one number": polars.Series([f"1.{'0' * (number % 12)}" for number in range(m)]),
            "moments": polars.Series(moments),
            "always a moment": polars.Series(moments[:1] * m),
        },
    )
    whole = TablePreparation.fit(frame)
    assert_same(in_chunks(frame, 411), whole)
    kinds = [column.kind for column in whole.columns[-5:]]
    assert kinds == ["number", "date", "constant", "date", "constant"]
    monkeypatch.setattr("deepstep.preparation.column_statistics.MOST_TEXTS", 500)  # fewer than there are
    texts = polars.DataFrame({"t": rare_and_frequent})
    assert_same(in_chunks(texts, 100), TablePreparation.fit(texts))
    assert "often" in in_chunks(texts, 100).columns[0].words


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


def test_what_classes_weigh_is_the_same_bits_however_rows_are_cut(monkeypatch):
    rng = np.random.default_rng(0)
    values = polars.Series(rng.choice(["a", "b", "c"], 400), dtype=polars.Categorical)
    weight, learned = rng.lognormal(0, 5, 400), rng.random(400) < 0.8
    codes = np.unique(values.to_list(), return_inverse=True)[1]
    expected = np.bincount(codes[learned], weight[learned]), np.bincount(codes[learned])
    for size in (1, 7, 99):
        running = ValueCounts()
        for at in range(0, 400, size):
            part = slice(at, at + size)
            running.update(values[part], weight[part], learned[part])
        np.testing.assert_array_equal([running.finish()[name] for name in ("weight", "rows")], expected)
    monkeypatch.setattr(statistics, "MOST_CLASSES", 2)  # a target of more values is not counted
    running = ValueCounts()
    running.update(values, weight, learned)
    assert running.finish().is_empty()


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


@pytest.mark.parametrize("size", [1e-3, 1.0, 1e9, 1e150])
def test_one_chunk_has_the_bits_of_numpy(size):
    values = np.random.default_rng(0).standard_normal(101) * size
    seen = Moments()
    seen.update(values)
    assert seen.moments("x") == (values.mean(), values.std(), False)
