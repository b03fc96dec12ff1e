"""PyTorch's usual loop on a GPU, examples and orders there."""

from race.entrants import torch_eager


class Entrant(torch_eager.Entrant):
    device = "cuda"
