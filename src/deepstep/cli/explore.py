"""``deepstep explore``: every number of every training step on a page."""

import os
import shlex
import sys
import time
import webbrowser
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click
from click.core import ParameterSource

from deepstep.cli.opened import step_settings
from deepstep.cli.option_types import PATH, member_option
from deepstep.cli.options import TYPED, SectionedCommand, SectionOption, TrainOptions, flag_of, train_options
from deepstep.cli.runs import OpenedNetwork, new_file, open_network, read_labelled
from deepstep.cli.screen import as_json, json_option, note, program, say
from deepstep.cli.settings import check_target, checked, new_network, train_arguments
from deepstep.cli.split import table_split
from deepstep.cli.target import table_of
from deepstep.data.builtin import SMALL_DATASETS
from deepstep.data.files import RUN_MARK, kind_at, refuse_pipe
from deepstep.environment import has_threads
from deepstep.equations import get_optimizer
from deepstep.errors import (
    ConfigurationError,
    DeepStepError,
    DivergenceError,
    FileError,
    spelled,
    unknown_name,
)
from deepstep.explorer import About, export_html
from deepstep.explorer.document import document_of
from deepstep.explorer.shown import Shown, builtin, shown
from deepstep.inspection.findings import divergence_finding
from deepstep.model import Network
from deepstep.model.construction import FROM_DATA
from deepstep.model.options import LBFGS
from deepstep.preparation import ImagePreparation
from deepstep.run import DIVERGED, read_config
from deepstep.targets import Targets
from deepstep.training.rate_finder import AUTO
from deepstep.types import Array

if TYPE_CHECKING:
    from deepstep.estimators.ensemble import Member


class Subject(NamedTuple):
    """The network that is shown, its examples as columns, words about them, the settings of its steps."""

    network: Network
    X: Array
    Y: Array
    about: About
    options: dict[str, Any]


def of_run(path: Path, member: int | None, data: Path | None, chosen: dict[str, Any]) -> Subject:
    """A trained network on the rows that its run keeps, or on others, with chosen settings of the steps."""
    opened = open_network(path, member)
    X, Y = _rows_for(opened, data)
    settings, steps, notes = opened.config.get("settings", {}), step_settings(opened.config), []
    if steps.get("optimizer") == LBFGS:
        steps["optimizer"] = "gd"
        notes.append("Trained by L-BFGS, which has no steps of its own: those of this page are plain gd.")
    history, alone = opened.network.history, opened.run.only is not None
    if not alone or history is None:
        notes.append(_learned(opened.run.ensemble.members[opened.number]))
    if DIVERGED in opened.config:
        notes.append("The training diverged: these are the parameters of its last step that was finite.")
    notes.append(_examples(opened, len(X), kept=data is None))
    notes.append(_updates(settings, steps.get("optimizer", "gd")))
    inputs = opened.run.preparation
    names = inputs.feature_names
    pixels = (inputs.height, inputs.width, inputs.channels) if isinstance(inputs, ImagePreparation) else ()
    which = f"after {len(history or ())} epochs" if alone else f"member {member}"
    about = About(
        path.resolve().name,
        title=f"{path.resolve().name}, {which}",
        feature_names=names if len(names) == X.shape[1] else (),  # members of an ensemble have their own
        class_names=names_of(opened.target),
        notes=notes,
        history=history,
        image_shape=pixels,
    )
    usual = {"learning_rate": settings.get("learning_rate", 0.0075), "iterations": 50}
    return Subject(opened.network, X.T, Y.T, about, {**usual, **steps, **chosen})


def _learned(member: "Member") -> str:
    """The record of a member's training in the run of an ensemble."""
    text = f"This member, {member.preset} on fold {member.fold}, learned {member.epochs} epochs"
    if member.validation_cost is not None:
        best = "" if member.best_epoch is None else f" in epoch {member.best_epoch}"
        text += f"; its lowest validation cost was {member.validation_cost:.6g}{best}"
    kept = "" if member.network.history is not None else " This run is of a release that kept no curves."
    return f"{text}.{kept}"


def _rows_for(opened: OpenedNetwork, data: Path | None) -> tuple[Array, Array]:
    if data is None:
        return opened.examples()
    raw, answers = read_labelled(opened.run, data)
    return opened.inputs(raw), opened.encode(answers)


def _examples(opened: OpenedNetwork, count: int, *, kept: bool) -> str:
    """Which rows the page shows."""
    learned = opened.config.get("results", {}).get("train", {}).get("rows")
    of_all = "the rows learned from" if learned is None else f"the {learned} rows learned from"
    if not kept:
        return f"The {count} rows are those of --data, whatever their share of {of_all}."
    return f"{count} of {of_all}, which the run keeps; --data FILE opens others."


def _updates(settings: Mapping[str, Any], optimizer: Any) -> str:
    """In what the page's updates are not those of the training."""
    size = settings.get("batch_size")
    text = "Each update takes all rows of the page"
    if size is not None:
        text += f", where the training took batches of {size}"
    if isinstance(optimizer, str) and get_optimizer(optimizer).state:
        text += f"; {optimizer} begins without its memory of the training"
    return f"{text}."


def refused(source: Path, error: DivergenceError) -> DeepStepError:
    """The error for a network whose first step on the page is not finite; why, if the run diverged."""
    diverged = read_config(source).get(DIVERGED) if kind_at(source) == "folder" else None
    if diverged is None:
        return error
    why = divergence_finding(diverged)
    advice = f"{why.hint[:1].upper()}{why.hint[1:]}"
    return ConfigurationError(
        str(source),
        "a network with a next step that is finite",
        f"its training diverged: {why.says}",
        f"{advice}. More of it say: {program()} doctor {shlex.quote(str(source))}",
    )


def names_of(target: Targets) -> tuple[str, ...]:
    """The classes' names; of other targets there are none."""
    return () if target.several or not target.labels else tuple(map(str, target.labels[0]))


DEMO = "circles"
WITHOUT_USE = {
    *(name for name, typed in TYPED.items() if typed.section in ("Stopping", "Run folder")),
    *("stream", "buffer_rows", "preset", "n_estimators", "validation", "validation_fraction"),
    *("sample_weight", "class_weight", "deterministic", "groups", "time_order", "time_column"),
}
"""Options of a training that a page does not show."""

OWN_DEFAULTS = {
    "hidden": (8, 8),
    "activation": "tanh",
    "initialization": "glorot",
    "optimizer": "adam",
    "learning_rate": 0.03,
    "iterations": 200,
    "test_fraction": 0.0,
}
"""A network that is small enough to look at, and learns its data while somebody watches."""

HELP = {
    "targets": "With FILE: column to predict. Can be repeated.",
    "iterations": "Number of epochs that are recorded.",
    "batch_size": "Mini-batch size. Default: all rows.",
    "test_fraction": "Fraction of rows left out.",
    "learning_rate": "Learning rate.",
}
OF_A_RUN = ("learning_rate", "iterations")
"""Options that make sense for a network that is trained already."""


_page = partial(click.option, cls=SectionOption, section="Page")


@click.command("explore", cls=SectionedCommand, short_help="Open every step of a network in the browser.")
@click.argument("source", default=DEMO, metavar="[RUN|FILE|NAME]")
@_page("-o", "--export", type=PATH, metavar="FILE.html", help="Write the page to a file and do not serve it.")
@_page("--overwrite", is_flag=True, help="With --export: replace the file if it exists.")
@_page("--port", type=click.IntRange(0, 65535), default=0, show_default=True, help="Port; 0 for a free one.")
@_page("--no-open", is_flag=True, help="Print the address without opening a browser.")
@_page("--timeout", type=click.FloatRange(min=0), metavar="SECONDS", help="Stop the server after this time.")
@_page("--data", type=PATH, help="With RUN: table whose rows are shown. Default: the rows kept in RUN.")
@member_option
@json_option
@click.pass_context
def explore_command(
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
    """Open a network on a page with every number of every training step.

    RUN is the folder of a trained network; FILE a table with the column --target; NAME a built-in data set:
    circles (default), moons, spirals, planar, digits. The page is served to this machine only, until Ctrl-C;
    with --export it is one HTML file that opens offline.
    """
    if export is not None:
        read = [Path(source)] if kind_at(source) == "file" else []
        new_file(export, "--export", overwrite=overwrite, beside=read)
    given = [name for name in options if context.get_parameter_source(name) is ParameterSource.COMMANDLINE]
    subject = _subject(context, source, member, data, options, given)
    with spelled(flag_of):
        what = shown(*subject)
    try:
        with spelled(flag_of):
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


explore_command.params += train_options(TYPED.keys() - WITHOUT_USE, defaults=OWN_DEFAULTS, texts=HELP)


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
            "--learning-rate", "a number", f"got {AUTO}", "deepstep train --learning-rate auto finds one."
        )
    if options["optimizer"] == LBFGS:
        raise ConfigurationError("--optimizer", "one that makes steps", f"got {LBFGS}")
    asked = checked(options)
    if kind == "file":
        if not asked.targets:
            targets = next(parameter for parameter in explore_command.params if parameter.name == "targets")
            raise click.MissingParameter(ctx=context, param=targets)
        return _of_table(path, asked)
    if source not in SMALL_DATASETS:
        refuse_pipe(path, "a run folder, a table or a built-in set")
        if path.suffix or path.parent != Path():
            raise FileError(source, "a run folder, a table or a built-in set", "there is no such file")
        raise unknown_name("deepstep explore", "data set", source, SMALL_DATASETS)
    idle = [name for name in given if TYPED[name].section == "Data" or name in ("loss", "quantiles")]
    if idle:
        raise ConfigurationError(_typed_as(idle[0]), "a table, whose columns it is about", f"got {source}")
    subject = builtin(source, asked.seed)
    return _made(asked, subject.X, subject.Y, subject.target, subject.about)


def _of_table(path: Path, options: TrainOptions) -> Subject:
    split = table_split(*table_of(path, options), None)
    target, inputs, rows = split.target, split.inputs, split.train
    check_target(options, target)
    names = inputs.feature_names
    about = About(path.name, feature_names=names, class_names=names_of(target), notes=split.notes)
    Y = target.encode(rows.labels)
    center, scale = target.scale_of(Y, None, counts=True)
    return _made(options, inputs.transform(rows.frame).T, ((Y - center) / scale).T, target, about)


def _made(options: TrainOptions, X: Array, Y: Array, target: Targets, about: About) -> Subject:
    network = new_network(options, X.shape[0], target)
    if options.initialization == FROM_DATA:
        network.initialize_from_data(X)
    return Subject(network, X, Y, about, train_arguments(options, validated=False))


def _typed_as(name: str) -> str:
    return next(one.opts[0] for one in explore_command.params if one.name == name)


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

    if not has_threads():
        expected, hint = "threads to answer a browser", "Write a page with --export FILE.html."
        raise ConfigurationError("explore", expected, "this Python cannot start any", hint)
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
