"""Columns of numbers and of truth values."""

from abc import abstractmethod
from dataclasses import dataclass
from math import isfinite
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from deepstep.environment import polars
from deepstep.preparation.columns import Column, with_mark
from deepstep.preparation.parsing import (
    NUMBER_FORMATS,
    is_number_format,
    numbers,
    refuse_infinite,
    truths,
)


@dataclass(frozen=True)
class StandardizedColumn(Column):
    """A column that is one number: standardized, with the mean imputed and a missing indicator."""

    unit: ClassVar[str] = ""
    name: str
    mean: float
    std: float
    marks_missing: bool

    @abstractmethod
    def values(self, series: "polars.Series") -> NDArray[np.float64]:
        """Floats, NaN where missing: (m,)."""

    def deciles(self, series: "polars.Series") -> tuple[tuple[float, float], ...]:
        values = self.values(series)
        present = np.sort(values[~np.isnan(values)])
        if not len(present):
            return ()
        edges = np.unique(np.quantile(present, np.linspace(0, 1, 11), method="lower"))
        shares = np.searchsorted(present, edges, side="right") / len(present)
        return tuple(zip(edges.tolist(), shares.tolist(), strict=True))

    @property
    def further_names(self) -> tuple[str, ...]:
        """Names of the features between the number and the mark of missing values."""
        return ()

    def write_further(self, values: NDArray[np.float64], out: NDArray[np.float64]) -> None:
        """Write the features between; NaN where missing."""

    @property
    def further_done(self) -> str:
        """How they are made, for people."""
        return ""

    @property
    def feature_names(self) -> tuple[str, ...]:
        return with_mark((self.name, *self.further_names), self.name, self.marks_missing)

    @property
    def done(self) -> str:
        return (
            f"{self.unit}standardized (mean {self.mean:.6g}, standard deviation {self.std:.6g})"
            f"{self.further_done}{mark_done(self.marks_missing)}"
        )

    @property
    def fault(self) -> str:
        valid = isfinite(self.mean) and isfinite(self.std) and self.std > 0
        return "" if valid else "the mean is finite, and std is above 0"

    def write(self, series: "polars.Series", out: NDArray[np.float64]) -> None:
        values = self.values(series)
        missing = np.isnan(values)
        with np.errstate(over="ignore"):
            standardized = np.where(missing, 0.0, (values - self.mean) / self.std)
        refuse_infinite(series.name, standardized, values)
        mark = 1 + len(self.further_names)
        out[:, 0] = standardized
        self.write_further(values, out[:, 1:mark])
        out[:, mark:] = missing[:, None]


@dataclass(frozen=True)
class NumberColumn(StandardizedColumn):
    """Numbers, also durations in seconds and numbers written as texts, of which a few may be words, whose
    numbers are missing.
    """

    kind: ClassVar[str] = "number"
    written: str = ""
    words: tuple[str, ...] = ()
    rows_of_words: int = 0

    def values(self, series: "polars.Series") -> NDArray[np.float64]:
        return numbers(series, self.written)

    @property
    def why(self) -> str:
        return f"texts that are numbers, written as {self.written}" if self.written else "numbers"

    @property
    def caution(self) -> str:
        if not self.words:
            return ""
        named = ", ".join(f"{word[:40]!r}" for word in self.words)
        several = f"{self.rows_of_words:,} values are no numbers and count"
        count = "1 value is no number and counts" if self.rows_of_words == 1 else several
        return f"{count} as missing: {named}"

    @property
    def fault(self) -> str:
        if self.written and not is_number_format(self.written):
            return f"written is one of {', '.join(NUMBER_FORMATS)}, or one of them with a unit"
        if self.words and not self.written:
            return "words stand beside a way to write numbers"
        return super().fault


@dataclass(frozen=True)
class BooleanColumn(Column):
    """Truth values: 0 or 1."""

    kind: ClassVar[str] = "boolean"
    why = "truth values"
    name: str
    mean: float
    marks_missing: bool

    @property
    def feature_names(self) -> tuple[str, ...]:
        return with_mark((self.name,), self.name, self.marks_missing)

    @property
    def done(self) -> str:
        return f"encoded as 0 (false) and 1 (true){mark_done(self.marks_missing, f' ({self.mean:.6g})')}"

    @property
    def fault(self) -> str:
        return "" if isfinite(self.mean) else "the mean is finite"

    def write(self, series: "polars.Series", out: NDArray[np.float64]) -> None:
        values = truths(series)
        missing = np.isnan(values)
        out[:, 0] = np.where(missing, self.mean, values)
        out[:, 1:] = missing[:, None]


def mark_done(marks_missing: bool, mean: str = "") -> str:
    """The treatment of missing values, for people."""
    return f"; missing: imputed with the mean{mean}{', and an indicator' if marks_missing else ''}"
