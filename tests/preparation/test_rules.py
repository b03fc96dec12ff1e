"""Which kind a column is, and its features: each rule with the case beside it that it must not take.

Numbers that are read from texts are compared with those that the texts were made of.
"""

import datetime as dt

import numpy as np
import polars
import pytest

from deepstep.errors import ConfigurationError
from deepstep.preparation import TablePreparation
from tables_in_parts import in_chunks


def fit(values, name="x", **more):
    series = values if isinstance(values, polars.Series) else polars.Series(name, values, strict=False)
    frame = polars.DataFrame({name: series, **more})  # of a list, polars names a series without a name
    return TablePreparation.fit(frame), frame


def later(preparation, values):
    return preparation.transform(polars.DataFrame({"x": polars.Series(values, strict=False)}))


def standardized(numbers):
    return (np.array(numbers) - np.mean(numbers)) / np.std(numbers)


def taught(texts):
    """What the column teaches, which is the same by one pass over pieces."""
    preparation, frame = fit(texts)
    facts = [
        (one.kind, one.feature_names, one.why, one.caution, getattr(one, "written", ""))
        for one in (preparation.columns[0], in_chunks(frame, 7).columns[0])
    ]
    assert facts[0] == facts[1]
    return preparation, preparation.columns[0]


# Numbers as texts, with a unit, or beside words for a missing number

M = 200
VALUES = np.random.default_rng(5).uniform(50, 100, M).round(1)
WORDS = ["unknown"] * 5 + ["n.a."] + ["-"] * 3
DAYS = range(1, 61)


@pytest.mark.parametrize(
    ("texts", "written", "numbers"),
    [
        (["1", " 2.5 ", "-3e2", ".5"], "1234.5", [1, 2.5, -300, 0.5]),
        (["1,234", "0.25"], "1,234.5", [1234, 0.25]),
        (["1.234.567", "12"], "1.234,5", [1234567, 12]),
        (["12 345", "7.5"], "1 234.5", [12345, 7.5]),
        (["1’234’567.25", "7"], "1 234.5", [1234567.25, 7]),
        (["1,5 %", "100 %"], "1.234,5%", [1.5, 100]),
        (["12,50 €", "1.234,00€"], "1.234,5€", [12.5, 1234]),
        (["$1,234.50", "-$3", "$ 7"], "1,234.5$", [1234.5, -3, 7]),
        ([f"{value} kg" for value in VALUES], "1234.5 kg", VALUES),
        ([f"-{value} °C" for value in VALUES], "1234.5 °C", -VALUES),
        ([f"${value}k" for value in VALUES], "1234.5$ k", VALUES),
        ([f"EUR{value}" for value in VALUES], "EUR 1234.5", VALUES),
        ([f"{n} day" if n == 1 else f"{n} days" for n in DAYS], "1234.5 day", DAYS),
    ],
)
def test_numbers_written_as_texts(texts, written, numbers):
    preparation, column = taught([*texts, None, "", "NA"])
    assert (column.kind, column.written, column.feature_names) == ("number", written, ("x", "x missing"))
    assert (column.why, column.caution) == (f"texts that are numbers, written as {written}", "")
    X = later(preparation, [*texts, None, "", "NA", "soon", "60 lb"])
    np.testing.assert_allclose(X[: len(numbers), 0], standardized(numbers), rtol=1e-12)
    np.testing.assert_array_equal(X[len(numbers) :], [[0, 1]] * 5)
    np.testing.assert_allclose(later(preparation, numbers)[:, 0], standardized(numbers), rtol=1e-12)


@pytest.mark.parametrize("unit", ["", " kg", " %"])
def test_a_few_words_beside_numbers_are_missing_and_said(unit):
    texts = [*(f"{value}{unit}" for value in VALUES), *WORDS, None]
    preparation, column = taught(texts)
    assert (column.kind, column.feature_names) == ("number", ("x", "x missing"))
    assert column.caution == "9 values are no numbers and count as missing: '-', 'n.a.', 'unknown'"
    assert preparation.cautions == (f"column 'x': {column.caution}.",)
    X = later(preparation, texts)
    np.testing.assert_allclose(X[:M, 0], standardized(VALUES), rtol=1e-12)
    np.testing.assert_array_equal(X[M:], [[0, 1]] * 10)


TWO_UNITS = [f"{value} {'lb' if n % 4 == 0 else 'kg'}" for n, value in enumerate(VALUES)]


@pytest.mark.parametrize(
    ("texts", "caution"),
    [
        (["1,234", "5,678", "9"], ""),  # thousands or decimals
        (["007", "008", "1"], ""),  # names with leading zeros
        (["12%", "7", "8"], ""),
        (["1$2", "$7", "$8"], ""),
        (["inf", "1", "2"], ""),
        (["١", "٢", "3"], ""),
        (["2020-13-01", "2020-01-01", "2020-01-02"], ""),
        (["20-01-05", "20-01-06", "20-02-07"], ""),  # as in exports: polars would take it for the year 20
        (["1/2/2020", "3/4/2020", "5/6/2020"], ""),  # days or months
        (["31.2.2020", "1.2.2020", "2.2.2020"], ""),
        (["3 March 2021", "Mar 4, 2021", "5 March 2021"], ""),  # mixed
        (["March 2021", "April 2021", "May 2021"], ""),
        ([*map(str, VALUES[:18]), "unknown"], ""),  # too few rows to tell
        ([str(n % 10) for n in range(M)] + ["unknown"], ""),  # codes, of which a word may be one
        ([*map(str, VALUES), *(f"word {letter}" for letter in "abcdef")], ""),
        ([*map(str, VALUES), *["unknown"] * 23], ""),
        ([*map(str, VALUES), "<50"], ""),
        ([f"{n}{'ABCDEF'[n % 6]}" for n in range(M)], ""),  # seats
        (TWO_UNITS, "they have different units, 'kg' (150), 'lb' (50); convert them to one"),
        ([*map(str, VALUES), *["unknown"] * 40, "none"], "200 of its 241 values are numbers, but it is"),
        ([f"{1000 + n:,} kg" for n in range(M)], "'1,199' can be read in two ways"),
    ],
    ids=range(21),
)
def test_what_may_mean_something_else_stays_texts(texts, caution):
    column = taught(texts)[1]
    assert column.kind not in ("number", "date")
    assert caution in column.caution


# Names of rows


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("Unnamed: 0", list(range(1, 31))),
        ("row", sorted({(number * 7919) % 100 for number in range(70)})),  # a share of what counted to 100
        ("id", [10**6 + 3 * number for number in range(30)]),
        ("x", [f"u{number:05}" for number in range(30)]),
        *((name, list(range(30))[::-1]) for name in ("index", "rowid", "No.", "#", "pk", "S. No.", "", "Id")),
        *((name, list(range(30))) for name in ("Unnamed: 3", "Unnamed: 0.1", "__index_level_0__")),
        ("seq", list(range(3, 20))),  # few rows, which grow
    ],
)
def test_names_of_rows_are_left_out_with_the_reason(name, values):
    preparation, frame = fit(values, name, spare=np.linspace(0, 1, len(values)))
    assert preparation.columns[0].kind == "identifier"
    assert preparation.feature_names == ("spare",)
    assert "left out: it" in preparation.describe()[0].done
    assert preparation.transform(frame.drop(name)).shape == (len(values), 1)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("x", [1, 2, 3] * 20),  # a feature for each of them helped no table (docs/tables.md)
        ("day", list(range(50))),  # or a rank: it counts the rows, and means something
        ("paid", [10**6 + 3 * number for number in range(30)]),
        ("x", list(range(1, 20))),  # too few rows to tell
        ("x", [None, *range(1, 30)]),
        ("id", [0.5 + number for number in range(30)]),
        ("id", [3, 1, 2, *range(4, 15)]),  # too few rows to tell, and not in order
        ("sequences", list(range(30))),
    ],
)
def test_numbers_that_are_no_names_of_rows_stay(name, values):
    preparation, _ = fit(values, name, spare=np.linspace(0, 1, len(values)))
    assert preparation.columns[0].kind == "number"


def test_names_of_rows_are_kept_on_request_and_where_there_is_nothing_else():
    frame = polars.DataFrame({"id": range(40), "code": [f"u{n}" for n in range(40)], "x": [0.5, 1.5] * 20})
    assert TablePreparation.fit(frame).identifiers == ("id", "code")
    kept = TablePreparation.fit(frame, keep=["id"])
    assert (kept.feature_names, kept.identifiers) == (("id", "x"), ("code",))
    with pytest.raises(ConfigurationError, match=r"keep must .*, got 'ids'. Did you mean 'id'"):
        TablePreparation.fit(frame, keep=["ids"])
    without_others = frame.select("id", constant=polars.lit("a"))
    assert TablePreparation.fit(without_others).feature_names == ("id",)


# Texts

CARS = [f"{maker} {model}" for maker in ("ford", "Audi", "fiat") for model in "abcdefghijklmnopqrst"]


def test_texts_that_are_mostly_different_have_their_words_or_what_comes_often():
    preparation, frame = fit([*CARS, None])
    assert preparation.columns[0].kind == "text"
    names = preparation.feature_names
    assert names == ("x missing", "x has audi", "x has fiat", "x has ford")  # a model has 3 rows: few
    X = preparation.transform(frame)
    np.testing.assert_array_equal(X[:, 1], [0] * 20 + [1] * 20 + [0] * 21)
    np.testing.assert_array_equal(X[:, 0], [0] * 60 + [1])
    assert later(preparation, ["AUDI-ford!", "nothing", ""]).sum(axis=1).tolist() == [2, 0, 0]
    rare = [f"w{number}" for number in range(100)]
    assert fit(["often"] * 25 + rare)[0].feature_names == ("x=often", "x other")
    assert fit([*rare, "w0", None])[0].feature_names == ("x missing", "x other")
    preparation, _ = fit([*rare, "w0"], spare=np.linspace(0, 1, 101))
    assert preparation.columns[0].kind == "identifier"
    assert "none comes often" in preparation.columns[0].done


# Dates


def test_parts_of_dates_are_circles():
    start = dt.date(2020, 1, 6)  # a Monday
    preparation, frame = fit([start + dt.timedelta(days=day) for day in range(800)])
    assert preparation.feature_names == (
        "x", "x month sine", "x month cosine", "x weekday sine", "x weekday cosine"
    )  # fmt: skip
    X = preparation.transform(frame)
    np.testing.assert_allclose(X[0, 1:], [0, 1, 0, 1], atol=1e-12)
    thursday = later(preparation, [dt.date(1969, 4, 3)])  # a day before 1970, in the fourth month
    np.testing.assert_allclose(
        thursday[0, 1:], [1, 0, np.sin(2 * np.pi * 3 / 7), np.cos(2 * np.pi * 3 / 7)], atol=1e-12
    )
    assert later(preparation, [None])[0].tolist() == [0] * 5
    moments = [dt.datetime(2020, 1, 1) + dt.timedelta(hours=hour) for hour in range(30)]
    times = [dt.time(hour) for hour in (1, 5, 9)]
    for values, six in ((moments, dt.datetime(2020, 1, 1, 6)), (times, dt.time(6))):
        preparation, _ = fit(values)
        assert preparation.feature_names == ("x", "x hour sine", "x hour cosine")
        np.testing.assert_allclose(later(preparation, [six])[0, 1:], [1, 0], atol=1e-7)


def test_parts_that_training_did_not_go_round_are_left_out():
    assert fit([dt.date(2020, 1, day) for day in range(1, 6)])[0].feature_names == ("x",)
    mondays = [dt.date(2020, 1, 6) + dt.timedelta(weeks=week) for week in range(30)]
    assert fit(mondays)[0].feature_names == ("x",)


@pytest.mark.parametrize(
    "texts",
    [
        ["2020-01-01 00:00:00", "2020-01-03T00:00"],
        ["2020-01-01T00:00:00Z", "2020-01-03 00:00:00.000+00:00"],
        ["2020-01-01T02:00:00+02:00", "2020-01-02T19:00-05:00"],
        ["2020-01-01T02:00+0200", None, "2020-01-03"],
    ],
)
def test_iso_dates_as_texts_are_dates_in_utc(texts):
    preparation, frame = fit(texts)
    assert preparation.columns[0].kind == "date"
    present = preparation.transform(frame)[:, 0]
    assert present[[0, -1]].tolist() == [-1, 1]
    assert later(preparation, [dt.date(2020, 1, 2)])[0, 0] == 0


@pytest.mark.parametrize(
    ("format_", "written", "days"),
    [
        ("%d.%m.%Y", "31.12.2020", range(20)),
        ("%Y/%m/%d", "2020/12/31", range(20)),
        ("%d/%m/%Y", "31/12/2020", range(20)),
        ("%m/%d/%Y", "12/31/2020", range(20)),
        ("%-d %B %Y", "31 Dec 2020", range(130)),
        ("%-d-%B-%y", "31-Dec-20", range(-5000, 18_000, 130)),
        ("%-m/%-d/%Y %H:%M:%S", "12/31/2020", range(20)),
        ("%d %b %Y %H:%M", "31 Dec 2020", range(130)),
        ("%B %d %Y %H:%M:%S", "Dec 31, 2020", range(20)),
    ],
)
def test_dates_written_in_other_ways_are_those_of_python(format_, written, days):
    dates = [dt.datetime(2019, 12, 24) + dt.timedelta(days=3 * day, minutes=day) for day in days]
    read = [dt.datetime.strptime(one.strftime(format_), format_.replace("%-", "%")) for one in dates]
    texts = [one.strftime(format_) for one in dates]
    preparation, frame = fit([*texts[:-2], texts[-2].lower(), texts[-1].upper(), None])
    (column,) = preparation.columns
    assert (column.kind, column.written) == ("date", written)
    expected, moments = fit([*read, None])
    np.testing.assert_allclose(preparation.transform(frame), expected.transform(moments), atol=1e-9)
    assert "NaN" not in str(later(preparation, ["31.31.2020"]))
