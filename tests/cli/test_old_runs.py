"""Runs of version 0.2, a network's (format 1) and an ensemble's (format 2), answer as they did."""

from pathlib import Path

import polars
import pytest
from polars.testing import assert_frame_equal

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
