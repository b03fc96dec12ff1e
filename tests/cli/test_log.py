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
    """The same as in the history, each epoch once, with the health of the layers."""
    history = Run.load(run).history
    assert [int(row["epoch"]) for row in rows(table)] == list(range(len(history)))
    np.testing.assert_array_equal([float(row["cost"]) for row in rows(table)], history.costs)
    assert all(row["health/1/dead"] for row in rows(table))


def test_it_changes_nothing_else(deepstep, flowers, tmp_path):
    early = "--set early_stopping=true --set validation_fraction=0.2"
    assert deepstep("train", flowers, *TYPED, early, "--log own.csv --out r").code == 0
    check("r", "own.csv")
    assert float(rows("own.csv")[0]["validation_cost"]) > 0
    assert deepstep("train", flowers, *TYPED, early, "--out plain").code == 0
    run, plain = Run.load("r"), Run.load("plain")
    np.testing.assert_array_equal(run.network.parameters.flat, plain.network.parameters.flat)
    assert run.config["settings"] == plain.config["settings"]
    refused = deepstep("train", flowers, *TYPED, "--log own.csv --out s")
    assert refused.code == 2
    assert "own.csv: a new name is expected; it exists already. Choose another" in refused.err
    assert not (tmp_path / "s").exists()


@pytest.mark.parametrize(
    "typed", ["--effort fast", "--model network --set early_stopping=true --set refit=true"]
)
def test_it_is_of_one_training(deepstep, flowers, typed):
    result = deepstep("train", flowers, "--target kind --log own.csv", typed)
    assert "--log must be used with --model network, of a single training, got" in result.err


@pytest.mark.parametrize("often", [True, False])
def test_it_goes_on_with_a_killed_training(deepstep, process, flowers, killed_at, often):
    """After checkpoints of some epochs, and after none at all."""
    before = killed_at(5) if often else killed_at(5).replace("SECONDS = 0.0", "SECONDS = 1e9")
    killed = process("train", flowers, *TYPED, "--log own.csv --out r", before=before)
    assert killed.returncode == -9
    assert len(rows("own.csv")) == 6
    with Path("own.csv").open("a") as file:
        file.write("6,7,0.")  # half a line, of which the disk had no more
    assert deepstep("train", "--resume", "r").code == 0
    check("r", "own.csv")


def test_lbfgs(deepstep, flowers):
    typed = "--target height --model network --set solver=lbfgs --epochs 5 --log own.csv --out r"
    assert deepstep("train", flowers, typed).code == 0
    check("r", "own.csv")
