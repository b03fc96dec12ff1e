"""The lecture's cat / non-cat images, from their two HDF5 files."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepstep.data.files import check_file, kind_at, reading
from deepstep.data.rows import check_room
from deepstep.errors import FileError, missing_package

TRAIN_FILE = "train_catvnoncat.h5"
TEST_FILE = "test_catvnoncat.h5"


@dataclass(frozen=True)
class ImageSet:
    """Images with classes, in a training and a test part.

    Attributes
    ----------
    X_train : array of shape (m, height, width, channels), uint8
    y_train : array of shape (m,), int64
        Positions in `classes`.
    X_test : array of shape (m, height, width, channels), uint8
    y_test : array of shape (m,), int64
        Positions in `classes`.
    classes : tuple of str

    Examples
    --------
    >>> X, y = np.zeros((2, 64, 64, 3), np.uint8), np.array([0, 1])
    >>> cats = ImageSet(X, y, X, y, ("non-cat", "cat"))
    >>> [cats.classes[label] for label in cats.y_train]
    ['non-cat', 'cat']
    """

    X_train: NDArray[np.uint8]
    y_train: NDArray[np.int64]
    X_test: NDArray[np.uint8]
    y_test: NDArray[np.int64]
    classes: tuple[str, ...]


def read_cats(directory: Path | str) -> ImageSet:
    """Read `train_catvnoncat.h5` and `test_catvnoncat.h5` of a folder.

    Parameters
    ----------
    directory : Path or str
        The folder with both files. Each holds `<part>_set_x` uint8 (m, height, width, channels) and
        `<part>_set_y` integers (m,), positions in `list_classes`, which is the same in both.

    Returns
    -------
    ImageSet

    Raises
    ------
    FileError
        When a file is missing, no HDF5, damaged, has data in another file, or lacks one of these arrays in
        this shape, or when both do not belong together.
    DataError
        When an array is empty, of rows of different lengths, or would not fit into memory.
    MissingPackageError
        When h5py is not installed.

    Examples
    --------
    >>> read_cats("no/such/folder")
    Traceback (most recent call last):
    deepstep.errors.FileError: no/such/folder does not exist. Give the folder of train_catvnoncat.h5 and
    test_catvnoncat.h5.
    """
    directory = Path(directory)
    if (kind := kind_at(directory)) != "folder":
        problem = f"{directory} does not exist" if kind == "nothing" else f"{directory} is no folder"
        raise FileError(problem, f"Give the folder of {TRAIN_FILE} and {TEST_FILE}.")
    X_train, y_train, classes = _read_part(directory / TRAIN_FILE, "train")
    X_test, y_test, test_classes = _read_part(directory / TEST_FILE, "test")
    if test_classes != classes:
        raise FileError(
            f"{directory / TEST_FILE} has the classes {', '.join(map(repr, test_classes))}, but the training "
            f"file has {', '.join(map(repr, classes))}"
        )
    if X_train.shape[1:] != X_test.shape[1:]:
        raise FileError(
            f"{directory / TEST_FILE} has images of size {X_test.shape[1:]}, but the training file has "
            f"{X_train.shape[1:]}"
        )
    return ImageSet(X_train, y_train, X_test, y_test, classes)


def _read_part(path: Path, part: str) -> tuple[NDArray[np.uint8], NDArray[np.int64], tuple[str, ...]]:
    try:
        import h5py
    except ImportError as error:
        raise missing_package("read_cats", "h5py", extra="images") from error
    check_file(path, "an HDF5 file")
    errors = (RuntimeError, KeyError, ValueError, TypeError)  # to which h5py maps those of its library
    hint = "It is no HDF5 or damaged: get the file again."
    with reading(path, "an HDF5 file", *errors, hint=hint), h5py.File(path, "r") as file:
        names = (f"{part}_set_x", f"{part}_set_y", "list_classes")
        missing = set(names) - set(file)
        if missing:
            hint = f"It needs {part}_set_x, {part}_set_y and list_classes."
            raise FileError(f"{path} lacks {', '.join(sorted(missing))}", hint)
        datasets = {name: _dataset(file, name, path) for name in names}
        for name, dataset in datasets.items():
            check_room(dataset.size * dataset.dtype.itemsize, f"{path}: the array {name!r}")
        X, y, classes = (np.asarray(dataset) for dataset in datasets.values())
    _check_arrays(path, X, y, classes)
    return X, y.astype(np.int64), _names(path, classes)


def _dataset(file: Any, name: str, path: Path) -> Any:
    """A dataset whose values are in this file: another one could be any file of this machine."""
    import h5py

    hint = "Copy what it refers to into the file itself."
    if not isinstance(file.get(name, getlink=True), h5py.HardLink):
        raise FileError(f"{path}: {name!r} is a link", hint)
    dataset = file[name]
    if not isinstance(dataset, h5py.Dataset) or dataset.shape is None:
        raise FileError(f"{path}: {name!r} is no array, but a group or empty")
    if dataset.is_virtual or dataset.external:
        raise FileError(f"{path}: the values of {name!r} are in other files", hint)
    return dataset


def _names(path: Path, classes: NDArray[np.generic]) -> tuple[str, ...]:
    try:
        return tuple(name.decode() if isinstance(name, bytes) else str(name) for name in classes.tolist())
    except UnicodeDecodeError as error:
        raise FileError(f"{path} has names of classes that are not UTF-8") from error


def _check_arrays(
    path: Path, X: NDArray[np.generic], y: NDArray[np.generic], classes: NDArray[np.generic]
) -> None:
    rules = {
        "images of uint8 (m, height, width, channels)": X.dtype == np.uint8 and X.ndim == 4 and X.size > 0,
        "one integer label for each image": y.dtype.kind in "iu" and y.shape == X.shape[:1],
        "a list of class names": classes.ndim == 1 and classes.dtype.kind in "SOU",
    }
    for rule, holds in rules.items():
        if not holds:
            raise FileError(
                f"{path} has images of {X.dtype} {X.shape}, labels of {y.dtype} {y.shape} and classes of "
                f"{classes.dtype} {classes.shape}, not {rule}"
            )
    if not np.isin(y, np.arange(len(classes))).all():
        raise FileError(f"{path} has the labels {np.unique(y).tolist()}, not 0 to {len(classes) - 1} alone")
