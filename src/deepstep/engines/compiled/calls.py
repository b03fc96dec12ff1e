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
from deepstep.engines.compiled.layout import CALLS, LAYERS, PARAMETERS, PLAN, STAGES, Batch, Embedded
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


def _given(names: str, number: Any) -> tuple[Any, ...]:
    return tuple(_types(number).get(name, types.int64) for name in names.split())


def _caller(name: str) -> Any:
    """A caller of the routine at an address, for kernels: ``call(address, (argument, …))``."""

    @intrinsic
    def call(typingcontext, address, arguments):
        def codegen(context, builder, signature, args):
            of, convention = signature.args[1].types, context.call_conv
            number = types.float32 if types.float32 in map(_number, of) else types.float64
            given = _given(CALLS[name], number)
            values = zip(cgutils.unpack_tuple(builder, args[1]), of, given, strict=True)
            found = convention.get_function_type(types.none, given)
            routine = builder.inttoptr(args[0], found.as_pointer())
            cast = [context.cast(builder, *each) for each in values]
            convention.call_function(builder, routine, types.none, given, cast)
            return context.get_dummy_value()

        return types.void(types.int64, arguments), codegen

    return call


globals().update({name: _caller(name) for name in CALLS})


def _number(kind: Any) -> Any:
    """The type of the numbers in an argument, as far as they are found in arrays."""
    return _number(kind[0]) if isinstance(kind, types.BaseTuple) else getattr(kind, "dtype", None)


def routine(call: str, name: str = "", *, order: set[str] = SUMS) -> Any:
    """A function that kernels call by such a call; one that a function makes needs a name of its own."""

    def compiled(function: Callable[..., Any]) -> Any:
        if " ".join(signature(function).parameters) != CALLS[call]:
            raise TypeError(f"{function.__name__} does not have the arguments {CALLS[call]}")
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
    given = _given(" ".join(signature(compiled.py_func).parameters), numba.from_dtype(dtype))
    compiled.compile(given)
    found = compiled.overloads[given]
    return int(found.library.get_pointer_to_function(found.fndesc.mangled_name))
