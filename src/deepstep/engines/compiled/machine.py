"""Intrinsics that Numba lacks: bits of floats, BLAS on parts of arrays, threads that wait for each
other.
"""

import platform
import sys
from functools import cache
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import get_cython_function_address, intrinsic
from numba.np.arrayobj import populate_array

from deepstep.engines.compiled.calls import part


@intrinsic
def float_of_bits(typingcontext, bits):
    """The float32 or float64 that has the bits of an int32 or int64."""
    number = {types.int32: types.float32, types.int64: types.float64}[bits]

    def codegen(context, builder, signature, args):
        return builder.bitcast(args[0], context.get_value_type(number))

    return number(bits), codegen


@intrinsic
def product_of_words(typingcontext, a, b):
    """The upper and the lower 64 bits of the product of two uint64, by one multiplication."""
    halves = types.UniTuple(types.uint64, 2)

    def codegen(context, builder, signature, args):
        wide, word = ir.IntType(128), ir.IntType(64)
        product = builder.mul(builder.zext(args[0], wide), builder.zext(args[1], wide))
        high = builder.trunc(builder.lshr(product, ir.Constant(wide, 64)), word)
        return context.make_tuple(builder, halves, [high, builder.trunc(product, word)])

    return halves(types.uint64, types.uint64), codegen


@intrinsic
def _address(typingcontext, array):
    """Where the first number of an array lies."""

    def codegen(context, builder, signature, args):
        data = context.make_array(signature.args[0])(context, builder, args[0]).data
        return builder.ptrtoint(data, ir.IntType(64))

    return types.int64(array), codegen


@intrinsic
def run(typingcontext, array, begin, count):
    """So many entries of a flat array from one on, as an array: nothing is checked or counted."""
    # Loops over it go from 0: the compiler can tell that no index is negative, and makes vector instructions.
    view_type = types.Array(array.dtype, 1, "C")

    def codegen(context, builder, signature, args):
        data = context.make_array(signature.args[0])(context, builder, args[0]).data
        size = context.get_constant(types.intp, context.get_abi_sizeof(context.get_data_type(array.dtype)))
        view = context.make_array(view_type)(context, builder)
        place = {"data": builder.gep(data, [args[1]]), "shape": (args[2],), "strides": (size,)}
        populate_array(view, **place, itemsize=size, meminfo=None)
        return view._getvalue()

    return view_type(array, types.int64, types.int64), codegen


@intrinsic
def _gemm(typingcontext, address, ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc):
    """Call Fortran's gemm (column by column) that lies at an address; arguments are addresses and numbers."""
    int64 = types.int64
    signature = types.void(*[int64] * 6, alpha, *[int64] * 4, alpha, int64, int64)

    def codegen(context, builder, signature, args):
        number, short, letter = context.get_value_type(signature.args[6]), ir.IntType(32), ir.IntType(8)
        address, *arguments = args
        pointers = []  # by reference, as Fortran has it: letters, short integers, numbers, arrays
        for value, kind in zip(arguments, "llsssnpspsnps", strict=True):
            if kind == "p":
                pointers.append(builder.inttoptr(value, number.as_pointer()))
                continue
            if kind != "n":
                value = builder.trunc(value, letter if kind == "l" else short)
            pointers.append(cgutils.alloca_once_value(builder, value))
        kind = ir.FunctionType(ir.VoidType(), [pointer.type for pointer in pointers])
        builder.call(builder.inttoptr(address, kind.as_pointer()), pointers)
        return context.get_dummy_value()

    return signature, codegen


@intrinsic
def _add_atomically(typingcontext, array, index, value):
    """array[index] += value for all threads at once; gives what was there before."""

    def codegen(context, builder, signature, args):
        data = context.make_array(signature.args[0])(context, builder, args[0]).data
        return builder.atomic_rmw("add", builder.gep(data, [args[1]]), args[2], "seq_cst")

    return types.int64(array, types.int64, types.int64), codegen


@intrinsic
def _read_atomically(typingcontext, array, index):
    """array[index] as the other threads left it."""

    def codegen(context, builder, signature, args):
        data = context.make_array(signature.args[0])(context, builder, args[0]).data
        return builder.load_atomic(builder.gep(data, [args[1]]), "seq_cst", 8)

    return types.int64(array, types.int64), codegen


@cache
def blas_address(dtype: Any) -> int:
    """Where SciPy's BLAS has the matrix product of a precision."""
    name = "sgemm" if np.dtype(dtype) == np.float32 else "dgemm"
    return int(get_cython_function_address("scipy.linalg.cython_blas", name))


ON_X86 = platform.machine() in ("x86_64", "AMD64")

CAN_YIELD = sys.platform != "win32"
"""Whether a waiting thread can leave its processor to another one; without that one thread does the work."""

_yield = types.ExternalFunction("sched_yield", types.int32()) if CAN_YIELD else None

SPINS = 2000
"""So often does a waiting thread look before it offers its processor to others: some ten microseconds."""


@intrinsic
def _pause(typingcontext):
    """Leave the core to the other thread that may run on it, for a moment; does nothing but on x86-64."""

    def codegen(context, builder, signature, args):
        if ON_X86:
            kind = ir.FunctionType(ir.VoidType(), [])
            builder.call(cgutils.get_or_insert_function(builder.module, kind, "llvm.x86.sse2.pause"), [])
        return context.get_dummy_value()

    return types.void(), codegen


@intrinsic
def _control_word(typingcontext):
    """How this thread's vector arithmetic rounds and what it does with denormal numbers; 0 but on x86-64."""

    def codegen(context, builder, signature, args):
        word = cgutils.alloca_once_value(builder, ir.Constant(ir.IntType(32), 0))
        if ON_X86:
            _call_with_address(builder, "llvm.x86.sse.stmxcsr", word)
        return builder.load(word)

    return types.uint32(), codegen


@intrinsic
def _set_control_word(typingcontext, word):
    """Set it."""

    def codegen(context, builder, signature, args):
        if ON_X86:
            word = cgutils.alloca_once_value(builder, args[0])
            _call_with_address(builder, "llvm.x86.sse.ldmxcsr", word)
        return context.get_dummy_value()

    return types.void(types.uint32), codegen


def _call_with_address(builder, name: str, place):
    letters = ir.IntType(8).as_pointer()
    function = cgutils.get_or_insert_function(builder.module, ir.FunctionType(ir.VoidType(), [letters]), name)
    builder.call(function, [builder.bitcast(place, letters)])


DENORMALS_ARE_ZERO = 0x8040
"""Bits of the control word: denormal operands count as 0, and so do denormal results."""


@part
def without_denormals(wanted=True):
    """Take numbers too small for a normal float for 0 in this thread; gives what `as_before` asks for."""
    # A processor takes some hundred cycles for each, and a network that has learned its examples by heart has
    # little else in its gradients.
    word = _control_word()
    if wanted:
        _set_control_word(np.uint32(word | DENORMALS_ARE_ZERO))
    return word


@part
def as_before(word):
    """Let this thread's arithmetic be as it was."""
    _set_control_word(np.uint32(word))


BARRIER_SIZE, ARRIVED, ROUND, GIVEN_UP = 24, 0, 8, 16
"""A barrier is so many int64; its entries lie in cache lines of their own."""


@part
def assemble(barrier, n_threads):
    """Begin together: true when all threads have come, false if nobody is to begin any more."""
    if n_threads == 1:
        return True
    if _add_atomically(barrier, ARRIVED, 1) == n_threads - 1:
        _add_atomically(barrier, ARRIVED, -n_threads)
        _add_atomically(barrier, ROUND, 1)
        return True
    spins = 0
    while _read_atomically(barrier, ROUND) == 0:
        if _read_atomically(barrier, GIVEN_UP) != 0:
            return _read_atomically(barrier, ROUND) != 0
        spins += 1
        _pause()
        if spins > SPINS:
            _yield()
    return True


@part
def wait_for_all(barrier, n_threads):
    """Go on when all threads have come here."""
    if n_threads == 1:
        return
    round_ = _read_atomically(barrier, ROUND)
    if _add_atomically(barrier, ARRIVED, 1) == n_threads - 1:
        _add_atomically(barrier, ARRIVED, -n_threads)
        _add_atomically(barrier, ROUND, 1)
        return
    spins = 0
    while _read_atomically(barrier, ROUND) == round_:
        spins += 1
        _pause()
        if spins > SPINS:
            _yield()


@part
def sum_of_threads(values, column):
    """The sum of a column to which each thread has written its row, always in the same order."""
    total = 0.0
    for thread in range(values.shape[0]):
        total += values[thread, column]
    return total


@part
def largest_of_threads(values, column):
    """The largest number of a column with a row of each thread; a NaN stays."""
    largest = 0.0
    for thread in range(values.shape[0]):
        number = values[thread, column]
        largest = number if number > largest or number != number else largest
    return largest


N, T = np.int64(ord("N")), np.int64(ord("T"))
"""Whether a factor is transposed. No Python ints: each of those would compile another kernel."""

START = np.int64(0)
"""The beginning of an array, likewise."""


@part
def product(blas, factor, shape, ta, A, tb, B, C):
    """C = factor · op(A) op(B) for parts (array, begin, ld) of flat arrays, row by row. Nothing is copied."""
    # Fortran's gemm reads column by column what lies here row by row, so that it sees each matrix transposed:
    # Cᵀ = op(B)ᵀ op(A)ᵀ, and the factors change places.
    rows, columns, inner = shape
    values_a, a, lda = A
    values_b, b, ldb = B
    values_c, c, ldc = C
    size = values_a.itemsize
    at_a, at_b = _address(values_a) + a * size, _address(values_b) + b * size
    at_c = _address(values_c) + c * size
    none = values_a.dtype.type(0)
    _gemm(blas, tb, ta, columns, rows, inner, factor, at_b, ldb, at_a, lda, none, at_c, ldc)
