"""From rows that stay in their files to what a network learns: the counterpart of `table_task`."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from deepstep.cli.messages import tell_of_columns
from deepstep.cli.options import TrainOptions
from deepstep.cli.screen import note
from deepstep.cli.settings import Preset
from deepstep.cli.table_task import Part, Rows, TableSplit, TableTask, as_part
from deepstep.cli.target import NUMBERS, Choice, choose, row_weights, weights_by_class
from deepstep.data import StoredRows
from deepstep.errors import ConfigurationError, DataError
from deepstep.preparation import Preparation, RegressionTarget, Target
from deepstep.preparation.batches import Examples
from deepstep.preparation.class_weights import example_weights
from deepstep.preparation.statistics import MOST_CLASSES
from deepstep.preparation.survey import Survey, survey
from deepstep.types import Array

if TYPE_CHECKING:
    import polars

UNNUMBERED = np.empty(0, np.int64)
"""Numbers of rows that are not kept."""


def stream_task(
    seen: "Surveyed",
    options: TrainOptions,
    validation: "polars.DataFrame | None",
) -> TableTask:
    """Prepare rows that were surveyed, for one network; ``train`` is a sample of the stream."""
    _check(options)
    found, split = seen
    target, weighing, target_name = split.target, options.sample_weight, found.target
    preparation = Preparation(found.inputs, target)
    of_classes = weights_of_surveyed(options, target, found)

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
    stream = found.stream(encode, identity, buffer_rows=options.buffer_rows)
    if validation is not None:
        split = replace(split, validation=_raw(validation, target_name))
    test, held = (None if rows is None else part(rows.frame) for rows in (split.test, split.validation))
    return TableTask(split, preparation, part(found.sample), test, held, stream)


class Surveyed(NamedTuple):
    """Results of the pass over rows, and the rows that are in memory."""

    found: Survey
    split: TableSplit


def surveyed(rows: StoredRows, options: TrainOptions, *, validation_fraction: float) -> Surveyed:
    """Read all rows once, and guess the task."""
    if len(options.targets) != 1:
        raise ConfigurationError(
            "--target",
            "one target where rows are streamed",
            f"got {len(options.targets)}",
            "Train a network for each, or read the table into memory with --no-stream.",
        )
    (target_name,) = options.targets
    rows.check_columns([target_name], "--target")
    rows.check_columns(options.drop, "--exclude")
    rows.check_columns(options.keep, "--keep")
    rows.check_columns(options.categorical, "--categorical")
    weighing = options.sample_weight
    found = survey(
        rows,
        target_name,
        exclude=[weighing] if weighing else [],
        drop=options.drop,
        keep=options.keep,
        categorical=options.categorical,
        weights=None if weighing is None else lambda frame: row_weights(frame, weighing),
        seed=options.seed,
        test_fraction=options.test_fraction,
        validation_fraction=validation_fraction,
        drop_missing_target=options.drop_missing_target,
    )
    answers = found.answers()
    choice = choose(answers, options, rows.n_rows - found.without_target)
    target = _target(choice, found, answers)
    split = TableSplit(
        choice.kind,
        choice.reason,
        found.inputs,
        target,
        Rows(found.sample, found.sample.get_column(target_name), None, UNNUMBERED),
        _raw(found.test, target_name),
        _raw(found.validation, target_name),
        (target_name, *options.drop, *([weighing] if weighing else [])),
        options.keep,
        _notes(found, options, validation_fraction),
    )
    return Surveyed(found, split)


def _raw(frame: "polars.DataFrame", target: str) -> Rows | None:
    return Rows(frame, frame.get_column(target), None, UNNUMBERED) if frame.height else None


def tell_of_stream(file: Path, surveyed: Surveyed, preset: Preset, buffer_rows: int | None) -> None:
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


def _check(options: TrainOptions) -> None:
    if options.refit:
        raise ConfigurationError(
            "--refit", "rows in memory", "they are streamed", "Leave it out, or add --no-stream."
        )
    if options.optimizer == "lbfgs":
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
    if target.is_classification:
        if not found.different.height:
            raise DataError(f"target {found.target!r}", f"at most {MOST_CLASSES:,} classes", "there are more")
        return target
    return RegressionTarget.of({found.target: found.moments}, output=target.output, levels=target.levels)


def weights_of_surveyed(options: TrainOptions, target: Target, found: Survey) -> list[Array] | None:
    """The weights of the classes, from what each weighs among all rows that are learned from."""
    if options.class_weight is None or not target.is_classification:
        return None
    counted = found.different.filter(found.different["rows"] > 0)
    classes = target.answers(counted["value"])[np.newaxis]
    return weights_by_class(options.class_weight, target, classes, counted["weight"].to_numpy())


def _notes(found: Survey, options: TrainOptions, validation_fraction: float) -> list[str]:
    notes = []
    if found.without_target:
        notes.append(
            f"{found.without_target:,} of {found.rows.n_rows:,} rows have no target and are left out."
        )
    asked = {"test": options.test_fraction, "validation": validation_fraction}
    for (name, share), taken in zip(asked.items(), found.shares, strict=False):
        if taken < share:
            notes.append(
                f"The {name} part is {taken:.2g} of the rows instead of {share:g}: it is held in memory."
            )
    if not found.in_memory:
        notes.append(f"Scores of what was learned are those of {found.sample.height:,} rows drawn from it.")
    return [*notes, *(f"Warning: {caution}" for caution in found.inputs.cautions)]
