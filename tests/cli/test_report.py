"""deepstep report: one page, complete, that needs nothing and lets nothing break out."""

import csv
import re
import shlex
import shutil
import sys
from pathlib import Path

import numpy as np
import polars
import pytest

from deepstep import __version__
from deepstep.cli.report import reproduce
from deepstep.run import Run
from report_page import check

ENSEMBLE = "--set n_estimators=2"


def page_of(deepstep, *words, run="run"):
    deepstep("report", run, *words, "--out page.html --overwrite").done()
    return check(Path("page.html"))


@pytest.mark.slow
def test_the_page_of_a_network_has_every_part(deepstep, flowers):
    typed = "--target kind --out run --model network --epochs 12 --log log.csv"
    typed += " --set early_stopping=true --set validation_fraction=0.2 --set loss_params.smoothing=0.3"
    note = "The cost includes label smoothing of 0.3; the log loss does not."
    assert note in deepstep("train", flowers, typed).out
    page = page_of(deepstep)
    assert {"Findings", "Curves", "Predictions", "Layers", "Gradient flow", "Environment"} <= {*page.words}
    assert len(page.named("svg")) == 6 + 4 + page.text.count(", true ")  # layers, predictions, errors
    parts = ("binary", "kind", "colour", "one-hot encoded", "compiled", "all epochs done: 12 epochs", note)
    assert [part for part in parts if part not in page.text] == []
    assert "These are the 12 rows of flowers.csv that were held out for the test" in page.text


def test_the_page_of_an_ensemble_has_every_part_without_matplotlib(deepstep, ensemble_run, monkeypatch):
    page, run = page_of(deepstep, run=ensemble_run), Run.load(ensemble_run)
    parts = ["Presets", "Members", "Curves", "Predictions", "Columns", "Configuration", "Environment"]
    assert [word for word in page.words if word in parts][: len(parts)] == parts
    expected = {f"{100 * run.config['results']['out_of_fold']['accuracy']:.2f} %"}
    for member in run.ensemble.members:
        expected.add("-".join(map(str, member.network.architecture.layer_dims)))
        expected |= {f"{member.validation_cost:.4g}", str(member.best_epoch)}
    for preset, cost in zip(run.ensemble.by_preset, run.ensemble.preset_costs[1], strict=True):
        expected |= {preset.why, f"{cost:.5g}"}
    assert expected <= set(page.words)
    for words in ("2 networks of 1 preset on 2 folds", "out of fold", "deepstep explore RUN --member 0"):
        assert words in page.text
    assert page.named("svg")
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    page = page_of(deepstep, run=ensemble_run)
    assert not page.named("svg")
    assert page.text.count("install matplotlib, or install DeepStep with its extra 'plots'") == 1


def test_numbers_are_written_as_those_of_the_target(deepstep):
    rng = np.random.default_rng(1)
    size, noise = rng.uniform(20, 200, 60), rng.normal(0, 20_000, 60)
    rows = [f"{a:.1f};{3000 * a + e:.1f}" for a, e in zip(size, noise, strict=True)]
    Path("flats.csv").write_text("\n".join(["size;price", *rows]).replace(".", ","))
    printed = deepstep("train", "flats.csv", "--target price --out run --model network --epochs 5").out
    page = page_of(deepstep)
    (worst,) = page.examples
    for row, cells in worst.items():
        assert cells["true"] == rows[row - 1].partition(";")[2].replace(".", ",")
        assert re.fullmatch(r"-?\d+,\d [+-]\d+,\d", f"{cells['predicted']} {cells['error']}")
    evaluated, summary = deepstep("evaluate", "run", "flats.csv").out, deepstep("summary", "run").out
    for shown in (printed, evaluated, summary, page.text):
        assert re.search(r"R² +-?\d+,\d{4}\b", shown)
        assert not re.search(r"RMSE .*\de\+", shown)


def test_answers_are_those_to_a_table(deepstep, flowers, ensemble_run):
    record = deepstep.json("report", ensemble_run, "--data", flowers)
    page, table = check(Path("report.html")), polars.read_csv(flowers)
    assert record["bytes"] == Path("report.html").stat().st_size
    confusion = deepstep.json("evaluate", ensemble_run, flowers)["confusion"]
    assert f"{np.trace(confusion)} of {np.sum(confusion)} predictions are correct" in page.text
    assert "These are the 60 rows of" in page.text
    P = Run.load(ensemble_run).predict(table).probabilities
    assert page.examples
    for number, cells in (entry for examples in page.examples for entry in examples.items()):
        of_the_truth = P[number - 1, ["short", "tall"].index(table["kind"][number - 1])]
        assert float(cells["P(true)"]) == pytest.approx(of_the_truth, abs=6e-4)
        assert float(cells["loss"]) == pytest.approx(-np.log(of_the_truth), abs=6e-3)


@pytest.mark.slow
@pytest.mark.parametrize(
    "options",
    [
        "--set n_estimators=2 --test-fraction 0.3 --exclude x --class-weight tall=2 --loss ordinal "
        "--classes tall,short --set validation=time --epochs 3",
        "--hidden-layers 6,4 --set solver=momentum --set optimizer_params.beta=0.8 --dropout 0.1,0.2 "
        "--model network --epochs 3 --class-weight tall=2 --set loss_params.smoothing=0.1",
    ],
)
def test_the_command_trains_the_same_run_again(deepstep, flowers, options):
    shutil.copy(flowers, "t.csv")
    run = deepstep.run("train", "t.csv", "--target kind --seed 3 --out run", options)
    program, *words = shlex.split(reproduce(run))
    assert program == "deepstep"
    again = deepstep.run(*words, "--out", "again")
    frame = polars.read_csv("t.csv")
    np.testing.assert_array_equal(run.outputs(frame), again.outputs(frame))
    assert run.config["settings"] == again.config["settings"]
    assert run.config["results"] == again.config["results"]


COLUMNS = ["code", "age", "weight", "ward", "ill"]
ONE_NETWORK = "--model network --epochs 8 --hidden-layers 4 --seed 5"


@pytest.fixture
def patients():
    """A table whose cells are written in ways that no number keeps, two rows of it without a target."""
    rng = np.random.default_rng(0)
    lines = []
    for row in range(120):
        age = rng.integers(20, 90)
        ill = "" if row in (7, 30) else ("yes" if age + 25 * rng.normal() > 55 else "no")
        weight = "NA" if row % 9 == 0 else f"{60 + 20 * rng.random():.2f}0"
        lines.append([f"{row:04}", str(age), weight, ["north", "ICU <b>"][row % 2], ill])
    with open("patients.csv", "w", newline="") as file:
        csv.writer(file).writerows([COLUMNS, *lines])
    return [dict(zip(COLUMNS, line, strict=True)) for line in lines]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "part", "sentence"),
    [
        (ONE_NETWORK, "test", "held out for the test"),
        (f"{ONE_NETWORK} --validation patients.csv --test-fraction 0", "validation", "validated on"),
        (f"{ONE_NETWORK} --test-fraction 0", "train", "No rows were held out"),
        (f"{ENSEMBLE} --test-fraction 0", "out_of_fold", "each predicted by the members that did not learn"),
    ],
)
def test_held_out_rows_stand_there_as_in_the_file(deepstep, patients, options, part, sentence):
    typed = f"--target ill --drop-missing-target --out run {options}"
    assert deepstep("train", "patients.csv", typed).code == 0
    Path("patients.csv").unlink()
    page = page_of(deepstep)
    assert sentence in page.text
    recorded = deepstep.json("summary", "run")["results"][part]
    right, rows = map(int, re.search(r"(\d+) of (\d+) predictions are correct", page.text).groups())
    assert (rows, right) == (recorded["rows"], round(recorded["accuracy"] * recorded["rows"]))
    assert page.examples
    for table in page.examples:
        for number, cells in table.items():
            line = patients[number - 1]
            assert {name: cells[name] for name in COLUMNS[:4]} == {name: line[name] for name in COLUMNS[:4]}
        losses = [float(cells["loss"]) for cells in table.values()]
        assert losses == sorted(losses, reverse=True)
    for number, cells in page.examples[-1].items():  # the worst mistakes
        assert patients[number - 1]["ill"] == cells["true"] != cells["predicted"]


@pytest.mark.slow
def test_demos_are_shown_with_their_command(deepstep):
    typed = "demo digits --seed 5 --iterations 3"
    deepstep(*typed.split(), "--out", "digits").done()
    page = page_of(deepstep, run="digits")
    assert f"deepstep {typed}" in page.text
    assert "deepstep demo records none" in page.text  # and has no --log log.csv
    assert "These are the 360 pictures of the built-in set digits that were held out" in page.text
    assert page.named("img")


def test_a_run_without_rows_held_out_shows_those_it_keeps(deepstep, flower_run):
    run = Run.load(flower_run)
    run.held_out = None
    run.save("old")
    text = page_of(deepstep, run="old").text
    assert "16 training rows that the run keeps, as the network sees them" in text


@pytest.mark.slow
def test_a_table_of_many_columns_shows_the_most_important_ones(deepstep):
    rng = np.random.default_rng(0)
    frame = polars.DataFrame({f"x{n}": rng.normal(size=300).round(3) for n in range(20)})
    frame.with_columns(y=3 * frame["x18"] + rng.normal(size=300)).write_csv("t.csv")
    assert deepstep("train", "t.csv", "--target y --set n_estimators=2 --epochs 20 --out run").code == 0
    page = page_of(deepstep)
    assert "12 of their 20 columns are shown." in page.text
    assert "x18" in next(iter(page.examples[0].values()))
    assert f"DeepStep that saved the run {__version__}" in page.text
