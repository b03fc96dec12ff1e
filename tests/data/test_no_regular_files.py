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


def pipe(path):
    os.mkfifo(path)
    return path


READERS = {
    **{f"x.{suffix}": read_table for suffix in ("csv", "tsv", "jsonl", "parquet", "arrow", "feather")},
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
@pytest.mark.parametrize("kind", ["pipe", "link to a pipe", "device"])
def test_a_pipe_or_a_device_is_refused(tmp_path, name, kind):
    path = tmp_path / name
    if kind == "pipe":
        pipe(path)
    else:
        path.symlink_to(pipe(tmp_path / "pipe") if kind == "link to a pipe" else os.devnull)
    with pytest.raises(FileError, match=f"{name} is a pipe or a device, not .*. Write what comes from it"):
        READERS[name](path)


@pytest.mark.parametrize("name", ["x.csv", "x.parquet", "X.npy"])
def test_a_folder_is_told_to_be_one(tmp_path, name):
    (tmp_path / name).mkdir()
    read = open_arrays if name.endswith("npy") else read_table
    with pytest.raises(FileError, match=f"{name} is a folder, not a"):
        read(tmp_path / name)
