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
    incremental = context.incremental
    several = y.ndim == 2
    if several and known is None and np.ndim(context.classes) == 2:
        known_classes = _of_their_kinds([np.unique(labels) for labels in context.classes])
        known = Targets.of_classes(known_classes, loss=params.loss, loss_params=params.loss_params)
        context = replace(context, classes=None)
    labels = _labels_in(y, any_kind=params.classes is not None, known=known)
    announced = None if context.classes is None else unique_labels(context.classes)
    if params.classes is not None and not several:
        announced = _in_their_order(params.classes)
    if known is not None:
        _check_same(known, announced)
        classes = known.classes
    elif incremental and (announced is None or len(announced) < 2):
        requirement, hint = "at least two labels in the first call", "Pass all labels that will come."
        raise DataError.must_be("classes", requirement, repr(context.classes), hint)
    else:
        classes = labels if announced is None or several else (announced,)
    names = context.targets if several else ()
    targets = Targets.of_classes(classes, loss=params.loss, loss_params=params.loss_params, names=names)
    if known is not None and not incremental and not _are_equal(labels, known.classes):
        problem = (  # scikit-learn's words
            "warm_start can only be used where `y` has the same classes as in the previous call to fit. "
            f"Previously got {_shown(known.classes)}, `y` has {_shown(labels)}"
        )
        raise DataError(problem, "Train a new estimator on other classes.")
    _check_known(targets, labels)
    return targets


def learned_numbers(params: Any, y: AnyArray, context: FitContext) -> Targets:
    """The targets of a fit on numbers; ``params`` has the parameters loss, loss_params and quantiles."""
    several = y.ndim == 2
    return Targets.of_numbers(
        loss=params.loss,
        loss_params=params.loss_params,
        quantiles=params.quantiles,
        n_columns=y.shape[1] if several else 1,
        names=context.targets if several else (),
    )


def encoded_labels(params: Any, targets: Targets, y: AnyArray, dtype: Any, *, learned: bool = False) -> Array:
    """The targets as rows (m, n_L); ``learned`` are those that `learned_labels` has checked."""
    if params.soft_targets and y.ndim == 2:
        check_probabilities(y)
        classes_of_columns(y, targets.classes[0])
    elif not learned:
        labels = _labels_in(y, any_kind=params.classes is not None, known=targets)
        _check_known(targets, labels)
    return targets.encode(y, dtype)


def check_taught(targets: Targets, Y: Array, weight: Array | None) -> None:
    """Refuse rows of one class alone; rows of weight 0 do not count."""
    positions, labels = targets.decide(Y), targets.classes[0]
    taught = labels[np.unique(positions if weight is None else positions[weight > 0])]
    if len(taught) < 2:
        problem = f"y has one class, {taught.tolist()}" if len(taught) else "No row has a weight above 0"
        hint = "Add examples of another class; an example of weight 0 does not count."
        raise DataError(problem, hint)


def check_probabilities(y: AnyArray) -> None:
    """Refuse a target that is no table of probabilities, a column for each class."""
    requirement, hint = "probabilities (n_samples, n_classes) with soft_targets=True", ""
    value = f"shape {y.shape}"
    if y.ndim == 1:
        hint = "For labels leave soft_targets out."
    elif y.dtype.kind not in "fiub":
        value = f"values such as {y.flat[0]!r:.60}"
    elif y.shape[1] > 1:
        sums = y.sum(axis=1)
        wrong = np.flatnonzero((y < 0).any(axis=1) | (np.abs(sums - 1) > TOLERANCE))
        if not wrong.size:
            return
        requirement = "probabilities of at least 0 with a sum of 1 in every row"
        row, least, total = wrong[0] + 1, y[wrong[0]].min(), sums[wrong[0]]
        value = f"the smallest {least:g} and the sum {total:g} in row {row}, counted from 1"
    raise DataError.must_be("y", requirement, value, hint)


def classes_of_columns(y: AnyArray, classes: Any) -> AnyArray:
    """The class of each column: ``classes`` in their order, else the numbers from 0."""
    labels = np.arange(y.shape[1]) if classes is None else np.asarray(classes)
    if labels.shape != (y.shape[1],) or len({*labels.tolist()}) != len(labels):
        requirement = f"{y.shape[1]} different labels, one for each column of y"
        raise ConfigurationError.must_be("classes", requirement, f"{classes!r:.60}")
    return labels


def _labels_in(y: AnyArray, *, any_kind: bool, known: Targets | None = None) -> tuple[AnyArray, ...]:
    """The labels that occur in each column, sorted; of a column of 0 and 1 both.

    Each of several columns has two classes; ``known`` are those of a fit, of which one may be missing here.
    """
    _refuse_dates(y)
    if y.ndim == 1:
        return (np.unique(y) if any_kind else _different(y),)
    columns = []
    for number, column in enumerate(y.T, 1):
        labels = _different_of_any_kind(column)
        if known is None and labels.dtype.kind == "b":
            labels = np.array([False, True])
        elif known is None and labels.dtype.kind in "iuf" and np.isin(labels, (0, 1)).all():
            labels = np.arange(2)
        elif known is None and len(labels) != 2:
            problem = f"Column {number} of the {y.shape[1]} columns of y has {len(labels)} classes, not two"
            hint = "Fit an estimator for each column, see sklearn.multioutput.MultiOutputClassifier."
            if labels.dtype.kind == "f":
                hint = "For probabilities, a column for each class, set soft_targets=True."
            raise DataError(problem, hint)
        columns.append(labels)
    return _of_their_kinds(columns)


def _of_their_kinds(columns: Sequence[AnyArray]) -> tuple[AnyArray, ...]:
    """The labels of columns; those of different kinds side by side stay what they are as objects alone."""
    kinds = {labels.dtype.kind for labels in columns}
    plain = len(kinds) == 1 and not kinds & {*"OSU"}
    return tuple(labels if plain else labels.astype(object) for labels in columns)


def _refuse_dates(y: AnyArray) -> None:
    """Refuse labels that no file could hold."""
    if times_in(y):
        raise DataError("y has dates or durations as labels", "Make texts of them: y.astype(str).")


def _different_of_any_kind(column: AnyArray) -> AnyArray:
    """The labels that occur in one of several columns, sorted."""
    if rows_without_target(column):
        raise without_target(column)
    # of a frame with columns of several kinds y is an array of objects
    values = np.asarray(column.tolist()) if column.dtype == object else column
    return np.unique(values)


def _different(y: AnyArray) -> AnyArray:
    """The labels that occur in the only column, sorted."""
    try:
        check_classification_targets(y)
        # unique_labels would check numbers a second time
        return np.unique(y) if y.dtype.kind in "biuf" else unique_labels(y)
    except (TypeError, ValueError) as error:
        if rows_without_target(y):
            raise without_target(y) from error
        if isinstance(error, ValueError):
            raise
        problem = f"y has labels of several kinds ({str(error).rstrip('.')})"
        raise DataError(problem, "Use texts alone, or numbers alone.") from error


def _check_known(targets: Targets, labels: tuple[AnyArray, ...]) -> None:
    """Refuse labels that are not among those of targets, and another number of columns."""
    known = targets.classes
    pairs = zip(labels, known, strict=False)
    if len(labels) != len(known) or any({*some.tolist()} - {*column.tolist()} for some, column in pairs):
        problem = f"y has the classes {_shown(labels)}, known are {_shown(known)}"
        raise DataError(problem, "Train a new estimator on other classes.")


def _are_equal(labels: tuple[AnyArray, ...], others: tuple[AnyArray, ...]) -> bool:
    return len(labels) == len(others) and all(map(np.array_equal, labels, others))


def _shown(labels: tuple[AnyArray, ...]) -> str:
    """The classes of one column, as scikit-learn shows an array, or those of each of several."""
    return str(labels[0]) if len(labels) == 1 else str([column.tolist() for column in labels])


def _check_same(known: Targets, announced: AnyArray | None) -> None:
    """Refuse other classes than those of the fitted network; several columns are announced by number."""
    labels = np.arange(known.n_columns) if known.several else known.classes[0]
    if announced is not None and not np.array_equal(announced, labels):
        requirement = f"those of the first call, {labels.tolist()}"
        raise DataError.must_be("classes", requirement, str(announced.tolist()))


def _labels_of_columns(params: Any, y: AnyArray, context: FitContext, known: Targets | None) -> Targets:
    """The labels of the columns of soft targets."""
    check_probabilities(y)
    announced = params.classes if context.classes is None else context.classes
    if known is not None and announced is None:
        announced = known.classes[0]
    labels = classes_of_columns(y, announced)
    if known is not None:
        _check_same(known, labels)
    targets = Targets.of_classes((labels,), loss=params.loss, loss_params=params.loss_params)
    if targets.is_ordered:
        hint = "Use loss='cross_entropy'."
        raise ConfigurationError.must_be("loss", "another with soft_targets=True", repr(params.loss), hint)
    return targets


def _in_their_order(classes: Any) -> AnyArray:
    """The labels of ``classes`` in their order, each once."""
    labels = np.asarray(classes)
    if labels.ndim != 1 or len(labels) < 2 or len({*labels.tolist()}) != len(labels):
        raise ConfigurationError.must_be("classes", "at least two different labels", f"{classes!r:.60}")
    return labels
