"""Recorded steps whose element-wise work PyTorch's compiler has fused: by Triton on a GPU, in C++ on a CPU.

A step is traced to PyTorch's operations on its tensors, and Inductor, the compiler of ``torch.compile``,
makes few kernels of many; products of matrices stay those of cuBLAS and of the CPU's BLAS. It is given the
graph: ``torch.compile`` itself keeps what it compiled by the function, not by the network, and gives up after
eight.
"""

import logging
import os
import re
import shutil
import sys
import sysconfig
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import torch
from torch import Tensor
from torch.fx.experimental.proxy_tensor import make_fx

from deepstep.engines.compiling import told_if_slow
from deepstep.engines.torch.devices import KINDS, WHERE, Described, device_of
from deepstep.engines.torch.place import place_of
from deepstep.engines.torch.recording import (
    ONE_AT_A_TIME,
    RecordedStepper,
    Recorder,
    Whole,
    record_on_cuda,
    whole_step,
)
from deepstep.engines.torch.step import Batch, Machine
from deepstep.errors import ConfigurationError, unknown_name
from deepstep.network import Architecture

FUSED, PLAIN = "fused", "plain"
"""What may stand behind a device, "torch:cpu:fused"; else steps are fused on CUDA, where that is possible."""

KNOWN = (*KINDS, "cuda:1", "cpu:fused", "cuda:fused", "cuda:plain", FUSED, PLAIN)
"""What users may name, to say so to those who named something else."""
_DEVICE = re.compile(r"\w+(:\d+)?")
"""A kind of device and a number."""

Compiler: TypeAlias = Callable[[torch.fx.GraphModule, list[Tensor]], Callable[..., Any]]
"""Takes a graph and the tensors that it is for, gives what does the same."""

PARTS = 32
"""Parts of the gradient up to which a GPU looks for each number in all of them: that is less than a copy."""

MADE = 64
"""Compiled steps that are kept in a process: members, folds and later trainings of one shape share them."""

_made: dict[tuple[Any, ...], Callable[..., Any]] = {}


class Asked(NamedTuple):
    """What the name behind "torch:" asks for.

    Attributes
    ----------
    device : torch.device
    fused : bool
    by_name : bool
        Whether steps are fused as the name says so, and an error is raised where they cannot be.
    why : str
        Why they are not, where one could expect it.
    """

    device: torch.device
    fused: bool
    by_name: bool
    why: str


def asked_for(name: str, where: str = WHERE) -> Asked:
    """The device of a name like "cuda:1", "cpu:fused", "fused" or "", and whether steps are fused there.

    Raises
    ------
    ConfigurationError
        If there is no such device, or steps cannot be fused there and are to be.
    """
    rest, _, way = name.rpartition(":")
    if way not in (FUSED, PLAIN):
        rest, way = name, ""
    if rest and not _DEVICE.fullmatch(rest):
        raise unknown_name(where, "device of the torch engine", name, KNOWN)
    device = device_of(rest, where)
    if way == PLAIN or (not way and device.type != "cuda"):
        return Asked(device, False, False, "")
    why, mend = what_fusing_lacks(device)
    if why and way == FUSED:
        raise ConfigurationError(where, f"fused steps on {device.type!r}", why, mend and f"Run: {mend}")
    return Asked(device, not why, way == FUSED, f"steps are not fused: {why}" if why else "")


def what_fusing_lacks(device: torch.device) -> tuple[str, str]:
    """Why steps cannot be fused on a device, and the command that mends it; empty where they can be."""
    if device.type not in ("cpu", "cuda"):
        return f"they are on CPUs and on CUDA, not on {device.type!r}", ""
    if device.type == "cuda":
        if torch.version.hip is None and torch.cuda.get_device_capability(device) < (7, 0):
            return "the GPU is older than Triton's kernels (compute capability 7.0)", ""
        if find_spec("triton") is None:
            return "Triton is not installed", "pip install triton"
    language, variable, names = _COMPILERS[device.type]
    named = os.environ.get(variable)
    if named and not shutil.which(named):
        return f"{variable} names a compiler that is not there, {named!r}", ""
    if not named and not any(map(shutil.which, names)):
        return f"there is no {language} compiler", _INSTALL.get(sys.platform, ("", ""))[0]
    if not Path(sysconfig.get_path("include"), "Python.h").exists():
        return "the headers of Python are missing", _INSTALL.get(sys.platform, ("", ""))[1]
    return "", ""


def note_on_fusing(described: Described) -> Described:
    """What is told of a kind of device, with what keeps its steps from being fused where they would be."""
    why, mend = "", ""
    if described.available and described.kind == "cuda":
        why, mend = what_fusing_lacks(torch.device(described.kind))
    if not why:
        return described
    notes = (described.note, f"steps are not fused: {why}")
    return described._replace(note="; ".join(filter(None, notes)), mend=described.mend or mend)


_COMPILERS = {
    "cpu": ("C++", "CXX", ({"darwin": "clang++", "win32": "cl"}.get(sys.platform, "g++"),)),
    "cuda": ("C", "CC", ("gcc", "clang", "cc")),
}
"""By kind of device: the language, the variable that names a compiler, and those that PyTorch's compiler and
Triton look for without it."""

_INSTALL = {
    "linux": ("apt-get install g++", "apt-get install python3-dev"),
    "darwin": ("xcode-select --install", "xcode-select --install"),
}
"""By system: the commands for compilers and for Python's headers."""


def compiled(graph: torch.fx.GraphModule, tensors: list[Tensor]) -> Callable[..., Any]:
    """The graph with few kernels, made by Inductor."""
    from torch import _inductor

    # Autotuning would choose among sums by the clock: a resumed training has to have the same bits.
    wanted = {"deterministic": True, "max_autotune": False, "max_autotune_gemm": False}
    gathered = [len(node.args[0]) for node in graph.graph.nodes if node.target is torch.ops.aten.cat.default]
    if tensors[0].device.type == "cuda" and max(gathered, default=0) <= PARTS:
        wanted["force_pointwise_cat"] = True  # the update reads the parts of the gradient where they are
    options: dict[str, Any] = {
        name: value for name, value in wanted.items() if hasattr(_inductor.config, name)
    }
    options["triton.cudagraphs"] = False  # the recording is ours
    if tensors[0].device.type == "cpu" and tensors[0].dtype == torch.float64:
        options["cpp.simdlen"] = 1  # its vectors of float64 beside int32 are no C++ (frexp, PyTorch 2.13)
    # Kernels of C++ are for so many threads, whatever the number is when they run.
    options["cpp.threads"] = torch.get_num_threads()
    made: Callable[..., Any] = _inductor.compile(graph, [*tensors], options=options)
    return made


def again(body: Callable[[], None], device: torch.device) -> Callable[[], None]:
    """The body itself: a CPU has nothing to be recorded for."""
    return body


class FusedStepper(RecordedStepper):
    """A `RecordedStepper` whose steps are fused.

    Where the compiler fails and ``by_name`` is false, they are recorded as they are, and a warning says so.
    """

    def __init__(
        self, *arguments: Any, by_name: bool, record: Recorder | None = None, compiler: Compiler = compiled
    ) -> None:
        super().__init__(*arguments, record=record_on_cuda)
        self._record = record or (record_on_cuda if self._cost.device.type == "cuda" else again)
        self._by_name, self._compiler, self._failed = by_name, compiler, False

    def _body(self, at: Whole) -> tuple[Callable[[], None], object]:
        """A fused step, compiled once for each size of batch."""
        tensors = [*_tensors(at), *self.machine.constants.values()]
        made = None if self._failed else self._step_for(at, tensors)
        return super()._body(at) if made is None else (partial(made, *tensors), None)

    def _step_for(self, at: Whole, tensors: list[Tensor]) -> Callable[..., Any] | None:
        """The compiled step of such tensors; None where the compiler failed."""
        global _made
        of_all = repr(replace(self._settings, seed=0)), self._shape, self._compiler
        of_these = at.batch.weight is not None, tuple(at.batch.masks), at.cost.device, torch.get_num_threads()
        key = (*of_all, *of_these, *((one.shape, one.dtype) for one in tensors))
        with ONE_AT_A_TIME:
            made = _made.get(key) or self._make(at, tensors)
            if made is not None:
                _made = {**dict(list(_made.items())[1 - MADE :]), key: made}
        return made

    def _make(self, at: Whole, tensors: list[Tensor]) -> Callable[..., Any] | None:
        step = partial(_traceable, self.machine, self._shape, at)
        try:
            with told_if_slow(f"compiling steps of {len(at.batch.Y)} examples: once, some seconds"):
                made = self._compiler(make_fx(step, _SPELLED_OUT)(*tensors), tensors)
                made(*tensors)  # Triton compiles at the first call: not while a graph is recorded
        except Exception as error:  # a compiler raises what it likes
            words = f"PyTorch's compiler failed ({type(error).__name__}: {_first_line(error)})"
            device = at.cost.device.type
            mend = f"engine='torch:{device}:{PLAIN}' does without it."
            if self._by_name:
                raise ConfigurationError(WHERE, f"fused steps on {device!r}", words, mend) from error
            logging.getLogger("deepstep").warning("Steps are not fused: %s. %s", words, mend)
            self._failed = True
            return None
        return made


def _first_line(error: Exception) -> str:
    return f"{next(iter(str(error).splitlines()), ''):.160}"


def _traceable(machine: Machine, shape: Architecture, like: Whole, *tensors: Tensor) -> tuple[()]:
    """The step as a function of tensors alone; the compiler does away with the rooms that it works in."""
    at, constants = _from_tensors(shape, like, tuple(machine.constants), iter(tensors))
    whole_step(machine.elsewhere(at.old.theta, constants), at)
    return ()


def _product(bias: Tensor, A: Tensor, B: Tensor, *, beta: float = 1, alpha: float = 1) -> Tensor:
    """α·A·B where the bias does not count: the factor goes into what is fused."""
    if beta:
        return NotImplemented
    return (torch.mm(A, B).to(bias.dtype) * alpha).to(A.dtype)


def _product_into(
    bias: Tensor, A: Tensor, B: Tensor, *, out: Tensor, beta: float = 1, alpha: float = 1
) -> Tensor:
    return NotImplemented if beta else out.copy_(torch.mm(A, B) * alpha)


_SPELLED_OUT: dict[Any, Callable[..., Tensor]] = {
    torch.ops.aten.addmm.default: _product,
    torch.ops.aten.addmm.out: _product_into,
}
"""Operations that are traced as others."""


def _tensors(at: Whole) -> list[Tensor]:
    """All tensors of a step, none of which shares memory with another."""
    batch = at.batch
    return [
        *(one for place in (at.old, at.new) for one in (*place.vectors, *place.running.values())),
        *(one for one in (batch.X, batch.Y, batch.weight, *batch.masks.values()) if one is not None),
        at.numbers,
        at.cost,
        at.alive,
    ]


def _from_tensors(
    shape: Architecture, like: Whole, constants: Sequence[str], tensors: Iterator[Tensor]
) -> tuple[Whole, Mapping[str, Tensor]]:
    """The step that such tensors are of, in the order of `_tensors`, and the constants after them."""
    old, new = (
        place_of(
            shape, [next(tensors) for _ in place.vectors], {name: next(tensors) for name in place.running}
        )
        for place in (like.old, like.new)
    )
    X, Y = next(tensors), next(tensors)
    weight = None if like.batch.weight is None else next(tensors)
    batch = Batch(X, Y, weight, {layer: next(tensors) for layer in like.batch.masks})
    whole = Whole(old, new, batch, next(tensors), next(tensors), next(tensors))
    return whole, dict(zip(constants, tensors, strict=True))
