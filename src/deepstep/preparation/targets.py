"""Targets: classes and numbers → Y rows as floats, and a network's output rows back to labels."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from numbers import Real
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from deepstep.errors import DataError, ShapeError
from deepstep.preparation.codes import class_probabilities, encode_classes
from deepstep.preparation.records import damaged, from_record, to_record
from deepstep.types import AnyArray, Array

if TYPE_CHECKING:
    import polars

Label = str | int | float | bool


@dataclass(frozen=True)
class ClassTarget:
    """Classes, sorted; two have one output (the probability of the second), more have one output each.

    Attributes
    ----------
    classes : tuple of str, int, float or bool
    ordered : bool
        Whether their order means something: there are outputs for the questions whether an answer lies above
        each class but the last.

    Examples
    --------
    >>> target = ClassTarget.fit(["no", "yes", "no"])
    >>> target.encode(["yes", "no"]).tolist()
    [[1.0], [0.0]]
    >>> target.decode(np.array([[0.7], [0.2]])).tolist()
    ['yes', 'no']
    """

    kind: ClassVar[str] = "classes"
    classes: tuple[Any, ...]
    ordered: bool = False

    @classmethod
    def fit(
        cls,
        values: "Iterable[Label] | AnyArray | polars.Series",
        *,
        ordered: bool = False,
        order: Sequence[str] | None = None,
    ) -> "ClassTarget":
        """The different values, sorted (numbers before texts where both occur).

        Parameters
        ----------
        values : iterable (m,)
        ordered : bool
            Whether their order means something.
        order : sequence of str, optional
            All classes as texts, in another order than the sorted one.

        Returns
        -------
        ClassTarget
            With two classes or more.

        Raises
        ------
        DataError
            When there are no rows, missing values, fewer than two classes, or other ones than ``order`` has.
        ShapeError
            When `values` is not (m,).
        """
        different = set(_labels(values))
        if len(different) < 2:
            raise DataError(
                "target",
                "at least two classes are needed",
                f"got only {different.pop()!r}",
                "Check the column, and that the rows are not filtered to one class.",
            )
        classes = sorted(different, key=lambda value: (isinstance(value, str), value))
        if order is not None:
            by_text = {str(label): label for label in classes}
            if sorted(order) != sorted(by_text):
                raise DataError(
                    "target", f"an order of the classes {', '.join(by_text)}", f"got {', '.join(order)}"
                )
            classes = [by_text[text] for text in order]
        return cls(tuple(classes), ordered)

    @property
    def n_outputs(self) -> int:
        """1 for two classes, else the number of classes; one less where they are ordered."""
        n = len(self.classes)
        return n - 1 if self.ordered or n == 2 else n

    @property
    def code(self) -> str:
        """How the classes are coded, a name in ``deepstep.preparation.codes.CODES``."""
        return "cumulative" if self.ordered else "probabilities" if len(self.classes) == 2 else "classes"

    @property
    def output(self) -> str:
        """The network's output: "sigmoid", "softmax" or "ordinal"."""
        return {"probabilities": "sigmoid", "classes": "softmax", "cumulative": "ordinal"}[self.code]

    @property
    def output_settings(self) -> dict[str, Any]:
        """Settings of the output: none."""
        return {}

    def encode(self, values: "Iterable[Label] | AnyArray | polars.Series") -> NDArray[np.float64]:
        """Y as rows: 0/1 for two classes, one-hot for more, the answers to y > k for ordered ones.

        Parameters
        ----------
        values : iterable (m,)
            Labels.

        Returns
        -------
        ndarray of float64 (m, n_outputs)

        Raises
        ------
        DataError
            When there are no rows, missing values, or a class that training did not have.
        ShapeError
            When `values` is not (m,).
        """
        return encode_classes(self.positions(values), len(self.classes), self.code)

    def positions(self, values: "Iterable[Label] | AnyArray | polars.Series") -> NDArray[np.intp]:
        """The position of each value in `classes`.

        Parameters
        ----------
        values : iterable (m,)
            Labels.

        Returns
        -------
        ndarray of intp (m,)
            From 0.

        Raises
        ------
        DataError, ShapeError
            As in `encode`.
        """
        table = {label: position for position, label in enumerate(self.classes)}
        labels = _labels(values)
        if all(isinstance(label, str) for label in self.classes):
            # A file whose rows happen to hold digits alone comes with numbers for the same classes.
            labels = [label if isinstance(label, str) else str(label) for label in labels]
        unseen = next((label for label in labels if label not in table), None)
        if unseen is not None:
            known = ", ".join(map(repr, self.classes[:10])) + (", …" if len(self.classes) > 10 else "")
            raise DataError(
                "target", f"the classes of training are expected ({known})", f"got {unseen!r} as well"
            )
        return np.array([table[label] for label in labels], dtype=np.intp)

    def probabilities(self, outputs: Array) -> Array:
        """A probability for each class.

        Parameters
        ----------
        outputs : ndarray (m, n_outputs)
            The network's output A as rows.

        Returns
        -------
        ndarray (m, n_classes)

        Raises
        ------
        ShapeError
            When there are other outputs.
        """
        check_outputs(outputs, self.n_outputs)
        return class_probabilities(outputs, self.code)

    def decode(self, outputs: Array) -> AnyArray:
        """The most probable class: for two classes the second where its probability is above 0.5.

        Parameters
        ----------
        outputs : ndarray (m, n_outputs)
            The network's output A as rows.

        Returns
        -------
        ndarray (m,) of labels

        Raises
        ------
        ShapeError
            When there are other outputs.
        """
        positions = self.probabilities(outputs).argmax(axis=1)
        kinds = {type(label) for label in self.classes}
        # texts as objects: NumPy's own text type loses zero bytes at the end
        labels = np.array(self.classes, dtype=None if len(kinds) == 1 and str not in kinds else object)
        return labels[positions]

    def to_dict(self) -> dict[str, Any]:
        """The target as JSON has it.

        Returns
        -------
        dict
            Plain JSON types; the classes keep theirs.
        """
        return to_record(self, self.kind)

    @classmethod
    def from_dict(cls, record: dict[str, Any]) -> "ClassTarget":
        """The target that `to_dict` wrote.

        Parameters
        ----------
        record : dict
            As `to_dict` wrote it.

        Returns
        -------
        ClassTarget
            The same.

        Raises
        ------
        FileError
            When the record was altered.
        """
        target = from_record(record, {cls.kind: cls})
        if len(set(target.classes)) != len(target.classes) or len(target.classes) < 2:
            raise damaged("at least two different classes", f"got {target.classes!r:.60}")
        return target


@dataclass(frozen=True)
class NumberTarget:
    """Numbers, standardized for the network and returned in their own units.

    Attributes
    ----------
    mean, std : float
        What is taken away, and what the rest is divided by: mean and standard deviation of the training
        targets (1 where they are constant); 0 and the mean for counts, which stay at least 0.
    output : str
        The network's output: "identity", "absolute_error", "huber", "poisson" or "quantile".
    levels : tuple of float
        The quantiles that "quantile" gives, each by an output.

    Examples
    --------
    >>> target = NumberTarget.fit([10.0, 30.0])
    >>> target.encode([30.0]).tolist(), target.decode(np.array([[1.0]])).tolist()
    ([[1.0]], [30.0])
    """

    kind: ClassVar[str] = "number"
    mean: float
    std: float
    output: str = "identity"
    levels: tuple[float, ...] = ()

    @classmethod
    def fit(
        cls,
        values: "Iterable[float] | AnyArray | polars.Series",
        *,
        output: str = "identity",
        levels: tuple[float, ...] = (),
    ) -> "NumberTarget":
        """Learn mean and standard deviation.

        Parameters
        ----------
        values : iterable (m,)
        output : str
            The network's output.
        levels : tuple of float
            The quantiles of "quantile".

        Returns
        -------
        NumberTarget
            With std above 0.

        Raises
        ------
        DataError
            When there are no rows, a value is missing, infinite or no number, or for "poisson" below 0.
        ShapeError
            When `values` is not (m,).
        """
        numbers = _finite(values)
        constant = numbers.min() == numbers.max()
        with np.errstate(over="ignore"):
            mean, std = float(numbers.mean()), float(numbers.std())
        if not math.isfinite(std):
            raise DataError(
                "target", "numbers that can be standardized are expected", f"they reach {numbers.max():g}"
            )
        if output == "poisson":
            below = np.flatnonzero(numbers < 0)
            if below.size:
                raise DataError(
                    "target", "counts of at least 0", f"row {below[0] + 1} is {numbers[below[0]]:g}"
                )
            mean, std, constant = 0.0, mean, False
        return cls(float(numbers[0]) if constant else mean, 1.0 if constant else std or 1.0, output, levels)

    @property
    def n_outputs(self) -> int:
        """One, or one for each quantile."""
        return len(self.levels) or 1

    @property
    def output_settings(self) -> dict[str, Any]:
        """Settings of the output: the quantiles."""
        return {"levels": self.levels} if self.levels else {}

    def encode(self, values: "Iterable[float] | AnyArray | polars.Series") -> NDArray[np.float64]:
        """Y as rows: minus the mean, divided by the deviation.

        Parameters
        ----------
        values : iterable (m,)
            Numbers.

        Returns
        -------
        ndarray of float64 (m, n_outputs)
            The number in each column.

        Raises
        ------
        DataError, ShapeError
            As `fit`.
        """
        return np.repeat(((_finite(values) - self.mean) / self.std)[:, None], self.n_outputs, axis=1)

    def decode(self, outputs: Array) -> Array:
        """The network's output in the target's units.

        Parameters
        ----------
        outputs : ndarray (m, n_outputs)
            The network's output A as rows.

        Returns
        -------
        ndarray (m,)
            Of quantiles that next to the median.

        Raises
        ------
        ShapeError
            When there are other outputs.
        """
        middle = min(range(self.n_outputs), key=lambda at: abs((self.levels or (0.5,))[at] - 0.5))
        return self.quantiles(outputs)[:, middle]

    def quantiles(self, outputs: Array) -> Array:
        """All outputs in the target's units.

        Parameters
        ----------
        outputs : ndarray (m, n_outputs)
            The network's output A as rows.

        Returns
        -------
        ndarray (m, n_outputs)
            A column for each quantile.

        Raises
        ------
        ShapeError
            When there are other outputs.
        """
        check_outputs(outputs, self.n_outputs)
        return outputs * self.std + self.mean

    def to_dict(self) -> dict[str, Any]:
        """The target as JSON has it.

        Returns
        -------
        dict
            Plain JSON types.
        """
        return to_record(self, self.kind)

    @classmethod
    def from_dict(cls, record: dict[str, Any]) -> "NumberTarget":
        """The target that `to_dict` wrote.

        Parameters
        ----------
        record : dict
            As `to_dict` wrote it.

        Returns
        -------
        NumberTarget
            The same.

        Raises
        ------
        FileError
            When the record was altered.
        """
        target = from_record(record, {cls.kind: cls})
        if target.std <= 0:
            raise damaged("std is above 0", f"got {target.std}")
        if target.levels != tuple(sorted({level for level in target.levels if 0 < level < 1})):
            raise damaged("levels increase from 0 to 1", f"got {target.levels}")
        return target


def _present(values: "Iterable[Any] | AnyArray | polars.Series") -> list[Any]:
    """Targets as plain Python values, none of them missing."""
    if isinstance(values, np.ndarray) and values.ndim != 1:
        raise ShapeError("target", "(m,) is expected", f"got {values.shape}", "Pass y.ravel().")
    labels = [label.item() if isinstance(label, np.generic) else label for label in values]
    if not labels:
        raise DataError("target", "at least one row is expected", "got none")
    # NaN is the one value that does not equal itself.
    missing = sum(label is None or label != label for label in labels)
    if missing:
        raise DataError(
            "target",
            "every row has a target",
            f"{missing} of {len(labels)} have none",
            "Drop these rows; deepstep train does with --drop-missing-target.",
        )
    return labels


def _labels(values: "Iterable[Label] | AnyArray | polars.Series") -> list[Label]:
    """Classes: values that a JSON file can hold."""
    labels = _present(values)
    for label in labels:
        if not isinstance(label, (str, int, float)) or label in (math.inf, -math.inf):
            raise DataError(
                "target", "classes are texts, finite numbers or truth values", f"got {label!r:.60}"
            )
    return labels


def _finite(values: "Iterable[float] | AnyArray | polars.Series") -> NDArray[np.float64]:
    labels = _present(values)
    wrong = next((label for label in labels if not isinstance(label, (Real, Decimal))), None)
    if wrong is not None:
        raise DataError("target", "numbers are expected", f"got {wrong!r:.60}")
    numbers = np.array(labels, dtype=np.float64)
    infinite = np.flatnonzero(np.isinf(numbers))
    if infinite.size:
        raise DataError(
            "target", "finite numbers are expected", f"row {infinite[0] + 1} is {numbers[infinite[0]]}"
        )
    return numbers


def check_outputs(outputs: Array, n_outputs: int) -> None:
    """Refuse outputs that are not rows (m, n_outputs).

    Raises
    ------
    ShapeError
    """
    if outputs.ndim != 2 or outputs.shape[1] != n_outputs:
        raise ShapeError(
            "target",
            f"output rows (m, {n_outputs}) are expected",
            f"got {outputs.shape}",
            "Pass A.T." if outputs.ndim == 2 and outputs.shape[0] == n_outputs else "",
        )
