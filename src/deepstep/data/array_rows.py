"""Arrays in files, read some rows at a time: memory-mapped NumPy files, and datasets of HDF5.

Each array has the same rows. One of shape (m,) is a column, and so is one of shape (m, 1) but X; of shape
(m, n), or more axes, it is n columns that are named by their numbers.

- ``X.npy``: its columns are ``x0``, ``x1``, …, as those of an array in memory; targets and weights
  stand in files beside it, ``y.npy`` for the column ``y``.
- An HDF5 file (.h5, .hdf5): every dataset in it that has rows, in the order of their names. The
  columns of the dataset ``X`` are named as above, the columns of others ``name 0``, ``name 1``, ….
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from deepstep.data.filed_arrays import FiledArray, Watched, as_opened, check_unchanged, filed
from deepstep.data.files import kind_at
from deepstep.data.hdf5_datasets import check_datasets, is_dataset, members
from deepstep.data.room import check_room
from deepstep.data.stored_rows import Place, StoredRows
from deepstep.errors import DataError, DeepStepError, FileError, ShapeError, missing_package
from deepstep.types import AnyArray

if TYPE_CHECKING:
    import polars

NUMPY, HDF5 = (".npy",), (".h5", ".hdf5")
INPUTS = "X"
"""The array whose columns are the inputs', named as those of an array in memory."""
GROUP_ROWS, GROUP_NUMBERS, GROUP_BYTES = 4096, 2**21, 2**28
"""Rows, numbers, and bytes, that are read at once."""
MOST_COLUMNS = 10**6
"""An array may have so many: each has a name."""
COMPARED = 64
"""So many rows, evenly spread, tell files from others."""


class ArrayRows(StoredRows):
    """The rows of arrays that stay where they are.

    arrays: Names and arrays, memory-mapped, of HDF5 or in memory, of shapes (m, …).
    where: Their name for people.
    files: The files they lie in as they were when they were opened, by `as_opened`, where that was before:
        one that was changed since is refused at every read. The files of mapped arrays, and HDF5 files that
        are open to be read alone, are known by themselves.
    ShapeError: If one has other rows than another.
    DataError: If they have no rows or columns, or rows of different lengths, two columns have one name, or
        they hold no numbers, truth values or texts.
    FileError: If a file was changed since it was opened, or an array has its values in another file.

    >>> rows = ArrayRows({"X": np.arange(6.0).reshape(3, 2), "y": np.array(["a", "b", "a"])}, "mine")
    >>> rows.schema
    {'x0': Float64, 'x1': Float64, 'y': String}
    >>> [piece.rows() for piece in rows.pieces(0, ["x1", "y"], most=2)]
    [[(1.0, 'a'), (3.0, 'b')], [(5.0, 'a')]]
    """

    def __init__(
        self, arrays: Mapping[str, Any], where: str, files: Mapping[Path, Watched] | None = None
    ) -> None:
        check_datasets(arrays, where)
        self.where, self._arrays = where, {name: filed(array) for name, array in arrays.items()}
        self._files = {**_files_of(self._arrays.values()), **(files or {})}
        lengths = {name: int(array.shape[0]) for name, array in self._arrays.items() if len(array.shape)}
        m = next(iter(lengths.values()), 0)
        empty = next((name for name, length in lengths.items() if not length), None)
        if empty is not None:
            raise DataError(where, "arrays with at least one row", f"{empty!r} has none")
        other = next((name for name, length in lengths.items() if length != m), None)
        if other is not None:
            first = next(iter(lengths))
            raise ShapeError(where, f"{m} rows of {other!r}, as {first!r} has", f"got {lengths[other]}")
        if not m:
            raise DataError(where, "arrays with at least one row", "got none")
        for name, array in self._arrays.items():
            _check_width(name, array, where)
        self._columns: dict[str, tuple[str, int | None]] = {}
        for name, array in self._arrays.items():
            for column, at in _columns(name, array):
                if column in self._columns:
                    raise DataError(
                        where,
                        "columns of different names",
                        f"{column!r} is one of {self._columns[column][0]!r} and one of {name!r}",
                        "Give one of the two another name.",
                    )
                self._columns[column] = name, at
        few = self._read(slice(0, 1), list(self._columns))
        self.schema = dict(few.schema)
        row_bytes = sum(map(_row_bytes, self._arrays.values()))
        self._group = max(1, min(GROUP_ROWS, GROUP_NUMBERS // len(self._columns), GROUP_BYTES // row_bytes))
        check_room(40 * (m // self._group), where, "the sizes of groups of rows", f"those of {m:,} rows")
        self.sizes = tuple(min(self._group, m - start) for start in range(0, m, self._group))

    @property
    def bytes(self) -> int:
        """The size of all arrays."""
        return sum(int(np.prod(array.shape)) * array.dtype.itemsize for array in self._arrays.values())

    def pieces(self, group: int, columns: Sequence[str], most: int) -> "Iterator[polars.DataFrame]":
        start, stop = group * self._group, group * self._group + self.sizes[group]
        for first in range(start, stop, most):
            yield self._read(slice(first, min(first + most, stop)), columns)

    def place(self, group: int) -> Place:
        return Place(self.where, group * self._group)

    def identity(self) -> dict[str, Any]:
        some = np.unique(np.linspace(0, self.n_rows - 1, COMPARED).astype(int)).tolist()
        return {
            name: [
                list(array.shape),
                str(array.dtype),
                hashlib.sha256(b"".join(_bytes_of(array[row : row + 1]) for row in some)).hexdigest(),
            ]
            for name, array in self._arrays.items()
        }

    def _read(self, rows: slice, columns: Sequence[str]) -> "polars.DataFrame":
        import polars

        names = dict.fromkeys(self._columns[column][0] for column in columns)
        self._check_files()
        try:
            read = {
                name: _plain(self._arrays[name][rows], f"{self.where}, {name!r}", rows.start)
                for name in names
            }
        except FileError:
            raise
        except (OSError, KeyError) as error:
            raise FileError(
                self.where, "arrays that can be read", f"they cannot ({str(error).rstrip('.'):.200})"
            ) from error
        found = []
        for column in columns:
            name, at = self._columns[column]
            values = read[name] if at is None else read[name].reshape(len(read[name]), -1)[:, at]
            texts = values.dtype.kind == "O"
            found.append(
                polars.Series(column, values.tolist(), polars.String)
                if texts
                else polars.Series(column, np.ascontiguousarray(values))
            )
        frame = polars.DataFrame(found)
        self._check_files()  # what was changed while it was read, too
        return frame

    def _check_files(self) -> None:
        for path, opened in self._files.items():
            check_unchanged(path, opened)


def open_arrays(path: Path, beside: Sequence[str] = ()) -> ArrayRows:
    """The arrays of a NumPy or HDF5 file.

    ``beside`` names columns that stand in files of their own beside ``X.npy``, or are among its own.
    """
    if path.suffix.lower() in NUMPY:
        opened, inputs = as_opened(path), mapped(path)
        if len(inputs.shape) < 2:
            raise ShapeError(str(path), "an array (m, n) of inputs", f"got shape {inputs.shape}")
        own = {column for column, _ in _columns(INPUTS, inputs)}
        places = {name: beside_it(path, name) for name in beside}
        places = {name: place for name, place in places.items() if place.exists() or name not in own}
        files = {path: opened, **{place: as_opened(place) for place in places.values()}}
        arrays = {INPUTS: inputs, **{name: mapped(place) for name, place in places.items()}}
        return ArrayRows(arrays, str(path), files)
    try:
        import h5py
    except ImportError as error:
        raise missing_package("HDF5 that is streamed", "h5py", "streaming") from error
    files = {path: as_opened(path)}
    try:
        file = h5py.File(path, "r")
        arrays, groups = members(file, str(path))
    except DeepStepError:
        raise
    except (OSError, RuntimeError, KeyError, TypeError) as error:
        raise _damaged(path, "an HDF5 file", error) from error
    with_rows = {name: array for name, array in arrays.items() if len(array.shape)}
    if not with_rows:
        got = f", only the groups {', '.join(map(repr, groups)):.200}" if groups else ""
        raise FileError(
            str(path),
            "datasets with rows",
            f"it has none at its top{got}",
            "Write a file with the datasets of one group at its top." if groups else "",
        )
    return ArrayRows(with_rows, str(path), files)


def _files_of(arrays: Iterable[Any]) -> dict[Path, Watched]:
    """The files that arrays stand in, as far as that is known."""
    paths = [array.path for array in arrays if isinstance(array, FiledArray)]
    files = [array.file for array in arrays if is_dataset(array)]
    paths += [Path(file.filename) for file in files if file.mode == "r"]
    return {path: as_opened(path) for path in paths if kind_at(path) == "file"}


def beside_it(path: Path, name: str) -> Path:
    """Where a column stands beside ``X.npy``.

    >>> beside_it(Path("data/X.npy"), "y").as_posix()
    'data/y.npy'
    """
    return path.with_name(f"{name}.npy")


def mapped(path: Path) -> AnyArray:
    """The array in a NumPy file, memory-mapped."""
    as_opened(path)
    try:
        found: Any = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError, SyntaxError) as error:
        raise _damaged(path, "a NumPy file of one array", error) from error
    if not isinstance(found, np.ndarray):
        raise FileError(str(path), "a NumPy file of one array", "it is an archive of several")
    return found


def _damaged(path: Path, kind: str, error: Exception) -> FileError:
    detail = str(error).partition("\n")[0].rstrip(". ")
    return FileError(
        str(path), kind, f"it cannot be read ({detail:.200})", "Get it again, or write it again."
    )


def _columns(name: str, array: Any) -> Iterator[tuple[str, int | None]]:
    """The columns of an array, and where they lie in its rows."""
    if len(array.shape) == 1:
        yield name, None
        return
    if name != INPUTS and array.shape[1:] == (1,):
        yield name, 0
        return
    for at in range(int(np.prod(array.shape[1:]))):
        yield (f"x{at}" if name == INPUTS else f"{name} {at}"), at


def _check_width(name: str, array: Any, where: str) -> None:
    """Refuse an array without columns, or with more than can be named or read."""
    columns, row_bytes = int(np.prod(array.shape[1:])), _row_bytes(array)
    if not 0 < columns <= MOST_COLUMNS or row_bytes > GROUP_BYTES:
        raise DataError(
            where,
            f"arrays of 1 to {MOST_COLUMNS:,} columns and at most {GROUP_BYTES >> 20} MiB in a row",
            f"{name!r} is of shape {tuple(array.shape)} and type {array.dtype}",
        )


def _row_bytes(array: Any) -> int:
    """Bytes of a row, at least 1."""
    return max(1, int(np.prod(array.shape[1:])) * array.dtype.itemsize)


def _bytes_of(values: Any) -> bytes:
    """The contents of some rows; of objects not where they lie in memory."""
    values = np.asarray(values)
    if values.dtype.kind != "O":
        return values.tobytes()
    texts = values.ravel().tolist()
    return b"\0".join(text if isinstance(text, bytes) else str(text).encode() for text in texts)


def _plain(values: Any, where: str, start: int) -> AnyArray:
    """Numbers and truth values as they are; texts as objects, as an array of texts has room for the longest
    in each of its places.
    """
    values = np.asarray(values)
    if values.dtype.kind in "SO":
        texts, width = [], max(1, values[0].size if values.ndim > 1 else 1)
        for at, value in enumerate(values.ravel()):
            try:
                texts.append(value.decode() if isinstance(value, bytes) else value)
            except UnicodeDecodeError as error:
                row = start + at // width + 1
                raise DataError(
                    where, "texts in UTF-8", f"row {row:,} is {bytes(value)!r:.60}", "Write them in UTF-8."
                ) from error
        if all(isinstance(text, str) for text in texts):
            return np.array(texts, object).reshape(values.shape)
        if any(isinstance(text, str) for text in texts):
            raise DataError(where, "numbers, truth values or texts", "there are texts and other values")
        if any(np.ndim(text) for text in texts):
            raise DataError(where, "numbers, truth values or texts", "there are lists of several")
        values = np.array(texts).reshape(values.shape)
    if values.dtype.kind not in "biufU":
        raise DataError(where, "numbers, truth values or texts", f"got {values.dtype}")
    return values.astype(np.float32) if values.dtype == np.float16 else np.array(values)
