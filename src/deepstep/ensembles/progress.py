"""The progress of a fit: the epochs of all members as one bar, or the seconds of a budget."""

from collections.abc import Iterator
from contextlib import contextmanager
from math import inf
from time import monotonic, perf_counter

from deepstep.ensembles.workers import ShowProgress
from deepstep.training.progress import Meter


@contextmanager
def member_progress(label: str, planned: int, epochs: int, budget: float | None) -> Iterator[ShowProgress]:
    """The function that moves a bar of so many members with these epochs each; nothing without a label."""
    if not label:
        yield lambda number, done, epochs: None
        return
    begun = monotonic()
    done, ends, finished = dict[int, float](), dict[int, float](), set[int]()
    meter = Meter(label, unit="epochs" if budget is None else "s")

    def show(number: int, so_far: float, end: int | None) -> None:
        if end is None:  # it may have ended before all of its epochs
            finished.add(number)
        done[number], ends[number] = so_far, so_far if end is None else end
        if budget is None:
            total = sum(ends.values()) + epochs * max(0, planned - len(ends))
            meter.move(sum(done.values()), f"{len(finished)}/{planned} networks", total)
        else:
            text = f"{len(finished)} networks, {sum(done.values()):.0f} epochs"
            meter.move(min(monotonic() - begun, budget), text)

    meter.begin(epochs * planned if budget is None else budget, text="preparing the rows")
    try:
        yield show
    finally:
        meter.end()


class TimeBudget:
    """The time, ``budget`` seconds or unlimited, of an ensemble; preparing its folds counts."""

    def __init__(self, budget: float | None) -> None:
        self._end = perf_counter() + (inf if budget is None else budget)
        self._preparation = self.used_by_preparation = 0.0

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
        # a fold is worth its preparation if it is trained for at least as long
        fit = left / (2 * self._preparation) if self._preparation else folds
        n = max(1, int(min(fit, folds)))
        # the first of these folds is prepared already
        return max((left - (n - 1) * self._preparation) / (n * turns), 1e-3)
