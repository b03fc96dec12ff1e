"""The population of ``preset='tabular'``: networks whose settings are drawn, and how many a table is worth.

After TabPack (arXiv 2607.05380); the first presets are fixed: RealMLP's (arXiv 2407.04491) and plainer ones.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import inf
from typing import Any, NamedTuple

import numpy as np

from deepstep.estimators.presets import ALONE, TABM, Preset

RATE_OF_CLASSES, RATE_OF_NUMBERS = 0.04, 0.07
"""Learning rates of RealMLP's simple variant."""

_SMALL: Mapping[str, Any] = {"learning_rate_init": RATE_OF_CLASSES, "dropout": 0.15, "weight_decay": 0.02}
_OF_NUMBERS: Mapping[str, Any] = {"learning_rate_init": RATE_OF_NUMBERS, "activation": "mish"}

REALMLP = Preset(
    "realmlp",
    "scaled numbers, smooth activations, a learned factor for each input: RealMLP's simple variant",
    (128, 128),
    settings={**_SMALL, "activation": "mish", "input_scale": True},
    of_classes={"label_smoothing": 0.1},
    of_numbers=_OF_NUMBERS,
)
RELU = Preset(
    "relu",
    "scaled numbers and relu: piecewise linear predictions",
    (128, 128),
    settings={**_SMALL, "activation": "relu"},
    of_classes={"label_smoothing": 0.1},
    of_numbers={"learning_rate_init": RATE_OF_NUMBERS},
)
GATED = Preset(
    "gated",
    "numbers cut at quantiles, and a learned factor for each input, which is small for useless columns",
    (128, 128),
    inputs="pieces",
    settings={**_SMALL, "activation": "selu", "input_scale": True},
    of_numbers=_OF_NUMBERS,
)
STANDARD = Preset(
    "standard",
    "numbers scaled by deviations and a smooth activation, in place of `periodic` where rows are few",
    (128, 128),
    inputs="standard",
    settings={**_SMALL, "activation": "silu", "dropout": 0.3},
)
PERIODIC = replace(
    STANDARD,
    name="periodic",
    why="cosines of learned frequencies of each number: smooth functions of few columns",
    settings={**STANDARD.settings, "features": {"periodic_embedding": {"scale": 0.06}}},
)
RANKS = Preset(
    "ranks",
    "ranks of the numbers: columns whose distances have little meaning",
    (64, 64),
    inputs="ranks",
    settings={"learning_rate_init": 0.05, "weight_decay": 0.01, "activation": "tanh", "input_scale": True},
)
LINEAR = Preset(
    "linear",
    "no hidden layer: a linear model, which is often good for small tables; its many epochs cost little",
    (),
    epochs=5,
    settings={"learning_rate_init": 0.04, "weight_decay": 0.02},
)
PLE = Preset(
    "ple",
    "numbers cut at quantiles: predictions that jump, as those of trees",
    (128, 128),
    inputs="pieces",
    settings={**_SMALL, "activation": "selu", "dropout": 0.3, "weight_decay": 0.1},
    of_numbers=_OF_NUMBERS,
)

STREAMED = GATED
"""The preset of rows that stay in their files."""

FIRST: Mapping[str, Preset] = {
    one.name: one for one in (GATED, PERIODIC, STANDARD, REALMLP, RELU, PLE, RANKS, LINEAR)
}
"""The presets that every population begins with, by name."""

PRESETS: Mapping[str, Preset] = {**FIRST, TABM.name: TABM, **ALONE}
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

    def one_of(*values: Any, p: Any = None) -> Any:
        return values[int(rng.choice(len(values), p=p))]

    units = next(units for rows, units in UNITS.items() if m < rows)
    hidden = (one_of(*units, p=(0.6, 0.4)),) * one_of(1, 2, 3, p=(0.35, 0.5, 0.15))
    pieces = rng.random() < (0.28 if m < LARGE else 0.6)
    inputs = one_of("pieces", "standard_pieces") if pieces else one_of("scaled", "standard", "ranks")
    cosines = rng.random() < 1 / 3 and not pieces
    settings = {
        "activation": one_of("relu", "selu", "mish", "silu", "tanh"),
        "weight_decay": log_uniform(1e-3, 0.3),
        "dropout": 0.0 if rng.random() < 0.3 else float(rng.uniform(0, 0.4)),
        "input_scale": rng.random() < 0.5 and not cosines,
        "features": {"periodic_embedding": {"scale": log_uniform(0.02, 0.2)}} if cosines else {},
    }
    rate = log_uniform(0.3, 2)
    of_classes = {"learning_rate_init": RATE_OF_CLASSES * rate, "label_smoothing": one_of(0.0, 0.05, 0.1)}
    of_numbers = {"learning_rate_init": RATE_OF_NUMBERS * rate}
    why, epochs = "settings drawn at random", one_of(0.5, 1.0)
    return Preset(f"drawn{number}", why, hidden, inputs, epochs, settings, of_classes, of_numbers)


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


NARROW = Width(1, 1)
"""The width of a table on which all presets can learn."""


@dataclass(frozen=True)
class EnsembleSize:
    """Presets of a table, folds, those that all presets learn, and how many presets learn the others."""

    presets: tuple[Preset, ...]
    n_folds: int
    first_folds: int
    kept: int


def ensemble_size(
    m: int,
    n_estimators: int | None,
    preset: str = "tabular",
    effort: str = "balanced",
    *,
    width: Width = NARROW,
    validated: bool = False,
    seed: int = 0,
) -> EnsembleSize:
    """The presets and folds for m rows, or for a number of members, which are on 5 folds at most."""
    if preset in ALONE:
        return EnsembleSize((ALONE[preset],), 1, 1, 1)
    if n_estimators is None:
        n, n_folds, first, kept = next(size for rows, size in SIZES[effort].items() if m < rows)
        n_folds = 1 if validated else n_folds
        n_folds = min(n_folds, MOST_FOLDS) if m < 4 * n_folds else n_folds
    else:
        n_folds = min(MOST_FOLDS, n_estimators)
        n_folds = first = 1 if validated or m < 2 * n_folds else n_folds
        n = kept = -(-n_estimators // n_folds)
    if preset == TABM.name:
        n = 1 if n_estimators is None else n
        n_folds = min(n_folds, MOST_FOLDS)
        return EnsembleSize((TABM,) * n, n_folds, n_folds, n)
    fixed = max(n // 2, 1) if n_estimators is None else n
    presets = population(n, m, width, seed, fixed=fixed)
    return EnsembleSize(presets, n_folds, min(first, n_folds), kept)


def population(n: int, m: int, width: Width, seed: int, *, fixed: int) -> tuple[Preset, ...]:
    """So many presets for a table of m rows, at most ``fixed`` of them not drawn."""
    rng = np.random.default_rng([seed, 21])
    found = [one for one in FIRST.values() if _is_for(one, m, width)][:fixed]
    number = 0
    while len(found) < n:
        number += 1
        one = drawn_preset(number, m, rng)
        if _is_for(one, m, width):
            found.append(one)
    return tuple(found)


def more_presets(presets: tuple[Preset, ...], m: int, width: Width, seed: int) -> tuple[Preset, ...]:
    """Twice as many presets of the same table, which begin with these."""
    fixed = sum(one.name in FIRST for one in presets)
    return population(2 * len(presets), m, width, seed, fixed=fixed)


def _is_for(preset: Preset, m: int, width: Width) -> bool:
    """Whether a table is neither too wide nor too short for the inputs of a preset."""
    if preset is STANDARD:
        return m < COSINES_FROM
    if preset.settings.get("features"):
        return m >= COSINES_FROM and width.columns <= WIDE and width.features <= WIDEST
    return not preset.cuts or 8 * width.columns <= 2 * m
