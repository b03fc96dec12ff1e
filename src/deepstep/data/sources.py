"""Where the bytes of a table come from: files, compressed files, and standard input; URLs are refused."""

import atexit
import bz2
import gzip
import lzma
import re
import shutil
import sys
import tempfile
import zlib
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import IO, Any

from deepstep.data.files import check_file, reading
from deepstep.data.rows import check_room
from deepstep.environment import polars
from deepstep.errors import FileError

STDIN, STDIN_NAME = "-", "standard input"
"""The name of a file that is standard input, and how it is called."""

_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):(/{1,2})(?!/)(.+)", re.DOTALL)
"""A path has one slash where the URL had two."""

_PARQUET_STREAMS = "Write it as Parquet, from which rows are streamed: --stream (stream=True)."
_CHUNK = 2**22
MOST_INFLATED, MOST_TIMES = 2**30, 200
"""Bytes that a small file may become, unless they are at most so many times as many as the packed ones."""
_OPENERS: dict[str, Callable[[IO[bytes]], Any]] = {
    ".gz": lambda file: gzip.GzipFile(fileobj=file),
    ".bz2": bz2.BZ2File,
    ".xz": lzma.LZMAFile,
}
ZSTD = ".zst"
COMPRESSIONS = (*_OPENERS, ZSTD)
"""Endings of compressed files."""

PARQUET_BEGINS, ARROW_BEGINS, ZIP_BEGINS, JSON_BEGINS = b"PAR1", b"ARROW1", b"PK\x03\x04", b"{"
_BEGINS = {
    PARQUET_BEGINS: ("a Parquet file", ".parquet"),
    ARROW_BEGINS: ("an Arrow file", ".arrow"),
    b"FEA1": ("a Feather file of version 1", ""),
    b"\x89PNG": ("a PNG picture", ""),
    b"\xff\xd8\xff": ("a JPEG picture", ""),
    b"GIF8": ("a GIF picture", ""),
    b"%PDF": ("a PDF document", ""),
    ZIP_BEGINS: ("a ZIP archive (Excel workbooks are such)", ".xlsx"),
    b"\x1f\x8b": ("a gzip archive", ".csv.gz"),
    b"BZh": ("", ".csv.bz2"),
    b"\xfd7zXZ": ("an xz archive", ".csv.xz"),
    b"\x28\xb5\x2f\xfd": ("a Zstandard archive", ".csv.zst"),
    b"\x89HDF": ("an HDF5 file", ""),
    b"SQLite format 3": ("an SQLite database", ""),
    b"<!DOCTYPE": ("a web page", ""),
    b"<html": ("a web page", ""),
    b'{"': ("JSON", ".jsonl"),
    JSON_BEGINS: ("", ".jsonl"),
}
"""Kinds of files by their first bytes, where no text begins so, and their suffix from standard input."""


def content_by(head: bytes) -> tuple[str, str]:
    """The kind of file that begins so, and its suffix; a text table where nothing else does."""
    return next((content for begin, content in _BEGINS.items() if head.startswith(begin)), ("", ".csv"))


class _Input:
    """The copy of standard input, which can be read once."""

    stream: Any = None
    path = Path()


def shown(path: Path) -> str:
    """A file as people know it."""
    return STDIN_NAME if str(path) == STDIN else str(path)


def stem_of(path: Path) -> str:
    """The name of a table without what says how it is written."""
    if str(path) == STDIN:
        return "stdin"
    return path.with_suffix("").stem if path.suffix.lower() in COMPRESSIONS else path.stem


def local(path: Path | str) -> Path:
    """The file behind a path: of ``-`` a copy of standard input; URLs are refused."""
    path = Path(path)
    if str(path) == STDIN:
        return _copy_of_stdin()
    url = _URL.fullmatch(path.as_posix())
    if url and not path.exists():
        raise FileError(
            f"{url[1]}://{url[3]} is a URL, and nothing is fetched from the network",
            "Download it first, or pipe it: curl -s URL | deepstep train - --target COLUMN.",
        )
    return path


def _copy_of_stdin() -> Path:
    """Standard input as a file, which can be read more than once; it is removed when the process ends."""
    stream = sys.stdin
    if _Input.stream is stream and stream is not None:
        return _Input.path
    if stream is None or stream.closed or stream.isatty():
        state = "closed" if stream is None or stream.closed else "a terminal"
        raise FileError(f"{STDIN_NAME} is {state}", "Pipe a table into the command, or name a file.")
    folder = tempfile.mkdtemp(prefix="deepstep-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    path = Path(folder, "stdin")
    with reading(STDIN_NAME, "a table", hint=""):
        with path.open("wb") as copy:
            shutil.copyfileobj(stream.buffer, copy, _CHUNK)
        with path.open("rb") as copy:
            head = copy.read(16)
    path = path.rename(path.with_name(f"stdin{content_by(head)[1] or '.csv'}"))
    _Input.stream, _Input.path = stream, path
    return path


def unpacked_suffixes(path: Path) -> tuple[str, str]:
    """The suffix of a table, and that of its compression."""
    suffix = path.suffix.lower()
    return (path.with_suffix("").suffix.lower(), suffix) if suffix in COMPRESSIONS else (suffix, "")


def head_of(path: Path, where: str) -> bytes:
    """The first bytes of a file, as they are there."""
    check_file(path, "a table")
    with reading(where, "a table", hint=""), path.open("rb") as file:
        return file.read(4096)


def content_of(path: Path, where: str, compression: str) -> bytes:
    """All bytes of a file, unpacked."""
    packed_size = path.stat().st_size
    check_room(packed_size, where, _PARQUET_STREAMS)
    if not compression:
        return path.read_bytes()
    with reading(where, f"a whole {compression} file", EOFError, zlib.error, lzma.LZMAError):
        if compression == ZSTD:
            check_inflated(most_of_zstd(path), packed_size, where)
            return _without_zstd(path)
        with path.open("rb") as file, _OPENERS[compression](file) as packed:
            parts = BytesIO()
            while part := packed.read(_CHUNK):
                parts.write(part)
                check_inflated(parts.tell(), packed_size, where)
            return parts.getvalue()


def check_inflated(n_bytes: int, packed_size: int, where: str) -> None:
    """Refuse what does not fit into memory, and a small file made to become a large one."""
    check_room(2 * n_bytes, f"{where}, unpacked,", _PARQUET_STREAMS)
    if n_bytes > max(MOST_INFLATED, MOST_TIMES * packed_size):
        limits = f"{MOST_INFLATED / 2**30:g} GiB and {MOST_TIMES} times the packed size"
        raise FileError(
            f"{where} has {packed_size:,} bytes that may unpack to {n_bytes:,} or more, beyond {limits}",
            "If you trust the file, unpack it yourself (gzip -d, bzip2 -d, xz -d, zstd -d), or save a CSV.",
        )


def most_of_zstd(path: Path) -> int:
    """The bytes that a .zst file has at most, by the heads of its blocks; a compressed block has 128 KiB."""
    content = path.read_bytes()
    start = n_bytes = 0
    while len(content) >= start + 8:
        magic, size = (int.from_bytes(content[begin : begin + 4], "little") for begin in (start, start + 4))
        if magic & 0xFFFFFFF0 == 0x184D2A50:  # a frame to be skipped
            start += 8 + size
            continue
        flags = content[start + 4]
        single = flags >> 5 & 1
        start += 6 - single + (0, 1, 2, 4)[flags & 3] + (single, 2, 4, 8)[flags >> 6]
        last = magic != 0xFD2FB528  # what is no frame ends it, and is refused when it is read
        while not last and len(content) >= start + 3:
            head = int.from_bytes(content[start : start + 3], "little")
            last, kind, size = bool(head & 1), head >> 1 & 3, head >> 3
            n_bytes += min(size, 2**17) if kind < 2 else 2**17
            start += 3 + (1 if kind == 1 else size)  # 1: a byte that is repeated
        if magic != 0xFD2FB528:
            break
        start += 4 * (flags >> 2 & 1)
    return n_bytes


def _without_zstd(path: Path) -> bytes:
    """The lines of a text: polars knows zstd, which Python does before 3.14 not."""
    try:
        with path.open("rb") as file:
            lines = polars.read_csv(
                file, has_header=False, infer_schema=False, separator="\x01", quote_char=None
            )
    except polars.exceptions.PolarsError as error:
        raise OSError(str(error).partition("\n")[0]) from error
    return "\n".join([*lines.to_series().fill_null(""), ""]).encode()
