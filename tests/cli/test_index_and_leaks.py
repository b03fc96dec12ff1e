"""The index of a table is no input, and columns that alone tell the target are told."""

import json
import os

import numpy as np
import pandas
import polars
import pytest

from deepstep.cli.report import reproduce
from deepstep.run import Run

PLAIN = ["--model network --epochs 20 --engine reference"]
FAST = ("--effort fast --epochs 2",)
ENSEMBLE = ["--set", "n_estimators=1"]
M = 120


@pytest.fixture
def noise(tmp_path):
    """Noise, sorted by a class that it says nothing of."""
    rng = np.random.default_rng(0)
    columns = {"a": rng.normal(size=M), "b": rng.normal(size=M)}
    return pandas.DataFrame({**columns, "y": np.repeat(["no", "some", "yes"], M // 3)})


def trained(deepstep, path, *options):
    few = FAST if "--stream" in options else PLAIN
    result = deepstep("train", path, "--target", "y", *few, "--out", "r", "--overwrite", *options)
    assert result.code == 0, result.err
    return result


def inputs(result):
    return [column["column"] for column in json.loads(result.out)["columns"] if column["kind"] == "number"]


def test_the_index_that_pandas_writes_is_no_input(deepstep, noise, tmp_path):
    noise.to_csv("t.csv")
    result = trained(deepstep, "t.csv", "--learning-rate", "0.02", "--json")
    assert inputs(result) == ["a", "b"]
    assert "Excluded as identifiers of rows: 'Unnamed: 0'. --keep 'Unnamed: 0' uses it" in result.err
    assert json.loads(result.out)["test"]["accuracy"] < 0.8
    for later in (noise.to_csv, lambda path: noise.to_csv(path, index=False)):  # it may be gone
        later("later.csv")
        assert deepstep("predict", "r", "later.csv").code == 0


def test_a_count_under_such_a_name_is_none_either(deepstep, noise):
    words = ["describe-columns", "t.csv", "--target", "y", "--json"]
    for name in ("rowid", "obs", "No.", "#", "seq", "pk", "id", "index", "Unnamed: 0"):
        noise.rename_axis(name).to_csv("t.csv")
        kinds = [
            [column["kind"] for column in json.loads(deepstep(*words, *kept).out)["columns"]]
            for kept in ([], ["--keep", name])
        ]
        assert kinds == [["identifier", "number", "number"], ["number"] * 3]


@pytest.mark.parametrize("preset", [PLAIN, ENSEMBLE])
def test_it_is_kept_on_request_and_the_leak_is_told(deepstep, noise, preset):
    noise.to_csv("t.csv")
    typed = ["train", "t.csv", "--target", "y", "--out", "r", *preset, "--keep", "Unnamed: 0"]
    result = deepstep(*typed, "--json")
    assert result.code == 0, result.err
    assert inputs(result) == ["Unnamed: 0", "a", "b"]
    assert "Left out" not in result.err
    assert "Warning: the column 'Unnamed: 0' alone determines the target in 100 % of 96 rows" in result.err
    found = json.loads(deepstep("doctor", "r", "--json").out)["findings"]
    leak = next(one for one in found if one["kind"] == "leakage")
    assert leak["sentence"] in result.err
    assert "it numbers the rows, which are sorted by the target" in leak["says"]
    assert deepstep("doctor", "r", "--strict").code == 1
    assert "--keep 'Unnamed: 0'" in reproduce(Run.load("r"))


def test_streams_do_the_same(deepstep, noise):
    noise.insert(0, "rowid", range(M))
    noise.insert(0, "step", range(M))
    polars.from_pandas(noise).write_parquet("t.parquet", row_group_size=40)
    result = trained(deepstep, "t.parquet", "--stream", "--json")
    assert inputs(result) == ["step", "a", "b"]
    assert "Excluded as identifiers of rows: 'rowid'" in result.err
    assert "Warning: the column 'step' alone determines the target" in result.err
    assert "the column 'step' alone" in deepstep("doctor", "r").out
    kept = trained(deepstep, "t.parquet", "--stream", "--json", "--keep", "rowid", "--exclude", "step")
    assert inputs(kept) == ["rowid", "a", "b"]


def test_a_copy_of_the_target_is_told(deepstep, noise):
    rng = np.random.default_rng(1)
    noise = noise.sample(frac=1, random_state=0)
    noise["code"] = noise["y"].map({"no": "A", "some": "C", "yes": "B"})
    noise["height"] = rng.normal(size=M)
    noise["inches"] = noise["height"] / 2.54
    noise.to_csv("t.csv", index=False)
    assert "Warning: the column 'code' alone determines the target in 100 %" in trained(deepstep, "t.csv").err
    numbers = deepstep("train", "t.csv", "--target", "height", *PLAIN, "--out", "n")
    assert (
        "Warning: the column 'inches' alone determines the target by a rank correlation of 1.0000"
        in numbers.err
    )
    assert "'inches' alone determines the target" in deepstep("doctor", "n").out


def test_an_honest_table_has_neither(deepstep, noise):
    noise.sample(frac=1, random_state=0).to_csv("t.csv", index=False)
    result = trained(deepstep, "t.csv")
    assert "Warning" not in result.err
    assert "Left out" not in result.err
    assert "leakage" not in deepstep("doctor", "r").out


# Classes of one row


@pytest.mark.parametrize("stream", [[], ["--stream"]])
def test_a_target_that_is_another_in_every_row_is_asked_about(deepstep, noise, stream):
    noise["who"] = [f"person {number}" for number in range(M)]
    polars.from_pandas(noise).write_parquet("t.parquet")
    typed = ["train", "t.parquet", "--target", "who", "--out", "r", *stream]
    result = deepstep(*typed)
    assert result.code == 2
    assert "target 'who': classes that come again; it has 120 different values in 120 rows." in result.err
    assert "--task classification" in result.err
    assert deepstep(*typed, "--task", "classification").code == 0
    if not stream:
        noise["when"] = range(M)
        noise.to_csv("t.csv", index=False)
        typed = ["train", "t.csv", "--target", "when", *PLAIN, "--overwrite --out r"]
        result = deepstep(*typed, "--loss", "cross_entropy")
        assert (result.code, "it has 120 different values in 120 rows" in result.err) == (2, True)
        assert deepstep(*typed).code == 0  # as numbers


def test_many_classes_that_come_again_are_fine(deepstep, noise):
    noise["where"] = [f"place {number % 40}" for number in range(M)]
    noise.to_csv("t.csv", index=False)
    assert deepstep("train", "t.csv", "--target", "where", *PLAIN, "--out", "r").code == 0


@pytest.mark.parametrize(("command", "suffix"), [("train", "parquet"), ("explore", "csv")])
def test_a_pipe_is_refused_at_once(process, tmp_path, suffix, command):
    os.mkfifo(tmp_path / f"x.{suffix}")
    done = process(command, f"x.{suffix}", "--target", "y")
    assert done.returncode == 2
    assert f"x.{suffix}: " in done.stderr
    assert "this is a pipe or a device" in done.stderr
