"""Columns that alone tell the target: found where they were planted, and not in honest tables."""

import numpy as np
import polars
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris, load_wine

from deepstep.data import read_table
from deepstep.inspection.findings import leak_findings
from deepstep.preparation import TablePreparation

RNG = np.random.default_rng(0)
M = 240
CLASSES = np.repeat([0, 1, 2], M // 3)
MIXED = RNG.permutation(CLASSES)
NUMBERS = RNG.gamma(2, size=M)


def found(columns, answers, *, classes=True, **how):
    """The names of the columns that are found beside two columns of noise."""
    noise = {"noise": RNG.normal(size=len(answers)), "more noise": RNG.choice(list("abc"), len(answers))}
    leaks = leaks_of(polars.DataFrame({**columns, **noise}), answers, classes=classes, **how)
    return [leak.says.split("'")[1] for leak in leaks]


def names(answers):
    return np.array(["low", "middle", "high"])[answers]


@pytest.mark.parametrize(
    ("column", "answers"),
    [
        (np.arange(M), CLASSES),
        (np.arange(1, M + 1), CLASSES),
        (np.arange(1000, 1000 + 7 * M, 7), CLASSES),
        (np.sort(RNG.normal(size=M)), CLASSES),
        (np.argsort(np.argsort(MIXED, kind="stable")), MIXED),  # numbered when they were sorted, then mixed
        (polars.Series(np.arange(M)).cast(polars.Date), CLASSES),
        (MIXED, MIXED),
        (np.array([7, 3, 5])[MIXED], MIXED),
        (names(MIXED), MIXED),
        ([f"{name} {number % 20}" for name, number in zip(names(MIXED), range(M), strict=True)], MIXED),
        (MIXED == 0, (MIXED == 0).astype(int)),
        ([None if value else "died" for value in MIXED == 0], (MIXED == 0).astype(int)),
        ([None if value else 0.1 * row for row, value in enumerate(MIXED == 0)], (MIXED == 0).astype(int)),
        (MIXED + RNG.uniform(-0.4, 0.4, M), MIXED),
        (np.where(np.arange(M) % 120 == 7, 2 - MIXED, MIXED), MIXED),  # but for 2 rows
    ],
)
def test_a_planted_column_is_found(column, answers):
    assert found({"leak": column}, answers) == ["leak"]


@pytest.mark.parametrize(
    ("column", "answers"),
    [
        (np.arange(M), MIXED),
        (RNG.normal(size=M), CLASSES),
        (MIXED + RNG.normal(scale=0.3, size=M), MIXED),
        (np.where(RNG.uniform(size=M) < 0.05, RNG.permutation(MIXED), MIXED), MIXED),
        ([f"u{number}" for number in range(M)], CLASSES),  # another one in every row tells of no other row
        ([f"u{number // 2}" for number in range(M)], MIXED),
        (np.arange(M), np.r_[np.zeros(M - 9, int), np.ones(9, int)]),  # too few to tell
    ],
)
def test_an_honest_column_is_not_found(column, answers):
    assert found({"fair": column}, answers) == []


@pytest.mark.parametrize(
    "column",
    [
        -2 * NUMBERS + 3,
        np.exp(NUMBERS),
        np.where(np.arange(M) % 10 == 0, np.nan, NUMBERS),
        [f"{value:.9f}" for value in NUMBERS],
    ],
)
def test_a_planted_column_is_found_for_a_target_of_numbers(column):
    assert found({"leak": column}, NUMBERS, classes=False) == ["leak"]
    assert found({"leak": column}, NUMBERS, classes=False, surely=True) == []


def leaks_of(frame, answers, *, classes, columns=None, **how):
    """The findings about a table as it is."""
    learned = columns or {column.name: column for column in TablePreparation.fit(frame).columns}
    return list(leak_findings(frame, learned, {"y": answers}, classes=classes, **how))


@pytest.mark.parametrize("load", [load_iris, load_wine, load_breast_cancer, load_digits, load_diabetes])
def test_honest_tables_have_no_leak(load):
    data = load(as_frame=True)
    frame, target = polars.from_pandas(data.data), data.target.to_numpy()
    assert leaks_of(frame, target, classes=load is not load_diabetes) == []


@pytest.mark.parametrize(
    ("name", "target", "leaks"),
    [
        ("titanic", "survived", ["alive"]),
        ("penguins", "species", []),
        ("mpg", "mpg", []),
        ("california_housing", "ocean_proximity", []),
        ("diamonds", "carat", []),
    ],
)
def test_well_known_tables(shared, name, target, leaks):
    frame = read_table(shared / f"data/tables/{name}.csv").drop_nulls(target)
    answers, frame = frame.get_column(target), frame.drop(target)
    classes = not answers.dtype.is_float() and answers.n_unique() < 20
    values = answers.cast(polars.String).to_numpy() if classes else answers.to_numpy()
    codes = np.unique(values, return_inverse=True)[1] if classes else values
    assert [one.says.split("'")[1] for one in leaks_of(frame, codes, classes=classes)] == leaks


def test_noise_is_hardly_ever_found():
    """By what `CHANCE` says in one table of a million; here are 2,400 columns in small tables."""
    for m in (20, 30, 120):
        for seed in range(2):
            rng = np.random.default_rng(seed)
            frame = polars.DataFrame(rng.normal(size=(m, 200)).round(rng.integers(0, 3)))
            for answers in (rng.permutation(m) % 2, rng.permutation(m) % 3):
                columns = dict.fromkeys(frame.columns)
                assert leaks_of(frame, answers, classes=True, columns=columns) == []


def test_a_column_that_numbers_the_rows_is_told_to_do_so():
    frame = polars.DataFrame({"minute": np.arange(M), "x": RNG.normal(size=M)})
    (told,) = leaks_of(frame, CLASSES, classes=True)
    assert (told.kind, told.severity) == ("leakage", "warning")
    assert "it numbers the rows, which are sorted by the target" in told.says
    assert "(--exclude minute)" in told.hint


def test_the_only_input_is_what_is_learned_from():
    frame = polars.DataFrame({"x": np.sort(RNG.normal(size=M))})
    for answers, classes in ((CLASSES, True), (frame["x"].to_numpy() ** 3, False)):
        assert leaks_of(frame, answers, classes=classes, columns={"x": None}) == []


def test_many_rows_and_columns_are_looked_at_in_a_sample(monkeypatch):
    m = 30_000
    frame = polars.DataFrame({"t": np.arange(m), "x": RNG.normal(size=m)})
    (told,) = leaks_of(frame, np.arange(m) // (m // 2), classes=True, columns={"t": None, "x": None})
    assert "of 10,000 rows" in told.says
    monkeypatch.setattr("deepstep.inspection.findings.leaks.MOST_CELLS", 100_000)
    wide = polars.DataFrame(RNG.normal(size=(600, 200))).with_columns(leak=names(np.arange(600) % 3))
    (told,) = leaks_of(wide, np.arange(600) % 3, classes=True)
    assert "'leak' alone" in told.says
    assert "of 500 rows" in told.says


def test_surely_finds_no_easy_data():
    iris = load_iris(as_frame=True)
    frame, setosa = polars.from_pandas(iris.data), (iris.target == 0).astype(int).to_numpy()
    columns = dict.fromkeys(frame.columns)
    assert len(leaks_of(frame, setosa, classes=True, columns=columns)) == 2  # of the petals
    assert leaks_of(frame, setosa, classes=True, columns=columns, surely=True) == []
    for planted in (np.arange(M), np.array([7, 3, 5])[CLASSES]):
        assert found({"leak": planted}, CLASSES, surely=True) == ["leak"]
