"""The settings of heads: what they may be, and what they put into the formulas."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

_LARGEST = float(np.finfo(np.float64).max)


class Setting(NamedTuple):
    """What a setting of a head may be, and what it puts into the head's formulas.

    ``symbols`` gives from the value and the number of outputs what is written for which symbol.
    """

    expected: str
    accepts: Callable[[Any], bool]
    symbols: Callable[[Any, int], dict[str, str]]


def _smoothed(smoothing: float, n: int) -> dict[str, str]:
    return {"Y": f"({1 - smoothing:g}·Y + {smoothing / n:g})"} if smoothing else {}


def _real(value: Any) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and bool(-_LARGEST <= value <= _LARGEST)


def _share(value: Any) -> bool:
    return _real(value) and bool(0 <= value < 1)


def _levels(value: Any) -> bool:
    numbers = isinstance(value, tuple) and len(value) > 0 and all(map(_real, value))
    return numbers and all(low < high for low, high in zip((0, *value), (*value, 1), strict=True))


SETTINGS: dict[tuple[str, str], Setting] = {
    ("sigmoid", "smoothing"): Setting("a number from 0 to below 1", _share, lambda e, n: _smoothed(e, 2)),
    ("softmax", "smoothing"): Setting("a number from 0 to below 1", _share, _smoothed),
    ("huber", "delta"): Setting(
        "a positive number", lambda value: _real(value) and value > 0, lambda delta, n: {"δ": f"{delta:g}"}
    ),
    ("quantile", "levels"): Setting(
        "numbers between 0 and 1 that increase, such as [0.1, 0.5, 0.9]", _levels, lambda levels, n: {}
    ),
}
"""The settings of DeepStep's heads, by head and name."""


def plain(value: Any) -> Any:
    """NumPy's numbers as Python's, which keep the precision of the arrays; sequences as tuples."""
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    return tuple(map(plain, value)) if isinstance(value, list | tuple) else value
