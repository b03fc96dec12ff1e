"""HDF5 files that lead to other files, and datasets without rows to learn from: a sentence, and no other
file is opened.
"""

import os
import re
import sys

import h5py
import numpy as np
import pytest

from deepstep.data import ArrayRows, read_cats
from deepstep.data.array_rows import open_arrays
from deepstep.data.hdf5 import TEST_FILE, TRAIN_FILE
from deepstep.data.stored_tables import rows_in_memory
from deepstep.errors import DataError, DeepStepError, FileError
from deepstep.estimators import DeepClassifier

ROWS = np.arange(20.0).reshape(10, 2)


@pytest.fixture
def secret(tmp_path):
    """A folder with files that nobody gave to be learned from, one of which nobody ever writes to."""
    folder = tmp_path / "secret"
    folder.mkdir()
    ROWS.tofile(folder / "raw.bin")
    with h5py.File(folder / "other.h5", "w") as file:
        file["X"] = file["group/X"] = ROWS
    if sys.platform != "win32":
        os.mkfifo(folder / "pipe")
    return folder


def written(path, fill):
    with h5py.File(path, "w") as file:
        file["y"] = np.arange(10) % 2
        fill(file)
    return path


def virtual(of):
    def fill(file, secret):
        layout = h5py.VirtualLayout((10, 2), "f8")
        layout[:] = h5py.VirtualSource(str(secret / of), "X", (10, 2))
        file.create_virtual_dataset("X", layout)

    return fill


def external_storage(file, secret):
    file.create_dataset("X", (10, 2), "f8", external=[(str(secret / "raw.bin"), 0, ROWS.nbytes)])


def link(file, secret):
    file["X"] = h5py.ExternalLink(str(secret / "other.h5"), "/X")


def soft_link(file, secret):
    file["g/away"] = h5py.ExternalLink(str(secret / "other.h5"), "/")
    file["X"] = h5py.SoftLink("/g/away/X")


def soft_link_to_a_soft_link(file, secret):
    file["g/away"] = h5py.ExternalLink(str(secret / "other.h5"), "/group")
    file["g/there"] = h5py.SoftLink("./away")
    file["X"] = h5py.SoftLink("g/there/X")


def link_to_a_pipe(file, secret):
    file["X"] = h5py.ExternalLink(str(secret / "pipe"), "/X")


AWAY = {
    "external storage": (external_storage, "has external storage, in other files"),
    "virtual": (virtual("other.h5"), "is a virtual dataset, in other files"),
    "link": (link, "is a link to another file"),
    "soft link": (soft_link, "is a soft link that leads to another file"),
    "soft link to a soft link": (soft_link_to_a_soft_link, "is a soft link that leads to another file"),
    "link to a pipe": (link_to_a_pipe, "is a link to another file"),
    "virtual of a pipe": (virtual("pipe"), "is a virtual dataset, in other files"),
}


@pytest.mark.parametrize("way", AWAY)
def test_no_way_leads_to_another_file(tmp_path, secret, way):
    fill, got = AWAY[way]
    path = written(tmp_path / "rows.h5", lambda file: fill(file, secret))
    for read in (open_arrays, lambda path: DeepClassifier().fit(path, "y")):
        with pytest.raises(FileError, match=f"rows.h5: data of this file alone; 'X' {got}. Copy"):
            read(path)


@pytest.mark.parametrize("way", ["external storage", "virtual"])
def test_nor_does_a_dataset_that_is_open(tmp_path, secret, way):
    fill, got = AWAY[way]
    path = written(tmp_path / "rows.h5", lambda file: fill(file, secret))
    with h5py.File(path) as file, pytest.raises(FileError, match=f"'X' {got}"):
        ArrayRows({"X": file["X"], "y": file["y"]}, "mine")


@pytest.mark.parametrize("way", ["external storage", "link", "soft link"])
@pytest.mark.parametrize("name", ["train_set_x", "list_classes"])
def test_nor_do_the_cats(tmp_path, secret, way, name):
    for file_name, part in ((TRAIN_FILE, "train"), (TEST_FILE, "test")):
        with h5py.File(tmp_path / file_name, "w") as file:
            file[f"{part}_set_x"] = np.zeros((2, 4, 4, 3), np.uint8)
            file[f"{part}_set_y"] = np.array([0, 1])
            file["list_classes"] = np.array([b"non-cat", b"cat"])
    with h5py.File(tmp_path / TRAIN_FILE, "a") as file:
        del file[name]
        AWAY[way][0](file, secret)
        file.move("X", name)
    with pytest.raises(FileError, match=f"{TRAIN_FILE}: data of this file alone; '{name}' {AWAY[way][1]}"):
        read_cats(tmp_path)


def test_soft_links_within_the_file_are_followed(tmp_path):
    def fill(file):
        file["g/h/X"] = ROWS
        file["g/there"] = h5py.SoftLink("h/X")
        file["X"] = h5py.SoftLink("/g/./there")
        file["top"] = h5py.SoftLink("/")

    frame = rows_in_memory(open_arrays(written(tmp_path / "rows.h5", fill)))
    np.testing.assert_array_equal(frame.select("x0", "x1").to_numpy(), ROWS)


LOOPS = {
    "to itself": {"X": "/X"},
    "in a circle": {"X": "/a/b", "a": "/c", "c": "/a"},
    "without end": {"X": "/".join(["a"] * 60), "a": "/".join(["b"] * 60), "b": "/".join(["a"] * 60)},
    "to nowhere": {"X": "/nowhere/X"},
}


@pytest.mark.parametrize("loop", LOOPS)
def test_links_that_lead_nowhere_are_told_at_once(tmp_path, loop):
    def fill(file):
        for name, path in LOOPS[loop].items():
            file[name] = h5py.SoftLink(path)

    path = written(tmp_path / "rows.h5", fill)
    with pytest.raises(FileError, match=r"rows.h5: "):
        open_arrays(path)


def of_variable_length(file):
    rows = file.create_dataset("X", (10,), h5py.vlen_dtype("f8"))
    for row in range(10):
        rows[row] = np.arange(row + 1.0)


def of_one_length(file):
    rows = file.create_dataset("X", (10,), h5py.vlen_dtype("i4"))
    for row in range(10):
        rows[row] = [1, 2]


def references(file):
    file.create_dataset("X", (10,), h5py.ref_dtype)[0] = file["y"].ref


def without(fill):
    def filled(file):
        del file["y"]
        fill(file)

    return filled


def empty(file):
    file["X"] = h5py.Empty("f8")


def no_rows(file):
    file["X"] = np.zeros((0, 3))


def no_columns(file):
    file["X"] = np.zeros((10, 0))


def endless_rows(file):
    del file["y"]
    file.create_dataset("X", (10**15, 2), "f8", chunks=(1000, 2))  # no number of which stands in the file


def endless_columns(file):
    file.create_dataset("X", (10, 10**10), "i1", chunks=(1, 1000))


def endless_texts(file):
    file.create_dataset("X", (10,), "S2000000000", chunks=(1,))


OF_NO_USE = {
    "variable length": (of_variable_length, "rows of the same length; those of 'X' are of variable length"),
    "one length": (of_one_length, "rows of the same length; those of 'X' are of variable length"),
    "references": (references, "numbers, truth values or texts; got object"),
    "empty": (empty, "datasets with rows; 'X' is empty"),
    "empty alone": (without(empty), "datasets with rows; 'X' is empty"),
    "no rows": (no_rows, "arrays with at least one row; 'X' has none"),
    "no rows alone": (without(no_rows), "arrays with at least one row; 'X' has none"),
    "no columns": (no_columns, "arrays of 1 to 1,000,000 columns .*; 'X' is of shape (10, 0)"),
    "endless rows": (endless_rows, "1,000,000,000,000,000 rows"),
    "endless columns": (endless_columns, "'X' is of shape (10, 10000000000) and type int8"),
    "endless texts": (endless_texts, "at most 256 MiB in a row; 'X' is of shape (10,)"),
}


@pytest.mark.parametrize("kind", OF_NO_USE)
def test_what_has_no_rows_to_learn_from_is_told(tmp_path, kind):
    fill, got = OF_NO_USE[kind]
    path = written(tmp_path / "rows.h5", fill)
    with pytest.raises(DataError, match=re.escape(got).replace(r"\.\*", ".*")) as caught:
        open_arrays(path)
    assert str(caught.value).startswith(f"{path}")


@pytest.mark.parametrize("fill", [empty, of_variable_length, no_rows])
def test_estimators_say_it_too(tmp_path, fill):
    path = written(tmp_path / "rows.h5", fill)
    with pytest.raises(DeepStepError, match="'X'"):
        DeepClassifier().fit(path, "y")
    with h5py.File(path) as file, pytest.raises(DeepStepError, match="'X'"):
        DeepClassifier(stream=True).fit(file["X"], file["y"])


@pytest.mark.parametrize("value", [h5py.Empty("u1"), np.zeros((0, 4, 4, 3), np.uint8)])
def test_cats_without_pictures(tmp_path, value):
    with h5py.File(tmp_path / TRAIN_FILE, "w") as file:
        file["train_set_x"], file["train_set_y"] = value, np.array([0, 1])
        file["list_classes"] = np.array([b"non-cat", b"cat"])
    with pytest.raises(DeepStepError, match=TRAIN_FILE):
        read_cats(tmp_path)
