"""The hold-out split: a partition, with each class's share where that is possible."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepstep.data import holdout, stratification_obstacle
from deepstep.errors import ConfigurationError, DataError


@given(
    y=st.lists(st.integers(0, 4), min_size=2, max_size=60),
    fraction=st.floats(0.01, 0.99),
    seed=st.integers(0, 2**32 - 1),
    stratify=st.booleans(),
)
def test_every_row_is_on_one_side_and_no_side_is_empty(y, fraction, seed, stratify):
    train, test = holdout(np.array(y), fraction=fraction, seed=seed, stratify=stratify)
    assert sorted([*train, *test]) == list(range(len(y)))
    assert len(train) >= 1
    assert len(test) >= 1
    assert train.tolist() == sorted(train)
    assert abs(len(test) - fraction * len(y)) <= 1


def test_shares_are_kept():
    y = np.repeat(["a", "b", "c"], [100, 50, 10])
    _, test = holdout(y, fraction=0.2, seed=3, stratify=True)
    assert np.unique(y[test], return_counts=True)[1].tolist() == [20, 10, 2]
    assert stratification_obstacle(y, fraction=0.2) == ""


@pytest.mark.parametrize(
    ("y", "fraction", "sentence"),
    [
        (np.array(["a", "a", "b"]), 0.5, "class 'b' has one row only"),
        (np.array([0, 0, 1, 1, 2, 2]), 0.2, "the smaller part has 2 rows for 3 classes"),
        (np.array([0, 0, 1, 1, 2, 2]), 0.9, "the smaller part has 1 row for 3 classes"),
    ],
)
def test_where_shares_cannot_be_kept_it_says_why_and_splits(y, fraction, sentence):
    assert stratification_obstacle(y, fraction=fraction) == sentence
    train, test = holdout(y, fraction=fraction, seed=1, stratify=True)
    assert len(train) + len(test) == len(y)


def test_mixed_and_missing_labels_can_be_split():
    y = np.array(["a", None, 1, "a", None, 1] * 5, dtype=object)
    train, test = holdout(y, fraction=0.2, seed=1, stratify=True)
    assert (len(train), len(test)) == (24, 6)


@pytest.mark.parametrize("fraction", [0, 1, -0.1, 1.5, float("nan")])
def test_impossible_fractions(fraction):
    with pytest.raises(ConfigurationError, match="above 0 and below 1"):
        holdout(np.arange(5), fraction=fraction, seed=1, stratify=False)


@pytest.mark.parametrize("rows", [0, 1])
def test_too_few_rows(rows):
    with pytest.raises(DataError, match="at least 2 rows"):
        holdout(np.arange(rows), fraction=0.5, seed=1, stratify=True)
