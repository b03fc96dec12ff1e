"""`Network`, the easy-to-use class: takes sizes and examples, gives training, answers and opened steps."""

from deepstep.model.network import Network
from deepstep.model.step import Step

__all__ = ["Network", "Step"]
