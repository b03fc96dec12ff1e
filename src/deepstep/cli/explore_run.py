"""The network of a run as ``deepstep explore`` shows it, and what its page says of the examples."""

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from deepstep.cli.opening import OpenedNetwork, open_network
from deepstep.cli.screen import program
from deepstep.cli.sources import read_labelled
from deepstep.cli.trace import step_settings
from deepstep.data.files import kind_at
from deepstep.equations import get_optimizer
from deepstep.errors import ConfigurationError, DeepStepError, DivergenceError
from deepstep.explorer import About
from deepstep.inspection.findings import divergence_finding
from deepstep.model import Network
from deepstep.model.options import LBFGS
from deepstep.preparation import Target
from deepstep.run import Run
from deepstep.run_folder import DIVERGED, read_config
from deepstep.training import History
from deepstep.types import Array

if TYPE_CHECKING:
    from deepstep.estimators.ensemble import Member


class Subject(NamedTuple):
    """The network that is shown, its examples as columns, words about them, the settings of its steps."""

    network: Network
    X: Array
    Y: Array
    about: About
    options: dict[str, Any]


def of_run(path: Path, member: int | None, data: Path | None, chosen: dict[str, Any]) -> Subject:
    """A trained network on the rows that its run keeps, or on others, with chosen settings of the steps."""
    opened = open_network(path, member)
    X, Y = _rows_for(opened, data)
    settings, steps, notes = opened.config.get("settings", {}), step_settings(opened.config), []
    if steps.get("optimizer") == LBFGS:
        steps["optimizer"] = "gd"
        notes.append("Trained by L-BFGS, which has no steps of its own: those of this page are plain gd.")
    history = opened.run.history if isinstance(opened.run, Run) else opened.network.history
    if not isinstance(opened.run, Run) and member is not None:
        notes.append(_learned(opened.run.ensemble.members[member]))
    if DIVERGED in opened.config:
        notes.append("The training diverged: these are the parameters of its last step that was finite.")
    notes.append(_examples(opened, len(X), kept=data is None))
    notes.append(_updates(settings, steps.get("optimizer", "gd")))
    names = opened.run.preparation.inputs.feature_names
    about = About(
        path.resolve().name,
        title=f"{path.resolve().name}, {_which(history, member)}",
        feature_names=names if len(names) == X.shape[1] else (),  # members of an ensemble have their own
        class_names=names_of(opened.target),
        notes=notes,
        history=history,
    )
    usual = {"learning_rate": settings.get("learning_rate", 0.0075), "iterations": 50}
    return Subject(opened.network, X.T, Y.T, about, {**usual, **steps, **chosen})


def _which(history: History | None, member: int | None) -> str:
    return f"after {len(history or ())} epochs" if member is None else f"member {member}"


def _learned(member: "Member") -> str:
    """The record of a member's training in the run of an ensemble."""
    text = f"This member, {member.preset.name} on fold {member.fold}, learned {member.epochs} epochs"
    if member.validation_cost is not None:
        best = "" if member.best_epoch is None else f" in epoch {member.best_epoch}"
        text += f"; its lowest validation cost was {member.validation_cost:.6g}{best}"
    kept = "" if member.network.history is not None else " This run is of a release that kept no curves."
    return f"{text}.{kept}"


def _rows_for(opened: OpenedNetwork, data: Path | None) -> tuple[Array, Array]:
    if data is None:
        return opened.examples
    raw, answers = read_labelled(opened.run, data)
    return opened.inputs(raw), opened.target.encode(answers)


def _examples(opened: OpenedNetwork, count: int, *, kept: bool) -> str:
    """Which rows the page shows."""
    learned = opened.config.get("results", {}).get("train", {}).get("rows")
    of_all = "the rows learned from" if learned is None else f"the {learned} rows learned from"
    if not kept:
        return f"The {count} rows are those of --data, whatever their share of {of_all}."
    return f"{count} of {of_all}, which the run keeps; --data FILE opens others."


def _updates(settings: Mapping[str, Any], optimizer: Any) -> str:
    """In what the page's updates are not those of the training."""
    size = settings.get("batch_size")
    told = "Each update takes all rows of the page"
    if size is not None:
        told += f", where the training took batches of {size}"
    if isinstance(optimizer, str) and get_optimizer(optimizer).state:
        told += f"; {optimizer} begins without its memory of the training"
    return f"{told}."


def refused(source: Path, error: DivergenceError) -> DeepStepError:
    """The error for a network whose first step on the page is not finite; why, if the run diverged."""
    diverged = read_config(source).get(DIVERGED) if kind_at(source) == "folder" else None
    if diverged is None:
        return error
    why = divergence_finding(diverged)
    advice = f"{why.hint[:1].upper()}{why.hint[1:]}"
    return ConfigurationError(
        str(source),
        "a network with a next step that is finite",
        f"its training diverged: {why.says}",
        f"{advice}. More of it say: {program()} doctor {shlex.quote(str(source))}",
    )


def names_of(target: Target) -> tuple[str, ...]:
    """The classes' names; of other targets there are none."""
    return () if target.several or not target.classes else tuple(map(str, target.classes[0]))
