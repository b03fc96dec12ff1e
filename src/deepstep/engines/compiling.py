"""Compilers take seconds: whoever waits for one is told so."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

PATIENCE = 1.0
"""Seconds after which it is said what is going on."""


@contextmanager
def told_if_slow(words: str) -> Iterator[None]:
    """Warn once of what is going on, where the block takes longer than `PATIENCE`."""
    timer = threading.Timer(PATIENCE, logging.getLogger("deepstep").warning, [words])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
