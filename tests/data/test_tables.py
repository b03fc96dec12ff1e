"""Tables from files: the same as pandas reads, and one sentence for whatever is broken."""

import bz2
import datetime
import gzip
import lzma

import pandas
import polars
import pytest
from polars.testing import assert_frame_equal
from workbooks import write_workbook

from deepstep.data import TABLE_SUFFIXES, read_cells, read_table
from deepstep.errors import DataError, FileError

SMALL = polars.DataFrame({"number": [1.5, None, 3.0], "word": ["a", "b", None]})
WRITE = {
    ".parquet": polars.DataFrame.write_parquet,
    ".arrow": polars.DataFrame.write_ipc,
    ".feather": polars.DataFrame.write_ipc,
    ".csv": polars.DataFrame.write_csv,
    ".tsv": lambda frame, path: frame.write_csv(path, separator="\t"),
    ".jsonl": polars.DataFrame.write_ndjson,
    ".ndjson": polars.DataFrame.write_ndjson,
    ".txt": lambda frame, path: frame.write_csv(path, separator="|"),
    ".xlsx": lambda frame, path: write_workbook(path, {"Sheet1": frame}),
}


def read_text(folder, text, name="table.csv"):
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_table(path)


@pytest.mark.parametrize(
    ("header", "names"),
    [
        (",a,b", ["Unnamed: 0", "a", "b"]),  # as pandas writes an index, and reads it
        ("a, ,b", ["a", "Unnamed: 1", "b"]),
        (",Unnamed: 0,a", ["Unnamed: 0.1", "Unnamed: 0", "a"]),  # read without its index, and written again
        ('"",column_0,a', ["Unnamed: 0", "column_0", "a"]),
        ("a, a,,b,a.1,a,", ["a", "a.2", "Unnamed: 2", "b", "a.1", "a.3", "Unnamed: 6"]),
    ],
)
def test_columns_without_a_name_or_with_that_of_another_are_called_as_pandas_calls_them(
    tmp_path, header, names
):
    numbers = range(len(names))
    frame = read_text(tmp_path, f"\ufeff{header}\n{','.join(map(str, numbers))}\n\n")
    assert frame.columns == read_cells(tmp_path / "table.csv").columns == names
    assert frame.rows() == [tuple(numbers)]


@pytest.mark.parametrize("suffix", TABLE_SUFFIXES)
def test_every_format_comes_back_from_a_name_that_is_no_pattern(tmp_path, suffix):
    WRITE[suffix](SMALL.head(1), tmp_path / f"table1{suffix}")
    WRITE[suffix](SMALL, tmp_path / "plain")
    path = tmp_path / f"t* ?able[1]{suffix.upper()}"
    (tmp_path / "plain").rename(path)
    assert_frame_equal(read_table(path), SMALL)
    if suffix in (".parquet", ".arrow", ".jsonl"):
        assert read_cells(path).equals(SMALL)


@pytest.mark.parametrize("name", ["titanic", "penguins", "mpg", "california_housing", "diamonds"])
def test_real_tables_are_read_as_pandas_reads_them(shared, name):
    path = shared / f"data/tables/{name}.csv"
    ours, theirs = read_table(path), pandas.read_csv(path)
    assert ours.columns == list(theirs.columns)
    for series in ours:
        other = theirs[series.name]
        assert series.is_null().to_list() == other.isna().tolist()
        present = other[other.notna()].tolist()
        assert series.drop_nulls().to_list() == present


@pytest.mark.parametrize(
    ("text", "values", "dtype"),
    [
        ("1\n2", [1, 2], polars.Int64),
        ("+1\n 2 \n" + "1\n" * 5000 + "2.5", [1, 2, *[1.0] * 5000, 2.5], polars.Float64),
        ("1e3\n-.5", [1000.0, -0.5], polars.Float64),
        (f"{10**30}\n1", [1e30, 1.0], polars.Float64),
        ("True\nfalse\nNA", [True, False, None], polars.Boolean),
        ("NA\nN/A\n?\nnan\nNaN\nnull\nNULL\n NA \n7", [*[None] * 8, 7], polars.Int64),
        ("None\nx", ["None", "x"], polars.String),
        ("2020-02-29\nNA", [datetime.date(2020, 2, 29), None], polars.Date),
        ("2020-02-29T10:30:00", [datetime.datetime(2020, 2, 29, 10, 30)], polars.Datetime),
        ("10:30:00", [datetime.time(10, 30)], polars.Time),
        ("01/02/2020", ["01/02/2020"], polars.String),
    ],
)
def test_types_are_inferred_over_the_whole_column(tmp_path, text, values, dtype):
    series = read_text(tmp_path, f"x\n{text}\n")["x"]
    assert series.to_list() == values
    assert series.dtype == dtype


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a,b\r\n1,2\r\n", [(1, 2)]),
        ("\n\na,b\n1,2\n\n3,4\n\n", [(1, 2), (3, 4)]),
        ("a, b\n1, 2\n", [(1, 2)]),
        ('a,b\n"x\n,y","say ""hi"""\n', [("x\n,y", 'say "hi"')]),
        ("a,b\n1,\n,\n,2\n", [(1, None), (None, None), (None, 2)]),
        ("a\n1\n\n2\n", [(1,), (None,), (2,)]),
        ("größe,b\nß,2\n", [("ß", 2)]),
    ],
)
def test_layouts_of_csv(tmp_path, text, expected):
    assert read_text(tmp_path, text).rows() == expected


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("t.csv", b"", "is empty, not "),
        ("t.csv", b"a,b\n1,2\n3\n", "line 3 has 1 field, but the header has 2. Put quotes"),
        ("t.csv", b'a,b\n"1\n2",2\n3,4,5\n', "line 4 has 3"),
        ("t.csv", b"a;b\n1;2\n3\n", "has semicolons, but no commas: 'a;b'. If they separate the columns: --"),
        ("t.tsv", b"a|b\n1\n", "the header has vertical bars, but no tabs"),
        ("t.csv", b"a,b\n1,2\n# by hand\n3,4\n", "line 3 begins with #. Remove comments"),
        ("t.csv", "a,b\n1,漢字\n".encode("shift_jis") + b"\x81\x40,2\n", "is no UTF-8 text: byte 7 is 0x8a"),
        ("t.csv", b"a,b\0\0\n1,2\n", "NUL characters"),
        ("t.csv.gz", gzip.compress(b"a,b\n" + b"0123456789" * 900, mtime=0)[:-12], "cannot be read"),
        ("t.csv.bz2", bz2.compress(b"a,b\n1,2\n")[:-9], "cannot be read"),
        ("t.csv.xz", lzma.compress(b"a,b\n1,2\n")[:-9], "cannot be read"),
        ("t.csv.zst", b"\x28\xb5\x2f\xfd and no more", "cannot be read as a whole .zst file"),
        ("t.parquet.gz", gzip.compress(b"PAR1", mtime=0), "a table ends in"),
        ("t.csv", b'a,b\n"1,2\n', "unexpected end of data"),
        ("t.csv", b'a,b\n"' + b"x" * 200_000 + b'",1\n', "field larger than field limit"),
        ("t.csv", b"\x89PNG\r\n\x1a\n", "is a PNG picture by its content, not a CSV table as its name says"),
        ("t.csv", b'{"a": 1}\n', "is JSON by its content"),
        ("t.parquet", b"a,b\n1,2\n", "is something else by its content, not a Parquet file"),
        ("t.arrow", b"PAR1", "is a Parquet file by its content, not an Arrow file"),
        ("t.parquet", b"PAR1 and no more", "cannot be read"),
        ("t.jsonl", b'[{"a": 1}]', "JSON lines"),
        ("t.jsonl", b'{"a": 1}\n{"a":\n', "cannot be read"),
        ("t.jsonl", b'{"a": "caf\xe9"}\n', "UTF-8"),
        ("t.xlsx", b"PK\x03\x04abc", "cannot be read as an Excel workbook"),
        ("t.ods", b"PK\x03\x04abc", "ends in '.ods'; a table ends in .csv, "),
        ("t", b"a\n1\n", "has no suffix; a table ends in"),
    ],
)
def test_broken_files_are_told_in_one_sentence(tmp_path, name, content, sentence):
    with pytest.raises(FileError) as caught:
        read_text(tmp_path, content, name)
    assert sentence in str(caught.value)
    assert str(tmp_path / name) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "content"),
    [("t.csv", b"a,b\n"), ("t.csv", b"a,b"), ("t.jsonl", b"{}\n{}\n"), ("t.parquet", None)],
)
def test_no_rows_is_a_data_error(tmp_path, name, content):
    SMALL.clear().write_parquet(tmp_path / name)
    with pytest.raises(DataError, match="has no rows of values"):
        read_table(tmp_path / name) if content is None else read_text(tmp_path, content, name)


def test_a_missing_file(tmp_path):
    with pytest.raises(FileError, match="does not exist"):
        read_table(tmp_path / "none.csv")


def test_cells_are_as_written(tmp_path):
    path = tmp_path / "t.tsv"
    path.write_text("a\t b \n007\t 1.50\n\nNA\t\n")
    assert read_cells(path).to_dict(as_series=False) == {"a": ["007", "NA"], "b": [" 1.50", None]}
    assert read_table(path).shape == read_cells(path).shape
