"""How much memory there is, and how much a Parquet file says that its table takes."""

import os

import numpy as np
import polars
import pyarrow
import pyarrow.parquet
import pytest

from deepstep.data.parquet_footer import LONG, bytes_in_memory
from deepstep.data.room import check_room, memory
from deepstep.errors import DataError


@pytest.mark.parametrize("extra", [0, 200])
@pytest.mark.parametrize("compression", ["none", "zstd"])
@pytest.mark.parametrize("version", ["1.0", "2.6"])
def test_a_footer_says_what_pyarrow_reads_in_it(tmp_path, extra, compression, version):
    rows = 3000
    table = pyarrow.table(
        {
            "number": np.linspace(0, 1, rows),
            "text": pyarrow.array([None, "short", "a longer text" * 40] * (rows // 3)),
            "truth": [True, False, None] * (rows // 3),
            "date": pyarrow.array(np.arange(rows, dtype="i4"), pyarrow.date32()),
            "list": [[1, 2], [], None] * (rows // 3),
            "ü" * 300: pyarrow.array(np.zeros(rows)).dictionary_encode(),
            **{f"x{column}": np.arange(rows, dtype="i4") for column in range(extra)},
        }
    )
    table = table.replace_schema_metadata({"a": "b" * 1000})
    path = tmp_path / "x.parquet"
    pyarrow.parquet.write_table(
        table, path, row_group_size=700, compression=compression, version=version,
        sorting_columns=[pyarrow.parquet.SortingColumn(0)], write_page_index=True,
    )  # fmt: skip
    metadata = pyarrow.parquet.read_metadata(path)
    before = sum(metadata.row_group(group).total_byte_size for group in range(metadata.num_row_groups))
    assert bytes_in_memory(path) == max(before, rows * (8 * (table.num_columns - 1) + 16))


def test_of_a_long_footer_rows_and_columns_are_read(tmp_path):
    frame = polars.DataFrame({f"x{column}": np.arange(200.0) for column in range(200)})
    frame.write_parquet(tmp_path / "x.parquet", row_group_size=2)
    assert pyarrow.parquet.read_metadata(tmp_path / "x.parquet").serialized_size > LONG
    assert bytes_in_memory(tmp_path / "x.parquet") == 200 * 200 * 8


def test_a_damaged_footer_is_left_to_who_reads_the_table(tmp_path):
    path = tmp_path / "x.parquet"
    polars.DataFrame({"x": range(50), "t": ["a", "b"] * 25}).write_parquet(path)
    whole = path.read_bytes()
    start = len(whole) - 8 - int.from_bytes(whole[-8:-4], "little")
    rng = np.random.default_rng(0)
    for _ in range(500):
        damaged = bytearray(whole)
        for at in rng.integers(start, len(whole), rng.integers(1, 6)):
            damaged[at] = rng.integers(0, 256)
        path.write_bytes(damaged)
        assert bytes_in_memory(path) >= 0
    for length in (0, 3, 12, start + 5):
        path.write_bytes(whole[:length])
        assert bytes_in_memory(path) == 0


def test_memory_is_that_of_the_machine_or_less():
    there = memory()
    if there is None:
        pytest.skip("this system does not say")
    assert 2**28 < there <= os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    check_room(0, "x", "nothing", "nothing")
    with pytest.raises(
        DataError, match=r"^x: data of at most .* GiB, half of the memory; it would take .*\. Stop\.$"
    ):
        check_room(there, "x", "data", "it", "Stop.")
