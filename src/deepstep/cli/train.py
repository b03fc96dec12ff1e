"""``deepstep train``: a table becomes a run."""

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, TypeVar

import click

from deepstep.cli.groups_and_time import check_held_out
from deepstep.cli.images import holds_pictures, train_on_folder
from deepstep.cli.messages import (
    about,
    as_records,
    of_one_network,
    of_what_is_held_out,
    print_columns,
    print_presets,
    print_saved,
    tell,
    tell_of_the_rate,
)
from deepstep.cli.option_types import PATH
from deepstep.cli.options import (
    SINGLE,
    TYPED,
    SectionedCommand,
    SectionOption,
    TrainOptions,
    config_option,
    train_options,
)
from deepstep.cli.runs import held_out_of, keep, what_happened
from deepstep.cli.screen import (
    GOOD,
    INTERRUPTED,
    as_json,
    as_warning,
    console,
    json_option,
    note,
    print_curve,
    print_scores,
    warnings_as_notes,
)
from deepstep.cli.settings import (
    Preset,
    check_refit,
    checked,
    checkpoint_options,
    chosen_preset,
    is_given,
    preset_that_began,
    suited,
)
from deepstep.cli.split import DEFAULT_VALIDATION, TableSplit, surveyed, table_split
from deepstep.cli.target import table_of
from deepstep.cli.unfinished import (
    NAME,
    Keeping,
    Training,
    free_name,
    named_run,
    place,
    read_training,
    unfinished,
)
from deepstep.data import StoredRows
from deepstep.data.sources import stem_of
from deepstep.data.tables import stored
from deepstep.errors import ConfigurationError, DivergenceError, FileError
from deepstep.run import Run
from deepstep.run import STREAMED
from deepstep.training.fit import INTERRUPTED as CUT
from deepstep.training.interruption import deferred
from deepstep.training.rate_finder import AUTO

if TYPE_CHECKING:
    import polars

    from deepstep.estimators.ensemble import Ensemble
    from deepstep.inspection.metrics import Scores

T = TypeVar("T")

NEXT = (
    ("predict RUN FILE", "predictions for the rows of a table"),
    ("evaluate RUN FILE", "predictions compared with the table's target"),
)
OF_ONE_NETWORK = (
    ("trace RUN --layer 1", "every number of one training step"),
    ("check-gradients RUN", "its gradients against finite differences"),
)
OF_AN_ENSEMBLE = (
    ("summary RUN", "members, options, results, columns"),
    ("trace RUN --member 0 --layer 1", "every number of one training step of a member"),
)


@click.command("train", cls=SectionedCommand)
@click.argument("file", required=False, metavar="FILE", type=PATH)
@click.option(
    "--resume",
    cls=SectionOption,
    section="Run folder",
    type=PATH,
    metavar="RUN",
    help="Resume the interrupted training of RUN with its original options.",
)
@json_option
@click.pass_context
def train_command(
    context: click.Context,
    /,
    file: Path | None,
    resume: Path | None,
    json_wanted: bool,
    **options: Any,
) -> int:
    """Train a model on a table and save it to a run folder.

    FILE ends in .csv, .tsv, .txt (also .csv.gz and the like), .parquet, .arrow, .jsonl or .xlsx, is a folder
    of Parquet files, or "-" for standard input. Texts, dates and missing values are taken as they are; the
    preprocessing is fitted to the training rows alone. The separator, decimal comma and encoding of a text
    table are found. Parquet of 256 MB or more is streamed from disk (see docs/streaming.md).

    FILE may be a folder of pictures, one folder per class: without --target, one network learns the pictures,
    resized to 64×64 pixels.

    By default an ensemble of small networks is trained (--preset tabular). An option of a single network,
    such as --hidden-layers, --epochs, --optimizer, --validation or --log, selects --preset single.

    A training is kept in RUN.unfinished until it is done. After a kill, --resume RUN continues it to the same
    bits: one network from its last checkpoint, an ensemble from the networks that were done (those of the
    last 5 seconds are trained again). FILE is then needed only if it was moved. After Ctrl-C one network can
    be resumed, too; of an ensemble the run of those networks that are done is saved, with exit code 130.
    Trainings with --optimizer lbfgs and ensembles with --time-budget cannot be resumed.
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
        options = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in training.options.items()
        }
    else:
        file = _required(context, "file", file)
        if holds_pictures(file):
            return train_on_folder(context, file, out, json_wanted=json_wanted)
        _required(context, "targets", options["targets"] or None)
        run, training = out or free_name(stem_of(file)), None
        if options["validation"] is not None:
            options["validation"] = os.path.abspath(options["validation"])
    weighing = options["sample_weight"]
    beside = [*options["targets"], *([weighing] if weighing else [])]
    rows = stored(file, options["stream"], beside=beside)
    streamed = rows is not None
    if resume is None:
        preset = chosen_preset(context, streamed=streamed)
    else:
        preset = preset_that_began(options["preset"], streamed=streamed)
    asked = checked(options)
    if preset.name == SINGLE:
        check_refit(asked)
    check_held_out(asked, single=preset.name == SINGLE, streamed=rows is not None)
    if rows is None and options["buffer_rows"] is not None:
        raise ConfigurationError(
            "--buffer-rows", "--stream", "the table is read into memory", "Add --stream."
        )
    checkpoints = checkpoint_options(asked)
    source, asked = table_of(file, asked, beside) if rows is None else (rows, asked)
    of_folds = preset.name != SINGLE and rows is None
    if of_folds and asked.time_budget is not None:
        checkpoints = None  # the clock decides
    if training is None:
        began = {**options, "preset": preset.name} if of_folds else options
        training = Training.of(file, began, options["validation"])
    keeping = Keeping(training, checkpoints, resume is not None, of_folds)
    return _train(file, source, run, keeping, asked, preset, json_wanted=json_wanted)


def _required(context: click.Context, name: str, value: T | None) -> T:
    if value is None:
        parameter = next(parameter for parameter in context.command.params if parameter.name == name)
        raise click.MissingParameter(ctx=context, param=parameter)
    return value


def _refuse_beside_resume(context: click.Context) -> None:
    """Refuse other options beside --resume."""
    for parameter in context.command.params:
        name = parameter.name or ""
        if is_given(context, name) and name not in ("file", "resume", "json_wanted"):
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
    keeping: Keeping,
    options: TrainOptions,
    preset: Preset,
    *,
    json_wanted: bool,
) -> int:
    """From the table to the run, printed; gives the exit code."""
    from deepstep.cli import fitting  # scikit-learn comes with it

    single = preset.name == SINGLE
    second = None if options.validation is None else Path(options.validation)
    validation = None if second is None else table_of(second, options)[0]
    if isinstance(source, StoredRows):
        share = (options.validation_fraction or 0.0) if single else DEFAULT_VALIDATION
        split = surveyed(source, options, validation, validation_fraction=share)
        n_rows = source.n_rows
    else:
        split, n_rows = table_split(source, options, validation), source.height
    tell(file, n_rows, options, split, preset)
    estimator = fitting.new_estimator(options, preset.name, split, stem_of(file))
    options = suited(options, split)
    with deferred(waits=False) as press, place(run, keeping, overwrite=options.overwrite) as save:
        estimator.set_params(**keeping.parameters(run, options.logs or {}))
        config = about(file, options, split, preset.name)
        if split.survey is not None:
            rows = options.buffer_rows
            config[STREAMED] = {} if rows is None else {"buffer_rows": rows}
        begun = monotonic()
        try:
            fitting.fit(estimator, split, options)
        except DivergenceError as error:
            if error.ensemble is not None:
                config |= {**_settings(options, preset, error.ensemble), **what_happened(error)}
                config |= fitting.weights(split, [split.train], options)
                if not single:
                    config["seconds"] = monotonic() - begun
                reached = fitting.run_of(error.ensemble, split, config)
                with as_warning("What was reached is kept without the rows that were held out"):
                    reached.held_out = held_out_of(reached, split, file, second)
                keep(reached, run, error)
            raise
        history = estimator.histories_[0]
        cut = history.stopped == CUT and not keeping.of_folds  # else a run of the networks that are done
        press.waits = not cut
        if cut:
            keeping.interrupted(run, history, again=press.again)
        ensemble = estimator.ensemble_
        learned = [split.train]
        if single and split.validation is not None and estimator.stopping_history_ is not None:
            learned.append(split.validation)
        config |= {**_settings(options, preset, ensemble), **fitting.weights(split, learned, options)}
        if not single:
            seconds = [one[-1]["seconds"] for one in estimator.histories_ if one]
            config["seconds"] = max(monotonic() - begun, *seconds)
            config |= {"engine": ensemble.members[0].engine, "why_engine": history.why_engine}
        whole = fitting.run_of(estimator, split, config)
        save(whole)
    parts: dict[str, Scores] = {}
    saved = f"The run is saved in {run}, but"
    with warnings_as_notes():
        with as_warning(f"{saved} its scores are missing"):
            parts = fitting.scores(whole, split, learned)
            whole.config["results"] = {name: part.to_dict() for name, part in parts.items()}
        with as_warning(f"{saved} the rows that were held out are not in it"):
            whole.held_out = held_out_of(whole, split, file, second, refit=len(learned) > 1)
        with as_warning(f"{saved} its scores are not in it"):
            whole.write_results(run)
    record: dict[str, Any] = {"run": run}
    with as_warning(f"{saved} it cannot be shown"):
        if options.learning_rate == AUTO and single:
            tell_of_the_rate(estimator.learning_rate_, estimator.rate_search_)
        if json_wanted:
            record = _record(run, whole, split, single=single)
        else:
            _print_result(whole, split, parts, run, file, single=single)
    if json_wanted:
        click.echo(as_json(record))
    if press.asked and not estimator.interrupted_:
        note(f"Interrupted after the training, whose run is saved in {run}.")
    return INTERRUPTED if estimator.interrupted_ or press.asked else GOOD


def _settings(options: TrainOptions, preset: Preset, ensemble: "Ensemble") -> dict[str, Any]:
    """Entries of a run's config about the settings of the training."""
    if preset.name == SINGLE:
        entries: dict[str, Any] = {}
        if options.learning_rate == AUTO:
            options = replace(options, learning_rate=ensemble.members[0].settings["learning_rate"])
            entries = {"found": ["learning_rate"]}
        return {**entries, "settings": options.kept("settings")}
    own = {name: value for name, value in options.kept("settings").items() if TYPED[name].of != "network"}
    n = options.n_estimators or len(ensemble.members)
    return {"settings": {"preset": preset.name, "n_estimators": n, **own}}


def _record(run: Path, whole: Run, split: TableSplit, *, single: bool) -> dict[str, Any]:
    """The result as JSON has it."""
    config = whole.config
    record = {
        "run": run,
        "task": split.kind,
        "reason": split.reason,
        "columns": [summary._asdict() for summary in split.inputs.describe()],
        "settings": config["settings"],
    }
    if single:
        return {**record, **of_one_network(whole), **config.get("results", {})}
    return {
        **record,
        **{name: config[name] for name in ("engine", "why_engine", "seconds")},
        "output": whole.ensemble.head,
        "presets": whole.ensemble.weights,
        "members": as_records(whole.leaderboard()),
        **config.get("results", {}),
    }


def _print_result(
    whole: Run, split: TableSplit, parts: "Mapping[str, Scores]", folder: Path, file: Path, *, single: bool
) -> None:
    screen = console()
    print_columns(screen, split.inputs)
    if single:
        history = whole.history
        screen.print(f"{whole.network!r}", markup=False)
        title = f"Cost J of each epoch ({history.stopped}, {history[-1]['seconds']:.1f} s)"
        print_curve(screen, history.costs, height=9, title=title)
        if whole.ensemble.cost_note:
            screen.print(f"{whole.ensemble.cost_note}\n", soft_wrap=True)
    else:
        print_presets(screen, whole.ensemble)
    if parts:
        print_scores(screen, parts, by_class="class_weights" in whole.config, decimal=whole.decimal)
        for sentence in of_what_is_held_out(split, parts, single=single):
            screen.print(sentence, markup=False)
    further = OF_ONE_NETWORK if single else OF_AN_ENSEMBLE
    print_saved(screen, folder, file, (*NEXT, *further))


train_command.params[1:1] = [*train_options(), config_option()]
