"""Memory-mapped NumPy files and HDF5, streamed."""

import os

import h5py
import numpy as np
import polars
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import load_digits

from deepstep.data import ArrayRows, array_rows
from deepstep.data.array_rows import open_arrays
from deepstep.data.filed_arrays import FiledArray, filed
from deepstep.errors import ConfigurationError, DataError, FileError, ShapeError
from deepstep.estimators import DeepClassifier, DeepRegressor

PLAIN = {
    "hidden_layer_sizes": 16,
    "max_iter": 3,
    "batch_size": 64,
    "random_state": 1,
    "preset": "mlp",
    "tol": 0.0,
}


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    return X.reshape(-1, 8, 8) / 16, y


@pytest.fixture
def files(digits, tmp_path):
    X, y = digits
    np.save(tmp_path / "X.npy", X)
    np.save(tmp_path / "y.npy", y)
    with h5py.File(tmp_path / "digits.h5", "w") as file:
        file.create_dataset("X", data=X, chunks=(100, 8, 8), compression="gzip")
        file.create_dataset("digit", data=y)
        file.create_dataset("name", data=[f"zahl {one} ü".encode() for one in y])
        file.create_dataset("scalar", data=3.0)
    return tmp_path


@pytest.mark.filterwarnings("ignore:Training ended before")
@pytest.mark.parametrize("source", ["memmap", "hdf5", "path", "h5 path"])
def test_one_window_is_the_fit_in_memory_bit_for_bit(files, digits, source):
    X, y = digits
    flat = X.reshape(len(X), -1)
    given, target = {
        "memmap": lambda: (np.load(files / "X.npy", mmap_mode="r"), np.load(files / "y.npy", mmap_mode="r")),
        "hdf5": lambda: (h5py.File(files / "digits.h5")["X"], h5py.File(files / "digits.h5")["digit"]),
        "path": lambda: (files / "X.npy", "y"),
        "h5 path": lambda: (files / "digits.h5", "digit"),
    }[source]()
    if source == "h5 path":
        with h5py.File(files / "digits.h5", "a") as file:
            del file["name"]
    expected = DeepClassifier(**PLAIN).fit(flat, y)
    model = DeepClassifier(**PLAIN, stream=True).fit(given, target)
    np.testing.assert_array_equal(model.network_.parameters.flat, expected.network_.parameters.flat)
    answers = model.predict(given if source != "h5 path" else flat)
    np.testing.assert_array_equal(answers, expected.predict(flat))
    np.testing.assert_array_equal(model.predict(flat), answers)


@pytest.mark.filterwarnings("ignore:Training ended before", "ignore:A column-vector y was passed")
@pytest.mark.parametrize("stream", [True, None])
@pytest.mark.parametrize("source", ["array", "list", "path", "column", "weight beside"])
def test_y_and_weights_of_any_kind_beside_a_file_of_inputs(files, digits, source, stream):
    X, y = digits
    weight = np.linspace(0.5, 1.5, len(y))
    np.save(files / "w.npy", weight)
    np.save(files / "y.npy", y[:, np.newaxis])  # a column
    target, weighing = {
        "array": (y, weight),
        "list": (y.tolist(), "w"),
        "path": (files / "y.npy", files / "w.npy"),
        "column": ("y", weight),
        "weight beside": (str(files / "y.npy"), "w"),
    }[source]
    expected = DeepClassifier(**PLAIN).fit(X.reshape(len(X), -1), y, sample_weight=weight)
    model = DeepClassifier(**PLAIN, stream=stream)
    model.fit(files / "X.npy", target, sample_weight=weighing, X_val=None)
    np.testing.assert_allclose(model.network_.parameters.flat, expected.network_.parameters.flat, rtol=1e-5)
    judged = DeepClassifier(**PLAIN, early_stopping=True).fit(
        X.reshape(len(X), -1), y, X_val=files / "X.npy", y_val=target
    )
    assert len(judged.validation_scores_) == 3


@pytest.mark.filterwarnings("ignore:Training ended before")
def test_a_column_of_the_inputs_as_target(files, digits):
    X, _ = digits
    model = DeepRegressor(**PLAIN, stream=True).fit(files / "X.npy", "x20")
    assert model.n_features_in_ == 63
    np.save(
        files / "x20.npy", np.arange(len(X))
    )  # what stands beside comes first, and is one column too many
    with pytest.raises(DataError, match="'x20' is one of 'X' and one of 'x20'"):
        DeepRegressor(**PLAIN, stream=True).fit(files / "X.npy", "x20")


def test_what_is_no_target_of_arrays_is_refused(files, digits):
    _, y = digits
    mapped = np.load(files / "X.npy", mmap_mode="r")
    model = DeepClassifier(**PLAIN, stream=True)
    for arguments, error, says in [
        ((mapped, "y"), DataError, "y with a value for each row, where X is an array; got the name 'y'"),
        ((mapped, np.c_[y, y]), ShapeError, r"y: one column, .* got shape \(1797, 2\)"),
        ((mapped[:, 0, 0], y), ShapeError, r"X: an array \(m, n\) of inputs; got shape \(1797,\)"),
        ((mapped, y[:5]), ShapeError, "1797 rows of .y., as .X. has; got 5"),
        ((files / "X.npy", files / "none.npy"), FileError, "none.npy: a file of arrays; there is no such"),
        ((files / "digits.h5", y), ConfigurationError, r"got y=ndarray .* Arrays go with X.npy alone"),
        ((files / "y.npy", y), ShapeError, r"y.npy: an array \(m, n\) of inputs; got shape \(1797,\)"),
    ]:
        with pytest.raises(error, match=says):
            model.fit(*arguments)


def test_an_ensemble_of_one_on_a_mapped_array(files, digits):
    X, y = digits
    mapped = np.load(files / "X.npy", mmap_mode="r")
    model = DeepClassifier(max_iter=6, random_state=1, stream=True, buffer_rows=500).fit(mapped, y)
    assert (model.predict(mapped) == y).mean() > 0.9
    assert (model.predict(X.reshape(len(X), -1)) == model.predict(mapped)).all()


@pytest.mark.filterwarnings("ignore:Training ended before")
def test_weights_beside_arrays(files, digits):
    _, y = digits
    weight = np.where(y < 5, 1.0, 0.0)
    mapped = np.load(files / "X.npy", mmap_mode="r")
    model = DeepRegressor(**{**PLAIN, "max_iter": 30}, stream=True, buffer_rows=300)
    assert model.fit(mapped, y.astype(float), sample_weight=weight).predict(mapped)[y > 6].mean() < 5.5


def test_any_rows_and_columns_are_those_of_the_arrays(files, digits):
    X, y = digits
    for rows in (open_arrays(files / "X.npy", ["y"]), open_arrays(files / "digits.h5")):
        assert rows.n_rows == len(y)
        target = "y" if "y" in rows.schema else "digit"
        groups, columns = range(len(rows.sizes)), ["x63", target, "x0"]
        read = polars.concat([piece for group in groups for piece in rows.pieces(group, columns, 100)])
        np.testing.assert_array_equal(read["x63"].to_numpy(), X[:, 7, 7])
        np.testing.assert_array_equal(read[target].to_numpy(), y)
    assert open_arrays(files / "digits.h5").schema["name"] == polars.String


def test_texts_of_any_length_take_no_more_than_their_bytes(tmp_path):
    """NumPy's arrays of texts have room for the longest in each place: 8 GB here."""
    texts = ["a", "ü" * 500_000, "b", *["c"] * 4000]
    with h5py.File(tmp_path / "texts.h5", "w") as file:
        file.create_dataset("text", data=texts, dtype=h5py.string_dtype())
        file["X"] = np.zeros((len(texts), 1))
    rows, again = (open_arrays(tmp_path / "texts.h5") for _ in range(2))
    (read,) = rows.pieces(0, ["text"], 10**6)
    assert read["text"].to_list() == texts[: len(read)]
    assert rows.identity() == again.identity()
    with pytest.raises(DataError, match="there are texts and other values"):
        ArrayRows({"X": np.array([["a", None]], object)}, "mine")
    assert ArrayRows({"X": np.array([[1, 2]], object)}, "mine").schema["x0"] == polars.Int64


def test_small_groups_for_wide_rows():
    rows = ArrayRows({"X": np.zeros((100, 2**17), np.uint8)}, "wide")
    assert max(rows.sizes) == 16
    assert sum(rows.sizes) == 100


def test_what_fits_not_is_named(files):
    np.save(files / "y.npy", np.arange(3))
    with pytest.raises(ShapeError, match="1797 rows of 'y', as 'X' has; got 3"):
        open_arrays(files / "X.npy", ["y"])
    with pytest.raises(FileError, match=r"z.npy: a file of arrays; there is no such file"):
        open_arrays(files / "X.npy", ["z"])
    (files / "y.npy").write_bytes((files / "X.npy").read_bytes()[:400])
    with pytest.raises(FileError, match=r"y.npy: a NumPy file of one array; it cannot be read"):
        open_arrays(files / "X.npy", ["y"])
    np.save(files / "y.npy", np.array([{}, None] * 3, object), allow_pickle=True)
    with pytest.raises(FileError, match=r"y.npy: a NumPy file of one array; it cannot be read"):
        open_arrays(files / "X.npy", ["y"])
    (files / "no.h5").write_bytes(b"something else")
    with pytest.raises(FileError, match=r"no.h5: an HDF5 file; it cannot be read"):
        open_arrays(files / "no.h5")
    with pytest.raises(DataError, match="got complex128"):
        ArrayRows({"X": np.zeros((3, 1), complex)}, "mine")
    with pytest.raises(DataError, match="at least one row"):
        ArrayRows({"X": np.zeros((0, 2))}, "mine")


@pytest.mark.filterwarnings("ignore:Training ended before")
@pytest.mark.parametrize("mode", ["c", "r+"])
def test_what_was_written_to_a_mapped_array_stays(files, digits, mode):
    X, y = digits
    np.save(files / "flat.npy", X.reshape(len(X), -1))
    mapped = np.load(files / "flat.npy", mmap_mode=mode)
    mapped -= 1
    mapped *= 2
    wanted = np.array(mapped)
    DeepClassifier(**PLAIN, stream=True).fit(mapped, y)
    np.testing.assert_array_equal(mapped, wanted)


@pytest.mark.parametrize("name", ["X.npy", "y.npy", "digits.h5"])
@pytest.mark.parametrize("happens", ["rewritten", "shorter", "gone"])
def test_a_file_that_changes_while_it_is_read_is_named(files, name, happens):
    rows = open_arrays(files / ("digits.h5" if name == "digits.h5" else "X.npy"), ["y"])
    assert next(rows.pieces(0, ["x3"], 9)).height == 9
    path = files / name
    if happens == "gone":
        path.unlink()
    else:
        found = path.stat()
        whole = path.read_bytes()
        path.write_bytes(bytes(len(whole)) if happens == "rewritten" else whole[:200])
        os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns + (happens == "rewritten")))
    got = "it is gone" if happens == "gone" else "it was changed meanwhile"
    with pytest.raises(FileError, match=f"{name}: the file as it was when reading began; {got}"):
        next(rows.pieces(0, ["x3"], 9))


@given(data=st.data(), order=st.sampled_from("CF"), shape=st.sampled_from([(40,), (40, 9), (30, 4, 5)]))
def test_any_part_of_a_mapped_array_is_read_from_its_file(tmp_path_factory, data, order, shape):
    path = tmp_path_factory.mktemp("mapped") / "X.npy"
    np.save(path, np.asarray(np.random.default_rng(0).standard_normal(shape), order=order))
    steps = st.sampled_from([-3, -1, 1, 2])
    view = np.load(path, mmap_mode="r")[tuple(slice(None, None, data.draw(steps)) for _ in shape)]
    if data.draw(st.booleans()):
        view = view[2:-2, ..., 1:] if len(shape) > 1 else view[2:-2]
    read = filed(view)
    assert isinstance(read, FiledArray)
    start, stop = sorted(data.draw(st.lists(st.integers(0, len(view)), min_size=2, max_size=2)))
    np.testing.assert_array_equal(read[start:stop], np.asarray(view)[start:stop])


@pytest.mark.parametrize("source", ["path", "memmap", "hdf5"])
def test_a_file_that_is_cut_between_the_look_at_it_and_the_reading(files, monkeypatch, source):
    """A map of it would end the process."""
    if source == "path":
        rows, path = open_arrays(files / "X.npy", ["y"]), files / "X.npy"
    elif source == "memmap":
        path = files / "X.npy"
        rows = ArrayRows({"X": np.load(path, mmap_mode="r")[5:]}, "mine")
    else:
        rows, path = open_arrays(files / "digits.h5"), files / "digits.h5"
    looked = array_rows.check_unchanged

    def cut(one, opened):
        looked(one, opened)
        os.truncate(path, 1000)

    monkeypatch.setattr(array_rows, "check_unchanged", cut)
    with pytest.raises(FileError, match=rf"^{path}: the file .*; it (is shorter|was changed meanwhile)"):
        list(rows.pieces(0, ["x3"], 9))


@pytest.mark.filterwarnings("ignore:Training ended before")
@pytest.mark.parametrize("source", ["memmap", "hdf5"])
def test_arrays_of_ones_own_that_change_while_a_fit_reads_them(files, digits, source):
    _, y = digits
    name = "X.npy" if source == "memmap" else "digits.h5"
    mapped = np.load(files / name, mmap_mode="r") if source == "memmap" else h5py.File(files / name)["X"]
    rewritten = []

    def rewrite(record):
        found = (files / name).stat()
        os.utime(files / name, ns=(found.st_atime_ns, found.st_mtime_ns + 1))
        rewritten.append(record)

    settings = {**PLAIN, "max_iter": 20}
    model = DeepClassifier(**settings, stream=True, buffer_rows=128, callbacks=rewrite)
    with pytest.raises(FileError, match=f"{name}: the file as it was when reading began; it was changed"):
        model.fit(mapped, y)
    assert len(rewritten) < 4  # the rows of the next epoch may have been read before


def test_mapped_arrays_whose_file_is_another_or_gone(files, digits):
    X, y = digits
    mapped = np.load(files / "X.npy", mmap_mode="r")
    (files / "X.npy").unlink()
    rows = ArrayRows({"X": mapped, "y": y}, "mine")
    assert next(rows.pieces(0, ["x63"], 9))["x63"].to_list() == X[:9, 7, 7].tolist()
    np.save(files / "X.npy", X + 1)
    with pytest.raises(FileError, match=r"X.npy: the file that the array is mapped from; another one stands"):
        ArrayRows({"X": mapped}, "mine")
    np.save(files / "X.npy", X[:3])
    with pytest.raises(FileError, match=r"X.npy: the file that the array is mapped from; another one stands"):
        ArrayRows({"X": mapped}, "mine")


def test_hdf5_that_says_two_things_or_nothing_is_refused(tmp_path):
    with h5py.File(tmp_path / "two.h5", "w") as file:
        file["X"], file["x0"] = np.zeros((3, 2)), np.ones(3)
    with pytest.raises(DataError, match=r"two.h5: columns of .*; 'x0' is one of 'X' and one of 'x0'"):
        open_arrays(tmp_path / "two.h5")
    with h5py.File(tmp_path / "groups.h5", "w") as file:
        file["train/X"], file["test/X"] = np.zeros((3, 2)), np.zeros((3, 2))
    with pytest.raises(FileError, match="none at its top, only the groups 'test', 'train'"):
        open_arrays(tmp_path / "groups.h5")
    with h5py.File(tmp_path / "latin.h5", "w") as file:
        file["X"] = np.zeros((3, 2))
        file["name"] = np.array([[b"a", b"b"], [b"c", "ü".encode("latin-1")], [b"e", b"f"]])
    rows = open_arrays(tmp_path / "latin.h5")
    with pytest.raises(DataError, match=r"latin.h5, 'name': texts in UTF-8; row 2 is b'\\xfc'"):
        list(rows.pieces(0, ["x0", "name 1"], 9))
