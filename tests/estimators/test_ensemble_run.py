"""Ensembles as files: what is read predicts what was fitted, bit for bit; what was altered is refused."""

import json
import shutil

import numpy as np
import polars
import pytest
from deepstep.estimators.ensemble_file import EnsembleFile
from deepstep.run_folder import opened, read_config, write_config
from numpy.testing import assert_array_equal

from archive_examples import reseal
from deepstep import Network, Run
from deepstep.data.array_files import read_arrays, write_arrays
from deepstep.errors import DataError, FileError
from deepstep.estimators import DeepClassifier, DeepRegressor


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


def test_members_are_saved_networks(folder):
    read = Run.load(folder)
    names = sorted((folder / "members").iterdir())
    for name, member in zip(names, read.ensemble.members, strict=True):
        assert Network.load(name).parameters == member.network.parameters
        assert Network.load(name).history.engine == member.engine


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"epoch": 1}\n', "epoch, step and cost in every record"),
        ("{\n", "01-gated-1: .*one JSON object a line"),
    ],
)
def test_a_damaged_course_is_named(folder, tmp_path, text, message):
    path = tmp_path / "run"
    shutil.copytree(folder, path)
    lines = (path / "members/01-gated-1/history.jsonl").read_text().splitlines(keepends=True)
    (path / "members/01-gated-1/history.jsonl").write_text("".join([text, *lines[1:]]))
    reseal(path / "members/01-gated-1")
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


def forge(record, path, to):
    """Change what stands at a path of names and numbers; ``to`` is the value or a function of it."""
    *steps, last = (int(step) if step.isdigit() else step for step in path.split())
    for step in steps:
        record = record[step]
    if to is ...:
        del record[last]
    else:
        record[last] = to(record[last]) if callable(to) else to


MUTATIONS = [
    ("format", "deepstep-run", "format 'deepstep-ensemble'"),
    ("version", 5, "version 4 is expected; got version 5. Update"),
    ("code", "import os", "the entries format, version"),
    ("weights", ..., "the entries format, version"),
    ("temperature", 0, "temperature is a number above 0"),
    ("temperature", True, "temperature is a number above 0"),
    ("output", "exec", "the ensemble's"),
    ("output", "identity", "the ensemble's"),
    ("weights gated", 2, "sum to 1"),
    ("weights", {"gated": -1}, "at least 0 and sum to 1"),
    ("weights relu", 0.0, "each of the presets gated"),
    ("weights", [1], "an object is expected"),
    ("temperatures gated", 0, "temperatures is a number ab"),
    ("members", [], "members are a list"),
    ("members", lambda members: members[:1], "[files] names"),
    ("members 0 fold", 2, "a fold is a number below 2"),
    ("members 0 fold", -1, "a fold is a number below 2"),
    ("members 0 preset", "../../x", "a preset is a word"),
    ("members 0 preset", "relu", "weights are a number for each"),
    ("members 0 inputs", "ranks", "inputs are pieces in fold 0"),
    ("members 0 why", 1, "why is a text"),
    ("members 0 engine", "os", "an engine is one of reference, "),
    ("members 0 epochs", -1, "epochs are a whole number"),
    ("members 0 validation_cost", "0", "a cost is a number or null"),
    ("members 0 best_epoch", 99, "a best epoch is a number from 1 to that of the epochs"),
    ("members 0 settings os", 1, "setting is one of"),
    ("members 0 settings learning_rate", 0, "learning_rate"),
    ("members 0 settings dropout", 2, "dropout"),
    ("members 0 settings", [], "an object is expected"),
    ("preparers", [], "preparers are a list"),
    ("preparers", lambda all_: all_[:1], "a fold is a number below 1"),
    ("preparers 0 takes", "numbers", "features of the table"),
    ("preparers 0 takes", "code", "takes is table, sparse or numbers"),
    ("preparers 0 scale", [0.0], "a scale above 0"),
    ("preparers 0 center", ["0"], "center are numbers"),
    ("preparers 0 center", [0.0, 0.0], "a scale above 0 for each center"),
    ("preparers 0", lambda one: {**one, "center": [0.0, 0.0], "scale": [1.0, 1.0]}, "the ensemble's"),
    (
        "preparers 0 encodings",
        {},
        "encodings are scaled, pieces, standard, standard_pieces, ranks, one at least",
    ),
    ("preparers 0 encodings hot", {}, "encodings are scaled, pieces, standard"),
    ("preparers 0 table columns", lambda columns: columns[1:], "encodings of the"),
    ("preparers 0 table columns 0 kind", "code", "kind is one of"),
    ("preparers 0 encodings pieces factor", lambda values: values[1:], "center, factor and edges of each"),
    ("preparers 0 encodings pieces factor 0", -1.0, "factors of at least 0"),
    ("preparers 0 encodings pieces factor 0", float("inf"), "Infinity is no number of JSON"),
    ("preparers 0 encodings pieces edges 0", lambda edges: edges[::-1], "edges that increase"),
    ("preparers 0 encodings pieces edges 0", lambda edges: edges[1:], "inputs, outputs and kind of output"),
    ("preparers 0 encodings pieces edges 0", [0.0], "edges that increase, three or more"),
]


@pytest.mark.parametrize(("place", "to", "message"), MUTATIONS)
def test_a_forged_ensemble_is_refused(folder, tmp_path, place, to, message):
    """With every checksum made to fit, as somebody who forges it would do."""
    path = tmp_path / "run"
    shutil.copytree(folder, path)
    record = json.loads((path / "ensemble.json").read_text())
    forge(record, place, to)
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
    path = tmp_path / "run"
    shutil.copytree(folder, path)
    Network([3, 1], seed=1).save(path / "members/00-gated-0", overwrite=True)
    names = read_config(path)["files"]
    write_config(path, {"task": "binary"}, names)
    with pytest.raises(FileError, match="kind of output are the ensemble's"):
        Run.load(path)


def test_examples_that_do_not_fit_are_refused(folder, tmp_path):
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
