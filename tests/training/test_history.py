"""History: records to JSON lines and back."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepstep.errors import ConfigurationError, FileError
from deepstep.training import History

values = (
    st.floats(allow_nan=False, allow_infinity=False)
    | st.integers(-(2**53), 2**53)
    | st.text()
    | st.booleans()
)


@settings(max_examples=40)
@given(st.lists(st.dictionaries(st.text(), values)))
def test_json_lines_give_the_same_records_bit_for_bit(records):
    text = History(records).to_jsonl()
    assert History.from_jsonl(text).records == records
    assert text.count("\n") == len(records)


def test_what_is_not_finite_is_null_wherever_it_stands():
    """Strict JSON, which other programs read; a column has NaN there again."""
    record = {
        "a": np.inf,
        "b": [1.0, {"c": -np.inf}],
        "d": np.array([[np.nan, 2.0]]),
        "cost": np.float32("nan"),
    }
    text = History([record]).to_jsonl()
    plain = json.loads(text, parse_constant=pytest.fail)
    assert plain == {"a": None, "b": [1.0, {"c": None}], "d": [[None, 2.0]], "cost": None}
    assert np.isnan(History.from_jsonl(text).costs).all()


def test_what_is_no_json_value_is_refused_by_name():
    with pytest.raises(ConfigurationError, match=r"^A record of training, 'a' must .* got object\."):
        History([{"a": object()}]).to_jsonl()
    with pytest.raises(ConfigurationError, match=r"record of training, 'a', 'b' must .* got complex"):
        History([{"a": [{"b": np.array([1j])}]}]).to_jsonl()
    with pytest.raises(ConfigurationError, match=r"^A record of training must .* got tuple"):
        History([{(1, 2): 3}]).to_jsonl()


@pytest.mark.parametrize("line", ['{"cost": 0.5', "[1]", ""])
def test_a_broken_line_is_named(line):
    text = f'{{"cost": 0.5}}\n{line}\n{{"cost": 0.4}}\n'
    with pytest.raises(FileError) as error:
        History.from_jsonl(text, where="run/history.jsonl")
    assert str(error.value) == f"run/history.jsonl has no JSON object in line 2: {line!r}."


def test_its_own_text():
    assert repr(History()) == "History(empty)"
    assert repr(History([{"epoch": 0}])) == "History(1 epochs, cost nan → nan, engine '')"
