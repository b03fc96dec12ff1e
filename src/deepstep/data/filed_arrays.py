"""Memory-mapped arrays, read from their files and not through the map.

Where a file is cut while a map of it is read, the system ends the process; a read that comes too short is an
error like others. And pages of a map count as memory of the process.
"""

import mmap
from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from deepstep.data.files import kind_at, refuse_pipe
from deepstep.errors import FileError
from deepstep.types import AnyArray

Watched = tuple[int, int]
"""The size of a file and when it was changed, in nanoseconds."""


@dataclass(frozen=True)
class FiledArray:
    """An array of which the numbers stand in a file, somehow.

    ``offset`` and ``strides`` count bytes.
    """

    path: Path
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    dtype: "np.dtype[Any]"

    def __getitem__(self, rows: slice) -> AnyArray:
        """Some rows that follow each other."""
        start, stop, _ = rows.indices(self.shape[0])
        found = np.empty((max(0, stop - start), *self.shape[1:]), self.dtype)
        if not found.size:
            return found
        with self.path.open("rb", buffering=0) as file:
            offset = self.offset + start * self.strides[0]
            for part, within in self._blocks(found.shape):
                found[part] = self._block(file, offset + within, found[part].shape, self._strides_of(part))
        return found

    def _blocks(self, shape: tuple[int, ...]) -> "Iterator[tuple[Any, int]]":
        """Parts of rows that are read at once, and where they begin: all of them where little lies between
        their numbers; else row by row or column by column, whichever reads less.
        """
        item, row = self.dtype.itemsize, _span(shape[1:], self.strides[1:])
        columns, column = prod(shape[1:]), _span(shape[:1], self.strides[:1])
        if _span(shape, self.strides) + item <= 2 * prod(shape) * item:
            yield (), 0
        elif shape[0] * (row + item) <= columns * (column + item):
            yield from ((at, at * self.strides[0]) for at in range(shape[0]))
        else:
            for at in np.ndindex(shape[1:]):
                yield (slice(None), *at), int(np.dot(at, self.strides[1:]))

    def _strides_of(self, part: Any) -> tuple[int, ...]:
        if part == ():
            return self.strides
        return self.strides[1:] if isinstance(part, int) else self.strides[:1]

    def _block(self, file: Any, offset: int, shape: tuple[int, ...], strides: tuple[int, ...]) -> AnyArray:
        """Numbers that lie close together, read at once."""
        before = -sum(min(0, (n - 1) * stride) for n, stride in zip(shape, strides, strict=True))
        size = _span(shape, strides) + self.dtype.itemsize
        buffer, read = memoryview(bytearray(size)), 0
        file.seek(offset - before)
        while read < size:
            n = file.readinto(buffer[read:])
            if not n:
                raise FileError(
                    str(self.path),
                    "the file as it was when reading began",
                    "it is shorter",
                    "Put the old one back, or begin anew.",
                )
            read += n
        return np.ndarray(shape, self.dtype, buffer, before, strides)


def _span(shape: tuple[int, ...], strides: tuple[int, ...]) -> int:
    """Bytes from the first number to the last one."""
    return sum((n - 1) * abs(stride) for n, stride in zip(shape, strides, strict=True))


def filed(array: Any) -> Any:
    """A memory-mapped array as it stands in its file; any other array as it is, and one whose file is not
    known, is not there, or that was written to without writing the file.

    A file that is another one, or shorter, than what was mapped is a FileError.
    """
    if not isinstance(array, np.memmap):
        return array
    mapped: Any = array  # of NumPy's own attributes the types are not all known
    name = mapped.filename
    if mapped._mmap is None or name is None or mapped.mode == "c" or kind_at(Path(name)) != "file":
        return array
    if mapped.mode != "r":
        mapped.flush()  # what the system writes later would change the file while it is read
    begin = np.frombuffer(mapped._mmap, np.uint8).__array_interface__["data"][0]
    into = array.__array_interface__["data"][0] - begin
    # a map begins at a whole page; mapped.offset is of the array that was mapped, not of a part of it
    start = mapped.offset - mapped.offset % mmap.ALLOCATIONGRANULARITY
    found = FiledArray(Path(name), start + into, array.shape, array.strides, array.dtype)
    _check_same(found, mapped, start)
    return found


def _check_same(found: FiledArray, mapped: Any, start: int) -> None:
    """Refuse a file that was put in the place of what was mapped."""
    end = start + len(mapped._mmap)
    if found.path.stat().st_size >= end:
        some = np.unique([0, max(0, found.shape[0] - 1)])[: found.shape[0]]
        if all(found[row : row + 1].tobytes() == mapped[row : row + 1].tobytes() for row in some):
            return
    raise FileError(
        str(found.path),
        "the file that the array is mapped from",
        "another one stands there, or a part of it",
        "Map it again.",
    )


def as_opened(path: Path) -> Watched:
    """The size of a file and when it was changed, which tell whether it is changed later.

    >>> as_opened(Path("no/such.npy"))
    Traceback (most recent call last):
    deepstep.errors.FileError: no/such.npy: a file of arrays; there is no such file.
    """
    refuse_pipe(path, "a file of arrays")
    if (kind := kind_at(path)) != "file":
        got = "this is a folder" if kind == "folder" else "there is no such file"
        raise FileError(str(path), "a file of arrays", got)
    status = path.stat()
    return status.st_size, status.st_mtime_ns


def check_unchanged(path: Path, opened: Watched) -> None:
    """Refuse a file that was written anew: its rows need not be those counted, and a shorter one has none."""
    there = kind_at(path) != "nothing"
    if not there or as_opened(path) != opened:
        raise FileError(
            str(path),
            "the file as it was when reading began",
            "it was changed meanwhile" if there else "it is gone",
            "Put the old one back, or begin anew.",
        )
