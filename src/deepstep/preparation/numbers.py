"""Columns of numbers, truth values and dates: a number that grows, and the circles of the year, the week and
the day.
"""

from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from deepstep.environment import polars
from deepstep.preparation.columns import Column, with_mark
from deepstep.preparation.number_formats import NUMBER_FORMATS, is_number_format, stripped
from deepstep.preparation.parsing import (
    DATE_FORMATS,
    ISO,
    as_iso,
    days,
    iso_moments,
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


FEWEST_POSITIONS = 3
"""Different positions on a circle that the training rows must have for sine and cosine of it."""


class Circle(NamedTuple):
    """A span of time that repeats."""

    position: Callable[[NDArray[np.float64]], NDArray[np.float64]]
    length: int
    days: float


def _months(values: NDArray[np.float64]) -> NDArray[np.float64]:
    dates = np.floor(values).astype(np.int64).astype("datetime64[D]")
    return (dates.astype("datetime64[M]").astype(np.int64) % 12).astype(np.float64)


def _weekdays(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return (np.floor(values) + 3) % 7  # 1970-01-01 was a Thursday; Monday is 0


def _hours(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return values % 1 * 24


CIRCLES = {
    "month": Circle(_months, 12, 365),
    "weekday": Circle(_weekdays, 7, 7),
    "hour": Circle(_hours, 24, 1),
}
"""Parts of dates: January and Monday are position 0, half past six is hour 6.5."""


@dataclass(frozen=True)
class DateColumn(StandardizedColumn):
    """Dates and times: days since 1970-01-01 (times of day: since midnight), and their parts as circles."""

    kind: ClassVar[str] = "date"
    unit: ClassVar[str] = "days since 1970-01-01, "
    parts: tuple[str, ...] = ()
    of_texts: bool = False
    written: str = ISO

    def values(self, series: "polars.Series") -> NDArray[np.float64]:
        if self.of_texts and str(series.dtype) == "String":  # one that is no date is missing
            series = as_moments(stripped(series), self.written)
        return days(series)

    @property
    def further_names(self) -> tuple[str, ...]:
        return tuple(f"{self.name} {part} {wave}" for part in self.parts for wave in ("sine", "cosine"))

    def write_further(self, values: NDArray[np.float64], out: NDArray[np.float64]) -> None:
        missing = np.isnan(values)
        present = np.where(missing, 0.0, values)
        for index, part in enumerate(self.parts):
            angles = 2 * np.pi * CIRCLES[part].position(present) / CIRCLES[part].length
            out[:, 2 * index] = np.where(missing, 0.0, np.sin(angles))
            out[:, 2 * index + 1] = np.where(missing, 0.0, np.cos(angles))

    @property
    def further_done(self) -> str:
        return f"; sine and cosine of the {', the '.join(self.parts)}" if self.parts else ""

    @property
    def why(self) -> str:
        return f"texts that are dates, written as {self.written}" if self.of_texts else "dates or times"

    @property
    def fault(self) -> str:
        if not set(self.parts) <= CIRCLES.keys() or len(set(self.parts)) < len(self.parts):
            return f"parts are of {', '.join(CIRCLES)}"
        return (
            super().fault if self.written in DATE_FORMATS else f"written is one of {', '.join(DATE_FORMATS)}"
        )


def as_moments(texts: "polars.Series", written: str) -> "polars.Series":
    """Moments in UTC from texts of a format; null where a text has no date."""
    return iso_moments(as_iso(texts, written))


def positions_on_circles(present: NDArray[np.float64]) -> dict[str, set[float]]:
    """The different positions of these dates on each circle."""
    return {  # rounding: 02:59:59.9999999 is three o'clock
        part: set(np.floor(circle.position(present) + 1e-6).tolist()) for part, circle in CIRCLES.items()
    }


def parts_by(span: float, positions: Mapping[str, set[float]], *, is_time: bool) -> tuple[str, ...]:
    """The circles of dates that span so many days, at these positions."""
    return tuple(
        part
        for part, circle in CIRCLES.items()
        if (part == "hour" if is_time else span >= circle.days) and len(positions[part]) >= FEWEST_POSITIONS
    )
