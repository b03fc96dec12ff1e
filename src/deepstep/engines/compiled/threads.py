"""How many threads work on a step, and how they are run."""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from deepstep.engines.compiled.machine import CAN_YIELD

WORTH_A_THREAD = 1_000_000
"""Multiplications of a step from which a second thread wins over waiting for it."""


def limit() -> int:
    """How many threads may work: the processors that this process has, within the limits that are set for BLAS.

    ``OMP_NUM_THREADS`` and its kin, and threadpoolctl's limits, reach BLAS; what holds for it holds here.
    """
    if not CAN_YIELD:
        return 1
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    pools = _pools()
    allowed = min((pool.num_threads for pool in pools), default=processors)
    for name in ("OMP_NUM_THREADS", "DEEPSTEP_NUM_THREADS"):
        asked = os.environ.get(name, "")
        if asked.isdigit() and int(asked) > 0:
            allowed = min(allowed, int(asked))
    return max(1, min(processors, allowed))


def threads_for(multiplications: int, units: int) -> int:
    """How many threads for a step of so many multiplications in layers of up to so many units."""
    return max(1, min(limit(), multiplications // WORTH_A_THREAD + 1, units))


def run_together(n_threads: int, work: Callable[[int], Any]) -> None:
    """``work(0)`` … ``work(n_threads - 1)`` at the same time.

    They wait for each other within their work, so either all of them begin or none does, whenever Ctrl-C comes;
    and it returns when all are done, so nobody sees half a step. Threads live as long as the call: nothing is left
    behind for a fork, and two callers have their own.
    """
    with single_blas():
        if n_threads == 1:
            work(0)
            return
        begin, given_up, failed = threading.Event(), threading.Event(), []

        def wait_and_work(number: int) -> None:
            begin.wait()
            if not given_up.is_set():
                try:
                    work(number)
                except BaseException as error:  # told to the caller below
                    failed.append(error)

        others = [threading.Thread(target=wait_and_work, args=(number,)) for number in range(n_threads)]
        started: list[threading.Thread] = []
        try:
            for other in others:
                other.start()
                started.append(other)
        except BaseException:
            given_up.set()
            raise
        finally:
            begin.set()
            _join(started)
        if failed:
            raise failed[0]


def _join(threads: list[threading.Thread]) -> None:
    """Wait for all, whatever interrupts the waiting; the interruption comes after."""
    try:
        for thread in threads:
            thread.join()
    finally:
        for thread in threads:
            thread.join()


@cache
def _pools() -> list[Any]:
    """BLAS libraries of this process whose number of threads can be set."""
    from threadpoolctl import ThreadpoolController

    import scipy.linalg.cython_blas  # noqa: F401  # the BLAS that kernels call is loaded before it is looked for

    return list(ThreadpoolController().select(user_api="blas").lib_controllers)


_lock, _inside, _before = threading.Lock(), 0, []  # type: ignore[var-annotated]


@contextmanager
def single_blas() -> Iterator[None]:
    """BLAS on one thread in each thread that calls it, while anybody is inside; then as it was before."""
    global _inside, _before
    with _lock:
        if _inside == 0:
            _before = [(pool, pool.num_threads) for pool in _pools()]
            for pool, _ in _before:
                pool.set_num_threads(1)
        _inside += 1
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if _inside == 0:
                for pool, count in _before:
                    pool.set_num_threads(count)
