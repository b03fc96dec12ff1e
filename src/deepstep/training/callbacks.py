"""Callbacks: what a user may do while training runs, and the training and its updates as they see them.

Some write the records of training when each epoch ends: as lines of a file, and for TensorBoard.
"""

import csv
import json
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import cached_property
from io import SEEK_END, FileIO, StringIO
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from deepstep.data.files import atomic_write
from deepstep.engines import Session, SessionState
from deepstep.errors import ConfigurationError, FileError, missing_package, naming
from deepstep.network import Architecture, Parameters
from deepstep.preparation.batches import Examples
from deepstep.preparation.streams import StreamedExamples
from deepstep.training.checkpoint import Position, identity
from deepstep.training.history import History, Record
from deepstep.training.plan import Plan, Rates, require
from deepstep.training.rows import forward_rows
from deepstep.types import Array


class StopTraining(Exception):  # noqa: N818  (a request like StopIteration, not an error)
    """Raise it in a callback to end training in order; the message becomes ``history.stopped``.

    Examples
    --------
    >>> from deepstep import Network
    >>> def enough(record):
    ...     if record["cost"] < 0.6:
    ...         raise StopTraining("cost below 0.6")
    >>> net = Network([1, 1], initialization="zeros", seed=1)
    >>> net.train([[-1.0, 1.0]], [[0, 1]], learning_rate=1.0, iterations=9, callbacks=[enough]).stopped
    'cost below 0.6'
    """


class Update(NamedTuple):
    """One update, with the batch and the state that it began from, as views that cannot be written.

    Attributes
    ----------
    number : int
        Number of the update, from 1.
    epoch : int
        Number of the epoch, from 0.
    cost : float
        J of the batch before the update, with regularization.
    X, Y : arrays of shape (n_x, k) and (n_L, k)
        The batch.
    before : SessionState
        The state before the update.
    learning_rate : float
        α of the update.
    sample_weight : array of shape (k,) or None, optional
        Weight of each example of the batch.
    weight_decay, dropout : float, optional
        Factors of the settings of these names, of a schedule.
    masks : mapping or None, optional
        Dropout masks by layer where they were given; else the seed gives them.

    Examples
    --------
    >>> from deepstep import Network
    >>> steps = Network([1, 1], seed=1).steps([[0.0, 1.0, 2.0]], [[0, 1, 1]], iterations=1, batch_size=2)
    >>> [(step.update.number, step.update.X.shape) for step in steps]
    [(1, (1, 2)), (2, (1, 1))]
    """

    number: int
    epoch: int
    cost: float
    X: Array
    Y: Array
    before: SessionState
    learning_rate: float
    sample_weight: Array | None = None
    weight_decay: float = 1.0
    dropout: float = 1.0
    masks: Mapping[int, Array] | None = None


class Training:
    """Training as a callback sees it; its arrays cannot be written.

    ``history`` has the records so far; ``position`` is where training stands; ``interrupted`` says whether
    Ctrl-C was pressed, so that this pause is the last one; ``member`` is (preset, fold) of a network that is
    one of an ensemble, with -1 for the fold where it is trained again on all rows, else None.

    Parameters
    ----------
    session : Session
        Where the updates are done.
    history : History
        Where the records go.
    epochs : int
        The epochs asked for.
    examples : Examples or StreamedExamples
        Training data.
    callbacks : sequence of Callback
        All of them, in their order.
    plan : Plan, optional
        How training runs; None where it has no steps to go on from, as L-BFGS.
    validation : Examples, optional
        Data whose cost is recorded after each epoch.

    Examples
    --------
    >>> from deepstep import Network
    >>> class Norms(Callback):
    ...     def on_epoch_end(self, training, record):
    ...         record["norm of W1"] = float(np.linalg.norm(training.parameters["W1"]))
    >>> net = Network([1, 1], initialization="zeros", seed=1)
    >>> history = net.train([[-1.0, 1.0]], [[0, 1]], learning_rate=1.0, iterations=2, callbacks=[Norms()])
    >>> history.column("norm of W1").round(3)
    array([0.5  , 0.878])
    """

    def __init__(
        self,
        session: Session,
        history: History,
        epochs: int,
        examples: Examples | StreamedExamples,
        callbacks: "Sequence[Callback]",
        *,
        plan: Plan | None = None,
        validation: Examples | None = None,
    ) -> None:
        self._session, self._examples, self._validation = session, examples, validation
        self._callbacks = callbacks
        self.history, self.epochs, self.plan = history, epochs, plan
        self.position = Position()
        self.interrupted = False
        self.member: tuple[str, int] | None = None

    @property
    def architecture(self) -> Architecture:
        """The network's shape."""
        return self._session.architecture

    @property
    def examples(self) -> Examples:
        """The training data, as views that cannot be written; of those that are not in memory a sample."""
        sample = self._examples.sample
        return Examples(*map(read_only, (sample.X, sample.Y, sample.weight)))

    @property
    def n_examples(self) -> int:
        """How many there are, in memory or in files."""
        return len(self._examples)

    @property
    def parameters(self) -> Parameters:
        """The parameters now; later steps do not change them."""
        return _views(self._session.parameters)

    def state(self) -> SessionState:
        """Everything that training carries, as views that cannot be written.

        Returns
        -------
        SessionState
            θ, the optimizer's vectors, statistics and counts, now.
        """
        return _locked(self._session.state())

    def validation_outputs(self) -> Array:
        """Outputs of the network that predicts for the validation data, (m, n_L).

        Returns
        -------
        array
        """
        if self._validation is None:
            raise ConfigurationError("This training has no validation data", "Pass validation=(X, Y) to it.")
        return forward_rows(self._session.forward, self._validation.X, self.architecture.layer_dims)

    def gradient(self, X: Array, Y: Array) -> Parameters:
        """∂J/∂θ of some examples at the parameters now.

        Parameters
        ----------
        X, Y : arrays of shape (n_x, k) and (n_L, k)
            Columns are examples.

        Returns
        -------
        Parameters
            The derivatives under the parameters' names.
        """
        _, flat = self._session.cost_and_gradient(X, Y)
        return self._session.parameters.like(flat)

    @cached_property
    def identity(self) -> dict[str, Any]:
        """The identity that a training must have to go on from this one; hashes the data, once.

        A ConfigurationError says that this training, as L-BFGS, has no steps to go on from.
        """
        if self.plan is None:
            raise no_steps_to_go_on_from()
        parts = identity(
            self.architecture,
            self._session.parameters.dtype,
            self._session.settings,
            self.plan,
            self._examples,
            self._validation,
        )
        keepers = with_state(self._callbacks)
        parts["callbacks"] = [type(callback).__name__ for callback in keepers]
        settings = [callback.settings() for callback in keepers]
        # a name that several callbacks have, or a setting of the training, says whose it is
        times = Counter([*parts, *(name for each in settings for name in each)])
        for number, (kind, each) in enumerate(zip(parts["callbacks"], settings, strict=True), start=1):
            for name, value in each.items():
                parts[name if times[name] == 1 else f"{name} of {kind}, callback {number}"] = value
        return parts

    def states_of_callbacks(self) -> list[tuple[str, Mapping[str, Any]]]:
        """Names of the classes and states of those callbacks that keep one.

        Returns
        -------
        list of (str, mapping)
        """
        return [(type(callback).__name__, callback.state()) for callback in with_state(self._callbacks)]


class Callback:
    """Base of callbacks: override what you need.

    Examples
    --------
    >>> class Enough(Callback):
    ...     def on_epoch_end(self, training, record):
    ...         if record["cost"] < 0.1:
    ...             raise StopTraining("cost below 0.1")
    """

    adds_to_records: Collection[str] | None = None
    """The entries that it adds to records; None where it does not say. Names that others watch can
    then be found missing before training begins."""

    looks_at_the_network: bool = True
    """Whether it looks at ``training`` after each epoch, or changes it. Where no callback does, and nothing
    is validated, several short epochs are done in one call of the engine, and callbacks get their records
    afterwards. Where one ends training by such an epoch, the network is that of the epoch.
    """

    in_every_worker: bool = False
    """Whether each of the workers of a process group calls it, as it changes the training or adds to
    records, in the same way everywhere; one that keeps a state is called by all, too. Otherwise only rank 0
    calls it.
    """

    def on_train_begin(self, training: Training) -> None:
        """Before the first epoch.

        Parameters
        ----------
        training : Training
            The training, to look at.
        """

    def on_step_end(self, training: Training, update: Update) -> None:
        """After each update. Where no callback overrides this, nothing is called per step.

        Parameters
        ----------
        training : Training
            The training, to look at.
        update : Update
            The update that was done.
        """

    def on_pause(self, training: Training) -> None:
        """Between two updates, when the engine gives control back: after each epoch and, within long ones,
        some times a second. ``training.position`` and ``training.state()`` belong together here.

        Parameters
        ----------
        training : Training
            The training, to look at.
        """

    def on_epoch_end(self, training: Training, record: Record) -> None:
        """After each epoch.

        Parameters
        ----------
        training : Training
            The training, to look at.
        record : dict
            A copy of the epoch's record: entries that are added go into the history.
        """

    def on_train_end(self, training: Training) -> None:
        """After the last epoch, however training ended and whatever another callback raised.

        Parameters
        ----------
        training : Training
            The training, to look at.
        """

    def settings(self) -> Mapping[str, Any]:
        """Settings that must be the same where a training resumes from `state`.

        Returns
        -------
        mapping
            JSON values by name.
        """
        return {}

    def state(self) -> Mapping[str, Any]:
        """The state that a resumed training needs.

        Returns
        -------
        mapping
            JSON values and arrays by name, of any depth.
        """
        return {}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Resume from what `state` gave.

        Parameters
        ----------
        state : mapping
            What it returned.
        """


class _Function(Callback):
    """A plain function of the record."""

    def __init__(self, function: Callable[[Record], Any]) -> None:
        self.function = function

    def on_epoch_end(self, training: Training, record: Record) -> None:
        self.function(record)


def as_callbacks(callbacks: Iterable[Any]) -> list[Callback]:
    """`Callback` objects as they are; a plain function is called with the record after each epoch."""
    if callable(callbacks) or isinstance(callbacks, Callback):
        callbacks = [callbacks]
    expected = "a list of Callback objects or functions of a record"
    require(isinstance(callbacks, Iterable), "callbacks", expected, callbacks)
    entries = list(callbacks)
    for entry in entries:
        is_function = callable(entry) and not isinstance(entry, type)
        require(isinstance(entry, Callback) or is_function, "callbacks", expected, entry)
    return [entry if isinstance(entry, Callback) else _Function(entry) for entry in entries]


def overrides(callback: Callback, method: str) -> bool:
    """Whether it does something there."""
    return getattr(getattr(callback, method), "__func__", None) is not getattr(Callback, method)


def with_state(callbacks: Iterable[Callback]) -> list[Callback]:
    """Callbacks that keep a state, which a resumed training finds again."""
    return [callback for callback in callbacks if overrides(callback, "state")]


def naming_callback(callback: Callback) -> AbstractContextManager[None]:
    """Name the callback in an error that it raises."""
    called: Any = callback.function if isinstance(callback, _Function) else type(callback)
    return naming(f"the callback {getattr(called, '__qualname__', type(called).__qualname__)}")


def tell(callbacks: Iterable[Callback], method: str, training: Training, what: Any = None) -> None:
    """Call a method of all callbacks, in order; the first `StopTraining` is raised after all."""
    # each gets a copy of a record, of which entries that are new go into the record
    stop: StopTraining | None = None
    for callback in callbacks:
        shown = dict(what) if isinstance(what, dict) else what
        try:
            getattr(callback, method)(training, *(() if what is None else (shown,)))
        except StopTraining as wish:
            stop = stop or wish
        except Exception:
            with naming_callback(callback):
                raise
        finally:
            if isinstance(what, dict):
                what |= {name: value for name, value in shown.items() if name not in what}
    try:
        if stop is not None:
            raise stop
    finally:
        del stop  # its traceback has this frame, and so the examples


def tell_the_end(callbacks: Sequence[Callback], training: Training) -> None:
    """Call ``on_train_end`` of all callbacks, in their order, even if one raises."""
    if callbacks:
        try:
            with naming_callback(callbacks[0]):
                callbacks[0].on_train_end(training)
        finally:
            tell_the_end(callbacks[1:], training)


def update_done(
    before: SessionState, epoch: int, cost: float, X: Array, Y: Array, weight: Array | None, rates: Rates
) -> Update:
    """The update that began from a state, as callbacks and readers see it."""
    rate, decay, dropout = (float(values[0]) for values in rates)
    X, Y, weight = map(read_only, (X, Y, weight))
    return Update(before.step + 1, epoch, cost, X, Y, _locked(before), rate, weight, decay, dropout)


def no_steps_to_go_on_from() -> ConfigurationError:
    """The error where checkpoints of L-BFGS are asked for."""
    problem = "L-BFGS cannot write or resume checkpoints, as its state lies inside SciPy"
    return ConfigurationError(problem, "Use another optimizer, or save the network when it is done.")


def read_only(value: Any) -> Any:
    """A view that cannot be written; what is no array, such as sparse rows, which have no views, as it is."""
    if not isinstance(value, np.ndarray):
        return value
    view = value.view()
    view.flags.writeable = False
    return view


def _views(parameters: Parameters) -> Parameters:
    return parameters.like(read_only(parameters.flat))


def _locked(state: SessionState) -> SessionState:
    slots = {name: read_only(vector) for name, vector in state.slots.items()}
    statistics = {name: read_only(values) for name, values in state.statistics.items()}
    return SessionState(read_only(state.theta), slots, state.step, statistics)


FIRST = b"epoch"
"""The first column, with which the file begins."""

EPOCH = re.compile(rb"([0-9]{1,18}),")  # with which each line begins
RENAME = "Choose another name."


class Csv(Callback):
    """Write the records as a table, one line an epoch, below a line with the names of the columns.

    The last record of `Network.train` gets its ``layers`` after the training, so only in the history.

    A record is with the operating system when its epoch ends, and a line is never half there: what a full
    disk cuts short is taken back, and what a killed process left is cut off when a training resumes.

    An entry that a record lacks is an empty cell. Where a record has entries that none had before it (a look
    at health every fifth epoch), the file is rewritten with their columns at the end, whole or not at all.
    Lists and mappings are spread over columns, ``health/1/dead`` for the first layer's. The networks of an
    ensemble write to one file: columns ``preset`` and ``fold`` tell them apart.

    Parameters
    ----------
    path : Path or str
        The file; its folder exists.
    append : bool, optional
        Append to an existing file, which raises an error otherwise. Its columns are kept, and new ones come
        after them. If the training itself resumes, the lines of later epochs than its last one are replaced.

    Raises
    ------
    FileError
        When training begins: if the file exists and ``append`` is False, is no file of this kind, or cannot
        be written. At the end of an epoch: if the line cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "history.csv"
    >>> from deepstep import Network
    >>> history = Network([1, 1], seed=1).train([[0.0]], [[1]], iterations=3, callbacks=[Csv(path)])
    >>> path.read_text().splitlines()[0]
    'epoch,step,cost,learning_rate,seconds'
    """

    looks_at_the_network = False
    adds_to_records = ()

    def __init__(self, path: Path | str, *, append: bool = False) -> None:
        self._path = Path(path)
        self._append = append
        self._columns: list[str] = []
        self._file: Any = None
        self._n_open = 0

    def on_train_begin(self, training: Training) -> None:
        """Open the file; a file that was written before ends with the last record of the history."""
        if self._file is not None:  # by another network of the ensemble
            self._n_open += 1
            return
        with self._as_file_error(RENAME):
            exists, folder = self._path.exists(), self._path.parent
            if exists and not self._append:
                hint = "Choose another name, or continue it in Python: append=True."
                raise FileError(f"{self._path} exists already", hint)
            if not folder.is_dir():
                reason = "is a file" if folder.exists() else "does not exist"
                problem = f"{self._path} cannot be written: {folder} {reason}"
                raise FileError(problem, "Make the folder, or choose another name.")
            self._file = FileIO(self._path, "r+" if exists else "x")
            if exists:
                self._go_on(training.history)
        self._n_open = 1
        self._append = True  # it is this writer's own file now, for a second training

    def on_epoch_end(self, training: Training, record: Record) -> None:
        """Write the record; it is with the operating system when this returns."""
        record = {**record, **dict(zip(("preset", "fold"), training.member or (), strict=False))}
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
        """Close the file, with the last of the networks that write to it."""
        self._n_open -= 1
        if self._file is not None and self._n_open < 1:
            self._file.close()
            self._file = None

    def _go_on(self, history: History) -> None:
        """Cut off what a killed training left after its last checkpoint, and a half-written last line."""
        content = self._file.readall()
        if content[: len(FIRST)] != FIRST[: len(content)]:
            problem = f"{self._path} begins with {content[:20]!r} and not with 'epoch', as what Csv writes"
            raise FileError(problem, RENAME)
        lines = content.split(b"\n")[:-1]
        try:
            self._columns = next(csv.reader([lines[0].decode()])) if lines else []
        except (UnicodeDecodeError, csv.Error) as error:
            problem = f"{self._path} has a first line that Csv did not write ({error!s:.200})"
            raise FileError(problem, RENAME) from error
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
        self._file.close()  # Windows replaces no file that is open
        with atomic_write(self._path) as file:
            file.write(_row([*self._columns, *new]).encode())
            file.writelines(line + b"," * len(new) + b"\n" for line in lines)
        self._file = FileIO(self._path, "r+")
        self._file.seek(0, SEEK_END)


class TensorBoard(Callback):
    """Write every number of the records for TensorBoard, over the epochs.

    Needs the package tensorboardX, which writes the files without TensorFlow, torch or TensorBoard itself.
    A resumed training hides entries of later epochs than the last one of its history.

    Parameters
    ----------
    folder : Path or str
        Where the event files go, for ``tensorboard --logdir``; each training writes one more. Each network of
        an ensemble has a folder within it, such as ``relu/1`` for preset and fold.

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

    looks_at_the_network = False
    adds_to_records = ()

    def __init__(self, folder: Path | str) -> None:
        self._folder = Path(folder)
        self._writers = dict[Training, Any]()

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
            raise missing_package("TensorBoard", "tensorboardX", extra="tensorboard") from error
        folder = self._folder.joinpath(*map(str, training.member or ()))
        # tensorboardX names a file by the second: another training in the same one would write over it
        number = len(list(folder.glob("events.out.tfevents.*")))
        # the epoch from which on earlier events are hidden
        first = int(training.history[-1]["epoch"]) + 1 if len(training.history) else None
        suffix = f".{number:04}"
        self._writers[training] = SummaryWriter(str(folder), purge_step=first, filename_suffix=suffix)

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
                self._writers[training].add_scalar(name, float(value), record["epoch"])
        self._writers[training].flush()

    def on_train_end(self, training: Training) -> None:
        """Close the file.

        Parameters
        ----------
        training : Training
            The training, to look at.
        """
        if training in self._writers:
            self._writers.pop(training).close()


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
