"""Runs: a saved model with what the command line knows of it; what is written is what is read."""

import json
import shutil
from contextlib import suppress
from pathlib import Path

import numpy as np
import polars
import pytest
from numpy.testing import assert_array_equal
from safetensors.numpy import load_file, save

from archive_examples import altered, put, reseal
from damage import survey
from deepstep import DeepClassifier, DeepRegressor, Network, NetworkClassifier, archive
from deepstep.data.own_folders import RUN_MARK
from deepstep.errors import ConfigurationError, DataError, DeepStepError, FileError
from deepstep.estimators.table_encoder import table_network
from deepstep.held_out import MOST_ROWS, HeldOut
from deepstep.preparation import TablePreparation
from deepstep.run import Run, few_rows
from deepstep.targets import Targets

FRAME = polars.DataFrame({"x": [0.0, 1.0, None, 3.0], "word": ["a", "b", "a", "ä"]})
LABELS = ["no", "yes", "no", "yes"]
FILES = ("model.json", "arrays.safetensors", "history.jsonl", "run.json", "rows.safetensors")


def _run(**config) -> Run:
    inputs, targets = TablePreparation.fit(FRAME), Targets.of_classes([np.array(["no", "yes"])])
    X, Y = inputs.transform(FRAME), targets.encode(LABELS)
    network = Network([inputs.n_features, 4, targets.n_outputs], output=targets.head, seed=1)
    history = network.train(X.T, Y.T, iterations=3)
    run = Run.of_network(network, inputs, targets, history, {"task": "binary", "target": "y", **config}, X, Y)
    run.held_out = HeldOut.of(run, FRAME, LABELS, part="train", source="few.csv")
    return run


@pytest.fixture
def folder(tmp_path):
    _run().save(tmp_path / "run")
    return tmp_path / "run"


def test_what_is_loaded_is_what_was_saved(folder, tmp_path):
    saved, loaded = _run(), Run.load(folder)
    assert (loaded.config, loaded.target_name) == (saved.config, "y")
    assert_array_equal(loaded.held_out.outputs, loaded.outputs(FRAME))
    assert (loaded.held_out.cells, loaded.held_out.numbers.tolist()) == (saved.held_out.cells, [1, 2, 3, 4])
    assert_array_equal(loaded.predict(FRAME).probabilities, saved.predict(FRAME).probabilities)
    loaded.save(tmp_path / "again")
    for name in FILES:
        assert (tmp_path / "again" / name).read_bytes() == (folder / name).read_bytes()
    assert sorted(path.name for path in folder.iterdir()) == sorted(FILES)
    record = json.loads((folder / RUN_MARK).read_text())  # any program can read it
    assert (record["format"], record["version"]) == ("deepstep-run", 1)
    assert record["config"] == {"task": "binary", "target": "y"}


def test_a_model_is_whole_before_its_results(tmp_path):
    """A model is saved before it is scored; `deepstep.load` reads it, and a run without results too."""
    model = DeepRegressor(n_estimators=2, network_params={"epochs": 2}, random_state=1).fit(FRAME, range(4))
    run = Run.of(model, {"target": "y"}, rows=FRAME, labels=range(4))
    run.write(tmp_path)
    assert Run.load(tmp_path).held_out is None
    assert_array_equal(archive.load(tmp_path).predict(FRAME), model.predict(FRAME))
    run.config["results"] = {"test": {"r2": 0.5}}
    run.held_out = HeldOut.of(run, FRAME, range(4), part="test", source="few.csv")
    run.write_results(tmp_path)
    loaded = Run.load(tmp_path)
    assert loaded.config["results"] == {"test": {"r2": 0.5}}
    assert_array_equal(loaded.held_out.answers, [0, 1, 2, 3])
    assert loaded.held_out.fault_for(loaded.targets) == ""
    (tmp_path / RUN_MARK).unlink()
    assert (Run.load(tmp_path).config, Run.load(tmp_path).held_out) == ({}, None)


@pytest.mark.filterwarnings("ignore:Training ended before", "ignore:DeepClassifier.fit")
@pytest.mark.parametrize("kind", ["ensemble", "pipeline", "network"])
def test_a_run_of_any_model_predicts_as_it_does(kind, tmp_path):
    table = FRAME if kind != "network" else FRAME.select(polars.col("x").fill_null(0.0))
    model = {
        "ensemble": DeepClassifier(n_estimators=2, network_params={"epochs": 2}, random_state=1),
        "pipeline": table_network(NetworkClassifier, rows=4, max_iter=2, random_state=1),
        "network": NetworkClassifier(4, max_iter=2, random_state=1),
    }[kind].fit(table, LABELS)
    Run.of(model, rows=table, labels=LABELS).save(tmp_path / "run")
    run = Run.load(tmp_path / "run")
    told = run.predict(table)
    assert_array_equal(told.values, model.predict(table))
    assert_array_equal(told.probabilities, model.predict_proba(table))
    assert type(run.estimator) is type(model)
    assert_array_equal(run.estimator.predict_proba(table), model.predict_proba(table))
    assert len(run.kept_examples()[0]) == 4
    assert (run.ensemble.only is None) == (kind == "ensemble")
    with pytest.raises(DataError, match=r"lacks 1 of the . columns of training: 'x'"):
        run.predict(table.drop("x"))
    if kind != "network":  # columns that no fold uses may be absent or anything
        more = table.with_columns(polars.Series("lists", [[1]] * len(table)))
        assert_array_equal(run.outputs(more.select(more.columns[::-1])), run.outputs(table))


def test_a_predictor_alone_has_no_estimator(tmp_path):
    run = _run()
    assert run.estimator is None
    with pytest.raises(ConfigurationError, match="fit held no rows out"):
        run.predictor.likely(FRAME)
    run.save(tmp_path / "run")
    assert_array_equal(archive.load(tmp_path / "run").outputs(FRAME), run.outputs(FRAME))
    with pytest.raises(FileError, match="holds a Predictor, not a DeepClassifier"):
        DeepClassifier.load(tmp_path / "run")


NO_RUNS = {
    "it holds a Network. deepstep.load": lambda path: Network([2, 1], seed=1).save(path),
    "no model.json": Path.mkdir,
    "is no folder of a run": Path.touch,
}


@pytest.mark.parametrize("message", NO_RUNS)
def test_what_is_no_run(message, tmp_path):
    NO_RUNS[message](tmp_path / "run")
    with pytest.raises(FileError, match=message):
        Run.load(tmp_path / "run")


def test_a_file_is_read_as_the_table_of_training_was(tmp_path):
    run, path = _run(), tmp_path / "few.csv"
    expected = run.outputs(FRAME)
    assert repr(run) == "Run(target 'y', Ensemble(1 network: network 1.00))"
    assert repr(run.predict(FRAME)) == "Prediction(values of shape (4,), probabilities of shape (4, 2))"
    assert "<table" in run._repr_html_()
    with pytest.raises(DataError, match="X must have the 2 columns of fit, got 4"):
        run.predict(np.zeros((2, 4)))
    assert_array_equal(run.outputs(FRAME.to_pandas()), expected)
    FRAME.write_csv(path, separator=";", null_value="NA")
    assert_array_equal(run.outputs(path), expected)
    path.write_text("0^a\n1^b\n^a\n3^ä\n")
    run.config["read"] = {"sep": "^"}
    with pytest.raises(DataError, match="of the 2 columns of training"):
        run.predict(str(path))
    path.write_text("x^word\n" + path.read_text())
    assert_array_equal(run.outputs(str(path)), expected)


def test_many_rows_are_thinned():
    assert few_rows(3).tolist() == [0, 1, 2]
    examples = few_rows(1000)
    assert (len(examples), examples[0], examples[-1]) == (16, 0, 999)
    m = 2 * MOST_ROWS
    frame = polars.DataFrame({"x": np.linspace(0, 3, m), "word": ["a", "b"] * MOST_ROWS})
    run = _run()
    held = HeldOut.of(run, frame, ["no"] * m, part="test", source="t.csv", numbers=np.arange(10, m + 10))
    assert (len(held.outputs), held.total, held.numbers[0], held.numbers[-1]) == (MOST_ROWS, m, 10, m + 9)
    assert_array_equal(held.outputs, run.outputs(frame[held.numbers - 10]))
    assert "These are 10,000 of the 20,000 rows, evenly spread, of t.csv" in held.description


def wrapped(entry):
    """The function that hides a value: every array is used, so that its type is all that is wrong."""
    return lambda values: values.update({entry: {"inner": values[entry]}})


FORGED = {
    "another part": (RUN_MARK, put("held_out part", "all"), "rows of a part"),
    "fewer rows in all": (RUN_MARK, put("held_out total", 1), "rows of a part"),
    "cells of fewer rows": (RUN_MARK, put("held_out cells x", ["1"]), "values of all rows"),
    "no class": (RUN_MARK, put("held_out", {"type": "Popen"}), "'Popen' is no class of a model"),
    "no config": (RUN_MARK, put("config", 1), "run.json has no config"),
    "a file outside": (RUN_MARK, put("files", {"../secret": "0"}), "names other files than its own"),
    "fewer examples": ("model.json", put("examples features", []), "finite features and targets"),
    "held_out of another type": (RUN_MARK, wrapped("held_out"), "held_out of Run is"),
    "examples of another type": ("model.json", wrapped("examples"), "examples of Run is"),
    "other targets": ("model.json", put("model targets head", "identity"), "altered or damaged"),
}


@pytest.mark.parametrize(("mark", "change", "message"), FORGED.values(), ids=FORGED)
def test_what_no_training_writes_is_refused(folder, mark, change, message):
    """With every checksum made to fit, as somebody who forges it would do."""
    reseal(folder, change, mark=mark)
    with pytest.raises(FileError, match=message) as refused:
        Run.load(folder)
    assert str(folder) in str(refused.value)


def test_files_of_different_runs_do_not_mix(folder, tmp_path):
    """Each file whole, with its checksum, but the rows of another model."""
    model = NetworkClassifier(4, solver="lbfgs", random_state=1).fit(np.eye(4), [1, 2, 3, 4])
    Run.of(model).save(tmp_path / "other")
    for name in (RUN_MARK, "rows.safetensors"):
        shutil.copy(folder / name, tmp_path / "other" / name)
    with pytest.raises(FileError, match="it lacks outputs and true values of the targets"):
        Run.load(tmp_path / "other")


def test_rows_for_a_network_of_numbers_are_numbers_and_a_wrong_value_is_named_by_its_row():
    X = np.random.default_rng(0).standard_normal((20, 2))
    run = Run.of(NetworkClassifier((), solver="lbfgs", random_state=1).fit(X, np.arange(20) % 2))
    frame = polars.DataFrame(X, ["x0", "x1"])
    assert_array_equal(run.outputs(frame), run.outputs(X))
    assert_array_equal(run.outputs(frame.cast({"x1": polars.String})), run.outputs(X))
    for values, problem in ((["3", "u"], "is 'u', not a number"), ([3, None], "has no value")):
        with pytest.raises(DataError, match=f"Row 2 of column 'x1' {problem}"):
            run.outputs(polars.DataFrame({"x0": [1, 2], "x1": values}))


@pytest.mark.parametrize("name", [RUN_MARK, "rows.safetensors"])  # test_archive.py has the others
def test_a_file_that_was_altered_or_is_missing(folder, name):
    content = (folder / name).read_bytes()
    middle = len(content) // 2
    flipped = content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
    for damaged in (content[:middle], flipped):
        (folder / name).write_bytes(damaged)
        with pytest.raises(FileError, match=name):
            Run.load(folder)
    (folder / name).unlink()
    if name != RUN_MARK:  # without it the folder is a saved model
        with pytest.raises(FileError, match=name):
            Run.load(folder)


def check_refused(folder):
    """With a sentence that names it."""
    with pytest.raises(FileError) as refused:
        Run.load(folder)
    text = str(refused.value)
    assert (text.startswith(str(folder)), "\n" in text, len(text) < 700) == (True, False, True)


def test_examples_that_are_no_numbers_of_the_same_rows(folder):
    path = folder / "arrays.safetensors"
    arrays = load_file(path)
    (features,) = (name for name in arrays if name.startswith("examples.features"))
    X, Y = arrays[features], arrays["examples.Y"]
    for change in (
        {features: X * np.nan},
        {features: X[1:]},
        {features: X[:, 1:]},
        {"examples.Y": Y.astype(np.complex64)},
    ):
        path.write_bytes(save({**arrays, **change}))
        reseal(folder)
        check_refused(folder)


def loaded(number, whole, path):
    """Whether the folder is refused; if it is loaded, it has to be right, and it predicts or refuses to."""
    shutil.rmtree(path, ignore_errors=True)
    shutil.copytree(whole, path)
    files = (RUN_MARK, "rows.safetensors", "model.json", "arrays.safetensors")
    sealed = altered(path, files[number % 4], np.random.RandomState(number))
    try:
        run = Run.load(path)
    except FileError as error:
        return "refused" if len(str(error)) < 1500 else "refused at length"
    with suppress(DeepStepError):
        outputs = run.outputs(FRAME)
        assert sealed or (outputs == Run.load(whole).outputs(FRAME)).all()
    return "loaded"


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:DeepClassifier.fit")
def test_damaged_and_forged_run_folders(tmp_path, fresh_seed):
    """Each is loaded right or refused with a `FileError`: no other exception, 10 s and 1 GB at most."""
    model = DeepClassifier(n_estimators=2, network_params={"epochs": 2}, random_state=1).fit(FRAME, LABELS)
    run = Run.of(model, {"target": "y", "task": "binary"}, rows=FRAME, labels=LABELS)
    run.held_out = HeldOut.of(run, FRAME, LABELS, part="test", source="t.csv")
    run.save(tmp_path / "run")
    numbers = range(fresh_seed, fresh_seed + 80)
    cases = ((str(n), lambda n=n: loaded(n, tmp_path / "run", tmp_path / "mutant")) for n in numbers)
    outcomes = survey(cases, seconds=10, gigabytes=1)
    assert outcomes["failures"] == []
    assert outcomes["gigabytes"] < 1
    assert "refused at length" not in outcomes["counts"]
    assert outcomes["counts"]["refused"] > 30
