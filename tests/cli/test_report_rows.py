"""deepstep report: which rows stand behind the answers, and that they stand there as in the user's file."""

import csv
import json
import re
import shutil

import numpy as np
import polars
import pytest

from deepstep.data import load
from deepstep.report.predictions import MOST_EXAMPLES, WORST
from report_page import check

COLUMNS = ["code", "age", "weight", "ward", "seen", "ill", "days"]
ONE_NETWORK = ["--iterations", "8", "--hidden-layers", "4", "--seed", "5", "--drop-missing-target"]


@pytest.fixture
def patients(tmp_path):
    """A table whose cells are written in ways that no number keeps, two rows of it without a target."""
    rng = np.random.default_rng(0)
    lines = []
    for row in range(120):
        age = rng.integers(20, 90)
        ill = "" if row in (7, 30) else ("yes" if age + 25 * rng.normal() > 55 else "no")
        weight = "NA" if row % 9 == 0 else f"{60 + 20 * rng.random():.2f}0"
        ward, days = ["north", "south", "ICU <b>"][row % 3], f"{3 + age / 10 + rng.random():.1f}0"
        seen = f"2024-0{row % 9 + 1}-11"
        lines.append([f"{row:04}", str(age), weight, ward, seen, ill, days])
    with (tmp_path / "patients.csv").open("w", newline="") as file:
        csv.writer(file).writerows([COLUMNS, *lines])
    return lines


def as_written(page, lines, columns):
    """Prove that every row of the page is that of the file, cell by cell; gives the numbers of all."""
    seen = {}
    for table in page.examples:
        for number, cells in table.items():
            of_file = dict(zip(COLUMNS, lines[number - 1], strict=True))
            assert {name: cells[name] for name in columns} == {name: of_file[name] for name in columns}
            seen[number] = of_file
    return seen


@pytest.mark.parametrize(
    ("options", "part", "told"),
    [
        ([], "test", "held out for the test"),
        (["--validation-fraction", "0.3", "--test-fraction", "0.1"], "test", "held out for the test"),
        (["--validation-fraction", "0.3", "--test-fraction", "0"], "validation", "validated on"),
        (["--validation", "patients.csv", "--test-fraction", "0"], "validation", "validated on"),
        (["--test-fraction", "0"], "train", "No rows were held out"),
        (
            ["--patience", "2", "--refit", "--test-fraction", "0"],
            "train",
            "No rows were held out",
        ),
        (["--n-estimators", "2"], "test", "held out for the test"),
    ],
)
def test_held_out_rows_stand_there_as_in_the_file(deepstep, patients, tmp_path, options, part, told):
    typed = ["--drop-missing-target"] if "--n-estimators" in options else ONE_NETWORK
    assert deepstep("train", "patients.csv", "--target", "ill", "--out", "run", *typed, *options).code == 0
    assert deepstep("report", "run").code == 0
    page = check(tmp_path / "report.html")
    assert told in page.text
    recorded = json.loads(deepstep("summary", "run", "--json").out)["results"][part]
    right, rows = map(int, re.search(r"(\d+) of (\d+) predictions are correct", page.text).groups())
    if "--refit" not in options:  # whose results are those of all rows
        assert (rows, right) == (recorded["rows"], round(recorded["accuracy"] * recorded["rows"]))
    shown = as_written(page, patients, ["code", "age", "weight", "ward", "seen", "days"])
    assert shown
    assert not {8, 31} & set(shown)  # without a target
    for number, cells in page.examples[-1].items():  # the worst mistakes
        assert shown[number]["ill"] == cells["true"] != cells["predicted"]


def test_losses_are_those_of_the_answers_and_fall(deepstep, patients, tmp_path):
    deepstep("train", "patients.csv", "--target", "ill", "--out", "run", *ONE_NETWORK)
    deepstep("report", "run")
    told = json.loads(deepstep("predict", "run", "patients.csv", "--json").out)
    for table in check(tmp_path / "report.html").examples:
        losses = [float(cells["loss"]) for cells in table.values()]
        assert losses == sorted(losses, reverse=True)
        for number, cells in table.items():
            P = told["probabilities"][number - 1][told["classes"].index(patients[number - 1][5])]
            assert float(cells["loss"]) == pytest.approx(-np.log(P), abs=6e-4)
            assert float(cells["P(true)"]) == pytest.approx(P, abs=6e-4)


@pytest.mark.parametrize("preset", [ONE_NETWORK, ["--n-estimators", "2"]])
def test_numbers_have_their_largest_errors_as_written(deepstep, patients, tmp_path, preset):
    typed = [option for option in preset if option != "--drop-missing-target"]
    deepstep("train", "patients.csv", "--target", "days", "--exclude", "ill", "--out", "run", *typed)
    assert deepstep("report", "run").code == 0
    page = check(tmp_path / "report.html")
    assert "24 rows of patients.csv that were held out" in page.text
    shown = as_written(page, patients, ["code", "age", "weight", "ward", "seen"])
    (worst,) = page.examples
    assert len(worst) == WORST
    errors = [abs(float(cells["error"])) for cells in worst.values()]
    assert errors == sorted(errors, reverse=True)
    for number, cells in worst.items():
        assert cells["true"] == shown[number]["days"]
        error = float(cells["predicted"]) - float(cells["true"])
        assert float(cells["error"]) == pytest.approx(error, abs=1e-3)


@pytest.fixture
def trained(deepstep, patients, tmp_path):
    (tmp_path / "work").mkdir()
    shutil.move(tmp_path / "patients.csv", tmp_path / "work" / "patients.csv")
    typed = ["train", "work/patients.csv", "--target", "ill", "--out", "work/run", *ONE_NETWORK]
    assert deepstep(*typed).code == 0
    return tmp_path / "work"


@pytest.mark.parametrize("happens", [lambda file: file.unlink(), lambda file: file.write_text("x\n1\n")])
def test_the_rows_stand_in_the_run_whatever_becomes_of_the_table(deepstep, trained, tmp_path, happens):
    assert deepstep("report", "work/run", "-o", "before.html").code == 0
    happens(trained / "patients.csv")
    shutil.move(trained / "run", tmp_path / "sent")
    assert deepstep("report", "sent", "-o", "after.html").code == 0
    before, after = (check(tmp_path / name) for name in ("before.html", "after.html"))
    assert "held out for the test" in after.text
    assert after.examples == before.examples


def test_the_page_stays_small_and_says_how_much_is_left_out(deepstep, tmp_path):
    rng = np.random.default_rng(0)
    names = [f"column {at}" for at in range(40)]
    frame = polars.DataFrame(rng.standard_normal((3000, 40)), schema=names)
    texts = ["a long text " * 40] * 3000
    frame.with_columns(note=polars.Series(texts), y=polars.Series(rng.integers(0, 7, 3000))).write_csv(
        "t.csv"
    )
    typed = [
        "--task",
        "classification",
        "--iterations",
        "1",
        "--hidden-layers",
        "2",
        "--test-fraction",
        "0.8",
    ]
    assert deepstep("train", "t.csv", "--target", "y", "--out", "run", *typed).code == 0
    deepstep("report", "run")
    page = check(tmp_path / "report.html")
    assert (tmp_path / "report.html").stat().st_size < 400_000
    assert max(map(len, page.examples)) == max(MOST_EXAMPLES, WORST)
    assert "12 of their 41 columns are shown" in page.text
    counts = {cell for row in page.tables[2][1:] for cell in row[1:]} - {"·"}
    biggest = max(map(int, counts))
    assert f"{biggest - MOST_EXAMPLES} more are left out" in page.text


def test_a_demo_has_its_own_test_part_as_pictures(deepstep, tmp_path):
    assert deepstep("demo", "digits", "--iterations", 2, "--seed", 3, "--out", "run").code == 0
    deepstep("report", "run")
    page = check(tmp_path / "report.html")
    data = load("digits", seed=3)
    assert f"{len(data.X_test)} pictures of the built-in set digits that were held out" in page.text
    assert "picture 1" in " ".join(word for word in page.words if word.startswith("picture"))
    assert len(page.named("img")) > WORST


def test_a_demo_of_points_has_coordinates(deepstep, tmp_path):
    deepstep("demo", "moons", "--iterations", 3, "--out", "run")
    deepstep("report", "run")
    page = check(tmp_path / "report.html")
    data = load("moons", seed=1)
    for number, cells in page.examples[-1].items():
        assert [float(cells[name]) for name in ("x1", "x2")] == data.X_test[number - 1].tolist()
        assert cells["true"] == data.classes[data.y_test[number - 1]]


def test_cats_are_shown_as_pictures(deepstep, shared, tmp_path):
    data = shared / "data" / "cats"
    deepstep("demo", "cats", "--data", data, "--iterations", 1, "--out", "c")
    assert deepstep("report", "c-2-layer").code == 0
    page = check(tmp_path / "report.html")
    assert "50 pictures of test_catvnoncat.h5 that were held out" in page.text
    assert (tmp_path / "report.html").stat().st_size < 2_000_000


def test_a_run_without_rows_held_out_shows_those_it_keeps(deepstep, flower_run, tmp_path):
    from deepstep.run import Run

    run = Run.load(flower_run)
    run.held_out = None
    run.save(tmp_path / "old")
    assert deepstep("report", "old").code == 0
    text = check(tmp_path / "report.html").text
    assert "16 training rows that the run keeps, as the network sees them" in text
    assert "deepstep report RUN --data FILE" in text
