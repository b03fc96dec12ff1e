"""Which kind a column is, and its features: each rule with the case beside it that it must not take."""

import datetime as dt
import itertools

import numpy as np
import polars
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepstep.errors import ConfigurationError, DataError
from deepstep.preparation import TablePreparation
from deepstep.preparation.dates import as_moments
from deepstep.preparation.number_formats import NUMBER_FORMATS, SIGNS, infer_number_format, parse_numbers
from deepstep.preparation.parsing import DATE_FORMATS


def fit(values, name="x", **more):
    series = values if isinstance(values, polars.Series) else polars.Series(name, values, strict=False)
    frame = polars.DataFrame({name: series, **more})  # of a list, polars names a series without a name
    return TablePreparation.fit(frame), frame


def kind(values, name="x"):
    m = len(values)
    preparation, _ = fit(values, name, spare=np.linspace(0, 1, m))
    return preparation.columns[0].kind


def later(preparation, values):
    return preparation.transform(polars.DataFrame({"x": polars.Series(values, strict=False)}))


# Numbers as texts


@pytest.mark.parametrize(
    ("texts", "written", "numbers"),
    [
        (["1", " 2.5 ", "-3e2", ".5"], "1234.5", [1, 2.5, -300, 0.5]),
        (["1,234,567", "12"], "1,234.5", [1234567, 12]),
        (["1,234.5", "-12"], "1,234.5", [1234.5, -12]),
        (["1,234", "0.25"], "1,234.5", [1234, 0.25]),
        (["1.234.567", "12"], "1.234,5", [1234567, 12]),
        (["1.234,5", "7"], "1.234,5", [1234.5, 7]),
        (["3,14", "2"], "1.234,5", [3.14, 2]),
        (["0,125", "2"], "1.234,5", [0.125, 2]),
        (["12 345", "7.5"], "1 234.5", [12345, 7.5]),
        (["12\u202f345", "7"], "1 234.5", [12345, 7]),
        (["1’234’567.25", "7"], "1 234.5", [1234567.25, 7]),
        (["12 345,5", "7"], "1 234,5", [12345.5, 7]),
        (["12%", "7.5 %"], "1234.5%", [12, 7.5]),
        (["1,5 %", "100 %"], "1.234,5%", [1.5, 100]),
        (["12,50 €", "1.234,00€"], "1.234,5€", [12.5, 1234]),
        (["$1,234.50", "-$3", "$ 7"], "1,234.5$", [1234.5, -3, 7]),
        (["£5", "6.25£"], "1234.5£", [5, 6.25]),
    ],
)
def test_numbers_written_as_texts(texts, written, numbers):
    preparation, frame = fit([*texts, None, "", "NA"])
    (column,) = preparation.columns
    assert (column.kind, column.written) == ("number", written)
    expected = (np.array(numbers) - np.mean(numbers)) / np.std(numbers)
    X = preparation.transform(frame)
    np.testing.assert_allclose(X[: len(numbers), 0], expected, rtol=1e-12)
    np.testing.assert_array_equal(X[len(numbers) :], [[0, 1]] * 3)
    np.testing.assert_allclose(later(preparation, numbers)[:, 0], expected, rtol=1e-12)


@pytest.mark.parametrize(
    "texts",
    [
        ["1,234", "5,678", "9"],  # thousands or decimals
        ["007", "008", "1"],  # names with leading zeros
        ["12%", "7", "8"],
        ["12 €", "7 $", "8 €"],
        ["$12$", "$7", "$8"],
        ["1$2", "$7", "$8"],
        ["$", "$7", "$8"],
        ["1,23,456", "7", "8"],
        ["1.234,5", "1,234.5", "8"],
        ["12 345 6", "7", "8"],
        ["+49", "7", "8"],
        ["1", "two", "3"],
        ["inf", "1", "2"],
        ["-", "1", "2"],
        ["١", "٢", "3"],
    ],
)
def test_texts_that_are_not_clearly_numbers_stay_categories(texts):
    assert kind(texts) == "category"


def test_every_way_of_writing_reads_its_own_example():
    for plain, sign in itertools.product(NUMBER_FORMATS, ["", *SIGNS]):
        texts = polars.Series([f"{plain} {sign}".strip()])
        assert parse_numbers(texts, plain + sign).to_list() == [1234.5]
        assert not sign or parse_numbers(polars.Series([plain]), plain + sign).null_count() == 1
        assert infer_number_format(texts) is not None


# Whole numbers


def test_whole_numbers_of_few_values_are_numbers():
    """A feature for each of them was measured, and helped no table (docs/tables.md)."""
    assert fit([1, 2, 3] * 20)[0].feature_names == ("x",)


# Names of rows


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("Unnamed: 0", list(range(1, 31))),
        ("index", list(range(30))[::-1]),
        ("rownames", [str(number) for number in range(30)]),
        ("row", sorted({(number * 7919) % 100 for number in range(70)})),  # a share of what counted to 100
        ("id", [10**6 + 3 * number for number in range(30)]),
        ("PassengerId", [10**6 - 3 * number for number in range(30)]),
        ("user_id", [(number * 7919) % 10007 for number in range(30)]),
        ("x", [f"u{number:05}" for number in range(30)]),
        *((name, list(range(1, 31))) for name in ("rowid", "obs", "No.", "#", "seq", "pk", "Obs.", "S. No.")),
        *((name, list(range(30))) for name in ("", "Unnamed: 3", "Unnamed: 0.1", "__index_level_0__", "Id")),
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
        ("year", list(range(1900, 1950))),
        ("day", list(range(50))),  # or a rank: it counts the rows, and means something
        ("x", list(range(50))[::-1]),
        ("x", [10**6 + 3 * number for number in range(30)]),
        ("paid", [10**6 + 3 * number for number in range(30)]),
        ("width", [10**6 + 3 * number for number in range(30)]),
        ("x", list(range(1, 20))),  # too few rows to tell
        ("x", [1, *range(1, 30)]),
        ("x", [None, *range(1, 30)]),
        ("id", [0.5 + number for number in range(30)]),
        ("id", [3, 1, 2, *range(4, 15)]),  # too few rows to tell, and not in order
        ("obs", [1, *range(1, 30)]),
        ("observed", list(range(30))),
        ("sequences", list(range(30))),
        ("x", [float(number) for number in range(30)]),
    ],
)
def test_numbers_that_are_no_names_of_rows_stay(name, values):
    assert kind(values, name) == "number"


def test_names_of_rows_are_kept_where_there_is_nothing_else():
    preparation, _ = fit(list(range(40)), "id", constant=["a"] * 40)
    assert preparation.feature_names == ("id",)


def test_names_of_rows_are_kept_on_request():
    frame = polars.DataFrame({"id": range(40), "code": [f"u{n}" for n in range(40)], "x": [0.5, 1.5] * 20})
    assert TablePreparation.fit(frame).identifiers == ("id", "code")
    kept = TablePreparation.fit(frame, keep=["id"])
    assert (kept.feature_names, kept.identifiers) == (("id", "x"), ("code",))
    with pytest.raises(ConfigurationError, match=r"column to keep is .*; got 'ids'. Did you mean 'id'"):
        TablePreparation.fit(frame, keep=["ids"])


# Texts

CARS = [f"{maker} {model}" for maker in ("ford", "Audi", "fiat") for model in "abcdefghijklmnopqrst"]


def test_texts_that_are_mostly_different_have_their_words():
    preparation, frame = fit([*CARS, None])
    assert preparation.columns[0].kind == "text"
    names = preparation.feature_names
    assert names == ("x missing", "x has audi", "x has fiat", "x has ford")  # a model has 3 rows: few
    X = preparation.transform(frame)
    np.testing.assert_array_equal(X[:, names.index("x has audi")], [0] * 20 + [1] * 20 + [0] * 21)
    np.testing.assert_array_equal(X[:, names.index("x missing")], [0] * 60 + [1])
    new = later(preparation, ["AUDI-ford!", "nothing", ""])
    assert new[0].sum() == 2
    assert not new[1:].any()


def test_mostly_different_texts_keep_what_comes_often():
    rare = [f"w{number}" for number in range(100)]
    preparation, _ = fit(["often"] * 25 + rare)
    assert preparation.feature_names == ("x=often", "x other")
    preparation, _ = fit([*rare, "w0"], spare=np.linspace(0, 1, 101))
    assert preparation.columns[0].kind == "identifier"
    assert "none comes often" in preparation.columns[0].done
    preparation, _ = fit([*rare, "w0", None])
    assert preparation.feature_names == ("x missing", "x other")


def test_texts_of_more_than_50_values_that_come_again_have_both():
    values = [f"{city} street {number}" for city in ("york", "bath") for number in range(30)] * 3
    preparation, frame = fit(values)
    names = preparation.feature_names
    assert sum("=" in name for name in names) == 50
    assert {"x other", "x has york", "x has bath"} <= set(names)
    assert "x has street" not in names  # in every row
    X = preparation.transform(frame)
    assert (X[:, :51].sum(axis=1) == 1).all()
    assert X[:, names.index("x has york")].sum() == 90


def test_words_have_to_be_frequent():
    rare = [f"a{number} rare" if number < 2 else f"a{number} often" for number in range(40)]
    assert fit([*rare, "b"])[0].feature_names == ("x has often",)
    rare = [f"a{number} seldom" if number < 9 else f"a{number} often" for number in range(999)]
    assert fit([*rare, "b"])[0].feature_names == ("x has often",)


def test_of_many_words_the_50_most_frequent_are_kept():
    values = [
        f"u{row} " + " ".join(f"w{word}" for word in range(60) if row % (word + 2) == 0) for row in range(999)
    ]
    (column,) = fit(values)[0].columns
    assert len(column.words) == 50
    assert "w0" in column.words
    assert "w59" not in column.words


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


def test_hours_are_parts_of_moments_and_times():
    moments = [dt.datetime(2020, 1, 1) + dt.timedelta(hours=hour) for hour in range(30)]
    preparation, _ = fit(moments)
    assert preparation.feature_names == ("x", "x hour sine", "x hour cosine")
    np.testing.assert_allclose(later(preparation, [dt.datetime(2020, 1, 1, 6)])[0, 1:], [1, 0], atol=1e-7)
    times, _ = fit([dt.time(hour) for hour in (1, 5, 9)])
    assert times.feature_names == ("x", "x hour sine", "x hour cosine")


def test_parts_that_training_did_not_go_round_are_left_out():
    assert fit([dt.date(2020, 1, day) for day in range(1, 6)])[0].feature_names == ("x",)
    mondays = [dt.date(2020, 1, 6) + dt.timedelta(weeks=week) for week in range(30)]
    assert fit(mondays)[0].feature_names == ("x",)
    noons = [dt.datetime(2020, 1, 6, 12) + dt.timedelta(weeks=week) for week in range(30)]
    assert fit(noons)[0].feature_names == ("x",)


@pytest.mark.parametrize(
    "texts",
    [
        ["2020-01-01", "2020-01-03"],
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
        ("%d.%m.%Y %H:%M", "31.12.2020", range(20)),
        ("%-m/%-d/%Y %H:%M:%S", "12/31/2020", range(20)),
        ("%-d.%-m.%Y", "31.12.2020", range(9)),
        ("%-d %B %Y", "31 Dec 2020", range(130)),
        ("%d %b %Y %H:%M", "31 Dec 2020", range(130)),
        ("%d-%b-%Y", "31-Dec-2020", range(20)),
        ("%d-%b-%y", "31-Dec-20", range(0, 18_000, 130)),
        ("%-d-%B-%y", "31-Dec-20", range(-5000, 0, 130)),
        ("%b %-d, %Y", "Dec 31, 2020", range(130)),
        ("%B %d %Y %H:%M:%S", "Dec 31, 2020", range(20)),
    ],
)
def test_dates_written_in_other_ways_are_those_of_python(format_, written, days):
    dates = [dt.datetime(2019, 12, 24) + dt.timedelta(days=3 * day, minutes=day) for day in days]
    read = [dt.datetime.strptime(one.strftime(format_), format_.replace("%-", "%")) for one in dates]
    preparation, frame = fit([*(one.strftime(format_) for one in dates), None])
    (column,) = preparation.columns
    assert (column.kind, column.written) == ("date", written)
    expected, moments = fit([*read, None])
    np.testing.assert_allclose(preparation.transform(frame), expected.transform(moments), atol=1e-9)
    assert "NaN" not in str(later(preparation, ["31.31.2020"]))


@pytest.mark.parametrize(
    "texts",
    [
        ["01/02/2020", "1.2.2020", "x"],
        ["2020-13-01", "2020-01-01", "2020-01-02"],
        ["1/2/2020", "3/4/2020", "5/6/2020"],  # days or months
        ["13/1/2020", "1/13/2020", "1/1/2020"],
        ["31.2.2020", "1.2.2020", "2.2.2020"],
        ["1.2.20", "31.12.20", "2.2.20"],
        ["31.12.2020 soon", "1.2.2020", "2.2.2020"],
        ["3 March 2021", "Mar 4, 2021", "5 March 2021"],  # mixed
        ["3 March 2021", "4-Mar-2021", "5.3.2021"],
        ["03-Mar-21", "04-Mar-2021", "05-Mar-21"],
        ["30 Feb 2021", "1 Feb 2021", "2 Feb 2021"],
        ["3 März 2021", "4 Mai 2021", "5 mars 2021"],
        ["3 Marching 2021", "4 March 2021", "5 March 2021"],
        ["March 2021", "April 2021", "May 2021"],
        ["3 Mar 21", "4 Mar 21", "5 Mar 21"],
    ],
)
def test_other_texts_are_no_dates(texts):
    assert kind(texts) == "category"


@pytest.mark.parametrize("written", DATE_FORMATS)
def test_a_year_has_four_digits_in_every_format_but_its_own(written):
    """As in exports: polars would take 20-01-05 for a day of the year 20."""
    moments = as_moments(polars.Series(["20-01-05", "2020-01-05", None]), written)
    assert moments.is_null().to_list() == [True, False, True]


@settings(max_examples=25)
@given(st.data())
def test_names_of_months_are_read_in_any_case_and_length(data):
    """Long and short names stand in one column; years of two digits are Python's."""
    written, pieces = data.draw(
        st.sampled_from(
            [
                ("31 Dec 2020", "{day} {name} {year}"),
                ("31-Dec-2020", "{day:02}-{name}-{year}"),
                ("31-Dec-20", "{day}-{name}-{short:02}"),
                ("Dec 31, 2020", "{name} {day}, {year}"),
            ]
        )
    )
    days = data.draw(
        st.lists(st.dates(dt.date(1969, 1, 1), dt.date(2068, 12, 31)), min_size=3, max_size=9, unique=True)
    )
    texts = []
    for day in days:
        long = day.strftime("%B")
        name = data.draw(st.sampled_from([long, long[:3], "Sept" if day.month == 9 else long, long.upper()]))
        name = data.draw(st.sampled_from([name, name.lower()]))
        texts.append(pieces.format(day=day.day, name=name, year=day.year, short=day.year % 100))
    preparation, frame = fit(texts)
    (column,) = preparation.columns
    assert (column.kind, column.written) == ("date", written)
    expected, dates = fit(days)
    np.testing.assert_allclose(preparation.transform(frame), expected.transform(dates), atol=1e-9)


def test_moments_of_different_zones_are_compared_in_utc():
    berlin = polars.Series([dt.datetime(2020, 7, 1, 2), dt.datetime(2020, 7, 3, 2)])
    preparation, _ = fit([dt.datetime(2020, 7, 1), dt.datetime(2020, 7, 3)])
    X = later(preparation, berlin.dt.replace_time_zone("Europe/Berlin"))
    np.testing.assert_array_equal(X[:, 0], [-1, 1])


def test_one_row_is_refused_in_words():
    with pytest.raises(DataError, match=r"column with different values is expected .*; there is 1 sample"):
        fit(["a"])
