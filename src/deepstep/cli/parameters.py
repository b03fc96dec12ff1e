"""Flags of ``deepstep train`` that are parameters of an estimator, ``--set`` and ``--config``.

Types and ranges of a parameter are those of the estimators: their annotations.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from numbers import Integral
from pathlib import Path
from typing import Any

import click
from sklearn.utils._param_validation import Interval, StrOptions

from deepstep.cli.option_types import LIST, NAMED, PATH, VALUE, SectionOption, once_each
from deepstep.cli.task import class_names, typed_weights
from deepstep.data.text_formats import read_text
from deepstep.ensembles.presets import PARAMETER_NAMES, STEP_NAMES, checked_params
from deepstep.errors import ConfigurationError, FileError, spelled, unknown_name
from deepstep.estimators import (
    DeepClassifier,
    DeepRegressor,
    NetworkClassifier,
    NetworkRegressor,
    deep_parameters,
    network_parameters,
)
from deepstep.estimators.fitting import check_value
from deepstep.estimators.member_settings import member_setting

ENSEMBLE, NETWORK = MODELS = ("ensemble", "network")
"""The values of --model."""

ESTIMATORS: Mapping[str, tuple[type[Any], type[Any]]] = {
    ENSEMBLE: (DeepClassifier, DeepRegressor),
    NETWORK: (NetworkClassifier, NetworkRegressor),
}
"""The estimators of classes and of numbers, by model."""

OF_THE_ENCODER = ("categorical_features", "keep_columns")
"""Parameters of the `TableEncoder` before one network."""

OF_PYTHON = ("callbacks", "checkpoint_dir", "resume", "verbose", "warm_start", "soft_targets", "stream")
"""Parameters that --set does not take: the command has them itself, or has no value for them."""


@dataclass(frozen=True)
class Flag:
    """A flag that is a parameter: its name in each model, empty where that has none."""

    flag: str
    ensemble: str
    network: str
    section: str
    text: str
    click: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The name among the options of click."""
        return self.flag.partition("/")[0].lstrip("-").replace("-", "_")

    def of(self, model: str) -> str:
        """The parameter of a model."""
        return self.ensemble if model == ENSEMBLE else self.network

    def option(self) -> SectionOption:
        """The option of click."""
        name = self.network or self.ensemble
        settings: dict[str, Any] = {"type": VALUE, "metavar": _metavar(constraints_of(name)), **self.click}
        text = self.text
        if not (self.ensemble and self.network):
            text += f" For --model {ENSEMBLE if self.ensemble else NETWORK}."
        return SectionOption([self.flag, self.name], help=text, section=self.section, **settings)


_COLUMNS = {"type": str, "multiple": True, "metavar": "COLUMN"}
_NUMBERS = {"type": LIST, "metavar": "NUMBERS"}
FLAGS = (
    Flag(
        "--keep",
        "keep_columns",
        "keep_columns",
        "Data",
        "Column to use even if it looks like a row number. Repeatable.",
        _COLUMNS,
    ),
    Flag(
        "--categorical",
        "categorical_features",
        "categorical_features",
        "Data",
        "Column of categories, also where they are numbers. Repeatable.",
        _COLUMNS,
    ),
    Flag(
        "--classes",
        "classes",
        "classes",
        "Data",
        "All classes in order, such as low,mid,high: for --loss ordinal, for F1 and thresholds (about the "
        "second of two), or where NA is a class, not a missing value. Default: sorted.",
        {"type": str, "metavar": "NAMES", "callback": class_names},
    ),
    Flag(
        "--class-weight",
        "class_weight",
        "class_weight",
        "Data",
        "NAME is a class, of several targets COLUMN:CLASS. Other classes get 1. Repeatable.",
        {"type": str, "multiple": True, "metavar": "balanced|NAME=WEIGHT,…", "callback": typed_weights},
    ),
    Flag("--effort", "effort", "", "Model", "How many networks are tried. Default: balanced."),
    Flag(
        "--loss",
        "loss",
        "loss",
        "Model",
        "For classes: cross_entropy (default), ordinal. "
        "For numbers: squared_error (default), absolute_error, huber, poisson, quantile.",
        {"type": str, "metavar": "NAME"},
    ),
    Flag(
        "--hidden-layers",
        "network_params.hidden_layers",
        "hidden_layer_sizes",
        "Model",
        "Units of each layer, such as 64,32 (default of one network); [] for none.",
        _NUMBERS,
    ),
    Flag(
        "--dropout",
        "network_params.dropout",
        "dropout",
        "Model",
        "Probability of leaving out a hidden unit: one for all layers, or one each.",
        _NUMBERS,
    ),
    Flag(
        "--epochs",
        "network_params.epochs",
        "max_iter",
        "Training",
        "Passes over the rows. Default: 40 of one network, else by the number of rows.",
    ),
    Flag(
        "--learning-rate",
        "network_params.learning_rate",
        "learning_rate_init",
        "Training",
        "Default: 0.001 of one network, for which auto searches for a rate.",
    ),
    Flag(
        "--batch-size",
        "network_params.batch_size",
        "batch_size",
        "Training",
        "Rows of an update. Default: by the number of rows.",
    ),
    Flag(
        "--time-budget",
        "time_budget",
        "time_budget",
        "Training",
        "End training after this time, but no network before one epoch. Schedules follow the clock.",
        {"metavar": "SECONDS"},
    ),
    Flag(
        "--scoring",
        "scoring",
        "scoring",
        "Training",
        "scikit-learn metric, such as neg_log_loss or r2, that selects the ensemble or stops one "
        "network early.",
        {"type": str, "metavar": "NAME"},
    ),
    Flag(
        "--seed",
        "random_state",
        "random_state",
        "Training",
        "Seed of split, initial weights and order of rows. Default: 1.",
        {"type": click.IntRange(0, 2**31 - 1), "metavar": "INTEGER"},
    ),
    Flag(
        "--engine",
        "engine",
        "engine",
        "Training",
        "auto (default), compiled, reference, torch, or on a device torch:cpu, torch:cuda, torch:mps; see "
        '"deepstep engines".',
        {"type": str, "metavar": "NAME"},
    ),
)
"""The flags that are parameters, in the order of the help."""

SET_HELP = (
    "Another parameter of DeepClassifier or DeepRegressor, such as network_params.weight_decay=0.01, or for "
    "--model network of NetworkClassifier or NetworkRegressor, such as early_stopping=true. Values as in "
    "TOML, else texts. Repeatable."
)


def constraints_of(name: str) -> list[Any]:
    """The constraints of a parameter of any model; none of an entry of a mapping."""
    kinds = [kind for pair in ESTIMATORS.values() for kind in pair]
    return next(
        (
            kind._parameter_constraints[name]
            for kind in reversed(kinds)
            if name in kind._parameter_constraints
        ),
        [],
    )


def _metavar(constraints: Iterable[Any]) -> str:
    """A word for the values that these constraints allow."""
    words = []
    for constraint in constraints:
        if isinstance(constraint, StrOptions):
            words += sorted(constraint.options)
        elif isinstance(constraint, Interval):
            words.append("INTEGER" if constraint.type is Integral else "NUMBER")
    return "|".join(dict.fromkeys(words)) or "VALUE"


def parameter_options() -> list[click.Parameter]:
    """The flags that are parameters, and --set."""
    options: list[click.Parameter] = [flag.option() for flag in FLAGS]
    options.append(
        SectionOption(
            ["--set", "settings"],
            type=NAMED,
            multiple=True,
            metavar="NAME=VALUE",
            section="Model",
            help=SET_HELP,
        )
    )
    return options


def known_parameters(model: str) -> list[str]:
    """The parameters of a model that may be set."""
    names = dict.fromkeys(name for kind in ESTIMATORS[model] for name in kind._parameter_constraints)
    extra = OF_THE_ENCODER if model == NETWORK else ()
    return [name for name in (*names, *extra) if name not in OF_PYTHON]


def parameters_of(
    model: str,
    flags: Mapping[str, Any],
    settings: Iterable[tuple[str, Any]] = (),
    from_file: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The parameters that flags, --set and --config ask for, with their names and values checked.

    >>> parameters_of("ensemble", {"epochs": 20, "effort": "fast"}, [("network_params.dropout", 0.1)])
    {'effort': 'fast', 'network_params': {'epochs': 20, 'dropout': 0.1}}
    >>> parameters_of("network", {"hidden_layers": [], "keep": [], "categorical": ()})
    {'hidden_layer_sizes': []}
    """
    typed: dict[str, Any] = {}
    where: dict[str, str] = {}
    for flag in FLAGS:
        value = flags.get(flag.name)
        name = flag.of(model)
        if value is None or (flag.click.get("multiple") and not value):
            continue  # an option that may be repeated and was not; an empty list of numbers was typed
        if not name:
            other = ENSEMBLE if flag.ensemble else NETWORK
            flag_name = flag.flag.partition("/")[0]
            raise ConfigurationError.must_be(flag_name, f"used with --model {other}", f"--model {model}")
        typed[name], where[name] = value, flag.flag.partition("/")[0]
    for name, value in once_each("--set", settings).items():
        _check_name(model, name.partition(".")[0], "--set")
        if name in typed:
            raise ConfigurationError(f"{where[name]} and --set {name} set the same", "Leave one of them out.")
        typed[name], where[name] = value, f"--set {name}"
    parameters: dict[str, Any] = {}
    for name, value in (from_file or {}).items():
        _check_name(model, name, "--config")
        parameters[name] = dict(value) if isinstance(value, Mapping) else value
    for name, value in typed.items():
        _put(parameters, name.split("."), value, where[name])
    for name, value in parameters.items():
        _check_value(model, name, value, where.get(name, f"--set {name}"))
    with spelled(partial(flag_of, model)):
        checked_params(parameters.get("network_params") or {})
    return parameters


def _put(parameters: dict[str, Any], path: list[str], value: Any, flag: str) -> None:
    """Put a value under a dotted name."""
    name, *rest = path
    if not rest:
        parameters[name] = value
        return
    inner = parameters.setdefault(name, {})
    if not isinstance(inner, dict):
        raise ConfigurationError(f"{flag} is an entry of {name}, which is also set to {inner!r:.60}")
    _put(inner, rest, value, flag)


def _check_name(model: str, name: str, flag: str) -> None:
    """Refuse a name that is no parameter of the model, and say whose it is, or what is near."""
    known = known_parameters(model)
    if name in known:
        return
    other = NETWORK if model == ENSEMBLE else ENSEMBLE
    if name in OF_PYTHON:
        hint = "It belongs to Python, or has a flag of its own."
        raise ConfigurationError(f"{flag} does not take {name!r}", hint)
    if model == ENSEMBLE and (setting := member_setting(name)):
        hint = f"For all of its networks: --set network_params.{setting}=…"
        raise ConfigurationError(f"{flag} {name} is no parameter of --model {ENSEMBLE}", hint)
    if name in known_parameters(other):
        raise ConfigurationError(
            f"{flag} {name} is a parameter of --model {other}, and this is --model {model}"
        )
    known_names = dict.fromkeys((*known, *known_parameters(other)))
    raise unknown_name(f"{flag} parameter", name, known_names)


def _check_value(model: str, name: str, value: Any, flag: str) -> None:
    """Refuse a value that the estimator's own constraints refuse."""
    if isinstance(value, tuple):
        value = [*value]
    for kind in ESTIMATORS[model]:
        check_value(name, value, kind._parameter_constraints.get(name, ()), flag)


OF_LOSSES: Mapping[str, str] = {
    "output_settings['levels']": "quantiles",
    "output_settings['delta']": "loss_params['delta']",
    "output_settings['smoothing']": "loss_params['smoothing']",
}
"""Settings of a network's output by the parameters that they come from."""


def flag_of(model: str, setting: str) -> str:
    """How a setting of a training is typed, for `deepstep.errors.spelled`; empty where it cannot be.

    >>> flag_of("network", "epochs"), flag_of("network", "l2"), flag_of("ensemble", "l2")
    ('--epochs', '--set alpha', '--set network_params.l2')
    """
    setting = OF_LOSSES.get(setting, setting)
    words = (network_parameters if model == NETWORK else deep_parameters).parameter_of(setting) or setting
    name = re.sub(r"\['(.*)'\]$", r".\1", words).partition(" ")[0]
    for flag in FLAGS:
        if name and flag.of(model) == name:
            return flag.flag.partition("/")[0]
    base = name.partition(".")[0]
    if model == ENSEMBLE and base in (*PARAMETER_NAMES, *STEP_NAMES):
        return f"--set network_params.{name}"
    return f"--set {name}" if base in known_parameters(model) else ""


FROM_FILE = "deepstep.parameters_of_config"
"""The entry of click's context with the parameters of a --config file."""


def config_option() -> click.Option:
    """``--config FILE.toml``: values of flags and of parameters; those that are typed go before them."""
    return SectionOption(
        ["--config"],
        type=PATH,
        metavar="FILE.toml",
        is_eager=True,
        expose_value=False,
        callback=_read_config,
        section="Run folder",
        help="Flags and parameters by name, such as hidden_layers = [64, 32]. Typed flags take precedence.",
    )


def _read_config(context: click.Context, parameter: click.Parameter, path: Path | None) -> None:
    """Make the file's entries the defaults of the command's flags, and keep the parameters."""
    if path is None:
        return
    try:
        entries = tomllib.loads(read_text(path).removeprefix("\ufeff"))  # the mark of editors on Windows
    except tomllib.TOMLDecodeError as error:
        raise FileError(f"{path} cannot be read as TOML ({error})") from None
    options = [
        option
        for option in context.command.params
        if isinstance(option, SectionOption) and option.name not in ("config", "resume", "settings")
    ]
    names = {word.lstrip("-").replace("-", "_"): option for option in options for word in option.opts}
    flags, parameters = dict[str, Any](), dict[str, Any]()
    known = {name for model in MODELS for name in known_parameters(model)}
    for name, value in entries.items():
        option = names.get(name.replace("-", "_"))
        if option is not None:
            if isinstance(value, dict):
                words = {
                    key: str(entry).lower() if isinstance(entry, bool) else entry
                    for key, entry in value.items()
                }
                value = [f"{key}={word}" for key, word in words.items()]
            several = option.multiple and not isinstance(value, list)
            flags[str(option.name)] = [value] if several else value
        elif name in known:
            parameters[name] = value
        else:
            known_names = sorted({*names, *known})
            raise unknown_name(f"entry of {path}:", name, known_names)
    context.default_map = flags
    context.meta[FROM_FILE] = parameters
