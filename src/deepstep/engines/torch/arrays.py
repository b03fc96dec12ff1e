"""The equations on tensors: what they call as ``np`` takes tensors, too, once this module is imported.

PyTorch does the work where the first argument is a tensor. Where it has a faster or safer kernel for a whole
equation, `KERNELS` names it.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import partial, reduce
from math import sqrt
from typing import Any

import numpy as np
import torch
from torch import Tensor

from deepstep import equations
from deepstep.equations import arrays
from deepstep.equations.relu_variants import SETTLED

EXAMPLES_AT_ONCE = 2**12
"""Examples whose products are added up in one call: a BLAS may add one after another, and of many in float32
lose digits.
"""


def _by_type(on_arrays: Callable[..., Any], on_tensors: Callable[..., Any]) -> Callable[..., Any]:
    """The one or the other function, by the first argument, or the first of a list."""

    def function(values: Any, *arguments: Any, **options: Any) -> Any:
        first = next(iter(values), None) if isinstance(values, list) else values
        chosen = on_tensors if isinstance(first, Tensor | torch.dtype) else on_arrays
        return chosen(values, *arguments, **options)

    return function


def _errstate(**options: Any) -> AbstractContextManager[Any]:
    """PyTorch warns of no overflow, and its compiler cannot trace NumPy's."""
    return nullcontext() if torch.compiler.is_compiling() else np.errstate(**options)


def _array(values: Tensor, dtype: torch.dtype | None = None) -> Tensor:
    return _asarray(values, dtype).clone()


def _asarray(values: Tensor, dtype: torch.dtype | None = None) -> Tensor:
    return values if dtype is None else values.to(dtype)


def _result_type(values: Tensor, dtype: Any) -> torch.dtype:
    return torch.promote_types(values.dtype, getattr(torch, np.dtype(dtype).name))


def _take(values: Tensor, indices: Any, axis: int) -> Tensor:
    return values.index_select(axis, torch.tensor(indices, device=values.device))


_OF_THE_SAME_NAME = (
    "abs sign exp expm1 log log1p sqrt tanh sin cos hypot frexp where empty_like zeros_like ones_like finfo "
    "clip sum mean cumsum"
)

ON_TENSORS: dict[str, Callable[..., Any]] = {
    **{name: getattr(torch, name) for name in _OF_THE_SAME_NAME.split()},
    "array": _array,
    "asarray": _asarray,
    "concatenate": torch.cat,
    "flip": lambda values, axis: torch.flip(values, (axis,)),
    "ldexp": lambda values, exponents: values * torch.exp2(exponents.to(values.dtype)),
    "max": torch.amax,
    "maximum": lambda values, limit: torch.clamp(values, min=limit),
    "minimum": lambda values, limit: torch.clamp(values, max=limit),
    "result_type": _result_type,
    "size": torch.numel,
    "take": _take,
    "tile": lambda values, repeats: values.repeat(repeats),
    "vdot": lambda a, b: torch.dot(a.reshape(-1), b.reshape(-1)),
}
"""PyTorch's forms of the functions of NumPy that equations use."""

for _name, _function in ON_TENSORS.items():
    setattr(arrays, _name, _by_type(getattr(np, _name), _function))
arrays.errstate = _errstate  # type: ignore[misc, assignment]
arrays.ndarray = np.ndarray | Tensor  # type: ignore[misc, assignment]  # for isinstance


def _sigmoid(Z: Tensor) -> Tensor:
    """With the subnormal values that torch.sigmoid gives as 0: from -40 down it is e^Z to the last bit."""
    return torch.maximum(torch.sigmoid(Z), Z.clamp(max=-40).exp())


def _softplus_backward(dA: Tensor, Z: Tensor) -> Tensor:
    """dA ∘ σ(Z) by e^Z / (1 + e^Z), which keeps subnormal values; above 40 σ is 1 to the last bit."""
    dZ: Tensor = torch.ops.aten.softplus_backward(dA, Z, 1, 40)
    return dZ


def _silu_backward(dA: Tensor, Z: Tensor) -> Tensor:
    """σ(Z) and σ(-Z) from one e^Z."""
    E = Z.clamp(max=40).exp()
    below = (E + 1).reciprocal()
    return (Z * below + 1) * (E * below) * dA


def _normal_probability(Z: Tensor) -> Tensor:
    """Φ(Z), exact in both tails."""
    return (Z * -sqrt(0.5)).erfc() / 2


def _gelu_backward(dA: Tensor, Z: Tensor) -> Tensor:
    near = Z.clamp(-SETTLED, SETTLED)
    density = torch.exp(-near * near / 2) / sqrt(2 * torch.pi)
    return dA * (_normal_probability(Z) + near * density)


def _targets(Y: Any, smoothing: float) -> Any:
    return equations.smooth_labels(Y, smoothing, len(Y)) if smoothing else Y


def _softmax_cross_entropy(ZL: Tensor, Y: Tensor, *, smoothing: float = 0.0) -> Tensor:
    logarithms = torch.log_softmax(ZL, dim=0).clamp(min=torch.finfo(ZL.dtype).min)
    loss: Tensor = -(logarithms * _targets(Y, smoothing)).sum(dim=0, keepdim=True)
    return loss


def _softmax_cross_entropy_backward(ZL: Tensor, Y: Tensor, *, smoothing: float = 0.0) -> Tensor:
    dZL: Tensor = torch.softmax(ZL, dim=0) - _targets(Y, smoothing)
    return dZL


def _clip_by_norm(gradient: Tensor, *, most: float) -> Tensor:
    """Without a question to the device."""
    largest = gradient.abs().max()
    can = (largest > 0) & (largest < torch.inf)
    parts = gradient / torch.where(can, largest, 1)
    share = most / torch.linalg.vector_norm(parts)
    return torch.where(can & (largest > share), parts * share, gradient)


def _adam_update(
    theta: Tensor, gradient: Tensor, v: Tensor, s: Tensor, *, learning_rate: Any, t: int, **settings: Any
) -> tuple[Tensor, Tensor, Tensor]:
    """PyTorch's one kernel, on copies, where it has the rule: ε stands outside, the rate is a number."""
    outside = settings.get("epsilon_at", "outside") == "outside"
    if not outside or isinstance(learning_rate, Tensor) or theta.device.type not in ("cpu", "cuda"):
        update: Any = equations.adam_update
        moved: tuple[Tensor, Tensor, Tensor]
        moved = update(theta, gradient, v, s, learning_rate=learning_rate, t=t, **settings)
        return moved
    after = theta.clone(), v.clone(), s.clone()
    torch._fused_adam_(
        [after[0]],
        [gradient],
        [after[1]],
        [after[2]],
        [],
        [torch.tensor(float(t), device=theta.device)],
        lr=learning_rate,
        beta1=settings.get("beta1", 0.9),
        beta2=settings.get("beta2", 0.999),
        weight_decay=0.0,
        eps=settings.get("epsilon", 1e-8),
        amsgrad=False,
        maximize=False,
    )
    return after


def product_gradient(dZ: Tensor, A_prev: Tensor) -> Tensor:
    """dW of a product, added up in float32 at least."""
    nothing, wide = dZ.new_zeros(()), torch.promote_types(dZ.dtype, torch.float32)
    pieces = zip(torch.split(dZ, EXAMPLES_AT_ONCE, 1), torch.split(A_prev, EXAMPLES_AT_ONCE, 1), strict=True)
    products = (torch.addmm(nothing, d, A.T, beta=0, alpha=1 / dZ.shape[1]) for d, A in pieces)
    return reduce(torch.add, (product.to(wide) for product in products))


KERNELS: dict[Callable[..., Any], Callable[..., Any]] = {
    equations.relu: torch.relu,
    equations.relu_backward: lambda dA, Z: torch.ops.aten.threshold_backward(dA, Z, 0),
    equations.sigmoid: _sigmoid,
    equations.silu: lambda Z: _softplus_backward(Z, Z),
    equations.silu_backward: _silu_backward,
    equations.softplus_backward: _softplus_backward,
    equations.gelu: lambda Z: Z * _normal_probability(Z),
    equations.gelu_backward: _gelu_backward,
    equations.softmax: lambda Z: torch.softmax(Z, dim=0),
    equations.softmax_cross_entropy: _softmax_cross_entropy,
    equations.softmax_cross_entropy_backward: _softmax_cross_entropy_backward,
    equations.clip_by_norm: _clip_by_norm,
    equations.adam_update: _adam_update,
}
"""PyTorch's own kernels; tests hold them equal to the equations."""


def on_tensors(function: Any) -> Any:
    """PyTorch's kernel of an equation, or of a partial of one; else the function itself."""
    if isinstance(function, partial):
        return partial(on_tensors(function.func), *map(on_tensors, function.args), **function.keywords)
    return KERNELS.get(function, function) if callable(function) else function
