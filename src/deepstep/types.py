"""Types shared by every stage, and what counts as a number."""

from collections.abc import Mapping
from math import isfinite
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.floating[Any]]
"""A floating-point NumPy array; the docstring of each function gives its shape."""

AnyArray: TypeAlias = NDArray[Any]
"""A NumPy array of any dtype, as a user may hand it in."""


def is_number(value: Any) -> bool:
    """Whether this is a real number that a float can hold: not NaN, inf, a bool or 10**400.

    >>> [is_number(value) for value in (1, np.float32(0.5), True, "1", float("inf"), 10**400)]
    [True, True, False, False, False, False]
    """
    if not isinstance(value, int | float | np.integer | np.floating) or isinstance(value, bool):
        return False
    try:
        return isfinite(value)
    except OverflowError:  # an int beyond the floats
        return False


def is_whole(value: Any, least: int) -> bool:
    """Whether this is a whole number, Python's or NumPy's, of at least ``least``; a bool is none.

    >>> [is_whole(value, 1) for value in (1, np.int64(7), 0, 2.0, True)]
    [True, True, False, False, False]
    """
    return isinstance(value, int | np.integer) and not isinstance(value, bool) and bool(value >= least)


def plain(value: Any) -> Any:
    """NumPy's numbers as Python's, which keep the precision of the arrays; sequences as tuples."""
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, Mapping):
        return {plain(name): plain(entry) for name, entry in value.items()}
    return tuple(map(plain, value)) if isinstance(value, list | tuple) else value
