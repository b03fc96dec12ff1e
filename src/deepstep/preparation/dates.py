"""Columns of dates and times: a number that grows, and the circles of the year, the week and the day."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from deepstep.environment import polars
from deepstep.preparation.numbers import StandardizedColumn
from deepstep.preparation.parsing import DATE_FORMATS, ISO, as_iso, days, iso_moments, stripped

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
    from_texts: bool = False
    written: str = ISO

    def values(self, series: "polars.Series") -> NDArray[np.float64]:
        if self.from_texts and str(series.dtype) == "String":  # one that is no date is missing
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
        return f"texts that are dates, written as {self.written}" if self.from_texts else "dates or times"

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
