"""The environment: packages that may be missing, threads that may not start, and BLAS with its threads.

DeepStep is complete with the dependencies of its installation. The lecture needs NumPy, click and rich alone:
every other package is imported when it is first used, through this module, which names the command that
installs a missing one.

>>> from deepstep.environment import polars
>>> polars.Series([1, 2]).sum()
3
"""

import os
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cache
from importlib import import_module
from pathlib import Path
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any, TypeVar

from deepstep.errors import missing_package

T = TypeVar("T")

DISTRIBUTIONS = {
    "joblib": "joblib",
    "markdown_it": "markdown-it-py",
    "narwhals": "narwhals",
    "numba": "numba",
    "polars": "polars",
    "safetensors": "safetensors",
    "scipy": "scipy",
    "sklearn": "scikit-learn",
    "threadpoolctl": "threadpoolctl",
    "tomli_w": "tomli-w",
}
"""Packages of the installation that the lecture works without, and what pip calls them."""


def package(name: str) -> Any:
    """Import a module.

    >>> float(package("scipy.special").ndtr(0.0))
    0.5
    """
    with naming_packages():
        return import_module(name)


@contextmanager
def naming_packages() -> Iterator[None]:
    """Raise a `MissingPackageError` in place of a ModuleNotFoundError for one of `DISTRIBUTIONS`.

    >>> with naming_packages():
    ...     raise ModuleNotFoundError(name="sklearn.metrics")
    Traceback (most recent call last):
    deepstep.errors.MissingPackageError: deepstep needs the package 'scikit-learn', which is not installed.
    Run: pip install scikit-learn
    """
    try:
        yield
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing not in DISTRIBUTIONS:
            raise
        raise missing_package("deepstep", DISTRIBUTIONS[missing]) from error


class _OnFirstUse:
    """A package that is imported when a name of it is first looked up."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:
        value = vars(self)[name] = getattr(package(self._name), name)  # looked up without this from now on
        return value


if TYPE_CHECKING:
    import narwhals as narwhals
    import polars as polars
else:
    narwhals, polars = _OnFirstUse("narwhals"), _OnFirstUse("polars")


def has_threads() -> bool:
    """Whether a thread can be started; Python in a browser has none."""
    thread = Thread(target=int)
    try:
        thread.start()
    except RuntimeError:
        return False
    thread.join()
    return True


def executor(workers: int, name: str) -> Executor:
    """An executor of so many threads, or of the thread that calls it where no other can be started."""
    return ThreadPoolExecutor(workers, thread_name_prefix=name) if has_threads() else _Caller()


class _Caller(Executor):
    """Does all work at once in the thread that submits it."""

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """Work that is done."""
        future = Future[T]()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


NEVER_SHARED, WORTH_SHARING = 2**13, 2**26
"""Multiplications of a product up to which BLAS takes one thread anyway, and up to which it should.

Measured on two processors: where other programs are at work, the threads of a smaller product wait up to 32
milliseconds for each other, and where none is, they save one millisecond at most.
"""


def blas_pools() -> list[Any]:
    """BLAS libraries of this process whose number of threads can be set; none without threadpoolctl."""
    return _pools("scipy.linalg" in sys.modules)


@cache
def _pools(with_scipy: bool) -> list[Any]:
    """BLAS libraries: those found before SciPy was loaded keep their places, those it loads come after."""
    try:
        from threadpoolctl import ThreadpoolController
    except ImportError:
        return []
    known = _pools(False) if with_scipy else []
    paths = {pool.filepath for pool in known}
    loaded = ThreadpoolController().select(user_api="blas").lib_controllers
    return [*known, *(pool for pool in loaded if pool.filepath not in paths)]


_lock, _inside, _alone = Lock(), 0, 0
"""`_inside` counts the callers in `single_blas`, `_alone` those of them without ``shares``; under `_lock`."""
_before: list[tuple[Any, int]] = []
"""Limits of BLAS before they were changed; not empty until all are restored."""


def blas_limits() -> list[int]:
    """How many threads each BLAS may have where `single_blas` does not limit it."""
    counts = dict(_before)
    return [counts.get(pool) or pool.num_threads for pool in blas_pools()]


def thread_limit() -> int:
    """How many threads may work: the processors that this process has, within the limits of BLAS."""
    # OMP_NUM_THREADS and its kin, and threadpoolctl's limits, reach BLAS; what holds for it holds here.
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    allowed = min(blas_limits(), default=processors)
    setting = os.environ.get("OMP_NUM_THREADS", "")  # where BLAS is one that threadpoolctl does not know
    if setting.isdigit() and int(setting) > 0:
        allowed = min(allowed, int(setting))
    return max(1, min(processors, allowed))


def may_share() -> bool:
    """Whether nobody else is at work with several threads: more of them would only wait for each other."""
    return _alone == 0


@contextmanager
def single_blas(*, shares: bool = False) -> Iterator[None]:
    """Limit BLAS to one thread per calling thread; the last caller to leave restores the former numbers.

    With ``shares`` the work inside may still be shared among threads that are not of BLAS, see `may_share`.
    """
    # If Ctrl-C interrupts this, `_before` keeps the old limits, and the next caller to leave restores them.
    global _inside, _alone
    entered = False
    try:
        with _lock:
            others = blas_pools()[len(_before) :]
            _before.extend((pool, pool.num_threads) for pool in others)
            if others or _inside == 0:
                _limit_all(1)
            _inside, _alone, entered = _inside + 1, _alone + (not shares), True
        yield
    finally:
        with _lock:
            _inside, _alone = _inside - entered, _alone - (entered and not shares)
            if _inside == 0:
                _limit_all()
                _before.clear()


def single_blas_below(multiplications: int) -> AbstractContextManager[None]:
    """`single_blas` for a product of so many multiplications, where threads would only cost time."""
    too_small = NEVER_SHARED < multiplications < WORTH_SHARING
    return single_blas(shares=True) if too_small else nullcontext()


def _limit_all(count: int | None = None) -> None:
    """Set every BLAS that had several threads to ``count`` threads; without it, back to what it had."""
    for pool, before in _before:
        if before != 1:
            set_blas_threads(pool, count or before)


def set_blas_threads(pool: Any, count: int) -> None:
    """Set the number of threads of a BLAS, from any thread: threadpoolctl lets the first one alone do it."""
    forget = getattr(pool, "clear_controlling_thread", None)  # newer versions have it
    if forget is not None:
        forget(force=True)
    pool.set_num_threads(count)
    if forget is not None:
        forget()


def blas_libraries() -> list[dict[str, Any]]:
    """The BLAS libraries of this process: name, version, kernel and threads; None where one does not say."""
    return [
        {
            "library": pool.internal_api,
            "version": pool.version,
            "kernel": getattr(pool, "architecture", None),
            "threads": count,
        }
        for pool, count in zip(blas_pools(), blas_limits(), strict=True)
    ]


AVX2, AVX512 = "AVX2", "AVX-512"
VECTORS = {AVX2: {"avx2", "fma"}, AVX512: {"avx2", "fma", "avx512f", "avx512vl", "avx512bw", "avx512dq"}}
"""Vector instructions that kernels of OpenBLAS use, and the flags of a processor that has them."""

KERNELS = {
    **dict.fromkeys(("Prescott", "Core2", "Penryn", "Dunnington", "Nehalem", "Sandybridge"), ()),
    **dict.fromkeys(("Athlon", "Opteron", "Barcelona", "Bulldozer", "Piledriver", "Steamroller"), ()),
    **dict.fromkeys(("Haswell", "Zen"), (AVX2,)),
    **dict.fromkeys(("SkylakeX", "Cooperlake", "SapphireRapids"), (AVX2, AVX512)),
}
"""Kernels of OpenBLAS for x86, and which of `VECTORS` they use; others are unknown."""

CORETYPE = "OPENBLAS_CORETYPE"
"""The variable that names the kernel of OpenBLAS; without it OpenBLAS takes that of the processor."""


def processor_flags() -> set[str]:
    """Features of the processor, as Linux names them; empty where the system does not say."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return set()
    return next((set(line.split()) for line in lines if line.startswith("flags")), set())


def old_kernel() -> str:
    """Advice if a BLAS runs kernels without vector instructions that the processor has; else empty."""
    flags = processor_flags()
    available = [name for name, needed in VECTORS.items() if needed <= flags]
    for library in blas_libraries():
        used = KERNELS.get(library["kernel"], tuple(VECTORS))
        if unused := [name for name in available if name not in used]:
            text = f"products of matrices run the kernels for {library['kernel']}"
            setting = os.environ.get(CORETYPE)
            advice = "Install a newer NumPy and SciPy."
            if setting:
                advice = f"{CORETYPE} is set to {setting!r}. Unset it."
            return f"{text}, without the processor's {unused[-1]}. {advice}"
    return ""


SLOW = 1.0
"""Seconds of a training from which on its speed matters."""


def slow_training(seconds: float) -> str:
    """The advice of `old_kernel` after a training of `SLOW` seconds or more, once per process; else empty."""
    global _told
    if seconds < SLOW or _told:
        return ""
    _told = True
    return old_kernel()


_told = False
"""Whether a training looked for an old kernel."""


def _begin_anew() -> None:
    """After a fork nobody is inside; `_before` stays, and the next caller to leave restores these limits."""
    global _lock, _inside, _alone
    _lock, _inside, _alone = Lock(), 0, 0


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_anew)
