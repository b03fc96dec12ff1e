"""Stage 7, inspection: takes a network and examples, opens a step: its trace, and the check of its gradients."""

from deepstep.inspection.gradient_check import GradientReport, ParameterCheck, check_gradients
from deepstep.inspection.trace import Trace, TraceEntry, trace_step

__all__ = ["GradientReport", "ParameterCheck", "Trace", "TraceEntry", "check_gradients", "trace_step"]
