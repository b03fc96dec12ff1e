"""The classes in the targets of a network: each example's, and the weights of examples by them."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from deepstep.equations import answers, get_head, probabilities
from deepstep.errors import ConfigurationError
from deepstep.network import Architecture
from deepstep.network.border import check_weights
from deepstep.preparation.batches import Examples
from deepstep.preparation.class_weights import class_weights, example_weights
from deepstep.types import AnyArray, Array


class Classes(NamedTuple):
    """The class of each example in each column, (n_columns, m), from 0; and how many classes a column has."""

    columns: AnyArray
    number: int

    @property
    def alone(self) -> AnyArray | None:
        """The only column, (m,); None where there are several, or none."""
        return self.columns[0] if len(self.columns) == 1 else None


def classes_in(architecture: Architecture, Y: Array) -> Classes:
    """The classes that targets (n_L, m) mean; no columns where the output learns numbers.

    Each yes/no output is a column of its own with the classes 0 and 1, yes above one half.
    """
    found = probabilities(architecture, Y)
    if found is None:
        return Classes(np.empty((0, Y.shape[1]), int), 0)
    yes_or_no = get_head(architecture).targets == "probabilities"
    return Classes(answers(architecture, Y), 2 if yes_or_no else len(found))


def weights_of_classes(
    class_weight: Any, architecture: Architecture, learned: Examples, where: str
) -> list[Array] | None:
    """For each column the weights of its classes, as ``class_weight`` asks for; None if it asks for none.

    Parameters
    ----------
    learned : Examples
        Those that "balanced" counts: what is held out has no say.

    Raises
    ------
    ConfigurationError
        If the output learns numbers, or ``class_weight`` does not fit its classes.
    """
    if class_weight is None:
        return None
    columns, number = classes_in(architecture, learned.Y.T)
    if not number:
        raise ConfigurationError(
            where,
            "an output that learns classes, for class_weight",
            f"this network's output is {architecture.output!r}",
            "Use sample_weight.",
        )
    return class_weights(class_weight, columns, range(number), learned.weight, where)


def weighed(
    of_classes: Sequence[Array] | None, architecture: Architecture, examples: Examples, where: str
) -> Examples:
    """The examples, the weight of each multiplied by that of its class."""
    if of_classes is None:
        return examples
    product = example_weights(of_classes, classes_in(architecture, examples.Y.T).columns)
    product = product if examples.weight is None else examples.weight * product
    return replace(examples, weight=check_weights(product, len(examples), where, dtype=examples.Y.dtype))
