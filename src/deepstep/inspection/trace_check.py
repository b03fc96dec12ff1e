"""Finite differences at every quantity of a trace, not only at the parameters."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from deepstep.engines import Settings, total_weight
from deepstep.equations import (
    NORMALIZATIONS,
    cost_from_logits,
    dropout_forward,
    get_activation,
    get_head,
    l1_cost,
    l2_cost,
    linear_forward,
    members_linear_forward,
    members_output_forward,
    scaled_weights,
)
from deepstep.inspection.finite_differences import (
    Evaluate,
    judge,
    numeric_gradient,
    spread,
)
from deepstep.inspection.tables import html_table, text_table
from deepstep.network import Architecture
from deepstep.network.layout import PARAMETER
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
    checks = []
    for name in names:
        target = name[1:]
        # the parameters' derivatives are those of J, all others of J times their number of columns
        factor = 1 if _is_parameter(target) else work[target].shape[1]
        evaluate = _cost_from(architecture, settings, work, target, factor=factor)
        entries = spread(work[name].size, max_entries)
        numeric = numeric_gradient(work[target].reshape(-1), entries, evaluate, epsilon=epsilon)
        smooth = ~np.isnan(numeric.values)
        analytic = work[name].ravel()[entries[smooth]]
        size = max(1.0, abs(evaluate()[0]))
        apart, verdict = judge(analytic, numeric.values[smooth], numeric.errors[smooth], size, tolerance)
        counts = int(smooth.sum()), int((~smooth).sum())
        checks.append(QuantityCheck(name, *counts, apart, verdict != "wrong", verdict != "not checkable"))
    return TraceCheck(tuple(checks))


def _is_parameter(target: str) -> bool:
    """Whether it is a parameter, or the scaled weights: what moves a layer and not an example."""
    return target == "W_s1" or PARAMETER.fullmatch(target) is not None


def _cost_from(
    architecture: Architecture, settings: Settings, work: Mapping[str, Array], target: str, *, factor: float
) -> Evaluate:
    """J times a factor, run from one quantity on; the quantity is changed in place from outside."""
    layer = int(re.sub(r"\D", "", target))
    steps = {
        name: step
        for at in range(1, architecture.n_layers + 1)
        for name, step in _steps(architecture, at, work, scale=target != "W_s1")
    }
    begin = f"A{layer - 1}" if _is_parameter(target) else target
    order = ["A0", *steps]
    to_run = order[order.index(begin) + 1 : -1]  # up to Z[L]: the loss comes from the logits
    kinks = {
        f"Z{at}": get_activation(name).kinks for at, name in enumerate(architecture.activations, start=1)
    }
    head, weight = get_head(architecture), work.get("w")
    # all other weights' terms are the same throughout
    weights = work[target] if target == f"W{layer}" else None
    row = None if weight is None else weight[0]
    total = total_weight(work["Y"], row)

    def evaluate() -> tuple[float, AnyArray]:
        value = work[begin]
        switches: list[AnyArray] = [value.ravel() > kink for kink in kinks.get(begin, ())]
        for name in to_run:
            value = steps[name](value)
            switches += [value.ravel() > kink for kink in kinks.get(name, ())]
        if head.kinks is not None:
            switches.append(head.kinks(value, work["Y"]).ravel() > 0)
        cost = cost_from_logits(value, work["Y"], output=head, sample_weight=row)
        if weights is not None and settings.l1:
            cost += l1_cost([weights], settings.l1, total)
            switches.append(weights.ravel() > 0)
        if weights is not None and settings.l2:
            cost += l2_cost([weights], settings.l2, total)
        return factor * cost, np.concatenate(switches) if switches else np.empty(0, dtype=bool)

    return evaluate


def _steps(
    architecture: Architecture, layer: int, work: Mapping[str, Array], *, scale: bool
) -> Iterator[tuple[str, Callable[[Array], Array]]]:
    """The quantities of a layer in their order, each as a function of the one before. Without ``scale`` the
    scaled weights are taken as they stand.
    """
    b, kind, members = work[f"b{layer}"], "none", architecture.shared_members
    if layer < architecture.n_layers:
        kind = architecture.normalization[layer - 1]

    def weights() -> Array:
        if layer > 1 or not architecture.input_scale:
            return work[f"W{layer}"]
        return scaled_weights(work["W1"], work["s1"]) if scale else work["W_s1"]

    if members and layer == 1:
        yield "Z1", lambda A: members_linear_forward(A, weights(), b, work["r1"])[0]
    elif members and layer == architecture.n_layers:
        yield f"Z{layer}", lambda A: members_output_forward(A, weights(), b, members)[0]
    elif kind == "none":
        yield f"Z{layer}", lambda A: linear_forward(A, weights(), b)[0]
    else:
        gamma, normalize = work[f"gamma{layer}"], NORMALIZATIONS[kind].forward
        yield f"U{layer}", lambda A: weights() @ A
        yield f"U_hat{layer}", lambda U: normalize(U).U_hat
        yield f"Z{layer}", lambda U_hat: gamma * U_hat + b
    yield from _activation_steps(architecture, layer, work)


def _activation_steps(
    architecture: Architecture, layer: int, work: Mapping[str, Array]
) -> Iterator[tuple[str, Callable[[Array], Array]]]:
    """From Z to A: by way of g(Z) where A is more than that."""
    g, before = get_activation(architecture.activations[layer - 1]).forward, f"A{layer}"
    bends, masked = layer in architecture.bent, f"mask{layer}" in work
    if bends:
        alpha, before = work[f"alpha{layer}"], f"p(Z{layer})" if masked else before
        at = {"Z": work[f"Z{layer}"]}  # where it stands, until it is moved

        def keeping(Z: Array) -> Array:
            at["Z"] = Z
            return g(Z)

        yield f"g(Z{layer})", keeping
        yield before, lambda g_of_Z: (1 - alpha) * at["Z"] + alpha * g_of_Z
    elif masked:
        yield f"g(Z{layer})", g
    if masked:
        mask = work[f"mask{layer}"]
        yield f"A{layer}", lambda A: dropout_forward(A, mask)
    elif not bends:
        yield f"A{layer}", g
