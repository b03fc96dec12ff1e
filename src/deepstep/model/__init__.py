"""`Network`, the easy-to-use class: takes sizes and examples, gives training, answers and opened steps."""

from deepstep.inspection.trace_step import Step
from deepstep.model.network import Network

__all__ = ["Network", "Step"]
