"""Several columns of numbers, which one network learns: an output for each."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from deepstep.preparation.number_target import NumberTarget
from deepstep.preparation.records import damaged, from_record, to_record
from deepstep.preparation.several_targets import check_names, of_each
from deepstep.preparation.target_values import check_outputs
from deepstep.types import Array

if TYPE_CHECKING:
    import polars


@dataclass(frozen=True)
class NumberTargets:
    """Columns of numbers, each standardized for the network by itself.

    names: The columns.
    means, stds: As of `NumberTarget`, for each column.
    output (str): The network's output: "identity", "absolute_error", "huber" or "poisson".

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

        frame: The targets alone.
        output (str): The network's output.
        DataError: As `NumberTarget.fit`.
        """
        each = of_each(frame.columns, lambda name: NumberTarget.fit(frame[name], output=output))
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
        """Y as rows: each column minus its mean, divided by its deviation.

        frame: A table with the columns.
        returns (array of shape (m, n_columns), float64):
        DataError: As `NumberTarget.encode`.
        """
        each = dict(zip(self.names, self.each, strict=True))
        return np.hstack(of_each(self.names, lambda name: each[name].encode(frame[name])))

    def decode(self, outputs: Array) -> Array:
        """The network's output rows in the units of the columns.

        outputs (m, n_columns): The network's output A as rows.
        returns (m, n_columns):
        ShapeError: When there are other outputs.
        """
        check_outputs(outputs, self.n_outputs)
        return outputs * np.array(self.stds) + np.array(self.means)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types."""
        return to_record(self, self.kind)

    @classmethod
    def from_dict(cls, record: dict[str, Any]) -> "NumberTargets":
        """The targets that `to_dict` wrote.

        FileError: When the record was altered.
        """
        targets = from_record(record, {cls.kind: cls})
        check_names(targets.names)
        if not len(targets.means) == len(targets.stds) == len(targets.names):
            raise damaged("a mean and a deviation for each name", f"got {targets.means!r:.60}")
        if min(targets.stds) <= 0:
            raise damaged("stds are above 0", f"got {targets.stds!r:.60}")
        return targets
