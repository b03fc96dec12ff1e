"""The equations on tensors: the functions of `deepstep.equations` themselves, with PyTorch in the place of NumPy.

A function is made again in a copy of its module's names, in which ``np`` is `TorchAsNumpy`. So there is one definition
of each equation for both engines. Where PyTorch has a faster kernel for the same function, `FASTER` names it.
"""

import sys
from collections.abc import Callable
from contextlib import nullcontext
from functools import cache, partial
from math import sqrt
from types import FunctionType, SimpleNamespace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from deepstep import equations

PACKAGE = "deepstep.equations"
EXAMPLES_AT_ONCE = 2**16
"""Examples whose products are added up in one call: float32 loses digits in longer sums."""


def on_tensors(function: Any) -> Any:
    """An equation, or a partial of one, on tensors; what is no function of the equations is given back."""
    if isinstance(function, partial):
        arguments = (on_tensors(argument) if callable(argument) else argument for argument in function.args)
        return partial(on_tensors(function.func), *arguments, **function.keywords)
    function = getattr(function, "__wrapped__", function)
    if function in FASTER:
        return FASTER[function]
    if not isinstance(function, FunctionType) or not function.__module__.startswith(PACKAGE):
        return function
    return _again(function)


@cache
def _again(function: FunctionType) -> FunctionType:
    """The function, with its module's names as `_names` has them."""
    names = _names(function.__module__)
    made = FunctionType(
        function.__code__, names, function.__name__, function.__defaults__, _cells(function)
    )
    made.__kwdefaults__ = function.__kwdefaults__
    return made


def _cells(function: FunctionType) -> Any:
    return function.__closure__


@cache
def _names(module: str) -> dict[str, Any]:
    """The names of a module of equations, with those that work on arrays in their form for tensors."""
    own = vars(sys.modules[module])
    names = dict(own)
    for name, value in own.items():
        if isinstance(value, FunctionType) and value.__module__.startswith(PACKAGE):
            names[name] = _Later(value)
    return names | {"np": TorchAsNumpy, "float": _number, "int": _number, **OTHERS.get(module, {})}


class _Later:
    """A function that is made again when it is called: modules name each other in circles."""

    def __init__(self, function: FunctionType) -> None:
        self._function = function

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        return on_tensors(self._function)(*arguments, **keywords)


def _number(value: Any) -> Any:
    """A number of Python; a tensor as it is, which a recorded step reads anew each time."""
    return value if isinstance(value, Tensor) else float(value)


def _array(value: Any, dtype: Any = None) -> Any:
    found = value.clone() if isinstance(value, Tensor) else torch.tensor(value)
    return found if dtype is None else found.to(dtype)


def _asarray(value: Any, dtype: Any = None) -> Any:
    found = value if isinstance(value, Tensor) else torch.as_tensor(value)
    return found if dtype is None else found.to(dtype)


def _least(Z: Tensor, limit: Any) -> Tensor:
    return torch.maximum(Z, limit) if isinstance(limit, Tensor) else Z.clamp(min=limit)


def _most(Z: Tensor, limit: Any) -> Tensor:
    return torch.minimum(Z, limit) if isinstance(limit, Tensor) else Z.clamp(max=limit)


def _sum(values: Tensor, axis: int | None = None, keepdims: bool = False) -> Tensor:
    return values.sum() if axis is None else values.sum(dim=axis, keepdim=keepdims)


def _max(values: Tensor, axis: int, keepdims: bool = False, initial: float = 0) -> Tensor:
    return values.amax(dim=axis, keepdim=keepdims)


def _result_type(*values: Any) -> Any:
    """The dtype of the tensors; a dtype beside them is the least one."""
    tensors = [value.dtype for value in values if isinstance(value, Tensor)]
    return max((*tensors, *(v for v in values if isinstance(v, torch.dtype))), key=lambda dtype: dtype.itemsize)


TorchAsNumpy = SimpleNamespace(
    ndarray=Tensor,
    newaxis=None,
    inf=torch.inf,
    float32=torch.float32,
    float64=torch.float64,
    errstate=lambda **_: nullcontext(),
    finfo=torch.finfo,
    result_type=_result_type,
    ndim=lambda value: getattr(value, "ndim", 0),
    shape=lambda value: getattr(value, "shape", ()),
    array=_array,
    asarray=_asarray,
    abs=torch.abs,
    sign=torch.sign,
    exp=torch.exp,
    expm1=torch.expm1,
    log=torch.log,
    log1p=torch.log1p,
    sqrt=torch.sqrt,
    tanh=torch.tanh,
    hypot=lambda a, b: torch.hypot(a, torch.as_tensor(b, dtype=a.dtype, device=a.device)),
    frexp=torch.frexp,
    ldexp=torch.ldexp,
    maximum=_least,
    minimum=_most,
    clip=torch.clamp,
    where=torch.where,
    sum=_sum,
    mean=lambda values, axis, keepdims: values.mean(dim=axis, keepdim=keepdims),
    max=_max,
    cumsum=lambda values, axis: torch.cumsum(values, dim=axis),
    flip=lambda values, axis: torch.flip(values, (axis,)),
    concatenate=lambda parts, axis=0: torch.cat(parts, dim=axis),
    tile=lambda values, reps: values.repeat(reps),
    empty=lambda shape, dtype: torch.empty(shape, dtype=dtype),
    empty_like=torch.empty_like,
    zeros_like=torch.zeros_like,
    ones_like=torch.ones_like,
)
"""What the equations ask of NumPy, by PyTorch."""


def _normal_probability(Z: Tensor) -> Tensor:
    """Φ(Z), exact in both tails."""
    return torch.special.erfc(Z * -sqrt(0.5)) / 2


def _softmax_cross_entropy(ZL: Tensor, Y: Tensor, *, smoothing: float = 0.0) -> Tensor:
    shifted = (ZL - ZL.amax(dim=0, keepdim=True)).clamp(min=torch.finfo(ZL.dtype).min)
    T = (1 - smoothing) * Y + smoothing / len(Y) if smoothing else Y
    right = (T * shifted).sum(dim=0, keepdim=True)
    # log Σ e^shifted, as the largest is 0: this kernel is some times faster than exp where much is near 0
    return -torch.log_softmax(shifted, dim=0).amax(dim=0, keepdim=True) - right


def _relu_backward(dA: Tensor, Z: Tensor) -> Tensor:
    return torch.ops.aten.threshold_backward(dA, Z, 0)


FASTER: dict[Callable[..., Any], Callable[..., Any]] = {
    equations.identity: lambda Z: Z,
    equations.identity_backward: lambda dA, Z: dA,
    equations.relu: torch.relu,
    equations.relu_backward: _relu_backward,
    equations.tanh: torch.tanh,
    equations.sigmoid: torch.sigmoid,
    equations.softmax: lambda Z: torch.softmax(Z, dim=0),
    equations.softmax_cross_entropy: _softmax_cross_entropy,
}
"""Functions for which PyTorch has a kernel of its own, equal by the tests of engines."""

OTHERS: dict[str, dict[str, Any]] = {f"{PACKAGE}.relu_variants": {"_normal_probability": _normal_probability}}
"""Functions that are SciPy's in the equations, by module."""
