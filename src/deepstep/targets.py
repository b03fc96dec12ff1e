"""Targets: what is learned, chosen once from y, and everything in which classes and numbers differ."""

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepstep.environment import package
from deepstep.equations import HEADS, Head, answers, get_head
from deepstep.equations.targets import TARGETS
from deepstep.errors import ConfigurationError, DataError, ShapeError, spelled, unknown_name
from deepstep.preparation.target_values import (
    CODES,
    Label,
    class_probabilities,
    class_weights,
    classes_of,
    encode_classes,
    example_weights,
    finite_numbers_in,
    positions_in,
)
from deepstep.types import AnyArray, Array, is_number, plain

__all__ = ["Targets"]

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

NUMBER_KINDS = ("numbers", "counts", "one number")
"""Kinds of targets that are numbers."""

PROBABILITIES = ("sigmoid", "softmax")
"""Heads whose outputs have a temperature."""

TOLERANCE = 1e-6
"""How far from 1 the probabilities of a row may sum."""

MOST_COLUMNS = 2**20
"""Columns of y that a file may have."""

TINY = 1e-6
"""Outputs that are probabilities count as at least this far from 0 and 1 in a loss."""


@dataclass(frozen=True, eq=False)
class Targets:
    """The targets of a model: y → Y (m, n_outputs) for a network, and outputs A (m, n_outputs) → predictions.

    One column of labels has an output for each class, or one for two classes and, where the order of the
    classes counts, one for each question y > k. Each of several columns of two classes, or of several
    numbers, has an output. Of one number a head may learn several quantiles, each by an output.

    Parameters
    ----------
    head : str
        A name in ``deepstep.equations.HEADS``: the output of the networks and their loss.
    settings : mapping
        Settings of the head, such as the ``levels`` of quantiles.
    classes : tuple of ndarray
        The labels of each column; empty for numbers.
    n_columns : int
        Columns of y; 1 for labels whose y holds probabilities, a column for each class.
    names : tuple of str
        The names of several columns, where they are known.
    threshold : float
        The probability above which the second of two classes of one column is decided for, before the
        temperature of a calibration.

    Examples
    --------
    >>> targets = Targets.of_classes([np.array(["no", "yes"])])
    >>> targets.encode(["yes", "no"]).tolist()
    [[1.0], [0.0]]
    >>> targets.decode(np.array([[0.7], [0.2]])).tolist()
    ['yes', 'no']
    >>> Targets.of_numbers(loss="quantile", loss_params={"levels": (0.1, 0.9)}).n_outputs
    2
    """

    head: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    classes: tuple[AnyArray, ...] = ()
    n_columns: int = 1
    names: tuple[str, ...] = ()
    threshold: float = 0.5

    @classmethod
    def of_classes(
        cls,
        classes: Sequence[Any],
        *,
        loss: str = "cross_entropy",
        loss_params: Mapping[str, Any] | None = None,
        names: Sequence[str] = (),
    ) -> "Targets":
        """Targets of labels.

        Parameters
        ----------
        classes : sequence of ndarray
            The labels of each column.
        loss : str
            'cross_entropy', 'ordinal', or a loss of classes that was registered.
        loss_params : mapping, optional
            Settings of the loss.
        names
            As of `Targets`.

        Returns
        -------
        Targets

        Raises
        ------
        ConfigurationError
            If the loss is unknown, or cannot learn such columns.
        """
        _check_loss(loss, CLASS_LOSSES, CODES)
        n = len(classes[0])
        several = len(classes) > 1
        head = loss
        if loss == "cross_entropy":
            head = "sigmoid" if several or n == 2 else "softmax"
        # of two classes, an output is the probability of the second one
        is_binary = HEADS[head].targets == "probabilities"
        if not (is_binary if several else not is_binary or n == 2):
            target = f"{len(classes)} columns of 0 and 1" if several else f"a target of {n} classes"
            raise ConfigurationError(f"loss {loss!r} cannot learn {target}", "Use loss='cross_entropy'.")
        equation = HEADS[head].with_settings("loss_params", **(loss_params or {}))
        settings = {name: equation.settings[name] for name in loss_params or {}}
        labels = tuple(np.asarray(column) for column in classes)
        return cls(head, plain(settings), labels, len(labels), tuple(names))

    @classmethod
    def of_numbers(
        cls,
        *,
        loss: str = "squared_error",
        loss_params: Mapping[str, Any] | None = None,
        quantiles: Any = None,
        n_columns: int = 1,
        names: Sequence[str] = (),
    ) -> "Targets":
        """Targets of numbers.

        Parameters
        ----------
        loss : str
            'squared_error', 'absolute_error', 'huber', 'poisson', 'quantile', or a loss of numbers that was
            registered.
        loss_params : mapping, optional
            Settings of the loss.
        quantiles : float or sequence of float, optional
            The ``levels`` of 'quantile'.
        n_columns, names
            As of `Targets`.

        Returns
        -------
        Targets

        Raises
        ------
        ConfigurationError
            If the loss or a setting is unknown, or the loss cannot learn several columns.
        """
        _check_loss(loss, NUMBER_LOSSES, NUMBER_KINDS)
        head = HEADS[NUMBER_LOSSES.get(loss, loss)]
        if quantiles is not None and head.name != "quantile":
            raise ConfigurationError.must_be("quantiles", f"None for loss={loss!r}", repr(quantiles))
        levels = None if quantiles is None else np.ravel(quantiles).tolist()
        settings = merged(loss_params, "levels", levels, "quantiles")
        words = {} if quantiles is None else {"loss_params['levels']": "quantiles"}
        with spelled(lambda setting: words.get(setting, "")):
            head = head.with_settings("loss_params", **settings)
        if n_columns > 1 and TARGETS[head.targets].repeats:
            raise DataError(f"loss={loss!r} learns one target, but y has {n_columns} columns")
        return cls(head.name, plain(dict(head.settings)), (), n_columns, tuple(names))

    @classmethod
    def from_labels(
        cls, y: Any, *, loss: str = "cross_entropy", order: Sequence[str] | None = None
    ) -> "Targets":
        """Targets of the labels that occur, sorted (numbers before texts where a column has both).

        Parameters
        ----------
        y : iterable of m labels, or a polars DataFrame with a column for each target
            Texts, numbers or truth values.
        loss
            As of `of_classes`.
        order : sequence of str, optional
            All classes of one column as texts, in another order than the sorted one.

        Returns
        -------
        Targets

        Raises
        ------
        DataError
            When there are no rows, missing values, fewer than two classes, more than two as one of several
            columns, or other ones than ``order`` has.
        ShapeError
            When y is an array of several columns.
        """
        columns = _table_columns(y)
        classes = _of_each(columns, lambda column: classes_of(column, order))
        several = len(columns) > 1
        for name, labels in zip(columns, classes, strict=True):
            if several and len(labels) != 2:
                problem = f"Target {name!r} has {len(labels)} classes; one of several targets has two"
                raise DataError(problem, "Train a network for each target.")
        arrays = [label_array(labels, several=several) for labels in classes]
        return cls.of_classes(arrays, loss=loss, names=tuple(columns) if several else ())

    @classmethod
    def from_numbers(cls, y: Any, *, loss: str = "squared_error", quantiles: Any = None) -> "Targets":
        """Targets of numbers, which are checked.

        Parameters
        ----------
        y : iterable of m numbers, or a polars DataFrame with a column for each target
            Finite numbers.
        loss, quantiles
            As of `of_numbers`.

        Returns
        -------
        Targets

        Raises
        ------
        DataError
            When there are no rows, a value is missing, infinite or no number, or for 'poisson' below 0.
        ShapeError
            When y is an array of several columns.
        """
        columns = _table_columns(y)
        for numbers in _of_each(columns, finite_numbers_in):
            below = np.flatnonzero(numbers < 0)
            if loss == "poisson" and below.size:
                raise DataError(f"Row {below[0] + 1} of the target is {numbers[below[0]]:g}, below 0")
        names = tuple(columns) if len(columns) > 1 else ()
        return cls.of_numbers(loss=loss, quantiles=quantiles, n_columns=len(columns), names=names)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Targets):
            return NotImplemented
        return self._comparable == other._comparable

    __hash__ = None  # type: ignore[assignment]  # arrays of labels have none

    @property
    def prediction_columns(self) -> list[str]:
        """The columns of a table of predictions: predictions, then probabilities or quantiles.

        >>> Targets.of_classes([np.array(["no", "yes"])]).prediction_columns
        ['prediction', 'probability_no', 'probability_yes']
        """
        predictions = [f"prediction_{name}" for name in self.names] or ["prediction"]
        pairs = zip(self.names, self.labels, strict=False)
        labels: list[Any] = [f"{name}_{second}" for name, (_, second) in pairs] or [*chain(*self.labels)]
        shares = [f"probability_{label}" for label in labels]
        return [*predictions, *shares, *(f"quantile_{level:g}" for level in self.levels)]

    @property
    def _comparable(self) -> tuple[Any, ...]:
        """All that makes targets equal; 1 and True are different labels."""
        kinds = [[type(label) for label in labels] for labels in self.labels]
        return self.head, dict(self.settings), self.labels, kinds, self.n_columns, self.names, self.threshold

    @property
    def fault(self) -> str:
        """The condition that stored targets do not meet; empty for valid ones."""
        labels, n = self.labels, self.n_columns
        if self.head not in HEADS:
            return "a head of DeepStep's, or of your own that is registered"
        if not 1 <= n <= MOST_COLUMNS:
            return f"n_columns is from 1 to {MOST_COLUMNS}"
        if len(set(self.names)) != len(self.names) or len(self.names) not in {0, n}:
            return "a different name for each of the columns"
        if len(labels) not in {0, n} or any(column.ndim != 1 for column in self.classes):
            return "classes of each of the columns"
        if not all(is_label(label) for column in labels for label in column):
            return "classes are texts, finite numbers or truth values"
        if any(len(set(column)) != len(column) or not column for column in labels):
            return "different classes of each column, at least one"
        if not 0 < self.threshold < 1 or (self.threshold != 0.5 and not self.has_threshold):
            return "a threshold between 0 and 1, of two classes"
        kind = HEADS[self.head].targets
        if kind not in (CODES if labels else NUMBER_KINDS):
            return f"a head of {'classes' if labels else 'numbers'}"
        if kind == "probabilities" and any(len(column) != 2 for column in labels):
            return f"two classes of each column for the head {self.head!r}"
        if n > 1 and (TARGETS[kind].repeats or (labels and kind != "probabilities")):
            return "a head for several columns"
        try:
            HEADS[self.head].with_settings("settings", **self.settings)
        except (ConfigurationError, TypeError) as error:
            return f"settings of the head {self.head!r} ({error!s:.200})"
        return ""

    @property
    def is_classes(self) -> bool:
        """Whether labels are learned, else numbers."""
        return bool(self.classes)

    @cached_property
    def labels(self) -> tuple[tuple[Label, ...], ...]:
        """The classes of each column as plain Python values."""
        return tuple(tuple(column.tolist()) for column in self.classes)

    @property
    def several(self) -> bool:
        """Whether y has several columns: values are then (m, n_columns), else (m,)."""
        return self.n_columns > 1

    @property
    def is_ordered(self) -> bool:
        """Whether the order of the classes counts."""
        return self.equation.targets == "cumulative"

    @cached_property
    def equation(self) -> Head:
        """The head with its settings."""
        return get_head(self.head).with_settings(**self.settings)

    @property
    def kind(self) -> str:
        """The condition on Y: a name in ``deepstep.equations.targets.TARGETS``."""
        return self.equation.targets

    @property
    def repeats(self) -> bool:
        """Whether several outputs learn the same number, as quantiles do."""
        return TARGETS[self.kind].repeats

    @property
    def levels(self) -> tuple[float, ...]:
        """The quantiles that are learned; empty for other losses."""
        return tuple(self.settings.get("levels", ()))

    @property
    def n_outputs(self) -> int:
        """Outputs of a network."""
        if self.several:
            return self.n_columns
        if self.is_classes:
            n = len(self.classes[0])
            return 1 if self.kind == "probabilities" else n - self.is_ordered
        sizes = [len(value) for value in self.equation.settings.values() if isinstance(value, tuple)]
        return max(sizes, default=1) if self.repeats else 1

    @property
    def metric(self) -> str:
        """The name of the score: accuracy, r2, or d2 for quantiles."""
        if self.is_classes:
            return "accuracy"
        return "d2" if self.head == "quantile" else "r2"

    @property
    def columns(self) -> tuple["Targets", ...]:
        """The targets of each column."""
        if not self.several:
            return (self,)
        if self.is_classes:
            return tuple(replace(self, classes=(labels,), n_columns=1, names=()) for labels in self.classes)
        return (replace(self, n_columns=1, names=()),) * self.n_columns

    # y and Y

    def positions(self, y: Any) -> NDArray[np.intp]:
        """The position of each label among the classes of its column.

        Parameters
        ----------
        y : array of shape (m,) or (m, n_columns), or a polars Series or DataFrame
            Labels.

        Returns
        -------
        ndarray of intp, of shape (m,) or (m, n_columns)

        Raises
        ------
        DataError
            If a label is not known.
        ShapeError
            If y has other columns.
        """
        columns = self._columns_of(y)
        return self._joined(
            [
                _positions(labels, column)
                for labels, (name, column) in zip(self.classes, columns.items(), strict=True)
            ]
        )

    def labels_at(self, positions: AnyArray) -> AnyArray:
        """The labels at positions among the classes: the inverse of `positions`.

        Parameters
        ----------
        positions : array of int of shape (m,) or (m, n_columns)
            From 0.

        Returns
        -------
        ndarray of shape (m,) or (m, n_columns)
        """
        columns = positions.reshape(-1, self.n_columns).T
        return self._joined([labels[column] for labels, column in zip(self.classes, columns, strict=True)])

    def numbers(self, y: Any) -> Array:
        """The numbers of y as rows.

        Parameters
        ----------
        y : array of shape (m,) or (m, n_columns), or a polars Series or DataFrame
            Numbers.

        Returns
        -------
        ndarray of shape (m, n_columns)

        Raises
        ------
        DataError
            If a value is missing, infinite or no number.
        ShapeError
            If y has other columns.
        """
        return np.column_stack([_numbers(column) for column in self._columns_of(y).values()])

    def values(self, y: Any) -> AnyArray:
        """The true values in the form of `decide`: positions of classes, or numbers.

        Parameters
        ----------
        y : array of shape (m,) or (m, n_columns), or a polars Series or DataFrame
            Labels or numbers.

        Returns
        -------
        ndarray of intp or float64, of shape (m,) or (m, n_columns)

        Raises
        ------
        DataError
            If a label is not known, or a value is missing, infinite or no number.
        ShapeError
            If y has other columns.
        """
        if self.is_classes:
            return self.positions(y)
        numbers = self.numbers(y).astype(np.float64, copy=False)
        return numbers if self.several else numbers[:, 0]

    def encode(self, y: Any, dtype: Any = np.float64) -> Array:
        """Y: 0 and 1 for classes, answers to y > k for ordered ones, numbers for numbers.

        Parameters
        ----------
        y : array of shape (m,) or (m, n_columns), or a polars Series or DataFrame
            Labels or numbers; of one column of labels probabilities of shape (m, n_classes), too.
        dtype : numpy dtype
            Of the result.

        Returns
        -------
        ndarray of shape (m, n_outputs)

        Raises
        ------
        DataError
            If a label is not known, or a number is missing, not finite or none that the loss can learn.
        ShapeError
            If y has other columns.
        """
        if not self.is_classes:
            return self._encode_numbers(y, np.dtype(dtype))
        if not self.several and isinstance(y, np.ndarray) and y.shape[1:] == (len(self.classes[0]),):
            sums = y.sum(axis=1) if y.dtype.kind in "biuf" and (y >= 0).all() else np.zeros(len(y))
            if (np.abs(sums - 1) > TOLERANCE).any():
                requirement = "labels (m,), or probabilities that sum to 1 in each row"
                raise DataError.must_be("y", requirement, f"rows that sum to {sums[:4].tolist()}")
            return (y[:, 1:] if self.kind == "probabilities" else y).astype(dtype)
        columns = self.positions(y).reshape(-1, self.n_columns).T
        coded = [
            encode_classes(column, len(labels), self.kind)
            for column, labels in zip(columns, self.classes, strict=True)
        ]
        return (coded[0] if len(coded) == 1 else np.hstack(coded)).astype(dtype, copy=False)

    def _encode_numbers(self, y: Any, dtype: "np.dtype[Any]") -> Array:
        rows = self.numbers(y)
        with np.errstate(over="ignore"):
            Y = rows.astype(dtype)
        finite = np.isfinite(Y)
        if not finite.all():
            row, column = np.argwhere(~finite)[0]
            value = rows[row, column]
            hint = "Scale y, or train in dtype='float64'." if np.isfinite(value) else "Leave such rows out."
            raise DataError(f"Row {row + 1} of y is {value}, not a finite number of {dtype}", hint)
        kind = TARGETS[self.kind]
        for rule in kind.rules:
            if len(Y) and not rule.holds(Y.T):
                requirement = rule.expected.format(name=self.head)
                raise DataError.must_be("y", requirement, rule.got(Y.T), "Use loss='squared_error'.")
        return np.repeat(Y, self.n_outputs, axis=1) if kind.repeats else Y

    def _columns_of(self, y: Any) -> dict[str, Any]:
        """The columns of y by their names."""
        if hasattr(y, "get_columns"):
            names = self.names or tuple(y.columns)
            columns = {f"target {name!r}": y.get_column(name) for name in names}
        elif isinstance(y, np.ndarray) and y.ndim == 2:
            names = self.names or tuple(map(str, range(y.shape[1])))
            columns = {f"target {name!r}": column for name, column in zip(names, y.T, strict=False)}
            if y.shape[1] != len(columns):
                columns = dict(enumerate(y.T))  # type: ignore[arg-type]  # they are refused below
        else:
            columns = {"target": y}
        if len(columns) != self.n_columns:
            raise ShapeError.must_be("The target", f"have {self.n_columns} columns", str(len(columns)))
        return columns

    def _joined(self, columns: list[AnyArray]) -> AnyArray:
        """Values of each column, as they come in and go out."""
        return np.column_stack(columns) if self.several else columns[0]

    # outputs

    def probabilities(self, A: Array) -> Array:
        """Probabilities of the classes; of several columns the probability of each second class.

        Parameters
        ----------
        A : array of shape (m, n_outputs)
            Outputs of the networks, a row each.

        Returns
        -------
        ndarray of shape (m, n_classes) or (m, n_columns)

        Raises
        ------
        ShapeError
            If A has another number of outputs.
        """
        self._check_outputs(A)
        return A if self.several else class_probabilities(A, self.kind)

    def by_column(self, P: Array) -> list[Array]:
        """The probabilities of each column, from those of `probabilities`.

        Parameters
        ----------
        P : array of shape (m, n_classes) or (m, n_columns)
            Probabilities.

        Returns
        -------
        list of ndarray of shape (m, n_classes)
            One for each column.
        """
        return [np.column_stack([1 - share, share]) for share in P.T] if self.several else [P]

    def decide(self, A: Array) -> AnyArray:
        """Positions of the predicted classes, or predicted numbers.

        Parameters
        ----------
        A : array of shape (m, n_outputs)
            Outputs of the networks, a row each.

        Returns
        -------
        ndarray of shape (m,) or (m, n_columns)
            Positions as intp, numbers in the dtype of A.

        Raises
        ------
        ShapeError
            If A has another number of outputs.
        """
        if not self.is_classes:
            return self.decode(A)
        self._check_outputs(A)
        if len(self.classes[0]) == 1:  # of which there is nothing to decide
            return np.zeros(len(A), np.intp)
        if self.several:
            return answers(self.head, A.T).T
        P = self.probabilities(A)
        return P.argmax(axis=1) if self.threshold == 0.5 else (P[:, 1] > self.threshold).astype(np.intp)

    @property
    def has_threshold(self) -> bool:
        """Whether there is one column of two classes, between which a threshold decides."""
        return self.is_classes and not self.several and len(self.classes[0]) == 2

    def decode(self, A: Array) -> AnyArray:
        """A value for each column, from outputs or targets: a label, a number, the median's quantile.

        Parameters
        ----------
        A : array of shape (m, n_outputs)
            Outputs of the networks, a row each.

        Returns
        -------
        ndarray of shape (m,) or (m, n_columns)

        Raises
        ------
        ShapeError
            If A has another number of outputs.
        """
        if self.is_classes:
            return self.labels_at(self.decide(A))
        self._check_outputs(A)
        return A if self.several else A[:, self._median]

    @cached_property
    def _median(self) -> int:
        """The output next to the median."""
        levels = self.levels or (0.5,)
        return min(range(len(levels)), key=lambda place: abs(levels[place] - 0.5))

    def predicted_output(self, outputs: Array) -> NDArray[np.intp]:
        """The number of the output that is the prediction of each row; of several targets the first.

        Parameters
        ----------
        outputs : array of shape (m, n)
            Probabilities of the classes, or outputs of the networks.

        Returns
        -------
        ndarray of intp, of shape (m,)

        Examples
        --------
        >>> Targets.of_classes([["a", "b", "c"]]).predicted_output(np.array([[0.1, 0.2, 0.7]]))
        array([2])
        """
        if self.is_classes and not self.several:
            return outputs.argmax(axis=1)
        return np.full(len(outputs), self._median if self.levels else 0)

    def predictions(self, A: Array) -> AnyArray:
        """Predictions as ``predict`` returns them: labels, or numbers with a column for each quantile.

        Parameters
        ----------
        A : array of shape (m, n_outputs)
            Outputs of the networks, a row each.

        Returns
        -------
        ndarray of shape (m,), (m, n_columns) or (m, n_quantiles)

        Raises
        ------
        ShapeError
            If A has another number of outputs.
        """
        if self.is_classes:
            return self.decode(A)
        return A[:, 0] if A.shape[1] == 1 else A

    def _check_outputs(self, A: Array) -> None:
        if A.ndim != 2 or A.shape[1] != self.n_outputs:
            hint = "Pass A.T." if A.ndim == 2 and A.shape[0] == self.n_outputs else ""
            raise ShapeError.must_be("Outputs", f"have shape (m, {self.n_outputs})", str(A.shape), hint)

    # what a fit asks

    def strata(self, Y: Array) -> AnyArray | None:
        """Classes that each fold holds in the same proportion.

        Parameters
        ----------
        Y : array of shape (m, n_outputs)
            Encoded targets.

        Returns
        -------
        ndarray of intp, of shape (m,), or None
            None for numbers and several columns.
        """
        return self.decide(Y) if self.is_classes and not self.several else None

    def class_columns(self, Y: Array) -> AnyArray:
        """Positions of the classes in encoded targets.

        Parameters
        ----------
        Y : array of shape (m, n_outputs)
            Encoded targets.

        Returns
        -------
        ndarray of intp, of shape (n_columns, m)
        """
        return self.decide(Y).reshape(len(Y), -1).T

    def weights_of_classes(
        self, class_weight: Any, positions: AnyArray, weight: Array | None
    ) -> list[Array] | None:
        """The weights of the classes of each column, by the rows that are learned from.

        Parameters
        ----------
        class_weight : mapping, sequence, 'balanced' or None
            As of the estimators.
        positions : array of int of shape (n_columns, m)
            Positions of the rows' classes.
        weight : array of shape (m,) or None
            Weights of the rows, by which 'balanced' counts; None for equal ones.

        Returns
        -------
        list of ndarray of shape (n_classes,), or None
            One for each column; None for equal weights.
        """
        if class_weight is None or not self.is_classes:
            return None
        return class_weights(class_weight, positions, self.labels, weight)

    def row_weights(self, class_weights: list[Array] | None, Y: Array, weight: Array | None) -> Array | None:
        """The weights of rows times those of their classes.

        Parameters
        ----------
        class_weights : list of ndarray, or None
            Of `weights_of_classes`.
        Y : array of shape (m, n_outputs)
            Encoded targets.
        weight : array of shape (m,) or None
            Weights of the rows; None for equal ones.

        Returns
        -------
        ndarray of shape (m,), or None
            None for equal weights.
        """
        if class_weights is None:
            return weight
        weight_by_class = example_weights(class_weights, self.class_columns(Y))
        return weight_by_class if weight is None else weight * weight_by_class

    def scale_of(self, Y: Array, weight: Array | None, *, counts: bool = False) -> tuple[Array, Array]:
        """Center and scale of the targets that a network learns; 0 and 1 for classes.

        Parameters
        ----------
        Y : array of shape (m, n_outputs)
            Encoded targets.
        weight : array of shape (m,) or None
            Weights of the rows; None for equal ones.
        counts : bool
            Whether counts, which stay at least 0, are divided by their mean; else they are left.

        Returns
        -------
        center, scale : ndarray of shape (n_outputs,)
            In the units of the targets.

        Raises
        ------
        DataError
            If the targets are too large for their variance to be finite.
        """
        zeros, unit = np.zeros(Y.shape[1]), np.ones(Y.shape[1])
        if self.is_classes:
            return zeros, unit
        if TARGETS[self.kind].rules:
            mean = np.average(Y, axis=0, weights=weight)
            return zeros, np.where(counts & (mean > 0), mean, 1.0)
        with np.errstate(over="ignore", invalid="ignore"):
            center = np.average(Y, axis=0, weights=weight)
            scale = np.sqrt(np.average((Y - center) ** 2, axis=0, weights=weight))
        if not np.isfinite([center, scale]).all():
            reach = f"they reach from {Y.min():g} to {Y.max():g}"
            raise DataError(f"Targets are too large to be standardized, {reach}", "Divide them.")
        return center, np.where(scale > 0, scale, unit)

    def head_settings(self, scale: Array, smoothing: float | None) -> dict[str, Any]:
        """Settings of the head of a network whose targets are divided by a scale.

        Parameters
        ----------
        scale : array of shape (n_outputs,)
            As of `scale_of`.
        smoothing : float or None
            The label smoothing; None or 0 for none.

        Returns
        -------
        dict
            For `deepstep.equations.Head.with_settings`.
        """
        settings = dict(self.settings)
        if smoothing and "smoothing" in get_head(self.head).settings:
            settings = merged(settings, "smoothing", smoothing, "label_smoothing")
        if "delta" in settings and scale.size:
            settings["delta"] /= float(scale.max())  # it is in the units of the target
        return settings

    def losses(self) -> Callable[[Array, Array], Array] | None:
        """The function that computes the loss of each row.

        Returns
        -------
        callable or None
            From (A, Y), each of shape (m, n_outputs), to losses of shape (m,); None where the loss does not
            follow from the outputs.
        """
        settings = {name: value for name, value in self.settings.items() if name != "smoothing"}
        textbook = get_head(self.head).with_settings(**settings).textbook
        if textbook is None:
            return None
        clips = self.head in (*PROBABILITIES, "ordinal")

        def loss(A: Array, Y: Array) -> Array:
            A = np.clip(A, TINY, 1 - TINY) if clips else A
            return np.asarray(textbook(A.T, Y.T)).ravel()

        return loss

    def score(self, y: AnyArray, predicted: AnyArray, weight: Any = None) -> float:
        """The `metric` of predictions for y.

        Parameters
        ----------
        y : array of shape (m,) or (m, n_columns)
            True labels or numbers.
        predicted : array
            As `predictions` returns them.
        weight : array of shape (m,) or None
            Weights of the rows; None for equal ones.

        Returns
        -------
        float
        """
        metrics, kinds = package("sklearn.metrics"), package("sklearn.utils.multiclass")
        if self.is_classes:
            if self.several:  # of which scikit-learn takes 0 and 1 alone
                y, predicted = self.positions(y), self.positions(predicted)
            elif kinds.type_of_target(self.classes[0]) == "continuous":
                y, predicted = _places(y, predicted)
            return float(metrics.accuracy_score(y, predicted, sample_weight=weight))
        if self.metric == "r2":
            return float(metrics.r2_score(y, predicted, sample_weight=weight))
        predicted = np.reshape(predicted, (len(predicted), -1))
        self._check_outputs(predicted)
        columns = zip(predicted.T, self.levels, strict=True)
        scores = [
            metrics.d2_pinball_score(y, column, sample_weight=weight, alpha=level)
            for column, level in columns
        ]
        return float(np.mean(scores))


def _table_columns(y: Any) -> dict[str, Any]:
    """The columns of a table by name; what is no table is one column without a name."""
    return {column.name: column for column in y.get_columns()} if hasattr(y, "get_columns") else {"": y}


def _of_each(columns: Mapping[str, Any], read: Callable[[Any], Any]) -> list[Any]:
    """The results of a function of each column; an error about a column without a name says which."""
    results = []
    for name, column in columns.items():
        try:
            results.append(read(column))
        except DataError as error:
            if len(columns) == 1 or repr(name) in error.problem:
                raise
            raise DataError(f"Target {name!r}: {error.problem}", error.hint) from None
    return results


def label_array(labels: Sequence[Label], *, several: bool = False) -> AnyArray:
    """Labels as an array: texts as objects, as NumPy's own type of texts loses zero bytes at the end.

    >>> label_array([1, 2]).dtype.kind, label_array(["a", "b"]).dtype.kind
    ('i', 'O')
    """
    kinds = {type(label) for label in labels}
    plain = len(kinds) == 1 and str not in kinds and not several
    return np.array(labels, dtype=None if plain else object)


def merged(settings: Mapping[str, Any] | None, name: str, value: Any, parameter: str) -> dict[str, Any]:
    """The settings of a loss together with one that has a parameter of its own, not set in both places."""
    settings = dict(settings or {})
    if value is None:
        return settings
    if name in settings:
        problem = f"{parameter} and {name!r} in loss_params are the same setting, and both are set"
        raise ConfigurationError(problem, "Set one of them.")
    return {**settings, name: value}


def _check_loss(loss: str, losses: Iterable[str], kinds: Container[str]) -> None:
    """Refuse a loss that is neither one of DeepStep's nor of a registered head with such targets."""
    registered = [
        name for name, head in HEADS.items() if name not in HEADS.built_in and head.targets in kinds
    ]
    known = [*losses, *registered]
    if loss not in known:
        raise unknown_name("loss", loss, known, setting="loss")


def is_label(value: Any) -> bool:
    """Whether a label is a text, a finite number or a truth value, which files can hold."""
    return isinstance(value, str | bool) or is_number(value)


def _positions(labels: AnyArray, column: Any) -> NDArray[np.intp]:
    """The position of each value among labels; of arrays of one kind without a look at each value."""
    kinds = {labels.dtype.kind, column.dtype.kind} if isinstance(column, np.ndarray) else set()
    if len(kinds) == 1 or (kinds and kinds <= {*"biuf"}):
        try:
            order = np.argsort(labels)
            places = order[np.minimum(np.searchsorted(labels, column, sorter=order), len(labels) - 1)]
        except TypeError:  # texts and numbers
            return positions_in(tuple(labels.tolist()), column)
        if (labels[places] == column).all():
            return places
    return positions_in(tuple(labels.tolist()), column)


def _numbers(column: Any) -> Array:
    if isinstance(column, np.ndarray) and column.dtype.kind in "biuf":
        return column
    return finite_numbers_in(column)


def _places(y: AnyArray, predicted: AnyArray) -> tuple[AnyArray, AnyArray]:
    """Labels that are decimal numbers, each as its place among all: scikit-learn's metrics refuse them."""
    checks = package("sklearn.utils.validation")
    checks.check_consistent_length(y, predicted)
    y = checks.column_or_1d(y, dtype=predicted.dtype)
    checks.assert_all_finite(y, input_name="y_true")
    places = np.unique(np.concatenate([y, predicted]), return_inverse=True)[1]
    return places[: len(y)], places[len(y) :]
