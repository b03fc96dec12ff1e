"""The options of a training by name, as `Network.train` takes them, turned into what the stages take."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from inspect import signature
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from deepstep.data.files import kind_at
from deepstep.engines import Settings
from deepstep.engines.choice import ON_CPU
from deepstep.engines.settings import STEP_SETTINGS
from deepstep.equations import OPTIMIZERS
from deepstep.errors import ConfigurationError, FileError, unknown_name
from deepstep.preparation.batches import Examples, as_they_are, shuffled
from deepstep.training import (
    Callback,
    Checkpoint,
    ModelCheckpoint,
    Plan,
    latest_checkpoint,
    read_checkpoint,
)
from deepstep.training.fit import REFIT, refuse_unrepeatable_rates
from deepstep.training.lbfgs import Limits
from deepstep.training.plan import SCHEDULED, check_learning_rate, require
from deepstep.training.progress import Progress, is_logged
from deepstep.training.schedules import SCHEDULES, check_range, get_schedule
from deepstep.training.stopping import PLATEAU_RANGES, EarlyStopping, ReduceLROnPlateau
from deepstep.types import is_number, is_whole

PLATEAU, LBFGS = "plateau", "lbfgs"
"""The schedule and the optimizer that are no functions in a table of equations."""


EPOCHS = 2500  # how many where none are asked for: those of the lecture

INSTEAD = {
    **dict.fromkeys(("lr", "eta", "step_size", "learning_rate_init"), "learning_rate"),
    **dict.fromkeys(("n_epochs", "num_epochs", "max_iter", "n_iter", "num_iterations"), "epochs"),
    **dict.fromkeys(("bs", "minibatch_size", "mini_batch_size"), "batch_size"),
    **dict.fromkeys(("verbose", "print_cost", "disp"), "progress"),
    **dict.fromkeys(("optim", "solver"), "optimizer"),
    **dict.fromkeys(("lambd", "lambda_", "reg"), "l2"),
    "alpha": "learning_rate for α of the equations, l2 for alpha of scikit-learn",
    **dict.fromkeys(("momentum", "beta1", "beta_1"), "optimizer_params={'beta': …}, or 'beta1' of Adam"),
    **dict.fromkeys(("keep_prob", "dropout_rate"), "dropout, the probability of leaving a unit out"),
    **dict.fromkeys(("validation_data", "eval_set"), "validation=(X, Y)"),
    "validation_split": "validation_fraction",
    **dict.fromkeys(("early_stopping", "n_iter_no_change"), "patience"),
    "shuffle": "order",
    "random_state": "seed of Network(…)",
    **dict.fromkeys(("activation", "engine", "initialization"), "the argument of Network(…)"),
    **dict.fromkeys(("loss", "criterion"), "output of Network(…)"),
}
"""Names of other libraries for arguments of `Network.train`, and the name here."""


def refuse_unknown(options: Mapping[str, Any], method: Callable[..., Any]) -> None:
    """Refuse a name that is neither a setting nor an argument of a method, and say which one is meant."""
    settings = {field.name for field in fields(Settings)}
    for name in options:
        if name in settings:
            continue
        known = signature(method).parameters
        names = [*(name for name in known if name not in ("self", "settings", "options")), *settings]
        if name in names:
            raise ConfigurationError(f"This method has no argument {name!r}", "Network.train has it.")
        plain = name.lower().replace("_", "")
        similar = [known_name for known_name in names if known_name.replace("_", "") == plain]
        instead = similar[0] if similar else INSTEAD.get(name)
        if instead is None or (instead.isidentifier() and instead not in names):
            raise unknown_name("argument", name, names)
        raise ConfigurationError(f"Unknown argument {name!r}", f"Use {instead}.")


def as_epochs(options: dict[str, Any]) -> int:
    """The epochs among the options, under this name or the lecture's, which are taken out of them."""
    epochs, iterations = options.pop("epochs", None), options.pop("iterations", None)
    if epochs is not None and iterations is not None:
        problem = f"epochs={epochs} and iterations={iterations} are given, which are the same setting"
        raise ConfigurationError(problem, "Leave one of them out.")
    for name, value in {"epochs": epochs, "iterations": iterations}.items():
        if value is not None:
            require(is_whole(value, 0), name, "a whole number of at least 0", value)
            return int(value)
    return EPOCHS


def as_plan(options: dict[str, Any], seed: int) -> Plan:
    """The plan among the options, which are taken out of them; what is left are settings of the session."""
    batch_size, order = options.pop("batch_size", None), options.pop("order", None)
    if order is None:
        order = as_they_are if batch_size is None else shuffled(seed)
    values = {name: options.pop(name, None) for name in SCHEDULED}
    schedules: dict[str, Any] = {
        name: as_schedule(schedule, name) for name, schedule in values.items() if schedule is not None
    }
    return Plan(
        as_epochs(options),
        check_learning_rate(options.pop("learning_rate")),
        batch_size,
        order,
        time_budget=options.pop("time_budget", None),
        deterministic=options.pop("deterministic", False),
        **schedules,
    )


NOT_FOR_LBFGS = ("batch_size", "order", "time_budget", *SCHEDULED)
"""Options that L-BFGS has no use for, beside the settings of steps."""


def as_limits(options: dict[str, Any]) -> Limits | None:
    """The limits of L-BFGS where it is the optimizer, else None; the session's optimizer is not used then."""
    optimizer = options.get("optimizer")
    if isinstance(optimizer, str) and optimizer not in (*OPTIMIZERS, LBFGS):
        raise unknown_name("optimizer", optimizer, [*OPTIMIZERS, LBFGS], setting="optimizer")
    if optimizer != LBFGS:
        return None
    without_use = [name for name in NOT_FOR_LBFGS if options.get(name) is not None]
    if without_use := without_use + [name for name in STEP_SETTINGS if options.get(name)]:
        raise ConfigurationError.must_be(
            "optimizer",
            "one that learns from batches, not lbfgs, where options of batches and steps are given",
            "lbfgs with",
            "Remove them, or use another optimizer.",
            listed=[(name, "") for name in without_use],
        )
    limits = dict(options.pop("optimizer_params", None) or {})
    for name, value in limits.items():
        if name not in Limits._fields:
            kind = "setting of L-BFGS"
            raise unknown_name(kind, name, Limits._fields, setting="optimizer_params", inside=True)
        if name == "evaluations":
            accepted, expected = is_whole(value, 1), "a whole number of at least 1"
        else:
            accepted, expected = is_number(value) and value > 0, "a positive number"
        require(accepted, f"optimizer_params[{name!r}]", expected, value)
    options["optimizer"] = "gd"
    return Limits(**limits)


def as_schedule(schedule: Any, setting: str) -> Any:
    """A plateau as it is, or by the name "plateau"; else a function of the fraction of training done."""
    entries = {"name": schedule} if isinstance(schedule, str) else schedule
    name = entries.get("name") if isinstance(entries, Mapping) else None
    if isinstance(name, str) and name not in (*SCHEDULES, PLATEAU):
        raise unknown_name("schedule", name, [*SCHEDULES, PLATEAU], setting=setting)
    if isinstance(entries, Mapping) and name == PLATEAU:
        settings: dict[str, Any] = {key: value for key, value in entries.items() if key != "name"}
        known = list(signature(ReduceLROnPlateau).parameters)
        for key, value in settings.items():
            if key not in known:
                raise unknown_name("setting of a plateau", key, known, setting=setting, inside=True)
            if key in PLATEAU_RANGES:  # checked here, where it is known what the plateau is for
                check_range(f"{setting}[{key!r}]", value, PLATEAU_RANGES[key])
        plateau = ReduceLROnPlateau(**settings)
        plateau.setting = f"{setting}['quantity']"
        return plateau
    return schedule if isinstance(schedule, Callback) else get_schedule(schedule, setting)


def refuse_idle(schedules: Mapping[str, Any], settings: Settings) -> None:
    """Refuse a schedule of what there is none of: it would do nothing."""
    strengths = {
        "weight_decay_schedule": ("a weight decay", settings.decay),
        "dropout_schedule": ("dropout", np.any(settings.dropout)),
    }
    for name, (what, strength) in strengths.items():
        if schedules.get(name) is not None and not strength:
            hint = "Leave it out, or give one."
            raise ConfigurationError.must_be(name, f"used with {what}", "none", hint)


def as_patience(
    patience: int | None, monitor: str | None, held_out: Examples | None, *, scored: bool = False
) -> EarlyStopping | None:
    """The callback that ends training, if it is asked for."""
    if patience is None:
        if monitor is not None:
            raise ConfigurationError(f"monitor={monitor!r} needs patience", "Pass patience=10, or remove it.")
        return None
    require(is_whole(patience, 1), "patience", "a whole number of at least 1", patience)
    hint = "Such as 'cost', or '-validation_accuracy'."
    require(isinstance(monitor, str | None), "monitor", "the name of an entry of the records", monitor, hint)
    default = "cost" if held_out is None else "validation_cost"
    quantity = monitor or ("-validation_score" if scored else default)
    return EarlyStopping(
        quantity.removeprefix("-"),
        tolerance=0.0,
        epochs=patience - 1,
        larger_is_better=quantity.startswith("-"),
        keep_best=True,
        ties_count=False,
    )


def as_progress(progress: Any, callbacks: Sequence[Callback]) -> list[Callback]:
    """The callback that shows the progress, or has it in the log where no other one does."""
    accepted = isinstance(progress, bool | str | None)
    require(accepted, "progress", "True, False, a label or None", progress, "Use callbacks=[…].")
    label = "train" if progress is True else progress or ""
    logged = is_logged() and not any(isinstance(callback, Progress) for callback in callbacks)
    return [Progress(label)] if label or logged else []


def refuse_beside_a_fault(
    engine: str,
    *,
    lbfgs: bool = False,
    checkpoint: Any = None,
    resume: Any = None,
    refit: bool = False,
) -> None:
    """Refuse what a training with a mistake in it does not do."""
    besides = {
        f"engine={engine!r}": engine not in ("auto", ON_CPU, "reference"),
        "optimizer='lbfgs'": lbfgs,
        "checkpoint": checkpoint is not None,
        "resume": resume not in (None, False),
        "refit": refit,
    }
    for name, is_set in besides.items():
        if is_set:
            problem = f"fault and {name} cannot be given together"
            raise ConfigurationError(problem, "A fault is for teaching, on the reference engine.")


def check_refit(
    stopping: EarlyStopping | None,
    held_out: Examples | None,
    plan: Plan,
    callbacks: Sequence[Callback],
) -> None:
    """Refuse a refit that has nothing to count its epochs or to add, or whose rates do not come again."""
    if stopping is None:
        raise ConfigurationError("refit=True needs patience, which counts the epochs")
    if held_out is None:
        hint = "Pass validation=(X, Y), or validation_fraction=0.1."
        raise ConfigurationError("refit=True needs validation data", hint)
    refuse_unrepeatable_rates(plan)
    if any(isinstance(callback, ModelCheckpoint) for callback in callbacks):
        raise ConfigurationError(
            "ModelCheckpoint among the callbacks has one folder, and refit=True needs two",
            "Use checkpoint=… instead.",
        )


class Place(NamedTuple):
    """The callback that writes checkpoints, and the checkpoint to resume."""

    checkpoints: list[ModelCheckpoint]
    begin_at: Checkpoint | None


def as_places(checkpoint: Any, resume: Any, refit: bool) -> tuple[Place, Place]:
    """Where a training and the refit after it write checkpoints, and where they begin."""
    accepted = isinstance(checkpoint, str | Path | ModelCheckpoint | None)
    require(accepted, "checkpoint", "a folder or ModelCheckpoint(…)", checkpoint)
    if isinstance(checkpoint, str | Path):
        checkpoint = ModelCheckpoint(checkpoint)
    writers = [] if checkpoint is None else [checkpoint]
    if refit and not isinstance(resume, bool | None):
        raise ConfigurationError.must_be(
            "resume",
            "True with checkpoint=…, where refit=True",
            f"{resume!r:.60}",
            "The folder says of which of the two trainings a checkpoint is.",
        )
    first = Place(writers, as_checkpoint(resume, writers))
    if not refit:
        return first, Place([], None)
    again = [writer.within(REFIT) for writer in writers]
    return first, Place(again, as_checkpoint(resume, again))


def as_checkpoint(resume: Any, checkpoints: list[ModelCheckpoint]) -> Checkpoint | None:
    """The checkpoint to go on from: a file, the newest of a folder, or with True of the checkpoints' own."""
    if resume is None or resume is False:
        return None
    if resume is True:
        if not checkpoints:
            raise ConfigurationError("resume=True needs checkpoint=…", "Or name a file or folder: resume=….")
        return latest_checkpoint(checkpoints[0].folder)
    require(isinstance(resume, str | Path), "resume", "True, a file or a folder", resume)
    return checkpoint_at(resume)


def checkpoint_at(place: str | Path) -> Checkpoint:
    """The checkpoint of a file, or the newest whole one of a folder."""
    if kind_at(place) != "folder":
        return read_checkpoint(place)
    checkpoint = latest_checkpoint(place)
    if checkpoint is None:
        raise FileError(f"{place} holds no checkpoints")
    return checkpoint
