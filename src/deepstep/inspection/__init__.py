"""Stage 7, inspection: takes a network and examples, gives a trace, checked gradients, findings."""

from deepstep.inspection.faults import FAULTS
from deepstep.inspection.findings import (
    Finding,
    MemberCourse,
    constant_target,
    diagnose,
    diagnose_committee,
    divergence_finding,
    held_out_findings,
    label_findings,
    leak_findings,
    sorted_by_severity,
)
from deepstep.inspection.finite_differences import ParameterCheck
from deepstep.inspection.gradient_check import GradientReport, check_gradients
from deepstep.inspection.trace import Trace, TraceEntry
from deepstep.inspection.trace_step import trace_step

__all__ = [
    "FAULTS",
    "Finding",
    "GradientReport",
    "MemberCourse",
    "ParameterCheck",
    "Trace",
    "TraceEntry",
    "check_gradients",
    "constant_target",
    "diagnose",
    "diagnose_committee",
    "divergence_finding",
    "held_out_findings",
    "label_findings",
    "leak_findings",
    "sorted_by_severity",
    "trace_step",
]
