"""Checks of a table before a training: each finds what it is for, and nothing in ordinary tables."""

import datetime

import numpy as np
import polars
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import datasets

from deepstep.preparation.data_checks import FEW_OF_A_CLASS, data_cautions

RNG = np.random.default_rng(7)
M = 200
FRAME = polars.DataFrame(
    {
        "age": RNG.integers(18, 90, M),
        "size": RNG.normal(170, 10, M).round(1),
        "colour": RNG.choice(["red", "green", "blue"], M),
        "paid": np.where(RNG.random(M) < 0.9, 0.0, RNG.lognormal(5, 1, M)),
        "dose": RNG.choice([1, 2, 5, 10, 50], M),
        "rated": RNG.integers(0, 2, M),
    }
)
KINDS = RNG.choice(["yes", "no"], M)


def found(frame=FRAME, values=KINDS, name="kind", *, classes=True, rows=M):
    return data_cautions(frame, {name: values}, classes=classes, rows=rows)


@pytest.mark.parametrize(("again", "same"), [("YES ", True), ("y es", True), ("yes!", False)])
def test_classes_that_differ_in_case_or_blanks_alone(again, same):
    values = np.where(np.arange(M) % 3 == 0, again, np.array(KINDS))
    sentences = found(values=values)
    assert len(sentences) == same
    assert all(repr(again) in one and "'yes'" in one and "case or blanks" in one for one in sentences)


@given(st.lists(st.integers(1, 30), min_size=2, max_size=8).filter(lambda sizes: sum(sizes) >= 20))
def test_classes_of_few_rows_are_counted(sizes):
    values = np.repeat([f"class {number}" for number in range(len(sizes))], sizes)
    few = [size for size in sizes if size < FEW_OF_A_CLASS]
    sentences = found(FRAME[: min(M, len(values))], values, rows=len(values))
    assert [f"{len(few)} of {len(sizes)} classes" in one for one in sentences] == [True] * bool(few)
    assert all(f"({min(few)})" in one for one in sentences)


@pytest.mark.parametrize("rows", [1, 2, 19, 20])
def test_few_rows_are_one_sentence(rows):
    sentences = found(FRAME[:rows], KINDS[:rows], rows=rows)
    assert sum("fewer than 20" in one for one in sentences) == (rows < 20)
    assert rows == 20 or not any("classes have" in one for one in sentences)
    assert found(FRAME[:rows], KINDS[:rows], rows=None) == []  # a part of the rows is not counted


IRIS = datasets.load_iris()
FLOWERS = polars.DataFrame(IRIS.data, schema=["5.1", "3.5", "1.4", "0.2"])
SPECIES = np.array(IRIS.target_names)[IRIS.target]
DIGITS = datasets.load_digits().data
COUNTS = polars.DataFrame(DIGITS[1:], schema=[f"{one:g}.{at}" for at, one in enumerate(DIGITS[0])])


@pytest.mark.parametrize(
    ("frame", "target", "expected"),
    [
        (FLOWERS, "setosa", True),  # iris.data of the UCI repository has no header
        (COUNTS, "0", True),
        (FRAME.rename({"age": "34", "colour": "red", "rated": "1", "paid": "0.0"}), "yes", True),
        (FRAME.rename({"colour": "red"}), "kind", False),
        (polars.DataFrame(IRIS.data, schema=["0", "1", "2", "3"]), "4", False),  # columns by number
        (polars.DataFrame(IRIS.data, schema=["1.0", "2.0", "2.5", "6.0"]), "kind", False),  # wavelengths
    ],
)
def test_a_header_of_values(frame, target, expected):
    values = np.resize(KINDS if target == "yes" else SPECIES, frame.height)
    sentences = found(frame, values, target, rows=frame.height)
    assert len(sentences) == expected
    assert all("--read header=false" in one for one in sentences)


@pytest.mark.parametrize(("name", "expected"), [("kind", 1), ("kind.1", 1), ("kinds", 0), ("kind.a", 0)])
def test_the_name_of_the_target_stands_twice(name, expected):
    sentences = found(FRAME.with_columns(polars.Series(name, RNG.random(M))))
    assert ["more than once" in one and repr(name) in one for one in sentences] == [True] * expected
    assert found(FRAME.with_columns(polars.Series(name, RNG.random(M))), name="") == []


@pytest.mark.parametrize("column", ["age", "paid"])
@pytest.mark.parametrize(
    ("value", "share", "expected"), [(-99_999, 0.5, True), (99_999, 0.06, True), (-999, 0.04, False)]
)
def test_a_far_value(column, value, share, expected):
    rows = np.arange(M) < share * M
    changed = np.where(rows, value, FRAME[column].to_numpy())
    sentences = found(FRAME.with_columns(polars.Series(column, changed)))
    assert [f"{column!r} ({value:.15g} in" in one for one in sentences] == [True] * expected
    of_target = found(FRAME.drop(column), changed, "amount", classes=False)
    assert ["'amount'" in one for one in of_target] == [True] * expected


@pytest.mark.parametrize("name", ["iris", "breast_cancer", "digits", "diabetes", "linnerud"])
def test_nothing_is_found_in_the_tables_of_scikit_learn(name):
    bunch = getattr(datasets, f"load_{name}")()
    targets = bunch.target if bunch.target.ndim == 2 else bunch.target[:, None]
    for names in (list(map(str, bunch.feature_names)), [str(at) for at in range(bunch.data.shape[1])]):
        frame = polars.DataFrame(bunch.data, schema=names)
        columns = {f"target {at}": column for at, column in enumerate(targets.T)}
        classes = name not in ("diabetes", "linnerud")
        assert data_cautions(frame, columns, classes=classes, rows=len(targets)) == []


UNUSUAL = {
    "exact": polars.Series([1, 2, 3], dtype=polars.Decimal(10, 2)),
    "category": polars.Series(["a", None, "b"], dtype=polars.Categorical),
    "day": polars.Series([datetime.date(2020, 1, 1)] * 3),
    "list": polars.Series([[1]] * 3),
    "nothing": polars.Series([None] * 3),
    "object": polars.Series([object()] * 3, dtype=polars.Object),
}


def test_a_column_of_any_type_is_no_error():
    frame = polars.DataFrame({name: polars.concat([UNUSUAL[name]] * 8) for name in UNUSUAL})
    assert found(frame.with_columns(n=polars.int_range(24)), np.arange(24) % 2, rows=24) == []
