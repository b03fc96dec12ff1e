"""Tables that are hard: each becomes finite features of the right values, or is refused in one sentence."""

import numpy as np
import pandas
import polars
import pytest

from deepstep.data import as_frame
from deepstep.errors import DeepStepError
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


@pytest.mark.parametrize(
    "dtype",
    [polars.Int128, polars.UInt64, polars.Decimal(20, 3), polars.Float32, polars.Float16, polars.Int8],
)
def test_types_of_numbers_that_files_bring(dtype):
    frame = polars.DataFrame({"x": polars.Series([1, 3, None], dtype=dtype)})
    for table in (frame, as_frame(frame, where="X")):
        preparation = TablePreparation.fit(table)
        np.testing.assert_array_equal(preparation.transform(table), [[-1, 0], [1, 0], [0, 1]])


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
