"""`Network`, the easy-to-use class: takes sizes and examples, gives training, answers and opened steps."""

from deepstep.docstrings import complete
from deepstep.model.network import Network
from deepstep.model.step import Step

complete({"Network": Network, "Step": Step})

__all__ = ["Network", "Step"]
