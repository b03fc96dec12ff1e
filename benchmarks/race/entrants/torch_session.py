"""Our torch engine in float32."""

import os

import torch

from race.entrants.session import SessionEntrant

torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))


class Entrant(SessionEntrant):
    engine = "torch:cpu"
