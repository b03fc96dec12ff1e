"""The targets of a fit: the labels that y, ``classes`` and earlier calls of partial_fit tell, or numbers."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.utils.multiclass import check_classification_targets, unique_labels

from deepstep.errors import ConfigurationError, DataError
from deepstep.estimators.inputs import FitContext, rows_without_target, times_in, without_target
from deepstep.targets import TOLERANCE, Targets
from deepstep.types import AnyArray, Array


def learned_labels(params: Any, y: AnyArray, context: FitContext, known: Targets | None) -> Targets:
    """The targets of a fit: the labels of the earlier calls, of partial_fit's ``classes``, or of y.

    ``params`` has the parameters loss, loss_params, classes and soft_targets; ``known`` are the targets of
    the fitted network that is continued.
    """
    if params.soft_targets:
        return _labels_of_columns(params, y, context, known)
    where, incremental = context.where, context.incremental
    several = y.ndim == 2
    if several and known is None and np.ndim(context.classes) == 2:
        known_classes = _of_their_kinds([np.unique(labels) for labels in context.classes])
        known = Targets.of_classes(known_classes, where, loss=params.loss, loss_params=params.loss_params)
        context = replace(context, classes=None)
    labels = _labels_in(y, where, of_any_kind=params.classes is not None, known=known)
    announced = None if context.classes is None else unique_labels(context.classes)
    if params.classes is not None and not several:
        announced = _in_their_order(params.classes, where)
    if known is not None:
        _check_same(known, announced, where)
        classes = known.classes
    elif incremental and (announced is None or len(announced) < 2):
        got, hint = f"got classes={context.classes!r}", "Pass all labels that will come."
        raise DataError(where, "at least two classes in the first call", got, hint)
    else:
        classes = labels if announced is None or several else (announced,)
    names = context.targets if several else ()
    targets = Targets.of_classes(
        classes, where, loss=params.loss, loss_params=params.loss_params, names=names
    )
    if known is not None and not incremental and not _are_equal(labels, known.classes):
        got = "warm_start can only be used where `y` has the same classes as in the previous call to fit. "
        got += f"Previously got {_shown(known.classes)}, `y` has {_shown(labels)}"
        expected = f"y has the classes {_shown(known.classes)}"
        raise DataError(where, expected, got, "Train a new estimator on other classes.")
    _check_known(targets, labels, where)
    return targets


def learned_numbers(params: Any, y: AnyArray, context: FitContext) -> Targets:
    """The targets of a fit on numbers; ``params`` has the parameters loss, loss_params and quantiles."""
    several = y.ndim == 2
    return Targets.of_numbers(
        context.where,
        loss=params.loss,
        loss_params=params.loss_params,
        quantiles=params.quantiles,
        n_columns=y.shape[1] if several else 1,
        names=context.targets if several else (),
    )


def encoded_labels(
    params: Any, targets: Targets, y: AnyArray, dtype: Any, where: str, *, learned: bool = False
) -> Array:
    """The targets as rows (m, n_L); ``learned`` are those that `learned_labels` has checked."""
    if params.soft_targets and y.ndim == 2:
        check_probabilities(y, where)
        classes_of_columns(y, targets.classes[0], where)
    elif not learned:
        labels = _labels_in(y, where, of_any_kind=params.classes is not None, known=targets)
        _check_known(targets, labels, where)
    return targets.encode(y, where, dtype)


def check_taught(targets: Targets, Y: Array, weight: Array | None, where: str) -> None:
    """Refuse rows of one class alone; rows of weight 0 do not count."""
    positions, labels = targets.decide(Y), targets.classes[0]
    taught = labels[np.unique(positions if weight is None else positions[weight > 0])]
    if len(taught) < 2:
        got = f"got one class, {taught.tolist()}" if len(taught) else "got no weight above 0"
        hint = "Add examples of another class; an example of weight 0 does not count."
        raise DataError(where, "examples of at least two classes", got, hint)


def check_probabilities(y: AnyArray, where: str) -> None:
    """Refuse a target that is no table of probabilities, a column for each class."""
    kind, hint = "probabilities (n_samples, n_classes) with soft_targets=True", ""
    got = f"got shape {y.shape}"
    if y.ndim == 1:
        hint = "For labels leave soft_targets out."
    elif y.dtype.kind not in "fiub":
        got = f"got values such as {y.flat[0]!r:.60}"
    elif y.shape[1] > 1:
        sums = y.sum(axis=1)
        wrong = np.flatnonzero((y < 0).any(axis=1) | (np.abs(sums - 1) > TOLERANCE))
        if not wrong.size:
            return
        kind = "probabilities of at least 0 with a sum of 1 in every row"
        got = f"got row {wrong[0] + 1} with the smallest {y[wrong[0]].min():g} and the sum {sums[wrong[0]]:g}"
    raise DataError(where, kind, got, hint, setting="y")


def classes_of_columns(y: AnyArray, classes: Any, where: str) -> AnyArray:
    """The class of each column: ``classes`` in their order, else the numbers from 0."""
    labels = np.arange(y.shape[1]) if classes is None else np.asarray(classes)
    if labels.shape != (y.shape[1],) or len({*labels.tolist()}) != len(labels):
        expected = f"{y.shape[1]} different labels, one for each column of y"
        raise ConfigurationError(where, expected, f"got {classes!r:.60}", setting="classes")
    return labels


def _labels_in(
    y: AnyArray, where: str, *, of_any_kind: bool, known: Targets | None = None
) -> tuple[AnyArray, ...]:
    """The labels that occur in each column, sorted; of a column of 0 and 1 both.

    Each of several columns has two classes; ``known`` are those of a fit, of which one may be missing here.
    """
    _refuse_dates(y, where)
    if y.ndim == 1:
        return (np.unique(y) if of_any_kind else _different(y, where),)
    columns = []
    for number, column in enumerate(y.T, 1):
        labels = _different_of_any_kind(column, where)
        if known is None and labels.dtype.kind == "b":
            labels = np.array([False, True])
        elif known is None and labels.dtype.kind in "iuf" and np.isin(labels, (0, 1)).all():
            labels = np.arange(2)
        elif known is None and len(labels) != 2:
            expected = "y is one column of labels, or several columns of two classes each"
            got = f"got {len(labels)} classes in column {number} of {y.shape[1]}"
            hint = "Fit an estimator for each column, see sklearn.multioutput.MultiOutputClassifier."
            if labels.dtype.kind == "f":
                hint = "For probabilities, a column for each class, set soft_targets=True."
            raise DataError(where, expected, got, hint)
        columns.append(labels)
    return _of_their_kinds(columns)


def _of_their_kinds(columns: Sequence[AnyArray]) -> tuple[AnyArray, ...]:
    """The labels of columns; those of different kinds side by side stay what they are as objects alone."""
    kinds = {labels.dtype.kind for labels in columns}
    plain = len(kinds) == 1 and not kinds & {*"OSU"}
    return tuple(labels if plain else labels.astype(object) for labels in columns)


def _refuse_dates(y: AnyArray, where: str) -> None:
    """Refuse labels that no file could hold."""
    if times_in(y):
        expected, hint = "texts, numbers or truth values as labels", "Make texts of them: y.astype(str)."
        raise DataError(where, expected, "got dates or durations", hint)


def _different_of_any_kind(column: AnyArray, where: str) -> AnyArray:
    """The labels that occur in one of several columns, sorted."""
    if rows_without_target(column):
        raise without_target(column, where)
    # of a frame with columns of several kinds y is an array of objects
    values = np.asarray(column.tolist()) if column.dtype == object else column
    return np.unique(values)


def _different(y: AnyArray, where: str) -> AnyArray:
    """The labels that occur in the only column, sorted."""
    try:
        check_classification_targets(y)
        # unique_labels would check numbers a second time
        return np.unique(y) if y.dtype.kind in "biuf" else unique_labels(y)
    except (TypeError, ValueError) as error:
        if rows_without_target(y):
            raise without_target(y, where) from error
        if isinstance(error, ValueError):
            raise
        expected = "texts or numbers of one kind as labels"
        raise DataError(where, expected, str(error).rstrip(".")) from error


def _check_known(targets: Targets, labels: tuple[AnyArray, ...], where: str) -> None:
    """Refuse labels that are not among those of targets, and another number of columns."""
    known = targets.classes
    pairs = zip(labels, known, strict=False)
    if len(labels) != len(known) or any({*some.tolist()} - {*column.tolist()} for some, column in pairs):
        expected = f"y has the classes {_shown(known)}"
        hint = "Train a new estimator on other classes."
        raise DataError(where, expected, f"got the classes {_shown(labels)}", hint)


def _are_equal(labels: tuple[AnyArray, ...], others: tuple[AnyArray, ...]) -> bool:
    return len(labels) == len(others) and all(map(np.array_equal, labels, others))


def _shown(labels: tuple[AnyArray, ...]) -> str:
    """The classes of one column, as scikit-learn shows an array, or those of each of several."""
    return str(labels[0]) if len(labels) == 1 else str([column.tolist() for column in labels])


def _check_same(known: Targets, announced: AnyArray | None, where: str) -> None:
    """Refuse other classes than those of the fitted network; several columns are announced by number."""
    labels = np.arange(known.n_columns) if known.several else known.classes[0]
    if announced is not None and not np.array_equal(announced, labels):
        expected = f"classes as in the first call, {labels.tolist()}"
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
