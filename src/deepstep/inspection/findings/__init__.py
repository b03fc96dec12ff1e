"""Findings: common problems of a training, found in its records, its layers and its predictions."""

from deepstep.inspection.findings.finding import Finding, in_order
from deepstep.inspection.findings.leaks import leak_findings
from deepstep.inspection.findings.predictions import (
    MemberSummary,
    constant_target,
    diagnose_ensemble,
    held_out_findings,
    label_findings,
    never_recognized,
)
from deepstep.inspection.findings.training import Beginning, diagnose, divergence_finding

__all__ = [
    "Beginning",
    "Finding",
    "MemberSummary",
    "constant_target",
    "diagnose",
    "diagnose_ensemble",
    "divergence_finding",
    "held_out_findings",
    "in_order",
    "label_findings",
    "leak_findings",
    "never_recognized",
]
