"""Words such as NA in the column of a target: missing values, or a class that is called so."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from deepstep.cli.screen import note
from deepstep.cli.target_choice import Goal
from deepstep.data.tables import table_in, told_missing_words
from deepstep.errors import DataError
from deepstep.preparation import Target

if TYPE_CHECKING:
    import polars


def table_of(file: Path, goal: Goal, beside: Sequence[str] = ()) -> "polars.DataFrame":
    """A table in memory; words for a missing value are classes of the target where --classes names them."""
    frame = table_in(file, beside, dict.fromkeys(goal.targets, goal.classes or ()))
    for name in goal.targets:
        got = told_missing_words(file, frame, name)
        if not got:
            continue
        hint = "If it is a class, name all of them with --classes"
        if len(goal.targets) > 1:
            hint = "If it is a class, write another word"
        if not goal.drop_missing_target:
            hint = f"{hint}; else drop these rows with --drop-missing-target."
            raise DataError(f"target {name!r}", "every row has a target", got, hint)
        note(f"Warning: target {name!r}: {got}. {hint}.")
    return frame


def class_words(target: Target, names: Sequence[str]) -> Mapping[str, Collection[str]]:
    """The classes of each target of a run: none of them is a missing value in a table that it is shown."""
    return dict(zip(names, target.classes, strict=False))
