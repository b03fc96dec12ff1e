"""A training until its held-out error is low enough, and its seconds without those of looking."""

from collections.abc import Callable
from itertools import repeat
from time import perf_counter, process_time
from typing import Any

import numpy as np

from race.workloads import Array, Layers, Workload, error_of, parts_of


class Look:
    """Told of the layers after each unit: measures the held-out error, and the seconds that it takes."""

    def __init__(self, workload: Workload) -> None:
        assert workload.aim is not None
        self._workload, self._aim, self._held_out = workload, workload.aim, parts_of(workload)[1]
        self.units, self.wrong, self.took = 0, 1.0, np.zeros(2)

    @property
    def reached(self) -> bool:
        return self.wrong <= self._aim.error

    def enough(self, layers: Callable[[], Layers]) -> bool:
        """Whether training ends after this unit."""
        self.units += 1
        if self.units % self._aim.every == 0:
            begin = clocks()
            self.wrong = error_of(self._workload, layers(), self._held_out)
            self.took += clocks() - begin
        return self.reached or self.units == self._aim.most


def clocks() -> Array:
    """Seconds by the clock, and those of processors that this process had."""
    return np.array([perf_counter(), process_time()])


def reach(entrant: Any, workload: Workload) -> dict[str, Any]:
    """Seconds of a training without those of looking, its units, whether the aim was reached.

    An entrant without a loop of its own does a unit at a time, in orders that NumPy draws within the time.
    """
    look = Look(workload)
    if hasattr(entrant, "orders"):
        rng = np.random.default_rng(workload.seed)
        entrant.orders = map(rng.permutation, repeat(workload.n_examples))
    begin = clocks()
    if hasattr(entrant, "until"):
        entrant.until(look.enough)
    else:
        entrant.work(1)
        while not look.enough(entrant.layers):
            entrant.work(1)
    seconds, cpu_seconds = (clocks() - begin - look.took).tolist()
    told = {"units": look.units, "reached": look.reached, "wrong": look.wrong}
    return {"seconds": seconds, "cpu_seconds": cpu_seconds, **told}
