"""The process while it trains: Ctrl-C that waits for the end of a step; one BLAS thread for equal bits."""

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from types import FrameType

from deepstep.environment import package

ONE_PRESS = 0.5
"""Seconds in which several signals are one Ctrl-C: launchers pass it on, so that it comes twice."""


class Interruption:
    """Whether Ctrl-C was pressed since the outermost `deferred` began, and once more.

    The first press ``waits`` as soon as there is something to lose.
    """

    pressed = again = False
    waits = True


class _Handler:
    """Sets the marks of an interruption; the press that does not wait raises KeyboardInterrupt.

    That press sets its mark as well: Python drops what is raised while it ends a generator or an object; the
    training then ends at its first step.
    """

    def __init__(self, interruption: Interruption) -> None:
        self.interruption, self._first = interruption, 0.0

    def __call__(self, number: int, frame: FrameType | None) -> None:
        interruption = self.interruption
        if not interruption.pressed:
            interruption.pressed = True
            self._first = monotonic()
            if interruption.waits:
                return
        elif monotonic() - self._first < ONE_PRESS:
            return
        else:
            interruption.again = True
        raise KeyboardInterrupt


@contextmanager
def deferred(*, waits: bool = True) -> Iterator[Interruption]:
    """Let the first Ctrl-C set a mark instead of breaking in; a second one raises KeyboardInterrupt.

    Only Python's own handler in the main thread is replaced: a program with its own keeps it. A block within
    another one has the marks of the outer one, so that no press is lost between two blocks.

    waits: Whether the first press waits from the beginning; in a block within another one that does, it does.
    """
    in_main = threading.current_thread() is threading.main_thread()
    before = signal.getsignal(signal.SIGINT) if in_main else None
    if isinstance(before, _Handler):
        before.interruption.waits |= waits
        yield before.interruption
        return
    interruption = Interruption()
    interruption.waits = waits
    if before is not signal.default_int_handler:
        yield interruption
        return
    signal.signal(signal.SIGINT, _Handler(interruption))
    try:
        yield interruption
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@contextmanager
def blas_threads(deterministic: bool) -> Iterator[None]:
    """One BLAS thread where the same bits are asked for: several add parts up in another order."""
    if not deterministic:
        yield
        return
    threadpool_limits = package("threadpoolctl").threadpool_limits
    torch = sys.modules.get("torch")  # it has threads of its own, and a BLAS that is built in
    before = torch.get_num_threads() if torch else 0
    with threadpool_limits(limits=1, user_api="blas"):
        try:
            if torch:
                torch.set_num_threads(1)
            yield
        finally:
            if torch:
                torch.set_num_threads(before)
