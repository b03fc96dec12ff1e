"""--log: the records of a training while it runs; each epoch once, whatever interrupts it."""

import csv
import struct
import sys
from pathlib import Path

import numpy as np
import pytest
from tensorboardX.proto.event_pb2 import Event

from deepstep.run import Run

TYPED = ("--target", "kind", "--hidden-layers", "4", "--epochs", "8", "--batch-size", "12")


def rows(path):
    with Path(path).open() as file:
        return list(csv.DictReader(file))


def shown(folder):
    """What TensorBoard shows: of each epoch's cost the values that no later start hides."""
    kept = []
    for file in sorted(Path(folder).iterdir(), key=lambda path: path.stat().st_mtime_ns):
        content, at = file.read_bytes(), 0
        while at < len(content):
            (length,) = struct.unpack_from("<Q", content, at)
            event = Event.FromString(content[at + 12 : at + 12 + length])
            at += 16 + length
            if event.session_log.status == event.session_log.START:
                kept = [pair for pair in kept if pair[0] < event.step]
            kept += [(event.step, value.simple_value) for value in event.summary.value if value.tag == "cost"]
    return kept


def check(run, table, events=None):
    """The same as in the history, each epoch once."""
    history = Run.load(run).history
    assert [int(row["epoch"]) for row in rows(table)] == list(range(len(history)))
    np.testing.assert_array_equal([float(row["cost"]) for row in rows(table)], history.costs)
    if events is not None:
        assert [epoch for epoch, _ in shown(events)] == list(range(len(history)))
        np.testing.assert_allclose([cost for _, cost in shown(events)], history.costs, rtol=1e-6)


def test_places_in_the_run(deepstep, flowers):
    typed = ["--log", "csv", "--log", "tensorboard", "--log", "health=3", "--validation-fraction", "0.2"]
    assert deepstep("train", flowers, *TYPED, *typed, "--out", "r").code == 0
    check("r", "r/history.csv", "r/tensorboard")
    looked_at = [record["epoch"] for record in Run.load("r").history if "health" in record]
    assert looked_at == [2, 5]
    table = rows("r/history.csv")
    assert [row["epoch"] for row in table if row["health/1/dead"]] == ["2", "5"]
    assert float(table[0]["validation_cost"]) > 0
    for command in (["summary", "r"], ["predict", "r", flowers]):
        assert deepstep(*command).code == 0


def test_they_change_no_number(deepstep, flowers):
    for out, typed in (("plain", []), ("r", ["--log", "csv", "--log", "tensorboard", "--log", "health"])):
        assert deepstep("train", flowers, *TYPED, *typed, "--out", out).code == 0
    plain, run = Run.load("plain"), Run.load("r")
    np.testing.assert_array_equal(run.network.parameters.flat, plain.network.parameters.flat)
    assert run.config["settings"] == plain.config["settings"]


def test_places_of_ones_own(deepstep, flowers, tmp_path):
    typed = ["--log", "csv=own.csv", "--log", "tensorboard=events", "--out", "r"]
    assert deepstep("train", flowers, *TYPED, *typed).code == 0
    check("r", "own.csv", "events")
    refused = deepstep("train", flowers, *TYPED, *typed[:2], "--out", "s")
    assert refused.code == 2
    assert "own.csv: a new name for --log; it exists already. Choose another" in refused.err
    refused = deepstep("train", flowers, *TYPED, *typed[2:4], "--out", "s")
    assert "events: a new name for --log; it exists already" in refused.err
    assert not (tmp_path / "s").exists()
    assert deepstep("train", flowers, *TYPED, *typed, "--overwrite", "--seed", "2").code == 0
    check("r", "own.csv", "events")


def test_a_file_of_others_is_not_replaced(deepstep, flowers, tmp_path):
    (tmp_path / "mine.csv").write_text("a,b\n1,2\n")
    typed = ["--log", "csv=mine.csv", "--overwrite", "--out", "r"]
    assert deepstep("train", flowers, *TYPED, *typed).code == 2
    assert (tmp_path / "mine.csv").read_text() == "a,b\n1,2\n"


@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize("often", [True, False])
def test_they_go_on_with_a_killed_training(deepstep, process, flowers, tmp_path, killed_at, often, own):
    """After checkpoints of some epochs, and after none at all."""
    places = ("=own.csv", "=events") if own else ("", "")
    typed = ["--log", f"csv{places[0]}", "--log", f"tensorboard{places[1]}", "--log", "health", "--out", "r"]
    every = ["--checkpoint-every", "0"] if often else []
    killed = process("train", flowers, *TYPED, *typed, *every, before=killed_at(5))
    assert killed.returncode == -9
    place = tmp_path if own else tmp_path / "r.unfinished"
    table = place / ("own.csv" if own else "history.csv")
    assert len(rows(table)) == 6
    with table.open("a") as file:
        file.write("6,7,0.")  # half a line, of which the disk had no more
    assert deepstep("train", "--resume", "r").code == 0
    place = tmp_path if own else tmp_path / "r"
    check("r", place / table.name, place / ("events" if own else "tensorboard"))


def test_a_refit_has_places_of_its_own(deepstep, flowers):
    typed = ["--log", "csv", "--log", "tensorboard=events", "--patience", "2", "--refit"]
    assert deepstep("train", flowers, *TYPED, *typed, "--out", "r").code == 0
    check("r", "r/history-refit.csv", "events-refit")
    assert "validation_cost" in rows("r/history.csv")[0]


def test_lbfgs(deepstep, flowers):
    typed = ["--target", "height", "--optimizer", "lbfgs", "--epochs", "5", "--log", "csv", "--log", "health"]
    assert deepstep("train", flowers, *typed, "--out", "r").code == 0
    check("r", "r/history.csv")
    assert "health/1/dead" in rows("r/history.csv")[0]


def test_what_is_not_installed_is_said_before_the_table_is_read(deepstep, flowers, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    monkeypatch.setattr("deepstep.data.read_table", None)
    result = deepstep("train", flowers, *TYPED, "--log", "tensorboard", "--out", "r")
    assert result.code == 2
    assert "--log tensorboard: the package 'tensorboardX' is needed; it is not installed." in result.err
    assert "pip install 'deepstep[tensorboard]'" in result.err


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        (["cvs"], "kind is one of 'health', 'csv', 'tensorboard'; got 'cvs'. Did you mean 'csv'?"),
        (["mlflow"], "kind is one of 'health', 'csv', 'tensorboard'; got 'mlflow'"),
        (["csv="], "a place after csv=; got none"),
        (["csv", "csv=a.csv"], "each name once; got 'csv' 2 times"),
        (["health=0"], "health, or health=EPOCHS"),
        (["health=often"], "health, or health=EPOCHS"),
    ],
)
def test_wrong_input(deepstep, flowers, tmp_path, typed, sentence):
    given = [word for text in typed for word in ("--log", text)]
    result = deepstep("train", flowers, *TYPED, *given, "--out", "r")
    assert (result.code, result.out) == (2, "")
    assert f"Error: --log: {sentence}" in result.err
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there(deepstep, flowers, tmp_path):
    result = deepstep("train", flowers, *TYPED, "--log", "csv=no/such.csv", "--out", "r")
    assert result.code == 2
    assert "does not exist" in result.err
    assert list(tmp_path.iterdir()) == []
