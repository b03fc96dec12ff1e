"""``--class-weight``: how much the classes count, alike by "balanced", or each by a number of its own."""

from collections.abc import Iterable, Mapping, Sequence
from math import isfinite
from typing import Any, TypeAlias

import click

from deepstep.cli.options import once_each
from deepstep.errors import ConfigurationError, unknown_name
from deepstep.preparation import ClassificationTarget
from deepstep.preparation.class_weights import class_weights
from deepstep.types import AnyArray, Array

OPTION = "--class-weight"
BALANCED = "balanced"

ClassWeight: TypeAlias = str | Mapping[str, float]
"""``"balanced"``, or weights by the names of the classes; 1 for those that are left out."""


def asked_weights(context: click.Context, parameter: click.Parameter, given: Any) -> ClassWeight | None:
    """Typed weights: ``balanced``, or ``rare=3,usual=0.5`` in one or several pieces; None without them."""
    if not given:
        return None
    if BALANCED in given:
        if len(given) > 1:
            raise ConfigurationError(OPTION, "balanced, or weights by name", f"got {' and '.join(given)}")
        return BALANCED
    return once_each(OPTION, [pair for text in given for pair in _pairs(text)])


def check_names(weights: ClassWeight, target: ClassificationTarget) -> None:
    """Refuse weights of classes that the target does not have."""
    by_position(weights, target)


def weights_by_class(
    weights: ClassWeight, target: ClassificationTarget, columns: AnyArray, weight: Array | None
) -> list[Array]:
    """For each target the weights of its classes, by position.

    Names are classes, of several targets ``COLUMN:CLASS``. ``columns`` (n_targets, m) are the classes'
    positions in the training rows, in which "balanced" counts by ``weight``.
    """
    number = len(target.classes[0])
    return class_weights(by_position(weights, target), columns, range(number), weight, OPTION)


def by_position(weights: ClassWeight, target: ClassificationTarget) -> str | list[dict[int, float]]:
    """As the library takes it: for each target a mapping of positions to weights, or "balanced"."""
    if isinstance(weights, str):
        return weights
    places: dict[str, tuple[int, int]] = {}
    for spell in (str, _as_written):  # 0 is a float's name, too, as people write it
        for column, (before, classes) in enumerate(_columns(target)):
            for position, label in enumerate(classes):
                places.setdefault(before + spell(label), (column, position))
    for name in weights:
        if name not in places:
            known = (before + _as_written(label) for before, classes in _columns(target) for label in classes)
            raise unknown_name(OPTION, "class", name, known)
    found: list[dict[int, float]] = [{} for _ in _columns(target)]
    for name, value in weights.items():
        column, position = places[name]
        found[column][position] = value
    return found


def _columns(target: ClassificationTarget) -> list[tuple[str, Sequence[Any]]]:
    """The prefix of a class's name, and the classes, for each target."""
    names = [f"{name}:" for name in target.names] if target.several else [""]
    return list(zip(names, target.classes, strict=True))


def _as_written(label: Any) -> str:
    """A class as it stands in a file.

    >>> [_as_written(label) for label in ("a", 1.0, True)]
    ['a', '1', 'true']
    """
    if isinstance(label, bool):
        return str(label).lower()
    return f"{label:.15g}" if isinstance(label, float) else str(label)


def _pairs(text: str) -> Iterable[tuple[str, float]]:
    """Names and weights; a comma before which there is no weight belongs to a name.

    >>> _pairs("rare=3,usual=0.5"), _pairs("a,b=2")
    ([('rare', 3.0), ('usual', 0.5)], [('a,b', 2.0)])
    """
    pairs, before = [], ""
    for part in text.split(","):
        name, sign, number = part.rpartition("=")
        if sign:
            pairs.append(((before + name).strip(), _weight(number, text)))
            before = ""
        else:
            before += f"{part},"
    if before or not all(name for name, _ in pairs):
        raise _unreadable(text)
    return pairs


def _weight(number: str, text: str) -> float:
    try:
        weight = float(number)
    except ValueError:
        raise _unreadable(text) from None
    if not (isfinite(weight) and weight >= 0):
        raise ConfigurationError(OPTION, "weights of at least 0", f"got {text!r}")
    return weight


def _unreadable(text: str) -> ConfigurationError:
    return ConfigurationError(OPTION, "balanced, or NAME=WEIGHT such as rare=3,usual=0.5", f"got {text!r}")
