"""Steps that are recorded once and played again: a CUDA graph, which a GPU does without waiting for Python.

A recorded step reads its batch and its numbers from tensors that stay where they are. Nobody looks at the
cost before the update then; instead, once a cost is not finite, the update is put back on the device, and
every later one with it.

Where Triton is installed, Inductor, PyTorch's compiler, makes few kernels of many first. It is given the
traced step: ``torch.compile`` keeps what it compiled by the function, not by the network, and gives up after
eight. None of this has run on a GPU; the tests record and compile on a CPU.
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
from torch.utils import _pytree as pytree

from deepstep.engines.choice import told_if_slow
from deepstep.engines.session import StepCosts
from deepstep.engines.torch.step import Batch, Machine, Numbers, Place, place_of
from deepstep.engines.torch.stepping import Now, Stepper, Task

Body: TypeAlias = Callable[[], object]
Recorder: TypeAlias = Callable[[Body, torch.device], Body]
"""Takes a body and its device, gives what does it again with the same tensors."""
Compiler: TypeAlias = Callable[[torch.fx.GraphModule, list[Any]], Callable[..., object]]
"""Takes a graph and the tensors that it is for, gives what does the same."""

WARM_UP = 3
"""Times that a body is done before it is recorded: kernels are loaded, libraries take their memory."""
KEPT = 8
"""Recordings that are kept: two for each kind of batch, as the places change."""
COMPILED = 64
"""Compiled steps that are kept in a process: members, folds and later trainings of one shape share them."""

ONE_AT_A_TIME = Lock()
"""Ensembles train in threads, and CUDA records one graph at a time in a process. Meanwhile nobody may wait
for the whole GPU, as compilers do."""

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


def compiler_for_cuda() -> Compiler | None:
    """Inductor, where there is Triton, in which it writes kernels."""
    return inductor if find_spec("triton") is not None else None


def inductor(graph: torch.fx.GraphModule, tensors: list[Any]) -> Callable[..., object]:
    """The graph with few kernels."""
    from torch import _inductor

    # autotuning would choose among sums by the clock: a resumed training has to have the same bits
    wanted = {"deterministic": True, "max_autotune": False, "max_autotune_gemm": False}
    known = {name: value for name, value in wanted.items() if hasattr(_inductor.config, name)}
    made = _inductor.compile(graph, tensors, options={**known, "triton.cudagraphs": False})
    made(*tensors)  # Triton compiles at the first call: not while a graph is recorded
    return made


class Whole(NamedTuple):
    """Tensors of a recorded step: states, batch, `Numbers`, cost, and whether all costs were finite."""

    old: Place
    new: Place
    batch: Batch
    numbers: Tensor
    cost: Tensor
    alive: Tensor


def whole_step(machine: Machine, at: Whole) -> None:
    """A step that asks the device nothing."""
    old, new, by = at.old, at.new, Numbers._make(at.numbers.unbind())
    J, statistics = machine.cost_and_gradient(old, at.batch, by.total)
    at.cost.copy_(J)
    machine.update(old, new, at.batch, statistics, by)
    at.alive.logical_and_(torch.isfinite(J))
    before, after = ((*place.vectors, *place.running.values()) for place in (old, new))
    for value, other in zip(after, before, strict=True):
        torch.where(at.alive, value, other, out=value)


def as_function(machine: Machine, at: Whole) -> tuple[Callable[..., tuple[()]], list[Any]]:
    """The step as a function of tensors, and the tensors."""
    places = tuple((place.vectors, place.running) for place in (at.old, at.new))
    leaves, form = pytree.tree_flatten((*places, *at[2:]))
    numbers = [number for number, leaf in enumerate(leaves) if leaf is not None]

    def step(*tensors: Tensor) -> tuple[()]:
        given = dict(zip(numbers, tensors, strict=True))
        old, new, *rest = pytree.tree_unflatten([given.get(number) for number in range(len(leaves))], form)
        old, new = (place_of(machine.architecture, *place) for place in (old, new))
        whole_step(machine.traceable(torch.empty_like(old.vectors[0])), Whole(old, new, *rest))
        return ()

    return step, [leaves[number] for number in numbers]


class Recording(NamedTuple):
    """A step that can be done again, with the tensors that it reads and what holds its memory."""

    batch: Batch
    numbers: Tensor
    replay: Body
    kept: object


class RecordedStepper(Stepper):
    """A `Stepper` whose steps are recorded, and compiled before where there is a compiler."""

    def __init__(
        self, *arguments: Any, record: Recorder = record_on_cuda, compiler: Compiler | None = None
    ) -> None:
        super().__init__(*arguments)
        device = self.machine.gradient.device
        self._record, self._compiler = record, compiler
        self._alive = torch.ones((), dtype=torch.bool, device=device)
        self._cost = torch.zeros((), dtype=torch.float64, device=device)
        self._recordings: dict[tuple[Any, ...], Recording] = {}

    def run(self, tasks: Iterable[Task], found: StepCosts) -> None:
        """As of every `Stepper`; the costs come back from the device once, at the end."""
        k, path = len(found.costs), dict[int, Now]()
        there = torch.full((k,), torch.nan, dtype=torch.float64, device=self._cost.device)
        pinned = self._cost.is_cuda  # a GPU reads a row by itself: nobody waits for it
        rows = torch.empty(k, len(Numbers._fields), dtype=torch.float64, pin_memory=pinned)
        self._alive.fill_(True)
        try:
            for task in tasks:
                before, number = self.now, self.now.step + 1
                batch = self._masked(task, number)
                rows[task.at] = rows.new_tensor(self._numbers(task, number))
                self._recording(batch, rows[task.at]).replay()
                there[task.at].copy_(self._cost)
                found.sizes[task.at], path[task.at] = task.m, before
                self.now = Now(1 - before.place, number)
        finally:  # after an interruption, too, the number of the step is that of the state
            found.costs[:] = there.cpu().numpy()
            ended = next((at for at in path if not np.isfinite(found.costs[at])), None)
            if ended is not None:  # on the device this step and the later ones were put back
                self.now = path[ended]._replace(place=self.now.place)
                found.costs[ended + 1 :], found.sizes[ended + 1 :] = np.nan, 0

    def _recording(self, batch: Batch, row: Tensor) -> Recording:
        """The recording for such a batch from where the state stands, with all that it reads in its place."""
        key = batch.Y.shape[1], batch.weight is None, tuple(batch.masks), self.now.place
        found = self._recordings.get(key)
        if found is None:
            there = pytree.tree_map_only(Tensor, torch.clone, batch)
            numbers = row.to(self._cost.device, copy=True)
            at = Whole(self.here, self.there, there, numbers, self._cost, self._alive)
            body = self._compiled_body(at) or partial(whole_step, self.machine, at)
            kept = body, self.machine.room(batch)
            found = Recording(there, numbers, self._record(body, numbers.device), kept)
            self._recordings = {**dict(list(self._recordings.items())[1 - KEPT :]), key: found}
            return found
        found.numbers.copy_(row, non_blocking=True)
        for tensor, there in zip(pytree.tree_leaves(batch), pytree.tree_leaves(found.batch), strict=True):
            if tensor is not None:
                there.copy_(tensor)
        return found

    def _compiled_body(self, at: Whole) -> Body | None:
        """The step, compiled once for each kind of batch; None without a compiler, or where it failed."""
        global _compiled
        if self._compiler is None:
            return None
        step, tensors = as_function(self.machine, at)
        of_all = repr(replace(self._settings, seed=0)), self._shape, self._compiler, at.cost.device
        of_these = tuple((one.shape, one.stride(), one.dtype) for one in tensors)
        key = (*of_all, at.batch.weight is None, tuple(at.batch.masks), of_these)
        with ONE_AT_A_TIME:
            try:
                if key not in _compiled:
                    with told_if_slow(
                        f"compiling steps of {at.batch.Y.shape[1]} examples: once, some seconds"
                    ):
                        made = self._compiler(make_fx(step)(*tensors), tensors)
                    _compiled = {**dict(list(_compiled.items())[1 - COMPILED :]), key: made}
                return partial(_compiled[key], *tensors)
            except Exception as error:  # a compiler raises what it likes
                words = f"{type(error).__name__}: {next(iter(str(error).splitlines()), ''):.160}"
                logging.getLogger("deepstep").warning(
                    "Steps are not compiled: PyTorch's compiler failed (%s).", words
                )
                self._compiler = None
                return None
