"""Stage 7, inspection: from a network and examples to a trace, checked gradients and findings."""

from deepstep.inspection.faults import FAULTS
from deepstep.inspection.findings import Beginning, Finding, diagnose
from deepstep.inspection.gradient_check import GradientReport, ParameterCheck, check_gradients
from deepstep.inspection.trace import Trace, TraceEntry

__all__ = [
    "FAULTS",
    "Beginning",
    "Finding",
    "GradientReport",
    "ParameterCheck",
    "Trace",
    "TraceEntry",
    "check_gradients",
    "diagnose",
]
