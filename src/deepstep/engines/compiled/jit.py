"""How kernels are compiled: without the interpreter's lock, cached on disk, numbers treated as IEEE's."""

from collections.abc import Callable
from typing import Any

from numba import njit

ORDERED: set[str] = {"contract"}
"""Sums stay in their order; a product and a sum may become one fused operation."""

SUMS: set[str] = {"contract", "reassoc", "nsz"}
"""Sums may be done in parallel lanes. Infinities and NaN stay what they are: divergence is found by them."""


def part(function: Callable[..., Any] | None = None, *, order: set[str] = SUMS, once: bool = False) -> Any:
    """A function that kernels call and Python does not.

    Parameters
    ----------
    function : callable
    order : set of str
        What may be rearranged: `SUMS` or `ORDERED`.
    """

    def compiled(function: Callable[..., Any]) -> Any:
        return njit(
            function, inline="always" if once else "never", nogil=True, fastmath=order, error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True
        )

    return compiled if function is None else compiled(function)


def kernel(function: Callable[..., Any]) -> Any:
    """A function that Python calls: compiled at its first call for each precision, then found on disk."""
    options: dict[str, Any] = {"nogil": True, "fastmath": SUMS, "error_model": "numpy", "no_cfunc_wrapper": True}
    try:
        return njit(function, cache=True, **options)
    except RuntimeError:  # no folder that a cache could be written to
        return njit(function, **options)
