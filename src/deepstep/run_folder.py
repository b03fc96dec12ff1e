"""The config of a run folder, with the SHA-256 of every file."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deepstep import __version__
from deepstep.data import sha256
from deepstep.data.files import RUN_MARK, atomic_write, kind_at
from deepstep.data.own_folders import DIGEST as DIGEST
from deepstep.data.own_folders import MOST_OF_A_MARK, RUN_FORMAT
from deepstep.data.own_folders import config_digest as config_digest
from deepstep.data.text_formats import json_values, toml_values
from deepstep.data.text_formats import read_text as read_text
from deepstep.environment import package
from deepstep.errors import FileError
from deepstep.preparation import ImagePreparation, TablePreparation
from deepstep.preparation.columns import damaged
from deepstep.targets import Targets
from deepstep.types import is_number

VERSION = 3

DIVERGED = "diverged"
"""The table of a config that says how training diverged: got, hint, layer, step, costs."""

DEMO = "demo"
"""The key of a config that names the demo whose run it is."""
LEAKS = "leaks"
"""Entry of the config: warnings of columns that alone determine the target."""
STREAMED = "streamed"
"""Entry of the config: how rows that stayed in their files were read."""


def _are_numbers(values: Any) -> bool:
    return isinstance(values, list) and all(map(is_number, values))


def _are_names(values: Any) -> bool:
    return isinstance(values, list) and all(isinstance(value, str) for value in values)


TABLES = ("settings", "results", DIVERGED, "asked", STREAMED)
"""Entries of a config that are tables, where they are there."""

LISTS: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "found": ("names of settings", _are_names),
    "drop": ("names of columns", _are_names),
    "costs": (
        "numbers, finite or not",
        lambda values: isinstance(values, list) and all(isinstance(value, int | float) for value in values),
    ),
    "example_weights": ("numbers", _are_numbers),
    "class_weights": (
        "numbers, of several targets a list of them for each",
        lambda values: _are_numbers(values) or (isinstance(values, list) and all(map(_are_numbers, values))),
    ),
}
"""Entries that are lists, of what, and whether they are."""


def write_config(
    folder: Path, config: Mapping[str, Any], names: Iterable[str], version: int = VERSION
) -> None:
    """Write the config of a run, with the digests of the files of these names, relative to the folder."""
    whole = {
        "format": RUN_FORMAT,
        "version": version,
        DIGEST: "",  # among the first lines; its value depends on all others
        "deepstep": __version__,
        **config,
        "files": {name: sha256(folder / name) for name in names},
    }
    whole[DIGEST] = config_digest(whole)
    with atomic_write(folder / RUN_MARK) as file:
        file.write(package("tomli_w").dumps(whole).encode())


def read_config(folder: Path) -> dict[str, Any]:
    """The config of a run."""
    if kind_at(folder / RUN_MARK) != "file":
        kind = kind_at(folder)
        got = {"nothing": "there is no such folder", "folder": f"there is no {RUN_MARK} in it"}
        raise FileError(
            str(folder),
            "a run folder is expected",
            got.get(kind, f"this is {'a file' if kind == 'file' else kind}"),
            "Runs are written by deepstep train, deepstep demo and the save method of estimators.",
        )
    where = str(folder / RUN_MARK)
    text = read_text(folder / RUN_MARK, most=MOST_OF_A_MARK)
    try:
        config = toml_values(text)
    except ValueError as error:
        raise FileError(
            where, "TOML is expected", f"it cannot be read ({error!s:.300})", "Train again."
        ) from error
    if config.get("format") != RUN_FORMAT:
        raise FileError(where, f"format = {RUN_FORMAT!r} is expected", f"got {config.get('format')!r:.60}")
    if config.get("version") != VERSION:
        raise FileError(
            where,
            f"a run of version {VERSION} is expected",
            f"got version {config.get('version')!r:.20}",
            "Update DeepStep, or train again with this version.",
        )
    results = config.get("results", {})
    tables = {name: config.get(name, {}) for name in TABLES}
    if isinstance(results, dict):
        tables |= {f"results.{name}": part for name, part in results.items()}
    for name, table in tables.items():
        if not isinstance(table, dict):
            raise FileError(where, f"[{name}] is a table", f"got {table!r:.60}", "Train again.")
    within = {"drop": tables["asked"].get("drop", []), "costs": tables[DIVERGED].get("costs", [])}
    lists = {**config, **within}
    for name, (of_what, fits) in LISTS.items():
        if name in lists and not fits(lists[name]):
            raise FileError(where, f"{name} are {of_what}", f"got {lists[name]!r:.60}", "Train again.")
    return config


ESTIMATOR, ARRAYS = "estimator.json", "estimator.safetensors"
"""Files of the estimator of a run."""

WRITTEN = ("format", "version", DIGEST, "files")
"""Entries of a config that `write_config` makes."""


def opened(config: Mapping[str, Any]) -> dict[str, Any]:
    """A config that was checked, as it was before it was written."""
    return {name: value for name, value in config.items() if name not in WRITTEN}


def check_files(
    folder: Path, config: Mapping[str, Any], names: Iterable[str], *, further: bool = False
) -> None:
    """Refuse a run of which one of these files is missing or altered, or that has ``further`` ones."""
    written, names = config.get("files"), tuple(names)
    listed = set(written) if isinstance(written, dict) else set()
    if not set(names) <= listed or not (further or set(names) == listed):
        raise FileError(
            str(folder / RUN_MARK), f"[files] names {', '.join(names)}", "it does not", "Train again."
        )
    if config.get(DIGEST) != config_digest(config):
        raise altered(folder / RUN_MARK)
    for name in names:
        path = folder / name
        if kind_at(path) != "file":
            raise FileError(str(path), "this file of the run is needed", "it is missing", "Train again.")
        if sha256(path) != config["files"][name]:
            raise altered(path)


PREPARATION_FORMAT, PREPARATION_VERSION = "deepstep-preparation", 4

_INPUTS: dict[str, type[TablePreparation | ImagePreparation]] = {
    kind.kind: kind for kind in (TablePreparation, ImagePreparation)
}


@dataclass(frozen=True)
class Preparation:
    """How inputs and targets become floats; what `preparation.json` of a run folder holds.

    >>> target = Targets.of_classes([["non-cat", "cat"]])
    >>> preparation = Preparation(ImagePreparation(64, 64, 3, 1 / 255), target)
    >>> Preparation.from_json(preparation.to_json()) == preparation
    True
    """

    inputs: TablePreparation | ImagePreparation
    target: Targets

    def to_json(self) -> str:
        """The preparation as text.

        returns: JSON with format, version and both halves.
        """
        return json.dumps(
            {
                "format": PREPARATION_FORMAT,
                "version": PREPARATION_VERSION,
                "inputs": self.inputs.to_dict(),
                "target": self.target.to_dict(),
            },
            ensure_ascii=False,
            allow_nan=False,
            indent=1,
        )

    @classmethod
    def from_json(cls, text: str) -> "Preparation":
        """The preparation that `to_json` wrote.

        text: As `to_json` wrote it.
        returns: The same.
        FileError: When the text is no JSON, of another format or version, or was altered.
        """
        try:
            record = json_values(text)
        except ValueError as error:
            raise damaged("JSON is expected", f"it cannot be read ({error!s:.200})") from error
        if not isinstance(record, dict) or record.get("format") != PREPARATION_FORMAT:
            raise damaged(f"an object with format {PREPARATION_FORMAT!r} is expected", "this is none")
        if record.get("version") != PREPARATION_VERSION:
            raise FileError(
                "preparation",
                f"version {PREPARATION_VERSION} is expected",
                f"got version {record.get('version')!r:.20}",
                "Update DeepStep, or train again with this version.",
            )
        inputs = record.get("inputs")
        kind = inputs.get("kind") if isinstance(inputs, dict) else None
        if not isinstance(inputs, dict) or not isinstance(kind, str) or kind not in _INPUTS:
            raise damaged(f"inputs is of kind {' or '.join(map(repr, _INPUTS))}", f"got {kind!r:.60}")
        return cls(_INPUTS[kind].from_dict(inputs), Targets.from_dict(record.get("target")))


def read_preparation(path: Path) -> Preparation:
    """The preparation in a file."""
    text = read_text(path)
    try:
        return Preparation.from_json(text)
    except FileError as error:  # it knows the text and not the file
        raise FileError(str(path), error.expected, error.got, error.hint) from error


def altered(path: Path) -> FileError:
    """The error for a file that is not what was written."""
    return FileError(
        str(path), "the file is as training wrote it", "it was altered", "Restore it, or train again."
    )
