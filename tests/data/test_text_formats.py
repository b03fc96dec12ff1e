"""JSON and TOML: the values that Python's own readers give, or one kind of error."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepstep.data.text_formats import column_texts, json_values, number_text, toml_values
from hostile_texts import HOSTILE, TOML


@pytest.mark.parametrize(
    "value", [None, True, -1, 10**299, 0.1, 1e308, "", "ä\U0001f600", [], {}, [[{"a": [1, {"b": None}]}]]]
)
def test_json_as_python_has_it(value):
    for text in (json.dumps(value), json.dumps(value, ensure_ascii=False)):
        assert json_values(text) == json_values(text.encode()) == json.loads(text)


@pytest.mark.parametrize("kind", HOSTILE)
def test_json_that_is_refused(kind):
    with pytest.raises(ValueError, match=r"\w"):
        json_values(f'{{"a": [{HOSTILE[kind]}]}}')


def test_what_is_let_through_where_it_is_asked_for():
    values = json_values('[NaN, Infinity, "\\udcff"]', finite=False, surrogates=True)
    assert values[1:] == [float("inf"), "\udcff"]


SLOW_TO_MATCH = ['"' + '\\"' * 200_000, "a." * 63 + " " * 200_000, "a" * 200_000, "'\"" * 200_000]


@pytest.mark.parametrize("text", [*TOML.values(), *SLOW_TO_MATCH], ids=range(len(TOML) + len(SLOW_TO_MATCH)))
def test_toml_that_is_refused_at_once(text):
    begun = time.monotonic()
    with pytest.raises(ValueError, match=r"\w") as refused:
        toml_values(text)
    assert "sys." not in str(refused.value)  # advice for programmers
    assert time.monotonic() - begun < 10


SIZES = st.floats(1e-4, 1e14) | st.floats(-1e14, -1e-4)


@given(value=SIZES, digits=st.integers(1, 9), decimal=st.sampled_from(".,"))
def test_a_number_has_its_digits_and_no_exponent(value, digits, decimal):
    text = number_text(value, digits, decimal)
    assert "e" not in text
    assert float(text.replace(decimal, ".")) == pytest.approx(value, rel=0.5001 * 10 ** (1 - digits))


@given(st.lists(SIZES, min_size=1, max_size=5), st.integers(0, 6), st.sampled_from(".,"))
def test_a_column_has_the_decimals_of_its_cells_and_enough_digits(values, decimals, decimal):
    cells = [f"{value:.{decimals}f}".replace(".", decimal) for value in values]
    (texts,) = column_texts([values], 5, decimal, cells)
    places = {len(text.partition(decimal)[2]) for text in texts}
    assert len(places) == 1
    assert places.pop() >= decimals
    largest = max(map(abs, values))
    for text, value in zip(texts, values, strict=True):
        assert float(text.replace(decimal, ".")) == pytest.approx(value, abs=0.5001e-4 * largest)
