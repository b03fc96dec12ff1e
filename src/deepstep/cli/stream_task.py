"""From rows that stay in their files to what a network learns: the counterpart of `table_task`."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from deepstep.cli.class_weights import weights_by_class
from deepstep.cli.parts import Part, as_part
from deepstep.cli.preset_choice import PresetChoice
from deepstep.cli.row_weights import row_weights
from deepstep.cli.screen import note
from deepstep.cli.table_task import Rows, TableSplit, TableTask
from deepstep.cli.target_choice import NUMBERS, Choice, Goal, choose
from deepstep.cli.telling import tell_of_columns
from deepstep.cli.train_settings import TrainSettings
from deepstep.cli.workers import all_of_them
from deepstep.data import StoredRows
from deepstep.errors import ConfigurationError, DataError
from deepstep.preparation import ClassTarget, NumberTarget, Preparation, Target
from deepstep.preparation.batches import Examples
from deepstep.preparation.class_weights import example_weights
from deepstep.preparation.running_targets import MOST_CLASSES
from deepstep.preparation.survey import Survey, survey
from deepstep.types import Array

if TYPE_CHECKING:
    import polars

UNNUMBERED = np.empty(0, np.int64)
"""Numbers of rows that are not kept."""


def stream_task(
    seen: "Surveyed",
    goal: Goal,
    settings: TrainSettings,
    validation: "polars.DataFrame | None",
    *,
    buffer_rows: int | None,
) -> TableTask:
    """Prepare rows that were surveyed, for one network; ``train`` is a sample of the stream.

    ``buffer_rows`` are those of a window; None for as many as 64 MB hold.
    """
    _check(settings)
    found, split = seen
    target, weighing, target_name = split.target, goal.sample_weight, found.target
    preparation = Preparation(found.inputs, target)
    of_classes = weights_of_surveyed(settings, target, found)

    def part(frame: "polars.DataFrame") -> Part:
        weight = None if weighing is None else row_weights(frame, weighing)
        return as_part(preparation, found.inputs.transform(frame), frame.get_column(target_name), weight)

    def encode(frame: "polars.DataFrame") -> Examples:
        rows_of = part(frame)
        weight = rows_of.weight
        if of_classes is not None:
            by_class = example_weights(of_classes, rows_of.answers[np.newaxis])
            weight = by_class if weight is None else weight * by_class
        return Examples(rows_of.X, np.ascontiguousarray(rows_of.Y), weight)

    identity = {"preparation": preparation.to_json(), "columns read": list(found.columns)}
    if of_classes is not None:
        identity["class weights"] = [weights.tolist() for weights in of_classes]
    stream = found.stream(encode, identity, buffer_rows=buffer_rows)
    if validation is not None:
        split = replace(split, validation=_raw(validation, target_name))
    test, held = (None if rows is None else part(rows.frame) for rows in (split.test, split.validation))
    return TableTask(split, preparation, part(found.sample), test, held, stream)


class Surveyed(NamedTuple):
    """Results of the pass over rows, and the rows that are in memory."""

    found: Survey
    split: TableSplit


def surveyed(rows: StoredRows, goal: Goal, *, validation_fraction: float) -> Surveyed:
    """Read all rows once, and guess the task."""
    if len(goal.targets) != 1:
        raise ConfigurationError(
            "--target",
            "one target where rows are streamed",
            f"got {len(goal.targets)}",
            "Train a network for each, or read the table into memory with --no-stream.",
        )
    (target_name,) = goal.targets
    rows.check_columns([target_name], "--target")
    rows.check_columns(goal.drop, "--exclude")
    rows.check_columns(goal.keep, "--keep")
    weighing = goal.sample_weight
    found = survey(
        rows,
        target_name,
        exclude=[weighing] if weighing else [],
        drop=goal.drop,
        keep=goal.keep,
        weights=None if weighing is None else lambda frame: row_weights(frame, weighing),
        seed=goal.seed,
        test_fraction=goal.test_fraction,
        validation_fraction=validation_fraction,
        drop_missing_target=goal.drop_missing_target,
        workers=all_of_them(),
    )
    answers = found.answers()
    choice = choose(answers, goal, rows.n_rows - found.without_target)
    target = _target(choice, found, answers)
    split = TableSplit(
        choice.kind,
        choice.reason,
        found.inputs,
        target,
        Rows(found.sample, found.sample.get_column(target_name), None, UNNUMBERED),
        _raw(found.test, target_name),
        _raw(found.validation, target_name),
        (target_name, *goal.drop, *([weighing] if weighing else [])),
        goal.keep,
        _notes(found, goal, validation_fraction),
    )
    return Surveyed(found, split)


def _raw(frame: "polars.DataFrame", target: str) -> Rows | None:
    return Rows(frame, frame.get_column(target), None, UNNUMBERED) if frame.height else None


def tell_of_stream(file: Path, surveyed: Surveyed, preset: PresetChoice, buffer_rows: int | None) -> None:
    """Say how rows are read, and what is learned from which of them."""
    found, split = surveyed
    held = "" if split.validation is None else f"{split.validation.frame.height:,} to validate on, "
    tested = "none" if split.test is None else f"{split.test.frame.height:,}"
    note(f"{file}: {found.rows.n_rows:,} rows; {sum(found.kept):,} to learn from, {held}{tested} held out.")
    many = "as many rows as 64 MB hold" if buffer_rows is None else f"{buffer_rows:,} rows"
    note(f"Streamed: {many} at a time are in memory, of {len(found.rows.sizes)} groups.")
    note(f"Task: {split.kind}, because {split.reason}.")
    note(f"Preset: {preset}.")
    tell_of_columns(split)


def _check(settings: TrainSettings) -> None:
    if settings.refit:
        raise ConfigurationError(
            "--refit", "rows in memory", "they are streamed", "Leave it out, or add --no-stream."
        )
    if settings.optimizer == "lbfgs":
        raise ConfigurationError(
            "--optimizer",
            "one that learns from batches, where rows are streamed",
            "got lbfgs",
            "Take another, or add --no-stream.",
        )


def _target(choice: Choice, found: Survey, answers: "polars.Series") -> Target:
    """The target; where not all rows are in memory, by the results of the pass."""
    target = choice.fit(found.sample.get_column(found.target) if choice.kind in NUMBERS else answers)
    if found.in_memory:
        return target
    if isinstance(target, ClassTarget):
        if not found.different.height:
            raise DataError(f"target {found.target!r}", f"at most {MOST_CLASSES:,} classes", "there are more")
        return target
    if not isinstance(target, NumberTarget):
        raise DataError(f"target {found.target!r}", "one column", "got several")
    seen = found.moments
    mean, std, _ = seen.moments(found.target)
    if target.output == "poisson":
        if seen.low < 0:
            raise DataError("target", "counts of at least 0", f"the least is {seen.low:g}")
        mean, std = 0.0, mean
    return NumberTarget(mean, std, target.output, target.levels)


def weights_of_surveyed(settings: TrainSettings, target: Target, found: Survey) -> list[Array] | None:
    """The weights of the classes, from what each weighs among all rows that are learned from."""
    if settings.class_weight is None or not isinstance(target, ClassTarget):
        return None
    counted = found.different.filter(found.different["rows"] > 0)
    classes = target.positions(counted["value"])[np.newaxis]
    return weights_by_class(settings.class_weight, target, classes, counted["weight"].to_numpy())


def _notes(found: Survey, goal: Goal, validation_fraction: float) -> list[str]:
    notes = []
    if found.without_target:
        notes.append(
            f"{found.without_target:,} of {found.rows.n_rows:,} rows have no target and are left out."
        )
    asked = {"test": goal.test_fraction, "validation": validation_fraction}
    for (name, share), taken in zip(asked.items(), found.shares, strict=False):
        if taken < share:
            notes.append(
                f"The {name} part is {taken:.2g} of the rows instead of {share:g}: it is held in memory."
            )
    if not found.in_memory:
        notes.append(f"Scores of what was learned are those of {found.sample.height:,} rows drawn from it.")
    return [*notes, *(f"Warning: {caution}" for caution in found.inputs.cautions)]
