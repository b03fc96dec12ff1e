"""The population: presets by name, drawn presets, and how many of them a table is worth.

After TabPack (arXiv 2607.05380); the first presets are fixed: RealMLP's (arXiv 2407.04491) and plainer ones.
"""

from collections.abc import Mapping
from dataclasses import replace
from math import inf
from typing import Any, NamedTuple

import numpy as np

from deepstep.engines import Settings
from deepstep.ensembles.presets import STEPS, Preset
from deepstep.errors import ConfigurationError, unknown_name

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
    "relu",
    "scaled numbers and relu: piecewise linear predictions",
    label_smoothing=0.1,
    numbers=_NUMBERS,
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
TABM = Preset(
    "tabm",
    "many networks in one that share their matrices, numbers cut at quantiles: TabM-mini, smaller",
    inputs="pieces",
    shared_members=None,
    settings=Settings("adamw", weight_decay=3e-4, clip_norm=1.0, dropout=0.1),
    learning_rate=0.002,
    schedule=None,
    weight_decay_schedule=None,
    dropout_schedule=None,
    epochs=300,
    patience=17,
)
"""Settings as those of TabM (arXiv 2410.24210, appendix), on smaller layers; in no population."""

STREAMED = GATED
"""The preset of rows that stay in their files."""

FIRST = (GATED, PERIODIC, STANDARD, REALMLP, RELU, PLE, RANKS, LINEAR)
"""The presets that every population begins with."""

PRESETS: Mapping[str, Preset] = {preset.name: preset for preset in (*FIRST, TABM)}
"""All presets that are not drawn, by name."""


def drawn_preset(number: int, m: int, rng: np.random.Generator) -> Preset:
    """A preset with random settings for a table of m rows; ``number`` is in its name.

    ==================  =============================================================================
    setting             distribution
    ==================  =============================================================================
    hidden layers       1, 2, 3 (0.35, 0.5, 0.15) of the units of `UNITS`
    activation          relu, selu, mish, silu, tanh
    inputs              with pieces (0.28; 0.6 from `LARGE` rows on), else scaled, standard, ranks
    cosines             from `COSINES_FROM` rows on of a third, without pieces: of deviation logU(0.02, 0.2)
    learning rate       logU(0.3, 2) · 0.04, of numbers 0.07, with the factors of `realmlp_init`
    weight decay        logU(0.001, 0.3)
    dropout             0 (0.3) or U(0, 0.4)
    label smoothing     0, 0.05, 0.1, of classes
    factor of inputs    0.5, without cosines
    epochs              0.5 or 1 of those of the table
    ==================  =============================================================================
    """

    def log_uniform(least: float, most: float) -> float:
        return float(np.exp(rng.uniform(np.log(least), np.log(most))))

    def choice(*values: Any, p: Any = None) -> Any:
        return values[int(rng.choice(len(values), p=p))]

    units = next(units for rows, units in UNITS.items() if m < rows)
    hidden_layers = (choice(*units, p=(0.6, 0.4)),) * choice(1, 2, 3, p=(0.35, 0.5, 0.15))
    pieces = rng.random() < (0.28 if m < LARGE else 0.6)
    inputs = choice("pieces", "standard_pieces") if pieces else choice("scaled", "standard", "ranks")
    cosines = rng.random() < 1 / 3 and not pieces
    activation = choice("relu", "selu", "mish", "silu", "tanh")
    weight_decay = log_uniform(1e-3, 0.3)
    dropout = 0.0 if rng.random() < 0.3 else float(rng.uniform(0, 0.4))
    input_scale = bool(rng.random() < 0.5) and not cosines
    features = {"periodic_embedding": {"scale": log_uniform(0.02, 0.2)}} if cosines else {}
    rate = log_uniform(0.3, 2)
    label_smoothing = choice(0.0, 0.05, 0.1)
    return Preset(
        f"drawn{number}",
        "settings drawn at random",
        hidden_layers=hidden_layers,
        activation=activation,
        inputs=inputs,
        input_scale=input_scale,
        features=features,
        label_smoothing=label_smoothing,
        settings=replace(STEPS, dropout=dropout, weight_decay=weight_decay),
        learning_rate=RATE_OF_CLASSES * rate,
        epoch_factor=choice(0.5, 1.0),
        numbers={"learning_rate": RATE_OF_NUMBERS * rate},
    )


class Size(NamedTuple):
    """Presets that are tried, folds, how many of these all presets learn, and presets that learn all."""

    presets: int
    n_folds: int
    first_folds: int
    kept: int


SIZES: Mapping[str, Mapping[float, Size]] = {
    "fast": {
        1_000: Size(7, 5, 2, 4),
        12_000: Size(4, 5, 1, 2),
        100_000: Size(1, 5, 5, 1),
        inf: Size(1, 1, 1, 1),
    },
    "balanced": {
        500: Size(16, 8, 2, 6),
        1_000: Size(16, 6, 2, 6),
        2_000: Size(14, 5, 2, 6),
        4_000: Size(10, 5, 1, 4),
        12_000: Size(8, 5, 1, 3),
        100_000: Size(5, 5, 1, 2),
        inf: Size(1, 1, 1, 1),
    },
    "best": {
        2_000: Size(60, 10, 3, 30),
        12_000: Size(24, 5, 1, 10),
        100_000: Size(8, 5, 1, 3),
        inf: Size(4, 1, 1, 4),
    },
}
"""By effort, for tables below so many rows."""

EFFORTS = tuple(SIZES)

MOST_FOLDS = 5
"""Folds of a given number of networks."""

LARGE = 2_000
"""Rows from which on numbers are mostly cut into pieces, where that is worth a tenth of the error."""

UNITS: Mapping[float, tuple[int, int]] = {LARGE: (64, 128), inf: (128, 256)}
"""Units of a drawn layer, of tables below so many rows."""

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
    folds = 1 if validated else size.n_folds if n_folds is None else n_folds
    folds = min(folds, MOST_FOLDS) if n_folds is None and m < 4 * folds else folds
    return size._replace(n_folds=folds, first_folds=min(size.first_folds, folds))


def population(n: int, m: int, width: Width, seed: int, *, fixed: int) -> tuple[Preset, ...]:
    """So many presets for a table of m rows, at most ``fixed`` of them not drawn."""
    rng = np.random.default_rng([seed, 21])
    presets = [preset for preset in FIRST if _is_for(preset, m, width)][:fixed]
    number = 0
    while len(presets) < n:
        number += 1
        preset = drawn_preset(number, m, rng)
        if _is_for(preset, m, width):
            presets.append(preset)
    return tuple(presets)


def named_presets(presets: Any, n: int | None = None) -> tuple[Preset, ...]:
    """Presets by their names or as they are; n of them, where more are asked for under further names.

    >>> [preset.name for preset in named_presets(["relu", "tabm"], 3)]
    ['relu', 'tabm', 'relu-2']
    """
    listed = [presets] if isinstance(presets, str | Preset) else [*presets]
    chosen = []
    for preset in listed:
        if not isinstance(preset, Preset) and preset not in PRESETS:
            raise unknown_name("", "preset", preset, PRESETS, setting="presets")
        chosen.append(preset if isinstance(preset, Preset) else PRESETS[preset])
    names = [preset.name for preset in chosen]
    if not names or len({*names}) < len(names):
        expected = "different presets, at least one: their names, or Preset objects"
        raise ConfigurationError("", expected, f"got {names}", setting="presets")
    rounds = range(-(-(n or len(chosen)) // len(chosen)))
    repeated = [
        replace(preset, name=f"{preset.name}-{number + 1}") if number else preset
        for number in rounds
        for preset in chosen
    ]
    return tuple(repeated[: n or len(chosen)])


def _is_for(preset: Preset, m: int, width: Width) -> bool:
    """Whether a table is neither too wide nor too short for the inputs of a preset."""
    if preset is STANDARD:
        return m < COSINES_FROM
    if preset.features:
        return m >= COSINES_FROM and width.columns <= WIDE and width.features <= WIDEST
    return not preset.cuts or 8 * width.columns <= 2 * m
