"""Several columns of two classes each, which one network learns: an output for each."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from deepstep.errors import DataError
from deepstep.preparation.class_target import ClassTarget
from deepstep.preparation.records import damaged, from_record, to_record
from deepstep.preparation.several_targets import check_names, of_each
from deepstep.preparation.target_values import check_outputs
from deepstep.types import AnyArray, Array

if TYPE_CHECKING:
    import polars


@dataclass(frozen=True)
class LabelTargets:
    """Columns of two classes each; an output is the probability of the second class of its column.

    names: The columns.
    classes (tuple of str or int or float or bool): The two classes of the first column, sorted, then those of
        the second, …

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

        frame: The targets alone.
        DataError: As `ClassTarget.fit`; or when a column has more than two classes.
        """
        each = of_each(frame.columns, lambda name: ClassTarget.fit(frame[name]))
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
        """Y as rows of 0 and 1.

        frame: A table with the columns.
        returns (array of shape (m, n_columns), float64):
        DataError: As `ClassTarget.encode`.
        """
        return self.positions(frame).astype(np.float64)

    def positions(self, frame: "polars.DataFrame") -> NDArray[np.intp]:
        """The position of each value among the two classes of its column.

        frame: A table with the columns.
        returns (array of shape (m, n_columns), int):
        DataError: As `ClassTarget.positions`.
        """
        each = dict(zip(self.names, self.each, strict=True))
        return np.column_stack(of_each(self.names, lambda name: each[name].positions(frame[name])))

    def answered(self, outputs: Array) -> NDArray[np.intp]:
        """The position of the more probable class of each column.

        outputs (m, n_columns): The network's output A as rows.
        returns (array of shape (m, n_columns), int):
        ShapeError: When there are other outputs.
        """
        return (self.probabilities(outputs) > 0.5).astype(np.intp)

    def probabilities(self, outputs: Array) -> Array:
        """The probability of the second class of each column: the outputs themselves.

        outputs (m, n_columns): The network's output A as rows.
        returns (m, n_columns):
        ShapeError: When there are other outputs.
        """
        check_outputs(outputs, self.n_outputs)
        return outputs

    def decode(self, outputs: Array) -> AnyArray:
        """The more probable class of each column.

        outputs (m, n_columns): The network's output A as rows.
        returns (array of shape (m, n_columns) of labels):
        ShapeError: When there are other outputs.
        """
        pairs = np.empty((len(self.names), 2), dtype=object)
        pairs.ravel()[:] = self.classes
        return pairs[np.arange(len(self.names)), self.answered(outputs)]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types; the classes keep theirs."""
        return to_record(self, self.kind)

    @classmethod
    def from_dict(cls, record: dict[str, Any]) -> "LabelTargets":
        """The targets that `to_dict` wrote.

        FileError: When the record was altered.
        """
        targets = from_record(record, {cls.kind: cls})
        check_names(targets.names)
        if len(targets.classes) != 2 * len(targets.names):
            raise damaged("two classes for each of the names", f"got {targets.classes!r:.60}")
        if any(first == second for first, second in (target.classes for target in targets.each)):
            raise damaged("two different classes for each name", f"got {targets.classes!r:.60}")
        return targets
