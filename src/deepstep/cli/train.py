"""``deepstep train``: a table becomes a run."""

import os
import shlex
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from deepstep.cli.option_types import PATH, READ_HELP, WORDS, SectionedCommand, SectionOption, read_settings
from deepstep.cli.resume import Training, free_name, named_run, read_training
from deepstep.cli.screen import json_option
from deepstep.cli.task import TASKS
from deepstep.data.sources import stem_of
from deepstep.errors import ConfigurationError

T = TypeVar("T")


def _data(*words: str, **settings: Any) -> SectionOption:
    return SectionOption(words, section="Data", **settings)


_OWN = [
    _data(
        "--target",
        multiple=True,
        metavar="COLUMN",
        help="Column to predict. Repeatable, for columns of two values each or all of numbers.  [required]",
    ),
    _data("--task", type=click.Choice(TASKS), default="auto", show_default=True, help="Kind of the target."),
    _data("--exclude", multiple=True, metavar="COLUMN", help="Column to leave out. Repeatable."),
    _data("--sample-weight", metavar="COLUMN", help="Column of row weights; no feature."),
    _data(
        "--groups",
        metavar="COLUMN",
        help="Column of groups, such as patients, that are never split between "
        "folds, validation and test set. No feature, except with --keep.",
    ),
    _data(
        "--time-order",
        is_flag=True,
        help="Rows are in the order of time; test and validation rows are newer than those learned from.",
    ),
    _data(
        "--time-column",
        metavar="COLUMN",
        help="Sort rows by this column of dates or numbers; implies "
        "--time-order. Remains a feature, except with --exclude.",
    ),
    _data(
        "--test-fraction",
        type=float,
        default=0.2,
        show_default=True,
        help="Fraction of rows held out as test set; 0 for none.",
    ),
    _data(
        "--validation",
        type=PATH,
        metavar="FILE",
        help="Table to validate on, in place of folds or a part of FILE.",
    ),
    _data(
        "--stream/--no-stream",
        default=None,
        help="Read Parquet or .npy from disk in every epoch, not into memory. Default: on from 256 MB.",
    ),
    _data("--drop-missing-target", is_flag=True, help="Drop and count rows without a target."),
    _data("--read", multiple=True, metavar="NAME=VALUE", callback=read_settings, help=READ_HELP),
]
_MODEL = SectionOption(
    ["--model"],
    type=click.Choice(("ensemble", "network")),
    default="ensemble",
    show_default=True,
    section="Model",
    help="ensemble: networks on folds, of the best presets. network: one network.",
)
_RUN = [
    SectionOption(
        ["--out"], type=PATH, section="Run folder", help="Run folder. Default: a new one in runs/."
    ),
    SectionOption(
        ["--overwrite"], is_flag=True, section="Run folder", help="Replace the run folder if it exists."
    ),
    SectionOption(
        ["--resume"],
        type=PATH,
        metavar="RUN",
        section="Run folder",
        help="Continue RUN's interrupted training with its original options.",
    ),
    SectionOption(
        ["--log"],
        metavar="FILE.csv",
        section="Run folder",
        help="Write a row after each epoch: costs, dead units, gradient norms, … For --model network.",
    ),
    SectionOption(
        ["--no-rows"],
        is_flag=True,
        section="Run folder",
        help="Keep no rows of the table in the "
        "run folder: trace and explore then need --data, report has no predictions.",
    ),
]


class TrainCommand(SectionedCommand):
    """The command. Flags that are parameters of the estimators, with whom scikit-learn comes, are there when
    the command is called.
    """

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """All arguments and options."""
        if len(self.params) == OF_THE_COMMAND:
            from deepstep.cli.parameters import config_option, parameter_options

            self.params[1:1] = [*_OWN, _MODEL, *parameter_options(), *_RUN, config_option()]
        return super().get_params(ctx)


OF_THE_COMMAND = 2
"""The parameters that stand at the function: FILE and --json."""


@click.command("train", cls=TrainCommand)
@click.argument("file", required=False, metavar="FILE", type=PATH)
@json_option
@click.pass_context
def train_command(
    context: click.Context, /, file: Path | None, resume: Path | None, json_wanted: bool, **options: Any
) -> int:
    """Train a model on a table and save it to a run folder.

    FILE ends in .csv, .tsv, .txt, .jsonl (also compressed: .csv.gz, …), .parquet, .arrow, .xlsx or .npy (with
    target y in y.npy beside it), is a folder of Parquet files, or "-" for standard input. Texts, dates and
    missing values need no preparation.

    FILE may be a folder of pictures, one folder per class: without --target, one network learns them, resized
    to 64×64 pixels.

    After a kill, --resume RUN continues from RUN.unfinished to the same bits: one network from its last
    checkpoint, an ensemble from its finished networks (those of the last 5 seconds are trained again). Add
    FILE only if it was moved. After Ctrl-C one network can be resumed, too; an ensemble's finished networks
    become the run, with exit code 130. Trainings on pictures or with --set solver=lbfgs, and ensembles with
    --time-budget, cannot be resumed: a kill loses them.
    """
    from deepstep.cli.images import holds_pictures, train_on_folder
    from deepstep.cli.parameters import FROM_FILE
    from deepstep.cli.table import TrainOptions, train_table

    out = options.pop("out")
    training = None
    options[FROM_FILE] = context.meta.get(FROM_FILE)
    options[WORDS] = _command(context.meta[WORDS])
    if resume is not None:
        _refuse_beside_resume(context)
        run = named_run(resume)
        training = read_training(run)
        file = file or Path(training.file)
        training.check(file)
        options = dict(training.options)
    else:
        file = _required(context, "file", file)
        if holds_pictures(file):
            return train_on_folder(context, file, out, options, json_wanted=json_wanted)
        _required(context, "target", options["target"] or None)
        run = out or free_name(stem_of(file))
        for name in ("validation", "log"):  # the training may be resumed from another folder
            options[name] = None if options[name] is None else os.path.abspath(options[name])
    begin = partial(Training.of, file, options)
    return train_table(file, run, TrainOptions.of(options), training, begin, json_wanted=json_wanted)


def _command(words: list[str]) -> str:
    """The command as it was typed, without the flags about the place and the output of one call.

    >>> _command(["t.csv", "--target", "y", "--out", "runs/a", "--json"])
    'deepstep train t.csv --target y'
    """
    places = [number for number, word in enumerate(words) if word == "--out"]
    left_out = {*places, *(number + 1 for number in places)}
    words = [word for number, word in enumerate(words) if number not in left_out]
    others = [
        word for word in words if word not in ("--overwrite", "--json") and not word.startswith("--out=")
    ]
    return shlex.join(["deepstep", "train", *others])


def _required(context: click.Context, name: str, value: T | None) -> T:
    if value is None:
        parameter = next(parameter for parameter in context.command.params if parameter.name == name)
        raise click.MissingParameter(ctx=context, param=parameter)
    return value


def _refuse_beside_resume(context: click.Context) -> None:
    """Refuse other options beside --resume."""
    for parameter in context.command.params:
        name = parameter.name or ""
        typed = (ParameterSource.COMMANDLINE, ParameterSource.DEFAULT_MAP)
        if context.get_parameter_source(name) in typed and name not in ("file", "resume", "json_wanted"):
            hint = "Resumed trainings use their original options: remove it, or start a new training."
            value = " or ".join(parameter.opts)
            raise ConfigurationError.must_be("--resume", "used without other options", value, hint)
