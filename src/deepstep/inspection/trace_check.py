"""Finite differences at every quantity of a trace, not only at the parameters."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from deepstep.engines import Settings, total_weight
from deepstep.equations import Graph, Head, cost_from_logits, get_head, l1_cost, l2_cost
from deepstep.equations.ops import forward
from deepstep.inspection.finite_differences import (
    Evaluate,
    judge,
    numeric_gradient,
    spread,
)
from deepstep.inspection.tables import html_table, text_table
from deepstep.network import Architecture
from deepstep.types import AnyArray, Array


@dataclass(frozen=True)
class QuantityCheck:
    """The check of one derivative.

    Attributes
    ----------
    name : str
        ``"dZ2"``, ``"dW1"``, …
    checked, at_kink : int
        Entries compared; entries left out because a kink of a unit or of the loss is there.
    difference : float
        ‖analytic - numeric‖ / (‖analytic‖ + ‖numeric‖).
    good : bool
        Whether nothing speaks against it.
    checkable : bool
        Whether finite differences are exact enough here to tell.
    """

    name: str
    checked: int
    at_kink: int
    difference: float
    good: bool
    checkable: bool = True


@dataclass(frozen=True)
class TraceCheck:
    """The check of all derivatives of a trace, in the order of the backward pass."""

    checks: tuple[QuantityCheck, ...]

    @property
    def passed(self) -> bool:
        """Whether every derivative is right."""
        return all(check.good for check in self.checks)

    @property
    def first_wrong(self) -> str | None:
        """Where the backward pass goes wrong first."""
        return next((check.name for check in self.checks if not check.good), None)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types."""
        return {
            "passed": self.passed,
            "first_wrong": self.first_wrong,
            "checks": [asdict(check) for check in self.checks],
        }

    _HEADER = ("quantity", "entries", "at a kink", "difference", "verdict")

    def _rows(self) -> list[tuple[str, ...]]:
        return [
            (
                check.name,
                str(check.checked),
                str(check.at_kink),
                f"{check.difference:.2e}",
                ("good" if check.checkable else "not checkable") if check.good else "WRONG",
            )
            for check in self.checks
        ]

    def __str__(self) -> str:
        return text_table(self._HEADER, self._rows())

    def _repr_html_(self) -> str:
        return html_table(self._HEADER, self._rows(), caption="Derivatives against finite differences")


def check_entries(
    architecture: Architecture,
    settings: Settings,
    values: Mapping[str, Any],
    names: Iterable[str],
    *,
    epsilon: float | None,
    max_entries: int,
) -> TraceCheck:
    """Check some derivatives among the values of a trace, see `Trace.check`."""
    # C order, so that reshape(-1) below is a view that writes through
    work = {name: np.array(value, dtype=np.float64, order="C") for name, value in values.items()}
    tolerance = 1e-7 if values["A0"].dtype == np.float64 else 1e-3
    dropped = frozenset(l for l in range(1, architecture.n_layers) if f"mask{l}" in work)
    graph = architecture.graph_with_dropout(dropped)
    # the derivatives by what has no column for each example are those of J, all others of J times the columns
    of_layers = {*graph.learned}.union(*(node.written(node.op.per_layer) for node in graph.nodes))
    checks = []
    for name in names:
        target = name[1:]
        factor = 1 if target in of_layers else work[target].shape[1]
        evaluate = _cost_from(graph, get_head(architecture), settings, work, target, factor=factor)
        entries = spread(work[name].size, max_entries)
        numeric = numeric_gradient(work[target].reshape(-1), entries, evaluate, epsilon=epsilon)
        smooth = ~np.isnan(numeric.values)
        analytic = work[name].ravel()[entries[smooth]]
        size = max(1.0, abs(evaluate()[0]))
        apart, verdict = judge(analytic, numeric.values[smooth], numeric.errors[smooth], size, tolerance)
        counts = int(smooth.sum()), int((~smooth).sum())
        checks.append(QuantityCheck(name, *counts, apart, verdict != "wrong", verdict != "not checkable"))
    return TraceCheck(tuple(checks))


def _cost_from(
    graph: Graph, head: Head, settings: Settings, work: Mapping[str, Array], target: str, *, factor: float
) -> Evaluate:
    """J times a factor, run from one quantity on; the quantity is changed in place from outside."""
    moved, weight = graph.after(target), work.get("w")
    nodes = [node for node in moved if node in graph.to_logits]
    row = None if weight is None else weight[0]
    total = total_weight(work["Y"], row)
    # all other weights' terms are the same throughout
    weights = work[target] if target[0] == "W" and target in graph.learned else None

    def evaluate() -> tuple[float, AnyArray]:
        tape = forward(nodes, dict(work))
        ZL = tape[graph.logits]
        switches = [side for node in moved for side in node.sides(tape)]
        if head.kinks is not None:
            switches.append(head.kinks(ZL, work["Y"]).ravel() > 0)
        cost = cost_from_logits(ZL, work["Y"], output=head, sample_weight=row)
        if weights is not None and settings.l1:
            cost += l1_cost([weights], settings.l1, total)
            switches.append(weights.ravel() > 0)
        if weights is not None and settings.l2:
            cost += l2_cost([weights], settings.l2, total)
        return factor * cost, np.concatenate(switches) if switches else np.empty(0, dtype=bool)

    return evaluate
