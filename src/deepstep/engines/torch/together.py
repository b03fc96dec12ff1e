"""Many workers on one batch: each works on a part of its rows, and one all-reduce adds the gradients up.

Every worker knows all examples and takes its part of each batch, so orders, masks, noise and weights are
those of one worker, and all workers have the same state after every step.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor, distributed

from deepstep.engines.torch.passes import Cache
from deepstep.engines.torch.session import TorchSession
from deepstep.engines.torch.step import Batch
from deepstep.engines.torch.stepping import Stepper, Task
from deepstep.errors import ConfigurationError, WorkerError
from deepstep.network import Architecture
from deepstep.types import Array

ROUND = 1021
"""Numbers of steps are compared modulo this: their sum over a thousand workers is exact in float32."""


class SharingStepper(Stepper):
    """A `Stepper` that does its part of each batch."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        n = self.machine.gradient.numel()
        self._message = self.machine.gradient.new_empty(n + 2)

    def part(self, m: int, start: int = 0) -> slice:
        """The rows of this worker: as many as the others have, or one more; none where there are too few."""
        rank, workers = distributed.get_rank(), distributed.get_world_size()
        return slice(start + m * rank // workers, start + m * (rank + 1) // workers)

    def _cost_and_gradient(self, task: Task, examples: Batch, total: float) -> tuple[Tensor, list[Cache]]:
        """Of the whole batch, in all workers the same."""
        machine, message = self.machine, self._message
        message.zero_()
        here = len(examples.Y)
        if here:
            J, _ = machine.of_the_data(self.here, examples)
            torch.mul(machine.gradient, here / task.m, out=message[:-2])
            message[-2] = J * (here / task.m)
        message[-1] = step = self.now.step % ROUND
        add_up_(message)
        if float(message[-1]) != step * distributed.get_world_size():
            raise WorkerError(
                f"worker {distributed.get_rank()}",
                "all workers at the same step",
                f"this one is at step {self.now.step}, and others are not",
                "Let all of them read the checkpoints of the same folder.",
            )
        machine.gradient.copy_(message[:-2])
        return machine.regularize(self.here, message[-2], total), []


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

    def part(self, m: int) -> slice:
        """The rows of this worker, of m that all have."""
        return self._stepper.part(m)

    def summed(self, values: Array) -> Array:
        """The sums over all workers, in each of them the same."""
        message = torch.tensor(np.asarray(values), dtype=torch.float64, device=self._device)
        return np.array(add_up_(message).cpu().numpy())

    def _stepper_for(self, *arguments: Any) -> Stepper:
        return SharingStepper(*arguments)


def add_up_(message: Tensor) -> Tensor:
    """Add up a message of all workers, in place.

    Raises
    ------
    WorkerError
        If one of them has ended, or does not answer in the time that the process group gives.
    """
    try:
        distributed.all_reduce(message)
    except RuntimeError as error:
        raise lost_worker(error) from error
    return message


def lost_worker(error: RuntimeError) -> WorkerError:
    """The error where a message did not come through."""
    words = str(error).splitlines()[0] if str(error) else type(error).__name__
    late = "timed out" in words.lower() or "timeout" in words.lower()
    came = "one of them hangs, or takes longer than it may" if late else WorkerError.ENDED
    return WorkerError(
        f"worker {distributed.get_rank()}",
        "an answer of all workers",
        f"{came} ({words:.160})",
        "With --max-restarts=3 torchrun starts all of them again, and they go on from the last checkpoint.",
    )
