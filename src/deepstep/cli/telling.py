"""Messages of ``deepstep train`` about a table and a run, whichever preset it has."""

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

SHOWN_COLUMNS, SHOWN_IDENTIFIERS, SHOWN_LEAKS = 40, 5, 5
NO_TEST = "No rows were held out: none of these figures says how good answers for new rows are.\n"


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
        note(f"Left out, as they name the rows: {columns}; {kept} makes it an input.")
    for found in split.leaks[:SHOWN_LEAKS]:
        note(f"Warning: {found}")
    if len(split.leaks) > SHOWN_LEAKS:
        more = len(split.leaks) - SHOWN_LEAKS
        note(f"… and {more} columns more that alone tell the target; deepstep doctor names all.")


def about(
    file: Path, options: TrainOptions, split: TableSplit, preset: str, validation: Path | str | None = None
) -> dict[str, Any]:
    """Entries of a run's config about the table and the options."""
    told: dict[str, Any] = {"task": split.kind, "target": options.target, "source": printable(file)}
    if options.sample_weight is not None:
        told["sample_weight"] = options.sample_weight
    asked = options.kept("asked")
    if validation is not None:
        asked = {**asked, "validation": str(validation)}
        asked.pop("validation_fraction", None)
    listed = {name: [*value] if isinstance(value, tuple) else value for name, value in asked.items()}
    if split.leaks:
        told[LEAKS] = [{"says": found.says, "mend": found.hint} for found in split.leaks]
    told[OPTIONS] = resolved(options, preset)
    return {**told, "asked": listed} if listed else told


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
