"""``deepstep evaluate``: the scores of a run on labelled data."""

from pathlib import Path

import click
import numpy as np

from deepstep.cli.runs import naming_piece, note_divergence, read_labelled_pieces
from deepstep.cli.screen import as_json, console, json_option, note, print_scores, print_table, printable
from deepstep.cli.target import columns_of, row_weights
from deepstep.inspection.metrics import confusion, score
from deepstep.preparation import TablePreparation
from deepstep.run import Run
from deepstep.types import AnyArray, Array

MOST_CLASSES = 12
"""More than so many make a table that no screen holds."""


@click.command("evaluate")
@click.argument("run_folder", metavar="RUN", type=click.Path(path_type=Path))
@click.argument("file", type=click.Path(path_type=Path))
@json_option
def evaluate_command(run_folder: Path, file: Path, json_wanted: bool) -> None:
    """Evaluate a trained run on labelled data.

    FILE is a table with the target's columns, or a folder of Parquet files. For a run on the cats it
    may be the folder of the two HDF5 files: the test images are taken.
    """
    run = Run.load(run_folder)
    note_divergence(run)
    target = run.preparation.target
    learned_from = printable(file) == run.config.get("source")
    if learned_from and isinstance(run.preparation.inputs, TablePreparation):
        note(f"Warning: {file} was used to train {run_folder}; these scores include training rows.")
    weighs = run.config.get("sample_weight")
    pieces: list[tuple[AnyArray, Array, Array]] = []
    for raw, labels in read_labelled_pieces(run, file):
        with naming_piece(file, sum(len(outputs) for _, outputs, _ in pieces), len(labels)):
            weight: Array = np.ones(len(labels))
            if weighs is not None and not isinstance(raw, np.ndarray) and weighs in raw.columns:
                weight = row_weights(raw, weighs, f"{file}, the weights")
            pieces.append((target.answers(labels), run.outputs(raw), weight))
    answers, outputs, weight = (np.concatenate(part) for part in zip(*pieces, strict=True))
    scores = score(target, answers, outputs, None if (weight == 1).all() else weight, run.told)
    record = {"run": run_folder, "file": file, "target": run.config.get("target"), **scores.to_dict()}
    names: list[str] = []
    if target.is_classification:
        pairs = zip(columns_of(answers), columns_of(target.decide(outputs)), target.classes, strict=True)
        each = [confusion(right, given, len(classes)) for right, given, classes in pairs]
        if target.several:
            record["classes"] = dict(zip(target.names, target.classes, strict=True))
            record["confusion"] = dict(zip(target.names, each, strict=True))
        else:
            (classes,), (counts,) = target.classes, each
            names = [str(label) for label in classes]
            record |= {"classes": classes, "confusion": counts}
    if json_wanted:
        click.echo(as_json(record))
        return
    screen = console()
    by_class = scores.uneven or "class_weights" in run.config
    print_scores(screen, {file.name: scores}, by_class=by_class, title=run.target_name)
    if 0 < len(names) <= MOST_CLASSES:
        rows = [
            (name, *(str(count) if count else "·" for count in row))
            for name, row in zip(names, counts, strict=True)
        ]
        print_table(screen, ("true ↓ given →", *names), rows)
