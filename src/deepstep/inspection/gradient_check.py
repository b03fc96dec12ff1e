"""Gradients against finite differences of the cost."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from math import inf, isfinite, nan, prod
from typing import Any, NamedTuple

import numpy as np

from deepstep.engines import ReferenceSession, Settings
from deepstep.equations import get_head
from deepstep.errors import DataError, ShapeError
from deepstep.inspection.fault_search import name_fault
from deepstep.inspection.finite_differences import (
    Objective,
    Options,
    ParameterCheck,
    compare,
    difference,
    least_scale,
)
from deepstep.inspection.tables import html_table, text_table
from deepstep.network import Architecture, Parameters
from deepstep.types import Array


@dataclass(frozen=True)
class GradientReport:
    """Derivatives beside finite differences: of all parameters, or of all quantities of a trace.

    checks: One for each derivative.
    difference: The lecture's one number (course 2 week 1), over all derivatives together.
    tolerance: A derivative is good where its difference is below.
    diagnosis: Where the check failed: the classic fault that explains it.

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
        """Name of the first wrong one; in a trace the place where the backward pass goes wrong."""
        return next((check.name for check in self.checks if not check.good), None)

    def to_dict(self) -> dict[str, Any]:
        """The report as JSON has it, with None for NaN and infinity, where nothing could be compared."""
        return {
            "passed": self.passed,
            "first_wrong": self.first_wrong,
            "difference": _finite_or_none(self.difference),
            "tolerance": self.tolerance,
            "diagnosis": self.diagnosis,
            "checks": [
                {name: _finite_or_none(value) for name, value in asdict(check).items()}
                for check in self.checks
            ],
        }

    _HEADER = ("name", "shape", "entries", "difference", "worst at", "analytic", "numeric", "verdict")

    def _rows(self) -> list[tuple[str, ...]]:
        return [
            (
                check.name,
                str(check.shape),
                _count(check),
                f"{check.difference:.2e}",
                str(list(check.worst)),
                f"{check.analytic:.4g}",
                f"{check.numeric:.4g}",
                check.verdict,
            )
            for check in self.checks
        ]

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
        return text_table(self._HEADER, self._rows()) + "\n" + self._verdict()

    def _repr_html_(self) -> str:
        return html_table(self._HEADER, self._rows(), caption=self._verdict())


class Derivative(NamedTuple):
    """A derivative to check: its name in the report, the quantity, and the factor of J that it belongs to."""

    name: str
    quantity: str
    value: Array
    factor: float = 1.0


def compare_all(objective: Objective, derivatives: Iterable[Derivative], options: Options) -> GradientReport:
    """Each derivative against finite differences, and all of them together; without a diagnosis."""
    checks: list[ParameterCheck] = []
    parts: list[tuple[Array, Array, Array]] = []
    for name, quantity, value, factor in derivatives:
        shape = objective.tape[quantity].shape
        if value.shape != shape:
            checks.append(ParameterCheck(name, shape, 0, 0, inf, (), nan, nan, "wrong shape"))
            continue
        check, part = compare(objective, quantity, value, factor, options)
        checks.append(replace(check, name=name))
        parts += [part] if check.checkable else []
    apart = inf
    if parts:
        analytic, numeric, errors = (np.concatenate(part) for part in zip(*parts, strict=True))
        least = least_scale(errors, options.tolerance)
        if options.epsilon is not None:  # the number is the lecture's then, wherever there is a gradient
            least = min(least, 1e-4)
        apart = difference(analytic, numeric, least)
    return GradientReport(tuple(checks), apart, options.tolerance)


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

    With batch normalization the examples interact; dW, db and dgamma are derivatives of J all the same.

    architecture, parameters: The network.
    X (n_x, m): Inputs.
    Y (n_L, m): Targets.
    gradients: dW1, db1, … to check, for example a learner's own; by default those that train.
    settings: ``l1`` and ``l2`` are part of the cost. The dropout masks and the noise are those of step 1 and
        stay as they are while θ moves. Batch normalization uses the batch's own statistics.
    epsilon: Distance of the differences. By default each entry's distance shrinks until two neighbouring ones
        agree, so that inputs of any size are checked as well as their rounding allows.
    order: Order of their error, 2 or 4: 2 is the lecture's two-sided difference.
    tolerance: Largest difference that counts as right.
    max_entries: Entries checked for each parameter, evenly spread; None for all.
    ConfigurationError: If the order is unknown, or epsilon, the tolerance or the number of entries is not
        positive.
    ShapeError: If a gradient is missing.

    >>> from deepstep import Network
    >>> net = Network([3, 4, 1], activation="tanh", seed=1)
    >>> X, Y = np.random.RandomState(2).randn(3, 5), np.array([[0, 1, 1, 0, 1]])
    >>> report = net.check_gradients(X, Y)
    >>> report.passed, report.difference < 1e-9
    (True, True)
    """
    options = Options(epsilon, order, tolerance, max_entries).checked("check_gradients")
    theta = parameters.astype(np.float64)
    X, Y = np.asarray(X, dtype=np.float64), np.asarray(Y, dtype=np.float64)
    weight = None if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)
    settings = settings or Settings()
    session = ReferenceSession(architecture, theta, settings)
    A0, masks = session.disturbed(X, number=1)
    graph, tape = architecture.run(A0, theta, masks=masks)
    head = get_head(architecture, "check_gradients")
    objective = Objective(graph, tape, head, Y, weight, settings)
    if gradients is None:
        _, gradient = session.cost_and_gradient(A0, Y, sample_weight=weight, masks=masks)
        gradients = {f"d{name}": value for name, value in theta.like(gradient).items()}
    derivatives = [Derivative(name, name, _gradient(gradients, f"d{name}")) for name in theta]
    report = compare_all(objective, derivatives, options)
    return report if report.passed else replace(report, diagnosis=name_fault(gradients, objective))


def _gradient(gradients: Any, name: str) -> Array:
    where = "check_gradients"
    if not isinstance(gradients, Mapping):
        expected = "gradients must be a mapping with dW1, db1, …"
        raise DataError(where, expected, f"got {type(gradients).__name__}")
    if gradients.get(name) is None:
        raise ShapeError(where, f"gradients must have {name}", f"got {', '.join(map(str, gradients))}")
    try:
        return np.asarray(gradients[name], dtype=np.float64)
    except (TypeError, ValueError):
        got = f"got {type(gradients[name]).__name__}"
        raise DataError(where, f"{name} must be an array of numbers", got) from None


def _finite_or_none(value: Any) -> Any:
    return None if isinstance(value, float) and not isfinite(value) else value


def _count(check: ParameterCheck) -> str:
    """How many entries were compared, of how many."""
    size = prod(check.shape)
    count = str(size) if check.checked == size else f"{check.checked}/{size}"
    return f"{count}, {check.at_kink} at a kink" if check.at_kink else count
