"""Checks of the options of ``deepstep train``, and what they give the library."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any, NamedTuple

import click
from click.core import ParameterSource

from deepstep.cli.option_types import typed_flag
from deepstep.cli.options import BFLOAT16, ENSEMBLES, SINGLE, TYPED, NamedSchedule, TrainOptions, flag_of
from deepstep.cli.split import DEFAULT_VALIDATION, TableSplit
from deepstep.cli.target import by_position, check_table_options
from deepstep.engines import Settings, check_here
from deepstep.equations import get_head, get_optimizer
from deepstep.equations.parameters import layer_sizes
from deepstep.errors import ConfigurationError, spelled, unknown_name
from deepstep.model import Network
from deepstep.model.construction import INITIALIZATION_NAMES, hidden_names
from deepstep.model.options import LBFGS, PLATEAU, as_limits, as_plan, as_schedule, refuse_idle
from deepstep.network import Architecture
from deepstep.targets import Targets
from deepstep.training.checkpoints import KEPT
from deepstep.training.loop import Loop
from deepstep.training.plan import SCHEDULED, UNTIL_TIME_IS_UP
from deepstep.training.rate_finder import AUTO
from deepstep.training.scoring import check_kind, check_name

EPOCHS = 40
"""The epochs of one network where neither they nor a time budget are given."""
LBFGS_ITERATIONS = 2500
"""The iterations of `Network.train`: L-BFGS ends by itself where the gradient is small."""


class Preset(NamedTuple):
    """A preset, why it is this one, and what it trains if that is not as usual; for people."""

    name: str
    why: str
    what: str = ""

    def __str__(self) -> str:
        return f"{self.name}, {self.what or ENSEMBLES.get(self.name, 'one network')}, {self.why}"


def chosen_preset(context: click.Context, *, streamed: bool) -> Preset:
    """The preset that is asked for.

    Without one it is single where an option of a single network is given or rows are streamed, else tabular.
    """
    asked = context.params["preset"]
    of_both = {
        "ensemble",
        "ensembles alone",
        *(["streamed ensemble"] if streamed and asked in ENSEMBLES else []),
    }
    single = [
        typed_flag(context, option)
        for option in context.command.params
        if is_given(context, option.name) and option.name in TYPED and TYPED[option.name].of not in of_both
    ]
    listed = ", ".join(single)
    if asked in ENSEMBLES and single:
        raise ConfigurationError(
            listed,
            "used with a single network only",
            f"got --preset {asked}",
            "Remove it, or use --preset single.",
            setting=listed,
        )
    for option in (name for name, typed in TYPED.items() if typed.of == "ensembles alone"):
        if context.params[option] is not None and (single or asked == SINGLE):
            got, name = f"got {listed}" if single else "got --preset single", flag_of(option)
            presets = "tabular" if option == "members" else "tabular or tabm"
            raise ConfigurationError(name, f"used with --preset {presets}", got, setting=name)
    if asked is not None:
        choice = Preset(asked, "as asked")
    elif single:
        choice = Preset(SINGLE, f"because of {listed}")
    else:
        choice = Preset("tabular", "the default, as no option of a single network is given")
    if not streamed or choice.name == SINGLE:
        return choice
    # folds of an ensemble would read all rows some dozen times
    why = "as rows are streamed"
    return Preset(SINGLE, why) if asked is None else choice._replace(what="one network", why=why)


def preset_that_began(asked: str | None, *, streamed: bool) -> Preset:
    """The preset of a training that is resumed, by the ``--preset`` that it began with."""
    began = "as it began"
    if asked not in ENSEMBLES:
        return Preset(SINGLE, began)
    return Preset(asked, began, "one network" if streamed else "")


def is_given(context: click.Context, name: str | None) -> bool:
    """Whether an option was typed or is in the ``--config`` file."""
    source = context.get_parameter_source(name or "")
    return source in (ParameterSource.COMMANDLINE, ParameterSource.DEFAULT_MAP)


def checked(options: Mapping[str, Any]) -> TrainOptions:
    """The options with the epochs and the validation in force, checked as far as that needs no table."""
    asked = TrainOptions(**{name: value for name, value in options.items() if name in TYPED})
    if asked.validation_fraction is not None and asked.validation is not None:
        raise ConfigurationError("--validation", "a table, or a share of the training rows", "got both")
    scored = asked.patience is not None or asked.scoring is not None
    if scored and asked.validation is None and asked.validation_fraction is None:
        asked = replace(asked, validation_fraction=DEFAULT_VALIDATION)
    if asked.iterations is None:
        by_clock = None if asked.time_budget is not None else EPOCHS
        asked = replace(asked, iterations=LBFGS_ITERATIONS if asked.optimizer == LBFGS else by_clock)
    check_table_options(asked)
    check(asked)
    return asked


def suited(options: TrainOptions, split: TableSplit) -> TrainOptions:
    """The options for a table: checked against its target, with a size of batches."""
    check_target(options, split.target)
    check_watched(options, validated=split.validation is not None)
    if split.survey is not None:
        _check_streamed(options)
    if options.batch_size is not None or options.optimizer == LBFGS:
        return options
    from deepstep.estimators.presets import small_batch_size  # scikit-learn comes with it

    return replace(options, batch_size=small_batch_size(split.n_learned))


def _check_streamed(options: TrainOptions) -> None:
    if options.refit:
        raise ConfigurationError(
            "--refit", "rows in memory", "they are streamed", "Leave it out, or add --no-stream."
        )
    if options.optimizer == LBFGS:
        raise ConfigurationError(
            "--optimizer",
            "one that learns from batches, where rows are streamed",
            "got lbfgs",
            "Take another, or add --no-stream.",
        )


def checkpoint_options(options: TrainOptions) -> Mapping[str, Any] | None:
    """The options of checkpoints; None for L-BFGS, which has no state that a checkpoint could hold."""
    if options.optimizer != LBFGS:
        return {"every": options.checkpoint_every, "keep": options.keep_checkpoints or KEPT}
    given = [name for name in ("checkpoint_every", "keep_checkpoints") if getattr(options, name) is not None]
    if given:
        flags = ", ".join(map(flag_of, given))
        raise ConfigurationError(flags, "used with another optimizer than lbfgs", "got lbfgs", setting=flags)
    return None


def check(options: TrainOptions) -> None:
    """Refuse options that fit no data."""
    sizes = layer_sizes((1, *options.hidden, 1), "--hidden-layers")
    if options.initialization not in INITIALIZATION_NAMES:
        raise unknown_name("--initialization", "method", options.initialization, INITIALIZATION_NAMES)
    if options.learning_rate == AUTO and options.optimizer == LBFGS:
        raise ConfigurationError(
            "--learning-rate auto", "an optimizer that has a learning rate", f"got {LBFGS!r}"
        )
    _check_schedules(options)
    with spelled(flag_of):
        activations = (*hidden_names(options.activation, len(options.hidden)), "identity")
        shape = Architecture(sizes, activations, normalization=options.normalization or "none")  # type: ignore[arg-type]  # a name is spread over the layers
        arguments = train_arguments(options, validated=True)
        if options.learning_rate == AUTO:
            arguments["learning_rate"] = 1.0
        if as_limits(arguments, "train") is None:
            get_optimizer(options.optimizer).settings(options.optimizer_params or {})
        as_plan(arguments, options.seed, "train")
        arguments.pop("patience", None)
        of_steps = Settings.of("train", **arguments)
        of_steps.dropout_of(shape)
        refuse_idle(asdict(options), of_steps, "train")
        check_here(options.engine or "auto", shape, of_steps, dtype=_dtype(options), where="--engine")
        for head in ("huber", "sigmoid"):
            get_head(head).with_settings(**_of_head(options, head))
    if options.scoring is not None:
        check_name(options.scoring, "--scoring")


def check_watched(options: TrainOptions, *, validated: bool) -> None:
    """Refuse a plateau of a quantity that no record will hold."""
    scores = ["validation_cost", *(["validation_score"] if options.scoring else [])]
    known = [*Loop.ENTRIES, *(scores if validated else [])]
    for name, schedule in _schedules(options).items():
        watched = _settings_of(schedule).get("quantity", "cost")
        if _whole(schedule)["name"] == PLATEAU and watched not in known:
            raise unknown_name(flag_of(name), "quantity", watched, known)


def check_target(options: TrainOptions, target: Targets) -> None:
    """Refuse options that do not fit a target."""
    of_classes = target.is_classes
    if options.scoring is not None:
        task = "regression" if of_classes else "classification"
        check_kind(options.scoring, "--scoring", classes=of_classes, or_else=f", or add --task {task}")
    if options.class_weight is not None:
        if not target.is_classes:
            raise ConfigurationError("--class-weight", "a target of classes", "it holds numbers")
        by_position(options.class_weight, target)
    if options.label_smoothing is not None and target.head not in ("sigmoid", "softmax"):
        raise ConfigurationError(
            "--label-smoothing", "--loss cross_entropy", f"the output is {target.head!r}"
        )
    if options.huber_delta is not None and target.head != "huber":
        raise ConfigurationError("--huber-delta", "--loss huber", f"the output is {target.head!r}")


def new_network(options: TrainOptions, n_inputs: int, target: Targets) -> Network:
    """The network before training."""
    with spelled(flag_of):
        return Network(
            [n_inputs, *options.hidden, target.n_outputs],
            activation=options.activation,
            output=target.head,
            output_settings={**target.settings, **_of_head(options, "huber", "sigmoid")},
            normalization=options.normalization or "none",
            initialization=options.initialization,
            seed=options.seed,
            dtype=_dtype(options),
            engine=options.engine or "auto",
        )


def train_arguments(options: TrainOptions, *, validated: bool) -> dict[str, Any]:
    """Arguments of `Network.train`."""
    given = {name: getattr(options, name) for name, typed in TYPED.items() if typed.passed}
    given["precision"] = BFLOAT16 if options.precision == BFLOAT16 else None
    given["iterations"] = UNTIL_TIME_IS_UP if options.iterations is None else options.iterations
    given |= schedules_of(options, validated=validated)
    return {name: value for name, value in given.items() if value is not None}


def schedules_of(options: TrainOptions, *, validated: bool) -> dict[str, dict[str, Any]]:
    """The schedules that are asked for, with their settings; plateaus go by the validation cost."""
    schedules, found = _schedules(options), {}
    if options.warm_up is not None:
        schedules["schedule"] = {**_whole(options.schedule or "constant"), "warm_up": options.warm_up}
    for name, schedule in schedules.items():
        by_validation = validated and _whole(schedule)["name"] == PLATEAU
        found[name] = {**({"quantity": "validation_cost"} if by_validation else {}), **_whole(schedule)}
    return found


def _check_schedules(options: TrainOptions) -> None:
    """Each by itself, as their settings have names that options have, too."""
    for name, schedule in _schedules(options).items():
        with spelled(lambda given: "" if "[" in given else given):
            as_schedule(schedule, flag_of(name))
    if options.warm_up is not None and "warm_up" in _settings_of(options.schedule):
        raise ConfigurationError(
            "--warmup-fraction", "it, or warm_up among the settings of --schedule", "got both"
        )


def check_refit(options: TrainOptions) -> None:
    """Of one network only rates that go by the epoch can be repeated."""
    if not options.refit:
        return
    if options.patience is None:
        raise ConfigurationError("--refit", "--patience, which finds the number of epochs", "got none")
    plateau = any(_whole(schedule)["name"] == PLATEAU for schedule in _schedules(options).values())
    if options.time_budget is not None or plateau:
        got = f"got {'a plateau' if plateau else '--time-budget'}"
        raise ConfigurationError("--refit", "rates that go by the epoch and can be had again", got)


def _schedules(options: TrainOptions) -> dict[str, NamedSchedule]:
    """Schedules that are asked for."""
    given = {name: getattr(options, name) for name in SCHEDULED}
    return {name: schedule for name, schedule in given.items() if schedule is not None}


def _dtype(options: TrainOptions) -> str:
    """Precision of the parameters."""
    return "float64" if options.precision in (None, "float64") else "float32"


def _of_head(options: TrainOptions, *heads: str) -> dict[str, float]:
    """The settings of some heads that options are, where they are given."""
    given = (("huber", "delta", options.huber_delta), ("sigmoid", "smoothing", options.label_smoothing))
    return {name: value for head, name, value in given if head in heads and value is not None}


def _whole(schedule: NamedSchedule) -> dict[str, Any]:
    return {"name": schedule} if isinstance(schedule, str) else dict(schedule)


def _settings_of(schedule: NamedSchedule | None) -> Mapping[str, Any]:
    return {} if schedule is None or isinstance(schedule, str) else schedule
