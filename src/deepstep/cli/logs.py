"""``--log``: the records of a training while it runs, for other programs, without doubles when it goes on."""

import os
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from deepstep.cli.options import once_each
from deepstep.data.files import as_file_error
from deepstep.errors import ConfigurationError, FileError, missing_package, unknown_name
from deepstep.training import Callback, Csv, Health, TensorBoard, Training

OPTION = "--log"
HEALTH, CSV, TENSORBOARD = KINDS = ("health", "csv", "tensorboard")
"""In this order, so that those after health write what it found."""

Logs = Mapping[str, str]
"""Kinds of logs with the place of each, empty for its own place in the run."""


def asked_logs(context: click.Context, parameter: click.Parameter, given: Any) -> dict[str, str] | None:
    """Typed logs: ``csv``, ``csv=FILE``, ``tensorboard=FOLDER``, ``health=EPOCHS``."""
    pairs = []
    for text in given:
        kind, sign, place = text.partition("=")
        if kind not in KINDS:
            raise unknown_name(OPTION, "kind", kind, KINDS)
        if sign and not place:
            raise ConfigurationError(
                OPTION, f"a place after {kind}=", "got none", f"Or leave it out: {kind}."
            )
        if kind == HEALTH and place and not (place.isdecimal() and int(place) > 0):
            raise ConfigurationError(
                OPTION, "health, or health=EPOCHS between two looks, such as health=5", f"got {text!r}"
            )
        if kind in (CSV, TENSORBOARD) and place:
            place = os.path.abspath(place)  # a training that goes on may be called from elsewhere
        pairs.append((kind, place))
    return once_each(OPTION, pairs) or None


def check_packages(logs: Logs) -> None:
    """Refuse logs that need a package that is not installed."""
    if TENSORBOARD in logs:
        try:
            import_module("tensorboardX")
        except ImportError as error:
            raise missing_package(f"{OPTION} {TENSORBOARD}", "tensorboardX", TENSORBOARD) from error


def log_callbacks(logs: Logs, folder: Path, *, replace: bool, refit: bool = False) -> list[Callback]:
    """The callbacks of a training whose folder holds the logs without a place of their own.

    With ``replace`` places may hold what this training, or one that it replaces, wrote before. A ``refit``
    has places of its own.
    """
    ending = "-refit" if refit else ""

    def place(kind: str, own: str) -> Path:
        path = Path(logs[kind] or folder / own)
        return path.with_name(f"{path.stem}{ending}{path.suffix}")

    made: list[Callback] = []
    if HEALTH in logs:
        made.append(Health(every=int(logs[HEALTH] or 1)))
    if CSV in logs:
        made.append(LogFile(place(CSV, "history.csv"), replace=replace))
    if TENSORBOARD in logs:
        made.append(EventFolder(place(TENSORBOARD, "tensorboard"), replace=replace))
    return made


class LogFile(Csv):
    """A table of this training's records alone: of one that begins, nothing that stood there stays."""

    def __init__(self, path: Path, *, replace: bool) -> None:
        super().__init__(path, append=replace)
        self._place = path

    def on_train_begin(self, training: Training) -> None:
        """Open the file, cut after the last record of the history."""
        if not self._append and self._place.exists():
            raise exists_already(self._place)
        super().on_train_begin(training)
        if self._file is not None and not training.history:
            self._file.truncate(0)
            self._file.seek(0)
            self._columns = []


class EventFolder(TensorBoard):
    """Events of this training's records alone: those before are hidden where they are not in its history."""

    def __init__(self, folder: Path, *, replace: bool) -> None:
        super().__init__(folder)
        self._place, self._replace = folder, replace

    def on_train_begin(self, training: Training) -> None:
        """Open a file of events."""
        with as_file_error(self._place, self._place):
            if not self._replace and self._place.is_dir() and any(self._place.iterdir()):
                raise exists_already(self._place)
            super().on_train_begin(training)

    def _first_epoch(self, training: Training) -> int | None:
        """The epoch from which on earlier events are hidden."""
        first = super()._first_epoch(training)
        return 0 if first is None and self._replace else first


def exists_already(place: Path) -> FileError:
    """The error for a place that holds something of others."""
    return FileError(
        str(place),
        f"a new name for {OPTION}",
        "it exists already",
        "Choose another, or allow replacing it: --overwrite.",
    )
