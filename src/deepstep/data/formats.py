"""Formats of tables: the suffix names the format, and the content has to agree with it."""

from codecs import BOM_UTF8
from collections.abc import Callable, Collection, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple
from zipfile import BadZipFile, ZipFile

from deepstep.data import sources
from deepstep.data.dialect import UTF_8, Tell, TextFormat, encoding_by_bytes, log
from deepstep.data.files import reading
from deepstep.data.rows import check_room
from deepstep.data.sources import check_inflated, content_by, local, unpacked_suffixes
from deepstep.data.text_tables import typed_column
from deepstep.environment import polars
from deepstep.errors import FileError, missing_package


class ReadOptions(NamedTuple):
    """How tables are read: ``explicit`` settings hold, ``usual`` ones are tried first."""

    explicit: TextFormat = TextFormat()
    usual: TextFormat = TextFormat()
    values: Mapping[str, Collection[Any]] | None = None
    tell: Tell = log


BY_CONTENT = ReadOptions()
"""Whatever the file says."""


class Format(NamedTuple):
    name: str
    signature: bytes
    read: "Callable[[BinaryIO, str, ReadOptions], polars.DataFrame] | None" = None
    """None of text tables."""
    sep: str = ""


def format_of(path: Path, explicit: TextFormat) -> Format | None:
    """The format of a file by its name; with an explicit separator any other name is that of a text."""
    suffix, compression = unpacked_suffixes(local(path))
    kind = FORMATS.get(suffix)
    if kind is not None and compression and kind.read is not None and kind is not _JSON_LINES:
        return None  # they are compressed already
    return _CSV if kind is None and explicit.sep is not None else kind


def check_content(where: str, kind: Format, head: bytes, encoding: str | None) -> None:
    """Refuse what is empty or begins like another format."""
    is_text = kind.read is None
    if not head.removeprefix(BOM_UTF8).strip():
        raise FileError(f"{where} is empty, not {kind.name}")
    if kind.signature and head.startswith(kind.signature):
        return
    looks = content_by(head)[0]
    if not looks and b"\0" in head and not (is_text and (encoding or encoding_by_bytes(head) != UTF_8)):
        looks = "a file with NUL characters, binary or in an encoding that was not found"
    if kind.signature or looks:
        problem = f"{where} is {looks or 'something else'} by its content, not {kind.name} as its name says"
        raise FileError(problem, "Give the file its right suffix, or export it again.")


def check_table_room(where: str, n_bytes: int, *, hint: bool = False) -> None:
    """Refuse a table that does not fit into memory, however small its file is."""
    streamed = "Training can leave its rows in the file: --stream (stream=True)."
    check_room(n_bytes, f"{where}: the table", streamed if hint else "")


def _read_parquet(file: BinaryIO, where: str, how: ReadOptions) -> "polars.DataFrame":
    footer = polars.scan_parquet(file.name, glob=False)
    texts = (polars.String, polars.Binary)
    row = sum(16 if dtype in texts else 8 for dtype in footer.collect_schema().values())
    check_table_room(where, row * int(footer.select(polars.len()).collect().item()), hint=True)
    return polars.read_parquet(file)


def _read_excel(file: BinaryIO, where: str, how: ReadOptions) -> "polars.DataFrame":
    """The first sheet of a workbook; columns of texts are typed as those of text tables."""
    try:
        import fastexcel
    except ImportError as error:
        raise missing_package("Excel workbooks", "fastexcel") from error
    content = file.read()
    with reading(where, "an Excel workbook", BadZipFile, fastexcel.FastExcelError):
        with ZipFile(BytesIO(content)) as parts:
            check_inflated(sum(part.file_size for part in parts.infolist()), len(content), where)
        sheets = fastexcel.read_excel(content).sheet_names
        header = how.explicit.header and how.usual.header
        frame = polars.read_excel(content, has_header=header, infer_schema_length=None, raise_if_empty=False)
    if len(sheets) > 1:
        how.tell(f"{where}: {len(sheets)} sheets; the first, {sheets[0]!r}, is read.")
    values = how.values or {}
    return polars.DataFrame(
        [
            typed_column(series, values.get(series.name, ())) if series.dtype == polars.String else series
            for series in frame
        ]
    )


_CSV = Format("a CSV table", b"", sep=",")
_ARROW = Format("an Arrow file", sources.ARROW_BEGINS, lambda file, where, how: polars.read_ipc(file))
PARQUET_FILE = Format("a Parquet file", sources.PARQUET_BEGINS, _read_parquet)
_JSON_LINES = Format(
    "a file of JSON lines",
    sources.JSON_BEGINS,
    lambda file, where, how: polars.read_ndjson(file, infer_schema_length=None),
)
FORMATS = {
    ".csv": _CSV,
    ".tsv": Format("a TSV table", b"", sep="\t"),
    ".txt": Format("a text table", b"", sep=","),
    ".parquet": PARQUET_FILE,
    ".arrow": _ARROW,
    ".feather": _ARROW,
    ".jsonl": _JSON_LINES,
    ".ndjson": _JSON_LINES,
    ".xlsx": Format("an Excel workbook", sources.ZIP_BEGINS, _read_excel),
}
TABLE_SUFFIXES = tuple(FORMATS)
"""The suffixes that `read_table` knows."""


def usual_separator(path: Path) -> str:
    """The separator of text tables of this name."""
    kind = FORMATS.get(unpacked_suffixes(path)[0])
    return "," if kind is None else kind.sep
