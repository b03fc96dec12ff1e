"""Columns of a table: the interface of all kinds, the columns that tell nothing, and records of columns in
JSON.

Imputation: a missing number, date or truth value becomes the training mean, and where the training rows had
missing values a further 0/1 feature, the missing indicator, marks them.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from deepstep.environment import polars
from deepstep.preparation.parsing import is_missing


class Column(ABC):
    """Statistics of one column of the training table; each kind is a frozen dataclass of plain values."""

    kind: ClassVar[str]
    name: str

    @property
    @abstractmethod
    def feature_names(self) -> tuple[str, ...]:
        """The names of its features; none where it is left out."""

    @property
    @abstractmethod
    def done(self) -> str:
        """The treatment of the column, for people."""

    @property
    def why(self) -> str:
        """The reason in the training rows, for people; nothing where `done` says it."""
        return ""

    @property
    def caution(self) -> str:
        """Training values that are not read as they may be meant, for people; nothing where all are."""
        return ""

    @property
    def fault(self) -> str:
        """The condition that a stored column does not meet; empty for a valid one."""
        return ""

    def deciles(self, series: "polars.Series") -> tuple[tuple[float, float], ...]:
        """The least of m numbers or dates, their deciles and the greatest, each with the share of the values
        up to it; nothing for other kinds.
        """
        return ()

    @abstractmethod
    def write(self, series: "polars.Series", out: NDArray[np.float64]) -> None:
        """Write the features of m values to `out`, zeros of (m, number of features)."""


def mark_name(name: str) -> str:
    """The name of the 0/1 feature that says where a column has no value."""
    return f"{name} missing"


def with_mark(names: tuple[str, ...], column: str, marks_missing: bool) -> tuple[str, ...]:
    """The names of features, with the mark of missing values at the end where there is one."""
    return (*names, mark_name(column)) if marks_missing else names


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
    done = "left out: it had no value in training"
    name: str


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
    from_texts: bool

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
        out[:] = is_missing(series, blanks=not self.from_texts)[:, None]
