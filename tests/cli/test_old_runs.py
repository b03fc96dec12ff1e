"""Runs of version 0.2 (formats 1 and 2) predict as they did, and those of estimators as the estimators do."""

import json
import warnings
from pathlib import Path

import numpy as np
import polars
import pytest
from numpy.testing import assert_array_equal
from polars.testing import assert_frame_equal

from deepstep import DeepClassifier, Run

RUNS = Path(__file__).parents[1] / "old_runs"


@pytest.mark.parametrize("run", sorted(path.stem for path in RUNS.glob("*.json")))
def test_an_old_run_answers_explains_and_reports_itself(deepstep, run):
    animals = RUNS / "animals.csv"
    assert deepstep("predict", RUNS / run, animals, "--output", "answers.csv").code == 0
    found, written = polars.read_csv("answers.csv"), polars.read_csv(RUNS / f"{run}.csv")
    assert_frame_equal(found, written, rel_tol=1e-5, abs_tol=1e-6)
    page = "report", RUNS / run, "--out", "page.html"
    for command in (["evaluate", RUNS / run, animals], ["summary", RUNS / run], ["doctor", RUNS / run], page):
        assert deepstep(*command).code == 0, command
    assert Path("page.html").stat().st_size > 10_000
    again = Run.load(RUNS / run)
    again.save("again")
    assert Run.load("again").config == again.config
    frame = polars.read_csv(animals)
    assert_array_equal(Run.load("again").outputs(frame), again.outputs(frame))


@pytest.mark.parametrize("preset", ["tabular", "single", "mlp"])
def test_a_saved_estimator_is_a_run_of_the_commands(deepstep, preset):
    frame = polars.read_csv(RUNS / "animals.csv")
    numbers = [name for name, kind in frame.schema.items() if kind.is_numeric() and name != "weight"]
    X = frame.select(numbers) if preset == "mlp" else frame.drop("species")
    X = X.with_columns(polars.selectors.numeric().fill_null(0))
    model = DeepClassifier(preset=preset, max_iter=2, random_state=1, tol=0.0, n_iter_no_change=np.inf)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(X, frame["species"])
    model.save("model")
    X.with_columns(target=frame["species"]).write_csv("table.csv")
    told = json.loads(deepstep("predict", "model", "table.csv", "--json").out)
    assert told["predictions"] == model.predict(X).tolist()
    data = ("--data", "table.csv")
    for command in (("evaluate", "table.csv"), ("summary",), ("doctor",), ("report", "--out", "page.html")):
        assert deepstep(command[0], "model", *command[1:]).code == 0, command
    assert "The run keeps no rows" in Path("page.html").read_text()
    assert deepstep("report", "model", *data).code == 0
    member = ("--member", "0") if preset == "tabular" else ()
    assert "the run keeps; it keeps none. Pass --data FILE" in deepstep("trace", "model", *member).err
    assert deepstep("trace", "model", *member, *data).code == 0
    assert deepstep("explore", "model", *member, *data, "--export", "lesson.html").code == 0
