"""The time of an ensemble: how long each member may train, and whether there is time for another one."""

from collections.abc import Iterator
from contextlib import contextmanager
from math import inf
from time import perf_counter


class TimeBudget:
    """The time, ``budget`` seconds or unlimited, of an ensemble; preparing its folds counts."""

    def __init__(self, budget: float | None) -> None:
        self._end, self._preparation = perf_counter() + (inf if budget is None else budget), 0.0
        self.used_by_preparation = 0.0

    @contextmanager
    def preparing(self) -> Iterator[None]:
        """While a fold is prepared: the next ones are expected to take as long."""
        begin = perf_counter()
        yield
        self._preparation = perf_counter() - begin
        self.used_by_preparation += self._preparation

    @property
    def left(self) -> float:
        """Seconds that are left."""
        return self._end - perf_counter()

    def begins_another(self, done: int) -> bool:
        """Whether after so many folds there is time to prepare another one and to train as long as that."""
        return not done or self.left > 2 * self._preparation

    def seconds_of_a_member(self, folds: int, turns: int) -> float | None:
        """The time of each member, of which a thread trains ``turns``, on the folds that can be prepared."""
        left = self.left
        if left == inf:
            return None
        fit = left / (2 * self._preparation) if self._preparation else folds
        n = max(1, int(min(fit, folds)))
        return max((left - (n - 1) * self._preparation) / (n * turns), 1e-3)
