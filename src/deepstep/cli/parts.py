"""The rows that are learned from, validated on or held out, prepared."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from deepstep.cli.class_weights import weights_by_class
from deepstep.cli.train_settings import TrainSettings
from deepstep.preparation import Preparation, Target
from deepstep.preparation.class_weights import example_weights as weights_by_answers
from deepstep.types import AnyArray, Array


class Part(NamedTuple):
    """Training or test rows: inputs (m, n_x), targets (m, n_L), and the right answers.

    Answers are positions of classes, or numbers in the target's units: (m,), of several targets
    (m, n_targets). The weight (m,) says how much each row counts; None is all alike.
    """

    X: Array
    Y: Array
    answers: AnyArray
    weight: Array | None = None


def as_part(preparation: Preparation, X: Array, labels: Any, weight: Array | None = None) -> Part:
    """Prepared inputs with the raw target beside them."""
    target = preparation.target
    return Part(X, target.encode(labels), answers_of(target, labels), weight)


def joined(first: Part, second: Part) -> Part:
    """The rows of both; either both have weights or neither."""
    weight = None
    if first.weight is not None and second.weight is not None:
        weight = np.concatenate([first.weight, second.weight])
    X, Y, answers = (np.concatenate(pair) for pair in zip(first[:3], second[:3], strict=True))
    return Part(X, Y, answers, weight)


def answers_of(target: Target, labels: Any) -> AnyArray:
    """Raw targets as `score` takes them: positions of classes, or numbers."""
    return target.answers(labels)


def weights_of_classes(settings: TrainSettings, target: Target, part: Part) -> list[Array] | None:
    """For each target the weights of its classes by position, where the settings ask for some."""
    if settings.class_weight is None or not target.is_classification:
        return None
    return weights_by_class(settings.class_weight, target, columns_of(part.answers), part.weight)


def example_weights(part: Part, of_classes: Sequence[Array] | None) -> Array | None:
    """The weight of each row (m,): its own times those of its classes; None where all count alike."""
    if of_classes is None:
        return part.weight
    weights = weights_by_answers(of_classes, columns_of(part.answers))
    return weights if part.weight is None else weights * part.weight


def columns_of(answers: AnyArray) -> AnyArray:
    """Answers as columns of each target: (n_targets, m)."""
    return np.atleast_2d(answers.T)
