"""Results of trainings as values, and one way to show them: sentences, tables, and JSON."""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deepstep.cli.parts import Parts
from deepstep.cli.screen import console, note, print_curve, print_next, print_scores, print_table
from deepstep.data.sources import shown
from deepstep.ensembles.ensemble import TriedPresets
from deepstep.errors import DataWarning
from deepstep.preparation import TablePreparation
from deepstep.run import Run

if TYPE_CHECKING:
    from rich.console import Console

    from deepstep.cli.reading import TableOptions
    from deepstep.ensembles.ensemble import Ensemble, Leaderboard
    from deepstep.inspection.metrics import Scores
    from deepstep.training.rate_finder import RateSearch
    from deepstep.types import Array

SHOWN_COLUMNS, SHOWN_IDENTIFIERS, SHOWN_LEAKS = 40, 5, 5
ONLY_OUT_OF_FOLD = "No test set: the out-of-fold scores estimate generalization.\n"
NO_TEST = "No test set: these scores are on training data and do not estimate generalization.\n"
NO_FOLDS = "No fold holds rows out, as there are too few: no preset was selected, and all count the same.\n"
FEWEST_TESTED = 5
"""Rows of a test set from which on its scores tell something; of 20 rows 4 are held out."""

NEXT = (
    ("predict RUN FILE --explain 3", "predictions for the rows of a table, and the columns that move each"),
    ("report RUN", "a page with curves, findings, errors and their reasons"),
)
NEXT_OF_ONE = (
    ("trace RUN --layer 1", "every number of one training step"),
    ("check-gradients RUN", "its gradients against finite differences"),
)
NEXT_OF_AN_ENSEMBLE = (
    ("summary RUN", "members, options, results, columns"),
    ("trace RUN --member 0 --layer 1", "every number of one training step of a member"),
)


@dataclass(frozen=True)
class NetworkResult:
    """The training of one network."""

    layer_dims: Sequence[int]
    settings: Mapping[str, Any]
    engine: str
    why_engine: str
    stopped: str
    costs: "Array"
    seconds: float
    epochs: int
    output: str

    @classmethod
    def of(cls, run: Run) -> "NetworkResult":
        """The result of a run of one network."""
        history = run.ensemble.history
        shape = run.ensemble.network.architecture
        return cls(
            shape.layer_dims,
            run.config.get("settings", {}),
            history.engine,
            history.why_engine,
            history.stopped,
            history.costs,
            history[-1]["seconds"],
            len(history),
            shape.output,
        )


@dataclass(frozen=True)
class EnsembleResult:
    """The training of an ensemble."""

    settings: Mapping[str, Any]
    engine: str
    why_engine: str
    seconds: float
    output: str
    presets: Mapping[str, float]
    members: Sequence[Mapping[str, Any]]

    @classmethod
    def of(cls, run: Run) -> "EnsembleResult":
        """The result of a run of an ensemble."""
        engine, why = run.ensemble.engine
        return cls(
            run.config["settings"],
            engine,
            why,
            run.config["seconds"],
            run.ensemble.head,
            run.ensemble.weights,
            as_records(run.ensemble.leaderboard()),
        )


@dataclass(frozen=True)
class TableResult:
    """The result of ``deepstep train`` on a table."""

    run: Path
    task: str
    reason: str
    columns: Sequence[Mapping[str, Any]]
    model: NetworkResult | EnsembleResult
    scores: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, folder: Path, run: Run, parts: Parts) -> "TableResult":
        """The result that a run shows."""
        is_network = run.config["model"] == "network"
        return cls(
            folder,
            parts.task.kind,
            parts.task.reason,
            [summary._asdict() for summary in parts.inputs.describe()],
            NetworkResult.of(run) if is_network else EnsembleResult.of(run),
            run.config.get("results", {}),
        )

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it: the scores of each part of the rows are entries of their own."""
        entries = asdict(self)
        return {**entries, **entries.pop("model"), **entries.pop("scores")}


def print_table_result(
    run: Run, parts: Parts, scores: "Mapping[str, Scores]", folder: Path, file: Path
) -> None:
    """Columns, network or presets, scores, and what can be typed next."""
    screen = console()
    is_network = run.config["model"] == "network"
    print_columns(screen, parts.inputs)
    if is_network:
        history = run.ensemble.history
        screen.print(f"{run.ensemble.network!r}", markup=False)
        title = f"Cost J of each epoch ({history.stopped}, {history[-1]['seconds']:.1f} s)"
        print_curve(screen, history.costs, height=9, title=title)
        if run.ensemble.cost_note:
            screen.print(f"{run.ensemble.cost_note}\n", soft_wrap=True)
    else:
        print_presets(screen, run.ensemble)
    if scores:
        print_scores(screen, scores, by_class="class_weights" in run.config, decimal=run.decimal)
        for sentence in _on_what_is_held_out(parts, scores, is_network=is_network):
            screen.print(sentence, markup=False)
    commands = (*NEXT, *(NEXT_OF_ONE if is_network else NEXT_OF_AN_ENSEMBLE))
    typed = [(words.replace("FILE", shlex.quote(file.as_posix())), meaning) for words, meaning in commands]
    print_next(screen, folder, typed)


def _on_what_is_held_out(parts: Parts, scores: Mapping[str, Any], *, is_network: bool) -> Iterator[str]:
    """Sentences about scores where few rows, or none, are held out."""
    n = 0 if parts.test is None else parts.test.frame.height
    if not n:
        yield ONLY_OUT_OF_FOLD if "out_of_fold" in scores else NO_TEST
    elif n < FEWEST_TESTED:
        yield f"The test set has {n} row{'s' * (n > 1)}: its scores hardly estimate generalization.\n"
    if not is_network and "out_of_fold" not in scores and parts.validation is None:
        yield NO_FOLDS


def tell(
    file: Path, rows: int, options: "TableOptions", parts: Parts, model: str, warnings: Sequence[DataWarning]
) -> None:
    """Say which rows are learned from, what, and by which model."""
    held = "" if parts.validation is None else f"{parts.validation.frame.height:,} to validate on, "
    tested = "none" if parts.test is None else f"{parts.test.frame.height:,}"
    learned = parts.train.frame.height if parts.survey is None else sum(parts.survey.learned_rows)
    note(f"{shown(file)}: {rows:,} rows; {learned:,} to learn from, {held}{tested} held out.")
    if options.how_split:
        note(f"Held out: {options.how_split}.")
    if parts.survey is not None:
        groups = len(parts.survey.rows.sizes)
        note(f"Streamed: as many rows as 64 MB hold at a time are in memory, of {groups} groups.")
    note(f"Task: {parts.task.kind}, because {parts.task.reason}.")
    what = "one network" if model == "network" else "an ensemble of networks"
    if model != "network" and parts.survey is not None:
        what = "one network, as rows are streamed"
    note(f"Model: {model}, {what}.")
    for sentence in parts.notes:
        note(sentence)
    leaks = [warning for warning in warnings if warning.finding is not None]
    for warning in warnings:
        if warning not in leaks[SHOWN_LEAKS:]:
            note(f"Warning: {warning}")
    if len(leaks) > SHOWN_LEAKS:
        more = len(leaks) - SHOWN_LEAKS
        note(f"… and {more} more columns that alone determine the target; deepstep doctor lists all.")
    names = parts.inputs.identifiers
    if names:
        columns = ", ".join(map(repr, names[:SHOWN_IDENTIFIERS])) + (", …" * (len(names) > SHOWN_IDENTIFIERS))
        keep = f"--keep {shlex.quote(names[0])}"
        note(f"Excluded as identifiers of rows: {columns}. {keep} uses it as a feature.")


def tell_of_the_rate(rate: float, search: "RateSearch | None") -> None:
    """Say what the search for a learning rate ended with."""
    if search is None or search.suggestion is not None:
        note(f"Learning rate: {rate:.3g}, found by --learning-rate auto.")
    elif len(search.rates):
        first = f"no rate from {search.rates[0]:g} on that lowers the cost"
        note(f"Learning rate: {rate:g}, as --learning-rate auto found {first}.")
    else:
        note(f"Learning rate: {rate:g}, as --learning-rate auto met no finite cost after the first rate.")


def as_records(board: "Leaderboard") -> list[dict[str, Any]]:
    """A record of each member with its weight, in order."""
    return sorted(board, key=lambda row: (row["member"] is None, row["member"] or 0))


def print_presets(screen: "Console", ensemble: "Ensemble") -> None:
    """A line for each preset: what it is good for, how many members it has, and how much they count."""
    name, costs = ensemble.preset_costs
    rows = []
    for summary, cost in zip(ensemble.by_preset, costs, strict=True):
        written = "–" if cost is None else f"{cost:.6f}"
        rows.append((summary.name, summary.why, str(len(summary.members)), written, f"{summary.weight:.3f}"))
    print_table(screen, ("preset", "what it is", "members", name, "weight"), rows, left=2)


def print_tried(screen: "Console", tried: TriedPresets) -> None:
    """The presets that were tried, without their settings."""
    header, *rows = [(cells[0], *cells[2:]) for cells in (tried.HEADER, *tried.cells())]
    print_table(screen, ("preset tried", *header[1:]), rows[:SHOWN_COLUMNS])
    if len(rows) > SHOWN_COLUMNS:
        screen.print(f"… and {len(rows) - SHOWN_COLUMNS} presets more (--json names all)\n")


def print_members(screen: "Console", ensemble: "Ensemble", board: "Leaderboard") -> None:
    """The leaderboard of the members, which are numbered from 0, and what their costs include."""
    names = ("member", "preset", "layer_dims", "fold", "epochs", "validation_cost", "score", "weight")
    listed = board.only(*names)
    print_table(screen, listed.header, listed.cells(), left=3)
    if ensemble.cost_note:
        screen.print(f"{ensemble.cost_note}\n", soft_wrap=True)


def print_columns(screen: "Console", inputs: TablePreparation) -> None:
    """How each column becomes numbers."""
    columns = inputs.describe()
    print_table(screen, ("column", "kind", "preprocessing"), columns[:SHOWN_COLUMNS], left=3)
    if len(columns) > SHOWN_COLUMNS:
        screen.print(f"… and {len(columns) - SHOWN_COLUMNS} columns more (--json names all)\n")
