"""``deepstep train``: a table becomes a run."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

from deepstep.cli import workers
from deepstep.cli.asked import asked, checkpoints_asked, suited
from deepstep.cli.fitting import Trained, train_and_save
from deepstep.cli.held_out import STREAMED, of_table
from deepstep.cli.logs import Logs, check_packages, log_callbacks
from deepstep.cli.output import harmless
from deepstep.cli.preset_choice import ENSEMBLES, PresetChoice, chosen_preset, preset_that_began
from deepstep.cli.run_places import free_name
from deepstep.cli.screen import as_json, console, json_option, print_curve, print_scores
from deepstep.cli.stream_task import stream_task, surveyed, tell_of_stream
from deepstep.cli.table_task import table_task
from deepstep.cli.target_choice import Goal
from deepstep.cli.target_words import table_of
from deepstep.cli.telling import NO_TEST, about, print_columns, print_saved, tell
from deepstep.cli.train_options import SectionedCommand, train_options
from deepstep.cli.train_settings import TrainSettings
from deepstep.cli.unfinished import (
    NAME,
    Finish,
    Keeping,
    Training,
    Way,
    named_run,
    place_to_train,
    read_training,
    resumable,
    stands_already,
    unfinished,
)
from deepstep.data import StoredRows
from deepstep.data.stored_tables import stored
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
    """Train on a table and save what was learned as a run.

    FILE ends in .csv, .tsv, .parquet, .arrow or .jsonl, with texts, dates and missing values as they are, or
    is a folder of Parquet parts. From 256 MB of Parquet on the rows stay there and are streamed, which is
    always one network (see docs/streaming.md). How
    columns become numbers is learned from the training rows alone; the rows held out are for the result only.

    By default an ensemble of small networks is trained (--preset tabular). An option of a single training,
    such as --hidden-layers, --epochs, --optimizer, --validation or --log, selects one network (--preset
    single). The other options go with both: those of data but for validation, --loss, --quantiles,
    --huber-delta, --seed, --engine, --deterministic, --time-budget, --out and --overwrite.

    Until the training of one network is done it stands in RUN.unfinished. Interrupted by Ctrl-C, or killed,
    it goes on with --resume RUN, to the same bits. (FILE is then needed only if it was moved.) The exception
    is --optimizer lbfgs, which cannot go on: Ctrl-C makes a run of what it reached, and a kill loses it. Of
    an ensemble nothing is kept before it is done, but of the one network that --preset tabular makes of rows
    that are streamed.

    Many processes train one network together, to the same result within rounding: "torchrun
    --nproc-per-node=N -m -- deepstep train FILE …". When one is killed, --max-restarts=3 starts all again,
    and they go on from the last checkpoint.
    """
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
                "Begin anew.",
            )
        file = file or Path(training.file)
        if not workers.by_torchrun():  # else when they are together
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
        run, training = out or free_name(file.stem), None
        if options["validation"] is not None:
            options["validation"] = os.path.abspath(options["validation"])
        way, begun = Way.BEGIN, None
    weighing = options["sample_weight"]
    beside = [*options["targets"], *([weighing] if weighing else [])]
    rows = stored(file, options["stream"], beside=beside)
    preset = begun or chosen_preset(context, streamed=rows is not None)
    goal, settings = asked(options)
    workers.refuse_what_workers_cannot(settings)
    if rows is None and options["buffer_rows"] is not None:
        raise ConfigurationError(
            "--buffer-rows", "--stream", "the table is read into memory", "Add --stream."
        )
    checkpoints = checkpoints_asked(options, settings)
    logs = options["logs"] or {}
    check_packages(logs)
    source = table_of(file, goal, beside) if rows is None else rows
    if preset.name in ENSEMBLES:
        from deepstep.cli.train_ensemble import train_ensemble

        keeping = None
        if rows is not None and checkpoints is not None:
            training = training or Training.of(file, options)
            keeping = Keeping(training, way, checkpoints)
        of_both = {name: options[name] for name in ("n_estimators", "overwrite", "buffer_rows")}
        return train_ensemble(
            file, source, run, goal, settings, preset, keeping, json_wanted=json_wanted, **of_both
        )
    with workers.together(settings.engine or "auto", options["worker_timeout"]):
        if training is not None and workers.by_torchrun():
            training.check(file)
        training = training or Training.of(file, options, options["validation"])
        if way is Way.BEGIN and workers.started_again() and stands_already(run, training):
            way = Way.GO_ON
        return _train(
            file,
            source,
            run,
            training,
            way,
            goal,
            settings,
            preset,
            json_wanted=json_wanted,
            checkpoints=checkpoints,
            logs=logs,
            **{name: options[name] for name in ("overwrite", "validation", "buffer_rows")},
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
    source: "polars.DataFrame | StoredRows",
    run: Path,
    training: Training,
    way: Way,
    goal: Goal,
    settings: TrainSettings,
    preset: PresetChoice,
    *,
    overwrite: bool,
    validation: str | None,
    buffer_rows: int | None,
    checkpoints: Mapping[str, Any] | None,
    logs: Logs,
    json_wanted: bool,
) -> int:
    """From the table to the run, printed."""

    judged = None if validation is None else table_of(Path(validation), goal)
    if isinstance(source, StoredRows):
        seen = surveyed(source, goal, validation_fraction=goal.validation_fraction or 0.0)
        task = stream_task(seen, goal, settings, judged, buffer_rows=buffer_rows)
        tell_of_stream(file, seen._replace(split=task.split), preset, buffer_rows)
    else:
        task = table_task(source, goal, judged)
        tell(file, source, task.split, preset)
    settings = suited(settings, task)
    resumed = way is not Way.BEGIN
    kept, again = (
        _kept(run, checkpoints, logs, replace=resumed or overwrite, refit=refit) for refit in (False, True)
    )
    second = None if validation is None else Path(validation)
    held_out = (
        of_table(file, run, task.split, second, refit=bool(settings.refit))
        if task.stream is None
        else {STREAMED: {"buffer_rows": task.stream.buffer_rows}}
    )
    if way is Way.FINISH:
        kept["callbacks"].append(Finish())
    with resumable(run, possible=checkpoints is not None):
        trained = train_and_save(
            place_to_train(run, training, resumed=resumed, overwrite=overwrite),
            run,
            settings,
            task.preparation,
            task.train,
            task.test,
            validation=task.validation,
            label=harmless(file.stem),
            about={**about(file, goal, task.split, validation), **held_out},
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
    run: Path, checkpoints: Mapping[str, Any] | None, logs: Logs, *, replace: bool, refit: bool
) -> dict[str, Any]:
    """Checkpoints and logs of a training, or of its refit, as `Network.train` takes them."""
    folder = unfinished(run)
    kept: dict[str, Any] = {"callbacks": log_callbacks(logs, folder, replace=replace, refit=refit)}
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
