"""Text tables as people have them: every way to write one gives the same table, found or given."""

import bz2
import csv
import datetime
import gzip
import io
import itertools
import logging
import lzma
import random
import sys
import zipfile
from pathlib import Path

import polars
import pyarrow
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal
from test_tables import write_workbook

from deepstep.data import ParquetRows, read_cells, read_table, sources
from deepstep.data.tables import ReadOptions, load_table
from deepstep.data.text_tables import TextFormat
from deepstep.errors import ConfigurationError, FileError, MissingPackageError

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


def expected(header):
    return (
        TABLE
        if header
        else TABLE.rename(dict(zip(TABLE.columns, map("column_{}".format, range(1, 6)), strict=True)))
    )


@pytest.mark.parametrize("packed", PACKED)
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_every_way_to_write_a_table_gives_the_table(tmp_path, encoding, packed):
    path = tmp_path / f"t.csv{packed}"
    for sep, decimal, header in WAYS:
        path.write_bytes(PACKED[packed](written(sep, decimal, header).encode(encoding)))
        given = TextFormat(sep, decimal, encoding, header)
        assert_frame_equal(load_table(path, ReadOptions(given)).frame, expected(header))
        if sep == "," == decimal:  # quoted numbers in a table with commas are texts where nothing is given
            continue
        loaded = load_table(path, ReadOptions(TextFormat(header=header)))
        assert_frame_equal(loaded.frame, expected(header))
        assert (loaded.written.sep, loaded.written.decimal, loaded.written.header) == (sep, decimal, header)
        assert_frame_equal(load_table(path, ReadOptions(usual=loaded.written)).frame, expected(header))


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
    ("text", "columns", "rows"),
    [
        ("# n,x\n1,2\n", ["# n", "x"], 1),  # the header of numbers
        ("#,x\n1,\n", ["#", "x"], 1),
        ("# by A, 2020\nn,x\n1,2\n", ["n", "x"], 1),
        ("## meta\n#CHROM\tPOS\nchr1\t7\n", ["#CHROM", "POS"], 1),
        ("# a comment\nn\n1\n2\n", ["n"], 2),
        ("text\nhello; world\nhello\n", ["text"], 2),
        ('"a,b";"c"\n"1,5";"x, y"\n', ["a,b", "c"], 1),
    ],
)
def test_headers_comments_and_texts_with_separators(tmp_path, text, columns, rows):
    (tmp_path / "t.csv").write_text(text)
    frame = read_table(tmp_path / "t.csv")
    assert (frame.columns, frame.height) == (columns, rows)


@pytest.mark.parametrize(
    ("text", "values", "line"),
    [
        ("x;y\n1,234;1\n2,500;2\n", [1.234, 2.5], "Separator ';' and decimal comma found in"),
        ("x\ty\n1,234\t1\n2,500\t2\n", ["1,234", "2,500"], "may be decimal commas or separate thousands"),
        (
            "x;y\n1,5;0.5\n2,25;1.5\n",
            ["1,5", "2,25"],
            "'x' has decimal commas and column 'y' has decimal points",
        ),
        ("x;y\n1.234;1\n2.500;2\n", [1.234, 2.5], "the points in column 'x' may separate thousands"),
        ("x;y\n1.234;1\n0.500;2\n", [1.234, 0.5], "Separator ';' found in"),
        ("x\ty\n0,125\t1\n2,500\t2\n", [0.125, 2.5], "Separator '\\t' and decimal comma found"),
        ("x;y\n1 234,5;1\n2\u00a0500,5;2\n", [1234.5, 2500.5], "decimal comma"),
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
    caplog.clear()
    found = load_table(path).written
    caplog.clear()
    given = TextFormat(found.sep, found.decimal, found.encoding, "1;2" not in str(text))
    load_table(path, ReadOptions(given))
    assert [one for one in caplog.messages if "called" not in one] == []


def test_names_that_stand_twice_are_renamed_as_pandas_does(tmp_path):
    (tmp_path / "t.csv").write_text("a, a,,b,a.1,a,\n1,2,3,4,5,6,7\n")
    assert read_table(tmp_path / "t.csv").columns == [
        "a",
        "a.2",
        "Unnamed: 2",
        "b",
        "a.1",
        "a.3",
        "Unnamed: 6",
    ]
    assert read_cells(tmp_path / "t.csv").columns == read_table(tmp_path / "t.csv").columns


def test_another_file_may_be_written_otherwise_than_usual(tmp_path):
    """What a run keeps is taken where the file does not say otherwise."""
    usual = TextFormat(";", ",", "windows-1252")
    for name, text in {"t.csv": "x,y\n1.5,é\n", "t.tsv": "x\ty\n1.5\té\n", "u.csv": "x;y\n1.5;é\n"}.items():
        (tmp_path / name).write_text(text)
        frame = load_table(tmp_path / name, ReadOptions(usual=usual)).frame
        assert frame.rows() == [(1.5, "é")]
    (tmp_path / "t.csv").write_text("x;y\n1.234;é\n")  # one row, which says nothing
    assert load_table(tmp_path / "t.csv", ReadOptions(usual=usual)).frame.rows() == [(1234, "é")]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"sep": ";;"}, "sep must be one ASCII character, such as ';', or tab, got ';;'"),
        ({"decimal": "x"}, "decimal must be '.' or ',', got 'x'"),
        ({"encoding": "klingon"}, "encoding must be an encoding that Python knows, .*, got 'klingon'"),
        ({"encoding": "base64"}, "encoding must be an encoding"),
        ({"categorical": ["z"]}, "categorical must be one of 'x', 'y', got 'z'"),
    ],
)
def test_options_that_no_table_can_have(tmp_path, options, sentence):
    (tmp_path / "t.csv").write_text("x,y\n1,2\n")
    with pytest.raises(ConfigurationError, match=sentence):
        read_table(tmp_path / "t.csv", **options)


def test_an_encoding_that_is_given_is_taken(tmp_path):
    path = tmp_path / "t.dat"
    path.write_bytes("имя|x\nИван|1,5\n".encode("cp1251"))
    frame = read_table(path, sep="|", decimal=",", encoding="cp1251")
    assert frame.rows() == [("Иван", 1.5)]
    with pytest.raises(FileError, match=r"is no (utf-16|UTF-8) text: byte"):
        read_table(path, sep="|", encoding="utf-8")


def test_categorical_columns_are_categories(tmp_path):
    (tmp_path / "t.csv").write_text("code,x\n8001,1\n,2\n715,3\n")
    series = read_table(tmp_path / "t.csv", categorical=["code"])["code"]
    assert series.dtype == polars.Categorical
    assert series.to_list() == ["8001", None, "715"]


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
    path.write_bytes(pack(b"x\n" + b"0\n" * 1000))
    assert read_table(path).height == 1000


def test_a_workbook_that_unpacks_to_a_large_one(tmp_path, monkeypatch):
    with zipfile.ZipFile(tmp_path / "t.xlsx", "w", zipfile.ZIP_DEFLATED) as parts:
        parts.writestr("xl/worksheets/sheet1.xml", bytes(2**21))
    monkeypatch.setattr(sources, "MOST_INFLATED", 2**20)
    with pytest.raises(FileError, match="bytes that may unpack to 2,097,152 or more"):
        read_table(tmp_path / "t.xlsx")


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


def test_zstd_as_polars_writes_it(tmp_path):
    TABLE.write_csv(tmp_path / "t.csv.zst", compression="zstd")
    assert_frame_equal(read_table(tmp_path / "t.csv.zst"), TABLE)
    (tmp_path / "t.jsonl.gz").write_bytes(gzip.compress(b'{"a": 1}\n{"a": 2}\n'))
    assert read_table(tmp_path / "t.jsonl.gz")["a"].to_list() == [1, 2]


def test_the_first_sheet_of_a_workbook(tmp_path, caplog, monkeypatch):
    path = tmp_path / "t.xlsx"
    frame = polars.DataFrame({"x": [1.5, None, 3.0], "n": [1, 2, 3], "w": ["a", "NA", None]})
    write_workbook(path, {"First": frame, "Second": frame.select("n")})
    assert read_table(path).rows() == [(1.5, 1, "a"), (None, 2, None), (3.0, 3, None)]
    assert caplog.messages == [f"{path}: 2 sheets; the first, 'First', is read."]
    monkeypatch.setitem(sys.modules, "fastexcel", None)
    with pytest.raises(MissingPackageError, match=r"Run: pip install fastexcel"):
        read_table(path)


@pytest.mark.parametrize(
    "url", ["https://example.com/a.csv", "s3://bucket/a.parquet", "http://x.org/t.csv.gz"]
)
@pytest.mark.parametrize("read", [read_table, read_cells, ParquetRows, sources.local])
def test_nothing_is_fetched(url, read):
    with pytest.raises(FileError, match=f"{url} is a URL, and nothing is fetched"):
        read(Path(url) if read is not read_table else url)


class Stream(io.TextIOWrapper):
    """Standard input."""

    def __init__(self, content, *, terminal=False):
        super().__init__(io.BytesIO(content))
        self._terminal = terminal

    def isatty(self):
        return self._terminal


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".arrow", ".jsonl", ".xlsx", ".csv.gz"])
def test_standard_input_is_read_once_and_may_be_read_again(tmp_path, monkeypatch, suffix):
    frame = polars.DataFrame({"x": [1, 2], "y": ["a", "b"]})
    path = tmp_path / f"t{suffix}"
    write = {
        ".parquet": frame.write_parquet,
        ".arrow": frame.write_ipc,
        ".jsonl": frame.write_ndjson,
        ".xlsx": lambda path: write_workbook(path, {"s": frame}),
        ".csv.gz": lambda path: path.write_bytes(gzip.compress(frame.write_csv().encode())),
    }
    write.get(suffix, frame.write_csv)(path)
    monkeypatch.setattr(sys, "stdin", Stream(path.read_bytes()))
    assert_frame_equal(read_table("-"), frame)
    assert_frame_equal(read_table("-"), frame)


@pytest.mark.parametrize(
    ("stream", "sentence"),
    [
        (lambda: None, "standard input is closed"),
        (lambda: Stream(b"", terminal=True), "standard input is a terminal. Pipe a table into the command"),
        (lambda: Stream(b""), "standard input is empty, not a CSV table"),
        (
            lambda: Stream(b"a,b\n1,2\n3\n"),
            "standard input: line 3 has 1 field, but the header has 2",
        ),
    ],
)
def test_standard_input_that_is_no_table(monkeypatch, stream, sentence):
    monkeypatch.setattr(sys, "stdin", stream())
    with pytest.raises(FileError, match=sentence):
        read_table("-")


@pytest.fixture(autouse=True)
def _heard(caplog):
    caplog.set_level(logging.WARNING, logger="deepstep")
