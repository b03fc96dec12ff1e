"""How the seconds of an ensemble are shared out among its folds and members."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter


class FoldClock:
    """The time, ``budget`` seconds or unlimited, of an ensemble; preparing its folds counts."""

    def __init__(self, budget: float | None) -> None:
        self._end = None if budget is None else perf_counter() + budget
        self._preparation = 0.0

    @contextmanager
    def preparing(self) -> Iterator[None]:
        """While a fold is prepared: the next ones are expected to take as long."""
        begin = perf_counter()
        yield
        self._preparation = perf_counter() - begin

    def begins_another(self, done: int) -> bool:
        """Whether after so many folds there is time to prepare another one and to train as long as that."""
        return self._end is None or not done or self._end - perf_counter() > 2 * self._preparation

    def seconds_of_a_member(self, folds: int, turns: int) -> float | None:
        """The time of each member of a fold of which one thread trains ``turns`` one after another.

        ``folds`` are those not trained yet, with this one: only as many count as can be prepared in half of
        the time left.
        """
        if self._end is None:
            return None
        left = self._end - perf_counter()
        fit = left / (2 * self._preparation) if self._preparation else folds
        n = max(1, int(min(fit, folds)))
        return max((left - (n - 1) * self._preparation) / (n * turns), 1e-3)
