"""``deepstep explore``: a network on a page, every number of every step."""

import os
import sys
import time
import webbrowser
from copy import copy
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from deepstep.cli.asked import asked
from deepstep.cli.explore_run import Subject, names_of, of_run, refused
from deepstep.cli.options import member_option
from deepstep.cli.output import say
from deepstep.cli.screen import as_json, json_option, note
from deepstep.cli.table_task import table_task
from deepstep.cli.target_choice import Goal
from deepstep.cli.target_words import table_of
from deepstep.cli.train import command as train
from deepstep.cli.train_options import SectionedCommand, SectionOption
from deepstep.cli.train_settings import TrainSettings, typed
from deepstep.data import DATASETS
from deepstep.data.files import RUN_MARK, kind_at, refuse_pipe
from deepstep.errors import ConfigurationError, DivergenceError, FileError, unknown_name
from deepstep.explorer import About, export_html
from deepstep.explorer.document import document_of
from deepstep.explorer.shown import Shown, builtin, shown
from deepstep.model.construction import FROM_DATA
from deepstep.model.options import LBFGS
from deepstep.preparation import Target
from deepstep.training.rate_finder import AUTO
from deepstep.types import Array

if TYPE_CHECKING:
    pass


DEMO = "circles"
WITHOUT_USE = (
    "validation",
    "validation_fraction",
    "sample_weight",
    "class_weight",
    "time_budget",
    "patience",
    "scoring",
    "deterministic",
    "refit",
)
"""Options of a training that a page does not show."""

OWN_DEFAULTS = {
    "hidden": "8,8",
    "activation": "tanh",
    "initialization": "glorot",
    "optimizer": "gd",
    "learning_rate": 0.3,
    "iterations": 200,
    "test_fraction": 0.0,
}
"""A network that is small enough to look at, and trained as in the lecture."""

HELP = {
    "iterations": "Epochs that are recorded.",
    "batch_size": "Rows of an update [default: all].",
    "test_fraction": "Share of rows left out.",
    "learning_rate": None,
}
OF_A_RUN = ("learning_rate", "iterations")
"""Options that make sense for a network that is trained already."""


_page = partial(click.option, cls=SectionOption, section="Page")
_PATH = click.Path(path_type=Path)


@click.command("explore", cls=SectionedCommand)
@click.argument("source", default=DEMO, metavar="[RUN|FILE|NAME]")
@_page("--export", type=_PATH, metavar="FILE.html", help="Write the page into a file and serve nothing.")
@_page("--overwrite", is_flag=True, help="With --export: replace the file if it exists.")
@_page("--port", type=click.IntRange(0, 65535), default=0, show_default=True, help="0 takes a free one.")
@_page("--no-open", is_flag=True, help="Print the address and open no browser.")
@_page("--timeout", type=click.FloatRange(min=0), metavar="SECONDS", help="End by itself after so long.")
@_page("--data", type=_PATH, help="With RUN: rows of this table [default: the rows kept in RUN].")
@member_option
@json_option
@click.pass_context
def command(
    context: click.Context,
    /,
    source: str,
    export: Path | None,
    overwrite: bool,
    port: int,
    no_open: bool,
    timeout: float | None,
    data: Path | None,
    member: int | None,
    json_wanted: bool,
    **options: Any,
) -> None:
    """Open a network on a page: every number of every training step.

    RUN is the folder of a trained network; FILE a table, of which --target is learned; NAME a built-in set:
    circles (default), moons, spirals, planar, digits. The page is served to this machine alone, and Ctrl-C
    ends it; with --export it is one file that opens anywhere, offline.
    """
    if export is not None and kind_at(export) != "nothing" and not overwrite:
        hint = "Take another name with --export, or --overwrite."
        raise FileError(str(export), "a new file", "it exists", hint)
    given = [name for name in options if context.get_parameter_source(name) is ParameterSource.COMMANDLINE]
    subject = _subject(context, source, member, data, options, given)
    with typed():
        what = shown(*subject)
    try:
        with typed():
            document = document_of(what)
    except DivergenceError as error:
        raise refused(Path(source), error) from error
    record = {
        "source": source,
        "title": document["title"],
        "examples": document["data"]["Y"]["shape"][1],
        "wide": document["wide"],
        "notes": document["notes"],
    }
    if not json_wanted:
        for sentence in document["notes"]:
            note(sentence)
    if export is not None:
        size = export_html(document, export)
        if json_wanted:
            click.echo(as_json({**record, "export": export, "bytes": size}))
        else:
            say(f"{document['title']}: written to {export}, {size / 1000:.0f} kB.")
        return
    _serve(document, what, record, port, timeout, opens=not no_open, json_wanted=json_wanted)


def _of_train(name: str) -> click.Parameter:
    """An option of train, with what is usual here."""
    option = copy(next(parameter for parameter in train.params if parameter.name == name))
    if isinstance(option, click.Option):
        option.default = OWN_DEFAULTS.get(name, option.default)
        option.help = HELP.get(name, option.help)
        option.show_default = option.show_default or name in OWN_DEFAULTS
    return option


_NAMES = {part.name for kind in (Goal, TrainSettings) for part in fields(kind)} - set(WITHOUT_USE)
command.params += [_of_train(name) for parameter in train.params if (name := parameter.name) in _NAMES]


def _subject(
    context: click.Context,
    source: str,
    member: int | None,
    data: Path | None,
    options: dict[str, Any],
    given: list[str],
) -> Subject:
    path = Path(source)
    kind = kind_at(path)
    if kind == "folder":
        if kind_at(path / RUN_MARK) != "file":
            raise FileError(
                str(path),
                "the folder of a run, the file of a table or a built-in set",
                f"there is no {RUN_MARK} in this folder",
                "Of a folder of Parquet parts take one part, or train on it and explore the run.",
            )
        for name in given:
            if name not in OF_A_RUN:
                raise ConfigurationError(_typed_as(name), "a table or a built-in set", f"{path} has its own")
        return of_run(path, member, data, {name: options[name] for name in given})
    for option, value in (("--data", data), ("--member", member)):
        if value is not None:
            raise ConfigurationError(option, "the folder of a RUN", f"got {source}")
    if options["learning_rate"] == AUTO:
        raise ConfigurationError(
            "--learning-rate", "a number", f"got {AUTO}", "See deepstep find-learning-rate."
        )
    if options["optimizer"] == LBFGS:
        raise ConfigurationError("--optimizer", "one that makes steps", f"got {LBFGS}")
    goal, settings = asked({**dict.fromkeys(WITHOUT_USE), **options})
    if kind == "file":
        if not goal.targets:
            targets = next(parameter for parameter in train.params if parameter.name == "targets")
            raise click.MissingParameter(ctx=context, param=targets)
        return _of_table(path, goal, settings)
    if source not in DATASETS:
        refuse_pipe(path, "a run folder, a table or a built-in set")
        if path.suffix or path.parent != Path():
            raise FileError(source, "a run folder, a table or a built-in set", "there is no such file")
        raise unknown_name("deepstep explore", "data set", source, DATASETS)
    goal_names = {entry.name for entry in fields(Goal)} - {"seed"}
    idle = [name for name in given if name in goal_names]
    if idle:
        raise ConfigurationError(_typed_as(idle[0]), "a table, whose columns it is about", f"got {source}")
    subject = builtin(source, settings.seed)
    return _made(settings, subject.X, subject.Y, subject.target, subject.about)


def _of_table(path: Path, goal: Goal, settings: TrainSettings) -> Subject:
    task = table_task(table_of(path, goal), goal, None)
    target = task.preparation.target
    settings.check_target(target)
    names, notes = task.split.inputs.feature_names, task.split.notes
    about = About(path.name, feature_names=names, class_names=names_of(target), notes=notes)
    return _made(settings, task.train.X.T, task.train.Y.T, target, about)


def _made(settings: TrainSettings, X: Array, Y: Array, target: Target, about: About) -> Subject:
    with typed("--hidden-layers"):
        network = settings.network_for(X.shape[0], target)
    if settings.initialization == FROM_DATA:
        network.initialize_from_data(X)
    return Subject(network, X, Y, about, settings.options(validated=False))


def _typed_as(name: str) -> str:
    return next(parameter.opts[0] for parameter in command.params if parameter.name == name)


def _serve(
    document: dict[str, Any],
    what: Shown,
    record: dict[str, Any],
    port: int,
    timeout: float | None,
    *,
    opens: bool,
    json_wanted: bool,
) -> None:
    """Serve until Ctrl-C, which is how it is meant to end, or until the time is up."""
    from deepstep.explorer.live import LiveTraining
    from deepstep.explorer.server import ExplorerServer

    live = LiveTraining(what)
    server = ExplorerServer(document, live, port=port)
    with server.running():
        click.echo(as_json({**record, "url": server.url}) if json_wanted else server.url)
        sys.stdout.flush()
        if not json_wanted:
            note("Served to this machine alone. Ctrl-C ends it.")
        if opens and _has_a_screen():
            webbrowser.open(server.url)
        try:
            _wait(timeout)
        except KeyboardInterrupt:
            note("Ended.")


def _wait(seconds: float | None) -> None:
    until = None if seconds is None else time.monotonic() + seconds
    while until is None or (left := until - time.monotonic()) > 0:
        time.sleep(0.5 if until is None else min(0.5, left))


def _has_a_screen() -> bool:
    """Whether a browser can open a window; one in the terminal would take its place."""
    return not sys.platform.startswith("linux") or any(map(os.environ.get, ("DISPLAY", "WAYLAND_DISPLAY")))
