"""Our estimators with one part less each: what every part of ``recipe='table'`` is worth."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from unittest.mock import patch

import numpy as np

from deepstep.estimators import committee, convening, recipes, rules_of_size
from deepstep.estimators.recipes import FAMILY, Recipe
from tables.methods import ours

Method = Callable[..., Any]


def _with_family(family: Mapping[str, Recipe]) -> Method:
    def method(*given: Any) -> Any:
        with patch.object(rules_of_size, "FAMILY", family):
            return ours(*given)

    return method


def _without(*names: str) -> Method:
    """All recipes without these settings."""
    return _with_family(
        {
            key: replace(
                recipe, settings={name: value for name, value in recipe.settings.items() if name not in names}
            )
            for key, recipe in FAMILY.items()
        }
    )


def _without_pieces() -> Method:
    return _with_family({name: replace(recipe, cuts=False) for name, recipe in FAMILY.items()})


def _patched(where: Any, name: str, value: Any) -> Method:
    def method(*given: Any) -> Any:
        with patch.object(where, name, value):
            return ours(*given)

    return method


@contextmanager
def _members(n: int) -> Iterator[None]:
    choose = rules_of_size.choose
    with patch.object(convening, "choose", lambda m, _: choose(m, n)):
        yield


def _with_members(n: int) -> Method:
    def method(*given: Any) -> Any:
        with _members(n):
            return ours(*given)

    return method


def _always(**changed: Any) -> Method:
    return _patched(recipes, "ALWAYS", {**recipes.ALWAYS, **changed})


def _equal_weights(answers: Any, *_: Any) -> Any:
    return np.full(len(answers), 1 / len(answers))


ABLATIONS: dict[str, Method] = {
    "ours": ours,
    "one network": _with_members(1),
    "one recipe, 5 folds": _with_members(5),
    "recipes alike": _patched(committee, "blending_weights", _equal_weights),
    "without pieces": _without_pieces(),
    "without input scale": _without("input_scale"),
    "without parametric": _without("parametric"),
    "without dropout": _without("dropout"),
    "without decay": _without("weight_decay"),
    "constant rate": _always(schedule="constant"),
    "constant dropout": _always(dropout_schedule=None, decay_schedule=None),
}
"""By name, the whole first."""
