"""Derivatives compared with central differences of the cost, aware of kinks and of their own error."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from deepstep.engines import Settings, total_weight
from deepstep.equations import Graph, Head, Tape, cost_from_logits
from deepstep.equations.ops import forward
from deepstep.equations.regularization import penalties
from deepstep.errors import ConfigurationError
from deepstep.preparation.batches import evenly_spread
from deepstep.types import AnyArray, Array, is_number, is_whole

STENCILS: dict[int, tuple[tuple[int, float], ...]] = {
    2: ((1, 1 / 2), (-1, -1 / 2)),
    4: ((1, 2 / 3), (-1, -2 / 3), (2, -1 / 12), (-2, 1 / 12)),
}
"""Central differences by order of their error: steps in units of ε, and weights (Fornberg 1988)."""

# Inputs of size 1 need the first distance ε, inputs of size 1e6 the last ones.
LADDER = tuple(1e-3 / 8**rung for rung in range(9))
WITNESS = 5  # the rung that confirms two others: short enough for inputs of size 1e7
UNSURE = 1e-3  # a numeric derivative with a larger share of error decides nothing
EXPLAINED = 100  # the stated error is an estimate: a gap of so many times as much may come from it


class Evaluated(NamedTuple):
    """The cost as things stand, and on which side of their kinks and bends the units and the loss are."""

    cost: float
    sides: AnyArray
    bends: AnyArray


Evaluate: TypeAlias = Callable[[], Evaluated]


@dataclass(frozen=True)
class Objective:
    """J as a function of each quantity on the tape, which may be changed in place."""

    graph: Graph
    tape: Tape
    head: Head
    Y: Array
    sample_weight: Array | None
    settings: Settings

    def along(self, name: str, factor: float = 1.0) -> Evaluate:
        """J times a factor, run from one quantity on."""
        graph, Y, terms = self.graph, self.Y, penalties(self.settings.l1, self.settings.l2)
        moved, m = graph.after(name), total_weight(Y, self.sample_weight)
        nodes = [node for node in moved if node in graph.to_logits]
        weights = [self.tape[f"W{layer.number}"] for layer in graph.layers]

        def evaluate() -> Evaluated:
            tape = forward(nodes, dict(self.tape))
            ZL = tape[graph.logits]
            sides = [side for node in moved for side in node.sides(tape, node.op.kinks)]
            bends = [side for node in moved for side in node.sides(tape, node.op.bends)]
            if self.head.kinks is not None:
                sides.append(self.head.kinks(ZL, Y).ravel() > 0)
            cost = cost_from_logits(ZL, Y, output=self.head, sample_weight=self.sample_weight)
            for term in terms:
                cost += term.cost(weights, term.strength, m)
                if term.name == "l1":
                    sides += [W.ravel() > 0 for W in weights]
            return Evaluated(factor * cost, *(np.concatenate([[], *found]) for found in (sides, bends)))

        return evaluate


@dataclass(frozen=True)
class ParameterCheck:
    """The check of the derivative by one parameter, or by another quantity.

    name: ``"W1"``, ``"b1"``, …; in the check of a trace that of the derivative, ``"dZ1"``.
    shape: Shape of the parameter or quantity.
    checked: Entries compared.
    at_kink: Entries left out because a kink of a unit such as a relu, or of the loss, is close by, or a
        weight is 0 under L1, where no derivative exists.
    difference: ‖analytic - numeric‖ / (‖analytic‖ + ‖numeric‖) over the entries compared; the divisor is
        never so small that the error of the finite differences alone would make the difference large.
    worst: Index of the entry with the largest absolute difference.
    analytic, numeric: Both values there.
    verdict: ``"good"``, ``"wrong"``, ``"wrong shape"`` or ``"not checkable"``: all entries at a kink, or
        finite differences too inexact to tell.

    >>> from deepstep import Network
    >>> report = Network([1, 1], seed=1).check_gradients([[1.0, 2.0]], [[0, 1]])
    >>> [(check.name, check.shape, check.verdict) for check in report.checks]
    [('W1', (1, 1), 'good'), ('b1', (1, 1), 'good')]
    """

    name: str
    shape: tuple[int, ...]
    checked: int
    at_kink: int
    difference: float
    worst: tuple[int, ...]
    analytic: float
    numeric: float
    verdict: str

    @property
    def good(self) -> bool:
        """Whether nothing speaks against it."""
        return not self.verdict.startswith("wrong")

    @property
    def checkable(self) -> bool:
        """Whether finite differences are exact enough here to tell."""
        return self.verdict != "not checkable"


class Options(NamedTuple):
    """How finite differences are taken, see `deepstep.inspection.check_gradients`."""

    epsilon: float | None
    order: int
    tolerance: float
    max_entries: int | None

    def checked(self, where: str) -> "Options":
        """These options; a `ConfigurationError` for some with which nothing would be compared."""
        if self.order not in STENCILS:
            raise ConfigurationError(where, "order must be 2 or 4", f"got {self.order!r}")
        positive: dict[str, Any] = {"epsilon": self.epsilon, "tolerance": self.tolerance}
        for name, value in positive.items():
            if (value is not None or name != "epsilon") and not (is_number(value) and value > 0):
                raise ConfigurationError(where, f"{name} must be a positive number", f"got {value!r}")
        most = self.max_entries
        if most is not None and not is_whole(most, 1):
            raise ConfigurationError(where, "max_entries must be a positive whole number", f"got {most!r}")
        return self


def compare(
    objective: Objective, name: str, derivative: Array, factor: float, options: Options
) -> tuple[ParameterCheck, tuple[Array, Array, Array]]:
    """The derivative of ``factor`` · J by a quantity against finite differences, entry by entry.

    Returned beside the check: the derivatives compared, analytic and numeric, and their possible errors.
    """
    evaluate = objective.along(name, factor)
    start = evaluate()
    size = max(1.0, abs(start.cost))
    value = objective.tape[name].reshape(-1)
    central = partial(_central, value, evaluate, start, STENCILS[options.order])
    entries = evenly_spread(value.size, options.max_entries or value.size)
    numeric, errors = np.array([_settled(central, entry, size, options.epsilon) for entry in entries]).T
    smooth = ~np.isnan(numeric)
    entries, analytic = entries[smooth], derivative.ravel()[entries[smooth]]
    numeric, errors = numeric[smooth], errors[smooth]
    apart = difference(analytic, numeric, least_scale(errors, options.tolerance))
    verdict = "good" if apart < options.tolerance else "wrong"
    worst: tuple[int, ...] = ()
    at_worst = np.nan, np.nan
    if len(entries):
        at = int(np.argmax(np.abs(analytic - numeric)))
        worst = tuple(map(int, np.unravel_index(entries[at], derivative.shape)))
        at_worst = float(analytic[at]), float(numeric[at])
    if not len(entries) or _undecided(analytic, numeric, errors, size):
        verdict = "not checkable"
    at_kink = int((~smooth).sum())
    check = ParameterCheck(name, derivative.shape, len(entries), at_kink, apart, worst, *at_worst, verdict)
    return check, (analytic, numeric, errors)


def _central(
    value: Array,
    evaluate: Evaluate,
    start: Evaluated,
    stencil: tuple[tuple[int, float], ...],
    entry: int,
    distance: float,
) -> tuple[float, float] | None:
    """The central difference of one entry; None where a unit switches on the way.

    Beside it: how much the slope changes on the way where a unit such as an elu bends there, else 0.
    """
    kept, seen = value[entry], list[Evaluated]()
    for step, _ in stencil:
        value[entry] = kept + step * distance
        seen.append(evaluate())
        if not np.array_equal(seen[-1].sides, start.sides):
            break
    value[entry] = kept
    if not np.array_equal(seen[-1].sides, start.sides):
        return None
    bent = any(not np.array_equal(there.bends, start.bends) for there in seen)
    change = abs(seen[-1].cost - start.cost + (seen[-2].cost - start.cost)) if bent else 0.0
    weighted = [weight * there.cost for (_, weight), there in zip(stencil, seen, strict=True)]
    return sum(weighted) / distance, change / distance


def _settled(
    central: Callable[[int, float], tuple[float, float] | None],
    entry: int,
    size: float,
    epsilon: float | None,
) -> tuple[float, float]:
    """The derivative by one entry and its possible error; NaN where no two distances are free of kinks.

    Without ``epsilon`` the distance goes down the `LADDER` until two neighbouring distances agree to rounding
    and a far shorter one does not contradict them: where a unit saturates on both sides, they agree on its
    contribution of 0. Else the pair that agrees best counts, and twice its disagreement is the error. Where a
    unit bends on the way, two may agree by chance, and the error is as large as the slope changes there.
    """
    if epsilon is not None:
        found = central(entry, epsilon)
        return (np.nan, np.inf) if found is None else (found[0], found[1] + _rounding(size, epsilon))
    best: tuple[float, float] = (np.nan, np.inf)
    before: tuple[float, float] | None = None
    for rung, distance in enumerate(LADDER):
        found, rounding = central(entry, distance), _rounding(size, distance)
        if found is not None and before is not None:
            (coarser, bent), (finer, change) = before, found
            gap = abs(finer - coarser)
            if gap > rounding or bent > rounding:
                best = min(best, (finer, max(2 * gap, change)), key=lambda pair: pair[1])
            else:
                witness = LADDER[min(max(rung + 1, WITNESS), len(LADDER) - 1)]
                seen = central(entry, witness)
                if seen is None or abs(seen[0] - finer) <= EXPLAINED * _rounding(size, witness):
                    agreed = coarser, max(2 * gap, rounding / 8, bent)
                    # an earlier pair that was only just apart may still be the better one
                    same = abs(best[0] - agreed[0]) <= EXPLAINED * agreed[1]
                    return min(best, agreed, key=lambda pair: pair[1]) if same else agreed
        before = found
    return best


def _rounding(size: float, distance: float) -> float:
    """The error of a derivative by the last digits of costs of this size."""
    return 16 * float(np.finfo(np.float64).eps) * size / distance


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


def _undecided(analytic: Array, numeric: Array, errors: Array, size: float) -> bool:
    """Whether the numeric side's own error is too large to tell right from wrong, and explains the gap.

    A gap far above that error is a wrong derivative, however inexact the finite differences are.
    """
    scale = float(np.linalg.norm(analytic) + np.linalg.norm(numeric))
    error = float(np.linalg.norm(errors))
    explained = float(np.linalg.norm(analytic - numeric)) <= EXPLAINED * error
    return explained and error > UNSURE * max(scale, 1e-4 * size)
