"""``deepstep train``: a table becomes a run."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from deepstep.cli.fitting import Trained, train_and_save
from deepstep.cli.held_out import STREAMED, of_table
from deepstep.cli.messages import NO_TEST, about, print_columns, print_saved, tell
from deepstep.cli.option_types import Logs
from deepstep.cli.options import (
    ENSEMBLES,
    SectionedCommand,
    SectionOption,
    TrainOptions,
    config_option,
    train_options,
)
from deepstep.cli.screen import as_json, console, harmless, json_option, print_curve, print_scores
from deepstep.cli.settings import (
    Preset,
    checked,
    checkpoint_options,
    chosen_preset,
    is_given,
    preset_that_began,
    suited,
)
from deepstep.cli.stream_task import stream_task, surveyed, tell_of_stream
from deepstep.cli.table_task import table_task
from deepstep.cli.target import table_of
from deepstep.cli.unfinished import (
    NAME,
    Finish,
    Keeping,
    Training,
    Way,
    check_packages,
    free_name,
    log_callbacks,
    named_run,
    place_to_train,
    read_training,
    resumable,
    unfinished,
)
from deepstep.data import StoredRows
from deepstep.data.sources import stem_of
from deepstep.data.tables import stored
from deepstep.errors import ConfigurationError, FileError
from deepstep.training import ModelCheckpoint
from deepstep.training.checkpoints import checkpoint_files
from deepstep.training.fit import REFIT

if TYPE_CHECKING:
    import polars
    from rich.console import Console

T = TypeVar("T")

NEXT = (
    ("predict RUN FILE", "answers for the rows of a table"),
    ("evaluate RUN FILE", "answers compared with a table's own"),
    ("trace RUN --layer 1", "every number of one training step"),
    ("check-gradients RUN", "its gradients against finite differences"),
)


@click.command("train", cls=SectionedCommand)
@click.argument("file", required=False, metavar="FILE", type=click.Path(path_type=Path))
@click.option(
    "--resume",
    cls=SectionOption,
    section="Run folder",
    type=click.Path(path_type=Path),
    metavar="RUN",
    help="Resume the interrupted training of RUN with its original options.",
)
@click.option(
    "--finalize",
    "finish",
    cls=SectionOption,
    section="Run folder",
    common=False,
    is_flag=True,
    help="With --resume: stop now and save the current state as a finished run.",
)
@json_option
@click.pass_context
def train_command(
    context: click.Context,
    /,
    file: Path | None,
    resume: Path | None,
    finish: bool,
    json_wanted: bool,
    **options: Any,
) -> int:
    """Train a model on a table and save it to a run folder.

    FILE ends in .csv, .tsv, .txt (also .csv.gz and the like), .parquet, .arrow, .jsonl or .xlsx, is a folder
    of Parquet files, or "-" for standard input. Texts, dates and missing values are taken as they are; the
    preprocessing is fitted to the training rows alone. The separator, decimal comma and encoding of a text
    table are found. Parquet of 256 MB or more is streamed from disk (see docs/streaming.md).

    By default an ensemble of small networks is trained (--preset tabular). An option of a single network,
    such as --hidden-layers, --epochs, --optimizer, --validation or --log, selects --preset single.

    The training of a single network is kept in RUN.unfinished until it is done. After Ctrl-C or a kill,
    --resume RUN continues it to the same bits. FILE is then needed only if it was moved. Trainings with
    --optimizer lbfgs and ensembles on folds cannot be resumed; after Ctrl-C, lbfgs saves what it reached.
    """
    out = options.pop("out")
    if resume is not None:
        _refuse_beside_resume(context)
        run = named_run(resume)
        training = read_training(run)
        if training.options.keys() != options.keys():
            different = sorted(training.options.keys() ^ options.keys())
            raise FileError(
                str(unfinished(run) / NAME),
                "the options of a training",
                f"it differs in {', '.join(different[:3])!s:.100}",
                "Start a new training.",
            )
        file = file or Path(training.file)
        training.check(file)
        if finish and not checkpoint_files(unfinished(run)):
            raise FileError(
                str(run), "a checkpoint to make a run of", "there is none yet", "Leave --finalize out."
            )
        options = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in training.options.items()
        }
        way, begun = Way.FINISH if finish else Way.GO_ON, preset_that_began(options["preset"])
    else:
        if finish:
            raise ConfigurationError("--finalize", "it belongs to --resume", "got it alone")
        file = _required(context, "file", file)
        _required(context, "targets", options["targets"] or None)
        run, training = out or free_name(stem_of(file)), None
        if options["validation"] is not None:
            options["validation"] = os.path.abspath(options["validation"])
        way, begun = Way.BEGIN, None
    weighing = options["sample_weight"]
    beside = [*options["targets"], *([weighing] if weighing else [])]
    rows = stored(file, options["stream"], beside=beside)
    preset = begun or chosen_preset(context, streamed=rows is not None)
    asked = checked(options)
    if rows is None and options["buffer_rows"] is not None:
        raise ConfigurationError(
            "--buffer-rows", "--stream", "the table is read into memory", "Add --stream."
        )
    checkpoints = checkpoint_options(asked)
    check_packages(asked.logs or {})
    source, asked = table_of(file, asked, beside) if rows is None else (rows, asked)
    if preset.name in ENSEMBLES:
        from deepstep.cli.train_ensemble import train_ensemble

        keeping = None
        if rows is not None and checkpoints is not None:
            training = training or Training.of(file, options)
            keeping = Keeping(training, way, checkpoints)
        return train_ensemble(file, source, run, asked, preset, keeping, json_wanted=json_wanted)
    training = training or Training.of(file, options, options["validation"])
    return _train(file, source, run, training, way, asked, preset, checkpoints, json_wanted=json_wanted)


def _required(context: click.Context, name: str, value: T | None) -> T:
    if value is None:
        parameter = next(parameter for parameter in context.command.params if parameter.name == name)
        raise click.MissingParameter(ctx=context, param=parameter)
    return value


def _refuse_beside_resume(context: click.Context) -> None:
    """Refuse other options beside --resume."""
    for parameter in context.command.params:
        name = parameter.name or ""
        if is_given(context, name) and name not in ("file", "resume", "finish", "json_wanted"):
            raise ConfigurationError(
                "--resume",
                "used without other options",
                f"got {' or '.join(parameter.opts)}",
                "Resumed trainings use their original options: remove it, or start a new training.",
                setting="--resume",
            )


def _train(
    file: Path,
    source: "polars.DataFrame | StoredRows",
    run: Path,
    training: Training,
    way: Way,
    options: TrainOptions,
    preset: Preset,
    checkpoints: Mapping[str, Any] | None,
    *,
    json_wanted: bool,
) -> int:
    """From the table to the run, printed."""
    second = None if options.validation is None else Path(options.validation)
    validation = None if second is None else table_of(second, options)[0]
    if isinstance(source, StoredRows):
        seen = surveyed(source, options, validation_fraction=options.validation_fraction or 0.0)
        task = stream_task(seen, options, validation)
        tell_of_stream(file, seen._replace(split=task.split), preset, options.buffer_rows)
    else:
        task = table_task(source, options, validation)
        tell(file, source, task.split, preset)
    resumed, logs, fitting = way is not Way.BEGIN, options.logs or {}, suited(options, task)
    kept, again = (_kept(run, checkpoints, logs, resumed=resumed, refit=refit) for refit in (False, True))
    held_out = (
        of_table(file, run, task.split, second, refit=bool(options.refit))
        if task.stream is None
        else {STREAMED: {"buffer_rows": task.stream.buffer_rows}}
    )
    if way is Way.FINISH:
        kept["callbacks"].append(Finish())
    with resumable(run, possible=checkpoints is not None):
        trained = train_and_save(
            place_to_train(run, training, resumed=resumed, overwrite=options.overwrite),
            run,
            fitting,
            task.preparation,
            task.train,
            task.test,
            validation=task.validation,
            label=harmless(stem_of(file)),
            about={**about(file, options, task.split, preset.name), **held_out},
            again=again,
            stream=task.stream,
            **kept,
        )
    if json_wanted:
        record = {
            "run": run,
            "task": task.split.kind,
            "reason": task.split.reason,
            "columns": [summary._asdict() for summary in task.split.inputs.describe()],
            **trained.to_dict(),
        }
        click.echo(as_json(record))
    else:
        screen = console()
        print_columns(screen, task.split.inputs)
        _print_result(screen, trained, run, file)
    return trained.exit_code


def _kept(
    run: Path, checkpoints: Mapping[str, Any] | None, logs: Logs, *, resumed: bool, refit: bool
) -> dict[str, Any]:
    """Checkpoints and logs of a training, or of its refit, as `Network.train` takes them."""
    folder = unfinished(run)
    kept: dict[str, Any] = {"callbacks": log_callbacks(logs, folder, resumed=resumed, refit=refit)}
    if checkpoints is not None:
        place = folder / REFIT if refit else folder
        kept |= {"checkpoint": ModelCheckpoint(place, **checkpoints), "resume": True}
    return kept


def _print_result(screen: "Console", trained: Trained, folder: Path, file: Path) -> None:
    history = trained.run.history
    screen.print(f"{trained.run.network!r}", markup=False)
    title = f"Cost J of each epoch ({history.stopped}, {history[-1]['seconds']:.1f} s)"
    print_curve(screen, history.costs, height=9, title=title)
    print_scores(screen, trained.parts, by_class="class_weights" in trained.run.config)
    if "test" not in trained.parts:
        screen.print(NO_TEST, markup=False)
    print_saved(screen, folder, file, NEXT)


train_command.params[1:1] = [*train_options(), config_option()]
