"""``--log``: the records of a training while it runs, for other programs."""

from contextlib import suppress
from importlib import import_module
from pathlib import Path

from deepstep.cli.option_types import CSV, HEALTH, LOG, TENSORBOARD, Logs
from deepstep.cli.unfinished import has_an_epoch
from deepstep.errors import missing_package
from deepstep.training import Callback, Csv, Health, TensorBoard
from deepstep.training.fit import REFIT


def check_packages(logs: Logs) -> None:
    """Refuse logs that need a package that is not installed."""
    if TENSORBOARD in logs:
        try:
            import_module("tensorboardX")
        except ImportError as error:
            raise missing_package(f"{LOG} {TENSORBOARD}", "tensorboardX", TENSORBOARD) from error


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
