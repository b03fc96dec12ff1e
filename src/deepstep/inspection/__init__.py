"""Stage 7, inspection: takes a network and examples, gives a trace, checked gradients, findings."""

from deepstep.inspection.findings import Finding, diagnose
from deepstep.inspection.gradient_check import GradientReport, ParameterCheck, check_gradients
from deepstep.inspection.trace import Trace, TraceEntry
from deepstep.inspection.trace_step import trace_step

__all__ = [
    "Finding",
    "GradientReport",
    "ParameterCheck",
    "Trace",
    "TraceEntry",
    "check_gradients",
    "diagnose",
    "trace_step",
]
