"""Findings about a training: what a person who has seen many of them would say at a glance."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from deepstep.equations import model_forward
from deepstep.inspection.findings.classes import class_findings
from deepstep.inspection.findings.committee import MemberCourse, diagnose_committee
from deepstep.inspection.findings.course import course_findings, divergence_finding
from deepstep.inspection.findings.finding import Finding, sorted_by_severity
from deepstep.inspection.findings.held_out import held_out_findings
from deepstep.inspection.findings.layers import (
    gradient_findings,
    twin_findings,
    unit_findings,
    update_findings,
)
from deepstep.inspection.findings.leaks import leak_findings
from deepstep.inspection.findings.targets import constant_target, label_findings, target_findings
from deepstep.network import Architecture, Parameters
from deepstep.training import History
from deepstep.training.health import health_in, unit_health
from deepstep.types import Array

__all__ = [
    "Finding",
    "MemberCourse",
    "constant_target",
    "diagnose",
    "diagnose_committee",
    "divergence_finding",
    "held_out_findings",
    "label_findings",
    "leak_findings",
    "sorted_by_severity",
]


def diagnose(
    history: History,
    *,
    architecture: Architecture | None = None,
    parameters: Parameters | None = None,
    X: Array | None = None,
    Y: Array | None = None,
    scores: Mapping[str, Any] | None = None,
    kept_best: bool = False,
    diverged: Mapping[str, Any] | None = None,
) -> list[Finding]:
    """Look for what went wrong in a training.

    Parameters
    ----------
    history : History
        Its records. With those of the callback `deepstep.training.Health` layers are looked at, too.
    architecture : Architecture, optional
        Of the network, for advice that fits.
    parameters : Parameters, optional
        Of the network as it is now: units that are all the same are found. It needs the architecture.
    X : array of shape (n_x, m), optional
        Examples, some hundred: the units are looked at on these, and not as Health saw them last.
    Y : array of shape (n_L, m), optional
        The targets of X, best of rows that were not learned from: labels that may be wrong are found, and a
        target that never changes. It needs the architecture and the parameters.
    scores : mapping, optional
        Figures of the answers to some rows: ``accuracy``, ``majority_accuracy``, ``recall`` by class.
    kept_best : bool
        Whether patience kept the parameters of the best epoch, so that what came later did no harm.
    diverged : mapping, optional
        What a `DivergenceError` said that ended the training: ``came``, ``mend``, ``layer``, ``step``.

    Returns
    -------
    list of Finding
        The most serious first; empty where nothing was found.

    Examples
    --------
    >>> costs = [0.7 - 0.0001 * epoch for epoch in range(20)]
    >>> history = History({"epoch": epoch, "cost": cost} for epoch, cost in enumerate(costs))
    >>> print(*diagnose(history))
    the cost fell steadily, and by no more than 0.27 % in 20 epochs; raise the learning rate: deepstep
    find-learning-rate suggests one.
    """
    found = [] if diverged is None else [divergence_finding(diverged)]
    if len(history) and diverged is None:
        found += course_findings(history, kept_best=kept_best)
    seen = [(look, record) for record in history if (look := health_in(record)) is not None]
    looks = [look for look, _ in seen]
    steps = [int(record.get("step", record["epoch"] + 1)) for _, record in seen]
    if X is not None and parameters is not None and architecture is not None:
        with np.errstate(all="ignore"):
            now = [unit_health(architecture, parameters, X)]
            if Y is not None:
                AL = model_forward(
                    X,
                    parameters,
                    activations=architecture.activations,
                    normalization=architecture.normalization,
                )[0]
                found += target_findings(Y, AL, architecture.output)
        found += unit_findings(now, [int(history[-1].get("step", 0)) if len(history) else 0], architecture)
    elif looks:
        found += unit_findings(looks, steps, architecture)
    if looks:
        found += gradient_findings(looks, steps)
        last = history[-1]
        updates = max(1.0, last.get("step", 1) / (last["epoch"] + 1))
        found += update_findings(looks, steps, updates, max(1.0, len(history) / len(looks)))
    if parameters is not None:
        found += twin_findings(parameters)
    if scores is not None:
        found += [*constant_target(scores), *class_findings(scores)]
    return sorted_by_severity(found)
