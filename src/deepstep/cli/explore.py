"""``deepstep explore``: every number of every training step on a page."""

import os
import shlex
import sys
import time
import webbrowser
from collections.abc import Mapping
from functools import partial
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click
from click.core import ParameterSource

from deepstep.cli.open_runs import OpenedNetwork, new_file, open_network, read_labelled
from deepstep.cli.option_types import (
    LIST,
    NAMED,
    PATH,
    READ_HELP,
    SEED,
    VALUE,
    SectionedCommand,
    SectionOption,
    member_option,
    once_each,
    read_settings,
)
from deepstep.cli.parts import parts_in_memory
from deepstep.cli.reading import TableOptions, read_table
from deepstep.cli.screen import as_json, json_option, note, program, say
from deepstep.cli.task import TASKS, class_names
from deepstep.cli.trace import step_settings
from deepstep.data.builtin import SMALL_DATASETS
from deepstep.data.files import RUN_MARK, kind_at, refuse_pipe
from deepstep.environment import has_threads
from deepstep.equations import get_optimizer
from deepstep.equations.parameters import layer_sizes
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
    from deepstep.ensembles.ensemble import Member


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
    rate = opened.member.learning_rate
    size = _batch_size(opened)
    steps = step_settings(opened)
    notes: list[str] = []
    if steps.get("optimizer") == LBFGS:
        steps["optimizer"] = "gd"
        notes.append("Trained by L-BFGS, which has no steps of its own: those of this page are plain gd.")
    history = opened.network.history
    alone = opened.run.ensemble.only is not None
    if not alone or history is None:
        notes.append(_learned(opened.run.ensemble.members[opened.number]))
    if DIVERGED in opened.run.config:
        notes.append("The training diverged: these are the parameters of its last step that was finite.")
    notes.append(_examples(opened, len(X), from_run=data is None))
    notes.append(_updates(size, steps.get("optimizer", "gd")))
    inputs = opened.run.predictor.preparation
    names = inputs.feature_names
    pixels = (inputs.height, inputs.width, inputs.channels) if isinstance(inputs, ImagePreparation) else ()
    which = f"after {len(history or ())} epochs" if alone else f"member {member}"
    about = About(
        path.resolve().name,
        title=f"{path.resolve().name}, {which}",
        feature_names=names if len(names) == X.shape[1] else (),  # members of an ensemble have their own
        class_names=names_of(opened.targets),
        notes=notes,
        history=history,
        image_shape=pixels,
    )
    usual = {"learning_rate": 0.0075 if rate is None else rate, "iterations": 50}
    return Subject(opened.network, X.T, Y.T, about, {**usual, **steps, **chosen})


def _learned(member: "Member") -> str:
    """The record of a member's training in the run of an ensemble."""
    text = f"This member, {member.preset} on fold {member.fold}, learned {member.epochs} epochs"
    if member.validation_cost is not None:
        best = "" if member.best_epoch is None else f" in epoch {member.best_epoch}"
        text += f"; its lowest validation cost was {member.validation_cost:.6g}{best}"
    curves = "" if member.network.history is not None else " This run is of a release that kept no curves."
    return f"{text}.{curves}"


def _rows_for(opened: OpenedNetwork, data: Path | None) -> tuple[Array, Array]:
    if data is None:
        return opened.run.kept_examples(opened.number)
    raw, answers = read_labelled(opened.run, data)
    return opened.run.predictor.inputs(raw, opened.number), opened.encode(answers)


def _examples(opened: OpenedNetwork, count: int, *, from_run: bool) -> str:
    """Which rows the page shows."""
    learned = opened.run.config.get("results", {}).get("train", {}).get("rows")
    total = "the rows learned from" if learned is None else f"the {learned} rows learned from"
    if not from_run:
        return f"The {count} rows are those of --data, whatever their share of {total}."
    return f"{count} of {total}, which the run keeps; --data FILE opens others."


def _batch_size(opened: OpenedNetwork) -> Any:
    """The rows of an update in the training, where that is recorded."""
    settings = opened.run.config.get("settings", {})
    return settings.get("batch_size") or settings.get("network_params", {}).get("batch_size")


def _updates(size: Any, optimizer: Any) -> str:
    """In what the page's updates are not those of the training."""
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
    problem = f"{source} has no next step that is finite, as its training diverged: {why.says}"
    return ConfigurationError(problem, f"{advice}. See {program()} doctor {shlex.quote(source.as_posix())}.")


def names_of(target: Targets) -> tuple[str, ...]:
    """The classes' names; of other targets there are none."""
    return () if target.several or not target.labels else tuple(map(str, target.labels[0]))


DEMO = "circles"
OWN_DEFAULTS: Mapping[str, Any] = {
    "activation": "tanh",
    "initialization": "glorot",
    "optimizer": "adam",
    "learning_rate": 0.03,
    "iterations": 200,
}
"""A network that is small enough to look at, and learns its data while somebody watches."""

HIDDEN = (8, 8)
OF_A_RUN = ("learning_rate", "epochs")
"""Flags that make sense for a network that is trained already."""

OF_A_NETWORK = ("activation", "normalization", "initialization", "dtype", "input_scale")
"""Words of --set that are arguments of `Network`; the others are those of `Network.train`."""

SET_HELP = "Other argument of Network or Network.train, such as activation=relu or l2=0.1. Repeatable."

OF_A_TABLE = ("task", "exclude", "classes", "loss", "read", "drop_missing_target")
"""Flags about a table."""

_table = partial(click.option, cls=SectionOption, section="With FILE")
_training = partial(click.option, cls=SectionOption, section="Network")
_page = partial(click.option, cls=SectionOption, section="Page")


@click.command("explore", cls=SectionedCommand, short_help="Open every step of a network in the browser.")
@click.argument("source", default=DEMO, metavar="[RUN|FILE|NAME]")
@_page("-o", "--export", type=PATH, metavar="FILE.html", help="Write the page, do not serve it.")
@_page("--overwrite", is_flag=True, help="Replace an existing file.")
@_page("--port", type=click.IntRange(0, 65535), default=0, show_default=True, help="0 for a free one.")
@_page("--no-open", is_flag=True, help="Only print the address.")
@_page("--timeout", type=click.FloatRange(min=0), metavar="SECONDS", help="Stop serving after this time.")
@_page("--data", type=PATH, help="With RUN: table whose rows are shown. Default: rows kept in RUN.")
@member_option
@_table("--target", multiple=True, metavar="COLUMN", help="Column to predict. Repeatable.")
@_table("--task", type=click.Choice(TASKS), default="auto", show_default=True, help="Kind of the target.")
@_table("--exclude", multiple=True, metavar="COLUMN", help="Column to leave out. Repeatable.")
@_table("--classes", metavar="NAMES", callback=class_names, help="All classes in order: low,mid,high.")
@_table("--loss", metavar="NAME", help="Default: by the target.")
@_table("--drop-missing-target", is_flag=True, help="Drop rows without a target.")
@_table("--read", multiple=True, metavar="NAME=VALUE", callback=read_settings, help=READ_HELP)
@_training("--hidden-layers", type=LIST, metavar="NUMBERS", help="Units of each layer. Default: 8,8.")
@_training("--epochs", type=click.IntRange(1), help="Default: 200, of a RUN 50.")
@_training("--learning-rate", type=VALUE, metavar="NUMBER", help="Default: 0.03, of a RUN its own.")
@_training("--batch-size", type=click.IntRange(1), help="Rows of an update. Default: all rows.")
@_training("--seed", type=SEED, default=1, show_default=True, help="Seed of weights and order of rows.")
@_training("--set", "settings", type=NAMED, multiple=True, metavar="NAME=VALUE", help=SET_HELP)
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

    RUN is the folder of a trained network, FILE a table, NAME a built-in data set: circles (default), moons,
    spirals, planar, digits. The page is served to this machine only, until Ctrl-C; --export writes one HTML
    file that opens offline.
    """
    if export is not None:
        read = [Path(source)] if kind_at(source) == "file" else []
        new_file(export, "--export", overwrite=overwrite, beside=read)
    typed = [name for name in options if context.get_parameter_source(name) is ParameterSource.COMMANDLINE]
    with spelled(_flag_of):
        subject = _subject(context, source, member, data, options, typed)
        what = shown(*subject)
    try:
        with spelled(_flag_of):
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


def _subject(
    context: click.Context,
    source: str,
    member: int | None,
    data: Path | None,
    options: dict[str, Any],
    typed: list[str],
) -> Subject:
    path = Path(source)
    kind = kind_at(path)
    if kind == "folder":
        if kind_at(path / RUN_MARK) != "file":
            hint = "Of a folder of Parquet parts take one part, or train on it and explore the run."
            raise FileError(f"{path} is no folder of a run: there is no {RUN_MARK} in it", hint)
        for name in typed:
            if name not in OF_A_RUN:
                requirement = "used with a table or a built-in set"
                raise ConfigurationError.must_be(_typed_as(name), requirement, f"the run {path}")
        names = {"learning_rate": "learning_rate", "epochs": "iterations"}
        return of_run(path, member, data, {names[name]: options[name] for name in typed})
    for option, value in (("--data", data), ("--member", member)):
        if value is not None:
            raise ConfigurationError.must_be(option, "used with the folder of a run", source)
    start, training = _arguments(options)
    if kind == "file":
        if not options["target"]:
            target = next(parameter for parameter in explore_command.params if parameter.name == "target")
            raise click.MissingParameter(ctx=context, param=target)
        return _of_table(path, options, start, training)
    if source not in SMALL_DATASETS:
        refuse_pipe(path, "a run folder, a table or a built-in set")
        if path.suffix or path.parent != Path():
            raise FileError(f"{source} does not exist", "Name a run folder, a table or a built-in set.")
        raise unknown_name("data set", source, SMALL_DATASETS)
    idle = [name for name in typed if name in ("target", *OF_A_TABLE)]
    if idle:
        requirement = "used with a table, whose columns it is about"
        raise ConfigurationError.must_be(_typed_as(idle[0]), requirement, source)
    subject = builtin(source, options["seed"])
    return _made(options, start, training, subject.X, subject.Y, subject.target, subject.about)


def _arguments(options: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The arguments of `Network`, and of `Network.train`."""
    if options["learning_rate"] == AUTO:
        hint = "deepstep train --learning-rate auto finds one."
        raise ConfigurationError.must_be("--learning-rate", "a number", AUTO, hint)
    flags = {name: options[name] for name in ("learning_rate", "batch_size")}
    flags["iterations"] = options["epochs"]
    words = once_each("--set", options["settings"])
    for name in words:
        if name not in TRAINING_WORDS and name not in OF_A_NETWORK:
            raise unknown_name("--set argument", name, (*OF_A_NETWORK, *TRAINING_WORDS))
    arguments = {
        **OWN_DEFAULTS,
        **words,
        **{name: value for name, value in flags.items() if value is not None},
    }
    if arguments["optimizer"] == LBFGS:
        raise ConfigurationError.must_be("--set optimizer", "one that makes steps", LBFGS)
    start = {name: arguments.pop(name) for name in OF_A_NETWORK if name in arguments}
    return {**start, "seed": options["seed"]}, arguments


_OTHERS = ("self", "X", "Y", "validation", "metrics", "callbacks", "progress", "resume", "sample_weight")
TRAINING_WORDS = tuple(name for name in signature(Network.train).parameters if name not in _OTHERS)
"""Words of --set that are arguments of `Network.train`."""


def _of_table(
    path: Path, options: Mapping[str, Any], start: dict[str, Any], training: dict[str, Any]
) -> Subject:
    flags = {name: options[name] for name in OF_A_TABLE}
    table = TableOptions(options["target"], **flags, seed=options["seed"], test_fraction=0.0)
    table.check()
    parts = parts_in_memory(read_table(path, table)[0], str(path), table)
    targets = parts.task.targets
    names = parts.inputs.feature_names
    notes = [*parts.notes, *(f"Warning: {warning}" for warning in parts.warnings())]
    about = About(path.name, feature_names=names, class_names=names_of(targets), notes=notes)
    Y = targets.encode(parts.train.labels)
    center, scale = targets.scale_of(Y, None, counts=True)
    X = parts.inputs.transform(parts.train.frame).T
    return _made(options, start, training, X, ((Y - center) / scale).T, targets, about)


def _made(
    options: Mapping[str, Any],
    start: dict[str, Any],
    training: dict[str, Any],
    X: Array,
    Y: Array,
    targets: Targets,
    about: About,
) -> Subject:
    hidden = [*HIDDEN] if options["hidden_layers"] is None else options["hidden_layers"]
    sizes = hidden if isinstance(hidden, list) else [hidden]  # one number may be typed alone
    layers = layer_sizes((X.shape[0], *sizes, targets.n_outputs), "--hidden-layers")
    from_data = start.get("initialization") == FROM_DATA
    network = Network(layers, output=targets.head, output_settings=targets.settings, **start)
    if from_data:
        network.initialize_from_data(X)
    return Subject(network, X, Y, about, training)


def _flag_of(setting: str) -> str:
    """How a setting of a network or its training is typed; empty for another one."""
    name = {"layer_dims": "hidden_layers", "iterations": "epochs"}.get(setting, setting)
    flags = {str(parameter.name): parameter.opts[0] for parameter in explore_command.params}
    return flags.get(name) or (f"--set {name}" if name in (*OF_A_NETWORK, *TRAINING_WORDS) else "")


def _typed_as(name: str) -> str:
    return next(parameter.opts[0] for parameter in explore_command.params if parameter.name == name)


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
        problem = "This Python cannot start threads, which answer the browser"
        raise ConfigurationError(problem, "Write a page with --export FILE.html.")
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
