"""Several targets: columns of a table that one network learns together, an output for each."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

import numpy as np
from numpy.typing import NDArray

from deepstep.errors import DataError
from deepstep.preparation.records import damaged, from_record, to_record
from deepstep.preparation.targets import ClassTarget, NumberTarget, check_outputs
from deepstep.types import AnyArray, Array

if TYPE_CHECKING:
    import polars


@dataclass(frozen=True)
class LabelTargets:
    """Columns of two classes each; an output is the probability of the second class of its column.

    Attributes
    ----------
    names : tuple of str
        The columns.
    classes : tuple of str, int, float or bool
        The two classes of the first column, sorted, then those of the second, …

    Examples
    --------
    >>> import polars
    >>> frame = polars.DataFrame({"wet": ["no", "yes", "no"], "warm": [0, 0, 1]})
    >>> targets = LabelTargets.fit(frame)
    >>> targets.encode(frame).tolist()
    [[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]
    >>> targets.decode(np.array([[0.7, 0.2]])).tolist()
    [['yes', 0]]
    """

    kind: ClassVar[str] = "labels"
    names: tuple[str, ...]
    classes: tuple[Any, ...]

    @classmethod
    def fit(cls, frame: "polars.DataFrame") -> "LabelTargets":
        """The two classes of each column of a table.

        Raises
        ------
        DataError
            As `ClassTarget.fit`; or when a column has more than two classes.
        """
        each = _of_each(frame.columns, lambda name: ClassTarget.fit(frame[name]))
        for name, target in zip(frame.columns, each, strict=True):
            if len(target.classes) != 2:
                raise DataError(
                    f"target {name!r}",
                    "two classes, as one of several targets",
                    f"got {len(target.classes)}",
                    "Train a network for each target.",
                )
        return cls(tuple(frame.columns), tuple(label for target in each for label in target.classes))

    @property
    def each(self) -> tuple[ClassTarget, ...]:
        """The target of each column."""
        return tuple(ClassTarget(self.classes[at : at + 2]) for at in range(0, len(self.classes), 2))

    @property
    def n_outputs(self) -> int:
        """One for each column."""
        return len(self.names)

    @property
    def output(self) -> str:
        """The network's output: "sigmoid"."""
        return "sigmoid"

    @property
    def output_settings(self) -> dict[str, Any]:
        """Settings of the output: none."""
        return {}

    def encode(self, frame: "polars.DataFrame") -> NDArray[np.float64]:
        """Y as rows (m, n_columns) of 0 and 1.

        Raises
        ------
        DataError
            As `ClassTarget.encode`.
        """
        return self.positions(frame).astype(np.float64)

    def positions(self, frame: "polars.DataFrame") -> NDArray[np.intp]:
        """The position of each value among the two classes of its column: (m, n_columns)."""
        each = dict(zip(self.names, self.each, strict=True))
        return np.column_stack(_of_each(self.names, lambda name: each[name].positions(frame[name])))

    def answered(self, outputs: Array) -> NDArray[np.intp]:
        """The position of the more probable class of each column: (m, n_columns)."""
        return (self.probabilities(outputs) > 0.5).astype(np.intp)

    def probabilities(self, outputs: Array) -> Array:
        """The probability of the second class of each column: the outputs (m, n_columns) themselves."""
        check_outputs(outputs, self.n_outputs)
        return outputs

    def decode(self, outputs: Array) -> AnyArray:
        """The more probable class of each column: (m, n_columns) of labels."""
        pairs = np.empty((len(self.names), 2), dtype=object)
        pairs.ravel()[:] = self.classes
        return pairs[np.arange(len(self.names)), self.answered(outputs)]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types; the classes keep theirs."""
        return to_record(self, self.kind)

    @classmethod
    def from_dict(cls, record: dict[str, Any]) -> "LabelTargets":
        """The targets that `to_dict` wrote.

        Raises
        ------
        FileError
            When the record was altered.
        """
        targets = from_record(record, {cls.kind: cls})
        _check_names(targets.names)
        if len(targets.classes) != 2 * len(targets.names):
            raise damaged("two classes for each of the names", f"got {targets.classes!r:.60}")
        if any(first == second for first, second in (target.classes for target in targets.each)):
            raise damaged("two different classes for each name", f"got {targets.classes!r:.60}")
        return targets


@dataclass(frozen=True)
class NumberTargets:
    """Columns of numbers, each standardized for the network by itself.

    Attributes
    ----------
    names : tuple of str
        The columns.
    means, stds : tuple of float
        Those of `NumberTarget`, for each column.
    output : str
        The network's output: "identity", "absolute_error", "huber" or "poisson".

    Examples
    --------
    >>> import polars
    >>> targets = NumberTargets.fit(polars.DataFrame({"width": [10.0, 30.0], "height": [1.0, 3.0]}))
    >>> targets.decode(np.array([[1.0, -1.0]])).tolist()
    [[30.0, 1.0]]
    """

    kind: ClassVar[str] = "numbers"
    names: tuple[str, ...]
    means: tuple[float, ...]
    stds: tuple[float, ...]
    output: str = "identity"

    @classmethod
    def fit(cls, frame: "polars.DataFrame", *, output: str = "identity") -> "NumberTargets":
        """Mean and deviation of each column of a table.

        Raises
        ------
        DataError
            As `NumberTarget.fit`.
        """
        each = _of_each(frame.columns, lambda name: NumberTarget.fit(frame[name], output=output))
        means, stds = zip(*((target.mean, target.std) for target in each), strict=True)
        return cls(tuple(frame.columns), means, stds, output)

    @property
    def each(self) -> tuple[NumberTarget, ...]:
        """The target of each column."""
        pairs = zip(self.means, self.stds, strict=True)
        return tuple(NumberTarget(mean, std, self.output) for mean, std in pairs)

    @property
    def n_outputs(self) -> int:
        """One for each column."""
        return len(self.names)

    @property
    def output_settings(self) -> dict[str, Any]:
        """Settings of the output: none."""
        return {}

    def encode(self, frame: "polars.DataFrame") -> NDArray[np.float64]:
        """Y as rows (m, n_columns): each column minus its mean, divided by its deviation.

        Raises
        ------
        DataError
            As `NumberTarget.encode`.
        """
        each = dict(zip(self.names, self.each, strict=True))
        return np.hstack(_of_each(self.names, lambda name: each[name].encode(frame[name])))

    def decode(self, outputs: Array) -> Array:
        """The network's output rows (m, n_columns) in the units of the columns."""
        check_outputs(outputs, self.n_outputs)
        return outputs * np.array(self.stds) + np.array(self.means)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types."""
        return to_record(self, self.kind)

    @classmethod
    def from_dict(cls, record: dict[str, Any]) -> "NumberTargets":
        """The targets that `to_dict` wrote.

        Raises
        ------
        FileError
            When the record was altered.
        """
        targets = from_record(record, {cls.kind: cls})
        _check_names(targets.names)
        if not len(targets.means) == len(targets.stds) == len(targets.names):
            raise damaged("a mean and a deviation for each name", f"got {targets.means!r:.60}")
        if min(targets.stds) <= 0:
            raise damaged("stds are above 0", f"got {targets.stds!r:.60}")
        return targets


Target: TypeAlias = ClassTarget | NumberTarget | LabelTargets | NumberTargets
"""What a network learns: one column of a table, or several."""


def _check_names(names: tuple[str, ...]) -> None:
    if len(names) < 2 or len(set(names)) != len(names):
        raise damaged("at least two different names", f"got {names!r:.60}")


def _of_each(names: Iterable[str], found: Callable[[str], Any]) -> list[Any]:
    """What is found for each column."""
    results = []
    for name in names:
        with _named(name):
            results.append(found(name))
    return results


@contextmanager
def _named(name: str) -> Iterator[None]:
    """Let an error about a target say which."""
    try:
        yield
    except DataError as error:
        raise DataError(f"target {name!r}", error.expected, error.came, error.mend) from None
