"""Options of ``deepstep train`` as settings that fit together, and in the end a table."""

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from deepstep.cli.table_task import DEFAULT_VALIDATION, TableTask
from deepstep.cli.target_choice import Goal
from deepstep.cli.train_settings import TrainSettings
from deepstep.errors import ConfigurationError
from deepstep.model.options import LBFGS
from deepstep.training.checkpoints import KEPT

EPOCHS = 40
"""So many where nothing else is asked for and nothing else ends training."""

LBFGS_ITERATIONS = 2500
"""The iterations of `Network.train`: L-BFGS ends by itself where the gradient is small."""


def asked(options: Mapping[str, Any]) -> tuple[Goal, TrainSettings]:
    """The settings of the table and of the training, as far as they can be checked without the table."""
    options = dict(options)
    if options["validation_fraction"] is not None and options["validation"] is not None:
        raise ConfigurationError("--validation", "a table, or a share of the training rows", "got both")
    judged = options["patience"] is not None or options["scoring"] is not None
    if judged and options["validation"] is None and options["validation_fraction"] is None:
        options["validation_fraction"] = DEFAULT_VALIDATION
    if options["iterations"] is None:
        options["iterations"] = _epochs(options)
    goal = Goal(**{entry.name: options[entry.name] for entry in fields(Goal)})
    settings = TrainSettings(**{entry.name: options[entry.name] for entry in fields(TrainSettings)})
    goal.check()
    settings.check()
    return goal, settings


def suited(settings: TrainSettings, task: TableTask) -> TrainSettings:
    """The settings for a table: checked against its target, with a size of batches."""
    settings.check_target(task.preparation.target)
    settings.check_watched(validated=task.validation is not None)
    if settings.batch_size is not None or settings.optimizer == LBFGS:
        return settings
    return replace(settings, batch_size=default_batch_size(len(task.train.X)))


def checkpoints_asked(options: Mapping[str, Any], settings: TrainSettings) -> Mapping[str, Any] | None:
    """The options of checkpoints; None for L-BFGS, which has no state that a checkpoint could hold."""
    if settings.optimizer != LBFGS:
        return {"every": options["checkpoint_every"], "keep": options["keep_checkpoints"] or KEPT}
    without_use = {"checkpoint_every": "--checkpoint-every", "keep_checkpoints": "--keep-checkpoints"}
    given = [typed for name, typed in without_use.items() if options[name] is not None]
    if given:
        raise ConfigurationError(
            "--optimizer",
            "options that L-BFGS can use: it cannot go on, and so it has no checkpoints",
            f"got {', '.join(given)}",
            "Leave them out, or take another optimizer.",
        )
    return None


def _epochs(options: Mapping[str, Any]) -> int | None:
    """How many epochs where none are asked for; None where the clock alone decides."""
    if options["optimizer"] == LBFGS:
        return LBFGS_ITERATIONS
    return EPOCHS if options["time_budget"] is None else None


def default_batch_size(rows: int) -> int:
    """Small batches for small tables; measured on tables of 344 to 53,940 rows.

    >>> [default_batch_size(rows) for rows in (300, 16_000, 43_000)]
    [32, 128, 256]
    """
    return 32 if rows < 4096 else 128 if rows < 32768 else 256
