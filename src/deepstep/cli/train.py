"""``deepstep train``: a table becomes a run."""

import os
import shlex
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

from deepstep.cli.asked import asked, checkpoints_asked, suited
from deepstep.cli.fitting import Trained, free_name, train_and_save
from deepstep.cli.logs import Logs, check_packages, log_callbacks
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
from deepstep.cli.table_task import table_task
from deepstep.cli.target_choice import Goal
from deepstep.cli.train_options import SectionedCommand, train_options
from deepstep.cli.train_settings import TrainSettings
from deepstep.cli.unfinished import (
    Finish,
    Training,
    named_run,
    place_to_train,
    read_training,
    resumable,
    unfinished,
)
from deepstep.errors import ConfigurationError, FileError
from deepstep.preparation import TablePreparation
from deepstep.training import Checkpoints
from deepstep.training.checkpoints import checkpoint_files
from deepstep.training.refit import REFIT

if TYPE_CHECKING:
    import polars
    from rich.console import Console

T = TypeVar("T")

SHOWN_COLUMNS = 40
NEXT = (
    ("predict RUN FILE", "answers for the rows of a table"),
    ("evaluate RUN FILE", "answers compared with a table's own"),
    ("trace RUN --layer 1", "every number of one training step"),
    ("check-gradients RUN", "its gradients against finite differences"),
)
NO_TEST = "No rows were held out: none of these figures says how good answers for new rows are.\n"


class Way(Enum):
    """What is to become of a training: begin it, go on with it, or make a run of where it stands."""

    BEGIN = 0
    GO_ON = 1
    FINISH = 2


@click.command("train", cls=SectionedCommand)
@click.argument("file", required=False, metavar="FILE", type=click.Path(path_type=Path))
@train_options
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
    --resume RUN, to the same bits. (FILE is then needed only if it was moved.) The exception is --optimizer
    lbfgs, which cannot go on: Ctrl-C makes a run of what it reached, and a kill loses it.
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
        options = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in training.options.items()
        }
        way = Way.FINISH if finish else Way.GO_ON
    else:
        if finish:
            raise ConfigurationError("--finish", "it belongs to --resume", "got it alone")
        file = _required(context, "file", file)
        _required(context, "targets", options["targets"] or None)
        run, training = out or free_name(file.stem), None
        if options["validation"] is not None:
            options["validation"] = os.path.abspath(options["validation"])
        way = Way.BEGIN
    goal, settings = asked(options)
    checkpoints = checkpoints_asked(options, settings)
    logs = options["logs"] or {}
    check_packages(logs)
    frame = read_table(file)
    training = training or Training.of(file, options, options["validation"])
    return _train(
        file,
        frame,
        run,
        training,
        way,
        goal,
        settings,
        json_wanted=json_wanted,
        checkpoints=checkpoints,
        logs=logs,
        **{name: options[name] for name in ("overwrite", "validation")},
    )


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
    way: Way,
    goal: Goal,
    settings: TrainSettings,
    *,
    overwrite: bool,
    validation: str | None,
    checkpoints: Mapping[str, Any] | None,
    logs: Logs,
    json_wanted: bool,
) -> int:
    """From the table to the run, printed."""
    from deepstep.data import read_table

    task = table_task(frame, goal, None if validation is None else read_table(validation))
    rows = len(task.train.X)
    settings = suited(settings, task)
    held = "" if task.validation is None else f"{len(task.validation.X):,} to validate on, "
    tested = "none" if task.test is None else f"{len(task.test.X):,}"
    note(f"{file}: {frame.height:,} rows; {rows:,} to learn from, {held}{tested} held out.")
    note(f"Task: {task.kind}, because {task.reason}.")
    for sentence in task.notes:
        note(sentence)
    about = {"task": task.kind, "target": goal.target, "source": printable(file)}
    if goal.sample_weight is not None:
        about["sample_weight"] = goal.sample_weight
    resumed = way is not Way.BEGIN
    kept, again = (
        _kept(run, checkpoints, logs, replace=resumed or overwrite, refit=refit) for refit in (False, True)
    )
    if way is Way.FINISH:
        kept["callbacks"].append(Finish())
    with resumable(run, possible=checkpoints is not None):
        trained = train_and_save(
            place_to_train(run, training, resumed=resumed, overwrite=overwrite),
            settings,
            task.preparation,
            task.train,
            task.test,
            validation=task.validation,
            label=file.stem,
            about=about,
            again=again,
            **kept,
        )
    inputs = task.inputs
    if json_wanted:
        record = {
            "run": run,
            "task": task.kind,
            "reason": task.reason,
            "columns": [summary._asdict() for summary in inputs.describe()],
            **trained.to_dict(),
        }
        click.echo(as_json(record))
    else:
        screen = console()
        _print_columns(screen, inputs)
        _print_result(screen, trained, run, file)
    return trained.exit_code


def _kept(
    run: Path, checkpoints: Mapping[str, Any] | None, logs: Logs, *, replace: bool, refit: bool
) -> dict[str, Any]:
    """What a training, or its refit, keeps while it runs, as `Network.train` takes it."""
    folder = unfinished(run)
    kept: dict[str, Any] = {"callbacks": log_callbacks(logs, folder, run.name, replace=replace, refit=refit)}
    if checkpoints is not None:
        place = folder / REFIT if refit else folder
        kept |= {"checkpoint": Checkpoints(place, **checkpoints), "resume": True}
    return kept


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
    print_scores(screen, trained.parts, by_class="class_weights" in trained.run.config)
    if "test" not in trained.parts:
        screen.print(NO_TEST, markup=False)
    commands = [(command.replace("FILE", shlex.quote(str(file))), meaning) for command, meaning in NEXT]
    print_next(screen, folder, commands)
