"""Numbers in columns of texts: with a unit, beside words for a missing number, and those that are not read.

What is read is compared with the numbers that the texts were made of; one pass over rows in pieces has to
tell what the whole table tells.
"""

import numpy as np
import polars
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepstep.preparation import TablePreparation
from deepstep.preparation.number_formats import infer_number_format, parse_numbers
from deepstep.preparation.table import TableStatistics

M = 200
VALUES = np.random.default_rng(5).uniform(50, 100, M).round(1)
WORDS = ["unknown"] * 5 + ["n.a."] + ["-"] * 3


def frame_of(texts):
    return polars.DataFrame({"x": texts, "spare": np.linspace(0, 1, len(texts))})


def in_pieces(frame, size=7):
    running = TableStatistics(frame.schema)
    for start in range(0, frame.height, size):
        running.update(frame[start : start + size])
    return running.finish()


def fit(texts):
    """What the column teaches, which is the same by one pass over pieces."""
    frame = frame_of(texts)
    preparation = TablePreparation.fit(frame)
    column, other = preparation.columns[0], in_pieces(frame).columns[0]
    facts = [
        (one.kind, one.feature_names, one.why, one.caution, getattr(one, "written", ""))
        for one in (column, other)
    ]
    assert facts[0] == facts[1]
    return preparation, column


def standardized(numbers):
    return (numbers - np.mean(numbers)) / np.std(numbers)


@pytest.mark.parametrize(
    ("form", "written"),
    [
        ("{:.1f} kg", "1234.5 kg"),
        ("{:.1f}kg", "1234.5 kg"),
        ("{:.1f} km/h", "1234.5 km/h"),
        ("{:.1f} sq ft", "1234.5 sq ft"),
        ("{:.1f} m2", "1234.5 m2"),
        ("{:.1f} m²", "1234.5 m²"),
        ("-{:.1f} °C", "1234.5 °C"),
        ('{:.1f}"', '1234.5 "'),
        ("{:.1f} % vol", "1234.5 % vol"),
        ("${:.1f}k", "1234.5$ k"),
        ("USD {:.1f}", "USD 1234.5"),
        ("EUR{:.1f}", "EUR 1234.5"),
        ("{:.1f} EUR", "1234.5 EUR"),
        ("{:.1f} Jahre", "1234.5 Jahre"),
    ],
)
def test_one_unit_behind_all_numbers_is_read_away(form, written):
    preparation, column = fit([form.format(value) for value in VALUES])
    assert (column.kind, column.written, column.feature_names) == ("number", written, ("x",))
    assert column.why == f"texts that are numbers, written as {written}"
    assert column.caution == ""
    sign = -1 if form.startswith("-") else 1
    X = preparation.transform(frame_of([form.format(value) for value in VALUES[::-1]]))
    np.testing.assert_allclose(X[:, 0], sign * standardized(VALUES)[::-1], rtol=1e-12)


def test_one_and_several_of_a_unit_are_the_same():
    days = np.arange(1, 61)
    texts = [f"{n} day" if n == 1 else f"{n} days" for n in days]
    preparation, column = fit(texts)
    assert column.written == "1234.5 day"
    np.testing.assert_allclose(preparation.transform(frame_of(texts))[:, 0], standardized(days), rtol=1e-12)
    assert fit([f"{n} s" for n in days])[1].written == "1234.5 s"


def test_later_rows_are_read_as_the_training_rows():
    preparation, column = fit([*(f"{value} kg" for value in VALUES), None])
    mean, std = column.mean, column.std
    later = polars.DataFrame(
        {"x": ["60 kg", " 70kg ", "60", "60 lb", "soon", "NA", None], "spare": [0.0] * 7}
    )
    X = preparation.transform(later)
    np.testing.assert_allclose(X[:2, 0], (np.array([60, 70]) - mean) / std)
    np.testing.assert_array_equal(X[2:, :2], [[0, 1]] * 5)
    plain = preparation.transform(polars.DataFrame({"x": [60.0, None], "spare": [0.0] * 2}))
    np.testing.assert_allclose(plain[:, :2], [[(60 - mean) / std, 0], [0, 1]])


@pytest.mark.parametrize("unit", ["", " kg", " %"])
def test_a_few_words_beside_numbers_are_missing_and_said(unit):
    texts = [*(f"{value}{unit}" for value in VALUES), *WORDS, None]
    preparation, column = fit(texts)
    assert column.kind == "number"
    assert column.feature_names == ("x", "x missing")
    assert column.caution == "9 values are no numbers and count as missing: '-', 'n.a.', 'unknown'"
    assert preparation.cautions == (f"column 'x': {column.caution}.",)
    X = preparation.transform(frame_of(texts))
    np.testing.assert_allclose(X[:M, 0], standardized(VALUES), rtol=1e-12)
    np.testing.assert_array_equal(X[M:, :2], [[0, 1]] * 10)


@pytest.mark.parametrize(
    "texts",
    [
        [*map(str, VALUES[:18]), "unknown"],  # too few rows to tell
        [str(n % 10) for n in range(M)] + ["unknown"],  # codes, of which a word may be one
        [*map(str, VALUES), "inf", "unknown"],
        [*map(str, VALUES), *(f"word {letter}" for letter in "abcdef")],
        [*map(str, VALUES), *["unknown"] * 23],
        [*map(str, VALUES), "12-15"],
        [*map(str, VALUES), "<50"],
        [f"{n:03}" for n in range(M)] + ["unknown"],
        [f"A{n}" for n in range(M)],
        [f"{n} {['Main', 'Elm', 'Oak', 'Park', 'Hill', 'Lake'][n % 6]} Street" for n in range(M)],
        [f"{n}{'ABCDEF'[n % 6]}" for n in range(M)],
    ],
    ids=["few", "codes", "inf", "words", "share", "range", "bound", "zeros", "names", "streets", "seats"],
)
def test_what_may_mean_something_else_stays_texts(texts):
    assert fit(texts)[1].kind != "number"


@pytest.mark.parametrize(
    ("texts", "says"),
    [
        (
            [f"{value} {'lb' if n % 4 == 0 else 'kg'}" for n, value in enumerate(VALUES)],
            "200 of its 200 values are numbers, but it is read as texts: they have different units, "
            "'kg' (150), 'lb' (50); convert them to one",
        ),
        (
            [f"{value}{'' if n % 4 == 0 else ' kg'}" for n, value in enumerate(VALUES)],
            "they have different units, 'kg' (150), none (50); convert them to one",
        ),
        (
            [f"{'$€'[n % 2]}{value}" for n, value in enumerate(VALUES)],
            "they have different units, '$' (100), '€' (100)",
        ),
        (
            [*map(str, VALUES), *["unknown"] * 40, "none"],
            "200 of its 241 values are numbers, but it is read as texts: 41 are words, 'unknown' and 1 more; "
            "leave them empty where no number is known",
        ),
        ([*map(str, VALUES), "<0.5"], "read as texts: 1 is no number, '<0.5'; make numbers of them"),
        (
            [*map(str, VALUES), *["<0.5"] * 15, "10+", "see note 2"],
            "200 of its 217 values are numbers, but it is read as texts: 17 are no numbers, '<0.5' and 2 "
            "more; make numbers of them, or leave them empty",
        ),
        ([f"{1000 + n:,} kg" for n in range(M)], "'1,199' can be read in two ways"),
    ],
    ids=["units", "some", "signs", "words", "one mark", "marks", "two ways"],
)
def test_numbers_that_are_not_read_are_said(texts, says):
    _, column = fit(texts)
    assert column.kind != "number"
    assert says in column.caution


numbers = st.decimals(-9999, 9999, places=2).map(str)
parts = st.tuples(numbers, st.sampled_from(["", " kg", "kg", " lb", " days", " day", "%", "€"])).map("".join)
cells = st.one_of(parts, numbers, st.sampled_from(["unknown", "-", "NA", "", "n.a.", "12-3", "USD 5"]))


@settings(max_examples=25, deadline=None)
@given(
    texts=st.lists(cells, min_size=1, max_size=60) | st.lists(numbers.map("{} kg".format), min_size=20),
    words=st.integers(0, 4),
    size=st.integers(1, 60),
)
def test_any_texts_in_any_pieces_are_told_alike_and_laws_hold(texts, words, size):
    frame = frame_of([*texts, *["unknown"] * words, "x"])
    preparation = TablePreparation.fit(frame)
    column, other = preparation.columns[0], in_pieces(frame, size).columns[0]
    assert (type(column), column.feature_names, column.why, column.caution) == (
        type(other),
        other.feature_names,
        other.why,
        other.caution,
    )
    assert np.isfinite(preparation.transform(frame)).all()


@given(st.sampled_from(["USD", "Rs.", "US$", "kg", "s", "days", "µm", "ft-lb", "per cent"]), numbers)
def test_a_way_of_writing_reads_what_it_was_told_of(unit, number):
    text = f"{unit} {number}" if unit in ("USD", "Rs.", "US$") else f"{number} {unit}"
    written = infer_number_format(polars.Series([text, text]))
    assert written is not None
    assert parse_numbers(polars.Series([text, "soon", None]), written).to_list() == [
        float(number),
        None,
        None,
    ]
