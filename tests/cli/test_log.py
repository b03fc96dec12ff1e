"""--log: the records of a training while it runs; each epoch once, whatever interrupts it."""

import csv
from pathlib import Path

import numpy as np
import pytest

from deepstep.run import Run

TYPED = ("--target kind --hidden-layers 4 --model network --epochs 8 --batch-size 12",)


def rows(path):
    with Path(path).open() as file:
        return list(csv.DictReader(file))


def check(run, table):
    """The same as in the history, each epoch once."""
    history = Run.load(run).history
    assert [int(row["epoch"]) for row in rows(table)] == list(range(len(history)))
    np.testing.assert_array_equal([float(row["cost"]) for row in rows(table)], history.costs)


def test_places_in_the_run(deepstep, flowers):
    typed = ["--log", "csv", "--log", "health=3", "--model network --set early_stopping=true --set validation_fraction=0.2"]
    assert deepstep("train", flowers, *TYPED, *typed, "--out", "r").code == 0
    check("r", "r/history.csv")
    looked_at = [record["epoch"] for record in Run.load("r").history if "health" in record]
    assert looked_at == [2, 5]
    table = rows("r/history.csv")
    assert [row["epoch"] for row in table if row["health/1/dead"]] == ["2", "5"]
    assert float(table[0]["validation_cost"]) > 0
    for command in (["summary", "r"], ["predict", "r", flowers]):
        assert deepstep(*command).code == 0
    assert deepstep("train", flowers, *TYPED, "--model network --set early_stopping=true --set validation_fraction=0.2 --out plain").code == 0
    run, plain = Run.load("r"), Run.load("plain")
    np.testing.assert_array_equal(run.network.parameters.flat, plain.network.parameters.flat)
    assert run.config["settings"] == plain.config["settings"]


def test_places_of_ones_own(deepstep, flowers, tmp_path):
    typed = ["--log", "csv=own.csv", "--out", "r"]
    assert deepstep("train", flowers, *TYPED, *typed).code == 0
    check("r", "own.csv")
    refused = deepstep("train", flowers, *TYPED, *typed[:2], "--out", "s", "--overwrite")
    assert refused.code == 2
    assert "own.csv: a new name is expected; it exists already. Choose another" in refused.err
    assert not (tmp_path / "s").exists()


@pytest.mark.parametrize("often", [True, False])
def test_they_go_on_with_a_killed_training(deepstep, process, flowers, tmp_path, killed_at, often):
    """After checkpoints of some epochs, and after none at all."""
    typed = ["--log", "csv=own.csv", "--log", "health", "--out", "r"]
    every = ["--checkpoint-every", "0"] if often else []
    killed = process("train", flowers, *TYPED, *typed, *every, before=killed_at(5))
    assert killed.returncode == -9
    assert len(rows("own.csv")) == 6
    with Path("own.csv").open("a") as file:
        file.write("6,7,0.")  # half a line, of which the disk had no more
    assert deepstep("train", "--resume", "r").code == 0
    check("r", "own.csv")


def test_a_refit_has_places_of_its_own(deepstep, flowers):
    typed = ["--log", "csv", "--model network --set early_stopping=true --set n_iter_no_change=1", "--set refit=true"]
    assert deepstep("train", flowers, *TYPED, *typed, "--out", "r").code == 0
    check("r", "r/history-refit.csv")
    assert "validation_cost" in rows("r/history.csv")[0]


def test_lbfgs(deepstep, flowers):
    typed = ["--target", "height", "--model network", "--set", "solver=lbfgs", "--model", "network", "--epochs", "5", "--log", "csv", "--log", "health"]
    assert deepstep("train", flowers, *typed, "--out", "r").code == 0
    check("r", "r/history.csv")
    assert "health/1/dead" in rows("r/history.csv")[0]
