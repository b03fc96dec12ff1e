"""``deepstep train``: a table becomes a run."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from deepstep.cli.drawing import curve
from deepstep.cli.fitting import Settings, Trained, as_part, free_name, train_and_save
from deepstep.cli.options import LayerSizes
from deepstep.cli.screen import as_json, console, json_option, print_next, print_scores, print_table
from deepstep.errors import ConfigurationError
from deepstep.preparation import ClassTarget, NumberTarget, Preparation, TablePreparation

if TYPE_CHECKING:
    import polars
    from numpy.typing import NDArray
    from rich.console import Console

TASKS = ("auto", "classification", "regression")
UPDATES = 6000
"""Updates that the default number of epochs comes near to."""
SHOWN_COLUMNS = 40
NEXT = (
    ("predict RUN FILE", "answers for the rows of a table"),
    ("evaluate RUN FILE", "answers compared with a table's own"),
    ("trace RUN --layer 1", "every number of one training step"),
    ("check-gradients RUN", "its gradients against finite differences"),
)


@click.command("train")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--target", required=True, help="The column to predict.")
@click.option("--out", type=click.Path(path_type=Path), help="The run folder [default: a new one in runs/].")
@click.option("--overwrite", is_flag=True, help="Replace the run folder if it exists.")
@click.option("--task", type=click.Choice(TASKS), default="auto", show_default=True)
@click.option("--drop", multiple=True, metavar="COLUMN", help="A column that is no input; may be given again.")
@click.option("--hidden", type=LayerSizes(","), default="64,32", show_default=True, help="Units of the layers.")
@click.option("--activation", default="relu", show_default=True, help="Of the hidden layers.")
@click.option("--optimizer", default="adam", show_default=True)
@click.option("--learning-rate", type=float, default=0.001, show_default=True)
@click.option(
    "--iterations", "--epochs", type=click.IntRange(min=1), help="Passes over the rows [default: by their number]."
)
@click.option(
    "--batch-size", type=click.IntRange(min=1), help="Rows for one update [default: by their number]."
)
@click.option("--test-fraction", type=float, default=0.2, show_default=True, help="Share of rows held out.")
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=1, show_default=True)
@json_option
def command(
    file: Path,
    target: str,
    out: Path | None,
    overwrite: bool,
    task: str,
    drop: tuple[str, ...],
    test_fraction: float,
    iterations: int | None,
    batch_size: int | None,
    json_wanted: bool,
    **options: Any,
) -> None:
    """Train a network on the table FILE (.csv, .tsv, .parquet, .arrow, .jsonl) and save it as a run.

    Numbers are standardized, texts become 0/1 features, missing numbers become the mean. All of this is learned
    from the training rows alone; the rows held out are for the result only.
    """
    from deepstep.data import column, holdout, read_table, stratification_obstacle

    frame = read_table(file)
    answers = column(frame, target, "--target")
    for name in drop:
        column(frame, name, "--drop")
    if target in drop:
        raise ConfigurationError("--drop", "a column that is no target", f"got {target!r}, the target")
    kind, reason = _task(answers, task)
    classes = kind != "regression"
    fitted_classes = ClassTarget.fit(answers) if classes else None
    rows, test_rows = holdout(answers, fraction=test_fraction, seed=options["seed"], stratify=classes)
    obstacle = stratification_obstacle(answers, fraction=test_fraction) if classes else ""
    inputs = TablePreparation.fit(frame[rows], exclude=(target, *drop))
    preparation = Preparation(inputs, fitted_classes or NumberTarget.fit(answers[rows]))
    train = as_part(preparation, inputs.transform(frame[rows]), answers[rows])
    test = as_part(preparation, inputs.transform(frame[test_rows]), answers[test_rows])

    batch_size = batch_size or default_batch_size(len(rows))
    iterations = iterations or default_epochs(len(rows), batch_size)
    settings = Settings(
        initialization="he", iterations=iterations, batch_size=batch_size, **options
    )
    folder = out or free_name(file.stem)
