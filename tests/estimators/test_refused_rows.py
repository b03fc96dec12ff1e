"""Rows that no model takes: the message names the column, and what to type in their place."""

import numpy as np
import pandas
import pytest

from deepstep import DeepClassifier, NetworkClassifier
from deepstep.errors import DataError, ShapeError

SMALL = {"n_estimators": 1, "network_params": {"epochs": 1}, "random_state": 0}


@pytest.fixture
def table():
    return pandas.DataFrame({"age": np.linspace(-1, 1, 40), "town": ["Rome", "Oslo"] * 20})


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (["age"], r"^X has 3 missing values \(NaN\) in column 'age'\. TableEncoder takes them: "),
        (["town"], r"^X has values that are no numbers in column 'town', such as 'Rome'\. Table"),
    ],
)
def test_a_network_names_the_column_that_is_no_numbers(table, columns, message):
    table.loc[[2, 5, 7], "age"] = np.nan
    y = np.arange(40) % 2
    with pytest.raises(DataError, match=message):
        NetworkClassifier((2,)).fit(table[columns], y)
    model = NetworkClassifier((2,), solver="lbfgs").fit(pandas.DataFrame({columns[0]: y}), y)
    with pytest.raises(DataError, match=message):
        model.predict(table[columns])


def test_a_column_of_an_array_has_its_number():
    X = np.zeros((4, 3))
    X[1, 2] = np.nan
    with pytest.raises(DataError, match=r"^X has 1 missing value \(NaN\) in column 'x2'"):
        NetworkClassifier((2,)).fit(X, [0, 1, 0, 1])


def test_a_row_of_a_frame_is_told_how_it_becomes_a_table(table):
    model = DeepClassifier(**SMALL).fit(table, np.arange(40) % 3 > 0)
    with pytest.raises(ShapeError, match=r"X\.to_frame\(\)\.T for one row"):
        model.predict(table.iloc[0])
    assert model.predict(table.iloc[0].to_frame().T).shape == (1,)
