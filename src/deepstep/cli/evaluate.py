"""``deepstep evaluate`` and ``importance``: metrics on labelled data, and which columns they depend on."""

from pathlib import Path
from typing import Any

import click
import numpy as np

from deepstep.cli.open_runs import (
    naming_piece,
    note_divergence,
    note_left_out,
    read_labelled,
    read_labelled_pieces,
    read_raw_pieces,
    reading,
    rows_with_target,
)
from deepstep.cli.option_types import PATH, read_option, run_argument
from deepstep.cli.reading import row_weights
from deepstep.cli.screen import (
    as_json,
    console,
    harmless,
    json_option,
    note,
    print_scores,
    print_table,
    printable,
)
from deepstep.data.frames import as_frame
from deepstep.data.sources import STDIN
from deepstep.data.text_formats import number_text
from deepstep.ensembles.predictor import PermutedColumn
from deepstep.errors import ConfigurationError, DataError
from deepstep.inspection.metrics import (
    confusion,
    evaluate,
    main_metric,
    permutation_importance,
    predictions_of,
    score,
)
from deepstep.preparation import TablePreparation
from deepstep.preparation.data_checks import drift
from deepstep.run import Run
from deepstep.training.progress import Meter
from deepstep.types import AnyArray, Array

MOST_CLASSES = 12
"""More than so many make a table that no screen holds."""


@click.command("evaluate")
@run_argument
@click.argument("file", type=PATH)
@read_option
@json_option
def evaluate_command(run_folder: Path, file: Path, read: dict[str, Any], json_wanted: bool) -> None:
    """Evaluate a trained run on labelled data.

    FILE is a table with the target, "-" for standard input, or a folder of Parquet files; for a run on images
    also a folder with one folder of images per class, or with the lecture's two HDF5 files, whose test images
    are taken.
    """
    run = Run.load(run_folder)
    note_divergence(run)
    target = run.targets
    _note_training_rows(run, run_folder, file)
    parts = list[tuple[AnyArray, Array, Array | None]]()
    n_rows = 0
    for piece in read_labelled_pieces(run, file, reading(run, read)):
        numbers = rows_with_target(piece)
        raw = piece.raw[numbers]
        if len(numbers):
            with naming_piece(file, n_rows, numbers):
                parts.append((target.values(piece.answers[numbers]), run.outputs(raw), _weights(run, raw)))
        n_rows += len(piece.raw)
    note_left_out(file, n_rows, sum(len(outputs) for _, outputs, _ in parts))
    answers = np.concatenate([part_answers for part_answers, _, _ in parts])
    outputs = np.concatenate([part_outputs for _, part_outputs, _ in parts])
    weights = [weight for *_, weight in parts if weight is not None]
    weight = np.concatenate(weights) if weights else None
    scores = score(target, answers, outputs, weight, run.predictor.tempered)
    record = {"run": run_folder, "file": file, "target": run.config.get("target"), **scores.to_dict()}
    if "split" in run.config:
        record["split"] = run.config["split"]
        note(f"{run_folder} was trained with these rows held out: {harmless(str(record['split']))}.")
    names: list[str] = []
    if target.is_classes:
        decided = target.decide(outputs)
        pairs = zip(np.atleast_2d(answers.T), np.atleast_2d(decided.T), target.labels, strict=True)
        matrices = [confusion(true, predicted, len(classes)) for true, predicted, classes in pairs]
        if target.several:
            record["classes"] = dict(zip(target.names, target.labels, strict=True))
            record["confusion"] = dict(zip(target.names, matrices, strict=True))
        else:
            (classes,), (counts,) = target.labels, matrices
            names = [str(label) for label in classes]
            record |= {"classes": classes, "confusion": counts}
    if json_wanted:
        click.echo(as_json(record))
        return
    screen = console()
    by_class = scores.uneven or "class_weights" in run.config
    shown = {file.name: scores}
    print_scores(screen, shown, by_class=by_class, title=run.target_name, decimal=run.decimal)
    if 0 < len(names) <= MOST_CLASSES:
        rows = [
            (name, *(str(count) if count else "·" for count in row))
            for name, row in zip(names, counts, strict=True)
        ]
        print_table(screen, ("true ↓ predicted →", *names), rows)


def _note_training_rows(run: Run, run_folder: Path, file: Path) -> None:
    learned_from = str(file) != STDIN and printable(file) == run.config.get("source")
    if learned_from and isinstance(run.predictor.preparation, TablePreparation):
        note(f"Warning: {file} was used to train {run_folder}; these scores include training rows.")


def _weights(run: Run, raw: Any) -> Array | None:
    """The weights of rows, where the run was trained with some and the table has them."""
    name = run.config.get("sample_weight")
    if name is None or name not in getattr(raw, "columns", ()):
        return None
    return row_weights(raw, name)


@click.command("importance")
@run_argument
@click.argument("file", type=PATH)
@click.option("--metric", metavar="NAME", help="Default: accuracy, or r2.")
@click.option(
    "--repeats", type=click.IntRange(1), default=5, show_default=True, help="Permutations of each column."
)
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="Seed of permutations.")
@read_option
@json_option
def importance_command(
    run_folder: Path,
    file: Path,
    metric: str | None,
    repeats: int,
    seed: int,
    read: dict[str, Any],
    json_wanted: bool,
) -> None:
    """Show the permutation importance of each column.

    The importance of a column is the difference of the metric when its values are permuted. FILE is a table
    with the target that was not used for training. The 95 % interval is that of the mean over the
    permutations of these rows.
    """
    run = Run.load(run_folder)
    note_divergence(run)
    target = run.targets
    inputs = run.predictor.preparation
    if not isinstance(inputs, TablePreparation):
        raise ConfigurationError.must_be("RUN", "a run that was trained on a table", "one of pictures")
    _note_training_rows(run, run_folder, file)
    labelled = read_labelled(run, file, reading(run, read))
    numbers = rows_with_target(labelled)
    note_left_out(file, len(labelled.raw), len(numbers))
    raw = labelled.raw[numbers]
    table = as_frame(raw)
    measure = main_metric(target, metric, "--metric")
    answers, weight = target.values(labelled.answers[numbers]), _weights(run, raw)

    def measured(outputs: Array) -> float:
        predicted = predictions_of(target, answers, outputs, weight, run.predictor.tempered)
        values = [evaluate(measure, predictions) for predictions in predicted]
        undefined = [value for value in values if isinstance(value, str)]
        if undefined:
            raise DataError(f"{file} has no {measure.name}: {undefined[0]}")
        return float(np.mean([value for value in values if not isinstance(value, str)]))

    names = [column.name for column in inputs.columns if column.feature_names]
    with naming_piece(file, 0, numbers):
        predictions = PermutedColumn(run.predictor, table)
    meter = Meter("importance", unit="columns")
    value = measured(predictions.outputs())
    meter.begin(len(names))
    try:
        importances = permutation_importance(
            predictions.outputs,
            value,
            table.height,
            names,
            measured,
            larger_is_better=measure.larger_is_better,
            repeats=repeats,
            seed=seed,
            moved=meter.move,
        )
    finally:
        meter.end()
    if json_wanted:
        record = {"run": run_folder, "file": file, "rows": table.height, "metric": measure.name}
        records = [importance._asdict() for importance in importances]
        click.echo(as_json({**record, "value": value, "repeats": repeats, "importance": records}))
        return
    screen = console()
    screen.print(f"{measure.label}: {measure.shown(value)} of {table.height:,} rows.", markup=False)
    rows = [
        (column.column, number_text(column.mean, 4), f"± {number_text(column.margin, 2)}" * (repeats > 1))
        for column in importances
    ]
    title = "lower by" if measure.larger_is_better else "higher by"
    print_table(screen, ("column", title, "95 %" if repeats > 1 else ""), rows)


@click.command("check", short_help="Compare new rows with those of the training.")
@run_argument
@click.argument("file", type=PATH)
@read_option
@json_option
@click.pass_context
def check_command(
    context: click.Context, run_folder: Path, file: Path, read: dict[str, Any], json_wanted: bool
) -> None:
    """Compare new rows with those of the training, column by column.

    FILE is a table, also without the target. Compared are missing values, texts and numbers that training
    rows did not have, and distributions (PSI, the population stability index). Exit code 1: a column differs
    by more than chance.
    """
    run = Run.load(run_folder)
    inputs = run.predictor.table_of_fit or run.predictor.preparation
    if not isinstance(inputs, TablePreparation):
        raise ConfigurationError.must_be("RUN", "a run that was trained on a table", "one of pictures")
    pieces = read_raw_pieces(run, [file], reading(run, read))
    columns = drift(inputs, (as_frame(piece) for piece in pieces))
    differ = [column for column in columns if column.why]
    if json_wanted:
        record = {"run": run_folder, "file": file, "columns": [column._asdict() for column in columns]}
        click.echo(as_json({**record, "differ": [column.column for column in differ]}))
    else:
        screen = console()
        header = ("column", "missing", "before", "unknown", "out of range", "PSI")
        rows = []
        for column in columns:
            shares = ["–" if share is None else f"{100 * share:.1f} %" for share in column[2:6]]
            rows.append((column.column, *shares, "–" if column.psi is None else f"{column.psi:.2f}"))
        print_table(screen, header, rows)
        for column in differ:
            screen.print(f"{column.column}: {'; '.join(column.why)}", markup=False, soft_wrap=True)
        screen.print(f"{len(differ)} of {len(columns)} columns differ from the training by more than chance.")
    context.exit(1 if differ else 0)
