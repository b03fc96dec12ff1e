"""An ensemble on disk: ``ensemble.json``, and beside it a model file for each member.

========================================  ====================================================================
file                                      what it holds
========================================  ====================================================================
``ensemble.json``                         how rows become each fold's inputs, and what each member counts
``members/NN-PRESET-FOLD.safetensors``    a member, which `deepstep.Network.load` opens, too
``members/NN-PRESET-FOLD.jsonl``          the records of its training, one for each epoch
========================================  ====================================================================

Nothing is pickled, and loading executes nothing.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from math import isclose, isfinite
from pathlib import Path
from typing import Any

import numpy as np

from deepstep.data import atomic_write
from deepstep.data.files import kind_at
from deepstep.data.text_formats import json_values, read_text
from deepstep.engines import ENGINES, Settings
from deepstep.errors import DeepStepError, FileError
from deepstep.estimators.ensemble import Ensemble, Fold, FoldPreprocessor, Member, Table
from deepstep.estimators.presets import PRESETS, Preset
from deepstep.model import Network
from deepstep.preparation import TablePreparation
from deepstep.preparation.encoding import Encoding
from deepstep.run_folder import OLD_ENSEMBLE, OLD_PRESETS, renamed
from deepstep.training.history import History, check_records
from deepstep.types import Array, is_number, is_whole, plain

FORMAT, VERSION = "deepstep-ensemble", 1
NAME = "ensemble.json"
OLD_FORMAT, OLD_NAME, OLD_KEY = OLD_ENSEMBLE

INPUTS = {False: "scaled", True: "pieces"}
"""The names of the encodings: numbers scaled alone, or cut into pieces as well."""

TABLE, SPARSE, NUMBERS = "table", "sparse", "numbers"
"""Rows that a preprocessor takes: those of a table, sparse ones or floats, which are taken as they are."""

MEMBERS = "members"
"""The folder of the members' files."""

Entries = dict[str, Any]


def write_ensemble(folder: Path, ensemble: Ensemble, temperature: float) -> list[str]:
    """Write an ensemble into an existing folder; the files, relative to it."""
    members = [_of_member(member) for member in ensemble.members]
    record = {
        "format": FORMAT,
        "version": VERSION,
        "output": ensemble.output,
        "temperature": float(temperature),
        "weights": dict(ensemble.weights),
        "temperatures": dict(ensemble.temperatures),
        "preparers": [_of_preprocessor(preprocessor) for preprocessor in ensemble.preprocessors],
        "members": members,
    }
    text = json.dumps(record, ensure_ascii=False, allow_nan=False, default=np.generic.tolist)
    with atomic_write(folder / NAME) as file:
        file.write(text.encode())
    (folder / MEMBERS).mkdir(exist_ok=True)  # of a run that could not be written before
    begins = [stem(number, record["preset"], record["fold"]) for number, record in enumerate(members)]
    for begin, member in zip(begins, ensemble.members, strict=True):
        member.network.save(folder / f"{begin}.safetensors")
        if member.network.history is not None:
            text = member.network.history.to_jsonl()
            (folder / f"{begin}.jsonl").write_text(text, encoding="utf-8")
    return [NAME, *member_files(begins, members)]


def _of_member(member: Member) -> Entries:
    cost, history = member.validation_cost, member.network.history
    ended = {} if history is None else {"why_engine": history.why_engine, "stopped": history.stopped}
    return {
        **ended,
        "preset": member.preset.name,
        "fold": member.fold,
        "inputs": INPUTS[member.preset.cuts],
        "engine": member.engine,
        "epochs": member.epochs,
        "validation_cost": cost if cost is not None and isfinite(cost) else None,
        "best_epoch": member.best_epoch,
        "history": history is not None,
        "settings": dict(member.settings),
    }


def _of_preprocessor(preprocessor: FoldPreprocessor) -> Entries:
    preparation = preprocessor.preparation
    return {
        "takes": NUMBERS if preprocessor.table is None else SPARSE if preparation is None else TABLE,
        "table": None if preparation is None else preparation.to_dict(),
        "encodings": {
            INPUTS[cuts]: None if encoding is None else encoding.to_dict()
            for cuts, encoding in sorted(preprocessor.encodings.items())
        },
        "center": preprocessor.center.tolist(),
        "scale": preprocessor.scale.tolist(),
    }


class EnsembleFile:
    """``ensemble.json``, read and checked; the members are read when `ensemble` is asked for."""

    @staticmethod
    def name_in(folder: Path) -> str:
        """The name that the file has in a folder."""
        return OLD_NAME if kind_at(folder / OLD_NAME) == "file" else NAME

    def __init__(self, folder: Path) -> None:
        self._folder, self._path = folder, folder / self.name_in(folder)
        old = self._path.name == OLD_NAME
        record = self._checked(lambda: _object(json_values(read_text(self._path))))
        if record.get("format") != (OLD_FORMAT if old else FORMAT):
            raise self._error(f"an object with format {FORMAT!r} is expected", "this is none")
        if record.get("version") != VERSION:
            raise FileError(
                str(self._path),
                f"version {VERSION} is expected",
                f"got version {record.get('version')!r:.20}",
                "Update DeepStep, or train again with this version.",
            )
        self._checked(lambda: self._read(record, OLD_KEY if old else "preset"))

    def _read(self, record: Entries, named: str) -> None:
        _names(record, "format, version, output, temperature, weights, temperatures, preparers, members")
        self.temperature = _above_0("temperature", record["temperature"])
        self.output = _text("output", record["output"])
        self.preprocessors = tuple(map(_preprocessor, _list("preparers", record["preparers"])))
        members = enumerate(_list("members", record["members"]))
        found = [_member(one, number, named, self.preprocessors) for number, one in members]
        self._begins, self._records = [begin for begin, _ in found], [one for _, one in found]
        presets = {one["preset"] for one in self._records}
        self.weights = _of_presets("weights", record["weights"], presets)
        self.temperatures = _of_presets("temperatures", record["temperatures"], presets)
        for temperature in self.temperatures.values():
            _above_0("temperatures", temperature)
        if min(self.weights.values()) < 0 or not isclose(sum(self.weights.values()), 1, rel_tol=1e-9):
            raise ValueError("weights are at least 0 and sum to 1")

    @property
    def names(self) -> list[str]:
        """All files of the ensemble, relative to the folder."""
        return [self._path.name, *member_files(self._begins, self._records)]

    def ensemble(self) -> Ensemble:
        """The ensemble; nothing is executed."""
        members = tuple(map(self._opened, self._begins, self._records))
        return Ensemble(self.preprocessors, members, self.weights, self.temperatures, self.output, None)

    def _opened(self, begin: str, record: Entries) -> Member:
        preset, fold = _preset(record["preset"], record["inputs"] == INPUTS[True]), record["fold"]
        network = _network(self._folder, begin, record)
        preprocessor, shape = self.preprocessors[fold], network.architecture
        encoding, table = preprocessor.encodings[preset.cuts], preprocessor.preparation
        n_inputs = shape.n_inputs if table is None else table.n_features
        n_inputs = n_inputs if encoding is None else encoding.n_inputs
        got = (shape.n_inputs, shape.n_outputs, shape.output)
        expected = (n_inputs, len(preprocessor.scale) or shape.n_outputs, self.output)
        if got != expected:
            raise FileError(
                str(self._folder / f"{begin}.safetensors"),
                f"inputs, outputs and kind of output are the ensemble's {expected}",
                f"got {got}",
                "Train again.",
            )
        course = (record[name] for name in ("engine", "epochs", "validation_cost", "best_epoch", "settings"))
        return Member(preset, fold, network, *course)

    def _checked(self, read: Callable[[], Any]) -> Any:
        try:
            return read()
        except FileError as error:
            if error.where == str(self._path):
                raise
            raise self._error(error.expected, error.got) from None
        except (ValueError, TypeError, KeyError, RecursionError, DeepStepError) as error:
            raise self._error(
                "the file as training wrote it", f"it cannot be used ({error!s:.300})"
            ) from None

    def _error(self, expected: str, got: str) -> FileError:
        return FileError(str(self._path), expected, got, "Restore it, or train again.")


def _preset(name: str, cuts: bool) -> Preset:
    """The preset of a name; what another release had under it is known by its name and inputs alone."""
    known = PRESETS.get(name)
    return known if known is not None and known.cuts == cuts else Preset(name, "of another release", (), cuts)


def _preprocessor(record: Any) -> FoldPreprocessor:
    record = {"takes": TABLE, **_object(record)}
    _names(record, "takes, table, encodings, center, scale")
    takes, given = record["takes"], _object(record["encodings"])
    if takes not in (TABLE, SPARSE, NUMBERS):
        raise ValueError(f"takes is {TABLE}, {SPARSE} or {NUMBERS}, got {takes!r:.60}")
    table = TablePreparation.from_dict(_object(record["table"])) if takes == TABLE else None
    if not given or not given.keys() <= set(INPUTS.values()):
        raise ValueError(f"encodings are {' and '.join(INPUTS.values())}, one at least")
    encodings = {
        cuts: None if given[name] is None else Encoding.from_dict(given[name])
        for cuts, name in INPUTS.items()
        if name in given
    }
    known = [len(encoding.center) for encoding in encodings.values() if encoding is not None]
    if any(table is None or n != table.n_features for n in known):
        raise ValueError("encodings of the features of the table are expected")
    center, scale = (_numbers(name, record[name]) for name in ("center", "scale"))
    if len(center) != len(scale) or scale.min(initial=1) <= 0:
        raise ValueError("a scale above 0 for each center is expected")
    none = np.arange(0)
    taken = None if takes == NUMBERS else Table(table)
    return FoldPreprocessor(Fold(none, none), taken, encodings, center, scale)


def _member(
    record: Any, number: int, named: str, preprocessors: tuple[FoldPreprocessor, ...]
) -> tuple[str, Entries]:
    """How the files of a member begin, and its entries under the names of today; ``named`` is its preset."""
    later = {"best_epoch": None, "history": False, "why_engine": "", "stopped": ""}
    record = {**later, **_object(record)}
    _names(record, f"{named}, fold, inputs, engine, epochs, validation_cost, settings, {', '.join(later)}")
    preset, fold, cost = _text(named, record[named]), record["fold"], record["validation_cost"]
    if not (preset.isascii() and preset.isalpha()):
        raise ValueError(f"a preset is a word, got {preset!r:.60}")
    if not (is_whole(fold, 0) and fold < len(preprocessors)):
        raise ValueError(f"a fold is a number below {len(preprocessors)}, got {fold!r:.60}")
    cuts = {name: cuts for cuts, name in INPUTS.items()}.get(_text("inputs", record["inputs"]))
    if cuts not in preprocessors[fold].encodings:
        raise ValueError(f"inputs {record['inputs']!r:.60} have no encoding in fold {fold}")
    if _text("engine", record["engine"]).partition(":")[0] not in ENGINES:
        raise ValueError(f"an engine is one of {', '.join(ENGINES)}, got {record['engine']!r:.60}")
    if not is_whole(record["epochs"], 0) or not (cost is None or is_number(cost)):
        raise ValueError("epochs are a whole number, and a cost is a number or null")
    best = record["best_epoch"]
    if not (best is None or (is_whole(best, 1) and best <= record["epochs"])):
        raise ValueError(f"a best epoch is a number from 1 to that of the epochs or null, got {best!r:.60}")
    if not isinstance(record["history"], bool):
        raise TypeError(f"history is true or false, got {record['history']!r:.60}")
    _text("why_engine", record["why_engine"]), _text("stopped", record["stopped"])
    settings = plain(renamed(_object(record["settings"])))
    _above_0("learning_rate", settings.get("learning_rate", 1))
    Settings.of("settings", **{name: value for name, value in settings.items() if name != "learning_rate"})
    today = {"preset": OLD_PRESETS.get(preset, preset), "settings": settings}
    return stem(number, preset, fold), {**record, **today}


def _of_presets(name: str, record: Any, presets: set[str]) -> Mapping[str, float]:
    record = {OLD_PRESETS.get(preset, preset): value for preset, value in _object(record).items()}
    if set(record) != presets or not all(map(is_number, record.values())):
        raise ValueError(f"{name} are a number for each of the presets {', '.join(sorted(presets))}")
    return {preset: float(value) for preset, value in record.items()}


def _names(record: Entries, expected: str) -> None:
    if set(record) != set(expected.split(", ")):
        raise ValueError(f"the entries {expected} are expected, got {', '.join(record)}")


def _object(value: Any) -> Entries:
    if not isinstance(value, dict):
        raise TypeError(f"an object is expected, got {value!r:.60}")
    return value


def _list(name: str, value: Any) -> list[Any]:
    if not isinstance(value, list) or not value:
        raise TypeError(f"{name} are a list, got {value!r:.60}")
    return value


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{name} is a text, got {value!r:.60}")
    return value


def _above_0(name: str, value: Any) -> float:
    if not is_number(value) or value <= 0:
        raise ValueError(f"{name} is a number above 0, got {value!r:.60}")
    return float(value)


def _numbers(name: str, value: Any) -> Array:
    if not isinstance(value, list) or not all(map(is_number, value)):
        raise ValueError(f"{name} are numbers, got {value!r:.60}")
    return np.array(value, np.float64)


def stem(number: int, preset: str, fold: int) -> str:
    """A member's files without their suffixes, relative to the folder of its ensemble."""
    return f"{MEMBERS}/{number:02}-{preset}-{fold}"


def member_files(begins: Iterable[str], records: Iterable[Mapping[str, Any]]) -> list[str]:
    """The files of the members that ``ensemble.json`` lists, relative to its folder."""
    names: list[str] = []
    for begin, record in zip(begins, records, strict=True):
        names += [f"{begin}.safetensors", *([f"{begin}.jsonl"] if record["history"] else [])]
    return names


def _network(folder: Path, begin: str, record: Entries) -> Network:
    """A member's network, with the records of its training if they were kept, which 0.1 did not."""
    network = Network.load(folder / f"{begin}.safetensors")
    if record["history"]:
        network.history = read_history(folder / f"{begin}.jsonl", network)
        network.history.engine = record["engine"]
        network.history.why_engine, network.history.stopped = record["why_engine"], record["stopped"]
    return network


def read_history(path: Path, network: Network) -> History:
    """The records of a network's training; what was not finite is NaN."""
    history = History.from_jsonl(read_text(path), where=str(path))
    check_records(history, network.architecture.n_layers, str(path))
    for record in history.records:
        record |= {name: np.nan for name, value in record.items() if value is None}
    return history
