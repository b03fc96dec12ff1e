"""The equations on tensors: the functions of `deepstep.equations`, with PyTorch in the place of NumPy.

A function is made again with the same code, in a copy of its module's names in which ``np`` is
`TORCH_AS_NUMPY`. So every engine in Python has one definition of each equation. Where PyTorch has a faster
kernel for a function, `FASTER` names it.
"""

import sys
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from functools import cache, partial
from math import sqrt
from types import CellType, FunctionType, SimpleNamespace
from typing import Any

import torch
from torch import Tensor

from deepstep import equations

PACKAGE = "deepstep.equations"


def on_tensors(function: Any) -> Any:
    """A function of `deepstep.equations` on tensors, or a partial of one; anything else as it is."""
    if isinstance(function, partial):
        return partial(on_tensors(function.func), *map(on_tensors, function.args), **function.keywords)
    if not isinstance(function, FunctionType) or not function.__module__.startswith(PACKAGE):
        return function
    if function not in _made:
        _made[function] = FASTER.get(function) or _made_again(function)
    return _made[function]


_made: dict[FunctionType, Any] = {}
_modules: dict[str, dict[str, Any]] = {}


def _made_again(function: FunctionType) -> FunctionType:
    """The same code with the names of `_names`."""
    cells = function.__closure__
    cells = cells and tuple(CellType(on_tensors(cell.cell_contents)) for cell in cells)
    names = _names(function.__module__)
    made = FunctionType(function.__code__, names, function.__name__, function.__defaults__, cells)
    made.__kwdefaults__ = function.__kwdefaults__
    return made


def _names(module: str) -> dict[str, Any]:
    """The names of a module of equations, those of functions with their form on tensors."""
    if module not in _modules:
        own = vars(sys.modules[module])
        names = _modules[module] = dict(own)  # before it is complete: modules name each other in circles
        names |= {name: on_tensors(value) for name, value in own.items()}
        names |= {"np": TORCH_AS_NUMPY, "float": _number, "int": _number, "sqrt": _root}
        names |= OTHERS.get(module, {})
    return _modules[module]


def _number(value: Any) -> Any:
    """A tensor as it is: a recorded step reads it each time."""
    return value if isinstance(value, Tensor) else float(value)


def _root(value: Any) -> Any:
    return value.sqrt() if isinstance(value, Tensor) else sqrt(value)


def _maximum(values: Tensor, limit: Any) -> Tensor:
    return torch.maximum(values, limit) if isinstance(limit, Tensor) else values.clamp(min=limit)


def _minimum(values: Tensor, limit: Any) -> Tensor:
    return torch.minimum(values, limit) if isinstance(limit, Tensor) else values.clamp(max=limit)


def _sum(values: Tensor, axis: int | None = None, keepdims: bool = False) -> Tensor:
    return values.sum() if axis is None else values.sum(dim=axis, keepdim=keepdims)


def _result_type(*values: Any) -> torch.dtype:
    """The widest dtype of the tensors, and of those given beside them."""
    dtypes = (value.dtype if isinstance(value, Tensor) else value for value in values)
    return max(dtypes, key=lambda dtype: dtype.itemsize)


@cache
def _places(at: tuple[int, ...], device: torch.device) -> Tensor:
    """Made once: a recorded step cannot bring numbers from the host."""
    return torch.tensor(at, dtype=torch.int64, device=device)


def _take(values: Tensor, at: Iterable[int], axis: int) -> Tensor:
    return values.index_select(axis, _places(tuple(at), values.device))


class _TorchAsNumpy(SimpleNamespace):
    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"np.{name} has no form on tensors: {__name__}.TORCH_AS_NUMPY lacks it")


_THE_SAME = (
    "abs sign exp expm1 log log1p sqrt tanh sin cos hypot frexp where empty_like zeros_like ones_like "
    "finfo float32 float64 inf"
)
TORCH_AS_NUMPY = _TorchAsNumpy(
    **{name: getattr(torch, name) for name in _THE_SAME.split()},
    ndarray=Tensor,
    newaxis=None,
    size=torch.numel,
    take=_take,
    errstate=lambda **_: nullcontext(),
    result_type=_result_type,
    ndim=lambda value: getattr(value, "ndim", 0),
    shape=lambda value: getattr(value, "shape", ()),
    array=lambda value, dtype=None: torch.as_tensor(value, dtype=dtype).clone(),
    asarray=lambda value, dtype=None: torch.as_tensor(value, dtype=dtype),
    ldexp=lambda values, exponents: values * torch.exp2(exponents.to(values.dtype)),
    maximum=_maximum,
    minimum=_minimum,
    clip=torch.clamp,
    sum=_sum,
    mean=lambda values, axis, keepdims: values.mean(dim=axis, keepdim=keepdims),
    max=lambda values, axis=(), keepdims=False, initial=0: values.amax(dim=axis, keepdim=keepdims),
    vdot=lambda a, b: torch.dot(a.reshape(-1), b.reshape(-1)),
    cumsum=lambda values, axis: torch.cumsum(values, dim=axis),
    flip=lambda values, axis: torch.flip(values, (axis,)),
    concatenate=lambda parts, axis=0: torch.cat(parts, dim=axis),
    tile=lambda values, repeats: values.repeat(repeats),
)
"""The functions of NumPy that the equations use."""

OTHERS: dict[str, dict[str, Any]] = {
    f"{PACKAGE}.relu_variants": {"_normal_probability": lambda Z: (Z * -sqrt(0.5)).erfc_().div_(2)}
}
"""The functions of SciPy that the equations use, by module."""


def _sigmoid(Z: Tensor) -> Tensor:
    """With the subnormal values that torch.sigmoid gives as 0: from -40 down it is e^Z to the last bit."""
    return torch.maximum(torch.sigmoid(Z), Z.clamp(max=-40).exp_())


def _softplus_backward(dA: Tensor, Z: Tensor) -> Tensor:
    """dA ∘ σ(Z) by e^Z / (1 + e^Z), which keeps subnormal values; above 40 σ is 1 to the last bit."""
    found: Tensor = torch.ops.aten.softplus_backward(dA, Z, 1, 40)
    return found


def _silu_backward(dA: Tensor, Z: Tensor) -> Tensor:
    """σ(Z) and σ(-Z) from one e^Z."""
    E = Z.clamp(max=40).exp_()
    other = (E + 1).reciprocal_()
    return (Z * other).add_(1).mul_(E.mul_(other)).mul_(dA)


def _softmax_cross_entropy(ZL: Tensor, Y: Tensor, *, smoothing: float = 0.0) -> Tensor:
    T = on_tensors(equations.smooth_labels)(Y, smoothing, len(Y)) if smoothing else Y
    logarithms = torch.log_softmax(ZL, dim=0).clamp_(min=torch.finfo(ZL.dtype).min)
    return logarithms.mul_(T).sum(dim=0, keepdim=True).neg_()


def _clip_by_norm(gradient: Tensor, *, most: float) -> Tensor:
    """Without a branch, which a recorded step cannot have."""
    largest = gradient.abs().max()
    can = (largest > 0) & (largest < torch.inf)
    parts = gradient / torch.where(can, largest, 1)
    share = most / torch.linalg.vector_norm(parts)
    return torch.where(can & (largest > share), parts * share, gradient)


def _scale_shift_backward(dZ: Tensor, U_hat: Tensor, gamma: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    return gamma * dZ, (dZ * U_hat).mean(dim=1, keepdim=True), dZ.mean(dim=1, keepdim=True)


def _running_statistics(
    mean: Tensor,
    variance: Tensor,
    batch_mean: Tensor,
    batch_variance: Tensor,
    m: int,
    *,
    momentum: float = 0.1,
) -> tuple[Tensor, Tensor]:
    if m == 1:
        return mean, variance
    unbiased = batch_variance * (m / (m - 1))
    return torch.lerp(mean, batch_mean, momentum), torch.lerp(variance, unbiased, momentum)


FASTER: dict[Callable[..., Any], Callable[..., Any]] = {
    equations.identity: lambda Z: Z,
    equations.identity_backward: lambda dA, Z: dA,
    equations.relu: torch.relu,
    equations.relu_backward: lambda dA, Z: torch.ops.aten.threshold_backward(dA, Z, 0),
    equations.tanh: torch.tanh,
    equations.sigmoid: _sigmoid,
    equations.silu: lambda Z: _softplus_backward(Z, Z),
    equations.silu_backward: _silu_backward,
    equations.softplus_backward: _softplus_backward,
    equations.softmax: lambda Z: torch.softmax(Z, dim=0),
    equations.softmax_cross_entropy: _softmax_cross_entropy,
    equations.clip_by_norm: _clip_by_norm,
    equations.dropout_forward: torch.mul,
    equations.dropout_backward: torch.mul,
    equations.scale_shift_forward: lambda U_hat, gamma, b: torch.addcmul(b, gamma, U_hat),
    equations.scale_shift_backward: _scale_shift_backward,
    equations.running_statistics: _running_statistics,
}
"""Functions for which PyTorch has kernels of its own; tests hold them equal to the equations."""
