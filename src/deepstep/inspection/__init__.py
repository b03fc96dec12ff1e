"""Stage 7, inspection: takes a network and examples, gives a trace, checked gradients, findings."""

from deepstep.inspection.faults import FAULTS
from deepstep.inspection.findings import (
    Beginning,
    Finding,
    MemberCourse,
    diagnose,
    diagnose_committee,
    label_findings,
    leak_findings,
)
from deepstep.inspection.finite_differences import ParameterCheck
from deepstep.inspection.gradient_check import GradientReport, check_gradients
from deepstep.inspection.trace import Trace, TraceEntry
from deepstep.inspection.trace_step import trace_step

__all__ = [
    "FAULTS",
    "Beginning",
    "Finding",
    "GradientReport",
    "MemberCourse",
    "ParameterCheck",
    "Trace",
    "TraceEntry",
    "check_gradients",
    "diagnose",
    "diagnose_committee",
    "label_findings",
    "leak_findings",
    "trace_step",
]
