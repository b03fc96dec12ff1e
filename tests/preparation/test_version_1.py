"""Preparations that version 1 wrote: they load for ever and give the features that version 1 gave.

The files in ``fixtures`` were written from these tables while version 1 was the version to write.
"""

import datetime as dt
import json
from datetime import datetime
from pathlib import Path

import numpy as np
import polars
import pytest

from deepstep.preparation import Preparation, TablePreparation

FIXTURES = Path(__file__).parent / "fixtures"

TRAINED = polars.DataFrame(
    {
        "age": [20.0, None, 40.0, 35.5, 0.1, 7.0, 61.25, 44.0],
        "rooms": [1, 2, 3, 3, 2, 1, 1, 2],
        "constant": [0.1] * 8,
        "born": [
            dt.date(1969, 7, 20),
            None,
            dt.date(2020, 2, 29),
            dt.date(1987, 1, 5),
            dt.date(2001, 12, 31),
            dt.date(1970, 1, 1),
            dt.date(1999, 5, 5),
            dt.date(2010, 10, 10),
        ],
        "seen": [
            datetime(2020, 1, 1, 12, 30),
            datetime(2020, 1, 2),
            datetime(2021, 6, 1, 23, 59, 59, 999999),
            datetime(2019, 3, 3, 3),
            datetime(2020, 1, 1),
            datetime(2022, 2, 2, 2, 2),
            datetime(2020, 8, 8, 8),
            datetime(2018, 1, 1),
        ],
        "lasted": [dt.timedelta(hours=h) for h in (1, 5, 36, -2, 0, 7, 11, 100)],
        "at": [dt.time(h, 15) for h in (0, 5, 6, 12, 13, 17, 22, 23)],
        "member": [True, False, None, True, True, False, True, False],
        "sex": ["f", "m", "f", None, "m", "m", "f", "f"],
        "town": ["Köln", "", "東京", "Köln", None, "x y", " a ", "Köln"],
        "digits": ["1", "2", "10", "2", "1", "1", "10", "2"],
        "none": polars.Series([None] * 8, dtype=polars.String),
    }
)

NEW = polars.DataFrame(
    {
        "age": ["1e1", "", "  33 ", "5"],
        "rooms": [7, None, 2, 1],
        "constant": [0.1, 5.0, None, 0.1],
        "born": ["2020-02-29", "", "1969-07-20T00:00:00", "2030-01-01"],
        "seen": [datetime(2030, 1, 1), None, datetime(2020, 1, 1, 12, 30), datetime(1900, 1, 1)],
        "lasted": [dt.timedelta(days=2), None, dt.timedelta(seconds=1), dt.timedelta(0)],
        "at": [dt.time(12), None, dt.time(0), dt.time(23, 59, 59)],
        "member": ["TRUE", "0", "", None],
        "sex": ["m", None, "unseen", "f"],
        "town": ["東京", "nowhere", "", None],
        "digits": [1, 2, 3, 10],
    }
)


@pytest.fixture(scope="module")
def expected():
    return json.loads((FIXTURES / "version_1_features.json").read_text(encoding="utf-8"))


def inputs(name):
    prepared = Preparation.from_json((FIXTURES / name).read_text(encoding="utf-8")).inputs
    assert isinstance(prepared, TablePreparation)
    return prepared


def test_a_table_of_every_kind(expected):
    prepared = inputs("version_1.json")
    assert list(prepared.feature_names) == expected["names"]
    np.testing.assert_array_equal(prepared.transform(TRAINED), expected["trained"])
    np.testing.assert_array_equal(prepared.transform(NEW), expected["new"])


def test_the_most_frequent_of_many_words(expected):
    rows = polars.DataFrame({"word": ["w59", "w00", "w09", "w10", None]})
    np.testing.assert_array_equal(inputs("version_1_many_words.json").transform(rows), expected["many_words"])


def test_loaded_and_saved_again_they_stay_the_same():
    old = Preparation.from_json((FIXTURES / "version_1.json").read_text(encoding="utf-8"))
    assert Preparation.from_json(old.to_json()) == old
    assert all(column.done for column in old.inputs.columns)
