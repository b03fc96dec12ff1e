"""Labels of examples: their classes, the targets that a network learns, and back."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.utils.multiclass import check_classification_targets, type_of_target, unique_labels

from deepstep.errors import ConfigurationError, DataError
from deepstep.types import AnyArray, Array


@dataclass(frozen=True, eq=False)
class Labels:
    """The classes of one column of labels, or several columns of 0 and 1.

    Attributes
    ----------
    classes : array of shape (n_classes,)
        The labels, sorted; for several columns their numbers.
    several : bool
        Whether the target has several columns.

    Examples
    --------
    >>> labels = Labels.of(np.array(["no", "yes", "no"]), "DeepClassifier.fit")
    >>> labels.encode(np.array(["yes"]), float), labels.decode(np.array([[0.3]]))
    (array([[1.]]), array(['no'], dtype='<U3'))
    """

    classes: AnyArray
    several: bool

    @classmethod
    def of(cls, y: AnyArray, where: str) -> "Labels":
        """The classes that occur.

        Raises
        ------
        DataError
            If several columns hold something else than 0 and 1.
        ValueError
            If y holds numbers that are no labels.
        """
        check_classification_targets(y)
        if y.ndim == 1:
            return cls(unique_labels(y), several=False)
        if type_of_target(y) != "multilabel-indicator" or not np.isin(y, (0, 1)).all():
            raise DataError(
                where,
                "y is one column of labels, or several columns of 0 and 1",
                f"got {y.shape[1]} columns with other values",
                "Fit an estimator for each column, see sklearn.multioutput.MultiOutputClassifier.",
            )
        return cls(np.arange(y.shape[1]), several=True)

    @property
    def output(self) -> str:
        """The network's output: "sigmoid" or "softmax"."""
        return "sigmoid" if self.several or len(self.classes) == 2 else "softmax"

    def check_known(self, found: "Labels", where: str, *, all_of_them: bool) -> None:
        """Refuse labels that are not among these, and if all are due, labels that are missing.

        Raises
        ------
        DataError
        """
        unseen = np.setdiff1d(found.classes, self.classes)
        missing = all_of_them and len(found.classes) < len(self.classes)
        if found.several != self.several or len(unseen) or missing:
            kind = "columns" if found.several else "classes"
            raise DataError(
                where,
                f"y has the classes {self.classes.tolist()}",
                f"got the {kind} {found.classes.tolist()}",
                "Train a new estimator on other classes.",
            )

    def positions(self, y: AnyArray) -> AnyArray:
        """Position of each label in ``classes``, (m,)."""
        return np.searchsorted(self.classes, y)

    def encode(self, y: AnyArray, dtype: Any) -> Array:
        """Targets as rows: (m, 1) for two classes, one-hot (m, n_classes), or the columns as floats."""
        if self.several:
            return y.astype(dtype)
        positions = self.positions(y)
        if len(self.classes) == 2:
            return positions[:, np.newaxis].astype(dtype)
        Y = np.zeros((len(positions), len(self.classes)), dtype)
        Y[np.arange(len(positions)), positions] = 1
        return Y

    def decide(self, A: Array) -> AnyArray:
        """From outputs as rows: positions in ``classes`` (m,), or columns of 0 and 1."""
        if self.output == "softmax":
            return A.argmax(axis=1)
        decided = (A > 0.5).astype(int)
        return decided if self.several else decided[:, 0]

    def decode(self, A: Array) -> AnyArray:
        """From outputs as rows: the most probable labels (m,), or columns of 0 and 1."""
        decided = self.decide(A)
        return decided if self.several else self.classes[decided]

    def strata(self, Y: Array, validation_fraction: float) -> AnyArray | None:
        """The class of each row, where each class is large enough for a split in proportion."""
        if self.several:
            return None
        positions = self.decide(Y)
        counts = np.unique(positions, return_counts=True)[1]
        enough = counts.min() >= 2 and len(Y) * validation_fraction >= len(counts)
        return positions if enough else None


def class_weights(
    class_weight: str | Mapping[Any, float], labels: Labels, y: AnyArray, weight: Array | None, where: str
) -> Array:
    """The weight of each class.

    Parameters
    ----------
    class_weight : "balanced" or mapping
        n / (n_classes · count of the class), or a weight for each label, 1 for labels left out.
    labels : Labels
    y : array of shape (m,)
    weight : array of shape (m,), optional
        Weights with which "balanced" counts.
    where : str
        Name for error messages.

    Returns
    -------
    array of shape (n_classes,)

    Raises
    ------
    ConfigurationError
        If the target has several columns, a weight is negative, or a label is unknown while another has no
        weight.

    Examples
    --------
    >>> y = np.array([0, 0, 0, 1])
    >>> class_weights("balanced", Labels.of(y, "fit"), y, None, "fit").round(3)
    array([0.667, 2.   ])
    """
    if labels.several:
        raise ConfigurationError(
            where,
            "class_weight=None for a target of several columns",
            f"got {class_weight!r}",
            "Pass sample_weight.",
        )
    classes = labels.classes.tolist()
    if isinstance(class_weight, str):
        counts = np.bincount(labels.positions(y), weight, minlength=len(classes))
        return counts.sum() / (len(classes) * np.where(counts > 0, counts, np.inf))
    weights = np.array([class_weight.get(label, 1.0) for label in classes], dtype=float)
    if not (np.isfinite(weights).all() and (weights >= 0).all()):
        raise ConfigurationError(where, "class_weight has weights of at least 0", f"got {class_weight!r}")
    unknown = [label for label in class_weight if label not in classes]
    if unknown and any(label not in class_weight for label in classes):
        raise ConfigurationError(where, f"class_weight has labels among {classes}", f"got {unknown}")
    return weights
