"""Our torch engine with products of matrices in bfloat16."""

from race.entrants import torch_session


class Entrant(torch_session.Entrant):
    precision = "bfloat16"
