"""Targets: the losses by scikit-learn's names, their heads, and labels as a network learns them."""

from collections.abc import Container, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.utils.multiclass import check_classification_targets, type_of_target, unique_labels

from deepstep.equations import HEADS, Head, answers, get_head
from deepstep.errors import ConfigurationError, DataError, unknown_name
from deepstep.estimators.inputs import rows_without_target, without_target
from deepstep.preparation.target_values import CODES, class_probabilities, encode_classes
from deepstep.types import AnyArray, Array

TOLERANCE = 1e-6
"""How far from 1 the probabilities of a row may sum."""

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
        expected = f"a target that the loss {loss!r} can learn"
        got = f"got {n_classes} {'columns of 0 and 1' if several else 'classes'}"
        raise ConfigurationError(where, expected, got, "Use loss='cross_entropy'.")
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


@dataclass(frozen=True, eq=False)
class Labels:
    """The classes of one column of labels, or several columns of 0 and 1, and the head that learns them."""

    classes: AnyArray
    several: bool
    output: str

    @classmethod
    def named(cls, classes: AnyArray, several: bool, loss: str, where: str) -> "Labels":
        """These classes with the head of a loss."""
        head = class_head(loss, several=several, n_classes=len(classes), where=where)
        return cls(classes, several, head.name)

    def check_known(self, classes: AnyArray, several: bool, where: str, *, all_of_them: bool) -> None:
        """Refuse labels that are not among these, and if all are due, labels that are missing."""
        unseen = np.setdiff1d(classes, self.classes)
        missing = all_of_them and len(classes) < len(self.classes)
        if several != self.several or len(unseen) or missing:
            expected = f"y has the classes {self.classes.tolist()}"
            got = f"got the {'columns' if several else 'classes'} {classes.tolist()}"
            raise DataError(where, expected, got, "Train a new estimator on other classes.")

    def positions(self, y: AnyArray) -> AnyArray:
        """Position of each label in ``classes``, (m,)."""
        order = np.argsort(self.classes)
        return order[np.searchsorted(self.classes, y, sorter=order)]

    def encode(self, y: AnyArray, dtype: Any) -> Array:
        """Targets as rows: 0/1 for two classes, one-hot, answers to y > k for ordered ones, or columns."""
        if self.several:
            return y.astype(dtype)
        code = encode_classes(self.positions(y), len(self.classes), get_head(self.output).targets)
        return code.astype(dtype, copy=False)

    def decide(self, A: Array) -> AnyArray:
        """The most probable position in ``classes`` (m,), of ordered ones, too; or columns of 0 and 1."""
        return answers(self.output, A.T).T if self.several else self.probabilities(A).argmax(axis=1)

    def decode(self, A: Array) -> AnyArray:
        """From outputs (or targets) as rows: the labels (m,), or columns of 0 and 1."""
        decided = self.decide(A)
        return decided if self.several else self.classes[decided]

    def probabilities(self, A: Array) -> Array:
        """From outputs as rows: the probability of each class, or column (m, n_classes)."""
        return A if self.several else class_probabilities(A, get_head(self.output).targets)

    def columns(self, Y: Array) -> AnyArray:
        """From targets as rows: positions in ``classes`` (1, m); of several columns their 0 and 1, (n, m)."""
        if len(self.classes) == 1:  # of which there is nothing to decide
            return np.zeros((1, len(Y)), int)
        decided = self.decide(Y)
        return decided.T if self.several else decided[np.newaxis]

    @property
    def shown(self) -> AnyArray | list[AnyArray]:
        """The classes, for several columns those of each: indices would look like labels of one column."""
        return [np.arange(2) for _ in self.classes] if self.several else self.classes

    @property
    def each(self) -> list[Any]:
        """The classes of each column."""
        return [0, 1] if self.several else self.classes.tolist()


def classes_of(y: AnyArray, where: str) -> tuple[AnyArray, bool]:
    """The labels that occur, sorted, or the numbers of several columns; and whether there are several."""
    try:
        check_classification_targets(y)
        if y.ndim == 1:  # unique_labels would check numbers a second time
            return np.unique(y) if y.dtype.kind in "biuf" else unique_labels(y), False
    except (TypeError, ValueError) as error:
        if rows_without_target(y):
            raise without_target(y, where) from error
        if isinstance(error, ValueError):
            raise
        expected = "texts or numbers of one kind as labels"
        raise DataError(where, expected, str(error).rstrip(".")) from error
    if type_of_target(y) != "multilabel-indicator" or not np.isin(y, (0, 1)).all():
        expected = "y is one column of labels, or several columns of 0 and 1"
        hint = "Fit an estimator for each column, see sklearn.multioutput.MultiOutputClassifier."
        raise DataError(where, expected, f"got {y.shape[1]} columns with other values", hint)
    return np.arange(y.shape[1]), True


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
    found = np.arange(y.shape[1]) if classes is None else np.asarray(classes)
    if found.shape != (y.shape[1],) or len({*found.tolist()}) != len(found):
        expected = f"{y.shape[1]} different labels, one for each column of y"
        raise ConfigurationError(where, expected, f"got {classes!r:.60}", setting="classes")
    return found


def soft_code(P: AnyArray, output: str, where: str) -> Array:
    """Probabilities (m, n_classes) as targets of an output: of two classes that of the second."""
    if get_head(output).targets == "cumulative":
        hint = "Use loss='cross_entropy'."
        raise ConfigurationError(
            where, "another with soft_targets=True", "got 'ordinal'", hint, setting="loss"
        )
    return P[:, 1:] if get_head(output).targets == "probabilities" else P
