"""Members side by side: in threads of this process, or where the backend of joblib that is configured works.

Either way each has one thread of its own, so that the bits are the same whichever it is.
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, contextmanager, nullcontext
from threading import Event
from typing import Any, NamedTuple, TypeVar

from deepstep.engines import missing_numba

T = TypeVar("T")


class Workers(NamedTuple):
    """Runs pieces of work, ``n`` at once.

    ``results`` takes the pieces, each called with an `Event` that is set when all is given up, and gives
    pairs of a piece's number and its result, as they end. Threads begin while later pieces are still made.
    """

    n: int
    results: Callable[[Iterable[Callable[[Event], T]]], Iterator[tuple[int, T]]]


def side_by_side() -> AbstractContextManager[Workers]:
    """The workers, which end with the block.

    Within ``joblib.parallel_config(backend="loky", n_jobs=4)``, or another backend whose workers share no
    memory ("ray", "dask", …), they are that backend's. Else they are threads: ``n_jobs`` many where that is
    configured, else as many as may work. In a worker of somebody else's backend they are threads, too.
    """
    import joblib
    from joblib.parallel import get_active_backend

    backend, n_jobs = get_active_backend()
    threads, _ = get_active_backend(prefer="threads")
    asked_for = type(threads) is type(backend)  # else it is joblib's own default, which gives way to threads
    outermost = (backend.nesting_level or 0) == 0
    n = joblib.effective_n_jobs(n_jobs) if outermost and n_jobs is not None else None
    if outermost and asked_for and not getattr(backend, "uses_threads", False):
        return _of_joblib(
            joblib.effective_n_jobs(n_jobs), generates=getattr(backend, "supports_return_generator", False)
        )
    return _threads(n)


@contextmanager
def _of_joblib(n: int, *, generates: bool) -> Iterator[Workers]:
    import joblib

    with joblib.Parallel(return_as="generator_unordered" if generates else "list") as parallel:

        def results(works: Iterable[Callable[[Event], T]]) -> Iterator[tuple[int, T]]:
            yield from parallel(joblib.delayed(_elsewhere)(at, work) for at, work in enumerate([*works]))

        yield Workers(n, results)


def _elsewhere(at: int, work: Callable[[Event], T]) -> tuple[int, T]:
    """Some work in a process that has nothing else to do."""
    with _one_thread():
        return at, work(Event())


@contextmanager
def _threads(asked: int | None) -> Iterator[Workers]:
    n = asked or 1
    if not missing_numba():
        from deepstep.engines.compiled.threads import limit

        n = asked or limit()  # looked at before BLAS is limited
    given_up = Event()
    with _one_thread(), ThreadPoolExecutor(n, thread_name_prefix="deepstep member") as pool:

        def results(works: Iterable[Callable[[Event], T]]) -> Iterator[tuple[int, T]]:
            numbers = {pool.submit(work, given_up): at for at, work in enumerate(works)}
            for future in _as_they_end(numbers):
                yield numbers[future], future.result()

        try:
            yield Workers(n, results)
        except BaseException:
            given_up.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _one_thread() -> AbstractContextManager[None]:
    """Kernels and BLAS on one thread in each thread that calls them."""
    if missing_numba():
        return nullcontext()
    from deepstep.engines.compiled.threads import single_blas

    return single_blas()


def _as_they_end(futures: "Iterable[Future[Any]]") -> "Iterator[Future[Any]]":
    """Each when it is done. They are looked for ten times a second: where polars has been at work, Ctrl-C
    does not end a wait for a thread, and is heeded only after it.
    """
    waiting = set(futures)
    while waiting:
        done, waiting = wait(waiting, timeout=0.1, return_when=FIRST_COMPLETED)
        yield from done
