"""Types of columns in Parquet and Arrow files: what polars reads them as, and those that it cannot read."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from deepstep.errors import FileError

if TYPE_CHECKING:
    import polars


def dtype_of(field: Any, where: str) -> "polars.DataType":
    """The type that polars reads a column as.

    ``field`` is a pyarrow.Field; polars would panic at values that it cannot read.

    >>> import pyarrow
    >>> dtype_of(pyarrow.field("price", pyarrow.decimal128(9, 2)), "a.parquet")
    Decimal(precision=9, scale=2)
    >>> dtype_of(pyarrow.field("price", pyarrow.decimal256(50, 2)), "a.parquet")
    Traceback (most recent call last):
    deepstep.errors.FileError: a.parquet: columns of types that can be read; 'price' is of type decimal256(50,
    2). Write it as another type, such as double or string, or leave it out.
    """
    import polars
    import pyarrow

    empty = pyarrow.schema([field]).empty_table()
    try:
        found: Any = None if _is_too_wide(field.type) else polars.DataFrame(empty).dtypes[0]
    except (polars.exceptions.PanicException, polars.exceptions.PolarsError):
        found = None
    if found is None:
        raise FileError(
            where,
            "columns of types that can be read",
            f"{field.name!r} is of type {field.type}",
            "Write it as another type, such as double or string, or leave it out.",
        )
    return found


def refuse_strange_types(path: Path, suffix: str) -> None:
    """Name the column whose type polars cannot read, in a file that it could not read. Where pyarrow is
    not installed, or cannot read the file either, nothing is known of types.
    """
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        return
    try:
        if suffix == ".parquet":
            with pyarrow.parquet.ParquetFile(path) as file:
                fields = list(file.schema_arrow)
        else:
            with pyarrow.OSFile(str(path), "rb") as raw, pyarrow.ipc.open_file(raw) as file:
                fields = list(file.schema)
    except (pyarrow.ArrowException, UnicodeDecodeError, OSError):
        return
    for field in fields:
        dtype_of(field, str(path))


def _is_too_wide(type_: Any) -> bool:
    """Whether numbers of 256 bits are in it."""
    import pyarrow

    within = (type_.field(at).type for at in range(type_.num_fields))
    return bool(pyarrow.types.is_decimal256(type_)) or any(_is_too_wide(one) for one in within)
