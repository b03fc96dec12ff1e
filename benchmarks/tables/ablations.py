"""Our estimators with one part changed each: what every part of an ensemble is worth."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any
from unittest.mock import patch

import numpy as np

from deepstep.ensembles import fit, presets, weights
from deepstep.ensembles.presets import PORTFOLIO, SIZES, Preset, Size
from tables.methods import one_network, ours

Method = Callable[..., Any]


def _patched(where: Any, name: str, value: Any) -> Method:
    def method(*given: Any) -> Any:
        with patch.object(where, name, value):
            return ours(*given)

    return method


def _sizes(change: Callable[[Size], Size]) -> Method:
    """All sizes changed."""
    changed = {rows: change(size) for rows, size in SIZES["balanced"].items()}
    return _patched(presets, "SIZES", {**SIZES, "balanced": changed})


def _each(change: Callable[[Preset], Preset]) -> Method:
    """All presets changed."""

    def changed(*given: Any, **named: Any) -> Any:
        return tuple(map(change, _population(*given, **named)))

    return _patched(fit, "population", changed)


def _all(**settings: Any) -> Method:
    """All presets with these settings instead."""
    return _each(
        lambda preset: replace(
            preset,
            **settings,
            numbers={name: value for name, value in preset.numbers.items() if name not in settings},
        )
    )


FOREVER = 10**6
"""A patience with which each fold keeps the epoch that is best for it alone, of all epochs."""

UNCUT = {"pieces": "scaled"}
"""Inputs with pieces, and the same without them."""


_population = presets.population


def _first(chosen: tuple[Preset, ...]) -> Method:
    return _patched(presets, "PORTFOLIO", chosen)


def _equal_weights(outputs: Any, *_: Any, **__: Any) -> Any:
    return np.full(len(outputs), 1 / len(outputs))


def _no_temperature(*_: Any, **__: Any) -> float:
    return 1.0


ABLATIONS: dict[str, Method] = {
    "ours": ours,
    "fast": partial(ours, effort="fast"),
    "best": partial(ours, effort="best"),
    "all folds for all": _sizes(lambda size: size._replace(first_folds=size.n_folds)),
    "5 folds": _sizes(lambda size: size._replace(n_folds=min(5, size.n_folds))),
    "twice as many": _sizes(lambda size: size._replace(presets=2 * size.presets)),
    "equal weights": _patched(weights, "selection_weights", _equal_weights),
    "own epochs": _all(patience=FOREVER),
    "raw epochs": _patched(weights, "fit_temperature", _no_temperature),
    "without cosines": _all(features={}),
    "cosines of small tables": _patched(presets, "COSINES_FROM", 0),
    "without pieces": _each(lambda preset: replace(preset, inputs=UNCUT.get(preset.inputs, preset.inputs))),
    "without factors": _all(input_scale=False),
    "slow cosines": _patched(presets, "SLOW", (*presets.SLOW, "omega", "phi", "V", "a1")),
    **{
        f"without {preset.name}": _first(tuple(other for other in PORTFOLIO if other is not preset))
        for preset in PORTFOLIO
    },
    "one network": one_network,
}
"""By name, the whole first."""
