"""Checkpoints of a fit: where they lie, and what a killed fit goes on from."""

from typing import TYPE_CHECKING

from deepstep.errors import ConfigurationError
from deepstep.training import Checkpoint, ModelCheckpoint, latest_checkpoint
from deepstep.training.fit import REFIT

if TYPE_CHECKING:
    from deepstep.estimators.base import DeepEstimator


def checkpoints_of(estimator: "DeepEstimator", *, refit: bool) -> list[ModelCheckpoint]:
    """The callback that writes the checkpoints of a training, if they are asked for."""
    if estimator.checkpoint_dir is None:
        return []
    first = ModelCheckpoint(
        estimator.checkpoint_dir, every=estimator.checkpoint_every, keep=estimator.keep_checkpoints
    )
    return [first.within(REFIT) if refit else first]


def refuse_idle_checkpoints(estimator: "DeepEstimator", where: str) -> None:
    """Refuse settings of checkpoints where none are written."""
    names = ("checkpoint_every", "keep_checkpoints")
    given = [name for name in names if getattr(estimator, name) != getattr(type(estimator), name)]
    if given and estimator.checkpoint_dir is None:
        raise ConfigurationError(where, f"checkpoint_dir, where {' and '.join(given)} is given", "got None")


def checkpoint_to_resume(estimator: "DeepEstimator", where: str, *, refit: bool) -> Checkpoint | None:
    """The newest checkpoint of a killed training; None where there is none yet, or if it is not asked for."""
    if not estimator.resume:
        return None
    if estimator.checkpoint_dir is None:
        raise ConfigurationError(where, "checkpoint_dir, where resume=True", "got None")
    return latest_checkpoint(checkpoints_of(estimator, refit=refit)[0].folder)


def seed_to_resume(estimator: "DeepEstimator", where: str) -> int | None:
    """The seed of the killed fit; None where there is none to go on with."""
    for refit in (False, True):  # a short first training leaves no checkpoint
        found = checkpoint_to_resume(estimator, where, refit=refit)
        if found is not None:
            return found.seed
    return None
