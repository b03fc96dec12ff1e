"""The equations on tensors.

Importing this module replaces functions of `deepstep.equations.arrays`, which equations call as ``np``. The
new ones take arrays and tensors: PyTorch does the work where the first argument is a tensor, else NumPy does.
Where PyTorch has a faster or safer kernel for a whole equation, `KERNELS` names it.
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
from deepstep.equations.activations import SETTLED

EXAMPLES_AT_ONCE = 2**12
"""Examples whose products one call adds up, at most. A BLAS may add them one after another, and such a sum
of many more numbers in float32 loses digits.
"""


def _by_type(for_arrays: Callable[..., Any], for_tensors: Callable[..., Any]) -> Callable[..., Any]:
    """A function that calls one of the two, by the type of its first argument, or of the first in a list."""

    def function(values: Any, *arguments: Any, **options: Any) -> Any:
        first = next(iter(values), None) if isinstance(values, list) else values
        # `finfo` takes the dtype of a tensor in place of a tensor
        chosen = for_tensors if isinstance(first, Tensor | torch.dtype) else for_arrays
        return chosen(values, *arguments, **options)

    return function


def _errstate(**options: Any) -> AbstractContextManager[Any]:
    """NumPy's errstate, or nothing while PyTorch's compiler is at work, which cannot trace it.

    Nothing is lost by that: PyTorch does not warn of overflow.
    """
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
"""The functions of NumPy that equations call with tensors, as PyTorch has them."""

for _name, _function in ON_TENSORS.items():
    setattr(arrays, _name, _by_type(getattr(np, _name), _function))
arrays.errstate = _errstate  # type: ignore[misc, assignment]
arrays.ndarray = np.ndarray | Tensor  # type: ignore[misc, assignment]  # for isinstance


def _sigmoid(Z: Tensor) -> Tensor:
    """σ(Z), exact for very negative Z, too, where torch.sigmoid gives 0 in place of subnormal numbers."""
    # From -40 down σ(Z) is e^Z to the last bit. Above -40 the second argument is e^-40, which is below σ(Z).
    return torch.maximum(torch.sigmoid(Z), Z.clamp(max=-40).exp())


def _softplus_backward(dA: Tensor, Z: Tensor) -> Tensor:
    """dA ∘ σ(Z)."""
    # The kernel computes e^Z / (1 + e^Z), which keeps subnormal values. Above 40, its threshold, it gives dA:
    # σ(Z) is 1 there to the last bit, and e^Z may overflow. The 1 is its β, the steepness of softplus.
    return torch.ops.aten.softplus_backward(dA, Z, 1, 40)


def _silu_backward(dA: Tensor, Z: Tensor) -> Tensor:
    """dA ∘ σ(Z) ∘ (1 + Z ∘ σ(-Z)), where σ(-Z) = 1 / (1 + e^Z)."""
    near = Z.clamp(max=40)  # above 40 e^Z may overflow, and Z ∘ σ(-Z) is lost beside 1, even in float64
    mirrored = (near.exp() + 1).reciprocal()  # σ(-Z)
    return (near * mirrored + 1) * _softplus_backward(dA, Z)


def _normal_probability(Z: Tensor) -> Tensor:
    """Φ(Z) = erfc(-Z / √2) / 2, exact in both tails."""
    return (Z * -sqrt(0.5)).erfc() / 2


def _gelu_backward(dA: Tensor, Z: Tensor) -> Tensor:
    # Beyond ±40 the density is 0 to the last bit; without the limit an infinite Z would give ∞·0 = NaN.
    near = Z.clamp(-SETTLED, SETTLED)
    density = torch.exp(-near * near / 2) / sqrt(2 * torch.pi)
    return dA * (_normal_probability(Z) + near * density)


def _targets(Y: Any, smoothing: float) -> Any:
    """Y, smoothed where label smoothing is above 0."""
    return equations.smooth_labels(Y, smoothing, len(Y)) if smoothing else Y


def _softmax_cross_entropy(ZL: Tensor, Y: Tensor, *, smoothing: float = 0.0) -> Tensor:
    # A logarithm may be -∞, which times a target of 0 would be NaN: the lowest finite number replaces it.
    logarithms = torch.log_softmax(ZL, dim=0).clamp(min=torch.finfo(ZL.dtype).min)
    return -(logarithms * _targets(Y, smoothing)).sum(dim=0, keepdim=True)


def _softmax_cross_entropy_backward(ZL: Tensor, Y: Tensor, *, smoothing: float = 0.0) -> Tensor:
    return torch.softmax(ZL, dim=0) - _targets(Y, smoothing)


def _clip_by_norm(gradient: Tensor, *, most: float) -> Tensor:
    """`clip_by_norm` without an ``if`` that depends on the numbers: Python would wait for the GPU there."""
    largest = gradient.abs().max()
    has_norm = (largest > 0) & (largest < torch.inf)
    # Divided by the largest entry first, so that squares neither overflow nor vanish.
    scaled = gradient / torch.where(has_norm, largest, 1)
    limit = most / torch.linalg.vector_norm(scaled)  # the largest entry after clipping
    return torch.where(has_norm & (largest > limit), scaled * limit, gradient)


def _adam_update(
    theta: Tensor, gradient: Tensor, v: Tensor, s: Tensor, *, learning_rate: Any, t: int, **settings: Any
) -> tuple[Tensor, Tensor, Tensor]:
    """Adam by PyTorch's fused kernel, which does all of it in one pass, or by the equation.

    The kernel has ε outside the root only, and one learning rate for all parameters; not every device has it.
    """
    outside = settings.get("epsilon_at", "outside") == "outside"
    if not outside or isinstance(learning_rate, Tensor) or theta.device.type not in ("cpu", "cuda"):
        equation: Any = equations.adam_update
        return equation(theta, gradient, v, s, learning_rate=learning_rate, t=t, **settings)
    updated = theta.clone(), v.clone(), s.clone()  # the kernel writes in place
    torch._fused_adam_(
        [updated[0]],  # the parameters
        [gradient],
        [updated[1]],  # the average of the gradient
        [updated[2]],  # the average of its square
        [],  # the largest averages of its square, for amsgrad alone
        [torch.tensor(float(t), device=theta.device)],  # the number of the step
        # settings has only what differs from the equation's defaults, and the kernel has no defaults
        lr=learning_rate,
        beta1=settings.get("beta1", 0.9),
        beta2=settings.get("beta2", 0.999),
        weight_decay=0.0,
        eps=settings.get("epsilon", 1e-8),
        amsgrad=False,
        maximize=False,
    )
    return updated


def product_gradient(dZ: Tensor, A_prev: Tensor) -> Tensor:
    """dW of a product W·A_prev, with sums of `EXAMPLES_AT_ONCE` that are added up in float32 at least."""
    ignored = dZ.new_zeros(())  # addmm wants an addend; beta=0 drops it
    wide = torch.promote_types(dZ.dtype, torch.float32)
    pieces = zip(torch.split(dZ, EXAMPLES_AT_ONCE, 1), torch.split(A_prev, EXAMPLES_AT_ONCE, 1), strict=True)
    products = (torch.addmm(ignored, d, A.T, beta=0, alpha=1 / dZ.shape[1]) for d, A in pieces)
    return reduce(torch.add, (product.to(wide) for product in products))


KERNELS: dict[Callable[..., Any], Callable[..., Any]] = {
    equations.relu: torch.relu,
    equations.relu_backward: lambda dA, Z: torch.ops.aten.threshold_backward(dA, Z, 0),
    equations.sigmoid: _sigmoid,
    equations.silu: lambda Z: _softplus_backward(Z, Z),  # Z ∘ σ(Z): dA ∘ σ(Z) with Z for dA
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
"""Equations, and the functions that compute them on tensors by PyTorch's kernels; tests compare both."""


def on_tensors(function: Any) -> Any:
    """The function for tensors of an equation, or of a partial of one: that of `KERNELS`, or itself."""
    if isinstance(function, partial):
        return partial(on_tensors(function.func), *map(on_tensors, function.args), **function.keywords)
    return KERNELS.get(function, function) if callable(function) else function
