"""Messages about tables, ensembles and runs, for people and as JSON has them."""

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deepstep.cli.options import OPTIONS, TrainOptions, resolved
from deepstep.cli.screen import note, print_next, print_table, printable
from deepstep.cli.settings import Preset
from deepstep.cli.table_task import TableSplit
from deepstep.preparation import TablePreparation
from deepstep.run_folder import LEAKS

if TYPE_CHECKING:
    import polars
    from rich.console import Console

    from deepstep.estimators.ensemble import Ensemble


def as_records(ensemble: "Ensemble") -> list[dict[str, Any]]:
    """A record of each member with its weight, in order."""
    return sorted(ensemble.leaderboard(), key=lambda row: int(row["member"]))


def print_presets(screen: "Console", ensemble: "Ensemble") -> None:
    """A line for each preset: what it is good for, how many members it has, and how much they count."""
    rows = []
    for preset, members, cost, weight in ensemble.presets:
        shown = "–" if cost is None else f"{cost:.6f}"
        rows.append((preset.name, preset.why, str(len(members)), shown, f"{weight:.3f}"))
    header = ("preset", "what it is", "members", "validation cost", "weight")
    print_table(screen, header, rows, left=2)


def print_members(screen: "Console", ensemble: "Ensemble") -> None:
    """The leaderboard of the members, which are numbered from 0."""
    found = ensemble.leaderboard()
    print_table(screen, found.header, found.cells(), left=2)


SHOWN_COLUMNS, SHOWN_IDENTIFIERS, SHOWN_LEAKS = 40, 5, 5
NO_TEST = "No test set: these scores are on training data and do not estimate generalization.\n"


def tell(file: Path, frame: "polars.DataFrame", split: TableSplit, preset: Preset) -> None:
    """Say which rows are learned from, what, and by which preset."""
    held = "" if split.validation is None else f"{split.validation.frame.height:,} to validate on, "
    tested = "none" if split.test is None else f"{split.test.frame.height:,}"
    rows = split.train.frame.height
    note(f"{file}: {frame.height:,} rows; {rows:,} to learn from, {held}{tested} held out.")
    note(f"Task: {split.kind}, because {split.reason}.")
    note(f"Preset: {preset}.")
    tell_of_columns(split)


def tell_of_columns(split: TableSplit) -> None:
    """Say what a person should know of a table before it is learned from."""
    for sentence in split.notes:
        note(sentence)
    named = split.inputs.identifiers
    if named:
        columns = ", ".join(map(repr, named[:SHOWN_IDENTIFIERS])) + (", …" * (len(named) > SHOWN_IDENTIFIERS))
        kept = f"--keep {shlex.quote(named[0])}"
        note(f"Excluded as identifiers of rows: {columns}. {kept} uses it as a feature.")
    for found in split.leaks[:SHOWN_LEAKS]:
        note(f"Warning: {found}")
    if len(split.leaks) > SHOWN_LEAKS:
        more = len(split.leaks) - SHOWN_LEAKS
        note(f"… and {more} more columns that alone determine the target; deepstep doctor lists all.")


def about(file: Path, options: TrainOptions, split: TableSplit, preset: str) -> dict[str, Any]:
    """Entries of a run's config about the table and the options."""
    config: dict[str, Any] = {"task": split.kind, "target": options.target, "source": printable(file)}
    if options.sample_weight is not None:
        config["sample_weight"] = options.sample_weight
    asked = options.kept("asked")
    if options.validation is not None:
        asked = {**asked, "validation": options.validation}
        asked.pop("validation_fraction", None)
    listed = {name: [*value] if isinstance(value, tuple) else value for name, value in asked.items()}
    if split.leaks:
        config[LEAKS] = [{"says": found.says, "mend": found.hint} for found in split.leaks]
    config[OPTIONS] = resolved(options, preset)
    return {**config, "asked": listed} if listed else config


def print_columns(screen: "Console", inputs: TablePreparation) -> None:
    """How each column becomes numbers."""
    columns = inputs.describe()
    print_table(screen, ("column", "kind", "what is done"), columns[:SHOWN_COLUMNS], left=3)
    if len(columns) > SHOWN_COLUMNS:
        screen.print(f"… and {len(columns) - SHOWN_COLUMNS} columns more (--json names all)\n")


def print_saved(screen: "Console", run: Path, file: Path, commands: Sequence[tuple[str, str]]) -> None:
    """Where the run is, and what can be typed next."""
    typed = [(command.replace("FILE", shlex.quote(str(file))), meaning) for command, meaning in commands]
    print_next(screen, run, typed)
