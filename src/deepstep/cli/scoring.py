"""A metric of scikit-learn's as `Network.train` takes one; loaded where ``--scoring`` asks for it."""

from math import nan

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.metrics import get_scorer, get_scorer_names

from deepstep.errors import ConfigurationError, unknown_name
from deepstep.preparation import ClassTarget, LabelTargets, NumberTarget, NumberTargets, Target
from deepstep.training.scores import Metric
from deepstep.types import AnyArray, Array

WHERE = "--scoring"


class _OfClasses(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """A classifier whose inputs are a network's outputs; classes are their positions."""

    def __init__(self, target: ClassTarget) -> None:
        self.target = target
        self.classes_ = np.arange(len(target.classes))

    def predict_proba(self, outputs: Array) -> Array:
        return self.target.probabilities(outputs)

    def predict(self, outputs: Array) -> AnyArray:
        return self.predict_proba(outputs).argmax(axis=1)


class _OfLabels(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A classifier of several columns of 0 and 1."""

    def __init__(self, target: LabelTargets) -> None:
        self.target = target
        self.classes_ = np.tile((0, 1), (target.n_outputs, 1))

    def predict_proba(self, outputs: Array) -> Array:
        return self.target.probabilities(outputs)

    def predict(self, outputs: Array) -> AnyArray:
        return self.target.answered(outputs)


class _OfNumbers(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """A regressor whose inputs are a network's outputs."""

    def __init__(self, target: NumberTarget | NumberTargets) -> None:
        self.target = target

    def predict(self, outputs: Array) -> Array:
        return self.target.decode(outputs)


def check_metric(name: str) -> None:
    """Refuse a name that scikit-learn does not know.

    Raises
    ------
    ConfigurationError
    """
    if name not in get_scorer_names():
        raise unknown_name(WHERE, "metric", name, get_scorer_names())


def check_kind(name: str, target: Target) -> None:
    """Refuse a metric of numbers for classes, and one of classes for numbers.

    Raises
    ------
    ConfigurationError

    Examples
    --------
    >>> check_kind("r2", ClassTarget(("no", "yes")))
    Traceback (most recent call last):
    deepstep.errors.ConfigurationError: --scoring: a metric of classes, which the target holds; got 'r2', one
    of numbers. Take another, such as balanced_accuracy, or add --task regression.
    """
    classes = isinstance(target, ClassTarget | LabelTargets)
    of_numbers = get_scorer(name)._score_func.__module__.endswith("_regression")
    if classes == of_numbers:
        kinds = ("classes", "numbers") if classes else ("numbers", "classes")
        other, task = ("balanced_accuracy", "regression") if classes else ("r2", "classification")
        raise ConfigurationError(
            WHERE,
            f"a metric of {kinds[0]}, which the target holds",
            f"got {name!r}, one of {kinds[1]}",
            f"Take another, such as {other}, or add --task {task}.",
        )


def as_metric(name: str, target: Target, Y: Array, answers: AnyArray, weight: Array | None = None) -> Metric:
    """The metric of these rows; larger is better, NaN where the outputs are not finite.

    Parameters
    ----------
    name : str
        A metric of scikit-learn's, such as "balanced_accuracy".
    target : Target
    Y : ndarray (m, n_L)
        What the network should give.
    answers : ndarray (m,) or (m, n_targets)
        The positions of the right classes, or the right numbers.
    weight : ndarray (m,), optional
        How much each row counts, where the metric has weights.

    Raises
    ------
    ConfigurationError
        If it is of other targets.
    """
    scorer = get_scorer(name)
    weights = {} if weight is None or not scorer._accept_sample_weight() else {"sample_weight": weight}
    judged = _judge(target)

    def metric(_: Array, AL: Array) -> float:
        return float(scorer(judged, AL.T, answers, **weights)) if np.isfinite(AL).all() else nan

    try:
        metric(Y.T, Y.T)
    except (ValueError, TypeError, AttributeError) as error:
        raise ConfigurationError(
            WHERE, "a metric of such a target", f"{name!r} is none ({error!s:.200})"
        ) from error
    return metric


def _judge(target: Target) -> BaseEstimator:
    if isinstance(target, LabelTargets):
        return _OfLabels(target)
    return _OfClasses(target) if isinstance(target, ClassTarget) else _OfNumbers(target)
