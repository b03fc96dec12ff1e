"""Checkpoints of a training by `Network.train`: where they lie, and what one that was killed goes on from."""

from pathlib import Path
from typing import Any, NamedTuple

from deepstep.data.files import kind_at
from deepstep.errors import ConfigurationError, FileError
from deepstep.training import Checkpoint, Checkpoints, latest_checkpoint, read_checkpoint
from deepstep.training.refit import REFIT
from deepstep.training.shown import no_steps_to_go_on_from


class Place(NamedTuple):
    """What writes the checkpoints of a training, and the one that it goes on from."""

    checkpoints: list[Checkpoints]
    begin_at: Checkpoint | None


def as_places(checkpoint: Any, resume: Any, refit: bool, where: str) -> tuple[Place, Place]:
    """Those of a training, and of the refit after it.

    Raises
    ------
    ConfigurationError
        If an argument is of another kind, or a refit is to go on from something else than the checkpoints.
    FileError
        If there is no checkpoint to go on from, or all are damaged.
    """
    checkpoints = as_checkpoints(checkpoint, where)
    if refit and not isinstance(resume, bool | None):
        raise ConfigurationError(
            where,
            "resume=True with checkpoint=…, where refit=True",
            f"got resume={resume!r:.60}",
            "Which of the two trainings it is of, the folder says.",
        )
    first = Place(checkpoints, as_checkpoint(resume, checkpoints, where))
    if not refit:
        return first, Place([], None)
    again = [one.within(REFIT) for one in checkpoints]
    return first, Place(again, as_checkpoint(resume, again, where))


def as_checkpoints(checkpoint: Any, where: str) -> list[Checkpoints]:
    """The callback that writes checkpoints, if they are asked for."""
    if checkpoint is None:
        return []
    if not isinstance(checkpoint, str | Path | Checkpoints):
        raise ConfigurationError(where, "checkpoint is a folder or Checkpoints(…)", f"got {checkpoint!r}")
    return [checkpoint if isinstance(checkpoint, Checkpoints) else Checkpoints(checkpoint)]


def refuse_checkpoints(checkpoint: Any, resume: Any, where: str) -> None:
    """L-BFGS goes on from nothing: its state lies inside SciPy."""
    if checkpoint is not None or resume:
        raise no_steps_to_go_on_from(where)


def as_checkpoint(resume: Any, checkpoints: list[Checkpoints], where: str) -> Checkpoint | None:
    """The checkpoint to go on from: a file, the newest of a folder; with True that of the checkpoints' own
    folder, where there is one.
    """
    if resume is None or resume is False:
        return None
    if resume is True:
        if not checkpoints:
            raise ConfigurationError(
                where, "checkpoint=… with resume=True", "got none", "Or name a file or folder: resume=…."
            )
        return latest_checkpoint(checkpoints[0].folder)
    if not isinstance(resume, str | Path):
        raise ConfigurationError(where, "resume is True, a file or a folder", f"got {resume!r}")
    return checkpoint_at(resume)


def checkpoint_at(place: str | Path) -> Checkpoint:
    """The checkpoint of a file, or the newest whole one of a folder."""
    if kind_at(place) != "folder":
        return read_checkpoint(place)
    found = latest_checkpoint(place)
    if found is None:
        raise FileError(str(place), "a folder with checkpoints", "there is none in it")
    return found
