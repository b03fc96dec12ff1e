"""The workers that train members, each of one thread for the same bits: threads, or a backend of joblib."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from threading import Event
from traceback import format_exc
from typing import NamedTuple, TypeAlias, TypeVar

from deepstep.engines import missing_numba
from deepstep.ensembles.member_fit import Link
from deepstep.environment import executor, has_threads, single_blas
from deepstep.training.interruption import Interruption, deferred

T = TypeVar("T")

Move: TypeAlias = Callable[[int, float, int | None], None]
"""Shows how many epochs of the member of a number are done, and of how many; of None where it is finished."""

Work: TypeAlias = tuple[int, Callable[[Link], T]]
"""A piece of work with its number."""


class Workers(NamedTuple):
    """Runs pieces of work, ``n`` at once; ``results`` gives pairs of their number and result, as they end."""

    n: int
    results: Callable[[Iterable[Work[T]], Move], Iterator[tuple[int, T]]]
    interruption: Interruption
    are_threads: bool


def member_executor(n_jobs: int | None = None) -> AbstractContextManager[Workers]:
    """The workers, as many as joblib's ``n_jobs`` says: threads, or processes of a configured backend."""
    import joblib
    from joblib.parallel import get_active_backend

    backend, configured = get_active_backend()
    wanted = configured if n_jobs is None else n_jobs
    threads, _ = get_active_backend(prefer="threads")
    is_configured = type(threads) is type(
        backend
    )  # else it is joblib's own default, which gives way to threads
    outermost = (backend.nesting_level or 0) == 0
    n = joblib.effective_n_jobs(wanted) if (outermost or n_jobs) and wanted is not None else None
    if outermost and is_configured and not getattr(backend, "uses_threads", False):
        generates = getattr(backend, "supports_return_generator", False)
        return _of_joblib(joblib.effective_n_jobs(wanted), generates=generates)
    return _threads(n)


@contextmanager
def limited_threads(n_jobs: int | None) -> Iterator[None]:
    """At most so many threads, as joblib counts them, for the products of matrices and the kernels."""
    if n_jobs is None:
        yield
        return
    import joblib
    from threadpoolctl import threadpool_limits

    with threadpool_limits(joblib.effective_n_jobs(n_jobs), user_api="blas"):
        yield


@contextmanager
def _of_joblib(n: int, *, generates: bool) -> Iterator[Workers]:
    import joblib

    with joblib.Parallel(return_as="generator_unordered" if generates else "list") as parallel:

        def results(works: Iterable[Work[T]], move: Move) -> Iterator[tuple[int, T]]:
            jobs = (joblib.delayed(_elsewhere)(number, work) for number, work in [*works])
            for number, result, error in parallel(jobs):
                if error is not None:
                    raise error
                yield number, result

        yield Workers(n, results, Interruption(), are_threads=False)


def _elsewhere(number: int, work: Callable[[Link], T]) -> tuple[int, T | None, Exception | None]:
    """Some work in a process that has nothing else to do: its result, or its error."""
    try:
        with single_blas():
            return number, work(Link()), None
    except Exception as error:  # raised, it makes "multiprocessing" end its pool amid work, and wait for ever
        error.add_note(format_exc())
        return number, None, error


@contextmanager
def _threads(wanted: int | None) -> Iterator[Workers]:
    n = wanted if wanted and has_threads() else 1
    if not missing_numba():
        from deepstep.engines.compiled.threads import limit

        n = wanted or limit()  # looked at before BLAS is limited
    with single_blas(), executor(n, "deepstep member") as pool, deferred(waits=False) as interruption:

        def results(works: Iterable[Work[T]], move: Move) -> Iterator[tuple[int, T]]:
            given_up, numbers, waiting = Event(), dict[Future[T], int](), set[Future[T]]()

            def ended(seconds: float) -> Iterator[tuple[int, T]]:
                nonlocal waiting
                done, waiting = wait(waiting, timeout=seconds, return_when=FIRST_COMPLETED)
                yield from ((numbers[future], future.result()) for future in done)

            try:
                for number, work in works:
                    if interruption.pressed:
                        raise KeyboardInterrupt
                    future = pool.submit(work, Link(given_up, partial(move, number)))
                    numbers[future] = number
                    waiting.add(future)
                    yield from ended(0)
                # They are looked for ten times a second: where polars has been at work, Ctrl-C does not end a
                # wait for a thread, and takes effect only after it.
                while waiting:
                    if interruption.pressed:
                        raise KeyboardInterrupt
                    yield from ended(0.1)
            finally:
                given_up.set()
                for future in waiting:
                    future.cancel()

        yield Workers(n, results, interruption, are_threads=True)
