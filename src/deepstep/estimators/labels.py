"""The labels of a classifier: what y, ``classes`` and earlier calls of partial_fit say they are."""

from typing import Any

import numpy as np
from sklearn.utils.multiclass import unique_labels

from deepstep.errors import ConfigurationError, DataError
from deepstep.estimators.inputs import FitContext, check_probabilities, classes_of, classes_of_columns
from deepstep.targets import Targets
from deepstep.types import AnyArray, Array


def learned_labels(params: Any, y: AnyArray, context: FitContext, known: Targets | None) -> Targets:
    """The targets of a fit: the labels of the earlier calls, of partial_fit's ``classes``, or of y.

    ``params`` has the parameters loss, loss_params, classes and soft_targets; ``known`` are the targets of
    the fitted network that is continued.
    """
    if params.soft_targets:
        return _labels_of_columns(params, y, context, known)
    where, incremental = context.where, context.incremental
    labels, several = _labels_in(y, where, of_any_kind=params.classes is not None)
    announced = None if context.classes is None else unique_labels(context.classes)
    if params.classes is not None and not several:
        announced = _in_their_order(params.classes, where)
    if known is not None:
        _check_same(known, announced, where)
        classes = known.classes
    elif incremental and (announced is None or len(announced) < 2):
        got, hint = f"got classes={context.classes!r}", "Pass all labels that will come."
        raise DataError(where, "at least two classes in the first call", got, hint)
    elif several:
        classes = (np.arange(2),) * len(labels)
    else:
        classes = (labels if announced is None else announced,)
    targets = Targets.of_classes(classes, where, loss=params.loss, loss_params=params.loss_params)
    if known is not None and not incremental and not np.array_equal(labels, shown_labels(targets)):
        got = "warm_start can only be used where `y` has the same classes as in the previous call to fit. "
        got += f"Previously got {shown_labels(targets)}, `y` has {labels}"
        expected = f"y has the classes {shown_labels(targets).tolist()}"
        raise DataError(where, expected, got, "Train a new estimator on other classes.")
    complete = several or (announced is None and not incremental)
    check_known(targets, labels, where, several=several, complete=complete)
    return targets


def encoded_labels(
    params: Any, targets: Targets, y: AnyArray, dtype: Any, where: str, *, learned: bool = False
) -> Array:
    """The targets as rows (m, n_L); ``learned`` are those that `learned_labels` has checked."""
    if params.soft_targets and y.ndim == 2:
        check_probabilities(y, where)
        classes_of_columns(y, targets.classes[0], where)
    elif not learned:
        labels, several = _labels_in(y, where, of_any_kind=params.classes is not None)
        check_known(targets, labels, where, several=several)
    return targets.encode(y, where, dtype)


def check_known(
    targets: Targets, labels: AnyArray, where: str, *, several: bool, complete: bool = False
) -> None:
    """Refuse labels that are not among those of targets, and if all are due, labels that are missing."""
    known = shown_labels(targets)
    missing = complete and len(labels) < len(known)
    if several != targets.several or len(np.setdiff1d(labels, known)) or missing:
        expected = f"y has the classes {known.tolist()}"
        got = f"got the {'columns' if several else 'classes'} {labels.tolist()}"
        raise DataError(where, expected, got, "Train a new estimator on other classes.")


def check_taught(targets: Targets, Y: Array, weight: Array | None, where: str) -> None:
    """Refuse rows of one class alone; rows of weight 0 do not count."""
    positions, labels = targets.decide(Y), targets.classes[0]
    taught = labels[np.unique(positions if weight is None else positions[weight > 0])]
    if len(taught) < 2:
        got = f"got one class, {taught.tolist()}" if len(taught) else "got no weight above 0"
        hint = "Add examples of another class; an example of weight 0 does not count."
        raise DataError(where, "examples of at least two classes", got, hint)


def shown_labels(targets: Targets) -> AnyArray:
    """The classes of one column, or the numbers of several columns."""
    return np.arange(targets.n_columns) if targets.several else targets.classes[0]


def _labels_in(y: AnyArray, where: str, *, of_any_kind: bool) -> tuple[AnyArray, bool]:
    """The labels that occur, and whether y has several columns."""
    if of_any_kind and y.ndim == 1:
        return np.unique(y), False
    return classes_of(y, where)


def _check_same(known: Targets, announced: AnyArray | None, where: str) -> None:
    """Refuse other classes than those of the fitted network."""
    classes = shown_labels(known)
    if announced is not None and not np.array_equal(announced, classes):
        expected = f"classes as in the first call, {classes.tolist()}"
        raise DataError(where, expected, f"got {announced.tolist()}")


def _labels_of_columns(params: Any, y: AnyArray, context: FitContext, known: Targets | None) -> Targets:
    """The labels of the columns of soft targets."""
    where = context.where
    check_probabilities(y, where)
    announced = params.classes if context.classes is None else context.classes
    if known is not None and announced is None:
        announced = known.classes[0]
    labels = classes_of_columns(y, announced, where)
    if known is not None:
        _check_same(known, labels, where)
    targets = Targets.of_classes((labels,), where, loss=params.loss, loss_params=params.loss_params)
    if targets.is_ordered:
        expected, hint = "another with soft_targets=True", "Use loss='cross_entropy'."
        raise ConfigurationError(where, expected, f"got {params.loss!r}", hint, setting="loss")
    return targets


def _in_their_order(classes: Any, where: str) -> AnyArray:
    """The labels of ``classes`` in their order, each once."""
    labels = np.asarray(classes)
    if labels.ndim != 1 or len(labels) < 2 or len({*labels.tolist()}) != len(labels):
        raise ConfigurationError(where, "classes with at least two different labels", f"got {classes!r:.60}")
    return labels
