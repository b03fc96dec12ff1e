"""Central differences of the cost, aware of kinks."""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from deepstep.types import AnyArray, Array

STENCILS: dict[int, tuple[tuple[int, float], ...]] = {
    2: ((1, 1 / 2), (-1, -1 / 2)),
    4: ((1, 2 / 3), (-1, -2 / 3), (2, -1 / 12), (-2, 1 / 12)),
}
"""Central differences by order of their error: steps in units of ε, and weights (Fornberg 1988)."""

KINKED = frozenset({"relu"})
"""Activations without a derivative at Z = 0."""

FLOOR = 1e-5
"""Gradients smaller than this times the cost are compared absolutely: below it rounding decides."""

Evaluate: TypeAlias = Callable[[], tuple[float, AnyArray]]
"""Gives the cost as things stand, and which kinked units are on."""


def numeric_gradient(
    value: Array, entries: AnyArray, evaluate: Evaluate, epsilon: float, order: int
) -> Array:
    """Central differences of J by some entries of a view of θ; NaN where a unit switches on the way."""
    _, switches = evaluate()
    result = np.full(len(entries), np.nan)
    for position, entry in enumerate(entries):
        kept = value[entry]
        for distance in (epsilon, epsilon / 8):  # closer, if a kink lies between
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


def difference(analytic: Array, numeric: Array, size_of_cost: float) -> float:
    """‖analytic - numeric‖ / (‖analytic‖ + ‖numeric‖), absolute below the floor."""
    scale = float(np.linalg.norm(analytic) + np.linalg.norm(numeric))
    return float(np.linalg.norm(analytic - numeric)) / max(scale, FLOOR * size_of_cost)


def spread(size: int, most: int | None) -> AnyArray:
    """At most so many entries, evenly spread, first and last among them."""
    if most is None or size <= most:
        return np.arange(size)
    return np.unique(np.linspace(0, size - 1, most).round().astype(int))
