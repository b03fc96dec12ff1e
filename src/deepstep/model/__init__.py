"""`Network`, the easy-to-use class: takes sizes and examples, gives training, answers and opened steps."""

from deepstep.docstrings import complete
from deepstep.inspection.trace_step import Step
from deepstep.model.network import Network
from deepstep.network import Architecture
from deepstep.training import Plan

complete({"Network": Network, "Step": Step}, Architecture, Plan)

__all__ = ["Network", "Step"]
