"""How long a training lasts where nothing is said of epochs, and what there is without rows held out."""

import json
from itertools import count

import pytest

from deepstep.run import Run


@pytest.fixture
def clock(monkeypatch):
    """It goes on by a hundredth of a second each time somebody looks."""
    ticks = count()
    monkeypatch.setattr("deepstep.training.loop.perf_counter", lambda: next(ticks) / 100)


def test_with_a_time_budget_the_clock_alone_decides(deepstep, flowers, clock):
    typed = ["--target", "kind", "--hidden-layers", "2", "--time-budget", "10", "--schedule", "linear"]
    result = deepstep("train", flowers, *typed, "--out", "r")
    run = Run.load("r")
    assert run.history.stopped == "time budget of 10 s used up"
    assert len(run.history) > 80
    assert "iterations" not in run.config["settings"]
    assert run.history.column("learning_rate")[-1] < 0.01e-3  # of 0.001: the schedule came to its end
    assert f"flowers: {len(run.history)}, cost" in result.err


def test_epochs_that_are_asked_for_count_beside_a_time_budget(deepstep, flowers, clock):
    deepstep("train", flowers, "--target", "kind", "--time-budget", "1000", "--epochs", "3", "--out", "r")
    assert len(Run.load("r").history) == 3


def test_a_time_budget_goes_on(deepstep, process, flowers, killed_at):
    typed = ["--target", "kind", "--time-budget", "1", "--out", "r", "--checkpoint-every", "0"]
    assert process("train", flowers, *typed, before=killed_at(9)).returncode == -9
    assert deepstep("train", "--resume", "r").code == 0
    history = Run.load("r").history
    assert history.stopped == "time budget of 1 s used up"
    assert history.column("epoch").tolist() == list(range(len(history)))


def test_lbfgs_ends_by_itself(deepstep, flowers):
    typed = [
        "--target",
        "height",
        "--exclude",
        "kind",
        "--hidden-layers",
        "8",
        "--optimizer",
        "lbfgs",
        "--out",
        "r",
    ]
    assert deepstep("train", flowers, *typed, "--optimizer-param", "tolerance=1e-5").code == 0
    run = Run.load("r")
    assert len(run.history) > 40
    assert "CONVERGENCE" in run.history.stopped
    assert run.config["settings"]["iterations"] == 2500


def test_without_rows_held_out(deepstep, flowers):
    typed = ["--target", "kind", "--epochs", "2", "--test-fraction", "0"]
    result = deepstep("train", flowers, *typed, "--out", "r")
    assert result.code == 0
    assert "60 to learn from, none held out." in result.err
    assert "No rows were held out: none of these figures" in result.out
    results = Run.load("r").config["results"]
    assert (list(results), results["train"]["rows"]) == (["train"], 60)
    record = json.loads(deepstep("train", flowers, *typed, "--out", "s", "--json").out)
    assert "test" not in record
    for command in (["summary", "r"], ["predict", "r", flowers], ["evaluate", "r", flowers]):
        assert deepstep(*command).code == 0


def test_validation_rows_without_a_test(deepstep, flowers):
    typed = ["--target", "kind", "--epochs", "2", "--test-fraction", "0", "--patience", "2", "--out", "r"]
    result = deepstep("train", flowers, *typed)
    assert "54 to learn from, 6 to validate on, none held out." in result.err
    assert list(Run.load("r").config["results"]) == ["train", "validation"]
