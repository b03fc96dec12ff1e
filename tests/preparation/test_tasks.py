"""What the target column says about the task."""

import datetime

import polars
import pytest

from deepstep.data import read_table
from deepstep.errors import DataError
from deepstep.preparation import guess_task


@pytest.mark.parametrize(
    ("table", "target", "task", "reason"),
    [
        ("titanic", "survived", "binary", "survived has 2 different values: 0, 1"),
        ("titanic", "alive", "binary", "alive has 2 different values: no, yes"),
        ("titanic", "alone", "binary", "alone has 2 different values: False, True"),
        ("titanic", "pclass", "multiclass", "pclass has 3 different values: 1, 2, 3"),
        ("penguins", "species", "multiclass", "species has 3 different values: Adelie, Chinstrap, Gentoo"),
        ("mpg", "mpg", "regression", "mpg has 129 different numbers"),
        ("mpg", "name", "multiclass", "name has 305 different values: "),
        ("california_housing", "median_house_value", "regression", "has 3842 different numbers"),
        ("diamonds", "price", "regression", "price has 11602 different numbers"),
    ],
)
def test_real_tables(shared, table, target, task, reason):
    guess, sentence = guess_task(read_table(shared / f"data/tables/{table}.csv")[target])
    assert guess == task
    assert reason in sentence


@pytest.mark.parametrize(
    ("values", "task"),
    [
        ([0, 1], "binary"),
        ([0.0, 1.0, None, float("nan")], "binary"),
        ([0.5, 1.5] * 10, "regression"),
        ([1, 2, 3], "regression"),
        ([1, 2, 3] * 2, "multiclass"),
        ([1.0, 2.0, 3.0] * 2, "multiclass"),
        (list(range(20)) * 2, "multiclass"),
        (list(range(21)) * 2, "regression"),
        (["a", "b", None], "binary"),
        (["a", "b", "c"], "multiclass"),
        ([True, False], "binary"),
    ],
)
def test_rules(values, task):
    assert guess_task(polars.Series("y", values, strict=False))[0] == task


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ([1, 1], "it has only 1"),
        (["a", None], "it has only 'a'"),
        ([float("nan"), 1.0], "it has only 1.0"),
        (polars.Series([None, None], dtype=polars.Int64), "it has none"),
        ([[1], [2]], "the column holds List"),
        ([datetime.date(2020, 1, 1), datetime.date(2020, 1, 2)], "the column holds Date"),
    ],
)
def test_nothing_to_learn(values, sentence):
    with pytest.raises(DataError, match=sentence) as caught:
        guess_task(polars.Series("y", values, strict=False))
    assert "target 'y'" in str(caught.value)
