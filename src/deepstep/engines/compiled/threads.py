"""How many threads work on a step, and how they are run."""

import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from typing import Any

import numpy as np

from deepstep.engines.compiled.machine import BARRIER_SIZE, CAN_YIELD, GIVEN_UP, ROUND
from deepstep.types import AnyArray

WORTH_A_THREAD = 1_000_000
"""Multiplications of a step from which a second thread wins over waiting for it."""

LEAST_EXAMPLES = 32
"""Examples of a thread, at least: it takes whole vectors of them, and with fewer some threads have none."""

MOST_THREADS = 4096


def limit() -> int:
    """How many threads may work: the processors that this process has, within the limits of BLAS."""
    # OMP_NUM_THREADS and its kin, and threadpoolctl's limits, reach BLAS; what holds for it holds here.
    if not CAN_YIELD:
        return 1
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    pools = _pools()
    allowed = min((pool.num_threads for pool in pools), default=processors)
    asked = os.environ.get("OMP_NUM_THREADS", "")  # where BLAS is one that threadpoolctl does not know
    if asked.isdigit() and int(asked) > 0:
        allowed = min(allowed, int(asked))
    return max(1, min(processors, allowed))


def threads_for(multiplications: int, units: int, examples: int) -> int:
    """How many threads for so many multiplications in layers of up to so many units, and so many examples."""
    if not alone():
        return 1
    return max(1, min(limit(), multiplications // WORTH_A_THREAD + 1, units, examples // LEAST_EXAMPLES))


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


def alone() -> bool:
    """Whether nobody else is at work with several threads: more of them would only wait for each other."""
    return _inside == 0


@cache
def _workers() -> ThreadPoolExecutor:
    """Threads that work in kernels, as many as are asked for at once; they sleep between calls."""
    return ThreadPoolExecutor(MOST_THREADS, thread_name_prefix="deepstep")


@cache
def _pools() -> list[Any]:
    """BLAS libraries of this process whose number of threads can be set."""
    import scipy.linalg.cython_blas  # noqa: F401  # the BLAS that kernels call, loaded to be found
    from threadpoolctl import ThreadpoolController

    return list(ThreadpoolController().select(user_api="blas").lib_controllers)


_lock, _inside = threading.Lock(), 0
_before: list[tuple[Any, int]] = []
"""Limits of BLAS before they were changed; not empty until all are restored."""


@contextmanager
def single_blas() -> Iterator[None]:
    """BLAS on one thread in each thread that calls it, while anybody is inside; then as it was before."""
    # Where Ctrl-C breaks in, `_before` keeps what is owed, and the next one who leaves gives it back.
    global _inside
    entered = False
    try:
        with _lock:
            if not _before:
                _before.extend((pool, pool.num_threads) for pool in _pools())
            if _inside == 0:
                for pool, _ in _before:
                    _set_threads(pool, 1)
            _inside, entered = _inside + 1, True
        yield
    finally:
        with _lock:
            _inside -= entered
            if _inside == 0:
                for pool, count in _before:
                    _set_threads(pool, count)
                _before.clear()


def _set_threads(pool: Any, count: int) -> None:
    """Set the number of threads of a BLAS; threadpoolctl heeds the first thread of Python alone."""
    forget = getattr(pool, "clear_controlling_thread", None)  # threadpoolctl has it since it heeds but one
    if forget is not None:
        forget(force=True)
    pool.set_num_threads(count)
    if forget is not None:
        forget()


def _begin_anew() -> None:
    """Threads do not survive a fork; the limits that they had set are given back by the first who leaves."""
    global _lock, _inside
    _workers.cache_clear()
    _lock, _inside = threading.Lock(), 0


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_anew)
