"""Many workers on one batch: each works on a part of its rows, and one all-reduce adds the gradients up.

Every worker knows all examples and takes its part of each batch, so orders, masks, noise and weights are
those of one worker, and all workers have the same state after every step.
"""

from typing import Any

import torch
from torch import Tensor, distributed

from deepstep.engines.torch.passes import Cache
from deepstep.engines.torch.session import TorchSession
from deepstep.engines.torch.step import Batch
from deepstep.engines.torch.stepping import Stepper, Task
from deepstep.errors import ConfigurationError
from deepstep.network import Architecture


class SharingStepper(Stepper):
    """A `Stepper` that does its part of each batch."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._rank, self._workers = distributed.get_rank(), distributed.get_world_size()
        n = self.machine.gradient.numel()
        self._message = self.machine.gradient.new_empty(n + 1)

    def part(self, m: int, start: int = 0) -> slice:
        """The rows of this worker: as many as the others have, or one more; none where there are too few."""
        bounds = (m * self._rank // self._workers, m * (self._rank + 1) // self._workers)
        return slice(start + bounds[0], start + bounds[1])

    def _cost_and_gradient(self, task: Task, examples: Batch, total: float) -> tuple[Tensor, list[Cache]]:
        """Of the whole batch, in all workers the same."""
        machine, message = self.machine, self._message
        message.zero_()
        here = len(examples.Y)
        if here:
            J, _ = machine.of_the_data(self.here, examples)
            torch.mul(machine.gradient, here / task.m, out=message[:-1])
            message[-1] = J * (here / task.m)
        distributed.all_reduce(message)
        machine.gradient.copy_(message[:-1])
        return machine.regularize(self.here, message[-1], total), []


class DistributedSession(TorchSession):
    """A `TorchSession` among those of the other workers of a process group of ``torch.distributed``."""

    def __init__(self, architecture: Architecture, *arguments: Any, device: str = "", **options: Any) -> None:
        if not distributed.is_initialized():
            raise ConfigurationError(
                "the distributed engine",
                "a process group of torch.distributed",
                "there is none",
                "Use deepstep.distributed.fit, in a script that torchrun starts.",
            )
        if "batch" in architecture.normalization:
            raise ConfigurationError(
                "the distributed engine",
                "layers whose examples do not depend on each other",
                "got normalization='batch'",
                "Use normalization='layer'.",
            )
        super().__init__(architecture, *arguments, device=device, **options)
        self.name = "distributed"

    def _stepper_for(self, *arguments: Any) -> Stepper:
        return SharingStepper(*arguments)
