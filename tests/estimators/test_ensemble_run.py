"""Ensembles as files: what is read predicts what was fitted, bit for bit; what was altered is refused."""

import json
import shutil

import numpy as np
import polars
import pytest
from numpy.testing import assert_array_equal

from deepstep import Network, Run
from deepstep.errors import DataError, FileError
from deepstep.estimators import DeepClassifier, DeepRegressor
from deepstep.estimators.ensemble_file import EnsembleFile


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(5)
    x = rng.normal(size=120)
    days = np.datetime64("2020-01-01") + rng.integers(0, 900, 120)
    return polars.DataFrame(
        {
            "x": x,
            "hole": [None if i % 7 == 0 else v for i, v in enumerate(rng.normal(10, 2, 120))],
            "colour": rng.choice(["red", "green", "blue"], 120),
            "day": days,
        }
    )


@pytest.fixture(scope="module")
def folder(table, tmp_path_factory):
    model = DeepClassifier(n_estimators=2, max_iter=2, random_state=1).fit(table, table["x"].to_numpy() > 0)
    path = tmp_path_factory.mktemp("runs") / "run"
    run = Run.of(model, rows=table, labels=table["x"].to_numpy() > 0)
    run.estimator = None
    run.save(path)
    return path


def test_without_folds_there_is_one_preparer(table, tmp_path):
    """Rows too few to be folded."""
    few = table[:3]
    model = DeepRegressor(max_iter=2, random_state=1).fit(few, [1.0, 2.0, 4.0])
    Run.of(model).save(tmp_path / "run")
    read = Run.load(tmp_path / "run")
    assert_array_equal(read.predict(few).values, model.predict(few))
    assert {member.validation_cost for member in read.ensemble.members} == {None}


def test_members_are_ordinary_model_files(folder):
    read = Run.load(folder)
    names = sorted((folder / "members").glob("*.safetensors"))
    for name, member in zip(names, read.ensemble.members, strict=True):
        assert Network.load(name).parameters == member.network.parameters


def test_ensembles_of_releases_that_kept_no_course_are_read(folder, tmp_path):
    path = tmp_path / "run"
    shutil.copytree(folder, path)
    record = json.loads((path / "ensemble.json").read_text())
    for member in record["members"]:
        del member["history"], member["best_epoch"]
    (path / "ensemble.json").write_text(json.dumps(record))
    for file in (path / "members").glob("*.jsonl"):
        file.unlink()
    ensemble = EnsembleFile(path).ensemble()
    assert [member.network.history for member in ensemble.members] == [None, None]


@pytest.mark.parametrize(
    ("text", "message"),
    [('{"epoch": 1}\n', "epoch, step and cost in every record"), ("{", "01-gated-1.jsonl")],
)
def test_a_damaged_course_is_named(folder, tmp_path, text, message):
    path = tmp_path / "run"
    shutil.copytree(folder, path)
    (path / "members/01-gated-1.jsonl").write_text(text)
    with pytest.raises(FileError, match=message):
        EnsembleFile(path).ensemble()


def test_columns_that_no_fold_uses_may_be_absent_or_anything(folder, table):
    read = Run.load(folder)
    more = table.with_columns(polars.Series("lists", [[1]] * len(table)))
    shuffled = more.select(more.columns[::-1])
    assert_array_equal(read.outputs(shuffled), read.outputs(table))
    with pytest.raises(DataError, match="'colour', 'day' missing"):
        read.predict(table.drop("colour", "day"))


def test_rows_of_an_array_are_no_table(folder):
    with pytest.raises(DataError, match="a table, as in training"):
        Run.load(folder).outputs(np.zeros((2, 4)))


def forged(*path, to):
    """A change of what stands at a path of names and numbers; of `to` itself where it is no function."""

    def change(record):
        holder = record
        for step in path[:-1]:
            holder = holder[step]
        if to is ...:
            del holder[path[-1]]
        else:
            holder[path[-1]] = to(holder[path[-1]]) if callable(to) else to

    return change


MUTATIONS = {
    "another format": (forged("format", to="deepstep-run"), "format 'deepstep-ensemble'"),
    "a newer version": (forged("version", to=2), "version 1 is expected; got version 2. Update"),
    "an entry more": (forged("code", to="import os"), "the entries format, version"),
    "an entry less": (forged("weights", to=...), "the entries format, version"),
    "temperature 0": (forged("temperature", to=0), "temperature is a number above 0"),
    "temperature true": (forged("temperature", to=True), "temperature is a number above 0"),
    "an output that is none": (forged("output", to="exec"), "the ensemble's"),
    "an output of numbers": (forged("output", to="identity"), "the ensemble's"),
    "weights that sum to 2": (forged("weights", "gated", to=2), "sum to 1"),
    "a weight below 0": (forged("weights", to={"gated": -1}), "at least 0 and sum to 1"),
    "a weight of another preset": (forged("weights", "relu", to=0.0), "each of the presets gated"),
    "weights as a list": (forged("weights", to=[1]), "an object is expected"),
    "a preset's temperature of 0": (forged("temperatures", "gated", to=0), "temperatures is a number ab"),
    "no members": (forged("members", to=[]), "members are a list"),
    "one member": (forged("members", to=lambda members: members[:1]), "[files] names"),
    "a fold that is none": (forged("members", 0, "fold", to=2), "a fold is a number below 2"),
    "a fold below 0": (forged("members", 0, "fold", to=-1), "a fold is a number below 2"),
    "a fold of truth": (forged("members", 0, "fold", to=True), "a fold is a number below 2"),
    "a preset that climbs": (forged("members", 0, "preset", to="../../x"), "a preset is a word"),
    "another preset": (forged("members", 0, "preset", to="relu"), "weights are a number for each"),
    "inputs without encoding": (forged("members", 0, "inputs", to="scaled"), "have no encoding in fold 0"),
    "an engine that is none": (forged("members", 0, "engine", to="os"), "an engine is one of reference, "),
    "epochs below 0": (forged("members", 0, "epochs", to=-1), "epochs are a whole number"),
    "a cost as text": (forged("members", 0, "validation_cost", to="0"), "a cost is a number or null"),
    "a setting that is none": (forged("members", 0, "settings", "os", to=1), "setting is one of"),
    "a learning rate of 0": (forged("members", 0, "settings", "learning_rate", to=0), "learning_rate"),
    "numbers with an encoding": (forged("preparers", 0, "takes", to="numbers"), "features of the table"),
    "rows of no kind": (forged("preparers", 0, "takes", to="code"), "takes is table, sparse or numbers"),
    "dropout of 2": (forged("members", 0, "settings", "dropout", to=2), "dropout"),
    "settings as a list": (forged("members", 0, "settings", to=[]), "an object is expected"),
    "a history that is no truth value": (forged("members", 0, "history", to=1), "history is true or false"),
    "no preparers": (forged("preparers", to=[]), "preparers are a list"),
    "a preparer less": (forged("preparers", to=lambda all_: all_[:1]), "a fold is a number below 1"),
    "a scale of 0": (forged("preparers", 0, "scale", to=[0.0]), "a scale above 0"),
    "two centers": (forged("preparers", 0, "center", to=[0.0, 0.0]), "a scale above 0 for each center"),
    "two of both": (
        lambda record: record["preparers"][0].update(center=[0.0, 0.0], scale=[1.0, 1.0]),
        "the ensemble's",
    ),
    "a center that is a text": (forged("preparers", 0, "center", to=["0"]), "center are numbers"),
    "no encodings": (forged("preparers", 0, "encodings", to={}), "scaled and pieces, one at least"),
    "an unknown encoding": (forged("preparers", 0, "encodings", "hot", to={}), "scaled and pieces"),
    "a column less": (
        forged("preparers", 0, "table", "columns", to=lambda columns: columns[1:]),
        "encodings of the",
    ),
    "a kind of column": (forged("preparers", 0, "table", "columns", 0, "kind", to="code"), "kind is one of"),
    "factors less": (
        forged("preparers", 0, "encodings", "pieces", "factor", to=lambda values: values[1:]),
        "center, factor and edges of each",
    ),
    "a factor below 0": (
        forged("preparers", 0, "encodings", "pieces", "factor", 0, to=-1.0),
        "factors of at least 0",
    ),
    "a factor that is infinite": (
        forged("preparers", 0, "encodings", "pieces", "factor", 0, to=float("inf")),
        "Infinity is no number of JSON",
    ),
    "edges that fall": (
        forged("preparers", 0, "encodings", "pieces", "edges", 0, to=lambda edges: edges[::-1]),
        "edges that increase",
    ),
    "an edge less": (
        forged("preparers", 0, "encodings", "pieces", "edges", 0, to=lambda edges: edges[1:]),
        "inputs, outputs and kind of output",
    ),
    "one edge": (
        forged("preparers", 0, "encodings", "pieces", "edges", 0, to=[0.0]),
        "edges that increase, three or more",
    ),
}


@pytest.mark.parametrize(("change", "message"), MUTATIONS.values(), ids=MUTATIONS)
def test_a_forged_ensemble_is_refused(folder, tmp_path, change, message):
    """With every checksum made to fit, as somebody who forges it would do."""
    from deepstep.run_folder import opened, read_config, write_config

    path = tmp_path / "run"
    shutil.copytree(folder, path)
    record = json.loads((path / "ensemble.json").read_text())
    change(record)
    (path / "ensemble.json").write_text(json.dumps(record))
    config = read_config(path)
    write_config(path, opened(config), config["files"])
    with pytest.raises(FileError) as refused:
        Run.load(path)
    assert message in str(refused.value)
    assert str(path) in str(refused.value)


@pytest.mark.parametrize("text", ["", "{", "[]", "\udc80", '{"format": 1}', "[" * 100_000])
def test_what_is_no_ensemble_is_refused(tmp_path, text):
    (tmp_path / "ensemble.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(FileError, match=r"ensemble\.json"):
        EnsembleFile(tmp_path)


def test_the_members_of_another_run_are_refused(folder, tmp_path, table):
    """Each file is whole."""
    from deepstep.run_folder import read_config, write_config

    path = tmp_path / "run"
    shutil.copytree(folder, path)
    Network([3, 1], seed=1).save(path / "members/00-gated-0.safetensors")
    names = read_config(path)["files"]
    write_config(path, {"task": "binary"}, names)
    with pytest.raises(FileError, match="kind of output are the ensemble's"):
        Run.load(path)


def test_examples_that_do_not_fit_are_refused(folder, tmp_path):
    from deepstep.data.array_files import read_arrays, write_arrays
    from deepstep.run_folder import read_config, write_config

    _, whole = read_arrays(folder / "examples.safetensors", "examples")
    others = [
        {**whole, "Y": whole["Y"][:-1]},
        {**whole, "Y": whole["Y"].ravel()},
        {**whole, "features0": whole["features0"][:, 1:]},
        {**whole, "features0": np.full_like(whole["features0"], np.nan)},
        {"Y": whole["Y"]},
        {name: array[:0] for name, array in whole.items()},
    ]
    for number, arrays in enumerate(others):
        path = tmp_path / f"run{number}"
        shutil.copytree(folder, path)
        write_arrays(path / "examples.safetensors", arrays, {})
        names = read_config(path)["files"]
        write_config(path, {"task": "binary"}, names)
        with pytest.raises(FileError, match="finite arrays of the same rows: features0, features1, Y"):
            Run.load(path)
