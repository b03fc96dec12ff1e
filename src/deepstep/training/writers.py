"""The records of training as lines of a file and for TensorBoard, written when each epoch ends."""

import csv
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from io import SEEK_END, FileIO, StringIO
from pathlib import Path
from typing import Any

import numpy as np

from deepstep.data.files import atomic_write
from deepstep.errors import FileError, missing_package
from deepstep.training.callbacks import Callback, Training
from deepstep.training.history import History, Record

EPOCH = re.compile(rb'(?:\{"epoch": )?([0-9]{1,18})[,}]')  # with which each line begins
RENAME = "Choose another name."


class LineWriter(Callback):
    """Base of `JsonLines` and `Csv`: a file that holds whole lines, whatever ends the training."""

    looks_at_the_network = False
    adds_to_records = ()

    _start: bytes
    """How such a file begins: every record begins with its epoch."""

    def __init__(self, path: Path | str, *, append: bool = False) -> None:
        self._path, self._append = Path(path), append
        self._file: Any = None

    def on_train_begin(self, training: Training) -> None:
        """Open the file; a file that was written before ends with the last record of the history."""
        with self._as_file_error(RENAME):
            exists, folder = self._path.exists(), self._path.parent
            if exists and not self._append:
                hint = "Choose another name, or pass append=True to go on with it."
                raise FileError(f"{self._path} exists already", hint)
            if not folder.is_dir():
                reason = "is a file" if folder.exists() else "does not exist"
                problem = f"{self._path} cannot be written: {folder} {reason}"
                raise FileError(problem, "Make the folder, or choose another name.")
            self._file = FileIO(self._path, "r+" if exists else "x")
            if exists:
                self._go_on(training.history)
        self._append = True  # it is this writer's own file now, for a second training

    def on_epoch_end(self, training: Training, record: Record) -> None:
        """Write the record; it is with the operating system when this returns."""
        with self._as_file_error("The lines before are whole."):
            line = self._line(record).encode()
            end = self._file.tell()
            written = 0
            try:
                while written < len(line):
                    written += self._file.write(line[written:])
            except OSError:
                self._cut(end)  # a full disk leaves whole lines
                raise

    def on_train_end(self, training: Training) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _go_on(self, history: History) -> None:
        """Cut off what a killed training left after its last checkpoint, and a half-written last line."""
        content = self._file.readall()
        if content[: len(self._start)] != self._start[: len(content)]:
            wanted = f"{self._start.decode()!r}, as what {type(self).__name__} writes"
            raise FileError(f"{self._path} begins with {content[:20]!r} and not with {wanted}", RENAME)
        lines = content.split(b"\n")[:-1]
        self._begin(lines)
        if len(history):
            last = history[-1]["epoch"]
            while lines and (epoch := EPOCH.match(lines[-1])) and int(epoch[1]) > last:
                lines.pop()
        self._cut(sum(len(line) + 1 for line in lines))

    def _cut(self, end: int) -> None:
        self._file.truncate(end)
        self._file.seek(end)

    @contextmanager
    def _as_file_error(self, hint: str) -> Iterator[None]:
        try:
            yield
        except FileError:
            raise
        except OSError as error:
            raise FileError(f"{self._path} cannot be written: {error.strerror}", hint) from error

    def _begin(self, lines: list[bytes]) -> None:
        """Learn what is needed from the lines that are there."""

    def _line(self, record: Record) -> str:
        raise NotImplementedError


class JsonLines(LineWriter):
    """Write each record as one JSON object a line, as `History.to_jsonl` does.

    The last record of `Network.train` gets its ``layers`` after the training, so only in the history.

    A record is with the operating system when its epoch ends, and a line is never half there: what a full
    disk cuts short is taken back, and what a killed process left is cut off when a training resumes.

    Parameters
    ----------
    path : Path or str
        The file; its folder exists.
    append : bool, optional
        Append to an existing file, which raises an error otherwise. If the training itself resumes, the lines
        of later epochs than its last one are replaced.

    Raises
    ------
    FileError
        When training begins: if the file exists and ``append`` is False, is no file of this kind, or cannot
        be written. At the end of an epoch: if the line cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from deepstep import Network
    >>> path = Path(tempfile.mkdtemp()) / "history.jsonl"
    >>> history = Network([1, 1], seed=1).train([[0.0]], [[1]], iterations=3, callbacks=[JsonLines(path)])
    >>> History.from_jsonl(path.read_text()).costs.tolist() == history.costs.tolist()
    True
    """

    _start = b'{"epoch"'

    def _line(self, record: Record) -> str:
        return History([record]).to_jsonl()


class Csv(LineWriter):
    """Write the records as a table, one line an epoch, below a line with the names of the columns.

    An entry that a record lacks is an empty cell. Where a record has entries that none had before it (a look
    at health every fifth epoch), the file is rewritten with their columns at the end, whole or not at all.
    Lists and mappings are spread over columns, ``health/1/dead`` for the first layer's.

    Parameters
    ----------
    path : Path or str
        The file; its folder exists.
    append : bool, optional
        As in `JsonLines`; the columns are those of the file, and new ones come after them.

    Raises
    ------
    FileError
        As in `JsonLines`.

    Examples
    --------
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
            problem = f"{self._path} has a first line that Csv did not write ({error!s:.200})"
            raise FileError(problem, RENAME) from error

    def _line(self, record: Record) -> str:
        row = spread(record)
        new = [name for name in row if name not in self._columns]
        head = "" if self._columns else _row(new)
        if self._columns and new:
            self._widen(new)
        self._columns = [*self._columns, *new]
        # A record is one line: a line break inside a text would end it.
        cells = {name: json.dumps(value) if "\n" in str(value) else value for name, value in row.items()}
        return head + _row([cells.get(name) for name in self._columns])

    def _widen(self, new: Sequence[str]) -> None:
        """Rewrite the file with more columns, which are empty in the lines so far."""
        lines = self._path.read_bytes().split(b"\n")[1:-1]
        with atomic_write(self._path) as file:
            file.write(_row([*self._columns, *new]).encode())
            file.writelines(line + b"," * len(new) + b"\n" for line in lines)
        self._file.close()
        self._file = FileIO(self._path, "r+")
        self._file.seek(0, SEEK_END)


class TensorBoard(Callback):
    """Write every number of the records for TensorBoard, over the epochs.

    Needs the package tensorboardX, which writes the files without TensorFlow, torch or TensorBoard itself.
    A resumed training hides entries of later epochs than the last one of its history.

    Parameters
    ----------
    folder : Path or str
        Where the event files go, for ``tensorboard --logdir``; each training writes one more.

    Raises
    ------
    MissingPackageError
        When training begins: if tensorboardX is not installed.

    Examples
    --------
    >>> import tempfile
    >>> from deepstep import Network
    >>> folder = Path(tempfile.mkdtemp())
    >>> history = Network([1, 1], seed=1).train([[0.0]], [[1]], iterations=3, callbacks=[TensorBoard(folder)])
    >>> [path.name.split(".")[0] for path in folder.iterdir()]  # for: tensorboard --logdir FOLDER
    ['events']
    """

    adds_to_records = ()

    def __init__(self, folder: Path | str) -> None:
        self._folder = Path(folder)
        self._writer: Any = None

    def on_train_begin(self, training: Training) -> None:
        """Open a file of events.

        Parameters
        ----------
        training : Training
            The training, to look at.
        """
        try:
            from tensorboardX import SummaryWriter
        except ImportError as error:
            raise missing_package("TensorBoard", "tensorboardX") from error
        # tensorboardX names a file by the second: another training in the same one would write over it
        number = len(list(self._folder.glob("events.out.tfevents.*")))
        # the epoch from which on earlier events are hidden
        first = int(training.history[-1]["epoch"]) + 1 if len(training.history) else None
        self._writer = SummaryWriter(str(self._folder), purge_step=first, filename_suffix=f".{number:04}")

    def on_epoch_end(self, training: Training, record: Record) -> None:
        """Write the numbers, and bring them to the file.

        Parameters
        ----------
        training : Training
            The training, to look at.
        record : dict
            The record of the epoch.
        """
        for name, value in spread(record).items():
            number = isinstance(value, int | float) and not isinstance(value, bool)
            if number and name != "epoch":
                self._writer.add_scalar(name, float(value), record["epoch"])
        self._writer.flush()

    def on_train_end(self, training: Training) -> None:
        """Close the file.

        Parameters
        ----------
        training : Training
            The training, to look at.
        """
        if self._writer is not None:
            self._writer.close()
            self._writer = None


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
