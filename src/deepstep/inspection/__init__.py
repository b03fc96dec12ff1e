"""Stage 7, inspection: takes a network and examples, gives the trace of a step and its checked gradients."""

from deepstep.inspection.gradient_check import GradientReport, ParameterCheck, check_gradients
from deepstep.inspection.trace import Trace, TraceEntry
from deepstep.inspection.trace_step import trace_step

__all__ = ["GradientReport", "ParameterCheck", "Trace", "TraceEntry", "check_gradients", "trace_step"]
