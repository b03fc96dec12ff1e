"""Central differences of the cost, aware of kinks and of their own error."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from deepstep.errors import ConfigurationError
from deepstep.types import AnyArray, Array

STENCILS: dict[int, tuple[tuple[int, float], ...]] = {
    2: ((1, 1 / 2), (-1, -1 / 2)),
    4: ((1, 2 / 3), (-1, -2 / 3), (2, -1 / 12), (-2, 1 / 12)),
}
"""Central differences by order of their error: steps in units of ε, and weights (Fornberg 1988)."""

LADDER = tuple(1e-3 / 8**rung for rung in range(9))
"""The distances ε that are tried by default: inputs of size 1 need the first, of size 1e6 the last ones."""

WITNESS = 5
"""The rung of the distance that confirms two others: short enough for inputs of size 1e7."""

UNSURE = 1e-3
"""A derivative whose error may be larger than this share of it says nothing."""

EXPLAINED = 100
"""The stated error is an estimate: a gap of up to so many times as much may come from it."""

Evaluate: TypeAlias = Callable[[], tuple[float, AnyArray]]
"""Gives the cost as things stand, and on which side of their kinks the units and the loss are."""


class Numeric(NamedTuple):
    """Numeric derivatives: value and possible error of each; NaN where a unit switches at every distance."""

    values: Array
    errors: Array


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
        if name == "epsilon" and value is None:
            continue
        if not (isinstance(value, int | float | np.number) and 0 < value < np.inf):
            raise ConfigurationError(where, f"{name} is a positive number", f"got {value!r}")
    if max_entries is not None and not (isinstance(max_entries, int | np.integer) and max_entries > 0):
        raise ConfigurationError(where, "max_entries is a positive whole number", f"got {max_entries!r}")


def numeric_gradient(
    value: Array, entries: AnyArray, evaluate: Evaluate, *, epsilon: float | None, order: int = 4
) -> Numeric:
    """Central differences of J by some entries of a view of θ.

    Without ``epsilon`` the distance of each entry goes down the `LADDER` until two neighbouring distances
    agree to rounding and a far shorter one does not speak against them: where a unit saturates on both sides,
    they agree on its contribution of 0. Else the pair that agrees best counts, and twice its disagreement is
    the error.
    """
    cost, switches = evaluate()
    size = max(1.0, abs(cost))
    ladder = LADDER if epsilon is None else (epsilon,)
    pairs = [_derivative(value, entry, evaluate, ladder, order, switches, size) for entry in entries]
    values, errors = np.array(pairs).reshape(-1, 2).T
    return Numeric(values, errors)


def _derivative(
    value: Array,
    entry: int,
    evaluate: Evaluate,
    ladder: Sequence[float],
    order: int,
    switches: AnyArray,
    size: float,
) -> tuple[float, float]:
    """The derivative by one entry and its possible error; NaN where no two distances are free of kinks."""
    best: tuple[float, float] = (np.nan, np.inf)
    coarser: float | None = None
    for rung, distance in enumerate(ladder):
        finer = _central(value, entry, evaluate, distance, order, switches)
        rounding = _rounding(size, distance)
        if finer is not None and len(ladder) == 1:
            return finer, rounding
        if finer is not None and coarser is not None:
            gap = abs(finer - coarser)
            if gap > rounding:
                best = min(best, (finer, 2 * gap), key=lambda pair: pair[1])
            else:
                witness = ladder[min(max(rung + 1, WITNESS), len(ladder) - 1)]
                seen = _central(value, entry, evaluate, witness, order, switches)
                if seen is None or abs(seen - finer) <= EXPLAINED * _rounding(size, witness):
                    agreed = coarser, max(2 * gap, rounding / 8)
                    # an earlier pair that was only just apart may still be the better one
                    same = abs(best[0] - agreed[0]) <= EXPLAINED * agreed[1]
                    return min(best, agreed, key=lambda pair: pair[1]) if same else agreed
        coarser = finer
    return best


def _rounding(size: float, distance: float) -> float:
    """What the digits of a cost of this size can make of a derivative."""
    return 16 * float(np.finfo(np.float64).eps) * size / distance


def _central(
    value: Array, entry: int, evaluate: Evaluate, distance: float, order: int, switches: AnyArray
) -> float | None:
    """The central difference at one distance; None where a unit switches on the way."""
    kept = value[entry]
    terms = []
    for step, weight in STENCILS[order]:
        value[entry] = kept + step * distance
        cost, now = evaluate()
        if not np.array_equal(now, switches):
            break
        terms.append(weight * cost)
    value[entry] = kept
    return sum(terms) / distance if len(terms) == len(STENCILS[order]) else None


def difference(analytic: Array, numeric: Array, least: float = 0.0) -> float:
    """‖analytic - numeric‖ / (‖analytic‖ + ‖numeric‖), the divisor at least so large; 0 if both are 0.

    Both sizes of the divisor are joined by squares, as gaps are: parts that are each small enough stay so
    together.
    """
    apart = float(np.linalg.norm(analytic - numeric))
    scale = float(np.hypot(np.linalg.norm(analytic) + np.linalg.norm(numeric), least))
    return apart / scale if apart else 0.0


def least_scale(errors: Array, tolerance: float) -> float:
    """The divisor with which the numeric side's own error makes no difference above the tolerance."""
    return float(np.linalg.norm(errors)) / tolerance


def judge(
    analytic: Array, numeric: Array, errors: Array, size_of_cost: float, tolerance: float
) -> tuple[float, str]:
    """The difference, and the verdict on it: "good", "wrong" or "not checkable"."""
    apart = difference(analytic, numeric, least_scale(errors, tolerance))
    if says_nothing(analytic, numeric, errors, size_of_cost):
        return apart, "not checkable"
    return apart, "good" if apart < tolerance else "wrong"


def says_nothing(analytic: Array, numeric: Array, errors: Array, size_of_cost: float) -> bool:
    """Whether the numeric side's own error is too large to tell right from wrong, and explains the gap.

    A gap far above that error is a wrong derivative, however inexact the finite differences are.
    """
    scale = float(np.linalg.norm(analytic) + np.linalg.norm(numeric))
    error = float(np.linalg.norm(errors))
    explained = float(np.linalg.norm(analytic - numeric)) <= EXPLAINED * error
    return explained and error > UNSURE * max(scale, 1e-4 * size_of_cost)


def spread(size: int, most: int | None) -> AnyArray:
    """At most so many entries, evenly spread, first and last among them."""
    if most is None or size <= most:
        return np.arange(size)
    return np.unique(np.linspace(0, size - 1, most).round().astype(int))
