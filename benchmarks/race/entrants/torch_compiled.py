"""PyTorch with ``torch.compile``: forward, loss and backward compiled; the optimizer fused as it is."""

import torch

from race.entrants import torch_eager


class Entrant(torch_eager.Entrant):
    def prepared(self, cost):
        """The cost compiled for each shape of batch that comes."""
        return torch.compile(cost, dynamic=False)
