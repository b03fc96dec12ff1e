"""Writers: the records of training as lines of a file, one for each epoch, written when the epoch ends."""

import csv
import json
from collections.abc import Mapping, Sequence
from io import SEEK_END, FileIO, StringIO
from pathlib import Path
from typing import Any

import numpy as np

from deepstep.data.files import atomic_write
from deepstep.data.text_formats import json_values
from deepstep.errors import FileError
from deepstep.training.callbacks import Callback, Training
from deepstep.training.history import History, Record


class LineWriter(Callback):
    """Base of `JsonLines` and `Csv`: a file that holds whole lines, whatever ends the training."""

    looks_at_the_network = False
    adds_to_records = ()

    _start: bytes
    """How such a file begins: every record begins with its epoch."""

    def __init__(self, path: Path | str, *, append: bool = False) -> None:
        self._path = Path(path)
        self._append = append
        self._file: FileIO | None = None

    def on_train_begin(self, training: Training) -> None:
        """Open the file; a file that was written before ends with the last record of the history."""
        try:
            exists = self._path.exists()
            if exists and not self._append:
                raise FileError(
                    str(self._path),
                    "a new name is expected",
                    "it exists already",
                    "Choose another name, or pass append=True to go on with it.",
                )
            folder = self._path.parent
            if not folder.is_dir():
                raise FileError(
                    str(self._path),
                    "a folder that it can be written in",
                    f"{folder} does not exist" if not folder.exists() else f"{folder} is a file",
                    "Make it, or choose another name.",
                )
            self._file = FileIO(self._path, "r+" if exists else "x")
            if exists:
                self._go_on(self._file, training.history)
        except OSError as error:
            self.on_train_end(training)
            raise self._as_file_error(error, begun=False) from error
        self._append = True  # it is this writer's own file now, for a second training

    def on_epoch_end(self, training: Training, record: Record) -> None:
        """Write the record; it is with the operating system when this returns."""
        if self._file is None:
            return
        try:
            line = self._line(record).encode()
            file, end, written = self._file, self._file.tell(), 0
            try:
                while written < len(line):
                    written += file.write(line[written:])
            except OSError:
                file.truncate(end)  # a full disk leaves whole lines
                file.seek(end)
                raise
        except OSError as error:
            raise self._as_file_error(error) from error

    def on_train_end(self, training: Training) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _go_on(self, file: FileIO, history: History) -> None:
        """Cut off what a killed training left after its last checkpoint, and a half-written last line."""
        content = file.readall()
        if content[: len(self._start)] != self._start[: len(content)]:
            raise FileError(
                str(self._path),
                f"a file that {type(self).__name__} wrote, which begins with {self._start.decode()!r}",
                f"it begins with {content[:20]!r}",
                "Choose another name.",
            )
        lines = content.split(b"\n")[:-1]
        self._begin(lines)
        if len(history):
            last = history[-1]["epoch"]
            while lines and self._epoch(lines[-1]) > last:
                lines.pop()
        end = sum(len(line) + 1 for line in lines)
        file.truncate(end)
        file.seek(end)

    def _as_file_error(self, error: OSError, *, begun: bool = True) -> FileError:
        if isinstance(error, FileError):
            return error
        mend = "The lines before are whole." if begun else "Choose another name."
        return FileError(str(self._path), "it can be written", f"{error.strerror}", mend)

    def _line(self, record: Record) -> str:
        raise NotImplementedError

    def _begin(self, lines: list[bytes]) -> None:
        """Learn what is needed from the lines that are there."""

    def _epoch(self, line: bytes) -> float:
        """The number of the epoch in a line; before all others where it has none."""
        raise NotImplementedError


class JsonLines(LineWriter):
    """Write each record as one JSON object a line, as `History.to_jsonl` does.

    A record is with the operating system when its epoch ends, and a line is never half there: what a full
    disk cuts short is taken back, and what a killed process left is cut off when a training goes on.

    path: The file; its folder exists.
    append: Go on with a file that exists, which is refused otherwise. Where the training itself goes on (its
        history has records already), the lines of later epochs than its last one are written anew.
    FileError: When training begins: if the file exists and ``append`` is False, is no file of this kind, or
        cannot be written. At the end of an epoch: if the line cannot be written.

    >>> import tempfile
    >>> from deepstep import Network
    >>> path = Path(tempfile.mkdtemp()) / "history.jsonl"
    >>> history = Network([1, 1], seed=1).train([[0.0]], [[1]], iterations=3, callbacks=[JsonLines(path)])
    >>> History.from_jsonl(path.read_text()).records == history.records
    True
    """

    _start = b'{"epoch"'

    def _line(self, record: Record) -> str:
        return History([record]).to_jsonl()

    def _epoch(self, line: bytes) -> float:
        try:
            return float(json_values(line)["epoch"])
        except (ValueError, KeyError, TypeError):
            return -1.0


class Csv(LineWriter):
    """Write the records as a table, one line an epoch, below a line with the names of the columns.

    An entry that a record lacks is an empty cell. Where a record has entries that none had before it (a look
    at health every fifth epoch), the file is written anew with their columns at the end, whole or not at all.
    Lists and mappings are spread over columns, ``health/1/dead`` for the first layer's.

    path: The file; its folder exists.
    append: As in `JsonLines`; the columns are those of the file, and new ones come after them.
    FileError: As in `JsonLines`.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "history.csv"
    >>> from deepstep import Network
    >>> history = Network([1, 1], seed=1).train([[0.0]], [[1]], iterations=3, callbacks=[Csv(path)])
    >>> path.read_text().splitlines()[0]
    'epoch,step,cost,learning_rate,seconds'
    """

    _start = b"epoch"

    def __init__(self, path: Path | str, *, append: bool = False) -> None:
        super().__init__(path, append=append)
        self._columns: list[str] = []

    def _begin(self, lines: list[bytes]) -> None:
        try:
            self._columns = next(csv.reader([lines[0].decode()])) if lines else []
        except (UnicodeDecodeError, csv.Error) as error:
            raise FileError(
                str(self._path),
                "a table that Csv wrote",
                f"its first line cannot be read ({error!s:.200})",
                "Choose another name.",
            ) from error

    def _line(self, record: Record) -> str:
        row = spread(record)
        new = [name for name in row if name not in self._columns]
        head = "" if self._columns or not new else _row(new)
        if self._columns and new:
            self._widen(new)
        self._columns = [*self._columns, *new]
        # A record is one line: a line break inside a text would end it.
        cells = {name: json.dumps(value) if "\n" in str(value) else value for name, value in row.items()}
        return head + _row([cells.get(name) for name in self._columns])

    def _widen(self, new: Sequence[str]) -> None:
        """Write the file anew, with more columns, in which the lines so far have empty cells."""
        lines = self._path.read_bytes().split(b"\n")[1:-1]
        with atomic_write(self._path) as file:
            file.write(_row([*self._columns, *new]).encode())
            file.writelines(line + b"," * len(new) + b"\n" for line in lines)
        wider = FileIO(self._path, "r+")
        wider.seek(0, SEEK_END)
        if self._file is not None:
            self._file.close()
        self._file = wider

    def _epoch(self, line: bytes) -> float:
        try:
            return float(next(csv.reader([line.decode()]))[self._columns.index("epoch")])
        except (ValueError, IndexError, csv.Error):
            return -1.0  # the names of the columns


def _row(cells: Sequence[Any]) -> str:
    text = StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue()


def spread(record: Mapping[str, Any]) -> dict[str, Any]:
    """A record without lists and mappings: their entries have names such as ``health/1/dead``."""
    flat: dict[str, Any] = {}
    for name, value in record.items():
        if isinstance(value, np.ndarray | np.generic):
            value = value.tolist()
        if isinstance(value, list | tuple):
            value = {str(number): entry for number, entry in enumerate(value, start=1)}
        if isinstance(value, Mapping):
            flat |= {f"{name}/{inner}": entry for inner, entry in spread(value).items()}
        else:
            flat[name] = value
    return flat
