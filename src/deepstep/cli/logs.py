"""``--log``: the records of a training while it runs, for other programs, without doubles when it goes on."""

import json
import os
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from deepstep.cli.options import once_each
from deepstep.data import atomic_write
from deepstep.data.files import as_file_error
from deepstep.errors import ConfigurationError, DeepStepError, FileError, missing_package, unknown_name
from deepstep.training import Callback, Csv, Health, MLflow, TensorBoard, Training
from deepstep.training.history import Record

OPTION = "--log"
HEALTH, CSV, TENSORBOARD, MLFLOW = KINDS = ("health", "csv", "tensorboard", "mlflow")
"""In this order, so that those after health write what it found."""

PACKAGES = {TENSORBOARD: "tensorboardX", MLFLOW: "mlflow"}

Logs = Mapping[str, str]
"""What is asked for: the kinds, and the place of each, empty for its own place in the run."""


def asked_logs(context: click.Context, parameter: click.Parameter, given: Any) -> dict[str, str] | None:
    """What was typed: ``csv``, ``csv=FILE``, ``tensorboard=FOLDER``, ``mlflow=URI``, ``health=EPOCHS``.

    Raises
    ------
    ConfigurationError
        If a kind is unknown or comes twice, or something else than a number of epochs stands after health.
    MissingPackageError
        If the package that a kind needs is not installed.
    """
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
    """Refuse what needs a package that is not installed.

    Raises
    ------
    MissingPackageError
    """
    for kind, package in PACKAGES.items():
        if kind in logs:
            try:
                import_module(package)
            except ImportError as error:
                raise missing_package(f"{OPTION} {kind}", package, kind) from error


def log_callbacks(
    logs: Logs, folder: Path, name: str, *, replace: bool, refit: bool = False
) -> list[Callback]:
    """The callbacks of a training.

    Parameters
    ----------
    logs : mapping
    folder : Path
        Where the training stands: the places of logs without one are in it.
    name : str
        What the training is called.
    replace : bool
        Whether places may hold what this training, or one that it replaces, wrote before.
    refit : bool
        Whether it is the training after the one that found how long: it has places of its own.
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
    if MLFLOW in logs:
        known = folder / f"mlflow{ending}.json"
        made.append(TrackedRun(known, name=f"{name}{ending}", tracking_uri=logs[MLFLOW] or None))
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


class TrackedRun(MLflow):
    """A run of MLflow's whose name a file keeps: the training goes on with it and logs no epoch twice."""

    def __init__(self, known: Path, *, name: str, tracking_uri: str | None) -> None:
        super().__init__(run_name=name, tracking_uri=tracking_uri)
        self._known, self._logged = known, -1

    def on_train_begin(self, training: Training) -> None:
        """Begin a run, or go on with the one that the file names."""
        with _as_error_of_mlflow():
            if self._known.exists():
                self._given = self.run_id = str(json.loads(self._known.read_text())["run_id"])
            super().on_train_begin(training)
            if self._given is not None:
                costs = self._client.get_metric_history(self.run_id, "cost")
                self._logged = max((cost.step for cost in costs), default=-1)
        with atomic_write(self._known) as file:
            file.write(json.dumps({"run_id": self.run_id}).encode())

    def on_epoch_end(self, training: Training, record: Record) -> None:
        """Log the numbers of an epoch that is not logged yet; where that fails training goes on without."""
        if self._client is None or record["epoch"] <= self._logged:
            return
        try:
            super().on_epoch_end(training, record)
        except Exception as error:  # MLflow's own, of its server or its database
            warnings.warn(f"Training goes on without MLflow: {error!s:.200}", stacklevel=2)
            self._client = None

    def on_train_end(self, training: Training) -> None:
        """End the run."""
        try:
            super().on_train_end(training)
        except Exception as error:
            warnings.warn(f"MLflow was not told of the end: {error!s:.200}", stacklevel=2)


def exists_already(place: Path) -> FileError:
    """The error for a place that holds something of others."""
    return FileError(
        str(place),
        f"a new name for {OPTION}",
        "it exists already",
        "Choose another, or allow replacing it: --overwrite.",
    )


@contextmanager
def _as_error_of_mlflow() -> Iterator[None]:
    try:
        yield
    except DeepStepError:
        raise
    except Exception as error:
        raise ConfigurationError(
            f"{OPTION} {MLFLOW}",
            "an MLflow that takes runs",
            f"it answers: {error!s:.200}",
            f"Name it: {OPTION} mlflow=URI, or MLFLOW_TRACKING_URI in the environment.",
        ) from error
