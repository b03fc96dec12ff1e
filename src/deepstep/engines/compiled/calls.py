"""Calls by address: kernels call activations, losses and update rules where a table says that they are.

A kernel that had them all in it would be compiled with all of them. These routines are compiled, and kept on
disk, by themselves: those alone that a network uses, and each once for each precision.
"""

from collections.abc import Callable
from functools import cache
from inspect import signature
from typing import Any

import numba
import numpy as np
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from deepstep.engines.compiled.jit import SUMS, kept
from deepstep.engines.compiled.layout import LAYERS, PARAMETERS, PLAN, STAGES, Batch, Embedded
from deepstep.engines.compiled.room import Work


@cache
def _types(number: Any) -> dict[str, Any]:
    """The types of arguments by name; those of other names are int64."""
    flat, double = number[::1], types.float64
    layers, plan, parameters, stages = (
        numba.typeof(np.zeros(1, dtype)) for dtype in (LAYERS, PLAN, PARAMETERS, STAGES)
    )
    work = (*(flat,) * 6, number[:, ::1], flat, double[:, ::1])
    batch = [double if kind is float else types.int64 for kind in Batch.__annotations__.values()]
    return {
        **dict.fromkeys(("A", "D", "X", "bent", "g", "gradient", "matrices", "room", "scaled"), flat),
        **dict.fromkeys(("row", "slope", "source", "theta", "z"), flat),
        **dict.fromkeys(("keep", "rate", "total"), double),
        **dict.fromkeys(("moments", "shared"), double[:, ::1]),
        **dict.fromkeys(("state", "statistics"), number[:, ::1]),
        "layers": layers,
        "plan": plan.dtype,
        "parameters": parameters,
        "own": parameters.dtype,
        "barrier": types.int64[::1],
        "levels": double[::1],
        "work": types.NamedTuple(work, Work),
        "batch": types.NamedTuple(batch, Batch),
        "embedded": types.NamedTuple((stages, types.int64[::1], types.int64, flat), Embedded),
    }


def _given(names: tuple[str, ...], number: Any) -> tuple[Any, ...]:
    return tuple(_types(number).get(name, types.int64) for name in names)


def _caller(names: str) -> Any:
    """What calls the routine at an address, in a kernel: ``call(address, (argument, …))``."""

    @intrinsic
    def call(typingcontext, address, arguments):
        def codegen(context, builder, signature, args):
            of, convention = signature.args[1].types, context.call_conv
            number = types.float32 if types.float32 in map(_number, of) else types.float64
            given = _given(_NAMES[call], number)
            values = zip(cgutils.unpack_tuple(builder, args[1]), of, given, strict=True)
            found = convention.get_function_type(types.none, given)
            routine = builder.inttoptr(args[0], found.as_pointer())
            cast = [context.cast(builder, *each) for each in values]
            convention.call_function(builder, routine, types.none, given, cast)
            return context.get_dummy_value()

        return types.void(types.int64, arguments), codegen

    _NAMES[call] = tuple(names.split())
    return call


_NAMES: dict[Any, tuple[str, ...]] = {}


def _number(kind: Any) -> Any:
    """The type of the numbers in an argument, as far as they are found in arrays."""
    return _number(kind[0]) if isinstance(kind, types.BaseTuple) else getattr(kind, "dtype", None)


def routine(call: Any, name: str = "", *, order: set[str] = SUMS) -> Any:
    """A function that kernels call by ``call``; one that a function makes needs a name of its own."""

    def compiled(function: Callable[..., Any]) -> Any:
        if tuple(signature(function).parameters) != _NAMES[call]:
            raise TypeError(f"{function.__name__} does not have the arguments {_NAMES[call]}")
        if name:
            function.__name__ = function.__qualname__ = name
        ROUTINES.append(kept(function, fastmath=order, no_cpython_wrapper=True))
        return ROUTINES[-1]

    return compiled


ROUTINES: list[Any] = []
"""All that there are."""


@cache
def address_of(compiled: Any, dtype: Any) -> int:
    """Where a routine lies, for a precision; it is compiled or loaded where that has not been done."""
    given = _given(tuple(signature(compiled.py_func).parameters), numba.from_dtype(dtype))
    compiled.compile(given)
    found = compiled.overloads[given]
    return int(found.library.get_pointer_to_function(found.fndesc.mangled_name))


forward = _caller("thread barrier plan layers theta source first work moments scaled bent batch")
backward = _caller("thread barrier plan layers theta work moments scaled bent embedded batch")
gradient = _caller("thread plan layers parameters state source first work moments scaled bent batch")
"""What each step does, see `passes` and `gradient`: kernels of one piece are compiled longer."""

activate = _caller("z at stride n low high theta b slope")
"""z := g(z + b) of n units, and slope := g′(z + b) where it is not empty; relu leaves the slope alone."""

bend = _caller("activate_at z at stride n low high theta b alpha slope bent")
"""The same of (1 - α)·v + α·g(v) with v = z + b, and bent := g(v) - v."""

drop = _caller("A D bent first stride n low high keep seed step layer row")
"""A := A ∘ mask, D := D ∘ mask, and so bent if it is not empty, of n units."""

normalize = _caller("thread barrier layers l work moments theta batch")
"""A layer of a training, forth or back: see `normalization`."""

standardize = _caller("z at layers l widest stride theta statistics n_examples")
"""A layer of a prediction."""

loss = _caller("plan levels work at n batch")
"""The loss of each of this thread's examples, and dZL in the place of D where the logits lie in A."""

finish = _caller("z at stride n k room at_row")
"""Outputs from logits, in place; the room has a row for them."""

update = _caller("plan state at g begin count rate keep step")
"""θ := rule(keep·θ, g), and its vectors of state, for a run of θ and of g."""

after_update = _caller("plan own state at count step")
"""What comes after the update of a run of θ: the limit of norms and the average."""

regularize = _caller("thread plan theta at g begin count total shared")
"""g += l1·sign(θ) + l2·θ for a run; Σ|θ| and Σθ² are added to those of the thread."""

update_whole = _caller("thread barrier plan parameters state work matrices batch")
"""The update with the whole gradient, of all threads."""

muon = _caller("thread barrier plan parameters state work matrices batch")
"""Its part of that for matrices."""

scale_weights = _caller("thread plan layers theta scaled")
through_the_scale = _caller("theta at layers n_x gradient into count scaled")
gradient_of_the_scale = _caller("thread plan layers parameters state work scaled batch")
"""Factors of the inputs: see `gradient`."""

run_along = _caller("plan layers statistics moments m step")
"""The statistics that predict move towards those of a batch."""

embed = _caller("embedded theta room stride low high")
embed_rows = _caller("layers embedded theta X low count stride")
through_the_stages = _caller("embedded theta room members examples stride low high")
gradients_of_stages = _caller("thread plan embedded room gradient batch")
"""Embeddings: see `embeddings`."""
