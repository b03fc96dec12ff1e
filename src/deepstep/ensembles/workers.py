"""The workers that train the members of an ensemble: threads, or processes of a backend of joblib.

Each worker has one BLAS thread, so that members have the same bits whatever the number of workers is. Their
progress is one bar: the epochs of all members, or the seconds of a budget.
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from math import inf
from threading import Event
from time import monotonic, perf_counter
from traceback import format_exc
from typing import NamedTuple, TypeAlias, TypeVar

from deepstep.engines import missing_numba
from deepstep.ensembles.member_fit import Link
from deepstep.environment import executor, has_threads, single_blas, thread_limit
from deepstep.training.interruption import Interruption, deferred
from deepstep.training.progress import Meter, is_logged

T = TypeVar("T")

ShowProgress: TypeAlias = Callable[[int, float, int | None], None]
"""``move(number, done, epochs)`` shows that the member of a number has done so many of its epochs.

``epochs`` is None when the member is finished.
"""

Work: TypeAlias = tuple[int, Callable[[Link], T]]
"""A number, and the function that does the work: it takes a `Link` to the fit and returns the result."""


class Workers(NamedTuple):
    """Runs pieces of work, ``n`` at once.

    ``results(works, move)`` yields the number and the result of each one when it ends; after Ctrl-C it raises
    KeyboardInterrupt. ``interruption`` has the marks of Ctrl-C where the workers are threads.
    """

    n: int
    results: Callable[[Iterable[Work[T]], ShowProgress], Iterator[tuple[int, T]]]
    interruption: Interruption
    are_threads: bool


def member_executor(n_jobs: int | None = None) -> AbstractContextManager[Workers]:
    """The workers, as many as joblib's ``n_jobs`` says: threads, or processes of a configured backend."""
    import joblib
    from joblib.parallel import get_active_backend

    backend, configured = get_active_backend()
    wanted = configured if n_jobs is None else n_jobs
    # joblib's default backend gives way to threads where they are preferred; a configured backend stays.
    is_configured = type(get_active_backend(prefer="threads")[0]) is type(backend)
    is_outermost = (backend.nesting_level or 0) == 0
    if is_outermost and is_configured and not getattr(backend, "uses_threads", False):
        generates = getattr(backend, "supports_return_generator", False)
        return _joblib_workers(joblib.effective_n_jobs(wanted), generates=generates)
    # Within a task of joblib its configuration is not the user's: only the n_jobs of this call counts there.
    is_asked = wanted is not None and (is_outermost or bool(n_jobs))
    return _thread_workers(joblib.effective_n_jobs(wanted) if is_asked else None)


@contextmanager
def limited_threads(n_jobs: int | None) -> Iterator[None]:
    """Let products of matrices and compiled kernels have so many threads at most, as joblib counts them.

    Only BLAS is limited; kernels take no more threads than it may have (`deepstep.environment.thread_limit`).
    """
    if n_jobs is None:
        yield
        return
    import joblib
    from threadpoolctl import threadpool_limits

    with threadpool_limits(joblib.effective_n_jobs(n_jobs), user_api="blas"):
        yield


@contextmanager
def _joblib_workers(n: int, *, generates: bool) -> Iterator[Workers]:
    """Workers of joblib's backend; one that ``generates`` hands out each result when it is there."""
    import joblib

    with joblib.Parallel(return_as="generator_unordered" if generates else "list") as parallel:

        def results(works: Iterable[Work[T]], move: ShowProgress) -> Iterator[tuple[int, T]]:
            # Other processes cannot call `move`, so the epochs of a work are not shown before it ends. Works
            # become a list: joblib would take some in a thread of its own, and making one may prepare a fold.
            jobs = (joblib.delayed(_result_or_error)(number, work) for number, work in [*works])
            for number, result, error in parallel(jobs):
                if error is not None:
                    raise error
                yield number, result

        # Nothing sets the marks of this interruption: Ctrl-C is not deferred, and breaks into joblib at once.
        yield Workers(n, results, Interruption(), are_threads=False)


def _result_or_error(number: int, work: Callable[[Link], T]) -> tuple[int, T | None, Exception | None]:
    """Do a piece of work in a process of joblib; return its number with its result, or with its error."""
    # The error is returned, not raised: joblib would end the workers amid their work, and with its backend
    # "multiprocessing" it may then wait for ever. The note has the traceback, which pickling drops.
    try:
        with single_blas():
            return number, work(Link()), None
    except Exception as error:
        error.add_note(format_exc())
        return number, None, error


@contextmanager
def _thread_workers(wanted: int | None) -> Iterator[Workers]:
    # The reference engine is Python, of which one thread runs at a time; in a browser there is one alone.
    n = wanted if wanted and has_threads() else 1
    if not missing_numba():
        n = wanted or thread_limit()  # kernels run without Python's lock
    with single_blas(), executor(n, "deepstep member") as pool, deferred(waits=False) as interruption:

        def results(works: Iterable[Work[T]], move: ShowProgress) -> Iterator[tuple[int, T]]:
            given_up = Event()
            numbers = dict[Future[T], int]()
            waiting = set[Future[T]]()

            def finished_within(seconds: float) -> Iterator[tuple[int, T]]:
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
                    yield from finished_within(0)
                # Ten times a second, this thread looks whether Ctrl-C was pressed: once polars has been used,
                # Ctrl-C does not end a wait for a thread, and its handler would run only after the wait.
                while waiting:
                    if interruption.pressed:
                        raise KeyboardInterrupt
                    yield from finished_within(0.1)
            finally:
                given_up.set()  # after an error or Ctrl-C works that run end early
                for future in waiting:
                    future.cancel()  # what has not begun never does

        yield Workers(n, results, interruption, are_threads=True)


@contextmanager
def member_progress(label: str, planned: int, epochs: int, budget: float | None) -> Iterator[ShowProgress]:
    """The function that moves a bar of so many members with these epochs each, in the log without a label."""
    if not (label or is_logged()):
        yield lambda number, done, epochs: None
        return
    done, ends, finished = dict[int, float](), dict[int, float](), set[int]()
    begun, meter = monotonic(), Meter(label, unit="epochs" if budget is None else "s")

    def show(number: int, so_far: float, end: int | None) -> None:
        if end is None:  # it may have ended before all of its epochs
            finished.add(number)
        else:  # one that rested continues
            finished.discard(number)
        done[number], ends[number] = so_far, so_far if end is None else end
        if budget is None:
            total = sum(ends.values()) + epochs * max(0, planned - len(ends))
            meter.move(sum(done.values()), f"{len(finished)}/{planned} networks", total)
        else:
            text = f"{len(finished)} networks, {sum(done.values()):.0f} epochs"
            meter.move(min(monotonic() - begun, budget), text)

    meter.begin(epochs * planned if budget is None else budget, text="preparing the rows")
    try:
        yield show
    finally:
        meter.end()


class TimeBudget:
    """The time, ``budget`` seconds or unlimited, of an ensemble; preparing its folds counts."""

    def __init__(self, budget: float | None) -> None:
        self._end = perf_counter() + (inf if budget is None else budget)
        self._preparation = self.used_by_preparation = 0.0

    @contextmanager
    def preparing(self) -> Iterator[None]:
        """While a fold is prepared: the next ones are expected to take as long."""
        begin = perf_counter()
        yield
        self._preparation = perf_counter() - begin
        self.used_by_preparation += self._preparation

    @property
    def left(self) -> float:
        """Seconds that are left."""
        return self._end - perf_counter()

    def begins_another(self, done: int) -> bool:
        """Whether after so many folds there is time to prepare another one and to train as long as that."""
        return not done or self.left > 2 * self._preparation

    def seconds_of_a_member(self, folds: int, turns: int) -> float | None:
        """The time of each member, of which a thread trains ``turns``, on the folds that can be prepared."""
        left = self.left
        if left == inf:
            return None
        # a fold is worth its preparation if it is trained for at least as long
        fit = left / (2 * self._preparation) if self._preparation else folds
        n = max(1, int(min(fit, folds)))
        # the first of these folds is prepared already
        return max((left - (n - 1) * self._preparation) / (n * turns), 1e-3)
