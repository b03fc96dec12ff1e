"""Words such as NA in the column of a target: missing values, or a class that is called so."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from deepstep.cli.options import TrainOptions
from deepstep.cli.screen import note
from deepstep.data.stored_tables import table_in
from deepstep.data.tables import told_missing_words
from deepstep.errors import DataError
from deepstep.preparation import ClassTarget, LabelTargets, Target

if TYPE_CHECKING:
    import polars


def table_of(file: Path, options: TrainOptions, beside: Sequence[str] = ()) -> "polars.DataFrame":
    """A table in memory; words for a missing value are classes of the target where --classes names them."""
    frame = table_in(file, beside, dict.fromkeys(options.targets, options.classes or ()))
    for name in options.targets:
        got = told_missing_words(file, frame, name)
        if not got:
            continue
        hint = "If it is a class, name all of them with --classes"
        if len(options.targets) > 1:
            hint = "If it is a class, write another word"
        if not options.drop_missing_target:
            hint = f"{hint}; else drop these rows with --drop-missing-target."
            raise DataError(f"target {name!r}", "every row has a target", got, hint)
        note(f"Warning: target {name!r}: {got}. {hint}.")
    return frame


def class_words(target: Target, names: Sequence[str]) -> Mapping[str, Collection[str]]:
    """The classes of each target of a run: none of them is a missing value in a table that it is shown."""
    if isinstance(target, ClassTarget):
        return {names[0]: target.classes}
    if isinstance(target, LabelTargets):
        return {name: one.classes for name, one in zip(target.names, target.each, strict=True)}
    return {}
