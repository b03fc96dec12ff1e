"""Ctrl-C in order: the first one waits for the end of the step, a second one ends at once."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from types import FrameType

ONE_PRESS = 0.5
"""Seconds in which several signals are one Ctrl-C: launchers pass it on, so that it comes twice."""


class Interruption:
    """Whether Ctrl-C was pressed since `deferred` began."""

    def __init__(self) -> None:
        self.asked = False


@contextmanager
def deferred() -> Iterator[Interruption]:
    """Let the first Ctrl-C set a mark instead of breaking in; a second one raises KeyboardInterrupt.

    Another Ctrl-C within half a second counts as the first one: the step and the checkpoint get that time.

    Only Python's own handler in the main thread is replaced: a program with its own keeps it.
    """
    interruption = Interruption()
    in_main = threading.current_thread() is threading.main_thread()
    if not (in_main and signal.getsignal(signal.SIGINT) is signal.default_int_handler):
        yield interruption
        return

    first = 0.0

    def mark(number: int, frame: FrameType | None) -> None:
        nonlocal first
        if interruption.asked and monotonic() - first >= ONE_PRESS:
            raise KeyboardInterrupt
        first = first if interruption.asked else monotonic()
        interruption.asked = True

    signal.signal(signal.SIGINT, mark)
    try:
        yield interruption
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
