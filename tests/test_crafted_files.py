"""Files made to break their reader, with checksums that fit: one `FileError` that names the file."""

import json
import shutil
import struct
import time

import numpy as np
import polars
import pytest
from safetensors.numpy import load_file, save

from archive_examples import reseal
from damage import taken_apart
from deepstep import Network
from deepstep.data.array_files import read_arrays, write_arrays
from deepstep.data.own_folders import RUN_MARK
from deepstep.errors import FileError
from deepstep.explorer import read_lesson
from deepstep.preparation import TablePreparation
from deepstep.run import Run
from deepstep.targets import Targets, label_array
from deepstep.training import Csv, ModelCheckpoint
from deepstep.training.checkpoint import checksum
from hostile_texts import HOSTILE

ONE_OF_EACH = ("within the recursion limit", "digits", "NaN", "twice", "half a character")
"""A text for each check of the reader, which `data/test_text_formats.py` tries with all of them."""


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    frame = polars.DataFrame({"x": [0.0, 1.0, 2.0, 3.0]})
    preparation, targets = TablePreparation.fit(frame), Targets.of_classes([label_array(["no", "yes"])])
    X, Y = preparation.transform(frame), targets.encode(["no", "no", "yes", "yes"])
    network = Network([1, 1], seed=1)
    history = network.train(X.T, Y.T, iterations=3)
    folder = tmp_path_factory.mktemp("runs") / "run"
    config = {"task": "binary", "target": "y"}
    Run.of_network(network, preparation, targets, history, config, X, Y).save(folder)
    return folder


@pytest.fixture
def run(whole, tmp_path):
    shutil.copytree(whole, tmp_path / "run")
    return tmp_path / "run"


def check_refused(run):
    """With a sentence that names it, and without taking long."""
    begun = time.monotonic()
    with pytest.raises(FileError) as refused:
        Run.load(run)
    assert time.monotonic() - begun < 10
    text = str(refused.value)
    assert (text.startswith(str(run)), "\n" in text, len(text) < 700) == (True, False, True)


def with_more(text):
    """Values as JSON, with another entry in the first object."""
    return lambda values: json.dumps(values).replace("{", f'{{"more": {text}, ', 1)


@pytest.mark.parametrize("kind", ONE_OF_EACH)
@pytest.mark.parametrize("name", [RUN_MARK, "history.jsonl"])  # test_archive.py has model.json
def test_json_of_a_run(run, name, kind):
    if name == "history.jsonl":
        first = json.loads((run / name).read_text().splitlines()[0])
        (run / name).write_text(with_more(HOSTILE[kind])(first) + "\n")
        reseal(run, lambda values: None)
    else:
        reseal(run, as_text=with_more(HOSTILE[kind]), mark=name)
    check_refused(run)


def test_texts_of_a_config_may_have_dots_and_brackets(run):
    note = ".".join(["a"] * 1_000) + '"' + "[" * 1_000
    reseal(run, lambda values: values["config"].update(note=note), mark=RUN_MARK)
    assert Run.load(run).config["note"] == note


def test_examples_that_are_no_numbers_of_the_same_rows(run):
    path = run / "arrays.safetensors"
    arrays = load_file(path)
    (features,) = (name for name in arrays if name.startswith("examples.features"))
    for X, Y in (
        (np.array([[np.nan], [1.0]]), np.ones((2, 1))),
        (np.ones((2, 1)), np.ones((3, 1))),
        (np.ones((2, 1), np.complex64), np.ones((2, 1))),
        (np.ones((2, 2)), np.ones((2, 1))),
    ):
        path.write_bytes(save({**arrays, features: X, "examples.Y": Y}))
        reseal(run)
        check_refused(run)


def test_arrays_of_a_type_that_numpy_does_not_have(tmp_path):
    text = json.dumps({"a": {"dtype": "F8_E4M3", "shape": [1], "data_offsets": [0, 1]}}).encode()
    (tmp_path / "file").write_bytes(struct.pack("<Q", len(text)) + text + b"\0")
    with pytest.raises(FileError, match="float8"):
        read_arrays(tmp_path / "file", "a model file")


@pytest.mark.parametrize(("name", "entry"), [("a", {}), ("b", "d")])
def test_an_array_or_a_text_that_stands_twice(tmp_path, name, entry):
    write_arrays(tmp_path / "file", {"a": np.ones(1)}, {"b": "c"})
    header, numbers = taken_apart((tmp_path / "file").read_bytes())
    first = json.dumps(entry or header[name])
    text = json.dumps(header).replace(f'"{name}"', f'"{name}": {first}, "{name}"', 1)
    assert json.loads(text) == header
    (tmp_path / "file").write_bytes(struct.pack("<Q", len(text)) + text.encode() + numbers)
    with pytest.raises(FileError, match="an entry stands twice"):
        read_arrays(tmp_path / "file", "a model file")


@pytest.mark.parametrize("kind", ["within the recursion limit", "twice", "half a character"])
def test_a_checkpoint(tmp_path, kind):
    """NaN and Infinity may stand in one: it holds the costs as they are."""
    net = Network([1, 1], seed=1)
    keeper = ModelCheckpoint(tmp_path / "kept", every_epochs=2)
    net.train([[0.0, 1.0]], [[0, 1]], iterations=3, callbacks=[keeper])
    header, arrays = read_arrays(keeper.last, "a checkpoint")
    header["content"] = header["content"].replace("{", f'{{"more": {HOSTILE[kind]}, ', 1)
    header["sha256"] = checksum(header["content"], arrays)
    write_arrays(keeper.last, arrays, header)
    with pytest.raises(FileError, match="its parts do not fit"):
        Network.from_checkpoint(keeper.last)


@pytest.mark.parametrize("kind", ONE_OF_EACH)
def test_a_lesson(tmp_path, kind):
    path = tmp_path / "lesson.json"
    path.write_text(f'{{"format": "deepstep-lesson", "version": 1, "more": {HOSTILE[kind]}}}')
    with pytest.raises(FileError, match="holds no lesson"):
        read_lesson(path)


@pytest.mark.parametrize("damage", [b"epoch,\xff\xfe\n0,1\n", b'epoch,"' + b"x" * 200_000 + b'"\n0,1\n'])
def test_a_table_that_a_writer_goes_on_with(tmp_path, damage):
    path = tmp_path / "history.csv"
    path.write_bytes(damage)
    with pytest.raises(FileError, match="a first line that Csv did not write"):
        Network([1, 1], seed=1).train([[0.0, 1.0]], [[0, 1]], callbacks=[Csv(path, append=True)])
    assert path.read_bytes() == damage
