"""How much memory there is, and rows that stay in their files and are read a piece at a time."""

import os
import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

from deepstep.environment import polars
from deepstep.errors import DataError, FileError, unknown_name
from deepstep.types import AnyArray

SHARE = 0.5
"""Share of the memory that one array or table may take; its model takes as much again."""
LITTLE = 2**20
"""Bytes up to which the system is not asked."""
_GROUP_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
"""Where Linux says how much the processes of a container may have, in version 2 and 1."""


def memory() -> int | None:
    """The bytes of memory that this process can have at most; None where the system does not say."""
    limits = [*_of_the_machine(), *_of_the_group(), *_of_the_process()]
    return min(limits) if limits else None


def check_room(n_bytes: int, what: str, hint: str = "") -> None:
    """Refuse what does not fit into memory, before it is allocated; ``what`` begins the message."""
    available = memory() if n_bytes > LITTLE else None
    if available is not None and n_bytes > SHARE * available:
        limit = _gibibytes(SHARE * available)
        raise DataError(
            f"{what} would take {_gibibytes(n_bytes)}, more than half of the memory, {limit}", hint
        )


def _gibibytes(n_bytes: float) -> str:
    return f"{n_bytes / 2**30:,.3g} GiB" if n_bytes < 2**40 else f"{n_bytes / 2**30:,.0f} GiB"


def _of_the_machine() -> list[int]:
    try:
        return [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    except (AttributeError, OSError, ValueError):  # Windows has no sysconf, other systems not these names
        return []


def _of_the_group() -> list[int]:
    texts = [path.read_text() for path in map(Path, _GROUP_LIMITS) if path.is_file()]
    return [int(text) for text in texts if text.strip().isdigit()]  # or "max"


def _of_the_process() -> list[int]:
    try:
        import resource
    except ImportError:  # Windows
        return []
    return [limit for limit in resource.getrlimit(resource.RLIMIT_AS)[:1] if limit != resource.RLIM_INFINITY]


PIECE_ROWS, PIECE_NUMBERS, PIECE_BYTES = 2**16, 2**22, 2**24
"""Rows, numbers, and bytes of texts, that are in memory at once, beside those that are learned from."""


def rows_within(limits: tuple[int, int, int], width: int, row_bytes: float) -> int:
    """How many rows of so many numbers and bytes of texts keep to the limits of rows, numbers and bytes."""
    rows, numbers, n_bytes = limits
    return max(1, min(rows, numbers // max(1, width), int(n_bytes / max(1.0, row_bytes))))


class Place(NamedTuple):
    """A file, as people know it, and a row in it, from 0."""

    where: str
    row: int


@contextmanager
def naming_rows(place: Place, numbers: AnyArray) -> Iterator[None]:
    """Let an error about a value say in which file it stands, and in which row there.

    Such an error begins with "Row 3 ", counted from 1 among the rows that are looked at; ``numbers`` are
    these rows, counted from 0 in the group.
    """

    def row_of_file(match: "re.Match[str]") -> str:
        return f"row {place.row + int(numbers[int(match[1]) - 1]) + 1:,} "

    try:
        yield
    except FileError:
        raise
    except DataError as error:
        problem = re.sub(r"^Row (\d+) ", row_of_file, error.problem)
        sign = "" if problem.startswith("The table ") else ":"
        raise type(error)(f"{place.where}{sign} {problem.removeprefix('The table ')}", error.hint) from None


class StoredRows(ABC):
    """Rows in one file or many, in groups that can be read in any order.

    Attributes
    ----------
    where : str
        The file or the folder, as people know it.
    schema : mapping
        Names and polars types of the columns, the same in all parts.
    sizes : tuple of int
        Rows of each group, in the order of the files.

    Examples
    --------
    >>> import polars, tempfile
    >>> from deepstep.data import ParquetRows
    >>> path = tempfile.mkdtemp() + "/x.parquet"
    >>> polars.DataFrame({"x": range(5)}).write_parquet(path, row_group_size=3)
    >>> rows = ParquetRows(path)
    >>> rows.n_rows, rows.sizes, rows.schema
    (5, (3, 2), {'x': Int64})
    """

    where: str
    schema: "Mapping[str, polars.DataType]"
    sizes: tuple[int, ...]
    named: ClassVar[bool] = True
    """Whether their columns have names of their own; else they are those of an array."""

    @property
    def n_rows(self) -> int:
        """How many there are."""
        return sum(self.sizes)

    @property
    @abstractmethod
    def bytes(self) -> int:
        """Their size where they stand."""

    @abstractmethod
    def pieces(self, group: int, columns: Sequence[str], most: int) -> "Iterator[polars.DataFrame]":
        """The rows of a group, in their order, so many at a time.

        Parameters
        ----------
        group : int
            Its number.
        columns : sequence of str
            Which columns to read.
        most : int
            The most rows of a piece.

        Returns
        -------
        Iterator[polars.DataFrame]
            Frames with these columns, in the types of ``schema``.

        Raises
        ------
        FileError
            If a part is gone, damaged, or another than when the rows were opened.
        """

    @abstractmethod
    def place(self, group: int) -> "Place":
        """Where a group lies, for error messages.

        Parameters
        ----------
        group : int
            Its number.

        Returns
        -------
        Place
            The file, and the group's first row in it.
        """

    @abstractmethod
    def identity(self) -> dict[str, Any]:
        """The identity of these files, without reading all of them.

        Returns
        -------
        dict
            JSON's types.
        """

    def all_pieces(self, columns: Sequence[str], most: int) -> "Iterator[polars.DataFrame]":
        """The rows of all groups, in the order of the files.

        Parameters
        ----------
        columns, most
            As in `pieces`.

        Returns
        -------
        Iterator[polars.DataFrame]
            Frames with these columns, in the types of ``schema``.

        Raises
        ------
        FileError
            As in `pieces`.
        """
        for group in range(len(self.sizes)):
            yield from self.pieces(group, columns, most)

    def row_bytes(self, columns: Sequence[str]) -> float:
        """The mean bytes of a row's texts.

        Parameters
        ----------
        columns : sequence of str
            Which columns are read.

        Returns
        -------
        float
            0 where there are no texts.
        """
        return 0.0

    def piece_rows(self, columns: Sequence[str], width: int = 0) -> int:
        """How many rows of these columns are read and prepared at once.

        Parameters
        ----------
        columns : sequence of str
            Which columns to read.
        width : int, optional
            Numbers that a row becomes, where they are more than its columns.

        Returns
        -------
        int
            At least 1, and on average at most `PIECE_BYTES` of texts.
        """
        width = max(width, len(columns))
        return rows_within((PIECE_ROWS, PIECE_NUMBERS, PIECE_BYTES), width, self.row_bytes(columns))

    def check_columns(self, names: Sequence[str], where: str) -> None:
        """Refuse names that no column has.

        Parameters
        ----------
        names : sequence of str
            The names.
        where : str
            The setting or argument that has the names.

        Raises
        ------
        ConfigurationError
            With the nearest name.
        """
        for name in names:
            if name not in self.schema:
                raise unknown_name("column", name, self.schema, setting=where)
