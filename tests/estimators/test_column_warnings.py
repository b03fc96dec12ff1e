"""Estimators warn of columns that are not read as they may be meant, and tell a class called NA."""

import warnings

import numpy as np
import pandas as pd
import polars
import pytest

from deepstep.errors import DataError
from deepstep.estimators import DeepClassifier, DeepRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

M = 120
RNG = np.random.default_rng(3)
WEIGHT = RNG.uniform(50, 100, M).round(1)
WORDS = ["unknown" if n % 20 == 0 else str(value) for n, value in enumerate(WEIGHT)]
LABELS = np.where(WEIGHT > 75, "heavy", "light")
QUICK = {"n_estimators": 1, "max_iter": 2, "random_state": 1}
SAYS = r"fit, column 'w': 6 values are no numbers and count as missing: 'unknown'\."


@pytest.mark.parametrize("n_estimators", [1, 10])
@pytest.mark.parametrize("library", [pd.DataFrame, polars.DataFrame])
def test_words_among_numbers_are_warned_of_once_with_the_count_of_all_rows(library, n_estimators):
    X = library({"w": WORDS, "z": RNG.standard_normal(M)})
    with pytest.warns(UserWarning, match=rf"DeepClassifier.{SAYS}") as told:
        DeepClassifier(**{**QUICK, "n_estimators": n_estimators}).fit(X, LABELS)
    assert sum("unknown" in str(one.message) for one in told) == 1
    with pytest.warns(UserWarning, match=rf"DeepRegressor.{SAYS}"):
        DeepRegressor(**QUICK).fit(X, WEIGHT)


def test_numbers_with_different_units_are_warned_of():
    units = [f"{value} {'lb' if n % 4 == 0 else 'kg'}" for n, value in enumerate(WEIGHT)]
    X = pd.DataFrame({"w": units, "z": RNG.standard_normal(M)})
    with pytest.warns(UserWarning, match=r"column 'w': 120 of its 120 .* units, 'kg' \(90\), 'lb' \(30\)"):
        DeepClassifier(**QUICK).fit(X, LABELS)


def test_one_unit_is_learned_as_the_numbers_and_not_warned_of():
    Z = RNG.standard_normal(M)
    of_units = pd.DataFrame({"w": [f"{value} kg" for value in WEIGHT], "z": Z})
    of_numbers = pd.DataFrame({"w": WEIGHT, "z": Z})
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        warnings.filterwarnings("ignore", module="sklearn")
        P = DeepClassifier(**QUICK).fit(of_units, LABELS).predict_proba(of_units)
    np.testing.assert_array_equal(
        P, DeepClassifier(**QUICK).fit(of_numbers, LABELS).predict_proba(of_numbers)
    )


def test_rows_that_stay_in_their_files_are_warned_of_too(tmp_path):
    frame = polars.DataFrame({"w": WORDS, "z": RNG.standard_normal(M), "y": LABELS})
    frame.write_parquet(tmp_path / "t.parquet", row_group_size=50)
    with pytest.warns(UserWarning, match=r"fit, column 'w': \d values are no numbers and count as missing"):
        DeepClassifier(**QUICK, stream=True).fit(tmp_path / "t.parquet", "y")


def test_a_class_called_na_in_a_file_is_told_and_kept_in_a_frame(tmp_path):
    labels = np.where(LABELS == "heavy", "NA", "EU")
    frame = polars.DataFrame({"w": WEIGHT, "region": labels})
    frame.write_csv(tmp_path / "t.csv")
    n = int((labels == "NA").sum())
    says = (
        rf"target 'region': every row has a target; {n} of 120 rows have none, {n} of them by the word 'NA'"
    )
    with pytest.raises(
        DataError, match=rf"{says}, .*\. If it is a class, pass a frame that has it as a text"
    ):
        DeepClassifier(**QUICK).fit(tmp_path / "t.csv", "region")
    model = DeepClassifier(**QUICK).fit(polars.read_csv(tmp_path / "t.csv"), "region")
    assert model.classes_.tolist() == ["EU", "NA"]
