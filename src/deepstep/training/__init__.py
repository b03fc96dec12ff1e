"""Stage 6, training: takes a session and examples, gives trained parameters and their history.

The loop knows epochs, batches, schedules, stopping, callbacks and history; nothing about arrays.
"""

from deepstep.training.callbacks import Callback, StopTraining, Training, Update
from deepstep.training.history import History
from deepstep.training.loop import train, updates
from deepstep.training.plan import Plan
from deepstep.training.progress import Progress

__all__ = [
    "Callback",
    "History",
    "Plan",
    "Progress",
    "StopTraining",
    "Training",
    "Update",
    "train",
    "updates",
]
