"""The cats' HDF5 files, whole and broken."""

import h5py
import numpy as np
import pytest

from deepstep.data import read_cats
from deepstep.data.hdf5 import TEST_FILE, TRAIN_FILE
from deepstep.errors import FileError


def write_part(folder, part, **changes):
    arrays = {
        f"{part}_set_x": np.arange(3 * 4 * 4 * 3, dtype=np.uint8).reshape(3, 4, 4, 3),
        f"{part}_set_y": np.array([0, 1, 1]),
        "list_classes": np.array([b"non-cat", b"cat"]),
    }
    path = folder / (TRAIN_FILE if part == "train" else TEST_FILE)
    with h5py.File(path, "w") as file:
        for name, array in (arrays | changes).items():
            if array is not None:
                file[name] = array
    return path


@pytest.fixture
def folder(tmp_path):
    write_part(tmp_path, "train")
    write_part(tmp_path, "test")
    return tmp_path


def test_the_published_cats(shared):
    cats = read_cats(shared / "data/cats")
    assert cats.X_train.shape == (209, 64, 64, 3)
    assert cats.X_test.shape == (50, 64, 64, 3)
    assert cats.X_train.dtype == cats.X_test.dtype == np.uint8
    assert (int(cats.y_train.sum()), int(cats.y_test.sum())) == (72, 33)
    assert cats.classes == ("non-cat", "cat")
    assert cats.X_train[0].ravel()[:5].tolist() == [17, 31, 56, 22, 33]


@pytest.mark.parametrize("name", [TRAIN_FILE, TEST_FILE])
def test_missing_cut_and_other_files_are_named(folder, name):
    whole = (folder / name).read_bytes()
    for content in (b"", b"no HDF5", whole[: len(whole) // 10], whole[:-9]):
        (folder / name).write_bytes(content)
        with pytest.raises(FileError, match=rf"{name}.*cannot be read"):
            read_cats(folder)
    (folder / name).unlink()
    with pytest.raises(FileError, match=name):
        read_cats(folder)
    for other, reason in (("none", "does not exist"), (TRAIN_FILE, "no folder")):
        (folder / TRAIN_FILE).touch()
        with pytest.raises(FileError, match=reason):
            read_cats(folder / other)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"train_set_y": None}, "lacks train_set_y"),
        ({"train_set_x": np.zeros((3, 48), dtype=np.uint8)}, "images of uint8"),
        ({"train_set_x": np.zeros((3, 4, 4, 3))}, "images of uint8"),
        ({"train_set_y": np.array([[0, 1, 1]])}, "one integer label for each image"),
        ({"train_set_y": np.array([0, 1])}, "one integer label for each image"),
        ({"train_set_y": np.array([0, 1, 2])}, r"labels \[0, 1, 2\], not 0 to 1 alone"),
        ({"list_classes": np.array(3)}, "not a list of class names"),
        ({"list_classes": np.array([b"non-cat", b"caf\xe9"])}, "names of classes that are not UTF-8"),
        ({"train_set_x": np.zeros((3, 5, 5, 3), dtype=np.uint8)}, "but the training file has"),
    ],
)
def test_wrong_arrays_are_told(folder, changes, sentence):
    write_part(folder, "train", **changes)
    with pytest.raises(FileError, match=sentence):
        read_cats(folder)


def test_classes_in_another_order_are_told(folder):
    write_part(folder, "test", list_classes=np.array([b"cat", b"non-cat"]))
    with pytest.raises(FileError, match=rf"{TEST_FILE} has the classes 'cat', 'non-cat', but the training"):
        read_cats(folder)


def virtual(file, secret):
    layout = h5py.VirtualLayout((10, 2), "f8")
    layout[:] = h5py.VirtualSource(str(secret), "X", (10, 2))
    file.create_virtual_dataset("X", layout)


def soft_link(file, secret):
    file["g/away"] = h5py.ExternalLink(str(secret), "/")
    file["X"] = h5py.SoftLink("/g/away/X")


@pytest.mark.parametrize(
    ("fill", "says"),
    [
        (virtual, "the values of '{}' are in other files. Copy"),
        (soft_link, "'{}' is a link. Copy"),
    ],
)
def test_no_way_leads_to_another_file(folder, tmp_path, fill, says):
    name = "list_classes"
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["X"] = np.zeros((10, 2))
    with h5py.File(folder / TRAIN_FILE, "a") as file:
        del file[name]
        fill(file, tmp_path / "other.h5")
        file.move("X", name)
    with pytest.raises(FileError, match=rf"{TRAIN_FILE}: .*{says.format(name)}"):
        read_cats(folder)
