"""An ensemble on disk: ``ensemble.json``, and beside it a folder of each member.

``members/NN-PRESET-FOLD`` is a saved network, which `Network.load` reads. Nothing is pickled.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from math import isclose, isfinite
from pathlib import Path
from typing import Any

import numpy as np

from deepstep.archive import FILES, model_record, write_files
from deepstep.data import atomic_write
from deepstep.data.text_formats import json_values, read_text
from deepstep.engines import ENGINES, Settings
from deepstep.errors import DeepStepError, FileError
from deepstep.estimators.ensemble import Ensemble, Fold, FoldPreprocessor, Member, Table
from deepstep.estimators.population import PRESETS
from deepstep.estimators.presets import INPUTS, Preset
from deepstep.estimators.tried import TriedPreset, TriedPresets
from deepstep.model import Network
from deepstep.preparation import TablePreparation
from deepstep.preparation.encoding import Encoding
from deepstep.types import is_number, is_whole, plain

FORMAT, VERSION, NAME = "deepstep-ensemble", 4, "ensemble.json"

TABLE, SPARSE, NUMBERS = "table", "sparse", "numbers"
"""Rows that a preprocessor takes: those of a table, sparse ones or floats, which are taken as they are."""

MEMBERS = "members"
"""The folder of the networks."""

Entries = dict[str, Any]


def write_ensemble(folder: Path, ensemble: Ensemble, temperature: float) -> list[str]:
    """Write an ensemble into an existing folder; the files, relative to it."""
    members = [_of_member(member) for member in ensemble.members]
    record: Entries = {
        "format": FORMAT,
        "version": VERSION,
        "output": ensemble.output,
        "temperature": float(temperature),
        "weights": dict(ensemble.weights),
        "temperatures": dict(ensemble.temperatures),
        "preparers": [_of_preprocessor(preprocessor) for preprocessor in ensemble.preprocessors],
        "members": members,
        "tried": ensemble.tried.to_dicts(),
    }
    text = json.dumps(record, ensure_ascii=False, allow_nan=False, default=np.generic.tolist)
    with atomic_write(folder / NAME) as file:
        file.write(text.encode())
    names = [member_name(index, record["preset"], record["fold"]) for index, record in enumerate(members)]
    for name, member in zip(names, ensemble.members, strict=True):
        (folder / name).mkdir(parents=True, exist_ok=True)  # of a run that could not be written before
        write_files(folder / name, model_record(member.network))
    return [NAME, *member_files(names)]


def _of_member(member: Member) -> Entries:
    cost = member.validation_cost
    return {
        "preset": member.preset.name,
        "fold": member.fold,
        "inputs": member.preset.inputs,
        "why": member.preset.why,
        "engine": member.engine,
        "epochs": member.epochs,
        "validation_cost": cost if cost is not None and isfinite(cost) else None,
        "best_epoch": member.best_epoch,
        "settings": dict(member.settings),
    }


def _of_preprocessor(preprocessor: FoldPreprocessor) -> Entries:
    preparation = preprocessor.preparation
    return {
        "takes": NUMBERS if preprocessor.table is None else SPARSE if preparation is None else TABLE,
        "table": None if preparation is None else preparation.to_dict(),
        "encodings": {
            name: None if encoding is None else encoding.to_dict()
            for name, encoding in sorted(preprocessor.encodings.items())
        },
        "center": preprocessor.center.tolist(),
        "scale": preprocessor.scale.tolist(),
    }


class EnsembleFile:
    """``ensemble.json``, read and checked; the members are read when `ensemble` is asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._path = folder, folder / NAME
        record = self._checked(lambda: _object(json_values(read_text(self._path))))
        if record.get("format") != FORMAT:
            raise self._error(f"an object with format {FORMAT!r} is expected", "this is none")
        if record.get("version") != VERSION:
            expected, got = f"version {VERSION} is expected", f"got version {record.get('version')!r:.20}"
            hint = "Update DeepStep, or train again with this version."
            raise FileError(str(self._path), expected, got, hint)
        self._checked(lambda: self._read(record))

    def _read(self, record: Entries) -> None:
        _names(
            record, "format, version, output, temperature, weights, temperatures, preparers, members, tried"
        )
        self.temperature, self.output = record["temperature"], record["output"]
        _require(_is_above_0(self.temperature), "temperature is a number above 0", self.temperature)
        _require(isinstance(self.output, str), "output is a text", self.output)
        for name, least in (("preparers", 1), ("members", 1), ("tried", 0)):
            is_list = isinstance(record[name], list) and len(record[name]) >= least
            _require(is_list, f"{name} are a list", record[name])
        self.preprocessors = tuple(map(_preprocessor, record["preparers"]))
        pairs = enumerate(record["members"])
        members = [_member(entries, number, self.preprocessors) for number, entries in pairs]
        self._names = [name for name, _ in members]
        self._records = [entries for _, entries in members]
        presets = {one["preset"] for one in self._records}
        self.weights = _of_presets("weights", record["weights"], presets)
        self.temperatures = _of_presets("temperatures", record["temperatures"], presets)
        for temperature in self.temperatures.values():
            _require(temperature > 0, "temperatures is a number above 0", temperature)
        self.tried = TriedPresets(TriedPreset.from_dict(_object(one)) for one in record["tried"])
        weights = [*self.weights.values()]
        whole = min(weights) >= 0 and isclose(sum(weights), 1, rel_tol=1e-9)
        _require(whole, "weights are at least 0 and sum to 1", weights)

    @property
    def names(self) -> list[str]:
        """All files of the ensemble, relative to the folder."""
        return [NAME, *member_files(self._names)]

    def ensemble(self) -> Ensemble:
        """The ensemble; nothing is executed."""
        members = tuple(map(self._opened, self._names, self._records))
        known = self.weights, self.temperatures, self.output, None, self.tried
        return Ensemble(self.preprocessors, members, *known)

    def _n_inputs(self, fold: int, preset: Preset, of_sparse: int) -> int:
        """How many inputs a member has."""
        preprocessor = self.preprocessors[fold]
        encoding, table = preprocessor.encodings[preset.inputs], preprocessor.preparation
        if encoding is not None:
            return encoding.n_inputs
        return of_sparse if table is None else table.n_features

    def _opened(self, name: str, record: Entries) -> Member:
        preset, inputs, fold = PRESETS.get(record["preset"]), record["inputs"], record["fold"]
        if preset is None or preset.inputs != inputs:  # it was drawn
            preset = Preset(record["preset"], record["why"], (), inputs)
        network = Network.load(self._folder / name)
        shape, n_outputs = network.architecture, len(self.preprocessors[fold].scale)
        got = (shape.n_inputs, shape.n_outputs, shape.output)
        n_inputs = self._n_inputs(fold, preset, shape.n_inputs)
        expected = (n_inputs, n_outputs or shape.n_outputs, self.output)
        if got != expected:
            expects = f"inputs, outputs and kind of output are the ensemble's {expected}"
            raise FileError(str(self._folder / name), expects, f"got {got}", "Train again.")
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
            got = f"it cannot be used ({error!s:.300})"
            raise self._error("the file as training wrote it", got) from None

    def _error(self, expected: str, got: str) -> FileError:
        return FileError(str(self._path), expected, got, "Restore it, or train again.")


def _preprocessor(record: Any) -> FoldPreprocessor:
    record = _object(record)
    _names(record, "takes, table, encodings, center, scale")
    takes, given = record["takes"], _object(record["encodings"])
    _require(takes in (TABLE, SPARSE, NUMBERS), f"takes is {TABLE}, {SPARSE} or {NUMBERS}", takes)
    table = TablePreparation.from_dict(_object(record["table"])) if takes == TABLE else None
    known = given and given.keys() <= {*INPUTS}
    _require(known, f"encodings are {', '.join(INPUTS)}, one at least", given)
    encodings = {name: None if one is None else Encoding.from_dict(one) for name, one in given.items()}
    widths = {len(encoding.center) for encoding in encodings.values() if encoding is not None}
    of_table = set() if table is None else {table.n_features}
    _require(widths <= of_table, "encodings of the features of the table are expected", widths)
    for name in ("center", "scale"):
        numbers = isinstance(record[name], list) and all(map(is_number, record[name]))
        _require(numbers, f"{name} are numbers", record[name])
    center, scale = (np.array(record[name], np.float64) for name in ("center", "scale"))
    pairs = len(center) == len(scale) and scale.min(initial=1) > 0
    _require(pairs, "a scale above 0 for each center is expected", record["scale"])
    none = np.arange(0)
    taken = None if takes == NUMBERS else Table(table)
    return FoldPreprocessor(Fold(none, none), taken, encodings, center, scale)


def _member(record: Any, number: int, preprocessors: tuple[FoldPreprocessor, ...]) -> tuple[str, Entries]:
    """The folder of a member, and its entries."""
    record = _object(record)
    _names(record, "preset, fold, inputs, why, engine, epochs, validation_cost, best_epoch, settings")
    preset, fold, cost, best = (record[name] for name in ("preset", "fold", "validation_cost", "best_epoch"))
    for name in ("preset", "inputs", "engine", "why"):
        _require(isinstance(record[name], str), f"{name} is a text", record[name])
    _require(preset.isascii() and preset.isalnum(), "a preset is a word", preset)
    of_fold = is_whole(fold, 0) and fold < len(preprocessors)
    _require(of_fold, f"a fold is a number below {len(preprocessors)}", fold)
    known = [*preprocessors[fold].encodings]
    _require(record["inputs"] in known, f"inputs are {' or '.join(known)} in fold {fold}", record["inputs"])
    engine = record["engine"].partition(":")[0]
    _require(engine in ENGINES, f"an engine is one of {', '.join(ENGINES)}", record["engine"])
    _require(is_whole(record["epochs"], 0), "epochs are a whole number", record["epochs"])
    _require(cost is None or is_number(cost), "a cost is a number or null", cost)
    kept = best is None or (is_whole(best, 1) and best <= record["epochs"])
    _require(kept, "a best epoch is a number from 1 to that of the epochs or null", best)
    settings = plain(_object(record["settings"]))
    rate = settings.get("learning_rate", 1)
    _require(_is_above_0(rate), "learning_rate is a number above 0", rate)
    Settings.of("settings", **{name: value for name, value in settings.items() if name != "learning_rate"})
    return member_name(number, preset, fold), {**record, "settings": settings}


def _of_presets(name: str, record: Any, presets: set[str]) -> Mapping[str, float]:
    record = _object(record)
    each = set(record) == presets and all(map(is_number, record.values()))
    _require(each, f"{name} are a number for each of the presets {', '.join(sorted(presets))}", record)
    return {preset: float(value) for preset, value in record.items()}


def _names(record: Entries, expected: str) -> None:
    if set(record) != set(expected.split(", ")):
        raise ValueError(f"the entries {expected} are expected, got {', '.join(record)}")


def _object(value: Any) -> Entries:
    if not isinstance(value, dict):
        raise TypeError(f"an object is expected, got {value!r:.60}")
    return value


def _require(accepted: Any, expected: str, got: Any) -> None:
    if not accepted:
        raise ValueError(f"{expected}, got {got!r:.60}")


def _is_above_0(value: Any) -> bool:
    return is_number(value) and value > 0


def member_name(number: int, preset: str, fold: int) -> str:
    """The folder of a member, relative to that of its ensemble."""
    return f"{MEMBERS}/{number:02}-{preset}-{fold}"


def member_files(names: Iterable[str]) -> list[str]:
    """The files of the members in these folders."""
    return [f"{name}/{file}" for name in names for file in FILES]
