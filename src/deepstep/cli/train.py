"""``deepstep train``: a table becomes a run."""

import shlex
from collections.abc import Sequence
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

from deepstep.cli.exit_codes import GOOD
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
from deepstep.cli.unfinished import (
    Finish,
    Training,
    named_run,
    place_to_train,
    read_training,
    resumable,
    unfinished,
)
from deepstep.errors import ConfigurationError, DataError, FileError
from deepstep.preparation import ClassTarget, NumberTarget, Preparation, TablePreparation, guess_task
from deepstep.training import Checkpoints
from deepstep.training.checkpoints import checkpoint_files

if TYPE_CHECKING:
    import polars
    from rich.console import Console

T = TypeVar("T")

TASKS = ("auto", "classification", "regression")
SHOWN_COLUMNS = 40
NEXT = (
    ("predict RUN FILE", "answers for the rows of a table"),
    ("evaluate RUN FILE", "answers compared with a table's own"),
    ("trace RUN --layer 1", "every number of one training step"),
    ("check-gradients RUN", "its gradients against finite differences"),
)


class Goal(Enum):
    """What is to become of a training: begin it, go on with it, or make a run of where it stands."""

    BEGIN = 0
    GO_ON = 1
    FINISH = 2


@click.command("train")
@click.argument("file", required=False, metavar="FILE", type=click.Path(path_type=Path))
@click.option("--target", help="The column to predict.  [required]")
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
@click.option(
    "--checkpoint-every",
    type=click.FloatRange(min=0),
    default=30.0,
    show_default=True,
    metavar="SECONDS",
    help="Between two checkpoints.",
)
@click.option(
    "--resume",
    type=click.Path(path_type=Path),
    metavar="RUN",
    help="Go on with the training of RUN that was interrupted; its options are known.",
)
@click.option("--finish", is_flag=True, help="With --resume: make a run of what was reached.")
@json_option
@click.pass_context
def command(
    context: click.Context,
    /,
    file: Path | None,
    out: Path | None,
    resume: Path | None,
    finish: bool,
    json_wanted: bool,
    **options: Any,
) -> int:
    """Train a network on a table and save it as a run.

    FILE ends in .csv, .tsv, .parquet, .arrow or .jsonl. Numbers are standardized, texts become 0/1 features,
    missing numbers become the mean. All of this is learned from the training rows alone; the rows held out
    are for the result only.

    Until it is done the training stands in RUN.unfinished. Interrupted by Ctrl-C, or killed, it goes on with
    --resume RUN, to the same bits. (FILE is then needed only if it was moved.)
    """
    from deepstep.data import read_table

    if resume is not None:
        _refuse_beside_resume(context)
        run = named_run(resume)
        training = read_training(run)
        file = file or Path(training.file)
        training.check(file)
        if finish and not checkpoint_files(unfinished(run)):
            raise FileError(
                str(run), "a checkpoint to make a run of", "there is none yet", "Leave --finish out."
            )
        options = {**training.options, "hidden": tuple(training.options["hidden"])}
        frame = read_table(file)
        goal = Goal.FINISH if finish else Goal.GO_ON
    else:
        if finish:
            raise ConfigurationError("--finish", "it belongs to --resume", "got it alone")
        file = _required(context, "file", file)
        _required(context, "target", options["target"])
        run = out or free_name(file.stem)
        frame = read_table(file)
        training = Training.of(file, options)
        goal = Goal.BEGIN
    return _train(file, frame, run, training, goal, json_wanted=json_wanted, **options)


def _required(context: click.Context, name: str, value: T | None) -> T:
    if value is None:
        parameter = next(parameter for parameter in context.command.params if parameter.name == name)
        raise click.MissingParameter(ctx=context, param=parameter)
    return value


def _refuse_beside_resume(context: click.Context) -> None:
    """Options of a training that goes on are those that it began with."""
    for parameter in context.command.params:
        name = parameter.name or ""
        given = context.get_parameter_source(name) is ParameterSource.COMMANDLINE
        if given and name not in ("file", "resume", "finish", "json_wanted"):
            raise ConfigurationError(
                "--resume",
                "a training goes on with the options that it began with",
                f"got {' or '.join(parameter.opts)} besides",
                "Leave it out, or begin anew.",
            )


def _train(
    file: Path,
    frame: "polars.DataFrame",
    run: Path,
    training: Training,
    goal: Goal,
    *,
    target: str,
    overwrite: bool,
    task: str,
    drop: Sequence[str],
    test_fraction: float,
    batch_size: int | None,
    checkpoint_every: float,
    json_wanted: bool,
    **options: Any,
) -> int:
    """From the table to the run, printed."""
    from deepstep.data import column, holdout, stratification_obstacle

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
    note(f"{file}: {frame.height:,} rows; {len(rows):,} to learn from, {len(test_rows):,} held out.")
    note(f"Task: {kind}, because {reason}.")
    if obstacle:
        note(f"The test part does not keep the classes' shares: {obstacle}.")
    about = {"task": kind, "target": target, "source": printable(file)}
    with resumable(run):
        trained = train_and_save(
            place_to_train(run, training, resumed=goal is not Goal.BEGIN, overwrite=overwrite),
            settings,
            preparation,
            train,
            test,
            label=file.stem,
            about=about,
            checkpoint=Checkpoints(unfinished(run), every=checkpoint_every),
            resume=True,
            callbacks=[Finish()] if goal is Goal.FINISH else [],
        )
    if json_wanted:
        record = {
            "run": run,
            "task": kind,
            "reason": reason,
            "columns": [summary._asdict() for summary in inputs.describe()],
            **trained.to_dict(),
        }
        click.echo(as_json(record))
    else:
        screen = console()
        _print_columns(screen, inputs)
        _print_result(screen, trained, run, file)
    return GOOD


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
