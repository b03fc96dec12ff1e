"""``deepstep summary`` and ``deepstep describe-columns``: what a run is, and how a table becomes numbers."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from deepstep.cli.option_types import PATH, read_option, run_argument, word_of_reading
from deepstep.cli.print_results import as_records, print_columns, print_members, print_presets, print_tried
from deepstep.cli.screen import as_json, console, harmless, json_option, note, print_scores, print_table
from deepstep.data import column
from deepstep.data.tables import ReadOptions, table_in, told_missing_words
from deepstep.data.text_formats import number_text
from deepstep.ensembles.ensemble import TriedPresets
from deepstep.errors import ConfigurationError, spelled
from deepstep.inspection.metrics import Scores
from deepstep.preparation import TablePreparation, guess_task
from deepstep.preparation.parsing import is_missing
from deepstep.run import Run, text_format

PARTS = ("train", "validation", "out_of_fold", "test")
"""Parts of the rows that a run may have results of, in the order of the table."""


@click.command("summary", short_help="Show the layers, training and results of a run.")
@run_argument
@json_option
def summary_command(run_folder: Path, json_wanted: bool) -> None:
    """Show the layers, training, results and columns of a run; for an ensemble its presets and members."""
    run = Run.load(run_folder)
    if json_wanted:
        inputs = run.predictor.preparation
        if isinstance(inputs, TablePreparation):
            features: dict[str, Any] = {"columns": _column_records(inputs)}
        else:
            features = {"kind": inputs.kind, **asdict(inputs)}
        halves = {"inputs": features, "outputs": asdict(run.targets)}
        what = {
            "members": as_records(run.ensemble.leaderboard()),
            "tried": TriedPresets(run.ensemble.tried).to_dicts(),
        }
        what |= {} if run.ensemble.only is None else _of_network(run)
        click.echo(as_json({"run": run_folder, **run.config, **what, **halves}))
        return
    screen = console()
    if run.ensemble.only is not None:
        screen.print(run.ensemble.network.summary(), markup=False, soft_wrap=True)
        screen.print()
    else:
        print_presets(screen, run.ensemble)
        print_members(screen, run.ensemble, run.ensemble.leaderboard())
        if run.ensemble.tried:
            print_tried(screen, TriedPresets(run.ensemble.tried))
    print_table(screen, ("training", ""), _training(run), left=2)
    results = run.config.get("results", {})
    parts = {part: Scores(results[part]) for part in PARTS if part in results}
    print_scores(screen, parts, by_class=True, decimal=run.decimal)
    if isinstance(run.predictor.preparation, TablePreparation):
        print_columns(screen, run.predictor.preparation)


def _column_records(inputs: TablePreparation) -> list[dict[str, Any]]:
    """How each column becomes features, for ``--json``."""
    return [
        {
            "column": column.name,
            "kind": column.kind,
            "done": column.done,
            "why": column.why,
            "caution": column.caution,
            "features": column.feature_names,
        }
        for column in inputs.columns
    ]


def _of_network(run: Run) -> dict[str, Any]:
    architecture, history = run.ensemble.network.architecture, run.ensemble.history
    engine, why = run.ensemble.engine
    return {
        "engine": engine,
        "why_engine": why,
        "stopped": history.stopped,
        "epochs": len(history),
        "cost": history[-1]["cost"] if history else None,
        "layer_dims": architecture.layer_dims,
        "activations": architecture.activations,
        "parameters": architecture.n_parameters,
    }


def _training(run: Run) -> list[tuple[str, str]]:
    known = {**run.config, "target": run.target_name}
    about = [(name, str(known[name])) for name in ("task", "target", "source", "split") if name in run.config]
    settings = [
        (name, f"{value} (found by a search)" if name in run.config.get("found", ()) else str(value))
        for name, value in run.config.get("settings", {}).items()
    ]
    engine, why = run.ensemble.engine
    shown = [*about, *settings, ("engine", f"{engine} ({why})" if why else engine)]
    if "seconds" in run.config:
        shown.append(("seconds", number_text(run.config["seconds"])))
    if run.config.get("interrupted") and run.ensemble.only is None:
        shown.append(("ended", "interrupted: the networks that were trained until then"))
    return shown if run.ensemble.only is None else [*shown, ("ended", run.ensemble.ended)]


@click.command("describe-columns", short_help="Show how each column becomes features.")
@click.argument("file", metavar="FILE", type=PATH)
@click.option("--target", required=True, metavar="COLUMN", help="Column to predict.")
@click.option(
    "--exclude",
    "drop",
    multiple=True,
    metavar="COLUMN",
    help="Column to leave out. Repeatable.",
)
@click.option(
    "--keep",
    multiple=True,
    metavar="COLUMN",
    help="Column to use even if it looks like a row number. Repeatable.",
)
@click.option(
    "--categorical",
    multiple=True,
    metavar="COLUMN",
    help="Column of categories, also where they are numbers. Repeatable.",
)
@read_option
@json_option
def describe_columns_command(
    file: Path,
    target: str,
    drop: Sequence[str],
    keep: Sequence[str],
    categorical: Sequence[str],
    read: dict[str, Any],
    json_wanted: bool,
) -> None:
    """Show how each column of a table becomes features, why, and its share of missing values.

    Nothing is trained. Training fits the same rules to its training rows alone: numbers differ, and a column
    that hardly varies may have no feature.
    """
    how = ReadOptions(text_format(read), tell=note)
    with spelled(word_of_reading):
        frame = table_in(file, [target], how).frame
    answers = column(frame, target, "--target")
    without = told_missing_words(file, frame, target, how)
    if without:
        note(f"Warning: target {target!r}: {without}. If it is a class, train with all of them in --classes.")
    for option, names in {"--exclude": drop, "--keep": keep, "--categorical": categorical}.items():
        for name in names:
            column(frame, name, option)
        if target in names:
            raise ConfigurationError.must_be(option, "a column other than the target", repr(target))
    task, reason = guess_task(answers)
    preparation = TablePreparation.fit(frame, exclude=(target, *drop), keep=keep, categorical=categorical)
    shares = [is_missing(frame[part.name], blanks=True).mean() for part in preparation.columns]
    empty = is_missing(answers).sum()
    if json_wanted:
        pairs = zip(_column_records(preparation), shares, strict=True)
        columns = [{**known, "missing": share} for known, share in pairs]
        record = {"file": file, "rows": frame.height, "target": target, "task": task, "reason": reason}
        record["rows_without_target"] = empty
        if without:
            record["without_target"] = without
        click.echo(as_json({**record, "columns": columns, "n_features": preparation.n_features}))
        return
    screen = console()
    rows = []
    for part, share in zip(preparation.columns, shares, strict=True):
        done = f"{part.done} ({part.why})" if part.why else part.done
        rows.append((part.name, part.kind, f"{100 * share:.1f} %", str(len(part.feature_names)), done))
    print_table(screen, ("column", "kind", "missing", "features", "what is done and why"), rows, left=5)
    screen.print(f"{frame.height:,} rows, {len(rows)} columns; features: {preparation.n_features}.")
    screen.print(harmless(f"To predict: {target}, {task} ({reason})."), soft_wrap=True)
    if empty:
        counted = f"{empty:,} of {frame.height:,} rows have no target"
        screen.print(f"{counted}: --drop-missing-target of train leaves them out.", soft_wrap=True)
    for caution in preparation.cautions:
        screen.print(harmless(f"Warning: {caution}"), soft_wrap=True)
    if drop:
        screen.print(harmless(f"Dropped: {', '.join(drop)}."), soft_wrap=True)
