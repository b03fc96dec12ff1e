"""The findings about a run, from its folder."""

from collections.abc import Iterator
from dataclasses import replace
from operator import attrgetter

import numpy as np

from deepstep.held_out import HeldOut
from deepstep.inspection.findings import (
    Finding,
    MemberSummary,
    constant_target,
    diagnose,
    diagnose_ensemble,
    held_out_findings,
    in_order,
    label_findings,
    never_recognized,
)
from deepstep.inspection.findings.finding import new_finding
from deepstep.inspection.findings.predictions import Scores
from deepstep.preparation import ImagePreparation
from deepstep.report.predictions import classified
from deepstep.run import DEMO, DIVERGED, LEAKS, Run
from deepstep.training.history import health_in, layers_in
from deepstep.types import Array, is_number

OF_CLASSES = ("class never predicted", "class never recognized")
"""Findings that name classes."""

NO_MEANS = ("absolute_error", "quantile")
"""Heads whose predictions are not means, which squared errors do not measure."""


def findings_of(run: Run, inputs: Array | None = None, rows: HeldOut | None = None) -> list[Finding]:
    """Findings about the training of a run.

    Parameters
    ----------
    run : Run
        The run.
    inputs : array of shape (m, n_inputs), optional
        Prepared rows on which the units of a network are examined; by default the last record of Health
        counts.
    rows : HeldOut, optional
        Rows that were not used for training, to find possible label errors.

    Returns
    -------
    list of Finding
        Causes before their consequences, then the most serious first.

    Examples
    --------
    >>> import numpy as np
    >>> from deepstep import History, Network
    >>> from deepstep.preparation import ImagePreparation
    >>> from deepstep.targets import Targets
    >>> run = Run.of_network(
    ...     Network([1, 2, 1], output="identity", initialization="zeros"),
    ...     ImagePreparation(1, 1, 1, 1.0), Targets.of_numbers(),
    ...     History(), {}, np.empty((0, 1)), np.empty((0, 1)))
    >>> [finding.kind for finding in findings_of(run)]
    ['symmetric units']
    """
    results, settings = (run.config.get(name, {}) for name in ("results", "settings"))
    diverged, target = run.config.get(DIVERGED), run.targets
    by_squares = target.several or target.head not in NO_MEANS
    if run.ensemble.only is not None:
        findings = diagnose(
            run.ensemble.history,
            architecture=run.ensemble.network.architecture,
            parameters=run.ensemble.network.parameters,
            X=None if inputs is None else inputs.T.astype(run.ensemble.network.dtype),
            scores=results.get("train"),  # a class never predicted there is not a matter of chance
            kept_best=run.ensemble.only.best_epoch is not None,
            diverged=diverged,
        )
        if diverged is not None:
            return findings
        kinds = {finding.kind for finding in findings}  # overfitting may show in the costs, too
        held_out = held_out_findings(results, by_squares=by_squares)
        findings += [finding for finding in held_out if finding.kind not in kinds]
    else:
        budget = settings.get("time_budget")
        facts = attrgetter("epochs", "best_epoch", "validation_cost")
        members = [
            MemberSummary(member.preset, member.fold, share, *facts(member))
            for member, share in zip(run.ensemble.members, run.ensemble.shares, strict=True)
        ]
        time_budget = budget if is_number(budget) else None
        findings = diagnose_ensemble(results, members, by_squares=by_squares, time_budget=time_budget)
        findings += constant_target(results.get("train", {}))
        if run.config.get("interrupted"):
            findings.append(new_finding("interrupted", 1.0, members=len(members)))
    named = " ".join(finding.says for finding in findings if finding.kind in OF_CLASSES)
    findings += _never_recognized(run, rows, named)
    return in_order([*findings, *_label_errors(run, rows), *_leaks(run)])


def _leaks(run: Run) -> Iterator[Finding]:
    """Columns that alone determine the target, as found before the training."""
    for record in run.config.get(LEAKS, ()):
        yield Finding("leakage", "warning", str(record["says"]), str(record["hint"]), 1.0)


def _never_recognized(run: Run, rows: HeldOut | None, named: str) -> Iterator[Finding]:
    """Classes of which no row is predicted right, of rows that were not learned from, if not ``named``."""
    if rows is None or rows.part in ("train", "kept") or not len(rows.outputs) or not rows.finite:
        return
    several, train = run.targets.several, Scores(run.config.get("results", {}).get("train"))
    for target in classified(run, rows):
        sizes = np.bincount(target.true, minlength=len(target.classes))
        right = np.bincount(target.true[target.true == target.predicted], minlength=len(target.classes))
        zero = {target.classes[k]: int(sizes[k]) for k in np.flatnonzero((sizes > 0) & (right == 0))}
        zero = {name: size for name, size in zero.items() if repr(name) not in named}
        yield from never_recognized(f"{target.name}: " if several else "", rows.part, zero, train)


def _label_errors(run: Run, rows: HeldOut | None) -> Iterator[Finding]:
    if rows is None or not len(rows.outputs) or not rows.finite:
        return
    several = run.targets.several
    for target in classified(run, rows):
        for finding in label_findings(target.probabilities, target.true, rows.numbers):
            yield replace(finding, says=f"{target.name}: {finding.says}") if several else finding


def no_health(run: Run) -> str:
    """The entries that records of a run lack without Health, and how to record it."""
    if DIVERGED in run.config and not len(run.ensemble.history):
        return (
            "The training diverged before the end of its first epoch, so there are no records of units, "
            "gradients and updates."
        )
    lacking = "The records have no health of the layers: units, gradients and updates are not examined"
    if len(run.ensemble.history) and layers_in(run.ensemble.history[-1]):
        lacking = "The layers were examined before and after the training, and not epoch by epoch"
    if DEMO in run.config:
        return f"{lacking}: deepstep demo records none; deepstep train does with --log FILE.csv."
    if isinstance(run.predictor.preparation, ImagePreparation):
        return f"{lacking}: trainings on pictures record none."
    return f"{lacking}: train with --log FILE.csv."


def has_health(run: Run) -> bool:
    """Whether the callback Health recorded the training; it never does for members of ensembles."""
    return run.ensemble.only is not None and any(health_in(record) for record in run.ensemble.history)
