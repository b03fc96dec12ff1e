"""Presets: a network for a table and its training as data, in the words of `Network` and `Network.train`."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from math import inf, sqrt
from typing import Any, NamedTuple

import numpy as np

from deepstep.engines import Settings
from deepstep.equations import INITIALIZATIONS
from deepstep.equations.initialization import drawn
from deepstep.errors import ConfigurationError, unknown_name
from deepstep.model import Network
from deepstep.network import Architecture, Parameters
from deepstep.preparation.batches import as_they_are, shuffled
from deepstep.targets import Targets
from deepstep.training import Plan
from deepstep.training.plan import check_learning_rate
from deepstep.training.schedules import get_schedule
from deepstep.types import Array, is_whole, plain

INPUTS: Mapping[str, tuple[str, bool]] = {
    "scaled": ("quartiles", False),
    "pieces": ("quartiles", True),
    "standard": ("deviations", False),
    "ranks": ("ranks", False),
}
"""The inputs that a network may take, by name: the scaling, and whether numbers are cut as well."""

STEPS = Settings("adam", {"beta2": 0.95, "epsilon_at": "hat"}, weight_decay=0.02, dropout=0.15)
"""The update rule of the presets: RealMLP's (arXiv 2407.04491)."""

SLOW = ("b",)
"""First letters of the names of parameters that learn at a tenth of the rate."""

NOT_IN_NETWORK_PARAMS = ("name", "why", "inputs", "features", "settings", "numbers", "epoch_factor")
"""Fields that ``network_params`` cannot replace; of ``settings`` it sets single entries (`STEP_NAMES`)."""


@dataclass(frozen=True)
class Preset:
    """A network for a table, and its training. The fields from ``hidden_layers`` on may be changed for all
    members of an ensemble by ``network_params``, and so may those of ``settings``.

    Attributes
    ----------
    name, why : str
        Its name, and what it is good for.
    inputs : str
        How numbers become inputs: a name in ``INPUTS``.
    features : mapping
        Features of the network, as `deepstep.Network` takes them.
    settings : Settings
        The update rule and the regularization.
    numbers : mapping
        Fields that replace the preset's own where the target is a number (regression).
    epoch_factor : float
        Factor of the epochs that a table of some size gets.
    hidden_layers : tuple of int
        Units of each hidden layer.
    activation, normalization, input_scale
        As `deepstep.Network` takes them.
    label_smoothing : float
        Of classes.
    learning_rate, schedule, weight_decay_schedule, dropout_schedule
        As `Network.train` takes them.
    epochs, batch_size : int or None
        None for what the size of the table asks for.
    patience : int or None
        Epochs without a better validation cost that end a training; None for all epochs.

    Examples
    --------
    >>> preset = Preset("small", "a network with few units", hidden_layers=(16,))
    >>> preset.epochs_of(1000), preset.plan(1000, seed=1).batch_size
    (64, 64)
    """

    name: str
    why: str
    inputs: str = "scaled"
    features: Mapping[str, Any] = field(default_factory=dict)
    settings: Settings = STEPS
    numbers: Mapping[str, Any] = field(default_factory=dict)
    epoch_factor: float = 1.0
    hidden_layers: tuple[int, ...] = (128, 128)
    activation: str | tuple[str, ...] = "relu"
    normalization: str | tuple[str, ...] = "none"
    input_scale: bool = False
    label_smoothing: float = 0.0
    learning_rate: float = 0.04
    schedule: str | None = "coslog4"
    weight_decay_schedule: str | None = "flat_cos"
    dropout_schedule: str | None = "flat_cos"
    epochs: int | None = None
    batch_size: int | None = None
    patience: int | None = None

    def __post_init__(self) -> None:
        if self.inputs not in INPUTS:
            raise unknown_name("inputs", self.inputs, INPUTS, setting="inputs")
        object.__setattr__(self, "hidden_layers", _as_layers(self.hidden_layers, "hidden_layers"))

    @property
    def cuts(self) -> bool:
        """Whether numbers are cut into pieces."""
        return INPUTS[self.inputs][1]

    def with_params(self, targets: Targets, network_params: Mapping[str, Any]) -> "Preset":
        """The preset for a kind of target, with the parameters that hold for all members."""
        preset = self if targets.is_classes else replace(self, **{"label_smoothing": 0.0, **self.numbers})
        changed = checked_params(network_params)
        if "label_smoothing" in changed and not targets.is_classes:
            setting, value = "network_params['label_smoothing']", repr(changed["label_smoothing"])
            raise ConfigurationError.must_be(setting, "left out where targets are numbers", value)
        steps = {name: changed.pop(name) for name in [*changed] if name in STEP_NAMES}
        if steps.get("optimizer", preset.settings.optimizer) != preset.settings.optimizer:
            steps.setdefault("optimizer_params", {})  # those of the preset are of its own optimizer
        return replace(preset, settings=replace(preset.settings, **steps), **changed)

    def own_settings(self) -> dict[str, Any]:
        """The fields and the settings that differ from those by default, as JSON has them."""
        default = Preset(self.name, self.why)
        names = ("inputs", "features", "epoch_factor", *PARAMETER_NAMES)
        changed = {
            name: getattr(self, name) for name in names if getattr(self, name) != getattr(default, name)
        }
        steps = {name: getattr(self.settings, name) for name in STEP_NAMES}
        changed |= {name: value for name, value in steps.items() if value != getattr(STEPS, name)}
        return dict(plain({"hidden_layers": self.hidden_layers, **changed}))

    def epochs_of(self, m: int) -> int:
        """Epochs for m rows learned from."""
        return self.epochs or max(1, round(self.epoch_factor * epochs_of_table(m)))

    def plan(self, m: int, seed: int, *, seconds: float | None = None) -> Plan:
        """The plan of a training on m rows, which ends after some seconds where these are given."""
        size = min(self.batch_size or batch_size_of_table(m), m) if m else 1
        schedules: dict[str, str | None] = {
            "schedule": self.schedule,
            "weight_decay_schedule": self.weight_decay_schedule if self.settings.decay else None,
            "dropout_schedule": self.dropout_schedule if np.any(self.settings.dropout) else None,
        }
        rules: dict[str, Any] = {
            name: get_schedule(rule, name) for name, rule in schedules.items() if rule is not None
        }
        order = as_they_are if size == m else shuffled(seed)
        return Plan(self.epochs_of(m), self.learning_rate, size, order, time_budget=seconds, **rules)

    def network(
        self, n_inputs: int, targets: Targets, scale: Array, seed: int, dtype: Any, engine: str
    ) -> Network:
        """The network without the values of its parameters."""
        smoothing = None if "smoothing" in targets.settings else self.label_smoothing  # the user's own
        return Network(
            (n_inputs, *self.hidden_layers, targets.n_outputs),
            activation=self.activation if isinstance(self.activation, str) else [*self.activation],
            output=targets.head,
            output_settings=targets.head_settings(scale, smoothing),
            normalization=self.normalization
            if isinstance(self.normalization, str)
            else [*self.normalization],
            input_scale=self.input_scale,
            features=dict(self.features),
            seed=seed,
            dtype=dtype,
            engine=engine,
            initialization="zeros",
        )


PARAMETER_NAMES = tuple(item.name for item in fields(Preset) if item.name not in NOT_IN_NETWORK_PARAMS)
"""Fields of a preset that ``network_params`` may change."""

STEP_NAMES = tuple(item.name for item in fields(Settings) if item.name != "seed")
"""Fields of `Settings` that ``network_params`` may change."""

_COUNTS = ("epochs", "batch_size", "patience")


def checked_params(network_params: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters for all members under known names, with lists as tuples.

    >>> checked_params({"hidden_layers": [64, 32], "dropout": 0.1})
    {'hidden_layers': (64, 32), 'dropout': 0.1}
    """
    params = dict(network_params)
    known = (*PARAMETER_NAMES, *STEP_NAMES)
    for name, value in params.items():
        if name not in known:
            raise unknown_name("name", name, known, setting="network_params", inside=True)
        if name in _COUNTS and not is_whole(value, 1):
            setting = f"network_params[{name!r}]"
            raise ConfigurationError.must_be(setting, "a whole number of at least 1", repr(value))
    if "learning_rate" in params:
        params["learning_rate"] = check_learning_rate(params["learning_rate"])
    if "hidden_layers" in params:
        params["hidden_layers"] = _as_layers(params["hidden_layers"], "network_params['hidden_layers']")
    for name in ("activation", "normalization"):
        if name in params and not isinstance(params[name], str):
            params[name] = tuple(params[name])
    return params


def _as_layers(sizes: Any, name: str) -> tuple[int, ...]:
    layers = [*sizes] if isinstance(sizes, Iterable) and not isinstance(sizes, str) else [sizes]
    if not all(is_whole(size, 1) for size in layers):
        raise ConfigurationError.must_be(name, "whole numbers of at least 1", f"{sizes!r:.60}")
    return tuple(int(size) for size in layers)


def realmlp_init(
    shape: Architecture, dtype: Any, rng: np.random.Generator
) -> tuple[Parameters, dict[str, float]]:
    """Initial values and factors of the learning rate in RealMLP's manner (arXiv 2407.04491, appendix A).

    Its "neural tangent" layer, Z = W·A / √n with weights of variance 1, is under Adam the plain one with
    weights and learning rate divided by √n. The output layer begins with zeros.
    """
    values = shape.lay_out(drawn(shape.graph, INITIALIZATIONS["lecun"], rng).astype(dtype))
    for layer in range(1, shape.n_layers):
        values[f"b{layer}"][:] = rng.standard_normal(values[f"b{layer}"].shape)
    values[f"W{shape.n_layers}"][:] = 0
    factors = {name: 1 / sqrt(W.shape[1]) for name, W in values.to_dict().items() if name.startswith("W")}
    # factors of appendix A: a tenth for biases, 6 for the learned scale of each input
    slow = {f"{start}*": 0.1 for start in SLOW if any(name.startswith(start) for name in values)}
    return values, {**factors, **slow, **({"s1": 6.0} if "s1" in values else {})}


def default_n_bins(m: int) -> int:
    """Greatest number of pieces that a number is cut into, for m rows learned from: some 30 rows each."""
    return min(32, max(8, m // 30))


SHORTER_FROM = 1_600
"""Rows learned from (4 of the 5 folds of a table of 2,000) from which on 48 epochs are as good as 64."""


def epochs_of_table(m: int) -> int:
    """Epochs for m rows learned from, fewer where they are so many that all are seen often."""
    return min(64 if m < SHORTER_FROM else 48, max(4, 4_000_000 // m))


def batch_size_of_table(m: int) -> int:
    """Examples of an update for m rows learned from."""
    for size, most in ((32, 500), (64, 2_000), (128, 8_000), (256, 12_000), (512, 100_000)):
        if m <= most:
            return size
    return 1024


RATE_OF_CLASSES, RATE_OF_NUMBERS = 0.04, 0.07
"""Learning rates of RealMLP's simple variant."""

_NUMBERS: Mapping[str, Any] = {"learning_rate": RATE_OF_NUMBERS}
_SMOOTH: Mapping[str, Any] = {**_NUMBERS, "activation": "mish"}

REALMLP = Preset(
    "realmlp",
    "scaled numbers, smooth activations, a learned factor for each input: RealMLP's simple variant",
    activation="mish",
    input_scale=True,
    label_smoothing=0.1,
    numbers=_NUMBERS,
)
RELU = Preset(
    "relu", "scaled numbers and relu: piecewise linear predictions", label_smoothing=0.1, numbers=_NUMBERS
)
GATED = Preset(
    "gated",
    "numbers cut at quantiles, and a learned factor for each input, which is small for useless columns",
    activation="selu",
    inputs="pieces",
    input_scale=True,
    numbers=_SMOOTH,
)
STANDARD = Preset(
    "standard",
    "numbers scaled by deviations and a smooth activation, in place of `periodic` where rows are few",
    activation="silu",
    inputs="standard",
    settings=replace(STEPS, dropout=0.3),
)
PERIODIC = replace(
    STANDARD,
    name="periodic",
    why="cosines of learned frequencies of each number: smooth functions of few columns",
    features={"periodic_embedding": {"scale": 0.06}},
)
RANKS = Preset(
    "ranks",
    "ranks of the numbers: columns whose distances have little meaning",
    hidden_layers=(64, 64),
    activation="tanh",
    inputs="ranks",
    input_scale=True,
    settings=replace(STEPS, dropout=0.0, weight_decay=0.01),
    learning_rate=0.05,
)
LINEAR = Preset(
    "linear",
    "no hidden layer: a linear model, which is often good for small tables; its many epochs cost little",
    hidden_layers=(),
    settings=replace(STEPS, dropout=0.0),
    epoch_factor=5.0,
)
PLE = Preset(
    "ple",
    "numbers cut at quantiles: predictions that jump, as those of trees",
    activation="selu",
    inputs="pieces",
    settings=replace(STEPS, dropout=0.3, weight_decay=0.1),
    numbers=_SMOOTH,
)
STREAMED = GATED
"""The preset of rows that stay in their files."""

PORTFOLIO = (GATED, PERIODIC, STANDARD, REALMLP, RELU, PLE, RANKS, LINEAR)
"""The presets in the order in which they are tried. Settings drawn at random beside them won nothing, whether
as they came or those chosen that won most on other tables (benchmarks/ledger.md).
"""

PRESETS: Mapping[str, Preset] = {preset.name: preset for preset in PORTFOLIO}
"""All presets, by name."""


class Size(NamedTuple):
    """``presets`` are tried on ``first_folds`` of ``n_folds`` folds, the best ``on_all_folds`` on all."""

    presets: int
    n_folds: int
    first_folds: int
    on_all_folds: int


SIZES: Mapping[str, Mapping[float, Size]] = {
    "fast": {
        1_000: Size(5, 5, 2, 3),
        12_000: Size(3, 5, 1, 2),
        100_000: Size(1, 5, 5, 1),
        inf: Size(1, 1, 1, 1),
    },
    "balanced": {
        500: Size(7, 8, 2, 6),
        1_000: Size(7, 6, 2, 6),
        2_000: Size(7, 5, 2, 6),
        4_000: Size(7, 5, 1, 4),
        12_000: Size(7, 5, 1, 3),
        100_000: Size(5, 5, 1, 2),
        inf: Size(1, 1, 1, 1),
    },
    "best": {
        2_000: Size(21, 10, 3, 14),
        12_000: Size(14, 5, 1, 8),
        100_000: Size(7, 5, 1, 3),
        inf: Size(4, 1, 1, 4),
    },
}
"""Sizes of ensembles by effort, for tables below so many rows."""

EFFORTS = tuple(SIZES)

MOST_FOLDS = 5
"""Most folds of a given number of networks, and of tables with fewer than 4 rows for each fold."""

WIDE, WIDEST = 64, 256
"""Columns, and the features that they become, above which no network has cosines of each."""

COSINES_FROM = 1_000
"""Rows below which no network has cosines: there they won nothing, and cost a seventh of the time."""


class Width(NamedTuple):
    """Columns of a table, and features that they become, of which a category of texts has several."""

    columns: float
    features: float


def size_of(
    m: int, n_estimators: int | None, effort: str, *, validated: bool = False, n_folds: int | None = None
) -> Size:
    """The presets and folds for m rows, or for a number of members, which are on 5 folds at most.

    ``n_folds`` are those that a splitter of the user makes.
    """
    if n_estimators is not None:
        folds = min(MOST_FOLDS, n_estimators) if n_folds is None else n_folds
        folds = 1 if validated or (n_folds is None and m < 2 * folds) else folds
        presets = -(-n_estimators // folds)
        return Size(presets, folds, folds, presets)
    size = next(size for rows, size in SIZES[effort].items() if m < rows)
    folds = 1 if validated else n_folds or size.n_folds
    folds = min(folds, MOST_FOLDS) if n_folds is None and m < 4 * folds else folds
    return size._replace(n_folds=folds, first_folds=min(size.first_folds, folds))


def population(n: int, m: int, width: Width) -> tuple[Preset, ...]:
    """The first n presets for a table of m rows; where n is greater the same again, under further names."""
    return named_presets([preset for preset in PORTFOLIO if _is_for(preset, m, width)], n)


def named_presets(presets: Any, n: int | None = None) -> tuple[Preset, ...]:
    """Presets by their names or as they are; n of them, where more are asked for under further names.

    >>> [preset.name for preset in named_presets(["relu", "gated"], 3)]
    ['relu', 'gated', 'relu-2']
    """
    listed = [presets] if isinstance(presets, str | Preset) else [*presets]
    chosen = []
    for preset in listed:
        if not isinstance(preset, Preset) and preset not in PRESETS:
            raise unknown_name("preset", preset, PRESETS, setting="presets")
        chosen.append(preset if isinstance(preset, Preset) else PRESETS[preset])
    names = [preset.name for preset in chosen]
    if not names or len({*names}) < len(names):
        requirement = "different presets, at least one: their names, or Preset objects"
        raise ConfigurationError.must_be("presets", requirement, str(names))
    repeated, count = list(chosen), 1
    while len(repeated) < (n or 0):
        count += 1
        again = (replace(preset, name=f"{preset.name}-{count}") for preset in chosen)
        repeated += [preset for preset in again if preset.name not in names]
    return tuple(repeated[: n or len(chosen)])


def _is_for(preset: Preset, m: int, width: Width) -> bool:
    """Whether a table is neither too wide nor too short for the inputs of a preset."""
    if preset is STANDARD:
        return m < COSINES_FROM
    if preset.features:
        return m >= COSINES_FROM and width.columns <= WIDE and width.features <= WIDEST
    # at least 8 pieces a column: at most two such inputs for each row
    return not preset.cuts or 8 * width.columns <= 2 * m
