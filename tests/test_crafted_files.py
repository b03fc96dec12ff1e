"""Files made to break their reader, with checksums that fit: one `FileError` that names the file."""

import json
import struct

import numpy as np
import pytest

from damage import taken_apart
from deepstep.data.array_files import read_arrays, write_arrays
from deepstep.errors import FileError
from deepstep.explorer import read_lesson
from hostile_texts import HOSTILE


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


def test_a_lesson(tmp_path):
    """By the reader that `data/test_text_formats.py` tries with all texts."""
    path = tmp_path / "lesson.json"
    path.write_text(f'{{"format": "deepstep-lesson", "version": 1, "more": {HOSTILE["twice"]}}}')
    with pytest.raises(FileError, match="holds no lesson"):
        read_lesson(path)
