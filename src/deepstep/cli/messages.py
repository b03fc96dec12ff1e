"""Messages about tables, ensembles and runs, for people and as JSON has them."""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deepstep.cli.groups_and_time import how_split
from deepstep.cli.options import OPTIONS, TrainOptions, resolved
from deepstep.cli.screen import note, print_next, print_table, printable
from deepstep.cli.settings import Preset
from deepstep.cli.split import TableSplit
from deepstep.data.sources import shown
from deepstep.preparation import TablePreparation
from deepstep.run import Run
from deepstep.run import LEAKS

if TYPE_CHECKING:
    from rich.console import Console

    from deepstep.estimators.ensemble import Ensemble, Leaderboard
    from deepstep.estimators.tried import TriedPresets
    from deepstep.training.rate_finder import RateSearch


def as_records(board: "Leaderboard") -> list[dict[str, Any]]:
    """A record of each member with its weight, in order."""
    return sorted(board, key=lambda row: (row["member"] is None, row["member"] or 0))


def print_presets(screen: "Console", ensemble: "Ensemble") -> None:
    """A line for each preset: what it is good for, how many members it has, and how much they count."""
    name, costs = ensemble.preset_costs
    rows = []
    for (preset, members, _, weight, _), cost in zip(ensemble.by_preset, costs, strict=True):
        shown = "–" if cost is None else f"{cost:.6f}"
        rows.append((preset.name, preset.why, str(len(members)), shown, f"{weight:.3f}"))
    print_table(screen, ("preset", "what it is", "members", name, "weight"), rows, left=2)


def print_tried(screen: "Console", tried: "TriedPresets") -> None:
    """The presets that were tried, without their settings."""
    header, *rows = [(one[0], *one[2:]) for one in (tried.HEADER, *tried.cells())]
    print_table(screen, ("preset tried", *header[1:]), rows[:SHOWN_COLUMNS])
    if len(rows) > SHOWN_COLUMNS:
        screen.print(f"… and {len(rows) - SHOWN_COLUMNS} presets more (--json names all)\n")


def print_members(screen: "Console", ensemble: "Ensemble", board: "Leaderboard") -> None:
    """The leaderboard of the members, which are numbered from 0, and what their costs include."""
    found = board.only(
        "member", "preset", "layer_dims", "fold", "epochs", "validation_cost", "score", "weight"
    )
    print_table(screen, found.header, found.cells(), left=3)
    if ensemble.cost_note:
        screen.print(f"{ensemble.cost_note}\n", soft_wrap=True)


def of_one_network(run: Run) -> dict[str, Any]:
    """The training of a run of one network, as JSON has it."""
    history, config = run.history, run.config
    return {
        "layer_dims": run.network.architecture.layer_dims,
        **{name: config[name] for name in ("settings", "found") if name in config},
        "engine": history.engine,
        "why_engine": history.why_engine,
        "stopped": history.stopped,
        "costs": history.costs,
        "seconds": history[-1]["seconds"],
        "epochs": len(history),
        "output": run.network.architecture.output,
    }


SHOWN_COLUMNS, SHOWN_IDENTIFIERS, SHOWN_LEAKS = 40, 5, 5
ONLY_OUT_OF_FOLD = "No test set: the out-of-fold scores estimate generalization.\n"
NO_TEST = "No test set: these scores are on training data and do not estimate generalization.\n"
NO_FOLDS = "No fold holds rows out, as there are too few: no preset was selected, and all count the same.\n"
FEWEST_TESTED = 5
"""Rows of a test set from which on its scores tell something; of 20 rows 4 are held out."""


def of_what_is_held_out(split: TableSplit, parts: Mapping[str, Any], *, single: bool) -> Iterator[str]:
    """Sentences about scores where few rows, or none, are held out."""
    n = 0 if split.test is None else split.test.frame.height
    if not n:
        yield ONLY_OUT_OF_FOLD if "out_of_fold" in parts else NO_TEST
    elif n < FEWEST_TESTED:
        yield f"The test set has {n} row{'s' * (n > 1)}: its scores hardly estimate generalization.\n"
    if not single and "out_of_fold" not in parts and split.validation is None:
        yield NO_FOLDS


def tell(file: Path, rows: int, options: TrainOptions, split: TableSplit, preset: Preset) -> None:
    """Say which rows are learned from, what, and by which preset."""
    held = "" if split.validation is None else f"{split.validation.frame.height:,} to validate on, "
    tested = "none" if split.test is None else f"{split.test.frame.height:,}"
    note(f"{shown(file)}: {rows:,} rows; {split.n_learned:,} to learn from, {held}{tested} held out.")
    if how := how_split(options):
        note(f"Held out: {how}.")
    if split.survey is not None:
        most = options.buffer_rows
        many = "as many rows as 64 MB hold" if most is None else f"{most:,} rows"
        note(f"Streamed: {many} at a time are in memory, of {len(split.survey.rows.sizes)} groups.")
    note(f"Task: {split.kind}, because {split.reason}.")
    note(f"Preset: {preset}.")
    tell_of_columns(split)


def tell_of_the_rate(rate: float, search: "RateSearch | None") -> None:
    """Say what the search for a learning rate found."""
    if search is None or search.suggestion is not None:
        note(f"Learning rate: {rate:.3g}, found by --learning-rate auto.")
    elif len(search.rates):
        first = f"no rate from {search.rates[0]:g} on that lowers the cost"
        note(f"Learning rate: {rate:g}, as --learning-rate auto found {first}.")
    else:
        note(f"Learning rate: {rate:g}, as --learning-rate auto met no finite cost after the first rate.")


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
    if how := how_split(options):
        config["split"] = how
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
    print_table(screen, ("column", "kind", "preprocessing"), columns[:SHOWN_COLUMNS], left=3)
    if len(columns) > SHOWN_COLUMNS:
        screen.print(f"… and {len(columns) - SHOWN_COLUMNS} columns more (--json names all)\n")


def print_saved(screen: "Console", run: Path, file: Path, commands: Sequence[tuple[str, str]]) -> None:
    """Where the run is, and what can be typed next."""
    typed = [(command.replace("FILE", shlex.quote(str(file))), meaning) for command, meaning in commands]
    print_next(screen, run, typed)
