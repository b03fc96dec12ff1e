"""What Numba does not offer by itself: bits of floats, BLAS on parts of arrays, threads that wait for each
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

from deepstep.engines.compiled.jit import part


@intrinsic
def float_of_bits(typingcontext: Any, bits: Any) -> Any:
    """The float32 or float64 that has the bits of an int32 or int64."""
    found = {types.int32: types.float32, types.int64: types.float64}[bits]

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.bitcast(args[0], context.get_value_type(found))

    return found(bits), codegen


@intrinsic
def high_product(typingcontext: Any, a: Any, b: Any) -> Any:
    """The upper 64 bits of the product of two uint64."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        wide = ir.IntType(128)
        product = builder.mul(builder.zext(args[0], wide), builder.zext(args[1], wide))
        return builder.trunc(builder.lshr(product, ir.Constant(wide, 64)), ir.IntType(64))

    return types.uint64(types.uint64, types.uint64), codegen


@intrinsic
def _address(typingcontext: Any, array: Any) -> Any:
    """Where the first number of an array lies."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, args[0]).data
        return builder.ptrtoint(data, ir.IntType(64))

    return types.int64(array), codegen


@intrinsic
def run(typingcontext: Any, array: Any, begin: Any, count: Any) -> Any:
    """So many entries of a flat array from one on, as an array: nothing is checked or counted.

    Loops over it go from 0, and the compiler can tell that no index is negative: only such loops become
    vector instructions.
    """
    found = types.Array(array.dtype, 1, "C")

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, args[0]).data
        size = context.get_constant(types.intp, context.get_abi_sizeof(context.get_data_type(array.dtype)))
        view = context.make_array(found)(context, builder)
        populate_array(
            view,
            data=builder.gep(data, [args[1]]),
            shape=(args[2],),
            strides=(size,),
            itemsize=size,
            meminfo=None,
        )
        return view._getvalue()

    return found(array, types.int64, types.int64), codegen


@intrinsic
def _gemm(
    typingcontext: Any,
    at: Any,
    ta: Any,
    tb: Any,
    m: Any,
    n: Any,
    k: Any,
    alpha: Any,
    a: Any,
    lda: Any,
    b: Any,
    ldb: Any,
    beta: Any,
    c: Any,
    ldc: Any,
) -> Any:
    """Call Fortran's gemm (column by column) that lies at an address; arguments are addresses and numbers."""
    whole = types.int64
    signature = types.void(
        whole, whole, whole, whole, whole, whole, alpha, whole, whole, whole, whole, alpha, whole, whole
    )

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        number = context.get_value_type(signature.args[6])
        short, letter = ir.IntType(32), ir.IntType(8)

        def held(value: Any, kind: Any) -> Any:
            return cgutils.alloca_once_value(
                builder, value if value.type == kind else builder.trunc(value, kind)
            )

        def pointer(value: Any) -> Any:
            return builder.inttoptr(value, number.as_pointer())

        at, ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc = args
        passed = [
            held(ta, letter),
            held(tb, letter),
            held(m, short),
            held(n, short),
            held(k, short),
            held(alpha, number),
            pointer(a),
            held(lda, short),
            pointer(b),
            held(ldb, short),
            held(beta, number),
            pointer(c),
            held(ldc, short),
        ]
        kind = ir.FunctionType(ir.VoidType(), [value.type for value in passed])
        builder.call(builder.inttoptr(at, kind.as_pointer()), passed)
        return context.get_dummy_value()

    return signature, codegen


@intrinsic
def _add_atomically(typingcontext: Any, array: Any, index: Any, value: Any) -> Any:
    """array[index] += value for all threads at once; gives what was there before."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, args[0]).data
        return builder.atomic_rmw("add", builder.gep(data, [args[1]]), args[2], "seq_cst")

    return types.int64(array, types.int64, types.int64), codegen


@intrinsic
def _read_atomically(typingcontext: Any, array: Any, index: Any) -> Any:
    """array[index] as the other threads left it."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
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
def _pause(typingcontext: Any) -> Any:
    """Leave the core to the other thread that may run on it, for a moment; does nothing but on x86-64."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        if ON_X86:
            kind = ir.FunctionType(ir.VoidType(), [])
            builder.call(cgutils.get_or_insert_function(builder.module, kind, "llvm.x86.sse2.pause"), [])
        return context.get_dummy_value()

    return types.void(), codegen


@intrinsic
def _control_word(typingcontext: Any) -> Any:
    """How this thread's vector arithmetic rounds and what it does with denormal numbers; 0 but on x86-64."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        word = cgutils.alloca_once_value(builder, ir.Constant(ir.IntType(32), 0))
        if ON_X86:
            _call_with_address(builder, "llvm.x86.sse.stmxcsr", word)
        return builder.load(word)

    return types.uint32(), codegen


@intrinsic
def _set_control_word(typingcontext: Any, word: Any) -> Any:
    """Set it."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        if ON_X86:
            word = cgutils.alloca_once_value(builder, args[0])
            _call_with_address(builder, "llvm.x86.sse.ldmxcsr", word)
        return context.get_dummy_value()

    return types.void(types.uint32), codegen


def _call_with_address(builder: Any, name: str, place: Any) -> None:
    letters = ir.IntType(8).as_pointer()
    function = cgutils.get_or_insert_function(builder.module, ir.FunctionType(ir.VoidType(), [letters]), name)
    builder.call(function, [builder.bitcast(place, letters)])


DENORMALS_ARE_ZERO = 0x8040
"""Bits of the control word: denormal operands count as 0, and so do denormal results."""


@part
def without_denormals(wanted: bool = True) -> int:
    """Take numbers too small for a normal float (1.2e-38, 2.2e-308) for 0 in this thread from now on: a
    processor takes some hundred cycles for each, and a network that has learned its examples by heart has
    little else in its gradients. Nothing changes where ``wanted`` is false. Gives what `as_before` wants.
    """
    word = _control_word()
    if wanted:
        _set_control_word(np.uint32(word | DENORMALS_ARE_ZERO))
    return word


@part
def as_before(word: int) -> None:
    """Let this thread's arithmetic be as it was."""
    _set_control_word(np.uint32(word))


BARRIER_SIZE, ARRIVED, ROUND, GIVEN_UP = 24, 0, 8, 16
"""A barrier is so many int64; its entries lie in cache lines of their own."""


@part
def assemble(barrier: Any, n_threads: int) -> bool:
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
def wait_for_all(barrier: Any, n_threads: int) -> None:
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


N, T = np.int64(ord("N")), np.int64(ord("T"))
"""Whether a factor is taken as it is or turned. No Python ints: for each of these a kernel is compiled
anew.
"""

START = np.int64(0)
"""The beginning of an array, likewise."""


@part
def product(blas: int, factor: Any, shape: Any, ta: int, A: Any, tb: int, B: Any, C: Any) -> None:
    """C = factor · op(A) op(B) for parts of flat arrays, row by row. Nothing is copied.

    Parameters
    ----------
    blas : int
        `blas_address`.
    factor : number
    shape : (rows, columns, inner)
    ta, tb : int
        `N` or `T`.
    A, B, C : (array, begin, ld)
        A part begins at an entry, and ld entries lie from one row to the next.
    """
    rows, columns, inner = shape
    values_a, a, lda = A
    values_b, b, ldb = B
    values_c, c, ldc = C
    size = values_a.itemsize
    at_a, at_b, at_c = (
        _address(values_a) + a * size,
        _address(values_b) + b * size,
        _address(values_c) + c * size,
    )
    none = values_a.dtype.type(0)
    _gemm(blas, tb, ta, columns, rows, inner, factor, at_b, ldb, at_a, lda, none, at_c, ldc)
