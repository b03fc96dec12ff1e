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
from deepstep.engines.settings import OF_STEPS
from deepstep.equations import OPTIMIZERS
from deepstep.errors import ConfigurationError, FileError, unknown_name
from deepstep.preparation.batches import Examples, as_they_are, shuffled
from deepstep.training import (
    Callback,
    Checkpoint,
    ModelCheckpoint,
    Plan,
    Progress,
    latest_checkpoint,
    read_checkpoint,
)
from deepstep.training.fit import REFIT, refuse_rates_by_course
from deepstep.training.lbfgs import Limits
from deepstep.training.plan import SCHEDULED, check_learning_rate, require
from deepstep.training.schedules import ITSELF, SCHEDULES, get_schedule, placed
from deepstep.training.stopping import EarlyStopping, ReduceLROnPlateau
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


def refuse_unknown(options: Mapping[str, Any], method: Callable[..., Any], where: str) -> None:
    """Refuse a name that is neither a setting nor an argument of a method, and say which one is meant."""
    settings = {field.name for field in fields(Settings)}
    for name in options:
        if name in settings:
            continue
        known = signature(method).parameters
        names = [*(name for name in known if name not in ("self", "settings", "options")), *settings]
        if name in names:
            raise ConfigurationError(
                where, "an argument of this method", f"got {name!r}", "Network.train has it."
            )
        plain = name.lower().replace("_", "")
        similar = [own for own in names if own.replace("_", "") == plain]
        instead = similar[0] if similar else INSTEAD.get(name)
        if instead is None or (instead.isidentifier() and instead not in names):
            raise unknown_name(where, "argument", name, names)
        raise ConfigurationError(where, "an argument of this method", f"got {name!r}", f"Use {instead}.")


def as_epochs(options: dict[str, Any], where: str) -> int:
    """The epochs among the options, under this name or the lecture's, which are taken out of them."""
    given = {name: options.pop(name, None) for name in ("epochs", "iterations")}
    asked = {name: value for name, value in given.items() if value is not None}
    if len(asked) == 2:
        raise ConfigurationError(
            where,
            "epochs or iterations, which are the same",
            f"got {asked['epochs']} and {asked['iterations']}",
        )
    for name, value in asked.items():
        require(is_whole(value, 0), where, "a whole number of at least 0", value, setting=name)
        return int(value)
    return EPOCHS


def as_plan(options: dict[str, Any], seed: int, where: str) -> Plan:
    """The plan among the options, which are taken out of them; what is left are settings of the session."""
    batch_size, order = options.pop("batch_size", None), options.pop("order", None)
    if order is None:
        order = as_they_are if batch_size is None else shuffled(seed)
    given = {name: options.pop(name, None) for name in SCHEDULED}
    schedules: dict[str, Any] = {
        name: as_schedule(schedule, f"{where}, {name}")
        for name, schedule in given.items()
        if schedule is not None
    }
    return Plan(
        as_epochs(options, where),
        check_learning_rate(options.pop("learning_rate")),
        batch_size,
        order,
        time_budget=options.pop("time_budget", None),
        deterministic=options.pop("deterministic", False),
        **schedules,
    )


NOT_FOR_LBFGS = ("batch_size", "order", "time_budget", *SCHEDULED)
"""Options that L-BFGS has no use for, beside the settings of steps."""


def as_limits(options: dict[str, Any], where: str) -> Limits | None:
    """The limits of L-BFGS where it is the optimizer, else None; the session's optimizer is not used then."""
    optimizer = options.get("optimizer")
    if isinstance(optimizer, str) and optimizer not in (*OPTIMIZERS, LBFGS):
        raise unknown_name(where, "optimizer", optimizer, [*OPTIMIZERS, LBFGS], setting="optimizer")
    if optimizer != LBFGS:
        return None
    without_use = [name for name in NOT_FOR_LBFGS if options.get(name) is not None]
    if without_use := without_use + [name for name in OF_STEPS if options.get(name)]:
        raise ConfigurationError(
            where,
            "one that learns from batches, not lbfgs, where options of batches and steps are given",
            "got lbfgs with",
            "Remove them, or use another optimizer.",
            setting="optimizer",
            listed=[(name, "") for name in without_use],
        )
    given = dict(options.pop("optimizer_params", None) or {})
    for name, value in given.items():
        if name not in Limits._fields:
            kind = "setting of L-BFGS"
            raise unknown_name(where, kind, name, Limits._fields, setting="optimizer_params", inside=True)
        whole = name == "evaluations"
        accepted = is_whole(value, 1) if whole else is_number(value) and value > 0
        expected = "a whole number of at least 1" if whole else "a positive number"
        require(accepted, where, expected, value, setting=f"optimizer_params[{name!r}]")
    options["optimizer"] = "gd"
    return Limits(**given)


def as_schedule(schedule: Any, where: str) -> Any:
    """A plateau as it is, or by the name "plateau"; else a function of the fraction of training done."""
    given = {"name": schedule} if isinstance(schedule, str) else schedule
    name = given.get("name") if isinstance(given, Mapping) else None
    if isinstance(name, str) and name not in (*SCHEDULES, PLATEAU):
        raise placed(unknown_name(where, "schedule", name, [*SCHEDULES, PLATEAU], setting=ITSELF), where)
    if isinstance(given, Mapping) and name == PLATEAU:
        settings: dict[str, Any] = {name: value for name, value in given.items() if name != "name"}
        known = list(signature(ReduceLROnPlateau).parameters)
        for name in settings:
            if name not in known:
                kind = "setting of a plateau"
                raise placed(unknown_name(where, kind, name, known, setting=ITSELF, inside=True), where)
        try:
            return ReduceLROnPlateau(**settings)
        except ConfigurationError as error:  # the plateau does not know what it is for
            raise placed(error, where) from None
    return schedule if isinstance(schedule, Callback) else get_schedule(schedule, where)


def refuse_idle(schedules: Mapping[str, Any], settings: Settings, where: str) -> None:
    """Refuse a schedule of what there is none of: it would do nothing."""
    there = {
        "weight_decay_schedule": ("a weight decay", settings.decay),
        "dropout_schedule": ("dropout", np.any(settings.dropout)),
    }
    for name, (what, given) in there.items():
        if schedules.get(name) is not None and not given:
            hint = "Leave it out, or give one."
            raise ConfigurationError(where, f"used with {what}", "got none", hint, setting=name)


def as_patience(
    patience: int | None,
    monitor: str | None,
    held_out: Examples | None,
    where: str,
    *,
    scored: bool = False,
) -> EarlyStopping | None:
    """The callback that ends training, if it is asked for."""
    if patience is None:
        if monitor is not None:
            raise ConfigurationError(where, "monitor requires patience", f"got monitor={monitor!r} alone")
        return None
    require(is_whole(patience, 1), where, "a whole number of at least 1", patience, setting="patience")
    expected, hint = "the name of an entry of the records", "Such as 'cost', or '-validation_accuracy'."
    require(isinstance(monitor, str | None), where, expected, monitor, hint, setting="monitor")
    by_default = "-validation_score" if scored else "cost" if held_out is None else "validation_cost"
    quantity = monitor or by_default
    return EarlyStopping(
        quantity.removeprefix("-"),
        tolerance=0.0,
        epochs=patience - 1,
        larger_is_better=quantity.startswith("-"),
        keep_best=True,
        ties_count=False,
    )


def as_progress(progress: Any, where: str) -> list[Callback]:
    """The callback that shows the progress, if there is one."""
    accepted, expected = isinstance(progress, bool | str | None), "True, False, a label or None"
    require(accepted, where, expected, progress, "Use callbacks=[…].", setting="progress")
    return [Progress(progress if isinstance(progress, str) else "train")] if progress else []


def refuse_beside_a_fault(
    engine: str,
    where: str,
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
    for name, given in besides.items():
        if given:
            expected = "fault alone: it is for teaching, on the reference engine"
            raise ConfigurationError(where, expected, f"got {name} beside it")


def check_refit(
    stopping: EarlyStopping | None,
    held_out: Examples | None,
    plan: Plan,
    callbacks: Sequence[Callback],
    where: str,
) -> None:
    """Refuse a refit that has nothing to count its epochs or to add, or whose rates do not come again."""
    hint = "It counts the epochs."
    require(stopping is not None, where, "patience, where refit=True", stopping, hint)
    hint = "Pass validation=(X, Y), or validation_fraction=0.1."
    require(held_out is not None, where, "validation data, where refit=True", held_out, hint)
    refuse_rates_by_course(plan, where)
    if any(isinstance(callback, ModelCheckpoint) for callback in callbacks):
        raise ConfigurationError(
            where,
            "checkpoint=…, where refit=True, as each of the two trainings has a folder of its own",
            "got ModelCheckpoint among the callbacks",
        )


class Place(NamedTuple):
    """The callback that writes checkpoints, and the checkpoint to resume."""

    checkpoints: list[ModelCheckpoint]
    begin_at: Checkpoint | None


def as_places(checkpoint: Any, resume: Any, refit: bool, where: str) -> tuple[Place, Place]:
    """Where a training and the refit after it write checkpoints, and where they begin."""
    accepted = isinstance(checkpoint, str | Path | ModelCheckpoint | None)
    require(accepted, where, "a folder or ModelCheckpoint(…)", checkpoint, setting="checkpoint")
    checkpoints = [ModelCheckpoint(checkpoint) if isinstance(checkpoint, str | Path) else checkpoint]
    checkpoints = [one for one in checkpoints if one is not None]
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


def as_checkpoint(resume: Any, checkpoints: list[ModelCheckpoint], where: str) -> Checkpoint | None:
    """The checkpoint to go on from: a file, the newest of a folder, or with True of the checkpoints' own."""
    if resume is None or resume is False:
        return None
    if resume is True:
        if not checkpoints:
            raise ConfigurationError(
                where, "checkpoint=… with resume=True", "got none", "Or name a file or folder: resume=…."
            )
        return latest_checkpoint(checkpoints[0].folder)
    require(isinstance(resume, str | Path), where, "True, a file or a folder", resume, setting="resume")
    return checkpoint_at(resume)


def checkpoint_at(place: str | Path) -> Checkpoint:
    """The checkpoint of a file, or the newest whole one of a folder."""
    if kind_at(place) != "folder":
        return read_checkpoint(place)
    found = latest_checkpoint(place)
    if found is None:
        raise FileError(str(place), "a folder with checkpoints", "there is none in it")
    return found
