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

from deepstep.data import tables
from deepstep.run import Run
from tables_in_parts import table, written

PLAIN = ("--set network_params.hidden_layers=[8] --batch-size 16 --target target --exclude y",)
NETWORK = ("--model network --set hidden_layer_sizes=[8] --batch-size 16 --target target --exclude y",)


@pytest.fixture
def parts(tmp_path):
    """A folder of three parts with 900 rows in groups of 70."""
    return written(tmp_path / "parts", table(900), 3, 70)


def trained(deepstep, path, *options, epochs=3, model=PLAIN):
    options = (*model, *options, "--epochs", epochs, "--json", "--overwrite", "--out", "runs/a")
    result = deepstep("train", path, *options).done()
    return json.loads(result.out), Run.load("runs/a"), result.err


def same(run, other):
    np.testing.assert_array_equal(
        run.ensemble.network.parameters.flat, other.ensemble.network.parameters.flat
    )
    np.testing.assert_array_equal(run.ensemble.network.history.costs, other.ensemble.network.history.costs)


@pytest.mark.slow
@pytest.mark.parametrize("model", [PLAIN, NETWORK], ids=["ensemble", "network"])
def test_many_windows_and_few_rows_in_memory(deepstep, parts, monkeypatch, model):
    monkeypatch.setattr("deepstep.preparation.streams.BUFFER_BYTES", 5000)
    record, _, told = trained(deepstep, parts, "--stream", epochs=6, model=model)
    assert record["test"]["accuracy"] > record["test"]["majority_accuracy"]
    assert ("Model: ensemble, one network, as rows are streamed." in told) == (model == PLAIN)
    monkeypatch.setattr("deepstep.preparation.survey.IN_MEMORY_ROWS", 90)
    record, run, told = trained(deepstep, parts, "--stream", epochs=6, model=model)
    assert "part is 0.1 of the rows instead of 0.2" in told
    assert record["train"]["rows"] < 150
    frame = polars.concat([polars.read_parquet(part) for part in sorted(parts.iterdir())])
    right = run.predict(frame.drop("target", "y")).values == frame["target"].to_numpy()
    assert right.mean() > record["test"]["majority_accuracy"]
    assert (type(run.estimator).__name__ == "Pipeline") == (model == NETWORK)


def test_answers_for_parts_are_those_for_the_table(deepstep, parts, tmp_path):
    trained(deepstep, parts, "--stream")
    frame = polars.concat([polars.read_parquet(part) for part in sorted(parts.iterdir())])
    frame.write_csv(tmp_path / "all.csv")
    texts = (deepstep("predict", "runs/a", path).out for path in (parts, "all.csv"))
    of_parts, of_table = (polars.read_csv(io.StringIO(text)) for text in texts)
    assert_frame_equal(of_parts, of_table, rel_tol=1e-5)
    record = deepstep.json("predict", "runs/a", parts)
    assert record["predictions"] == of_table["prediction"].to_list()
    evaluated = deepstep.json("evaluate", "runs/a", parts)
    assert evaluated["accuracy"] == (of_table["prediction"] == frame["target"]).mean()


@pytest.mark.parametrize(
    "model", [PLAIN, (*NETWORK, "--set early_stopping=true")], ids=["ensemble", "network"]
)
def test_weights_and_rows_without_a_target(deepstep, tmp_path, model):
    weight = np.random.default_rng(1).uniform(0, 2, 300)
    target = polars.when(polars.int_range(300) % 7 > 0).then("target")
    folder = written(tmp_path / "some", table(300).with_columns(target=target, w=weight), 2, 40)
    deepstep("train", folder, *model, "--stream").refused("43 of 300 rows have no target")
    typed = "--stream --drop-missing-target --sample-weight w"
    record, weighted, told = trained(deepstep, folder, typed, "--class-weight balanced", model=model)
    assert "43 of 300 rows have no target" in told
    assert record["train"]["rows"] + record["test"]["rows"] <= 257
    assert len(weighted.config["class_weights"]) == 2
    assert "validation_cost" in weighted.ensemble.history[0]
    plain = trained(deepstep, folder, typed, model=model)[1]
    assert not np.array_equal(
        weighted.ensemble.network.parameters.flat, plain.ensemble.network.parameters.flat
    )


@pytest.mark.slow
def test_large_files_are_streamed_by_themselves(deepstep, parts, monkeypatch):
    assert "Streamed" not in trained(deepstep, parts)[2]
    monkeypatch.setattr(tables, "STREAMED_FROM", 1000)
    assert "Streamed" in trained(deepstep, parts)[2]
    assert "Streamed" in trained(deepstep, parts / "part-0.parquet")[2]
    assert "Streamed" not in trained(deepstep, parts, "--no-stream")[2]


def test_what_does_not_go_with_streams_is_refused(deepstep, parts):
    for options, problem in {
        "--set n_estimators=5": "n_estimators must be 1 or None where rows are streamed",
        "--set refit=true": "--set refit must be False where rows are streamed",
        "--target größe": "--target must be one column where rows are streamed",
        "--groups kind": "--groups must be used with rows in memory, got streamed ones.",
        "--model network --set solver=lbfgs": "--set solver=lbfgs must be used with rows in memory, got",
        "--model network --set refit=true": "--set refit=true must be used with rows in memory, got",
    }.items():
        deepstep("train", parts, "--stream --target target", options).refused(problem)


@pytest.mark.slow
@pytest.mark.parametrize("model", ["ensemble", "network"])
def test_a_stream_that_was_interrupted_goes_on_to_the_same_bits(deepstep, interrupted, parts, model):
    options = f"--model {model} --target target --exclude y --stream --epochs 5 --batch-size 32 --out run"
    assert deepstep("train", parts, options).code == 0
    os.rename("run", "whole")
    stopped = interrupted("train", parts, options, epoch=1)
    assert (stopped.code, "Resume it: deepstep train --resume run" in stopped.err) == (130, True)
    lost, aside = parts / "part-2.parquet", parts.parent / "aside"
    lost.rename(aside)
    assert "is not the table that this training began with" in deepstep("train", "--resume", "run").err
    aside.rename(lost)
    assert deepstep("train", "--resume", "run").code == 0
    same(Run.load("run"), Run.load("whole"))
    assert Run.load("run").config["results"] == Run.load("whole").config["results"]


def test_arrays_of_numpy(deepstep, tmp_path):
    frame = table(500)
    X, y = frame.select("x", "z").to_numpy(), np.array(frame["target"].to_list())
    np.save(tmp_path / "X.npy", X)
    np.save(tmp_path / "target.npy", y)
    for way in ("stream", "no-stream"):
        typed = f"--target target --epochs 3 --effort fast --out {way} --{way}"
        deepstep("train", "X.npy", typed).done()
    assert len(deepstep("predict", "stream", "X.npy").out.splitlines()) == 501
    assert deepstep.json("evaluate", "stream", "X.npy")["rows"] == 500


@pytest.mark.slow
def test_other_commands_on_parts_and_on_the_run(deepstep, parts):
    described = deepstep.json("describe-columns", parts, "--target", "target")
    assert [column["column"] for column in described["columns"]][:3] == ["x", "z", "kind"]
    _, run, said = trained(deepstep, parts, "--stream --validation", parts, epochs=1)
    assert "900 to validate on" in said
    assert run.ensemble.members[0].validation_cost is not None
    for data, says in (
        ([], r"the \d+ rows of parts that were held out for the test"),
        (["--data", parts], "the 900 rows of"),
    ):
        assert deepstep("report", "runs/a", *data, "--out page.html --overwrite").code == 0
        assert re.search(f"These are {says}", Path("page.html").read_text())
    deepstep("explore", parts, "--target", "target").refused("Of a folder of Parquet parts take one part")


def test_what_is_wrong_is_named_by_part_and_row(deepstep, parts, tmp_path):
    """Also of rows that are held out, as one in five is."""
    trained(deepstep, parts, "--stream", epochs=1)
    holes = table(90).with_columns(target=polars.when(polars.int_range(90) != 80).then("target"))
    result = deepstep("evaluate", "runs/a", written(tmp_path / "holes", holes, 2, 40), "--json")
    assert (result.code, json.loads(result.out)["rows"]) == (0, 89)
    assert re.search(r"1 of 90 rows of .*holes have no target and are left out\.", result.err)
    assert "No row of" in deepstep("evaluate", "runs/a", written(tmp_path / "none", holes[80:81], 1, 1)).err
    for row in (3, 4, 5, 6, 7):
        infinite = polars.when(polars.int_range(90) == 50 + row).then(np.inf)
        frame, folder = table(90).with_columns(x=infinite.otherwise("x")), tmp_path / f"infinite-{row}"
        result = deepstep("train", written(folder, frame, 2, 40), *PLAIN, "--stream")
        assert result.code == 2
        assert re.search(rf"part-1\.parquet.*row {row + 6} ", result.err)
    result = deepstep("predict", "runs/a", folder)
    assert (result.code, "row 58 " in result.err) == (2, True)


def test_a_class_of_rows_that_are_held_out_alone(deepstep, tmp_path):
    frame, path = table(200), tmp_path / "rare.parquet"
    for row in range(3):
        usual = polars.when(polars.int_range(200) != row).then("target")
        frame.with_columns(target=usual.otherwise(polars.lit("rare"))).write_parquet(path)
        _, run, _ = trained(deepstep, path, "--stream", epochs=1)
        assert run.targets.labels == (("no", "rare", "yes"),)


@pytest.mark.parametrize("option", ["--set solver=lbfgs", "--groups kind", "--target z", "--set refit=true"])
def test_one_network_stays_in_memory_for_what_a_stream_cannot_do(deepstep, parts, monkeypatch, option):
    monkeypatch.setattr(tables, "STREAMED_FROM", 1000)
    target = "--target x" if "--target" in option else "--target target"
    typed = f"--model network --set early_stopping=true --set hidden_layer_sizes=[4] {target} {option}"
    result = deepstep("train", parts, typed, "--epochs 3 --out runs/m")
    assert (result.code, "Streamed" in result.err) == (0, False)


def test_a_stream_that_fits_is_the_table_in_memory(deepstep, parts):
    """One network whose rows are all in the window and the sample learns what it learns in memory."""
    typed = "--test-fraction 0 --epochs 3 --out"
    streamed = deepstep.run("train", parts, *NETWORK, f"--stream {typed} a")
    whole = deepstep.run("train", parts, *NETWORK, f"--no-stream {typed} b")
    assert streamed.predictor.preparation == whole.predictor.preparation
    np.testing.assert_allclose(
        streamed.ensemble.network.history.costs, whole.ensemble.network.history.costs, rtol=1e-6
    )
