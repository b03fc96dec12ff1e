"""Files made to break their reader, with checksums that fit: one `FileError` that names the file."""

import json
import struct

import numpy as np
import pytest

from damage import taken_apart
from deepstep import Network
from deepstep.data.array_files import read_arrays, write_arrays
from deepstep.errors import FileError
from deepstep.explorer import read_lesson
from deepstep.training import Csv, ModelCheckpoint
from deepstep.training.checkpoint import checksum
from hostile_texts import HOSTILE

ONE_OF_EACH = ("within the recursion limit", "digits", "NaN", "twice", "half a character")
"""A text for each check of the reader, which `data/test_text_formats.py` tries with all of them."""


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
