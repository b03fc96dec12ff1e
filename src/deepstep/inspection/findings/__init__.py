"""Findings about a training, as a person who has seen many of them would have at a glance."""

from deepstep.inspection.findings.answers import constant_target, held_out_findings, label_findings
from deepstep.inspection.findings.beginning import Beginning
from deepstep.inspection.findings.ensemble import MemberCourse, diagnose_ensemble
from deepstep.inspection.findings.finding import Finding, in_order
from deepstep.inspection.findings.leaks import leak_findings
from deepstep.inspection.findings.training import diagnose, divergence_finding

__all__ = [
    "Beginning",
    "Finding",
    "MemberCourse",
    "constant_target",
    "diagnose",
    "diagnose_ensemble",
    "divergence_finding",
    "held_out_findings",
    "in_order",
    "label_findings",
    "leak_findings",
]
