"""The interface of a column for its table, whatever its kind."""

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import polars


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
        """The fault of a record that was read from a file; nothing where all is well."""
        return ""

    @abstractmethod
    def write(self, series: "polars.Series", out: NDArray[np.float64]) -> None:
        """Write the features of m values to `out`, zeros of (m, number of features)."""


def mark_name(name: str) -> str:
    """The name of the 0/1 feature that says where a column has no value."""
    return f"{name} missing"


def with_mark(names: tuple[str, ...], column: str, marks_missing: bool) -> tuple[str, ...]:
    """The names of features, with the mark of missing values at the end where there is one."""
    return (*names, mark_name(column)) if marks_missing else names
