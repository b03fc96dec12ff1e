"""Steps that are recorded once and played again: a CUDA graph, which the GPU does without waiting for Python.

A recorded step reads its batch and its numbers from tensors that stay where they are. Nobody looks at the cost before
the update then; instead, once a cost is not finite, the update is put back on the device, and every later one with it.

Where Triton is installed, PyTorch's compiler, Inductor, first makes few kernels of many. It is given the traced step:
``torch.compile`` itself keeps what it compiled by the function, not by the network, and gives up after eight.
"""

import logging
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import cache, partial
from importlib.util import find_spec
from threading import Lock
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import torch
from torch import Tensor
from torch.fx.experimental.proxy_tensor import make_fx
from torch.utils import _pytree

from deepstep.engines.compiling import told_if_slow
from deepstep.engines.session import StepCosts
from deepstep.engines.torch.step import Batch, Machine, Numbers, Place, place_of
from deepstep.engines.torch.stepping import Now, Stepper, Task

Body: TypeAlias = Callable[[], object]
Recorder: TypeAlias = Callable[[Body, torch.device], Body]
"""Takes a body and its device, gives what does it again with the same tensors."""

Compiler: TypeAlias = Callable[[torch.fx.GraphModule, list[Tensor]], Callable[..., object]]
"""Takes a graph and the tensors that it is for, gives what does the same."""

WARM_UP = 3
"""Times that a body is done before it is recorded: kernels are loaded, libraries take their memory."""

KEPT = 8
"""Recordings that are kept: two for each size of a batch, as the places change."""

COMPILED = 64
"""Compiled steps that are kept in a process: members, folds and later trainings of one shape share them."""

ONE_AT_A_TIME = Lock()
"""Ensembles train in threads, and CUDA records one graph at a time in a process. Meanwhile nobody may wait for the
whole GPU, as compilers do."""

_compiled: dict[tuple[Any, ...], Callable[..., object]] = {}


def record_on_cuda(body: Body, device: torch.device) -> Body:
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


def compiler_here() -> Compiler | None:
    """PyTorch's compiler for CUDA; None without Triton, which it writes."""
    return by_inductor if find_spec("triton") is not None else None


def by_inductor(graph: torch.fx.GraphModule, tensors: list[Tensor]) -> Callable[..., object]:
    """The graph with few kernels."""
    from torch import _inductor

    # autotuning would choose among sums by the clock: a resumed training has to have the same bits
    wanted = {"deterministic": True, "max_autotune": False, "max_autotune_gemm": False}
    options: dict[str, Any] = {
        name: value for name, value in wanted.items() if hasattr(_inductor.config, name)
    }
    made: Callable[..., object] = _inductor.compile(
        graph, tensors, options={**options, "triton.cudagraphs": False}
    )
    made(*tensors)  # Triton compiles at the first call: not while a graph is recorded
    return made


class Whole(NamedTuple):
    """All that a recorded step reads and writes.

    Attributes
    ----------
    old, new : Place
        The state before it, and where that after it goes.
    batch : Batch
    numbers : tensor of float64
        As `Numbers`.
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
    """A step without a question to the device: the update is put back where J is not finite."""
    old, new, alive = at.old, at.new, at.alive
    numbers = Numbers._make(at.numbers.unbind())
    J, statistics = machine.cost_and_gradient(old, at.batch, numbers.total)
    at.cost.copy_(J)
    machine.update(old, new, at.batch, statistics, numbers)
    alive.logical_and_(torch.isfinite(J))
    before = (*old.vectors, *old.running.values())
    for value, other in zip((*new.vectors, *new.running.values()), before, strict=True):
        torch.where(alive, value, other, out=value)


def traced(machine: Machine, at: Whole) -> tuple[Callable[..., tuple[()]], list[Tensor]]:
    """The step as a function of tensors, and the tensors."""
    old, new = ((place.vectors, place.running) for place in (at.old, at.new))
    leaves, form = _pytree.tree_flatten((old, new, *at[2:]))
    places = [number for number, leaf in enumerate(leaves) if leaf is not None]

    def step(*tensors: Tensor) -> tuple[()]:
        given = dict(zip(places, tensors, strict=True))
        old, new, *rest = _pytree.tree_unflatten([given.get(at) for at in range(len(leaves))], form)
        old, new = (place_of(machine.architecture, *one) for one in (old, new))
        whole_step(machine.traceable(torch.empty_like(old.vectors[0])), Whole(old, new, *rest))
        return ()

    return step, [leaves[number] for number in places]


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
    replay: Body
    kept: object


class RecordedStepper(Stepper):
    """A `Stepper` whose steps are recorded.

    Parameters
    ----------
    *arguments
        As of a `Stepper`.
    record : callable
        Makes the recordings.
    compiler : callable, optional
        Makes few kernels of many before. Where it fails, steps are recorded as they are, with a warning.
    """

    def __init__(
        self, *arguments: Any, record: Recorder = record_on_cuda, compiler: Compiler | None = None
    ) -> None:
        super().__init__(*arguments)
        theta = self.here.vectors[0]
        self._record, self._compiler = record, compiler
        self._alive = torch.ones((), dtype=torch.bool, device=theta.device)
        self._cost = torch.zeros((), dtype=torch.float64, device=theta.device)
        self._recordings: dict[tuple[Any, ...], Recording] = {}

    def run(self, k: int, tasks: Iterable[Task]) -> StepCosts:
        """As of every `Stepper`; the costs come back from the device once, at the end."""
        there = torch.full((k,), torch.nan, dtype=torch.float64, device=self._cost.device)
        pinned = self._cost.device.type == "cuda"  # a GPU reads a row by itself: nobody waits for it
        rows = torch.empty(k, len(Numbers._fields), dtype=torch.float64, pin_memory=pinned)
        sizes, path = np.zeros(k, dtype=int), {}
        self._alive.fill_(True)
        try:
            for task in tasks:
                number, before = self.now.step + 1, self.now
                batch = self._batch(task, number)
                rows[task.at] = rows.new_tensor(self._numbers(task, number))
                self._recording(batch, rows[task.at]).replay()
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

    def _recording(self, batch: Batch, row: Tensor) -> Recording:
        """The recording for such a batch from where the state stands, with all that it reads in its place."""
        given, form = _pytree.tree_flatten(batch)
        key = batch.Y.shape[1], form, batch.weight is None, self.now.place
        found = self._recordings.get(key)
        if found is None:
            there = _pytree.tree_map_only(Tensor, torch.clone, batch)
            found = self._new_recording(there, row.to(self._cost.device, copy=True))
            self._recordings = {**dict(list(self._recordings.items())[1 - KEPT :]), key: found}
            return found
        found.numbers.copy_(row, non_blocking=True)
        for tensor, there in zip(given, _pytree.tree_leaves(found.batch), strict=True):
            if tensor is not None:
                there.copy_(tensor)
        return found

    def _new_recording(self, batch: Batch, row: Tensor) -> Recording:
        at = Whole(self.here, self.there, batch, row, self._cost, self._alive)
        body = self._compiled_body(at) or partial(whole_step, self.machine, at)
        return Recording(batch, row, self._record(body, row.device), (body, self.machine.room(batch)))

    def _compiled_body(self, at: Whole) -> Body | None:
        """The step, compiled once for each size of batch; None without a compiler, or where it failed."""
        global _compiled
        if self._compiler is None:
            return None
        step, tensors = traced(self.machine, at)
        of_all = repr(replace(self._settings, seed=0)), self._shape, self._compiler, at.cost.device
        key = (*of_all, tuple(at.batch.masks), *((one.shape, one.stride(), one.dtype) for one in tensors))
        with ONE_AT_A_TIME:
            try:
                if key not in _compiled:
                    with told_if_slow(
                        f"compiling steps of {at.batch.Y.shape[1]} examples: once, some seconds"
                    ):
                        made = self._compiler(make_fx(step)(*tensors), tensors)
                    _compiled = {**dict(list(_compiled.items())[1 - COMPILED :]), key: made}
            except Exception as error:  # a compiler raises what it likes
                words = f"{type(error).__name__}: {next(iter(str(error).splitlines()), ''):.160}"
                logging.getLogger("deepstep").warning(
                    "Steps are not compiled: PyTorch's compiler failed (%s)", words
                )
                self._compiler = None
                return None
            return partial(_compiled[key], *tensors)
