"""Rows without a target, and inputs that one network cannot take: refused with the row and the way out."""

import numpy as np
import pandas
import pytest

from deepstep.errors import DataError
from deepstep.estimators import DeepClassifier, DeepRegressor

X = np.arange(8.0).reshape(4, 2)
NA = pandas.NA


@pytest.mark.parametrize("preset", ["tabular", "mlp"])
@pytest.mark.parametrize(
    ("Estimator", "y", "got"),
    [
        (DeepClassifier, [0, 1, np.nan, 1], "row 3 has none, 1 row"),
        (DeepClassifier, ["a", None, "b", None], "row 2 has none, 2 row"),
        (DeepClassifier, pandas.Series(["a", "b", NA, "a"]), "row 3 has none, 1 row"),
        (DeepClassifier, pandas.array([None, 1, 0, 1], dtype="Int64"), "row 1 has none, 1 row"),
        (DeepRegressor, [0.5, 1.0, np.nan, 1.0], "row 3 has none, 1 row"),
        (DeepRegressor, np.array([[1, 2], [3, np.nan], [5, 6], [np.nan, np.nan]]), "row 2 has none, 2 row"),
    ],
)
def test_rows_without_a_target_are_named(preset, Estimator, y, got):
    with pytest.raises(DataError, match=rf"{Estimator.__name__}.fit: a target in every row; .*{got}"):
        Estimator(preset=preset, max_iter=1, n_estimators=1).fit(X, y)


@pytest.mark.parametrize(
    "cells", [[[1.0, np.nan]] * 4, [["a", 1.0]] * 4, pandas.DataFrame({"x": ["u", "v", "u", "v"]})]
)
def test_for_one_network_the_preset_is_named_that_takes_tables(cells):
    with pytest.raises(DataError, match=r"X of numbers.*Use preset='tabular'"):
        DeepClassifier(preset="mlp").fit(cells, [0, 1, 0, 1])
