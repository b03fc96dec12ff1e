"""``deepstep train`` on Parquet whose rows stay there."""

import io
import json
import os
import re
from pathlib import Path

import numpy as np
import polars
import pytest
from polars.testing import assert_frame_equal

from deepstep import Network
from deepstep.data import tables
from deepstep.run import Run
from deepstep.training import ModelCheckpoint
from tables_in_parts import table, written

PLAIN = ("--hidden-layers 8 --batch-size 16 --target target --exclude y",)


@pytest.fixture
def parts(tmp_path):
    """A folder of three parts with 900 rows in groups of 70."""
    return written(tmp_path / "parts", table(900), 3, 70)


def trained(deepstep, path, *options, epochs=3):
    options = (*PLAIN, *options, "--model", "network", "--epochs", epochs, "--json", "--overwrite", "--out", "runs/a")
    result = deepstep("train", path, *options)
    assert result.code == 0, result.err
    return json.loads(result.out), Run.load("runs/a"), result.err


def same(one, other):
    np.testing.assert_array_equal(one.network.parameters.flat, other.network.parameters.flat)
    np.testing.assert_array_equal(one.network.history.costs, other.network.history.costs)


def test_one_window_trains_to_the_bits_of_a_table_in_memory(deepstep, parts):
    options = "--engine compiled --test-fraction 0"
    one, other = (trained(deepstep, parts, options, way)[1] for way in ("--stream", "--no-stream"))
    assert one.preparation == other.preparation
    same(one, other)


def test_many_windows(deepstep, parts):
    told, run, said = trained(deepstep, parts, "--stream", "--buffer-rows", "100", epochs=8)
    assert told["test"]["accuracy"] > told["test"]["majority_accuracy"]
    assert "Streamed: 100 rows at a time" in said
    assert "Preset: single" in said
    assert told["train"]["rows"] + told["test"]["rows"] == 900
    same(run, trained(deepstep, parts, "--stream --buffer-rows 100", epochs=8)[1])


def test_held_out_rows_are_those_that_memory_holds(deepstep, parts, monkeypatch):
    monkeypatch.setattr("deepstep.preparation.survey.IN_MEMORY_ROWS", 90)
    told, _, said = trained(deepstep, parts, "--stream")
    assert "part is 0.1 of the rows instead of 0.2" in said
    assert told["train"]["rows"] < 150


def test_answers_for_parts_are_those_for_the_table(deepstep, parts, tmp_path):
    trained(deepstep, parts, "--stream")
    frame = polars.concat([polars.read_parquet(part) for part in sorted(parts.iterdir())])
    frame.write_csv(tmp_path / "all.csv")
    texts = (deepstep("predict", "runs/a", path).out for path in (parts, "all.csv"))
    of_parts, of_table = (polars.read_csv(io.StringIO(text)) for text in texts)
    assert_frame_equal(of_parts, of_table, rel_tol=1e-9)
    written_to = deepstep("predict", "runs/a", parts, "--output", "answers.csv")
    assert "900 predictions" in written_to.err
    assert polars.read_csv("answers.csv").equals(of_parts)
    records = [json.loads(deepstep("predict", "runs/a", path, "--json").out) for path in (parts, "all.csv")]
    assert records[0]["predictions"] == records[1]["predictions"]
    scores = [json.loads(deepstep("evaluate", "runs/a", path, "--json").out) for path in (parts, "all.csv")]
    assert scores[0]["accuracy"] == scores[1]["accuracy"]


def test_weights_of_rows_and_of_classes(deepstep, tmp_path, monkeypatch):
    frame = table(500).with_columns(w=polars.Series(np.random.default_rng(1).uniform(0, 2, 500)))
    folder = written(tmp_path / "weighed", frame, 2, 60)
    options = ("--sample-weight w --class-weight balanced --test-fraction 0",)
    streams = [trained(deepstep, folder, *options, way)[1] for way in ("--stream", "--no-stream")]
    np.testing.assert_allclose(*(run.network.parameters.flat for run in streams), rtol=1e-9, atol=1e-12)


def test_rows_without_a_target(deepstep, tmp_path):
    frame = table(300).with_columns(target=polars.when(polars.int_range(300) % 7 > 0).then("target"))
    folder = written(tmp_path / "some", frame, 2, 40)
    refused = deepstep("train", folder, *PLAIN, "--stream")
    assert refused.code == 2
    assert "43 of 300 have none" in refused.err
    assert "--drop-missing-target" in refused.err
    told, _, said = trained(deepstep, folder, "--stream", "--drop-missing-target", "--buffer-rows", "50")
    assert "43 of 300 rows have no target" in said
    assert told["train"]["rows"] + told["test"]["rows"] == 257


def test_large_files_are_streamed_by_themselves(deepstep, parts, monkeypatch):
    assert "Streamed" not in trained(deepstep, parts)[2]
    monkeypatch.setattr(tables, "STREAMED_FROM", 1000)
    assert "Streamed" in trained(deepstep, parts)[2]
    assert "Streamed" in trained(deepstep, parts / "part-0.parquet")[2]
    assert "Streamed" not in trained(deepstep, parts, "--no-stream")[2]
    by_default = deepstep("train", parts, "--target", "target", "--out", "runs/b", "--time-budget", "1")
    assert "Preset: single, one network, as rows are streamed" in by_default.err


@pytest.mark.parametrize("target", ["target", "y"])
def test_the_preset_of_ensembles_on_streams(deepstep, parts, target, monkeypatch):
    monkeypatch.setattr("deepstep.estimators.presets.n_epochs", lambda m: 6)
    other = "y" if target == "target" else "target"
    options = f"--stream --target {target} --exclude {other} --buffer-rows 200"
    result = deepstep("train", parts, options, "--json --out runs/c")
    assert result.code == 0, result.err
    assert "Preset: tabular, one network, as rows are streamed." in result.err
    told = json.loads(result.out)
    assert told["settings"]["n_estimators"] == 1
    assert told["test"].get("accuracy", told["test"].get("r2")) > 0.7
    again = json.loads(deepstep("evaluate", "runs/c", parts, "--json").out)
    assert again.get("accuracy", again.get("r2")) > 0.7


REFUSED = {
    "--set n_estimators=5": "n_estimators=1 or None",
    "--set refit=true --model network --set early_stopping=true --set n_iter_no_change=1": "--set refit=true",
    "--model network --set solver=lbfgs": "learns from batches",
    "--target größe": "one target",
}


@pytest.mark.parametrize("options", REFUSED)
def test_what_does_not_go_with_streams_is_refused(deepstep, parts, options):
    result = deepstep("train", parts, "--stream --target target", options)
    assert result.code == 2
    assert REFUSED[options] in result.err


def test_an_ensemble_of_one_that_was_interrupted_goes_on_to_the_same_bits(deepstep, parts, monkeypatch):
    monkeypatch.setattr("deepstep.estimators.presets.n_epochs", lambda m: 5)
    options = "--target target --exclude y --stream --buffer-rows 100"
    written = ModelCheckpoint.on_pause

    def pressed(self, training):
        training.interrupted = training.position.epoch == 2 and training.position.batch >= 8
        written(self, training)
        if training.interrupted:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(ModelCheckpoint, "on_pause", pressed)
        stopped = deepstep("train", parts, options, "--checkpoint-every 9 --out run")
    assert stopped.code == 130
    assert "Resume it: deepstep train --resume run" in stopped.err
    assert len(Network.from_checkpoint("run.unfinished").history) == 2

    lost = parts / "part-2.parquet"
    lost.rename(parts.parent / "aside")
    assert "the table that this training began with" in deepstep("train", "--resume", "run").err
    (parts.parent / "aside").rename(lost)
    resumed = deepstep("train", "--resume", "run")
    assert resumed.code == 0, resumed.err
    assert "Preset: tabular, one network, as it began." in resumed.err
    assert deepstep("train", parts, options, "--out", "whole").code == 0
    whole, run = (Run.load(name) for name in ("whole", "run"))
    same(run, whole)
    assert run.config["results"] == whole.config["results"]
    assert sorted(os.listdir("run")) == sorted(os.listdir("whole"))
    assert "got one that is done" in deepstep("train", "--resume", "run").err


def test_arrays_of_numpy(deepstep, tmp_path):
    frame = table(500)
    X, y = frame.select("x", "z").to_numpy(), np.array(frame["target"].to_list())
    np.save(tmp_path / "X.npy", X)
    np.save(tmp_path / "target.npy", y)
    options, runs = "--target target --model network --epochs 3 --hidden-layers 8 --test-fraction 0 --out", []
    for way in ("stream", "no-stream"):
        result = deepstep("train", "X.npy", options, way, f"--{way}")
        assert result.code == 0, result.err
        runs.append(Run.load(way))
    same(*runs)
    answers = polars.read_csv(io.StringIO(deepstep("predict", "stream", "X.npy").out))
    assert answers.height == 500
    told = json.loads(deepstep("evaluate", "stream", "X.npy", "--json").out)
    assert told["rows"] == 500


@pytest.mark.parametrize("preset", ["single", "tabular"])
def test_a_report_shows_the_rows_that_were_held_out(deepstep, parts, monkeypatch, preset):
    monkeypatch.setattr("deepstep.estimators.presets.n_epochs", lambda m: 2)
    options = ("--stream", "--preset", preset, "--target", "target", "--exclude", "y", "--out", "a")
    assert deepstep("train", parts, *options, *(("--model", "network", "--epochs", 2) if preset == "single" else ())).code == 0
    assert deepstep("report", "a", "--out", "kept.html").code == 0
    page = Path("kept.html").read_text()
    assert re.search(r"These are the \d+ rows of parts that were held out for the test", page)
    assert deepstep("report", "a", "--data", parts, "--out", "all.html").code == 0
    assert "These are the 900 rows of" in Path("all.html").read_text()


def test_what_a_folder_cannot_be_is_said(deepstep, parts):
    trained(deepstep, parts, "--stream", epochs=1)
    result = deepstep("explore", parts, "--target", "target")
    assert result.code == 2
    assert "Of a folder of Parquet parts take one part, or train on it and explore the run." in result.err
    holes = table(90).with_columns(target=polars.when(polars.int_range(90) != 80).then("target"))
    result = deepstep("evaluate", "runs/a", written(parts.parent / "holes", holes, 2, 40))
    assert result.code == 2
    assert "holes, target (rows 46 to 85): every row has a target; 1 of 40 have none" in result.err


def test_values_of_rows_that_are_held_out_are_named_by_part_and_row(deepstep, parts, tmp_path):
    trained(deepstep, parts, "--stream", epochs=1)
    for row in (3, 4, 5, 6, 7):  # one in five is held out
        infinite = polars.when(polars.int_range(90) == 50 + row).then(np.inf)
        frame, folder = table(90).with_columns(x=infinite.otherwise("x")), tmp_path / f"infinite-{row}"
        result = deepstep("train", written(folder, frame, 2, 40), *PLAIN, "--stream")
        assert result.code == 2
        assert "part part-1.parquet, column 'x': finite numbers" in result.err
        assert f"row {row + 6} is inf" in result.err
    result = deepstep("predict", "runs/a", folder)
    assert f"{folder}, column 'x': finite" in result.err
    assert "row 58 is inf" in result.err


def test_a_class_of_rows_that_are_held_out_alone(deepstep, tmp_path):
    frame = table(200)
    for row in range(6):
        usual, path = polars.when(polars.int_range(200) != row).then("target"), tmp_path / "rare.parquet"
        frame.with_columns(target=usual.otherwise(polars.lit("rare"))).write_parquet(path)
        told, run, _ = trained(deepstep, path, "--stream", epochs=1)
        assert run.targets.labels == (("no", "rare", "yes"),)
        assert told["test"]["rows"] + told["train"]["rows"] == 200


def test_other_commands_take_folders_into_memory(deepstep, parts):
    explained = json.loads(deepstep("describe-columns", parts, "--target", "target", "--json").out)
    assert [column["column"] for column in explained["columns"]][:3] == ["x", "z", "kind"]
    options = ("--validation", parts, "--model network --set early_stopping=true --set n_iter_no_change=1", "--stream", "--buffer-rows", "100")
    told, _, _ = trained(deepstep, parts, *options)
    assert told["validation"]["rows"] == 900
