"""Our estimators with one part changed each: what every part of ``preset='tabular'`` is worth."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any
from unittest.mock import patch

import numpy as np

from deepstep.estimators import ensemble, ensemble_fit, members, population, presets
from deepstep.estimators.population import FIRST, SIZES, Size
from deepstep.estimators.presets import Preset
from tables.methods import ours

Method = Callable[..., Any]


def _patched(where: Any, name: str, value: Any) -> Method:
    def method(*given: Any) -> Any:
        with patch.object(where, name, value):
            return ours(*given)

    return method


def _sizes(change: Callable[[Size], Size]) -> Method:
    """All sizes changed."""
    changed = {rows: change(size) for rows, size in SIZES["balanced"].items()}
    return _patched(population, "SIZES", {**SIZES, "balanced": changed})


def _each(change: Callable[[Preset], Preset]) -> Method:
    """All presets, fixed and drawn ones, changed."""

    def changed(*given: Any, **named: Any) -> Any:
        return tuple(map(change, _population(*given, **named)))

    return _patched(population, "population", changed)


def _all(**settings: Any) -> Method:
    """All presets with these settings instead."""
    return _each(
        lambda preset: replace(
            preset,
            settings={**preset.settings, **settings},
            of_classes={**preset.of_classes, **settings},
            of_numbers={**preset.of_numbers, **settings},
        )
    )


UNCUT = {"pieces": "scaled", "standard_pieces": "standard"}
"""Inputs with pieces, and the same without them."""


def _fixed_alone(*given: Any, **named: Any) -> Any:
    """As many fixed presets as there are, and none that is drawn."""
    _, *where = given
    found = _population(len(FIRST), *where, **{**named, "fixed": len(FIRST)})
    return tuple(preset for preset in found if preset.name in FIRST)


_population = population.population


def _first(chosen: Mapping[str, Any]) -> Method:
    return _patched(population, "FIRST", chosen)


def _equal_weights(outputs: Any, *_: Any, **__: Any) -> Any:
    return np.full(len(outputs), 1 / len(outputs))


def _no_temperature(*_: Any, **__: Any) -> float:
    return 1.0


def _own_epochs(*given: Any) -> Any:
    """Each fold keeps the epoch that is best for it alone, of all epochs."""
    with (
        patch.object(members, "has_pooled_epochs", lambda *_: False),
        patch.object(ensemble_fit, "has_pooled_epochs", lambda *_: False),
    ):
        return ours(*given)


ABLATIONS: dict[str, Method] = {
    "ours": ours,
    "fast": partial(ours, effort="fast"),
    "best": partial(ours, effort="best"),
    "without draws": _patched(population, "population", _fixed_alone),
    "draws alone": _first({}),
    "all folds for all": _sizes(lambda size: size._replace(first_folds=size.n_folds)),
    "5 folds": _sizes(lambda size: size._replace(n_folds=min(5, size.n_folds))),
    "twice as many": _sizes(lambda size: size._replace(presets=2 * size.presets)),
    "equal weights": _patched(ensemble, "selection_weights", _equal_weights),
    "own epochs": _own_epochs,
    "raw epochs": _patched(ensemble_fit, "fit_temperature", _no_temperature),
    "without cosines": _all(features={}),
    "cosines of small tables": _patched(population, "COSINES_FROM", 0),
    "without pieces": _each(lambda preset: replace(preset, inputs=UNCUT.get(preset.inputs, preset.inputs))),
    "without factors": _all(input_scale=False),
    "slow cosines": _patched(presets, "SLOW", (*presets.SLOW, "omega", "phi", "V", "a1")),
    **{
        f"without {name}": _first({one: preset for one, preset in FIRST.items() if one != name})
        for name in FIRST
    },
    "mlp": partial(ours, preset="mlp"),
    "tabm": partial(ours, preset="tabm"),
    "one shared network": partial(ours, preset="tabm", n_estimators=1),
}
"""By name, the whole first."""
