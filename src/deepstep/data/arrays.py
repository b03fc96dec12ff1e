"""Memory-mapped NumPy files, read some rows at a time.

Each array has the same rows. One of shape (m,) is a column, and so is one of shape (m, 1) but X; of shape
(m, n), or more axes, it is n columns that are named by their numbers. ``X.npy`` has the columns ``x0``,
``x1``, …, as an array in memory; targets and weights are in files beside it: ``y.npy`` for the column
``y``.

A whole array that is mapped for reading alone is read from its file and not through the map: where a file is
cut while a map of it is read, the system ends the process, and pages of a map count as memory.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from mmap import mmap
from pathlib import Path
from typing import Any

import numpy as np

from deepstep.data.files import Watched, as_opened, changed, check_unchanged, kind_at, reading
from deepstep.data.rows import Place, StoredRows, check_room
from deepstep.environment import polars
from deepstep.errors import DataError, FileError, ShapeError
from deepstep.types import AnyArray

NUMPY = (".npy",)
INPUTS = "X"
"""The array whose columns are the inputs', named as those of an array in memory."""
GROUP_ROWS, GROUP_NUMBERS, GROUP_BYTES = 4096, 2**21, 2**28
"""Rows, numbers, and bytes, that are read at once."""
MOST_COLUMNS = 10**6
"""Most columns of an array: each has a name."""
COMPARED = 64
"""Rows, evenly spread, whose digest identifies a file."""


class ArrayRows(StoredRows):
    """The rows of arrays that stay where they are.

    Parameters
    ----------
    arrays : mapping
        Names and arrays, memory-mapped or in memory, of shapes (m, …).
    where : str
        Their name for people.
    files : mapping, optional
        The files they lie in as they were when they were opened, by `as_opened`, where that was before: one
        that was changed since is refused at every read. The files of whole arrays that are mapped for reading
        are known.

    Raises
    ------
    ShapeError
        If one has other rows than another.
    DataError
        If they have no rows or columns, or rows of different lengths, two columns have one name, or they hold
        no numbers, truth values or texts.
    FileError
        If a file was changed since it was opened, or an array has its values in another file.

    Examples
    --------
    >>> rows = ArrayRows({"X": np.arange(6.0).reshape(3, 2), "y": np.array(["a", "b", "a"])}, "mine")
    >>> rows.schema
    {'x0': Float64, 'x1': Float64, 'y': String}
    >>> [piece.rows() for piece in rows.pieces(0, ["x1", "y"], most=2)]
    [[(1.0, 'a'), (3.0, 'b')], [(5.0, 'a')]]
    """

    named = False

    def __init__(
        self, arrays: Mapping[str, Any], where: str, files: Mapping[Path, Watched] | None = None
    ) -> None:
        self.where = where
        self._arrays = {name: _filed(array) for name, array in arrays.items()}
        paths = [array.path for array in self._arrays.values() if isinstance(array, _Filed)]
        self._files = {**{path: as_opened(path) for path in paths}, **(files or {})}
        lengths = {name: int(array.shape[0]) for name, array in self._arrays.items() if len(array.shape)}
        m = next(iter(lengths.values()), 0)
        empty = next((name for name, length in lengths.items() if not length), None)
        if empty is not None:
            raise DataError(f"{where}: the array {empty!r} has no rows")
        other = next((name for name, length in lengths.items() if length != m), None)
        if other is not None:
            first = next(iter(lengths))
            raise ShapeError(f"{where}: {other!r} has {lengths[other]} rows, but {first!r} has {m}")
        if not m:
            raise DataError(f"{where} has no array with rows")
        for name, array in self._arrays.items():
            _check_width(name, array, where)
        self._columns: dict[str, tuple[str, int | None]] = {}
        for name, array in self._arrays.items():
            for column, index in _columns(name, array):
                if column in self._columns:
                    raise DataError(
                        f"{where}: {self._columns[column][0]!r} and {name!r} both have a column {column!r}",
                        "Give one of the two another name.",
                    )
                self._columns[column] = name, index
        self.schema = dict(self._read(slice(0, 1), list(self._columns)).schema)
        row_bytes = sum(map(_row_bytes, self._arrays.values()))
        self._group = max(1, min(GROUP_ROWS, GROUP_NUMBERS // len(self._columns), GROUP_BYTES // row_bytes))
        check_room(40 * (m // self._group), f"{where}: the sizes of the groups of {m:,} rows")
        self.sizes = tuple(min(self._group, m - start) for start in range(0, m, self._group))

    @property
    def bytes(self) -> int:
        """The size of all arrays."""
        return sum(int(np.prod(array.shape)) * array.dtype.itemsize for array in self._arrays.values())

    def pieces(self, group: int, columns: Sequence[str], most: int) -> "Iterator[polars.DataFrame]":
        start = group * self._group
        stop = start + self.sizes[group]
        for first in range(start, stop, most):
            yield self._read(slice(first, min(first + most, stop)), columns)

    def place(self, group: int) -> Place:
        return Place(self.where, group * self._group)

    def identity(self) -> dict[str, Any]:
        compared = np.unique(np.linspace(0, self.n_rows - 1, COMPARED).astype(int)).tolist()
        identity = {}
        for name, array in self._arrays.items():
            rows = (_bytes_of(np.asarray(array[row : row + 1])) for row in compared)
            digest = hashlib.sha256(b"".join(rows)).hexdigest()
            identity[name] = [list(array.shape), str(array.dtype), digest]
        return identity

    def _read(self, rows: slice, columns: Sequence[str]) -> "polars.DataFrame":
        names = dict.fromkeys(self._columns[column][0] for column in columns)
        self._check_files()  # before and after: what is changed in between is noticed, too
        with reading(self.where, "arrays"):
            arrays = {
                name: _plain(np.asarray(self._arrays[name][rows]), f"{self.where}: {name!r}", rows.start)
                for name in names
            }
        series = []
        for column in columns:
            name, index = self._columns[column]
            values = arrays[name]
            if index is not None:
                values = values.reshape(len(values), -1)[:, index]
            if values.dtype.kind == "O":
                series.append(polars.Series(column, values.tolist(), polars.String))
            else:
                series.append(polars.Series(column, np.ascontiguousarray(values)))
        frame = polars.DataFrame(series)
        self._check_files()
        return frame

    def _check_files(self) -> None:
        for path, opened in self._files.items():
            check_unchanged(path, opened)


def open_arrays(path: Path, beside: Sequence[str] = ()) -> ArrayRows:
    """The array of a NumPy file."""
    opened = as_opened(path)  # before it is mapped: a change in between is noticed
    inputs = mapped(path)
    if len(inputs.shape) < 2:
        raise ShapeError.must_be(str(path), "an array (m, n) of inputs", f"shape {inputs.shape}")
    input_columns = {column for column, _ in _columns(INPUTS, inputs)}
    paths = {name: beside_it(path, name) for name in beside}
    paths = {name: file for name, file in paths.items() if file.exists() or name not in input_columns}
    files = {path: opened, **{file: as_opened(file) for file in paths.values()}}
    arrays = {INPUTS: inputs, **{name: mapped(file) for name, file in paths.items()}}
    return ArrayRows(arrays, str(path), files)


@dataclass(frozen=True)
class _Filed:
    """A C-ordered array that is read from its file, where it begins at so many bytes."""

    path: Path
    offset: int
    shape: tuple[int, ...]
    dtype: "np.dtype[Any]"

    def __getitem__(self, rows: slice) -> AnyArray:
        """Some rows that follow each other."""
        start, stop, _ = rows.indices(self.shape[0])
        width = prod(self.shape[1:])
        count = max(0, stop - start) * width
        offset = self.offset + start * width * self.dtype.itemsize
        with self.path.open("rb", buffering=0) as file:
            values = np.fromfile(file, self.dtype, count, offset=offset)
        if len(values) < count:
            raise changed(self.path, "was cut")
        return values.reshape(-1, *self.shape[1:])


def _filed(array: Any) -> Any:
    """A whole array that is mapped for reading, as it is in its file; any other array as it is.

    A file that is another one, or shorter, than what was mapped is a FileError.
    """
    mapping: Any = array if isinstance(array, np.memmap) and isinstance(array.base, mmap) else None
    if mapping is None or mapping.mode != "r" or not mapping.flags.c_contiguous or mapping.dtype.hasobject:
        return array
    if mapping.filename is None or kind_at(mapping.filename) != "file":
        return array
    filed = _Filed(Path(mapping.filename), mapping.offset, mapping.shape, mapping.dtype)
    long_enough = filed.path.stat().st_size >= mapping.offset + mapping.nbytes
    # the first and the last row tell a file that was written again, without reading all of it
    ends = {0, len(mapping) - 1} if len(mapping) else set()
    if long_enough and all(
        filed[row : row + 1].tobytes() == mapping[row : row + 1].tobytes() for row in ends
    ):
        return filed
    raise FileError(f"{filed.path} was replaced or cut since the array was mapped from it", "Map it again.")


def beside_it(path: Path, name: str) -> Path:
    """Where a column stands beside ``X.npy``."""
    return path.with_name(f"{name}.npy")


def mapped(path: Path) -> AnyArray:
    """The array in a NumPy file, memory-mapped."""
    as_opened(path)
    # any Exception: a header is evaluated as Python, with all errors it may have
    with reading(path, "a NumPy file of one array", Exception):
        array: Any = np.load(path, mmap_mode="r", allow_pickle=False)
    if not isinstance(array, np.ndarray):
        raise FileError(f"{path} is an archive of several arrays, not a NumPy file of one")
    return array


def _columns(name: str, array: Any) -> Iterator[tuple[str, int | None]]:
    """The columns of an array, and where they lie in its rows."""
    if len(array.shape) == 1:
        yield name, None
        return
    if name != INPUTS and array.shape[1:] == (1,):
        yield name, 0
        return
    for index in range(int(np.prod(array.shape[1:]))):
        yield (f"x{index}" if name == INPUTS else f"{name} {index}"), index


def _check_width(name: str, array: Any, where: str) -> None:
    """Refuse an array without columns, or with more than can be named or read."""
    if not 0 < int(np.prod(array.shape[1:])) <= MOST_COLUMNS or _row_bytes(array) > GROUP_BYTES:
        raise DataError(
            f"{where}: {name!r} has shape {tuple(array.shape)} and type {array.dtype}",
            f"An array may have 1 to {MOST_COLUMNS:,} columns and {GROUP_BYTES >> 20} MiB in a row.",
        )


def _row_bytes(array: Any) -> int:
    """Bytes of a row, at least 1."""
    return max(1, int(np.prod(array.shape[1:])) * array.dtype.itemsize)


def _bytes_of(values: AnyArray) -> bytes:
    """The contents of some rows; of objects not where they lie in memory."""
    return repr(values.tolist()).encode() if values.dtype.kind == "O" else values.tobytes()


def _plain(values: AnyArray, where: str, start: int) -> AnyArray:
    """Numbers and truth values as they are; texts as objects."""
    usable = "Use numbers, truth values or texts."
    if values.dtype.kind == "S":
        try:
            return np.char.decode(values, "utf-8").astype(object)
        except UnicodeDecodeError as error:
            problem = f"{where} has bytes that are not UTF-8 text in the rows from {start + 1:,} on"
            raise DataError(problem, "Write them in UTF-8.") from error
    if values.dtype.kind == "O":
        cells = values.ravel().tolist()
        if all(isinstance(cell, str) for cell in cells):
            return values
        if any(isinstance(cell, str) for cell in cells):
            raise DataError(f"{where} has texts and other values", usable)
        if any(np.ndim(cell) for cell in cells):
            raise DataError(f"{where} has lists as values", usable)
        values = np.array(cells).reshape(values.shape)
    if values.dtype.kind not in "biufU":
        raise DataError(f"{where} has values of type {values.dtype}", usable)
    return values.astype(np.float32) if values.dtype == np.float16 else np.array(values)
