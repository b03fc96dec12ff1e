"""One archive for every model: a folder of ``model.json``, ``arrays.safetensors`` and ``history.jsonl``.

========================  ====================================================================================
file                      what it holds
========================  ====================================================================================
``model.json``            a record: values by name, the SHA-256 of the other two files, and its own
``arrays.safetensors``    the arrays in it, named by their place, such as ``model.parameters.W1``
``history.jsonl``         a line for each epoch, of all networks one after another
========================  ====================================================================================

A value that JSON does not have is an object whose ``type`` is a tag of `_Reader`, or the name of a class in
`TYPES`. A list of JSON is a tuple. The entries of a class are the fields of a dataclass, or what its method
``to_archive`` returns. Reading makes it by its class method ``from_archive``, where it has one, else by the
class itself. Entries are checked here alone: by their annotations in the class or in ``from_archive``, then
by ``fault``, a property that names a condition that is not met. What could not be read is not written.

Nothing is pickled, no other class is made, and nothing in a file is executed.
"""

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from functools import cache
from math import isfinite
from pathlib import Path, PurePath
from reprlib import repr as shortened
from types import UnionType
from typing import Any, Literal, NamedTuple, Union, get_args, get_origin, get_type_hints

import numpy as np

from deepstep import __version__
from deepstep.data import atomic_directory, sha256
from deepstep.data.array_files import read_arrays, write_arrays
from deepstep.data.files import atomic_write, check_file, kind_at
from deepstep.data.own_folders import (
    ARRAYS,
    DIGEST,
    HISTORY,
    MODEL_FORMAT,
    MODEL_MARK,
    ROWS,
    RUN_FORMAT,
    RUN_MARK,
    is_sealed,
    sealed,
)
from deepstep.data.text_formats import json_values, read_text
from deepstep.environment import package
from deepstep.errors import ConfigurationError, DeepStepError, FileError, MissingPackageError
from deepstep.types import AnyArray

VERSION = 1


class Files(NamedTuple):
    """The files of an archive: that of the values, and those of arrays and lines, which are there if used."""

    mark: str
    arrays: str
    lines: str
    format: str


MODEL = Files(MODEL_MARK, ARRAYS, HISTORY, MODEL_FORMAT)
"""A saved model."""

RUN = Files(RUN_MARK, ROWS, "", RUN_FORMAT)
"""The record of a run, beside the files of its model."""

TYPES = {
    "Network": "deepstep.model",
    "Architecture": "deepstep.network",
    "History": "deepstep.training",
    "Settings": "deepstep.engines",
    "Targets": "deepstep.targets",
    "Encoding": "deepstep.preparation.encoding",
    "TablePreparation": "deepstep.preparation",
    "ImagePreparation": "deepstep.preparation",
    **dict.fromkeys(("NumberColumn", "BooleanColumn"), "deepstep.preparation.numbers"),
    "DateColumn": "deepstep.preparation.dates",
    **dict.fromkeys(("CategoryColumn", "TextColumn", "TwoValuesColumn"), "deepstep.preparation.categories"),
    **dict.fromkeys(("ConstantColumn", "EmptyColumn", "IdentifierColumn"), "deepstep.preparation.columns"),
    "Calibration": "deepstep.ensembles.calibration",
    "WidthModel": "deepstep.ensembles.calibrate",
    "TrainingFingerprint": "deepstep.ensembles.predictor",
    **dict.fromkeys(("Columns", "Predictor"), "deepstep.ensembles.predictor"),
    "Ensemble": "deepstep.ensembles.ensemble",
    "Member": "deepstep.ensembles.ensemble",
    **dict.fromkeys(("Snapshot", "Trained"), "deepstep.ensembles.member_fit"),
    "Preprocessor": "deepstep.ensembles.preprocessor",
    "Preset": "deepstep.ensembles.presets",
    "TriedPreset": "deepstep.ensembles.ensemble",
    "Examples": "deepstep.run",
    "HeldOut": "deepstep.held_out",
    "SessionState": "deepstep.engines",
    "RateSearch": "deepstep.training.rate_finder",
    "Progress": "deepstep.estimators.attributes",
}
"""The classes of a model by name, and the module of each, which is imported when one is met."""

HEADER = ("format", "version", "files", DIGEST)
"""Entries of ``model.json`` beside those of the record and the version of DeepStep."""

MOST_BYTES_OF_LABELS = 2**26
"""Bytes of an array of texts: each has the length of the longest."""

DAMAGES = (
    *(ArithmeticError, AttributeError, LookupError, MemoryError, OSError, RecursionError),
    *(TypeError, ValueError, DeepStepError),
)
"""Errors by which files that were altered show."""


class Lines(str):
    """Lines of text that an archive keeps in ``history.jsonl``."""

    __slots__ = ()


def save(model: Any, folder: Path | str, *, overwrite: bool = False) -> None:
    """Save a model as a folder, whole or not at all.

    Parameters
    ----------
    model : Network, estimator or Pipeline
        A network, a fitted estimator of DeepStep, or a `sklearn.pipeline.Pipeline` of a `TableEncoder` and
        one network. Parameters of estimators that are functions or objects are left out, with a UserWarning.
    folder : Path or str
        The folder to make; its parent exists.
    overwrite : bool, default False
        Replace a saved model, which stays as it is until the new one is complete.

    Raises
    ------
    FileError
        If the folder exists and may not be replaced, or cannot be written.
    ConfigurationError
        If the model is of another kind, or has a value that no file can hold.

    Examples
    --------
    >>> import tempfile
    >>> import deepstep
    >>> network = deepstep.Network([2, 4, 1], seed=1)
    >>> folder = Path(tempfile.mkdtemp()) / "model"
    >>> deepstep.save(network, folder)
    >>> deepstep.load(folder).parameters == network.parameters
    True
    """
    write(folder, model_record(model), overwrite=overwrite)


def load(folder: Path | str) -> Any:
    """Load a model that `save` wrote; nothing in the folder is executed.

    Parameters
    ----------
    folder : Path or str
        The folder of the model.

    Returns
    -------
    Network, estimator or Pipeline
        As it was saved, with the checksum of every file compared.

    Raises
    ------
    FileError
        If the folder is no saved model, or one of its files is missing, altered or damaged.

    Examples
    --------
    >>> load("no/such/model")
    Traceback (most recent call last):
    deepstep.errors.FileError: no/such/model does not exist. Give the folder of a saved model.
    """
    return model_of(read(folder), folder)


def model_of(record: Mapping[str, Any], folder: Path | str) -> Any:
    """The model of a record that was read from a folder."""
    name, model = record.get("estimator"), record.get("model")
    if name == "Network" and _class_name(model) == name:
        return model
    if name == "Predictor" and _class_name(model) == name:  # of pictures, or of a training that diverged
        return model
    if name not in ESTIMATORS:
        raise _altered(folder, "it holds no model")
    with damages_of(folder):
        return package("deepstep.estimators.saved").estimator_of(record)


ESTIMATORS = (
    "DeepClassifier",
    "DeepRegressor",
    "NetworkClassifier",
    "NetworkRegressor",
    "TableEncoder",
    "Pipeline",
)
"""Names of the models beside `Network`: `load` alone makes them, as scikit-learn comes with them."""


def model_record(model: Any) -> dict[str, Any]:
    """The record of a model.

    >>> from deepstep import Network
    >>> model_record(Network([1, 1], seed=1))
    {'estimator': 'Network', 'model': Network(1-1: sigmoid; 2 parameters, float64)}
    """
    if _class_name(model) in ("Network", "Predictor"):
        return {"estimator": _class_name(model), "model": model}
    if any(cls.__name__ in ESTIMATORS for cls in type(model).__mro__):
        record: dict[str, Any] = package("deepstep.estimators.saved").estimator_record(model)
        return record
    expected = "a Network, an estimator of DeepStep, or a Pipeline of these"
    raise ConfigurationError.must_be("model", expected, type(model).__name__)


def write(path: Path | str, record: Mapping[str, Any], *, overwrite: bool = False) -> None:
    """Write a record as a folder, whole or not at all.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp()) / "record"
    >>> write(folder, {"rates": np.array([0.1, 0.01]), "names": ("first", "second")})
    >>> record = read(folder)
    >>> record["rates"], record["names"]
    (array([0.1 , 0.01]), ('first', 'second'))
    """
    with atomic_directory(path, overwrite=overwrite) as folder:
        write_files(folder, record)


def write_files(folder: Path, record: Mapping[str, Any], files: Files = MODEL) -> None:
    """Write the files of a record into a folder that is there: that of the values last, and as a whole."""
    writer = _Writer()
    content = {name: writer.encoded(value, name) for name, value in record.items()}
    written = []
    if writer.arrays or files is MODEL:
        write_arrays(folder / files.arrays, writer.arrays, {})
        written.append(files.arrays)
    if files.lines:
        with atomic_write(folder / files.lines) as file:
            file.write("".join(writer.lines).encode())
        written.append(files.lines)
    sums = {name: sha256(folder / name) for name in written}
    values = {"format": files.format, "version": VERSION, "deepstep": __version__, "files": sums, **content}
    with atomic_write(folder / files.mark) as file:
        file.write(sealed(values).encode())


def check_value(value: Any, name: str) -> None:
    """Refuse a value that no file can hold.

    >>> check_value(print, "callbacks")
    Traceback (most recent call last):
    deepstep.errors.ConfigurationError: callbacks must be a value that a file can hold, got
    builtin_function_or_method.
    """
    _Writer().encoded(value, name)


def read(path: Path | str, files: Files = MODEL) -> dict[str, Any]:
    """The record that `write` wrote, and the version of DeepStep; a `FileError` for whatever is wrong."""
    folder = Path(path)
    _check_place(folder, files)
    with damages_of(folder):
        text = read_text(folder / files.mark)
        if not is_sealed(text):
            raise ValueError(f"{files.mark} has another checksum")
        lines = read_text(folder / files.lines) if files.lines else ""  # which limits its size
        values = json_values(text)
        listed = _checked_files(folder, values, files)
        arrays: dict[str, AnyArray] = {}
        if files.arrays in listed:
            _, arrays = read_arrays(folder / files.arrays, "the arrays of a model")
        reader = _Reader(arrays, lines.splitlines(keepends=True))
        record = {name: reader.value(value) for name, value in values.items() if name not in HEADER}
        reader.check_end()
    return record


@contextmanager
def damages_of(folder: Path | str) -> Iterator[None]:
    """Let every error by which an altered file shows be one error about the folder."""
    try:
        yield
    except MissingPackageError:
        raise
    except DAMAGES as error:
        # errors about what this process lacks, and not about the files
        if isinstance(error, FileError) and error.problem.startswith(("Unknown ", "The model has version")):
            raise FileError(f"{folder}: {error.problem}", error.hint) from None
        raise _altered(folder, error) from None


def _check_place(folder: Path, files: Files) -> None:
    """Refuse a folder that is no archive, and files that nobody could read."""
    problem = {"nothing": "does not exist", "folder": ""}.get(kind_at(folder), "is no folder")
    if not problem and kind_at(folder / files.mark) == "nothing":
        problem = f"has no {files.mark}, and is no saved model"
    if problem:
        raise FileError(f"{folder} {problem}", "Give the folder of a saved model.")
    for name in files[:3] if files is MODEL else files[:1]:
        check_file(folder / name, "a file of a saved model")


def _checked_files(folder: Path, values: Any, files: Files) -> set[str]:
    """The files that are listed; refused are another format or version, and other files."""
    if not isinstance(values, dict) or values.get("format") != files.format:
        raise ValueError(f"{files.mark} is of another format than {files.format!r}")
    if values["version"] != VERSION:
        problem = f"The model has version {values['version']!r:.20}, and {VERSION} can be read"
        raise FileError(problem, "Update DeepStep, or save again with this version.")
    listed = {*values["files"]}
    if not listed <= {files.arrays, files.lines} - {""} or (files is MODEL and len(listed) < 2):
        raise ValueError(f"{files.mark} names other files than its own")
    for name, digest in values["files"].items():
        check_file(folder / name, "a file of a saved model")
        if sha256(folder / name) != digest:
            raise ValueError(f"{name} has another checksum")
    return listed


def _altered(folder: Path | str, reason: object) -> FileError:
    reason = " ".join(str(reason).split())[:300]
    return FileError(f"{folder} was altered or damaged ({reason})", "Restore it, or save again.")


class _Writer:
    """Values as JSON has them, with the arrays and the lines among them."""

    def __init__(self) -> None:
        self.arrays: dict[str, AnyArray] = {}
        self.lines: list[str] = []

    def encoded(self, value: Any, place: str) -> Any:
        """The value as JSON that can be read again."""
        try:
            encoded = self.value(value, place)
            json_values(json.dumps(encoded, ensure_ascii=False, allow_nan=False))
        except (ValueError, RecursionError) as error:
            if isinstance(error, DeepStepError):
                raise
            raise _unwritable(place, f"one that is not read again ({error!s:.200})") from None
        return encoded

    def value(self, value: Any, place: str) -> Any:
        """The value for JSON."""
        if isinstance(value, np.generic):
            value = value.item()
        if value is None or type(value) in (bool, int, str):
            return value
        if type(value) is float:
            return value if isfinite(value) else {"type": "float", "value": str(value)}
        if type(value) is tuple:
            return [self.value(entry, f"{place}.{index}") for index, entry in enumerate(value)]
        if type(value) is list:
            return {"type": "list", "values": self.value(tuple(value), place)}
        if isinstance(value, Mapping):
            return self._mapping(value, place)
        if isinstance(value, np.ndarray):
            return self._array(value, place)
        if isinstance(value, bytes):
            return {"type": "bytes", "digits": value.hex()}
        if isinstance(value, PurePath):
            return {"type": "path", "path": str(value)}
        if isinstance(value, Lines):
            lines = value.splitlines()
            self.lines += [f"{line}\n" for line in lines]
            return {"type": "lines", "count": len(lines)}
        return self._instance(value, place)

    def _mapping(self, value: Mapping[Any, Any], place: str) -> Any:
        if "type" in value or not all(type(name) is str for name in value):
            return {"type": "mapping", "items": self.value(tuple(value.items()), place)}
        return {name: self.value(entry, f"{place}.{name}") for name, entry in value.items()}

    def _array(self, value: AnyArray, place: str) -> Any:
        kind = value.dtype.kind
        if kind in "biuf" and value.dtype.itemsize <= 8:
            name = place
            while name in self.arrays:  # a name within the place has a dot
                name += "'"
            self.arrays[name] = value.astype(value.dtype.newbyteorder("="))
            return {"type": "array", "name": name}
        if kind not in "UO" or value.ndim != 1:
            raise _unwritable(place, f"an array of {value.dtype} with {value.ndim} dimensions")
        dtype = "object" if kind == "O" else value.dtype.str[1:]
        return {"type": "labels", "dtype": dtype, "values": self.value(tuple(value.tolist()), place)}

    def _instance(self, value: Any, place: str) -> Any:
        name = _class_name(value)
        if not name:
            raise _unwritable(place, type(value).__name__)
        if is_dataclass(value):
            entries = {entry: getattr(value, entry) for entry in _annotations(_class(name))}
        else:
            entries = value.to_archive()
        try:
            check_entries(_class(name), entries)
        except TypeError as error:
            raise _unwritable(place, f"a {name} of which {error}") from None
        if fault := getattr(value, "fault", ""):
            raise ConfigurationError(f"{place} is a {name} that does not meet the condition: {fault}")
        return {
            "type": name,
            **{entry: self.value(inner, f"{place}.{entry}") for entry, inner in entries.items()},
        }


def _unwritable(place: str, value: str) -> ConfigurationError:
    return ConfigurationError.must_be(place, "a value that a file can hold", value)


class _Reader:
    """Values of what `_Writer` wrote; each array and each line is used once."""

    def __init__(self, arrays: dict[str, AnyArray], lines: list[str]) -> None:
        self._arrays, self._lines = arrays, lines
        self._lines_read = 0
        self._tags: dict[str, Callable[..., Any]] = {
            "float": lambda value: {"inf": np.inf, "-inf": -np.inf, "nan": np.nan}[value],
            "list": lambda values: [*self.value(values)],
            "mapping": lambda items: dict(self.value(items)),
            "bytes": lambda digits: bytes.fromhex(digits),
            "path": lambda path: Path(path),
            "array": lambda name: self._arrays.pop(name),
            "labels": self._labels,
            "lines": self._read_lines,
        }

    def value(self, value: Any) -> Any:
        """The value of what JSON has."""
        if isinstance(value, list):
            return tuple(map(self.value, value))
        if not isinstance(value, dict):
            return value
        if "type" not in value:
            return {name: self.value(entry) for name, entry in value.items()}
        entries = {name: entry for name, entry in value.items() if name != "type"}
        read = self._tags.get(value["type"])
        return self._instance(value["type"], entries) if read is None else read(**entries)

    def check_end(self) -> None:
        """Refuse arrays and lines that no value has used."""
        if self._arrays or self._lines_read != len(self._lines):
            raise ValueError("there are arrays or lines that belong to nothing")

    def _labels(self, *, dtype: str, values: list[Any]) -> AnyArray:
        labels = np.fromiter(map(self.value, values), object, len(values))
        if dtype == "object":
            return labels
        width = int(dtype.removeprefix("U"))
        if not all(isinstance(label, str) for label in labels) or not 0 <= width <= MOST_BYTES_OF_LABELS:
            raise TypeError("labels are of another type")
        if 4 * width * len(labels) > MOST_BYTES_OF_LABELS:
            raise ValueError("labels are too long")
        return labels.astype(f"U{width}")

    def _read_lines(self, *, count: int) -> Lines:
        stop = self._lines_read + count
        if type(count) is not int or not self._lines_read <= stop <= len(self._lines):
            raise ValueError("it has other lines")
        lines = self._lines[self._lines_read : stop]
        self._lines_read = stop
        return Lines("".join(lines))

    def _instance(self, name: str, entries: dict[str, Any]) -> Any:
        cls = _class(name)
        values = {entry: self.value(inner) for entry, inner in entries.items()}
        check_entries(cls, values)
        made = getattr(cls, "from_archive", cls)(**values)
        if fault := getattr(made, "fault", ""):
            raise ValueError(f"a {name} does not meet the condition: {fault}")
        return made


def _class(name: str) -> Any:
    """The class of a name in the table."""
    if name not in TYPES:
        raise LookupError(f"{name!r:.60} is no class of a model")
    return getattr(package(TYPES[name]), name)


def _class_name(value: Any) -> str:
    """The name in the table of a class, or of the one with ``to_archive`` that it is derived from."""
    for cls in type(value).__mro__:
        if cls.__name__ in TYPES and cls is _class(cls.__name__):
            return cls.__name__ if cls is type(value) or hasattr(cls, "to_archive") else ""
    return ""


@cache
def _annotations(cls: Any) -> Mapping[str, Any]:
    """The annotations of the entries of a class."""
    by_field = is_dataclass(cls)
    source = cls if by_field else cls.from_archive
    known = dict[str, Any]()
    while True:
        try:
            hints = get_type_hints(source, localns=known)
            break
        except NameError as error:  # a class that is imported for type checkers alone
            known[str(error.name)] = _class(str(error.name))
    names = [field.name for field in fields(cls) if field.init] if by_field else [*hints]
    return {name: hints[name] for name in names if name != "return"}


def check_entries(cls: Any, entries: Mapping[str, Any]) -> None:
    """Refuse entries that a class has not, and values of other types than its annotations say."""
    annotations = _annotations(cls)
    for name, value in entries.items():
        if name not in annotations:
            raise TypeError(f"{cls.__name__} has no {name!r:.60}")
        if not _fits(value, annotations[name]):
            raise TypeError(f"{name} of {cls.__name__} is {annotations[name]}, got {shortened(value)}")


def _fits(value: Any, kind: Any) -> bool:
    """Whether a value is one of an annotation."""
    if kind is Any:
        return True
    value = value.item() if isinstance(value, np.generic) else value
    if kind is float and type(value) is int:
        return abs(value) < 2**63  # of larger ones NumPy makes an array of objects, without mathematics
    if kind in (float, int, bool, str):  # a truth value is no number
        return type(value) is kind
    origin, arguments = get_origin(kind), get_args(kind)
    if hasattr(origin, "__value__"):  # an alias, as NDArray is from NumPy 2.5 on
        return _fits(value, origin.__value__[arguments])
    if origin in (Union, UnionType):
        return any(_fits(value, option) for option in arguments)
    if origin is Literal:
        return value in arguments
    if origin is np.ndarray:
        (scalar,) = get_args(arguments[1])  # of an annotation such as dtype[floating[Any]]
        scalar = get_origin(scalar) or scalar
        return isinstance(value, np.ndarray) and (scalar is Any or np.issubdtype(value.dtype, scalar))
    if kind is None or origin is None:
        return value is None if kind is None else isinstance(value, kind)
    if not isinstance(value, origin):
        return False
    if issubclass(origin, Mapping):
        names, values = arguments
        return _all_fit(value.keys(), names) and _all_fit(value.values(), values)
    if origin is tuple and arguments[-1] is not Ellipsis:
        return len(value) == len(arguments) and all(map(_fits, value, arguments))
    return _all_fit(value, arguments[0])


def _all_fit(values: Collection[Any], kind: Any) -> bool:
    return {*map(type, values)} == {kind} or all(_fits(value, kind) for value in values)
