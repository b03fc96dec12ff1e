"""``--log``: the records of a training while it runs, for other programs."""

import os
from collections.abc import Mapping
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from deepstep.cli.options import once_each
from deepstep.cli.unfinished import has_an_epoch
from deepstep.errors import ConfigurationError, missing_package, unknown_name
from deepstep.training import Callback, Csv, Health, TensorBoard
from deepstep.training.fit import REFIT

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


def log_callbacks(logs: Logs, folder: Path, *, resumed: bool, refit: bool = False) -> list[Callback]:
    """The callbacks of a training whose folder holds the logs without a place of their own.

    A ``refit`` has places of its own. A training that goes on before its first checkpoint begins them anew.
    """
    ending = "-refit" if refit else ""
    anew = resumed and not has_an_epoch(folder / REFIT if refit else folder)

    def place(kind: str, own: str) -> Path:
        path = Path(logs[kind] or folder / own)
        path = path.with_name(f"{path.stem}{ending}{path.suffix}")
        # A table is this training's, as one that existed was refused; a folder may hold others' events.
        for file in (path, *(() if logs[kind] else path.glob("events.*"))) if anew else ():
            with suppress(OSError):
                file.unlink()
        return path

    made: list[Callback] = []
    if HEALTH in logs:
        made.append(Health(every=int(logs[HEALTH] or 1)))
    if CSV in logs:
        made.append(Csv(place(CSV, "history.csv"), append=resumed))
    if TENSORBOARD in logs:
        made.append(TensorBoard(place(TENSORBOARD, "tensorboard")))
    return made
