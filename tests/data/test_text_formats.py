"""JSON and TOML: the values that Python's own readers give, or one kind of error."""

import json
import time

import pytest

from deepstep.data.text_formats import json_values, toml_values
from hostile_texts import HOSTILE, TOML


@pytest.mark.parametrize(
    "value",
    [None, True, -1, 10**299, 0.1, 1e308, "", "ä\U0001f600", [], {}, [[{"a": [1, {"b": None}]}]]],
)
def test_json_as_python_has_it(value):
    for text in (json.dumps(value), json.dumps(value, ensure_ascii=False)):
        assert json_values(text) == json_values(text.encode()) == json.loads(text)


@pytest.mark.parametrize("kind", HOSTILE)
def test_json_that_is_refused(kind):
    with pytest.raises(ValueError, match=r"\w"):
        json_values(f'{{"a": [{HOSTILE[kind]}]}}')


def test_what_is_let_through_where_it_is_asked_for():
    assert json_values('[NaN, Infinity, "\\udcff"]', finite=False, surrogates=True)[1:] == [
        float("inf"),
        "\udcff",
    ]


def test_a_number_of_thousands_of_digits_is_told_without_advice_for_programmers():
    with pytest.raises(ValueError, match=r"^a whole number has thousands of digits$"):
        toml_values(TOML["digits"])


@pytest.mark.parametrize("kind", TOML)
def test_toml_that_is_refused(kind):
    begun = time.monotonic()
    with pytest.raises(ValueError, match=r"\w"):
        toml_values(TOML[kind])
    assert time.monotonic() - begun < 10


def test_texts_that_are_slow_to_match_take_no_longer():
    for text in ('"' + '\\"' * 1_000_000, "a." * 63 + " " * 1_000_000, "a" * 1_000_000, "'\"" * 1_000_000):
        begun = time.monotonic()
        with pytest.raises(ValueError, match=r"\w"):
            toml_values(text)
        assert time.monotonic() - begun < 10
