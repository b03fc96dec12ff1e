"""Numbers → Y rows as floats, and output rows back to numbers."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from deepstep.errors import DataError
from deepstep.preparation.records import damaged, from_record, to_record
from deepstep.preparation.target_values import as_finite, check_outputs
from deepstep.types import AnyArray, Array

if TYPE_CHECKING:
    import polars

Label = str | int | float | bool


@dataclass(frozen=True)
class NumberTarget:
    """Numbers, standardized for the network and returned in their own units.

    mean, std: The value that is subtracted, and the divisor: mean and standard deviation of the
        training targets (1 where they are constant); 0 and the mean for counts, which stay at least 0.
    output (str): The network's output: "identity", "absolute_error", "huber", "poisson" or "quantile".
    levels: The quantiles that "quantile" gives, each by an output.

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

        values (iterable): m numbers.
        output (str): The network's output.
        levels: The quantiles of "quantile".
        returns: With std above 0.
        DataError: When there are no rows, a value is missing, infinite or no number, or for "poisson" below
            0.
        ShapeError: When `values` is not (m,).
        """
        numbers = as_finite(values)
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

        values (iterable): m numbers.
        returns (array of shape (m, n_outputs), float64): The number in each column.
        DataError, ShapeError: As `fit`.
        """
        return np.repeat(((as_finite(values) - self.mean) / self.std)[:, None], self.n_outputs, axis=1)

    def decode(self, outputs: Array) -> Array:
        """The network's output in the target's units.

        outputs (m, n_outputs): The network's output A as rows.
        returns (m,): The quantile next to the median, where there are quantiles.
        ShapeError: When there are other outputs.
        """
        middle = min(range(self.n_outputs), key=lambda at: abs((self.levels or (0.5,))[at] - 0.5))
        return self.quantiles(outputs)[:, middle]

    def quantiles(self, outputs: Array) -> Array:
        """All outputs in the target's units.

        outputs (m, n_outputs): The network's output A as rows.
        returns (m, n_outputs): A column for each quantile.
        ShapeError: When there are other outputs.
        """
        check_outputs(outputs, self.n_outputs)
        return outputs * self.std + self.mean

    def to_dict(self) -> dict[str, Any]:
        """The target as JSON has it.

        returns: Plain JSON types.
        """
        return to_record(self, self.kind)

    @classmethod
    def from_dict(cls, record: dict[str, Any]) -> "NumberTarget":
        """The target that `to_dict` wrote.

        record: As `to_dict` wrote it.
        returns: The same.
        FileError: When the record was altered.
        """
        target = from_record(record, {cls.kind: cls})
        if target.std <= 0:
            raise damaged("std is above 0", f"got {target.std}")
        if target.levels != tuple(sorted({level for level in target.levels if 0 < level < 1})):
            raise damaged("levels increase from 0 to 1", f"got {target.levels}")
        return target
