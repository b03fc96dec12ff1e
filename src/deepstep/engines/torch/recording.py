"""Steps that are recorded once and played again: a CUDA graph, which the GPU does without waiting for Python.

A recorded step reads its batch and its numbers from tensors that stay where they are. Nobody looks at the
cost before the update then; instead, once a cost is not finite, the update is put back on the device, and
every later one with it.
"""

from collections.abc import Callable, Iterable
from functools import cache, partial
from threading import Lock
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import torch
from torch import Tensor

from deepstep.engines.session import StepCosts
from deepstep.engines.torch.place import Place
from deepstep.engines.torch.step import Batch, Machine, Numbers
from deepstep.engines.torch.stepping import Now, Stepper, Task

Recorder: TypeAlias = Callable[[Callable[[], None], torch.device], Callable[[], None]]
"""Takes a body and its device, gives what does it again with the same tensors."""

WARM_UP = 3
"""Times that a body is done before it is recorded: kernels are loaded, libraries take their memory."""

KEPT = 8
"""Recordings that are kept: two for each size of a batch, as the places change."""


ONE_AT_A_TIME = Lock()
"""Committees train in threads, and CUDA records one graph at a time in a process. Meanwhile nobody may wait
for the whole GPU, as compilers do."""


def record_on_cuda(body: Callable[[], None], device: torch.device) -> Callable[[], None]:
    """A CUDA graph of the body; what other threads do meanwhile is their own."""
    with ONE_AT_A_TIME, torch.cuda.device(device):
        stream = _stream_for_recording(device)
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(WARM_UP):
                body()
        torch.cuda.current_stream().wait_stream(stream)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, stream=stream, capture_error_mode="thread_local"):
            body()
    return graph.replay


@cache
def _stream_for_recording(device: torch.device) -> Any:
    """One for all recordings on a GPU: cuBLAS keeps some memory for each stream that it has worked in."""
    return torch.cuda.Stream(device)  # type: ignore[no-untyped-call]


class Whole(NamedTuple):
    """All that a recorded step reads and writes.

    Attributes
    ----------
    old, new : Place
        The state before it, and where that after it goes.
    batch : Batch
    numbers : tensor
        As `Numbers`, without the last one.
    cost : tensor of float64
        Written.
    alive : tensor of bool
        Whether all costs were finite; else the step leaves the state as it is.
    """

    old: Place
    new: Place
    batch: Batch
    numbers: Tensor
    cost: Tensor
    alive: Tensor


def whole_step(machine: Machine, at: Whole) -> None:
    """A step that asks nobody: J, its gradient, the update, and the update put back where J is not finite."""
    old, new, alive = at.old, at.new, at.alive
    numbers = Numbers._make([*at.numbers.unbind(), 0])
    J, caches = machine.cost_and_gradient(old, at.batch, numbers.total)
    at.cost.copy_(J)
    machine.update(old, new, caches, numbers)
    alive.logical_and_(torch.isfinite(J))
    for value, before in (
        *zip(new.vectors, old.vectors, strict=True),
        *((value, old.running[name]) for name, value in new.running.items()),
    ):
        torch.where(alive, value, before, out=value)


class Recording(NamedTuple):
    """A step that can be done again.

    Attributes
    ----------
    batch : Batch
        Tensors that it reads.
    numbers : tensor
        The numbers of the step, likewise.
    replay : callable
    kept : object
        What holds the memory that it works in, which must not go before it.
    """

    batch: Batch
    numbers: Tensor
    replay: Callable[[], None]
    kept: object


class RecordedStepper(Stepper):
    """A `Stepper` whose steps are recorded. ``record`` makes the recordings."""

    def __init__(self, *arguments: Any, record: Recorder = record_on_cuda) -> None:
        super().__init__(*arguments)
        theta = self.here.theta
        self._record = record
        self._alive = torch.ones((), dtype=torch.bool, device=theta.device)
        self._cost = torch.zeros((), dtype=torch.float64, device=theta.device)
        self._recordings: dict[tuple[Any, ...], Recording] = {}

    def run(self, k: int, tasks: Iterable[Task]) -> StepCosts:
        """As of every `Stepper`; the costs come back from the device once, at the end."""
        there = torch.full((k,), torch.nan, dtype=torch.float64, device=self._cost.device)
        on_gpu = self._cost.device.type == "cuda"
        rows = torch.empty(k, len(Numbers._fields) - 1, dtype=self.here.theta.dtype, pin_memory=on_gpu)
        sizes, path = np.zeros(k, dtype=int), {}
        self._alive.fill_(True)
        try:
            for task in tasks:
                number, before = self.now.step + 1, self.now
                examples, total = self._examples(task, number)
                rows[task.at] = rows.new_tensor(self._numbers(task, number, total)[:-1])
                recording = self._recording(examples, rows[task.at])
                recording.replay()
                there[task.at].copy_(self._cost)
                sizes[task.at], path[task.at] = task.m, before
                self.now = Now(1 - before.place, number, bool(self._settings.average))
        finally:  # after an interruption, too, the number of the step is that of the state
            costs = np.array(there.cpu().numpy())
            self._stand_where_it_ended(costs, sizes, path)
        return StepCosts(costs, sizes)

    def _stand_where_it_ended(self, costs: np.ndarray, sizes: np.ndarray, path: dict[int, Now]) -> None:
        """Forget the steps from the first cost on that is not finite: on the device they were put back."""
        for at, before in path.items():
            if not np.isfinite(costs[at]):
                self.now = before._replace(place=self.now.place)
                costs[at + 1 :], sizes[at + 1 :] = np.nan, 0
                return

    def _recording(self, examples: Batch, row: Tensor) -> Recording:
        """The recording for such a batch from where the state stands, with all that it reads in its place.

        The row of numbers is in memory that a GPU reads by itself, and written once: nobody waits for it.
        """
        weighted, layers = examples.weight is not None, tuple(examples.masks)
        key = (len(examples.Y), weighted, layers, self.now.place)
        found = self._recordings.get(key)
        if found is None:
            found = self._new_recording(examples, row.to(self._cost.device, copy=True))
            self._recordings = {**dict(list(self._recordings.items())[1 - KEPT :]), key: found}
            return found
        found.numbers.copy_(row, non_blocking=True)
        for name in ("X", "Y", "weight"):
            if getattr(examples, name) is not None:
                getattr(found.batch, name).copy_(getattr(examples, name))
        for layer, mask in examples.masks.items():
            found.batch.masks[layer].copy_(mask)
        return found

    def _new_recording(self, examples: Batch, row: Tensor) -> Recording:
        batch = Batch(
            examples.X.clone(),
            examples.Y.clone(),
            None if examples.weight is None else examples.weight.clone(),
            {layer: mask.clone() for layer, mask in examples.masks.items()},
        )
        body, room = self._body(Whole(self.here, self.there, batch, row, self._cost, self._alive))
        return Recording(batch, row, self._record(body, row.device), (body, room))

    def _body(self, at: Whole) -> tuple[Callable[[], None], object]:
        """What is recorded, and the memory that it works in beside."""
        return partial(whole_step, self.machine, at), self.machine.room_of(len(at.batch.Y))
