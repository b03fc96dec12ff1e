"""Parquet files and folders of them, read a row group at a time by pyarrow.

- The parts of a folder are all files that end in .parquet, also in folders within, in the order of their
  paths. Names that begin with "." or "_" (``_SUCCESS``, ``_metadata``) are passed over; anything else is
  refused, and so are Hive's partitions ``key=value``, whose column is in no file, links to folders, and
  folders that cannot be read.
- All parts have the same columns, in any order. Numbers may be of different types (they are read as float64
  then), texts may be categories in some parts, and a part may have a column that is all null. A column that
  is a category in all of them is one, whatever it looks like.
- Pieces of rows are bounded by the mean bytes of their texts, as footers tell: less where a text stands once
  in a dictionary for all rows that have it.
"""

import hashlib
import itertools
import os
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from deepstep.data.files import Watched, as_opened, check_unchanged, kind_at, reading, refuse_pipe, sha256
from deepstep.data.images import IMAGE_SUFFIXES, no_table
from deepstep.data.rows import Place, StoredRows
from deepstep.data.sources import local
from deepstep.environment import polars
from deepstep.errors import DataError, FileError, missing_package, unknown_name

SUFFIX = ".parquet"
DAMAGED = "Write this part again, or get it again."
KEPT_BYTES = 2**24
"""Most bytes of footers that are kept, so that a part's footer is read once and not for each row group."""

_KEEPING = threading.Lock()  # of all rows, which can be copied and pickled so


class _Part(NamedTuple):
    """A file as it was when it was opened."""

    path: Path
    name: str
    opened: Watched
    rows: tuple[int, ...]
    """Rows of each of its groups."""
    starts: tuple[int, ...]
    """The first row of each."""
    footer: str
    """The SHA-256 of its metadata, which tell of every page."""
    text_bytes: Mapping[str, int]
    """The bytes of each column of texts."""


class ParquetRows(StoredRows):
    """The rows of one Parquet file, or of all those of a folder.

    Parameters
    ----------
    path : Path or str
        A file, or a folder of parts.

    Raises
    ------
    FileError
        If there are no parts, one cannot be read, or they do not fit together: the part is named.
    DataError
        If there are no rows.
    MissingPackageError
        If pyarrow is not installed.

    Examples
    --------
    >>> import polars, tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> for part in range(2):
    ...     polars.DataFrame({"x": [part, 10 * part]}).write_parquet(folder / f"part-{part}.parquet")
    >>> rows = ParquetRows(folder)
    >>> rows.sizes, [piece["x"].to_list() for piece in rows.pieces(1, ["x"], most=1)]
    ((2, 2), [[1], [10]])
    """

    def __init__(self, path: Path | str) -> None:
        self.where, self._path = str(path), local(path)
        parts = part_paths(self._path)  # before pyarrow is needed: the folder may hold other files
        opened = [_opened(self._path, part) for part in parts]
        self._parts = [part for part, _ in opened]
        self.schema = _common_schema(self.where, [(part.name, schema) for part, schema in opened])
        groups = [
            (number, group, rows)
            for number, part in enumerate(self._parts)
            for group, rows in enumerate(part.rows)
            if rows
        ]
        if not groups:
            raise DataError(f"{self.where} has no rows")
        self._groups = [group[:2] for group in groups]
        self.sizes = tuple(rows for *_, rows in groups)
        self._footers: OrderedDict[int, Any] = OrderedDict()
        self._kept = 0

    @property
    def bytes(self) -> int:
        """The size of all parts on disk."""
        return sum(part.opened[0] for part in self._parts)

    def pieces(self, group: int, columns: Sequence[str], most: int) -> "Iterator[polars.DataFrame]":
        number, within = self._groups[group]
        part = self._parts[number]
        schema = {name: self.schema[name] for name in columns}
        with _reading(self.where, part.name):
            check_unchanged(part.path, part.opened, _called(self.where, part.name))
            # neither read at once nor mapped: mapped pages count as memory of the process
            with _parquet().ParquetFile(
                part.path,
                metadata=self._footers.get(number),
                buffer_size=2**20,
                pre_buffer=False,
                page_checksum_verification=True,
            ) as file:
                self._keep(number, file.metadata)
                batches = file.iter_batches(
                    batch_size=most, row_groups=[within], columns=list(schema), use_threads=False
                )
                n_read = 0
                for batch in batches:
                    n_read += batch.num_rows
                    frame: Any = polars.from_arrow(batch)
                    yield polars.DataFrame(
                        [frame.get_column(name).cast(dtype) for name, dtype in schema.items()]
                    )
                if n_read != self.sizes[group]:  # pyarrow passes over pages of kinds that it does not know
                    raise FileError(
                        f"{_called(self.where, part.name)}: {n_read:,} of {self.sizes[group]:,} rows of row "
                        f"group {within} can be read",
                        DAMAGED,
                    )

    def row_bytes(self, columns: Sequence[str]) -> float:
        return sum(part.text_bytes.get(name, 0) for part in self._parts for name in columns) / self.n_rows

    def place(self, group: int) -> Place:
        number, within = self._groups[group]
        part = self._parts[number]
        return Place(_called(self.where, part.name), part.starts[within])

    def identity(self) -> dict[str, Any]:
        return {
            "columns": {name: str(dtype) for name, dtype in self.schema.items()},
            "parts": [[part.name, part.opened[0], part.footer] for part in self._parts],
        }

    def _keep(self, number: int, footer: Any) -> None:
        """Keep the footer of a part, and those used last: each tells of all groups of its part."""
        with _KEEPING:
            if number not in self._footers:
                self._kept += footer.serialized_size
            self._footers[number] = footer
            self._footers.move_to_end(number)
            while self._kept > KEPT_BYTES and len(self._footers) > 1:
                self._kept -= self._footers.popitem(last=False)[1].serialized_size


def part_paths(path: Path) -> list[Path]:
    """The parts of a folder, relative to it; of a file that file."""
    kind = kind_at(path)
    if kind == "file":
        return [Path(path.name)]
    refuse_pipe(path, "a Parquet file, or a folder of such parts")
    if kind != "folder":
        raise FileError(f"{path} does not exist", "Give a Parquet file, or a folder of such parts.")
    parts: list[Path] = []
    for folder, folders, names in os.walk(path, onerror=_refuse_unreadable):
        folders[:] = sorted(name for name in folders if not name.startswith((".", "_")))
        for name in folders:
            _check_within(path, Path(folder, name))
        for name in names:
            if name.startswith((".", "_")):
                continue
            if name.lower().endswith(IMAGE_SUFFIXES):
                raise no_table(str(path), Path(folder, name).relative_to(path))
            if not name.lower().endswith(SUFFIX):
                raise FileError(
                    f"{path} has a file {name!r} that is no Parquet part, as it does not end in {SUFFIX}",
                    "Move it away, or name it so that it begins with a point.",
                )
            parts.append(Path(folder, name).relative_to(path))
    if not parts:
        raise FileError(f"{path} has no Parquet parts: nothing in it ends in {SUFFIX}")
    return sorted(parts, key=lambda part: part.parts)


def _check_within(path: Path, within: Path) -> None:
    if "=" in within.name:
        raise FileError(
            f"{path} has a partition {within.name!r}, whose column is in no file",
            "Write it without partitions, with that column in the parts.",
        )
    if within.is_symlink():
        raise FileError(
            f"{path} has a link to a folder, {within.relative_to(path).as_posix()!r}",
            "Move its parts here, or link to each of them.",
        )


def _refuse_unreadable(error: OSError) -> None:
    """Name a folder that cannot be read; its parts would be left out."""
    with reading(error.filename, "a folder of Parquet parts", hint="Allow yourself to read it."):
        raise error


def digest_of(path: Path | str) -> str:
    """The SHA-256 of a file; of a folder that of the names of its parts and of their contents."""
    path = local(path)
    if kind_at(path) != "folder":
        return sha256(path)
    named = [f"{part.as_posix()}\0{sha256(path / part)}\n" for part in part_paths(path)]
    return hashlib.sha256("".join(named).encode()).hexdigest()


def _parquet() -> Any:
    try:
        import pyarrow.parquet
    except ImportError as error:
        raise missing_package("Streaming Parquet", "pyarrow", "datasketches", extra="streaming") from error
    return pyarrow.parquet


def _opened(root: Path, part: Path) -> "tuple[_Part, dict[str, polars.DataType]]":
    """The footer of a part."""
    path = root if root.is_file() else root / part
    name = part.as_posix()
    refuse_pipe(path, "a Parquet file")
    with _reading(str(root), name):
        opened = as_opened(path)
        with _parquet().ParquetFile(path) as file:
            metadata, fields = file.metadata, file.schema_arrow
            groups = [metadata.row_group(group) for group in range(metadata.num_row_groups)]
            rows = tuple(group.num_rows for group in groups)
        with path.open("rb") as raw:  # the footer stands before its own length and the signature
            raw.seek(max(0, opened[0] - 8 - metadata.serialized_size))
            footer = hashlib.sha256(raw.read()).hexdigest()
    where = _called(str(root), name)
    if sum(rows) != metadata.num_rows:
        sizes = f"{sum(rows):,} rows in its row groups, but {metadata.num_rows:,} by its footer"
        raise FileError(f"{where} has {sizes}", DAMAGED)
    if "" in (field.name for field in fields):  # pyarrow does not find it
        raise FileError(f"{where} has a column without a name", DAMAGED)
    schema = {field.name: _dtype_of(field, where) for field in fields}
    starts = tuple(itertools.accumulate(rows, initial=0))[:-1]
    places = {metadata.schema.column(index).path: index for index in range(metadata.num_columns)}
    texts = {
        name: sum(group.column(places[name]).total_uncompressed_size for group in groups)
        for name, dtype in schema.items()
        if name in places and dtype == polars.String
    }
    return _Part(path, name, opened, rows, starts, footer, texts), schema


def _dtype_of(field: Any, where: str) -> "polars.DataType":
    """The type that polars reads a column as; it would panic at values that it cannot read."""
    import pyarrow

    dtype: Any = None
    if not pyarrow.types.is_decimal256(field.type):
        with suppress(polars.exceptions.PanicException, polars.exceptions.PolarsError):
            dtype = polars.DataFrame(pyarrow.schema([field]).empty_table()).dtypes[0]
    if dtype is None:
        raise FileError(
            f"{where}: the column {field.name!r} is of type {field.type}, which cannot be read",
            "Write it as another type, such as double or string, or leave it out.",
        )
    return dtype


def _common_schema(
    where: str, schemas: "Sequence[tuple[str, dict[str, polars.DataType]]]"
) -> "dict[str, polars.DataType]":
    """The types that the columns of all parts can be read as."""
    first, common = schemas[0]
    common = dict(common)
    for part, schema in schemas[1:]:
        called = _called(where, part)
        missing = next((name for name in common if name not in schema), None)
        if missing is not None:
            hint = unknown_name("column", missing, set(schema) - set(common)).hint
            raise FileError(f"{called} has no column {missing!r}, but {first} has", hint or DAMAGED)
        extra = next((name for name in schema if name not in common), None)
        if extra is not None:
            raise FileError(f"{called} has a column {extra!r} that is not in {first}", DAMAGED)
        for name, dtype in schema.items():
            joined = _joined(common[name], dtype)
            if joined is None:
                types = f"{dtype}, but {common[name]} in {first}"
                raise FileError(f"{called}: the column {name!r} is of type {types}", DAMAGED)
            common[name] = joined
    return common


def _joined(first: "polars.DataType", second: "polars.DataType") -> "polars.DataType | None":
    """A type for the values of both; None where there is none."""
    if first == second or second == polars.Null:
        return first
    if first == polars.Null:
        return second
    texts = [dtype in (polars.String, polars.Categorical, polars.Enum) for dtype in (first, second)]
    if all(texts):
        return polars.String() if polars.String in (first, second) else polars.Categorical()
    return polars.Float64() if first.is_numeric() and second.is_numeric() else None


def _called(where: str, part: str) -> str:
    """A part, as people know it."""
    return where if Path(where).name == part else f"{where}, part {part}"


def _reading(where: str, part: str) -> AbstractContextManager[None]:
    """Let whatever pyarrow, Polars and the system say be one sentence about a part."""
    import pyarrow

    errors = pyarrow.ArrowException, polars.exceptions.PanicException, UnicodeDecodeError
    return reading(_called(where, part), "a whole Parquet file", *errors, hint=DAMAGED)
