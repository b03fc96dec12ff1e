"""Rows of Parquet a few at a time, so that long texts are no more than so many bytes in memory.

How long they are is known when they are read. The footer of a group has the mean, and less than
that where a text stands once in a dictionary for all rows that have it.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from deepstep.data.stored_rows import PIECE_BYTES

FEW, MANY, REPEATED = 64, 4096, 1024
"""Rows that are read at once: at least and at most where there are texts, and at most where they may stand in
a dictionary. More rows are read no faster."""


def rows_at_once(group: Any, texts: Sequence[str]) -> int:
    """How many rows of a row group to read before one looks how long their texts are.

    ``group`` is pyarrow's metadata of the row group; without texts the answer is all of its rows.

    >>> import polars, pyarrow.parquet, tempfile
    >>> path = tempfile.mkdtemp() + "/x.parquet"
    >>> frame = polars.DataFrame({"x": range(9000), "long": [f"{row:09999}" for row in range(9000)]})
    >>> frame.write_parquet(path)
    >>> group = pyarrow.parquet.ParquetFile(path).metadata.row_group(0)
    >>> rows_at_once(group, []), rows_at_once(group, ["long"])
    (9000, 104)
    """
    chunks = [group.column(at) for at in range(group.num_columns)] if texts else []
    chunks = [chunk for chunk in chunks if chunk.path_in_schema in texts]
    size = sum(chunk.total_uncompressed_size for chunk in chunks)
    repeated = any(chunk.has_dictionary_page for chunk in chunks)
    if not repeated and size <= PIECE_BYTES:
        return int(group.num_rows)
    by_bytes = PIECE_BYTES * group.num_rows // (16 * max(1, size))
    return max(FEW, min(by_bytes, REPEATED if repeated else MANY))


def gathered(batches: Iterable[Any], texts: Sequence[str], most: int) -> Iterator[Any]:
    """Batches of rows as tables of at most so many rows and `PIECE_BYTES` of texts; of one row, if that has
    more.
    """
    import pyarrow

    held: list[Any] = []
    rows = size = 0
    for batch in batches:
        for part, of_part in _cut(batch, texts):
            if held and (rows + part.num_rows > most or size + of_part > PIECE_BYTES):
                yield pyarrow.Table.from_batches(held)
                held, rows, size = [], 0, 0
            held.append(part)
            rows, size = rows + part.num_rows, size + of_part
    if held:
        yield pyarrow.Table.from_batches(held)


def _cut(batch: Any, texts: Sequence[str]) -> Iterator[tuple[Any, int]]:
    """A batch in halves, quarters, … until each has few enough bytes; and how many these are."""
    size = sum(batch.column(name).nbytes for name in texts)
    if size <= PIECE_BYTES or batch.num_rows == 1:
        yield batch, size
        return
    half = batch.num_rows // 2
    yield from _cut(batch.slice(0, half), texts)
    yield from _cut(batch.slice(half), texts)
