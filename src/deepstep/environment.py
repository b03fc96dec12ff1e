"""The environment: packages that may be missing, and threads that may not start.

DeepStep is complete with the dependencies of its installation. The lecture needs NumPy, click and rich alone:
every other package is imported by the function that needs it, through this module, which names the command
that installs a missing one.

>>> from deepstep.environment import polars
>>> polars.Series([1, 2]).sum()
3
"""

from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from importlib import import_module
from threading import Thread
from typing import TYPE_CHECKING, Any, TypeVar

from deepstep.errors import missing_package

if TYPE_CHECKING:
    import narwhals as narwhals
    import polars as polars

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


def __getattr__(name: str) -> Any:
    if name in DISTRIBUTIONS:
        globals()[name] = module = package(name)  # found without this function from now on
        return module
    raise AttributeError(f"module 'deepstep.environment' has no attribute {name!r}")


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
    deepstep.errors.MissingPackageError: deepstep: the package 'scikit-learn' is needed; it is not installed.
    Run: pip install scikit-learn
    """
    try:
        yield
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing not in DISTRIBUTIONS:
            raise
        raise missing_package("deepstep", DISTRIBUTIONS[missing]) from error


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
