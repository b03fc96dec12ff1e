"""The progress of a fit: the epochs of all members as one bar, or the seconds of a budget."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

from deepstep.ensembles.workers import Move
from deepstep.training.progress import Meter


@contextmanager
def member_progress(label: str, planned: int, epochs: int, budget: float | None) -> Iterator[Move]:
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

    meter.begin(epochs * planned if budget is None else budget, text=f"0/{planned} networks")
    try:
        yield show
    finally:
        meter.end()
