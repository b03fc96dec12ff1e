"""Parquet files and folders of them, read a row group at a time by pyarrow.

Which files are the parts of a folder, and what has to be the same in all of them:

- Every file that ends in .parquet, also in folders within, in the order of its path. What begins with "." or
  "_" (``_SUCCESS``, ``_metadata``) is passed over; anything else is refused.
- Folders named ``key=value`` (Hive's partitions) are refused: their column stands in no file.
- All parts have the same columns, in any order. Numbers may be of different types (they are read as
  float64 then), texts may be categories in some parts, and a part may have a column that is all null. What is
  a category in all of them is one, whatever it looks like.
"""

import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from deepstep.data.files import kind_at, sha256
from deepstep.data.stored_rows import Place, StoredRows
from deepstep.errors import DataError, FileError, missing_package, unknown_name

if TYPE_CHECKING:
    import polars

SUFFIX = ".parquet"
DAMAGED = "Write this part again, or get it again."


class _Part(NamedTuple):
    """A file as it was when it was opened."""

    path: Path
    name: str
    bytes: int
    changed: int
    rows: tuple[int, ...]
    """Of its row groups."""
    footer: str
    """The SHA-256 of its metadata, which tell of every page."""


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
        _parquet()
        self.where, self._path = str(path), Path(path)
        found = [_opened(self._path, part) for part in _paths(self._path)]
        self._parts = [part for part, _ in found]
        self.schema = _common_schema(self.where, [(part.name, schema) for part, schema in found])
        groups = [
            (number, group, rows)
            for number, part in enumerate(self._parts)
            for group, rows in enumerate(part.rows)
            if rows
        ]
        if not groups:
            raise DataError(self.where, "at least one row is expected", "its parts have none")
        self._groups = [group[:2] for group in groups]
        self.sizes = tuple(rows for *_, rows in groups)

    @property
    def bytes(self) -> int:
        """The size of all parts on disk."""
        return sum(part.bytes for part in self._parts)

    def pieces(self, group: int, columns: Sequence[str], most: int) -> "Iterator[polars.DataFrame]":
        import polars

        number, within = self._groups[group]
        part = self._parts[number]
        schema = {name: self.schema[name] for name in columns}
        with _named_errors(self.where, part.name):
            self._check_unchanged(part)
            # neither read at once nor mapped: mapped pages count as memory of the process
            with _parquet().ParquetFile(
                part.path, buffer_size=2**20, pre_buffer=False, page_checksum_verification=True
            ) as file:
                read = file.iter_batches(
                    batch_size=most, row_groups=[within], columns=list(columns), use_threads=False
                )
                for batch in read:
                    frame: Any = polars.from_arrow(batch)
                    yield polars.DataFrame(
                        [frame.get_column(name).cast(dtype) for name, dtype in schema.items()]
                    )

    def place(self, group: int) -> Place:
        number, within = self._groups[group]
        part = self._parts[number]
        return Place(_called(self.where, part.name), sum(part.rows[:within]))

    def identity(self) -> dict[str, Any]:
        return {
            "columns": {name: str(dtype) for name, dtype in self.schema.items()},
            "parts": [[part.name, part.bytes, part.footer] for part in self._parts],
        }

    def _check_unchanged(self, part: _Part) -> None:
        """Refuse a part that was written anew since it was opened: its rows need not be those counted."""
        status = part.path.stat()
        if (status.st_size, status.st_mtime_ns) != (part.bytes, part.changed):
            raise FileError(
                _called(self.where, part.name),
                "the part as it was when reading began",
                "it was changed meanwhile",
                "Put the old one back, or begin anew.",
            )


def digest_of(path: Path | str) -> str:
    """The SHA-256 of a file; of a folder that of the names of its parts and of their contents.

    Raises
    ------
    FileError
        As `ParquetRows`.
    """
    path = Path(path)
    if kind_at(path) != "folder":
        return sha256(path)
    parts = [f"{part.as_posix()}\0{sha256(path / part)}\n" for part in _paths(path)]
    return hashlib.sha256("".join(parts).encode()).hexdigest()


def _parquet() -> Any:
    try:
        import pyarrow.parquet
    except ImportError as error:
        raise missing_package("Parquet that is streamed", "pyarrow", "streaming") from error
    return pyarrow.parquet


def _paths(path: Path) -> list[Path]:
    """The parts of a folder, relative to it; of a file that file."""
    kind = kind_at(path)
    if kind == "file":
        return [Path(path.name)]
    if kind != "folder":
        raise FileError(str(path), "a Parquet file, or a folder of such parts", "there is none")
    found: list[Path] = []
    for folder, folders, names in os.walk(path):
        folders[:] = sorted(name for name in folders if not name.startswith((".", "_")))
        partition = next((name for name in folders if "=" in name), None)
        if partition is not None:
            raise FileError(
                str(path),
                "a folder of Parquet parts that hold all their columns",
                f"{partition!r} is a partition, whose column stands in no file",
                "Write it without partitions, with that column in the parts.",
            )
        for name in names:
            if name.startswith((".", "_")):
                continue
            if not name.lower().endswith(SUFFIX):
                raise FileError(
                    str(path),
                    "a folder of Parquet parts alone",
                    f"{name!r} does not end in {SUFFIX}",
                    "Move it away, or name it so that it begins with a point.",
                )
            found.append(Path(folder, name).relative_to(path))
    if not found:
        raise FileError(str(path), "a folder of Parquet parts", f"nothing in it ends in {SUFFIX}")
    return sorted(found, key=lambda part: part.parts)


def _opened(root: Path, part: Path) -> "tuple[_Part, dict[str, polars.DataType]]":
    """What the footer of a part says."""
    import polars

    path = root if root.is_file() else root / part
    name = part.as_posix()
    with _named_errors(str(root), name):
        status = path.stat()
        with _parquet().ParquetFile(path) as file:
            metadata, empty = file.metadata, file.schema_arrow.empty_table()
            rows = tuple(metadata.row_group(at).num_rows for at in range(metadata.num_row_groups))
        with path.open("rb") as raw:  # the footer stands before its own length and the signature
            raw.seek(max(0, status.st_size - 8 - metadata.serialized_size))
            footer = hashlib.sha256(raw.read()).hexdigest()
        schema = dict(polars.from_arrow(empty).schema)  # type: ignore[union-attr]
    return _Part(path, name, status.st_size, status.st_mtime_ns, rows, footer), schema


def _common_schema(
    where: str, schemas: "Sequence[tuple[str, dict[str, polars.DataType]]]"
) -> "dict[str, polars.DataType]":
    """The types that the columns of all parts can be read as."""
    first, common = schemas[0]
    common = dict(common)
    for part, schema in schemas[1:]:
        for names, others, came in ((common, schema, "not there"), (schema, common, f"not in {first}")):
            strange = next((name for name in names if name not in others), None)
            if strange is not None:
                raise FileError(
                    _called(where, part),
                    f"the columns of {first}",
                    f"the column {strange!r} is {came}",
                    unknown_name("", "", strange, set(others) - set(names)).mend or DAMAGED,
                )
        for name, dtype in schema.items():
            found = _joined(common[name], dtype)
            if found is None:
                raise FileError(
                    _called(where, part),
                    f"the column {name!r} holds {common[name]}, as in {first}",
                    f"it holds {dtype}",
                    DAMAGED,
                )
            common[name] = found
    return common


def _joined(first: "polars.DataType", second: "polars.DataType") -> "polars.DataType | None":
    """A type for the values of both; None where there is none."""
    import polars

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


@contextmanager
def _named_errors(where: str, part: str) -> Iterator[None]:
    """Let whatever pyarrow and the system say be one sentence about a part."""
    import pyarrow

    try:
        yield
    except FileError:
        raise
    except FileNotFoundError as error:
        raise FileError(
            _called(where, part),
            "the part is there as long as its rows are read",
            "it is gone",
            "Put it back and go on from the last checkpoint.",
        ) from error
    except (pyarrow.ArrowException, OSError) as error:
        detail = str(error).strip().partition("\n")[0].rstrip(". ")
        raise FileError(
            _called(where, part), "a whole Parquet file", f"it cannot be read ({detail:.200})", DAMAGED
        ) from error
