"""The options of a training by name, as `Network.train` takes them, turned into what the stages take."""

from pathlib import Path
from typing import Any

from deepstep.data.files import kind_at
from deepstep.errors import ConfigurationError, FileError
from deepstep.preparation.batches import Examples, as_they_are, shuffled
from deepstep.training import Checkpoint, Checkpoints, Plan, latest_checkpoint, read_checkpoint
from deepstep.training.plan import check_learning_rate
from deepstep.training.schedules import get_schedule
from deepstep.training.stopping import Patience

SCHEDULED = ("schedule", "decay_schedule", "dropout_schedule")


def as_plan(options: dict[str, Any], seed: int, where: str) -> Plan:
    """The plan among the options, which are taken out of them; what is left are settings of the session."""
    batch_size, order = options.pop("batch_size", None), options.pop("order", None)
    if order is None:
        order = as_they_are if batch_size is None else shuffled(seed)
    given = {name: options.pop(name, None) for name in SCHEDULED}
    schedules: dict[str, Any] = {
        name: get_schedule(schedule, f"{where}, {name}")
        for name, schedule in given.items()
        if schedule is not None
    }
    return Plan(
        options.pop("iterations"),
        check_learning_rate(options.pop("learning_rate")),
        batch_size,
        order,
        time_budget=options.pop("time_budget", None),
        deterministic=options.pop("deterministic", False),
        **schedules,
    )


def as_patience(
    patience: int | None, watch: str | None, held_out: Examples | None, where: str
) -> list[Patience]:
    """The callback that ends training, if it is asked for."""
    if patience is None:
        if watch is not None:
            raise ConfigurationError(where, "patience, where watch is given", f"got watch={watch!r} alone")
        return []
    if not isinstance(patience, int) or isinstance(patience, bool) or patience < 1:
        raise ConfigurationError(where, "patience is a whole number of at least 1", f"got {patience!r}")
    quantity = watch or ("cost" if held_out is None else "validation_cost")
    return [
        Patience(
            quantity.removeprefix("-"),
            tolerance=0.0,
            epochs=patience - 1,
            larger_is_better=quantity.startswith("-"),
            keep_best=True,
            ties_count=False,
        )
    ]


def as_checkpoints(checkpoint: Any, where: str) -> list[Checkpoints]:
    """The callback that writes checkpoints, if they are asked for."""
    if checkpoint is None:
        return []
    if not isinstance(checkpoint, str | Path | Checkpoints):
        raise ConfigurationError(where, "checkpoint is a folder or Checkpoints(…)", f"got {checkpoint!r}")
    return [checkpoint if isinstance(checkpoint, Checkpoints) else Checkpoints(checkpoint)]


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
    if kind_at(resume) != "folder":
        return read_checkpoint(resume)
    found = latest_checkpoint(resume)
    if found is None:
        raise FileError(str(resume), "a folder with checkpoints", "there is none in it")
    return found
