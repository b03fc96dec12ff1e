"""How kernels are compiled, and call activations, losses and update rules where a table says that they are.

A kernel that had them all in it would be compiled with all of them. These routines are compiled, and kept on
disk, by themselves: those alone that a network uses, and each once for each precision.
"""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from inspect import signature
from threading import Lock
from typing import Any

import numba
import numpy as np
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

from deepstep.engines.choice import warning_if_slow
from deepstep.engines.compiled.cache import KernelCache, warn_without_cache
from deepstep.engines.compiled.layout import CALLS, LAYERS, PARAMETERS, PLAN, STAGES, Batch, Embedded
from deepstep.engines.compiled.lowering import Work

ORDERED: set[str] = {"contract"}
"""Sums stay in their order; a product and a sum may become one fused operation."""

SUMS: set[str] = {"contract", "reassoc", "nsz"}
"""Sums may be done in parallel lanes. Infinities and NaN stay what they are: divergence is found by them."""

_OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy", "no_cfunc_wrapper": True}


def part(
    function: Callable[..., Any] | None = None, *, order: set[str] = SUMS, once: bool = False, **options: Any
) -> Any:
    """A function that kernels call and Python does not; called once, it becomes a part of its caller."""
    options |= {"inline": "always" if once else "never", "fastmath": order, "no_cpython_wrapper": True}

    def compiled(function: Callable[..., Any]) -> Any:
        return njit(function, **_OPTIONS, **options)

    return compiled if function is None else compiled(function)


def kernel(function: Callable[..., Any]) -> Any:
    """A function that Python calls: compiled at its first call for each precision, then found on disk."""
    return cached_on_disk(function, fastmath=SUMS)


def cached_on_disk(function: Callable[..., Any], **options: Any) -> Any:
    """A function whose compiled code is kept on disk."""
    compiled = njit(function, **{**_OPTIONS, **options})
    try:
        compiled._cache = KernelCache(function)
    except RuntimeError:
        warn_without_cache("no folder for them can be written")
    except OSError as error:
        warn_without_cache(str(error))
    return compiled


_ONE_AT_A_TIME = Lock()

COMPILING = "compiling the kernels that are new to this machine, some seconds; `deepstep warmup` compiles all"


@contextmanager
def warning_while_compiling() -> Iterator[None]:
    """Say that a kernel is compiled where it takes long; other threads wait instead of doing the same."""
    with _ONE_AT_A_TIME, warning_if_slow(COMPILING):
        collects = gc.isenabled()
        gc.disable()  # a tenth of the time, as a compiler makes much and throws away little
        try:
            yield
        finally:
            if collects:
                gc.enable()


@cache
def _types(number: Any) -> dict[str, Any]:
    """The types of arguments by name; those of other names are int64."""
    flat, double = number[::1], types.float64
    layers, plan, parameters, stages = (
        numba.typeof(np.zeros(1, dtype)) for dtype in (LAYERS, PLAN, PARAMETERS, STAGES)
    )
    embedded = types.NamedTuple((stages, types.int64[::1], types.int64, flat), Embedded)
    pair = double[:, ::1]
    work = (*(flat,) * 6, number[:, ::1], flat, pair, pair, flat)
    batch = [double if kind is float else types.int64 for kind in Batch.__annotations__.values()]
    return {
        **dict.fromkeys(("A", "D", "X", "g", "gradient", "room", "scaled"), flat),
        **dict.fromkeys(("row", "slope", "source", "theta", "z"), flat),
        **dict.fromkeys(("keep", "rate", "total"), double),
        **dict.fromkeys(("moments", "shared"), pair),
        **dict.fromkeys(("state", "statistics"), number[:, ::1]),
        "layers": layers,
        "plan": plan.dtype,
        "parameters": parameters,
        "barrier": types.int64[::1],
        "levels": double[::1],
        "work": types.NamedTuple(work, Work),
        "batch": types.NamedTuple(batch, Batch),
        "embedded": embedded,
    }


def _argument_types(names: str, number: Any) -> tuple[Any, ...]:
    return tuple(_types(number).get(name, types.int64) for name in names.split())


def _caller(name: str) -> Any:
    """A caller of the routine at an address, for kernels: ``call(address, (argument, …))``."""

    @intrinsic
    def call(typingcontext, address, arguments):
        def codegen(context, builder, signature, args):
            kinds, convention = signature.args[1].types, context.call_conv
            number = types.float32 if types.float32 in map(_number, kinds) else types.float64
            expected = _argument_types(CALLS[name], number)
            values = zip(cgutils.unpack_tuple(builder, args[1]), kinds, expected, strict=True)
            function_type = convention.get_function_type(types.none, expected)
            routine = builder.inttoptr(args[0], function_type.as_pointer())
            cast = [context.cast(builder, *each) for each in values]
            convention.call_function(builder, routine, types.none, expected, cast)
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
        ROUTINES.append(cached_on_disk(function, fastmath=order, no_cpython_wrapper=True))
        return ROUTINES[-1]

    return compiled


ROUTINES: list[Any] = []
"""All that there are."""


@cache
def address_of(compiled: Any, dtype: Any) -> int:
    """Where a routine lies, for a precision; it is compiled or loaded where that has not been done."""
    names = " ".join(signature(compiled.py_func).parameters)
    argument_types = _argument_types(names, numba.from_dtype(dtype))
    compiled.compile(argument_types)
    overload = compiled.overloads[argument_types]
    return int(overload.library.get_pointer_to_function(overload.fndesc.mangled_name))
