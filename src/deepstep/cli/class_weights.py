"""``--class-weight``: the weights of the classes of a target."""

from collections.abc import Sequence
from typing import Any

from deepstep.cli.option_types import CLASS_WEIGHT, ClassWeight
from deepstep.errors import unknown_name
from deepstep.preparation import ClassTarget, LabelTargets
from deepstep.preparation.class_weights import class_weights
from deepstep.types import AnyArray, Array


def check_names(weights: ClassWeight, target: ClassTarget | LabelTargets) -> None:
    """Refuse weights of classes that the target does not have."""
    by_position(weights, target)


def weights_by_class(
    weights: ClassWeight, target: ClassTarget | LabelTargets, columns: AnyArray, weight: Array | None
) -> list[Array]:
    """For each target the weights of its classes, by position.

    Names are classes, of several targets ``COLUMN:CLASS``. ``columns`` (n_targets, m) are the classes'
    positions in the training rows, in which "balanced" counts by ``weight``.
    """
    number = 2 if isinstance(target, LabelTargets) else len(target.classes)
    return class_weights(by_position(weights, target), columns, range(number), weight, CLASS_WEIGHT)


def by_position(weights: ClassWeight, target: ClassTarget | LabelTargets) -> str | list[dict[int, float]]:
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
            raise unknown_name(CLASS_WEIGHT, "class", name, known)
    found: list[dict[int, float]] = [{} for _ in _columns(target)]
    for name, value in weights.items():
        column, position = places[name]
        found[column][position] = value
    return found


def _columns(target: ClassTarget | LabelTargets) -> list[tuple[str, Sequence[Any]]]:
    """The prefix of a class's name, and the classes, for each target."""
    if isinstance(target, ClassTarget):
        return [("", target.classes)]
    return [(f"{name}:", one.classes) for name, one in zip(target.names, target.each, strict=True)]


def _as_written(label: Any) -> str:
    """A class as it stands in a file.

    >>> [_as_written(label) for label in ("a", 1.0, True)]
    ['a', '1', 'true']
    """
    if isinstance(label, bool):
        return str(label).lower()
    return f"{label:.15g}" if isinstance(label, float) else str(label)
