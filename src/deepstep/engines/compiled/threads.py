"""How many threads work on a step, and how they are run."""

import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from typing import Any

import numpy as np

from deepstep.engines.compiled.machine import BARRIER_SIZE, CAN_YIELD, GIVEN_UP, ROUND
from deepstep.environment import may_share, single_blas, thread_limit
from deepstep.types import AnyArray

WORTH_A_THREAD = 1_000_000
"""Multiplications of a step from which a second thread wins over waiting for it."""

LEAST_EXAMPLES = 32
"""Examples of a thread, at least: it takes whole vectors of them, and with fewer some threads have none."""

MOST_THREADS = 4096


def limit() -> int:
    """How many threads may work: as many as `thread_limit` says, where one can wait for another."""
    return thread_limit() if CAN_YIELD else 1


def threads_for(multiplications: int, units: int, examples: int, *, least: int = WORTH_A_THREAD) -> int:
    """How many threads for so many multiplications, ``least`` for each, of so many units and examples."""
    if not may_share():
        return 1
    return max(1, min(limit(), multiplications // least + 1, units, examples // LEAST_EXAMPLES))


def run_together(work: Callable[[int, AnyArray], Any], n_threads: int) -> None:
    """``work(0, barrier)`` … ``work(n_threads - 1, barrier)`` at the same time, the first in this thread."""
    # Work begins with `assemble` and ends with `wait_for_all`: whenever Ctrl-C comes, all work or none does,
    # and when the first has come back the others have no more than their way home.
    barrier = np.zeros(BARRIER_SIZE, np.int64)
    if n_threads == 1:  # BLAS may share what is small as it likes
        work(0, barrier)
        return
    with single_blas():
        others: list[Future[None]] = []
        try:
            for number in range(1, n_threads):  # one by one: those that have begun are sent home
                others.append(_workers().submit(_take_part, work, number, barrier))  # noqa: PERF401
            work(0, barrier)
        finally:
            barrier[GIVEN_UP] = 1  # nobody looks at it who has begun
            if barrier[ROUND] == 0:  # they never met: somebody could not come, and says why
                for other in others:
                    other.result()


def _take_part(work: Callable[[int, AnyArray], Any], number: int, barrier: AnyArray) -> None:
    """The work of one of the others; who cannot come does not let the rest wait."""
    try:
        work(number, barrier)
    except BaseException:
        barrier[GIVEN_UP] = 1
        raise


@cache
def _workers() -> ThreadPoolExecutor:
    """Threads that work in kernels, as many as work at once; they sleep between calls."""
    return ThreadPoolExecutor(MOST_THREADS, thread_name_prefix="deepstep")


def _begin_anew() -> None:
    """Threads do not survive a fork."""
    _workers.cache_clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_anew)
