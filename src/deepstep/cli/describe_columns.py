"""``deepstep describe-columns``: how each column of a table becomes numbers, and why."""

from collections.abc import Sequence
from pathlib import Path

import click

from deepstep.cli.output import harmless
from deepstep.cli.screen import as_json, console, json_option, note, print_table
from deepstep.data import column
from deepstep.data.stored_tables import table_in
from deepstep.data.tables import told_missing_words
from deepstep.errors import ConfigurationError
from deepstep.preparation import TablePreparation, guess_task


@click.command("describe-columns")
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--target", required=True, metavar="COLUMN", help="The column to predict.")
@click.option(
    "--exclude",
    "drop",
    multiple=True,
    metavar="COLUMN",
    help="Column to exclude from the features. Can be repeated.",
)
@click.option(
    "--keep",
    multiple=True,
    metavar="COLUMN",
    help="Column to keep as a feature even if it looks like a row number. Can be repeated.",
)
@json_option
def command(file: Path, target: str, drop: Sequence[str], keep: Sequence[str], json_wanted: bool) -> None:
    """Show how each column of a table becomes numbers, and why.

    Nothing is trained. A training learns the same rules from its training rows alone, so that some numbers
    differ, and a column that hardly varies may have no feature there.
    """
    frame = table_in(file, [target])
    answers = column(frame, target, "--target")
    without = told_missing_words(file, frame, target)
    if without:
        note(f"Warning: target {target!r}: {without}. If it is a class, train with all of them in --classes.")
    for option, names in (("--exclude", drop), ("--keep", keep)):
        for name in names:
            column(frame, name, option)
        if target in names:
            raise ConfigurationError(option, "a column that is no target", f"got {target!r}, the target")
    task, reason = guess_task(answers)
    preparation = TablePreparation.fit(frame, exclude=(target, *drop), keep=keep)
    if json_wanted:
        columns = [
            {
                "column": one.name,
                "kind": one.kind,
                "done": one.done,
                "why": one.why,
                "caution": one.caution,
                "features": one.feature_names,
            }
            for one in preparation.columns
        ]
        record = {"file": file, "rows": frame.height, "target": target, "task": task, "reason": reason}
        if without:
            record["without_target"] = without
        click.echo(as_json({**record, "columns": columns, "n_features": preparation.n_features}))
        return
    screen = console()
    rows = [
        (one.name, one.kind, str(len(one.feature_names)), f"{one.done}{f' ({one.why})' if one.why else ''}")
        for one in preparation.columns
    ]
    print_table(screen, ("column", "kind", "features", "what is done and why"), rows, left=4)
    counts = f"{frame.height} rows, {len(rows)} columns; features: {preparation.n_features}."
    screen.print(counts)
    screen.print(harmless(f"To predict: {target}, {task} ({reason})."), soft_wrap=True)
    for caution in preparation.cautions:
        screen.print(harmless(f"Warning: {caution}"), soft_wrap=True)
    if drop:
        screen.print(harmless(f"Dropped: {', '.join(drop)}."), soft_wrap=True)
