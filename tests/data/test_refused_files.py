"""Pipes, devices, and small files that would fill the memory are refused before they are read."""

import os
import shutil
import signal

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest

from deepstep.data import ParquetRows, read_cells, read_image, read_table, sha256
from deepstep.data.arrays import open_arrays
from deepstep.data.rows import check_room, memory
from deepstep.data.tables import table_in
from deepstep.data.text_formats import read_text
from deepstep.errors import DataError, FileError
from deepstep.estimators import DeepClassifier
from deepstep.explorer import read_lesson
from deepstep.targets import Targets


@pytest.fixture
def no_waiting():
    """End what waits for a writer, instead of waiting with it."""
    before = signal.signal(signal.SIGALRM, lambda *_: pytest.fail("it waits for what may never come"))
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


@pytest.mark.usefixtures("no_waiting")
@pytest.mark.parametrize("name", READERS)
def test_a_pipe_a_device_a_folder_or_nothing_is_refused(tmp_path, name):
    path = tmp_path / name
    os.mkfifo(tmp_path / "pipe")
    for target in (tmp_path / "pipe", os.devnull):
        path.unlink(missing_ok=True)
        path.symlink_to(target)
        with pytest.raises(FileError, match=f"{name} is a pipe or a device, not .*. Write what comes from"):
            READERS[name](path)
    path.unlink()
    with pytest.raises(FileError, match=f"{name} (does not exist|cannot be read .No such file or directory)"):
        READERS[name](path)
    path.mkdir()
    with pytest.raises(FileError, match=f"{name} (is a folder, not|cannot .* directory|has no Parquet)"):
        READERS[name](path)


@pytest.fixture
def small(monkeypatch):
    """A machine with little memory."""
    monkeypatch.setattr("deepstep.data.rows.memory", lambda: 2**26)


def bomb(path, rows=10**7):
    """Two numbers for each of many rows in a few kilobytes."""
    part = pyarrow.table({"x": pyarrow.repeat(1, rows // 10), "flag": pyarrow.repeat(True, rows // 10)})
    with pyarrow.parquet.ParquetWriter(path, part.schema, compression="zstd") as writer:
        for _ in range(10):
            writer.write_table(part)
    return path


def long_texts(path, use_dictionary=False):
    """40 MiB of texts in a few kilobytes."""
    table = pyarrow.table({"text": ["a" * 2**20] * 40})
    pyarrow.parquet.write_table(table, path, compression="zstd", use_dictionary=use_dictionary)
    return path


def test_a_small_file_of_a_large_table_and_a_folder_of_such_parts(tmp_path, small):
    parts = tmp_path / "parts"
    parts.mkdir()
    for write in (long_texts, lambda path: long_texts(path, True), bomb):
        path = write(parts / "x.parquet")
        assert os.path.getsize(path) < 10**5
        with pytest.raises(DataError, match=r"x.parquet: the table would take .* GiB, more .*, 0.0312 GiB"):
            read_table(path)
    for number in range(2):
        shutil.copy(path, parts / f"{number}.parquet")
    with pytest.raises(DataError, match=r"parts: 30,000,000 rows of 2 columns would .* --stream"):
        table_in(parts)


def test_a_file_of_holes(tmp_path, small):
    path = tmp_path / "X.npy"
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(
            file, {"descr": "<f8", "fortran_order": False, "shape": (10**7, 3)}
        )
        file.truncate(file.tell() + 24 * 10**7)
    with pytest.raises(DataError, match=r"array of shape \(10000000, 3\) would take .* stream=True"):
        DeepClassifier(stream=False).fit(path, np.zeros(10**7))
    with pytest.raises(DataError, match=r"X.npy: 10,000,000 rows of 3 columns would take"):
        table_in(path)


def test_more_classes_than_any_machine_has_room_for():
    """A terabyte, which NumPy would be asked for."""
    values = list(range(400_000))
    target = Targets.from_labels(values)
    with pytest.raises(DataError, match="A target with 400,000 classes and 400,000 rows would take"):
        target.encode(values)


def test_memory_is_that_of_the_machine_or_less():
    there = memory()
    if there is None:
        pytest.skip("this system does not say")
    assert 2**28 < there <= os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    check_room(0, "x")
    with pytest.raises(DataError, match=r"^x would take .* GiB, more than half .*, .* GiB\. Stop\.$"):
        check_room(there, "x", "Stop.")
