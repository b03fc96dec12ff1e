"""Mean and deviation of numbers that come a piece at a time."""

from typing import Self

import numpy as np
from numpy.typing import NDArray

from deepstep.preparation.number_columns import refuse_unmeasurable

SMALL, UP = 1e-146, 2.0**900
"""Squares of numbers below this may be below the floats: they are taken of these scaled up, too."""


class RunningMoments:
    """Count, mean, deviation, least and greatest of numbers that come a piece at a time; NaN is missing.

    Pieces are joined by the update of Chan, Golub and LeVeque (1979), "Updating formulae and a pairwise
    algorithm for computing sample variances": the same to the last few bits as of all numbers at once.

    ``squares`` is the sum of the squared differences from the mean.
    """

    def __init__(self, *, scaled: bool = False) -> None:
        self.count, self.missing = 0, 0
        self.mean, self.squares, self.low, self.high = 0.0, 0.0, np.inf, -np.inf
        self._up: RunningMoments | None = None if scaled else RunningMoments(scaled=True)

    def update(self, values: NDArray[np.float64], times: NDArray[np.float64] | None = None) -> None:
        """Take numbers in; ``times`` says of each how often it comes."""
        absent = np.isnan(values)
        present = values[~absent]
        if times is None:
            self.missing += int(absent.sum())
            n = len(present)
        else:
            self.missing += int(times[absent].sum())
            times = times[~absent]
            n = int(times.sum())
        if not n:
            return
        self.low, self.high = min(self.low, float(present.min())), max(self.high, float(present.max()))
        with np.errstate(over="ignore", invalid="ignore", under="ignore"):
            mean = float(np.average(present, weights=times))
            apart = np.square(present - mean)
            squares = float(apart.sum() if times is None else np.dot(apart, times))
            self._join(n, mean, squares)
        if self._up is not None:
            if max(-self.low, self.high) < SMALL:
                self._up.update(present * UP, times)
            else:
                self._up = None

    def merge(self, other: Self) -> None:
        """Take in what another has seen."""
        self.missing += other.missing
        if other.count:
            self.low, self.high = min(self.low, other.low), max(self.high, other.high)
            self._join(other.count, other.mean, other.squares)
            if self._up is not None and other._up is not None:
                self._up.merge(other._up)
            else:
                self._up = None

    def _join(self, n: int, mean: float, squares: float) -> None:
        total, apart = self.count + n, mean - self.mean
        self.squares += squares + apart * apart * self.count * (n / total)
        self.mean += apart * (n / total)
        self.count = total

    @property
    def is_constant(self) -> bool:
        """Whether there is one number alone."""
        return self.low == self.high

    def moments(self, name: str) -> tuple[float, float, bool]:
        """Mean, deviation (1 for a constant), and whether any is missing: as of a column in memory."""
        if self.is_constant:
            return self.low, 1.0, self.missing > 0
        std = float(np.sqrt(self.squares / self.count))
        if std == 0.0 and self._up is not None:
            std = float(np.sqrt(self._up.squares / self._up.count)) / UP
        refuse_unmeasurable(name, std, self.low, self.high)
        return self.mean, std or 1.0, self.missing > 0
