"""The losses by scikit-learn's names, and the heads that they are."""

from collections.abc import Container, Mapping
from typing import Any

from deepstep.equations import HEADS, Head
from deepstep.errors import ConfigurationError, unknown_name
from deepstep.preparation.codes import CODES

NUMBER_KINDS = ("numbers", "counts", "one number")
"""Kinds of targets that are numbers."""

CLASS_LOSSES = ("cross_entropy", "ordinal")
"""DeepStep's losses of classes; users may register others."""

NUMBER_LOSSES = {
    "squared_error": "identity",
    "absolute_error": "absolute_error",
    "huber": "huber",
    "poisson": "poisson",
    "quantile": "quantile",
}
"""DeepStep's losses of numbers, and their heads; users may register others."""


def class_head(loss: str, *, several: bool, n_classes: int, where: str) -> Head:
    """The head that learns ``n_classes`` classes, or as many columns of 0 and 1.

    >>> [class_head("cross_entropy", several=False, n_classes=n, where="fit").name for n in (2, 3)]
    ['sigmoid', 'softmax']
    """
    own = _own(CODES)
    if loss not in (*CLASS_LOSSES, *own):
        raise unknown_name(where, "loss", loss, [*CLASS_LOSSES, *own])
    if loss == "cross_entropy":
        return HEADS["sigmoid" if several or n_classes == 2 else "softmax"]
    head = HEADS[loss]
    columns = several or n_classes == 2 or head.targets != "probabilities"
    if not columns or (several and head.targets != "probabilities"):
        raise ConfigurationError(
            where,
            f"a target that the loss {loss!r} can learn",
            f"got {n_classes} {'columns of 0 and 1' if several else 'classes'}",
            "Use loss='cross_entropy'.",
        )
    return head


def number_head(loss: str, where: str) -> Head:
    """The head that learns numbers."""
    own = _own(NUMBER_KINDS)
    if loss not in (*NUMBER_LOSSES, *own):
        raise unknown_name(where, "loss", loss, [*NUMBER_LOSSES, *own])
    return HEADS[NUMBER_LOSSES.get(loss, loss)]


def merged(settings: Mapping[str, Any] | None, name: str, value: Any, of: str, where: str) -> dict[str, Any]:
    """The settings of a loss together with one that has a parameter of its own, not given in both places."""
    given = dict(settings or {})
    if value is None:
        return given
    if name in given:
        raise ConfigurationError(where, f"{of}, or {name!r} in loss_params", "got both")
    return {**given, name: value}


def outputs_of_one_number(head: Head) -> int:
    """How many outputs a head has for one number: as many as a setting has values, such as the quantiles.

    >>> outputs_of_one_number(HEADS["quantile"].with_settings(levels=(0.1, 0.9)))
    2
    """
    return max([len(value) for value in head.settings.values() if isinstance(value, tuple)], default=1)


def _own(kinds: Container[str]) -> list[str]:
    """Names of the registered heads with these kinds of targets."""
    return [name for name, head in HEADS.items() if name not in HEADS.built_in and head.targets in kinds]
