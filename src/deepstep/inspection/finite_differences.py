"""Central differences of the cost, aware of kinks."""

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from deepstep.errors import ConfigurationError
from deepstep.types import AnyArray, Array

STENCILS: dict[int, tuple[tuple[int, float], ...]] = {
    2: ((1, 1 / 2), (-1, -1 / 2)),
    4: ((1, 2 / 3), (-1, -2 / 3), (2, -1 / 12), (-2, 1 / 12)),
}
"""Central differences by order of their error: steps in units of ε, and weights (Fornberg 1988)."""

KINKED = frozenset({"relu"})
"""Activations without a derivative at Z = 0."""

NEARER = 8
"""How many times closer to look if a kink lies between."""

Evaluate: TypeAlias = Callable[[], tuple[float, AnyArray]]
"""Gives the cost as things stand, and which kinked units are on."""


def check_options(
    where: str, *, epsilon: Any, max_entries: Any, order: Any = 4, tolerance: Any = 1e-7
) -> None:
    """Refuse options with which nothing would be compared.

    Raises
    ------
    ConfigurationError
        If the order is unknown, or epsilon, the tolerance or the number of entries is not positive.
    """
    if order not in STENCILS:
        raise ConfigurationError(where, "order is 2 or 4", f"got {order!r}")
    for name, value in (("epsilon", epsilon), ("tolerance", tolerance)):
        if not (isinstance(value, int | float | np.number) and 0 < value < np.inf):
            raise ConfigurationError(where, f"{name} is a positive number", f"got {value!r}")
    if max_entries is not None and not (isinstance(max_entries, int | np.integer) and max_entries > 0):
        raise ConfigurationError(where, "max_entries is a positive whole number", f"got {max_entries!r}")


def numeric_gradient(
    value: Array, entries: AnyArray, evaluate: Evaluate, epsilon: float, order: int
) -> Array:
    """Central differences of J by some entries of a view of θ; NaN where a unit switches on the way."""
    _, switches = evaluate()
    result = np.full(len(entries), np.nan)
    for position, entry in enumerate(entries):
        kept = value[entry]
        for distance in (epsilon, epsilon / NEARER):
            terms = []
            for step, weight in STENCILS[order]:
                value[entry] = kept + step * distance
                cost, now = evaluate()
                if not np.array_equal(now, switches):
                    break
                terms.append(weight * cost)
            else:
                result[position] = sum(terms) / distance
                break
        value[entry] = kept
    return result


def floor(size_of_cost: float, epsilon: float) -> float:
    """The size of gradients below which rounding alone makes a difference of 1e-7.

    A cost is exact to a few ulps of its size, a difference of costs over ε or nearer to those ulps
    over ε.
    """
    rounding = np.finfo(np.float64).eps * size_of_cost / (epsilon / NEARER)
    return float(4 * rounding / 1e-7)


def difference(analytic: Array, numeric: Array, least: float) -> float:
    """‖analytic - numeric‖ / (‖analytic‖ + ‖numeric‖), the divisor at least so large."""
    scale = float(np.linalg.norm(analytic) + np.linalg.norm(numeric))
    return float(np.linalg.norm(analytic - numeric)) / max(scale, least)


def spread(size: int, most: int | None) -> AnyArray:
    """At most so many entries, evenly spread, first and last among them."""
    if most is None or size <= most:
        return np.arange(size)
    return np.unique(np.linspace(0, size - 1, most).round().astype(int))
