"""Parts that do not fit together, or cannot be read: named in one sentence."""

import os
from decimal import Decimal

import numpy as np
import polars
import pyarrow
import pyarrow.feather
import pyarrow.parquet
import pytest

from deepstep.data import ParquetRows, read_table
from deepstep.errors import DataError, FileError
from tables_in_parts import table, written


@pytest.fixture
def parts(tmp_path):
    return written(tmp_path / "parts", table(300), 3, 40)


def read(path):
    rows = ParquetRows(path)
    groups = range(len(rows.sizes))
    return polars.concat([piece for group in groups for piece in rows.pieces(group, list(rows.schema), 17)])


def rewrite(part, change):
    change(polars.read_parquet(part)).write_parquet(part, row_group_size=40)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda f: f.rename({"größe": "grösse"}), "'größe', but part-0.parquet has. Did you mean 'grösse'?"),
        (lambda f: f.with_columns(new=1), "has a column 'new' that is not in part-0.parquet"),
        (lambda f: f.cast({"x": polars.String}), "'x' is of type String, but Float64 in part-0.parquet"),
        (lambda f: f.cast({"day": polars.Datetime("us")}), ", but Date in part-0"),
    ],
)  # fmt: skip
def test_a_part_of_another_schema(parts, change, says):
    rewrite(parts / "part-1.parquet", change)
    with pytest.raises(FileError) as told:
        ParquetRows(parts)
    assert str(told.value).startswith(f"{parts}, part part-1.parquet")
    assert says in str(told.value)
    assert "\n" not in str(told.value)


def test_types_that_go_together(parts):
    before = read(parts)
    rewrite(parts / "part-1.parquet", lambda f: f.cast({"kind": polars.Categorical, "x": polars.Float32}))
    rewrite(
        parts / "part-2.parquet", lambda f: f.with_columns(n=polars.lit(None)).select(reversed(f.columns))
    )
    table(300)[:0].write_parquet(parts / "part-3.parquet")
    rows, after = ParquetRows(parts), read(parts)
    assert rows.n_rows == 300
    assert rows.schema["kind"] == polars.String
    assert rows.schema["n"] == polars.Int64
    assert after["kind"].equals(before["kind"])
    assert after["n"][200:].null_count() == 100
    np.testing.assert_allclose(after["x"].to_numpy(), before["x"].to_numpy(), rtol=1e-6)


def test_a_part_that_was_cut_off(parts):
    part = parts / "part-2.parquet"
    content = part.read_bytes()
    for cut in (0, 3, 100, -1, -9):
        part.write_bytes(content[:cut])
        with pytest.raises(FileError, match=r"part-2.parquet cannot be read as a whole Parquet file"):
            read(parts)


def test_any_byte_that_is_turned_is_an_error_or_changes_values_alone(parts, fresh_seed):
    """pyarrow's own tests are for its reader; this is for what it raises: a sentence about the part."""
    part, rng = parts / "part-1.parquet", np.random.default_rng(fresh_seed)
    whole = part.read_bytes()
    told = []
    for place in rng.integers(4, len(whole), 40):
        turned = bytearray(whole)
        turned[place] ^= 1 << int(rng.integers(8))
        part.write_bytes(turned)
        try:
            assert read(parts).height == 300
        except FileError as error:
            told.append(str(error))
    assert len(told) > 2
    assert all(one.startswith(f"{parts}, part part-1.parquet") and "\n" not in one for one in told)


def test_rows_whose_page_is_passed_over_are_missed(parts):
    """A page of data that says to be one of an index is none that pyarrow reads: 40 rows would be gone."""
    part = parts / "part-1.parquet"
    column = pyarrow.parquet.ParquetFile(part).metadata.row_group(0).column(0)
    turned = bytearray(part.read_bytes())
    kind = column.data_page_offset + 1  # Thrift: the first field of the page's header, a number of one byte
    assert turned[kind] == 0
    turned[kind] = 2
    part.write_bytes(turned)
    with pytest.raises(FileError, match=f"^{parts}, part part-1.parquet: 0 of 40 rows of row group 0 can "):
        read(parts)


def test_folders(parts, tmp_path):
    before = read(parts)
    (parts / "_SUCCESS").touch()
    (parts / ".part-0.parquet.crc").write_bytes(b"x")
    (parts / "z" / "später").mkdir(parents=True)
    (parts / "part-2.parquet").rename(parts / "z" / "später" / "teil-ß.parquet")
    assert read(parts).equals(before)
    (parts / "notes.txt").touch()
    (tmp_path / "hive" / "year=2020").mkdir(parents=True)
    (tmp_path / "empty").mkdir()
    for path, says in (
        (parts, r"has a file 'notes.txt' that is no Parquet part"),
        (tmp_path / "hive", "has a partition 'year=2020', whose column is in no file"),
        (tmp_path / "empty", r"nothing in it ends in .parquet"),
    ):
        with pytest.raises(FileError, match=says):
            ParquetRows(path)
    table(300)[:0].write_parquet(tmp_path / "none.parquet")
    with pytest.raises(DataError, match="has no rows"):
        ParquetRows(tmp_path / "none.parquet")


def test_columns_of_any_name(tmp_path):
    frame = polars.DataFrame({"a.b": [3, 4], "a": [5, 6], "b\nc": [7, 8], "*": [9, 10]})
    frame.write_parquet(tmp_path / "x.parquet")
    rows = ParquetRows(tmp_path / "x.parquet")
    for columns in (["a"], ["a.b"], ["*", "b\nc"], frame.columns):
        (piece,) = rows.pieces(0, columns, 9)
        assert piece.equals(frame[columns])
    frame.rename({"a": ""}).write_parquet(tmp_path / "x.parquet")
    with pytest.raises(FileError, match=r"x.parquet has a column without a name"):
        ParquetRows(tmp_path / "x.parquet")


def test_folders_that_would_be_left_out_are_refused(parts, tmp_path, monkeypatch):
    whole, scandir = read(parts), os.scandir
    (parts / "z").mkdir()

    def refused(folder):
        if str(folder).endswith("/z"):
            raise PermissionError(13, "Permission denied", str(folder))
        return scandir(folder)

    with monkeypatch.context() as patched:
        patched.setattr(os, "scandir", refused)
        with pytest.raises(FileError, match=r"z cannot be read as a folder of .* \(Permission denied\)"):
            ParquetRows(parts)
    (parts / "z").rename(tmp_path / "z")
    (parts / "z").symlink_to(tmp_path / "z", target_is_directory=True)
    with pytest.raises(FileError, match="has a link to a folder, 'z'"):
        ParquetRows(parts)
    (parts / "z").unlink()
    (parts / "part-2.parquet").rename(tmp_path / "elsewhere")
    (parts / "part-2.parquet").symlink_to(tmp_path / "elsewhere")  # a link to a part
    assert read(parts).equals(whole)


@pytest.mark.parametrize("type_", [pyarrow.decimal256(50, 2), pyarrow.timestamp("us", tz="Nowhere/Else")])
def test_types_that_make_the_reader_panic_are_named(tmp_path, type_):
    wide = pyarrow.array([0 if pyarrow.types.is_timestamp(type_) else Decimal("1.25")], type_)
    path = tmp_path / "wide.parquet"
    pyarrow.parquet.write_table(pyarrow.table({"x": [1.0], "wide": wide}), path)
    with pytest.raises(FileError, match=r"wide.parquet: the column 'wide' is of type .*, which cannot"):
        ParquetRows(path)
    with pytest.raises(FileError, match=r"wide.parquet cannot be read as a Parquet file"):
        read_table(path)
