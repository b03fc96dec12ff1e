"""Run folders: what is written is what is read, and nothing else is accepted."""

import json
import subprocess
import sys
import tomllib

import numpy as np
import polars
import pytest
from numpy.testing import assert_array_equal

from damaged_runs import reseal
from deepstep import Network
from deepstep.data import sha256
from deepstep.data.array_files import read_arrays, write_arrays
from deepstep.engines import ReferenceSession
from deepstep.errors import DataError, FileError
from deepstep.held_out import MOST_ROWS, HeldOut
from deepstep.preparation import ImagePreparation, TablePreparation
from deepstep.run import Run, few_rows
from deepstep.run_folder import Preparation, config_digest, opened, read_config, write_config
from deepstep.targets import Targets, label_array
from deepstep.training import History

MEMBER = "members/00-single-0"
ARRAYS, HISTORY, MODEL = (
    f"{MEMBER}/{name}" for name in ("arrays.safetensors", "history.jsonl", "model.json")
)
FILES = (
    ARRAYS,
    HISTORY,
    MODEL,
    "ensemble.json",
    "preparation.json",
    "examples.safetensors",
    "held_out.safetensors",
)

FRAME = polars.DataFrame({"x": [0.0, 1.0, None, 3.0], "word": ["a", "b", "a", "ä"]})


def _run() -> Run:
    labels = ("no", "yes", "no", "yes")
    inputs, target = TablePreparation.fit(FRAME), Targets.from_labels(labels)
    X, Y = inputs.transform(FRAME), target.encode(labels)
    network = Network([inputs.n_features, 4, target.n_outputs], output=target.head, seed=1)
    history = network.train(X.T, Y.T, iterations=3)
    config = {"task": "binary", "target": "y"}
    run = Run.of_network(network, Preparation(inputs, target), history, config, X, Y)
    run.held_out = HeldOut.of(run, FRAME, labels, part="train", source="few.csv")
    return run


@pytest.fixture
def widths(monkeypatch):
    """The number of rows of each forward pass."""
    seen, forward = [], ReferenceSession.forward

    def watched(self, X):
        seen.append(np.shape(X)[1])
        return forward(self, X)

    monkeypatch.setattr(ReferenceSession, "forward", watched)
    return seen


@pytest.fixture
def folder(tmp_path):
    _run().save(tmp_path / "run")
    return tmp_path / "run"


def test_what_is_loaded_is_what_was_saved(folder):
    saved, loaded = _run(), Run.load(folder)
    np.testing.assert_array_equal(loaded.network.parameters.flat, saved.network.parameters.flat)
    assert loaded.network.architecture == saved.network.architecture
    assert loaded.preparation == saved.preparation
    assert loaded.history.costs.tolist() == saved.history.costs.tolist()
    assert (loaded.history.engine, loaded.history.stopped) == (saved.history.engine, "all epochs done")
    assert loaded.target_name == "y"
    for one, other in zip(loaded.kept_examples(), saved.kept_examples(), strict=True):
        np.testing.assert_array_equal(one, other)
    assert_array_equal(loaded.held_out.outputs, loaded.outputs(FRAME))
    assert (loaded.held_out.cells, loaded.held_out.numbers.tolist()) == (saved.held_out.cells, [1, 2, 3, 4])
    np.testing.assert_array_equal(loaded.predict(FRAME).probabilities, saved.predict(FRAME).probabilities)


def test_loaded_run_can_be_saved_again(folder, tmp_path):
    Run.load(folder).save(tmp_path / "again")
    for name in FILES:
        assert (tmp_path / "again" / name).read_bytes() == (folder / name).read_bytes()
    first, second = (
        tomllib.loads((path / "config.toml").read_text()) for path in (folder, tmp_path / "again")
    )
    digests = {"files": None, "sha256": None}
    assert {**first, **digests} == {**second, **digests}


def test_config_is_readable_and_complete(folder):
    config = tomllib.loads((folder / "config.toml").read_text())
    assert (config["format"], config["version"]) == ("deepstep-run", 3)
    assert config["files"] == {name: sha256(folder / name) for name in FILES}
    files = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    assert sorted(files) == sorted(["config.toml", *FILES])


def test_outputs_in_parts_equal_outputs_at_once(monkeypatch, widths):
    """With room for 30 numbers, of 5 inputs, 4 hidden units and 1 output: 3 rows at once."""
    run = _run()
    many = polars.concat([FRAME] * 2)
    once = run.network.forward(run.inputs(many).T).T
    monkeypatch.setattr("deepstep.training.rows.NUMBERS_AT_ONCE", 30)
    widths.clear()
    np.testing.assert_allclose(run.outputs(many), once, rtol=1e-12)
    assert widths == [3, 3, 2]


def test_pictures_and_tables_of_pixels_are_the_same():
    inputs, target = ImagePreparation(1, 2, 1, 0.5), Targets.of_classes([label_array(["dark", "light"])])
    network = Network([2, 1], seed=1)
    preparation = Preparation(inputs, target)
    run = Run.of_network(network, preparation, History(), {}, np.zeros((1, 2)), np.zeros((1, 1)))
    pictures = np.array([[[[0], [2]]], [[[1], [1]]]])
    table = polars.DataFrame({"pixel_0_1": [2, 1], "pixel_0_0": [0, 1]})
    np.testing.assert_array_equal(run.outputs(pictures), run.outputs(table))


def test_array_for_a_table_is_refused():
    with pytest.raises(DataError, match="a table, as in training"):
        _run().predict(np.zeros((2, 4)))


def test_a_file_is_read_as_the_table_of_training_was(tmp_path):
    run, path = _run(), tmp_path / "few.csv"
    expected = run.outputs(FRAME)
    assert repr(run) == "Run(target 'y', Ensemble(1 network: single 1.00))"
    assert repr(run.predict(FRAME)) == "Prediction(values of shape (4,), probabilities of shape (4, 2))"
    assert "<table" in run._repr_html_()
    assert_array_equal(run.outputs(FRAME.to_pandas()), expected)
    FRAME.write_csv(path, separator=";", null_value="NA")
    assert_array_equal(run.outputs(path), expected)
    path.write_text("0^a\n1^b\n^a\n3^ä\n")
    run.config["asked"] = {"sep": "^"}
    with pytest.raises(DataError, match="columns of the training table are expected"):
        run.predict(str(path))
    path.write_text("x^word\n" + path.read_text())
    assert_array_equal(run.outputs(str(path)), expected)


def test_few_examples_are_spread_over_the_rows():
    rows = few_rows(1000)
    assert (len(rows), rows[0], rows[-1]) == (16, 0, 999)
    assert few_rows(3).tolist() == [0, 1, 2]


def test_many_held_out_rows_are_thinned():
    m = 2 * MOST_ROWS
    frame = polars.DataFrame({"x": np.linspace(0, 3, m), "word": ["a", "b"] * MOST_ROWS})
    run = _run()
    held = HeldOut.of(run, frame, ["no"] * m, part="test", source="t.csv", numbers=np.arange(10, m + 10))
    assert (len(held.outputs), held.total, held.numbers[0], held.numbers[-1]) == (MOST_ROWS, m, 10, m + 9)
    assert_array_equal(held.outputs, run.outputs(frame[held.numbers - 10]))
    assert "These are 10,000 of the 20,000 rows, evenly spread, of t.csv" in held.description


FORGED = {
    "fewer rows": lambda arrays, texts: arrays.update(outputs=arrays["outputs"][1:]),
    "another class": lambda arrays, texts: arrays.update(answers=arrays["answers"] + 1),
    "classes as floats": lambda arrays, texts: arrays.update(answers=arrays["answers"] / 1),
    "another part": lambda arrays, texts: texts.update(part="all"),
    "no part": lambda arrays, texts: texts.pop("part"),
    "cells of fewer rows": lambda arrays, texts: texts.update(cells={"x": ["1"]}),
    "cells that are no texts": lambda arrays, texts: texts.update(cells={"x": [1, 2, 3, 4]}),
    "an array more": lambda arrays, texts: arrays.update(more=arrays["numbers"]),
    "fewer rows in all": lambda arrays, texts: texts.update(total=1),
}


@pytest.mark.parametrize("change", FORGED.values(), ids=FORGED)
def test_held_out_rows_that_no_training_keeps_are_refused(folder, change):
    path, config = folder / "held_out.safetensors", read_config(folder)
    _, arrays = read_arrays(path, "held out")
    texts = json.loads(arrays["texts"].tobytes())
    change(arrays, texts)
    write_arrays(path, {**arrays, "texts": np.frombuffer(json.dumps(texts).encode(), np.uint8)}, {})
    write_config(folder, opened(config), config["files"])
    with pytest.raises(FileError, match=r"held_out\.safetensors: the file as it was saved"):
        Run.load(folder)


def _signed(text: str) -> str:
    """A config whose digest is right for what it says."""
    config = tomllib.loads(text)
    return text.replace(config["sha256"], config_digest(config))


ALTERATIONS = {
    "another target": ('target = "y"', 'target = "x"'),
    "another result": ("accuracy = 0.5", "accuracy = 1.0"),
    "another setting": ("hidden = 4", "hidden = 5"),
    "a line more": ("[files]", "[note]\nby = 1\n[files]"),
    "no digest": ("sha256 = ", "sha = "),
}


@pytest.mark.parametrize(("old", "new"), ALTERATIONS.values(), ids=ALTERATIONS)
def test_altered_config_is_named(tmp_path, old, new):
    run = _run()
    run.config |= {"settings": {"hidden": 4}, "results": {"test": {"accuracy": 0.5}}}
    run.save(tmp_path / "run")
    config = tmp_path / "run" / "config.toml"
    assert config.read_text().count(old) == 1
    config.write_text(config.read_text().replace(old, new))
    with pytest.raises(FileError, match=r"config\.toml: the file is as training wrote it; it was altered"):
        Run.load(tmp_path / "run")


def test_config_laid_out_anew_is_the_same(folder):
    config = folder / "config.toml"
    config.write_text("# mine\n\n" + config.read_text().replace(" = ", "="))
    assert Run.load(folder).target_name == "y"


CONFIGS = {
    "no TOML": ("format = ", "TOML is expected"),
    "another format": ('format = "other"', "format = 'deepstep-run' is expected; got 'other'"),
    "a newer version": (
        'format = "deepstep-run"\nversion = 4',
        "a run of version 3 is expected; got version 4",
    ),
    "no files": ('format = "deepstep-run"\nversion = 3', r"\[files\] names"),
    "fewer files": (
        'format = "deepstep-run"\nversion = 3\n[files]\n"history.jsonl" = "0"',
        r"\[files\] names",
    ),
}


@pytest.mark.parametrize(("text", "message"), CONFIGS.values(), ids=CONFIGS)
def test_config_of_another_kind(folder, text, message):
    (folder / "config.toml").write_text(text)
    with pytest.raises(FileError, match=message):
        Run.load(folder)


@pytest.mark.parametrize("table", ["settings", "results", "results.train"])
def test_config_with_something_else_for_a_table(folder, table):
    head, name = f"{table}.".split(".")[:2]
    line = f"{head} = 1" if not name else f"{head} = {{ {name} = 1 }}"
    config = (folder / "config.toml").read_text()
    (folder / "config.toml").write_text(f"{line}\n{config}")
    with pytest.raises(FileError, match=rf"\[{table}\] is a table; got 1"):
        Run.load(folder)


def test_history_without_costs(folder):
    """Whole and with its checksum, but not what training writes."""
    (folder / HISTORY).write_text('{"epoch": 0}\n' * 3)
    reseal(folder)
    with pytest.raises(FileError, match="epoch, step and cost in every record"):
        Run.load(folder)


def test_path_outside_the_run_in_the_config_is_not_followed(folder):
    """A hostile config names other files: only the known names are ever opened."""
    config = (folder / "config.toml").read_text().replace(HISTORY, "../secret")
    (folder / "config.toml").write_text(_signed(config))
    with pytest.raises(FileError, match=r"\[files\] names"):
        Run.load(folder)


def test_files_of_different_runs_do_not_mix(folder):
    """Each file whole, with its checksum, but the model of another network."""
    Network([2, 3, 1], seed=1).save(folder / MEMBER, overwrite=True)
    reseal(folder)
    with pytest.raises(FileError, match=r"preparation\.json: inputs, outputs and kind of output"):
        Run.load(folder)


def test_a_run_predicts_without_scikit_learn(folder, tmp_path):
    """Whose import takes longer than the prediction."""
    FRAME.write_csv(tmp_path / "rows.csv")
    program = (
        "import sys, polars; from deepstep import Run\n"
        "Run.load(sys.argv[1]).predict(polars.read_csv(sys.argv[2])); print('sklearn' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, folder, tmp_path / "rows.csv"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout == "False\n"
