"""The options of ``deepstep train``, in one list for the command line, ``--config`` files and runs."""

import tomllib
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, TypeAlias, get_type_hints

import click

from deepstep.cli.option_types import (
    FACTOR,
    NAMED,
    NUMBER_OR_AUTO,
    PATH,
    SEED,
    SETTING,
    WORDS_TYPED,
    Count,
    LayerSizes,
    Listed,
    as_mapping,
    asked_logs,
    asked_weights,
)
from deepstep.data.text_formats import read_text
from deepstep.errors import ConfigurationError, FileError, unknown_name

TASKS = ("auto", "classification", "regression")
SINGLE = "single"
ENSEMBLES = {"tabular": "an ensemble of networks", "tabm": "networks that are many in one"}
"""The presets of ensembles, and what they train."""

EFFORTS = ("fast", "balanced", "best")
"""How much --preset tabular tries."""

BFLOAT16 = "bfloat16"
PRECISIONS = ("float64", "float32", BFLOAT16)
"""Precisions of the parameters and of the steps; the last one is float32 with products in bfloat16."""


class SectionOption(click.Option):
    """An option in a section of the help; a ``common`` one is in the short help, too."""

    def __init__(self, *declarations: Any, section: str, common: bool = True, **settings: Any) -> None:
        super().__init__(*declarations, **settings)
        self.section, self.common = section, common


class SectionedCommand(click.Command):
    """A command whose help has sections; ``--help`` shows its common options, ``--help-all`` all of them.

    An option of one value is given once.
    """

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self.params.append(
            click.Option(
                ["--help-all"],
                is_flag=True,
                is_eager=True,
                expose_value=False,
                callback=_show_all,
                help="Show all options and exit.",
            )
        )

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Refuse an option of one value that comes twice: click takes the last one silently."""
        ctx.meta[WORDS_TYPED] = list(args)
        *_, given = self.make_parser(ctx).parse_args(list(args))
        for parameter, times in Counter(given).items():
            single = isinstance(parameter, click.Option) and not (parameter.multiple or parameter.is_flag)
            if single and times > 1:
                count = "twice" if times == 2 else f"{times} times"
                raise ConfigurationError(
                    " or ".join(parameter.opts),
                    "an option that is given once",
                    f"got it {count}",
                    "Leave all but one out.",
                )
        return super().parse_args(ctx, args)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the sections, in the order of their first options."""
        sections: dict[str, list[tuple[str, str]]] = {}
        options = [parameter for parameter in self.get_params(ctx) if isinstance(parameter, click.Option)]
        for option in sorted(options, key=lambda option: not isinstance(option, SectionOption)):
            record = option.get_help_record(ctx)
            if record is not None and (getattr(option, "common", True) or ctx.meta.get(ALL_OPTIONS)):
                sections.setdefault(getattr(option, "section", "Other options"), []).append(record)
        for title, records in sections.items():
            with formatter.section(title):
                formatter.write_dl(records)


ALL_OPTIONS = "deepstep.all_options"
"""The entry of click's context that asks for all options in the help."""


def _show_all(context: click.Context, parameter: click.Parameter, wanted: bool) -> None:
    if wanted:
        context.meta[ALL_OPTIONS] = True
        click.echo(context.get_help())
        context.exit()


class Typed:
    """How a field of `TrainOptions` is typed, its place in the help, and what has it.

    ``flags`` are those other than ``--name``. ``common`` options are in the short help. ``of`` says what
    takes the option: an ``"ensemble"`` as well as a single network, or a ``"network"`` alone; ``kept`` in
    which tables a run's config has it. ``passed`` options are arguments of `Network.train`; ``to`` is the
    parameter of the estimators where it is none of the same name, empty for none.
    """

    def __init__(
        self,
        section: str,
        text: str = "",
        *flags: str,
        common: bool = False,
        of: str = "network",
        kept: Sequence[str] = (),
        passed: bool = False,
        to: str | None = None,
        **click_settings: Any,
    ) -> None:
        self.section, self.text, self.flags, self.common = section, text, flags, common
        self.of, self.kept, self.passed, self.to, self.click = of, kept, passed, to, click_settings

    def flag(self, name: str) -> str:
        """How the option of a field is typed."""
        return self.flags[-1].partition("/")[0] if self.flags else f"--{name.replace('_', '-')}"

    def option(self, name: str, default: Any, text: str | None = None) -> SectionOption:
        """The option of click."""
        settings = dict(self.click)
        if self.click.get("multiple"):
            default = None
        elif isinstance(default, tuple):
            default = ",".join(map(str, default))
        if default not in (None, False):
            settings["show_default"] = True
        return SectionOption(
            [*(self.flags or (self.flag(name),)), name],
            default=default,
            help=text or self.text,
            section=self.section,
            common=self.common,
            **settings,
        )


_SETTINGS, _BOTH = ("settings",), ("settings", "asked")
_data = partial(Typed, "Data", to="")
_network = partial(Typed, "Network", kept=_SETTINGS)
_learning = partial(Typed, "Optimization", kept=_SETTINGS)
_regularization = partial(Typed, "Regularization", kept=_SETTINGS)
_stop = partial(Typed, "Stopping", kept=_SETTINGS)
_engine = partial(Typed, "Engine", kept=_SETTINGS)
_run = partial(Typed, "Run folder", to="")
_COUNT = Count()
_COLUMNS: dict[str, Any] = {"multiple": True, "metavar": "COLUMN"}
_FACTORS: dict[str, Any] = {"type": FACTOR, "multiple": True, "metavar": "'b*=0.1'", "callback": as_mapping}
_SCHEDULE: dict[str, Any] = {"type": NAMED, "metavar": "NAME[:SETTINGS]", "to": ""}

NamedSchedule: TypeAlias = str | Mapping[str, Any]
"""A name, or a mapping with a ``"name"`` and settings."""


@dataclass(frozen=True)
class TrainOptions:
    """The options of ``deepstep train``: types, defaults, flags, help and what they belong to.

    The command's options, its ``--config`` file, what runs keep and what presets take are read from it.
    None is what is not asked for; ``iterations`` is None where the time budget alone ends training. The
    learning rate is "auto" where it is still to be found. All values go to TOML, JSON and back.
    """

    # fmt: off
    targets: Annotated[tuple[str, ...], _data(
        "Column to predict. Can be repeated: several columns that have two values each, or are all "
        "numbers.  [required]",
        "--target", common=True, of="ensemble", **_COLUMNS)] = ()
    task: Annotated[str, _data(
        "", common=True, of="ensemble", kept=("asked",), type=click.Choice(TASKS))] = "auto"
    drop: Annotated[tuple[str, ...], _data(
        "Column to exclude from the features. Can be repeated.", "--exclude",
        common=True, of="ensemble", kept=("asked",), **_COLUMNS)] = ()
    keep: Annotated[tuple[str, ...], _data(
        "Column to use as a feature even if it looks like a row number. Can be repeated.",
        of="ensemble", kept=("asked",), **_COLUMNS, to="keep_columns")] = ()
    drop_missing_target: Annotated[bool, _data(
        "Drop rows with a missing target and report how many were dropped.",
        of="ensemble", kept=("asked",), is_flag=True)] = False
    classes: Annotated[tuple[str, ...] | None, _data(
        "All classes in their order, for --loss ordinal [default: sorted], or where one of them is "
        "called NA, which otherwise is a missing value.",
        of="ensemble", kept=("asked",), type=Listed(str, "low,medium,high", always=True),
        metavar="NAMES")] = None
    test_fraction: Annotated[float, _data(
        "Fraction of rows held out as the test set; 0 disables the test set.",
        common=True, of="ensemble", kept=("asked",), type=float)] = 0.2
    validation: Annotated[str | None, _data(
        "Table to validate on after each epoch.", type=PATH, metavar="FILE")] = None
    validation_fraction: Annotated[float | None, _data(
        "Fraction of the training rows used for validation. Default: 0.1 with --patience or --scoring, "
        "else none. Mutually exclusive with --validation.",
        common=True, kept=("asked",), type=float)] = None
    sample_weight: Annotated[str | None, _data(
        "Column with per-row sample weights for training and validation. Not used as a feature.",
        of="ensemble", metavar="COLUMN")] = None
    groups: Annotated[str | None, _data(
        "Column of groups, such as patients: rows of one group are never split between training, "
        "validation, folds and test set. Not used as a feature, except with --keep.",
        of="ensemble", kept=("asked",), metavar="COLUMN", to="")] = None
    time_order: Annotated[bool, _data(
        "The rows are in the order of time: the test set is the newest rows, and validation rows are newer "
        "than those that are learned from.",
        of="ensemble", kept=("asked",), is_flag=True, to="")] = False
    time_column: Annotated[str | None, _data(
        "Column of dates or numbers to sort the rows by, for --time-order. It remains a feature, except with "
        "--exclude.",
        of="ensemble", kept=("asked",), metavar="COLUMN", to="")] = None
    class_weight: Annotated[str | Mapping[str, float] | None, _data(
        '"balanced", or CLASS=WEIGHT[,CLASS=WEIGHT…]. Classes without a weight get 1. With several '
        "targets use COLUMN:CLASS=WEIGHT. Can be repeated.",
        of="ensemble", kept=_SETTINGS, multiple=True, metavar="balanced|NAME=WEIGHT,…",
        callback=asked_weights)] = None
    categorical: Annotated[tuple[str, ...], _data(
        "Column of categories, also where they are numbers. Can be repeated.",
        common=True, of="ensemble", kept=("asked",), **_COLUMNS, to="categorical_features")] = ()
    sep: Annotated[str | None, _data(
        "Separator of a text table, such as ';' or tab. Default: found in its first lines.",
        of="ensemble", kept=("asked",), metavar="CHARACTER")] = None
    decimal: Annotated[str | None, _data(
        "Decimal sign of a text table. Default: found in its columns of numbers.",
        of="ensemble", kept=("asked",), type=click.Choice((".", ",")))] = None
    encoding: Annotated[str | None, _data(
        "Encoding of a text table. Default: UTF-8 or UTF-16, else windows-1252 (latin-1).",
        of="ensemble", kept=("asked",), metavar="NAME")] = None
    no_header: Annotated[bool, _data(
        "The first line is a row: columns are called column_1, column_2, …",
        of="ensemble", kept=("asked",), is_flag=True)] = False
    stream: Annotated[bool | None, _data(
        "Stream rows from disk in every epoch instead of loading the table into memory (Parquet, .npy). "
        "Default: on for inputs of at least 256 MB.",
        "--stream/--no-stream", of="ensemble")] = None
    buffer_rows: Annotated[int | None, _data(
        "Rows in memory at a time, with --stream. Default: as many as fit into 64 MB.",
        of="ensemble", type=_COUNT, metavar="N", to="buffer_rows")] = None

    preset: Annotated[str | None, _network(
        "tabular: cross-validated ensemble, selected from a population of small networks with random "
        "settings. tabm: one TabM-style batch ensemble per fold (slower). single: a single network. "
        "Default: tabular, or single where an option of a single network is given.",
        common=True, of="ensemble", kept=(), type=click.Choice((*ENSEMBLES, SINGLE)), to="")] = None
    n_estimators: Annotated[int | None, _network(
        "Approximate number of networks in the ensemble. Default: as many as are selected, 5 with "
        "--preset tabm.",
        common=True, of="ensembles alone", kept=(), type=_COUNT, metavar="N")] = None
    effort: Annotated[str | None, _network(
        "How many networks --preset tabular tries: fast, balanced or best. Default: balanced.",
        common=True, of="ensembles alone", type=click.Choice(EFFORTS))] = None
    hidden: Annotated[tuple[int, ...], _network(
        "Sizes of the hidden layers.", "--hidden-layers",
        common=True, type=LayerSizes(","), to="hidden_layer_sizes")] = (64, 32)
    activation: Annotated[str | tuple[str, ...], _network(
        "Hidden-layer activation: one name for all layers or a comma-separated name per layer (relu, "
        "gelu, silu, tanh, …).",
        common=True, type=Listed(str, "relu,tanh"), metavar="NAMES")] = "relu"
    normalization: Annotated[str | tuple[str, ...] | None, _network(
        "batch, layer or none: one for all hidden layers or one per layer.",
        type=Listed(str, "batch,layer"), metavar="NAMES")] = None
    initialization: Annotated[str, _network(
        "he, glorot, lecun, orthogonal, data (fitted to the training rows), …")] = "he"
    loss: Annotated[str | None, _network(
        "Loss function. Classification: cross_entropy (default), ordinal. Regression: squared_error "
        "(default), absolute_error, huber, poisson, quantile.",
        common=True, of="ensemble", kept=_BOTH, metavar="NAME", to="")] = None
    quantiles: Annotated[tuple[float, ...] | None, _network(
        "Quantiles of --loss quantile. Default: 0.1,0.5,0.9.",
        of="ensemble", kept=(), type=Listed(float, "0.1,0.5,0.9", always=True), metavar="NUMBERS",
        to="")] = None
    huber_delta: Annotated[float | None, _network(
        "δ of --loss huber, in standard deviations of the target. Default: 1.",
        of="ensemble", type=float, to="")] = None

    optimizer: Annotated[str, _learning(
        "adam, adamw, lion, rmsprop, momentum, nesterov, gd, … or lbfgs.",
        common=True, passed=True, to="solver")] = "adam"
    optimizer_params: Annotated[Mapping[str, Any] | None, _learning(
        "Optimizer parameter, e.g. beta1=0.95. Can be repeated.",
        "--optimizer-param", passed=True, type=SETTING, multiple=True, metavar="NAME=VALUE",
        callback=as_mapping)] = None
    learning_rate: Annotated[float | str, _learning(
        "Learning rate; auto runs a learning-rate range test before the training.",
        common=True, passed=True, type=NUMBER_OR_AUTO, metavar="NUMBER|auto",
        to="learning_rate_init")] = 0.001
    iterations: Annotated[int | None, _learning(
        "Maximum number of epochs. Default: 40 (lbfgs: 2500 iterations; unlimited with --time-budget).",
        "--iterations", "--epochs", common=True, passed=True, type=_COUNT, to="max_iter")] = None
    batch_size: Annotated[int | None, _learning(
        "Mini-batch size. Default: 32 to 256, depending on the number of rows.",
        common=True, passed=True, type=_COUNT)] = None
    schedule: Annotated[NamedSchedule | None, _learning(
        "Learning-rate schedule: cosine, one_cycle, linear, step, plateau, …; settings after a colon, "
        "e.g. step:drop=0.5,every=0.1 or plateau:patience=3,quantity=cost.",
        **_SCHEDULE)] = None
    warm_up: Annotated[float | None, _learning(
        "Fraction of training used for linear learning-rate warm-up.",
        "--warmup-fraction", type=float, metavar="FRACTION", to="")] = None
    clip_norm: Annotated[float | None, _learning(
        "Clip the global gradient norm to this value.", passed=True, type=float)] = None
    clip_value: Annotated[float | None, _learning(
        "Clip every gradient entry to [-value, value].", passed=True, type=float)] = None
    lr_multipliers: Annotated[Mapping[str, float] | None, _learning(
        "Learning-rate multiplier for parameters matching a pattern. Can be repeated.",
        "--lr-multiplier", passed=True, **_FACTORS)] = None
    seed: Annotated[int, _learning(
        "Seed of the split, the initial weights and the order of the rows.",
        common=True, of="ensemble", type=SEED, to="random_state")] = 1

    l1: Annotated[float | None, _regularization(
        "λ of L1 regularization.", passed=True, type=float)] = None
    l2: Annotated[float | None, _regularization(
        "λ of L2 regularization.", common=True, passed=True, type=float, to="alpha")] = None
    weight_decay: Annotated[float | None, _regularization(
        "λ of decoupled weight decay. Default: 0.01 for adamw, else 0.", passed=True, type=float)] = None
    weight_decay_multipliers: Annotated[Mapping[str, float] | None, _regularization(
        "Weight-decay multiplier for parameters matching a pattern. Can be repeated.",
        "--weight-decay-multiplier", passed=True, **_FACTORS)] = None
    weight_decay_schedule: Annotated[NamedSchedule | None, _regularization(
        "Schedule of the weight decay, as --schedule.", **_SCHEDULE)] = None
    dropout: Annotated[float | tuple[float, ...] | None, _regularization(
        "Dropout probability: one for all hidden layers or one per layer.",
        common=True, passed=True, type=Listed(float, "0.1,0.2"), metavar="NUMBERS")] = None
    dropout_schedule: Annotated[NamedSchedule | None, _regularization(
        "Schedule of the dropout, as --schedule.", **_SCHEDULE)] = None
    label_smoothing: Annotated[float | None, _regularization(
        "Share of a label that is spread over all classes.", type=float, to="")] = None

    patience: Annotated[int | None, _stop(
        "Stop after this many epochs without improvement in validation loss and restore the best "
        "weights.",
        common=True, passed=True, type=_COUNT, metavar="EPOCHS", to="n_iter_no_change")] = None
    scoring: Annotated[str | None, _stop(
        "scikit-learn metric to monitor instead of the validation loss (balanced_accuracy, "
        "neg_log_loss, r2, …).",
        metavar="NAME")] = None
    refit: Annotated[bool | None, _stop(
        "After early stopping, retrain on training and validation data for the best number of epochs. An "
        "ensemble retrains each of its presets on all training rows.",
        of="ensemble", is_flag=True)] = None
    time_budget: Annotated[float | None, _stop(
        "Maximum training time in seconds. Schedules are then functions of elapsed time.",
        common=True, of="ensemble", passed=True, type=float, metavar="SECONDS")] = None

    engine: Annotated[str | None, _engine(
        "auto (default), compiled, reference, torch, or torch on a device: torch:cpu, torch:cuda, "
        'torch:mps. "deepstep engines" lists what is available.',
        common=True, of="ensemble", metavar="NAME")] = None
    precision: Annotated[str | None, _engine(
        "Precision of the parameters [default: float64]; bfloat16 is float32 with matrix products in "
        "bfloat16, by the torch engine.",
        type=click.Choice(PRECISIONS), to="")] = None
    deterministic: Annotated[bool | None, _engine(
        "Same bits on any number of cores, with one BLAS thread.",
        of="ensemble", passed=True, is_flag=True)] = None

    out: Annotated[Path | None, _run(
        "Run folder. Default: a new one in runs/.", common=True, of="ensemble", type=PATH)] = None
    logs: Annotated[Mapping[str, str] | None, _run(
        "Write each epoch's record while training runs. Can be repeated: csv (RUN/history.csv, or "
        "csv=FILE). health, or health=EPOCHS, adds dead units and sizes of updates to the records.",
        "--log", multiple=True, metavar="KIND[=PLACE]", callback=asked_logs)] = None
    overwrite: Annotated[bool, _run(
        "Replace the run folder if it exists.", common=True, of="ensemble", is_flag=True)] = False
    checkpoint_every: Annotated[float | None, _run(
        "Seconds between two checkpoints. Default: 30. Not used by lbfgs.",
        of="streamed ensemble", type=click.FloatRange(min=0), metavar="SECONDS")] = None
    keep_checkpoints: Annotated[int | None, _run(
        "Number of checkpoints that are kept. Default: 3.",
        of="streamed ensemble", type=_COUNT, metavar="N")] = None
    # fmt: on

    @property
    def target(self) -> str | list[str]:
        """As a run's config has it."""
        return self.targets[0] if len(self.targets) == 1 else list(self.targets)

    def kept(self, where: str) -> dict[str, Any]:
        """A table of a run's config: settings that were given, or that differ from their defaults."""
        by_default = {entry.name: entry.default if where == "asked" else None for entry in fields(self)}
        found = {name: getattr(self, name) for name, typed in TYPED.items() if where in typed.kept}
        return {name: value for name, value in found.items() if value != by_default[name]}


TYPED: dict[str, Typed] = {
    name: next(one for one in hint.__metadata__ if isinstance(one, Typed))
    for name, hint in get_type_hints(TrainOptions, include_extras=True).items()
}
"""How each field of `TrainOptions` is typed."""


MADE_OF = {
    "layer_dims": "hidden",
    "epochs": "iterations",
    "output_settings['smoothing']": "label_smoothing",
    "output_settings['levels']": "quantiles",
    "output_settings['delta']": "huber_delta",
    "schedule['warm_up']": "warm_up",
}
"""Settings of the library that are options of another name."""


def flag_of(setting: str) -> str:
    """How the option of a setting is typed, for `deepstep.errors.spelled`; empty where there is none."""
    name = MADE_OF.get(setting, setting)
    return TYPED[name].flag(name) if name in TYPED else ""


def train_options(
    names: Collection[str] = tuple(TYPED),
    *,
    defaults: Mapping[str, Any] = MappingProxyType({}),
    texts: Mapping[str, str] = MappingProxyType({}),
) -> list[click.Parameter]:
    """The click options of some fields, perhaps with defaults and help of a command's own."""
    by_default = {entry.name: entry.default for entry in fields(TrainOptions)} | dict(defaults)
    return [
        typed.option(name, by_default[name], texts.get(name))
        for name, typed in TYPED.items()
        if name in names
    ]


def config_option() -> click.Option:
    """``--config FILE.toml``: values of options; those that are typed go before them."""
    return SectionOption(
        ["--config"],
        type=PATH,
        metavar="FILE.toml",
        is_eager=True,
        expose_value=False,
        callback=_read_config,
        section="Run folder",
        help="Take options from a TOML file, by their names here (hidden_layers = [64, 32]). A run keeps its "
        "options under [options] in its config.toml, which can be given here.",
    )


def _read_config(context: click.Context, parameter: click.Parameter, path: Path | None) -> None:
    """Make the file's entries the defaults of the command's options."""
    if path is None:
        return
    try:
        entries = tomllib.loads(read_text(path))
    except tomllib.TOMLDecodeError as error:
        got = f"got one that cannot be read ({error})"
        raise FileError(str(path), "a TOML file", got, setting=str(path)) from None
    if isinstance(entries.get(OPTIONS), dict):  # the config of a run
        entries = entries[OPTIONS]
    options = {
        one.name: one
        for one in context.command.params
        if isinstance(one, SectionOption) and one.name in TYPED
    }
    names = {flag.lstrip("-"): name for name, one in options.items() for flag in one.opts}
    names |= {name: name for name in options}
    known = sorted({one.opts[-1].lstrip("-") for one in options.values()})
    found = {}
    for typed, value in entries.items():
        name = names.get(typed) or names.get(typed.replace("_", "-"))
        if name is None:
            raise unknown_name(f"--config {path}", "option", typed, known)
        found[name] = _as_typed(options[name], value)
    context.default_map = found


OPTIONS = "options"
"""The table of a run's config that holds the options of its training."""


def _as_typed(option: click.Option, value: Any) -> Any:
    """A value of a TOML file as click takes it."""
    if option.multiple:
        if isinstance(value, Mapping):
            words = {
                name: str(entry).lower() if isinstance(entry, bool) else entry
                for name, entry in value.items()
            }
            return [f"{name}={entry}" if entry != "" else name for name, entry in words.items()]
        return [value] if isinstance(value, str) else value
    return tuple(value) if isinstance(value, list) else value


def resolved(options: TrainOptions, preset: str) -> dict[str, Any]:
    """The options that a run keeps: those that differ from their defaults, as a ``--config`` file."""
    by_default = {entry.name: entry.default for entry in fields(TrainOptions)}
    found = {}
    for name, typed in TYPED.items():
        value = preset if name == "preset" else getattr(options, name)
        idle = name in NOT_REPEATED or (preset in ENSEMBLES and typed.of == "network")
        if idle or value == by_default[name]:
            continue
        value = str(value) if isinstance(value, Path) else value
        found[typed.flag(name).lstrip("-").replace("-", "_")] = (
            [*value] if isinstance(value, tuple) else value
        )
    return found


NOT_REPEATED = ("out", "overwrite", "logs")
"""Options of one call of the command alone."""
