"""How to train, as the command line asks for it and a run keeps it."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, fields
from typing import Any, TypeAlias

from deepstep.cli.class_weights import ClassWeight, check_names
from deepstep.cli.option_names import named_as_typed
from deepstep.engines import Settings, check_here
from deepstep.equations import get_head, get_optimizer
from deepstep.equations.parameters import layer_sizes
from deepstep.errors import ConfigurationError, unknown_name
from deepstep.model import Network
from deepstep.model.construction import INITIALIZATION_NAMES, hidden_names
from deepstep.model.options import LBFGS, PLATEAU, as_limits, as_plan, as_schedule, refuse_idle
from deepstep.network import Architecture
from deepstep.preparation import ClassTarget, LabelTargets, Preparation, Target
from deepstep.training.loop import Loop
from deepstep.training.plan import SCHEDULED, UNTIL_TIME_IS_UP
from deepstep.training.rate_finder import AUTO
from deepstep.training.scoring import check_kind, check_name

AS_THEY_ARE = (
    "learning_rate",
    "iterations",
    "batch_size",
    "optimizer",
    "optimizer_params",
    "deterministic",
    "time_budget",
    "patience",
    "l1",
    "l2",
    "weight_decay",
    "dropout",
    "input_noise",
    "max_norm",
    "clip_norm",
    "clip_value",
    "ema_decay",
    "lr_multipliers",
    "weight_decay_multipliers",
)
"""Settings that `Network.train` takes under the same name; None is its own default."""

BFLOAT16 = "bfloat16"
PRECISIONS = ("float64", "float32", BFLOAT16)
"""Precisions of the parameters and of the steps; the last one is float32 with products in bfloat16."""

Named: TypeAlias = str | Mapping[str, Any]
"""A name, or a mapping with a ``"name"`` and settings."""


@dataclass(frozen=True)
class TrainSettings:
    """How to train: the names are those of `Network`, `Network.train` and `deepstep train`.

    None is what is not asked for; of the iterations, that the time budget alone ends training. The learning
    rate is "auto" where it is still to be found. All values go to TOML, JSON and back.
    """

    hidden: tuple[int, ...]
    activation: str | tuple[str, ...]
    initialization: str
    optimizer: str
    learning_rate: float | str
    iterations: int | None
    batch_size: int | None
    seed: int
    loss: str | None = None
    normalization: str | tuple[str, ...] | None = None
    schedule: Named | None = None
    warm_up: float | None = None
    time_budget: float | None = None
    patience: int | None = None
    class_weight: ClassWeight | None = None
    label_smoothing: float | None = None
    l1: float | None = None
    l2: float | None = None
    weight_decay: float | None = None
    dropout: float | tuple[float, ...] | None = None
    input_noise: float | None = None
    max_norm: float | None = None
    clip_norm: float | None = None
    clip_value: float | None = None
    ema_decay: float | None = None
    lr_multipliers: Mapping[str, float] | None = None
    weight_decay_multipliers: Mapping[str, float] | None = None
    weight_decay_schedule: Named | None = None
    dropout_schedule: Named | None = None
    huber_delta: float | None = None
    scoring: str | None = None
    refit: bool | None = None
    optimizer_params: Mapping[str, Any] | None = None
    deterministic: bool | None = None
    engine: str | None = None
    precision: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """TOML and JSON types: what is None is left out."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    def check(self) -> None:
        """Refuse settings that fit no data."""
        sizes = layer_sizes((1, *self.hidden, 1), "--hidden-layers")
        with typed("--activation"):
            activations = (*hidden_names(self.activation, len(self.hidden)), "identity")
        with typed("--normalization"):
            shape = Architecture(sizes, activations, normalization=self.normalization or "none")  # type: ignore[arg-type]  # a name is spread over the layers
        if self.initialization not in INITIALIZATION_NAMES:
            raise unknown_name("--initialization", "method", self.initialization, INITIALIZATION_NAMES)
        self._check_schedules()
        if self.learning_rate == AUTO and self.optimizer == LBFGS:
            raise ConfigurationError(
                "--learning-rate auto", "an optimizer that has a learning rate", f"got {LBFGS!r}"
            )
        with typed("--optimizer"):
            options = self.options(validated=True)
            if self.learning_rate == AUTO:
                options["learning_rate"] = 1.0
            as_limits({**options, "optimizer_params": {}}, "train")
        with typed("--optimizer-param"):
            if as_limits(options, "train") is None:
                get_optimizer(self.optimizer).settings(self.optimizer_params or {})
        with typed("--optimizer"):
            as_plan(options, self.seed, "train")
            options.pop("patience", None)
            of_steps = Settings.of("train", **options)
            of_steps.dropout_of(shape)
            refuse_idle(asdict(self), of_steps, "train")
        check_here(self._engine, shape, of_steps, dtype=self._dtype, where="--engine")
        with typed():
            for head, settings in (("huber", self._delta), ("sigmoid", self._smoothing)):
                get_head(head).with_settings(**settings)
        if self.refit:
            self._check_refit()
        if self.scoring is not None:
            check_name(self.scoring, "--scoring")

    def check_watched(self, *, validated: bool) -> None:
        """Refuse a plateau of a quantity that no record will hold."""
        scores = ["validation_cost", *(["validation_score"] if self.scoring else [])]
        known = [*Loop.ENTRIES, *(scores if validated else [])]
        for name, schedule in self._schedules.items():
            watched = _settings_of(schedule).get("quantity", "cost")
            if _name_of(schedule) == PLATEAU and watched not in known:
                raise unknown_name(f"--{name.replace('_', '-')}", "quantity", watched, known)

    def check_target(self, target: Target) -> None:
        """Refuse settings that do not fit a target."""
        if self.scoring is not None:
            classes = isinstance(target, ClassTarget | LabelTargets)
            task = "regression" if classes else "classification"
            check_kind(self.scoring, "--scoring", classes=classes, or_else=f", or add --task {task}")
        if self.class_weight is not None:
            if not isinstance(target, ClassTarget | LabelTargets):
                raise ConfigurationError("--class-weight", "a target of classes", "it holds numbers")
            check_names(self.class_weight, target)
        if self.label_smoothing is not None and target.output not in ("sigmoid", "softmax"):
            raise ConfigurationError(
                "--label-smoothing", "--loss cross_entropy", f"the output is {target.output!r}"
            )
        if self.huber_delta is not None and target.output != "huber":
            raise ConfigurationError("--huber-delta", "--loss huber", f"the output is {target.output!r}")

    def _check_schedules(self) -> None:
        """Each by itself, as their settings have names that options have, too."""
        for name, schedule in self._schedules.items():
            as_schedule(schedule, f"--{name.replace('_', '-')}")
        if self.warm_up is not None and "warm_up" in _settings_of(self.schedule):
            raise ConfigurationError(
                "--warmup-fraction", "it, or warm_up among the settings of --schedule", "got both"
            )

    def _check_refit(self) -> None:
        """Only rates that go by the epoch can be had again."""
        if self.patience is None:
            raise ConfigurationError("--refit", "--patience, which finds the number of epochs", "got none")
        by_the_course = any(_name_of(schedule) == PLATEAU for schedule in self._schedules.values())
        if self.time_budget is not None or by_the_course:
            got = f"got {'a plateau' if by_the_course else '--time-budget'}"
            raise ConfigurationError("--refit", "rates that go by the epoch and can be had again", got)

    @property
    def monitor(self) -> str | None:
        """The entry that patience watches, where it is not the validation cost."""
        return None if self.patience is None or self.scoring is None else "-validation_score"

    @property
    def _schedules(self) -> dict[str, Named]:
        """Schedules that are asked for."""
        given = {name: getattr(self, name) for name in SCHEDULED}
        return {name: schedule for name, schedule in given.items() if schedule is not None}

    @property
    def _engine(self) -> str:
        return self.engine or "auto"

    @property
    def _dtype(self) -> str:
        """Precision of the parameters."""
        return "float64" if self.precision in (None, "float64") else "float32"

    @property
    def _smoothing(self) -> dict[str, float]:
        return {} if self.label_smoothing is None else {"smoothing": self.label_smoothing}

    @property
    def _delta(self) -> dict[str, float]:
        return {} if self.huber_delta is None else {"delta": self.huber_delta}

    def network(self, preparation: Preparation) -> Network:
        """The network before training."""
        return self.network_for(preparation.inputs.n_features, preparation.target)

    def network_for(self, n_inputs: int, target: Target) -> Network:
        """The network before training, of inputs that need no preparation."""
        return Network(
            [n_inputs, *self.hidden, target.n_outputs],
            activation=self.activation,
            output=target.output,
            output_settings={**target.output_settings, **self._delta, **self._smoothing},
            normalization=self.normalization or "none",
            initialization=self.initialization,
            seed=self.seed,
            dtype=self._dtype,
            engine=self._engine,
        )

    def options(self, *, validated: bool) -> dict[str, Any]:
        """Arguments of `Network.train`."""
        given = {name: value for name, value in asdict(self).items() if name in AS_THEY_ARE}
        given["precision"] = BFLOAT16 if self.precision == BFLOAT16 else None
        given["iterations"] = UNTIL_TIME_IS_UP if self.iterations is None else self.iterations
        schedules = self._schedules
        if self.warm_up is not None:
            schedules["schedule"] = {**_whole(self.schedule or "constant"), "warm_up": self.warm_up}
        for name, schedule in schedules.items():
            by_validation = validated and _name_of(schedule) == PLATEAU
            given[name] = {
                **({"quantity": "validation_cost"} if by_validation else {}),
                **_whole(schedule),
            }
        return {name: value for name, value in given.items() if value is not None}


def typed(otherwise: str = "") -> AbstractContextManager[None]:
    """Let errors about settings name their options, see `named_as_typed`."""
    return named_as_typed([setting.name for setting in fields(TrainSettings)], otherwise)


def _whole(schedule: Named) -> dict[str, Any]:
    return {"name": schedule} if isinstance(schedule, str) else dict(schedule)


def _name_of(schedule: Named) -> Any:
    return _whole(schedule)["name"]


def _settings_of(schedule: Named | None) -> Mapping[str, Any]:
    return {} if schedule is None or isinstance(schedule, str) else schedule
