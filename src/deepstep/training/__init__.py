"""Stage 6, training: takes a session and examples, gives trained parameters and their history.

The loop knows epochs, batches, schedules, stopping, callbacks and history; nothing about arrays.
"""

from deepstep.training.callbacks import Callback, Csv, StopTraining, TensorBoard, Training, Update
from deepstep.training.checkpoint import Checkpoint, read_checkpoint
from deepstep.training.checkpoints import ModelCheckpoint, latest_checkpoint
from deepstep.training.fit import train, updates
from deepstep.training.health import Health
from deepstep.training.history import History
from deepstep.training.plan import Plan
from deepstep.training.progress import Progress
from deepstep.training.rate_finder import RateSearch, find_rate
from deepstep.training.schedules import SCHEDULES, Schedule, get_schedule
from deepstep.training.stopping import ReduceLROnPlateau

__all__ = [
    "SCHEDULES",
    "Callback",
    "Checkpoint",
    "Csv",
    "Health",
    "History",
    "ModelCheckpoint",
    "Plan",
    "Progress",
    "RateSearch",
    "ReduceLROnPlateau",
    "Schedule",
    "StopTraining",
    "TensorBoard",
    "Training",
    "Update",
    "find_rate",
    "get_schedule",
    "latest_checkpoint",
    "read_checkpoint",
    "train",
    "updates",
]
