"""Memory-mapped NumPy files, read in pieces."""

import itertools
import os
from contextlib import suppress

import numpy as np
import polars
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepstep.data import ArrayRows, arrays
from deepstep.data.arrays import open_arrays
from deepstep.errors import DataError, DeepStepError, FileError


def test_texts_and_objects(tmp_path):
    texts = ["a", "zahl ü", "b"]
    np.save(tmp_path / "X.npy", np.zeros((3, 1)))
    np.save(tmp_path / "name.npy", np.array([text.encode() for text in texts]))
    rows, again = (open_arrays(tmp_path / "X.npy", ["name"]) for _ in range(2))
    (read,) = rows.pieces(0, ["name"], 10**6)
    assert read["name"].to_list() == texts
    assert rows.identity() == again.identity()
    for kind in (object, str):
        (read,) = ArrayRows({"X": np.array(texts, kind)[:, np.newaxis]}, "mine").pieces(0, ["x0"], 9)
        assert read["x0"].to_list() == texts
    with pytest.raises(DataError, match="mine: 'X' has texts and other values"):
        ArrayRows({"X": np.array([["a", None]], object)}, "mine")
    assert ArrayRows({"X": np.array([[1, 2]], object)}, "mine").schema["x0"] == polars.Int64
    with pytest.raises(DataError, match="has bytes that are not UTF-8 text in the rows from 1 on"):
        ArrayRows({"X": np.array([["ü".encode("latin-1")]])}, "mine")


def test_what_fits_not_is_named(files):
    with pytest.raises(FileError, match=r"z.npy does not exist"):
        open_arrays(files / "X.npy", ["z"])
    (files / "y.npy").write_bytes((files / "X.npy").read_bytes()[:400])
    with pytest.raises(FileError, match=r"y.npy cannot be read as a NumPy file of one array"):
        open_arrays(files / "X.npy", ["y"])
    np.save(files / "y.npy", np.array([{}, None] * 3, object), allow_pickle=True)
    with pytest.raises(FileError, match=r"y.npy cannot be read as a NumPy file of one array"):
        open_arrays(files / "X.npy", ["y"])
    with pytest.raises(DataError, match="'X' has values of type complex128"):
        ArrayRows({"X": np.zeros((3, 1), complex)}, "mine")
    with pytest.raises(DataError, match="the array 'X' has no rows"):
        ArrayRows({"X": np.zeros((0, 2))}, "mine")
    rows = ArrayRows({"X": np.zeros((100, 2**15), np.uint8)}, "wide")  # small groups for wide rows
    assert (max(rows.sizes), sum(rows.sizes)) == (64, 100)


@pytest.mark.parametrize("mode", ["c", "r+"])
def test_what_was_written_to_a_mapped_array_is_read_and_stays(files, mode):
    mapped = np.load(files / "X.npy", mmap_mode=mode).reshape(600, -1)
    mapped -= 1
    wanted = np.array(mapped)
    read = polars.concat(ArrayRows({"X": mapped}, "mine").all_pieces(["x20"], 500))
    np.testing.assert_array_equal(read["x20"], wanted[:, 20])
    np.testing.assert_array_equal(mapped, wanted)


@pytest.mark.parametrize(
    ("name", "happens"), [("X.npy", "rewritten"), ("y.npy", "shorter"), ("X.npy", "gone")]
)
def test_a_file_that_changes_while_it_is_read_is_named(files, name, happens):
    rows = open_arrays(files / "X.npy", ["y"])
    assert next(rows.pieces(0, ["x3"], 9)).height == 9
    path = files / name
    if happens == "gone":
        path.unlink()
    else:
        opened, whole = path.stat(), path.read_bytes()
        path.write_bytes(bytes(len(whole)) if happens == "rewritten" else whole[:200])
        os.utime(path, ns=(opened.st_atime_ns, opened.st_mtime_ns + (happens == "rewritten")))
    change = "removed" if happens == "gone" else "changed"
    with pytest.raises(FileError, match=f"{name} was {change} after reading began"):
        next(rows.pieces(0, ["x3"], 9))


FORMAT = "{{'descr': {}, 'fortran_order': {}, 'shape': {}}}".format
HEADERS = [
    *itertools.starmap(
        FORMAT,
        itertools.product(
            ["'<f8'", "'|O'", "[", "b'<f8'", "[('a', '<f8')]", "None"],
            ["False", "0", "'"],
            ["(3, 4)", "(True, 4)", "(", "(-1, 4)", "(3.0,)", "(4611686018427387904, 4)", "[}", "2**70"],
        ),
    ),
    *(character * times for character in "(-~[{" for times in (200, 9000)),
    "{b'descr': '<f8', 'fortran_order': False, 'shape': (3, 4)}",
]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("version", [1, 2, 3])
def test_a_damaged_header_is_told_in_one_sentence(tmp_path, version):
    """Errors of all kinds come from it: it is evaluated as Python."""
    for header in HEADERS:
        content = f"{header}\n".encode()
        length = len(content).to_bytes(2 if version == 1 else 4, "little")
        (tmp_path / "X.npy").write_bytes(b"\x93NUMPY" + bytes([version, 0]) + length + content + bytes(96))
        with suppress(DeepStepError):
            assert open_arrays(tmp_path / "X.npy").n_rows


@given(data=st.data(), order=st.sampled_from("CF"), shape=st.sampled_from([(40,), (40, 9), (30, 4, 5)]))
def test_any_part_of_a_mapped_array_is_read(tmp_path_factory, data, order, shape):
    path = tmp_path_factory.mktemp("mapped") / "X.npy"
    np.save(path, np.asarray(np.random.default_rng(0).standard_normal(shape), order=order))
    steps = st.sampled_from([-3, -1, 1, 2])
    view = np.load(path, mmap_mode="r")[tuple(slice(None, None, data.draw(steps)) for _ in shape)]
    if data.draw(st.booleans()):
        view = view[2:-2, ..., 1:] if len(shape) > 1 else view[2:-2]
    rows = ArrayRows({"X": view}, "mine")
    read = polars.concat(rows.pieces(0, list(rows.schema), data.draw(st.integers(1, 50))))
    np.testing.assert_array_equal(read.to_numpy().reshape(view.shape), view)


@pytest.mark.parametrize(
    "open_rows", [open_arrays, lambda path: ArrayRows({"X": np.load(path, mmap_mode="r")}, "mine")]
)
def test_a_file_that_is_cut_between_the_look_at_it_and_the_reading(files, monkeypatch, open_rows):
    """A map of it would end the process."""
    path, looked = files / "X.npy", arrays.check_unchanged
    rows = open_rows(path)

    def cut(one, opened):
        looked(one, opened)
        os.truncate(path, 1000)

    monkeypatch.setattr(arrays, "check_unchanged", cut)
    with pytest.raises(FileError, match=rf"^{path} was (cut|changed) after reading began"):
        list(rows.pieces(0, ["x3"], 9))


def test_mapped_arrays_whose_file_is_another_or_gone(files):
    X, y = (np.load(files / f"{name}.npy") for name in "Xy")
    mapped = np.load(files / "X.npy", mmap_mode="r")
    (files / "X.npy").unlink()
    rows = ArrayRows({"X": mapped, "y": y}, "mine")
    assert next(rows.pieces(0, ["x63"], 9))["x63"].to_list() == X[:9, 7, 7].tolist()
    for other in (X + 1, X[:3], np.concatenate([X[:-1], X[:1]])):
        np.save(files / "X.npy", other)
        with pytest.raises(FileError, match=r"X.npy was replaced or cut since the array was mapped"):
            ArrayRows({"X": mapped}, "mine")
