"""The equations on tensors: the functions of `deepstep.equations` themselves, with PyTorch in the place of NumPy.

A function is made again with the same code, in a copy of its module's names in which ``np`` is `TORCH_AS_NUMPY`. So
both engines have one definition of each equation. Where PyTorch has a faster kernel for a function, `FASTER` names it.
"""

import sys
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from math import sqrt
from types import CellType, FunctionType, SimpleNamespace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from deepstep import equations

PACKAGE = "deepstep.equations"


def on_tensors(function: Any) -> Any:
    """An equation on tensors, or a partial of one.

    Parameters
    ----------
    function : callable
        Of `deepstep.equations`; anything else is given back as it is.
    """
    if isinstance(function, partial):
        arguments = (on_tensors(argument) for argument in function.args)
        return partial(on_tensors(function.func), *arguments, **function.keywords)
    if not isinstance(function, FunctionType) or not function.__module__.startswith(PACKAGE):
        return function
    if function not in _made:
        _made[function] = FASTER.get(function) or _again(function)
    return _made[function]


_made: dict[FunctionType, Any] = {}
_modules: dict[str, dict[str, Any]] = {}


def _again(function: FunctionType) -> FunctionType:
    """The same code with the names of `_names`."""
    cells = function.__closure__
    cells = cells and tuple(CellType(on_tensors(cell.cell_contents)) for cell in cells)
    made = FunctionType(
        function.__code__, _names(function.__module__), function.__name__, function.__defaults__, cells
    )
    made.__kwdefaults__ = function.__kwdefaults__
    return made


def _names(module: str) -> dict[str, Any]:
    """The names of a module of equations, those of functions with their form on tensors."""
    if module not in _modules:
        own = vars(sys.modules[module])
        names = _modules[module] = dict(
            own
        )  # known before it is complete: modules name each other in circles
        names |= {name: on_tensors(value) for name, value in own.items()}
        names |= {"np": TORCH_AS_NUMPY, "float": _number, "int": _number, "sqrt": _root} | OTHERS.get(
            module, {}
        )
    return _modules[module]


def _number(value: Any) -> Any:
    """A number of Python; a tensor as it is: a recorded step reads it anew each time."""
    return value if isinstance(value, Tensor) else float(value)


def _root(value: Any) -> Any:
    return value.sqrt() if isinstance(value, Tensor) else sqrt(value)


class _TorchAsNumpy(SimpleNamespace):
    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"np.{name} has no form on tensors: {__name__}.TORCH_AS_NUMPY lacks it")


def _array(value: Any, dtype: Any = None) -> Tensor:
    found = value.clone() if isinstance(value, Tensor) else torch.tensor(value)
    return found if dtype is None else found.to(dtype)


def _asarray(value: Any, dtype: Any = None) -> Tensor:
    found = value if isinstance(value, Tensor) else torch.as_tensor(value)
    return found if dtype is None else found.to(dtype)


def _maximum(Z: Tensor, limit: Any) -> Tensor:
    return torch.maximum(Z, limit) if isinstance(limit, Tensor) else Z.clamp(min=limit)


def _minimum(Z: Tensor, limit: Any) -> Tensor:
    return torch.minimum(Z, limit) if isinstance(limit, Tensor) else Z.clamp(max=limit)


def _sum(values: Tensor, axis: int | None = None, keepdims: bool = False) -> Tensor:
    return values.sum() if axis is None else values.sum(dim=axis, keepdim=keepdims)


def _result_type(*values: Any) -> torch.dtype:
    """The widest dtype of the tensors and of those given beside them."""
    dtypes = (value.dtype if isinstance(value, Tensor) else value for value in values)
    return max(dtypes, key=lambda dtype: dtype.itemsize)


TORCH_AS_NUMPY = _TorchAsNumpy(
    ndarray=Tensor,
    newaxis=None,
    inf=torch.inf,
    float32=torch.float32,
    float64=torch.float64,
    finfo=torch.finfo,
    errstate=lambda **_: nullcontext(),
    result_type=_result_type,
    ndim=lambda value: getattr(value, "ndim", 0),
    shape=lambda value: getattr(value, "shape", ()),
    array=_array,
    asarray=_asarray,
    empty_like=torch.empty_like,
    zeros_like=torch.zeros_like,
    ones_like=torch.ones_like,
    abs=torch.abs,
    sign=torch.sign,
    exp=torch.exp,
    expm1=torch.expm1,
    log=torch.log,
    log1p=torch.log1p,
    sqrt=torch.sqrt,
    tanh=torch.tanh,
    hypot=torch.hypot,
    frexp=torch.frexp,
    ldexp=lambda values, exponent: values * torch.exp2(exponent.to(values.dtype)),
    maximum=_maximum,
    minimum=_minimum,
    clip=torch.clamp,
    where=torch.where,
    sum=_sum,
    mean=lambda values, axis, keepdims: values.mean(dim=axis, keepdim=keepdims),
    max=lambda values, axis, keepdims, initial=0: values.amax(dim=axis, keepdim=keepdims),
    vdot=lambda a, b: torch.dot(a.reshape(-1), b.reshape(-1)),
    cumsum=lambda values, axis: torch.cumsum(values, dim=axis),
    flip=lambda values, axis: torch.flip(values, (axis,)),
    concatenate=lambda parts, axis=0: torch.cat(parts, dim=axis),
    tile=lambda values, repeats: values.repeat(repeats),
    linalg=SimpleNamespace(
        norm=lambda values, axis, keepdims: torch.linalg.vector_norm(values, dim=axis, keepdim=keepdims)
    ),
)
"""What the equations ask of NumPy."""

OTHERS: dict[str, dict[str, Any]] = {
    f"{PACKAGE}.relu_variants": {"_normal_probability": lambda Z: torch.special.erfc(Z * -sqrt(0.5)).div_(2)}
}
"""What the equations have from SciPy, by module."""


def _relu_backward(dA: Tensor, Z: Tensor) -> Tensor:
    return torch.ops.aten.threshold_backward(dA, Z, 0)


def _sigmoid(Z: Tensor) -> Tensor:
    """With the subnormal values that torch.sigmoid gives as 0: below -40, 1 + e^Z is 1."""
    return torch.where(Z < -40, torch.exp(Z), torch.sigmoid(Z))


def _softmax_cross_entropy(ZL: Tensor, Y: Tensor, *, smoothing: float = 0.0) -> Tensor:
    shifted = (ZL - ZL.amax(dim=0, keepdim=True)).clamp(min=torch.finfo(ZL.dtype).min)
    T = on_tensors(equations.smooth_labels)(Y, smoothing, len(Y)) if smoothing else Y
    # log Σ e^shifted, as the largest is 0: this kernel is several times faster than exp where much is near 0
    log_sum = -torch.log_softmax(shifted, dim=0).amax(dim=0, keepdim=True)
    return log_sum - (T * shifted).sum(dim=0, keepdim=True)


def _clip_by_norm(gradient: Tensor, *, most: float) -> Tensor:
    """Without a branch, which a recorded step cannot have."""
    largest = gradient.abs().max()
    can = (largest > 0) & (largest < torch.inf)
    parts = gradient / torch.where(can, largest, 1)
    share = most / torch.linalg.vector_norm(parts)
    return torch.where(can & (largest > share), parts * share, gradient)


def _adam_update(theta: Tensor, gradient: Tensor, v: Tensor, s: Tensor, **numbers: Any) -> tuple[Tensor, ...]:
    """By one kernel for ε "outside", with numbers of Python, on a CPU."""
    alpha, t, epsilon_at = (numbers.get(name, "outside") for name in ("learning_rate", "t", "epsilon_at"))
    if epsilon_at != "outside" or isinstance(alpha, Tensor) or isinstance(t, Tensor) or not theta.is_cpu:
        return _adam(theta, gradient, v, s, **numbers)
    theta, v, s = theta.clone(), v.clone(), s.clone()
    torch._fused_adam_(
        [theta], [gradient], [v], [s], [], [torch.tensor(float(t))],
        lr=alpha, beta1=numbers.get("beta1", 0.9), beta2=numbers.get("beta2", 0.999), weight_decay=0.0,
        eps=numbers.get("epsilon", 1e-8), amsgrad=False, maximize=False,
    )  # fmt: skip
    return theta, v, s


FASTER: dict[Callable[..., Any], Callable[..., Any]] = {
    equations.identity: lambda Z: Z,
    equations.identity_backward: lambda dA, Z: dA,
    equations.relu: torch.relu,
    equations.relu_backward: _relu_backward,
    equations.tanh: torch.tanh,
    equations.sigmoid: _sigmoid,
    equations.softmax: lambda Z: torch.softmax(Z, dim=0),
    equations.softmax_cross_entropy: _softmax_cross_entropy,
    equations.clip_by_norm: _clip_by_norm,
    equations.adam_update: _adam_update,
}
"""Functions for which PyTorch has kernels of its own, equal to the equations by tests."""

_adam = _again(equations.adam_update)  # type: ignore[arg-type]
