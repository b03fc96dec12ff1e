"""The findings about a run, from what its folder holds."""

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from deepstep.inspection.findings import (
    Finding,
    MemberSummary,
    constant_target,
    diagnose,
    diagnose_ensemble,
    divergence_finding,
    held_out_findings,
    in_order,
    label_findings,
)
from deepstep.report.rows import AnyRun, Rows
from deepstep.run import Run
from deepstep.run_folder import DEMO, DIVERGED, LEAKS
from deepstep.training.history import health_in, layers_in
from deepstep.types import Array, is_number

if TYPE_CHECKING:
    from deepstep.estimators import EnsembleRun


NO_MEANS = ("absolute_error", "quantile")
"""Heads whose answers are no means, so that squared errors say little of them."""


def findings_of(run: AnyRun, inputs: Array | None = None, rows: Rows | None = None) -> list[Finding]:
    """Findings about the training of a run.

    run (Run or EnsembleRun):
    inputs (m, n_inputs): Prepared rows on which the units of a network are looked at; by default what Health
        saw last counts.
    rows: Rows that were not learned from: labels of theirs that may be wrong are found.
    returns: The most serious first.

    >>> from deepstep import History, Network
    >>> from deepstep.preparation import ImagePreparation, Preparation, RegressionTarget
    >>> run = Run(
    ...     Network([1, 2, 1], output="identity", initialization="zeros"),
    ...     Preparation(ImagePreparation(1, 1, 1, 1.0), RegressionTarget((0.0,), (1.0,))),
    ...     History(), {}, ((), ()))
    >>> [finding.kind for finding in findings_of(run)]
    ['symmetric units']
    """
    results, diverged = run.config.get("results", {}), run.config.get(DIVERGED)
    if not isinstance(run, Run):
        if diverged is not None:
            return [divergence_finding(diverged)]
        found = diagnose_ensemble(results, _courses(run), **_measured(run))
        found += [*constant_target(results.get("train", {})), *_labels(run, rows), *_leaks(run)]
        return in_order(found)
    scores: dict[str, Any] | None = results.get("train")  # what is never answered there is no matter of luck
    found = diagnose(
        run.history,
        architecture=run.network.architecture,
        parameters=run.network.parameters,
        X=None if inputs is None else inputs.T.astype(run.network.dtype),
        scores=scores,
        kept_best="patience" in run.config.get("settings", {}),
        diverged=diverged,
    )
    if diverged is not None:
        return found
    told = {finding.kind for finding in found}  # such as overfitting, by the costs of the epochs
    held_out = held_out_findings(results, by_squares=_by_squares(run))
    new = [finding for finding in held_out if finding.kind not in told]
    return in_order([*found, *new, *_labels(run, rows), *_leaks(run)])


def _leaks(run: AnyRun) -> Iterator[Finding]:
    """Columns of the table that alone tell the target, as they were found before training."""
    for record in run.config.get(LEAKS, ()):
        yield Finding("leakage", "warning", str(record["says"]), str(record["mend"]), 1.0)


def _labels(run: AnyRun, rows: Rows | None) -> Iterator[Finding]:
    """Labels of these rows that may be wrong."""
    target = run.preparation.target
    if rows is None or not np.isfinite(rows.outputs).all():
        return
    if not target.is_classification:
        return
    shares = target.by_column(run.told(target.probabilities(rows.outputs)))
    answers = rows.answers.reshape(-1, target.n_columns).T
    for name, P, true in zip(run.target_names, shares, answers, strict=True):
        for found in label_findings(P, true, rows.numbers):
            yield replace(found, says=f"{name}: {found.says}" if target.several else found.says)


def no_health(run: Run) -> str:
    """The quantities that the records of a run lack without Health, and how to have it."""
    if DIVERGED in run.config and not len(run.history):
        return (
            "The training diverged before its first epoch was done, so there are no records of units, "
            "gradients and updates."
        )
    lacking = (
        "The records hold no health of the layers, so nothing is said about units, gradients and updates"
    )
    if len(run.history) and layers_in(run.history[-1]):
        lacking = "The layers were looked at before and after the training, and not epoch by epoch"
    if DEMO in run.config:
        return f"{lacking}: deepstep demo keeps none; deepstep train does with --log health."
    return f"{lacking}: train with --log health."


def has_health(run: AnyRun) -> bool:
    """Whether the callback Health watched the training; members of ensembles are never watched."""
    return isinstance(run, Run) and any(health_in(record) for record in run.history)


def _courses(run: "EnsembleRun") -> list[MemberSummary]:
    ensemble = run.ensemble
    return [
        MemberSummary(one.preset.name, one.fold, share, one.epochs, one.best_epoch, one.validation_cost)
        for one, share in zip(ensemble.members, ensemble.shares, strict=True)
    ]


def _measured(run: "EnsembleRun") -> dict[str, Any]:
    budget = run.config.get("settings", {}).get("time_budget")
    return {"by_squares": _by_squares(run), "time_budget": budget if is_number(budget) else None}


def _by_squares(run: AnyRun) -> bool:
    target = run.preparation.target
    return target.several or target.output not in NO_MEANS
