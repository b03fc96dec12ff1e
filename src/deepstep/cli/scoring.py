"""A run in training as a metric of scikit-learn's sees it; loaded where ``--scoring`` asks for it."""

from copy import copy

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin

from deepstep.cli.parts import Part
from deepstep.model import Network
from deepstep.preparation import ClassTarget, LabelTargets, NumberTarget, NumberTargets, Target
from deepstep.training import judging
from deepstep.training.judging import Judge
from deepstep.types import AnyArray, Array

WHERE = "--scoring"


class _OfClasses(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """A classifier; classes are their positions."""

    def __init__(self, network: Network, target: ClassTarget) -> None:
        self.network, self.target = network, target
        self.classes_ = np.arange(len(target.classes))

    def predict_proba(self, X: Array) -> Array:
        return self.target.probabilities(self.network.forward(X.T).T)

    def predict(self, X: Array) -> AnyArray:
        return self.predict_proba(X).argmax(axis=1)


class _OfLabels(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A classifier of several columns of 0 and 1."""

    def __init__(self, network: Network, target: LabelTargets) -> None:
        self.network, self.target = network, target
        self.classes_ = np.tile((0, 1), (target.n_outputs, 1))

    def predict_proba(self, X: Array) -> Array:
        return self.target.probabilities(self.network.forward(X.T).T)

    def predict(self, X: Array) -> AnyArray:
        return self.target.answered(self.network.forward(X.T).T)


class _OfNumbers(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """A regressor, in the target's units."""

    def __init__(self, network: Network, target: NumberTarget | NumberTargets) -> None:
        self.network, self.target = network, target

    def predict(self, X: Array) -> Array:
        return self.target.decode(self.network.forward(X.T).T)


def check_kind(name: str, target: Target) -> None:
    """Refuse a metric of numbers for classes, and one of classes for numbers."""
    classes = isinstance(target, ClassTarget | LabelTargets)
    task = "regression" if classes else "classification"
    judging.check_kind(name, WHERE, classes=classes, or_else=f", or add --task {task}")


def judge(scoring: str, network: Network, target: Target, validation: Part) -> Judge:
    """The callback that scores the validation rows in the target's own terms, with their weights.

    The network is the one before training.
    """
    answering = copy(network)
    judged: BaseEstimator
    if isinstance(target, LabelTargets):
        judged = _OfLabels(answering, target)
    elif isinstance(target, ClassTarget):
        judged = _OfClasses(answering, target)
    else:
        judged = _OfNumbers(answering, target)
    found = Judge(scoring, judged, answering, validation.X, validation.answers, validation.weight, WHERE)
    found.try_out()
    return found
