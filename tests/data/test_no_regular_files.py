"""Pipes and devices that are named like data are refused in a sentence; opening them could last for ever."""

import os
import signal
import sys

import pytest

from deepstep.data import ParquetRows, read_cells, read_image, read_table, sha256
from deepstep.data.arrays import open_arrays
from deepstep.data.text_formats import read_text
from deepstep.errors import FileError
from deepstep.estimators import DeepClassifier
from deepstep.explorer import read_lesson

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no named pipes in folders")


@pytest.fixture(autouse=True)
def no_waiting():
    """End what waits for a writer, instead of waiting with it."""

    def stop(*_):
        pytest.fail("it waits for what may never come")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(5)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


READERS = {
    **{f"x.{suffix}": read_table for suffix in ("csv", "jsonl", "parquet", "arrow")},
    "cells.csv": read_cells,
    "X.npy": open_arrays,
    "part.parquet": ParquetRows,
    "picture.png": lambda path: read_image(path, height=2, width=2, channels=3),
    "lesson.html": read_lesson,
    "config.toml": read_text,
    "any": sha256,
    "fitted.parquet": lambda path: DeepClassifier().fit(path, "y"),
}


@pytest.mark.parametrize("name", READERS)
def test_a_pipe_or_a_device_is_refused(tmp_path, name):
    path = tmp_path / name
    os.mkfifo(tmp_path / "pipe")
    for target in (tmp_path / "pipe", os.devnull):
        path.unlink(missing_ok=True)
        path.symlink_to(target)
        with pytest.raises(FileError, match=f"{name} is a pipe or a device, not .*. Write what comes from"):
            READERS[name](path)


@pytest.mark.parametrize("name", ["x.csv", "x.parquet", "X.npy"])
def test_a_folder_is_told_to_be_one(tmp_path, name):
    (tmp_path / name).mkdir()
    with pytest.raises(FileError, match=f"{name} is a folder, not a"):
        (open_arrays if name.endswith("npy") else read_table)(tmp_path / name)
