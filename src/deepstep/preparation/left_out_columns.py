"""Columns that tell nothing: empty ones, constant ones, names of rows."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from deepstep.preparation.column import Column, mark_name
from deepstep.preparation.values import is_missing

if TYPE_CHECKING:
    import polars


class LeftOutColumn(Column):
    """A column without features; it need not be there later."""

    @property
    def feature_names(self) -> tuple[str, ...]:
        return ()

    def write(self, series: "polars.Series", out: NDArray[np.float64]) -> None:
        """Write nothing: there is no feature."""


@dataclass(frozen=True)
class EmptyColumn(LeftOutColumn):
    """A column without a single value in training."""

    kind: ClassVar[str] = "empty"
    name: str

    @property
    def done(self) -> str:
        return "left out: it had no value in training"


@dataclass(frozen=True)
class IdentifierColumn(LeftOutColumn):
    """A column that names the rows: what it says of one is true of no other."""

    kind: ClassVar[str] = "identifier"
    name: str
    reason: str
    caution: str = ""

    @property
    def done(self) -> str:
        return f"left out: {self.reason}"


@dataclass(frozen=True)
class ConstantColumn(Column):
    """A column with one value; where the training rows had missing ones, where it is missing."""

    kind: ClassVar[str] = "constant"
    name: str
    value: str
    marks_missing: bool
    of_texts: bool

    @property
    def feature_names(self) -> tuple[str, ...]:
        return (mark_name(self.name),) if self.marks_missing else ()

    @property
    def done(self) -> str:
        if self.marks_missing:
            return "a 0/1 feature where it is missing"
        return f"left out: it was always {self.value!r}"

    @property
    def why(self) -> str:
        return f"where it is there, it was always {self.value!r}" if self.marks_missing else ""

    def write(self, series: "polars.Series", out: NDArray[np.float64]) -> None:
        out[:] = is_missing(series, blanks=not self.of_texts)[:, None]
