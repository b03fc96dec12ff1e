"""Stage 7, inspection: takes a network and examples, gives a trace, checked gradients, findings."""

from deepstep.inspection.findings import (
    Finding,
    MemberCourse,
    diagnose,
    diagnose_committee,
    divergence_finding,
)
from deepstep.inspection.gradient_check import GradientReport, ParameterCheck, check_gradients
from deepstep.inspection.trace import Trace, TraceEntry
from deepstep.inspection.trace_step import trace_step

__all__ = [
    "Finding",
    "GradientReport",
    "MemberCourse",
    "ParameterCheck",
    "Trace",
    "TraceEntry",
    "check_gradients",
    "diagnose",
    "diagnose_committee",
    "divergence_finding",
    "trace_step",
]
