"""Many workers on one batch: each works on a part of its rows, and one all-reduce adds the gradients up.

Of examples in memory every worker has all, and takes its part of each batch; of a `Shard` it has those that
it works on, and knows where they stand. So orders, masks and weights are those of one worker, and all
workers have the same state after every step.
"""

from collections.abc import Iterator, Sequence
from typing import Any
from zlib import crc32

import numpy as np
import torch
from torch import Tensor, distributed

from deepstep.engines.torch.session import TorchSession
from deepstep.engines.torch.step import Batch
from deepstep.engines.torch.stepping import Factors, Stepper, Task
from deepstep.errors import ConfigurationError, WorkerError
from deepstep.network import Architecture
from deepstep.preparation.batches import Communicator, Examples, Shard, Share
from deepstep.types import AnyArray, Array

ROUND = 1021
"""Numbers of steps are compared modulo this: their sum over a thousand workers is exact in float32."""
SCALED = 64
"""Weights are added up times 2 to the power of minus this, so that their sum is not too large."""


class SharingStepper(Stepper):
    """A `Stepper` that does its part of each batch."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        n = self.machine.gradient.numel()
        self._message = self.machine.gradient.new_empty(n + 2)

    def _cost_and_gradient(self, task: Task, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        """Statistics of the whole batch, the same in all workers."""
        return self.of_all(batch, task.m, task.total, self.now.step, f"at step {self.now.step}"), {}

    def of_all(
        self, batch: Batch, m: int, total: float, mark: int, where: str, *, exact: bool = False
    ) -> Tensor:
        """J of all m rows, and ∂J/∂θ in the machine; ``mark`` has to be the same in all workers."""
        machine, message = self.machine, self._message
        message.zero_()
        here = batch.Y.shape[1]
        if here:
            J, _ = machine.of_the_data(self.here, batch, exact=exact)
            torch.mul(machine.gradient, here / m, out=message[:-2])
            message[-2] = J * (here / m)
        message[-1] = mark % ROUND
        add_up_(message)
        if float(message[-1]) != mark % ROUND * distributed.get_world_size():
            raise WorkerError(
                f"worker {distributed.get_rank()}",
                "all workers at the same place",
                f"this one is {where}, and others are not",
                "Let all of them read the checkpoints of the same folder, on processors of one kind.",
            )
        machine.gradient.copy_(message[:-2])
        return machine.regularize(self.here, message[-2], total)


class DistributedSession(TorchSession):
    """A `TorchSession` among those of the other workers of a process group of ``torch.distributed``."""

    _stepper: SharingStepper

    def __init__(self, architecture: Architecture, *given: Any, device: str = "") -> None:
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
        super().__init__(architecture, *given, device=device)
        self.name, self.workers = "distributed", ProcessGroup(self._device)

    @torch.inference_mode()
    def cost_and_gradient_of_all(
        self, X: Array, Y: Array, *, sample_weight: Array | None = None
    ) -> tuple[float, Array]:
        """J and ∂J/∂θ, in θ's own precision; each worker does its part of the columns."""
        m = Y.shape[1]
        batch, total = self._batch(X, Y, sample_weight, self._part(m))
        mark = crc32(self._stepper.here.vectors[0].cpu().numpy().tobytes())
        J = self._stepper.of_all(batch, m, total, mark, "at other parameters", exact=True)
        return float(J), np.array(self._stepper.machine.gradient.cpu().numpy())

    def _stepper_for(self, *arguments: Any) -> SharingStepper:
        return SharingStepper(*arguments)

    def _part(self, m: int) -> slice:
        return self.workers.share.part(m)

    def _tasks(
        self, examples: Examples, order: AnyArray | None, rows: list[slice], factors: Iterator[Factors]
    ) -> Iterator[Task]:
        """The batches that have weight; of a shard with the rows that are here."""
        if not isinstance(examples, Shard):
            yield from super()._tasks(examples, order, rows, factors)
            return
        sizes = [batch.stop - batch.start for batch in rows]
        found = [examples.among(batch) for batch in rows]
        weight, totals = examples.weight, np.array(sizes, float)
        if weight is not None:
            weight = np.ldexp(weight.astype(float), -SCALED)
            totals = self.workers.sums([weight[here].sum() for here, _ in found])
        given = zip(sizes, found, totals.tolist(), factors, strict=True)
        for at, (m, (here, part), total, by) in enumerate(given):
            relative = None
            if weight is not None:
                if total == 0:  # a batch whose weights are all 0 teaches nothing
                    continue
                relative, total = self._feed.tensor(weight[here] / (total / m)), total * 2.0**SCALED
            X, Y = self._feed.take(examples, None, None, here)
            yield Task(at, m, part, Batch(X, Y, relative, {}), total, by)


class ProcessGroup(Communicator):
    """The workers of the process group of ``torch.distributed``, whose messages go by way of a device."""

    def __init__(self, device: torch.device | str = "cpu") -> None:
        self._device = device
        self.share = Share(distributed.get_rank(), distributed.get_world_size())

    def sums(self, values: Sequence[float] | Array) -> Array:
        """Each waits until all have come."""
        message = torch.tensor(np.asarray(values), dtype=torch.float64, device=self._device)
        return np.array(add_up_(message).cpu().numpy())

    def of_the_first(self, *values: float) -> list[float]:
        """As sums to which the others add nothing."""
        found: list[float] = self.sums([0.0 if self.share.rank else value for value in values]).tolist()
        return found


def add_up_(message: Tensor) -> Tensor:
    """Add up a message of all workers, in place; an error where one has ended or does not answer in time."""
    try:
        distributed.all_reduce(message)
    except RuntimeError as error:
        raise lost_worker(error) from error
    return message


def lost_worker(error: RuntimeError, rank: int | None = None) -> WorkerError:
    """The error where a message did not come through; before workers have met, ``rank`` says whose it is."""
    words = str(error).splitlines()[0] if str(error) else type(error).__name__
    late = "timed out" in words.lower() or "timeout" in words.lower()
    got = "one of them hangs, or takes longer than it may" if late else WorkerError.ENDED
    return WorkerError(
        f"worker {distributed.get_rank() if rank is None else rank}",
        "a reply of all workers",
        f"{got} ({words:.160})",
        "With --max-restarts=3 torchrun starts all of them again, and they go on from the last checkpoint.",
    )
