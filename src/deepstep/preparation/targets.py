"""Targets of n columns → Y rows as floats, and output rows back: classes, or numbers."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from deepstep.errors import DataError, ShapeError
from deepstep.preparation.columns import damaged, from_record, to_record
from deepstep.preparation.statistics import Moments
from deepstep.preparation.target_values import (
    Label,
    class_probabilities,
    classes_of,
    encode_classes,
    finite_in,
    places_in,
)
from deepstep.types import AnyArray, Array

if TYPE_CHECKING:
    import polars

Columns: TypeAlias = "Iterable[Any] | AnyArray | polars.Series | polars.DataFrame"
"""The values of a target: m of one column, or a table with a column for each."""


class _Target:
    """Targets of both kinds: n columns, of which several have names, and one network learns all."""

    kind: ClassVar[str]
    names: tuple[str, ...]

    @property
    def several(self) -> bool:
        """Whether there is more than one column: values and answers are then (m, n_columns), else (m,)."""
        return self.n_columns > 1

    @property
    def n_columns(self) -> int:
        """The number of columns."""
        return len(self.each)

    @property
    def each(self) -> tuple[Any, ...]:
        """The target of each column."""
        raise NotImplementedError

    @property
    def fault(self) -> str:
        """The condition that a stored target does not meet; empty for a valid one."""
        raise NotImplementedError

    def to_dict(self) -> dict[str, Any]:
        """The target as JSON has it.

        Returns
        -------
        dict
            Plain JSON types; classes keep theirs.
        """
        return to_record(self, self.kind)

    @classmethod
    def from_dict(cls, record: dict[str, Any]) -> Self:
        """The target that `to_dict` wrote.

        Parameters
        ----------
        record : dict
            As `to_dict` wrote it.

        Returns
        -------
        ClassificationTarget or RegressionTarget
            The same.

        Raises
        ------
        FileError
            When the record was altered.
        """
        target = from_record(record, {cls.kind: cls})
        names, n = target.names, target.n_columns
        if not n or len(set(names)) != len(names) or len(names) not in ({n} if n > 1 else {0, 1}):
            raise damaged("a different name for each of the columns", f"got {names!r:.60}")
        if target.fault:
            raise damaged(target.fault, f"got {record!r:.200}")
        return target

    def _of_each(self, values: Columns, found: Callable[[Any, Any], Any]) -> list[Any]:
        """Results for the target and the values of each column."""
        columns = _columns(values, self.names if self.several else ())
        if len(columns) != self.n_columns:
            raise ShapeError("target", f"{self.n_columns} columns are expected", f"got {len(columns)}")
        each = dict(zip(columns, self.each, strict=True))
        return _by_name(columns, lambda name, column: found(each[name], column))

    def _joined(self, columns: list[AnyArray]) -> AnyArray:
        """Values of each column, as they come in and go out."""
        return np.column_stack(columns) if self.several else columns[0]


@dataclass(frozen=True)
class ClassificationTarget(_Target):
    """Classes of one column, or of several columns that have two classes each.

    Of one column with two classes, and of each of several, there is one output, the probability of the
    second class; a column of more classes has one output for each.

    classes (tuple of tuple of str or int or float or bool): The sorted classes of each column.
    ordered: Whether their order means something: there are outputs for the questions whether an answer lies
        above each class but the last.
    names: The columns' names; one column needs none.

    >>> target = ClassificationTarget.fit(["no", "yes", "no"])
    >>> target.encode(["yes", "no"]).tolist()
    [[1.0], [0.0]]
    >>> target.decode(np.array([[0.7], [0.2]])).tolist()
    ['yes', 'no']

    Several columns are a table:

    >>> import polars
    >>> frame = polars.DataFrame({"wet": ["no", "yes", "no"], "warm": [0, 0, 1]})
    >>> targets = ClassificationTarget.fit(frame)
    >>> targets.encode(frame).tolist()
    [[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]
    >>> targets.decode(np.array([[0.7, 0.2]])).tolist()
    [['yes', 0]]
    """

    kind: ClassVar[str] = "classification"
    is_classification: ClassVar[Literal[True]] = True
    levels: ClassVar[tuple[float, ...]] = ()
    output_settings: ClassVar[dict[str, Any]] = {}
    classes: tuple[tuple[Any, ...], ...]
    ordered: bool = False
    names: tuple[str, ...] = ()

    @classmethod
    def fit(
        cls, values: Columns, *, ordered: bool = False, order: Sequence[str] | None = None
    ) -> "ClassificationTarget":
        """The different values of each column, sorted (numbers before texts where both occur).

        values (iterable): m labels, or a table with a column for each target.
        ordered: Whether their order means something; of one column.
        order: All classes of one column as texts, in another order than the sorted one.
        returns: With two classes or more.
        DataError: When there are no rows, missing values, fewer than two classes, more than two as one of
            several columns, or other ones than ``order`` has.
        ShapeError: When `values` is not (m,).
        """
        columns = _columns(values)
        classes = tuple(_by_name(columns, lambda _, column: classes_of(column, order)))
        for name, found in zip(columns, classes, strict=True):
            if len(columns) > 1 and (len(found) != 2 or ordered):
                raise DataError(
                    f"target {name!r}",
                    "two classes, as one of several targets",
                    f"got {len(found)}",
                    "Train a network for each target.",
                )
        return cls(classes, ordered, tuple(columns) if len(columns) > 1 else ())

    @property
    def each(self) -> tuple["ClassificationTarget", ...]:
        """The target of each column."""
        return tuple(ClassificationTarget((classes,), self.ordered) for classes in self.classes)

    @property
    def n_outputs(self) -> int:
        """1 for two classes, else the number of classes, one less where they are ordered; of all columns."""
        return sum(len(one) - (self.ordered or len(one) == 2) for one in self.classes)

    @property
    def code(self) -> str:
        """How the classes are coded, a name in ``deepstep.preparation.target_values.CODES``."""
        if self.ordered:
            return "cumulative"
        return "probabilities" if all(len(classes) == 2 for classes in self.classes) else "classes"

    @property
    def output(self) -> str:
        """The network's output: "sigmoid", "softmax" or "ordinal"."""
        return {"probabilities": "sigmoid", "classes": "softmax", "cumulative": "ordinal"}[self.code]

    @property
    def fault(self) -> str:
        """The condition that a stored target does not meet; empty for a valid one."""
        if any(len(set(one)) != len(one) or len(one) < 2 for one in self.classes):
            return "at least two different classes of each column"
        if self.several and (self.ordered or self.code != "probabilities"):
            return "two classes without an order of each of several columns"
        return ""

    def encode(self, values: Columns) -> NDArray[np.float64]:
        """Y as rows: 0/1 for two classes, one-hot for more, the answers to y > k for ordered ones.

        values (iterable): m labels, or a table with the columns.
        returns (array of shape (m, n_outputs), float64):
        DataError: When there are no rows, missing values, or a class that training did not have.
        ShapeError: When `values` is not (m,).
        """
        coded = zip(self.answers(values).reshape(-1, self.n_columns).T, self.classes, strict=True)
        return np.hstack([encode_classes(found, len(classes), self.code) for found, classes in coded])

    def answers(self, values: Columns) -> NDArray[np.intp]:
        """Right answers as `decide` gives answers: the position of each value among its column's classes.

        values (iterable): As in `encode`.
        returns (array of shape (m,) or (m, n_columns), intp): From 0.
        DataError, ShapeError: As in `encode`.
        """
        return self._joined(self._of_each(values, lambda one, column: places_in(one.classes[0], column)))

    def probabilities(self, outputs: Array) -> Array:
        """A probability for each class; of several columns that of the second class of each.

        outputs (m, n_outputs): The network's output A as rows.
        returns (m, n_classes) or (m, n_columns):
        ShapeError: When there are other outputs.
        """
        _check_outputs(outputs, self.n_outputs)
        return outputs if self.several else class_probabilities(outputs, self.code)

    def by_column(self, P: Array) -> list[Array]:
        """The probabilities of all classes of each column.

        P (m, n_classes) or (m, n_columns): As `probabilities` gives them.
        returns (list of (m, n_classes)):
        """
        return [np.column_stack([1 - share, share]) for share in P.T] if self.several else [P]

    def decide(self, outputs: Array) -> NDArray[np.intp]:
        """The position of the most probable class: of two the second where its probability is above 0.5.

        outputs (m, n_outputs): The network's output A, or targets Y, as rows.
        returns (array of shape (m,) or (m, n_columns), intp):
        ShapeError: When there are other outputs.
        """
        P = self.probabilities(outputs)
        return (P > 0.5).astype(np.intp) if self.several else P.argmax(axis=1)

    def decode(self, outputs: Array) -> AnyArray:
        """The most probable class of each column.

        outputs (m, n_outputs): The network's output A as rows.
        returns (array of shape (m,) or (m, n_columns) of labels):
        ShapeError: When there are other outputs.
        """
        found = zip(self.classes, self.decide(outputs).reshape(-1, self.n_columns).T, strict=True)
        return self._joined([_labels(classes, self.several)[places] for classes, places in found])


@dataclass(frozen=True)
class RegressionTarget(_Target):
    """Numbers of one column or several, standardized for the network and returned in their own units.

    means, stds: The value that is subtracted, and the divisor, of each column: mean and standard deviation of
        the training targets (1 where they are constant); 0 and the mean for counts, which stay at least 0.
    output (str): The network's output: "identity", "absolute_error", "huber", "poisson" or "quantile".
    levels: The quantiles that "quantile" gives of one column, each by an output.
    names: The columns' names; one column needs none.

    >>> target = RegressionTarget.fit([10.0, 30.0])
    >>> target.encode([30.0]).tolist(), target.decode(np.array([[1.0]])).tolist()
    ([[1.0]], [30.0])
    >>> import polars
    >>> targets = RegressionTarget.fit(polars.DataFrame({"width": [10.0, 30.0], "height": [1.0, 3.0]}))
    >>> targets.decode(np.array([[1.0, -1.0]])).tolist()
    [[30.0, 1.0]]
    """

    kind: ClassVar[str] = "regression"
    is_classification: ClassVar[Literal[False]] = False
    classes: ClassVar[tuple[tuple[Any, ...], ...]] = ()
    means: tuple[float, ...]
    stds: tuple[float, ...]
    output: str = "identity"
    levels: tuple[float, ...] = ()
    names: tuple[str, ...] = ()

    @classmethod
    def fit(
        cls, values: Columns, *, output: str = "identity", levels: tuple[float, ...] = ()
    ) -> "RegressionTarget":
        """Mean and standard deviation of each column.

        values (iterable): m numbers, or a table with a column for each target.
        output (str): The network's output.
        levels: The quantiles of "quantile".
        returns: With stds above 0.
        DataError: When there are no rows, a value is missing, infinite or no number, or for "poisson" below
            0.
        ShapeError: When `values` is not (m,).
        """

        def moments(_: str, column: Iterable[Any]) -> Moments:
            found, numbers = Moments(), finite_in(column)
            below = np.flatnonzero(numbers < 0)
            if output == "poisson" and below.size:
                got = f"row {below[0] + 1} is {numbers[below[0]]:g}"
                raise DataError("target", "counts of at least 0", got)
            found.update(numbers)
            return found

        columns = _columns(values)
        seen = dict(zip(columns, _by_name(columns, moments), strict=True))
        return cls.of(seen, output=output, levels=levels)

    @classmethod
    def of(
        cls, seen: Mapping[str, Moments], *, output: str = "identity", levels: tuple[float, ...] = ()
    ) -> "RegressionTarget":
        """The target of columns with these statistics.

        seen (mapping of str to Moments): By the name of the column.
        output, levels: As of `fit`.
        returns: With stds above 0.
        DataError: When numbers cannot be standardized, or counts are below 0.
        """

        def scale(name: str, found: Moments) -> tuple[float, float]:
            mean, std, _ = found.moments("target")
            if output != "poisson":  # a deviation whose square is 0 counts as that of a constant
                return mean, std if found.squares / found.count else 1.0
            if found.low < 0:
                raise DataError("target", "counts of at least 0", f"the least is {found.low:g}")
            return 0.0, found.mean or 1.0

        means, stds = zip(*_by_name(seen, scale), strict=True)
        return cls(means, stds, output, levels, tuple(seen) if len(seen) > 1 else ())

    @property
    def each(self) -> tuple["RegressionTarget", ...]:
        """The target of each column."""
        pairs = zip(self.means, self.stds, strict=False)
        return tuple(RegressionTarget((mean,), (std,), self.output, self.levels) for mean, std in pairs)

    @property
    def n_outputs(self) -> int:
        """One for each column, or for each quantile of one."""
        return len(self.levels) or self.n_columns

    @property
    def output_settings(self) -> dict[str, Any]:
        """Settings of the output: the quantiles."""
        return {"levels": self.levels} if self.levels else {}

    @property
    def fault(self) -> str:
        """The condition that a stored target does not meet; empty for a valid one."""
        if len(self.means) != len(self.stds):
            return "a mean and a deviation for each column"
        if min(self.stds) <= 0:
            return "stds are above 0"
        increasing = self.levels == tuple(sorted({level for level in self.levels if 0 < level < 1}))
        fits = increasing and not (self.levels and self.several)
        return "" if fits else "levels of one column, which increase from 0 to 1"

    def in_units(self, means: Sequence[float], stds: Sequence[float]) -> "RegressionTarget":
        """The same target with other means and deviations of its columns.

        means, stds: One for each column.
        returns: With these.
        """
        return replace(self, means=tuple(means), stds=tuple(stds))

    def encode(self, values: Columns) -> NDArray[np.float64]:
        """Y as rows: each column minus its mean, divided by its deviation.

        values (iterable): m numbers, or a table with the columns.
        returns (array of shape (m, n_outputs), float64): Of quantiles the number in each column.
        DataError, ShapeError: As `fit`.
        """
        numbers = np.column_stack(self._of_each(values, lambda _, column: finite_in(column)))
        scaled = (numbers - _row(self.means)) / _row(self.stds)
        return np.repeat(scaled, self.n_outputs // self.n_columns, axis=1)

    def answers(self, values: Columns) -> Array:
        """Right answers as `decide` gives answers: the numbers.

        values (iterable): As in `encode`.
        returns (array of shape (m,) or (m, n_columns), float64):
        DataError, ShapeError: As `fit`.
        """
        return self.decode(self.encode(values))

    def decide(self, outputs: Array) -> Array:
        """Answers as numbers, as `decode`.

        outputs (m, n_outputs): The network's output A, or targets Y, as rows.
        returns (m,) or (m, n_columns):
        ShapeError: When there are other outputs.
        """
        return self.decode(outputs)

    def decode(self, outputs: Array) -> Array:
        """The network's output in the units of the columns.

        outputs (m, n_outputs): The network's output A as rows.
        returns (m,) or (m, n_columns): The quantile next to the median, where there are quantiles.
        ShapeError: When there are other outputs.
        """
        numbers = self.quantiles(outputs)
        if self.several:
            return numbers
        return numbers[:, min(range(self.n_outputs), key=lambda at: abs((self.levels or (0.5,))[at] - 0.5))]

    def quantiles(self, outputs: Array) -> Array:
        """All outputs in the units of the columns.

        outputs (m, n_outputs): The network's output A as rows.
        returns (m, n_outputs): A column for each quantile.
        ShapeError: When there are other outputs.
        """
        _check_outputs(outputs, self.n_outputs)
        return outputs * _row(self.stds) + _row(self.means)


Target: TypeAlias = ClassificationTarget | RegressionTarget
"""The target of a network: classes or numbers, of one column of a table or several."""


def _columns(values: Columns, names: Sequence[str] = ()) -> dict[str, Any]:
    """The columns by name, all or these; what is no table is one column without a name."""
    given: Any = values
    if not hasattr(given, "get_columns"):
        return {"": given}
    return {name: given.get_column(name) for name in names or given.columns}


def _by_name(columns: Mapping[str, Any], found: Callable[[str, Any], Any]) -> list[Any]:
    """Results for each column; an error about one of several says which."""
    results = []
    for name, column in columns.items():
        try:
            results.append(found(name, column))
        except DataError as error:
            if len(columns) == 1:
                raise
            raise DataError(f"target {name!r}", error.expected, error.got, error.hint) from None
    return results


def _labels(classes: tuple[Label, ...], several: bool) -> AnyArray:
    """Classes as an array: texts as objects, as NumPy's own type of texts loses zero bytes at the end."""
    kinds = {type(label) for label in classes}
    return np.array(classes, dtype=None if len(kinds) == 1 and str not in kinds and not several else object)


def _row(values: tuple[float, ...]) -> Any:
    """Numbers of columns to compute with; one alone leaves outputs their precision."""
    return np.array(values) if len(values) > 1 else values[0]


def _check_outputs(outputs: Array, n_outputs: int) -> None:
    """Refuse outputs that are not rows (m, n_outputs)."""
    if outputs.ndim != 2 or outputs.shape[1] != n_outputs:
        raise ShapeError(
            "target",
            f"output rows (m, {n_outputs}) are expected",
            f"got {outputs.shape}",
            "Pass A.T." if outputs.ndim == 2 and outputs.shape[0] == n_outputs else "",
        )
