"""Tables from files: every way to write one gives the same table, and one sentence for whatever is broken."""

import bz2
import csv
import datetime
import gzip
import io
import itertools
import logging
import lzma
import random
import shutil
import sys
import zipfile
from pathlib import Path

import pandas
import polars
import pyarrow
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from deepstep.data import TABLE_SUFFIXES, ParquetRows, read_cells, read_table, sources
from deepstep.data.tables import ReadOptions, load_table
from deepstep.data.text_tables import TextFormat
from deepstep.errors import ConfigurationError, DataError, FileError, MissingPackageError

BOOKS = Path(__file__).parent / "fixtures"
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
    ".xlsx": lambda frame, path: shutil.copy(BOOKS / "small.xlsx", path),  # which has SMALL
}


def read_text(folder, text, name="table.csv"):
    path = folder / name
    if text is not None:
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
    ("text", "columns", "rows"),
    [
        ("a,b\r\n1,2\r\n", ["a", "b"], [(1, 2)]),
        ("\n\na,b\n1,2\n\n3,4\n\n", ["a", "b"], [(1, 2), (3, 4)]),
        ("a, b\n1, 2\n", ["a", "b"], [(1, 2)]),
        ('a,b\n"x\n,y","say ""hi"""\n', ["a", "b"], [("x\n,y", 'say "hi"')]),
        ("a,b\n1,\n,\n,2\n", ["a", "b"], [(1, None), (None, None), (None, 2)]),
        ("a\n1\n\n2\n", ["a"], [(1,), (None,), (2,)]),
        ("größe,b\nß,2\n", ["größe", "b"], [("ß", 2)]),
        ("# n,x\n1,2\n", ["# n", "x"], [(1, 2)]),  # the header of numbers
        ("#,x\n1,\n", ["#", "x"], [(1, None)]),
        ("# by A, 2020\nn,x\n1,2\n", ["n", "x"], [(1, 2)]),
        ("## meta\n#CHROM\tPOS\nchr1\t7\n", ["#CHROM", "POS"], [("chr1", 7)]),
        ("text\nhello; world\nhello\n", ["text"], [("hello; world",), ("hello",)]),
        ('"a,b";"c"\n"1,5";"x, y"\n', ["a,b", "c"], [(1.5, "x, y")]),
    ],
)
def test_layouts_headers_and_comments_of_csv(tmp_path, text, columns, rows):
    frame = read_text(tmp_path, text)
    assert (frame.columns, frame.rows()) == (columns, rows)


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("t.csv", b"", "is empty, not "),
        ("t.csv", b"a,b\n1,2\n3\n", "line 3 has 1 field, but the header has 2. Put quotes"),
        ("t.csv", b"a;b\n1;2\n3\n", "has semicolons, but no commas: 'a;b'. If they separate the columns: --"),
        ("t.tsv", b"a|b\n1\n", "the header has vertical bars, but no tabs"),
        ("t.csv", b"a,b\n1,2\n# by hand\n3,4\n", "line 3 begins with #. Remove comments"),
        ("t.csv", "a,b\n1,漢字\n".encode("shift_jis") + b"\x81\x40,2\n", "is no UTF-8 text: byte 7 is 0x8a"),
        ("t.csv.gz", gzip.compress(b"a,b\n" + b"0123456789" * 900, mtime=0)[:-12], "cannot be read"),
        ("t.csv.xz", lzma.compress(b"a,b\n1,2\n")[:-9], "cannot be read"),
        ("t.csv.zst", b"\x28\xb5\x2f\xfd and no more", "cannot be read as a whole .zst file"),
        ("t.parquet.gz", gzip.compress(b"PAR1", mtime=0), "a table ends in"),
        ("t.csv", b'a,b\n"1,2\n', "unexpected end of data"),
        ("t.csv", b'a,b\n"' + b"x" * 200_000 + b'",1\n', "field larger than field limit"),
        ("t.csv", b"\x89PNG\r\n\x1a\n", "is a PNG picture by its content, not a CSV table as its name says"),
        ("t.csv", b'{"a": 1}\n', "is JSON by its content"),
        ("t.parquet", b"a,b\n1,2\n", "is something else by its content, not a Parquet file"),
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
        read_text(tmp_path, content, name)


def test_cells_are_as_written(tmp_path):
    path = tmp_path / "t.tsv"
    path.write_text("a\t b \n007\t 1.50\n\nNA\t\n")
    assert read_cells(path).to_dict(as_series=False) == {"a": ["007", "NA"], "b": [" 1.50", None]}
    assert read_table(path).shape == read_cells(path).shape


TABLE = polars.DataFrame(
    {
        "größe": [1.5, -1234.25, None, 0.125, 12345.0],
        "n": [1, 2, 3, -4000, None],
        "note": ["a;b", 'say "hé"', "x|y, z", None, "tab\there"],
        "day": [datetime.date(2020, 1, day) for day in range(1, 6)],
        "good": [True, False, None, True, True],
    }
)
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "latin-1", "windows-1252"]
PACKED = {"": bytes, ".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress}
WAYS = list(itertools.product(",;\t|", ".,", [True, False]))


def written(sep, decimal, header, *, grouped=False, line="\n"):
    """The table as text; numbers with groups of thousands where they are asked for."""

    def cell(value):
        if value is None:
            return ""
        if isinstance(value, bool):
            return str(value).lower()
        if isinstance(value, float):
            text = f"{value:,}" if grouped else f"{value}"
            return text.translate(str.maketrans(",.", ".,")) if decimal == "," else text
        return str(value)

    text = io.StringIO(newline="")
    rows = csv.writer(text, delimiter=sep, lineterminator=line)
    rows.writerows([TABLE.columns] * header)
    rows.writerows([map(cell, row) for row in TABLE.rows()])
    return text.getvalue()


@pytest.mark.parametrize(("encoding", "packed"), [*zip(ENCODINGS, [*PACKED] * 2, strict=True)])
def test_every_way_to_write_a_table_gives_the_table(tmp_path, encoding, packed):
    path = tmp_path / f"t.csv{packed}"
    for sep, decimal, header in WAYS:
        path.write_bytes(PACKED[packed](written(sep, decimal, header).encode(encoding)))
        expected = TABLE if header else TABLE.rename(lambda name: f"column_{TABLE.columns.index(name) + 1}")
        given = TextFormat(sep, decimal, encoding, header)
        assert_frame_equal(load_table(path, ReadOptions(given)).frame, expected)
        if sep == "," == decimal:  # quoted numbers in a table with commas are texts where nothing is given
            continue
        loaded = load_table(path, ReadOptions(TextFormat(header=header)))
        assert_frame_equal(loaded.frame, expected)
        assert (loaded.written.sep, loaded.written.decimal, loaded.written.header) == (sep, decimal, header)
        assert_frame_equal(load_table(path, ReadOptions(usual=loaded.written)).frame, expected)


@pytest.mark.parametrize("line", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("before", ["", "\n\n", "# made by hand, in 2020\n#\n", "sep=;\r\n"])
def test_lines_before_the_header_and_ends_of_lines(tmp_path, before, line, caplog):
    path = tmp_path / "t.csv"
    text = before.replace("\r\n", "\n").replace("\n", line)
    path.write_bytes((text + written(";", ",", True, grouped=True, line=line)).encode())
    assert_frame_equal(read_table(path), TABLE)
    *told, last = caplog.messages
    assert last == f"Separator ';' and decimal comma found in {path}."
    assert told == [f"{path}: 2 lines that begin with # before the header are left out."] * ("#" in before)


@pytest.mark.parametrize(
    ("text", "values", "line"),
    [
        ("x;y\n1,234;1\n2,500;2\n", [1.234, 2.5], "Separator ';' and decimal comma found in"),
        ("x\ty\n1,234\t1\n2,500\t2\n", ["1,234", "2,500"], "may be decimal commas or separate thousands"),
        ("x;y\n1,5;0.5\n2,25;1.5\n", ["1,5", "2,25"], "commas and column 'y' has decimal points"),
        ("x;y\n1.234;1\n2.500;2\n", [1.234, 2.5], "the points in column 'x' may separate thousands"),
        ("x\ty\n0,125\t1\n2,500\t2\n", [0.125, 2.5], "Separator '\\t' and decimal comma found"),
        ("x;y\n1.234;1,5\n2.500;2\n", [1234, 2500], "decimal comma"),
        ("x;y\n01.02.2020;1,5\n1.2.2020;2\n", ["01.02.2020", "1.2.2020"], "decimal comma"),
        ("x;y\n12,5 %;1,5\n8 %;2\n", ["12,5 %", "8 %"], "decimal comma"),
        ("x,x,x.1\n1,2,3\n", [1], "another 'x' is called 'x.2'"),
        (b"x,y\n\xe9,2\n", ["é"], "Encoding windows-1252 found in"),
    ],
)
def test_findings_are_told_in_one_line(tmp_path, text, values, line, caplog):
    path = tmp_path / "t.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    frame = read_table(path)
    assert frame.to_series().to_list() == values
    assert sum(line in record.getMessage() for record in caplog.records) == 1
    written = load_table(path).written
    caplog.clear()
    load_table(path, ReadOptions(TextFormat(written.sep, written.decimal, written.encoding)))
    assert [message for message in caplog.messages if "called" not in message] == []


@pytest.mark.parametrize(
    ("name", "text", "row"),
    [
        ("t.csv", "x,y\n1.5,é\n", (1.5, "é")),
        ("t.tsv", "x\ty\n1.5\té\n", (1.5, "é")),
        ("t.csv", "x;y\n1.5;é\n", (1.5, "é")),
        ("t.csv", "x;y\n1.234;é\n", (1234, "é")),  # which says nothing
    ],
)
def test_what_is_usual_is_taken_where_the_file_does_not_say_otherwise(tmp_path, name, text, row):
    (tmp_path / name).write_text(text)
    usual = TextFormat(";", ",", "windows-1252")
    assert load_table(tmp_path / name, ReadOptions(usual=usual)).frame.rows() == [row]


def test_what_is_given_is_taken(tmp_path):
    path = tmp_path / "t.dat"
    path.write_bytes("имя|x\nИван|1,5\n".encode("cp1251"))
    frame = read_table(path, sep="|", decimal=",", encoding="cp1251")
    assert frame.rows() == [("Иван", 1.5)]
    with pytest.raises(FileError, match=r"is no (utf-16|UTF-8) text: byte"):
        read_table(path, sep="|", encoding="utf-8")
    (tmp_path / "t.csv").write_text("code,x\n8001,1\n,2\n715,3\n")
    series = read_table(tmp_path / "t.csv", categorical=["code"])["code"]
    assert series.dtype == polars.Categorical
    assert series.to_list() == ["8001", None, "715"]
    for options, sentence in (
        ({"sep": ";;"}, "sep must be one ASCII character, such as ';', or tab, got ';;'"),
        ({"decimal": "x"}, "decimal must be '.' or ',', got 'x'"),
        ({"encoding": "klingon"}, "encoding must be an encoding that Python knows, .*, got 'klingon'"),
        ({"categorical": ["z"]}, "categorical must be one of 'code', 'x', got 'z'"),
    ):
        with pytest.raises(ConfigurationError, match=sentence):
            read_table(tmp_path / "t.csv", **options)


def zstd(content):
    packed = io.BytesIO()
    with pyarrow.output_stream(pyarrow.PythonFile(packed), compression="zstd") as file:
        file.write(content)
        packed.close = lambda: None
    return packed.getvalue()


@pytest.mark.parametrize(("ending", "pack"), [*PACKED.items(), (".zst", zstd)][1:])
def test_a_small_file_that_unpacks_to_a_large_one(tmp_path, monkeypatch, ending, pack):
    monkeypatch.setattr(sources, "MOST_INFLATED", 2**17)
    path = tmp_path / f"t.csv{ending}"
    path.write_bytes(pack(b"x\n" + b"0,\n" * 2**17))
    expected = r"[\d,]+ bytes that may unpack to [\d,]+ or more, beyond .* and 200 times the packed size\. If"
    with pytest.raises(FileError, match=expected):
        read_table(path)
    numbers = random.Random(1).sample(range(10**6), 2**15)
    path.write_bytes(pack(b"x\n" + b"".join(b"%d\n" % one for one in numbers)))
    assert read_table(path)["x"].to_list() == numbers


@given(
    parts=st.lists(st.tuples(st.binary(max_size=300), st.integers(1, 2000)), max_size=6),
    damage=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), max_size=3),
)
def test_the_bytes_of_zstd_before_it_is_unpacked(tmp_path_factory, parts, damage):
    content = b"".join(part * times for part, times in parts) or b"x"
    path, packed = tmp_path_factory.mktemp("packed") / "t.zst", bytearray(zstd(content))
    path.write_bytes(packed)
    assert len(content) <= sources.most_of_zstd(path) <= len(content) + 2**17
    for at, byte in damage:
        packed[at % len(packed)] = byte
    path.write_bytes(packed)
    assert sources.most_of_zstd(path) <= 2**17 * len(packed)


def test_the_first_sheet_of_a_workbook(tmp_path, caplog, monkeypatch):
    path = tmp_path / "t.xlsx"
    shutil.copy(BOOKS / "two_sheets.xlsx", path)
    assert read_table(path).rows() == [(1.5, 1, "a"), (None, 2, None), (3.0, 3, None)]
    assert caplog.messages == [f"{path}: 2 sheets; the first, 'First', is read."]
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "fastexcel", None)
        with pytest.raises(MissingPackageError, match=r"An Excel workbook needs .* extra 'excel'"):
            read_table(path)
    monkeypatch.setattr(sources, "MOST_INFLATED", 2**20)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as parts:
        parts.writestr("xl/worksheets/sheet1.xml", bytes(2**21))
    with pytest.raises(FileError, match="bytes that may unpack to 2,097,152 or more"):
        read_table(path)


def test_nothing_is_fetched():
    url = "https://example.com/a.parquet"
    by_text = lambda path: read_table(str(path).replace(":/", "://"))  # noqa: E731
    for read in (read_cells, ParquetRows, sources.local, by_text):
        with pytest.raises(FileError, match=r"https?:/.* is a URL, and nothing is fetched"):
            read(Path(url))


def stream(content, *, terminal=False):
    """Standard input."""
    text = io.TextIOWrapper(io.BytesIO(content))
    text.isatty = lambda: terminal
    return text


STANDARD_INPUT = {suffix: WRITE[suffix] for suffix in (".csv", ".parquet", ".arrow", ".jsonl", ".xlsx")} | {
    ".csv.gz": lambda frame, path: path.write_bytes(gzip.compress(frame.write_csv().encode())),
    ".csv.zst": lambda frame, path: path.write_bytes(zstd(frame.write_csv().encode())),
}


@pytest.mark.parametrize("suffix", STANDARD_INPUT)
def test_standard_input_is_read_once_and_may_be_read_again(tmp_path, monkeypatch, suffix):
    path = tmp_path / f"t{suffix}"
    STANDARD_INPUT[suffix](SMALL, path)
    monkeypatch.setattr(sys, "stdin", stream(path.read_bytes()))
    for source in ("-", "-", path):
        assert_frame_equal(read_table(source), SMALL)
    if suffix == ".jsonl":
        (tmp_path / "t.jsonl.gz").write_bytes(gzip.compress(path.read_bytes()))
        assert_frame_equal(read_table(tmp_path / "t.jsonl.gz"), SMALL)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (None, "standard input is closed"),
        (stream(b"", terminal=True), "standard input is a terminal. Pipe a table into the command"),
        (stream(b""), "standard input is empty, not a CSV table"),
        (stream(b"a,b\n1,2\n3\n"), "standard input: line 3 has 1 field, but the header has 2"),
    ],
)
def test_standard_input_that_is_no_table(monkeypatch, given, sentence):
    monkeypatch.setattr(sys, "stdin", given)
    with pytest.raises(FileError, match=sentence):
        read_table("-")


@pytest.fixture(autouse=True)
def _heard(caplog):
    caplog.set_level(logging.WARNING, logger="deepstep")
