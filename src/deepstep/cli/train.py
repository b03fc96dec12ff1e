"""``deepstep train``: a table becomes a run."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from deepstep.cli.fitting import Trained, TrainSettings, as_part, free_name, train_and_save
from deepstep.cli.options import LayerSizes
from deepstep.cli.screen import (
    as_json,
    console,
    json_option,
    note,
    print_curve,
    print_next,
    print_scores,
    print_table,
    printable,
)
from deepstep.errors import ConfigurationError, DataError
from deepstep.preparation import ClassTarget, NumberTarget, Preparation, TablePreparation, guess_task

if TYPE_CHECKING:
    import polars
    from rich.console import Console

TASKS = ("auto", "classification", "regression")
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
@click.option(
    "--drop", multiple=True, metavar="COLUMN", help="A column that is no input; may be given again."
)
@click.option(
    "--hidden", type=LayerSizes(","), default="64,32", show_default=True, help="Units of the layers."
)
@click.option("--activation", default="relu", show_default=True, help="Of the hidden layers.")
@click.option("--optimizer", default="adam", show_default=True)
@click.option("--learning-rate", type=float, default=0.001, show_default=True)
@click.option(
    "--iterations",
    "--epochs",
    type=click.IntRange(min=1),
    default=40,
    show_default=True,
    help="Epochs of training.",
)
@click.option("--batch-size", type=click.IntRange(min=1), help="Rows of an update [default: 32 to 256].")
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
    batch_size: int | None,
    json_wanted: bool,
    **options: Any,
) -> int:
    """Train a network on a table and save it as a run.

    FILE ends in .csv, .tsv, .parquet, .arrow or .jsonl. Numbers are standardized, texts become 0/1 features,
    missing numbers become the mean. All of this is learned from the training rows alone; the rows held out
    are for the result only.
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
    # On the whole table first: what cannot be used is then named by its row in the file.
    whole = ClassTarget.fit(answers) if classes else NumberTarget.fit(answers)
    TablePreparation.fit(frame, exclude=(target, *drop))
    y = answers.to_numpy()
    rows, test_rows = holdout(y, fraction=test_fraction, seed=options["seed"], stratify=classes)
    obstacle = stratification_obstacle(y, fraction=test_fraction) if classes else ""
    inputs = TablePreparation.fit(frame[rows], exclude=(target, *drop))
    preparation = Preparation(inputs, whole if classes else NumberTarget.fit(answers[rows]))
    _check_classes(whole, answers[rows])
    train = as_part(preparation, inputs.transform(frame[rows]), answers[rows])
    test = as_part(preparation, inputs.transform(frame[test_rows]), answers[test_rows])

    batch_size = batch_size or default_batch_size(len(rows))
    settings = TrainSettings(initialization="he", batch_size=batch_size, **options)
    folder = out or free_name(file.stem)
    note(f"{file}: {frame.height:,} rows; {len(rows):,} to learn from, {len(test_rows):,} held out.")
    note(f"Task: {kind}, because {reason}.")
    if obstacle:
        note(f"The test part does not keep the classes' shares: {obstacle}.")
    about = {"task": kind, "target": target, "source": printable(file)}
    trained = train_and_save(
        folder, settings, preparation, train, test, label=file.stem, about=about, overwrite=overwrite
    )
    if json_wanted:
        record = {
            "run": folder,
            "task": kind,
            "reason": reason,
            "columns": [summary._asdict() for summary in inputs.describe()],
            **trained.to_dict(),
        }
        click.echo(as_json(record))
    else:
        screen = console()
        _print_columns(screen, inputs)
        _print_result(screen, trained, folder, file)
    return trained.exit_code


def _check_classes(target: ClassTarget | NumberTarget, answers: "polars.Series") -> None:
    """Refuse a training part that lost all classes but one to the test part."""
    if isinstance(target, ClassTarget) and answers.n_unique() < 2:
        raise DataError(
            "--test-fraction",
            "rows of at least two classes to learn from",
            f"got {answers.len()} of {answers[0]!r} alone",
            "Hold out fewer rows, or collect more.",
        )


def default_batch_size(rows: int) -> int:
    """Small batches for small tables; measured on tables of 344 to 53,940 rows.

    Examples
    --------
    >>> [default_batch_size(rows) for rows in (300, 16_000, 43_000)]
    [32, 128, 256]
    """
    return 32 if rows < 4096 else 128 if rows < 32768 else 256


def _task(answers: "polars.Series", asked: str) -> tuple[str, str]:
    """What is to be learned, and why."""
    if asked == "auto":
        return guess_task(answers)
    if asked == "regression":
        return "regression", "--task says so"
    return ("binary" if answers.n_unique() == 2 else "multiclass"), "--task says so"


def _print_columns(screen: "Console", inputs: TablePreparation) -> None:
    columns = inputs.describe()
    print_table(screen, ("column", "kind", "what is done"), columns[:SHOWN_COLUMNS], left=3)
    if len(columns) > SHOWN_COLUMNS:
        screen.print(f"… and {len(columns) - SHOWN_COLUMNS} columns more (--json names all)\n")


def _print_result(screen: "Console", trained: Trained, folder: Path, file: Path) -> None:
    history = trained.run.history
    screen.print(f"{trained.run.network!r}", markup=False)
    title = f"Cost J of each epoch ({history.stopped}, {history[-1]['seconds']:.1f} s)"
    print_curve(screen, history.costs, height=9, title=title)
    print_scores(screen, trained.train, trained.test)
    commands = [(command.replace("FILE", shlex.quote(str(file))), meaning) for command, meaning in NEXT]
    print_next(screen, folder, commands)
