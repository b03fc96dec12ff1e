"""How kernels are compiled: without the interpreter's lock, cached on disk, numbers treated as IEEE's."""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

from numba import njit

from deepstep.engines.choice import told_if_slow
from deepstep.engines.compiled.cache import KernelCache, tell_that_nothing_is_kept

ORDERED: set[str] = {"contract"}
"""Sums stay in their order; a product and a sum may become one fused operation."""

SUMS: set[str] = {"contract", "reassoc", "nsz"}
"""Sums may be done in parallel lanes. Infinities and NaN stay what they are: divergence is found by them."""

_OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy", "no_cfunc_wrapper": True}


def part(
    function: Callable[..., Any] | None = None, *, order: set[str] = SUMS, once: bool = False, **options: Any
) -> Any:
    """A function that kernels call and Python does not; called once, it becomes a part of its caller."""
    options |= {"inline": "always" if once else "never", "fastmath": order, "no_cpython_wrapper": True}

    def compiled(function: Callable[..., Any]) -> Any:
        return njit(function, **_OPTIONS, **options)

    return compiled if function is None else compiled(function)


def kernel(function: Callable[..., Any]) -> Any:
    """A function that Python calls: compiled at its first call for each precision, then found on disk."""
    return kept(function, fastmath=SUMS)


def kept(function: Callable[..., Any], **options: Any) -> Any:
    """A function whose compiled code is kept on disk."""
    compiled = njit(function, **{**_OPTIONS, **options})
    try:
        compiled._cache = KernelCache(function)
    except RuntimeError:
        tell_that_nothing_is_kept("no folder for them can be written")
    except OSError as error:
        tell_that_nothing_is_kept(str(error))
    return compiled


_ONE_AT_A_TIME = Lock()

COMPILING = "compiling kernels for this processor: once, some seconds; `deepstep warmup` does it beforehand"


@contextmanager
def told_while_compiled() -> Iterator[None]:
    """Say what is going on when a kernel is not found on disk and is compiled, which takes some seconds.

    One thread at a time: others wait for it instead of doing the same.
    """
    with _ONE_AT_A_TIME, told_if_slow(COMPILING):
        collects = gc.isenabled()
        gc.disable()  # a tenth of the time, as a compiler makes much and throws away little
        try:
            yield
        finally:
            if collects:
                gc.enable()
