"""Gradients against central differences of the cost, which account for kinks and for their own error."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import partial
from math import inf, isfinite, nan, prod
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from deepstep.data.text_formats import html_table
from deepstep.engines import ReferenceSession, Settings, total_weight
from deepstep.equations import Graph, Head, Tape, cost_from_logits, get_head
from deepstep.equations.ops import forward
from deepstep.equations.regularization import penalties
from deepstep.errors import DataError, ShapeError
from deepstep.inspection.faults import name_fault
from deepstep.inspection.metrics import text_table
from deepstep.network import Architecture, Parameters
from deepstep.preparation.batches import evenly_spread
from deepstep.training.plan import require
from deepstep.types import AnyArray, Array, is_number, is_whole

STENCILS: dict[int, tuple[tuple[int, float], ...]] = {
    2: ((1, 1 / 2), (-1, -1 / 2)),
    4: ((1, 2 / 3), (-1, -2 / 3), (2, -1 / 12), (-2, 1 / 12)),
}
"""Central differences by order of their error: steps in units of ε, and weights (Fornberg 1988)."""

# Inputs of size 1 need the first distance ε, inputs of size 1e6 the last ones.
LADDER = tuple(1e-3 / 8**rung for rung in range(9))
WITNESS = 5  # the rung that confirms two others: short enough for inputs of size 1e7
UNSURE = 1e-3  # a numeric derivative with a larger relative error decides nothing
EXPLAINED = 100  # the error is an estimate: it may explain a gap of so many times its size

HEADER = ("name", "shape", "entries", "difference", "worst at", "analytic", "numeric", "verdict")


class Evaluated(NamedTuple):
    """The cost, and the sides of their kinks and bends on which the units and the loss are."""

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
        """J times a factor, computed from one quantity on."""
        if name == self.graph.output != self.graph.logits:
            return self._by_output(factor)
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
            return Evaluated(factor * cost, *(np.concatenate([[], *parts]) for parts in (sides, bends)))

        return evaluate

    def _by_output(self, factor: float) -> Evaluate:
        """J times a factor, by the textbook's loss of AL."""
        head, AL, Y = self.head, self.tape[self.graph.output], self.Y

        def evaluate() -> Evaluated:
            with np.errstate(invalid="ignore"):  # beside AL = 0 there is no logarithm
                losses = head.textbook(AL, Y)[0] if head.textbook else np.nan
            sides = [(AL > Y).ravel()]
            if head.kinks is not None and head.activation == "identity":
                sides.append(head.kinks(AL, Y).ravel() > 0)
            cost = factor * float(np.average(losses, weights=self.sample_weight))
            return Evaluated(cost, np.concatenate(sides), np.array([], dtype=bool))

        return evaluate


@dataclass(frozen=True)
class ParameterCheck:
    """The check of the derivative by one parameter, or by another quantity.

    Attributes
    ----------
    name : str
        ``"W1"``, ``"b1"``, …; in the check of a trace the name of the derivative, ``"dZ1"``.
    shape : tuple of int
        Shape of the parameter or quantity.
    checked : int
        Number of entries compared.
    at_kink : int
        Number of entries left out: a kink of a unit such as a relu, or of the loss, is close by, or a weight
        is 0 under L1, where no derivative exists; or the cost beside it is not finite.
    difference : float
        ‖analytic - numeric‖ / (‖analytic‖ + ‖numeric‖) over the entries compared; the divisor is never so
        small that the error of the finite differences alone would make the difference large.
    worst : tuple of int
        Index of the entry with the largest absolute difference.
    analytic, numeric : float
        Both values of this entry.
    verdict : str
        ``"good"``, ``"wrong"``, ``"wrong shape"`` or ``"not checkable"``: all entries are at a kink, or the
        finite differences are too inexact.

    Examples
    --------
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
        """Whether the derivative is not wrong."""
        return not self.verdict.startswith("wrong")

    @property
    def checkable(self) -> bool:
        """Whether finite differences are exact enough to compare."""
        return self.verdict != "not checkable"

    def _row(self) -> tuple[str, ...]:
        size = prod(self.shape)
        count = str(size) if self.checked == size else f"{self.checked}/{size}"
        return (
            self.name,
            str(self.shape),
            f"{count}, {self.at_kink} at a kink" if self.at_kink else count,
            f"{self.difference:.2e}",
            str(list(self.worst)),
            f"{self.analytic:.4g}",
            f"{self.numeric:.4g}",
            self.verdict,
        )


@dataclass(frozen=True)
class GradientReport:
    """Derivatives compared with finite differences: by all parameters, or by all quantities of a trace.

    Attributes
    ----------
    checks : tuple of ParameterCheck
        One for each derivative.
    difference : float
        One number for all derivatives together, as in the lecture (course 2 week 1).
    tolerance : float
        A derivative is good if its difference is below.
    diagnosis : str, optional
        If the check failed, the classic fault that explains it.

    Examples
    --------
    >>> from deepstep import Network
    >>> net = Network([1, 1], seed=1)
    >>> report = net.check_gradients([[1.0, 2.0]], [[0, 1]], gradients={"dW1": [[9.0]], "db1": [[9.0]]})
    >>> report.passed, report.first_wrong, report.worst.verdict
    (False, 'W1', 'wrong')
    """

    checks: tuple[ParameterCheck, ...]
    difference: float
    tolerance: float
    diagnosis: str = ""

    @property
    def passed(self) -> bool:
        """Whether no derivative is wrong."""
        return all(check.good for check in self.checks)

    @property
    def worst(self) -> ParameterCheck:
        """The check with the largest difference."""
        return max(self.checks, key=lambda check: check.difference)

    @property
    def first_wrong(self) -> str | None:
        """Name of the first wrong derivative; in a trace, where the backward pass becomes wrong."""
        return next((check.name for check in self.checks if not check.good), None)

    def to_dict(self) -> dict[str, Any]:
        """The report for JSON, with None for NaN and infinity, where nothing could be compared.

        Returns
        -------
        dict
        """
        plain = {"passed": self.passed, "first_wrong": self.first_wrong, **asdict(self)}
        plain["difference"] = _finite_or_none(self.difference)
        plain["checks"] = [
            {name: _finite_or_none(value) for name, value in check.items()} for check in plain["checks"]
        ]
        return plain

    def _verdict(self) -> str:
        unknown = ", ".join(check.name for check in self.checks if not check.checkable)
        if not self.passed:
            misshapen = any(check.verdict == "wrong shape" for check in self.checks)
            how_far = "shapes differ" if misshapen else f"difference {self.difference:.2e}"
            return f"Gradients are WRONG: {how_far}. {self.diagnosis}."
        if not any(check.checkable for check in self.checks):
            return "Nothing could be compared: finite differences cannot check any derivative here."
        verdict = f"Gradients are right: difference {self.difference:.2e}, tolerance {self.tolerance:.0e}."
        unverified = f" Not checkable by finite differences, and so not verified: {unknown}."
        return verdict + unverified if unknown else verdict

    def __str__(self) -> str:
        return text_table(HEADER, [check._row() for check in self.checks]) + "\n" + self._verdict()

    def _repr_html_(self) -> str:
        return html_table(HEADER, [check._row() for check in self.checks], caption=self._verdict())


def _finite_or_none(value: Any) -> Any:
    return None if isinstance(value, float) and not isfinite(value) else value


class Options(NamedTuple):
    """Options of finite differences, see `check_gradients`."""

    epsilon: float | None
    order: int
    tolerance: float
    max_entries: int | None

    def checked(self) -> "Options":
        """These options; a `ConfigurationError` if nothing would be compared with them."""
        epsilon, order, tolerance, most = self
        require(order in STENCILS, "order", "2 or 4", order)
        for name, value in {"epsilon": 1.0 if epsilon is None else epsilon, "tolerance": tolerance}.items():
            require(is_number(value) and value > 0, name, "a positive number", value)
        accepted = most is None or is_whole(most, 1)
        require(accepted, "max_entries", "a whole number of at least 1", most)
        return self


class Derivative(NamedTuple):
    """A derivative to check: its name in the report, the quantity, and the factor of J that it belongs to."""

    name: str
    quantity: str
    value: Array
    factor: float = 1.0


class Compared(NamedTuple):
    """Derivatives by some entries: analytic, numeric, and the possible errors of the numeric ones."""

    analytic: Array
    numeric: Array
    errors: Array

    def norms(self) -> tuple[float, float, float, float]:
        """‖analytic - numeric‖, ‖analytic‖ + ‖numeric‖, ‖errors‖, and their unit: no square overflows."""
        unit = 2.0 ** (int(np.frexp(max(np.abs(part).max(initial=0) for part in self))[1]) - 1)
        analytic, numeric, errors = (part / unit for part in self)
        gap, *sizes, error = map(np.linalg.norm, (analytic - numeric, analytic, numeric, errors))
        return float(gap), float(sum(sizes)), float(error), unit

    def difference(self, tolerance: float, most: float = inf) -> float:
        """‖analytic - numeric‖ / (‖analytic‖ + ‖numeric‖); the divisor has a least size, at most ``most``."""
        gap, scale, error, unit = self.norms()
        least = min(error / tolerance, most / unit)  # so that the numeric error alone stays in the tolerance
        return gap / float(np.hypot(scale, least)) if gap else 0.0

    def undecided(self, size: float) -> bool:
        """Whether the numeric error is too large to decide, and explains the gap."""
        gap, scale, error, unit = self.norms()
        return gap <= EXPLAINED * error and error > UNSURE * max(scale, 1e-4 * size / unit)


def compare_all(objective: Objective, derivatives: Iterable[Derivative], options: Options) -> GradientReport:
    """Each derivative compared with finite differences, and all of them together; without a diagnosis."""
    checks: list[ParameterCheck] = []
    parts: list[Compared] = []
    for derivative in derivatives:
        name, quantity, value, _ = derivative
        shape = objective.tape[quantity].shape
        if value.shape != shape:
            checks.append(ParameterCheck(name, shape, 0, 0, inf, (), nan, nan, "wrong shape"))
            continue
        check, part = _compare(objective, derivative, options)
        checks.append(check)
        parts += [part] if check.checkable else []
    apart = inf
    if parts:
        together = Compared(*(np.concatenate(part) for part in zip(*parts, strict=True)))
        # with a given epsilon the number is that of the lecture, unless the gradient is next to 0
        apart = together.difference(options.tolerance, inf if options.epsilon is None else 1e-4)
    return GradientReport(tuple(checks), apart, options.tolerance)


def _compare(
    objective: Objective, derivative: Derivative, options: Options
) -> tuple[ParameterCheck, Compared]:
    """One derivative compared with finite differences, entry by entry."""
    name, quantity, value, factor = derivative
    evaluate = objective.along(quantity, factor)
    start = evaluate()
    size = max(1.0, abs(start.cost))
    flat = objective.tape[quantity].reshape(-1)
    central = partial(_central, flat, evaluate, start, STENCILS[options.order])
    entries = evenly_spread(flat.size, options.max_entries or flat.size)
    numeric, errors = np.array([_settled(central, entry, size, options.epsilon) for entry in entries]).T
    smooth = np.isfinite(numeric)
    entries = entries[smooth]
    part = Compared(value.ravel()[entries], numeric[smooth], errors[smooth])
    apart = part.difference(options.tolerance)
    verdict = "good" if apart < options.tolerance else "wrong"
    worst: tuple[int, ...] = ()
    at_worst = nan, nan  # where all entries are at a kink
    if len(entries):
        index = int(np.argmax(np.abs(part.analytic - part.numeric)))
        worst = tuple(map(int, np.unravel_index(entries[index], value.shape)))
        at_worst = float(part.analytic[index]), float(part.numeric[index])
    if not len(entries) or part.undecided(size):
        verdict = "not checkable"
    at_kink = int((~smooth).sum())
    return ParameterCheck(name, value.shape, len(entries), at_kink, apart, worst, *at_worst, verdict), part


def _central(
    value: Array,
    evaluate: Evaluate,
    start: Evaluated,
    stencil: tuple[tuple[int, float], ...],
    entry: int,
    distance: float,
) -> tuple[float, float] | None:
    """The central difference by one entry, and the change of slope at a bend; None across a kink."""
    middle = value[entry]
    seen: list[Evaluated] = []
    for step, _ in stencil:
        value[entry] = middle + step * distance
        seen.append(evaluate())
        if not np.array_equal(seen[-1].sides, start.sides):
            value[entry] = middle
            return None
    value[entry] = middle
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
    """The derivative by one entry and its possible error; NaN if no two distances are free of kinks.

    Without ``epsilon`` the distance descends the `LADDER` until two neighbouring distances agree up to
    rounding and a far shorter one does not contradict them: where a unit saturates on both sides, they agree
    on its contribution of 0. Otherwise the pair that agrees best counts, with twice its disagreement as the
    error. Across a bend two distances may agree by chance, and the error is at least the change of slope.
    """
    if epsilon is not None:
        slope = central(entry, epsilon)
        return (nan, inf) if slope is None else (slope[0], slope[1] + _rounding(size, epsilon))
    best: tuple[float, float] = (nan, inf)
    before: tuple[float, float] | None = None
    for rung, distance in enumerate(LADDER):
        slope, rounding = central(entry, distance), _rounding(size, distance)
        if slope is not None and before is not None:
            (coarser, bent), (finer, change) = before, slope
            gap = abs(finer - coarser)
            if gap > rounding or bent > rounding:
                best = min(best, (finer, max(2 * gap, change, rounding)), key=lambda pair: pair[1])
            else:
                witness = LADDER[min(max(rung + 1, WITNESS), len(LADDER) - 1)]
                seen = central(entry, witness)
                if seen is None or abs(seen[0] - finer) <= EXPLAINED * _rounding(size, witness):
                    agreed = coarser, max(2 * gap, rounding / 2, bent)
                    # an earlier pair that was only just apart may be the better one
                    same = abs(best[0] - agreed[0]) <= EXPLAINED * agreed[1]
                    return min(best, agreed, key=lambda pair: pair[1]) if same else agreed
        before = slope
    return best


def _rounding(size: float, distance: float) -> float:
    """The error of a derivative from the rounding of costs of this size."""
    return 16 * float(np.finfo(np.float64).eps) * size / distance


def check_gradients(
    architecture: Architecture,
    parameters: Parameters,
    X: Array,
    Y: Array,
    *,
    gradients: Mapping[str, Array] | None = None,
    sample_weight: Array | None = None,
    settings: Settings | None = None,
    epsilon: float | None = None,
    order: int = 4,
    tolerance: float = 1e-7,
    max_entries: int | None = 200,
) -> GradientReport:
    """Compare gradients with finite differences of the cost, in float64.

    dW, db and dgamma are derivatives of J with batch normalization as well, where the examples interact.

    Parameters
    ----------
    architecture, parameters
        The network.
    X : array of shape (n_0, m)
        Inputs; a column is an example.
    Y : array of shape (n_L, m)
        Target.
    gradients : mapping, optional
        dW1, db1, … to check, for example from code of your own; by default those of training.
    sample_weight : array of shape (m,), optional
        Weight of each example, at least 0; scaled to mean 1.
    settings : Settings, optional
        ``l1`` and ``l2`` are part of the cost. The dropout masks are those of step 1 and are kept while θ
        moves. Batch normalization uses the statistics of the batch.
    epsilon : float, optional
        Distance of the differences. By default the distance of each entry is reduced until two neighbouring
        ones agree, so that inputs of any size are checked up to rounding.
    order : int, optional
        Order of the error, 2 or 4: 2 is the lecture's two-sided difference.
    tolerance : float, optional
        A derivative with a smaller difference is right.
    max_entries : int, optional
        Most entries checked for each parameter, evenly spread; None for all.

    Returns
    -------
    GradientReport

    Raises
    ------
    ConfigurationError
        If the order is unknown, or epsilon, the tolerance or the number of entries is not positive.
    ShapeError
        If a gradient is missing.

    Examples
    --------
    >>> from deepstep import Network
    >>> net = Network([3, 4, 1], activation="tanh", seed=1)
    >>> X, Y = np.random.RandomState(2).randn(3, 5), np.array([[0, 1, 1, 0, 1]])
    >>> report = net.check_gradients(X, Y)
    >>> report.passed, report.difference < 1e-9
    (True, True)
    """
    options = Options(epsilon, order, tolerance, max_entries).checked()
    theta = parameters.astype(np.float64)
    X, Y = np.asarray(X, dtype=np.float64), np.asarray(Y, dtype=np.float64)
    weight = None if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)
    settings = settings or Settings()
    session = ReferenceSession(architecture, theta, settings)
    masks = session.drawn_masks(X.shape[1], number=1)
    graph, tape = architecture.run(X, theta, masks=masks)
    head = get_head(architecture)
    objective = Objective(graph, tape, head, Y, weight, settings)
    if gradients is None:
        _, gradient = session.cost_and_gradient(X, Y, sample_weight=weight, masks=masks)
        gradients = {f"d{name}": value for name, value in theta.like(gradient).items()}
    derivatives = [Derivative(name, name, _gradient(gradients, f"d{name}")) for name in theta]
    report = compare_all(objective, derivatives, options)
    return report if report.passed else replace(report, diagnosis=name_fault(gradients, objective))


def _gradient(gradients: Any, name: str) -> Array:
    if not isinstance(gradients, Mapping):
        raise DataError.must_be("gradients", "a mapping with dW1, db1, …", type(gradients).__name__)
    if gradients.get(name) is None:
        raise ShapeError.must_be("gradients", f"have {name}", ", ".join(map(str, gradients)) or "none")
    try:
        return np.asarray(gradients[name], dtype=np.float64)
    except (TypeError, ValueError):
        raise DataError.must_be(name, "an array of numbers", type(gradients[name]).__name__) from None
