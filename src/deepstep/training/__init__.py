"""Stage 6, training: takes a session and examples, gives trained parameters and their history.

The loop knows epochs, batches, schedules, stopping, callbacks and history; nothing about arrays.
"""

from deepstep.training.callbacks import Callback, StopTraining, Training, Update
from deepstep.training.checkpoint import Checkpoint, read_checkpoint
from deepstep.training.checkpoints import Checkpoints, latest_checkpoint
from deepstep.training.history import History
from deepstep.training.loop import train, updates
from deepstep.training.plan import Plan
from deepstep.training.plateau import Plateau
from deepstep.training.progress import Progress
from deepstep.training.schedules import SCHEDULES, Schedule, get_schedule

__all__ = [
    "SCHEDULES",
    "Callback",
    "Checkpoint",
    "Checkpoints",
    "History",
    "Plan",
    "Plateau",
    "Progress",
    "Schedule",
    "StopTraining",
    "Training",
    "Update",
    "get_schedule",
    "latest_checkpoint",
    "read_checkpoint",
    "train",
    "updates",
]
