"""Many workers on one batch: each works on a part of its rows, and one all-reduce adds the gradients up.

Of examples in memory every worker has all, and takes its part of each batch; of a `Shard` it has those that
it works on, and knows where they stand. So orders, masks and weights are those of one worker, and all
workers have the same state after every step.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from zlib import crc32

import numpy as np
import torch
from torch import Tensor, distributed

from deepstep.engines.session import Batches, StepCosts
from deepstep.engines.torch.passes import Statistics
from deepstep.engines.torch.session import Batch, TorchSession
from deepstep.errors import ConfigurationError, WorkerError
from deepstep.network import Architecture
from deepstep.preparation.batches import Communicator, Examples, Shard, Share, batch, places
from deepstep.types import Array

ROUND = 1021
"""Numbers of steps are compared modulo this: their sum over a thousand workers is exact in float32."""
SCALED = 64
"""Weights are added up times 2 to the power of minus this, so that their sum is not too large."""


class DistributedSession(TorchSession):
    """A `TorchSession` among those of the other workers of a process group of ``torch.distributed``."""

    def __init__(self, architecture: Architecture, *arguments: Any, device: str = "") -> None:
        if not distributed.is_initialized():
            hint = "Train within deepstep.distributed.process_group(), in a script that torchrun starts."
            raise ConfigurationError("There is no process group of torch.distributed", hint)
        if "batch" in architecture.normalization:
            hint = "Examples depend on each other in batch normalization: use normalization='layer'."
            requirement = "'none' or 'layer' on the distributed engine"
            raise ConfigurationError.must_be("normalization", requirement, "'batch'", hint)
        super().__init__(architecture, *arguments, device=device)
        self.name, self.workers = "distributed", ProcessGroup(self._device)
        self._mark = 0  # a mark of the order and the rates of the steps of a call

    @torch.inference_mode()
    def cost_and_gradient_of_all(
        self, X: Array, Y: Array, *, sample_weight: Array | None = None
    ) -> tuple[float, Array]:
        """J and ∂J/∂θ, in θ's own precision; each worker does its part of the columns."""
        mark = crc32(self._state.theta.cpu().numpy().tobytes())
        part = self._batch(X, Y, sample_weight, self._part(Y.shape[1]))
        J, gradient = self._of_all(part, {}, mark, "at other parameters", exact=True)
        return float(J), np.array(gradient.cpu().numpy())

    def _do(self, examples: Examples, batches: Batches, results: StepCosts) -> None:
        # of these batches alone: an epoch has many calls
        rows = [np.r_[batch(batches.order, len(examples), batches.batch_size, i)] for i in batches.numbers]
        self._mark = crc32(batches.rates.tobytes() + np.concatenate(rows).tobytes())
        super()._do(examples, batches, results)

    def _cost_and_gradient(
        self, part: Batch, masks: Mapping[int, Tensor]
    ) -> tuple[Tensor, Tensor, Statistics]:
        """J and ∂J/∂θ of the whole batch, the same in all workers; there are no statistics."""
        step = self._state.step
        return *self._of_all(part, masks, step + self._mark, f"at step {step}"), {}

    def _of_all(
        self, part: Batch, masks: Mapping[int, Tensor], mark: int, where: str, *, exact: bool = False
    ) -> tuple[Tensor, Tensor]:
        """J of all m rows and ∂J/∂θ; ``mark`` has to be the same in all workers."""
        message, here = self._state.theta.new_zeros(self.architecture.n_parameters + 2), part.Y.shape[1]
        if here:
            J, gradient, _ = self._of_the_data(part, masks, exact=exact)
            torch.mul(gradient, here / part.m, out=message[:-2])
            message[-2] = J * (here / part.m)
        message[-1] = mark % ROUND
        add_up_(message)
        if float(message[-1]) != mark % ROUND * distributed.get_world_size():
            worker = f"Worker {distributed.get_rank()} is {where}"
            raise WorkerError(
                f"{worker}, and others are not, or have another order or other rates",
                "Let all of them read the checkpoints of the same folder, on processors of one kind, with "
                "the same orders and schedules.",
            )
        return self._regularized(message[-2], message[:-2], part.total)

    def _part(self, m: int) -> slice:
        return self.workers.share.part(m)

    def _batches(self, examples: Examples, batches: Batches) -> Iterator[Batch]:
        """The batches that have weight; of a shard with the rows that are here."""
        if not isinstance(examples, Shard):
            yield from super()._batches(examples, batches)
            return
        m_all, size = len(examples), batches.batch_size
        rows = [places(batches.order, m_all, size, number) for number in batches.numbers]
        sizes = [batch.stop - batch.start for batch in rows]
        parts = [examples.among(batch) for batch in rows]
        weight, totals = examples.weight, np.array(sizes, float)
        if weight is not None:
            weight = np.ldexp(weight.astype(float), -SCALED)
            totals = self.workers.sums([weight[here].sum() for here, _ in parts])
        for position, (m, (here, part), total) in enumerate(zip(sizes, parts, totals.tolist(), strict=True)):
            relative = None
            if weight is not None:
                if total == 0:  # a batch whose weights are all 0 teaches nothing
                    continue
                relative, total = self._tensor(weight[here] / (total / m)), total * 2.0**SCALED
            yield Batch(position, m, part, *self._taken(examples, here), relative, total)


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
        sums: list[float] = self.sums([0.0 if self.share.rank else value for value in values]).tolist()
        return sums


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
    reason = "one of them hangs, or takes longer than it may" if late else "one of them has ended"
    worker = f"Worker {distributed.get_rank() if rank is None else rank}"
    return WorkerError(
        f"{worker} got no reply of all workers: {reason} ({words:.160})",
        "With --max-restarts=3 torchrun starts all of them again, and they go on from the last checkpoint.",
    )
